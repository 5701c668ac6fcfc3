/*
 * test_scenario_memory.c - scenarios and modelled senders without memory.
 *
 * Every request for memory fails in turn, from the opening of a file to the end
 * of a run.  Whoever asked says so, and nothing is left behind: the sanitizers
 * see to that.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/ktlsim.h"
#include "sim/ktlsim_internal.h"
#include "sim/scenario.h"
#include "tests/sabotage/libc_faults.h"
#include "tests/support/suite_table.h"

enum { NTH_MAX = 5000 };

Suite *scenario_memory_suite(void);

static char path[] = "/tmp/ktlsim-scenario-XXXXXX";

static void
setup(void)
{
	static const char text[] = "[General]\n"
				   "traffic.source = window\n"
				   "synthetic.bytes = 40kB\n"
				   "[Config A]\n"
				   "extends = B\n"
				   "synthetic.flows = ${n=1, 2,\n 3..5}\n"
				   "run.seed = ${1,2 ! s}\n"
				   "[Config B]\n"
				   "host.cpus = ${s=1,2}\n";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
}

static void
teardown(void)
{
	libc_faults_after(0);
	unlink(path);
}

/*
 * Open, choose, choose runs.  Asserts nothing, since Check asks for memory,
 * too, and ends what was ordered.
 */
static int
use_scenario(struct ktlsim_config *config, struct ktlsim_error *error)
{
	struct scenario *scenario;
	uint64_t *runs = NULL;
	size_t count;
	int code = scenario_open(&scenario, path, error);

	if (code == 0)
		code = scenario_select(scenario, "A", error);
	if (code == 0)
		code =
		    scenario_choose(scenario, "3,5..7", &runs, &count, error);
	if (code == 0)
		code = scenario_apply(scenario, runs[1], config, error);
	free(runs);
	scenario_close(scenario);
	return code;
}

START_TEST(test_scenario_every_request_for_memory_fails)
{
	uint64_t nth = 0;
	int code;

	do {
		struct ktlsim_config *config = ktlsim_config_create();
		struct ktlsim_error error = {0};
		bool hit;

		ck_assert_uint_lt(nth, NTH_MAX);
		libc_faults_after(++nth);
		code = use_scenario(config, &error);
		hit = libc_faults_hit();
		libc_faults_after(0);
		ck_assert_int_eq(code, hit ? ENOMEM : 0);
		ck_assert(!hit || strstr(error.text, "no memory") != NULL);
		ktlsim_config_destroy(config);
	} while (code != 0);
	ck_assert_uint_gt(nth, 30);
}
END_TEST

/* Make a simulation with senders and run it.  0 or ENOMEM. */
static int
use_senders(const struct ktlsim_config *config)
{
	struct ktlsim *sim;
	struct ktlsim_error error = {0};
	int code = ktlsim_create(&sim, config, &error);

	if (code == 0)
		code = ktlsim_run_until(sim, KTLSIM_NEVER);
	if (code == 0)
		code = ktlsim_finish(sim, &error);
	ktlsim_destroy(sim);
	return code;
}

START_TEST(test_senders_every_request_for_memory_fails)
{
	struct ktlsim_config *config = ktlsim_config_create();
	struct ktlsim_error error = {0};
	uint64_t nth = 0, failed = 0;
	bool hit;

	ck_assert_int_eq(use_scenario(config, &error), 0);
	ck_assert_int_eq(ktlsim_config_set(config, "crypto.mode",
					   _i == 0 ? "real" : "model", NULL),
			 0);
	do {
		int code;

		ck_assert_uint_lt(nth, NTH_MAX);
		libc_faults_after(++nth);
		code = use_senders(config);
		hit = libc_faults_hit();
		libc_faults_after(0);
		ck_assert(code == 0 || (hit && code == ENOMEM));
		failed += code != 0;
	} while (hit);
	ck_assert_uint_gt(failed, 30);
	ktlsim_config_destroy(config);
}
END_TEST

Suite *
scenario_memory_suite(void)
{
	const struct suite_test tests[] = {
	    {"scenario", test_scenario_every_request_for_memory_fails, 0},
	    {"senders", test_senders_every_request_for_memory_fails, 2},
	};

	return suite_create_table("scenario_memory", tests, 2, setup, teardown,
				  60);
}
