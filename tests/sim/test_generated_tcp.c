/*
 * test_generated_tcp.c - made-up connections in every wrapping and disorder of
 * frames, packets and segments.
 *
 * A table of what must not matter: whatever the row does to the link layer, the
 * packets or the order of segments, every byte is delivered.  Behind it, tests
 * of what does matter, each with its own outcome.
 */
#include <string.h>

#include "engine/mbuf.h"
#include "tests/support/expect.h"
#include "tests/support/session_run.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *generated_tcp_suite(void);

static struct session_run made;

static void
setup(void)
{
	memset(&made, 0, sizeof(made));
}

static void
teardown(void)
{
	session_run_fini(&made);
}

/* Segments that are sent twice, each right behind itself. */
static void
bend_twice(struct tls_session *session)
{
	for (unsigned i = 0; i < session->count; i += 2)
		session_repeat(session, i, i + 1);
}

/* Payload in pairs of the wrong order. */
static void
bend_swapped(struct tls_session *session)
{
	for (unsigned i = 3; i + 1 < session->count; i += 2)
		session_swap(session, i, i + 1);
}

/* Every third segment comes ten later. */
static void
bend_late(struct tls_session *session)
{
	for (unsigned i = 4; i + 10 < session->count; i += 3)
		for (unsigned k = i; k < i + 10; k++)
			session_swap(session, k, k + 1);
}

/* The server's FIN, the last segment, comes before its last data. */
static void
bend_early_fin(struct tls_session *session)
{
	unsigned fin = session->count - 1;

	for (int i = 0; i < 6; i++, fin--)
		session_swap(session, fin - 1, fin);
}

/* The FIN rides on the last data, which comes before the data in front. */
static void
bend_fin_on_data(struct tls_session *session)
{
	unsigned fin = session->count - 1;

	session->segment[fin - 1].flags |= TH_FIN;
	session->segment[fin].lost = true;
	session_swap(session, fin - 1, fin - 5);
}

/*
 * Retransmissions with other boundaries: what two segments held arrives again
 * as one that begins in the middle of the first.
 */
static void
bend_overlap(struct tls_session *session)
{
	unsigned first = session_find(session, TALK_SERVER, 4);
	struct session_segment *again;

	again = session_repeat(session, first, first + 1);
	again->seq += 700;
	again->len = 1448;
	first = session_find(session, TALK_SERVER, 9);
	again = session_repeat(session, first, first);
	again->seq -= 300;
	again->len = 301;
}

/* The first byte of every second segment, then all of it. */
static void
bend_probes(struct tls_session *session)
{
	for (unsigned i = 3; i + 1 < session->count; i += 2) {
		struct session_segment *probe = session_repeat(session, i, i);

		probe->len = probe->len > 0;
	}
}

static void
bend_backwards(struct tls_session *session)
{
	for (unsigned i = 5; i < session->count; i += 4)
		session->segment[i].time_ns -= 35000;
}

static void
bend_all_at_once(struct tls_session *session)
{
	for (unsigned i = 0; i < session->count; i++)
		session->segment[i].time_ns = session->segment[0].time_ns;
}

/* A day and a second between the handshake and the data. */
static void
bend_long_gap(struct tls_session *session)
{
	unsigned i = session_find(session, TALK_SERVER, 4);

	for (; i < session->count; i++)
		session->segment[i].time_ns += UINT64_C(86401000000000);
}

static void
bend_partial(struct tls_session *session)
{
	for (unsigned i = 0; i < session->count; i++)
		if (session->segment[i].side == TALK_SERVER)
			session->segment[i].checksum = PACKET_SUM_PARTIAL;
}

static void
bend_wrong_sums(struct tls_session *session)
{
	for (unsigned i = 0; i < session->count; i += 3)
		session->segment[i].checksum = PACKET_SUM_WRONG;
}

/* What counts is 0 in most rows. */
struct row {
	const char *name;
	void (*bend)(struct tls_session *session); /* or NULL */
	/* shape; 0: that of session_shape_init */
	bool v6;
	enum trace_link link;
	bool null_link; /* TRACE_LINK_NULL is 0 */
	uint8_t vlan_tags;
	bool link_swapped;
	bool link_short;
	uint8_t ip_options;
	uint8_t extension; /* IPv6, beside a destination option */
	bool hop_by_hop;
	uint32_t fragment;
	bool last_first;
	uint32_t isn;
	uint32_t mss;
	bool timestamp;
	bool ip_length_absent;
	uint32_t trailer;
	const char *key, *value; /* a setting */
	/* expected */
	uint64_t times_raised, gaps_cut;
	bool cut_frames, partial_sums;
};

