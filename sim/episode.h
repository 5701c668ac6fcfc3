/*
 * episode.h - the times of a flow's inline decryption: when it began, when it
 * was lost, and how it came back.
 *
 * Order of use: episodes_init; { episodes_lose, episodes_note, episodes_record,
 * episodes_close }*; episodes_fini.  Plain books: nothing here moves the model.
 * Times are picoseconds; EPISODE_NEVER where something has not happened.
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
	EPISODE_CANDIDATE, /* it found what looks like a header: the last one */
	EPISODE_REQUEST,   /* the software began to act */
	EPISODE_QUERY,	   /* it knew the candidate: the last query */
	EPISODE_ANSWER,	   /* the device took an answer */
	EPISODE_FULL,	   /* a record had been decrypted as a whole again */
	EPISODE_STEPS,
};

/* "lost", "candidate", ... */
const char *episode_step_name(enum episode_step step);

/* One loss of sync; text is constant. */
struct episode {
	const char *cause;
	sim_time at[EPISODE_STEPS];
	uint64_t records_partial; /* finished meanwhile */
	uint64_t records_none;
	uint64_t bytes; /* of these records, that software decrypted */
};

struct episodes {
	struct episode *kept; /* the first ones; NULL: none */
	uint32_t kept_count;
	uint32_t slots;
	uint32_t most;	    /* to be kept */
	bool open;	    /* the latest is not over */
	struct episode now; /* the open one */
	uint64_t count;	    /* in all, the open one included */
	uint64_t closed;
	uint64_t lost_sum_ps; /* from lost to full, of the closed ones */
	uint64_t lost_max_ps;
};

/* Keep at most `most` episodes one by one; the sums are of all. */
void episodes_init(struct episodes *episodes, uint32_t most);
void episodes_fini(struct episodes *episodes);

/* Sync was lost; nothing changes where it was lost already. */
void episodes_lose(struct episodes *episodes, const char *cause, sim_time now);

/*
 * A step of the open episode; without one, nothing.  CANDIDATE and QUERY keep
 * their last time, REQUEST and ANSWER: the first and the last.
 */
void episodes_note(struct episodes *episodes, enum episode_step step,
		   sim_time now);

/*
 * A record of `bytes` was finished, of which `marked` were decrypted by the
 * NIC.  A fully marked one behind an answer ends the episode.  Returns 0 or
 * ENOMEM.
 */
int episodes_record(struct episodes *episodes, enum ktls_mbuf_crypto_st marks,
		    uint32_t bytes, uint32_t marked, sim_time now);
#endif
