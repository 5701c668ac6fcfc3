/*
 * nic_storm.c - whatever NIC and link do, the plaintext is right: one seed.
 *
 * Called by tests/property/nic_run.c for each seed.  The plan's segments are injected at their times; what the application
 * gets is compared with the bytes that were sealed:
 *   every record is delivered, in order, with its bytes, but those that were
 *   damaged by their sender, each of which gives EBADMSG
 *   with damage that no checksum saw, what is delivered is right all the same,
 *   and something is missing only where there was such damage
 *   without damage no tag ever fails in the NIC, so no resync has confirmed a
 *   wrong record number
 * A record that the NIC marked as a whole and whose tag is wrong would be
 * delivered, and is found by the first or the second.
 *
 * No assertion of Check in here: the long program does without it.
 */
#include "tests/support/nic_storm.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "engine/mbuf.h"
#include "sim/ktlsim.h"
#include "sim/ktlsim_internal.h"
#include "sim/results.h"
#include "tests/support/packet.h"

enum { LINK_ETHERNET = 1, FIRST_PORT = 40000 };

const char *const nic_storm_names[STORM_TOTALS] = {
    [STORM_SEEDS] = "seeds",
    [STORM_RECORDS] = "records",
    [STORM_FULL] = "full records",
    [STORM_MIXED] = "mixed records",
    [STORM_NONE] = "records not decrypted by the NIC",
    [STORM_RESYNCS] = "resyncs (answers taken)",
    [STORM_ANSWERS + 0] = "... with freebsd",
    [STORM_ANSWERS + 1] = "... with linux-async",
    [STORM_ANSWERS + 2] = "... with linux-hint (hints)",
    [STORM_ANSWERS + 3] = "... with linux-sync",
    [STORM_EVICTIONS] = "evictions",
    [STORM_RESETS] = "resets",
    [STORM_PATH_CHANGES] = "path changes",
    [STORM_LOST] = "segments lost on the link",
    [STORM_RING] = "segments that found no descriptor",
    [STORM_REORDERED] = "segments delayed",
    [STORM_DUPLICATED] = "segments doubled",
    [STORM_DAMAGED] = "records damaged by their sender",
    [STORM_UNDETECTED] = "segments damaged undetected",
    [STORM_REFUSED] = "records not delivered",
};

