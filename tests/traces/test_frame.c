/*
 * test_frame.c - headers of every link type, told apart from damaged ones.
 *
 * Frames come from tests/support/packet.c; malformed ones are made from a right
 * one by patching bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/mbuf.h"
#include "tests/support/packet.h"
#include "tests/support/suite_table.h"
#include "traces/frame.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *frame_suite(void);

/* One frame and what came of parsing it. */
struct parsed {
	uint8_t bytes[PACKET_BYTES_MAX];
	struct trace_frame captured;
	enum frame_verdict verdict;
	struct frame frame;
	struct frame_fragment fragment;
};

static struct parsed parsed;

static void
parse_again(void)
{
	memset(&parsed.frame, 0xa5, sizeof(parsed.frame));
	parsed.verdict = frame_parse(&parsed.captured, true, &parsed.frame,
				     &parsed.fragment);
}

static void
parse(const struct packet *packet)
{
	size_t len = packet_build(packet, parsed.bytes, sizeof(parsed.bytes));

	parsed.captured = (struct trace_frame){
	    .data = parsed.bytes,
	    .captured_len = (uint32_t)len,
	    .wire_len = (uint32_t)len,
	    .link = packet->link,
	};
	parse_again();
}

static void
assert_payload(const struct packet *packet)
{
	ck_assert_uint_eq(parsed.frame.payload_len, packet->payload_len);
	ck_assert_uint_eq(parsed.frame.payload_known, packet->payload_len);
	for (uint32_t i = 0; i < packet->payload_len; i++)
		ck_assert_uint_eq(parsed.frame.payload[i], packet_pattern(i));
}

static void
assert_parsed(const struct packet *packet)
{
	const struct frame *frame = &parsed.frame;

	ck_assert_int_eq(parsed.verdict, FRAME_TCP);
	ck_assert_uint_eq(frame->src.family, packet->family);
	ck_assert_uint_eq(frame->dst.family, packet->family);
	ck_assert_mem_eq(frame->src.bytes, packet->src, 16);
	ck_assert_mem_eq(frame->dst.bytes, packet->dst, 16);
	ck_assert_uint_eq(frame->sport, packet->sport);
	ck_assert_uint_eq(frame->dport, packet->dport);
	ck_assert_uint_eq(frame->th_seq, packet->th_seq);
	ck_assert_uint_eq(frame->th_ack, packet->th_ack);
	ck_assert_uint_eq(frame->th_win, packet->th_win);
	ck_assert_uint_eq(frame->th_flags, packet->th_flags);
	assert_payload(packet);
}

/* A link type, its header as built, and what it costs on Ethernet. */
struct link_row {
	enum trace_link link;
	uint8_t family;
	uint8_t vlan_tags;
	bool swapped;
	bool is_short;
	uint32_t link_bytes;
};

static const struct link_row link_rows[] = {
    {TRACE_LINK_ETHERNET, 4, 0, false, false, 14},
    {TRACE_LINK_ETHERNET, 6, 0, false, false, 14},
    {TRACE_LINK_ETHERNET, 4, 1, false, false, 18},
    {TRACE_LINK_ETHERNET, 6, 2, false, false, 22},
    {TRACE_LINK_SLL, 4, 0, false, false, 14},
    {TRACE_LINK_SLL, 6, 1, false, false, 18},
    {TRACE_LINK_SLL2, 4, 0, false, false, 14},
    {TRACE_LINK_SLL2, 6, 0, false, false, 14},
    {TRACE_LINK_SLL2, 4, 1, false, false, 18},
    {TRACE_LINK_NULL, 4, 0, false, false, 14},
    {TRACE_LINK_NULL, 4, 0, true, false, 14},
    {TRACE_LINK_NULL, 6, 0, false, false, 14},
    {TRACE_LINK_NULL, 6, 0, true, false, 14},
    {TRACE_LINK_LOOP, 4, 0, false, false, 14},
    {TRACE_LINK_LOOP, 6, 0, false, false, 14},
    {TRACE_LINK_RAW_12, 4, 0, false, false, 14},
    {TRACE_LINK_RAW_14, 6, 0, false, false, 14},
    {TRACE_LINK_RAW, 4, 0, false, false, 14},
    {TRACE_LINK_RAW, 6, 0, false, false, 14},
    {TRACE_LINK_IPV4, 4, 0, false, false, 14},
    {TRACE_LINK_IPV6, 6, 0, false, false, 14},
    {TRACE_LINK_PPP, 4, 0, false, false, 14},
    {TRACE_LINK_PPP, 6, 0, false, false, 14},
    {TRACE_LINK_PPP, 4, 0, false, true, 14},
};

