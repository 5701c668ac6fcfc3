/*
 * test_tcp_input.c - TCP receive as scripts: segments in, bytes out.
 *
 * A segment's payload is a string: '?' is a byte that the capture cut off (only
 * at a packet's end), '|' begins the next packet of a merged chain.  What is
 * handed over is compared as a string of the same kind, without '|'.
 */
#include "engine/tcp_input.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "engine/mbuf.h"
#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

enum {
	STEPS_MAX = 9,
	TEXT_MAX = 64,
	LINE_BYTES = 128,
};

/* What a result may carry beside bytes. */
enum {
	OLD = 1,
	FIN = 2,
	RESET = 4,
	ACK = 8,
};

struct step {
	uint32_t seq;
	const char *payload;
	uint8_t flags; /* beside ACK */
	enum tcp_outcome outcome;
	const char *handed;
	uint32_t duplicate_bytes;
	unsigned marks;
};

struct script {
	const char *name;
	struct step steps[STEPS_MAX]; /* up to the first without payload */
};

static struct mbuf_pool *pool;
static struct tcpcb tcb;

static void
setup(void)
{
	pool = mbuf_pool_create(0);
	ck_assert_ptr_nonnull(pool);
	tcp_init(&tcb, pool);
}

static void
teardown(void)
{
	tcp_fini(&tcb);
	mbuf_pool_destroy(pool);
}

static struct mbuf *
make_packet(const char *text, size_t len, uint32_t seq, uint8_t flags)
{
	uint32_t known = (uint32_t)strcspn(text, "?|");
	struct mbuf *m = m_from_bytes(pool, (const uint8_t *)text, known,
				      (uint32_t)len - known);

	ck_assert_ptr_nonnull(m);
	m->m_pkthdr.th_seq = seq;
	m->m_pkthdr.th_flags = flags | TH_ACK;
	return m;
}

/* A packet, or a merged chain whose header describes the whole. */
static struct mbuf *
make_chain(const char *text, uint32_t seq, uint8_t flags)
{
	size_t len = strcspn(text, "|");
	struct mbuf *head = make_packet(text, len, seq, flags);

	while (text[len] == '|') {
		struct mbuf *m;

		text += len + 1;
		len = strcspn(text, "|");
		m = make_packet(text, len, seq + head->m_pkthdr.len, 0);
		m_last(head)->m_next = m;
		head->m_pkthdr.len += (uint32_t)len;
	}
	return head;
}

/* Bytes of a chain as text; checks and frees it. */
static void
read_chain(struct mbuf *m, char text[TEXT_MAX])
{
	uint32_t left = 0, seq = 0;
	size_t used = 0;

	ck_assert(m == NULL || m->m_flags & M_PKTHDR);
	for (; m != NULL; m = m_free(pool, m)) {
		ck_assert_ptr_null(m->m_nextpkt);
		if (m->m_flags & M_PKTHDR) {
			ck_assert_uint_eq(left, 0);
			ck_assert(used == 0 || m->m_pkthdr.th_seq == seq);
			left = m->m_pkthdr.len;
			seq = m->m_pkthdr.th_seq + left;
		}
		ck_assert(m->m_len > 0 && m->m_len <= left);
		left -= m->m_len;
		ck_assert_uint_lt(used + m->m_len, TEXT_MAX);
		ck_assert(!(m->m_flags & M_UNKNOWN) == (m->m_data != NULL));
		if (m->m_flags & M_UNKNOWN)
			memset(text + used, '?', m->m_len);
		else
			memcpy(text + used, m->m_data, m->m_len);
		used += m->m_len;
	}
	ck_assert_uint_eq(left, 0);
	text[used] = '\0';
}

/* The queue is sorted, disjoint, ahead of a hole, and counted right. */
static void
check_queue(const struct tcpcb *tp)
{
	uint32_t end = tp->rcv_nxt + 1, packets = 0;
	uint64_t bytes = 0;

	for (const struct mbuf *m = tp->t_segq; m != NULL; m = m->m_nextpkt) {
		ck_assert_int_ge((int32_t)(m->m_pkthdr.th_seq - end), 0);
		ck_assert_uint_gt(m->m_pkthdr.len, 0);
		ck_assert_uint_eq(m->m_pkthdr.len, m_length(m));
		end = m->m_pkthdr.th_seq + m->m_pkthdr.len;
		bytes += m->m_pkthdr.len;
		packets++;
		if (m->m_nextpkt == NULL)
			ck_assert_ptr_eq(m, tp->t_segq_last);
	}
	ck_assert_uint_eq(packets, tp->t_segqlen);
	ck_assert_uint_eq(bytes, tp->t_segqbytes);
}

