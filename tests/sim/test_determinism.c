/*
 * test_determinism.c - the same input gives the same results: twice, through
 * library and program, in one call or in many, and by every compiler.
 *
 * The bundled capture is always there; more captures are used where
 * KTLSIM_CAPTURES names their folder.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/command.h"
#include "tests/support/expect.h"
#include "tests/support/replay_run.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define BUNDLED	    "traces/data/tls13-download"

enum { PATH_BYTES = 1024, SETTINGS_MAX = 7 };

/*
 * The digest of the bundled capture with its key log and the defaults.  It is
 * the same for gcc and clang, -O0 and -O3, with and without sanitizers: this
 * test runs in each build.  To renew it, where a change of the model means to
 * change results: run `make test T=determinism`, take the number that it
 * prints, and name the change in CHANGELOG under "Results change".
 */
static const uint64_t bundled_digest = UINT64_C(0x399fb84a9e34da7d);

Suite *determinism_suite(void);

static struct replay_run run, other;
static struct command command, again;

static void
setup(void)
{
	memset(&run, 0, sizeof(run));
	memset(&other, 0, sizeof(other));
	memset(&command, 0, sizeof(command));
	memset(&again, 0, sizeof(again));
}

static void
teardown(void)
{
	replay_run_fini(&run);
	replay_run_fini(&other);
	command_fini(&command);
	command_fini(&again);
}

/* name: a folder of $KTLSIM_CAPTURES/own, or NULL for the bundled capture. */
static void
replay(struct replay_run *to, const char *name,
       const struct replay_setting *settings, bool stepwise)
{
	char capture[PATH_BYTES], keylog[PATH_BYTES];
	const struct replay_input input = {
	    .capture = capture,
	    .keylog = keylog,
	    .settings = settings,
	    .stepwise = stepwise,
	};
	const char *folder = getenv("KTLSIM_CAPTURES");

	if (name == NULL) {
		strcpy(capture, BUNDLED ".pcap");
		strcpy(keylog, BUNDLED ".keys");
	} else {
		snprintf(capture, PATH_BYTES, "%s/own/%s/capture.pcap", folder,
			 name);
		snprintf(keylog, PATH_BYTES, "%s/own/%s/keys.txt", folder,
			 name);
	}
	replay_run_capture(to, &input);
	ck_assert_msg(to->refused == 0 && !to->damaged, "%s: %s", capture,
		      to->text);
	ck_assert_msg(to->finished == 0, "%s: %s", capture, to->text);
}

/* Whether the row's capture is there; NULL is the bundled one. */
static bool
present(const char *name)
{
	if (name == NULL || getenv("KTLSIM_CAPTURES") != NULL)
		return true;
	fprintf(stderr, "skipped: capture %s (KTLSIM_CAPTURES is not set)\n",
		name);
	return false;
}

START_TEST(test_determinism_digest_of_the_bundled_capture_is_pinned)
{
	replay(&run, NULL, NULL, false);
	ck_assert_msg(run.results->digest == bundled_digest,
		      "the digest is 0x%016" PRIx64, run.results->digest);
}
END_TEST

/* Loss, reordering, many flows, resumption, either version. */
static const char *const captures[] = {
    NULL,
    "t-tls12-parallel8-loss2",
    "t-tls13-dup5-500K",
    "v-tls12-resume-ticket-x4",
    "v-tls13-resume-psk-x4",
    "v-ossl-tls13-keyupdate",
    "v-ossl-tls13-0rtt",
};

START_TEST(test_determinism_same_capture_twice_gives_the_same_text)
{
	const char *name = captures[_i];

	if (!present(name))
		return;
	replay(&run, name, NULL, false);
	replay(&other, name, NULL, false);
	ck_assert_str_eq(run.json, other.json);
}
END_TEST

START_TEST(test_determinism_of_one_call_and_of_one_per_event_time)
{
	const char *name = captures[_i];

	if (!present(name))
		return;
	replay(&run, name, NULL, false);
	replay(&other, name, NULL, true);
	ck_assert_str_eq(run.json, other.json);
}
END_TEST

/* Take the fields of the wall clock out of a document, in place. */
static void
drop_wall_clock(char *json)
{
	static const char *const fields[] = {"\"wall_s\": ",
					     "\"events_per_s\": "};

	for (int i = 0; i < ROWS(fields); i++) {
		char *at = strstr(json, fields[i]);
		size_t value;

		ck_assert_ptr_nonnull(at);
		at += strlen(fields[i]);
		value = strcspn(at, ",\n");
		memmove(at, at + value, strlen(at + value) + 1);
	}
}

