/*
 * test_collect.c - what a finished run tells: books, notes, overload.
 */
#include <string.h>

#include "engine/mbuf.h"
#include "sim/ktlsim_internal.h"
#include "sim/results.h"
#include "tests/support/sim_driver.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *collect_suite(void);

enum { WIRE = 1021 };

static struct sim_driver driver;
static struct sim_sender sender;

static void
teardown(void)
{
	sim_driver_destroy(&driver);
}

static bool
has_note(const char *text)
{
	const struct results *results = ktlsim_results(driver.sim);

	for (size_t i = 0; i < results->note_count; i++)
		if (strstr(results->notes[i], text) != NULL)
			return true;
	return false;
}

/*
 * One frame for each fate: in order; old; a wrong sum; ahead of a hole, twice;
 * a pure ACK; and in a second connection a FIN, and what comes behind it.
 */
START_TEST(test_conservation)
{
	static struct sim_sender other;
	const struct results_conservation *books;

	sim_driver_create(&driver, NULL);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_sender_open(&other, &driver, SIM_PORT_1);
	for (int i = 0; i < 3; i++)
		sim_sender_record(&sender, WIRE);
	sim_send(&sender, 0, 0, WIRE);
	sim_send(&sender, 50000000, 0, WIRE);
	sender.packet.checksum = PACKET_SUM_WRONG;
	sim_send(&sender, 100000000, WIRE, WIRE);
	sender.packet.checksum = PACKET_SUM_RIGHT;
	sim_send(&sender, 150000000, 2 * WIRE, WIRE);
	sim_send(&sender, 200000000, 2 * WIRE, WIRE);
	sim_send_flags(&sender, 250000000, TH_ACK);
	sim_send_flags(&other, 300000000, TH_ACK | TH_FIN);
	other.first_seq++;
	sim_send_record(&other, 350000000, WIRE);
	sim_driver_finish(&driver);
	books = &sim_driver_host(&driver, 0)->conservation;
	ck_assert_uint_eq(books->segments_in, 8);
	ck_assert_uint_eq(books->delivered, 3);
	ck_assert_uint_eq(books->dropped_old, 1);
	ck_assert_uint_eq(books->dropped_checksum, 1);
	ck_assert_uint_eq(books->dropped_duplicate, 1);
	ck_assert_uint_eq(books->dropped_past_close, 1);
	ck_assert_uint_eq(books->dropped_ring, 0);
	ck_assert_uint_eq(books->dropped_reassembly, 0);
	ck_assert_uint_eq(books->queued, 1);
	ck_assert(books->balanced);
}
END_TEST

/* The first hole: where, how much lies behind it. */
START_TEST(test_hole)
{
	const struct results_direction *direction;

	sim_driver_create(&driver, NULL);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	for (int i = 0; i < 3; i++)
		sim_sender_record(&sender, WIRE);
	sim_send(&sender, 0, 0, WIRE);
	sim_send(&sender, 1000, 2 * WIRE, WIRE);
	sim_driver_finish(&driver);
	direction = &ktlsim_results(driver.sim)->flows[0].direction[0];
	ck_assert_uint_eq(direction->holes, 1);
	ck_assert_uint_eq(direction->hole.offset, 1021);
	ck_assert_uint_eq(direction->hole.bytes_behind, 1021);
	ck_assert(!direction->hole.acked);
}
END_TEST

/* What holds for all records of a run is said in a note. */
static const struct note_row {
	struct sim_key key;
	const char *says;
} note_rows[] = {
    {{"replay.capture_point", "wire"}, "wire"},
    {{"replay.capture_point", "host"}, "host"},
    {{"replay.speed", "2.5"}, "by 2.5, round trips"},
    {{"nic.merge", "off"}, "merg"},
    {{"run.seed", "1"}, "lock"},
};

START_TEST(test_notes)
{
	const struct sim_key keys[] = {note_rows[_i].key, {NULL, NULL}};

	sim_driver_create(&driver, keys);
	sim_driver_finish(&driver);
	ck_assert(has_note(note_rows[_i].says));
}
END_TEST

/*
 * A record every 20 us, to a worker that needs 1 ms for each: a host that still
 * works 10 ms after the last arrival, and a twentieth of the input's length,
 * has not kept up.
 */
static const struct overload_row {
	int records;
	const char *price; /* of a record */
	bool overloaded;
} overload_rows[] = {
    {9, "1ms", false}, /* done 9 ms after the last arrival */
    {150, "1ms", true},
    {600, "0", false}, /* 8 us for each: the worker keeps up */
};

START_TEST(test_overload)
{
	const struct overload_row *row = &overload_rows[_i];
	const struct sim_key keys[] = {{"cost.aes128_gcm_record", row->price},
				       {NULL, NULL}};
	const struct results *results;

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_sender_record(&sender, 8000);
	for (int i = 0; i < row->records; i++) {
		sim_send(&sender, (uint64_t)i * 20000000, 0, 8000);
		sender.first_seq += 8000;
	}
	sim_driver_finish(&driver);
	results = ktlsim_results(driver.sim);
	ck_assert_uint_eq(driver.records, (unsigned)row->records);
	ck_assert(results->overloaded == row->overloaded);
	ck_assert(has_note("overloaded") == row->overloaded);
}
END_TEST

static void
send_fragment(const struct packet *packet, uint32_t offset, uint32_t len)
{
	static uint8_t bytes[2048];
	struct ktlsim_frame frame = {
	    .size = sizeof(frame),
	    .data = bytes,
	    .link_type = (int)packet->link,
	};

	frame.captured_len = (uint32_t)packet_build_fragment(
	    packet, offset, len, bytes, sizeof(bytes));
	frame.wire_len = frame.captured_len;
	ck_assert_int_eq(ktlsim_inject(driver.sim, &frame, NULL), 0);
}

/* Two packets in three fragments: one comes whole, of one the end is missing.
 */
START_TEST(test_fragments)
{
	struct packet packet;

	sim_driver_create(&driver, NULL);
	packet_init(&packet);
	packet.payload_len = 1000;
	packet.ip_id = 1;
	send_fragment(&packet, 0, 512);
	send_fragment(&packet, 512,
		      (uint32_t)packet_segment_len(&packet) - 512);
	packet.ip_id = 2;
	send_fragment(&packet, 0, 512);
	sim_driver_finish(&driver);
	ck_assert(has_note("packets put together from IP fragments: 1"));
	ck_assert(has_note("IP fragment is missing, passed over: 1"));
}
END_TEST

Suite *
collect_suite(void)
{
	const struct suite_test tests[] = {
	    {"every_segment_has_one_fate", test_conservation, 0},
	    {"a_hole_is_told", test_hole, 0},
	    {"notes_say_what_was_assumed", test_notes, ROWS(note_rows)},
	    {"fragments_are_noted", test_fragments, 0},
	    {"queues_that_grow_are_an_overload", test_overload,
	     ROWS(overload_rows)},
	};

	return suite_create_table("collect", tests,
				  sizeof(tests) / sizeof(*tests), NULL,
				  teardown, 0);
}
