/*
 * collect_offload.c - what inline TLS has done, as plain data.
 *
 * Called by collect.c at the end of a run.  Counters have the names that users
 * know: `ethtool -S` (rx_tls_*), /proc/net/tls_stat (Tls*), FreeBSD's sysctl
 * tree of the driver (tls_rx.stats.*).  Those of the model's own devices begin
 * with ctx_cache_ and pcie_.
 */
#include "sim/collect_offload.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/collect.h"
#include "sim/offload.h"
#include "sim/run.h"

/*
 * /proc/net/tls_stat, as far as a receiver has it.  A session is a device's or
 * software's, never both.
 */
static void
collect_tls_stat(const struct host *host, struct results_host *out)
{
	const struct offload_sessions *sessions = &host->offload->sessions;
	uint64_t failed = 0;

	for (uint32_t i = 0; i < host->sim->conn_count; i++)
		for (int d = 0; d < 2; d++) {
			const struct endpoint *ep =
			    &host->sim->conn[i]->endpoint[d];

			failed += ep->host == host ? ep->counts.errors : 0;
		}
	collect_counter(out, sessions->sw_now, "TlsCurrRxSw");
	collect_counter(out, sessions->device_now, "TlsCurrRxDevice");
	collect_counter(out, sessions->sw, "TlsRxSw");
	collect_counter(out, sessions->device, "TlsRxDevice");
	collect_counter(out, failed, "TlsDecryptError");
}

/* FreeBSD's driver counts as the others do not, and the other way round. */
static bool
counter_applies(const struct offload *offload, enum nic_resync_counter i)
{
	bool freebsd = offload->ops == &nic_resync_freebsd_ops;

	switch (i) {
	case NIC_RESYNC_FREEBSD_OK:
	case NIC_RESYNC_FREEBSD_ERR:
	case NIC_RESYNC_RX_ERROR:
		return freebsd;
	case NIC_RESYNC_REQ_PKT:
		return false; /* the device's count, below */
	case NIC_RESYNC_REQ_START:
	case NIC_RESYNC_REQ_END:
	case NIC_RESYNC_REQ_SKIP:
	case NIC_RESYNC_RES_OK:
	case NIC_RESYNC_RES_RETRY:
	case NIC_RESYNC_RES_SKIP:
	case NIC_RESYNC_TLS_DEVICE:
	case NIC_RESYNC_NH_DELAY:
	case NIC_RESYNC_COUNTERS:
		break;
	}
	return !freebsd || i == NIC_RESYNC_RES_OK;
}

static void
collect_device(const struct host *host, struct results_host *out)
{
	const struct offload *offload = host->offload;
	const struct nic_contexts *set = &host->nic.contexts;
	const struct nic_tls_counters *tls = &set->counters;

	collect_counter(out, set->added, "rx_tls_ctx");
	collect_counter(out, set->removed, "rx_tls_del");
	collect_counter(out, tls->decrypted_packets,
			"rx_tls_decrypted_packets");
	collect_counter(out, tls->decrypted_bytes, "rx_tls_decrypted_bytes");
	collect_counter(out, offload->tls_err, "rx_tls_err");
	collect_counter(out, tls->resync_req_pkt, "rx_tls_resync_req_pkt");
	for (int i = 0; i < NIC_RESYNC_COUNTERS; i++)
		if (counter_applies(offload, (enum nic_resync_counter)i))
			collect_counter(out, offload->counters.n[i], "%s",
					nic_resync_counter_name(
					    (enum nic_resync_counter)i));
	collect_counter(out, offload->no_space, "ktls_no_space");
	collect_counter(out, set->count_max, "ctx_installed_max");
	collect_counter(out, tls->lost_sync, "ctx_lost_sync");
	collect_counter(out, tls->candidates, "ctx_candidates");
	collect_counter(out, tls->candidates_dropped, "ctx_candidates_dropped");
	collect_counter(out, tls->tag_failures, "ctx_tag_failures");
	collect_counter(out, tls->answers_taken, "ctx_answers_taken");
	collect_counter(out, tls->answers_refused, "ctx_answers_refused");
	collect_counter(out, tls->hints_taken, "ctx_hints_taken");
	collect_counter(out, offload->resets, "ctx_device_resets");
	collect_counter(out, offload->path_changes, "ctx_path_changes");
	collect_counter(out, offload->rescans, "ctx_rescans");
}

