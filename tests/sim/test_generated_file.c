/*
 * test_generated_file.c - made-up connections in every kind of capture file and
 * key log, and cut by snap lengths.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/command.h"
#include "tests/support/expect.h"
#include "tests/support/session_run.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *generated_file_suite(void);

static struct session_run made;
static struct command command;

static void
setup(void)
{
	memset(&made, 0, sizeof(made));
	memset(&command, 0, sizeof(command));
}

static void
teardown(void)
{
	session_run_fini(&made);
	command_fini(&command);
}

/* --- files ---------------------------------------------------------------- */

static void
write_pcap(bool nanoseconds, bool big_endian)
{
	const struct pcap_file_format format = {
	    .nanoseconds = nanoseconds, .big_endian = big_endian, .link = 1};

	pcap_file_begin(&made.file, &format);
	session_write(&made.session, &made.shape, &made.file);
	pcap_file_end(&made.file);
}

static void
file_micro(void)
{
	write_pcap(false, false);
}

static void
file_big_endian(void)
{
	write_pcap(false, true);
}

static void
file_big_endian_nano(void)
{
	write_pcap(true, true);
}

static void
file_gzip(void)
{
	write_pcap(true, false);
	pcap_file_compress(&made.file);
}

/* secrets_at: 0 no secrets, 1 in front, 2 behind, 3 halves at both ends. */
static void
write_pcapng(bool big_endian, int secrets_at)
{
	char first[SESSION_LOG_MAX];
	size_t half = strlen(made.session.keylog) / 2;

	pcapng_file_begin(&made.file, big_endian);
	pcapng_file_interface(&made.file, 1, 0, "eth0");
	/* The first half ends with a whole line. */
	while (half > 0 && made.session.keylog[half - 1] != '\n')
		half++;
	strcpy(first, made.session.keylog);
	first[half] = '\0';
	if (secrets_at == 1)
		pcapng_file_secrets(&made.file, made.session.keylog);
	if (secrets_at == 3)
		pcapng_file_secrets(&made.file, first);
	session_write(&made.session, &made.shape, &made.file);
	if (secrets_at == 2)
		pcapng_file_secrets(&made.file, made.session.keylog);
	if (secrets_at == 3)
		pcapng_file_secrets(&made.file, made.session.keylog + half);
	pcap_file_end(&made.file);
}

static void
file_pcapng(void)
{
	write_pcapng(false, 0);
}

static void
file_pcapng_big_endian(void)
{
	write_pcapng(true, 0);
}

static void
file_secrets_first(void)
{
	write_pcapng(false, 1);
}

static void
file_secrets_last(void)
{
	write_pcapng(false, 2);
}

static void
file_secrets_last_gzip(void)
{
	write_pcapng(true, 2);
	pcap_file_compress(&made.file);
}

static void
file_secrets_twice(void)
{
	write_pcapng(false, 3);
}

static void
file_simple(void)
{
	made.shape.simple = true;
	write_pcapng(false, 2);
}

static void
file_simple_big_endian(void)
{
	made.shape.simple = true;
	write_pcapng(true, 1);
}

/* Unknown blocks, and an interface that carries nothing. */
static void
file_blocks_between(void)
{
	pcapng_file_begin(&made.file, false);
	pcapng_file_interface(&made.file, 1, 0, NULL);
	pcapng_file_interface(&made.file, 1, 0, "idle");
	pcapng_file_block(&made.file, 0x0bad1dea, "whatever", 7);
	session_write(&made.session, &made.shape, &made.file);
	pcapng_file_block(&made.file, 5, "\0\0\0\0\0\0\0\0\0\0\0", 12);
	pcapng_file_secrets(&made.file, "# nothing\n");
	pcapng_file_secrets(&made.file, made.session.keylog);
	pcap_file_end(&made.file);
}

