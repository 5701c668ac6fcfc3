/*
 * matrix_virtual.c - the executor of virtual time for acceptance matrices.
 *
 * Everything happens in the order of the calls; a worker that was asked for
 * runs when the matrix says so.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "engine/aead.h"
#include "engine/effects.h"
#include "engine/ktls_rx.h"
#include "engine/mbuf.h"
#include "engine/workq.h"
#include "tests/support/matrix_executor.h"

enum { HIWAT = 65536 };

struct virtual_host {
	struct mbuf_pool *pool;
	struct aead_pool *aead;
	struct workq wq;
	struct socket so;
	struct ktls_rx_counters counters;
};

uint32_t
matrix_below(uint64_t *rng, uint32_t bound)
{
	uint64_t z = (*rng += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)((z >> 32) % bound);
}

struct mbuf *
matrix_packet(struct mbuf_pool *pool, const uint8_t *bytes, size_t len,
	      uint64_t fragment)
{
	struct mbuf *chain = m_from_bytes(pool, bytes, (uint32_t)len, 0);

	assert(chain != NULL);
	if (fragment == 0)
		return chain;
	for (struct mbuf *m = chain; m != NULL; m = m->m_next) {
		uint32_t most = m->m_len < 600 ? m->m_len : 600;
		uint32_t keep = 1 + matrix_below(&fragment, most);

		if (keep >= m->m_len)
			continue;
		m->m_next = m_split(pool, m, keep);
		assert(m->m_next != NULL);
	}
	return chain;
}

static void
act(struct virtual_host *host, unsigned effects)
{
	if (effects & ENGINE_QUEUE_WORK)
		workq_put(&host->wq, &host->so);
	sbcheck(&host->so.so_rcv);
}

static int
virtual_enable(void *self, const struct tls_enable *en)
{
	struct virtual_host *host = self;
	const struct ktls_enable_env env = {
	    .tls_enable = true,
	    .cbc_enable = true,
	    .crypto = KTLS_CRYPTO_REAL,
	    .aead = host->aead,
	};
	unsigned effects;
	int error = ktls_enable_rx(&host->so, en, &env, &effects);

	act(host, effects);
	return error;
}

static int
virtual_listen(void *self)
{
	struct virtual_host *host = self;

	return so_listen(&host->so);
}

static void
virtual_feed(void *self, const uint8_t *bytes, size_t len, uint64_t fragment)
{
	struct virtual_host *host = self;

	act(host,
	    sbappendstream(&host->so.so_rcv,
			   matrix_packet(host->pool, bytes, len, fragment)));
}

/* One pass of the worker over the socket. */
static void
pass(struct virtual_host *host)
{
	enum ktls_rx_verdict verdict;
	struct ktls_rx_job job;
	unsigned effects;
	bool delivered;

	while ((verdict = ktls_rx_begin(&host->so, &job, &host->counters,
					&effects)) == KTLS_RX_RECORD) {
		act(host, effects);
		ktls_rx_crypt(&job);
		act(host, ktls_rx_finish(&host->so, &job, &host->counters,
					 &delivered));
	}
	assert(verdict != KTLS_RX_NOMEM);
	act(host, effects);
	if (verdict != KTLS_RX_DROPPED)
		act(host, ktls_rx_end_pass(&host->so));
	so_rele(&host->so);
}

static void
virtual_run(void *self)
{
	struct virtual_host *host = self;

	while (workq_get(&host->wq) != NULL)
		pass(host);
}

void
matrix_collect(void *to, const uint8_t *bytes, size_t len)
{
	struct matrix_read *read = to;

	assert(read->result.bytes + len <= sizeof(read->bytes));
	memcpy(read->bytes + read->result.bytes, bytes, len);
	read->result.bytes += (uint32_t)len;
}

static void
virtual_receive(void *self, const struct soreceive_msg *msg,
		struct matrix_read *read)
{
	struct virtual_host *host = self;
	struct soreceive_msg call = *msg;
	struct soreceive_result result;

	read->result.bytes = 0;
	call.move = matrix_collect;
	call.arg = read;
	soreceive_msg(&host->so, &call, &result);
	assert(result.bytes == read->result.bytes);
	read->result = result;
	sbcheck(&host->so.so_rcv);
}

static int
virtual_set_rcvlowat(void *self, int64_t bytes)
{
	struct virtual_host *host = self;

	return so_set_rcvlowat(&host->so, bytes);
}

static bool
virtual_poll(void *self)
{
	struct virtual_host *host = self;

	return soreadable(&host->so);
}

static bool
virtual_kevent(void *self, struct so_kevent *kev)
{
	struct virtual_host *host = self;

	return so_kqread(&host->so, 0, kev);
}

static void
virtual_shutdown(void *self)
{
	struct virtual_host *host = self;

	act(host, socantrcvmore(&host->so));
}

static void
virtual_destroy(void *self)
{
	struct virtual_host *host = self;

	while (workq_get(&host->wq) != NULL)
		so_rele(&host->so);
	so_close(&host->so);
	sbcheck(&host->so.so_rcv);
	so_fini(&host->so);
	aead_pool_destroy(host->aead);
	mbuf_pool_destroy(host->pool);
	free(host);
}

void
matrix_virtual_create(struct matrix_executor *x,
		      const struct engine_policy *policy)
{
	struct virtual_host *host = calloc(1, sizeof(*host));

	assert(host != NULL);
	host->pool = mbuf_pool_create(0);
	host->aead = aead_pool_create(2);
	assert(host->pool != NULL && host->aead != NULL);
	workq_init(&host->wq);
	so_init(&host->so, host->pool, HIWAT);
	if (policy != NULL)
		host->so.so_policy = policy;
	*x = (struct matrix_executor){
	    .self = host,
	    .enable = virtual_enable,
	    .listen = virtual_listen,
	    .feed = virtual_feed,
	    .run = virtual_run,
	    .receive = virtual_receive,
	    .set_rcvlowat = virtual_set_rcvlowat,
	    .poll = virtual_poll,
	    .kevent = virtual_kevent,
	    .shutdown = virtual_shutdown,
	    .destroy = virtual_destroy,
	};
}
