/*
 * test_examples.c - scenario files of examples/: they run, and the loss at
 * which inline decryption stops paying lies where docs/nic.md says.
 *
 * Every run of every configuration is configured; the first and the last of
 * each are simulated, for a moment and with few connections, so that an example
 * cannot rot unseen.
 */
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "sim/ktlsim.h"
#include "sim/ktlsim_internal.h"
#include "sim/results.h"
#include "sim/scenario.h"
#include "tests/support/suite_table.h"

Suite *examples_suite(void);

static struct ktlsim *sim;

static void
teardown(void)
{
	ktlsim_destroy(sim);
	sim = NULL;
}

struct setting {
	const char *key;
	const char *value;
};

/* The keys of a run, and these up to one without a name. */
static struct ktlsim_config *
configure(struct scenario *scenario, uint64_t run,
	  const struct setting *settings)
{
	struct ktlsim_config *config = ktlsim_config_create();
	struct ktlsim_error error = {0};
	int code = scenario_apply(scenario, run, config, &error);

	for (; code == 0 && settings->key != NULL; settings++)
		code = ktlsim_config_set(config, settings->key, settings->value,
					 &error);
	ck_assert_msg(code == 0, "%s, run %ju: %s", scenario_name(scenario),
		      (uintmax_t)run, error.text);
	return config;
}

/* Simulated to its end, and its books balance. */
static const struct results_host *
simulate(struct ktlsim_config *config)
{
	struct ktlsim_error error = {0};
	int code = ktlsim_create(&sim, config, &error);

	ktlsim_config_destroy(config);
	if (code == 0)
		code = ktlsim_run_until(sim, KTLSIM_NEVER);
	if (code == 0)
		code = ktlsim_finish(sim, &error);
	ck_assert_msg(code == 0, "%s", error.text);
	return &ktlsim_results(sim)->hosts[0];
}

static struct scenario *
open_scenario(const char *path, const char *configuration)
{
	struct ktlsim_error error = {0};
	struct scenario *scenario = NULL;
	int code = scenario_open(&scenario, path, &error);

	if (code == 0)
		code = scenario_select(scenario, configuration, &error);
	ck_assert_msg(code == 0, "%s: %s", path, error.text);
	return scenario;
}

static void
try_configuration(const char *path, const char *name)
{
	static const struct setting briefly[] = {
	    {"run.time_limit", "300us"}, {"synthetic.flows", "4"}, {0}};
	struct scenario *scenario = open_scenario(path, name);
	uint64_t runs = scenario_runs(scenario);

	ck_assert_uint_gt(runs, 0);
	for (uint64_t run = 0; run < runs; run++) {
		struct ktlsim_config *config =
		    configure(scenario, run, briefly);

		if (run > 0 && run + 1 < runs) {
			ktlsim_config_destroy(config);
			continue;
		}
		simulate(config);
		teardown();
	}
	scenario_close(scenario);
}

/* [General], or [Config NAME]; how many configurations were tried. */
static int
try_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[200], name[100];
	int count = 0;

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "[General]", 9) == 0)
			strcpy(name, "General");
		else if (sscanf(line, "[Config %99[^]]]", name) != 1)
			continue;
		try_configuration(path, name);
		count++;
	}
	fclose(file);
	return count;
}

START_TEST(test_examples_of_the_folder_run)
{
	glob_t found;
	int count = 0;

	ck_assert_int_eq(glob("examples/*.ini", 0, NULL, &found), 0);
	glob("examples/*/*.ini", GLOB_APPEND, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++)
		count += try_file(found.gl_pathv[i]);
	ck_assert_uint_ge(found.gl_pathc, 6);
	ck_assert_int_gt(count, (int)found.gl_pathc);
	globfree(&found);
}
END_TEST

/*
 * CPU time per application byte of FreeBSD's receiver, in any unit; run 0 has
 * the prices freebsd-cdn.
 */
static double
cost_of_a_byte(const char *key, const char *loss, const char *tls)
{
	const struct setting settings[] = {{key, loss},
					   {"nic.tls", tls},
					   {"synthetic.flows", "16"},
					   {"synthetic.bytes", "4MiB"},
					   {0}};
	struct scenario *scenario =
	    open_scenario("examples/nic-loss.ini", "FreeBSD");
	const struct results_host *host =
	    simulate(configure(scenario, 0, settings));
	double cost = host->cores_busy / host->goodput_gbps;

	scenario_close(scenario);
	teardown();
	return cost;
}

/* What offload costs to what software costs, in per cent. */
static double
ratio(const char *key, const char *loss)
{
	return 100 * cost_of_a_byte(key, loss, "on") /
	       cost_of_a_byte(key, loss, "off");
}

static const struct {
	const char *key, *loss;
	double least, greatest; /* per cent of what software costs */
} rows[] = {
    {"link.loss", "0", 45, 70},		{"link.loss", "0.01", 65, 95},
    {"link.loss", "0.07", 101, 115},	{"link.super_loss", "0.01", 45, 75},
    {"link.super_loss", "0.1", 60, 98},
};

START_TEST(test_examples_have_the_loss_where_offload_stops_paying)
{
	double cost = ratio(rows[_i].key, rows[_i].loss);

	ck_assert_msg(cost >= rows[_i].least && cost <= rows[_i].greatest,
		      "%s=%s: %.1f %% of what software costs", rows[_i].key,
		      rows[_i].loss, cost);
}
END_TEST

Suite *
examples_suite(void)
{
	const struct suite_test tests[] = {
	    {"test_examples_of_the_folder_run", test_examples_of_the_folder_run,
	     0},
	    {"test_examples_have_the_loss_where_offload_stops_paying",
	     test_examples_have_the_loss_where_offload_stops_paying,
	     (int)(sizeof(rows) / sizeof(rows[0]))},
	};

	return suite_create_table("examples", tests,
				  sizeof(tests) / sizeof(tests[0]), NULL,
				  teardown, 120);
}
