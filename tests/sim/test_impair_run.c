/*
 * test_impair_run.c - the link's misbehaviour in whole simulations: keys,
 * recovery, books, reports, and the plaintext of a real capture.
 *
 * A channel with ge_p = ge_r = 1 loses the first, third, fifth ... segment that
 * comes for the first time, and likewise of those that are sent again: so a
 * test knows what is lost.  Shares and streams: test_impair.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/mbuf.h"
#include "sim/impair.h"
#include "sim/ktlsim_internal.h"
#include "sim/results.h"
#include "tests/support/command.h"
#include "tests/support/pcapng_read.h"
#include "tests/support/replay_run.h"
#include "tests/support/sim_driver.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define BUNDLED	    "traces/data/tls13-download"

Suite *impair_run_suite(void);

enum { US = 1000000, RECORD = 1000, KEYS_MAX = 8, TEXT_BYTES = 64 };

/* What the bundled capture's ends really sent (traces/data/README.md). */
static const char *const sha256[2] = {
    "4a7ecfc63b42d111f24a3436309b3a8a6c2d4ed5c20306894d243fb6ed628df9",
    "fdd9843fb874700b9ae5cb46fe6ba260b6063b177f7aaf3b206e61732fe9d740"};

static struct sim_driver driver;
static struct sim_sender sender;
static struct replay_run run, again;
static struct command command;

static void
teardown(void)
{
	if (driver.sim != NULL)
		sim_driver_destroy(&driver);
	replay_run_fini(&run);
	replay_run_fini(&again);
	command_fini(&command);
}

static void
open_sender(const struct sim_key *keys)
{
	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
}

static const struct results_conservation *
books(void)
{
	return &sim_driver_host(&driver, 0)->conservation;
}

/* --- recovery -------------------------------------------------------------
 */

/* resend_after, and when the twice lost first record arrives. */
static const struct resend_row {
	const char *after;
	uint64_t arrival_us;
} resend_rows[] = {{"50us", 110}, {"1us", 12}, {"0", 2010}};

START_TEST(test_impair_run_lost_segments_are_sent_again)
{
	const struct resend_row *row = &resend_rows[_i];
	const struct sim_key keys[] = {{"link.ge_p", "1"},
				       {"link.ge_r", "1"},
				       {"replay.resend_after", row->after},
				       {NULL, NULL}};

	open_sender(keys);
	sim_send_record(&sender, 10 * US, RECORD); /* lost, and lost again */
	sim_send_record(&sender, 10 * US, RECORD); /* arrives */
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, assembled_ps, row->arrival_us * US, 10 * US);
	ck_assert_uint_eq(sim_driver_counter(&driver, "link_lost_burst"), 2);
	ck_assert_uint_eq(books()->dropped_link, 2);
	ck_assert_uint_eq(books()->segments_in, 4);
	ck_assert_uint_eq(books()->delivered, 2);
	ck_assert_uint_eq(ktlsim_results(driver.sim)->input.resent, 2);
}
END_TEST

START_TEST(test_impair_run_without_recovery_a_hole_stays)
{
	static const struct sim_key keys[] = {{"link.ge_p", "1"},
					      {"link.ge_r", "1"},
					      {"replay.recovery", "none"},
					      {NULL, NULL}};
	const struct results_direction *direction;

	open_sender(keys);
	sim_send_record(&sender, 10 * US, RECORD);
	sim_send_record(&sender, 20 * US, RECORD);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, 0);
	direction = &ktlsim_results(driver.sim)->flows[0].direction[0];
	ck_assert_uint_eq(direction->holes, 1);
	ck_assert_uint_eq(direction->hole.offset, 0);
	ck_assert_uint_eq(direction->hole.bytes_behind, RECORD);
	ck_assert_uint_eq(books()->dropped_link, 1);
	ck_assert_uint_eq(books()->queued, 1);
	ck_assert_uint_eq(ktlsim_results(driver.sim)->input.resent, 0);
}
END_TEST

