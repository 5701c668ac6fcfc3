/*
 * test_pipeline.c - the road of a segment in literal picoseconds.
 *
 * Costs are those of the profile `unit`: every fixed price 1 us, a cipher 1 ns
 * per byte, the copy free, locks free.  Expected values are numbers that were
 * worked out by hand; the comment above each test shows how.  A record of 1021
 * bytes has 1000 that are charged, so that it costs 1 + 1 + 1 us: cipher,
 * bytes, delivery.  In the comments times are microseconds, A and B records.
 */
#include "sim/results.h"
#include "tests/support/sim_driver.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *pipeline_suite(void);

enum { WIRE = 1021 };

static struct sim_driver driver;
static struct sim_sender sender;

static void
teardown(void)
{
	sim_driver_destroy(&driver);
}

/* One host with these keys, and one flow into it. */
static void
start(const struct sim_key *keys)
{
	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
}

static const struct sim_key one_cpu[] = {{"host.cpus", "1"}, {NULL, NULL}};

/*
 * A arrives at 5.  NIC 1: visible 6; message 1: 7; interrupt 1: the softirq
 * turns to it at 8; driver 1 + TCP 1 + append 1: 11.  The worker: enqueue 1 +
 * wake-up 1 + switch 1: begins at 14, 3 us of work: 17.  The reader was woken
 * at 11, but the worker comes first: wake-up 1 + switch 1: 19; system call 1 +
 * receive 1: 21.
 */
START_TEST(test_boundaries)
{
	start(one_cpu);
	sim_send_record(&sender, 5000000, WIRE);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, first_arrival_ps, 5000000);
	SIM_EXPECT(&driver, assembled_ps, 5000000);
	SIM_EXPECT(&driver, arrival_ps, 5000000);
	SIM_EXPECT(&driver, visible_ps, 6000000);
	SIM_EXPECT(&driver, handler_ps, 8000000);
	SIM_EXPECT(&driver, appended_ps, 11000000);
	SIM_EXPECT(&driver, keyed_ps, 11000000);
	SIM_EXPECT(&driver, begin_ps, 14000000);
	SIM_EXPECT(&driver, decrypted_ps, 17000000);
	SIM_EXPECT(&driver, read_begin_ps, 19000000);
	SIM_EXPECT(&driver, read_end_ps, 21000000);
	ck_assert_uint_eq(driver.record[0].size, sizeof(struct ktlsim_record));
	ck_assert_uint_eq(driver.record[0].number, 0);
	ck_assert_uint_eq(driver.record[0].type, 23);
	ck_assert_uint_eq(driver.record[0].wire_bytes, 1021);
	ck_assert_uint_eq(driver.record[0].plaintext_bytes, 999);
	ck_assert_uint_eq(ktlsim_now(driver.sim), 21000000);
}
END_TEST

/* Stages of that record: in the host's histograms, to the picosecond. */
static const struct stage_row {
	enum stage stage;
	uint64_t time_ps;
} stage_rows[] = {
    {STAGE_ASSEMBLY, 0},      {STAGE_HOLD, 0},
    {STAGE_NIC, 1000000},     {STAGE_MODERATION, 2000000},
    {STAGE_SOFTIRQ, 3000000}, {STAGE_KEY_WAIT, 0},
    {STAGE_QUEUE, 3000000},   {STAGE_DECRYPT, 3000000},
    {STAGE_WAKE, 2000000},    {STAGE_READ, 2000000},
    {STAGE_TOTAL, 16000000},
};

START_TEST(test_stages)
{
	const struct stage_row *row = &stage_rows[_i];
	const struct results_stage *stage;

	start(one_cpu);
	sim_send_record(&sender, 5000000, WIRE);
	sim_driver_finish(&driver);
	stage = &sim_driver_host(&driver, 0)->stages[row->stage];
	ck_assert_uint_eq(stage->latency.count, 1);
	ck_assert_uint_eq(stage->latency.min_ps, row->time_ps);
	ck_assert_uint_eq(stage->latency.max_ps, row->time_ps);
}
END_TEST

