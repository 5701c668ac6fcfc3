/*
 * worker_bench.c - a TLS worker on a real thread against raw EVP.
 *
 * The input is queued beforehand: the thread executor is held back while the
 * library is fed segments of 1448 bytes; then the workers alone are let go, and
 * the readers drain after the timed part.  So it goes round after round on one
 * connection, and in between raw EVP opens the same records in contiguous
 * memory.  Then two workers on two CPUs with a stream each against one.
 *
 * What is compared is work on bytes that were written just before, by the same
 * CPU, and that are few enough to be still in its cache on either side.  Times
 * are of the wall; the workers' are their own stamps.  A round is too short for
 * other load to meet many of them, and the median of the rounds' ratios counts.
 * Exit status 1: a bar was missed.
 *
 * usage: worker_bench [ROW]      only rows whose name contains this
 */
#define _GNU_SOURCE 1 /* SCHED_IDLE */

#include <inttypes.h>
#include <math.h>
#include <openssl/evp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/mbuf.h"
#include "sim/ktlsim.h"
#include "sim/ktlsim_internal.h"
#include "sim/thread_exec.h"
#include "tests/support/packet.h"
#include "tests/support/tls_seal.h"

enum {
	ROUNDS = 201,
	MSS = 1448,
	BATCH_BYTES = 256 << 10, /* of plaintext, queued at a time */
	PAIR_BYTES = 1024 << 10, /* ... where two workers are compared */
	FIRST_SEQ = 1,
	LINK_ETHERNET = 1,
	FIRST_PORT = 40000,
	PORTS = 64, /* to choose from, for one stream per worker */
};

#define RATIO_LARGE_MIN 0.8
#define RATIO_SMALL_MIN 0.6
#define RATIO_PAIR_MIN	1.7

/* One row of the table. */
struct load {
	const char *name;
	uint16_t suite;
	enum tls_cipher cipher;
	uint8_t key_len;
	uint32_t plain_bytes; /* of one record */
	double bar;
};

/* A connection's sender: the records of one round after the other. */
struct stream {
	const struct load *load;
	struct ktls_key key;
	uint16_t port;
	uint32_t worker;  /* its number */
	uint32_t records; /* of a round */
	uint64_t first;	  /* number of the round's first record */
	uint64_t offset;  /* of its first byte */
	uint8_t *plain;
	uint8_t *wire; /* one record, and what the one before left */
};

static void
die(const char *what)
{
	fprintf(stderr, "worker_bench: %s\n", what);
	exit(EXIT_FAILURE);
}

static void
bind_this_thread(uint32_t cpu)
{
	if (!thread_bind(pthread_self(), cpu))
		die("cannot bind this thread");
}

static double
clock_s(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

static int
judge(const char *what, double value, double bar)
{
	bool ok = value >= bar;

	printf("%-52s %8.2f  bar >= %.2f  %s\n", what, value, bar,
	       ok ? "ok" : "MISSED");
	return !ok;
}

static void
stream_init(struct stream *stream, const struct load *load, uint32_t bytes)
{
	size_t record = load->plain_bytes + TLS_SEAL_OVERHEAD;

	*stream = (struct stream){
	    .load = load,
	    .records = bytes / load->plain_bytes,
	    .plain = calloc(1, load->plain_bytes),
	    .wire = malloc(record + MSS),
	};
	if (stream->plain == NULL || stream->wire == NULL)
		die("no memory for the records");
	tls_seal_key(&stream->key, TLS_1_3, load->cipher, load->key_len, 1);
}

static void
stream_fini(struct stream *stream)
{
	free(stream->plain);
	free(stream->wire);
}

/* Record i of the round; returns its bytes. */
static size_t
seal(const struct stream *stream, uint32_t i, uint8_t *out)
{
	uint32_t bytes = stream->load->plain_bytes;

	memset(stream->plain, (int)(i & 0xff), bytes);
	return tls_seal_data(&stream->key, stream->first + i, stream->plain,
			     bytes, out);
}

static const EVP_CIPHER *
load_cipher(const struct load *load)
{
	if (load->cipher == TLS_CIPHER_CHACHA20_POLY1305)
		return EVP_chacha20_poly1305();
	return load->key_len == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
}

static EVP_CIPHER_CTX *
create_evp(const struct stream *stream)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();

	if (c == NULL || !EVP_DecryptInit_ex(c, load_cipher(stream->load), NULL,
					     stream->key.key, stream->key.iv))
		die("no memory for the reference");
	return c;
}

