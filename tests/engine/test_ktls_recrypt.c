/*
 * test_ktls_recrypt.c - records that a NIC has decrypted, whole or in part.
 *
 * The oracle is the sender, which knows the plaintext: the bytes that a NIC
 * would hand up are made of it, without any cipher.
 */
#include "engine/ktls_recrypt.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#include "engine/effects.h"
#include "engine/mbuf.h"
#include "tests/support/rx_fixture.h"
#include "tests/support/suite_table.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

enum {
	PAYLOAD = 601,
	PACKETS_MAX = 6,
	TAG = TLS_TAG_BYTES,
};

struct suite_row {
	enum tls_version version;
	enum tls_cipher cipher;
	uint8_t key_len;
};

static const struct suite_row suites[] = {
    {TLS_1_2, TLS_CIPHER_AES_GCM, 16},
    {TLS_1_2, TLS_CIPHER_AES_GCM, 32},
    {TLS_1_3, TLS_CIPHER_AES_GCM, 16},
    {TLS_1_3, TLS_CIPHER_AES_GCM, 32},
};

/* Where a record of 6 packets is cut; of fewer, the first cuts. */
static const size_t cuts[][PACKETS_MAX] = {
    {100, 200, 300, 400, 500, 600}, {3, 7, 14, 30, 31, 333},
    {5, 13, 20, 612, 616, 620},	    {16, 32, 48, 64, 80, 96},
    {1, 2, 4, 617, 622, 623},
};

static struct rx_fixture fx;
static struct rx_read got;
static uint8_t payload[PAYLOAD];
static uint8_t wire[RX_RECORD_MAX];
static size_t wire_len;

static void
setup(void)
{
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(1 + (i * 31 + i / 251) % 255);
}

static void
teardown(void)
{
	rx_fini(&fx);
}

static void
begin(const struct suite_row *row, enum ktls_crypto crypto, uint64_t seqno)
{
	struct ktls_key key =
	    rx_key(row->version, row->cipher, row->key_len, 7);

	key.rec_seq = seqno;
	rx_init(&fx, &key, crypto);
	rx_enable(&fx);
}

static void
make_record(void)
{
	wire_len =
	    rx_record(&fx, TLS_APPLICATION_DATA, payload, PAYLOAD, 0, wire);
}

/* Feed the record in `packets` packets, marked where `marks` has a bit. */
static void
feed(const size_t *cut, unsigned packets, unsigned marks)
{
	size_t from = 0;

	for (unsigned i = 0; i < packets; i++) {
		size_t to = i + 1 < packets ? cut[i] : wire_len;

		if (marks & 1u << i)
			rx_feed_decrypted(&fx, fx.nic + from, to - from);
		else
			rx_feed(&fx, wire + from, to - from);
		from = to;
	}
}

static void
expect_payload(void)
{
	rx_read(&fx, RX_RECORD_MAX, 0, &got);
	ck_assert_int_eq(got.result.error, 0);
	ck_assert(got.result.has_record && got.result.eor);
	ck_assert_uint_eq(got.result.record.tls_type, TLS_APPLICATION_DATA);
	ck_assert_uint_eq(got.result.bytes, PAYLOAD);
	ck_assert_mem_eq(got.bytes, payload, PAYLOAD);
}

static void
expect_error(int error)
{
	rx_read(&fx, RX_RECORD_MAX, 0, &got);
	ck_assert_int_eq(got.result.error, error);
	rx_read(&fx, RX_RECORD_MAX, 0, &got);
	ck_assert_int_eq(got.result.error, EWOULDBLOCK);
}

static uint64_t
recrypts(void)
{
	return fx.counters.tls12_gcm_recrypts + fx.counters.tls13_gcm_recrypts;
}

static uint64_t
decrypts(void)
{
	return fx.counters.tls12_gcm_decrypts + fx.counters.tls13_gcm_decrypts;
}

/* Every pattern of marks over the packets of one record; returns their number.
 */
static unsigned
run_patterns(const size_t *cut, unsigned packets)
{
	for (unsigned marks = 0; marks < 1u << packets; marks++) {
		make_record();
		feed(cut, packets, marks);
		rx_pass(&fx);
		expect_payload();
	}
	return 1u << packets;
}

