/*
 * fuzz_nic_resync.c - a NIC's TLS context and its driver find the place again.
 *
 * Input: two bytes of options, one byte for each record of a stream that is
 * really sealed, then commands of three bytes: packets of it in order, lost,
 * again or with a wrong bit; software that comes to a header or finishes a
 * record; posts, the internal queue's work, a device reset.  So the device and
 * the protocol run through their public steps in any order.
 *
 * The oracle is the stream itself, flat: where records begin, their numbers,
 * what each byte is in the clear.  A context that offloads stands at a true
 * place with the true number; an answer or a hint is true and about a place
 * where software has come; what is marked is the plaintext, what is not is as
 * it was sent; no record whose packets are all marked has a wrong byte; and on
 * a stream without false headers, once packets come in order again, a device
 * that searches offloads again.
 */
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "engine/mbuf.h"
#include "nicmodel/nic_resync.h"
#include "nicmodel/nic_tls.h"
#include "tests/support/tls_image.h"
#include "tests/support/tls_seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	RECORDS_MAX = 32,
	CALM_RECORDS = 10, /* behind them, for the way back */
	CALM_BYTES = 300,
	BYTES_MAX = (RECORDS_MAX + CALM_RECORDS) * 1500,
	PACKET_MAX = 1460,
	ACTS_MAX = 128,
	QUEUE_MAX = 4, /* posts that the internal queue takes */
};

enum command {
	SEND,
	LOSE,
	AGAIN,
	FLIP, /* a byte of the next packet will be wrong */
	PARSE,
	FINISH,
	POST,
	WORK, /* the internal queue's oldest post is carried out */
	RESET,
	COMMANDS,
};

static struct tls_image image;
static uint8_t scratch[NIC_TLS_SCRATCH_BYTES];

static struct world {
	struct mbuf_pool *pool;
	struct ktls_key key;
	struct nic_tls tls;
	struct nic_tls_counters device;
	struct nic_resync resync;
	struct nic_resync_counters driver;
	uint32_t base;	   /* sequence number of offset 0 */
	uint32_t sent;	   /* offset of the next new byte */
	uint32_t arrived;  /* bytes [0, arrived) have all come */
	uint32_t parsed;   /* headers that software has come to */
	uint32_t finished; /* records that it has finished */
	uint32_t flip;	   /* of the next packet, one less; 0: none */
	uint32_t act_count, queued;
	struct nic_resync_act act[ACTS_MAX];	/* to be posted */
	struct nic_resync_act queue[QUEUE_MAX]; /* posted */
	bool plain_sailing;    /* nothing may hinder the way back */
	char mark[BYTES_MAX];  /* first copy: 'D', 'E', 0: not come */
	bool wrong[BYTES_MAX]; /* and that copy was not the sender's */
} world;

static void
make_key(struct world *w, bool tls13)
{
	w->key = (struct ktls_key){
	    .version = tls13 ? TLS_1_3 : TLS_1_2,
	    .cipher = TLS_CIPHER_AES_GCM,
	    .key_len = 16,
	    .iv_len = tls13 ? 12 : 4,
	};
	memset(w->key.key, 0x5a, 16);
}

/*
 * What looks like a header, and is so long that its chain meets the next true
 * one, or anything.
 */
static void
plant(uint32_t bytes, uint8_t how)
{
	uint32_t room = bytes - tls_image_hlen(&image) - 40;
	uint32_t off = tls_image_hlen(&image) + (uint32_t)how * 37 % room;
	uint32_t length =
	    (how & 1) != 0 ? bytes - off - TLS_HEADER_BYTES : 20u + how;
	const uint8_t header[] = {(uint8_t)(20 + how % 4), 3, 3,
				  (uint8_t)(length >> 8), (uint8_t)length};

	tls_image_plant(&image, off, header, sizeof(header));
}

static void
make_stream(struct world *w, const uint8_t *data, uint32_t records,
	    uint64_t first)
{
	static const uint16_t lengths[] = {29,	30,  45,  100,
					   300, 700, 700, 1500};

	tls_image_init(&image, &w->key, first, 1);
	for (uint32_t i = 0; i < records; i++) {
		uint32_t bytes = lengths[data[i] & 7];

		tls_image_add(&image, bytes);
		if (bytes >= 300 && data[i] >= 0x80)
			plant(bytes, data[i] >> 3 & 15);
	}
	for (uint32_t i = 0; i < CALM_RECORDS; i++)
		tls_image_add(&image, CALM_BYTES);
}

/* The record that begins at this offset; the one behind the last, too. */
static bool
find_record(uint32_t offset, uint32_t *record)
{
	for (*record = 0; *record <= image.records; ++*record)
		if (image.start[*record] == offset)
			return true;
	return false;
}