static const struct row rows[] = {
    {.name = "plain"},
    {.name = "VLAN", .vlan_tags = 1},
    {.name = "QinQ", .vlan_tags = 2},
    {.name = "SLL", .link = TRACE_LINK_SLL},
    {.name = "SLL with VLAN", .link = TRACE_LINK_SLL, .vlan_tags = 1},
    {.name = "SLL2", .link = TRACE_LINK_SLL2},
    {.name = "SLL2 with VLAN", .link = TRACE_LINK_SLL2, .vlan_tags = 1},
    {.name = "SLL2, IPv6", .link = TRACE_LINK_SLL2, .v6 = true},
    {.name = "null", .null_link = true},
    {.name = "null, big-endian", .null_link = true, .link_swapped = true},
    {.name = "null, IPv6", .null_link = true, .v6 = true},
    {.name = "loop", .link = TRACE_LINK_LOOP},
    {.name = "PPP", .link = TRACE_LINK_PPP},
    {.name = "PPP, short", .link = TRACE_LINK_PPP, .link_short = true},
    {.name = "PPP, IPv6", .link = TRACE_LINK_PPP, .v6 = true},
    {.name = "raw", .link = TRACE_LINK_RAW},
    {.name = "raw 12", .link = TRACE_LINK_RAW_12},
    {.name = "raw 14, IPv6", .link = TRACE_LINK_RAW_14, .v6 = true},
    {.name = "IPv4 (228)", .link = TRACE_LINK_IPV4},
    {.name = "IPv6 (229)", .link = TRACE_LINK_IPV6, .v6 = true},
    {.name = "IPv6", .v6 = true},
    {.name = "hop-by-hop", .v6 = true, .hop_by_hop = true},
    {.name = "routing", .v6 = true, .extension = 43},
    {.name = "authentication", .v6 = true, .extension = 51},
    {.name = "IPv4 options", .ip_options = 40},
    {.name = "IPv4 fragments", .fragment = 512},
    {.name = "IPv4 fragments, last first", .fragment = 512, .last_first = true},
    {.name = "IPv6 fragments", .v6 = true, .fragment = 512},
    {.name = "IPv6 fragments, last first",
     .v6 = true,
     .fragment = 640,
     .last_first = true},
    {.name = "IPv6 fragments behind an extension",
     .v6 = true,
     .extension = 43,
     .fragment = 64},
    {.name = "junk behind the packet", .trailer = 40},
    {.name = "timestamps", .timestamp = true},
    {.name = "sequence wraps in a record", .isn = UINT32_MAX - 30000},
    {.name = "sequence wraps in a record, disordered",
     .isn = UINT32_MAX - 30000,
     .bend = bend_late},
    {.name = "sequence wraps at the SYN", .isn = UINT32_MAX},
    {.name = "segments of 100 bytes", .mss = 100},
    {.name = "each segment twice", .bend = bend_twice},
    {.name = "neighbours swapped", .bend = bend_swapped},
    {.name = "every third ten later", .bend = bend_late},
    {.name = "overlaps", .bend = bend_overlap},
    {.name = "one byte ahead of each", .bend = bend_probes},
    {.name = "early FIN", .bend = bend_early_fin},
    {.name = "early FIN on data", .bend = bend_fin_on_data},
    {.name = "time runs backwards", .bend = bend_backwards, .times_raised = 1},
    {.name = "all at one instant", .bend = bend_all_at_once},
    {.name = "a day passes", .bend = bend_long_gap, .gaps_cut = 1},
    {.name = "a day passes, no limit",
     .bend = bend_long_gap,
     .key = "replay.max_gap",
     .value = "100d"},
    {.name = "partial sums", .bend = bend_partial, .partial_sums = true},
    {.name = "wrong sums ignored",
     .bend = bend_wrong_sums,
     .key = "replay.checksum",
     .value = "ignore"},
    {.name = "large frames cut",
     .bend = bend_partial,
     .mss = 65000,
     .cut_frames = true,
     .partial_sums = true},
    {.name = "large frames kept",
     .bend = bend_partial,
     .mss = 65000,
     .key = "replay.segmentation",
     .value = "keep",
     .partial_sums = true},
    {.name = "large frames, IPv4 length 0",
     .bend = bend_partial,
     .mss = 65000,
     .ip_length_absent = true,
     .cut_frames = true,
     .partial_sums = true},
    {.name = "large frames, IPv6, raw",
     .mss = 65000,
     .v6 = true,
     .link = TRACE_LINK_RAW,
     .cut_frames = true},
    {.name = "large frames, timestamps, disordered",
     .bend = bend_swapped,
     .mss = 30000,
     .timestamp = true,
     .cut_frames = true},
};

