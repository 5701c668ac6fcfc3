/*
 * test_wire_keep.c - what is kept for a segment is found, until it is dropped.
 */
#include "sim/wire_keep.h"

#include "engine/mbuf.h"
#include "sim/rng.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *wire_keep_suite(void);

enum { SEGMENTS = 3000, STEPS = 40000 };

static struct wire_keep keep;
static struct mbuf segment[SEGMENTS]; /* addresses only */

static void
setup(void)
{
	ck_assert_int_eq(wire_keep_init(&keep), 0);
}

static void
teardown(void)
{
	wire_keep_fini(&keep);
}

START_TEST(test_wire_keep_nothing_is_found_where_nothing_is)
{
	ck_assert_ptr_null(wire_keep_find(&keep, &segment[0]));
	wire_keep_drop(&keep, &segment[0]);
	ck_assert_ptr_nonnull(wire_keep_add(&keep, &segment[0], 10));
	ck_assert_ptr_null(wire_keep_find(&keep, &segment[1]));
	wire_keep_drop(&keep, &segment[0]);
	ck_assert_ptr_null(wire_keep_find(&keep, &segment[0]));
}
END_TEST

/* A segment was freed without a word, and its address comes again. */
START_TEST(test_wire_keep_address_again_is_empty)
{
	struct wire_kept *kept = wire_keep_add(&keep, &segment[0], 10);

	kept->head_len = 7;
	kept->whole = kept->silent = true;
	kept->offers = 3;
	kept = wire_keep_add(&keep, &segment[0], 2000);
	ck_assert_uint_eq(kept->head_len, 0);
	ck_assert_uint_eq(kept->offers, 0);
	ck_assert(!kept->whole && !kept->silent);
	ck_assert_uint_ge(kept->room, 2000);
	ck_assert_uint_eq(keep.count, 1);
}
END_TEST

/* Against an array; growth on the way, and storage used again. */
START_TEST(test_wire_keep_finds_what_an_array_finds)
{
	static uint32_t want[SEGMENTS]; /* 0: nothing */
	uint32_t count = 0;

	for (uint32_t i = 0; i < STEPS; i++) {
		uint64_t random = rng_u64(1, 2, (uint32_t)_i, i);
		uint32_t at = (uint32_t)(random % SEGMENTS);
		const struct mbuf *m = &segment[at];
		const struct wire_kept *kept = wire_keep_find(&keep, m);

		ck_assert_int_eq(kept != NULL, want[at] != 0);
		if (kept != NULL)
			ck_assert_uint_eq(kept->wire_len, want[at]);
		if (random >> 40 & 1) {
			count += want[at] == 0;
			want[at] = i + 1;
			wire_keep_add(&keep, m, random >> 50)->wire_len = i + 1;
		} else {
			count -= want[at] != 0;
			want[at] = 0;
			wire_keep_drop(&keep, m);
		}
		ck_assert_uint_eq(keep.count, count);
	}
	ck_assert_uint_gt(keep.buckets, 256);
}
END_TEST

Suite *
wire_keep_suite(void)
{
	const struct suite_test tests[] = {
	    {"nothing_is_found_where_nothing_is",
	     test_wire_keep_nothing_is_found_where_nothing_is, 0},
	    {"address_again_is_empty", test_wire_keep_address_again_is_empty,
	     0},
	    {"finds_what_an_array_finds",
	     test_wire_keep_finds_what_an_array_finds, 3},
	};

	return suite_create_table("wire_keep", tests, ROWS(tests), setup,
				  teardown, 0);
}
