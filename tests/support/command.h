/*
 * command.h - the built program as a user runs it, for the tests.
 *
 * The program is the one that the environment variable KTLSIM names; the
 * Makefile sets it.  Order of use: command_present; command_run; look at the
 * fields; command_fini.
 */
#ifndef TESTS_SUPPORT_COMMAND_H
#define TESTS_SUPPORT_COMMAND_H

#include <stdbool.h>

enum { COMMAND_ARGUMENTS_MAX = 16 };

struct command {
	int status; /* exit status; 128 + number where a signal ended it */
	char *out;  /* standard output and error, NUL-terminated */
	char *err;
};

/* Whether there is a program to run; says so where there is none. */
bool command_present(void);

/*
 * Run the program with these arguments (without its name, up to NULL).  input:
 * path of standard input, or NULL for none.
 */
void command_run(struct command *command, const char *const *arguments,
		 const char *input);
void command_fini(struct command *command);
#endif
