/*
 * test_generated_tls.c - made-up connections with what TLS allows and few
 * captures show.
 *
 * Each row builds one connection and expects every byte of it; behind the table
 * stand the cases that end otherwise: missing secrets, records that are not
 * legal.
 */
#include <string.h>

#include "tests/support/expect.h"
#include "tests/support/session_run.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *generated_tls_suite(void);

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

/* One record of each side, each sent at once. */
static void
exchange(struct tls_session *session, size_t up, size_t down)
{
	session_data(session, TALK_CLIENT, up, 0);
	session_send(session, TALK_CLIENT);
	session_data(session, TALK_SERVER, down, 0);
	session_send(session, TALK_SERVER);
}

static void
build_plain(struct tls_session *session)
{
	session_handshake(session);
	exchange(session, 300, 12000);
}

static void
build_sizes(struct tls_session *session)
{
	static const size_t sizes[] = {1, 2, 15, 16, 17, 1408, 16383, 16384};

	session_handshake(session);
	for (int i = 0; i < ROWS(sizes); i++)
		exchange(session, sizes[i], sizes[ROWS(sizes) - 1 - i]);
}

static void
build_empty(struct tls_session *session)
{
	session_handshake(session);
	for (int i = 0; i < 5; i++) {
		exchange(session, 0, 0);
		exchange(session, 100, 0);
	}
}

static void
build_padding(struct tls_session *session)
{
	session_handshake(session);
	session_data(session, TALK_SERVER, 100, 1);
	session_data(session, TALK_SERVER, 100, 16284);
	session_data(session, TALK_SERVER, 0, 200);
	session_data(session, TALK_SERVER, 16000, 384);
	session_send(session, TALK_SERVER);
	session_data(session, TALK_CLIENT, 1, 4000);
	session_send(session, TALK_CLIENT);
}

static void
build_key_updates(struct tls_session *session)
{
	session_handshake(session);
	exchange(session, 200, 5000);
	for (int i = 0; i < 3; i++) {
		session_key_update(session, TALK_SERVER);
		session_key_update(session, TALK_CLIENT);
		exchange(session, 200, 5000);
	}
	session_data(session, TALK_SERVER, 3000, 0);
	session_key_update(session, TALK_SERVER);
	session_data(session, TALK_SERVER, 3000, 0);
	session_send(session, TALK_SERVER);
}

static void
build_key_updates_in_a_row(struct tls_session *session)
{
	session_handshake(session);
	for (int i = 0; i < 4; i++)
		session_key_update(session, TALK_SERVER);
	session_key_update(session, TALK_CLIENT);
	session_key_update(session, TALK_CLIENT);
	exchange(session, 200, 5000);
	session_key_update(session, TALK_SERVER);
	session_send(session, TALK_SERVER);
}

static void
build_starttls(struct tls_session *session)
{
	session_clear(session, TALK_SERVER, "220 mail.example ESMTP\r\n");
	session_clear(session, TALK_CLIENT, "EHLO client\r\n");
	session_clear(session, TALK_SERVER, "250-hi\r\n250 STARTTLS\r\n");
	session_clear(session, TALK_CLIENT, "STARTTLS\r\n");
	session_clear(session, TALK_SERVER, "220 go ahead\r\n");
	build_plain(session);
}

static void
build_renegotiation(struct tls_session *session)
{
	build_plain(session);
	session_renegotiate(session);
	exchange(session, 700, 20);
	exchange(session, 10, 16384);
}

/* The server says everything at once: hello, flight and data. */
static void
build_server_first(struct tls_session *session)
{
	session->mss = 100;
	session_handshake(session);
	session_data(session, TALK_SERVER, 5000, 0);
	session_send(session, TALK_SERVER);
	session_close(session);
}

static void
build_traffic_secrets(struct tls_session *session)
{
	session_log(session, SESSION_TRAFFIC_LABELS);
	build_plain(session);
}

struct row {
	const char *name;
	void (*build)(struct tls_session *session);
	uint16_t version;
	uint16_t suite_id;
	bool early_data;
	uint32_t key_updates, renegotiations;
};

