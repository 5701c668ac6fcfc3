/*
 * cbc_openssl.c - AES-CBC with HMAC by OpenSSL's EVP, behind cbc.h.
 *
 * Called by ktls_rx_crypt for each record (cbc_open) and by userland for the
 * records it tries keys on (cbc_open_bytes).  It stands where FreeBSD has
 * ktls_ocf_tls_cbc_decrypt, which makes two requests of a record, as here:
 * decrypt, then compute the MAC.  The contexts are aead_pool.c's.
 *
 * Constant time (R11): the whole text is decrypted; padding and MAC are found
 * by cbc_tail.c; the MAC is computed by EVP's HMAC in its mode for TLS records
 * (OSSL_MAC_PARAM_TLS_DATA_SIZE), which hashes as many blocks as the longest
 * plaintext of this record would need and picks the right state by masks.  A
 * record with bad padding takes the same way as one with a bad MAC.  The mode
 * wants the record in one piece, so that one in several mbufs is gathered and
 * its plaintext scattered afterwards.
 *
 * Left out: encrypt-then-MAC, and TLS 1.0 with its chained IV.
 */
#include "engine/cbc.h"

#include <assert.h>
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdbool.h>
#include <string.h>

#include "engine/aead_pool.h"
#include "engine/cbc_tail.h"
#include "engine/mbuf.h"
#include "engine/mbuf_range.h"

enum {
	MAC_PREFIX_BYTES = 13, /* sequence number and header */
};

static int
length_check(const struct cbc_record *record, uint32_t len)
{
	uint32_t mac_len = (uint32_t)tls_hash_bytes(record->key->mac);

	assert(len < 1u << 20 && mac_len > 0);
	if (len % CBC_BLOCK_BYTES != 0 || len <= mac_len)
		return EMSGSIZE;
	return 0;
}

/*
 * The MAC of a text with plaintext_len bytes, which is a secret, out of len.
 * A context in TLS mode serves for one record only, so it is a copy.
 */
static bool
mac_compute(EVP_MAC_CTX *keyed, const struct cbc_record *record,
	    const uint8_t *text, uint32_t len, uint32_t plaintext_len,
	    uint8_t *mac)
{
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(keyed);
	uint8_t prefix[MAC_PREFIX_BYTES];
	size_t whole = len, mac_len = 0;
	OSSL_PARAM params[2];
	bool done;

	(void)tls_aad(record->key, record->seqno, record->header,
		      (uint16_t)plaintext_len, prefix);
	params[0] =
	    OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_TLS_DATA_SIZE, &whole);
	params[1] = OSSL_PARAM_construct_end();
	done = ctx != NULL && EVP_MAC_CTX_set_params(ctx, params) &&
	       EVP_MAC_update(ctx, prefix, sizeof(prefix)) &&
	       EVP_MAC_update(ctx, text, plaintext_len) &&
	       EVP_MAC_final(ctx, mac, &mac_len, EVP_MAX_MD_SIZE);
	EVP_MAC_CTX_free(ctx);
	assert(!done || mac_len == tls_hash_bytes(record->key->mac));
	return done;
}

/* Padding and MAC of a decrypted text.  0, EBADMSG or ENOMEM. */
static int
text_verify(EVP_MAC_CTX *keyed, const struct cbc_record *record,
	    const uint8_t *text, uint32_t len, uint32_t *plaintext_len)
{
	uint32_t mac_len = (uint32_t)tls_hash_bytes(record->key->mac);
	uint8_t sent[TLS_MAC_KEY_MAX], computed[EVP_MAX_MD_SIZE];
	uint32_t good = cbc_padding_check(text, len, mac_len, plaintext_len);

	cbc_mac_copy(text, len, *plaintext_len, mac_len, sent);
	if (!mac_compute(keyed, record, text, len, *plaintext_len, computed))
		return ENOMEM;
	good &= cbc_mask_equal(sent, computed, mac_len);
	return good != 0 ? 0 : EBADMSG;
}

int
cbc_open_bytes(struct aead_pool *pool, const struct cbc_record *record,
	       const uint8_t *in, uint32_t len, uint8_t *out,
	       uint32_t *plaintext_len)
{
	const struct aead_use use = {
	    .key_id = record->key_id, .key = record->key, .iv = record->iv};
	struct aead_context *context;
	int error = length_check(record, len);
	int out_len;

	if (error == 0)
		error = aead_pool_context(pool, &use, &context);
	if (error != 0)
		return error;
	if (!EVP_CipherUpdate(context->evp, out, &out_len, in, (int)len))
		return ENOMEM;
	return text_verify(context->mac, record, out, len, plaintext_len);
}

static int
range_open_gathered(struct aead_pool *pool, const struct cbc_record *record,
		    struct mbuf *m, uint32_t off, uint32_t len,
		    uint32_t *plaintext_len)
{
	uint8_t *scratch = aead_pool_scratch(pool, len);
	int error;

	if (scratch == NULL)
		return ENOMEM;
	if (!m_copydata(m, off, len, scratch))
		return EBADMSG;
	error =
	    cbc_open_bytes(pool, record, scratch, len, scratch, plaintext_len);
	if (error == 0)
		m_copyback(m, off, *plaintext_len, scratch);
	return error;
}

int
cbc_open(struct aead_pool *pool, const struct cbc_record *record,
	 struct mbuf *m, uint32_t off, uint32_t len, uint32_t *plaintext_len)
{
	int error = length_check(record, len);
	uint8_t *data;

	if (error != 0)
		return error;
	m = m_getptr(m, &off);
	if (!m_range_known(m, off, len))
		return EBADMSG;
	if (len > m->m_len - off)
		return range_open_gathered(pool, record, m, off, len,
					   plaintext_len);
	data = m->m_data + off;
	return cbc_open_bytes(pool, record, data, len, data, plaintext_len);
}
