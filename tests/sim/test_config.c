/*
 * test_config.c - keys: defaults, every key through text and back, good and bad
 * values, nearest names, checks between keys, and docs/configuration.md against
 * the table.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/config.h"
#include "sim/config_doc.h"
#include "sim/cost.h"
#include "sim/ktlsim.h"
#include "tests/support/suite_table.h"

Suite *config_suite(void);

enum { BASE_KEYS = 107 };

static struct config config;
static struct ktlsim_error error;

static void
setup(void)
{
	memset(&error, 0, sizeof(error));
	config_init(&config);
}

/* Every key of config writes as it does of before (padding may differ). */
static void
assert_unchanged(const struct config *before)
{
	char was[CONFIG_TEXT_MAX], is[CONFIG_TEXT_MAX];

	for (size_t i = 0; i < config_key_count(); i++) {
		config_get(before, i, was);
		config_get(&config, i, is);
		ck_assert_msg(strcmp(was, is) == 0, "%s: %s became %s",
			      config_key(i)->name, was, is);
	}
}

static size_t
key_index(const char *name)
{
	size_t i = 0;

	while (config_key(i) != NULL && strcmp(config_key(i)->name, name) != 0)
		i++;
	ck_assert_msg(config_key(i) != NULL, "no key %s", name);
	return i;
}

START_TEST(test_config_defaults_are_those_of_the_product)
{
	ck_assert_uint_eq(config.run_seed, 1);
	ck_assert_uint_eq(config.host_cpus, 4);
	ck_assert_int_eq(config.ktls_bind, BIND_NONE);
	ck_assert_uint_eq(config.sockbuf_hiwat_bytes, 65536);
	ck_assert_uint_eq(config.sockbuf_hiwat_max_bytes, 2097152);
	ck_assert_uint_eq(config.link_rate_bps, 100000000000);
	ck_assert_uint_eq(config.nic_ring_slots, 1024);
	ck_assert_uint_eq(config.nic_moderation_time_ps, 16000000);
	ck_assert_uint_eq(config.nic_moderation_frames, 32);
	ck_assert_uint_eq(config.nic_rss_table_size, 128);
	ck_assert_uint_eq(config.nic_merge_max_bytes, 65536);
	ck_assert_uint_eq(config.app_read_size_bytes, 16384);
	ck_assert_uint_eq(config.replay_max_gap_ps, 86400000000000000);
	ck_assert_uint_eq(config.replay_speed_ppm, 1000000);
	ck_assert_int_eq(config.replay_receiver, RECEIVER_BOTH);
	ck_assert_int_eq(config.replay_recovery, RECOVERY_RESEND);
	ck_assert_uint_eq(config.ktls_assumed_suite, 0x1301);
	ck_assert_uint_eq(config.nic_rss_key[0], 0x6d);
	ck_assert_uint_eq(config.nic_rss_key[39], 0xfa);
	ck_assert(config.report_app_sha256 && config.sockbuf_autosize);
	ck_assert_str_eq(config.cost_profile, "freebsd-cdn");
}
END_TEST

START_TEST(test_config_lists_every_key_completely)
{
	ck_assert_uint_eq(config_key_count(), BASE_KEYS + COST_COUNT);
	for (size_t i = 0; i < config_key_count(); i++) {
		const struct config_key_info *info = config_key(i);

		ck_assert_ptr_nonnull(strchr(info->name, '.'));
		ck_assert_uint_gt(strlen(info->type), 0);
		ck_assert_ptr_nonnull(info->unit);
		ck_assert_uint_gt(strlen(info->default_text), 0);
		ck_assert_uint_gt(strlen(info->range), 0);
		ck_assert_uint_gt(strlen(info->source), 0);
		ck_assert_uint_gt(strlen(info->help), 0);
		ck_assert_uint_gt(strlen(config_settable_name(info->settable)),
				  0);
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(config_key(j)->name, info->name);
	}
	ck_assert_ptr_null(config_key(config_key_count()));
}
END_TEST

/* The written default, read again, writes the same and changes nothing. */
START_TEST(test_config_key_survives_text_and_back)
{
	const struct config_key_info *info = config_key((size_t)_i);
	char text[CONFIG_TEXT_MAX], again[CONFIG_TEXT_MAX];
	struct config before = config;

	config_get(&config, (size_t)_i, text);
	ck_assert_int_eq(config_set(&config, info->name, text, &error), 0);
	assert_unchanged(&before);
	config_get(&config, (size_t)_i, again);
	ck_assert_str_eq(text, again);
}
END_TEST