/*
 * `frames` frames at 0 are visible at 1, which starts the timer of 16 us; one
 * more may come later.  The interrupt fires at 17, or when the 32nd frame is
 * visible, 1 us after it came; message and handler take 2 us more.
 */
static const struct moderation_row {
	int frames;
	uint64_t last_ps; /* one more frame then; 0: none */
	uint64_t handler_ps;
} moderation_rows[] = {
    {1, 0, 19000000},	      /* the timer */
    {31, 0, 19000000},	      /* still the timer */
    {32, 0, 3000000},	      /* the count, at once */
    {40, 0, 3000000},	      /* likewise */
    {31, 10000000, 13000000}, /* the count, at 11 */
    {31, 15999999, 18999999}, /* the count, 1 ps before the timer */
    {31, 16000000, 19000000}, /* both at 17 */
    {31, 16000001, 19000000}, /* the timer, 1 ps before the count */
    {30, 10000000, 19000000}, /* 31 frames: the timer */
};

START_TEST(test_moderation)
{
	static const struct sim_key keys[] = {{"host.cpus", "1"},
					      {"nic.moderation", "static"},
					      {"nic.merge", "off"},
					      {NULL, NULL}};
	const struct moderation_row *row = &moderation_rows[_i];

	start(keys);
	for (int i = 0; i < row->frames; i++)
		sim_send_record(&sender, 0, WIRE);
	if (row->last_ps > 0)
		sim_send_record(&sender, row->last_ps, WIRE);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.record[0].handler_ps, row->handler_ps);
	ck_assert_uint_eq(sim_driver_counter(&driver, "ch0_events"), 1);
}
END_TEST

/*
 * A ring of 8: eight frames come at 0, more later.  The first chain (one frame:
 * merging is off) is handled from 3 to 6, and only then is its descriptor free
 * again; with 1 ACK for every second frame the next ones are at 10 and 13.
 */
static const struct ring_row {
	int frames; /* at 0 */
	int more;   /* at more_ps */
	uint64_t more_ps;
	uint64_t dropped;
} ring_rows[] = {
    {8, 0, 0, 0},	 {9, 0, 0, 1},	      {11, 0, 0, 3},
    {8, 1, 5999999, 1},	 {8, 1, 6000000, 0},  {8, 2, 6000000, 1},
    {8, 2, 9999999, 1},	 {8, 2, 10000000, 0}, {8, 3, 12999999, 1},
    {8, 3, 13000000, 0},
};

START_TEST(test_ring)
{
	static const struct sim_key keys[] = {{"host.cpus", "1"},
					      {"nic.ring", "8"},
					      {"nic.merge", "off"},
					      {"replay.recovery", "none"},
					      {NULL, NULL}};
	const struct ring_row *row = &ring_rows[_i];
	int sent = row->frames + row->more;
	uint64_t kept = (uint64_t)sent - row->dropped;

	start(keys);
	for (int i = 0; i < sent; i++)
		sim_send_record(&sender, i < row->frames ? 0 : row->more_ps,
				WIRE);
	sim_driver_finish(&driver);
	/* The last ones were dropped: what came is the stream's beginning. */
	ck_assert_uint_eq(driver.records, kept);
	ck_assert_uint_eq(driver.record[kept - 1].number, kept - 1);
	ck_assert_uint_eq(sim_driver_counter(&driver, "rx_out_of_buffer"),
			  row->dropped);
	ck_assert_uint_eq(sim_driver_counter(&driver, "rx0_ring_max"), 8);
}
END_TEST

/*
 * Nine frames at 0 and a tenth at 100 us: the ninth is lost.  `none`: the tenth
 * waits for ever behind the hole.  `resend`: the ninth comes again after 1 ms,
 * the least that stands for a retransmission, and completes both.
 */
