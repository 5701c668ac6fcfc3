/*
 * stamp.c - when the bytes of one stream passed each boundary.
 *
 * pipeline.c adds a segment for every packet it appends; worker.c takes a
 * record's boundaries when it detaches it and queues it when it is decrypted;
 * reader.c pops it when its last byte has been returned.  Two plain rings that
 * double when full.
 */
#include "sim/stamp.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { RING_SLOTS_MIN = 16 };

void
stamps_init(struct stamps *stamps)
{
	memset(stamps, 0, sizeof(*stamps));
}

void
stamps_fini(struct stamps *stamps)
{
	free(stamps->segment);
	free(stamps->record);
	stamps_init(stamps);
}

/*
 * A ring of `count` elements twice as large, its oldest element first.  NULL
 * when memory is short; the old ring is then untouched.
 */
static void *
ring_double(void *ring, uint32_t *slots, uint32_t *head, size_t size)
{
	uint32_t wanted = *slots == 0 ? RING_SLOTS_MIN : *slots * 2;
	uint32_t first = *slots - *head;
	char *larger;

	assert(wanted > *slots);
	larger = malloc(wanted * size);
	if (larger == NULL)
		return NULL;
	if (*slots > 0) {
		memcpy(larger, (char *)ring + *head * size, first * size);
		memcpy(larger + first * size, ring, *head * size);
	}
	free(ring);
	*slots = wanted;
	*head = 0;
	return larger;
}

int
stamps_add_segment(struct stamps *stamps, const struct segment_stamp *segment)
{
	uint32_t slot;

	if (stamps->segment_count == stamps->segment_slots) {
		void *ring =
		    ring_double(stamps->segment, &stamps->segment_slots,
				&stamps->segment_head, sizeof(*segment));

		if (ring == NULL)
			return ENOMEM;
		stamps->segment = ring;
	}
	slot = (stamps->segment_head + stamps->segment_count) &
	       (stamps->segment_slots - 1);
	stamps->segment[slot] = *segment;
	stamps->segment_count++;
	return 0;
}

static void
forget_oldest(struct stamps *stamps)
{
	stamps->segment_head =
	    (stamps->segment_head + 1) & (stamps->segment_slots - 1);
	stamps->segment_count--;
}

void
stamps_forget(struct stamps *stamps, uint64_t offset)
{
	while (stamps->segment_count > 0 &&
	       stamps->segment[stamps->segment_head].end <= offset)
		forget_oldest(stamps);
}

void
stamps_take(struct stamps *stamps, struct record_stamp *record)
{
	uint64_t end = record->offset + record->wire_bytes;
	const struct segment_stamp *s;

	stamps_forget(stamps, record->offset);
	assert(stamps->segment_count > 0);
	s = &stamps->segment[stamps->segment_head];
	record->first_arrival_ps = s->own_arrival_ps;
	record->assembled_ps = s->own_arrival_ps;
	record->arrival_ps = s->arrival_ps;
	record->visible_ps = s->visible_ps;
	while (s->end < end) {
		forget_oldest(stamps);
		assert(stamps->segment_count > 0);
		s = &stamps->segment[stamps->segment_head];
		if (s->own_arrival_ps > record->assembled_ps)
			record->assembled_ps = s->own_arrival_ps;
		/* A driver that sorts its batch hands over early ones late. */
		if (s->arrival_ps >= record->arrival_ps) {
			record->arrival_ps = s->arrival_ps;
			record->visible_ps = s->visible_ps;
		}
	}
	record->handler_ps = s->handler_ps;
	record->appended_ps = s->appended_ps;
	stamps_forget(stamps, end);
}

int
stamps_push_record(struct stamps *stamps, const struct record_stamp *record)
{
	uint32_t slot;

	if (stamps->record_count == stamps->record_slots) {
		void *ring = ring_double(stamps->record, &stamps->record_slots,
					 &stamps->record_head, sizeof(*record));

		if (ring == NULL)
			return ENOMEM;
		stamps->record = ring;
	}
	slot = (stamps->record_head + stamps->record_count) &
	       (stamps->record_slots - 1);
	stamps->record[slot] = *record;
	stamps->record_count++;
	return 0;
}

const struct record_stamp *
stamps_record(const struct stamps *stamps, uint32_t index)
{
	assert(index < stamps->record_count);
	return &stamps->record[(stamps->record_head + index) &
			       (stamps->record_slots - 1)];
}

const struct record_stamp *
stamps_first_record(const struct stamps *stamps)
{
	assert(stamps->record_count > 0);
	return &stamps->record[stamps->record_head];
}

void
stamps_pop_record(struct stamps *stamps)
{
	assert(stamps->record_count > 0);
	stamps->record_head =
	    (stamps->record_head + 1) & (stamps->record_slots - 1);
	stamps->record_count--;
}
