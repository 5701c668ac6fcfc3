/*
 * cli_run.c - `ktlsim run`: the runs of a scenario, one after the other.
 *
 * Called by main.c with parsed options.  The scenario is read, the runs are
 * chosen, and each is configured once to find what is wrong before any begins;
 * then each run is a session as that of `replay`, with outputs that the runs
 * share.  A run that fails does not keep the next one from being made; an
 * interrupt does.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/cli/cli_options.h"
#include "sim/cli/cli_outputs.h"
#include "sim/cli/cli_replay.h"
#include "sim/cli/cli_session.h"
#include "sim/cli/cli_summary.h"
#include "sim/config.h"
#include "sim/ktlsim.h"
#include "sim/ktlsim_internal.h"
#include "sim/report.h"
#include "sim/results.h"
#include "sim/scenario.h"

/* All runs of one command. */
struct batch {
	const struct cli_options *options;
	struct scenario *scenario;
	struct cli_outputs outputs;
	uint64_t *chosen; /* numbers of the runs */
	size_t count;
	struct cli_summary summary;
	bool interrupted;
};

static int
say(const struct ktlsim_error *error, int code)
{
	cli_message(CLI_ERROR, "%s",
		    error->text[0] != '\0' ? error->text : strerror(code));
	return code == ENOMEM ? CLI_FAILED : CLI_USAGE;
}

static int
choose_all(struct batch *batch)
{
	batch->count = (size_t)scenario_runs(batch->scenario);
	batch->chosen = calloc(batch->count, sizeof(*batch->chosen));
	if (batch->chosen == NULL) {
		cli_message(CLI_ERROR, "%s", strerror(ENOMEM));
		return CLI_FAILED;
	}
	for (size_t i = 0; i < batch->count; i++)
		batch->chosen[i] = i;
	return CLI_OK;
}

static int
open_scenario(struct batch *batch)
{
	const struct cli_options *options = batch->options;
	struct ktlsim_error error = {0};
	int code = scenario_open(&batch->scenario, options->scenario, &error);

	if (code == 0)
		code = scenario_select(batch->scenario, options->configuration,
				       &error);
	if (code == 0 && options->runs != NULL)
		code = scenario_choose(batch->scenario, options->runs,
				       &batch->chosen, &batch->count, &error);
	if (code != 0)
		return say(&error, code);
	return options->runs != NULL ? CLI_OK : choose_all(batch);
}

/* The keys of a run: the file's, then those of the command line. */
static int
configure(const struct batch *batch, uint64_t run, struct ktlsim_config *config)
{
	const struct cli_options *options = batch->options;
	struct ktlsim_error error = {0};
	int code = scenario_apply(batch->scenario, run, config, &error);

	for (size_t i = 0; code == 0 && i < options->setting_count; i++)
		code = ktlsim_config_set(config, options->settings[i].key,
					 options->settings[i].value, &error);
	return code == 0 ? CLI_OK : say(&error, code);
}

static int
refuse(const struct batch *batch, uint64_t run, const char *why)
{
	cli_message(CLI_ERROR, "%s: [%s%s], run %" PRIu64 ": %s",
		    batch->options->scenario,
		    strcmp(scenario_name(batch->scenario), "General") == 0
			? ""
			: "Config ",
		    scenario_name(batch->scenario), run, why);
	return CLI_USAGE;
}

/* What can be known of a configuration before it runs. */
static int
check_config(const struct batch *batch, uint64_t run,
	     const struct config *config)
{
	struct config finished = *config;
	struct ktlsim_error error = {0};
	bool capture = config->traffic_source == TRAFFIC_CAPTURE;

	if (capture && config->replay_capture[0] == '\0')
		return refuse(batch, run,
			      "there is nothing to simulate; set "
			      "replay.capture to a capture, or "
			      "traffic.source=window");
	if (capture &&
	    (cli_outputs_overwrite(batch->options, config->replay_capture) ||
	     cli_outputs_overwrite(batch->options, config->replay_keylog)))
		return refuse(batch, run,
			      "an option names a file that this run reads to "
			      "be written; write elsewhere");
	if (config_finish(&finished, &error) != 0)
		return refuse(batch, run, error.text);
	if (cli_outputs_are_of_one_run(batch->options) &&
	    config->run_executor == EXECUTOR_THREADS)
		return refuse(batch, run,
			      "--annotate and --trace draw simulated time; "
			      "leave out run.executor=threads");
	return CLI_OK;
}

static int
check_run(const struct batch *batch, uint64_t run)
{
	struct ktlsim_config *config = ktlsim_config_create();
	int status = CLI_FAILED;

	if (config == NULL)
		cli_message(CLI_ERROR, "%s", strerror(ENOMEM));
	else
		status = configure(batch, run, config);
	if (status == CLI_OK)
		status = check_config(batch, run, ktlsim_config_view(config));
	ktlsim_config_destroy(config);
	return status;
}

