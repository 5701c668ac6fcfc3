/*
 * collect_offload.h - what inline TLS has done, as plain data.
 *
 * Parts of collect.c, called at the end of a run.
 */
#ifndef SIM_COLLECT_OFFLOAD_H
#define SIM_COLLECT_OFFLOAD_H

struct endpoint;
struct host;
struct results_direction;
struct results_host;

/* Counters that a host has with nic.tls or nic.pcie. */
enum { COLLECT_OFFLOAD_COUNTERS = 64 };

void collect_offload_counters(const struct host *host,
			      struct results_host *out);

/* The split of records, for every host; returns 0 or ENOMEM. */
int collect_offload_host(const struct host *host, struct results_host *out);

/* One endpoint's; returns 0 or ENOMEM. */
int collect_offload_direction(const struct endpoint *ep,
			      struct results_direction *out);
#endif
