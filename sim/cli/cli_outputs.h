/*
 * cli_outputs.h - the files that a replay writes besides the text report.
 *
 * Order of use: cli_outputs_open, before the run, so that a wrong path is
 * found at once; cli_outputs_attach; the run; cli_outputs_report;
 * cli_outputs_close (also after a failed open).  For several runs call
 * cli_outputs_several after open, and before each one cli_outputs_begin, after
 * it cli_outputs_end.
 * The first failed write of all but the results is kept, and reported by
 * close.
 */
#ifndef SIM_CLI_CLI_OUTPUTS_H
#define SIM_CLI_CLI_OUTPUTS_H

#include <stdbool.h>
#include <stdint.h>
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
	bool records_begun;		 /* the line of names is written */
	bool several;			 /* runs */
	uint64_t run;			 /* ... this one */
	uint64_t documents;		 /* written to json */
	char *run_dir;			 /* of its plaintext */
};

/* Open what the options name.  An exit status, after a message. */
int cli_outputs_open(struct cli_outputs *outputs,
		     const struct cli_options *options);

/*
 * Several runs share the files: JSON is an array of their documents, records
 * have the number of the run before all else, and plaintext has a directory of
 * its own, DIR/run-0003, for each.
 */
void cli_outputs_several(struct cli_outputs *outputs);
int cli_outputs_begin(struct cli_outputs *outputs, uint64_t run);
int cli_outputs_end(struct cli_outputs *outputs);

/* Would a file that the options name be written over one that is read? */
bool cli_outputs_overwrite(const struct cli_options *options, const char *path);

/* Among the options is --annotate or --trace: several runs cannot share it. */
bool cli_outputs_are_of_one_run(const struct cli_options *options);

/* The text report goes to standard output. */
bool cli_outputs_text(const struct cli_outputs *outputs);

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
