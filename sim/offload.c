/*
 * offload.c - the driver of inline TLS: contexts, from install to end.
 *
 * An install goes through the firmware: key and TIR, a few at a time, then the
 * parameters (with the record that software will take next), then the flow
 * rule.  Until the rule is active packets come through RSS, unmarked; those
 * that came meanwhile are missing to the context, so it often begins with a
 * search.
 *
 * What happens on the wire and in software is told to a resync protocol
 * (nicmodel/nic_resync.h); offload_queue.c carries out what that says.  The
 * protocol hears of records when software gets to them, so a slow worker delays
 * the answer.
 *
 * Left out: a context is deleted at once.
 */
#include "sim/offload.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "engine/ktls_rx.h"
#include "engine/ktls_session.h"
#include "engine/mbuf.h"
#include "sim/run.h"
#include "sim/trace_tap.h"

static event_handler install_params;
static event_handler install_rule;

static struct offload *
offload_of(const struct offload_flow *flow)
{
	return flow->ep->host->offload;
}

/* The TCP sequence number of a stream offset. */
static uint32_t
seq_of(const struct endpoint *ep, uint64_t offset)
{
	return ep->tcb.irs + (uint32_t)offset;
}

bool
offload_limits(const struct config *config, struct nic_contexts_config *limits)
{
	const struct nic_cell *cap = nic_profiles[config->nic_profile].cap;

	*limits = (struct nic_contexts_config){
	    .limit = config->nic_tls_contexts,
	    .stack = config->nic_tls_stack,
	    .cache = nic_cache_default(),
	};
	if (limits->limit == 0)
		limits->limit = cap[NIC_CAP_CONTEXTS].value;
	limits->cache.entries = config->nic_tls_cache > 0
				    ? config->nic_tls_cache
				    : cap[NIC_CAP_CACHE].value;
	limits->cache.context_bytes = cap[NIC_CAP_CONTEXT_BYTES].value;
	limits->cache.outstanding = config->nic_tls_fetches;
	limits->cache.head_of_line = config->nic_tls_head_of_line;
	limits->cache.memory_ps =
	    config->nic_tls_memory_ps > 0
		? config->nic_tls_memory_ps
		: UINT64_C(1000) * cap[NIC_CAP_MEMORY_NS].value;
	return config->nic_tls;
}

int
offload_create(struct host *host)
{
	const struct config *config = &host->sim->config;
	struct offload *offload;

	if (!config->nic_tls)
		return 0;
	offload = calloc(1, sizeof(*offload));
	if (offload == NULL)
		return ENOMEM;
	offload->host = host;
	offload->profile = &nic_profiles[config->nic_profile];
	offload->ops = config->nic_resync > 0
			   ? nic_resync_at(config->nic_resync - 1)
			   : nic_resync_find(offload->profile->resync);
	assert(offload->ops != NULL);
	offload->installs_at_a_time =
	    offload->profile->cap[NIC_CAP_INSTALLS].value;
	assert(offload->installs_at_a_time <= OFFLOAD_INSTALLS_MAX);
	offload->reset_ps = config->nic_tls_reset_every_ps > 0
				? config->nic_tls_reset_every_ps
				: SIM_TIME_NEVER;
	host->offload = offload;
	return offload_queue_init(&offload->queue, config->nic_tls_queue);
}

void
offload_destroy(struct host *host)
{
	if (host->offload == NULL)
		return;
	offload_queue_fini(&host->offload->queue);
	free(host->offload);
	host->offload = NULL;
}

/* Where the device's marks end, in the stream. */
static uint64_t
marked_to(const struct offload_flow *flow)
{
	const struct endpoint *ep = flow->ep;
	int32_t ahead = (int32_t)(flow->context->tls.marked_end -
				  seq_of(ep, ep->tls_offset));

	return ep->tls_offset + (uint64_t)(int64_t)ahead;
}

/* The flow's context loses its place, or goes while it has one. */
static void
sync_lost(struct offload_flow *flow, const char *cause, sim_time now)
{
	if (episodes_lose(&flow->episodes, cause, marked_to(flow), now) != 0)
		run_fail(flow->ep->conn->sim, ENOMEM);
}

/* Where it has none, an episode is open already. */
static bool
has_place(const struct offload_flow *flow)
{
	const struct nic_context *context = flow->context;

	return flow->state == OFFLOAD_ACTIVE &&
	       (context->tls.offload || context->tls.tracker == NIC_TLS_START);
}

