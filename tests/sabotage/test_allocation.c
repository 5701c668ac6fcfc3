/*
 * test_allocation.c - every allocation of the engine's steps fails in turn.
 *
 * malloc, calloc and aligned_alloc of the library go through libc_faults.c,
 * OpenSSL's allocator is replaced, and mbuf pools take orders themselves. Three
 * records arrive, one encrypted, one decrypted by a NIC in part, one as a
 * whole.  In each run one request of one source fails in one kind of step of
 * one record.  Whatever fails, it leaks nothing, and each record is delivered
 * whole or reported.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/effects.h"
#include "engine/ktls_enable.h"
#include "engine/mbuf.h"
#include "tests/sabotage/libc_faults.h"
#include "tests/support/crypto_faults.h"
#include "tests/support/rx_fixture.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum {
	RECORDS = 3,
	PAYLOAD = 5000,
	PACKET = 1448,
	NTH_MAX = 200,
};

enum source { SOURCE_LIBC, SOURCE_OPENSSL, SOURCE_MBUF, SOURCES };

enum step {
	STEP_ENABLE,
	STEP_PACKET, /* the driver's: a packet for the network's bytes */
	STEP_APPEND,
	STEP_BEGIN,
	STEP_CRYPT,
	STEP_FINISH,
	STEP_READ,
};

struct row {
	enum step step;
	bool asks[SOURCES]; /* which sources the step asks at all */
};

static const struct row rows[] = {
    {STEP_ENABLE, {true, false, false}},  {STEP_PACKET, {true, false, true}},
    {STEP_APPEND, {false, false, false}}, {STEP_BEGIN, {false, false, true}},
    {STEP_CRYPT, {true, true, false}},	  {STEP_FINISH, {false, false, false}},
    {STEP_READ, {false, false, false}},
};

/* The request that is to fail. */
static struct {
	enum step step;
	enum source source;
	uint64_t nth;
	unsigned record;
} order;

static struct rx_fixture fx;
static struct rx_read got;
static uint8_t payload[PAYLOAD];
static unsigned hits;

static uint64_t
refused(void)
{
	struct mbuf_pool_stats stats;

	mbuf_pool_read_stats(fx.pool, &stats);
	return stats.refused;
}

static uint64_t refused_before;

/* Around each step: the order is given where it is this one's. */
static bool
arm(enum step step, unsigned record)
{
	if (order.step != step || order.record != record)
		return false;
	refused_before = refused();
	libc_faults_after(order.source == SOURCE_LIBC ? order.nth : 0);
	crypto_faults_after(order.source == SOURCE_OPENSSL ? order.nth : 0);
	mbuf_pool_fail_after(fx.pool,
			     order.source == SOURCE_MBUF ? order.nth : 0);
	return true;
}

/* True where the order was carried out; it is not given twice. */
static bool
disarm(bool armed)
{
	bool hit = libc_faults_hit() || crypto_faults_hit() ||
		   refused() > refused_before;

	if (!armed)
		return false;
	libc_faults_after(0);
	crypto_faults_after(0);
	mbuf_pool_fail_after(fx.pool, 0);
	order.record = RECORDS;
	hits += hit;
	return hit;
}

static void
enable(void)
{
	const struct ktls_key *key = &fx.first_key;
	const struct tls_enable en = {
	    .cipher_key = key->key,
	    .iv = key->iv,
	    .cipher_algorithm = CRYPTO_AES_NIST_GCM_16,
	    .cipher_key_len = key->key_len,
	    .iv_len = key->iv_len,
	    .tls_vmajor = 3,
	    .tls_vminor = 4,
	};
	const struct ktls_enable_env env = {
	    .tls_enable = true, .crypto = KTLS_CRYPTO_REAL, .aead = fx.aead};
	unsigned effects;
	bool armed = arm(STEP_ENABLE, 0);
	int error = ktls_enable_rx(&fx.so, &en, &env, &effects);
	bool hit = disarm(armed);

	ck_assert_int_eq(error, hit ? ENOMEM : 0);
	sbcheck(&fx.so.so_rcv);
	if (!hit)
		return;
	ck_assert_ptr_null(fx.so.so_rcv.sb_tls_info);
	enable();
}

static struct mbuf *
make_packet(const uint8_t *bytes, uint32_t len, unsigned record)
{
	bool armed = arm(STEP_PACKET, record);
	struct mbuf *m = m_from_bytes(fx.pool, bytes, len, 0);
	bool hit = disarm(armed);

	/* A slab that cannot be had is felt only where a new one is due. */
	ck_assert((m == NULL) == hit);
	return m != NULL ? m : make_packet(bytes, len, record);
}

