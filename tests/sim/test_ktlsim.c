/*
 * test_ktlsim.c - the public interface: every error, and what may be relied on.
 *
 * The traffic of the tests of determinism: three connections, records cut at
 * odd places, segments out of order and twice, random prices and think times.
 */
#include "sim/ktlsim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/ktlsim_internal.h"
#include "sim/results.h"
#include "sim/rng.h"
#include "tests/support/sim_driver.h"
#include "tests/support/suite_table.h"
#include "tests/support/tls_seal.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *ktlsim_suite(void);

enum { WIRE = 1021, FLOWS = 3, SENDINGS = 300, PIECE = 700 };

static struct sim_driver driver;
static struct sim_sender sender;

static void
teardown(void)
{
	if (driver.sim != NULL)
		sim_driver_destroy(&driver);
}

/* --- errors ----------------------------------------------------------------
 */

static const struct set_row {
	const char *key, *value;
	int code;
	const char *says; /* the sentence contains it */
} set_rows[] = {
    {"host.cpus", "8", 0, NULL},
    {"host.cpu", "8", ENOENT, "host.cpus"},
    {"nothing.like.it", "1", ENOENT, "nothing.like.it"},
    {"host.cpus", "eight", EINVAL, "host.cpus"},
    {"host.cpus", "0", EINVAL, "host.cpus"},
    {"cost.syscall", "exponential(1us", EINVAL, "cost.syscall"},
};

START_TEST(test_set)
{
	const struct set_row *row = &set_rows[_i];
	struct ktlsim_config *config = ktlsim_config_create();
	struct ktlsim_error error = {0};

	ck_assert_int_eq(
	    ktlsim_config_set(config, row->key, row->value, &error), row->code);
	ck_assert_int_eq(error.code, row->code);
	if (row->says != NULL)
		ck_assert_ptr_nonnull(strstr(error.text, row->says));
	/* Who wants no sentence need not take one. */
	ck_assert_int_eq(ktlsim_config_set(config, row->key, row->value, NULL),
			 row->code);
	ktlsim_config_destroy(config);
}
END_TEST

START_TEST(test_create)
{
	struct ktlsim_config *config = ktlsim_config_create();
	struct ktlsim_error error = {0};
	struct ktlsim *sim = (struct ktlsim *)&error;

	ck_assert_int_eq(
	    ktlsim_config_set(config, "sockbuf.hiwat", "4MiB", NULL), 0);
	ck_assert_int_eq(ktlsim_create(&sim, config, &error), EINVAL);
	ck_assert_ptr_null(sim);
	ck_assert_ptr_nonnull(strstr(error.text, "sockbuf.hiwat_max"));
	ck_assert_int_eq(ktlsim_create(&sim, config, NULL), EINVAL);
	ktlsim_config_destroy(config);
	ktlsim_config_destroy(NULL);
	ktlsim_destroy(NULL);
	ktlsim_free(NULL);
}
END_TEST

/* The configuration is copied: later changes do not reach a simulation. */
START_TEST(test_config_is_copied)
{
	struct ktlsim_config *config = ktlsim_config_create();
	struct ktlsim *sim;

	ck_assert_int_eq(ktlsim_create(&sim, config, NULL), 0);
	ck_assert_int_eq(ktlsim_config_set(config, "run.seed", "77", NULL), 0);
	ktlsim_config_destroy(config);
	ck_assert_int_eq(ktlsim_finish(sim, NULL), 0);
	ck_assert_uint_eq(ktlsim_results(sim)->seed, 1);
	ktlsim_destroy(sim);
}
END_TEST

static const uint8_t secret[32];