/* The context goes, and with it whatever is still under way for it. */
static void
drop_context(struct offload_flow *flow)
{
	struct offload *offload = offload_of(flow);

	if (flow->state == OFFLOAD_INSTALLING && flow->context == NULL)
		offload->to_come--;
	if (flow->resyncs)
		nic_resync_fini(&flow->resync);
	flow->resyncs = false;
	flow->retry = nic_resync_none();
	if (flow->context != NULL)
		nic_context_remove(&flow->ep->host->nic.contexts,
				   flow->context);
	flow->context = NULL;
	flow->generation++;
	flow->ep->so.so_rcv.sb_tls_info->ifnet = false;
}

static void
refuse(struct offload_flow *flow, const char *reason, sim_time now)
{
	flow->state = OFFLOAD_REFUSED;
	flow->reason = reason;
	trace_tap_phase(flow, reason, now);
}

/* Linux do_tls_setsockopt_conf: the device's where that takes it. */
static void
session_open(struct offload_flow *flow)
{
	struct offload_sessions *sessions = &offload_of(flow)->sessions;

	flow->open = true;
	flow->device = flow->state != OFFLOAD_REFUSED;
	if (flow->device) {
		sessions->device++;
		sessions->device_now++;
	} else {
		sessions->sw++;
		sessions->sw_now++;
	}
}

/* The device's first install has failed after all. */
static void
session_falls_back(struct offload_flow *flow)
{
	struct offload_sessions *sessions = &offload_of(flow)->sessions;

	if (!flow->device || flow->active_ps != SIM_TIME_NEVER)
		return;
	flow->device = false;
	sessions->device--;
	sessions->device_now--;
	sessions->sw++;
	sessions->sw_now++;
}

static void
session_close(struct offload_flow *flow)
{
	struct offload_sessions *sessions = &offload_of(flow)->sessions;

	if (flow->open && flow->device)
		sessions->device_now--;
	else if (flow->open)
		sessions->sw_now--;
	flow->open = false;
}

/* The first firmware command can begin when one of those before is done. */
static sim_time
firmware_done(struct offload *offload, sim_time now)
{
	sim_time *first = &offload->install_free_ps[0];

	for (uint32_t i = 1; i < offload->installs_at_a_time; i++)
		if (offload->install_free_ps[i] < *first)
			first = &offload->install_free_ps[i];
	if (*first < now)
		*first = now;
	*first += price(offload->host, COST_FIRMWARE_COMMAND);
	*first += price(offload->host, COST_FIRMWARE_COMMAND);
	return *first;
}

static const char *
why_not(const struct offload_flow *flow)
{
	const struct offload *offload = offload_of(flow);
	const struct endpoint *ep = flow->ep;
	const struct ktls_session *session = ep->so.so_rcv.sb_tls_info;

	if (session->crypto == KTLS_CRYPTO_ASSUMED)
		return "the cipher suite is a guess";
	return nic_profile_refuses(offload->profile, &session->params,
				   ep->conn->flow->client.address.family == 6);
}

/* A context that is being made counts, though it is in no table yet. */
static bool
has_room(const struct offload *offload)
{
	const struct nic_contexts *contexts = &offload->host->nic.contexts;

	return contexts->count + offload->to_come < contexts->config.limit;
}

/* Ask the firmware for key and TIR.  cause: why again, or NULL. */
static void
begin_install(struct offload_flow *flow, const char *cause, sim_time now)
{
	struct offload *offload = offload_of(flow);
	const char *reason = why_not(flow);

	if (reason == NULL && !has_room(offload)) {
		reason = "every context of the NIC is in use";
		offload->no_space++;
	}
	if (reason != NULL) {
		refuse(flow, reason, now);
		return;
	}
	flow->state = OFFLOAD_INSTALLING;
	trace_tap_phase(flow, cause, now);
	flow->installs++;
	offload->to_come++;
	offload_schedule(flow, firmware_done(offload, now), install_params);
}

int
offload_install(struct endpoint *ep, sim_time now)
{
	const struct config *config = &ep->conn->sim->config;
	struct offload_flow *flow;

	if (ep->host == NULL || ep->host->offload == NULL)
		return 0;
	flow = calloc(1, sizeof(*flow));
	if (flow == NULL)
		return ENOMEM;
	flow->ep = ep;
	flow->asked_ps = now;
	flow->active_ps = flow->first_full_ps = SIM_TIME_NEVER;
	flow->path_ps = config->nic_tls_path_change_every_ps > 0
			    ? now + config->nic_tls_path_change_every_ps
			    : SIM_TIME_NEVER;
	episodes_init(&flow->episodes, config->nic_tls_episodes);
	phases_init(&flow->phases, config->nic_tls_timeline);
	ep->offload = flow;
	begin_install(flow, NULL, now);
	session_open(flow);
	return 0;
}

