/*
 * thread_bed.c - threads, what they sleep on, and the clock they live by.
 */
#include "sim/thread_exec.h"

#include <signal.h>
#include <time.h>

int
thread_bed_init(struct thread_bed *bed)
{
	int error = pthread_mutex_init(&bed->mutex, NULL);

	if (error != 0)
		return error;
	error = pthread_cond_init(&bed->wake, NULL);
	if (error != 0)
		pthread_mutex_destroy(&bed->mutex);
	bed->made = error == 0;
	return error;
}

void
thread_bed_fini(struct thread_bed *bed)
{
	if (!bed->made)
		return;
	pthread_cond_destroy(&bed->wake);
	pthread_mutex_destroy(&bed->mutex);
	bed->made = false;
}

void
thread_bed_kick(struct thread_bed *bed)
{
	pthread_mutex_lock(&bed->mutex);
	pthread_mutex_unlock(&bed->mutex);
	pthread_cond_signal(&bed->wake);
}

int
thread_start(pthread_t *thread, void *(*body)(void *), void *arg)
{
	sigset_t all, before;
	int error;

	/* The new thread inherits the mask: signals are the program's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(thread, NULL, body, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

static uint64_t
clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void
thread_clock_start(struct thread_exec *exec)
{
	exec->start_ns = clock_ns();
}

sim_time
thread_now(const struct thread_exec *exec)
{
	return (clock_ns() - exec->start_ns) * 1000u;
}