/* One field of a good flow is spoiled. */
static const struct flow_row {
	const char *client, *server;
	uint16_t tls_version, cipher_suite;
	const uint8_t *key, *iv;
	size_t size;
	int code;
	const char *says;
} flow_rows[] = {
    {"1.2.3.4:5", "5.6.7.8:443", 0x304, 0x1301, NULL, NULL, 0, 0, NULL},
    {"[::1]:5", "[::2]:443", 0x303, 0xc02f, NULL, NULL, 0, 0, NULL},
    {"1.2.3.4:5", "5.6.7.8:443", 0x304, 0x1303, secret, secret, 0, 0, NULL},
    {"1.2.3.4", "5.6.7.8:443", 0x304, 0x1301, NULL, NULL, 0, EINVAL, "1.2.3.4"},
    {"1.2.3.4:5", "::2:443", 0x304, 0x1301, NULL, NULL, 0, EINVAL, "::2"},
    {"", "5.6.7.8:443", 0x304, 0x1301, NULL, NULL, 0, EINVAL, "[2001:db8"},
    {"1.2.3.4:5", "5.6.7.8:443", 0x304, 0xffff, NULL, NULL, 0, EINVAL,
     "0xffff"},
    /* A suite of TLS 1.2 that KTLS does not take over: CCM. */
    {"1.2.3.4:5", "5.6.7.8:443", 0x303, 0xc09c, NULL, NULL, 0, EINVAL, ""},
    {"1.2.3.4:5", "5.6.7.8:443", 0x304, 0x1301, secret, NULL, 0, EINVAL, "IV"},
    {"1.2.3.4:5", "5.6.7.8:443", 0x304, 0x1301, NULL, NULL, 8, EINVAL, "size"},
    {NULL, "5.6.7.8:443", 0x304, 0x1301, NULL, NULL, 0, EINVAL, "client"},
    {"1.2.3.4:5", NULL, 0x304, 0x1301, NULL, NULL, 0, EINVAL, "server"},
    {"1.2.3.4:5", "[::2]:443", 0x304, 0x1301, NULL, NULL, 0, EINVAL, "IPv6"},
    {"1.2.3.4:5", "5.6.7.8:443", 0x301, 0x002f, NULL, NULL, 0, EINVAL,
     "version 0x0301"},
    {"1.2.3.4:5", "5.6.7.8:443", 0, 0x1301, NULL, NULL, 0, EINVAL, "0x0304"},
    {"1.2.3.4:5", "5.6.7.8:443", 0x303, 0x1301, NULL, NULL, 0, EINVAL,
     "TLS_AES_128_GCM_SHA256 is not one that kernel TLS receives"},
    {"1.2.3.4:5", "5.6.7.8:443", 0x304, 0xc02f, NULL, NULL, 0, EINVAL,
     "version 0x0304"},
    {"1.2.3.4:5", "5.6.7.8:443", 0x303, 0xc09c, NULL, NULL, 0, EINVAL,
     "TLS_RSA_WITH_AES_128_CCM is not one that kernel TLS receives"},
};

START_TEST(test_add_flow)
{
	const struct flow_row *row = &flow_rows[_i];
	struct ktlsim_flow flow = {
	    .size = row->size != 0 ? row->size : sizeof(flow),
	    .client = row->client,
	    .server = row->server,
	    .direction = KTLSIM_CLIENT_TO_SERVER,
	    .tls_version = row->tls_version,
	    .cipher_suite = row->cipher_suite,
	    .key = row->key,
	    .iv = row->iv,
	};
	struct ktlsim_error error = {0};

	sim_driver_create(&driver, NULL);
	ck_assert_int_eq(ktlsim_add_flow(driver.sim, &flow, &error), row->code);
	if (row->says != NULL)
		ck_assert_msg(strstr(error.text, row->says) != NULL, "%s",
			      error.text);
	if (row->code != 0) {
		sim_driver_finish(&driver);
		ck_assert_uint_eq(ktlsim_results(driver.sim)->flow_count, 0);
		return;
	}
	/* Once per direction. */
	ck_assert_int_eq(ktlsim_add_flow(driver.sim, &flow, &error), EEXIST);
	ck_assert_ptr_nonnull(strstr(error.text, row->client));
	flow.direction = KTLSIM_SERVER_TO_CLIENT;
	ck_assert_int_eq(ktlsim_add_flow(driver.sim, &flow, &error), 0);
	ck_assert_int_eq(ktlsim_add_flow(driver.sim, &flow, NULL), EEXIST);
	sim_driver_finish(&driver);
	ck_assert_str_eq(ktlsim_results(driver.sim)->flows[0].keys, "declared");
}
END_TEST

