/*
 * test_softirq.c - the budget of polling, in literal picoseconds.
 *
 * Costs are those of the profile `unit` (see test_pipeline.c), on one CPU with
 * nothing merged.  A pure ACK costs the driver 1 us and TCP 1 us, and wakes
 * nobody.  ACKs at 0 are visible at 1, their handler is entered at 3.
 */
#include "sim/results.h"
#include "tests/support/sim_driver.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define US	    UINT64_C(1000000)

Suite *softirq_suite(void);

enum { WIRE = 1021, TH_ACK_FLAG = 0x10 };

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

/*
 * So many ACKs.  What the softirq leaves over costs the thread one switch; its
 * time is that of applications.
 */
static const struct budget_row {
	int frames;
	const char *weight, *budget, *time;
	uint64_t softirq_us, thread_us;
	uint64_t squeezes, polls;
} budget_rows[] = {
    /* FreeBSD: until the ring is empty. */
    {10, "0", "0", "0", 20, 0, 0, 1},
    /* Polls of 4, 4 and 2; one that took its weight is tried again. */
    {10, "4", "0", "0", 20, 0, 0, 3},
    {8, "4", "0", "0", 16, 0, 0, 3},
    {7, "4", "0", "0", 14, 0, 0, 2},
    /* The budget is looked at after a poll: 8 of 10, and 2 in the thread. */
    {10, "4", "8", "0", 16, 1 + 4, 1, 3},
    {10, "4", "5", "0", 16, 1 + 4, 1, 3},
    {10, "4", "4", "0", 8, 1 + 12, 2, 3},
    {10, "4", "9", "0", 20, 0, 0, 3},
    {7, "4", "8", "0", 14, 0, 0, 2},
    /* 8, then rounds of the thread of 8 and 4, which nobody interleaves. */
    {20, "4", "8", "0", 16, 1 + 24, 2, 6},
    /* Linux: five polls of 64 pass 300; the rest is the thread's. */
    {400, "64", "300", "2ms", 640, 1 + 160, 1, 7},
    /* After 4 frames 8 us have passed. */
    {10, "4", "0", "8us", 8, 1 + 12, 2, 3},
    {10, "4", "0", "8000001ps", 16, 1 + 4, 1, 3},
    {10, "4", "4", "1s", 8, 1 + 12, 2, 3},
};

START_TEST(test_budget)
{
	const struct budget_row *row = &budget_rows[_i];
	const struct sim_key keys[] = {{"host.cpus", "1"},
				       {"nic.merge", "off"},
				       {"nic.poll_weight", row->weight},
				       {"nic.poll_budget", row->budget},
				       {"nic.poll_time", row->time},
				       {NULL, NULL}};
	const struct results_cpu *cpu;

	start(keys);
	for (int i = 0; i < row->frames; i++)
		sim_send_flags(&sender[0], 0, TH_ACK_FLAG);
	sim_driver_finish(&driver);
	cpu = sim_driver_host(&driver, 0)->cpus;
	ck_assert_uint_eq(cpu->softirq_ps, row->softirq_us * US);
	ck_assert_uint_eq(cpu->app_ps, row->thread_us * US);
	ck_assert_uint_eq(sim_driver_counter(&driver, "time_squeeze"),
			  row->squeezes);
	ck_assert_uint_eq(sim_driver_counter(&driver, "ch_poll"), row->polls);
	ck_assert_uint_eq(sim_driver_counter(&driver, "ch_arm"), 1);
}
END_TEST

/*
 * Three records each to two queues, all at 0: interrupts 2 to 3 and 3 to 4.  A
 * record costs 3 us, every second one of a flow 4 with its ACK.
 */
static const struct turns_row {
	const char *weight;
	uint64_t handler_us[6]; /* flow 0, then flow 1 */
} turns_rows[] = {
    {"0", {4, 7, 11, 14, 17, 21}},
    {"1", {4, 10, 18, 7, 14, 21}},
    {"2", {4, 7, 18, 11, 14, 21}},
    {"3", {4, 7, 11, 14, 17, 21}},
};

