/*
 * test_rules.c - rules for places where a literal copy of the kernel would be
 * unsafe, which no other suite holds alone.
 *
 * docs/fidelity.md lists every rule, R1 to R16, with its tests.
 */
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

static struct rx_fixture fx;
static struct rx_read got;
static struct sockbuf *const sb = &fx.so.so_rcv;
static uint8_t flat[4000];
static uint8_t wire[8000];

static void
start(enum tls_version version)
{
	struct ktls_key key = rx_key(version, TLS_CIPHER_AES_GCM, 16, 7);

	for (size_t i = 0; i < sizeof(flat); i++)
		flat[i] = (uint8_t)(1 + (i * 31 + i / 251) % 255);
	rx_init(&fx, &key, KTLS_CRYPTO_REAL);
}

static void
expect(int error, size_t off, uint32_t len)
{
	rx_read(&fx, 16384, 0, &got);
	ck_assert_int_eq(got.result.error, error);
	ck_assert_uint_eq(got.result.bytes, len);
	ck_assert_mem_eq(got.bytes, flat + off, len);
}

/* Bytes that somebody else holds as well, queued before the key install. */
START_TEST(test_rules_r1_adopted_bytes_are_copied_before_they_are_decrypted)
{
	struct mbuf *m, *other;
	size_t len;

	start(TLS_1_3);
	len = rx_record(&fx, 23, flat, 1000, 0, wire);
	m = m_from_bytes(fx.pool, wire, (uint32_t)len, 0);
	other = m_split_ref(fx.pool, m, 0);
	sbappendstream(sb, m);
	rx_enable(&fx);
	rx_pass(&fx);
	ck_assert_mem_eq(other->m_data, wire, len);
	memset(other->m_data, 0, len);
	expect(0, 0, 1000);
	m_freem(fx.pool, other);
	rx_fini(&fx);
}
END_TEST

/* Two records and a half in one cluster: each write stays in its own record. */
START_TEST(test_rules_r2_decryption_stays_inside_the_records_own_bytes)
{
	struct ktls_rx_job job;
	const uint8_t *cluster;
	unsigned effects;
	bool delivered;
	size_t a, b;

	start(TLS_1_2);
	rx_enable(&fx);
	a = rx_record(&fx, 23, flat, 500, 0, wire);
	b = rx_record(&fx, 23, flat + 500, 600, 0, wire + a);
	rx_record(&fx, 23, flat, 600, 0, wire + a + b);
	rx_feed(&fx, wire, a + b + 300);
	cluster = sb->sb_mtls->m_data;
	ktls_rx_begin(&fx.so, &job, &fx.counters, &effects);
	ck_assert_ptr_eq(job.record->m_data, cluster);
	ktls_rx_crypt(&job);
	ck_assert_mem_eq(cluster, wire, 13);
	ck_assert_mem_eq(cluster + 13, flat, 500);
	ck_assert_mem_eq(cluster + 13 + 500, wire + 13 + 500, b + 16 + 300);
	/* What arrives while the record is in work finds its place as well. */
	rx_feed(&fx, wire + a + b + 300, 329);
	ktls_rx_finish(&fx.so, &job, &fx.counters, &delivered);
	rx_pass(&fx);
	expect(0, 0, 500);
	expect(0, 500, 600);
	expect(0, 0, 600);
	rx_fini(&fx);
}
END_TEST

/* Below the 13 bytes of header and explicit IV: judged when complete. */
START_TEST(test_rules_r6_record_below_its_suites_header_is_reported_at_once)
{
	const uint8_t record[] = {23, 3, 3, 0, 6, 0, 0, 0, 0, 0, 0};

	start(TLS_1_2);
	rx_enable(&fx);
	rx_feed(&fx, record, 10);
	ck_assert(!rx_running(&fx));
	rx_feed(&fx, record + 10, 1);
	ck_assert(rx_running(&fx));
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DROPPED);
	expect(EMSGSIZE, 0, 0);
	rx_fini(&fx);
}
END_TEST

