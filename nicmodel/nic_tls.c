/*
 * nic_tls.c - one flow's device context of inline TLS receive.
 *
 * Called by the NIC for each packet that hits the flow's rule (nic_tls_rx), and
 * by whoever brings the driver's queries and answers to the device.
 * nic_tls_rx asks where the packet lies relative to the context's place in the
 * stream, which is the transition table of 04-nic section 1.4, and lets
 * nic_tls_walk go over the bytes from there.
 *
 * The place is the next expected sequence number and the record in progress.
 * It is known for certain (offload), presumed (a candidate, or the chain behind
 * a wrong tag), or lost.
 *
 * Left out: reordering inside the device, which may hold back no packet; when
 * the driver's work requests arrive, which is its affair; the context cache.
 */
#include "nicmodel/nic_tls.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "engine/aead_stream.h"
#include "engine/mbuf.h"
#include "nicmodel/nic_tls_walk.h"

/* How far marked_end may stay behind, so that it compares right. */
#define MARKED_AGE_MAX INT32_C(0x40000000)

_Static_assert(sizeof(struct nic_tls) <= 1024, "a context is at most 1 KiB");

static const char *const case_names[] = {
    [NIC_TLS_CASE_EMPTY] = "empty",
    [NIC_TLS_CASE_EARLY] = "early",
    [NIC_TLS_CASE_IN_ORDER] = "in order",
    [NIC_TLS_CASE_BAD_HEADER] = "bad header",
    [NIC_TLS_CASE_TAG_MISMATCH] = "tag mismatch",
    [NIC_TLS_CASE_OLD] = "old",
    [NIC_TLS_CASE_OVERLAP] = "overlap",
    [NIC_TLS_CASE_BEFORE_BOUNDARY] = "before boundary",
    [NIC_TLS_CASE_HEADER_INSIDE] = "header inside",
    [NIC_TLS_CASE_HEADER_LOST] = "header lost",
    [NIC_TLS_CASE_HEADER_SPLIT] = "header split",
    [NIC_TLS_CASE_UNKNOWN] = "header unknown",
    [NIC_TLS_CASE_NUMBERS_OVER] = "numbers over",
    [NIC_TLS_CASE_SEARCHING] = "searching",
    [NIC_TLS_CASE_CANDIDATE] = "candidate",
    [NIC_TLS_CASE_CHAIN] = "chain",
    [NIC_TLS_CASE_CHAIN_BROKEN] = "chain broken",
};

_Static_assert(sizeof(case_names) / sizeof(case_names[0]) == NIC_TLS_CASE_COUNT,
	       "every row has a name");

const char *
nic_tls_case_name(enum nic_tls_case row)
{
	assert(row < NIC_TLS_CASE_COUNT);
	return case_names[row];
}

/* Wait for the record that begins at seq. */
static void
start_at(struct nic_tls *tls, uint32_t seq, uint64_t rec_seq)
{
	tls->tracker = NIC_TLS_START;
	tls->candidate_valid = false;
	tls->whole = false;
	tls->spoiled_record = false;
	tls->header_have = 0;
	tls->exp = seq;
	tls->rec_start = seq;
	tls->rec_seq = rec_seq;
}

/* Only the real kind has a use for the key, which is half of a context. */
static bool
hold_key(struct nic_tls *tls, const struct ktls_key *key)
{
	tls->key = malloc(sizeof(*tls->key));
	if (tls->key == NULL)
		return false;
	*tls->key = *key;
	tls->stream = aead_stream_create(key);
	if (tls->stream == NULL)
		nic_tls_fini(tls);
	return tls->stream != NULL;
}

int
nic_tls_init(struct nic_tls *tls, const struct nic_tls_params *params)
{
	const struct ktls_key *key = params->key;

	assert(params->scratch != NULL || !params->real);
	memset(tls, 0, sizeof(*tls));
	if (key->cipher != TLS_CIPHER_AES_GCM ||
	    !tls_framing_of(key->version, key->cipher, key->mac, &tls->framing))
		return EOPNOTSUPP;
	if (ktls_key_check(key) != 0)
		return EINVAL;
	if (params->real && !hold_key(tls, key))
		return ENOMEM;
	tls->scratch = params->scratch;
	tls->counters = params->counters;
	tls->overlap = params->overlap;
	tls->aligned = params->aligned;
	tls->scan_delay = params->scan_delay;
	tls->marked_end = params->start_seq;
	nic_tls_scan_init(&tls->scan, params->matcher, tls->framing.min_length);
	start_at(tls, params->start_seq, params->rec_seq);
	return 0;
}

