/*
 * collect.c - the state at the end of a run as plain data.
 *
 * ktlsim_finish calls collect_results once; invariant.c then checks the books,
 * and report_*.c turn the data into text or JSON.  Nothing is computed here
 * that the model itself would need.
 */
#include "sim/collect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/ktls_counters.h"
#include "engine/ktls_session.h"
#include "sim/collect_offload.h"
#include "sim/content_hash.h"
#include "sim/exec.h"
#include "sim/run.h"
#include "traces/ipfrag.h"

/* What calls a run overloaded: docs/model.md#overload. */
enum {
	OVERLOAD_SHARE = 20, /* a twentieth of the input */
	OVERLOAD_HELD_BYTES = 65536,
};
#define OVERLOAD_DRAIN_PS UINT64_C(10000000000) /* 10 ms */

static const char *
version_text(enum tls_version version)
{
	switch (version) {
	case TLS_1_0:
		return "1.0";
	case TLS_1_1:
		return "1.1";
	case TLS_1_2:
		return "1.2";
	case TLS_1_3:
		return "1.3";
	case TLS_VERSION_UNKNOWN:
		break;
	}
	return "";
}

static const char *
error_text(int error)
{
	switch (error) {
	case 0:
		return "";
	case EBADMSG:
		return "EBADMSG: a record's tag did not verify";
	case EMSGSIZE:
		return "EMSGSIZE: a record's length is not legal";
	case EINVAL:
		return "EINVAL: a record's header is not legal";
	default:
		return strerror(error);
	}
}

static void
collect_hole(struct endpoint *ep, struct results_direction *out)
{
	struct tcp_hole hole;

	if (!tcp_first_hole(&ep->tcb, &hole))
		return;
	out->holes = 1;
	out->hole = (struct results_hole){.offset = hole.offset,
					  .bytes_behind = hole.bytes_behind,
					  .acked = hole.acked};
}

static void
collect_direction(struct endpoint *ep, const struct handshake_info *info,
		  struct results_direction *out)
{
	const struct endpoint_counts *counts = &ep->counts;
	int d = (int)ep->direction;

	out->segments = counts->segments;
	out->frames = counts->frames;
	out->wire_bytes = counts->wire_bytes;
	out->records = counts->records;
	out->app_records = counts->app_records;
	out->app_bytes = counts->app_bytes;
	out->early_records = counts->early_records;
	out->handshake_records =
	    counts->handshake_records + info->handshake_records[d];
	/* The TLS library has seen the alerts that KTLS decrypted, too. */
	out->alerts = info->alerts[d] + (ep->real ? 0 : counts->alerts);
	out->errors = counts->errors;
	out->undecrypted_records = ep->keyed && !ep->real ? counts->records : 0;
	out->window_exceeded_bytes = counts->window_exceeded_bytes;
	out->keyed = ep->keyed;
	out->worker = ep->worker != NULL ? ep->worker->id : 0;
	snprintf(out->error, sizeof(out->error), "%s",
		 error_text(counts->first_error));
	if (ep->hash != NULL && (ep->real || counts->early_records > 0) &&
	    counts->app_bytes > 0)
		content_hash_text(ep->hash, out->app_sha256);
	collect_hole(ep, out);
	latency_of(&ep->latency, &out->latency);
}

/* "found", or why not: of the worse direction where they differ. */
static void
collect_keys(const struct conn *conn, const struct handshake_info *info,
	     struct results_flow *out)
{
	static const char *const timed[] = {
	    [HANDSHAKE_TIMED_KEYS] = "keys",
	    [HANDSHAKE_TIMED_HEADERS] = "headers",
	    [HANDSHAKE_TIMED_ASSUMED] = "assumed",
	};
	enum handshake_timed_from from;
	bool keyed[2], any;
	int worse;

