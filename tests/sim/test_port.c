/*
 * test_port.c - pause frames: what a full ring does to the sender.
 *
 * Costs are those of the profile `unit` (see test_pipeline.c), on one CPU with
 * nothing merged; the link has 10 Gb/s.  A record of 1021 bytes is 1099 bytes
 * on the wire, 879.2 ns; a pause frame 67.2 ns.  The first frame's handler is
 * entered at 3.8792 us, a frame takes 3 us and every second one 4.
 */
#include "sim/results.h"
#include "tests/support/sim_driver.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *port_suite(void);

enum { WIRE = 1021, KEYS_MAX = 8 };

static struct sim_driver driver;
static struct sim_sender sender;

static void
teardown(void)
{
	sim_driver_destroy(&driver);
}

/* One flow, `frames` records that are all ready at 0. */
static void
start(const struct sim_key *more, int frames)
{
	struct sim_key keys[KEYS_MAX + 6] = {{"host.cpus", "1"},
					     {"nic.merge", "off"},
					     {"link.rate", "10Gbps"},
					     {"replay.recovery", "none"}};

	for (int i = 0; i < KEYS_MAX && more[i].key != NULL; i++)
		keys[4 + i] = more[i];
	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	for (int i = 0; i < frames; i++)
		sim_send_record(&sender, 0, WIRE);
}

static void
run(const struct sim_key *more, int frames)
{
	start(more, frames);
	sim_driver_finish(&driver);
}

/*
 * A ring of 4 and twelve frames.  Without pause: 5, 6 and 7 find no descriptor
 * before the first one is free again at 6.8792; 8 does, 9 to 12 do not.
 */
START_TEST(test_without_pause_a_full_ring_drops)
{
	static const struct sim_key keys[] = {{"nic.ring", "4"}, {NULL, NULL}};

	run(keys, 12);
	SIM_EXPECT(&driver, arrival_ps, 879200, 1758400, 2637600, 3516800);
	ck_assert_uint_eq(sim_driver_counter(&driver, "rx_out_of_buffer"), 7);
}
END_TEST

/*
 * With pause they wait in the buffer, and the NIC takes one whenever a frame
 * has been handled: 6.8792, 10.8792, 13.8792 ...  The tenth, at 8.792, makes
 * the buffer 5495 bytes, above XOFF: the eleventh has begun and is there
 * at 9.6712, the twelfth has to wait.  At 24.8792 the buffer falls to 1099
 * bytes: XON, the sender goes on at 24.9464, after 15.2752 of standing still.
 */
START_TEST(test_with_pause_the_sender_waits)
{
	static const struct sim_key keys[] = {{"nic.ring", "4"},
					      {"nic.pause", "on"},
					      {"nic.pause_xoff", "4400B"},
					      {"nic.pause_xon", "1100B"},
					      {NULL, NULL}};
	const struct results_conservation *books;

	run(keys, 12);
	SIM_EXPECT(&driver, arrival_ps, 879200, 1758400, 2637600, 3516800,
		   6879200, 10879200, 13879200, 17879200, 20879200, 24879200,
		   27879200, 31879200);
	ck_assert_uint_eq(sim_driver_counter(&driver, "rx_out_of_buffer"), 0);
	ck_assert_uint_eq(sim_driver_counter(&driver, "rx_discards_phy"), 0);
	ck_assert_uint_eq(sim_driver_counter(&driver, "tx_pause_ctrl_phy"), 2);
	ck_assert_uint_eq(
	    sim_driver_counter(&driver, "tx_global_pause_duration"), 16);
	ck_assert_uint_eq(sim_driver_counter(&driver, "rx_port_buffer_max"),
			  6 * 1099);
	ck_assert_uint_eq(sim_driver_counter(&driver, "rx_pause_held"), 1);
	ck_assert_uint_eq(sim_driver_counter(&driver, "rx_pause_held_ns"),
			  15275);
	books = &sim_driver_host(&driver, 0)->conservation;
	ck_assert_uint_eq(books->segments_in, 12);
	ck_assert_uint_eq(books->delivered, 12);
}
END_TEST

/* Where no ring is full, pause changes nothing. */
START_TEST(test_idle_pause_changes_nothing)
{
	static const struct sim_key keys[][2] = {
	    {{"nic.pause", "off"}, {NULL, NULL}},
	    {{"nic.pause", "on"}, {NULL, NULL}}};

	run(keys[_i], 3);
	SIM_EXPECT(&driver, arrival_ps, 879200, 1758400, 2637600);
	SIM_EXPECT(&driver, handler_ps, 3879200, 6879200, 10879200);
	ck_assert_uint_eq(sim_driver_counter(&driver, "rx_link_delayed"), 2);
	ck_assert_uint_eq(sim_driver_counter(&driver, "rx_link_delay_ns"),
			  879 + 1758);
}
END_TEST

/*
 * A pause that lasts longer than one frame can ask for (84 us at 400 Gb/s) is
 * asked for again at every half of it, so that nothing is lost.
 */
