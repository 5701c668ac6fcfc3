/*
 * test_flow.c - which flow a segment belongs to, and which way it goes.
 *
 * Segments are written as struct frame directly: flow.h reads nothing else.
 * Each test gets a fresh table.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/mbuf.h"
#include "tests/support/suite_table.h"
#include "traces/flow.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *flow_suite(void);

static struct flow_table *table;

static void
setup(void)
{
	table = flow_table_create();
	ck_assert_ptr_nonnull(table);
}

static void
teardown(void)
{
	flow_table_destroy(table);
}

static const uint8_t client_hello[] = {22, 3, 1, 0, 100, 1, 0, 0};
static const uint8_t server_hello[] = {22, 3, 3, 0, 100, 2, 0, 0};

/* A segment between host 1 (port_1) and host 2 (port_2). */
static struct frame
segment(uint16_t port_1, uint16_t port_2, bool from_1, uint8_t flags)
{
	struct frame_address host_1 = {4, {10, 0, 0, 1}};
	struct frame_address host_2 = {4, {10, 0, 0, 2}};

	return (struct frame){
	    .src = from_1 ? host_1 : host_2,
	    .dst = from_1 ? host_2 : host_1,
	    .sport = from_1 ? port_1 : port_2,
	    .dport = from_1 ? port_2 : port_1,
	    .th_seq = from_1 ? 1000 : 5000,
	    .th_flags = flags,
	};
}

static struct frame
with_payload(struct frame frame, const uint8_t *payload, uint32_t len)
{
	frame.payload = payload;
	frame.payload_len = len;
	frame.payload_known = len;
	return frame;
}

static struct flow_match
lookup(struct frame frame)
{
	struct flow_match match;

	ck_assert_int_eq(flow_lookup(table, &frame, &match), 0);
	return match;
}

START_TEST(test_flow_a_handshake_is_one_flow_with_both_numbers)
{
	struct flow_match syn, syn_ack, ack;
	struct frame frame = segment(40000, 443, true, TH_SYN);

	frame.mss = 1460;
	frame.has_timestamp = true;
	syn = lookup(frame);
	frame = segment(40000, 443, false, TH_SYN | TH_ACK);
	frame.mss = 1380;
	frame.has_timestamp = true;
	syn_ack = lookup(frame);
	ack = lookup(segment(40000, 443, true, TH_ACK));
	ck_assert(syn.created && !syn_ack.created && !ack.created);
	ck_assert_ptr_eq(syn.flow, syn_ack.flow);
	ck_assert_ptr_eq(syn.flow, ack.flow);
	ck_assert_int_eq(syn.direction, FLOW_CLIENT_TO_SERVER);
	ck_assert_int_eq(syn_ack.direction, FLOW_SERVER_TO_CLIENT);
	ck_assert_int_eq(ack.direction, FLOW_CLIENT_TO_SERVER);
	ck_assert_uint_eq(syn.flow->isn[FLOW_CLIENT_TO_SERVER], 1000);
	ck_assert_uint_eq(syn.flow->isn[FLOW_SERVER_TO_CLIENT], 5000);
	ck_assert(syn.flow->syn_seen[0] && syn.flow->syn_seen[1]);
	ck_assert_uint_eq(syn.flow->mss, 1380);
	ck_assert(syn.flow->timestamps);
	ck_assert(!syn.flow->payload_seen);
	ck_assert_uint_eq(flow_count(table), 1);
}
END_TEST

START_TEST(test_flow_timestamps_need_both_syns)
{
	struct frame frame = segment(40000, 443, true, TH_SYN);
	struct flow_match match;

	frame.has_timestamp = _i == 0;
	lookup(frame);
	frame = segment(40000, 443, false, TH_SYN | TH_ACK);
	frame.has_timestamp = _i == 1;
	match = lookup(frame);
	ck_assert(!match.flow->timestamps);
	ck_assert_uint_eq(match.flow->mss, 0);
}
END_TEST

/* The first segment of a flow, and who is the client by it. */
struct side_row {
	const char *what;
	uint16_t port_1;
	uint16_t port_2;
	uint8_t flags;
	const uint8_t *payload; /* 8 bytes, or NULL */
	bool sender_is_client;
};

static const uint8_t data[8] = {23, 3, 3, 0, 3, 1, 2, 3};

