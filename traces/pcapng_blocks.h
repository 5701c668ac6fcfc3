/*
 * pcapng_blocks.h - a first pass over pcapng: secrets wherever they stand.
 *
 * Pure over bytes that the caller feeds; fuzzed.  libpcap hands out packets
 * only, so Decryption Secrets Blocks (type 0x0000000A, secrets type "TLSK") are
 * collected here, and the interface is found whose link type or snap length
 * makes libpcap refuse the file.  Source: draft-ietf-opsawg-pcapng, sections 3,
 * 4.1, 4.2 and 4.7.
 */
#ifndef TRACES_PCAPNG_BLOCKS_H
#define TRACES_PCAPNG_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traces/trace.h"

enum {
	PCAPNG_BLOCK_MAX = 16 << 20,	/* bytes of a block that is read */
	PCAPNG_SECRETS_MAX = 256 << 20, /* bytes of secrets in all */
};

struct pcapng_blocks; /* heap object */

/* An Interface Description Block. */
struct pcapng_interface {
	uint32_t section; /* both counted from 0 */
	uint32_t index;
	uint16_t link; /* LINKTYPE number */
	uint32_t snaplen;
	char name[64]; /* if_name, printable ASCII; "" where absent */
};

/* NULL: no memory. */
struct pcapng_blocks *pcapng_blocks_create(void);
void pcapng_blocks_destroy(struct pcapng_blocks *blocks);

/*
 * Feed the next bytes of the file, in pieces of any size.  Returns 0; EINVAL
 * with the place in *error at the first malformed block (what was collected
 * before stays); ENOMEM.  After an error the same answer is given again.
 */
int pcapng_blocks_feed(struct pcapng_blocks *blocks, const uint8_t *bytes,
		       size_t len, struct trace_error *error);

/* The key log text collected so far, NUL-terminated. */
const char *pcapng_blocks_secrets(const struct pcapng_blocks *blocks,
				  size_t *len);

/* Is there a section in another byte order than the first? */
bool pcapng_blocks_order_changes(const struct pcapng_blocks *blocks);

/* The file's first interface, NULL without one. */
const struct pcapng_interface *pcapng_blocks_first(
    const struct pcapng_blocks *blocks);

/* The first interface whose link type or snap length differs from the first
 * interface's; NULL without one. */
const struct pcapng_interface *pcapng_blocks_odd(
    const struct pcapng_blocks *blocks);
#endif
