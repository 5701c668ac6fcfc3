/*
 * test_lock.c - reservations of a lock, as tables.
 *
 * A row is a list of wishes in the order in which they are made: hold so long
 * from then on.  Expected is what each of them waits.
 */
#include "sim/lock.h"

#include "sim/rng.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *lock_suite(void);

enum { WISHES = 4, RANDOM_WISHES = 2000 };

static const struct lock_row {
	struct {
		sim_time at, hold, wait;
	} wish[WISHES];
	uint64_t contended;
	sim_time wait_ps; /* of all */
} lock_rows[] = {
    /* Nobody is in anybody's way. */
    {{{10, 5, 0}, {15, 5, 0}, {100, 1, 0}, {101, 1, 0}}, 0, 0},
    /* One behind the other. */
    {{{10, 5, 0}, {12, 5, 3}, {12, 5, 8}, {40, 1, 0}}, 2, 11},
    /* Wished later but to begin earlier, and it fits in before: no wait. */
    {{{100, 10, 0}, {90, 10, 0}, {110, 10, 0}, {200, 1, 0}}, 0, 0},
    /* It would end 1 too late: behind. */
    {{{100, 10, 0}, {91, 10, 19}, {200, 1, 0}, {201, 1, 0}}, 1, 19},
    /* Two fit in before, one after the other. */
    {{{100, 10, 0}, {50, 10, 0}, {60, 40, 0}, {99, 1, 11}}, 1, 11},
    /* What fitted in before is not overlapped. */
    {{{100, 10, 0}, {50, 10, 0}, {55, 10, 5}, {0, 1, 70}}, 2, 75},
    /* The one in front holds it, not the one that reserved behind it. */
    {{{50, 10, 0}, {500, 10, 0}, {52, 5, 8}, {53, 5, 12}}, 2, 20},
    /* Inside the hold, and at its end. */
    {{{100, 10, 0}, {109, 1, 1}, {111, 5, 0}, {200, 1, 0}}, 1, 1},
    /* Held for no time: waits, but is in nobody's way. */
    {{{100, 10, 0}, {105, 0, 5}, {110, 0, 0}, {110, 7, 0}}, 1, 5},
};

START_TEST(test_rows)
{
	const struct lock_row *row = &lock_rows[_i];
	struct lock_stats stats = {0};
	struct lock lock = {0};

	for (int i = 0; i < WISHES; i++)
		ck_assert_uint_eq(lock_acquire(&lock, &stats, row->wish[i].at,
					       row->wish[i].hold),
				  row->wish[i].wait);
	ck_assert_uint_eq(stats.acquisitions, WISHES);
	ck_assert_uint_eq(stats.contended, row->contended);
	ck_assert_uint_eq(stats.wait_ps, row->wait_ps);
}
END_TEST

/* No two holds overlap, and nobody holds before his wish. */
START_TEST(test_exclusion)
{
	static sim_time start[RANDOM_WISHES], end[RANDOM_WISHES];
	struct lock_stats stats = {0};
	struct lock lock = {0};
	sim_time now = 0, waits = 0;
	int overlaps = 0;

	for (int i = 0; i < RANDOM_WISHES; i++) {
		uint64_t bits = rng_u64((uint64_t)_i, 1, 2, (uint64_t)i);
		sim_time hold = 1 + bits % 20, at;

		/* Steps begin in order of time; they lock some time later. */
		now += (bits >> 8) % 30;
		at = now + (bits >> 16) % 40;
		start[i] = at + lock_acquire(&lock, &stats, at, hold);
		end[i] = start[i] + hold;
		waits += start[i] - at;
	}
	for (int i = 0; i < RANDOM_WISHES; i++)
		for (int j = 0; j < i; j++)
			overlaps += start[i] < end[j] && start[j] < end[i];
	ck_assert_int_eq(overlaps, 0);
	ck_assert_uint_eq(stats.wait_ps, waits);
	ck_assert_uint_gt(stats.contended, RANDOM_WISHES / 10);
}
END_TEST

Suite *
lock_suite(void)
{
	const struct suite_test tests[] = {
	    {"wishes_and_waits", test_rows, ROWS(lock_rows)},
	    {"holds_do_not_overlap", test_exclusion, 5},
	};

	return suite_create_table("lock", tests, sizeof(tests) / sizeof(*tests),
				  NULL, NULL, 0);
}
