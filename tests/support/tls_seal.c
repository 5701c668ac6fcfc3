/*
 * tls_seal.c - a sender for the tests: complete protected TLS records.
 *
 * Used by the tests of the engine, of the NIC model and of the handshake.  One
 * fresh cipher context per record: slow and simple, with no state to go wrong.
 * Left out: CBC and CCM.
 */
#include "tests/support/tls_seal.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

/* One record under construction. */
struct sealing {
	const struct ktls_key *key;
	uint8_t number[8]; /* record number, big-endian */
	uint8_t nonce[12];
	uint8_t aad[13];
	int aad_len;
	size_t body_len;     /* bytes to encrypt */
	size_t explicit_len; /* bytes between header and ciphertext */
};

static const EVP_CIPHER *
cipher_of(const struct ktls_key *key)
{
	if (key->cipher == TLS_CIPHER_CHACHA20_POLY1305)
		return EVP_chacha20_poly1305();
	assert(key->cipher == TLS_CIPHER_AES_GCM);
	return key->key_len == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
}

static void
nonce_build(struct sealing *s)
{
	if (s->explicit_len == 8) {
		memcpy(s->nonce, s->key->iv, 4);
		memcpy(s->nonce + 4, s->number, 8);
		return;
	}
	memcpy(s->nonce, s->key->iv, 12);
	for (size_t i = 0; i < 8; i++)
		s->nonce[4 + i] ^= s->number[i];
}

/* Also fills in the header of the record. */
static void
header_build(struct sealing *s, const struct tls_plain *plain, uint8_t *out)
{
	bool tls13 = s->key->version == TLS_1_3;
	size_t length = s->explicit_len + s->body_len + TLS_TAG_BYTES;

	assert(length <= UINT16_MAX);
	out[0] = tls13 ? TLS_APPLICATION_DATA : plain->type;
	out[1] = 3;
	out[2] = 3;
	out[3] = (uint8_t)(length >> 8);
	out[4] = (uint8_t)length;
	if (tls13) {
		s->aad_len = 5;
		memcpy(s->aad, out, 5);
		return;
	}
	s->aad_len = 13;
	memcpy(s->aad, s->number, 8);
	memcpy(s->aad + 8, out, 3);
	s->aad[11] = (uint8_t)(plain->len >> 8);
	s->aad[12] = (uint8_t)plain->len;
}

/* Encrypt the body in place and write the tag behind it. */
static void
body_seal(const struct sealing *s, uint8_t *body)
{
	EVP_CIPHER_CTX *evp = EVP_CIPHER_CTX_new();
	uint8_t *tag = body + s->body_len;
	int done, n;

	assert(evp != NULL);
	done =
	    EVP_EncryptInit_ex(evp, cipher_of(s->key), NULL, s->key->key,
			       s->nonce) &&
	    EVP_EncryptUpdate(evp, NULL, &n, s->aad, s->aad_len) &&
	    EVP_EncryptUpdate(evp, body, &n, body, (int)s->body_len) &&
	    EVP_EncryptFinal_ex(evp, tag, &n) &&
	    EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_GET_TAG, TLS_TAG_BYTES, tag);
	assert(done);
	(void)done;
	EVP_CIPHER_CTX_free(evp);
}

size_t
tls_seal(const struct ktls_key *key, uint64_t seqno,
	 const struct tls_plain *plain, uint8_t *out)
{
	struct sealing s = {.key = key, .body_len = plain->len};
	uint8_t *body;

	assert(key->version == TLS_1_2 || key->version == TLS_1_3);
	if (key->version == TLS_1_2 && key->cipher == TLS_CIPHER_AES_GCM)
		s.explicit_len = 8;
	for (size_t i = 0; i < 8; i++)
		s.number[i] = (uint8_t)(seqno >> (56 - 8 * i));
	body = out + TLS_HEADER_BYTES + s.explicit_len;
	memcpy(out + TLS_HEADER_BYTES, s.number, s.explicit_len);
	if (plain->len > 0)
		memcpy(body, plain->bytes, plain->len);
	if (key->version == TLS_1_3) {
		body[s.body_len++] = plain->type;
		memset(body + s.body_len, 0, plain->padding);
		s.body_len += plain->padding;
	}
	nonce_build(&s);
	header_build(&s, plain, out);
	body_seal(&s, body);
	return (size_t)(body - out) + s.body_len + TLS_TAG_BYTES;
}

size_t
tls_seal_data(const struct ktls_key *key, uint64_t seqno, const uint8_t *bytes,
	      size_t len, uint8_t *out)
{
	struct tls_plain plain = {
	    .type = TLS_APPLICATION_DATA, .bytes = bytes, .len = len};

	return tls_seal(key, seqno, &plain, out);
}

void
tls_seal_key(struct ktls_key *key, enum tls_version version,
	     enum tls_cipher cipher, uint8_t key_len, uint8_t seed)
{
	memset(key, 0, sizeof(*key));
	key->version = version;
	key->cipher = cipher;
	key->key_len = key_len;
	key->iv_len = 12;
	if (version == TLS_1_2 && cipher == TLS_CIPHER_AES_GCM)
		key->iv_len = 4;
	for (size_t i = 0; i < key_len; i++)
		key->key[i] = (uint8_t)(seed + 7 * i + 1);
	for (size_t i = 0; i < key->iv_len; i++)
		key->iv[i] = (uint8_t)(seed * 3 + 11 * i + 5);
}
