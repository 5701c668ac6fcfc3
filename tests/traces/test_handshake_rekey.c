/*
 * test_handshake_rekey.c - what happens behind the border: KeyUpdate,
 * renegotiation, alerts, and records that are none of the automaton's business.
 *
 * Method: a connection is brought to KTLS by tests/support/tls_scripts.c, then
 * decrypted records are handed in and the keys that come back are compared with
 * those of an independent derivation (a talk of the next round), or with the
 * key schedule applied by hand.
 */
#include "traces/handshake.h"

#include <string.h>

#include "tests/support/suite_table.h"
#include "tests/support/tls_ear.h"
#include "tests/support/tls_scripts.h"
#include "traces/key_schedule.h"
#include "traces/tls_hello.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum {
	ALL = (1u << KEYLOG_LABEL_COUNT) - 1,
	MESSAGE_MAX = 512,
};

static struct talk talk;
static struct tls_ear ear;
static struct keylog *keylog;

static void
begin(uint16_t version, uint16_t suite_id)
{
	const struct talk_hello hello = {.version = version,
					 .suite_id = suite_id};

	talk_init(&talk, &hello);
	talk.minor = version == TLS_1_1 ? 2 : 3;
	if (version == TLS_1_3)
		script_tls13(&talk, 0);
	else
		script_tls12(&talk, 0);
	keylog = keylog_create();
	talk_log(&talk, keylog, ALL, 0);
	tls_ear_init(&ear, &talk, keylog);
	tls_ear_offer_all(&ear);
	ck_assert(ear.decided[0] && ear.decided[1]);
	ck_assert(!ear.install[0].model && !ear.install[1].model);
}

static void
end(void)
{
	tls_ear_fini(&ear);
	keylog_destroy(keylog);
	talk_fini(&talk);
}

static void
hear(int direction, uint8_t type, const uint8_t *bytes, size_t len,
     struct handshake_output *output)
{
	ck_assert_int_eq(handshake_record(ear.hs,
					  (enum flow_direction)direction, type,
					  bytes, len, output),
			 0);
}

static void
check_next_key(const struct handshake_effect *effect, int direction,
	       const struct ktls_key *key)
{
	ck_assert_int_eq(effect->kind, HANDSHAKE_NEXT_KEY);
	ck_assert_int_eq(effect->direction, direction);
	ck_assert(!effect->model);
	ck_assert_int_eq(effect->key.cipher, key->cipher);
	ck_assert_mem_eq(effect->key.key, key->key, key->key_len);
	ck_assert_mem_eq(effect->key.iv, key->iv, key->iv_len);
	ck_assert_int_eq(effect->key.version, key->version);
	ck_assert_int_eq(effect->key.mac, key->mac);
	ck_assert_mem_eq(effect->key.mac_key, key->mac_key, key->mac_key_len);
	ck_assert_uint_eq(effect->key.rec_seq, 0);
}

START_TEST(test_handshake_rekey_key_update_gives_the_next_key)
{
	static const uint8_t update[] = {TLS_KEY_UPDATE, 0, 0, 1, 0};
	enum keylog_label label = _i == 0 ? KEYLOG_CLIENT_TRAFFIC_SECRET_0
					  : KEYLOG_SERVER_TRAFFIC_SECRET_0;
	uint8_t secret[KEYLOG_SECRET_MAX];
	struct handshake_output output;
	struct handshake_info info;
	struct ktls_key key;
	size_t len;

	begin(TLS_1_3, 0x1302);
	len = talk_secret(&talk, label, secret);
	for (uint32_t n = 1; n <= 3; n++) {
		hear(_i, TLS_HANDSHAKE, update, sizeof(update), &output);
		ck_assert_uint_eq(output.count, 1);
		ck_assert_int_eq(tls13_next_secret(talk.suite, secret, len), 0);
		ck_assert_int_eq(
		    tls13_record_key(talk.suite, secret, len, &key), 0);
		check_next_key(&output.effect[0], _i, &key);
		handshake_read_info(ear.hs, &info);
		ck_assert_uint_eq(info.key_updates[_i], n);
		ck_assert_uint_eq(info.key_updates[1 - _i], 0);
	}
	end();
}
END_TEST

