/*
 * test_nic_validation.c - rows V8, V9, V10 and V14 of the NIC's validation
 * plan, in whole simulations.
 *
 *   V8   independent loss: the share of full records is at most what the
 *        records' numbers of packets allow
 *   V9   one lost packet: two mixed records and no resync, or, where a header
 *        was in it, a resync
 *   V10  the patterns of marks over a record's packets that real devices show
 *   V14  every byte is delivered once, and marks are not merged, whatever the
 *        link does and however the driver merges
 *
 * V11, V12 and V15 are about prices and stand with the studies; rules of one
 * context, packet by packet, in test_nic_tls.c.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/pipeline.h"
#include "sim/results.h"
#include "tests/support/chain_marks.h"
#include "tests/support/nic_tls_play.h"
#include "tests/support/suite_table.h"
#include "tests/support/window_run.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *nic_validation_suite(void);

enum {
	US = 1000000,
	MSS = 1448,
	RECORD = 16384 + 5 + 1 + 16, /* TLS 1.3, on the wire */
};

static struct sim_driver driver;
static struct sim_sender sender;
static struct window_run run;

static void
teardown(void)
{
	if (driver.sim != NULL)
		sim_driver_destroy(&driver);
	window_run_fini(&run);
}

/* --- V8 -------------------------------------------------------------------
 */

/*
 * A link that needs 1.2 us for a packet, and a loss that is made good within
 * 20 us or only when the software has long run dry of whole records.
 */
static const struct loss_row {
	const char *loss, *resend_after;
	double p;
	/* of what two records in a row without a loss would give */
	double least;
} loss_rows[] = {
    {"0.0001", "20us", 0.0001, 0.99}, {"0.001", "20us", 0.001, 0.95},
    {"0.003", "20us", 0.003, 0.9},    {"0.01", "20us", 0.01, 0.7},
    {"0.03", "20us", 0.03, 0.4},      {"0.1", "20us", 0.1, 0.1},
    {"0.001", "1ms", 0.001, 0.1},     {"0.01", "1ms", 0.01, 0.05},
};

enum { LOSS_FLOWS = 4, LOSS_RECORDS = 2048 };

/* Packets from that which holds a record's first byte to that of its last. */
static unsigned
packets_of(unsigned first, unsigned last)
{
	return (RECORD * (last + 1) - 1) / MSS - RECORD * first / MSS + 1;
}

/*
 * Records of which no packet is lost, and, of those, the ones whose predecessor
 * has lost none either: the first record after a hole is mixed, as the packet
 * in which it begins is passed.
 */
static void
expect_records(double p, double *alone, double *after_whole)
{
	*alone = *after_whole = pow(1 - p, packets_of(0, 0));
	for (unsigned i = 1; i < LOSS_RECORDS; i++) {
		*alone += pow(1 - p, packets_of(i, i));
		*after_whole += pow(1 - p, packets_of(i - 1, i));
	}
	*alone *= LOSS_FLOWS;
	*after_whole *= LOSS_FLOWS;
}

/*
 * Four standard deviations above so many of the records.  Records of which the
 * next `shared` on each side have packets in common with one vary at most
 * 1 + 2 * shared times as much as independent ones.
 */
static double
upper_bound(double expected, int shared)
{
	double n = LOSS_FLOWS * LOSS_RECORDS;
	double variance = expected * (1 - expected / n);

	return expected + 4 * sqrt((1 + 2 * shared) * variance) + 1;
}

