/*
 * thread_socket.c - the lock of a socket, and the feeder's wait for one.
 *
 * With the lock a thread lends the socket its own mbuf pool, so that a step
 * draws from and frees to the pool of the thread that takes it.
 */
#include "sim/thread_exec.h"

#include "engine/sockbuf.h"

void
socket_lock(struct exec_endpoint *x, struct mbuf_pool *pool)
{
	pthread_mutex_lock(&x->socket);
	sb_lend_pool(&x->ep->so.so_rcv, pool);
}

/* Nobody is on the socket, or it holds so little that it may take more. */
static bool
may_feed(const struct exec_endpoint *x, uint32_t limit)
{
	return (!x->working && !x->reading) || endpoint_backlog(x->ep) <= limit;
}

void
socket_unlock(struct exec_endpoint *x)
{
	uint32_t limit = x->exec->sim->config.run_backlog_bytes;

	/* By half, so that the feeder is not woken for each record. */
	if (x->throttled && may_feed(x, limit / 2)) {
		x->throttled = false;
		pthread_cond_signal(&x->exec->drained);
	}
	pthread_mutex_unlock(&x->socket);
}

void
sockets_lock(struct conn *conn, struct mbuf_pool *pool)
{
	socket_lock(conn->endpoint[0].exec, pool);
	socket_lock(conn->endpoint[1].exec, pool);
}

void
sockets_unlock(struct conn *conn)
{
	socket_unlock(conn->endpoint[1].exec);
	socket_unlock(conn->endpoint[0].exec);
}

void
socket_throttle(struct exec_endpoint *x)
{
	uint32_t limit = x->exec->sim->config.run_backlog_bytes;

	if (limit == 0 || may_feed(x, limit))
		return;
	x->throttled = true;
	while (x->throttled)
		pthread_cond_wait(&x->exec->drained, &x->socket);
}
