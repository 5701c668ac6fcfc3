/*
 * test_nic_cache.c - the context cache against LRU written down plainly.
 *
 * The reference keeps contexts in an array, most recently used first, and all
 * fetches' ends in another.  Its PCIe link has no bandwidth to run out of, so
 * that a fetch lasts 600 ns; tests with literal picoseconds have a real link.
 */
#include "nicmodel/nic_cache.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#include "nicmodel/nic_pcie.h"
#include "tests/support/memory_limit.h"
#include "tests/support/pcie_link.h"
#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

enum { FETCH_PS = PCIE_LINK_READ_PS };

static struct nic_pcie pcie;
static struct nic_cache cache;

static void
make_pcie(uint64_t rate_bps)
{
	struct nic_pcie_config config = pcie_link(rate_bps);

	ck_assert_int_eq(nic_pcie_init(&pcie, &config), 0);
}

/* Without a limit of PCIe's bandwidth. */
static void
make_cache(uint32_t entries, uint32_t outstanding, bool head_of_line)
{
	struct nic_cache_config config = nic_cache_default();

	config.entries = entries;
	config.outstanding = outstanding;
	config.head_of_line = head_of_line;
	config.ports = 4;
	make_pcie(0);
	ck_assert_int_eq(nic_cache_init(&cache, &config, &pcie), 0);
}

static void
teardown(void)
{
	nic_cache_fini(&cache);
}

static uint64_t
next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return *state >> 33;
}

START_TEST(test_nic_cache_fetch_takes_the_time_of_its_read)
{
	struct nic_cache_config config = nic_cache_default();

	make_pcie(252000000000);
	ck_assert_int_eq(nic_cache_init(&cache, &config, &pcie), 0);
	ck_assert_uint_eq(nic_cache_access(&cache, 7, 0, 1000, true),
			  1000 + 609903);
	/* Further packets of the flow wait for the same fetch. */
	ck_assert_uint_eq(nic_cache_access(&cache, 7, 0, 2000, true),
			  1000 + 609903);
	ck_assert_uint_eq(nic_cache_access(&cache, 7, 0, 610903, true), 610903);
	ck_assert_uint_eq(nic_cache_access(&cache, 7, 0, 700000, true), 700000);
	ck_assert_uint_eq(cache.count.misses, 1);
	ck_assert_uint_eq(cache.count.hits, 3);
	ck_assert_uint_eq(cache.count.hits_waiting, 1);
	ck_assert_uint_eq(cache.count.waits, 2);
	ck_assert_uint_eq(cache.count.wait_sum_ps, 609903 + 608903);
	ck_assert_uint_eq(cache.count.wait_max_ps, 609903);
	/* 2^19 <= both < 2^20 */
}
END_TEST

/* Round robin over n contexts: all fit, or LRU always misses. */
static const struct {
	uint32_t entries, contexts, rounds;
	uint64_t misses;
} round_rows[] = {
    {1, 1, 100, 1},	      {1, 2, 100, 200},	     {2, 2, 100, 2},
    {2, 3, 100, 300},	      {64, 64, 20, 64},	     {64, 65, 20, 1300},
    {1000, 1000, 5, 1000},    {1000, 1001, 5, 5005}, {20000, 20000, 2, 20000},
    {20000, 20001, 2, 40002}, {20000, 5, 10, 5},
};

START_TEST(test_nic_cache_round_robin_of_one_too_many_always_misses)
{
	uint64_t now = 0;
	uint32_t contexts = round_rows[_i].contexts;
	uint64_t misses = round_rows[_i].misses;

	make_cache(round_rows[_i].entries, 64, false);
	for (uint32_t n = 0; n < contexts * round_rows[_i].rounds; n++) {
		nic_cache_access(&cache, n % contexts, 0, now, true);
		now += FETCH_PS;
	}
	ck_assert_uint_eq(cache.count.misses, misses);
	ck_assert_uint_eq(cache.count.hits,
			  contexts * round_rows[_i].rounds - misses);
	ck_assert_uint_eq(cache.count.evictions, misses - cache.used);
	ck_assert_uint_eq(cache.count.writebacks, cache.count.evictions);
	/* 208 bytes, a request and four completions, or one write */
	ck_assert_uint_eq(pcie.count[NIC_PCIE_USE_CTX_FETCH].up_bytes,
			  misses * 24);
	ck_assert_uint_eq(pcie.count[NIC_PCIE_USE_CTX_FETCH].down_bytes,
			  misses * (208 + 4 * 20));
	ck_assert_uint_eq(pcie.count[NIC_PCIE_USE_CTX_WRITEBACK].up_bytes,
			  cache.count.writebacks * (208 + 24));
}
END_TEST

