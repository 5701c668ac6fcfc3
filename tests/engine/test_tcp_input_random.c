/*
 * test_tcp_input_random.c - TCP receive against a flat array.
 *
 * A stream is offered as random segments that overlap, repeat and come in any
 * order, as packets of several mbufs and as merged chains, with cut-off bytes,
 * near the wrap of the sequence number.  The model keeps for each byte of the
 * stream the first copy that was offered.  After each segment, everything up to
 * the model's first missing byte must have been handed over, as the model has
 * it, and every other byte must be accounted for.
 */
#include "engine/tcp_input.h"

#include <check.h>
#include <inttypes.h>
#include <string.h>

#include "engine/mbuf.h"
#include "tests/support/suite_table.h"

enum {
	STREAM_MAX = 3000,
	PACKETS_MAX = 4, /* of a merged chain */
	ROWS = 15,
	SEEDS_PER_ROW = 40,
	MISSING = -1,
	CUT_OFF = 256, /* came, but the capture does not have it */
};

struct run {
	uint64_t seed;
	uint64_t random;
	struct mbuf_pool *pool;
	struct tcpcb tcb;
	uint32_t irs;
	uint32_t len;		   /* of the stream */
	int16_t model[STREAM_MAX]; /* the first copy, CUT_OFF or MISSING */
	uint32_t handed;	   /* bytes handed over */
	bool conflicts;		   /* copies of a byte differ */
	bool fin_sent;
	unsigned fins; /* results that ended the stream */
};

/* Of a segment on offer. */
struct offer {
	struct mbuf *m;
	uint32_t start;
	uint32_t len;
	uint32_t new_bytes; /* that the model did not have */
	bool fin;
	bool fin_news;
};

#define REQUIRE(run, condition)                                       \
	ck_assert_msg(condition, "seed %" PRIu64 ": %s", (run)->seed, \
		      #condition)

/* splitmix64: 0 .. bound - 1. */
static uint32_t
draw(struct run *run, uint32_t bound)
{
	uint64_t z = run->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ z >> 31) % bound);
}

static void
run_begin(struct run *run, uint64_t seed)
{
	*run = (struct run){.seed = seed, .random = seed};
	run->pool = mbuf_pool_create(0);
	REQUIRE(run, run->pool != NULL);
	run->len = 1 + draw(run, draw(run, 4) == 0 ? STREAM_MAX : 200);
	run->irs = draw(run, 2) == 0 ? draw(run, UINT32_MAX)
				     : 0u - draw(run, run->len + 1);
	run->conflicts = draw(run, 2) == 0;
	for (uint32_t i = 0; i < run->len; i++)
		run->model[i] = MISSING;
	tcp_init(&run->tcb, run->pool);
	tcp_set_irs(&run->tcb, run->irs);
}

/* One more mbuf with the stream's bytes, or with bytes that contradict it. */
static struct mbuf *
make_part(struct run *run, struct offer *offer, uint32_t len)
{
	uint32_t start = offer->start + offer->len;
	uint32_t cut_off = draw(run, 8) == 0 ? draw(run, len + 1) : 0;
	uint32_t known = len - cut_off;
	uint8_t bytes[STREAM_MAX];
	struct mbuf *m;

	for (uint32_t i = 0; i < len; i++) {
		int16_t *model = &run->model[start + i];

		bytes[i] = (uint8_t)((start + i) * 31);
		if (run->conflicts)
			bytes[i] = (uint8_t)draw(run, 256);
		if (*model != MISSING)
			continue;
		*model = i < known ? bytes[i] : CUT_OFF;
		offer->new_bytes++;
	}
	offer->len += len;
	m = m_from_bytes(run->pool, bytes, known, cut_off);
	REQUIRE(run, m != NULL);
	return m;
}

static struct mbuf *
make_packet(struct run *run, struct offer *offer, uint32_t len)
{
	uint32_t seq = run->irs + offer->start + offer->len;
	uint32_t first = draw(run, 3) == 0 ? draw(run, len + 1) : len;
	struct mbuf *m = make_part(run, offer, first);

	if (first < len) {
		struct mbuf *more = make_part(run, offer, len - first);

		more->m_flags &= (uint16_t)~M_PKTHDR;
		m_last(m)->m_next = more;
		m->m_pkthdr.len = len;
	}
	m->m_pkthdr.th_seq = seq;
	m->m_pkthdr.th_flags = TH_ACK;
	return m;
}

/* Bytes [start, start + len), as one packet or as several that are merged. */
static struct offer
make_offer(struct run *run, uint32_t start, uint32_t len)
{
	struct offer offer = {.start = start};
	uint32_t packets = 1 + draw(run, 3) / 2 * draw(run, PACKETS_MAX);

	while (offer.len < len || offer.m == NULL) {
		uint32_t left = len - offer.len;
		uint32_t count =
		    packets > 1 && left > 1 ? 1 + draw(run, left) : left;
		struct mbuf *m;

		packets -= packets > 1;
		m = make_packet(run, &offer, count);
		if (offer.m == NULL)
			offer.m = m;
		else
			m_last(offer.m)->m_next = m;
	}
	offer.m->m_pkthdr.len = len;
	offer.fin = start + len == run->len && draw(run, 2) == 0;
	offer.fin_news = offer.fin && !run->fin_sent;
	if (offer.fin)
		offer.m->m_pkthdr.th_flags |= TH_FIN;
	run->fin_sent |= offer.fin;
	return offer;
}

