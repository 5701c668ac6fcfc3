/*
 * nic_tls_scan.h - finding TLS record headers in a stream of payload bytes.
 *
 * Pure; fuzzed.  Order of use: nic_tls_scan_reset; { nic_tls_scan_feed }*, with
 * a reset wherever the bytes do not continue those before.  A pattern that
 * begins in one packet and ends in the next is found.
 */
#ifndef NICMODEL_NIC_TLS_SCAN_H
#define NICMODEL_NIC_TLS_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/suite.h"

enum nic_tls_matcher {
	NIC_TLS_STRICT, /* type, version and length must be possible */
	NIC_TLS_LOOSE,	/* the version bytes 03 03 alone */
	NIC_TLS_NONE,	/* never searches: the core-driven protocol */
};

struct nic_tls_scan {
	enum nic_tls_matcher matcher;
	uint16_t min_length; /* of the length field, for STRICT */
	uint8_t have;	     /* bytes in window that count, 0..4 */
	uint64_t window;     /* the last bytes, the newest lowest */
};

/* min_length: least legal value of the length field (struct tls_framing). */
void nic_tls_scan_init(struct nic_tls_scan *scan, enum nic_tls_matcher matcher,
		       uint16_t min_length);

/* Forget the bytes so far: what comes does not continue them. */
void nic_tls_scan_reset(struct nic_tls_scan *scan);

/*
 * Search len more bytes.  Returns true at the first match, with *used bytes of
 * the input consumed, its last one included, and the five bytes in header; the
 * match forgets them.  Returns false with all bytes consumed.
 */
bool nic_tls_scan_feed(struct nic_tls_scan *scan, const uint8_t *bytes,
		       uint32_t len, uint32_t *used,
		       uint8_t header[TLS_HEADER_BYTES]);

/*
 * A header was expected and these five bytes are none: they have been seen, and
 * a match may begin with the second of them.
 */
void nic_tls_scan_push_back(struct nic_tls_scan *scan,
			    const uint8_t header[TLS_HEADER_BYTES]);

/*
 * True where these bytes may head a record that the device is to process: type
 * 20..24, version 03 03, length within the framing's limits.
 */
bool nic_tls_header_valid(const uint8_t header[TLS_HEADER_BYTES],
			  const struct tls_framing *framing);
#endif
