/*
 * test_offload.c - inline TLS in the whole model, in literal picoseconds.
 *
 * Costs are those of the profile `unit`: 1 us for everything that is fixed.  A
 * flow is declared at 0, so its keys are there at 0; two firmware commands, the
 * parameters' way there and back (4 us) and the rule's command make 7 us until
 * packets reach the context.  In the comments times are microseconds.
 *
 * A scenario is a table that reads like a trace: when, which bytes of the
 * stream; and below it what became of each record.
 */
#include "sim/offload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/ktlsim_internal.h"
#include "sim/results.h"
#include "tests/support/sim_driver.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *offload_suite(void);

enum {
	RECORD = 1000, /* bytes on the wire of each record of a scenario */
	SENDS_MAX = 24,
	RECORDS_MAX = 16,
	US = 1000000,
};

static struct sim_driver driver;
static struct sim_sender sender;

static void
teardown(void)
{
	if (driver.sim != NULL)
		sim_driver_destroy(&driver);
}

static const struct sim_key plain_keys[] = {
    {"nic.tls", "on"}, {"host.cpus", "1"}, {NULL, NULL}};

/* A segment: bytes [offset, offset + len) of the stream, at time_us. */
struct send {
	uint32_t time_us;
	uint32_t offset, len;
};

struct scenario {
	const char *name;
	const char *resync; /* nic.resync */
	struct send send[SENDS_MAX];
	/* by record: F full, P partial, N none, to its end; one letter each */
	const char *marks;
	uint64_t episodes;
	uint64_t answers; /* taken by the device */
};

/* Records of 1000 bytes at 0, 1000, 2000 ...: row by row 04-nic 1.4 and 1.5. */
static const struct scenario scenarios[] = {
    {"in order from the first byte",
     "freebsd",
     {{10, 0, 1000}, {20, 1000, 1000}, {30, 2000, 700}, {40, 2700, 300}},
     "FFF",
     0,
     0},
    {"the context comes after the first record",
     "freebsd",
     {{1, 0, 1000},
      {50, 1000, 1000},
      {100, 2000, 1000},
      {150, 3000, 1000},
      {200, 4000, 1000},
      {250, 5000, 1000}},
     "NNFFFF",
     1,
     1},
    {"a segment inside a record is lost: two mixed records, no resync",
     "freebsd",
     {{10, 0, 1000},
      {20, 1000, 300},
      {40, 1600, 700},
      {60, 2300, 700},
      {80, 1300, 300},
      {100, 3000, 1000}},
     "FPPF",
     0,
     0},
    {"a segment that ends with its record is lost: the next is aligned",
     "freebsd",
     {{10, 0, 1000},
      {20, 1000, 600},
      {40, 2000, 1000},
      {60, 1600, 400},
      {80, 3000, 1000},
      {100, 4000, 1000}},
     "FPNFF",
     0,
     0},
    {"two adjacent segments change places",
     "freebsd",
     {{10, 0, 1000},
      {20, 1000, 300},
      {40, 1600, 300},
      {60, 1300, 300},
      {80, 1900, 600},
      {100, 2500, 500},
      {120, 3000, 1000}},
     "FPPF",
     0,
     0},
    {"a duplicate harms nothing",
     "freebsd",
     {{10, 0, 1000},
      {20, 1000, 500},
      {40, 1000, 500},
      {60, 1500, 500},
      {80, 2000, 1000}},
     "FFF",
     0,
     0},
    {"a header is lost: search, candidate, answer",
     "freebsd",
     {{10, 0, 1000},
      {20, 1000, 900},
      {40, 2100, 900},
      {60, 3000, 1000},
      {80, 1900, 200},
      {100, 4000, 1000},
      {120, 5000, 1000},
      {140, 6000, 1000}},
     "FPNNNFF",
     1,
     1},
    {"several records are lost at once: a resync",
     "freebsd",
     {{10, 0, 1000},
      {20, 1000, 500},
      {40, 4500, 500},
      {60, 5000, 1000},
      {80, 1500, 1000},
      {82, 2500, 1000},
      {84, 3500, 1000},
      {140, 6000, 1000},
      {180, 7000, 1000}},
     "FPNNNNFF",
     1,
     1},
};

