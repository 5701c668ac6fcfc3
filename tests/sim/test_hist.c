/*
 * test_hist.c - the histogram against exact counts and a sorted array.
 */
#include "sim/hist.h"

#include <errno.h>
#include <stdlib.h>

#include "sim/rng.h"
#include "tests/support/memory_limit.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define DAY_PS	    UINT64_C(86400000000000000)

Suite *hist_suite(void);

static struct hist hist;

static void
setup(void)
{
	hist_init(&hist);
}

static void
teardown(void)
{
	hist_fini(&hist);
	ck_assert_ptr_null(hist.bucket);
}

/* The quantile of one value among two, so that the greatest does not help. */
static uint64_t
resolve(uint64_t value)
{
	uint64_t got;

	hist_init(&hist);
	ck_assert_int_eq(hist_add(&hist, value), 0);
	ck_assert_int_eq(hist_add(&hist, UINT64_MAX), 0);
	got = hist_quantile(&hist, 1, 2);
	hist_fini(&hist);
	return got;
}

static const struct edge {
	uint64_t value;
	uint64_t top; /* of its bucket */
} edges[] = {
    {0, 0},
    {1, 1},
    {127, 127},
    {128, 128},
    {255, 255},
    {256, 257},
    {257, 257},
    {511, 511},
    {512, 515},
    {1000000, 1003519},
    {UINT64_C(1) << 62, (UINT64_C(129) << 55) - 1},
    {UINT64_C(1) << 63, (UINT64_C(129) << 56) - 1},
    {UINT64_MAX - 1, UINT64_MAX},
    {UINT64_MAX, UINT64_MAX},
};

START_TEST(test_bucket_edges)
{
	ck_assert_uint_eq(resolve(edges[_i].value), edges[_i].top);
}
END_TEST

START_TEST(test_relative_error)
{
	for (uint64_t i = 0; i < 20000; i++) {
		uint64_t bits = rng_u64(1, 0, 0, i);
		uint64_t value = bits >> bits % 64, got;

		got = resolve(value);
		ck_assert_uint_ge(got, value);
		ck_assert_uint_le(got - value, value / 128);
	}
	/* One bucket beyond a day is still no wider than 1 %. */
	ck_assert_uint_le(resolve(DAY_PS) - DAY_PS, DAY_PS / 128);
}
END_TEST

START_TEST(test_exact_sums)
{
	ck_assert_uint_eq(hist_quantile(&hist, 1, 2), 0);
	ck_assert(hist_mean_ns(&hist) == 0);
	hist_add(&hist, 3000);
	hist_add(&hist, UINT64_MAX);
	hist_add(&hist, UINT64_MAX);
	ck_assert_uint_eq(hist.count, 3);
	ck_assert_uint_eq(hist.min, 3000);
	ck_assert_uint_eq(hist.max, UINT64_MAX);
	ck_assert(hist.sum == (unsigned __int128)UINT64_MAX * 2 + 3000);
	hist_fini(&hist);
	hist_add(&hist, 1000);
	hist_add(&hist, 2000);
	ck_assert(hist_mean_ns(&hist) == 1.5);
}
END_TEST

START_TEST(test_nearest_rank)
{
	/* Below 256 the buckets are exact. */
	for (uint64_t value = 1; value <= 10; value++)
		hist_add(&hist, value * 10);
	ck_assert_uint_eq(hist_quantile(&hist, 0, 1), 10);
	ck_assert_uint_eq(hist_quantile(&hist, 1, 10), 10);
	ck_assert_uint_eq(hist_quantile(&hist, 101, 1000), 20);
	ck_assert_uint_eq(hist_quantile(&hist, 1, 2), 50);
	ck_assert_uint_eq(hist_quantile(&hist, 9, 10), 90);
	ck_assert_uint_eq(hist_quantile(&hist, 99, 100), 100);
	ck_assert_uint_eq(hist_quantile(&hist, 1, 1), 100);
}
END_TEST

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

START_TEST(test_against_sorted)
{
	static uint64_t value[10007];
	const size_t count = sizeof(value) / sizeof(value[0]);
	const struct variate v = {VARIATE_LOGNORMAL, 1000000, 2000000};

	for (size_t i = 0; i < count; i++) {
		value[i] = variate_draw(&v, rng_u64(2, 0, 0, i));
		hist_add(&hist, value[i]);
	}
	qsort(value, count, sizeof(value[0]), compare);
	for (uint64_t mille = 1; mille <= 1000; mille++) {
		size_t rank = (mille * count + 999) / 1000;
		uint64_t exact = value[rank - 1];
		uint64_t got = hist_quantile(&hist, mille, 1000);

		ck_assert_uint_ge(got, exact);
		ck_assert_uint_le(got - exact, exact / 128);
	}
	ck_assert_uint_eq(hist_quantile(&hist, 1, 1), value[count - 1]);
}
END_TEST

START_TEST(test_merge)
{
	struct hist all, empty;

	hist_init(&all);
	hist_init(&empty);
	ck_assert_int_eq(hist_merge(&all, &empty), 0);
	ck_assert_ptr_null(all.bucket);
	for (int part = 0; part < 4; part++) {
		struct hist one;

		hist_init(&one);
		for (uint64_t i = 0; i < 1000; i++) {
			uint64_t bits = rng_u64(3, (uint32_t)part, 0, i);

			hist_add(&one, bits >> bits % 64);
			hist_add(&hist, bits >> bits % 64);
		}
		ck_assert_int_eq(hist_merge(&all, &one), 0);
		hist_fini(&one);
	}
	ck_assert_int_eq(hist_merge(&all, &empty), 0);
	ck_assert_uint_eq(all.count, hist.count);
	ck_assert_uint_eq(all.min, hist.min);
	ck_assert_uint_eq(all.max, hist.max);
	ck_assert(all.sum == hist.sum);
	for (int i = 0; i < HIST_BUCKETS; i++)
		ck_assert_uint_eq(all.bucket[i], hist.bucket[i]);
	hist_fini(&all);
}
END_TEST

START_TEST(test_out_of_memory)
{
	struct hist other;

	hist_init(&other);
	hist_add(&other, 7);
	if (!memory_limit(0)) {
		hist_fini(&other);
		return;
	}
	/* Use up what the C library keeps; the test's process ends soon. */
	while (malloc(HIST_BUCKETS) != NULL)
		continue;
	ck_assert_int_eq(hist_add(&hist, 5), ENOMEM);
	ck_assert_int_eq(hist_merge(&hist, &other), ENOMEM);
	ck_assert_uint_eq(hist.count, 0);
	ck_assert_uint_eq(hist.min, UINT64_MAX);
	ck_assert_uint_eq(hist_quantile(&hist, 1, 2), 0);
	ck_assert_int_eq(hist_add(&other, 8), 0);
	hist_fini(&other);
}
END_TEST

Suite *
hist_suite(void)
{
	const struct suite_test tests[] = {
	    {"a value falls into its bucket", test_bucket_edges, ROWS(edges)},
	    {"relative error is at most 1/128", test_relative_error, 0},
	    {"count, sum, least and greatest are exact", test_exact_sums, 0},
	    {"quantiles are of the nearest rank", test_nearest_rank, 0},
	    {"quantiles agree with a sorted array", test_against_sorted, 0},
	    {"merging equals adding all", test_merge, 0},
	    {"without memory nothing changes", test_out_of_memory, 0},
	};

	return suite_create_table("hist", tests, ROWS(tests), setup, teardown,
				  0);
}
