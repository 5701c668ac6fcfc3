/*
 * ktls_rx_crypt.c - decrypt one detached record, without the lock.
 *
 * Called by the worker between ktls_rx_begin and ktls_rx_finish.  Reads the
 * session's keys, writes only the job and the record's own bytes, allocates
 * nothing: it may run while others use the socket.
 *
 * In real mode the record is opened in place and the tag verified; in model
 * mode nothing is touched and the lengths follow from the framing.  A record
 * that is shorter than its suite allows is refused in both.
 *
 * A record that a NIC has decrypted as a whole is taken as it is: the NIC marks
 * the packet that carries the tag only once the tag has verified.  One that is
 * marked in part becomes ciphertext again and is opened like any other, so that
 * software vouches for it.  Marks can come with AES-GCM only; any other record
 * that has one does not open.
 *
 * Mirrors: FreeBSD ktls_ocf_tls12_aead_decrypt(),
 * ktls_ocf_tls13_aead_decrypt(), ktls_ocf_tls_cbc_decrypt(),
 * tls13_find_record_type() and the choice between them in ktls_decrypt().
 */
#include "engine/ktls_rx.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "engine/aead.h"
#include "engine/cbc.h"
#include "engine/ktls_recrypt.h"
#include "engine/ktls_session.h"
#include "engine/mbuf.h"
#include "engine/mbuf_range.h"

enum {
	HANDSHAKE_HEADER_BYTES = 4,
};

/* RFC 8446 section 4.6.3: type 24 with one byte, request_update. */
static const uint8_t key_update[HANDSHAKE_HEADER_BYTES] = {24, 0, 0, 1};

/*
 * Without keys: the lengths follow from the framing.  Of TLS 1.3, neither
 * padding nor inner type can be known; of CBC, the least padding is assumed.
 */
static int
crypt_model(struct ktls_rx_job *job)
{
	const struct ktls_session *session = job->session;
	const struct ktls_key *params = &session->params;
	uint32_t body = job->wire_len - session->framing.hlen;
	uint32_t trail = session->framing.tlen;

	if (params->cipher == TLS_CIPHER_AES_CBC)
		trail = (uint32_t)tls_hash_bytes(params->mac) + 1;
	if (trail > body)
		trail = body;
	job->plaintext_len = body - trail;
	if (job->plaintext_len > TLS_PLAINTEXT_MAX)
		job->plaintext_len = TLS_PLAINTEXT_MAX;
	job->trail_len = body - job->plaintext_len;
	job->record_type =
	    params->version == TLS_1_3 ? TLS_APPLICATION_DATA : job->header[0];
	/* A TLS 1.2 ChangeCipherSpec shows its type; a KeyUpdate does not. */
	job->rekeys = job->record_type == TLS_CHANGE_CIPHER_SPEC;
	return 0;
}

/*
 * Open all that stands behind the IV in place.  Every error counts as a record
 * that does not open.
 */
static int
open_cbc(struct ktls_rx_job *job)
{
	const struct ktls_session *session = job->session;
	uint32_t hlen = session->framing.hlen;
	const struct cbc_record record = {
	    .key_id = session->aead_key_id,
	    .key = &session->params,
	    .seqno = job->seqno,
	    .header = job->header,
	    .iv = job->header + TLS_HEADER_BYTES,
	};
	int error;

	if (job->unknown)
		return EBADMSG;
	assert(job->exclusive);
	error = cbc_open(session->aead, &record, job->record, hlen,
			 job->wire_len - hlen, &job->plaintext_len);
	return error != 0 ? EBADMSG : 0;
}

/* Undo what the NIC did, with the key and the number that it had. */
static int
recrypt(const struct ktls_rx_job *job, const uint8_t nonce[TLS_NONCE_BYTES],
	uint32_t text_len)
{
	const struct ktls_session *session = job->session;
	const struct ktls_key *key = &session->params;
	uint8_t old_nonce[TLS_NONCE_BYTES];

	if (job->nic_rekeyed) {
		key = &session->nic_key;
		tls_nonce(key, job->nic_seqno, job->header + TLS_HEADER_BYTES,
			  old_nonce);
		nonce = old_nonce;
	}
	return ktls_recrypt(key, nonce, job->record, session->framing.hlen,
			    text_len);
}

