/*
 * workq.h - one per-CPU TLS work queue: a FIFO of sockets.
 *
 * Access: one thread, or the caller's lock (the kernel's wq->mtx).
 * A socket is on at most one queue once; the queue holds a reference to it.
 * Mirrors: FreeBSD struct ktls_wq, ktls_enqueue_so() and the
 * wake-up protocol of ktls_work_thread(): `running` is false only while the
 * worker sleeps.
 */
#ifndef ENGINE_WORKQ_H
#define ENGINE_WORKQ_H

#include <stdbool.h>
#include <stdint.h>

struct socket;

struct workq {
	struct socket *so_head;
	struct socket *so_tail;
	uint32_t depth; /* sockets waiting, without the one in work */
	bool running;	/* false: the worker sleeps and wants a wake-up */
};

void workq_init(struct workq *wq);

/*
 * Append; takes a reference.  Returns true when the worker must be woken: once
 * per sleep, as `running` is true from then on.
 */
bool workq_put(struct workq *wq, struct socket *so);

/*
 * The first socket, whose reference passes to the caller; or NULL, and then the
 * worker must sleep (`running` is false).
 */
struct socket *workq_get(struct workq *wq);
#endif
