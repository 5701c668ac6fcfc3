/*
 * event.h - the event queue: what happens next in simulated time.
 *
 * Order of use: event_queue_create; { event_at, event_cancel, event_pop }*;
 * event_queue_destroy.
 * Access: one thread.  No word of TLS in here.
 * Order is total: (time, class, insertion); internal events come before
 * arrivals of the same time, and an arrival inserted at t by a handler at t
 * runs after all internal events of t.
 * Memory: slots are recycled; after the high-water mark nothing is allocated.
 */
#ifndef SIM_EVENT_H
#define SIM_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t sim_time; /* picoseconds since the start; 213 days */

#define SIM_TIME_NEVER UINT64_MAX

enum event_class {
	EVENT_INTERNAL = 0,
	EVENT_ARRIVAL = 1,
};

/* Identifies a pending event; stale ids are recognised.  0 is never valid. */
typedef uint64_t event_id;

typedef void event_handler(void *object, uint64_t argument, sim_time now);

struct event {
	sim_time time;
	event_handler *handler;
	void *object;
	uint64_t argument;
};

struct event_queue;

/* NULL: no memory. */
struct event_queue *event_queue_create(void);
void event_queue_destroy(struct event_queue *queue);

/*
 * Schedule handler(object, argument, time).  time is not before the time of
 * the last popped event and not SIM_TIME_NEVER (both asserted).  Returns 0 when
 * memory is short or 2^24 events are pending already.
 */
event_id event_at(struct event_queue *queue, sim_time time,
		  enum event_class rank, event_handler *handler, void *object,
		  uint64_t argument);

/* Take a pending event back.  False: it has run or was cancelled. */
bool event_cancel(struct event_queue *queue, event_id id);

/* Time of the next event, or SIM_TIME_NEVER.  Pure. */
sim_time event_next_time(const struct event_queue *queue);

/* Remove the next event.  False where there is none. */
bool event_pop(struct event_queue *queue, struct event *event);

/* Events pending, cancelled ones not counted. */
size_t event_pending(const struct event_queue *queue);

/*
 * An event_at has returned 0 since the queue was made, so that the run is not
 * whole: its driver looks here once at the end, and handlers that cannot carry
 * an error need not.
 */
bool event_queue_failed(const struct event_queue *queue);
#endif
