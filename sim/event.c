/*
 * event.c - the event queue.
 *
 * A pending event is a slot (what to call) and an element (when to call it).
 * The element is a 128-bit key: time in the upper half; class, insertion number
 * and slot in the lower half, so that one comparison gives the total order and
 * no two elements compare equal.  The lower half is also the event's id.
 *
 * Near elements, those up to the time `limit`, stand in a 4-ary heap whose
 * groups of siblings fill a cache line each and whose least child is found
 * without branches.  With few events pending, all are near.
 *
 * Far elements lie unsorted in buckets: level by level 256 of them, numbered by
 * the highest byte in which the element's time differs from `base` and by that
 * byte's value.  When the heap runs empty, the first bucket is poured into it,
 * or, where it is large, scattered over the level below.  base never passes
 * a far element, and only moves within the prefix that the others share with
 * it, so that their places stay right.  An element is moved a few times at
 * most, mostly in order of memory.
 *
 * A pop leaves a hole at the top of the heap, because mostly the event's
 * handler schedules another at once.
 *
 * Cancelling empties the slot and leaves the element behind as a dead one,
 * recognised by its slot's id.  The first element is never dead nor far, so
 * that looking at the next time changes nothing.  Dead elements are dropped
 * where they are met and swept out where room is needed.
 *
 * Left out: changing the time of a pending event (cancel and schedule again);
 * more than 2^39 insertions in the life of a queue (asserted; 15 hours at ten
 * million a second).
 */
#include "sim/event.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	SLOT_BITS = 24,
	SLOT_MAX = 1 << SLOT_BITS,
	SLOT_FIRST = 64,  /* slots of a new queue */
	CACHE_LINE = 64,  /* alignment of all arrays */
	HEAP_ROOT = 3,	  /* so that siblings begin at multiples of four */
	HEAP_MAX = 512,	  /* beyond this, later elements become far */
	POUR_MAX = 128,	  /* a larger bucket is scattered first */
	FETCH_MAX = 1024, /* slots that fit the nearest cache */
	FAR_MIN = 64,	  /* fewer are brought near all at once */
	BLOCK_KEYS = 32,  /* a power of two */
	LEVEL_BITS = 8,
	LEVEL_COUNT = 64 / LEVEL_BITS,
	LEVEL_BUCKETS = 1 << LEVEL_BITS,
	LEVEL_WORDS = LEVEL_BUCKETS / 64,
	TO_HEAP = LEVEL_COUNT, /* in place of a level */
};

#define NONE	      UINT32_MAX
#define INSERTION_MAX ((UINT64_C(1) << 39) - 1)
#define KEY_GREATEST  (~(unsigned __int128)0)

struct slot {
	event_id id; /* 0: free */
	event_handler *handler;
	void *object;
	uint64_t argument; /* free: the next free slot */
};

struct block {
	unsigned __int128 key[BLOCK_KEYS];
};

/* A chain of blocks, all full but the first. */
struct bucket {
	uint32_t block;
	uint32_t count; /* of keys in the chain */
};

struct far {
	sim_time base;
	size_t count;
	struct block *block;
	uint32_t *next; /* of each block, in its chain or the free list */
	uint32_t block_free;
	uint32_t block_fresh;			 /* from here on never used */
	uint64_t used[LEVEL_COUNT][LEVEL_WORDS]; /* buckets not empty */
	struct bucket bucket[LEVEL_COUNT][LEVEL_BUCKETS];
};

struct event_queue {
	unsigned __int128 *heap;
	size_t heap_end; /* HEAP_ROOT while empty */
	size_t heap_max; /* spill when there are more */
	bool hole;	 /* the top has been popped */
	bool failed;
	sim_time limit;	 /* of near elements; this time included */
	sim_time popped; /* time of the last popped event */
	struct slot *slots;
	uint32_t slot_count;
	uint32_t slot_fresh; /* from here on never used */
	uint32_t slot_free;
	size_t pending;
	size_t dead; /* cancelled elements, near and far */
	uint64_t insertion;
	struct far far;
};

