/*
 * test_ingress.c - from frames to segments: sums, cutting, who receives.
 */
#include "engine/mbuf.h"
#include "sim/ktlsim_internal.h"
#include "sim/results.h"
#include "tests/support/sim_driver.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *ingress_suite(void);

enum { WIRE = 1021 };

static struct sim_driver driver;
static struct sim_sender sender;

static void
teardown(void)
{
	sim_driver_destroy(&driver);
}

static const struct results_direction *
to_server(void)
{
	return &ktlsim_results(driver.sim)->flows[0].direction[0];
}

static const struct sum_row {
	const char *policy;
	enum packet_checksum sum;
	uint64_t dropped;
} sum_rows[] = {
    {"auto", PACKET_SUM_RIGHT, 0},     {"auto", PACKET_SUM_PARTIAL, 0},
    {"auto", PACKET_SUM_WRONG, 1},     {"verify", PACKET_SUM_RIGHT, 0},
    {"verify", PACKET_SUM_PARTIAL, 1}, {"verify", PACKET_SUM_WRONG, 1},
    {"ignore", PACKET_SUM_RIGHT, 0},   {"ignore", PACKET_SUM_PARTIAL, 0},
    {"ignore", PACKET_SUM_WRONG, 0},
};

START_TEST(test_checksum)
{
	const struct sum_row *row = &sum_rows[_i];
	const struct sim_key keys[] = {{"replay.checksum", row->policy},
				       {NULL, NULL}};
	const struct results_conservation *books;

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sender.packet.checksum = row->sum;
	sim_send_record(&sender, 0, WIRE);
	sim_driver_finish(&driver);
	books = &sim_driver_host(&driver, 0)->conservation;
	ck_assert_uint_eq(books->segments_in, 1);
	ck_assert_uint_eq(books->dropped_checksum, row->dropped);
	ck_assert_uint_eq(driver.records, 1 - row->dropped);
}
END_TEST

/*
 * A frame of `payload` bytes after SYNs with these MSS options; a time stamp
 * option takes 12 bytes of each segment.  Without SYNs only what no Ethernet
 * carries is cut, to 1448.
 */
static const struct cut_row {
	uint16_t client_mss, server_mss; /* 0: no SYN */
	bool timestamp;
	const char *policy;
	uint32_t payload;
	uint64_t segments;
	uint64_t wire_bytes; /* payload + 78 or 90 for each, of the client */
} cut_rows[] = {
    {1460, 1460, false, "cut", 1460, 1, 1460 + 78},
    /* The second one has 59 bytes, 5 less than the least frame. */
    {1460, 1460, false, "cut", 1461, 2, 1461 + 2 * 78 + 5},
    {1460, 1460, false, "cut", 2920, 2, 2920 + 2 * 78},
    {1460, 1400, false, "cut", 2920, 3, 2920 + 3 * 78},
    {536, 1460, false, "cut", 2920, 6, 2920 + 6 * 78},
    {1460, 1460, true, "cut", 2896, 2, 2896 + 2 * 90},
    {1460, 1460, true, "cut", 2897, 3, 2897 + 3 * 90},
    {1460, 1460, false, "keep", 2920, 1, 2920 + 78},
    {0, 0, false, "cut", 8960, 1, 8960 + 78},
    {0, 0, false, "cut", 8961, 7, 8961 + 7 * 78},
    {0, 0, false, "keep", 8961, 1, 8961 + 78},
};

static void
send_syns(const struct cut_row *row)
{
	struct packet *packet = &sender.packet;

	packet->mss = row->client_mss;
	sender.first_seq = 0;
	sim_send_flags(&sender, 0, TH_SYN);
	packet_reverse(packet);
	packet->mss = row->server_mss;
	sim_send_flags(&sender, 1000, TH_SYN | TH_ACK);
	packet_reverse(packet);
	packet->mss = 0;
	sender.first_seq = 1;
}

START_TEST(test_cut)
{
	const struct cut_row *row = &cut_rows[_i];
	const struct sim_key keys[] = {{"replay.segmentation", row->policy},
				       {NULL, NULL}};
	bool syns = row->client_mss > 0;
	uint64_t wire;

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	if (syns)
		send_syns(row);
	sender.packet.timestamp = row->timestamp;
	sim_send_record(&sender, 1000000, row->payload);
	sim_driver_finish(&driver);
	/* A SYN with the MSS option: 14 + 20 + 24 = 58, padded to 64, + 20. */
	wire = to_server()->wire_bytes - (syns ? 84 : 0);
	ck_assert_uint_eq(to_server()->segments, row->segments + syns);
	ck_assert_uint_eq(to_server()->frames, 1u + syns);
	ck_assert_uint_eq(wire, row->wire_bytes);
	ck_assert_uint_eq(driver.records, 1);
	ck_assert_uint_eq(driver.record[0].wire_bytes, row->payload);
}
END_TEST

