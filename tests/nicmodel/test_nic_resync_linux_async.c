/*
 * test_nic_resync_linux_async.c - headers counted while a query is under way.
 *
 * Lives are tables of events and acts.  Unless it says otherwise, the packet
 * with the request is [1000, 2448) and records are 100 bytes long.
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

#define OPS	&nic_resync_linux_async_ops
#define PACKET	.event = RESYNC_PACKET
#define HEADER	.event = RESYNC_HEADER
#define FOUND	.event = RESYNC_FOUND
#define LOST	.event = RESYNC_LOST
#define POSTED	.event = RESYNC_POSTED
#define REFUSED .event = RESYNC_REFUSED
#define QUERIES RESYNC_QUERIES
#define ANSWERS RESYNC_ANSWERS
#define LAST	UINT64_MAX /* the last record number */

/* Counters: packets, queries begun, done, skipped; answers, posted, again. */
#define COUNTS(pkt, start, end, skip, device, ok, retry)    \
	{                                                   \
		{                                           \
			[NIC_RESYNC_REQ_PKT] = (pkt),       \
			[NIC_RESYNC_REQ_START] = (start),   \
			[NIC_RESYNC_REQ_END] = (end),       \
			[NIC_RESYNC_REQ_SKIP] = (skip),     \
			[NIC_RESYNC_TLS_DEVICE] = (device), \
			[NIC_RESYNC_RES_OK] = (ok),         \
			[NIC_RESYNC_RES_RETRY] = (retry),   \
		}                                           \
	}
#define ONE_ANSWER COUNTS(1, 1, 1, 0, 1, 1, 0)
#define NO_ANSWER  COUNTS(1, 1, 1, 0, 0, 0, 0)

