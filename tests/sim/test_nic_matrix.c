/*
 * test_nic_matrix.c - what inline TLS adds to the acceptance matrix, each row
 * in a whole simulation.
 *
 * A scenario is a table of packets: when, bytes [begin, end) of the stream, the
 * mark expected (D decrypted, E as on the wire, R the same with a resync
 * indication, F with a wrong tag), and the context's state afterwards (ST
 * start, OF offloading, AU the same inside a tag, SE searching, UN unconfirmed
 * with a candidate).  Records have 1000 bytes, record r begins at 1000 r. Below
 * it stands what became of each record: F full, P partial, N decrypted by
 * software alone, X refused with EBADMSG.  That the application gets the bytes
 * that were sealed is checked for all of them.
 *
 * Prices are 1 us each, so an answer takes some tens of us; times are far
 * enough apart for packets not to be merged.
 */
#include <check.h>
#include <string.h>

#include "sim/ktlsim_internal.h"
#include "sim/results.h"
#include "tests/support/nic_matrix.h"
#include "tests/support/session_run.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *nic_matrix_suite(void);

#define US UINT64_C(1000000)
#define MS (1000 * US)

enum { PACKETS_MAX = 24, KEYS_MAX = 4, RECORD = 1000 };

static struct nic_matrix matrix;
static struct session_run made;

static void
setup(void)
{
	memset(&made, 0, sizeof(made));
}

static void
teardown(void)
{
	nic_matrix_close(&matrix);
	session_run_fini(&made);
}

struct packet_row {
	uint32_t time_us;
	uint32_t begin, end;
	char mark;
	const char *state;
};

struct scenario {
	const char *name;
	struct packet_row packet[PACKETS_MAX];
	const char *outcome; /* by record */
	uint64_t episodes;   /* of lost sync */
	uint64_t answers;    /* taken by the device */
	uint32_t damage;     /* offset of a byte that the sender damages */
	struct sim_key keys[KEYS_MAX];
};

