/*
 * thread_storm.c - everything at once on the thread executor, at random times.
 *
 * Used by test_exec_storm.c and by canary_race.c, which has a lock removed.
 * Each plaintext byte of a connection is a function of its number alone, so
 * that whatever is delivered can be recognised without keeping it; a flush
 * makes holes, and the bytes behind one are still those of some record.
 */
#include "tests/support/thread_storm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/mbuf.h"
#include "sim/ktlsim.h"
#include "sim/rng.h"
#include "sim/thread_exec.h"
#include "tests/support/packet.h"
#include "tests/support/tls_seal.h"

enum {
	ACTIVE = 6,    /* connections at a time */
	LIFE_MAX = 80, /* records of one */
	FLOWS_MAX = 20000,
	MSS = 1448,
	PLAIN_MAX = 6000,
	FIRST_SEQ = 1,
	FIRST_PORT = 40000,
	PAUSE_NS_MAX = 1000000,
	PURPOSE_FEED = 3000,
	PURPOSE_DISTURB = 3001,
};

/* The sending end of a connection. */
struct flow_sender {
	struct ktls_key key;
	uint16_t port;
	uint64_t record; /* number of the next one */
	uint32_t seq;	 /* of the next byte */
	uint32_t left;	 /* records until its end */
};

struct storm {
	struct thread_storm *of;
	struct ktlsim *sim;
	struct flow_sender *flow;
	uint32_t flows; /* declared, all before the start */
	uint32_t begun; /* active, or over */
	atomic_uint active[ACTIVE];
	pthread_barrier_t start;
	struct mbuf_pool *pool; /* of the disturber */
	atomic_bool over;
	uint64_t draws[2];
};

static void
die(const char *what)
{
	fprintf(stderr, "thread_storm: %s\n", what);
	exit(EXIT_FAILURE);
}

/* A number below `below`, of the feeder or of the disturber. */
static uint32_t
draw(struct storm *storm, unsigned who, uint32_t below)
{
	return (uint32_t)(rng_u64(storm->of->seed, PURPOSE_FEED + who, 0,
				  storm->draws[who]++) %
			  below);
}

/* One byte value per connection: recognisable wherever it turns up. */
static uint8_t
byte_of(uint32_t flow)
{
	return (uint8_t)(0x31 + 7 * flow);
}

static void
check_data(void *arg, uint32_t flow, enum ktlsim_direction direction,
	   const uint8_t *bytes, size_t len)
{
	struct thread_storm *of = arg;

	(void)direction;
	of->bytes += len;
	for (size_t i = 0; i < len; i++)
		of->bad_bytes += bytes[i] != byte_of(flow);
}

static void
create_sim(struct storm *storm)
{
	const char *const keys[][2] = {
	    {"run.executor", "threads"},   {"run.readers", "3"},
	    {"run.backlog", "64KiB"},	   {"ktls.workers", "3"},
	    {"replay.receiver", "server"}, {"replay.checksum", "ignore"},
	};
	struct ktlsim_config *config = ktlsim_config_create();
	int error = config == NULL;

	for (size_t i = 0; error == 0 && i < sizeof(keys) / sizeof(*keys); i++)
		error = ktlsim_config_set(config, keys[i][0], keys[i][1], NULL);
	if (error != 0 || ktlsim_create(&storm->sim, config, NULL) != 0)
		die("cannot create a simulation");
	ktlsim_config_destroy(config);
	ktlsim_on_data(storm->sim, check_data, storm->of);
}

static void
add_flow(struct storm *storm, uint32_t number)
{
	struct flow_sender *sender = &storm->flow[number];
	bool chacha = number % 2 != 0;
	char client[32];
	struct ktlsim_flow flow = {
	    .size = sizeof(flow),
	    .client = client,
	    .server = "10.0.0.2:443",
	    .direction = KTLSIM_CLIENT_TO_SERVER,
	    .tls_version = 0x0304,
	    .cipher_suite = chacha ? 0x1303 : 0x1301,
	    .tcp_seq = FIRST_SEQ,
	};

	*sender = (struct flow_sender){.port = (uint16_t)(FIRST_PORT + number),
				       .seq = FIRST_SEQ,
				       .left = 1 + draw(storm, 0, LIFE_MAX)};
	tls_seal_key(&sender->key, TLS_1_3,
		     chacha ? TLS_CIPHER_CHACHA20_POLY1305 : TLS_CIPHER_AES_GCM,
		     chacha ? 32 : 16, (uint8_t)(number + 1));
	flow.key = sender->key.key;
	flow.iv = sender->key.iv;
	snprintf(client, sizeof(client), "10.0.0.1:%" PRIu16, sender->port);
	if (ktlsim_add_flow(storm->sim, &flow, NULL) != 0)
		die("cannot declare a flow");
}

static void
send_segment(struct storm *storm, struct flow_sender *sender, uint8_t flags,
	     const uint8_t *bytes, uint32_t len)
{
	uint8_t frame_bytes[2048];
	struct packet packet;
	struct ktlsim_frame frame = {
	    .size = sizeof(frame), .data = frame_bytes, .link_type = 1};

	packet_init(&packet);
	packet.sport = sender->port;
	packet.th_seq = sender->seq;
	packet.th_flags = flags;
	packet.payload = bytes;
	packet.payload_len = len;
	frame.captured_len =
	    (uint32_t)packet_build(&packet, frame_bytes, sizeof(frame_bytes));
	frame.wire_len = frame.captured_len;
	if (ktlsim_inject(storm->sim, &frame, NULL) != 0)
		die("cannot inject a frame");
	sender->seq += len;
}