static void
open_stream(const struct scenario *scenario)
{
	const struct sim_key keys[] = {{"nic.tls", "on"},
				       {"host.cpus", "1"},
				       {"nic.resync", scenario->resync},
				       {NULL, NULL}};

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	for (size_t i = 0; i < strlen(scenario->marks); i++)
		sim_sender_record(&sender, RECORD);
}

static char
mark_of(const struct ktlsim_record *record)
{
	if (record->marked_bytes == 0)
		return 'N';
	return record->marked_bytes < record->wire_bytes ? 'P' : 'F';
}

START_TEST(test_offload_scenarios)
{
	const struct scenario *scenario = &scenarios[_i];
	const struct results_host *host;
	char marks[RECORDS_MAX + 1] = "";

	open_stream(scenario);
	for (const struct send *s = scenario->send; s->len > 0; s++)
		sim_send(&sender, (uint64_t)s->time_us * US, s->offset, s->len);
	sim_driver_finish(&driver);
	for (size_t i = 0; i < driver.records; i++)
		marks[i] = mark_of(&driver.record[i]);
	ck_assert_msg(strcmp(marks, scenario->marks) == 0, "%s: %s, not %s",
		      scenario->name, marks, scenario->marks);
	host = sim_driver_host(&driver, 0);
	ck_assert_msg(host->episodes == scenario->episodes, "%s: %llu episodes",
		      scenario->name, (unsigned long long)host->episodes);
	ck_assert_uint_eq(sim_driver_counter(&driver, "ctx_answers_taken"),
			  scenario->answers);
}
END_TEST

/* Three records that come whole, and then the books. */
static void
run_three(const struct sim_key *keys, const uint32_t *time_us)
{
	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	for (int i = 0; i < 3; i++)
		sim_send_record(&sender, (uint64_t)time_us[i] * US, RECORD);
	sim_driver_finish(&driver);
}

/*
 * Of 1000 bytes 979 are charged.  None: 1 + 0.979 + deliver 1; full: deliver
 * alone.
 */
START_TEST(test_offload_what_the_nic_decrypts_costs_no_cipher)
{
	static const uint32_t times[] = {10, 50, 90};

	run_three(plain_keys, times);
	for (size_t i = 0; i < driver.records; i++)
		ck_assert_uint_eq(driver.record[i].decrypted_ps -
				      driver.record[i].begin_ps,
				  1 * US);
	ck_assert_uint_eq(sim_driver_host(&driver, 0)->split.records_full, 3);
	ck_assert_uint_eq(sim_driver_host(&driver, 0)->split.bytes_marked,
			  3 * RECORD);
	ck_assert_uint_eq(
	    sim_driver_counter(&driver, "rx_tls_decrypted_packets"), 3);
	ck_assert_uint_eq(sim_driver_counter(&driver, "rx_tls_ctx"), 1);
	ck_assert_uint_eq(sim_driver_counter(&driver, "TlsRxDevice"), 1);
}
END_TEST

/*
 * A mixed record.  FreeBSD: 1 + 0.979 for its decryption, 1 + 1.0 for the CTR
 * pass over all of it, deliver 1.  In the receive call, as Linux does it: the
 * decryption twice, and copies, which are free here.
 */
static const struct mixed_row {
	const char *where;
	uint64_t ps;
} mixed_rows[] = {{"worker", 4979000}, {"reader", 2 * 1979000 + 1000000}};

