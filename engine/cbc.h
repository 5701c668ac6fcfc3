/*
 * cbc.h - records of AES-CBC with HMAC, MAC-then-encrypt.
 *
 * Beside aead.h, with the same pool of contexts and the same key ids.
 * Sources: RFC 4346 and RFC 5246 section 6.2.3.2; FreeBSD
 * ktls_ocf_tls_cbc_decrypt().  TLS 1.1 and 1.2: each record brings its IV.
 *
 * Time: padding is removed and the MAC verified without a branch and without a
 * memory address that depends on the record's plaintext, its padding included,
 * so that neither tells where a bad record went wrong (Vaudenay 2002; AlFardan
 * and Paterson 2013, "Lucky Thirteen").  What is known of a record from outside
 * (its length, and whether it is good) may be seen in the time.
 */
#ifndef ENGINE_CBC_H
#define ENGINE_CBC_H

#include <stddef.h>
#include <stdint.h>

#include "engine/suite.h"

struct aead_pool;
struct mbuf;

enum { CBC_BLOCK_BYTES = 16 };

struct cbc_record {
	uint64_t key_id; /* of this key, unique in the pool */
	const struct ktls_key *key;
	uint64_t seqno;
	/* as on the wire; the length in it is not used */
	const uint8_t *header;
	const uint8_t *iv; /* CBC_BLOCK_BYTES */
};

/*
 * Decrypt in place bytes [off, off + len) of a chain, all that stands behind
 * the IV, and verify padding and MAC.  The range must be storage that the
 * record owns.  Returns 0 with the plaintext first in the range and its length
 * in *plaintext_len; EMSGSIZE (len is no whole number of blocks, or too short
 * for MAC and padding); EBADMSG (padding, MAC, or unknown bytes; the range is
 * then undefined); EOPNOTSUPP or ENOMEM.
 */
int cbc_open(struct aead_pool *pool, const struct cbc_record *record,
	     struct mbuf *m, uint32_t off, uint32_t len,
	     uint32_t *plaintext_len);

/*
 * The same over flat bytes; in and out may be equal.  out has room for len
 * bytes: MAC and padding land behind the plaintext.
 */
int cbc_open_bytes(struct aead_pool *pool, const struct cbc_record *record,
		   const uint8_t *in, uint32_t len, uint8_t *out,
		   uint32_t *plaintext_len);
#endif
