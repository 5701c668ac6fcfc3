/*
 * report_json.c - the documents ktlsim-result-1 and ktlsim-flows-1.
 *
 * Called once, after the run.  Built as a jansson tree, so that every value is
 * escaped by a library; keys stand in the order of the schema.  Fields may be
 * added, never renamed.  Only run.wall_s and run.events_per_s depend on the
 * wall clock.
 *
 * Conventions: counts are integers, times integer picoseconds (_ps) or
 * floating nanoseconds (_ns), shares 0 to 1.  A count over 2^63 - 1 (only a
 * seed can be one) is written as a string.  A text that is not UTF-8 (a file
 * name in a note) has '?' for its odd bytes.
 *
 * Failure: the put functions are given NULL where a value could not be made
 * and remember it in struct json_out, so that the builders read straight down.
 */
#include "sim/report.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sim/results.h"

enum {
	/* 15 digits hold a picosecond in nanoseconds up to 11 days. */
	JSON_FLAGS = JSON_INDENT(1) | JSON_REAL_PRECISION(15),
};

struct json_out {
	bool failed; /* memory ran out: the tree lacks something */
	bool hosted; /* hosts were simulated, not only flows followed */
};

/* Both take over the value, which may be NULL. */
static void
put(struct json_out *out, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) != 0)
		out->failed = true;
}

static void
append(struct json_out *out, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) != 0)
		out->failed = true;
}

