/*
 * ipfrag.h - reassembly of IP fragments within a bound.
 *
 * Order of use: ipfrag_create; { ipfrag_add }*; ipfrag_destroy.
 * The oldest incomplete packet gives way when the bound is reached; overlapping
 * fragments: the first copy of a byte wins.
 */
#ifndef TRACES_IPFRAG_H
#define TRACES_IPFRAG_H

#include <stdint.h>

#include "traces/frame.h"

enum {
	IPFRAG_PACKETS_MAX = 64, /* incomplete packets held at a time */
};

struct ipfrag;

struct ipfrag_stats {
	uint64_t fragments;   /* taken */
	uint64_t reassembled; /* packets completed */
	uint64_t discarded;   /* packets that never became whole */
};

/* NULL: no memory. */
struct ipfrag *ipfrag_create(void);
void ipfrag_destroy(struct ipfrag *ipfrag);

/*
 * Add a fragment.  Returns the whole payload when this one completed its
 * packet (valid until the next call, *len bytes), else NULL.
 */
const uint8_t *ipfrag_add(struct ipfrag *ipfrag,
			  const struct frame_fragment *fragment, uint32_t *len);

/* discarded counts those still incomplete, too. */
void ipfrag_read_stats(const struct ipfrag *ipfrag, struct ipfrag_stats *stats);
#endif
