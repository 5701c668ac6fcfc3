/*
 * world_sender.c - the sender's records, and the packets that bring them.
 *
 * Each record is kept twice, as sealed and as a NIC hands it up: a packet takes
 * its bytes from one of the two.  A NIC marks no packet with the tag of a
 * record that does not open (rule R10).
 */
#include "tests/property/world_state.h"

#include <errno.h>
#include <string.h>

#include "engine/effects.h"
#include "engine/mbuf.h"
#include "tests/support/tls_seal.h"

enum {
	KEY_UPDATE_OFF = 60000, /* in flat, behind all payloads */
	TOO_LARGE = 20000,
};

enum kind { KIND_BAD = 2, KIND_SHORT, KIND_ZEROS, KIND_HEADER, KIND_REKEY };

static const uint8_t key_update[] = {24, 0, 0, 1, 0};

void
sender_restart(void)
{
	bool in_job =
	    world.worker == WORKER_RECORD || world.worker == WORKER_OPENED;
	bool next = world.waits || (in_job && world.detached.rekeys);
	struct ktls_key key;

	if (!world.enabled)
		return;
	world.tx_key = world.key + next;
	key = world_key(world.tx_key);
	rx_change_key(&world.fx, &key);
	if (!next)
		world.fx.seal_seq = world.seqno;
}

/* The bytes on the wire go behind the last record's; returns their number. */
static uint32_t
seal(const struct item *item, size_t pad)
{
	uint8_t *to = world.stream + world.made;
	struct tls_plain plain = {
	    .type = item->type,
	    .bytes = world.flat + item->off,
	    .len = item->len,
	    .padding = item->off % 3 * 16,
	};

	if (world.cipher != TLS_CIPHER_AES_CBC)
		return (uint32_t)rx_record(&world.fx, plain.type, plain.bytes,
					   plain.len, pad, to);
	if (item->len == TLS_PLAINTEXT_MAX)
		plain.padding = 0;
	return (uint32_t)tls_seal(&world.fx.key, world.fx.seal_seq++, &plain,
				  to);
}

/* Behind the last record: payload, and what its length on the wire is. */
static void
make_plain(struct item *item, const struct op *op)
{
	bool pads = world.real && world.version == TLS_1_3;
	size_t pad = pads && op->arg[2] > 50 ? op->arg[1] : 0;

	item->off = (op->arg[0] * 37 + op->arg[1]) % 30000;
	item->len = op->arg[0] % 4 != 0 ? op->arg[0] % 80 : op->arg[0];
	if (op->arg[1] % 16 == 2)
		item->len = 0;
	if (op->arg[1] >= 252) {
		item->len = TLS_PLAINTEXT_MAX;
		pad = 0;
	}
	item->type = world.real && op->arg[1] % 8 == 1 ? TLS_ALERT
						       : TLS_APPLICATION_DATA;
	item->made = seal(item, pad);
}

static void
make_rekey(struct item *item)
{
	memcpy(world.flat + KEY_UPDATE_OFF, key_update, sizeof(key_update));
	item->off = KEY_UPDATE_OFF;
	item->len = sizeof(key_update);
	item->type = TLS_HANDSHAKE;
	item->rekeys = true;
	item->made = (uint32_t)rx_record(&world.fx, item->type, key_update,
					 sizeof(key_update), 0,
					 world.stream + world.made);
}

/* A body that is shorter than its suite allows. */
static void
make_short(struct item *item, uint32_t len)
{
	uint8_t *at = world.stream + world.made;

	len = world.explicit_iv + len % TLS_TAG_BYTES;
	memset(at, 0x55, TLS_HEADER_BYTES + len);
	at[0] = TLS_APPLICATION_DATA;
	at[1] = 3;
	at[2] = world.wire_minor;
	at[3] = 0;
	at[4] = (uint8_t)len;
	memcpy(world.fx.nic, at, TLS_HEADER_BYTES + len);
	world.fx.seal_seq++;
	item->made = TLS_HEADER_BYTES + len;
	item->error = EMSGSIZE;
}