START_TEST(test_nic_validation_v8_full_share_is_bounded_by_packet_counts)
{
	const struct loss_row *row = &loss_rows[_i];
	const struct sim_key keys[] = {
	    {"crypto.mode", "model"},
	    {"nic.tls", "on"},
	    {"cost.firmware_command", "0"},
	    {"synthetic.flows", "4"},
	    {"synthetic.bytes", "32MiB"},
	    {"synthetic.stagger", "0"},
	    {"link.rate", "10Gbps"},
	    {"link.loss", row->loss},
	    {"host.cpus", "4"},
	    {"replay.resend_after", row->resend_after},
	    {NULL, NULL}};
	const struct results_host *host;
	double alone, after_whole, full;

	window_run(&run, keys);
	host = &run.results->hosts[0];
	ck_assert_uint_eq(run.records, LOSS_FLOWS * LOSS_RECORDS);
	expect_records(row->p, &alone, &after_whole);
	full = (double)host->split.records_full;
	ck_assert_double_le(full, upper_bound(alone, 1));
	ck_assert_double_le(full, upper_bound(after_whole, 2));
	ck_assert_double_ge(full, row->least * after_whole);
}
END_TEST

/* --- V9 -------------------------------------------------------------------
 */

/* Packets of these sizes; of 1172 and 2051 bytes, headers lie across two. */
static const struct single_row {
	const char *resync;
	uint32_t mss;
} single_rows[] = {
    {"freebsd", MSS},	   {"freebsd", 536},	 {"freebsd", 1172},
    {"freebsd", 2051},	   {"freebsd", 8960},	 {"linux-async", MSS},
    {"linux-async", 2051}, {"linux-hint", MSS},	 {"linux-hint", 1172},
    {"linux-sync", MSS},   {"linux-sync", 2051},
};

enum {
	SINGLE_RECORDS = 7,
	SINGLE_GAP_US = 30, /* a packet's software takes less */
	SINGLE_AFTER = 1,   /* packets until the lost one comes */
	HEADER = 5,
};

/* All packets of the stream, `lost` some later than its place in it. */
static void
send_all_but(const struct single_row *row, uint32_t lost)
{
	uint64_t now = 100 * US;

	for (uint32_t i = 0; i * row->mss < sender.written; i++) {
		uint32_t late = i - SINGLE_AFTER;
		uint32_t left = sender.written - i * row->mss;

		now += SINGLE_GAP_US * (uint64_t)US;
		if (i != lost)
			sim_send(&sender, now, i * row->mss,
				 left < row->mss ? left : row->mss);
		if (i >= SINGLE_AFTER && late == lost)
			sim_send(&sender, now + US, late * row->mss, row->mss);
	}
}

static void
run_single(const struct single_row *row, uint32_t lost)
{
	const struct sim_key keys[] = {{"nic.tls", "on"},
				       {"host.cpus", "1"},
				       {"nic.resync", row->resync},
				       {NULL, NULL}};

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	for (int i = 0; i < SINGLE_RECORDS; i++)
		sim_sender_record(&sender, RECORD);
	send_all_but(row, lost);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, SINGLE_RECORDS);
}

/* 'F'ull, 'P'artial or 'N'one, record by record. */
static const char *
marks(void)
{
	static char text[SINGLE_RECORDS + 1];

	for (size_t i = 0; i < driver.records; i++) {
		const struct ktlsim_record *record = &driver.record[i];

		text[i] = 'P';
		if (record->marked_bytes == 0)
			text[i] = 'N';
		else if (record->marked_bytes == record->wire_bytes)
			text[i] = 'F';
	}
	return text;
}

/* Does packet `lost` hold any byte of the header of record `number`? */
static bool
has_header(const struct single_row *row, uint32_t lost, uint32_t number)
{
	return lost * row->mss < number * RECORD + HEADER &&
	       (lost + 1) * row->mss > number * RECORD;
}

/* The record after the lost packet's is taken up where it begins. */
static void
expect_two_mixed(uint32_t lost, uint32_t number)
{
	char expected[] = "FFFFFFF";

	expected[number] = expected[number + 1] = 'P';
	ck_assert_msg(strcmp(marks(), expected) == 0, "packet %u: %s, not %s",
		      lost, marks(), expected);
	ck_assert_uint_eq(sim_driver_counter(&driver, "ctx_lost_sync"), 0);
	ck_assert_uint_eq(sim_driver_counter(&driver, "ctx_candidates"), 0);
	ck_assert_uint_eq(sim_driver_host(&driver, 0)->episodes, 0);
}