static const struct resync_life lives[] = {
    {"the number comes after the header: from the log",
     OPS,
     {{PACKET, 1000, 1448, 0, 0, QUERIES},
      {POSTED},
      {HEADER, 900, 150, 4},
      {HEADER, 1050, 100, 5},
      {HEADER, 1150, 100, 6},
      {HEADER, 1250, 100, 7},
      {FOUND, 1150},
      {HEADER, 1350, 100, 8, 0, ANSWERS(1150, 6)},
      {POSTED},
      {HEADER, 1450, 100, 9}},
     ONE_ANSWER},
    {"the number comes before the header: compared with it",
     OPS,
     {{PACKET, 1000, 1448, 0, 0, QUERIES},
      {POSTED},
      {FOUND, 1050},
      {HEADER, 850, 100, 3},
      {HEADER, 950, 100, 4},
      {HEADER, 1050, 100, 5, 0, ANSWERS(1050, 5)},
      {POSTED}},
     ONE_ANSWER},
    {"logged up to the next header, compared with it",
     OPS,
     {{PACKET, 1000, 1448, 0, 0, QUERIES},
      {POSTED},
      {HEADER, 1000, 100, 4},
      {FOUND, 1100},
      {HEADER, 1100, 100, 5, 0, ANSWERS(1100, 5)},
      {POSTED}},
     ONE_ANSWER},
    {"a header right behind the packet is logged",
     OPS,
     {{PACKET, 1000, 100, 0, 0, QUERIES},
      {POSTED},
      {HEADER, 1100, 100, 5},
      {FOUND, 1100},
      {HEADER, 1200, 100, 6, 0, ANSWERS(1100, 5)},
      {POSTED}},
     ONE_ANSWER},
    {"one byte further it is not",
     OPS,
     {{PACKET, 1000, 100, 0, 0, QUERIES},
      {POSTED},
      {HEADER, 1101, 100, 5},
      {FOUND, 1101},
      {HEADER, 1201, 100, 6}},
     NO_ANSWER},
    {"one byte before the packet neither",
     OPS,
     {{PACKET, 1000, 100, 0, 0, QUERIES},
      {POSTED},
      {HEADER, 999, 100, 5},
      {FOUND, 999},
      {HEADER, 1099, 100, 6}},
     NO_ANSWER},
    {"a candidate amid data never matches, and is dropped when passed",
     OPS,
     {{PACKET, 1000, 1448, 0, 0, QUERIES},
      {POSTED},
      {HEADER, 1000, 100, 5},
      {FOUND, 1120},
      {HEADER, 1100, 100, 6},
      {HEADER, 1200, 100, 7},
      {HEADER, 1120, 100, 42949680}}, /* 2^32 later */
     NO_ANSWER},
    {"no candidate: nothing follows",
     OPS,
     {{PACKET, 1000, 1448, 0, 0, QUERIES},
      {POSTED},
      {HEADER, 1000, 100, 5},
      {LOST},
      {HEADER, 1100, 100, 6},
      {HEADER, 1200, 100, 7}},
     COUNTS(1, 1, 0, 1, 0, 0, 0)},
    {"queue full: the device's next request is served",
     OPS,
     {{PACKET, 1000, 1448, 0, 0, QUERIES},
      {REFUSED},
      {HEADER, 1000, 100, 5},
      {PACKET, 2448, 1448, 0, 0, QUERIES},
      {POSTED},
      {HEADER, 2500, 100, 20},
      {FOUND, 2500},
      {HEADER, 2600, 100, 21, 0, ANSWERS(2500, 20)},
      {POSTED}},
     COUNTS(2, 2, 1, 1, 1, 1, 0)},
    {"an answer that finds the queue full is tried again",
     OPS,
     {{PACKET, 1000, 1448, 0, 0, QUERIES},
      {POSTED},
      {FOUND, 1000},
      {HEADER, 1000, 100, 5, 0, ANSWERS(1000, 5)},
      {REFUSED, .want = ANSWERS(1000, 5)},
      {HEADER, 1100, 100, 6},
      {REFUSED, .want = ANSWERS(1000, 5)},
      {POSTED}},
     COUNTS(1, 1, 1, 0, 1, 1, 2)},
    {"two requests, one work item",
     OPS,
     {{PACKET, 1000, 1448, 0, 0, QUERIES},
      {HEADER, 1000, 100, 5},
      {PACKET, 2448, 1448},
      {HEADER, 2000, 1000, 6},
      {POSTED},
      {HEADER, 3000, 100, 7},
      {FOUND, 3000},
      {HEADER, 3100, 100, 8, 0, ANSWERS(3000, 7)},
      {POSTED}},
     COUNTS(2, 1, 1, 0, 1, 1, 0)},
    {"two queries, the first tells of the second place",
     OPS,
     {{PACKET, 1000, 1448, 0, 0, QUERIES},
      {POSTED},
      {PACKET, 2448, 1448, 0, 0, QUERIES},
      {POSTED},
      {HEADER, 1000, 1500, 5},
      {HEADER, 2500, 100, 6},
      {FOUND, 2500},
      {HEADER, 2600, 100, 7, 0, ANSWERS(2500, 6)},
      {POSTED},
      {FOUND, 2500},
      {HEADER, 2700, 100, 8}},
     COUNTS(2, 2, 2, 0, 1, 1, 0)},
    {"the first tells of no place, the second does",
     OPS,
     {{PACKET, 1000, 1448, 0, 0, QUERIES},
      {POSTED},
      {PACKET, 2448, 1448, 0, 0, QUERIES},
      {HEADER, 2500, 100, 6},
      {LOST},
      {POSTED},
      {HEADER, 2600, 100, 7},
      {FOUND, 2500},
      {HEADER, 2700, 100, 8, 0, ANSWERS(2500, 6)},
      {POSTED}},
     COUNTS(2, 2, 1, 1, 1, 1, 0)},
    {"the first tells of a place to come, the second of none",
     OPS,
     {{PACKET, 1000, 1448, 0, 0, QUERIES},
      {POSTED},
      {PACKET, 2448, 1448, 0, 0, QUERIES},
      {POSTED},
      {FOUND, 2500},
      {LOST},
      {HEADER, 1000, 1500, 5},
      {HEADER, 2500, 100, 6, 0, ANSWERS(2500, 6)},
      {POSTED}},
     COUNTS(2, 2, 1, 1, 1, 1, 0)},
    {"the first tells of the first place: too late, and the log is lost",
     OPS,
     {{PACKET, 1000, 1448, 0, 0, QUERIES},
      {POSTED},
      {HEADER, 1000, 100, 4},
      {PACKET, 2448, 1448, 0, 0, QUERIES},
      {POSTED},
      {HEADER, 2500, 100, 6},
      {FOUND, 1000},
      {HEADER, 2600, 100, 7},
      {FOUND, 2500},
      {HEADER, 2700, 100, 8}},
     COUNTS(2, 2, 2, 0, 0, 0, 0)},
    {"sequence numbers wrap in the log",
     OPS,
     {{PACKET, 0xffffff00, 1448, 0, 0, QUERIES},
      {POSTED},
      {HEADER, 0xfffffe80, 0xa0, 5},
      {HEADER, 0xffffff20, 0xd0, 6},
      {HEADER, 0xfffffff0, 0x10, 7},
      {HEADER, 0, 0x100, 8},
      {HEADER, 0x100, 0x100, 9},
      {FOUND, 0},
      {HEADER, 0x200, 0x100, 10, 0, ANSWERS(0, 8)},
      {POSTED}},
     ONE_ANSWER},
    {"and before the candidate",
     OPS,
     {{PACKET, 0xffffff00, 1448, 0, 0, QUERIES},
      {POSTED},
      {FOUND, 0x80},
      {HEADER, 0xffffff20, 0x160, 6},
      {HEADER, 0x80, 0x100, 7, 0, ANSWERS(0x80, 7)},
      {POSTED}},
     ONE_ANSWER},
    {"record numbers wrap between candidate and header",
     OPS,
     {{PACKET, 1000, 1448, 0, 0, QUERIES},
      {POSTED},
      {HEADER, 1000, 100, LAST - 1},
      {HEADER, 1100, 100, LAST},
      {HEADER, 1200, 100, 0},
      {FOUND, 1100},
      {HEADER, 1300, 100, 1, 0, ANSWERS(1100, LAST)},
      {POSTED}},
     ONE_ANSWER},
    {"numbers that jump, as with a new key, spoil the log",
     OPS,
     {{PACKET, 1000, 1448, 0, 0, QUERIES},
      {POSTED},
      {HEADER, 1000, 100, 5},
      {HEADER, 1100, 100, 0},
      {FOUND, 1000},
      {HEADER, 1200, 100, 1}},
     NO_ANSWER},
    {"but not the comparison with the header",
     OPS,
     {{PACKET, 1000, 1448, 0, 0, QUERIES},
      {POSTED},
      {HEADER, 1000, 100, 5},
      {FOUND, 1100},
      {HEADER, 1100, 100, 0, 0, ANSWERS(1100, 0)},
      {POSTED}},
     ONE_ANSWER},
    {"finished records are not looked at, nor headers without a request",
     OPS,
     {{HEADER, 1000, 100, 5},
      {.event = RESYNC_ENCRYPTED, 1000, 100, 5},
      {.event = RESYNC_DECRYPTED, 1100, 100, 6}},
     {{0}}},
};

