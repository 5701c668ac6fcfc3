/*
 * test_worker.c - the TLS workers in literal picoseconds.
 *
 * Costs are those of the profile `unit` (see test_pipeline.c): a segment at t
 * is handled from t + 3 on and appended at t + 6 if the CPU is free; a worker
 * that sleeps begins 3 us later (enqueue, wake-up, switch), and a record of
 * 1021 bytes takes it 3 us.  In the comments times are microseconds.  Frames
 * that come together are merged in the ring (nic.merge=ring), which hands them
 * over one by one; LRO would take all of them before TCP sees the first.
 */
#include <errno.h>
#include <string.h>

#include "nicmodel/nic_rss.h"
#include "sim/ktlsim_internal.h"
#include "sim/results.h"
#include "tests/support/sim_driver.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *worker_suite(void);

enum { WIRE = 1021, SENDERS = 3 };

static struct sim_driver driver;
static struct sim_sender sender[SENDERS];

static void
teardown(void)
{
	if (driver.sim != NULL)
		sim_driver_destroy(&driver);
}

/* What the ports of sim_driver.h promise. */
static const struct port_row {
	uint16_t port;
	uint32_t rest; /* of the hash, modulo 4 */
} port_rows[] = {
    {SIM_PORT_0, 0}, {SIM_PORT_1, 1}, {SIM_PORT_2, 2}, {SIM_PORT_3, 3}};

START_TEST(test_ports)
{
	static const uint8_t src[4] = {10, 0, 0, 1}, dst[4] = {10, 0, 0, 2};
	struct ktlsim_config *config = ktlsim_config_create();
	struct nic_rss rss;

	nic_rss_init(&rss, config->config.nic_rss_key, 128, 1);
	ktlsim_config_destroy(config);
	ck_assert_uint_eq(
	    nic_rss_hash(&rss, src, dst, 4, port_rows[_i].port, 443) % 4,
	    port_rows[_i].rest);
}
END_TEST

/*
 * One CPU, A and B of two connections at 0.  Softirq 3 to 6 and 6 to 9; the
 * worker, woken at 6, has 2 + 1 (the second enqueue) + 1 to spend: 13.  A to
 * 16, B to 19.  Two readers: wake-up 1 + switch 1 + 2 each: 23, 27.
 */
START_TEST(test_two_sockets)
{
	static const struct sim_key keys[] = {
	    {"host.cpus", "1"}, {"nic.merge", "ring"}, {NULL, NULL}};

	sim_driver_create(&driver, keys);
	for (int i = 0; i < 2; i++)
		sim_sender_open(&sender[i], &driver,
				i == 0 ? SIM_PORT_1 : SIM_PORT_0);
	for (int i = 0; i < 2; i++)
		sim_send_record(&sender[i], 0, WIRE);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, appended_ps, 6000000, 9000000);
	SIM_EXPECT(&driver, begin_ps, 13000000, 16000000);
	SIM_EXPECT(&driver, decrypted_ps, 16000000, 19000000);
	SIM_EXPECT(&driver, read_begin_ps, 21000000, 25000000);
	SIM_EXPECT(&driver, read_end_ps, 23000000, 27000000);
	ck_assert_uint_eq(driver.record[0].flow, 0);
	ck_assert_uint_eq(driver.record[1].flow, 1);
}
END_TEST

/*
 * As above with two records of 500 charged bytes (2.5 us) each, and a third one
 * of A (3 us) in a segment at 6, which the same softirq handles from 9 to 13
 * (an ACK).  The worker begins at 13 + 4, and takes all three of A before it
 * turns to B.
 */
START_TEST(test_until_dry)
{
	static const struct sim_key keys[] = {
	    {"host.cpus", "1"}, {"nic.merge", "ring"}, {NULL, NULL}};

	sim_driver_create(&driver, keys);
	for (int i = 0; i < 2; i++) {
		sim_sender_open(&sender[i], &driver,
				i == 0 ? SIM_PORT_0 : SIM_PORT_1);
		sim_sender_record(&sender[i], 521);
		sim_sender_record(&sender[i], 521);
		sim_send(&sender[i], 0, 0, 1042);
	}
	sim_send_record(&sender[0], 6000000, WIRE);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, appended_ps, 6000000, 6000000, 13000000, 9000000,
		   9000000);
	SIM_EXPECT(&driver, begin_ps, 17000000, 19500000, 22000000, 25000000,
		   27500000);
	SIM_EXPECT(&driver, decrypted_ps, 19500000, 22000000, 25000000,
		   27500000, 30000000);
}
END_TEST