static void
shape_of(const struct row *row, struct session_shape *shape)
{
	struct packet *packet = &shape->packet;

	if (row->v6)
		packet_init_v6(packet);
	if (row->link != 0 || row->null_link)
		packet->link = row->link;
	packet->vlan_tags = row->vlan_tags;
	packet->link_swapped = row->link_swapped;
	packet->link_short = row->link_short;
	packet->ip_options = row->ip_options;
	packet->timestamp = row->timestamp;
	packet->ip_length_absent = row->ip_length_absent;
	packet->trailer_len = row->trailer;
	if (row->hop_by_hop)
		packet->extensions[packet->extension_count++] = 0;
	if (row->extension != 0) {
		packet->extensions[packet->extension_count++] = row->extension;
		packet->extensions[packet->extension_count++] = 60;
	}
	shape->fragment = row->fragment;
	shape->last_first = row->last_first;
	if (row->isn != 0) {
		shape->isn[0] = row->isn;
		shape->isn[1] = row->isn - 11111;
	}
}

/* Large frames: as many segments as their payload makes at the MSS. */
static uint64_t
segments_of(uint32_t mss)
{
	uint64_t segments = 0;

	for (unsigned i = 0; i < made.session.count; i++) {
		const struct session_segment *s = &made.session.segment[i];

		if (s->lost || s->side != TALK_SERVER)
			continue;
		segments += s->len == 0 ? 1 : (s->len + mss - 1) / mss;
	}
	return segments;
}

static void
check_counts(const struct row *row)
{
	const struct results_flow *flow = session_run_flow(&made);
	const struct results_direction *down = &flow->direction[1];
	uint32_t cut_to = row->timestamp ? SESSION_MSS : SESSION_MSS + 12;

	expect_true("times raised", (made.run.stats.times_raised > 0) ==
					(row->times_raised > 0));
	expect_count("gaps cut", made.run.stats.gaps_cut, row->gaps_cut);
	expect_count("malformed", made.run.input->malformed, 0);
	expect_count("wrong sums", made.run.input->bad_checksum, 0);
	expect_true("partial sums", (made.run.input->partial_checksum > 0) ==
					row->partial_sums);
	expect_true("frames are cut",
		    (made.run.input->segmented > 0) == row->cut_frames);
	if (row->cut_frames)
		expect_count("segments", down->segments, segments_of(cut_to));
	else
		expect_count("segments", down->segments,
			     segments_of(UINT16_MAX));
}

/* Rows twice: TLS 1.2 and 1.3. */
START_TEST(test_generated_tcp_wrapping_and_order_do_not_matter)
{
	const struct row *row = &rows[_i / 2];
	const struct replay_setting settings[] = {{row->key, row->value},
						  {NULL, NULL}};

	session_run_begin(&made, _i % 2 == 0 ? TLS_1_2 : TLS_1_3);
	if (row->mss != 0)
		made.session.mss = row->mss;
	session_run_talk(&made);
	if (row->bend != NULL)
		row->bend(&made.session);
	shape_of(row, &made.shape);
	expect_place("%s, TLS 1.%d", row->name, 2 + _i % 2);
	session_run_replay(&made, settings);
	session_expect(&made.session, session_run_flow(&made));
	check_counts(row);
}
END_TEST

/* Connections that follow each other on the same four numbers. */
START_TEST(test_generated_tcp_connections_on_one_4_tuple_are_flows)
{
	static struct tls_session session[3];
	struct talk_hello hello = {.version = TLS_1_3, .suite_id = 0x1301};
	char keylog[3 * SESSION_LOG_MAX] = "";

	session_run_begin(&made, TLS_1_3);
	pcap_file_begin(&made.file, &(struct pcap_file_format){
					.nanoseconds = true, .link = 1});
	for (unsigned i = 0; i < 3; i++) {
		hello.round = (uint8_t)(i + 1);
		session_init(&session[i], &hello);
		session_handshake(&session[i]);
		session_data(&session[i], TALK_SERVER, 3000 + i, 0);
		session_send(&session[i], TALK_SERVER);
		/* The second ends without a word. */
		if (i != 1)
			session_close(&session[i]);
		for (unsigned k = 0; k < session[i].count; k++)
			session[i].segment[k].time_ns +=
			    i * UINT64_C(1000000000);
		made.shape.isn[0] += 7777777 * i;
		made.shape.isn[1] += 99 * i;
		session_write(&session[i], &made.shape, &made.file);
		strcat(keylog, session[i].keylog);
	}
	pcap_file_end(&made.file);
	session_run_file(&made, keylog, NULL);
	expect_count("flows", made.run.results->flow_count, 3);
	for (unsigned i = 0; i < 3; i++) {
		expect_place("connection %u", i);
		session_expect(&session[i], &made.run.results->flows[i]);
		session_fini(&session[i]);
	}
}
END_TEST