/*
 * Contexts chosen uniformly: the cache holds a uniform subset, so hits are
 * independent with probability C / N.  Four standard deviations.
 */
static const struct {
	uint32_t entries, contexts;
} uniform_rows[] = {{1, 2}, {10, 100}, {90, 100}, {500, 1000}, {2000, 3000}};

START_TEST(test_nic_cache_uniform_accesses_miss_one_minus_c_over_n)
{
	const int64_t n = 200000;
	int64_t c = uniform_rows[_i].entries, all = uniform_rows[_i].contexts;
	uint64_t state = 42, before;
	int64_t excess;

	make_cache((uint32_t)c, 64, false);
	for (uint32_t i = 0; i < all; i++)
		nic_cache_access(&cache, i, 0, 0, false);
	before = cache.count.misses;
	for (int64_t i = 0; i < n; i++)
		nic_cache_access(
		    &cache, (uint32_t)(next_random(&state) % (uint64_t)all), 0,
		    0, false);
	excess = (int64_t)(cache.count.misses - before) * all - n * (all - c);
	ck_assert_int_le(excess * excess, 16 * n * c * (all - c));
	ck_assert_uint_eq(cache.count.writebacks, 0);
}
END_TEST

/* Misses beyond the limit wait for the first that ends. */
static const struct {
	uint32_t outstanding;
	uint64_t ends_ps[6]; /* of misses that come together */
	uint64_t queued;
} outstanding_rows[] = {
    {1, {600000, 1200000, 1800000, 2400000, 3000000, 3600000}, 5},
    {2, {600000, 600000, 1200000, 1200000, 1800000, 1800000}, 4},
    {5, {600000, 600000, 600000, 600000, 600000, 1200000}, 1},
    {6, {600000, 600000, 600000, 600000, 600000, 600000}, 0},
};

START_TEST(test_nic_cache_misses_beyond_the_limit_queue)
{
	make_cache(100, outstanding_rows[_i].outstanding, false);
	for (uint32_t i = 0; i < 6; i++)
		ck_assert_uint_eq(nic_cache_access(&cache, i, 0, 0, true),
				  outstanding_rows[_i].ends_ps[i]);
	ck_assert_uint_eq(cache.count.queued, outstanding_rows[_i].queued);
	/* A hit behind them does not wait; a later miss finds room. */
	ck_assert_uint_eq(nic_cache_access(&cache, 0, 0, 700000, true), 700000);
	ck_assert_uint_eq(nic_cache_access(&cache, 9, 0, 9000000, true),
			  9600000);
	ck_assert_uint_eq(cache.count.queued, outstanding_rows[_i].queued);
}
END_TEST

static uint64_t
slow_then_fast(void *arg)
{
	int *turn = arg;

	return (*turn)++ == 0 ? 2 * FETCH_PS : FETCH_PS;
}

/* Contexts come in the order in which they were asked for. */
START_TEST(test_nic_cache_fast_fetch_waits_for_a_slow_one)
{
	int turn = 0;

	make_cache(8, 2, false);
	pcie.config.read_price = slow_then_fast;
	pcie.config.read_arg = &turn;
	ck_assert_uint_eq(nic_cache_access(&cache, 1, 0, 0, true), 1200000);
	ck_assert_uint_eq(nic_cache_access(&cache, 2, 0, 1, true), 1200000);
	ck_assert_uint_eq(nic_cache_access(&cache, 3, 0, 2, true), 1800000);
	ck_assert_uint_eq(cache.count.queued, 1);
}
END_TEST

