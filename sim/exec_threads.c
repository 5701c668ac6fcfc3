/*
 * exec_threads.c - the executor of real threads and real time.
 *
 * Threads: per host ktls.workers TLS workers (thread_worker.c), run.readers
 * threads of the application (thread_reader.c), and the thread that calls the
 * library, which is the feeder: it parses frames, runs TCP and appends.
 * What is locked around which step, and in which order: sim/exec.h.
 *
 * Segments are taken as they come: what the capture tells of time is not waited
 * for, and NIC, link, interrupts and prices have no part in it.  The feeder
 * waits where a socket holds much (run.backlog) or many are at work, so that
 * memory stays flat.  The stages have the boundaries that virtual time gives
 * them, from CLOCK_MONOTONIC.
 *
 * Left out: app.think_time and app.enable_delay, the receive window.
 */
#include "sim/exec.h"

#include <errno.h>
#include <stdlib.h>

#include "engine/mbuf.h"
#include "sim/pipeline.h"
#include "sim/reader.h"
#include "sim/thread_exec.h"

/* Sockets and readers at work above which the feeder waits. */
enum { ACTIVE_MAX = 256 };

static int
make_workers(struct thread_exec *exec, unsigned h)
{
	struct host *host = &exec->sim->host[h];
	int error = 0;

	exec->worker[h] = calloc(host->workers, sizeof(*exec->worker[h]));
	if (exec->worker[h] == NULL)
		return ENOMEM;
	for (uint32_t i = 0; error == 0 && i < host->workers; i++)
		error = worker_thread_init(&exec->worker[h][i], exec,
					   &host->worker[i]);
	return error;
}

static int
make_readers(struct thread_exec *exec)
{
	uint32_t readers = exec->sim->config.run_readers;
	int error = 0;

	exec->reader = calloc(readers, sizeof(*exec->reader));
	if (exec->reader == NULL)
		return ENOMEM;
	for (; error == 0 && exec->readers < readers; exec->readers++)
		error = reader_thread_init(&exec->reader[exec->readers], exec);
	return error;
}

static uint32_t
workers_of(const struct thread_exec *exec, unsigned h)
{
	return exec->worker[h] != NULL ? exec->sim->config.ktls_workers : 0;
}

/* All siblings of the mbuf pool exist before a thread uses one. */
static int
make_threads(struct thread_exec *exec)
{
	int error = make_readers(exec);

	for (unsigned h = 0; error == 0 && h < exec->sim->host_count; h++)
		error = make_workers(exec, h);
	for (uint32_t i = 0; error == 0 && i < exec->readers; i++)
		error = reader_thread_start(&exec->reader[i]);
	for (unsigned h = 0; h < exec->sim->host_count; h++)
		for (uint32_t i = 0; error == 0 && i < workers_of(exec, h); i++)
			error = worker_thread_start(&exec->worker[h][i]);
	return error;
}

static int
threads_start(struct ktlsim *sim)
{
	struct thread_exec *exec = calloc(1, sizeof(*exec));
	int error;

	if (exec == NULL)
		return ENOMEM;
	exec->sim = sim;
	error = thread_gate_init(&exec->gate);
	if (error == 0)
		error = pthread_cond_init(&exec->drained, NULL);
	if (error == 0)
		error = pthread_mutex_init(&exec->user, NULL);
	if (error != 0) {
		free(exec);
		return error;
	}
	sim->threads = exec;
	thread_clock_start(exec);
	return make_threads(exec);
}

/* Joins; more often than once does nothing. */
static void
threads_stop(struct ktlsim *sim)
{
	struct thread_exec *exec = sim->threads;

	if (exec == NULL)
		return;
	atomic_store(&exec->stopping, true);
	for (unsigned h = 0; h < HOSTS_MAX; h++)
		for (uint32_t i = 0; i < workers_of(exec, h); i++)
			worker_thread_stop(&exec->worker[h][i]);
	for (uint32_t i = 0; i < exec->readers; i++)
		reader_thread_stop(&exec->reader[i]);
}

