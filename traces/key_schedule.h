/*
 * key_schedule.h - from secrets to record keys.
 *
 * Pure; OpenSSL's KDFs do the arithmetic.  Sources: RFC 5246 and RFC 4346
 * sections 5 and 6.3 (PRF, key block), RFC 8446 sections 7.1 to 7.3
 * (HKDF-Expand-Label, traffic keys, update).
 */
#ifndef TRACES_KEY_SCHEDULE_H
#define TRACES_KEY_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/suite.h"

enum {
	TLS_MASTER_SECRET_BYTES = 48,
	TLS_RANDOM_BYTES = 32,
};

/*
 * Key block of TLS 1.1 or 1.2 -> the write keys of both sides; key[0] is the
 * client's.  The randoms are TLS_RANDOM_BYTES each.  rec_seq is set to 0.
 * Returns 0, EINVAL (suite without record keys) or ENOMEM.
 */
int tls12_record_keys(enum tls_version version, const struct tls_suite *suite,
		      const uint8_t master[TLS_MASTER_SECRET_BYTES],
		      const uint8_t *client_random,
		      const uint8_t *server_random, struct ktls_key key[2]);

/* TLS 1.3 traffic secret -> record key and IV, rec_seq 0. */
int tls13_record_key(const struct tls_suite *suite, const uint8_t *secret,
		     size_t secret_len, struct ktls_key *key);

/* TLS 1.3 KeyUpdate: secret N -> secret N + 1, in place. */
int tls13_next_secret(const struct tls_suite *suite, uint8_t *secret,
		      size_t secret_len);
#endif