/*
 * As above with two records each and no third one: softirq to 9, four from 6
 * on: 13.  Where the budget is one record, the rest of a socket goes to the
 * tail of the queue, at the price of an enqueue (1): A at 13, B at 15.5 + 1, A
 * at 19 + 1, and B at 22.5, as nothing of A is left to queue.  Each turn of a
 * socket is one more that was queued.
 */
static const struct budget_row {
	const char *budget;
	uint64_t begin_ps[4]; /* by flow, then number */
	uint64_t enqueued;
	uint64_t max_wait_ps; /* in the queue */
} budget_rows[] = {
    {"0", {13000000, 15500000, 18000000, 20500000}, 2, 9000000},
    {"1", {13000000, 20000000, 16500000, 22500000}, 4, 7500000},
    {"2", {13000000, 15500000, 18000000, 20500000}, 2, 9000000},
    {"3", {13000000, 15500000, 18000000, 20500000}, 2, 9000000},
};

START_TEST(test_budget)
{
	const struct budget_row *row = &budget_rows[_i];
	const struct sim_key keys[] = {{"host.cpus", "1"},
				       {"nic.merge", "ring"},
				       {"ktls.budget", row->budget},
				       {NULL, NULL}};
	const struct results_workqueue *queue;

	sim_driver_create(&driver, keys);
	for (int i = 0; i < 2; i++) {
		sim_sender_open(&sender[i], &driver,
				i == 0 ? SIM_PORT_0 : SIM_PORT_1);
		sim_sender_record(&sender[i], 521);
		sim_sender_record(&sender[i], 521);
		sim_send(&sender[i], 0, 0, 1042);
	}
	sim_driver_finish(&driver);
	sim_driver_sort(&driver);
	sim_driver_expect(&driver, "begin_ps",
			  offsetof(struct ktlsim_record, begin_ps),
			  row->begin_ps, 4);
	queue = &sim_driver_host(&driver, 0)->workqueues[0];
	ck_assert_uint_eq(queue->enqueued, row->enqueued);
	ck_assert_uint_eq(queue->p99_wait_ps, row->max_wait_ps);
	ck_assert_uint_eq(sim_driver_counter(&driver, "sw_rx_inqueue"), 0);
}
END_TEST

/*
 * Four records of A in one segment at 0, four of B at 10; interrupts on CPU 0,
 * so that the workers find other CPUs.  A is appended at 6, B at 16.
 * One worker: A begins at 9, 12, 15; the enqueue of B costs it 1 before the
 * fourth, at 19; B at 22, 25, 28, 31.  Waits 3, 6, 9, 13, 6, 9, 12, 15.
 * Two: A at 9, 12, 15, 18, B at 19, 22, 25, 28.  Waits 3, 6, 9, 12, twice.
 */
static const struct count_row {
	const char *workers;
	uint64_t begin_ps[8];
	uint64_t p99_ps; /* of the stage `queue` */
} count_rows[] = {
    {"1",
     {9000000, 12000000, 15000000, 19000000, 22000000, 25000000, 28000000,
      31000000},
     15000000},
    {"2",
     {9000000, 12000000, 15000000, 18000000, 19000000, 22000000, 25000000,
      28000000},
     12000000},
};

