/*
 * test_ktls_rx_random.c - random interleavings of receive, against a flat
 * model.
 *
 * Sender, network, worker, reader and closer take turns at random; each step of
 * the worker is a turn of its own, so that everything else happens between any
 * two of them.  The model knows the records that were sent and how many bytes
 * of them were fed, and nothing of mbufs.  sbcheck recounts after every turn.
 *
 * The seed of a failure is in its message; KTLSIM_TEST_SEED sets it.
 */
#include "engine/ktls_rx.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/effects.h"
#include "engine/mbuf.h"
#include "tests/support/rx_fixture.h"
#include "tests/support/suite_table.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

enum {
	STEPS = 80000,	    /* of each row */
	EPOCH_STEPS = 2500, /* from enable to close */
	QUEUE_MAX = 32,	    /* records in any of the model's queues */
	UNFED_MAX = 60000,
	KEY_UPDATE_OFF = 60000, /* in flat, behind all payloads */
};

static const uint8_t key_update[] = {24, 0, 0, 1, 0};

/* A record that was sent; a plain one has `taken` bytes less. */
struct item {
	uint8_t type;
	uint32_t off; /* of the payload in flat */
	uint32_t len;
	uint32_t wire_len;
	uint32_t taken;
	bool bad;    /* does not open */
	bool rekeys; /* the key changes behind it */
	bool read;   /* its control message was */
};

struct queue {
	struct item items[QUEUE_MAX];
	unsigned head;
	unsigned count;
};

enum worker {
	WORKER_IDLE,   /* RUNNING is clear */
	WORKER_READY,  /* queued, or between two records */
	WORKER_RECORD, /* after begin */
	WORKER_OPENED, /* after crypt */
	WORKER_ENDING, /* begin has found no record */
};

static struct rx_fixture fx;
static struct sockbuf *const sb = &fx.so.so_rcv;
static struct ktls_rx_job job;
static struct rx_read got;
static uint8_t flat[65536];
static uint8_t unfed[UNFED_MAX + RX_RECORD_MAX];

static struct {
	uint64_t rng, seed;
	unsigned step;
	struct queue sent;  /* not detached yet */
	struct queue plain; /* not read yet */
	struct item job;
	size_t unfed;	  /* bytes of `sent` that wait in unfed[] */
	uint32_t tlscc;	  /* bytes of `sent` that were fed */
	bool owned;	  /* the job was not flushed */
	bool waits;	  /* for the next key */
	bool ended;	  /* no more data will come */
	bool lazy_worker; /* they fall behind in this epoch */
	bool lazy_reader;
	unsigned key;	 /* the receiver's */
	unsigned tx_key; /* the sender's */
	int error;
	enum worker worker;
	enum tls_version version;
	enum tls_cipher cipher;
} model;

/* ck_assert reports every success to the runner, which is slow. */
#define MUST(cond)                                                     \
	do {                                                           \
		if (!(cond))                                           \
			ck_abort_msg("%s (seed %llu, step %u)", #cond, \
				     (unsigned long long)model.seed,   \
				     model.step);                      \
	} while (0)

/* A number below bound (splitmix64). */
static uint32_t
below(uint32_t bound)
{
	uint64_t z = (model.rng += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)((z >> 32) % bound);
}

static bool
one_in(uint32_t n)
{
	return below(n) == 0;
}

static struct item *
first(struct queue *q)
{
	return &q->items[q->head % QUEUE_MAX];
}

static struct item
take(struct queue *q)
{
	q->count--;
	return q->items[q->head++ % QUEUE_MAX];
}

static void
put(struct queue *q, struct item item)
{
	MUST(q->count < QUEUE_MAX);
	q->items[(q->head + q->count++) % QUEUE_MAX] = item;
}

static struct ktls_key
key_number(unsigned number)
{
	return rx_key(model.version, model.cipher, 32, (uint8_t)number);
}

static bool
head_complete(void)
{
	return model.sent.count > 0 &&
	       model.tlscc >= first(&model.sent)->wire_len;
}

static void
forget_stream(void)
{
	model.sent.count = 0;
	model.tlscc = 0;
	model.unfed = 0;
}