START_TEST(test_offload_a_mixed_record_costs_more_than_one_by_software)
{
	const struct sim_key keys[] = {
	    {"nic.tls", "on"},
	    {"host.cpus", "1"},
	    {"ktls.decrypt_in", mixed_rows[_i].where},
	    {NULL, NULL}};

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_sender_record(&sender, RECORD);
	sim_send(&sender, 10 * US, 0, 300);
	sim_send(&sender, 30 * US, 600, 400);
	sim_send(&sender, 50 * US, 300, 300);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, 1);
	ck_assert_uint_eq(driver.record[0].marked_bytes, 300);
	ck_assert_uint_eq(driver.record[0].decrypted_ps -
			      driver.record[0].begin_ps,
			  mixed_rows[_i].ps);
}
END_TEST

/* Six flows, one install at a time (two commands), their rules in parallel. */
START_TEST(test_offload_installs_wait_for_the_firmware)
{
	enum { FLOWS = 6 };
	static const struct sim_key keys[] = {{"nic.tls", "on"},
					      {"host.cpus", "1"},
					      {"cost.firmware_command", "10us"},
					      {NULL, NULL}};
	struct sim_sender *flows = calloc(FLOWS, sizeof(*flows));

	ck_assert_ptr_nonnull(flows);
	sim_driver_create(&driver, keys);
	for (int i = 0; i < FLOWS; i++) {
		sim_sender_open(&flows[i], &driver, (uint16_t)(41000 + i));
		sim_send_record(&flows[i], 1000 * US, RECORD);
	}
	sim_driver_finish(&driver);
	for (uint64_t i = 0; i < FLOWS; i++) {
		const struct results_offload *o =
		    &ktlsim_results(driver.sim)->flows[i].direction[0].offload;

		ck_assert_uint_eq(o->asked_ps, 0);
		/* TIR and key of those before and its own; 4; the rule. */
		ck_assert_uint_eq(o->active_ps, (20 * (i + 1) + 4 + 10) * US);
		ck_assert_uint_eq(o->split.records_full, 1);
	}
	free(flows);
}
END_TEST

START_TEST(test_offload_more_flows_than_contexts_stay_in_software)
{
	static const struct sim_key keys[] = {
	    {"nic.tls", "on"}, {"nic.tls_contexts", "1"}, {NULL, NULL}};
	static struct sim_sender second;
	const struct results_flow *flow;

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_sender_open(&second, &driver, SIM_PORT_1);
	sim_send_record(&sender, 50 * US, RECORD);
	sim_send_record(&second, 50 * US, RECORD);
	sim_driver_finish(&driver);
	flow = ktlsim_results(driver.sim)->flows;
	ck_assert_str_eq(flow[0].direction[0].offload.state, "active");
	ck_assert_str_eq(flow[1].direction[0].offload.state, "refused");
	ck_assert_str_eq(flow[1].direction[0].offload.reason,
			 "every context of the NIC is in use");
	ck_assert_uint_eq(flow[0].direction[0].offload.split.records_full, 1);
	ck_assert_uint_eq(flow[1].direction[0].offload.split.records_none, 1);
	ck_assert_uint_eq(sim_driver_counter(&driver, "ktls_no_space"), 1);
}
END_TEST

/* What a profile does not take stays in software. */
START_TEST(test_offload_a_profile_may_refuse_the_version)
{
	static const struct sim_key keys[] = {
	    {"nic.tls", "on"}, {"nic.profile", "agilio"}, {NULL, NULL}};
	static const uint32_t times[] = {10, 50, 90};
	const struct results_offload *offload;

	run_three(keys, times);
	offload = &ktlsim_results(driver.sim)->flows[0].direction[0].offload;
	ck_assert_str_eq(offload->state, "refused");
	ck_assert_str_eq(offload->reason, "no TLS 1.3");
	ck_assert_uint_eq(sim_driver_host(&driver, 0)->split.records_none, 3);
}
END_TEST

/*
 * A frame that finds no descriptor has moved its context on, so that what is
 * sent again is old: record 1 is mixed or none, and the stream is whole.
 */