START_TEST(test_add_flow_direction)
{
	struct ktlsim_error error = {0};
	struct ktlsim_flow flow;

	sim_driver_create(&driver, NULL);
	sim_sender_init(&sender, &driver, SIM_PORT_0);
	flow = sim_sender_flow(&sender);
	flow.direction = (enum ktlsim_direction)7;
	ck_assert_int_eq(ktlsim_add_flow(driver.sim, &flow, &error), EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "direction 7"));
}
END_TEST

static const struct inject_row {
	size_t size;
	uint64_t time_ps;
	uint32_t captured_len, wire_len;
	int link_type, code;
	const char *says;
} inject_rows[] = {
    {0, 1000, 60, 60, 1, 0, NULL},
    {0, 1000, 60, 9000, 1, 0, NULL}, /* cut: counted, no error */
    {0, 1000, 0, 0, 1, 0, NULL},
    {0, 1000, 60, 60, 4711, 0, NULL}, /* counted: not IP */
    {0, UINT64_MAX - 1, 60, 60, 1, 0, NULL},
    {0, 999, 60, 60, 1, EINVAL, "999"}, /* now is 1000 */
    {0, 0, 60, 60, 1, EINVAL, "before now"},
    {0, 1000, 60, 59, 1, EINVAL, "59"},
    {1, 1000, 60, 60, 1, EINVAL, "size"},
};

START_TEST(test_inject)
{
	static const uint8_t bytes[60];
	const struct inject_row *row = &inject_rows[_i];
	const struct ktlsim_frame frame = {
	    .size = row->size != 0 ? row->size : sizeof(frame),
	    .time_ps = row->time_ps,
	    .data = bytes,
	    .captured_len = row->captured_len,
	    .wire_len = row->wire_len,
	    .link_type = row->link_type,
	};
	struct ktlsim_error error = {0};

	sim_driver_create(&driver, NULL);
	sim_driver_run_until(&driver, 1000);
	ck_assert_int_eq(ktlsim_inject(driver.sim, &frame, &error), row->code);
	ck_assert_int_eq(ktlsim_inject(driver.sim, &frame, NULL), row->code);
	if (row->says != NULL)
		ck_assert_ptr_nonnull(strstr(error.text, row->says));
	/* Nothing that is refused leaves a trace. */
	sim_driver_finish(&driver);
	ck_assert_uint_eq(ktlsim_results(driver.sim)->input_frames,
			  row->code == 0 ? 2 : 0);
}
END_TEST

START_TEST(test_finish)
{
	struct ktlsim_error error = {0};
	char *text = (char *)&error;

	sim_driver_create(&driver, NULL);
	ck_assert_ptr_null(ktlsim_results(driver.sim));
	ck_assert_int_eq(ktlsim_report_json(driver.sim, &text), EINVAL);
	ck_assert_ptr_null(text);
	text = (char *)&error;
	ck_assert_int_eq(ktlsim_report_text(driver.sim, &text), EINVAL);
	ck_assert_ptr_null(text);
	ck_assert_int_eq(ktlsim_finish(driver.sim, &error), 0);
	ck_assert_int_eq(ktlsim_finish(driver.sim, &error), EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "finished already"));
	ck_assert_int_eq(ktlsim_report_json(driver.sim, &text), 0);
	ck_assert_int_eq(text[0], '{');
	ktlsim_free(text);
	ck_assert_int_eq(ktlsim_report_text(driver.sim, &text), 0);
	ck_assert_uint_gt(strlen(text), 0);
	ktlsim_free(text);
}
END_TEST

