/*
 * test_tls_hello.c - hellos, whole and damaged.
 *
 * Method: hellos written by tests/support/tls_talk.c are read back; then every
 * prefix and every single-byte change of them is parsed, from storage of the
 * exact size so that the sanitizer sees any step outside.
 */
#include "traces/tls_hello.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/suite_table.h"
#include "tests/support/tls_talk.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum {
	HEADER = 4, /* of a handshake message */
	HELLO_MAX = 512,
};

static const struct talk_hello hellos[] = {
    {.version = 0x0303, .suite_id = 0xc02f},
    {.version = 0x0303, .suite_id = 0xc013, .encrypt_then_mac = true},
    {.version = 0x0303, .suite_id = 0x0035, .compression = 1},
    {.version = 0x0300, .suite_id = 0x000a},
    {.version = 0x0304, .suite_id = 0x1301, .early_data = true},
    {.version = 0x0304, .suite_id = 0x1302, .pre_shared_key = true},
    {.version = 0x0304, .suite_id = 0x1302, .retry = true},
    {.version = 0x7f1c, .suite_id = 0x1303},
    {.version = 0x7f12, .suite_id = 0x1301},
};

/* One hello in storage of its exact size; the caller frees it. */
static uint8_t *
hello_make(const struct talk_hello *spec, int direction, size_t *len)
{
	uint8_t bytes[HELLO_MAX], *exact;
	struct talk talk;

	talk_init(&talk, spec);
	if (direction == TALK_CLIENT)
		*len = talk_client_hello(&talk, bytes) - HEADER;
	else
		*len = talk_server_hello(&talk, bytes) - HEADER;
	exact = malloc(*len);
	memcpy(exact, bytes + HEADER, *len);
	talk_fini(&talk);
	return exact;
}

START_TEST(test_tls_hello_client_is_read)
{
	const struct talk_hello *spec = &hellos[_i];
	struct tls_client_hello hello;
	uint8_t random[32];
	struct talk talk;
	size_t len;
	uint8_t *body = hello_make(spec, TALK_CLIENT, &len);

	talk_init(&talk, spec);
	talk_random(&talk, TALK_CLIENT, random);
	talk_fini(&talk);
	ck_assert(tls_client_hello_parse(body, len, &hello));
	ck_assert(hello.whole);
	ck_assert_mem_eq(hello.random, random, sizeof(random));
	ck_assert_int_eq(hello.early_data, spec->early_data);
	free(body);
}
END_TEST

START_TEST(test_tls_hello_server_is_read)
{
	const struct talk_hello *spec = &hellos[_i];
	struct tls_server_hello hello;
	size_t len;
	uint8_t *body = hello_make(spec, TALK_SERVER, &len);

	ck_assert(tls_server_hello_parse(body, len, &hello));
	ck_assert_uint_eq(hello.version, spec->version);
	ck_assert_uint_eq(hello.suite_id, spec->suite_id);
	ck_assert_uint_eq(hello.compression, spec->compression);
	ck_assert_int_eq(hello.hello_retry, spec->retry);
	ck_assert_int_eq(hello.encrypt_then_mac, spec->encrypt_then_mac);
	ck_assert_int_eq(hello.pre_shared_key, spec->pre_shared_key);
	free(body);
}
END_TEST

/* Extensions may be absent, but not half there. */
START_TEST(test_tls_hello_prefixes_are_told_from_whole_hellos)
{
	size_t client_len, server_len, extensions;
	uint8_t *client = hello_make(&hellos[_i], TALK_CLIENT, &client_len);
	uint8_t *server = hello_make(&hellos[_i], TALK_SERVER, &server_len);
	struct tls_client_hello ch;
	struct tls_server_hello sh;

	extensions = 2 + 32 + 1 + 32 + 2 + 4 + 2;
	for (size_t len = 0; len < client_len; len++) {
		uint8_t *exact = malloc(len + 1);

		memcpy(exact, client, len);
		ck_assert_int_eq(tls_client_hello_parse(exact, len, &ch),
				 len >= 34);
		ck_assert_int_eq(ch.whole, len == extensions);
		free(exact);
	}
	extensions = hellos[_i].version == 0x7f12 ? 36 : 38;
	for (size_t len = 0; len < server_len; len++) {
		uint8_t *exact = malloc(len + 1);

		memcpy(exact, server, len);
		ck_assert_int_eq(tls_server_hello_parse(exact, len, &sh),
				 len == extensions);
		free(exact);
	}
	free(client);
	free(server);
}
END_TEST

START_TEST(test_tls_hello_no_changed_byte_leads_outside)
{
	struct tls_client_hello ch;
	struct tls_server_hello sh;

	for (int side = 0; side < 2; side++) {
		size_t len;
		uint8_t *body = hello_make(&hellos[_i], side, &len);

		for (size_t at = 0; at < len; at++)
			for (unsigned value = 0; value < 256; value += 15) {
				uint8_t saved = body[at];

				body[at] = (uint8_t)value;
				tls_client_hello_parse(body, len, &ch);
				tls_server_hello_parse(body, len, &sh);
				tls_early_data_accepted(body, len);
				body[at] = saved;
			}
		free(body);
	}
}
END_TEST

START_TEST(test_tls_hello_early_data_is_found_among_the_extensions)
{
	uint8_t bytes[64];
	size_t len = talk_extensions(bytes, true);

	ck_assert(tls_early_data_accepted(bytes + HEADER, len - HEADER));
	/* Cut anywhere, it is not there any more. */
	for (size_t cut = 0; cut < len - HEADER; cut++)
		ck_assert(!tls_early_data_accepted(bytes + HEADER, cut));
	len = talk_extensions(bytes, false);
	ck_assert(!tls_early_data_accepted(bytes + HEADER, len - HEADER));
}
END_TEST

/* Of ServerHello extensions only a version of two bytes counts. */
START_TEST(test_tls_hello_version_of_another_length_is_ignored)
{
	struct tls_server_hello hello;
	uint8_t body[64] = {3, 3};

	memcpy(body + 34, "\0\023\001\0\0\007\0\053\0\003\003\004\0", 13);
	ck_assert(tls_server_hello_parse(body, 47, &hello));
	ck_assert_uint_eq(hello.version, 0x0303);
	ck_assert_uint_eq(hello.suite_id, 0x1301);
	/* Extended master secret. */
	memcpy(body + 34, "\0\300\057\0\0\004\0\027\0\0", 10);
	ck_assert(tls_server_hello_parse(body, 44, &hello));
	ck_assert(hello.extended_master_secret);
}
END_TEST

Suite *tls_hello_suite(void);

Suite *
tls_hello_suite(void)
{
	const struct suite_test tests[] = {
	    {"client_is_read", test_tls_hello_client_is_read, ROWS(hellos)},
	    {"server_is_read", test_tls_hello_server_is_read, ROWS(hellos)},
	    {"prefixes_are_told_from_whole_hellos",
	     test_tls_hello_prefixes_are_told_from_whole_hellos, ROWS(hellos)},
	    {"no_changed_byte_leads_outside",
	     test_tls_hello_no_changed_byte_leads_outside, ROWS(hellos)},
	    {"early_data_is_found_among_the_extensions",
	     test_tls_hello_early_data_is_found_among_the_extensions, 0},
	    {"version_of_another_length_is_ignored",
	     test_tls_hello_version_of_another_length_is_ignored, 0},
	};

	return suite_create_table("tls_hello", tests, ROWS(tests), NULL, NULL,
				  0);
}
