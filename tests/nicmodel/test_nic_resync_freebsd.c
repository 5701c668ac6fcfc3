/*
 * test_nic_resync_freebsd.c - tag-modify with a run-length history.
 *
 * Lives are tables of events and acts; the history is asked by way of queries,
 * as the device would, over the whole of what it should know.
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

#define OPS	  &nic_resync_freebsd_ops
#define ENCRYPTED .event = RESYNC_ENCRYPTED
#define MIXED	  .event = RESYNC_MIXED
#define DECRYPTED .event = RESYNC_DECRYPTED
#define FOUND	  .event = RESYNC_FOUND
#define LOST	  .event = RESYNC_LOST
#define POSTED	  .event = RESYNC_POSTED
#define REFUSED	  .event = RESYNC_REFUSED
#define QUERIES	  RESYNC_QUERIES
#define ANSWERS	  RESYNC_ANSWERS
#define LAST	  UINT64_MAX /* the last record number */

static const struct resync_life lives[] = {
    {"lost, asked, found, and all is well",
     OPS,
     {{ENCRYPTED, 1000, 100, 5, 0, QUERIES},
      {POSTED},
      {ENCRYPTED, 1100, 100, 6},
      {FOUND, 1100, .want = ANSWERS(1100, 6)},
      {POSTED},
      {DECRYPTED, 1200, 100, 7},
      {DECRYPTED, 1300, 100, 8}},
     {{[NIC_RESYNC_REQ_START] = 1,
       [NIC_RESYNC_REQ_END] = 1,
       [NIC_RESYNC_RES_OK] = 1,
       [NIC_RESYNC_FREEBSD_OK] = 1}}},
    {"a mixed record is reported like an encrypted one",
     OPS,
     {{MIXED, 1000, 100, 5, 0, QUERIES},
      {POSTED},
      {FOUND, 1000, .want = ANSWERS(1000, 5)},
      {POSTED}},
     {{[NIC_RESYNC_REQ_START] = 1,
       [NIC_RESYNC_REQ_END] = 1,
       [NIC_RESYNC_RES_OK] = 1,
       [NIC_RESYNC_FREEBSD_OK] = 1}}},
    {"a decrypted record makes it forget, also under a query",
     OPS,
     {{ENCRYPTED, 1000, 100, 5, 0, QUERIES},
      {POSTED},
      {DECRYPTED, 1100, 100, 6},
      {FOUND, 1000},
      {ENCRYPTED, 1200, 100, 7, 0, QUERIES},
      {POSTED},
      {FOUND, 1000},
      {ENCRYPTED, 1300, 100, 8, 0, QUERIES},
      {POSTED},
      {FOUND, 1200, .want = ANSWERS(1200, 7)},
      {POSTED}},
     {{[NIC_RESYNC_REQ_START] = 3,
       [NIC_RESYNC_REQ_END] = 3,
       [NIC_RESYNC_RES_OK] = 1,
       [NIC_RESYNC_FREEBSD_OK] = 3}}},
    {"a candidate ahead of the worker waits for the worker",
     OPS,
     {{ENCRYPTED, 1000, 100, 5, 0, QUERIES},
      {POSTED},
      {FOUND, 1200},
      {ENCRYPTED, 1100, 100, 6, 0, QUERIES},
      {POSTED},
      {FOUND, 1200},
      {ENCRYPTED, 1200, 100, 7, 0, QUERIES},
      {POSTED},
      {FOUND, 1200, .want = ANSWERS(1200, 7)},
      {POSTED}},
     {{[NIC_RESYNC_REQ_START] = 3,
       [NIC_RESYNC_REQ_END] = 3,
       [NIC_RESYNC_RES_OK] = 1,
       [NIC_RESYNC_FREEBSD_OK] = 3}}},
    {"one query at a time, and none without a record",
     OPS,
     {{ENCRYPTED, 1000, 100, 5, 0, QUERIES},
      {ENCRYPTED, 1100, 100, 6},
      {POSTED},
      {ENCRYPTED, 1200, 100, 7},
      {LOST, 1000},
      {ENCRYPTED, 1300, 100, 8, 0, QUERIES}},
     {{[NIC_RESYNC_REQ_START] = 2,
       [NIC_RESYNC_REQ_SKIP] = 2,
       [NIC_RESYNC_FREEBSD_OK] = 1}}},
    {"where the queue is full the next record asks",
     OPS,
     {{ENCRYPTED, 1000, 100, 5, 0, QUERIES},
      {REFUSED},
      {ENCRYPTED, 1100, 100, 6, 0, QUERIES},
      {REFUSED},
      {ENCRYPTED, 1200, 100, 7, 0, QUERIES},
      {POSTED},
      {FOUND, 1000, .want = ANSWERS(1000, 5)},
      {REFUSED},
      {ENCRYPTED, 1300, 100, 8, 0, QUERIES},
      {POSTED},
      {FOUND, 1000, .want = ANSWERS(1000, 5)},
      {POSTED}},
     {{[NIC_RESYNC_REQ_START] = 4,
       [NIC_RESYNC_REQ_END] = 2,
       [NIC_RESYNC_REQ_SKIP] = 2,
       [NIC_RESYNC_RES_OK] = 1,
       [NIC_RESYNC_RES_SKIP] = 1,
       [NIC_RESYNC_FREEBSD_OK] = 2,
       [NIC_RESYNC_FREEBSD_ERR] = 2,
       [NIC_RESYNC_RX_ERROR] = 1}}},
    {"a hole in the sequence begins the history anew",
     OPS,
     {{ENCRYPTED, 1000, 100, 5, 0, QUERIES},
      {POSTED},
      {ENCRYPTED, 1200, 100, 7},
      {FOUND, 1000},
      {ENCRYPTED, 1300, 100, 8, 0, QUERIES},
      {POSTED},
      {FOUND, 1200, .want = ANSWERS(1200, 7)},
      {POSTED}},
     {{[NIC_RESYNC_REQ_START] = 2,
       [NIC_RESYNC_REQ_END] = 2,
       [NIC_RESYNC_RES_OK] = 1,
       [NIC_RESYNC_FREEBSD_OK] = 2}}},
    {"also one that the numbers do not show",
     OPS,
     {{ENCRYPTED, 1000, 100, 5, 0, QUERIES},
      {POSTED},
      {ENCRYPTED, 1200, 100, 6},
      {FOUND, 1100},
      {ENCRYPTED, 1300, 100, 7, 0, QUERIES},
      {POSTED},
      {FOUND, 1200, .want = ANSWERS(1200, 6)},
      {POSTED}},
     {{[NIC_RESYNC_REQ_START] = 2,
       [NIC_RESYNC_REQ_END] = 2,
       [NIC_RESYNC_RES_OK] = 1,
       [NIC_RESYNC_FREEBSD_OK] = 2}}},
    {"and so does a jump of the numbers, as with a new key",
     OPS,
     {{ENCRYPTED, 1000, 100, 5, 0, QUERIES},
      {POSTED},
      {ENCRYPTED, 1100, 100, 0},
      {FOUND, 1000},
      {ENCRYPTED, 1200, 100, 1, 0, QUERIES},
      {POSTED},
      {FOUND, 1200, .want = ANSWERS(1200, 1)},
      {POSTED}},
     {{[NIC_RESYNC_REQ_START] = 2,
       [NIC_RESYNC_REQ_END] = 2,
       [NIC_RESYNC_RES_OK] = 1,
       [NIC_RESYNC_FREEBSD_OK] = 2}}},
    {"the driver does not look at packets, nor at headers",
     OPS,
     {{.event = RESYNC_PACKET, 1000, 1448, 1000},
      {.event = RESYNC_HEADER, 1000, 100, 5}},
     {{[NIC_RESYNC_REQ_PKT] = 1}}},
};

