/*
 * test_ipfrag.c - packets put together from fragments, against the packet that
 * was cut.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/mbuf.h"
#include "tests/support/packet.h"
#include "tests/support/suite_table.h"
#include "traces/ipfrag.h"

Suite *ipfrag_suite(void);

static struct ipfrag *ipfrag;
static uint8_t whole[65535];

static void
setup(void)
{
	ipfrag = ipfrag_create();
	ck_assert_ptr_nonnull(ipfrag);
	for (size_t i = 0; i < sizeof(whole); i++)
		whole[i] = packet_pattern((uint32_t)i);
}

static void
teardown(void)
{
	ipfrag_destroy(ipfrag);
}

/* The bytes offset .. offset + len of a packet of total bytes. */
static struct frame_fragment
piece(uint32_t id, uint32_t offset, uint32_t len, uint32_t total)
{
	return (struct frame_fragment){
	    .src = {4, {10, 0, 0, 1}},
	    .dst = {4, {10, 0, 0, 2}},
	    .id = id,
	    .protocol = 6,
	    .offset = offset,
	    .len = len,
	    .more = offset + len < total,
	    .data = whole + offset,
	};
}

static const uint8_t *
add(struct frame_fragment fragment, uint32_t *len)
{
	return ipfrag_add(ipfrag, &fragment, len);
}

static void
assert_whole(const uint8_t *bytes, uint32_t len, uint32_t total)
{
	ck_assert_ptr_nonnull(bytes);
	ck_assert_uint_eq(len, total);
	ck_assert_int_eq(memcmp(bytes, whole, total), 0);
}

/* This fragment makes its packet whole. */
static void
assert_completes(struct frame_fragment fragment, uint32_t total)
{
	uint32_t len = 0;
	const uint8_t *bytes = add(fragment, &len);

	assert_whole(bytes, len, total);
}

static void
assert_stats(uint64_t fragments, uint64_t reassembled, uint64_t discarded)
{
	struct ipfrag_stats stats;

	ipfrag_read_stats(ipfrag, &stats);
	ck_assert_uint_eq(stats.fragments, fragments);
	ck_assert_uint_eq(stats.reassembled, reassembled);
	ck_assert_uint_eq(stats.discarded, discarded);
}

/* Every order of four pieces, the last one odd. */
START_TEST(test_ipfrag_joins_four_fragments_in_every_order)
{
	uint32_t left[4] = {0, 1, 2, 3};
	uint32_t len = 0;
	int number = _i;

	for (int i = 4; i > 0; i--) {
		uint32_t at = left[number % i];
		const uint8_t *bytes;

		left[number % i] = left[i - 1];
		number /= i;
		bytes = add(piece(1, at * 16, at == 3 ? 13 : 16, 61), &len);
		if (i == 1)
			assert_whole(bytes, len, 61);
		else
			ck_assert_ptr_null(bytes);
	}
	assert_stats(4, 1, 0);
}
END_TEST

START_TEST(test_ipfrag_joins_the_largest_packet)
{
	uint32_t len = 0;
	const uint8_t *bytes = NULL;

	for (uint32_t at = 0; at < 65535; at += 1480) {
		uint32_t left = 65535 - at;

		ck_assert_ptr_null(bytes);
		bytes =
		    add(piece(1, at, left < 1480 ? left : 1480, 65535), &len);
	}
	assert_whole(bytes, len, 65535);
}
END_TEST

START_TEST(test_ipfrag_duplicates_and_overlaps_keep_the_first_copy)
{
	uint8_t other[64];
	struct frame_fragment fragment = piece(1, 8, 24, 100);
	uint32_t len = 0;

	memset(other, 0xcc, sizeof(other));
	ck_assert_ptr_null(add(fragment, &len));
	fragment.data = other;
	ck_assert_ptr_null(add(fragment, &len)); /* a duplicate that differs */
	fragment = piece(1, 16, 32, 100);
	memcpy(other + 16, whole + 32, 16);
	fragment.data = other;
	ck_assert_ptr_null(add(fragment, &len)); /* old for 16 bytes */
	ck_assert_ptr_null(add(piece(1, 48, 52, 100), &len));
	ck_assert_ptr_null(add(piece(1, 48, 52, 100), &len));
	assert_completes(piece(1, 0, 48, 100), 100);
	assert_stats(6, 1, 0);
}
END_TEST

START_TEST(test_ipfrag_ignores_what_contradicts_the_end)
{
	uint32_t len = 0;

	ck_assert_ptr_null(add(piece(1, 64, 36, 100), &len)); /* end is 100 */
	ck_assert_ptr_null(add(piece(1, 96, 16, 200), &len)); /* beyond it */
	ck_assert_ptr_null(add(piece(1, 64, 32, 96), &len));  /* end 96 */
	assert_completes(piece(1, 0, 64, 100), 100);
	/* A last fragment that ends before bytes already seen. */
	ck_assert_ptr_null(add(piece(2, 64, 64, 200), &len));
	ck_assert_ptr_null(add(piece(2, 0, 64, 64), &len));
	assert_stats(6, 1, 1);
}
END_TEST

START_TEST(test_ipfrag_ignores_malformed_fragments)
{
	static uint8_t bytes[65536];
	struct frame_fragment fragment = piece(1, 0, 16, 100);
	uint32_t len = 0;

	fragment.len = 0;
	ck_assert_ptr_null(add(fragment, &len));
	fragment.len = 12; /* more follow, and no multiple of 8 */
	ck_assert_ptr_null(add(fragment, &len));
	fragment.len = 16;
	fragment.offset = 4;
	ck_assert_ptr_null(add(fragment, &len));
	fragment.data = bytes;
	fragment.offset = 65528;
	ck_assert_ptr_null(add(fragment, &len));
	fragment.offset = 8;
	fragment.len = 65536;
	ck_assert_ptr_null(add(fragment, &len));
	fragment.len = UINT32_MAX - 7;
	ck_assert_ptr_null(add(fragment, &len));
	assert_stats(0, 0, 0);
}
END_TEST

