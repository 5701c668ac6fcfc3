/*
 * wire_keep.c - what stood around a segment's payload, until the NIC takes it.
 *
 * Called by annotate.c.  A hash by address with chains; entries are used again,
 * with their storage, so that a long run allocates no more than it had in
 * flight at a time.  Nobody walks the table, so addresses reach no result.
 */
#include "sim/wire_keep.h"

#include <errno.h>
#include <stdlib.h>

enum { BUCKETS_MIN = 256 };

int
wire_keep_init(struct wire_keep *keep)
{
	*keep = (struct wire_keep){.buckets = BUCKETS_MIN};
	keep->bucket = calloc(keep->buckets, sizeof(struct wire_kept *));
	return keep->bucket == NULL ? ENOMEM : 0;
}

static void
free_list(struct wire_kept *kept)
{
	struct wire_kept *next;

	for (; kept != NULL; kept = next) {
		next = kept->next;
		free(kept->bytes);
		free(kept);
	}
}

void
wire_keep_fini(struct wire_keep *keep)
{
	for (uint32_t i = 0; keep->bucket != NULL && i < keep->buckets; i++)
		free_list(keep->bucket[i]);
	free_list(keep->free);
	free(keep->bucket);
	*keep = (struct wire_keep){.bucket = NULL};
}

/* Where the pointer to a segment's entry is, or would be. */
static struct wire_kept **
place_of(const struct wire_keep *keep, const struct mbuf *segment)
{
	/* Mbufs are at least 64 bytes; the multiplier spreads what is left. */
	uint64_t hash =
	    ((uint64_t)(uintptr_t)segment >> 6) * UINT64_C(0x9e3779b97f4a7c15);
	struct wire_kept **place =
	    &keep->bucket[(hash >> 32) & (keep->buckets - 1)];

	while (*place != NULL && (*place)->segment != segment)
		place = &(*place)->next;
	return place;
}

/* Twice the buckets; without memory for them the chains grow longer. */
static void
grow(struct wire_keep *keep)
{
	struct wire_keep grown = *keep;

	grown.buckets = keep->buckets * 2;
	grown.bucket = calloc(grown.buckets, sizeof(struct wire_kept *));
	if (grown.bucket == NULL)
		return;
	for (uint32_t i = 0; i < keep->buckets; i++) {
		struct wire_kept *kept = keep->bucket[i], *next;

		for (; kept != NULL; kept = next) {
			struct wire_kept **place =
			    place_of(&grown, kept->segment);

			next = kept->next;
			kept->next = *place;
			*place = kept;
		}
	}
	free(keep->bucket);
	*keep = grown;
}

/* An entry from the free list or from the system; NULL: no memory. */
static struct wire_kept *
take_free(struct wire_keep *keep)
{
	struct wire_kept *kept = keep->free;

	if (kept == NULL)
		return calloc(1, sizeof(*kept));
	keep->free = kept->next;
	return kept;
}

static void
put_free(struct wire_keep *keep, struct wire_kept *kept)
{
	kept->next = keep->free;
	keep->free = kept;
}

static bool
reserve(struct wire_kept *kept, size_t bytes)
{
	uint8_t *grown;

	if (bytes <= kept->room)
		return true;
	grown = realloc(kept->bytes, bytes);
	if (grown == NULL)
		return false;
	kept->bytes = grown;
	kept->room = bytes;
	return true;
}

struct wire_kept *
wire_keep_add(struct wire_keep *keep, const struct mbuf *segment, size_t bytes)
{
	struct wire_kept *kept, **place;

	wire_keep_drop(keep, segment);
	kept = take_free(keep);
	if (kept == NULL)
		return NULL;
	if (!reserve(kept, bytes)) {
		put_free(keep, kept);
		return NULL;
	}
	if (keep->count >= keep->buckets)
		grow(keep);
	*kept = (struct wire_kept){
	    .segment = segment, .bytes = kept->bytes, .room = kept->room};
	place = place_of(keep, segment);
	*place = kept;
	keep->count++;
	return kept;
}

struct wire_kept *
wire_keep_find(const struct wire_keep *keep, const struct mbuf *segment)
{
	return *place_of(keep, segment);
}

void
wire_keep_drop(struct wire_keep *keep, const struct mbuf *segment)
{
	struct wire_kept **place = place_of(keep, segment);
	struct wire_kept *kept = *place;

	if (kept == NULL)
		return;
	*place = kept->next;
	keep->count--;
	put_free(keep, kept);
}
