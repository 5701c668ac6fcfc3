/*
 * report_internal.h - the parts of the text report, each in its own file.
 */
#ifndef SIM_REPORT_INTERNAL_H
#define SIM_REPORT_INTERNAL_H

#include <stdbool.h>
#include <stdio.h>

struct results;
struct results_host;

/* One host: stages, CPUs, queues, NIC, conservation.  report_host.c. */
void report_host_text(FILE *out, const struct results_host *host, bool verbose);

/* The flows of the whole report, the first 20 without verbose. */
void report_flow_section(FILE *out, const struct results *results,
			 bool verbose);
#endif