/*
 * A context that is keyed already opens each record of the round in place, in
 * contiguous memory to which it was just written.
 */
static double
time_evp(const struct stream *stream, EVP_CIPHER_CTX *c, uint8_t *bytes)
{
	uint8_t nonce[TLS_NONCE_BYTES], *at = bytes;
	double start;
	int text = (int)stream->load->plain_bytes + 1, len;
	bool ok = true;

	for (uint32_t i = 0; i < stream->records; i++)
		at += seal(stream, i, at);
	at = bytes;
	start = clock_s(CLOCK_MONOTONIC);
	for (uint32_t i = 0; i < stream->records; i++) {
		memcpy(nonce, stream->key.iv, sizeof(nonce));
		for (int k = 0; k < 8; k++)
			nonce[11 - k] ^=
			    (uint8_t)((stream->first + i) >> (8 * k));
		ok = ok && EVP_DecryptInit_ex(c, NULL, NULL, NULL, nonce) &&
		     EVP_DecryptUpdate(c, NULL, &len, at, 5) &&
		     EVP_DecryptUpdate(c, at + 5, &len, at + 5, text) &&
		     EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 16,
					 at + 5 + text) &&
		     EVP_DecryptFinal_ex(c, at + 5 + text, &len) > 0;
		at += 5 + text + 16;
	}
	start = clock_s(CLOCK_MONOTONIC) - start;
	if (!ok)
		die("the reference does not open its records");
	return start;
}

static struct ktlsim *
create_sim(const char *workers)
{
	const char *const keys[][2] = {
	    {"run.executor", "threads"},   {"run.readers", "1"},
	    {"run.backlog", "0"},	   {"ktls.workers", workers},
	    {"ktls.bind", "cpu"},	   {"replay.receiver", "server"},
	    {"replay.checksum", "ignore"}, {"report.app_sha256", "off"},
	};
	struct ktlsim_config *config = ktlsim_config_create();
	struct ktlsim *sim = NULL;
	int error = config == NULL;

	for (size_t i = 0; error == 0 && i < sizeof(keys) / sizeof(*keys); i++)
		error = ktlsim_config_set(config, keys[i][0], keys[i][1], NULL);
	if (error != 0 || ktlsim_create(&sim, config, NULL) != 0)
		die("cannot set up the simulation");
	ktlsim_config_destroy(config);
	return sim;
}

/* A connection to the stream's worker. */
static void
add_flow(struct ktlsim *sim, struct stream *stream)
{
	char client[32];
	const struct ktlsim_flow flow = {
	    .size = sizeof(flow),
	    .client = client,
	    .server = "10.0.0.2:443",
	    .direction = KTLSIM_CLIENT_TO_SERVER,
	    .tls_version = 0x0304,
	    .cipher_suite = stream->load->suite,
	    .key = stream->key.key,
	    .iv = stream->key.iv,
	    .tcp_seq = FIRST_SEQ,
	};

	for (uint32_t i = 0; i < PORTS; i++) {
		stream->port = (uint16_t)(FIRST_PORT + sim->conn_count);
		snprintf(client, sizeof(client), "10.0.0.1:%" PRIu16,
			 stream->port);
		if (ktlsim_add_flow(sim, &flow, NULL) != 0)
			die("cannot declare a flow");
		if (sim->conn[sim->conn_count - 1]->endpoint[0].worker->id ==
		    stream->worker)
			return;
	}
	die("no port leads to the worker");
}

