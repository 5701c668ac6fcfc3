/*
 * test_ktls_nic.c - what the engine tells a NIC, and a NIC with an old key.
 *
 * The oracle of the second half is the key stream itself: what a NIC hands up
 * that went on with the key from before a KeyUpdate is the wire's bytes with
 * that key's stream over them.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "engine/aead_ctr.h"
#include "engine/effects.h"
#include "engine/ktls_rx.h"
#include "tests/support/rx_fixture.h"
#include "tests/support/suite_table.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))

enum {
	PAYLOAD = 600,
	PACKETS = 3,
	PACKET = 200,
	FIRST = 5, /* number of the first record */
};

static struct rx_fixture fx;
static struct rx_read got;
static uint8_t payload[PAYLOAD];
static uint8_t wire[RX_RECORD_MAX];
static size_t wire_len;

static void
setup(void)
{
	struct ktls_key key = rx_key(TLS_1_3, TLS_CIPHER_AES_GCM, 16, 7);

	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(1 + i % 255);
	key.rec_seq = FIRST;
	rx_init(&fx, &key, KTLS_CRYPTO_REAL);
	rx_enable(&fx);
	fx.so.so_rcv.sb_tls_info->ifnet = true;
}

static void
teardown(void)
{
	rx_fini(&fx);
}

/* Feed the next record; `nic` is what the NIC makes of its marked packets. */
static void
feed(unsigned marks, const uint8_t *nic)
{
	for (unsigned i = 0; i < PACKETS; i++) {
		size_t from = i * PACKET;
		size_t len = i + 1 < PACKETS ? PACKET : wire_len - from;

		if (marks & 1u << i)
			rx_feed_decrypted(&fx, nic + from, len);
		else
			rx_feed(&fx, wire + from, len);
	}
}

static void
make_record(void)
{
	wire_len =
	    rx_record(&fx, TLS_APPLICATION_DATA, payload, PAYLOAD, 0, wire);
}

static void
expect_payload(void)
{
	rx_read(&fx, RX_RECORD_MAX, 0, &got);
	ck_assert_int_eq(got.result.error, 0);
	ck_assert_uint_eq(got.result.bytes, PAYLOAD);
	ck_assert_mem_eq(got.bytes, payload, PAYLOAD);
}

/* A record, and what the driver of the NIC is told of it. */
struct report_row {
	unsigned marks;
	bool reported;
	bool lost; /* SB_TLS_RX_RESYNC afterwards: else, of length 0 */
};

static const struct report_row reports[] = {
    {7, false, false}, {0, true, true},	 {0, true, true},
    {3, true, true},   {7, true, false}, {7, false, false},
    {6, true, true},   {7, true, false}, {0, true, true},
};

START_TEST(test_ktls_nic_hears_of_records_that_it_did_not_decrypt)
{
	for (int i = 0; i < COUNT(reports); i++) {
		const struct report_row *row = &reports[i];

		make_record();
		fx.effects = 0;
		feed(row->marks, fx.nic);
		rx_pass(&fx);
		ck_assert_msg(((fx.effects & ENGINE_RX_RESYNC) != 0) ==
				  row->reported,
			      "record %d", i);
		ck_assert(((fx.so.so_rcv.sb_flags & SB_TLS_RX_RESYNC) != 0) ==
			  row->lost);
		expect_payload();
	}
}
END_TEST

START_TEST(test_ktls_nic_without_a_tag_hears_nothing)
{
	fx.so.so_rcv.sb_tls_info->ifnet = false;
	make_record();
	fx.effects = 0;
	feed((unsigned)_i, fx.nic);
	rx_pass(&fx);
	ck_assert_uint_eq(fx.effects & ENGINE_RX_RESYNC, 0);
	expect_payload();
}
END_TEST

START_TEST(test_ktls_nic_does_not_hear_of_a_record_that_fails)
{
	make_record();
	wire[wire_len - 1] ^= 1;
	fx.effects = 0;
	feed(0, NULL);
	rx_pass(&fx);
	ck_assert_uint_eq(fx.effects & ENGINE_RX_RESYNC, 0);
	ck_assert_uint_eq(fx.so.so_rcv.sb_flags & SB_TLS_RX_RESYNC, 0);
	rx_read(&fx, RX_RECORD_MAX, 0, &got);
	ck_assert_int_eq(got.result.error, EBADMSG);
}
END_TEST