/*
 * Key and TIR are there: the parameters name the record that software takes
 * next (FreeBSD ktls_get_rx_sequence), and the rule comes when they are known
 * to be in the device.
 */
static void
install_params(void *object, uint64_t argument, sim_time now)
{
	struct offload_flow *flow = object;
	struct endpoint *ep = flow->ep;
	struct host *host = ep->host;
	const struct config *config = &host->sim->config;
	const struct sockbuf *sb = &ep->so.so_rcv;
	const struct nic_tls_params params = {
	    .key = &sb->sb_tls_info->params,
	    .start_seq = seq_of(ep, ep->tls_offset),
	    .rec_seq = sb->sb_tls_seqno,
	    .real = sb->sb_tls_info->crypto == KTLS_CRYPTO_REAL,
	    .matcher = offload_of(flow)->ops->device_scans
			   ? (enum nic_tls_matcher)config->nic_tls_matcher
			   : NIC_TLS_NONE,
	    .scan_delay = config->nic_tls_scan_delay,
	    .overlap = config->nic_tls_overlap,
	    .aligned = config->nic_tls_aligned,
	};
	int error;

	if ((uint32_t)argument != flow->generation)
		return;
	offload_of(flow)->to_come--;
	error =
	    nic_context_add(&host->nic.contexts, ep->conn->flow->id,
			    (uint8_t)ep->direction, &params, &flow->context);
	if (error == ENOMEM)
		run_fail(host->sim, error);
	if (error != 0) {
		refuse(flow, "the NIC refused the key", now);
		session_falls_back(flow);
		return;
	}
	offload_schedule(flow,
			 now + offload_post_price(host) +
			     offload_completion_price(host) +
			     price(host, COST_FIRMWARE_COMMAND),
			 install_rule);
}

static void
install_rule(void *object, uint64_t argument, sim_time now)
{
	struct offload_flow *flow = object;
	struct offload *offload = offload_of(flow);
	struct endpoint *ep = flow->ep;
	struct nic *nic = &ep->host->nic;

	if ((uint32_t)argument != flow->generation)
		return;
	if (nic_resync_init(&flow->resync, offload->ops, &offload->counters) !=
	    0) {
		run_fail(ep->conn->sim, ENOMEM);
		return;
	}
	flow->resyncs = true;
	nic_context_rule(&nic->contexts, flow->context,
			 nic_rss_queue(&nic->rss, ep->flowid), now);
	ep->so.so_rcv.sb_tls_info->ifnet = true;
	flow->state = OFFLOAD_ACTIVE;
	episodes_note(&flow->episodes, EPISODE_INSTALLED, now);
	if (flow->active_ps == SIM_TIME_NEVER)
		flow->active_ps = now;
	trace_tap_phase(flow, NULL, now);
}

/* The driver puts the keys back, and everything else has been lost. */
static void
device_reset(struct offload *offload, sim_time now)
{
	struct ktlsim *sim = offload->host->sim;

	offload->resets++;
	for (uint32_t i = 0; i < sim->conn_count; i++) {
		for (int d = 0; d < 2; d++) {
			struct endpoint *ep = &sim->conn[i]->endpoint[d];
			struct offload_flow *flow = ep->offload;

			if (ep->host != offload->host || flow == NULL ||
			    flow->state != OFFLOAD_ACTIVE)
				continue;
			flow->resets++;
			flow->generation++;
			flow->retry = nic_resync_none();
			if (has_place(flow))
				sync_lost(flow, "device reset", now);
			nic_tls_reset(&flow->context->tls);
			nic_resync_fini(&flow->resync);
			if (nic_resync_init(&flow->resync, offload->ops,
					    &offload->counters) != 0)
				run_fail(sim, ENOMEM);
			trace_tap_phase(flow, "device reset", now);
		}
	}
}

/*
 * The flow's packets come by another interface: the old tag is released and a
 * new one made (FreeBSD ktls_input_ifp_mismatch).
 */
static void
path_change(struct offload_flow *flow, sim_time now)
{
	struct offload *offload = offload_of(flow);

	/* A closed socket may still get packets. */
	if (!flow->open ||
	    (flow->state != OFFLOAD_ACTIVE && flow->state != OFFLOAD_REFUSED))
		return;
	if (has_place(flow))
		sync_lost(flow, "path change", now);
	if (flow->state == OFFLOAD_ACTIVE)
		drop_context(flow);
	offload->path_changes++;
	flow->path_changes++;
	begin_install(flow, "path change", now);
}

