/*
 * thread_bind.c - binds a thread to a CPU, where the system can.
 *
 * The only file that needs more than POSIX.  CPUs are counted among those that
 * the process may use, so that a container's share is enough.
 */
#define _GNU_SOURCE 1 /* pthread_setaffinity_np */

#include "sim/thread_exec.h"

#include <sched.h>

bool
thread_bind(pthread_t thread, uint32_t index)
{
	cpu_set_t allowed, one;
	size_t cpu = SIZE_MAX;
	int count;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
		return false;
	count = CPU_COUNT(&allowed);
	if (count == 0)
		return false;
	for (index %= (uint32_t)count; index != UINT32_MAX; index--)
		do
			cpu++;
		while (!CPU_ISSET(cpu, &allowed));
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return pthread_setaffinity_np(thread, sizeof(one), &one) == 0;
}