/* A FIN on a cut frame is on its last piece: nothing comes behind it. */
START_TEST(test_cut_fin)
{
	static uint8_t bytes[PACKET_BYTES_MAX];
	struct ktlsim_frame frame = {.size = sizeof(frame), .link_type = 1};

	sim_driver_create(&driver, NULL);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_sender_record(&sender, 10000);
	sender.packet.th_seq = sender.first_seq;
	sender.packet.th_flags = TH_ACK | TH_FIN | TH_PUSH;
	sender.packet.payload = sender.stream;
	sender.packet.payload_len = 10000;
	frame.data = bytes;
	frame.captured_len =
	    (uint32_t)packet_build(&sender.packet, bytes, sizeof(bytes));
	frame.wire_len = frame.captured_len;
	ck_assert_int_eq(ktlsim_inject(driver.sim, &frame, NULL), 0);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(driver.records, 1);
	ck_assert_uint_eq(sim_driver_host(&driver, 0)->conservation.delivered,
			  7);
}
END_TEST

/* A client's record: who receives it, and who is simulated at all. */
static const struct receiver_row {
	const char *receiver;
	size_t hosts;
	const char *name; /* of the host that gets the record, or NULL */
} receiver_rows[] = {
    {"both", 2, "server"},  {"server", 1, "server"},	 {"client", 1, NULL},
    {"none", 0, NULL},	    {"10.0.0.2", 1, "10.0.0.2"}, {"10.0.0.1", 1, NULL},
    {"10.0.0.22", 1, NULL},
};

START_TEST(test_receiver)
{
	const struct receiver_row *row = &receiver_rows[_i];
	const struct sim_key keys[] = {{"replay.receiver", row->receiver},
				       {NULL, NULL}};
	const struct results *results;
	size_t receivers = 0;

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_send_record(&sender, 0, WIRE);
	sim_driver_finish(&driver);
	results = ktlsim_results(driver.sim);
	ck_assert_uint_eq(results->host_count, row->hosts);
	for (size_t i = 0; i < results->host_count; i++) {
		if (results->hosts[i].split.records_none == 0)
			continue;
		receivers++;
		ck_assert_str_eq(results->hosts[i].name, row->name);
	}
	ck_assert_uint_eq(receivers, row->name != NULL);
	/* Who is followed without a host gets it too, at once. */
	ck_assert_uint_eq(driver.records, 1);
	if (row->name == NULL)
		SIM_EXPECT(&driver, read_end_ps, 0);
}
END_TEST

/* IPv6: the brackets of an address are not part of it. */
START_TEST(test_receiver_v6)
{
	static const struct sim_key keys[] = {
	    {"replay.receiver", "2001:db8::2"}, {NULL, NULL}};
	struct ktlsim_flow flow;

	sim_driver_create(&driver, keys);
	sim_sender_init(&sender, &driver, SIM_PORT_0);
	packet_init_v6(&sender.packet);
	flow = sim_sender_flow(&sender);
	flow.client = "[2001:db8::1]:40000";
	flow.server = "[2001:db8::2]:443";
	ck_assert_int_eq(ktlsim_add_flow(driver.sim, &flow, NULL), 0);
	sim_send_record(&sender, 0, WIRE);
	sim_driver_finish(&driver);
	ck_assert_uint_eq(sim_driver_host(&driver, 0)->split.records_none, 1);
}
END_TEST

Suite *
ingress_suite(void)
{
	const struct suite_test tests[] = {
	    {"a_wrong_sum_is_dropped_by_policy", test_checksum, ROWS(sum_rows)},
	    {"a_large_frame_is_cut_to_the_mss", test_cut, ROWS(cut_rows)},
	    {"a_cut_fin_comes_last", test_cut_fin, 0},
	    {"a_receiver_is_chosen", test_receiver, ROWS(receiver_rows)},
	    {"a_receiver_is_chosen_by_ipv6_address", test_receiver_v6, 0},
	};

	return suite_create_table("ingress", tests,
				  sizeof(tests) / sizeof(*tests), NULL,
				  teardown, 0);
}