static void
inject(struct ktlsim *sim, struct stream *stream, const uint8_t *payload,
       uint32_t len)
{
	uint8_t bytes[2048];
	struct packet packet;
	struct ktlsim_frame frame = {
	    .size = sizeof(frame), .data = bytes, .link_type = LINK_ETHERNET};

	packet_init(&packet);
	packet.sport = stream->port;
	packet.th_seq = (uint32_t)(FIRST_SEQ + stream->offset);
	packet.payload = payload;
	packet.payload_len = len;
	packet.checksum = PACKET_SUM_PARTIAL; /* ignored, and made sooner */
	frame.captured_len =
	    (uint32_t)packet_build(&packet, bytes, sizeof(bytes));
	frame.wire_len = frame.captured_len;
	if (ktlsim_inject(sim, &frame, NULL) != 0)
		die("cannot inject a frame");
	stream->offset += len;
}

/*
 * A round of records in segments.  One is sealed after the other, so that all
 * the memory that is touched meanwhile is that of the socket's mbufs.
 */
static void
feed(struct ktlsim *sim, struct stream *stream)
{
	size_t held = 0;

	for (uint32_t i = 0; i < stream->records; i++) {
		size_t whole, bytes = held;

		bytes += seal(stream, i, stream->wire + held);
		held = i + 1 < stream->records ? bytes % MSS : 0;
		whole = bytes - held;
		for (size_t off = 0; off < whole; off += MSS)
			inject(
			    sim, stream, stream->wire + off,
			    (uint32_t)(whole - off < MSS ? whole - off : MSS));
		memmove(stream->wire, stream->wire + whole, held);
	}
}

/*
 * Sleep until the worker does.  Seldom looking leaves the CPU to the worker,
 * and no time is taken from when the wait ends.
 */
static void
wait_for(struct worker_thread *worker)
{
	const struct timespec pause = {.tv_nsec = 2000000};

	do
		nanosleep(&pause, NULL);
	while (!worker_thread_idle(worker));
}

static const struct endpoint *
endpoint_of(struct ktlsim *sim, const struct stream *stream)
{
	return &sim->conn[stream->port - FIRST_PORT]->endpoint[0];
}

/* Every record must have been opened. */
static void
check_stream(struct ktlsim *sim, const struct stream *stream)
{
	const struct endpoint *ep = endpoint_of(sim, stream);

	if (ep->counts.app_records != stream->first || ep->counts.errors != 0)
		die("records are missing");
}

static const struct record_stamp *
stamp_of(struct ktlsim *sim, const struct stream *stream, uint32_t index)
{
	const struct stamps *stamps = &endpoint_of(sim, stream)->stamps;

	if (stamps->record_count != stream->records)
		die("records are missing");
	return stamps_record(stamps, index);
}

/* A time in which all streams are worked on, and the records opened in it. */
struct span {
	sim_time begin, end; /* none where it does not end behind its begin */
	uint32_t records;
};

/*
 * Without the time before the last worker has begun with its first record, so
 * that waking up does not count, nor that in which only one is left.
 */
static struct span
common_span(struct ktlsim *sim, const struct stream *streams, unsigned count)
{
	struct span span = {.end = UINT64_MAX};

	for (unsigned i = 0; i < count; i++) {
		const struct stream *s = &streams[i];
		sim_time begin = stamp_of(sim, s, 0)->begin_ps;
		sim_time end = stamp_of(sim, s, s->records - 1)->decrypted_ps;

		span.begin = begin > span.begin ? begin : span.begin;
		span.end = end < span.end ? end : span.end;
	}
	for (unsigned i = 0; i < count; i++)
		for (uint32_t k = 0; k < streams[i].records; k++) {
			sim_time at =
			    stamp_of(sim, &streams[i], k)->decrypted_ps;

			span.records += at > span.begin && at <= span.end;
		}
	return span;
}

