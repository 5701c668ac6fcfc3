/*
 * nic_stack.c - LRU stack distances: the miss ratio of every cache size at
 * once.
 *
 * Every access gets an instant, counted from 1.  A mark stands at the instant
 * of each context's latest access, so the marks, latest first, are the LRU
 * stack, and the distance of an access is the number of marks from its
 * context's instant on.  A Fenwick tree over the instants counts them.  When
 * the instants are used up, the marks are renumbered 1, 2, ... in their order:
 * the window is twice the number of contexts, so that this costs O(1) per
 * access.
 *
 * A removed context leaves a hole: its place stays free in the caches that are
 * large enough to have had it.  The next context that comes from below (or from
 * nowhere) moves everything above the uppermost hole down by one, which fills
 * that hole, and leaves its own place as a hole in exchange.  A heap gives the
 * uppermost hole.  Contexts and holes together are never more than `contexts`.
 *
 * Whoever owns the context cache calls this beside it, with the same accesses.
 * Leaves out write-backs: whether a context is dirty when a cache of another
 * size evicts it does not follow from the distance.
 */
#include "nicmodel/nic_stack.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* What stands at an instant instead of a context. */
#define NOBODY UINT32_MAX
#define HOLE   (UINT32_MAX - 1)

int
nic_stack_init(struct nic_stack *stack, uint32_t contexts)
{
	size_t instants = (size_t)contexts * 2 + 1;
	size_t places = (size_t)contexts + 1;

	*stack = (struct nic_stack){0};
	if (contexts == 0 || contexts > NIC_STACK_CONTEXTS_MAX)
		return EINVAL;
	stack->contexts = contexts;
	stack->window = contexts * 2;
	stack->at = calloc(places, sizeof(*stack->at));
	stack->owner = calloc(instants, sizeof(*stack->owner));
	stack->tree = calloc(instants, sizeof(*stack->tree));
	stack->heap = calloc(places, sizeof(*stack->heap));
	stack->seen = calloc(places, sizeof(*stack->seen));
	if (stack->at != NULL && stack->owner != NULL && stack->tree != NULL &&
	    stack->heap != NULL && stack->seen != NULL)
		return 0;
	nic_stack_fini(stack);
	return ENOMEM;
}

void
nic_stack_fini(struct nic_stack *stack)
{
	free(stack->at);
	free(stack->owner);
	free(stack->tree);
	free(stack->heap);
	free(stack->seen);
	*stack = (struct nic_stack){0};
}

/* Node i of a Fenwick tree holds the sum of the i & -i instants up to i. */
static uint32_t
lowest_bit(uint32_t i)
{
	return i & (~i + 1);
}

/* How many marks stand at instants 1 .. instant. */
static uint32_t
marks_until(const struct nic_stack *stack, uint32_t instant)
{
	uint32_t marks = 0;

	for (uint32_t i = instant; i > 0; i -= lowest_bit(i))
		marks += stack->tree[i];
	return marks;
}

static void
mark(struct nic_stack *stack, uint32_t instant, uint32_t owner)
{
	stack->owner[instant] = owner;
	for (uint32_t i = instant; i <= stack->window; i += lowest_bit(i))
		stack->tree[i]++;
}

static void
unmark(struct nic_stack *stack, uint32_t instant)
{
	stack->owner[instant] = NOBODY;
	for (uint32_t i = instant; i <= stack->window; i += lowest_bit(i))
		stack->tree[i]--;
}

/* The heap is heap[1 .. holes]; a parent is later than its children. */
static void
hole_push(struct nic_stack *stack, uint32_t instant)
{
	uint32_t *heap = stack->heap;
	uint32_t i = ++stack->holes;

	assert(i <= stack->contexts);
	for (; i > 1 && heap[i / 2] < instant; i /= 2)
		heap[i] = heap[i / 2];
	heap[i] = instant;
}

