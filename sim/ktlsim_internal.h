/*
 * ktlsim_internal.h - what the command line may ask beyond the public API.
 *
 * Not installed.  Order of use as in ktlsim.h; ktlsim_results is valid after
 * ktlsim_finish.
 */
#ifndef SIM_KTLSIM_INTERNAL_H
#define SIM_KTLSIM_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/config.h"

struct ktlsim;
struct results;
struct results_scenario;

/* The public configuration object is the table itself. */
struct ktlsim_config {
	struct config config;
};

const struct config *ktlsim_config_view(const struct ktlsim_config *config);

/* What the caller knows of its input; before ktlsim_finish. */
void ktlsim_set_input(struct ktlsim *sim, const char *status, uint64_t frames,
		      double wall_s, bool partial);

/* A line for the reader of the report; before ktlsim_finish. */
void ktlsim_add_note(struct ktlsim *sim, const char *text);

/*
 * Write a pcapng of what the hosts receive, or a trace of what they do, to a
 * borrowed stream until ktlsim_finish; before the first frame, and once.  0;
 * ENOTSUP with the executor of threads; ENOMEM.
 */
int ktlsim_annotate_to(struct ktlsim *sim, FILE *out);
int ktlsim_trace_to(struct ktlsim *sim, FILE *out);

/* The errno of the first write to it that failed, or 0. */
int ktlsim_annotate_error(const struct ktlsim *sim);
int ktlsim_trace_error(const struct ktlsim *sim);

/* Frames that were injected, or that senders of its own have sent. */
uint64_t ktlsim_frames(const struct ktlsim *sim);

/* Which run of a scenario this is: borrowed; before ktlsim_finish. */
void ktlsim_set_scenario(struct ktlsim *sim,
			 const struct results_scenario *scenario);

/* NULL before ktlsim_finish. */
const struct results *ktlsim_results(struct ktlsim *sim);
#endif
