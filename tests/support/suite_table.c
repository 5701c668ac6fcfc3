/*
 * suite_table.c - a Check suite as a table of named tests.
 *
 * Each row becomes a test case of its own, so that the name of a failing row
 * stands in Check's report.
 */
#include "tests/support/suite_table.h"

/* Seconds of the wall: enough under sanitizers on a busy machine. */
#define TIMEOUT_S 60.0

Suite *
suite_create_table(const char *name, const struct suite_test *tests,
		   size_t count, SFun setup, SFun teardown, double timeout_s)
{
	Suite *suite = suite_create(name);

	for (size_t i = 0; i < count; i++) {
		TCase *tcase = tcase_create(tests[i].name);

		tcase_set_timeout(tcase, timeout_s > TIMEOUT_S ? timeout_s
							       : TIMEOUT_S);
		if (setup != NULL || teardown != NULL)
			tcase_add_checked_fixture(tcase, setup, teardown);
		if (tests[i].rows > 0)
			tcase_add_loop_test(tcase, tests[i].fn, 0,
					    tests[i].rows);
		else
			tcase_add_test(tcase, tests[i].fn);
		suite_add_tcase(suite, tcase);
	}
	return suite;
}
