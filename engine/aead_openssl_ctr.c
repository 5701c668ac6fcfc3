/*
 * aead_openssl_ctr.c - AES-CTR as GCM uses it, by OpenSSL's EVP.
 *
 * Called by ktls_recrypt for a record that a NIC has decrypted in part.  It
 * stands where FreeBSD has the second session of ktls_ocf, for recryption.
 *
 * A stream is made for one record and keyed once; each range of the record
 * begins with a counter of its own.  Left out: a cache of contexts as
 * aead_openssl.c has it, since few records are mixed.
 */
#include "engine/aead_ctr.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_BYTES = 16,
	TEXT_COUNTER = 2, /* of the text's first block */
};

struct aead_ctr {
	EVP_CIPHER_CTX *evp;
	uint8_t nonce[TLS_NONCE_BYTES];
};

struct aead_ctr *
aead_ctr_create(const struct ktls_key *key,
		const uint8_t nonce[TLS_NONCE_BYTES])
{
	const EVP_CIPHER *cipher =
	    key->key_len == 16 ? EVP_aes_128_ctr() : EVP_aes_256_ctr();
	struct aead_ctr *ctr = calloc(1, sizeof(*ctr));

	assert(key->cipher == TLS_CIPHER_AES_GCM);
	if (ctr == NULL)
		return NULL;
	memcpy(ctr->nonce, nonce, sizeof(ctr->nonce));
	ctr->evp = EVP_CIPHER_CTX_new();
	if (ctr->evp == NULL ||
	    !EVP_EncryptInit_ex2(ctr->evp, cipher, key->key, NULL, NULL)) {
		aead_ctr_destroy(ctr);
		return NULL;
	}
	return ctr;
}

void
aead_ctr_destroy(struct aead_ctr *ctr)
{
	if (ctr == NULL)
		return;
	EVP_CIPHER_CTX_free(ctr->evp);
	free(ctr);
}

/* Set the counter to the block of byte off, and pass over what precedes it. */
static int
seek(struct aead_ctr *ctr, uint32_t off)
{
	const uint32_t block = TEXT_COUNTER + off / BLOCK_BYTES;
	uint8_t counter[BLOCK_BYTES];
	uint8_t skipped[BLOCK_BYTES] = {0};
	int out_len;

	memcpy(counter, ctr->nonce, TLS_NONCE_BYTES);
	for (int i = 0; i < 4; i++)
		counter[TLS_NONCE_BYTES + i] = (uint8_t)(block >> (24 - 8 * i));
	if (!EVP_EncryptInit_ex2(ctr->evp, NULL, NULL, counter, NULL))
		return ENOMEM;
	return EVP_EncryptUpdate(ctr->evp, skipped, &out_len, skipped,
				 (int)(off % BLOCK_BYTES))
		   ? 0
		   : ENOMEM;
}

int
aead_ctr_xor(struct aead_ctr *ctr, uint32_t off, uint8_t *bytes, uint32_t len)
{
	int error = seek(ctr, off);
	int out_len;

	assert(len <= INT_MAX);
	if (error != 0)
		return error;
	return EVP_EncryptUpdate(ctr->evp, bytes, &out_len, bytes, (int)len)
		   ? 0
		   : ENOMEM;
}