static inline uint32_t
key_slot(unsigned __int128 key)
{
	return (uint32_t)key & (SLOT_MAX - 1);
}

static inline sim_time
key_time(unsigned __int128 key)
{
	return (sim_time)(key >> 64);
}

static inline unsigned
level_digit(sim_time time, unsigned level)
{
	return time >> level * LEVEL_BITS & (LEVEL_BUCKETS - 1);
}

static inline void
slot_prefetch(const struct event_queue *queue, unsigned __int128 key)
{
	__builtin_prefetch(&queue->slots[key_slot(key)]);
}

static inline bool
key_is_live(const struct event_queue *queue, unsigned __int128 key)
{
	return queue->slots[key_slot(key)].id == (event_id)key;
}

/* Index of the least of four siblings. */
static inline size_t
heap_least(const unsigned __int128 *heap, size_t c)
{
	size_t left = c + (heap[c + 1] < heap[c]);
	size_t right = c + 2 + (heap[c + 3] < heap[c + 2]);
	size_t swap = -(size_t)(heap[right] < heap[left]);

	return left ^ ((left ^ right) & swap);
}

static inline void
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

static inline void
heap_sift_down(unsigned __int128 *heap, size_t end, size_t i,
	       unsigned __int128 key)
{
	for (size_t c = 4 * i - 8; c < end; c = 4 * i - 8) {
		size_t least = heap_least(heap, c);

		if (key < heap[least])
			break;
		heap[i] = heap[least];
		i = least;
	}
	heap[i] = key;
}

/* Append without order; what lies beyond reads as the greatest key. */
static inline void
heap_append(struct event_queue *queue, unsigned __int128 key)
{
	unsigned __int128 *place = &queue->heap[queue->heap_end++];

	*place = key;
	if (queue->heap_end % 4 == 1)
		place[1] = place[2] = place[3] = KEY_GREATEST;
}

static void
heap_order(struct event_queue *queue)
{
	unsigned __int128 *heap = queue->heap;
	size_t end = queue->heap_end;

	if (end <= HEAP_ROOT + 1)
		return;
	for (size_t i = (end - 1) / 4 + 3; i-- > HEAP_ROOT;)
		heap_sift_down(heap, end, i, heap[i]);
}

static void
heap_truncate(struct event_queue *queue, size_t end)
{
	for (size_t i = end; i < queue->heap_end; i++)
		queue->heap[i] = KEY_GREATEST;
	queue->heap_end = end;
}

static inline void
heap_remove_top(struct event_queue *queue)
{
	unsigned __int128 *heap = queue->heap;
	unsigned __int128 key = heap[--queue->heap_end];

	heap[queue->heap_end] = KEY_GREATEST;
	if (queue->heap_end > HEAP_ROOT)
		heap_sift_down(heap, queue->heap_end, HEAP_ROOT, key);
}

static inline void
heap_close_hole(struct event_queue *queue)
{
	if (queue->hole) {
		queue->hole = false;
		heap_remove_top(queue);
	}
}

static inline uint32_t
block_take(struct far *far)
{
	uint32_t block = far->block_free;

	if (block == NONE)
		return far->block_fresh++;
	far->block_free = far->next[block];
	return block;
}

static inline void
bucket_push(struct far *far, unsigned level, unsigned digit,
	    unsigned __int128 key)
{
	struct bucket *bucket = &far->bucket[level][digit];
	uint32_t place = bucket->count++ % BLOCK_KEYS;

	if (place == 0) {
		uint32_t block = block_take(far);

		far->next[block] = bucket->block;
		bucket->block = block;
		far->used[level][digit / 64] |= UINT64_C(1) << digit % 64;
	}
	far->block[bucket->block].key[place] = key;
	far->count++;
}

