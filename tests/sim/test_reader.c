/*
 * test_reader.c - the application's threads in literal picoseconds.
 *
 * Costs are those of the profile `unit`, on one CPU (see test_pipeline.c): a
 * record of 1021 bytes that comes at 0 is appended at 6 and decrypted at 12;
 * its reader enters the receive call at 14 (wake-up, switch), and a call is 2
 * us (system call, receive).  999 bytes of it are plaintext.  In the comments
 * times are microseconds.
 */
#include "engine/mbuf.h"
#include "sim/ktlsim_internal.h"
#include "sim/results.h"
#include "tests/support/sim_driver.h"
#include "tests/support/suite_table.h"
#include "tests/support/tls_scripts.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *reader_suite(void);

enum { WIRE = 1021, KEYS_MAX = 5 };

static struct sim_driver driver;
static struct sim_sender sender, server;

static void
teardown(void)
{
	sim_driver_destroy(&driver);
}

/*
 * Two records of 500 charged bytes in one segment, decrypted by 11.5 and 14;
 * the first call is entered at 16.
 */
static const struct read_row {
	struct sim_key keys[KEYS_MAX];
	uint64_t read_begin_ps[2];
	uint64_t read_end_ps[2];
} read_rows[] = {
    {{{NULL, NULL}}, {16000000, 18000000}, {18000000, 20000000}},
    /* Ten microseconds asleep after each call; nobody needs waking. */
    {{{"app.think_time", "10us"}}, {16000000, 28000000}, {18000000, 30000000}},
    /* 499 bytes of plaintext are 200, 200 and 99: three calls each. */
    {{{"app.read_size", "200"}}, {16000000, 22000000}, {22000000, 28000000}},
    /* Exactly all of it in one call. */
    {{{"app.read_size", "499"}}, {16000000, 18000000}, {18000000, 20000000}},
    /* All but one byte. */
    {{{"app.read_size", "498"}}, {16000000, 20000000}, {20000000, 24000000}},
    /* It thinks between the pieces of a record, too: 16, 28; 40, 52. */
    {{{"app.read_size", "250"}, {"app.think_time", "10us"}},
     {16000000, 40000000},
     {30000000, 54000000}},
    /* A greater buffer does not join records. */
    {{{"app.read_size", "64KiB"}}, {16000000, 18000000}, {18000000, 20000000}},
    /* 499 bytes at 1 ns. */
    {{{"cost.copy_byte", "1ns"}}, {16000000, 18499000}, {18499000, 20998000}},
    /* The wake-up is paid once; the calls follow each other. */
    {{{"cost.reader_wakeup", "5us"}},
     {20000000, 22000000},
     {22000000, 24000000}},
};

START_TEST(test_read)
{
	const struct read_row *row = &read_rows[_i];
	struct sim_key keys[KEYS_MAX + 2] = {{"host.cpus", "1"}};

	for (int i = 0; i < KEYS_MAX; i++)
		keys[i + 1] = row->keys[i];
	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_sender_record(&sender, 521);
	sim_sender_record(&sender, 521);
	sim_send(&sender, 0, 0, 1042);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, read_begin_ps, row->read_begin_ps[0],
		   row->read_begin_ps[1]);
	SIM_EXPECT(&driver, read_end_ps, row->read_end_ps[0],
		   row->read_end_ps[1]);
}
END_TEST

/*
 * A record in `segments` segments, 20 us apart: every append wakes the reader,
 * which finds nothing until the record is complete and decrypted.
 */
static const struct wake_row {
	uint32_t segments;
	uint64_t useful, spurious;
} wake_rows[] = {{1, 1, 0}, {2, 1, 1}, {3, 1, 2}, {7, 1, 6}};

START_TEST(test_wakeups)
{
	static const struct sim_key keys[] = {{"host.cpus", "1"}, {NULL, NULL}};
	const struct wake_row *row = &wake_rows[_i];
	const struct results_host *host;

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_sender_record(&sender, row->segments * 100);
	for (uint32_t i = 0; i < row->segments; i++)
		sim_send(&sender, i * 20000000, i * 100, 100);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, 1);
	host = sim_driver_host(&driver, 0);
	ck_assert_uint_eq(host->wakeups_useful, row->useful);
	ck_assert_uint_eq(host->wakeups_spurious, row->spurious);
}
END_TEST

/*
 * On several CPUs the append's wake-up finds nothing (6 + 1 + 1: 8), as the
 * worker on another CPU is done at 12 only; the end of its pass wakes again,
 * without a switch: 13.
 */
START_TEST(test_woken_twice)
{
	static const struct sim_key keys[] = {
	    {"host.cpus", "4"}, {"nic.queues", "1"}, {NULL, NULL}};
	const struct results_host *host;

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_send_record(&sender, 0, WIRE);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, read_begin_ps, 13000000);
	SIM_EXPECT(&driver, read_end_ps, 15000000);
	host = sim_driver_host(&driver, 0);
	ck_assert_uint_eq(host->wakeups_useful, 1);
	ck_assert_uint_eq(host->wakeups_spurious, 1);
	/* Reader of flow 0 on CPU 0: 1 + 1, then 1 + 2. */
	ck_assert_uint_eq(host->cpus[0].app_ps, 5000000);
}
END_TEST

