/*
 * trace_tap.h - what of a run goes into its trace (--trace).
 *
 * Order of use: trace_tap_create, which asks CPUs and queues to tell it of what
 * they do; trace_tap_record and trace_tap_phase as things happen;
 * trace_tap_finish when the books are closed; trace_tap_destroy.
 * A simulation without a trace has a NULL pointer, and its callers ask for
 * that, but for trace_tap_phase.  Processes are hosts, threads their CPUs.  In
 * virtual time only.
 */
#ifndef SIM_TRACE_TAP_H
#define SIM_TRACE_TAP_H

#include <stdio.h>

#include "sim/event.h"

struct endpoint;
struct ktlsim;
struct offload_flow;
struct record_stamp;
struct trace_tap;

/* out is borrowed.  Returns 0 or ENOMEM. */
int trace_tap_create(struct trace_tap **tap, struct ktlsim *sim, FILE *out);

/* NULL is allowed. */
void trace_tap_destroy(struct trace_tap *tap);

/* A record's last byte was read by a host's reader, who had entered before. */
void trace_tap_record(struct trace_tap *tap, const struct endpoint *ep,
		      const struct record_stamp *record, sim_time entered_ps,
		      sim_time now);

/*
 * A flow's inline TLS may have changed its phase; cause: constant, or NULL.
 * The change goes to the flow's list of phases and, where the run has a trace,
 * into that.
 */
void trace_tap_phase(struct offload_flow *flow, const char *cause,
		     sim_time now);

/* Close what is open.  Returns the errno of the first failed write, or 0. */
int trace_tap_finish(struct trace_tap *tap);
int trace_tap_error(const struct trace_tap *tap);
#endif
