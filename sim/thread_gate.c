/*
 * thread_gate.c - lets the feeder wait until the other threads have little or
 * nothing left to do.
 *
 * Whoever makes work enters before it is visible, and whoever has done the last
 * of it leaves after what it led to has entered: at nought there is nothing
 * left, for good, but for what the feeder brings.
 *
 * No wake-up is lost: the feeder writes `wanted` and then reads `active`, a
 * leaver writes `active` and then reads `wanted`, all in one total order, so at
 * least one of them sees the other.
 */
#include "sim/thread_exec.h"

#include <assert.h>

int
thread_gate_init(struct thread_gate *gate)
{
	int error = pthread_mutex_init(&gate->mutex, NULL);

	if (error != 0)
		return error;
	error = pthread_cond_init(&gate->few, NULL);
	if (error != 0)
		pthread_mutex_destroy(&gate->mutex);
	atomic_init(&gate->active, 0);
	atomic_init(&gate->wanted, 0);
	return error;
}

void
thread_gate_fini(struct thread_gate *gate)
{
	pthread_cond_destroy(&gate->few);
	pthread_mutex_destroy(&gate->mutex);
}

void
thread_gate_enter(struct thread_gate *gate)
{
	atomic_fetch_add(&gate->active, 1);
}

void
thread_gate_leave(struct thread_gate *gate)
{
	unsigned before = atomic_fetch_sub(&gate->active, 1);

	assert(before > 0);
	if (before > atomic_load(&gate->wanted))
		return;
	pthread_mutex_lock(&gate->mutex);
	pthread_cond_signal(&gate->few);
	pthread_mutex_unlock(&gate->mutex);
}

void
thread_gate_wait(struct thread_gate *gate, unsigned most)
{
	if (atomic_load(&gate->active) <= most)
		return;
	pthread_mutex_lock(&gate->mutex);
	atomic_store(&gate->wanted, most + 1);
	while (atomic_load(&gate->active) > most)
		pthread_cond_wait(&gate->few, &gate->mutex);
	atomic_store(&gate->wanted, 0);
	pthread_mutex_unlock(&gate->mutex);
}