static void
collect_cache(const struct nic_cache *cache, struct results_host *out)
{
	const struct nic_cache_count *count = &cache->count;

	collect_counter(out, count->hits, "ctx_cache_hits");
	collect_counter(out, count->hits_waiting, "ctx_cache_hits_waiting");
	collect_counter(out, count->misses, "ctx_cache_misses");
	collect_counter(out, count->evictions, "ctx_cache_evictions");
	collect_counter(out, count->writebacks, "ctx_cache_writebacks");
	collect_counter(out, count->queued, "ctx_cache_fetches_queued");
	collect_counter(out, count->waits, "ctx_cache_waits");
	collect_counter(out, count->wait_sum_ps / 1000, "ctx_cache_wait_ns");
	collect_counter(out, count->wait_max_ps / 1000,
			"ctx_cache_wait_max_ns");
}

static void
collect_pcie(const struct nic_pcie *pcie, struct results_host *out)
{
	static const char *const names[NIC_PCIE_USES] = {
	    [NIC_PCIE_USE_PACKET] = "packet",
	    [NIC_PCIE_USE_CQE] = "cqe",
	    [NIC_PCIE_USE_DESCRIPTOR] = "descriptor",
	    [NIC_PCIE_USE_CTX_FETCH] = "ctx_fetch",
	    [NIC_PCIE_USE_CTX_WRITEBACK] = "ctx_writeback",
	    [NIC_PCIE_USE_MSIX] = "msix",
	};

	for (int i = 0; i < NIC_PCIE_USES; i++)
		collect_counter(
		    out, pcie->count[i].up_bytes + pcie->count[i].down_bytes,
		    "pcie_%s_bytes", names[i]);
}

void
collect_offload_counters(const struct host *host, struct results_host *out)
{
	size_t before = out->counter_count;

	if (host->offload != NULL) {
		collect_device(host, out);
		collect_tls_stat(host, out);
		collect_cache(&host->nic.contexts.cache, out);
	}
	if (host->nic.has_pcie)
		collect_pcie(&host->nic.pcie, out);
	assert(out->counter_count - before <= COLLECT_OFFLOAD_COUNTERS);
	(void)before;
}

static void
copy_split(const struct offload_split *from, struct results_split *to)
{
	*to = (struct results_split){
	    .records_full = from->records_full,
	    .records_partial = from->records_partial,
	    .records_none = from->records_none,
	    .bytes_full = from->bytes_full,
	    .bytes_partial = from->bytes_partial,
	    .bytes_none = from->bytes_none,
	    .bytes_marked = from->bytes_marked,
	};
}

/* The sizes 1, 2, 4 ... up to where only first accesses miss. */
static int
collect_curve(const struct nic_contexts *set, struct results_host *out)
{
	uint32_t most = set->count_max;
	size_t count = 1;

	if (!set->config.stack || set->stack.accesses == 0)
		return 0;
	while (count < 32 && (uint64_t)1 << (count - 1) < most)
		count++;
	out->cache_curve = calloc(count, sizeof(*out->cache_curve));
	if (out->cache_curve == NULL)
		return ENOMEM;
	out->cache_curve_count = count;
	for (size_t i = 0; i < count; i++) {
		uint32_t entries = (uint32_t)1 << i;

		out->cache_curve[i] = (struct results_cache_size){
		    .entries = entries,
		    .misses = nic_stack_misses(&set->stack, entries),
		};
	}
	return 0;
}

static void
add_refusal(struct results_host *out, const char *reason)
{
	struct results_refusal *refusal = out->refusals;

	for (size_t i = 0; i < out->refusal_count; i++, refusal++)
		if (strcmp(refusal->reason, reason) == 0) {
			refusal->flows++;
			return;
		}
	assert(out->refusal_count < RESULTS_REFUSALS);
	*refusal = (struct results_refusal){.reason = reason, .flows = 1};
	out->refusal_count++;
}

