/*
 * tx_load.c - transmit work on the TLS workers: what it costs, and no bytes.
 *
 * FreeBSD's workers encrypt what is sent, too, and in every batch they do that
 * first: on a host that sends much, transmit work is the queue that a received
 * record waits in.  Here each host sends ktls.tx_load records per second of
 * ktls.tx_record_size bytes.  A record is one of a flow drawn at random, whose
 * number chooses the worker as that of a receiving flow does, so that the
 * workers' shares of Poisson arrivals are Poisson.
 *
 * exec_virtual.c starts the arrivals; worker.c puts records on its queue, takes
 * them and charges their price.  The thread that sends has paid for putting
 * them there.  Gaps, flows and prices are drawn from streams of their own: with
 * the load on, received records draw what they would without it.
 *
 * Arrivals go on for ever, so they do not keep a run alive: it ends when
 * nothing else is pending (tx_load_only_left), with what still waits counted as
 * inside.  On an overloaded host that would never be: no work comes any more
 * when the input has been over for as long as makes a run overloaded.  Left
 * out: everything about a sender but its use of the workers.
 */
#include "sim/tx_load.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/suite.h"
#include "sim/cost.h"
#include "sim/run.h"
#include "sim/worker.h"

/* Random streams: beyond every cost_id, and no other part's. */
enum {
	RNG_PURPOSE_TX_GAP = 1001,
	RNG_PURPOSE_TX_FLOW = 1002,
};

enum { RING_SLOTS_MIN = 64 };

#define PS_PER_SECOND UINT64_C(1000000000000)

/* After the last arrival of the input: 10 ms, and a 20th of its length. */
#define LINGER_PS UINT64_C(10000000000)
enum { LINGER_SHARE = 20 };

void
tx_queue_init(struct tx_queue *q)
{
	memset(q, 0, sizeof(*q));
	qstat_init(&q->waiting);
}

void
tx_queue_fini(struct tx_queue *q)
{
	free(q->entered_ps);
	qstat_fini(&q->waiting);
}

/* A ring twice as large, the oldest first.  Returns 0 or ENOMEM. */
static int
ring_grow(struct tx_queue *q)
{
	uint32_t slots = q->slots == 0 ? RING_SLOTS_MIN : q->slots * 2;
	sim_time *ring;

	if (slots < q->slots)
		return ENOMEM;
	ring = calloc(slots, sizeof(*ring));
	if (ring == NULL)
		return ENOMEM;
	for (uint32_t i = 0; i < q->count; i++)
		ring[i] = q->entered_ps[(q->head + i) & (q->slots - 1)];
	free(q->entered_ps);
	q->entered_ps = ring;
	q->slots = slots;
	q->head = 0;
	return 0;
}

int
tx_queue_put(struct tx_queue *q, sim_time now)
{
	if (q->count == q->slots && ring_grow(q) != 0)
		return ENOMEM;
	q->entered_ps[(q->head + q->count++) & (q->slots - 1)] = now;
	qstat_enter(&q->waiting, now);
	return 0;
}

void
tx_queue_take(struct tx_queue *q, sim_time now)
{
	assert(q->count > 0);
	qstat_leave(&q->waiting, now, q->entered_ps[q->head]);
	q->head = (q->head + 1) & (q->slots - 1);
	q->count--;
}

bool
tx_queue_accounts_hold(const struct tx_queue *q, sim_time now)
{
	unsigned __int128 entries = 0;

	for (uint32_t i = 0; i < q->count; i++)
		entries += q->entered_ps[(q->head + i) & (q->slots - 1)];
	return qstat_littles_law_inside(&q->waiting, now, q->count, entries);
}

sim_time
tx_load_price(struct host *host)
{
	const struct config *config = &host->sim->config;
	const struct tls_suite *suite =
	    tls_suite_find(config->ktls_assumed_suite);
	enum cost_id record, byte;
	struct ktls_key key;
	bool priced;

	ktls_key_init(&key, suite->tls13 ? TLS_1_3 : TLS_1_2, suite,
		      config->engine_suites);
	priced = cost_of_cipher(&key, &record, &byte);
	assert(priced); /* config_finish has asked */
	return price_tx(host, record) +
	       price_tx(host, byte) * config->ktls_tx_record_bytes;
}

static event_handler tx_arrival;

static void
schedule_arrival(struct host *host, sim_time now)
{
	const struct config *config = &host->sim->config;
	const struct variate gap = {
	    .kind = config->ktls_tx_arrivals == TX_ARRIVALS_CONSTANT
			? VARIATE_CONSTANT
			: VARIATE_EXPONENTIAL,
	    .a = PS_PER_SECOND / config->ktls_tx_load,
	};

	run_event(host->sim,
		  now + variate_draw(
			    &gap, rng_u64(config->run_seed, RNG_PURPOSE_TX_GAP,
					  host->index, host->tx_arrivals)),
		  EVENT_INTERNAL, tx_arrival, host, 0);
}

static bool
load_is_over(const struct ktlsim *sim, sim_time now)
{
	sim_time input = sim->last_arrival_ps;

	return sim->draining && now > input + LINGER_PS + input / LINGER_SHARE;
}

static void
tx_arrival(void *object, uint64_t argument, sim_time now)
{
	struct host *host = object;
	uint64_t flow = rng_u64(host->sim->config.run_seed, RNG_PURPOSE_TX_FLOW,
				host->index, host->tx_arrivals++);

	(void)argument;
	if (!load_is_over(host->sim, now))
		worker_queue_tx(&host->worker[flow % host->workers], now);
	schedule_arrival(host, now);
}

void
tx_load_start(struct ktlsim *sim)
{
	if (sim->config.ktls_tx_load == 0)
		return;
	for (unsigned i = 0; i < sim->host_count; i++)
		schedule_arrival(&sim->host[i], 0);
}

/* True for a worker that has no socket in work or waiting. */
static bool
task_only_sends(const struct cpu_task *task)
{
	const struct worker *worker;

	if (task->class != CPU_WORKER)
		return false;
	worker = worker_of_task(task);
	return worker->current == NULL && worker->wq.so_head == NULL;
}

static bool
cpu_only_sends(const struct cpu *cpu)
{
	if (cpu->running != NULL && !task_only_sends(cpu->running))
		return false;
	for (int class = 0; class < CPU_CLASS_COUNT; class ++)
		for (const struct cpu_task *t = cpu->head[class]; t != NULL;
		     t = t->next)
			if (!task_only_sends(t))
				return false;
	return true;
}

bool
tx_load_only_left(const struct ktlsim *sim)
{
	size_t pending = event_pending(sim->events);
	size_t own = sim->host_count; /* their next arrivals */

	/* The usual case: more than arrivals and busy CPUs can account for. */
	if (pending > own * (1 + (size_t)sim->config.host_cpus))
		return false;
	for (unsigned i = 0; i < sim->host_count; i++) {
		const struct host *host = &sim->host[i];

		for (uint32_t c = 0; c < host->cpus; c++) {
			if (!cpu_only_sends(&host->cpu[c]))
				return false;
			own += host->cpu[c].running != NULL;
		}
	}
	return pending == own;
}
