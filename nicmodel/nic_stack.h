/*
 * nic_stack.h - LRU stack distances: the miss ratio of every cache size at
 * once.
 *
 * The stack distance of an access is the number of different contexts used
 * since the last access to the same one, itself included; an LRU cache of C
 * entries hits exactly where it is at most C (Mattson et al., IBM Systems
 * Journal 9(2), 1970).  One run thus gives the curve for all sizes, but
 * without feedback: a cache of another size would have delayed packets and so
 * changed the order of accesses.  Reports must say so.
 *
 * Order of use: nic_stack_init; per context nic_stack_install,
 * { nic_stack_access }*, nic_stack_remove; nic_stack_fini.
 * Access: one thread.  An access takes O(log contexts) on average and allocates
 * nothing.
 */
#ifndef NICMODEL_NIC_STACK_H
#define NICMODEL_NIC_STACK_H

#include <stdbool.h>
#include <stdint.h>

enum {
	NIC_STACK_CONTEXTS_MAX = 1 << 22,
};

/* The distance of a first access: no cache has the context. */
#define NIC_STACK_COLD UINT32_MAX

struct nic_stack {
	uint32_t contexts; /* ids are below it */
	uint32_t window;   /* instants 1 .. window, then they are renumbered */
	uint32_t last;	   /* instant of the latest access */
	uint32_t present;  /* contexts in the stack */
	uint32_t holes;	   /* places that a removed context has left */
	uint32_t *at;	   /* context -> instant, 0: not in the stack */
	uint32_t *owner;   /* instant -> context, or NOBODY, or HOLE */
	uint32_t *tree;	   /* Fenwick tree over instants that count */
	uint32_t *heap;	   /* instants of holes, latest on top */
	uint64_t *seen;	   /* [d]: accesses of distance d, 1 .. contexts */
	uint64_t accesses;
	uint64_t cold; /* accesses that miss in every cache */
	uint64_t compactions;
};

/* Returns 0, EINVAL (contexts 0 or above the maximum) or ENOMEM. */
int nic_stack_init(struct nic_stack *stack, uint32_t contexts)
    __attribute__((warn_unused_result));
void nic_stack_fini(struct nic_stack *stack);

/* A packet of ctx_id < contexts.  Returns its distance, or NIC_STACK_COLD. */
uint32_t nic_stack_access(struct nic_stack *stack, uint32_t ctx_id);

/* As nic_cache_install: to the top, and not counted as an access. */
void nic_stack_install(struct nic_stack *stack, uint32_t ctx_id);

/*
 * As nic_cache_remove: the context's place stays free in every cache that has
 * it, until a miss fills it.  Returns whether it was present.
 */
bool nic_stack_remove(struct nic_stack *stack, uint32_t ctx_id);

/* Misses that an LRU cache of `entries` would have had (0: all accesses). */
uint64_t nic_stack_misses(const struct nic_stack *stack, uint32_t entries);
#endif
