/*
 * episode.h - the times of a flow's inline decryption: when it began, when it
 * was lost, and how it came back.
 *
 * Order of use: episodes_init; { episodes_lose, episodes_note, episodes_record
 * }*; episodes_fini.  Plain books: nothing here moves the model.
 * Times are picoseconds; EPISODE_NEVER where something has not happened.
 * Offsets are bytes of the flow's stream.
 */
#ifndef SIM_EPISODE_H
#define SIM_EPISODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/ktls_recrypt.h"
#include "sim/event.h"

#define EPISODE_NEVER SIM_TIME_NEVER

/* In the order in which a resync takes them; a protocol may leave some out. */
enum episode_step {
	EPISODE_LOST,	   /* the device stopped */
	EPISODE_INSTALLED, /* a new context was reached by packets: the last */
	EPISODE_CANDIDATE, /* it found what looks like a header: the last one */
	EPISODE_REQUEST,   /* the software began to act */
	EPISODE_QUERY,	   /* it knew the candidate: the last query */
	EPISODE_ANSWER,	   /* the device took an answer */
	EPISODE_FULL,	   /* a record had been decrypted as a whole again */
	EPISODE_AGAIN,	   /* instead: sync was lost again before that */
	EPISODE_STEPS,
};

/* "lost", "installed", ... */
const char *episode_step_name(enum episode_step step);

/* One loss of sync; text is constant.  At most one of FULL and AGAIN is set. */
struct episode {
	const char *cause;
	sim_time at[EPISODE_STEPS];
	uint64_t records_partial; /* finished meanwhile */
	uint64_t records_none;
	uint64_t bytes; /* of these records, that software decrypted */
};

/* "full", "lost again", or "open" where it has no end. */
const char *episode_end_name(const struct episode *episode);

struct episodes {
	struct episode *kept; /* the first ones; NULL: none */
	uint32_t kept_count;
	uint32_t slots;
	uint32_t most;	      /* to be kept */
	bool open;	      /* the latest is not over */
	struct episode *now;  /* the open one; NULL before the first */
	uint64_t marked_to;   /* what the NIC has decrypted ends at or below */
	uint64_t count;	      /* in all, the open one included */
	uint64_t closed;      /* by a record decrypted as a whole */
	uint64_t again;	      /* by the next one */
	uint64_t lost_sum_ps; /* from lost to full, of the closed ones */
	uint64_t lost_max_ps;
};

/* Keep at most `most` episodes one by one; the sums are of all. */
void episodes_init(struct episodes *episodes, uint32_t most);
void episodes_fini(struct episodes *episodes);

/*
 * Sync was lost by a device that had it; all that it has decrypted so far ends
 * at or below marked_to.  An episode that is still open ends as lost again.
 * Returns 0 or ENOMEM.
 */
int episodes_lose(struct episodes *episodes, const char *cause,
		  uint64_t marked_to, sim_time now);

/*
 * A step of the open episode; without one, nothing.  REQUEST keeps its first
 * time, the others their last.  INSTALLED forgets the steps of the resync that
 * went with the context before.
 */
void episodes_note(struct episodes *episodes, enum episode_step step,
		   sim_time now);

/* A record that software has finished. */
struct episode_record {
	uint64_t end; /* in the stream */
	enum ktls_mbuf_crypto_st marks;
	uint32_t bytes;	 /* on the wire */
	uint32_t marked; /* of them, decrypted by the NIC */
};

/*
 * Software has finished a record, in the order of the stream.  One that was
 * decrypted as a whole, and in part after the loss, ends the episode; others
 * count as its cost.  Returns 0 or ENOMEM.
 */
int episodes_record(struct episodes *episodes,
		    const struct episode_record *record, sim_time now);
#endif
