/*
 * test_cost.c - prices: the built-in profiles against literal numbers, profile
 * files good and bad, and which prices have a source.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/config.h"
#include "sim/cost.h"
#include "sim/ktlsim.h"
#include "tests/support/suite_table.h"

Suite *cost_suite(void);

static struct config config;
static struct ktlsim_error error;
static const char template[] = "/tmp/ktlsim-cost-XXXXXX";
static char path[sizeof(template)];

static void
setup(void)
{
	int fd;

	memcpy(path, template, sizeof(path));
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	memset(&error, 0, sizeof(error));
	config_init(&config);
}

static void
teardown(void)
{
	unlink(path);
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

static void
write_profile(const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

/* Literal picoseconds, so that a slip in the table shows. */
static const struct {
	enum cost_id id;
	uint64_t modern_server, freebsd_cdn, unit;
} prices[] = {
    {COST_NIC_PIPELINE, 800000, 800000, 1000000},
    {COST_INTERRUPT_DELIVERY, 1000000, 1200000, 1000000},
    {COST_INTERRUPT, 500000, 700000, 1000000},
    {COST_RX_FRAME, 100000, 120000, 1000000},
    {COST_TCP_SEGMENT, 450000, 550000, 1000000},
    {COST_TCP_MERGED, 900000, 1000000, 1000000},
    {COST_ACK, 700000, 800000, 1000000},
    {COST_SOCKBUF_APPEND, 60000, 80000, 1000000},
    {COST_WORKER_ENQUEUE, 50000, 50000, 1000000},
    {COST_WORKER_WAKEUP, 1450000, 1750000, 1000000},
    {COST_CONTEXT_SWITCH, 1200000, 1300000, 1000000},
    {COST_MIGRATION, 1000000, 1200000, 1000000},
    {COST_AES128_GCM_RECORD, 400000, 450000, 1000000},
    {COST_AES128_GCM_BYTE, 160, 250, 1000},
    {COST_AES256_GCM_RECORD, 400000, 450000, 1000000},
    {COST_AES256_GCM_BYTE, 200, 325, 1000},
    {COST_CHACHA20_RECORD, 400000, 450000, 1000000},
    {COST_CHACHA20_BYTE, 240, 375, 1000},
    {COST_RECORD_DELIVER, 400000, 450000, 1000000},
    {COST_READER_WAKEUP, 1450000, 1750000, 1000000},
    {COST_SYSCALL, 100000, 110000, 1000000},
    {COST_RECVMSG, 500000, 600000, 1000000},
    {COST_COPY_BYTE, 60, 80, 0},
    {COST_KTLS_ENABLE, 5000000, 6000000, 1000000},
    {COST_LOCK_APPEND, 60000, 80000, 0},
    {COST_LOCK_BEGIN, 100000, 120000, 0},
    {COST_LOCK_FINISH, 100000, 120000, 0},
    {COST_LOCK_READ, 150000, 180000, 0},
    {COST_AES128_CBC_SHA1_RECORD, 800000, 900000, 1000000},
    {COST_AES128_CBC_SHA1_BYTE, 580, 900, 1000},
    {COST_AES128_CBC_SHA256_RECORD, 800000, 900000, 1000000},
    {COST_AES128_CBC_SHA256_BYTE, 620, 980, 1000},
    {COST_AES128_CBC_SHA384_RECORD, 800000, 900000, 1000000},
    {COST_AES128_CBC_SHA384_BYTE, 1330, 2080, 1000},
    {COST_AES256_CBC_SHA1_RECORD, 800000, 900000, 1000000},
    {COST_AES256_CBC_SHA1_BYTE, 610, 950, 1000},
    {COST_AES256_CBC_SHA256_RECORD, 800000, 900000, 1000000},
    {COST_AES256_CBC_SHA256_BYTE, 660, 1030, 1000},
    {COST_AES256_CBC_SHA384_RECORD, 800000, 900000, 1000000},
    {COST_AES256_CBC_SHA384_BYTE, 1360, 2130, 1000},
    {COST_AES128_CCM_RECORD, 400000, 450000, 1000000},
    {COST_AES128_CCM_BYTE, 560, 880, 1000},
    {COST_RECRYPT_RECORD, 240000, 270000, 1000000},
    {COST_AES128_RECRYPT_BYTE, 96, 150, 1000},
    {COST_AES256_RECRYPT_BYTE, 120, 195, 1000},
    {COST_FIRMWARE_COMMAND, 200000000, 200000000, 1000000},
    {COST_RESYNC_DISPATCH, 3000000, 3000000, 1000000},
    {COST_DOORBELL, 100000, 100000, 1000000},
    {COST_PCIE_READ, 700000, 800000, 1000000},
    {COST_PCIE_WRITE, 350000, 350000, 1000000},
};

