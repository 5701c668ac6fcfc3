/*
 * nic_tls_walk.c - the bytes of one packet: headers, text, tags, searches.
 *
 * Called by nic_tls_rx once it knows where in the packet the context's place in
 * the stream is.  Each step takes bytes up to the next border: of a header, an
 * explicit nonce, a text, a tag, or of a search.  A step consumes a byte, or
 * ends a record without a body, or gives the place up; then the next one does.
 *
 * A record is put through the cipher only from its header on (`whole`); of one
 * that was entered in the middle nothing but the length is followed.  Where the
 * plaintext goes is not decided here: it is made in the scratch, and nic_tls_rx
 * copies it into the packet if nothing has spoken against the mark.
 */
#include "nicmodel/nic_tls_walk.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "engine/aead_stream.h"
#include "engine/mbuf.h"

/* A candidate this far back could be taken for another one: 2^31. */
#define CANDIDATE_AGE_MAX UINT32_C(0x80000000)

static uint32_t
min32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The known bytes from walk->off on that lie in one piece. */
static const uint8_t *
piece_get(struct nic_tls_walk *walk, uint32_t *len)
{
	assert(walk->off < walk->known);
	while (walk->off >= walk->piece_end) {
		walk->piece = walk->rest->m_data;
		walk->piece_start = walk->piece_end;
		walk->piece_end += walk->rest->m_len;
		walk->rest = walk->rest->m_next;
	}
	*len = walk->piece_end - walk->off;
	return walk->piece + (walk->off - walk->piece_start);
}

static void
candidate_drop(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	if (tls->candidate_valid && tls->counters != NULL)
		tls->counters->candidates_dropped++;
	tls->candidate_valid = false;
	walk->raised = false;
}

/* The record in progress, whose header has been seen, may be the place. */
static void
candidate_take(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	candidate_drop(tls, walk);
	tls->candidate = tls->rec_start;
	tls->candidate_valid = true;
	tls->passed = 0;
	walk->raised = true;
	if (tls->counters != NULL)
		tls->counters->candidates++;
}

void
nic_tls_lose(struct nic_tls *tls, struct nic_tls_walk *walk,
	     enum nic_tls_case row, uint32_t at)
{
	bool had_place = tls->offload || tls->tracker == NIC_TLS_START;

	if (had_place && !walk->failed)
		walk->result->row = row;
	else if (!walk->placed)
		walk->result->row = NIC_TLS_CASE_CHAIN_BROKEN;
	if (had_place && tls->counters != NULL)
		tls->counters->lost_sync++;
	candidate_drop(tls, walk);
	nic_tls_scan_reset(&tls->scan);
	/* A scan that restarts has waited before. */
	tls->scan_waits = had_place && tls->scan_delay > 0;
	tls->scan_from = at + tls->scan_delay;
	tls->tracker = NIC_TLS_SEARCHING;
	tls->offload = false;
	walk->mark = false;
}

void
nic_tls_record_next(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	assert(tls->header_have == TLS_HEADER_BYTES);
	walk->result->records++;
	tls->rec_start += tls->rec_bytes;
	tls->header_have = 0;
	tls->whole = false;
	tls->spoiled_record = false;
	tls->passed++;
	if (!tls->offload)
		return;
	if (tls->rec_seq == UINT64_MAX)
		nic_tls_lose(tls, walk, NIC_TLS_CASE_NUMBERS_OVER,
			     tls->rec_start);
	else
		tls->rec_seq++;
}

/* Give the cipher up for the record in progress, and with it the mark. */
static void
record_abandon(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	tls->whole = false;
	walk->mark = false;
}

/* Header and explicit nonce have been seen. */
static void
enter_record(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	uint8_t nonce[TLS_NONCE_BYTES], aad[13];
	uint32_t text_bytes;
	size_t aad_len;

	if (tls->stream == NULL)
		return;
	text_bytes = tls->rec_bytes - tls->framing.hlen - TLS_TAG_BYTES;
	tls_nonce(tls->key, tls->rec_seq, tls->explicit_iv, nonce);
	aad_len = tls_aad(tls->key, tls->rec_seq, tls->header,
			  (uint16_t)text_bytes, aad);
	if (aead_stream_begin(tls->stream, nonce, aad, aad_len) != 0)
		record_abandon(tls, walk);
}

