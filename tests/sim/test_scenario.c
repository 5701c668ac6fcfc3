/*
 * test_scenario.c - scenario files: their runs, and every way to be wrong.
 *
 * A file is written for each row.  What a run is made of is looked up in the
 * configuration it gives, and written as "key=value" lists, run by run.
 */
#include "sim/scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/config.h"
#include "sim/ktlsim.h"
#include "sim/ktlsim_internal.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *scenario_suite(void);

static char path[] = "/tmp/ktlsim-scenario-XXXXXX";
static struct scenario *scenario;

static void
write_bytes(const char *text, size_t len)
{
	FILE *file;

	if (path[strlen(path) - 1] == 'X')
		close(mkstemp(path));
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, len, file), len);
	fclose(file);
}

static void
write_file(const char *text)
{
	write_bytes(text, strlen(text));
}

static void
teardown(void)
{
	scenario_close(scenario);
	scenario = NULL;
	unlink(path);
}

static void
open_as(const char *text, const char *name)
{
	struct ktlsim_error error = {0};

	write_file(text);
	ck_assert_msg(scenario_open(&scenario, path, &error) == 0, "%s",
		      error.text);
	ck_assert_msg(scenario_select(scenario, name, &error) == 0, "%s",
		      error.text);
}

/* The value of a key in one run. */
static void
value_of(uint64_t run, const char *key, char *text)
{
	struct ktlsim_config *config = ktlsim_config_create();
	struct ktlsim_error error = {0};

	ck_assert_msg(scenario_apply(scenario, run, config, &error) == 0, "%s",
		      error.text);
	for (size_t i = 0; i < config_key_count(); i++)
		if (strcmp(config_key(i)->name, key) == 0)
			config_get(ktlsim_config_view(config), i, text);
	ktlsim_config_destroy(config);
}

static int
apply_first(struct ktlsim_error *error)
{
	struct ktlsim_config *config = ktlsim_config_create();
	int code = scenario_apply(scenario, 0, config, error);

	ktlsim_config_destroy(config);
	return code;
}

/* --- runs -----------------------------------------------------------------
 */

#define GENERAL "[General]\n"