static unsigned
result_marks(const struct tcp_result *result)
{
	return (result->old ? OLD : 0u) | (result->fin ? FIN : 0u) |
	       (result->reset ? RESET : 0u) | (result->ack_due ? ACK : 0u);
}

/* Segments that take no sequence space, and RST, are not acknowledged. */
static unsigned
expected_marks(const struct step *step)
{
	bool due =
	    (step->payload[0] != '\0' || step->flags & (TH_SYN | TH_FIN)) &&
	    !(step->flags & TH_RST) && !tcb.reset;

	return step->marks | (due ? ACK : 0u);
}

/* One line that tells all that a segment led to. */
static void
describe(char line[LINE_BYTES], const struct step *seen)
{
	static const char *const outcomes[] = {
	    [TCP_ACCEPTED] = "accepted",   [TCP_QUEUED] = "queued",
	    [TCP_DUPLICATE] = "duplicate", [TCP_PAST_CLOSE] = "past close",
	    [TCP_NOMEM] = "no memory",
	};

	snprintf(line, LINE_BYTES, "%s '%s' freed %u%s%s%s%s",
		 outcomes[seen->outcome], seen->handed, seen->duplicate_bytes,
		 seen->marks & OLD ? " old" : "",
		 seen->marks & FIN ? " fin" : "",
		 seen->marks & RESET ? " reset" : "",
		 seen->marks & ACK ? " ack" : "");
}

static void
run_step(const struct step *step, const char *script, uint64_t *offset)
{
	struct mbuf *m = make_chain(step->payload, step->seq, step->flags);
	struct step expected = *step, seen;
	char text[TEXT_MAX], want[LINE_BYTES], got[LINE_BYTES];
	struct tcp_result result;

	expected.marks = expected_marks(step);
	tcp_input(&tcb, m, &result);
	check_queue(&tcb);
	read_chain(result.in_order, text);
	seen = (struct step){
	    .outcome = result.outcome,
	    .handed = text,
	    .duplicate_bytes = result.duplicate_bytes,
	    .marks = result_marks(&result),
	};
	describe(want, &expected);
	describe(got, &seen);
	ck_assert_msg(strcmp(want, got) == 0, "%s, %u '%s': %s, expected %s",
		      script, step->seq, step->payload, got, want);
	ck_assert_uint_eq(result.in_order_bytes, strlen(step->handed));
	if (text[0] != '\0')
		ck_assert_uint_eq(result.in_order_offset, *offset);
	*offset += strlen(step->handed);
	ck_assert_uint_eq(tcb.rcv_offset, *offset);
	if (tcb.have_irs)
		ck_assert_uint_eq(tcb.rcv_nxt - tcb.irs - (uint32_t)*offset,
				  tcb.closed && tcb.have_fin);
}

static void
run_steps(const struct step *steps, size_t count, const char *script,
	  uint64_t *offset)
{
	for (size_t i = 0; i < count && steps[i].payload != NULL; i++)
		run_step(&steps[i], script, offset);
}

static void
run_script(const struct script *script)
{
	uint64_t offset = 0;

	run_steps(script->steps, STEPS_MAX, script->name, &offset);
}

#define A TCP_ACCEPTED
#define Q TCP_QUEUED
#define D TCP_DUPLICATE
#define P TCP_PAST_CLOSE