/* Append bytes as a packet that a NIC may have decrypted. */
static void
feed_marked(const uint8_t *bytes, size_t len, bool marked)
{
	struct mbuf *m = m_from_bytes(fx.pool, bytes, (uint32_t)len, 0);

	if (marked)
		m->m_pkthdr.csum_flags = CSUM_TLS_DECRYPTED;
	fx.effects |= sbappendstream(sb, m);
	sbcheck(sb);
}

static const struct {
	enum tls_version version;
	uint8_t length; /* of the record: one less than its suite allows */
} short_rows[] = {{TLS_1_2, 23}, {TLS_1_3, 16}};

START_TEST(test_rules_r9_least_length_holds_for_marked_records_too)
{
	for (int pattern = 0; pattern < 4; pattern++) {
		uint8_t record[40] = {23, 3, 3, 0, short_rows[_i].length};
		size_t total = 5u + short_rows[_i].length;

		start(short_rows[_i].version);
		rx_enable(&fx);
		feed_marked(record, 9, pattern & 1);
		feed_marked(record + 9, total - 9, pattern & 2);
		rx_pass(&fx);
		ck_assert_uint_eq(fx.counters.failed_crypto, 1);
		expect(EMSGSIZE, 0, 0);
		rx_fini(&fx);
	}
}
END_TEST

/*
 * A NIC that could not verify the tag leaves the packet that holds it
 * unmarked: such a record is judged in software, whatever the other marks say.
 */
START_TEST(test_rules_r10_bad_tag_in_an_unmarked_packet_is_found)
{
	size_t hlen = _i ? 5 : 13;
	size_t total;

	start(_i ? TLS_1_3 : TLS_1_2);
	rx_enable(&fx);
	total = rx_record(&fx, 23, flat, 1000, 0, wire);
	wire[total - 1] ^= 1;
	memcpy(wire + hlen, flat, 600);
	feed_marked(wire, hlen + 600, true);
	feed_marked(wire + hlen + 600, total - hlen - 600, false);
	rx_pass(&fx);
	ck_assert_uint_eq(fx.counters.failed_crypto, 1);
	expect(EBADMSG, 0, 0);
	expect(EWOULDBLOCK, 0, 0);
	rx_fini(&fx);
}
END_TEST

/* A budget: a pass may end with records left, and the socket comes again. */
START_TEST(test_rules_r12_pass_that_ends_early_queues_the_socket_again)
{
	struct ktls_rx_job job;
	unsigned effects;
	bool delivered;
	size_t len = 0;

	start(TLS_1_3);
	rx_enable(&fx);
	for (size_t i = 0; i < 3; i++)
		len += rx_record(&fx, 23, flat + i * 100, 100, 0, wire + len);
	rx_feed(&fx, wire, len);
	for (size_t i = 0; i < 3; i++) {
		ktls_rx_begin(&fx.so, &job, &fx.counters, &effects);
		ktls_rx_crypt(&job);
		ktls_rx_finish(&fx.so, &job, &fx.counters, &delivered);
		effects = ktls_rx_end_pass(&fx.so);
		ck_assert_uint_eq(effects,
				  ENGINE_WAKE_READER |
				      (i < 2 ? ENGINE_QUEUE_WORK : 0u));
		ck_assert(rx_running(&fx) == (i < 2));
		expect(0, i * 100, 100);
	}
	rx_fini(&fx);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *rules_suite(void);

Suite *
rules_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(
		test_rules_r1_adopted_bytes_are_copied_before_they_are_decrypted,
		0),
	    TEST(test_rules_r2_decryption_stays_inside_the_records_own_bytes,
		 0),
	    TEST(
		test_rules_r6_record_below_its_suites_header_is_reported_at_once,
		0),
	    TEST(test_rules_r9_least_length_holds_for_marked_records_too,
		 COUNT(short_rows)),
	    TEST(test_rules_r10_bad_tag_in_an_unmarked_packet_is_found, 2),
	    TEST(test_rules_r12_pass_that_ends_early_queues_the_socket_again,
		 0),
	};

	return suite_create_table("rules", tests, (size_t)COUNT(tests), NULL,
				  NULL, 0);
}
