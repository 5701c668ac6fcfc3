/*
 * test_rx_driver.c - merging and moderation of the driver, in picoseconds.
 *
 * Costs are those of the profile `unit` (see test_pipeline.c), on one CPU.
 * Frames at 0 are visible at 1 and their handler is entered at 3.  With LRO and
 * GRO taking a frame costs 1 us, and its chain later 3 us (merged TCP, ACK,
 * append) or, alone, 2 (TCP, append; 3 with an ACK).
 */
#include "sim/results.h"
#include "tests/support/sim_driver.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define US	    UINT64_C(1000000)

Suite *rx_driver_suite(void);

enum { WIRE = 1021, RECORDS_MAX = 6, TH_ACK_FLAG = 0x10 };

static struct sim_driver driver;
static struct sim_sender sender[2];

static void
teardown(void)
{
	sim_driver_destroy(&driver);
}

static void
start(const struct sim_key *keys)
{
	sim_driver_create(&driver, keys);
	sim_sender_open(&sender[0], &driver, SIM_PORT_0);
	sim_sender_open(&sender[1], &driver, SIM_PORT_1);
}

/* Records by flow and number: when their handler was, and their append. */
static void
expect_times(const uint64_t *handler_us, const uint64_t *appended_us)
{
	sim_driver_sort(&driver);
	for (size_t i = 0; i < driver.records; i++) {
		ck_assert_uint_eq(driver.record[i].handler_ps,
				  handler_us[i] * US);
		ck_assert_uint_eq(driver.record[i].appended_ps,
				  appended_us[i] * US);
	}
}

/*
 * Two flows that interleave, two frames each at 0.  The RSS hash of the second
 * flow is the lower one, but its bucket the higher.
 */
static const struct flows_row {
	const char *merge;
	uint64_t handler_us[4], appended_us[4]; /* flow 0, then flow 1 */
	const char *counter;
	uint64_t merged;
} flows_rows[] = {
    {"off", {3, 9, 6, 13}, {6, 13, 9, 17}, NULL, 0},
    {"ring", {3, 9, 6, 13}, {6, 13, 9, 17}, NULL, 0},
    {"lro", {3, 3, 3, 3}, {13, 13, 10, 10}, "rx_lro_packets", 4},
    {"gro", {3, 3, 3, 3}, {10, 10, 13, 13}, "rx_gro_packets", 4},
};

START_TEST(test_flows)
{
	const struct flows_row *row = &flows_rows[_i];
	const struct sim_key keys[] = {{"host.cpus", "1"},
				       {"nic.queues", "1"},
				       {"nic.merge", row->merge},
				       {NULL, NULL}};

	start(keys);
	for (int i = 0; i < 4; i++)
		sim_send_record(&sender[i % 2], 0, WIRE);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, 4);
	expect_times(row->handler_us, row->appended_us);
	if (row->counter != NULL)
		ck_assert_uint_eq(sim_driver_counter(&driver, row->counter),
				  row->merged);
}
END_TEST

/*
 * One flow, frames of one record each; a frame that is shorter than the first
 * one is sent up by GRO at once, before the next is taken.
 */
