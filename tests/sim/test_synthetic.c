/*
 * test_synthetic.c - modelled senders without a simulation around them.
 *
 * A receiver of the test's own takes the frames of a source apart by what RFC
 * 5246 and RFC 8446 say of records (tests/support/tls_seal.h is the oracle of
 * sealing), puts each flow's stream together, and acknowledges as it likes.
 */
#include "sim/synthetic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mbuf.h"
#include "sim/rng.h"
#include "tests/support/suite_table.h"
#include "tests/support/tls_seal.h"
#include "traces/frame.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *synthetic_suite(void);

enum { FLOWS_MAX = 8, STREAM_MAX = 1 << 21, WINDOW = 20000 };

/* What one flow has sent, and what its receiver lets it. */
struct receiver {
	uint8_t *stream;
	uint64_t received;
	uint64_t edge;
	uint32_t first_seq;
	bool fin;
};

static struct trace_source *source;
static struct receiver receiver[FLOWS_MAX];

static const struct synthetic_options usual = {
    .flows = 1,
    .record_bytes = 16384,
    .mss_bytes = 1448,
    .burst_bytes = 65536,
    .window_bytes = WINDOW,
    .rate_bps = 100000000000,
    .suite = 0x1301,
    .contexts = 4,
    .seed = 1,
};

static void
create(const struct synthetic_options *options)
{
	struct synthetic_flow described;

	ck_assert_int_eq(synthetic_create(&source, options), 0);
	for (uint32_t i = 0; i < options->flows; i++) {
		synthetic_describe(source, i, &described);
		receiver[i] = (struct receiver){
		    .stream = malloc(STREAM_MAX),
		    .edge = options->window_bytes,
		    .first_seq = described.flow.tcp_seq,
		};
	}
}

static void
teardown(void)
{
	if (source != NULL)
		source->ops->close(source);
	for (int i = 0; i < FLOWS_MAX; i++)
		free(receiver[i].stream);
}

/* Take the next frame; false where none is due.  Checks what must hold. */
static bool
take(struct trace_frame *frame)
{
	uint64_t due = source->ops->next_time(source);
	struct receiver *r;

	if (due == UINT64_MAX) {
		ck_assert_int_eq(source->ops->next(source, frame), 0);
		return false;
	}
	ck_assert_int_eq(source->ops->next(source, frame), 1);
	ck_assert_uint_eq(frame->time_ps, due);
	ck_assert_ptr_nonnull(frame->parsed);
	r = &receiver[synthetic_last_flow(source)];
	ck_assert(!r->fin);
	ck_assert_uint_eq(frame->parsed->th_seq,
			  (uint32_t)(r->first_seq + r->received));
	ck_assert_uint_gt(frame->parsed->payload_len, 0);
	ck_assert_uint_eq(frame->parsed->payload_known,
			  frame->parsed->payload_len);
	ck_assert_uint_le(r->received + frame->parsed->payload_len, r->edge);
	ck_assert_uint_le(r->received + frame->parsed->payload_len, STREAM_MAX);
	memcpy(r->stream + r->received, frame->parsed->payload,
	       frame->parsed->payload_len);
	r->received += frame->parsed->payload_len;
	r->fin = (frame->parsed->th_flags & TH_FIN) != 0;
	return true;
}

/* All that was received is acknowledged, and `window` more may come. */
static void
allow(uint32_t flow, uint64_t now_ps, uint64_t window)
{
	struct receiver *r = &receiver[flow];

	if (r->received + window > r->edge)
		r->edge = r->received + window;
	source->ops->feedback(source, now_ps, flow, r->received,
			      r->edge - r->received, 0);
}

/* Run the flows to their end, with windows of WINDOW. */
static void
run_to_end(void)
{
	struct trace_frame frame;

	while (take(&frame))
		allow(synthetic_last_flow(source), frame.time_ps, WINDOW);
}

/* --- content --------------------------------------------------------------
 */

static uint8_t
pattern(uint32_t flow, uint64_t offset)
{
	uint64_t word = (offset / 8 + 1) * UINT64_C(0x9e3779b97f4a7c15) + flow;

	return (uint8_t)(word >> (offset % 8 * 8));
}

/* The whole stream of a flow as another sender would have made it. */
static size_t
expected_stream(const struct synthetic_options *options, uint32_t flow,
		uint8_t *out)
{
	static uint8_t plain[16384];
	struct synthetic_flow described;
	size_t len = 0;
	uint64_t seqno = 0;

	synthetic_describe(source, flow, &described);
	for (uint64_t at = 0; at < options->bytes; seqno++) {
		uint64_t piece = options->bytes - at;

		if (piece > options->record_bytes)
			piece = options->record_bytes;
		for (uint64_t i = 0; i < piece; i++)
			plain[i] = pattern(flow, at + i);
		len += tls_seal_data(&described.key, seqno, plain, piece,
				     out + len);
		at += piece;
	}
	return len;
}

