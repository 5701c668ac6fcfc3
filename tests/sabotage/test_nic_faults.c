/*
 * test_nic_faults.c - a NIC without memory, and one whose cipher fails.
 *
 * Every allocation of the library fails in turn while a NIC or a context is
 * made: nothing is made then, what there was is as it was, and the next try
 * succeeds.  Then every call of OpenSSL fails in turn while packets pass a
 * context that decrypts: it costs the record, and what is not marked has the
 * bytes it came with (nic_tls_play looks at each).
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "engine/mbuf.h"
#include "nicmodel/nic.h"
#include "tests/sabotage/evp_faults.h"
#include "tests/sabotage/libc_faults.h"
#include "tests/support/nic_tls_play.h"
#include "tests/support/pcie_link.h"
#include "tests/support/suite_table.h"
#include "tests/support/tls_seal.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *nic_faults_suite(void);

enum { REQUESTS_MAX = 40, CONTEXTS = 3 };

static struct mbuf_pool *pool;
static struct nic nic;
static struct nic_pcie pcie;
static struct nic_cache cache;
static struct nic_stack stack;
static struct ktls_key key;

static struct nic_config
config_default(void)
{
	struct nic_config config = {
	    .pcie = pcie_link(0),
	    .queues = 2,
	    .ring_slots = 8,
	    .rss_table_size = 2,
	    .tls = true,
	    .contexts = {.limit = CONTEXTS,
			 .stack = true,
			 .cache = nic_cache_default()},
	};

	config.contexts.cache.entries = 2;
	return config;
}

static int
make_cache(void)
{
	struct nic_cache_config config = nic_cache_default();

	config.entries = 2;
	return nic_cache_init(&cache, &config, &pcie);
}

static int
make_cache_without_entries(void)
{
	struct nic_cache_config config = nic_cache_default();

	config.entries = 0;
	return nic_cache_init(&cache, &config, &pcie);
}

static void
drop_cache(void)
{
	nic_cache_fini(&cache);
}

static int
make_stack(void)
{
	return nic_stack_init(&stack, CONTEXTS);
}

static void
drop_stack(void)
{
	nic_stack_fini(&stack);
}

static int
make_nic(void)
{
	const struct nic_config config = config_default();

	return nic_init(&nic, &config, pool);
}

static void
drop_nic(void)
{
	nic_fini(&nic);
}

static const struct {
	int (*make)(void);
	void (*drop)(void);
	unsigned requests;
} devices[] = {
    {make_cache, drop_cache, 4},
    {make_cache_without_entries, drop_cache, 1},
    {make_stack, drop_stack, 5},
    {make_nic, drop_nic, 10},
};

static void
setup(void)
{
	const struct nic_pcie_config config = pcie_link(0);

	pool = mbuf_pool_create(0);
	ck_assert_ptr_nonnull(pool);
	ck_assert_int_eq(nic_pcie_init(&pcie, &config), 0);
}

static void
teardown(void)
{
	mbuf_pool_destroy(pool);
}

/* Make it while each request fails in turn; how many there were. */
static unsigned
fail_each(int (*make)(void))
{
	unsigned failed = 0;
	int error = ENOMEM;

	while (error != 0) {
		bool hit;

		ck_assert_uint_lt(failed, REQUESTS_MAX);
		libc_faults_after(failed + 1);
		error = make();
		hit = libc_faults_hit();
		libc_faults_after(0);
		ck_assert_int_eq(error, hit ? ENOMEM : 0);
		failed += hit;
	}
	return failed;
}

START_TEST(test_nic_faults_a_device_is_made_whole_or_not_at_all)
{
	ck_assert_uint_eq(fail_each(devices[_i].make), devices[_i].requests);
	devices[_i].drop();
}
END_TEST

static int
add(uint32_t flow, bool real)
{
	const struct nic_tls_params params = {.key = &key, .real = real};
	struct nic_context *context;

	return nic_context_add(&nic.contexts, flow, 0, &params, &context);
}

static const struct {
	uint32_t flow;
	uint32_t before;   /* contexts that there are */
	unsigned requests; /* context, scratch, two tables, key and stream */
	bool real;	   /* OpenSSL's own requests are counted as well */
} contexts[] = {
    {7, 0, 4, false},
    {7, 1, 1, false},
    {7, 0, 6, true},
    {7, 1, 3, true},
    /* The table by flow has 64 places at first. */
    {1000, 1, 2, false},
};

/*
 * One request fails, in a NIC of its own; whether there were so many.  OpenSSL
 * can do without some of its memory; *failed counts what it could not.
 */
