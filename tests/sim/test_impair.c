/*
 * test_impair.c - the link's misbehaviour, segment by segment.
 *
 * Shares and means are compared with closed forms, within five standard
 * deviations at fixed seeds.  No simulation runs here: an endpoint and its host
 * are as much of one as sim/impair.c looks at (test_impair_run.c has the rest).
 */
#include "sim/impair.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mbuf.h"
#include "nicmodel/nic.h"
#include "sim/run.h"
#include "tests/support/sim_driver.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *impair_suite(void);

enum {
	SEGMENT = 1448,
	SEGMENTS = 200000,
	US = 1000000,
};

static struct ktlsim *sim;
static struct endpoint *ep;
static struct mbuf_pool *pool;
static struct mbuf segment; /* has a header and nothing else */

static void
setup(void)
{
	sim = calloc(1, sizeof(*sim));
	ep = calloc(1, sizeof(*ep));
	pool = mbuf_pool_create(0);
	ck_assert(sim != NULL && ep != NULL && pool != NULL);
	config_init(&sim->config);
	sim->host[0].sim = sim;
	ep->host = &sim->host[0];
	segment.m_flags = M_PKTHDR;
}

static void
teardown(void)
{
	mbuf_pool_destroy(pool);
	free(ep);
	free(sim);
}

static void
set_keys(const struct sim_key *keys)
{
	struct ktlsim_error error = {0};

	for (; keys->key != NULL; keys++)
		ck_assert_msg(config_set(&sim->config, keys->key, keys->value,
					 &error) == 0,
			      "%s", error.text);
	impair_init(&sim->host[0].impair, &sim->config);
	ep->impair = (struct impair_flow){0};
}

static void
set_key(const char *key, const char *value)
{
	const struct sim_key keys[] = {{key, value}, {NULL, NULL}};

	set_keys(keys);
}

static uint64_t
counter(unsigned index)
{
	return impair_counter_value(&sim->host[0].impair, index);
}

/* What becomes of the next segment, which follows the one before. */
static struct impair_fate
next_fate(uint32_t len)
{
	struct impair_fate fate;

	segment.m_pkthdr.len = len;
	fate = impair_segment(ep, &segment, IMPAIR_FIRST);
	segment.m_pkthdr.th_seq += len;
	return fate;
}

/* `got` of n, each with probability p, is within five deviations. */
static void
check_share(const char *what, uint64_t got, double n, double p)
{
	double apart = 5 * sqrt(n * p * (1 - p));

	ck_assert_msg(fabs((double)got - n * p) <= apart,
		      "%s: %.0f of %.0f, expected %.1f +- %.1f", what,
		      (double)got, n, n * p, apart);
}

/* --- shares ---------------------------------------------------------------
 */

/* Counters by their place in reports. */
enum { LOST, LOST_BURST, LOST_SUPER, REORDERED, DUPLICATED, CORRUPTED, SILENT };

static const struct share_row {
	struct sim_key keys[3];
	unsigned counter;
	double p;
} share_rows[] = {
    {{{"link.loss", "0.0001"}}, LOST, 0.0001},
    {{{"link.loss", "0.01"}}, LOST, 0.01},
    {{{"link.loss", "0.99"}}, LOST, 0.99},
    {{{"link.ge_loss_good", "0.3"}}, LOST_BURST, 0.3},
    {{{"link.super_loss", "0.02"}, {"link.super_size", "1"}}, LOST_SUPER, 0.02},
    {{{"link.reorder", "0.05"}}, REORDERED, 0.05},
    {{{"link.reorder", "1"}}, REORDERED, 1},
    {{{"link.duplicate", "0.2"}}, DUPLICATED, 0.2},
    {{{"link.duplicate", "1"}}, DUPLICATED, 1},
    {{{"link.corrupt", "0.03"}}, CORRUPTED, 0.03},
    {{{"link.corrupt", "0.5"}, {"link.corrupt_undetected", "0.1"}},
     CORRUPTED,
     0.45},
    {{{"link.corrupt", "0.5"}, {"link.corrupt_undetected", "0.1"}},
     SILENT,
     0.05},
    {{{"link.corrupt", "0.5"}, {"link.corrupt_undetected", "1"}}, SILENT, 0.5},
};