START_TEST(test_worker_count)
{
	const struct count_row *row = &count_rows[_i];
	const struct sim_key keys[] = {{"host.cpus", "4"},
				       {"nic.queues", "1"},
				       {"ktls.workers", row->workers},
				       {NULL, NULL}};

	sim_driver_create(&driver, keys);
	for (uint32_t i = 0; i < 2; i++) {
		sim_sender_open(&sender[i], &driver,
				i == 0 ? SIM_PORT_0 : SIM_PORT_1);
		for (int k = 0; k < 4; k++)
			sim_sender_record(&sender[i], WIRE);
		sim_send(&sender[i], i * 10000000, 0, 4 * WIRE);
	}
	sim_driver_finish(&driver);
	sim_driver_sort(&driver);
	sim_driver_expect(&driver, "begin_ps",
			  offsetof(struct ktlsim_record, begin_ps),
			  row->begin_ps, 8);
	ck_assert_uint_eq(
	    sim_driver_host(&driver, 0)->stages[STAGE_QUEUE].latency.p99_ps,
	    row->p99_ps);
}
END_TEST

/* A segment with one record. */
struct sending {
	unsigned sender;
	uint64_t time_ps;
	uint32_t wire_bytes; /* 0: none */
};

/*
 * Where a worker wakes.  Worker n is at home on CPU n; interrupts are on CPU 0,
 * which is busy with the softirq at the instant of every wake-up.
 */
static const struct cpu_row {
	const char *cpus, *bind;
	uint16_t port[SENDERS]; /* and so worker; 0: none */
	struct sending send[SENDERS];
	uint64_t begin_ps[SENDERS]; /* by flow, then number */
	uint64_t worker_ps[4];	    /* by CPU */
} cpu_rows[] = {
    /* Home is idle: 2 + 1 + 3 us on CPU 2. */
    {"4", "none", {SIM_PORT_2}, {{0, 0, WIRE}}, {9000000}, {0, 0, 6000000, 0}},
    /* Home is CPU 0: the lowest idle one. */
    {"4", "none", {SIM_PORT_0}, {{0, 0, WIRE}}, {9000000}, {0, 6000000, 0, 0}},
    /* CPU 1 has 2 + 1 + 10 us with its own worker: the next one. */
    {"4",
     "none",
     {SIM_PORT_1, SIM_PORT_0},
     {{0, 0, 8021}, {1, 10000000, WIRE}},
     {9000000, 19000000},
     {0, 13000000, 6000000, 0}},
    /* None is idle: home, behind the softirq. */
    {"2",
     "none",
     {SIM_PORT_1, SIM_PORT_0},
     {{0, 0, 8021}, {1, 10000000, WIRE}},
     {9000000, 19000000},
     {6000000, 13000000, 0, 0}},
    /*
     * Worker 0 is on CPU 1 for 6 us; worker 1 there from 26 to 39; worker 0
     * again at 37 (an ACK), now on CPU 2, with a migration: 41.
     */
    {"4",
     "none",
     {SIM_PORT_0, SIM_PORT_1},
     {{0, 0, WIRE}, {1, 20000000, 8021}, {0, 30000000, WIRE}},
     {9000000, 41000000, 29000000},
     {0, 19000000, 7000000, 0}},
    /* Twice on the same CPU: no migration: 16 (an ACK) + 3 + 1 - 1. */
    {"4",
     "none",
     {SIM_PORT_0},
     {{0, 0, WIRE}, {0, 20000000, WIRE}},
     {9000000, 29000000},
     {0, 11000000, 0, 0}},
    /* Bound: home, as soon as the softirq is done. */
    {"4", "cpu", {SIM_PORT_0}, {{0, 0, WIRE}}, {9000000}, {6000000, 0, 0, 0}},
    /* Two frames keep CPU 0 until 9: a bound worker waits for it ... */
    {"4",
     "cpu",
     {SIM_PORT_0, SIM_PORT_1},
     {{0, 0, WIRE}, {1, 0, WIRE}},
     {12000000, 12000000},
     {6000000, 6000000, 0, 0}},
    /* ... and an unbound one does not; the other's home is then taken. */
    {"4",
     "none",
     {SIM_PORT_0, SIM_PORT_1},
     {{0, 0, WIRE}, {1, 0, WIRE}},
     {9000000, 12000000},
     {0, 6000000, 6000000, 0}},
};

