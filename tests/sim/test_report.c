/*
 * test_report.c - both reports from made-up results.
 *
 * The text report is compared with golden text, the JSON report is parsed back
 * by jansson and compared field by field with the literal numbers of
 * made_results.c.  KTLSIM_GOLDEN=1 rewrites the golden files.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sim/report.h"
#include "sim/results.h"
#include "tests/support/made_results.h"
#include "tests/support/suite_table.h"

static struct config config;
static struct results results;

static void
setup(void)
{
	config_init(&config);
	made_results_init(&results, &config);
}

static void
teardown(void)
{
	results_fini(&results);
	ck_assert_uint_eq(results.flow_count, 0);
	ck_assert_uint_eq(results.host_count, 0);
}

typedef void text_report(FILE *out, const struct results *of);

static void
report_text_brief(FILE *out, const struct results *of)
{
	report_text(out, of, 0);
}

static void
report_text_verbose(FILE *out, const struct results *of)
{
	report_text(out, of, 1);
}

/* What open_memstream writes to. */
static char *printed;
static size_t printed_len;

/* The caller frees. */
static char *
text_of(text_report *report)
{
	FILE *out = open_memstream(&printed, &printed_len);

	ck_assert_ptr_nonnull(out);
	report(out, &results);
	fclose(out);
	return printed;
}

static json_t *
parsed(int (*report)(FILE *, const struct results *))
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_error_t error;
	json_t *tree;

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(report(out, &results), 0);
	fclose(out);
	ck_assert_int_eq(text[len - 1], '\n');
	tree = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	ck_assert_msg(tree != NULL, "line %d: %s", error.line, error.text);
	free(text);
	return tree;
}

static char *
file_text(const char *path)
{
	char *text = NULL;
	size_t len;
	FILE *in = fopen(path, "r");
	FILE *out = open_memstream(&text, &len);

	ck_assert_msg(in != NULL, "%s: %s", path, strerror(errno));
	for (int c = fgetc(in); c != EOF; c = fgetc(in))
		fputc(c, out);
	fclose(in);
	fclose(out);
	return text;
}

/* Line by line, because Check cuts long messages off. */
static void
compare_lines(char *text, char *golden)
{
	char *text_rest, *golden_rest;
	char *left = strtok_r(text, "\n", &text_rest);
	char *right = strtok_r(golden, "\n", &golden_rest);

	while (left != NULL && right != NULL) {
		ck_assert_str_eq(left, right);
		left = strtok_r(NULL, "\n", &text_rest);
		right = strtok_r(NULL, "\n", &golden_rest);
	}
	ck_assert_ptr_null(left);
	ck_assert_ptr_null(right);
}

static void
compare_golden(const char *path, text_report *report)
{
	char *text = text_of(report);
	char *golden;

	if (getenv("KTLSIM_GOLDEN") != NULL) {
		FILE *out = fopen(path, "w");

		ck_assert_ptr_nonnull(out);
		fputs(text, out);
		fclose(out);
	}
	golden = file_text(path);
	compare_lines(text, golden);
	free(golden);
	free(text);
}

START_TEST(test_report_text_equals_golden)
{
	compare_golden("tests/sim/report.golden.txt", report_text_brief);
}
END_TEST

START_TEST(test_report_flows_text_equals_golden)
{
	compare_golden("tests/sim/report_flows.golden.txt", report_flows_text);
}
END_TEST

START_TEST(test_report_text_stays_within_80_columns)
{
	char *text, *line, *rest;

	results.input_frames = UINT64_MAX;
	results.events = UINT64_MAX;
	results.hosts[0].conservation.segments_in = UINT64_MAX;
	memset(results.notes[0], 'n', 255);
	text = text_of(report_text_verbose);
	for (line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		size_t len = strlen(line);

		ck_assert_msg(len <= 80, "%zu columns: %s", len, line);
		ck_assert_msg(line[len - 1] != ' ', "ends blank: %s", line);
	}
	free(text);
}
END_TEST