START_TEST(test_handshake_rekey_key_update_may_be_cut_and_follow_a_ticket)
{
	struct handshake_output output;
	uint8_t bytes[MESSAGE_MAX];
	size_t len = talk_message(bytes, TLS_NEW_SESSION_TICKET, 200);

	len += talk_message(bytes + len, TLS_KEY_UPDATE, 1);
	begin(TLS_1_3, 0x1301);
	for (size_t cut = 1; cut < len; cut += 13) {
		hear(TALK_SERVER, TLS_HANDSHAKE, bytes, cut, &output);
		ck_assert_uint_eq(output.count, 0);
		hear(TALK_SERVER, TLS_HANDSHAKE, bytes + cut, len - cut,
		     &output);
		ck_assert_uint_eq(output.count, 1);
	}
	end();
}
END_TEST

START_TEST(test_handshake_rekey_effects_are_bounded)
{
	struct handshake_output output;
	uint8_t bytes[MESSAGE_MAX];
	size_t len = 0;

	for (int n = 0; n < 20; n++)
		len += talk_message(bytes + len, TLS_KEY_UPDATE, 1);
	begin(TLS_1_3, 0x1301);
	hear(TALK_SERVER, TLS_HANDSHAKE, bytes, len, &output);
	ck_assert_uint_eq(output.count, HANDSHAKE_EFFECTS_MAX);
	end();
}
END_TEST

/* The steps of a renegotiation, by who is heard. */
enum step {
	CLIENT_HELLO,
	SERVER_HELLO,
	CLIENT_CHANGE,
	SERVER_CHANGE,
	STEPS,
};

static unsigned
hear_step(enum step step, struct handshake_output *output)
{
	static const uint8_t one = 1;
	uint8_t bytes[MESSAGE_MAX];
	size_t len;

	switch (step) {
	case CLIENT_HELLO:
		len = talk_client_hello(&talk, bytes);
		hear(TALK_CLIENT, TLS_HANDSHAKE, bytes, len, output);
		break;
	case SERVER_HELLO:
		len = talk_server_hello(&talk, bytes);
		hear(TALK_SERVER, TLS_HANDSHAKE, bytes, len, output);
		break;
	case CLIENT_CHANGE:
		hear(TALK_CLIENT, TLS_CHANGE_CIPHER_SPEC, &one, 1, output);
		break;
	case SERVER_CHANGE:
		hear(TALK_SERVER, TLS_CHANGE_CIPHER_SPEC, &one, 1, output);
		break;
	case STEPS:
		break;
	}
	return output->count;
}

/*
 * Each order in which two readers may come to the steps; keys[n] is the set of
 * directions (1 client's, 2 server's) that get their next key at step n.
 */
struct order {
	enum step step[STEPS];
	unsigned keys[STEPS];
};

static const struct order orders[] = {
    {{CLIENT_HELLO, SERVER_HELLO, CLIENT_CHANGE, SERVER_CHANGE}, {0, 0, 1, 2}},
    {{CLIENT_HELLO, SERVER_HELLO, SERVER_CHANGE, CLIENT_CHANGE}, {0, 0, 2, 1}},
    {{CLIENT_HELLO, CLIENT_CHANGE, SERVER_HELLO, SERVER_CHANGE}, {0, 0, 1, 2}},
    {{SERVER_HELLO, CLIENT_HELLO, CLIENT_CHANGE, SERVER_CHANGE}, {0, 0, 1, 2}},
    {{SERVER_HELLO, SERVER_CHANGE, CLIENT_HELLO, CLIENT_CHANGE}, {0, 0, 2, 1}},
};

static void
run_order(const struct order *order, uint8_t round)
{
	struct handshake_output output;

	talk_again(&talk, round);
	talk_log(&talk, keylog, ALL, 0);
	for (int n = 0; n < STEPS; n++) {
		unsigned keys = 0;

		hear_step(order->step[n], &output);
		for (unsigned i = 0; i < output.count; i++) {
			int direction = (int)output.effect[i].direction;

			keys |= 1u << direction;
			check_next_key(&output.effect[i], direction,
				       &talk.key[TALK_DATA][direction]);
		}
		ck_assert_uint_eq(keys, order->keys[n]);
	}
}