	for (int d = 0; d < 2; d++)
		keyed[d] = conn->endpoint[d].keyed;
	any = keyed[0] || keyed[1];
	worse = keyed[1] &&
		(!keyed[0] || info->timed_from[1] > info->timed_from[0]);
	from = info->timed_from[worse];
	if (conn->declared)
		from = HANDSHAKE_TIMED_KEYS;
	if (conn->cut && from == HANDSHAKE_TIMED_KEYS)
		from = HANDSHAKE_TIMED_HEADERS;
	if (any)
		snprintf(out->timed_from, sizeof(out->timed_from), "%s",
			 timed[from]);
	if (conn->declared)
		snprintf(out->keys, sizeof(out->keys), "declared");
	else if (conn->cut)
		snprintf(out->keys, sizeof(out->keys),
			 "the snap length cut bytes of this flow");
	else if (any && !(keyed[0] && keyed[1]))
		/* The other direction had nothing that needs a key. */
		snprintf(out->keys, sizeof(out->keys), "%s",
			 info->reason[keyed[1]]);
	else if (strcmp(info->reason[0], info->reason[1]) == 0)
		snprintf(out->keys, sizeof(out->keys), "%s", info->reason[0]);
	else
		snprintf(out->keys, sizeof(out->keys),
			 "client to server: %s; server to client: %s",
			 info->reason[0], info->reason[1]);
}

static int
collect_flow(struct conn *conn, struct results_flow *out)
{
	struct handshake_info info;
	const struct tls_suite *suite;

	handshake_read_info(conn->handshake, &info);
	if (conn->declared) {
		info.version = conn->declared_version;
		info.suite_known = true;
		info.suite_id = conn->declared_suite;
	}
	out->id = conn->flow->id;
	flow_endpoint_text(&conn->flow->client, out->client);
	flow_endpoint_text(&conn->flow->server, out->server);
	snprintf(out->tls_version, sizeof(out->tls_version), "%s",
		 version_text(info.version));
	suite = info.suite_known ? tls_suite_find(info.suite_id) : NULL;
	if (suite != NULL)
		snprintf(out->cipher_suite, sizeof(out->cipher_suite), "%s",
			 suite->name);
	else if (info.suite_known)
		snprintf(out->cipher_suite, sizeof(out->cipher_suite), "0x%04x",
			 info.suite_id);
	collect_keys(conn, &info, out);
	out->border_inferred =
	    info.border_inferred[0] || info.border_inferred[1];
	out->key_updates = info.key_updates[0] + info.key_updates[1];
	out->renegotiations = info.renegotiations;
	for (int d = 0; d < 2; d++) {
		collect_direction(&conn->endpoint[d], &info,
				  &out->direction[d]);
		if (collect_offload_direction(&conn->endpoint[d],
					      &out->direction[d]) != 0)
			return ENOMEM;
	}
	return 0;
}

void
collect_counter(struct results_host *out, uint64_t value, const char *format,
		...)
{
	struct results_counter *counter = &out->counters[out->counter_count++];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(counter->name, sizeof(counter->name), format, arguments);
	va_end(arguments);
	counter->value = value;
}

enum {
	COUNTERS_PER_QUEUE = 4,
	COUNTERS_PER_HOST =
	    24 + KTLS_COUNTERS_MAX + IMPAIR_COUNTERS + COLLECT_OFFLOAD_COUNTERS,
};

/* What one socket of the host adds to the workers' counters. */
static void
add_endpoint(const struct endpoint *ep, struct ktls_rx_counters *rx,
	     struct ktls_session_stats *sessions)
{
	const struct ktls_session *session = ep->so.so_rcv.sb_tls_info;

	rx->corrupted_records += ep->counts.corrupted_headers;
	rx->too_large_records += ep->counts.too_large_records;
	if (session == NULL)
		return;
	sessions->enable_calls++;
	ktls_session_tally(session, sessions);
}

