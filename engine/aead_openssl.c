/*
 * aead_openssl.c - authenticated encryption by OpenSSL's EVP, behind aead.h.
 *
 * Called by ktls_rx for each record (aead_open, aead_open_bytes for the head of
 * a mixed record) and by the NIC model and the tests (aead_seal_bytes). It
 * stands where FreeBSD has ktls_ocf.  The contexts are aead_pool.c's.
 *
 * AES-GCM runs over the mbufs as they lie.  ChaCha20-Poly1305 of a record in
 * several mbufs is gathered first and scattered afterwards: EVP loses almost
 * half its speed on pieces, and two copies cost a tenth.  AES-CCM is gathered
 * because EVP takes it in one piece only, and wants to know the tag and all
 * lengths in advance.
 *
 * Left out: CBC, which is cbc_openssl.c's, and CCM with a short tag
 * (EOPNOTSUPP).
 */
#include "engine/aead.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

#include "engine/aead_pool.h"
#include "engine/mbuf.h"
#include "engine/mbuf_range.h"

enum {
	CACHE_LINE = 64,
	PREFETCH_BYTES = 16 * CACHE_LINE,
	/* OpenSSL's fastest GCM code for x86 takes six blocks at a time. */
	STRIDE = 6 * 16,
};

/* CCM verifies while it decrypts, so it must have the tag before. */
static bool
ccm_begin(EVP_CIPHER_CTX *evp, const struct aead_record *record, size_t len,
	  bool sealing)
{
	uint8_t tag[TLS_TAG_BYTES];
	int out_len;

	assert(len <= INT_MAX);
	memcpy(tag, record->tag, sizeof(tag));
	if (!sealing &&
	    !EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag))
		return false;
	return EVP_CipherUpdate(evp, NULL, &out_len, NULL, (int)len) > 0;
}

static bool
is_ccm(const struct aead_record *record)
{
	return record->key->cipher == TLS_CIPHER_AES_CCM;
}

/*
 * A context that has the key, the nonce and the additional data of a record
 * with len bytes of text.
 */
