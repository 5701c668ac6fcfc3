/*
 * test_hostile.c - damaged captures, key logs and streams, and valid ones in
 * odd wrapping: the outcome of each, in literal numbers.
 *
 * One row per file of MANIFEST.csv in $KTLSIM_CAPTURES/hostile.  Each goes
 * through the library, whose results are compared, and through the program,
 * whose exit status and message are; that both ran the same is seen from the
 * digest.  Built with VARIANT=asan this is also the proof that nothing is read
 * out of bounds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/command.h"
#include "tests/support/expect.h"
#include "tests/support/replay_run.h"
#include "tests/support/suite_table.h"

#define ROWS(table)   ((int)(sizeof(table) / sizeof((table)[0])))

#define EMSGSIZE_TEXT "EMSGSIZE: a record's length is not legal"
#define EBADMSG_TEXT  "EBADMSG: a record's tag did not verify"

enum { PATH_BYTES = 1024 };

Suite *hostile_suite(void);

/* SHA-256 of what the applications of the two base captures sent. */
static const char base13_up[] = "5c318593cf4e30cc0421c4db73732d36"
				"7beb26588e6daeacbf6dc15c2e27f3f2";
static const char base13_down[] = "5b85d9cf925b55fea0aa5c94311e24f0"
				  "5bd6ed3d65ff798e5325a856b17436a0";
static const char base12_up[] = "9978dd32a0ce128171d4296151453df7"
				"b97216ee6d152757f81ec75b08232d4f";
static const char base12_down[] = "7d27440490c12a016803f8ac4af68c2c"
				  "86831ca82574ca5caf16dcdad734bbb2";

/* And of the first 16384 bytes that the server of base13 sent. */
static const char base13_head[] = "8994a49e0c4deea9058c6389fdf4efbc"
				  "62a075c48cc2af853c88247a5001e5f9";

/* One direction of the flow; errors and holes are mostly none. */
struct stream {
	uint64_t records, app_records, app_bytes;
	const char *sha256;
	uint64_t errors;
	const char *error;
	uint64_t holes, hole_offset, bytes_behind;
	uint64_t acked;
};

/* The one flow of a capture. */
struct outcome {
	const char *version;
	const char *keys;
	const char *timed_from;
	struct stream stream[2];
};

#define BASE13_CLIENT                                              \
	{                                                          \
		.records = 2, .app_records = 1, .app_bytes = 3000, \
		.sha256 = base13_up                                \
	}
#define BASE13_SERVER                                               \
	{                                                           \
		.records = 5, .app_records = 2, .app_bytes = 30000, \
		.sha256 = base13_down                               \
	}
/* Without keys each of the records may be data, and its type is unknown. */
#define KEYLESS_CLIENT                                            \
	{                                                         \
		.records = 2, .app_records = 2, .app_bytes = 3002 \
	}
#define KEYLESS_SERVER                                             \
	{                                                          \
		.records = 5, .app_records = 5, .app_bytes = 32036 \
	}

static const struct outcome base13 = {
    "1.3", "found", "keys", {BASE13_CLIENT, BASE13_SERVER}};

static const struct outcome base12 = {
    "1.2",
    "found",
    "keys",
    {{.records = 6, .app_records = 4, .app_bytes = 65536, .sha256 = base12_up},
     {.records = 6,
      .app_records = 4,
      .app_bytes = 65536,
      .sha256 = base12_down}}};

static const struct outcome no_hello = {"", "no ClientHello", "", {{0}}};

static const struct outcome no_key_log = {
    "1.3", "no key log", "headers", {KEYLESS_CLIENT, KEYLESS_SERVER}};

static const struct outcome no_secret = {"1.3",
					 "no secret for this client random",
					 "headers",
					 {KEYLESS_CLIENT, KEYLESS_SERVER}};

static const struct outcome wrong_keys = {
    "1.3", "wrong keys", "headers", {KEYLESS_CLIENT, KEYLESS_SERVER}};

static const struct outcome server_keys_only = {
    "1.3",
    "client to server: no secret for this client random; server to client: "
    "found",
    "headers",
    {KEYLESS_CLIENT, BASE13_SERVER}};

/* The file ends before the server's first data. */
static const struct outcome ends_in_data = {
    "1.3",
    "found",
    "keys",
    {{.records = 1, .app_records = 1, .app_bytes = 3000, .sha256 = base13_up},
     {.records = 2}}};