/* Each worker counts for itself, and each socket for what reached none. */
static void
collect_ktls(const struct host *host, struct results_host *out)
{
	const struct ktlsim *sim = host->sim;
	struct ktls_rx_counters rx = {0};
	struct ktls_session_stats sessions = {0};
	struct ktls_counter list[KTLS_COUNTERS_MAX];
	size_t count;

	for (uint32_t i = 0; i < host->workers; i++)
		ktls_rx_counters_add(&rx, &host->worker[i].ktls);
	for (uint32_t i = 0; i < sim->conn_count; i++)
		for (int d = 0; d < 2; d++)
			if (sim->conn[i]->endpoint[d].host == host)
				add_endpoint(&sim->conn[i]->endpoint[d], &rx,
					     &sessions);
	collect_counter(out, host->workers, "threads");
	count = ktls_counters_list(&rx, &sessions, list);
	for (size_t i = 0; i < count; i++)
		collect_counter(out, list[i].value, "%s", list[i].name);
}

/* What the drivers of all queues did; Linux' softnet_stat has the last. */
static void
collect_drivers(const struct host *host, struct results_host *out)
{
	enum config_merge merge = host->sim->config.nic_merge;
	struct rx_driver_counts sum = {0};
	uint64_t squeezed = 0;

	for (uint32_t i = 0; i < host->nic.queues; i++) {
		const struct rx_driver_counts *counts = &host->driver[i].counts;

		sum.polls += counts->polls;
		sum.arms += counts->arms;
		sum.merged += counts->merged;
		sum.merged_frames += counts->merged_frames;
		sum.merged_bytes += counts->merged_bytes;
	}
	for (uint32_t i = 0; i < host->cpus; i++)
		squeezed += host->softirq[i].squeezed;
	collect_counter(out, sum.polls, "ch_poll");
	collect_counter(out, sum.arms, "ch_arm");
	collect_counter(out, squeezed, "time_squeeze");
	if (merge == MERGE_LRO) {
		collect_counter(out, sum.merged_frames, "rx_lro_packets");
		collect_counter(out, sum.merged_bytes, "rx_lro_bytes");
	} else if (merge == MERGE_GRO) {
		collect_counter(out, sum.merged_frames, "rx_gro_packets");
		collect_counter(out, sum.merged_bytes, "rx_gro_bytes");
		collect_counter(out, sum.merged, "rx_gro_skbs");
	}
}

/*
 * Pause frames go out of the receiving host, so that ethtool counts them there
 * as transmitted.  The last three are the model's own.
 */
static void
collect_port(const struct port *port, sim_time now, struct results_host *out)
{
	const struct nic_pause *pause = &port->pause;
	sim_time paused = pause->paused_ps;

	if (pause->paused)
		paused += now - pause->since_ps;
	collect_counter(out, pause->pauses_sent, "tx_pause_ctrl_phy");
	collect_counter(out, paused / 1000000, "tx_global_pause_duration");
	collect_counter(out, pause->discards, "rx_discards_phy");
	collect_counter(out, pause->bytes_max, "rx_port_buffer_max");
	collect_counter(out, port->held_times, "rx_pause_held");
	collect_counter(out, port->held_sum_ps / 1000, "rx_pause_held_ns");
}

