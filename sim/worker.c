/*
 * worker.c - the TLS worker in virtual time: begin - crypt - finish.
 *
 * worker_queue -> (cpu) worker_begin -> worker_done -> ... until the socket is
 * dry (or has had ktls.budget records), then the next socket, until the queue
 * is empty.  A step of the CPU is one record: the bytes are decrypted when the
 * step begins (nobody can see them before it ends), and the plain record
 * appears when its price has been spent.
 *
 * Transmit work (tx_load.c) goes first in every batch, and is one record per
 * step, too.
 *
 * An unbound worker wakes on its home CPU if that is idle, else on the lowest
 * idle one, else at home (docs/model.md#worker-cpu).
 */
#include "sim/worker.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "engine/ktls_session.h"
#include "sim/cost.h"
#include "sim/pipeline.h"
#include "sim/reader.h"
#include "sim/record.h"
#include "sim/run.h"

struct worker *
worker_of_task(const struct cpu_task *task)
{
	return (struct worker *)((char *)task - offsetof(struct worker, task));
}

/*
 * What undoing the NIC's part of a mixed record costs on top: FreeBSD, a pass
 * of AES-CTR over the whole of it.  Linux decrypts the record once to get the
 * ciphertext back, from a copy, and copies that over what was marked.
 */
static sim_time
recrypt_price(struct host *host, const struct ktls_rx_job *job, sim_time crypt)
{
	bool small = job->session->params.key_len == 16;

	if (host->sim->config.ktls_decrypt_in == DECRYPT_IN_READER)
		return crypt + price_bytes(host, COST_COPY_BYTE,
					   job->wire_len + job->marked_len);
	return price(host, COST_RECRYPT_RECORD) +
	       price_bytes(host,
			   small ? COST_AES128_RECRYPT_BYTE
				 : COST_AES256_RECRYPT_BYTE,
			   job->wire_len);
}

/* The price of decrypting: by cipher, key and MAC, per record and byte. */
static sim_time
software_price(struct host *host, const struct ktls_rx_job *job)
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

/* What is left to do for a record that a NIC has seen. */
static sim_time
crypt_price(struct host *host, const struct ktls_rx_job *job)
{
	sim_time crypt;

	if (job->state == KTLS_MBUF_CRYPTO_ST_DECRYPTED)
		return 0;
	crypt = software_price(host, job);
	if (job->state == KTLS_MBUF_CRYPTO_ST_MIXED)
		crypt += recrypt_price(host, job, crypt);
	return crypt;
}

sim_time
worker_record_price(struct endpoint *ep, const struct ktls_rx_job *job,
		    sim_time now)
{
	struct host *host = ep->host;
	sim_time begin_hold = price(host, COST_LOCK_BEGIN);
	sim_time finish_hold = price(host, COST_LOCK_FINISH);
	sim_time cost;

	cost = lock_acquire(&ep->lock, &host->lock[HOST_LOCK_BEGIN], now,
			    begin_hold) +
	       begin_hold;
	cost += crypt_price(host, job);
	cost += price(host, COST_RECORD_DELIVER);
	cost += lock_acquire(&ep->lock, &host->lock[HOST_LOCK_FINISH],
			     now + cost, finish_hold) +
		finish_hold;
	return cost;
}

/*
 * FreeBSD's worker takes both its lists whole, does what is to be sent and then
 * the sockets, and only then looks again: what comes meanwhile waits.
 */
static void
worker_take_batch(struct worker *worker)
{
	if (worker->current != NULL || worker->batch_tx > 0 ||
	    worker->batch_so > 0)
		return;
	worker->batch_tx = worker->tx.count;
	worker->batch_so = worker->wq.depth;
}

/* The next record to be sent of the batch, unless a socket is in work. */
static bool
worker_take_tx(struct worker *worker, sim_time now)
{
	worker->sending = worker->current == NULL && worker->batch_tx > 0;
	if (!worker->sending)
		return false;
	worker->batch_tx--;
	tx_queue_take(&worker->tx, now);
	return true;
}