static void
threads_fini(struct ktlsim *sim)
{
	struct thread_exec *exec = sim->threads;

	if (exec == NULL)
		return;
	for (unsigned h = 0; h < HOSTS_MAX; h++) {
		for (uint32_t i = 0; i < workers_of(exec, h); i++)
			worker_thread_fini(&exec->worker[h][i]);
		free(exec->worker[h]);
	}
	for (uint32_t i = 0; i < exec->readers; i++)
		reader_thread_fini(&exec->reader[i]);
	free(exec->reader);
	pthread_mutex_destroy(&exec->user);
	pthread_cond_destroy(&exec->drained);
	thread_gate_fini(&exec->gate);
	free(exec);
	sim->threads = NULL;
}

static int
attach_endpoint(struct endpoint *ep, struct reader_thread *reader)
{
	struct ktlsim *sim = ep->conn->sim;
	struct exec_endpoint *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return ENOMEM;
	if (pthread_mutex_init(&x->socket, NULL) != 0) {
		free(x);
		return ENOMEM;
	}
	x->ep = ep;
	x->exec = sim->threads;
	x->reader = reader;
	ep->exec = x;
	ep->reader.scratch = reader->scratch;
	ep->reader.gather = true;
	if (ep->host != NULL)
		ep->reader.books = &reader->books[ep->host - sim->host];
	return 0;
}

static int
threads_attach(struct conn *conn)
{
	struct thread_exec *exec = conn->sim->threads;
	struct reader_thread *reader =
	    &exec->reader[conn->flow->id % exec->readers];
	int error;

	conn->aead = reader->aead;
	error = attach_endpoint(&conn->endpoint[0], reader);
	if (error == 0)
		error = attach_endpoint(&conn->endpoint[1], reader);
	return error;
}

static void
threads_detach(struct conn *conn)
{
	for (int d = 0; d < 2; d++) {
		struct exec_endpoint *x = conn->endpoint[d].exec;

		if (x != NULL)
			pthread_mutex_destroy(&x->socket);
		free(x);
		conn->endpoint[d].exec = NULL;
	}
}

/* One segment from the wire into its socket: all stages up to there. */
static void
feed(struct thread_exec *exec, struct mbuf *m)
{
	struct conn *conn = conn_find(exec->sim, m->m_pkthdr.flow);
	struct endpoint *ep = &conn->endpoint[m->m_pkthdr.receiver];
	sim_time now = thread_now(exec);

	m->m_nextpkt = NULL;
	m->m_pkthdr.rcv_tstmp = now;
	m->m_pkthdr.visible_ps = now;
	if (ep->host != NULL)
		ep->host->segments.segments_in++;
	socket_lock(ep->exec, exec->sim->pool);
	endpoint_note_begin(ep, m);
	stage_tcp(ep, m, 1, now, thread_now(exec));
	socket_throttle(ep->exec);
	socket_unlock(ep->exec);
}

static void
threads_offer(struct ktlsim *sim, struct mbuf *segments, sim_time time)
{
	struct thread_exec *exec = sim->threads;
	struct mbuf *next;

	(void)time;
	for (struct mbuf *m = segments; m != NULL; m = next) {
		next = m->m_nextpkt;
		sim->events_run++;
		feed(exec, m);
	}
	if (atomic_load_explicit(&exec->gate.active, memory_order_relaxed) >
	    ACTIVE_MAX)
		thread_gate_wait(&exec->gate, ACTIVE_MAX / 2);
}

static void
threads_queue_work(struct endpoint *ep, sim_time now)
{
	(void)now;
	if (ep->host != NULL) {
		worker_thread_queue(ep->exec);
		return;
	}
	ep->work_pending = true;
	if (!ep->following)
		reader_thread_queue(ep->exec);
}

