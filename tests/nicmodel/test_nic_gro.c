/*
 * test_nic_gro.c - Linux's GRO, each rule a row.
 *
 * A row is frames in order of arrival and the chains that TCP gets,
 * "seq:bytes/frames" each: before the bar what goes up while they come, behind
 * it what the end of the poll sends up.
 */
#include "nicmodel/nic_gro.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "engine/mbuf.h"
#include "nicmodel/nic_chain.h"
#include "tests/support/nic_frames.h"
#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

enum { FRAMES_MAX = 12, BYTES = 65536, FRAMES = 65535 };

static struct mbuf_pool *pool;
static struct nic_gro gro;
static struct nic_chains out;

static void
setup(void)
{
	pool = mbuf_pool_create(0);
	ck_assert_ptr_nonnull(pool);
	out = (struct nic_chains){0};
	nic_gro_init(&gro, pool, BYTES, FRAMES);
}

static void
teardown(void)
{
	nic_gro_fini(&gro);
	mbuf_pool_destroy(pool);
}

struct row {
	const char *name;
	struct nic_frame frame[FRAMES_MAX]; /* until seq 0 */
	const char *chains;
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
    {"nothing", {{0}}, "|", 0, 0},
    {"one is held", {F(100, 10)}, "|100:10/1", 0, 0},
    {"in sequence", {F(100, 10), F(110, 10), F(120, 10)}, "|100:30/3", 0, 0},
    {"across sequence number zero",
     {F(0xfffffff8, 10), F(2, 10)}, "|4294967288:20/2", 0, 0},

    /* no merge */
    {"CWR", {F(100, 10), F(110, 10, .flags = TH_CWR)},
     "100:10/1|110:10/1", 0, 0},
    {"CWR in the first alone does not forbid",
     {F(100, 10, .flags = TH_CWR), F(110, 10)}, "|100:20/2", 0, 0},
    {"ECE differs", {F(100, 10), F(110, 10, .flags = TH_ECE)},
     "100:10/1|110:10/1", 0, 0},
    {"ECE in both",
     {F(100, 10, .flags = TH_ECE), F(110, 10, .flags = TH_ECE)},
     "|100:20/2", 0, 0},
    {"ACK differs", {F(100, 10), F(110, 10, .no_ack = true)},
     "100:10/1|110:10/1", 0, 0},
    {"URG differs, and goes up at once",
     {F(100, 10), F(110, 10, .flags = TH_URG), F(120, 10)},
     "100:10/1 110:10/1|120:10/1", 0, 0},
    {"SYN", {F(100, 10), F(110, 10, .flags = TH_SYN), F(120, 10)},
     "100:10/1 110:10/1|120:10/1", 0, 0},
    {"RST", {F(100, 10), F(110, 10, .flags = TH_RST), F(120, 10)},
     "100:10/1 110:10/1|120:10/1", 0, 0},
    {"the acknowledgement is newer",
     {F(100, 10, .ack = 1), F(110, 10, .ack = 2)}, "100:10/1|110:10/1", 0, 0},
    {"the acknowledgement is older",
     {F(100, 10, .ack = 2), F(110, 10, .ack = 1)}, "100:10/1|110:10/1", 0, 0},
    {"equal timestamps", {F(100, 10, .ts = 5), F(110, 10, .ts = 5)},
     "|100:20/2", 0, 0},
    {"another timestamp", {F(100, 10, .ts = 5), F(110, 10, .ts = 6)},
     "100:10/1|110:10/1", 0, 0},
    {"with and without options", {F(100, 10, .ts = 5), F(110, 10)},
     "100:10/1|110:10/1", 0, 0},
    {"equal options of any kind",
     {F(100, 10, .options = 8), F(110, 10, .options = 8)}, "|100:20/2", 0, 0},
    {"other option bytes",
     {F(100, 10, .options = 8), F(110, 10, .options = 10)},
     "100:10/1|110:10/1", 0, 0},
    {"longer than the first", {F(100, 10), F(110, 11)},
     "100:10/1|110:11/1", 0, 0},
    {"as long as the second, shorter than the first, ends it",
     {F(100, 10), F(110, 10), F(120, 9), F(129, 10)},
     "100:29/3|129:10/1", 0, 0},
    {"no payload goes up at once, behind what is held",
     {F(100, 10), F(110, 0), F(110, 10)}, "100:10/1 110:0/1|110:10/1", 0, 0},
    {"no payload, nothing held", {F(100, 0)}, "100:0/1|", 0, 0},
    {"a hole", {F(100, 10), F(111, 10)}, "100:10/1|111:10/1", 0, 0},
    {"an overlap", {F(100, 10), F(109, 10)}, "100:10/1|109:10/1", 0, 0},
    {"the same again", {F(100, 10), F(100, 10)}, "100:10/1|100:10/1", 0, 0},
    {"a shorter one that does not fit goes up at once",
     {F(100, 10), F(111, 9)}, "100:10/1 111:9/1|", 0, 0},
    {"exactly the greatest length",
     {F(100, 10), F(110, 10), F(120, 10)}, "|100:30/3", 30, 0},
    {"one byte over it",
     {F(100, 10), F(110, 10), F(120, 10)}, "100:20/2|120:10/1", 29, 0},
    {"one frame over it",
     {F(100, 10), F(110, 10), F(120, 10)}, "100:20/2|120:10/1", 0, 2},