static void
packet_of_row(struct packet *packet, const struct link_row *row)
{
	if (row->family == 4)
		packet_init(packet);
	else
		packet_init_v6(packet);
	packet->link = row->link;
	packet->vlan_tags = row->vlan_tags;
	packet->link_swapped = row->swapped;
	packet->link_short = row->is_short;
	packet->payload_len = 100;
}

START_TEST(test_frame_reads_every_link_type)
{
	struct packet packet;

	packet_of_row(&packet, &link_rows[_i]);
	packet.th_flags = TH_ACK | TH_PUSH;
	parse(&packet);
	assert_parsed(&packet);
	ck_assert_uint_eq(parsed.frame.link_bytes, link_rows[_i].link_bytes);
	ck_assert_uint_eq(parsed.frame.ip_bytes,
			  (packet.family == 4 ? 20 : 40) + 20 + 100);
	ck_assert_int_eq(parsed.frame.checksum, FRAME_SUM_GOOD);
}
END_TEST

/*
 * Cut a frame at every length: what the snap length took is FRAME_CUT up to the
 * end of the fixed TCP header, and an unknown rest of payload behind it.  The
 * same bytes as a whole frame are never a cut.
 */
START_TEST(test_frame_tells_cut_from_malformed_at_every_length)
{
	struct packet packet;
	uint32_t whole;

	packet_of_row(&packet, &link_rows[_i]);
	parse(&packet);
	whole = parsed.captured.wire_len;
	for (uint32_t len = 0; len < whole; len++) {
		bool headers = len >= whole - packet.payload_len;

		parsed.captured.captured_len = len;
		parsed.captured.wire_len = whole;
		parse_again();
		ck_assert_int_eq(parsed.verdict,
				 headers ? FRAME_TCP : FRAME_CUT);
		if (headers) {
			ck_assert_uint_eq(parsed.frame.payload_len, 100);
			ck_assert_uint_eq(parsed.frame.payload_known,
					  len - (whole - 100));
			ck_assert_int_eq(parsed.frame.checksum,
					 FRAME_SUM_UNJUDGED);
		}
		parsed.captured.wire_len = len;
		parse_again();
		ck_assert_int_eq(parsed.verdict, FRAME_MALFORMED);
	}
}
END_TEST

START_TEST(test_frame_cut_in_tcp_options_keeps_the_payload_length)
{
	struct packet packet;

	packet_init(&packet);
	packet.timestamp = true;
	packet.payload_len = 500;
	parse(&packet);
	ck_assert(parsed.frame.has_timestamp);
	parsed.captured.captured_len = 14 + 20 + 20 + 2;
	parse_again();
	ck_assert_int_eq(parsed.verdict, FRAME_TCP);
	ck_assert_uint_eq(parsed.frame.payload_len, 500);
	ck_assert_uint_eq(parsed.frame.payload_known, 0);
	ck_assert_uint_eq(parsed.frame.th_off, 32);
}
END_TEST

START_TEST(test_frame_passes_over_ipv4_options)
{
	struct packet packet;

	packet_init(&packet);
	packet.payload_len = 33;
	packet.ip_options = (uint8_t)(_i * 4);
	parse(&packet);
	assert_parsed(&packet);
	ck_assert_uint_eq(parsed.frame.ip_bytes, 20 + 4 * (uint32_t)_i + 53);
	ck_assert_int_eq(parsed.frame.checksum, FRAME_SUM_GOOD);
}
END_TEST

