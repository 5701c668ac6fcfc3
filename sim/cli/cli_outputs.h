/*
 * cli_outputs.h - the files that a replay writes besides the text report.
 *
 * Order of use: cli_outputs_open, before the run, so that a wrong path is
 * found at once; cli_outputs_attach; the run; cli_outputs_report;
 * cli_outputs_close (also after a failed open).
 * The first failed write of all but the results is kept, and reported by
 * close.
 */
#ifndef SIM_CLI_CLI_OUTPUTS_H
#define SIM_CLI_CLI_OUTPUTS_H

#include <stdio.h>

struct cli_options;
struct cli_plaintext;
struct ktlsim;
struct results;

struct cli_outputs {
	const struct cli_options *options;
	FILE *json;			 /* NULL: none */
	FILE *records;			 /* NULL: none */
	struct cli_plaintext *plaintext; /* NULL: none */
	int records_error;		 /* errno of the first failed write */
	FILE *annotate, *trace;		 /* NULL: none */
	int annotate_error, trace_error; /* likewise */
	struct ktlsim *sim;		 /* that writes them, or NULL */
};

/* Open what the options name.  An exit status, after a message. */
int cli_outputs_open(struct cli_outputs *outputs,
		     const struct cli_options *options);

/*
 * Have all but the results written as the simulation runs.  An exit status,
 * after a message.
 */
int cli_outputs_attach(struct cli_outputs *outputs, struct ktlsim *sim);

/*
 * Write the results: JSON by print_json where it is wanted, and the text of
 * print_text where it is not replaced.  An exit status.
 */
int cli_outputs_report(struct cli_outputs *outputs,
		       const struct results *results,
		       int (*print_json)(FILE *, const struct results *),
		       void (*print_text)(FILE *, const struct results *));

/* Close all.  An exit status: a full disk is a failed run. */
int cli_outputs_close(struct cli_outputs *outputs);
#endif
