/*
 * test_nic_chain.c - lists of merged frames: put, moved and taken in order.
 *
 * A script is a row of letters.  `a` to `z` put a chain of so many frames (a:
 * 1) into the list, `A` to `Z` into the other one; `>` moves the other one's
 * chains behind the list's; `-` takes the first chain.  What is taken is told
 * by the sequence number of its head, which counts the chains as they are made.
 */
#include "nicmodel/nic_chain.h"

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "engine/mbuf.h"
#include "tests/support/nic_frames.h"
#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

static struct mbuf_pool *pool;
static struct nic_chains list, other;

static void
setup(void)
{
	pool = mbuf_pool_create(0);
	ck_assert_ptr_nonnull(pool);
	list = other = (struct nic_chains){0};
}

/* The pool is asserted to be empty. */
static void
teardown(void)
{
	nic_chains_fini(&list, pool);
	nic_chains_fini(&other, pool);
	mbuf_pool_destroy(pool);
}

/* Frames of one byte each, of which the first has sequence number seq. */
static struct mbuf *
chain(uint32_t seq, uint32_t frames)
{
	struct nic_frame frame = {.seq = seq, .len = 1, .flags = 0};
	struct mbuf *head = nic_frame_make(pool, &frame), *last = head;

	for (uint32_t i = 1; i < frames; i++) {
		frame.seq = seq + i;
		frame.flags = i == 2 ? TH_PUSH : 0;
		nic_chain_append(head, &last, nic_frame_make(pool, &frame));
	}
	return head;
}

static const struct {
	const char *script;
	const char *taken; /* "seq:bytes/frames" of each `-` */
	uint32_t frames;   /* that are left in the list */
	uint64_t absorbed; /* of the list, where each of `other` has one */
} rows[] = {
    {"", "", 0, 0},
    {"-", "none", 0, 0},
    {"a-", "1:1/1", 0, 0},
    {"c-", "1:3/3", 0, 0},
    {"abc--", "1:1/1 2:2/2", 3, 0},
    {"a-b-", "1:1/1 2:2/2", 0, 0},
    {"ab---", "1:1/1 2:2/2 none", 0, 0},
    {">", "", 0, 0},
    {"a>-", "1:1/1", 0, 0},
    {"A>-", "1:1/1", 0, 1},
    {"ab>-", "1:1/1", 2, 0},
    {"aBC>--", "1:1/1 2:2/2", 3, 2},
    {"AbC>---", "2:2/2 1:1/1 3:3/3", 0, 2},
    {"A>B>c---", "1:1/1 2:2/2 3:3/3", 0, 2},
    {"aB>>-b-", "1:1/1 2:2/2", 2, 1},
};

static void
take(char *text)
{
	size_t used = strlen(text);
	uint32_t frames;
	struct mbuf *m = nic_chains_get(&list, &frames);

	if (used > 0)
		text[used++] = ' ';
	if (m == NULL) {
		ck_assert_uint_eq(frames, 0);
		snprintf(text + used, NIC_FRAMES_TEXT - used, "none");
		return;
	}
	ck_assert_ptr_null(m->m_nextpkt);
	snprintf(text + used, NIC_FRAMES_TEXT - used, "%u:%u/%u",
		 m->m_pkthdr.th_seq, m->m_pkthdr.len, frames);
	m_freem(pool, m);
}

static void
put(char letter, uint32_t seq)
{
	struct nic_chains *to = isupper(letter) ? &other : &list;
	uint32_t frames = (uint32_t)(tolower(letter) - 'a' + 1);

	nic_chains_put(to, chain(seq, frames), frames);
	other.absorbed += to == &other;
}

START_TEST(test_nic_chain_lists_keep_the_order)
{
	char taken[NIC_FRAMES_TEXT] = "";
	uint32_t seq = 0;

	for (const char *c = rows[_i].script; *c != '\0'; c++) {
		if (isalpha(*c))
			put(*c, ++seq);
		else if (*c == '-')
			take(taken);
		else
			nic_chains_move(&list, &other);
	}
	ck_assert_msg(strcmp(taken, rows[_i].taken) == 0, "%s: %s, not %s",
		      rows[_i].script, taken, rows[_i].taken);
	ck_assert_uint_eq(list.frames, rows[_i].frames);
	ck_assert_uint_eq(list.absorbed, rows[_i].absorbed);
}
END_TEST

/* All of `other` has gone over; it can be filled again. */
START_TEST(test_nic_chain_move_leaves_an_empty_list)
{
	nic_chains_put(&other, chain(1, 2), 2);
	other.absorbed = 3;
	nic_chains_move(&list, &other);
	ck_assert_ptr_null(other.head);
	ck_assert_ptr_null(other.tail);
	ck_assert_uint_eq(other.frames, 0);
	ck_assert_uint_eq(other.absorbed, 0);
	ck_assert_uint_eq(list.absorbed, 3);
}
END_TEST

/* The head describes the chain; each frame in it keeps its own header. */
START_TEST(test_nic_chain_head_covers_length_and_flags)
{
	struct mbuf *m = chain(1, 4);

	ck_assert_uint_eq(m->m_pkthdr.len, 4);
	ck_assert_uint_eq(m->m_pkthdr.th_flags, TH_ACK | TH_PUSH);
	ck_assert_uint_eq(m->m_next->m_pkthdr.th_seq, 2);
	ck_assert_uint_eq(m->m_next->m_pkthdr.th_flags, TH_ACK);
	ck_assert_uint_eq(nic_chain_frames(m), 4);
	ck_assert_uint_eq(nic_chain_frames(NULL), 0);
	m_freem(pool, m);
}
END_TEST

/* A frame of several mbufs is one frame, and the next goes behind its last. */
START_TEST(test_nic_chain_appends_behind_the_last_mbuf)
{
	struct mbuf *head = m_from_bytes(pool, (const uint8_t *)"abcd", 4, 9);
	struct mbuf *next = m_from_bytes(pool, (const uint8_t *)"e", 1, 0);
	struct mbuf *last = head;
	uint8_t byte;

	nic_chain_append(head, &last, next);
	ck_assert_ptr_eq(last, next);
	ck_assert_uint_eq(nic_chain_frames(head), 2);
	ck_assert_uint_eq(m_length(head), 14);
	ck_assert_uint_eq(head->m_pkthdr.len, 14);
	ck_assert(m_copydata(head, 13, 1, &byte));
	ck_assert_uint_eq(byte, 'e');
	m_freem(pool, head);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_chain_suite(void);

Suite *
nic_chain_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_chain_lists_keep_the_order, COUNT(rows)),
	    TEST(test_nic_chain_move_leaves_an_empty_list, 0),
	    TEST(test_nic_chain_head_covers_length_and_flags, 0),
	    TEST(test_nic_chain_appends_behind_the_last_mbuf, 0),
	};

	return suite_create_table("nic_chain", tests, (size_t)COUNT(tests),
				  setup, teardown, 0);
}
