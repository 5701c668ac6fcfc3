/*
 * nic_tls_scan.c - finding TLS record headers in a stream of payload bytes.
 *
 * Called by nic_tls_walk for a context that has lost its place.  The matcher
 * slides over the stream a byte at a time and keeps the last four, so that a
 * header may lie across any number of packets.
 *
 * On random bytes the strict pattern matches at 4/256 of the types, 2^-16 of
 * the versions and a quarter of the lengths, 6e-8 of all places; the loose one
 * at 2^-16 (04-nic section 1.4).
 */
#include "nicmodel/nic_tls_scan.h"

#include <assert.h>

enum {
	/* RFC 8446 section 5.2: the most that a protected record may have. */
	LENGTH_MAX = TLS_PLAINTEXT_MAX + 256,
	HEARTBEAT = 24, /* RFC 6520 */
};

void
nic_tls_scan_init(struct nic_tls_scan *scan, enum nic_tls_matcher matcher,
		  uint16_t min_length)
{
	*scan = (struct nic_tls_scan){
	    .matcher = matcher,
	    .min_length = min_length,
	};
}

void
nic_tls_scan_reset(struct nic_tls_scan *scan)
{
	scan->have = 0;
}

void
nic_tls_scan_push_back(struct nic_tls_scan *scan,
		       const uint8_t header[TLS_HEADER_BYTES])
{
	scan->have = TLS_HEADER_BYTES - 1;
	for (int i = 1; i < TLS_HEADER_BYTES; i++)
		scan->window = scan->window << 8 | header[i];
}

static bool
window_matches(const struct nic_tls_scan *scan)
{
	const uint64_t type = scan->window >> 32 & 0xff;
	const uint64_t length = scan->window & 0xffff;

	if ((scan->window >> 16 & 0xffff) != TLS_1_2)
		return false;
	return scan->matcher == NIC_TLS_LOOSE ||
	       (type >= TLS_CHANGE_CIPHER_SPEC &&
		type <= TLS_APPLICATION_DATA && length >= scan->min_length &&
		length <= LENGTH_MAX);
}

bool
nic_tls_scan_feed(struct nic_tls_scan *scan, const uint8_t *bytes, uint32_t len,
		  uint32_t *used, uint8_t header[TLS_HEADER_BYTES])
{
	assert(scan->have < TLS_HEADER_BYTES);
	assert(scan->matcher != NIC_TLS_NONE);
	for (uint32_t i = 0; i < len; i++) {
		scan->window = scan->window << 8 | bytes[i];
		if (++scan->have < TLS_HEADER_BYTES)
			continue;
		scan->have = TLS_HEADER_BYTES - 1;
		if (!window_matches(scan))
			continue;
		for (int k = 0; k < TLS_HEADER_BYTES; k++)
			header[k] = (uint8_t)(scan->window >> (32 - 8 * k));
		scan->have = 0;
		*used = i + 1;
		return true;
	}
	*used = len;
	return false;
}

bool
nic_tls_header_valid(const uint8_t header[TLS_HEADER_BYTES],
		     const struct tls_framing *framing)
{
	const uint32_t length = (uint32_t)header[3] << 8 | header[4];

	return header[0] >= TLS_CHANGE_CIPHER_SPEC && header[0] <= HEARTBEAT &&
	       header[1] == 3 && header[2] == 3 &&
	       length >= framing->min_length && length <= framing->max_length;
}