    /* merged, and up at once */
    {"a short frame ends its chain",
     {F(100, 10), F(110, 9), F(119, 10)}, "100:19/2|119:10/1", 0, 0},
    {"PUSH ends its chain",
     {F(100, 10), F(110, 10, .flags = TH_PUSH), F(120, 10)},
     "100:20/2|120:10/1", 0, 0},
    {"PUSH in the first is not held",
     {F(100, 10, .flags = TH_PUSH), F(110, 10)}, "100:10/1|110:10/1", 0, 0},
    {"FIN ends its chain", {F(100, 10), F(110, 10, .flags = TH_FIN)},
     "100:20/2|", 0, 0},
    {"FIN in the first is not held", {F(100, 10, .flags = TH_FIN)},
     "100:10/1|", 0, 0},
    {"FIN without payload", {F(100, 10), F(110, 0, .flags = TH_FIN)},
     "100:10/1 110:0/1|", 0, 0},

    /* marks */
    {"decrypted, both", {F(100, 10, D), F(110, 10, D)}, "|100:20/2", 0, 0},
    {"decrypted and not: in order",
     {F(100, 10, D), F(110, 10, D), F(120, 10), F(130, 10), F(140, 10, D)},
     "100:20/2 120:20/2|140:10/1", 0, 0},
    {"not decrypted and decrypted", {F(100, 10), F(110, 10, D)},
     "100:10/1|110:10/1", 0, 0},
    {"a resync indication stands alone",
     {F(100, 10), F(110, 10, R), F(120, 10)},
     "100:10/1 110:10/1|120:10/1", 0, 0},
    {"so do two of them", {F(100, 10, R), F(110, 10, R)},
     "100:10/1 110:10/1|", 0, 0},