START_TEST(test_recovery)
{
	static const struct sim_key keys[][5] = {
	    {{"host.cpus", "1"},
	     {"nic.ring", "8"},
	     {"nic.merge", "off"},
	     {"replay.recovery", "none"},
	     {NULL, NULL}},
	    {{"host.cpus", "1"},
	     {"nic.ring", "8"},
	     {"nic.merge", "off"},
	     {"replay.recovery", "resend"},
	     {NULL, NULL}},
	};

	start(keys[_i]);
	for (int i = 0; i < 9; i++)
		sim_send_record(&sender, 0, WIRE);
	sim_send_record(&sender, 100000000, WIRE);
	sim_driver_finish(&driver);
	if (_i == 0) {
		ck_assert_uint_eq(driver.records, 8);
		return;
	}
	SIM_EXPECT(&driver, arrival_ps, 0, 0, 0, 0, 0, 0, 0, 0, 1000000000,
		   1000000000);
	SIM_EXPECT(&driver, assembled_ps, 0, 0, 0, 0, 0, 0, 0, 0, 1000000000,
		   100000000);
}
END_TEST

/*
 * A at 0 is handled 3 to 6, begun at 9, 3 us.  B at 8 is visible at 9; its
 * interrupt stops the worker at 10 with 2 us left, the softirq (driver, TCP,
 * ACK of the second segment, append) follows 11 to 15, and the worker goes on
 * without a switch: A ends at 17, B at 20.  The reader: wake-up, switch: 22.
 */
START_TEST(test_interrupt_preempts_worker)
{
	const struct results_cpu *cpu;

	start(one_cpu);
	sim_send_record(&sender, 0, WIRE);
	sim_send_record(&sender, 8000000, WIRE);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, handler_ps, 3000000, 11000000);
	SIM_EXPECT(&driver, appended_ps, 6000000, 15000000);
	SIM_EXPECT(&driver, begin_ps, 9000000, 17000000);
	SIM_EXPECT(&driver, decrypted_ps, 17000000, 20000000);
	SIM_EXPECT(&driver, read_begin_ps, 22000000, 24000000);
	SIM_EXPECT(&driver, read_end_ps, 24000000, 26000000);
	cpu = sim_driver_host(&driver, 0)->cpus;
	ck_assert_uint_eq(cpu->preemptions, 1);
	ck_assert_uint_eq(cpu->context_switches, 2);
	/* Two interrupts of 1; 3 + 4; wake 2, switch 1, 3 + 3; 1 + 1 + 2 + 2 */
	ck_assert_uint_eq(cpu->irq_ps, 2000000);
	ck_assert_uint_eq(cpu->softirq_ps, 7000000);
	ck_assert_uint_eq(cpu->worker_ps, 9000000);
	ck_assert_uint_eq(cpu->app_ps, 6000000);
	ck_assert_uint_eq(cpu->idle_ps, 2000000);
}
END_TEST

/*
 * The reader of A runs from 14 to 16.  B at 13 interrupts it at 15; the softirq
 * takes 16 to 20.  Then the worker, and not the reader with its 1 us left:
 * enqueue, wake-up, switch, 23; 3 us of work, 26.  Back to the reader: switch 1
 * + the rest 1: A is read at 28, B at once from 28 to 30.
 */
START_TEST(test_worker_preempts_application)
{
	const struct results_cpu *cpu;

	start(one_cpu);
	sim_send_record(&sender, 0, WIRE);
	sim_send_record(&sender, 13000000, WIRE);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, handler_ps, 3000000, 16000000);
	SIM_EXPECT(&driver, appended_ps, 6000000, 20000000);
	SIM_EXPECT(&driver, begin_ps, 9000000, 23000000);
	SIM_EXPECT(&driver, decrypted_ps, 12000000, 26000000);
	SIM_EXPECT(&driver, read_begin_ps, 14000000, 28000000);
	SIM_EXPECT(&driver, read_end_ps, 28000000, 30000000);
	cpu = sim_driver_host(&driver, 0)->cpus;
	ck_assert_uint_eq(cpu->preemptions, 1);
	ck_assert_uint_eq(cpu->context_switches, 4);
}
END_TEST

