/*
 * record.h - one record through a TLS worker: begin and finish, with its stamp.
 *
 * Order of use, by whichever executor runs the worker:
 *   record_begin; where it says KTLS_RX_RECORD, ktls_rx_crypt; record_finish.
 * Access: both need the endpoint to themselves; ktls_rx_crypt needs the job.
 */
#ifndef SIM_RECORD_H
#define SIM_RECORD_H

#include "engine/ktls_rx.h"
#include "sim/event.h"

struct endpoint;
struct record_stamp;

/* A record or its header was refused. */
void record_count_error(struct endpoint *ep, int error);

/* Detach the next record at `now` and begin its stamp. */
enum ktls_rx_verdict record_begin(struct endpoint *ep, struct ktls_rx_job *job,
				  struct ktls_rx_counters *counters,
				  struct record_stamp *stamp, sim_time now);

/*
 * The stream of an endpoint has ended.  A record that is not whole, then or
 * when the worker has done the ones before it, is an error, and its bytes are
 * discarded (rule R7).
 */
void endpoint_eof(struct endpoint *ep, sim_time now);

/* The worker's pass over the endpoint's socket is over. */
void endpoint_end_pass(struct endpoint *ep, sim_time now);

/* Bring the record back at `now` and queue its stamp for the reader. */
void record_finish(struct endpoint *ep, struct ktls_rx_job *job,
		   struct ktls_rx_counters *counters,
		   struct record_stamp *stamp, sim_time now);
#endif
