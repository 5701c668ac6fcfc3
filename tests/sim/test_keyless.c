/*
 * test_keyless.c - what is known without keys is nearly what is known with
 * them.
 *
 * Every capture with secrets runs twice, with them and without.  Record counts
 * of each direction, and the stages queue and decrypt of each host, must
 * agree: exactly and within 2 % for TLS 1.2; for TLS 1.3, where the border
 * between handshake and data is inferred from lengths, within 3 records.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/support/expect.h"
#include "tests/support/expected.h"
#include "tests/support/replay_run.h"
#include "tests/support/suite_table.h"

enum {
	RECORDS_APART_MAX = 3, /* TLS 1.3 */
	STAGE_APART_PERCENT = 2,
	/* Of the 166 supported rows, and 4 connections without data. */
	DIRECTIONS = 340,
};

Suite *keyless_suite(void);

static struct replay_run keyed, keyless;

static void
setup(void)
{
	memset(&keyed, 0, sizeof(keyed));
	memset(&keyless, 0, sizeof(keyless));
}

static void
teardown(void)
{
	replay_run_fini(&keyed);
	replay_run_fini(&keyless);
}

static void
replay(struct replay_run *run, const struct expected_capture *capture,
       bool with_keys)
{
	const struct replay_input input = {
	    .capture = capture->path,
	    .keylog = with_keys && capture->keylog[0] != '\0' ? capture->keylog
							      : NULL,
	    .keyless = !with_keys,
	};

	replay_run_capture(run, &input);
	ck_assert_msg(run->refused == 0 && !run->damaged && run->finished == 0,
		      "%s: %s", capture->path, run->text);
}

/* Returns the directions compared. */
static int
check_flow(const struct results_flow *with, const struct results_flow *without)
{
	bool tls12 = strcmp(with->tls_version, "1.2") == 0;
	bool data = false;

	for (int d = 0; d < 2; d++) {
		const struct results_direction *a = &with->direction[d];
		const struct results_direction *b = &without->direction[d];

		expect_count("app_sha256 bytes", strlen(b->app_sha256), 0);
		expect_count("undecrypted_records", b->undecrypted_records,
			     b->records);
		expect_near("records", b->records, a->records,
			    tls12 ? 0 : RECORDS_APART_MAX);
		data |= b->records > 0;
	}
	expect_true("has a reason", strcmp(without->keys, "found") != 0 &&
					without->keys[0] != '\0');
	if (data)
		expect_text("timed_from", without->timed_from, "headers");
	if (data && !tls12)
		expect_true("the border is inferred", without->border_inferred);
	return 2;
}

static void
check_quantile(const char *what, uint64_t with_ps, uint64_t without_ps)
{
	expect_near(what, without_ps, with_ps,
		    with_ps * STAGE_APART_PERCENT / 100);
}

static void
check_host(const struct results_host *with, const struct results_host *without)
{
	expect_count("stages", without->stage_count, with->stage_count);
	for (size_t i = 0; i < with->stage_count; i++) {
		const struct results_latency *a = &with->stages[i].latency;
		const struct results_latency *b = &without->stages[i].latency;

		if (with->stages[i].stage == STAGE_QUEUE) {
			check_quantile("queue p50", a->p50_ps, b->p50_ps);
			check_quantile("queue p99", a->p99_ps, b->p99_ps);
		}
		if (with->stages[i].stage == STAGE_DECRYPT) {
			check_quantile("decrypt p50", a->p50_ps, b->p50_ps);
			check_quantile("decrypt p99", a->p99_ps, b->p99_ps);
		}
	}
}

/* Replay one capture both ways; returns the directions compared. */
static int
compare(const struct expected_capture *capture)
{
	int compared = 0;

	replay(&keyed, capture, true);
	replay(&keyless, capture, false);
	expect_place("%s", capture->name);
	expect_count("flows", keyless.results->flow_count,
		     keyed.results->flow_count);
	for (size_t i = 0; i < keyed.results->flow_count; i++) {
		const struct results_flow *with = &keyed.results->flows[i];

		expect_place("%s, flow %zu (TLS %s)", capture->name, i,
			     with->tls_version);
		if (strcmp(with->keys, "found") == 0)
			compared +=
			    check_flow(with, &keyless.results->flows[i]);
	}
	for (size_t i = 0; i < keyed.results->host_count; i++) {
		expect_place("%s, host %zu", capture->name, i);
		check_host(&keyed.results->hosts[i],
			   &keyless.results->hosts[i]);
	}
	return compared;
}

START_TEST(test_keyless_counts_and_times_agree_with_the_keyed_run)
{
	if (!expected_present())
		return;
	(void)compare(&expected_capture[_i]);
}
END_TEST

/* So that the test above cannot pass by comparing nothing. */
START_TEST(test_keyless_compares_every_flow_that_has_keys)
{
	int compared = 0;

	if (!expected_present())
		return;
	for (int i = 0; i < expected_load(); i++) {
		compared += compare(&expected_capture[i]);
		teardown();
	}
	ck_assert_int_eq(compared, DIRECTIONS);
}
END_TEST

Suite *
keyless_suite(void)
{
	const struct suite_test tests[] = {
	    {"counts_and_times_agree_with_the_keyed_run",
	     test_keyless_counts_and_times_agree_with_the_keyed_run,
	     expected_load()},
	    {"compares_every_flow_that_has_keys",
	     test_keyless_compares_every_flow_that_has_keys, 0},
	};

	return suite_create_table("keyless", tests,
				  sizeof(tests) / sizeof(tests[0]), setup,
				  teardown, 60);
}