static json_t *
json_ascii(const char *text)
{
	char *copy = strdup(text);
	json_t *value;

	if (copy == NULL)
		return NULL;
	for (char *c = copy; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	value = json_string(copy);
	free(copy);
	return value;
}

static json_t *
json_text(const char *text)
{
	json_t *value = json_string(text);

	return value != NULL ? value : json_ascii(text);
}

static json_t *
json_count(uint64_t count)
{
	char text[24];

	if (count <= INT64_MAX)
		return json_integer((json_int_t)count);
	snprintf(text, sizeof(text), "%" PRIu64, count);
	return json_string(text);
}

static void
put_text(struct json_out *out, json_t *object, const char *key,
	 const char *text)
{
	put(out, object, key, json_text(text));
}

static void
put_count(struct json_out *out, json_t *object, const char *key, uint64_t count)
{
	put(out, object, key, json_count(count));
}

static void
put_real(struct json_out *out, json_t *object, const char *key, double value)
{
	put(out, object, key, json_real(value));
}

static void
put_ns(struct json_out *out, json_t *object, const char *key, uint64_t ps)
{
	put_real(out, object, key, (double)ps / 1000);
}

static json_t *
json_config(struct json_out *out, const struct config *config)
{
	json_t *object = json_object();
	char text[CONFIG_TEXT_MAX];

	for (size_t i = 0; config != NULL && i < config_key_count(); i++) {
		config_get(config, i, text);
		put_text(out, object, config_key(i)->name, text);
	}
	return object;
}

static json_t *
json_texts(struct json_out *out, char (*const texts)[RESULTS_TEXT_BYTES],
	   size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		append(out, array, json_text(texts[i]));
	return array;
}

static void
put_scenario(struct json_out *out, json_t *run,
	     const struct results_scenario *scenario)
{
	json_t *variables;

	if (scenario == NULL)
		return;
	variables = json_object();
	for (size_t i = 0; i < scenario->variable_count; i++)
		put_text(out, variables, scenario->variables[i].name,
			 scenario->variables[i].value);
	put_text(out, run, "configuration", scenario->configuration);
	put_count(out, run, "number", scenario->run);
	put(out, run, "variables", variables);
}

static json_t *
json_run(struct json_out *out, const struct results *results)
{
	json_t *run = json_object();
	double wall_s = results->wall_s;
	char digest[24];

	snprintf(digest, sizeof(digest), "%016" PRIx64, results->digest);
	put_scenario(out, run, results->scenario);
	put_count(out, run, "seed", results->seed);
	put_count(out, run, "repetition", results->repetition);
	put_count(out, run, "end_ps", results->end_ps);
	put_count(out, run, "events", results->events);
	put_text(out, run, "digest", digest);
	put_real(out, run, "wall_s", wall_s);
	put_real(out, run, "events_per_s",
		 wall_s > 0 ? (double)results->events / wall_s : 0);
	put_text(out, run, "input_status", results->input_status);
	put_count(out, run, "input_frames", results->input_frames);
	put(out, run, "partial", json_boolean(results->partial));
	put(out, run, "overloaded", json_boolean(results->overloaded));
	put(out, run, "failed_invariants",
	    json_texts(out, results->failures, results->failure_count));
	return run;
}

static json_t *
json_holes(struct json_out *out, const struct results_direction *dir)
{
	json_t *holes = json_array();
	json_t *hole;

	if (dir->holes == 0)
		return holes;
	hole = json_object();
	put_count(out, hole, "offset", dir->hole.offset);
	put_count(out, hole, "bytes_behind", dir->hole.bytes_behind);
	put(out, hole, "acked", json_boolean(dir->hole.acked));
	append(out, holes, hole);
	return holes;
}

static json_t *
json_latency(struct json_out *out, const struct results_latency *latency)
{
	json_t *object = json_object();

	put_count(out, object, "count", latency->count);
	put_real(out, object, "mean_ns", latency->mean_ns);
	put_ns(out, object, "p50_ns", latency->p50_ps);
	put_ns(out, object, "p99_ns", latency->p99_ps);
	put_ns(out, object, "max_ns", latency->max_ps);
	return object;
}

/* What only a host gives a direction: its worker, its latency. */
static void
put_hosted(struct json_out *out, json_t *object,
	   const struct results_direction *dir)
{
	put(out, object, "worker",
	    dir->keyed ? json_count(dir->worker) : json_null());
	put(out, object, "latency", json_latency(out, &dir->latency));
}

static json_t *
json_direction(struct json_out *out, const struct results_direction *dir)
{
	json_t *object = json_object();

	put_count(out, object, "segments", dir->segments);
	put_count(out, object, "frames", dir->frames);
	put_count(out, object, "wire_bytes", dir->wire_bytes);
	put_count(out, object, "records", dir->records);
	put_count(out, object, "app_records", dir->app_records);
	put_count(out, object, "app_bytes", dir->app_bytes);
	put_text(out, object, "app_sha256", dir->app_sha256);
	put_count(out, object, "early_records", dir->early_records);
	put_count(out, object, "handshake_records", dir->handshake_records);
	put_count(out, object, "alerts", dir->alerts);
	put_count(out, object, "errors", dir->errors);
	put_text(out, object, "error", dir->error);
	put_count(out, object, "undecrypted_records", dir->undecrypted_records);
	if (out->hosted)
		put_count(out, object, "window_exceeded_bytes",
			  dir->window_exceeded_bytes);
	put(out, object, "holes", json_holes(out, dir));
	if (out->hosted)
		put_hosted(out, object, dir);
	return object;
}

static json_t *
json_flow(struct json_out *out, const struct results_flow *flow)
{
	json_t *object = json_object();

	put_count(out, object, "id", flow->id);
	put_text(out, object, "client", flow->client);
	put_text(out, object, "server", flow->server);
	put_text(out, object, "tls_version", flow->tls_version);
	put_text(out, object, "cipher_suite", flow->cipher_suite);
	put_text(out, object, "keys", flow->keys);
	put_text(out, object, "timed_from", flow->timed_from);
	put(out, object, "border_inferred",
	    json_boolean(flow->border_inferred));
	put_count(out, object, "key_updates", flow->key_updates);
	put_count(out, object, "renegotiations", flow->renegotiations);
	put(out, object, "client_to_server",
	    json_direction(out, &flow->direction[0]));
	put(out, object, "server_to_client",
	    json_direction(out, &flow->direction[1]));
	return object;
}

static json_t *
json_flows(struct json_out *out, const struct results *results)
{
	json_t *flows = json_array();

	for (size_t i = 0; i < results->flow_count; i++)
		append(out, flows, json_flow(out, &results->flows[i]));
	return flows;
}

static json_t *
json_stages(struct json_out *out, const struct results_host *host)
{
	json_t *stages = json_array();

	for (size_t i = 0; i < host->stage_count; i++) {
		const struct results_latency *l = &host->stages[i].latency;
		json_t *stage = json_object();

		put_text(out, stage, "name", stage_name(host->stages[i].stage));
		put_count(out, stage, "count", l->count);
		put_real(out, stage, "mean_ns", l->mean_ns);
		put_ns(out, stage, "min_ns", l->count > 0 ? l->min_ps : 0);
		put_ns(out, stage, "p50_ns", l->p50_ps);
		put_ns(out, stage, "p90_ns", l->p90_ps);
		put_ns(out, stage, "p99_ns", l->p99_ps);
		put_ns(out, stage, "p999_ns", l->p999_ps);
		put_ns(out, stage, "max_ns", l->max_ps);
		append(out, stages, stage);
	}
	return stages;
}

static json_t *
json_slowest(struct json_out *out, const struct results_host *host)
{
	json_t *slowest = json_object();

	for (size_t i = 0; i < STAGE_COUNT; i++)
		put_real(out, slowest, stage_name((enum stage)i),
			 host->slowest_percent_ns[i]);
	return slowest;
}

static json_t *
json_nic(struct json_out *out, const struct results_host *host)
{
	json_t *nic = json_object();

	for (size_t i = 0; i < host->counter_count; i++)
		put_count(out, nic, host->counters[i].name,
			  host->counters[i].value);
	return nic;
}

static json_t *
json_utilization(struct json_out *out, const struct results_cpu *cpu)
{
	json_t *object = json_object();
	double whole = (double)(cpu->irq_ps + cpu->softirq_ps + cpu->worker_ps +
				cpu->app_ps + cpu->idle_ps);

	/* A run of no time: all shares 0. */
	if (whole <= 0)
		whole = 1;
	put_real(out, object, "irq", (double)cpu->irq_ps / whole);
	put_real(out, object, "softirq", (double)cpu->softirq_ps / whole);
	put_real(out, object, "worker", (double)cpu->worker_ps / whole);
	put_real(out, object, "app", (double)cpu->app_ps / whole);
	put_real(out, object, "idle", (double)cpu->idle_ps / whole);
	return object;
}

static json_t *
json_cpus(struct json_out *out, const struct results_host *host)
{
	json_t *cpus = json_array();

	for (size_t i = 0; i < host->cpu_count; i++) {
		json_t *cpu = json_object();

		put_count(out, cpu, "id", host->cpus[i].id);
		put(out, cpu, "utilization",
		    json_utilization(out, &host->cpus[i]));
		put_count(out, cpu, "context_switches",
			  host->cpus[i].context_switches);
		put_count(out, cpu, "preemptions", host->cpus[i].preemptions);
		append(out, cpus, cpu);
	}
	return cpus;
}

static json_t *
json_workqueues(struct json_out *out, const struct results_host *host)
{
	json_t *queues = json_array();

	for (size_t i = 0; i < host->workqueue_count; i++) {
		const struct results_workqueue *w = &host->workqueues[i];
		json_t *queue = json_object();

		put_count(out, queue, "id", w->id);
		put_count(out, queue, "enqueued", w->enqueued);
		put_real(out, queue, "mean_depth", w->mean_depth);
		put_count(out, queue, "max_depth", w->max_depth);
		put_real(out, queue, "mean_wait_ns", w->mean_wait_ns);
		put_ns(out, queue, "p99_wait_ns", w->p99_wait_ps);
		put_real(out, queue, "utilization", w->utilization);
		put_count(out, queue, "tx_enqueued", w->tx_enqueued);
		put_count(out, queue, "tx_served", w->tx_served);
		put_real(out, queue, "tx_mean_wait_ns", w->tx_mean_wait_ns);
		append(out, queues, queue);
	}
	return queues;
}

static json_t *
json_locks(struct json_out *out, const struct results_host *host)
{
	json_t *locks = json_array();

	for (size_t i = 0; i < host->lock_count; i++) {
		const struct results_lock *l = &host->locks[i];
		json_t *lock = json_object();

		put_text(out, lock, "name", l->name);
		put_count(out, lock, "acquisitions", l->acquisitions);
		put_count(out, lock, "contended", l->contended);
		put_real(out, lock, "mean_wait_ns", l->mean_wait_ns);
		append(out, locks, lock);
	}
	return locks;
}

static json_t *
json_dropped(struct json_out *out, const struct results_conservation *books)
{
	json_t *dropped = json_object();

	put_count(out, dropped, "ring", books->dropped_ring);
	put_count(out, dropped, "link", books->dropped_link);
	put_count(out, dropped, "checksum", books->dropped_checksum);
	put_count(out, dropped, "duplicate", books->dropped_duplicate);
	put_count(out, dropped, "old", books->dropped_old);
	put_count(out, dropped, "past_close", books->dropped_past_close);
	put_count(out, dropped, "reassembly", books->dropped_reassembly);
	return dropped;
}

static json_t *
json_conservation(struct json_out *out,
		  const struct results_conservation *books)
{
	json_t *object = json_object();

	put_count(out, object, "segments_in", books->segments_in);
	put_count(out, object, "delivered", books->delivered);
	put(out, object, "dropped", json_dropped(out, books));
	put_count(out, object, "queued", books->queued);
	put(out, object, "balanced", json_boolean(books->balanced));
	return object;
}

static void
put_host_totals(struct json_out *out, json_t *object,
		const struct results_host *host)
{
	json_t *tls = json_object();
	json_t *wakeups = json_object();
	json_t *totals = json_object();

	put_count(out, tls, "records_full", host->tls_records_full);
	put_count(out, tls, "records_partial", host->tls_records_partial);
	put_count(out, tls, "records_none", host->tls_records_none);
	put(out, object, "tls", tls);
	put_count(out, wakeups, "useful", host->wakeups_useful);
	put_count(out, wakeups, "spurious", host->wakeups_spurious);
	put(out, object, "wakeups", wakeups);
	put_real(out, totals, "goodput_gbps", host->goodput_gbps);
	put_real(out, totals, "cores_busy", host->cores_busy);
	put_real(out, totals, "gbps_per_core", host->gbps_per_core);
	put(out, object, "totals", totals);
}

static json_t *
json_host(struct json_out *out, const struct results_host *host)
{
	json_t *object = json_object();

	put_text(out, object, "name", host->name);
	put(out, object, "stages", json_stages(out, host));
	put(out, object, "slowest_percent", json_slowest(out, host));
	put_count(out, object, "slowest_count", host->slowest_count);
	put(out, object, "nic", json_nic(out, host));
	put(out, object, "cpus", json_cpus(out, host));
	put(out, object, "workqueues", json_workqueues(out, host));
	put(out, object, "locks", json_locks(out, host));
	put_host_totals(out, object, host);
	put(out, object, "conservation",
	    json_conservation(out, &host->conservation));
	return object;
}

static json_t *
json_hosts(struct json_out *out, const struct results *results)
{
	json_t *hosts = json_array();

	for (size_t i = 0; i < results->host_count; i++)
		append(out, hosts, json_host(out, &results->hosts[i]));
	return hosts;
}

/* Print a tree and let go of it. */
static int
write_tree(FILE *file, json_t *tree, const struct json_out *out)
{
	int error = 0;

	errno = 0;
	if (tree == NULL || out->failed)
		error = ENOMEM;
	else if (json_dumpf(tree, file, JSON_FLAGS) != 0 ||
		 fputc('\n', file) == EOF || fflush(file) != 0)
		error = errno != 0 ? errno : ferror(file) ? EIO : ENOMEM;
	json_decref(tree);
	return error;
}

int
report_json(FILE *file, const struct results *results)
{
	struct json_out out = {.hosted = true};
	json_t *document = json_object();

	put_text(&out, document, "schema", "ktlsim-result-1");
	put_text(&out, document, "version", KTLSIM_VERSION);
	put(&out, document, "config", json_config(&out, results->config));
	put(&out, document, "notes",
	    json_texts(&out, results->notes, results->note_count));
	put(&out, document, "run", json_run(&out, results));
	put(&out, document, "flows", json_flows(&out, results));
	put(&out, document, "hosts", json_hosts(&out, results));
	return write_tree(file, document, &out);
}

int
report_flows_json(FILE *file, const struct results *results)
{
	struct json_out out = {.hosted = false};
	json_t *document = json_object();

	put_text(&out, document, "schema", "ktlsim-flows-1");
	put_text(&out, document, "version", KTLSIM_VERSION);
	put(&out, document, "flows", json_flows(&out, results));
	return write_tree(file, document, &out);
}