static const uint8_t extension_rows[][PACKET_EXTENSIONS_MAX + 1] = {
    {1, 0},
    {1, 43},
    {1, 60},
    {1, 51},
    {1, 44},
    {2, 0, 60},
    {4, 0, 60, 43, 51},
    {4, 0, 43, 44, 60},
};

START_TEST(test_frame_passes_over_ipv6_extension_headers)
{
	struct packet packet;

	packet_init_v6(&packet);
	packet.payload_len = 33;
	packet.extension_count = extension_rows[_i][0];
	memcpy(packet.extensions, extension_rows[_i] + 1,
	       PACKET_EXTENSIONS_MAX);
	parse(&packet);
	assert_parsed(&packet);
	ck_assert_int_eq(parsed.frame.checksum, FRAME_SUM_GOOD);
}
END_TEST

START_TEST(test_frame_does_not_judge_a_sum_under_a_source_route)
{
	struct packet packet;

	packet_init_v6(&packet);
	packet.extension_count = 1;
	packet.extensions[0] = 43;
	packet.checksum = PACKET_SUM_WRONG;
	parse(&packet);
	ck_assert_int_eq(parsed.frame.checksum, FRAME_SUM_WRONG);
	parsed.bytes[14 + 40 + 3] = 1; /* segments left */
	parse_again();
	ck_assert_int_eq(parsed.frame.checksum, FRAME_SUM_UNJUDGED);
}
END_TEST

START_TEST(test_frame_ends_where_ip_says)
{
	struct packet packet;

	packet_init(&packet);
	if (_i == 1)
		packet_init_v6(&packet);
	packet.trailer_len = 40;
	packet.payload_len = 3;
	parse(&packet);
	assert_parsed(&packet);
	ck_assert_int_eq(parsed.frame.checksum, FRAME_SUM_GOOD);
	/* A snap length inside the trailer cuts nothing. */
	parsed.captured.captured_len -= 20;
	parse_again();
	assert_parsed(&packet);
	ck_assert_int_eq(parsed.frame.checksum, FRAME_SUM_GOOD);
}
END_TEST

START_TEST(test_frame_without_ip_length_ends_with_the_frame)
{
	struct packet packet;

	packet_init(&packet);
	packet.ip_length_absent = true;
	packet.payload_len = 65000;
	parse(&packet);
	assert_parsed(&packet);
	ck_assert_uint_eq(parsed.frame.ip_bytes, 65040);
}
END_TEST

START_TEST(test_frame_captured_longer_than_on_the_wire_counts_as_captured)
{
	struct packet packet;

	packet_init(&packet);
	packet.payload_len = 64;
	parse(&packet);
	parsed.captured.wire_len = 5;
	parse_again();
	assert_parsed(&packet);
}
END_TEST

/* A frame of IPv4 or IPv6, one byte or two patched, and the verdict. */
struct patch_row {
	uint8_t family;
	uint16_t at; /* behind the Ethernet header */
	uint8_t byte;
	enum frame_verdict verdict;
};