/* Returns an mbuf that shares the first packet's storage. */
static struct mbuf *
feed(unsigned record)
{
	uint8_t wire[RX_RECORD_MAX];
	struct mbuf *held = NULL;
	uint32_t len = (uint32_t)rx_record(&fx, TLS_APPLICATION_DATA, payload,
					   PAYLOAD, 0, wire);

	for (uint32_t at = 0; at < len; at += PACKET) {
		bool nic = record == 2 || (record == 1 && at == PACKET);
		uint32_t n = len - at < PACKET ? len - at : PACKET;
		struct mbuf *m =
		    make_packet((nic ? fx.nic : wire) + at, n, record);
		bool armed;

		m->m_pkthdr.csum_flags = nic ? CSUM_TLS_DECRYPTED : 0;
		if (held == NULL)
			held = m_split_ref(fx.pool, m, 0);
		armed = arm(STEP_APPEND, record);
		sbappendstream(&fx.so.so_rcv, m);
		ck_assert(!disarm(armed));
		sbcheck(&fx.so.so_rcv);
	}
	return held;
}

static void
begin(struct ktls_rx_job *job, unsigned record)
{
	bool armed = arm(STEP_BEGIN, record);
	unsigned effects;
	enum ktls_rx_verdict verdict =
	    ktls_rx_begin(&fx.so, job, &fx.counters, &effects);
	bool hit = disarm(armed);

	sbcheck(&fx.so.so_rcv);
	ck_assert_int_eq(verdict, hit ? KTLS_RX_NOMEM : KTLS_RX_RECORD);
	if (hit)
		begin(job, record);
}

/* Decrypt one record; false where a failure was reported in its place. */
static bool
work(unsigned record)
{
	struct ktls_rx_job job;
	bool armed, hit, delivered;

	begin(&job, record);
	armed = arm(STEP_CRYPT, record);
	ktls_rx_crypt(&job);
	hit = disarm(armed);
	ck_assert(job.error == 0 || (hit && job.error == EBADMSG));
	armed = arm(STEP_FINISH, record);
	ktls_rx_finish(&fx.so, &job, &fx.counters, &delivered);
	ck_assert(!disarm(armed));
	sbcheck(&fx.so.so_rcv);
	return delivered;
}

static void
expect(unsigned record, bool delivered)
{
	bool armed = arm(STEP_READ, record);

	rx_read(&fx, PAYLOAD, 0, &got);
	ck_assert(!disarm(armed));
	ck_assert_int_eq(got.result.error, delivered ? 0 : EBADMSG);
	ck_assert_uint_eq(got.result.bytes, delivered ? PAYLOAD : 0);
	if (delivered)
		ck_assert_mem_eq(got.bytes, payload, PAYLOAD);
}

static void
run(void)
{
	const struct ktls_key key = rx_key(TLS_1_3, TLS_CIPHER_AES_GCM, 16, 7);

	rx_init(&fx, &key, KTLS_CRYPTO_REAL);
	enable();
	for (unsigned i = 0; i < RECORDS; i++) {
		struct mbuf *held = feed(i);
		bool delivered = work(i);

		ktls_rx_end_pass(&fx.so);
		expect(i, delivered);
		m_freem(fx.pool, held);
	}
	rx_fini(&fx);
}

/* Fail the first, the second ... request, until there are no more. */
static bool
fail_each(enum step step, enum source source, unsigned record)
{
	bool asked = false;

	for (uint64_t nth = 1; nth < NTH_MAX; nth++) {
		order.step = step;
		order.source = source;
		order.record = record;
		order.nth = nth;
		hits = 0;
		run();
		if (hits == 0)
			return asked;
		asked = true;
	}
	ck_abort_msg("more than %d requests in one step", NTH_MAX);
}

START_TEST(test_allocation_whatever_fails_no_byte_is_lost_unreported)
{
	const struct row *row = &rows[_i];

	for (int source = 0; source < SOURCES; source++) {
		bool asked = false;

		for (unsigned i = 0; i < RECORDS; i++)
			asked |= fail_each(row->step, (enum source)source, i);
		ck_assert_msg(asked == row->asks[source],
			      "step %d, source %d: asked %d", (int)row->step,
			      source, asked);
	}
}
END_TEST

Suite *allocation_suite(void);

Suite *
allocation_suite(void)
{
	const struct suite_test tests[] = {
	    {"test_allocation_whatever_fails_no_byte_is_lost_unreported",
	     test_allocation_whatever_fails_no_byte_is_lost_unreported,
	     ROWS(rows)},
	};

	crypto_faults_install();
	return suite_create_table("allocation", tests, (size_t)ROWS(tests),
				  NULL, NULL, 30);
}
