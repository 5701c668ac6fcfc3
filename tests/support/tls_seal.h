/*
 * tls_seal.h - a sender for the tests: complete protected TLS records.
 *
 * Written from RFC 4346, 5246, 5288, 6655, 7905 and 8446 alone, without
 * engine/suite.c and engine/aead.h, so that it is an independent oracle for
 * both.
 */
#ifndef TESTS_SUPPORT_TLS_SEAL_H
#define TESTS_SUPPORT_TLS_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "engine/suite.h"

enum {
	/* Most bytes that sealing adds, tls_plain's padding not counted: CBC
	   with SHA-384 has a block of IV, the MAC, and a block of padding. */
	TLS_SEAL_OVERHEAD = TLS_HEADER_BYTES + 16 + TLS_MAC_KEY_MAX + 16,
	/* A buffer for any record of TLS_PLAINTEXT_MAX bytes. */
	TLS_SEAL_MAX = TLS_PLAINTEXT_MAX + TLS_SEAL_OVERHEAD,
};

/* What goes into one record. */
struct tls_plain {
	uint8_t type; /* TLS 1.3: the inner one */
	const uint8_t *bytes;
	size_t len;
	/* TLS 1.3: zeros behind the inner type.  CBC: bytes of padding on top
	   of the least that fills the block, a multiple of 16; the padding,
	   its length byte included, has at most 256 bytes in all. */
	size_t padding;
};

/*
 * Seal record number seqno.  TLS 1.2 GCM and CCM send the number as their
 * explicit nonce.  AES-GCM, ChaCha20-Poly1305, AES-CCM and CCM_8 in TLS 1.2 and
 * 1.3, AES-CBC (MAC-then-encrypt) in TLS 1.1 and 1.2; anything else fails an
 * assertion.  Returns the bytes on the wire, header included; out has room for
 * len + padding + TLS_SEAL_OVERHEAD.
 */
size_t tls_seal(const struct ktls_key *key, uint64_t seqno,
		const struct tls_plain *plain, uint8_t *out);

/*
 * A CBC record whose body is encrypted as it is given: whole blocks that should
 * be plaintext, MAC and padding, but need not.  For records that are wrong in
 * one place.  Returns the bytes on the wire.
 */
size_t tls_seal_cbc_body(const struct ktls_key *key, uint64_t seqno,
			 uint8_t type, const uint8_t *body, size_t len,
			 uint8_t *out);

/*
 * Plaintext, right MAC, and right padding of a CBC record into body, which has
 * room for len + padding + TLS_SEAL_OVERHEAD.  Returns the bytes of it: input
 * of tls_seal_cbc_body.
 */
size_t tls_seal_cbc_plain(const struct ktls_key *key, uint64_t seqno,
			  const struct tls_plain *plain, uint8_t *body);

/* Most tests: the same without padding, application data. */
size_t tls_seal_data(const struct ktls_key *key, uint64_t seqno,
		     const uint8_t *bytes, size_t len, uint8_t *out);

/*
 * A valid AEAD key of these kinds with rec_seq 0; key and IV bytes follow from
 * seed, and differ between seeds.
 */
void tls_seal_key(struct ktls_key *key, enum tls_version version,
		  enum tls_cipher cipher, uint8_t key_len, uint8_t seed);

/* The same for AES-CBC with this MAC. */
void tls_seal_key_cbc(struct ktls_key *key, enum tls_version version,
		      enum tls_hash mac, uint8_t key_len, uint8_t seed);
#endif
