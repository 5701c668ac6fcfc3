/*
 * tls_image.h - a stream of sealed records, and how it looks when decrypted.
 *
 * Both images have the same length: a NIC that decrypts replaces the text of a
 * record and leaves header, explicit nonce and tag.  Made with tls_seal, not
 * with the code under test.
 */
#ifndef TESTS_SUPPORT_TLS_IMAGE_H
#define TESTS_SUPPORT_TLS_IMAGE_H

#include <stdint.h>

#include "engine/suite.h"

enum {
	TLS_IMAGE_RECORDS = 256,
	TLS_IMAGE_BYTES = 1 << 18,
	/* The least record on the wire: 8 bytes of nonce and 16 of tag. */
	TLS_IMAGE_RECORD_MIN = TLS_HEADER_BYTES + 24,
};

struct tls_image {
	const struct ktls_key *key; /* AES-GCM of TLS 1.2 or 1.3 */
	uint64_t first;		    /* number of the first record */
	uint64_t seed;		    /* of the text */
	uint32_t records;
	uint32_t start[TLS_IMAGE_RECORDS + 1]; /* offsets; the last: the end */
	uint8_t wire[TLS_IMAGE_BYTES];
	uint8_t plain[TLS_IMAGE_BYTES];
};

void tls_image_init(struct tls_image *image, const struct ktls_key *key,
		    uint64_t first, uint64_t seed);

/*
 * Append a record that has wire_bytes on the wire, at least
 * TLS_IMAGE_RECORD_MIN.
 */
void tls_image_add(struct tls_image *image, uint32_t wire_bytes);

/*
 * Make `len` bytes of the last record's wire text, at byte off of the record,
 * equal to these: its plaintext is chosen accordingly.
 */
void tls_image_plant(struct tls_image *image, uint32_t off,
		     const uint8_t *bytes, uint32_t len);

/* Bytes in front of the text: header and explicit nonce. */
uint32_t tls_image_hlen(const struct tls_image *image);
#endif
