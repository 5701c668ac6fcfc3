/*
 * nic_tls_play.c - packets of a known stream into a TLS context, checked.
 */
#include "tests/support/nic_tls_play.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mbuf.h"
#include "tests/support/tls_seal.h"

static uint8_t scratch[NIC_TLS_SCRATCH_BYTES];

struct nic_tls_play *
play_create(void)
{
	struct nic_tls_play *play = calloc(1, sizeof(*play));

	ck_assert_ptr_nonnull(play);
	play->pool = mbuf_pool_create(0);
	ck_assert_ptr_nonnull(play->pool);
	play->tls.scratch = scratch;
	play->rekeyed = UINT32_MAX;
	return play;
}

void
play_destroy(struct nic_tls_play *play)
{
	nic_tls_fini(&play->tls);
	mbuf_pool_destroy(play->pool);
	free(play);
}

void
play_image(struct nic_tls_play *play, enum tls_version version, uint8_t key_len,
	   uint64_t first)
{
	tls_seal_key(&play->key, version, TLS_CIPHER_AES_GCM, key_len, 7);
	tls_image_init(&play->image, &play->key, first, 1);
}

static struct mbuf *
make_packet(struct nic_tls_play *play, const uint8_t *bytes, uint32_t start,
	    uint32_t len)
{
	uint32_t known = play->snap > 0 && play->snap < len ? play->snap : len;
	struct mbuf *m = m_from_bytes(play->pool, bytes, known, len - known);

	if (m == NULL)
		ck_abort_msg("no memory");
	m->m_pkthdr.th_seq = play->base + start;
	m->m_pkthdr.csum_flags = CSUM_TLS_MASK;
	if (play->chains && m->m_len > 2) {
		struct mbuf *tail = m_split(play->pool, m, m->m_len / 3);

		if (tail == NULL)
			ck_abort_msg("no memory");
		m->m_next = tail;
	}
	return m;
}

/* Tell the model what the cipher would find out. */
static void
spoil(struct nic_tls_play *play, uint32_t start, uint32_t end)
{
	uint32_t first = start;

	while (first < end && first < play->rekeyed && play->flip[first] == 0)
		first++;
	if (first < end)
		nic_tls_spoil(&play->tls, play->base + first,
			      play->rekeyed < end ? end - first : 1);
}

/* The byte at `at` of the stream after the packet, for a marked one or not. */
static uint8_t
expected_byte(const struct nic_tls_play *play, uint32_t at, bool marked)
{
	const uint8_t *image = play->image.wire;

	if (marked && play->tls.stream != NULL)
		image = play->image.plain;
	return image[at] ^ play->flip[at];
}

static void
check_bytes(const struct nic_tls_play *play, const struct mbuf *m, uint32_t at)
{
	bool marked = m->m_pkthdr.csum_flags == CSUM_TLS_DECRYPTED;

	for (; m != NULL; m = m->m_next)
		for (uint32_t i = 0; i < m->m_len; i++, at++) {
			/* Nobody has it, or the key was not its own. */
			if ((m->m_flags & M_UNKNOWN) != 0 ||
			    (marked && at >= play->rekeyed))
				continue;
			if (m->m_data[i] != expected_byte(play, at, marked))
				ck_abort_msg("byte %u of the stream", at);
		}
}

static void
remember(struct nic_tls_play *play, uint32_t start, uint32_t end, bool marked)
{
	for (uint32_t i = start; i < end; i++) {
		if (play->mark[i] != 0)
			continue;
		play->mark[i] = marked ? 'D' : 'E';
		play->packet[i] = play->packets;
		play->bad[i] = play->flip[i] != 0 || i >= play->rekeyed;
	}
}

struct nic_tls_result
play_packet(struct nic_tls_play *play, uint32_t start, uint32_t end)
{
	static uint8_t sent[TLS_IMAGE_BYTES];
	struct nic_tls_result result;
	struct mbuf *m;
	uint32_t flags;

	for (uint32_t i = start; i < end; i++)
		sent[i - start] = play->image.wire[i] ^ play->flip[i];
	m = make_packet(play, sent, start, end - start);
	spoil(play, start, end);
	nic_tls_rx(&play->tls, m, &result);
	flags = m->m_pkthdr.csum_flags & CSUM_TLS_MASK;
	if (flags !=
	    (result.verdict == NIC_TLS_DECRYPTED ? CSUM_TLS_DECRYPTED : 0))
		ck_abort_msg("mark %x at %u", flags, start);
	check_bytes(play, m, start);
	m_freem(play->pool, m);
	remember(play, start, end, flags != 0);
	play->authenticated += result.authenticated;
	play->packets++;
	return result;
}

bool
play_answer(struct nic_tls_play *play, uint32_t record)
{
	return nic_tls_answer(&play->tls,
			      play->base + play->image.start[record],
			      play->image.first + record);
}

/* One record's part of the pattern; returns whether any of it has come. */
static bool
record_pattern(const struct nic_tls_play *play, uint32_t record, char **text)
{
	bool arrived = false;
	uint32_t end = play->image.start[record + 1];

	for (uint32_t i = play->image.start[record]; i < end; i++) {
		char c = play->mark[i] != 0 ? play->mark[i] : '.';

		arrived |= c != '.';
		if (i == play->image.start[record] ||
		    play->packet[i] != play->packet[i - 1] ||
		    play->mark[i] != play->mark[i - 1])
			*(*text)++ = c;
	}
	return arrived;
}

const char *
play_pattern(const struct nic_tls_play *play)
{
	static char text[PLAY_PATTERN_MAX];
	char *end = text, *used = text;

	for (uint32_t i = 0; i < play->image.records; i++) {
		if (i > 0)
			*end++ = ' ';
		ck_assert(end - text < PLAY_PATTERN_MAX - 256);
		if (record_pattern(play, i, &end))
			used = end;
	}
	/* What the stream has not come to is no hole. */
	while (used > text && used[-1] == '.')
		used--;
	*used = '\0';
	return text;
}

void
play_check_full(const struct nic_tls_play *play)
{
	for (uint32_t r = 0; r < play->image.records; r++) {
		bool full = true, bad = false;

		for (uint32_t i = play->image.start[r];
		     i < play->image.start[r + 1]; i++) {
			full &= play->mark[i] == 'D';
			bad |= play->bad[i];
		}
		if (full && bad)
			ck_abort_msg("record %u is marked and wrong", r);
	}
}