/* How a fate shows what its counter counts. */
static bool
shows(const struct impair_fate *fate, unsigned counter)
{
	switch (counter) {
	case REORDERED:
		return fate->delay_ps > 0;
	case DUPLICATED:
		return fate->duplicate;
	case CORRUPTED:
		return fate->verdict == IMPAIR_CHECKSUM;
	case SILENT:
		return fate->flipped;
	default:
		return fate->verdict == IMPAIR_LOST;
	}
}

START_TEST(test_impair_shares_are_those_asked_for)
{
	const struct share_row *row = &share_rows[_i];
	uint64_t shown = 0, others = 0;

	set_keys(row->keys);
	ck_assert(sim->host[0].impair.on);
	for (int i = 0; i < SEGMENTS; i++) {
		struct impair_fate fate = next_fate(SEGMENT);

		shown += shows(&fate, row->counter);
	}
	check_share(impair_counter_name(row->counter), shown, SEGMENTS, row->p);
	ck_assert_uint_eq(shown, counter(row->counter));
	for (unsigned i = 0; i < IMPAIR_COUNTERS; i++)
		others += i == row->counter ? 0 : counter(i);
	/* The share of damage that is told and of that which is not. */
	if (row->counter < CORRUPTED)
		ck_assert_uint_eq(others, 0);
}
END_TEST

/* --- Gilbert-Elliott ------------------------------------------------------
 */

/* Bad for a share p / (p + r) of segments, 1 / r of them in a row. */
static const struct burst_row {
	const char *p, *r, *good, *bad;
	double vp, vr, vgood, vbad;
} burst_rows[] = {
    {"0.01", "0.25", "0", "1", 0.01, 0.25, 0, 1},
    {"0.001", "0.05", "0", "1", 0.001, 0.05, 0, 1},
    {"0.2", "0.9", "0", "1", 0.2, 0.9, 0, 1},
    {"0.02", "0.1", "0.01", "0.5", 0.02, 0.1, 0.01, 0.5},
    {"0", "0.25", "0.05", "1", 0, 0.25, 0.05, 1},
};

enum { BURST_SEGMENTS = 1000000 };

/*
 * The sum of a chain of two states varies (1 + c) / (1 - c) times as much as
 * that of independent ones, with the correlation c = 1 - p - r.
 */
static void
check_stationary(const struct burst_row *row, uint64_t lost)
{
	double bad = row->vp / (row->vp + row->vr), c = 1 - row->vp - row->vr;
	double loss = bad * row->vbad + (1 - bad) * row->vgood;
	double spread = row->vbad - row->vgood;
	double states = bad * (1 - bad) * spread * spread * (1 + c) / (1 - c);
	double variance = BURST_SEGMENTS * (loss * (1 - loss) + states);

	ck_assert_msg(fabs((double)lost - BURST_SEGMENTS * loss) <=
			  5 * sqrt(variance),
		      "%.0f lost, expected %.1f +- %.1f", (double)lost,
		      BURST_SEGMENTS * loss, 5 * sqrt(variance));
}

/* Mean of n geometric numbers with probability q of an end. */
static void
check_run(const char *what, uint64_t segments, uint64_t runs, double q)
{
	double mean = (double)segments / (double)runs;
	double apart = 5 * sqrt((1 - q) / (double)runs) / q;

	ck_assert_msg(fabs(mean - 1 / q) <= apart,
		      "%s: %f in a row, expected %f +- %f", what, mean, 1 / q,
		      apart);
}

START_TEST(test_impair_bursts_follow_the_closed_forms)
{
	const struct burst_row *row = &burst_rows[_i];
	const struct sim_key keys[] = {{"link.ge_p", row->p},
				       {"link.ge_r", row->r},
				       {"link.ge_loss_good", row->good},
				       {"link.ge_loss_bad", row->bad},
				       {NULL, NULL}};
	uint64_t lost = 0, bursts = 0;
	bool before = false;

	set_keys(keys);
	for (int i = 0; i < BURST_SEGMENTS; i++) {
		bool now = next_fate(SEGMENT).verdict == IMPAIR_LOST;

		lost += now;
		bursts += now && !before;
		before = now;
	}
	ck_assert_uint_eq(lost, counter(LOST_BURST));
	check_stationary(row, lost);
	if (row->vgood > 0 || row->vbad < 1)
		return;
	check_run("lost", lost, bursts, row->vr);
	check_run("arrived", BURST_SEGMENTS - lost, bursts, row->vp);
}
END_TEST

