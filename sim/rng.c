/*
 * rng.c - counter-based random numbers and variates without libm.
 *
 * rng_u64 hashes (seed, purpose, entity, counter) with Philox4x32-10; whoever
 * needs randomness keeps a counter, or has one anyway (a frame number).  The
 * variates turn 64 uniform bits into a value by inverting the distribution
 * function, one draw from one number, so that two runs that differ in one
 * parameter still draw from the same bits (common random numbers).
 *
 * Fixed point throughout; Qn means n bits behind the point.
 *
 * log2: x = 2^e c (1 + ...) with c the next of 32 table points below; the rest
 * is 2 atanh((x - c) / (x + c)), whose argument is below 1/65, so that four
 * terms leave an error under 2^-50.
 * exp2: a table of 2^(i/32) times a Taylor polynomial of degree 6 on [0, 1/32),
 * relative error under 2^-50.
 * normal: M. J. Wichura, "Algorithm AS 241: the percentage points of the normal
 * distribution", Applied Statistics 37 (1988), routine PPND16, in Q44.
 *
 * Left out: rejection methods (they eat a variable number of bits), streams
 * with state.
 */
#include "sim/rng.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#define DRAW_MAX  (UINT64_C(1) << 62)
#define MILLION	  1000000u

#define LN2_Q64	  UINT64_C(0xb17217f7d1cf79ac)
#define LOG2E_Q32 UINT64_C(0x171547653)
#define LOG2E_Q62 UINT64_C(0x5c551d94ae0bf85e)
#define ONE_Q62	  (UINT64_C(1) << 62)
#define ONE_Q44	  (INT64_C(1) << 44)

/* log2(1 + i/32) in Q56. */
static const uint64_t log2_table[32] = {
    0x0000000000000000, 0x000b5d69bac77ec4, 0x001663f6fac91316,
    0x002118b119b4f3c7, 0x002b803473f7ad0f, 0x00359ebc5b69d928,
    0x003f782d7204d014, 0x0049101eac381ce6, 0x005269e12f346e2c,
    0x005b888736743379, 0x00646eea247c5c23, 0x006d1fafdce20a83,
    0x00759d4f80cba83c, 0x007dea15a32c1b3b, 0x0086082806b1d533,
    0x008df988f4ae806f, 0x0095c01a39fbd688, 0x009d5d9fd5010b36,
    0x00a4d3c25e68dc58, 0x00ac241134c4e99e, 0x00b35004723c465e,
    0x00ba58feb2703a9e, 0x00c1404eadf38397, 0x00c80730b0001668,
    0x00ceaecfea80859b, 0x00d53847ac00a69c, 0x00dba4a47aa996d2,
    0x00e1f4e5170d02aa, 0x00e829fb693044b4, 0x00ee44cd59ffab63,
    0x00f446359b135395, 0x00fa2f045e7832aa,
};

/* 2^(i/32) in Q62. */
static const uint64_t exp2_table[32] = {
    0x4000000000000000, 0x4166c34c5615d0ec, 0x42d561b3e6243d8a,
    0x444c0740496d4294, 0x45cae0f1f545eb73, 0x47521cc5a2e6a9e0,
    0x48e1e9b9d588e19b, 0x4a7a77d47f7b84b1, 0x4c1bf828c6dc54b8,
    0x4dc69cdceaa72a9c, 0x4f7a993048d088d7, 0x513821818624b40c,
    0x52ff6b54d8a89c75, 0x54d0ad5a753e077c, 0x56ac1f752150a563,
    0x5891fac0e95612c8, 0x5a827999fcef3242, 0x5c7dd7a3b17dcf75,
    0x5e8451cfac061b5f, 0x6096266533384a2b, 0x62b39508aa836d6f,
    0x64dcdec3371793d1, 0x6712460a8fc24072, 0x69540ec8f895722d,
    0x6ba27e656b4eb57a, 0x6dfddbcbed791bab, 0x70666f76154a7089,
    0x72dc8373be41a454, 0x75606373ee921c97, 0x77f25ccdee6d7ae6,
    0x7a92be8a92436616, 0x7d41d96db915019d,
};