static const struct side_row side_rows[] = {
    {"SYN to a higher port", 443, 40000, TH_SYN, NULL, true},
    {"SYN|ACK to a lower port", 40000, 443, TH_SYN | TH_ACK, NULL, false},
    {"ACK from the higher port", 40000, 443, TH_ACK, NULL, true},
    {"ACK from the lower port", 443, 40000, TH_ACK, NULL, false},
    {"ACK between equal ports", 443, 443, TH_ACK, NULL, true},
    {"ClientHello from a lower port", 443, 40000, TH_ACK, client_hello, true},
    {"ServerHello from a higher port", 40000, 443, TH_ACK, server_hello, false},
    {"data from the higher port", 40000, 443, TH_ACK, data, true},
    {"data from the lower port", 443, 40000, TH_ACK, data, false},
};

START_TEST(test_flow_first_segment_decides_the_sides)
{
	const struct side_row *row = &side_rows[_i];
	struct frame frame =
	    segment(row->port_1, row->port_2, true, row->flags);
	struct flow_match match;
	const struct flow_endpoint *sender;

	if (row->payload != NULL)
		frame = with_payload(frame, row->payload, 8);
	match = lookup(frame);
	ck_assert_msg(match.direction == (row->sender_is_client
					      ? FLOW_CLIENT_TO_SERVER
					      : FLOW_SERVER_TO_CLIENT),
		      "%s", row->what);
	sender =
	    row->sender_is_client ? &match.flow->client : &match.flow->server;
	ck_assert_uint_eq(sender->port, row->port_1);
	ck_assert_uint_eq(sender->address.bytes[3], 1);
	ck_assert(!match.flipped);
}
END_TEST

START_TEST(test_flow_sides_flip_until_payload_was_seen)
{
	struct flow_match match;
	struct frame hello;

	/* By its port host 2 is the client; the ClientHello says host 1. */
	match = lookup(segment(443, 40000, true, TH_ACK));
	ck_assert_int_eq(match.direction, FLOW_SERVER_TO_CLIENT);
	hello =
	    with_payload(segment(443, 40000, true, TH_ACK), client_hello, 8);
	match = lookup(hello);
	ck_assert(match.flipped);
	ck_assert(!match.created);
	ck_assert_int_eq(match.direction, FLOW_CLIENT_TO_SERVER);
	ck_assert_uint_eq(match.flow->client.port, 443);
	/* Final now: another hello changes nothing. */
	match = lookup(
	    with_payload(segment(443, 40000, false, TH_ACK), client_hello, 8));
	ck_assert(!match.flipped);
	ck_assert_int_eq(match.direction, FLOW_SERVER_TO_CLIENT);
}
END_TEST

START_TEST(test_flow_a_late_syn_flips_a_guess)
{
	struct flow_match match;

	lookup(segment(443, 40000, true, TH_ACK));
	match = lookup(segment(443, 40000, true, TH_SYN));
	ck_assert(match.flipped && !match.created);
	ck_assert_int_eq(match.direction, FLOW_CLIENT_TO_SERVER);
	/* A SYN has spoken: a hello from the other side does not flip. */
	match = lookup(
	    with_payload(segment(443, 40000, false, TH_ACK), client_hello, 8));
	ck_assert(!match.flipped);
	ck_assert_int_eq(match.direction, FLOW_SERVER_TO_CLIENT);
}
END_TEST

START_TEST(test_flow_syn_retransmitted_is_the_same_flow)
{
	struct flow_match first = lookup(segment(40000, 443, true, TH_SYN));
	struct flow_match again = lookup(segment(40000, 443, true, TH_SYN));

	ck_assert_ptr_eq(first.flow, again.flow);
	/* Also after payload. */
	lookup(with_payload(segment(40000, 443, true, TH_ACK), data, 8));
	again = lookup(segment(40000, 443, true, TH_SYN));
	ck_assert_ptr_eq(first.flow, again.flow);
	ck_assert_uint_eq(flow_count(table), 1);
}
END_TEST

