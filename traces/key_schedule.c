/*
 * key_schedule.c - the key derivations of one connection, TLS 1.1 to 1.3.
 *
 * Called by the handshake reader: tls12_record_keys once at ChangeCipherSpec,
 * tls13_record_key for each traffic secret of the key log, tls13_next_secret
 * and tls13_record_key again at every KeyUpdate.  OpenSSL's KDFs do the
 * arithmetic; here are the labels and the cutting of the key block.
 *
 * Secrets on the stack are wiped before return.
 *
 * Left out: everything above the traffic secrets (the key log has them), the
 * extended master secret (the key log has its result), and TLS 1.0.
 */
#include "traces/key_schedule.h"

#include <assert.h>
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

enum {
	HKDF_LABEL_MAX = 32, /* bytes of an HkdfLabel with our labels */
	KDF_PARAMS_MAX = 6,
	KEY_BLOCK_MAX = 2 * (TLS_MAC_KEY_MAX + TLS_KEY_MAX + TLS_IV_MAX),
	SEED_BYTES = 2 * TLS_RANDOM_BYTES,
};

/* OSSL_PARAM has no const for its inputs. */
static OSSL_PARAM
param_bytes(const char *name, const uint8_t *bytes, size_t len)
{
	return OSSL_PARAM_construct_octet_string(name, (void *)bytes, len);
}

static OSSL_PARAM
param_digest(const char *name)
{
	return OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
						(char *)name, 0);
}

static const char *
digest_name(enum tls_hash hash)
{
	static const char *const names[TLS_HASH_COUNT] = {
	    [TLS_HASH_NONE] = "",
	    [TLS_HASH_SHA1] = "SHA1",
	    [TLS_HASH_SHA256] = "SHA256",
	    [TLS_HASH_SHA384] = "SHA384",
	};

	return names[hash];
}

