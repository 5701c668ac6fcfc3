/*
 * tls_seal.h - a sender for the tests: complete protected TLS records.
 *
 * Written from RFC 5246, 5288, 7905 and 8446 alone, without engine/suite.c and
 * engine/aead.h, so that it is an independent oracle for both.
 */
#ifndef TESTS_SUPPORT_TLS_SEAL_H
#define TESTS_SUPPORT_TLS_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "engine/suite.h"

enum {
	/* Most bytes that sealing adds, zero padding not counted. */
	TLS_SEAL_OVERHEAD = TLS_HEADER_BYTES + 8 + 1 + TLS_TAG_BYTES,
	/* A buffer for any record of TLS_PLAINTEXT_MAX bytes. */
	TLS_SEAL_MAX = TLS_PLAINTEXT_MAX + TLS_SEAL_OVERHEAD,
};

/* What goes into one record. */
struct tls_plain {
	uint8_t type; /* TLS 1.3: the inner one */
	const uint8_t *bytes;
	size_t len;
	size_t padding; /* TLS 1.3: zeros behind the inner type */
};

/*
 * Seal record number seqno.  TLS 1.2 GCM sends the number as its explicit
 * nonce.  AES-GCM and ChaCha20-Poly1305, TLS 1.2 and 1.3; anything else fails
 * an assertion.  Returns the bytes on the wire, header included; out has room
 * for len + padding + TLS_SEAL_OVERHEAD.
 */
size_t tls_seal(const struct ktls_key *key, uint64_t seqno,
		const struct tls_plain *plain, uint8_t *out);

/* Most tests: the same without padding, application data. */
size_t tls_seal_data(const struct ktls_key *key, uint64_t seqno,
		     const uint8_t *bytes, size_t len, uint8_t *out);

/*
 * A valid AEAD key of these kinds with rec_seq 0; key and IV bytes follow from
 * seed, and differ between seeds.
 */
void tls_seal_key(struct ktls_key *key, enum tls_version version,
		  enum tls_cipher cipher, uint8_t key_len, uint8_t seed);
#endif