static const struct run_row {
	const char *text, *name, *key;
	const char *values; /* of the key, run by run, joined by blanks */
} run_rows[] = {
    {GENERAL, NULL, "host.cpus", "4"},
    {GENERAL "host.cpus = 2\n", NULL, "host.cpus", "2"},
    {GENERAL "host.cpus=2 # two\n", "General", "host.cpus", "2"},
    {GENERAL "# host.cpus = 9\n; more\n\nhost.cpus\t=\t2\r\n", NULL,
     "host.cpus", "2"},
    {GENERAL "host.cpus = \"2\" # \"3\"\n", NULL, "host.cpus", "2"},
    {"\xef\xbb\xbf" GENERAL "host.cpus = 2\n", NULL, "host.cpus", "2"},
    {GENERAL "host.cpus = 2\n[Config A]\nhost.cpus = 3\n", "A", "host.cpus",
     "3"},
    {GENERAL "host.cpus = 2\n[Config A]\nhost.cpus = 3\n", NULL, "host.cpus",
     "2"},
    {"[Config A]\nhost.cpus = 3\n" GENERAL "host.cpus = 2\n", "A", "host.cpus",
     "3"},
    {GENERAL "host.cpus = 2\n[Config A]\n", "A", "host.cpus", "2"},
    {"[Config A]\n", "A", "host.cpus", "4"},
    {GENERAL "host.cpus = 2\n[Config A]\nextends = B\n[Config B]\n"
	     "host.cpus = 3\n",
     "A", "host.cpus", "3"},
    {"[Config A]\nextends = B, C\n[Config B]\nhost.cpus = 3\n[Config C]\n"
     "host.cpus = 5\n",
     "A", "host.cpus", "3"},
    {"[Config A]\nextends = C , B\n[Config B]\nhost.cpus = 3\n[Config C]\n"
     "host.cpus = 5\n",
     "A", "host.cpus", "5"},
    /* A diamond: the base of both comes behind both. */
    {"[Config A]\nextends = B, C\n[Config B]\nextends = D\n[Config C]\n"
     "extends = D\nhost.cpus = 5\n[Config D]\nhost.cpus = 3\n",
     "A", "host.cpus", "5"},
    {"[Config A]\nextends = B\ndescription = \"a = b\"\nhost.cpus = 7\n"
     "[Config B]\nhost.cpus = ${1,2}\n",
     "A", "host.cpus", "7"},
    {GENERAL "host.cpus = ${n=1, 2, 4}\n", NULL, "host.cpus", "1 2 4"},
    {GENERAL "host.cpus = ${n=1..7 step 3}\n", NULL, "host.cpus", "1 4 7"},
    {GENERAL "run.seed = ${a=1,2}\nhost.cpus = ${b=3,4,5}\n", NULL, "host.cpus",
     "3 4 5 3 4 5"},
    {GENERAL "run.seed = ${a=1,2}\nhost.cpus = ${b=3,4,5}\n", NULL, "run.seed",
     "1 1 1 2 2 2"},
    {"[Config A]\nrun.seed = ${a=1,2}\n" GENERAL "host.cpus = ${b=3,4}\n", "A",
     "host.cpus", "3 4 3 4"},
    {GENERAL "run.seed = ${a=1,2}\nhost.cpus = ${a}\n", NULL, "host.cpus",
     "1 2"},
    {GENERAL "host.cpus = ${a}\nrun.seed = ${a=1,2}\n", NULL, "host.cpus",
     "1 2"},
    {GENERAL "run.seed = ${a=1,2}\nhost.cpus = 1${a}\n", NULL, "host.cpus",
     "11 12"},
    {GENERAL "app.read_size = ${1,2}${KiB,MiB}\n", NULL, "app.read_size",
     "1KiB 1MiB 2KiB 2MiB"},
    {GENERAL "run.seed = ${a=7,8}\nhost.cpus = ${b=3,4 ! a}\n", NULL,
     "host.cpus", "3 4"},
    {GENERAL "host.cpus = ${b=3,4 ! a}\nrun.seed = ${a=7,8}\n"
	     "nic.ring = ${1,2}\n",
     NULL, "host.cpus", "3 3 4 4"},
    {GENERAL "run.seed = ${runnumber}${a=0,5}\n", NULL, "run.seed", "0 15"},
    {GENERAL "host.cpus = ${a=1,\n  2,\n\t3}\n", NULL, "host.cpus", "1 2 3"},
    {GENERAL "app.think_time = ${uniform(1us,\n  2us), 5us}\n", NULL,
     "app.think_time", "uniform(1us, 2us) 5us"},
    /* The profile does not undo a price above it. */
    {GENERAL "cost.syscall = 7ns\ncost.profile = unit\n", NULL, "cost.syscall",
     "7ns"},
    {GENERAL "cost.syscall = 7ns\n[Config A]\ncost.profile = ${unit}\n"
	     "cost.recvmsg = 1ns\n",
     "A", "cost.syscall", NULL},
    {GENERAL "replay.capture = /a/b.pcap\n", NULL, "replay.capture",
     "/a/b.pcap"},
    {GENERAL "replay.capture = a.pcap\n", NULL, "replay.capture",
     "/tmp/a.pcap"},
    {GENERAL "replay.keylog = \"a b\"\n", NULL, "replay.keylog", "/tmp/a b"},
    {GENERAL "replay.capture = -\n", NULL, "replay.capture", "-"},
    {GENERAL "replay.capture = none\n", NULL, "replay.capture", "none"},
    {"[Config A-1]\nreplay.capture = /${configname}/${runnumber}\n", "A-1",
     "replay.capture", "/A-1/0"},
};