static const struct patch_row patch_rows[] = {
    {4, 0, 0x55, FRAME_MALFORMED},	 /* version 5 */
    {4, 0, 0x44, FRAME_MALFORMED},	 /* header of 16 bytes */
    {4, 0, 0x4f, FRAME_MALFORMED},	 /* header over the packet's end */
    {4, 2, 0xff, FRAME_MALFORMED},	 /* total length over the frame's */
    {4, 3, 19, FRAME_MALFORMED},	 /* total length under the header's */
    {4, 3, 39, FRAME_MALFORMED},	 /* TCP header over the end */
    {4, 9, 17, FRAME_NOT_TCP},		 /* UDP */
    {4, 20 + 12, 0x00, FRAME_MALFORMED}, /* data offset 0 */
    {4, 20 + 12, 0x40, FRAME_MALFORMED}, /* data offset 4 */
    {4, 20 + 12, 0xf0, FRAME_MALFORMED}, /* data offset over the end */
    {6, 0, 0x40, FRAME_MALFORMED},	 /* version 4 in an IPv6 frame */
    {6, 4, 0xff, FRAME_MALFORMED},	 /* payload length over the frame */
    {6, 5, 0, FRAME_MALFORMED},		 /* payload length 0 */
    {6, 5, 19, FRAME_MALFORMED},	 /* TCP header over the end */
    {6, 6, 58, FRAME_NOT_TCP},		 /* ICMPv6 */
    {6, 6, 59, FRAME_NOT_TCP},		 /* no next header */
    {6, 6, 50, FRAME_NOT_TCP},		 /* encrypted */
    {6, 40 + 12, 0x10, FRAME_MALFORMED}, /* data offset 1 */
};

START_TEST(test_frame_names_malformed_headers)
{
	const struct patch_row *row = &patch_rows[_i];
	struct packet packet;

	packet_init(&packet);
	if (row->family == 6)
		packet_init_v6(&packet);
	parse(&packet);
	assert_parsed(&packet);
	parsed.bytes[14 + row->at] = row->byte;
	if (row->at == 3) /* IPv4 total length: the high byte too */
		parsed.bytes[14 + 2] = 0;
	parse_again();
	ck_assert_int_eq(parsed.verdict, row->verdict);
}
END_TEST

static const uint8_t ethertype_rows[][2] = {
    {0x08, 0x06}, /* ARP */
    {0x88, 0x8e}, /* EAPOL */
    {0x00, 0x26}, /* 802.3 length */
};

START_TEST(test_frame_passes_over_what_is_not_ip)
{
	struct packet packet;

	packet_init(&packet);
	parse(&packet);
	memcpy(parsed.bytes + 12, ethertype_rows[_i], 2);
	parse_again();
	ck_assert_int_eq(parsed.verdict, FRAME_NOT_IP);
	packet.link = TRACE_LINK_NULL;
	parse(&packet);
	parsed.bytes[0] = 7;
	parse_again();
	ck_assert_int_eq(parsed.verdict, FRAME_NOT_IP);
	packet.link = TRACE_LINK_PPP;
	parse(&packet);
	parsed.bytes[3] = 0x23;
	parse_again();
	ck_assert_int_eq(parsed.verdict, FRAME_NOT_IP);
}
END_TEST

START_TEST(test_frame_reads_a_compressed_ppp_protocol)
{
	struct packet packet;

	packet_init(&packet);
	packet.link = TRACE_LINK_PPP;
	packet.link_short = true;
	packet.payload_len = 10;
	parse(&packet);
	/* 00 21 becomes 21. */
	parsed.captured.data++;
	parsed.captured.captured_len--;
	parsed.captured.wire_len--;
	parse_again();
	assert_parsed(&packet);
}
END_TEST

START_TEST(test_frame_bounds_tags_and_extension_headers)
{
	uint8_t bytes[14 + 4 * 100] = {0};

	for (size_t i = 12; i + 4 <= sizeof(bytes); i += 4)
		bytes[i] = 0x81;
	parsed.captured = (struct trace_frame){
	    .data = bytes,
	    .captured_len = sizeof(bytes),
	    .wire_len = sizeof(bytes),
	    .link = TRACE_LINK_ETHERNET,
	};
	parse_again();
	ck_assert_int_eq(parsed.verdict, FRAME_MALFORMED);

	/* Hop-by-hop headers of 8 bytes, without end: next header 0. */
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = 0x60;
	bytes[5] = 200;
	parsed.captured.link = TRACE_LINK_RAW;
	parse_again();
	ck_assert_int_eq(parsed.verdict, FRAME_MALFORMED);
}
END_TEST

struct sum_row {
	enum packet_checksum made;
	enum frame_checksum judged;
};

