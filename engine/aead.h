/*
 * aead.h - authenticated decryption over mbuf ranges and over flat bytes.
 *
 * Order of use: aead_pool_create; { aead_open*, aead_seal }*;
 * aead_pool_destroy. Access: a pool belongs to one thread, apart from
 * aead_key_id, which any thread may call.  A cipher context is
 * large (1.2 KiB) and slow to key, so a pool keeps a few of them, least
 * recently used, and a session keeps only its key.  The pool knows a key by its
 * `id`, which the caller draws from aead_key_id() and retires with
 * aead_pool_forget() before the key changes or dies.
 */
#ifndef ENGINE_AEAD_H
#define ENGINE_AEAD_H

#include <stddef.h>
#include <stdint.h>

#include "engine/suite.h"

struct mbuf;
struct aead_pool;

/* One record's worth of input, apart from the bytes. */
struct aead_record {
	uint64_t key_id;	    /* of this key, unique in the pool */
	const struct ktls_key *key; /* GCM or ChaCha20-Poly1305 */
	uint8_t nonce[TLS_NONCE_BYTES];
	const uint8_t *aad;
	size_t aad_len;		    /* bytes, at most 13 */
	uint8_t tag[TLS_TAG_BYTES]; /* in for open, out for seal */
};

/* A pool of at most `contexts` (>= 1) keyed contexts.  NULL: no memory. */
struct aead_pool *aead_pool_create(unsigned contexts);

/* Wipes every key.  NULL is allowed. */
void aead_pool_destroy(struct aead_pool *pool);

/* A key id that this pool has not given out before; never 0. */
uint64_t aead_key_id(struct aead_pool *pool);

/* Drop and wipe the context keyed with this id, if there is one. */
void aead_pool_forget(struct aead_pool *pool, uint64_t key_id);

/*
 * Decrypt in place bytes [off, off + len) of a chain and verify the tag.  The
 * range must be storage that the record owns (R1: the caller checks
 * m_writable or its own range).  Returns 0, EBADMSG (the bytes are then
 * undefined), EOPNOTSUPP (cipher not in this backend) or ENOMEM.
 */
int aead_open(struct aead_pool *pool, const struct aead_record *record,
	      struct mbuf *m, uint32_t off, uint32_t len);

/* The same over flat bytes; in and out may be equal. */
int aead_open_bytes(struct aead_pool *pool, const struct aead_record *record,
		    const uint8_t *in, size_t len, uint8_t *out);

/* Encrypt flat bytes and write the tag.  Returns 0, EOPNOTSUPP or ENOMEM. */
int aead_seal_bytes(struct aead_pool *pool, struct aead_record *record,
		    const uint8_t *in, size_t len, uint8_t *out);
#endif