START_TEST(test_worker_cpu)
{
	const struct cpu_row *row = &cpu_rows[_i];
	const struct sim_key keys[] = {{"host.cpus", row->cpus},
				       {"nic.queues", "1"},
				       {"nic.merge", "ring"},
				       {"ktls.bind", row->bind},
				       {NULL, NULL}};
	const struct results_host *host;
	size_t sent = 0;

	sim_driver_create(&driver, keys);
	for (int i = 0; i < SENDERS && row->port[i] != 0; i++)
		sim_sender_open(&sender[i], &driver, row->port[i]);
	for (; sent < SENDERS && row->send[sent].wire_bytes > 0; sent++)
		sim_send_record(&sender[row->send[sent].sender],
				row->send[sent].time_ps,
				row->send[sent].wire_bytes);
	sim_driver_finish(&driver);
	sim_driver_sort(&driver);
	sim_driver_expect(&driver, "begin_ps",
			  offsetof(struct ktlsim_record, begin_ps),
			  row->begin_ps, sent);
	host = sim_driver_host(&driver, 0);
	for (size_t i = 0; i < host->cpu_count; i++)
		ck_assert_uint_eq(host->cpus[i].worker_ps, row->worker_ps[i]);
}
END_TEST

/*
 * Price of decrypting 1000 charged bytes, with different prices for each
 * cipher: record + 1000 * byte + delivery (1 us).  TLS 1.2 GCM has an explicit
 * IV of 8 bytes that is not charged.
 */
static const struct suite_row {
	uint16_t tls_version, cipher_suite;
	uint32_t wire_bytes;
	uint64_t decrypt_ps;
} suite_rows[] = {
    {0x0304, 0x1301, 1021, 4000000}, {0x0304, 0x1302, 1021, 6000000},
    {0x0304, 0x1303, 1021, 8000000}, {0x0303, 0xc02f, 1029, 4000000},
    {0x0303, 0xc030, 1029, 6000000}, {0x0303, 0xcca8, 1021, 8000000},
    {0x0304, 0x1301, 22, 3001000},
};

/*
 * 1008 bytes behind header and IV, of which MAC and padding are charged too: 1
 * us + 1008 * the price of a byte + delivery (1 us).
 */
static const struct cbc_row {
	uint16_t tls_version, cipher_suite;
	const char *key, *value; /* the price per byte that counts */
	uint64_t decrypt_ps;
} cbc_rows[] = {
    {0x0302, 0x002f, "cost.aes128_cbc_sha1_byte", "2ns", 4016000},
    {0x0303, 0x002f, "cost.aes128_cbc_sha1_byte", "2ns", 4016000},
    {0x0303, 0x003c, "cost.aes128_cbc_sha256_byte", "3ns", 5024000},
    {0x0302, 0x0035, "cost.aes256_cbc_sha1_byte", "4ns", 6032000},
    {0x0303, 0x003d, "cost.aes256_cbc_sha256_byte", "5ns", 7040000},
    {0x0303, 0xc028, "cost.aes256_cbc_sha384_byte", "6ns", 8048000},
};

START_TEST(test_price_of_cbc)
{
	const struct cbc_row *row = &cbc_rows[_i];
	const struct sim_key keys[] = {
	    {"host.cpus", "1"}, {row->key, row->value}, {NULL, NULL}};
	struct ktlsim_flow flow;

	sim_driver_create(&driver, keys);
	sim_sender_init(&sender[0], &driver, SIM_PORT_0);
	flow = sim_sender_flow(&sender[0]);
	flow.tls_version = row->tls_version;
	flow.cipher_suite = row->cipher_suite;
	ck_assert_int_eq(ktlsim_add_flow(driver.sim, &flow, NULL), 0);
	sim_sender_record(&sender[0], 21 + 1008);
	sender[0].stream[2] = (uint8_t)row->tls_version;
	sim_send(&sender[0], 0, 0, 21 + 1008);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, begin_ps, 9000000);
	SIM_EXPECT(&driver, decrypted_ps, 9000000 + row->decrypt_ps);
	ck_assert_uint_eq(sim_driver_counter(&driver, "ocf.tls11_cbc_decrypts"),
			  1);
}
END_TEST