static bool wrong(struct nic_storm *storm, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool
wrong(struct nic_storm *storm, const char *format, ...)
{
	va_list arguments;

	if (storm->text[0] != '\0')
		return false;
	va_start(arguments, format);
	vsnprintf(storm->text, sizeof(storm->text), format, arguments);
	va_end(arguments);
	return false;
}

static void
on_data(void *arg, uint32_t flow, enum ktlsim_direction direction,
	const uint8_t *bytes, size_t len)
{
	struct nic_storm *storm = arg;
	struct nic_storm_flow *got = &storm->flow[flow];

	if (flow >= storm->plan.flows || direction != KTLSIM_CLIENT_TO_SERVER ||
	    len > NIC_PLAN_BYTES - got->data_len) {
		wrong(storm, "flow %" PRIu32 ": %zu bytes too many", flow, len);
		return;
	}
	memcpy(got->data + got->data_len, bytes, len);
	got->data_len += (uint32_t)len;
}

static void
on_deliver(void *arg, const struct ktlsim_record *record)
{
	struct nic_storm *storm = arg;
	const struct nic_plan_flow *plan = &storm->plan.flow[record->flow];
	struct nic_storm_flow *got = &storm->flow[record->flow];
	uint64_t index = record->number - plan->key.rec_seq;

	if (index >= plan->records || got->delivered[index] ||
	    record->wire_bytes != plan->record[index].wire_len)
		wrong(storm, "flow %" PRIu32 ": record %" PRIu64 " is none",
		      record->flow, record->number);
	else
		got->delivered[index] = true;
	got->delivered_count++;
}

static bool
create_sim(struct nic_storm *storm, bool nic_tls)
{
	const struct nic_plan *plan = &storm->plan;
	struct ktlsim_config *config = ktlsim_config_create();
	struct ktlsim_error error = {0};
	int code = 0;

	for (unsigned i = 0; i < plan->keys && code == 0; i++)
		code = ktlsim_config_set(config, plan->key[i].key,
					 plan->key[i].value, &error);
	if (code == 0)
		code = ktlsim_config_set(config, "nic.tls",
					 nic_tls ? "on" : "off", &error);
	if (code == 0)
		code = ktlsim_create(&storm->sim, config, &error);
	ktlsim_config_destroy(config);
	if (code != 0)
		return wrong(storm, "%s", error.text);
	ktlsim_on_data(storm->sim, on_data, storm);
	ktlsim_on_deliver(storm->sim, on_deliver, storm);
	return true;
}

/* The client of a flow sends. */
static void
packet_of(const struct nic_plan_flow *flow, unsigned number,
	  struct packet *packet)
{
	if (flow->ipv6)
		packet_init_v6(packet);
	else
		packet_init(packet);
	packet->sport = (uint16_t)(FIRST_PORT + number);
}

static bool
declare_flow(struct nic_storm *storm, unsigned number)
{
	const struct nic_plan_flow *plan = &storm->plan.flow[number];
	struct ktlsim_error error = {0};
	struct ktlsim_flow flow = {
	    .size = sizeof(flow),
	    .server = plan->ipv6 ? "[2001:db8::2]:443" : "10.0.0.2:443",
	    .direction = KTLSIM_CLIENT_TO_SERVER,
	    .tls_version = (uint16_t)plan->key.version,
	    .cipher_suite = plan->suite,
	    .key = plan->key.key,
	    .iv = plan->key.iv,
	    .rec_seq = plan->key.rec_seq,
	    .tcp_seq = plan->first_seq,
	};
	char client[40];

	snprintf(client, sizeof(client), "%s:%u",
		 plan->ipv6 ? "[2001:db8::1]" : "10.0.0.1",
		 FIRST_PORT + number);
	flow.client = client;
	if (ktlsim_add_flow(storm->sim, &flow, &error) != 0)
		return wrong(storm, "%s", error.text);
	return true;
}

static bool
send_segment(struct nic_storm *storm, const struct nic_plan_segment *segment)
{
	static uint8_t bytes[PACKET_BYTES_MAX];
	const struct nic_plan_flow *flow = &storm->plan.flow[segment->flow];
	struct ktlsim_error error = {0};
	struct ktlsim_frame frame = {.size = sizeof(frame),
				     .time_ps = segment->time_ps,
				     .data = bytes,
				     .link_type = LINK_ETHERNET};
	struct packet packet;

	packet_of(flow, segment->flow, &packet);
	packet.th_seq = flow->first_seq + segment->at;
	packet.th_flags = segment->len > 0 ? TH_ACK : TH_ACK | TH_FIN;
	packet.payload = flow->wire + segment->at;
	packet.payload_len = segment->len;
	frame.captured_len = frame.wire_len =
	    (uint32_t)packet_build(&packet, bytes, sizeof(bytes));
	if (ktlsim_run_until(storm->sim, segment->time_ps) != 0 ||
	    ktlsim_inject(storm->sim, &frame, &error) != 0)
		return wrong(storm, "%s", error.text);
	return true;
}

/* What was delivered is right, whatever it is. */
static bool
check_data(struct nic_storm *storm, unsigned number)
{
	const struct nic_plan_flow *plan = &storm->plan.flow[number];
	const struct nic_storm_flow *got = &storm->flow[number];
	uint32_t at = 0;

	for (uint32_t i = 0; i < plan->records; i++) {
		const struct nic_plan_record *record = &plan->record[i];

		if (!got->delivered[i])
			continue;
		if (got->data_len - at < record->plain_len ||
		    memcmp(got->data + at, plan->plain + record->plain_at,
			   record->plain_len) != 0)
			return wrong(storm,
				     "flow %u: the bytes of record %" PRIu32
				     " are not those that were sent",
				     number, i);
		at += record->plain_len;
	}
	if (at != got->data_len)
		return wrong(storm, "flow %u: %" PRIu32 " bytes of no record",
			     number, got->data_len - at);
	return true;
}

/* Which records are missing, and why. */
static bool
check_records(struct nic_storm *storm, unsigned number)
{
	const struct nic_plan_flow *plan = &storm->plan.flow[number];
	const struct nic_storm_flow *got = &storm->flow[number];
	const struct results_direction *direction =
	    &ktlsim_results(storm->sim)->flows[number].direction[0];

	for (uint32_t i = 0; i < plan->records; i++)
		if (got->delivered[i] == plan->record[i].damaged)
			return wrong(
			    storm, "flow %u: record %" PRIu32 " %s", number, i,
			    got->delivered[i] ? "is damaged" : "is missing");
	if (direction->errors != plan->damaged ||
	    (plan->damaged > 0 && strncmp(direction->error, "EBADMSG", 7) != 0))
		return wrong(storm,
			     "flow %u: %" PRIu64 " errors, not %" PRIu32
			     ", the first is %s",
			     number, direction->errors, plan->damaged,
			     direction->error);
	return true;
}

static uint64_t
counter(const struct nic_storm *storm, const char *name)
{
	const struct results_host *host = &ktlsim_results(storm->sim)->hosts[0];

	for (size_t i = 0; i < host->counter_count; i++)
		if (strcmp(host->counters[i].name, name) == 0)
			return host->counters[i].value;
	return 0;
}

static bool
check_flows(struct nic_storm *storm)
{
	uint64_t undetected = counter(storm, "link_corrupted_undetected");
	uint64_t damaged = undetected;

	for (unsigned i = 0; i < storm->plan.flows; i++) {
		damaged += storm->plan.flow[i].damaged;
		if (!check_data(storm, i) ||
		    (undetected == 0 && !check_records(storm, i)))
			return false;
	}
	if (damaged == 0 && counter(storm, "ctx_tag_failures") > 0)
		return wrong(storm, "a tag failed in the NIC: a resync "
				    "confirmed a wrong record number");
	return true;
}

static void
add_totals(struct nic_storm *storm)
{
	const struct results_host *host = &ktlsim_results(storm->sim)->hosts[0];
	const struct results_conservation *books = &host->conservation;
	uint64_t answers = counter(storm, "ctx_answers_taken") +
			   counter(storm, "ctx_hints_taken");
	uint64_t *total = storm->total;

	total[STORM_SEEDS]++;
	total[STORM_FULL] += host->split.records_full;
	total[STORM_MIXED] += host->split.records_partial;
	total[STORM_NONE] += host->split.records_none;
	total[STORM_RESYNCS] += answers;
	total[STORM_ANSWERS + storm->plan.protocol] += answers;
	total[STORM_EVICTIONS] += counter(storm, "ctx_cache_evictions");
	total[STORM_RESETS] += counter(storm, "ctx_device_resets");
	total[STORM_PATH_CHANGES] += counter(storm, "ctx_path_changes");
	total[STORM_LOST] += books->dropped_link + books->dropped_checksum;
	total[STORM_RING] += books->dropped_ring;
	total[STORM_REORDERED] += counter(storm, "link_reordered");
	total[STORM_DUPLICATED] += counter(storm, "link_duplicated");
	total[STORM_UNDETECTED] += counter(storm, "link_corrupted_undetected");
	for (unsigned i = 0; i < storm->plan.flows; i++) {
		const struct nic_plan_flow *flow = &storm->plan.flow[i];

		total[STORM_RECORDS] += flow->records;
		total[STORM_DAMAGED] += flow->damaged;
		total[STORM_REFUSED] +=
		    flow->records - storm->flow[i].delivered_count;
	}
}

static void
forget_flows(struct nic_storm *storm)
{
	for (unsigned i = 0; i < storm->plan.flows; i++) {
		struct nic_storm_flow *flow = &storm->flow[i];

		flow->data_len = flow->delivered_count = 0;
		memset(flow->delivered, 0, sizeof(flow->delivered));
	}
}

static bool
simulate(struct nic_storm *storm)
{
	const struct nic_plan *plan = &storm->plan;
	struct ktlsim_error error = {0};

	for (unsigned i = 0; i < plan->flows; i++)
		if (!declare_flow(storm, i))
			return false;
	for (unsigned i = 0; i < plan->segments; i++)
		if (!send_segment(storm, &plan->segment[i]))
			return false;
	if (ktlsim_run_until(storm->sim, KTLSIM_NEVER) != 0 ||
	    ktlsim_finish(storm->sim, &error) != 0)
		return wrong(storm, "%s", error.text);
	return check_flows(storm);
}

static bool
run_once(struct nic_storm *storm, bool nic_tls)
{
	bool right = create_sim(storm, nic_tls);

	forget_flows(storm);
	right = right && simulate(storm) && storm->text[0] == '\0';
	if (right && nic_tls)
		add_totals(storm);
	ktlsim_destroy(storm->sim);
	storm->sim = NULL;
	return right;
}

bool
nic_storm_run(struct nic_storm *storm, uint64_t seed)
{
	storm->text[0] = '\0';
	nic_plan_make(&storm->plan, seed);
	return run_once(storm, false) && run_once(storm, true);
}