/* What makes the numbers doubtful stands before the first host. */
START_TEST(test_report_text_says_first_what_is_wrong)
{
	static const char *const marks[] = {"FAILED", "OVERLOADED", "PARTIAL",
					    "INPUT truncated", "Notes"};
	char *text = text_of(report_text_brief);
	size_t before = (size_t)(strstr(text, "Host ") - text);

	for (size_t i = sizeof(marks) / sizeof(marks[0]); i-- > 0;) {
		const char *mark = strstr(text, marks[i]);

		ck_assert_ptr_nonnull(mark);
		ck_assert_uint_lt((size_t)(mark - text), before);
		before = (size_t)(mark - text);
	}
	free(text);
}
END_TEST

START_TEST(test_report_text_of_a_good_run_warns_of_nothing)
{
	char *text;

	results.failure_count = 0;
	results.overloaded = false;
	results.partial = false;
	strcpy(results.input_status, "ok");
	text = text_of(report_text_brief);
	ck_assert_ptr_null(strstr(text, "FAILED"));
	ck_assert_ptr_null(strstr(text, "OVERLOADED"));
	ck_assert_ptr_null(strstr(text, "PARTIAL"));
	ck_assert_ptr_null(strstr(text, "INPUT"));
	ck_assert_ptr_nonnull(strstr(text, "Input   ok, 12,345 frames\n"));
	free(text);
}
END_TEST

static size_t
count_of(const char *text, const char *part)
{
	size_t count = 0;

	while ((text = strstr(text, part)) != NULL) {
		count++;
		text += strlen(part);
	}
	return count;
}

static void
make_flows(size_t count)
{
	results.flows =
	    realloc(results.flows, count * sizeof(results.flows[0]));
	ck_assert_ptr_nonnull(results.flows);
	for (size_t i = 3; i < count; i++)
		results.flows[i] = results.flows[0];
	results.flow_count = count;
}

START_TEST(test_report_text_is_brief_unless_verbose)
{
	char *brief, *verbose;

	make_flows(33);
	brief = text_of(report_text_brief);
	verbose = text_of(report_text_verbose);
	ck_assert_uint_eq(count_of(brief, " -> "), 20);
	ck_assert_ptr_nonnull(strstr(brief, "... and 13 more"));
	ck_assert_ptr_null(strstr(brief, "rx0_packets"));
	ck_assert_ptr_nonnull(strstr(verbose, "rx0_packets"));
	ck_assert_uint_eq(count_of(verbose, " -> "), 33);
	ck_assert_ptr_null(strstr(verbose, "(-v lists all)"));
	free(brief);
	free(verbose);
}
END_TEST

static void
make_cpus(struct results_host *host, uint32_t count)
{
	host->cpus = realloc(host->cpus, count * sizeof(host->cpus[0]));
	ck_assert_ptr_nonnull(host->cpus);
	for (uint32_t i = 0; i < count; i++)
		host->cpus[i] = (struct results_cpu){
		    .id = i, .app_ps = i, .idle_ps = 100 - i};
	host->cpu_count = count;
}

/* Of 20 CPUs the four that did least are left out; the sum has all. */
START_TEST(test_report_text_lists_the_16_busiest_cpus)
{
	char *text;

	make_cpus(&results.hosts[0], 20);
	text = text_of(report_text_brief);
	ck_assert_ptr_null(strstr(text, "\n  3       "));
	ck_assert_ptr_nonnull(strstr(text, "\n  4        0.00 %"));
	ck_assert_ptr_nonnull(strstr(text, "\n  19       0.00 %"));
	ck_assert_ptr_nonnull(strstr(text, "... and 4 less busy"));
	ck_assert_ptr_nonnull(strstr(text, "9.50 %  90.50 %"));
	free(text);
}
END_TEST

