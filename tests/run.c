/*
 * run.c - the one test program: every suite, or the one that CK_RUN_SUITE
 * names.
 *
 * usage: run [N/OF]      the Nth share of the suites, of OF like it
 *
 * The list of suites is made from the names of the test files, so that a new
 * file needs no entry anywhere.  Prints Check's summary and then a plain
 * closing line that counts the tests.
 */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define SUITE(name) Suite *name##_suite(void);
#include "suites.h"
#undef SUITE

static Suite *(*const suites[])(void) = {
#define SUITE(name) name##_suite,
#include "suites.h"
#undef SUITE
};

/* Of how many shares of the suites this is which, from 0. */
struct share {
	size_t number, of;
};

static bool
read_share(int argc, char **argv, struct share *share)
{
	*share = (struct share){.number = 0, .of = 1};
	if (argc == 1)
		return true;
	if (argc != 2 ||
	    sscanf(argv[1], "%zu/%zu", &share->number, &share->of) != 2)
		return false;
	return share->number-- > 0 && share->number < share->of;
}

int
main(int argc, char **argv)
{
	SRunner *runner;
	struct share share;
	int run, failed;

	if (!read_share(argc, argv, &share)) {
		fprintf(stderr, "usage: run [N/OF]\n");
		return EXIT_FAILURE;
	}
	/* Check's own 4 s are short on a machine that has other work too. */
	setenv("CK_DEFAULT_TIMEOUT", "120", 0);
	runner = srunner_create(NULL);
	for (size_t i = share.number; i < sizeof(suites) / sizeof(suites[0]);
	     i += share.of)
		srunner_add_suite(runner, suites[i]());
	srunner_run_all(runner, CK_ENV);
	run = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	printf("%d passed, %d failed\n", run - failed, failed);
	return failed == 0 && run > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
