/*
 * test_nic_resync_random.c - whatever happens, answers are true.
 *
 * A flow is a flat list of records, with sequence numbers that wrap at 2^32 and
 * record numbers that wrap at 2^64.  Software walks along it; packets, queries
 * that tell the truth or anything else, full queues and records that failed
 * come in random order.  Every answer and hint must be the first byte and the
 * number of a record in the list that software has come to; what FreeBSD's
 * history must know is told by a second, naive history.
 */
#include "nicmodel/nic_resync.h"

#include <check.h>
#include <string.h>

#include "tests/support/expect.h"
#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

enum {
	SEEDS = 150,
	RECORDS = 600,
	EVENTS = 4000,
	ACTS_MAX = 64,
};

struct world {
	uint64_t random;
	struct nic_resync r;
	struct nic_resync_counters counters;
	uint32_t seq[RECORDS + 1]; /* one behind the last, too */
	uint32_t len[RECORDS];
	uint64_t rec[RECORDS + 1];
	int parsed;	/* headers reported */
	int finished;	/* records finished */
	int known_from; /* naive history: the records [known_from, known_to) */
	int known_to;
	struct nic_resync_act acts[ACTS_MAX]; /* to be posted */
	int act_count;
	int queries; /* posted, not done */
	uint64_t answers;
};

/* splitmix64: 0 .. bound - 1. */
static uint32_t
draw(struct world *w, uint32_t bound)
{
	uint64_t z = w->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ (z >> 31)) % bound);
}

static void
world_init(struct world *w, const struct nic_resync_ops *ops, uint64_t seed)
{
	static const uint32_t lengths[] = {22, 100, 1400, 16413, 16413, 16413};
	uint32_t len = 100;

	memset(w, 0, sizeof(*w));
	w->random = seed;
	w->seq[0] = 0 - draw(w, 4000000);
	w->rec[0] = 0 - (uint64_t)draw(w, RECORDS);
	for (int i = 0; i < RECORDS; i++) {
		if (draw(w, 4) == 0)
			len = lengths[draw(w, COUNT(lengths))];
		w->len[i] = len;
		w->seq[i + 1] = w->seq[i] + len;
		w->rec[i + 1] = w->rec[i] + 1;
	}
	ck_assert_int_eq(nic_resync_init(&w->r, ops, &w->counters), 0);
}

/* The record that begins at seq, or -1. */
static int
world_find(const struct world *w, uint32_t seq)
{
	for (int i = 0; i <= RECORDS; i++)
		if (w->seq[i] == seq)
			return i;
	return -1;
}

/* Records that software has come to: a hint is for the one behind. */
static int
world_reach(const struct world *w, enum nic_resync_act_kind kind)
{
	if (kind == NIC_RESYNC_HINT)
		return w->parsed;
	return w->r.ops == &nic_resync_freebsd_ops ? w->finished - 1
						   : w->parsed - 1;
}

static void
take_act(struct world *w, struct nic_resync_act act)
{
	int i;

	if (act.kind == NIC_RESYNC_NONE)
		return;
	ck_assert_int_lt(w->act_count, ACTS_MAX);
	w->acts[w->act_count++] = act;
	if (act.kind == NIC_RESYNC_QUERY)
		return;
	w->answers++;
	i = world_find(w, act.seq);
	expect_true("the first byte of a record", i >= 0);
	expect_count("its number", act.rec_seq, w->rec[i]);
	expect_true("software is there", i <= world_reach(w, act.kind));
}

static struct nic_resync_record
record_at(struct world *w, int i)
{
	return (struct nic_resync_record){
	    .seq = w->seq[i],
	    .len = w->len[i],
	    .rec_seq = w->rec[i],
	    .queued = draw(w, 3) == 0 ? 0 : draw(w, 20000),
	};
}

static void
event_header(struct world *w)
{
	struct nic_resync_record rec;

	if (w->parsed == RECORDS)
		return;
	rec = record_at(w, w->parsed++);
	take_act(w, nic_resync_header(&w->r, &rec));
}

/* Record i is reported: what the naive history makes of it. */
static void
naive_report(struct world *w, int i, enum nic_resync_marks marks)
{
	if (i != w->known_to)
		w->known_from = i;
	w->known_to = i + 1;
	if (marks == NIC_RESYNC_DECRYPTED)
		w->known_from = i + 1;
}