/* The device's own timer, which it looks at when a packet comes. */
static void
rescan(struct offload_flow *flow, sim_time now)
{
	struct offload *offload = offload_of(flow);
	sim_time after = offload->host->sim->config.nic_tls_rescan_ps;

	if (after == 0 || flow->state != OFFLOAD_ACTIVE ||
	    now - flow->candidate_ps < after ||
	    !nic_tls_rescan(&flow->context->tls))
		return;
	offload->rescans++;
	trace_tap_phase(flow, "rescan", now);
}

void
offload_before_packet(struct endpoint *ep, sim_time now)
{
	const struct config *config = &ep->conn->sim->config;
	struct offload *offload = ep->host->offload;
	struct offload_flow *flow = ep->offload;

	while (offload != NULL && offload->reset_ps <= now) {
		offload->reset_ps += config->nic_tls_reset_every_ps;
		device_reset(offload, now);
	}
	if (flow == NULL)
		return;
	rescan(flow, now);
	if (flow->path_ps > now)
		return;
	while (flow->path_ps <= now)
		flow->path_ps += config->nic_tls_path_change_every_ps;
	path_change(flow, now);
}

void
offload_packet(struct endpoint *ep, const struct nic_context_result *tls,
	       sim_time now)
{
	struct offload_flow *flow = ep->offload;

	if (tls->context == NULL || flow == NULL)
		return;
	if (tls->lost)
		sync_lost(flow, nic_tls_case_name(tls->tls.row), now);
	if (tls->tls.verdict == NIC_TLS_RESYNC) {
		flow->candidate_ps = now;
		episodes_note(&flow->episodes, EPISODE_CANDIDATE, now);
	}
	offload_of(flow)->tls_err += tls->tls.verdict == NIC_TLS_AUTH_FAIL;
	trace_tap_phase(flow, nic_tls_case_name(tls->tls.row), now);
}

void
offload_completion(struct endpoint *ep, const struct mbuf *m, sim_time now)
{
	struct offload_flow *flow = ep->offload;
	struct nic_resync_packet packet = {.seq = m->m_pkthdr.th_seq,
					   .len = m->m_pkthdr.len};
	struct nic_tls_progress progress;

	if (flow == NULL || !flow->resyncs ||
	    (m->m_pkthdr.csum_flags & CSUM_TLS_MASK) != CSUM_TLS_RESYNC)
		return;
	nic_tls_query(&flow->context->tls, &progress);
	packet.candidate = progress.hw_resync_tcp_sn;
	/* What waits to be posted answers an older question. */
	flow->retry = nic_resync_none();
	offload_carry_out(flow, nic_resync_packet(&flow->resync, &packet), now);
}

void
offload_header(struct endpoint *ep, sim_time now)
{
	struct offload_flow *flow = ep->offload;
	const struct sockbuf *sb = &ep->so.so_rcv;
	struct nic_resync_record record;
	uint32_t len;

	if (flow == NULL || !flow->resyncs ||
	    flow->resync.ops->header == NULL || sb->sb_tlsdcc > 0 ||
	    ep->tls_offset < flow->headers_end)
		return;
	len = ktls_rx_head_bytes(&ep->so);
	if (len == 0)
		return;
	flow->headers_end = ep->tls_offset + 1;
	record = (struct nic_resync_record){
	    .seq = seq_of(ep, ep->tls_offset),
	    .len = len,
	    .rec_seq = sb->sb_tls_seqno,
	    .queued = sb->sb_tlscc > len ? sb->sb_tlscc - len : 0,
	};
	offload_carry_out(flow, nic_resync_header(&flow->resync, &record), now);
}

static enum nic_resync_marks
marks_of(enum ktls_mbuf_crypto_st state)
{
	switch (state) {
	case KTLS_MBUF_CRYPTO_ST_DECRYPTED:
		return NIC_RESYNC_DECRYPTED;
	case KTLS_MBUF_CRYPTO_ST_MIXED:
		return NIC_RESYNC_MIXED;
	case KTLS_MBUF_CRYPTO_ST_ENCRYPTED:
		break;
	}
	return NIC_RESYNC_ENCRYPTED;
}

static void
split_add(struct offload_split *split, const struct offload_record *record)
{
	uint64_t bytes = record->wire_bytes;

	split->bytes_marked += record->marked_bytes;
	switch (record->marks) {
	case KTLS_MBUF_CRYPTO_ST_DECRYPTED:
		split->records_full++;
		split->bytes_full += bytes;
		break;
	case KTLS_MBUF_CRYPTO_ST_MIXED:
		split->records_partial++;
		split->bytes_partial += bytes;
		break;
	case KTLS_MBUF_CRYPTO_ST_ENCRYPTED:
		split->records_none++;
		split->bytes_none += bytes;
		break;
	}
}