static const struct outcome ends_in_handshake = {
    "1.3",
    "found",
    "keys",
    {{.records = 1, .app_records = 1, .app_bytes = 3000, .sha256 = base13_up},
     {0}}};

/* The server's flight lacks its second segment: no key is ever installed. */
static const struct outcome hole_in_flight = {
    "1.3",
    "found",
    "keys",
    {BASE13_CLIENT,
     {.holes = 1, .hole_offset = 1404, .bytes_behind = 31107, .acked = 1}}};

static const struct outcome hole_in_data = {"1.3",
					    "found",
					    "keys",
					    {BASE13_CLIENT,
					     {.records = 3,
					      .app_records = 1,
					      .app_bytes = 16384,
					      .sha256 = base13_head,
					      .holes = 1,
					      .hole_offset = 30024,
					      .bytes_behind = 2078,
					      .acked = 1}}};

static const struct outcome too_long = {
    "1.3",
    "found",
    "keys",
    {BASE13_CLIENT, {.records = 2, .errors = 1, .error = EMSGSIZE_TEXT}}};

/* The second of two data records fails; the close_notify behind it does not. */
static const struct outcome tag_flipped = {"1.3",
					   "found",
					   "keys",
					   {BASE13_CLIENT,
					    {.records = 4,
					     .app_records = 1,
					     .app_bytes = 16384,
					     .sha256 = base13_head,
					     .errors = 1,
					     .error = EBADMSG_TEXT}}};

/* The segment that a host would drop is taken on demand. */
static const struct outcome one_bad_record = {"1.3",
					      "found",
					      "keys",
					      {BASE13_CLIENT,
					       {.records = 4,
						.app_records = 1,
						.app_bytes = 16384,
						.sha256 = base13_head,
						.errors = 1,
						.error = EBADMSG_TEXT}}};

struct row {
	const char *file; /* as in MANIFEST.csv */
	const char *keys; /* beside hostile/base13.pcap, or NULL */
	int exit;
	const char *status;	       /* of the input; NULL: not opened */
	uint64_t frames;	       /* read */
	const struct outcome *outcome; /* NULL: no flow */
	const char *said;	       /* on standard error; NULL: nothing */
	const char *cure;	       /* also there; NULL: no more */
	/* Counts that are 0 in most files. */
	uint64_t malformed, cut, bad_checksum;
	uint64_t times_raised, times_invalid, lengths_corrected;
};