/* It begins good, and may turn before the first segment. */
START_TEST(test_impair_channel_that_always_turns_loses_every_other_segment)
{
	const struct sim_key keys[] = {
	    {"link.ge_p", "1"}, {"link.ge_r", "1"}, {NULL, NULL}};

	set_keys(keys);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(next_fate(SEGMENT).verdict,
				 i % 2 == 0 ? IMPAIR_LOST : IMPAIR_ARRIVES);
}
END_TEST

/* --- super-segments -------------------------------------------------------
 */

/* Segments of `len` bytes, of which a unit takes so many. */
static const struct unit_row {
	const char *size;
	uint32_t len, segments;
} unit_rows[] = {
    {"64KiB", 1448, 45}, {"64KiB", 8948, 7}, {"14480B", 1448, 10},
    {"14479B", 1448, 9}, {"1447B", 1448, 1}, /* a segment is never cut */
};

enum { UNITS = 20000 };

START_TEST(test_impair_units_are_lost_whole_or_not_at_all)
{
	const struct unit_row *row = &unit_rows[_i];
	const struct sim_key keys[] = {{"link.super_loss", "0.1"},
				       {"link.super_size", row->size},
				       {NULL, NULL}};
	uint64_t lost = 0;

	set_keys(keys);
	for (int unit = 0; unit < UNITS; unit++) {
		enum impair_verdict first = next_fate(row->len).verdict;

		lost += first == IMPAIR_LOST;
		for (uint32_t i = 1; i < row->segments; i++)
			ck_assert_int_eq(next_fate(row->len).verdict, first);
	}
	/* Were a boundary elsewhere, units of two verdicts would be seen. */
	check_share("units", lost, UNITS, 0.1);
	ck_assert_uint_eq(counter(LOST_SUPER), lost * row->segments);
}
END_TEST

/* The verdicts of the first units of a flow, each of one segment. */
static void
unit_verdicts(enum impair_verdict *verdict, int count, uint32_t flow)
{
	segment.m_pkthdr.flow = flow;
	ep->impair = (struct impair_flow){0};
	for (int i = 0; i < count; i++) {
		segment.m_pkthdr.th_seq += 100000; /* a hole: a new unit */
		verdict[i] = next_fate(SEGMENT).verdict;
	}
}

/*
 * A hole begins a unit, and bytes that are sent before their turn; empty
 * segments belong to none.  The units of flow 0 are found out one by one first.
 */
START_TEST(test_impair_unit_ends_at_a_hole_and_not_at_an_empty_segment)
{
	enum impair_verdict verdict[200];

	set_key("link.super_loss", "0.5");
	unit_verdicts(verdict, 200, 0);
	ep->impair = (struct impair_flow){0};
	for (int i = 0; i < 200; i++) {
		ck_assert_int_eq(next_fate(SEGMENT).verdict, verdict[i]);
		ck_assert_int_eq(next_fate(0).verdict, IMPAIR_ARRIVES);
		ck_assert_int_eq(next_fate(SEGMENT).verdict, verdict[i]);
		segment.m_pkthdr.th_seq += i % 2 == 0 ? 1 : UINT32_MAX;
	}
}
END_TEST

START_TEST(test_impair_flows_and_directions_have_units_of_their_own)
{
	enum impair_verdict verdict[4][200];
	int differ = 0;

	set_key("link.super_loss", "0.5");
	for (uint32_t i = 0; i < 4; i++) {
		segment.m_pkthdr.receiver = i % 2;
		unit_verdicts(verdict[i], 200, i / 2);
	}
	for (int i = 0; i < 200; i++)
		for (int k = 1; k < 4; k++)
			differ += verdict[k][i] != verdict[0][i];
	/* Half of 600, within five deviations. */
	ck_assert_int_gt(differ, 300 - 62);
	ck_assert_int_lt(differ, 300 + 62);
}
END_TEST

