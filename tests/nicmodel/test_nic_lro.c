/*
 * test_nic_lro.c - FreeBSD's sorted batch, each rule a row.
 *
 * A row is a batch and the chains that TCP gets, "seq:bytes/frames" each in
 * order of delivery.
 */
#include "nicmodel/nic_lro.h"

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

enum { FRAMES_MAX = 12, BYTES = 65536, ACKS = 65535 };

static struct mbuf_pool *pool;
static struct nic_lro lro;
static struct nic_chains out;

static void
setup(void)
{
	pool = mbuf_pool_create(0);
	ck_assert_ptr_nonnull(pool);
	out = (struct nic_chains){0};
	nic_lro_init(&lro, pool, BYTES, ACKS);
}

static void
teardown(void)
{
	nic_lro_fini(&lro);
	mbuf_pool_destroy(pool);
}

struct row {
	const char *name;
	struct nic_frame frame[FRAMES_MAX]; /* until seq 0 */
	const char *chains;
	uint64_t absorbed;
	uint32_t max_bytes, max_frames; /* 0: none */
};

#define F(s, l, ...)                            \
	{                                       \
		.seq = s, .len = l, __VA_ARGS__ \
	}
#define D .csum_flags = CSUM_TLS_DECRYPTED
#define R .csum_flags = CSUM_TLS_RESYNC