static const struct sum_row sum_rows[] = {
    {PACKET_SUM_RIGHT, FRAME_SUM_GOOD},
    {PACKET_SUM_PARTIAL, FRAME_SUM_PARTIAL},
    {PACKET_SUM_WRONG, FRAME_SUM_WRONG},
};

START_TEST(test_frame_judges_checksums_at_every_length)
{
	const struct sum_row *row = &sum_rows[_i];
	static const uint32_t long_rows[] = {1460, 8948, 65000, 65495};
	struct packet packet;

	for (int family = 4; family <= 6; family += 2) {
		packet_init(&packet);
		if (family == 6)
			packet_init_v6(&packet);
		packet.checksum = row->made;
		for (uint32_t len = 0; len < 200; len++) {
			packet.payload_len = len;
			parse(&packet);
			ck_assert_int_eq(parsed.frame.checksum, row->judged);
		}
		for (int i = 0; i < ROWS(long_rows); i++) {
			packet.payload_len = long_rows[i];
			parse(&packet);
			ck_assert_int_eq(parsed.frame.checksum, row->judged);
		}
	}
}
END_TEST

START_TEST(test_frame_checksum_covers_every_byte_of_the_segment)
{
	struct packet packet;

	packet_init(&packet);
	packet.payload_len = 77;
	parse(&packet);
	for (uint32_t at = 14 + 12; at < parsed.captured.captured_len; at++) {
		if (at == 14 + 20 + 12)
			continue; /* the data offset: malformed instead */
		parsed.bytes[at] ^= 0x10;
		parse_again();
		ck_assert_int_eq(parsed.frame.checksum, FRAME_SUM_WRONG);
		parsed.bytes[at] ^= 0x10;
	}
}
END_TEST

START_TEST(test_frame_checksum_unasked_is_unjudged)
{
	struct packet packet;

	packet_init(&packet);
	packet.checksum = PACKET_SUM_WRONG;
	parse(&packet);
	parsed.verdict = frame_parse(&parsed.captured, false, &parsed.frame,
				     &parsed.fragment);
	ck_assert_int_eq(parsed.frame.checksum, FRAME_SUM_UNJUDGED);
}
END_TEST

START_TEST(test_frame_reads_tcp_options)
{
	struct packet packet;

	packet_init(&packet);
	packet.th_flags = TH_SYN;
	packet.mss = 1460;
	parse(&packet);
	ck_assert_uint_eq(parsed.frame.mss, 1460);
	ck_assert(!parsed.frame.has_timestamp);
	packet.timestamp = true;
	parse(&packet);
	ck_assert_uint_eq(parsed.frame.mss, 1460);
	ck_assert(parsed.frame.has_timestamp);
	ck_assert_uint_eq(parsed.frame.th_off, 36);
	/* The MSS option has a meaning in a SYN only. */
	packet.th_flags = TH_ACK;
	parse(&packet);
	ck_assert_uint_eq(parsed.frame.mss, 0);
	packet.mss = 0;
	packet.timestamp = false;
	parse(&packet);
	ck_assert(!parsed.frame.has_timestamp);
}
END_TEST

/* What merging compares: equal bytes, and whether only a timestamp is there. */
START_TEST(test_frame_tells_options_apart)
{
	struct packet packet;
	uint32_t aligned;

	packet_init(&packet);
	parse(&packet);
	ck_assert_uint_eq(parsed.frame.th_options, 0);
	packet.timestamp = true;
	parse(&packet);
	aligned = parsed.frame.th_options;
	ck_assert_uint_eq(aligned & TH_OPTIONS_ALIGNED_TS, 1);
	ck_assert_uint_eq(parsed.frame.th_ts, 0x11223344);
	packet.th_ack++;
	parse(&packet);
	ck_assert_uint_eq(parsed.frame.th_options, aligned);
	/* The last byte of the echo: behind Ethernet, IPv4 and 20 of TCP. */
	parsed.bytes[14 + 20 + 20 + 11] ^= 1;
	parse_again();
	ck_assert_uint_ne(parsed.frame.th_options, aligned);
	packet.mss = 1460;
	parse(&packet);
	ck_assert_uint_ne(parsed.frame.th_options, 0);
	ck_assert_uint_eq(parsed.frame.th_options % 2, 0);
}
END_TEST

