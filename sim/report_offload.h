/*
 * report_offload.h - what inline TLS has done, for people and in JSON.
 *
 * Parts of report_host.c, report_flow.c and report_json.c.
 */
#ifndef SIM_REPORT_OFFLOAD_H
#define SIM_REPORT_OFFLOAD_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/event.h"

struct json_out;
struct results_host;
struct results_offload;
struct results_split;

/* The section of one host; 80 columns. */
void report_offload_text(FILE *out, const struct results_host *host);

/* The lines below those of one direction of a flow: report_context.c. */
void report_context_text(FILE *out, const struct results_offload *offload);

/* Records and bytes by who decrypted them, a line each after `margin`. */
void report_split_text(FILE *out, const char *margin,
		       const struct results_split *split);

/* How often sync was lost, and how that ended: one sentence. */
struct report_losses {
	uint64_t episodes, closed, again;
	double mean_ns;
	sim_time max_ps;
};

void report_losses_text(FILE *out, const char *margin,
			const struct report_losses *losses);

/* flows[].<direction>.offload: times, split, timeline, episodes. */
json_t *report_offload_direction(struct json_out *out,
				 const struct results_offload *offload);

/* Records and bytes by full, partial and none, into an object. */
void report_offload_put_split(struct json_out *out, json_t *object,
			      const struct results_split *split);

/* hosts[].tls, what a host with nic.tls has on top. */
void report_offload_put_host(struct json_out *out, json_t *tls,
			     const struct results_host *host);
#endif
