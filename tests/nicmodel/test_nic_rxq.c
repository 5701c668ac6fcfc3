/*
 * test_nic_rxq.c - descriptors, drops, visibility, and the rules of merging.
 */
#include "nicmodel/nic_rxq.h"

#include <check.h>
#include <string.h>

#include "engine/mbuf.h"
#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

enum {
	SLOTS = 8,
	FRAMES_MAX = 4,
};

struct frame {
	uint32_t seq;
	uint32_t len;
	uint8_t flags; /* beside ACK */
	uint32_t flow;
	uint8_t receiver;
	uint32_t csum_flags;
	bool hidden; /* not visible yet */
};

static struct mbuf_pool *pool;
static struct nic_rxq q;

static void
setup(void)
{
	pool = mbuf_pool_create(0);
	ck_assert_ptr_nonnull(pool);
	nic_rxq_init(&q, pool, SLOTS, 16000000, 32);
}

static void
teardown(void)
{
	nic_rxq_fini(&q);
	mbuf_pool_destroy(pool);
}

/* A frame whose bytes are those of its sequence numbers. */
static struct mbuf *
make_frame(const struct frame *frame)
{
	uint8_t bytes[64];
	struct mbuf *m;

	ck_assert_uint_le(frame->len, sizeof(bytes));
	for (uint32_t i = 0; i < frame->len; i++)
		bytes[i] = (uint8_t)(frame->seq + i);
	m = m_from_bytes(pool, bytes, frame->len, 0);
	ck_assert_ptr_nonnull(m);
	m->m_pkthdr.th_seq = frame->seq;
	m->m_pkthdr.th_ack = frame->seq + 5000;
	m->m_pkthdr.th_win = (uint16_t)(frame->seq + 1);
	m->m_pkthdr.th_flags = frame->flags | TH_ACK;
	m->m_pkthdr.flow = frame->flow;
	m->m_pkthdr.receiver = frame->receiver;
	m->m_pkthdr.csum_flags = frame->csum_flags;
	m->m_pkthdr.wire_bytes = frame->len + 78;
	return m;
}

static bool
put(const struct frame *frame)
{
	struct mbuf *m = make_frame(frame);

	if (!nic_rxq_put(&q, m)) {
		m_freem(pool, m);
		return false;
	}
	if (!frame->hidden)
		nic_rxq_show(&q);
	return true;
}

static bool
put_plain(uint32_t seq)
{
	return put(&(struct frame){.seq = seq, .len = 10});
}

static bool
put_hidden(uint32_t seq)
{
	return put(&(struct frame){.seq = seq, .len = 10, .hidden = true});
}

START_TEST(test_nic_rxq_of_eight_drops_exactly_the_ninth)
{
	for (uint32_t i = 0; i < 8; i++)
		ck_assert(put_plain(i * 10));
	ck_assert(!put_plain(80));
	ck_assert_uint_eq(q.received, 8);
	ck_assert_uint_eq(q.received_bytes, 8 * 88);
	ck_assert_uint_eq(q.out_of_buffer, 1);
	ck_assert_uint_eq(q.used, 8);
	ck_assert_uint_eq(q.used_max, 8);
	ck_assert_uint_eq(q.frames, 8);
}
END_TEST

/* A drained frame still holds its descriptor until the driver refills. */
START_TEST(test_nic_rxq_descriptor_is_free_after_replenish_only)
{
	for (uint32_t i = 0; i < 8; i++)
		ck_assert(put_plain(i * 10));
	for (uint32_t i = 0; i < 3; i++)
		m_freem(pool, nic_rxq_get(&q));
	ck_assert(!put_plain(80));
	nic_rxq_replenish(&q, 0);
	ck_assert(!put_plain(80));
	nic_rxq_replenish(&q, 2);
	ck_assert_uint_eq(q.used, 6);
	ck_assert(put_plain(80));
	ck_assert(put_plain(90));
	ck_assert(!put_plain(100));
	ck_assert_uint_eq(q.out_of_buffer, 3);
	ck_assert_uint_eq(q.used_max, 8);
}
END_TEST