/* 1, 1, 1/2!, 1/3! ... in Q62. */
static const uint64_t exp_taylor[7] = {
    0x4000000000000000, 0x4000000000000000, 0x2000000000000000,
    0x0aaaaaaaaaaaaaab, 0x02aaaaaaaaaaaaab, 0x0088888888888889,
    0x0016c16c16c16c17,
};

/* 1, 1/3, 1/5, 1/7 in Q62. */
static const uint64_t atanh_series[4] = {
    0x4000000000000000,
    0x1555555555555555,
    0x0ccccccccccccccd,
    0x0924924924924925,
};

/* A quotient of two polynomials of AS 241, coefficients in Q44. */
struct ratio {
	int64_t num[8];
	int64_t den[8];
};

/* |p - 1/2| <= 0.425, of 0.180625 - (p - 1/2)^2. */
static const struct ratio normal_centre = {
    {0x00003631b23d3ddf, 0x00085244458d21b7, 0x007b3974884f0332,
     0x035a3b19a9dce3a7, 0x0b361f434dba9521, 0x106c1c55b78f1f93,
     0x082969359722f1fe, 0x009cd14b7bec92f0},
    {0x0000100000000000, 0x0002a503670dc357, 0x002af2fdfb9167ee,
     0x01512322e75c89f1, 0x052ddcb575949971, 0x0998be55327a5f22,
     0x0703915f2c6b9d7c, 0x0146a7eca984b692},
};

/* r = sqrt(-ln p) <= 5, of r - 1.6. */
static const struct ratio normal_tail = {
    {0x000016c665fde952, 0x00004a15dd232ac6, 0x00005c4fdc518896,
     0x00003a5d96347a06, 0x00001453cc085376, 0x000003de5577370c,
     0x0000005d13adb118, 0x000000032c2b5817},
    {0x0000100000000000, 0x000020d9df768d49, 0x00001ad278e65266,
     0x00000b09497919c3, 0x0000025ea246729e, 0x0000003e40f4fd56,
     0x000000023e3197fc, 0x0000000000004835},
};

/* r > 5, of r - 5. */
static const struct ratio normal_far_tail = {
    {0x00006a86c704fb95, 0x0000576ba9ba1d40, 0x00001c8ea6461fa4,
     0x000004beb64c5495, 0x0000006cad0464ed, 0x0000000517064211,
     0x000000001c6ec6cc, 0x000000000035f6ea},
    {0x0000100000000000, 0x00000998e9a7e3ec, 0x00000230dd630688,
     0x0000003cedf2642b, 0x00000003391792f4, 0x00000000135c2c49,
     0x000000000026288e, 0x0000000000000000},
};

void
rng_philox4x32(const uint32_t counter[4], const uint32_t key[2],
	       uint32_t out[4])
{
	uint32_t c0 = counter[0], c1 = counter[1];
	uint32_t c2 = counter[2], c3 = counter[3];
	uint32_t k0 = key[0], k1 = key[1];

	for (int round = 0; round < 10; round++) {
		uint64_t even = (uint64_t)c0 * 0xd2511f53u;
		uint64_t odd = (uint64_t)c2 * 0xcd9e8d57u;

		c0 = (uint32_t)(odd >> 32) ^ c1 ^ k0;
		c1 = (uint32_t)odd;
		c2 = (uint32_t)(even >> 32) ^ c3 ^ k1;
		c3 = (uint32_t)even;
		k0 += 0x9e3779b9u;
		k1 += 0xbb67ae85u;
	}
	out[0] = c0;
	out[1] = c1;
	out[2] = c2;
	out[3] = c3;
}