/*
 * Seconds per record while the workers, one per stream, open a round of each.
 * Infinite where they were hardly at work together.
 */
static double
time_record(struct ktlsim *sim, struct stream *streams, unsigned count)
{
	struct span span;
	uint32_t all = 0;

	exec_threads_hold(sim, true, true);
	for (unsigned i = 0; i < count; i++)
		feed(sim, &streams[i]);
	exec_threads_hold(sim, false, true);
	for (unsigned i = 0; i < count; i++)
		wait_for(&sim->threads->worker[0][streams[i].worker]);
	span = common_span(sim, streams, count);
	for (unsigned i = 0; i < count; i++) {
		all += streams[i].records;
		streams[i].first += streams[i].records;
	}
	exec_threads_hold(sim, false, false);
	if (ktlsim_run_until(sim, KTLSIM_NEVER) != 0)
		die("the run failed");
	if (span.end <= span.begin || 2 * span.records < all)
		return INFINITY;
	return (double)(span.end - span.begin) / 1e12 / span.records;
}

static int
bench_load(const struct load *load)
{
	double evp[ROUNDS], worker[ROUNDS], ratio[ROUNDS];
	struct ktlsim *sim = create_sim("1");
	struct stream stream;
	uint8_t *bytes;
	EVP_CIPHER_CTX *c;

	stream_init(&stream, load, BATCH_BYTES);
	bytes = malloc(stream.records *
		       (load->plain_bytes + (size_t)TLS_SEAL_OVERHEAD));
	if (bytes == NULL)
		die("no memory for the reference");
	c = create_evp(&stream);
	add_flow(sim, &stream);
	for (int i = 0; i < ROUNDS; i++) {
		evp[i] = time_evp(&stream, c, bytes);
		worker[i] =
		    time_record(sim, &stream, 1) * (double)stream.records;
		ratio[i] = evp[i] / worker[i];
	}
	check_stream(sim, &stream);
	printf("%s: %.0f MB/s by a worker, %.0f MB/s by raw EVP\n", load->name,
	       BATCH_BYTES / median(worker, ROUNDS) / 1e6,
	       BATCH_BYTES / median(evp, ROUNDS) / 1e6);
	EVP_CIPHER_CTX_free(c);
	free(bytes);
	stream_fini(&stream);
	ktlsim_destroy(sim);
	return judge(load->name, median(ratio, ROUNDS), load->bar);
}

/*
 * Keeps a CPU from falling asleep, at the lowest priority there is: a
 * virtual CPU that has just been woken up is slow at first.
 */
struct idler {
	pthread_t thread;
	atomic_bool stop;
};

static void *
idler_main(void *arg)
{
	struct idler *self = arg;
	const struct sched_param param = {0};

	if (pthread_setschedparam(pthread_self(), SCHED_IDLE, &param) != 0)
		return NULL;
	while (!atomic_load_explicit(&self->stop, memory_order_relaxed))
		;
	return NULL;
}

/* One per worker's CPU. */
static void
idlers_start(struct idler idler[2])
{
	for (uint32_t i = 0; i < 2; i++) {
		atomic_init(&idler[i].stop, false);
		if (pthread_create(&idler[i].thread, NULL, idler_main,
				   &idler[i]) != 0 ||
		    !thread_bind(idler[i].thread, i))
			die("cannot keep the CPUs awake");
	}
}

static void
idlers_stop(struct idler idler[2])
{
	for (int i = 0; i < 2; i++) {
		atomic_store(&idler[i].stop, true);
		pthread_join(idler[i].thread, NULL);
	}
}

/*
 * Both workers against either alone, in turn: what they read was written on the
 * CPU of one of them, which is faster than the other for that.
 */