static void
assert_price(enum cost_id id, uint64_t ps)
{
	ck_assert_int_eq(config.cost[id].kind, VARIATE_CONSTANT);
	ck_assert_msg(config.cost[id].a == ps, "%s: %llu", cost_key_name(id),
		      (unsigned long long)config.cost[id].a);
}

START_TEST(test_cost_profiles_hold_their_prices)
{
	ck_assert_uint_eq(sizeof(prices) / sizeof(prices[0]), COST_COUNT);
	assert_price(prices[_i].id, prices[_i].freebsd_cdn);
	ck_assert_int_eq(
	    config_set(&config, "cost.profile", "modern-server", &error), 0);
	assert_price(prices[_i].id, prices[_i].modern_server);
	ck_assert_int_eq(config_set(&config, "cost.profile", "unit", &error),
			 0);
	assert_price(prices[_i].id, prices[_i].unit);
	ck_assert_str_eq(config.cost_profile, "unit");
}
END_TEST

START_TEST(test_cost_later_keys_go_before_the_profile)
{
	config_set(&config, "cost.ack", "7us", NULL);
	assert_price(COST_ACK, 7000000);
	config_set(&config, "cost.profile", "unit", NULL);
	assert_price(COST_ACK, 1000000);
	config_set(&config, "cost.ack", "7us", NULL);
	assert_price(COST_ACK, 7000000);
}
END_TEST

START_TEST(test_cost_profile_file_changes_what_it_names)
{
	write_profile("# measured on a desk\n"
		      "profile = modern-server\n"
		      "ack = 1us ; a comment\n"
		      "[cost]\n"
		      "cost.copy_byte = 90ps\n"
		      "syscall = exponential(200ns)\n");
	ck_assert_msg(config_set(&config, "cost.profile", path, &error) == 0,
		      "%s", error.text);
	assert_price(COST_ACK, 1000000);
	assert_price(COST_COPY_BYTE, 90);
	assert_price(COST_INTERRUPT, 500000);
	ck_assert_int_eq(config.cost[COST_SYSCALL].kind, VARIATE_EXPONENTIAL);
	ck_assert_str_eq(config.cost_profile, path);
}
END_TEST

START_TEST(test_cost_profile_file_starts_from_the_default)
{
	config_set(&config, "cost.profile", "unit", NULL);
	write_profile("ack = 1us\n");
	ck_assert_int_eq(config_set(&config, "cost.profile", path, &error), 0);
	assert_price(COST_INTERRUPT, 700000);
}
END_TEST

static const struct {
	const char *text;
	unsigned line; /* 0: the whole file */
	const char *reason;
} bad_files[] = {
    {"", 0, "no line of the form"},
    {"# nothing\n\n", 0, "no line of the form"},
    {"profile = unit\n", 0, "no line of the form"},
    {"ack = 1us\nakc = 1us\n", 2, "no price 'akc'"},
    {"ack = 5\n", 1, "needs a unit"},
    {"ack = 1us\n\nrecvmsg = 2s\nack = x\n", 3, "no more than 1s"},
    {"ack = 1us\n[nic]\nring = 5\n", 3, "only the section [cost]"},
    {"ack = 1us\nnonsense\n", 2, "not a line of the form"},
    {"[cost\nack = 1us\n", 1, "not a line of the form"},
    {"profile = desk\nack = 1us\n", 1, "no built-in profile 'desk'"},
    {"ack = 1us\nprofile = unit\n", 2, "goes before the prices"},
};

START_TEST(test_cost_refuses_a_file_and_names_the_line)
{
	struct config before = config;
	char place[64] = "";

	write_profile(bad_files[_i].text);
	ck_assert_int_eq(config_set(&config, "cost.profile", path, &error),
			 EINVAL);
	if (bad_files[_i].line > 0)
		snprintf(place, sizeof(place), "%s:%u: ", path,
			 bad_files[_i].line);
	ck_assert_msg(strstr(error.text, place) == error.text, "%s",
		      error.text);
	ck_assert_msg(strstr(error.text, bad_files[_i].reason) != NULL, "%s",
		      error.text);
	assert_unchanged(&before);
}
END_TEST

START_TEST(test_cost_refuses_files_that_are_not_there)
{
	char name[2 * CONFIG_TEXT_MAX];

	ck_assert_int_eq(config_set(&config, "cost.profile", "no/such", &error),
			 ENOENT);
	ck_assert_ptr_nonnull(strstr(error.text, "no/such"));
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(config_set(&config, "cost.profile", name, &error),
			 EINVAL);
	ck_assert_int_eq(config_set(&config, "cost.profile", "/", &error),
			 EINVAL);
	ck_assert_int_eq(
	    config_set(&config, "cost.profile", "/dev/zero", &error), EINVAL);
}
END_TEST