/* Under the names of `ethtool -S` and of sysctl kern.ipc.tls.stats. */
static int
collect_counters(struct host *host, struct results_host *out)
{
	uint64_t lost = 0, interrupts = 0;

	out->counters =
	    calloc(COUNTERS_PER_HOST + COUNTERS_PER_QUEUE * host->nic.queues,
		   sizeof(*out->counters));
	if (out->counters == NULL)
		return ENOMEM;
	for (uint32_t i = 0; i < host->nic.queues; i++) {
		const struct nic_rxq *q = &host->nic.queue[i];

		lost += q->out_of_buffer;
		interrupts += q->interrupts;
	}
	collect_counter(out, host->nic.rx_packets_phy, "rx_packets_phy");
	collect_counter(out, host->nic.rx_bytes_phy, "rx_bytes_phy");
	collect_counter(out, lost, "rx_out_of_buffer");
	collect_counter(out, interrupts, "ch_events");
	collect_drivers(host, out);
	if (host->port.on)
		collect_port(&host->port, host->sim->now, out);
	collect_counter(out, host->nic.link.delayed, "rx_link_delayed");
	collect_counter(out, host->nic.link.delay_sum_ps / 1000,
			"rx_link_delay_ns");
	for (unsigned i = 0; host->impair.on && i < IMPAIR_COUNTERS; i++)
		collect_counter(out, impair_counter_value(&host->impair, i),
				"%s", impair_counter_name(i));
	collect_counter(out, host->acks, "tcp_acks_sent");
	for (uint32_t i = 0; i < host->nic.queues; i++) {
		const struct nic_rxq *q = &host->nic.queue[i];

		collect_counter(out, q->received, "rx%" PRIu32 "_packets", i);
		collect_counter(out, q->out_of_buffer,
				"rx%" PRIu32 "_out_of_buffer", i);
		collect_counter(out, q->interrupts, "ch%" PRIu32 "_events", i);
		collect_counter(out, q->used_max, "rx%" PRIu32 "_ring_max", i);
	}
	collect_ktls(host, out);
	collect_offload_counters(host, out);
	return 0;
}

static int
collect_cpus(struct host *host, struct results_host *out)
{
	out->cpus = calloc(host->cpus, sizeof(*out->cpus));
	if (out->cpus == NULL)
		return ENOMEM;
	out->cpu_count = host->cpus;
	for (uint32_t i = 0; i < host->cpus; i++) {
		const struct cpu *cpu = &host->cpu[i];

		out->cpus[i] = (struct results_cpu){
		    .id = i,
		    .irq_ps = cpu->busy_ps[CPU_IRQ],
		    .softirq_ps = cpu->busy_ps[CPU_SOFTIRQ],
		    .worker_ps = cpu->busy_ps[CPU_WORKER],
		    .app_ps = cpu->busy_ps[CPU_APP],
		    .idle_ps = cpu->idle_ps,
		    .context_switches = cpu->context_switches,
		    .preemptions = cpu->preemptions,
		};
	}
	return 0;
}

static double
share(sim_time part, sim_time whole)
{
	return whole == 0 ? 0 : (double)part / (double)whole;
}

/* Of those that left; for a queue that keeps no histogram. */
static double
mean_wait_ns(const struct qstat *q)
{
	return q->left == 0 ? 0 : (double)q->wait_sum / (double)q->left / 1000;
}

static int
collect_workqueues(struct host *host, struct results_host *out)
{
	sim_time now = host->sim->now;

	out->workqueues = calloc(host->workers, sizeof(*out->workqueues));
	if (out->workqueues == NULL)
		return ENOMEM;
	out->workqueue_count = host->workers;
	for (uint32_t i = 0; i < host->workers; i++) {
		const struct worker *worker = &host->worker[i];
		const struct qstat *q = &worker->waiting;

		out->workqueues[i] = (struct results_workqueue){
		    .id = i,
		    .enqueued = q->entered,
		    .mean_depth = qstat_mean_depth(q, now),
		    .max_depth = q->depth_max,
		    .mean_wait_ns = hist_mean_ns(&q->wait),
		    .p99_wait_ps = hist_quantile(&q->wait, 99, 100),
		    .utilization = share(worker->busy_ps, now),
		    .tx_enqueued = worker->tx.waiting.entered,
		    .tx_served = worker->tx.served,
		    .tx_mean_wait_ns = mean_wait_ns(&worker->tx.waiting),
		};
	}
	return 0;
}