/* Text that could be taken for a header; a random one has some, too. */
static bool
has_false_headers(void)
{
	uint32_t record;

	for (uint32_t i = 0; i + 2 < image.start[image.records]; i++)
		if (image.wire[i + 1] == 3 && image.wire[i + 2] == 3 &&
		    !find_record(i, &record))
			return true;
	return false;
}

static void
check_place(const struct world *w)
{
	const struct nic_tls *tls = &w->tls;
	uint32_t record;
	bool found;

	if (!tls->offload && tls->tracker != NIC_TLS_START)
		return;
	found = find_record(tls->rec_start - w->base, &record);
	assert(found);
	assert(tls->rec_seq == image.first + record);
	assert(tls->header_have < TLS_HEADER_BYTES ||
	       tls->rec_bytes == image.start[record + 1] - image.start[record]);
}

/* What the protocol has come up with waits for its post. */
static void
take_act(struct world *w, struct nic_resync_act act)
{
	uint32_t record;
	bool found;

	if (act.kind == NIC_RESYNC_NONE)
		return;
	assert(w->act_count < ACTS_MAX);
	w->act[w->act_count++] = act;
	if (act.kind == NIC_RESYNC_QUERY)
		return;
	found = find_record(act.seq - w->base, &record);
	assert(found);
	assert(act.rec_seq == image.first + record);
	assert(record < w->parsed ||
	       (act.kind == NIC_RESYNC_HINT && record == w->parsed));
	assert(act.kind != NIC_RESYNC_ANSWER || record < w->finished ||
	       w->resync.ops != &nic_resync_freebsd_ops);
}

/* The oldest act meets the internal queue, which may be full. */
static void
post(struct world *w, bool full)
{
	struct nic_resync_act act;
	bool ok = !full && w->queued < QUEUE_MAX;

	if (w->act_count == 0)
		return;
	act = w->act[0];
	w->act_count--;
	memmove(w->act, w->act + 1, w->act_count * sizeof(act));
	if (ok)
		w->queue[w->queued++] = act;
	take_act(w, nic_resync_posted(&w->resync, &act, ok));
}

static void
query(struct world *w)
{
	struct nic_tls_progress progress;
	struct nic_resync_progress read;

	nic_tls_query(&w->tls, &progress);
	read.candidate = progress.hw_resync_tcp_sn;
	read.candidate_valid = progress.tracker == NIC_TLS_TRACKING &&
			       progress.auth == NIC_TLS_NO_OFFLOAD;
	assert(read.candidate_valid == w->tls.candidate_valid);
	take_act(w, nic_resync_query_done(&w->resync, &read));
}

static void
work(struct world *w)
{
	struct nic_resync_act act;

	if (w->queued == 0)
		return;
	act = w->queue[0];
	w->queued--;
	memmove(w->queue, w->queue + 1, w->queued * sizeof(act));
	if (act.kind == NIC_RESYNC_QUERY)
		query(w);
	else if (act.kind == NIC_RESYNC_ANSWER)
		(void)nic_tls_answer(&w->tls, act.seq, act.rec_seq);
	else
		(void)nic_tls_hint(&w->tls, act.seq, act.rec_seq);
}

/* Keys are put back: the protocol begins anew, and posts are forgotten. */
static void
reset(struct world *w)
{
	const struct nic_resync_ops *ops = w->resync.ops;
	int error;

	nic_tls_reset(&w->tls);
	nic_resync_fini(&w->resync);
	error = nic_resync_init(&w->resync, ops, &w->driver);
	assert(error == 0);
	w->act_count = w->queued = 0;
}

static struct nic_resync_record
record_at(const struct world *w, uint32_t i)
{
	uint32_t end = image.start[i + 1];

	return (struct nic_resync_record){
	    .seq = w->base + image.start[i],
	    .len = end - image.start[i],
	    .rec_seq = image.first + i,
	    .queued = w->arrived > end ? w->arrived - end : 0,
	};
}

static void
parse(struct world *w)
{
	struct nic_resync_record rec;

	if (w->parsed == image.records ||
	    image.start[w->parsed] + TLS_HEADER_BYTES > w->arrived)
		return;
	rec = record_at(w, w->parsed++);
	take_act(w, nic_resync_header(&w->resync, &rec));
}