static const struct script order_scripts[] = {
    {"in order",
     {{100, "abc", 0, A, "abc", 0, 0},
      {103, "de", TH_PUSH, A, "de", 0, 0},
      {105, "", 0, A, "", 0, 0}}},
    {"a pure acknowledgement anywhere brings nothing",
     {{100, "abc", 0, A, "abc", 0, 0},
      {99, "", 0, A, "", 0, 0},
      {103, "", 0, A, "", 0, 0},
      {900, "", 0, A, "", 0, 0}}},
    {"one lost and sent again",
     {{100, "abc", 0, A, "abc", 0, 0},
      {106, "ghi", 0, Q, "", 0, 0},
      {109, "jkl", 0, Q, "", 0, 0},
      {103, "def", 0, A, "defghijkl", 0, 0},
      {112, "mno", 0, A, "mno", 0, 0}}},
    {"two swapped",
     {{100, "ab", 0, A, "ab", 0, 0},
      {104, "ef", 0, Q, "", 0, 0},
      {102, "cd", 0, A, "cdef", 0, 0}}},
    {"backwards",
     {{100, "a", 0, A, "a", 0, 0},
      {104, "e", 0, Q, "", 0, 0},
      {103, "d", 0, Q, "", 0, 0},
      {102, "c", 0, Q, "", 0, 0},
      {101, "b", 0, A, "bcde", 0, 0}}},
    {"two holes, the second filled first",
     {{100, "a", 0, A, "a", 0, 0},
      {102, "c", 0, Q, "", 0, 0},
      {104, "e", 0, Q, "", 0, 0},
      {106, "g", 0, Q, "", 0, 0},
      {103, "d", 0, Q, "", 0, 0},
      {101, "b", 0, A, "bcde", 0, 0},
      {105, "f", 0, A, "fg", 0, 0}}},
    {"holes filled at both ends by turns",
     {{100, "a", 0, A, "a", 0, 0},
      {103, "d", 0, Q, "", 0, 0},
      {106, "g", 0, Q, "", 0, 0},
      {104, "e", 0, Q, "", 0, 0},
      {107, "h", 0, Q, "", 0, 0},
      {105, "f", 0, Q, "", 0, 0},
      {102, "c", 0, Q, "", 0, 0},
      {101, "b", 0, A, "bcdefgh", 0, 0}}},
    {"across sequence number zero",
     {{0xfffffffe, "ab", 0, A, "ab", 0, 0},
      {0, "cd", 0, A, "cd", 0, 0},
      {0xfffffffe, "ab", 0, D, "", 2, OLD}}},
    {"a packet over sequence number zero, behind a hole",
     {{0xfffffff0, "ab", 0, A, "ab", 0, 0},
      {0xfffffffd, "nopqrs", 0, Q, "", 0, 0},
      {2, "stuvw", 0, Q, "", 1, 0},
      {0xfffffff2, "cdefghijklm", 0, A, "cdefghijklmnopqrstuvw", 0, 0}}},
    {"cut-off bytes travel as lengths",
     {{100, "ab??", 0, A, "ab??", 0, 0},
      {107, "???", 0, Q, "", 0, 0},
      {104, "efg", 0, A, "efg???", 0, 0},
      {108, "i????", 0, A, "???", 2, 0}}},
};

/* "abc" at 100 has been handed over, "ghi" at 106 waits. */
static const struct step overlap_before[] = {
    {100, "abc", 0, A, "abc", 0, 0},
    {106, "ghi", 0, Q, "", 0, 0},
};

static const struct script overlap_scripts[] = {
    {"old, exactly", {{100, "ABC", 0, D, "", 3, OLD}}},
    {"old, the front of it", {{100, "AB", 0, D, "", 2, OLD}}},
    {"a keep-alive: one old byte", {{102, "C", 0, D, "", 1, OLD}}},
    {"from before the beginning", {{90, "0123456789", 0, D, "", 10, OLD}}},
    {"from before the beginning into the hole",
     {{98, "yzABCd", 0, A, "d", 5, 0}, {104, "ef", 0, A, "efghi", 0, 0}}},
    {"old with new bytes behind, up to the queue",
     {{101, "BCdef", 0, A, "defghi", 2, 0}}},
    {"queued, exactly",
     {{106, "GHI", 0, D, "", 3, 0}, {103, "def", 0, A, "defghi", 0, 0}}},
    {"queued, the middle of it",
     {{107, "H", 0, D, "", 1, 0}, {103, "def", 0, A, "defghi", 0, 0}}},
    {"into the queue from the left, not closing the hole",
     {{105, "fGH", 0, Q, "", 2, 0}, {103, "de", 0, A, "defghi", 0, 0}}},
    {"out of the queue to the right",
     {{107, "HIjk", 0, Q, "", 2, 0}, {103, "def", 0, A, "defghijk", 0, 0}}},
    {"over the queue on both sides",
     {{105, "fGHIj", 0, Q, "", 3, 0}, {103, "de", 0, A, "defghij", 0, 0}}},
    {"hole, queue and more at once",
     {{103, "defGHIjk", 0, A, "defghijk", 3, 0}}},
    {"old, hole, queue and more at once",
     {{100, "ABCdefGHIjk", 0, A, "defghijk", 6, 0}}},
    {"over two queued with a gap between",
     {{111, "lm", 0, Q, "", 0, 0},
      {105, "fGHIjkLMn", 0, Q, "", 5, 0},
      {103, "de", 0, A, "defghijklmn", 0, 0}}},
    {"between two queued that touch it",
     {{111, "lm", 0, Q, "", 0, 0},
      {109, "jk", 0, Q, "", 0, 0},
      {103, "def", 0, A, "defghijklm", 0, 0}}},
    {"over three queued, from the hole",
     {{110, "k", 0, Q, "", 0, 0},
      {112, "m", 0, Q, "", 0, 0},
      {103, "defGHIjKlM", 0, A, "defghijklm", 5, 0}}},
    {"cut-off bytes yield to the first copy too",
     {{103, "d?????????", 0, A, "d??ghi????", 3, 0}}},
    {"cut between two mbufs, at the queue and behind it",
     {{104, "ef?????", 0, Q, "", 3, 0}, {103, "d", 0, A, "defghi??", 0, 0}}},
    {"the first copy wins though it was cut off",
     {{109, "??", 0, Q, "", 0, 0},
      {108, "Ijkl", 0, Q, "", 3, 0},
      {103, "def", 0, A, "defghi??l", 0, 0}}},
};