/* Returns 0 or ENOMEM: our parameters leave OpenSSL no other reason. */
static int
kdf_derive(const char *name, const OSSL_PARAM *params, uint8_t *out, size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	int done = ctx != NULL && EVP_KDF_derive(ctx, out, len, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return done ? 0 : ENOMEM;
}

/* RFC 5246 section 6.3; the server's random comes first, unlike elsewhere. */
static int
key_block_derive(const char *digest,
		 const uint8_t master[TLS_MASTER_SECRET_BYTES],
		 const uint8_t *client_random, const uint8_t *server_random,
		 uint8_t block[KEY_BLOCK_MAX])
{
	static const char label[] = "key expansion";
	uint8_t seed[sizeof(label) - 1 + SEED_BYTES];
	uint8_t *randoms = seed + sizeof(label) - 1;
	OSSL_PARAM params[KDF_PARAMS_MAX], *p = params;

	memcpy(seed, label, sizeof(label) - 1);
	memcpy(randoms, server_random, TLS_RANDOM_BYTES);
	memcpy(randoms + TLS_RANDOM_BYTES, client_random, TLS_RANDOM_BYTES);
	*p++ = param_digest(digest);
	*p++ =
	    param_bytes(OSSL_KDF_PARAM_SECRET, master, TLS_MASTER_SECRET_BYTES);
	*p++ = param_bytes(OSSL_KDF_PARAM_SEED, seed, sizeof(seed));
	*p = OSSL_PARAM_construct_end();
	return kdf_derive("TLS1-PRF", params, block, KEY_BLOCK_MAX);
}

/* What the suite alone says of a key.  Returns 0 or EINVAL. */
static int
key_init(const struct tls_suite *suite, enum tls_version version,
	 struct ktls_key *key)
{
	if (suite->cipher == TLS_CIPHER_OTHER ||
	    suite->tls13 != (version == TLS_1_3))
		return EINVAL;
	/* The caller may change whose KTLS it is for. */
	ktls_key_init(key, version, suite, KTLS_SUITES_FREEBSD);
	return 0;
}

/* Copy the next len bytes of the key block for each side. */
static const uint8_t *
key_block_cut(const uint8_t *block, size_t len, uint8_t *client,
	      uint8_t *server)
{
	memcpy(client, block, len);
	memcpy(server, block + len, len);
	return block + 2 * len;
}

/* RFC 4346 section 5: the PRF of TLS 1.1 is the same for every suite. */
static const char *
prf_digest(enum tls_version version, const struct tls_suite *suite)
{
	return version == TLS_1_1 ? "MD5-SHA1" : digest_name(suite->prf);
}

int
tls12_record_keys(enum tls_version version, const struct tls_suite *suite,
		  const uint8_t master[TLS_MASTER_SECRET_BYTES],
		  const uint8_t *client_random, const uint8_t *server_random,
		  struct ktls_key key[2])
{
	uint8_t block[KEY_BLOCK_MAX];
	const uint8_t *at = block;
	size_t iv_len;
	int error;

	assert(version == TLS_1_1 || version == TLS_1_2);
	if (key_init(suite, version, &key[0]) != 0)
		return EINVAL;
	/* CBC has none there: its records bring their own. */
	iv_len = suite->cipher == TLS_CIPHER_AES_CBC ? 0 : key[0].iv_len;
	key[1] = key[0];
	error = key_block_derive(prf_digest(version, suite), master,
				 client_random, server_random, block);
	if (error == 0) {
		at = key_block_cut(at, key[0].mac_key_len, key[0].mac_key,
				   key[1].mac_key);
		at = key_block_cut(at, key[0].key_len, key[0].key, key[1].key);
		key_block_cut(at, iv_len, key[0].iv, key[1].iv);
	}
	OPENSSL_cleanse(block, sizeof(block));
	return error;
}

/*
 * The HkdfLabel of RFC 8446 section 7.1 with an empty context: length, label
 * with its prefix, no context.  Returns its bytes.
 */
static size_t
hkdf_label_build(const char *label, size_t out_len,
		 uint8_t info[HKDF_LABEL_MAX])
{
	static const char prefix[] = "tls13 ";
	size_t prefix_len = sizeof(prefix) - 1, label_len = strlen(label);
	size_t len = 2 + 1 + prefix_len + label_len + 1;

	assert(len <= HKDF_LABEL_MAX);
	info[0] = (uint8_t)(out_len >> 8);
	info[1] = (uint8_t)out_len;
	info[2] = (uint8_t)(prefix_len + label_len);
	memcpy(info + 3, prefix, prefix_len);
	memcpy(info + 3 + prefix_len, label, label_len);
	info[len - 1] = 0;
	return len;
}

/* HKDF-Expand-Label(secret, label, "", out_len); the secret is hash bytes. */
static int
hkdf_expand_label(enum tls_hash hash, const uint8_t *secret, const char *label,
		  uint8_t *out, size_t out_len)
{
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	uint8_t info[HKDF_LABEL_MAX];
	size_t info_len = hkdf_label_build(label, out_len, info);
	OSSL_PARAM params[KDF_PARAMS_MAX], *p = params;

	*p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
	*p++ = param_digest(digest_name(hash));
	*p++ = param_bytes(OSSL_KDF_PARAM_KEY, secret, tls_hash_bytes(hash));
	*p++ = param_bytes(OSSL_KDF_PARAM_INFO, info, info_len);
	*p = OSSL_PARAM_construct_end();
	return kdf_derive("HKDF", params, out, out_len);
}

int
tls13_record_key(const struct tls_suite *suite, const uint8_t *secret,
		 size_t secret_len, struct ktls_key *key)
{
	int error;

	if (key_init(suite, TLS_1_3, key) != 0 ||
	    secret_len != tls_hash_bytes(suite->prf))
		return EINVAL;
	error = hkdf_expand_label(suite->prf, secret, "key", key->key,
				  key->key_len);
	if (error != 0)
		return error;
	return hkdf_expand_label(suite->prf, secret, "iv", key->iv,
				 key->iv_len);
}

int
tls13_next_secret(const struct tls_suite *suite, uint8_t *secret,
		  size_t secret_len)
{
	uint8_t next[TLS_MAC_KEY_MAX];
	int error;

	if (!suite->tls13 || secret_len == 0 ||
	    secret_len != tls_hash_bytes(suite->prf))
		return EINVAL;
	error = hkdf_expand_label(suite->prf, secret, "traffic upd", next,
				  secret_len);
	if (error == 0)
		memcpy(secret, next, secret_len);
	OPENSSL_cleanse(next, sizeof(next));
	return error;
}