/* What ktls_rx_check must do now; returns whether the socket is queued. */
static bool
model_check(void)
{
	if (model.worker != WORKER_IDLE)
		return false;
	if (head_complete()) {
		if (!model.waits)
			model.worker = WORKER_READY;
		return !model.waits;
	}
	if (model.ended && model.tlscc > 0) {
		model.error = EMSGSIZE;
		forget_stream();
	}
	return false;
}

static void
check_effects(unsigned effects, bool queued)
{
	MUST(((effects & ENGINE_QUEUE_WORK) != 0) == queued);
	MUST((effects & ENGINE_DROP) == 0);
}

static void
turn_make(void)
{
	bool real = fx.crypto == KTLS_CRYPTO_REAL;
	struct item item = {.type = 23, .off = below(40000)};
	size_t pad = 0;

	if (model.ended || model.unfed > UNFED_MAX ||
	    model.sent.count + model.plain.count > QUEUE_MAX - 4)
		return;
	item.len = one_in(30) ? 16384 : below(one_in(3) ? 40 : 3000);
	if (real && model.version == TLS_1_3 && item.len < 16000)
		pad = one_in(4) ? below(300) : 0;
	if (real)
		item.type = (uint8_t)(21 + 2 * below(2));
	item.bad = real && one_in(20);
	item.rekeys = real && model.version == TLS_1_3 && one_in(40);
	if (item.rekeys)
		item = (struct item){.type = 22,
				     .off = KEY_UPDATE_OFF,
				     .len = sizeof(key_update),
				     .rekeys = true};
	item.wire_len = (uint32_t)rx_record(&fx, item.type, flat + item.off,
					    item.len, pad, unfed + model.unfed);
	if (item.bad)
		unfed[model.unfed + item.wire_len - 1 - below(16)] ^= 1;
	model.unfed += item.wire_len;
	put(&model.sent, item);
	if (item.rekeys) {
		struct ktls_key next = key_number(++model.tx_key);

		rx_change_key(&fx, &next);
	}
}

/* One packet, or several that were merged. */
static void
turn_feed(void)
{
	struct mbuf *chain = NULL, **link = &chain;
	size_t fed = 0;
	bool queued;

	if (model.ended || model.unfed == 0)
		return;
	do {
		uint32_t n = below(one_in(3) ? 60 : 1449);

		if (n > model.unfed - fed)
			n = (uint32_t)(model.unfed - fed);
		*link = m_from_bytes(fx.pool, unfed + fed, n, 0);
		link = &(*link)->m_next;
		fed += n;
	} while (one_in(2));
	model.unfed -= fed;
	model.tlscc += (uint32_t)fed;
	memmove(unfed, unfed + fed, model.unfed);
	queued = model_check();
	check_effects(sbappendstream(sb, chain), queued);
}

static void
worker_begin(void)
{
	unsigned effects;
	enum ktls_rx_verdict verdict;
	bool ready;

	if (one_in(10))
		mbuf_pool_fail_after(fx.pool, 1 + below(2));
	ready = ktls_rx_ready(&fx.so);
	verdict = ktls_rx_begin(&fx.so, &job, &fx.counters, &effects);
	mbuf_pool_fail_after(fx.pool, 0);
	MUST(effects == 0);
	MUST(ready == (verdict != KTLS_RX_DRY));
	model.worker = WORKER_ENDING;
	if (verdict == KTLS_RX_NOMEM) {
		MUST(head_complete() && !model.waits);
		return;
	}
	if (model.waits) {
		MUST(verdict == KTLS_RX_WAITKEY);
	} else if (head_complete()) {
		MUST(verdict == KTLS_RX_RECORD);
		model.job = take(&model.sent);
		model.tlscc -= model.job.wire_len;
		model.owned = true;
		model.worker = WORKER_RECORD;
		MUST(job.wire_len == model.job.wire_len);
	} else {
		MUST(verdict == KTLS_RX_DRY);
	}
}

static void
worker_finish(void)
{
	bool good = !model.job.bad;
	bool delivered;
	unsigned effects =
	    ktls_rx_finish(&fx.so, &job, &fx.counters, &delivered);

	MUST(delivered == (good && model.owned));
	MUST(effects == (!good && model.owned ? ENGINE_WAKE_READER : 0));
	if (delivered)
		put(&model.plain, model.job);
	else if (model.owned)
		model.error = EBADMSG;
	if (model.job.rekeys)
		model.waits = true;
	model.owned = false;
	model.worker = WORKER_READY;
}

