/*
 * report_json.c - the documents ktlsim-result-1 and ktlsim-flows-1.
 *
 * Called once, after the run.  Built as a jansson tree, so that every value is
 * escaped by a library; keys stand in the order of the schema.  Fields may be
 * added, never renamed.  Only run.wall_s and run.events_per_s depend on the
 * wall clock.
 *
 * Conventions: counts are integers, times integer picoseconds (_ps) or
 * floating nanoseconds (_ns), shares 0 to 1.  json_out.h builds the tree.
 */
#include "sim/report.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sim/json_out.h"
#include "sim/report_offload.h"
#include "sim/results.h"

enum {
	/* 15 digits hold a picosecond in nanoseconds up to 11 days. */
	JSON_FLAGS = JSON_INDENT(1) | JSON_REAL_PRECISION(15),
};

static json_t *
json_config(struct json_out *out, const struct config *config)
{
	json_t *object = json_object();
	char text[CONFIG_TEXT_MAX];

	for (size_t i = 0; config != NULL && i < config_key_count(); i++) {
		config_get(config, i, text);
		json_put_text(out, object, config_key(i)->name, text);
	}
	return object;
}

static json_t *
json_texts(struct json_out *out, char (*const texts)[RESULTS_TEXT_BYTES],
	   size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_append(out, array, json_text(texts[i]));
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
		json_put_text(out, variables, scenario->variables[i].name,
			      scenario->variables[i].value);
	json_put_text(out, run, "configuration", scenario->configuration);
	json_put_count(out, run, "number", scenario->run);
	json_put(out, run, "variables", variables);
}

