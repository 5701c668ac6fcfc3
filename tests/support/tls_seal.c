/*
 * tls_seal.c - a sender for the tests: complete protected TLS records.
 *
 * Used by the tests of the engine, of the NIC model and of the handshake.  One
 * fresh cipher context per record: slow and simple, with no state to go wrong.
 * Left out: TLS 1.0, and encrypt-then-MAC.
 */
#include "tests/support/tls_seal.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <string.h>

enum {
	CBC_BLOCK = 16,
	CBC_PADDING_MAX = 256, /* its length byte included */
};

/* One record under construction. */
struct sealing {
	const struct ktls_key *key;
	uint8_t number[8]; /* record number, big-endian */
	uint8_t nonce[12];
	uint8_t aad[13];
	int aad_len;
	int tag_len;
	size_t body_len;     /* bytes to encrypt */
	size_t explicit_len; /* bytes between header and ciphertext */
};

static bool
is_ccm(const struct ktls_key *key)
{
	return key->cipher == TLS_CIPHER_AES_CCM ||
	       key->cipher == TLS_CIPHER_AES_CCM_8;
}

static const EVP_CIPHER *
cipher_of(const struct ktls_key *key)
{
	if (key->cipher == TLS_CIPHER_CHACHA20_POLY1305)
		return EVP_chacha20_poly1305();
	if (is_ccm(key))
		return key->key_len == 16 ? EVP_aes_128_ccm()
					  : EVP_aes_256_ccm();
	assert(key->cipher == TLS_CIPHER_AES_GCM);
	return key->key_len == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
}

static void
number_build(uint64_t seqno, uint8_t number[8])
{
	for (size_t i = 0; i < 8; i++)
		number[i] = (uint8_t)(seqno >> (56 - 8 * i));
}

static void
header_build(uint8_t type, enum tls_version wire, size_t length, uint8_t *out)
{
	assert(length <= UINT16_MAX);
	out[0] = type;
	out[1] = 3;
	out[2] = (uint8_t)wire;
	out[3] = (uint8_t)(length >> 8);
	out[4] = (uint8_t)length;
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

/* header: of the record; of TLS 1.2 its length is replaced. */
static void
aad_build(struct sealing *s, const uint8_t *header, size_t plain_len)
{
	if (s->key->version == TLS_1_3) {
		s->aad_len = TLS_HEADER_BYTES;
		memcpy(s->aad, header, TLS_HEADER_BYTES);
		return;
	}
	s->aad_len = 13;
	memcpy(s->aad, s->number, 8);
	memcpy(s->aad + 8, header, 3);
	s->aad[11] = (uint8_t)(plain_len >> 8);
	s->aad[12] = (uint8_t)plain_len;
}

/* CCM must know the lengths of tag and text before anything else. */
static bool
cipher_init(EVP_CIPHER_CTX *evp, const struct sealing *s)
{
	bool ccm = is_ccm(s->key);
	int n;

	if (!EVP_EncryptInit_ex(evp, cipher_of(s->key), NULL, NULL, NULL))
		return false;
	if (ccm &&
	    (!EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_IVLEN, 12, NULL) ||
	     !EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_TAG, s->tag_len,
				  NULL)))
		return false;
	if (!EVP_EncryptInit_ex(evp, NULL, NULL, s->key->key, s->nonce))
		return false;
	if (ccm && !EVP_EncryptUpdate(evp, NULL, &n, NULL, (int)s->body_len))
		return false;
	return EVP_EncryptUpdate(evp, NULL, &n, s->aad, s->aad_len) > 0;
}

/* Encrypt the body in place and write the tag behind it. */
static void
body_seal(const struct sealing *s, uint8_t *body)
{
	EVP_CIPHER_CTX *evp = EVP_CIPHER_CTX_new();
	uint8_t *tag = body + s->body_len;
	bool done;
	int n;

	assert(evp != NULL);
	done = cipher_init(evp, s) &&
	       EVP_EncryptUpdate(evp, body, &n, body, (int)s->body_len) &&
	       EVP_EncryptFinal_ex(evp, tag, &n) &&
	       EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_GET_TAG, s->tag_len, tag);
	assert(done);
	(void)done;
	EVP_CIPHER_CTX_free(evp);
}

static size_t
aead_seal(const struct ktls_key *key, uint64_t seqno,
	  const struct tls_plain *plain, uint8_t *out)
{
	struct sealing s = {.key = key, .body_len = plain->len};
	bool tls13 = key->version == TLS_1_3;
	uint8_t *body;

	assert(tls13 || key->version == TLS_1_2);
	s.tag_len = key->cipher == TLS_CIPHER_AES_CCM_8 ? 8 : TLS_TAG_BYTES;
	if (!tls13 && key->cipher != TLS_CIPHER_CHACHA20_POLY1305)
		s.explicit_len = 8;
	number_build(seqno, s.number);
	body = out + TLS_HEADER_BYTES + s.explicit_len;
	memcpy(out + TLS_HEADER_BYTES, s.number, s.explicit_len);
	if (plain->len > 0)
		memcpy(body, plain->bytes, plain->len);
	if (tls13) {
		body[s.body_len++] = plain->type;
		memset(body + s.body_len, 0, plain->padding);
		s.body_len += plain->padding;
	}
	nonce_build(&s);
	header_build(tls13 ? TLS_APPLICATION_DATA : plain->type, TLS_1_2,
		     s.explicit_len + s.body_len + (size_t)s.tag_len, out);
	aad_build(&s, out, plain->len);
	body_seal(&s, body);
	return (size_t)(body - out) + s.body_len + (size_t)s.tag_len;
}