START_TEST(test_determinism_program_and_library_print_the_same)
{
	static const char *const arguments[] = {"replay",   BUNDLED ".pcap",
						"--keylog", BUNDLED ".keys",
						"--json",   "-",
						NULL};

	if (!command_present())
		return;
	command_run(&command, arguments, NULL);
	command_run(&again, arguments, NULL);
	replay(&run, NULL, NULL, false);
	ck_assert_int_eq(command.status, 0);
	ck_assert_str_eq(command.err, "");
	drop_wall_clock(command.out);
	drop_wall_clock(again.out);
	drop_wall_clock(run.json);
	ck_assert_str_eq(command.out, again.out);
	ck_assert_str_eq(command.out, run.json);
}
END_TEST

/* Another seed draws other prices, and only where prices are drawn. */
static const struct replay_setting drawn[][SETTINGS_MAX] = {
    {{"app.think_time", "exponential(10us)"}, {"run.seed", "1"}},
    {{"app.think_time", "exponential(10us)"}, {"run.seed", "2"}},
};

START_TEST(test_determinism_seed_decides_where_something_is_random)
{
	replay(&run, NULL, drawn[0], false);
	replay(&other, NULL, drawn[1], false);
	ck_assert_uint_ne(run.results->digest, other.results->digest);
	replay_run_fini(&other);
	replay(&other, NULL, drawn[0], false);
	ck_assert_uint_eq(run.results->digest, other.results->digest);
}
END_TEST

static const struct replay_setting settings[][SETTINGS_MAX] = {
    {{"ktls.workers", "1"}, {"host.cpus", "8"}},
    {{"replay.speed", "4"}},
    {{"replay.capture_point", "host"}},
    {{"replay.receiver", "server"}},
    {{"replay.receiver", "client"}},
    {{"replay.segmentation", "keep"}},
    {{"nic.merge", "off"}},
    {{"host.cpus", "1"}},
    {{"ktls.bind", "cpu"}},
    {{"cost.profile", "unit"}},
    {{"cost.profile", "modern-server"}, {"link.rate", "1Gbps"}},
    {{"nic.ring", "1"}, {"replay.speed", "100"}},
    {{"replay.receiver", "none"}},
    {{"app.read_size", "100B"}},
    {{"sockbuf.hiwat", "4KiB"}, {"sockbuf.autosize", "off"}},
    {{"nic.moderation", "off"}},
    {{"nic.moderation", "adaptive"}, {"replay.speed", "20"}},
    {{"nic.moderation", "adaptive"}, {"nic.moderation_mode", "cqe"}},
    {{"nic.moderation_mode", "cqe"}, {"nic.moderation_time", "3us"}},
    {{"nic.merge", "ring"}, {"nic.tls", "on"}},
    {{"nic.merge", "gro"}, {"nic.tls", "on"}, {"nic.merge_frames", "3"}},
    {{"nic.merge", "lro"}, {"nic.tls", "on"}, {"nic.merge_frames", "3"}},
    {{"nic.merge", "gro"},
     {"nic.poll_weight", "2"},
     {"nic.poll_budget", "4"},
     {"host.cpus", "1"},
     {"replay.speed", "100"}},
    {{"nic.pause", "on"},
     {"nic.ring", "1"},
     {"link.rate", "10Gbps"},
     {"nic.pause_xoff", "4KiB"},
     {"nic.pause_xon", "1KiB"},
     {"replay.speed", "1000"}},
};

static void
check_clean(const char *name, int row)
{
	const struct replay_setting *set = settings[row];

	expect_place("%s with %s=%s", name != NULL ? name : BUNDLED, set->key,
		     set->value);
	replay(&run, name, set, false);
	expect_count("failed invariants", run.results->failure_count, 0);
	for (size_t i = 0; i < run.results->host_count; i++)
		expect_true("is balanced",
			    run.results->hosts[i].conservation.balanced);
}

/* What arrives does not depend on how the host is built. */
static void
check_same_bytes(void)
{
	expect_count("flows", run.results->flow_count,
		     other.results->flow_count);
	for (size_t i = 0; i < run.results->flow_count; i++) {
		for (int d = 0; d < 2; d++) {
			const struct results_direction *a, *b;

			a = &run.results->flows[i].direction[d];
			b = &other.results->flows[i].direction[d];
			expect_count("records", a->records, b->records);
			expect_count("app_bytes", a->app_bytes, b->app_bytes);
			expect_text("app_sha256", a->app_sha256, b->app_sha256);
		}
	}
}

START_TEST(test_determinism_every_setting_keeps_the_books_and_the_bytes)
{
	for (int i = 0; i < ROWS(captures); i++) {
		if (!present(captures[i]))
			continue;
		check_clean(captures[i], _i);
		replay(&other, captures[i], NULL, false);
		check_same_bytes();
		teardown();
	}
}
END_TEST