/* Take the latest hole out; there must be one. */
static uint32_t
hole_pop(struct nic_stack *stack)
{
	uint32_t *heap = stack->heap;
	uint32_t top = heap[1];
	uint32_t moved = heap[stack->holes];
	uint32_t i = 1;
	uint32_t child;

	assert(stack->holes > 0);
	stack->holes--;
	for (; (child = 2 * i) <= stack->holes; i = child) {
		if (child < stack->holes && heap[child + 1] > heap[child])
			child++;
		if (heap[child] <= moved)
			break;
		heap[i] = heap[child];
	}
	heap[i] = moved;
	return top;
}

/* The tree of marks at instants 1 .. marks and nowhere else. */
static void
build_tree(struct nic_stack *stack, uint32_t marks)
{
	for (uint32_t i = 1; i <= stack->window; i++) {
		uint32_t before = i - lowest_bit(i);
		uint32_t until = i < marks ? i : marks;

		stack->tree[i] = until > before ? until - before : 0;
	}
}

/*
 * Renumber the marks 1 .. marks in their order.  The heap keeps its shape:
 * order among its instants does not change.
 */
static void
compact(struct nic_stack *stack)
{
	uint32_t marks = 0;

	for (uint32_t i = 1; i <= stack->holes; i++)
		stack->heap[i] = marks_until(stack, stack->heap[i]);
	for (uint32_t i = 1; i <= stack->last; i++) {
		uint32_t owner = stack->owner[i];

		if (owner == NOBODY)
			continue;
		stack->owner[++marks] = owner;
		if (owner != HOLE)
			stack->at[owner] = marks;
	}
	assert(marks == stack->present + stack->holes);
	build_tree(stack, marks);
	stack->last = marks;
	stack->compactions++;
}

/*
 * Take ctx_id from its place at `instant` (0: from nowhere) because it goes to
 * the top.  What is above the place moves down by one, or what is above the
 * latest hole if that is nearer to the top.
 */
static void
leave_place(struct nic_stack *stack, uint32_t instant)
{
	if (stack->holes > 0 && stack->heap[1] > instant) {
		unmark(stack, hole_pop(stack));
		if (instant > 0) {
			stack->owner[instant] = HOLE;
			hole_push(stack, instant);
		}
	} else if (instant > 0) {
		unmark(stack, instant);
	}
}

static void
put_on_top(struct nic_stack *stack, uint32_t ctx_id)
{
	if (stack->last == stack->window)
		compact(stack);
	stack->last++;
	assert(stack->last <= stack->window);
	mark(stack, stack->last, ctx_id);
	stack->at[ctx_id] = stack->last;
	stack->present++;
}

/* Bring ctx_id to the top.  Returns the distance that it came from. */
static uint32_t
raise_context(struct nic_stack *stack, uint32_t ctx_id)
{
	uint32_t instant, distance = NIC_STACK_COLD;

	assert(ctx_id < stack->contexts);
	instant = stack->at[ctx_id];
	if (instant > 0 && instant == stack->last)
		return 1;
	if (instant > 0) {
		distance = stack->present + stack->holes -
			   marks_until(stack, instant - 1);
		stack->present--;
	}
	leave_place(stack, instant);
	put_on_top(stack, ctx_id);
	return distance;
}

uint32_t
nic_stack_access(struct nic_stack *stack, uint32_t ctx_id)
{
	uint32_t distance = raise_context(stack, ctx_id);

	stack->accesses++;
	if (distance == NIC_STACK_COLD)
		stack->cold++;
	else
		stack->seen[distance]++;
	return distance;
}

void
nic_stack_install(struct nic_stack *stack, uint32_t ctx_id)
{
	raise_context(stack, ctx_id);
}

bool
nic_stack_remove(struct nic_stack *stack, uint32_t ctx_id)
{
	uint32_t instant;

	assert(ctx_id < stack->contexts);
	instant = stack->at[ctx_id];
	if (instant == 0)
		return false;
	stack->at[ctx_id] = 0;
	stack->owner[instant] = HOLE;
	stack->present--;
	hole_push(stack, instant);
	return true;
}

uint64_t
nic_stack_misses(const struct nic_stack *stack, uint32_t entries)
{
	uint64_t misses = stack->accesses;

	for (uint32_t d = 1; d <= entries && d <= stack->contexts; d++)
		misses -= stack->seen[d];
	return misses;
}
