/*
 * test_reader_call.c - receive calls that decrypt, in literal picoseconds.
 *
 * Costs are those of the profile `unit`, on one CPU (see test_pipeline.c): what
 * comes at 0 is appended at 6, its reader enters the call at 8 (wake-up,
 * switch) and turns to the first record at 10 (system call, receive).  A record
 * of 521 bytes takes 2.5 us (record, 500 bytes, delivery); 499 bytes of it are
 * plaintext; the copy is free.  In the comments times are microseconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mbuf.h"
#include "sim/ktlsim_internal.h"
#include "sim/results.h"
#include "tests/support/replay_run.h"
#include "tests/support/sim_driver.h"
#include "tests/support/suite_table.h"
#include "tests/support/tls_seal.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *reader_call_suite(void);

enum { WIRE = 521, KEYS_MAX = 4 };

static struct sim_driver driver;
static struct sim_sender sender;

static void
teardown(void)
{
	if (driver.sim != NULL)
		sim_driver_destroy(&driver);
}

static void
create(const struct sim_key *more)
{
	struct sim_key keys[KEYS_MAX + 3] = {{"host.cpus", "1"},
					     {"ktls.decrypt_in", "reader"}};

	for (int i = 0; i < KEYS_MAX && more != NULL; i++)
		keys[i + 2] = more[i];
	sim_driver_create(&driver, keys);
}

/* Two records in one segment. */
static const struct call_row {
	struct sim_key keys[KEYS_MAX];
	uint64_t begin_ps[2], decrypted_ps[2];
	uint64_t read_begin_ps[2], read_end_ps[2];
} call_rows[] = {
    /* One call returns both. */
    {{{NULL, NULL}},
     {10000000, 12500000},
     {12500000, 15000000},
     {12500000, 15000000},
     {15000000, 15000000}},
    /* The buffer is full with the first: a second call, 12.5 + 2. */
    {{{"app.read_size", "499"}},
     {10000000, 14500000},
     {12500000, 17000000},
     {12500000, 17000000},
     {12500000, 17000000}},
    /* 300; 199 and 101 to 17; 300 to 19; 98 to 21. */
    {{{"app.read_size", "300"}},
     {10000000, 14500000},
     {12500000, 17000000},
     {12500000, 17000000},
     {17000000, 21000000}},
    /* The copy is between the records. */
    {{{"cost.copy_byte", "1ns"}},
     {10000000, 12999000},
     {12500000, 15499000},
     {12500000, 15499000},
     {15998000, 15998000}},
    /* After a call, ten microseconds asleep: 12.5, 22.5 + 2. */
    {{{"app.read_size", "499"}, {"app.think_time", "10us"}},
     {10000000, 24500000},
     {12500000, 27000000},
     {12500000, 27000000},
     {12500000, 27000000}},
};

static void
expect(const char *field, size_t offset, const uint64_t values[2])
{
	sim_driver_expect(&driver, field, offset, values, 2);
}

#define EXPECT(row, field) \
	expect(#field, offsetof(struct ktlsim_record, field), (row)->field)

START_TEST(test_call)
{
	const struct call_row *row = &call_rows[_i];
	const struct results_host *host;

	create(row->keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_sender_record(&sender, WIRE);
	sim_sender_record(&sender, WIRE);
	sim_send(&sender, 0, 0, 2 * WIRE);
	sim_driver_finish(&driver);
	EXPECT(row, begin_ps);
	EXPECT(row, decrypted_ps);
	EXPECT(row, read_begin_ps);
	EXPECT(row, read_end_ps);
	host = sim_driver_host(&driver, 0);
	ck_assert_uint_eq(host->cpus[0].worker_ps, 0);
	ck_assert_uint_eq(host->workqueues[0].enqueued, 0);
	ck_assert_uint_eq(host->wakeups_useful, 1);
	ck_assert_uint_eq(host->wakeups_spurious, 0);
	ck_assert_uint_eq(host->split.records_none, 2);
}
END_TEST

/* A record in `segments` segments: only the one that completes it wakes. */
START_TEST(test_partial)
{
	const struct results_host *host;
	uint32_t segments = (uint32_t)_i + 1;

	create(NULL);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_sender_record(&sender, segments * 100);
	for (uint32_t i = 0; i < segments; i++)
		sim_send(&sender, i * 20000000, i * 100, 100);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, 1);
	host = sim_driver_host(&driver, 0);
	ck_assert_uint_eq(host->wakeups_useful, 1);
	ck_assert_uint_eq(host->wakeups_spurious, 0);
}
END_TEST

/* TLS 1.2, whose headers tell the type without a key; 8 bytes are the IV. */
static void
open_tls12(void)
{
	struct ktlsim_flow flow;

	sim_sender_init(&sender, &driver, SIM_PORT_0);
	flow = sim_sender_flow(&sender);
	flow.tls_version = 0x0303;
	flow.cipher_suite = 0xc02f;
	ck_assert_int_eq(ktlsim_add_flow(driver.sim, &flow, NULL), 0);
}

/*
 * Data, alert, data.  The first call has the alert open at 15, but data
 * already, and returns that; the second returns the alert alone (15 to 17); the
 * third opens the last record from 19 on.
 */
START_TEST(test_control)
{
	enum { WIRE_12 = WIRE + 8 };

	create(NULL);
	open_tls12();
	for (int i = 0; i < 3; i++)
		sim_sender_record(&sender, WIRE_12);
	sender.stream[WIRE_12] = 21;
	sim_send(&sender, 0, 0, 3 * WIRE_12);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, begin_ps, 10000000, 12500000, 19000000);
	SIM_EXPECT(&driver, decrypted_ps, 12500000, 15000000, 21500000);
	SIM_EXPECT(&driver, read_begin_ps, 12500000, 15000000, 21500000);
	SIM_EXPECT(&driver, read_end_ps, 15000000, 17000000, 21500000);
	ck_assert_uint_eq(driver.record[1].type, 21);
}
END_TEST

