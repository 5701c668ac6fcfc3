/*
 * matrix_threads.c - the executor of real threads for acceptance matrices.
 *
 * The simulator's own: packets go through its TCP into a socket under that
 * socket's lock, and its TLS workers decrypt.  In the place of its readers
 * there is one thread that makes the matrix's receive calls.  A call that finds
 * nothing sleeps until the engine wakes it: a wake-up that is lost is an
 * EWOULDBLOCK that the matrix did not expect.  Once everything else is at rest
 * nothing more can come, and the call gives up.
 *
 * Left out: the TLS libraries and the books of results, which the simulator's
 * readers keep.
 */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mbuf.h"
#include "sim/ingress.h"
#include "sim/pipeline.h"
#include "sim/run.h"
#include "sim/thread_exec.h"
#include "tests/support/matrix_executor.h"

enum { WORKERS = 2, FIRST_SEQ = 1 };

/* Where a receive call is; each state is set by who is awake in the other. */
enum call_state { CALL_NONE, CALL_MADE, CALL_RETURNED, CALL_NEVER_AGAIN };

struct threads_host {
	struct exec_ops ops; /* the executor's, with our reader */
	struct ktlsim *sim;
	struct endpoint *ep;
	struct worker *worker;
	uint32_t th_seq; /* of the next byte */
	bool reader_first;

	pthread_t reader;
	struct mbuf_pool *pool; /* of the reader's thread */

	/* A leaf, as a list of readers is; it guards what follows. */
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	enum call_state state;
	const struct soreceive_msg *msg; /* of the call */
	struct matrix_read *read;
	bool asleep; /* within the call */
	bool woken;
	bool at_rest; /* nobody is left who could wake it */
	struct matrix_threads_books books;
};

static struct threads_host *
host_of(const struct endpoint *ep)
{
	const struct exec_ops *ops = ep->conn->sim->exec;

	return (struct threads_host *)((char *)(uintptr_t)ops -
				       offsetof(struct threads_host, ops));
}

static bool
is_worker(const struct threads_host *host, pthread_t thread)
{
	const struct worker_thread *workers = host->sim->threads->worker[0];

	for (uint32_t i = 0; i < WORKERS; i++)
		if (pthread_equal(workers[i].thread, thread))
			return true;
	return false;
}

/* ENGINE_WAKE_READER; who calls has the socket. */
static void
wake_reader(struct endpoint *ep, sim_time now)
{
	struct threads_host *host = host_of(ep);

	(void)now;
	pthread_mutex_lock(&host->mutex);
	host->woken = true;
	host->books.worker_wakes += is_worker(host, pthread_self());
	pthread_cond_broadcast(&host->changed);
	pthread_mutex_unlock(&host->mutex);
}

/* One look at the socket.  A wake-up from here on is for the next. */
static bool
receive_once(struct threads_host *host)
{
	struct soreceive_msg msg = *host->msg;
	struct soreceive_result result;

	msg.move = matrix_collect;
	msg.arg = host->read;
	host->read->result.bytes = 0;
	socket_lock(host->ep->exec, host->pool);
	pthread_mutex_lock(&host->mutex);
	host->woken = false;
	pthread_mutex_unlock(&host->mutex);
	soreceive_msg(&host->ep->so, &msg, &result);
	sbcheck(&host->ep->so.so_rcv);
	socket_unlock(host->ep->exec);
	assert(result.bytes == host->read->result.bytes);
	host->read->result = result;
	return result.error != EWOULDBLOCK;
}

/* Sleep until woken; false: that will not happen. */
static bool
sleep_in_call(struct threads_host *host)
{
	bool woken;

	pthread_mutex_lock(&host->mutex);
	host->books.sleeps++;
	host->asleep = true;
	pthread_cond_broadcast(&host->changed);
	while (!host->woken && !host->at_rest)
		pthread_cond_wait(&host->changed, &host->mutex);
	host->asleep = false;
	woken = host->woken;
	pthread_mutex_unlock(&host->mutex);
	return woken;
}

