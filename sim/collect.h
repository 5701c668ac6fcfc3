/*
 * collect.h - the state at the end of a run as plain data.
 */
#ifndef SIM_COLLECT_H
#define SIM_COLLECT_H

struct ktlsim;
struct results;

/*
 * Fill `results` from the simulation, whose CPUs are settled at `now`.  The
 * caller frees it with results_fini.  Returns 0 or ENOMEM.
 */
int collect_results(struct ktlsim *sim, struct results *results);
#endif