static void
collect_locks(const struct host *host, struct results_host *out)
{
	static const char *const names[HOST_LOCK_COUNT] = {
	    [HOST_LOCK_APPEND] = "so_rcv append",
	    [HOST_LOCK_BEGIN] = "so_rcv detach",
	    [HOST_LOCK_FINISH] = "so_rcv deliver",
	    [HOST_LOCK_READ] = "so_rcv soreceive",
	};

	out->lock_count = HOST_LOCK_COUNT;
	for (int i = 0; i < HOST_LOCK_COUNT; i++) {
		const struct lock_stats *lock = &host->lock[i];

		out->locks[i] = (struct results_lock){
		    .name = names[i],
		    .acquisitions = lock->acquisitions,
		    .contended = lock->contended,
		    .mean_wait_ns =
			share(lock->wait_ps, lock->acquisitions * 1000),
		};
	}
}

/* Frames that a ring, a handler or the reassembly still holds. */
static uint64_t
segments_inside(const struct host *host)
{
	uint64_t inside = host->segments.on_link + host->segments.in_reassembly;

	for (uint32_t i = 0; i < host->nic.queues; i++) {
		inside += host->nic.queue[i].frames;
		inside += rx_driver_frames(&host->driver[i]);
	}
	return inside;
}

static void
collect_conservation(const struct host *host, struct results_conservation *out)
{
	const struct host_conservation *in = &host->segments;

	out->segments_in = in->segments_in;
	out->delivered = in->delivered;
	out->dropped_ring = in->dropped_ring;
	out->dropped_link = in->dropped_link;
	out->dropped_checksum = in->dropped_checksum;
	out->dropped_duplicate = in->dropped_duplicate;
	out->dropped_old = in->dropped_old;
	out->dropped_past_close = in->dropped_past_close;
	out->dropped_reassembly = in->dropped_reassembly;
	out->queued = segments_inside(host);
	out->balanced = in->segments_in ==
			out->delivered + out->dropped_ring + out->dropped_link +
			    out->dropped_checksum + out->dropped_duplicate +
			    out->dropped_old + out->dropped_past_close +
			    out->dropped_reassembly + out->queued;
}

/* Of all CPUs in virtual time; on threads, of those that are TLS workers. */
static sim_time
busy_time(const struct host *host)
{
	sim_time now = host->sim->now, busy = 0;

	if (host->sim->exec->virtual_time)
		for (uint32_t i = 0; i < host->cpus; i++)
			busy += now - host->cpu[i].idle_ps;
	else
		for (uint32_t i = 0; i < host->workers; i++)
			busy += host->worker[i].busy_ps;
	return busy;
}

static void
collect_totals(const struct host *host, struct results_host *out)
{
	sim_time now = host->sim->now, busy = busy_time(host);

	out->cores_busy = share(busy, now);
	out->goodput_gbps = share(host->books.app_bytes * 8 * 1000, now);
	if (busy > 0)
		out->gbps_per_core = out->goodput_gbps / out->cores_busy;
}

static int
collect_host(struct host *host, struct results_host *out)
{
	snprintf(out->name, sizeof(out->name), "%s", host->name);
	for (int i = 0; i < STAGE_COUNT; i++) {
		out->stages[i].stage = (enum stage)i;
		latency_of(&host->books.stages.hist[i],
			   &out->stages[i].latency);
	}
	out->stage_count = STAGE_COUNT;
	out->slowest_count =
	    stage_stats_slowest(&host->books.stages, out->slowest_percent_ns);
	if (collect_counters(host, out) != 0 ||
	    collect_workqueues(host, out) != 0)
		return ENOMEM;
	if (host->sim->exec->virtual_time) {
		if (collect_cpus(host, out) != 0)
			return ENOMEM;
		collect_locks(host, out);
	}
	if (collect_offload_host(host, out) != 0)
		return ENOMEM;
	out->wakeups_useful = host->books.wakeups_useful;
	out->wakeups_spurious = host->books.wakeups_spurious;
	collect_totals(host, out);
	collect_conservation(host, &out->conservation);
	return 0;
}