static const struct row rows[] = {
    {.name = "AES-128-GCM, 1.2",
     .build = build_sizes,
     .version = TLS_1_2,
     .suite_id = 0xc02f},
    {.name = "AES-256-GCM, 1.2",
     .build = build_sizes,
     .version = TLS_1_2,
     .suite_id = 0xc030},
    {.name = "ChaCha20, 1.2",
     .build = build_sizes,
     .version = TLS_1_2,
     .suite_id = 0xcca8},
    {.name = "AES-128-GCM, 1.3",
     .build = build_sizes,
     .version = TLS_1_3,
     .suite_id = 0x1301},
    {.name = "AES-256-GCM, 1.3",
     .build = build_sizes,
     .version = TLS_1_3,
     .suite_id = 0x1302},
    {.name = "ChaCha20, 1.3",
     .build = build_sizes,
     .version = TLS_1_3,
     .suite_id = 0x1303},
    {.name = "empty records, 1.2",
     .build = build_empty,
     .version = TLS_1_2,
     .suite_id = 0xc02f},
    {.name = "empty records, 1.3",
     .build = build_empty,
     .version = TLS_1_3,
     .suite_id = 0x1301},
    {.name = "padding",
     .build = build_padding,
     .version = TLS_1_3,
     .suite_id = 0x1301},
    {.name = "padding, ChaCha20",
     .build = build_padding,
     .version = TLS_1_3,
     .suite_id = 0x1303},
    {.name = "KeyUpdates",
     .build = build_key_updates,
     .version = TLS_1_3,
     .suite_id = 0x1301,
     .key_updates = 7},
    {.name = "KeyUpdates, SHA-384",
     .build = build_key_updates,
     .version = TLS_1_3,
     .suite_id = 0x1302,
     .key_updates = 7},
    {.name = "KeyUpdates in a row",
     .build = build_key_updates_in_a_row,
     .version = TLS_1_3,
     .suite_id = 0x1301,
     .key_updates = 7},
    {.name = "STARTTLS, 1.2",
     .build = build_starttls,
     .version = TLS_1_2,
     .suite_id = 0xc02f},
    {.name = "STARTTLS, 1.3",
     .build = build_starttls,
     .version = TLS_1_3,
     .suite_id = 0x1301},
    {.name = "renegotiation",
     .build = build_renegotiation,
     .version = TLS_1_2,
     .suite_id = 0xc02f,
     .renegotiations = 1},
    {.name = "renegotiation, ChaCha20",
     .build = build_renegotiation,
     .version = TLS_1_2,
     .suite_id = 0xcca8,
     .renegotiations = 1},
    {.name = "server first, 1.2",
     .build = build_server_first,
     .version = TLS_1_2,
     .suite_id = 0xc02f},
    {.name = "server first, 1.3",
     .build = build_server_first,
     .version = TLS_1_3,
     .suite_id = 0x1301},
    {.name = "0-RTT",
     .build = build_plain,
     .version = TLS_1_3,
     .suite_id = 0x1301,
     .early_data = true},
    {.name = "0-RTT, AES-256-GCM",
     .build = build_plain,
     .version = TLS_1_3,
     .suite_id = 0x1302,
     .early_data = true},
    {.name = "traffic secrets alone",
     .build = build_traffic_secrets,
     .version = TLS_1_3,
     .suite_id = 0x1301},
};

static void
begin(uint16_t version, uint16_t suite_id, bool early_data)
{
	const struct talk_hello hello = {
	    .version = version,
	    .suite_id = suite_id,
	    .early_data = early_data,
	    .pre_shared_key = early_data,
	};

	session_init(&made.session, &hello);
	session_shape_init(&made.shape);
}

START_TEST(test_generated_tls_every_byte_is_delivered)
{
	const struct row *row = &rows[_i];
	const struct results_flow *flow;

	begin(row->version, row->suite_id, row->early_data);
	row->build(&made.session);
	expect_place("%s", row->name);
	session_run_replay(&made, NULL);
	flow = session_run_flow(&made);
	session_expect(&made.session, flow);
	expect_count("key_updates", flow->key_updates, row->key_updates);
	expect_count("renegotiations", flow->renegotiations,
		     row->renegotiations);
}
END_TEST

