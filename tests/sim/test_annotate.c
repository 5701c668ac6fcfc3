/*
 * test_annotate.c - the pcapng of what hosts received: frames, comments, order,
 * secrets.
 *
 * A row makes a connection and an input file of it.  Oracles: the input's own
 * frames, the NIC's counters against the comments, and a replay of the
 * annotated file, which must find every application byte again by the secrets
 * that are in it.
 */
#include "sim/annotate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/mbuf.h"
#include "sim/ktlsim_internal.h"
#include "tests/support/expect.h"
#include "tests/support/pcapng_read.h"
#include "tests/support/session_run.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *annotate_suite(void);

enum { SECOND_NS = 1000000000, SETTINGS_MAX = 8 };

static struct session_run made;
static struct replay_run plain;
static struct pcapng_read file, again;
static char path[2][64];
static int rounds; /* of data */

static void
setup(void)
{
	rounds = 4;
	for (int i = 0; i < 2; i++) {
		int fd;

		strcpy(path[i], "/tmp/ktlsim-test-XXXXXX");
		fd = mkstemp(path[i]);
		ck_assert_int_ge(fd, 0);
		close(fd);
	}
}

static void
teardown(void)
{
	pcapng_read_fini(&file);
	pcapng_read_fini(&again);
	replay_run_fini(&plain);
	session_run_fini(&made);
	unlink(path[0]);
	unlink(path[1]);
}

/* --- rows --- */

static void
shape_plain(void)
{
}

static void
shape_v6_vlan(void)
{
	packet_init_v6(&made.shape.packet);
	made.shape.packet.vlan_tags = 2;
	made.shape.packet.timestamp = true;
	made.shape.packet.trailer_len = 5;
}

static void
shape_sll(void)
{
	made.shape.packet.link = TRACE_LINK_SLL;
}

static void
shape_null(void)
{
	made.shape.packet.link = TRACE_LINK_NULL;
}

static void
shape_raw(void)
{
	made.shape.packet.link = TRACE_LINK_RAW;
}

/* Frames of 1448 bytes were captured before the sender's NIC cut them. */
static void
shape_cut(void)
{
	made.shape.mss_option = 536;
}

static void
shape_fragments(void)
{
	made.shape.fragment = 512;
}

static void
shape_last_first(void)
{
	made.shape.fragment = 512;
	made.shape.last_first = true;
}

static void
shape_cut_fragments(void)
{
	shape_cut();
	shape_fragments();
}

/* Each 7th data segment of the server comes again, some of them wrong. */
static void
shape_repeated(void)
{
	for (unsigned nth = 3; nth < 30; nth += 7) {
		unsigned at = session_find(&made.session, TALK_SERVER, nth);

		session_repeat(&made.session, at, at)->checksum =
		    nth % 2 ? PACKET_SUM_WRONG : PACKET_SUM_RIGHT;
	}
}

/* Segments are missing, and come later: inline TLS loses its place. */
static void
shape_late(void)
{
	for (unsigned nth = 10; nth < 22; nth++) {
		unsigned at = session_find(&made.session, TALK_SERVER, nth);

		session_repeat(&made.session, at, at + 14);
		made.session.segment[at].lost = true;
	}
}

struct row {
	const char *name;
	uint16_t version;
	void (*shape)(void);
	bool altered; /* the file's frames are not the input's */
	bool many;    /* more flows or hosts are followed: no counters */
	struct replay_setting settings[SETTINGS_MAX];
};

