/*
 * thread_reader.c - a thread of the application: the readers of many sockets.
 *
 * All readers of a connection run on one thread, so that the TLS libraries of
 * both ends, which share the handshake, never meet another thread.  A socket
 * joins the thread's list when there is news for its reader, and leaves it when
 * a turn has found no more.  Application bytes are copied out under the
 * socket's lock, and hashed and handed to the user without it.
 *
 * Unlike FreeBSD, a reader is woken only where it will find something: a
 * futile wake-up costs a real context switch here.
 */
#include "sim/thread_exec.h"

#include <errno.h>
#include <stdlib.h>

#include "engine/aead.h"
#include "engine/mbuf.h"
#include "sim/reader.h"
#include "sim/worker.h"
#include "traces/handshake.h"

enum { TURNS_MAX = 16 }; /* of one reader, before others have theirs */

int
reader_thread_init(struct reader_thread *self, struct thread_exec *exec)
{
	struct ktlsim *sim = exec->sim;

	self->exec = exec;
	for (int h = 0; h < HOSTS_MAX; h++)
		stage_stats_init(&self->books[h].stages);
	self->pool = mbuf_pool_create_sibling(sim->pool);
	self->aead = aead_pool_create(sim->config.crypto_contexts);
	self->scratch = malloc(HANDSHAKE_PEEK_BYTES);
	if (self->pool == NULL || self->aead == NULL || self->scratch == NULL)
		return ENOMEM;
	return thread_bed_init(&self->bed);
}

void
reader_thread_fini(struct reader_thread *self)
{
	for (int h = 0; h < HOSTS_MAX; h++)
		stage_stats_fini(&self->books[h].stages);
	aead_pool_destroy(self->aead);
	free(self->scratch);
	thread_bed_fini(&self->bed);
}

static void
list_put(struct reader_thread *self, struct exec_endpoint *x)
{
	bool first;

	pthread_mutex_lock(&self->bed.mutex);
	x->next = NULL;
	first = self->tail == NULL;
	if (first)
		self->head = x;
	else
		self->tail->next = x;
	self->tail = x;
	pthread_mutex_unlock(&self->bed.mutex);
	if (first)
		pthread_cond_signal(&self->bed.wake);
}

void
reader_thread_queue(struct exec_endpoint *x)
{
	if (x->reading)
		return;
	x->reading = true;
	thread_gate_enter(&x->exec->gate);
	list_put(x->reader, x);
}

/* A followed direction is decrypted and read at once, and costs nobody. */
static bool
follow(struct reader_thread *self, struct exec_endpoint *x)
{
	struct endpoint *ep = x->ep;

	sockets_lock(ep->conn, self->pool);
	endpoint_follow(ep, thread_now(self->exec));
	x->reading = false;
	sockets_unlock(ep->conn);
	return false;
}

/* The socket, and that of the peer where the reader may touch it. */
static bool
lock_what_it_needs(struct reader_thread *self, struct exec_endpoint *x)
{
	bool both = reader_meets_peer(x->ep);

	if (both)
		sockets_lock(x->ep->conn, self->pool);
	else
		socket_lock(x, self->pool);
	return both;
}

static void
unlock(struct exec_endpoint *x, bool both)
{
	if (both)
		sockets_unlock(x->ep->conn);
	else
		socket_unlock(x);
}

/* One turn.  Returns whether there is news for another. */
static bool
take_turn(struct reader_thread *self, struct exec_endpoint *x)
{
	struct endpoint *ep = x->ep;
	bool both = lock_what_it_needs(self, x);
	bool more;

	reader_begin(ep, thread_now(self->exec));
	unlock(x, both);
	reader_copy_out(ep);
	both = lock_what_it_needs(self, x);
	reader_done(ep, thread_now(self->exec));
	/* Once `reading` is false and the socket is free, x may be queued. */
	more = reader_has_news(ep);
	x->reading = more;
	unlock(x, both);
	return more;
}

static void
take_turns(struct reader_thread *self, struct exec_endpoint *x)
{
	bool more = true;

	if (x->ep->host == NULL)
		more = follow(self, x);
	for (int i = 0; more && i < TURNS_MAX; i++)
		more = take_turn(self, x);
	if (more)
		list_put(self, x);
	else
		thread_gate_leave(&self->exec->gate);
}

/* The next reader, or NULL at the end of the run.  With the mutex. */
static struct exec_endpoint *
next_reader(struct reader_thread *self)
{
	struct thread_exec *exec = self->exec;
	struct exec_endpoint *x;

	while (!atomic_load(&exec->stopping) &&
	       (self->head == NULL || atomic_load(&exec->hold_readers)))
		pthread_cond_wait(&self->bed.wake, &self->bed.mutex);
	if (atomic_load(&exec->stopping))
		return NULL;
	x = self->head;
	self->head = x->next;
	if (self->head == NULL)
		self->tail = NULL;
	return x;
}

static void *
reader_main(void *arg)
{
	struct reader_thread *self = arg;
	struct exec_endpoint *x;

	pthread_mutex_lock(&self->bed.mutex);
	while ((x = next_reader(self)) != NULL) {
		pthread_mutex_unlock(&self->bed.mutex);
		take_turns(self, x);
		pthread_mutex_lock(&self->bed.mutex);
	}
	pthread_mutex_unlock(&self->bed.mutex);
	return NULL;
}

int
reader_thread_start(struct reader_thread *self)
{
	int error = thread_start(&self->thread, reader_main, self);

	self->started = error == 0;
	return error;
}

void
reader_thread_stop(struct reader_thread *self)
{
	if (!self->started)
		return;
	thread_bed_kick(&self->bed);
	pthread_join(self->thread, NULL);
	self->started = false;
}
