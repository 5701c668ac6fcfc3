/*
 * test_sockbuf.c - appending, coalescing and accounting of a receive buffer.
 *
 * sbcheck recounts both chains after every step; contents are compared with a
 * flat array of bytes.
 */
#include "engine/sockbuf.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "engine/effects.h"
#include "engine/mbuf.h"
#include "tests/support/rx_fixture.h"
#include "tests/support/suite_table.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

static struct rx_fixture fx;
static struct sockbuf *const sb = &fx.so.so_rcv;
static uint8_t flat[65536];

static void
setup(void)
{
	struct ktls_key key = rx_key(TLS_1_2, TLS_CIPHER_AES_GCM, 16, 1);

	rx_init(&fx, &key, KTLS_CRYPTO_MODEL);
	for (size_t i = 0; i < sizeof(flat); i++)
		flat[i] = (uint8_t)(i * 31 + i / 251);
}

static void
teardown(void)
{
	rx_fini(&fx);
}

static uint32_t
count_mbufs(const struct mbuf *m)
{
	uint32_t count = 0;

	for (; m != NULL; m = m->m_next)
		count++;
	return count;
}

static struct mbuf *
packet(uint32_t off, uint32_t len, uint32_t csum_flags)
{
	struct mbuf *m = m_from_bytes(fx.pool, flat + off, len, 0);

	m->m_pkthdr.csum_flags = csum_flags;
	return m;
}

START_TEST(test_sockbuf_memory_limit_is_eight_times_the_bytes_up_to_2_mib)
{
	struct sockbuf other;

	sb_init(&other, fx.pool, 65536);
	ck_assert_uint_eq(other.sb_mbmax, 524288);
	sb_init(&other, fx.pool, 4u << 20);
	ck_assert_uint_eq(other.sb_mbmax, 2097152);
	ck_assert_uint_eq(other.sb_lowat, 1);
	ck_assert_int_eq(sbspace(&other), 2097152);
	sbcheck(&other);
	sb_fini(&other);
}
END_TEST

/* A second packet behind a first one: one mbuf or two? */
struct coalesce_row {
	uint32_t first;	 /* bytes */
	uint32_t second; /* bytes */
	uint32_t first_flags;
	uint32_t second_flags; /* csum_flags */
	bool shared;	       /* the first one's cluster is */
	uint32_t mbufs;
};

#define DEC CSUM_TLS_DECRYPTED

static const struct coalesce_row coalesce_rows[] = {
    {1448, 1, 0, 0, false, 1},
    {1448, 512, 0, 0, false, 1},
    {1448, 513, 0, 0, false, 2},
    {1536, 512, 0, 0, false, 1},
    {1537, 512, 0, 0, false, 2},
    {1448, 100, DEC, DEC, false, 1},
    {1448, 100, 0, DEC, false, 2},
    {1448, 100, DEC, 0, false, 2},
    {1448, 100, CSUM_TLS_MASK, 0, false, 1},
    {1448, 100, 0, 0, true, 2},
    {10, 100, 0, 0, false, 1},
    {100, MLEN - 100, 0, 0, false, 1},
    {100, MLEN - 99, 0, 0, false, 2},
};

static void
coalesce_case(const struct coalesce_row *row, bool tls)
{
	struct mbuf *m = packet(0, row->first, row->first_flags);
	struct mbuf *other = row->shared ? m_split_ref(fx.pool, m, 0) : NULL;
	uint32_t len = row->first + row->second;
	uint8_t copy[4096];

	sbappendstream(sb, m);
	sbcheck(sb);
	sbappendstream(sb, packet(row->first, row->second, row->second_flags));
	sbcheck(sb);
	m = tls ? sb->sb_mtls : sb->sb_mb;
	ck_assert_uint_eq(count_mbufs(m), row->mbufs);
	ck_assert(((m->m_flags & M_DECRYPTED) != 0) ==
		  (row->first_flags == DEC));
	ck_assert(m_copydata(m, 0, len, copy));
	ck_assert_mem_eq(copy, flat, len);
	ck_assert_uint_eq(sb->sb_ccc, len);
	ck_assert_uint_eq(sb->sb_acc, tls ? 0 : len);
	ck_assert_uint_eq(sb->sb_tlscc, tls ? len : 0);
	sbflush(sb);
	m_freem(fx.pool, other);
}