/*
 * The queues grew until the end: the hosts needed much longer than the input
 * lasts, or a run that was cut short still holds much of what it accepted.
 */
static bool
overloaded(const struct ktlsim *sim)
{
	sim_time drain = sim->now - sim->last_arrival_ps;
	uint64_t held = 0, accepted = 0;

	/* Real threads are fed as fast as they go; senders wait for a window.
	 */
	if (!sim->exec->virtual_time || sim->feed != NULL)
		return false;
	if (sim->now > sim->last_arrival_ps && drain > OVERLOAD_DRAIN_PS &&
	    drain > sim->last_arrival_ps / OVERLOAD_SHARE)
		return true;
	for (uint32_t i = 0; i < sim->conn_count; i++) {
		for (int d = 0; d < 2; d++) {
			const struct endpoint *ep = &sim->conn[i]->endpoint[d];

			accepted += ep->counts.appended_bytes;
			held += ep->so.so_rcv.sb_ccc;
		}
	}
	return sim->partial && held > OVERLOAD_HELD_BYTES &&
	       held > accepted / OVERLOAD_SHARE;
}

static void
note_count(struct ktlsim *sim, uint64_t count, const char *what)
{
	if (count > 0)
		run_note(sim, "%s: %" PRIu64, what, count);
}

static void
note_fragments(struct ktlsim *sim)
{
	struct ipfrag_stats stats;

	ipfrag_read_stats(sim->ipfrag, &stats);
	note_count(sim, stats.reassembled,
		   "packets put together from IP fragments");
	note_count(sim, stats.discarded,
		   "packets of which an IP fragment is missing, passed over");
}

static void
note_inputs(struct ktlsim *sim)
{
	const struct input_counts *in = &sim->input;

	note_fragments(sim);
	note_count(sim, in->malformed, "malformed frames, passed over");
	note_count(sim, in->cut,
		   "frames whose headers the snap length cut, passed over");
	note_count(
	    sim, in->payload_cut,
	    "segments whose payload the snap length cut (their flows are "
	    "timed from record headers)");
	note_count(sim, in->bad_checksum,
		   "segments with a wrong TCP checksum, dropped "
		   "(replay.checksum)");
	note_count(sim, in->partial_checksum,
		   "segments with the partial checksum of an offloading "
		   "sender");
	note_count(sim, in->segmented,
		   "frames larger than the MSS, cut (replay.segmentation)");
	note_count(sim, in->not_tcp, "packets that are not TCP, passed over");
	note_count(sim, in->resent,
		   "segments lost inside the model and offered again "
		   "(replay.recovery)");
}

/* What is known less well because keys were missing. */
static void
note_flows(struct ktlsim *sim, const struct results *results)
{
	uint64_t headers = 0, assumed = 0, inferred = 0;

	for (size_t i = 0; i < results->flow_count; i++) {
		const struct results_flow *flow = &results->flows[i];

		headers += strcmp(flow->timed_from, "headers") == 0;
		assumed += strcmp(flow->timed_from, "assumed") == 0;
		inferred += flow->border_inferred;
	}
	note_count(
	    sim, headers,
	    "flows without keys, timed from record headers (inner types, "
	    "padding and KeyUpdates of TLS 1.3 are unknown)");
	note_count(sim, assumed,
		   "flows timed as if they had the suite ktls.assumed_suite "
		   "(each gives the reason)");
	note_count(
	    sim, inferred,
	    "flows whose border of handshake and data is inferred, within "
	    "a few records");
}

/* An address was to be simulated, and no flow has it. */
static bool
no_receiver(const struct ktlsim *sim)
{
	if (sim->config.replay_receiver != RECEIVER_ADDRESS)
		return false;
	for (uint32_t i = 0; i < sim->conn_count; i++)
		for (int d = 0; d < 2; d++)
			if (sim->conn[i]->endpoint[d].host != NULL)
				return false;
	return true;
}