START_TEST(test_ktls_recrypt_every_packet_pattern_gives_the_plaintext)
{
	uint64_t records = 0, whole = 0, mixed = 0;

	begin(&suites[_i], KTLS_CRYPTO_REAL, 5);
	for (int c = 0; c < COUNT(cuts); c++)
		for (unsigned n = 1; n <= PACKETS_MAX; n++) {
			records += run_patterns(cuts[c], n);
			whole += 1;
			mixed += (1u << n) - 2;
		}
	ck_assert_uint_eq(recrypts(), mixed);
	ck_assert_uint_eq(decrypts(), records - whole);
	ck_assert_uint_eq(fx.counters.failed_crypto, 0);
}
END_TEST

/* Packets that a worker finds already compacted, several records at once. */
START_TEST(test_ktls_recrypt_compaction_keeps_marks_apart)
{
	begin(&suites[_i], KTLS_CRYPTO_REAL, 5);
	for (unsigned marks = 0; marks < 64; marks++) {
		make_record();
		feed(cuts[3], 6, marks);
	}
	rx_pass(&fx);
	for (unsigned marks = 0; marks < 64; marks++)
		expect_payload();
	ck_assert_uint_eq(recrypts(), 62);
}
END_TEST

/* One packet carries the end of a record and the head of the next. */
START_TEST(test_ktls_recrypt_a_split_packet_marks_both_records)
{
	uint8_t both[2][2 * RX_RECORD_MAX];
	size_t first;

	begin(&suites[_i], KTLS_CRYPTO_REAL, 5);
	make_record();
	first = wire_len;
	memcpy(both[0], wire, wire_len);
	memcpy(both[1], fx.nic, wire_len);
	make_record();
	memcpy(both[0] + first, wire, wire_len);
	memcpy(both[1] + first, fx.nic, wire_len);
	rx_feed(&fx, both[0], 300);
	rx_feed_decrypted(&fx, both[1] + 300, first);
	rx_feed(&fx, both[0] + 300 + first, wire_len - 300);
	rx_pass(&fx);
	expect_payload();
	expect_payload();
	ck_assert_uint_eq(recrypts(), 2);
}
END_TEST

START_TEST(test_ktls_recrypt_a_bad_tag_is_found_in_either_part)
{
	for (unsigned marks = 0; marks < 7; marks++) {
		begin(&suites[_i], KTLS_CRYPTO_REAL, 5);
		make_record();
		wire[wire_len - 1] ^= 0x40;
		fx.nic[wire_len - 1] ^= 0x40;
		feed(cuts[0], 3, marks);
		rx_pass(&fx);
		expect_error(EBADMSG);
		ck_assert_uint_eq(fx.counters.failed_crypto, 1);
		ck_assert_uint_eq(recrypts(), marks != 0);
		if (marks < 6)
			rx_fini(&fx);
	}
}
END_TEST

/* The text itself was changed in a packet that the NIC decrypted, or not. */
START_TEST(test_ktls_recrypt_changed_text_is_found_in_either_part)
{
	for (unsigned marks = 0; marks < 7; marks++) {
		begin(&suites[_i], KTLS_CRYPTO_REAL, 5);
		make_record();
		wire[150] ^= 1;
		fx.nic[150] ^= 1;
		feed(cuts[0], 3, marks);
		rx_pass(&fx);
		expect_error(EBADMSG);
		if (marks < 6)
			rx_fini(&fx);
	}
}
END_TEST

/* Rule R10: software does not look; the NIC may mark the tag's packet only
   where it has verified it. */
START_TEST(test_ktls_recrypt_a_fully_marked_record_is_trusted)
{
	begin(&suites[_i], KTLS_CRYPTO_REAL, 5);
	make_record();
	fx.nic[wire_len - 1] ^= 0x40;
	feed(cuts[0], 3, 7);
	rx_pass(&fx);
	expect_payload();
	ck_assert_uint_eq(decrypts(), 0);
	ck_assert_uint_eq(fx.counters.failed_crypto, 0);
}
END_TEST