/* One field of the name differs: nothing completes. */
START_TEST(test_ipfrag_keeps_packets_of_different_names_apart)
{
	struct frame_fragment fragment = piece(1, 64, 36, 100);
	uint32_t len = 0;

	ck_assert_ptr_null(add(piece(1, 0, 64, 100), &len));
	switch (_i) {
	case 0:
		fragment.id = 2;
		break;
	case 1:
		fragment.src.bytes[3] = 9;
		break;
	case 2:
		fragment.dst.bytes[3] = 9;
		break;
	case 3:
		fragment.protocol = 60;
		break;
	default:
		fragment.src.family = 6;
		break;
	}
	ck_assert_ptr_null(add(fragment, &len));
	assert_completes(piece(1, 64, 36, 100), 100);
	assert_stats(3, 1, 1);
}
END_TEST

/* RFC 8200: fragments of a packet may name different next headers. */
START_TEST(test_ipfrag_ipv6_names_do_not_hold_the_protocol)
{
	struct frame_fragment fragment = piece(1, 0, 64, 100);
	uint32_t len = 0;

	fragment.src.family = 6;
	ck_assert_ptr_null(add(fragment, &len));
	fragment = piece(1, 64, 36, 100);
	fragment.src.family = 6;
	fragment.protocol = 60;
	assert_completes(fragment, 100);
}
END_TEST

START_TEST(test_ipfrag_the_oldest_packet_gives_way)
{
	uint32_t len = 0;

	for (uint32_t id = 0; id <= IPFRAG_PACKETS_MAX; id++)
		ck_assert_ptr_null(add(piece(id, 0, 64, 100), &len));
	/* Packet 0 is gone, packet 1 still there. */
	assert_completes(piece(1, 64, 36, 100), 100);
	ck_assert_ptr_null(add(piece(0, 64, 36, 100), &len));
	assert_stats(IPFRAG_PACKETS_MAX + 3, 1, 1 + IPFRAG_PACKETS_MAX);
}
END_TEST

START_TEST(test_ipfrag_an_id_can_be_used_again)
{
	uint32_t len = 0;

	for (int run = 0; run < 1000; run++) {
		ck_assert_ptr_null(add(piece(7, 64, 36, 100), &len));
		assert_completes(piece(7, 0, 64, 100), 100);
	}
	assert_stats(2000, 1000, 0);
}
END_TEST

/* Through frame_parse, from wire bytes to the TCP segment. */
START_TEST(test_ipfrag_and_frame_restore_a_segment)
{
	static uint8_t bytes[PACKET_BYTES_MAX];
	struct packet packet;
	struct frame_fragment fragment;
	const uint8_t *segment = NULL;
	uint32_t size, step = 552, len = 0;
	struct frame frame;

	packet_init(&packet);
	if (_i == 1)
		packet_init_v6(&packet);
	packet.payload_len = 4000;
	packet.timestamp = true;
	size = (uint32_t)packet_segment_len(&packet);
	/* The last fragment first. */
	for (uint32_t at = size / step * step; segment == NULL; at -= step) {
		struct trace_frame captured = {.data = bytes,
					       .link = packet.link};
		uint32_t left = size - at;

		captured.captured_len = (uint32_t)packet_build_fragment(
		    &packet, at, left < step ? left : step, bytes,
		    sizeof(bytes));
		captured.wire_len = captured.captured_len;
		ck_assert_int_eq(
		    frame_parse(&captured, true, &frame, &fragment),
		    FRAME_FRAGMENT);
		segment = ipfrag_add(ipfrag, &fragment, &len);
		ck_assert(segment != NULL || at >= step);
	}
	ck_assert_int_eq(frame_parse_tcp(&fragment, segment, len, true, &frame),
			 FRAME_TCP);
	ck_assert_int_eq(frame.checksum, FRAME_SUM_GOOD);
	ck_assert_uint_eq(frame.payload_len, 4000);
	for (uint32_t i = 0; i < 4000; i++)
		ck_assert_uint_eq(frame.payload[i], packet_pattern(i));
}
END_TEST

Suite *
ipfrag_suite(void)
{
	const struct suite_test tests[] = {
	    {"joins_four_fragments_in_every_order",
	     test_ipfrag_joins_four_fragments_in_every_order, 24},
	    {"joins_the_largest_packet", test_ipfrag_joins_the_largest_packet,
	     0},
	    {"duplicates_and_overlaps_keep_the_first_copy",
	     test_ipfrag_duplicates_and_overlaps_keep_the_first_copy, 0},
	    {"ignores_what_contradicts_the_end",
	     test_ipfrag_ignores_what_contradicts_the_end, 0},
	    {"ignores_malformed_fragments",
	     test_ipfrag_ignores_malformed_fragments, 0},
	    {"keeps_packets_of_different_names_apart",
	     test_ipfrag_keeps_packets_of_different_names_apart, 5},
	    {"ipv6_names_do_not_hold_the_protocol",
	     test_ipfrag_ipv6_names_do_not_hold_the_protocol, 0},
	    {"the_oldest_packet_gives_way",
	     test_ipfrag_the_oldest_packet_gives_way, 0},
	    {"an_id_can_be_used_again", test_ipfrag_an_id_can_be_used_again, 0},
	    {"and_frame_restore_a_segment",
	     test_ipfrag_and_frame_restore_a_segment, 2},
	};

	return suite_create_table("ipfrag", tests,
				  sizeof(tests) / sizeof(tests[0]), setup,
				  teardown, 0);
}
