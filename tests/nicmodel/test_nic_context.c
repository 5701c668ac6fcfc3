/*
 * test_nic_context.c - the set of a NIC's TLS contexts, and a frame on its way
 * through one.
 */
#include "nicmodel/nic_context.h"

#include <errno.h>
#include <string.h>

#include "engine/mbuf.h"
#include "nicmodel/nic.h"
#include "tests/support/pcie_link.h"
#include "tests/support/suite_table.h"
#include "tests/support/tls_seal.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *nic_context_suite(void);

enum { LIMIT = 200, WIRE = 1000, TEXT = WIRE - 22, NS = 1000 };

static struct mbuf_pool *pool;
static struct nic nic;
static struct ktls_key key;
static uint8_t wire[3 * TLS_SEAL_MAX];
static uint8_t text[TEXT];

static void
start(uint32_t limit, uint32_t cache, uint32_t slots)
{
	struct nic_config config = {
	    .pcie = pcie_link(0),
	    .queues = 4,
	    .ring_slots = slots,
	    .rss_table_size = 128,
	    .tls = true,
	    .contexts = {.limit = limit,
			 .stack = true,
			 .cache = nic_cache_default()},
	};

	config.contexts.cache.entries = cache;
	ck_assert_int_eq(nic_init(&nic, &config, pool), 0);
}

static void
setup(void)
{
	pool = mbuf_pool_create(0);
	ck_assert_ptr_nonnull(pool);
	tls_seal_key(&key, TLS_1_3, TLS_CIPHER_AES_GCM, 16, 5);
	memset(text, 'x', sizeof(text));
	for (uint64_t i = 0; i < 3; i++)
		tls_seal_data(&key, i, text, TEXT, wire + i * WIRE);
}

static void
teardown(void)
{
	nic_fini(&nic);
	mbuf_pool_destroy(pool);
}

static int
add(uint32_t flow, uint8_t receiver, struct nic_context **context)
{
	const struct nic_tls_params params = {
	    .key = &key, .start_seq = 1000, .real = true};

	return nic_context_add(&nic.contexts, flow, receiver, &params, context);
}

/* Bytes [offset, offset + len) of the stream, to side `receiver` of a flow. */
static struct mbuf *
frame(uint32_t flow, uint8_t receiver, uint32_t offset, uint32_t len)
{
	struct mbuf *m = m_from_bytes(pool, wire + offset, len, 0);

	m->m_pkthdr.flow = flow;
	m->m_pkthdr.receiver = receiver;
	m->m_pkthdr.flowid = flow;
	m->m_pkthdr.th_seq = 1000 + offset;
	m->m_pkthdr.wire_bytes = len + 78;
	return m;
}

START_TEST(test_nic_context_limit_is_kept)
{
	struct nic_context *context[3], *again;

	start(2, 0, 64);
	ck_assert_int_eq(add(7, 0, &context[0]), 0);
	ck_assert_int_eq(add(7, 1, &context[1]), 0);
	ck_assert_int_eq(add(9, 0, &context[2]), ENOSPC);
	ck_assert_ptr_eq(nic_context_find(&nic.contexts, 7, 1), context[1]);
	ck_assert_ptr_null(nic_context_find(&nic.contexts, 9, 0));
	ck_assert_ptr_null(nic_context_find(&nic.contexts, 1000000, 0));
	nic_context_remove(&nic.contexts, context[0]);
	ck_assert_int_eq(add(9, 0, &again), 0);
	ck_assert_uint_eq(again->id, 0);
	ck_assert_uint_eq(nic.contexts.count_max, 2);
}
END_TEST

START_TEST(test_nic_context_ids_are_the_lowest_free)
{
	struct nic_context *context[LIMIT];

	start(LIMIT, 16, 64);
	for (uint32_t i = 0; i < LIMIT; i++) {
		ck_assert_int_eq(add(i * 3, i & 1, &context[i]), 0);
		ck_assert_uint_eq(context[i]->id, i);
		nic_context_rule(&nic.contexts, context[i], 0, 0);
	}
	nic_context_remove(&nic.contexts, context[150]);
	nic_context_remove(&nic.contexts, context[20]);
	ck_assert_int_eq(add(1000, 0, &context[20]), 0);
	ck_assert_uint_eq(context[20]->id, 20);
	ck_assert_int_eq(add(1001, 0, &context[150]), 0);
	ck_assert_uint_eq(context[150]->id, 150);
	for (uint32_t i = 0; i < LIMIT; i++)
		if (i != 20 && i != 150)
			ck_assert_ptr_eq(
			    nic_context_find(&nic.contexts, i * 3, i & 1),
			    context[i]);
}
END_TEST