static void
threads_wake_reader(struct endpoint *ep, sim_time now)
{
	(void)now;
	if (ep->host == NULL) {
		ep->read_pending = true;
		if (!ep->following)
			reader_thread_queue(ep->exec);
	} else if (reader_has_news(ep)) {
		ep->reader.woken = true;
		reader_thread_queue(ep->exec);
	}
}

static void
threads_enter_user(struct ktlsim *sim)
{
	pthread_mutex_lock(&sim->threads->user);
}

static void
threads_leave_user(struct ktlsim *sim)
{
	pthread_mutex_unlock(&sim->threads->user);
}

static sim_time
threads_rest(struct ktlsim *sim)
{
	thread_gate_wait(&sim->threads->gate, 0);
	return thread_now(sim->threads);
}

static sim_time
threads_next_time(const struct ktlsim *sim)
{
	(void)sim;
	return UINT64_MAX;
}

static void
threads_run_until(struct ktlsim *sim, sim_time time)
{
	if (time == UINT64_MAX)
		thread_gate_wait(&sim->threads->gate, 0);
}

static int
merge_books(struct reader_books *books, const struct reader_books *from)
{
	books->app_bytes += from->app_bytes;
	books->wakeups_useful += from->wakeups_useful;
	books->wakeups_spurious += from->wakeups_spurious;
	return stage_stats_merge(&books->stages, &from->stages);
}

static int
threads_settle(struct ktlsim *sim)
{
	struct thread_exec *exec = sim->threads;
	int error = 0;

	thread_gate_wait(&exec->gate, 0);
	sim->now = thread_now(exec);
	threads_stop(sim);
	for (unsigned h = 0; h < sim->host_count; h++)
		for (uint32_t i = 0; error == 0 && i < exec->readers; i++)
			error = merge_books(&sim->host[h].books,
					    &exec->reader[i].books[h]);
	for (unsigned h = 0; h < sim->host_count; h++)
		for (uint32_t c = 0; c < sim->host[h].cpus; c++)
			cpu_settle(&sim->host[h].cpu[c], sim->now);
	return error != 0 ? error : sim->failure;
}

static void
threads_describe(struct ktlsim *sim)
{
	struct thread_exec *exec = sim->threads;

	run_note(sim,
		 "real threads: %u TLS workers per host, %u readers and a "
		 "feeder that does not wait for the capture's times",
		 sim->config.ktls_workers, exec->readers);
	run_note(sim,
		 "times are real and hold the noise of this machine; another "
		 "run gives others, and there is no digest");
	run_note(sim, "prices, NIC, link, interrupts, CPUs and lock times are "
		      "of virtual time only; busy cores are TLS workers'");
	if (exec->unbound > 0)
		run_note(sim, "%u workers could not be bound to a CPU",
			 exec->unbound);
}

void
exec_threads_hold(struct ktlsim *sim, bool workers, bool readers)
{
	struct thread_exec *exec = sim->threads;

	atomic_store(&exec->hold_workers, workers);
	atomic_store(&exec->hold_readers, readers);
	for (unsigned h = 0; h < HOSTS_MAX; h++)
		for (uint32_t i = 0; i < workers_of(exec, h); i++)
			thread_bed_kick(&exec->worker[h][i].bed);
	for (uint32_t i = 0; i < exec->readers; i++)
		thread_bed_kick(&exec->reader[i].bed);
}

const struct exec_ops exec_threads_ops = {
    .name = "threads",
    .virtual_time = false,
    .start = threads_start,
    .stop = threads_stop,
    .fini = threads_fini,
    .attach = threads_attach,
    .detach = threads_detach,
    .offer = threads_offer,
    .queue_work = threads_queue_work,
    .wake_reader = threads_wake_reader,
    .enter_user = threads_enter_user,
    .leave_user = threads_leave_user,
    .rest = threads_rest,
    .next_time = threads_next_time,
    .run_until = threads_run_until,
    .settle = threads_settle,
    .describe = threads_describe,
};