/* A ring of one descriptor, frames a hundred times as fast. */
START_TEST(test_determinism_what_a_ring_drops_is_offered_again_or_missed)
{
	static const struct replay_setting again_set[] = {
	    {"nic.ring", "1"}, {"replay.speed", "100"}, {NULL, NULL}};
	static const struct replay_setting lost_set[] = {
	    {"nic.ring", "1"},
	    {"replay.speed", "100"},
	    {"replay.recovery", "none"},
	    {NULL, NULL}};
	const struct results_direction *down;

	replay(&run, NULL, again_set, false);
	down = &run.results->flows[0].direction[1];
	ck_assert_uint_gt(run.results->hosts[0].conservation.dropped_ring, 0);
	ck_assert_uint_gt(run.input->resent, 0);
	ck_assert_uint_eq(down->holes, 0);
	replay(&other, NULL, lost_set, false);
	down = &other.results->flows[0].direction[1];
	ck_assert_uint_gt(other.results->hosts[0].conservation.dropped_ring, 0);
	ck_assert_uint_eq(other.input->resent, 0);
	ck_assert_uint_eq(down->holes, 1);
	ck_assert_uint_gt(down->hole.bytes_behind, 0);
}
END_TEST

static const char *const tls12_captures[] = {
    "v-tls12-aes256gcm-64K",	"v-tls12-chacha-1M",
    "t-tls12-parallel8-loss2",	"v-tls12-varyrec-gcm",
    "v-tls12-aes128gcm-1B",	"t-tls12-chacha-reorder10-1M",
    "v-tls12-resume-ticket-x4",
};

static void
check_same_latency(const struct results_latency *a,
		   const struct results_latency *b)
{
	expect_count("count", a->count, b->count);
	expect_count("min", a->min_ps, b->min_ps);
	expect_count("p50", a->p50_ps, b->p50_ps);
	expect_count("p90", a->p90_ps, b->p90_ps);
	expect_count("p99", a->p99_ps, b->p99_ps);
	expect_count("p999", a->p999_ps, b->p999_ps);
	expect_count("max", a->max_ps, b->max_ps);
	expect_true("mean", a->mean_ns == b->mean_ns);
}

/* TLS 1.2 shows in its headers all that a price depends on. */
START_TEST(test_determinism_times_are_those_of_real_and_model_crypto_alike)
{
	static const struct replay_setting model[] = {{"crypto.mode", "model"},
						      {NULL, NULL}};
	const char *name = tls12_captures[_i];

	if (!present(name))
		return;
	replay(&run, name, NULL, false);
	replay(&other, name, model, false);
	ck_assert_uint_eq(run.results->digest, other.results->digest);
	for (size_t h = 0; h < run.results->host_count; h++) {
		const struct results_host *a = &run.results->hosts[h];
		const struct results_host *b = &other.results->hosts[h];

		for (size_t s = 0; s < a->stage_count; s++) {
			expect_place("%s, host %zu, %s", name, h,
				     stage_name(a->stages[s].stage));
			check_same_latency(&a->stages[s].latency,
					   &b->stages[s].latency);
		}
	}
}
END_TEST

Suite *
determinism_suite(void)
{
	const struct suite_test tests[] = {
	    {"digest_of_the_bundled_capture_is_pinned",
	     test_determinism_digest_of_the_bundled_capture_is_pinned, 0},
	    {"same_capture_twice_gives_the_same_text",
	     test_determinism_same_capture_twice_gives_the_same_text,
	     ROWS(captures)},
	    {"of_one_call_and_of_one_per_event_time",
	     test_determinism_of_one_call_and_of_one_per_event_time,
	     ROWS(captures)},
	    {"program_and_library_print_the_same",
	     test_determinism_program_and_library_print_the_same, 0},
	    {"seed_decides_where_something_is_random",
	     test_determinism_seed_decides_where_something_is_random, 0},
	    {"every_setting_keeps_the_books_and_the_bytes",
	     test_determinism_every_setting_keeps_the_books_and_the_bytes,
	     ROWS(settings)},
	    {"what_a_ring_drops_is_offered_again_or_missed",
	     test_determinism_what_a_ring_drops_is_offered_again_or_missed, 0},
	    {"times_are_those_of_real_and_model_crypto_alike",
	     test_determinism_times_are_those_of_real_and_model_crypto_alike,
	     ROWS(tls12_captures)},
	};

	return suite_create_table("determinism", tests, ROWS(tests), setup,
				  teardown, 60);
}