static const struct content_row {
	uint16_t suite;
	uint32_t flows, record_bytes, mss_bytes, burst_bytes;
	uint64_t bytes;
} content_rows[] = {
    {0x1301, 1, 16384, 1448, 65536, 100000},
    {0x1302, 2, 16384, 8948, 65536, 100001},
    {0x1303, 3, 1000, 1448, 1, 33333},
    {0x1301, 8, 1, 88, 500, 300},
    {0xc02f, 1, 16384, 1448, 65536, 200000},
    {0xc030, 5, 16000, 1448, 3000, 60000},
    {0xcca8, 2, 333, 1000, 1, 20000},
    {0x1301, 1, 5, 88, 65536, 1},
    {0x1301, 1, 16384, 9000, 65536, 16384},
};

START_TEST(test_synthetic_stream_is_what_another_sender_makes)
{
	const struct content_row *row = &content_rows[_i];
	struct synthetic_options options = usual;
	uint8_t *want = malloc(STREAM_MAX);

	options.suite = row->suite;
	options.flows = row->flows;
	options.record_bytes = row->record_bytes;
	options.mss_bytes = row->mss_bytes;
	options.burst_bytes = row->burst_bytes;
	options.bytes = row->bytes;
	options.real = true;
	create(&options);
	run_to_end();
	for (uint32_t flow = 0; flow < row->flows; flow++) {
		size_t len = expected_stream(&options, flow, want);

		ck_assert(receiver[flow].fin);
		ck_assert_uint_eq(receiver[flow].received, len);
		ck_assert_mem_eq(receiver[flow].stream, want, len);
	}
	free(want);
}
END_TEST

/* Headers where they belong, the number as the explicit nonce, zeros else. */
static void
check_model_stream(const struct receiver *r, uint32_t hlen, uint32_t wire_len)
{
	uint64_t seqno = 0;

	for (uint64_t at = 0; at < r->received; at += wire_len, seqno++) {
		const uint8_t *p = r->stream + at;
		uint32_t length = wire_len - TLS_HEADER_BYTES;

		ck_assert_int_eq(p[0], 23);
		ck_assert_int_eq(p[1] << 8 | p[2], 0x0303);
		ck_assert_int_eq(p[3] << 8 | p[4], (int)length);
		for (uint32_t i = TLS_HEADER_BYTES; i < wire_len; i++)
			ck_assert_int_eq(
			    p[i],
			    i < hlen ? (uint8_t)(seqno >> (8 * (12 - i))) : 0);
	}
}

START_TEST(test_synthetic_model_stream_has_headers_and_zeros)
{
	struct synthetic_options options = usual;

	options.flows = 2;
	options.record_bytes = 1000;
	options.burst_bytes = 1;
	options.bytes = 300000;
	options.suite = _i == 0 ? 0x1301 : 0xc02f;
	create(&options);
	run_to_end();
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(receiver[i].received,
				  _i == 0 ? 300 * 1022 : 300 * 1029);
		check_model_stream(&receiver[i], _i == 0 ? 5 : 13,
				   _i == 0 ? 1022 : 1029);
	}
}
END_TEST

START_TEST(test_synthetic_keys_differ_by_flow_and_seed)
{
	struct synthetic_options options = usual;
	struct synthetic_flow flow[3];

	options.flows = 2;
	options.real = true;
	create(&options);
	synthetic_describe(source, 0, &flow[0]);
	synthetic_describe(source, 1, &flow[1]);
	source->ops->close(source);
	options.seed = 2;
	ck_assert_int_eq(synthetic_create(&source, &options), 0);
	synthetic_describe(source, 0, &flow[2]);
	ck_assert_mem_ne(flow[0].key.key, flow[1].key.key, 16);
	ck_assert_mem_ne(flow[0].key.key, flow[2].key.key, 16);
	ck_assert_mem_ne(flow[0].key.iv, flow[1].key.iv, 12);
	ck_assert_uint_ne(flow[0].flow.tcp_seq, flow[1].flow.tcp_seq);
	ck_assert_str_eq(flow[1].client, "10.0.0.1:49153");
	ck_assert_str_eq(flow[1].server, "10.255.255.1:443");
}
END_TEST

/* --- windows and time -----------------------------------------------------
 */

/* take() asserts that no window is exceeded; here they open at random. */
START_TEST(test_synthetic_window_is_never_exceeded)
{
	struct synthetic_options options = usual;
	struct trace_frame frame;
	uint64_t now = 0, draws = 0;
	bool open = true;

	options.flows = FLOWS_MAX;
	options.record_bytes = 1500;
	options.bytes = 100000;
	options.window_bytes =
	    (uint32_t)(rng_u64((uint64_t)_i, 1, 0, 0) % 9000);
	create(&options);
	while (open) {
		while (take(&frame))
			now = frame.time_ps;
		open = false;
		for (uint32_t i = 0; i < FLOWS_MAX; i++) {
			uint64_t random = rng_u64((uint64_t)_i, 2, i, draws++);

			now += random % 1000000;
			if (!receiver[i].fin)
				allow(i, now, 1 + random % 9000);
			open |= !receiver[i].fin;
		}
	}
	for (int i = 0; i < FLOWS_MAX; i++)
		ck_assert_uint_eq(receiver[i].received, 66u * 1522 + 1000 + 22);
}
END_TEST

