/*
 * test_replay_captures.c - whole captures against independent decryptors, and
 * against what the applications sent.
 *
 * One row of the loop per capture that expected.csv names.  The bytes are
 * hashed twice: by the library, and here from what ktlsim_on_data hands out.
 */
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/expect.h"
#include "tests/support/expected.h"
#include "tests/support/replay_run.h"
#include "tests/support/suite_table.h"

enum {
	FLOWS_MAX = 128,
	/* Rows of expected.csv, and those whose suite KTLS takes over. */
	ROWS = 220,
	SUPPORTED_ROWS = 166,
	LINUX_ONLY_ROWS = 9,
};

Suite *replay_captures_suite(void);

static struct replay_run run;

/* What ktlsim_on_data handed out, by flow and direction. */
static EVP_MD_CTX *hash[FLOWS_MAX][2];
static uint64_t hashed[FLOWS_MAX][2];

static void
setup(void)
{
	memset(hash, 0, sizeof(hash));
	memset(hashed, 0, sizeof(hashed));
	memset(&run, 0, sizeof(run));
}

static void
teardown(void)
{
	for (int i = 0; i < FLOWS_MAX; i++)
		for (int d = 0; d < 2; d++)
			EVP_MD_CTX_free(hash[i][d]);
	replay_run_fini(&run);
}

static void
hash_data(void *arg, uint32_t flow, enum ktlsim_direction direction,
	  const uint8_t *bytes, size_t len)
{
	EVP_MD_CTX **context = &hash[flow][direction];

	(void)arg;
	ck_assert_uint_lt(flow, FLOWS_MAX);
	if (*context == NULL) {
		*context = EVP_MD_CTX_new();
		ck_assert_int_eq(
		    EVP_DigestInit_ex(*context, EVP_sha256(), NULL), 1);
	}
	ck_assert_int_eq(EVP_DigestUpdate(*context, bytes, len), 1);
	hashed[flow][direction] += len;
}