/* Does a packet end within the header of record `number`? */
static bool
splits_header(const struct single_row *row, uint32_t number)
{
	return number * RECORD % row->mss + HEADER > row->mss;
}

/*
 * The header of record `number` is lost: of that record, only what came before
 * the lost packet is decrypted.  The search finds the next header, or that of
 * `number` in the packet that comes late, and the answer waits until the
 * software has come there.  That is early enough for the end of the record
 * behind only where each header is reported as it comes, as on Linux.
 * linux-hint does not search, and waits for more records than there are here;
 * linux-async may never answer for a header that begins before its packet.
 */
static void
expect_resync(const struct single_row *row, uint32_t lost, uint32_t number)
{
	const uint32_t hole = lost * row->mss;
	const char *got = marks();
	char expected[SINGLE_RECORDS + 1] = "";

	ck_assert_uint_lt(number + 1, SINGLE_RECORDS);
	memset(expected, 'F', sizeof(expected) - 1);
	for (uint32_t i = 0; i <= number; i++)
		if (hole < (i + 1) * RECORD)
			expected[i] = hole > i * RECORD ? 'P' : 'N';
	expected[number + 1] = 'N';
	if (strcmp(row->resync, "freebsd") != 0 && got[number + 1] == 'P')
		expected[number + 1] = 'P';
	ck_assert_msg(strncmp(got, expected, number + 2) == 0,
		      "packet %u: %s, not %s...", lost, got, expected);
	ck_assert_uint_eq(sim_driver_counter(&driver, "ctx_lost_sync"), 1);
	ck_assert_uint_eq(sim_driver_host(&driver, 0)->episodes, 1);
	if (strcmp(row->resync, "linux-hint") == 0)
		return;
	if (strcmp(row->resync, "linux-async") == 0 &&
	    splits_header(row, number) && splits_header(row, number + 1)) {
		ck_assert_uint_le(
		    sim_driver_counter(&driver, "ctx_answers_taken"), 1);
		return;
	}
	ck_assert_uint_eq(sim_driver_counter(&driver, "ctx_answers_taken"), 1);
	ck_assert_msg(got[SINGLE_RECORDS - 1] == 'F' ||
			  got[SINGLE_RECORDS - 2] == 'P',
		      "packet %u: %s", lost, got);
}

START_TEST(test_nic_validation_v9_one_lost_packet_mixes_two_records_or_resyncs)
{
	const struct single_row *row = &single_rows[_i];

	for (uint32_t lost = 1; (lost + 1) * row->mss < 3 * RECORD; lost++) {
		uint32_t number = lost * row->mss / RECORD;

		run_single(row, lost);
		if (has_header(row, lost, number))
			expect_resync(row, lost, number);
		else if (has_header(row, lost, number + 1))
			expect_resync(row, lost, number + 1);
		else
			expect_two_mixed(lost, number);
		sim_driver_destroy(&driver);
	}
}
END_TEST

/* --- packets and records of modelled senders ------------------------------
 */

/* Copies of a byte that have arrived. */
enum { COPY_PLAIN = 1, COPY_MARKED = 2 };

enum { SEEN_FLOWS = 4, SEEN_BYTES = 1024 * 1024 };

static uint8_t copies[SEEN_FLOWS][SEEN_BYTES];

static void
note_copies(void)
{
	memset(copies, 0, sizeof(copies));
	for (size_t i = 0; i < run.packets; i++) {
		const struct window_packet *packet = &run.packet[i];
		uint8_t copy = packet->marked ? COPY_MARKED : COPY_PLAIN;

		ck_assert_uint_lt(packet->flow, SEEN_FLOWS);
		ck_assert_uint_le(packet->offset + packet->len, SEEN_BYTES);
		for (uint32_t at = 0; at < packet->len; at++)
			copies[packet->flow][packet->offset + at] |= copy;
	}
}