/* Less than a segment of window is used only when nothing is in flight. */
START_TEST(test_synthetic_fills_the_window_without_silly_segments)
{
	struct synthetic_options options = usual;
	struct trace_frame frame;

	options.window_bytes = 2000;
	create(&options);
	ck_assert(take(&frame));
	ck_assert_uint_eq(frame.parsed->payload_len, 1448);
	ck_assert(!take(&frame));
	/* The edge does not move, but nothing is in flight any more. */
	allow(0, 1000000, 0);
	ck_assert(take(&frame));
	ck_assert_uint_eq(frame.parsed->payload_len, 552);
	ck_assert(!take(&frame));
	allow(0, 2000000, 5000);
	for (int i = 0; i < 3; i++)
		ck_assert(take(&frame));
	ck_assert_uint_eq(frame.parsed->payload_len, 1448);
	ck_assert(!take(&frame));
	/* A window of nothing opens nothing. */
	receiver[0].edge = receiver[0].received;
	ck_assert_uint_eq(source->ops->next_time(source), UINT64_MAX);
}
END_TEST

START_TEST(test_synthetic_segments_leave_at_link_rate)
{
	struct synthetic_options options = usual;
	struct trace_frame frame;

	/* 1448 + 66 of headers + 24 of Ethernet's: 1538 bytes, 80 ps each. */
	create(&options);
	for (uint64_t i = 0; i < 13; i++) {
		ck_assert(take(&frame));
		ck_assert_uint_eq(frame.time_ps, i * 1538 * 80);
		ck_assert_uint_eq(frame.wire_len, 1514);
	}
	ck_assert(!take(&frame));
	/* After a pause the link is free at once. */
	allow(0, 9000000, WINDOW);
	ck_assert(take(&frame));
	ck_assert_uint_eq(frame.time_ps, 9000000);
}
END_TEST

START_TEST(test_synthetic_flows_start_one_after_the_other)
{
	struct synthetic_options options = usual;
	struct trace_frame frame;

	options.flows = 3;
	options.stagger_ps = 1000000;
	options.window_bytes = 1448;
	create(&options);
	for (uint32_t i = 0; i < 3; i++) {
		ck_assert(take(&frame));
		ck_assert_uint_eq(frame.time_ps, i * 1000000);
		ck_assert_uint_eq(synthetic_last_flow(source), i);
	}
	ck_assert(!take(&frame));
}
END_TEST

START_TEST(test_synthetic_flows_take_turns_of_a_burst)
{
	static const uint32_t turns[] = {0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2};
	struct synthetic_options options = usual;
	struct trace_frame frame;

	options.flows = 3;
	options.burst_bytes = 2 * 1448;
	create(&options);
	for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
		ck_assert(take(&frame));
		ck_assert_uint_eq(synthetic_last_flow(source), turns[i]);
	}
}
END_TEST

/* time: whole records that begin before it; stop: likewise, absolute. */
START_TEST(test_synthetic_flow_ends_by_time)
{
	struct synthetic_options options = usual;
	uint64_t last_ps = 0;
	struct trace_frame frame;

	options.record_bytes = 1426; /* a segment each */
	options.flows = 2;
	options.stagger_ps = 100000000;
	options.time_ps = _i == 0 ? 20000000 : 0;
	options.stop_ps = _i == 0 ? 0 : 120000000;
	create(&options);
	while (take(&frame)) {
		allow(synthetic_last_flow(source), frame.time_ps, WINDOW);
		last_ps = frame.time_ps;
	}
	ck_assert(receiver[0].fin && receiver[1].fin);
	ck_assert_uint_lt(last_ps, 120000000 + 2 * 1538 * 80);
	ck_assert_uint_ge(last_ps, 120000000 - 2 * 1538 * 80);
	ck_assert_uint_eq(receiver[0].received % 1448, 0);
	/* 20 us of 123.04 ns each: 162.5, the last one whole. */
	if (_i == 0)
		ck_assert_uint_eq(receiver[0].received / 1448, 163);
}
END_TEST

Suite *
synthetic_suite(void)
{
	const struct suite_test tests[] = {
	    {"content", test_synthetic_stream_is_what_another_sender_makes,
	     ROWS(content_rows)},
	    {"model content", test_synthetic_model_stream_has_headers_and_zeros,
	     2},
	    {"keys", test_synthetic_keys_differ_by_flow_and_seed, 0},
	    {"window", test_synthetic_window_is_never_exceeded, 20},
	    {"silly window",
	     test_synthetic_fills_the_window_without_silly_segments, 0},
	    {"rate", test_synthetic_segments_leave_at_link_rate, 0},
	    {"starts", test_synthetic_flows_start_one_after_the_other, 0},
	    {"turns", test_synthetic_flows_take_turns_of_a_burst, 0},
	    {"time", test_synthetic_flow_ends_by_time, 2},
	};

	return suite_create_table("synthetic", tests, ROWS(tests), NULL,
				  teardown, 20);
}
