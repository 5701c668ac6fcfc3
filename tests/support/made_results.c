/*
 * made_results.c - a made-up struct results, for the tests of the reports.
 *
 * Every value differs from its neighbours, so that a report which takes one
 * field for another is noticed.
 */
#include "tests/support/made_results.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/results.h"

enum { US = 1000000 }; /* picoseconds */

static void *
made_array(size_t count, size_t size)
{
	void *array = calloc(count, size);

	assert(array != NULL);
	return array;
}

/* A latency around `us` microseconds. */
static struct results_latency
made_latency(uint64_t count, uint64_t us)
{
	return (struct results_latency){
	    .count = count,
	    .mean_ns = (double)us * 1000 + 0.5,
	    .min_ps = us * US / 2,
	    .p50_ps = us * US,
	    .p90_ps = us * US * 2,
	    .p99_ps = us * US * 3,
	    .p999_ps = us * US * 4,
	    .max_ps = us * US * 5 + 1,
	};
}

static void
made_stages(struct results_host *host, uint64_t count)
{
	static const uint64_t us[STAGE_COUNT] = {
	    [STAGE_ASSEMBLY] = 1500, [STAGE_HOLD] = 0,	   [STAGE_NIC] = 2,
	    [STAGE_MODERATION] = 16, [STAGE_SOFTIRQ] = 4,  [STAGE_KEY_WAIT] = 0,
	    [STAGE_QUEUE] = 50,	     [STAGE_DECRYPT] = 20, [STAGE_WAKE] = 5,
	    [STAGE_READ] = 3,	     [STAGE_TOTAL] = 100,
	};

	host->stage_count = STAGE_COUNT;
	for (int i = 0; i < STAGE_COUNT; i++) {
		host->stages[i].stage = (enum stage)i;
		host->stages[i].latency = made_latency(count, us[i]);
		host->slowest_percent_ns[i] = (double)us[i] * 2000;
	}
	host->stages[STAGE_HOLD].latency =
	    (struct results_latency){.count = count};
	host->stages[STAGE_KEY_WAIT].latency =
	    (struct results_latency){.count = count};
	host->slowest_percent_ns[STAGE_QUEUE] = 350000;
	host->slowest_percent_ns[STAGE_TOTAL] = 450000;
	host->slowest_count = count / 100;
}

