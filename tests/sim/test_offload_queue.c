/*
 * test_offload_queue.c - three flows that want the driver's one post at a time.
 *
 * The queue of posts has one entry and a PCIe read takes a millisecond, so a
 * post is long under way.  Each flow loses a header and asks by itself; then
 * all of them can answer at once.  Times are microseconds.
 */
#include "sim/offload_queue.h"

#include <string.h>

#include "sim/ktlsim_internal.h"
#include "sim/results.h"
#include "tests/support/sim_driver.h"
#include "tests/support/suite_table.h"

Suite *offload_queue_suite(void);

enum {
	FLOWS = 3,
	RECORDS = 8,
	RECORD = 1000, /* bytes on the wire */
	READ_US = 1000,
	START_US = 5000,
	LOSS_US = 10000, /* that of the first flow; the others' follow */
	LOSS_EVERY_US = 5000,
	FILL_US = 30000, /* what was lost comes, and software gets there */
	FILL_EVERY_US = 20,
	REST_US = 40000,
	US = 1000000,
};

static struct sim_driver driver;
static struct sim_sender sender[FLOWS];

static void
setup(void)
{
	static const struct sim_key keys[] = {{"nic.tls", "on"},
					      {"nic.profile", "ideal"},
					      {"nic.resync", "linux-async"},
					      {"nic.tls_queue", "1"},
					      {"cost.pcie_read", "1ms"},
					      {"host.cpus", "1"},
					      {NULL, NULL}};

	sim_driver_create(&driver, keys);
	for (int f = 0; f < FLOWS; f++) {
		sim_sender_open(&sender[f], &driver,
				(uint16_t)(SIM_PORT_0 + f));
		for (int i = 0; i < RECORDS; i++)
			sim_sender_record(&sender[f], RECORD);
	}
}

static void
teardown(void)
{
	sim_driver_destroy(&driver);
}

static void
send_at(int f, uint64_t time_us, uint32_t offset, uint32_t len)
{
	sim_send(&sender[f], time_us * US, offset, len);
}

/* The header at 1000 is lost, that at 2000 found; both come to software. */
static void
lose_a_header(int f)
{
	const uint64_t loss_us = LOSS_US + (uint64_t)f * LOSS_EVERY_US;

	send_at(f, START_US, 0, 1000);
	send_at(f, loss_us, 1500, 1000);
	send_at(f, FILL_US + (uint64_t)f * FILL_EVERY_US, 1000, 500);
}

static const struct results_offload *
flow_offload(int f)
{
	return &ktlsim_results(driver.sim)->flows[f].direction[0].offload;
}

/* Microseconds from the moment at which all could answer. */
static uint64_t
answered_us(int f)
{
	const struct results_offload *offload = flow_offload(f);

	ck_assert_uint_eq(offload->episodes, 1);
	ck_assert_uint_eq(offload->episodes_closed, 1);
	return offload->listed[0].at[EPISODE_ANSWER] / US - FILL_US;
}

START_TEST(test_offload_queue_answers_wait_their_turn)
{
	for (int f = 0; f < FLOWS; f++) {
		lose_a_header(f);
		for (uint32_t at = 2500; at < RECORDS * RECORD; at += 500)
			send_at(f, REST_US + at, at, 500);
	}
	sim_driver_finish(&driver);
	for (int f = 0; f < FLOWS; f++)
		ck_assert_uint_eq(answered_us(f) / READ_US, (uint64_t)f + 1);
	ck_assert_uint_eq(
	    sim_driver_counter(&driver, "rx_tls_resync_res_retry"), FLOWS - 1);
	ck_assert_uint_eq(sim_driver_counter(&driver, "rx_tls_resync_res_ok"),
			  FLOWS);
}
END_TEST

/*
 * While its answer waits the second flow loses the header at 3000, and finds
 * that at 4000: the answer is void, and the third flow's is next.
 */
START_TEST(test_offload_queue_passes_over_an_answer_that_is_void)
{
	for (int f = 0; f < FLOWS; f++)
		lose_a_header(f);
	send_at(1, FILL_US + READ_US / 2, 3500, 1000);
	for (uint32_t at = 2500; at < RECORDS * RECORD; at += 500)
		for (int f = 0; f < FLOWS; f++)
			send_at(f, REST_US + at, at, 500);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(answered_us(0) / READ_US, 1);
	ck_assert_uint_eq(answered_us(2) / READ_US, 2);
	ck_assert_uint_eq(flow_offload(1)->episodes_closed, 0);
	ck_assert_uint_eq(sim_driver_counter(&driver, "ctx_answers_refused"),
			  0);
}
END_TEST

Suite *
offload_queue_suite(void)
{
	const struct suite_test tests[] = {
	    {"turns", test_offload_queue_answers_wait_their_turn, 0},
	    {"void", test_offload_queue_passes_over_an_answer_that_is_void, 0},
	};

	return suite_create_table("offload_queue", tests,
				  sizeof(tests) / sizeof(tests[0]), setup,
				  teardown, 0);
}
