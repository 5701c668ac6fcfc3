/*
 * cost.h - the prices of the model: one table, its profiles and their sources.
 *
 * Order of use: cost_apply_profile sets every price at once; single prices are
 * then changed as keys cost.NAME through config_set.
 * A price is a distribution over picoseconds, or over picoseconds per byte
 * where the name ends in _byte.
 */
#ifndef SIM_COST_H
#define SIM_COST_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/config.h"

#define COST_PROFILE_DEFAULT "freebsd-cdn"

/* Greatest price that a key takes: one second, or 1 us per byte. */
#define COST_MAX_PS	 1000000000000u
#define COST_BYTE_MAX_PS 1000000u

/* Name, default (that of freebsd-cdn), plausible range, source, help. */
const struct config_key_info *cost_info(enum cost_id id);

/* The greatest value that the price may take, in picoseconds. */
uint64_t cost_max(enum cost_id id);

/*
 * The two prices of decrypting a record with this version, cipher, key length
 * and MAC.  Returns false where there are none: such a session must not come
 * to be, and never decrypts for nothing.
 */
bool cost_of_cipher(const struct ktls_key *key, enum cost_id *record,
		    enum cost_id *byte);

/* True where some KTLS takes the suite, and its decryption has a price. */
bool cost_of_suite(const struct tls_suite *suite);

/*
 * Set every price from a built-in profile (modern-server, freebsd-cdn, unit) or
 * from an INI file: keys with or without "cost.", section-less or in [cost];
 * prices that it does not name are those of the profile that its line
 * `profile = NAME` names, else freebsd-cdn.  Returns 0; ENOENT (no such
 * profile or file) or EINVAL, and the configuration is then unchanged; the
 * sentence names file and line.
 */
int cost_apply_profile(struct config *config, const char *name,
		       struct ktlsim_error *error);

/*
 * True where a measurement or a published number stands behind the profile's
 * price.  False for estimates, and for all of `unit`.  The prices of a file are
 * its author's: true.
 */
bool cost_has_source(const char *profile, enum cost_id id);

/* True for the name of a built-in profile; else it is the path of a file. */
bool cost_is_profile(const char *name);

/*
 * Prices in use that have no source: those of the profile that no key has
 * changed and cost_has_source does not vouch for.
 */
unsigned cost_count_unsourced(const struct config *config);
#endif