/* What no TCP would send again is not; an end is. */
START_TEST(test_impair_run_acknowledgements_are_not_sent_again)
{
	static const struct sim_key keys[] = {{"link.ge_p", "1"},
					      {"link.ge_r", "0.000001"},
					      {"link.ge_loss_bad", "0.5"},
					      {NULL, NULL}};
	uint64_t lost;

	open_sender(keys);
	for (uint64_t i = 0; i < 40; i++)
		sim_send_flags(&sender, (10 + i) * US, TH_ACK);
	sim_driver_run_until(&driver, 100 * US);
	sim_send_record(&sender, 100 * US, RECORD);
	sim_send_flags(&sender, 101 * US, TH_ACK | TH_FIN);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, 1);
	lost = sim_driver_counter(&driver, "link_lost_burst");
	ck_assert_uint_ge(lost, 10);
	ck_assert_uint_le(ktlsim_results(driver.sim)->input.resent, lost - 10);
	ck_assert_uint_eq(books()->segments_in,
			  42 + ktlsim_results(driver.sim)->input.resent);
}
END_TEST

/* --- other mishaps --------------------------------------------------------
 */

START_TEST(test_impair_run_delayed_segments_are_overtaken)
{
	static const struct sim_key keys[] = {{"link.reorder", "0.5"},
					      {"link.reorder_delay", "15us"},
					      {NULL, NULL}};
	uint64_t delayed = 0, held = 0;

	open_sender(keys);
	for (uint64_t i = 0; i < 40; i++)
		sim_send_record(&sender, (10 + 10 * i) * US, RECORD);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, 40);
	for (size_t i = 0; i < 40; i++) {
		const struct ktlsim_record *record = &driver.record[i];
		uint64_t late = record->first_arrival_ps - (10 + 10 * i) * US;

		ck_assert_uint_eq(record->number, i);
		ck_assert(late == 0 || late == 15 * US);
		delayed += late > 0;
		held += record->arrival_ps > record->assembled_ps;
	}
	ck_assert_uint_eq(sim_driver_counter(&driver, "link_reordered"),
			  delayed);
	ck_assert_uint_ge(delayed, 10);
	ck_assert_uint_ge(held, 5);
}
END_TEST

START_TEST(test_impair_run_duplicates_are_delivered_once)
{
	static const struct sim_key keys[] = {{"link.duplicate", "1"},
					      {NULL, NULL}};

	open_sender(keys);
	for (uint64_t i = 0; i < 10; i++)
		sim_send_record(&sender, (10 + 10 * i) * US, RECORD);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, 10);
	ck_assert_uint_eq(sim_driver_counter(&driver, "link_duplicated"), 10);
	ck_assert_uint_eq(books()->segments_in, 20);
	ck_assert_uint_eq(books()->delivered, 10);
	ck_assert_uint_eq(books()->dropped_duplicate + books()->dropped_old,
			  10);
}
END_TEST

/* A copy that finds no descriptor is gone: its sender knows nothing of it. */
START_TEST(test_impair_run_copies_are_not_sent_again)
{
	static const struct sim_key keys[] = {{"link.duplicate", "1"},
					      {"nic.ring", "2"},
					      {"replay.resend_after", "50us"},
					      {NULL, NULL}};
	const struct results *results;

	open_sender(keys);
	for (uint64_t i = 0; i < 10; i++)
		sim_send_record(&sender, 10 * US + i, RECORD);
	sim_driver_finish(&driver);
	results = ktlsim_results(driver.sim);
	ck_assert_uint_eq(driver.records, 10);
	/* Every first copy that was sent again had a second one, too. */
	ck_assert_uint_eq(books()->segments_in,
			  2 * (10 + results->input.resent));
	ck_assert_uint_gt(results->input.resent, 0);
	ck_assert_uint_gt(books()->dropped_ring, results->input.resent);
}
END_TEST

START_TEST(test_impair_run_damage_that_tells_is_a_loss)
{
	static const struct sim_key keys[] = {{"link.corrupt", "0.8"},
					      {"replay.resend_after", "5us"},
					      {NULL, NULL}};
	uint64_t damaged;

	open_sender(keys);
	for (uint64_t i = 0; i < 20; i++)
		sim_send_record(&sender, (10 + 10 * i) * US, RECORD);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, 20);
	damaged = sim_driver_counter(&driver, "link_corrupted");
	ck_assert_uint_ge(damaged, 40);
	ck_assert_uint_eq(books()->dropped_checksum, damaged);
	ck_assert_uint_eq(ktlsim_results(driver.sim)->input.resent, damaged);
	ck_assert_uint_eq(books()->segments_in, 20 + damaged);
}
END_TEST