START_TEST(test_scenario_has_these_runs)
{
	const struct run_row *row = &run_rows[_i];
	char got[512] = "", text[CONFIG_TEXT_MAX];
	struct ktlsim_error error = {0};

	if (row->values == NULL) { /* ${unit} is a reference to nothing */
		write_file(row->text);
		ck_assert_int_eq(scenario_open(&scenario, path, &error), 0);
		ck_assert_int_eq(scenario_select(scenario, row->name, &error),
				 EINVAL);
		return;
	}
	open_as(row->text, row->name);
	ck_assert_str_eq(scenario_name(scenario),
			 row->name == NULL ? "General" : row->name);
	for (uint64_t run = 0; run < scenario_runs(scenario); run++) {
		value_of(run, row->key, text);
		strcat(got, run > 0 ? " " : "");
		strcat(got, text);
	}
	ck_assert_str_eq(got, row->values);
}
END_TEST

START_TEST(test_scenario_names_its_variables)
{
	open_as(GENERAL "run.seed = ${a=1,2}\nhost.cpus = ${3,4}\n"
			"nic.ring = ${c=5,6 ! a}\n",
		NULL);
	ck_assert_uint_eq(scenario_runs(scenario), 4);
	ck_assert_uint_eq(scenario_variables(scenario), 3);
	ck_assert_str_eq(scenario_variable_name(scenario, 0), "a");
	ck_assert_str_eq(scenario_variable_name(scenario, 1), "host.cpus");
	ck_assert_str_eq(scenario_variable_name(scenario, 2), "c");
	ck_assert_str_eq(scenario_variable_value(scenario, 0, 2), "2");
	ck_assert_str_eq(scenario_variable_value(scenario, 1, 2), "3");
	ck_assert_str_eq(scenario_variable_value(scenario, 2, 2), "6");
	ck_assert_str_eq(scenario_variable_value(scenario, 2, 1), "5");
}
END_TEST

/* Another choice forgets the one before. */
START_TEST(test_scenario_can_choose_again)
{
	struct ktlsim_error error = {0};

	open_as("[Config A]\nhost.cpus = ${1,2}\n[Config B]\nrun.seed = 3\n",
		"A");
	ck_assert_uint_eq(scenario_runs(scenario), 2);
	ck_assert_int_eq(scenario_select(scenario, "C", &error), EINVAL);
	ck_assert_int_eq(scenario_select(scenario, "B", &error), 0);
	ck_assert_uint_eq(scenario_runs(scenario), 1);
	ck_assert_uint_eq(scenario_variables(scenario), 0);
}
END_TEST

/* --- wrong files ----------------------------------------------------------
 */