static void
make_workqueues(struct results_host *host, uint32_t count)
{
	host->workqueues =
	    realloc(host->workqueues, count * sizeof(host->workqueues[0]));
	ck_assert_ptr_nonnull(host->workqueues);
	for (uint32_t i = 0; i < count; i++)
		host->workqueues[i] = (struct results_workqueue){
		    .id = 2000 + i, .enqueued = i % 4};
	host->workqueue_count = count;
}

/* 40 queues, 10 of them unused: 16 are shown, 14 are left out. */
START_TEST(test_report_text_counts_the_queues_it_leaves_out)
{
	char *text;

	make_workqueues(&results.hosts[0], 40);
	text = text_of(report_text_brief);
	ck_assert_uint_eq(count_of(text, "\n  20"), 16);
	ck_assert_ptr_nonnull(strstr(text, "... and 14 more"));
	ck_assert_ptr_nonnull(strstr(text, "10 of 40 never used"));
	free(text);
}
END_TEST

/* A table of its own, with the queues that had any. */
START_TEST(test_report_text_shows_transmit_work)
{
	char *text = text_of(report_text_brief);

	ck_assert_ptr_null(strstr(text, "Transmit work"));
	free(text);
	make_workqueues(&results.hosts[0], 40);
	for (int i = 0; i < 20; i++) {
		results.hosts[0].workqueues[2 * i].tx_enqueued = 7000000;
		results.hosts[0].workqueues[2 * i].tx_served = 6999999;
		results.hosts[0].workqueues[2 * i].tx_mean_wait_ns = 2500;
	}
	text = text_of(report_text_brief);
	ck_assert_uint_eq(count_of(text, "  7,000,000   6,999,999"), 16);
	ck_assert_uint_eq(count_of(text, "2.50 us\n"), 16);
	ck_assert_ptr_nonnull(strstr(text, "... and 4 more"));
	free(text);
}
END_TEST

START_TEST(test_report_text_keeps_control_characters_off_the_terminal)
{
	char *text;

	strcpy(results.notes[0], "file \033[2Jx\007.pcap");
	text = text_of(report_text_brief);
	ck_assert_ptr_nonnull(strstr(text, "file ?[2Jx?.pcap"));
	ck_assert_ptr_null(strchr(text, 033));
	free(text);
}
END_TEST

START_TEST(test_report_of_nothing_is_a_report)
{
	static const struct results nothing;
	struct results made = results;
	json_t *tree;
	char *text;

	results = nothing;
	text = text_of(report_text_brief);
	tree = parsed(report_json);
	results = made;
	ck_assert_ptr_nonnull(strstr(text, "0 flows"));
	ck_assert_uint_eq(json_array_size(json_object_get(tree, "flows")), 0);
	json_decref(tree);
	free(text);
}
END_TEST

/* Follow "hosts.0.name" from a tree. */
static json_t *
at_path(json_t *tree, const char *path)
{
	char copy[128];
	char *part, *rest;

	snprintf(copy, sizeof(copy), "%s", path);
	for (part = strtok_r(copy, ".", &rest); part != NULL && tree != NULL;
	     part = strtok_r(NULL, ".", &rest)) {
		if (json_is_array(tree))
			tree = json_array_get(tree, (size_t)atoi(part));
		else
			tree = json_object_get(tree, part);
	}
	return tree;
}

static void
check_value(json_t *tree, const char *path, const char *expected)
{
	json_t *value = at_path(tree, path);
	char *text;

	ck_assert_msg(value != NULL, "%s is missing", path);
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT |
				     JSON_REAL_PRECISION(15));
	ck_assert_msg(strcmp(text, expected) == 0, "%s: %s, expected %s", path,
		      text, expected);
	free(text);
}

#define A64 \
	"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""

