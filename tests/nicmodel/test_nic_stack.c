/*
 * test_nic_stack.c - stack distances against brute force and real caches.
 */
#include "nicmodel/nic_stack.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#include "nicmodel/nic_cache.h"
#include "nicmodel/nic_pcie.h"
#include "tests/support/memory_limit.h"
#include "tests/support/pcie_link.h"
#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

enum {
	CONTEXTS_MAX = 128,
	COLD = -1, /* in tables of distances */
};

static struct nic_stack stack;

static void
teardown(void)
{
	nic_stack_fini(&stack);
}

static uint64_t
next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return *state >> 33;
}

START_TEST(test_nic_stack_distance_counts_different_contexts_since)
{
	static const struct {
		uint32_t id;
		int distance;
	} steps[] = {
	    {0, COLD}, {0, 1}, {1, COLD}, {0, 2}, {0, 1}, {2, COLD}, {1, 3},
	    {1, 1},    {2, 2}, {1, 2},	  {2, 2}, {0, 3}, {3, COLD}, {1, 4},
	};

	ck_assert_int_eq(nic_stack_init(&stack, 4), 0);
	for (int i = 0; i < COUNT(steps); i++)
		ck_assert_uint_eq(nic_stack_access(&stack, steps[i].id),
				  (uint32_t)steps[i].distance);
	/* 14 accesses: 4 cold, distances 1: 3, 2: 4, 3: 2, 4: 1 */
	ck_assert_uint_eq(stack.accesses, 14);
	ck_assert_uint_eq(stack.cold, 4);
	ck_assert_uint_eq(nic_stack_misses(&stack, 0), 14);
	ck_assert_uint_eq(nic_stack_misses(&stack, 1), 11);
	ck_assert_uint_eq(nic_stack_misses(&stack, 2), 7);
	ck_assert_uint_eq(nic_stack_misses(&stack, 3), 5);
	ck_assert_uint_eq(nic_stack_misses(&stack, 4), 4);
	ck_assert_uint_eq(nic_stack_misses(&stack, UINT32_MAX), 4);
}
END_TEST

/* A removed context's place stays free until something from below fills it. */
START_TEST(test_nic_stack_removed_context_leaves_a_hole)
{
	ck_assert_int_eq(nic_stack_init(&stack, 6), 0);
	for (uint32_t id = 0; id < 5; id++)
		nic_stack_install(&stack, id);
	/* 4 3 2 1 0; then 4 3 - 1 0 */
	ck_assert(nic_stack_remove(&stack, 2));
	ck_assert(!nic_stack_remove(&stack, 2));
	ck_assert(!nic_stack_remove(&stack, 5));
	/* From above the hole: 3 4 - 1 0 */
	ck_assert_uint_eq(nic_stack_access(&stack, 3), 2);
	/* From below it: 0 3 4 1 - */
	ck_assert_uint_eq(nic_stack_access(&stack, 0), 5);
	ck_assert_uint_eq(nic_stack_access(&stack, 1), 4);
	/* Cold: the hole is gone.  2 1 0 3 4 */
	ck_assert_uint_eq(nic_stack_access(&stack, 2), NIC_STACK_COLD);
	ck_assert_uint_eq(nic_stack_access(&stack, 4), 5);
	ck_assert_uint_eq(nic_stack_access(&stack, 5), NIC_STACK_COLD);
	ck_assert_uint_eq(nic_stack_access(&stack, 3), 6);
	ck_assert_uint_eq(stack.present, 6);
	ck_assert_uint_eq(stack.holes, 0);
	ck_assert_uint_eq(stack.accesses, 7);
}
END_TEST

START_TEST(test_nic_stack_install_is_no_access)
{
	ck_assert_int_eq(nic_stack_init(&stack, 3), 0);
	nic_stack_install(&stack, 0);
	nic_stack_install(&stack, 1);
	nic_stack_install(&stack, 0);
	ck_assert_uint_eq(stack.accesses, 0);
	ck_assert_uint_eq(nic_stack_access(&stack, 0), 1);
	ck_assert_uint_eq(nic_stack_access(&stack, 1), 2);
	ck_assert_uint_eq(stack.cold, 0);
	ck_assert_uint_eq(stack.accesses, 2);
}
END_TEST