static void
turn_work(void)
{
	bool queued;

	switch (model.worker) {
	case WORKER_IDLE:
		break;
	case WORKER_READY:
		worker_begin();
		break;
	case WORKER_RECORD:
		ktls_rx_crypt(&job);
		model.worker = WORKER_OPENED;
		break;
	case WORKER_OPENED:
		worker_finish();
		break;
	case WORKER_ENDING:
		model.worker = WORKER_IDLE;
		queued = model_check();
		check_effects(ktls_rx_end_pass(&fx.so), queued);
		break;
	}
}

static void
read_nothing(bool peek)
{
	bool empty = model.tlscc == 0 && !model.owned;

	MUST(!got.result.has_record && got.result.bytes == 0);
	if (model.error != 0) {
		MUST(got.result.error == model.error);
		model.error = peek ? model.error : 0;
		return;
	}
	MUST(got.result.eof == (model.ended && empty));
	MUST(got.result.error == (got.result.eof ? 0 : EWOULDBLOCK));
}

static void
turn_read(void)
{
	bool peek = one_in(4);
	uint32_t resid = one_in(2) ? 16384 : below(2000);
	struct item *item = first(&model.plain);
	uint32_t n;

	rx_read(&fx, resid, peek ? SORECEIVE_PEEK : 0, &got);
	if (model.plain.count == 0) {
		read_nothing(peek);
		return;
	}
	n = item->len - item->taken;
	n = n < resid ? n : resid;
	MUST(got.result.error == 0 && !got.result.eof);
	MUST(got.result.has_record == !item->read);
	MUST(item->read || got.result.record.tls_type == item->type);
	MUST(item->read || got.result.record.tls_length == item->len);
	MUST(got.result.bytes == n);
	MUST(memcmp(got.bytes, flat + item->off + item->taken, n) == 0);
	MUST(got.result.eor == (n > 0 && item->taken + n == item->len));
	if (peek)
		return;
	item->read = true;
	item->taken += n;
	if (item->taken == item->len)
		take(&model.plain);
}

/* The sender starts anew behind what the receiver has forgotten. */
static void
sender_restart(void)
{
	bool in_job =
	    model.worker == WORKER_RECORD || model.worker == WORKER_OPENED;
	bool next = model.waits || (in_job && model.job.rekeys);
	struct ktls_key key = key_number(model.key + next);

	model.tx_key = model.key + next;
	rx_change_key(&fx, &key);
	if (!next)
		fx.seal_seq = sb->sb_tls_seqno;
}

static void
turn_flush(void)
{
	sbflush(sb);
	forget_stream();
	model.plain.count = 0;
	model.owned = false;
	sender_restart();
}

static void
turn_next_key(void)
{
	struct ktls_key key = key_number(model.key + 1);
	bool in_job =
	    model.worker == WORKER_RECORD || model.worker == WORKER_OPENED;
	unsigned effects = 0;
	bool queued;

	if (in_job) {
		MUST(ktls_rx_next_key(&fx.so, &key, &effects) == EBUSY);
		return;
	}
	if (!model.waits)
		return;
	MUST(ktls_rx_next_key(&fx.so, &key, &effects) == 0);
	model.waits = false;
	model.key++;
	queued = model_check();
	check_effects(effects, queued);
}

static void
turn_end(void)
{
	bool queued;

	model.ended = true;
	queued = model_check();
	check_effects(socantrcvmore(&fx.so), queued);
}

static void
turn_close(void)
{
	so_close(&fx.so);
	model.ended = true;
	forget_stream();
	model.plain.count = 0;
	model.owned = false;
}

static void
check_sums(void)
{
	uint32_t acc = 0;

	sbcheck(sb);
	for (unsigned i = 0; i < model.plain.count; i++) {
		const struct item *item =
		    &model.plain.items[(model.plain.head + i) % QUEUE_MAX];

		acc += item->len - item->taken + (item->read ? 0 : 24);
	}
	MUST(sb->sb_tlscc == model.tlscc);
	MUST(sb->sb_acc == acc);
	MUST(sb->sb_tlsdcc == (model.owned ? model.job.wire_len : 0));
	MUST(fx.so.so_error == model.error);
	MUST(rx_running(&fx) == (model.worker != WORKER_IDLE));
}