START_TEST(test_sockbuf_plain_append_coalesces_where_sbcompress_does)
{
	coalesce_case(&coalesce_rows[_i], false);
}
END_TEST

START_TEST(test_sockbuf_tls_append_coalesces_where_sbcompress_does)
{
	rx_enable(&fx);
	/* The pattern looks like a long record: nothing is queued. */
	flat[3] = 0x20;
	coalesce_case(&coalesce_rows[_i], true);
}
END_TEST

START_TEST(test_sockbuf_unknown_bytes_never_coalesce_but_count)
{
	rx_feed_cut(&fx, flat, 60, 1388);
	rx_feed_cut(&fx, flat + 60, 40, 0);
	rx_feed_cut(&fx, NULL, 0, 10);
	ck_assert_uint_eq(count_mbufs(sb->sb_mb), 4);
	ck_assert_uint_eq(sb->sb_acc, 1498);
	ck_assert_uint_eq(sb->sb_mbcnt, 4 * MSIZE);
	sbdrop(sb, 1000);
	sbcheck(sb);
	ck_assert_uint_eq(sb->sb_acc, 498);
}
END_TEST

START_TEST(test_sockbuf_append_never_allocates)
{
	struct mbuf *m = packet(0, 1448, 0);
	struct mbuf_pool_stats stats;

	m->m_next = packet(1448, 300, 0);
	mbuf_pool_fail_after(fx.pool, 1);
	ck_assert_uint_eq(sbappendstream(sb, m), ENGINE_WAKE_READER);
	mbuf_pool_read_stats(fx.pool, &stats);
	ck_assert_uint_eq(stats.refused, 0);
	mbuf_pool_fail_after(fx.pool, 0);
	sbcheck(sb);
}
END_TEST

START_TEST(test_sockbuf_merged_packets_keep_their_own_marks)
{
	struct mbuf *m = packet(0, 1000, DEC);

	rx_enable(&fx);
	m->m_next = packet(1000, 1000, 0);
	m->m_next->m_next = packet(2000, 0, DEC);
	m->m_next->m_next->m_next = packet(2000, 1000, DEC);
	flat[3] = 0x20;
	sbappendstream(sb, m);
	sbcheck(sb);
	ck_assert_uint_eq(count_mbufs(sb->sb_mtls), 3);
	ck_assert_uint_ne(sb->sb_mtls->m_flags & M_DECRYPTED, 0);
	ck_assert_uint_eq(sb->sb_mtls->m_next->m_flags & M_DECRYPTED, 0);
	ck_assert_uint_ne(sb->sb_mtlstail->m_flags & M_DECRYPTED, 0);
}
END_TEST

START_TEST(test_sockbuf_append_after_the_end_of_stream_is_freed)
{
	struct mbuf_pool_stats stats;

	socantrcvmore(&fx.so);
	ck_assert_uint_eq(sbappendstream(sb, packet(0, 100, 0)), 0);
	mbuf_pool_read_stats(fx.pool, &stats);
	ck_assert_uint_eq(stats.mbufs, 0);
	ck_assert_uint_eq(sb->sb_ccc, 0);
}
END_TEST

