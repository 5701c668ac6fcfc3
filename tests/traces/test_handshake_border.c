/*
 * test_handshake_border.c - where KTLS takes over, with which keys, and why
 * not.
 *
 * Goal: every way in which a direction can be decided.  Method: a table of
 * whole handshakes, written byte by byte by tests/support/tls_scripts.c, which
 * marks the border; each row is fed at once and then in 40 random cuttings and
 * interleavings, which must not change a single answer.
 */
#include "traces/handshake.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/suite_table.h"
#include "tests/support/tls_ear.h"
#include "tests/support/tls_scripts.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define BIT(label)  (1u << KEYLOG_##label)

enum {
	ALL = (1u << KEYLOG_LABEL_COUNT) - 1,
	NO_LOG = 1u << 30, /* no key log at all */
	DATA_ONLY = BIT(CLIENT_TRAFFIC_SECRET_0) | BIT(SERVER_TRAFFIC_SECRET_0),
	NOT_EARLY = ALL & ~BIT(CLIENT_EARLY_TRAFFIC_SECRET),
	SERVER_ONLY =
	    BIT(SERVER_HANDSHAKE_TRAFFIC_SECRET) | BIT(SERVER_TRAFFIC_SECRET_0),
	FLIGHTS_ONLY = BIT(CLIENT_HANDSHAKE_TRAFFIC_SECRET) |
		       BIT(SERVER_HANDSHAKE_TRAFFIC_SECRET),
	PIECES = 40, /* random cuttings of each row */
};

enum outcome {
	NOTHING,
	REAL,
	MODEL,
	GAVE_UP,
};

struct expected {
	enum outcome outcome;
	const char *reason;
	enum handshake_timed_from timed_from;
	bool inferred;
	bool anywhere; /* the border is not the script's */
};

struct scenario {
	const char *name;
	void (*script)(struct talk *talk, unsigned flags);
	struct talk_hello hello;
	unsigned flags;		     /* of the script */
	unsigned log, wrong;	     /* sets of labels */
	struct expected expected[2]; /* of the client's, the server's bytes */
};

#define HELLO(v, id)                             \
	{                                        \
		.version = (v), .suite_id = (id) \
	}
#define GCM12	 HELLO(TLS_1_2, 0xc02f)
#define CHACHA12 HELLO(TLS_1_2, 0xcca8)
#define GCM13	 HELLO(TLS_1_3, 0x1302)
#define CHACHA13 HELLO(TLS_1_3, 0x1303)
#define PSK13                                                                  \
	{                                                                      \
		.version = TLS_1_3, .suite_id = 0x1301, .pre_shared_key = true \
	}
#define EARLY13                                                             \
	{                                                                   \
		.version = TLS_1_3, .suite_id = 0x1301, .early_data = true, \
		.pre_shared_key = true                                      \
	}

#define FOUND                                                     \
	{                                                         \
		REAL, "found", HANDSHAKE_TIMED_KEYS, false, false \
	}
#define FOUND_TRIED                                              \
	{                                                        \
		REAL, "found", HANDSHAKE_TIMED_KEYS, true, false \
	}
#define HEADERS(why)                                              \
	{                                                         \
		MODEL, why, HANDSHAKE_TIMED_HEADERS, false, false \
	}
#define INFERRED(why)                                            \
	{                                                        \
		MODEL, why, HANDSHAKE_TIMED_HEADERS, true, false \
	}
#define ASSUMED(why)                                              \
	{                                                         \
		MODEL, why, HANDSHAKE_TIMED_ASSUMED, false, false \
	}
#define GUESSED(why)                                             \
	{                                                        \
		MODEL, why, HANDSHAKE_TIMED_ASSUMED, true, false \
	}
#define DROPPED(why)                                                \
	{                                                           \
		GAVE_UP, why, HANDSHAKE_TIMED_ASSUMED, false, false \
	}