START_TEST(test_nic_resync_linux_async_life)
{
	resync_life_run(&lives[_i]);
}
END_TEST

/* A flow that runs through records of equal length. */
struct bed {
	struct nic_resync r;
	struct nic_resync_counters counters;
	uint32_t seq; /* of the next header */
	uint64_t rec;
};

/* The device has asked about the packet [1000, 1000 + len), and is queried. */
static void
bed_init(struct bed *bed, uint32_t len)
{
	const struct nic_resync_packet p = {.seq = 1000, .len = len};
	struct nic_resync_act act;

	*bed = (struct bed){.seq = 1000, .rec = 50};
	nic_resync_init(&bed->r, OPS, &bed->counters);
	act = nic_resync_packet(&bed->r, &p);
	ck_assert_int_eq(act.kind, NIC_RESYNC_QUERY);
	nic_resync_posted(&bed->r, &act, true);
}

/* Headers of `count` records; the last one's act. */
static struct nic_resync_act
bed_headers(struct bed *bed, uint32_t count, uint32_t len)
{
	struct nic_resync_act act = nic_resync_none();

	for (uint32_t i = 0; i < count; i++) {
		const struct nic_resync_record rec = {
		    .seq = bed->seq,
		    .len = len,
		    .rec_seq = bed->rec,
		};

		act = nic_resync_header(&bed->r, &rec);
		bed->seq += len;
		bed->rec++;
	}
	return act;
}