START_TEST(test_price_of_ccm)
{
	static const struct sim_key keys[] = {{"host.cpus", "1"},
					      {"engine.suites", "linux"},
					      {"cost.aes128_ccm_byte", "2ns"},
					      {NULL, NULL}};
	struct ktlsim_flow flow;

	sim_driver_create(&driver, keys);
	sim_sender_init(&sender[0], &driver, SIM_PORT_0);
	flow = sim_sender_flow(&sender[0]);
	flow.cipher_suite = 0x1304;
	ck_assert_int_eq(ktlsim_add_flow(driver.sim, &flow, NULL), 0);
	sim_send_record(&sender[0], 0, WIRE);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, decrypted_ps, 9000000 + 4000000);
}
END_TEST

/* A suite that the modelled KTLS does not take must not become a flow. */
START_TEST(test_declared_suite_not_taken)
{
	static const struct sim_key suites[][2] = {
	    {{"engine.suites", "freebsd"}, {NULL, NULL}},
	    {{"engine.suites", "linux"}, {NULL, NULL}}};
	static const uint16_t refused[][2] = {{0x0304, 0x1304},
					      {0x0303, 0x002f}};
	struct ktlsim_error error;
	struct ktlsim_flow flow;

	sim_driver_create(&driver, suites[_i]);
	sim_sender_init(&sender[0], &driver, SIM_PORT_0);
	flow = sim_sender_flow(&sender[0]);
	flow.tls_version = refused[_i][0];
	flow.cipher_suite = refused[_i][1];
	ck_assert_int_eq(ktlsim_add_flow(driver.sim, &flow, &error), EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "engine.suites"));
	flow.tls_version = 0x0301;
	flow.cipher_suite = 0x002f;
	ck_assert_int_eq(ktlsim_add_flow(driver.sim, &flow, &error), EINVAL);
	sim_driver_finish(&driver);
}
END_TEST

START_TEST(test_price)
{
	static const struct sim_key keys[] = {{"host.cpus", "1"},
					      {"cost.aes128_gcm_record", "2us"},
					      {"cost.aes128_gcm_byte", "1ns"},
					      {"cost.aes256_gcm_record", "3us"},
					      {"cost.aes256_gcm_byte", "2ns"},
					      {"cost.chacha20_record", "4us"},
					      {"cost.chacha20_byte", "3ns"},
					      {NULL, NULL}};
	const struct suite_row *row = &suite_rows[_i];
	struct ktlsim_flow flow;

	sim_driver_create(&driver, keys);
	sim_sender_init(&sender[0], &driver, SIM_PORT_0);
	flow = sim_sender_flow(&sender[0]);
	flow.tls_version = row->tls_version;
	flow.cipher_suite = row->cipher_suite;
	ck_assert_int_eq(ktlsim_add_flow(driver.sim, &flow, NULL), 0);
	sim_send_record(&sender[0], 0, row->wire_bytes);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, begin_ps, 9000000);
	SIM_EXPECT(&driver, decrypted_ps, 9000000 + row->decrypt_ps);
}
END_TEST

/*
 * A of 8000 charged bytes (10 us) at 0, B of 1000 at 10, one worker on CPU 1.
 * A is appended at 6 and has the worker from 9 to 19; B is appended at 16, and
 * its enqueue (1) lets the worker look again at 20.  A record to be sent takes
 * 2 us (1 + 1000 * 1 ns), and what has come by then is in front of B.
 * Every 20 us: one, at 20.  Every 10: two, of 10 and 20; the third comes at 30,
 * when only B's reader is left (27 + 2 + 2: 31).  Every 5: the first wakes the
 * worker (5 + 2, and 1 for A), and is done from 8 to 10; A then has it to 20,
 * and at 21 three are in front of B.
 */
static const struct tx_row {
	const char *load;
	uint64_t begin_ps[2];
	uint64_t enqueued, served;
	double wait_ns;
} tx_rows[] = {
    {"0", {9000000, 20000000}, 0, 0, 0},
    {"50000", {9000000, 22000000}, 1, 1, 0},
    {"100000", {9000000, 24000000}, 3, 2, 6000},
    {"200000", {10000000, 27000000}, 0, 0, 0},
};

