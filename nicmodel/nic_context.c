/*
 * nic_context.c - the TLS contexts of one NIC: which flows have one, and what
 * their packets wait for.
 *
 * The driver adds a context when keys are installed and gives it its rule when
 * the firmware has made it; nic.c asks for every packet.  A packet of a flow
 * with a rule waits for its context where that is not on the NIC
 * (nic_cache.c), and then moves it on (nic_tls.c).
 *
 * A flow is known by m_pkthdr's number for it, which stands for the 4-tuple of
 * a steering rule.  Left out: rules for anything but TLS.
 */
#include "nicmodel/nic_context.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mbuf.h"

enum { SLOTS_FIRST = 64 };

int
nic_contexts_init(struct nic_contexts *set,
		  const struct nic_contexts_config *config,
		  struct nic_pcie *pcie)
{
	int error;

	*set = (struct nic_contexts){.config = *config};
	if (config->limit == 0 || config->limit > NIC_STACK_CONTEXTS_MAX)
		return EINVAL;
	error = nic_cache_init(&set->cache, &config->cache, pcie);
	if (error != 0)
		return error;
	if (config->stack)
		error = nic_stack_init(&set->stack, config->limit);
	if (error != 0)
		nic_cache_fini(&set->cache);
	return error;
}

static void
context_free(struct nic_context *context)
{
	nic_tls_fini(&context->tls);
	free(context);
}

void
nic_contexts_fini(struct nic_contexts *set)
{
	for (uint32_t id = 0; id < set->slots; id++)
		if (set->context[id] != NULL)
			context_free(set->context[id]);
	free(set->context);
	free(set->by_flow);
	free(set->scratch);
	nic_cache_fini(&set->cache);
	if (set->config.stack)
		nic_stack_fini(&set->stack);
	memset(set, 0, sizeof(*set));
}

/* Make room for index `at` of a table that starts as zeros. */
static bool
table_grow(void **table, uint32_t *slots, uint32_t at, size_t width)
{
	uint64_t want = *slots > 0 ? *slots : SLOTS_FIRST;
	uint8_t *grown;

	if (at < *slots)
		return true;
	while (want <= at)
		want *= 2;
	if (want > UINT32_MAX)
		return false;
	grown = realloc(*table, want * width);
	if (grown == NULL)
		return false;
	memset(grown + *slots * width, 0, (want - *slots) * width);
	*table = grown;
	*slots = (uint32_t)want;
	return true;
}

static bool
has_scratch(struct nic_contexts *set)
{
	if (set->scratch == NULL) {
		set->scratch = malloc(2 * NIC_TLS_SCRATCH_BYTES);
		if (set->scratch == NULL)
			return false;
		set->saved = set->scratch + NIC_TLS_SCRATCH_BYTES;
	}
	return true;
}

static uint32_t
key_of(uint32_t flow, uint8_t receiver)
{
	return 2 * flow + receiver;
}

/* The lowest free id, so that a run does not depend on anything but its order.
 */
static bool
id_take(struct nic_contexts *set, uint32_t *id)
{
	uint32_t at = set->lowest_free;

	while (at < set->slots && set->context[at] != NULL)
		at++;
	if (!table_grow((void **)&set->context, &set->slots, at,
			sizeof(*set->context)))
		return false;
	set->lowest_free = at;
	*id = at;
	return true;
}

int
nic_context_add(struct nic_contexts *set, uint32_t flow, uint8_t receiver,
		const struct nic_tls_params *params,
		struct nic_context **context)
{
	struct nic_tls_params own = *params;
	struct nic_context *made;
	int error;