START_TEST(test_nic_context_refuses_another_cipher)
{
	struct nic_context *context;

	start(4, 0, 64);
	tls_seal_key(&key, TLS_1_3, TLS_CIPHER_CHACHA20_POLY1305, 32, 5);
	ck_assert_int_eq(add(1, 0, &context), EOPNOTSUPP);
	ck_assert_uint_eq(nic.contexts.count, 0);
}
END_TEST

START_TEST(test_nic_context_without_a_rule_changes_nothing)
{
	struct nic_context *context;
	struct nic_rx_result rx;

	start(4, 0, 64);
	ck_assert_int_eq(add(2, 0, &context), 0);
	rx = nic_rx(&nic, frame(2, 0, 0, WIRE), 10 * NS, 5 * NS);
	ck_assert_ptr_null(rx.tls.context);
	ck_assert_uint_eq(rx.queue, 2);
	ck_assert_uint_eq(rx.visible_ps, 15 * NS);
	ck_assert_mem_eq(nic.queue[2].head->m_data, wire, WIRE);
	ck_assert_uint_eq(nic.queue[2].head->m_pkthdr.csum_flags, 0);
}
END_TEST

/* Past RSS to the queue of the rule, marked, and the text in the clear. */
START_TEST(test_nic_context_with_a_rule_decrypts_and_steers)
{
	struct nic_context *context;
	struct nic_rx_result rx;
	const struct mbuf *m;

	start(4, 0, 64);
	ck_assert_int_eq(add(2, 1, &context), 0);
	nic_context_rule(&nic.contexts, context, 3, 0);
	rx = nic_rx(&nic, frame(2, 1, 0, WIRE), 10 * NS, 5 * NS);
	ck_assert_ptr_eq(rx.tls.context, context);
	ck_assert_int_eq(rx.tls.tls.verdict, NIC_TLS_DECRYPTED);
	ck_assert_uint_eq(rx.queue, 3);
	m = nic.queue[3].head;
	ck_assert_uint_eq(m->m_pkthdr.csum_flags, CSUM_TLS_DECRYPTED);
	ck_assert_mem_eq(m->m_data, wire, TLS_HEADER_BYTES);
	ck_assert_mem_eq(m->m_data + TLS_HEADER_BYTES, text, TEXT);
	/* The other side of the connection has no rule. */
	rx = nic_rx(&nic, frame(2, 0, 0, WIRE), 20 * NS, 5 * NS);
	ck_assert_ptr_null(rx.tls.context);
}
END_TEST

/* What is dropped has been through its context, and is as it was. */
START_TEST(test_nic_context_moves_on_for_a_frame_without_a_descriptor)
{
	struct nic_context *context;
	struct nic_rx_result rx;
	struct mbuf *lost;

	start(4, 0, 1);
	ck_assert_int_eq(add(2, 0, &context), 0);
	nic_context_rule(&nic.contexts, context, 2, 0);
	nic_rx(&nic, frame(2, 0, 0, WIRE), 10 * NS, 0);
	lost = frame(2, 0, WIRE, WIRE);
	rx = nic_rx(&nic, lost, 20 * NS, 0);
	ck_assert(rx.dropped);
	ck_assert_int_eq(rx.tls.tls.verdict, NIC_TLS_DECRYPTED);
	ck_assert_uint_eq(context->tls.exp, 1000 + 2 * WIRE);
	ck_assert_mem_eq(lost->m_data, wire + WIRE, WIRE);
	ck_assert_uint_eq(lost->m_pkthdr.csum_flags, 0);
	m_freem(pool, lost);
}
END_TEST

/* What the NIC has no descriptor for: what it knows, and what it makes of it.
 */
static const struct {
	const char *name;
	bool real;
	uint32_t offset, known, unknown;
	enum nic_tls_verdict verdict;
	uint32_t place; /* of the stream, afterwards */
} dropped[] = {
    {"decrypted", true, WIRE, WIRE, 0, NIC_TLS_DECRYPTED, 2 * WIRE},
    {"behind a hole", true, WIRE + 100, 900, 0, NIC_TLS_ENCRYPTED, 2 * WIRE},
    {"cut off by the capture", true, WIRE, 100, 900, NIC_TLS_ENCRYPTED,
     2 * WIRE},
    {"the same in the model", false, WIRE, 100, 900, NIC_TLS_DECRYPTED,
     2 * WIRE},
    {"longer than any packet", false, WIRE, 2 * WIRE, 68000, NIC_TLS_ENCRYPTED,
     WIRE + 70000},
};

