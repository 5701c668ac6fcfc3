/*
 * aead_openssl.c - authenticated encryption by OpenSSL's EVP, behind aead.h.
 *
 * Called by ktls_rx for each record (aead_open, aead_open_bytes for the head of
 * a mixed record) and by the NIC model and the tests (aead_seal_bytes). It
 * stands where FreeBSD has ktls_ocf.
 *
 * To key an AES-GCM context costs about as much as to decrypt a kilobyte,
 * and a context is 1.2 KiB, so a pool keeps the most recently used ones.  They
 * are found by key id: the last one first, then through a hash with chains.
 * Invariants: `newest` .. `oldest` is one list of all contexts; a context
 * without a key has key_id 0, is in no chain, and stands at the old end.
 *
 * AES-GCM runs over the mbufs as they lie.  ChaCha20-Poly1305 of a record in
 * several mbufs is gathered first and scattered afterwards: EVP loses almost
 * half its speed on pieces, and two copies cost a tenth.
 *
 * Left out: CBC and CCM (EOPNOTSUPP), and decryption by two threads.
 */
#include "engine/aead.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mbuf.h"

enum aead_kind {
	AEAD_AES_128_GCM,
	AEAD_AES_256_GCM,
	AEAD_CHACHA20_POLY1305,
	AEAD_KINDS,
};

static const char *const aead_names[AEAD_KINDS] = {
    [AEAD_AES_128_GCM] = "AES-128-GCM",
    [AEAD_AES_256_GCM] = "AES-256-GCM",
    [AEAD_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
};

enum { CACHE_LINE = 64 };

#define AEAD_NONE UINT32_MAX /* no context */

struct aead_context {
	uint64_t key_id; /* 0: no key */
	EVP_CIPHER_CTX *evp;
	const EVP_CIPHER *cipher; /* that evp was keyed for; NULL: none */
	uint32_t newer, older;	  /* the list of use */
	uint32_t next;		  /* in the chain of its bucket */
};

struct aead_pool {
	struct aead_context *contexts;
	uint32_t *buckets; /* first context of each chain */
	uint32_t bucket_mask;
	uint32_t count;		  /* of contexts */
	uint32_t newest, oldest;  /* ends of the list of use */
	_Atomic uint64_t last_id; /* given out */
	EVP_CIPHER *ciphers[AEAD_KINDS];
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
	c->cipher = NULL;
	list_remove(pool, at);
	list_push_oldest(pool, at);
}

static const EVP_CIPHER *
cipher_of(const struct aead_pool *pool, const struct ktls_key *key)
{
	if (key->cipher == TLS_CIPHER_CHACHA20_POLY1305 && key->key_len == 32)
		return pool->ciphers[AEAD_CHACHA20_POLY1305];
	if (key->cipher != TLS_CIPHER_AES_GCM)
		return NULL;
	if (key->key_len == 16)
		return pool->ciphers[AEAD_AES_128_GCM];
	return key->key_len == 32 ? pool->ciphers[AEAD_AES_256_GCM] : NULL;
}

/*
 * Key a context and set its nonce.  A cipher that stays the same is not named
 * again, since EVP would then allocate its state anew.
 */
static int
context_key(struct aead_context *c, const EVP_CIPHER *cipher,
	    const struct aead_record *record, bool sealing)
{
	const EVP_CIPHER *change = c->cipher == cipher ? NULL : cipher;

	if (c->evp == NULL)
		c->evp = EVP_CIPHER_CTX_new();
	if (c->evp == NULL)
		return ENOMEM;
	c->cipher = NULL;
	if (!EVP_CipherInit_ex2(c->evp, change, record->key->key, record->nonce,
				sealing, NULL))
		return ENOMEM;
	c->cipher = cipher;
	return 0;
}

/* Give the context that is longest out of use to the record's key. */
static int
context_replace(struct aead_pool *pool, const struct aead_record *record,
		bool sealing)
{
	const EVP_CIPHER *cipher = cipher_of(pool, record->key);
	uint32_t at = pool->oldest;
	int error;

	if (cipher == NULL)
		return EOPNOTSUPP;
	if (pool->contexts[at].key_id != 0)
		chain_remove(pool, at);
	error = context_key(&pool->contexts[at], cipher, record, sealing);
	if (error != 0) {
		context_drop(pool, at);
		return error;
	}
	chain_insert(pool, at, record->key_id);
	list_remove(pool, at);
	list_push_newest(pool, at);
	return 0;
}

/*
 * Make the record's context the newest and set its nonce and direction; both
 * ciphers use one key schedule for sealing and opening.
 */
static int
context_select(struct aead_pool *pool, const struct aead_record *record,
	       bool sealing)
{
	struct aead_context *c = &pool->contexts[pool->newest];
	uint32_t at;

	if (c->key_id != record->key_id) {
		at = context_find(pool, record->key_id);
		if (at == AEAD_NONE)
			return context_replace(pool, record, sealing);
		list_remove(pool, at);
		list_push_newest(pool, at);
		c = &pool->contexts[at];
	}
	return EVP_CipherInit_ex2(c->evp, NULL, NULL, record->nonce, sealing,
				  NULL)
		   ? 0
		   : ENOMEM;
}

/* A context that has the key, the nonce and the additional data. */
static int
record_begin(struct aead_pool *pool, const struct aead_record *record,
	     bool sealing, EVP_CIPHER_CTX **evp)
{
	int error, out_len;

	assert(record->key_id != 0 && record->aad_len <= INT_MAX);
	error = context_select(pool, record, sealing);
	if (error != 0)
		return error;
	*evp = pool->contexts[pool->newest].evp;
	if (record->aad_len == 0)
		return 0;
	return EVP_CipherUpdate(*evp, NULL, &out_len, record->aad,
				(int)record->aad_len)
		   ? 0
		   : ENOMEM;
}

static bool
bytes_update(EVP_CIPHER_CTX *evp, const uint8_t *in, size_t len, uint8_t *out)
{
	int out_len;

	assert(len <= INT_MAX);
	return len == 0 || EVP_CipherUpdate(evp, out, &out_len, in, (int)len);
}

/* EVP compares the tags in constant time. */
static int
record_verify(EVP_CIPHER_CTX *evp, const struct aead_record *record)
{
	uint8_t tag[TLS_TAG_BYTES], none[TLS_TAG_BYTES];
	int out_len;

	memcpy(tag, record->tag, sizeof(tag));
	if (!EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag))
		return ENOMEM;
	return EVP_CipherFinal_ex(evp, none, &out_len) > 0 ? 0 : EBADMSG;
}