static void
check_get(uint32_t seq)
{
	struct mbuf *m = nic_rxq_get(&q);

	ck_assert_ptr_nonnull(m);
	ck_assert_uint_eq(m->m_pkthdr.th_seq, seq);
	ck_assert_ptr_null(m->m_nextpkt);
	m_freem(pool, m);
}

START_TEST(test_nic_rxq_get_gives_visible_frames_in_order)
{
	ck_assert_ptr_null(nic_rxq_get(&q));
	ck_assert(put_hidden(100));
	ck_assert(put_hidden(110));
	ck_assert_ptr_null(nic_rxq_get(&q));
	nic_rxq_show(&q);
	check_get(100);
	ck_assert_ptr_null(nic_rxq_get(&q));
	nic_rxq_show(&q);
	ck_assert(put_hidden(120));
	check_get(110);
	ck_assert_ptr_null(nic_rxq_get(&q));
	nic_rxq_show(&q);
	check_get(120);
	ck_assert_ptr_null(nic_rxq_get(&q));
	/* Seen or not, a frame has been received and holds a descriptor. */
	ck_assert_uint_eq(q.received, 3);
	ck_assert_uint_eq(q.used, 3);
}
END_TEST

/* How many of the frames become one chain. */
struct merge_row {
	const char *name;
	struct frame frames[FRAMES_MAX];
	uint32_t max_bytes;
	uint32_t count;
};

/* Fields beside these may follow. */
#define FRAME(s, l, ...)                        \
	{                                       \
		.seq = s, .len = l, __VA_ARGS__ \
	}