/* Options that contradict themselves; MSS stands behind them. */
static const uint8_t option_rows[][8] = {
    {3, 0, 1, 1, 2, 4, 5, 180}, /* a length of 0 */
    {3, 1, 1, 1, 2, 4, 5, 180}, /* a length of 1 */
    {3, 9, 1, 1, 2, 4, 5, 180}, /* a length over the end */
    {0, 1, 1, 1, 2, 4, 5, 180}, /* end of the list */
    {1, 1, 1, 1, 1, 1, 1, 3},	/* a kind without its length */
};

START_TEST(test_frame_stops_at_an_option_that_contradicts_itself)
{
	struct packet packet;

	packet_init(&packet);
	packet.th_flags = TH_SYN;
	packet.payload_len = 8;
	packet.payload = option_rows[_i];
	parse(&packet);
	/* The payload becomes options. */
	parsed.bytes[14 + 20 + 12] = 0x70;
	parse_again();
	ck_assert_int_eq(parsed.verdict, FRAME_TCP);
	ck_assert_uint_eq(parsed.frame.mss, 0);
	ck_assert_uint_eq(parsed.frame.payload_len, 0);
}
END_TEST

static void
parse_fragment(const struct packet *packet, uint32_t offset, uint32_t len)
{
	size_t size = packet_build_fragment(packet, offset, len, parsed.bytes,
					    sizeof(parsed.bytes));

	parsed.captured = (struct trace_frame){
	    .data = parsed.bytes,
	    .captured_len = (uint32_t)size,
	    .wire_len = (uint32_t)size,
	    .link = packet->link,
	};
	parse_again();
}

START_TEST(test_frame_hands_on_fragments)
{
	struct packet packet;

	packet_init(&packet);
	if (_i == 1)
		packet_init_v6(&packet);
	packet.payload_len = 1000;
	packet.trailer_len = 5;
	packet.vlan_tags = 1;
	parse_fragment(&packet, 0, 512);
	ck_assert_int_eq(parsed.verdict, FRAME_FRAGMENT);
	ck_assert_uint_eq(parsed.fragment.offset, 0);
	ck_assert_uint_eq(parsed.fragment.len, 512);
	ck_assert(parsed.fragment.more);
	ck_assert_uint_eq(parsed.fragment.id, 0x4711);
	ck_assert_uint_eq(parsed.fragment.protocol, 6);
	ck_assert_uint_eq(parsed.fragment.link_bytes, 18);
	ck_assert_mem_eq(parsed.fragment.src.bytes, packet.src, 16);
	parse_fragment(&packet, 512, 508);
	ck_assert_int_eq(parsed.verdict, FRAME_FRAGMENT);
	ck_assert_uint_eq(parsed.fragment.offset, 512);
	ck_assert_uint_eq(parsed.fragment.len, 508);
	ck_assert(!parsed.fragment.more);
	/* A fragment that the snap length cut is of no use. */
	parsed.captured.captured_len -= 6;
	parse_again();
	ck_assert_int_eq(parsed.verdict, FRAME_CUT);
}
END_TEST

START_TEST(test_frame_refuses_impossible_fragments)
{
	struct packet packet;

	packet_init(&packet);
	packet.payload_len = 1000;
	parse_fragment(&packet, 0, 510); /* not a multiple of 8 */
	ck_assert_int_eq(parsed.verdict, FRAME_MALFORMED);
	parse_fragment(&packet, 8, 0); /* empty */
	ck_assert_int_eq(parsed.verdict, FRAME_MALFORMED);
	parse_fragment(&packet, 512, 508);
	parsed.bytes[14 + 6] = 0x1f; /* ends over 65535 */
	parsed.bytes[14 + 7] = 0xff;
	parse_again();
	ck_assert_int_eq(parsed.verdict, FRAME_MALFORMED);
	parsed.bytes[14 + 9] = 17;
	parse_again();
	ck_assert_int_eq(parsed.verdict, FRAME_NOT_TCP);
	packet_init_v6(&packet);
	packet.payload_len = 64;
	parse_fragment(&packet, 0, 64);
	parsed.bytes[14 + 40] = 17;
	parse_again();
	ck_assert_int_eq(parsed.verdict, FRAME_NOT_TCP);
}
END_TEST

