/*
 * window_run.h - modelled senders through the library, and what a NIC made of
 * each of their packets, for the tests.
 *
 * Order of use: window_run; look at the fields; window_run_fini.  The bytes of
 * plaintext are compared with the pattern that sim/synthetic.h promises, unless
 * crypto.mode is model.  Packets come from the annotated capture, which is
 * written before the driver merges anything: they are seen as the NIC marked
 * them.
 */
#ifndef TESTS_SUPPORT_WINDOW_RUN_H
#define TESTS_SUPPORT_WINDOW_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/ktlsim.h"
#include "tests/support/sim_driver.h"

enum { WINDOW_RUN_FLOWS = 64 };

/* A packet that reached host memory, in the order in which it did. */
struct window_packet {
	uint32_t flow;
	uint32_t offset, len; /* in the flow's stream */
	bool marked;
};

struct window_run {
	struct ktlsim *sim;
	const struct results *results;
	uint64_t received[WINDOW_RUN_FLOWS]; /* bytes of plaintext */
	size_t records, record_slots;
	struct ktlsim_record *record; /* as they were delivered */
	size_t packets;
	struct window_packet *packet; /* with window_run_seen */
};

/*
 * Run to the end with these keys on top of traffic.source=window, and close the
 * books: every invariant holds.  Whatever fails fails the test.
 */
void window_run(struct window_run *run, const struct sim_key *keys);

/* The same, and keep the packets. */
void window_run_seen(struct window_run *run, const struct sim_key *keys);
void window_run_fini(struct window_run *run);

/* A counter of the first host. */
uint64_t window_run_counter(const struct window_run *run, const char *name);
#endif