/* The time is after base. */
static inline void
far_push(struct far *far, unsigned __int128 key)
{
	sim_time time = key_time(key);
	unsigned top = 63 - (unsigned)__builtin_clzll(time ^ far->base);
	unsigned level = top / LEVEL_BITS;

	bucket_push(far, level, level_digit(time, level), key);
}

/* A live key goes down to a level, or into the heap without order. */
static inline void
key_move(struct event_queue *queue, unsigned level, unsigned __int128 key)
{
	if (queue->dead > 0 && !key_is_live(queue, key))
		queue->dead--;
	else if (level == TO_HEAP)
		heap_append(queue, key);
	else
		bucket_push(&queue->far, level,
			    level_digit(key_time(key), level), key);
}

/* Empty a bucket into a lower level or into the heap. */
static void
bucket_drain(struct event_queue *queue, unsigned level, unsigned digit,
	     unsigned to)
{
	struct far *far = &queue->far;
	struct bucket bucket = far->bucket[level][digit];
	/* Slots that are needed soon are fetched while others are moved. */
	bool soon = bucket.count <= FETCH_MAX;

	far->used[level][digit / 64] &= ~(UINT64_C(1) << digit % 64);
	far->bucket[level][digit].count = 0;
	far->count -= bucket.count;
	while (bucket.count > 0) {
		const struct block *block = &far->block[bucket.block];
		uint32_t n = (bucket.count - 1) % BLOCK_KEYS + 1;
		uint32_t next = far->next[bucket.block];

		for (uint32_t i = 0; i < n; i++) {
			if (soon)
				slot_prefetch(queue, block->key[i]);
			key_move(queue, to, block->key[i]);
		}
		far->next[bucket.block] = far->block_free;
		far->block_free = bucket.block;
		bucket.block = next;
		bucket.count -= n;
	}
}

/* The first bucket of a level, or LEVEL_BUCKETS. */
static unsigned
level_first(const struct far *far, unsigned level)
{
	for (unsigned i = 0; i < LEVEL_WORDS; i++) {
		uint64_t word = far->used[level][i];

		if (word != 0)
			return i * 64 + (unsigned)__builtin_ctzll(word);
	}
	return LEVEL_BUCKETS;
}

/* Bring all far elements near. */
static void
far_pour_all(struct event_queue *queue)
{
	for (unsigned level = 0; level < LEVEL_COUNT; level++) {
		unsigned digit = level_first(&queue->far, level);

		while (digit != LEVEL_BUCKETS) {
			bucket_drain(queue, level, digit, TO_HEAP);
			digit = level_first(&queue->far, level);
		}
	}
	queue->limit = SIM_TIME_NEVER;
}

/* Move base to the first time of a bucket; returns the last one. */
static sim_time
far_enter(struct far *far, unsigned level, unsigned digit)
{
	unsigned shift = level * LEVEL_BITS;
	uint64_t below = (UINT64_C(1) << shift) - 1;
	uint64_t level_mask = (uint64_t)(LEVEL_BUCKETS - 1) << shift;

	far->base &= ~(level_mask | below);
	far->base |= (uint64_t)digit << shift;
	return far->base | below;
}

/*
 * Bring the first bucket near; a large one is scattered over the level below
 * before, and the first bucket is looked for there.
 */
static void
far_pour_first(struct event_queue *queue)
{
	struct far *far = &queue->far;
	unsigned level = 0, digit;

	while ((digit = level_first(far, level)) == LEVEL_BUCKETS)
		level++;
	queue->limit = far_enter(far, level, digit);
	while (level > 0 && far->bucket[level][digit].count > POUR_MAX) {
		bucket_drain(queue, level, digit, level - 1);
		level--;
		digit = level_first(far, level);
		if (digit == LEVEL_BUCKETS)
			return; /* all were dead */
		queue->limit = far_enter(far, level, digit);
	}
	bucket_drain(queue, level, digit, TO_HEAP);
}

