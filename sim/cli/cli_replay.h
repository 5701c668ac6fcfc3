/*
 * cli_replay.h - the commands, as main.c calls them.
 */
#ifndef SIM_CLI_CLI_REPLAY_H
#define SIM_CLI_CLI_REPLAY_H

struct cli_options;

/* `ktlsim replay`: replay a capture, print the report.  An exit status. */
int cli_replay(const struct cli_options *options);

/* `ktlsim run`: run a scenario, print the reports.  An exit status. */
int cli_run(const struct cli_options *options);

/* `ktlsim flows`: list the flows of a capture.  An exit status. */
int cli_flows(const struct cli_options *options);
#endif
