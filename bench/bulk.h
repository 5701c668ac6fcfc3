/*
 * bulk.h - a bulk TLS 1.3 download as a capture file, made on the spot.
 *
 * The hellos in the clear, then records of 16 KiB under AES-128-GCM in segments
 * of 1448 bytes, at a steady rate; the key log holds the application traffic
 * secrets alone, which suffices.
 */
#ifndef BENCH_BULK_H
#define BENCH_BULK_H

#include <stdint.h>

struct bulk {
	uint64_t plaintext_bytes; /* a multiple of 16384 */
	uint64_t rate_bps;	  /* of the payload; paces the time stamps */
};

/* Write the capture and its key log.  Returns 0 or a positive errno. */
int bulk_write(const struct bulk *bulk, const char *capture,
	       const char *keylog);
#endif