static int
bench_pair(const struct load *load)
{
	struct ktlsim *sim = create_sim("2");
	struct stream streams[2];
	double one[ROUNDS], both[ROUNDS], ratio[ROUNDS];
	const double mb = load->plain_bytes / 1e6;
	struct idler idler[2];

	for (uint32_t i = 0; i < 2; i++) {
		stream_init(&streams[i], load, PAIR_BYTES);
		streams[i].worker = i;
		add_flow(sim, &streams[i]);
	}
	/* Threads inherit the CPUs of their maker: they are made first. */
	exec_threads_hold(sim, false, false);
	idlers_start(idler);
	/*
	 * The workers are let go one after the other.  The second is that of
	 * this CPU, so that it takes it over when both are.
	 */
	bind_this_thread(1);
	for (int i = 0; i < ROUNDS; i++) {
		double alone[2] = {time_record(sim, &streams[0], 1),
				   time_record(sim, &streams[1], 1)};

		both[i] = 1 / time_record(sim, streams, 2);
		one[i] = (1 / alone[0] + 1 / alone[1]) / 2;
		ratio[i] = both[i] / one[i];
	}
	idlers_stop(idler);
	printf("%.0f MB/s by one worker, %.0f MB/s by two\n",
	       mb * median(one, ROUNDS), mb * median(both, ROUNDS));
	for (int i = 0; i < 2; i++) {
		check_stream(sim, &streams[i]);
		stream_fini(&streams[i]);
	}
	ktlsim_destroy(sim);
	return judge("two workers against one", median(ratio, ROUNDS),
		     RATIO_PAIR_MIN);
}

int
main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : "";
	static const struct load loads[] = {
	    {.name = "16 KiB records, AES-128-GCM, against EVP",
	     .suite = 0x1301,
	     .cipher = TLS_CIPHER_AES_GCM,
	     .key_len = 16,
	     .plain_bytes = 16384,
	     .bar = RATIO_LARGE_MIN},
	    {.name = "16 KiB records, AES-256-GCM, against EVP",
	     .suite = 0x1302,
	     .cipher = TLS_CIPHER_AES_GCM,
	     .key_len = 32,
	     .plain_bytes = 16384,
	     .bar = RATIO_LARGE_MIN},
	    {.name = "16 KiB records, ChaCha20-Poly1305, against EVP",
	     .suite = 0x1303,
	     .cipher = TLS_CIPHER_CHACHA20_POLY1305,
	     .key_len = 32,
	     .plain_bytes = 16384,
	     .bar = RATIO_LARGE_MIN},
	    {.name = "1.4 KiB records, AES-128-GCM, against EVP",
	     .suite = 0x1301,
	     .cipher = TLS_CIPHER_AES_GCM,
	     .key_len = 16,
	     .plain_bytes = 1434,
	     .bar = RATIO_SMALL_MIN},
	    {.name = "1.4 KiB records, AES-256-GCM, against EVP",
	     .suite = 0x1302,
	     .cipher = TLS_CIPHER_AES_GCM,
	     .key_len = 32,
	     .plain_bytes = 1434,
	     .bar = RATIO_SMALL_MIN},
	    {.name = "1.4 KiB records, ChaCha20-Poly1305, against EVP",
	     .suite = 0x1303,
	     .cipher = TLS_CIPHER_CHACHA20_POLY1305,
	     .key_len = 32,
	     .plain_bytes = 1434,
	     .bar = RATIO_SMALL_MIN},
	};
	int missed = 0;

	/* Threads inherit the CPUs of their maker: the pair comes first. */
	if (strstr("two workers", only) != NULL)
		missed += bench_pair(&loads[0]);
	bind_this_thread(0);
	for (size_t i = 0; i < sizeof(loads) / sizeof(*loads); i++)
		if (strstr(loads[i].name, only) != NULL)
			missed += bench_load(&loads[i]);
	return missed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
