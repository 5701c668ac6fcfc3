/*
 * world.c - a script against the engine and against the flat model.
 *
 * Called per script: world_begin, world_step per line, world_end.  The model
 * knows records and bytes, and no mbufs; sbcheck recounts the socket buffer
 * after every step.  world_sender.c, world_worker.c and world_reader.c have the
 * operations of their sides, world_enable.c the keys, this file the socket's
 * life and the comparison.
 *
 * Left out: a session that goes on as a model where a capture lacks bytes
 * (ktls_rx_forgo), whose plaintext would be ciphertext.
 */
#include "tests/property/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/effects.h"
#include "engine/mbuf.h"
#include "tests/property/world_state.h"

enum { HIWAT = 65536, SMALL_HIWAT = 1200, DRAIN_STEPS = 4000 };

struct world world;

struct suite {
	enum tls_version version;
	enum tls_cipher cipher;
	uint8_t key_len;
	enum tls_hash mac; /* CBC only */
};

static const struct suite suites[] = {
    {TLS_1_2, TLS_CIPHER_AES_GCM, 16, TLS_HASH_NONE},
    {TLS_1_2, TLS_CIPHER_AES_GCM, 32, TLS_HASH_NONE},
    {TLS_1_3, TLS_CIPHER_AES_GCM, 16, TLS_HASH_NONE},
    {TLS_1_3, TLS_CIPHER_AES_GCM, 32, TLS_HASH_NONE},
    {TLS_1_3, TLS_CIPHER_CHACHA20_POLY1305, 32, TLS_HASH_NONE},
    {TLS_1_2, TLS_CIPHER_CHACHA20_POLY1305, 32, TLS_HASH_NONE},
    {TLS_1_2, TLS_CIPHER_AES_CBC, 16, TLS_HASH_SHA1},
    {TLS_1_2, TLS_CIPHER_AES_CBC, 32, TLS_HASH_SHA256},
    {TLS_1_1, TLS_CIPHER_AES_CBC, 16, TLS_HASH_SHA1},
};

void
world_fail(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
	abort();
}

struct item *
queue_first(struct queue *q)
{
	MUST(q->count > 0);
	return &q->items[q->head % QUEUE_MAX];
}

struct item
queue_take(struct queue *q)
{
	struct item item = *queue_first(q);

	q->head++;
	q->count--;
	return item;
}

void
queue_put(struct queue *q, struct item item)
{
	MUST(q->count < QUEUE_MAX);
	q->items[(q->head + q->count++) % QUEUE_MAX] = item;
}

struct ktls_key
world_key(unsigned number)
{
	struct ktls_key key =
	    rx_key(world.version, world.cipher, world.key_len, (uint8_t)number);

	if (world.cipher != TLS_CIPHER_AES_CBC)
		return key;
	key.iv_len = 0;
	key.mac = world.mac;
	key.mac_key_len = (uint8_t)tls_hash_bytes(world.mac);
	memset(key.mac_key, (int)number, key.mac_key_len);
	return key;
}

bool
world_head_blind(void)
{
	return world.sent.count > 0 && world.fed >= TLS_HEADER_BYTES &&
	       queue_first(&world.sent)->blind;
}

bool
world_head_complete(void)
{
	return world.sent.count > 0 &&
	       world.fed >= queue_first(&world.sent)->wire_len;
}

void
world_forget_stream(void)
{
	world.sent.count = 0;
	world.made = world.fed = 0;
	world.broken = world.unreadable = false;
}

unsigned
world_drop(int error)
{
	unsigned effects = world.dropped ? 0 : ENGINE_DROP;

	world.dropped = true;
	if (!world.stuck)
		world.error = error;
	world.ended = true;
	return effects | ENGINE_WAKE_READER | world_check();
}

/* What the policy has against the head as soon as its header is there. */
static unsigned
refuse_on_arrival(void)
{
	const struct item *item;
	int error;

	if (world.dropped || world.fed < TLS_HEADER_BYTES || world_head_blind())
		return 0;
	item = queue_first(&world.sent);
	error = item->head_error;
	if (world.policy.header_check == ENGINE_HEADER_ARRIVAL && error != 0) {
		world_forget_stream();
		return ENGINE_COUNT_CORRUPTED | world_drop(error);
	}
	if (!world.policy.window_enforced || world.fed >= item->wire_len ||
	    item->wire_len <= world.room)
		return 0;
	world_forget_stream();
	return ENGINE_COUNT_TOO_LARGE | world_drop(EMSGSIZE);
}