static const struct script merged_scripts[] = {
    {"in order", {{103, "d|e|f", 0, A, "defghi", 0, 0}}},
    {"behind the hole",
     {{109, "jk|l", 0, Q, "", 0, 0}, {103, "def", 0, A, "defghijkl", 0, 0}}},
    {"straddles rcv_nxt at a packet's end", {{101, "BC|de", 0, A, "de", 2, 0}}},
    {"straddles rcv_nxt inside a packet", {{100, "A|BCd|e", 0, A, "de", 3, 0}}},
    {"straddles the queue",
     {{104, "e|fG|HIj|k", 0, Q, "", 3, 0}, {103, "d", 0, A, "defghijk", 0, 0}}},
    {"wholly old", {{100, "A|BC", 0, D, "", 3, OLD}}},
    {"with a FIN in the last",
     {{103, "d|e|f", 0, A, "defghi", 0, 0},
      {109, "j|k", TH_FIN, A, "jk", 0, FIN}}},
};

static const struct script close_scripts[] = {
    {"SYN, data, FIN",
     {{99, "", TH_SYN, A, "", 0, 0},
      {100, "abc", 0, A, "abc", 0, 0},
      {103, "", TH_FIN, A, "", 0, FIN},
      {104, "", 0, A, "", 0, 0}}},
    {"SYN with data",
     {{99, "abc", TH_SYN, A, "abc", 0, 0},
      {99, "ABC", TH_SYN, D, "", 3, OLD},
      {103, "d", 0, A, "d", 0, 0}}},
    {"SYN twice, the second with data",
     {{99, "", TH_SYN, A, "", 0, 0},
      {99, "", TH_SYN, D, "", 0, OLD},
      {99, "abc", TH_SYN, A, "abc", 0, 0}}},
    {"SYN behind the data that it introduces",
     {{100, "abc", 0, A, "abc", 0, 0},
      {99, "", TH_SYN, A, "", 0, 0},
      {99, "", TH_SYN, D, "", 0, OLD}}},
    {"SYN in mid-stream",
     {{99, "", TH_SYN, A, "", 0, 0},
      {100, "abc", 0, A, "abc", 0, 0},
      {102, "XY", TH_SYN, D, "", 2, 0},
      {103, "d", 0, A, "d", 0, 0}}},
    {"FIN with data, and again",
     {{100, "abc", TH_FIN, A, "abc", 0, FIN},
      {100, "ABC", TH_FIN, D, "", 3, OLD},
      {103, "", TH_FIN, D, "", 0, OLD}}},
    {"FIN ahead of a hole",
     {{100, "abc", 0, A, "abc", 0, 0},
      {106, "", TH_FIN, A, "", 0, 0},
      {106, "", TH_FIN, D, "", 0, 0},
      {103, "def", 0, A, "def", 0, FIN}}},
    {"FIN with data ahead of a hole",
     {{100, "abc", 0, A, "abc", 0, 0},
      {106, "ghi", TH_FIN, Q, "", 0, 0},
      {103, "def", 0, A, "defghi", 0, FIN}}},
    {"FIN on data that came without it",
     {{100, "abc", 0, A, "abc", 0, 0}, {100, "ABC", TH_FIN, A, "", 3, FIN}}},
    {"FIN first of all", {{100, "", TH_FIN, A, "", 0, FIN}}},
    {"bytes past a FIN",
     {{100, "abc", TH_FIN, A, "abc", 0, FIN},
      {103, "x", 0, P, "", 1, 0},
      {104, "x", 0, P, "", 1, 0},
      {102, "Cx", 0, P, "", 2, 0},
      {102, "C", 0, D, "", 1, OLD},
      {104, "", TH_FIN, P, "", 0, 0}}},
    {"bytes past a FIN that waits",
     {{100, "abc", 0, A, "abc", 0, 0},
      {106, "", TH_FIN, A, "", 0, 0},
      {107, "x", 0, P, "", 1, 0},
      {105, "fx", 0, Q, "", 1, 0},
      {103, "deFxx", 0, A, "def", 3, FIN}}},
    {"FIN below bytes that are there",
     {{100, "abc", 0, A, "abc", 0, 0},
      {106, "gh", 0, Q, "", 0, 0},
      {104, "e", TH_FIN, Q, "", 0, 0},
      {102, "", TH_FIN, D, "", 0, OLD},
      {103, "d", 0, A, "de", 0, 0},
      {105, "f", 0, A, "fgh", 0, 0}}},
    {"a second FIN further on",
     {{100, "abc", 0, A, "abc", 0, 0},
      {104, "", TH_FIN, A, "", 0, 0},
      {105, "", TH_FIN, P, "", 0, 0},
      {103, "d", 0, A, "d", 0, FIN}}},
    {"FIN at sequence number zero",
     {{0xfffffffd, "abc", TH_FIN, A, "abc", 0, FIN},
      {0, "x", 0, P, "", 1, 0},
      {1, "", 0, A, "", 0, 0}}},
    {"a gigabyte ahead, and more",
     {{100, "abc", 0, A, "abc", 0, 0},
      {103 + (1u << 30) + 1, "x", 0, D, "", 1, 0},
      {103 + (1u << 30) + 1, "", TH_FIN, D, "", 0, 0},
      {103 + (1u << 30), "x", 0, Q, "", 0, 0},
      {103, "d", 0, A, "d", 0, 0}}},
};

