/*
 * worker.c - the TLS worker in virtual time: begin - crypt - finish.
 *
 * worker_queue -> (cpu) worker_begin -> worker_done -> ... until the socket is
 * dry, then the next socket, until the queue is empty.  A step of the CPU is
 * one record: the bytes are decrypted when the step begins (nobody can see them
 * before it ends), and the plain record appears when its price has been spent.
 *
 * An unbound worker wakes on its home CPU if that is idle, else on the lowest
 * idle one, else at home (docs/model.md#worker-cpu).
 */
#include "sim/worker.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "engine/ktls_session.h"
#include "sim/cost.h"
#include "sim/pipeline.h"
#include "sim/reader.h"
#include "sim/record.h"
#include "sim/run.h"

static struct worker *
worker_of(struct cpu_task *task)
{
	return (struct worker *)((char *)task - offsetof(struct worker, task));
}

/* The price of decrypting: by cipher, key and MAC, per record and byte. */
static sim_time
crypt_price(struct host *host, const struct ktls_rx_job *job)
{
	const struct ktls_session *session = job->session;
	uint32_t overhead = session->framing.hlen;
	enum cost_id record, byte;
	bool priced = cost_of_cipher(&session->params, &record, &byte);
	uint32_t bytes;

	assert(priced); /* whoever made the session has asked */
	/* MAC and padding of CBC are decrypted like the rest. */
	if (session->params.cipher != TLS_CIPHER_AES_CBC)
		overhead += TLS_TAG_BYTES;
	bytes = job->wire_len > overhead ? job->wire_len - overhead : 0;
	return price(host, record) + price_bytes(host, byte, bytes);
}

/* Locks and bookkeeping around the decryption of one record. */
static sim_time
record_price(struct worker *worker, struct endpoint *ep, sim_time now)
{
	struct host *host = worker->host;
	sim_time begin_hold = price(host, COST_LOCK_BEGIN);
	sim_time finish_hold = price(host, COST_LOCK_FINISH);
	sim_time cost;

	cost = lock_acquire(&ep->lock, &host->lock[HOST_LOCK_BEGIN], now,
			    begin_hold) +
	       begin_hold;
	cost += crypt_price(host, &worker->job);
	cost += price(host, COST_RECORD_DELIVER);
	cost += lock_acquire(&ep->lock, &host->lock[HOST_LOCK_FINISH],
			     now + cost, finish_hold) +
		finish_hold;
	return cost;
}

/* The next socket of the queue, if the worker has none in work. */
static bool
worker_take_socket(struct worker *worker, sim_time now)
{
	struct socket *so;

	if (worker->current != NULL)
		return true;
	so = workq_get(&worker->wq);
	if (so == NULL)
		return false;
	worker->current = endpoint_of_socket(so);
	worker->dropped = false;
	qstat_leave(&worker->waiting, now, worker->current->queued_ps);
	return true;
}

static sim_time
worker_begin(struct cpu_task *task, sim_time now)
{
	struct worker *worker = worker_of(task);
	enum ktls_rx_verdict verdict;

	worker->has_job = false;
	worker->last = task->cpu;
	if (!worker_take_socket(worker, now))
		return 0;
	verdict = record_begin(worker->current, &worker->job, &worker->ktls,
			       &worker->stamp, now);
	worker->dropped = verdict == KTLS_RX_DROPPED;
	if (verdict != KTLS_RX_RECORD)
		return 0;
	ktls_rx_crypt(&worker->job);
	worker->has_job = true;
	worker->records++;
	return record_price(worker, worker->current, now);
}

/* The socket ran dry, or is gone: give it back. */
static void
worker_end_pass(struct worker *worker, sim_time now)
{
	struct endpoint *ep = worker->current;
	if (ep == NULL)
		return;
	worker->current = NULL;
	worker->ktls.sw_rx_inqueue--;
	if (!worker->dropped)
		endpoint_end_pass(ep, now);
	so_rele(&ep->so);
}

static bool
worker_done(struct cpu_task *task, sim_time now)
{
	struct worker *worker = worker_of(task);

	if (worker->has_job) {
		record_finish(worker->current, &worker->job, &worker->ktls,
			      &worker->stamp, now);
		worker->has_job = false;
		if (ktls_rx_ready(&worker->current->so))
			return true;
	}
	worker_end_pass(worker, now);
	worker->wq.running = worker->wq.so_head != NULL;
	return worker->wq.running;
}

void
worker_init(struct worker *worker, struct host *host, uint32_t id)
{
	memset(worker, 0, sizeof(*worker));
	worker->host = host;
	worker->id = id;
	worker->home = &host->cpu[id % host->cpus];
	worker->task = (struct cpu_task){
	    .class = CPU_WORKER, .begin = worker_begin, .done = worker_done};
	workq_init(&worker->wq);
	qstat_init(&worker->waiting);
	qstat_keep_waits(&worker->waiting);
}

void
worker_fini(struct worker *worker)
{
	struct socket *so;

	if (worker->has_job)
		ktls_rx_abandon(&worker->current->so, &worker->job);
	if (worker->current != NULL)
		so_rele(&worker->current->so);
	while ((so = workq_get(&worker->wq)) != NULL)
		so_rele(so);
	qstat_fini(&worker->waiting);
}

static struct cpu *
worker_cpu(const struct worker *worker)
{
	struct host *host = worker->host;

	if (host->sim->config.ktls_bind == BIND_CPU ||
	    cpu_is_idle(worker->home))
		return worker->home;
	for (uint32_t i = 0; i < host->cpus; i++)
		if (cpu_is_idle(&host->cpu[i]))
			return &host->cpu[i];
	return worker->home;
}

void
worker_queue(struct endpoint *ep, sim_time now)
{
	struct worker *worker = ep->worker;
	struct host *host = worker->host;
	bool asleep = workq_put(&worker->wq, &ep->so);
	sim_time extra = price(host, COST_WORKER_ENQUEUE);
	struct cpu *cpu;

	worker->ktls.sw_rx_inqueue++;
	ep->queued_ps = now;
	qstat_enter(&worker->waiting, now);
	if (!asleep) {
		worker->task.extra_ps += extra;
		return;
	}
	cpu = worker_cpu(worker);
	extra += price(host, COST_WORKER_WAKEUP);
	if (worker->last != NULL && worker->last != cpu)
		extra += price(host, COST_MIGRATION);
	cpu_wake(cpu, &worker->task, now, extra);
}

/* One pass over a followed socket: no time passes. */
static void
follow_work(struct endpoint *ep, sim_time now)
{
	struct ktls_rx_counters counters = {0};
	struct ktls_rx_job job;
	struct record_stamp stamp;
	enum ktls_rx_verdict verdict;

	while ((verdict = record_begin(ep, &job, &counters, &stamp, now)) ==
	       KTLS_RX_RECORD) {
		ktls_rx_crypt(&job);
		record_finish(ep, &job, &counters, &stamp, now);
	}
	if (verdict != KTLS_RX_DROPPED)
		endpoint_end_pass(ep, now);
}

void
endpoint_follow(struct endpoint *ep, sim_time now)
{
	assert(ep->host == NULL);
	if (ep->following)
		return;
	ep->following = true;
	while (ep->work_pending || ep->read_pending) {
		if (ep->work_pending) {
			ep->work_pending = false;
			follow_work(ep, now);
		}
		if (ep->read_pending) {
			ep->read_pending = false;
			reader_follow(ep, now);
		}
	}
	ep->following = false;
}
