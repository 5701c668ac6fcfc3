/*
 * worker.h - the TLS worker in virtual time: begin - crypt - finish.
 *
 * Order of use: worker_init; worker_queue for a socket whose engine said
 * ENGINE_QUEUE_WORK; the worker's CPU does the rest.  endpoint_follow does the
 * same work at no cost for a direction that no host is simulated for.
 * Mirrors: FreeBSD ktls_work_thread() and its wake-up protocol.
 */
#ifndef SIM_WORKER_H
#define SIM_WORKER_H

#include <stdint.h>

#include "sim/event.h"

struct cpu_task;
struct endpoint;
struct host;
struct ktls_rx_job;
struct worker;

void worker_init(struct worker *worker, struct host *host, uint32_t id);
void worker_fini(struct worker *worker);

/* Put a socket on its worker's queue, and wake the worker if it sleeps. */
void worker_queue(struct endpoint *ep, sim_time now);

/* A record of ktls.tx_load, whose sender has paid for this. */
void worker_queue_tx(struct worker *worker, sim_time now);

struct worker *worker_of_task(const struct cpu_task *task);

/*
 * The price of one record, from begin at `now` to finish: locks, decryption and
 * bookkeeping, whoever decrypts.
 */
sim_time worker_record_price(struct endpoint *ep, const struct ktls_rx_job *job,
			     sim_time now);

/* A followed direction: decrypt and read all there is, at once. */
void endpoint_follow(struct endpoint *ep, sim_time now);
#endif
