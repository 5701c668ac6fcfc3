/*
 * wire_keep.h - what stood around a segment's payload, from its capture until
 * the NIC takes it.
 *
 * Order of use: wire_keep_init; per segment wire_keep_add, any wire_keep_find,
 * wire_keep_drop; wire_keep_fini.  Segments are known by the address of their
 * mbuf; one that was freed without a word is forgotten when its address is
 * added again.
 */
#ifndef SIM_WIRE_KEEP_H
#define SIM_WIRE_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mbuf;

/* One segment's. */
struct wire_kept {
	const struct mbuf *segment;
	struct wire_kept *next; /* of its bucket, or free */
	uint8_t *bytes;		/* head, then tail */
	size_t room;
	uint32_t head_len;
	uint32_t tail_len; /* behind the payload: padding */
	uint32_t wire_len; /* of the frame */
	uint32_t offers;   /* to the NIC so far */
	bool whole;  /* the head is the frame; no payload is to be put in */
	bool silent; /* another segment's frame stands for it */
};

struct wire_keep {
	struct wire_kept **bucket;
	uint32_t buckets; /* a power of two */
	uint32_t count;	  /* kept */
	struct wire_kept *free;
};

/* Returns 0 or ENOMEM. */
int wire_keep_init(struct wire_keep *keep);
void wire_keep_fini(struct wire_keep *keep);

/*
 * An empty entry for a segment, with room for `bytes`; what was kept for the
 * address before is gone.  NULL: no memory.
 */
struct wire_kept *wire_keep_add(struct wire_keep *keep,
				const struct mbuf *segment, size_t bytes);

/* NULL where nothing is kept. */
struct wire_kept *wire_keep_find(const struct wire_keep *keep,
				 const struct mbuf *segment);
void wire_keep_drop(struct wire_keep *keep, const struct mbuf *segment);
#endif