static void
check_bytes(struct run *run, const struct mbuf *m)
{
	for (uint32_t i = 0; i < m->m_len; i++) {
		int16_t byte = m->m_flags & M_UNKNOWN ? CUT_OFF : m->m_data[i];

		REQUIRE(run, run->handed < run->len);
		REQUIRE(run, byte == run->model[run->handed]);
		run->handed++;
	}
}

/* Every packet in the hand-over describes itself. */
static void
check_in_order(struct run *run, struct mbuf *m)
{
	uint32_t end = run->handed;

	REQUIRE(run, m == NULL || m->m_flags & M_PKTHDR);
	for (; m != NULL; m = m_free(run->pool, m)) {
		REQUIRE(run, m->m_nextpkt == NULL);
		if (m->m_flags & M_PKTHDR) {
			REQUIRE(run, end == run->handed);
			REQUIRE(run, m->m_pkthdr.th_seq == run->irs + end);
			end += m->m_pkthdr.len;
		}
		check_bytes(run, m);
	}
	REQUIRE(run, end == run->handed);
}

static void
check_queue(struct run *run)
{
	uint32_t behind = 0, packets = 0, at = run->handed;
	const struct mbuf *m;

	REQUIRE(run, at == run->len || run->model[at] == MISSING);
	for (uint32_t i = at; i < run->len; i++)
		behind += run->model[i] != MISSING;
	REQUIRE(run, run->tcb.t_segqbytes == behind);
	for (m = run->tcb.t_segq; m != NULL; m = m->m_nextpkt) {
		uint32_t start = m->m_pkthdr.th_seq - run->irs;

		REQUIRE(run, start >= at && m->m_pkthdr.len == m_length(m));
		at = start + m->m_pkthdr.len;
		packets++;
	}
	REQUIRE(run, at <= run->len && packets == run->tcb.t_segqlen);
}

static enum tcp_outcome
expected_outcome(const struct offer *offer, bool handed)
{
	if (handed)
		return TCP_ACCEPTED;
	if (offer->new_bytes > 0)
		return TCP_QUEUED;
	return offer->fin_news ? TCP_ACCEPTED : TCP_DUPLICATE;
}

static void
input(struct run *run, const struct offer *offer)
{
	uint32_t before = run->handed;
	struct tcp_result result;

	tcp_input(&run->tcb, offer->m, &result);
	REQUIRE(run, result.in_order == NULL ||
			 result.in_order_offset == run->handed);
	check_in_order(run, result.in_order);
	check_queue(run);
	REQUIRE(run, result.in_order_bytes == run->handed - before);
	REQUIRE(run, result.duplicate_bytes == offer->len - offer->new_bytes);
	REQUIRE(run, result.outcome ==
			 expected_outcome(offer, run->handed > before));
	REQUIRE(run, result.old == (result.outcome == TCP_DUPLICATE &&
				    offer->start + offer->len <= before));
	REQUIRE(run, result.fin == (run->fins == 0 && run->fin_sent &&
				    run->handed == run->len));
	run->fins += result.fin;
}

/* Random segments, then whatever is missing in order. */
static void
run_stream(struct run *run)
{
	uint32_t segments = draw(run, 60);
	struct offer offer;

	for (uint32_t i = 0; i < segments; i++) {
		uint32_t start = draw(run, run->len);
		uint32_t room = run->len - start;
		uint32_t most = draw(run, 4) == 0 ? room : room / 8 + 1;

		offer = make_offer(run, start, 1 + draw(run, most));
		input(run, &offer);
	}
	while (run->handed < run->len || run->fins == 0) {
		uint32_t most = run->len - run->handed;
		uint32_t len = most < 2 ? most : 1 + draw(run, most);

		offer = make_offer(run, run->handed, len);
		if (offer.len == 0 && !offer.fin)
			m_freem(run->pool, offer.m);
		else
			input(run, &offer);
	}
}

START_TEST(test_tcp_input_random_segments_equal_the_flat_stream)
{
	for (uint32_t i = 0; i < SEEDS_PER_ROW; i++) {
		struct run run;

		run_begin(&run, (uint64_t)_i * SEEDS_PER_ROW + i + 1);
		run_stream(&run);
		REQUIRE(&run, run.tcb.closed && run.fins == 1);
		REQUIRE(&run, run.tcb.t_segqlen == 0);
		tcp_fini(&run.tcb);
		mbuf_pool_destroy(run.pool);
	}
}
END_TEST

/* Streams given up half-way: what waits is freed with the connection. */
START_TEST(test_tcp_fini_frees_what_never_came_in_order)
{
	for (uint32_t i = 0; i < SEEDS_PER_ROW; i++) {
		struct offer offer;
		struct run run;

		run_begin(&run, i + 1);
		for (uint32_t at = 1; at < run.len; at += 3) {
			offer = make_offer(&run, at, 1 + (at + 1 < run.len));
			input(&run, &offer);
		}
		REQUIRE(&run, run.len < 2 || run.tcb.t_segqlen > 0);
		tcp_fini(&run.tcb);
		mbuf_pool_destroy(run.pool);
	}
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *tcp_input_random_suite(void);

Suite *
tcp_input_random_suite(void)
{
	const struct suite_test tests[] = {
	    {"test_tcp_input_random_segments_equal_the_flat_stream",
	     test_tcp_input_random_segments_equal_the_flat_stream, ROWS},
	    {"test_tcp_fini_frees_what_never_came_in_order",
	     test_tcp_fini_frees_what_never_came_in_order, 0},
	};

	return suite_create_table("tcp_input_random", tests, 2, NULL, NULL, 0);
}