/*
 * Without a cipher the NIC is told, so that it finds the tag wrong; what the
 * software makes of the record is not modelled.
 */
START_TEST(test_impair_run_nic_sees_damage_that_the_checksum_does_not)
{
	static const struct sim_key keys[] = {{"nic.tls", "on"},
					      {"host.cpus", "1"},
					      {"link.corrupt", "0.5"},
					      {"link.corrupt_undetected", "1"},
					      {NULL, NULL}};
	uint64_t damaged, whole = 0;

	open_sender(keys);
	for (uint64_t i = 0; i < 40; i++)
		sim_send_record(&sender, (100 + 100 * i) * US, RECORD);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, 40);
	damaged = sim_driver_counter(&driver, "link_corrupted_undetected");
	for (size_t i = 0; i < driver.records; i++)
		whole += driver.record[i].marked_bytes == RECORD;
	ck_assert_uint_ge(damaged, 10);
	ck_assert_uint_ge(whole, 5);
	ck_assert_uint_le(whole, 40 - damaged);
	ck_assert_uint_ge(sim_driver_counter(&driver, "ctx_tag_failures"), 3);
}
END_TEST

/* --- a real capture -------------------------------------------------------
 */

static void
replay(struct replay_run *to, const struct replay_setting *settings,
       FILE *annotate)
{
	const struct replay_input input = {.capture = BUNDLED ".pcap",
					   .keylog = BUNDLED ".keys",
					   .settings = settings,
					   .annotate = annotate};

	replay_run_capture(to, &input);
	ck_assert_msg(to->refused == 0 && to->finished == 0, "%s", to->text);
}

/* Of both hosts. */
static uint64_t
replayed(const struct replay_run *of, const char *name)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < of->results->host_count; i++) {
		const struct results_host *host = &of->results->hosts[i];

		for (size_t k = 0; k < host->counter_count; k++)
			if (strcmp(host->counters[k].name, name) == 0)
				sum += host->counters[k].value;
	}
	return sum;
}

static const struct replay_row {
	struct replay_setting settings[KEYS_MAX];
	const char *counter;
	uint64_t least;
} replay_rows[] = {
    {{{"link.loss", "0.1"}}, "link_lost", 30},
    {{{"link.ge_p", "0.03"}, {"link.ge_r", "0.3"}}, "link_lost_burst", 20},
    {{{"link.super_loss", "0.2"}, {"link.super_size", "6KiB"}},
     "link_lost_super",
     30},
    {{{"link.reorder", "0.2"}, {"link.reorder_delay", "exponential(3ms)"}},
     "link_reordered",
     50},
    {{{"link.duplicate", "0.3"}}, "link_duplicated", 90},
    {{{"link.corrupt", "0.1"}}, "link_corrupted", 30},
    {{{"link.loss", "0.05"},
      {"link.reorder", "0.1"},
      {"link.duplicate", "0.1"},
      {"link.corrupt", "0.02"},
      {"nic.tls", "on"},
      {"cost.firmware_command", "0"},
      {"nic.tls_matcher", "loose"}},
     "ctx_lost_sync",
     1},
    {{{"link.loss", "0.1"}, {"replay.receiver", "client"}}, "link_lost", 20},
};

START_TEST(test_impair_run_capture_gives_the_same_plaintext)
{
	const struct replay_row *row = &replay_rows[_i];
	const struct results_conservation *all;

	replay(&run, row->settings, NULL);
	for (int i = 0; i < 2; i++)
		ck_assert_str_eq(run.results->flows[0].direction[i].app_sha256,
				 sha256[i]);
	ck_assert_uint_ge(replayed(&run, row->counter), row->least);
	for (size_t i = 0; i < run.results->host_count; i++) {
		all = &run.results->hosts[i].conservation;
		ck_assert(all->balanced);
		ck_assert_uint_eq(all->queued, 0);
	}
	replay(&again, row->settings, NULL);
	ck_assert_uint_eq(again.results->digest, run.results->digest);
}
END_TEST

