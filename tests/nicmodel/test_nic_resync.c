/*
 * test_nic_resync.c - what resync protocols have in common, and one's own.
 *
 * The made-up protocols here have callbacks that the four do not use: memory of
 * their own, queries tried again, and acts that follow from acts.
 */
#include "nicmodel/nic_resync.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/expect.h"
#include "tests/support/resync_script.h"
#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

START_TEST(test_nic_resync_protocols_are_found_by_name)
{
	static const char *const names[] = {"freebsd", "linux-async",
					    "linux-hint", "linux-sync"};
	size_t i;

	for (i = 0; i < 4; i++) {
		ck_assert_ptr_nonnull(nic_resync_at(i));
		ck_assert_str_eq(nic_resync_at(i)->name, names[i]);
		ck_assert_ptr_eq(nic_resync_find(names[i]), nic_resync_at(i));
	}
	ck_assert_ptr_null(nic_resync_at(i));
	ck_assert_ptr_null(nic_resync_find("linux"));
	ck_assert_ptr_null(nic_resync_find(""));
}
END_TEST

START_TEST(test_nic_resync_only_hinted_devices_do_not_scan)
{
	ck_assert(nic_resync_freebsd_ops.device_scans);
	ck_assert(nic_resync_linux_async_ops.device_scans);
	ck_assert(!nic_resync_linux_hint_ops.device_scans);
	ck_assert(nic_resync_linux_sync_ops.device_scans);
}
END_TEST

START_TEST(test_nic_resync_counters_have_the_names_that_users_know)
{
	static const char *const names[] = {
	    "rx_tls_resync_req_pkt",
	    "rx_tls_resync_req_start",
	    "rx_tls_resync_req_end",
	    "rx_tls_resync_req_skip",
	    "rx_tls_resync_res_ok",
	    "rx_tls_resync_res_retry",
	    "rx_tls_resync_res_skip",
	    "TlsRxDeviceResync",
	    "tls_device_rx_resync_nh_delay",
	    "rx_resync_ok",
	    "rx_resync_err",
	    "rx_error",
	};

	ck_assert_int_eq(COUNT(names), NIC_RESYNC_COUNTERS);
	for (int i = 0; i < NIC_RESYNC_COUNTERS; i++)
		ck_assert_str_eq(
		    nic_resync_counter_name((enum nic_resync_counter)i),
		    names[i]);
}
END_TEST

START_TEST(test_nic_resync_state_of_a_flow_is_small)
{
	/* Of 1 KiB for an installed context in all. */
	ck_assert_uint_le(sizeof(struct nic_resync), 192);
}
END_TEST

/* A protocol with its own memory, in which it counts events. */
static int
own_init(struct nic_resync *r)
{
	r->u.own = calloc(1, sizeof(int));
	return r->u.own != NULL ? 0 : ENOMEM;
}

static void
own_fini(struct nic_resync *r)
{
	free(r->u.own);
	r->u.own = NULL;
}

/* Asks with every packet. */
static struct nic_resync_act
own_packet(struct nic_resync *r, const struct nic_resync_packet *p)
{
	(void)p;
	++*(int *)r->u.own;
	return (struct nic_resync_act){.kind = NIC_RESYNC_QUERY};
}

static struct nic_resync_act
own_query_done(struct nic_resync *r, const struct nic_resync_progress *psv)
{
	(void)r;
	return (struct nic_resync_act)RESYNC_HINTS(psv->candidate, 7);
}

/* A refused query is tried again, a refused hint becomes a query. */
static struct nic_resync_act
own_posted(struct nic_resync *r, const struct nic_resync_act *act, bool ok)
{
	(void)r;
	(void)act;
	if (ok)
		return nic_resync_none();
	return (struct nic_resync_act){.kind = NIC_RESYNC_QUERY};
}

static const struct nic_resync_ops own_ops = {
    .name = "own",
    .init = own_init,
    .fini = own_fini,
    .packet = own_packet,
    .query_done = own_query_done,
    .posted = own_posted,
};

/* Nobody listens. */
static const struct nic_resync_ops deaf_ops = {.name = "deaf"};

/* Asks, and does not care what comes of it. */
static const struct nic_resync_ops careless_ops = {
    .name = "careless",
    .init = own_init,
    .fini = own_fini,
    .packet = own_packet,
};