/*
 * Bytes of this record may have been marked before the place was lost.  Were it
 * processed again, a mark from then and a tag from now could meet in one
 * record, over different copies of a packet.
 */
static bool
record_was_marked(struct nic_tls *tls)
{
	if (tls->floor_valid && (int32_t)(tls->rec_start - tls->floor) >= 0)
		tls->floor_valid = false;
	return tls->floor_valid;
}

/* A valid header while the place is not confirmed. */
static void
chain_header(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	bool starts_here = (int32_t)(tls->rec_start - walk->seq) >= 0;

	if (!tls->candidate_valid) {
		/* One packet reports a wrong tag or a candidate, not both. */
		if (starts_here && !walk->failed)
			candidate_take(tls, walk);
		return;
	}
	if (tls->rec_start - tls->candidate >= CANDIDATE_AGE_MAX)
		candidate_take(tls, walk);
}

static void
header_done(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	if (!nic_tls_header_valid(tls->header, &tls->framing)) {
		nic_tls_lose(tls, walk, NIC_TLS_CASE_BAD_HEADER,
			     tls->rec_start);
		nic_tls_scan_push_back(&tls->scan, tls->header);
		return;
	}
	tls->rec_bytes =
	    TLS_HEADER_BYTES + ((uint32_t)tls->header[3] << 8 | tls->header[4]);
	tls->whole = tls->offload && !record_was_marked(tls);
	if (!tls->offload)
		chain_header(tls, walk);
	else if (!tls->whole)
		walk->mark = false;
	else if (tls->framing.explicit_iv == 0)
		enter_record(tls, walk);
}

/* True where the bytes [seq, seq + n) hold one that nic_tls_spoil named. */
static bool
spoiled(const struct nic_tls *tls, uint32_t seq, uint32_t n)
{
	uint32_t into = tls->spoiled - seq;

	return tls->spoiled_len > 0 &&
	       (into < n || seq - tls->spoiled < tls->spoiled_len);
}

static void
header_step(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	uint32_t wanted = TLS_HEADER_BYTES - tls->header_have;
	const uint8_t *bytes;
	uint32_t n;

	if (walk->off >= walk->known) {
		nic_tls_lose(tls, walk, NIC_TLS_CASE_UNKNOWN, tls->rec_start);
		return;
	}
	bytes = piece_get(walk, &n);
	n = min32(wanted, n);
	if (spoiled(tls, walk->seq + walk->off, n))
		tls->spoiled_record = true;
	memcpy(tls->header + tls->header_have, bytes, n);
	tls->header_have = (uint8_t)(tls->header_have + n);
	walk->off += n;
	if (n == wanted)
		header_done(tls, walk);
}

/*
 * A wrong tag: the lengths may still be right, so they are followed, and the
 * next header is reported as a candidate.
 */
static void
tag_failed(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	walk->failed = true;
	walk->mark = false;
	walk->result->row = NIC_TLS_CASE_TAG_MISMATCH;
	if (tls->counters != NULL)
		tls->counters->tag_failures++;
	if (tls->scan.matcher == NIC_TLS_NONE) {
		nic_tls_lose(tls, walk, NIC_TLS_CASE_TAG_MISMATCH, walk->seq);
		return;
	}
	tls->offload = false;
	if (tls->counters != NULL)
		tls->counters->lost_sync++;
}

static void
tag_check(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	int error = tls->spoiled_record ? EBADMSG : 0;

	if (tls->stream != NULL)
		error = aead_stream_finish(tls->stream, tls->tag);
	if (error == 0)
		walk->result->authenticated++;
	else if (error == EBADMSG)
		tag_failed(tls, walk);
	else
		walk->mark = false;
}

