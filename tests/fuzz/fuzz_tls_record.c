/*
 * fuzz_tls_record.c - arbitrary bytes as a TLS stream: parse, judge, and frame.
 *
 * Input: one byte chooses the suite, one the sizes of the packets, the rest is
 * the stream.  The stream runs through a socket in model mode, so that any
 * bytes can be records.  Checked besides crashes: records are cut exactly where
 * a plain walk over the headers cuts them, and every stream comes to its end.
 */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/effects.h"
#include "engine/ktls_rx.h"
#include "engine/ktls_session.h"
#include "engine/mbuf.h"
#include "engine/socket.h"
#include "engine/tls_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct ktls_key keys[] = {
    {.version = TLS_1_2,
     .cipher = TLS_CIPHER_AES_GCM,
     .key_len = 16,
     .iv_len = 4},
    {.version = TLS_1_2,
     .cipher = TLS_CIPHER_CHACHA20_POLY1305,
     .key_len = 32,
     .iv_len = 12},
    {.version = TLS_1_3,
     .cipher = TLS_CIPHER_AES_GCM,
     .key_len = 16,
     .iv_len = 12},
    {.version = TLS_1_1,
     .cipher = TLS_CIPHER_AES_CBC,
     .mac = TLS_HASH_SHA1,
     .key_len = 16,
     .mac_key_len = 20},
};

/* How a stream ends, and how many records it has before that. */
struct walk {
	uint32_t records;
	int error; /* a bad header, or EMSGSIZE for an incomplete record */
	int early; /* what a worker may say of the incomplete one's header */
};

static struct walk
walk_headers(const struct ktls_key *key, const uint8_t *data, size_t size)
{
	struct walk walk = {0};
	struct tls_framing framing;
	struct tls_record_header header;

	tls_framing_of(key->version, key->cipher, key->mac, &framing);
	while (size >= TLS_HEADER_BYTES) {
		int error;

		tls_record_parse(data, &header);
		error = tls_record_check(&header, key->version, &framing);
		if (size - TLS_HEADER_BYTES < header.length) {
			walk.early = error;
			break;
		}
		walk.error = error;
		if (error != 0)
			return walk;
		walk.records++;
		data += TLS_HEADER_BYTES + header.length;
		size -= TLS_HEADER_BYTES + header.length;
	}
	walk.error = size > 0 ? EMSGSIZE : 0;
	return walk;
}

/* Behind a ChangeCipherSpec the session goes on with the key that it has. */
static void
next_key(struct socket *so)
{
	struct ktls_key key = so->so_rcv.sb_tls_info->params;
	unsigned effects;
	int error = ktls_rx_next_key(so, &key, &effects);

	assert(error == 0);
}

/* Returns whether the connection survived. */
static bool
work(struct socket *so, struct ktls_rx_counters *counters, uint32_t *records)
{
	struct ktls_rx_job job;
	enum ktls_rx_verdict verdict;
	unsigned effects;
	bool delivered;

	for (;;) {
		verdict = ktls_rx_begin(so, &job, counters, &effects);
		if (verdict == KTLS_RX_WAITKEY) {
			next_key(so);
			continue;
		}
		if (verdict != KTLS_RX_RECORD)
			break;
		ktls_rx_crypt(&job);
		assert(job.error != 0 ||
		       job.plaintext_len <= TLS_PLAINTEXT_MAX);
		ktls_rx_finish(so, &job, counters, &delivered);
		++*records;
		sbcheck(&so->so_rcv);
	}
	if (verdict == KTLS_RX_DROPPED)
		return false;
	effects = ktls_rx_end_pass(so);
	assert((effects & ENGINE_QUEUE_WORK) == 0);
	if (verdict == KTLS_RX_WAITKEY) {
		const struct ktls_key key = so->so_rcv.sb_tls_info->params;
		int error = ktls_rx_next_key(so, &key, &effects);

		assert(error == 0);
	}
	return true;
}

static uint32_t
feed(struct socket *so, struct mbuf_pool *pool, uint32_t segment,
     const uint8_t *data, size_t size)
{
	struct ktls_rx_counters counters = {0};
	uint32_t records = 0;

	for (size_t off = 0; off < size; off += segment) {
		size_t len = size - off < segment ? size - off : segment;
		struct mbuf *m =
		    m_from_bytes(pool, data + off, (uint32_t)len, 0);

		assert(m != NULL);
		sbappendstream(&so->so_rcv, m);
		/* A next key may queue the socket again. */
		while ((so->so_rcv.sb_flags & SB_TLS_RX_RUNNING) != 0)
			if (!work(so, &counters, &records))
				return records;
	}
	return records;
}

static int
read_to_end(struct socket *so)
{
	struct soreceive_result result;
	int error = 0;

	socantrcvmore(so);
	for (;;) {
		soreceive(so, 5000, 0, NULL, NULL, &result);
		assert(result.error != EWOULDBLOCK);
		if (result.eof)
			return error;
		if (result.error != 0)
			error = result.error;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ktls_key *key;
	struct ktls_session *session;
	struct mbuf_pool *pool;
	struct socket so;
	struct walk walk;
	unsigned effects;
	int error;

	if (size < 2)
		return 0;
	key = &keys[data[0] % (sizeof(keys) / sizeof(keys[0]))];
	walk = walk_headers(key, data + 2, size - 2);
	for (size_t i = 2; i + TLS_HEADER_BYTES <= size; i++)
		(void)tls_record_plausible(data + i);
	pool = mbuf_pool_create(0);
	assert(pool != NULL);
	so_init(&so, pool, 65536);
	error = ktls_session_create(&session, key, KTLS_CRYPTO_MODEL, NULL, 0);
	assert(error == 0);
	ktls_rx_enable(&so, session, 0, &effects);
	assert(walk.records ==
	       feed(&so, pool, 1 + data[1] * 8u, data + 2, size - 2));
	error = read_to_end(&so);
	/* A record that fails alone may report over nothing else. */
	assert(walk.error == 0 || error == walk.error ||
	       (walk.early != 0 && error == walk.early));
	so_fini(&so);
	mbuf_pool_destroy(pool);
	return 0;
}