/* A tag finds out: what is delivered is less, and nothing wrong. */
START_TEST(test_impair_run_damage_that_is_not_told_costs_records)
{
	static const struct replay_setting settings[] = {
	    {"link.corrupt", "0.01"},
	    {"link.corrupt_undetected", "1"},
	    {"replay.receiver", "client"},
	    {NULL, NULL}};
	const struct results_direction *direction;

	replay(&run, settings, NULL);
	direction = &run.results->flows[0].direction[1];
	ck_assert_uint_gt(replayed(&run, "link_corrupted_undetected"), 0);
	ck_assert_uint_eq(replayed(&run, "link_corrupted"), 0);
	ck_assert_uint_gt(direction->errors, 0);
	ck_assert_uint_lt(direction->app_bytes, 500000);
	ck_assert_str_ne(direction->app_sha256, sha256[1]);
}
END_TEST

START_TEST(test_impair_run_annotated_capture_has_what_the_link_lost)
{
	static const struct replay_setting settings[] = {
	    {"link.loss", "0.1"}, {"link.corrupt", "0.1"}, {NULL, NULL}};
	char path[] = "/tmp/ktlsim-test-XXXXXX";
	int fd = mkstemp(path);
	struct pcapng_read file;
	FILE *out;

	ck_assert_int_ge(fd, 0);
	out = fdopen(fd, "wb");
	ck_assert_ptr_nonnull(out);
	replay(&run, settings, out);
	ck_assert_int_eq(fclose(out), 0);
	pcapng_read_load(&file, path);
	unlink(path);
	ck_assert_uint_eq(
	    pcapng_read_count(&file, "; dropped: the link lost it"),
	    replayed(&run, "link_lost"));
	ck_assert_uint_eq(
	    pcapng_read_count(
		&file, "; dropped: the link damaged it, the checksum told"),
	    replayed(&run, "link_corrupted"));
	ck_assert_uint_gt(replayed(&run, "link_corrupted"), 20);
	pcapng_read_fini(&file);
}
END_TEST

/* --- reports --------------------------------------------------------------
 */

/* The number behind a name of the JSON report's counters, or -1. */
static int64_t
json_counter(const char *json, const char *name)
{
	char key[TEXT_BYTES];
	const char *at;

	snprintf(key, sizeof(key), "\"%s\": ", name);
	at = strstr(json, key);
	return at == NULL ? -1 : strtoll(at + strlen(key), NULL, 10);
}

/* The line of the text report's counters has the name and the number. */
static bool
text_has(const char *text, const char *name, uint64_t value)
{
	const char *at = strstr(text, name);

	return at != NULL && strtoull(at + strlen(name), NULL, 10) == value;
}

START_TEST(test_impair_run_reports_have_every_counter)
{
	static const struct replay_setting settings[] = {
	    {"link.loss", "0.05"},	   {"link.ge_p", "0.02"},
	    {"link.super_loss", "0.05"},   {"link.reorder", "0.05"},
	    {"link.duplicate", "0.05"},	   {"link.corrupt", "0.05"},
	    {"replay.receiver", "client"}, {NULL, NULL}};
	char *text = NULL;

	replay(&run, settings, NULL);
	ck_assert_int_eq(ktlsim_report_text(run.sim, &text), 0);
	for (unsigned i = 0; i < IMPAIR_COUNTERS; i++) {
		const char *name = impair_counter_name(i);
		uint64_t value = replayed(&run, name);

		ck_assert_int_eq(json_counter(run.json, name), (int64_t)value);
		/* Nothing is undetected here, and zeros are left out. */
		ck_assert_msg(
		    (value == 0) ==
			(strcmp(name, "link_corrupted_undetected") == 0),
		    "%s %" PRIu64, name, value);
		ck_assert_msg(value == 0 || text_has(text, name, value),
			      "%s: %s", name, text);
	}
	ck_assert_ptr_nonnull(strstr(text, "the links misbehave on purpose"));
	ck_assert_ptr_nonnull(strstr(text, "dropped: lost on the link"));
	ktlsim_free(text);
}
END_TEST

START_TEST(test_impair_run_links_that_work_report_nothing_of_it)
{
	char *text = NULL;

	replay(&run, NULL, NULL);
	ck_assert_int_eq(ktlsim_report_text(run.sim, &text), 0);
	for (unsigned i = 0; i < IMPAIR_COUNTERS; i++)
		ck_assert_int_eq(json_counter(run.json, impair_counter_name(i)),
				 -1);
	ck_assert_ptr_null(strstr(text, "misbehave"));
	ktlsim_free(text);
}
END_TEST

