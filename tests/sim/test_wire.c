/*
 * test_wire.c - headers of cut pieces and of made segments, parsed back.
 *
 * Oracles: the parser of captured frames with its checksum verdict, and a sum
 * of IPv4 headers taken word by word.
 */
#include "sim/wire.h"

#include <string.h>

#include "engine/mbuf.h"
#include "tests/support/packet.h"
#include "tests/support/suite_table.h"
#include "traces/flow.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *wire_suite(void);

enum { PAYLOAD = 5000, PIECE = 1448 };

static struct mbuf_pool *pool;
static struct mbuf *m;
static uint8_t whole[PACKET_BYTES_MAX], piece[PACKET_BYTES_MAX];
static struct frame frame, got;

static void
setup(void)
{
	pool = mbuf_pool_create(0);
	ck_assert_ptr_nonnull(pool);
	m = NULL;
}

static void
teardown(void)
{
	m_freem(pool, m);
	mbuf_pool_destroy(pool);
}

static void
parse(const uint8_t *data, size_t len, enum trace_link link, struct frame *to)
{
	const struct trace_frame captured = {
	    .data = data,
	    .captured_len = (uint32_t)len,
	    .wire_len = (uint32_t)len,
	    .link = link,
	};
	struct frame_fragment fragment;

	ck_assert_int_eq(frame_parse(&captured, true, to, &fragment),
			 FRAME_TCP);
}

/* Ones' complement sum of an IPv4 header, its checksum included: all ones. */
static void
expect_ipv4_sum(const uint8_t *ip)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < (ip[0] & 15u) * 4; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	ck_assert_uint_eq(sum, 0xffff);
}

struct cut_row {
	enum trace_link link;
	uint8_t family, vlan_tags, ip_options, extension_count;
	bool ip_length_absent, timestamp;
	uint32_t link_len;
};

static const struct cut_row cuts[] = {
    {TRACE_LINK_ETHERNET, 4, 0, 0, 0, false, false, 14},
    {TRACE_LINK_ETHERNET, 6, 0, 0, 0, false, true, 14},
    {TRACE_LINK_ETHERNET, 4, 2, 8, 0, false, true, 22},
    {TRACE_LINK_ETHERNET, 4, 1, 0, 0, true, false, 18},
    {TRACE_LINK_SLL, 4, 0, 40, 0, false, true, 16},
    {TRACE_LINK_SLL2, 6, 0, 0, 1, false, false, 20},
    {TRACE_LINK_NULL, 6, 0, 0, 0, false, true, 4},
    {TRACE_LINK_RAW, 4, 0, 0, 0, false, false, 0},
};

static void
build_whole(const struct cut_row *row)
{
	struct packet packet;
	size_t len;

	if (row->family == 6)
		packet_init_v6(&packet);
	else
		packet_init(&packet);
	packet.link = row->link;
	packet.vlan_tags = row->vlan_tags;
	packet.ip_options = row->ip_options;
	packet.extensions[0] = 60;
	packet.extension_count = row->extension_count;
	packet.ip_length_absent = row->ip_length_absent;
	packet.timestamp = row->timestamp;
	packet.checksum = PACKET_SUM_PARTIAL;
	packet.th_seq = UINT32_MAX - 1000;
	packet.th_flags = TH_ACK | TH_PUSH | TH_FIN;
	packet.payload_len = PAYLOAD;
	len = packet_build(&packet, whole, sizeof(whole));
	parse(whole, len, row->link, &frame);
}

/* The piece [off, off + len) as ingress.c makes it. */
static void
make_piece(uint32_t off, uint32_t len)
{
	m = m_from_bytes(pool, frame.payload + off, len, 0);
	ck_assert_ptr_nonnull(m);
	m->m_pkthdr.th_seq = frame.th_seq + off;
	m->m_pkthdr.th_flags =
	    off + len < PAYLOAD ? TH_ACK : TH_ACK | TH_PUSH | TH_FIN;
}

