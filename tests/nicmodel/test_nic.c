/*
 * test_nic.c - one frame through the device: queue, visibility, drop.
 */
#include "nicmodel/nic.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#include "engine/mbuf.h"
#include "tests/support/pcie_link.h"
#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

static struct mbuf_pool *pool;
static struct nic nic;

static struct nic_config
plain_config(void)
{
	struct nic_config config = {
	    .pcie = pcie_link(0),
	    .queues = 16,
	    .ring_slots = 8,
	    .rate_bps = 100000000000,
	    .moderation_time_ps = 16000000,
	    .moderation_frames = 32,
	    .rss_table_size = 128,
	};

	memcpy(config.rss_key, nic_rss_default_key, NIC_RSS_KEY_BYTES);
	return config;
}

static void
setup(void)
{
	struct nic_config config = plain_config();

	pool = mbuf_pool_create(0);
	ck_assert_ptr_nonnull(pool);
	ck_assert_int_eq(nic_init(&nic, &config, pool), 0);
}

static void
teardown(void)
{
	nic_fini(&nic);
	mbuf_pool_destroy(pool);
}

static struct nic_rx_result
receive(uint32_t flowid, uint64_t now, uint64_t pipeline_ps)
{
	struct mbuf *m = m_from_bytes(pool, (const uint8_t *)"x", 1, 0);
	struct nic_rx_result result;

	ck_assert_ptr_nonnull(m);
	m->m_pkthdr.flowid = flowid;
	m->m_pkthdr.wire_bytes = 84;
	result = nic_rx(&nic, m, now, pipeline_ps);
	if (result.dropped)
		m_freem(pool, m);
	else
		ck_assert_uint_eq(m->m_pkthdr.visible_ps, result.visible_ps);
	return result;
}

START_TEST(test_nic_configuration_reaches_every_part)
{
	ck_assert_uint_eq(nic.link.rate_bps, 100000000000);
	ck_assert_uint_eq(nic.queues, 16);
	ck_assert_int_eq(
	    memcmp(nic.rss.key, nic_rss_default_key, NIC_RSS_KEY_BYTES), 0);
	for (uint32_t i = 0; i < nic.queues; i++) {
		ck_assert_uint_eq(nic.queue[i].slots, 8);
		ck_assert_uint_eq(nic.queue[i].moderation.time_ps, 16000000);
		ck_assert_uint_eq(nic.queue[i].moderation.frames, 32);
	}
}
END_TEST

/* The verification suite's first flow hashes to 0x51ccc178: entry 120. */
START_TEST(test_nic_frame_goes_to_the_queue_of_its_hash)
{
	ck_assert_uint_eq(receive(0x51ccc178, 0, 0).queue, 120 % 16);
	ck_assert_uint_eq(nic.queue[8].received, 1);
	ck_assert_uint_eq(nic.queue[8].received_bytes, 84);
	for (uint32_t hash = 0; hash < 256; hash += 17)
		ck_assert_uint_eq(receive(hash, 0, 0).queue, hash % 16);
}
END_TEST

START_TEST(test_nic_frames_of_a_queue_become_visible_in_order)
{
	/* A long way, then a short one that must not overtake it. */
	ck_assert_uint_eq(receive(1, 1000, 800).visible_ps, 1800);
	ck_assert_uint_eq(receive(1, 1100, 100).visible_ps, 1800);
	ck_assert_uint_eq(receive(1, 1200, 601).visible_ps, 1801);
	/* Another queue is not held up. */
	ck_assert_uint_eq(receive(2, 1300, 100).visible_ps, 1400);
	for (int i = 0; i < 3; i++) {
		nic_rxq_show(&nic.queue[1]);
		m_freem(pool, nic_rxq_get(&nic.queue[1]));
	}
	ck_assert_uint_eq(receive(1, 1900, 5).visible_ps, 1905);
}
END_TEST

START_TEST(test_nic_without_a_descriptor_drops_in_that_queue_only)
{
	for (int i = 0; i < 8; i++)
		ck_assert(!receive(3, 0, 0).dropped);
	ck_assert(receive(3, 0, 0).dropped);
	ck_assert(receive(3 + 16, 0, 0).dropped);
	ck_assert(!receive(4, 0, 0).dropped);
	ck_assert_uint_eq(nic.queue[3].out_of_buffer, 2);
	ck_assert_uint_eq(nic.queue[4].out_of_buffer, 0);
}
END_TEST

