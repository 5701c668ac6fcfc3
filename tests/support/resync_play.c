/*
 * resync_play.c - a stream with false record headers, into a simulation whose
 * NIC loses its place, and every number that it finds again checked.
 *
 * Called by test_resync_truth.c.  The ciphertext is chosen by its plaintext
 * (tls_image_plant), so that the headers stand in valid records.  After each
 * event the context is compared with the sender (nic_truth.h), at the end the
 * plaintext.
 *
 * Left out: marks and places that are expected, which are the test's.
 */
#include "tests/support/resync_play.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/tls_image.h"
#include "tests/support/tls_seal.h"

#define PS_PER_US UINT64_C(1000000)

struct resync_play resync_play;

static struct sim_sender sender;
static struct tls_image image;
static struct ktls_key key;
static uint8_t data[RESYNC_RECORDS * RESYNC_RECORD]; /* that was read */
static size_t data_len;

static void
take_data(void *arg, uint32_t flow, enum ktlsim_direction direction,
	  const uint8_t *bytes, size_t len)
{
	(void)arg;
	(void)flow;
	(void)direction;
	ck_assert_uint_le(len, sizeof(data) - data_len);
	memcpy(data + data_len, bytes, len);
	data_len += len;
}

struct resync_variant
resync_variant_make(const struct resync_scenario *s, const char *resync,
		    uint32_t base)
{
	static const uint64_t first_recs[] = {
	    0,
	    UINT64_MAX - RESYNC_RECORDS, /* the last number is not reached */
	    UINT32_MAX - 4,
	};

	return (struct resync_variant){
	    .resync = resync,
	    .tls13 = base % 9 < 6 && !s->tls12_only,
	    .real = base % 4 < 3 || s->damaged > 0,
	    .first_seq = base == 0 ? 1 : 0 - (450 * (base - 1) + base % 3),
	    .first_rec = s->first_rec > 0 ? s->first_rec : first_recs[base % 3],
	};
}

static void
plant_all(const struct resync_scenario *s, uint32_t record)
{
	for (const struct resync_plant *p = s->plant; p->next > 0; p++) {
		const uint32_t length = p->next - p->offset - TLS_HEADER_BYTES;
		const uint8_t header[] = {p->type, 3, 3, (uint8_t)(length >> 8),
					  (uint8_t)length};

		if (p->offset / RESYNC_RECORD == record)
			tls_image_plant(&image, p->offset % RESYNC_RECORD,
					header, sizeof(header));
	}
}

static void
make_stream(const struct resync_scenario *s, const struct resync_variant *v)
{
	tls_seal_key(&key, v->tls13 ? TLS_1_3 : TLS_1_2, TLS_CIPHER_AES_GCM, 16,
		     7);
	key.rec_seq = v->first_rec;
	tls_image_init(&image, &key, v->first_rec, 1);
	nic_truth_init(&resync_play.truth, v->first_seq, v->first_rec);
	for (uint32_t r = 0; r < RESYNC_RECORDS; r++) {
		tls_image_add(&image, RESYNC_RECORD);
		plant_all(s, r);
		nic_truth_record(&resync_play.truth, RESYNC_RECORD);
	}
	if (s->damaged > 0)
		image.wire[image.start[s->damaged + 1] - 1] ^= 1;
}

static void
add_flow(const struct resync_variant *v)
{
	struct ktlsim_error error = {0};
	struct ktlsim_flow flow;

	sim_sender_init(&sender, &resync_play.driver, SIM_PORT_0);
	sender.first_seq = v->first_seq;
	flow = sim_sender_flow(&sender);
	flow.tls_version = v->tls13 ? 0x0304 : 0x0303;
	flow.cipher_suite = v->tls13 ? 0x1301 : 0xc02f;
	flow.key = key.key;
	flow.iv = key.iv;
	flow.rec_seq = v->first_rec;
	ck_assert_msg(ktlsim_add_flow(sender.driver->sim, &flow, &error) == 0,
		      "%s", error.text);
	sim_sender_bytes(&sender, image.wire, RESYNC_RECORDS * RESYNC_RECORD);
}

static void
open_sim(const struct resync_scenario *s, const struct resync_variant *v)
{
	const struct sim_key keys[] = {
	    {"nic.tls", "on"},
	    {"nic.profile", "ideal"},
	    {"host.cpus", "1"},
	    {"crypto.mode", v->real ? "real" : "model"},
	    {"nic.resync", v->resync},
	    {"nic.tls_matcher", s->matcher != NULL ? s->matcher : "strict"},
	    s->extra,
	    {NULL, NULL}};

	data_len = 0;
	sim_driver_create(&resync_play.driver, keys);
	ktlsim_on_data(resync_play.driver.sim, take_data, NULL);
	add_flow(v);
}

static void
send_all(const struct resync_send *send, uint32_t late_us)
{
	for (; send->len > 0; send++)
		sim_send(&sender, (late_us + send->time_us) * PS_PER_US,
			 send->offset, send->len);
}

static void
run_to_end(void)
{
	struct ktlsim *sim = resync_play.driver.sim;
	uint64_t next;

	while ((next = ktlsim_next_time(sim)) != KTLSIM_NEVER) {
		sim_driver_run_until(&resync_play.driver, next);
		if (!nic_truth_look(&resync_play.truth, sim, 0))
			ck_abort_msg("%s: %s", resync_play.name,
				     resync_play.truth.text);
	}
	sim_driver_finish(&resync_play.driver);
}

static void
check_record(uint32_t record, uint32_t at, uint32_t len)
{
	const uint8_t *plain = image.plain + image.start[record];

	if (len > data_len - at ||
	    memcmp(data + at, plain + tls_image_hlen(&image), len) != 0)
		ck_abort_msg("%s: bytes of record %" PRIu32, resync_play.name,
			     record);
}

/* Everything was delivered, and the NIC found no wrong tag but one of ours. */
static void
check_plaintext(const struct resync_scenario *s, const struct resync_variant *v)
{
	const uint32_t text =
	    RESYNC_RECORD - tls_image_hlen(&image) - TLS_TAG_BYTES - v->tls13;
	const bool damaged = s->damaged > 0;
	uint32_t at = 0;

	ck_assert_uint_eq(resync_play.driver.records, RESYNC_RECORDS - damaged);
	if (!damaged)
		ck_assert_uint_eq(
		    sim_driver_counter(&resync_play.driver, "ctx_tag_failures"),
		    0);
	for (uint32_t r = 0; r < RESYNC_RECORDS && v->real; r++) {
		if (damaged && r == s->damaged)
			continue;
		check_record(r, at, text);
		at += text;
	}
	ck_assert_uint_eq(data_len, at);
}

void
resync_play_run(const struct resync_scenario *s, const struct resync_variant *v,
		uint32_t late_us)
{
	snprintf(resync_play.name, sizeof(resync_play.name),
		 "%s, %s, late at %" PRIu32 ", TLS %s, %s, bytes from %#" PRIx32
		 ", records from %#" PRIx64,
		 s->name, v->resync, late_us, v->tls13 ? "1.3" : "1.2",
		 v->real ? "real" : "model", v->first_seq, v->first_rec);
	make_stream(s, v);
	open_sim(s, v);
	send_all(s->send, 0);
	send_all(s->late, late_us);
	run_to_end();
	check_plaintext(s, v);
}

void
resync_play_fini(void)
{
	if (resync_play.driver.sim != NULL)
		sim_driver_destroy(&resync_play.driver);
}