unsigned
world_check(void)
{
	unsigned effects;

	if (!world.enabled || world.stuck)
		return 0;
	effects = refuse_on_arrival();
	if (effects != 0)
		return effects;
	if (world.worker != WORKER_IDLE)
		return 0;
	if (world.unreadable)
		return world.ended && !world.waits ? ENGINE_WAKE_READER : 0;
	if (world_head_complete() || world_head_blind()) {
		if (world.waits)
			return 0;
		world.worker = WORKER_READY;
		return ENGINE_QUEUE_WORK;
	}
	if (!world.ended || world.fed == 0)
		return 0;
	world_forget_stream();
	if (!world.dropped)
		world.error = EMSGSIZE;
	return ENGINE_WAKE_READER;
}

void
world_effects(unsigned got, unsigned expected)
{
	MUST(got == expected);
	if (got & ENGINE_QUEUE_WORK) {
		so_hold(&world.fx.so);
		world.refs++;
	}
}

void
world_release(void)
{
	bool last = so_rele(&world.fx.so);

	world.refs--;
	MUST(last == (world.refs == 0));
	world.gone = world.fx.gone = last;
}

/* Everything that is queued is lost. */
static void
forget_all(void)
{
	world_forget_stream();
	world.plain.count = 0;
	world.owned = false;
}

static void
lowat(int64_t bytes)
{
	MUST(so_set_rcvlowat(&world.fx.so, bytes) == (bytes < 1 ? EINVAL : 0));
	if (bytes >= 1)
		world.lowat =
		    bytes < world.hiwat ? (uint32_t)bytes : world.hiwat;
}

/* FreeBSD sbrelease, at once or when the reader leaves. */
static void
release_buffer(void)
{
	world.flush_wanted = false;
	world.hiwat = 0;
	world.room = world.policy.recvbuf_max;
	forget_all();
}

void
world_toggle_lock(void)
{
	if (!world.locked) {
		MUST(so_io_lock(&world.fx.so));
		MUST(!so_io_lock(&world.fx.so));
	} else {
		so_io_unlock(&world.fx.so);
	}
	world.locked = !world.locked;
	if (!world.locked && world.flush_wanted)
		release_buffer();
}

static void
lock(void)
{
	if (world.wanted == 0)
		world_toggle_lock();
}

/* Not under a reader that has half a record. */
static void
flush(void)
{
	if (world.wanted > 0)
		return;
	sbflush(&world.fx.so.so_rcv);
	forget_all();
	sender_restart();
}

static void
fin(void)
{
	unsigned effects;

	world.ended = true;
	effects = ENGINE_WAKE_READER | world_check();
	world_effects(socantrcvmore(&world.fx.so), effects);
}

static void
shut(void)
{
	unsigned effects;

	world.ended = true;
	effects = ENGINE_WAKE_READER | world_check();
	world_effects(so_shutdown(&world.fx.so), effects);
	if (world.locked)
		world.flush_wanted = true;
	else
		release_buffer();
}

static void
drop(void)
{
	unsigned effects = world_drop(ECONNRESET);

	world_effects(so_drop(&world.fx.so, ECONNRESET), effects);
}

static void
close_socket(void)
{
	if (world.locked)
		return;
	so_close(&world.fx.so);
	world.ended = true;
	world.closed = true;
	forget_all();
	world_release();
}

static void
work(const struct op *op)
{
	uint32_t steps = op->arg[0] < 5 ? 1 : op->arg[0];
	unsigned fail = op->arg[1] < 3 ? op->arg[1] + 1 : 0;

	for (uint32_t i = 0; i < steps && !world.gone; i++) {
		worker_step(fail);
		if (!world.gone)
			sbcheck(&world.fx.so.so_rcv);
	}
}

/* What poll and kqueue say. */
static void
check_readiness(uint32_t acc, uint32_t payload)
{
	struct so_kevent kev;
	bool news = acc >= world.lowat || world.error != 0;

	MUST(soreadable(&world.fx.so) == (news || world.ended));
	MUST(so_kqread(&world.fx.so, 0, &kev) == (news || world.ended));
	MUST(kev.data == payload && kev.eof == world.ended);
	MUST(!kev.eof || kev.fflags == world.error);
}

