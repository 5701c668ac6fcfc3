/*
 * suite.c - what follows from a cipher suite: lengths, nonces, additional data.
 *
 * Called by the trace reader (tls_suite_find, from the ServerHello), by the
 * enable path (ktls_key_check, tls_framing_of), and per record by whoever
 * opens or seals it (tls_nonce, tls_aad).  No state; the suites themselves are
 * the data of suite_table.c.
 *
 * The lengths are FreeBSD's, which are tighter than the RFCs: a record may
 * carry at most 16384 bytes and one block of padding.  TLS 1.3 has one byte
 * more in its trailer, the inner content type.
 *
 * FreeBSD has no AES-CCM, Linux no AES-CBC; which of the two a key is judged as
 * is said by the key (engine.suites).  Left out: TLS 1.0 CBC, which FreeBSD
 * does not receive; CCM with a short tag or a 256-bit key, SM4 and ARIA; and
 * every cipher that is TLS_CIPHER_OTHER, which no KTLS here knows.
 */
#include "engine/suite.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "engine/suite_table.h"

enum {
	BLOCK_BYTES = 16, /* AES */
	GCM_EXPLICIT_IV_BYTES = 8,
	GCM_SALT_BYTES = 4, /* implicit IV of TLS 1.2 */
	TLS_12_AAD_BYTES = 13,
};