static const struct {
	const char *name;
	void (*write)(void);
	bool embedded; /* the secrets are in the file alone */
	bool timeless; /* its packets have no time stamps */
} files[] = {
    {"pcap, microseconds", file_micro, false, false},
    {"pcap, big-endian", file_big_endian, false, false},
    {"pcap, big-endian, nanoseconds", file_big_endian_nano, false, false},
    {"pcap, gzip", file_gzip, false, false},
    {"pcapng", file_pcapng, false, false},
    {"pcapng, big-endian", file_pcapng_big_endian, false, false},
    {"secrets before the packets", file_secrets_first, true, false},
    {"secrets behind the packets", file_secrets_last, true, false},
    {"secrets behind, gzip", file_secrets_last_gzip, true, false},
    {"secrets in two blocks", file_secrets_twice, true, false},
    {"simple packets", file_simple, true, true},
    {"simple packets, big-endian", file_simple_big_endian, true, true},
    {"other blocks between", file_blocks_between, true, false},
};

START_TEST(test_generated_file_kind_does_not_matter)
{
	const struct results *results;

	session_run_begin(&made, TLS_1_3);
	session_run_talk(&made);
	files[_i].write();
	expect_place("%s", files[_i].name);
	session_run_file(&made, files[_i].embedded ? NULL : made.session.keylog,
			 NULL);
	session_expect(&made.session, session_run_flow(&made));
	results = made.run.results;
	expect_text("input_status", results->input_status, "ok");
	expect_count("frames", results->input_frames, made.session.count);
	/* The model itself needs time behind the last frame. */
	if (!files[_i].timeless)
		expect_true("time passes as captured",
			    results->end_ps >= (uint64_t)SESSION_GAP_NS * 1000 *
						   (made.session.count - 1));
}
END_TEST

/* The program reads the same from standard input. */
START_TEST(test_generated_file_standard_input_is_read)
{
	static const char *const arguments[] = {"replay", "-", "--json", "-",
						NULL};
	char digest[64];

	if (!command_present())
		return;
	session_run_begin(&made, TLS_1_3);
	session_run_talk(&made);
	if (_i == 0)
		file_secrets_last();
	else
		file_secrets_last_gzip();
	session_run_file(&made, NULL, NULL);
	session_expect(&made.session, session_run_flow(&made));
	command_run(&command, arguments, made.file.path);
	expect_place("standard input");
	expect_count("exit status", (uint64_t)command.status, 0);
	snprintf(digest, sizeof(digest), "\"digest\": \"%016" PRIx64 "\"",
		 made.run.results->digest);
	expect_within("standard output", command.out, digest);
}
END_TEST

/* --- key logs ------------------------------------------------------------- */

static void
log_crlf(const char *log, char *out)
{
	for (; *log != '\0'; log++) {
		if (*log == '\n')
			*out++ = '\r';
		*out++ = *log;
	}
	*out = '\0';
}

static void
log_upper(const char *log, char *out)
{
	for (; *log != '\0'; log++)
		*out++ = (char)toupper((unsigned char)*log);
	*out = '\0';
}

static void
log_without_last_newline(const char *log, char *out)
{
	strcpy(out, log);
	out[strlen(out) - 1] = '\0';
}

static void
log_with_noise(const char *log, char *out)
{
	strcpy(out, "# a comment\n\nCLIENT_RANDOM 12 34\nnonsense\n");
	strcat(out, log);
	strcat(out, "\n\n# the end");
}

/* Of two lines for the same secret the later one is used. */
static void
log_wrong_first(const char *log, char *out)
{
	struct talk *talk = &made.session.talk;

	out += talk_log_text(talk, SESSION_ALL_LABELS, SESSION_ALL_LABELS, out);
	strcpy(out, log);
}

static void
log_reversed(const char *log, char *out)
{
	const char *end = log + strlen(log);

	while (end > log) {
		const char *line = end - 1;

		while (line > log && line[-1] != '\n')
			line--;
		memcpy(out, line, (size_t)(end - line));
		out += end - line;
		end = line;
	}
	*out = '\0';
}

