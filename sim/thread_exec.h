/*
 * thread_exec.h - the parts of the thread executor, which share one object.
 *
 * Internal to exec_threads.c and the files thread_*.c.  Locks and their order:
 * sim/exec.h.  Fields say which lock guards them; those of a thread without a
 * word belong to that thread, and to the feeder before it begins and after it
 * was joined.
 */
#ifndef SIM_THREAD_EXEC_H
#define SIM_THREAD_EXEC_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/host.h"
#include "sim/run.h"

struct aead_pool;
struct mbuf_pool;
struct socket;
struct thread_exec;

/*
 * How many sockets are queued to or in work by a worker, and readers in a list
 * or in a turn.  One thread, the feeder, may wait until they are few.
 */
struct thread_gate {
	pthread_mutex_t mutex;
	pthread_cond_t few;
	atomic_uint active;
	atomic_uint wanted; /* the feeder waits for fewer; 0: it does not */
};

/* A mutex, and what one thread sleeps on until there is work under it. */
struct thread_bed {
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool made;
};

/* What the executor adds to an endpoint. */
struct exec_endpoint {
	struct endpoint *ep;
	struct thread_exec *exec;
	struct reader_thread *reader; /* of both ends of the connection */
	struct exec_endpoint *next;   /* in its list, under that lock */
	pthread_mutex_t socket;	      /* the lock of ep */
	/* Under `socket`. */
	bool working;	/* queued to or in work by its worker */
	bool reading;	/* in its reader's list, or in a turn */
	bool throttled; /* the feeder waits for it to hold less */
};

/* One TLS worker: FreeBSD's ktls_work_thread(). */
struct worker_thread {
	pthread_t thread;
	struct thread_exec *exec;
	struct worker *worker;
	struct mbuf_pool *pool;
	struct aead_pool *aead; /* of the sessions that it serves */
	struct thread_bed bed;	/* wq->mtx: of worker->wq and ->waiting */
	bool started;
};

/* One thread of the application: readers of many connections. */
struct reader_thread {
	pthread_t thread;
	struct thread_exec *exec;
	struct mbuf_pool *pool;
	struct aead_pool *aead; /* of the TLS libraries of its connections */
	uint8_t *scratch;	/* HANDSHAKE_PEEK_BYTES */
	struct reader_books books[HOSTS_MAX];
	struct thread_bed bed;		   /* of the list */
	struct exec_endpoint *head, *tail; /* readers with news */
	bool started;
};

struct thread_exec {
	struct ktlsim *sim;
	uint64_t start_ns; /* of the run, on CLOCK_MONOTONIC */
	struct worker_thread *worker[HOSTS_MAX];
	struct reader_thread *reader;
	uint32_t readers;
	struct thread_gate gate;
	pthread_cond_t drained; /* with the socket that the feeder waits for */
	pthread_mutex_t user;	/* around the user's functions */
	atomic_bool stopping;	/* no further steps are taken */
	atomic_bool hold_workers, hold_readers;
	uint32_t unbound; /* workers that could not be bound to their CPU */
};

/* The run begins. */
void thread_clock_start(struct thread_exec *exec);

/* Picoseconds since the run began. */
sim_time thread_now(const struct thread_exec *exec);

/* Start a thread that takes no signals.  Returns 0 or an errno. */
int thread_start(pthread_t *thread, void *(*body)(void *), void *arg);

int thread_bed_init(struct thread_bed *bed);
void thread_bed_fini(struct thread_bed *bed);

/* Wake who sleeps, to look again whether it is held or to stop. */
void thread_bed_kick(struct thread_bed *bed);

/* Bind a thread to one of the CPUs it may use.  False: the system cannot. */
bool thread_bind(pthread_t thread, uint32_t index);

/*
 * Lock a socket for the thread whose pool is lent: steps draw mbufs from there.
 * Unlocking wakes the feeder where it waits for this socket.
 */
void socket_lock(struct exec_endpoint *x, struct mbuf_pool *pool);
void socket_unlock(struct exec_endpoint *x);

/* The sockets of both ends, in the order of locks. */
void sockets_lock(struct conn *conn, struct mbuf_pool *pool);
void sockets_unlock(struct conn *conn);

/*
 * Make the feeder wait while the socket holds more than run.backlog and a
 * worker or a reader is on it: else only more input could help.  The feeder has
 * the socket.
 */
void socket_throttle(struct exec_endpoint *x);

int thread_gate_init(struct thread_gate *gate);
void thread_gate_fini(struct thread_gate *gate);
void thread_gate_enter(struct thread_gate *gate);
void thread_gate_leave(struct thread_gate *gate);

/* Wait until at most `most` are active. */
void thread_gate_wait(struct thread_gate *gate, unsigned most);

/*
 * Init makes an object that fini takes down, whether or not it was started and
 * stopped.  Stop joins; it is called once `stopping` is set.  All return 0 or
 * an errno.
 */
int worker_thread_init(struct worker_thread *self, struct thread_exec *exec,
		       struct worker *worker);
void worker_thread_fini(struct worker_thread *self);
int worker_thread_start(struct worker_thread *self);
void worker_thread_stop(struct worker_thread *self);

/* Queue a hosted socket, which the caller has. */
void worker_thread_queue(struct exec_endpoint *x);

/* Asleep, with nothing to do. */
bool worker_thread_idle(struct worker_thread *self);

int reader_thread_init(struct reader_thread *self, struct thread_exec *exec);
void reader_thread_fini(struct reader_thread *self);
int reader_thread_start(struct reader_thread *self);
void reader_thread_stop(struct reader_thread *self);

/* Give a reader turns until it has no news.  The caller has its socket. */
void reader_thread_queue(struct exec_endpoint *x);

/*
 * For benches and tests: from now on workers or readers finish what they are at
 * and take no more, until they are let go.
 */
void exec_threads_hold(struct ktlsim *sim, bool workers, bool readers);
#endif