static json_t *
json_run(struct json_out *out, const struct results *results)
{
	json_t *run = json_object();
	double wall_s = results->wall_s;
	char digest[24];

	snprintf(digest, sizeof(digest), "%016" PRIx64, results->digest);
	put_scenario(out, run, results->scenario);
	json_put_count(out, run, "seed", results->seed);
	json_put_count(out, run, "repetition", results->repetition);
	json_put_count(out, run, "end_ps", results->end_ps);
	json_put_count(out, run, "events", results->events);
	json_put_text(out, run, "digest", digest);
	json_put_real(out, run, "wall_s", wall_s);
	json_put_real(out, run, "events_per_s",
		      wall_s > 0 ? (double)results->events / wall_s : 0);
	json_put_text(out, run, "input_status", results->input_status);
	json_put_count(out, run, "input_frames", results->input_frames);
	json_put(out, run, "partial", json_boolean(results->partial));
	json_put(out, run, "overloaded", json_boolean(results->overloaded));
	json_put(out, run, "failed_invariants",
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
	json_put_count(out, hole, "offset", dir->hole.offset);
	json_put_count(out, hole, "bytes_behind", dir->hole.bytes_behind);
	json_put(out, hole, "acked", json_boolean(dir->hole.acked));
	json_append(out, holes, hole);
	return holes;
}

static json_t *
json_latency(struct json_out *out, const struct results_latency *latency)
{
	json_t *object = json_object();

	json_put_count(out, object, "count", latency->count);
	json_put_real(out, object, "mean_ns", latency->mean_ns);
	json_put_ns(out, object, "p50_ns", latency->p50_ps);
	json_put_ns(out, object, "p99_ns", latency->p99_ps);
	json_put_ns(out, object, "max_ns", latency->max_ps);
	return object;
}

/* What only a host gives a direction: its worker, its latency. */
static void
put_hosted(struct json_out *out, json_t *object,
	   const struct results_direction *dir)
{
	json_put(out, object, "worker",
		 dir->keyed ? json_count(dir->worker) : json_null());
	json_put(out, object, "latency", json_latency(out, &dir->latency));
}

static json_t *
json_direction(struct json_out *out, const struct results_direction *dir)
{
	json_t *object = json_object();

	json_put_count(out, object, "segments", dir->segments);
	json_put_count(out, object, "frames", dir->frames);
	json_put_count(out, object, "wire_bytes", dir->wire_bytes);
	json_put_count(out, object, "records", dir->records);
	json_put_count(out, object, "app_records", dir->app_records);
	json_put_count(out, object, "app_bytes", dir->app_bytes);
	json_put_text(out, object, "app_sha256", dir->app_sha256);
	json_put_count(out, object, "early_records", dir->early_records);
	json_put_count(out, object, "handshake_records",
		       dir->handshake_records);
	json_put_count(out, object, "alerts", dir->alerts);
	json_put_count(out, object, "errors", dir->errors);
	json_put_text(out, object, "error", dir->error);
	json_put_count(out, object, "undecrypted_records",
		       dir->undecrypted_records);
	if (out->hosted)
		json_put_count(out, object, "window_exceeded_bytes",
			       dir->window_exceeded_bytes);
	json_put(out, object, "holes", json_holes(out, dir));
	if (dir->offload.present)
		json_put(out, object, "offload",
			 report_offload_direction(out, &dir->offload));
	if (out->hosted)
		put_hosted(out, object, dir);
	return object;
}

static json_t *
json_flow(struct json_out *out, const struct results_flow *flow)
{
	json_t *object = json_object();

	json_put_count(out, object, "id", flow->id);
	json_put_text(out, object, "client", flow->client);
	json_put_text(out, object, "server", flow->server);
	json_put_text(out, object, "tls_version", flow->tls_version);
	json_put_text(out, object, "cipher_suite", flow->cipher_suite);
	json_put_text(out, object, "keys", flow->keys);
	json_put_text(out, object, "timed_from", flow->timed_from);
	json_put(out, object, "border_inferred",
		 json_boolean(flow->border_inferred));
	json_put_count(out, object, "key_updates", flow->key_updates);
	json_put_count(out, object, "renegotiations", flow->renegotiations);
	json_put(out, object, "client_to_server",
		 json_direction(out, &flow->direction[0]));
	json_put(out, object, "server_to_client",
		 json_direction(out, &flow->direction[1]));
	return object;
}

static json_t *
json_flows(struct json_out *out, const struct results *results)
{
	json_t *flows = json_array();

	for (size_t i = 0; i < results->flow_count; i++)
		json_append(out, flows, json_flow(out, &results->flows[i]));
	return flows;
}

static json_t *
json_stages(struct json_out *out, const struct results_host *host)
{
	json_t *stages = json_array();

	for (size_t i = 0; i < host->stage_count; i++) {
		const struct results_latency *l = &host->stages[i].latency;
		json_t *stage = json_object();

		json_put_text(out, stage, "name",
			      stage_name(host->stages[i].stage));
		json_put_count(out, stage, "count", l->count);
		json_put_real(out, stage, "mean_ns", l->mean_ns);
		json_put_ns(out, stage, "min_ns", l->count > 0 ? l->min_ps : 0);
		json_put_ns(out, stage, "p50_ns", l->p50_ps);
		json_put_ns(out, stage, "p90_ns", l->p90_ps);
		json_put_ns(out, stage, "p99_ns", l->p99_ps);
		json_put_ns(out, stage, "p999_ns", l->p999_ps);
		json_put_ns(out, stage, "max_ns", l->max_ps);
		json_append(out, stages, stage);
	}
	return stages;
}

static json_t *
json_slowest(struct json_out *out, const struct results_host *host)
{
	json_t *slowest = json_object();

	for (size_t i = 0; i < STAGE_COUNT; i++)
		json_put_real(out, slowest, stage_name((enum stage)i),
			      host->slowest_percent_ns[i]);
	return slowest;
}

static json_t *
json_nic(struct json_out *out, const struct results_host *host)
{
	json_t *nic = json_object();

	for (size_t i = 0; i < host->counter_count; i++)
		json_put_count(out, nic, host->counters[i].name,
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
	json_put_real(out, object, "irq", (double)cpu->irq_ps / whole);
	json_put_real(out, object, "softirq", (double)cpu->softirq_ps / whole);
	json_put_real(out, object, "worker", (double)cpu->worker_ps / whole);
	json_put_real(out, object, "app", (double)cpu->app_ps / whole);
	json_put_real(out, object, "idle", (double)cpu->idle_ps / whole);
	return object;
}

static json_t *
json_cpus(struct json_out *out, const struct results_host *host)
{
	json_t *cpus = json_array();

	for (size_t i = 0; i < host->cpu_count; i++) {
		json_t *cpu = json_object();

		json_put_count(out, cpu, "id", host->cpus[i].id);
		json_put(out, cpu, "utilization",
			 json_utilization(out, &host->cpus[i]));
		json_put_count(out, cpu, "context_switches",
			       host->cpus[i].context_switches);
		json_put_count(out, cpu, "preemptions",
			       host->cpus[i].preemptions);
		json_append(out, cpus, cpu);
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

		json_put_count(out, queue, "id", w->id);
		json_put_count(out, queue, "enqueued", w->enqueued);
		json_put_real(out, queue, "mean_depth", w->mean_depth);
		json_put_count(out, queue, "max_depth", w->max_depth);
		json_put_real(out, queue, "mean_wait_ns", w->mean_wait_ns);
		json_put_ns(out, queue, "p99_wait_ns", w->p99_wait_ps);
		json_put_real(out, queue, "utilization", w->utilization);
		json_put_count(out, queue, "tx_enqueued", w->tx_enqueued);
		json_put_count(out, queue, "tx_served", w->tx_served);
		json_put_real(out, queue, "tx_mean_wait_ns",
			      w->tx_mean_wait_ns);
		json_append(out, queues, queue);
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

		json_put_text(out, lock, "name", l->name);
		json_put_count(out, lock, "acquisitions", l->acquisitions);
		json_put_count(out, lock, "contended", l->contended);
		json_put_real(out, lock, "mean_wait_ns", l->mean_wait_ns);
		json_append(out, locks, lock);
	}
	return locks;
}

static json_t *
json_dropped(struct json_out *out, const struct results_conservation *books)
{
	json_t *dropped = json_object();

	json_put_count(out, dropped, "ring", books->dropped_ring);
	json_put_count(out, dropped, "link", books->dropped_link);
	json_put_count(out, dropped, "checksum", books->dropped_checksum);
	json_put_count(out, dropped, "duplicate", books->dropped_duplicate);
	json_put_count(out, dropped, "old", books->dropped_old);
	json_put_count(out, dropped, "past_close", books->dropped_past_close);
	json_put_count(out, dropped, "reassembly", books->dropped_reassembly);
	return dropped;
}

static json_t *
json_conservation(struct json_out *out,
		  const struct results_conservation *books)
{
	json_t *object = json_object();

	json_put_count(out, object, "segments_in", books->segments_in);
	json_put_count(out, object, "delivered", books->delivered);
	json_put(out, object, "dropped", json_dropped(out, books));
	json_put_count(out, object, "queued", books->queued);
	json_put(out, object, "balanced", json_boolean(books->balanced));
	return object;
}

static void
put_host_totals(struct json_out *out, json_t *object,
		const struct results_host *host)
{
	json_t *tls = json_object();
	json_t *wakeups = json_object();
	json_t *totals = json_object();

	report_offload_put_split(out, tls, &host->split);
	if (host->has_tls)
		report_offload_put_host(out, tls, host);
	json_put(out, object, "tls", tls);
	json_put_count(out, wakeups, "useful", host->wakeups_useful);
	json_put_count(out, wakeups, "spurious", host->wakeups_spurious);
	json_put(out, object, "wakeups", wakeups);
	json_put_real(out, totals, "goodput_gbps", host->goodput_gbps);
	json_put_real(out, totals, "cores_busy", host->cores_busy);
	json_put_real(out, totals, "gbps_per_core", host->gbps_per_core);
	json_put(out, object, "totals", totals);
}

static json_t *
json_host(struct json_out *out, const struct results_host *host)
{
	json_t *object = json_object();

	json_put_text(out, object, "name", host->name);
	json_put(out, object, "stages", json_stages(out, host));
	json_put(out, object, "slowest_percent", json_slowest(out, host));
	json_put_count(out, object, "slowest_count", host->slowest_count);
	json_put(out, object, "nic", json_nic(out, host));
	json_put(out, object, "cpus", json_cpus(out, host));
	json_put(out, object, "workqueues", json_workqueues(out, host));
	json_put(out, object, "locks", json_locks(out, host));
	put_host_totals(out, object, host);
	json_put(out, object, "conservation",
		 json_conservation(out, &host->conservation));
	return object;
}

static json_t *
json_hosts(struct json_out *out, const struct results *results)
{
	json_t *hosts = json_array();

	for (size_t i = 0; i < results->host_count; i++)
		json_append(out, hosts, json_host(out, &results->hosts[i]));
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

	json_put_text(&out, document, "schema", "ktlsim-result-1");
	json_put_text(&out, document, "version", KTLSIM_VERSION);
	json_put(&out, document, "config", json_config(&out, results->config));
	json_put(&out, document, "notes",
		 json_texts(&out, results->notes, results->note_count));
	json_put(&out, document, "run", json_run(&out, results));
	json_put(&out, document, "flows", json_flows(&out, results));
	json_put(&out, document, "hosts", json_hosts(&out, results));
	return write_tree(file, document, &out);
}

int
report_flows_json(FILE *file, const struct results *results)
{
	struct json_out out = {.hosted = false};
	json_t *document = json_object();

	json_put_text(&out, document, "schema", "ktlsim-flows-1");
	json_put_text(&out, document, "version", KTLSIM_VERSION);
	json_put(&out, document, "flows", json_flows(&out, results));
	return write_tree(file, document, &out);
}