static void
add_flow(const struct offload_flow *flow, struct results_host *out,
	 uint64_t *lost_sum_ps)
{
	const struct episodes *episodes = &flow->episodes;

	out->tls_contexts += flow->installs;
	if (flow->state == OFFLOAD_REFUSED)
		add_refusal(out, flow->reason);
	out->episodes += episodes->count;
	out->episodes_closed += episodes->closed;
	out->episodes_again += episodes->again;
	*lost_sum_ps += episodes->lost_sum_ps;
	if (episodes->lost_max_ps > out->episode_max_ps)
		out->episode_max_ps = episodes->lost_max_ps;
}

/* Sums over the host's flows. */
static void
collect_flows(const struct host *host, struct results_host *out)
{
	uint64_t sum_ps = 0;

	for (uint32_t i = 0; i < 2 * host->sim->conn_count; i++) {
		const struct endpoint *ep =
		    &host->sim->conn[i / 2]->endpoint[i % 2];

		if (ep->host == host && ep->offload != NULL)
			add_flow(ep->offload, out, &sum_ps);
	}
	if (out->episodes_closed > 0)
		out->episode_mean_ns =
		    (double)sum_ps / 1000 / (double)out->episodes_closed;
}

int
collect_offload_host(const struct host *host, struct results_host *out)
{
	uint64_t records = 0;

	for (uint32_t i = 0; i < host->workers; i++)
		records += host->worker[i].records;
	out->split.records_none = records;
	if (host->offload == NULL)
		return 0;
	out->has_tls = true;
	out->tls_profile = host->offload->profile->title;
	out->tls_resync = host->offload->ops->name;
	copy_split(&host->offload->split, &out->split);
	/* Detached, and not finished when the run ended. */
	out->split.records_none += records - out->split.records_full -
				   out->split.records_partial -
				   out->split.records_none;
	out->cache_entries = host->nic.contexts.config.cache.entries;
	out->cache_accesses = host->nic.contexts.cache.count.hits +
			      host->nic.contexts.cache.count.misses;
	collect_flows(host, out);
	return collect_curve(&host->nic.contexts, out);
}

/* The listed episodes, and one that is still open at the end. */
static int
copy_episodes(const struct episodes *from, struct results_offload *to)
{
	size_t open = from->open && from->kept_count < from->most;

	to->episodes = from->count;
	to->episodes_closed = from->closed;
	to->episodes_again = from->again;
	to->episode_max_ps = from->lost_max_ps;
	if (from->closed > 0)
		to->episode_mean_ns =
		    (double)from->lost_sum_ps / 1000 / (double)from->closed;
	if (from->kept_count + open == 0)
		return 0;
	to->listed = calloc(from->kept_count + open, sizeof(*to->listed));
	if (to->listed == NULL)
		return ENOMEM;
	to->listed_count = from->kept_count + open;
	if (from->kept_count > 0)
		memcpy(to->listed, from->kept,
		       from->kept_count * sizeof(*to->listed));
	if (open > 0)
		to->listed[from->kept_count] = *from->now;
	return 0;
}

static int
copy_phases(const struct phases *from, struct results_offload *to)
{
	to->phases_left_out = from->left_out;
	if (from->kept_count == 0)
		return 0;
	to->phases = calloc(from->kept_count, sizeof(*to->phases));
	if (to->phases == NULL)
		return ENOMEM;
	to->phase_count = from->kept_count;
	memcpy(to->phases, from->kept, from->kept_count * sizeof(*to->phases));
	return 0;
}

int
collect_offload_direction(const struct endpoint *ep,
			  struct results_direction *out)
{
	const struct offload_flow *flow = ep->offload;
	struct results_offload *to = &out->offload;

	if (flow == NULL)
		return 0;
	*to = (struct results_offload){
	    .present = true,
	    .state = offload_state_name(flow),
	    .reason = flow->state == OFFLOAD_REFUSED ? flow->reason : NULL,
	    .connect_ps =
		ep->conn->have_syn ? ep->conn->syn_ps : flow->asked_ps,
	    .asked_ps = flow->asked_ps,
	    .active_ps = flow->active_ps,
	    .first_full_ps = flow->first_full_ps,
	    .installs = flow->installs,
	    .resets = flow->resets,
	    .path_changes = flow->path_changes,
	    .rekeys = flow->rekeys,
	};
	copy_split(&flow->split, &to->split);
	if (copy_phases(&flow->phases, to) != 0)
		return ENOMEM;
	return copy_episodes(&flow->episodes, to);
}
