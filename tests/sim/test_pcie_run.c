/*
 * test_pcie_run.c - PCIe and the memory of contexts in whole simulations: what
 * their keys and prices change.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/results.h"
#include "tests/support/suite_table.h"
#include "tests/support/window_run.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *pcie_run_suite(void);

enum {
	MSIX_BYTES = 4 + 24,
	CONTEXT_BYTES = 208,
	RECORD = 1000,
	US = 1000000,
};

static struct window_run run;
static struct sim_driver driver;

static void
teardown(void)
{
	window_run_fini(&run);
	if (driver.sim != NULL)
		sim_driver_destroy(&driver);
}

static uint64_t
counter(const char *name)
{
	return window_run_counter(&run, name);
}

/* Four senders, whose NIC has room for one context if it has any. */
static void
run_with(const char *tls, const char *pcie, const struct sim_key *own)
{
	const struct sim_key keys[] = {{"crypto.mode", "model"},
				       {"synthetic.flows", "4"},
				       {"synthetic.bytes", "1MiB"},
				       {"synthetic.burst", "1448"},
				       {"cost.firmware_command", "0"},
				       {"nic.tls_cache", "1"},
				       {"nic.tls", tls},
				       {"nic.pcie", pcie},
				       *own,
				       {NULL, NULL}};

	window_run(&run, keys);
}

/* --- interrupts -----------------------------------------------------------
 */

static const struct msix_row {
	const char *tls, *pcie;
	struct sim_key own;
} msix_rows[] = {
    {"off", "gen4x16", {"nic.moderation", "static"}},
    {"off", "gen3x8", {"nic.moderation", "off"}},
    {"on", "gen4x16", {"nic.moderation", "adaptive"}},
    {"on", "off", {"nic.moderation", "static"}},
};

START_TEST(test_pcie_run_each_interrupt_is_a_write_of_28_bytes)
{
	const struct msix_row *row = &msix_rows[_i];

	run_with(row->tls, row->pcie, &row->own);
	ck_assert_uint_gt(counter("ch_events"), 10);
	ck_assert_uint_eq(counter("pcie_msix_bytes"),
			  counter("ch_events") * MSIX_BYTES);
	ck_assert_uint_gt(counter("pcie_packet_bytes"), 4 << 20);
}
END_TEST

/* --- bytes ----------------------------------------------------------------
 */

static uint64_t
tlps(uint64_t bytes, uint64_t size)
{
	return (bytes + size - 1) / size;
}

/* What one fetch of a context and one write of it move. */
static const struct size_row {
	struct sim_key own;
	uint64_t mps, mrrs, rcb;
} size_rows[] = {
    {{"run.seed", "1"}, 256, 512, 64},
    {{"nic.pcie_mps", "128B"}, 128, 512, 64},
    {{"nic.pcie_mps", "4KiB"}, 4096, 512, 64},
    {{"nic.pcie_mrrs", "128B"}, 256, 128, 64},
    {{"nic.pcie_rcb", "128B"}, 256, 512, 128},
};

START_TEST(test_pcie_run_sizes_of_tlps_set_the_bytes_of_contexts)
{
	const struct size_row *row = &size_rows[_i];
	uint64_t cqes;

	run_with("on", "gen4x16", &row->own);
	cqes = counter("pcie_cqe_bytes") / 88;
	ck_assert_uint_gt(counter("ctx_cache_misses"), 100);
	ck_assert_uint_eq(counter("pcie_ctx_fetch_bytes"),
			  counter("ctx_cache_misses") *
			      (CONTEXT_BYTES +
			       tlps(CONTEXT_BYTES, row->mrrs) * 24 +
			       tlps(CONTEXT_BYTES, row->rcb) * 20));
	ck_assert_uint_eq(
	    counter("pcie_ctx_writeback_bytes"),
	    counter("ctx_cache_writebacks") *
		(CONTEXT_BYTES + tlps(CONTEXT_BYTES, row->mps) * 24));
	ck_assert_uint_eq(counter("pcie_descriptor_bytes"), cqes * 36);
}
END_TEST

/* Each packet with payload is longer than 66 bytes: a TLP and a descriptor. */
START_TEST(test_pcie_run_header_split_takes_another_buffer)
{
	const struct sim_key none = {"nic.header_split", "0"};
	const struct sim_key split = {"nic.header_split", "66B"};
	uint64_t packet_bytes, descriptor_bytes, frames;

	run_with("off", "gen4x16", &none);
	packet_bytes = counter("pcie_packet_bytes");
	descriptor_bytes = counter("pcie_descriptor_bytes");
	frames = descriptor_bytes / 36;
	window_run_fini(&run);
	run_with("off", "gen4x16", &split);
	ck_assert_uint_eq(counter("pcie_cqe_bytes"), frames * 88);
	ck_assert_uint_gt(counter("pcie_descriptor_bytes"),
			  descriptor_bytes + frames * 36 * 9 / 10);
	ck_assert_uint_gt(counter("pcie_packet_bytes"), packet_bytes);
}
END_TEST

/* --- times ----------------------------------------------------------------
 */

/* Profile unit: everything that is fixed costs 1 us, PCIe reads too. */
static const struct miss_row {
	struct sim_key own;
	uint64_t wait_ns;
} miss_rows[] = {
    {{"run.seed", "1"}, 1000},
    {{"cost.pcie_read", "700ns"}, 700},
    {{"nic.pcie_extra", "330ns"}, 1330},
    {{"cost.pcie_read", "uniform(2us, 3us)"}, 0},
};

