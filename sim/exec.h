/*
 * exec.h - the executors: who takes the engine's steps, and when.
 *
 * One set of steps (engine/, the stages in pipeline.c, record.c, reader.c) and
 * two executors, chosen at run time by run.executor:
 *   exec_virtual.c  events and prices; one thread, nothing ever waits
 *   exec_threads.c  real threads as TLS workers, readers and a feeder
 *
 * Obligations of an executor
 *   1. Around every step it holds what the step changes.  The thread executor:
 *        feeder   tcp_input, append, FIN       the socket
 *        worker   record_begin, record_finish,
 *                 ktls_rx_end_pass             the socket
 *                 ktls_rx_crypt                nothing
 *        reader   reader_begin, reader_done    the socket, and where the TLS
 *                                              libraries of both ends meet,
 *                                              both sockets
 *                 reader_copy_out              nothing
 *      The handshake, the readers of both ends, their hashes and histograms
 *      belong to the one thread that all readers of a connection run on; the
 *      TCP control block and the flow belong to the feeder.
 *   2. Lock order: socket of the client's stream -> socket of the server's
 *      stream -> one of { work queue, list of readers, gate, user's functions
 *      }.  These last are leaves: nothing is locked under them.
 *   3. It calls steps and acts on effects; it looks at no field of the engine.
 *   4. Prices come from cost.c only, and only in virtual time.
 *   5. Times are taken at the boundaries of stages, under the lock of the step
 *      that ends there.
 */
#ifndef SIM_EXEC_H
#define SIM_EXEC_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/event.h"

struct conn;
struct endpoint;
struct ktlsim;
struct mbuf;

struct exec_ops {
	const char *name;
	/* Prices, events and modelled CPUs mean something; a digest does. */
	bool virtual_time;

	/* The hosts are there; the first connection is not.  0 or errno. */
	int (*start)(struct ktlsim *sim);

	/* Take no further step, before anything is freed.  Twice is legal. */
	void (*stop)(struct ktlsim *sim);

	/* Free what it has, when hosts and connections are gone. */
	void (*fini)(struct ktlsim *sim);

	/* Lend a new connection what its readers work with.  0 or ENOMEM. */
	int (*attach)(struct conn *conn);
	void (*detach)(struct conn *conn);

	/*
	 * Segments of one frame (linked by m_nextpkt) arrive at `time`, which
	 * the thread executor does not wait for.  Takes ownership.
	 */
	void (*offer)(struct ktlsim *sim, struct mbuf *segments, sim_time time);

	/* Act on ENGINE_QUEUE_WORK and on ENGINE_WAKE_READER. */
	void (*queue_work)(struct endpoint *ep, sim_time now);
	void (*wake_reader)(struct endpoint *ep, sim_time now);

	/* Around each call of one of the user's functions. */
	void (*enter_user)(struct ktlsim *sim);
	void (*leave_user)(struct ktlsim *sim);

	/*
	 * Let all come to rest, so that the caller may take a step itself or
	 * change what steps read; returns the time of that step.
	 */
	sim_time (*rest)(struct ktlsim *sim);

	/* Time of the next event, or UINT64_MAX. */
	sim_time (*next_time)(const struct ktlsim *sim);

	/* Run events up to `time`; with UINT64_MAX, until all is done. */
	void (*run_until)(struct ktlsim *sim, sim_time time);

	/* Finish: all is done, sim->now is the run's end, the books are up. */
	int (*settle)(struct ktlsim *sim);

	/* Notes that tell how to read the times of this executor. */
	void (*describe)(struct ktlsim *sim);
};

extern const struct exec_ops exec_virtual_ops;
extern const struct exec_ops exec_threads_ops;
#endif
