/*
 * test_handshake.c - the automaton as a reader sees it: what it waits for, what
 * it counts, and what it says of a connection.
 *
 * Method: whole handshakes from tests/support/tls_scripts.c, fed as a modelled
 * reader would.  Where KTLS takes over is test_handshake_border.c's matter.
 */
#include "traces/handshake.h"

#include "tests/support/crypto_faults.h"
#include "tests/support/suite_table.h"
#include "tests/support/tls_ear.h"
#include "tests/support/tls_scripts.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define BIT(label)  (1u << KEYLOG_##label)

enum {
	ALL = (1u << KEYLOG_LABEL_COUNT) - 1,
	DATA_ONLY = BIT(CLIENT_TRAFFIC_SECRET_0) | BIT(SERVER_TRAFFIC_SECRET_0),
	NOT_EARLY = ALL & ~BIT(CLIENT_EARLY_TRAFFIC_SECRET),
	PIECES = 40, /* random cuttings of a row */
};

#define HELLO(v, id)                             \
	{                                        \
		.version = (v), .suite_id = (id) \
	}
#define GCM12	 HELLO(TLS_1_2, 0xc02f)
#define CHACHA12 HELLO(TLS_1_2, 0xcca8)
#define GCM13	 HELLO(TLS_1_3, 0x1302)
#define PSK13                                                                  \
	{                                                                      \
		.version = TLS_1_3, .suite_id = 0x1301, .pre_shared_key = true \
	}
#define EARLY13                                                             \
	{                                                                   \
		.version = TLS_1_3, .suite_id = 0x1301, .early_data = true, \
		.pre_shared_key = true                                      \
	}

struct rig {
	struct talk talk;
	struct keylog *keylog;
	struct tls_ear ear;
};

static void
rig_init(struct rig *rig, const struct talk_hello *hello, unsigned log,
	 void (*script)(struct talk *talk, unsigned flags), unsigned flags)
{
	talk_init(&rig->talk, hello);
	script(&rig->talk, flags);
	rig->keylog = keylog_create();
	talk_log(&rig->talk, rig->keylog, log, 0);
	tls_ear_init(&rig->ear, &rig->talk, rig->keylog);
}

static void
rig_fini(struct rig *rig)
{
	tls_ear_fini(&rig->ear);
	keylog_destroy(rig->keylog);
	talk_fini(&rig->talk);
}

/* What counts as 0-RTT data: records and bytes. */
struct early_row {
	void (*script)(struct talk *talk, unsigned flags);
	unsigned flags, log;
	uint32_t records;
	size_t bytes;
};

static const struct early_row early_rows[] = {
    {script_tls13, 0, ALL, 2, 700},
    {script_tls13, 0, DATA_ONLY | BIT(CLIENT_EARLY_TRAFFIC_SECRET), 2, 700},
    {script_tls13, 0, BIT(CLIENT_EARLY_TRAFFIC_SECRET), 2, 700},
    {script_tls13, SCRIPT_EARLY_REJECTED, ALL, 0, 0},
    {script_tls13, 0, NOT_EARLY, 0, 0},
    {script_retry, 0, ALL, 0, 0},
};

START_TEST(test_handshake_counts_early_data_that_the_server_took)
{
	const struct early_row *row = &early_rows[_i];
	const struct talk_hello hello = EARLY13;
	struct handshake_info info;

	for (uint32_t seed = 1; seed <= PIECES; seed++) {
		struct rig rig;

		rig_init(&rig, &hello, row->log, row->script, row->flags);
		tls_ear_offer_pieces(&rig.ear, seed);
		ck_assert_uint_eq(rig.ear.early_records, row->records);
		ck_assert_uint_eq(rig.ear.early_bytes, row->bytes);
		handshake_read_info(rig.ear.hs, &info);
		ck_assert(info.early_data_offered);
		rig_fini(&rig);
	}
}
END_TEST

/* One row per field of the info that a whole handshake fills in. */
START_TEST(test_handshake_info_tells_what_was_negotiated)
{
	const struct talk_hello hello = PSK13, hello12 = CHACHA12;
	struct handshake_info info;
	struct rig rig;

	rig_init(&rig, &hello, ALL, script_retry, 0);
	tls_ear_offer_all(&rig.ear);
	handshake_read_info(rig.ear.hs, &info);
	ck_assert_int_eq(info.version, TLS_1_3);
	ck_assert(info.suite_known && info.client_hello_seen);
	ck_assert_uint_eq(info.suite_id, 0x1301);
	ck_assert(info.hello_retry && info.resumed);
	/* Two hellos and the Finished; two hellos and a flight of two. */
	ck_assert_uint_eq(info.handshake_records[TALK_CLIENT], 3);
	ck_assert_uint_eq(info.handshake_records[TALK_SERVER], 4);
	rig_fini(&rig);
	rig_init(&rig, &hello12, ALL, script_tls12, SCRIPT_ABBREVIATED);
	tls_ear_offer_all(&rig.ear);
	handshake_read_info(rig.ear.hs, &info);
	ck_assert_int_eq(info.version, TLS_1_2);
	ck_assert_uint_eq(info.suite_id, 0xcca8);
	ck_assert(info.resumed && !info.hello_retry);
	rig_fini(&rig);
}
END_TEST

