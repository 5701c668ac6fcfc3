/*
 * thread_storm.h - everything at once on the thread executor, at random times.
 *
 * Some connections with keys are fed records, bad ones among them, FINs and
 * RSTs, while a second thread closes and flushes sockets under their locks; the
 * run ends in a finish or in a sudden destroy.  All sides start on a barrier.
 * For the thread sanitizer: what is checked here is only that every byte handed
 * out is the one that was sent.
 */
#ifndef TESTS_SUPPORT_THREAD_STORM_H
#define TESTS_SUPPORT_THREAD_STORM_H

#include <stdbool.h>
#include <stdint.h>

struct thread_storm {
	uint64_t seed;
	uint32_t records;   /* that are sent, over all connections */
	bool disturb;	    /* a second thread closes and flushes */
	uint64_t bytes;	    /* out: application bytes delivered */
	uint64_t bad_bytes; /* out: those that nobody sent */
	uint64_t disturbed; /* out: closes and flushes */
};

/* One storm.  What the library refuses ends the program with a message. */
void thread_storm_run(struct thread_storm *storm);
#endif