void
nic_tls_fini(struct nic_tls *tls)
{
	aead_stream_destroy(tls->stream);
	tls->stream = NULL;
	if (tls->key != NULL)
		ktls_key_clear(tls->key);
	free(tls->key);
	tls->key = NULL;
}

/* Bytes before the first unknown one. */
static uint32_t
known_length(const struct mbuf *m)
{
	uint32_t len = 0;

	for (; m != NULL && (m->m_flags & M_UNKNOWN) == 0; m = m->m_next)
		len += m->m_len;
	return len;
}

/* Whether bytes may have to be decrypted now. */
static bool
may_decrypt(const struct nic_tls *tls)
{
	return tls->stream != NULL &&
	       (tls->offload || tls->tracker == NIC_TLS_START);
}

/*
 * To be decrypted the payload is copied to the scratch; a packet that does not
 * fit, which no IP packet is, counts as unknown from there on.
 */
static void
walk_init(const struct nic_tls *tls, const struct mbuf *m,
	  struct nic_tls_walk *walk)
{
	bool copied;

	walk->seq = m->m_pkthdr.th_seq;
	walk->len = m_length(m);
	walk->known = known_length(m);
	walk->rest = m;
	if (!may_decrypt(tls))
		return;
	if (walk->known > NIC_TLS_SCRATCH_BYTES)
		walk->known = NIC_TLS_SCRATCH_BYTES;
	copied = m_copydata(m, 0, walk->known, tls->scratch);
	assert(copied);
	walk->text = tls->scratch;
	walk->piece = tls->scratch;
	walk->piece_end = walk->known;
}

/* Put the text that was decrypted in the scratch into the packet. */
static void
payload_replace(const struct nic_tls_walk *walk, struct mbuf *m)
{
	const uint8_t *text = walk->text;

	assert(walk->known == walk->len);
	for (; m != NULL; m = m->m_next) {
		assert(m_exclusive(m));
		memcpy(m->m_data, text, m->m_len);
		text += m->m_len;
	}
}

static void
rx_mark(struct nic_tls *tls, const struct nic_tls_walk *walk, struct mbuf *m)
{
	walk->result->verdict = NIC_TLS_DECRYPTED;
	m->m_pkthdr.csum_flags |= CSUM_TLS_DECRYPTED;
	if (walk->text != NULL)
		payload_replace(walk, m);
	tls->marked_end = walk->seq + walk->len;
}

/* Signed distance: positive where seq is past place. */
static int32_t
ahead(uint32_t seq, uint32_t place)
{
	return (int32_t)(seq - place);
}

/* START: the boundary is known, and what comes before is not ours. */
static void
rx_start(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	if (ahead(walk->seq + walk->len, tls->exp) <= 0) {
		walk->result->row = NIC_TLS_CASE_EARLY;
		return;
	}
	if (ahead(walk->seq, tls->exp) > 0) {
		nic_tls_lose(tls, walk, NIC_TLS_CASE_HEADER_LOST, tls->exp);
	} else {
		tls->tracker = NIC_TLS_TRACKING;
		tls->offload = true;
		walk->off = tls->exp - walk->seq;
		walk->mark = walk->off == 0;
		walk->result->row = walk->mark ? NIC_TLS_CASE_IN_ORDER
					       : NIC_TLS_CASE_HEADER_INSIDE;
	}
	nic_tls_walk(tls, walk);
}

/*
 * A hole in the record in progress before this packet, of which the length is
 * known: nothing is lost but the record, unless its end lies in the hole.
 */