uint64_t
rng_u64(uint64_t seed, uint32_t purpose, uint32_t entity, uint64_t counter)
{
	const uint32_t c[4] = {(uint32_t)counter, (uint32_t)(counter >> 32),
			       purpose, entity};
	const uint32_t k[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
	uint32_t out[4];

	rng_philox4x32(c, k, out);
	return (uint64_t)out[1] << 32 | out[0];
}

static uint64_t
mul_q62(uint64_t a, uint64_t b)
{
	return (uint64_t)((unsigned __int128)a * b >> 62);
}

static uint64_t
poly_q62(const uint64_t *coefficient, int count, uint64_t x)
{
	uint64_t sum = coefficient[count - 1];

	for (int i = count - 2; i >= 0; i--)
		sum = coefficient[i] + mul_q62(sum, x);
	return sum;
}

/* log2 of an integer x > 0, in Q56. */
static uint64_t
log2_q56(uint64_t x)
{
	int leading = __builtin_clzll(x);
	uint64_t exponent = 63 - (uint64_t)leading;
	uint64_t mantissa = x << leading;   /* [1, 2) in Q63 */
	uint64_t i = (mantissa >> 58) & 31; /* the table point below */
	uint64_t point = (32 + i) << 58;
	uint64_t mean = (mantissa >> 1) + (point >> 1);
	uint64_t z, ln;

	/* ln(mantissa / point) = 2 atanh(z / 2), z below 1/32. */
	z = (uint64_t)(((unsigned __int128)(mantissa - point) << 62) / mean);
	ln = mul_q62(z, poly_q62(atanh_series, 4, mul_q62(z, z) >> 2));
	return (exponent << 56) + log2_table[i] + (mul_q62(ln, LOG2E_Q62) >> 6);
}

/* -log2((bits + 1/2) / 2^64) in Q56: 0 to 65. */
static uint64_t
neg_log2_q56(uint64_t bits)
{
	/* From 2^63 on the half is below the last place of the result. */
	if (bits >> 63)
		return (UINT64_C(64) << 56) - log2_q56(bits);
	return (UINT64_C(65) << 56) - log2_q56(2 * bits + 1);
}

/* -ln of the same, in Qn. */
static uint64_t
neg_ln(uint64_t bits, int n)
{
	int shift = 64 + 56 - n;
	unsigned __int128 ln = (unsigned __int128)neg_log2_q56(bits) * LN2_Q64;

	return (uint64_t)((ln + ((unsigned __int128)1 << (shift - 1))) >>
			  shift);
}

uint64_t
rng_exponential_q32(uint64_t bits)
{
	return neg_ln(bits, 32);
}

int64_t
rng_log2_q32(uint64_t x_q32)
{
	if (x_q32 == 0)
		return INT64_MIN;
	return ((int64_t)log2_q56(x_q32) - (INT64_C(32) << 56) +
		(INT64_C(1) << 23)) >>
	       24;
}

/* 2^fraction for a fraction in [0, 1) in Q32: [1, 2) in Q62. */
static uint64_t
exp2_fraction(uint32_t fraction)
{
	uint64_t rest = fraction & ((UINT32_C(1) << 27) - 1);
	uint64_t x = (uint64_t)((unsigned __int128)rest * LN2_Q64 >> 34);

	return mul_q62(exp2_table[fraction >> 27], poly_q62(exp_taylor, 7, x));
}

/* x / 2^shift, rounded to nearest; 0 where nothing is left of it. */
static unsigned __int128
shift_round(unsigned __int128 x, int64_t shift)
{
	if (shift <= 0 || shift > 127)
		return shift == 0 ? x : 0;
	return (x >> shift) + (x >> (shift - 1) & 1);
}

uint64_t
rng_exp2_q32(int64_t x_q32)
{
	int64_t exponent = x_q32 >> 32;
	uint64_t mantissa = exp2_fraction((uint32_t)x_q32);

	if (exponent >= 32)
		return UINT64_MAX;
	if (exponent == 31)
		return mantissa << 1;
	return (uint64_t)shift_round(mantissa, 30 - exponent);
}

/* a 2^x, saturating at DRAW_MAX. */
static uint64_t
scale_exp2(uint64_t a, int64_t x_q32)
{
	int64_t exponent = x_q32 >> 32;
	unsigned __int128 product;

	if (a == 0)
		return 0;
	if (exponent >= 62)
		return DRAW_MAX;
	product = (unsigned __int128)a * exp2_fraction((uint32_t)x_q32);
	product = shift_round(product, 62 - exponent);
	return product < DRAW_MAX ? (uint64_t)product : DRAW_MAX;
}

static int64_t
mul_q44(int64_t a, int64_t b)
{
	return (int64_t)((__int128)a * b >> 44);
}

/* The quotient at x >= 0, in Q44. */
static uint64_t
ratio_at(const struct ratio *ratio, int64_t x)
{
	int64_t num = ratio->num[7], den = ratio->den[7];

	for (int i = 6; i >= 0; i--) {
		num = ratio->num[i] + mul_q44(num, x);
		den = ratio->den[i] + mul_q44(den, x);
	}
	return (uint64_t)(((unsigned __int128)num << 44) /
			  (unsigned __int128)den);
}

/* Square root of x in Q44, digit by digit. */
static int64_t
sqrt_q44(uint64_t x)
{
	unsigned __int128 rest = (unsigned __int128)x << 44;
	uint64_t root = 0;

	for (uint64_t bit = UINT64_C(1) << 53; bit != 0; bit >>= 1) {
		uint64_t trial = root | bit;

		if ((unsigned __int128)trial * trial <= rest)
			root = trial;
	}
	return (int64_t)root;
}

/* The distance from the median of the point that cuts off `low`. */
static uint64_t
normal_distance_q44(uint64_t low)
{
	uint64_t q = 0 - (2 * low + 1); /* 1/2 - p in Q65 */
	int64_t r;

	if (q <= UINT64_C(0xd999999999999999)) { /* 0.425 */
		int64_t square = (int64_t)((unsigned __int128)q * q >> 86);

		r = INT64_C(0x2e3d70a3d71) - square; /* 0.180625 */
		if (r < 0)
			r = 0;
		return (uint64_t)((unsigned __int128)q *
				      ratio_at(&normal_centre, r) >>
				  65);
	}
	r = sqrt_q44(neg_ln(low, 44));
	if (r <= 5 * ONE_Q44)
		return ratio_at(&normal_tail, r - INT64_C(0x19999999999a));
	return ratio_at(&normal_far_tail, r - 5 * ONE_Q44);
}

int64_t
rng_normal_q32(uint64_t bits)
{
	bool upper = bits >> 63;
	uint64_t low = upper ? ~bits : bits;
	uint64_t distance = normal_distance_q44(low);
	int64_t rounded = (int64_t)((distance + (1 << 11)) >> 12);

	return upper ? rounded : -rounded;
}

static uint64_t
saturate(unsigned __int128 value)
{
	return value < DRAW_MAX ? (uint64_t)value : DRAW_MAX;
}

static int64_t
clamp_exponent(__int128 x_q32)
{
	const __int128 limit = (__int128)1 << 40; /* 2^256: far off the scale */

	if (x_q32 > limit)
		return (int64_t)limit;
	return (int64_t)(x_q32 < -limit ? -limit : x_q32);
}

/* median exp(sigma z), sigma in millionths. */
static uint64_t
lognormal_draw(uint64_t median, uint64_t sigma, uint64_t bits)
{
	__int128 x = (__int128)rng_normal_q32(bits) * (__int128)sigma;
	int64_t power = clamp_exponent(x / (int64_t)MILLION);

	x = (__int128)power * (__int128)LOG2E_Q32 >> 32;
	return scale_exp2(median, clamp_exponent(x));
}

/* scale u^(-1/shape), shape in millionths. */
static uint64_t
pareto_draw(uint64_t scale, uint64_t shape, uint64_t bits)
{
	unsigned __int128 x = neg_log2_q56(bits) >> 16; /* Q40 */

	assert(shape > 0);
	x = x * MILLION / shape >> 8;
	return scale_exp2(scale, clamp_exponent((__int128)x));
}

uint64_t
variate_draw(const struct variate *variate, uint64_t bits)
{
	unsigned __int128 product;
	uint64_t a = variate->a, b = variate->b;

	switch (variate->kind) {
	case VARIATE_CONSTANT:
		return saturate(a);
	case VARIATE_EXPONENTIAL:
		product = (unsigned __int128)a * rng_exponential_q32(bits);
		return saturate(shift_round(product, 32));
	case VARIATE_UNIFORM:
		assert(a <= b);
		product =
		    (unsigned __int128)bits * ((b - a) + (unsigned __int128)1);
		return saturate(a + (product >> 64));
	case VARIATE_LOGNORMAL:
		return lognormal_draw(a, b, bits);
	case VARIATE_PARETO:
		return pareto_draw(a, b, bits);
	}
	assert(variate->kind <= VARIATE_PARETO);
	return 0;
}