/* The heap has run empty: bring near what comes next. */
static void
heap_refill(struct event_queue *queue)
{
	queue->heap_max = HEAP_MAX;
	while (queue->heap_end == HEAP_ROOT && queue->far.count > FAR_MIN)
		far_pour_first(queue);
	if (queue->heap_end == HEAP_ROOT)
		far_pour_all(queue);
	heap_order(queue);
}

/*
 * The heap has grown too large: all but the elements up to base become far.
 * The next spill comes after as many insertions as have stayed, so that equal
 * times, which can not be told apart here, cost no more than others.
 */
static void
heap_spill(struct event_queue *queue)
{
	struct far *far = &queue->far;
	unsigned __int128 *heap = queue->heap;
	size_t end = HEAP_ROOT;

	if (far->count == 0)
		far->base = queue->popped;
	for (size_t i = HEAP_ROOT; i < queue->heap_end; i++) {
		if (key_time(heap[i]) > far->base)
			far_push(far, heap[i]);
		else
			heap[end++] = heap[i];
	}
	heap_truncate(queue, end);
	queue->limit = far->base;
	if (end == HEAP_ROOT) {
		heap_refill(queue);
		return;
	}
	heap_order(queue);
	queue->heap_max = HEAP_MAX + 2 * (end - HEAP_ROOT);
}

/* Keep the promise that the top is live. */
static void
heap_bury_dead(struct event_queue *queue)
{
	while (queue->heap_end > HEAP_ROOT &&
	       !key_is_live(queue, queue->heap[HEAP_ROOT])) {
		heap_remove_top(queue);
		queue->dead--;
	}
	if (queue->heap_end == HEAP_ROOT)
		heap_refill(queue);
}

/* Drop all dead elements at once. */
static void
queue_sweep(struct event_queue *queue)
{
	size_t end = HEAP_ROOT;

	heap_close_hole(queue);
	far_pour_all(queue);
	for (size_t i = HEAP_ROOT; i < queue->heap_end; i++) {
		if (key_is_live(queue, queue->heap[i]))
			queue->heap[end++] = queue->heap[i];
	}
	heap_truncate(queue, end);
	heap_order(queue);
	queue->dead = 0;
}

/* A larger copy of an array; false where memory is short. */
static bool
array_grow(void *array, size_t size, size_t new_size)
{
	void *old, *new;

	new = aligned_alloc(CACHE_LINE, (new_size + CACHE_LINE - 1) /
					    CACHE_LINE * CACHE_LINE);
	if (new == NULL)
		return false;
	memcpy(&old, array, sizeof(old));
	if (old != NULL)
		memcpy(new, old, size);
	free(old);
	memcpy(array, &new, sizeof(new));
	return true;
}

/* Elements are live or dead: as many again as there are slots. */
static size_t
room_of(uint32_t slots)
{
	return 2 * (size_t)slots;
}

static bool
far_grow(struct far *far, size_t room)
{
	/* One block that is not full for each bucket, one in passing. */
	size_t blocks = room / BLOCK_KEYS + LEVEL_COUNT * LEVEL_BUCKETS + 1;
	size_t fresh = far->block_fresh;

	return array_grow(&far->next, fresh * sizeof(*far->next),
			  blocks * sizeof(*far->next)) &&
	       array_grow(&far->block, fresh * sizeof(*far->block),
			  blocks * sizeof(*far->block));
}

/* Twice as many slots, and room for their elements. */
static bool
queue_grow(struct event_queue *queue)
{
	uint32_t old = queue->slot_count;
	uint32_t count = old == 0 ? SLOT_FIRST : 2 * old;
	size_t room = HEAP_ROOT + room_of(count) + 4;

	if (count > SLOT_MAX)
		return false;
	if (!array_grow(&queue->heap, queue->heap_end * sizeof(*queue->heap),
			room * sizeof(*queue->heap)) ||
	    !array_grow(&queue->slots, old * sizeof(*queue->slots),
			count * sizeof(*queue->slots)))
		return false;
	for (size_t i = queue->heap_end; i % 4 != 0; i++)
		queue->heap[i] = KEY_GREATEST;
	if (room_of(count) > HEAP_MAX && !far_grow(&queue->far, room_of(count)))
		return false;
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
	queue->heap_max = HEAP_MAX;
	queue->limit = SIM_TIME_NEVER;
	queue->slot_free = NONE;
	queue->far.block_free = NONE;
	if (!queue_grow(queue)) {
		event_queue_destroy(queue);
		return NULL;
	}
	queue->heap[HEAP_ROOT] = KEY_GREATEST;
	return queue;
}