START_TEST(test_nic_resync_freebsd_life)
{
	resync_life_run(&lives[_i]);
}
END_TEST

/* A flow with a history, which the tests below ask. */
struct bed {
	struct nic_resync r;
	struct nic_resync_counters counters;
	uint32_t seq; /* of the next record */
	uint64_t rec;
};

static void
bed_init(struct bed *bed, uint32_t seq, uint64_t rec)
{
	*bed = (struct bed){.seq = seq, .rec = rec};
	ck_assert_int_eq(nic_resync_init(&bed->r, OPS, &bed->counters), 0);
}

/* `count` records that the NIC has not decrypted; queries stay open. */
static void
bed_add(struct bed *bed, uint32_t count, uint32_t len)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct nic_resync_record rec = {
		    .seq = bed->seq,
		    .len = len,
		    .rec_seq = bed->rec,
		    .marks = NIC_RESYNC_ENCRYPTED,
		};

		nic_resync_record(&bed->r, &rec);
		bed->seq += len;
		bed->rec++;
	}
}

/*
 * The act for a candidate.  The query is an invented one, since no record asks
 * for it.
 */
static struct nic_resync_act
bed_ask(struct bed *bed, uint32_t candidate)
{
	const struct nic_resync_progress psv = {
	    .candidate_valid = true,
	    .candidate = candidate,
	};

	bed->r.queries++;
	return nic_resync_query_done(&bed->r, &psv);
}

static void
expect_known(struct bed *bed, uint32_t candidate, uint64_t rec)
{
	struct nic_resync_act act = bed_ask(bed, candidate);

	expect_place("candidate %u", candidate);
	expect_count("act", act.kind, NIC_RESYNC_ANSWER);
	expect_count("seq", act.seq, candidate);
	expect_count("number", act.rec_seq, rec);
}

static void
expect_unknown(struct bed *bed, uint32_t candidate)
{
	expect_place("candidate %u", candidate);
	expect_count("act", bed_ask(bed, candidate).kind, NIC_RESYNC_NONE);
}

