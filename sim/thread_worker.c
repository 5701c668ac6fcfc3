/*
 * thread_worker.c - a TLS worker that is a real thread.
 *
 * FreeBSD's ktls_work_thread(): sleep until the queue has a socket, take it,
 * and decrypt its records until none is complete.  A record is detached and
 * brought back under the socket's lock and decrypted without it.
 *
 * A wake-up is not lost: the queue is tested under the mutex under which it is
 * filled; `running` in engine/workq.h only saves signals to a worker that is
 * awake.
 */
#include "sim/thread_exec.h"

#include <errno.h>

#include "engine/aead.h"
#include "engine/mbuf.h"
#include "sim/pipeline.h"
#include "sim/record.h"

int
worker_thread_init(struct worker_thread *self, struct thread_exec *exec,
		   struct worker *worker)
{
	struct ktlsim *sim = exec->sim;

	self->exec = exec;
	self->worker = worker;
	self->pool = mbuf_pool_create_sibling(sim->pool);
	self->aead = aead_pool_create(sim->config.crypto_contexts);
	worker->aead = self->aead;
	if (self->pool == NULL || self->aead == NULL)
		return ENOMEM;
	return thread_bed_init(&self->bed);
}

void
worker_thread_fini(struct worker_thread *self)
{
	aead_pool_destroy(self->aead);
	thread_bed_fini(&self->bed);
}

void
worker_thread_queue(struct exec_endpoint *x)
{
	struct endpoint *ep = x->ep;
	struct worker *worker = ep->worker;
	struct worker_thread *self =
	    &x->exec->worker[ep->host - x->exec->sim->host][worker->id];
	bool asleep;

	x->working = true;
	thread_gate_enter(&x->exec->gate);
	pthread_mutex_lock(&self->bed.mutex);
	ep->queued_ps = thread_now(x->exec);
	worker->ktls.sw_rx_inqueue++;
	qstat_enter(&worker->waiting, ep->queued_ps);
	asleep = workq_put(&worker->wq, &ep->so);
	pthread_mutex_unlock(&self->bed.mutex);
	if (asleep)
		pthread_cond_signal(&self->bed.wake);
}

/* A run that has failed or ends takes no further steps. */
static bool
goes_on(const struct thread_exec *exec)
{
	return !atomic_load_explicit(&exec->stopping, memory_order_relaxed) &&
	       exec->sim->failure == 0;
}

/* Records until there is none.  The worker has the socket, but for crypt. */
static enum ktls_rx_verdict
take_records(struct worker_thread *self, struct exec_endpoint *x)
{
	struct worker *worker = self->worker;
	struct ktls_rx_job job;
	struct record_stamp stamp;
	sim_time now = thread_now(self->exec);
	uint32_t left = self->exec->sim->config.ktls_budget;
	enum ktls_rx_verdict verdict;

	while ((verdict = record_begin(x->ep, &job, &worker->ktls, &stamp,
				       now)) == KTLS_RX_RECORD) {
		socket_unlock(x);
		ktls_rx_crypt(&job);
		socket_lock(x, self->pool);
		now = thread_now(self->exec);
		record_finish(x->ep, &job, &worker->ktls, &stamp, now);
		worker->records++;
		worker->busy_ps += now - stamp.begin_ps;
		/* A budget of 0 is none: it wraps around. */
		if (--left == 0 || !goes_on(self->exec))
			break;
	}
	return verdict;
}

static void
take_socket(struct worker_thread *self, struct socket *so)
{
	struct endpoint *ep = endpoint_of_socket(so);
	struct exec_endpoint *x = ep->exec;
	enum ktls_rx_verdict verdict = KTLS_RX_NOMEM;

	socket_lock(x, self->pool);
	if (goes_on(self->exec))
		verdict = take_records(self, x);
	x->working = false;
	if (verdict != KTLS_RX_DROPPED && goes_on(self->exec))
		endpoint_end_pass(ep, thread_now(self->exec));
	so_rele(&ep->so);
	socket_unlock(x);
	thread_gate_leave(&self->exec->gate);
}

/* The next socket, or NULL at the end of the run.  With the mutex. */
static struct socket *
next_socket(struct worker_thread *self)
{
	struct thread_exec *exec = self->exec;
	struct worker *worker = self->worker;
	struct socket *so;

	for (;;) {
		if (atomic_load(&exec->stopping))
			return NULL;
		so = atomic_load(&exec->hold_workers) ? NULL
						      : workq_get(&worker->wq);
		if (so != NULL)
			break;
		pthread_cond_wait(&self->bed.wake, &self->bed.mutex);
	}
	qstat_leave(&worker->waiting, thread_now(exec),
		    endpoint_of_socket(so)->queued_ps);
	worker->ktls.sw_rx_inqueue--;
	return so;
}

static void *
worker_main(void *arg)
{
	struct worker_thread *self = arg;
	struct socket *so;

	pthread_mutex_lock(&self->bed.mutex);
	while ((so = next_socket(self)) != NULL) {
		pthread_mutex_unlock(&self->bed.mutex);
		take_socket(self, so);
		pthread_mutex_lock(&self->bed.mutex);
	}
	pthread_mutex_unlock(&self->bed.mutex);
	return NULL;
}

int
worker_thread_start(struct worker_thread *self)
{
	struct thread_exec *exec = self->exec;
	int error = thread_start(&self->thread, worker_main, self);

	self->started = error == 0;
	if (self->started && exec->sim->config.ktls_bind == BIND_CPU)
		exec->unbound += !thread_bind(self->thread, self->worker->id);
	return error;
}

bool
worker_thread_idle(struct worker_thread *self)
{
	bool idle;

	pthread_mutex_lock(&self->bed.mutex);
	idle = !self->worker->wq.running;
	pthread_mutex_unlock(&self->bed.mutex);
	return idle;
}

void
worker_thread_stop(struct worker_thread *self)
{
	if (!self->started)
		return;
	thread_bed_kick(&self->bed);
	pthread_join(self->thread, NULL);
	self->started = false;
}