#define LATE(why)                                                  \
	{                                                          \
		GAVE_UP, why, HANDSHAKE_TIMED_ASSUMED, false, true \
	}
#define OPEN(why)                                                  \
	{                                                          \
		NOTHING, why, HANDSHAKE_TIMED_ASSUMED, false, true \
	}
#define TRYING(why)                                               \
	{                                                         \
		NOTHING, why, HANDSHAKE_TIMED_ASSUMED, true, true \
	}
#define BOTH(what)         \
	{                  \
		what, what \
	}

#define NO_SECRET    "no secret for this client random"
#define NOT_OPENED   "wrong keys"
#define NOT_A(suite) suite " is not a suite that KTLS takes over"

/* Records whose header says an older version. */
static void
script_old(struct talk *talk, unsigned flags)
{
	talk->minor = (uint8_t)flags;
	script_tls12(talk, 0);
}

/* Draft 18 of TLS 1.3: its protected records say version 3.1. */
static void
script_draft(struct talk *talk, unsigned flags)
{
	script_hellos(talk, 0);
	talk->minor = (uint8_t)flags;
	talk_mark(talk, TALK_CLIENT);
	talk_mark(talk, TALK_SERVER);
	talk_record(talk, TALK_CLIENT, TLS_APPLICATION_DATA, "0123456789", 10);
	talk_record(talk, TALK_SERVER, TLS_APPLICATION_DATA, "0123456789", 10);
}

static void
script_text(struct talk *talk, unsigned flags)
{
	static const char line[] = "GET / HTTP/1.1 without any TLS at all\r\n";

	for (unsigned i = 0; i < flags; i++) {
		talk_bytes(talk, TALK_CLIENT, line, sizeof(line) - 1);
		talk_bytes(talk, TALK_SERVER, line, sizeof(line) - 1);
	}
}

/*
 * The capture began late: the end of a record, and then whole ones.  What looks
 * like a header in the first bytes is none.
 */
static void
script_midstream(struct talk *talk, unsigned flags)
{
	static const uint8_t filler[6000];

	talk->minor = (uint8_t)flags;
	for (int i = 0; i < 2; i++) {
		talk_bytes(talk, i, "the end of a record \027\003\003", 23);
		talk_mark(talk, i);
		for (int n = 0; n < 3; n++)
			talk_record(talk, i, TLS_APPLICATION_DATA, filler,
				    sizeof(filler));
	}
}

static void
script_no_client(struct talk *talk, unsigned flags)
{
	script_tls12(talk, flags);
	talk->len[TALK_CLIENT] = 0;
}

static void
script_no_server(struct talk *talk, unsigned flags)
{
	script_tls12(talk, flags);
	/* It waited in front of its ChangeCipherSpec. */
	talk->mark[TALK_CLIENT] -= TLS_HEADER_BYTES + 1;
	talk->len[TALK_SERVER] = 0;
}

static void
script_refused(struct talk *talk, unsigned flags)
{
	uint8_t hello[256];
	size_t len = talk_client_hello(talk, hello);

	talk_record(talk, TALK_CLIENT, TLS_HANDSHAKE, hello, len);
	talk_alert(talk, TALK_SERVER, 2, (uint8_t)flags);
}

static void
script_cut(struct talk *talk, unsigned flags)
{
	script_tls13(talk, 0);
	for (int i = 0; i < 2; i++)
		talk->len[i] = talk->mark[i] - flags;
}

/* The ClientHello's session id claims more bytes than there are. */
static void
script_bad_hello(struct talk *talk, unsigned flags)
{
	script_tls13(talk, 0);
	talk->bytes[TALK_CLIENT][5 + 4 + 2 + 32] = (uint8_t)flags;
}

static void
script_huge_message(struct talk *talk, unsigned flags)
{
	script_hellos(talk, 0);
	for (int i = 0; i < 2; i++) {
		talk_record(talk, i, TLS_HANDSHAKE, "\013\002\000\001", 4);
		talk_mark(talk, i);
		talk_record(talk, i, (uint8_t)flags, "xx", 2);
	}
}