/* 64 fetches under way at 600 ns each: 106.7 million per second at most. */
START_TEST(test_nic_cache_fetch_rate_is_the_limit_over_the_latency)
{
	uint64_t end = 0;

	make_cache(200, 64, false);
	for (uint32_t i = 0; i < 6400; i++)
		end = nic_cache_access(&cache, i, 0, 0, false);
	ck_assert_uint_eq(end, UINT64_C(100) * FETCH_PS);
}
END_TEST

/* The only place is taken until the packet that waits in it has passed. */
START_TEST(test_nic_cache_victim_is_not_taken_while_its_packets_wait)
{
	make_cache(1, 64, false);
	ck_assert_uint_eq(nic_cache_access(&cache, 1, 0, 0, true), 600000);
	ck_assert_uint_eq(nic_cache_access(&cache, 2, 0, 0, true), 1200000);
	ck_assert_uint_eq(nic_cache_access(&cache, 1, 0, 0, true), 1800000);
	ck_assert_uint_eq(cache.count.queued, 0);
	/* Nor by an installed context; then by the first one again. */
	nic_cache_install(&cache, 3, 100);
	ck_assert_uint_eq(nic_cache_access(&cache, 3, 0, 200, false), 1800000);
	ck_assert_uint_eq(nic_cache_access(&cache, 1, 0, 300, false), 2400000);
	ck_assert_uint_eq(cache.count.misses, 4);
	ck_assert_uint_eq(cache.count.evictions, 4);
	ck_assert_uint_eq(cache.count.writebacks, 4);
}
END_TEST

/* A victim that an installation took late is not fetched again before that. */
START_TEST(test_nic_cache_install_lets_nobody_overtake)
{
	make_cache(1, 64, false);
	ck_assert_uint_eq(nic_cache_access(&cache, 1, 0, 0, true), 600000);
	nic_cache_install(&cache, 2, 10);
	ck_assert(nic_cache_remove(&cache, 2));
	ck_assert_uint_eq(nic_cache_access(&cache, 1, 0, 20, true), 1200000);
}
END_TEST

START_TEST(test_nic_cache_head_of_line_blocks_the_port)
{
	make_cache(8, 64, _i == 1);
	nic_cache_install(&cache, 1, 0);
	nic_cache_install(&cache, 2, 0);
	ck_assert_uint_eq(nic_cache_access(&cache, 1, 0, 10, true), 10);
	ck_assert_uint_eq(nic_cache_access(&cache, 3, 0, 20, true), 600020);
	ck_assert_uint_eq(nic_cache_access(&cache, 1, 0, 30, true),
			  _i ? 600020 : 30);
	ck_assert_uint_eq(nic_cache_pass(&cache, 0, 40), _i ? 600020 : 40);
	/* Its fetch begins at once, though. */
	ck_assert_uint_eq(nic_cache_access(&cache, 4, 0, 50, true), 600050);
	/* Another port goes on, unless the flow is the one that waits. */
	ck_assert_uint_eq(nic_cache_access(&cache, 2, 1, 60, true), 60);
	ck_assert_uint_eq(nic_cache_pass(&cache, 1, 70), 70);
	ck_assert_uint_eq(nic_cache_access(&cache, 1, 1, 80, true),
			  _i ? 600020 : 80);
	ck_assert_uint_eq(nic_cache_pass(&cache, 0, 700000), 700000);
}
END_TEST