/* The next socket of the batch, if the worker has none in work. */
static bool
worker_take_socket(struct worker *worker, sim_time now)
{
	struct socket *so;

	if (worker->current != NULL)
		return true;
	so = workq_get(&worker->wq);
	if (so == NULL)
		return false;
	worker->batch_so--;
	worker->current = endpoint_of_socket(so);
	worker->dropped = false;
	worker->pass_records = 0;
	qstat_leave(&worker->waiting, now, worker->current->queued_ps);
	return true;
}

static sim_time
worker_begin(struct cpu_task *task, sim_time now)
{
	struct worker *worker = worker_of_task(task);
	enum ktls_rx_verdict verdict;

	worker->has_job = false;
	worker->last = task->cpu;
	worker_take_batch(worker);
	if (worker_take_tx(worker, now))
		return tx_load_price(worker->host);
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
	worker->pass_records++;
	return worker_record_price(worker->current, &worker->job, now);
}

/*
 * True where the pass goes on.  A pass that has used up its budget ends like
 * any other, and as a complete record waits, that puts the socket to the tail
 * of the queue.
 */
static bool
pass_goes_on(const struct worker *worker)
{
	uint32_t budget = worker->host->sim->config.ktls_budget;

	if (budget > 0 && worker->pass_records >= budget)
		return false;
	return ktls_rx_ready(&worker->current->so);
}

/* The socket ran dry, is gone or has had its turn: give it back. */
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
	struct worker *worker = worker_of_task(task);

	if (worker->has_job) {
		record_finish(worker->current, &worker->job, &worker->ktls,
			      &worker->stamp, now);
		worker->has_job = false;
		if (pass_goes_on(worker))
			return true;
	}
	worker->tx.served += worker->sending;
	worker_end_pass(worker, now);
	worker->wq.running = worker->wq.so_head != NULL || worker->tx.count > 0;
	return worker->wq.running;
}

static void
worker_label(const struct cpu_task *task, struct cpu_label *label)
{
	const struct worker *worker = worker_of_task(task);

	if (worker->sending)
		label->name = "encrypt";
	if (!worker->has_job)
		return;
	label->name = "record";
	label->arg[0].name = "flow";
	label->arg[0].value = worker->current->conn->flow->id;
	label->arg[1].name = "record";
	label->arg[1].value = worker->stamp.number;
}

void
worker_init(struct worker *worker, struct host *host, uint32_t id)
{
	memset(worker, 0, sizeof(*worker));
	worker->host = host;
	worker->id = id;
	worker->home = &host->cpu[id % host->cpus];
	worker->task = (struct cpu_task){.class = CPU_WORKER,
					 .begin = worker_begin,
					 .done = worker_done,
					 .label = worker_label};
	workq_init(&worker->wq);
	tx_queue_init(&worker->tx);
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
	tx_queue_fini(&worker->tx);
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

/* Wake a worker that sleeps; extra is spent before its next step. */
static void
worker_wake(struct worker *worker, sim_time extra, sim_time now)
{
	struct host *host = worker->host;
	struct cpu *cpu = worker_cpu(worker);

	extra += price(host, COST_WORKER_WAKEUP);
	if (worker->last != NULL && worker->last != cpu)
		extra += price(host, COST_MIGRATION);
	cpu_wake(cpu, &worker->task, now, extra);
}

void
worker_queue(struct endpoint *ep, sim_time now)
{
	struct worker *worker = ep->worker;
	bool asleep = workq_put(&worker->wq, &ep->so);
	sim_time extra = price(worker->host, COST_WORKER_ENQUEUE);

	worker->ktls.sw_rx_inqueue++;
	ep->queued_ps = now;
	qstat_enter(&worker->waiting, now);
	if (asleep)
		worker_wake(worker, extra, now);
	else
		worker->task.extra_ps += extra;
}

void
worker_queue_tx(struct worker *worker, sim_time now)
{
	bool asleep = !worker->wq.running;

	if (tx_queue_put(&worker->tx, now) != 0) {
		run_fail(worker->host->sim, ENOMEM);
		return;
	}
	worker->wq.running = true;
	if (asleep)
		worker_wake(worker, 0, now);
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
