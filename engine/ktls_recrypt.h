/*
 * ktls_recrypt.h - records that a NIC has decrypted, as a whole or in part.
 *
 * Called by ktls_rx_crypt: ktls_mbuf_crypto_state, and ktls_recrypt for a mixed
 * record.  Access: as ktls_rx_crypt, whoever has the job.
 * Mirrors: FreeBSD ktls_mbuf_crypto_state(), ktls_ocf_recrypt().
 */
#ifndef ENGINE_KTLS_RECRYPT_H
#define ENGINE_KTLS_RECRYPT_H

#include <stdint.h>

#include "engine/suite.h"

struct mbuf;

/* With FreeBSD's values. */
enum ktls_mbuf_crypto_st {
	KTLS_MBUF_CRYPTO_ST_MIXED = 0,
	KTLS_MBUF_CRYPTO_ST_ENCRYPTED = 1,
	KTLS_MBUF_CRYPTO_ST_DECRYPTED = -1,
};

/*
 * What the marks (M_DECRYPTED) of the mbufs over bytes [off, off + len) of a
 * chain say.  Whole packets are marked: header and tag of a record count as
 * its text does.  The chain holds the range, and len > 0.  *marked gets the
 * marked bytes of it.
 */
enum ktls_mbuf_crypto_st ktls_mbuf_crypto_state(const struct mbuf *m,
						uint32_t off, uint32_t len,
						uint32_t *marked);

/*
 * Make the text of an AES-GCM record, bytes [off, off + len) of the chain,
 * ciphertext again where it is marked; no other byte changes.  The marked mbufs
 * must be storage that the record owns (R1).  Returns 0, or ENOMEM with the
 * text undefined.
 */
int ktls_recrypt(const struct ktls_key *key,
		 const uint8_t nonce[TLS_NONCE_BYTES], struct mbuf *m,
		 uint32_t off, uint32_t len);
#endif