/* The segment of a second record preempts the first one's decryption (10 us).
 */
START_TEST(test_preempted)
{
	create(NULL);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_send_record(&sender, 0, 8021);
	/* Interrupt from 12 to 13, softirq (with an ACK) to 17: 5 us. */
	sim_send_record(&sender, 10000000, WIRE);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, begin_ps, 10000000, 25000000);
	SIM_EXPECT(&driver, decrypted_ps, 25000000, 27500000);
	/* It came during the call, whose buffer has room for it. */
	SIM_EXPECT(&driver, read_end_ps, 27500000, 27500000);
}
END_TEST

/* A header of no TLS version behind a good record: that one is read. */
START_TEST(test_bad_header)
{
	const struct results *results;

	create(NULL);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	for (int i = 0; i < 3; i++)
		sim_sender_record(&sender, WIRE);
	sender.stream[WIRE + 1] = 9;
	sim_send(&sender, 0, 0, 3 * WIRE);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, read_end_ps, 12500000);
	results = ktlsim_results(driver.sim);
	ck_assert_uint_eq(results->flows[0].direction[0].errors, 1);
	ck_assert_uint_eq(sim_driver_counter(&driver, "corrupted_records"), 1);
}
END_TEST

/*
 * The second of three sealed records does not open.  The first call fails on it
 * from 12.5 to 15, and returns the first.  The second reports the error (17),
 * and is the last one where errors stay; else the third record is begun at 19.
 */
static const struct bad_row {
	const char *policy;
	uint64_t records;
} bad_rows[] = {{"freebsd", 2}, {"sticky", 1}};

static void
send_sealed(uint32_t count, uint32_t bad)
{
	uint8_t wire[WIRE], text[WIRE - 22] = {0};
	struct ktlsim_flow flow;
	struct ktls_key key;

	tls_seal_key(&key, TLS_1_3, TLS_CIPHER_AES_GCM, 16, 1);
	sim_sender_init(&sender, &driver, SIM_PORT_0);
	flow = sim_sender_flow(&sender);
	flow.key = key.key;
	flow.iv = key.iv;
	ck_assert_int_eq(ktlsim_add_flow(driver.sim, &flow, NULL), 0);
	for (uint32_t i = 0; i < count; i++) {
		ck_assert_uint_eq(
		    tls_seal_data(&key, i, text, sizeof(text), wire), WIRE);
		wire[100] ^= i == bad;
		sim_sender_bytes(&sender, wire, WIRE);
	}
	sim_send(&sender, 0, 0, count * WIRE);
}

START_TEST(test_bad_record)
{
	const struct bad_row *row = &bad_rows[_i];
	const struct sim_key keys[KEYS_MAX] = {
	    {"crypto.mode", "real"},
	    {"engine.on_bad_record", row->policy},
	    {NULL, NULL}};
	const struct results *results;

	create(keys);
	send_sealed(3, 1);
	sim_driver_finish(&driver);
	if (row->records == 2) {
		SIM_EXPECT(&driver, begin_ps, 10000000, 19000000);
		SIM_EXPECT(&driver, read_end_ps, 15000000, 21500000);
		SIM_EXPECT(&driver, number, 0, 2);
	} else {
		SIM_EXPECT(&driver, read_end_ps, 15000000);
	}
	results = ktlsim_results(driver.sim);
	ck_assert_uint_eq(results->flows[0].direction[0].errors, 1);
	ck_assert_uint_eq(sim_driver_counter(&driver, "failed_crypto"), 1);
}
END_TEST