static const struct resync_life lives[] = {
    {"a protocol of one's own is counted like the others",
     &own_ops,
     {{.event = RESYNC_PACKET, .want = RESYNC_QUERIES},
      {.event = RESYNC_REFUSED, .want = RESYNC_QUERIES},
      {.event = RESYNC_POSTED},
      {.event = RESYNC_FOUND, .seq = 50, .want = RESYNC_HINTS(50, 7)},
      {.event = RESYNC_REFUSED, .want = RESYNC_QUERIES},
      {.event = RESYNC_POSTED},
      {.event = RESYNC_LOST, .want = RESYNC_HINTS(0, 7)},
      {.event = RESYNC_POSTED}},
     {{[NIC_RESYNC_REQ_PKT] = 1,
       [NIC_RESYNC_REQ_START] = 2,
       [NIC_RESYNC_REQ_END] = 1,
       [NIC_RESYNC_REQ_SKIP] = 1,
       [NIC_RESYNC_RES_RETRY] = 1,
       [NIC_RESYNC_RES_SKIP] = 1,
       [NIC_RESYNC_RES_OK] = 1}}},
    {"queries under way at the end are skipped",
     &own_ops,
     {{.event = RESYNC_PACKET, .want = RESYNC_QUERIES},
      {.event = RESYNC_PACKET, .want = RESYNC_QUERIES},
      {.event = RESYNC_POSTED}},
     {{[NIC_RESYNC_REQ_PKT] = 2,
       [NIC_RESYNC_REQ_START] = 2,
       [NIC_RESYNC_REQ_SKIP] = 2}}},
    {"every callback may be missing",
     &deaf_ops,
     {{.event = RESYNC_PACKET, .seq = 1, .len = 10},
      {.event = RESYNC_HEADER, .seq = 1, .len = 10},
      {.event = RESYNC_ENCRYPTED, .seq = 1, .len = 10}},
     {{[NIC_RESYNC_REQ_PKT] = 1}}},
    {"and a query's outcome go unheard",
     &careless_ops,
     {{.event = RESYNC_PACKET, .want = RESYNC_QUERIES},
      {.event = RESYNC_POSTED},
      {.event = RESYNC_FOUND},
      {.event = RESYNC_PACKET, .want = RESYNC_QUERIES},
      {.event = RESYNC_REFUSED}},
     {{[NIC_RESYNC_REQ_PKT] = 2,
       [NIC_RESYNC_REQ_START] = 2,
       [NIC_RESYNC_REQ_END] = 1,
       [NIC_RESYNC_REQ_SKIP] = 1}}},
};

START_TEST(test_nic_resync_life_of_a_made_up_protocol)
{
	resync_life_run(&lives[_i]);
}
END_TEST

START_TEST(test_nic_resync_fini_gives_memory_back)
{
	struct nic_resync_counters counters = {0};
	struct nic_resync r;

	ck_assert_int_eq(nic_resync_init(&r, &own_ops, &counters), 0);
	ck_assert_ptr_nonnull(r.u.own);
	nic_resync_fini(&r);
	ck_assert_ptr_null(r.u.own);
}
END_TEST

static int
fail_init(struct nic_resync *r)
{
	(void)r;
	return ENOMEM;
}

START_TEST(test_nic_resync_init_hands_on_a_failure)
{
	static const struct nic_resync_ops ops = {
	    .name = "full",
	    .init = fail_init,
	};
	struct nic_resync_counters counters = {0};
	struct nic_resync r;

	ck_assert_int_eq(nic_resync_init(&r, &ops, &counters), ENOMEM);
}
END_TEST

START_TEST(test_nic_resync_flows_share_counters)
{
	const struct nic_resync_packet p = {.seq = 1, .len = 10};
	struct nic_resync_counters counters = {0};
	struct nic_resync flows[3];

	for (int i = 0; i < 3; i++) {
		nic_resync_init(&flows[i], nic_resync_at((size_t)i), &counters);
		nic_resync_packet(&flows[i], &p);
	}
	expect_place("three flows");
	expect_count("packets", counters.n[NIC_RESYNC_REQ_PKT], 3);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_resync_suite(void);

Suite *
nic_resync_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_resync_protocols_are_found_by_name, 0),
	    TEST(test_nic_resync_only_hinted_devices_do_not_scan, 0),
	    TEST(test_nic_resync_counters_have_the_names_that_users_know, 0),
	    TEST(test_nic_resync_state_of_a_flow_is_small, 0),
	    TEST(test_nic_resync_life_of_a_made_up_protocol, COUNT(lives)),
	    TEST(test_nic_resync_fini_gives_memory_back, 0),
	    TEST(test_nic_resync_init_hands_on_a_failure, 0),
	    TEST(test_nic_resync_flows_share_counters, 0),
	};

	return suite_create_table("nic_resync", tests, (size_t)COUNT(tests),
				  NULL, NULL, 0);
}