/* The segment of a built frame, as if fragments had been put together. */
START_TEST(test_frame_parse_tcp_reads_a_reassembled_packet)
{
	struct frame_fragment whole = {.protocol = 6, .link_bytes = 14};
	uint32_t ip_header = _i == 1 ? 40 : 20;
	struct packet packet;

	packet_init(&packet);
	if (_i == 1)
		packet_init_v6(&packet);
	packet.payload_len = 3000;
	parse(&packet);
	whole.src = parsed.frame.src;
	whole.dst = parsed.frame.dst;
	parsed.verdict = frame_parse_tcp(&whole, parsed.bytes + 14 + ip_header,
					 3020, true, &parsed.frame);
	assert_parsed(&packet);
	ck_assert_int_eq(parsed.frame.checksum, FRAME_SUM_GOOD);
	ck_assert_uint_eq(parsed.frame.ip_bytes, ip_header + 3020);
	ck_assert_int_eq(
	    frame_parse_tcp(&whole, parsed.bytes, 19, true, &parsed.frame),
	    FRAME_MALFORMED);
}
END_TEST

START_TEST(test_frame_parse_tcp_passes_over_extension_headers)
{
	struct frame_fragment whole = {.protocol = 60, .link_bytes = 14};
	struct packet packet;

	packet_init_v6(&packet);
	packet.extension_count = 1;
	packet.extensions[0] = 60;
	packet.payload_len = 50;
	parse(&packet);
	whole.src = parsed.frame.src;
	whole.dst = parsed.frame.dst;
	parsed.verdict = frame_parse_tcp(&whole, parsed.bytes + 14 + 40, 78,
					 true, &parsed.frame);
	assert_parsed(&packet);
	ck_assert_int_eq(parsed.frame.checksum, FRAME_SUM_GOOD);
	parsed.bytes[14 + 40] = 17; /* UDP behind the options */
	ck_assert_int_eq(frame_parse_tcp(&whole, parsed.bytes + 14 + 40, 78,
					 true, &parsed.frame),
			 FRAME_MALFORMED);
}
END_TEST

/* From 04-nic section 2.8: MTU 1500 is 1538 bytes, the smallest frame 84. */
START_TEST(test_frame_wire_bytes_are_those_of_ethernet)
{
	struct packet packet;

	packet_init(&packet);
	packet.timestamp = true;
	packet.payload_len = 1448;
	parse(&packet);
	ck_assert_uint_eq(frame_wire_bytes(&parsed.frame, 1448), 1538);
	ck_assert_uint_eq(frame_wire_bytes(&parsed.frame, 448), 538);
	packet.payload_len = 0;
	packet.timestamp = false;
	parse(&packet);
	ck_assert_uint_eq(frame_wire_bytes(&parsed.frame, 0), 84);
	packet.vlan_tags = 1;
	packet.payload_len = 1460;
	parse(&packet);
	ck_assert_uint_eq(frame_wire_bytes(&parsed.frame, 1460), 1542);
	/* A frame larger than the MSS, cut. */
	packet.vlan_tags = 0;
	packet.payload_len = 64000;
	parse(&packet);
	ck_assert_uint_eq(frame_wire_bytes(&parsed.frame, 1460), 1538);
}
END_TEST