/* Every field of the schema, with the value that made_results.c gave it. */
static const struct {
	const char *path;
	const char *value;
} json_fields[] = {
    {"schema", "\"ktlsim-result-1\""},
    {"version", "\"" KTLSIM_VERSION "\""},
    {"notes.0", "\"Times are those of the wire (replay.capture_point = "
		"wire).\""},
    {"run.seed", "42"},
    {"run.repetition", "1"},
    {"run.end_ps", "1234500000000"},
    {"run.events", "98765"},
    {"run.digest", "\"00c0ffee12345678\""},
    {"run.wall_s", "0.25"},
    {"run.events_per_s", "395060.0"},
    {"run.input_status", "\"truncated\""},
    {"run.input_frames", "12345"},
    {"run.partial", "true"},
    {"run.overloaded", "true"},
    {"run.failed_invariants",
     "[\"Little's law on work queue 0 of host client: 17 is not 18\"]"},
    {"flows.0.id", "0"},
    {"flows.2.id", "2"},
    {"flows.0.client", "\"192.0.2.1:49152\""},
    {"flows.0.server", "\"198.51.100.7:443\""},
    {"flows.0.tls_version", "\"1.3\""},
    {"flows.0.cipher_suite", "\"TLS_AES_128_GCM_SHA256\""},
    {"flows.0.keys", "\"found\""},
    {"flows.0.timed_from", "\"keys\""},
    {"flows.0.border_inferred", "false"},
    {"flows.1.border_inferred", "true"},
    {"flows.0.key_updates", "2"},
    {"flows.0.renegotiations", "1"},
    {"flows.0.client_to_server.segments", "101"},
    {"flows.0.client_to_server.frames", "102"},
    {"flows.0.client_to_server.wire_bytes", "10300"},
    {"flows.0.client_to_server.records", "7"},
    {"flows.0.client_to_server.app_records", "5"},
    {"flows.0.client_to_server.app_bytes", "1048576"},
    {"flows.0.client_to_server.app_sha256", A64},
    {"flows.1.client_to_server.app_sha256", "\"\""},
    {"flows.0.client_to_server.early_records", "6"},
    {"flows.0.client_to_server.handshake_records", "4"},
    {"flows.0.client_to_server.alerts", "1"},
    {"flows.0.client_to_server.errors", "0"},
    {"flows.1.server_to_client.errors", "2"},
    {"flows.1.server_to_client.error", "\"EBADMSG: record 4 does not verify\""},
    {"flows.1.server_to_client.undecrypted_records", "8"},
    {"flows.1.server_to_client.window_exceeded_bytes", "4096"},
    {"flows.0.client_to_server.holes", "[]"},
    {"flows.1.server_to_client.holes",
     "[{\"offset\":123456,\"bytes_behind\":7890,\"acked\":true}]"},
    {"flows.0.client_to_server.worker", "3"},
    {"flows.0.server_to_client.worker", "2"},
    {"flows.2.server_to_client.worker", "null"},
    {"flows.0.client_to_server.latency",
     "{\"count\":5,\"mean_ns\":30000.5,\"p50_ns\":30000.0,"
     "\"p99_ns\":90000.0,\"max_ns\":150000.001}"},
    {"flows.0.server_to_client.latency.p50_ns", "90000.0"},
    {"flows.0.server_to_client.app_bytes", "20000000"},
    {"flows.1.server_to_client.offload.state", "\"active\""},
    {"flows.1.server_to_client.offload.time_to_offload_ps", "4000000"},
    {"flows.1.server_to_client.offload.records_partial", "11"},
    {"flows.1.server_to_client.offload.bytes_never_offloaded", "220"},
    {"flows.1.server_to_client.offload.timeline",
     "[{\"time_ps\":2000000,\"state\":\"installing\"},"
     "{\"time_ps\":9007199254740000,\"state\":\"searching\","
     "\"cause\":\"header lost\"}]"},
    {"flows.1.server_to_client.offload.timeline_left_out", "1234"},
    {"flows.1.server_to_client.offload.episode_count", "4"},
    {"flows.1.server_to_client.offload.episodes_closed", "1"},
    {"flows.1.server_to_client.offload.episodes_lost_again", "2"},
    {"flows.1.server_to_client.offload.episodes.0",
     "{\"cause\":\"header lost\",\"end\":\"full\",\"lost_ps\":18,"
     "\"installed_ps\":19,\"candidate_ps\":20,\"request_ps\":21,"
     "\"query_ps\":22,\"answer_ps\":23,\"full_ps\":24,"
     "\"lost_again_ps\":null,\"records_partial\":26,\"records_none\":27,"
     "\"bytes\":28}"},
    {"flows.1.server_to_client.offload.episodes.1.end", "\"lost again\""},
    {"flows.1.server_to_client.offload.episodes.1.lost_again_ps", "25"},
    {"hosts.0.name", "\"client\""},
    {"hosts.1.name", "\"server\""},
    {"hosts.0.stages.2",
     "{\"name\":\"nic\",\"count\":1234,\"mean_ns\":2000.5,\"min_ns\":1000.0,"
     "\"p50_ns\":2000.0,\"p90_ns\":4000.0,\"p99_ns\":6000.0,"
     "\"p999_ns\":8000.0,\"max_ns\":10000.001}"},
    {"hosts.0.stages.0.name", "\"assembly\""},
    {"hosts.0.stages.10.name", "\"total\""},
    {"hosts.0.slowest_percent.queue", "350000.0"},
    {"hosts.0.slowest_percent.key_wait", "0.0"},
    {"hosts.0.slowest_percent.total", "450000.0"},
    {"hosts.0.slowest_count", "12"},
    {"hosts.0.nic",
     "{\"rx_packets\":12345,\"rx_out_of_buffer\":0,\"rx_bytes\":17895432,"
     "\"rx0_packets\":12000}"},
    {"hosts.0.cpus.0",
     "{\"id\":0,\"utilization\":{\"irq\":0.01,\"softirq\":0.05,"
     "\"worker\":0.2,\"app\":0.04,\"idle\":0.7},\"context_switches\":1234,"
     "\"preemptions\":17}"},
    {"hosts.0.cpus.1.utilization.idle", "0.99"},
    {"hosts.0.workqueues.0",
     "{\"id\":0,\"enqueued\":1200,\"mean_depth\":0.125,\"max_depth\":7,"
     "\"mean_wait_ns\":1500.25,\"p99_wait_ns\":22000.0,"
     "\"utilization\":0.2,\"tx_enqueued\":0,\"tx_served\":0,"
     "\"tx_mean_wait_ns\":0.0}"},
    {"hosts.0.locks",
     "[{\"name\":\"sockbuf\",\"acquisitions\":4000,\"contended\":100,"
     "\"mean_wait_ns\":350.5}]"},
    {"hosts.0.tls",
     "{\"records_full\":3,\"records_partial\":2,\"records_none\":1229,"
     "\"bytes_full\":300,\"bytes_partial\":200,\"bytes_none\":122900,"
     "\"bytes_marked\":350,\"profile\":\"a NIC\",\"resync\":\"freebsd\","
     "\"without_context\":[{\"reason\":\"no TLS 1.3\",\"flows\":1},"
     "{\"reason\":\"every context of the NIC is in use\",\"flows\":2345}],"
     "\"episodes\":7,\"episodes_closed\":4,\"episodes_lost_again\":2,"
     "\"episode_mean_ns\":1500.5,"
     "\"episode_max_ns\":2000.0,\"cache\":{\"entries\":2,"
     "\"accesses\":40,\"misses_without_feedback\":["
     "{\"entries\":1,\"misses\":30},{\"entries\":2,\"misses\":4}]}}"},
    {"hosts.0.wakeups", "{\"useful\":1000,\"spurious\":11}"},
    {"hosts.0.totals", "{\"goodput_gbps\":1.25,\"cores_busy\":0.3125,"
		       "\"gbps_per_core\":4.0}"},
    {"hosts.0.conservation",
     "{\"segments_in\":12345,\"delivered\":12310,\"dropped\":{\"ring\":20,"
     "\"link\":1,\"checksum\":2,\"duplicate\":3,\"old\":4,\"past_close\":1,"
     "\"reassembly\":1},\"queued\":3,\"balanced\":true}"},
};