static const struct scenario scenarios[] = {
    /* --- a stream that the link bends (04-nic section 1.5) -------------- */
    {.name = "a packet inside a record is lost: two mixed records",
     .packet = {{20, 0, 1000, 'D', "OF"},
		{40, 1000, 1300, 'D', "OF"},
		{60, 1600, 2300, 'E', "OF"},
		{80, 2300, 3000, 'D', "OF"},
		{100, 1300, 1600, 'E', "OF"},
		{120, 3000, 4000, 'D', "OF"}},
     .outcome = "FPPF"},
    {.name = "a packet with a header is lost, the next one is not known",
     .packet = {{20, 0, 1000, 'D', "OF"},
		{40, 1000, 1900, 'D', "OF"},
		{60, 2100, 3000, 'E', "SE"},
		{80, 3000, 4000, 'R', "UN"},
		{100, 1900, 2100, 'E', "UN"},
		{120, 4000, 5000, 'E', "UN"},
		{200, 5000, 6000, 'D', "OF"},
		{220, 6000, 7000, 'D', "OF"}},
     .outcome = "FPNNNFF",
     .episodes = 1,
     .answers = 1},
    {.name = "two adjacent packets change places",
     .packet = {{20, 0, 1000, 'D', "OF"},
		{40, 1000, 1300, 'D', "OF"},
		{60, 1600, 1900, 'E', "OF"},
		{80, 1300, 1600, 'E', "OF"},
		{100, 1900, 2500, 'E', "OF"},
		{120, 2500, 3000, 'D', "OF"},
		{140, 3000, 4000, 'D', "OF"}},
     .outcome = "FPPF"},
    {.name = "a packet comes twice",
     .packet = {{20, 0, 1000, 'D', "OF"},
		{40, 1000, 1500, 'D', "OF"},
		{60, 1000, 1500, 'E', "OF"},
		{80, 1500, 2000, 'D', "OF"},
		{100, 2000, 3000, 'D', "OF"}},
     .outcome = "FFF"},
    {.name = "more than a record is lost",
     .packet = {{20, 0, 1000, 'D', "OF"},
		{40, 1000, 1300, 'D', "OF"},
		{60, 3300, 3900, 'E', "SE"},
		{80, 3900, 4500, 'R', "UN"},
		{100, 1300, 3300, 'E', "UN"},
		{120, 4500, 5000, 'E', "UN"},
		{200, 5000, 6000, 'D', "OF"},
		{220, 6000, 7000, 'D', "OF"}},
     .outcome = "FPNNNFF",
     .episodes = 1,
     .answers = 1},
    {.name = "what is sent again overlaps what was decrypted",
     .packet = {{20, 0, 1000, 'D', "OF"},
		{40, 1000, 1600, 'D', "OF"},
		{60, 1400, 2000, 'E', "OF"},
		{80, 2000, 3000, 'E', "OF"},
		{100, 3000, 4000, 'D', "OF"}},
     .outcome = "FPNF"},

    /* --- a mixed record whose tag is wrong ------------------------------ */
    {.name = "a wrong tag that the device finds",
     .packet = {{20, 0, 1000, 'D', "OF"},
		{40, 1000, 1500, 'D', "OF"},
		{60, 1500, 2000, 'F', "SE"},
		{80, 2000, 3000, 'R', "UN"},
		{160, 3000, 4000, 'D', "OF"}},
     .outcome = "FXNF",
     .episodes = 1,
     .answers = 1,
     .damage = 1700},
    {.name = "damage in the part that came as on the wire",
     .packet = {{20, 0, 1000, 'D', "OF"},
		{40, 1000, 1300, 'D', "OF"},
		{60, 1600, 2300, 'E', "OF"},
		{80, 2300, 3000, 'D', "OF"},
		{100, 1300, 1600, 'E', "OF"},
		{120, 3000, 4000, 'D', "OF"}},
     .outcome = "FXPF",
     .damage = 1700},
    {.name = "damage in the part that was decrypted",
     .packet = {{20, 0, 1000, 'D', "OF"},
		{40, 1000, 1300, 'D', "OF"},
		{60, 1600, 2300, 'E', "OF"},
		{80, 2300, 3000, 'D', "OF"},
		{100, 1300, 1600, 'E', "OF"},
		{120, 3000, 4000, 'D', "OF"}},
     .outcome = "FXPF",
     .damage = 1100},
    {.name = "damage in a front part that was read but not decrypted",
     .packet = {{20, 0, 1000, 'D', "OF"},
		{40, 1000, 1300, 'D', "OF"},
		{60, 1600, 2300, 'E', "OF"},
		{80, 1300, 1600, 'E', "OF"},
		{100, 2300, 3000, 'F', "SE"},
		{120, 3000, 4000, 'R', "UN"},
		{200, 4000, 5000, 'D', "OF"}},
     .outcome = "FPXNF",
     .episodes = 1,
     .answers = 1,
     .damage = 2100},

    /* --- a hole at each place of a record of four packets --------------- */
    {.name = "a hole at the first of four packets",
     .packet = {{20, 0, 1000, 'D', "OF"},
		{40, 1250, 1500, 'E', "SE"},
		{60, 1500, 1750, 'E', "SE"},
		{80, 1750, 2000, 'E', "SE"},
		{100, 1000, 1250, 'R', "UN"},
		{200, 2000, 3000, 'E', "OF"},
		{240, 3000, 4000, 'D', "OF"}},
     .outcome = "FNNF",
     .episodes = 1,
     .answers = 1},
    {.name = "a hole at the second",
     .packet = {{20, 0, 1000, 'D', "OF"},
		{40, 1000, 1250, 'D', "OF"},
		{60, 1500, 1750, 'E', "OF"},
		{80, 1750, 2000, 'E', "OF"},
		{100, 1250, 1500, 'E', "OF"},
		{120, 2000, 2500, 'D', "OF"},
		{140, 2500, 3000, 'D', "OF"},
		{160, 3000, 4000, 'D', "OF"}},
     .outcome = "FPFF"},
    {.name = "a hole at the third",
     .packet = {{20, 0, 1000, 'D', "OF"},
		{40, 1000, 1250, 'D', "OF"},
		{60, 1250, 1500, 'D', "OF"},
		{80, 1750, 2000, 'E', "OF"},
		{100, 1500, 1750, 'E', "OF"},
		{120, 2000, 2500, 'D', "OF"},
		{140, 2500, 3000, 'D', "OF"},
		{160, 3000, 4000, 'D', "OF"}},
     .outcome = "FPFF"},
    {.name = "a hole at the fourth",
     .packet = {{20, 0, 1000, 'D', "OF"},
		{40, 1000, 1250, 'D', "OF"},
		{60, 1250, 1500, 'D', "OF"},
		{80, 1500, 1750, 'D', "OF"},
		{100, 2000, 2500, 'E', "OF"},
		{120, 1750, 2000, 'E', "OF"},
		{140, 2500, 3000, 'D', "OF"},
		{160, 3000, 4000, 'D', "OF"}},
     .outcome = "FPPF"},

    /* --- a header in several packets, a record that ends with its packet  */
    {.name = "a header in two packets",
     .packet = {{20, 0, 1002, 'D', "OF"},
		{40, 1002, 2000, 'D', "OF"},
		{60, 2000, 3000, 'D', "OF"}},
     .outcome = "FFF"},
    {.name = "a header in three packets",
     .packet = {{20, 0, 1001, 'D', "OF"},
		{40, 1001, 1004, 'D', "OF"},
		{60, 1004, 2000, 'D', "OF"},
		{80, 2000, 3000, 'D', "OF"}},
     .outcome = "FFF"},
    {.name = "a header in four packets",
     .packet = {{20, 0, 1001, 'D', "OF"},
		{40, 1001, 1002, 'D', "OF"},
		{60, 1002, 1003, 'D', "OF"},
		{80, 1003, 2000, 'D', "OF"},
		{100, 2000, 3000, 'D', "OF"}},
     .outcome = "FFF"},
    {.name = "a header in five packets",
     .packet = {{20, 0, 1001, 'D', "OF"},
		{40, 1001, 1002, 'D', "OF"},
		{60, 1002, 1003, 'D', "OF"},
		{80, 1003, 1004, 'D', "OF"},
		{100, 1004, 2000, 'D', "OF"},
		{120, 2000, 3000, 'D', "OF"}},
     .outcome = "FFF"},
    {.name = "one of five is lost",
     .packet = {{20, 0, 1001, 'D', "OF"},
		{40, 1001, 1002, 'D', "OF"},
		{60, 1003, 1004, 'E', "SE"},
		{80, 1004, 2000, 'E', "SE"},
		{100, 1002, 1003, 'E', "SE"},
		{120, 2000, 3000, 'R', "UN"},
		{200, 3000, 4000, 'D', "OF"}},
     .outcome = "FPNF",
     .episodes = 1,
     .answers = 1},
    {.name = "a record ends with its packet, inside a tag and behind it",
     .packet = {{20, 0, 990, 'D', "AU"},
		{40, 990, 1000, 'D', "OF"},
		{60, 1000, 1984, 'D', "OF"},
		{80, 1984, 2000, 'D', "OF"},
		{100, 2000, 3000, 'D', "OF"}},
     .outcome = "FFF"},

    /* --- the device is reset inside a record ---------------------------- */
    {.name = "a device reset inside a record",
     .packet = {{20, 0, 1000, 'D', "OF"},
		{250, 1000, 1500, 'D', "OF"},
		{310, 1500, 2000, 'E', "SE"},
		{330, 2000, 2500, 'R', "UN"},
		{350, 2500, 3000, 'E', "UN"},
		{450, 3000, 4000, 'D', "OF"},
		{470, 4000, 5000, 'D', "OF"}},
     .outcome = "FPNFF",
     .episodes = 1,
     .answers = 1,
     .keys = {{"nic.tls_reset_every", "300us"}}},

    /* --- a second loss while the first resync is under way -------------- */
    {.name = "two resyncs overlap, FreeBSD's protocol",
     .packet = {{20, 0, 1000, 'D', "OF"},
		{40, 1100, 2000, 'E', "SE"},
		{60, 2000, 2500, 'R', "UN"},
		{80, 1000, 1100, 'E', "UN"},
		{84, 3100, 4000, 'E', "SE"},
		{100, 4000, 5000, 'R', "UN"},
		{140, 2500, 3100, 'E', "UN"},
		{300, 5000, 6000, 'D', "OF"},
		{320, 6000, 7000, 'D', "OF"}},
     .outcome = "FNNNNFF",
     .episodes = 1,
     .answers = 1},
    {.name = "two resyncs overlap, linux-async",
     .packet = {{20, 0, 1000, 'D', "OF"},
		{40, 1100, 2000, 'E', "SE"},
		{60, 2000, 2500, 'R', "UN"},
		{80, 3100, 4000, 'E', "SE"},
		{100, 4000, 5000, 'R', "UN"},
		{120, 1000, 1100, 'E', "UN"},
		{140, 2500, 3100, 'E', "UN"},
		{400, 5000, 6000, 'E', "UN"},
		{500, 6000, 7000, 'D', "OF"}},
     .outcome = "FNNNNNF",
     .episodes = 1,
     .answers = 1,
     .keys = {{"nic.resync", "linux-async"},
	      {"cost.resync_dispatch", "200us"}}},
};

