/*
 * tls_record.h - the five bytes in front of every TLS record.
 *
 * Pure; fuzzed.  Mirrors the header checks of FreeBSD ktls_decrypt().
 */
#ifndef ENGINE_TLS_RECORD_H
#define ENGINE_TLS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/suite.h"

struct tls_record_header {
	uint8_t type; /* outer content type */
	uint8_t vmajor;
	uint8_t vminor;
	uint16_t length; /* bytes that follow the header */
};

/* Decode 5 bytes.  Nothing is judged. */
void tls_record_parse(const uint8_t bytes[TLS_HEADER_BYTES],
		      struct tls_record_header *header);

/*
 * Judge a header as ktls_decrypt does, in its order: version bytes (EINVAL),
 * TLS 1.3 outer type (EINVAL), then total length (EMSGSIZE).  Returns 0 when
 * the record may be decrypted.
 */
int tls_record_check(const struct tls_record_header *header,
		     enum tls_version version,
		     const struct tls_framing *framing);

/*
 * True where five bytes look like the header of some TLS record: type 20..24,
 * major 3, minor 0..4, length 1..16384+2048.
 */
bool tls_record_plausible(const uint8_t bytes[TLS_HEADER_BYTES]);
#endif