START_TEST(test_report_json_has_every_field_of_the_schema)
{
	json_t *tree = parsed(report_json);

	check_value(tree, json_fields[_i].path, json_fields[_i].value);
	json_decref(tree);
}
END_TEST

/* The order of keys is part of the document. */
START_TEST(test_report_json_keeps_the_order_of_the_schema)
{
	static const char *const keys[] = {"schema", "version", "config",
					   "notes",  "run",	"flows",
					   "hosts",  NULL};
	json_t *tree = parsed(report_json);
	const char *key;
	json_t *value;
	size_t i = 0;

	json_object_foreach(tree, key, value) ck_assert_str_eq(key, keys[i++]);
	ck_assert_ptr_null(keys[i]);
	json_decref(tree);
}
END_TEST

START_TEST(test_report_json_holds_every_configuration_key)
{
	json_t *tree = parsed(report_json);
	json_t *object = json_object_get(tree, "config");

	ck_assert_uint_gt(config_key_count(), 0);
	ck_assert_uint_eq(json_object_size(object), config_key_count());
	for (size_t i = 0; i < config_key_count(); i++) {
		const char *name = config_key(i)->name;
		char text[CONFIG_TEXT_MAX];

		config_get(&config, i, text);
		ck_assert_str_eq(
		    json_string_value(json_object_get(object, name)), text);
	}
	json_decref(tree);
}
END_TEST