START_TEST(test_turns)
{
	const struct turns_row *row = &turns_rows[_i];
	const struct sim_key keys[] = {{"host.cpus", "1"},
				       {"nic.queues", "2"},
				       {"nic.merge", "off"},
				       {"nic.poll_weight", row->weight},
				       {NULL, NULL}};

	start(keys);
	for (int i = 0; i < 6; i++)
		sim_send_record(&sender[i % 2], 0, WIRE);
	sim_driver_finish(&driver);
	sim_driver_sort(&driver);
	ck_assert_uint_eq(driver.records, 6);
	for (int i = 0; i < 6; i++)
		ck_assert_uint_eq(driver.record[i].handler_ps,
				  row->handler_us[i] * US);
}
END_TEST

/*
 * Weight and budget 1, four ACKs to queue A at 0.  The first is handled 3 to 5,
 * the thread begins at 6.  The interrupt of an ACK to queue B at 5 comes in
 * between, 7 to 8, and leaves B to the thread: A 6 to 9, B to 11, A to 13 and
 * 15.  Every round but the last empty one is squeezed.
 */
START_TEST(test_interrupt_leaves_its_queue_to_the_thread)
{
	static const struct sim_key keys[] = {
	    {"host.cpus", "1"},	      {"nic.queues", "2"},
	    {"nic.merge", "off"},     {"nic.poll_weight", "1"},
	    {"nic.poll_budget", "1"}, {NULL, NULL}};
	const struct results_cpu *cpu;

	start(keys);
	for (int i = 0; i < 4; i++)
		sim_send_flags(&sender[0], 0, TH_ACK_FLAG);
	sim_send_flags(&sender[1], 5 * US, TH_ACK_FLAG);
	sim_driver_finish(&driver);
	cpu = sim_driver_host(&driver, 0)->cpus;
	ck_assert_uint_eq(cpu->irq_ps, 2 * US);
	ck_assert_uint_eq(cpu->softirq_ps, 2 * US);
	ck_assert_uint_eq(cpu->app_ps, 9 * US);
	ck_assert_uint_eq(ktlsim_now(driver.sim), 15 * US);
	ck_assert_uint_eq(sim_driver_counter(&driver, "time_squeeze"), 5);
}
END_TEST

/*
 * One record and eight ACKs behind it at 0, weight and budget 2.  The softirq
 * takes the record 3 to 6 and an ACK to 8; the worker, woken at 6, has 3 us to
 * spend before it begins at 11, and 3 of work: 14.  Then the class of the
 * applications, in order: the reader, woken at 6, has wake-up and switch: 16
 * to 18; the thread follows.  Without a budget the softirq runs to 22.
 */
static const struct yield_row {
	const char *weight, *budget;
	uint64_t begin_us, read_begin_us, read_end_us;
} yield_rows[] = {
    {"0", "0", 25, 30, 32},
    {"2", "2", 11, 16, 18},
};

START_TEST(test_thread_lets_worker_and_reader_go_first)
{
	const struct yield_row *row = &yield_rows[_i];
	const struct sim_key keys[] = {{"host.cpus", "1"},
				       {"nic.merge", "off"},
				       {"nic.poll_weight", row->weight},
				       {"nic.poll_budget", row->budget},
				       {NULL, NULL}};

	start(keys);
	sim_send_record(&sender[0], 0, WIRE);
	for (int i = 0; i < 8; i++)
		sim_send_flags(&sender[0], 0, TH_ACK_FLAG);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, begin_ps, row->begin_us * US);
	SIM_EXPECT(&driver, read_begin_ps, row->read_begin_us * US);
	SIM_EXPECT(&driver, read_end_ps, row->read_end_us * US);
}
END_TEST

Suite *
softirq_suite(void)
{
	const struct suite_test tests[] = {
	    {"what_a_budget_leaves_over_is_the_threads", test_budget,
	     ROWS(budget_rows)},
	    {"queues_take_turns_by_weight", test_turns, ROWS(turns_rows)},
	    {"an_interrupt_leaves_its_queue_to_the_thread",
	     test_interrupt_leaves_its_queue_to_the_thread, 0},
	    {"the_thread_lets_worker_and_reader_go_first",
	     test_thread_lets_worker_and_reader_go_first, ROWS(yield_rows)},
	};

	return suite_create_table("softirq", tests,
				  sizeof(tests) / sizeof(*tests), NULL,
				  teardown, 0);
}