static bool
add_badly(int row, uint64_t nth, unsigned *failed)
{
	const uint32_t flow = contexts[row].flow, before = contexts[row].before;
	const struct nic_contexts *set = &nic.contexts;
	bool hit;
	int error;

	ck_assert_int_eq(make_nic(), 0);
	for (uint32_t i = 0; i < before; i++)
		ck_assert_int_eq(add(i, true), 0);
	libc_faults_after(nth);
	error = add(flow, contexts[row].real);
	hit = libc_faults_hit();
	libc_faults_after(0);
	ck_assert(error == 0 || (hit && error == ENOMEM));
	ck_assert_uint_eq(set->count, before + (error == 0));
	ck_assert_uint_eq(set->added, before + (error == 0));
	if (error != 0) {
		ck_assert_ptr_null(nic_context_find(set, flow, 0));
		ck_assert_int_eq(add(flow, contexts[row].real), 0);
		++*failed;
	}
	ck_assert_uint_eq(nic_context_find(set, flow, 0)->id, before);
	nic_fini(&nic);
	return hit;
}

START_TEST(test_nic_faults_a_context_is_added_whole_or_not_at_all)
{
	unsigned failed = 0;
	uint64_t nth = 1;

	tls_seal_key(&key, TLS_1_3, TLS_CIPHER_AES_GCM, 16, 5);
	while (add_badly(_i, nth, &failed))
		ck_assert_uint_lt(++nth, REQUESTS_MAX);
	if (contexts[_i].real)
		ck_assert_uint_ge(failed, contexts[_i].requests);
	else
		ck_assert_uint_eq(failed, contexts[_i].requests);
}
END_TEST

/* Two records of 1000 bytes, the first in two packets; then a third. */
static const struct {
	const char *fails;
	const char *pattern; /* marks of each record's packets */
	uint32_t authenticated;
	uint64_t tag_failures;
} ciphers[] = {
    {"nonce", "EE D D", 2, 0},
    {"additional data", "EE D D", 2, 0},
    {"text of the first packet", "EE D D", 2, 0},
    {"text of the second packet", "DE D D", 2, 0},
    {"tag is handed over", "DE D D", 2, 0},
    {"tag is compared", "DE E D", 1, 1},
    {"nonce of the second record", "DD E D", 2, 0},
    {"its additional data", "DD E D", 2, 0},
    {"its text", "DD E D", 2, 0},
    {"its tag is handed over", "DD E D", 2, 0},
    {"its tag is compared", "DD E E", 1, 1},
};

/* A failing cipher costs its record, a tag that is not right the place. */
START_TEST(test_nic_faults_a_failing_cipher_costs_its_record)
{
	const int row = _i / 2;
	struct nic_tls_play *play = play_create();
	struct nic_tls_params params = {
	    .key = &play->key,
	    .scratch = play->tls.scratch,
	    .counters = &play->counters,
	    .real = true,
	};
	int error;

	play_image(play, _i % 2 == 0 ? TLS_1_2 : TLS_1_3, 16, 0);
	for (int i = 0; i < 3; i++)
		tls_image_add(&play->image, 1000);
	error = nic_tls_init(&play->tls, &params);
	ck_assert_int_eq(error, 0);
	evp_faults_after((uint64_t)row + 1);
	play_packet(play, 0, 400);
	play_packet(play, 400, 1000);
	play_packet(play, 1000, 2000);
	ck_assert(evp_faults_hit());
	evp_faults_after(0);
	if (!play->tls.offload)
		play_answer(play, 1);
	play_packet(play, 2000, 3000);
	ck_assert_msg(strcmp(play_pattern(play), ciphers[row].pattern) == 0,
		      "%s: %s, not %s", ciphers[row].fails, play_pattern(play),
		      ciphers[row].pattern);
	ck_assert_uint_eq(play->authenticated, ciphers[row].authenticated);
	ck_assert_uint_eq(play->counters.tag_failures,
			  ciphers[row].tag_failures);
	play_destroy(play);
}
END_TEST

Suite *
nic_faults_suite(void)
{
	const struct suite_test tests[] = {
	    {"device", test_nic_faults_a_device_is_made_whole_or_not_at_all,
	     ROWS(devices)},
	    {"context", test_nic_faults_a_context_is_added_whole_or_not_at_all,
	     ROWS(contexts)},
	    {"cipher", test_nic_faults_a_failing_cipher_costs_its_record,
	     2 * ROWS(ciphers)},
	};

	return suite_create_table("nic_faults", tests, (size_t)ROWS(tests),
				  setup, teardown, 0);
}