/* The stack written down: a list of contexts and holes (UINT32_MAX). */
static uint32_t list[CONTEXTS_MAX + 1];
static uint32_t listed;

static uint32_t
list_find(uint32_t id, uint32_t from)
{
	for (uint32_t i = from; i < listed; i++)
		if (list[i] == id)
			return i;
	return UINT32_MAX;
}

/* Returns the distance, and leaves id at list[0]. */
static uint32_t
list_raise(uint32_t id)
{
	uint32_t place = list_find(id, 0);
	uint32_t hole = list_find(UINT32_MAX, 0);
	uint32_t shifted;

	if (hole < place) {
		shifted = hole;
		if (place != UINT32_MAX)
			list[place] = UINT32_MAX;
	} else if (place != UINT32_MAX) {
		shifted = place;
	} else {
		shifted = listed++;
	}
	memmove(list + 1, list, shifted * sizeof(list[0]));
	list[0] = id;
	return place == UINT32_MAX ? NIC_STACK_COLD : place + 1;
}

/* One step of both; returns the number of accesses made. */
static uint64_t
step_both(uint64_t *state, uint32_t contexts, bool churn)
{
	uint64_t draw = next_random(state);
	uint32_t id = (uint32_t)(next_random(state) % contexts);
	uint32_t place;

	/* Most accesses go to few contexts. */
	if (draw % 4 > 0)
		id = (uint32_t)(next_random(state) % (id + 1));
	place = list_find(id, 0);
	if (churn && draw % 32 < 4) {
		ck_assert(nic_stack_remove(&stack, id) ==
			  (place != UINT32_MAX));
		if (place != UINT32_MAX)
			list[place] = UINT32_MAX;
		return 0;
	}
	if (churn && draw % 32 < 6) {
		nic_stack_install(&stack, id);
		list_raise(id);
		return 0;
	}
	ck_assert_uint_eq(nic_stack_access(&stack, id), list_raise(id));
	return 1;
}

static const uint32_t size_rows[] = {1, 2, 3, 5, 16, 100, CONTEXTS_MAX};

/* Each size without and with contexts that come and go. */
START_TEST(test_nic_stack_distances_equal_brute_force)
{
	uint32_t contexts = size_rows[_i / 2];
	uint64_t state = 1 + (uint64_t)_i, accesses = 0;

	listed = 0;
	ck_assert_int_eq(nic_stack_init(&stack, contexts), 0);
	for (int n = 0; n < 20000; n++) {
		accesses += step_both(&state, contexts, _i % 2);
		ck_assert_uint_eq(stack.present + stack.holes, listed);
	}
	ck_assert_uint_eq(stack.accesses, accesses);
	/* The window is twice the contexts and is renumbered when it is full,
	   so often that every state of it has been seen. */
	ck_assert(contexts == 1 || stack.compactions > 50);
}
END_TEST

enum { CACHES = 40, TRACE_CONTEXTS = 30 };

static struct nic_cache caches[CACHES];
static struct nic_pcie pcie;

static void
make_caches(void)
{
	struct nic_pcie_config pcie_config = pcie_link(0);
	struct nic_cache_config config = nic_cache_default();

	ck_assert_int_eq(nic_pcie_init(&pcie, &pcie_config), 0);
	for (uint32_t c = 1; c < CACHES; c++) {
		config.entries = c;
		ck_assert_int_eq(nic_cache_init(&caches[c], &config, &pcie), 0);
	}
}

/* The same event for the stack and for all caches. */
static void
event_all(uint64_t *state, uint64_t now, bool churn)
{
	uint64_t draw = next_random(state) % 32;
	uint32_t id = (uint32_t)(next_random(state) % TRACE_CONTEXTS);

	if (draw % 3 > 0)
		id = (uint32_t)(next_random(state) % (id + 1));
	if (churn && draw < 3)
		nic_stack_remove(&stack, id);
	else if (churn && draw < 5)
		nic_stack_install(&stack, id);
	else
		nic_stack_access(&stack, id);
	for (uint32_t c = 1; c < CACHES; c++) {
		if (churn && draw < 3)
			nic_cache_remove(&caches[c], id);
		else if (churn && draw < 5)
			nic_cache_install(&caches[c], id, now);
		else
			nic_cache_access(&caches[c], id, 0, now, draw & 1);
	}
}

