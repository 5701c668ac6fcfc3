/*
 * cli_keylog.h - the key log file that the user names.
 */
#ifndef SIM_CLI_CLI_KEYLOG_H
#define SIM_CLI_CLI_KEYLOG_H

struct ktlsim;

/*
 * Read a key log and give it to the simulation, before secrets that the
 * capture embeds.  Warns of malformed lines, and of a log without a usable
 * one.  Returns an exit status, after a message.
 */
int cli_keylog_add(struct ktlsim *sim, const char *path);
#endif
