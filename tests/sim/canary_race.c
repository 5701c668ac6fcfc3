/*
 * canary_race.c - a storm in which the TLS workers do not lock the socket.
 *
 * Linked with --wrap=socket_lock and --wrap=socket_unlock, so that the library
 * is built as always.  The thread sanitizer must report this one: if it does
 * not, a clean run of the storms says nothing.  Prints nothing of its own and
 * ends with 0 where nothing was noticed.
 *
 * usage: canary_race SEED
 */
#include <stdlib.h>

#include "sim/thread_exec.h"
#include "tests/support/thread_storm.h"

void __real_socket_lock(struct exec_endpoint *x, struct mbuf_pool *pool);
void __real_socket_unlock(struct exec_endpoint *x);
void __wrap_socket_lock(struct exec_endpoint *x, struct mbuf_pool *pool);
void __wrap_socket_unlock(struct exec_endpoint *x);

static _Thread_local bool planted; /* this thread passed a lock by */

static bool
of_worker(const struct exec_endpoint *x, const struct mbuf_pool *pool)
{
	const struct ktlsim *sim = x->exec->sim;

	for (uint32_t i = 0; i < sim->config.ktls_workers; i++)
		if (x->exec->worker[0][i].pool == pool)
			return true;
	return false;
}

void
__wrap_socket_lock(struct exec_endpoint *x, struct mbuf_pool *pool)
{
	planted = of_worker(x, pool);
	if (planted)
		sb_lend_pool(&x->ep->so.so_rcv, pool);
	else
		__real_socket_lock(x, pool);
}

void
__wrap_socket_unlock(struct exec_endpoint *x)
{
	if (!planted)
		__real_socket_unlock(x);
	planted = false;
}

int
main(int argc, char **argv)
{
	struct thread_storm storm = {
	    .seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1,
	    .records = 2000,
	};

	thread_storm_run(&storm);
	return EXIT_SUCCESS;
}
