/*
 * test_rng.c - random numbers and variates against published vectors, against
 * values worked out with 70 digits, and against what statistics expects.
 *
 * All draws are fixed by their seeds, so that a statistical test passes always
 * or never.
 */
#include "sim/rng.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define DRAWS	    1000000
#define DRAW_MAX    (UINT64_C(1) << 62)

Suite *rng_suite(void);

/* From the known-answer file of Random123: philox 4x32, 10 rounds. */
static const struct known {
	uint32_t counter[4];
	uint32_t key[2];
	uint32_t out[4];
} known[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

START_TEST(test_philox_vectors)
{
	const struct known *row = &known[_i];
	uint32_t out[4];

	rng_philox4x32(row->counter, row->key, out);
	for (int i = 0; i < 4; i++)
		ck_assert_uint_eq(out[i], row->out[i]);
}
END_TEST

START_TEST(test_u64_takes_every_argument)
{
	/* The third vector, cut into arguments. */
	ck_assert_uint_eq(rng_u64(UINT64_C(0x299f31d0a4093822), 0x13198a2e,
				  0x03707344, UINT64_C(0x85a308d3243f6a88)),
			  UINT64_C(0x94fdccebd16cfe09));
	ck_assert_uint_eq(rng_u64(0, 0, 0, 0), UINT64_C(0xe169c58d6627e8d5));
}
END_TEST

static bool
is_near(int64_t a, int64_t b, int64_t tolerance)
{
	return a - b <= tolerance && b - a <= tolerance;
}

static const struct {
	uint64_t bits;
	uint64_t value;
} exponentials[] = {
    {UINT64_C(0x0), UINT64_C(193507890668)},
    {UINT64_C(0x1), UINT64_C(188789386817)},
    {UINT64_C(0x2), UINT64_C(186595407469)},
    {UINT64_C(0x3), UINT64_C(185150270217)},
    {UINT64_C(0x64), UINT64_C(170730369527)},
    {UINT64_C(0x80000000), UINT64_C(98242467569)},
    {UINT64_C(0x123456789abcdef), UINT64_C(23261974099)},
    {UINT64_C(0x7fffffffffffffff), UINT64_C(2977044472)},
    {UINT64_C(0x8000000000000000), UINT64_C(2977044472)},
    {UINT64_C(0xc000000000000000), UINT64_C(1235585093)},
    {UINT64_C(0xfedcba9876543210), UINT64_C(19131289)},
    {UINT64_C(0xffffffff00000000), UINT64_C(1)},
    {UINT64_C(0xffffffffffffffff), UINT64_C(0)},
};

START_TEST(test_exponential_values)
{
	uint64_t got = rng_exponential_q32(exponentials[_i].bits);

	ck_assert_msg(is_near((int64_t)got, (int64_t)exponentials[_i].value, 1),
		      "got %" PRIu64, got);
}
END_TEST

static const struct {
	uint64_t x;
	int64_t value;
} logarithms[] = {
    {UINT64_C(0x1), INT64_C(-137438953472)},
    {UINT64_C(0x2), INT64_C(-133143986176)},
    {UINT64_C(0x3), INT64_C(-130631591366)},
    {UINT64_C(0xffffffff), INT64_C(-1)},
    {UINT64_C(0x100000000), INT64_C(0)},
    {UINT64_C(0x100000001), INT64_C(1)},
    {UINT64_C(0x123456789), INT64_C(799803693)},
    {UINT64_C(0x180000000), INT64_C(2512394810)},
    {UINT64_C(0xa00000000), INT64_C(14267572527)},
    {UINT64_C(0x8000000000000000), INT64_C(133143986176)},
    {UINT64_C(0xffffffffffffffff), INT64_C(137438953472)},
};

START_TEST(test_log2_values)
{
	int64_t got = rng_log2_q32(logarithms[_i].x);

	ck_assert_msg(is_near(got, logarithms[_i].value, 1), "got %" PRId64,
		      got);
	ck_assert_int_eq(rng_log2_q32(0), INT64_MIN);
}
END_TEST

static const struct {
	int64_t x;
	uint64_t value;
} powers[] = {
    {INT64_MIN, UINT64_C(0)},
    {INT64_C(-146028888064), UINT64_C(0)},
    {INT64_C(-141733920769), UINT64_C(0)},
    {INT64_C(-137438953472), UINT64_C(1)},
    {INT64_C(-133143986176), UINT64_C(2)},
    {INT64_C(-4294967296), UINT64_C(2147483648)},
    {INT64_C(-2147483648), UINT64_C(3037000500)},
    {INT64_C(-123456789), UINT64_C(4210240431)},
    {INT64_C(0), UINT64_C(4294967296)},
    {INT64_C(1), UINT64_C(4294967297)},
    {INT64_C(1431655765), UINT64_C(5411319705)},
    {INT64_C(2147483648), UINT64_C(6074001000)},
    {INT64_C(4294967296), UINT64_C(8589934592)},
    {INT64_C(21487182158), UINT64_C(137713062352)},
    {INT64_C(130996502527), UINT64_C(6521908911613846939)},
    {INT64_C(133143986176), UINT64_C(9223372036854775808)},
    {INT64_C(137438953471), UINT64_C(18446744070732507144)},
    {INT64_C(137438953472), UINT64_MAX},
    {INT64_MAX, UINT64_MAX},
};

START_TEST(test_exp2_values)
{
	uint64_t want = powers[_i].value, got = rng_exp2_q32(powers[_i].x);
	uint64_t apart = got > want ? got - want : want - got;

	ck_assert_msg(apart <= (want >> 45), "got %" PRIu64, got);
}
END_TEST

static const struct {
	uint64_t bits;
	int64_t value;
} normals[] = {
    {UINT64_C(0x0), INT64_C(-39321687339)},
    {UINT64_C(0x1), INT64_C(-38808975944)},
    {UINT64_C(0x3039), INT64_C(-34321077249)},
    {UINT64_C(0x100000), INT64_C(-31885578429)},
    {UINT64_C(0x10000000000), INT64_C(-22740580886)},
    {UINT64_C(0x40000000000007), INT64_C(-13302669398)},
    {UINT64_C(0x400000000000000), INT64_C(-9250821371)},
    {UINT64_C(0x800000000000000), INT64_C(-8000372452)},
    {UINT64_C(0x1333333333333333), INT64_C(-6182740589)},
    {UINT64_C(0x1333333333333334), INT64_C(-6182740589)},
    {UINT64_C(0x1fffffffffffffff), INT64_C(-4940712968)},
    {UINT64_C(0x2000000000000000), INT64_C(-4940712968)},
    {UINT64_C(0x4000000000000000), INT64_C(-2896911419)},
    {UINT64_C(0x7fffffffffffffff), INT64_C(0)},
};

START_TEST(test_normal_values)
{
	int64_t got = rng_normal_q32(normals[_i].bits);

	ck_assert_msg(is_near(got, normals[_i].value, 1), "got %" PRId64, got);
	ck_assert_int_eq(rng_normal_q32(~normals[_i].bits), -got);
}
END_TEST

/* Monotone: more bits give a smaller exponential and a greater normal. */
START_TEST(test_variates_are_monotone)
{
	uint64_t exponential = UINT64_MAX;
	int64_t normal = INT64_MIN;

	for (uint64_t i = 0; i < 100000; i++) {
		uint64_t bits = i * (UINT64_MAX / 100000);

		ck_assert_uint_le(rng_exponential_q32(bits), exponential);
		ck_assert_int_ge(rng_normal_q32(bits), normal);
		exponential = rng_exponential_q32(bits);
		normal = rng_normal_q32(bits);
	}
}
END_TEST

START_TEST(test_exp2_undoes_log2)
{
	for (uint64_t i = 0; i < 100000; i++) {
		uint64_t bits = rng_u64(7, 0, 0, i);
		uint64_t x = bits >> bits % 64 | UINT64_C(1) << 33;
		uint64_t got = rng_exp2_q32(rng_log2_q32(x));

		ck_assert_uint_le(got > x ? got - x : x - got, (x >> 32) + 1);
	}
}
END_TEST

/* Sixteen bins of equal probability: the upper edges of all but the last. */
static const int64_t exponential_edges[15] = {
    277190838,	573512964,  891804281,	1235585093, 1609296111,
    2018650217, 2471170186, 2977044472, 3550557436, 4212629565,
    4995694688, 5954088944, 7189674036, 8931133415, 11908177887};
static const int64_t normal_edges[15] = {
    -6588997566, -4940712968, -3810265458, -2896911419, -2099278701,
    -1368545647, -675644246,  0,	   675644246,	1368545647,
    2099278701,	 2896911419,  3810265458,  4940712968,	6588997566};

static double
chi_square(const uint64_t *count, int bins)
{
	double expected = (double)DRAWS / bins, sum = 0;

	for (int i = 0; i < bins; i++) {
		double apart = (double)count[i] - expected;

		sum += apart * apart / expected;
	}
	return sum;
}

static int
bin_of(const int64_t *edges, int64_t value)
{
	int bin = 0;

	while (bin < 15 && value > edges[bin])
		bin++;
	return bin;
}

START_TEST(test_variates_fill_their_bins)
{
	uint64_t exponential[16] = {0}, normal[16] = {0};

	for (uint64_t i = 0; i < DRAWS; i++) {
		uint64_t bits = rng_u64(8, 1, (uint32_t)_i, i);

		exponential[bin_of(exponential_edges,
				   (int64_t)rng_exponential_q32(bits))]++;
		normal[bin_of(normal_edges, rng_normal_q32(bits))]++;
	}
	/* 15 degrees of freedom: beyond 37.7 with probability 0.001. */
	ck_assert_double_lt(chi_square(exponential, 16), 37.7);
	ck_assert_double_lt(chi_square(normal, 16), 37.7);
}
END_TEST

START_TEST(test_bits_are_uniform)
{
	uint64_t high[256] = {0}, low[256] = {0}, step[256] = {0}, last = 0;

	for (uint64_t i = 0; i < DRAWS; i++) {
		uint64_t bits = rng_u64(9, 2, (uint32_t)_i, i);

		high[bits >> 56]++;
		low[bits & 255]++;
		step[(bits ^ last) >> 28 & 255]++;
		last = bits;
	}
	/* 255 degrees of freedom: beyond 330.5 with probability 0.001. */
	ck_assert_double_lt(chi_square(high, 256), 330.5);
	ck_assert_double_lt(chi_square(low, 256), 330.5);
	ck_assert_double_lt(chi_square(step, 256), 330.5);
}
END_TEST

/* tolerance: five standard errors of the mean of a million draws. */
static const struct {
	struct variate variate;
	uint64_t mean;
	double tolerance;
} means[] = {
    {{VARIATE_CONSTANT, 123456789, 0}, 123456789, 0},
    {{VARIATE_EXPONENTIAL, 1000000, 0}, 1000000, 5000},
    {{VARIATE_EXPONENTIAL, UINT64_C(1) << 50, 0}, UINT64_C(1) << 50, 5.7e12},
    {{VARIATE_UNIFORM, 1, 6}, 4, 0.51},
    {{VARIATE_UNIFORM, 500000, 1500000}, 1000000, 1450},
    {{VARIATE_LOGNORMAL, 1000000, 500000}, 1133148, 3020},
    {{VARIATE_PARETO, 1000000, 3500000}, 1400000, 3060},
};

START_TEST(test_mean_of_draws)
{
	const struct variate *variate = &means[_i].variate;
	double sum = 0;

	for (uint64_t i = 0; i < DRAWS; i++)
		sum += (double)variate_draw(variate,
					    rng_u64(10, (uint32_t)_i, 0, i));
	ck_assert_double_le(fabs(sum / DRAWS - (double)means[_i].mean),
			    means[_i].tolerance);
}
END_TEST

static const struct {
	struct variate variate;
	uint64_t bits;
	uint64_t value;
} draws[] = {
    {{VARIATE_CONSTANT, UINT64_MAX, 0}, 0, DRAW_MAX},
    {{VARIATE_EXPONENTIAL, 0, 0}, 0, 0},
    {{VARIATE_EXPONENTIAL, 1000000, 0}, 0, 45054567},
    {{VARIATE_EXPONENTIAL, 1000000, 0}, UINT64_C(1) << 63, 693147},
    {{VARIATE_EXPONENTIAL, 1000000, 0}, UINT64_MAX, 0},
    {{VARIATE_EXPONENTIAL, DRAW_MAX, 0}, 0, DRAW_MAX},
    {{VARIATE_UNIFORM, 1, 6}, 0, 1},
    {{VARIATE_UNIFORM, 1, 6}, UINT64_MAX, 6},
    {{VARIATE_UNIFORM, 1, 6}, UINT64_C(1) << 63, 4},
    {{VARIATE_UNIFORM, 7, 7}, UINT64_MAX, 7},
    {{VARIATE_UNIFORM, 0, UINT64_MAX}, 12345, 12345},
    {{VARIATE_UNIFORM, 0, UINT64_MAX}, UINT64_MAX, DRAW_MAX},
    {{VARIATE_LOGNORMAL, 1000, 500000}, UINT64_C(1) << 63, 1000},
    /* exp(9.15529 / 2) and its reciprocal. */
    {{VARIATE_LOGNORMAL, 1000000000, 500000}, UINT64_MAX, 97285201519},
    {{VARIATE_LOGNORMAL, 1000000000, 500000}, 0, 10279056},
    {{VARIATE_LOGNORMAL, 1000, UINT64_MAX}, UINT64_MAX, DRAW_MAX},
    {{VARIATE_LOGNORMAL, 1000, UINT64_MAX}, 0, 0},
    {{VARIATE_LOGNORMAL, 0, 1000000}, UINT64_MAX, 0},
    {{VARIATE_PARETO, 1000, 2000000}, UINT64_MAX, 1000},
    {{VARIATE_PARETO, 1000, 2000000}, UINT64_C(1) << 62, 2000},
    {{VARIATE_PARETO, 1000, 1}, 0, DRAW_MAX},
    {{VARIATE_PARETO, 0, 2000000}, 0, 0},
};

START_TEST(test_extreme_draws)
{
	uint64_t want = draws[_i].value;
	uint64_t got = variate_draw(&draws[_i].variate, draws[_i].bits);
	uint64_t apart = got > want ? got - want : want - got;

	ck_assert_msg(apart <= want >> 33 && got <= DRAW_MAX, "got %" PRIu64,
		      got);
}
END_TEST

Suite *
rng_suite(void)
{
	const struct suite_test tests[] = {
	    {"Philox gives the published vectors", test_philox_vectors,
	     ROWS(known)},
	    {"every argument reaches Philox", test_u64_takes_every_argument, 0},
	    {"exponential values", test_exponential_values, ROWS(exponentials)},
	    {"log2 values", test_log2_values, ROWS(logarithms)},
	    {"exp2 values", test_exp2_values, ROWS(powers)},
	    {"normal values", test_normal_values, ROWS(normals)},
	    {"variates are monotone", test_variates_are_monotone, 0},
	    {"exp2 undoes log2", test_exp2_undoes_log2, 0},
	    {"variates fill their bins", test_variates_fill_their_bins, 3},
	    {"bits are uniform", test_bits_are_uniform, 3},
	    {"the mean of a million draws", test_mean_of_draws, ROWS(means)},
	    {"extreme bits and saturation", test_extreme_draws, ROWS(draws)},
	};

	return suite_create_table("rng", tests, ROWS(tests), NULL, NULL, 60);
}
