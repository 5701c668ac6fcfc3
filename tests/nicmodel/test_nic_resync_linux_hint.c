/*
 * test_nic_resync_linux_hint.c - the stack gives hints, further and further
 * apart.
 */
#include "nicmodel/nic_resync.h"

#include <check.h>

#include "tests/support/expect.h"
#include "tests/support/resync_script.h"
#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

#define OPS	  &nic_resync_linux_hint_ops
#define HEADER	  .event = RESYNC_HEADER
#define ENCRYPTED .event = RESYNC_ENCRYPTED
#define MIXED	  .event = RESYNC_MIXED
#define DECRYPTED .event = RESYNC_DECRYPTED
#define HINTS	  RESYNC_HINTS
#define LAST	  UINT64_MAX /* the last record number */

/* Counters: hints, posted, abandoned, times put off. */
#define COUNTS(device, ok, skip, delay)                     \
	{                                                   \
		{                                           \
			[NIC_RESYNC_TLS_DEVICE] = (device), \
			[NIC_RESYNC_RES_OK] = (ok),         \
			[NIC_RESYNC_RES_SKIP] = (skip),     \
			[NIC_RESYNC_NH_DELAY] = (delay),    \
		}                                           \
	}

static const struct resync_life lives[] = {
    {"the third unmarked record with nothing behind it",
     OPS,
     {{ENCRYPTED, 1000, 100, 5},
      {ENCRYPTED, 1100, 100, 6},
      {ENCRYPTED, 1200, 100, 7, 0, HINTS(1300, 8)},
      {.event = RESYNC_POSTED},
      {ENCRYPTED, 1300, 100, 8},
      {ENCRYPTED, 1400, 100, 9, 0, HINTS(1500, 10)},
      {.event = RESYNC_REFUSED},
      {ENCRYPTED, 1500, 100, 10}},
     COUNTS(2, 1, 1, 0)},
    {"with something behind it the next header hints",
     OPS,
     {{ENCRYPTED, 1000, 100, 5},
      {ENCRYPTED, 1100, 100, 6},
      {ENCRYPTED, 1200, 100, 7, 50},
      {HEADER, 1300, 100, 8, 0, HINTS(1400, 9)},
      {HEADER, 1400, 100, 9}},
     COUNTS(1, 0, 0, 0)},
    {"put off while data piles up, and then not counted",
     OPS,
     {{ENCRYPTED, 1000, 100, 5},
      {ENCRYPTED, 1100, 100, 6},
      {ENCRYPTED, 1200, 100, 7, 500},
      {HEADER, 1300, 100, 8, 400},
      {ENCRYPTED, 1300, 100, 8, 400},
      {HEADER, 1400, 100, 9, 1},
      {ENCRYPTED, 1400, 100, 9, 0},
      {HEADER, 1500, 100, 10, 0, HINTS(1600, 11)},
      {ENCRYPTED, 1500, 100, 10},
      {ENCRYPTED, 1600, 100, 11, 0, HINTS(1700, 12)}},
     COUNTS(2, 0, 0, 2)},
    {"headers hint at nothing on their own",
     OPS,
     {{HEADER, 1000, 100, 5},
      {HEADER, 1100, 100, 6, 100},
      {HEADER, 1200, 100, 7},
      {HEADER, 1300, 100, 8}},
     COUNTS(0, 0, 0, 0)},
    {"any mark begins the count anew",
     OPS,
     {{ENCRYPTED, 1000, 100, 5},
      {ENCRYPTED, 1100, 100, 6},
      {MIXED, 1200, 100, 7},
      {ENCRYPTED, 1300, 100, 8},
      {ENCRYPTED, 1400, 100, 9},
      {DECRYPTED, 1500, 100, 10},
      {ENCRYPTED, 1600, 100, 11},
      {ENCRYPTED, 1700, 100, 12},
      {ENCRYPTED, 1800, 100, 13, 0, HINTS(1900, 14)},
      {DECRYPTED, 1900, 100, 14},
      {ENCRYPTED, 2000, 100, 15},
      {ENCRYPTED, 2100, 100, 16},
      {ENCRYPTED, 2200, 100, 17, 0, HINTS(2300, 18)}},
     COUNTS(2, 0, 0, 0)},
    {"a hint that is due survives a mark",
     OPS,
     {{ENCRYPTED, 1000, 100, 5},
      {ENCRYPTED, 1100, 100, 6},
      {ENCRYPTED, 1200, 100, 7, 50},
      {DECRYPTED, 1300, 100, 8, 50},
      {HEADER, 1400, 100, 9, 0, HINTS(1500, 10)}},
     COUNTS(1, 0, 0, 0)},
    {"sequence and record numbers wrap",
     OPS,
     {{ENCRYPTED, 0xffffff00, 0x50, LAST - 2},
      {ENCRYPTED, 0xffffff50, 0x50, LAST - 1},
      {ENCRYPTED, 0xffffffa0, 0x90, LAST, 0, HINTS(0x30, 0)}},
     COUNTS(1, 0, 0, 0)},
    {"and so where the header hints",
     OPS,
     {{ENCRYPTED, 0xfffffd00, 0x100, LAST - 3},
      {ENCRYPTED, 0xfffffe00, 0x100, LAST - 2},
      {ENCRYPTED, 0xffffff00, 0x80, LAST - 1, 200},
      {HEADER, 0xffffff80, 0x80, LAST, 0, HINTS(0, 0)}},
     COUNTS(1, 0, 0, 0)},
};

START_TEST(test_nic_resync_linux_hint_life)
{
	resync_life_run(&lives[_i]);
}
END_TEST

/* The device takes no hint: which unmarked records lead to one? */
START_TEST(test_nic_resync_linux_hint_backs_off_to_every_128_records)
{
	/* More than 2, 4, 8, ..., 128, then 128 further each time. */
	static const uint32_t hints[] = {2,   4,   8,	16,  32,  64,
					 128, 256, 384, 512, 640, 768};
	struct nic_resync_counters counters = {0};
	struct nic_resync r;
	int given = 0;

	nic_resync_init(&r, OPS, &counters);
	for (uint32_t i = 1; given < COUNT(hints); i++) {
		const struct nic_resync_record rec = {
		    .seq = 100 * i,
		    .len = 100,
		    .rec_seq = i,
		    .marks = NIC_RESYNC_ENCRYPTED,
		};
		struct nic_resync_act act = nic_resync_record(&r, &rec);

		ck_assert_uint_le(i, hints[given] + 1);
		if (act.kind == NIC_RESYNC_NONE)
			continue;
		expect_place("hint %d", given);
		expect_count("record", i, hints[given++] + 1);
		expect_count("number", act.rec_seq, i + 1);
	}
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_resync_linux_hint_suite(void);

Suite *
nic_resync_linux_hint_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_resync_linux_hint_life, COUNT(lives)),
	    TEST(test_nic_resync_linux_hint_backs_off_to_every_128_records, 0),
	};

	return suite_create_table("nic_resync_linux_hint", tests,
				  (size_t)COUNT(tests), NULL, NULL, 0);
}