START_TEST(test_keylog)
{
	static const char good[] =
	    "# a comment\n"
	    "CLIENT_RANDOM "
	    "0000000000000000000000000000000000000000000000000000000000000000"
	    " 00000000000000000000000000000000000000000000000000000000000000"
	    "0000000000000000000000000000000000\n";
	const struct results *results;

	sim_driver_create(&driver, NULL);
	ck_assert_int_eq(
	    ktlsim_add_keylog(driver.sim, good, strlen(good), 0, NULL), 0);
	ck_assert_int_eq(ktlsim_add_keylog(driver.sim, "", 0, 1, NULL), 0);
	ck_assert_int_eq(
	    ktlsim_add_keylog(driver.sim, "CLIENT_RANDOM zz\n", 17, 1, NULL),
	    0);
	sim_driver_finish(&driver);
	results = ktlsim_results(driver.sim);
	for (size_t i = 0; i < results->note_count; i++)
		if (strstr(results->notes[i], "1 malformed lines") != NULL)
			return;
	ck_abort_msg("no note on the malformed line");
}
END_TEST

/* --- time ------------------------------------------------------------------
 */

START_TEST(test_time)
{
	struct ktlsim *sim;

	sim_driver_create(&driver, NULL);
	sim = driver.sim;
	ck_assert_uint_eq(ktlsim_now(sim), 0);
	ck_assert_uint_eq(ktlsim_next_time(sim), KTLSIM_NEVER);
	sim_driver_run_until(&driver, 0);
	sim_driver_run_until(&driver, 500);
	ck_assert_uint_eq(ktlsim_now(sim), 500);
	sim_driver_run_until(&driver, 400); /* time does not go back */
	ck_assert_uint_eq(ktlsim_now(sim), 500);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_send_record(&sender, 5000000, WIRE);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(ktlsim_next_time(sim), 5000000);
	ck_assert_uint_eq(ktlsim_now(sim), 500);
	sim_driver_run_until(&driver, 4999999);
	ck_assert_uint_eq(ktlsim_next_time(sim), 5000000);
	sim_driver_run_until(&driver, 5000000);
	/* The message of the interrupt, as in test_pipeline.c. */
	ck_assert_uint_eq(ktlsim_next_time(sim), 7000000);
	sim_driver_run_until(&driver, 6500000);
	ck_assert_uint_eq(ktlsim_now(sim), 6500000);
	/* Until no event is left: now is the last one. */
	sim_driver_run_until(&driver, KTLSIM_NEVER);
	ck_assert_uint_eq(ktlsim_next_time(sim), KTLSIM_NEVER);
	ck_assert_uint_eq(ktlsim_now(sim), driver.record[0].read_end_ps);
	sim_driver_finish(&driver);
}
END_TEST

/* --- the same input, the same run ------------------------------------------
 */

/* How a host program may cut its calls. */
enum cut {
	CUT_AHEAD,     /* all frames first, then run */
	CUT_AT_FRAMES, /* run up to a frame, inject it */
	CUT_FINE,      /* and in steps of 777 ns in between */
	CUT_EVENTS,    /* from event to event, looking ahead twice */
	CUT_CALLBACK,  /* frames are injected when a record was delivered */
	CUTS,
};

static struct sim_sender many[FLOWS];

static const struct sim_key busy_keys[] = {
    {"host.cpus", "2"},
    {"ktls.workers", "2"},
    {"replay.receiver", "both"},
    {"nic.moderation", "static"},
    {"link.rate", "10Gbps"},
    {"nic.ring", "16"},
    {"cost.syscall", "exponential(1us)"},
    {"cost.aes128_gcm_record", "uniform(1us, 5us)"},
    {"app.think_time", "exponential(2us)"},
    {NULL, NULL},
};

