/*
 * event.c - the event queue.
 *
 * A pending event is a slot (what to call) and an element (when to call it).
 * The element is a 128-bit key: time in the upper half; class, insertion number
 * and slot in the lower half, so that one comparison gives the total order and
 * two elements never compare equal.  The lower half is also the event's id.
 *
 * Elements stand in a 4-ary heap whose groups of siblings fill a cache line
 * each and whose least child is found without branches; what lies beyond the
 * end reads as the greatest key.
 *
 * Cancelling empties the slot and leaves the element behind as a dead one,
 * recognised by its slot's id.  The top is never dead, so that looking at the
 * next time changes nothing.  Dead elements are swept out where room is needed.
 *
 * Left out: changing the time of a pending event (cancel and schedule again).
 */
#include "sim/event.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	SLOT_BITS = 24,
	SLOT_MAX = 1 << SLOT_BITS,
	SLOT_FIRST = 64, /* slots of a new queue */
	HEAP_ROOT = 3,	 /* so that siblings begin at multiples of four */
	HEAP_ALIGN = 64,
};

#define SLOT_NONE     UINT32_MAX
#define INSERTION_MAX ((UINT64_C(1) << 39) - 1)
#define KEY_GREATEST  (~(unsigned __int128)0)

struct slot {
	event_id id; /* 0: free */
	event_handler *handler;
	void *object;
	uint64_t argument; /* free: the next free slot */
};

struct event_queue {
	unsigned __int128 *heap;
	size_t heap_end; /* HEAP_ROOT while empty */
	size_t heap_room;
	struct slot *slots;
	uint32_t slot_count;
	uint32_t slot_free;
	size_t pending;
	size_t dead; /* cancelled elements still in the heap */
	uint64_t insertion;
	sim_time popped; /* time of the last popped event */
	bool failed;
};

static inline uint32_t
key_slot(unsigned __int128 key)
{
	return (uint32_t)key & (SLOT_MAX - 1);
}

static inline bool
key_is_live(const struct event_queue *queue, unsigned __int128 key)
{
	return queue->slots[key_slot(key)].id == (event_id)key;
}

static void
heap_sift_up(unsigned __int128 *heap, size_t i, unsigned __int128 key)
{
	while (i > HEAP_ROOT) {
		size_t parent = i / 4 + 2;

		if (heap[parent] < key)
			break;
		heap[i] = heap[parent];
		i = parent;
	}
	heap[i] = key;
}

static void
heap_sift_down(unsigned __int128 *heap, size_t end, size_t i,
	       unsigned __int128 key)
{
	for (size_t c = 4 * i - 8; c < end; c = 4 * i - 8) {
		size_t left = c + (heap[c + 1] < heap[c]);
		size_t right = c + 2 + (heap[c + 3] < heap[c + 2]);
		size_t least = heap[right] < heap[left] ? right : left;

		if (key < heap[least])
			break;
		heap[i] = heap[least];
		i = least;
	}
	heap[i] = key;
}

static void
heap_remove_top(struct event_queue *queue)
{
	unsigned __int128 *heap = queue->heap;
	unsigned __int128 key = heap[--queue->heap_end];

	heap[queue->heap_end] = KEY_GREATEST;
	if (queue->heap_end > HEAP_ROOT)
		heap_sift_down(heap, queue->heap_end, HEAP_ROOT, key);
}

/* Keep the promise that the top is live. */
static void
heap_bury_dead(struct event_queue *queue)
{
	while (queue->dead > 0 && !key_is_live(queue, queue->heap[HEAP_ROOT])) {
		heap_remove_top(queue);
		queue->dead--;
	}
}

/* Drop all dead elements at once. */
static void
heap_sweep(struct event_queue *queue)
{
	unsigned __int128 *heap = queue->heap;
	size_t end = HEAP_ROOT;

	for (size_t i = HEAP_ROOT; i < queue->heap_end; i++) {
		if (key_is_live(queue, heap[i]))
			heap[end++] = heap[i];
	}
	for (size_t i = end; i < queue->heap_end; i++)
		heap[i] = KEY_GREATEST;
	queue->heap_end = end;
	queue->dead = 0;
	for (size_t i = end; i-- > HEAP_ROOT;)
		heap_sift_down(heap, end, i, heap[i]);
}