START_TEST(test_report_json_differs_by_the_wall_clock_only_in_two_fields)
{
	json_t *first = parsed(report_json);
	json_t *second, *run;

	results.wall_s = 0.5;
	second = parsed(report_json);
	ck_assert(!json_equal(first, second));
	run = json_object_get(second, "run");
	json_object_set_new(run, "wall_s", json_real(0.25));
	json_object_set_new(run, "events_per_s", json_real(395060));
	ck_assert(json_equal(first, second));
	json_decref(first);
	json_decref(second);
}
END_TEST

START_TEST(test_report_json_writes_a_seed_that_no_integer_holds_as_text)
{
	json_t *tree;

	results.seed = UINT64_MAX;
	tree = parsed(report_json);
	check_value(tree, "run.seed", "\"18446744073709551615\"");
	json_decref(tree);
}
END_TEST

START_TEST(test_report_json_survives_a_note_that_is_not_utf8)
{
	json_t *tree;

	strcpy(results.notes[0], "file caf\xe9.pcap \"\033");
	tree = parsed(report_json);
	check_value(tree, "notes.0", "\"file caf?.pcap \\\"\\u001B\"");
	json_decref(tree);
}
END_TEST

/* Those of the result, but for what no host was there to give. */
START_TEST(test_report_flows_json_leaves_out_what_was_not_simulated)
{
	static const char *const ways[] = {"client_to_server",
					   "server_to_client"};
	static const char *const hosted[] = {"worker", "latency",
					     "window_exceeded_bytes"};
	json_t *document = parsed(report_json);
	json_t *flows = json_object_get(document, "flows");
	json_t *list = parsed(report_flows_json);

	for (size_t i = 0; i < json_array_size(flows); i++)
		for (int k = 0; k < 2 * 3; k++)
			ck_assert_int_eq(
			    json_object_del(
				json_object_get(json_array_get(flows, i),
						ways[k / 3]),
				hosted[k % 3]),
			    0);
	check_value(list, "schema", "\"ktlsim-flows-1\"");
	ck_assert(json_equal(json_object_get(list, "version"),
			     json_object_get(document, "version")));
	ck_assert_uint_eq(json_array_size(flows), results.flow_count);
	ck_assert(json_equal(json_object_get(list, "flows"), flows));
	ck_assert_uint_eq(json_object_size(list), 3);
	json_decref(document);
	json_decref(list);
}
END_TEST