static const struct frames_row {
	const char *merge;
	const char *weight;
	const char *ring;
	struct {
		uint32_t wire;
		uint64_t time_us;
	} frame[RECORDS_MAX];
	uint64_t handler_us[RECORDS_MAX], appended_us[RECORDS_MAX];
} frames_rows[] = {
    /* Taken 3 to 6, delivered 6 to 9. */
    {"lro",
     "0",
     "1024",
     {{WIRE, 0}, {521, 0}, {WIRE, 0}},
     {3, 3, 3},
     {9, 9, 9}},
    /* Taken 3 to 5, delivered 5 to 8; taken 8 to 9, delivered 9 to 11. */
    {"gro",
     "0",
     "1024",
     {{WIRE, 0}, {521, 0}, {WIRE, 0}},
     {3, 3, 8},
     {8, 8, 11}},
    /* What becomes visible while a batch is taken joins it: 3, 5 to 6. */
    {"lro",
     "0",
     "1024",
     {{WIRE, 0}, {WIRE, 0}, {WIRE, 3}},
     {5, 5, 5},
     {9, 9, 9}},
    {"gro",
     "0",
     "1024",
     {{WIRE, 0}, {WIRE, 0}, {WIRE, 3}},
     {5, 5, 5},
     {9, 9, 9}},
    /* Three are as many as the ring: 5 to 6, delivered 6 to 9; 9 to 12. */
    {"lro",
     "0",
     "3",
     {{WIRE, 0}, {WIRE, 0}, {WIRE, 3}, {WIRE, 5}},
     {5, 5, 5, 9},
     {9, 9, 9, 12}},
    {"lro",
     "0",
     "1024",
     {{WIRE, 0}, {WIRE, 0}, {WIRE, 3}, {WIRE, 5}},
     {6, 6, 6, 6},
     {10, 10, 10, 10}},
    /* A poll that has used its weight ends LRO's batch, and not GRO's. */
    {"lro",
     "2",
     "1024",
     {{WIRE, 0}, {WIRE, 0}, {WIRE, 0}},
     {3, 3, 8},
     {8, 8, 11}},
    {"gro",
     "2",
     "1024",
     {{WIRE, 0}, {WIRE, 0}, {WIRE, 0}},
     {5, 5, 5},
     {9, 9, 9}},
};

START_TEST(test_frames)
{
	const struct frames_row *row = &frames_rows[_i];
	const struct sim_key keys[] = {{"host.cpus", "1"},
				       {"nic.merge", row->merge},
				       {"nic.poll_weight", row->weight},
				       {"nic.ring", row->ring},
				       {NULL, NULL}};
	size_t sent = 0;

	start(keys);
	for (; row->frame[sent].wire > 0; sent++)
		sim_send_record(&sender[0], row->frame[sent].time_us * US,
				row->frame[sent].wire);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, sent);
	expect_times(row->handler_us, row->appended_us);
}
END_TEST

/*
 * Two records and between them an ACK that is newer than theirs: LRO takes
 * three frames, 3 to 6, and delivers the two as one, to 9.  GRO sends up what
 * it holds at each: a record (5 to 7), the ACK (to 8); then 8 to 9, 9 to 12
 * with an ACK of its own.
 */
static const struct ack_row {
	const char *merge;
	uint64_t handler_us[2], appended_us[2];
	const char *merged;
	uint64_t bytes;
} ack_rows[] = {
    {"lro", {3, 3}, {9, 9}, "rx_lro_bytes", 2042},
    {"gro", {3, 8}, {7, 12}, "rx_gro_bytes", 0},
};

START_TEST(test_ack)
{
	const struct ack_row *row = &ack_rows[_i];
	const struct sim_key keys[] = {
	    {"host.cpus", "1"}, {"nic.merge", row->merge}, {NULL, NULL}};
	const struct results_conservation *books;

	start(keys);
	sim_send_record(&sender[0], 0, WIRE);
	sender[0].packet.th_ack++;
	sim_send_flags(&sender[0], 0, TH_ACK_FLAG);
	sim_send_record(&sender[0], 0, WIRE);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, 2);
	expect_times(row->handler_us, row->appended_us);
	ck_assert_uint_eq(sim_driver_counter(&driver, row->merged), row->bytes);
	books = &sim_driver_host(&driver, 0)->conservation;
	ck_assert_uint_eq(books->segments_in, 3);
	ck_assert_uint_eq(books->delivered, 3);
}
END_TEST