/* --- V10 ------------------------------------------------------------------
 */

/*
 * What XLIO sees of a record's buffers, E as on the wire and D decrypted:
 * EEEE, EDDD, DDEE and EDEE stand for E, ED, DE and EDE, with as many packets
 * of each as there are.
 */
enum pattern {
	PATTERN_D,
	PATTERN_E,
	PATTERN_ED,
	PATTERN_DE,
	PATTERN_EDE,
	PATTERNS,
};

static const char *const pattern_names[PATTERNS] = {"D", "E", "ED", "DE",
						    "EDE"};

/* The marks of [start, end) of flow 0, a letter for each change. */
static enum pattern
pattern_of(uint32_t start, uint32_t end)
{
	char text[8] = "";
	size_t len = 0;

	for (uint32_t at = start; at < end; at++) {
		char c = copies[0][at] == COPY_MARKED ? 'D' : 'E';

		ck_assert(copies[0][at] != (COPY_MARKED | COPY_PLAIN));
		if (len > 0 && text[len - 1] == c)
			continue;
		ck_assert_uint_lt(len, sizeof(text) - 1);
		text[len++] = c;
	}
	for (int i = 0; i < PATTERNS; i++)
		if (strcmp(text, pattern_names[i]) == 0)
			return (enum pattern)i;
	ck_abort_msg("a record of pattern %s", text);
	return PATTERNS;
}

/* A record after a hole: one packet is passed, and not more. */
static void
check_first_passed(const struct ktlsim_record *record, uint32_t start)
{
	uint32_t passed = MSS - start % MSS;

	ck_assert_uint_eq(copies[0][start + passed - 1], COPY_PLAIN);
	ck_assert_uint_eq(copies[0][start + passed], COPY_MARKED);
	ck_assert_uint_le(record->marked_bytes, record->wire_bytes - passed);
}

static void
count_patterns(uint32_t *found)
{
	uint32_t start = 0;

	for (size_t i = 0; i < run.records; i++) {
		const struct ktlsim_record *record = &run.record[i];
		uint32_t end = start + record->wire_bytes;
		enum pattern pattern = pattern_of(start, end);

		ck_assert_uint_eq(record->number, i);
		if (pattern == PATTERN_ED || pattern == PATTERN_EDE)
			check_first_passed(record, start);
		if (pattern == PATTERN_ED)
			ck_assert_uint_eq(record->marked_bytes,
					  record->wire_bytes -
					      (MSS - start % MSS));
		found[pattern]++;
		start = end;
	}
}

enum { PATTERN_SEEDS = 8, PATTERN_LEAST = 20 };

/*
 * The NIC marks the rest of an EDDD record only when the tag is right over all
 * of it, the passed packet included; the bytes are compared by window_run, and
 * no tag is wrong.
 */
START_TEST(test_nic_validation_v10_patterns_of_real_devices_all_occur)
{
	uint32_t found[PATTERNS] = {0};

	for (int seed = 1; seed <= PATTERN_SEEDS; seed++) {
		char text[12];
		const struct sim_key keys[] = {{"nic.tls", "on"},
					       {"cost.firmware_command", "0"},
					       {"synthetic.bytes", "960KiB"},
					       {"link.rate", "10Gbps"},
					       {"link.loss", "0.03"},
					       /* all packets are full */
					       {"sockbuf.autosize", "off"},
					       {"sockbuf.hiwat", "1MiB"},
					       {"replay.resend_after", "20us"},
					       {"run.seed", text},
					       {NULL, NULL}};

		snprintf(text, sizeof(text), "%d", seed);
		window_run_seen(&run, keys);
		ck_assert_uint_eq(run.received[0], 960 * 1024);
		ck_assert_uint_eq(window_run_counter(&run, "ctx_tag_failures"),
				  0);
		note_copies();
		count_patterns(found);
		window_run_fini(&run);
	}
	for (int i = 0; i < PATTERNS; i++)
		ck_assert_msg(found[i] >= PATTERN_LEAST, "%s: %u records",
			      pattern_names[i], found[i]);
}
END_TEST