START_TEST(test_handshake_rekey_renegotiation_gives_new_keys_in_any_order)
{
	uint16_t suites[] = {0xc02f, 0xcca8};
	struct handshake_info info;

	begin(TLS_1_2, suites[_i % 2]);
	for (uint8_t round = 1; round <= 3; round++) {
		/* The second one agrees upon another suite. */
		talk.hello.suite_id = suites[(_i + round) % 2];
		run_order(&orders[_i], round);
		handshake_read_info(ear.hs, &info);
		ck_assert_uint_eq(info.renegotiations, round);
		ck_assert_str_eq(info.reason[0], "found");
	}
	end();
}
END_TEST

START_TEST(test_handshake_rekey_renegotiation_of_cbc_gives_mac_keys)
{
	begin(_i == 0 ? TLS_1_1 : TLS_1_2, 0xc013);
	run_order(&orders[0], 1);
	end();
}
END_TEST

START_TEST(test_handshake_rekey_renegotiation_without_its_secret_waits)
{
	struct handshake_output output;

	begin(TLS_1_2, 0xc02f);
	talk_again(&talk, 1);
	for (int n = 0; n < STEPS; n++)
		ck_assert_uint_eq(hear_step((enum step)n, &output), 0);
	end();
}
END_TEST

START_TEST(test_handshake_rekey_renegotiation_to_a_suite_not_taken_waits)
{
	/* CCM; none at all; CBC, but with encrypt-then-MAC */
	static const uint16_t refused[] = {0xc09c, 0xfafa, 0xc013};
	struct handshake_output output;

	begin(TLS_1_2, 0xc02f);
	talk_again(&talk, 1);
	talk_log(&talk, keylog, ALL, 0);
	talk.hello.suite_id = refused[_i];
	talk.hello.encrypt_then_mac = true;
	for (int n = 0; n < STEPS; n++)
		ck_assert_uint_eq(hear_step((enum step)n, &output), 0);
	end();
}
END_TEST

/* Records behind the border that change nothing. */
struct quiet_row {
	uint16_t version, suite_id;
	uint8_t type;
	const char *bytes;
	size_t len;
};

static const struct quiet_row quiet[] = {
    {TLS_1_2, 0xc02f, TLS_HANDSHAKE, "\024\0\0\014123456789012", 16},
    {TLS_1_2, 0xc02f, TLS_HANDSHAKE, "\0\0\0\0", 4}, /* HelloRequest */
    {TLS_1_2, 0xc02f, TLS_HANDSHAKE, "\001\0\0\001x", 5},
    {TLS_1_2, 0xc02f, TLS_HANDSHAKE, "\002\0\0\001x", 5},
    {TLS_1_2, 0xc02f, TLS_HANDSHAKE, "\001\377\377\377x", 5},
    {TLS_1_2, 0xc02f, TLS_HANDSHAKE, "", 0},
    {TLS_1_2, 0xc02f, 24, "\001\0\001x", 4},
    {TLS_1_3, 0x1301, TLS_CHANGE_CIPHER_SPEC, "\001", 1},
    {TLS_1_3, 0x1301, TLS_HANDSHAKE, "\004\0\0\001x", 5},
    {TLS_1_3, 0x1301, TLS_HANDSHAKE, "\001\0\0\001x", 5},
};

START_TEST(test_handshake_rekey_other_records_change_nothing)
{
	const struct quiet_row *row = &quiet[_i];
	struct handshake_output output;

	begin(row->version, row->suite_id);
	for (int direction = 0; direction < 2; direction++)
		for (int n = 0; n < 2; n++) {
			hear(direction, row->type, (const uint8_t *)row->bytes,
			     row->len, &output);
			ck_assert_uint_eq(output.count, 0);
			ck_assert_uint_eq(output.consumed, row->len);
		}
	end();
}
END_TEST

struct alert_row {
	uint16_t version, suite_id;
	uint8_t bytes[2];
	size_t len;
	unsigned closes, alerts;
};

