/*
 * cli_options.h - the options of the commands, from one table.
 *
 * Order of use: cli_options_parse; the command; cli_options_fini (also after
 * a parse that ends the program).
 */
#ifndef SIM_CLI_CLI_OPTIONS_H
#define SIM_CLI_CLI_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "sim/cli/cli_progress.h"

struct ktlsim_config;
struct cli_options;

/* Bits of the commands, for the table of options. */
enum {
	CLI_REPLAY = 1,
	CLI_FLOWS = 2,
	CLI_RUN = 4,
};

struct cli_command {
	const char *name;
	const char *synopsis; /* arguments, after the name */
	const char *summary;  /* one line */
	unsigned bit;
	int (*run)(const struct cli_options *options); /* an exit status */
};

/* A key that the command line sets. */
struct cli_setting {
	char *key;
	const char *value;
};

struct cli_options {
	const char *capture;	   /* "-": standard input; not with run */
	const char *scenario;	   /* with run, as the next two */
	const char *configuration; /* or NULL: [General] */
	const char *runs;	   /* or NULL: all */
	const char *keylog;	   /* or NULL, as the next ones */
	const char *json;	   /* "-": standard output, replaces the text */
	const char *records;
	const char *plaintext;
	const char *annotate;
	const char *trace;
	enum cli_progress_mode progress;
	bool quiet;
	bool verbose;
	struct ktlsim_config *config; /* with the settings */
	struct cli_setting *settings; /* in the order of the words */
	size_t setting_count;
};

enum { CLI_GO_ON = -1 };

/*
 * Parse the arguments after the command's name (argv[0]).  Returns CLI_GO_ON,
 * or the exit status with which the program ends: help was printed, or what
 * is wrong was.
 */
int cli_options_parse(const struct cli_command *command, int argc, char **argv,
		      struct cli_options *options);
void cli_options_fini(struct cli_options *options);
#endif