/* Which kernel's ways the results were made by. */
static void
note_policy(struct ktlsim *sim)
{
	const struct engine_policy *policy = &sim->policy;

	if (policy->on_bad_record == ENGINE_BAD_RECORD_STICKY)
		run_note(sim, "a record that fails ends its stream "
			      "(engine.on_bad_record: sticky)");
	else
		run_note(sim, "a record that fails is skipped and later ones "
			      "are delivered (engine.on_bad_record: freebsd)");
	if (policy->header_check == ENGINE_HEADER_ARRIVAL)
		run_note(sim, "record headers are judged when they arrive "
			      "(engine.header_check: arrival)");
	if (policy->rekey == ENGINE_REKEY_LINUX)
		run_note(sim, "a reader gets EKEYEXPIRED until the next key is "
			      "installed (engine.rekey: linux)");
}

static int
collect_notes(struct ktlsim *sim, struct results *results)
{
	results->no_receiver = no_receiver(sim);
	if (results->no_receiver)
		run_note(sim,
			 "no flow has the address %s (replay.receiver), so "
			 "nothing was simulated",
			 sim->config.replay_receiver_address);
	results->overloaded = overloaded(sim);
	if (results->overloaded)
		run_note(sim, "overloaded: the hosts could not keep up; "
			      "latencies grow with the length of the input");
	if (sim->host_count > 0) {
		sim->exec->describe(sim);
		note_policy(sim);
	}
	note_flows(sim, results);
	note_inputs(sim);
	results->notes = calloc(sim->note_count + 1, sizeof(*results->notes));
	if (results->notes == NULL)
		return ENOMEM;
	memcpy(results->notes, sim->notes,
	       sim->note_count * sizeof(*results->notes));
	results->note_count = sim->note_count;
	return 0;
}

/* The automaton learns how the streams of its connection ended. */
static void
end_streams(struct ktlsim *sim)
{
	struct tcp_hole hole;

	for (uint32_t i = 0; i < sim->conn_count; i++)
		for (int d = 0; d < 2; d++)
			handshake_end(
			    sim->conn[i]->handshake, (enum flow_direction)d,
			    tcp_first_hole(&sim->conn[i]->endpoint[d].tcb,
					   &hole));
}

int
collect_results(struct ktlsim *sim, struct results *results)
{
	end_streams(sim);
	*results = (struct results){
	    .config = &sim->config,
	    .scenario = sim->scenario,
	    .seed = sim->config.run_seed,
	    .end_ps = sim->now,
	    .events = sim->events_run,
	    .digest = sim->exec->virtual_time ? digest_value(&sim->digest) : 0,
	    .wall_s = sim->wall_s,
	    .input_frames =
		sim->input_frames > 0 ? sim->input_frames : sim->input.frames,
	    .input = sim->input,
	    .have_keylog = sim->keylog != NULL,
	    .partial = sim->partial,
	};
	memcpy(results->input_status, sim->input_status,
	       sizeof(results->input_status));
	results->flows = calloc(sim->conn_count + 1, sizeof(*results->flows));
	results->hosts = calloc(HOSTS_MAX, sizeof(*results->hosts));
	if (results->flows == NULL || results->hosts == NULL)
		return ENOMEM;
	results->flow_count = sim->conn_count;
	for (uint32_t i = 0; i < sim->conn_count; i++)
		if (collect_flow(sim->conn[i], &results->flows[i]) != 0)
			return ENOMEM;
	/* Counted first: what a host has so far is freed on failure, too. */
	while (results->host_count < sim->host_count) {
		size_t i = results->host_count++;

		if (collect_host(&sim->host[i], &results->hosts[i]) != 0)
			return ENOMEM;
	}
	return collect_notes(sim, results);
}
