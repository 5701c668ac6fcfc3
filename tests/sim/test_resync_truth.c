/*
 * test_resync_truth.c - a resync never confirms a wrong record number.
 *
 * The payload has false record headers where a search meets them first.  In
 * full simulations, for each resync protocol, in TLS 1.2 and 1.3, with bytes
 * and in the model, with TCP sequence numbers that wrap anywhere in the stream
 * and record numbers up to 2^64 - 1: after every event the record that the
 * context is in, and its number, are compared with the sender's, and at the end
 * the plaintext (resync_play.h).
 *
 * What a scenario says of marks and places holds for its protocol, whatever the
 * numbers are; the other protocols must be right as well.
 */
#include <stdio.h>
#include <string.h>

#include "nicmodel/nic_resync.h"
#include "tests/support/resync_play.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *resync_truth_suite(void);

enum { PROTOCOLS = 4 };

static const struct resync_scenario scenarios[] = {
    {.name = "no false header: a search, a candidate, an answer",
     .resync = "freebsd",
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 900},
	      {60, 3000, 1000},
	      {80, 1900, 200},
	      {100, 4000, 1000},
	      {120, 5000, 1000},
	      {140, 6000, 6000}},
     .marks = "FPNNNFFFFFFF",
     .places = "0 5"},
    {.name = "a false record that ends in the packet in which it begins",
     .resync = "freebsd",
     .plant = {{2300, 2600, 23}},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 900},
	      {60, 3000, 1000},
	      {80, 1900, 200},
	      {100, 4000, 1000},
	      {120, 5000, 1000},
	      {140, 6000, 6000}},
     .marks = "FPNNNFFFFFFF",
     .places = "0 5"},
    {.name = "a false record around a true header, which the search misses",
     .resync = "freebsd",
     .plant = {{2300, 3400, 22}},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 900},
	      {60, 3000, 1000},
	      {80, 4000, 1000},
	      {100, 1900, 200},
	      {120, 5000, 1000},
	      {140, 6000, 6000}},
     .marks = "FPNNNNFFFFFF",
     .places = "0 6"},
    {.name = "false headers one record apart confirm each other to the end",
     .resync = "freebsd",
     .plant = {{2300, 3300, 23},
	       {3300, 4300, 23},
	       {4300, 5300, 23},
	       {5300, 6300, 23},
	       {6300, 7300, 23},
	       {7300, 8300, 23},
	       {8300, 9300, 23},
	       {9300, 10300, 23},
	       {10300, 11300, 23},
	       {11300, 12300, 23}},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 900},
	      {60, 1900, 200},
	      {80, 3000, 1000},
	      {120, 4000, 1000},
	      {160, 5000, 1000},
	      {200, 6000, 6000}},
     .marks = "FPNNNNNNNNNN",
     .places = "0"},
    {.name = "a chain of false headers of any lengths, and then none",
     .resync = "freebsd",
     .plant = {{2300, 2640, 20},
	       {2640, 3777, 21},
	       {3777, 3900, 22},
	       {3900, 5555, 23},
	       {5555, 6500, 23},
	       {6500, 7200, 23}},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 900},
	      {60, 1900, 200},
	      {80, 3000, 1000},
	      {120, 4000, 1000},
	      {160, 5000, 1000},
	      {200, 6000, 1000},
	      {240, 7000, 1000},
	      {280, 8000, 1000},
	      {320, 9000, 1000},
	      {360, 10000, 2000}},
     .marks = "FPNNNNNNNFFF",
     .places = "0 9"},
    {.name = "a false chain that runs into a true header is never confirmed",
     .resync = "freebsd",
     .plant = {{2300, 3000, 23}},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 900},
	      {60, 1900, 200},
	      {80, 3000, 1000},
	      {120, 4000, 1000},
	      {160, 5000, 1000},
	      {200, 6000, 6000}},
     .marks = "FPNNNNNNNNNN",
     .places = "0"},
    {.name = "... until it breaks at the next header that is lost",
     .resync = "freebsd",
     .plant = {{2300, 3000, 23}},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 900},
	      {60, 1900, 200},
	      {80, 3000, 1000},
	      {120, 4000, 900},
	      {160, 5100, 900},
	      {180, 4900, 200},
	      {200, 6000, 1000},
	      {240, 7000, 1000},
	      {280, 8000, 4000}},
     .marks = "FPNNNNNFFFFF",
     .places = "0 5"},
    {.name = "a false header in a segment that is sent again",
     .resync = "freebsd",
     .plant = {{1950, 2400, 23}, {2400, 3400, 23}},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 200},
	      {50, 1900, 300},
	      {60, 2200, 800},
	      {80, 3000, 1000},
	      {120, 4000, 1000},
	      {160, 5000, 1000},
	      {200, 6000, 6000}},
     .marks = "FPNNNFFFFFFF",
     .places = "0 5"},
    {.name = "... or until the device searches again",
     .resync = "freebsd",
     .extra = {"nic.tls_rescan", "100us"},
     .plant = {{2300, 3000, 23}},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 900},
	      {60, 1900, 200},
	      {80, 3000, 1000},
	      {120, 4000, 1000},
	      {160, 5000, 1000},
	      {200, 6000, 1000},
	      {240, 7000, 5000}},
     .marks = "FPNNNNFFFFFF",
     .places = "0 6"},
    {.name = "linux-async: the parser has passed the candidate, nobody answers",
     .resync = "linux-async",
     .plant = {{2300, 3000, 23}},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 900},
	      {60, 1900, 200},
	      {80, 3000, 1000},
	      {120, 4000, 1000},
	      {160, 5000, 1000},
	      {200, 6000, 1000},
	      {240, 7000, 5000}},
     .marks = "FPNNNNNNNNNN",
     .places = "0"},
    {.name = "... or until the device searches again (linux-async)",
     .resync = "linux-async",
     .extra = {"nic.tls_rescan", "100us"},
     .plant = {{2300, 3000, 23}},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 900},
	      {60, 1900, 200},
	      {80, 3000, 1000},
	      {120, 4000, 1000},
	      {160, 5000, 1000},
	      {200, 6000, 1000},
	      {240, 7000, 5000}},
     .marks = "FPNNNNNFFFFF",
     .places = "0 7"},
    {.name =
	 "linux-async: the device names a false header, the parser passes it",
     .resync = "linux-async",
     .plant = {{2300, 4300, 23}, {4300, 6300, 23}},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 900},
	      {60, 1900, 200},
	      {80, 3000, 1000},
	      {120, 4000, 1000},
	      {160, 5000, 1000},
	      {200, 6000, 1000},
	      {240, 7000, 1000},
	      {280, 8000, 4000}},
     .marks = "FPNNNNNNNNNN",
     .places = "0 12"},
    {.name = "linux-async: false and true headers in the packet that asks",
     .resync = "linux-async",
     .plant = {{2300, 2700, 23}, {2700, 2900, 22}},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 1800},
	      {60, 1900, 200},
	      {80, 3900, 1100},
	      {120, 5000, 1000},
	      {160, 6000, 1000},
	      {200, 7000, 1000},
	      {240, 8000, 4000}},
     .marks = "FPNNNFFFFFFF",
     .places = "0 3"},
    {.name = "linux-async: a false header asks, and the log has a true one",
     .resync = "linux-async",
     .extra = {"cost.resync_dispatch", "30us"},
     .plant = {{2300, 4300, 23}, {4300, 6300, 23}},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 1900},
	      {41, 1900, 200},
	      {120, 4000, 1000},
	      {160, 5000, 1000},
	      {200, 6000, 1000},
	      {240, 7000, 1000},
	      {280, 8000, 1000},
	      {320, 9000, 3000}},
     .marks = "FPNNNNNNNFFF",
     .places = "0 9"},
    {.name = "linux-async: the parser passes the candidate while it is asked",
     .resync = "linux-async",
     .extra = {"cost.resync_dispatch", "30us"},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 800},
	      {41, 2900, 1100},
	      {42, 1900, 200},
	      {120, 4000, 1000},
	      {160, 5000, 1000},
	      {200, 6000, 3000},
	      {240, 9000, 3000}},
     .marks = "FPNNNFFFFFFF",
     .places = "0 5"},
    {.name = "linux-sync: a request for a false header is dropped in passing",
     .resync = "linux-sync",
     .plant = {{2300, 4300, 23}},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 900},
	      {60, 1900, 200},
	      {80, 3000, 1000},
	      {120, 4000, 1000},
	      {160, 5000, 1000},
	      {200, 6000, 1000},
	      {240, 7000, 1000},
	      {280, 8000, 4000}},
     .marks = "FPNNNNFFFFFF",
     .places = "0 6"},
    {.name = "a record fails: the driver knows those behind it",
     .resync = "freebsd",
     .damaged = 2,
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 900},
	      {60, 3000, 1000},
	      {80, 4000, 1000},
	      {100, 1900, 200},
	      {120, 5000, 1000},
	      {160, 6000, 1000},
	      {200, 7000, 5000}},
     .marks = "FPNNNFFFFFF",
     .places = "0 6"},
    {.name = "the candidate is a record that fails: nobody answers",
     .resync = "freebsd",
     .damaged = 3,
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 900},
	      {60, 3000, 1000},
	      {80, 4000, 1000},
	      {100, 1900, 200},
	      {120, 5000, 1000},
	      {160, 6000, 1000},
	      {200, 7000, 5000}},
     .marks = "FPNNNNNNNNN",
     .places = "0"},
    {.name = "linux-hint: nothing is searched, and the place is said ahead",
     .resync = "linux-hint",
     .plant = {{2300, 3300, 23}, {3300, 4300, 23}, {4300, 5300, 23}},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 900},
	      {60, 1900, 200},
	      {80, 3000, 1000},
	      {120, 4000, 1000},
	      {160, 5000, 1000},
	      {200, 6000, 1000},
	      {240, 7000, 1000},
	      {280, 8000, 4000}},
     .marks = "FPNNNFFFFFFF",
     .places = "0 5"},
    {.name = "loose: two version bytes, and 64 KiB followed in vain",
     .resync = "freebsd",
     .matcher = "loose",
     .first_rec = 1,
     .plant = {{2300, 2305 + 65535, 99}},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 900},
	      {60, 1900, 200},
	      {80, 3000, 1000},
	      {120, 4000, 1000},
	      {160, 5000, 1000},
	      {200, 6000, 6000}},
     .marks = "FPNNNNNNNNNN",
     .places = "0"},
    {.name = "loose: a false record of no length in front of the true one",
     .resync = "linux-sync",
     .matcher = "loose",
     .first_rec = 1,
     .plant = {{2300, 2305, 99}, {2600, 2990, 0}},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 900},
	      {60, 3000, 1000},
	      {80, 1900, 200},
	      {100, 4000, 1000},
	      {120, 5000, 1000},
	      {140, 6000, 6000}},
     .marks = "FPNNFFFFFFFF",
     .places = "0 4"},
    {.name = "a device reset in front of a false header",
     .resync = "freebsd",
     .extra = {"nic.tls_reset_every", "100us"},
     .plant = {{1700, 2700, 23}, {2700, 3300, 23}},
     .send = {{30, 0, 1000},
	      {90, 1000, 500},
	      {110, 1500, 500},
	      {120, 2000, 1000},
	      {130, 3000, 1000},
	      {140, 4000, 1000},
	      {160, 5000, 1000},
	      {180, 6000, 6000}},
     .marks = "FPNNNFFFFFFF",
     .places = "0 5"},
    {.name = "a path change: the new context begins with a false header",
     .resync = "freebsd",
     .extra = {"nic.tls_path_change_every", "150us"},
     .plant = {{2200, 3200, 23}, {3200, 4100, 23}},
     .send = {{30, 0, 1000},
	      {90, 1000, 500},
	      {151, 1500, 500},
	      {152, 2000, 100},
	      {170, 2100, 900},
	      {180, 3000, 1000},
	      {190, 4000, 1000},
	      {210, 5000, 1000},
	      {230, 6000, 6000}},
     .marks = "FPNNNNFFFFFF",
     .places = "0 1 6"},
    {.name = "a search that waits for 2000 bytes meets a false header",
     .resync = "freebsd",
     .extra = {"nic.tls_scan_delay", "2000B"},
     .plant = {{2300, 3300, 23}, {4300, 5200, 23}},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 900},
	      {60, 1900, 200},
	      {80, 3000, 1000},
	      {120, 4100, 900},
	      {160, 5000, 1000},
	      {180, 4000, 100},
	      {200, 6000, 1000},
	      {240, 7000, 1000},
	      {280, 8000, 4000}},
     .marks = "FPNNNNNNFFFF",
     .places = "0 4 8"},
    {.name = "a record's number looks like a header, one record apart",
     .resync = "freebsd",
     .tls12_only = true,
     .first_rec = UINT64_C(0x0017030303e30000),
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2005, 995},
	      {60, 1900, 105},
	      {80, 3000, 1000},
	      {120, 4000, 1000},
	      {160, 5000, 1000},
	      {200, 6000, 6000}},
     .marks = "FPNNNNNNNNNN",
     .places = "0"},
    {.name =
	 "behind record 2^64 - 1 the software begins at 0, and the NIC with it",
     .resync = "freebsd",
     .first_rec = UINT64_MAX - 3,
     .send = {{10, 0, 1000},
	      {20, 1000, 1000},
	      {40, 2000, 1000},
	      {60, 3000, 1000},
	      {80, 4000, 1000},
	      {100, 5000, 1000},
	      {120, 6000, 1000},
	      {140, 7000, 5000}},
     .marks = "FFFNNFFFFFFF",
     .places = "0 5"},
    {.name = "no answer takes a candidate's chain past record 2^64 - 1",
     .resync = "freebsd",
     .first_rec = UINT64_MAX - 4,
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 900},
	      {60, 3000, 1000},
	      {80, 4000, 1000},
	      {100, 5000, 1000},
	      {120, 1900, 200},
	      {160, 6000, 1000},
	      {200, 7000, 5000}},
     .marks = "FPNNNNNNNNNN",
     .places = "0",
     .refused = 6},
};