static void *
reader_main(void *arg)
{
	struct threads_host *host = arg;

	pthread_mutex_lock(&host->mutex);
	for (;;) {
		while (host->state == CALL_NONE || host->state == CALL_RETURNED)
			pthread_cond_wait(&host->changed, &host->mutex);
		if (host->state == CALL_NEVER_AGAIN)
			break;
		host->books.calls++;
		pthread_mutex_unlock(&host->mutex);
		while (!receive_once(host) && sleep_in_call(host))
			;
		pthread_mutex_lock(&host->mutex);
		host->state = CALL_RETURNED;
		pthread_cond_broadcast(&host->changed);
	}
	pthread_mutex_unlock(&host->mutex);
	return NULL;
}

static void
set_state(struct threads_host *host, enum call_state state)
{
	pthread_mutex_lock(&host->mutex);
	host->state = state;
	host->at_rest = false;
	pthread_cond_broadcast(&host->changed);
	pthread_mutex_unlock(&host->mutex);
}

/* Workers have done all there is, and their wake-ups have been delivered. */
static sim_time
rest(struct threads_host *host)
{
	sim_time now;

	exec_threads_hold(host->sim, false, false);
	now = host->sim->exec->rest(host->sim);
	exec_threads_hold(host->sim, host->reader_first, false);
	return now;
}

static void
threads_receive(void *self, const struct soreceive_msg *msg,
		struct matrix_read *read)
{
	struct threads_host *host = self;

	host->msg = msg;
	host->read = read;
	set_state(host, CALL_MADE);
	pthread_mutex_lock(&host->mutex);
	while (host->reader_first && !host->asleep &&
	       host->state != CALL_RETURNED)
		pthread_cond_wait(&host->changed, &host->mutex);
	pthread_mutex_unlock(&host->mutex);
	rest(host);
	pthread_mutex_lock(&host->mutex);
	host->at_rest = true;
	pthread_cond_broadcast(&host->changed);
	while (host->state != CALL_RETURNED)
		pthread_cond_wait(&host->changed, &host->mutex);
	pthread_mutex_unlock(&host->mutex);
}

static void
lock(struct threads_host *host)
{
	socket_lock(host->ep->exec, host->sim->pool);
}

static void
unlock(struct threads_host *host)
{
	sbcheck(&host->ep->so.so_rcv);
	socket_unlock(host->ep->exec);
}

/* What endpoint_install does, for any arguments. */
static int
threads_enable(void *self, const struct tls_enable *en)
{
	struct threads_host *host = self;
	struct endpoint *ep = host->ep;
	const struct ktls_enable_env env = {
	    .tls_enable = true,
	    .cbc_enable = true,
	    .crypto = KTLS_CRYPTO_REAL,
	    .aead = host->worker->aead,
	    .wq_index = host->worker->id,
	};
	sim_time now = rest(host);
	unsigned effects = 0;
	int error;

	lock(host);
	error = ktls_enable_rx(&ep->so, en, &env, &effects);
	ep->keyed = ep->real = error == 0;
	ep->worker = error == 0 ? host->worker : NULL;
	endpoint_act(ep, effects, now);
	unlock(host);
	return error;
}

static int
threads_listen(void *self)
{
	struct threads_host *host = self;
	int error;

	lock(host);
	error = so_listen(&host->ep->so);
	unlock(host);
	return error;
}

/* A packet arrives: the feeder's way, through TCP. */
static void
offer(struct threads_host *host, struct mbuf *m, uint8_t th_flags)
{
	m->m_pkthdr.flow = host->ep->conn->flow->id;
	m->m_pkthdr.receiver = (uint8_t)host->ep->direction;
	m->m_pkthdr.th_seq = host->th_seq;
	m->m_pkthdr.th_flags = th_flags;
	host->th_seq += m->m_pkthdr.len;
	host->sim->exec->offer(host->sim, m, 0);
}

static void
threads_feed(void *self, const uint8_t *bytes, size_t len, uint64_t fragment)
{
	struct threads_host *host = self;

	offer(host, matrix_packet(host->sim->pool, bytes, len, fragment),
	      TH_ACK);
}

static void
threads_shutdown(void *self)
{
	struct threads_host *host = self;

	offer(host, matrix_packet(host->sim->pool, NULL, 0, 0),
	      TH_FIN | TH_ACK);
}

static void
threads_run(void *self)
{
	(void)self;
}