static const struct script reset_scripts[] = {
    {"RST at rcv_nxt",
     {{100, "abc", 0, A, "abc", 0, 0},
      {103, "", TH_RST, A, "", 0, RESET},
      {103, "d", 0, P, "", 1, 0},
      {100, "abc", 0, P, "", 3, 0},
      {103, "", 0, P, "", 0, 0},
      {103, "", TH_RST, P, "", 0, 0}}},
    {"RST at the window's end",
     {{100, "abc", 0, A, "abc", 0, 0},
      {103 + 65535, "", TH_RST, A, "", 0, RESET}}},
    {"RST behind the window",
     {{100, "abc", 0, A, "abc", 0, 0},
      {103 + 65536, "", TH_RST, D, "", 0, 0},
      {103, "d", 0, A, "d", 0, 0}}},
    {"RST below rcv_nxt",
     {{100, "abc", 0, A, "abc", 0, 0},
      {102, "", TH_RST, D, "", 0, 0},
      {103, "d", 0, A, "d", 0, 0}}},
    {"RST with a hole in front; what was queued stays",
     {{100, "abc", 0, A, "abc", 0, 0},
      {106, "ghi", 0, Q, "", 0, 0},
      {109, "", TH_RST, A, "", 0, RESET},
      {103, "def", 0, P, "", 3, 0}}},
    {"RST with bytes: they do not count",
     {{100, "abc", 0, A, "abc", 0, 0}, {103, "bye", TH_RST, A, "", 3, RESET}}},
    {"RST after a FIN",
     {{100, "abc", TH_FIN, A, "abc", 0, FIN},
      {104, "", TH_RST, A, "", 0, RESET}}},
    {"RST before the stream has begun",
     {{100, "", TH_RST, D, "", 0, 0}, {300, "abc", 0, A, "abc", 0, 0}}},
};

#undef A
#undef Q
#undef D
#undef P

START_TEST(test_tcp_input_hands_over_in_order)
{
	run_script(&order_scripts[_i]);
}
END_TEST