static void
make_zeros(struct item *item, uint32_t len)
{
	const uint8_t zeros[64] = {0};

	item->made = (uint32_t)rx_record_raw(&world.fx, TLS_APPLICATION_DATA,
					     zeros, 1 + len % sizeof(zeros),
					     world.stream + world.made);
	item->error = EBADMSG;
}

static void
flip(struct item *item, uint32_t at)
{
	at = world.hlen + at % (item->made - world.hlen);
	world.stream[world.made + at] ^= 0x10;
	world.fx.nic[at] ^= 0x10;
	item->error = EBADMSG;
}

/* The stream is out of step from here on. */
static void
spoil_header(struct item *item, bool version)
{
	uint8_t *at = world.stream + world.made;

	item->head_error = version ? EINVAL : EMSGSIZE;
	world.broken = true;
	if (version) {
		at[1]++;
		return;
	}
	item->wire_len = TLS_HEADER_BYTES + TOO_LARGE;
	at[3] = TOO_LARGE >> 8;
	at[4] = TOO_LARGE & 0xff;
}

static bool
make_kind(struct item *item, const struct op *op)
{
	switch (op->arg[2]) {
	case KIND_SHORT:
		make_short(item, op->arg[0]);
		return true;
	case KIND_ZEROS:
		if (world.real && world.version == TLS_1_3)
			make_zeros(item, op->arg[0]);
		break;
	case KIND_REKEY:
		if (world.real && world.version == TLS_1_3 && world.enabled)
			make_rekey(item);
		break;
	default:
		break;
	}
	return item->made > 0;
}

void
sender_make(const struct op *op)
{
	struct item item = {.seqno = world.fx.seal_seq};

	if (world.ended || world.broken || world.made > STREAM_FULL ||
	    world.sent.count + world.plain.count >= QUEUE_MAX - 1)
		return;
	if (!make_kind(&item, op))
		make_plain(&item, op);
	item.wire_len = item.made;
	if (op->arg[2] < KIND_BAD && world.real)
		flip(&item, op->arg[0] * 7 + op->arg[1]);
	if (op->arg[2] == KIND_HEADER && op->arg[1] % 4 == 0)
		spoil_header(&item, op->arg[0] % 2 == 0);
	memcpy(world.nic + world.made, world.fx.nic, item.made);
	memcpy(world.nic + world.made, world.stream + world.made,
	       TLS_HEADER_BYTES);
	world.made += item.made;
	queue_put(&world.sent, item);
	if (item.rekeys) {
		struct ktls_key next = world_key(++world.tx_key);

		rx_change_key(&world.fx, &next);
	}
}

/* Whether a NIC may mark the next len bytes of the stream. */
static bool
may_mark(uint32_t len)
{
	uint32_t start = 0, from = world.fed, to = world.fed + len;

	if (world.cipher != TLS_CIPHER_AES_GCM || !world.enabled)
		return false;
	for (unsigned i = 0; i < world.sent.count && start < to; i++) {
		const struct item *item =
		    &world.sent.items[(world.sent.head + i) % QUEUE_MAX];
		uint32_t end = start + item->made;

		if ((item->error != 0 || item->head_error != 0) && from < end &&
		    to + TLS_TAG_BYTES > end)
			return false;
		start = end;
	}
	return true;
}

/* Whether a capture may lack n bytes from `from` on: once per record. */
static bool
may_cut(uint32_t from, uint32_t n)
{
	uint32_t start = 0;

	for (unsigned i = 0; i < world.sent.count && start < from + n; i++) {
		const struct item *item =
		    &world.sent.items[(world.sent.head + i) % QUEUE_MAX];

		start += item->made;
		if (from < start && (item->rekeys || item->holed))
			return false;
	}
	return world.cuts && n > 0;
}

static uint32_t
clamp(uint32_t value, uint32_t base, uint32_t most)
{
	value = value > base ? value - base : 0;
	return value < most ? value : most;
}

