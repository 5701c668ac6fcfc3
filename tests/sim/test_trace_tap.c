/*
 * test_trace_tap.c - the trace of a run, parsed back and held against its
 * results.
 *
 * Times go from the decimals of the file back to whole picoseconds.  What a
 * CPU's slices sum to is what its accounts say, what a record's stages sum to
 * is its total, and every begin has its end.
 */
#include "sim/trace_tap.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/ktlsim_internal.h"
#include "sim/offload.h"
#include "tests/support/expect.h"
#include "tests/support/session_run.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define BUNDLED	    "traces/data/tls13-download"

Suite *trace_tap_suite(void);

enum { SECOND_NS = 1000000000, SETTINGS_MAX = 8, DEPTH_MAX = 8 };

static struct session_run made;
static struct replay_run plain;
static char *text, *other;
static size_t size, other_size;
static json_t *document;
static json_t *events;

static void
setup(void)
{
	memset(&made, 0, sizeof(made));
}

static void
teardown(void)
{
	json_decref(document);
	replay_run_fini(&plain);
	session_run_fini(&made);
	free(text);
	free(other);
}

/* --- rows --- */

struct row {
	const char *name;
	bool late; /* segments that hold a whole record come later */
	bool update;
	bool open; /* the connection does not end */
	struct replay_setting settings[SETTINGS_MAX];
};

static const struct row rows[] = {
    {"defaults", false, false, false, {{NULL, NULL}}},
    {"one CPU", true, false, false, {{"host.cpus", "1"}, {NULL, NULL}}},
    {"offload", false, false, false, {{"nic.tls", "on"}, {NULL, NULL}}},
    {"offload with gaps",
     true,
     false,
     false,
     {{"nic.tls", "on"}, {NULL, NULL}}},
    {"offload that is not closed",
     false,
     false,
     true,
     {{"nic.tls", "on"}, {NULL, NULL}}},
    {"offload with KeyUpdates",
     true,
     true,
     false,
     {{"nic.tls", "on"}, {"nic.resync", "freebsd"}, {NULL, NULL}}},
    {"offload, resets and new paths",
     true,
     false,
     false,
     {{"nic.tls", "on"},
      {"nic.tls_reset_every", "300us"},
      {"nic.tls_path_change_every", "700us"},
      {NULL, NULL}}},
    {"readers decrypt",
     true,
     false,
     false,
     {{"ktls.decrypt_in", "reader"}, {NULL, NULL}}},
    {"transmit work",
     false,
     false,
     false,
     {{"ktls.tx_load", "3000"}, {"host.cpus", "2"}, {NULL, NULL}}},
    {"readers think",
     true,
     false,
     false,
     {{"app.think_time", "constant(40us)"}, {NULL, NULL}}},
    {"prices are drawn",
     true,
     false,
     false,
     {{"cost.context_switch", "exponential(2us)"}, {NULL, NULL}}},
    {"short rings",
     false,
     false,
     false,
     {{"nic.ring", "4"}, {"nic.moderation_time", "300us"}, {NULL, NULL}}},
    {"pause frames",
     false,
     false,
     false,
     {{"nic.pause", "on"},
      {"nic.ring", "4"},
      {"nic.moderation_time", "300us"},
      {NULL, NULL}}},
    {"GRO with budgets",
     true,
     false,
     false,
     {{"nic.merge", "gro"},
      {"nic.moderation", "adaptive"},
      {"nic.poll_weight", "2"},
      {"nic.poll_budget", "4"},
      {"host.cpus", "1"},
      {NULL, NULL}}},
    {"captured in the host",
     false,
     false,
     false,
     {{"replay.capture_point", "host"}, {NULL, NULL}}},
    {"one host",
     false,
     false,
     false,
     {{"replay.receiver", "client"}, {NULL, NULL}}},
    {"no host",
     false,
     false,
     false,
     {{"replay.receiver", "none"}, {NULL, NULL}}},
};