static void
bed_found(struct bed *bed, uint32_t candidate)
{
	const struct nic_resync_progress psv = {
	    .candidate_valid = true,
	    .candidate = candidate,
	};

	nic_resync_query_done(&bed->r, &psv);
}

/* Twenty headers in the packet: the candidate is the i-th of them. */
START_TEST(test_nic_resync_linux_async_logs_13_headers_of_a_packet)
{
	const uint32_t candidate = 1000 + 50 * (uint32_t)_i;
	struct nic_resync_act act;
	struct bed bed;

	bed_init(&bed, 1000);
	bed_headers(&bed, 20, 50);
	bed_found(&bed, candidate);
	act = bed_headers(&bed, 1, 50);
	expect_place("header %d", _i);
	expect_count("act", act.kind,
		     _i < 13 ? NIC_RESYNC_ANSWER : NIC_RESYNC_NONE);
	expect_count("seq", act.seq, _i < 13 ? candidate : 0);
	expect_count("number", act.rec_seq, _i < 13 ? 50 + (uint64_t)_i : 0);
}
END_TEST

/* How many headers pass before the query comes back, and is it in time? */
static const struct {
	uint32_t headers;
	bool answered;
} delays[] = {
    {1, true},	   {2, true},	   {65534, true},
    {65535, true}, {65536, false}, {70000, false},
};

START_TEST(test_nic_resync_linux_async_counts_65535_headers)
{
	struct nic_resync_act act;
	struct bed bed;

	bed_init(&bed, 1000);
	bed_headers(&bed, delays[_i].headers, 16413);
	bed_found(&bed, 1000);
	act = bed_headers(&bed, 1, 16413);
	expect_place("%u headers", delays[_i].headers);
	expect_count("act", act.kind,
		     delays[_i].answered ? NIC_RESYNC_ANSWER : NIC_RESYNC_NONE);
	expect_count("number", act.rec_seq, delays[_i].answered ? 50 : 0);
}
END_TEST

START_TEST(test_nic_resync_linux_async_an_answer_is_tried_17_times)
{
	struct nic_resync_act act;
	struct bed bed;
	int posts = 0;

	bed_init(&bed, 1000);
	bed_found(&bed, 1000);
	act = bed_headers(&bed, 1, 50);
	while (act.kind == NIC_RESYNC_ANSWER) {
		posts++;
		act = nic_resync_posted(&bed.r, &act, false);
	}
	ck_assert_int_eq(posts, 17);
	expect_place("17 posts");
	expect_count("retries", bed.counters.n[NIC_RESYNC_RES_RETRY], 16);
	expect_count("skips", bed.counters.n[NIC_RESYNC_RES_SKIP], 1);
	expect_count("posted", bed.counters.n[NIC_RESYNC_RES_OK], 0);
}
END_TEST

/* The answer is on its way when the device asks again: it is given up. */
START_TEST(test_nic_resync_linux_async_gives_up_an_overtaken_answer)
{
	const struct nic_resync_packet p = {.seq = 5000, .len = 100};
	struct nic_resync_act answer;
	struct bed bed;

	bed_init(&bed, 1000);
	bed_found(&bed, 1000);
	answer = bed_headers(&bed, 1, 50);
	ck_assert_int_eq(answer.kind, NIC_RESYNC_ANSWER);
	nic_resync_packet(&bed.r, &p);
	answer = nic_resync_posted(&bed.r, &answer, false);
	ck_assert_int_eq(answer.kind, NIC_RESYNC_NONE);
	expect_place("overtaken");
	expect_count("skips", bed.counters.n[NIC_RESYNC_RES_SKIP], 1);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_resync_linux_async_suite(void);

Suite *
nic_resync_linux_async_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_resync_linux_async_life, COUNT(lives)),
	    TEST(test_nic_resync_linux_async_logs_13_headers_of_a_packet, 20),
	    TEST(test_nic_resync_linux_async_counts_65535_headers,
		 COUNT(delays)),
	    TEST(test_nic_resync_linux_async_an_answer_is_tried_17_times, 0),
	    TEST(test_nic_resync_linux_async_gives_up_an_overtaken_answer, 0),
	};

	return suite_create_table("nic_resync_linux_async", tests,
				  (size_t)COUNT(tests), NULL, NULL, 0);
}
