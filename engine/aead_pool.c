/*
 * aead_pool.c - a few keyed cipher contexts, shared by many sessions.
 *
 * aead_openssl.c and cbc_openssl.c ask for the context of a record's key
 * (aead_pool_context) and for room to gather a record in (aead_pool_scratch).
 *
 * To key an AES-GCM context costs about as much as to decrypt a kilobyte,
 * and a context is 1.2 KiB (CBC with its MAC: twice that), so a pool keeps the
 * most recently used ones.  They are found by key id: the last one first, then
 * through a hash with chains.
 * Invariants: `newest` .. `oldest` is one list of all contexts; a context
 * without a key has key_id 0, is in no chain, and stands at the old end.
 *
 * Left out: decryption by two threads.
 */
#include "engine/aead_pool.h"

#include <assert.h>
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/aead.h"

enum pool_cipher {
	POOL_AES_128_GCM,
	POOL_AES_256_GCM,
	POOL_CHACHA20_POLY1305,
	POOL_AES_128_CCM,
	POOL_AES_128_CBC,
	POOL_AES_256_CBC,
	POOL_CIPHERS, /* also: none */
};

static const char *const cipher_names[POOL_CIPHERS] = {
    [POOL_AES_128_GCM] = "AES-128-GCM",
    [POOL_AES_256_GCM] = "AES-256-GCM",
    [POOL_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
    [POOL_AES_128_CCM] = "AES-128-CCM",
    [POOL_AES_128_CBC] = "AES-128-CBC",
    [POOL_AES_256_CBC] = "AES-256-CBC",
};

#define AEAD_NONE UINT32_MAX /* no context */

/* The part of a nonce that a key's records have in common: RFC 5288, 8446. */
enum { SALT_BYTES = sizeof(((struct aead_context *)NULL)->salt) };

struct aead_pool {
	struct aead_context *contexts;
	uint32_t *buckets; /* first context of each chain */
	uint32_t bucket_mask;
	uint32_t count;		  /* of contexts */
	uint32_t newest, oldest;  /* ends of the list of use */
	_Atomic uint64_t last_id; /* given out */
	EVP_CIPHER *ciphers[POOL_CIPHERS];
	EVP_MAC *hmac;
	uint8_t iv_end[TLS_NONCE_BYTES - SALT_BYTES]; /* read by params[0] */
	uint8_t tag[TLS_TAG_BYTES];		      /* read by params[1] */
	OSSL_PARAM params[3];
	uint8_t *scratch; /* one gathered record */
	size_t scratch_bytes;
};

/* Ids are drawn in sequence, so their low bits spread them evenly. */
static uint32_t *
bucket_of(const struct aead_pool *pool, uint64_t key_id)
{
	return &pool->buckets[key_id & pool->bucket_mask];
}

static uint32_t
context_find(const struct aead_pool *pool, uint64_t key_id)
{
	uint32_t at = *bucket_of(pool, key_id);

	while (at != AEAD_NONE && pool->contexts[at].key_id != key_id)
		at = pool->contexts[at].next;
	return at;
}

static void
list_remove(struct aead_pool *pool, uint32_t at)
{
	struct aead_context *c = &pool->contexts[at];

	if (c->newer == AEAD_NONE)
		pool->newest = c->older;
	else
		pool->contexts[c->newer].older = c->older;
	if (c->older == AEAD_NONE)
		pool->oldest = c->newer;
	else
		pool->contexts[c->older].newer = c->newer;
}

static void
list_push_newest(struct aead_pool *pool, uint32_t at)
{
	struct aead_context *c = &pool->contexts[at];

	c->newer = AEAD_NONE;
	c->older = pool->newest;
	if (pool->newest == AEAD_NONE)
		pool->oldest = at;
	else
		pool->contexts[pool->newest].newer = at;
	pool->newest = at;
}

static void
list_push_oldest(struct aead_pool *pool, uint32_t at)
{
	struct aead_context *c = &pool->contexts[at];

	c->older = AEAD_NONE;
	c->newer = pool->oldest;
	if (pool->oldest == AEAD_NONE)
		pool->newest = at;
	else
		pool->contexts[pool->oldest].older = at;
	pool->oldest = at;
}

static void
chain_insert(struct aead_pool *pool, uint32_t at, uint64_t key_id)
{
	uint32_t *head = bucket_of(pool, key_id);

	pool->contexts[at].key_id = key_id;
	pool->contexts[at].next = *head;
	*head = at;
}

static void
chain_remove(struct aead_pool *pool, uint32_t at)
{
	struct aead_context *c = &pool->contexts[at];
	uint32_t *link = bucket_of(pool, c->key_id);

	while (*link != at)
		link = &pool->contexts[*link].next;
	*link = c->next;
	c->key_id = 0;
}

/* Wipe the key; the provider's part of the context is cleared and freed. */
static void
context_drop(struct aead_pool *pool, uint32_t at)
{
	struct aead_context *c = &pool->contexts[at];

	if (c->key_id != 0)
		chain_remove(pool, at);
	if (c->evp != NULL)
		EVP_CIPHER_CTX_reset(c->evp);
	EVP_MAC_CTX_free(c->mac);
	c->mac = NULL;
	c->cipher = NULL;
	c->counts = false;
	list_remove(pool, at);
	list_push_oldest(pool, at);
}

static const EVP_CIPHER *
cipher_of(const struct aead_pool *pool, const struct ktls_key *key)
{
	enum pool_cipher small = POOL_CIPHERS, large = POOL_CIPHERS;

	switch (key->cipher) {
	case TLS_CIPHER_AES_GCM:
		small = POOL_AES_128_GCM;
		large = POOL_AES_256_GCM;
		break;
	case TLS_CIPHER_CHACHA20_POLY1305:
		large = POOL_CHACHA20_POLY1305;
		break;
	case TLS_CIPHER_AES_CCM:
		small = POOL_AES_128_CCM;
		break;
	case TLS_CIPHER_AES_CBC:
		if (pool->hmac == NULL)
			return NULL;
		small = POOL_AES_128_CBC;
		large = POOL_AES_256_CBC;
		break;
	case TLS_CIPHER_AES_CCM_8:
	case TLS_CIPHER_OTHER:
	case TLS_CIPHER_COUNT:
		break;
	}
	if (key->key_len == 16)
		large = small;
	else if (key->key_len != 32)
		return NULL;
	return large == POOL_CIPHERS ? NULL : pool->ciphers[large];
}

/* CCM must know the lengths of nonce and tag before it has a key. */
static bool
ccm_prepare(struct aead_context *c, const EVP_CIPHER *cipher)
{
	return EVP_CipherInit_ex2(c->evp, cipher, NULL, NULL, 0, NULL) &&
	       EVP_CIPHER_CTX_ctrl(c->evp, EVP_CTRL_AEAD_SET_IVLEN,
				   TLS_NONCE_BYTES, NULL) &&
	       EVP_CIPHER_CTX_ctrl(c->evp, EVP_CTRL_AEAD_SET_TAG, TLS_TAG_BYTES,
				   NULL);
}

static int
mac_key(struct aead_pool *pool, struct aead_context *c,
	const struct ktls_key *key)
{
	static const char *const digests[TLS_HASH_COUNT] = {
	    [TLS_HASH_SHA1] = "SHA1",
	    [TLS_HASH_SHA256] = "SHA256",
	    [TLS_HASH_SHA384] = "SHA384",
	};
	OSSL_PARAM params[2];

	assert(digests[key->mac] != NULL);
	c->mac = EVP_MAC_CTX_new(pool->hmac);
	/* OSSL_PARAM has no const for its inputs. */
	params[0] = OSSL_PARAM_construct_utf8_string(
	    OSSL_MAC_PARAM_DIGEST, (char *)digests[key->mac], 0);
	params[1] = OSSL_PARAM_construct_end();
	if (c->mac == NULL ||
	    !EVP_MAC_init(c->mac, key->mac_key, key->mac_key_len, params))
		return ENOMEM;
	return 0;
}

/* What EVP is told of the tag along with the IV. */
static const OSSL_PARAM *
tag_params(struct aead_pool *pool, const struct aead_use *use)
{
	if (use->tag == NULL)
		return NULL;
	memcpy(pool->tag, use->tag, sizeof(pool->tag));
	return &pool->params[1];
}

/*
 * GCM that opens can be told the changing end of a nonce alone, which takes a
 * third of the time of EVP's way with a whole one.
 */
static void
note_salt(struct aead_context *c, const struct aead_use *use)
{
	memcpy(c->salt, use->iv, sizeof(c->salt));
	c->counts = use->key->cipher == TLS_CIPHER_AES_GCM && !use->sealing &&
		    EVP_CIPHER_CTX_ctrl(c->evp, EVP_CTRL_AEAD_SET_IV_FIXED,
					sizeof(c->salt), c->salt) > 0;
}

/* The end of the nonce, and the tag.  False: it takes all of the nonce. */
static bool
context_count(struct aead_pool *pool, struct aead_context *c,
	      const struct aead_use *use)
{
	if (!c->counts || c->sealing || use->sealing ||
	    memcmp(c->salt, use->iv, sizeof(c->salt)) != 0)
		return false;
	assert(use->tag != NULL); /* GCM that opens has been given it */
	memcpy(pool->iv_end, use->iv + sizeof(c->salt), sizeof(pool->iv_end));
	memcpy(pool->tag, use->tag, sizeof(pool->tag));
	return EVP_CIPHER_CTX_set_params(c->evp, pool->params) > 0;
}

/*
 * Key a context and set its IV.  A cipher that stays the same is not named
 * again, since EVP would then allocate its state anew.
 */
static int
context_key(struct aead_pool *pool, struct aead_context *c,
	    const EVP_CIPHER *cipher, const struct aead_use *use)
{
	const struct ktls_key *key = use->key;
	const EVP_CIPHER *change = c->cipher == cipher ? NULL : cipher;

	EVP_MAC_CTX_free(c->mac);
	c->mac = NULL;
	if (c->evp == NULL)
		c->evp = EVP_CIPHER_CTX_new();
	if (c->evp == NULL)
		return ENOMEM;
	c->cipher = NULL;
	if (change != NULL && key->cipher == TLS_CIPHER_AES_CCM) {
		if (!ccm_prepare(c, cipher))
			return ENOMEM;
		change = NULL;
	}
	if (!EVP_CipherInit_ex2(c->evp, change, key->key, use->iv, use->sealing,
				tag_params(pool, use)))
		return ENOMEM;
	note_salt(c, use);
	if (key->cipher == TLS_CIPHER_AES_CBC) {
		EVP_CIPHER_CTX_set_padding(c->evp, 0);
		if (mac_key(pool, c, key) != 0)
			return ENOMEM;
	}
	c->cipher = cipher;
	c->sealing = use->sealing;
	return 0;
}

/*
 * Set IV and direction of a keyed context.  GCM and ChaCha20-Poly1305 turn
 * round as they are; OpenSSL's CCM chooses its code by the direction in which
 * it was keyed.
 */
static int
context_turn(struct aead_pool *pool, struct aead_context *c,
	     const struct aead_use *use)
{
	bool again = use->key->cipher == TLS_CIPHER_AES_CCM &&
		     c->sealing != use->sealing;

	if (context_count(pool, c, use))
		return 0;
	if (!EVP_CipherInit_ex2(c->evp, NULL, again ? use->key->key : NULL,
				use->iv, use->sealing, tag_params(pool, use)))
		return ENOMEM;
	memcpy(c->salt, use->iv, sizeof(c->salt));
	c->sealing = use->sealing;
	return 0;
}

/* Give the context that is longest out of use to this key. */
static int
context_replace(struct aead_pool *pool, const struct aead_use *use)
{
	const EVP_CIPHER *cipher = cipher_of(pool, use->key);
	uint32_t at = pool->oldest;
	int error;

	if (cipher == NULL)
		return EOPNOTSUPP;
	if (pool->contexts[at].key_id != 0)
		chain_remove(pool, at);
	error = context_key(pool, &pool->contexts[at], cipher, use);
	if (error != 0) {
		context_drop(pool, at);
		return error;
	}
	chain_insert(pool, at, use->key_id);
	list_remove(pool, at);
	list_push_newest(pool, at);
	return 0;
}

int
aead_pool_context(struct aead_pool *pool, const struct aead_use *use,
		  struct aead_context **context)
{
	struct aead_context *c = &pool->contexts[pool->newest];
	uint32_t at;
	int error;

	assert(use->key_id != 0);
	if (c->key_id != use->key_id) {
		at = context_find(pool, use->key_id);
		if (at == AEAD_NONE) {
			error = context_replace(pool, use);
			*context = &pool->contexts[pool->newest];
			return error;
		}
		list_remove(pool, at);
		list_push_newest(pool, at);
		c = &pool->contexts[at];
	}
	*context = c;
	return context_turn(pool, c, use);
}

uint8_t *
aead_pool_scratch(struct aead_pool *pool, size_t bytes)
{
	uint8_t *grown;

	if (bytes <= pool->scratch_bytes)
		return pool->scratch;
	grown = malloc(bytes);
	if (grown == NULL)
		return NULL;
	if (pool->scratch != NULL)
		OPENSSL_cleanse(pool->scratch, pool->scratch_bytes);
	free(pool->scratch);
	pool->scratch = grown;
	pool->scratch_bytes = bytes;
	return grown;
}

struct aead_pool *
aead_pool_create(unsigned contexts)
{
	struct aead_pool *pool = calloc(1, sizeof(*pool));
	uint32_t buckets = 1;

	assert(contexts >= 1 && contexts <= UINT32_MAX / 4);
	if (pool == NULL)
		return NULL;
	while (buckets < 2 * contexts)
		buckets *= 2;
	pool->params[0] = OSSL_PARAM_construct_octet_string(
	    OSSL_CIPHER_PARAM_AEAD_TLS1_SET_IV_INV, pool->iv_end,
	    sizeof(pool->iv_end));
	pool->params[1] = OSSL_PARAM_construct_octet_string(
	    OSSL_CIPHER_PARAM_AEAD_TAG, pool->tag, sizeof(pool->tag));
	pool->params[2] = OSSL_PARAM_construct_end();
	pool->bucket_mask = buckets - 1;
	pool->count = contexts;
	pool->contexts = calloc(contexts, sizeof(*pool->contexts));
	pool->buckets = malloc(buckets * sizeof(*pool->buckets));
	if (pool->contexts == NULL || pool->buckets == NULL) {
		aead_pool_destroy(pool);
		return NULL;
	}
	memset(pool->buckets, 0xff, buckets * sizeof(*pool->buckets));
	pool->newest = pool->oldest = AEAD_NONE;
	for (uint32_t i = 0; i < contexts; i++)
		list_push_oldest(pool, i);
	/* A cipher that the provider lacks stays NULL: EOPNOTSUPP when used. */
	for (int i = 0; i < POOL_CIPHERS; i++)
		pool->ciphers[i] =
		    EVP_CIPHER_fetch(NULL, cipher_names[i], NULL);
	pool->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	return pool;
}

static void
context_free(struct aead_context *c)
{
	EVP_CIPHER_CTX_free(c->evp);
	EVP_MAC_CTX_free(c->mac);
}

void
aead_pool_destroy(struct aead_pool *pool)
{
	if (pool == NULL)
		return;
	for (uint32_t i = 0; pool->contexts != NULL && i < pool->count; i++)
		context_free(&pool->contexts[i]);
	for (int i = 0; i < POOL_CIPHERS; i++)
		EVP_CIPHER_free(pool->ciphers[i]);
	EVP_MAC_free(pool->hmac);
	if (pool->scratch != NULL)
		OPENSSL_cleanse(pool->scratch, pool->scratch_bytes);
	free(pool->scratch);
	free(pool->buckets);
	free(pool->contexts);
	free(pool);
}

uint64_t
aead_key_id(struct aead_pool *pool)
{
	return atomic_fetch_add_explicit(&pool->last_id, 1,
					 memory_order_relaxed) +
	       1;
}

void
aead_pool_forget(struct aead_pool *pool, uint64_t key_id)
{
	uint32_t at = context_find(pool, key_id);

	if (at != AEAD_NONE)
		context_drop(pool, at);
}