static void
make_row(const struct row *row)
{
	struct tls_session *session = &made.session;

	expect_place("%s", row->name);
	session_run_begin(&made, TLS_1_3);
	session_handshake(session);
	session_data(session, TALK_SERVER, 10, 0);
	session_send(session, TALK_SERVER);
	session->now_ns += SECOND_NS;
	for (int i = 0; i < 6; i++) {
		session_data(session, TALK_CLIENT, 3000, 0);
		session_data(session, TALK_SERVER, 16384, 0);
		if (row->update && i == 3)
			session_key_update(session, TALK_SERVER);
		session_send(session, TALK_CLIENT);
		session_send(session, TALK_SERVER);
	}
	if (!row->open)
		session_close(session);
	if (row->late) {
		for (unsigned nth = 20; nth < 32; nth++) {
			unsigned at = session_find(session, TALK_SERVER, nth);

			session_repeat(session, at, at + 14);
			session->segment[at].lost = true;
		}
	}
	session_capture(session, &made.shape, &made.file);
}

static void
run_to(struct replay_run *run, char **to, size_t *len, const struct row *row)
{
	const struct replay_input input = {
	    .capture = made.file.path,
	    .keylog_text = made.session.keylog,
	    .settings = row->settings,
	    .trace = to != NULL ? open_memstream(to, len) : NULL,
	};

	replay_run_capture(run, &input);
	expect_text("failure", run->text, "");
	if (input.trace == NULL)
		return;
	expect_count("error", (uint64_t)ktlsim_trace_error(run->sim), 0);
	ck_assert_int_eq(fclose(input.trace), 0);
}

static void
run_row(const struct row *row)
{
	json_error_t error;

	make_row(row);
	run_to(&made.run, &text, &size, row);
	document = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	ck_assert_msg(document != NULL, "line %d: %s", error.line, error.text);
	events = json_object_get(document, "traceEvents");
	ck_assert(json_is_array(events));
}

/* --- looking at events --- */

static uint64_t
ps_of(const json_t *event, const char *key)
{
	const json_t *value = json_object_get(event, key);

	ck_assert_msg(json_is_real(value), "no %s", key);
	return (uint64_t)llround(json_real_value(value) * 1e6);
}

static uint64_t
number_of(const json_t *event, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(event, key));
}

static const char *
text_of(const json_t *event, const char *key)
{
	const char *value = json_string_value(json_object_get(event, key));

	return value != NULL ? value : "";
}

static bool
is_phase(const json_t *event, char phase)
{
	return text_of(event, "ph")[0] == phase;
}

static uint64_t
arg_of(const json_t *event, const char *name)
{
	return number_of(json_object_get(event, "args"), name);
}

/* --- slices --- */

struct cpu_sum {
	uint64_t end_ps; /* of the slice before */
	uint64_t busy_ps[CPU_CLASS_COUNT];
};

static int
class_of(const json_t *event)
{
	static const char *const names[] = {"irq", "softirq", "worker",
					    "reader"};

	for (int i = 0; i < CPU_CLASS_COUNT; i++)
		if (strcmp(text_of(event, "cat"), names[i]) == 0)
			return i;
	ck_abort_msg("no class '%s'", text_of(event, "cat"));
}

/* Slices of one CPU come in order and do not overlap; they sum up. */
static void
sum_cpu(uint32_t pid, uint32_t tid, struct cpu_sum *sum)
{
	const json_t *event;
	size_t i;

	memset(sum, 0, sizeof(*sum));
	json_array_foreach(events, i, event)
	{
		uint64_t at, length;

		if (!is_phase(event, 'X') || number_of(event, "tid") != tid)
			continue;
		expect_count("process", number_of(event, "pid"), pid);
		at = ps_of(event, "ts");
		length = ps_of(event, "dur");
		expect_true("slices do not overlap", at >= sum->end_ps);
		expect_true("slices have a length", length > 0);
		sum->end_ps = at + length;
		sum->busy_ps[class_of(event)] += length;
	}
}