static bool
heap_grow(struct event_queue *queue, size_t slots)
{
	size_t room = HEAP_ROOT + 2 * slots + 4;
	unsigned __int128 *heap;

	room -= room % 4;
	heap = aligned_alloc(HEAP_ALIGN, room * sizeof(*heap));
	if (heap == NULL)
		return false;
	memset(heap, 0xff, room * sizeof(*heap));
	if (queue->heap != NULL)
		memcpy(heap, queue->heap, queue->heap_end * sizeof(*heap));
	free(queue->heap);
	queue->heap = heap;
	queue->heap_room = room;
	return true;
}

/* Twice as many slots, and room for as many live and dead elements again. */
static bool
slots_grow(struct event_queue *queue)
{
	uint32_t count = queue->slot_count * 2;
	struct slot *slots;

	if (count == 0)
		count = SLOT_FIRST;
	if (count > SLOT_MAX || !heap_grow(queue, count))
		return false;
	slots = realloc(queue->slots, count * sizeof(*slots));
	if (slots == NULL)
		return false;
	for (uint32_t i = count; i-- > queue->slot_count;) {
		slots[i] = (struct slot){.argument = queue->slot_free};
		queue->slot_free = i;
	}
	queue->slots = slots;
	queue->slot_count = count;
	return true;
}

struct event_queue *
event_queue_create(void)
{
	struct event_queue *queue = calloc(1, sizeof(*queue));

	if (queue == NULL)
		return NULL;
	queue->heap_end = HEAP_ROOT;
	queue->slot_free = SLOT_NONE;
	if (!slots_grow(queue)) {
		event_queue_destroy(queue);
		return NULL;
	}
	return queue;
}

void
event_queue_destroy(struct event_queue *queue)
{
	if (queue == NULL)
		return;
	free(queue->heap);
	free(queue->slots);
	free(queue);
}

event_id
event_at(struct event_queue *queue, sim_time time, enum event_class class,
	 event_handler *handler, void *object, uint64_t argument)
{
	struct slot *slot;
	uint32_t i;
	event_id id;

	assert(time >= queue->popped && time != SIM_TIME_NEVER);
	if (queue->slot_free == SLOT_NONE && !slots_grow(queue)) {
		queue->failed = true;
		return 0;
	}
	if (queue->heap_end + 1 == queue->heap_room)
		heap_sweep(queue);
	assert(queue->insertion < INSERTION_MAX);
	i = queue->slot_free;
	slot = &queue->slots[i];
	queue->slot_free = (uint32_t)slot->argument;
	id = (uint64_t) class << 63 | ++queue->insertion << SLOT_BITS | i;
	*slot = (struct slot){id, handler, object, argument};
	queue->pending++;
	heap_sift_up(queue->heap, queue->heap_end++,
		     (unsigned __int128)time << 64 | id);
	return id;
}

static void
slot_release(struct event_queue *queue, uint32_t i)
{
	queue->slots[i].id = 0;
	queue->slots[i].argument = queue->slot_free;
	queue->slot_free = i;
	queue->pending--;
}

bool
event_cancel(struct event_queue *queue, event_id id)
{
	uint32_t i = key_slot(id);

	if (id == 0 || i >= queue->slot_count || queue->slots[i].id != id)
		return false;
	slot_release(queue, i);
	queue->dead++;
	heap_bury_dead(queue);
	return true;
}

sim_time
event_next_time(const struct event_queue *queue)
{
	return (sim_time)(queue->heap[HEAP_ROOT] >> 64);
}

bool
event_pop(struct event_queue *queue, struct event *event)
{
	unsigned __int128 key = queue->heap[HEAP_ROOT];
	const struct slot *slot;

	if (queue->pending == 0)
		return false;
	slot = &queue->slots[key_slot(key)];
	event->time = (sim_time)(key >> 64);
	event->handler = slot->handler;
	event->object = slot->object;
	event->argument = slot->argument;
	slot_release(queue, key_slot(key));
	queue->popped = event->time;
	heap_remove_top(queue);
	heap_bury_dead(queue);
	return true;
}

size_t
event_pending(const struct event_queue *queue)
{
	return queue->pending;
}

bool
event_queue_failed(const struct event_queue *queue)
{
	return queue->failed;
}