START_TEST(test_nic_context_gives_a_dropped_frame_back_as_it_was)
{
	static uint8_t copy[2 * WIRE];
	const uint32_t known = dropped[_i].known;
	const struct nic_tls_params params = {
	    .key = &key, .start_seq = 1000, .real = dropped[_i].real};
	struct nic_context *context;
	struct nic_rx_result rx;
	struct mbuf *lost;

	start(4, 0, 1);
	ck_assert_int_eq(
	    nic_context_add(&nic.contexts, 2, 0, &params, &context), 0);
	nic_context_rule(&nic.contexts, context, 2, 0);
	nic_rx(&nic, frame(2, 0, 0, dropped[_i].offset == WIRE ? WIRE : 900),
	       10 * NS, 0);
	lost = m_from_bytes(pool, wire + dropped[_i].offset, known,
			    dropped[_i].unknown);
	lost->m_pkthdr.flow = lost->m_pkthdr.flowid = 2;
	lost->m_pkthdr.th_seq = 1000 + dropped[_i].offset;
	lost->m_pkthdr.csum_flags = CSUM_TLS_MASK;
	rx = nic_rx(&nic, lost, 20 * NS, 0);
	ck_assert_msg(rx.dropped, "%s", dropped[_i].name);
	ck_assert_int_eq(rx.tls.tls.verdict, dropped[_i].verdict);
	ck_assert_uint_eq(context->tls.exp, 1000 + dropped[_i].place);
	ck_assert(m_copydata(lost, 0, known, copy));
	ck_assert_mem_eq(copy, wire + dropped[_i].offset, known);
	ck_assert_uint_eq(lost->m_pkthdr.csum_flags, 0);
	m_freem(pool, lost);
}
END_TEST

/* Sync lost in a hole, and a candidate: told apart, once each. */
START_TEST(test_nic_context_tells_loss_and_candidate)
{
	struct nic_context *context;
	struct nic_rx_result rx;

	start(4, 0, 64);
	ck_assert_int_eq(add(2, 0, &context), 0);
	nic_context_rule(&nic.contexts, context, 2, 0);
	rx = nic_rx(&nic, frame(2, 0, 0, 900), 10 * NS, 0);
	ck_assert(!rx.tls.lost);
	rx = nic_rx(&nic, frame(2, 0, 1100, 900), 20 * NS, 0);
	ck_assert(rx.tls.lost);
	rx = nic_rx(&nic, frame(2, 0, 2000, WIRE), 30 * NS, 0);
	ck_assert(!rx.tls.lost);
	ck_assert_int_eq(rx.tls.tls.verdict, NIC_TLS_RESYNC);
	ck_assert_uint_eq(rx.tls.tls.candidate, 1000 + 2000);
	ck_assert_uint_eq(nic.queue[2].tail->m_pkthdr.csum_flags,
			  CSUM_TLS_RESYNC);
}
END_TEST

/* Without the curve of miss ratios all else is as it is with it. */
START_TEST(test_nic_context_does_without_stack_distances)
{
	struct nic_config config = {
	    .pcie = pcie_link(0),
	    .queues = 4,
	    .ring_slots = 64,
	    .rss_table_size = 128,
	    .tls = true,
	    .contexts = {.limit = 2, .cache = nic_cache_default()},
	};
	struct nic_context *context[2];
	struct nic_rx_result rx;

	config.contexts.cache.entries = 1;
	ck_assert_int_eq(nic_init(&nic, &config, pool), 0);
	for (uint32_t i = 0; i < 2; i++) {
		ck_assert_int_eq(add(i, 0, &context[i]), 0);
		nic_context_rule(&nic.contexts, context[i], i, 0);
	}
	for (uint32_t i = 0; i < 4; i++) {
		rx = nic_rx(&nic, frame(i % 2, 0, i / 2 * WIRE, WIRE),
			    (i + 1) * 10000 * NS, 5 * NS);
		ck_assert_int_eq(rx.tls.tls.verdict, NIC_TLS_DECRYPTED);
	}
	ck_assert_uint_eq(nic.contexts.cache.count.misses, 4);
	nic_context_remove(&nic.contexts, context[0]);
	ck_assert_ptr_null(nic_context_find(&nic.contexts, 0, 0));
	ck_assert_ptr_null(nic.contexts.stack.at);
}
END_TEST