/* A FIN between records and inside of one: whole records are read. */
static const struct end_row {
	uint32_t sent; /* bytes of two records of 521 */
	uint64_t records;
} end_rows[] = {{1042, 2}, {521, 1}, {0, 0}, {1041, 1}, {524, 1}};

START_TEST(test_end)
{
	const struct end_row *row = &end_rows[_i];

	create(NULL);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_sender_record(&sender, WIRE);
	sim_sender_record(&sender, WIRE);
	if (row->sent > 0)
		sim_send(&sender, 0, 0, row->sent);
	sender.written = row->sent;
	sim_send_flags(&sender, 50000000, TH_ACK | TH_FIN);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, row->records);
}
END_TEST

/*
 * Real captures: whoever decrypts, and whatever the size of the buffer, every
 * direction has the same bytes and the same records.
 */
#define PATH_BYTES 512

static const char *const captures[] = {
    NULL,
    "t-tls12-parallel8-loss2",
    "v-tls12-resume-ticket-x4",
    "v-ossl-tls13-keyupdate",
    "v-ossl-tls13-0rtt",
};

static const char *const sizes[] = {"16KiB", "1000", "1MiB"};

static void
replay(struct replay_run *run, const char *name, const char *placement,
       const char *size)
{
	const struct replay_setting settings[] = {
	    {"ktls.decrypt_in", placement},
	    {"app.read_size", size},
	    {NULL, NULL}};
	char capture[PATH_BYTES], keylog[PATH_BYTES];
	const struct replay_input input = {
	    .capture = capture, .keylog = keylog, .settings = settings};
	const char *folder = getenv("KTLSIM_CAPTURES");

	strcpy(capture, "traces/data/tls13-download.pcap");
	strcpy(keylog, "traces/data/tls13-download.keys");
	if (name != NULL) {
		snprintf(capture, PATH_BYTES, "%s/own/%s/capture.pcap", folder,
			 name);
		snprintf(keylog, PATH_BYTES, "%s/own/%s/keys.txt", folder,
			 name);
	}
	replay_run_capture(run, &input);
	ck_assert_msg(run->refused == 0 && run->finished == 0, "%s", run->text);
}

static void
same_direction(const struct results_direction *a,
	       const struct results_direction *b)
{
	ck_assert_str_eq(a->app_sha256, b->app_sha256);
	ck_assert_uint_eq(a->app_bytes, b->app_bytes);
	ck_assert_uint_eq(a->app_records, b->app_records);
	ck_assert_uint_eq(a->handshake_records, b->handshake_records);
	ck_assert_uint_eq(a->alerts, b->alerts);
	ck_assert_uint_eq(a->errors, b->errors);
}

START_TEST(test_captures)
{
	const char *name = captures[_i % ROWS(captures)];
	const char *size = sizes[_i / ROWS(captures)];
	struct replay_run worker, reader;

	if (name != NULL && getenv("KTLSIM_CAPTURES") == NULL) {
		fprintf(stderr, "skipped: capture %s (KTLSIM_CAPTURES)\n",
			name);
		return;
	}
	replay(&worker, name, "worker", size);
	replay(&reader, name, "reader", size);
	ck_assert_uint_eq(worker.results->flow_count,
			  reader.results->flow_count);
	for (size_t i = 0; i < worker.results->flow_count; i++)
		for (int d = 0; d < 2; d++)
			same_direction(&worker.results->flows[i].direction[d],
				       &reader.results->flows[i].direction[d]);
	replay_run_fini(&worker);
	replay_run_fini(&reader);
}
END_TEST

Suite *
reader_call_suite(void)
{
	const struct suite_test tests[] = {
	    {"a_call_decrypts_while_room_is_left", test_call, ROWS(call_rows)},
	    {"only_a_complete_record_wakes_the_reader", test_partial, 8},
	    {"a_control_record_is_returned_alone", test_control, 0},
	    {"decryption_in_a_call_can_be_preempted", test_preempted, 0},
	    {"a_bad_header_ends_the_stream_behind_a_call", test_bad_header, 0},
	    {"an_error_is_reported_by_a_call_of_its_own", test_bad_record,
	     ROWS(bad_rows)},
	    {"streams_end_in_many_places", test_end, ROWS(end_rows)},
	    {"a_capture_is_the_same_whoever_decrypts", test_captures,
	     ROWS(captures) * ROWS(sizes)},
	};

	return suite_create_table("reader_call", tests,
				  sizeof(tests) / sizeof(*tests), NULL,
				  teardown, 0);
}