/* Pass over whole mbufs; *off becomes an offset into the one returned. */
static struct mbuf *
chain_seek(struct mbuf *m, uint32_t *off)
{
	while (m != NULL && *off >= m->m_len) {
		*off -= m->m_len;
		m = m->m_next;
	}
	return m;
}

/* Bytes of this mbuf, from off, that are in a range of len bytes. */
static uint32_t
piece_bytes(const struct mbuf *m, uint32_t off, uint32_t len)
{
	uint32_t rest = m->m_len - off;

	return rest < len ? rest : len;
}

static bool
range_known(const struct mbuf *m, uint32_t off, uint32_t len)
{
	for (; len > 0; m = m->m_next, off = 0) {
		uint32_t piece;

		assert(m != NULL && off <= m->m_len);
		piece = piece_bytes(m, off, len);
		if (piece > 0 && (m->m_flags & M_UNKNOWN) != 0)
			return false;
		len -= piece;
	}
	return true;
}

/*
 * Pieces lie apart, and hardware only looks ahead within one: ask for the next
 * one's bytes while this one is worked on.
 */
static void
piece_prefetch(const struct mbuf *m)
{
	if (m == NULL)
		return;
	for (uint32_t off = 0; off < m->m_len; off += CACHE_LINE)
		__builtin_prefetch(m->m_data + off, 1);
}

