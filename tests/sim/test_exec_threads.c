/*
 * test_exec_threads.c - real threads deliver what virtual time delivers.
 *
 * Each capture runs under both executors, and every count that does not depend
 * on time must be equal, flow by flow; expected.csv then says that it is right.
 * The bundled capture runs without KTLSIM_CAPTURES, too.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/expect.h"
#include "tests/support/expected.h"
#include "tests/support/replay_run.h"
#include "tests/support/suite_table.h"

Suite *exec_threads_suite(void);

#define BUNDLED "traces/data/tls13-download"

static struct replay_run virtual_run, threads_run;

static void
setup(void)
{
	memset(&virtual_run, 0, sizeof(virtual_run));
	memset(&threads_run, 0, sizeof(threads_run));
}

static void
teardown(void)
{
	replay_run_fini(&virtual_run);
	replay_run_fini(&threads_run);
}

static void
replay(struct replay_run *run, const char *capture, const char *keylog,
       const struct replay_setting *settings)
{
	const struct replay_input input = {
	    .capture = capture, .keylog = keylog, .settings = settings};

	replay_run_capture(run, &input);
	ck_assert_msg(run->refused == 0 && run->finished == 0, "%s: %s",
		      capture, run->text);
}

/* The same capture in virtual time and on threads. */
static void
replay_both(const char *capture, const char *keylog,
	    struct replay_setting *settings)
{
	settings[0] = (struct replay_setting){"run.executor", "virtual"};
	replay(&virtual_run, capture, keylog, settings);
	settings[0].value = "threads";
	replay(&threads_run, capture, keylog, settings);
}

static void
compare_direction(const struct results_direction *v,
		  const struct results_direction *t)
{
	expect_count("segments", t->segments, v->segments);
	expect_count("records", t->records, v->records);
	expect_count("app_records", t->app_records, v->app_records);
	expect_count("app_bytes", t->app_bytes, v->app_bytes);
	expect_text("app_sha256", t->app_sha256, v->app_sha256);
	expect_count("early_records", t->early_records, v->early_records);
	expect_count("handshake_records", t->handshake_records,
		     v->handshake_records);
	expect_count("alerts", t->alerts, v->alerts);
	expect_count("errors", t->errors, v->errors);
	expect_count("undecrypted", t->undecrypted_records,
		     v->undecrypted_records);
	expect_count("holes", t->holes, v->holes);
	expect_count("latencies", t->latency.count, v->latency.count);
	expect_text("error", t->error, v->error);
}

static void
compare_flows(const char *capture)
{
	expect_place("%s", capture);
	expect_count("flows", threads_run.results->flow_count,
		     virtual_run.results->flow_count);
	for (size_t i = 0; i < virtual_run.results->flow_count; i++) {
		const struct results_flow *v = &virtual_run.results->flows[i];
		const struct results_flow *t = &threads_run.results->flows[i];

		expect_place("%s, %s -> %s", capture, v->client, v->server);
		expect_text("version", t->tls_version, v->tls_version);
		expect_text("suite", t->cipher_suite, v->cipher_suite);
		expect_text("keys", t->keys, v->keys);
		expect_text("timed_from", t->timed_from, v->timed_from);
		expect_count("key_updates", t->key_updates, v->key_updates);
		for (int d = 0; d < 2; d++)
			compare_direction(&v->direction[d], &t->direction[d]);
	}
}

/* What each decryptor counted, of the flows whose suite is supported. */
static void
compare_expected(const struct expected_capture *capture)
{
	for (int i = 0; i < capture->rows; i++) {
		const struct expected_row *row =
		    &expected_row[capture->first + i];
		const struct results_flow *flow = replay_run_flow(
		    &threads_run, row->client, row->server, row->nth);

		expect_place("%s, %s -> %s", capture->name, row->client,
			     row->server);
		expect_true("is listed", flow != NULL);
		for (int d = 0; row->supported && d < 2; d++) {
			expect_count("app_records",
				     flow->direction[d].app_records,
				     row->records[d]);
			expect_count("app_bytes", flow->direction[d].app_bytes,
				     row->bytes[d]);
			expect_text("app_sha256", flow->direction[d].app_sha256,
				    row->sha256[d]);
		}
	}
}