static const struct {
	const char *key, *value;
	const char *written; /* NULL: as value */
} good[] = {
    {"run.seed", "18446744073709551615", NULL},
    {"run.time_limit", "1.5s", "1500ms"},
    {"report.app_sha256", "off", NULL},
    {"report.app_sha256", "true", "on"},
    {"replay.transport", "open", NULL},
    {"replay.receiver", "server", NULL},
    {"replay.receiver", "192.0.2.7", NULL},
    {"replay.receiver", "2001:DB8:0:0::1", "2001:db8::1"},
    {"replay.capture_point", "host", NULL},
    {"replay.speed", "0.25", NULL},
    {"replay.speed", "4", NULL},
    {"replay.max_gap", "2min", "120s"},
    {"replay.checksum", "verify", NULL},
    {"replay.segmentation", "keep", NULL},
    {"replay.recovery", "none", NULL},
    {"replay.resend_after", "3ms", NULL},
    {"replay.resend_after", "0", NULL},
    {"replay.resend_after", "1us", NULL},
    {"link.rate", "0", NULL},
    {"link.rate", "1Mbps", NULL},
    {"link.rate", "25Gbps", NULL},
    {"nic.queues", "256", NULL},
    {"nic.ring", "8", NULL},
    {"nic.rss_key", "symmetric", NULL},
    {"nic.rss_key",
     "6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73"
     "bbeac01fa",
     "microsoft"},
    {"nic.rss_key",
     "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:"
     "18:19:1a:1b:1c:1d:1e:1f:20:21:22:23:24:25:26:27",
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
     "24252627"},
    {"nic.rss_table", "512", NULL},
    {"nic.moderation", "off", NULL},
    {"nic.moderation_time", "0", NULL},
    {"nic.moderation_frames", "0", NULL},
    {"nic.moderation", "adaptive", NULL},
    {"nic.moderation_mode", "cqe", NULL},
    {"nic.merge", "off", NULL},
    {"nic.merge", "ring", NULL},
    {"nic.merge", "gro", NULL},
    {"nic.merge", "on", NULL},
    {"nic.merge_frames", "44", NULL},
    {"nic.poll_weight", "64", NULL},
    {"nic.poll_budget", "300", NULL},
    {"nic.poll_time", "2ms", NULL},
    {"nic.pcie_mps", "128B", NULL},
    {"nic.pcie_mrrs", "4KiB", NULL},
    {"nic.pcie_rcb", "128B", NULL},
    {"nic.pcie_extra", "330ns", NULL},
    {"nic.header_split", "66B", NULL},
    {"nic.tls_memory", "150ns", NULL},
    {"nic.tls_rescan", "1ms", NULL},
    {"nic.tls_aligned", "on", NULL},
    {"nic.pause", "on", NULL},
    {"nic.port_buffer", "1MiB", NULL},
    {"nic.pause_xoff", "512KiB", NULL},
    {"nic.pause_xon", "0", NULL},
    {"nic.merge_max", "32KiB", NULL},
    {"host.cpus", "256", NULL},
    {"ktls.workers", "1", NULL},
    {"ktls.bind", "cpu", NULL},
    {"ktls.decrypt_in", "reader", NULL},
    {"ktls.budget", "64", NULL},
    {"ktls.wake_every", "8", NULL},
    {"ktls.tx_load", "100000", NULL},
    {"ktls.tx_record_size", "4KiB", NULL},
    {"ktls.tx_arrivals", "constant", NULL},
    {"ktls.assumed_suite", "TLS_CHACHA20_POLY1305_SHA256", NULL},
    {"ktls.assumed_suite", "0xC02f", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    {"ktls.assumed_suite", "4866", "TLS_AES_256_GCM_SHA384"},
    {"sockbuf.hiwat", "1MiB", NULL},
    {"sockbuf.hiwat_max", "1GiB", NULL},
    {"sockbuf.autosize", "no", "off"},
    {"app.read_size", "1", "1B"},
    {"app.think_time", "exponential(50us)", NULL},
    {"app.enable_delay", "1ms", NULL},
    {"crypto.mode", "model", NULL},
    {"crypto.contexts", "1", NULL},
    {"cost.profile", "unit", NULL},
    {"cost.ack", "uniform(400ns, 1500ns)", NULL},
    {"cost.aes128_gcm_byte", "0.16ns", "160ps"},
    {"cost.ktls_enable", "1s", NULL},
};

START_TEST(test_config_takes_a_value)
{
	char text[CONFIG_TEXT_MAX];

	ck_assert_msg(
	    config_set(&config, good[_i].key, good[_i].value, &error) == 0,
	    "%s", error.text);
	config_get(&config, key_index(good[_i].key), text);
	ck_assert_str_eq(text, good[_i].written == NULL ? good[_i].value
							: good[_i].written);
}
END_TEST

static const struct {
	const char *key, *value;
	const char *reason; /* a part of the sentence */
} bad[] = {
    {"run.seed", "-1", "0..2^64-1"},
    {"run.time_limit", "101d", "out of range"},
    {"run.time_limit", "5", "needs a unit"},
    {"report.app_sha256", "maybe", "on, off"},
    {"replay.transport", "tcp", "not part of this version"},
    {"replay.transport", "udp", "none of its values"},
    {"replay.receiver", "192.0.2.7:443", "without port"},
    {"replay.receiver", "Server", "both, client, server"},
    {"replay.receiver", "", "neither"},
    {"replay.capture_point", "tap", "wire, host"},
    {"replay.speed", "0", "out of range"},
    {"replay.speed", "0.0001", "out of range"},
    {"replay.speed", "1000001", "out of range"},
    {"replay.speed", "-2", "not a number"},
    {"replay.max_gap", "0", "out of range"},
    {"replay.resend_after", "1ps", "or 1us..1h"},
    {"replay.resend_after", "999999ps", "out of range"},
    {"link.rate", "101Tbps", "out of range"},
    {"link.rate", "999999bps", "or 1Mbps..100Tbps"},
    {"link.rate", "1bps", "out of range"},
    {"nic.queues", "257", "256"},
    {"nic.ring", "0", "1..65536"},
    {"nic.ring", "1KiB", "takes no unit"},
    {"nic.ring", "4294967297", "out of range"},
    {"nic.rss_key", "6d5a", "40 bytes"},
    {"nic.rss_table", "513", "out of range"},
    {"nic.merge", "tso", "off, ring, lro, gro"},
    {"nic.merge_max", "64KiB1", "takes the units"},
    {"nic.merge_max", "65537", "out of range"},
    {"host.cpus", "0", "1..256"},
    {"host.cpus", "257", "1..256"},
    {"ktls.assumed_suite", "TLS_RSA_WITH_AES_128_CBC_SHA", "has a price"},
    {"ktls.assumed_suite", "0x0000", "has a price"},
    {"sockbuf.hiwat", "1", "out of range"},
    {"app.read_size", "0", "out of range"},
    {"app.think_time", "2h", "no more than 1h"},
    {"app.think_time", "gamma(1us)", "not a distribution"},
    {"crypto.mode", "fast", "real, model"},
    {"cost.profile", "modern-sever", "modern-server, freebsd-cdn, unit"},
    {"cost.ack", "2s", "no more than 1s"},
    {"cost.aes128_gcm_byte", "2us", "no more than 1us"},
    {"cost.copy_byte", "5", "needs a unit"},
    {"cost.aes256_gcm_byte", "lognormal(1ns,2ns)",
     "the SIGMA of lognormal: '2ns' takes no unit; plausible times: "
     "92ps..938ps"},
};

START_TEST(test_config_refuses_a_value_and_names_the_key)
{
	struct config before = config;
	int code = config_set(&config, bad[_i].key, bad[_i].value, &error);

	ck_assert_int_ne(code, 0);
	ck_assert_int_eq(code, error.code);
	ck_assert_msg(strstr(error.text, bad[_i].key) != NULL, "%s",
		      error.text);
	ck_assert_msg(strstr(error.text, bad[_i].reason) != NULL, "%s",
		      error.text);
	assert_unchanged(&before);
	ck_assert_int_eq(config_set(&config, bad[_i].key, bad[_i].value, NULL),
			 code);
}
END_TEST

static const struct {
	const char *key;
	const char *near; /* NULL: nothing is near */
} nearest[] = {
    {"ktls.wrokers", "ktls.workers"},
    {"ktls.worker", "ktls.workers"},
    {"tls.workers", "ktls.workers"},
    {"workers", "ktls.workers"},
    {"ring", "nic.ring"},
    {"nic.rign", "nic.ring"},
    {"host.cpu", "host.cpus"},
    {"Run.Seed", "run.seed"},
    {"cost.aes128gcm_byte", "cost.aes128_gcm_byte"},
    {"cost.chacha_byte", "cost.chacha20_byte"},
    {"frobnicate", NULL},
    {"x", NULL},
    {"", NULL},
    {"a.very.long.key.that.is.longer.than.the.distance.table.holds", NULL},
};

START_TEST(test_config_suggests_the_nearest_key)
{
	const char *near = config_nearest(nearest[_i].key);

	ck_assert_pstr_eq(near, nearest[_i].near);
	ck_assert_int_eq(config_set(&config, nearest[_i].key, "1", &error),
			 ENOENT);
	ck_assert(near == NULL || strstr(error.text, near) != NULL);
}
END_TEST

START_TEST(test_config_suggests_the_nearest_word)
{
	static const char *const words[] = {"replay", "run", "flows"};

	ck_assert_str_eq(config_nearest_word("rpelay", words, 3), "replay");
	ck_assert_str_eq(config_nearest_word("flow", words, 3), "flows");
	ck_assert_str_eq(config_nearest_word("rnu", words, 3), "run");
	ck_assert_ptr_null(config_nearest_word("study", words, 3));
	ck_assert_ptr_null(config_nearest_word("flow", words, 0));
}
END_TEST

START_TEST(test_config_finish_fills_in_the_zeros)
{
	config_set(&config, "host.cpus", "8", NULL);
	ck_assert_int_eq(config_finish(&config, &error), 0);
	ck_assert_uint_eq(config.nic_queues, 8);
	ck_assert_uint_eq(config.ktls_workers, 8);

	setup();
	config_set(&config, "host.cpus", "64", NULL);
	config_set(&config, "ktls.workers", "3", NULL);
	ck_assert_int_eq(config_finish(&config, &error), 0);
	ck_assert_uint_eq(config.nic_queues, 16);
	ck_assert_uint_eq(config.ktls_workers, 3);
}
END_TEST

static const struct {
	const char *key[2], *value[2];
	const char *reason;
} conflicts[] = {
    {{"run.executor", "ktls.decrypt_in"},
     {"threads", "reader"},
     "ktls.decrypt_in=reader needs run.executor=virtual"},
    {{"run.executor", "ktls.tx_load"},
     {"threads", "1"},
     "ktls.tx_load=1 needs run.executor=virtual"},
    {{"run.executor", "nic.tls"},
     {"threads", "on"},
     "nic.tls=on needs run.executor=virtual"},
    {{"run.executor", "nic.merge"},
     {"threads", "off"},
     "nic.merge=off needs run.executor=virtual"},
    {{"run.executor", "nic.pcie"},
     {"threads", "gen3x8"},
     "nic.pcie=gen3x8 needs run.executor=virtual"},
    {{"run.executor", "nic.queues"},
     {"threads", "3"},
     "nic.queues=3 needs run.executor=virtual"},
    {{"run.executor", "link.rate"},
     {"threads", "10Gbps"},
     "link.rate=10Gbps needs run.executor=virtual"},
    {{"run.executor", "host.cpus"},
     {"threads", "8"},
     "host.cpus=8 needs run.executor=virtual"},
    {{"run.executor", "cost.syscall"},
     {"threads", "1us"},
     "cost.syscall=1us needs run.executor=virtual"},
    {{"run.executor", "cost.profile"},
     {"threads", "unit"},
     "cost.profile=unit needs run.executor=virtual"},
    {{"run.executor", "replay.speed"},
     {"threads", "2"},
     "replay.speed=2 needs run.executor=virtual"},
    {{"run.executor", "replay.recovery"},
     {"threads", "none"},
     "replay.recovery=none needs run.executor=virtual"},
    {{"run.executor", "app.think_time"},
     {"threads", "1us"},
     "app.think_time=1us needs run.executor=virtual"},
    {{"sockbuf.hiwat", "sockbuf.hiwat_max"},
     {"3MiB", "2MiB"},
     "sockbuf.hiwat_max"},
    {{"nic.rss_table", "nic.queues"}, {"100", "4"}, "power of two"},
    {{"nic.rss_table", "nic.queues"}, {"8", "16"}, "nic.queues"},
    {{"nic.moderation_time", "nic.moderation_frames"},
     {"0", "32"},
     "nic.moderation_time"},
    {{"nic.poll_budget", "nic.poll_weight"}, {"300", "0"}, "nic.poll_weight"},
    {{"nic.poll_time", "nic.poll_weight"}, {"2ms", "0"}, "nic.poll_weight"},
    {{"nic.pause", "link.rate"}, {"on", "0"}, "link.rate other than 0"},
    {{"nic.pause", "nic.pause_xoff"}, {"on", "257KiB"}, "nic.port_buffer"},
    {{"nic.pause", "nic.pause_xon"}, {"on", "129KiB"}, "nic.pause_xoff"},
    {{"nic.pcie", "nic.pcie_mps"}, {"gen4x16", "200B"}, "nic.pcie_mps: 200"},
    {{"nic.pcie", "nic.pcie_mrrs"}, {"off", "513B"}, "nic.pcie_mrrs: 513"},
    {{"nic.tls", "nic.pcie_rcb"}, {"on", "96B"}, "nic.pcie_rcb: 96"},
};

START_TEST(test_config_finish_refuses_keys_that_do_not_go_together)
{
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(config_set(&config, conflicts[_i].key[i],
					    conflicts[_i].value[i], &error),
				 0);
	ck_assert_int_eq(config_finish(&config, &error), EINVAL);
	ck_assert_msg(strstr(error.text, conflicts[_i].reason) != NULL, "%s",
		      error.text);
}
END_TEST

/* Before there were several ways to merge, it was on or off. */
START_TEST(test_config_merge_on_is_the_default)
{
	enum config_merge merge = config.nic_merge;

	ck_assert_int_eq(merge, MERGE_LRO);
	config_set(&config, "nic.merge", "on", NULL);
	ck_assert_int_eq(config_finish(&config, &error), 0);
	ck_assert_int_eq(config.nic_merge, merge);
}
END_TEST

START_TEST(test_config_moderation_by_count_one_needs_no_time)
{
	config_set(&config, "nic.moderation_time", "0", NULL);
	config_set(&config, "nic.moderation_frames", "1", NULL);
	ck_assert_int_eq(config_finish(&config, &error), 0);
	config_set(&config, "nic.moderation_frames", "32", NULL);
	config_set(&config, "nic.moderation", "off", NULL);
	ck_assert_int_eq(config_finish(&config, &error), 0);
}
END_TEST

/* Read a file of at most 64 KiB; the caller frees. */
static char *
slurp(FILE *file)
{
	enum { SIZE = 65536 };
	char *text = calloc(1, SIZE);

	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_lt(fread(text, 1, SIZE - 1, file), SIZE - 1);
	fclose(file);
	return text;
}

/* `make docs/configuration.md` rewrites the file when this fails. */
START_TEST(test_config_document_is_what_the_table_prints)
{
	FILE *printed = tmpfile();
	char *want, *have;

	config_list_keys(printed, true);
	rewind(printed);
	want = slurp(printed);
	have = slurp(fopen("docs/configuration.md", "r"));
	ck_assert_str_eq(have, want);
	free(want);
	free(have);
}
END_TEST

START_TEST(test_config_text_list_fits_its_columns)
{
	FILE *printed = tmpfile();
	char line[256];
	unsigned lines = 0;

	config_list_keys(printed, false);
	rewind(printed);
	while (fgets(line, sizeof(line), printed) != NULL) {
		ck_assert_msg(strlen(line) <= 81, "%s", line);
		lines++;
	}
	fclose(printed);
	ck_assert_uint_eq(lines, 4 * config_key_count());
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *
config_suite(void)
{
	const struct suite_test tests[] = {
	    {"test_config_defaults_are_those_of_the_product",
	     test_config_defaults_are_those_of_the_product, 0},
	    {"test_config_lists_every_key_completely",
	     test_config_lists_every_key_completely, 0},
	    {"test_config_key_survives_text_and_back",
	     test_config_key_survives_text_and_back, BASE_KEYS + COST_COUNT},
	    {"test_config_takes_a_value", test_config_takes_a_value,
	     ROWS(good)},
	    {"test_config_refuses_a_value_and_names_the_key",
	     test_config_refuses_a_value_and_names_the_key, ROWS(bad)},
	    {"test_config_suggests_the_nearest_key",
	     test_config_suggests_the_nearest_key, ROWS(nearest)},
	    {"test_config_suggests_the_nearest_word",
	     test_config_suggests_the_nearest_word, 0},
	    {"test_config_finish_fills_in_the_zeros",
	     test_config_finish_fills_in_the_zeros, 0},
	    {"test_config_finish_refuses_keys_that_do_not_go_together",
	     test_config_finish_refuses_keys_that_do_not_go_together,
	     ROWS(conflicts)},
	    {"test_config_merge_on_is_the_default",
	     test_config_merge_on_is_the_default, 0},
	    {"test_config_moderation_by_count_one_needs_no_time",
	     test_config_moderation_by_count_one_needs_no_time, 0},
	    {"test_config_document_is_what_the_table_prints",
	     test_config_document_is_what_the_table_prints, 0},
	    {"test_config_text_list_fits_its_columns",
	     test_config_text_list_fits_its_columns, 0},
	};

	return suite_create_table(
	    "config", tests, sizeof(tests) / sizeof(tests[0]), setup, NULL, 0);
}