/* The same with a switch of 5 us: each of the four costs 4 us more. */
START_TEST(test_switch_cost)
{
	static const struct sim_key keys[] = {
	    {"host.cpus", "1"}, {"cost.context_switch", "5us"}, {NULL, NULL}};

	start(keys);
	sim_send_record(&sender, 0, WIRE);
	sim_send_record(&sender, 21000000, WIRE);
	sim_driver_finish(&driver);
	/* 6 + 2 + 5 = 13, 16; 16 + 1 + 5 = 22; interrupted at 23: 24 to 28. */
	SIM_EXPECT(&driver, begin_ps, 13000000, 35000000);
	SIM_EXPECT(&driver, decrypted_ps, 16000000, 38000000);
	/* 28 + 2 + 5 = 35, 38; 38 + 5 + the rest 1 = 44. */
	SIM_EXPECT(&driver, read_begin_ps, 22000000, 44000000);
	SIM_EXPECT(&driver, read_end_ps, 44000000, 46000000);
}
END_TEST

/*
 * Two records of 500 charged bytes in one segment: appended at 6, begun at 9,
 * 2.5 us each; read from 14 + 2 on, 2 us each.
 */
START_TEST(test_two_in_one)
{
	start(one_cpu);
	sim_sender_record(&sender, 521);
	sim_sender_record(&sender, 521);
	sim_send(&sender, 0, 0, 1042);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, number, 0, 1);
	SIM_EXPECT(&driver, first_arrival_ps, 0, 0);
	SIM_EXPECT(&driver, appended_ps, 6000000, 6000000);
	SIM_EXPECT(&driver, begin_ps, 9000000, 11500000);
	SIM_EXPECT(&driver, decrypted_ps, 11500000, 14000000);
	SIM_EXPECT(&driver, read_begin_ps, 16000000, 18000000);
	SIM_EXPECT(&driver, read_end_ps, 18000000, 20000000);
}
END_TEST

/*
 * 3021 bytes in three segments at 0, 10 and 20.  Appended at 6; 17 (an ACK of 1
 * us with the second); 26.  Nothing is begun before the third: wake-up 29, 1 +
 * 3 + 1 us of work: 34; reader 36 to 38.
 */
START_TEST(test_one_over_three)
{
	start(one_cpu);
	sim_sender_record(&sender, 3021);
	for (uint32_t i = 0; i < 3; i++)
		sim_send(&sender, i * 10000000, i * 1007, 1007);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, first_arrival_ps, 0);
	SIM_EXPECT(&driver, assembled_ps, 20000000);
	SIM_EXPECT(&driver, arrival_ps, 20000000);
	SIM_EXPECT(&driver, visible_ps, 21000000);
	SIM_EXPECT(&driver, handler_ps, 23000000);
	SIM_EXPECT(&driver, appended_ps, 26000000);
	SIM_EXPECT(&driver, begin_ps, 29000000);
	SIM_EXPECT(&driver, decrypted_ps, 34000000);
	SIM_EXPECT(&driver, read_begin_ps, 36000000);
	SIM_EXPECT(&driver, read_end_ps, 38000000);
	ck_assert_uint_eq(
	    sim_driver_host(&driver, 0)->stages[STAGE_ASSEMBLY].latency.max_ps,
	    20000000);
}
END_TEST

/*
 * B arrives at 0, A before it in the stream at 10.  Both are appended at 17
 * (11, 12, 13, then 4 us with the ACK); worker 20, 23, 26; reader 28, 30, 32.
 * B was complete at 0 and held until A came.
 */
START_TEST(test_out_of_order)
{
	const struct results_stage *hold;

	start(one_cpu);
	sim_sender_record(&sender, WIRE);
	sim_sender_record(&sender, WIRE);
	sim_send(&sender, 0, WIRE, WIRE);
	sim_send(&sender, 10000000, 0, WIRE);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, first_arrival_ps, 10000000, 0);
	SIM_EXPECT(&driver, assembled_ps, 10000000, 0);
	SIM_EXPECT(&driver, arrival_ps, 10000000, 10000000);
	SIM_EXPECT(&driver, visible_ps, 11000000, 11000000);
	SIM_EXPECT(&driver, appended_ps, 17000000, 17000000);
	SIM_EXPECT(&driver, begin_ps, 20000000, 23000000);
	SIM_EXPECT(&driver, decrypted_ps, 23000000, 26000000);
	SIM_EXPECT(&driver, read_end_ps, 30000000, 32000000);
	hold = &sim_driver_host(&driver, 0)->stages[STAGE_HOLD];
	ck_assert_uint_eq(hold->latency.min_ps, 0);
	ck_assert_uint_eq(hold->latency.max_ps, 10000000);
}
END_TEST

