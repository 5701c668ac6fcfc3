/*
 * test_offload_rekey.c - a KeyUpdate while the NIC decrypts.
 *
 * The NIC goes on with the key that it has until software has read the
 * KeyUpdate, so that what comes behind it is decrypted with the wrong key, in
 * part or not at all, and never as a whole.  Prices decide how far the NIC is
 * ahead of the software.  The oracle is the sender.
 */
#include <string.h>

#include "tests/support/session_run.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *offload_rekey_suite(void);

static struct session_run made;

static void
setup(void)
{
	memset(&made, 0, sizeof(made));
}

static void
teardown(void)
{
	session_run_fini(&made);
}

enum { UPDATES = 5, RECORDS = 12 };

/* Bulk data down, a KeyUpdate after every RECORDS records. */
static void
build_bulk(struct tls_session *session, size_t bytes)
{
	session_handshake(session);
	for (int i = 0; i < UPDATES; i++) {
		for (int k = 0; k < RECORDS; k++)
			session_data(session, TALK_SERVER, bytes, 0);
		session_key_update(session, TALK_SERVER);
	}
	for (int k = 0; k < RECORDS; k++)
		session_data(session, TALK_SERVER, bytes, 0);
	session_send(session, TALK_SERVER);
	session_close(session);
}

/* A slow worker lets the NIC run ahead; small records are lost whole. */
static const struct rekey_row {
	size_t bytes;
	const char *syscall;  /* price: how late the next key comes */
	const char *firmware; /* price: how late a context comes */
	const char *protocol;
	bool offloads; /* else the NIC is always behind */
} rows[] = {
    {4000, "1us", "0", "freebsd", true},
    {4000, "5us", "0", "freebsd", true},
    {4000, "10us", "0", "freebsd", true},
    {4000, "20us", "0", "freebsd", true},
    {4000, "5us", "5us", "freebsd", true},
    {200, "5us", "0", "freebsd", false},
    {6000, "5us", "0", "freebsd", true},
    {4000, "5us", "0", "linux-async", true},
    {4000, "5us", "0", "linux-sync", true},
    {4000, "5us", "0", "linux-hint", false},
};

START_TEST(test_offload_rekey_delivers_every_byte)
{
	const struct rekey_row *row = &rows[_i];
	const struct replay_setting settings[] = {
	    {"nic.tls", "on"},
	    {"nic.resync", row->protocol},
	    {"cost.syscall", row->syscall},
	    {"cost.firmware_command", row->firmware},
	    {NULL, NULL}};
	const struct results_offload *offload;
	const struct results_flow *flow;

	session_run_begin(&made, 0x0304);
	build_bulk(&made.session, row->bytes);
	session_run_replay(&made, settings);
	flow = session_run_flow(&made);
	session_expect(&made.session, flow);
	ck_assert_uint_eq(flow->direction[1].errors, 0);
	ck_assert_uint_eq(flow->key_updates, UPDATES);
	offload = &flow->direction[1].offload;
	ck_assert_uint_eq(offload->rekeys, UPDATES);
	ck_assert_uint_ge(offload->installs, 2);
	if (!row->offloads)
		return;
	ck_assert_uint_gt(offload->split.records_full, 0);
	ck_assert_uint_gt(offload->split.records_partial, 0);
}
END_TEST

Suite *
offload_rekey_suite(void)
{
	const struct suite_test tests[] = {
	    {"every_byte", test_offload_rekey_delivers_every_byte, ROWS(rows)},
	};

	return suite_create_table("offload_rekey", tests, (size_t)ROWS(tests),
				  setup, teardown, 0);
}