static void
script_bad_header(struct talk *talk, unsigned flags)
{
	script_hellos(talk, 0);
	for (int i = 0; i < 2; i++) {
		talk_mark(talk, i);
		talk_record(talk, i, (uint8_t)flags, "x", 1);
	}
}

/* A header that no record has stands where the Finished should. */
static void
script_bad_finished(struct talk *talk, unsigned flags)
{
	script_tls12(talk, 0);
	for (int i = 0; i < 2; i++)
		memset(talk->bytes[i] + talk->mark[i] + 3, 0xff, flags);
}

static void
script_no_change(struct talk *talk, unsigned flags)
{
	script_hellos(talk, flags);
	for (int i = 0; i < 2; i++) {
		talk_mark(talk, i);
		talk_data(talk, TALK_DATA, i, 50);
	}
}

/*
 * Records that no key opens.  The border is behind as many of them as the low
 * byte says for the client, the next one for the server.
 */
static void
script_long(struct talk *talk, unsigned flags)
{
	unsigned count[2] = {flags & 0xff, flags >> 8};

	script_hellos(talk, 0);
	for (int i = 0; i < 2; i++)
		for (unsigned n = 1; n <= count[i] + 3; n++) {
			talk_seal(talk, TALK_EARLY, i, TLS_HANDSHAKE, "x", 1);
			if (n == count[i])
				talk_mark(talk, i);
		}
}

static const struct scenario tls12[] = {
    {"plain", script_tls12, GCM12, 0, ALL, 0, BOTH(FOUND)},
    {"chacha", script_tls12, CHACHA12, 0, ALL, 0, BOTH(FOUND)},
    {"split", script_tls12, GCM12, SCRIPT_SPLIT, ALL, 0, BOTH(FOUND)},
    {"abbreviated", script_tls12, GCM12, SCRIPT_ABBREVIATED, ALL, 0,
     BOTH(FOUND)},
    {"no log", script_tls12, GCM12, 0, NO_LOG, 0, BOTH(HEADERS("no key log"))},
    {"no secret", script_tls12, GCM12, 0, 0, 0, BOTH(HEADERS(NO_SECRET))},
    {"wrong", script_tls12, GCM12, 0, ALL, ALL, BOTH(HEADERS(NOT_OPENED))},
    {"bad header", script_bad_finished, GCM12, 2, ALL, 0, BOTH(FOUND)},
    {"no change", script_no_change, GCM12, 0, ALL, 0,
     BOTH(HEADERS("no ChangeCipherSpec"))},
};

static const struct scenario cbc[] = {
    {"1.2 sha", script_tls12, HELLO(TLS_1_2, 0xc013), 0, ALL, 0, BOTH(FOUND)},
    {"1.2 sha256", script_tls12, HELLO(TLS_1_2, 0x003d), 0, ALL, 0,
     BOTH(FOUND)},
    {"1.2 sha384", script_tls12, HELLO(TLS_1_2, 0xc028), 0, ALL, 0,
     BOTH(FOUND)},
    {"1.1", script_old, HELLO(TLS_1_1, 0x002f), 2, ALL, 0, BOTH(FOUND)},
    {"1.1, 256 bits", script_old, HELLO(TLS_1_1, 0xc014), 2, ALL, 0,
     BOTH(FOUND)},
    {"no log", script_tls12, HELLO(TLS_1_2, 0xc028), 0, NO_LOG, 0,
     BOTH(HEADERS("no key log"))},
    {"1.1, no log", script_old, HELLO(TLS_1_1, 0xc013), 2, NO_LOG, 0,
     BOTH(HEADERS("no key log"))},
    {"wrong", script_tls12, HELLO(TLS_1_2, 0xc027), 0, ALL, ALL,
     BOTH(HEADERS(NOT_OPENED))},
    {"1.1, wrong", script_old, HELLO(TLS_1_1, 0xc013), 2, ALL, ALL,
     BOTH(HEADERS(NOT_OPENED))},
};