/* Without the early secret its records cannot be read, the others can. */
START_TEST(test_generated_tls_early_data_needs_the_early_secret)
{
	const struct results_flow *flow;

	begin(TLS_1_3, 0x1301, true);
	build_plain(&made.session);
	session_log(&made.session,
		    SESSION_ALL_LABELS &
			~(1u << KEYLOG_CLIENT_EARLY_TRAFFIC_SECRET));
	expect_place("0-RTT without the early secret");
	session_run_replay(&made, NULL);
	flow = session_run_flow(&made);
	expect_text("keys", flow->keys, "found");
	session_expect_part(&made.session, flow, 1, 12000, 1);
	expect_count("early_records", flow->direction[0].early_records, 0);
	/* The 700 bytes of 0-RTT data come first in what was sent. */
	memmove(made.session.plain[0], made.session.plain[0] + 700, 300);
	session_expect_part(&made.session, flow, 0, 300, 1);
}
END_TEST

/* Secrets of one side, or of the handshake alone. */
static const struct {
	const char *name;
	unsigned labels;
	bool open[2];
	const char *keys;
} secrets[] = {
    {"server only",
     1 << KEYLOG_SERVER_HANDSHAKE_TRAFFIC_SECRET |
	 1 << KEYLOG_SERVER_TRAFFIC_SECRET_0,
     {false, true},
     "client to server: no secret for this client random; server to client: "
     "found"},
    {"client's data only",
     1 << KEYLOG_CLIENT_TRAFFIC_SECRET_0,
     {true, false},
     "client to server: found; server to client: no secret for this client "
     "random"},
    {"none", 0, {false, false}, "no secret for this client random"},
};

START_TEST(test_generated_tls_secrets_of_one_side_open_one_side)
{
	const struct results_flow *flow;

	begin(TLS_1_3, 0x1301, false);
	build_sizes(&made.session);
	session_log(&made.session, secrets[_i].labels);
	expect_place("%s", secrets[_i].name);
	session_run_replay(&made, NULL);
	flow = session_run_flow(&made);
	expect_text("keys", flow->keys, secrets[_i].keys);
	for (int side = 0; side < 2; side++) {
		const struct results_direction *dir = &flow->direction[side];

		if (secrets[_i].open[side]) {
			session_expect_part(&made.session, flow, side,
					    made.session.plain_len[side], 8);
			continue;
		}
		expect_text("app_sha256", dir->app_sha256, "");
		expect_near("records", dir->records, 8, 3);
	}
}
END_TEST

#define EMSGSIZE_TEXT "EMSGSIZE: a record's length is not legal"
#define EINVAL_TEXT   "EINVAL: a record's header is not legal"
#define EBADMSG_TEXT  "EBADMSG: a record's tag did not verify"

/* A record that is not legal, as the server's third; len bytes follow. */
static const struct {
	const char *name;
	uint8_t header[TLS_HEADER_BYTES];
	size_t len;
	const char *error;
	bool goes_on; /* later records are delivered */
} illegal[] = {
    {"length 65535", {23, 3, 3, 0xff, 0xff}, 3000, EMSGSIZE_TEXT, false},
    {"length 16658", {23, 3, 3, 0x41, 0x12}, 16658, EMSGSIZE_TEXT, false},
    {"length 0", {23, 3, 3, 0, 0}, 0, EMSGSIZE_TEXT, true},
    {"shorter than a tag", {23, 3, 3, 0, 16}, 16, EMSGSIZE_TEXT, true},
    {"version 3.1", {23, 3, 1, 0, 100}, 100, EINVAL_TEXT, false},
    {"version 2", {23, 2, 3, 0, 100}, 100, EINVAL_TEXT, false},
    {"outer type", {22, 3, 3, 0, 100}, 100, EINVAL_TEXT, false},
    {"nonsense", {23, 3, 3, 0, 100}, 100, EBADMSG_TEXT, true},
};

/* The record that does not open takes a number, like every other. */
static void
build_illegal(struct tls_session *session, int kind)
{
	static const uint8_t junk[20000];

	session_handshake(session);
	session_data(session, TALK_SERVER, 1000, 0);
	session_data(session, TALK_SERVER, 1000, 0);
	talk_bytes(&session->talk, TALK_SERVER, illegal[kind].header,
		   TLS_HEADER_BYTES);
	talk_bytes(&session->talk, TALK_SERVER, junk, illegal[kind].len);
	session->talk.seqno[TALK_DATA][TALK_SERVER]++;
	session_data(session, TALK_SERVER, 500, 0);
	session_send(session, TALK_SERVER);
	session_data(session, TALK_CLIENT, 200, 0);
	session_send(session, TALK_CLIENT);
}

