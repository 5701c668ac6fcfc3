/*
 * test_replay_captures.c - whole captures against independent decryptors, and
 * against what the applications sent.
 *
 * One row of the loop per capture that expected.csv names.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/capture_run.h"
#include "tests/support/expect.h"
#include "tests/support/suite_table.h"

enum {
	/* Rows of expected.csv, and those whose suite KTLS takes over. */
	ROWS = 220,
	SUPPORTED_ROWS = 166,
	LINUX_ONLY_ROWS = 9,
};

Suite *replay_captures_suite(void);

static struct capture_run run;

static void
setup(void)
{
	memset(&run, 0, sizeof(run));
}

static void
teardown(void)
{
	capture_run_fini(&run);
}

START_TEST(test_replay_captures_equals_independent_decryptors)
{
	const struct expected_capture *capture = &expected_capture[_i];

	if (!expected_present())
		return;
	capture_run_replay(&run, capture, NULL);
	capture_run_check(&run, capture);
}
END_TEST

/* Linux takes AES-128-CCM over, which FreeBSD does not, and no CBC. */
START_TEST(test_replay_captures_takes_the_suites_of_linux)
{
	static const struct replay_setting settings[] = {
	    {"engine.suites", "linux"}, {NULL, NULL}};
	const struct expected_capture *capture = &expected_capture[_i];
	const struct expected_row *row = &expected_row[capture->first];

	if (!expected_present() || capture->rows != 1 ||
	    (!row->linux_only && strstr(row->cipher, "_CBC_") == NULL))
		return;
	capture_run_replay(&run, capture, settings);
	capture_run_check_row(&run, capture, row, row->linux_only);
	capture_run_check_books(&run, capture);
}
END_TEST

/* So that the test above cannot pass by reading nothing. */
START_TEST(test_replay_captures_reads_every_row)
{
	int rows = 0, supported = 0, linux_only = 0;

	if (!expected_present())
		return;
	for (int i = 0; i < expected_load(); i++)
		rows += expected_capture[i].rows;
	for (int i = 0; i < rows; i++) {
		supported += expected_row[i].supported;
		linux_only += expected_row[i].linux_only;
	}
	ck_assert_int_eq(rows, ROWS);
	ck_assert_int_eq(supported, SUPPORTED_ROWS);
	ck_assert_int_eq(linux_only, LINUX_ONLY_ROWS);
}
END_TEST

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	ck_assert_msg(text != NULL, "plaintext.json lacks %s", key);
	return text;
}

static bool
has_port(const json_t *endpoint, const char *text)
{
	json_int_t port = json_integer_value(json_array_get(endpoint, 1));
	const char *colon = strrchr(text, ':');

	return colon != NULL && atoll(colon + 1) == port;
}

/* The bytes that one end of a flow says it sent. */
static void
check_sent(const struct results_flow *flow, const json_t *ends, int direction,
	   const char *own_end)
{
	const struct results_direction *dir = &flow->direction[direction];
	const json_t *end;
	size_t i;
	json_int_t sent;

	json_array_foreach(ends, i, end)
	{
		if (!has_port(json_object_get(end, own_end), flow->client))
			continue;
		sent = json_integer_value(json_object_get(end, "sent"));
		expect_count("app_bytes", dir->app_bytes, (uint64_t)sent);
		if (sent > 0)
			expect_text("app_sha256", dir->app_sha256,
				    text_of(end, "sent_sha"));
		return;
	}
	expect_true("is in plaintext.json", false);
}

/* The clients' ports tell the flows apart, at either end. */
START_TEST(test_replay_captures_delivers_what_the_applications_sent)
{
	const struct expected_capture *capture = &expected_capture[_i];
	char path[EXPECTED_PATH_BYTES];
	json_t *sent;

	if (!expected_present() || strcmp(capture->set, "own") != 0)
		return;
	snprintf(path, sizeof(path), "%s", capture->path);
	strcpy(strrchr(path, '/') + 1, "plaintext.json");
	sent = json_load_file(path, 0, NULL);
	if (sent == NULL)
		return; /* made by programs that keep no account */
	capture_run_replay(&run, capture, NULL);
	for (size_t i = 0; i < run.replay.results->flow_count; i++) {
		const struct results_flow *flow = &run.replay.results->flows[i];

		expect_place("%s, flow %zu", capture->name, i);
		if (strcmp(flow->keys, "found") != 0)
			continue;
		check_sent(flow, json_object_get(sent, "client"), 0, "local");
		check_sent(flow, json_object_get(sent, "server"), 1, "peer");
	}
	json_decref(sent);
}
END_TEST

Suite *
replay_captures_suite(void)
{
	int captures = expected_load();
	const struct suite_test tests[] = {
	    {"equals_independent_decryptors",
	     test_replay_captures_equals_independent_decryptors, captures},
	    {"takes_the_suites_of_linux",
	     test_replay_captures_takes_the_suites_of_linux, captures},
	    {"reads_every_row", test_replay_captures_reads_every_row, 0},
	    {"delivers_what_the_applications_sent",
	     test_replay_captures_delivers_what_the_applications_sent,
	     captures},
	};

	return suite_create_table("replay_captures", tests,
				  sizeof(tests) / sizeof(tests[0]), setup,
				  teardown, 60);
}
