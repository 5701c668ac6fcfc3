/*
 * test_feed.c - modelled senders inside a simulation: what arrives, how fast.
 *
 * Every byte of plaintext is compared with the pattern that sim/synthetic.h
 * promises, and throughput with closed forms: one window per round trip, the
 * link's rate, one record per price of a worker.
 */
#include "sim/feed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/ktlsim.h"
#include "sim/ktlsim_internal.h"
#include "sim/results.h"
#include "sim/run.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *feed_suite(void);

enum { FLOWS_MAX = 64, KEYS_MAX = 16 };

struct key {
	const char *key, *value;
};

static struct ktlsim *sim;
static uint64_t received[FLOWS_MAX]; /* bytes of plaintext */

/* The bytes of a flow come in order, and are those of the pattern. */
static void
check_data(void *arg, uint32_t flow, enum ktlsim_direction direction,
	   const uint8_t *bytes, size_t len)
{
	(void)arg;
	ck_assert_int_eq(direction, KTLSIM_CLIENT_TO_SERVER);
	ck_assert_uint_lt(flow, FLOWS_MAX);
	for (size_t i = 0; i < len; i++) {
		uint64_t at = received[flow]++;
		uint64_t word =
		    (at / 8 + 1) * UINT64_C(0x9e3779b97f4a7c15) + flow;

		ck_assert_int_eq(bytes[i], (uint8_t)(word >> (at % 8 * 8)));
	}
}

static void
create(const struct key *keys)
{
	struct ktlsim_config *config = ktlsim_config_create();
	struct ktlsim_error error = {0};

	ck_assert_int_eq(
	    ktlsim_config_set(config, "traffic.source", "window", &error), 0);
	for (; keys->key != NULL; keys++)
		ck_assert_msg(ktlsim_config_set(config, keys->key, keys->value,
						&error) == 0,
			      "%s", error.text);
	ck_assert_msg(ktlsim_create(&sim, config, &error) == 0, "%s",
		      error.text);
	ktlsim_config_destroy(config);
	ktlsim_on_data(sim, check_data, NULL);
}

static void
teardown(void)
{
	ktlsim_destroy(sim);
}

/* Run to `time_ps` and close the books: every invariant holds. */
static const struct results *
finish(uint64_t time_ps)
{
	struct ktlsim_error error = {0};

	ck_assert_int_eq(ktlsim_run_until(sim, time_ps), 0);
	ck_assert_msg(ktlsim_finish(sim, &error) == 0, "%s", error.text);
	return ktlsim_results(sim);
}

/* --- content and books ----------------------------------------------------
 */