    /* flows and buckets */
    {"flows that interleave, in two buckets",
     {F(100, 10, .hash = 1), F(500, 10, .flow = 1, .hash = 0),
      F(110, 10, .hash = 1), F(510, 10, .flow = 1, .hash = 0)},
     "|500:20/2 100:20/2", 0, 0},
    {"flows of one bucket, the oldest first",
     {F(100, 10, .hash = 9), F(500, 10, .flow = 1, .hash = 1),
      F(110, 10, .hash = 9)},
     "|100:20/2 500:10/1", 0, 0},
    {"both receivers of a flow keep apart",
     {F(100, 10), F(110, 10, .receiver = 1), F(110, 10)},
     "|100:20/2 110:10/1", 0, 0},
    {"the ninth flow of a bucket sends up the oldest",
     {F(100, 10), F(200, 10, .flow = 1), F(300, 10, .flow = 2),
      F(400, 10, .flow = 3), F(500, 10, .flow = 4), F(600, 10, .flow = 5),
      F(700, 10, .flow = 6), F(800, 10, .flow = 7), F(110, 10),
      F(900, 10, .flow = 8), F(210, 10, .flow = 1)},
     "100:20/2|200:20/2 300:10/1 400:10/1 500:10/1 600:10/1 700:10/1 "
     "800:10/1 900:10/1", 0, 0},
    {"eight in one bucket leave room in another",
     {F(100, 10), F(200, 10, .flow = 1), F(300, 10, .flow = 2),
      F(400, 10, .flow = 3), F(500, 10, .flow = 4), F(600, 10, .flow = 5),
      F(700, 10, .flow = 6), F(800, 10, .flow = 7),
      F(900, 10, .flow = 8, .hash = 7)},
     "|100:10/1 200:10/1 300:10/1 400:10/1 500:10/1 600:10/1 700:10/1 "
     "800:10/1 900:10/1", 0, 0},
};
/* clang-format on */

START_TEST(test_nic_gro_delivers_frames_as_its_rule_says)
{
	const struct row *row = &rows[_i];
	char text[2 * NIC_FRAMES_TEXT], rest[NIC_FRAMES_TEXT];
	size_t used;

	if (row->max_bytes != 0)
		gro.max_bytes = row->max_bytes;
	if (row->max_frames != 0)
		gro.max_frames = row->max_frames;
	for (int i = 0; i < FRAMES_MAX && row->frame[i].seq != 0; i++)
		nic_gro_receive(&gro, nic_frame_make(pool, &row->frame[i]),
				&out);
	nic_frames_take(&out, pool, text);
	nic_gro_flush(&gro, &out);
	nic_frames_take(&out, pool, rest);
	used = strlen(text);
	snprintf(text + used, sizeof(text) - used, "|%s", rest);
	ck_assert_msg(strcmp(text, row->chains) == 0, "%s: %s, not %s",
		      row->name, text, row->chains);
	ck_assert_uint_eq(gro.frames, 0);
	ck_assert_uint_eq(out.absorbed, 0);
}
END_TEST

/* FIN and PUSH of a frame that joins are ORed into the head. */
START_TEST(test_nic_gro_head_gets_fin_and_push)
{
	static const struct nic_frame frame[] = {
	    F(100, 10, .ack = 5),
	    F(110, 10, .ack = 5, .flags = TH_FIN | TH_PUSH),
	};
	uint32_t frames;
	struct mbuf *m;

	for (int i = 0; i < COUNT(frame); i++)
		nic_gro_receive(&gro, nic_frame_make(pool, &frame[i]), &out);
	m = nic_chains_get(&out, &frames);
	ck_assert_uint_eq(frames, 2);
	ck_assert_uint_eq(m->m_pkthdr.th_flags, TH_ACK | TH_FIN | TH_PUSH);
	ck_assert_uint_eq(m->m_pkthdr.th_ack, 5);
	m_freem(pool, m);
}
END_TEST

/* What is held at the end is freed. */
START_TEST(test_nic_gro_frees_what_it_holds)
{
	for (uint32_t i = 0; i < 20; i++)
		nic_gro_receive(
		    &gro,
		    nic_frame_make(pool, &(struct nic_frame){.seq = 1,
							     .len = 10,
							     .flow = i,
							     .hash = i}),
		    &out);
	ck_assert_uint_eq(gro.frames, 20);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_gro_suite(void);

Suite *
nic_gro_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_gro_delivers_frames_as_its_rule_says, COUNT(rows)),
	    TEST(test_nic_gro_head_gets_fin_and_push, 0),
	    TEST(test_nic_gro_frees_what_it_holds, 0),
	};

	return suite_create_table("nic_gro", tests, (size_t)COUNT(tests), setup,
				  teardown, 0);
}