/*
 * Two frames at 0 and one at 1.  Merged: the softirq finds all three at 3, and
 * pays 3 drivers, 1 merged TCP, 1 ACK, 1 append: 9.  Not merged: 3, then 4 with
 * the ACK, then 3.
 */
START_TEST(test_merge)
{
	static const struct sim_key keys[][3] = {
	    {{"host.cpus", "1"}, {"nic.merge", "on"}, {NULL, NULL}},
	    {{"host.cpus", "1"}, {"nic.merge", "off"}, {NULL, NULL}}};

	start(keys[_i]);
	for (int i = 0; i < 3; i++)
		sim_send_record(&sender, i == 2 ? 1000000 : 0, WIRE);
	sim_driver_finish(&driver);
	if (_i == 0) {
		SIM_EXPECT(&driver, handler_ps, 3000000, 3000000, 3000000);
		SIM_EXPECT(&driver, appended_ps, 9000000, 9000000, 9000000);
	} else {
		SIM_EXPECT(&driver, handler_ps, 3000000, 6000000, 10000000);
		SIM_EXPECT(&driver, appended_ps, 6000000, 10000000, 13000000);
	}
}
END_TEST

/* Segments start at softirq: 0 to 3; worker 6, 9; reader 11, 13. */
START_TEST(test_capture_on_host)
{
	static const struct sim_key keys[] = {{"host.cpus", "1"},
					      {"replay.capture_point", "host"},
					      {"link.rate", "1Gbps"},
					      {NULL, NULL}};

	start(keys);
	sim_send_record(&sender, 0, WIRE);
	sim_send_record(&sender, 50000000, WIRE);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, arrival_ps, 0, 50000000);
	SIM_EXPECT(&driver, visible_ps, 0, 50000000);
	SIM_EXPECT(&driver, handler_ps, 0, 50000000);
	SIM_EXPECT(&driver, appended_ps, 3000000, 54000000);
	SIM_EXPECT(&driver, begin_ps, 6000000, 57000000);
	SIM_EXPECT(&driver, decrypted_ps, 9000000, 60000000);
	SIM_EXPECT(&driver, read_begin_ps, 11000000, 62000000);
	SIM_EXPECT(&driver, read_end_ps, 13000000, 64000000);
	ck_assert_uint_eq(sim_driver_counter(&driver, "ch_events"), 0);
}
END_TEST

/*
 * A segment of 1448 bytes is 14 + 20 + 20 + 1448 + 4 + 20 = 1526 bytes on the
 * wire, 12.208 us at 1 Gb/s; one of 335 is 413, 3.304 us.  A frame of 65495
 * bytes, captured before segmentation offload, is 45 of the one and one of the
 * other, back to back.  A frame at 500 us waits for them: 552.664 + 12.208.
 */
START_TEST(test_link)
{
	static const struct sim_key keys[] = {
	    {"host.cpus", "1"}, {"link.rate", "1Gbps"}, {NULL, NULL}};
	uint32_t offset;

	start(keys);
	for (int i = 0; i < 45; i++)
		sim_sender_record(&sender, 1448);
	sim_sender_record(&sender, 335);
	sim_send(&sender, 0, 0, 65495);
	offset = sim_sender_record(&sender, 1448);
	sim_send(&sender, 500000000, offset, 1448);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, 47);
	ck_assert_uint_eq(driver.record[0].arrival_ps, 12208000);
	ck_assert_uint_eq(driver.record[1].arrival_ps, 24416000);
	ck_assert_uint_eq(driver.record[44].arrival_ps, 549360000);
	ck_assert_uint_eq(driver.record[45].arrival_ps, 552664000);
	ck_assert_uint_eq(driver.record[46].arrival_ps, 564872000);
	/* All but the first had to wait for the link. */
	ck_assert_uint_eq(sim_driver_counter(&driver, "rx_link_delayed"), 46);
}
END_TEST