/* Where the history's first record lies, and its number. */
static const struct {
	uint32_t seq;
	uint64_t rec;
} places[] = {
    {1000, 5},
    {0, 0},
    {UINT32_MAX - 99, 5},    /* the second run begins at 2^32 + 200 */
    {UINT32_MAX - 349, 5},   /* wraps between records of the second run */
    {UINT32_MAX - 5, 5},     /* in the middle of the first record */
    {INT32_MAX - 150U, 5},   /* the sign bit of differences */
    {1000, LAST},	     /* numbers wrap behind the first record */
    {1000, LAST - 4},	     /* behind the second run */
    {UINT32_MAX - 40, LAST}, /* both */
};

/*
 * Three runs: 3 of 100, 2 of 37, 1 of 500 bytes.  Every byte from before the
 * first to behind the last is asked for.
 */
START_TEST(test_nic_resync_freebsd_knows_first_bytes_of_records_only)
{
	static const uint32_t starts[] = {0, 100, 200, 300, 337, 374};
	const uint32_t seq = places[_i].seq;
	struct bed bed;
	uint32_t next = 0;

	bed_init(&bed, seq, places[_i].rec);
	bed_add(&bed, 3, 100);
	bed_add(&bed, 2, 37);
	bed_add(&bed, 1, 500);
	ck_assert_uint_eq(bed.r.u.freebsd.count, 3);
	expect_unknown(&bed, seq - 100);
	expect_unknown(&bed, seq - 1);
	for (uint32_t at = 0; at < 900; at++) {
		if (next < 6 && at == starts[next])
			expect_known(&bed, seq + at, places[_i].rec + next++);
		else
			expect_unknown(&bed, seq + at);
	}
	ck_assert_uint_eq(next, 6);
	expect_unknown(&bed, seq + (UINT32_C(1) << 31));
}
END_TEST

START_TEST(test_nic_resync_freebsd_a_run_holds_2048_records)
{
	struct bed bed;

	bed_init(&bed, 0, 0);
	bed_add(&bed, 2048, 100);
	ck_assert_uint_eq(bed.r.u.freebsd.count, 1);
	bed_add(&bed, 1, 100);
	ck_assert_uint_eq(bed.r.u.freebsd.count, 2);
	expect_known(&bed, 204700, 2047);
	expect_known(&bed, 204800, 2048);
	expect_unknown(&bed, 204801);
	expect_unknown(&bed, 204900);
}
END_TEST

START_TEST(test_nic_resync_freebsd_the_33rd_run_drops_the_oldest)
{
	struct bed bed;

	bed_init(&bed, 0, 100);
	for (uint32_t i = 0; i < 32; i++)
		bed_add(&bed, 2, 1000 + i);
	expect_known(&bed, 0, 100);
	expect_known(&bed, 2000, 102);
	bed_add(&bed, 1, 50);
	expect_unknown(&bed, 0);
	expect_unknown(&bed, 1000);
	expect_known(&bed, 2000, 102);
	expect_known(&bed, 64992, 164);
	for (uint32_t i = 1; i < 32; i++)
		bed_add(&bed, 1, 50 + i);
	expect_unknown(&bed, 63961);
	expect_known(&bed, 64992, 164);
	expect_known(&bed, 65042, 165);
	expect_unknown(&bed, 65043);
}
END_TEST

START_TEST(test_nic_resync_freebsd_a_full_history_of_long_records)
{
	const uint32_t len = NIC_RESYNC_RECORD_MAX;
	struct bed bed;

	bed_init(&bed, UINT32_MAX, LAST);
	bed_add(&bed, 32 * 2048, len);
	expect_known(&bed, UINT32_MAX, LAST);
	expect_known(&bed, len - 1, 0);
	expect_known(&bed, 65535 * len - 1, 65534);
	expect_unknown(&bed, 65535 * len - 2);
	expect_unknown(&bed, 65536 * len - 1);
	bed_add(&bed, 1, len);
	expect_unknown(&bed, UINT32_MAX);
	expect_unknown(&bed, 2047 * len - 1);
	expect_known(&bed, 2048 * len - 1, 2047);
	expect_known(&bed, 65536 * len - 1, 65535);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_resync_freebsd_suite(void);

Suite *
nic_resync_freebsd_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_resync_freebsd_life, COUNT(lives)),
	    TEST(test_nic_resync_freebsd_knows_first_bytes_of_records_only,
		 COUNT(places)),
	    TEST(test_nic_resync_freebsd_a_run_holds_2048_records, 0),
	    TEST(test_nic_resync_freebsd_the_33rd_run_drops_the_oldest, 0),
	    TEST(test_nic_resync_freebsd_a_full_history_of_long_records, 0),
	};

	return suite_create_table("nic_resync_freebsd", tests,
				  (size_t)COUNT(tests), NULL, NULL, 0);
}