static int
check_runs(const struct batch *batch)
{
	int status = CLI_OK;

	if (batch->count > 1 && cli_outputs_are_of_one_run(batch->options)) {
		cli_message(CLI_ERROR, "--annotate and --trace are of one "
				       "run; choose it with --runs N");
		return CLI_USAGE;
	}
	for (size_t i = 0; i < batch->count && status == CLI_OK; i++)
		status = check_run(batch, batch->chosen[i]);
	return status;
}

static void
print_brief(FILE *out, const struct results *results)
{
	report_text(out, results, 0);
}

static void
print_verbose(FILE *out, const struct results *results)
{
	report_text(out, results, 1);
}

/* "Run 3 of Workers: workers=4, size=16KiB" above its report. */
static void
print_heading(const struct batch *batch, const struct results_scenario *labels)
{
	const char *mark = ": ";

	if (!cli_outputs_text(&batch->outputs))
		return;
	printf("%sRun %" PRIu64 " of %s",
	       labels->run == batch->chosen[0] ? "" : "\n", labels->run,
	       labels->configuration);
	for (size_t i = 0; i < labels->variable_count; i++) {
		printf("%s%s=%s", mark, labels->variables[i].name,
		       labels->variables[i].value);
		mark = ", ";
	}
	putchar('\n');
}

static int
run_and_report(struct batch *batch, struct cli_session *session,
	       const struct results_scenario *labels)
{
	const struct results *results;
	int status;

	ktlsim_set_scenario(session->sim, labels);
	status = cli_outputs_attach(&batch->outputs, session->sim);
	if (status == CLI_OK)
		status = cli_session_run(session);
	batch->interrupted = session->interrupted;
	if (status != CLI_OK)
		return status;
	status = cli_session_finish(session);
	results = ktlsim_results(session->sim);
	if (results == NULL)
		return CLI_FAILED;
	print_heading(batch, labels);
	cli_summary_add(&batch->summary, results);
	return cli_worse(status, cli_outputs_report(
				     &batch->outputs, results, report_json,
				     session->options->verbose ? print_verbose
							       : print_brief));
}

static int
run_session(struct batch *batch, const struct cli_options *options,
	    const struct results_scenario *labels)
{
	struct cli_session session;
	int status = cli_session_open(&session, options);

	if (status == CLI_OK)
		status = cli_outputs_begin(&batch->outputs, labels->run);
	if (status == CLI_OK)
		status = run_and_report(batch, &session, labels);
	cli_session_close(&session);
	return status;
}

/* The options of a run are those of the command, with its own keys. */
static int
run_one(struct batch *batch, uint64_t run)
{
	struct results_variable variables[SCENARIO_VARIABLES_MAX];
	struct results_scenario labels = {
	    .configuration = scenario_name(batch->scenario),
	    .run = run,
	    .variable_count = scenario_variables(batch->scenario),
	    .variables = variables,
	};
	struct cli_options options = *batch->options;
	const struct config *config;
	int status = CLI_FAILED;

	for (size_t i = 0; i < labels.variable_count; i++)
		variables[i] = (struct results_variable){
		    scenario_variable_name(batch->scenario, i),
		    scenario_variable_value(batch->scenario, i, run)};
	options.config = ktlsim_config_create();
	if (options.config == NULL)
		cli_message(CLI_ERROR, "%s", strerror(ENOMEM));
	else
		status = configure(batch, run, options.config);
	if (status == CLI_OK) {
		config = ktlsim_config_view(options.config);
		if (config->traffic_source == TRAFFIC_CAPTURE)
			options.capture = config->replay_capture;
		if (config->replay_keylog[0] != '\0')
			options.keylog = config->replay_keylog;
		status = run_session(batch, &options, &labels);
	}
	ktlsim_config_destroy(options.config);
	return status;
}

static int
run_chosen(struct batch *batch)
{
	int status = CLI_OK;

	for (size_t i = 0; i < batch->count && !batch->interrupted; i++)
		status = cli_worse(status, run_one(batch, batch->chosen[i]));
	return status;
}

static int
run_all(struct batch *batch)
{
	int status = cli_outputs_open(&batch->outputs, batch->options);

	if (status == CLI_OK && batch->count > 1)
		cli_outputs_several(&batch->outputs);
	if (status == CLI_OK)
		status = run_chosen(batch);
	if (cli_outputs_text(&batch->outputs) && batch->count > 1)
		cli_summary_print(stdout, &batch->summary);
	return cli_worse(status, cli_outputs_close(&batch->outputs));
}

int
cli_run(const struct cli_options *options)
{
	struct batch batch = {.options = options,
			      .outputs = {.options = options}};
	int status = open_scenario(&batch);

	if (status == CLI_OK)
		status = check_runs(&batch);
	if (status == CLI_OK)
		status = run_all(&batch);
	cli_summary_fini(&batch.summary);
	free(batch.chosen);
	scenario_close(batch.scenario);
	return status;
}
