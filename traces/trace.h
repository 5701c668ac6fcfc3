/*
 * trace.h - a source of frames, and what can go wrong with one.
 *
 * A source answers two questions: when is the next frame due, and which is it.
 * A capture ignores feedback; a modelled sender lives on it.
 */
#ifndef TRACES_TRACE_H
#define TRACES_TRACE_H

#include <stdint.h>

/* A sentence for the user that names the file, the place and the cure. */
struct trace_error {
	int code; /* positive errno; 0: no error */
	char text[512];
};

/* Link types, with libpcap's DLT numbers as written in the file. */
enum trace_link {
	TRACE_LINK_NULL = 0,
	TRACE_LINK_ETHERNET = 1,
	TRACE_LINK_PPP = 9,
	TRACE_LINK_RAW_12 = 12,
	TRACE_LINK_RAW_14 = 14,
	TRACE_LINK_RAW = 101,
	TRACE_LINK_LOOP = 108,
	TRACE_LINK_SLL = 113,
	TRACE_LINK_IPV4 = 228,
	TRACE_LINK_IPV6 = 229,
	TRACE_LINK_SLL2 = 276,
};

struct frame; /* traces/frame.h */

/* One frame.  data and parsed are the source's, valid until its next call. */
struct trace_frame {
	uint64_t time_ps; /* since the first frame */
	const uint8_t *data;
	uint32_t captured_len; /* bytes at data */
	uint32_t wire_len;     /* bytes on the wire, >= captured_len */
	enum trace_link link;
	/* A modelled sender's: its headers, which are not in data.  Or NULL. */
	const struct frame *parsed;
};

struct trace_source;

struct trace_source_ops {
	/* Due time of the next frame, UINT64_MAX at the end; may read it. */
	uint64_t (*next_time)(struct trace_source *source);
	/* Take the next frame: 1, 0 at the end, -1 on an error (kept). */
	int (*next)(struct trace_source *source, struct trace_frame *frame);
	/* What the receiver has acknowledged and offers. */
	void (*feedback)(struct trace_source *source, uint64_t now_ps,
			 uint32_t flow, uint64_t acked_bytes,
			 uint64_t window_bytes, uint64_t lost_bytes);
	void (*close)(struct trace_source *source);
};

struct trace_source {
	const struct trace_source_ops *ops;
};
#endif