/* The hash of what was handed out; "" for nothing, as in the results. */
static void
hash_text(uint32_t flow, int direction, char text[65])
{
	uint8_t digest[EVP_MAX_MD_SIZE];

	text[0] = '\0';
	if (hash[flow][direction] == NULL)
		return;
	ck_assert_int_eq(
	    EVP_DigestFinal_ex(hash[flow][direction], digest, NULL), 1);
	for (int i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

static void
replay_with(const struct expected_capture *capture,
	    const struct replay_setting *settings)
{
	const struct replay_input input = {
	    .capture = capture->path,
	    .keylog = capture->keylog[0] != '\0' ? capture->keylog : NULL,
	    .settings = settings,
	    .data_fn = hash_data,
	};

	replay_run_capture(&run, &input);
	ck_assert_msg(run.refused == 0 && !run.damaged && run.finished == 0,
		      "%s: %s", capture->path, run.text);
}

static void
replay(const struct expected_capture *capture)
{
	replay_with(capture, NULL);
}

/* A suite that KTLS takes over: every byte, in either direction. */
static void
check_supported(const struct expected_row *row, const struct results_flow *flow)
{
	char handed_out[65];

	expect_text("keys", flow->keys, "found");
	expect_text("timed_from", flow->timed_from, "keys");
	expect_text("version", flow->tls_version, row->version + 3);
	expect_text("suite", flow->cipher_suite, row->cipher);
	for (int d = 0; d < 2; d++) {
		const struct results_direction *dir = &flow->direction[d];

		expect_count("app_records", dir->app_records, row->records[d]);
		expect_count("app_bytes", dir->app_bytes, row->bytes[d]);
		expect_text("app_sha256", dir->app_sha256, row->sha256[d]);
		expect_count("errors", dir->errors, 0);
		hash_text(flow->id, d, handed_out);
		expect_count("bytes handed out", hashed[flow->id][d],
			     row->bytes[d]);
		expect_text("their hash", handed_out, row->sha256[d]);
	}
}

/*
 * Any other: listed with the reason, nothing decrypted, and timed from its
 * record headers where the modelled engine could read them (TLS 1.2 and 1.3).
 */
static void
check_other(const struct expected_row *row, const struct results_flow *flow)
{
	bool tls12 = strcmp(row->version, "TLS1.2") == 0;
	bool tls13 = strcmp(row->version, "TLS1.3") == 0;
	bool data = strcmp(row->status, "no-appdata") != 0;

	expect_true("has a reason", flow->keys[0] != '\0');
	expect_true("was not decrypted", strcmp(flow->keys, "found") != 0);
	expect_text("timed_from", flow->timed_from,
		    data && (tls12 || tls13) ? "assumed" : "");
	for (int d = 0; d < 2; d++) {
		const struct results_direction *dir = &flow->direction[d];

		expect_text("app_sha256", dir->app_sha256, "");
		expect_count("bytes handed out", hashed[flow->id][d], 0);
		expect_count("errors", dir->errors, 0);
		/* TLS 1.2 shows which records hold application data. */
		if (data && tls12)
			expect_count("app_records", dir->app_records,
				     row->records[d]);
	}
}

static void
check_no_data(const struct results_flow *flow)
{
	for (int d = 0; d < 2; d++)
		expect_count("app_bytes", flow->direction[d].app_bytes, 0);
}

static void
check_row(const struct expected_capture *capture,
	  const struct expected_row *row)
{
	const struct results_flow *flow =
	    replay_run_flow(&run, row->client, row->server, row->nth);

	expect_place("%s, %s -> %s (%u), %s", capture->name, row->client,
		     row->server, row->nth, row->cipher);
	expect_true("is listed", flow != NULL);
	if (row->supported)
		check_supported(row, flow);
	else if (strcmp(flow->keys, "found") == 0)
		check_no_data(flow);
	else
		check_other(row, flow);
	if (strcmp(row->status, "no-appdata") == 0)
		check_no_data(flow);
}

/* Everything that was captured is accounted for, on both hosts. */
static void
check_books(const struct expected_capture *capture)
{
	expect_place("%s", capture->name);
	expect_count("failed invariants", run.results->failure_count, 0);
	for (size_t i = 0; i < run.results->host_count; i++) {
		const struct results_conservation *books =
		    &run.results->hosts[i].conservation;

		expect_true("is balanced", books->balanced);
		expect_count("queued", books->queued, 0);
	}
}

START_TEST(test_replay_captures_equals_independent_decryptors)
{
	const struct expected_capture *capture = &expected_capture[_i];

	if (!expected_present())
		return;
	replay(capture);
	for (int i = 0; i < capture->rows; i++)
		check_row(capture, &expected_row[capture->first + i]);
	check_books(capture);
}
END_TEST

/* Linux takes AES-128-CCM over, which FreeBSD does not, and no CBC. */
START_TEST(test_replay_captures_takes_the_suites_of_linux)
{
	static const struct replay_setting settings[] = {
	    {"engine.suites", "linux"}, {NULL, NULL}};
	const struct expected_capture *capture = &expected_capture[_i];
	const struct expected_row *row = &expected_row[capture->first];
	const struct results_flow *flow;

	if (!expected_present() || capture->rows != 1 ||
	    (!row->linux_only && strstr(row->cipher, "_CBC_") == NULL))
		return;
	replay_with(capture, settings);
	flow = replay_run_flow(&run, row->client, row->server, row->nth);
	expect_place("%s, %s", capture->name, row->cipher);
	expect_true("is listed", flow != NULL);
	if (row->linux_only)
		check_supported(row, flow);
	else
		check_other(row, flow);
	check_books(capture);
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
	replay(capture);
	for (size_t i = 0; i < run.results->flow_count; i++) {
		const struct results_flow *flow = &run.results->flows[i];

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
