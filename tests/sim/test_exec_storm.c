/*
 * test_exec_storm.c - storms on the thread executor, for the thread sanitizer.
 *
 * A race shows only where two threads overlap in that run, so the storms are
 * long, start on a barrier, and `make tsan` repeats them with both compilers
 * and with and without Check's fork.  KTLSIM_STORM=N makes each N times as
 * long.
 */
#include <check.h>
#include <stdlib.h>

#include "tests/support/suite_table.h"
#include "tests/support/thread_storm.h"

Suite *exec_storm_suite(void);

enum { SEEDS = 6, RECORDS = 600 };

static uint32_t
records(void)
{
	const char *text = getenv("KTLSIM_STORM");
	int times = text != NULL ? atoi(text) : 1;

	return RECORDS * (uint32_t)(times >= 1 && times <= 1000 ? times : 1);
}

static void
run(uint64_t seed, bool disturb)
{
	struct thread_storm storm = {
	    .seed = seed, .records = records(), .disturb = disturb};

	thread_storm_run(&storm);
	ck_assert_msg(storm.bad_bytes == 0,
		      "seed %d: %llu of %llu bytes are not those sent",
		      (int)seed, (unsigned long long)storm.bad_bytes,
		      (unsigned long long)storm.bytes);
	ck_assert(storm.bytes > 0 || disturb);
	ck_assert(storm.disturbed > 0 || !disturb);
}

START_TEST(test_exec_storm_of_records_fins_and_resets)
{
	run((uint64_t)_i + 1, false);
}
END_TEST

START_TEST(test_exec_storm_with_closes_and_flushes)
{
	run((uint64_t)_i + 1, true);
}
END_TEST

Suite *
exec_storm_suite(void)
{
	const struct suite_test tests[] = {
	    {"of_records_fins_and_resets",
	     test_exec_storm_of_records_fins_and_resets, SEEDS},
	    {"with_closes_and_flushes", test_exec_storm_with_closes_and_flushes,
	     SEEDS},
	};

	return suite_create_table("exec_storm", tests,
				  sizeof(tests) / sizeof(tests[0]), NULL, NULL,
				  600);
}
