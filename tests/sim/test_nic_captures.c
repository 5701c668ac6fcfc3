/*
 * test_nic_captures.c - whole captures through a NIC that decrypts, against
 * independent decryptors.
 *
 * What the application gets must not depend on what the NIC does: with inline
 * TLS every capture gives what it gives without (test_replay_captures.c), which
 * is what tshark found in it.  So for each resync protocol, on a good link, on
 * a link that loses, delays and doubles segments, and with a context cache of
 * one entry.
 *
 * Only AES-GCM of TLS 1.2 and 1.3 has contexts; sessions of other suites say
 * why they have none, and are otherwise the same.
 *
 * Large captures, and all of them on the bad link, take one protocol each in
 * turn; with KTLSIM_NIC_CAPTURES=all every one takes all of them, on the bad
 * link with three seeds.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "nicmodel/nic_resync.h"
#include "sim/ktlsim_internal.h"
#include "tests/support/capture_run.h"
#include "tests/support/expect.h"
#include "tests/support/suite_table.h"

enum {
	PROTOCOLS = 4,
	SEEDS = 3,
	OWN_GCM_ROWS = 121, /* of expected.csv, both directions keyed */
	LARGE_BYTES = 100000,
	LEAST = 100, /* of whatever a bad link brings about */
};

Suite *nic_captures_suite(void);

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

/* How the link is: loss in bursts as well, and damage that is seen. */
struct weather {
	const char *loss, *bursts, *reorder, *duplicate, *corrupt;
};

static const struct weather good = {"0", "0", "0", "0", "0"};
static const struct weather bad = {"0.03", "0.01", "0.05", "0.05", "0.01"};

static void
replay(const struct expected_capture *capture, unsigned protocol,
       const struct weather *link, const char *seed)
{
	bool rough = link != &good;
	const struct replay_setting settings[] = {
	    {"nic.tls", "on"},
	    {"nic.profile", "ideal"},
	    {"nic.resync", nic_resync_at(protocol)->name},
	    {"nic.tls_cache", rough ? "1" : "0"},
	    {"cost.firmware_command", "1us"},
	    {"run.seed", seed},
	    {"link.loss", link->loss},
	    {"link.ge_p", link->bursts},
	    {"link.reorder", link->reorder},
	    {"link.reorder_delay", "exponential(50us)"},
	    {"link.duplicate", link->duplicate},
	    {"link.corrupt", link->corrupt},
	    {NULL, NULL},
	};

	capture_run_replay(&run, capture, settings);
}

/* Why a session has no context; NULL: it has one. */
static const char *
refusal(const struct results_flow *flow)
{
	if (strcmp(flow->timed_from, "assumed") == 0)
		return "the cipher suite is a guess";
	if (strstr(flow->cipher_suite, "_AES_") == NULL ||
	    strstr(flow->cipher_suite, "_GCM_") == NULL)
		return "the cipher is not AES-GCM";
	return NULL;
}

/* A session without a context is as if there were no such NIC. */
static void
check_context(const struct results_flow *flow,
	      const struct results_offload *offload)
{
	const char *reason = refusal(flow);

	if (!offload->present)
		return;
	if (reason == NULL) {
		expect_true("was taken", offload->reason == NULL);
		return;
	}
	expect_text("state", offload->state, "refused");
	expect_text("reason", offload->reason, reason);
	expect_count("installs", offload->installs, 0);
	expect_count("marked bytes", offload->split.bytes_marked, 0);
}

static uint64_t
counter(const char *name)
{
	uint64_t sum = 0;

	for (size_t h = 0; h < run.replay.results->host_count; h++) {
		const struct results_host *host = &run.replay.results->hosts[h];

		for (size_t i = 0; i < host->counter_count; i++)
			if (strcmp(host->counters[i].name, name) == 0)
				sum += host->counters[i].value;
	}
	return sum;
}

/*
 * Plaintext, contexts, and the confirmed record numbers: no capture is damaged
 * inside, so that a wrong tag is a wrong number or an old key.
 */
static void
check_run(const struct expected_capture *capture)
{
	const struct results *results = run.replay.results;
	bool rekeyed = false;

	capture_run_check(&run, capture);
	for (size_t i = 0; i < results->flow_count; i++) {
		const struct results_flow *flow = &results->flows[i];

		expect_place("%s, flow %zu, %s", capture->name, i,
			     flow->cipher_suite);
		for (int d = 0; d < 2; d++)
			check_context(flow, &flow->direction[d].offload);
		rekeyed |= flow->key_updates > 0 || flow->renegotiations > 0;
	}
	expect_place("%s", capture->name);
	if (!rekeyed)
		expect_count("wrong tags", counter("ctx_tag_failures"), 0);
}

