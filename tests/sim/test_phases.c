/*
 * test_phases.c - the list of a flow's phases: changes only, bounded, in order.
 */
#include "sim/phases.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/support/memory_limit.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *phases_suite(void);

static const char one[] = "one", two[] = "two";

static struct phases phases;

static void
setup(void)
{
	phases_init(&phases, 6);
}

static void
teardown(void)
{
	phases_fini(&phases);
}

static void
note(const char *name, const char *cause, sim_time now)
{
	ck_assert_int_eq(phases_note(&phases, name, cause, now), 0);
}

static void
expect(uint32_t i, const char *name, const char *cause, sim_time at)
{
	ck_assert_uint_lt(i, phases.kept_count);
	ck_assert_ptr_eq(phases.kept[i].name, name);
	ck_assert_ptr_eq(phases.kept[i].cause, cause);
	ck_assert_uint_eq(phases.kept[i].at, at);
}

START_TEST(test_phases_keeps_changes_with_time_and_cause)
{
	static const char cause[] = "header lost";

	note(one, NULL, 0);
	note(one, cause, 5);
	note(two, cause, 10);
	note(two, NULL, 11);
	note(one, NULL, 20);
	ck_assert_uint_eq(phases.kept_count, 3);
	expect(0, one, NULL, 0);
	expect(1, two, cause, 10);
	expect(2, one, NULL, 20);
	ck_assert_uint_eq(phases.left_out, 0);
}
END_TEST

/* The NIC takes a packet before the worker's time has come to that. */
START_TEST(test_phases_never_go_back_in_time)
{
	note(one, NULL, 30);
	note(two, NULL, 20);
	note(one, NULL, 40);
	expect(1, two, NULL, 30);
	expect(2, one, NULL, 40);
}
END_TEST

START_TEST(test_phases_beyond_the_bound_are_counted)
{
	for (sim_time i = 0; i < 10; i++) {
		note(i % 2 == 0 ? one : two, NULL, i);
		note(i % 2 == 0 ? one : two, NULL, i);
	}
	ck_assert_uint_eq(phases.kept_count, 6);
	ck_assert_uint_eq(phases.left_out, 4);
	expect(5, two, NULL, 5);
	ck_assert_ptr_eq(phases.name, two);
	ck_assert_uint_eq(phases.at, 9);
}
END_TEST

START_TEST(test_phases_without_room_keep_only_the_latest)
{
	phases_init(&phases, 0);
	note(one, NULL, 1);
	note(two, NULL, 2);
	ck_assert_ptr_null(phases.kept);
	ck_assert_uint_eq(phases.left_out, 2);
	ck_assert_ptr_eq(phases.name, two);
}
END_TEST

START_TEST(test_phases_out_of_memory_change_nothing)
{
	phases_init(&phases, 100);
	for (sim_time i = 0; i < 16; i++)
		note(i % 2 == 0 ? one : two, NULL, i);
	if (!memory_limit(0))
		return;
	/* Use up what the C library keeps; the test's process ends soon. */
	for (size_t size = 1024; size > 80; size -= 16)
		while (malloc(size) != NULL)
			continue;
	ck_assert_int_eq(phases_note(&phases, one, NULL, 20), ENOMEM);
	ck_assert_ptr_eq(phases.name, two);
	ck_assert_uint_eq(phases.at, 15);
	ck_assert_uint_eq(phases.kept_count, 16);
	ck_assert_uint_eq(phases.left_out, 0);
}
END_TEST

Suite *
phases_suite(void)
{
	const struct suite_test tests[] = {
	    {"changes", test_phases_keeps_changes_with_time_and_cause, 0},
	    {"time", test_phases_never_go_back_in_time, 0},
	    {"bound", test_phases_beyond_the_bound_are_counted, 0},
	    {"memory", test_phases_out_of_memory_change_nothing, 0},
	    {"none", test_phases_without_room_keep_only_the_latest, 0},
	};

	return suite_create_table("phases", tests, (size_t)ROWS(tests), setup,
				  teardown, 0);
}