const struct tls_suite *
tls_suite_find(uint16_t id)
{
	size_t low = 0, high = tls_suite_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (tls_suite_table[mid].id == id)
			return &tls_suite_table[mid];
		if (tls_suite_table[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

size_t
tls_hash_bytes(enum tls_hash hash)
{
	switch (hash) {
	case TLS_HASH_SHA1:
		return 20;
	case TLS_HASH_SHA256:
		return 32;
	case TLS_HASH_SHA384:
		return 48;
	case TLS_HASH_NONE:
	case TLS_HASH_COUNT:
		break;
	}
	return 0;
}

/* SHA-2 MACs came with TLS 1.2 (RFC 5246). */
static bool
cbc_mac_known(enum tls_version version, enum tls_hash mac)
{
	if (mac == TLS_HASH_SHA1)
		return version == TLS_1_0 || version == TLS_1_1 ||
		       version == TLS_1_2;
	return version == TLS_1_2 &&
	       (mac == TLS_HASH_SHA256 || mac == TLS_HASH_SHA384);
}

/* The greatest length field carries TLS_PLAINTEXT_MAX and the most trailer. */
static void
framing_fill(struct tls_framing *framing, size_t explicit_iv, size_t tlen,
	     size_t min_body)
{
	framing->hlen = (uint8_t)(TLS_HEADER_BYTES + explicit_iv);
	framing->tlen = (uint8_t)tlen;
	framing->explicit_iv = (uint8_t)explicit_iv;
	framing->min_length = (uint16_t)(explicit_iv + min_body);
	framing->max_length =
	    (uint16_t)(explicit_iv + TLS_PLAINTEXT_MAX + tlen);
}

static bool
framing_of_cbc(enum tls_version version, enum tls_hash mac,
	       struct tls_framing *framing)
{
	size_t mac_bytes = tls_hash_bytes(mac);
	size_t blocks = mac_bytes / BLOCK_BYTES + 1;

	/* TLS 1.0 chains its IV from record to record: send only. */
	if (version == TLS_1_0 || !cbc_mac_known(version, mac))
		return false;
	framing_fill(framing, BLOCK_BYTES, mac_bytes + BLOCK_BYTES,
		     blocks * BLOCK_BYTES);
	return true;
}

static bool
framing_of_aead(enum tls_version version, enum tls_cipher cipher,
		struct tls_framing *framing)
{
	size_t explicit_iv =
	    cipher == TLS_CIPHER_CHACHA20_POLY1305 ? 0 : GCM_EXPLICIT_IV_BYTES;

	if (version == TLS_1_3) {
		framing_fill(framing, 0, TLS_TAG_BYTES + 1, TLS_TAG_BYTES + 1);
		return true;
	}
	if (version != TLS_1_2)
		return false;
	framing_fill(framing, explicit_iv, TLS_TAG_BYTES, TLS_TAG_BYTES);
	return true;
}

bool
tls_framing_of(enum tls_version version, enum tls_cipher cipher,
	       enum tls_hash mac, struct tls_framing *framing)
{
	switch (cipher) {
	case TLS_CIPHER_AES_GCM:
	case TLS_CIPHER_CHACHA20_POLY1305:
	case TLS_CIPHER_AES_CCM:
		return mac == TLS_HASH_NONE &&
		       framing_of_aead(version, cipher, framing);
	case TLS_CIPHER_AES_CBC:
		return framing_of_cbc(version, mac, framing);
	case TLS_CIPHER_AES_CCM_8:
	case TLS_CIPHER_OTHER:
	case TLS_CIPHER_COUNT:
		break;
	}
	return false;
}

/* Nonce or IV lengths that an AEAD enable must give, in bytes. */
static int
aead_key_check(const struct ktls_key *key)
{
	size_t iv_len = TLS_NONCE_BYTES;

	if (key->version != TLS_1_2 && key->version != TLS_1_3)
		return EINVAL;
	if (key->mac != TLS_HASH_NONE || key->mac_key_len != 0)
		return EINVAL;
	if (key->cipher != TLS_CIPHER_CHACHA20_POLY1305 &&
	    key->version == TLS_1_2)
		iv_len = GCM_SALT_BYTES;
	return key->iv_len == iv_len ? 0 : EINVAL;
}

/* From TLS 1.1 on the supplied IV is ignored: each record carries its own. */
static int
cbc_key_check(const struct ktls_key *key)
{
	if (!cbc_mac_known(key->version, key->mac))
		return EINVAL;
	if (key->mac_key_len == 0 || key->mac_key_len > TLS_MAC_KEY_MAX)
		return EINVAL;
	if (key->version != TLS_1_0)
		return 0;
	return key->iv_len == BLOCK_BYTES ? EPROTONOSUPPORT : EINVAL;
}

static bool
aes_key_len_known(const struct ktls_key *key)
{
	return key->key_len == 16 || key->key_len == 32;
}

int
ktls_key_check(const struct ktls_key *key)
{
	bool linux_rules = key->suites == KTLS_SUITES_LINUX;

	if (key->iv_len > TLS_IV_MAX)
		return EINVAL;
	switch (key->cipher) {
	case TLS_CIPHER_AES_GCM:
		return aes_key_len_known(key) ? aead_key_check(key) : EINVAL;
	case TLS_CIPHER_CHACHA20_POLY1305:
		return key->key_len == 32 ? aead_key_check(key) : EINVAL;
	case TLS_CIPHER_AES_CBC:
		return !linux_rules && aes_key_len_known(key)
			   ? cbc_key_check(key)
			   : EINVAL;
	case TLS_CIPHER_AES_CCM:
		return linux_rules && key->key_len == 16 ? aead_key_check(key)
							 : EINVAL;
	case TLS_CIPHER_AES_CCM_8:
	case TLS_CIPHER_OTHER:
	case TLS_CIPHER_COUNT:
		break;
	}
	return EINVAL;
}

void
ktls_key_init(struct ktls_key *key, enum tls_version version,
	      const struct tls_suite *suite, enum ktls_suites suites)
{
	memset(key, 0, sizeof(*key));
	key->version = version;
	key->cipher = suite->cipher;
	key->mac = suite->mac;
	key->key_len = suite->key_len;
	key->mac_key_len = (uint8_t)tls_hash_bytes(suite->mac);
	key->suites = suites;
	if (suite->cipher == TLS_CIPHER_AES_CBC)
		key->iv_len = BLOCK_BYTES;
	else if (version == TLS_1_3 ||
		 suite->cipher == TLS_CIPHER_CHACHA20_POLY1305)
		key->iv_len = TLS_NONCE_BYTES;
	else
		key->iv_len = GCM_SALT_BYTES;
}

void
ktls_key_clear(struct ktls_key *key)
{
	explicit_bzero(key, sizeof(*key));
}

static void
be64_put(uint8_t *out, uint64_t value)
{
	for (int i = 7; i >= 0; i--) {
		out[i] = (uint8_t)value;
		value >>= 8;
	}
}

void
tls_nonce(const struct ktls_key *key, uint64_t seqno,
	  const uint8_t *explicit_iv, uint8_t nonce[TLS_NONCE_BYTES])
{
	uint8_t counter[8];

	if (key->version == TLS_1_2 && key->iv_len == GCM_SALT_BYTES) {
		assert(explicit_iv != NULL);
		memcpy(nonce, key->iv, GCM_SALT_BYTES);
		memcpy(nonce + GCM_SALT_BYTES, explicit_iv,
		       GCM_EXPLICIT_IV_BYTES);
		return;
	}
	be64_put(counter, seqno);
	memcpy(nonce, key->iv, TLS_NONCE_BYTES);
	for (size_t i = 0; i < sizeof(counter); i++)
		nonce[TLS_NONCE_BYTES - sizeof(counter) + i] ^= counter[i];
}

size_t
tls_aad(const struct ktls_key *key, uint64_t seqno,
	const uint8_t header[TLS_HEADER_BYTES], uint16_t plaintext_len,
	uint8_t aad[13])
{
	if (key->version == TLS_1_3) {
		memcpy(aad, header, TLS_HEADER_BYTES);
		return TLS_HEADER_BYTES;
	}
	be64_put(aad, seqno);
	memcpy(aad + 8, header, 3); /* type and version */
	aad[11] = (uint8_t)(plaintext_len >> 8);
	aad[12] = (uint8_t)plaintext_len;
	return TLS_12_AAD_BYTES;
}