/* n bytes at pos of the record, all in one of its parts behind the header. */
static void
part_copy(struct nic_tls *tls, struct nic_tls_walk *walk, uint32_t pos,
	  uint32_t n)
{
	const uint32_t tag_at = tls->rec_bytes - TLS_TAG_BYTES;
	uint8_t *bytes = walk->text + walk->off;

	if (pos < tls->framing.hlen)
		memcpy(tls->explicit_iv + (pos - TLS_HEADER_BYTES), bytes, n);
	else if (pos >= tag_at)
		memcpy(tls->tag + (pos - tag_at), bytes, n);
	else if (aead_stream_update(tls->stream, bytes, bytes, n) != 0)
		record_abandon(tls, walk);
}

/* In the model kind the bytes may be unknown: they are not looked at. */
static void
part_process(struct nic_tls *tls, struct nic_tls_walk *walk, uint32_t pos,
	     uint32_t n)
{
	if (tls->stream != NULL)
		part_copy(tls, walk, pos, n);
	else if (spoiled(tls, walk->seq + walk->off, n))
		tls->spoiled_record = true;
	if (pos < tls->framing.hlen && pos + n == tls->framing.hlen)
		enter_record(tls, walk);
	else if (pos + n == tls->rec_bytes)
		tag_check(tls, walk);
}

/* Where the part of the record that holds byte pos ends. */
static uint32_t
part_end(const struct nic_tls *tls, uint32_t pos)
{
	if (!tls->whole)
		return tls->rec_bytes;
	if (pos < tls->framing.hlen)
		return tls->framing.hlen;
	if (pos < tls->rec_bytes - TLS_TAG_BYTES)
		return tls->rec_bytes - TLS_TAG_BYTES;
	return tls->rec_bytes;
}

static void
body_step(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	uint32_t pos = walk->seq + walk->off - tls->rec_start;
	uint32_t n = min32(part_end(tls, pos) - pos, walk->len - walk->off);

	/* What the capture cut off cannot be decrypted. */
	if (tls->stream != NULL && walk->off + n > walk->known)
		tls->whole = false;
	if (tls->whole)
		part_process(tls, walk, pos, n);
	else
		walk->mark = false;
	walk->off += n;
	if (pos + n == tls->rec_bytes)
		nic_tls_record_next(tls, walk);
}

static void
search_found(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	tls->tracker = NIC_TLS_TRACKING;
	tls->rec_start = walk->seq + walk->off - TLS_HEADER_BYTES;
	tls->rec_bytes =
	    TLS_HEADER_BYTES + ((uint32_t)tls->header[3] << 8 | tls->header[4]);
	tls->header_have = TLS_HEADER_BYTES;
	tls->whole = false;
	tls->spoiled_record = false;
	candidate_take(tls, walk);
}

/* Bytes that are not searched: the pattern cannot continue across them. */
static void
search_skip(struct nic_tls *tls, struct nic_tls_walk *walk, uint32_t n)
{
	nic_tls_scan_reset(&tls->scan);
	walk->off += min32(n, walk->len - walk->off);
}

static void
search_step(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	int32_t early = (int32_t)(tls->scan_from - (walk->seq + walk->off));
	const uint8_t *bytes;
	uint32_t n;
	bool found;

	if (tls->scan_waits && early > 0) {
		search_skip(tls, walk, (uint32_t)early);
		return;
	}
	tls->scan_waits = false;
	if (walk->off >= walk->known || walk->failed ||
	    tls->scan.matcher == NIC_TLS_NONE) {
		search_skip(tls, walk, walk->len);
		return;
	}
	bytes = piece_get(walk, &n);
	found = nic_tls_scan_feed(&tls->scan, bytes, n, &n, tls->header);
	walk->off += n;
	if (found)
		search_found(tls, walk);
}

void
nic_tls_walk(struct nic_tls *tls, struct nic_tls_walk *walk)
{
	while (walk->off < walk->len) {
		if (tls->tracker == NIC_TLS_SEARCHING)
			search_step(tls, walk);
		else if (tls->header_have < TLS_HEADER_BYTES)
			header_step(tls, walk);
		else
			body_step(tls, walk);
	}
	tls->exp = walk->seq + walk->len;
}