static void
run_after_overlap_before(const struct script *script)
{
	uint64_t offset = 0;

	run_steps(overlap_before, 2, script->name, &offset);
	run_steps(script->steps, STEPS_MAX, script->name, &offset);
}

START_TEST(test_tcp_input_first_copy_of_a_byte_wins)
{
	run_after_overlap_before(&overlap_scripts[_i]);
}
END_TEST

START_TEST(test_tcp_input_takes_merged_chains_apart)
{
	run_after_overlap_before(&merged_scripts[_i]);
}
END_TEST

START_TEST(test_tcp_input_begins_and_ends_the_stream)
{
	run_script(&close_scripts[_i]);
}
END_TEST

START_TEST(test_tcp_input_believes_rst_inside_the_window)
{
	run_script(&reset_scripts[_i]);
}
END_TEST

/* A packet of len bytes that nobody has. */
static enum tcp_outcome
input_unknown(uint32_t seq, uint32_t len, uint64_t *handed)
{
	struct mbuf *m = m_from_bytes(pool, NULL, 0, len);
	struct tcp_result result;

	ck_assert_ptr_nonnull(m);
	m->m_pkthdr.th_seq = seq;
	m->m_pkthdr.th_flags = TH_ACK;
	tcp_input(&tcb, m, &result);
	m_freem(pool, result.in_order);
	*handed += result.in_order_bytes;
	return result.outcome;
}

/* Ten gigabytes, with every other packet swapped. */
START_TEST(test_tcp_input_stream_offset_passes_four_gigabytes)
{
	const uint32_t len = 1u << 29;
	uint32_t seq = 0xdeadbeef;
	uint64_t handed = 0;

	tcp_set_irs(&tcb, seq);
	for (int i = 0; i < 10; i++, seq += 2 * len) {
		ck_assert_int_eq(input_unknown(seq + len, len, &handed),
				 TCP_QUEUED);
		ck_assert_int_eq(input_unknown(seq, len, &handed),
				 TCP_ACCEPTED);
		ck_assert_int_eq(input_unknown(seq, 2 * len - 1, &handed),
				 TCP_DUPLICATE);
	}
	ck_assert_uint_eq(handed, UINT64_C(10) << 30);
	ck_assert_uint_eq(tcb.rcv_offset, UINT64_C(10) << 30);
	ck_assert_uint_eq(tcb.rcv_nxt, seq);
}
END_TEST

/* A capture that lost one byte: the rest stays in its place behind the hole. */
START_TEST(test_tcp_input_ten_gigabytes_behind_a_hole)
{
	const uint32_t len = 1u << 29;
	uint32_t seq = 1001;
	uint64_t handed = 0;
	struct tcp_hole hole;

	tcp_set_irs(&tcb, 1000);
	for (int i = 0; i < 20; i++, seq += len)
		ck_assert_int_eq(input_unknown(seq, len, &handed), TCP_QUEUED);
	ck_assert_int_eq(input_unknown(seq - len, len, &handed), TCP_DUPLICATE);
	ck_assert_int_eq(input_unknown(seq + 1, 5, &handed), TCP_QUEUED);
	ck_assert_int_eq(input_unknown(seq - 7, 8, &handed), TCP_QUEUED);
	ck_assert(tcp_first_hole(&tcb, &hole));
	ck_assert_uint_eq(hole.offset, 0);
	ck_assert_uint_eq(hole.bytes, 1);
	ck_assert_uint_eq(hole.bytes_behind, (UINT64_C(10) << 30) + 6);
	ck_assert_uint_eq(handed, 0);
}
END_TEST

/*
 * Two long runs behind holes of which the first is never filled, then the
 * second hole filled in order: a walk from the front for each packet would
 * take minutes.
 */
START_TEST(test_tcp_input_long_runs_behind_holes_are_not_walked)
{
	enum { RUN = 100000 };
	uint64_t handed = 0;

	tcp_set_irs(&tcb, 0);
	for (uint32_t i = 0; i < RUN; i++)
		input_unknown(1 + i, 1, &handed);
	for (uint32_t i = 0; i < RUN; i++)
		input_unknown(1 + 2 * RUN + i, 1, &handed);
	for (uint32_t i = 0; i < RUN; i++) {
		input_unknown(1 + RUN + i, 1, &handed);
		input_unknown(1 + 3 * RUN + i, 1, &handed);
	}
	ck_assert_uint_eq(tcb.t_segqlen, 4 * RUN);
	input_unknown(0, 1, &handed);
	ck_assert_uint_eq(handed, 1 + 4 * RUN);
}
END_TEST