static void
rx_hole(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	const uint32_t boundary = tls->rec_start + tls->rec_bytes;
	const uint32_t end = walk->seq + walk->len;

	if (ahead(walk->seq, boundary) > 0) {
		nic_tls_lose(tls, walk, NIC_TLS_CASE_HEADER_LOST, boundary);
		nic_tls_walk(tls, walk);
		return;
	}
	tls->whole = false;
	if (ahead(end, boundary) <= 0) {
		walk->result->row = NIC_TLS_CASE_BEFORE_BOUNDARY;
		tls->exp = end;
		if (end == boundary)
			nic_tls_record_next(tls, walk);
		return;
	}
	walk->result->row = NIC_TLS_CASE_HEADER_INSIDE;
	walk->off = boundary - walk->seq;
	walk->mark = tls->aligned && walk->off == 0;
	nic_tls_record_next(tls, walk);
	nic_tls_walk(tls, walk);
}

static void
rx_gap(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	if (tls->header_have == TLS_HEADER_BYTES) {
		rx_hole(tls, walk);
		return;
	}
	nic_tls_lose(tls, walk,
		     tls->header_have > 0 ? NIC_TLS_CASE_HEADER_SPLIT
					  : NIC_TLS_CASE_HEADER_LOST,
		     tls->rec_start);
	nic_tls_walk(tls, walk);
}

/* In order, but the record in progress was entered in its middle? */
static enum nic_tls_case
in_order_row(const struct nic_tls *tls, const struct nic_tls_walk *walk)
{
	const uint32_t boundary = tls->rec_start + tls->rec_bytes;

	if (tls->header_have < TLS_HEADER_BYTES || tls->whole)
		return NIC_TLS_CASE_IN_ORDER;
	return ahead(walk->seq + walk->len, boundary) > 0
		   ? NIC_TLS_CASE_HEADER_INSIDE
		   : NIC_TLS_CASE_BEFORE_BOUNDARY;
}

static void
rx_tracking(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	const int32_t hole = ahead(walk->seq, tls->exp);

	if (ahead(walk->seq + walk->len, tls->exp) <= 0) {
		walk->result->row = NIC_TLS_CASE_OLD;
		return;
	}
	if (hole > 0) {
		rx_gap(tls, walk);
		return;
	}
	if (hole < 0) {
		walk->result->row = NIC_TLS_CASE_OVERLAP;
		if (!tls->overlap)
			return;
		walk->off = tls->exp - walk->seq;
	} else {
		walk->result->row = in_order_row(tls, walk);
		walk->mark = true;
	}
	nic_tls_walk(tls, walk);
}

static void
rx_searching(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	walk->result->row = NIC_TLS_CASE_SEARCHING;
	if (walk->seq != tls->exp)
		nic_tls_scan_reset(&tls->scan);
	nic_tls_walk(tls, walk);
}

static void
rx_dispatch(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	walk->placed = tls->offload || tls->tracker == NIC_TLS_START;
	switch (tls->tracker) {
	case NIC_TLS_START:
		rx_start(tls, walk);
		break;
	case NIC_TLS_TRACKING:
		rx_tracking(tls, walk);
		break;
	case NIC_TLS_SEARCHING:
		rx_searching(tls, walk);
		break;
	}
	/* Rows of an offloading context say how its place was kept. */
	if (walk->placed)
		return;
	if (walk->raised)
		walk->result->row = NIC_TLS_CASE_CANDIDATE;
	else if (tls->tracker == NIC_TLS_TRACKING &&
		 walk->result->row != NIC_TLS_CASE_OLD &&
		 walk->result->row != NIC_TLS_CASE_OVERLAP)
		walk->result->row = NIC_TLS_CASE_CHAIN;
}

static void
rx_count(struct nic_tls_counters *counters, const struct nic_tls_walk *walk)
{
	const struct nic_tls_result *result = walk->result;

	if (counters == NULL)
		return;
	counters->cases[result->row]++;
	if (result->verdict == NIC_TLS_RESYNC)
		counters->resync_req_pkt++;
	if (result->verdict != NIC_TLS_DECRYPTED)
		return;
	counters->decrypted_packets++;
	counters->decrypted_bytes += walk->len;
}