/* rows: both versions of TLS, each scenario. */
START_TEST(test_nic_matrix_follows_the_table)
{
	const struct scenario *scenario = &scenarios[_i / 2];
	const struct nic_matrix_stream stream = {
	    .version = _i % 2 == 0 ? TLS_1_3 : TLS_1_2,
	    .records = (uint32_t)strlen(scenario->outcome),
	    .wire_bytes = RECORD,
	    .damage = scenario->damage,
	};

	nic_matrix_open(&matrix, &stream, scenario->keys);
	for (const struct packet_row *p = scenario->packet; p->end > 0; p++) {
		struct nic_matrix_packet got =
		    nic_matrix_send(&matrix, p->time_us * US, p->begin, p->end);

		ck_assert_msg(
		    got.mark == p->mark && strcmp(got.state, p->state) == 0,
		    "%s: at %u us %c %s, not %c %s", scenario->name, p->time_us,
		    got.mark, got.state, p->mark, p->state);
	}
	nic_matrix_finish(&matrix);
	ck_assert_msg(strcmp(matrix.outcome, scenario->outcome) == 0,
		      "%s: %s, not %s", scenario->name, matrix.outcome,
		      scenario->outcome);
	ck_assert_uint_eq(ktlsim_results(matrix.sim)->hosts[0].episodes,
			  scenario->episodes);
	ck_assert_uint_eq(nic_matrix_counter(&matrix, "ctx_answers_taken"),
			  scenario->answers);
}
END_TEST