/* line 0: the sentence names the file only. */
static const struct wrong_row {
	const char *text, *name;
	unsigned line;
	const char *says;
} wrong_rows[] = {
    {"host.cpus = 2\n", NULL, 1, "begin with [General]"},
    {"", NULL, 0, "has no section"},
    {"# nothing\n", NULL, 0, "has no section"},
    {"[Config Sweep]\n", "Sweeep", 0, "for example, 'Sweep'"},
    {"[Config Sweep]\n", NULL, 0, "there is no [General]"},
    {GENERAL "host.cpus\n", NULL, 2, "`key = value`"},
    {GENERAL "[Config A\n", NULL, 2, "lacks its ']'"},
    {"[Generl]\n", NULL, 1, "is no section"},
    {"[config A]\n", NULL, 1, "is no section"},
    {"[Config A B]\n", NULL, 1, "is no name"},
    {"[Config ]\n", NULL, 1, "is no name"},
    {"[Config General]\n", NULL, 1, "is no name"},
    {GENERAL "\n[Config A]\n[Config A]\n", NULL, 4, "in line 3 already"},
    {GENERAL GENERAL, NULL, 2, "in line 1 already"},
    {GENERAL "host.cpu = 2\n", NULL, 2, "did you mean 'host.cpus'?"},
    {GENERAL "sim-time-limit = 2s\n", NULL, 2, "'run.time_limit'"},
    {GENERAL "qqqqqqqq.zzzzzzzzzzzz = 2\n", NULL, 2, "--list-keys"},
    {GENERAL "host.cpus = 2\nrun.seed = 3\nhost.cpus = 2\n", NULL, 4,
     "in line 2 of the same section"},
    {GENERAL "extends = A\n[Config A]\n", NULL, 2, "extends nothing"},
    {"[Config A]\nextends = B\nextends = B\n[Config B]\n", "A", 3,
     "in line 2 already"},
    {"[Config A]\nextends = Bb\n[Config B]\n", "A", 2, "no [Config Bb]"},
    {"[Config A]\nextends = B,\n[Config B]\n", "A", 2, "no [Config ]"},
    {"[Config A]\nextends = A\n", "A", 2, "extends itself"},
    {"[Config A]\nextends = B\n[Config B]\nextends = A\n", "A", 2,
     "extends itself"},
    {GENERAL "host.cpus = 2\n  run.seed = 4\n", NULL, 3, "take the blank"},
    {GENERAL "host.cpus = 2\n [Config A]\n", NULL, 3, "take the blank"},
    {GENERAL "host.cpus = ${n=1, 2\n", NULL, 2, "lacks its '}'"},
    {GENERAL "host.cpus = ${n=1..}\n", NULL, 2, "is no range"},
    {GENERAL "host.cpus = ${m}\n", NULL, 2, "there is no variable 'm'"},
    {GENERAL "host.cpus = ${m=1}\nrun.seed = ${m=2}\n", NULL, 3, "'m' already"},
    {GENERAL "host.cpus = ${runnumber=1}\n", NULL, 2, "'runnumber' already"},
    {GENERAL "host.cpus = ${n=1,2 ! m}\n", NULL, 2, "'! m' must name"},
    {GENERAL "host.cpus = ${n=1,2 ! n}\n", NULL, 2, "'! n' must name"},
    {GENERAL "host.cpus = ${n=1,2}\nrun.seed = ${m=1,2,3 ! n}\n", NULL, 3,
     "3 values cannot count in step with the 2 of 'n'"},
    {GENERAL "host.cpus = ${n=1,2}\nrun.seed = ${m=1,2 ! n}\n"
	     "nic.ring = ${1,2 ! m}\n",
     NULL, 4, "'! m' must name"},
    {GENERAL "host.cpus = ${1..1000}\nrun.seed = ${1..1000}\n"
	     "nic.ring = ${1..2}\n",
     NULL, 2, "more than 1000000 runs"},
    {GENERAL "host.cpus = eight\n", NULL, 2, "host.cpus: 'eight'"},
    {GENERAL "\n\nhost.cpus = ${4, 0}\n", NULL, 4, "out of range"},
    {GENERAL "host.cpus =\n", NULL, 2, "host.cpus"},
    {GENERAL "replay.capture =\n", NULL, 2, "replay.capture"},
    {GENERAL "cost.profile = no-such-profile\n", NULL, 2,
     "/tmp/no-such-profile"},
};

/* The sentence of the first step that fails. */
static void
fail_somewhere(const struct wrong_row *row, struct ktlsim_error *error)
{
	struct ktlsim_config *config = ktlsim_config_create();
	int code = scenario_open(&scenario, path, error);

	if (code != 0)
		ck_assert_ptr_null(scenario);
	if (code == 0)
		code = scenario_select(scenario, row->name, error);
	for (uint64_t run = 0; code == 0 && run < scenario_runs(scenario);
	     run++)
		code = scenario_apply(scenario, run, config, error);
	ktlsim_config_destroy(config);
	ck_assert(code == EINVAL || code == ENOENT);
	ck_assert_int_eq(error->code, code);
}