static const struct alert_row alert_rows[] = {
    {TLS_1_2, 0xc02f, {1, 0}, 2, 1, 1},	  /* close_notify */
    {TLS_1_2, 0xc02f, {2, 42}, 2, 1, 1},  /* bad_certificate */
    {TLS_1_2, 0xc02f, {1, 100}, 2, 0, 1}, /* no_renegotiation */
    {TLS_1_3, 0x1301, {1, 0}, 2, 1, 1},
    {TLS_1_3, 0x1301, {1, 42}, 2, 1, 1}, /* the level says nothing */
    {TLS_1_3, 0x1301, {1, 90}, 2, 0, 1}, /* user_canceled */
    {TLS_1_3, 0x1301, {2, 0}, 1, 0, 0},	 /* half an alert */
};

START_TEST(test_handshake_rekey_alerts_close_the_direction)
{
	const struct alert_row *row = &alert_rows[_i];
	struct handshake_output output;
	struct handshake_info info;

	begin(row->version, row->suite_id);
	hear(TALK_SERVER, TLS_ALERT, row->bytes, row->len, &output);
	ck_assert_uint_eq(output.count, row->closes);
	if (row->closes > 0) {
		ck_assert_int_eq(output.effect[0].kind, HANDSHAKE_CLOSE);
		ck_assert_int_eq(output.effect[0].direction, TALK_SERVER);
	}
	handshake_read_info(ear.hs, &info);
	ck_assert_uint_eq(info.alerts[TALK_SERVER], row->alerts);
	ck_assert_uint_eq(info.alerts[TALK_CLIENT], 0);
	ck_assert_str_eq(info.reason[TALK_SERVER], "found");
	end();
}
END_TEST

START_TEST(test_handshake_rekey_nothing_is_read_before_or_beside_ktls)
{
	const struct talk_hello hello = {.version = TLS_1_3,
					 .suite_id = 0x1301};
	struct handshake_output output;

	talk_init(&talk, &hello);
	script_tls13(&talk, 0);
	keylog = keylog_create();
	tls_ear_init(&ear, &talk, keylog);
	for (int n = 0; n < 2; n++) {
		/* Not installed yet, then a model session. */
		hear(TALK_SERVER, TLS_ALERT, (const uint8_t *)"\002\050", 2,
		     &output);
		ck_assert_uint_eq(output.count, 0);
		tls_ear_offer_all(&ear);
	}
	/* Nothing more is taken once KTLS has the direction. */
	ck_assert_int_eq(handshake_read(ear.hs, FLOW_SERVER_TO_CLIENT,
					(const uint8_t *)"more", 4, &output),
			 0);
	ck_assert_uint_eq(output.consumed, 0);
	end();
}
END_TEST

Suite *handshake_rekey_suite(void);

Suite *
handshake_rekey_suite(void)
{
	const struct suite_test tests[] = {
	    {"key_update_gives_the_next_key",
	     test_handshake_rekey_key_update_gives_the_next_key, 2},
	    {"key_update_may_be_cut_and_follow_a_ticket",
	     test_handshake_rekey_key_update_may_be_cut_and_follow_a_ticket, 0},
	    {"effects_are_bounded", test_handshake_rekey_effects_are_bounded,
	     0},
	    {"renegotiation_gives_new_keys_in_any_order",
	     test_handshake_rekey_renegotiation_gives_new_keys_in_any_order,
	     ROWS(orders)},
	    {"renegotiation_of_cbc_gives_mac_keys",
	     test_handshake_rekey_renegotiation_of_cbc_gives_mac_keys, 2},
	    {"renegotiation_without_its_secret_waits",
	     test_handshake_rekey_renegotiation_without_its_secret_waits, 0},
	    {"renegotiation_to_a_suite_not_taken_waits",
	     test_handshake_rekey_renegotiation_to_a_suite_not_taken_waits, 3},
	    {"other_records_change_nothing",
	     test_handshake_rekey_other_records_change_nothing, ROWS(quiet)},
	    {"alerts_close_the_direction",
	     test_handshake_rekey_alerts_close_the_direction, ROWS(alert_rows)},
	    {"nothing_is_read_before_or_beside_ktls",
	     test_handshake_rekey_nothing_is_read_before_or_beside_ktls, 0},
	};

	return suite_create_table("handshake_rekey", tests, ROWS(tests), NULL,
				  NULL, 0);
}
