/*
 * report_offload.h - what inline TLS has done, for people and in JSON.
 *
 * Parts of report_host.c and report_json.c.
 */
#ifndef SIM_REPORT_OFFLOAD_H
#define SIM_REPORT_OFFLOAD_H

#include <jansson.h>
#include <stdio.h>

struct json_out;
struct results_host;
struct results_offload;
struct results_split;

/* The section of one host; 80 columns. */
void report_offload_text(FILE *out, const struct results_host *host);

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