START_TEST(test_resync_truth_holds_in_each_scenario)
{
	const struct resync_scenario *s = &scenarios[_i / PROTOCOLS];
	const char *resync = nic_resync_at((size_t)_i % PROTOCOLS)->name;
	const bool own = strcmp(resync, s->resync) == 0;

	for (uint32_t base = 0; base < RESYNC_BASES; base += own ? 1 : 5) {
		struct resync_variant v = resync_variant_make(s, resync, base);

		resync_play_run(s, &v, 0);
		if (own)
			resync_play_expect(s);
		resync_play_fini();
	}
}
END_TEST

/*
 * What the device is at changes at any moment of the talk: before the query,
 * while it is under way, while the answer is.
 */
static const struct resync_scenario sweeps[] = {
    {.name = "the chain breaks, and a false header is the next candidate",
     .plant = {{4300, 5300, 23}, {5300, 6300, 23}, {6300, 7200, 23}},
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 1900},
	      {50, 1900, 200},
	      {130, 4000, 100},
	      {150, 5000, 1000},
	      {170, 6000, 1000},
	      {190, 7000, 1000},
	      {210, 8000, 4000}},
     .late = {{0, 4100, 900}}},
    {.name = "the same candidate is found again, its chain begins anew",
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 1900},
	      {45, 4000, 900},
	      {50, 1900, 200},
	      {130, 4900, 200},
	      {150, 6000, 1000},
	      {170, 7000, 1000},
	      {190, 8000, 1000},
	      {210, 9000, 3000}},
     .late = {{0, 5100, 900}, {1, 2900, 300}, {2, 3200, 1000}}},
    {.name = "two candidates, both true, one behind the other",
     .send = {{10, 0, 1000},
	      {20, 1000, 900},
	      {40, 2100, 1900},
	      {45, 4000, 1000},
	      {50, 1900, 200},
	      {130, 5000, 300},
	      {150, 6300, 700},
	      {170, 7000, 1000},
	      {190, 8000, 1000},
	      {210, 9000, 3000}},
     .late = {{0, 5300, 1000}, {1, 5200, 200}}},
};

