/*
 * trace_out.h - a file of trace events that Chrome and Perfetto read.
 *
 * Order of use: trace_out_init; { trace_out_event }*; trace_out_end.
 * Events go out as they come, nothing is gathered; viewers sort them by time.
 * The first error of a write is kept, and nothing is written after it.
 * Source: Trace Event Format (catapult), phases X, C, M, b, e and n.
 */
#ifndef SIM_TRACE_OUT_H
#define SIM_TRACE_OUT_H

#include <stdint.h>
#include <stdio.h>

#include "sim/event.h"

enum { TRACE_ARGS = 4 };

/* A number, or a text where there is one.  name is constant. */
struct trace_arg {
	const char *name; /* NULL: no more */
	const char *text;
	uint64_t value;
};

enum trace_phase {
	TRACE_SLICE = 'X',	 /* of a thread, from `at` for `length` */
	TRACE_COUNTER = 'C',	 /* of a process; the args are its values */
	TRACE_METADATA = 'M',	 /* names of processes and threads */
	TRACE_ASYNC_BEGIN = 'b', /* nested by (category, id) */
	TRACE_ASYNC_END = 'e',
};

struct trace_event {
	enum trace_phase phase;
	const char *name;
	const char *category; /* or NULL */
	uint32_t pid, tid;    /* tid 0: none */
	uint64_t id;	      /* of asynchronous ones */
	sim_time at, length;
	struct trace_arg arg[TRACE_ARGS];
};

struct trace_out {
	FILE *out;
	int error; /* errno of the first write that failed, or 0 */
	uint64_t events;
};

/* out is borrowed. */
void trace_out_init(struct trace_out *trace, FILE *out);
void trace_out_event(struct trace_out *trace, const struct trace_event *event);

/* Close the document.  Returns the first error, or 0. */
int trace_out_end(struct trace_out *trace);
#endif
