/*
 * sim_driver.c - a simulation under test: keys, senders, records out.
 *
 * Uses the public interface of the library, as any program would, apart from
 * sim_driver_host, which reads the results as the report does.
 *
 * What runs once per segment asks before it asserts: Check writes a message for
 * every assertion, also for those that hold.
 *
 * Left out: keys and real bytes (tls_seal.c makes those), handshakes
 * (tls_talk.c).
 */
#include "tests/support/sim_driver.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mbuf.h"
#include "sim/ktlsim_internal.h"
#include "sim/results.h"

enum { LINK_ETHERNET = 1, CIPHER_SUITE = 0x1301 };

static void
keep_record(void *arg, const struct ktlsim_record *record)
{
	struct sim_driver *driver = arg;

	if (driver->records == driver->slots) {
		driver->slots = driver->slots == 0 ? 64 : driver->slots * 2;
		driver->record = realloc(
		    driver->record, driver->slots * sizeof(*driver->record));
		ck_assert_ptr_nonnull(driver->record);
	}
	driver->record[driver->records++] = *record;
}

static void
set_keys(struct ktlsim_config *config, const struct sim_key *keys)
{
	struct ktlsim_error error = {0};

	for (; keys != NULL && keys->key != NULL; keys++)
		ck_assert_msg(ktlsim_config_set(config, keys->key, keys->value,
						&error) == 0,
			      "%s", error.text);
}

void
sim_driver_create(struct sim_driver *driver, const struct sim_key *keys)
{
	static const struct sim_key plain[] = {
	    {"cost.profile", "unit"},
	    {"crypto.mode", "model"},
	    {"replay.receiver", "server"},
	    {"link.rate", "0"},
	    {"nic.moderation", "off"},
	    {"report.app_sha256", "off"},
	    {NULL, NULL},
	};
	struct ktlsim_config *config = ktlsim_config_create();
	struct ktlsim_error error = {0};

	memset(driver, 0, sizeof(*driver));
	ck_assert_ptr_nonnull(config);
	set_keys(config, plain);
	set_keys(config, keys);
	ck_assert_msg(ktlsim_create(&driver->sim, config, &error) == 0, "%s",
		      error.text);
	ktlsim_config_destroy(config);
	ktlsim_on_deliver(driver->sim, keep_record, driver);
}

void
sim_driver_destroy(struct sim_driver *driver)
{
	ktlsim_destroy(driver->sim);
	free(driver->record);
	memset(driver, 0, sizeof(*driver));
}

void
sim_driver_run_until(struct sim_driver *driver, uint64_t time_ps)
{
	int code = ktlsim_run_until(driver->sim, time_ps);

	if (code != 0)
		ck_abort_msg("ktlsim_run_until: %s", strerror(code));
}

void
sim_driver_finish(struct sim_driver *driver)
{
	struct ktlsim_error error = {0};

	sim_driver_run_until(driver, KTLSIM_NEVER);
	ck_assert_msg(ktlsim_finish(driver->sim, &error) == 0, "%s",
		      error.text);
}

const struct results_host *
sim_driver_host(struct sim_driver *driver, unsigned index)
{
	const struct results *results = ktlsim_results(driver->sim);

	ck_assert_ptr_nonnull(results);
	ck_assert_uint_lt(index, results->host_count);
	return &results->hosts[index];
}

static int
compare_records(const void *left, const void *right)
{
	const struct ktlsim_record *a = left, *b = right;

	if (a->flow != b->flow)
		return a->flow < b->flow ? -1 : 1;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return 0;
}

void
sim_driver_sort(struct sim_driver *driver)
{
	qsort(driver->record, driver->records, sizeof(*driver->record),
	      compare_records);
}

void
sim_driver_expect(const struct sim_driver *driver, const char *field,
		  size_t offset, const uint64_t *values, size_t count)
{
	ck_assert_msg(driver->records == count, "%s: %zu records, not %zu",
		      field, driver->records, count);
	for (size_t i = 0; i < count; i++) {
		uint64_t found;

		memcpy(&found, (const char *)&driver->record[i] + offset,
		       sizeof(found));
		ck_assert_msg(found == values[i],
			      "record %zu: %s is %" PRIu64 ", not %" PRIu64, i,
			      field, found, values[i]);
	}
}