static void
check_counters(void)
{
	const struct ktls_rx_counters *c = &world.fx.counters;

	if (world.worker == WORKER_OPENED)
		return;
	MUST(c->tls12_gcm_recrypts + c->tls13_gcm_recrypts == world.recrypts);
	MUST(c->tls12_gcm_decrypts + c->tls12_chacha20_decrypts +
		 c->tls13_gcm_decrypts + c->tls13_chacha20_decrypts +
		 c->tls11_cbc_decrypts ==
	     world.decrypts);
	MUST(c->failed_crypto == world.failed);
}

static void
check(void)
{
	const struct sockbuf *sb = &world.fx.so.so_rcv;
	bool running = (sb->sb_flags & SB_TLS_RX_RUNNING) != 0;
	bool unreadable = (sb->sb_flags & SB_TLS_RX_UNREADABLE) != 0;
	uint32_t acc = world.enabled ? 0 : world.fed;
	uint32_t payload = acc;

	if (world.held != NULL)
		MUST(memcmp(world.held->m_data, world.held_bytes,
			    world.held->m_len) == 0);
	if (world.gone)
		return;
	sbcheck(sb);
	for (unsigned i = 0; i < world.plain.count; i++) {
		const struct item *item =
		    &world.plain.items[(world.plain.head + i) % QUEUE_MAX];

		acc += item->len - item->taken +
		       (item->read ? 0 : (uint32_t)TLS_CONTROL_BYTES);
		payload += item->len - item->taken;
	}
	MUST(sb->sb_acc == acc && sb->sb_ctl == acc - payload);
	MUST(sb->sb_tlscc == (world.enabled ? world.fed : 0));
	MUST(sb->sb_tlsdcc == (world.owned ? world.detached.wire_len : 0));
	MUST(!world.enabled || sb->sb_tls_seqno == world.seqno);
	MUST(world.fx.so.so_error == world.error);
	MUST(running == (world.worker != WORKER_IDLE));
	MUST(unreadable == world.unreadable);
	MUST(world.stats.active == world.enabled);
	check_readiness(acc, payload);
	check_counters();
}

/* Operations without numbers. */
static void (*const plain_steps[OP_COUNT])(void) = {
    [OP_NEXT_KEY] = world_next_key,
    [OP_LOCK] = lock,
    [OP_FLUSH] = flush,
    [OP_FIN] = fin,
    [OP_SHUTDOWN] = shut,
    [OP_DROP] = drop,
    [OP_CLOSE] = close_socket,
    [OP_ERROR] = reader_take_error,
};

/* After close there are a worker and the network only. */
static bool
has_place(const struct op *op)
{
	return !world.closed ||
	       (!world.gone && (op->code == OP_WORK || op->code == OP_APPEND));
}

void
world_step(const struct op *op)
{
	if (!has_place(op))
		return;
	switch ((unsigned)op->code) {
	case OP_MAKE:
		sender_make(op);
		break;
	case OP_APPEND:
		sender_append(op);
		break;
	case OP_WORK:
		work(op);
		break;
	case OP_READ:
		reader_read(op);
		break;
	case OP_ENABLE:
		world_enable(op->arg[0]);
		break;
	case OP_LOWAT:
		lowat(op->arg[0]);
		break;
	default:
		if (plain_steps[op->code] != NULL)
			plain_steps[op->code]();
		break;
	}
	check();
}

/* One in four of a random number's two bits. */
static bool
quarter(uint32_t bits, unsigned shift)
{
	return (bits >> shift & 3) == 3;
}

static void
set_policy(uint32_t bits)
{
	struct engine_policy *policy = &world.policy;

	*policy = (struct engine_policy){0};
	if (quarter(bits, 0))
		policy->on_bad_record = ENGINE_BAD_RECORD_STICKY;
	if (quarter(bits, 2))
		policy->header_check = ENGINE_HEADER_ARRIVAL;
	if (quarter(bits, 4))
		policy->rekey = ENGINE_REKEY_LINUX;
	world.fx.so.so_policy = policy;
}