	assert(flow < UINT32_MAX / 2 && receiver < 2);
	assert(nic_context_find(set, flow, receiver) == NULL);
	if (set->count == set->config.limit)
		return ENOSPC;
	made = calloc(1, sizeof(*made));
	if (made == NULL || !has_scratch(set) || !id_take(set, &made->id) ||
	    !table_grow((void **)&set->by_flow, &set->by_flow_slots,
			key_of(flow, receiver), sizeof(*set->by_flow))) {
		free(made);
		return ENOMEM;
	}
	own.scratch = set->scratch;
	own.counters = &set->counters;
	error = nic_tls_init(&made->tls, &own);
	if (error != 0) {
		free(made);
		return error;
	}
	made->flow = flow;
	made->receiver = receiver;
	set->context[made->id] = made;
	set->by_flow[key_of(flow, receiver)] = made->id + 1;
	set->added++;
	set->count++;
	if (set->count > set->count_max)
		set->count_max = set->count;
	*context = made;
	return 0;
}

void
nic_context_rule(struct nic_contexts *set, struct nic_context *context,
		 uint32_t queue, uint64_t now)
{
	assert(!context->ruled);
	context->queue = queue;
	context->ruled = true;
	nic_cache_install(&set->cache, context->id, now);
	if (set->config.stack)
		nic_stack_install(&set->stack, context->id);
}

void
nic_context_remove(struct nic_contexts *set, struct nic_context *context)
{
	uint32_t id = context->id;

	assert(set->context[id] == context && set->count > 0);
	if (context->ruled) {
		nic_cache_remove(&set->cache, id);
		if (set->config.stack)
			nic_stack_remove(&set->stack, id);
	}
	set->by_flow[key_of(context->flow, context->receiver)] = 0;
	set->context[id] = NULL;
	if (id < set->lowest_free)
		set->lowest_free = id;
	set->removed++;
	set->count--;
	context_free(context);
}

struct nic_context *
nic_context_find(const struct nic_contexts *set, uint32_t flow,
		 uint8_t receiver)
{
	uint32_t key = key_of(flow, receiver);

	if (key >= set->by_flow_slots || set->by_flow[key] == 0)
		return NULL;
	return set->context[set->by_flow[key] - 1];
}

/* Put the bytes of `saved` back into a chain. */
static void
restore(struct mbuf *m, const uint8_t *saved)
{
	m->m_pkthdr.csum_flags &= ~CSUM_TLS_MASK;
	for (; m != NULL; m = m->m_next) {
		memcpy(m->m_data, saved, m->m_len);
		saved += m->m_len;
	}
}

/* The packet goes through its context and is forgotten. */
static void
rx_no_room(struct nic_contexts *set, struct nic_tls *tls, struct mbuf *m,
	   struct nic_tls_result *result)
{
	uint32_t len = m->m_pkthdr.len;
	bool known =
	    len <= NIC_TLS_SCRATCH_BYTES && m_copydata(m, 0, len, set->saved);

	nic_tls_rx(tls, m, result);
	if (known && result->verdict == NIC_TLS_DECRYPTED)
		restore(m, set->saved);
	m->m_pkthdr.csum_flags &= ~CSUM_TLS_MASK;
}

struct nic_context_result
nic_contexts_rx(struct nic_contexts *set, struct mbuf *m, bool no_room,
		uint64_t now)
{
	const struct pkthdr *hdr = &m->m_pkthdr;
	struct nic_context_result result = {
	    .context = nic_context_find(set, hdr->flow, hdr->receiver)};
	struct nic_tls *tls;
	bool had;

	if (result.context == NULL || !result.context->ruled) {
		result.context = NULL;
		result.ready_ps = nic_cache_pass(&set->cache, 0, now);
		return result;
	}
	tls = &result.context->tls;
	had = tls->offload || tls->tracker == NIC_TLS_START;
	result.ready_ps =
	    nic_cache_access(&set->cache, result.context->id, 0, now, true);
	if (set->config.stack)
		nic_stack_access(&set->stack, result.context->id);
	if (no_room)
		rx_no_room(set, tls, m, &result.tls);
	else
		nic_tls_rx(tls, m, &result.tls);
	if (!no_room && result.tls.verdict == NIC_TLS_RESYNC)
		m->m_pkthdr.csum_flags |= CSUM_TLS_RESYNC;
	result.lost = had && !tls->offload && tls->tracker != NIC_TLS_START;
	return result;
}