START_TEST(test_trace_tap_slices_are_what_cpus_did)
{
	const struct results *results;

	run_row(&rows[_i]);
	results = made.run.results;
	for (size_t h = 0; h < results->host_count; h++) {
		for (size_t c = 0; c < results->hosts[h].cpu_count; c++) {
			const struct results_cpu *cpu =
			    &results->hosts[h].cpus[c];
			uint32_t pid = (uint32_t)h + 1;
			struct cpu_sum sum;

			sum_cpu(pid, pid * 10000 + cpu->id, &sum);
			expect_count("irq", sum.busy_ps[0], cpu->irq_ps);
			expect_count("softirq", sum.busy_ps[1],
				     cpu->softirq_ps);
			expect_count("worker", sum.busy_ps[2], cpu->worker_ps);
			expect_count("reader", sum.busy_ps[3], cpu->app_ps);
		}
	}
}
END_TEST

/* --- asynchronous events --- */

/* What is open of one (category, id). */
struct stack {
	const json_t *open[DEPTH_MAX];
	int depth;
	uint64_t at; /* of the last event */
};

static void
push_or_pop(struct stack *stack, const json_t *event)
{
	uint64_t at = ps_of(event, "ts");

	expect_true("time goes on", at >= stack->at);
	stack->at = at;
	if (is_phase(event, 'b')) {
		ck_assert_int_lt(stack->depth, DEPTH_MAX);
		stack->open[stack->depth++] = event;
		return;
	}
	expect_true("an end has a begin", stack->depth > 0);
	stack->depth--;
	expect_text("the end's name", text_of(event, "name"),
		    text_of(stack->open[stack->depth], "name"));
	expect_count("the end's process", number_of(event, "pid"),
		     number_of(stack->open[stack->depth], "pid"));
}

static bool
is_same_track(const json_t *a, const json_t *b)
{
	return strcmp(text_of(a, "cat"), text_of(b, "cat")) == 0 &&
	       strcmp(text_of(a, "id"), text_of(b, "id")) == 0;
}

static bool
is_async(const json_t *event)
{
	return is_phase(event, 'b') || is_phase(event, 'e');
}

/* Where the stack of an event's track is; a new one where there is none. */
static size_t
track_of(json_t *tracks, const json_t *event)
{
	char key[64];
	json_t *index;

	snprintf(key, sizeof(key), "%s %s", text_of(event, "cat"),
		 text_of(event, "id"));
	index = json_object_get(tracks, key);
	if (index == NULL) {
		index = json_integer((json_int_t)json_object_size(tracks));
		ck_assert_int_eq(json_object_set_new(tracks, key, index), 0);
	}
	return (size_t)json_integer_value(index);
}

/* Each track is nested, in order, and closed at the end. */
START_TEST(test_trace_tap_every_begin_has_its_end)
{
	json_t *tracks = json_object();
	struct stack *stacks;
	const json_t *event;
	size_t i;

	run_row(&rows[_i]);
	stacks = calloc(json_array_size(events) + 1, sizeof(*stacks));
	ck_assert_ptr_nonnull(stacks);
	json_array_foreach(events, i, event)
	{
		if (is_async(event))
			push_or_pop(&stacks[track_of(tracks, event)], event);
	}
	for (i = 0; i < json_object_size(tracks); i++)
		expect_count("open at the end", (uint64_t)stacks[i].depth, 0);
	expect_true("something was traced",
		    i > 0 || made.run.results->host_count == 0);
	free(stacks);
	json_decref(tracks);
}
END_TEST

/* --- records --- */

static const char *const stages[] = {
    "nic", "moderation", "softirq", "queue", "decrypt", "wake", "read"};

/* Length of a stage of the record whose first event this is; 0: none. */
static uint64_t
stage_length(size_t first, const char *name, bool *there)
{
	const json_t *begin = json_array_get(events, first);
	uint64_t at = 0;

	*there = false;
	for (size_t i = first + 1; i < json_array_size(events); i++) {
		const json_t *event = json_array_get(events, i);

		if (!is_async(event) || !is_same_track(event, begin))
			return 0;
		if (strcmp(text_of(event, "name"), name) != 0)
			continue;
		*there = true;
		if (is_phase(event, 'e'))
			return ps_of(event, "ts") - at;
		at = ps_of(event, "ts");
	}
	return 0;
}

/* Stages from the NIC on add up to the total of the record. */
static uint64_t
record_total(size_t first)
{
	bool there;
	uint64_t total = stage_length(first, "key_wait", &there);

	for (int i = 0; i < ROWS(stages); i++) {
		total += stage_length(first, stages[i], &there);
		expect_true(stages[i], there);
	}
	return total;
}