/* As a user runs it. */
START_TEST(test_impair_run_program_delivers_the_same_plaintext)
{
	static const char *const arguments[] = {"replay",
						BUNDLED ".pcap",
						"--keylog",
						BUNDLED ".keys",
						"--link.loss=0.1",
						"--link.duplicate=0.1",
						"--link.reorder=0.1",
						"--nic.tls=on",
						"--json",
						"-",
						NULL};

	if (!command_present())
		return;
	command_run(&command, arguments, NULL);
	ck_assert_msg(command.status == 0, "%s", command.err);
	for (int i = 0; i < 2; i++)
		ck_assert_ptr_nonnull(strstr(command.out, sha256[i]));
	ck_assert_int_gt(json_counter(command.out, "link_lost"), 0);
	ck_assert_ptr_nonnull(strstr(command.out, "offered again"));
}
END_TEST

/* --- names and keys -------------------------------------------------------
 */

START_TEST(test_impair_run_counters_have_their_names)
{
	static const char *const names[IMPAIR_COUNTERS] = {
	    "link_lost",
	    "link_lost_burst",
	    "link_lost_super",
	    "link_reordered",
	    "link_duplicated",
	    "link_corrupted",
	    "link_corrupted_undetected"};

	for (unsigned i = 0; i < IMPAIR_COUNTERS; i++)
		ck_assert_str_eq(impair_counter_name(i), names[i]);
}
END_TEST

/* Which keys make a link misbehave; the others say how. */
static struct config config;

static const struct wanted_row {
	const char *key, *value;
	bool wanted;
} wanted_rows[] = {
    {"link.loss", "0.000001", true},
    {"link.loss", "0", false},
    {"link.ge_p", "0.000001", true},
    {"link.ge_r", "0.5", false},
    {"link.ge_loss_good", "0.000001", true},
    {"link.ge_loss_bad", "0.5", false},
    {"link.super_loss", "0.000001", true},
    {"link.super_size", "1000B", false},
    {"link.reorder", "0.000001", true},
    {"link.reorder_delay", "1ms", false},
    {"link.duplicate", "0.000001", true},
    {"link.corrupt", "0.000001", true},
    {"link.corrupt_undetected", "1", false},
};

START_TEST(test_impair_run_is_off_unless_something_can_happen)
{
	const struct wanted_row *row = &wanted_rows[_i];
	struct ktlsim_error error = {0};
	struct impair impair;

	config_init(&config);
	ck_assert(!impair_wanted(&config));
	ck_assert_int_eq(config_set(&config, row->key, row->value, &error), 0);
	impair_init(&impair, &config);
	ck_assert_int_eq(impair_wanted(&config), row->wanted);
	ck_assert_int_eq(impair.on, row->wanted);
}
END_TEST

/* text NULL: the value is good; else what the sentence says. */
static const struct limit_row {
	const char *key, *value, *text;
} limit_rows[] = {
    {"link.loss", "0.99", NULL},
    {"link.loss", "0.990001",
     "link.loss: '0.990001' is out of range; "
     "allowed: 0..0.99"},
    {"link.loss", "-0.1", "without sign"},
    {"link.loss", "1%", "takes no unit"},
    {"link.loss", "0.0000001", "link.loss"},
    {"link.ge_p", "1", NULL},
    {"link.ge_p", "1.000001", "allowed: 0..1"},
    {"link.ge_r", "0.000001", NULL},
    {"link.ge_r", "1", NULL},
    {"link.ge_r", "0", "allowed: 0.000001..1"},
    {"link.ge_loss_good", "0.99", NULL},
    {"link.ge_loss_good", "1", "allowed: 0..0.99"},
    {"link.ge_loss_bad", "1", NULL},
    {"link.ge_loss_bad", "2", "allowed: 0..1"},
    {"link.super_loss", "0.99", NULL},
    {"link.super_loss", "1", "allowed: 0..0.99"},
    {"link.super_size", "64KiB", NULL},
    {"link.super_size", "1B", NULL},
    {"link.super_size", "65537B", "allowed: 1B..64KiB"},
    {"link.super_size", "0", "allowed: 1B..64KiB"},
    {"link.reorder", "1", NULL},
    {"link.reorder", "1.1", "allowed: 0..1"},
    {"link.reorder_delay", "1h", NULL},
    {"link.reorder_delay", "0", NULL},
    {"link.reorder_delay", "61min", "link.reorder_delay"},
    {"link.reorder_delay", "uniform(1us, 2h)", "no more than 1h is allowed"},
    {"link.duplicate", "1", NULL},
    {"link.duplicate", "1.5", "allowed: 0..1"},
    {"link.corrupt", "0.99", NULL},
    {"link.corrupt", "1", "allowed: 0..0.99"},
    {"link.corrupt_undetected", "1", NULL},
    {"link.corrupt_undetected", "-1", "allowed: 0..1"},
};