/*
 * The last bytes of a record, none of them unknown.  As a rule they lie in one
 * mbuf, and there is no need to walk to it.
 */
static void
copy_tag(const struct ktls_rx_job *job, uint8_t tag[TLS_TAG_BYTES])
{
	const struct mbuf *m = job->last;

	if (m->m_len >= TLS_TAG_BYTES)
		memcpy(tag, m->m_data + m->m_len - TLS_TAG_BYTES,
		       TLS_TAG_BYTES);
	else
		(void)m_copydata(job->record, job->wire_len - TLS_TAG_BYTES,
				 TLS_TAG_BYTES, tag);
}

/* The byte in front of the tag, where there is one.  Likewise. */
static uint8_t
byte_before_tag(const struct ktls_rx_job *job)
{
	uint32_t off = job->wire_len - TLS_TAG_BYTES - 1;
	const struct mbuf *m = job->last;

	if (m->m_len > TLS_TAG_BYTES)
		return m->m_data[m->m_len - TLS_TAG_BYTES - 1];
	m = m_getptr(job->record, &off);
	return m->m_data[off];
}

/* The same of an AEAD record, with text_len bytes between IV and tag. */
static int
open_aead(struct ktls_rx_job *job, uint32_t text_len)
{
	const struct ktls_session *session = job->session;
	const struct ktls_key *params = &session->params;
	uint32_t hlen = session->framing.hlen;
	uint8_t aad[13];
	struct aead_record record = {
	    .key_id = session->aead_key_id,
	    .key = params,
	    .aad = aad,
	};
	int error;

	if (job->unknown)
		return EBADMSG;
	copy_tag(job, record.tag);
	tls_nonce(params, job->seqno, job->header + TLS_HEADER_BYTES,
		  record.nonce);
	record.aad_len =
	    tls_aad(params, job->seqno, job->header, (uint16_t)text_len, aad);
	assert(job->exclusive);
	if (job->state == KTLS_MBUF_CRYPTO_ST_MIXED &&
	    recrypt(job, record.nonce, text_len) != 0)
		return EBADMSG;
	error = aead_open(session->aead, &record, job->record, hlen, text_len);
	return error != 0 ? EBADMSG : 0;
}

/* Offset of the last byte that is not zero in len > 0 bytes, or len. */
static uint32_t
last_nonzero(const uint8_t *bytes, uint32_t len)
{
	uint32_t i = len;

	while (i-- > 0)
		if (bytes[i] != 0)
			return i;
	return len;
}

/* The same in bytes [start, start + len) of the record; each is looked at. */
static bool
find_behind_padding(struct ktls_rx_job *job, uint32_t start, uint32_t len)
{
	uint32_t end = start + len;
	uint32_t off = 0; /* of m in the record */
	bool found = false;

	for (const struct mbuf *m = job->record; off < end; m = m->m_next) {
		uint32_t from = off < start ? start - off : 0;
		uint32_t to = end - off < m->m_len ? end - off : m->m_len;

		if (from < to) {
			uint32_t i = last_nonzero(m->m_data + from, to - from);

			if (i < to - from) {
				found = true;
				job->record_type = m->m_data[from + i];
				job->plaintext_len = off + from + i - start;
			}
		}
		off += m->m_len;
	}
	return found;
}

/*
 * RFC 8446 section 5.2: the last non-zero byte of the inner plaintext, bytes
 * [hlen, hlen + text_len) of the record, is the content type; the zeros behind
 * it are padding, which few senders use.  EBADMSG where there is none.  The
 * least length of a record (framing.min_length) leaves room for the type.
 */
static int
find_inner_type(struct ktls_rx_job *job, uint32_t text_len)
{
	uint32_t start = job->session->framing.hlen;
	uint8_t type;

	assert(text_len > 0);
	type = byte_before_tag(job);
	if (type == 0)
		return find_behind_padding(job, start, text_len) ? 0 : EBADMSG;
	job->record_type = type;
	job->plaintext_len = text_len - 1;
	return 0;
}