START_TEST(test_tx_load)
{
	const struct tx_row *row = &tx_rows[_i];
	const struct sim_key keys[] = {{"host.cpus", "4"},
				       {"nic.queues", "1"},
				       {"ktls.workers", "1"},
				       {"ktls.tx_load", row->load},
				       {"ktls.tx_record_size", "1000"},
				       {"ktls.tx_arrivals", "constant"},
				       {NULL, NULL}};
	const struct results_workqueue *queue;

	sim_driver_create(&driver, keys);
	ck_assert_uint_eq(ktlsim_next_time(driver.sim), KTLSIM_NEVER);
	for (int i = 0; i < 2; i++)
		sim_sender_open(&sender[i], &driver,
				i == 0 ? SIM_PORT_0 : SIM_PORT_1);
	sim_send_record(&sender[0], 0, 8021);
	sim_send_record(&sender[1], 10000000, WIRE);
	sim_driver_finish(&driver);
	sim_driver_sort(&driver);
	sim_driver_expect(&driver, "begin_ps",
			  offsetof(struct ktlsim_record, begin_ps),
			  row->begin_ps, 2);
	queue = &sim_driver_host(&driver, 0)->workqueues[0];
	if (_i == 3) /* B's reader waits for the worker's CPU for long */
		return;
	ck_assert_uint_eq(queue->tx_enqueued, row->enqueued);
	ck_assert_uint_eq(queue->tx_served, row->served);
	ck_assert_double_eq(queue->tx_mean_wait_ns, row->wait_ns);
}
END_TEST

/*
 * A as above; B (10 us) and C come at 10 and are appended at 16 and 19, so that
 * their enqueues are paid by 21.  What is to be sent comes at 25, during B, and
 * waits for C of the same batch: B 21, C 31, the transmit work 34.
 */
START_TEST(test_tx_batch)
{
	static const struct sim_key keys[] = {{"host.cpus", "4"},
					      {"nic.queues", "1"},
					      {"ktls.workers", "1"},
					      {"ktls.tx_load", "40000"},
					      {"ktls.tx_record_size", "1000"},
					      {"ktls.tx_arrivals", "constant"},
					      {NULL, NULL}};
	static const uint16_t ports[SENDERS] = {SIM_PORT_0, SIM_PORT_1,
						SIM_PORT_2};
	const struct results_workqueue *queue;

	sim_driver_create(&driver, keys);
	for (int i = 0; i < SENDERS; i++)
		sim_sender_open(&sender[i], &driver, ports[i]);
	sim_send_record(&sender[0], 0, 8021);
	sim_send_record(&sender[1], 10000000, 8021);
	sim_send_record(&sender[2], 10000000, WIRE);
	sim_driver_finish(&driver);
	sim_driver_sort(&driver);
	SIM_EXPECT(&driver, begin_ps, 9000000, 21000000, 31000000);
	queue = &sim_driver_host(&driver, 0)->workqueues[0];
	ck_assert_uint_eq(queue->tx_enqueued, 1);
	ck_assert_double_eq(queue->tx_mean_wait_ns, 9000);
}
END_TEST

/*
 * Twice what the four workers can do, and arrivals without an end: the reader,
 * who comes behind all workers, would never run.  10 ms after the input they
 * cease (40,000 are due by then), and when all is done, after about 20 ms, he
 * does.
 */
START_TEST(test_tx_overload)
{
	static const struct sim_key keys[] = {{"ktls.tx_load", "4000000"},
					      {"ktls.tx_record_size", "1000"},
					      {NULL, NULL}};
	const struct results_host *host;
	uint64_t enqueued = 0, served = 0;

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender[0], &driver, SIM_PORT_0);
	sim_send_record(&sender[0], 0, WIRE);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, 1);
	ck_assert_uint_gt(ktlsim_now(driver.sim), 19000000000);
	ck_assert_uint_lt(ktlsim_now(driver.sim), 21000000000);
	host = sim_driver_host(&driver, 0);
	for (size_t i = 0; i < host->workqueue_count; i++) {
		enqueued += host->workqueues[i].tx_enqueued;
		served += host->workqueues[i].tx_served;
	}
	ck_assert_uint_gt(enqueued, 39200);
	ck_assert_uint_lt(enqueued, 40800);
	ck_assert_uint_le(served, enqueued);
	ck_assert_uint_gt(served, 39200);
}
END_TEST

