/*
 * cli_replay.c - `ktlsim replay`: a capture in, the report out.
 *
 * Called by main.c with parsed options.  Everything that can be wrong with what
 * the user named is found before the first frame.
 */
#include "sim/cli/cli_replay.h"

#include "sim/cli/cli.h"
#include "sim/cli/cli_options.h"
#include "sim/cli/cli_outputs.h"
#include "sim/cli/cli_session.h"
#include "sim/ktlsim_internal.h"
#include "sim/report.h"

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

/* Run and report.  A run that failed half-way has nothing to report. */
static int
replay(struct cli_session *session, struct cli_outputs *outputs)
{
	bool verbose = session->options->verbose;
	int status = cli_outputs_attach(outputs, session->sim);

	if (status == CLI_OK)
		status = cli_session_run(session);
	if (status != CLI_OK)
		return status;
	status = cli_session_finish(session);
	if (ktlsim_results(session->sim) == NULL)
		return CLI_FAILED;
	return cli_worse(
	    status, cli_outputs_report(outputs, ktlsim_results(session->sim),
				       report_json,
				       verbose ? print_verbose : print_brief));
}

int
cli_replay(const struct cli_options *options)
{
	struct cli_session session;
	struct cli_outputs outputs = {.options = options};
	int status = cli_session_open(&session, options);

	if (status == CLI_OK)
		status = cli_outputs_open(&outputs, options);
	if (status == CLI_OK)
		status = replay(&session, &outputs);
	status = cli_worse(status, cli_outputs_close(&outputs));
	cli_session_close(&session);
	return status;
}