static const struct {
	const char *name;
	void (*write)(const char *log, char *out);
	uint16_t version;
} logs[] = {
    {"CRLF", log_crlf, TLS_1_2},
    {"CRLF", log_crlf, TLS_1_3},
    {"upper case", log_upper, TLS_1_2},
    {"upper case", log_upper, TLS_1_3},
    {"no newline at the end", log_without_last_newline, TLS_1_3},
    {"noise", log_with_noise, TLS_1_3},
    {"wrong lines first", log_wrong_first, TLS_1_2},
    {"wrong lines first", log_wrong_first, TLS_1_3},
    {"lines reversed", log_reversed, TLS_1_3},
};

START_TEST(test_generated_file_key_log_style_does_not_matter)
{
	char log[3 * SESSION_LOG_MAX];

	session_run_begin(&made, logs[_i].version);
	session_run_talk(&made);
	logs[_i].write(made.session.keylog, log);
	strcpy(made.session.keylog, log);
	expect_place("%s, 0x%04x", logs[_i].name, logs[_i].version);
	session_run_replay(&made, NULL);
	session_expect(&made.session, session_run_flow(&made));
}
END_TEST

/* A key log that is given goes before secrets in the file. */
START_TEST(test_generated_file_key_log_goes_before_embedded_secrets)
{
	char right[SESSION_LOG_MAX], wrong[SESSION_LOG_MAX];

	session_run_begin(&made, TLS_1_3);
	session_run_talk(&made);
	strcpy(right, made.session.keylog);
	talk_log_text(&made.session.talk, SESSION_ALL_LABELS,
		      SESSION_ALL_LABELS, wrong);
	expect_place("wrong secrets in the file, right ones given");
	strcpy(made.session.keylog, wrong);
	file_secrets_last();
	session_run_file(&made, right, NULL);
	session_expect(&made.session, session_run_flow(&made));
	expect_place("right secrets in the file, wrong ones given");
	pcap_file_remove(&made.file);
	strcpy(made.session.keylog, right);
	file_secrets_last();
	session_run_file(&made, wrong, NULL);
	expect_text("keys", session_run_flow(&made)->keys, "wrong keys");
	expect_text("timed_from", session_run_flow(&made)->timed_from,
		    "headers");
}
END_TEST

/* --- snap lengths --------------------------------------------------------- */

/* 10 records each way, and the handshake; every record begins a segment. */
static void
talk_aligned(struct tls_session *session)
{
	session->aligned = true;
	session_handshake(session);
	for (unsigned i = 0; i < 10; i++) {
		session_data(session, TALK_CLIENT, 100 + i, 0);
		session_send(session, TALK_CLIENT);
		session_data(session, TALK_SERVER, 5000 + i, 0);
		session_send(session, TALK_SERVER);
	}
}

/*
 * 54 bytes of a frame are headers.  96 end in front of the ServerHello's suite,
 * 110 behind it but in front of its extensions, 1400 hold the whole handshake.
 * Where the suite is not known, all behind the hello counts, ChangeCipherSpec
 * and the flight of TLS 1.3 too.
 */
static const struct {
	uint32_t snaplen;
	uint16_t version;
	const char *timed_from;
	const char *tls_version;
	const char *suite;
	uint64_t records[2], apart;
} snaps[] = {
    {96, TLS_1_2, "assumed", "", "", {12, 12}, 0},
    {96, TLS_1_3, "assumed", "", "", {12, 15}, 0},
    {110,
     TLS_1_2,
     "headers",
     "1.2",
     "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
     {11, 11},
     0},
    {110, TLS_1_3, "headers", "1.3", "TLS_AES_128_GCM_SHA256", {10, 10}, 3},
    {200,
     TLS_1_2,
     "headers",
     "1.2",
     "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
     {11, 11},
     0},
    {200, TLS_1_3, "headers", "1.3", "TLS_AES_128_GCM_SHA256", {10, 10}, 3},
    {400,
     TLS_1_2,
     "headers",
     "1.2",
     "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
     {11, 11},
     0},
    {400, TLS_1_3, "headers", "1.3", "TLS_AES_128_GCM_SHA256", {10, 10}, 3},
    {1400,
     TLS_1_2,
     "headers",
     "1.2",
     "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
     {11, 11},
     0},
    {1400, TLS_1_3, "headers", "1.3", "TLS_AES_128_GCM_SHA256", {10, 10}, 0},
};

