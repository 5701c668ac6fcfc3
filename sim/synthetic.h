/*
 * synthetic.h - senders that keep every receive window full.
 *
 * A source of frames (traces/trace.h) that lives on feedback: each flow sends
 * records without end, or up to its limit, as far as the receiver's window
 * goes.  The network loses nothing by itself, and there is no congestion
 * control.  Flows share one link and take turns on it.
 *
 * Order of use: synthetic_create; { ops->next_time, ops->next, ops->feedback
 * }*; ops->close.  The frames that next returns have `parsed` instead of
 * bytes, and come at the times that next_time says, which feedback can only
 * bring forward.  Offsets of feedback are those of the stream on the wire.
 * Pure but for memory: no clock, no files.
 */
#ifndef SIM_SYNTHETIC_H
#define SIM_SYNTHETIC_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/suite.h"
#include "sim/ktlsim.h"
#include "traces/trace.h"

struct synthetic_options {
	uint32_t flows;
	uint64_t stagger_ps;   /* from one flow's start to the next one's */
	uint64_t bytes;	       /* of plaintext per flow; 0: no limit */
	uint64_t time_ps;      /* no record begins so long after the start; 0 */
	uint64_t stop_ps;      /* nor from this time on; 0: no such time */
	uint32_t record_bytes; /* of plaintext, 1 to 16384 */
	uint32_t mss_bytes;    /* payload of a full segment */
	uint32_t burst_bytes;  /* of a flow before it is the next one's turn */
	uint32_t window_bytes; /* what a receiver offers at first */
	uint64_t rate_bps;     /* of the link */
	uint16_t suite;	       /* IANA number of an AEAD suite */
	enum ktls_suites suites;
	bool real;	   /* seal records; else headers and zeros */
	uint32_t contexts; /* keyed cipher contexts held, with real */
	uint64_t seed;
};

/* A flow as ktlsim_add_flow wants it; its pointers lead into this. */
struct synthetic_flow {
	struct ktlsim_flow flow;
	char client[32], server[32];
	struct ktls_key key;
};

/* 0 or ENOMEM. */
int synthetic_create(struct trace_source **source,
		     const struct synthetic_options *options);

/* The flow, from 0, of the frame that ops->next returned last. */
uint32_t synthetic_last_flow(const struct trace_source *source);

/* What the two ends of a flow know before its first byte. */
void synthetic_describe(const struct trace_source *source, uint32_t flow,
			struct synthetic_flow *described);
#endif