START_TEST(test_scenario_says_where_it_is_wrong)
{
	const struct wrong_row *row = &wrong_rows[_i];
	struct ktlsim_error error = {0};
	char place[64];

	write_file(row->text);
	fail_somewhere(row, &error);
	snprintf(place, sizeof(place), row->line > 0 ? "%s:%u: " : "%s: ", path,
		 row->line);
	ck_assert_msg(strncmp(error.text, place, strlen(place)) == 0,
		      "'%s' does not begin with '%s'", error.text, place);
	ck_assert_msg(strstr(error.text, row->says) != NULL,
		      "'%s' does not say '%s'", error.text, row->says);
}
END_TEST

START_TEST(test_scenario_file_that_cannot_be_read)
{
	struct ktlsim_error error = {0};

	ck_assert_int_eq(scenario_open(&scenario, "/no/file.ini", &error),
			 ENOENT);
	ck_assert_ptr_nonnull(strstr(error.text, "/no/file.ini: "));
	ck_assert_int_ne(scenario_open(&scenario, "/tmp", &error), 0);
	ck_assert_ptr_null(scenario);
}
END_TEST

/* A line of more bytes than inih's buffer, and one that goes on instead. */
START_TEST(test_scenario_long_lines_are_refused_or_continued)
{
	char text[1024] = GENERAL "host.cpus = ${1";
	struct ktlsim_error error = {0};

	for (int i = 0; i < 100; i++)
		strcat(text, ", 2");
	strcat(text, "}\n");
	write_file(text);
	ck_assert_int_eq(scenario_open(&scenario, path, &error), EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, ":2: the line is too long"));
	strcpy(text, GENERAL "host.cpus = ${1");
	for (int i = 0; i < 100; i++)
		strcat(text, i % 20 == 0 ? ",\n 2" : ", 2");
	strcat(text, "}\n");
	open_as(text, NULL);
	ck_assert_uint_eq(scenario_runs(scenario), 101);
}
END_TEST

START_TEST(test_scenario_a_value_has_an_end)
{
	char text[8192] = GENERAL "host.cpus = ${1";
	struct ktlsim_error error = {0};

	for (int i = 0; i < 60; i++)
		strcat(text, ",\n 2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2"
			     "2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2");
	strcat(text, "}\n");
	write_file(text);
	ck_assert_int_eq(scenario_open(&scenario, path, &error), EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "of more than 4095 bytes"));
}
END_TEST

/* Lines that are the same but for a number, and what is then too many. */
static const struct limit_row {
	const char *format;
	unsigned count;
	const char *says;
} limit_rows[] = {
    {"[Config C%u]\n", SCENARIO_SECTIONS_MAX, NULL},
    {"[Config C%u]\n", SCENARIO_SECTIONS_MAX + 1, "more than 1000 sections"},
    {"# %u\n", 100000, "too many lines"},
};

START_TEST(test_scenario_file_has_limits)
{
	const struct limit_row *row = &limit_rows[_i];
	struct ktlsim_error error = {0};
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (unsigned i = 0; i < row->count; i++)
		fprintf(out, row->format, i);
	if (row->says != NULL)
		fputs("[General]\n", out);
	fclose(out);
	write_bytes(text, size);
	free(text);
	ck_assert_int_eq(scenario_open(&scenario, path, &error),
			 row->says == NULL ? 0 : EINVAL);
	ck_assert(row->says == NULL || strstr(error.text, row->says) != NULL);
}
END_TEST

