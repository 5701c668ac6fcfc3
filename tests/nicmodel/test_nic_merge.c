/*
 * test_nic_merge.c - what no way of merging may break, with random frames.
 *
 * V14: every payload byte is delivered once, in the order in which the bytes of
 * its flow and its TLS mark arrived; marked and unmarked never meet; a resync
 * indication stands alone; no limit is passed.
 */
#include "nicmodel/nic_merge.h"

#include <check.h>
#include <string.h>

#include "engine/mbuf.h"
#include "tests/support/nic_frames.h"
#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

enum { FLOWS = 12, SEEDS = 200, FRAMES = 400, BYTES = 150, MOST = 6 };

static struct mbuf_pool *pool;
static struct nic_merge merge;
static uint64_t state;
static uint32_t next_seq[FLOWS];
static uint64_t last_arrival[FLOWS][2]; /* by mark */
static uint64_t sent_bytes, sent_frames, got_bytes, got_frames, mixed;

static void
setup(void)
{
	pool = mbuf_pool_create(0);
	ck_assert_ptr_nonnull(pool);
}

static void
teardown(void)
{
	mbuf_pool_destroy(pool);
}

/* xorshift64: any source will do. */
static uint32_t
draw(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 20) % below;
}

/* Mostly the next full frame of its flow, now and then anything else. */
static struct nic_frame
random_frame(uint64_t arrival)
{
	static const uint8_t flags[] = {TH_PUSH, TH_FIN, TH_URG, TH_SYN,
					TH_CWR,	 TH_ECE, TH_RST};
	uint32_t flow = draw(FLOWS);
	struct nic_frame frame = {.flow = flow,
				  .hash = flow % 5,
				  .len = 20,
				  .ack = (uint32_t)(arrival / 64),
				  .arrival = arrival};

	if (draw(8) == 0)
		frame.len = draw(40);
	if (draw(8) == 0)
		frame.flags = flags[draw(COUNT(flags))];
	if (draw(16) == 0)
		frame.options = 8;
	if (draw(4) == 0)
		frame.csum_flags = CSUM_TLS_DECRYPTED;
	if (draw(16) == 0)
		frame.csum_flags |= CSUM_TLS_RESYNC;
	if (draw(16) == 0)
		next_seq[flow] += draw(100);
	frame.seq = next_seq[flow];
	next_seq[flow] += frame.len;
	return frame;
}

static void
check_frame(const struct mbuf *head, const struct mbuf *m, uint32_t frames)
{
	const struct pkthdr *hdr = &m->m_pkthdr;
	bool marked = hdr->csum_flags & CSUM_TLS_DECRYPTED;
	uint64_t *last = &last_arrival[hdr->flow][marked];

	ck_assert_uint_eq(hdr->flow, head->m_pkthdr.flow);
	ck_assert_uint_eq(hdr->csum_flags, head->m_pkthdr.csum_flags);
	if (hdr->csum_flags & CSUM_TLS_RESYNC)
		ck_assert_uint_eq(frames, 1);
	ck_assert_msg(hdr->rcv_tstmp > *last, "arrival %lu behind %lu",
		      (unsigned long)hdr->rcv_tstmp, (unsigned long)*last);
	*last = hdr->rcv_tstmp;
	got_bytes += m->m_len;
}

static void
check_chains(void)
{
	uint32_t frames;
	struct mbuf *head;

	while ((head = nic_merge_get(&merge, &frames)) != NULL) {
		uint32_t seq = head->m_pkthdr.th_seq;

		ck_assert_uint_le(frames, MOST);
		ck_assert(frames == 1 || head->m_pkthdr.len <= BYTES);
		for (const struct mbuf *m = head; m != NULL; m = m->m_next) {
			/* Frames this small are one mbuf each. */
			ck_assert(m->m_flags & M_PKTHDR);
			if (m != head)
				ck_assert_uint_eq(m->m_pkthdr.th_seq, seq);
			seq += m->m_len;
			check_frame(head, m, frames);
		}
		got_frames += frames;
		mixed += frames > 1;
		m_freem(pool, head);
	}
}

static void
run_seed(enum nic_merge_kind kind, uint64_t seed)
{
	uint32_t inside = 0;

	state = seed * 0x9e3779b97f4a7c15u + 1;
	memset(next_seq, 0, sizeof(next_seq));
	memset(last_arrival, 0, sizeof(last_arrival));
	nic_merge_init(&merge, kind, pool, BYTES, MOST);
	for (uint64_t i = 1; i <= FRAMES; i++) {
		struct nic_frame frame = random_frame(i);

		sent_frames++;
		sent_bytes += frame.len;
		nic_merge_put(&merge, nic_frame_make(pool, &frame));
		inside++;
		ck_assert_uint_le(nic_merge_frames(&merge), inside);
		if (draw(24) != 0)
			continue;
		nic_merge_flush(&merge);
		check_chains();
		ck_assert_uint_eq(nic_merge_frames(&merge), 0);
		inside = 0;
	}
	nic_merge_flush(&merge);
	check_chains();
	got_frames += merge.out.absorbed;
	nic_merge_fini(&merge);
}

static const enum nic_merge_kind kinds[] = {NIC_MERGE_LRO, NIC_MERGE_GRO};

START_TEST(test_nic_merge_keeps_bytes_order_marks_and_limits)
{
	enum nic_merge_kind kind = kinds[_i / SEEDS];

	sent_bytes = sent_frames = got_bytes = got_frames = mixed = 0;
	run_seed(kind, (uint64_t)(_i % SEEDS));
	ck_assert_uint_eq(got_bytes, sent_bytes);
	ck_assert_uint_eq(got_frames, sent_frames);
	ck_assert_uint_gt(mixed, 10);
}
END_TEST

/* Whatever is inside when a run ends is freed. */
START_TEST(test_nic_merge_frees_what_is_inside)
{
	struct nic_frame frame = {.seq = 1, .len = 10, .flags = TH_PUSH};

	nic_merge_init(&merge, kinds[_i], pool, BYTES, MOST);
	ck_assert(nic_merge_holds(&merge));
	nic_merge_put(&merge, nic_frame_make(pool, &frame));
	nic_merge_flush(&merge);
	frame.flags = 0;
	nic_merge_put(&merge, nic_frame_make(pool, &frame));
	ck_assert_uint_eq(nic_merge_frames(&merge), 2);
	nic_merge_fini(&merge);
}
END_TEST

START_TEST(test_nic_merge_off_and_ring_hold_nothing)
{
	nic_merge_init(&merge, _i == 0 ? NIC_MERGE_OFF : NIC_MERGE_RING, pool,
		       BYTES, MOST);
	ck_assert(!nic_merge_holds(&merge));
	ck_assert_uint_eq(nic_merge_frames(&merge), 0);
	nic_merge_fini(&merge);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_merge_suite(void);

Suite *
nic_merge_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_merge_keeps_bytes_order_marks_and_limits,
		 COUNT(kinds) * SEEDS),
	    TEST(test_nic_merge_frees_what_is_inside, COUNT(kinds)),
	    TEST(test_nic_merge_off_and_ring_hold_nothing, 2),
	};

	return suite_create_table("nic_merge", tests, (size_t)COUNT(tests),
				  setup, teardown, 0);
}