/* A session whose every record begins a segment. */
static void
talk_aligned(struct tls_session *session)
{
	session_handshake(session);
	for (int i = 0; i < 6; i++) {
		session_data(session, TALK_SERVER, 1000 + 10u * (unsigned)i, 0);
		session_send(session, TALK_SERVER);
		session_data(session, TALK_CLIENT, 50, 0);
		session_send(session, TALK_CLIENT);
	}
}

/* Index of the server's nth segment of data, from 0, in talk_aligned. */
static unsigned
find_data(const struct tls_session *session, unsigned nth)
{
	return session_find(session, TALK_SERVER,
			    nth + (session->talk.suite->tls13 ? 1 : 2));
}

START_TEST(test_generated_tcp_reset_ends_a_stream_where_it_is)
{
	struct session_segment *reset;
	const struct results_flow *flow;
	unsigned at;

	session_run_begin(&made, _i == 0 ? TLS_1_2 : TLS_1_3);
	talk_aligned(&made.session);
	at = find_data(&made.session, 3);
	made.session.segment[at].len = 500; /* a part of the record */
	reset = session_repeat(&made.session, at, at + 1);
	reset->seq += 500;
	reset->len = 0;
	reset->flags = TH_RST | TH_ACK;
	made.session.count = at + 2;
	expect_place("RST, TLS 1.%d", 2 + _i);
	session_run_replay(&made, NULL);
	flow = session_run_flow(&made);
	session_expect_part(&made.session, flow, 1, 3030, 3);
	session_expect_part(&made.session, flow, 0, 150, 3);
	expect_count("holes", flow->direction[1].holes, 0);
}
END_TEST

/* What was missing when the capture began is not a hole. */
START_TEST(test_generated_tcp_capture_that_begins_mid_stream_is_timed)
{
	const struct results_flow *flow;
	unsigned first;

	session_run_begin(&made, _i == 0 ? TLS_1_2 : TLS_1_3);
	talk_aligned(&made.session);
	first = find_data(&made.session, 1);
	for (unsigned i = 0; i < first; i++)
		made.session.segment[i].lost = true;
	expect_place("begins mid-stream, TLS 1.%d", 2 + _i);
	session_run_replay(&made, NULL);
	flow = session_run_flow(&made);
	expect_text("keys", flow->keys, "no ServerHello");
	expect_text("timed_from", flow->timed_from, "assumed");
	expect_count("records", flow->direction[1].records, 5);
	expect_count("holes", flow->direction[1].holes, 0);
	expect_text("app_sha256", flow->direction[1].app_sha256, "");
}
END_TEST

/* A tap that saw one direction: the other one's hello is not waited for. */
START_TEST(test_generated_tcp_direction_captured_alone_is_timed)
{
	const struct results_flow *flow;
	bool tls13 = _i == 1;

	session_run_begin(&made, tls13 ? TLS_1_3 : TLS_1_2);
	session_run_talk(&made);
	for (unsigned i = 0; i < made.session.count; i++)
		made.session.segment[i].lost =
		    made.session.segment[i].side == TALK_CLIENT;
	expect_place("the server's segments alone, TLS 1.%d", 2 + _i);
	session_run_replay(&made, NULL);
	flow = session_run_flow(&made);
	expect_text("keys", flow->keys, "no ClientHello");
	expect_text("timed_from", flow->timed_from, "headers");
	/* Data and close_notify, and of TLS 1.2 the Finished. */
	expect_near("records", flow->direction[1].records, tls13 ? 8 : 9,
		    tls13 ? 3 : 0);
	expect_count("holes", flow->direction[1].holes, 0);
}
END_TEST

