/*
 * test_digest.c - the run's fingerprint: pinned values and sensitivity.
 */
#include "sim/digest.h"

#include "sim/rng.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *digest_suite(void);

static uint64_t
digest_of(const uint64_t *words, int count)
{
	struct digest digest;

	digest_init(&digest);
	for (int i = 0; i < count; i++)
		digest_add(&digest, words[i]);
	ck_assert_uint_eq(digest.words, (uint64_t)count);
	return digest_value(&digest);
}

/* Worked out apart from the code, with whole-number arithmetic. */
static const struct pin {
	uint64_t words[3];
	int count;
	uint64_t value;
} pins[] = {
    {{0}, 0, UINT64_C(0x19053552307ebe28)},
    {{0}, 1, UINT64_C(0x94096cc7ad99ff5b)},
    {{0, 0}, 2, UINT64_C(0x43358e00efc848f5)},
    {{1, 2, 3}, 3, UINT64_C(0x31ca58b3a75ab127)},
    {{3, 2, 1}, 3, UINT64_C(0x458bb1c4dfa3a0b7)},
    {{UINT64_MAX}, 1, UINT64_C(0xee872433e1f37f11)},
};

START_TEST(test_pinned)
{
	ck_assert_uint_eq(digest_of(pins[_i].words, pins[_i].count),
			  pins[_i].value);
}
END_TEST

START_TEST(test_every_bit_matters)
{
	uint64_t words[16], value;

	for (uint64_t i = 0; i < 16; i++)
		words[i] = rng_u64(6, 0, 0, i);
	value = digest_of(words, 16);
	for (int bit = 0; bit < 16 * 64; bit++) {
		uint64_t changed;
		int flipped;

		words[bit / 64] ^= UINT64_C(1) << bit % 64;
		changed = digest_of(words, 16);
		words[bit / 64] ^= UINT64_C(1) << bit % 64;
		flipped = __builtin_popcountll(changed ^ value);
		ck_assert_int_gt(flipped, 8);
		ck_assert_int_lt(flipped, 56);
	}
	ck_assert_uint_ne(digest_of(words, 15), value);
}
END_TEST

START_TEST(test_value_is_pure)
{
	struct digest digest;

	digest_init(&digest);
	digest_add(&digest, 1);
	ck_assert_uint_eq(digest_value(&digest), digest_value(&digest));
	digest_add(&digest, 2);
	digest_add(&digest, 3);
	ck_assert_uint_eq(digest_value(&digest), pins[3].value);
}
END_TEST

Suite *
digest_suite(void)
{
	const struct suite_test tests[] = {
	    {"pinned values", test_pinned, ROWS(pins)},
	    {"every bit and every word matters", test_every_bit_matters, 0},
	    {"asking for the value changes nothing", test_value_is_pure, 0},
	};

	return suite_create_table("digest", tests, ROWS(tests), NULL, NULL, 0);
}