START_TEST(test_flow_syn_with_a_new_number_begins_a_new_flow)
{
	struct frame syn = segment(40000, 443, true, TH_SYN);
	struct flow_match match;
	const struct flow *first = lookup(syn).flow;

	for (uint32_t id = 1; id <= 200; id++) {
		lookup(
		    with_payload(segment(40000, 443, true, TH_ACK), data, 8));
		lookup(segment(40000, 443, false, TH_FIN | TH_ACK));
		syn.th_seq += 100000;
		match = lookup(syn);
		ck_assert(match.created);
		ck_assert_uint_eq(match.flow->id, id);
		ck_assert_uint_eq(match.flow->isn[0], syn.th_seq);
		ck_assert(!match.flow->payload_seen);
		/* Both directions follow the newest. */
		match = lookup(segment(40000, 443, false, TH_SYN | TH_ACK));
		ck_assert_uint_eq(match.flow->id, id);
	}
	ck_assert_uint_eq(flow_count(table), 201);
	/* Flows do not move. */
	ck_assert_uint_eq(first->id, 0);
	ck_assert_uint_eq(first->isn[0], 1000);
}
END_TEST

START_TEST(test_flow_syn_after_payload_of_an_unknown_beginning_is_new)
{
	struct flow_match match;

	lookup(with_payload(segment(40000, 443, true, TH_ACK), data, 8));
	match = lookup(segment(40000, 443, true, TH_SYN));
	ck_assert(match.created);
	ck_assert_uint_eq(match.flow->id, 1);
}
END_TEST

/* A 4-tuple used the other way round: the server of old connects. */
START_TEST(test_flow_a_reused_tuple_may_change_its_sides)
{
	struct flow_match match;
	struct frame syn = segment(40000, 443, false, TH_SYN);

	lookup(segment(40000, 443, true, TH_SYN));
	lookup(segment(40000, 443, false, TH_SYN | TH_ACK));
	syn.th_seq = 777;
	match = lookup(syn);
	ck_assert(match.created);
	ck_assert_int_eq(match.direction, FLOW_CLIENT_TO_SERVER);
	ck_assert_uint_eq(match.flow->client.port, 443);
}
END_TEST

START_TEST(test_flow_syn_ack_with_a_new_number_stays_and_replaces)
{
	struct frame syn_ack = segment(40000, 443, false, TH_SYN | TH_ACK);
	struct flow_match match;

	lookup(segment(40000, 443, true, TH_SYN));
	lookup(syn_ack);
	syn_ack.th_seq = 6000;
	match = lookup(syn_ack);
	ck_assert(!match.created);
	ck_assert_uint_eq(match.flow->isn[FLOW_SERVER_TO_CLIENT], 6000);
	lookup(with_payload(segment(40000, 443, true, TH_ACK), data, 8));
	syn_ack.th_seq = 7000;
	match = lookup(syn_ack);
	ck_assert(!match.created);
	ck_assert_uint_eq(match.flow->isn[FLOW_SERVER_TO_CLIENT], 6000);
}
END_TEST

/* TCP Fast Open: the SYN carries payload, the SYN|ACK comes after it. */
START_TEST(test_flow_payload_on_the_syn_does_not_hide_the_syn_ack)
{
	struct frame syn_ack = segment(40000, 443, false, TH_SYN | TH_ACK);
	struct flow_match match;

	lookup(
	    with_payload(segment(40000, 443, true, TH_SYN), client_hello, 8));
	syn_ack.mss = 1200;
	match = lookup(syn_ack);
	ck_assert(match.flow->syn_seen[FLOW_SERVER_TO_CLIENT]);
	ck_assert_uint_eq(match.flow->isn[FLOW_SERVER_TO_CLIENT], 5000);
	ck_assert_uint_eq(match.flow->mss, 1200);
}
END_TEST

START_TEST(test_flow_a_simultaneous_open_is_one_flow)
{
	struct flow_match match;

	lookup(segment(40000, 443, true, TH_SYN));
	match = lookup(segment(40000, 443, false, TH_SYN));
	ck_assert(!match.created && !match.flipped);
	ck_assert_int_eq(match.direction, FLOW_SERVER_TO_CLIENT);
	ck_assert_uint_eq(match.flow->isn[FLOW_SERVER_TO_CLIENT], 5000);
}
END_TEST

START_TEST(test_flow_a_connection_to_itself_is_one_flow)
{
	struct frame frame = segment(5000, 5000, true, TH_SYN);
	struct flow_match match;

	frame.dst = frame.src;
	lookup(frame);
	frame.th_flags = TH_ACK;
	match = lookup(frame);
	ck_assert(!match.created);
	ck_assert_int_eq(match.direction, FLOW_CLIENT_TO_SERVER);
}
END_TEST