struct hole_row {
	struct step steps[4];
	bool noted; /* the receiver acknowledged */
	uint32_t acks[2];
	bool found;
	struct tcp_hole hole;
};

static const struct hole_row hole_rows[] = {
    {.steps = {{100, "abc", 0, TCP_ACCEPTED, "abc", 0, 0}}},
    {.steps = {{100, "abc", TH_FIN, TCP_ACCEPTED, "abc", 0, FIN}}},
    {.steps = {{100, "abc", 0, TCP_ACCEPTED, "abc", 0, 0},
	       {107, "h", 0, TCP_QUEUED, "", 0, 0},
	       {109, "jk", 0, TCP_QUEUED, "", 0, 0}},
     .found = true,
     .hole = {3, 4, 3, false}},
    {.steps = {{100, "abc", 0, TCP_ACCEPTED, "abc", 0, 0},
	       {107, "h", 0, TCP_QUEUED, "", 0, 0}},
     .noted = true,
     .acks = {106, 106},
     .found = true,
     .hole = {3, 4, 1, false}},
    {.steps = {{100, "abc", 0, TCP_ACCEPTED, "abc", 0, 0},
	       {107, "h", 0, TCP_QUEUED, "", 0, 0}},
     .noted = true,
     .acks = {107, 103},
     .found = true,
     .hole = {3, 4, 1, true}},
    {.steps = {{0xfffffffd, "abc", 0, TCP_ACCEPTED, "abc", 0, 0},
	       {2, "f", 0, TCP_QUEUED, "", 0, 0}},
     .noted = true,
     .acks = {0xffffffff, 3},
     .found = true,
     .hole = {3, 2, 1, true}},
    {.steps = {{100, "abc", 0, TCP_ACCEPTED, "abc", 0, 0},
	       {105, "", TH_FIN, TCP_ACCEPTED, "", 0, 0}},
     .found = true,
     .hole = {3, 2, 0, false}},
    {.steps = {{100, "abc", 0, TCP_ACCEPTED, "abc", 0, 0},
	       {105, "f", 0, TCP_QUEUED, "", 0, 0},
	       {104, "", TH_RST, TCP_ACCEPTED, "", 0, RESET}},
     .found = true,
     .hole = {3, 2, 1, false}},
};

START_TEST(test_tcp_first_hole_is_what_is_missing)
{
	const struct hole_row *row = &hole_rows[_i];
	struct tcp_hole hole;
	uint64_t offset = 0;

	ck_assert(!tcp_first_hole(&tcb, &hole));
	run_steps(row->steps, 4, "hole", &offset);
	for (int i = 0; row->noted && i < 2; i++)
		tcp_note_ack(&tcb, row->acks[i]);
	ck_assert(tcp_first_hole(&tcb, &hole) == row->found);
	if (!row->found)
		return;
	ck_assert_uint_eq(hole.offset, row->hole.offset);
	ck_assert_uint_eq(hole.bytes, row->hole.bytes);
	ck_assert_uint_eq(hole.bytes_behind, row->hole.bytes_behind);
	ck_assert(hole.acked == row->hole.acked);
}
END_TEST

/* In mid-stream the first packet begins, wherever the receiver stands. */
START_TEST(test_tcp_input_begins_at_the_first_packet)
{
	static const uint32_t acks[] = {100, 90, 110, 100 - (1u << 30)};
	static const struct step steps[] = {
	    {100, "", 0, TCP_ACCEPTED, "", 0, 0},
	    {100, "abc", 0, TCP_ACCEPTED, "abc", 0, 0},
	    {97, "xyz", 0, TCP_DUPLICATE, "", 3, OLD},
	};
	uint64_t offset = 0;

	tcp_note_ack(&tcb, acks[_i]);
	run_steps(steps, 3, "mid-stream", &offset);
	ck_assert_uint_eq(tcb.irs, 100);
	/* Only the first beginning counts. */
	tcp_set_irs(&tcb, 7);
	ck_assert_uint_eq(tcb.rcv_nxt, 103);
}
END_TEST