START_TEST(test_nic_cache_writes_back_what_has_changed)
{
	make_cache(2, 64, false);
	nic_cache_access(&cache, 1, 0, 0, false);
	nic_cache_access(&cache, 2, 0, 0, true);
	nic_cache_access(&cache, 2, 0, 1, false); /* stays dirty */
	nic_cache_access(&cache, 3, 0, 2, false); /* evicts 1 */
	ck_assert_uint_eq(cache.count.evictions, 1);
	ck_assert_uint_eq(cache.count.writebacks, 0);
	nic_cache_access(&cache, 4, 0, 3, false); /* evicts 2 */
	ck_assert_uint_eq(cache.count.writebacks, 1);
	nic_cache_access(&cache, 2, 0, 4, false); /* evicts 3; 2 is clean */
	nic_cache_install(&cache, 4, 5);	  /* 4 gets dirty */
	nic_cache_access(&cache, 5, 0, 6, false); /* evicts 2 */
	ck_assert_uint_eq(cache.count.writebacks, 1);
	nic_cache_access(&cache, 6, 0, 7, false); /* evicts 4 */
	ck_assert_uint_eq(cache.count.writebacks, 2);
	ck_assert_uint_eq(cache.count.evictions, 5);
	ck_assert_uint_eq(cache.count.installs, 1);
	ck_assert_uint_eq(pcie.count[NIC_PCIE_USE_CTX_WRITEBACK].payload_bytes,
			  416);
}
END_TEST

START_TEST(test_nic_cache_removed_context_frees_its_place)
{
	make_cache(2, 64, false);
	nic_cache_install(&cache, 1, 0);
	nic_cache_install(&cache, 2, 0);
	ck_assert(nic_cache_remove(&cache, 1));
	ck_assert(!nic_cache_remove(&cache, 1));
	ck_assert_uint_eq(cache.used, 1);
	nic_cache_access(&cache, 3, 0, 0, false);
	ck_assert_uint_eq(cache.used, 2);
	ck_assert_uint_eq(cache.count.evictions, 0);
	ck_assert_uint_eq(cache.count.writebacks, 0);
	ck_assert_uint_eq(nic_cache_access(&cache, 2, 0, 0, false), 0);
	ck_assert_uint_eq(nic_cache_access(&cache, 1, 0, 700000, false),
			  1300000);
	ck_assert_uint_eq(cache.count.evictions, 1);
}
END_TEST

START_TEST(test_nic_cache_of_all_contexts_costs_its_memory_s_latency)
{
	struct nic_cache_config config = nic_cache_default();

	config.entries = 0;
	config.memory_ps = 150000;
	make_pcie(0);
	ck_assert_int_eq(nic_cache_init(&cache, &config, &pcie), 0);
	nic_cache_install(&cache, 5, 0);
	for (uint32_t i = 0; i < 100000; i++)
		ck_assert_uint_eq(nic_cache_access(&cache, i, 0, i, true),
				  i + 150000);
	ck_assert(!nic_cache_remove(&cache, 5));
	ck_assert_uint_eq(cache.count.hits, 100000);
	ck_assert_uint_eq(cache.count.misses, 0);
	ck_assert_uint_eq(cache.count.evictions, 0);
	ck_assert_uint_eq(cache.count.installs, 1);
	ck_assert_uint_eq(cache.count.waits, 100000);
	ck_assert_uint_eq(cache.count.wait_max_ps, 150000);
	ck_assert_uint_eq(pcie.count[NIC_PCIE_USE_CTX_FETCH].transfers, 0);
}
END_TEST

/* LRU written down plainly, for the random test. */
static struct reference {
	struct reference_entry {
		uint64_t usable;
		uint32_t id;
		bool dirty;
	} entry[16]; /* most recently used first */
	uint32_t used, entries, outstanding;
	uint64_t end[20000];
	uint64_t order, port[4];
	uint64_t misses, evictions, writebacks, hits;
	bool head_of_line;
} ref;

/* Puts the entry of id first, or returns false. */
static bool
ref_find(uint32_t id)
{
	struct reference_entry found;

	for (uint32_t i = 0; i < ref.used; i++) {
		if (ref.entry[i].id != id)
			continue;
		found = ref.entry[i];
		memmove(ref.entry + 1, ref.entry, i * sizeof(found));
		ref.entry[0] = found;
		return true;
	}
	return false;
}

/* A new first entry; returns when it may be filled. */
static uint64_t
ref_push(uint32_t id, uint64_t start)
{
	struct reference_entry *last = &ref.entry[ref.entries - 1];

	if (ref.used == ref.entries) {
		start = start > last->usable ? start : last->usable;
		start = start > ref.order ? start : ref.order;
		ref.order = start;
		ref.evictions++;
		ref.writebacks += last->dirty;
		ref.used--;
	}
	memmove(ref.entry + 1, ref.entry, ref.used * sizeof(*last));
	ref.entry[0] = (struct reference_entry){start, id, false};
	ref.used++;
	return start;
}