/* A record with a wrong byte fails, and is not reported. */
static void
finish(struct world *w)
{
	uint32_t start = image.start[w->finished];
	struct nic_resync_record rec;
	bool encrypted, decrypted, wrong;

	if (w->finished == w->parsed ||
	    image.start[w->finished + 1] > w->arrived)
		return;
	rec = record_at(w, w->finished++);
	encrypted = memchr(w->mark + start, 'E', rec.len) != NULL;
	decrypted = memchr(w->mark + start, 'D', rec.len) != NULL;
	wrong = memchr(w->wrong + start, true, rec.len) != NULL;
	/* The NIC has verified it: software does not look. */
	assert(encrypted || !wrong);
	if (wrong)
		return;
	rec.marks = NIC_RESYNC_MIXED;
	if (!encrypted || !decrypted)
		rec.marks =
		    encrypted ? NIC_RESYNC_ENCRYPTED : NIC_RESYNC_DECRYPTED;
	take_act(w, nic_resync_record(&w->resync, &rec));
}

/* A receiver keeps the copy of a byte that comes first. */
static void
keep(struct world *w, uint32_t start, uint32_t end, bool marked, uint32_t wrong)
{
	for (uint32_t i = start; i < end; i++) {
		if (w->mark[i] != 0)
			continue;
		w->mark[i] = marked ? 'D' : 'E';
		w->wrong[i] = i == wrong;
	}
	while (w->arrived < image.start[image.records] &&
	       w->mark[w->arrived] != 0)
		w->arrived++;
}

static void
check_bytes(const struct world *w, const struct mbuf *m, uint32_t at,
	    uint32_t wrong)
{
	bool marked = m->m_pkthdr.csum_flags == CSUM_TLS_DECRYPTED;
	const uint8_t *is =
	    marked && w->tls.stream != NULL ? image.plain : image.wire;

	for (; m != NULL; m = m->m_next)
		for (uint32_t i = 0; i < m->m_len; i++, at++)
			assert(m->m_data[i] == (is[at] ^ (at == wrong)));
}

/* A byte of the packet to be wrong: of a text or a tag, or none. */
static uint32_t
choose_wrong(struct world *w, uint32_t start, uint32_t len)
{
	uint32_t at = start + (w->flip - 1) * 7 % len, record = 0;

	if (w->flip == 0)
		return UINT32_MAX;
	w->flip = 0;
	while (image.start[record + 1] <= at)
		record++;
	if (at - image.start[record] < tls_image_hlen(&image))
		return UINT32_MAX;
	w->plain_sailing = false;
	return at;
}

static struct mbuf *
make_packet(struct world *w, uint32_t start, uint32_t len, uint32_t wrong)
{
	struct mbuf *m = m_from_bytes(w->pool, image.wire + start, len, 0);

	assert(m != NULL);
	m->m_pkthdr.th_seq = w->base + start;
	if (wrong != UINT32_MAX)
		m->m_data[wrong - start] ^= 1;
	if (len % 4 == 3) {
		m->m_next = m_split(w->pool, m, len / 2);
		assert(m->m_next != NULL);
	}
	return m;
}

/* Bytes [start, start + len) of the stream come by. */
static void
packet(struct world *w, uint32_t start, uint32_t len)
{
	uint32_t wrong = choose_wrong(w, start, len);
	struct nic_tls_result result;
	struct mbuf *m;

	m = make_packet(w, start, len, wrong);
	if (wrong != UINT32_MAX)
		nic_tls_spoil(&w->tls, w->base + wrong, 1);
	nic_tls_rx(&w->tls, m, &result);
	assert((result.verdict == NIC_TLS_DECRYPTED) ==
	       (m->m_pkthdr.csum_flags == CSUM_TLS_DECRYPTED));
	check_bytes(w, m, start, wrong);
	m_freem(w->pool, m);
	keep(w, start, start + len, result.verdict == NIC_TLS_DECRYPTED, wrong);
	if (result.verdict == NIC_TLS_RESYNC)
		take_act(w, nic_resync_packet(&w->resync,
					      &(struct nic_resync_packet){
						  .seq = w->base + start,
						  .len = len,
						  .candidate = result.candidate,
					      }));
}

/* New bytes, on the wire or lost on it; the calm is left alone. */
static void
send_new(struct world *w, uint32_t len, bool lost)
{
	uint32_t end = image.start[image.records - CALM_RECORDS];

	if (len > end - w->sent)
		len = end - w->sent;
	if (len == 0)
		return;
	w->sent += len;
	if (!lost)
		packet(w, w->sent - len, len);
}

/* Bytes that have been sent before; from the first hole on, or further back. */
static void
send_again(struct world *w, uint32_t back, uint32_t len)
{
	uint32_t start = back < w->arrived ? w->arrived - back : 0;

	if (len > w->sent - start)
		len = w->sent - start;
	if (len > 0)
		packet(w, start, len);
}