START_TEST(test_exec_threads_equals_virtual_time_for_every_capture)
{
	const struct expected_capture *capture = &expected_capture[_i];
	struct replay_setting settings[] = {{NULL, NULL}, {NULL, NULL}};

	if (!expected_present())
		return;
	replay_both(capture->path,
		    capture->keylog[0] != '\0' ? capture->keylog : NULL,
		    settings);
	compare_flows(capture->name);
	compare_expected(capture);
}
END_TEST

/* One key each; the last row waits for every single byte. */
static const struct replay_setting variants[] = {
    {"run.readers", "1"},	   {"run.readers", "4"},
    {"ktls.workers", "1"},	   {"ktls.workers", "3"},
    {"ktls.bind", "cpu"},	   {"replay.receiver", "none"},
    {"replay.receiver", "client"}, {"replay.receiver", "server"},
    {"crypto.mode", "model"},	   {"app.read_size", "100B"},
    {"report.app_sha256", "off"},  {"run.backlog", "0"},
    {"ktls.budget", "1"},	   {"ktls.wake_every", "1"},
    {"replay.checksum", "ignore"}, {"run.backlog", "1B"},
};

enum { VARIANTS = sizeof(variants) / sizeof(variants[0]) };

START_TEST(test_exec_threads_equals_virtual_time_whatever_the_settings)
{
	struct replay_setting settings[] = {
	    {NULL, NULL}, variants[_i], {NULL, NULL}};

	replay_both(BUNDLED ".pcap", BUNDLED ".keys", settings);
	compare_flows(variants[_i].key);
}
END_TEST

/* Books, notes and digest of a run on threads say what it is. */
START_TEST(test_exec_threads_reports_itself)
{
	struct replay_setting settings[] = {{NULL, NULL}, {NULL, NULL}};
	const struct results_host *client;
	const struct results *results;

	replay_both(BUNDLED ".pcap", BUNDLED ".keys", settings);
	results = threads_run.results;
	ck_assert_uint_eq(results->digest, 0);
	ck_assert_uint_ne(virtual_run.results->digest, 0);
	ck_assert_uint_eq(results->failure_count, 0);
	ck_assert_ptr_nonnull(strstr(threads_run.json, "times are real"));
	ck_assert_ptr_null(strstr(virtual_run.json, "times are real"));
	client = &results->hosts[0];
	ck_assert(client->conservation.balanced);
	ck_assert_uint_eq(client->conservation.queued, 0);
	ck_assert_uint_eq(client->cpu_count, 0);
	ck_assert_uint_eq(client->lock_count, 0);
	ck_assert_uint_eq(client->split.records_none, 34);
	ck_assert_uint_eq(client->stages[STAGE_TOTAL].latency.count, 34);
	ck_assert_uint_eq(client->stages[STAGE_NIC].latency.max_ps, 0);
	ck_assert_uint_gt(client->stages[STAGE_DECRYPT].latency.min_ps, 0);
	ck_assert_uint_gt(client->wakeups_useful, 0);
	ck_assert(client->goodput_gbps > 0);
}
END_TEST

START_TEST(test_exec_threads_may_be_destroyed_at_once)
{
	struct ktlsim_config *config = ktlsim_config_create();
	struct ktlsim *sim;

	ck_assert_int_eq(
	    ktlsim_config_set(config, "run.executor", "threads", NULL), 0);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(ktlsim_create(&sim, config, NULL), 0);
		ck_assert_uint_eq(ktlsim_next_time(sim), KTLSIM_NEVER);
		ktlsim_destroy(sim);
	}
	ktlsim_config_destroy(config);
}
END_TEST

Suite *
exec_threads_suite(void)
{
	int captures = expected_load();
	const struct suite_test tests[] = {
	    {"equals_virtual_time_for_every_capture",
	     test_exec_threads_equals_virtual_time_for_every_capture, captures},
	    {"equals_virtual_time_whatever_the_settings",
	     test_exec_threads_equals_virtual_time_whatever_the_settings,
	     VARIANTS},
	    {"reports_itself", test_exec_threads_reports_itself, 0},
	    {"may_be_destroyed_at_once",
	     test_exec_threads_may_be_destroyed_at_once, 0},
	};

	return suite_create_table("exec_threads", tests,
				  sizeof(tests) / sizeof(tests[0]), setup,
				  teardown, 120);
}
