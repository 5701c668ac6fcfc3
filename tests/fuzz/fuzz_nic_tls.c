/*
 * fuzz_nic_tls.c - arbitrary packets of arbitrary bytes at a NIC's TLS context.
 *
 * Input: one byte chooses version, kind and options; then come commands.  Each
 * is a byte for what happens, two that say where (a distance from the end of
 * the packet before) and one for the length of a packet, whose payload follows.
 * Checked besides crashes: what is not marked is untouched; what is marked in
 * the model is; answers are taken for the present candidate only; rows, states
 * and counters fit together.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "engine/mbuf.h"
#include "nicmodel/nic_tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum command { PACKET, ANSWER, HINT, RESET, SPOIL, COMMANDS };

static uint8_t scratch[NIC_TLS_SCRATCH_BYTES];

static struct machine {
	struct mbuf_pool *pool;
	struct nic_tls tls;
	struct nic_tls_counters counters;
	uint32_t end; /* of the last packet */
	uint64_t packets;
} machine;

static int
install(struct machine *w, uint8_t options)
{
	const struct ktls_key key = {
	    .version = (options & 1) != 0 ? TLS_1_3 : TLS_1_2,
	    .cipher = TLS_CIPHER_AES_GCM,
	    .key_len = 16,
	    .iv_len = (options & 1) != 0 ? 12 : 4,
	};
	const struct nic_tls_params params = {
	    .key = &key,
	    .real = (options & 2) != 0,
	    .matcher = (enum nic_tls_matcher)((options >> 2 & 3) % 3),
	    .scan_delay = (options & 16) != 0 ? 300 : 0,
	    .overlap = (options & 32) != 0,
	    .aligned = (options & 64) != 0,
	    .rec_seq = (options & 128) != 0 ? UINT64_MAX - 3 : 0,
	    .start_seq = w->end,
	    .scratch = scratch,
	    .counters = &w->counters,
	};

	return nic_tls_init(&w->tls, &params);
}

static void
check_progress(const struct machine *w)
{
	struct nic_tls_progress progress;

	nic_tls_query(&w->tls, &progress);
	assert(progress.auth == NIC_TLS_NO_OFFLOAD ||
	       progress.tracker == NIC_TLS_TRACKING);
	assert(progress.tracker != NIC_TLS_TRACKING ||
	       progress.auth != NIC_TLS_NO_OFFLOAD || w->tls.candidate_valid);
}

static void
check_packet(const struct machine *w, const struct mbuf *m,
	     const struct nic_tls_result *result, const uint8_t *sent)
{
	uint32_t flags = m->m_pkthdr.csum_flags & CSUM_TLS_MASK;
	bool marked = result->verdict == NIC_TLS_DECRYPTED;

	assert(flags == (marked ? CSUM_TLS_DECRYPTED : 0));
	for (; m != NULL; sent += m->m_len, m = m->m_next)
		assert((m->m_flags & M_UNKNOWN) != 0 || m->m_len == 0 ||
		       (marked && w->tls.stream != NULL) ||
		       memcmp(m->m_data, sent, m->m_len) == 0);
	assert(!marked || w->tls.offload);
	assert(result->authenticated <= result->records);
	assert(result->verdict != NIC_TLS_RESYNC || w->tls.candidate_valid);
}

/* Returns the bytes of the input that the packet has used. */
static size_t
packet(struct machine *w, uint32_t seq, const uint8_t *data, size_t size)
{
	uint32_t len = size > 0 ? data[0] : 0, known, unknown = len % 7;
	struct nic_tls_result result;
	struct mbuf *m, *tail;

	if (size < 1 + (size_t)len)
		len = size > 0 ? (uint32_t)(size - 1) : 0;
	unknown = unknown == 6 && len > 40 ? 40 : 0;
	known = len - unknown;
	m = m_from_bytes(w->pool, data + 1, known, unknown);
	assert(m != NULL);
	m->m_pkthdr.th_seq = seq;
	if (len % 5 == 4 && m->m_len > 1 && unknown == 0) {
		tail = m_split(w->pool, m, m->m_len / 2);
		assert(tail != NULL);
		m->m_next = tail;
	}
	nic_tls_rx(&w->tls, m, &result);
	check_packet(w, m, &result, data + 1);
	m_freem(w->pool, m);
	w->end = seq + len;
	w->packets++;
	return 1 + (size_t)len;
}

static void
answer(struct machine *w, uint32_t seq)
{
	struct nic_tls_progress progress;
	bool taken, offered;

	nic_tls_query(&w->tls, &progress);
	offered = progress.tracker == NIC_TLS_TRACKING &&
		  progress.auth == NIC_TLS_NO_OFFLOAD;
	if ((seq & 3) == 0)
		seq = progress.hw_resync_tcp_sn;
	taken = nic_tls_answer(&w->tls, seq, seq & 15);
	assert(taken == (offered && seq == progress.hw_resync_tcp_sn));
}

/* Returns the bytes used behind the command's own three. */
static size_t
command(struct machine *w, const uint8_t *data, size_t size)
{
	const int32_t ahead = (int16_t)(data[1] << 8 | data[2]) / 16;
	const uint32_t seq = w->end + (uint32_t)ahead;

	switch ((enum command)(data[0] % COMMANDS)) {
	case PACKET:
		return packet(w, seq, data + 3, size - 3);
	case ANSWER:
		answer(w, seq);
		break;
	case HINT:
		(void)nic_tls_hint(&w->tls, seq, data[1]);
		break;
	case RESET:
		nic_tls_reset(&w->tls);
		break;
	case SPOIL:
		nic_tls_spoil(&w->tls, seq, data[1]);
		break;
	case COMMANDS:
		break;
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct machine *w = &machine;
	uint64_t cases = 0;
	size_t off = 1;
	int error;

	if (size < 1)
		return 0;
	memset(w, 0, sizeof(*w));
	w->pool = mbuf_pool_create(0);
	assert(w->pool != NULL);
	w->end = UINT32_MAX - 200;
	error = install(w, data[0]);
	assert(error == 0);
	while (off + 4 <= size) {
		off += 3 + command(w, data + off, size - off);
		check_progress(w);
	}
	for (int i = 0; i < NIC_TLS_CASE_COUNT; i++)
		cases += w->counters.cases[i];
	assert(cases == w->packets);
	assert(w->counters.candidates >= w->counters.candidates_dropped);
	nic_tls_fini(&w->tls);
	mbuf_pool_destroy(w->pool);
	return 0;
}
