/*
 * ktls_recrypt.c - undo in software what a NIC has decrypted of a record.
 *
 * A NIC decrypts packet by packet and says so per packet, so that a record
 * whose packets took different ways arrives as a mixture.  Nobody has verified
 * its tag then.  As AES-GCM's cipher is a key stream, the marked bytes become
 * ciphertext by the same operation that made them plaintext, and the record can
 * be opened as if the NIC had not seen it.
 *
 * Unlike FreeBSD, which runs over the whole text into a temporary buffer and
 * copies the marked ranges back, only the marked ranges are computed.
 *
 * Left out: other ciphers; no NIC has them.
 */
#include "engine/ktls_recrypt.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/aead_ctr.h"
#include "engine/mbuf.h"

enum ktls_mbuf_crypto_st
ktls_mbuf_crypto_state(const struct mbuf *m, uint32_t off, uint32_t len,
		       uint32_t *marked)
{
	uint32_t end = off + len;

	assert(len > 0);
	*marked = 0;
	for (uint32_t at = 0; at < end; at += m->m_len, m = m->m_next) {
		uint32_t from = at < off ? off - at : 0;
		uint32_t to = end - at < m->m_len ? end - at : m->m_len;

		if (from < to && (m->m_flags & M_DECRYPTED) != 0)
			*marked += to - from;
	}
	if (*marked == len)
		return KTLS_MBUF_CRYPTO_ST_DECRYPTED;
	return *marked > 0 ? KTLS_MBUF_CRYPTO_ST_MIXED
			   : KTLS_MBUF_CRYPTO_ST_ENCRYPTED;
}

int
ktls_recrypt(const struct ktls_key *key, const uint8_t nonce[TLS_NONCE_BYTES],
	     struct mbuf *m, uint32_t off, uint32_t len)
{
	struct aead_ctr *ctr = aead_ctr_create(key, nonce);
	uint32_t end = off + len;
	int error = ctr == NULL ? ENOMEM : 0;

	for (uint32_t at = 0; error == 0 && at < end; m = m->m_next) {
		uint32_t from = at < off ? off - at : 0;
		uint32_t to = end - at < m->m_len ? end - at : m->m_len;

		if (from < to && (m->m_flags & M_DECRYPTED) != 0)
			error = aead_ctr_xor(ctr, at + from - off,
					     m->m_data + from, to - from);
		at += m->m_len;
	}
	aead_ctr_destroy(ctr);
	return error;
}
