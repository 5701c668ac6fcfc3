/*
 * cli_notes.h - what a replay tells of damage: notes of the report, warnings.
 */
#ifndef SIM_CLI_CLI_NOTES_H
#define SIM_CLI_CLI_NOTES_H

struct cli_session;

/*
 * Say how the capture was read, and how the run ended: each as a note of the
 * report, and on standard error.  CLI_FAILED for a capture that could not be
 * read to its end and for an interrupted run.
 */
int cli_notes_input(const struct cli_session *session);

/*
 * After ktlsim_finish: warn of damage that the run found in packets, records
 * and flows.
 */
void cli_notes_warn(const struct cli_session *session);
#endif