/* --- reordering -----------------------------------------------------------
 */

static const struct delay_row {
	const char *delay;
	double mean, deviation; /* us */
	double least, most;
} delay_rows[] = {
    {"25us", 25, 0, 25, 25},
    {"uniform(1us, 4us)", 2.5, 0.8661, 1, 4},
    {"exponential(10us)", 10, 10, 0, 1e9},
};

START_TEST(test_impair_delays_are_drawn_from_their_distribution)
{
	const struct delay_row *row = &delay_rows[_i];
	const struct sim_key keys[] = {{"link.reorder", "0.3"},
				       {"link.reorder_delay", row->delay},
				       {NULL, NULL}};
	double sum = 0, n;

	set_keys(keys);
	for (int i = 0; i < SEGMENTS; i++) {
		double us = (double)next_fate(SEGMENT).delay_ps / US;

		sum += us;
		if (us > 0)
			ck_assert(us >= row->least && us <= row->most);
	}
	n = (double)counter(REORDERED);
	ck_assert_double_le(fabs(sum / n - row->mean),
			    5 * row->deviation / sqrt(n) + 1e-9);
}
END_TEST

/* --- copies ---------------------------------------------------------------
 */

enum { LONG = 20000, KNOWN = 15000 };

/* A packet of two clusters and of bytes that nobody has. */
static struct mbuf *
make_long(void)
{
	static uint8_t bytes[LONG];
	struct mbuf *m;

	for (int i = 0; i < LONG; i++)
		bytes[i] = (uint8_t)(i * 7);
	m = m_from_bytes(pool, bytes, KNOWN, LONG - KNOWN);
	ck_assert_ptr_nonnull(m);
	m->m_pkthdr.th_seq = 4000000000;
	m->m_pkthdr.flow = 17;
	m->m_pkthdr.receiver = 1;
	m->m_pkthdr.wire_bytes = LONG + 78;
	m->m_pkthdr.th_flags = TH_ACK | TH_PUSH;
	return m;
}

static void
check_long(const struct mbuf *m)
{
	static uint8_t bytes[KNOWN];

	ck_assert(m_copydata(m, 0, KNOWN, bytes));
	for (int i = 0; i < KNOWN; i++)
		if (bytes[i] != (uint8_t)(i * 7))
			ck_abort_msg("byte %d", i);
	ck_assert_uint_eq(m_length(m), LONG);
	ck_assert(!m_copydata(m, KNOWN, 1, bytes));
}

START_TEST(test_impair_copy_has_the_bytes_and_storage_of_its_own)
{
	struct mbuf *m = make_long();
	struct mbuf *copy = impair_copy(pool, m);

	ck_assert_ptr_nonnull(copy);
	check_long(copy);
	ck_assert_uint_eq(copy->m_pkthdr.th_seq, m->m_pkthdr.th_seq);
	ck_assert_uint_eq(copy->m_pkthdr.len, LONG);
	ck_assert_uint_eq(copy->m_pkthdr.flow, 17);
	ck_assert_uint_eq(copy->m_pkthdr.receiver, 1);
	ck_assert_uint_eq(copy->m_pkthdr.wire_bytes, LONG + 78);
	ck_assert_uint_eq(copy->m_pkthdr.th_flags, m->m_pkthdr.th_flags);
	/* One packet: only its first mbuf says so. */
	ck_assert(copy->m_flags & M_PKTHDR);
	for (const struct mbuf *n = copy->m_next; n != NULL; n = n->m_next)
		ck_assert(!(n->m_flags & M_PKTHDR));
	for (struct mbuf *n = copy; n != NULL; n = n->m_next)
		if (!(n->m_flags & M_UNKNOWN))
			memset(n->m_data, 0xff, n->m_len);
	check_long(m);
	/* Nobody sends a copy again. */
	ck_assert(!impair_restore(copy));
	ck_assert(impair_restore(m));
	m_freem(pool, copy);
	m_freem(pool, m);
}
END_TEST

