/*
 * stamp.h - when the bytes of one stream passed each boundary.
 *
 * Socket-buffer compaction and merging join mbufs, so mbufs carry no stamps
 * beyond the packet header's life.  The pipeline notes them here by stream
 * offset as it appends, and a record takes those of its first and of its
 * completing segment when it is detached.  Only pipeline.c, worker.c and
 * reader.c write here.
 *
 * Memory: two rings per stream that grow to what is queued, and are reused.
 */
#ifndef SIM_STAMP_H
#define SIM_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/event.h"

/* One accepted segment: bytes up to `end`, from where the one before ended. */
struct segment_stamp {
	uint64_t end;		 /* stream offset behind its last byte */
	sim_time own_arrival_ps; /* last bit of the frame that held it */
	sim_time arrival_ps;	 /* of the segment that completed it in order */
	sim_time visible_ps;	 /* ... and so on for that one */
	sim_time handler_ps;
	sim_time appended_ps;
};

/* One record from its detaching until its last byte was read. */
struct record_stamp {
	uint64_t number;	  /* TLS sequence number */
	uint64_t offset;	  /* stream offset of its header */
	uint32_t wire_bytes;	  /* header to tag */
	uint32_t plaintext_bytes; /* known from decryption on */
	uint32_t marked_bytes;	  /* likewise: decrypted by the NIC */
	uint8_t type;		  /* likewise */
	sim_time first_arrival_ps;
	sim_time assembled_ps;
	sim_time arrival_ps;
	sim_time visible_ps;
	sim_time handler_ps;
	sim_time appended_ps;
	sim_time keyed_ps;
	sim_time begin_ps;
	sim_time decrypted_ps;
};

struct stamps {
	struct segment_stamp *segment; /* ring */
	uint32_t segment_slots;	       /* a power of two, or 0 */
	uint32_t segment_head;	       /* oldest */
	uint32_t segment_count;
	struct record_stamp *record; /* ring of those not read yet */
	uint32_t record_slots;
	uint32_t record_head;
	uint32_t record_count;
};

void stamps_init(struct stamps *stamps);
void stamps_fini(struct stamps *stamps);

/* Note a segment behind all others.  Returns 0 or ENOMEM. */
int stamps_add_segment(struct stamps *stamps,
		       const struct segment_stamp *segment);

/* Forget segments whose bytes all lie below `offset`. */
void stamps_forget(struct stamps *stamps, uint64_t offset);

/*
 * Fill the arrival boundaries of the record at [record->offset, + wire_bytes)
 * and forget what lies below its end.  Every byte of it was noted before.
 */
void stamps_take(struct stamps *stamps, struct record_stamp *record);

/* Queue a decrypted record for its reader.  Returns 0 or ENOMEM. */
int stamps_push_record(struct stamps *stamps,
		       const struct record_stamp *record);

/* Unread record `index`, the oldest being 0; there are as many. */
const struct record_stamp *stamps_record(const struct stamps *stamps,
					 uint32_t index);

/* The oldest unread record; there is one. */
const struct record_stamp *stamps_first_record(const struct stamps *stamps);
void stamps_pop_record(struct stamps *stamps);
#endif
