/*
 * test_nic_resync_linux_sync.c - one pending request, compared with headers.
 *
 * A packet's row is {sequence, length, candidate}.
 */
#include "nicmodel/nic_resync.h"

#include <check.h>

#include "tests/support/resync_script.h"
#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

#define OPS	&nic_resync_linux_sync_ops
#define PACKET	.event = RESYNC_PACKET
#define HEADER	.event = RESYNC_HEADER
#define POSTED	.event = RESYNC_POSTED
#define REFUSED .event = RESYNC_REFUSED
#define ANSWERS RESYNC_ANSWERS
#define LAST	UINT64_MAX /* the last record number */

/* Counters: packets, answers, posted, abandoned. */
#define COUNTS(pkt, device, ok, skip)                       \
	{                                                   \
		{                                           \
			[NIC_RESYNC_REQ_PKT] = (pkt),       \
			[NIC_RESYNC_TLS_DEVICE] = (device), \
			[NIC_RESYNC_RES_OK] = (ok),         \
			[NIC_RESYNC_RES_SKIP] = (skip),     \
		}                                           \
	}

static const struct resync_life lives[] = {
    {"the header that was asked for is answered, once",
     OPS,
     {{PACKET, 1000, 1448, 1200},
      {HEADER, 1200, 100, 7, 0, ANSWERS(1200, 7)},
      {POSTED},
      {HEADER, 1200, 100, 7}},
     COUNTS(1, 1, 1, 0)},
    {"without a match the request stays",
     OPS,
     {{PACKET, 1000, 1448, 1200},
      {HEADER, 1000, 100, 5},
      {HEADER, 1100, 100, 6},
      {HEADER, 1200, 100, 7, 0, ANSWERS(1200, 7)}},
     COUNTS(1, 1, 0, 0)},
    {"one byte off is no match, and passed is gone",
     OPS,
     {{PACKET, 1000, 1448, 1199},
      {HEADER, 1100, 98, 6},
      {HEADER, 1198, 2, 7},
      {HEADER, 1200, 100, 8},
      {HEADER, 1199, 100, 42949680}}, /* 2^32 later */
     COUNTS(1, 0, 0, 0)},
    {"the latest of two requests counts",
     OPS,
     {{PACKET, 1000, 1448, 1200},
      {PACKET, 2448, 1448, 2500},
      {HEADER, 1200, 1300, 7},
      {HEADER, 2500, 100, 8, 0, ANSWERS(2500, 8)}},
     COUNTS(2, 1, 0, 0)},
    {"a request that comes behind the parser is not answered",
     OPS,
     {{HEADER, 1200, 100, 7},
      {PACKET, 1000, 1448, 1200},
      {HEADER, 1300, 100, 8}},
     COUNTS(1, 0, 0, 0)},
    {"an answer that finds the queue full is gone",
     OPS,
     {{PACKET, 1000, 1448, 1200},
      {HEADER, 1200, 100, 7, 0, ANSWERS(1200, 7)},
      {REFUSED},
      {HEADER, 1300, 100, 8}},
     COUNTS(1, 1, 0, 1)},
    {"the header wraps, and so do the numbers",
     OPS,
     {{PACKET, 0xffffff00, 1448, 0xfffffffe},
      {HEADER, 0xffffff00, 0xfe, LAST - 1},
      {HEADER, 0xfffffffe, 100, LAST, 0, ANSWERS(0xfffffffe, LAST)},
      {PACKET, 0, 1448, 98},
      {HEADER, 98, 100, 0, 0, ANSWERS(98, 0)}},
     COUNTS(2, 2, 0, 0)},
    {"finished records are not looked at",
     OPS,
     {{PACKET, 1000, 1448, 1200}, {.event = RESYNC_ENCRYPTED, 1200, 100, 7}},
     COUNTS(1, 0, 0, 0)},
};

START_TEST(test_nic_resync_linux_sync_life)
{
	resync_life_run(&lives[_i]);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_resync_linux_sync_suite(void);

Suite *
nic_resync_linux_sync_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_resync_linux_sync_life, COUNT(lives)),
	};

	return suite_create_table("nic_resync_linux_sync", tests,
				  (size_t)COUNT(tests), NULL, NULL, 0);
}