START_TEST(test_offload_a_drop_in_the_ring_comes_behind_the_cipher)
{
	static const struct sim_key keys[] = {{"nic.tls", "on"},
					      {"host.cpus", "1"},
					      {"nic.ring", "1"},
					      {NULL, NULL}};
	char marks[5] = "";

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	for (int i = 0; i < 4; i++)
		sim_sender_record(&sender, RECORD);
	sim_send(&sender, 10 * US, 0, 1000);
	sim_send(&sender, 11 * US, 1000, 1000); /* finds no descriptor */
	sim_send(&sender, 50 * US, 2000, 1000);
	sim_send(&sender, 90 * US, 3000, 1000);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(sim_driver_counter(&driver, "rx_out_of_buffer"), 1);
	for (size_t i = 0; i < driver.records; i++)
		marks[i] = mark_of(&driver.record[i]);
	ck_assert_str_eq(marks, "FNFF");
	ck_assert_uint_eq(sim_driver_host(&driver, 0)->episodes, 0);
}
END_TEST

/*
 * The device loses all it knows at 100, and software helps it out: the answer
 * comes for the record in which it found the candidate.
 */
START_TEST(test_offload_a_device_reset_is_an_episode)
{
	static const struct sim_key keys[] = {{"nic.tls", "on"},
					      {"host.cpus", "1"},
					      {"nic.tls_reset_every", "100us"},
					      {NULL, NULL}};
	const struct results_offload *offload;
	char marks[6] = "";

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	for (uint64_t i = 0; i < 5; i++)
		sim_send_record(&sender, (70 + 40 * i) * US, RECORD);
	sim_driver_run_until(&driver, 190 * (uint64_t)US);
	sim_driver_finish(&driver);
	for (size_t i = 0; i < driver.records; i++)
		marks[i] = mark_of(&driver.record[i]);
	/* 70 F; reset at 100, 110 N candidate; 150, 190 F; at 200 again. */
	ck_assert_str_eq(marks, "FNFFN");
	offload = &ktlsim_results(driver.sim)->flows[0].direction[0].offload;
	ck_assert_uint_eq(offload->episodes, 2);
	ck_assert_uint_eq(offload->episodes_closed, 1);
	ck_assert_str_eq(offload->listed[0].cause, "device reset");
	ck_assert_uint_eq(offload->resets, 2);
}
END_TEST

/* A flow that moves to another interface is installed anew. */
START_TEST(test_offload_a_path_change_makes_a_new_context)
{
	static const struct sim_key keys[] = {
	    {"nic.tls", "on"},
	    {"host.cpus", "1"},
	    {"nic.tls_path_change_every", "150us"},
	    {NULL, NULL}};
	const struct results_offload *offload;
	char marks[7] = "";

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	for (uint64_t i = 0; i < 6; i++)
		sim_send_record(&sender, (50 + 40 * i) * US, RECORD);
	sim_driver_finish(&driver);
	for (size_t i = 0; i < driver.records; i++)
		marks[i] = mark_of(&driver.record[i]);
	/*
	 * The old tag goes at 170.  The new one, at 177, begins at the record
	 * that software has not taken yet, which has gone by: a search.
	 */
	ck_assert_str_eq(marks, "FFFNNF");
	offload = &ktlsim_results(driver.sim)->flows[0].direction[0].offload;
	ck_assert_uint_eq(offload->path_changes, 1);
	ck_assert_uint_eq(offload->installs, 2);
	ck_assert_uint_eq(sim_driver_counter(&driver, "rx_tls_del"), 1);
}
END_TEST

/*
 * A header inside the payload is the candidate, and its record ends where a
 * true one begins: the chain holds, and Linux, which has passed that place, has
 * no answer.  A new search, at the first packet after `rescan`, finds a
 * record's header, and the parser answers for it at the one behind that.
 */