static uint64_t
records_read(const struct results *results)
{
	uint64_t count = 0;

	for (size_t h = 0; h < results->host_count; h++)
		for (size_t s = 0; s < results->hosts[h].stage_count; s++)
			if (results->hosts[h].stages[s].stage == STAGE_TOTAL)
				count +=
				    results->hosts[h].stages[s].latency.count;
	return count;
}

/* The mean of the totals is the report's, so none is missing or wrong. */
START_TEST(test_trace_tap_records_have_their_stages)
{
	const struct results *results;
	uint64_t count = 0, sum = 0, wanted = 0;

	run_row(&rows[_i]);
	results = made.run.results;
	for (size_t i = 0; i < json_array_size(events); i++) {
		const json_t *event = json_array_get(events, i);

		if (!is_phase(event, 'b') ||
		    strncmp(text_of(event, "name"), "flow ", 5) != 0)
			continue;
		expect_text("category", text_of(event, "cat"), "record");
		expect_true("its bytes", arg_of(event, "wire_bytes") > 0);
		sum += record_total(i);
		count++;
	}
	expect_count("records", count, records_read(results));
	for (unsigned h = 0; h < made.run.sim->host_count; h++) {
		const struct stage_stats *stats =
		    &made.run.sim->host[h].books.stages;

		wanted += (uint64_t)stats->hist[STAGE_TOTAL].sum;
	}
	expect_count("sum of the totals", sum, wanted);
}
END_TEST

/* --- counters --- */

/* Latest value of the counter of this name and process before an event. */
static uint64_t
deepest(uint64_t pid, const char *name, uint64_t *last)
{
	const json_t *event;
	uint64_t most = 0, at = 0;
	size_t i;

	*last = 0;
	json_array_foreach(events, i, event)
	{
		const json_t *args = json_object_get(event, "args");

		if (!is_phase(event, 'C') || number_of(event, "pid") != pid ||
		    strcmp(text_of(event, "name"), name) != 0)
			continue;
		expect_count("series", json_object_size(args), 1);
		expect_true("one value per time",
			    at == 0 || ps_of(event, "ts") > at);
		at = ps_of(event, "ts");
		*last = (uint64_t)json_integer_value(json_object_iter_value(
		    json_object_iter((json_t *)(uintptr_t)args)));
		expect_true("not negative", *last < 1000000);
		if (*last > most)
			most = *last;
	}
	return most;
}

START_TEST(test_trace_tap_counters_are_depths_of_queues)
{
	const struct ktlsim *sim;
	char name[32];
	uint64_t last, most;

	run_row(&rows[_i]);
	sim = made.run.sim;
	for (unsigned h = 0; h < sim->host_count; h++) {
		const struct host *host = &sim->host[h];

		for (uint32_t q = 0; q < host->nic.queues; q++) {
			snprintf(name, sizeof(name), "ring %u", q);
			most = deepest(h + 1, name, &last);
			expect_count(name, last, host->driver[q].ring.depth);
			expect_true(name,
				    most <= host->driver[q].ring.depth_max);
		}
		for (uint32_t w = 0; w < host->workers; w++) {
			snprintf(name, sizeof(name), "work queue %u", w);
			most = deepest(h + 1, name, &last);
			expect_count(name, last, host->worker[w].waiting.depth);
			expect_true(name,
				    most <= host->worker[w].waiting.depth_max);
			snprintf(name, sizeof(name), "transmit queue %u", w);
			(void)deepest(h + 1, name, &last);
			expect_count(name, last,
				     host->worker[w].tx.waiting.depth);
		}
	}
}
END_TEST

/* --- contexts --- */

static size_t
count_named(char phase, const char *category, const char *name)
{
	const json_t *event;
	size_t i, count = 0;

	json_array_foreach(events, i, event) count +=
	    is_phase(event, phase) &&
	    strcmp(text_of(event, "cat"), category) == 0 &&
	    strcmp(text_of(event, "name"), name) == 0;
	return count;
}