static const struct row rows[] = {
    {"TLS 1.3", TLS_1_3, shape_plain, false, false, {{NULL, NULL}}},
    {"TLS 1.2", TLS_1_2, shape_plain, false, false, {{NULL, NULL}}},
    {"offload",
     TLS_1_3,
     shape_plain,
     false,
     false,
     {{"nic.tls", "on"}, {NULL, NULL}}},
    {"offload of TLS 1.2 with gaps",
     TLS_1_2,
     shape_late,
     false,
     false,
     {{"nic.tls", "on"}, {NULL, NULL}}},
    {"offload with gaps",
     TLS_1_3,
     shape_late,
     false,
     false,
     {{"nic.tls", "on"}, {NULL, NULL}}},
    {"offload in model mode",
     TLS_1_3,
     shape_late,
     false,
     false,
     {{"nic.tls", "on"}, {"crypto.mode", "model"}, {NULL, NULL}}},
    {"contexts fetched one by one",
     TLS_1_3,
     shape_repeated,
     false,
     false,
     {{"nic.tls", "on"},
      {"nic.tls_cache", "1"},
      {"nic.pcie", "gen3x8"},
      {NULL, NULL}}},
    {"short rings",
     TLS_1_3,
     shape_plain,
     false,
     false,
     {{"nic.ring", "4"},
      {"nic.moderation_time", "300us"},
      {"nic.moderation_frames", "100"},
      {NULL, NULL}}},
    {"short rings under offload",
     TLS_1_3,
     shape_plain,
     false,
     false,
     {{"nic.tls", "on"},
      {"nic.ring", "4"},
      {"nic.moderation_time", "300us"},
      {"nic.moderation_frames", "100"},
      {NULL, NULL}}},
    {"pause frames",
     TLS_1_3,
     shape_plain,
     false,
     false,
     {{"nic.pause", "on"},
      {"nic.ring", "4"},
      {"nic.moderation_time", "300us"},
      {"nic.moderation_frames", "100"},
      {NULL, NULL}}},
    {"GRO with budgets",
     TLS_1_3,
     shape_late,
     false,
     false,
     {{"nic.merge", "gro"},
      {"nic.poll_weight", "4"},
      {"nic.poll_budget", "8"},
      {"nic.tls", "on"},
      {NULL, NULL}}},
    {"IPv6, VLAN, padding",
     TLS_1_3,
     shape_v6_vlan,
     false,
     false,
     {{NULL, NULL}}},
    {"SLL", TLS_1_3, shape_sll, false, false, {{NULL, NULL}}},
    {"BSD null", TLS_1_3, shape_null, false, false, {{NULL, NULL}}},
    {"raw IP", TLS_1_3, shape_raw, false, false, {{NULL, NULL}}},
    {"cut", TLS_1_3, shape_cut, true, false, {{"nic.tls", "on"}, {NULL, NULL}}},
    {"fragments", TLS_1_3, shape_fragments, false, true, {{NULL, NULL}}},
    {"fragments, the last first",
     TLS_1_3,
     shape_last_first,
     false,
     true,
     {{NULL, NULL}}},
    {"pieces of fragmented packets",
     TLS_1_3,
     shape_cut_fragments,
     false,
     true,
     {{NULL, NULL}}},
    {"repeated and wrong",
     TLS_1_3,
     shape_repeated,
     false,
     true,
     {{NULL, NULL}}},
    {"one host",
     TLS_1_3,
     shape_plain,
     false,
     true,
     {{"replay.receiver", "client"}, {NULL, NULL}}},
    {"no host",
     TLS_1_3,
     shape_plain,
     false,
     true,
     {{"replay.receiver", "none"}, {NULL, NULL}}},
    {"captured in the host",
     TLS_1_3,
     shape_plain,
     false,
     false,
     {{"replay.capture_point", "host"}, {NULL, NULL}}},
};