/* A wrong sum, a lost segment, and a FIN behind either. */
START_TEST(test_generated_tcp_hole_is_listed_with_what_lies_behind_it)
{
	struct session_segment *segment;
	const struct results_direction *down;
	uint32_t offset;

	session_run_begin(&made, TLS_1_3);
	talk_aligned(&made.session);
	session_close(&made.session);
	segment = &made.session.segment[find_data(&made.session, 4)];
	offset = segment->seq - 1;
	segment->lost = _i == 1;
	if (_i == 0)
		segment->checksum = PACKET_SUM_WRONG;
	expect_place("%s", _i == 0 ? "wrong sum" : "lost");
	session_run_replay(&made, NULL);
	session_expect_part(&made.session, session_run_flow(&made), 1, 4060, 4);
	down = &session_run_flow(&made)->direction[1];
	expect_count("holes", down->holes, 1);
	expect_count("offset", down->hole.offset, offset);
	/* One record of 1050 bytes and the close_notify, 22 bytes more each. */
	expect_count("bytes_behind", down->hole.bytes_behind, 1072 + 24);
	expect_count("acked", down->hole.acked, 1);
	expect_count("wrong sums", made.run.input->bad_checksum, _i == 0);
	expect_count("checksum drops",
		     made.run.results->hosts[0].conservation.dropped_checksum,
		     _i == 0);
}
END_TEST

/* The partial sum of an offloading sender is taken only where allowed. */
START_TEST(test_generated_tcp_partial_sums_are_refused_on_demand)
{
	static const struct replay_setting settings[] = {
	    {"replay.checksum", "verify"}, {NULL, NULL}};
	unsigned at;

	session_run_begin(&made, TLS_1_3);
	talk_aligned(&made.session);
	at = find_data(&made.session, 4);
	made.session.segment[at].checksum = PACKET_SUM_PARTIAL;
	expect_place("replay.checksum=verify");
	session_run_replay(&made, settings);
	session_expect_part(&made.session, session_run_flow(&made), 1, 4060, 4);
	expect_count("wrong sums", made.run.input->bad_checksum, 1);
	expect_count("holes", session_run_flow(&made)->direction[1].holes, 1);
}
END_TEST

/* Whom to simulate; the other direction is followed without a price. */
static const struct {
	const char *receiver;
	const char *host; /* or NULL */
	bool v6;
	int direction; /* received by that host */
} receivers[] = {
    {"server", "server", false, 0},	     {"client", "client", false, 1},
    {"10.0.0.2", "10.0.0.2", false, 0},	     {"10.0.0.1", "10.0.0.1", false, 1},
    {"2001:db8::2", "2001:db8::2", true, 0}, {"none", NULL, false, 0},
};

START_TEST(test_generated_tcp_receiver_is_one_host_and_the_bytes_are_all)
{
	const struct replay_setting settings[] = {
	    {"replay.receiver", receivers[_i].receiver}, {NULL, NULL}};
	const struct results_flow *flow;
	const struct results *results;
	int direction = receivers[_i].direction;

	session_run_begin(&made, TLS_1_3);
	if (receivers[_i].v6)
		packet_init_v6(&made.shape.packet);
	session_run_talk(&made);
	expect_place("replay.receiver=%s", receivers[_i].receiver);
	session_run_replay(&made, settings);
	flow = session_run_flow(&made);
	results = made.run.results;
	session_expect(&made.session, flow);
	expect_count("hosts", results->host_count, receivers[_i].host != NULL);
	if (receivers[_i].host == NULL)
		return;
	expect_text("host", results->hosts[0].name, receivers[_i].host);
	expect_count("latencies", flow->direction[direction].latency.count,
		     flow->direction[direction].records);
	expect_count("of the other direction",
		     flow->direction[1 - direction].latency.count, 0);
}
END_TEST

Suite *
generated_tcp_suite(void)
{
	const struct suite_test tests[] = {
	    {"wrapping_and_order_do_not_matter",
	     test_generated_tcp_wrapping_and_order_do_not_matter,
	     2 * ROWS(rows)},
	    {"connections_on_one_4_tuple_are_flows",
	     test_generated_tcp_connections_on_one_4_tuple_are_flows, 0},
	    {"reset_ends_a_stream_where_it_is",
	     test_generated_tcp_reset_ends_a_stream_where_it_is, 2},
	    {"capture_that_begins_mid_stream_is_timed",
	     test_generated_tcp_capture_that_begins_mid_stream_is_timed, 2},
	    {"direction_captured_alone_is_timed",
	     test_generated_tcp_direction_captured_alone_is_timed, 2},
	    {"hole_is_listed_with_what_lies_behind_it",
	     test_generated_tcp_hole_is_listed_with_what_lies_behind_it, 2},
	    {"partial_sums_are_refused_on_demand",
	     test_generated_tcp_partial_sums_are_refused_on_demand, 0},
	    {"receiver_is_one_host_and_the_bytes_are_all",
	     test_generated_tcp_receiver_is_one_host_and_the_bytes_are_all,
	     ROWS(receivers)},
	};

	return suite_create_table("generated_tcp", tests, ROWS(tests), setup,
				  teardown, 60);
}