static const struct row rows[] = {
    {.file = "hostile/base13.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &base13},
    {.file = "hostile/base12.pcap",
     .keys = "base12.keys",
     .status = "ok",
     .frames = 118,
     .outcome = &base12},
    {.file = "hostile/f01-empty.pcap",
     .exit = 1,
     .said = "f01-empty.pcap: the file is empty, not a capture"},
    {.file = "hostile/f03-hdr-only.pcap", .status = "ok"},
    {.file = "hostile/f05-pkthdr-trunc.pcap",
     .exit = 1,
     .status = "truncated",
     .frames = 1,
     .outcome = &no_hello,
     .said = "f05-pkthdr-trunc.pcap: after frame 1: truncated",
     .cure = "the frames before are used, the others need a complete copy of "
	     "the file"},
    {.file = "hostile/f07-caplen-gt-len.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &base13,
     .said = "1 frame longer as captured than on the wire, taken as captured",
     .lengths_corrected = 1},
    {.file = "hostile/f11-ts-usec-bad.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &base13,
     .said = "45 time stamps with a fraction of a second out of range, carried "
	     "over",
     .times_invalid = 45},
    {.file = "hostile/f13-linktype-80211.pcap",
     .exit = 1,
     .said =
	 "link type 105 (IEEE802_11) is not supported; supported are Ethernet"},
    {.file = "hostile/f18-zero-caplen-pkts.pcap",
     .status = "ok",
     .frames = 45,
     .said = "45 frames passed over: the snap length cut off a header",
     .cut = 45},
    {.file = "hostile/n01-ok-dsb-first.pcapng",
     .status = "ok",
     .frames = 45,
     .outcome = &base13},
    {.file = "hostile/n03-blocklen-0.pcapng",
     .exit = 1,
     .status = "damaged",
     .said = "n03-blocklen-0.pcapng: before the first frame: ",
     .cure = "block 3 at byte 48: impossible block length; the frames before "
	     "are used, the others need an undamaged copy of the file"},
    {.file = "hostile/n06-trailer-mismatch.pcapng",
     .exit = 1,
     .status = "damaged",
     .frames = 44,
     .outcome = &base13,
     .said = "n06-trailer-mismatch.pcapng: after frame 44: ",
     .cure = "block 48 at byte 43476: the length at its end differs from the "
	     "one at its beginning; the frames before are used, the others "
	     "need an undamaged copy of the file"},
    {.file = "hostile/n08-epb-bad-ifid.pcapng",
     .exit = 1,
     .status = "damaged",
     .said = "n08-epb-bad-ifid.pcapng: before the first frame: ",
     .cure = "the frames before are used, the others need an undamaged copy of "
	     "the file"},
    {.file = "hostile/n11-dsb-len-gt-block.pcapng",
     .exit = 1,
     .status = "damaged",
     .frames = 45,
     .outcome = &no_key_log,
     .said = "block 3 at byte 48: secrets longer than their block (read after "
	     "frame "
	     "45)"},
    {.file = "hostile/n13-unknown-blocks.pcapng",
     .status = "ok",
     .frames = 45,
     .outcome = &base13},
    {.file = "hostile/n16-trunc.pcapng",
     .exit = 1,
     .status = "truncated",
     .frames = 23,
     .outcome = &ends_in_data,
     .said = "n16-trunc.pcapng: after frame 23: truncated",
     .cure = "the frames before are used, the others need a complete copy of "
	     "the file"},
    {.file = "hostile/n18-two-sections-mixed-endian.pcapng",
     .exit = 1,
     .status = "damaged",
     .frames = 12,
     .outcome = &ends_in_handshake,
     .said = "after frame 12: a section in another byte order follows, which "
	     "cannot be read",
     .cure = "make it one section"},
    {.file = "hostile/k01-malformed.keys",
     .keys = "k01-malformed.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &base13,
     .said = "k01-malformed.keys: 5 malformed lines passed over, the first is "
	     "line 4"},
    {.file = "hostile/k03-wrong-secrets.keys",
     .keys = "k03-wrong-secrets.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &wrong_keys,
     .said =
	 "the first is flow 0, 10.77.0.1:44464 -> 10.77.0.2:4433: wrong keys"},
    {.file = "hostile/k05-empty.keys",
     .keys = "k05-empty.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &no_secret,
     .said = "k05-empty.keys: no usable line, so it opens no flow; a key log "
	     "has lines "
	     "such as CLIENT_RANDOM <64 hex digits> <96 hex digits>"},
    {.file = "hostile/k07-one-direction.keys",
     .keys = "k07-one-direction.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &server_keys_only,
     .said = "client to server: no secret for this client random; server to "
	     "client: "
	     "found"},
    {.file = "hostile/k09-duplicates-conflict.keys",
     .keys = "k09-duplicates-conflict.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &base13},
    {.file = "hostile/t01-tcp-doff-0.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &hole_in_flight,
     .said = "1 frame malformed, passed over",
     .malformed = 1},
    {.file = "hostile/t05-ip-totlen-big.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &hole_in_flight,
     .said = "1 frame malformed, passed over",
     .malformed = 1},
    {.file = "hostile/t08-eth-trailer.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &base13},
    {.file = "hostile/t10-conflicting-retransmit.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 46,
     .outcome = &base13},
    {.file = "hostile/t12-missing-segment.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 44,
     .outcome = &hole_in_flight,
     .said = "1 stream with a hole that never filled; the report says where"},
    {.file = "hostile/t14-no-syn.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 42,
     .outcome = &base13},
    {.file = "hostile/t17-shuffled4.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &base13,
     .said = "17 time stamps earlier than the one before, raised to it",
     .times_raised = 17},
    {.file = "hostile/r01-record-len-65535.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &too_long,
     .said =
	 "1 record not legal or not verified; the report says in which flow"},
    {.file = "hostile/r06-tag-flip.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &tag_flipped,
     .said =
	 "1 record not legal or not verified; the report says in which flow"},
    {.file = "hostile/r09-clienthello-sessid-255.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &base13},
    {.file = "variants/eth-vlan.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &base13},
    {.file = "variants/null-le.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &base13},
    {.file = "variants/raw-ip.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &base13},
    {.file = "variants/ppp.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &base13},
    {.file = "variants/be-nano.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &base13},
    {.file = "variants/ip-options.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &base13},
    {.file = "variants/ip-frag576-reversed.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 97,
     .outcome = &base13},
    {.file = "variants/ipv6-hopopt-dstopt.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &base13},
    {.file = "variants/dsb-editcap.pcapng",
     .status = "ok",
     .frames = 118,
     .outcome = &base12},
    {.file = "hostile/t20-bad-checksum.pcap",
     .keys = "base13.keys",
     .status = "ok",
     .frames = 45,
     .outcome = &hole_in_data,
     .said = "1 segment with a wrong TCP checksum dropped, as a host would "
	     "(replay.checksum=ignore takes them)",
     .bad_checksum = 1},
};

static struct replay_run run;
static struct command command;

static void
setup(void)
{
	memset(&run, 0, sizeof(run));
	memset(&command, 0, sizeof(command));
}

static void
teardown(void)
{
	replay_run_fini(&run);
	command_fini(&command);
}

/* Path of a file of the folder, or of the base capture for a key log. */
static void
path_of(const char *file, char path[PATH_BYTES])
{
	bool is_capture = strstr(file, ".pcap") != NULL;

	snprintf(path, PATH_BYTES, "%s/%s", getenv("KTLSIM_CAPTURES"),
		 is_capture ? file : "hostile/base13.pcap");
}

static bool
present(void)
{
	if (getenv("KTLSIM_CAPTURES") != NULL)
		return true;
	fprintf(stderr, "skipped: captures (KTLSIM_CAPTURES is not set)\n");
	return false;
}

static void
check_stream(const struct results_direction *got, const struct stream *want)
{
	expect_count("records", got->records, want->records);
	expect_count("app_records", got->app_records, want->app_records);
	expect_count("app_bytes", got->app_bytes, want->app_bytes);
	expect_text("app_sha256", got->app_sha256,
		    want->sha256 != NULL ? want->sha256 : "");
	expect_count("errors", got->errors, want->errors);
	expect_text("error", got->error,
		    want->error != NULL ? want->error : "");
	expect_count("holes", got->holes, want->holes);
	expect_count("hole", got->hole.offset, want->hole_offset);
	expect_count("bytes_behind", got->hole.bytes_behind,
		     want->bytes_behind);
	expect_count("acked", got->hole.acked, want->acked);
}

static void
check_outcome(const char *file, const struct outcome *want)
{
	const struct results_flow *flow = run.results->flows;

	expect_count("flows", run.results->flow_count, want != NULL);
	if (want == NULL)
		return;
	expect_text("version", flow->tls_version, want->version);
	expect_text("keys", flow->keys, want->keys);
	expect_text("timed_from", flow->timed_from, want->timed_from);
	for (int d = 0; d < 2; d++) {
		expect_place("%s, direction %d", file, d);
		check_stream(&flow->direction[d], &want->stream[d]);
	}
}

static void
check_counts(const struct row *row)
{
	expect_text("input status", run.results->input_status, row->status);
	expect_count("frames", run.results->input_frames, row->frames);
	expect_count("malformed", run.input->malformed, row->malformed);
	expect_count("cut", run.input->cut, row->cut);
	expect_count("bad_checksum", run.input->bad_checksum,
		     row->bad_checksum);
	expect_count("times_raised", run.stats.times_raised, row->times_raised);
	expect_count("times_invalid", run.stats.times_invalid,
		     row->times_invalid);
	expect_count("lengths_corrected", run.stats.lengths_corrected,
		     row->lengths_corrected);
	expect_count("failed invariants", run.results->failure_count, 0);
}

static void
replay(const char *file, const char *keys,
       const struct replay_setting *settings)
{
	char path[PATH_BYTES], keylog[PATH_BYTES];
	const struct replay_input input = {
	    .capture = path,
	    .keylog = keys != NULL ? keylog : NULL,
	    .settings = settings,
	};

	path_of(file, path);
	snprintf(keylog, sizeof(keylog), "%s/hostile/%s",
		 getenv("KTLSIM_CAPTURES"), keys != NULL ? keys : "");
	replay_run_capture(&run, &input);
}

START_TEST(test_hostile_file_has_the_outcome_of_the_manifest)
{
	const struct row *row = &rows[_i];

	if (!present())
		return;
	expect_place("%s", row->file);
	replay(row->file, row->keys, NULL);
	expect_count("refused", run.refused != 0, row->status == NULL);
	if (row->status == NULL) {
		expect_within("sentence", run.text, row->said);
		return;
	}
	expect_count("damaged", run.damaged, row->exit != 0);
	check_counts(row);
	check_outcome(row->file, row->outcome);
}
END_TEST

static void
run_program(const struct row *row)
{
	char path[PATH_BYTES], keylog[PATH_BYTES];
	const char *arguments[] = {"replay",   path,   "--json", "-",
				   "--keylog", keylog, NULL};

	path_of(row->file, path);
	snprintf(keylog, sizeof(keylog), "%s/hostile/%s",
		 getenv("KTLSIM_CAPTURES"), row->keys != NULL ? row->keys : "");
	if (row->keys == NULL)
		arguments[4] = NULL;
	command_run(&command, arguments, NULL);
}

/* The digest tells that library and program ran the same. */
START_TEST(test_hostile_file_ends_the_program_as_the_manifest_says)
{
	const struct row *row = &rows[_i];
	char digest[64];

	if (!present() || !command_present())
		return;
	expect_place("ktlsim replay %s", row->file);
	run_program(row);
	expect_count("exit status", (uint64_t)command.status,
		     (uint64_t)row->exit);
	if (row->said == NULL)
		expect_text("standard error", command.err, "");
	else
		expect_within("standard error", command.err, row->said);
	if (row->cure != NULL)
		expect_within("standard error", command.err, row->cure);
	if (row->status == NULL) {
		expect_text("standard output", command.out, "");
		return;
	}
	replay(row->file, row->keys, NULL);
	snprintf(digest, sizeof(digest), "\"digest\": \"%016" PRIx64 "\"",
		 run.results->digest);
	expect_within("standard output", command.out, digest);
}
END_TEST

/* The manifest's last column, "0 or 1" for either. */
static void
check_listed(const char *file, const char *exits)
{
	for (int i = 0; i < ROWS(rows); i++) {
		if (strcmp(rows[i].file, file) != 0)
			continue;
		expect_place("%s", file);
		expect_true("has the exit status of the manifest",
			    strchr(exits, '0' + rows[i].exit) != NULL);
		return;
	}
	ck_abort_msg("%s is in MANIFEST.csv and not in this test", file);
}

START_TEST(test_hostile_rows_are_all_of_the_manifest)
{
	char path[PATH_BYTES], line[4096];
	int files = 0;
	FILE *manifest;

	if (!present())
		return;
	snprintf(path, sizeof(path), "%s/hostile/MANIFEST.csv",
		 getenv("KTLSIM_CAPTURES"));
	manifest = fopen(path, "r");
	ck_assert_msg(manifest != NULL, "%s", path);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), manifest));
	while (fgets(line, sizeof(line), manifest) != NULL) {
		const char *exits = strrchr(line, ',');

		ck_assert_ptr_nonnull(exits);
		line[strcspn(line, ",")] = '\0';
		check_listed(line, exits);
		files++;
	}
	fclose(manifest);
	ck_assert_int_eq(files, ROWS(rows));
}
END_TEST

START_TEST(test_hostile_checksum_ignored_fails_one_record)
{
	static const struct replay_setting settings[] = {
	    {"replay.checksum", "ignore"}, {NULL, NULL}};

	if (!present())
		return;
	expect_place("t20-bad-checksum.pcap with replay.checksum=ignore");
	replay("hostile/t20-bad-checksum.pcap", "base13.keys", settings);
	check_outcome("t20-bad-checksum.pcap", &one_bad_record);
	expect_count("bad_checksum", run.input->bad_checksum, 0);
}
END_TEST

START_TEST(test_hostile_reports_say_that_there_is_no_flow)
{
	char path[PATH_BYTES];
	const char *const arguments[] = {"replay", path, NULL};

	if (!present() || !command_present())
		return;
	expect_place("ktlsim replay f03-hdr-only.pcap");
	path_of("hostile/f03-hdr-only.pcap", path);
	command_run(&command, arguments, NULL);
	expect_within("report", command.out, "There is no TCP flow");
}
END_TEST

Suite *
hostile_suite(void)
{
	const struct suite_test tests[] = {
	    {"file_has_the_outcome_of_the_manifest",
	     test_hostile_file_has_the_outcome_of_the_manifest, ROWS(rows)},
	    {"file_ends_the_program_as_the_manifest_says",
	     test_hostile_file_ends_the_program_as_the_manifest_says,
	     ROWS(rows)},
	    {"rows_are_all_of_the_manifest",
	     test_hostile_rows_are_all_of_the_manifest, 0},
	    {"checksum_ignored_fails_one_record",
	     test_hostile_checksum_ignored_fails_one_record, 0},
	    {"reports_say_that_there_is_no_flow",
	     test_hostile_reports_say_that_there_is_no_flow, 0},
	};

	return suite_create_table("hostile", tests, ROWS(tests), setup,
				  teardown, 60);
}
