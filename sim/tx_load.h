/*
 * tx_load.h - transmit work on the TLS workers: what it costs, and no bytes.
 *
 * Order of use: tx_load_start once for all hosts; a worker takes its records
 * with tx_queue_take, in front of the sockets of each batch, and charges
 * tx_load_price; a driver of events that would run until none is left asks
 * tx_load_only_left.  tx_queue_init and tx_queue_fini go with the worker.
 * Access: one thread.
 */
#ifndef SIM_TX_LOAD_H
#define SIM_TX_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/event.h"
#include "sim/qstat.h"

struct host;
struct ktlsim;

/* Records that wait for one worker: a ring of their arrivals. */
struct tx_queue {
	sim_time *entered_ps;
	uint32_t slots; /* a power of two, or 0 */
	uint32_t head;	/* oldest */
	uint32_t count;
	uint64_t served;      /* encrypted to the end */
	struct qstat waiting; /* until the worker turns to them */
};

void tx_queue_init(struct tx_queue *q);
void tx_queue_fini(struct tx_queue *q);

/* Returns 0 or ENOMEM. */
int tx_queue_put(struct tx_queue *q, sim_time now);

/* Take the oldest record; there is one. */
void tx_queue_take(struct tx_queue *q, sim_time now);

/* Little's law, with those inside found by a walk. */
bool tx_queue_accounts_hold(const struct tx_queue *q, sim_time now);

/* Begin the arrivals of every host, where ktls.tx_load asks for any. */
void tx_load_start(struct ktlsim *sim);

/* The price of encrypting one record, drawn anew. */
sim_time tx_load_price(struct host *host);

/*
 * No event is pending but arrivals of transmit work and workers that do such
 * work: nothing that was received is under way.
 */
bool tx_load_only_left(const struct ktlsim *sim);
#endif