uint64_t
sim_driver_counter(struct sim_driver *driver, const char *name)
{
	const struct results_host *host = sim_driver_host(driver, 0);

	for (size_t i = 0; i < host->counter_count; i++)
		if (strcmp(host->counters[i].name, name) == 0)
			return host->counters[i].value;
	ck_abort_msg("there is no counter %s", name);
	return 0;
}

void
sim_sender_init(struct sim_sender *sender, struct sim_driver *driver,
		uint16_t port)
{
	sender->driver = driver;
	sender->first_seq = 1;
	sender->written = 0;
	packet_init(&sender->packet);
	sender->packet.sport = port;
}

struct ktlsim_flow
sim_sender_flow(const struct sim_sender *sender)
{
	static char client[32];

	snprintf(client, sizeof(client), "10.0.0.1:%" PRIu16,
		 sender->packet.sport);
	return (struct ktlsim_flow){
	    .size = sizeof(struct ktlsim_flow),
	    .client = client,
	    .server = "10.0.0.2:443",
	    .direction = KTLSIM_CLIENT_TO_SERVER,
	    .tls_version = 0x0304,
	    .cipher_suite = CIPHER_SUITE,
	    .tcp_seq = sender->first_seq,
	};
}

void
sim_sender_open(struct sim_sender *sender, struct sim_driver *driver,
		uint16_t port)
{
	struct ktlsim_error error = {0};
	struct ktlsim_flow flow;

	sim_sender_init(sender, driver, port);
	flow = sim_sender_flow(sender);
	ck_assert_msg(ktlsim_add_flow(driver->sim, &flow, &error) == 0, "%s",
		      error.text);
}

uint32_t
sim_sender_record(struct sim_sender *sender, uint32_t wire_bytes)
{
	uint32_t offset = sender->written, length = wire_bytes - 5;
	uint8_t *header = sender->stream + offset;

	ck_assert_uint_le(offset + wire_bytes, SIM_STREAM_BYTES);
	memset(header, 0, wire_bytes);
	header[0] = 23; /* application_data */
	header[1] = 3;
	header[2] = 3;
	header[3] = (uint8_t)(length >> 8);
	header[4] = (uint8_t)length;
	sender->written += wire_bytes;
	return offset;
}

uint32_t
sim_sender_bytes(struct sim_sender *sender, const void *bytes, size_t len)
{
	uint32_t offset = sender->written;

	ck_assert_uint_le(offset + len, SIM_STREAM_BYTES);
	memcpy(sender->stream + offset, bytes, len);
	sender->written += (uint32_t)len;
	return offset;
}

static void
send_packet(struct sim_sender *sender, uint64_t time_ps)
{
	static uint8_t bytes[PACKET_BYTES_MAX];
	uint32_t len =
	    (uint32_t)packet_build(&sender->packet, bytes, sizeof(bytes));
	const struct ktlsim_frame frame = {
	    .size = sizeof(frame),
	    .time_ps = time_ps,
	    .data = bytes,
	    .captured_len = len,
	    .wire_len = len,
	    .link_type = LINK_ETHERNET,
	};
	struct ktlsim_error error = {0};

	if (ktlsim_inject(sender->driver->sim, &frame, &error) != 0)
		ck_abort_msg("%s", error.text);
}

void
sim_send(struct sim_sender *sender, uint64_t time_ps, uint32_t offset,
	 uint32_t len)
{
	struct packet *packet = &sender->packet;

	if (offset + len > sender->written)
		ck_abort_msg("bytes that were not written");
	packet->th_seq = sender->first_seq + offset;
	packet->th_flags = TH_ACK;
	packet->payload = sender->stream + offset;
	packet->payload_len = len;
	send_packet(sender, time_ps);
}

void
sim_send_record(struct sim_sender *sender, uint64_t time_ps,
		uint32_t wire_bytes)
{
	uint32_t offset = sim_sender_record(sender, wire_bytes);

	sim_send(sender, time_ps, offset, wire_bytes);
}

void
sim_send_flags(struct sim_sender *sender, uint64_t time_ps, uint8_t flags)
{
	struct packet *packet = &sender->packet;

	packet->th_seq = sender->first_seq + sender->written;
	packet->th_flags = flags;
	packet->payload = NULL;
	packet->payload_len = 0;
	send_packet(sender, time_ps);
}
