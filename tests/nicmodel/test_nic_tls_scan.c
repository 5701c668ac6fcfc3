/*
 * test_nic_tls_scan.c - which bytes look like a record header, and where.
 */
#include "nicmodel/nic_tls_scan.h"

#include <check.h>
#include <string.h>

#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

enum { BYTES_MAX = 24, MIN_LENGTH = 24 };

struct search {
	const char *name;
	uint8_t bytes[BYTES_MAX];
	uint32_t len;
	uint32_t strict; /* bytes consumed at the match; 0: none */
	uint32_t loose;
};

static const struct search searches[] = {
    {"at the front", {23, 3, 3, 1, 0, 9}, 6, 5, 5},
    {"behind other bytes", {3, 3, 22, 3, 3, 1, 0}, 7, 7, 7},
    {"its first byte repeated", {23, 23, 3, 3, 1, 0}, 6, 6, 6},
    {"type below", {19, 3, 3, 1, 0}, 5, 0, 5},
    {"least type", {20, 3, 3, 1, 0}, 5, 5, 5},
    {"type above", {24, 3, 3, 1, 0}, 5, 0, 5},
    {"major version", {23, 2, 3, 1, 0}, 5, 0, 0},
    {"minor version", {23, 3, 4, 1, 0}, 5, 0, 0},
    {"least length", {23, 3, 3, 0, 24}, 5, 5, 5},
    {"length below", {23, 3, 3, 0, 23}, 5, 0, 5},
    {"greatest length", {23, 3, 3, 0x41, 0}, 5, 5, 5},
    {"length above", {23, 3, 3, 0x41, 1}, 5, 0, 5},
    {"incomplete", {23, 3, 3, 1}, 4, 0, 0},
    {"loose takes the first", {9, 3, 3, 0, 0, 23, 3, 3, 1, 0}, 10, 10, 5},
    {"version thrice", {23, 3, 3, 3, 3, 3, 0}, 7, 5, 5},
    {"nothing", {0}, 24, 0, 0},
};

static uint32_t
search(const struct search *row, enum nic_tls_matcher matcher, uint32_t cut)
{
	uint8_t header[TLS_HEADER_BYTES];
	struct nic_tls_scan scan;
	uint32_t used;

	nic_tls_scan_init(&scan, matcher, MIN_LENGTH);
	if (nic_tls_scan_feed(&scan, row->bytes, cut, &used, header)) {
		ck_assert_mem_eq(header, row->bytes + used - 5, 5);
		return used;
	}
	ck_assert_uint_eq(used, cut);
	if (!nic_tls_scan_feed(&scan, row->bytes + cut, row->len - cut, &used,
			       header))
		return 0;
	ck_assert_mem_eq(header, row->bytes + cut + used - 5, 5);
	return cut + used;
}

/* Each is cut into two pieces in every way. */
START_TEST(test_nic_tls_scan_finds_headers_across_pieces)
{
	const struct search *row = &searches[_i];

	for (uint32_t cut = 0; cut <= row->len; cut++) {
		ck_assert_msg(search(row, NIC_TLS_STRICT, cut) == row->strict,
			      "%s, cut at %u", row->name, cut);
		ck_assert_msg(search(row, NIC_TLS_LOOSE, cut) == row->loose,
			      "%s, loose, cut at %u", row->name, cut);
	}
}
END_TEST

START_TEST(test_nic_tls_scan_reset_forgets_half_a_header)
{
	const uint8_t bytes[] = {23, 3, 3, 1, 0};
	uint8_t header[TLS_HEADER_BYTES];
	struct nic_tls_scan scan;
	uint32_t used;

	for (uint32_t cut = 1; cut < sizeof(bytes); cut++) {
		nic_tls_scan_init(&scan, NIC_TLS_LOOSE, MIN_LENGTH);
		nic_tls_scan_feed(&scan, bytes, cut, &used, header);
		nic_tls_scan_reset(&scan);
		ck_assert(!nic_tls_scan_feed(&scan, bytes + cut, 5 - cut, &used,
					     header));
	}
}
END_TEST