START_TEST(test_sockbuf_append_while_running_queues_once)
{
	uint8_t wire[64];
	size_t len;

	rx_enable(&fx);
	len = rx_record(&fx, 23, flat, 10, 0, wire);
	rx_feed(&fx, wire, len - 1);
	ck_assert_uint_eq(fx.effects, ENGINE_WAKE_READER);
	rx_feed(&fx, wire + len - 1, 1);
	ck_assert_uint_eq(fx.effects, ENGINE_WAKE_READER | ENGINE_QUEUE_WORK);
	fx.effects = 0;
	len = rx_record(&fx, 23, flat, 10, 0, wire);
	rx_feed(&fx, wire, len);
	ck_assert_uint_eq(fx.effects, ENGINE_WAKE_READER);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DRY);
	ck_assert_uint_eq(fx.effects, ENGINE_WAKE_READER);
}
END_TEST

START_TEST(test_sockbuf_mark_notready_moves_the_whole_plain_chain)
{
	rx_feed(&fx, flat, 1448);
	rx_feed(&fx, flat + 1448, 1448);
	sb_mark_notready(sb);
	sb->sb_flags |= SB_TLS_RX;
	ck_assert_ptr_null(sb->sb_mb);
	ck_assert_uint_eq(sb->sb_acc, 0);
	ck_assert_uint_eq(sb->sb_tlscc, 2896);
	ck_assert_uint_eq(sb->sb_ccc, 2896);
	ck_assert_uint_eq(sb->sb_mbcnt, 2 * (MSIZE + MCLBYTES));
	ck_assert_uint_ne(sb->sb_mtlstail->m_flags & M_NOTREADY, 0);
	sb->sb_flags &= ~SB_TLS_RX;
}
END_TEST

/* Records of 24 + 100, 24 + 0 and 24 + 3000 (1448, 1448, 104) bytes. */
static void
append_three_records(void)
{
	const struct tls_get_record head = {.tls_type = 23};
	const uint32_t lengths[] = {100, 0, 3000};

	for (int i = 0; i < COUNT(lengths); i++) {
		struct mbuf *control = m_get(fx.pool, MT_CONTROL);
		struct mbuf *data = NULL, **link = &data;

		so_control_write(control, &head);
		for (uint32_t off = 0; off < lengths[i]; off += 1448) {
			uint32_t left = lengths[i] - off;

			*link = packet(off, left < 1448 ? left : 1448, 0);
			(*link)->m_flags &= (uint16_t)~M_PKTHDR;
			link = &(*link)->m_next;
		}
		sbappendcontrol(sb, control, data);
		sbcheck(sb);
	}
}

START_TEST(test_sockbuf_records_are_linked_and_marked)
{
	const struct mbuf *m;

	append_three_records();
	ck_assert_uint_eq(sb->sb_acc, 3 * 24 + 3100);
	ck_assert_uint_eq(sb->sb_ctl, 3 * 24);
	m = sb->sb_mb;
	ck_assert_uint_ne(m->m_next->m_flags & M_EOR, 0);
	ck_assert_ptr_null(m->m_nextpkt->m_next);
	ck_assert_ptr_eq(m->m_nextpkt->m_nextpkt, sb->sb_lastrecord);
	ck_assert_uint_eq(sb->sb_lastrecord->m_next->m_flags & M_EOR, 0);
	ck_assert_uint_ne(sb->sb_mbtail->m_flags & M_EOR, 0);
}
END_TEST

START_TEST(test_sockbuf_drop_of_every_length_keeps_the_invariants)
{
	const uint32_t total = 3 * 24 + 3100;

	/* A control mbuf is taken whole: FreeBSD never cuts one. */
	for (uint32_t len = 0; len <= total; len++) {
		if ((len > 0 && len < 24) || (len > 124 && len < 148) ||
		    (len > 148 && len < 172))
			continue;
		append_three_records();
		sbdrop(sb, len);
		sbcheck(sb);
		ck_assert_uint_eq(sb->sb_acc, total - len);
		sbflush(sb);
		sbcheck(sb);
	}
}
END_TEST