static void
replay_cut(uint32_t snaplen)
{
	const struct results_flow *flow;

	made.shape.snaplen = snaplen;
	session_run_replay(&made, NULL);
	flow = session_run_flow(&made);
	expect_text("keys", flow->keys,
		    "the snap length cut bytes of this flow");
	expect_true("frames were cut", made.run.stats.frames_cut > 0);
	expect_count("malformed", made.run.input->malformed, 0);
	for (int side = 0; side < 2; side++) {
		const struct results_direction *dir = &flow->direction[side];

		expect_count("errors", dir->errors, 0);
		expect_count("holes", dir->holes, 0);
	}
	/* The client's may have been captured whole. */
	expect_text("app_sha256", flow->direction[1].app_sha256, "");
}

START_TEST(test_generated_file_cut_by_a_snap_length_is_timed)
{
	const struct results_flow *flow;

	session_run_begin(&made, snaps[_i].version);
	talk_aligned(&made.session);
	expect_place("snap length %u, 0x%04x", snaps[_i].snaplen,
		     snaps[_i].version);
	replay_cut(snaps[_i].snaplen);
	flow = session_run_flow(&made);
	expect_text("timed_from", flow->timed_from, snaps[_i].timed_from);
	expect_text("version", flow->tls_version, snaps[_i].tls_version);
	expect_text("suite", flow->cipher_suite, snaps[_i].suite);
	for (int side = 0; side < 2; side++)
		expect_near("records", flow->direction[side].records,
			    snaps[_i].records[side], snaps[_i].apart);
}
END_TEST

/*
 * A header that was cut off ends what can be timed of a direction, and nothing
 * else: 4 records of the server, the first two of which begin a segment.
 */
START_TEST(test_generated_file_cut_header_ends_what_can_be_timed)
{
	const struct results_direction *down;

	session_run_begin(&made, snaps[_i].version);
	made.session.aligned = true;
	session_handshake(&made.session);
	session_data(&made.session, TALK_SERVER, 1000, 0);
	session_send(&made.session, TALK_SERVER);
	made.session.aligned = false;
	for (int i = 0; i < 3; i++)
		session_data(&made.session, TALK_SERVER, 2000, 0);
	session_send(&made.session, TALK_SERVER);
	expect_place("header cut off at %u, 0x%04x", snaps[_i].snaplen,
		     snaps[_i].version);
	replay_cut(snaps[_i].snaplen);
	down = &session_run_flow(&made)->direction[1];
	expect_near("records", down->records, snaps[_i].records[1] - 8,
		    snaps[_i].apart);
}
END_TEST

Suite *
generated_file_suite(void)
{
	const struct suite_test tests[] = {
	    {"kind_does_not_matter", test_generated_file_kind_does_not_matter,
	     ROWS(files)},
	    {"standard_input_is_read",
	     test_generated_file_standard_input_is_read, 2},
	    {"key_log_style_does_not_matter",
	     test_generated_file_key_log_style_does_not_matter, ROWS(logs)},
	    {"key_log_goes_before_embedded_secrets",
	     test_generated_file_key_log_goes_before_embedded_secrets, 0},
	    {"cut_by_a_snap_length_is_timed",
	     test_generated_file_cut_by_a_snap_length_is_timed, ROWS(snaps)},
	    {"cut_header_ends_what_can_be_timed",
	     test_generated_file_cut_header_ends_what_can_be_timed,
	     ROWS(snaps) - 2},
	};

	return suite_create_table("generated_file", tests, ROWS(tests), setup,
				  teardown, 60);
}