/* Rule R9. */
START_TEST(test_ktls_recrypt_a_marked_record_has_a_least_length)
{
	bool tls13 = suites[_i].version == TLS_1_3;
	uint8_t body[32] = {TLS_APPLICATION_DATA, 3, 3, 0, tls13 ? 16 : 23};

	begin(&suites[_i], KTLS_CRYPTO_REAL, 5);
	rx_feed_decrypted(&fx, body, TLS_HEADER_BYTES + (size_t)body[4]);
	rx_pass(&fx);
	expect_error(EMSGSIZE);
}
END_TEST

START_TEST(test_ktls_recrypt_a_marked_record_of_zeros_has_no_type)
{
	const uint8_t zeros[40] = {0};

	begin(&suites[2 + _i], KTLS_CRYPTO_REAL, 5);
	for (unsigned marks = 0; marks < 8; marks++) {
		wire_len = rx_record_raw(&fx, TLS_APPLICATION_DATA, zeros,
					 sizeof(zeros), wire);
		feed(cuts[3], 3, marks);
		rx_pass(&fx);
		expect_error(EBADMSG);
	}
}
END_TEST

START_TEST(test_ktls_recrypt_record_numbers_wrap)
{
	begin(&suites[_i], KTLS_CRYPTO_REAL, UINT64_MAX - 3);
	for (unsigned i = 0; i < 8; i++) {
		make_record();
		feed(cuts[0], 3, i);
		rx_pass(&fx);
		expect_payload();
	}
	ck_assert_uint_eq(fx.so.so_rcv.sb_tls_seqno, 4);
}
END_TEST

/* No NIC has this cipher: a mark is nonsense, whole or in part. */
START_TEST(test_ktls_recrypt_marks_without_gcm_do_not_open)
{
	const struct suite_row row = {TLS_1_3, TLS_CIPHER_CHACHA20_POLY1305,
				      32};

	begin(&row, KTLS_CRYPTO_REAL, 5);
	for (unsigned marks = 1; marks < 8; marks++) {
		make_record();
		feed(cuts[0], 3, marks);
		rx_pass(&fx);
		expect_error(EBADMSG);
	}
	make_record();
	feed(cuts[0], 3, 0);
	rx_pass(&fx);
	expect_payload();
}
END_TEST

/* Rule R1: a copy of a marked packet that somebody else holds stays as it is.
 */
START_TEST(test_ktls_recrypt_leaves_shared_storage_alone)
{
	struct mbuf *m, *held;
	uint8_t before[PAYLOAD];

	begin(&suites[_i], KTLS_CRYPTO_REAL, 5);
	make_record();
	m = m_from_bytes(fx.pool, fx.nic, 400, 0);
	m->m_pkthdr.csum_flags = CSUM_TLS_DECRYPTED;
	held = m_split_ref(fx.pool, m, 0);
	ck_assert(m_copydata(held, 0, 400, before));
	sbappendstream(&fx.so.so_rcv, m);
	rx_feed(&fx, wire + 400, wire_len - 400);
	rx_pass(&fx);
	ck_assert_mem_eq(held->m_data, before, 400);
	m_free(fx.pool, held);
	expect_payload();
}
END_TEST

/* What came before the key cannot have been decrypted with it. */
START_TEST(test_ktls_recrypt_marks_before_the_key_count_for_nothing)
{
	struct ktls_key key = rx_key(TLS_1_3, TLS_CIPHER_AES_GCM, 16, 7);

	rx_init(&fx, &key, KTLS_CRYPTO_REAL);
	make_record();
	rx_feed_decrypted(&fx, wire, wire_len);
	make_record();
	rx_feed_decrypted(&fx, fx.nic, wire_len);
	rx_enable(&fx);
	rx_pass(&fx);
	expect_payload();
	expect_error(EBADMSG);
	ck_assert_uint_eq(decrypts(), 2);
}
END_TEST

START_TEST(test_ktls_recrypt_marks_change_no_length_in_model_mode)
{
	begin(&suites[_i], KTLS_CRYPTO_MODEL, 5);
	for (unsigned marks = 0; marks < 8; marks++) {
		make_record();
		feed(cuts[0], 3, marks);
		rx_pass(&fx);
		expect_payload();
	}
	ck_assert_uint_eq(recrypts(), 6);
	ck_assert_uint_eq(decrypts(), 7);
}
END_TEST

