/*
 * suite.h - cipher suites, key material, and the lengths that follow from them.
 *
 * Pure tables and arithmetic; no state.
 * Sources: RFC 5246, 5288, 5289, 7905, 8446, the IANA TLS registry, and
 * FreeBSD ktls_create_session()/ktls_ocf_tls12_aead_decrypt() for the lengths.
 */
#ifndef ENGINE_SUITE_H
#define ENGINE_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tls_version {
	TLS_VERSION_UNKNOWN = 0,
	TLS_1_0 = 0x0301,
	TLS_1_1 = 0x0302,
	TLS_1_2 = 0x0303,
	TLS_1_3 = 0x0304,
};

enum tls_record_type {
	TLS_CHANGE_CIPHER_SPEC = 20,
	TLS_ALERT = 21,
	TLS_HANDSHAKE = 22,
	TLS_APPLICATION_DATA = 23,
};

enum tls_cipher {
	TLS_CIPHER_OTHER = 0, /* known by name only */
	TLS_CIPHER_AES_GCM,
	TLS_CIPHER_CHACHA20_POLY1305,
	TLS_CIPHER_AES_CBC,
	TLS_CIPHER_AES_CCM,   /* 16-byte tag */
	TLS_CIPHER_AES_CCM_8, /* 8-byte tag */
	TLS_CIPHER_COUNT,
};

/* Hash of the PRF or of HKDF; also the MAC of CBC suites. */
enum tls_hash {
	TLS_HASH_NONE = 0,
	TLS_HASH_SHA1,
	TLS_HASH_SHA256,
	TLS_HASH_SHA384,
	TLS_HASH_COUNT,
};

enum {
	TLS_HEADER_BYTES = 5,	   /* record header */
	TLS_PLAINTEXT_MAX = 16384, /* RFC 8446 section 5.1 */
	TLS_EXPANSION_MAX = 2048,  /* RFC 5246 section 6.2.3 */
	TLS_KEY_MAX = 32,
	TLS_IV_MAX = 16,
	TLS_MAC_KEY_MAX = 48,
	TLS_TAG_BYTES = 16,
	TLS_NONCE_BYTES = 12,
};

/* One row of the IANA registry. */
struct tls_suite {
	uint16_t id;	  /* wire value */
	const char *name; /* IANA name */
	enum tls_cipher cipher;
	uint8_t key_len;   /* bytes; 0 with TLS_CIPHER_OTHER */
	enum tls_hash prf; /* TLS 1.2 PRF or TLS 1.3 HKDF */
	enum tls_hash mac; /* CBC only */
	bool tls13;	   /* a TLS 1.3 suite */
};

/* Whose kernel TLS a session is: which suites it takes, no more. */
enum ktls_suites {
	KTLS_SUITES_FREEBSD, /* AES-GCM, ChaCha20-Poly1305, AES-CBC */
	KTLS_SUITES_LINUX,   /* AES-GCM, ChaCha20-Poly1305, AES-128-CCM */
};

/*
 * What setsockopt(TCP_RXTLS_ENABLE) is given (FreeBSD struct tls_enable), with
 * the sequence number in host order.  Wipe it when done: ktls_key_clear().
 */
struct ktls_key {
	enum tls_version version;
	enum tls_cipher cipher;
	enum tls_hash mac;	 /* CBC only */
	uint8_t key_len;	 /* 16 or 32 */
	uint8_t iv_len;		 /* 4, 12 or 16 */
	uint8_t mac_key_len;	 /* CBC only */
	enum ktls_suites suites; /* by which ktls_key_check judges */
	uint8_t key[TLS_KEY_MAX];
	uint8_t iv[TLS_IV_MAX];
	uint8_t mac_key[TLS_MAC_KEY_MAX];
	uint64_t rec_seq; /* number of the next record */
};

/* Lengths of a protected record, in bytes (FreeBSD tls_hlen, tls_tlen). */
struct tls_framing {
	uint8_t hlen;	     /* header and explicit IV */
	uint8_t tlen;	     /* most that can follow the plaintext */
	uint8_t explicit_iv; /* hlen - 5 */
	uint16_t min_length; /* least legal value of the length field */
	uint16_t max_length; /* greatest value of it that FreeBSD takes */
};

/* The suite of a wire value, or NULL. */
const struct tls_suite *tls_suite_find(uint16_t id);

/* Bytes of a hash; 0 for TLS_HASH_NONE. */
size_t tls_hash_bytes(enum tls_hash hash);

/*
 * Framing of a cipher in a version (03-engine table: hlen, tlen, least and
 * greatest length field).  Returns false where KTLS receive has no such
 * combination.
 */
bool tls_framing_of(enum tls_version version, enum tls_cipher cipher,
		    enum tls_hash mac, struct tls_framing *framing);

/*
 * Check the arguments of an enable as FreeBSD's ktls_create_session does, or,
 * with KTLS_SUITES_LINUX, as Linux' do_tls_setsockopt_conf().  Returns 0,
 * EINVAL (no such combination or length), or EPROTONOSUPPORT (valid, but not
 * for receive: TLS 1.0 CBC).
 */
int ktls_key_check(const struct ktls_key *key);

/*
 * The arguments of an enable without key material and with rec_seq 0, as a
 * connection of this version and suite would give them: what ktls_key_check is
 * asked in advance, and what a model session is given.
 */
void ktls_key_init(struct ktls_key *key, enum tls_version version,
		   const struct tls_suite *suite, enum ktls_suites suites);

/* Overwrite the key material so that the compiler keeps the store. */
void ktls_key_clear(struct ktls_key *key);

/*
 * The 12-byte AEAD nonce of record seqno.  explicit_iv points at the record's
 * 8 explicit bytes for TLS 1.2 GCM and CCM (RFC 5288 section 3, RFC 6655
 * section 3), else it is ignored
 * and the sequence number is XORed into the IV (RFC 8446 section 5.3, RFC 7905
 * section 2).
 */
void tls_nonce(const struct ktls_key *key, uint64_t seqno,
	       const uint8_t *explicit_iv, uint8_t nonce[TLS_NONCE_BYTES]);

/*
 * The additional data of a record, at most 13 bytes; returns their number.
 * header: the 5 bytes on the wire; plaintext_len: used by TLS 1.2 only.
 */
size_t tls_aad(const struct ktls_key *key, uint64_t seqno,
	       const uint8_t header[TLS_HEADER_BYTES], uint16_t plaintext_len,
	       uint8_t aad[13]);
#endif
