/*
 * test_nic_tls_random.c - any loss, reordering and duplication, any cuts.
 *
 * A stream of random records is cut into random packets; some are lost and sent
 * again later with other cuts, some late, some twice.  A driver answers true
 * candidates after a while and never any other.
 *
 * The oracle knows where records begin and keeps a list of the packets that
 * moved the device's place.  It says of each packet whether it must be marked,
 * and whether the place must be lost, from the rules of 04-nic section 1.3
 * alone: it follows no header and has no cipher.
 */
#include "nicmodel/nic_tls.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/nic_tls_play.h"
#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

enum {
	SEEDS = 80,
	RECORDS = 70,
	SENDS_MAX = 4096,
	CALM = 45, /* record from which on nothing goes wrong */
};

/* A packet on the wire. */
struct send {
	uint32_t at; /* order of arrival, then of sending */
	uint32_t index;
	uint32_t start, end;
	bool corrupt;
};

/* What the oracle remembers: packets that followed each other directly. */
struct run_packet {
	uint32_t start, end;
	bool offload; /* the context had its place, and kept it */
};

static struct world {
	struct nic_tls_play *play;
	uint64_t rng;
	uint32_t sends;
	struct send send[SENDS_MAX];
	uint32_t run_packets;
	struct run_packet run[SENDS_MAX];
	uint32_t place;	     /* end of the last packet that moved it */
	uint32_t floor;	     /* records before it are not processed again */
	uint32_t marked_end; /* of the last marked packet */
	uint32_t marks, losses, answers, mixed, full, failures;
} w;

/* What the kinds of the test differ in: bits of the loop index. */
enum {
	KIND_TLS13 = 1,
	KIND_MODEL = 2,
	KIND_LOOSE = 4,
	KIND_PLANTED = 8,
	KINDS = 16,
};

static uint32_t
below(uint32_t limit)
{
	w.rng = w.rng * UINT64_C(6364136223846793005) +
		UINT64_C(1442695040888963407);
	return (uint32_t)((w.rng >> 33) % limit);
}

static void
setup(void)
{
	memset(&w, 0, sizeof(w));
}

/* A false header whose chain ends anywhere, or at the next true header. */
static void
plant(uint32_t bytes)
{
	struct tls_image *image = &w.play->image;
	uint32_t off = tls_image_hlen(image) + below(bytes - 60);
	uint32_t length =
	    below(2) == 0 ? below(600) : bytes - off - TLS_HEADER_BYTES;
	const uint8_t header[] = {(uint8_t)(20 + below(4)), 3, 3,
				  (uint8_t)(length >> 8), (uint8_t)length};

	tls_image_plant(image, off, header, sizeof(header));
}

static void
make_stream(int kind)
{
	play_image(w.play, (kind & KIND_TLS13) != 0 ? TLS_1_3 : TLS_1_2,
		   below(2) == 0 ? 16 : 32, UINT64_C(1) << below(63));
	for (uint32_t r = 0; r < RECORDS; r++) {
		uint32_t most = below(8) == 0 ? 4000 : 900;
		uint32_t bytes = TLS_IMAGE_RECORD_MIN + below(most);

		tls_image_add(&w.play->image, bytes);
		if ((kind & KIND_PLANTED) != 0 && bytes > 100)
			plant(bytes);
	}
}

static void
add_send(uint32_t at, uint32_t start, uint32_t end, bool corrupt)
{
	if (w.sends == SENDS_MAX)
		ck_abort_msg("too many packets");
	w.send[w.sends] = (struct send){
	    .at = at,
	    .index = w.sends,
	    .start = start,
	    .end = end,
	    .corrupt = corrupt,
	};
	w.sends++;
}

/* The same bytes again, in other cuts. */
static void
send_again(uint32_t at, uint32_t start, uint32_t end)
{
	uint32_t less = start < 40 ? start : below(40);

	if (below(3) > 0)
		less = 0;
	add_send(at, start - less, end - (below(3) == 0 ? less / 2 : 0), false);
	if (less > 0)
		add_send(at, start, end, false);
}

static void
send_packet(uint32_t at, uint32_t start, uint32_t end, bool corrupt)
{
	switch (below(40)) {
	case 0: /* lost */
		send_again(at + below(200), start, end);
		break;
	case 1: /* a burst is lost: far behind */
		send_again(at + 200 + below(300), start, end);
		break;
	case 2: /* late */
		add_send(at + below(40), start, end, false);
		break;
	case 3: /* twice */
		add_send(at, start, end, false);
		send_again(at + below(100), start, end);
		break;
	default:
		add_send(at, start, end, corrupt && below(20) == 0);
		break;
	}
}