static uint64_t
ref_access(uint32_t id, uint32_t port, uint64_t now, bool dirty)
{
	uint64_t usable = now;

	if (ref_find(id)) {
		ref.hits++;
	} else {
		if (ref.misses >= ref.outstanding &&
		    usable < ref.end[ref.misses - ref.outstanding])
			usable = ref.end[ref.misses - ref.outstanding];
		usable = usable < ref.order ? ref.order : usable;
		ref.order = ref_push(id, usable);
		ref.entry[0].usable = ref.order + FETCH_PS;
		ref.end[ref.misses++] = ref.entry[0].usable;
		usable = now;
	}
	ref.entry[0].dirty |= dirty;
	if (usable < ref.entry[0].usable)
		usable = ref.entry[0].usable;
	if (ref.head_of_line) {
		if (usable < ref.port[port])
			usable = ref.port[port];
		ref.port[port] = usable;
	}
	ref.entry[0].usable = usable;
	return usable;
}

static const struct {
	uint32_t entries, contexts, outstanding;
	bool head_of_line;
	uint64_t gap_ps; /* at most, between packets */
} random_rows[] = {
    {1, 3, 1, false, 900000},  {5, 8, 2, false, 400000},
    {5, 8, 2, true, 400000},   {16, 64, 3, false, 100000},
    {16, 20, 64, true, 50000}, {3, 40, 64, false, 1},
    {16, 17, 1, true, 700000}, {13, 14, 4, false, 600000},
};

static uint64_t last_pass[64]; /* per context */

/*
 * One packet of a random context through both.  Ids are spread, so that hash
 * chains get long.
 */
static void
access_both(uint64_t *state, int row, uint64_t now)
{
	uint64_t draw = next_random(state);
	uint32_t c = (uint32_t)(draw >> 4) % random_rows[row].contexts;
	uint32_t id = c << 27 | c, port = draw & 3;
	bool dirty = draw >> 2 & 1;
	uint64_t got = nic_cache_access(&cache, id, port, now, dirty);

	ck_assert_uint_eq(got, ref_access(id, port, now, dirty));
	ck_assert_uint_ge(got, last_pass[c]);
	last_pass[c] = got;
}

/* The driver installs or removes a random context, or a packet without one. */
static void
disturb_both(uint64_t *state, int row, uint64_t now)
{
	uint64_t draw = next_random(state);
	uint32_t c = (uint32_t)(draw >> 4) % random_rows[row].contexts;
	uint32_t id = c << 27 | c;

	if (draw & 1) {
		nic_cache_install(&cache, id, now);
		if (!ref_find(id))
			ref_push(id, now);
		ref.entry[0].dirty = true;
	} else if (draw & 2) {
		bool present = ref_find(id);

		ck_assert(nic_cache_remove(&cache, id) == present);
		if (present)
			memmove(ref.entry, ref.entry + 1,
				--ref.used * sizeof(ref.entry[0]));
	} else {
		uint64_t pass = now > ref.port[3] ? now : ref.port[3];

		ck_assert_uint_eq(nic_cache_pass(&cache, 3, now), pass);
	}
}

START_TEST(test_nic_cache_random_packets_go_as_plain_lru_says)
{
	int row = _i % COUNT(random_rows);
	uint64_t state = (uint64_t)_i, now = 0;

	make_cache(random_rows[row].entries, random_rows[row].outstanding,
		   random_rows[row].head_of_line);
	memset(&ref, 0, sizeof(ref));
	memset(last_pass, 0, sizeof(last_pass));
	ref.entries = random_rows[row].entries;
	ref.outstanding = random_rows[row].outstanding;
	ref.head_of_line = random_rows[row].head_of_line;
	for (int n = 0; n < 10000; n++) {
		now += next_random(&state) % random_rows[row].gap_ps;
		if (_i >= COUNT(random_rows) && n % 16 == 0)
			disturb_both(&state, row, now);
		else
			access_both(&state, row, now);
		ck_assert_uint_eq(cache.used, ref.used);
	}
	ck_assert_uint_eq(cache.count.misses, ref.misses);
	ck_assert_uint_eq(cache.count.hits, ref.hits);
	ck_assert_uint_eq(cache.count.evictions, ref.evictions);
	ck_assert_uint_eq(cache.count.writebacks, ref.writebacks);
	ck_assert_uint_gt(ref.misses, 100);
	ck_assert_uint_gt(ref.writebacks, 100);
	ck_assert_uint_eq(pcie.count[NIC_PCIE_USE_CTX_FETCH].transfers,
			  ref.misses);
	ck_assert_uint_eq(pcie.count[NIC_PCIE_USE_CTX_WRITEBACK].transfers,
			  ref.writebacks);
}
END_TEST