START_TEST(test_impair_copy_without_memory_leaves_nothing_behind)
{
	struct mbuf *m = make_long(), *copy = NULL;
	uint64_t failed = 0;

	for (uint64_t nth = 1; copy == NULL; nth++) {
		mbuf_pool_fail_after(pool, nth);
		copy = impair_copy(pool, m);
		failed += copy == NULL;
		ck_assert_uint_lt(nth, 100);
	}
	mbuf_pool_fail_after(pool, 0);
	ck_assert_uint_ge(failed, 2);
	check_long(copy);
	m_freem(pool, copy);
	m_freem(pool, m);
}
END_TEST

/* --- corruption -----------------------------------------------------------
 */

START_TEST(test_impair_flip_turns_one_bit_until_it_is_restored)
{
	static const uint32_t flips[] = {0, 7, 8, 9 * 1024 * 8 + 3,
					 KNOWN * 8 - 1};
	const uint32_t bit = flips[_i];
	struct mbuf *m = make_long();
	uint8_t was, is;

	ck_assert(m_copydata(m, bit / 8, 1, &was));
	impair_flip(m, bit);
	ck_assert(m_copydata(m, bit / 8, 1, &is));
	ck_assert_uint_eq(was ^ is, 1u << bit % 8);
	ck_assert(impair_restore(m));
	check_long(m);
	ck_assert_uint_eq(m->m_pkthdr.csum_flags, 0);
	m_freem(pool, m);
}
END_TEST

/* What the capture cut off has no bits; the mark is kept all the same. */
START_TEST(test_impair_flip_of_an_unknown_byte_is_remembered_only)
{
	struct mbuf *m = make_long();

	impair_flip(m, KNOWN * 8 + 5);
	check_long(m);
	ck_assert_uint_ne(m->m_pkthdr.csum_flags & CSUM_LINK_MASK, 0);
	ck_assert(impair_restore(m));
	check_long(m);
	m_freem(pool, m);
}
END_TEST

/* The NIC's marks begin clean, and a segment that it refuses is put right. */
START_TEST(test_impair_marks_of_the_link_are_kept_from_the_nic)
{
	struct mbuf *m = make_long();
	uint32_t taken;

	impair_flip(m, 100);
	m->m_pkthdr.csum_flags |= CSUM_TLS_DECRYPTED;
	taken = impair_take(&sim->host[0].nic, m);
	ck_assert_uint_eq(m->m_pkthdr.csum_flags, CSUM_TLS_DECRYPTED);
	m->m_pkthdr.csum_flags = 0;
	impair_put(m, taken);
	ck_assert(impair_restore(m));
	check_long(m);
	m_freem(pool, m);
}
END_TEST

static const uint32_t flipped_lengths[] = {1, 100, 1448, 65536};

/* Every eighth of the payload gets an eighth of the damage. */
START_TEST(test_impair_flipped_bits_are_spread_over_the_payload)
{
	const struct sim_key keys[] = {{"link.corrupt", "0.99"},
				       {"link.corrupt_undetected", "1"},
				       {NULL, NULL}};
	const uint32_t bits = 8 * flipped_lengths[_i];
	uint64_t found[8] = {0}, flipped = 0;

	set_keys(keys);
	for (int i = 0; i < SEGMENTS; i++) {
		struct impair_fate fate = next_fate(bits / 8);

		if (!fate.flipped)
			continue;
		ck_assert_uint_lt(fate.bit, bits);
		found[(uint64_t)fate.bit * 8 / bits]++;
		flipped++;
	}
	ck_assert_uint_eq(flipped, counter(SILENT));
	for (int i = 0; i < 8; i++)
		check_share("an eighth", found[i], (double)flipped, 0.125);
}
END_TEST

/* Damage to a segment without payload always tells. */
START_TEST(test_impair_empty_segments_cannot_be_damaged_unseen)
{
	const struct sim_key keys[] = {{"link.corrupt", "0.5"},
				       {"link.corrupt_undetected", "1"},
				       {NULL, NULL}};

	set_keys(keys);
	for (int i = 0; i < 1000; i++)
		ck_assert(!next_fate(0).flipped);
	ck_assert_uint_gt(counter(CORRUPTED), 0);
	ck_assert_uint_eq(counter(SILENT), 0);
}
END_TEST

