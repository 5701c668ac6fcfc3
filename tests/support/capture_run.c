/*
 * capture_run.c - one shared capture through the library, against what
 * independent decryptors found in it.
 *
 * Called by the suites that replay the captures of expected.csv: without a NIC
 * that decrypts (test_replay_captures.c) and with one (test_nic_captures.c).
 * What is expected does not depend on that.
 *
 * Left out: how a capture is read and run, which is replay_run.c.
 */
#include "tests/support/capture_run.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/expect.h"

static void
hash_data(void *arg, uint32_t flow, enum ktlsim_direction direction,
	  const uint8_t *bytes, size_t len)
{
	struct capture_run *run = arg;
	EVP_MD_CTX **context = &run->hash[flow][direction];

	ck_assert_uint_lt(flow, CAPTURE_FLOWS_MAX);
	if (*context == NULL) {
		*context = EVP_MD_CTX_new();
		ck_assert_int_eq(
		    EVP_DigestInit_ex(*context, EVP_sha256(), NULL), 1);
	}
	ck_assert_int_eq(EVP_DigestUpdate(*context, bytes, len), 1);
	run->hashed[flow][direction] += len;
}

/* The hash of what was handed out; "" for nothing, as in the results. */
static void
hash_text(const struct capture_run *run, uint32_t flow, int direction,
	  char text[65])
{
	const EVP_MD_CTX *context = run->hash[flow][direction];
	uint8_t digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *copy;

	text[0] = '\0';
	if (context == NULL)
		return;
	copy = EVP_MD_CTX_new();
	ck_assert_int_eq(EVP_MD_CTX_copy_ex(copy, context), 1);
	ck_assert_int_eq(EVP_DigestFinal_ex(copy, digest, NULL), 1);
	EVP_MD_CTX_free(copy);
	for (int i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

void
capture_run_replay(struct capture_run *run,
		   const struct expected_capture *capture,
		   const struct replay_setting *settings)
{
	const struct replay_input input = {
	    .capture = capture->path,
	    .keylog = capture->keylog[0] != '\0' ? capture->keylog : NULL,
	    .settings = settings,
	    .data_fn = hash_data,
	    .data_arg = run,
	};

	memset(run, 0, sizeof(*run));
	replay_run_capture(&run->replay, &input);
	ck_assert_msg(run->replay.refused == 0 && !run->replay.damaged &&
			  run->replay.finished == 0,
		      "%s: %s", capture->path, run->replay.text);
}

void
capture_run_fini(struct capture_run *run)
{
	for (int i = 0; i < CAPTURE_FLOWS_MAX; i++)
		for (int d = 0; d < 2; d++)
			EVP_MD_CTX_free(run->hash[i][d]);
	replay_run_fini(&run->replay);
	memset(run, 0, sizeof(*run));
}

const struct results_flow *
capture_run_flow(const struct capture_run *run,
		 const struct expected_capture *of,
		 const struct expected_row *row)
{
	const struct results_flow *flow =
	    replay_run_flow(&run->replay, row->client, row->server, row->nth);

	expect_place("%s, %s -> %s (%u), %s", of->name, row->client,
		     row->server, row->nth, row->cipher);
	expect_true("is listed", flow != NULL);
	return flow;
}

/* Every byte, in either direction. */
static void
check_taken_over(const struct capture_run *run, const struct expected_row *row,
		 const struct results_flow *flow)
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
		hash_text(run, flow->id, d, handed_out);
		expect_count("bytes handed out", run->hashed[flow->id][d],
			     row->bytes[d]);
		expect_text("their hash", handed_out, row->sha256[d]);
	}
}

/*
 * Any other: listed with the reason, nothing decrypted, and timed from its
 * record headers where the modelled engine could read them (TLS 1.2 and 1.3).
 */
static void
check_other(const struct capture_run *run, const struct expected_row *row,
	    const struct results_flow *flow)
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
		expect_count("bytes handed out", run->hashed[flow->id][d], 0);
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

void
capture_run_check_row(const struct capture_run *run,
		      const struct expected_capture *capture,
		      const struct expected_row *row, bool taken_over)
{
	const struct results_flow *flow = capture_run_flow(run, capture, row);

	if (taken_over)
		check_taken_over(run, row, flow);
	else if (strcmp(flow->keys, "found") == 0)
		check_no_data(flow);
	else
		check_other(run, row, flow);
	if (strcmp(row->status, "no-appdata") == 0)
		check_no_data(flow);
}

void
capture_run_check_books(const struct capture_run *run,
			const struct expected_capture *capture)
{
	const struct results *results = run->replay.results;

	expect_place("%s", capture->name);
	expect_count("failed invariants", results->failure_count, 0);
	for (size_t i = 0; i < results->host_count; i++) {
		const struct results_conservation *books =
		    &results->hosts[i].conservation;

		expect_true("is balanced", books->balanced);
		expect_count("queued", books->queued, 0);
	}
}

void
capture_run_check(const struct capture_run *run,
		  const struct expected_capture *capture)
{
	for (int i = 0; i < capture->rows; i++) {
		const struct expected_row *row =
		    &expected_row[capture->first + i];

		capture_run_check_row(run, capture, row, row->supported);
	}
	capture_run_check_books(run, capture);
}