static const struct scenario refused[] = {
    {"ccm", script_tls12, HELLO(TLS_1_2, 0xc09c), 0, ALL, 0,
     BOTH(ASSUMED(NOT_A("TLS_RSA_WITH_AES_128_CCM")))},
    {"1.1 gcm", script_old, HELLO(TLS_1_1, 0xc02f), 2, ALL, 0,
     BOTH(DROPPED(NOT_A("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")))},
    {"1.1 sha256", script_old, HELLO(TLS_1_1, 0x003c), 2, ALL, 0,
     BOTH(DROPPED(NOT_A("TLS_RSA_WITH_AES_128_CBC_SHA256")))},
    {"1.3 suite in 1.1", script_old, HELLO(TLS_1_1, 0x1301), 2, ALL, 0,
     BOTH(DROPPED(NOT_A("TLS_AES_128_GCM_SHA256")))},
    {"unknown", script_tls12, HELLO(TLS_1_2, 0xfafa), 0, ALL, 0,
     BOTH(ASSUMED(NOT_A("0xFAFA")))},
    {"1.3 suite in 1.2", script_tls12, HELLO(TLS_1_2, 0x1304), 0, ALL, 0,
     BOTH(ASSUMED(NOT_A("TLS_AES_128_CCM_SHA256")))},
    {"etm",
     script_tls12,
     {.version = TLS_1_2, .suite_id = 0xc013, .encrypt_then_mac = true},
     0,
     ALL,
     0,
     BOTH(ASSUMED("encrypt-then-MAC"))},
    {"compression",
     script_tls12,
     {.version = TLS_1_2, .suite_id = 0xc02f, .compression = 1},
     0,
     ALL,
     0,
     BOTH(ASSUMED("TLS compression"))},
    {"1.1 etm",
     script_old,
     {.version = TLS_1_1, .suite_id = 0xc013, .encrypt_then_mac = true},
     2,
     ALL,
     0,
     BOTH(DROPPED("encrypt-then-MAC"))},
    {"1.0", script_old, HELLO(TLS_1_0, 0xc013), 1, ALL, 0,
     BOTH(DROPPED("TLS 1.0"))},
    {"ssl 3", script_old, HELLO(0x0300, 0x000a), 0, ALL, 0,
     BOTH(DROPPED("SSL 3.0"))},
    {"draft 18", script_draft, HELLO(0x7f12, 0x1301), 1, ALL, 0,
     BOTH(DROPPED("TLS 1.3 draft 18"))},
    {"draft 23", script_draft, HELLO(0x7f17, 0x1301), 3, ALL, 0,
     BOTH(ASSUMED("TLS 1.3 draft 23"))},
    {"draft 28", script_tls13, HELLO(0x7f1c, 0x1301), 0, ALL, 0, BOTH(FOUND)},
    {"future", script_tls12, HELLO(0x0403, 0xc02f), 0, ALL, 0,
     BOTH(ASSUMED("an unknown TLS version"))},
    {"1.3 ccm", script_tls13, HELLO(TLS_1_3, 0x1304), 0, ALL, 0,
     BOTH(GUESSED(NOT_A("TLS_AES_128_CCM_SHA256")))},
};