void
event_queue_destroy(struct event_queue *queue)
{
	if (queue == NULL)
		return;
	free(queue->heap);
	free(queue->slots);
	free(queue->far.block);
	free(queue->far.next);
	free(queue);
}

static inline uint32_t
slot_take(struct event_queue *queue)
{
	uint32_t i = queue->slot_free;

	if (i == NONE)
		return queue->slot_fresh++;
	queue->slot_free = (uint32_t)queue->slots[i].argument;
	return i;
}

static inline void
slot_release(struct event_queue *queue, uint32_t i)
{
	queue->slots[i].id = 0;
	queue->slots[i].argument = queue->slot_free;
	queue->slot_free = i;
	queue->pending--;
}

static inline void
queue_insert(struct event_queue *queue, unsigned __int128 key)
{
	if (key_time(key) > queue->limit) {
		far_push(&queue->far, key);
	} else if (queue->hole) {
		queue->hole = false;
		heap_sift_down(queue->heap, queue->heap_end, HEAP_ROOT, key);
	} else {
		heap_append(queue, key);
		heap_sift_up(queue->heap, queue->heap_end - 1, key);
		if (queue->heap_end - HEAP_ROOT > queue->heap_max)
			heap_spill(queue);
	}
}

event_id
event_at(struct event_queue *queue, sim_time time, enum event_class rank,
	 event_handler *handler, void *object, uint64_t argument)
{
	uint32_t i;
	event_id id;

	assert(time >= queue->popped && time != SIM_TIME_NEVER);
	assert(queue->insertion < INSERTION_MAX);
	if (queue->slot_free == NONE &&
	    queue->slot_fresh == queue->slot_count && !queue_grow(queue)) {
		queue->failed = true;
		return 0;
	}
	if (queue->pending + queue->dead == room_of(queue->slot_count))
		queue_sweep(queue);
	i = slot_take(queue);
	id = (uint64_t)rank << 63 | ++queue->insertion << SLOT_BITS | i;
	queue->slots[i] = (struct slot){id, handler, object, argument};
	queue->pending++;
	queue_insert(queue, (unsigned __int128)time << 64 | id);
	return id;
}

bool
event_cancel(struct event_queue *queue, event_id id)
{
	uint32_t i = key_slot(id);

	if (id == 0 || i >= queue->slot_fresh || queue->slots[i].id != id)
		return false;
	heap_close_hole(queue);
	slot_release(queue, i);
	queue->dead++;
	heap_bury_dead(queue);
	return true;
}

sim_time
event_next_time(const struct event_queue *queue)
{
	size_t first = HEAP_ROOT;

	if (queue->hole)
		first = heap_least(queue->heap, HEAP_ROOT + 1);
	return key_time(queue->heap[first]);
}

bool
event_pop(struct event_queue *queue, struct event *event)
{
	unsigned __int128 key;
	const struct slot *slot;

	if (queue->pending == 0)
		return false;
	heap_close_hole(queue);
	key = queue->heap[HEAP_ROOT];
	slot = &queue->slots[key_slot(key)];
	event->time = key_time(key);
	event->handler = slot->handler;
	event->object = slot->object;
	event->argument = slot->argument;
	slot_release(queue, key_slot(key));
	queue->popped = event->time;
	queue->hole = true;
	if (queue->dead > 0 || queue->heap_end == HEAP_ROOT + 1) {
		heap_close_hole(queue);
		heap_bury_dead(queue);
	}
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
