/*
 * test_cbc_tail.c - padding and MAC of CBC texts, against a plain reading.
 *
 * Goal: every padding length for texts of every interesting length.  Method:
 * the reference does with branches and indices what the code under test may
 * not; texts lie in storage of just their length, so that the sanitizer sees a
 * byte read beside them.
 */
#include "engine/cbc_tail.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/suite.h"
#include "tests/support/chain.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static const uint32_t mac_lens[] = {20, 32, 48};

static const uint32_t lens[] = {32,  48,  64,  80,  240, 256,	272,
				288, 304, 320, 336, 512, 16416, 16464};

static bool
reference_check(const uint8_t *text, uint32_t len, uint32_t mac_len,
		uint32_t *plaintext_len)
{
	uint32_t pad = text[len - 1];

	*plaintext_len = len - mac_len - 1;
	if (mac_len + 1 + pad > len)
		return false;
	for (uint32_t i = 0; i < pad; i++)
		if (text[len - 2 - i] != pad)
			return false;
	*plaintext_len -= pad;
	return true;
}

static uint8_t *
random_text(uint32_t len, uint64_t *seed)
{
	uint8_t *text = malloc(len);

	ck_assert_ptr_nonnull(text);
	for (uint32_t i = 0; i < len; i++)
		text[i] = (uint8_t)chain_random(seed);
	return text;
}

static void
compare_check(const uint8_t *text, uint32_t len, uint32_t mac_len)
{
	uint32_t got = 0, want = 0;
	bool good = reference_check(text, len, mac_len, &want);
	uint32_t mask = cbc_padding_check(text, len, mac_len, &got);

	ck_assert_msg(mask == (good ? UINT32_MAX : 0) && got == want,
		      "%u bytes, MAC %u, padding %u: mask %x, plaintext %u, "
		      "not %u",
		      len, mac_len, text[len - 1], mask, got, want);
}

/* Right paddings of every length, and each with one wrong byte. */
static void
check_paddings(uint32_t len, uint32_t mac_len, uint64_t *seed)
{
	uint8_t *text = random_text(len, seed);

	for (uint32_t pad = 0; pad < 256; pad++) {
		uint32_t from = pad + 1 < len ? len - 1 - pad : 0;
		uint32_t wrong;

		text[len - 1] = (uint8_t)~pad;
		memset(text + from, (int)pad, len - from);
		compare_check(text, len, mac_len);
		wrong = from + (uint32_t)chain_below(seed, len - from);
		text[wrong] ^= (uint8_t)(1u << chain_below(seed, 8));
		compare_check(text, len, mac_len);
		text[wrong] = (uint8_t)chain_random(seed);
	}
	free(text);
}

START_TEST(test_cbc_tail_judges_paddings_of_every_length)
{
	uint64_t seed = (uint64_t)_i;

	for (int i = 0; i < ROWS(mac_lens); i++)
		if (lens[_i] > mac_lens[i])
			check_paddings(lens[_i], mac_lens[i], &seed);
}
END_TEST

START_TEST(test_cbc_tail_sees_a_wrong_byte_at_every_place_of_a_padding)
{
	static const uint32_t pads[] = {1, 2, 15, 16, 100, 254, 255};
	uint32_t len = 320, pad = pads[_i];
	uint64_t seed = 1;
	uint8_t *text = random_text(len, &seed);
	uint32_t plaintext_len;

	memset(text + len - 1 - pad, (int)pad, pad + 1);
	for (uint32_t at = len - 1 - pad; at < len - 1; at++)
		for (int bit = 0; bit < 8; bit++) {
			text[at] ^= (uint8_t)(1 << bit);
			ck_assert_uint_eq(
			    cbc_padding_check(text, len, 20, &plaintext_len),
			    0);
			ck_assert_uint_eq(plaintext_len, len - 21);
			text[at] ^= (uint8_t)(1 << bit);
		}
	ck_assert_uint_eq(cbc_padding_check(text, len, 20, &plaintext_len),
			  UINT32_MAX);
	ck_assert_uint_eq(plaintext_len, len - 21 - pad);
	free(text);
}
END_TEST

START_TEST(test_cbc_tail_copies_the_mac_from_wherever_it_stands)
{
	uint32_t len = lens[_i];
	uint64_t seed = (uint64_t)_i;
	uint8_t *text = random_text(len, &seed);
	uint8_t mac[TLS_MAC_KEY_MAX];

	for (int i = 0; i < ROWS(mac_lens); i++)
		for (uint32_t pad = 0; pad < 256; pad++) {
			uint32_t mac_len = mac_lens[i];
			uint32_t at = len - mac_len - 1 - pad;

			if (mac_len + 1 + pad > len)
				break;
			cbc_mac_copy(text, len, at, mac_len, mac);
			ck_assert_mem_eq(mac, text + at, mac_len);
		}
	free(text);
}
END_TEST

START_TEST(test_cbc_tail_equal_minds_every_bit)
{
	uint8_t a[TLS_MAC_KEY_MAX] = {1, 2, 3}, b[TLS_MAC_KEY_MAX] = {1, 2, 3};

	ck_assert_uint_eq(cbc_mask_equal(a, b, sizeof(a)), UINT32_MAX);
	for (uint32_t bit = 0; bit < 8 * sizeof(a); bit++) {
		a[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_uint_eq(cbc_mask_equal(a, b, sizeof(a)), 0);
		ck_assert_uint_eq(cbc_mask_equal(a, b, bit / 8), UINT32_MAX);
		a[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}
END_TEST

Suite *cbc_tail_suite(void);

Suite *
cbc_tail_suite(void)
{
	const struct suite_test tests[] = {
	    {"judges_paddings_of_every_length",
	     test_cbc_tail_judges_paddings_of_every_length, ROWS(lens)},
	    {"sees_a_wrong_byte_at_every_place_of_a_padding",
	     test_cbc_tail_sees_a_wrong_byte_at_every_place_of_a_padding, 7},
	    {"copies_the_mac_from_wherever_it_stands",
	     test_cbc_tail_copies_the_mac_from_wherever_it_stands, ROWS(lens)},
	    {"equal_minds_every_bit", test_cbc_tail_equal_minds_every_bit, 0},
	};

	return suite_create_table("cbc_tail", tests, ROWS(tests), NULL, NULL,
				  0);
}