/* Kept whole, the frame is 65495 + 78 bytes: 524.584 us. */
START_TEST(test_link_keep)
{
	static const struct sim_key keys[] = {{"host.cpus", "1"},
					      {"link.rate", "1Gbps"},
					      {"replay.segmentation", "keep"},
					      {NULL, NULL}};

	start(keys);
	for (int i = 0; i < 5; i++)
		sim_sender_record(&sender, 13099);
	sim_send(&sender, 0, 0, 65495);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, arrival_ps, 524584000, 524584000, 524584000,
		   524584000, 524584000);
}
END_TEST

/*
 * Every lock is held for 2 us; CPU 0 has the softirq, CPU 1 the worker, which
 * finds its home busy.  A: 3 us of softirq, lock 6 to 8; worker at 11.
 * B at 6 is handled from 8 on: driver, TCP, ACK, append: the lock from 12 to
 * 14, reserved at 8.  So the worker's detach at 11 would not end before 12: it
 * waits until 14.  Lock 16, cipher 18, delivery 19, lock 21.  B: 21, lock 23,
 * 25, 26, lock 28.
 * The reader on CPU 0 was woken at 8 and finds nothing at 16; woken again by
 * the end of the pass at 28: 29; 2 us and the lock: 33, and 37.
 */
START_TEST(test_locks)
{
	static const struct sim_key keys[] = {{"host.cpus", "2"},
					      {"nic.queues", "1"},
					      {"cost.lock_append", "2us"},
					      {"cost.lock_begin", "2us"},
					      {"cost.lock_finish", "2us"},
					      {"cost.lock_read", "2us"},
					      {NULL, NULL}};
	static const uint64_t contended[] = {0, 1, 0, 0};
	const struct results_host *host;

	start(keys);
	sim_send_record(&sender, 0, WIRE);
	sim_send_record(&sender, 6000000, WIRE);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, handler_ps, 3000000, 8000000);
	SIM_EXPECT(&driver, appended_ps, 8000000, 14000000);
	SIM_EXPECT(&driver, begin_ps, 11000000, 21000000);
	SIM_EXPECT(&driver, decrypted_ps, 21000000, 28000000);
	SIM_EXPECT(&driver, read_begin_ps, 29000000, 33000000);
	SIM_EXPECT(&driver, read_end_ps, 33000000, 37000000);
	host = sim_driver_host(&driver, 0);
	for (int i = 0; i < 4; i++) {
		ck_assert_uint_eq(host->locks[i].acquisitions, 2);
		ck_assert_uint_eq(host->locks[i].contended, contended[i]);
	}
	/* 3 us by one of two. */
	ck_assert(host->locks[1].mean_wait_ns == 1500);
}
END_TEST

Suite *
pipeline_suite(void)
{
	const struct suite_test tests[] = {
	    {"boundaries_of_one_record", test_boundaries, 0},
	    {"stages_of_one_record", test_stages, ROWS(stage_rows)},
	    {"the_16th_microsecond_or_the_32nd_frame", test_moderation,
	     ROWS(moderation_rows)},
	    {"a_ring_of_8_drops_the_9th", test_ring, ROWS(ring_rows)},
	    {"a_lost_frame_comes_again_or_not", test_recovery, 2},
	    {"an_interrupt_preempts_a_worker", test_interrupt_preempts_worker,
	     0},
	    {"a_worker_preempts_an_application",
	     test_worker_preempts_application, 0},
	    {"every_switch_is_paid", test_switch_cost, 0},
	    {"two_records_in_one_segment", test_two_in_one, 0},
	    {"one_record_over_three_segments", test_one_over_three, 0},
	    {"a_segment_out_of_order_is_held", test_out_of_order, 0},
	    {"merging_changes_the_price", test_merge, 2},
	    {"a_capture_of_the_host_starts_at_softirq", test_capture_on_host,
	     0},
	    {"a_cut_frame_follows_itself_at_link_rate", test_link, 0},
	    {"a_kept_frame_is_one_frame", test_link_keep, 0},
	    {"a_lock_is_waited_for", test_locks, 0},
	};

	return suite_create_table("pipeline", tests,
				  sizeof(tests) / sizeof(*tests), NULL,
				  teardown, 0);
}