START_TEST(test_long_pause_is_refreshed)
{
	static const struct sim_key keys[] = {{"nic.ring", "1"},
					      {"nic.pause", "on"},
					      {"nic.port_buffer", "64KiB"},
					      {"nic.pause_xoff", "60KiB"},
					      {"nic.pause_xon", "0"},
					      {"link.rate", "400Gbps"},
					      {NULL, NULL}};
	uint64_t paused_us, sent;

	run(keys, 100);
	ck_assert_uint_eq(driver.records, 100);
	ck_assert_uint_eq(sim_driver_counter(&driver, "rx_discards_phy"), 0);
	paused_us = sim_driver_counter(&driver, "tx_global_pause_duration");
	sent = sim_driver_counter(&driver, "tx_pause_ctrl_phy");
	/* 58 frames of 3.5 us and the interrupts between: 42 us each. */
	ck_assert_uint_gt(paused_us, 170);
	ck_assert_uint_eq(sent, 2 + paused_us * 1000 / 41941);
	ck_assert_uint_eq(sim_driver_counter(&driver, "rx_pause_held"), 1);
}
END_TEST

/* XOFF at the buffer's end leaves no room for what is under way. */
START_TEST(test_buffer_without_headroom_discards)
{
	static const struct sim_key keys[] = {{"nic.ring", "1"},
					      {"nic.pause", "on"},
					      {"nic.port_buffer", "64KiB"},
					      {"nic.pause_xoff", "64KiB"},
					      {"replay.recovery", "resend"},
					      {NULL, NULL}};

	run(keys, 100);
	ck_assert_uint_gt(sim_driver_counter(&driver, "rx_discards_phy"), 0);
	ck_assert_uint_eq(sim_driver_counter(&driver, "tx_pause_ctrl_phy"), 0);
	ck_assert_uint_eq(sim_driver_counter(&driver, "rx_out_of_buffer"), 0);
	ck_assert_uint_eq(driver.records, 100);
}
END_TEST

/* The buffer is one line: a frame to an idle queue waits behind the others. */
START_TEST(test_buffer_is_one_line)
{
	static const struct sim_key keys[] = {
	    {"host.cpus", "2"},		 {"nic.queues", "2"},
	    {"nic.merge", "off"},	 {"link.rate", "10Gbps"},
	    {"nic.ring", "1"},		 {"nic.pause", "on"},
	    {"replay.recovery", "none"}, {NULL, NULL}};
	static struct sim_sender other;

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_sender_open(&other, &driver, SIM_PORT_1);
	sim_send_record(&sender, 0, WIRE);
	sim_send_record(&sender, 0, WIRE);
	sim_send_record(&other, 0, WIRE);
	sim_driver_finish(&driver);
	sim_driver_sort(&driver);
	SIM_EXPECT(&driver, arrival_ps, 879200, 6879200, 6879200);
}
END_TEST

/* Frames at the sender, on the link, in the buffer: in the books, and freed. */
START_TEST(test_early_end_finds_every_frame)
{
	static const struct sim_key keys[] = {{"nic.ring", "4"},
					      {"nic.pause", "on"},
					      {"nic.pause_xoff", "4400B"},
					      {"nic.pause_xon", "1100B"},
					      {NULL, NULL}};
	const struct results_conservation *books;
	struct ktlsim_error error = {0};

	start(keys, 20);
	sim_driver_run_until(&driver, 9000000);
	ck_assert_int_eq(ktlsim_finish(driver.sim, &error), 0);
	books = &sim_driver_host(&driver, 0)->conservation;
	ck_assert(books->balanced);
	ck_assert_uint_eq(books->segments_in, 20);
	ck_assert_uint_eq(books->queued, 19);
}
END_TEST

/* What was captured on the host has come through the port already. */
START_TEST(test_capture_on_host_knows_no_pause)
{
	static const struct sim_key keys[] = {{"nic.ring", "1"},
					      {"nic.pause", "on"},
					      {"replay.capture_point", "host"},
					      {NULL, NULL}};

	run(keys, 5);
	SIM_EXPECT(&driver, arrival_ps, 0, 0, 0, 0, 0);
}
END_TEST

Suite *
port_suite(void)
{
	const struct suite_test tests[] = {
	    {"without_pause_a_full_ring_drops",
	     test_without_pause_a_full_ring_drops, 0},
	    {"with_pause_the_sender_waits", test_with_pause_the_sender_waits,
	     0},
	    {"idle_pause_changes_nothing", test_idle_pause_changes_nothing, 2},
	    {"a_long_pause_is_refreshed", test_long_pause_is_refreshed, 0},
	    {"a_buffer_without_headroom_discards",
	     test_buffer_without_headroom_discards, 0},
	    {"the_buffer_is_one_line", test_buffer_is_one_line, 0},
	    {"an_early_end_finds_every_frame", test_early_end_finds_every_frame,
	     0},
	    {"a_capture_on_the_host_knows_no_pause",
	     test_capture_on_host_knows_no_pause, 0},
	};

	return suite_create_table("port", tests, sizeof(tests) / sizeof(*tests),
				  NULL, teardown, 0);
}
