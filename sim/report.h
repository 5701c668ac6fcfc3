/*
 * report.h - results out: text for people, JSON for programs.
 *
 * Pure functions of struct results; they write to a stream that the caller
 * owns.  JSON by the schemas ktlsim-result-1 and ktlsim-flows-1
 * (docs/architecture.md names them).
 */
#ifndef SIM_REPORT_H
#define SIM_REPORT_H

#include <stdio.h>

struct results;

/* Text, 80 columns, notes first.  verbose lists every flow and CPU. */
void report_text(FILE *out, const struct results *results, int verbose);

/* One JSON object and a newline.  Returns 0, ENOMEM or EIO. */
int report_json(FILE *out, const struct results *results);

/*
 * `ktlsim flows`: a table, or an object of schema ktlsim-flows-1: the flows
 * without what only a simulated host gives them.
 */
void report_flows_text(FILE *out, const struct results *results);
int report_flows_json(FILE *out, const struct results *results);
#endif