/* The record in `wire` as a NIC with this key, at this number, makes it. */
static void
decrypt_with(const struct ktls_key *key, uint64_t seqno, uint8_t *nic)
{
	uint8_t nonce[TLS_NONCE_BYTES];
	struct aead_ctr *ctr;
	uint32_t text = (uint32_t)wire_len - TLS_HEADER_BYTES - TLS_TAG_BYTES;

	tls_nonce(key, seqno, NULL, nonce);
	ctr = aead_ctr_create(key, nonce);
	ck_assert_ptr_nonnull(ctr);
	memcpy(nic, wire, wire_len);
	ck_assert_int_eq(aead_ctr_xor(ctr, 0, nic + TLS_HEADER_BYTES, text), 0);
	aead_ctr_destroy(ctr);
}

static void
take_next_key(uint64_t bytes)
{
	struct ktls_key next = rx_key(TLS_1_3, TLS_CIPHER_AES_GCM, 16, 9);
	unsigned effects = 0;

	ktls_rx_keep_nic_key(&fx.so, bytes);
	ck_assert_int_eq(ktls_rx_next_key(&fx.so, &next, &effects), 0);
	fx.effects |= effects;
	rx_change_key(&fx, &next);
}

/*
 * Three records behind a KeyUpdate, of which the NIC has seen `seen` before it
 * was told, each with the pattern _i of marks; then one by a NIC that has the
 * new key.
 */
START_TEST(test_ktls_nic_with_an_old_key_does_no_harm)
{
	uint8_t nic[RX_RECORD_MAX];
	const struct ktls_key old = fx.first_key;
	unsigned marks = (unsigned)_i % 8, seen = 1 + (unsigned)_i / 8;

	make_record();
	feed(7, fx.nic);
	rx_pass(&fx);
	expect_payload();
	take_next_key(seen * (PAYLOAD + 22) - 1);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert(ktls_rx_nic_drained(&fx.so) == (i >= seen));
		make_record();
		decrypt_with(&old, FIRST + 1 + i, nic);
		feed(i < seen ? marks : 0, nic);
		rx_pass(&fx);
		expect_payload();
	}
	ck_assert(ktls_rx_nic_drained(&fx.so));
	make_record();
	feed(7, fx.nic);
	rx_pass(&fx);
	expect_payload();
	ck_assert_uint_eq(fx.counters.tls13_gcm_recrypts,
			  marks == 0 ? 0 : seen);
}
END_TEST

START_TEST(test_ktls_nic_that_saw_nothing_of_a_new_key_keeps_no_old_one)
{
	take_next_key(0);
	ck_assert(ktls_rx_nic_drained(&fx.so));
	make_record();
	feed((unsigned)_i, fx.nic);
	rx_pass(&fx);
	expect_payload();
}
END_TEST

/* The key may not be kept while a record of it is in a worker's hands. */
START_TEST(test_ktls_nic_is_not_drained_while_a_record_is_detached)
{
	struct ktls_rx_job job;
	unsigned effects;
	bool delivered;

	make_record();
	feed(7, fx.nic);
	ck_assert(ktls_rx_nic_drained(&fx.so));
	ck_assert_int_eq(ktls_rx_begin(&fx.so, &job, &fx.counters, &effects),
			 KTLS_RX_RECORD);
	ck_assert(!ktls_rx_nic_drained(&fx.so));
	ktls_rx_crypt(&job);
	ck_assert(!ktls_rx_nic_drained(&fx.so));
	ktls_rx_finish(&fx.so, &job, &fx.counters, &delivered);
	ck_assert(ktls_rx_nic_drained(&fx.so));
	ktls_rx_end_pass(&fx.so);
	expect_payload();
}
END_TEST

Suite *ktls_nic_suite(void);

Suite *
ktls_nic_suite(void)
{
	const struct suite_test tests[] = {
	    {"hears", test_ktls_nic_hears_of_records_that_it_did_not_decrypt,
	     0},
	    {"without_a_tag", test_ktls_nic_without_a_tag_hears_nothing, 8},
	    {"fails", test_ktls_nic_does_not_hear_of_a_record_that_fails, 0},
	    {"old_key", test_ktls_nic_with_an_old_key_does_no_harm, 24},
	    {"detached",
	     test_ktls_nic_is_not_drained_while_a_record_is_detached, 0},
	    {"saw_nothing",
	     test_ktls_nic_that_saw_nothing_of_a_new_key_keeps_no_old_one, 8},
	};

	return suite_create_table("ktls_nic", tests, (size_t)COUNT(tests),
				  setup, teardown, 0);
}