/* After a match the search goes on behind it, not inside. */
START_TEST(test_nic_tls_scan_consumes_what_it_found)
{
	const uint8_t bytes[] = {3, 3, 3, 3, 3, 3, 3, 3, 3, 3};
	uint8_t header[TLS_HEADER_BYTES];
	struct nic_tls_scan scan;
	uint32_t used;

	nic_tls_scan_init(&scan, NIC_TLS_LOOSE, MIN_LENGTH);
	ck_assert(nic_tls_scan_feed(&scan, bytes, 10, &used, header));
	ck_assert_uint_eq(used, 5);
	ck_assert(!nic_tls_scan_feed(&scan, bytes, 4, &used, header));
	ck_assert(nic_tls_scan_feed(&scan, bytes, 1, &used, header));
}
END_TEST

START_TEST(test_nic_tls_scan_push_back_searches_inside_a_bad_header)
{
	const uint8_t bad[] = {99, 23, 3, 3, 1}, rest[] = {7};
	uint8_t header[TLS_HEADER_BYTES];
	struct nic_tls_scan scan;
	uint32_t used;

	nic_tls_scan_init(&scan, NIC_TLS_STRICT, MIN_LENGTH);
	nic_tls_scan_push_back(&scan, bad);
	ck_assert(nic_tls_scan_feed(&scan, rest, 1, &used, header));
	ck_assert_uint_eq(used, 1);
	ck_assert_mem_eq(header, ((const uint8_t[]){23, 3, 3, 1, 7}), 5);
}
END_TEST

/* 4 types and lengths 24..16640, of 2^40 patterns: 6.0e-8 of random places. */
START_TEST(test_nic_tls_scan_matches_as_often_as_computed)
{
	uint8_t header[TLS_HEADER_BYTES];
	struct nic_tls_scan scan;
	uint32_t used, matches = 0;

	for (uint32_t i = 0; i < 1u << 24; i++) {
		const uint8_t bytes[] = {(uint8_t)(i >> 16), 3, 3,
					 (uint8_t)(i >> 8), (uint8_t)i};

		nic_tls_scan_init(&scan, NIC_TLS_STRICT, MIN_LENGTH);
		matches += nic_tls_scan_feed(&scan, bytes, 5, &used, header);
	}
	ck_assert_uint_eq(matches, 4 * (16640 - 24 + 1));
}
END_TEST

START_TEST(test_nic_tls_header_valid_keeps_the_framings_limits)
{
	static const struct {
		uint8_t header[TLS_HEADER_BYTES];
		bool valid;
	} rows[] = {
	    {{20, 3, 3, 0, 24}, true},	   {{24, 3, 3, 0, 24}, true},
	    {{19, 3, 3, 0, 24}, false},	   {{25, 3, 3, 0, 24}, false},
	    {{23, 3, 1, 0, 24}, false},	   {{23, 2, 3, 0, 24}, false},
	    {{23, 3, 3, 0, 23}, false},	   {{23, 3, 3, 0x40, 24}, true},
	    {{23, 3, 3, 0x40, 25}, false},
	};
	struct tls_framing framing;

	ck_assert(tls_framing_of(TLS_1_2, TLS_CIPHER_AES_GCM, TLS_HASH_NONE,
				 &framing));
	for (int i = 0; i < COUNT(rows); i++)
		ck_assert_msg(nic_tls_header_valid(rows[i].header, &framing) ==
				  rows[i].valid,
			      "row %d", i);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_tls_scan_suite(void);

Suite *
nic_tls_scan_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_tls_scan_finds_headers_across_pieces,
		 COUNT(searches)),
	    TEST(test_nic_tls_scan_reset_forgets_half_a_header, 0),
	    TEST(test_nic_tls_scan_consumes_what_it_found, 0),
	    TEST(test_nic_tls_scan_push_back_searches_inside_a_bad_header, 0),
	    TEST(test_nic_tls_scan_matches_as_often_as_computed, 0),
	    TEST(test_nic_tls_header_valid_keeps_the_framings_limits, 0),
	};

	return suite_create_table("nic_tls_scan", tests, (size_t)COUNT(tests),
				  NULL, NULL, 20);
}
