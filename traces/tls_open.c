/*
 * tls_open.c - opens single records for the modelled TLS library.
 *
 * Called by the handshake automaton.  Mirrors what a TLS library does with a
 * record before KTLS is enabled: nonce, additional data, tag, and in TLS 1.3
 * the inner content type behind the padding (RFC 8446 section 5.2); for CBC,
 * padding and MAC.  Left out: the size limit of the plaintext, which the engine
 * judges for every record that is its own.
 */
#include "traces/tls_open.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "engine/aead.h"
#include "engine/cbc.h"

bool
tls_open_has(const struct ktls_key *key)
{
	return ktls_key_check(key) == 0;
}

void
tls_opener_init(struct tls_opener *opener, struct aead_pool *pool,
		const struct ktls_key *key)
{
	assert(tls_open_has(key));
	opener->pool = pool;
	opener->key_id = aead_key_id(pool);
	opener->key = *key;
}

void
tls_opener_fini(struct tls_opener *opener)
{
	if (opener->pool != NULL)
		aead_pool_forget(opener->pool, opener->key_id);
	ktls_key_clear(&opener->key);
	memset(opener, 0, sizeof(*opener));
}

/* Strip zero padding and the type in front of it; false: nothing but zeros. */
static bool
find_inner_type(const uint8_t *bytes, struct tls_plaintext *plaintext)
{
	while (plaintext->len > 0 && bytes[plaintext->len - 1] == 0)
		plaintext->len--;
	if (plaintext->len == 0)
		return false;
	plaintext->type = bytes[--plaintext->len];
	return true;
}

static int
open_aead(struct tls_opener *opener, const uint8_t *record, size_t len,
	  uint8_t *out, struct tls_plaintext *plaintext)
{
	const struct ktls_key *key = &opener->key;
	struct aead_record job = {.key_id = opener->key_id, .key = key};
	size_t hlen = len - plaintext->len;
	uint8_t aad[13];

	if (plaintext->len < TLS_TAG_BYTES)
		return EBADMSG;
	plaintext->len -= TLS_TAG_BYTES;
	tls_nonce(key, key->rec_seq, record + TLS_HEADER_BYTES, job.nonce);
	job.aad = aad;
	job.aad_len =
	    tls_aad(key, key->rec_seq, record, (uint16_t)plaintext->len, aad);
	memcpy(job.tag, record + len - TLS_TAG_BYTES, TLS_TAG_BYTES);
	return aead_open_bytes(opener->pool, &job, record + hlen,
			       plaintext->len, out);
}

static int
open_cbc(struct tls_opener *opener, const uint8_t *record, size_t len,
	 uint8_t *out, struct tls_plaintext *plaintext)
{
	const struct cbc_record job = {
	    .key_id = opener->key_id,
	    .key = &opener->key,
	    .seqno = opener->key.rec_seq,
	    .header = record,
	    .iv = record + TLS_HEADER_BYTES,
	};
	size_t hlen = len - plaintext->len;
	uint32_t text_len = 0;
	int error;

	error = cbc_open_bytes(opener->pool, &job, record + hlen,
			       (uint32_t)plaintext->len, out, &text_len);
	plaintext->len = text_len;
	return error;
}

int
tls_open(struct tls_opener *opener, const uint8_t *record, size_t len,
	 uint8_t *out, struct tls_plaintext *plaintext)
{
	const struct ktls_key *key = &opener->key;
	struct tls_framing framing;
	int error;

	assert(opener->pool != NULL);
	if (!tls_framing_of(key->version, key->cipher, key->mac, &framing) ||
	    len < framing.hlen)
		return EBADMSG;
	plaintext->type = record[0];
	plaintext->len = len - framing.hlen; /* and what follows it, as yet */
	if (key->cipher == TLS_CIPHER_AES_CBC)
		error = open_cbc(opener, record, len, out, plaintext);
	else
		error = open_aead(opener, record, len, out, plaintext);
	if (error == EOPNOTSUPP || error == EMSGSIZE)
		return EBADMSG;
	if (error != 0)
		return error;
	if (key->version == TLS_1_3 && !find_inner_type(out, plaintext))
		return EBADMSG;
	opener->key.rec_seq++;
	return 0;
}