/* --- linux-async: many headers between request and answer ----------------- */

/*
 * Records of 40 bytes; the first 10 bytes of record 10 are late, and one packet
 * brings the rest of it and 29 more.  Of these the protocol logs the first 13,
 * or compares those that come behind the device's place.
 */
static const struct log_row {
	const char *name;
	const char *scan_delay; /* chooses the candidate among the 29 */
	const char *dispatch;	/* price: the query is early or late */
	uint64_t answers;
	const char *last; /* records 45 to 49, sent at 3 ms */
} log_rows[] = {
    {"the candidate is the 13th header", "500B", "500us", 1, "FFFFF"},
    {"the candidate is the 14th", "540B", "500us", 0, "NNNNN"},
    {"the 14th, but the parser is behind it", "540B", "1us", 1, "FFFFF"},
};

START_TEST(test_nic_matrix_logs_13_headers_of_a_packet)
{
	const struct log_row *row = &log_rows[_i];
	const struct sim_key keys[] = {{"nic.resync", "linux-async"},
				       {"nic.tls_scan_delay", row->scan_delay},
				       {"cost.resync_dispatch", row->dispatch},
				       {NULL, NULL}};
	const struct nic_matrix_stream stream = {
	    .version = TLS_1_3, .records = 50, .wire_bytes = 40};

	nic_matrix_open(&matrix, &stream, keys);
	nic_matrix_send(&matrix, 20 * US, 0, 400);
	ck_assert_int_eq(nic_matrix_send(&matrix, 40 * US, 410, 1600).mark,
			 'R');
	nic_matrix_send(&matrix, 60 * US, 400, 410);
	nic_matrix_send(&matrix, 2 * MS, 1600, 1800);
	nic_matrix_send(&matrix, 3 * MS, 1800, 2000);
	nic_matrix_finish(&matrix);
	ck_assert_msg(strcmp(matrix.outcome + 45, row->last) == 0, "%s: %s",
		      row->name, matrix.outcome);
	ck_assert_uint_eq(nic_matrix_counter(&matrix, "ctx_answers_taken"),
			  row->answers);
}
END_TEST