START_TEST(test_wire_pieces_are_segments_of_their_own)
{
	const struct cut_row *row = &cuts[_i];
	uint32_t head_len;

	build_whole(row);
	head_len = (uint32_t)(frame.payload - whole);
	ck_assert_uint_eq(wire_link_len(&frame, head_len), row->link_len);
	for (uint32_t off = 0; off < PAYLOAD; off += PIECE) {
		uint32_t len = PAYLOAD - off < PIECE ? PAYLOAD - off : PIECE;

		make_piece(off, len);
		memcpy(piece, whole, head_len);
		wire_cut_headers(piece, head_len, &frame, m,
				 frame.payload + off);
		memcpy(piece + head_len, frame.payload + off, len);
		parse(piece, head_len + len, row->link, &got);
		ck_assert_int_eq(got.checksum, FRAME_SUM_GOOD);
		ck_assert_uint_eq(got.th_seq, frame.th_seq + off);
		ck_assert_uint_eq(got.th_flags, m->m_pkthdr.th_flags);
		ck_assert_uint_eq(got.payload_len, len);
		ck_assert_ptr_eq(got.payload, piece + head_len);
		ck_assert_int_eq(got.has_timestamp, row->timestamp);
		if (row->family == 4)
			expect_ipv4_sum(piece + row->link_len);
		m_freem(pool, m);
		m = NULL;
	}
}
END_TEST

/* A sum over bytes that nobody has cannot be right: it is left alone. */
START_TEST(test_wire_piece_without_its_bytes_keeps_the_sum)
{
	uint32_t head_len;

	build_whole(&cuts[0]);
	head_len = (uint32_t)(frame.payload - whole);
	m = m_from_bytes(pool, frame.payload, 100, 900);
	ck_assert_ptr_nonnull(m);
	memcpy(piece, whole, head_len);
	wire_cut_headers(piece, head_len, &frame, m, frame.payload);
	ck_assert_mem_eq(piece + head_len - 4, whole + head_len - 4, 2);
}
END_TEST

static const uint32_t lengths[] = {0, 1, 100, 1448, 9000};

/* Both IP versions and both directions. */
START_TEST(test_wire_made_segment_is_parsed_back)
{
	static uint8_t payload[9000];
	struct flow flow = {0};
	struct wire_link link;
	uint32_t len = lengths[_i];

	memset(payload, 0xab, sizeof(payload));
	for (unsigned i = 0; i < 4; i++) {
		uint8_t family = i < 2 ? 4 : 6;
		uint8_t receiver = i % 2;
		uint32_t headers;

		ck_assert(flow_endpoint_parse(
		    family == 4 ? "192.0.2.1:40000" : "[2001:db8::1]:40000",
		    &flow.client));
		ck_assert(flow_endpoint_parse(family == 4 ? "192.0.2.2:443"
							  : "[2001:db8::2]:443",
					      &flow.server));
		m = m_from_bytes(pool, payload, len, 0);
		ck_assert_ptr_nonnull(m);
		m->m_pkthdr.receiver = receiver;
		m->m_pkthdr.th_seq = 0xfffffff0;
		m->m_pkthdr.th_ack = 77;
		m->m_pkthdr.th_win = 501;
		m->m_pkthdr.th_flags = TH_ACK | TH_PUSH;
		wire_link_ethernet(&link, family);
		memcpy(piece, link.bytes, link.len);
		headers = wire_headers_len(&flow);
		memcpy(piece + link.len + headers, payload, len);
		ck_assert_uint_eq(
		    wire_make_headers(piece + link.len, &flow, m, len),
		    headers);
		parse(piece, link.len + headers + len, TRACE_LINK_ETHERNET,
		      &got);
		ck_assert_int_eq(got.checksum, FRAME_SUM_GOOD);
		ck_assert_uint_eq(got.payload_len, len);
		ck_assert_uint_eq(got.sport, receiver == 0 ? 40000 : 443);
		ck_assert_uint_eq(got.dport, receiver == 0 ? 443 : 40000);
		ck_assert_uint_eq(got.th_seq, 0xfffffff0);
		ck_assert_uint_eq(got.th_ack, 77);
		ck_assert_uint_eq(got.th_win, 501);
		ck_assert_uint_eq(got.th_flags, TH_ACK | TH_PUSH);
		ck_assert_mem_eq(got.src.bytes,
				 receiver == 0 ? flow.client.address.bytes
					       : flow.server.address.bytes,
				 family == 4 ? 4 : 16);
		if (family == 4)
			expect_ipv4_sum(piece + link.len);
		m_freem(pool, m);
		m = NULL;
	}
}
END_TEST

Suite *
wire_suite(void)
{
	const struct suite_test tests[] = {
	    {"pieces_are_segments_of_their_own",
	     test_wire_pieces_are_segments_of_their_own, ROWS(cuts)},
	    {"piece_without_its_bytes_keeps_the_sum",
	     test_wire_piece_without_its_bytes_keeps_the_sum, 0},
	    {"made_segment_is_parsed_back",
	     test_wire_made_segment_is_parsed_back, ROWS(lengths)},
	};

	return suite_create_table("wire", tests, ROWS(tests), setup, teardown,
				  0);
}