/* A run that ends in the middle accounts for what is between ring and TCP. */
START_TEST(test_early_end)
{
	static const char *const merges[] = {"lro", "gro"};
	const struct sim_key keys[] = {
	    {"host.cpus", "1"}, {"nic.merge", merges[_i]}, {NULL, NULL}};
	const struct results_conservation *books;
	struct ktlsim_error error = {0};

	start(keys);
	for (int i = 0; i < 3; i++)
		sim_send_record(&sender[0], 0, WIRE);
	sim_driver_run_until(&driver, 4 * US);
	ck_assert_int_eq(ktlsim_finish(driver.sim, &error), 0);
	books = &sim_driver_host(&driver, 0)->conservation;
	ck_assert_uint_eq(books->segments_in, 3);
	ck_assert_uint_eq(books->queued, 3);
	ck_assert(books->balanced);
}
END_TEST

/*
 * Frames at 0, 10 and 25, visible 1 us later, a timer of 16 us.  From the last
 * event: 1 + 16 = 17, then 26 + 16 = 42.  From the latest frame: 17 becomes 27,
 * and that 42.  Message and handler 2 us more.
 */
static const struct mode_row {
	const char *mode;
	uint64_t handler_us[3], interrupts;
} mode_rows[] = {
    {"eqe", {19, 19, 44}, 2},
    {"cqe", {44, 44, 44}, 1},
};

START_TEST(test_mode)
{
	const struct mode_row *row = &mode_rows[_i];
	const struct sim_key keys[] = {{"host.cpus", "1"},
				       {"nic.moderation", "static"},
				       {"nic.moderation_mode", row->mode},
				       {"nic.merge", "ring"},
				       {NULL, NULL}};

	start(keys);
	sim_send_record(&sender[0], 0, WIRE);
	sim_send_record(&sender[0], 10 * US, WIRE);
	sim_send_record(&sender[0], 25 * US, WIRE);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, handler_ps, row->handler_us[0] * US,
		   row->handler_us[1] * US, row->handler_us[2] * US);
	ck_assert_uint_eq(sim_driver_counter(&driver, "ch_events"),
			  row->interrupts);
}
END_TEST

/*
 * A record every 200 us, an interrupt each.  Adaptive moderation begins with
 * profile 1 (8 us); the first interrupt's service begins the measurement, and
 * after 64 more the climb goes to profile 2: 64 us in EQE mode, 16 in CQE.
 * Message and handler 2 us more.
 */
static const struct adaptive_row {
	const char *mode;
	uint64_t before_us, after_us;
} adaptive_rows[] = {
    {"eqe", 8 + 2, 64 + 2},
    {"cqe", 8 + 2, 16 + 2},
};

START_TEST(test_adaptive)
{
	const struct adaptive_row *row = &adaptive_rows[_i];
	const struct sim_key keys[] = {{"host.cpus", "1"},
				       {"nic.moderation", "adaptive"},
				       {"nic.moderation_mode", row->mode},
				       {NULL, NULL}};

	start(keys);
	for (uint64_t i = 0; i < 70; i++)
		sim_send_record(&sender[0], 200 * i * US, 121);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, 70);
	for (size_t i = 0; i < driver.records; i++) {
		const struct ktlsim_record *record = &driver.record[i];

		ck_assert_uint_eq(record->handler_ps - record->visible_ps,
				  (i < 65 ? row->before_us : row->after_us) *
				      US);
	}
}
END_TEST

Suite *
rx_driver_suite(void)
{
	const struct suite_test tests[] = {
	    {"flows_that_interleave", test_flows, ROWS(flows_rows)},
	    {"what_a_step_takes_and_delivers", test_frames, ROWS(frames_rows)},
	    {"a_pure_ack_between_records", test_ack, ROWS(ack_rows)},
	    {"an_early_end_finds_every_frame", test_early_end, 2},
	    {"the_timer_runs_from_event_or_frame", test_mode, ROWS(mode_rows)},
	    {"adaptive_moderation_climbs_after_64_interrupts", test_adaptive,
	     ROWS(adaptive_rows)},
	};

	return suite_create_table("rx_driver", tests,
				  sizeof(tests) / sizeof(*tests), NULL,
				  teardown, 0);
}