static void
made_machine(struct results_host *host)
{
	static const struct results_cpu cpus[] = {
	    {0, 10 * US, 50 * US, 200 * US, 40 * US, 700 * US, 1234, 17},
	    {1, 1 * US, 2 * US, 3 * US, 4 * US, 990 * US, 5, 6},
	};
	static const struct results_workqueue queues[] = {
	    {0, 1200, 0.125, 7, 1500.25, 22 * US, 0.2, 0, 0, 0},
	    {1, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	};
	static const struct results_counter counters[] = {
	    {"rx_packets", 12345},
	    {"rx_out_of_buffer", 0},
	    {"rx_bytes", 17895432},
	    {"rx0_packets", 12000},
	};

	host->cpu_count = 2;
	host->cpus = made_array(2, sizeof(cpus[0]));
	memcpy(host->cpus, cpus, sizeof(cpus));
	host->workqueue_count = 2;
	host->workqueues = made_array(2, sizeof(queues[0]));
	memcpy(host->workqueues, queues, sizeof(queues));
	host->counter_count = 4;
	host->counters = made_array(4, sizeof(counters[0]));
	memcpy(host->counters, counters, sizeof(counters));
	host->lock_count = 1;
	host->locks[0] = (struct results_lock){"sockbuf", 4000, 100, 350.5};
}

static void
made_offload(struct results_host *host)
{
	static const struct results_cache_size curve[] = {{1, 30}, {2, 4}};

	host->split = (struct results_split){
	    .records_full = 3,
	    .records_partial = 2,
	    .records_none = 1229,
	    .bytes_full = 300,
	    .bytes_partial = 200,
	    .bytes_none = 122900,
	    .bytes_marked = 350,
	};
	host->has_tls = true;
	host->tls_profile = "a NIC";
	host->tls_resync = "freebsd";
	host->tls_contexts = 8;
	host->refusal_count = 2;
	host->refusals[0] = (struct results_refusal){"no TLS 1.3", 1};
	host->refusals[1] = (struct results_refusal){
	    "every context of the NIC is in use", 2345};
	host->episodes = 7;
	host->episodes_closed = 4;
	host->episodes_again = 2;
	host->episode_mean_ns = 1500.5;
	host->episode_max_ps = 2000000;
	host->cache_entries = 2;
	host->cache_accesses = 40;
	host->cache_curve_count = 2;
	host->cache_curve = made_array(2, sizeof(curve[0]));
	memcpy(host->cache_curve, curve, sizeof(curve));
}

static void
made_host(struct results_host *host)
{
	strcpy(host->name, "client");
	made_stages(host, 1234);
	made_machine(host);
	made_offload(host);
	host->wakeups_useful = 1000;
	host->wakeups_spurious = 11;
	host->goodput_gbps = 1.25;
	host->cores_busy = 0.3125;
	host->gbps_per_core = 4;
	host->conservation = (struct results_conservation){
	    .segments_in = 12345,
	    .delivered = 12310,
	    .dropped_ring = 20,
	    .dropped_link = 1,
	    .dropped_checksum = 2,
	    .dropped_duplicate = 3,
	    .dropped_old = 4,
	    .dropped_past_close = 1,
	    .dropped_reassembly = 1,
	    .queued = 3,
	    .balanced = true,
	};
}

static void
made_good_flow(struct results_flow *flow)
{
	strcpy(flow->client, "192.0.2.1:49152");
	strcpy(flow->server, "198.51.100.7:443");
	strcpy(flow->tls_version, "1.3");
	strcpy(flow->cipher_suite, "TLS_AES_128_GCM_SHA256");
	strcpy(flow->keys, "found");
	strcpy(flow->timed_from, "keys");
	flow->key_updates = 2;
	flow->renegotiations = 1;
	flow->direction[0] = (struct results_direction){
	    .segments = 101,
	    .frames = 102,
	    .wire_bytes = 10300,
	    .records = 7,
	    .app_records = 5,
	    .app_bytes = 1048576,
	    .early_records = 6,
	    .handshake_records = 4,
	    .alerts = 1,
	    .keyed = true,
	    .worker = 3,
	    .latency = made_latency(5, 30),
	};
	memset(flow->direction[0].app_sha256, 'a', 64);
	flow->direction[1] = flow->direction[0];
	flow->direction[1].records = 1227;
	flow->direction[1].app_bytes = 20000000;
	flow->direction[1].worker = 2;
	flow->direction[1].undecrypted_records = 1;
	flow->direction[1].latency = made_latency(1227, 90);
}

/* A direction whose context was lost twice, and is searching. */
static void
made_context(struct results_offload *offload)
{
	static const struct phase phases[] = {
	    {2 * US, "installing", NULL},
	    {UINT64_C(9007199254740) * 1000, "searching", "header lost"},
	};

	*offload = (struct results_offload){
	    .present = true,
	    .state = "active",
	    .connect_ps = 1 * US,
	    .asked_ps = 2 * US,
	    .active_ps = 3 * US,
	    .first_full_ps = 5 * US,
	    .installs = 6,
	    .resets = 7,
	    .path_changes = 8,
	    .rekeys = 9,
	    .split = {10, 11, 12, 130, 140, 150, 200},
	    .episodes = 4,
	    .episodes_closed = 1,
	    .episodes_again = 2,
	    .episode_mean_ns = 16.5,
	    .episode_max_ps = 17000,
	    .listed_count = 2,
	    .listed = made_array(2, sizeof(struct episode)),
	    .phase_count = 2,
	    .phases = made_array(2, sizeof(phases[0])),
	    .phases_left_out = 1234,
	};
	memcpy(offload->phases, phases, sizeof(phases));
	for (int i = 0; i < 2; i++)
		offload->listed[i] =
		    (struct episode){.cause = i == 0 ? "header lost" : "reset",
				     .at = {18, 19, 20, 21, 22, 23, 24, 25},
				     .records_partial = 26,
				     .records_none = 27,
				     .bytes = 28};
	offload->listed[0].at[EPISODE_AGAIN] = EPISODE_NEVER;
	offload->listed[1].at[EPISODE_FULL] = EPISODE_NEVER;
}

static void
made_bad_flow(struct results_flow *flow)
{
	struct results_direction *dir = &flow->direction[1];

	strcpy(flow->client, "[2001:db8:1111:2222:3333:4444:5555:6666]:49153");
	strcpy(flow->server, "[2001:db8:1111:2222:3333:4444:5555:7777]:443");
	strcpy(flow->tls_version, "1.2");
	strcpy(flow->cipher_suite, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
	strcpy(flow->keys, "wrong keys: the first protected record of the "
			   "server does not open");
	strcpy(flow->timed_from, "headers");
	flow->border_inferred = true;
	made_context(&dir->offload);
	dir->segments = 9;
	dir->errors = 2;
	strcpy(dir->error, "EBADMSG: record 4 does not verify");
	dir->undecrypted_records = 8;
	dir->window_exceeded_bytes = 4096;
	dir->holes = 1;
	dir->hole = (struct results_hole){123456, 7890, true};
}

static void
made_plain_flow(struct results_flow *flow)
{
	strcpy(flow->client, "192.0.2.1:50000");
	strcpy(flow->server, "198.51.100.7:22");
	strcpy(flow->keys, "no ClientHello");
	flow->direction[0].segments = 3;
	flow->direction[0].wire_bytes = 258;
	flow->direction[1].segments = 2;
	flow->direction[1].wire_bytes = 172;
}

static void
made_notes(struct results *results)
{
	results->note_count = 2;
	results->notes = made_array(2, sizeof(results->notes[0]));
	strcpy(results->notes[0], "Times are those of the wire "
				  "(replay.capture_point = wire).");
	strcpy(results->notes[1],
	       "Consecutive segments of a flow are merged when the ring is "
	       "drained, up to 64 KiB, so TCP is paid per merge.");
	results->failure_count = 1;
	results->failures = made_array(1, sizeof(results->failures[0]));
	strcpy(results->failures[0],
	       "Little's law on work queue 0 of host client: 17 is not 18");
}

void
made_results_init(struct results *results, const struct config *config)
{
	memset(results, 0, sizeof(*results));
	results->config = config;
	results->seed = 42;
	results->repetition = 1;
	results->end_ps = 1234500000000;
	results->events = 98765;
	results->digest = 0x00c0ffee12345678;
	results->wall_s = 0.25;
	strcpy(results->input_status, "truncated");
	results->input_frames = 12345;
	results->partial = true;
	results->overloaded = true;
	made_notes(results);
	results->flow_count = 3;
	results->flows = made_array(3, sizeof(results->flows[0]));
	for (uint32_t i = 0; i < 3; i++)
		results->flows[i].id = i;
	made_good_flow(&results->flows[0]);
	made_bad_flow(&results->flows[1]);
	made_plain_flow(&results->flows[2]);
	results->host_count = 2;
	results->hosts = made_array(2, sizeof(results->hosts[0]));
	made_host(&results->hosts[0]);
	strcpy(results->hosts[1].name, "server");
	results->hosts[1].conservation.balanced = true;
}
