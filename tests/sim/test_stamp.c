/*
 * test_stamp.c - which segments a record takes its times from.
 *
 * A stream of segments is noted, records are taken off it; the model of the
 * random test is a flat array with the times of each byte.
 */
#include "sim/stamp.h"

#include <string.h>

#include "sim/rng.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *stamp_suite(void);

enum { SEGMENTS = 5, STREAM = 20000 };

static struct stamps stamps;

static void
setup(void)
{
	stamps_init(&stamps);
}

static void
teardown(void)
{
	stamps_fini(&stamps);
	ck_assert_ptr_null(stamps.segment);
	ck_assert_ptr_null(stamps.record);
}

/* All times of a segment follow from two. */
static void
add(uint64_t end, sim_time own_ps, sim_time arrival_ps)
{
	const struct segment_stamp segment = {.end = end,
					      .own_arrival_ps = own_ps,
					      .arrival_ps = arrival_ps,
					      .visible_ps = arrival_ps + 1,
					      .handler_ps = arrival_ps + 2,
					      .appended_ps = arrival_ps + 3};

	if (stamps_add_segment(&stamps, &segment) != 0)
		ck_abort_msg("no memory");
}

static struct record_stamp
take(uint64_t offset, uint32_t wire_bytes)
{
	struct record_stamp record = {.offset = offset,
				      .wire_bytes = wire_bytes};

	stamps_take(&stamps, &record);
	return record;
}

/*
 * Segments end at 100, 200, 300, 400, 500; the third was lost and came again
 * at 90, so that the fourth (40) and fifth (50) were completed by it.
 */
static const struct take_row {
	uint64_t offset;
	uint32_t wire_bytes;
	sim_time first_ps, assembled_ps, arrival_ps;
	uint32_t left; /* segments that are still noted */
} take_rows[] = {
    {0, 100, 10, 10, 10, 4},  /* one segment, all of it */
    {0, 99, 10, 10, 10, 5},   /* the next record has a byte of it */
    {0, 101, 10, 20, 20, 4},  /* two, the second in part */
    {50, 150, 10, 20, 20, 3}, /* two */
    {100, 1, 20, 20, 20, 4},  /* what lies below is forgotten */
    {200, 100, 90, 90, 90, 2}, {150, 100, 20, 90, 90, 3},
    {300, 100, 40, 40, 90, 1}, /* held: it had arrived long before */
    {350, 100, 40, 50, 90, 1}, {299, 201, 90, 90, 90, 0},
    {0, 500, 10, 90, 90, 0},
};

START_TEST(test_take)
{
	const struct take_row *row = &take_rows[_i];
	struct record_stamp record;

	add(100, 10, 10);
	add(200, 20, 20);
	add(300, 90, 90);
	add(400, 40, 90);
	add(500, 50, 90);
	record = take(row->offset, row->wire_bytes);
	ck_assert_uint_eq(record.first_arrival_ps, row->first_ps);
	ck_assert_uint_eq(record.assembled_ps, row->assembled_ps);
	ck_assert_uint_eq(record.arrival_ps, row->arrival_ps);
	ck_assert_uint_eq(record.visible_ps, row->arrival_ps + 1);
	ck_assert_uint_eq(record.handler_ps, row->arrival_ps + 2);
	ck_assert_uint_eq(record.appended_ps, row->arrival_ps + 3);
	ck_assert_uint_eq(stamps.segment_count, row->left);
}
END_TEST

static const struct forget_row {
	uint64_t offset;
	uint32_t left;
} forget_rows[] = {{0, 3}, {99, 3}, {100, 2}, {299, 1}, {300, 0}, {9999, 0}};

START_TEST(test_forget)
{
	add(100, 1, 1);
	add(200, 2, 2);
	add(300, 3, 3);
	stamps_forget(&stamps, forget_rows[_i].offset);
	ck_assert_uint_eq(stamps.segment_count, forget_rows[_i].left);
}
END_TEST

/* The oracle: when each byte of the stream arrived, and was in order. */
struct flat {
	sim_time own[STREAM];
	sim_time in_order[STREAM];
	uint64_t end;	 /* bytes noted */
	uint64_t offset; /* bytes taken */
	sim_time now;
};

static void
flat_add(struct flat *flat, uint64_t bits, uint32_t len)
{
	sim_time arrival = flat->end > 0 ? flat->in_order[flat->end - 1] : 0;
	sim_time own;

	flat->now += bits >> 32 & 15;
	own = bits >> 40 & 1 ? flat->now : flat->now / 2;
	if (own > arrival)
		arrival = own;
	for (uint32_t i = 0; i < len; i++) {
		flat->own[flat->end] = own;
		flat->in_order[flat->end++] = arrival;
	}
	add(flat->end, own, arrival);
}

static bool
flat_take(struct flat *flat, uint32_t len)
{
	struct record_stamp record = take(flat->offset, len);
	sim_time first = flat->own[flat->offset], assembled = 0;

	for (uint32_t i = 0; i < len; i++, flat->offset++)
		if (flat->own[flat->offset] > assembled)
			assembled = flat->own[flat->offset];
	return record.first_arrival_ps == first &&
	       record.assembled_ps == assembled &&
	       record.arrival_ps == flat->in_order[flat->offset - 1];
}

/* Random lengths; a queue that grows, shrinks and runs empty. */
START_TEST(test_random)
{
	static struct flat flat;
	uint64_t counter = 0;

	memset(&flat, 0, sizeof(flat));
	while (flat.end < STREAM - 100) {
		uint64_t bits = rng_u64((uint64_t)_i, 3, 4, counter++);
		uint32_t len = 1 + (uint32_t)(bits >> 8) % 100;
		bool grow = bits % 8 < 3 + counter / 64 % 2 * 2;

		if (grow || flat.offset + len > flat.end)
			flat_add(&flat, bits, len);
		else if (!flat_take(&flat, len))
			ck_abort_msg("seed %d: the record before %llu", _i,
				     (unsigned long long)flat.offset);
	}
	ck_assert_uint_gt(flat.offset, STREAM / 2);
	ck_assert_uint_gt(stamps.segment_slots, 16);
}
END_TEST

/* A queue of records: first in, first out, however it grows. */
START_TEST(test_records)
{
	struct record_stamp record = {0};
	uint64_t in = 0, out = 0;

	for (int round = 1; round < 40; round++) {
		for (int i = 0; i < 2 * round; i++) {
			record.number = in++;
			ck_assert_int_eq(stamps_push_record(&stamps, &record),
					 0);
		}
		for (int i = 0; i < round; i++) {
			ck_assert_uint_eq(stamps_first_record(&stamps)->number,
					  out++);
			stamps_pop_record(&stamps);
		}
		ck_assert_uint_eq(stamps.record_count, in - out);
	}
	ck_assert_uint_eq(stamps.record_slots, 1024);
}
END_TEST

Suite *
stamp_suite(void)
{
	const struct suite_test tests[] = {
	    {"a_record_takes_the_times_of_its_segments", test_take,
	     ROWS(take_rows)},
	    {"segments_below_an_offset_are_forgotten", test_forget,
	     ROWS(forget_rows)},
	    {"random_streams_agree_with_an_array", test_random, 20},
	    {"records_are_first_in_first_out", test_records, 0},
	};

	return suite_create_table(
	    "stamp", tests, sizeof(tests) / sizeof(*tests), setup, teardown, 0);
}