enum { SWEEP_FROM = 51, SWEEP_TO = 125 };

START_TEST(test_resync_truth_holds_whenever_the_candidate_changes)
{
	const struct resync_scenario *s = &sweeps[_i / PROTOCOLS];
	const struct nic_resync_ops *ops =
	    nic_resync_at((size_t)_i % PROTOCOLS);
	struct sim_driver *driver = &resync_play.driver;
	uint64_t taken = 0, refused = 0;

	for (uint32_t t = SWEEP_FROM; t <= SWEEP_TO; t++) {
		struct resync_variant v =
		    resync_variant_make(s, ops->name, t % RESYNC_BASES);

		resync_play_run(s, &v, t);
		taken += sim_driver_counter(driver, "ctx_answers_taken") +
			 sim_driver_counter(driver, "ctx_hints_taken");
		refused += sim_driver_counter(driver, "ctx_answers_refused");
		resync_play_fini();
	}
	ck_assert_uint_gt(taken, 0);
	/* A device that does not search takes a hint or has no use for it. */
	ck_assert_int_eq(refused > 0, ops->device_scans);
}
END_TEST

/*
 * The device forgets everything, or the flow gets another context, at any
 * moment of the talk: what is under way is about a context that is gone.
 */
static const char *const upsets[] = {"nic.tls_reset_every",
				     "nic.tls_path_change_every"};