static void
command(struct world *w, const uint8_t *data)
{
	uint32_t len = 1 + data[1] * 6u % PACKET_MAX;

	switch ((enum command)(data[0] % COMMANDS)) {
	case SEND:
	case LOSE:
		send_new(w, len, data[0] % COMMANDS == LOSE);
		break;
	case AGAIN:
		send_again(w, data[2] < 128 ? 0 : (data[2] - 127u) * 20, len);
		break;
	case FLIP:
		w->flip = 1 + data[1];
		break;
	case PARSE:
		parse(w);
		break;
	case FINISH:
		finish(w);
		break;
	case POST:
		post(w, data[1] == 0);
		break;
	case WORK:
		work(w);
		break;
	case RESET:
		reset(w);
		break;
	case COMMANDS:
		break;
	}
}

/* Software and driver do all that there is to do, in turn. */
static void
settle(struct world *w)
{
	uint32_t parsed, finished;

	do {
		parsed = w->parsed;
		finished = w->finished;
		parse(w);
		finish(w);
		while (w->act_count > 0 || w->queued > 0) {
			post(w, false);
			work(w);
		}
		check_place(w);
	} while (w->parsed > parsed || w->finished > finished);
}

/* What has not come is sent again. */
static void
fill(struct world *w)
{
	while (w->arrived < w->sent) {
		send_again(w, 0, 500);
		settle(w);
	}
}

/* New packets, none with parts of two records, up to a record's beginning. */
static void
send_until(struct world *w, uint32_t record)
{
	for (uint32_t i = 0; i < record; i++)
		while (w->sent < image.start[i + 1]) {
			uint32_t len = image.start[i + 1] - w->sent;

			len = len < 250 ? len : 250;
			packet(w, w->sent, len);
			w->sent += len;
			settle(w);
		}
}

/*
 * Nothing goes wrong any more, but for one burst that takes two records and
 * with them the chain of any candidate that will never be confirmed: one that
 * FreeBSD has forgotten, or of which Linux was not told.  What comes behind is
 * a candidate that the driver can confirm.
 */
static void
calm(struct world *w)
{
	uint32_t first = image.records - CALM_RECORDS;

	w->flip = 0;
	settle(w);
	fill(w);
	send_until(w, first);
	w->sent = image.start[first + 2];
	send_until(w, first + 4);
	fill(w);
	send_until(w, image.records);
	assert(w->finished == image.records);
	assert(!w->plain_sailing || w->tls.offload);
}

static void
begin(struct world *w, const uint8_t *data, uint32_t records)
{
	const uint8_t options = data[0];
	const bool wraps = (data[1] & 1) != 0;
	const struct nic_tls_params params = {
	    .key = &w->key,
	    .real = (options & 2) != 0,
	    .matcher = (enum nic_tls_matcher)((options >> 2 & 3) % 3),
	    .overlap = (options & 64) != 0,
	    .scan_delay = (options & 128) != 0 ? 300 : 0,
	    .aligned = (data[1] & 2) != 0,
	    .rec_seq = wraps ? UINT64_MAX - 7 : 1,
	    .start_seq = wraps ? UINT32_MAX - 2000 : 1,
	    .scratch = scratch,
	    .counters = &w->device,
	};
	const struct nic_resync_ops *ops = nic_resync_at(options >> 4 & 3);
	int error;

	w->pool = mbuf_pool_create(0);
	assert(w->pool != NULL);
	make_key(w, (options & 1) != 0);
	make_stream(w, data + 2, records, params.rec_seq);
	w->base = params.start_seq;
	error = nic_tls_init(&w->tls, &params);
	assert(error == 0);
	error = nic_resync_init(&w->resync, ops, &w->driver);
	assert(error == 0);
	w->plain_sailing = params.matcher == NIC_TLS_STRICT && !wraps &&
			   ops->device_scans && !has_false_headers();
}

static void
end(struct world *w)
{
	const uint64_t *n = w->driver.n;

	nic_resync_fini(&w->resync);
	assert(n[NIC_RESYNC_REQ_START] ==
	       n[NIC_RESYNC_REQ_END] + n[NIC_RESYNC_REQ_SKIP]);
	assert(w->device.resync_req_pkt == n[NIC_RESYNC_REQ_PKT]);
	assert(w->device.answers_taken + w->device.answers_refused +
		   w->device.hints_taken <=
	       n[NIC_RESYNC_RES_OK]);
	nic_tls_fini(&w->tls);
	mbuf_pool_destroy(w->pool);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *w = &world;
	uint32_t records;

	if (size < 2)
		return 0;
	records = data[1] >> 3;
	if (size < 2 + records)
		return 0;
	memset(w, 0, sizeof(*w));
	begin(w, data, records);
	for (size_t off = 2 + records; off + 3 <= size; off += 3) {
		command(w, data + off);
		check_place(w);
	}
	calm(w);
	end(w);
	return 0;
}