/* Whatever the bytes, the payload lies inside the frame. */
START_TEST(test_frame_survives_random_damage)
{
	static const uint32_t seed = 20;
	struct packet packet;

	packet_of_row(&packet, &link_rows[_i]);
	srand(seed + (unsigned)_i);
	for (int run = 0; run < 2000; run++) {
		const struct frame *frame = &parsed.frame;
		uint32_t end;

		parse(&packet);
		for (int i = rand() % 4; i >= 0; i--)
			parsed.bytes[rand() % 90] = (uint8_t)rand();
		parsed.captured.captured_len = (uint32_t)rand() % 160;
		parse_again();
		end = parsed.captured.captured_len;
		if (parsed.verdict != FRAME_TCP)
			continue;
		ck_assert(frame->payload_known <= frame->payload_len);
		ck_assert(frame->payload >= parsed.bytes &&
			  frame->payload + frame->payload_known <=
			      parsed.bytes + end);
	}
}
END_TEST

Suite *
frame_suite(void)
{
	const struct suite_test tests[] = {
	    {"reads_every_link_type", test_frame_reads_every_link_type,
	     ROWS(link_rows)},
	    {"tells_cut_from_malformed_at_every_length",
	     test_frame_tells_cut_from_malformed_at_every_length,
	     ROWS(link_rows)},
	    {"cut_in_tcp_options_keeps_the_payload_length",
	     test_frame_cut_in_tcp_options_keeps_the_payload_length, 0},
	    {"passes_over_ipv4_options", test_frame_passes_over_ipv4_options,
	     11},
	    {"passes_over_ipv6_extension_headers",
	     test_frame_passes_over_ipv6_extension_headers,
	     ROWS(extension_rows)},
	    {"does_not_judge_a_sum_under_a_source_route",
	     test_frame_does_not_judge_a_sum_under_a_source_route, 0},
	    {"ends_where_ip_says", test_frame_ends_where_ip_says, 2},
	    {"without_ip_length_ends_with_the_frame",
	     test_frame_without_ip_length_ends_with_the_frame, 0},
	    {"captured_longer_than_on_the_wire_counts_as_captured",
	     test_frame_captured_longer_than_on_the_wire_counts_as_captured, 0},
	    {"names_malformed_headers", test_frame_names_malformed_headers,
	     ROWS(patch_rows)},
	    {"passes_over_what_is_not_ip",
	     test_frame_passes_over_what_is_not_ip, ROWS(ethertype_rows)},
	    {"reads_a_compressed_ppp_protocol",
	     test_frame_reads_a_compressed_ppp_protocol, 0},
	    {"bounds_tags_and_extension_headers",
	     test_frame_bounds_tags_and_extension_headers, 0},
	    {"judges_checksums_at_every_length",
	     test_frame_judges_checksums_at_every_length, ROWS(sum_rows)},
	    {"checksum_covers_every_byte_of_the_segment",
	     test_frame_checksum_covers_every_byte_of_the_segment, 0},
	    {"checksum_unasked_is_unjudged",
	     test_frame_checksum_unasked_is_unjudged, 0},
	    {"reads_tcp_options", test_frame_reads_tcp_options, 0},
	    {"tells_options_apart", test_frame_tells_options_apart, 0},
	    {"stops_at_an_option_that_contradicts_itself",
	     test_frame_stops_at_an_option_that_contradicts_itself,
	     ROWS(option_rows)},
	    {"hands_on_fragments", test_frame_hands_on_fragments, 2},
	    {"refuses_impossible_fragments",
	     test_frame_refuses_impossible_fragments, 0},
	    {"parse_tcp_reads_a_reassembled_packet",
	     test_frame_parse_tcp_reads_a_reassembled_packet, 2},
	    {"parse_tcp_passes_over_extension_headers",
	     test_frame_parse_tcp_passes_over_extension_headers, 0},
	    {"wire_bytes_are_those_of_ethernet",
	     test_frame_wire_bytes_are_those_of_ethernet, 0},
	    {"survives_random_damage", test_frame_survives_random_damage,
	     ROWS(link_rows)},
	};

	return suite_create_table(
	    "frame", tests, sizeof(tests) / sizeof(tests[0]), NULL, NULL, 0);
}