static const struct {
	uint32_t queues;
	uint32_t ring_slots;
	uint64_t rate_bps;
	uint32_t table_size;
	int error;
} config_rows[] = {
    {1, 1, 0, 1, 0},	       {256, 1, 0, 512, 0},
    {0, 1, 0, 128, EINVAL},    {257, 1, 0, 128, EINVAL},
    {1, 0, 0, 128, EINVAL},    {1, 1, 0, 0, EINVAL},
    {1, 1, 0, 100, EINVAL},    {1, 1, 0, 1024, EINVAL},
    {1, 1, 999999, 1, EINVAL}, {1, 1, 1000000, 1, 0},
};

START_TEST(test_nic_refuses_a_configuration_out_of_range)
{
	struct nic_config config = plain_config();
	struct nic other;

	config.queues = config_rows[_i].queues;
	config.ring_slots = config_rows[_i].ring_slots;
	config.rate_bps = config_rows[_i].rate_bps;
	config.rss_table_size = config_rows[_i].table_size;
	ck_assert_int_eq(nic_init(&other, &config, pool),
			 config_rows[_i].error);
	nic_fini(&other);
}
END_TEST

/* The same bounds as the link's; contexts or none. */
static const struct {
	uint64_t pcie_rate_bps;
	bool tls;
	int error;
} pcie_rows[] = {
    {0, false, 0},	     {0, true, 0},
    {1000000, false, 0},     {1000000, true, 0},
    {999999, false, EINVAL}, {999999, true, EINVAL},
};

START_TEST(test_nic_refuses_a_pcie_rate_out_of_range)
{
	struct nic_config config = plain_config();
	bool fits = pcie_rows[_i].error == 0;
	struct nic other;

	config.pcie.rate_bps = pcie_rows[_i].pcie_rate_bps;
	config.tls = pcie_rows[_i].tls;
	config.contexts.limit = 1;
	config.contexts.cache = nic_cache_default();
	ck_assert_int_eq(nic_init(&other, &config, pool), pcie_rows[_i].error);
	ck_assert_int_eq(other.has_tls, fits && config.tls);
	ck_assert_uint_eq(other.queues, fits ? 16 : 0);
	nic_fini(&other);
}
END_TEST

/*
 * An interrupt's message is a write behind those that are there: 28 bytes at
 * 252 Gb/s are 888.9 ps, a frame of 60 bytes and its entry 172 bytes, 5460.3.
 */
START_TEST(test_nic_interrupt_is_a_write_where_pcie_is_modelled)
{
	struct nic_config config = plain_config();
	bool counted = _i > 0, timed = _i == 2;

	nic_fini(&nic);
	config.tls = _i == 1;
	config.pcie = pcie_link(timed ? 252000000000 : 0);
	config.contexts.limit = 1;
	config.contexts.cache = nic_cache_default();
	ck_assert_int_eq(nic_init(&nic, &config, pool), 0);
	receive(5, 1000, 0);
	/* Raised now for later, and later for then. */
	ck_assert_uint_eq(nic_interrupt(&nic, 5, 1000, 90000),
			  timed ? 90889 : 90000);
	ck_assert_uint_eq(nic_interrupt(&nic, 5, 1000, 1000),
			  timed ? 1000 + 7238 : 1000);
	ck_assert_uint_eq(nic.queue[5].interrupts, 2);
	ck_assert_uint_eq(nic.pcie.count[NIC_PCIE_USE_MSIX].transfers,
			  counted ? 2 : 0);
	ck_assert_uint_eq(nic.pcie.count[NIC_PCIE_USE_MSIX].up_bytes,
			  counted ? 2 * 28 : 0);
	ck_assert_uint_eq(nic.pcie.count[NIC_PCIE_USE_PACKET].payload_bytes,
			  counted ? 60 : 0);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_suite(void);

Suite *
nic_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_configuration_reaches_every_part, 0),
	    TEST(test_nic_frame_goes_to_the_queue_of_its_hash, 0),
	    TEST(test_nic_frames_of_a_queue_become_visible_in_order, 0),
	    TEST(test_nic_without_a_descriptor_drops_in_that_queue_only, 0),
	    TEST(test_nic_refuses_a_configuration_out_of_range,
		 COUNT(config_rows)),
	    TEST(test_nic_refuses_a_pcie_rate_out_of_range, COUNT(pcie_rows)),
	    TEST(test_nic_interrupt_is_a_write_where_pcie_is_modelled, 3),
	};

	return suite_create_table("nic", tests, (size_t)COUNT(tests), setup,
				  teardown, 0);
}
