/*
 * cli_summary.h - several runs in one table.
 *
 * Order of use: a zeroed object; { cli_summary_add }*; cli_summary_print;
 * cli_summary_fini.
 */
#ifndef SIM_CLI_CLI_SUMMARY_H
#define SIM_CLI_CLI_SUMMARY_H

#include <stddef.h>
#include <stdio.h>

struct results;

struct cli_summary {
	char **line; /* one per host of a run */
	size_t count;
};

/* Note a run that has a scenario.  Short of memory, it is left out. */
void cli_summary_add(struct cli_summary *summary,
		     const struct results *results);
void cli_summary_print(FILE *out, const struct cli_summary *summary);
void cli_summary_fini(struct cli_summary *summary);
#endif