static void
send_record(struct storm *storm, uint32_t number)
{
	static uint8_t plain[PLAIN_MAX], wire[PLAIN_MAX + TLS_SEAL_OVERHEAD];
	struct flow_sender *sender = &storm->flow[number];
	uint32_t len = draw(storm, 0, PLAIN_MAX), wire_len;

	memset(plain, byte_of(number), len);
	wire_len = (uint32_t)tls_seal_data(&sender->key, sender->record++,
					   plain, len, wire);
	switch (draw(storm, 0, 200)) {
	case 0: /* it does not open */
		wire[wire_len - 1] ^= 1;
		break;
	case 1: /* its header is not legal: the connection is dropped */
		wire[1] ^= 0x40;
		break;
	}
	for (uint32_t off = 0; off < wire_len; off += MSS)
		send_segment(storm, sender, TH_ACK, wire + off,
			     wire_len - off < MSS ? wire_len - off : MSS);
}

/* A connection ends, in one way or the other, and the next one begins. */
static void
replace(struct storm *storm, unsigned slot)
{
	static const uint8_t ends[] = {TH_FIN | TH_ACK, TH_RST, TH_ACK};
	struct flow_sender *sender =
	    &storm->flow[atomic_load(&storm->active[slot])];

	send_segment(storm, sender, ends[draw(storm, 0, 3)], NULL, 0);
	if (storm->begun == storm->flows)
		sender->left = LIFE_MAX;
	else
		atomic_store(&storm->active[slot], storm->begun++);
}

static void
feed(struct storm *storm)
{
	for (uint32_t i = 0; i < storm->of->records; i++) {
		unsigned slot = draw(storm, 0, ACTIVE);
		uint32_t number = atomic_load(&storm->active[slot]);

		send_record(storm, number);
		if (--storm->flow[number].left == 0)
			replace(storm, slot);
	}
}

/* What no step of the executor does, under the lock that it needs. */
static void
disturb_once(struct storm *storm)
{
	unsigned slot = draw(storm, 1, ACTIVE);
	uint32_t number = atomic_load(&storm->active[slot]);
	struct endpoint *ep = &storm->sim->conn[number]->endpoint[0];

	socket_lock(ep->exec, storm->pool);
	if (draw(storm, 1, 4) == 0)
		so_close(&ep->so);
	else
		sbflush(&ep->so.so_rcv);
	socket_unlock(ep->exec);
	storm->of->disturbed++;
}

static void *
disturber_main(void *arg)
{
	struct storm *storm = arg;

	pthread_barrier_wait(&storm->start);
	while (!atomic_load(&storm->over)) {
		const struct timespec pause = {
		    .tv_nsec = draw(storm, 1, PAUSE_NS_MAX)};

		nanosleep(&pause, NULL);
		disturb_once(storm);
	}
	return NULL;
}

/* Everybody has input, and nobody begins before all are there. */
static void
start_all(struct storm *storm, pthread_t *disturber)
{
	for (uint32_t i = 0; i < storm->flows; i++)
		add_flow(storm, i);
	exec_threads_hold(storm->sim, true, true);
	for (; storm->begun < ACTIVE; storm->begun++) {
		atomic_store(&storm->active[storm->begun], storm->begun);
		send_record(storm, storm->begun);
	}
	storm->pool = mbuf_pool_create_sibling(storm->sim->pool);
	if (storm->pool == NULL ||
	    pthread_barrier_init(&storm->start, NULL, 2) != 0 ||
	    (storm->of->disturb &&
	     pthread_create(disturber, NULL, disturber_main, storm) != 0))
		die("cannot start a thread");
	if (storm->of->disturb)
		pthread_barrier_wait(&storm->start);
	exec_threads_hold(storm->sim, false, false);
}

void
thread_storm_run(struct thread_storm *of)
{
	struct storm storm = {.of = of};
	pthread_t disturber;

	of->bytes = of->bad_bytes = of->disturbed = 0;
	storm.flows = ACTIVE + of->records / (LIFE_MAX / 2);
	if (storm.flows > FLOWS_MAX)
		storm.flows = FLOWS_MAX;
	storm.flow = calloc(storm.flows, sizeof(*storm.flow));
	if (storm.flow == NULL)
		die("no memory for the connections");
	create_sim(&storm);
	start_all(&storm, &disturber);
	feed(&storm);
	if (of->disturb) {
		atomic_store(&storm.over, true);
		pthread_join(disturber, NULL);
	}
	/* Now and then the end comes while all are at work. */
	if (draw(&storm, 0, 4) != 0) {
		ktlsim_run_until(storm.sim, KTLSIM_NEVER);
		if (ktlsim_finish(storm.sim, NULL) != 0 && !of->disturb)
			die("the books do not balance");
	}
	pthread_barrier_destroy(&storm.start);
	ktlsim_destroy(storm.sim);
	free(storm.flow);
}
