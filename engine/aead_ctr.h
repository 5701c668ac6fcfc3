/*
 * aead_ctr.h - the counter mode inside AES-GCM, without its tag.
 *
 * Order of use: aead_ctr_create; { aead_ctr_xor }*; aead_ctr_destroy, for one
 * record.  Access: whoever made it.
 * Source: NIST SP 800-38D section 6.5: block 1 of a 12-byte nonce masks the
 * tag, the text begins with block 2.
 */
#ifndef ENGINE_AEAD_CTR_H
#define ENGINE_AEAD_CTR_H

#include <stdint.h>

#include "engine/suite.h"

struct aead_ctr;

/*
 * The key stream of the record with this nonce.  key is AES-GCM's, 16 or 32
 * bytes, and is borrowed for the call.  NULL: no memory.
 */
struct aead_ctr *aead_ctr_create(const struct ktls_key *key,
				 const uint8_t nonce[TLS_NONCE_BYTES]);

/*
 * Turn len bytes, which lie at byte `off` of the record's text, from plaintext
 * into ciphertext or back, in place.  Returns 0 or ENOMEM.
 */
int aead_ctr_xor(struct aead_ctr *ctr, uint32_t off, uint8_t *bytes,
		 uint32_t len);

/* Wipes the key.  NULL is allowed. */
void aead_ctr_destroy(struct aead_ctr *ctr);
#endif