/*
 * EDDD: is the passed packet in the tag?  Records of 1000 bytes, [400, 800)
 * lost; a bit of the packet in which record 1 begins is wrong, or none.
 */
static const struct passed_row {
	uint32_t wrong; /* byte of the stream; 0: none */
	bool real;
	const char *marks;
} passed_rows[] = {
    {0, true, "D.E EDD D"},    {0, false, "D.E EDD D"},
    {1014, true, "D.E EDE E"}, {1014, false, "D.E EDE E"},
    {1299, true, "D.E EDE E"}, {1299, false, "D.E EDE E"},
};

START_TEST(test_nic_validation_v10_the_passed_packet_is_in_the_tag)
{
	const struct passed_row *row = &passed_rows[_i];
	struct nic_tls_play *play = play_create();
	struct nic_tls_params params = {.key = &play->key,
					.scratch = play->tls.scratch,
					.counters = &play->counters,
					.real = row->real};

	play_image(play, TLS_1_3, 16, 0);
	for (int i = 0; i < 3; i++)
		tls_image_add(&play->image, 1000);
	ck_assert_int_eq(nic_tls_init(&play->tls, &params), 0);
	play->flip[row->wrong] = row->wrong > 0 ? 0x20 : 0;
	play_packet(play, 0, 400);
	play_packet(play, 800, 1300);
	play_packet(play, 1300, 1700);
	play_packet(play, 1700, 2100);
	ck_assert_str_eq(play_pattern(play), row->marks);
	ck_assert_uint_eq(play->authenticated, row->wrong == 0);
	ck_assert_uint_eq(play->counters.tag_failures, row->wrong != 0);
	play_destroy(play);
}
END_TEST

/* --- V14 ------------------------------------------------------------------
 */

static const char *const merges[] = {"off", "ring", "lro", "gro"};

static uint64_t merged_chains; /* of more than one packet */

void __real_stage_tcp(struct endpoint *ep, struct mbuf *m, uint32_t frames,
		      sim_time handler_ps, sim_time now);
void __wrap_stage_tcp(struct endpoint *ep, struct mbuf *m, uint32_t frames,
		      sim_time handler_ps, sim_time now);

/* Every chain of every simulation of this program, on its way into TCP. */
void
__wrap_stage_tcp(struct endpoint *ep, struct mbuf *m, uint32_t frames,
		 sim_time handler_ps, sim_time now)
{
	if (!chain_marks_agree(m))
		ck_abort_msg("a chain of packets with different marks");
	merged_chains += frames > 1;
	__real_stage_tcp(ep, m, frames, handler_ps, now);
}

enum {
	STORM_SEEDS = 5,
	STORM_FLOWS = 4,
	STORM_BYTES = 400 * 1024,
	STORM_LEAST = 10, /* records of each kind, in all seeds together */
};

static void
run_storm(const char *merge, int seed)
{
	char text[12];
	const struct sim_key keys[] = {
	    {"nic.tls", "on"},
	    {"nic.merge", merge},
	    {"cost.firmware_command", "0"},
	    {"synthetic.flows", "4"},
	    {"synthetic.bytes", "400KiB"},
	    {"synthetic.burst", "8000B"},
	    {"link.loss", "0.01"},
	    {"link.ge_p", "0.001"},
	    {"link.super_loss", "0.002"},
	    {"link.reorder", "0.02"},
	    {"link.reorder_delay", "uniform(100ns, 50us)"},
	    {"link.duplicate", "0.03"},
	    {"link.corrupt", "0.005"},
	    {"replay.resend_after", "30us"},
	    {"host.cpus", "2"},
	    {"run.seed", text},
	    {NULL, NULL},
	};

	snprintf(text, sizeof(text), "%d", seed);
	window_run_seen(&run, keys);
}