static const EVP_MD *
digest_of(enum tls_hash mac)
{
	if (mac == TLS_HASH_SHA1)
		return EVP_sha1();
	assert(mac == TLS_HASH_SHA256 || mac == TLS_HASH_SHA384);
	return mac == TLS_HASH_SHA256 ? EVP_sha256() : EVP_sha384();
}

/* RFC 5246 section 6.2.3.1.  Returns the bytes of the MAC. */
static size_t
mac_append(const struct ktls_key *key, uint64_t seqno,
	   const struct tls_plain *plain, uint8_t *mac)
{
	uint8_t text[13 + TLS_PLAINTEXT_MAX + TLS_EXPANSION_MAX];
	unsigned mac_len;

	assert(plain->len <= sizeof(text) - 13);
	number_build(seqno, text);
	header_build(plain->type, key->version, plain->len, text + 8);
	if (plain->len > 0)
		memcpy(text + 13, plain->bytes, plain->len);
	(void)HMAC(digest_of(key->mac), key->mac_key, key->mac_key_len, text,
		   13 + plain->len, mac, &mac_len);
	return mac_len;
}

size_t
tls_seal_cbc_plain(const struct ktls_key *key, uint64_t seqno,
		   const struct tls_plain *plain, uint8_t *body)
{
	size_t len = plain->len, padding;

	if (len > 0)
		memcpy(body, plain->bytes, len);
	len += mac_append(key, seqno, plain, body + len);
	padding = CBC_BLOCK - len % CBC_BLOCK + plain->padding;
	assert(plain->padding % CBC_BLOCK == 0 && padding <= CBC_PADDING_MAX);
	memset(body + len, (int)(padding - 1), padding);
	return len + padding;
}

size_t
tls_seal_cbc_body(const struct ktls_key *key, uint64_t seqno, uint8_t type,
		  const uint8_t *body, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *evp = EVP_CIPHER_CTX_new();
	uint8_t *iv = out + TLS_HEADER_BYTES;
	bool done;
	int n;

	assert(key->cipher == TLS_CIPHER_AES_CBC && len % CBC_BLOCK == 0);
	assert(evp != NULL &&
	       (key->version == TLS_1_1 || key->version == TLS_1_2));
	header_build(type, key->version, CBC_BLOCK + len, out);
	/* Any IV will do as long as no two records have the same one. */
	memset(iv, 0xa5, CBC_BLOCK);
	number_build(seqno, iv + 4);
	done = EVP_EncryptInit_ex(evp,
				  key->key_len == 16 ? EVP_aes_128_cbc()
						     : EVP_aes_256_cbc(),
				  NULL, key->key, iv) &&
	       EVP_CIPHER_CTX_set_padding(evp, 0) &&
	       EVP_EncryptUpdate(evp, iv + CBC_BLOCK, &n, body, (int)len);
	assert(done);
	(void)done;
	EVP_CIPHER_CTX_free(evp);
	return TLS_HEADER_BYTES + CBC_BLOCK + len;
}

size_t
tls_seal(const struct ktls_key *key, uint64_t seqno,
	 const struct tls_plain *plain, uint8_t *out)
{
	uint8_t body[TLS_SEAL_MAX + TLS_EXPANSION_MAX];
	size_t len;

	if (key->cipher != TLS_CIPHER_AES_CBC)
		return aead_seal(key, seqno, plain, out);
	len = tls_seal_cbc_plain(key, seqno, plain, body);
	return tls_seal_cbc_body(key, seqno, plain->type, body, len, out);
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
	if (version == TLS_1_2 && (cipher == TLS_CIPHER_AES_GCM || is_ccm(key)))
		key->iv_len = 4;
	for (size_t i = 0; i < key_len; i++)
		key->key[i] = (uint8_t)(seed + 7 * i + 1);
	for (size_t i = 0; i < key->iv_len; i++)
		key->iv[i] = (uint8_t)(seed * 3 + 11 * i + 5);
}

void
tls_seal_key_cbc(struct ktls_key *key, enum tls_version version,
		 enum tls_hash mac, uint8_t key_len, uint8_t seed)
{
	tls_seal_key(key, version, TLS_CIPHER_AES_CBC, key_len, seed);
	key->iv_len = CBC_BLOCK; /* ignored from TLS 1.1 on */
	key->mac = mac;
	key->mac_key_len = (uint8_t)EVP_MD_get_size(digest_of(mac));
	for (size_t i = 0; i < key->mac_key_len; i++)
		key->mac_key[i] = (uint8_t)(seed * 5 + 13 * i + 3);
}