/* A capture lacks bytes [from, to) of this record. */
static void
cut_record(struct item *item, uint32_t from, uint32_t to)
{
	item->holed = true;
	item->blind = from < TLS_HEADER_BYTES;
	item->hole = clamp(from, world.hlen, item->len);
	item->hole_end = clamp(to, world.hlen, item->len);
	if (world.real && item->error == 0)
		item->error = EBADMSG;
}

static void
cut(uint32_t from, uint32_t n)
{
	uint32_t start = 0, to = from + n;

	memset(world.stream + from, 0, n);
	for (unsigned i = 0; start < to; i++) {
		struct item *item =
		    &world.sent.items[(world.sent.head + i) % QUEUE_MAX];
		uint32_t end = start + item->made;

		if (from < end)
			cut_record(item, from > start ? from - start : 0,
				   (to < end ? to : end) - start);
		start = end;
	}
}

/* Tell the records that their next bytes are in the socket. */
static void
note_fed(uint32_t len, bool marked)
{
	world.fed += len;
	for (unsigned i = 0; len > 0; i++) {
		struct item *item =
		    &world.sent.items[(world.sent.head + i) % QUEUE_MAX];
		uint32_t n = item->made - item->fed;

		n = n < len ? n : len;
		item->fed += n;
		item->marked += marked ? n : 0;
		len -= n;
	}
}

/* Somebody else keeps the storage of a packet for a while. */
static void
hold(const struct mbuf *m)
{
	struct mbuf_pool *pool = world.fx.pool;

	m_freem(pool, world.held);
	world.held = NULL;
	if (m->m_len <= HELD_MAX && m->m_data != NULL)
		world.held = m_split_ref(pool, m, 0);
	if (world.held != NULL)
		m_copydata(world.held, 0, m->m_len, world.held_bytes);
}

/* The next len bytes, of which a capture lacks the last `lost`. */
static struct mbuf *
make_packet(uint32_t len, uint32_t lost, bool mark)
{
	struct mbuf *m;

	if (len > world.made - world.fed)
		len = world.made - world.fed;
	if (lost > len)
		lost = len;
	if (!may_cut(world.fed + len - lost, lost))
		lost = 0;
	mark = mark && may_mark(len);
	m = m_from_bytes(world.fx.pool,
			 (mark ? world.nic : world.stream) + world.fed,
			 len - lost, lost);
	MUST(m != NULL);
	if (mark)
		m->m_pkthdr.csum_flags = CSUM_TLS_DECRYPTED;
	if (lost > 0)
		cut(world.fed + len - lost, lost);
	note_fed(len, mark);
	return m;
}

/* After the end of the stream nothing is kept. */
static void
append_late(void)
{
	struct mbuf *m = m_from_bytes(world.fx.pool, world.flat, 100, 0);

	MUST(m != NULL);
	world_effects(sbappendstream(&world.fx.so.so_rcv, m), 0);
}

/* One packet, or several that were merged. */
void
sender_append(const struct op *op)
{
	uint32_t len = op->arg[0] % 4 != 0 ? op->arg[0] % 200 : op->arg[0];
	uint32_t marks = op->arg[2] & 0x10 ? op->arg[2] & 0xf : 0;
	uint32_t lost = op->arg[1] >> 2 == 3 ? 1 + op->arg[0] % 60 : 0;
	bool share = op->arg[2] >> 5 == 7;
	struct mbuf *chain = NULL, **link = &chain;
	unsigned effects;

	if (world.ended) {
		append_late();
		return;
	}
	for (uint32_t i = 0; i <= op->arg[1] % 4; i++) {
		*link = make_packet(len + 13 * i, lost, (marks & 1u << i) != 0);
		if (share && i == 0)
			hold(*link);
		link = &m_last(*link)->m_next;
	}
	effects = ENGINE_WAKE_READER | world_check();
	world_effects(sbappendstream(&world.fx.so.so_rcv, chain), effects);
}
