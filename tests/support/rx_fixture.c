/*
 * rx_fixture.c - a receiving socket with a sender that seals records for it.
 *
 * The sender uses an aead pool of its own, so that the receiver's never sees a
 * context that was keyed for sealing.
 */
#include "tests/support/rx_fixture.h"

#include <assert.h>
#include <string.h>

#include "engine/aead.h"
#include "engine/effects.h"
#include "engine/mbuf.h"

enum { RX_HIWAT = 65536 };

struct ktls_key
rx_key(enum tls_version version, enum tls_cipher cipher, uint8_t key_len,
       uint8_t seed)
{
	struct ktls_key key = {
	    .version = version,
	    .cipher = cipher,
	    .key_len = key_len,
	    .iv_len = TLS_NONCE_BYTES,
	};

	if (version == TLS_1_2 && cipher == TLS_CIPHER_AES_GCM)
		key.iv_len = 4;
	for (unsigned i = 0; i < TLS_KEY_MAX; i++)
		key.key[i] = (uint8_t)(seed + i * 7);
	for (unsigned i = 0; i < TLS_IV_MAX; i++)
		key.iv[i] = (uint8_t)(seed * 3 + i);
	return key;
}

void
rx_init(struct rx_fixture *fx, const struct ktls_key *key,
	enum ktls_crypto crypto)
{
	*fx = (struct rx_fixture){.crypto = crypto, .first_key = *key};
	fx->pool = mbuf_pool_create(0);
	fx->seal = aead_pool_create(1);
	if (crypto == KTLS_CRYPTO_REAL)
		fx->aead = aead_pool_create(2);
	so_init(&fx->so, fx->pool, RX_HIWAT);
	rx_change_key(fx, key);
}

void
rx_change_key(struct rx_fixture *fx, const struct ktls_key *key)
{
	if (fx->seal_id != 0)
		aead_pool_forget(fx->seal, fx->seal_id);
	fx->seal_id = aead_key_id(fx->seal);
	fx->key = *key;
	fx->seal_seq = key->rec_seq;
}

void
rx_enable(struct rx_fixture *fx)
{
	struct ktls_session *session;
	unsigned effects = 0;
	int error;

	error = ktls_session_create(&session, &fx->first_key, fx->crypto,
				    fx->aead, 0);
	assert(error == 0);
	error =
	    ktls_rx_enable(&fx->so, session, fx->first_key.rec_seq, &effects);
	assert(error == 0);
	fx->effects |= effects;
}

void
rx_fini(struct rx_fixture *fx)
{
	if (!fx->gone) {
		so_close(&fx->so);
		sbcheck(&fx->so.so_rcv);
		so_fini(&fx->so);
	}
	aead_pool_destroy(fx->aead);
	aead_pool_destroy(fx->seal);
	mbuf_pool_destroy(fx->pool);
}

/* Seal inner in place behind the header and write the tag behind it. */
static void
seal(struct rx_fixture *fx, uint8_t *wire, size_t hlen, size_t len)
{
	uint8_t aad[13];
	struct aead_record record = {
	    .key_id = fx->seal_id,
	    .key = &fx->key,
	    .aad = aad,
	};
	int error;

	tls_nonce(&fx->key, fx->seal_seq, wire + TLS_HEADER_BYTES,
		  record.nonce);
	record.aad_len =
	    tls_aad(&fx->key, fx->seal_seq, wire, (uint16_t)len, aad);
	error =
	    aead_seal_bytes(fx->seal, &record, wire + hlen, len, wire + hlen);
	assert(error == 0);
	memcpy(wire + hlen + len, record.tag, TLS_TAG_BYTES);
}

size_t
rx_record_raw(struct rx_fixture *fx, uint8_t outer_type, const uint8_t *inner,
	      size_t len, uint8_t *wire)
{
	struct tls_framing framing;
	size_t total;
	bool known;

	known = tls_framing_of(fx->key.version, fx->key.cipher, TLS_HASH_NONE,
			       &framing);
	assert(known);
	total = framing.hlen + len + TLS_TAG_BYTES;
	assert(total <= RX_RECORD_MAX);
	memset(wire, 0xee, total);
	wire[0] = outer_type;
	wire[1] = 3;
	wire[2] = 3;
	wire[3] = (uint8_t)((total - TLS_HEADER_BYTES) >> 8);
	wire[4] = (uint8_t)(total - TLS_HEADER_BYTES);
	if (len > 0)
		memcpy(wire + framing.hlen, inner, len);
	for (unsigned i = 0; i < framing.explicit_iv; i++)
		wire[TLS_HEADER_BYTES + i] = (uint8_t)(fx->seal_seq * 5 + i);
	memcpy(fx->nic, wire, total);
	if (fx->crypto == KTLS_CRYPTO_REAL)
		seal(fx, wire, framing.hlen, len);
	memcpy(fx->nic + framing.hlen + len, wire + framing.hlen + len,
	       TLS_TAG_BYTES);
	fx->seal_seq++;
	return total;
}