static const struct scenario tls13[] = {
    {"plain", script_tls13, GCM13, 0, ALL, 0, BOTH(FOUND)},
    {"chacha", script_tls13, CHACHA13, 0, ALL, 0, BOTH(FOUND)},
    {"coalesced", script_tls13, GCM13, SCRIPT_COALESCED, ALL, 0, BOTH(FOUND)},
    {"split", script_tls13, GCM13, SCRIPT_SPLIT | SCRIPT_CERTIFICATE, ALL, 0,
     BOTH(FOUND)},
    {"resumed", script_tls13, PSK13, 0, ALL, 0, BOTH(FOUND)},
    {"retry", script_retry, GCM13, 0, ALL, 0, BOTH(FOUND)},
    {"retry, early", script_retry, EARLY13, 0, ALL, 0, BOTH(FOUND)},
    {"early", script_tls13, EARLY13, 0, ALL, 0, BOTH(FOUND)},
    {"early, no secret", script_tls13, EARLY13, 0, NOT_EARLY, 0, BOTH(FOUND)},
    {"early rejected", script_tls13, EARLY13, SCRIPT_EARLY_REJECTED, ALL, 0,
     BOTH(FOUND)},
    {"early rejected, no secret", script_tls13, EARLY13, SCRIPT_EARLY_REJECTED,
     NOT_EARLY, 0, BOTH(FOUND)},
    {"data keys only", script_tls13, GCM13, 0, DATA_ONLY, 0, BOTH(FOUND_TRIED)},
    {"data keys only, early", script_tls13, EARLY13, 0, DATA_ONLY, 0,
     BOTH(FOUND_TRIED)},
    {"data keys only, no data", script_tls13, GCM13, SCRIPT_NO_DATA, DATA_ONLY,
     0, BOTH(TRYING("no record opens with the application key"))},
    {"data keys only, wrong", script_long, GCM13, 64 << 8 | 64, DATA_ONLY, 0,
     BOTH(INFERRED(NOT_OPENED))},
    {"flight keys only", script_tls13, GCM13, 0, FLIGHTS_ONLY, 0,
     BOTH(HEADERS("no application traffic secret"))},
    {"server keys only",
     script_tls13,
     GCM13,
     0,
     SERVER_ONLY,
     0,
     {INFERRED(NO_SECRET), FOUND}},
};

static const struct scenario keyless[] = {
    {"no log", script_tls13, GCM13, 0, NO_LOG, 0, BOTH(INFERRED("no key log"))},
    {"no secret", script_tls13, CHACHA13, 0, 0, 0, BOTH(INFERRED(NO_SECRET))},
    {"wrong", script_tls13, GCM13, 0, ALL, ALL, BOTH(INFERRED(NOT_OPENED))},
    {"wrong, early", script_tls13, EARLY13, 0, ALL, ALL,
     BOTH(INFERRED(NOT_OPENED))},
    {"certificate", script_tls13, GCM13, SCRIPT_CERTIFICATE, NO_LOG, 0,
     BOTH(INFERRED("no key log"))},
    {"coalesced", script_tls13, GCM13, SCRIPT_COALESCED, NO_LOG, 0,
     BOTH(INFERRED("no key log"))},
    {"resumed", script_tls13, PSK13, 0, NO_LOG, 0,
     BOTH(INFERRED("no key log"))},
    {"resumed, coalesced", script_tls13, PSK13, SCRIPT_COALESCED, NO_LOG, 0,
     BOTH(INFERRED("no key log"))},
    {"early", script_tls13, EARLY13, 0, NO_LOG, 0,
     BOTH(INFERRED("no key log"))},
    {"retry", script_retry, GCM13, 0, NO_LOG, 0, BOTH(INFERRED("no key log"))},
    {"limits", script_long, GCM13, 5 << 8 | 3, NO_LOG, 0,
     BOTH(INFERRED("no key log"))},
};

