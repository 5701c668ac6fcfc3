/*
 * test_nic_rss.c - the Toeplitz hash against Microsoft's verification suite.
 */
#include "nicmodel/nic_rss.h"

#include <arpa/inet.h>
#include <check.h>
#include <string.h>

#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

struct vector {
	const char *src;
	uint16_t sport;
	const char *dst;
	uint16_t dport;
	uint32_t ip_hash;
	uint32_t tcp_hash;
	uint32_t index; /* in a table of 128 */
};

static const struct vector vectors[] = {
    {"66.9.149.187", 2794, "161.142.100.80", 1766, 0x323e8fc2, 0x51ccc178, 120},
    {"199.92.111.2", 14230, "65.69.140.83", 4739, 0xd718262a, 0xc626b0ea, 106},
    {"24.19.198.95", 12898, "12.22.207.184", 38024, 0xd2d0a5de, 0x5c2b394a, 74},
    {"38.27.205.30", 48228, "209.142.163.6", 2217, 0x82989176, 0xafc7327f, 127},
    {"153.39.163.191", 44251, "202.188.127.2", 1303, 0x5d1809c5, 0x10e828a2,
     34},
    {"3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766, 0x2cc18cd5,
     0x40207d3d, 61},
    {"3ffe:501:8::260:97ff:fe40:efab", 14230, "ff02::1", 4739, 0x0f0c461c,
     0xdde51bbf, 63},
    {"3ffe:1900:4545:3:200:f8ff:fe21:67cf", 44251, "fe80::200:f8ff:fe21:67cf",
     38024, 0x4b61e985, 0x02d1feef, 111},
};

/* Returns the address's length. */
static size_t
parse_address(const char *text, uint8_t address[16])
{
	if (inet_pton(AF_INET, text, address) == 1)
		return 4;
	ck_assert_int_eq(inet_pton(AF_INET6, text, address), 1);
	return 16;
}

START_TEST(test_nic_rss_hashes_the_verification_suite)
{
	const struct vector *v = &vectors[_i];
	uint8_t input[32], dst[16];
	struct nic_rss rss;
	size_t len = parse_address(v->src, input);

	ck_assert_uint_eq(parse_address(v->dst, dst), len);
	memcpy(input + len, dst, len);
	nic_rss_init(&rss, nic_rss_default_key, 128, 16);
	ck_assert_uint_eq(nic_rss_toeplitz(nic_rss_default_key, input, 2 * len),
			  v->ip_hash);
	ck_assert_uint_eq(
	    nic_rss_hash(&rss, input, dst, len, v->sport, v->dport),
	    v->tcp_hash);
	ck_assert_uint_eq(nic_rss_queue(&rss, v->tcp_hash), v->index % 16);
	/* With a queue per entry the queue is the published index. */
	nic_rss_init(&rss, nic_rss_default_key, 128, 128);
	ck_assert_uint_eq(nic_rss_queue(&rss, v->tcp_hash), v->index);
}
END_TEST

/* With the key 6d5a repeated both directions of a flow meet in one queue. */
START_TEST(test_nic_rss_symmetric_key_hashes_both_directions_alike)
{
	const struct vector *v = &vectors[_i];
	uint8_t key[NIC_RSS_KEY_BYTES], src[16], dst[16];
	size_t len = parse_address(v->src, src);
	struct nic_rss rss;
	uint32_t there, back;

	for (size_t i = 0; i < sizeof(key); i += 2)
		memcpy(key + i, "\x6d\x5a", 2);
	parse_address(v->dst, dst);
	nic_rss_init(&rss, key, 128, 16);
	there = nic_rss_hash(&rss, src, dst, len, v->sport, v->dport);
	back = nic_rss_hash(&rss, dst, src, len, v->dport, v->sport);
	ck_assert_uint_eq(there, back);
	if (_i == 0)
		ck_assert_uint_eq(there, 0x9fcc9fcc);
}
END_TEST

START_TEST(test_nic_rss_symmetric_key_of_addresses_alone)
{
	static const uint8_t there[8] = {66, 9, 149, 187, 161, 142, 100, 80};
	static const uint8_t back[8] = {161, 142, 100, 80, 66, 9, 149, 187};
	uint8_t key[NIC_RSS_KEY_BYTES];

	for (size_t i = 0; i < sizeof(key); i += 2)
		memcpy(key + i, "\x6d\x5a", 2);
	ck_assert_uint_eq(nic_rss_toeplitz(key, there, 8), 0x0a590a59);
	ck_assert_uint_eq(nic_rss_toeplitz(key, back, 8), 0x0a590a59);
}
END_TEST

/* One bit of input gives the key from that bit on; none gives nothing. */
START_TEST(test_nic_rss_toeplitz_of_single_bits_reads_the_key)
{
	uint8_t input[36] = {0};

	ck_assert_uint_eq(nic_rss_toeplitz(nic_rss_default_key, input, 36), 0);
	ck_assert_uint_eq(nic_rss_toeplitz(nic_rss_default_key, input, 0), 0);
	input[0] = 0x80;
	ck_assert_uint_eq(nic_rss_toeplitz(nic_rss_default_key, input, 36),
			  0x6d5a56da);
	input[0] = 0x01;
	ck_assert_uint_eq(nic_rss_toeplitz(nic_rss_default_key, input, 36),
			  0xad2b6d12);
	input[0] = 0;
	input[35] = 0x80;
	ck_assert_uint_eq(nic_rss_toeplitz(nic_rss_default_key, input, 36),
			  0x3bbeac01);
	input[35] = 0x01;
	ck_assert_uint_eq(nic_rss_toeplitz(nic_rss_default_key, input, 36),
			  0xdf5600fd);
}
END_TEST

static const struct {
	uint32_t table_size;
	uint32_t queues;
	uint32_t hash;
	uint32_t queue;
} queue_rows[] = {
    {128, 16, 0x51ccc178, 8}, {128, 16, 0xffffffff, 15}, {128, 16, 128, 0},
    {128, 3, 127, 1},	      {128, 200, 127, 127},	 {512, 200, 511, 111},
    {1, 1, 0xffffffff, 0},    {128, 1, 0x12345678, 0},
};

START_TEST(test_nic_rss_queue_is_the_table_entry_of_the_low_bits)
{
	struct nic_rss rss;

	nic_rss_init(&rss, nic_rss_default_key, queue_rows[_i].table_size,
		     queue_rows[_i].queues);
	ck_assert_uint_eq(nic_rss_queue(&rss, queue_rows[_i].hash),
			  queue_rows[_i].queue);
	/* The table may be rewritten. */
	rss.table[queue_rows[_i].hash & (rss.table_size - 1)] = 7;
	ck_assert_uint_eq(nic_rss_queue(&rss, queue_rows[_i].hash), 7);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_rss_suite(void);

Suite *
nic_rss_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_rss_hashes_the_verification_suite, COUNT(vectors)),
	    TEST(test_nic_rss_symmetric_key_hashes_both_directions_alike,
		 COUNT(vectors)),
	    TEST(test_nic_rss_symmetric_key_of_addresses_alone, 0),
	    TEST(test_nic_rss_toeplitz_of_single_bits_reads_the_key, 0),
	    TEST(test_nic_rss_queue_is_the_table_entry_of_the_low_bits,
		 COUNT(queue_rows)),
	};

	return suite_create_table("nic_rss", tests, (size_t)COUNT(tests), NULL,
				  NULL, 0);
}