/*
 * True where the plaintext is a row of whole handshake messages and the last
 * of them is a KeyUpdate, as it must be at the end of a key's last record.
 */
static bool
ends_in_key_update(const struct ktls_rx_job *job)
{
	uint32_t start = job->session->framing.hlen;
	uint32_t off = 0;
	uint8_t head[HANDSHAKE_HEADER_BYTES] = {0};

	while (off < job->plaintext_len) {
		if (job->plaintext_len - off < HANDSHAKE_HEADER_BYTES ||
		    !m_copydata(job->record, start + off,
				HANDSHAKE_HEADER_BYTES, head))
			return false;
		off +=
		    HANDSHAKE_HEADER_BYTES + ((uint32_t)head[1] << 16 |
					      (uint32_t)head[2] << 8 | head[3]);
	}
	return off == job->plaintext_len &&
	       memcmp(head, key_update, sizeof(head)) == 0;
}

bool
ktls_rx_forgo(struct ktls_rx_job *job)
{
	struct ktls_session *session = job->session;

	assert(job->record != NULL);
	if (session->crypto != KTLS_CRYPTO_REAL || !job->unknown)
		return false;
	session->crypto = KTLS_CRYPTO_MODEL;
	return true;
}

static int
crypt_real(struct ktls_rx_job *job)
{
	bool tls13 = job->session->params.version == TLS_1_3;
	uint32_t hlen = job->session->framing.hlen;
	uint32_t text_len = job->wire_len - hlen - TLS_TAG_BYTES;
	int error;

	job->record_type = job->header[0];
	job->plaintext_len = text_len;
	if (job->state == KTLS_MBUF_CRYPTO_ST_DECRYPTED)
		error = job->unknown ? EBADMSG : 0;
	else if (job->session->params.cipher == TLS_CIPHER_AES_CBC)
		error = open_cbc(job);
	else
		error = open_aead(job, text_len);
	if (error == 0 && tls13)
		error = find_inner_type(job, text_len);
	if (error != 0)
		return error;
	job->trail_len = job->wire_len - hlen - job->plaintext_len;
	if (tls13)
		job->rekeys = job->record_type == TLS_HANDSHAKE &&
			      ends_in_key_update(job);
	else
		job->rekeys = job->record_type == TLS_CHANGE_CIPHER_SPEC;
	return 0;
}

/* A CBC body is made of whole blocks behind the IV, which is one itself. */
static bool
body_length_ok(const struct ktls_session *session, uint32_t length)
{
	if (length < session->framing.min_length)
		return false;
	return session->params.cipher != TLS_CIPHER_AES_CBC ||
	       length % CBC_BLOCK_BYTES == 0;
}

/* Most records have no mark, and begin has seen that. */
static enum ktls_mbuf_crypto_st
crypto_state(struct ktls_rx_job *job)
{
	enum ktls_mbuf_crypto_st state;

	if (!job->marked)
		return KTLS_MBUF_CRYPTO_ST_ENCRYPTED;
	state = ktls_mbuf_crypto_state(job->record, 0, job->wire_len,
				       &job->marked_len);
	/* No tag verifies under another key. */
	return job->nic_rekeyed && state == KTLS_MBUF_CRYPTO_ST_DECRYPTED
		   ? KTLS_MBUF_CRYPTO_ST_MIXED
		   : state;
}

void
ktls_rx_crypt(struct ktls_rx_job *job)
{
	const struct ktls_session *session = job->session;

	if (job->retired_id != 0)
		aead_pool_forget(session->aead, job->retired_id);
	job->state = crypto_state(job);
	if (!body_length_ok(session, job->wire_len - TLS_HEADER_BYTES))
		job->error = EMSGSIZE;
	else if (job->state != KTLS_MBUF_CRYPTO_ST_ENCRYPTED &&
		 session->params.cipher != TLS_CIPHER_AES_GCM)
		job->error = EBADMSG;
	else if (session->crypto == KTLS_CRYPTO_REAL)
		job->error = crypt_real(job);
	else
		job->error = crypt_model(job);
}