/* A table by flow of 2^32 places is more than its indices can tell. */
START_TEST(test_nic_context_refuses_a_flow_beyond_its_table)
{
	struct nic_context *context;

	start(4, 0, 64);
	ck_assert_int_eq(add(1u << 30, 0, &context), ENOMEM);
	ck_assert_int_eq(add(UINT32_MAX / 2 - 1, 1, &context), ENOMEM);
	ck_assert_uint_eq(nic.contexts.count, 0);
	ck_assert_uint_eq(nic.contexts.added, 0);
	ck_assert_ptr_null(nic_context_find(&nic.contexts, 1u << 30, 0));
	ck_assert_int_eq(add(7, 0, &context), 0);
	ck_assert_uint_eq(context->id, 0);
}
END_TEST

/* Two flows in turn and room for one context: each packet waits for PCIe. */
START_TEST(test_nic_context_that_is_far_makes_packets_wait)
{
	struct nic_context *context[2];
	const uint64_t read_ps = PCIE_LINK_READ_PS;
	struct nic_rx_result rx;

	start(4, 1, 64);
	for (uint32_t i = 0; i < 2; i++) {
		ck_assert_int_eq(add(i, 0, &context[i]), 0);
		nic_context_rule(&nic.contexts, context[i], i, 0);
	}
	rx = nic_rx(&nic, frame(1, 0, 0, WIRE), 10 * NS, 5 * NS);
	ck_assert_uint_eq(rx.visible_ps, 15 * NS);
	for (uint32_t i = 0; i < 4; i++) {
		uint64_t now = (i + 1) * 10000 * NS;

		rx = nic_rx(&nic, frame(i % 2, 0, 0, 0), now, 5 * NS);
		ck_assert_uint_ge(rx.visible_ps, now + read_ps + 5 * NS);
	}
	ck_assert_uint_eq(nic.contexts.cache.count.misses, 4);
	ck_assert_uint_eq(nic_stack_misses(&nic.contexts.stack, 1), 4);
	ck_assert_uint_eq(nic_stack_misses(&nic.contexts.stack, 2), 0);
	ck_assert_uint_eq(nic.pcie.count[NIC_PCIE_USE_CTX_FETCH].payload_bytes,
			  4 * NIC_CACHE_CONTEXT_BYTES);
}
END_TEST

START_TEST(test_nic_context_limits_are_checked)
{
	static const uint32_t limits[] = {0, NIC_STACK_CONTEXTS_MAX + 1};
	struct nic_config config = {
	    .pcie = pcie_link(0),
	    .queues = 1,
	    .ring_slots = 1,
	    .rss_table_size = 1,
	    .tls = true,
	    .contexts = {.limit = limits[_i], .cache = nic_cache_default()},
	};

	ck_assert_int_eq(nic_init(&nic, &config, pool), EINVAL);
}
END_TEST

Suite *
nic_context_suite(void)
{
	const struct suite_test tests[] = {
	    {"limit", test_nic_context_limit_is_kept, 0},
	    {"ids", test_nic_context_ids_are_the_lowest_free, 0},
	    {"cipher", test_nic_context_refuses_another_cipher, 0},
	    {"no_rule", test_nic_context_without_a_rule_changes_nothing, 0},
	    {"rule", test_nic_context_with_a_rule_decrypts_and_steers, 0},
	    {"no_room",
	     test_nic_context_moves_on_for_a_frame_without_a_descriptor, 0},
	    {"dropped", test_nic_context_gives_a_dropped_frame_back_as_it_was,
	     ROWS(dropped)},
	    {"no_stack", test_nic_context_does_without_stack_distances, 0},
	    {"far_flow", test_nic_context_refuses_a_flow_beyond_its_table, 0},
	    {"loss", test_nic_context_tells_loss_and_candidate, 0},
	    {"far", test_nic_context_that_is_far_makes_packets_wait, 0},
	    {"limits", test_nic_context_limits_are_checked, 2},
	};

	return suite_create_table("nic_context", tests, (size_t)ROWS(tests),
				  setup, teardown, 0);
}