static void
busy_create(struct sim_driver *busy)
{
	sim_driver_create(busy, busy_keys);
	for (int i = 0; i < FLOWS; i++) {
		sim_sender_open(&many[i], busy, (uint16_t)(40000 + i));
		for (int k = 0; k < SENDINGS; k++)
			sim_sender_record(&many[i],
					  (uint32_t)(100 + (k * 37 + i) % 300));
	}
}

static uint64_t
busy_time(int k)
{
	return (uint64_t)k / 4 * 3000000;
}

/* Sending number k: a piece of a stream; some change places, some come twice.
 */
static void
busy_send(struct sim_driver *busy, int k)
{
	uint32_t turn = (uint32_t)(k / FLOWS), flow = (uint32_t)(k % FLOWS);
	struct sim_sender *from = &many[flow];

	if (rng_u64(5, 6, flow, turn / 2) % 4 == 0)
		turn ^= 1;
	from->driver = busy;
	sim_send(from, busy_time(k), turn * PIECE, PIECE);
	if (rng_u64(5, 7, flow, turn) % 8 == 0)
		sim_send(from, busy_time(k), turn * PIECE, PIECE);
}

/* A program that sends on when it hears of a record. */
struct follower {
	struct sim_driver *busy;
	int next;
};

static void
follow(void *arg, const struct ktlsim_record *record)
{
	struct follower *follower = arg;

	/* What is due within the next 30 us; else the main loop does it. */
	while (follower->next < SENDINGS &&
	       busy_time(follower->next) >= record->read_end_ps &&
	       busy_time(follower->next) < record->read_end_ps + 30000000)
		busy_send(follower->busy, follower->next++);
}

static void
busy_run_to(struct sim_driver *busy, enum cut cut, uint64_t time_ps)
{
	struct ktlsim *sim = busy->sim;

	while (cut == CUT_FINE && ktlsim_now(sim) + 777000 < time_ps)
		sim_driver_run_until(busy, ktlsim_now(sim) + 777000);
	while (cut == CUT_EVENTS && ktlsim_next_time(sim) < time_ps)
		sim_driver_run_until(busy, ktlsim_next_time(sim));
	sim_driver_run_until(busy, time_ps);
}

/* The run's JSON; the caller frees it. */
static char *
busy_report(enum cut cut)
{
	struct sim_driver busy;
	struct follower follower = {.busy = &busy};
	char *text;

	busy_create(&busy);
	ktlsim_on_deliver(busy.sim, cut == CUT_CALLBACK ? follow : NULL,
			  &follower);
	while (follower.next < SENDINGS) {
		if (cut != CUT_AHEAD)
			busy_run_to(&busy, cut, busy_time(follower.next));
		if (follower.next < SENDINGS)
			busy_send(&busy, follower.next++);
	}
	sim_driver_finish(&busy);
	ck_assert_uint_gt(ktlsim_results(busy.sim)->hosts[1].split.records_none,
			  100);
	ck_assert_int_eq(ktlsim_report_json(busy.sim, &text), 0);
	sim_driver_destroy(&busy);
	return text;
}

static void
expect_text(const char *found, const char *expected)
{
	size_t at = 0;

	while (found[at] != '\0' && found[at] == expected[at])
		at++;
	ck_assert_msg(found[at] == expected[at],
		      "byte %zu: '%.40s' instead of '%.40s'", at, found + at,
		      expected + at);
}

START_TEST(test_cuts)
{
	char *expected = busy_report(CUT_AT_FRAMES);
	char *found = busy_report((enum cut)_i);

	expect_text(found, expected);
	ktlsim_free(expected);
	ktlsim_free(found);
}
END_TEST

