/*
 * test_inet_sum.c - the fast sum against a sum taken word by word.
 */
#include <stdlib.h>

#include "tests/support/suite_table.h"
#include "traces/inet_sum.h"

Suite *inet_sum_suite(void);

static uint16_t
sum_by_words(const uint8_t *bytes, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

/* The numerical example of RFC 1071, section 3. */
START_TEST(test_inet_sum_equals_the_example_of_rfc_1071)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03,
					0xf4, 0xf5, 0xf6, 0xf7};

	ck_assert_uint_eq(inet_sum(bytes, sizeof(bytes)), 0xddf2);
}
END_TEST

START_TEST(test_inet_sum_equals_the_slow_sum_at_every_length_and_offset)
{
	uint8_t bytes[400];

	srand(1);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)rand();
	for (size_t offset = 0; offset < 16; offset++)
		for (size_t len = 0; len <= sizeof(bytes) - 16; len++)
			ck_assert_uint_eq(inet_sum(bytes + offset, len),
					  sum_by_words(bytes + offset, len));
}
END_TEST

START_TEST(test_inet_sum_carries_out_of_every_word)
{
	uint8_t *ones = malloc(1 << 20);

	ck_assert_ptr_nonnull(ones);
	for (size_t i = 0; i < 1 << 20; i++)
		ones[i] = 0xff;
	ck_assert_uint_eq(inet_sum(ones, 1 << 20), 0xffff);
	ck_assert_uint_eq(inet_sum(ones, (1 << 20) - 1),
			  sum_by_words(ones, (1 << 20) - 1));
	free(ones);
}
END_TEST

START_TEST(test_inet_sum_add_brings_the_carry_round)
{
	ck_assert_uint_eq(inet_sum_add(0xffff, 1), 1);
	ck_assert_uint_eq(inet_sum_add(0xffffffff, 0xffffffff), 0xffff);
	ck_assert_uint_eq(inet_sum_add(0x1234, 0x4321), 0x5555);
}
END_TEST

Suite *
inet_sum_suite(void)
{
	const struct suite_test tests[] = {
	    {"equals_the_example_of_rfc_1071",
	     test_inet_sum_equals_the_example_of_rfc_1071, 0},
	    {"equals_the_slow_sum_at_every_length_and_offset",
	     test_inet_sum_equals_the_slow_sum_at_every_length_and_offset, 0},
	    {"carries_out_of_every_word",
	     test_inet_sum_carries_out_of_every_word, 0},
	    {"add_brings_the_carry_round",
	     test_inet_sum_add_brings_the_carry_round, 0},
	};

	return suite_create_table(
	    "inet_sum", tests, sizeof(tests) / sizeof(tests[0]), NULL, NULL, 0);
}