static bool
all_wanted(void)
{
	const char *wanted = getenv("KTLSIM_NIC_CAPTURES");

	return wanted != NULL && strcmp(wanted, "all") == 0;
}

static bool
is_large(const struct expected_capture *capture)
{
	struct stat file;

	ck_assert_int_eq(stat(capture->path, &file), 0);
	return file.st_size > LARGE_BYTES;
}

START_TEST(test_nic_captures_give_the_same_plaintext)
{
	const struct expected_capture *capture =
	    &expected_capture[_i / PROTOCOLS];

	if (!expected_present() ||
	    (!all_wanted() && is_large(capture) &&
	     _i / PROTOCOLS % PROTOCOLS != _i % PROTOCOLS))
		return;
	replay(capture, (unsigned)_i % PROTOCOLS, &good, "1");
	check_run(capture);
}
END_TEST

/* Rows behind the first ones are with all_wanted. */
START_TEST(test_nic_captures_survive_a_bad_link_and_a_small_cache)
{
	static const char *const seeds[SEEDS] = {"1", "2", "3"};
	const int captures = expected_load();
	const struct expected_capture *capture = expected_capture;

	if (!expected_present())
		return;
	capture += _i % captures;
	replay(capture, (unsigned)(_i % captures + _i / captures) % PROTOCOLS,
	       &bad, seeds[_i / captures / PROTOCOLS]);
	check_run(capture);
}
END_TEST

/* What the NIC did, over many runs. */
struct sums {
	uint64_t gcm_rows, installed_rows; /* of expected.csv, with data */
	uint64_t full, partial, none, answers, evictions, lost;
};

static void
add_rows(struct sums *sums, const struct expected_capture *capture)
{
	for (int i = 0; i < capture->rows; i++) {
		const struct expected_row *row =
		    &expected_row[capture->first + i];
		const struct results_flow *flow =
		    capture_run_flow(&run, capture, row);

		if (!row->supported || refusal(flow) != NULL)
			continue;
		sums->gcm_rows++;
		sums->installed_rows +=
		    flow->direction[0].offload.installs > 0 &&
		    flow->direction[1].offload.installs > 0;
	}
}

static void
add_run(struct sums *sums, const struct expected_capture *capture)
{
	const struct results *results = run.replay.results;

	add_rows(sums, capture);
	for (size_t i = 0; i < results->host_count; i++) {
		const struct results_split *split = &results->hosts[i].split;

		sums->full += split->records_full;
		sums->partial += split->records_partial;
		sums->none += split->records_none;
	}
	sums->answers +=
	    counter("ctx_answers_taken") + counter("ctx_hints_taken");
	sums->evictions += counter("ctx_cache_evictions");
	sums->lost += counter("link_lost") + counter("link_lost_burst");
}

/* So that none of the above holds because no NIC was there. */
START_TEST(test_nic_captures_have_contexts_and_lose_sync)
{
	struct sums sums = {0};
	int captures = expected_load();

	if (!expected_present())
		return;
	for (int i = 0; i < captures; i++) {
		if (strcmp(expected_capture[i].set, "own") != 0)
			continue;
		replay(&expected_capture[i], (unsigned)i % PROTOCOLS, &bad,
		       "7");
		add_run(&sums, &expected_capture[i]);
		capture_run_fini(&run);
	}
	expect_place("captures of our own");
	expect_count("rows with AES-GCM", sums.gcm_rows, OWN_GCM_ROWS);
	expect_count("of them, with contexts", sums.installed_rows,
		     OWN_GCM_ROWS);
	expect_true("records decrypted by the NIC", sums.full >= LEAST);
	expect_true("mixed records", sums.partial >= LEAST);
	expect_true("records left to software", sums.none >= LEAST);
	expect_true("resyncs", sums.answers >= LEAST);
	expect_true("evictions", sums.evictions >= LEAST);
	expect_true("lost segments", sums.lost >= LEAST);
}
END_TEST

Suite *
nic_captures_suite(void)
{
	int captures = expected_load();
	const struct suite_test tests[] = {
	    {"same", test_nic_captures_give_the_same_plaintext,
	     captures * PROTOCOLS},
	    {"bad_link", test_nic_captures_survive_a_bad_link_and_a_small_cache,
	     captures * (all_wanted() ? PROTOCOLS * SEEDS : 1)},
	    {"contexts", test_nic_captures_have_contexts_and_lose_sync, 0},
	};

	return suite_create_table("nic_captures", tests,
				  sizeof(tests) / sizeof(tests[0]), setup,
				  teardown, 60);
}
