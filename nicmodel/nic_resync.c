/*
 * nic_resync.c - the resync protocols by name, and what they have in common.
 *
 * Models the seam between a driver and its NIC where the NIC has lost sync: an
 * event goes to the flow's protocol, and the act that it answers with goes to
 * the caller.  Here the events and acts are counted, the same way for every
 * protocol, so that a protocol of one's own needs no code for that; counters
 * that only one stack has are counted by its protocol.
 *
 * sim/ calls this with the packets, headers, records and completions of a flow
 * in the order in which software meets them.
 *
 * Leaves out: time (the caller's), the device's side (nic_tls.c), and how many
 * posts the internal queue has room for.
 */
#include "nicmodel/nic_resync.h"

#include <assert.h>
#include <string.h>

static const struct nic_resync_ops *const protocols[] = {
    &nic_resync_freebsd_ops,
    &nic_resync_linux_async_ops,
    &nic_resync_linux_hint_ops,
    &nic_resync_linux_sync_ops,
};

static const char *const counter_names[NIC_RESYNC_COUNTERS] = {
    [NIC_RESYNC_REQ_PKT] = "rx_tls_resync_req_pkt",
    [NIC_RESYNC_REQ_START] = "rx_tls_resync_req_start",
    [NIC_RESYNC_REQ_END] = "rx_tls_resync_req_end",
    [NIC_RESYNC_REQ_SKIP] = "rx_tls_resync_req_skip",
    [NIC_RESYNC_RES_OK] = "rx_tls_resync_res_ok",
    [NIC_RESYNC_RES_RETRY] = "rx_tls_resync_res_retry",
    [NIC_RESYNC_RES_SKIP] = "rx_tls_resync_res_skip",
    [NIC_RESYNC_TLS_DEVICE] = "TlsRxDeviceResync",
    [NIC_RESYNC_NH_DELAY] = "tls_device_rx_resync_nh_delay",
    [NIC_RESYNC_FREEBSD_OK] = "rx_resync_ok",
    [NIC_RESYNC_FREEBSD_ERR] = "rx_resync_err",
    [NIC_RESYNC_RX_ERROR] = "rx_error",
};

const struct nic_resync_ops *
nic_resync_at(size_t i)
{
	return i < sizeof(protocols) / sizeof(protocols[0]) ? protocols[i]
							    : NULL;
}

const struct nic_resync_ops *
nic_resync_find(const char *name)
{
	const struct nic_resync_ops *ops;

	for (size_t i = 0; (ops = nic_resync_at(i)) != NULL; i++)
		if (strcmp(ops->name, name) == 0)
			return ops;
	return NULL;
}

const char *
nic_resync_counter_name(enum nic_resync_counter counter)
{
	assert(counter < NIC_RESYNC_COUNTERS);
	return counter_names[counter];
}

void
nic_resync_count(struct nic_resync *r, enum nic_resync_counter counter)
{
	r->counters->n[counter]++;
}

int
nic_resync_init(struct nic_resync *r, const struct nic_resync_ops *ops,
		struct nic_resync_counters *counters)
{
	memset(r, 0, sizeof(*r));
	r->ops = ops;
	r->counters = counters;
	return ops->init != NULL ? ops->init(r) : 0;
}

void
nic_resync_fini(struct nic_resync *r)
{
	r->counters->n[NIC_RESYNC_REQ_SKIP] += r->queries;
	r->queries = 0;
	if (r->ops->fini != NULL)
		r->ops->fini(r);
}

/* The protocol has answered with `act`. */
static struct nic_resync_act
tally(struct nic_resync *r, struct nic_resync_act act)
{
	if (act.kind == NIC_RESYNC_QUERY) {
		r->queries++;
		nic_resync_count(r, NIC_RESYNC_REQ_START);
	}
	return act;
}

struct nic_resync_act
nic_resync_packet(struct nic_resync *r, const struct nic_resync_packet *p)
{
	nic_resync_count(r, NIC_RESYNC_REQ_PKT);
	if (r->ops->packet == NULL)
		return nic_resync_none();
	return tally(r, r->ops->packet(r, p));
}

struct nic_resync_act
nic_resync_header(struct nic_resync *r, const struct nic_resync_record *rec)
{
	assert(rec->len > 0 && rec->len <= NIC_RESYNC_RECORD_MAX);
	if (r->ops->header == NULL)
		return nic_resync_none();
	return tally(r, r->ops->header(r, rec));
}

struct nic_resync_act
nic_resync_record(struct nic_resync *r, const struct nic_resync_record *rec)
{
	assert(rec->len > 0 && rec->len <= NIC_RESYNC_RECORD_MAX);
	if (r->ops->record == NULL)
		return nic_resync_none();
	return tally(r, r->ops->record(r, rec));
}

struct nic_resync_act
nic_resync_query_done(struct nic_resync *r,
		      const struct nic_resync_progress *psv)
{
	assert(r->queries > 0);
	r->queries--;
	nic_resync_count(r, psv->candidate_valid ? NIC_RESYNC_REQ_END
						 : NIC_RESYNC_REQ_SKIP);
	if (r->ops->query_done == NULL)
		return nic_resync_none();
	return tally(r, r->ops->query_done(r, psv));
}

/* `act` was not posted; the protocol has answered with `next`. */
static struct nic_resync_act
tally_refused(struct nic_resync *r, const struct nic_resync_act *act,
	      struct nic_resync_act next)
{
	bool again = next.kind == act->kind;

	if (again)
		nic_resync_count(r, NIC_RESYNC_RES_RETRY);
	else if (act->kind == NIC_RESYNC_QUERY)
		nic_resync_count(r, NIC_RESYNC_REQ_SKIP);
	else
		nic_resync_count(r, NIC_RESYNC_RES_SKIP);
	if (!again)
		return tally(r, next);
	if (next.kind == NIC_RESYNC_QUERY)
		r->queries++; /* the same one: it has been counted */
	return next;
}

struct nic_resync_act
nic_resync_posted(struct nic_resync *r, const struct nic_resync_act *act,
		  bool ok)
{
	bool query = act->kind == NIC_RESYNC_QUERY;
	struct nic_resync_act next = nic_resync_none();

	assert(act->kind != NIC_RESYNC_NONE);
	assert(!query || r->queries > 0);
	if (query && !ok)
		r->queries--;
	if (!query && ok)
		nic_resync_count(r, NIC_RESYNC_RES_OK);
	if (r->ops->posted != NULL)
		next = r->ops->posted(r, act, ok);
	return ok ? tally(r, next) : tally_refused(r, act, next);
}
