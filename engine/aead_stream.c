/*
 * aead_stream.c - AES-GCM records opened piece by piece, by OpenSSL's EVP.
 *
 * Called by the NIC model, which sees a record packet by packet: counter and
 * hash are carried in the cipher context from one to the next.  A stream is
 * keyed once and gets a nonce for each record.
 *
 * Left out: a pool of contexts as aead_pool.c has it.  A NIC keeps the state of
 * each flow's unfinished record, so that each flow needs its own; CBC and
 * ChaCha20-Poly1305, which no NIC here takes.
 */
#include "engine/aead_stream.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { AAD_MAX = 13 };

struct aead_stream {
	EVP_CIPHER_CTX *evp;
};

struct aead_stream *
aead_stream_create(const struct ktls_key *key)
{
	const EVP_CIPHER *cipher =
	    key->key_len == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
	struct aead_stream *stream = calloc(1, sizeof(*stream));

	assert(key->cipher == TLS_CIPHER_AES_GCM);
	assert(key->key_len == 16 || key->key_len == 32);
	if (stream == NULL)
		return NULL;
	stream->evp = EVP_CIPHER_CTX_new();
	if (stream->evp == NULL ||
	    !EVP_DecryptInit_ex2(stream->evp, cipher, key->key, NULL, NULL)) {
		aead_stream_destroy(stream);
		return NULL;
	}
	return stream;
}

void
aead_stream_destroy(struct aead_stream *stream)
{
	if (stream == NULL)
		return;
	EVP_CIPHER_CTX_free(stream->evp);
	free(stream);
}

int
aead_stream_begin(struct aead_stream *stream,
		  const uint8_t nonce[TLS_NONCE_BYTES], const uint8_t *aad,
		  size_t aad_len)
{
	int out_len;

	assert(aad_len <= AAD_MAX);
	if (!EVP_DecryptInit_ex2(stream->evp, NULL, NULL, nonce, NULL))
		return ENOMEM;
	return EVP_DecryptUpdate(stream->evp, NULL, &out_len, aad, (int)aad_len)
		   ? 0
		   : ENOMEM;
}

int
aead_stream_update(struct aead_stream *stream, const uint8_t *in, uint8_t *out,
		   size_t len)
{
	int out_len;

	assert(len <= INT_MAX);
	return EVP_DecryptUpdate(stream->evp, out, &out_len, in, (int)len)
		   ? 0
		   : ENOMEM;
}

/* EVP compares the tags in constant time. */
int
aead_stream_finish(struct aead_stream *stream, const uint8_t tag[TLS_TAG_BYTES])
{
	uint8_t expected[TLS_TAG_BYTES], none[TLS_TAG_BYTES];
	int out_len;

	memcpy(expected, tag, sizeof(expected));
	if (!EVP_CIPHER_CTX_ctrl(stream->evp, EVP_CTRL_AEAD_SET_TAG,
				 sizeof(expected), expected))
		return ENOMEM;
	return EVP_DecryptFinal_ex(stream->evp, none, &out_len) > 0 ? 0
								    : EBADMSG;
}