static bool
range_update(EVP_CIPHER_CTX *evp, struct mbuf *m, uint32_t off, uint32_t len)
{
	for (; len > 0; m = m->m_next, off = 0) {
		uint32_t piece = piece_bytes(m, off, len);
		uint8_t *data = m->m_data + off;

		piece_prefetch(m->m_next);
		if (!bytes_update(evp, data, piece, data))
			return false;
		len -= piece;
	}
	return true;
}

static void
range_gather(const struct mbuf *m, uint32_t off, uint32_t len, uint8_t *out)
{
	for (; len > 0; m = m->m_next, off = 0) {
		uint32_t piece = piece_bytes(m, off, len);

		memcpy(out, m->m_data + off, piece);
		out += piece;
		len -= piece;
	}
}

static void
range_scatter(struct mbuf *m, uint32_t off, uint32_t len, const uint8_t *in)
{
	for (; len > 0; m = m->m_next, off = 0) {
		uint32_t piece = piece_bytes(m, off, len);

		memcpy(m->m_data + off, in, piece);
		in += piece;
		len -= piece;
	}
}

static int
scratch_reserve(struct aead_pool *pool, size_t bytes)
{
	uint8_t *grown;

	if (bytes <= pool->scratch_bytes)
		return 0;
	grown = malloc(bytes);
	if (grown == NULL)
		return ENOMEM;
	if (pool->scratch != NULL)
		OPENSSL_cleanse(pool->scratch, pool->scratch_bytes);
	free(pool->scratch);
	pool->scratch = grown;
	pool->scratch_bytes = bytes;
	return 0;
}

static int
range_open_gathered(struct aead_pool *pool, const struct aead_record *record,
		    struct mbuf *m, uint32_t off, uint32_t len)
{
	int error = scratch_reserve(pool, len);

	if (error != 0)
		return error;
	range_gather(m, off, len, pool->scratch);
	error =
	    aead_open_bytes(pool, record, pool->scratch, len, pool->scratch);
	if (error == 0)
		range_scatter(m, off, len, pool->scratch);
	return error;
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
	for (int i = 0; i < AEAD_KINDS; i++)
		pool->ciphers[i] = EVP_CIPHER_fetch(NULL, aead_names[i], NULL);
	return pool;
}

void
aead_pool_destroy(struct aead_pool *pool)
{
	if (pool == NULL)
		return;
	for (uint32_t i = 0; pool->contexts != NULL && i < pool->count; i++)
		EVP_CIPHER_CTX_free(pool->contexts[i].evp);
	for (int i = 0; i < AEAD_KINDS; i++)
		EVP_CIPHER_free(pool->ciphers[i]);
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

int
aead_open(struct aead_pool *pool, const struct aead_record *record,
	  struct mbuf *m, uint32_t off, uint32_t len)
{
	EVP_CIPHER_CTX *evp;
	int error;

	m = chain_seek(m, &off);
	if (!range_known(m, off, len))
		return EBADMSG;
	if (len == 0)
		return aead_open_bytes(pool, record, NULL, 0, NULL);
	if (record->key->cipher == TLS_CIPHER_CHACHA20_POLY1305 &&
	    len > m->m_len - off)
		return range_open_gathered(pool, record, m, off, len);
	error = record_begin(pool, record, false, &evp);
	if (error != 0)
		return error;
	if (!range_update(evp, m, off, len))
		return EBADMSG;
	return record_verify(evp, record);
}

int
aead_open_bytes(struct aead_pool *pool, const struct aead_record *record,
		const uint8_t *in, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *evp;
	int error = record_begin(pool, record, false, &evp);

	if (error != 0)
		return error;
	if (!bytes_update(evp, in, len, out))
		return EBADMSG;
	return record_verify(evp, record);
}

int
aead_seal_bytes(struct aead_pool *pool, struct aead_record *record,
		const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t none[TLS_TAG_BYTES];
	EVP_CIPHER_CTX *evp;
	int out_len;
	int error = record_begin(pool, record, true, &evp);

	if (error != 0)
		return error;
	if (!bytes_update(evp, in, len, out) ||
	    EVP_CipherFinal_ex(evp, none, &out_len) <= 0 ||
	    !EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_GET_TAG, TLS_TAG_BYTES,
				 record->tag))
		return ENOMEM;
	return 0;
}
