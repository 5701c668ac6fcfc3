/*
 * test_watchers.c - annotated packets and traces without memory.
 *
 * Each request of each step fails in turn: the run is void then, nothing leaks,
 * and what is made next is made.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/mbuf.h"
#include "nicmodel/nic.h"
#include "sim/annotate.h"
#include "sim/run.h"
#include "sim/trace_tap.h"
#include "tests/sabotage/libc_faults.h"
#include "tests/support/packet.h"
#include "tests/support/replay_run.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define BUNDLED	    "traces/data/tls13-download"

Suite *watchers_suite(void);

enum { REQUESTS_MAX = 10 };

static struct replay_run run;
static struct annotate *annotate;
static struct endpoint *ep;
static struct mbuf *m;
static FILE *out;
static struct frame frame;
static uint8_t bytes[PACKET_BYTES_MAX];
static struct ktlsim_frame raw;

static void
setup(void)
{
	const struct replay_input input = {.capture = BUNDLED ".pcap"};
	struct packet packet;
	struct frame_fragment fragment;
	struct trace_frame captured = {.data = bytes, .link = 1};

	replay_run_capture(&run, &input);
	ep = &run.sim->conn[0]->endpoint[1];
	packet_init(&packet);
	packet.payload_len = 1000;
	captured.captured_len =
	    (uint32_t)packet_build(&packet, bytes, sizeof(bytes));
	captured.wire_len = captured.captured_len;
	frame_parse(&captured, false, &frame, &fragment);
	raw = (struct ktlsim_frame){.time_ps = run.sim->now,
				    .data = bytes,
				    .captured_len = captured.captured_len,
				    .wire_len = captured.wire_len,
				    .link_type = 1};
	m = m_from_bytes(run.sim->pool, frame.payload, 1000, 0);
	ck_assert_ptr_nonnull(m);
	m->m_pkthdr.receiver = 1;
	out = fopen("/dev/null", "wb");
	ck_assert_ptr_nonnull(out);
}

static void
teardown(void)
{
	fclose(out);
	m_freem(run.sim->pool, m);
	replay_run_fini(&run);
}

static void
step_segment(void)
{
	annotate_frame(annotate, &raw);
	annotate_segment(annotate, m, &frame, 0);
	annotate_frame(annotate, NULL);
}

static void
step_piece(void)
{
	m->m_pkthdr.len = 999;
	step_segment();
	m->m_pkthdr.len = 1000;
}

static void
step_reassembled(void)
{
	struct frame whole = frame;

	whole.payload = (const uint8_t *)"elsewhere";
	annotate_frame(annotate, &raw);
	annotate_segment(annotate, m, &whole, 0);
	annotate_frame(annotate, NULL);
}

static void
step_fragment(void)
{
	annotate_frame(annotate, &raw);
	annotate_fragment(annotate);
	annotate_frame(annotate, NULL);
}

static void
step_refused(void)
{
	annotate_frame(annotate, &raw);
	annotate_refused(annotate, ep);
	annotate_frame(annotate, NULL);
}

static void
step_nic(void)
{
	const struct nic_rx_result rx = {.visible_ps = run.sim->now};

	annotate_wire(annotate, ep, m);
	annotate_nic(annotate, ep, &rx, run.sim->now);
}

static void
step_lost(void)
{
	annotate_lost(annotate, ep, m, "the link lost it", run.sim->now);
}

static void
step_followed(void)
{
	annotate_followed(annotate, ep, m, run.sim->now);
}

static const struct {
	void (*step)(void);
	unsigned requests;
} rows[] = {
    {step_segment, 1},	{step_piece, 1},    {step_reassembled, 1},
    {step_fragment, 1}, {step_refused, 1},  {step_nic, 1},
    {step_lost, 1},	{step_followed, 1},
};

START_TEST(test_watchers_step_without_memory_voids_the_run)
{
	unsigned failed = 0;
	bool hit = true;

	while (hit) {
		ck_assert_uint_lt(failed, REQUESTS_MAX);
		ck_assert_int_eq(annotate_create(&annotate, run.sim, out), 0);
		libc_faults_after(failed + 1);
		rows[_i].step();
		hit = libc_faults_hit();
		libc_faults_after(0);
		ck_assert_int_eq(run.sim->failure, hit ? ENOMEM : 0);
		run.sim->failure = 0;
		failed += hit;
		/* Memory is there again: so is the way. */
		rows[_i].step();
		ck_assert_int_eq(run.sim->failure, 0);
		ck_assert_int_eq(annotate_finish(annotate), 0);
		annotate_destroy(annotate);
	}
	ck_assert_uint_ge(failed, rows[_i].requests);
}
END_TEST

static int
make_annotate(void)
{
	int error = annotate_create(&annotate, run.sim, out);

	annotate_destroy(annotate);
	return error;
}

static int
make_tap(void)
{
	struct trace_tap *tap;
	int error = trace_tap_create(&tap, run.sim, out);

	trace_tap_destroy(tap);
	return error;
}

static const struct {
	int (*make)(void);
	unsigned requests;
} makes[] = {{make_annotate, 2}, {make_tap, 3}};

START_TEST(test_watchers_are_made_as_a_whole)
{
	unsigned failed = 0;
	int error = ENOMEM;
	bool hit;

	while (error != 0) {
		libc_faults_after(failed + 1);
		error = makes[_i].make();
		hit = libc_faults_hit();
		libc_faults_after(0);
		ck_assert_int_eq(error, hit ? ENOMEM : 0);
		failed += hit;
	}
	ck_assert_uint_eq(failed, makes[_i].requests);
}
END_TEST

Suite *
watchers_suite(void)
{
	const struct suite_test tests[] = {
	    {"step_without_memory_voids_the_run",
	     test_watchers_step_without_memory_voids_the_run, ROWS(rows)},
	    {"are_made_as_a_whole", test_watchers_are_made_as_a_whole,
	     ROWS(makes)},
	};

	return suite_create_table("watchers", tests, (size_t)ROWS(tests), setup,
				  teardown, 0);
}