static int
evp_begin(struct aead_pool *pool, const struct aead_record *record, size_t len,
	  bool sealing, EVP_CIPHER_CTX **evp)
{
	const struct aead_use use = {
	    .key_id = record->key_id,
	    .key = record->key,
	    .iv = record->nonce,
	    .tag = sealing || is_ccm(record) ? NULL : record->tag,
	    .sealing = sealing,
	};
	struct aead_context *context;
	int error, out_len;

	assert(record->aad_len <= INT_MAX);
	if (record->key->cipher == TLS_CIPHER_AES_CBC)
		return EOPNOTSUPP;
	error = aead_pool_context(pool, &use, &context);
	if (error != 0)
		return error;
	*evp = context->evp;
	if (is_ccm(record) && !ccm_begin(*evp, record, len, sealing))
		return ENOMEM;
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

/* The one piece of a CCM record; false: its tag is wrong. */
static bool
ccm_text(EVP_CIPHER_CTX *evp, const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t none[1] = {0}; /* NULL would say that the text has ended */
	int out_len;

	return EVP_CipherUpdate(evp, len > 0 ? out : none, &out_len,
				len > 0 ? in : none, (int)len) > 0;
}

#if defined(__x86_64__)
__attribute__((target("avx"))) static void
vectors_end(void)
{
	__builtin_ia32_vzeroupper();
}

/*
 * OpenSSL's ChaCha20-Poly1305 leaves the upper parts of the vector registers in
 * use; until they are not, each change between older and newer vector code
 * costs 50 ns, and the compiler and libc make several of them per record.
 */
static void
vectors_release(void)
{
	if (__builtin_cpu_supports("avx"))
		vectors_end();
}
#else
static void
vectors_release(void)
{
}
#endif

/* EVP compares the tags in constant time. */
static int
evp_verify(EVP_CIPHER_CTX *evp, const struct aead_record *record)
{
	uint8_t none[TLS_TAG_BYTES];
	int out_len;
	bool good = EVP_CipherFinal_ex(evp, none, &out_len) > 0;

	if (record->key->cipher == TLS_CIPHER_CHACHA20_POLY1305)
		vectors_release();
	return good ? 0 : EBADMSG;
}

/*
 * Pieces lie apart, and hardware only looks ahead within one: ask for the
 * beginning of the next one while this one is worked on.
 */
static void
piece_prefetch(const struct mbuf *m)
{
	for (uint32_t off = 0; off < PREFETCH_BYTES; off += CACHE_LINE)
		__builtin_prefetch(m->m_data + off, 1);
}

/*
 * How much of the next mbuf to take along with a piece of this one, whose end
 * is at byte `end` of the text, so that it ends with a stride.  None where
 * there is no room behind the piece.
 */
static uint32_t
bytes_to_borrow(const struct mbuf *m, uint32_t end, uint32_t left)
{
	uint32_t want = (STRIDE - end % STRIDE) % STRIDE;

	if (m_room(m) < STRIDE || m->m_next->m_len < STRIDE)
		return 0;
	return want < left ? want : left;
}

/*
 * A piece that ends within a stride takes the rest of it from the next mbuf,
 * for as long as it is worked on.  A whole stride is copied there and back,
 * since that is a few moves and no loop; what lies behind the bytes that are
 * lent does not change.
 */
static bool
range_update(EVP_CIPHER_CTX *evp, struct mbuf *m, uint32_t off, uint32_t len)
{
	int out_len;

	for (uint32_t done = 0; done < len; m = m->m_next) {
		uint32_t piece = m_piece(m, off, len - done);
		uint8_t *data = m->m_data + off;
		uint32_t lent = 0;

		done += piece;
		if (done < len) {
			piece_prefetch(m->m_next);
			lent = bytes_to_borrow(m, done, len - done);
		}
		if (lent > 0)
			memcpy(data + piece, m->m_next->m_data, STRIDE);
		if (!EVP_DecryptUpdate(evp, data, &out_len, data,
				       (int)(piece + lent)))
			return false;
		if (lent > 0)
			memcpy(m->m_next->m_data, data + piece, STRIDE);
		done += lent;
		off = lent;
	}
	return true;
}

static int
range_open_gathered(struct aead_pool *pool, const struct aead_record *record,
		    struct mbuf *m, uint32_t off, uint32_t len)
{
	uint8_t *scratch = aead_pool_scratch(pool, len);
	int error;

	if (scratch == NULL)
		return ENOMEM;
	if (!m_copydata(m, off, len, scratch))
		return EBADMSG;
	error = aead_open_bytes(pool, record, scratch, len, scratch);
	if (error == 0)
		m_copyback(m, off, len, scratch);
	return error;
}

int
aead_open(struct aead_pool *pool, const struct aead_record *record,
	  struct mbuf *m, uint32_t off, uint32_t len)
{
	EVP_CIPHER_CTX *evp;
	int error;

	m = m_getptr(m, &off);
	if (!m_range_known(m, off, len))
		return EBADMSG;
	if (len == 0)
		return aead_open_bytes(pool, record, NULL, 0, NULL);
	if (len <= m->m_len - off)
		return aead_open_bytes(pool, record, m->m_data + off, len,
				       m->m_data + off);
	if (record->key->cipher != TLS_CIPHER_AES_GCM)
		return range_open_gathered(pool, record, m, off, len);
	error = evp_begin(pool, record, len, false, &evp);
	if (error != 0)
		return error;
	if (!range_update(evp, m, off, len))
		return EBADMSG;
	return evp_verify(evp, record);
}

int
aead_open_bytes(struct aead_pool *pool, const struct aead_record *record,
		const uint8_t *in, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *evp;
	int error = evp_begin(pool, record, len, false, &evp);

	if (error != 0)
		return error;
	if (is_ccm(record))
		return ccm_text(evp, in, len, out) ? 0 : EBADMSG;
	if (!bytes_update(evp, in, len, out))
		return EBADMSG;
	return evp_verify(evp, record);
}

int
aead_seal_bytes(struct aead_pool *pool, struct aead_record *record,
		const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t none[TLS_TAG_BYTES];
	EVP_CIPHER_CTX *evp;
	int out_len;
	int error = evp_begin(pool, record, len, true, &evp);

	if (error != 0)
		return error;
	if (is_ccm(record) ? !ccm_text(evp, in, len, out)
			   : !bytes_update(evp, in, len, out))
		return ENOMEM;
	if (EVP_CipherFinal_ex(evp, none, &out_len) <= 0 ||
	    !EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_GET_TAG, TLS_TAG_BYTES,
				 record->tag))
		return ENOMEM;
	return 0;
}