static void
check_delivered_once(void)
{
	const struct results_conservation *books =
	    &run.results->hosts[0].conservation;

	ck_assert(books->balanced);
	ck_assert_uint_eq(books->queued, 0);
	for (int i = 0; i < STORM_FLOWS; i++) {
		const struct results_direction *direction =
		    &run.results->flows[i].direction[0];

		ck_assert_uint_eq(run.received[i], STORM_BYTES);
		ck_assert_uint_eq(direction->app_bytes, STORM_BYTES);
		ck_assert_uint_eq(direction->errors + direction->holes, 0);
	}
}

/*
 * The marked bytes of a record are those of its packets.  Of bytes that came
 * both ways either copy may have been the first in the stack, as drivers turn
 * the order of packets.
 */
static bool
check_marked(const struct ktlsim_record *record, uint32_t start)
{
	const uint8_t *copy = &copies[record->flow][start];
	uint32_t least = 0, most = 0;

	for (uint32_t i = 0; i < record->wire_bytes; i++) {
		least += copy[i] == COPY_MARKED;
		most += (copy[i] & COPY_MARKED) != 0;
	}
	ck_assert_uint_ge(record->marked_bytes, least);
	ck_assert_uint_le(record->marked_bytes, most);
	return least == most && least > 0 && least < record->wire_bytes;
}

/* Returns the mixed records that leave no doubt. */
static uint32_t
check_marks(void)
{
	uint32_t start[STORM_FLOWS] = {0}, mixed = 0;

	note_copies();
	for (size_t i = 0; i < run.records; i++) {
		const struct ktlsim_record *record = &run.record[i];

		mixed += check_marked(record, start[record->flow]);
		start[record->flow] += record->wire_bytes;
	}
	return mixed;
}

START_TEST(test_nic_validation_v14_each_byte_once_and_marks_apart)
{
	struct results_split sum = {0};
	uint32_t mixed = 0;

	for (int seed = 1; seed <= STORM_SEEDS; seed++) {
		const struct results_split *split;

		run_storm(merges[_i], seed);
		check_delivered_once();
		mixed += check_marks();
		split = &run.results->hosts[0].split;
		sum.records_full += split->records_full;
		sum.records_partial += split->records_partial;
		sum.records_none += split->records_none;
		window_run_fini(&run);
	}
	ck_assert_int_eq(merged_chains > 100, _i > 0);
	ck_assert_uint_ge(mixed, STORM_LEAST);
	ck_assert_uint_ge(sum.records_full, STORM_LEAST);
	ck_assert_uint_ge(sum.records_partial, STORM_LEAST);
	ck_assert_uint_ge(sum.records_none, STORM_LEAST);
}
END_TEST

Suite *
nic_validation_suite(void)
{
	const struct suite_test tests[] = {
	    {"V9",
	     test_nic_validation_v9_one_lost_packet_mixes_two_records_or_resyncs,
	     ROWS(single_rows)},
	    {"V10", test_nic_validation_v10_patterns_of_real_devices_all_occur,
	     0},
	    {"V10 tag", test_nic_validation_v10_the_passed_packet_is_in_the_tag,
	     ROWS(passed_rows)},
	    {"V14", test_nic_validation_v14_each_byte_once_and_marks_apart,
	     ROWS(merges)},
	    {"V8",
	     test_nic_validation_v8_full_share_is_bounded_by_packet_counts,
	     ROWS(loss_rows)},
	};

	return suite_create_table("nic_validation", tests, ROWS(tests), NULL,
				  teardown, 60);
}
