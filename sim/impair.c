/*
 * impair.c - the link's misbehaviour: what happens to a segment on its way to a
 * host.
 *
 * Called by pipeline.c for every segment before the link into its host,
 * replayed and modelled ones alike.  In this order: loss (each segment by
 * itself, by a Gilbert-Elliott channel, by units that a sender hands over in
 * one piece), corruption, duplication, delay.  The first thing that loses a
 * segment ends its way; the state of the channel and of the units moves on all
 * the same.
 *
 * A corrupted segment has one bit of its payload turned over.  That always
 * changes the TCP checksum; link.corrupt_undetected is the share of segments in
 * which it stands for damage that the 16-bit sum does not see.  One without
 * payload is damaged somewhere, and the checksum tells.
 *
 * Left out: damage to headers, limits of a queue, correlation of anything but
 * loss; the time that lost and damaged segments take on the link, and the cost
 * of damaged ones to their host.
 */
#include "sim/impair.h"

#include <assert.h>
#include <stddef.h>

#include "engine/mbuf.h"
#include "nicmodel/nic.h"
#include "sim/run.h"

enum {
	/* Each stream has a number per pass. */
	RNG_PURPOSE_LINK = 1200,
	MILLION = 1000000,
};

/* Within CSUM_LINK_MASK: a copy; and a flipped bit's number and 1, or 0. */
#define LINK_COPY	0x100u
#define LINK_FLIP_SHIFT 9
#define LINK_FLIP_MAX	((1u << (32 - LINK_FLIP_SHIFT)) - 1)

enum stream {
	STREAM_LOSS,
	STREAM_CHANNEL,
	STREAM_CHANNEL_LOSS,
	STREAM_UNIT,
	STREAM_CORRUPT,
	STREAM_UNDETECTED,
	STREAM_BIT,
	STREAM_DUPLICATE,
	STREAM_REORDER,
	STREAM_DELAY,
};

/* One segment whose fate is to be decided. */
struct passing {
	const struct config *config;
	uint32_t entity;
	enum impair_pass pass;
	uint64_t number;
};

bool
impair_wanted(const struct config *config)
{
	return config->link_loss_ppm > 0 || config->link_ge_p_ppm > 0 ||
	       config->link_ge_loss_good_ppm > 0 ||
	       config->link_super_loss_ppm > 0 ||
	       config->link_reorder_ppm > 0 || config->link_duplicate_ppm > 0 ||
	       config->link_corrupt_ppm > 0;
}

void
impair_init(struct impair *impair, const struct config *config)
{
	*impair = (struct impair){.on = impair_wanted(config)};
}

static uint64_t
draw(const struct passing *at, enum stream stream)
{
	uint32_t purpose = RNG_PURPOSE_LINK + IMPAIR_PASSES * (uint32_t)stream +
			   (uint32_t)at->pass;

	return rng_u64(at->config->run_seed, purpose, at->entity, at->number);
}

/* A draw below: uniform in 0 .. limit - 1. */
static uint64_t
draw_below(const struct passing *at, enum stream stream, uint64_t limit)
{
	return (uint64_t)((unsigned __int128)draw(at, stream) * limit >> 64);
}

/* True with this probability.  What is never true needs no draw. */
static bool
hit(const struct passing *at, enum stream stream, uint32_t ppm)
{
	return ppm > 0 && draw_below(at, stream, MILLION) < ppm;
}

/* Does the channel, which first changes its state or not, lose the segment? */
static bool
channel_loses(const struct passing *at, bool *bad)
{
	const struct config *config = at->config;

	if (config->link_ge_p_ppm == 0 && config->link_ge_loss_good_ppm == 0)
		return false;
	if (hit(at, STREAM_CHANNEL,
		*bad ? config->link_ge_r_ppm : config->link_ge_p_ppm))
		*bad = !*bad;
	return hit(at, STREAM_CHANNEL_LOSS,
		   *bad ? config->link_ge_loss_bad_ppm
			: config->link_ge_loss_good_ppm);
}

/* Is the segment in a unit that is lost?  It may begin one. */
static bool
unit_loses(const struct passing *at, struct endpoint *ep, const struct mbuf *m)
{
	const struct config *config = at->config;
	const struct pkthdr *hdr = &m->m_pkthdr;
	struct impair_unit *unit = &ep->impair.unit[at->pass];
	struct passing as_unit = *at;

	if (config->link_super_loss_ppm == 0 || hdr->len == 0)
		return false;
	if (unit->number == 0 || hdr->th_seq != unit->next_seq ||
	    unit->bytes + (uint64_t)hdr->len > config->link_super_size_bytes) {
		as_unit.entity = 2 * hdr->flow + hdr->receiver;
		as_unit.number = unit->number++;
		unit->bytes = 0;
		unit->lost =
		    hit(&as_unit, STREAM_UNIT, config->link_super_loss_ppm);
	}
	unit->bytes += hdr->len;
	unit->next_seq = hdr->th_seq + hdr->len;
	return unit->lost;
}

static bool
loses(const struct passing *at, struct endpoint *ep, const struct mbuf *m)
{
	struct impair *impair = &ep->host->impair;
	bool by_channel = channel_loses(at, &impair->bad[at->pass]);
	bool by_unit = unit_loses(at, ep, m);

	if (hit(at, STREAM_LOSS, at->config->link_loss_ppm))
		impair->count.lost++;
	else if (by_channel)
		impair->count.lost_burst++;
	else if (by_unit)
		impair->count.lost_super++;
	else
		return false;
	return true;
}

/* True where the checksum tells. */
static bool
corrupts(const struct passing *at, const struct mbuf *m,
	 struct impair_counters *count, struct impair_fate *fate)
{
	uint64_t bits = 8 * (uint64_t)m->m_pkthdr.len;

