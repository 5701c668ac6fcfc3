/*
 * test_policies.c - the engine's policies as keys: results, counters, notes.
 *
 * Three records in model mode, of which the second is one byte shorter than its
 * suite allows: it fails, and what follows depends on engine.on_bad_record.
 * Headers without a body show engine.header_check.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "sim/results.h"
#include "sim/run.h"
#include "tests/support/sim_driver.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *policies_suite(void);

enum { WIRE = 1021, TOO_SHORT = 21, MICROSECOND = 1000000 };

static struct sim_driver driver;
static struct sim_sender sender;

static void
teardown(void)
{
	sim_driver_destroy(&driver);
}

static void
start(const char *key, const char *value)
{
	const struct sim_key keys[] = {{key, value}, {NULL, NULL}};

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
}

static bool
has_note(const char *text)
{
	for (size_t i = 0; i < driver.sim->results.note_count; i++)
		if (strstr(driver.sim->results.notes[i], text) != NULL)
			return true;
	return false;
}

static const struct policy_row {
	const char *key, *value;
	size_t records; /* that are delivered */
	const char *note;
} policy_rows[] = {
    {"engine.on_bad_record", "freebsd", 2, "(engine.on_bad_record: freebsd)"},
    {"engine.on_bad_record", "sticky", 1, "(engine.on_bad_record: sticky)"},
    {"engine.header_check", "arrival", 2, "(engine.header_check: arrival)"},
    {"engine.rekey", "linux", 2, "(engine.rekey: linux)"},
};

START_TEST(test_bad_record)
{
	const struct policy_row *row = &policy_rows[_i];

	start(row->key, row->value);
	sim_send_record(&sender, 0, WIRE);
	sim_send_record(&sender, 100 * MICROSECOND, TOO_SHORT);
	sim_send_record(&sender, 200 * MICROSECOND, WIRE);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, row->records);
	ck_assert_uint_eq(sim_driver_counter(&driver, "failed_crypto"), 1);
	ck_assert(has_note(row->note));
}
END_TEST

static const struct header_row {
	const char *value;
	uint64_t corrupted;
} header_rows[] = {{"worker", 0}, {"arrival", 1}};

/* The header of a record that never comes, of a type that TLS 1.3 has not. */
START_TEST(test_bad_header)
{
	const struct header_row *row = &header_rows[_i];
	uint32_t offset;

	start("engine.header_check", row->value);
	sim_send_record(&sender, 0, WIRE);
	offset = sim_sender_bytes(&sender, "\x18\x03\x03\x01\x00", 5);
	sim_send(&sender, 100 * MICROSECOND, offset, 5);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, 1);
	ck_assert_uint_eq(sim_driver_counter(&driver, "corrupted_records"),
			  row->corrupted);
}
END_TEST

static const struct counter_row {
	const char *name;
	uint64_t value;
} counter_rows[] = {
    {"enable_calls", 1},
    {"offload_total", 1},
    {"active", 1},
    {"sw.gcm", 1},
    {"sw.cbc", 0},
    {"sw.chacha20", 0},
    {"sw_rx_inqueue", 0},
    {"threads", 4},
    {"too_large_records", 0},
    {"ocf.tls13_gcm_decrypts", 1},
};

START_TEST(test_counters_by_their_sysctl_names)
{
	start("host.cpus", "4");
	sim_send_record(&sender, 0, WIRE);
	sim_driver_finish(&driver);
	for (int i = 0; i < ROWS(counter_rows); i++)
		ck_assert_uint_eq(
		    sim_driver_counter(&driver, counter_rows[i].name),
		    counter_rows[i].value);
}
END_TEST

Suite *
policies_suite(void)
{
	const struct suite_test tests[] = {
	    {"test_policies_bad_record_and_what_the_notes_say", test_bad_record,
	     ROWS(policy_rows)},
	    {"test_policies_bad_header_is_found_at_arrival_or_not_at_all",
	     test_bad_header, ROWS(header_rows)},
	    {"test_policies_counters_have_their_sysctl_names",
	     test_counters_by_their_sysctl_names, 0},
	};

	return suite_create_table("policies", tests, ROWS(tests), NULL,
				  teardown, 0);
}