START_TEST(test_cost_knows_which_prices_have_a_source)
{
	ck_assert(cost_has_source("freebsd-cdn", COST_AES128_GCM_BYTE));
	ck_assert(cost_has_source("modern-server", COST_RECORD_DELIVER));
	ck_assert(!cost_has_source("freebsd-cdn", COST_CHACHA20_BYTE));
	ck_assert(!cost_has_source("unit", COST_AES128_GCM_BYTE));
	ck_assert(cost_has_source("my.ini", COST_CHACHA20_BYTE));
}
END_TEST

/* "A suite without a row is a configuration error, never free." */
START_TEST(test_cost_prices_every_suite_that_ktls_takes)
{
	unsigned priced = 0;

	for (uint32_t id = 0; id <= UINT16_MAX; id++) {
		const struct tls_suite *suite = tls_suite_find((uint16_t)id);
		enum cost_id record, byte;
		struct ktls_key key;
		bool taken = false;

		if (suite == NULL)
			continue;
		for (int i = 0; i < 2; i++) {
			ktls_key_init(&key, suite->tls13 ? TLS_1_3 : TLS_1_2,
				      suite, (enum ktls_suites)i);
			taken = taken || ktls_key_check(&key) == 0;
		}
		ck_assert_msg(!taken || cost_of_cipher(&key, &record, &byte),
			      "%s has no price", suite->name);
		ck_assert_int_eq(cost_of_suite(suite), taken);
		priced += taken;
	}
	ck_assert_uint_gt(priced, 100);
}
END_TEST

START_TEST(test_cost_has_a_row_for_each_cipher_key_and_mac)
{
	/* FreeBSD's tests have AES-128-CBC with SHA-384; no suite has. */
	struct ktls_key key = {.cipher = TLS_CIPHER_AES_CBC,
			       .key_len = 16,
			       .mac = TLS_HASH_SHA384};
	enum cost_id record, byte;

	ck_assert(cost_of_cipher(&key, &record, &byte));
	ck_assert_int_eq(record, COST_AES128_CBC_SHA384_RECORD);
	ck_assert_int_eq(byte, COST_AES128_CBC_SHA384_BYTE);
	key.mac = TLS_HASH_NONE;
	ck_assert(!cost_of_cipher(&key, &record, &byte));
	key.cipher = TLS_CIPHER_AES_CCM_8;
	ck_assert(!cost_of_cipher(&key, &record, &byte));
}
END_TEST

START_TEST(test_cost_counts_prices_without_a_source)
{
	/* Six of the table's rows are sourced. */
	ck_assert_uint_eq(cost_count_unsourced(&config), COST_COUNT - 6);
	config_set(&config, "cost.ack", "1us", NULL);
	ck_assert_uint_eq(cost_count_unsourced(&config), COST_COUNT - 7);
	config_set(&config, "cost.profile", "unit", NULL);
	ck_assert_uint_eq(cost_count_unsourced(&config), COST_COUNT);
	write_profile("ack = 1us\n");
	config_set(&config, "cost.profile", path, NULL);
	ck_assert_uint_eq(cost_count_unsourced(&config), 0);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *
cost_suite(void)
{
	const struct suite_test tests[] = {
	    {"test_cost_profiles_hold_their_prices",
	     test_cost_profiles_hold_their_prices, ROWS(prices)},
	    {"test_cost_later_keys_go_before_the_profile",
	     test_cost_later_keys_go_before_the_profile, 0},
	    {"test_cost_profile_file_changes_what_it_names",
	     test_cost_profile_file_changes_what_it_names, 0},
	    {"test_cost_profile_file_starts_from_the_default",
	     test_cost_profile_file_starts_from_the_default, 0},
	    {"test_cost_refuses_a_file_and_names_the_line",
	     test_cost_refuses_a_file_and_names_the_line, ROWS(bad_files)},
	    {"test_cost_refuses_files_that_are_not_there",
	     test_cost_refuses_files_that_are_not_there, 0},
	    {"test_cost_knows_which_prices_have_a_source",
	     test_cost_knows_which_prices_have_a_source, 0},
	    {"prices_every_suite_that_ktls_takes",
	     test_cost_prices_every_suite_that_ktls_takes, 0},
	    {"has_a_row_for_each_cipher_key_and_mac",
	     test_cost_has_a_row_for_each_cipher_key_and_mac, 0},
	    {"test_cost_counts_prices_without_a_source",
	     test_cost_counts_prices_without_a_source, 0},
	};

	return suite_create_table("cost", tests,
				  sizeof(tests) / sizeof(tests[0]), setup,
				  teardown, 0);
}