size_t
rx_record(struct rx_fixture *fx, uint8_t type, const uint8_t *payload,
	  size_t len, size_t pad, uint8_t *wire)
{
	uint8_t inner[RX_RECORD_MAX] = {0};

	if (len > 0)
		memcpy(inner, payload, len);
	if (fx->key.version != TLS_1_3)
		return rx_record_raw(fx, type, inner, len, wire);
	inner[len] = type;
	return rx_record_raw(fx, TLS_APPLICATION_DATA, inner, len + 1 + pad,
			     wire);
}

void
rx_feed_cut(struct rx_fixture *fx, const uint8_t *bytes, size_t known_len,
	    size_t unknown_len)
{
	struct mbuf *m = m_from_bytes(fx->pool, bytes, (uint32_t)known_len,
				      (uint32_t)unknown_len);

	assert(m != NULL);
	fx->effects |= sbappendstream(&fx->so.so_rcv, m);
	sbcheck(&fx->so.so_rcv);
}

void
rx_feed_decrypted(struct rx_fixture *fx, const uint8_t *bytes, size_t len)
{
	struct mbuf *m = m_from_bytes(fx->pool, bytes, (uint32_t)len, 0);

	assert(m != NULL);
	m->m_pkthdr.csum_flags = CSUM_TLS_DECRYPTED;
	fx->effects |= sbappendstream(&fx->so.so_rcv, m);
	sbcheck(&fx->so.so_rcv);
}

void
rx_feed(struct rx_fixture *fx, const uint8_t *bytes, size_t len)
{
	rx_feed_cut(fx, bytes, len, 0);
}

void
rx_feed_segments(struct rx_fixture *fx, const uint8_t *bytes, size_t len,
		 size_t segment)
{
	for (size_t off = 0; off < len; off += segment)
		rx_feed(fx, bytes + off,
			len - off < segment ? len - off : segment);
}

enum ktls_rx_verdict
rx_pass(struct rx_fixture *fx)
{
	struct sockbuf *sb = &fx->so.so_rcv;
	struct ktls_rx_job job;
	enum ktls_rx_verdict verdict;
	unsigned effects;
	bool delivered, ready;

	for (;;) {
		ready = ktls_rx_ready(&fx->so);
		verdict = ktls_rx_begin(&fx->so, &job, &fx->counters, &effects);
		sbcheck(sb);
		assert(ready == (verdict != KTLS_RX_DRY));
		fx->effects |= effects;
		if (verdict != KTLS_RX_RECORD)
			break;
		ktls_rx_crypt(&job);
		fx->effects |=
		    ktls_rx_finish(&fx->so, &job, &fx->counters, &delivered);
		sbcheck(sb);
	}
	fx->effects &= ~(unsigned)ENGINE_QUEUE_WORK;
	if (verdict != KTLS_RX_DROPPED)
		fx->effects |= ktls_rx_end_pass(&fx->so);
	sbcheck(sb);
	return verdict;
}

bool
rx_running(const struct rx_fixture *fx)
{
	return (fx->so.so_rcv.sb_flags & SB_TLS_RX_RUNNING) != 0;
}

static void
collect(void *arg, const uint8_t *bytes, size_t len)
{
	struct rx_read *read = arg;
	uint8_t *at = read->bytes + read->result.bytes;

	assert(read->result.bytes + len <= sizeof(read->bytes));
	if (bytes != NULL)
		memcpy(at, bytes, len);
	else
		memset(at, 0, len);
	read->unknown += bytes == NULL ? (uint32_t)len : 0;
	read->result.bytes += (uint32_t)len;
	read->pieces++;
}

void
rx_recvmsg(struct rx_fixture *fx, const struct soreceive_msg *msg,
	   struct rx_read *read)
{
	struct soreceive_msg call = *msg;
	struct soreceive_result result;

	*read = (struct rx_read){0};
	call.move = collect;
	call.arg = read;
	soreceive_msg(&fx->so, &call, &result);
	assert(result.bytes == read->result.bytes);
	read->result = result;
	sbcheck(&fx->so.so_rcv);
}

void
rx_read(struct rx_fixture *fx, uint32_t resid, unsigned flags,
	struct rx_read *read)
{
	struct soreceive_result result;

	*read = (struct rx_read){0};
	soreceive(&fx->so, resid, flags, collect, read, &result);
	assert(result.bytes == read->result.bytes);
	read->result = result;
	sbcheck(&fx->so.so_rcv);
}