static const struct row *
row_named(const char *name)
{
	for (int i = 0; i < ROWS(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	ck_abort_msg("there is no row '%s'", name);
}

/* The handshake, time for the firmware, and data both ways. */
static void
make_row(const struct row *row)
{
	struct tls_session *session = &made.session;

	expect_place("%s", row->name);
	session_run_begin(&made, row->version);
	session_handshake(session);
	session_data(session, TALK_SERVER, 10, 0);
	session_send(session, TALK_SERVER);
	session->now_ns += SECOND_NS;
	for (int i = 0; i < rounds; i++) {
		session_data(session, TALK_CLIENT, 3000, 0);
		session_data(session, TALK_SERVER, 16384, 0);
		session_send(session, TALK_CLIENT);
		session_send(session, TALK_SERVER);
	}
	session_close(session);
	row->shape();
	session_capture(session, &made.shape, &made.file);
}

static void
run_to(struct replay_run *run, const char *to, const struct row *row)
{
	const struct replay_input input = {
	    .capture = made.file.path,
	    .keylog_text = made.session.keylog,
	    .settings = row->settings,
	    .annotate = to != NULL ? fopen(to, "wb") : NULL,
	};

	replay_run_capture(run, &input);
	expect_text("failure", run->text, "");
	if (input.annotate == NULL)
		return;
	expect_count("error", (uint64_t)ktlsim_annotate_error(run->sim), 0);
	ck_assert_int_eq(fclose(input.annotate), 0);
}

/* --- the input's frames --- */

struct bytes {
	const uint8_t *at;
	size_t len;
};

static int
bytes_compare(const void *left, const void *right)
{
	const struct bytes *a = left, *b = right;

	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->at, b->at, a->len);
}

/* What is in the file but frames that the NIC refused, sorted. */
static size_t
sort_taken(struct bytes *to)
{
	size_t count = 0;

	for (size_t i = 0; i < file.count; i++) {
		const struct pcapng_read_packet *packet = &file.packet[i];

		if (strstr(packet->comment, "no free descriptor") == NULL)
			to[count++] =
			    (struct bytes){packet->data, packet->captured_len};
	}
	qsort(to, count, sizeof(*to), bytes_compare);
	return count;
}

/* The pcap that a session was written to: microseconds, little-endian. */
static size_t
sort_input(struct bytes *to, const uint8_t *bytes, size_t len)
{
	size_t count = 0;

	for (size_t at = 24; at < len;) {
		uint32_t captured;

		memcpy(&captured, bytes + at + 8, 4);
		to[count++] = (struct bytes){bytes + at + 16, captured};
		at += 16 + captured;
	}
	qsort(to, count, sizeof(*to), bytes_compare);
	return count;
}

static void
expect_frames_of_the_input(void)
{
	static struct bytes want[SESSION_SEGMENTS_MAX * 4], got[100000];
	size_t len, wanted, count = sort_taken(got);
	uint8_t *bytes = pcap_file_load(&made.file, &len);

	wanted = sort_input(want, bytes, len);
	expect_count("frames", count, wanted);
	for (size_t i = 0; i < wanted; i++)
		expect_true("the frame is there",
			    bytes_compare(&want[i], &got[i]) == 0);
	free(bytes);
}

/* --- the comments --- */

static void
expect_order(void)
{
	for (size_t i = 1; i < file.count; i++)
		expect_true("time goes on", file.packet[i].time_ns >=
						file.packet[i - 1].time_ns);
}

/* Packets of a host's queue: the host is that of the direction. */
static uint64_t
count_queue(const struct host *host, uint32_t queue)
{
	char to[sizeof(host->name) + 16];
	uint64_t count = 0;

	snprintf(to, sizeof(to), "flow 0 to %s;", host->name);
	for (size_t i = 0; i < file.count; i++)
		count += file.packet[i].has_queue &&
			 file.packet[i].queue == queue &&
			 strstr(file.packet[i].comment, to) != NULL;
	return count;
}

static void
expect_verdicts(const struct ktlsim *sim, const struct row *row)
{
	uint64_t cases[NIC_TLS_CASE_COUNT] = {0}, decrypted = 0, resyncs = 0;
	char text[64];

	for (unsigned h = 0; h < sim->host_count; h++) {
		const struct nic_tls_counters *counters =
		    &sim->host[h].nic.contexts.counters;

		for (int c = 0; c < NIC_TLS_CASE_COUNT; c++)
			cases[c] += counters->cases[c];
		decrypted += counters->decrypted_packets;
		resyncs += counters->resync_req_pkt;
	}
	for (int c = 0; c < NIC_TLS_CASE_COUNT; c++) {
		snprintf(text, sizeof(text), " (%s); offload: ",
			 nic_tls_case_name((enum nic_tls_case)c));
		expect_count(text, pcapng_read_count(&file, text), cases[c]);
	}
	expect_true("something was decrypted", decrypted > 0);
	expect_count("DECRYPTED", pcapng_read_count(&file, "; DECRYPTED ("),
		     decrypted);
	if (strstr(row->name, "gaps") != NULL)
		expect_true("a place was lost", resyncs > 0);
	expect_count("RESYNC", pcapng_read_count(&file, "; RESYNC ("), resyncs);
}

static void
expect_counters(const struct ktlsim *sim, const struct row *row)
{
	uint64_t dropped = 0;

	for (unsigned h = 0; h < sim->host_count; h++) {
		for (uint32_t q = 0; q < sim->host[h].nic.queues; q++) {
			const struct nic_rxq *rxq = &sim->host[h].nic.queue[q];

			expect_count("packets of a queue",
				     count_queue(&sim->host[h], q),
				     rxq->received + rxq->out_of_buffer);
			dropped += rxq->out_of_buffer;
		}
	}
	expect_count("drops", pcapng_read_count(&file, "dropped: the queue"),
		     dropped);
	expect_count("offered again",
		     pcapng_read_count(&file, "; offered again"),
		     sim->input.resent);
	if (strstr(row->name, "short rings") != NULL)
		expect_true("something was dropped", dropped > 0);
	if (sim->config.nic_tls)
		expect_verdicts(sim, row);
	else
		expect_count("offload", pcapng_read_count(&file, "offload"), 0);
}

/* --- the tests --- */

START_TEST(test_annotate_file_is_what_the_hosts_received)
{
	const struct row *row = &rows[_i];

	make_row(row);
	run_to(&made.run, path[0], row);
	pcapng_read_load(&file, path[0]);
	expect_order();
	if (!row->altered)
		expect_frames_of_the_input();
	if (!row->many)
		expect_counters(made.run.sim, row);
	expect_text("secrets", file.secrets, made.session.keylog);
	expect_count("comments",
		     pcapng_read_count(&file, "flow 0 to ") +
			 pcapng_read_count(&file, "IP fragment"),
		     file.count);
}
END_TEST

/* The model does not notice, and the file is the same each time. */
START_TEST(test_annotate_file_changes_nothing_and_repeats)
{
	const struct row *row = &rows[_i];

	make_row(row);
	run_to(&made.run, path[0], row);
	run_to(&plain, NULL, row);
	ck_assert_uint_eq(made.run.results->digest, plain.results->digest);
	replay_run_fini(&plain);
	run_to(&plain, path[1], row);
	pcapng_read_load(&file, path[0]);
	pcapng_read_load(&again, path[1]);
	ck_assert_uint_eq(file.len, again.len);
	ck_assert_mem_eq(file.bytes, again.bytes, file.len);
}
END_TEST

/* Every byte is found again, with no key log but the one inside. */
START_TEST(test_annotate_file_replays_to_the_same_bytes)
{
	const struct row *row = &rows[_i];
	const struct replay_input input = {.capture = path[0]};

	make_row(row);
	run_to(&made.run, path[0], row);
	replay_run_capture(&plain, &input);
	expect_text("failure", plain.text, "");
	expect_count("flows", plain.results->flow_count, 1);
	session_expect(&made.session, &plain.results->flows[0]);
}
END_TEST

START_TEST(test_annotate_says_what_was_dropped_and_why)
{
	const struct row *row = row_named("repeated and wrong");

	make_row(row);
	run_to(&made.run, path[0], row);
	pcapng_read_load(&file, path[0]);
	ck_assert_uint_gt(made.run.input->bad_checksum, 0);
	ck_assert_uint_eq(
	    pcapng_read_count(&file, "dropped: its TCP checksum is wrong"),
	    made.run.input->bad_checksum);
}
END_TEST

/*
 * A port whose buffer is full before it asks for a pause: what it refuses shows
 * as dropped, and is no frame of a ring.
 */
START_TEST(test_annotate_says_what_the_port_refused)
{
	const struct row row = {.name = "port",
				.version = TLS_1_3,
				.shape = shape_plain,
				.settings = {{"nic.pause", "on"},
					     {"nic.ring", "4"},
					     {"nic.port_buffer", "64KiB"},
					     {"nic.pause_xoff", "64KiB"},
					     {"nic.moderation_time", "3ms"},
					     {"nic.moderation_frames", "1000"},
					     {NULL, NULL}}};
	const struct ktlsim *sim;
	uint64_t refused = 0;

	rounds = 24;
	make_row(&row);
	run_to(&made.run, path[0], &row);
	pcapng_read_load(&file, path[0]);
	sim = made.run.sim;
	for (unsigned h = 0; h < sim->host_count; h++) {
		refused += sim->host[h].segments.dropped_ring;
		for (uint32_t q = 0; q < sim->host[h].nic.queues; q++)
			refused -= sim->host[h].nic.queue[q].out_of_buffer;
	}
	expect_true("something was refused", refused > 0);
	expect_count(
	    "refused",
	    pcapng_read_count(&file, "; dropped: the port's buffer is full"),
	    refused);
}
END_TEST

START_TEST(test_annotate_follows_what_no_host_receives)
{
	const struct row *row = row_named("one host");
	uint64_t segments;

	make_row(row);
	run_to(&made.run, path[0], row);
	pcapng_read_load(&file, path[0]);
	segments = made.run.results->flows[0].direction[0].segments;
	ck_assert_uint_gt(segments, 0);
	ck_assert_uint_eq(
	    pcapng_read_count(&file,
			      "flow 0 to server; no host is simulated for it"),
	    segments);
}
END_TEST

/* The snap length cut payloads: what is there is written, and how much was. */
START_TEST(test_annotate_cut_frames_stay_cut)
{
	const struct row *row = &rows[0];

	make_row(row);
	pcap_file_remove(&made.file);
	made.shape.snaplen = 200;
	session_capture(&made.session, &made.shape, &made.file);
	run_to(&made.run, path[0], row);
	pcapng_read_load(&file, path[0]);
	expect_frames_of_the_input();
	for (size_t i = 0; i < file.count; i++) {
		ck_assert_uint_le(file.packet[i].captured_len, 200);
		ck_assert_uint_ge(file.packet[i].wire_len,
				  file.packet[i].captured_len);
	}
}
END_TEST

/* A copy that nothing was kept for, on a link that was captured. */
START_TEST(test_annotate_makes_headers_where_it_has_none)
{
	const struct row *row = &rows[_i];
	struct annotate *annotate;
	struct ktlsim *sim;
	struct mbuf *m;
	FILE *out = fopen(path[0], "wb");

	make_row(row);
	run_to(&made.run, NULL, row);
	sim = made.run.sim;
	ck_assert_int_eq(annotate_create(&annotate, sim, out), 0);
	m = m_from_bytes(sim->pool, (const uint8_t *)"hello", 5, 0);
	m->m_pkthdr.receiver = FLOW_SERVER_TO_CLIENT;
	m->m_pkthdr.th_seq = 4711;
	annotate_lost(annotate, &sim->conn[0]->endpoint[1], m,
		      "the link lost it", sim->now);
	ck_assert_int_eq(annotate_finish(annotate), 0);
	annotate_destroy(annotate);
	m_freem(sim->pool, m);
	fclose(out);
	pcapng_read_load(&file, path[0]);
	ck_assert_uint_eq(file.count, 1);
	ck_assert_uint_eq(file.link, TRACE_LINK_ETHERNET);
	ck_assert_uint_eq(file.packet[0].captured_len, 14 + 20 + 20 + 5);
	ck_assert_mem_eq(file.packet[0].data + 54, "hello", 5);
	ck_assert_str_eq(file.packet[0].comment,
			 "flow 0 to client; dropped: the link lost it");
}
END_TEST

/* One interface per link type; beyond what there can be, the last one. */
START_TEST(test_annotate_link_types_are_interfaces)
{
	struct annotate *annotate;
	struct ktlsim_frame raw = {
	    .data = (const uint8_t *)"x", .captured_len = 1, .wire_len = 1};
	FILE *out = fopen(path[0], "wb");

	make_row(&rows[0]);
	run_to(&made.run, NULL, &rows[0]);
	ck_assert_int_eq(annotate_create(&annotate, made.run.sim, out), 0);
	raw.time_ps = made.run.sim->now;
	for (int i = 0; i < 40; i++) {
		raw.link_type = TRACE_LINK_RAW_12 + i % 20;
		annotate_frame(annotate, &raw);
		annotate_fragment(annotate);
	}
	ck_assert_int_eq(annotate_finish(annotate), 0);
	annotate_destroy(annotate);
	fclose(out);
	pcapng_read_load(&file, path[0]);
	ck_assert_uint_eq(file.link, TRACE_LINK_RAW);
	ck_assert_uint_eq(file.interfaces, 16);
	for (uint32_t i = 0; i < 40; i++)
		ck_assert_uint_eq(file.packet[i].interface,
				  i % 20 < 16 ? i % 20 : 15);
}
END_TEST

START_TEST(test_annotate_without_a_frame_is_a_file)
{
	const struct pcap_file_format format = {.link = 1};
	const struct replay_input input = {
	    .capture = made.file.path,
	    .annotate = fopen(path[0], "wb"),
	};

	pcap_file_begin(&made.file, &format);
	pcap_file_end(&made.file);
	replay_run_capture(&made.run, &input);
	fclose(input.annotate);
	pcapng_read_load(&file, path[0]);
	ck_assert_uint_eq(file.count, 0);
	ck_assert_uint_eq(file.interfaces, 1);
	ck_assert_uint_eq(file.secrets_blocks, 0);
}
END_TEST

/* More than one block holds: every line once, and no line is torn. */
START_TEST(test_annotate_many_secrets_take_several_blocks)
{
	const struct row *row = &rows[0];
	size_t room = 1 << 20, len = 0;
	char *text = malloc(room);
	struct replay_input input = {.keylog_text = text};

	make_row(row);
	for (unsigned i = 0; i < 1000; i++)
		len += (size_t)snprintf(text + len, room - len,
					"CLIENT_RANDOM %064x %096x\n", i, i);
	input.capture = made.file.path;
	input.annotate = fopen(path[0], "wb");
	replay_run_capture(&made.run, &input);
	fclose(input.annotate);
	pcapng_read_load(&file, path[0]);
	ck_assert_uint_gt(file.secrets_blocks, 1);
	ck_assert_str_eq(file.secrets, text);
	free(text);
}
END_TEST

START_TEST(test_annotate_full_disk_is_kept)
{
	struct replay_input input = {.annotate = fopen("/dev/full", "wb")};

	if (input.annotate == NULL)
		return;
	make_row(&rows[0]);
	input.capture = made.file.path;
	replay_run_capture(&made.run, &input);
	ck_assert_int_eq(ktlsim_annotate_error(made.run.sim), ENOSPC);
	fclose(input.annotate);
}
END_TEST

START_TEST(test_annotate_needs_simulated_time)
{
	const struct replay_setting settings[] = {{"run.executor", "threads"},
						  {NULL, NULL}};
	const struct replay_input input = {.capture = made.file.path,
					   .settings = settings};

	make_row(&rows[0]);
	replay_run_capture(&made.run, &input);
	ck_assert_int_eq(ktlsim_annotate_to(made.run.sim, stderr), ENOTSUP);
	ck_assert_int_eq(ktlsim_trace_to(made.run.sim, stderr), ENOTSUP);
	ck_assert_int_eq(ktlsim_annotate_error(made.run.sim), 0);
	ck_assert_int_eq(ktlsim_trace_error(made.run.sim), 0);
}
END_TEST

Suite *
annotate_suite(void)
{
	const struct suite_test tests[] = {
	    {"file_is_what_the_hosts_received",
	     test_annotate_file_is_what_the_hosts_received, ROWS(rows)},
	    {"file_changes_nothing_and_repeats",
	     test_annotate_file_changes_nothing_and_repeats, ROWS(rows)},
	    {"file_replays_to_the_same_bytes",
	     test_annotate_file_replays_to_the_same_bytes, ROWS(rows)},
	    {"says_what_was_dropped_and_why",
	     test_annotate_says_what_was_dropped_and_why, 0},
	    {"says_what_the_port_refused",
	     test_annotate_says_what_the_port_refused, 0},
	    {"follows_what_no_host_receives",
	     test_annotate_follows_what_no_host_receives, 0},
	    {"cut_frames_stay_cut", test_annotate_cut_frames_stay_cut, 0},
	    {"makes_headers_where_it_has_none",
	     test_annotate_makes_headers_where_it_has_none, 0},
	    {"link_types_are_interfaces",
	     test_annotate_link_types_are_interfaces, 0},
	    {"without_a_frame_is_a_file",
	     test_annotate_without_a_frame_is_a_file, 0},
	    {"many_secrets_take_several_blocks",
	     test_annotate_many_secrets_take_several_blocks, 0},
	    {"full_disk_is_kept", test_annotate_full_disk_is_kept, 0},
	    {"needs_simulated_time", test_annotate_needs_simulated_time, 0},
	};

	return suite_create_table("annotate", tests, ROWS(tests), setup,
				  teardown, 0);
}