/* The reader of flow n runs on CPU n modulo the number of CPUs. */
START_TEST(test_reader_cpu)
{
	static const struct sim_key keys[] = {{"host.cpus", "2"}, {NULL, NULL}};
	const struct results_host *host;

	sim_driver_create(&driver, keys);
	for (int flow = 0; flow < 3; flow++)
		sim_sender_open(&sender, &driver, (uint16_t)(50000 + flow));
	sim_send_record(&sender, 0, WIRE);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.record[0].flow, 2);
	host = sim_driver_host(&driver, 0);
	ck_assert_uint_gt(host->cpus[0].app_ps, 0);
	ck_assert_uint_eq(host->cpus[1].app_ps, 0);
}
END_TEST

/*
 * TLS 1.2 without keys, timed from its record headers.  The ClientHello comes
 * at 0: appended at 6, its reader enters at 8, and the TLS library makes two
 * calls of it: 12.  The server's flight passes at 10.  At 20 come key exchange,
 * ChangeCipherSpec, Finished and one record of data: appended at 27 (an ACK),
 * reader at 28; two calls each for the first two: 36.  Then the key install,
 * after the delay of the application: system call + install, 2.  Finished and
 * data have waited for it since 27.  The worker begins 3 later; Finished has 16
 * charged bytes, the data 100.
 */
static const struct enable_row {
	const char *delay;
	uint64_t keyed_ps;
} enable_rows[] = {{"0", 38000000}, {"5us", 43000000}};

static void
send_talk(struct talk *talk)
{
	size_t hello = 5 + (size_t)(talk->bytes[TALK_CLIENT][3] << 8 |
				    talk->bytes[TALK_CLIENT][4]);

	sim_sender_init(&sender, &driver, SIM_PORT_0);
	sim_sender_init(&server, &driver, SIM_PORT_0);
	packet_reverse(&server.packet);
	sim_sender_bytes(&sender, talk->bytes[TALK_CLIENT],
			 talk->len[TALK_CLIENT]);
	sim_sender_bytes(&server, talk->bytes[TALK_SERVER],
			 talk->mark[TALK_SERVER]);
	sim_send(&sender, 0, 0, (uint32_t)hello);
	sim_send(&server, 10000000, 0, server.written);
	sim_send(&sender, 20000000, (uint32_t)hello,
		 sender.written - (uint32_t)hello);
}

START_TEST(test_enable)
{
	const struct enable_row *row = &enable_rows[_i];
	const struct sim_key keys[] = {
	    {"host.cpus", "1"}, {"app.enable_delay", row->delay}, {NULL, NULL}};
	const struct talk_hello hello = {.version = 0x0303, .suite_id = 0xc02f};
	uint64_t keyed = row->keyed_ps;
	struct talk talk;

	sim_driver_create(&driver, keys);
	talk_init(&talk, &hello);
	script_tls12(&talk, 0);
	send_talk(&talk);
	talk_fini(&talk);
	sim_driver_finish(&driver);
	SIM_EXPECT(&driver, appended_ps, 27000000, 27000000);
	SIM_EXPECT(&driver, keyed_ps, keyed, keyed);
	SIM_EXPECT(&driver, begin_ps, keyed + 3000000, keyed + 5016000);
	SIM_EXPECT(&driver, decrypted_ps, keyed + 5016000, keyed + 7116000);
	SIM_EXPECT(&driver, read_begin_ps, keyed + 9116000, keyed + 11116000);
	ck_assert_uint_eq(driver.record[0].type, 22);
	ck_assert_uint_eq(driver.record[1].type, 23);
}
END_TEST

/* A FIN between records and inside of one: whole records are read. */
static const struct end_row {
	uint32_t sent; /* bytes of two records of 521 */
	uint64_t records;
} end_rows[] = {{1042, 2}, {521, 1}, {0, 0}, {1041, 1}, {524, 1}};

START_TEST(test_end)
{
	static const struct sim_key keys[] = {{"host.cpus", "1"}, {NULL, NULL}};
	const struct end_row *row = &end_rows[_i];

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_sender_record(&sender, 521);
	sim_sender_record(&sender, 521);
	if (row->sent > 0)
		sim_send(&sender, 0, 0, row->sent);
	sender.written = row->sent;
	sim_send_flags(&sender, 50000000, TH_ACK | TH_FIN);
	/* What comes after the end is dropped, and wakes nobody. */
	sim_send_flags(&sender, 90000000, TH_ACK | TH_FIN);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, row->records);
	ck_assert_uint_eq(sim_driver_host(&driver, 0)->conservation.segments_in,
			  row->sent > 0 ? 3 : 2);
}
END_TEST

Suite *
reader_suite(void)
{
	const struct suite_test tests[] = {
	    {"one_receive_call_after_the_other", test_read, ROWS(read_rows)},
	    {"every_append_wakes_the_reader", test_wakeups, ROWS(wake_rows)},
	    {"a_reader_is_woken_by_append_and_by_worker", test_woken_twice, 0},
	    {"a_reader_has_its_cpu", test_reader_cpu, 0},
	    {"records_wait_for_their_key", test_enable, ROWS(enable_rows)},
	    {"streams_end_in_many_places", test_end, ROWS(end_rows)},
	};

	return suite_create_table(
	    "reader", tests, sizeof(tests) / sizeof(*tests), NULL, teardown, 0);
}