/* A policy that is not FreeBSD's is named in the notes. */
static const struct sim_key noted_keys[] = {
    {"ktls.budget", "3"},
    {"ktls.wake_every", "3"},
    {"ktls.decrypt_in", "reader"},
    {"ktls.tx_load", "3"},
};

static bool
is_noted(const char *key)
{
	const struct results *results = ktlsim_results(driver.sim);

	for (size_t i = 0; i < results->note_count; i++)
		if (strstr(results->notes[i], key) != NULL)
			return true;
	return false;
}

START_TEST(test_notes)
{
	const struct sim_key keys[] = {noted_keys[_i], {NULL, NULL}};

	sim_driver_create(&driver, keys);
	sim_driver_finish(&driver);
	for (int i = 0; i < ROWS(noted_keys); i++)
		ck_assert_int_eq(is_noted(noted_keys[i].key), i == _i);
}
END_TEST

/*
 * A's second record has a header of no TLS version: its connection ends there,
 * with the first record delivered, and B on the same queue goes on.
 */
START_TEST(test_bad_header)
{
	static const struct sim_key keys[] = {{"host.cpus", "1"}, {NULL, NULL}};
	const struct results *results;
	uint32_t bad;

	sim_driver_create(&driver, keys);
	for (int i = 0; i < 2; i++)
		sim_sender_open(&sender[i], &driver,
				i == 0 ? SIM_PORT_0 : SIM_PORT_1);
	sim_sender_record(&sender[0], 521);
	bad = sim_sender_record(&sender[0], 521);
	sender[0].stream[bad + 1] = 9;
	sim_send(&sender[0], 0, 0, 1042);
	sim_send_record(&sender[1], 0, 521);
	sim_driver_finish(&driver);
	/* 6, 9, then 4: 13, 15.5; B is begun at once. */
	SIM_EXPECT(&driver, begin_ps, 13000000, 15500000);
	SIM_EXPECT(&driver, number, 0, 0);
	results = ktlsim_results(driver.sim);
	ck_assert_uint_eq(results->flows[0].direction[0].errors, 1);
	ck_assert_uint_eq(results->flows[1].direction[0].errors, 0);
	ck_assert_uint_eq(sim_driver_counter(&driver, "corrupted_records"), 1);
}
END_TEST

Suite *
worker_suite(void)
{
	const struct suite_test tests[] = {
	    {"ports_choose_the_worker", test_ports, ROWS(port_rows)},
	    {"two_sockets_on_one_queue_go_in_order", test_two_sockets, 0},
	    {"a_socket_is_worked_on_until_it_is_dry", test_until_dry, 0},
	    {"a_budget_lets_the_next_socket_go_first", test_budget,
	     ROWS(budget_rows)},
	    {"a_second_worker_changes_p99", test_worker_count,
	     ROWS(count_rows)},
	    {"where_a_worker_wakes", test_worker_cpu, ROWS(cpu_rows)},
	    {"each_cipher_has_its_price", test_price, ROWS(suite_rows)},
	    {"transmit_work_goes_in_front_of_a_batch", test_tx_load,
	     ROWS(tx_rows)},
	    {"transmit_work_waits_for_the_batch_in_work", test_tx_batch, 0},
	    {"transmit_work_keeps_no_run_alive", test_tx_overload, 0},
	    {"decrypting_cbc_costs_by_key_and_mac", test_price_of_cbc,
	     ROWS(cbc_rows)},
	    {"decrypting_ccm_has_its_price", test_price_of_ccm, 0},
	    {"a_declared_suite_is_one_that_ktls_takes",
	     test_declared_suite_not_taken, 2},
	    {"a_policy_is_named_in_the_notes", test_notes, ROWS(noted_keys)},
	    {"a_bad_header_ends_one_connection", test_bad_header, 0},
	};

	return suite_create_table(
	    "worker", tests, sizeof(tests) / sizeof(*tests), NULL, teardown, 0);
}