START_TEST(test_handshake_counts_bytes_before_tls)
{
	const struct talk_hello hello = GCM13;
	struct handshake_info info;
	struct rig rig;

	rig_init(&rig, &hello, ALL, script_starttls, 0);
	/* Nobody may swallow the ServerHello before the ClientHello came. */
	tls_ear_offer(&rig.ear, TALK_SERVER, rig.talk.len[TALK_SERVER]);
	ck_assert_uint_eq(rig.ear.at[TALK_SERVER], 48);
	tls_ear_offer_all(&rig.ear);
	handshake_read_info(rig.ear.hs, &info);
	ck_assert_uint_eq(info.plaintext_bytes[TALK_CLIENT], 23);
	ck_assert_uint_eq(info.plaintext_bytes[TALK_SERVER], 48);
	rig_fini(&rig);
}
END_TEST

START_TEST(test_handshake_waits_for_the_other_direction)
{
	const struct talk_hello hello = GCM12;
	struct handshake_output output;
	struct rig rig;
	size_t hellos;

	rig_init(&rig, &hello, ALL, script_tls12, 0);
	tls_ear_offer(&rig.ear, TALK_CLIENT, rig.talk.len[TALK_CLIENT]);
	hellos = rig.ear.at[TALK_CLIENT];
	ck_assert_uint_eq(hellos, rig.talk.mark[TALK_CLIENT] - 6);
	ck_assert_int_eq(handshake_read(rig.ear.hs, FLOW_CLIENT_TO_SERVER,
					rig.talk.bytes[TALK_CLIENT] + hellos,
					60, &output),
			 0);
	ck_assert_uint_eq(output.consumed, 0);
	ck_assert(!output.need_more);
	tls_ear_offer_all(&rig.ear);
	ck_assert(rig.ear.decided[TALK_CLIENT]);
	rig_fini(&rig);
}
END_TEST

START_TEST(test_handshake_asks_for_the_rest_of_a_record)
{
	const struct talk_hello hello = GCM12;
	struct handshake_output output;
	struct rig rig;

	rig_init(&rig, &hello, ALL, script_tls12, 0);
	for (size_t len = 0; len < 40; len++) {
		ck_assert_int_eq(
		    handshake_read(rig.ear.hs, FLOW_CLIENT_TO_SERVER,
				   rig.talk.bytes[TALK_CLIENT], len, &output),
		    0);
		ck_assert_uint_eq(output.consumed, 0);
		ck_assert(output.need_more);
	}
	rig_fini(&rig);
}
END_TEST

/* Which reason a hole gives, by the direction that has it. */
START_TEST(test_handshake_names_a_hole)
{
	const struct talk_hello hello = GCM13;
	struct handshake_info info;
	struct rig rig;

	rig_init(&rig, &hello, ALL, script_tls13, 0);
	tls_ear_offer(&rig.ear, TALK_CLIENT, rig.talk.len[TALK_CLIENT]);
	handshake_end(rig.ear.hs, FLOW_SERVER_TO_CLIENT, true);
	handshake_read_info(rig.ear.hs, &info);
	ck_assert_str_eq(info.reason[TALK_SERVER], "a hole that never fills");
	ck_assert_str_eq(info.reason[TALK_CLIENT], "a hole that never fills");
	/* The client's direction need not wait any longer. */
	tls_ear_offer(&rig.ear, TALK_CLIENT, rig.talk.len[TALK_CLIENT]);
	handshake_read_info(rig.ear.hs, &info);
	ck_assert_str_eq(info.reason[TALK_CLIENT], "no ServerHello");
	ck_assert(rig.ear.install[TALK_CLIENT].model);
	rig_fini(&rig);
}
END_TEST

/* Memory is short once, at every request of OpenSSL in turn. */
START_TEST(test_handshake_says_that_memory_is_short_and_goes_on)
{
	const struct talk_hello hellos[] = {GCM12, GCM13, EARLY13};
	unsigned faults = 0;
	bool hit = true;

	for (uint64_t nth = 1; hit; nth++) {
		struct rig rig;

		rig_init(&rig, &hellos[_i], ALL,
			 _i == 0 ? script_tls12 : script_tls13, 0);
		rig.ear.short_of_memory = true;
		crypto_faults_after(nth);
		tls_ear_offer_all(&rig.ear);
		hit = crypto_faults_hit();
		crypto_faults_after(0);
		faults += rig.ear.faults;
		tls_ear_offer_all(&rig.ear);
		for (int i = 0; i < 2; i++) {
			ck_assert(rig.ear.decided[i]);
			ck_assert(!rig.ear.install[i].model);
			ck_assert_uint_eq(rig.ear.at[i], rig.talk.mark[i]);
		}
		rig_fini(&rig);
	}
	ck_assert_uint_gt(faults, 2);
}
END_TEST

Suite *handshake_suite(void);

Suite *
handshake_suite(void)
{
	const struct suite_test tests[] = {
	    {"counts_early_data_that_the_server_took",
	     test_handshake_counts_early_data_that_the_server_took,
	     ROWS(early_rows)},
	    {"info_tells_what_was_negotiated",
	     test_handshake_info_tells_what_was_negotiated, 0},
	    {"counts_bytes_before_tls", test_handshake_counts_bytes_before_tls,
	     0},
	    {"waits_for_the_other_direction",
	     test_handshake_waits_for_the_other_direction, 0},
	    {"asks_for_the_rest_of_a_record",
	     test_handshake_asks_for_the_rest_of_a_record, 0},
	    {"says_that_memory_is_short_and_goes_on",
	     test_handshake_says_that_memory_is_short_and_goes_on, 3},
	    {"names_a_hole", test_handshake_names_a_hole, 0},
	};

	crypto_faults_install();
	return suite_create_table("handshake", tests, ROWS(tests), NULL, NULL,
				  60);
}