START_TEST(test_report_json_reports_a_full_disk)
{
	FILE *full = fopen("/dev/full", "w");

	ck_assert_ptr_nonnull(full);
	ck_assert_int_eq(report_json(full, &results), ENOSPC);
	fclose(full);
}
END_TEST

/* Memory of jansson: how many more may be given, and how many are out. */
static uint64_t allocations_left;
static int64_t allocations_live;

static void *
counted_malloc(size_t size)
{
	if (allocations_left == 0)
		return NULL;
	allocations_left--;
	allocations_live++;
	return malloc(size);
}

static void
counted_free(void *memory)
{
	if (memory != NULL)
		allocations_live--;
	free(memory);
}

/* Let allocation n fail, for every n: ENOMEM, and nothing leaks. */
START_TEST(test_report_json_survives_any_failed_allocation)
{
	FILE *out = fopen("/dev/null", "w");
	int error = ENOMEM;
	uint64_t n;

	ck_assert_ptr_nonnull(out);
	json_set_alloc_funcs(counted_malloc, counted_free);
	for (n = 0; error == ENOMEM && n < 100000; n++) {
		allocations_left = n;
		error = report_json(out, &results);
		ck_assert_int_eq(allocations_live, 0);
	}
	json_set_alloc_funcs(malloc, free);
	ck_assert_int_eq(error, 0);
	ck_assert_uint_gt(n, 500);
	fclose(out);
}
END_TEST

START_TEST(test_report_stages_are_named_as_in_the_schema)
{
	static const char *const names[STAGE_COUNT] = {
	    "assembly", "hold",	   "nic",  "moderation", "softirq", "key_wait",
	    "queue",	"decrypt", "wake", "read",	 "total"};

	ck_assert_str_eq(stage_name((enum stage)_i), names[_i]);
}
END_TEST

#define TEST(name)             \
	{                      \
#name, name, 0 \
	}
#define ROWS(name, rows)          \
	{                         \
#name, name, rows \
	}

Suite *report_suite(void);

Suite *
report_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_report_text_equals_golden),
	    TEST(test_report_flows_text_equals_golden),
	    TEST(test_report_text_stays_within_80_columns),
	    TEST(test_report_text_says_first_what_is_wrong),
	    TEST(test_report_text_of_a_good_run_warns_of_nothing),
	    TEST(test_report_text_is_brief_unless_verbose),
	    TEST(test_report_text_lists_the_16_busiest_cpus),
	    TEST(test_report_text_counts_the_queues_it_leaves_out),
	    TEST(test_report_text_shows_transmit_work),
	    TEST(test_report_text_keeps_control_characters_off_the_terminal),
	    TEST(test_report_of_nothing_is_a_report),
	    ROWS(test_report_json_has_every_field_of_the_schema,
		 sizeof(json_fields) / sizeof(json_fields[0])),
	    TEST(test_report_json_keeps_the_order_of_the_schema),
	    TEST(test_report_json_holds_every_configuration_key),
	    TEST(test_report_json_differs_by_the_wall_clock_only_in_two_fields),
	    TEST(test_report_json_writes_a_seed_that_no_integer_holds_as_text),
	    TEST(test_report_json_survives_a_note_that_is_not_utf8),
	    TEST(test_report_flows_json_leaves_out_what_was_not_simulated),
	    TEST(test_report_json_reports_a_full_disk),
	    TEST(test_report_json_survives_any_failed_allocation),
	    ROWS(test_report_stages_are_named_as_in_the_schema, STAGE_COUNT),
	};

	return suite_create_table("report", tests,
				  sizeof(tests) / sizeof(tests[0]), setup,
				  teardown, 30);
}