/* --- streams --------------------------------------------------------------
 */

enum { KINDS = 6, STREAM_SEGMENTS = 20000 };

/* In the order in which they act. */
static const struct sim_key kinds[KINDS][3] = {
    {{"link.loss", "0.05"}},
    {{"link.ge_p", "0.02"}, {"link.ge_loss_good", "0.1"}},
    {{"link.super_loss", "0.05"}, {"link.super_size", "5000B"}},
    {{"link.corrupt", "0.1"}, {"link.corrupt_undetected", "0.5"}},
    {{"link.duplicate", "0.1"}},
    {{"link.reorder", "0.1"}, {"link.reorder_delay", "uniform(1us, 9us)"}},
};

static void
run_stream(struct impair_fate *fate)
{
	segment.m_pkthdr.th_seq = 1;
	for (int i = 0; i < STREAM_SEGMENTS; i++)
		fate[i] = next_fate(1 + (uint32_t)i % SEGMENT);
}

/* The fates with one kind of misbehaviour alone, or with all. */
static void
run_kinds(struct impair_fate *fate, int kind)
{
	config_init(&sim->config);
	for (int i = 0; i < KINDS; i++)
		if (kind < 0 || i == kind)
			set_keys(kinds[i]);
	run_stream(fate);
}

/* What all kinds make of a segment, if none of them changes another. */
static struct impair_fate
compose(struct impair_fate alone[KINDS][STREAM_SEGMENTS], int i)
{
	struct impair_fate fate = alone[3][i];

	for (int kind = 0; kind < 3; kind++)
		if (alone[kind][i].verdict == IMPAIR_LOST)
			return alone[kind][i];
	if (fate.verdict != IMPAIR_ARRIVES)
		return fate;
	fate.duplicate = alone[4][i].duplicate;
	fate.delay_ps = alone[5][i].delay_ps;
	return fate;
}

static void
check_same(const struct impair_fate *a, const struct impair_fate *b, int i)
{
	if (a->verdict != b->verdict || a->duplicate != b->duplicate ||
	    a->delay_ps != b->delay_ps || a->flipped != b->flipped ||
	    a->bit != b->bit)
		ck_abort_msg("segment %d", i);
}

static struct impair_fate alone[KINDS][STREAM_SEGMENTS];
static struct impair_fate together[STREAM_SEGMENTS];

START_TEST(test_impair_no_kind_changes_the_choices_of_another)
{
	for (int kind = 0; kind < KINDS; kind++)
		run_kinds(alone[kind], kind);
	run_kinds(together, -1);
	for (int i = 0; i < STREAM_SEGMENTS; i++) {
		struct impair_fate fate = compose(alone, i);

		check_same(&together[i], &fate, i);
	}
	for (unsigned i = 0; i < IMPAIR_COUNTERS; i++)
		ck_assert_uint_gt(counter(i), 0);
}
END_TEST

/* Was this kind of misbehaviour, alone, chosen for the segment? */
static bool
is_chosen(int kind, int i)
{
	const struct impair_fate *fate = &alone[kind][i];

	return fate->verdict != IMPAIR_ARRIVES || fate->flipped ||
	       fate->duplicate || fate->delay_ps > 0;
}

/* Segments that two kinds have chosen: as many as chance makes, or a third. */
static void
check_pair(int a, int b)
{
	double of_a = 0, of_b = 0, both = 0, expected;

	for (int i = 0; i < STREAM_SEGMENTS; i++) {
		of_a += is_chosen(a, i);
		of_b += is_chosen(b, i);
		both += is_chosen(a, i) && is_chosen(b, i);
	}
	expected = of_a * of_b / STREAM_SEGMENTS;
	ck_assert_double_ge(expected, 30);
	ck_assert_msg(both > expected / 3 && both < expected * 3,
		      "kinds %d and %d: %.0f segments, expected %.1f", a, b,
		      both, expected);
}

START_TEST(test_impair_kinds_choose_independently)
{
	for (int kind = 0; kind < KINDS; kind++)
		run_kinds(alone[kind], kind);
	for (int a = 0; a < KINDS; a++)
		for (int b = a + 1; b < KINDS; b++)
			check_pair(a, b);
}
END_TEST

