/*
 * test_config_unused.c - notes on keys that were set in vain.
 */
#include "sim/config_unused.h"

#include <string.h>

#include "sim/config.h"
#include "sim/ktlsim_internal.h"
#include "sim/results.h"
#include "tests/support/sim_driver.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *config_unused_suite(void);

/* All rows' sentences, one behind the other. */
static void
sentences(const struct sim_key *keys, char *text, size_t size)
{
	struct config config;

	config_init(&config);
	for (; keys->key != NULL; keys++)
		ck_assert_int_eq(
		    config_set(&config, keys->key, keys->value, NULL), 0);
	ck_assert_int_eq(config_finish(&config, NULL), 0);
	text[0] = '\0';
	for (size_t i = 0; i < config_unused_rows(); i++) {
		char one[RESULTS_TEXT_BYTES];

		if (!config_unused(&config, i, one, sizeof(one)))
			continue;
		strncat(text, one, size - strlen(text) - 1);
		strncat(text, ".", size - strlen(text) - 1);
	}
}

static const struct unused_case {
	struct sim_key key[4];
	const char *text;
} cases[] = {
    {{{"nic.tls", "off"}}, ""},
    {{{"nic.moderation", "adaptive"}}, ""},
    {{{"nic.moderation_time", "20us"}}, ""},
    {{{"nic.moderation", "adaptive"}, {"nic.moderation_time", "16us"}}, ""},
    {{{"nic.moderation", "adaptive"}, {"nic.moderation_time", "20us"}},
     "nic.moderation_time: no effect, as nic.moderation is not static."},
    {{{"nic.moderation", "off"},
      {"nic.moderation_frames", "5"},
      {"nic.moderation_time", "20us"},
      {"nic.moderation_mode", "cqe"}},
     "nic.moderation_time, nic.moderation_frames: no effect, as "
     "nic.moderation is not static.nic.moderation_mode: no effect, as "
     "nic.moderation is off."},
    {{{"nic.pause_xoff", "100KiB"}, {"nic.pause_xon", "1KiB"}},
     "nic.pause_xoff, nic.pause_xon: no effect, as nic.pause is off."},
    {{{"nic.pause", "on"}, {"nic.pause_xoff", "100KiB"}}, ""},
    {{{"nic.pcie_mps", "128B"}},
     "nic.pcie_mps: no effect, as nic.pcie and nic.tls are off."},
    {{{"nic.pcie_mps", "128B"}, {"nic.pcie", "gen4x16"}}, ""},
    {{{"nic.pcie_extra", "100ns"}, {"nic.tls", "on"}}, ""},
    {{{"nic.tls_memory", "1us"}},
     "nic.tls_memory: no effect, as nic.tls is off."},
    {{{"nic.tls", "on"}, {"nic.tls_memory", "1us"}},
     "nic.tls_memory: no effect, as contexts are in the host's memory "
     "(nic.profile, nic.tls_cache)."},
    {{{"nic.tls", "on"}, {"nic.tls_memory", "1us"}, {"nic.profile", "t6"}}, ""},
    {{{"nic.tls", "on"}, {"nic.tls_fetches", "1"}}, ""},
    {{{"nic.tls", "on"}, {"nic.tls_fetches", "1"}, {"nic.profile", "t6"}},
     "nic.tls_fetches: no effect, as all contexts are in the NIC's memory "
     "(nic.profile, nic.tls_cache)."},
    {{{"nic.tls", "on"}, {"nic.profile", "agilio"}, {"nic.tls_rescan", "1ms"}},
     "nic.tls_rescan: no effect, as the NIC searches for nothing "
     "(nic.profile, nic.resync)."},
    {{{"nic.tls", "on"},
      {"nic.profile", "agilio"},
      {"nic.resync", "linux-async"},
      {"nic.tls_rescan", "1ms"}},
     ""},
    {{{"nic.tls_episodes", "7"}, {"nic.tls_timeline", "7"}},
     "nic.tls_episodes, nic.tls_timeline: no effect, as nic.tls is off."},
    {{{"link.ge_r", "0.3"}, {"link.ge_loss_bad", "0.5"}},
     "link.ge_r, link.ge_loss_bad: no effect, as link.ge_p is 0."},
    {{{"link.ge_r", "0.3"}, {"link.ge_p", "0.1"}}, ""},
    {{{"link.super_size", "32KiB"}, {"link.reorder_delay", "5ms"}},
     "link.super_size: no effect, as link.super_loss is "
     "0.link.reorder_delay: no effect, as link.reorder is 0."},
    {{{"link.corrupt_undetected", "0.5"}},
     "link.corrupt_undetected: no effect, as link.corrupt is 0."},
    {{{"link.corrupt_undetected", "0.5"}, {"link.corrupt", "0.5"}}, ""},
};

START_TEST(test_config_unused_names_keys_and_reason)
{
	struct sim_key keys[5] = {{NULL, NULL}};
	char text[1024];

	memcpy(keys, cases[_i].key, sizeof(cases[_i].key));
	sentences(keys, text, sizeof(text));
	ck_assert_str_eq(text, cases[_i].text);
}
END_TEST

/* A buffer that is too small gets what fits. */
START_TEST(test_config_unused_cuts_its_sentence)
{
	struct config config;
	char text[16];
	size_t row = 0;

	config_init(&config);
	config.nic_pause_xoff_bytes = 1;
	while (!config_unused(&config, row, text, sizeof(text)))
		row++;
	ck_assert_str_eq(text, "nic.pause_xoff:");
}
END_TEST

START_TEST(test_config_unused_is_among_the_notes_of_a_report)
{
	static const struct sim_key keys[] = {{"nic.pause_xon", "1KiB"},
					      {NULL, NULL}};
	static struct sim_driver driver;
	const struct results *results;
	bool found = false;

	memset(&driver, 0, sizeof(driver));
	sim_driver_create(&driver, keys);
	sim_driver_finish(&driver);
	results = ktlsim_results(driver.sim);
	for (size_t i = 0; i < results->note_count; i++)
		found |= strcmp(results->notes[i],
				"nic.pause_xon: no effect, as nic.pause is "
				"off") == 0;
	ck_assert(found);
	sim_driver_destroy(&driver);
}
END_TEST

Suite *
config_unused_suite(void)
{
	const struct suite_test tests[] = {
	    {"sentences", test_config_unused_names_keys_and_reason,
	     ROWS(cases)},
	    {"cut", test_config_unused_cuts_its_sentence, 0},
	    {"notes", test_config_unused_is_among_the_notes_of_a_report, 0},
	};

	return suite_create_table("config_unused", tests, (size_t)ROWS(tests),
				  NULL, NULL, 0);
}
