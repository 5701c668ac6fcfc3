/*
 * cli_flows.c - `ktlsim flows`: who talks TLS to whom in a capture.
 *
 * The road of a replay without hosts: frames are parsed and handshakes
 * followed, and nothing is simulated.
 */
#include "sim/cli/cli.h"
#include "sim/cli/cli_options.h"
#include "sim/cli/cli_outputs.h"
#include "sim/cli/cli_replay.h"
#include "sim/cli/cli_session.h"
#include "sim/ktlsim.h"
#include "sim/ktlsim_internal.h"
#include "sim/report.h"

static int
list_flows(struct cli_session *session, struct cli_outputs *outputs)
{
	int status = cli_session_run(session);

	if (status != CLI_OK)
		return status;
	status = cli_session_finish(session);
	if (ktlsim_results(session->sim) == NULL)
		return CLI_FAILED;
	return cli_worse(
	    status, cli_outputs_report(outputs, ktlsim_results(session->sim),
				       report_flows_json, report_flows_text));
}

int
cli_flows(const struct cli_options *options)
{
	struct cli_session session;
	struct cli_outputs outputs = {.options = options};
	struct ktlsim_error error = {0};
	int status;

	if (ktlsim_config_set(options->config, "replay.receiver", "none",
			      &error) != 0) {
		cli_message(CLI_ERROR, "%s", error.text);
		return CLI_FAILED;
	}
	status = cli_session_open(&session, options);
	if (status == CLI_OK)
		status = cli_outputs_open(&outputs, options);
	if (status == CLI_OK)
		status = list_flows(&session, &outputs);
	status = cli_worse(status, cli_outputs_close(&outputs));
	cli_session_close(&session);
	return status;
}