static const struct scenario others[] = {
    {"starttls", script_starttls, GCM13, 0, ALL, 0, BOTH(FOUND)},
    {"little text", script_text, GCM13, 10, ALL, 0, BOTH(OPEN("not TLS"))},
    {"much text", script_text, GCM13, 2000, ALL, 0, BOTH(LATE("not TLS"))},
    {"nothing", script_text, GCM13, 0, ALL, 0, BOTH(OPEN("no ClientHello"))},
    {"late capture", script_midstream, GCM13, 3, ALL, 0,
     BOTH(ASSUMED("no ServerHello"))},
    {"late capture of 1.0", script_midstream, GCM13, 1, ALL, 0,
     BOTH(DROPPED("TLS 1.0"))},
    {"late capture of 1.1", script_midstream, GCM13, 2, ALL, 0,
     BOTH(DROPPED("TLS 1.1"))},
    {"late capture of ssl 3", script_midstream, GCM13, 0, ALL, 0,
     BOTH(DROPPED("SSL 3.0"))},
    {"server only",
     script_no_client,
     GCM12,
     0,
     ALL,
     0,
     {OPEN("no ClientHello"), HEADERS("no ClientHello")}},
    {"client only",
     script_no_server,
     GCM12,
     0,
     ALL,
     0,
     {ASSUMED("no ServerHello"), OPEN("no ServerHello")}},
    {"refused", script_refused, GCM12, 40, ALL, 0,
     BOTH(OPEN("handshake failed (alert)"))},
    {"closed early", script_refused, GCM12, 0, ALL, 0,
     BOTH(OPEN("no ServerHello"))},
    {"cut", script_cut, GCM13, 1, ALL, 0, BOTH(OPEN("handshake not finished"))},
    {"session id overrun", script_bad_hello, GCM13, 255, ALL, 0, BOTH(FOUND)},
    {"huge message", script_huge_message, GCM12, 22, ALL, 0,
     BOTH(DROPPED("a handshake message over 128 KiB"))},
    {"bad header", script_bad_header, GCM12, 99, ALL, 0,
     BOTH(DROPPED("a malformed record"))},
    {"bad header in 1.3", script_bad_header, GCM13, 99, ALL, 0,
     BOTH(DROPPED("a malformed record"))},
};

static enum outcome
outcome_of(const struct tls_ear *ear, int direction)
{
	if (!ear->decided[direction])
		return NOTHING;
	if (ear->install[direction].kind == HANDSHAKE_GIVE_UP)
		return GAVE_UP;
	return ear->install[direction].model ? MODEL : REAL;
}

static void
check_key(const struct talk *talk, const struct tls_ear *ear, int direction)
{
	const struct ktls_key *key = &ear->install[direction].key;
	const struct ktls_key *right = &talk->key[TALK_DATA][direction];

	ck_assert_int_eq(key->version, right->version);
	ck_assert_int_eq(key->cipher, right->cipher);
	ck_assert_int_eq(key->key_len, right->key_len);
	ck_assert_int_eq(key->iv_len, right->iv_len);
	ck_assert_mem_eq(key->key, right->key, right->key_len);
	ck_assert_mem_eq(key->iv, right->iv, right->iv_len);
	ck_assert_int_eq(key->mac, right->mac);
	ck_assert_int_eq(key->mac_key_len, right->mac_key_len);
	ck_assert_mem_eq(key->mac_key, right->mac_key, right->mac_key_len);
	ck_assert_uint_eq(key->rec_seq, 0);
}

/* A model session is charged as the suite, or as the assumed one. */
static void
check_model(const struct talk *talk, const struct tls_ear *ear, int direction,
	    enum handshake_timed_from timed_from)
{
	const struct ktls_key *key = &ear->install[direction].key;
	enum tls_cipher cipher = TLS_CIPHER_AES_GCM;

	if (timed_from == HANDSHAKE_TIMED_HEADERS) {
		cipher = talk->suite->cipher;
		ck_assert_int_eq(key->mac, talk->suite->mac);
	}
	ck_assert_int_eq(key->cipher, cipher);
	ck_assert_int_eq(ktls_key_check(key), 0);
}

