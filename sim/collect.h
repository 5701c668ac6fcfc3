/*
 * collect.h - the state at the end of a run as plain data.
 */
#ifndef SIM_COLLECT_H
#define SIM_COLLECT_H

#include <stdint.h>

struct ktlsim;
struct results;
struct results_host;

/* For parts of it: add a counter to those of a host, which has room for it. */
void collect_counter(struct results_host *out, uint64_t value,
		     const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Fill `results` from the simulation, whose CPUs are settled at `now`.  The
 * caller frees it with results_fini.  Returns 0 or ENOMEM.
 */
int collect_results(struct ktlsim *sim, struct results *results);
#endif