static void
turn(void)
{
	uint32_t dice = below(1000);

	if (dice < 120)
		turn_make();
	else if (dice < 400)
		turn_feed();
	else if (dice < 750 && (!model.lazy_worker || one_in(5)))
		turn_work();
	else if (dice >= 750 && dice < 960 && (!model.lazy_reader || one_in(8)))
		turn_read();
	else if (dice >= 960 && dice < 995)
		turn_next_key();
	else if (dice >= 995 && dice < 998)
		turn_flush();
	check_sums();
	model.step++;
}

static void
epoch_begin(enum ktls_crypto crypto)
{
	struct ktls_key key;

	forget_stream();
	model.plain.count = 0;
	model.owned = model.waits = model.ended = false;
	model.error = 0;
	model.worker = WORKER_IDLE;
	model.lazy_worker = one_in(3);
	model.lazy_reader = one_in(3);
	model.key = model.tx_key = 1;
	key = key_number(1);
	key.rec_seq = one_in(2) ? UINT64_MAX - below(50) : below(9);
	rx_init(&fx, &key, crypto);
	/* Some bytes may be there before the keys are. */
	turn_make();
	model.tlscc = below((uint32_t)model.unfed + 1);
	model.unfed -= model.tlscc;
	rx_feed_segments(&fx, unfed, model.tlscc, 1448);
	memmove(unfed, unfed + model.tlscc, model.unfed);
	fx.effects = 0;
	rx_enable(&fx);
	check_effects(fx.effects, model_check());
	check_sums();
}

/* Everything must come to its end: a few hundred turns, then only these. */
static void
epoch_end(void)
{
	if (one_in(2))
		turn_end();
	else
		turn_close();
	check_sums();
	for (int i = 0; i < 300; i++)
		turn();
	for (int i = 0; i < 1000; i++) {
		turn_next_key();
		turn_work();
		turn_read();
		check_sums();
	}
	rx_read(&fx, 1, 0, &got);
	MUST(got.result.eof);
	MUST(model.worker == WORKER_IDLE);
	rx_fini(&fx);
}

struct random_row {
	enum tls_version version;
	enum tls_cipher cipher;
	enum ktls_crypto crypto;
};

static const struct random_row random_rows[] = {
    {TLS_1_2, TLS_CIPHER_AES_GCM, KTLS_CRYPTO_MODEL},
    {TLS_1_3, TLS_CIPHER_AES_GCM, KTLS_CRYPTO_MODEL},
    {TLS_1_2, TLS_CIPHER_AES_GCM, KTLS_CRYPTO_REAL},
    {TLS_1_3, TLS_CIPHER_AES_GCM, KTLS_CRYPTO_REAL},
    {TLS_1_3, TLS_CIPHER_CHACHA20_POLY1305, KTLS_CRYPTO_REAL},
};

START_TEST(test_ktls_rx_every_interleaving_equals_the_flat_model)
{
	const struct random_row *row = &random_rows[_i];
	const char *seed = getenv("KTLSIM_TEST_SEED");

	for (size_t i = 0; i < sizeof(flat); i++)
		flat[i] = (uint8_t)(1 + (i * 31 + i / 251) % 255);
	memcpy(flat + KEY_UPDATE_OFF, key_update, sizeof(key_update));
	model.seed = seed != NULL ? strtoull(seed, NULL, 0) : 20260;
	model.rng = model.seed + (uint64_t)_i;
	model.version = row->version;
	model.cipher = row->cipher;
	while (model.step < STEPS) {
		unsigned until = model.step + EPOCH_STEPS;

		epoch_begin(row->crypto);
		while (model.step < until)
			turn();
		epoch_end();
	}
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *ktls_rx_random_suite(void);

Suite *
ktls_rx_random_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_ktls_rx_every_interleaving_equals_the_flat_model,
		 COUNT(random_rows)),
	};

	return suite_create_table("ktls_rx_random", tests, (size_t)COUNT(tests),
				  NULL, NULL, 60);
}