/* Fates of 20,000 segments that are not those of `alone[0]`. */
static int
count_different(const struct impair_fate *fate)
{
	int different = 0;

	for (int i = 0; i < STREAM_SEGMENTS; i++)
		different += fate[i].verdict != alone[0][i].verdict ||
			     fate[i].delay_ps != alone[0][i].delay_ps;
	return different;
}

/* The same seed again, another seed, another host, another pass. */
START_TEST(test_impair_choices_follow_from_seed_and_host_and_pass)
{
	run_kinds(alone[0], -1);
	run_kinds(together, -1);
	for (int i = 0; i < STREAM_SEGMENTS; i++)
		check_same(&together[i], &alone[0][i], i);
	set_key("run.seed", "2");
	run_stream(together);
	ck_assert_int_gt(count_different(together), STREAM_SEGMENTS / 10);
	set_key("run.seed", "1");
	sim->host[0].index = 1;
	run_stream(together);
	ck_assert_int_gt(count_different(together), STREAM_SEGMENTS / 10);
	sim->host[0].index = 0;
	set_key("run.seed", "1");
	for (int i = 0; i < STREAM_SEGMENTS; i++)
		together[i] = impair_segment(ep, &segment, IMPAIR_AGAIN);
	ck_assert_int_gt(count_different(together), STREAM_SEGMENTS / 10);
}
END_TEST

/* Segments that are sent again take nothing from the others' streams. */
START_TEST(test_impair_what_is_sent_again_shifts_nothing)
{
	run_kinds(alone[0], -1);
	run_kinds(together, -1);
	impair_init(&sim->host[0].impair, &sim->config);
	ep->impair = (struct impair_flow){0};
	segment.m_pkthdr.th_seq = 1;
	for (int i = 0; i < STREAM_SEGMENTS; i++) {
		struct impair_fate fate = next_fate(1 + (uint32_t)i % SEGMENT);

		check_same(&fate, &together[i], i);
		impair_segment(ep, &segment, IMPAIR_AGAIN);
	}
}
END_TEST

Suite *
impair_suite(void)
{
	const struct suite_test tests[] = {
	    {"shares", test_impair_shares_are_those_asked_for,
	     ROWS(share_rows)},
	    {"bursts", test_impair_bursts_follow_the_closed_forms,
	     ROWS(burst_rows)},
	    {"turns",
	     test_impair_channel_that_always_turns_loses_every_other_segment,
	     0},
	    {"units", test_impair_units_are_lost_whole_or_not_at_all,
	     ROWS(unit_rows)},
	    {"unit ends",
	     test_impair_unit_ends_at_a_hole_and_not_at_an_empty_segment, 0},
	    {"unit flows",
	     test_impair_flows_and_directions_have_units_of_their_own, 0},
	    {"delays", test_impair_delays_are_drawn_from_their_distribution,
	     ROWS(delay_rows)},
	    {"copy", test_impair_copy_has_the_bytes_and_storage_of_its_own, 0},
	    {"no memory", test_impair_copy_without_memory_leaves_nothing_behind,
	     0},
	    {"flip", test_impair_flip_turns_one_bit_until_it_is_restored, 5},
	    {"unknown", test_impair_flip_of_an_unknown_byte_is_remembered_only,
	     0},
	    {"marks", test_impair_marks_of_the_link_are_kept_from_the_nic, 0},
	    {"spread", test_impair_flipped_bits_are_spread_over_the_payload,
	     ROWS(flipped_lengths)},
	    {"empty", test_impair_empty_segments_cannot_be_damaged_unseen, 0},
	    {"independence", test_impair_no_kind_changes_the_choices_of_another,
	     0},
	    {"chance", test_impair_kinds_choose_independently, 0},
	    {"seeds", test_impair_choices_follow_from_seed_and_host_and_pass,
	     0},
	    {"again", test_impair_what_is_sent_again_shifts_nothing, 0},
	};

	return suite_create_table("impair", tests, ROWS(tests), setup, teardown,
				  20);
}