/* Most records come unmarked; one in 100 fails, and is not reported. */
static void
event_record(struct world *w)
{
	struct nic_resync_record rec;
	uint32_t luck = draw(w, 100);

	if (w->finished == w->parsed)
		return;
	rec = record_at(w, w->finished++);
	rec.marks = NIC_RESYNC_ENCRYPTED;
	if (luck < 5)
		rec.marks = luck < 3 ? NIC_RESYNC_MIXED : NIC_RESYNC_DECRYPTED;
	if (w->finished < w->parsed)
		rec.queued = 1;
	if (luck == 99)
		return;
	naive_report(w, w->finished - 1, rec.marks);
	take_act(w, nic_resync_record(&w->r, &rec));
}

/* A place near the parser: often the first byte of a record, else any. */
static uint32_t
draw_place(struct world *w)
{
	int i = draw(w, 2) == 0 ? w->parsed - 40 + (int)draw(w, 50)
				: w->parsed - 2 + (int)draw(w, 5);

	i = i < 0 ? 0 : i;
	i = i < RECORDS ? i : RECORDS - 1;
	return draw(w, 3) != 0 ? w->seq[i] : w->seq[i] + draw(w, w->len[i]);
}

static void
event_packet(struct world *w)
{
	struct nic_resync_packet p;
	uint32_t at = w->seq[w->parsed];

	if (draw(w, 4) != 0)
		return;
	p.candidate = draw_place(w);
	p.seq = at - 3000 + draw(w, 6000);
	p.len = 1 + draw(w, 65535);
	take_act(w, nic_resync_packet(&w->r, &p));
}

/* Any of the acts that wait, so that posts overtake each other. */
static void
event_post(struct world *w)
{
	struct nic_resync_act act;
	uint32_t i;
	bool ok = draw(w, 5) != 0;

	if (w->act_count == 0)
		return;
	i = draw(w, (uint32_t)w->act_count);
	act = w->acts[i];
	w->acts[i] = w->acts[--w->act_count];
	if (act.kind == NIC_RESYNC_QUERY && ok)
		w->queries++;
	take_act(w, nic_resync_posted(&w->r, &act, ok));
}

/* Is record i among the last 32 runs of equal length that were reported? */
static bool
naively_known(const struct world *w, int i)
{
	int runs = 1;

	if (i < w->known_from || i >= w->known_to)
		return false;
	for (int k = i + 1; k < w->known_to; k++)
		runs += w->len[k] != w->len[k - 1];
	return runs <= NIC_RESYNC_RUNS;
}

static void
event_query_done(struct world *w)
{
	struct nic_resync_progress psv;
	struct nic_resync_act act;

	if (w->queries == 0)
		return;
	w->queries--;
	psv.candidate = draw_place(w);
	psv.candidate_valid = draw(w, 5) != 0;
	act = nic_resync_query_done(&w->r, &psv);
	take_act(w, act);
	if (w->r.ops != &nic_resync_freebsd_ops || !psv.candidate_valid)
		return;
	expect_count("known", act.kind == NIC_RESYNC_ANSWER,
		     naively_known(w, world_find(w, psv.candidate)));
}

static void
check_books(const struct world *w)
{
	const uint64_t *n = w->counters.n;

	expect_count("begun = done + skipped", n[NIC_RESYNC_REQ_START],
		     n[NIC_RESYNC_REQ_END] + n[NIC_RESYNC_REQ_SKIP]);
}

static void
run_world(struct world *w)
{
	static void (*const events[])(struct world *) = {
	    event_header, event_header, event_record,	  event_record,
	    event_packet, event_post,	event_query_done,
	};

	for (int i = 0; i < EVENTS; i++)
		events[draw(w, COUNT(events))](w);
	nic_resync_fini(&w->r);
	check_books(w);
}

START_TEST(test_nic_resync_random_answers_are_true)
{
	const struct nic_resync_ops *ops = nic_resync_at((size_t)_i);
	uint64_t answers = 0;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct world w;

		expect_place("%s, seed %llu", ops->name,
			     (unsigned long long)seed);
		world_init(&w, ops, seed);
		run_world(&w);
		answers += w.answers;
	}
	expect_place("%s", ops->name);
	expect_true("at least eight answers per flow", answers >= 8 * SEEDS);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_resync_random_suite(void);

Suite *
nic_resync_random_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_resync_random_answers_are_true, 4),
	};

	return suite_create_table("nic_resync_random", tests,
				  (size_t)COUNT(tests), NULL, NULL, 0);
}
