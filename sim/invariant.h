/*
 * invariant.h - the books of a run must balance, exactly.
 */
#ifndef SIM_INVARIANT_H
#define SIM_INVARIANT_H

struct ktlsim;
struct results;

/*
 * Check every end-of-run invariant, in integers; each that does not hold is
 * named in results->failures.  Returns 0 or ENOMEM.
 */
int invariant_check(const struct ktlsim *sim, struct results *results);
#endif
