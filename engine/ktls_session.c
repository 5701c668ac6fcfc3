/*
 * ktls_session.c - keys and framing of one receiving direction.
 *
 * Made by the caller of ktls_rx_enable, which hands its reference to the
 * socket buffer; ktls_rx.c reads it; the last free wipes it.
 *
 * FreeBSD makes a software crypto session here as well; ours is a key id in
 * the lent aead_pool, which keys a cipher context when one is needed.  Left
 * out: transmit, NIC tags, TOE, and the choice of a CPU (the caller's).
 */
#include "engine/ktls_session.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "engine/aead.h"

static bool
backend_has(enum tls_cipher cipher)
{
	return cipher == TLS_CIPHER_AES_GCM ||
	       cipher == TLS_CIPHER_CHACHA20_POLY1305 ||
	       cipher == TLS_CIPHER_AES_CBC || cipher == TLS_CIPHER_AES_CCM;
}

/*
 * Records of another suite than the assumed one: its overhead is a guess, and
 * the greatest length is that of RFC 5246 section 6.2.3, not FreeBSD's.
 */
static void
framing_widen(struct tls_framing *framing)
{
	framing->tlen = (uint8_t)(framing->tlen + framing->explicit_iv);
	framing->hlen = TLS_HEADER_BYTES;
	framing->explicit_iv = 0;
	framing->min_length = 1;
	framing->max_length = TLS_PLAINTEXT_MAX + TLS_EXPANSION_MAX;
}

int
ktls_session_create(struct ktls_session **session, const struct ktls_key *key,
		    enum ktls_crypto crypto, struct aead_pool *aead,
		    uint32_t wq_index)
{
	int error = ktls_key_check(key);
	struct ktls_session *s;
	bool framed;

	if (error != 0)
		return error;
	if (crypto == KTLS_CRYPTO_REAL && !backend_has(key->cipher))
		return EOPNOTSUPP;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ENOMEM;
	framed =
	    tls_framing_of(key->version, key->cipher, key->mac, &s->framing);
	assert(framed);
	if (crypto == KTLS_CRYPTO_ASSUMED)
		framing_widen(&s->framing);
	s->params = *key;
	s->crypto = crypto;
	if (crypto == KTLS_CRYPTO_REAL) {
		assert(aead != NULL);
		s->aead = aead;
		s->aead_key_id = aead_key_id(aead);
	}
	s->wq_index = wq_index;
	s->refcount = 1;
	*session = s;
	return 0;
}

/* The gauge of the session's cipher. */
static uint64_t *
cipher_gauge(const struct ktls_session *session,
	     struct ktls_session_stats *stats)
{
	if (session->params.cipher == TLS_CIPHER_AES_CBC)
		return &stats->sw_cbc;
	if (session->params.cipher == TLS_CIPHER_CHACHA20_POLY1305)
		return &stats->sw_chacha20;
	return &stats->sw_gcm;
}

void
ktls_session_tally(const struct ktls_session *session,
		   struct ktls_session_stats *stats)
{
	stats->offload_total++;
	stats->active++;
	++*cipher_gauge(session, stats);
}

void
ktls_session_count(struct ktls_session *session,
		   struct ktls_session_stats *stats)
{
	assert(session->stats == NULL);
	session->stats = stats;
	ktls_session_tally(session, stats);
}

void
ktls_session_hold(struct ktls_session *session)
{
	session->refcount++;
}

void
ktls_session_free(struct ktls_session *session)
{
	assert(session->refcount > 0);
	if (--session->refcount > 0)
		return;
	assert(session->detached == 0);
	if (session->stats != NULL) {
		session->stats->active--;
		--*cipher_gauge(session, session->stats);
	}
	if (session->aead != NULL) {
		aead_pool_forget(session->aead, session->aead_key_id);
		aead_pool_forget(session->aead, session->aead_old_id);
	}
	ktls_key_clear(&session->params);
	ktls_key_clear(&session->nic_key);
	free(session);
}