	if (!hit(at, STREAM_CORRUPT, at->config->link_corrupt_ppm))
		return false;
	if (bits == 0 || bits > LINK_FLIP_MAX ||
	    !hit(at, STREAM_UNDETECTED,
		 at->config->link_corrupt_undetected_ppm)) {
		count->corrupted++;
		return true;
	}
	count->corrupted_undetected++;
	fate->flipped = true;
	fate->bit = (uint32_t)draw_below(at, STREAM_BIT, bits);
	return false;
}

struct impair_fate
impair_segment(struct endpoint *ep, const struct mbuf *m, enum impair_pass pass)
{
	struct host *host = ep->host;
	struct impair *impair = &host->impair;
	const struct config *config = &host->sim->config;
	const struct passing at = {.config = config,
				   .entity = host->index,
				   .pass = pass,
				   .number = impair->seen[pass]++};
	struct impair_fate fate = {.verdict = IMPAIR_ARRIVES};

	if (loses(&at, ep, m)) {
		fate.verdict = IMPAIR_LOST;
		return fate;
	}
	if (corrupts(&at, m, &impair->count, &fate)) {
		fate.verdict = IMPAIR_CHECKSUM;
		return fate;
	}
	if (hit(&at, STREAM_DUPLICATE, config->link_duplicate_ppm)) {
		impair->count.duplicated++;
		fate.duplicate = true;
	}
	if (hit(&at, STREAM_REORDER, config->link_reorder_ppm)) {
		impair->count.reordered++;
		fate.delay_ps = variate_draw(&config->link_reorder_delay,
					     draw(&at, STREAM_DELAY));
	}
	return fate;
}

struct mbuf *
impair_copy(struct mbuf_pool *pool, const struct mbuf *m)
{
	struct mbuf *copy = NULL, **tail = &copy;

	for (const struct mbuf *from = m; from != NULL; from = from->m_next) {
		bool known = (from->m_flags & M_UNKNOWN) == 0;

		*tail =
		    m_from_bytes(pool, from->m_data, known ? from->m_len : 0,
				 known ? 0 : from->m_len);
		if (*tail == NULL) {
			m_freem(pool, copy);
			return NULL;
		}
		if (from != m)
			(*tail)->m_flags &= (uint16_t)~M_PKTHDR;
		while (*tail != NULL)
			tail = &(*tail)->m_next;
	}
	copy->m_pkthdr = m->m_pkthdr;
	copy->m_pkthdr.csum_flags |= LINK_COPY;
	return copy;
}

static void
turn_over(struct mbuf *m, uint32_t bit)
{
	uint32_t byte = bit / 8;

	while (m != NULL && byte >= m->m_len) {
		byte -= m->m_len;
		m = m->m_next;
	}
	if (m != NULL && (m->m_flags & M_UNKNOWN) == 0)
		m->m_data[byte] ^= (uint8_t)(1u << bit % 8);
}

void
impair_flip(struct mbuf *m, uint32_t bit)
{
	assert((m->m_pkthdr.csum_flags & CSUM_LINK_MASK) == 0);
	assert(bit < LINK_FLIP_MAX);
	m->m_pkthdr.csum_flags |= (bit + 1) << LINK_FLIP_SHIFT;
	turn_over(m, bit);
}

uint32_t
impair_take(const struct nic *nic, struct mbuf *m)
{
	struct pkthdr *hdr = &m->m_pkthdr;
	uint32_t taken = hdr->csum_flags & CSUM_LINK_MASK;
	uint32_t flip = taken >> LINK_FLIP_SHIFT;
	struct nic_context *context = NULL;

	hdr->csum_flags &= ~CSUM_LINK_MASK;
	if (flip > 0 && nic->has_tls)
		context =
		    nic_context_find(&nic->contexts, hdr->flow, hdr->receiver);
	if (context != NULL && context->ruled)
		nic_tls_spoil(&context->tls, hdr->th_seq + (flip - 1) / 8, 1);
	return taken;
}

void
impair_put(struct mbuf *m, uint32_t taken)
{
	m->m_pkthdr.csum_flags |= taken;
}

bool
impair_restore(struct mbuf *m)
{
	uint32_t flip = m->m_pkthdr.csum_flags >> LINK_FLIP_SHIFT;
	bool copy = (m->m_pkthdr.csum_flags & LINK_COPY) != 0;

	m->m_pkthdr.csum_flags &= ~CSUM_LINK_MASK;
	if (flip > 0)
		turn_over(m, flip - 1);
	return !copy;
}

static const struct counter_row {
	const char *name;
	size_t offset; /* in struct impair_counters */
} counter_rows[] = {
    {"link_lost", offsetof(struct impair_counters, lost)},
    {"link_lost_burst", offsetof(struct impair_counters, lost_burst)},
    {"link_lost_super", offsetof(struct impair_counters, lost_super)},
    {"link_reordered", offsetof(struct impair_counters, reordered)},
    {"link_duplicated", offsetof(struct impair_counters, duplicated)},
    {"link_corrupted", offsetof(struct impair_counters, corrupted)},
    {"link_corrupted_undetected",
     offsetof(struct impair_counters, corrupted_undetected)},
};

_Static_assert(sizeof(counter_rows) / sizeof(counter_rows[0]) ==
		   IMPAIR_COUNTERS,
	       "every counter has a name");

const char *
impair_counter_name(unsigned index)
{
	assert(index < IMPAIR_COUNTERS);
	return counter_rows[index].name;
}

uint64_t
impair_counter_value(const struct impair *impair, unsigned index)
{
	assert(index < IMPAIR_COUNTERS);
	return *(const uint64_t *)((const char *)&impair->count +
				   counter_rows[index].offset);
}