/* One connection that breaks and one behind it, on one worker. */
static void
replay_both(const struct tls_session *bad, struct tls_session *good)
{
	static const struct replay_setting settings[] = {{"ktls.workers", "1"},
							 {NULL, NULL}};
	const struct pcap_file_format format = {.nanoseconds = true, .link = 1};
	char keylog[2 * SESSION_LOG_MAX];

	session_shape_init(&made.shape);
	pcap_file_begin(&made.file, &format);
	session_write(bad, &made.shape, &made.file);
	for (unsigned i = 0; i < good->count; i++)
		good->segment[i].time_ns += UINT64_C(1000000000);
	made.shape.packet.sport++;
	session_write(good, &made.shape, &made.file);
	pcap_file_end(&made.file);
	strcpy(keylog, good->keylog);
	strcat(keylog, bad->keylog);
	session_run_file(&made, keylog, settings);
	expect_count("flows", made.run.results->flow_count, 2);
}

START_TEST(test_generated_tls_illegal_record_harms_its_own_stream_alone)
{
	static struct tls_session bad;
	const struct results_direction *down;
	const struct results_flow *flows;
	size_t len = illegal[_i].goes_on ? 2500 : 2000;

	begin(TLS_1_3, 0x1301, false);
	build_sizes(&made.session);
	session_init(&bad, &(struct talk_hello){.version = TLS_1_3,
						.suite_id = 0x1301,
						.round = 1});
	build_illegal(&bad, _i);
	expect_place("%s", illegal[_i].name);
	replay_both(&bad, &made.session);
	flows = made.run.results->flows;
	down = &flows[0].direction[1];
	expect_count("errors", down->errors, 1);
	expect_text("error", down->error, illegal[_i].error);
	session_expect_part(&bad, &flows[0], 1, len,
			    illegal[_i].goes_on ? 3 : 2);
	session_expect_part(&bad, &flows[0], 0, 200, 1);
	expect_place("the flow behind %s", illegal[_i].name);
	session_expect(&made.session, &flows[1]);
	session_fini(&bad);
}
END_TEST

/* Model mode charges what real mode charges, without reading a byte. */
START_TEST(test_generated_tls_model_crypto_takes_the_same_time)
{
	static const struct replay_setting model[] = {{"crypto.mode", "model"},
						      {NULL, NULL}};
	static const uint16_t suites[] = {0xc02f, 0xc030, 0xcca8};
	struct results_latency real[STAGE_COUNT];
	const struct results_host *host;
	uint64_t digest;

	begin(TLS_1_2, suites[_i], false);
	build_renegotiation(&made.session);
	expect_place("suite 0x%04x", suites[_i]);
	session_run_replay(&made, NULL);
	session_expect(&made.session, session_run_flow(&made));
	digest = made.run.results->digest;
	host = &made.run.results->hosts[0];
	for (size_t i = 0; i < host->stage_count; i++)
		real[i] = host->stages[i].latency;
	session_run_replay(&made, model);
	host = &made.run.results->hosts[0];
	for (size_t i = 0; i < host->stage_count; i++) {
		const struct results_latency *got = &host->stages[i].latency;

		expect_count("count", got->count, real[i].count);
		expect_count("p50", got->p50_ps, real[i].p50_ps);
		expect_count("p99", got->p99_ps, real[i].p99_ps);
		expect_count("max", got->max_ps, real[i].max_ps);
	}
	expect_count("digest", made.run.results->digest, digest);
	expect_text("app_sha256",
		    session_run_flow(&made)->direction[1].app_sha256, "");
}
END_TEST

Suite *
generated_tls_suite(void)
{
	const struct suite_test tests[] = {
	    {"every_byte_is_delivered",
	     test_generated_tls_every_byte_is_delivered, ROWS(rows)},
	    {"early_data_needs_the_early_secret",
	     test_generated_tls_early_data_needs_the_early_secret, 0},
	    {"secrets_of_one_side_open_one_side",
	     test_generated_tls_secrets_of_one_side_open_one_side,
	     ROWS(secrets)},
	    {"illegal_record_harms_its_own_stream_alone",
	     test_generated_tls_illegal_record_harms_its_own_stream_alone,
	     ROWS(illegal)},
	    {"model_crypto_takes_the_same_time",
	     test_generated_tls_model_crypto_takes_the_same_time, 3},
	};

	return suite_create_table("generated_tls", tests, ROWS(tests), setup,
				  teardown, 60);
}