static int
threads_set_rcvlowat(void *self, int64_t bytes)
{
	struct threads_host *host = self;
	int error;

	lock(host);
	error = so_set_rcvlowat(&host->ep->so, bytes);
	unlock(host);
	return error;
}

static bool
threads_poll(void *self)
{
	struct threads_host *host = self;
	bool readable;

	rest(host);
	lock(host);
	readable = soreadable(&host->ep->so);
	unlock(host);
	return readable;
}

static bool
threads_kevent(void *self, struct so_kevent *kev)
{
	struct threads_host *host = self;
	bool active;

	rest(host);
	lock(host);
	active = so_kqread(&host->ep->so, 0, kev);
	unlock(host);
	return active;
}

void
matrix_threads_books(const struct matrix_executor *x,
		     struct matrix_threads_books *books)
{
	struct threads_host *host = x->self;

	rest(host);
	pthread_mutex_lock(&host->mutex);
	*books = host->books;
	pthread_mutex_unlock(&host->mutex);
	lock(host);
	books->records = host->worker->records;
	unlock(host);
}

static void
threads_destroy(void *self)
{
	struct threads_host *host = self;

	rest(host);
	set_state(host, CALL_NEVER_AGAIN);
	pthread_join(host->reader, NULL);
	assert(host->sim->failure == 0);
	ktlsim_destroy(host->sim);
	pthread_cond_destroy(&host->changed);
	pthread_mutex_destroy(&host->mutex);
	free(host);
}

static void
create_sim(struct threads_host *host)
{
	const char *const keys[][2] = {
	    {"run.executor", "threads"},  {"run.readers", "1"},
	    {"ktls.workers", "2"},	  {"replay.receiver", "server"},
	    {"report.app_sha256", "off"},
	};
	struct ktlsim_config *config = ktlsim_config_create();
	int error = config == NULL;

	for (size_t i = 0; error == 0 && i < sizeof(keys) / sizeof(*keys); i++)
		error = ktlsim_config_set(config, keys[i][0], keys[i][1], NULL);
	assert(error == 0);
	error = ktlsim_create(&host->sim, config, NULL);
	assert(error == 0);
	ktlsim_config_destroy(config);
	host->ops = *host->sim->exec;
	host->ops.wake_reader = wake_reader;
	host->sim->exec = &host->ops;
}

/* A connection whose handshake nobody simulates. */
static void
create_socket(struct threads_host *host)
{
	const struct ktlsim_flow flow = {
	    .size = sizeof(flow),
	    .direction = KTLSIM_CLIENT_TO_SERVER,
	    .tcp_seq = FIRST_SEQ,
	};
	struct flow_endpoint client, server;
	bool parsed = flow_endpoint_parse("10.0.0.1:40000", &client) &&
		      flow_endpoint_parse("10.0.0.2:443", &server);
	int error;

	assert(parsed);
	error = ingress_declare(host->sim, &client, &server, &flow, &host->ep);
	assert(error == 0);
	host->th_seq = FIRST_SEQ;
	host->worker = &host->sim->host[0].worker[host->ep->flowid % WORKERS];
}

void
matrix_threads_create(struct matrix_executor *x, bool reader_first)
{
	struct threads_host *host = calloc(1, sizeof(*host));
	int error;

	assert(host != NULL);
	create_sim(host);
	create_socket(host);
	host->reader_first = reader_first;
	exec_threads_hold(host->sim, reader_first, false);
	host->pool = mbuf_pool_create_sibling(host->sim->pool);
	assert(host->pool != NULL);
	error = pthread_mutex_init(&host->mutex, NULL);
	assert(error == 0);
	error = pthread_cond_init(&host->changed, NULL);
	assert(error == 0);
	error = thread_start(&host->reader, reader_main, host);
	assert(error == 0);
	*x = (struct matrix_executor){
	    .self = host,
	    .enable = threads_enable,
	    .listen = threads_listen,
	    .feed = threads_feed,
	    .run = threads_run,
	    .receive = threads_receive,
	    .set_rcvlowat = threads_set_rcvlowat,
	    .poll = threads_poll,
	    .kevent = threads_kevent,
	    .shutdown = threads_shutdown,
	    .destroy = threads_destroy,
	};
}
