/*
 * tls_open.h - userland's decryption: records that lie in flat bytes.
 *
 * For the few records that the modelled TLS library opens itself (TLS 1.3
 * handshake flights, 0-RTT data) and for trying a key on a copy before KTLS is
 * given it.  Order of use: tls_opener_init; { tls_open }*; tls_opener_fini.
 */
#ifndef TRACES_TLS_OPEN_H
#define TRACES_TLS_OPEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/suite.h"

struct aead_pool;

struct tls_opener {
	struct aead_pool *pool; /* NULL: no key */
	uint64_t key_id;
	struct ktls_key key; /* a copy; rec_seq is that of the next record */
};

struct tls_plaintext {
	uint8_t type; /* TLS 1.3: the inner type, else the outer one */
	size_t len;   /* without inner type and padding */
};

/* True where the key is one that this release's KTLS and aead.h take. */
bool tls_open_has(const struct ktls_key *key);

/* pool is lent; key is copied, and must be one that tls_open_has. */
void tls_opener_init(struct tls_opener *opener, struct aead_pool *pool,
		     const struct ktls_key *key);

/* Forget and wipe the key.  May be called on zeroed memory, and twice. */
void tls_opener_fini(struct tls_opener *opener);

/*
 * Open one whole record, header first, len = 5 + its length field, into out
 * (at least len bytes; need not be the record's own storage).  Returns 0 and
 * counts the record, or EBADMSG and counts nothing, or ENOMEM.
 */
int tls_open(struct tls_opener *opener, const uint8_t *record, size_t len,
	     uint8_t *out, struct tls_plaintext *plaintext);
#endif