static int
send_order(const void *a, const void *b)
{
	const struct send *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static void
make_schedule(bool corrupt)
{
	const uint32_t end = w.play->image.start[RECORDS];
	const uint32_t calm = w.play->image.start[CALM];
	uint32_t most = below(2) == 0 ? 60 : 700, at = 0;

	for (uint32_t start = 0, next; start < end; start = next, at += 10) {
		next = start + 1 + below(most);
		next = next < end ? next : end;
		/* Nothing that is late arrives in the calm. */
		if (start < calm)
			send_packet(at, start, next, corrupt);
		else
			add_send(at + 1000, start, next, false);
	}
	qsort(w.send, w.sends, sizeof(w.send[0]), send_order);
}

static void
install(int kind)
{
	struct nic_tls_params params = {
	    .key = &w.play->key,
	    .scratch = w.play->tls.scratch,
	    .counters = &w.play->counters,
	    .real = (kind & KIND_MODEL) == 0,
	    .matcher =
		(kind & KIND_LOOSE) != 0 ? NIC_TLS_LOOSE : NIC_TLS_STRICT,
	    .rec_seq = w.play->image.first,
	};
	int error;

	w.play->base = below(2) == 0 ? UINT32_MAX - below(60000) : below(1000);
	w.play->chains = below(2) == 0;
	params.start_seq = w.play->base;
	error = nic_tls_init(&w.play->tls, &params);
	ck_assert_int_eq(error, 0);
	w.run_packets = w.place = w.floor = w.marked_end = 0;
}

/* The record that has this byte; at the end of the stream RECORDS. */
static uint32_t
record_at(uint32_t offset)
{
	uint32_t r = 0;

	while (r < RECORDS && w.play->image.start[r + 1] <= offset)
		r++;
	return r;
}

/* Was the record's header seen by an offloading context, in this run? */
static bool
oracle_entered(uint32_t record)
{
	const uint32_t start = w.play->image.start[record];

	if (w.run[0].start > start)
		return false;
	for (uint32_t i = 0; i < w.run_packets; i++)
		if (w.run[i].end >= start + TLS_HEADER_BYTES)
			return w.run[i].offload;
	return true; /* its header is still coming */
}

/* The packet is the last one of the run and came in order. */
static bool
oracle_mark(void)
{
	const struct run_packet *packet = &w.run[w.run_packets - 1];
	const uint32_t *start = w.play->image.start;

	if (!packet->offload)
		return false;
	for (uint32_t r = record_at(packet->start);
	     r < RECORDS && start[r] + TLS_HEADER_BYTES <= packet->end; r++)
		if (start[r] < w.floor ||
		    (start[r] != packet->start && !oracle_entered(r)))
			return false;
	return true;
}

/* Must a hole from the place up to `start` cost the place? */
static bool
oracle_lost(uint32_t start)
{
	const uint32_t r = record_at(w.place);

	return w.place < w.play->image.start[r] + TLS_HEADER_BYTES ||
	       start > w.play->image.start[r + 1];
}

static bool
has_place(const struct nic_tls_progress *progress)
{
	return progress->auth != NIC_TLS_NO_OFFLOAD ||
	       progress->tracker == NIC_TLS_START;
}

/* What the packet must come to; *lost: whether the place is gone. */
static bool
oracle_packet(const struct send *send, const struct nic_tls_progress *before,
	      bool *lost)
{
	bool searching = before->tracker == NIC_TLS_SEARCHING;
	bool in_order = send->start == w.place;

	*lost = false;
	if (!searching && send->start < w.place)
		return false; /* old, or an overlap: no effect */
	if (!in_order) {
		*lost = has_place(before) && oracle_lost(send->start);
		w.run_packets = 0;
	}
	w.run[w.run_packets++] = (struct run_packet){
	    .start = send->start,
	    .end = send->end,
	    .offload = has_place(before) && !*lost,
	};
	w.place = send->end;
	return in_order && oracle_mark();
}

/* The software knows where records begin, and nothing else. */
static void
drive(const struct nic_tls_progress *progress)
{
	uint32_t candidate = progress->hw_resync_tcp_sn - w.play->base;
	uint32_t r = record_at(candidate);
	bool taken;

	if (progress->tracker != NIC_TLS_TRACKING ||
	    progress->auth != NIC_TLS_NO_OFFLOAD || below(6) > 0)
		return;
	taken = nic_tls_answer(&w.play->tls, w.play->base + candidate + 1, 5);
	if (taken)
		ck_abort_msg("a wrong answer was taken");
	if (r == RECORDS || w.play->image.start[r] != candidate)
		return;
	taken = play_answer(w.play, r);
	if (!taken)
		ck_abort_msg("a right answer was refused");
	w.floor = w.marked_end;
	w.answers++;
}

static void
check_oracle(const struct send *send, const struct nic_tls_progress *before,
	     bool marked, uint64_t seed)
{
	struct nic_tls_progress after;
	bool lost, expected = oracle_packet(send, before, &lost);

	nic_tls_query(&w.play->tls, &after);
	if (marked != expected)
		ck_abort_msg("seed %llu, [%u, %u): marked %d",
			     (unsigned long long)seed, send->start, send->end,
			     marked);
	if (has_place(before) && lost == has_place(&after))
		ck_abort_msg("seed %llu, [%u, %u): lost %d",
			     (unsigned long long)seed, send->start, send->end,
			     !lost);
	w.losses += lost;
}

/* One bit of the text or the tag of some record. */
static uint32_t
corrupt_byte(const struct send *send)
{
	uint32_t at = send->start + below(send->end - send->start);
	uint32_t r = record_at(at);

	if (at - w.play->image.start[r] < tls_image_hlen(&w.play->image))
		return UINT32_MAX;
	w.play->flip[at] = (uint8_t)(1u << below(8));
	return at;
}

static void
run_packet(const struct send *send, bool oracle, uint64_t seed)
{
	struct nic_tls_progress progress;
	struct nic_tls_result result;
	uint32_t wrong = UINT32_MAX;

	nic_tls_query(&w.play->tls, &progress);
	if (send->corrupt)
		wrong = corrupt_byte(send);
	result = play_packet(w.play, send->start, send->end);
	if (wrong != UINT32_MAX)
		w.play->flip[wrong] = 0;
	w.failures += result.verdict == NIC_TLS_AUTH_FAIL;
	if (oracle)
		check_oracle(send, &progress,
			     result.verdict == NIC_TLS_DECRYPTED, seed);
	if (result.verdict == NIC_TLS_DECRYPTED) {
		w.marked_end = send->end;
		w.marks++;
	}
	nic_tls_query(&w.play->tls, &progress);
	drive(&progress);
}

static void
count_records(void)
{
	const struct tls_image *image = &w.play->image;

	for (uint32_t r = 0; r < RECORDS; r++) {
		const char *mark = w.play->mark + image->start[r];
		size_t bytes = image->start[r + 1] - image->start[r];
		bool d = memchr(mark, 'D', bytes) != NULL;
		bool e = memchr(mark, 'E', bytes) != NULL;

		if (memchr(mark, 0, bytes) != NULL)
			ck_abort_msg("record %u is incomplete", r);
		w.mixed += d && e;
		w.full += d && !e;
	}
}

static void
run_seed(uint64_t seed, int kind, bool corrupt)
{
	struct nic_tls_progress progress;

	w.rng = seed;
	w.sends = 0;
	w.play = play_create();
	make_stream(kind);
	make_schedule(corrupt);
	install(kind);
	for (uint32_t i = 0; i < w.sends; i++)
		run_packet(&w.send[i], !corrupt, seed);
	count_records();
	play_check_full(w.play);
	nic_tls_query(&w.play->tls, &progress);
	if ((kind & (KIND_LOOSE | KIND_PLANTED)) == 0)
		ck_assert_msg(progress.auth != NIC_TLS_NO_OFFLOAD,
			      "seed %llu: never found its place again",
			      (unsigned long long)seed);
	play_destroy(w.play);
}

START_TEST(test_nic_tls_random_orders_agree_with_the_oracle)
{
	for (uint64_t i = 0; i < SEEDS; i++)
		run_seed(1000 * (uint64_t)_i + i, _i, false);
	ck_assert_uint_gt(w.marks, 100 * SEEDS);
	ck_assert_uint_gt(w.losses, SEEDS / 2);
	ck_assert_uint_gt(w.answers, SEEDS / 2);
	ck_assert_uint_gt(w.mixed, SEEDS);
	ck_assert_uint_gt(w.full, 10 * SEEDS);
}
END_TEST

START_TEST(test_nic_tls_random_full_marks_hide_no_wrong_byte)
{
	for (uint64_t i = 0; i < SEEDS; i++)
		run_seed(100000 + 1000 * (uint64_t)_i + i, _i, true);
	ck_assert_uint_gt(w.failures, SEEDS);
	ck_assert_uint_gt(w.full, 5 * SEEDS);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_tls_random_suite(void);

Suite *
nic_tls_random_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_tls_random_orders_agree_with_the_oracle, KINDS),
	    TEST(test_nic_tls_random_full_marks_hide_no_wrong_byte, KINDS),
	};

	return suite_create_table("nic_tls_random", tests, (size_t)COUNT(tests),
				  setup, NULL, 60);
}
