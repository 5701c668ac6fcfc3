/*
 * pcapng_blocks.h - a first pass over pcapng: secrets wherever they stand.
 *
 * Pure over bytes that the caller feeds; fuzzed.  libpcap hands out packets
 * only, so Decryption Secrets Blocks (type 0x0000000A, secrets type "TLSK") are
 * collected here.  Source: draft-ietf-opsawg-pcapng, sections 3 and 4.7.
 */
#ifndef TRACES_PCAPNG_BLOCKS_H
#define TRACES_PCAPNG_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "traces/trace.h"

struct pcapng_blocks; /* heap object */

/* NULL: no memory. */
struct pcapng_blocks *pcapng_blocks_create(void);
void pcapng_blocks_destroy(struct pcapng_blocks *blocks);

/*
 * Feed the next bytes of the file, in pieces of any size.  Returns 0; EINVAL
 * with the place in *error at the first malformed block (what was collected
 * before stays); ENOMEM.
 */
int pcapng_blocks_feed(struct pcapng_blocks *blocks, const uint8_t *bytes,
		       size_t len, struct trace_error *error);

/* The key log text collected so far, NUL-terminated. */
const char *pcapng_blocks_secrets(const struct pcapng_blocks *blocks,
				  size_t *len);
#endif
