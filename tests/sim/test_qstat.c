/*
 * test_qstat.c - queue statistics in literal numbers, and Little's law broken
 * on purpose.
 */
#include "sim/qstat.h"

#include <stdio.h>
#include <string.h>

#include "sim/rng.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *qstat_suite(void);

static struct qstat q;

static void
setup(void)
{
	qstat_init(&q);
	qstat_keep_waits(&q);
}

static void
teardown(void)
{
	qstat_fini(&q);
}

/* As an owner would see it that believes what the queue says of itself. */
static bool
littles_law(const struct qstat *of, sim_time now)
{
	return qstat_littles_law_inside(of, now, of->depth,
					of->entry_sum - of->gone_sum);
}

START_TEST(test_literal)
{
	ck_assert(littles_law(&q, 0));
	ck_assert(qstat_mean_depth(&q, 0) == 0);
	qstat_enter(&q, 10);
	qstat_enter(&q, 20);
	ck_assert(littles_law(&q, 25));
	qstat_leave(&q, 30, 10);
	qstat_enter(&q, 40);
	qstat_leave(&q, 50, 20);
	/* Depth 1 in 10..20, 2 in 20..30, 1 in 30..40, 2 in 40..50, then 1. */
	ck_assert_uint_eq(q.entered, 3);
	ck_assert_uint_eq(q.left, 2);
	ck_assert_uint_eq(q.depth, 1);
	ck_assert_uint_eq(q.depth_max, 2);
	ck_assert(q.area == 60);
	ck_assert(q.wait_sum == 50);
	ck_assert_uint_eq(q.wait.count, 2);
	ck_assert_uint_eq(q.wait.min, 20);
	ck_assert_uint_eq(q.wait.max, 30);
	ck_assert(qstat_mean_depth(&q, 100) == 1.1);
	ck_assert(littles_law(&q, 50));
	ck_assert(littles_law(&q, 1000));
	ck_assert(qstat_littles_law_inside(&q, 1000, 1, 40));
	ck_assert(!littles_law(&q, 49));
	qstat_leave(&q, 60, 40);
	ck_assert(littles_law(&q, 60));
	ck_assert(!littles_law(&q, 59)); /* was not asked then */
}
END_TEST

/* Five customers of which three still wait; what the owner says of them. */
static const struct inside {
	uint64_t count;
	uint64_t entry_sum;
	bool holds;
} insides[] = {
    {3, 30 + 40 + 70, true},
    {2, 40 + 70, false},	   /* lost from its queue */
    {2, 30 + 40, false},	   /* lost as soon as it came */
    {4, 30 + 40 + 45 + 70, false}, /* invented */
    {3, 30 + 39 + 70, false},	   /* an entry time forgotten */
};

START_TEST(test_inside)
{
	const struct inside *row = &insides[_i];

	for (sim_time now = 10; now <= 40; now += 10)
		qstat_enter(&q, now);
	qstat_leave(&q, 50, 10);
	qstat_leave(&q, 60, 20);
	qstat_enter(&q, 70);
	ck_assert(qstat_littles_law_inside(&q, 70, row->count,
					   row->entry_sum) == row->holds);
}
END_TEST

START_TEST(test_wrong_entry_time)
{
	qstat_enter(&q, 10);
	qstat_enter(&q, 20);
	qstat_leave(&q, 30, 11); /* should be 10 */
	/* An owner that looks finds it at once, ... */
	ck_assert(!qstat_littles_law_inside(&q, 40, 1, 20));
	qstat_leave(&q, 40, 20);
	/* ... the queue itself when it is empty, and for good. */
	ck_assert(!littles_law(&q, 40));
	qstat_enter(&q, 50);
	ck_assert(!littles_law(&q, 60));
}
END_TEST

START_TEST(test_impossible_leavers)
{
	qstat_enter(&q, 10);
	qstat_leave(&q, 20, 21);
	ck_assert(!littles_law(&q, 20));
	qstat_fini(&q);
	qstat_init(&q);
	qstat_keep_waits(&q);
	qstat_leave(&q, 20, 10);
	ck_assert_uint_eq(q.depth, 0);
	ck_assert(!littles_law(&q, 20));
}
END_TEST

START_TEST(test_random_queue)
{
	sim_time entry[64], now = UINT64_C(1) << 60;
	uint64_t depth = 0;

	for (uint64_t i = 0; i < 20000; i++) {
		uint64_t bits = rng_u64(5, 0, 0, i);
		unsigned __int128 sum = 0;

		now += bits % 1000 * 1000000;
		if (bits >> 32 & 1 && depth < 64) {
			qstat_enter(&q, now);
			entry[depth++] = now;
		} else if (depth > 0) {
			uint64_t who = (bits >> 33) % depth; /* any order */

			qstat_leave(&q, now, entry[who]);
			entry[who] = entry[--depth];
		}
		for (uint64_t k = 0; k < depth; k++)
			sum += entry[k];
		ck_assert(littles_law(&q, now + 5));
		ck_assert(qstat_littles_law_inside(&q, now + 5, depth, sum));
	}
	ck_assert_uint_gt(q.left, 5000);
	ck_assert_uint_eq(q.wait.count, q.left);
	ck_assert(q.wait.sum == q.wait_sum);
}
END_TEST

static void
note_depth(void *arg, uint64_t depth, sim_time now)
{
	char *text = arg;
	size_t len = strlen(text);

	snprintf(text + len, 64 - len, "%d@%d ", (int)depth, (int)now);
}

/* Each change is told, and a leaver that cannot be is none. */
START_TEST(test_watch)
{
	char text[64] = "";

	qstat_enter(&q, 1);
	qstat_watch(&q, note_depth, text);
	qstat_enter(&q, 5);
	qstat_leave(&q, 7, 1);
	qstat_leave(&q, 7, 8);
	qstat_leave(&q, 9, 5);
	qstat_watch(&q, NULL, NULL);
	qstat_enter(&q, 11);
	ck_assert_str_eq(text, "2@5 1@7 0@9 ");
}
END_TEST

Suite *
qstat_suite(void)
{
	const struct suite_test tests[] = {
	    {"a short day in literal numbers", test_literal, 0},
	    {"a lost or invented customer breaks Little's law", test_inside,
	     ROWS(insides)},
	    {"a wrong entry time breaks Little's law", test_wrong_entry_time,
	     0},
	    {"impossible leavers break Little's law", test_impossible_leavers,
	     0},
	    {"whoever watches hears of each change", test_watch, 0},
	    {"any order of service keeps Little's law", test_random_queue, 0},
	};

	return suite_create_table("qstat", tests, ROWS(tests), setup, teardown,
				  0);
}
