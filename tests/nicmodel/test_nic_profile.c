/*
 * test_nic_profile.c - what NICs take, and what they refuse.
 */
#include "nicmodel/nic_profile.h"

#include <string.h>

#include "engine/suite.h"
#include "nicmodel/nic_resync.h"
#include "nicmodel/nic_stack.h"
#include "sim/config_keys.h"
#include "tests/support/suite_table.h"
#include "tests/support/tls_seal.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *nic_profile_suite(void);

static const struct nic_profile *
profile_find(const char *name)
{
	size_t i = 0;

	while (i < nic_profiles_count &&
	       strcmp(nic_profiles[i].name, name) != 0)
		i++;
	ck_assert_uint_lt(i, nic_profiles_count);
	return &nic_profiles[i];
}

static const struct refusal_row {
	const char *profile;
	enum tls_version version;
	enum tls_cipher cipher;
	uint8_t key_len;
	bool ipv6;
	const char *reason; /* NULL: taken */
} refusals[] = {
    {"connectx-6dx", TLS_1_2, TLS_CIPHER_AES_GCM, 16, false, NULL},
    {"connectx-6dx", TLS_1_3, TLS_CIPHER_AES_GCM, 32, true, NULL},
    {"connectx-6dx", TLS_1_3, TLS_CIPHER_CHACHA20_POLY1305, 32, false,
     "the cipher is not AES-GCM"},
    {"connectx-6dx-linux", TLS_1_2, TLS_CIPHER_AES_GCM, 32, false, NULL},
    {"connectx-6dx-linux", TLS_1_3, TLS_CIPHER_AES_GCM, 16, false,
     "no TLS 1.3"},
    {"agilio", TLS_1_2, TLS_CIPHER_AES_GCM, 16, true, NULL},
    {"agilio", TLS_1_2, TLS_CIPHER_AES_GCM, 32, false, "no AES-256"},
    {"innova", TLS_1_2, TLS_CIPHER_AES_GCM, 32, false, "no AES-256"},
    {"ideal", TLS_1_3, TLS_CIPHER_AES_GCM, 32, true, NULL},
};

START_TEST(test_nic_profile_takes_and_refuses)
{
	const struct refusal_row *row = &refusals[_i];
	struct ktls_key key;
	const char *reason;

	tls_seal_key(&key, row->version, row->cipher, row->key_len, 1);
	reason =
	    nic_profile_refuses(profile_find(row->profile), &key, row->ipv6);
	if (row->reason == NULL)
		ck_assert_ptr_null(reason);
	else
		ck_assert_str_eq(reason, row->reason);
}
END_TEST

/* A NIC of one's own that lacks what none of the table lacks. */
START_TEST(test_nic_profile_asks_for_each_capability)
{
	static const struct {
		enum nic_cap lacks;
		bool ipv6;
		const char *reason;
	} rows[] = {
	    {NIC_CAP_TLS12, false, "no TLS 1.2"},
	    {NIC_CAP_AES128, false, "no AES-128"},
	    {NIC_CAP_IPV4, false, "no IPv4"},
	    {NIC_CAP_IPV6, true, "no IPv6"},
	};
	struct nic_profile profile = *profile_find("ideal");
	struct ktls_key key;

	tls_seal_key(&key, TLS_1_2, TLS_CIPHER_AES_GCM, 16, 1);
	for (int i = 0; i < ROWS(rows); i++) {
		profile = *profile_find("ideal");
		profile.cap[rows[i].lacks].value = 0;
		ck_assert_str_eq(
		    nic_profile_refuses(&profile, &key, rows[i].ipv6),
		    rows[i].reason);
	}
}
END_TEST

START_TEST(test_nic_profile_has_a_source_for_every_cell)
{
	for (size_t i = 0; i < nic_profiles_count; i++) {
		const struct nic_profile *p = &nic_profiles[i];

		ck_assert_ptr_nonnull(nic_resync_find(p->resync));
		ck_assert_uint_gt(strlen(p->resync_source), 0);
		for (int c = 0; c < NIC_CAP_COUNT; c++)
			ck_assert_uint_gt(strlen(p->cap[c].source), 0);
		ck_assert_uint_le(p->cap[NIC_CAP_CONTEXTS].value,
				  NIC_STACK_CONTEXTS_MAX);
		ck_assert_uint_ge(p->cap[NIC_CAP_INSTALLS].value, 1);
	}
}
END_TEST

static const struct config_row *
row_of(const char *key)
{
	for (size_t i = 0; i < config_row_count; i++)
		if (strcmp(config_rows[i].info.name, key) == 0)
			return &config_rows[i];
	ck_abort_msg("no key %s", key);
	return NULL;
}

/* Configuration stores indices: the words must stand in the same order. */
START_TEST(test_nic_profile_names_are_those_of_the_keys)
{
	const char *const *profiles = row_of("nic.profile")->choices;
	const char *const *resyncs = row_of("nic.resync")->choices;
	size_t i;

	for (i = 0; i < nic_profiles_count; i++)
		ck_assert_str_eq(profiles[i], nic_profiles[i].name);
	ck_assert_ptr_null(profiles[i]);
	for (i = 0; nic_resync_at(i) != NULL; i++)
		ck_assert_str_eq(resyncs[i + 1], nic_resync_at(i)->name);
	ck_assert_ptr_null(resyncs[i + 1]);
}
END_TEST

Suite *
nic_profile_suite(void)
{
	const struct suite_test tests[] = {
	    {"takes", test_nic_profile_takes_and_refuses, ROWS(refusals)},
	    {"each", test_nic_profile_asks_for_each_capability, 0},
	    {"source", test_nic_profile_has_a_source_for_every_cell, 0},
	    {"names", test_nic_profile_names_are_those_of_the_keys, 0},
	};

	return suite_create_table("nic_profile", tests, (size_t)ROWS(tests),
				  NULL, NULL, 0);
}