START_TEST(test_sockbuf_flush_disowns_a_detached_record)
{
	uint8_t wire[3000];
	struct ktls_rx_job job;
	unsigned effects;
	size_t len;

	rx_enable(&fx);
	len = rx_record(&fx, 23, flat, 1000, 0, wire);
	rx_feed(&fx, wire, len);
	rx_feed(&fx, wire, 100);
	ck_assert_int_eq(ktls_rx_begin(&fx.so, &job, &fx.counters, &effects),
			 KTLS_RX_RECORD);
	ck_assert_uint_eq(sb->sb_tlsdcc, len);
	ck_assert_uint_eq(sb->sb_ccc, len + 100);
	sbflush(sb);
	sbcheck(sb);
	ck_assert_uint_eq(sb->sb_tlsdcc, 0);
	ck_assert_uint_eq(m_length(job.record), len);
	ktls_rx_crypt(&job);
	ck_assert_uint_eq(
	    ktls_rx_finish(&fx.so, &job, &fx.counters, &(bool){true}), 0);
	ck_assert_uint_eq(sb->sb_ccc, 0);
}
END_TEST

START_TEST(test_sockbuf_space_may_be_negative)
{
	append_three_records();
	sb->sb_hiwat = 3000;
	ck_assert_int_eq(sbspace(sb), -172);
	sb->sb_hiwat = 65536;
	sb->sb_mbmax = 1000;
	ck_assert_int_lt(sbspace(sb), -1000);
}
END_TEST

/* Random appends and drops of a plain stream against flat bytes. */
START_TEST(test_sockbuf_plain_stream_equals_the_flat_bytes)
{
	uint32_t head = 0, tail = 0;
	uint8_t copy[sizeof(flat)];

	srand(99);
	for (int step = 0; step < 20000; step++) {
		uint32_t have = tail - head;
		uint32_t n = (uint32_t)rand() % (rand() % 2 ? 1449 : 40);

		if (rand() % 2 && tail + n <= sizeof(flat)) {
			rx_feed(&fx, flat + tail, n);
			tail += n;
		} else {
			n = n < have ? n : have;
			sbdrop(sb, n);
			head += n;
		}
		sbcheck(sb);
		ck_assert_uint_eq(sb->sb_acc, tail - head);
		ck_assert(m_copydata(sb->sb_mb, 0, tail - head, copy));
		ck_assert_mem_eq(copy, flat + head, tail - head);
		if (tail > 60000 && head == tail)
			head = tail = 0;
	}
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *sockbuf_suite(void);

Suite *
sockbuf_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_sockbuf_memory_limit_is_eight_times_the_bytes_up_to_2_mib,
		 0),
	    TEST(test_sockbuf_plain_append_coalesces_where_sbcompress_does,
		 COUNT(coalesce_rows)),
	    TEST(test_sockbuf_tls_append_coalesces_where_sbcompress_does,
		 COUNT(coalesce_rows)),
	    TEST(test_sockbuf_unknown_bytes_never_coalesce_but_count, 0),
	    TEST(test_sockbuf_append_never_allocates, 0),
	    TEST(test_sockbuf_merged_packets_keep_their_own_marks, 0),
	    TEST(test_sockbuf_append_after_the_end_of_stream_is_freed, 0),
	    TEST(test_sockbuf_append_while_running_queues_once, 0),
	    TEST(test_sockbuf_mark_notready_moves_the_whole_plain_chain, 0),
	    TEST(test_sockbuf_records_are_linked_and_marked, 0),
	    TEST(test_sockbuf_drop_of_every_length_keeps_the_invariants, 0),
	    TEST(test_sockbuf_flush_disowns_a_detached_record, 0),
	    TEST(test_sockbuf_space_may_be_negative, 0),
	    TEST(test_sockbuf_plain_stream_equals_the_flat_bytes, 0),
	};

	return suite_create_table("sockbuf", tests, (size_t)COUNT(tests), setup,
				  teardown, 0);
}