/* FreeBSD's driver hears of what the engine reports, others of each record. */
static void
tell_driver(struct offload_flow *flow, const struct offload_record *record,
	    sim_time now)
{
	const struct endpoint *ep = flow->ep;
	const struct nic_resync_record rec = {
	    .seq = seq_of(ep, record->offset),
	    .len = record->wire_bytes,
	    .rec_seq = record->seqno,
	    .queued = ep->so.so_rcv.sb_tlscc,
	    .marks = marks_of(record->marks),
	};

	if (!flow->resyncs || !record->delivered ||
	    (flow->resync.ops == &nic_resync_freebsd_ops && !record->reported))
		return;
	offload_carry_out(flow, nic_resync_record(&flow->resync, &rec), now);
}

static void
episodes_add(struct offload_flow *flow, const struct offload_record *record,
	     sim_time now)
{
	const struct episode_record finished = {
	    .end = record->offset + record->wire_bytes,
	    .marks = record->marks,
	    .bytes = record->wire_bytes,
	    .marked = record->marked_bytes,
	};

	if (episodes_record(&flow->episodes, &finished, now) != 0)
		run_fail(flow->ep->conn->sim, ENOMEM);
}

void
offload_record(struct endpoint *ep, const struct offload_record *record,
	       sim_time now)
{
	struct offload_flow *flow = ep->offload;

	if (flow == NULL)
		return;
	split_add(&flow->split, record);
	split_add(&offload_of(flow)->split, record);
	if (record->marks == KTLS_MBUF_CRYPTO_ST_DECRYPTED &&
	    flow->first_full_ps == SIM_TIME_NEVER)
		flow->first_full_ps = now;
	episodes_add(flow, record, now);
	tell_driver(flow, record, now);
	if (flow->state == OFFLOAD_REKEYING && ktls_rx_nic_drained(&ep->so))
		begin_install(flow, "key update", now);
}

void
offload_next_key(struct endpoint *ep, sim_time now)
{
	struct offload_flow *flow = ep->offload;
	int32_t ahead;

	if (flow == NULL || (flow->state != OFFLOAD_ACTIVE &&
			     flow->state != OFFLOAD_INSTALLING))
		return;
	ahead = flow->context != NULL
		    ? (int32_t)(flow->context->tls.marked_end -
				seq_of(ep, ep->tls_offset))
		    : 0;
	if (has_place(flow))
		sync_lost(flow, "key update", now);
	drop_context(flow);
	flow->rekeys++;
	ktls_rx_keep_nic_key(&ep->so, ahead > 0 ? (uint64_t)ahead : 0);
	flow->state = OFFLOAD_REKEYING;
	trace_tap_phase(flow, "key update", now);
	if (ktls_rx_nic_drained(&ep->so))
		begin_install(flow, "key update", now);
}

void
offload_close(struct endpoint *ep)
{
	struct offload_flow *flow = ep->offload;

	if (flow == NULL)
		return;
	session_close(flow);
	if (flow->state == OFFLOAD_CLOSED || flow->state == OFFLOAD_REFUSED)
		return;
	drop_context(flow);
	flow->state = OFFLOAD_CLOSED;
	trace_tap_phase(flow, NULL, ep->conn->sim->now);
}

void
offload_detach(struct endpoint *ep)
{
	if (ep->offload == NULL)
		return;
	if (ep->offload->resyncs)
		nic_resync_fini(&ep->offload->resync);
	episodes_fini(&ep->offload->episodes);
	phases_fini(&ep->offload->phases);
	free(ep->offload);
	ep->offload = NULL;
}

const char *
offload_state_name(const struct offload_flow *flow)
{
	static const char *const names[] = {
	    [OFFLOAD_NONE] = "none",
	    [OFFLOAD_REFUSED] = "refused",
	    [OFFLOAD_INSTALLING] = "installing",
	    [OFFLOAD_ACTIVE] = "active",
	    [OFFLOAD_REKEYING] = "rekeying",
	    [OFFLOAD_CLOSED] = "closed",
	};

	return names[flow == NULL ? OFFLOAD_NONE : flow->state];
}

const char *
offload_phase_name(const struct offload_flow *flow)
{
	static const char *const trackers[] = {
	    [NIC_TLS_START] = "starting",
	    [NIC_TLS_TRACKING] = "tracking",
	    [NIC_TLS_SEARCHING] = "searching",
	};

	if (flow == NULL || flow->state != OFFLOAD_ACTIVE)
		return offload_state_name(flow);
	return flow->context->tls.offload
		   ? "offloading"
		   : trackers[flow->context->tls.tracker];
}