static const struct rescan_row {
	const char *rescan;
	const char *marks;
	uint64_t rescans, answers;
} rescan_rows[] = {{"0", "FPNNNNNN", 0, 0},
		   {"1ms", "FPNNNNNN", 0, 0},
		   {"70us", "FPNNNNFF", 1, 1},
		   {"100us", "FPNNNNNF", 1, 1}};

START_TEST(test_offload_a_candidate_without_an_answer_is_given_up_in_time)
{
	static const uint8_t header[] = {23, 3, 3, (700 - 5) >> 8,
					 (700 - 5) & 0xff};
	const struct rescan_row *row = &rescan_rows[_i];
	const struct sim_key keys[] = {{"nic.tls", "on"},
				       {"host.cpus", "1"},
				       {"nic.resync", "linux-async"},
				       {"nic.tls_rescan", row->rescan},
				       {NULL, NULL}};
	char marks[RECORDS_MAX + 1] = "";

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	for (int i = 0; i < 8; i++)
		sim_sender_record(&sender, RECORD);
	memcpy(sender.stream + 2300, header, sizeof(header));
	sim_send(&sender, 10 * US, 0, 1000);
	sim_send(&sender, 20 * US, 1000, 900);
	sim_send(&sender, 40 * US, 2100, 900);
	sim_send(&sender, 60 * US, 1900, 200);
	for (uint32_t i = 3; i < 8; i++)
		sim_send(&sender, (40 * (uint64_t)i - 40) * US, i * RECORD,
			 RECORD);
	sim_driver_finish(&driver);
	for (size_t i = 0; i < driver.records; i++)
		marks[i] = mark_of(&driver.record[i]);
	ck_assert_str_eq(marks, row->marks);
	ck_assert_uint_eq(sim_driver_counter(&driver, "ctx_rescans"),
			  row->rescans);
	ck_assert_uint_eq(sim_driver_counter(&driver, "ctx_answers_taken"),
			  row->answers);
}
END_TEST

/*
 * The packet behind the hole begins with record 2: it is passed, or decrypted.
 * Its predecessor's end comes late.
 */
static const struct aligned_row {
	const char *aligned, *marks;
} aligned_rows[] = {{"off", "FPNF"}, {"on", "FPFF"}};

START_TEST(test_offload_a_record_behind_a_hole_is_decrypted_if_asked_for)
{
	const struct sim_key keys[] = {
	    {"nic.tls", "on"},
	    {"host.cpus", "1"},
	    {"nic.tls_aligned", aligned_rows[_i].aligned},
	    {NULL, NULL}};
	char marks[RECORDS_MAX + 1] = "";

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	for (int i = 0; i < 4; i++)
		sim_sender_record(&sender, RECORD);
	sim_send(&sender, 10 * US, 0, 1000);
	sim_send(&sender, 20 * US, 1000, 600);
	sim_send(&sender, 40 * US, 2000, 1000);
	sim_send(&sender, 60 * US, 1600, 400);
	sim_send(&sender, 80 * US, 3000, 1000);
	sim_driver_finish(&driver);
	for (size_t i = 0; i < driver.records; i++)
		marks[i] = mark_of(&driver.record[i]);
	ck_assert_str_eq(marks, aligned_rows[_i].marks);
}
END_TEST

/*
 * The feedback of the FreeBSD protocol: the device is answered for a record
 * only when software has come to it.  One worker is kept busy by another
 * connection with `_i` records in front of it; the episode lasts the longer.
 */