START_TEST(test_trace_tap_contexts_show_their_phases)
{
	run_row(&rows[3]);
	expect_text("row", rows[3].name, "offload with gaps");
	expect_count(
	    "tracks",
	    count_named('b', "context", "TLS context of flow 0 to client"), 1);
	expect_count("installing", count_named('b', "context", "installing"),
		     2);
	expect_count("starting", count_named('b', "context", "starting"), 2);
	expect_true("offloading",
		    count_named('b', "context", "offloading") >= 2);
	expect_true("a place was lost",
		    count_named('b', "context", "searching") +
			    count_named('b', "context", "tracking") >
			0);
}
END_TEST

/* One track ends with the path, another begins. */
START_TEST(test_trace_tap_contexts_are_made_anew)
{
	const struct endpoint *ep;

	run_row(&rows[6]);
	expect_text("row", rows[6].name, "offload, resets and new paths");
	ep = &made.run.sim->conn[0]->endpoint[1];
	expect_true("installs", ep->offload->installs > 1);
	expect_count("installing", count_named('b', "context", "installing"),
		     ep->offload->installs +
			 made.run.sim->conn[0]->endpoint[0].offload->installs);
}
END_TEST

/* --- the whole --- */

START_TEST(test_trace_tap_names_hosts_and_cpus)
{
	const json_t *event;
	size_t i, hosts = 0, cpus = 0;

	run_row(&rows[0]);
	json_array_foreach(events, i, event)
	{
		const char *name =
		    text_of(json_object_get(event, "args"), "name");

		if (!is_phase(event, 'M'))
			continue;
		if (strcmp(text_of(event, "name"), "process_name") == 0) {
			expect_text("host", name,
				    hosts == 0 ? "client" : "server");
			hosts++;
		} else {
			cpus += strncmp(name, "CPU ", 4) == 0;
		}
	}
	expect_count("hosts", hosts, 2);
	expect_count("CPUs", cpus, 2 * made.run.sim->host[0].cpus);
	expect_text("unit", text_of(document, "displayTimeUnit"), "ns");
}
END_TEST

START_TEST(test_trace_tap_changes_nothing_and_repeats)
{
	run_row(&rows[_i]);
	run_to(&plain, NULL, NULL, &rows[_i]);
	ck_assert_uint_eq(made.run.results->digest, plain.results->digest);
	replay_run_fini(&plain);
	run_to(&plain, &other, &other_size, &rows[_i]);
	ck_assert_uint_eq(size, other_size);
	ck_assert_str_eq(text, other);
}
END_TEST

START_TEST(test_trace_tap_full_disk_is_kept)
{
	const struct replay_input input = {
	    .capture = BUNDLED ".pcap",
	    .keylog = BUNDLED ".keys",
	    .trace = fopen("/dev/full", "w"),
	};

	if (input.trace == NULL)
		return;
	replay_run_capture(&made.run, &input);
	ck_assert_int_eq(ktlsim_trace_error(made.run.sim), ENOSPC);
	fclose(input.trace);
}
END_TEST

Suite *
trace_tap_suite(void)
{
	const struct suite_test tests[] = {
	    {"slices_are_what_cpus_did",
	     test_trace_tap_slices_are_what_cpus_did, ROWS(rows)},
	    {"every_begin_has_its_end", test_trace_tap_every_begin_has_its_end,
	     ROWS(rows)},
	    {"records_have_their_stages",
	     test_trace_tap_records_have_their_stages, ROWS(rows)},
	    {"counters_are_depths_of_queues",
	     test_trace_tap_counters_are_depths_of_queues, ROWS(rows)},
	    {"contexts_show_their_phases",
	     test_trace_tap_contexts_show_their_phases, 0},
	    {"contexts_are_made_anew", test_trace_tap_contexts_are_made_anew,
	     0},
	    {"names_hosts_and_cpus", test_trace_tap_names_hosts_and_cpus, 0},
	    {"changes_nothing_and_repeats",
	     test_trace_tap_changes_nothing_and_repeats, ROWS(rows)},
	    {"full_disk_is_kept", test_trace_tap_full_disk_is_kept, 0},
	};

	return suite_create_table("trace_tap", tests, ROWS(tests), setup,
				  teardown, 0);
}
