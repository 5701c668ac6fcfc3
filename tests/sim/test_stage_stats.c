/*
 * test_stage_stats.c - the stages of records, and what they sum to.
 */
#include "sim/stage_stats.h"

#include <signal.h>
#include <stdio.h>

#include "sim/rng.h"
#include "sim/stamp.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *stage_stats_suite(void);

static struct stage_stats stats;

static void
setup(void)
{
	stage_stats_init(&stats);
}

static void
teardown(void)
{
	stage_stats_fini(&stats);
	ck_assert_ptr_null(stats.split);
}

/* Each stage is a different power of two of picoseconds long. */
static const struct record_stamp record = {
    .first_arrival_ps = 1000,
    .assembled_ps = 1001,
    .arrival_ps = 1003,
    .visible_ps = 1007,
    .handler_ps = 1015,
    .appended_ps = 1031,
    .keyed_ps = 1063,
    .begin_ps = 1127,
    .decrypted_ps = 1255,
};

static const sim_time expected[STAGE_COUNT] = {
    [STAGE_ASSEMBLY] = 1,   [STAGE_HOLD] = 2,	   [STAGE_NIC] = 4,
    [STAGE_MODERATION] = 8, [STAGE_SOFTIRQ] = 16,  [STAGE_KEY_WAIT] = 32,
    [STAGE_QUEUE] = 64,	    [STAGE_DECRYPT] = 128, [STAGE_WAKE] = 256,
    [STAGE_READ] = 512,	    [STAGE_TOTAL] = 1020,
};

START_TEST(test_times)
{
	sim_time times[STAGE_COUNT];

	stage_times(&record, 1511, 2023, times);
	for (int i = 0; i < STAGE_COUNT; i++)
		ck_assert_uint_eq(times[i], expected[i]);
	ck_assert_int_eq(stage_stats_add(&stats, times), 0);
	for (int i = 0; i < STAGE_COUNT; i++) {
		ck_assert_uint_eq(stats.hist[i].min, expected[i]);
		ck_assert_uint_eq(stats.hist[i].count, 1);
	}
	ck_assert(stage_stats_balanced(&stats));
}
END_TEST

/* Boundaries out of order are a mistake of the model: it stops. */
START_TEST(test_order)
{
	sim_time times[STAGE_COUNT];

	fclose(stderr); /* the assertion's words would pass for a failure */
	stage_times(&record, 1254, 2023, times);
}
END_TEST

/* Stages that belong to the total unbalance it, the two apart do not. */
START_TEST(test_balance)
{
	sim_time times[STAGE_COUNT];
	bool apart = _i == STAGE_ASSEMBLY || _i == STAGE_HOLD;

	stage_times(&record, 1511, 2023, times);
	ck_assert(stage_stats_balanced(&stats));
	ck_assert_int_eq(stage_stats_add(&stats, times), 0);
	ck_assert(stage_stats_balanced(&stats));
	times[_i]++;
	ck_assert_int_eq(stage_stats_add(&stats, times), 0);
	ck_assert(stage_stats_balanced(&stats) == apart);
}
END_TEST

static void
add(uint64_t count, sim_time queue_ps, sim_time read_ps)
{
	sim_time times[STAGE_COUNT] = {[STAGE_QUEUE] = queue_ps,
				       [STAGE_READ] = read_ps,
				       [STAGE_TOTAL] = queue_ps + read_ps};

	while (count-- > 0)
		if (stage_stats_add(&stats, times) != 0)
			ck_abort_msg("no memory");
}

/*
 * The slowest 1 %, rounded up: quick records are 2000 ps (500
 * queue, 1500 read), slow ones 9000 (8000, 1000).
 */
static const struct slowest_row {
	uint64_t quick, slow;
	uint64_t count; /* in the mean */
	double queue_ns, read_ns, total_ns;
} slowest_rows[] = {
    {0, 0, 0, 0, 0, 0},
    {1, 0, 1, 0.5, 1.5, 2},
    {100, 0, 1, 0.5, 1.5, 2}, /* one bucket holds them all */
    {99, 1, 1, 8, 1, 9},
    {199, 1, 2, 4.25, 1.25, 5.5}, /* 2 wanted, 1 slow: and a quick one */
    {198, 2, 2, 8, 1, 9},
    {100, 100, 2, 8, 1, 9},
};

START_TEST(test_slowest)
{
	const struct slowest_row *row = &slowest_rows[_i];
	double mean_ns[STAGE_COUNT];

	add(row->quick, 500, 1500);
	add(row->slow, 8000, 1000);
	ck_assert_uint_eq(stage_stats_slowest(&stats, mean_ns), row->count);
	ck_assert_double_eq_tol(mean_ns[STAGE_QUEUE], row->queue_ns, 1e-9);
	ck_assert_double_eq_tol(mean_ns[STAGE_READ], row->read_ns, 1e-9);
	ck_assert_double_eq_tol(mean_ns[STAGE_TOTAL], row->total_ns, 1e-9);
	ck_assert_double_eq_tol(mean_ns[STAGE_NIC], 0, 1e-9);
}
END_TEST

/* Totals from 0 to the greatest have a bucket, greater ones never a lower. */
START_TEST(test_split)
{
	double mean_ns[STAGE_COUNT];

	for (int bit = 0; bit < 62; bit++) {
		add(1, 0, (sim_time)1 << bit);
		add(1, 0, ((sim_time)1 << bit) + ((sim_time)1 << bit) / 2);
		/* Of at most 124 the slowest two are wanted, or one. */
		ck_assert_uint_le(stage_stats_slowest(&stats, mean_ns), 2);
		ck_assert(mean_ns[STAGE_READ] >=
			  (double)((sim_time)1 << bit) / 1000);
	}
	add(1, 0, 0);
	ck_assert(stage_stats_balanced(&stats));
}
END_TEST

START_TEST(test_latency)
{
	struct results_latency latency;
	struct hist hist;

	hist_init(&hist);
	latency_of(&hist, &latency);
	ck_assert_uint_eq(latency.count, 0);
	ck_assert_uint_eq(latency.min_ps, 0);
	for (uint64_t i = 1; i <= 100; i++)
		ck_assert_int_eq(hist_add(&hist, i), 0);
	latency_of(&hist, &latency);
	hist_fini(&hist);
	ck_assert_uint_eq(latency.count, 100);
	ck_assert_double_eq_tol(latency.mean_ns, 0.0505, 1e-9);
	ck_assert_uint_eq(latency.min_ps, 1);
	ck_assert_uint_eq(latency.p50_ps, 50);
	ck_assert_uint_eq(latency.p90_ps, 90);
	ck_assert_uint_eq(latency.p99_ps, 99);
	ck_assert_uint_eq(latency.p999_ps, 100);
	ck_assert_uint_eq(latency.max_ps, 100);
}
END_TEST

Suite *
stage_stats_suite(void)
{
	const struct suite_test tests[] = {
	    {"stages_from_boundaries", test_times, 0},
	    {"stages_sum_to_the_total", test_balance, STAGE_COUNT},
	    {"the_slowest_percent", test_slowest, ROWS(slowest_rows)},
	    {"every_total_has_a_bucket", test_split, 0},
	    {"a_histogram_for_the_report", test_latency, 0},
	};
	Suite *suite = suite_create_table("stage_stats", tests,
					  sizeof(tests) / sizeof(*tests), setup,
					  teardown, 0);
	TCase *abort_case = tcase_create("boundaries_out_of_order_abort");

	tcase_add_test_raise_signal(abort_case, test_order, SIGABRT);
	suite_add_tcase(suite, abort_case);
	return suite;
}