static uint64_t
episode_behind(uint32_t backlog)
{
	static const struct sim_key keys[] = {
	    {"nic.tls", "on"},	       {"host.cpus", "4"},
	    {"nic.queues", "1"},       {"ktls.workers", "1"},
	    {"nic.tls_contexts", "1"}, {NULL, NULL}};
	static struct sim_sender other;
	uint64_t ps;

	memset(&other, 0, sizeof(other));
	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_sender_open(&other, &driver, SIM_PORT_1);
	for (int i = 0; i < 20; i++)
		sim_sender_record(&sender, RECORD);
	for (uint32_t i = 0; i < backlog; i++)
		sim_sender_record(&other, RECORD);
	sim_send(&sender, 50 * US, 0, 900);
	for (uint32_t i = 0; i < backlog; i += 20)
		sim_send(&other, 60 * US, i * RECORD, 20 * RECORD);
	/* [900, 1100) holds the header of record 1, and comes late. */
	sim_send(&sender, 70 * US, 1100, 900);
	sim_send(&sender, 80 * US, 900, 200);
	for (uint32_t i = 2; i < 20; i++)
		sim_send(&sender, (80 + 20 * (uint64_t)i) * US, i * RECORD,
			 RECORD);
	sim_driver_finish(&driver);
	ps = ktlsim_results(driver.sim)
		 ->flows[0]
		 .direction[0]
		 .offload.episode_max_ps;
	ck_assert_uint_eq(sim_driver_host(&driver, 0)->episodes_closed, 1);
	sim_driver_destroy(&driver);
	driver.sim = NULL;
	return ps;
}

START_TEST(test_offload_a_busy_worker_delays_the_resync)
{
	static const uint32_t backlogs[] = {0, 20, 40, 60, 80};
	uint64_t before = 0;

	for (int i = 0; i < ROWS(backlogs); i++) {
		uint64_t ps = episode_behind(backlogs[i]);

		ck_assert_msg(ps > before, "%u records: %llu, before %llu ps",
			      backlogs[i], (unsigned long long)ps,
			      (unsigned long long)before);
		before = ps;
	}
}
END_TEST

/* Real threads have no NIC; a capture of the host has gone through one. */
START_TEST(test_offload_is_refused_where_there_is_no_nic)
{
	static const char *const others[][2] = {
	    {"run.executor", "threads"}, {"replay.capture_point", "host"}};
	struct ktlsim_config *config = ktlsim_config_create();
	struct ktlsim_error error;
	struct ktlsim *sim = NULL;

	ktlsim_config_set(config, "nic.tls", "on", NULL);
	ktlsim_config_set(config, others[_i][0], others[_i][1], NULL);
	ck_assert_int_eq(ktlsim_create(&sim, config, &error), EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "nic.tls"));
	ktlsim_config_destroy(config);
}
END_TEST

Suite *
offload_suite(void)
{
	const struct suite_test tests[] = {
	    {"scenarios", test_offload_scenarios, ROWS(scenarios)},
	    {"full", test_offload_what_the_nic_decrypts_costs_no_cipher, 0},
	    {"mixed",
	     test_offload_a_mixed_record_costs_more_than_one_by_software,
	     ROWS(mixed_rows)},
	    {"installs", test_offload_installs_wait_for_the_firmware, 0},
	    {"limit", test_offload_more_flows_than_contexts_stay_in_software,
	     0},
	    {"profile", test_offload_a_profile_may_refuse_the_version, 0},
	    {"ring", test_offload_a_drop_in_the_ring_comes_behind_the_cipher,
	     0},
	    {"reset", test_offload_a_device_reset_is_an_episode, 0},
	    {"path", test_offload_a_path_change_makes_a_new_context, 0},
	    {"rescan",
	     test_offload_a_candidate_without_an_answer_is_given_up_in_time,
	     ROWS(rescan_rows)},
	    {"aligned",
	     test_offload_a_record_behind_a_hole_is_decrypted_if_asked_for,
	     ROWS(aligned_rows)},
	    {"backlog", test_offload_a_busy_worker_delays_the_resync, 0},
	    {"refused", test_offload_is_refused_where_there_is_no_nic, 2},
	};

	return suite_create_table("offload", tests, (size_t)ROWS(tests), NULL,
				  teardown, 0);
}