static struct frame
numbered(uint32_t number, bool reverse)
{
	struct frame frame = segment(0, 443, !reverse, TH_ACK);
	uint16_t *port = reverse ? &frame.dport : &frame.sport;
	struct frame_address *client = reverse ? &frame.dst : &frame.src;

	*port = (uint16_t)(1024 + number % 60000);
	client->bytes[1] = (uint8_t)(number / 60000);
	if (number % 2 == 1) {
		frame.src.family = 6;
		frame.dst.family = 6;
	}
	return frame;
}

/* Against ids handed out in order: the table grows many times on the way. */
START_TEST(test_flow_finds_each_of_many_flows_again_both_ways)
{
	enum { FLOWS = 150000 };
	struct flow_match match;

	for (uint32_t i = 0; i < FLOWS; i++) {
		match = lookup(numbered(i, false));
		ck_assert(match.created);
		ck_assert_uint_eq(match.flow->id, i);
	}
	for (uint32_t i = 0; i < FLOWS; i++) {
		match = lookup(numbered(i, i % 3 == 0));
		ck_assert(!match.created);
		ck_assert_uint_eq(match.flow->id, i);
		ck_assert_int_eq(match.direction, i % 3 == 0
						      ? FLOW_SERVER_TO_CLIENT
						      : FLOW_CLIENT_TO_SERVER);
	}
	ck_assert_uint_eq(flow_count(table), FLOWS);
}
END_TEST

START_TEST(test_flow_endpoint_text_brackets_ipv6)
{
	struct flow_endpoint v4 = {{4, {192, 0, 2, 1}}, 443};
	struct flow_endpoint v6 = {{6, {0x20, 0x01, 0x0d, 0xb8}}, 65535};
	char text[64];

	v6.address.bytes[15] = 1;
	flow_endpoint_text(&v4, text);
	ck_assert_str_eq(text, "192.0.2.1:443");
	flow_endpoint_text(&v6, text);
	ck_assert_str_eq(text, "[2001:db8::1]:65535");
	memset(v6.address.bytes, 0xff, 16);
	flow_endpoint_text(&v6, text);
	ck_assert_str_eq(text, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:"
			       "65535");
}
END_TEST

Suite *
flow_suite(void)
{
	const struct suite_test tests[] = {
	    {"a_handshake_is_one_flow_with_both_numbers",
	     test_flow_a_handshake_is_one_flow_with_both_numbers, 0},
	    {"timestamps_need_both_syns", test_flow_timestamps_need_both_syns,
	     2},
	    {"first_segment_decides_the_sides",
	     test_flow_first_segment_decides_the_sides, ROWS(side_rows)},
	    {"sides_flip_until_payload_was_seen",
	     test_flow_sides_flip_until_payload_was_seen, 0},
	    {"a_late_syn_flips_a_guess", test_flow_a_late_syn_flips_a_guess, 0},
	    {"syn_retransmitted_is_the_same_flow",
	     test_flow_syn_retransmitted_is_the_same_flow, 0},
	    {"syn_with_a_new_number_begins_a_new_flow",
	     test_flow_syn_with_a_new_number_begins_a_new_flow, 0},
	    {"syn_after_payload_of_an_unknown_beginning_is_new",
	     test_flow_syn_after_payload_of_an_unknown_beginning_is_new, 0},
	    {"a_reused_tuple_may_change_its_sides",
	     test_flow_a_reused_tuple_may_change_its_sides, 0},
	    {"syn_ack_with_a_new_number_stays_and_replaces",
	     test_flow_syn_ack_with_a_new_number_stays_and_replaces, 0},
	    {"payload_on_the_syn_does_not_hide_the_syn_ack",
	     test_flow_payload_on_the_syn_does_not_hide_the_syn_ack, 0},
	    {"a_simultaneous_open_is_one_flow",
	     test_flow_a_simultaneous_open_is_one_flow, 0},
	    {"a_connection_to_itself_is_one_flow",
	     test_flow_a_connection_to_itself_is_one_flow, 0},
	    {"finds_each_of_many_flows_again_both_ways",
	     test_flow_finds_each_of_many_flows_again_both_ways, 0},
	    {"endpoint_text_brackets_ipv6",
	     test_flow_endpoint_text_brackets_ipv6, 0},
	};

	return suite_create_table("flow", tests,
				  sizeof(tests) / sizeof(tests[0]), setup,
				  teardown, 20);
}
