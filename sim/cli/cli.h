/*
 * cli.h - what the parts of the command line share: exit statuses, messages.
 *
 * Reports go to standard output, everything else to standard error.  These
 * functions print, so they belong to the program, never to the library.
 */
#ifndef SIM_CLI_CLI_H
#define SIM_CLI_CLI_H

enum {
	CLI_OK = 0,
	CLI_FAILED = 1, /* input not read to its end, run or invariant failed,
			   interrupted */
	CLI_USAGE = 2,	/* usage or configuration error */
};

enum cli_level { CLI_ERROR, CLI_WARN, CLI_INFO, CLI_DEBUG };

/* Messages above the level are not printed.  At the start: CLI_WARN. */
void cli_level_set(enum cli_level level);

/* "ktlsim: ..." with "warning: " and the like, and a newline. */
void cli_message(enum cli_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The status that says more: failed goes before usage, usage before ok. */
int cli_worse(int left, int right);
#endif