START_TEST(test_one_less)
{
	struct sim_driver one, other;

	busy_create(&one);
	busy_create(&other);
	for (int k = 0; k < SENDINGS; k++) {
		busy_send(&one, k);
		if (k != 100)
			busy_send(&other, k);
	}
	sim_driver_finish(&one);
	sim_driver_finish(&other);
	ck_assert_uint_ne(ktlsim_results(one.sim)->digest,
			  ktlsim_results(other.sim)->digest);
	sim_driver_destroy(&one);
	sim_driver_destroy(&other);
}
END_TEST

/* Two at a time, turn by turn, are as two alone. */
START_TEST(test_side_by_side)
{
	char *expected = busy_report(CUT_AT_FRAMES), *text;
	struct sim_driver two[2];

	busy_create(&two[0]);
	busy_create(&two[1]);
	for (int k = 0; k < SENDINGS + 50; k++) {
		for (int i = 0; i < 2; i++) {
			int mine = k - 50 * i; /* the second one lags */

			if (mine < 0 || mine >= SENDINGS)
				continue;
			sim_driver_run_until(&two[i], busy_time(mine));
			busy_send(&two[i], mine);
		}
	}
	for (int i = 0; i < 2; i++) {
		sim_driver_finish(&two[i]);
		ck_assert_int_eq(ktlsim_report_json(two[i].sim, &text), 0);
		expect_text(text, expected);
		ktlsim_free(text);
		sim_driver_destroy(&two[i]);
	}
	ktlsim_free(expected);
}
END_TEST

/* --- callbacks -------------------------------------------------------------
 */

/* Answers each of the first nine records with the next one, at once. */
static void
answer(void *arg, const struct ktlsim_record *record)
{
	struct sim_driver *mine = arg;

	ck_assert_uint_eq(record->size, sizeof(*record));
	ck_assert_uint_eq(record->number, mine->records);
	ck_assert_uint_eq(ktlsim_now(mine->sim), record->read_end_ps);
	if (++mine->records == 10)
		return;
	sim_send_record(&sender, record->read_end_ps, WIRE);
	/* It waits for its turn, behind what is happening now. */
	ck_assert_uint_eq(ktlsim_next_time(mine->sim), record->read_end_ps);
}

/*
 * One CPU, profile unit: a record that comes at t is read at t + 16 us, or at
 * t + 17 with the ACK of every second segment (test_pipeline.c).  Ten records
 * with five ACKs: 165 us.
 */
START_TEST(test_inject_in_callback)
{
	static const struct sim_key keys[] = {{"host.cpus", "1"}, {NULL, NULL}};

	sim_driver_create(&driver, keys);
	ktlsim_on_deliver(driver.sim, answer, &driver);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_send_record(&sender, 0, WIRE);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, 10);
	ck_assert_uint_eq(ktlsim_now(driver.sim), 165000000);
	driver.records = 0;
}
END_TEST

/* The same towards a direction that is followed without a host. */
START_TEST(test_inject_in_followed_callback)
{
	static const struct sim_key keys[] = {{"replay.receiver", "client"},
					      {NULL, NULL}};

	sim_driver_create(&driver, keys);
	ktlsim_on_deliver(driver.sim, answer, &driver);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_send_record(&sender, 7000, WIRE);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, 10);
	ck_assert_uint_eq(ktlsim_now(driver.sim), 7000);
	driver.records = 0;
}
END_TEST

struct bytes {
	uint8_t text[64];
	size_t len;
};

static void
keep_bytes(void *arg, uint32_t flow, enum ktlsim_direction direction,
	   const uint8_t *bytes, size_t len)
{
	struct bytes *kept = arg;

	ck_assert_uint_eq(flow, 0);
	ck_assert_int_eq(direction, KTLSIM_CLIENT_TO_SERVER);
	ck_assert_uint_le(kept->len + len, sizeof(kept->text));
	memcpy(kept->text + kept->len, bytes, len);
	kept->len += len;
}

