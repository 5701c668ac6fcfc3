/*
 * aead_pool.h - the inside of struct aead_pool; for aead*.c and cbc_openssl.c.
 */
#ifndef ENGINE_AEAD_POOL_H
#define ENGINE_AEAD_POOL_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aead_pool;
struct ktls_key;

struct aead_context {
	uint64_t key_id; /* 0: no key */
	EVP_CIPHER_CTX *evp;
	const EVP_CIPHER *cipher; /* that evp was keyed for; NULL: none */
	bool sealing;		  /* the direction that evp is set to */
	bool counts;		  /* GCM: takes the end of a nonce alone */
	uint8_t salt[4];	  /* first bytes of the nonce that evp has */
	EVP_MAC_CTX *mac;	  /* CBC: keyed, to be copied; else NULL */
	uint32_t newer, older;	  /* the list of use */
	uint32_t next;		  /* in the chain of its bucket */
};

/* What a context is wanted for. */
struct aead_use {
	uint64_t key_id;
	const struct ktls_key *key;
	const uint8_t *iv;  /* a nonce of 12 bytes; of CBC, 16 */
	const uint8_t *tag; /* to be verified; NULL: none, or not yet */
	bool sealing;
};

/*
 * The context of this key, keyed if it was not, with IV, direction and tag
 * set; it stays the caller's until the next call.  Returns 0, EOPNOTSUPP
 * (cipher not in this backend) or ENOMEM; *context is undefined on an error.
 */
int aead_pool_context(struct aead_pool *pool, const struct aead_use *use,
		      struct aead_context **context);

/* Room for one record of so many bytes until the next call; NULL: no memory. */
uint8_t *aead_pool_scratch(struct aead_pool *pool, size_t bytes);
#endif
