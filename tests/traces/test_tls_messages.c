/*
 * test_tls_messages.c - joining handshake messages from records.
 *
 * Method: a list of messages is cut into records at random places (seed
 * printed); what comes out must be the list.
 */
#include "traces/tls_messages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum {
	SEEDS = 200,
};

static const size_t lengths[] = {0, 1, 300, 0, 16384, 5, 70000, TLS_MESSAGE_MAX,
				 3};

static uint8_t *
messages_make(size_t *len)
{
	size_t at = 0;
	uint8_t *bytes;

	*len = 0;
	for (int i = 0; i < ROWS(lengths); i++)
		*len += TLS_MESSAGE_HEADER_BYTES + lengths[i];
	bytes = malloc(*len);
	for (int i = 0; i < ROWS(lengths); i++) {
		bytes[at++] = (uint8_t)(i + 1);
		bytes[at++] = (uint8_t)(lengths[i] >> 16);
		bytes[at++] = (uint8_t)(lengths[i] >> 8);
		bytes[at++] = (uint8_t)lengths[i];
		memset(bytes + at, i + 0x30, lengths[i]);
		at += lengths[i];
	}
	return bytes;
}

/* Take out what is whole; returns how many messages are done by now. */
static int
take_whole(struct tls_messages *messages, int done)
{
	struct tls_message message;
	int error;

	while ((error = tls_messages_next(messages, &message)) == 0) {
		ck_assert_int_lt(done, ROWS(lengths));
		ck_assert_uint_eq(message.type, (unsigned)done + 1);
		ck_assert_uint_eq(message.len, lengths[done]);
		if (message.len > 0) {
			ck_assert_uint_eq(message.body[0],
					  (unsigned)done + 0x30);
			ck_assert_uint_eq(message.body[message.len - 1],
					  (unsigned)done + 0x30);
		}
		done++;
	}
	ck_assert_int_eq(error, EAGAIN);
	return done;
}

START_TEST(test_tls_messages_come_whole_out_of_any_records)
{
	struct tls_messages messages;
	size_t len, at, most = _i % 2 == 0 ? 16384 : 900;
	uint8_t *bytes = messages_make(&len);
	uint32_t state = (uint32_t)_i;
	int done = 0;

	tls_messages_init(&messages);
	for (at = 0; at < len;) {
		size_t step;

		state = state * 1664525u + 1013904223u;
		step = (state >> 8) % most + (_i % 3 != 0);
		step = step < len - at ? step : len - at;
		ck_assert_int_eq(tls_messages_add(&messages, bytes + at, step),
				 0);
		done = take_whole(&messages, done);
		at += step;
		/* One message and one record are the most that is held. */
		ck_assert_uint_le(messages.capacity, 2 * TLS_MESSAGE_MAX);
	}
	ck_assert_msg(done == ROWS(lengths), "seed %d", _i);
	tls_messages_fini(&messages);
	free(bytes);
}
END_TEST

START_TEST(test_tls_messages_too_long_ones_end_it)
{
	static const uint8_t header[] = {11, 2, 0, 1};
	struct tls_messages messages;
	struct tls_message message;

	tls_messages_init(&messages);
	for (int n = 0; n < 3; n++) {
		ck_assert_int_eq(
		    tls_messages_add(&messages, header, sizeof(header)), 0);
		ck_assert_int_eq(tls_messages_next(&messages, &message),
				 EMSGSIZE);
	}
	tls_messages_fini(&messages);
	ck_assert_int_eq(tls_messages_next(&messages, &message), EAGAIN);
	tls_messages_fini(&messages);
}
END_TEST

Suite *tls_messages_suite(void);

Suite *
tls_messages_suite(void)
{
	const struct suite_test tests[] = {
	    {"come_whole_out_of_any_records",
	     test_tls_messages_come_whole_out_of_any_records, SEEDS},
	    {"too_long_ones_end_it", test_tls_messages_too_long_ones_end_it, 0},
	};

	return suite_create_table("tls_messages", tests, ROWS(tests), NULL,
				  NULL, 0);
}