/* A real key: bytes are decrypted, in stream order, from the number given. */
START_TEST(test_data)
{
	static const struct sim_key keys[] = {{"crypto.mode", "real"},
					      {NULL, NULL}};
	static const char *const words[] = {"pico", "", "seconds"};
	uint8_t record[256];
	struct ktls_key key;
	struct ktlsim_flow flow;
	struct bytes kept = {.len = 0};

	sim_driver_create(&driver, keys);
	ktlsim_on_data(driver.sim, keep_bytes, &kept);
	sim_sender_init(&sender, &driver, SIM_PORT_0);
	tls_seal_key(&key, TLS_1_3, TLS_CIPHER_AES_GCM, 16, 1);
	flow = sim_sender_flow(&sender);
	flow.key = key.key;
	flow.iv = key.iv;
	flow.rec_seq = 5;
	ck_assert_int_eq(ktlsim_add_flow(driver.sim, &flow, NULL), 0);
	for (uint64_t i = 0; i < 3; i++) {
		const uint8_t *word = (const uint8_t *)words[i];
		size_t len =
		    tls_seal_data(&key, 5 + i, word, strlen(words[i]), record);

		sim_sender_bytes(&sender, record, len);
	}
	sim_send(&sender, 0, 0, sender.written);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(kept.len, 11);
	ck_assert_mem_eq(kept.text, "picoseconds", 11);
	SIM_EXPECT(&driver, number, 5, 6, 7);
	ck_assert_uint_eq(driver.record[0].plaintext_bytes, 4);
	ck_assert_uint_eq(driver.record[1].plaintext_bytes, 0);
}
END_TEST

/* --- the end ---------------------------------------------------------------
 */

/* Destroyed after any number of events, whatever is pending: sanitizers see. */
START_TEST(test_destroy)
{
	struct sim_driver busy;

	busy_create(&busy);
	for (int k = 0; k < SENDINGS; k++)
		busy_send(&busy, k);
	for (int events = _i * 53; events > 0; events--)
		sim_driver_run_until(&busy, ktlsim_next_time(busy.sim));
	ck_assert_uint_ne(ktlsim_next_time(busy.sim), KTLSIM_NEVER);
	/* Half of them with their books closed in the middle: they balance. */
	if (_i % 2 == 0)
		ck_assert_int_eq(ktlsim_finish(busy.sim, NULL), 0);
	sim_driver_destroy(&busy);
}
END_TEST

static Suite *
make_suite(const struct suite_test *tests, size_t count)
{
	return suite_create_table("ktlsim", tests, count, NULL, teardown, 30);
}

Suite *
ktlsim_suite(void)
{
	const struct suite_test tests[] = {
	    {"a_key_is_set_or_refused", test_set, ROWS(set_rows)},
	    {"keys_must_go_together", test_create, 0},
	    {"a_configuration_is_copied", test_config_is_copied, 0},
	    {"a_flow_is_added_or_refused", test_add_flow, ROWS(flow_rows)},
	    {"a_flow_goes_one_of_two_ways", test_add_flow_direction, 0},
	    {"a_frame_is_taken_or_refused", test_inject, ROWS(inject_rows)},
	    {"reports_come_after_the_finish", test_finish, 0},
	    {"a_bad_key_log_line_is_noted", test_keylog, 0},
	    {"time_goes_as_it_is_told", test_time, 0},
	    {"how_calls_are_cut_changes_nothing", test_cuts, CUTS},
	    {"one_frame_less_changes_the_digest", test_one_less, 0},
	    {"two_side_by_side_are_as_two_alone", test_side_by_side, 0},
	    {"a_callback_may_inject", test_inject_in_callback, 0},
	    {"a_callback_of_a_followed_flow_may_inject",
	     test_inject_in_followed_callback, 0},
	    {"data_is_decrypted_in_order", test_data, 0},
	    {"destroyed_at_any_time", test_destroy, 20},
	};

	return make_suite(tests, sizeof(tests) / sizeof(*tests));
}