static const struct nic_cache_config bad_rows[] = {
    {.entries = NIC_CACHE_ENTRIES_MAX + 1,
     .context_bytes = 208,
     .outstanding = 64,
     .ports = 1},
    {.entries = 1, .context_bytes = 0, .outstanding = 64, .ports = 1},
    {.entries = 1, .context_bytes = 4097, .outstanding = 64, .ports = 1},
    {.entries = 1, .context_bytes = 208, .outstanding = 0, .ports = 1},
    {.entries = 1, .context_bytes = 208, .outstanding = 4097, .ports = 1},
    {.entries = 1, .context_bytes = 208, .outstanding = 64, .ports = 0},
    {.entries = 1, .context_bytes = 208, .outstanding = 64, .ports = 257},
};

START_TEST(test_nic_cache_refuses_a_cache_that_cannot_be)
{
	make_pcie(0);
	ck_assert_int_eq(nic_cache_init(&cache, &bad_rows[_i], &pcie), EINVAL);
	ck_assert_ptr_null(cache.entry);
}
END_TEST

START_TEST(test_nic_cache_without_memory_leaves_nothing_behind)
{
	struct nic_cache_config config = nic_cache_default();

	config.entries = NIC_CACHE_ENTRIES_MAX;
	make_pcie(0);
	if (!memory_limit(64 << 20))
		return;
	ck_assert_int_eq(nic_cache_init(&cache, &config, &pcie), ENOMEM);
	ck_assert_ptr_null(cache.entry);
	ck_assert_ptr_null(cache.bucket);
	ck_assert_ptr_null(cache.fetch_end);
	ck_assert_ptr_null(cache.port_ps);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_cache_suite(void);

Suite *
nic_cache_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_cache_fetch_takes_the_time_of_its_read, 0),
	    TEST(test_nic_cache_round_robin_of_one_too_many_always_misses,
		 COUNT(round_rows)),
	    TEST(test_nic_cache_uniform_accesses_miss_one_minus_c_over_n,
		 COUNT(uniform_rows)),
	    TEST(test_nic_cache_misses_beyond_the_limit_queue,
		 COUNT(outstanding_rows)),
	    TEST(test_nic_cache_fast_fetch_waits_for_a_slow_one, 0),
	    TEST(test_nic_cache_fetch_rate_is_the_limit_over_the_latency, 0),
	    TEST(test_nic_cache_victim_is_not_taken_while_its_packets_wait, 0),
	    TEST(test_nic_cache_install_lets_nobody_overtake, 0),
	    TEST(test_nic_cache_head_of_line_blocks_the_port, 2),
	    TEST(test_nic_cache_writes_back_what_has_changed, 0),
	    TEST(test_nic_cache_removed_context_frees_its_place, 0),
	    TEST(test_nic_cache_of_all_contexts_costs_its_memory_s_latency, 0),
	    TEST(test_nic_cache_random_packets_go_as_plain_lru_says,
		 5 * COUNT(random_rows)),
	    TEST(test_nic_cache_refuses_a_cache_that_cannot_be,
		 COUNT(bad_rows)),
	    TEST(test_nic_cache_without_memory_leaves_nothing_behind, 0),
	};

	return suite_create_table("nic_cache", tests, (size_t)COUNT(tests),
				  NULL, teardown, 0);
}