START_TEST(test_impair_run_keys_have_limits)
{
	const struct limit_row *row = &limit_rows[_i];
	struct ktlsim_error error = {0};
	int code;

	config_init(&config);
	code = config_set(&config, row->key, row->value, &error);

	if (row->text == NULL) {
		ck_assert_msg(code == 0, "%s", error.text);
		return;
	}
	ck_assert_int_eq(code, EINVAL);
	ck_assert_msg(strstr(error.text, row->text) != NULL, "%s=%s: %s",
		      row->key, row->value, error.text);
	ck_assert(!impair_wanted(&config));
}
END_TEST

/* Misbehaviour that would have no effect is refused. */
static const struct refused_row {
	const char *key, *value, *text;
} refused_rows[] = {
    {"replay.capture_point", "host", "has no link in front of it"},
    {"run.executor", "threads", "link.corrupt=0.1 needs run.executor=virtual"},
};

START_TEST(test_impair_run_is_refused_where_there_is_no_link)
{
	const struct refused_row *row = &refused_rows[_i];
	struct ktlsim_error error = {0};

	config_init(&config);
	ck_assert_int_eq(config_set(&config, row->key, row->value, &error), 0);
	ck_assert_int_eq(config_finish(&config, &error), 0);
	ck_assert_int_eq(config_set(&config, "link.corrupt", "0.1", &error), 0);
	ck_assert_int_eq(config_finish(&config, &error), EINVAL);
	ck_assert_msg(strstr(error.text, row->text) != NULL, "%s", error.text);
}
END_TEST

Suite *
impair_run_suite(void)
{
	const struct suite_test tests[] = {
	    {"resend", test_impair_run_lost_segments_are_sent_again,
	     ROWS(resend_rows)},
	    {"no recovery", test_impair_run_without_recovery_a_hole_stays, 0},
	    {"acks", test_impair_run_acknowledgements_are_not_sent_again, 0},
	    {"delay", test_impair_run_delayed_segments_are_overtaken, 0},
	    {"duplicates", test_impair_run_duplicates_are_delivered_once, 0},
	    {"copies", test_impair_run_copies_are_not_sent_again, 0},
	    {"damage", test_impair_run_damage_that_tells_is_a_loss, 0},
	    {"nic", test_impair_run_nic_sees_damage_that_the_checksum_does_not,
	     0},
	    {"capture", test_impair_run_capture_gives_the_same_plaintext,
	     ROWS(replay_rows)},
	    {"silent", test_impair_run_damage_that_is_not_told_costs_records,
	     0},
	    {"annotated",
	     test_impair_run_annotated_capture_has_what_the_link_lost, 0},
	    {"reports", test_impair_run_reports_have_every_counter, 0},
	    {"quiet", test_impair_run_links_that_work_report_nothing_of_it, 0},
	    {"program", test_impair_run_program_delivers_the_same_plaintext, 0},
	    {"names", test_impair_run_counters_have_their_names, 0},
	    {"wanted", test_impair_run_is_off_unless_something_can_happen,
	     ROWS(wanted_rows)},
	    {"limits", test_impair_run_keys_have_limits, ROWS(limit_rows)},
	    {"refused", test_impair_run_is_refused_where_there_is_no_link,
	     ROWS(refused_rows)},
	};

	return suite_create_table("impair_run", tests, ROWS(tests), NULL,
				  teardown, 30);
}