static const struct content_row {
	struct key keys[KEYS_MAX];
	uint32_t flows;
	uint64_t bytes; /* of each flow */
	bool lossy;
} content_rows[] = {
    {{{"synthetic.bytes", "1"}}, 1, 1, false},
    {{{"synthetic.bytes", "1MB"}}, 1, 1000000, false},
    {{{"synthetic.bytes", "100001"}, {"synthetic.flows", "64"}},
     64,
     100001,
     false},
    {{{"synthetic.bytes", "300kB"},
      {"synthetic.flows", "7"},
      {"synthetic.suite", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
      {"synthetic.record_size", "1000"},
      {"synthetic.burst", "1"}},
     7,
     300000,
     false},
    {{{"synthetic.bytes", "200kB"},
      {"synthetic.suite", "TLS_CHACHA20_POLY1305_SHA256"},
      {"synthetic.flows", "3"},
      {"synthetic.mss", "8948"},
      {"ktls.decrypt_in", "reader"},
      {"app.read_size", "3000"}},
     3,
     200000,
     false},
    {{{"synthetic.bytes", "200kB"},
      {"synthetic.suite", "TLS_AES_128_CCM_SHA256"},
      {"engine.suites", "linux"},
      {"link.delay", "0"}},
     1,
     200000,
     false},
    /* Rings of few slots and slow handlers: segments are lost and resent. */
    {{{"synthetic.bytes", "500kB"},
      {"synthetic.flows", "4"},
      {"nic.ring", "16"},
      {"cost.rx_frame", "1us"}},
     4,
     500000,
     true},
    {{{"synthetic.bytes", "100kB"},
      {"synthetic.flows", "8"},
      {"sockbuf.autosize", "off"},
      {"sockbuf.hiwat", "17KiB"},
      {"app.think_time", "exponential(50us)"}},
     8,
     100000,
     false},
    /* A NIC that decrypts, and loses its place as often as a ring is full. */
    {{{"synthetic.bytes", "2MB"},
      {"synthetic.flows", "4"},
      {"nic.tls", "on"},
      {"nic.ring", "32"},
      {"cost.rx_frame", "1us"}},
     4,
     2000000,
     true},
    /* The buffer is just a record of 16384 bytes and 22. */
    {{{"synthetic.bytes", "100kB"},
      {"sockbuf.autosize", "off"},
      {"sockbuf.hiwat", "16406B"}},
     1,
     100000,
     false},
    {{{"synthetic.bytes", "50kB"},
      {"synthetic.record_size", "100"},
      {"synthetic.mss", "88"},
      {"sockbuf.autosize", "off"},
      {"sockbuf.hiwat", "1KiB"}},
     1,
     50000,
     false},
};

START_TEST(test_feed_delivers_every_byte_of_the_pattern)
{
	const struct content_row *row = &content_rows[_i];
	const struct results *results;
	const struct results_conservation *books;

	create(row->keys);
	results = finish(KTLSIM_NEVER);
	books = &results->hosts[0].conservation;
	ck_assert_uint_eq(results->flow_count, row->flows);
	for (uint32_t i = 0; i < row->flows; i++) {
		const struct results_direction *d =
		    &results->flows[i].direction[0];

		ck_assert_uint_eq(received[i], row->bytes);
		ck_assert_uint_eq(d->app_bytes, row->bytes);
		ck_assert_uint_eq(d->errors + d->holes, 0);
		ck_assert_uint_eq(d->window_exceeded_bytes, 0);
		ck_assert_str_eq(results->flows[i].timed_from, "keys");
		ck_assert(sim->conn[i]->endpoint[0].tcb.closed);
		ck_assert_uint_le(sim->conn[i]->endpoint[0].tcb.rcv_offset,
				  sim->conn[i]->endpoint[0].rcv_adv);
	}
	ck_assert(books->balanced);
	ck_assert_uint_eq(books->queued, 0);
	ck_assert_uint_eq(books->delivered + books->dropped_ring,
			  books->segments_in);
	ck_assert_int_eq(books->dropped_ring > 0, row->lossy);
	ck_assert_uint_eq(results->input.resent, books->dropped_ring);
	ck_assert_uint_eq(results->input_frames + results->input.resent,
			  books->segments_in);
}
END_TEST

/* A record that the buffer can never hold ends its connection, not the run. */
START_TEST(test_feed_record_larger_than_the_buffer_resets)
{
	static const struct key keys[] = {{"synthetic.bytes", "100kB"},
					  {"sockbuf.autosize", "off"},
					  {"sockbuf.hiwat", "16405B"},
					  {NULL, NULL}};
	const struct results *results;

	create(keys);
	results = finish(KTLSIM_NEVER);
	ck_assert_uint_eq(received[0], 0);
	ck_assert_str_eq(results->flows[0].direction[0].error,
			 "EMSGSIZE: a record's length is not legal");
}
END_TEST

/* --- throughput -----------------------------------------------------------
 */

/* Within 1 % of `gbps`, counted over the run. */
static void
expect_goodput(const struct results *results, double gbps)
{
	double got = results->hosts[0].goodput_gbps;

	ck_assert_msg(got > gbps * 0.99 && got < gbps * 1.01,
		      "%f Gb/s, expected %f", got, gbps);
}

/*
 * One window per round trip of twice the delay: W / RTT.  A record is a segment
 * (1426 + 22 bytes), a window a whole number of them.  The host reads segments
 * as they come, so that all but the last one of them is free again when it
 * acknowledges.
 */
static const struct window_row {
	const char *window, *delay;
	uint32_t flows;
	double segments, round_trip_s;
} window_rows[] = {
    {"579200B", "10ms", 1, 400, 20e-3},
    {"1448000B", "50ms", 1, 1000, 100e-3},
    {"579200B", "25ms", 3, 400, 50e-3},
};

START_TEST(test_feed_window_limited_throughput)
{
	const struct window_row *row = &window_rows[_i];
	char flows[16];
	const struct key keys[] = {
	    {"synthetic.record_size", "1426"}, {"synthetic.flows", flows},
	    {"synthetic.stagger", "0"},	       {"sockbuf.autosize", "off"},
	    {"sockbuf.hiwat_max", "2MiB"},     {"sockbuf.hiwat", row->window},
	    {"link.delay", row->delay},	       {"link.rate", "1Gbps"},
	    {"run.time_limit", "4s"},	       {"crypto.mode", "model"},
	    {"cost.profile", "modern-server"}, {NULL, NULL},
	};
	double bits = row->segments * 1426 * 8 * row->flows;

	snprintf(flows, sizeof(flows), "%u", (unsigned)row->flows);
	create(keys);
	expect_goodput(finish(4000000000000), bits / row->round_trip_s / 1e9);
}
END_TEST

/* Rate * plaintext / bytes on the wire; large buffers and fast hosts. */
static const struct link_row {
	const char *rate, *mss, *record_size;
	uint32_t flows;
	double gbps;
} link_rows[] = {
    /* 1448 of 1538 bytes; 16384 of 16406. */
    {"10Gbps", "1448", "16KiB", 1, 10 * (1448.0 / 1538) * (16384.0 / 16406)},
    {"40Gbps", "8948", "16KiB", 4, 40 * (8948.0 / 9038) * (16384.0 / 16406)},
    {"1Gbps", "1448", "1000", 16, 1 * (1448.0 / 1538) * (1000.0 / 1022)},
};

START_TEST(test_feed_link_limited_throughput)
{
	const struct link_row *row = &link_rows[_i];
	char flows[16];
	const struct key keys[] = {
	    {"link.rate", row->rate},
	    {"synthetic.mss", row->mss},
	    {"synthetic.record_size", row->record_size},
	    {"synthetic.flows", flows},
	    {"sockbuf.hiwat", "1MiB"},
	    {"host.cpus", "64"},
	    {"run.time_limit", "40ms"},
	    {"crypto.mode", "model"},
	    {"cost.profile", "modern-server"},
	    {NULL, NULL},
	};

	snprintf(flows, sizeof(flows), "%u", (unsigned)row->flows);
	create(keys);
	expect_goodput(finish(40000000000), row->gbps);
}
END_TEST

/* Workers that need 1 ms for a record, and a host that does else nothing. */
START_TEST(test_feed_worker_limited_throughput)
{
	char workers[16];
	const struct key keys[] = {
	    {"ktls.workers", workers},
	    {"ktls.bind", "cpu"},
	    {"host.cpus", "64"},
	    {"nic.queues", "64"},
	    {"synthetic.flows", "64"},
	    {"synthetic.stagger", "0"},
	    {"run.time_limit", "4s"},
	    {"crypto.mode", "model"},
	    {"cost.profile", "modern-server"},
	    {"cost.aes128_gcm_record", "1ms"},
	    {"cost.aes128_gcm_byte", "0"},
	    {NULL, NULL},
	};

	snprintf(workers, sizeof(workers), "%d", 1 << _i);
	create(keys);
	expect_goodput(finish(4000000000000),
		       (1 << _i) * 16384 * 8 / 1e-3 / 1e9);
}
END_TEST

/* The sender's memory does not grow with the run. */
START_TEST(test_feed_needs_no_memory_in_a_long_run)
{
	static const struct key keys[] = {{"run.time_limit", "60ms"},
					  {"synthetic.flows", "4"},
					  {"crypto.mode", "model"},
					  {"report.app_sha256", "off"},
					  {NULL, NULL}};
	size_t pending;

	create(keys);
	ck_assert_int_eq(ktlsim_run_until(sim, 20000000000), 0);
	pending = event_pending(sim->events);
	ck_assert_int_eq(ktlsim_run_until(sim, 40000000000), 0);
	ck_assert_uint_lt(event_pending(sim->events), 2 * pending + 100);
	(void)finish(60000000000);
	ck_assert_uint_eq(sim->input.resent, 0);
}
END_TEST

/* Wherever the run is cut, the books balance: finish() asserts it. */
START_TEST(test_feed_run_can_end_at_any_time)
{
	static const struct key keys[] = {{"run.time_limit", "1s"},
					  {"synthetic.flows", "64"},
					  {"host.cpus", "8"},
					  {"crypto.mode", "model"},
					  {NULL, NULL}};

	create(keys);
	(void)finish(2000000000 + (uint64_t)_i * 12345);
}
END_TEST

/* --- determinism ----------------------------------------------------------
 */

static uint64_t
digest_of(const struct key *keys, uint64_t step_ps)
{
	uint64_t digest;

	create(keys);
	for (uint64_t t = step_ps; step_ps > 0 && t < 5000000000; t += step_ps)
		ck_assert_int_eq(ktlsim_run_until(sim, t), 0);
	digest = finish(5000000000)->digest;
	ktlsim_destroy(sim);
	sim = NULL;
	memset(received, 0, sizeof(received));
	return digest;
}

START_TEST(test_feed_digest_depends_on_input_and_seed_alone)
{
	struct key keys[] = {
	    {"synthetic.flows", "5"},
	    {"synthetic.bytes", "400kB"},
	    {"nic.ring", "64"},
	    {"cost.recvmsg", "exponential(1us)"},
	    {"crypto.mode", "real"},
	    {"run.seed", "7"},
	    {NULL, NULL},
	};
	uint64_t digest = digest_of(keys, 0);

	ck_assert_uint_eq(digest_of(keys, 0), digest);
	ck_assert_uint_eq(digest_of(keys, 1234567), digest);
	keys[4].value = "model";
	ck_assert_uint_eq(digest_of(keys, 0), digest);
	keys[5].value = "8";
	ck_assert_uint_ne(digest_of(keys, 0), digest);
}
END_TEST

/* --- configuration --------------------------------------------------------
 */

static const struct refused_row {
	struct key keys[3];
	const char *says;
} refused_rows[] = {
    {{{NULL, NULL}}, "set synthetic.bytes, synthetic.time or run.time_limit"},
    {{{"synthetic.bytes", "1"}, {"run.executor", "threads"}},
     "run.executor=virtual"},
    {{{"synthetic.bytes", "1"}, {"replay.receiver", "client"}},
     "replay.receiver=server"},
    {{{"synthetic.bytes", "1"}, {"replay.receiver", "none"}},
     "replay.receiver=server"},
    {{{"synthetic.bytes", "1"}, {"replay.capture_point", "host"}},
     "replay.capture_point=wire"},
    {{{"synthetic.bytes", "1"}, {"link.rate", "0"}}, "set link.rate"},
    {{{"synthetic.bytes", "1"}, {"synthetic.suite", "TLS_AES_128_CCM_SHA256"}},
     "synthetic.suite: TLS_AES_128_CCM_SHA256 is not"},
};

START_TEST(test_feed_refuses_what_cannot_be)
{
	const struct refused_row *row = &refused_rows[_i];
	struct ktlsim_config *config = ktlsim_config_create();
	struct ktlsim_error error = {0};

	ck_assert_int_eq(
	    ktlsim_config_set(config, "traffic.source", "window", &error), 0);
	for (int i = 0; i < 3 && row->keys[i].key != NULL; i++)
		ck_assert_int_eq(ktlsim_config_set(config, row->keys[i].key,
						   row->keys[i].value, &error),
				 0);
	ck_assert_int_eq(ktlsim_create(&sim, config, &error), EINVAL);
	ck_assert_ptr_null(sim);
	ck_assert_msg(strstr(error.text, row->says) != NULL, "%s", error.text);
	ktlsim_config_destroy(config);
}
END_TEST

Suite *
feed_suite(void)
{
	const struct suite_test tests[] = {
	    {"content", test_feed_delivers_every_byte_of_the_pattern,
	     ROWS(content_rows)},
	    {"large record", test_feed_record_larger_than_the_buffer_resets, 0},
	    {"window", test_feed_window_limited_throughput, ROWS(window_rows)},
	    {"link", test_feed_link_limited_throughput, ROWS(link_rows)},
	    {"worker", test_feed_worker_limited_throughput, 3},
	    {"memory", test_feed_needs_no_memory_in_a_long_run, 0},
	    {"end", test_feed_run_can_end_at_any_time, 20},
	    {"digest", test_feed_digest_depends_on_input_and_seed_alone, 0},
	    {"refused", test_feed_refuses_what_cannot_be, ROWS(refused_rows)},
	};

	return suite_create_table("feed", tests, ROWS(tests), NULL, teardown,
				  60);
}