/* A receiver that has seen nothing stands at 0 too, and knows no stream. */
START_TEST(test_tcp_input_first_packet_may_have_number_0)
{
	static const struct step steps[] = {
	    {0, "abc", 0, TCP_ACCEPTED, "abc", 0, 0},
	    {3, "def", 0, TCP_ACCEPTED, "def", 0, 0},
	    {0, "xyz", 0, TCP_DUPLICATE, "", 3, OLD},
	};
	uint64_t offset = 0;

	run_steps(steps, 3, "from 0", &offset);
	ck_assert_uint_eq(tcb.irs, 0);
	ck_assert(tcb.have_irs);
}
END_TEST

/* With the SYN seen elsewhere, lost bytes at the beginning are a hole. */
START_TEST(test_tcp_set_irs_makes_a_hole_of_a_lost_first_packet)
{
	static const struct step steps[] = {
	    {103, "def", 0, TCP_QUEUED, "", 0, 0},
	    {99, "", TH_SYN, TCP_ACCEPTED, "", 0, 0},
	    {100, "abc", 0, TCP_ACCEPTED, "abcdef", 0, 0},
	};
	uint64_t offset = 0;

	tcp_set_irs(&tcb, 100);
	run_steps(steps, 3, "known beginning", &offset);
}
END_TEST

/*
 * A packet that must be cut in three.  Whichever request fails, nothing of it
 * is taken, and sent again it finds everything as it was.
 */
START_TEST(test_tcp_input_without_memory_takes_nothing)
{
	static const struct step before[] = {
	    {100, "abc", 0, TCP_ACCEPTED, "abc", 0, 0},
	    {106, "g", 0, TCP_QUEUED, "", 0, 0},
	    {109, "j", 0, TCP_QUEUED, "", 0, 0},
	};
	static const struct step failed = {
	    104, "e|fGhiJk|l", 0, TCP_NOMEM, "", 8, 0};
	static const struct step again[] = {
	    {104, "e|fGhiJk|l", TH_FIN, TCP_QUEUED, "", 2, 0},
	    {103, "d", 0, TCP_ACCEPTED, "defghijkl", 0, FIN},
	};
	const uint64_t requests = 2; /* one for each cut */
	uint64_t offset = 0;

	run_steps(before, 3, "before", &offset);
	for (uint64_t n = 1; n <= requests; n++) {
		struct mbuf *m = make_chain(failed.payload, failed.seq, TH_FIN);
		struct tcp_result result;

		mbuf_pool_fail_after(pool, n);
		tcp_input(&tcb, m, &result);
		mbuf_pool_fail_after(pool, 0);
		ck_assert_int_eq(result.outcome, TCP_NOMEM);
		ck_assert_uint_eq(result.duplicate_bytes, 8);
		ck_assert_ptr_null(result.in_order);
		ck_assert_uint_eq(tcb.t_segqlen, 2);
		ck_assert_uint_eq(tcb.t_segqbytes, 2);
		check_queue(&tcb);
	}
	run_steps(again, 2, "again", &offset);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *tcp_input_suite(void);

Suite *
tcp_input_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_tcp_input_hands_over_in_order, COUNT(order_scripts)),
	    TEST(test_tcp_input_first_copy_of_a_byte_wins,
		 COUNT(overlap_scripts)),
	    TEST(test_tcp_input_takes_merged_chains_apart,
		 COUNT(merged_scripts)),
	    TEST(test_tcp_input_begins_and_ends_the_stream,
		 COUNT(close_scripts)),
	    TEST(test_tcp_input_believes_rst_inside_the_window,
		 COUNT(reset_scripts)),
	    TEST(test_tcp_input_begins_at_the_first_packet, 4),
	    TEST(test_tcp_input_first_packet_may_have_number_0, 0),
	    TEST(test_tcp_set_irs_makes_a_hole_of_a_lost_first_packet, 0),
	    TEST(test_tcp_input_stream_offset_passes_four_gigabytes, 0),
	    TEST(test_tcp_input_ten_gigabytes_behind_a_hole, 0),
	    TEST(test_tcp_input_long_runs_behind_holes_are_not_walked, 0),
	    TEST(test_tcp_first_hole_is_what_is_missing, COUNT(hole_rows)),
	    TEST(test_tcp_input_without_memory_takes_nothing, 0),
	};

	return suite_create_table("tcp_input", tests, (size_t)COUNT(tests),
				  setup, teardown, 0);
}