static const struct merge_row merge_rows[] = {
    {"in sequence", {FRAME(100, 10), FRAME(110, 10), FRAME(120, 5)}, 65535, 3},
    {"one alone", {FRAME(100, 10)}, 65535, 1},
    {"no merging", {FRAME(100, 10), FRAME(110, 10)}, 0, 1},
    {"across sequence number zero",
     {FRAME(0xfffffff8, 10), FRAME(2, 10)},
     65535,
     2},
    {"exactly max_bytes",
     {FRAME(100, 10), FRAME(110, 10), FRAME(120, 10)},
     30,
     3},
    {"one byte over max_bytes",
     {FRAME(100, 10), FRAME(110, 10), FRAME(120, 11)},
     30,
     2},
    {"the first is over max_bytes", {FRAME(100, 10), FRAME(110, 1)}, 5, 1},
    {"another flow", {FRAME(100, 10), FRAME(110, 10, .flow = 1)}, 65535, 1},
    {"the other receiver",
     {FRAME(100, 10), FRAME(110, 10, .receiver = 1)},
     65535,
     1},
    {"another flow in between",
     {FRAME(100, 10), FRAME(700, 10, .flow = 1), FRAME(110, 10)},
     65535,
     1},
    {"a hole", {FRAME(100, 10), FRAME(111, 10)}, 65535, 1},
    {"an overlap", {FRAME(100, 10), FRAME(109, 10)}, 65535, 1},
    {"the same again", {FRAME(100, 10), FRAME(100, 10)}, 65535, 1},
    {"a pure acknowledgement in between",
     {FRAME(100, 10), FRAME(110, 0), FRAME(110, 10)},
     65535,
     1},
    {"a pure acknowledgement first", {FRAME(100, 0), FRAME(100, 10)}, 65535, 1},
    {"PUSH does not end it",
     {FRAME(100, 10, .flags = TH_PUSH), FRAME(110, 10)},
     65535,
     2},
    {"PUSH in the last",
     {FRAME(100, 10), FRAME(110, 10, .flags = TH_PUSH)},
     65535,
     2},
    {"FIN in the last",
     {FRAME(100, 10), FRAME(110, 10, .flags = TH_FIN)},
     65535,
     2},
    {"nothing after a FIN",
     {FRAME(100, 10), FRAME(110, 10, .flags = TH_FIN), FRAME(120, 10)},
     65535,
     2},
    {"FIN in the first",
     {FRAME(100, 10, .flags = TH_FIN), FRAME(110, 10)},
     65535,
     1},
    {"FIN without payload",
     {FRAME(100, 10), FRAME(110, 0, .flags = TH_FIN)},
     65535,
     1},
    {"SYN in the first",
     {FRAME(100, 10, .flags = TH_SYN), FRAME(110, 10)},
     65535,
     1},
    {"SYN in the second",
     {FRAME(100, 10), FRAME(110, 10, .flags = TH_SYN)},
     65535,
     1},
    {"RST in the first",
     {FRAME(100, 10, .flags = TH_RST), FRAME(110, 10)},
     65535,
     1},
    {"RST in the second",
     {FRAME(100, 10), FRAME(110, 10, .flags = TH_RST)},
     65535,
     1},
    {"URG in the first",
     {FRAME(100, 10, .flags = TH_URG), FRAME(110, 10)},
     65535,
     1},
    {"URG in the second",
     {FRAME(100, 10), FRAME(110, 10, .flags = TH_URG)},
     65535,
     1},
    {"CWR in the second",
     {FRAME(100, 10), FRAME(110, 10, .flags = 0x80)},
     65535,
     1},
    {"decrypted and not",
     {FRAME(100, 10, .csum_flags = CSUM_TLS_DECRYPTED), FRAME(110, 10)},
     65535,
     1},
    {"not decrypted and decrypted",
     {FRAME(100, 10), FRAME(110, 10, .csum_flags = CSUM_TLS_DECRYPTED)},
     65535,
     1},
    {"both decrypted",
     {FRAME(100, 10, .csum_flags = CSUM_TLS_DECRYPTED),
      FRAME(110, 10, .csum_flags = CSUM_TLS_DECRYPTED)},
     65535,
     2},
    {"a resync indication second",
     {FRAME(100, 10), FRAME(110, 10, .csum_flags = CSUM_TLS_RESYNC)},
     65535,
     1},
    {"resync indications on both",
     {FRAME(100, 10, .csum_flags = CSUM_TLS_RESYNC),
      FRAME(110, 10, .csum_flags = CSUM_TLS_RESYNC)},
     65535,
     1},
    {"the second is not visible yet",
     {FRAME(100, 10), FRAME(110, 10, .hidden = true)},
     65535,
     1},
    {"none is visible yet",
     {FRAME(100, 10, .hidden = true), FRAME(110, 10, .hidden = true)},
     65535,
     0},
};

/* The head describes all, the others themselves; the bytes are in order. */
static void
check_merged(const struct merge_row *row, const struct mbuf *head)
{
	const struct frame *frames = row->frames;
	const struct frame *last = &frames[row->count - 1];
	uint32_t bytes = 0, packets = 0;
	uint8_t flags = TH_ACK, byte;

	for (uint32_t i = 0; i < row->count; i++)
		flags |= frames[i].flags;
	ck_assert_uint_eq(head->m_pkthdr.th_flags, flags);
	ck_assert_uint_eq(head->m_pkthdr.th_seq, frames[0].seq);
	ck_assert_uint_eq(head->m_pkthdr.th_ack, last->seq + 5000);
	ck_assert_uint_eq(head->m_pkthdr.th_win, (uint16_t)(last->seq + 1));
	for (const struct mbuf *m = head; m != NULL; m = m->m_next) {
		ck_assert(m->m_flags & M_PKTHDR);
		ck_assert_ptr_null(m->m_nextpkt);
		ck_assert_uint_eq(m->m_len, frames[packets].len);
		if (packets > 0)
			ck_assert_uint_eq(m->m_pkthdr.len, m->m_len);
		packets++;
		bytes += m->m_len;
	}
	ck_assert_uint_eq(packets, row->count);
	ck_assert_uint_eq(head->m_pkthdr.len, bytes);
	for (uint32_t i = 0; i < bytes; i++) {
		ck_assert(m_copydata(head, i, 1, &byte));
		ck_assert_uint_eq(byte, (uint8_t)(frames[0].seq + i));
	}
}