/* Two flows in turn and room for one context. */
static void
two_flows(const struct sim_key *own)
{
	static struct sim_sender flow[2];
	const struct sim_key keys[] = {
	    {"nic.tls", "on"}, {"nic.tls_cache", "1"}, *own, {NULL, NULL}};

	memset(flow, 0, sizeof(flow));
	sim_driver_create(&driver, keys);
	sim_sender_open(&flow[0], &driver, SIM_PORT_0);
	sim_sender_open(&flow[1], &driver, SIM_PORT_1);
	for (uint64_t i = 0; i < 10; i++)
		sim_send_record(&flow[i % 2], (50 + 20 * i) * US, RECORD);
	sim_driver_finish(&driver);
}

START_TEST(test_pcie_run_a_miss_costs_the_price_of_a_read)
{
	const struct miss_row *row = &miss_rows[_i];
	uint64_t misses, wait_ns, max_ns;

	two_flows(&row->own);
	misses = sim_driver_counter(&driver, "ctx_cache_misses");
	wait_ns = sim_driver_counter(&driver, "ctx_cache_wait_ns");
	max_ns = sim_driver_counter(&driver, "ctx_cache_wait_max_ns");
	ck_assert_uint_ge(misses, 9);
	if (row->wait_ns > 0) {
		ck_assert_uint_eq(wait_ns, misses * row->wait_ns);
		ck_assert_uint_eq(max_ns, row->wait_ns);
	} else {
		ck_assert_uint_gt(wait_ns, misses * 2000);
		ck_assert_uint_lt(wait_ns, misses * 3000);
		ck_assert_uint_gt(max_ns, wait_ns / misses);
	}
	ck_assert_uint_eq(sim_driver_counter(&driver, "ctx_cache_waits"),
			  misses);
}
END_TEST

/* Segments of one flow behind each other while its context comes. */
START_TEST(test_pcie_run_tells_packets_that_met_a_fetch_under_way)
{
	static const struct sim_key keys[] = {{"nic.tls", "on"},
					      {"nic.tls_cache", "1"},
					      {"cost.pcie_read", "5us"},
					      {NULL, NULL}};
	static struct sim_sender flow[2];

	memset(flow, 0, sizeof(flow));
	sim_driver_create(&driver, keys);
	sim_sender_open(&flow[0], &driver, SIM_PORT_0);
	sim_sender_open(&flow[1], &driver, SIM_PORT_1);
	sim_send_record(&flow[0], 50 * US, RECORD);
	sim_send_record(&flow[1], 100 * US, RECORD);
	sim_sender_record(&flow[0], RECORD);
	for (uint64_t i = 0; i < 4; i++)
		sim_send(&flow[0], (150 + i) * US, RECORD + 250 * (uint32_t)i,
			 250);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(sim_driver_counter(&driver, "ctx_cache_hits_waiting"),
			  3);
	ck_assert_uint_eq(sim_driver_counter(&driver, "ctx_cache_wait_max_ns"),
			  5000);
}
END_TEST

/* A NIC with all contexts in its own memory: the profile's time, or another. */
static const struct memory_row {
	const char *profile;
	struct sim_key own;
	uint64_t wait_ns; /* of each packet */
} memory_rows[] = {
    {"ideal", {"run.seed", "1"}, 0},
    {"t6", {"run.seed", "1"}, 150},
    {"agilio", {"run.seed", "1"}, 300},
    {"innova", {"run.seed", "1"}, 200},
    {"t6", {"nic.tls_memory", "1us"}, 1000},
    {"ideal", {"nic.tls_memory", "20ns"}, 20},
};

START_TEST(test_pcie_run_contexts_in_the_nic_take_its_memory_s_time)
{
	const struct memory_row *row = &memory_rows[_i];
	const struct sim_key keys[] = {
	    {"crypto.mode", "model"},
	    {"synthetic.suite", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
	    {"synthetic.bytes", "256KiB"},
	    {"cost.firmware_command", "0"},
	    {"nic.tls", "on"},
	    {"nic.profile", row->profile},
	    row->own,
	    {NULL, NULL}};
	uint64_t hits;

	window_run(&run, keys);
	hits = counter("ctx_cache_hits");
	ck_assert_uint_gt(hits, 20);
	ck_assert_uint_eq(counter("ctx_cache_misses"), 0);
	ck_assert_uint_eq(counter("ctx_cache_waits"),
			  row->wait_ns > 0 ? hits : 0);
	ck_assert_uint_eq(counter("ctx_cache_wait_ns"), hits * row->wait_ns);
}
END_TEST

Suite *
pcie_run_suite(void)
{
	const struct suite_test tests[] = {
	    {"msix", test_pcie_run_each_interrupt_is_a_write_of_28_bytes,
	     ROWS(msix_rows)},
	    {"sizes", test_pcie_run_sizes_of_tlps_set_the_bytes_of_contexts,
	     ROWS(size_rows)},
	    {"split", test_pcie_run_header_split_takes_another_buffer, 0},
	    {"miss", test_pcie_run_a_miss_costs_the_price_of_a_read,
	     ROWS(miss_rows)},
	    {"waiting", test_pcie_run_tells_packets_that_met_a_fetch_under_way,
	     0},
	    {"memory", test_pcie_run_contexts_in_the_nic_take_its_memory_s_time,
	     ROWS(memory_rows)},
	};

	return suite_create_table("pcie_run", tests, (size_t)ROWS(tests), NULL,
				  teardown, 0);
}