/* One run of the stack tells what a real cache of every size misses. */
START_TEST(test_nic_stack_misses_are_those_of_real_caches)
{
	uint64_t state = 100 + (uint64_t)_i, before;

	make_caches();
	ck_assert_int_eq(nic_stack_init(&stack, TRACE_CONTEXTS), 0);
	for (uint64_t n = 0; n < 20000; n++)
		event_all(&state, n * 1000, _i % 2);
	before = nic_stack_misses(&stack, 0);
	ck_assert_uint_eq(before, stack.accesses);
	for (uint32_t c = 1; c < CACHES; c++) {
		uint64_t misses = nic_stack_misses(&stack, c);

		ck_assert_uint_eq(misses, caches[c].count.misses);
		ck_assert_uint_le(misses, before);
		before = misses;
		nic_cache_fini(&caches[c]);
	}
	ck_assert_uint_gt(nic_stack_misses(&stack, 1),
			  nic_stack_misses(&stack, TRACE_CONTEXTS - 1));
	ck_assert_uint_eq(before, stack.cold);
}
END_TEST

/* Round robin: nothing hits below n, everything but the first round from n. */
START_TEST(test_nic_stack_of_round_robin_is_a_step)
{
	const uint32_t contexts = 20001, rounds = 10;

	ck_assert_int_eq(nic_stack_init(&stack, 30000), 0);
	for (uint32_t n = 0; n < contexts * rounds; n++)
		nic_stack_access(&stack, n % contexts);
	ck_assert_uint_eq(nic_stack_misses(&stack, contexts - 1),
			  contexts * rounds);
	ck_assert_uint_eq(nic_stack_misses(&stack, contexts), contexts);
	ck_assert_uint_eq(stack.cold, contexts);
	ck_assert_uint_gt(stack.compactions, 0);
}
END_TEST

/* Every context may be absent at last: all places are holes. */
START_TEST(test_nic_stack_of_holes_alone_fills_again)
{
	ck_assert_int_eq(nic_stack_init(&stack, 50), 0);
	for (int round = 0; round < 20; round++) {
		for (uint32_t id = 0; id < 50; id++)
			ck_assert_uint_eq(nic_stack_access(&stack, id),
					  NIC_STACK_COLD);
		ck_assert_uint_eq(stack.holes, 0);
		for (uint32_t id = 50; id-- > 0;)
			ck_assert(nic_stack_remove(&stack, id));
		ck_assert_uint_eq(stack.holes, 50);
		ck_assert_uint_eq(stack.present, 0);
	}
	ck_assert_uint_gt(stack.compactions, 5);
}
END_TEST

START_TEST(test_nic_stack_refuses_no_and_too_many_contexts)
{
	ck_assert_int_eq(nic_stack_init(&stack, 0), EINVAL);
	ck_assert_int_eq(nic_stack_init(&stack, NIC_STACK_CONTEXTS_MAX + 1),
			 EINVAL);
	ck_assert_ptr_null(stack.tree);
}
END_TEST

START_TEST(test_nic_stack_without_memory_leaves_nothing_behind)
{
	if (!memory_limit(100 << 20))
		return;
	ck_assert_int_eq(nic_stack_init(&stack, NIC_STACK_CONTEXTS_MAX),
			 ENOMEM);
	ck_assert_ptr_null(stack.at);
	ck_assert_ptr_null(stack.tree);
	ck_assert_ptr_null(stack.seen);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_stack_suite(void);

Suite *
nic_stack_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_stack_distance_counts_different_contexts_since, 0),
	    TEST(test_nic_stack_removed_context_leaves_a_hole, 0),
	    TEST(test_nic_stack_install_is_no_access, 0),
	    TEST(test_nic_stack_distances_equal_brute_force,
		 2 * COUNT(size_rows)),
	    TEST(test_nic_stack_misses_are_those_of_real_caches, 6),
	    TEST(test_nic_stack_of_round_robin_is_a_step, 0),
	    TEST(test_nic_stack_of_holes_alone_fills_again, 0),
	    TEST(test_nic_stack_refuses_no_and_too_many_contexts, 0),
	    TEST(test_nic_stack_without_memory_leaves_nothing_behind, 0),
	};

	return suite_create_table("nic_stack", tests, (size_t)COUNT(tests),
				  NULL, teardown, 0);
}