static void
check_side(const struct scenario *scenario, const struct talk *talk,
	   const struct tls_ear *ear, int direction, uint32_t seed)
{
	const struct expected *expected = &scenario->expected[direction];
	enum outcome outcome = outcome_of(ear, direction);
	struct handshake_info info;
	bool same;

	handshake_read_info(ear->hs, &info);
	same = strcmp(info.reason[direction], expected->reason) == 0 &&
	       outcome == expected->outcome &&
	       info.timed_from[direction] == expected->timed_from &&
	       info.border_inferred[direction] == expected->inferred;
	if (!expected->anywhere)
		same = same && ear->at[direction] == talk->mark[direction];
	ck_assert_msg(same,
		      "%s, direction %d, seed %u: outcome %d at %zu of %zu, "
		      "timed from %d, inferred %d: %s",
		      scenario->name, direction, seed, (int)outcome,
		      ear->at[direction], talk->mark[direction],
		      (int)info.timed_from[direction],
		      info.border_inferred[direction], info.reason[direction]);
	if (outcome == REAL)
		check_key(talk, ear, direction);
	if (outcome == MODEL)
		check_model(talk, ear, direction, expected->timed_from);
}

static void
finish(struct tls_ear *ear)
{
	handshake_end(ear->hs, FLOW_CLIENT_TO_SERVER, false);
	handshake_end(ear->hs, FLOW_SERVER_TO_CLIENT, false);
	tls_ear_offer_all(ear);
}

static void
check_scenario(const struct scenario *scenario)
{
	struct keylog *keylog = NULL;
	struct tls_ear ear;
	struct talk talk;

	talk_init(&talk, &scenario->hello);
	scenario->script(&talk, scenario->flags);
	if (scenario->log != NO_LOG) {
		keylog = keylog_create();
		talk_log(&talk, keylog, scenario->log, scenario->wrong);
	}
	for (uint32_t seed = 0; seed <= PIECES; seed++) {
		tls_ear_init(&ear, &talk, keylog);
		if (seed == 0)
			tls_ear_offer_all(&ear);
		else
			tls_ear_offer_pieces(&ear, seed);
		finish(&ear);
		for (int i = 0; i < 2; i++)
			check_side(scenario, &talk, &ear, i, seed);
		tls_ear_fini(&ear);
	}
	keylog_destroy(keylog);
	talk_fini(&talk);
}

START_TEST(test_handshake_border_tls12_begins_behind_the_change_of_cipher)
{
	check_scenario(&tls12[_i]);
}
END_TEST

START_TEST(test_handshake_border_takes_cbc_in_tls11_and_tls12)
{
	check_scenario(&cbc[_i]);
}
END_TEST

START_TEST(test_handshake_border_names_what_ktls_does_not_take)
{
	check_scenario(&refused[_i]);
}
END_TEST

START_TEST(test_handshake_border_tls13_begins_behind_the_finished)
{
	check_scenario(&tls13[_i]);
}
END_TEST

START_TEST(test_handshake_border_infers_the_border_without_keys)
{
	check_scenario(&keyless[_i]);
}
END_TEST

START_TEST(test_handshake_border_copes_with_streams_that_are_not_whole)
{
	check_scenario(&others[_i]);
}
END_TEST

Suite *handshake_border_suite(void);

Suite *
handshake_border_suite(void)
{
	const struct suite_test tests[] = {
	    {"tls12_begins_behind_the_change_of_cipher",
	     test_handshake_border_tls12_begins_behind_the_change_of_cipher,
	     ROWS(tls12)},
	    {"takes_cbc_in_tls11_and_tls12",
	     test_handshake_border_takes_cbc_in_tls11_and_tls12, ROWS(cbc)},
	    {"names_what_ktls_does_not_take",
	     test_handshake_border_names_what_ktls_does_not_take,
	     ROWS(refused)},
	    {"tls13_begins_behind_the_finished",
	     test_handshake_border_tls13_begins_behind_the_finished,
	     ROWS(tls13)},
	    {"infers_the_border_without_keys",
	     test_handshake_border_infers_the_border_without_keys,
	     ROWS(keyless)},
	    {"copes_with_streams_that_are_not_whole",
	     test_handshake_border_copes_with_streams_that_are_not_whole,
	     ROWS(others)},
	};

	return suite_create_table("handshake_border", tests, ROWS(tests), NULL,
				  NULL, 60);
}