void
nic_tls_rx(struct nic_tls *tls, struct mbuf *m, struct nic_tls_result *result)
{
	struct nic_tls_walk walk = {.result = result};

	assert((m->m_flags & M_PKTHDR) != 0);
	*result = (struct nic_tls_result){.verdict = NIC_TLS_ENCRYPTED};
	m->m_pkthdr.csum_flags &= ~CSUM_TLS_MASK;
	walk_init(tls, m, &walk);
	if (walk.len > 0)
		rx_dispatch(tls, &walk);
	if (ahead(walk.seq + walk.len, tls->marked_end) > MARKED_AGE_MAX)
		tls->marked_end = walk.seq + walk.len - MARKED_AGE_MAX;
	if (walk.failed)
		result->verdict = NIC_TLS_AUTH_FAIL;
	else if (walk.mark && tls->offload)
		rx_mark(tls, &walk, m);
	else if (walk.raised)
		result->verdict = NIC_TLS_RESYNC;
	result->candidate = tls->candidate;
	rx_count(tls->counters, &walk);
	tls->spoiled_len = 0;
}

void
nic_tls_spoil(struct nic_tls *tls, uint32_t seq, uint32_t len)
{
	tls->spoiled = seq;
	tls->spoiled_len = len;
}

void
nic_tls_query(const struct nic_tls *tls, struct nic_tls_progress *progress)
{
	bool header = tls->header_have == TLS_HEADER_BYTES;
	/* A record that is whole has its header. */
	bool in_tag = tls->whole && tls->exp - tls->rec_start >
					tls->rec_bytes - TLS_TAG_BYTES;

	*progress = (struct nic_tls_progress){
	    .tracker = tls->tracker,
	    .auth = NIC_TLS_NO_OFFLOAD,
	    .hw_resync_tcp_sn = tls->candidate,
	    .next_record_tcp_sn =
		tls->rec_start + (header ? tls->rec_bytes : 0),
	};
	if (tls->offload)
		progress->auth =
		    in_tag ? NIC_TLS_AUTHENTICATION : NIC_TLS_OFFLOAD;
	else if (tls->tracker == NIC_TLS_TRACKING && !tls->candidate_valid)
		progress->tracker = NIC_TLS_SEARCHING;
}

/* The records before floor may have been marked; later they are not again. */
static void
floor_set(struct nic_tls *tls)
{
	tls->floor = tls->marked_end;
	tls->floor_valid = true;
}

bool
nic_tls_answer(struct nic_tls *tls, uint32_t seq, uint64_t rec_seq)
{
	bool taken = tls->candidate_valid && seq == tls->candidate &&
		     rec_seq <= UINT64_MAX - tls->passed;

	if (tls->counters != NULL && taken)
		tls->counters->answers_taken++;
	else if (tls->counters != NULL)
		tls->counters->answers_refused++;
	if (!taken)
		return false;
	assert(tls->tracker == NIC_TLS_TRACKING && !tls->offload);
	tls->rec_seq = rec_seq + tls->passed;
	tls->offload = true;
	tls->candidate_valid = false;
	floor_set(tls);
	return true;
}

bool
nic_tls_hint(struct nic_tls *tls, uint32_t seq, uint64_t rec_seq)
{
	if (tls->offload)
		return false;
	start_at(tls, seq, rec_seq);
	floor_set(tls);
	if (tls->counters != NULL)
		tls->counters->hints_taken++;
	return true;
}

/* Search from the next packet on, and know nothing of those before. */
static void
search_afresh(struct nic_tls *tls)
{
	if (tls->counters != NULL)
		tls->counters->candidates_dropped += tls->candidate_valid;
	tls->tracker = NIC_TLS_SEARCHING;
	tls->offload = false;
	tls->candidate_valid = false;
	tls->whole = false;
	tls->scan_waits = false;
	tls->header_have = 0;
	nic_tls_scan_reset(&tls->scan);
}

void
nic_tls_reset(struct nic_tls *tls)
{
	if (tls->counters != NULL)
		tls->counters->lost_sync +=
		    tls->offload || tls->tracker == NIC_TLS_START;
	search_afresh(tls);
}

bool
nic_tls_rescan(struct nic_tls *tls)
{
	if (!tls->candidate_valid)
		return false;
	search_afresh(tls);
	return true;
}