struct state_row {
	unsigned marks; /* of three mbufs of 10 bytes */
	uint32_t off, len;
	enum ktls_mbuf_crypto_st state;
	uint32_t marked; /* bytes */
};

static const struct state_row state_rows[] = {
    {0, 0, 30, KTLS_MBUF_CRYPTO_ST_ENCRYPTED, 0},
    {7, 0, 30, KTLS_MBUF_CRYPTO_ST_DECRYPTED, 30},
    {1, 0, 30, KTLS_MBUF_CRYPTO_ST_MIXED, 10},
    {1, 0, 10, KTLS_MBUF_CRYPTO_ST_DECRYPTED, 10},
    {1, 0, 11, KTLS_MBUF_CRYPTO_ST_MIXED, 10},
    {1, 9, 1, KTLS_MBUF_CRYPTO_ST_DECRYPTED, 1},
    {1, 10, 20, KTLS_MBUF_CRYPTO_ST_ENCRYPTED, 0},
    {6, 9, 2, KTLS_MBUF_CRYPTO_ST_MIXED, 1},
    {6, 10, 20, KTLS_MBUF_CRYPTO_ST_DECRYPTED, 20},
    {2, 19, 2, KTLS_MBUF_CRYPTO_ST_MIXED, 1},
    {2, 20, 10, KTLS_MBUF_CRYPTO_ST_ENCRYPTED, 0},
};

START_TEST(test_ktls_recrypt_state_looks_at_the_mbufs_of_the_range)
{
	const struct ktls_key key = rx_key(TLS_1_3, TLS_CIPHER_AES_GCM, 16, 7);
	const struct state_row *row = &state_rows[_i];
	struct mbuf *chain = NULL;
	uint32_t marked;

	rx_init(&fx, &key, KTLS_CRYPTO_MODEL);
	for (int i = 2; i >= 0; i--) {
		struct mbuf *m = m_from_bytes(fx.pool, payload, 10, 0);

		if (row->marks & 1u << i)
			m->m_flags |= M_DECRYPTED;
		m->m_next = chain;
		chain = m;
	}
	ck_assert_int_eq(
	    ktls_mbuf_crypto_state(chain, row->off, row->len, &marked),
	    row->state);
	ck_assert_uint_eq(marked, row->marked);
	m_freem(fx.pool, chain);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *ktls_recrypt_suite(void);

Suite *
ktls_recrypt_suite(void)
{
	const int n = COUNT(suites);
	const struct suite_test tests[] = {
	    TEST(test_ktls_recrypt_every_packet_pattern_gives_the_plaintext, n),
	    TEST(test_ktls_recrypt_compaction_keeps_marks_apart, n),
	    TEST(test_ktls_recrypt_a_split_packet_marks_both_records, n),
	    TEST(test_ktls_recrypt_a_bad_tag_is_found_in_either_part, n),
	    TEST(test_ktls_recrypt_changed_text_is_found_in_either_part, n),
	    TEST(test_ktls_recrypt_a_fully_marked_record_is_trusted, n),
	    TEST(test_ktls_recrypt_a_marked_record_has_a_least_length, n),
	    TEST(test_ktls_recrypt_a_marked_record_of_zeros_has_no_type, 2),
	    TEST(test_ktls_recrypt_record_numbers_wrap, n),
	    TEST(test_ktls_recrypt_marks_without_gcm_do_not_open, 0),
	    TEST(test_ktls_recrypt_leaves_shared_storage_alone, n),
	    TEST(test_ktls_recrypt_marks_before_the_key_count_for_nothing, 0),
	    TEST(test_ktls_recrypt_marks_change_no_length_in_model_mode, n),
	    TEST(test_ktls_recrypt_state_looks_at_the_mbufs_of_the_range,
		 COUNT(state_rows)),
	};

	return suite_create_table("ktls_recrypt", tests, (size_t)COUNT(tests),
				  setup, teardown, 0);
}
