/*
 * resync_script.h - a resync protocol's life as a table: events and acts.
 *
 * A life is a protocol, the events of one flow in their order, the act that
 * each leads to, and all counters at the end (those not named are 0).
 */
#ifndef TESTS_SUPPORT_RESYNC_SCRIPT_H
#define TESTS_SUPPORT_RESYNC_SCRIPT_H

#include "nicmodel/nic_resync.h"

enum {
	RESYNC_STEPS_MAX = 40,
};

enum resync_event {
	RESYNC_END = 0,
	RESYNC_PACKET,	  /* seq, len; rec: the candidate */
	RESYNC_HEADER,	  /* seq, len, rec, queued */
	RESYNC_ENCRYPTED, /* a record is finished: seq, len, rec, queued */
	RESYNC_MIXED,
	RESYNC_DECRYPTED,
	RESYNC_FOUND,	/* a query is done: candidate seq */
	RESYNC_LOST,	/* a query is done: no candidate */
	RESYNC_POSTED,	/* the latest act */
	RESYNC_REFUSED, /* the same, the queue was full */
};

/* `want` without a kind is NIC_RESYNC_NONE. */
struct resync_step {
	enum resync_event event;
	uint32_t seq;
	uint32_t len;
	uint64_t rec;
	uint32_t queued;
	struct nic_resync_act want;
};

struct resync_life {
	const char *name;
	const struct nic_resync_ops *ops;
	struct resync_step steps[RESYNC_STEPS_MAX];
	struct nic_resync_counters counters;
};

#define RESYNC_QUERIES                   \
	{                                \
		.kind = NIC_RESYNC_QUERY \
	}
#define RESYNC_ANSWERS(s, r)                                          \
	{                                                             \
		.kind = NIC_RESYNC_ANSWER, .seq = (s), .rec_seq = (r) \
	}
#define RESYNC_HINTS(s, r)                                          \
	{                                                           \
		.kind = NIC_RESYNC_HINT, .seq = (s), .rec_seq = (r) \
	}

/* Run one event; for POSTED and REFUSED `act` is the one meant. */
struct nic_resync_act resync_step_run(struct nic_resync *r,
				      const struct resync_step *step,
				      const struct nic_resync_act *act);

/* Fails the test, naming life and step, where an act or a counter differs. */
void resync_life_run(const struct resync_life *life);
#endif
