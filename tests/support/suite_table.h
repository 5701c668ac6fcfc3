/*
 * suite_table.h - a Check suite as a table of named tests.
 */
#ifndef TESTS_SUPPORT_SUITE_TABLE_H
#define TESTS_SUPPORT_SUITE_TABLE_H

#include <check.h>

/* One test: fn is run for the loop index 0 .. rows - 1 (rows 0 means once). */
struct suite_test {
	const char *name;
	const TTest *fn;
	int rows;
};

/*
 * Make the suite `name` with one test case per row.  setup and teardown may be
 * NULL; they run in the forked child around each test.  A test is stopped after
 * timeout_s seconds of the wall, or a minute if that is longer.
 */
Suite *suite_create_table(const char *name, const struct suite_test *tests,
			  size_t count, SFun setup, SFun teardown,
			  double timeout_s);
#endif