START_TEST(test_resync_truth_holds_whenever_the_context_goes)
{
	struct resync_scenario s = sweeps[_i / PROTOCOLS / ROWS(upsets)];
	const char *resync = nic_resync_at((size_t)_i % PROTOCOLS)->name;
	char period[16];

	s.extra.key = upsets[_i / PROTOCOLS % ROWS(upsets)];
	s.extra.value = period;
	for (uint32_t t = SWEEP_FROM; t <= SWEEP_TO; t += 2) {
		struct resync_variant v =
		    resync_variant_make(&s, resync, t % RESYNC_BASES);

		snprintf(period, sizeof(period), "%uus", t);
		resync_play_run(&s, &v, t + 1);
		ck_assert_uint_ge(resync_play.truth.places, 1);
		resync_play_fini();
	}
}
END_TEST

Suite *
resync_truth_suite(void)
{
	const struct suite_test tests[] = {
	    {"scenarios", test_resync_truth_holds_in_each_scenario,
	     ROWS(scenarios) * PROTOCOLS},
	    {"sweeps", test_resync_truth_holds_whenever_the_candidate_changes,
	     ROWS(sweeps) * PROTOCOLS},
	    {"upsets", test_resync_truth_holds_whenever_the_context_goes,
	     ROWS(sweeps) * ROWS(upsets) * PROTOCOLS},
	};

	return suite_create_table("resync_truth", tests, (size_t)ROWS(tests),
				  NULL, resync_play_fini, 60);
}