/* clang-format off */
static const struct row rows[] = {
    {"nothing", {{0}}, "", 0, 0, 0},
    {"one alone", {F(100, 10)}, "100:10/1", 0, 0, 0},
    {"in sequence", {F(100, 10), F(110, 10), F(120, 5)}, "100:25/3", 0, 0, 0},
    {"across sequence number zero",
     {F(0xfffffff8, 10), F(2, 10)}, "4294967288:20/2", 0, 0, 0},
    {"a short frame does not end it",
     {F(100, 10), F(110, 5), F(115, 10)}, "100:25/3", 0, 0, 0},
    {"a longer frame does not end it",
     {F(100, 5), F(105, 20)}, "100:25/2", 0, 0, 0},
    {"PUSH does not end it",
     {F(100, 10, .flags = TH_PUSH), F(110, 10)}, "100:20/2", 0, 0, 0},

    /* sorted by hash, each flow in order of arrival */
    {"flows that interleave",
     {F(100, 10, .hash = 2), F(500, 10, .flow = 1, .hash = 1),
      F(110, 10, .hash = 2), F(510, 10, .flow = 1, .hash = 1)},
     "500:20/2 100:20/2", 0, 0, 0},
    {"three flows that interleave",
     {F(100, 10, .hash = 9), F(500, 10, .flow = 1, .hash = 1),
      F(900, 10, .flow = 2, .hash = 5), F(110, 10, .hash = 9),
      F(910, 10, .flow = 2, .hash = 5), F(510, 10, .flow = 1, .hash = 1),
      F(120, 10, .hash = 9)},
     "500:20/2 900:20/2 100:30/3", 0, 0, 0},
    {"flows of one hash keep apart, the newest goes first",
     {F(100, 10), F(500, 10, .flow = 1), F(110, 10), F(510, 10, .flow = 1)},
     "500:20/2 100:20/2", 0, 0, 0},
    {"both receivers of a flow keep apart",
     {F(100, 10), F(110, 10, .receiver = 1), F(110, 10)},
     "110:10/1 100:20/2", 0, 0, 0},
    {"eight entries, the ninth flow: all go, and it alone",
     {F(100, 10), F(200, 10, .flow = 1), F(300, 10, .flow = 2),
      F(400, 10, .flow = 3), F(500, 10, .flow = 4), F(600, 10, .flow = 5),
      F(700, 10, .flow = 6), F(800, 10, .flow = 7), F(900, 10, .flow = 8),
      F(910, 10, .flow = 8)},
     "800:10/1 700:10/1 600:10/1 500:10/1 400:10/1 300:10/1 200:10/1 "
     "100:10/1 900:10/1 910:10/1", 0, 0, 0},

    /* flags */
    {"FIN ends it and comes after it",
     {F(100, 10), F(110, 10, .flags = TH_FIN)}, "100:10/1 110:10/1", 0, 0, 0},
    {"FIN without payload too",
     {F(100, 10), F(110, 0, .flags = TH_FIN)}, "100:10/1 110:0/1", 0, 0, 0},
    {"nothing joins what has a FIN",
     {F(100, 10, .flags = TH_FIN), F(110, 10)}, "100:10/1 110:10/1", 0, 0, 0},
    {"RST ends it",
     {F(100, 10), F(110, 10, .flags = TH_RST), F(120, 10)},
     "100:10/1 110:10/1 120:10/1", 0, 0, 0},
    {"URG ends it",
     {F(100, 10), F(110, 10, .flags = TH_URG), F(120, 10)},
     "100:10/1 110:10/1 120:10/1", 0, 0, 0},
    {"CWR ends it",
     {F(100, 10), F(110, 10, .flags = TH_CWR), F(120, 10)},
     "100:10/1 110:10/1 120:10/1", 0, 0, 0},
    {"ECE ends it",
     {F(100, 10), F(110, 10, .flags = TH_ECE), F(120, 10)},
     "100:10/1 110:10/1 120:10/1", 0, 0, 0},
    {"what comes after such a frame grows again",
     {F(100, 10), F(110, 10, .flags = TH_URG), F(120, 10), F(130, 10)},
     "100:10/1 110:10/1 120:20/2", 0, 0, 0},
    {"SYN: all that is held goes first, and it alone",
     {F(100, 10), F(500, 10, .flow = 1), F(110, 10, .flags = TH_SYN),
      F(120, 10)},
     "500:10/1 100:10/1 110:10/1 120:10/1", 0, 0, 0},

    /* options */
    {"timestamps that stand still",
     {F(100, 10, .ts = 5), F(110, 10, .ts = 5)}, "100:20/2", 0, 0, 0},
    {"timestamps that grow",
     {F(100, 10, .ts = 5), F(110, 10, .ts = 9), F(120, 10, .ts = 9)},
     "100:30/3", 0, 0, 0},
    {"a timestamp that wraps is newer",
     {F(100, 10, .ts = 0xffffffff), F(110, 10, .ts = 1)}, "100:20/2", 0, 0, 0},
    {"a timestamp that is older",
     {F(100, 10, .ts = 5), F(110, 10, .ts = 4)}, "100:10/1 110:10/1", 0, 0, 0},
    {"older than the second, not than the first",
     {F(100, 10, .ts = 5), F(110, 10, .ts = 9), F(120, 10, .ts = 8)},
     "100:20/2 120:10/1", 0, 0, 0},
    {"with and without timestamp",
     {F(100, 10, .ts = 5), F(110, 10)}, "100:10/1 110:10/1", 0, 0, 0},
    {"without and with timestamp",
     {F(100, 10), F(110, 10, .ts = 5)}, "100:10/1 110:10/1", 0, 0, 0},
    {"other options: all that is held goes first, and it alone",
     {F(100, 10), F(110, 10, .options = 8), F(120, 10, .options = 8)},
     "100:10/1 110:10/1 120:10/1", 0, 0, 0},

    /* sequence */
    {"a hole", {F(100, 10), F(111, 10)}, "100:10/1 111:10/1", 0, 0, 0},
    {"an overlap", {F(100, 10), F(109, 10)}, "100:10/1 109:10/1", 0, 0, 0},
    {"the same again", {F(100, 10), F(100, 10)}, "100:10/1 100:10/1", 0, 0, 0},
    {"out of order goes on behind it",
     {F(100, 10), F(120, 10), F(130, 10), F(110, 10)},
     "100:10/1 120:20/2 110:10/1", 0, 0, 0},

    /* acknowledgements */
    {"payload with a newer acknowledgement",
     {F(100, 10, .ack = 1), F(110, 10, .ack = 2)}, "100:20/2", 0, 0, 0},
    {"payload with an older acknowledgement",
     {F(100, 10, .ack = 2), F(110, 10, .ack = 1)}, "100:20/2", 0, 0, 0},
    {"a newer pure ACK is absorbed",
     {F(100, 10, .ack = 1), F(110, 0, .ack = 2), F(110, 10, .ack = 2)},
     "100:20/2", 1, 0, 0},
    {"pure ACKs are absorbed into the first",
     {F(100, 0, .ack = 1), F(100, 0, .ack = 2), F(100, 0, .ack = 3)},
     "100:0/1", 2, 0, 0},
    {"newer across acknowledgement zero",
     {F(100, 0, .ack = 0xffffffff), F(100, 0, .ack = 1)},
     "100:0/1", 1, 0, 0},
    {"a duplicate ACK ends it",
     {F(100, 10, .ack = 1), F(110, 0, .ack = 1), F(110, 10, .ack = 1)},
     "100:10/1 110:0/1 110:10/1", 0, 0, 0},
    {"an older ACK ends it",
     {F(100, 10, .ack = 2), F(110, 0, .ack = 1)}, "100:10/1 110:0/1", 0, 0, 0},
    {"a pure ACK out of sequence ends it",
     {F(100, 10, .ack = 1), F(111, 0, .ack = 2)}, "100:10/1 111:0/1", 0, 0, 0},
    {"payload does not join a pure ACK",
     {F(100, 0, .ack = 1), F(100, 10, .ack = 2)}, "100:0/1 100:10/1", 0, 0, 0},

    /* marks */
    {"decrypted, both", {F(100, 10, D), F(110, 10, D)}, "100:20/2", 0, 0, 0},
    {"decrypted and not: two entries, the newer goes first",
     {F(100, 10, D), F(110, 10)}, "110:10/1 100:10/1", 0, 0, 0},
    {"not decrypted and decrypted",
     {F(100, 10), F(110, 10, D)}, "110:10/1 100:10/1", 0, 0, 0},
    {"marks that alternate: each entry in its own order",
     {F(100, 10, D), F(110, 10, D), F(120, 10), F(130, 10), F(140, 10, D)},
     "120:20/2 100:20/2 140:10/1", 0, 0, 0},
    {"a resync indication stands alone",
     {F(100, 10), F(110, 10, R), F(120, 10)},
     "100:10/1 110:10/1 120:10/1", 0, 0, 0},
    {"so do two of them",
     {F(100, 10, R), F(110, 10, R)}, "100:10/1 110:10/1", 0, 0, 0},

    /* limits */
    {"exactly the greatest length",
     {F(100, 10), F(110, 10), F(120, 10)}, "100:30/3", 0, 30, 0},
    {"one byte over it",
     {F(100, 10), F(110, 10), F(120, 11)}, "100:20/2 120:11/1", 0, 30, 0},
    {"one frame over it",
     {F(100, 10), F(110, 10), F(120, 10)}, "100:20/2 120:10/1", 0, 0, 2},
    {"absorbed ACKs count as frames",
     {F(100, 10, .ack = 1), F(110, 0, .ack = 2), F(110, 10, .ack = 2)},
     "100:10/1 110:10/1", 1, 0, 2},
};
/* clang-format on */