/*
 * Records of 23 bytes.  The header of record 10 is late, the query is under way
 * for a second, and meanwhile there come ever more records: 16 bits count 65535
 * headers, one more and the request is given up.
 */
static const struct count_row {
	uint32_t packets; /* of 1000 records */
	uint64_t answers;
	char mark; /* of a packet that comes behind the query */
} count_rows[] = {{60, 1, 'D'}, {70, 0, 'E'}};

START_TEST(test_nic_matrix_counts_16_bits_of_headers)
{
	enum { WIRE = 23, LOST = 10 * WIRE, PACKET = 1000 * WIRE };
	static const struct sim_key keys[] = {{"nic.resync", "linux-async"},
					      {"cost.resync_dispatch", "1s"},
					      {NULL, NULL}};
	const struct count_row *row = &count_rows[_i];
	const struct nic_matrix_stream stream = {.version = TLS_1_3,
						 .records =
						     row->packets * 1000 + 2,
						 .wire_bytes = WIRE};
	const uint32_t end = row->packets * PACKET;

	nic_matrix_open(&matrix, &stream, keys);
	nic_matrix_send(&matrix, 1 * MS, 0, LOST);
	ck_assert_int_eq(
	    nic_matrix_send(&matrix, 10 * MS, LOST + 10, PACKET).mark, 'R');
	nic_matrix_send(&matrix, 11 * MS, LOST, LOST + 10);
	for (uint32_t i = 1; i < row->packets; i++)
		nic_matrix_send(&matrix, (10 + 10 * i) * MS, i * PACKET,
				(i + 1) * PACKET);
	nic_matrix_send(&matrix, 1100 * MS, end, end + WIRE);
	ck_assert_int_eq(
	    nic_matrix_send(&matrix, 1200 * MS, end + WIRE, end + 2 * WIRE)
		.mark,
	    row->mark);
	nic_matrix_finish(&matrix);
	ck_assert_uint_eq(nic_matrix_counter(&matrix, "ctx_answers_taken"),
			  row->answers);
}
END_TEST

/* --- keys that come behind the data --------------------------------------- */

/*
 * The application installs its keys 500 us late, when records wait in the
 * socket: software takes those, and the context those that come.
 */
START_TEST(test_nic_matrix_install_finds_data_queued)
{
	static const struct replay_setting settings[] = {
	    {"nic.tls", "on"},
	    {"cost.firmware_command", "0"},
	    {"app.enable_delay", "500us"},
	    {NULL, NULL}};
	const struct results_offload *offload;
	const struct results_flow *flow;

	session_run_begin(&made, 0x0304);
	session_handshake(&made.session);
	for (int i = 0; i < 100; i++)
		session_data(&made.session, TALK_SERVER, 4000, 0);
	session_send(&made.session, TALK_SERVER);
	session_close(&made.session);
	session_run_replay(&made, settings);
	flow = session_run_flow(&made);
	session_expect(&made.session, flow);
	ck_assert_uint_eq(flow->direction[1].errors, 0);
	offload = &flow->direction[1].offload;
	/* A record takes about 30 us, so 16 have come before the keys. */
	ck_assert_uint_ge(offload->split.records_none, 16);
	ck_assert_uint_ge(offload->split.records_full, 50);
}
END_TEST

Suite *
nic_matrix_suite(void)
{
	const struct suite_test tests[] = {
	    {"table", test_nic_matrix_follows_the_table, 2 * ROWS(scenarios)},
	    {"log", test_nic_matrix_logs_13_headers_of_a_packet,
	     ROWS(log_rows)},
	    {"overflow", test_nic_matrix_counts_16_bits_of_headers,
	     ROWS(count_rows)},
	    {"queued", test_nic_matrix_install_finds_data_queued, 0},
	};

	return suite_create_table("nic_matrix", tests, (size_t)ROWS(tests),
				  setup, teardown, 0);
}
