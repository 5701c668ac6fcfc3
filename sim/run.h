/*
 * run.h - one simulation: what its parts share.
 *
 * Internal to sim/.  A simulation owns two hosts at most, the connections, and
 * the pools that both draw from; hosts share no modelled resource.  Who writes
 * what:
 *   ingress.c   frames in: parse, flow, cut into segments
 *   pipeline.c  the spine: arrival -> nic -> ring -> cpu -> tcp -> socket
 *   rx_driver.c the driver's polling, merging and moderation of a queue
 *   record.c    one record through a TLS worker
 *   reader.c    the application and its TLS library
 *   exec.h      who runs these, and when: in virtual time or on threads
 *   collect.c   results out; invariant.c checks the books
 */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/config.h"
#include "sim/conn.h"
#include "sim/digest.h"
#include "sim/event.h"
#include "sim/exec.h"
#include "sim/host.h"
#include "sim/ktlsim.h"
#include "sim/results.h"

enum { HOSTS_MAX = 2, NOTES_MAX = 64 };

struct annotate;
struct feed;
struct thread_exec;
struct trace_tap;

struct ktlsim {
	struct config config;
	struct engine_policy policy; /* of every socket; follows from config */
	const struct exec_ops *exec;
	struct feed *feed;	     /* modelled senders, or NULL */
	struct thread_exec *threads; /* of the thread executor, or NULL */
	struct event_queue *events;
	struct mbuf_pool *pool;
	struct aead_pool *aead;
	struct keylog *keylog; /* NULL: no keys were given */
	struct flow_table *flows;
	struct ipfrag *ipfrag;
	struct conn **conn; /* by flow id */
	uint32_t conn_count;
	uint32_t conn_slots;
	struct host host[HOSTS_MAX];
	unsigned host_count;
	struct digest digest;
	sim_time now;
	sim_time last_arrival_ps; /* of the input */
	sim_time ahead_ps; /* a last bit that was taken ahead of its time */
	uint64_t events_run;
	_Atomic int failure; /* ENOMEM: memory was short, the run is void */
	ktlsim_deliver_fn *deliver_fn;
	void *deliver_arg;
	ktlsim_data_fn *data_fn;
	void *data_arg;
	struct input_counts input;
	uint8_t *scratch; /* HANDSHAKE_PEEK_BYTES for contiguous reads */
	char notes[NOTES_MAX][RESULTS_TEXT_BYTES];
	size_t note_count;
	struct annotate *annotate; /* --annotate, or NULL */
	struct trace_tap *tap;	   /* --trace, or NULL */
	char input_status[16];
	uint64_t input_frames;
	const struct results_scenario *scenario; /* NULL: of none */
	double wall_s;
	bool partial;
	bool running;  /* inside ktlsim_run_until */
	bool draining; /* ... and until nothing is left to do */
	bool finished;
	struct results results; /* with `finished` */
};

/* Draw a price: picoseconds, or picoseconds per byte. */
sim_time price_draw(struct host *host, enum cost_id id);

/* The usual price is a constant, and this is asked several times a segment. */
static inline sim_time
price(struct host *host, enum cost_id id)
{
	const struct variate *cost = &host->sim->config.cost[id];

	return cost->kind == VARIATE_CONSTANT ? cost->a : price_draw(host, id);
}

/* Draw a price per byte and multiply. */
sim_time price_bytes(struct host *host, enum cost_id id, uint64_t bytes);

/* The same for transmit work, from streams of its own. */
sim_time price_tx(struct host *host, enum cost_id id);

/* Schedule, or record that memory is short. */
event_id run_event(struct ktlsim *sim, sim_time time, enum event_class class,
		   event_handler *handler, void *object, uint64_t argument);

/* Keep the first failure of a run.  Any thread may call it. */
void run_fail(struct ktlsim *sim, int error);

/* Add a note for the reader of the report; more than NOTES_MAX are dropped. */
void run_note(struct ktlsim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
#endif