/* 65 lists are one too many; a value may grow too long by its variables. */
START_TEST(test_scenario_lists_have_limits)
{
	char text[8192] = GENERAL "run.seed = ";
	struct ktlsim_error error = {0};

	for (int i = 0; i < SCENARIO_VARIABLES_MAX; i++)
		strcat(text, i % 8 == 7 ? "${1}\n " : "${1}");
	strcat(text, "\nhost.cpus = ${1}\n");
	write_file(text);
	ck_assert_int_eq(scenario_open(&scenario, path, &error), 0);
	ck_assert_int_eq(scenario_select(scenario, NULL, &error), EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "host.cpus: too many lists"));
	scenario_close(scenario);
	strcpy(text, GENERAL "replay.keylog = ${a}${a}${a}\n"
			     "replay.capture = ${a=");
	for (int i = 0; i < 20; i++)
		strcat(text, "\n 0123456789012345678901234567890123456789"
			     "0123456789012345678901234567890123456789");
	strcat(text, "}\n");
	open_as(text, NULL);
	ck_assert_int_eq(apply_first(&error), EINVAL);
	ck_assert_ptr_nonnull(
	    strstr(error.text, "replay.keylog: the value is too long"));
}
END_TEST

/* Bytes that no text has must not confuse anything. */
START_TEST(test_scenario_of_noise_is_refused)
{
	static const char noise[] = "[General]\n\0\xff=\0\n[\0]\n${\n=\n";
	struct ktlsim_error error = {0};

	write_bytes(noise, sizeof(noise) - 1);
	ck_assert_int_eq(scenario_open(&scenario, path, &error), EINVAL);
	ck_assert_ptr_null(scenario);
}
END_TEST

/* --- the choice of runs ---------------------------------------------------
 */

static const struct choice_row {
	const char *text;
	const char *runs; /* or NULL: refused */
} choice_rows[] = {
    {"0", "0"},
    {"5", "5"},
    {"0..3", "0 1 2 3"},
    {"4,0..1", "4 0 1"},
    {" 1 , 2 ", "1 2"},
    {"1,1,0..2", "1 0 2"},
    {"0..5", "0 1 2 3 4 5"},
    {"", NULL},
    {"6", NULL},
    {"0..6", NULL},
    {"3..1", NULL},
    {"1,", NULL},
    {",1", NULL},
    {"1..", NULL},
    {"-1", NULL},
    {"1-3", NULL},
    {"99999999999999999999", NULL},
    {"$n==1", NULL},
};

START_TEST(test_scenario_chooses_runs)
{
	const struct choice_row *row = &choice_rows[_i];
	struct ktlsim_error error = {0};
	char got[64] = "";
	uint64_t *runs;
	size_t count;
	int code;

	open_as(GENERAL "host.cpus = ${1..6}\n", NULL);
	code = scenario_choose(scenario, row->text, &runs, &count, &error);
	ck_assert_int_eq(code, row->runs != NULL ? 0 : EINVAL);
	for (size_t i = 0; i < count; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%u",
			 i > 0 ? " " : "", (unsigned)runs[i]);
	free(runs);
	ck_assert_str_eq(got, row->runs != NULL ? row->runs : "");
	if (row->runs == NULL)
		ck_assert_ptr_nonnull(strstr(error.text, "the runs 0..5"));
}
END_TEST

Suite *
scenario_suite(void)
{
	const struct suite_test tests[] = {
	    {"runs", test_scenario_has_these_runs, ROWS(run_rows)},
	    {"variables", test_scenario_names_its_variables, 0},
	    {"choose again", test_scenario_can_choose_again, 0},
	    {"wrong", test_scenario_says_where_it_is_wrong, ROWS(wrong_rows)},
	    {"unreadable", test_scenario_file_that_cannot_be_read, 0},
	    {"long lines", test_scenario_long_lines_are_refused_or_continued,
	     0},
	    {"long value", test_scenario_a_value_has_an_end, 0},
	    {"limits", test_scenario_file_has_limits, ROWS(limit_rows)},
	    {"lists", test_scenario_lists_have_limits, 0},
	    {"noise", test_scenario_of_noise_is_refused, 0},
	    {"choice", test_scenario_chooses_runs, ROWS(choice_rows)},
	};

	return suite_create_table("scenario", tests, ROWS(tests), NULL,
				  teardown, 10);
}