START_TEST(test_nic_lro_delivers_a_batch_as_its_rule_says)
{
	const struct row *row = &rows[_i];
	char text[NIC_FRAMES_TEXT];

	if (row->max_bytes != 0)
		lro.max_bytes = row->max_bytes;
	if (row->max_frames != 0)
		lro.max_frames = row->max_frames;
	for (int i = 0; i < FRAMES_MAX && row->frame[i].seq != 0; i++)
		nic_lro_queue(&lro, nic_frame_make(pool, &row->frame[i]));
	nic_lro_flush(&lro, &out);
	nic_frames_take(&out, pool, text);
	ck_assert_msg(strcmp(text, row->chains) == 0, "%s: %s, not %s",
		      row->name, text, row->chains);
	ck_assert_uint_eq(out.absorbed, row->absorbed);
	ck_assert_uint_eq(lro.batched, 0);
}
END_TEST

/* The head answers for all: greatest ACK with its window, latest timestamp. */
START_TEST(test_nic_lro_head_has_the_newest_acknowledgement)
{
	static const struct nic_frame frame[] = {
	    F(100, 10, .ack = 30, .ts = 1),
	    F(110, 10, .ack = 50, .ts = 2, .flags = TH_PUSH),
	    F(120, 10, .ack = 40, .ts = 3),
	    F(130, 0, .ack = 60, .ts = 4),
	};
	uint32_t frames;
	struct mbuf *m;

	for (int i = 0; i < 3; i++)
		nic_lro_queue(&lro, nic_frame_make(pool, &frame[i]));
	nic_lro_flush(&lro, &out);
	m = nic_chains_get(&out, &frames);
	ck_assert_uint_eq(m->m_pkthdr.th_ack, 50);
	ck_assert_uint_eq(m->m_pkthdr.th_win, 57);
	ck_assert_uint_eq(m->m_pkthdr.th_ts, 3);
	ck_assert_uint_eq(m->m_pkthdr.th_flags, TH_ACK | TH_PUSH);
	m_freem(pool, m);
	for (int i = 2; i < 4; i++)
		nic_lro_queue(&lro, nic_frame_make(pool, &frame[i]));
	nic_lro_flush(&lro, &out);
	m = nic_chains_get(&out, &frames);
	ck_assert_uint_eq(frames, 1);
	ck_assert_uint_eq(m->m_pkthdr.th_ack, 60);
	ck_assert_uint_eq(m->m_pkthdr.th_win, 67);
	m_freem(pool, m);
}
END_TEST

/* Batches know nothing of each other, and one that is not flushed is freed. */
START_TEST(test_nic_lro_merges_within_a_batch_only)
{
	char text[NIC_FRAMES_TEXT];

	for (uint32_t seq = 100; seq < 120; seq += 10) {
		nic_lro_queue(
		    &lro, nic_frame_make(pool, &(struct nic_frame){.seq = seq,
								   .len = 10}));
		nic_lro_flush(&lro, &out);
	}
	nic_frames_take(&out, pool, text);
	ck_assert_str_eq(text, "100:10/1 110:10/1");
	nic_lro_queue(&lro, nic_frame_make(pool, &(struct nic_frame){
						     .seq = 1, .len = 10}));
	ck_assert_uint_eq(lro.batched, 1);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_lro_suite(void);

Suite *
nic_lro_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_lro_delivers_a_batch_as_its_rule_says, COUNT(rows)),
	    TEST(test_nic_lro_head_has_the_newest_acknowledgement, 0),
	    TEST(test_nic_lro_merges_within_a_batch_only, 0),
	};

	return suite_create_table("nic_lro", tests, (size_t)COUNT(tests), setup,
				  teardown, 0);
}
