/*
 * workq.c - the FIFO of sockets in front of one TLS worker.
 *
 * The driver puts a socket here when a step returns ENGINE_QUEUE_WORK; the
 * worker gets sockets until there is none, and then sleeps.  The link lies in
 * the socket, so that queueing allocates nothing and a socket cannot be queued
 * twice.
 *
 * FreeBSD's worker sets `running` itself once it has woken up, so that sockets
 * that arrive in between cause further wake-ups, which do nothing.  Here the
 * wake-up that is under way counts: one per sleep.  FreeBSD also steals the
 * whole list at once; taking one socket at a time keeps the same order.
 */
#include "engine/workq.h"

#include <assert.h>
#include <stddef.h>

#include "engine/socket.h"

void
workq_init(struct workq *wq)
{
	*wq = (struct workq){0};
}

bool
workq_put(struct workq *wq, struct socket *so)
{
	bool asleep = !wq->running;

	assert(so->so_ktls_rx_next == NULL && wq->so_tail != so);
	so->so_count++;
	if (wq->so_tail != NULL)
		wq->so_tail->so_ktls_rx_next = so;
	else
		wq->so_head = so;
	wq->so_tail = so;
	wq->depth++;
	wq->running = true;
	return asleep;
}

struct socket *
workq_get(struct workq *wq)
{
	struct socket *so = wq->so_head;

	if (so == NULL) {
		wq->running = false;
		return NULL;
	}
	wq->so_head = so->so_ktls_rx_next;
	if (wq->so_head == NULL)
		wq->so_tail = NULL;
	so->so_ktls_rx_next = NULL;
	wq->depth--;
	return so;
}
