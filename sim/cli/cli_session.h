/*
 * cli_session.h - one capture through one simulation.
 *
 * Order of use: cli_session_open; cli_session_run; cli_session_finish; then
 * ktlsim_results; cli_session_close (also after a failed open).
 * Each step returns an exit status after saying what is wrong.  A capture that
 * ends in damage, an interrupt and a time limit all lead to finish: what came
 * before is reported.
 */
#ifndef SIM_CLI_CLI_SESSION_H
#define SIM_CLI_CLI_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/cli/cli_progress.h"

struct cli_options;
struct ktlsim;
struct trace_pcap;
struct trace_source;

struct cli_session {
	const struct cli_options *options;
	struct trace_pcap *trace;
	struct trace_source *source;
	struct ktlsim *sim;
	struct cli_progress progress;
	uint64_t time_limit_ps; /* KTLSIM_NEVER: none */
	uint64_t frames;	/* injected */
	uint64_t wall_ns;
	bool damaged;	  /* the capture could not be read to its end */
	bool interrupted; /* by SIGINT or SIGTERM */
	bool limited;	  /* run.time_limit was reached */
};

int cli_session_open(struct cli_session *session,
		     const struct cli_options *options);
int cli_session_run(struct cli_session *session);
int cli_session_finish(struct cli_session *session);
void cli_session_close(struct cli_session *session);
#endif
