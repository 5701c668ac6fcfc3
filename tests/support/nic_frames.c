/*
 * nic_frames.c - frames for the tests of merging, and what became of them.
 */
#include "tests/support/nic_frames.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/mbuf.h"
#include "nicmodel/nic_chain.h"

struct mbuf *
nic_frame_make(struct mbuf_pool *pool, const struct nic_frame *frame)
{
	uint8_t bytes[NIC_FRAME_BYTES];
	struct mbuf *m;
	struct pkthdr *hdr;

	ck_assert_uint_le(frame->len, sizeof(bytes));
	for (uint32_t i = 0; i < frame->len; i++)
		bytes[i] = (uint8_t)(frame->seq + i);
	m = m_from_bytes(pool, bytes, frame->len, 0);
	ck_assert_ptr_nonnull(m);
	hdr = &m->m_pkthdr;
	hdr->rcv_tstmp = frame->arrival;
	hdr->flowid = frame->hash;
	hdr->csum_flags = frame->csum_flags;
	hdr->flow = frame->flow;
	hdr->receiver = frame->receiver;
	hdr->wire_bytes = frame->len + 78;
	hdr->th_seq = frame->seq;
	hdr->th_ack = frame->ack;
	hdr->th_win = (uint16_t)(frame->ack + 7);
	hdr->th_flags = frame->flags | (frame->no_ack ? 0 : TH_ACK);
	hdr->th_ts = frame->ts;
	/* Every option byte counts, the timestamp's value too. */
	hdr->th_options = frame->options;
	if (frame->ts != 0)
		hdr->th_options = frame->ts << 1 | TH_OPTIONS_ALIGNED_TS;
	return m;
}

/* The bytes of a chain, from first to last packet. */
static void
check_bytes(const struct mbuf *head)
{
	uint32_t seq = head->m_pkthdr.th_seq;
	uint8_t byte;

	ck_assert_uint_eq(m_length(head), head->m_pkthdr.len);
	for (uint32_t i = 0; i < head->m_pkthdr.len; i++) {
		ck_assert(m_copydata(head, i, 1, &byte));
		ck_assert_uint_eq(byte, (uint8_t)(seq + i));
	}
	for (const struct mbuf *m = head; m != NULL; m = m->m_next)
		if (m->m_flags & M_PKTHDR)
			ck_assert_uint_eq(m->m_pkthdr.flow,
					  head->m_pkthdr.flow);
}

void
nic_frames_take(struct nic_chains *list, struct mbuf_pool *pool, char *text)
{
	uint32_t frames;
	struct mbuf *m;
	size_t used = 0;

	text[0] = '\0';
	while ((m = nic_chains_get(list, &frames)) != NULL) {
		int len = snprintf(text + used, NIC_FRAMES_TEXT - used,
				   "%s%" PRIu32 ":%" PRIu32 "/%" PRIu32,
				   used == 0 ? "" : " ", m->m_pkthdr.th_seq,
				   m->m_pkthdr.len, frames);

		ck_assert_int_gt(len, 0);
		used += (size_t)len;
		ck_assert_uint_lt(used, NIC_FRAMES_TEXT);
		check_bytes(m);
		m_freem(pool, m);
	}
	ck_assert_uint_eq(list->frames, 0);
}