START_TEST(test_nic_rxq_merges_what_continues_the_stream)
{
	const struct merge_row *row = &merge_rows[_i];
	uint32_t frames = 0, count = 99;
	struct mbuf *m;

	for (; frames < FRAMES_MAX && row->frames[frames].seq != 0; frames++)
		ck_assert(put(&row->frames[frames]));
	m = nic_rxq_get_merged(&q, row->max_bytes, &count);
	ck_assert_msg(count == row->count, "%s: %u", row->name, count);
	ck_assert((m == NULL) == (count == 0));
	if (m != NULL)
		check_merged(row, m);
	ck_assert_uint_eq(q.frames, frames - count);
	ck_assert_uint_eq(q.used, frames);
	m_freem(pool, m);
}
END_TEST

/* Frames of several mbufs: the next one is linked behind the last of them. */
START_TEST(test_nic_rxq_merges_frames_whose_bytes_were_cut_off)
{
	uint32_t count, seq = 0;
	struct mbuf *head;

	for (; seq < 30; seq += 10) {
		struct mbuf *m =
		    m_from_bytes(pool, (const uint8_t *)"abcd", 4, 6);

		ck_assert_ptr_nonnull(m);
		m->m_pkthdr.th_seq = seq;
		ck_assert(nic_rxq_put(&q, m));
		nic_rxq_show(&q);
	}
	head = nic_rxq_get_merged(&q, 65535, &count);
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(head->m_pkthdr.len, 30);
	ck_assert_uint_eq(m_length(head), 30);
	seq = 0;
	for (const struct mbuf *m = head; m != NULL; m = m->m_next) {
		bool known = seq % 10 == 0;

		ck_assert_uint_eq(m->m_len, known ? 4 : 6);
		ck_assert(!(m->m_flags & M_PKTHDR) == !known);
		seq += m->m_len;
	}
	m_freem(pool, head);
}
END_TEST

/* What was not merged is still there, in order, and the ring goes on. */
START_TEST(test_nic_rxq_merges_again_after_what_ended_a_merge)
{
	static const uint32_t seqs[] = {100, 110, 130, 140, 150};
	static const uint32_t counts[] = {2, 3, 0};
	uint32_t count;

	for (int i = 0; i < COUNT(seqs); i++)
		ck_assert(put_plain(seqs[i]));
	for (int i = 0; i < COUNT(counts); i++) {
		m_freem(pool, nic_rxq_get_merged(&q, 65535, &count));
		ck_assert_uint_eq(count, counts[i]);
	}
	nic_rxq_replenish(&q, 5);
	ck_assert_uint_eq(q.used, 0);
	ck_assert(put_plain(160));
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_rxq_suite(void);

Suite *
nic_rxq_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_rxq_of_eight_drops_exactly_the_ninth, 0),
	    TEST(test_nic_rxq_descriptor_is_free_after_replenish_only, 0),
	    TEST(test_nic_rxq_get_gives_visible_frames_in_order, 0),
	    TEST(test_nic_rxq_merges_what_continues_the_stream,
		 COUNT(merge_rows)),
	    TEST(test_nic_rxq_merges_frames_whose_bytes_were_cut_off, 0),
	    TEST(test_nic_rxq_merges_again_after_what_ended_a_merge, 0),
	};

	return suite_create_table("nic_rxq", tests, (size_t)COUNT(tests), setup,
				  teardown, 0);
}