/* A sender that keeps to the window, and a buffer that may be too small. */
static void
set_window(uint32_t bits)
{
	struct sockbuf *sb = &world.fx.so.so_rcv;

	if (!quarter(bits, 8))
		return;
	world.policy.window_enforced = true;
	world.hiwat = world.room = SMALL_HIWAT;
	MUST(so_set_rcvbuf(&world.fx.so, SMALL_HIWAT) == 0);
	if (!quarter(bits, 10))
		return;
	world.policy.recvbuf_max = world.room = 2 * SMALL_HIWAT;
	sb->sb_flags |= SB_AUTOSIZE;
}

/* Everything but the large arrays; the payloads are always the same. */
static void
clear_model(void)
{
	const size_t flat = offsetof(struct world, flat);
	const size_t rest = flat + sizeof(world.flat);

	memset((char *)&world + rest, 0, sizeof(world) - rest);
	if (world.flat[0] != 0)
		return;
	for (size_t i = 0; i < sizeof(world.flat); i++)
		world.flat[i] = (uint8_t)(1 + (i * 31 + i / 251) % 255);
}

void
world_begin(const struct op *config)
{
	const struct suite *suite =
	    &suites[config->arg[0] % (sizeof(suites) / sizeof(suites[0]))];
	uint32_t number = config->arg[2];
	struct tls_framing framing;
	struct ktls_key key;

	clear_model();
	world.version = suite->version;
	world.cipher = suite->cipher;
	world.key_len = suite->key_len;
	world.mac = suite->mac;
	world.wire_minor = suite->version == TLS_1_1 ? 2 : 3;
	tls_framing_of(world.version, world.cipher, world.mac, &framing);
	world.hlen = framing.hlen;
	world.explicit_iv = framing.explicit_iv;
	/* The sender of the model kind has no CBC. */
	world.real =
	    config->arg[0] / 16 % 2 == 0 || world.cipher == TLS_CIPHER_AES_CBC;
	world.drains = (config->arg[0] >> 12 & 1) != 0;
	world.key = world.tx_key = 1;
	world.lowat = 1;
	world.hiwat = world.room = HIWAT;
	world.refs = 1;
	key = world_key(1);
	key.rec_seq = number % 2 == 0 ? number / 2 : UINT64_MAX - number % 40;
	rx_init(&world.fx, &key,
		world.real ? KTLS_CRYPTO_REAL : KTLS_CRYPTO_MODEL);
	set_policy(config->arg[1]);
	set_window(config->arg[0]);
	world.cuts = quarter(config->arg[0], 14);
	if (!quarter(config->arg[1], 6))
		world_enable(ENABLE_RIGHT);
	check();
}

/* Nobody waits for ever: a reader that stays sees the end. */
static void
drain(void)
{
	const struct op read = {OP_READ, {1, 4, 15}};
	const struct op step = {OP_WORK, {0, 15, 0}};

	fin();
	if (!world.enabled)
		world_enable(ENABLE_RIGHT);
	for (int i = 0; i < DRAIN_STEPS; i++) {
		world_next_key();
		work(&step);
		reader_read(&read);
		check();
		if (world.worker == WORKER_IDLE && world.plain.count == 0 &&
		    (world.error == 0 || world.stuck))
			break;
	}
	MUST(world.plain.count == 0);
	MUST(world.fed == 0 || world.stuck || world.unreadable);
	MUST(world.error == 0 || world.stuck);
}

void
world_end(void)
{
	const struct op step = {OP_WORK, {0, 15, 0}};
	const struct op read = {OP_READ, {1, 4, 15}};

	if (world.wanted > 0) {
		fin();
		reader_read(&read);
	}
	if (world.locked)
		lock();
	if (!world.closed && world.drains)
		drain();
	if (!world.closed)
		close_socket();
	for (int i = 0; i < 4 && !world.gone; i++)
		work(&step);
	MUST(world.gone && world.stats.active == 0);
	m_freem(world.fx.pool, world.held);
	world.held = NULL;
	rx_fini(&world.fx);
}

void
world_run(const struct op *ops, size_t count)
{
	const struct op plain = {OP_CONFIG, {0}};

	world_begin(count > 0 && ops[0].code == OP_CONFIG ? &ops[0] : &plain);
	for (size_t i = 0; i < count; i++)
		world_step(&ops[i]);
	world_end();
}
