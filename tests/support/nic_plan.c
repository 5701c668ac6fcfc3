/*
 * nic_plan.c - what a seed says: keys of the model, TLS streams, and when which
 * bytes of them are sent.
 *
 * Called by nic_storm.c for each seed.  Streams are made here, with tls_seal.h;
 * the keys in nic_plan_keys.c.  A stream's length follows from the size of its
 * segments, so that a seed takes a few milliseconds whatever it draws.
 *
 * Left out: handshakes and KeyUpdates, which the captures have.
 */
#include "tests/support/nic_plan.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "tests/support/nic_plan_keys.h"
#include "tests/support/tls_seal.h"

/* splitmix64: Steele, Lea, Flood, OOPSLA 2014. */
uint64_t
nic_plan_draw(struct nic_plan *plan)
{
	uint64_t z = plan->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

uint64_t
nic_plan_between(struct nic_plan *plan, uint64_t least, uint64_t most)
{
	return least + nic_plan_draw(plan) % (most - least + 1);
}

static bool
one_in(struct nic_plan *plan, uint64_t n)
{
	return nic_plan_draw(plan) % n == 0;
}

static void
draw_key(struct nic_plan *plan, struct nic_plan_flow *flow)
{
	bool tls13 = one_in(plan, 2), long_key = one_in(plan, 2);

	tls_seal_key(&flow->key, tls13 ? TLS_1_3 : TLS_1_2, TLS_CIPHER_AES_GCM,
		     long_key ? 32 : 16, (uint8_t)nic_plan_draw(plan));
	if (tls13)
		flow->suite = long_key ? 0x1302 : 0x1301;
	else
		flow->suite = long_key ? 0xc030 : 0xc02f;
	flow->ipv6 = one_in(plan, 4);
}

/* Numbers of the first byte and of the first record, near their ends or not. */
static void
draw_numbers(struct nic_plan *plan, struct nic_plan_flow *flow)
{
	switch (nic_plan_draw(plan) % 4) {
	case 0:
		flow->key.rec_seq = 0;
		break;
	case 1: /* the last record may have the last number there is */
		flow->key.rec_seq = UINT64_MAX - nic_plan_between(plan, 0, 100);
		break;
	case 2: /* 32 bits do not suffice */
		flow->key.rec_seq = UINT32_MAX - nic_plan_between(plan, 0, 20);
		break;
	default:
		flow->key.rec_seq = nic_plan_draw(plan) >> 1;
		break;
	}
	flow->first_seq = one_in(plan, 2)
			      ? 0 - (uint32_t)nic_plan_between(plan, 0, 40000)
			      : (uint32_t)nic_plan_draw(plan);
}

/* Bytes of the next record: all of one size, or of every order of magnitude. */
static uint32_t
draw_record_len(struct nic_plan *plan, uint32_t fixed)
{
	if (fixed > 0)
		return fixed;
	return (uint32_t)nic_plan_between(
	    plan, 1, UINT64_C(1) << nic_plan_between(plan, 0, 14));
}

static void
add_record(struct nic_plan *plan, struct nic_plan_flow *flow, uint32_t len)
{
	struct nic_plan_record *record = &flow->record[flow->records];
	struct tls_plain plain = {.type = TLS_APPLICATION_DATA,
				  .bytes = flow->plain + flow->plain_len,
				  .len = len};

	if (flow->key.version == TLS_1_3 && len + 20 <= TLS_PLAINTEXT_MAX &&
	    one_in(plan, 4))
		plain.padding = nic_plan_between(plan, 0, 20);
	for (uint32_t i = 0; i < len; i += 8) {
		uint64_t bytes = nic_plan_draw(plan);

		memcpy(flow->plain + flow->plain_len + i, &bytes,
		       len - i < 8 ? len - i : 8);
	}
	*record = (struct nic_plan_record){
	    .plain_at = flow->plain_len,
	    .plain_len = len,
	    .wire_at = flow->wire_len,
	};
	record->wire_len =
	    (uint32_t)tls_seal(&flow->key, flow->key.rec_seq + flow->records,
			       &plain, flow->wire + flow->wire_len);
	flow->plain_len += len;
	flow->wire_len += record->wire_len;
	flow->records++;
}

/* A bit of explicit nonce, text or tag: every copy of the record has it. */
static void
damage_record(struct nic_plan *plan, struct nic_plan_flow *flow)
{
	struct nic_plan_record *record =
	    &flow->record[nic_plan_draw(plan) % flow->records];
	uint64_t byte =
	    nic_plan_between(plan, TLS_HEADER_BYTES, record->wire_len - 1);

	if (record->damaged)
		return;
	record->damaged = true;
	flow->damaged++;
	flow->wire[record->wire_at + byte] ^= (uint8_t)(1u << byte % 8);
}

static void
draw_stream(struct nic_plan *plan, struct nic_plan_flow *flow, uint32_t most)
{
	static const uint32_t sizes[] = {0,   0,    0,	  1,	17,    300,
					 512, 1400, 4096, 9000, 16383, 16384};
	uint32_t fixed =
	    sizes[nic_plan_draw(plan) % (sizeof(sizes) / sizeof(sizes[0]))];

	flow->records = flow->damaged = 0;
	flow->plain_len = flow->wire_len = 0;
	while (flow->records < NIC_PLAN_RECORDS) {
		uint32_t len = draw_record_len(plan, fixed);

		/* One record at least, however long. */
		if (flow->records > 0 &&
		    (flow->plain_len + len > most ||
		     flow->key.rec_seq + flow->records == 0))
			break;
		add_record(plan, flow, len);
	}
	for (int i = 0; one_in(plan, 8) && i < 3; i++)
		damage_record(plan, flow);
}

/* How a flow's segments are cut. */
struct cutting {
	uint32_t mss;
	bool random;   /* 1 .. mss, else mss */
	bool crumbs;   /* now and then a few bytes, so that headers are split */
	bool overlaps; /* ... or bytes that were sent before once more */
};

static struct cutting
draw_cutting(struct nic_plan *plan)
{
	static const uint32_t sizes[] = {100,  300,  536,  1000, 1220,
					 1448, 1448, 1448, 4096, 8960};
	struct cutting cutting = {
	    .mss =
		sizes[nic_plan_draw(plan) % (sizeof(sizes) / sizeof(sizes[0]))],
	    .random = one_in(plan, 3),
	    .crumbs = one_in(plan, 3),
	    .overlaps = one_in(plan, 4),
	};

	return cutting;
}

/* Plaintext that gives about two thirds of the segments there is room for. */
static uint32_t
stream_limit(const struct cutting *cutting)
{
	uint32_t each = cutting->mss / (cutting->random ? 2 : 1) *
			(cutting->crumbs ? 2 : 3) / 3;
	uint32_t bytes = each * NIC_PLAN_SEGMENTS * 2 / 3;

	return bytes < NIC_PLAN_BYTES ? bytes : NIC_PLAN_BYTES;
}

static uint32_t
draw_segment_len(struct nic_plan *plan, const struct cutting *cutting)
{
	if (cutting->crumbs && one_in(plan, 4))
		return (uint32_t)nic_plan_between(plan, 1, 7);
	if (cutting->random)
		return (uint32_t)nic_plan_between(plan, 1, cutting->mss);
	return cutting->mss;
}

/* Where each flow is. */
struct sending {
	struct cutting cutting;
	uint32_t sent, segments;
	bool closed;
};

/* How many of a segment's bytes have been sent before: not all of them. */
static uint32_t
draw_overlap(struct nic_plan *plan, const struct sending *sending, uint32_t len)
{
	uint32_t most = len < sending->sent ? len - 1 : sending->sent;

	if (!sending->cutting.overlaps || len < 2 || most == 0 ||
	    !one_in(plan, 4))
		return 0;
	return (uint32_t)nic_plan_between(plan, 1, most);
}

/* The next segment of a flow, or its FIN. */
static void
add_segment(struct nic_plan *plan, unsigned number, struct sending *sending,
	    uint64_t time_ps)
{
	const struct nic_plan_flow *flow = &plan->flow[number];
	uint32_t left = flow->wire_len - sending->sent;
	uint32_t len = draw_segment_len(plan, &sending->cutting);
	uint32_t again = draw_overlap(plan, sending, len < left ? len : left);

	/* The last one there is room for takes the rest. */
	if (sending->segments == NIC_PLAN_SEGMENTS - 1) {
		len = left;
		again = 0;
	}
	if (len > left)
		len = left;
	plan->segment[plan->segments++] = (struct nic_plan_segment){
	    .time_ps = time_ps,
	    .flow = number,
	    .at = sending->sent - again,
	    .len = len,
	};
	sending->sent += len - again;
	sending->segments++;
	sending->closed = len == 0;
}

/* The flows take turns of a few segments each. */
static void
draw_segments(struct nic_plan *plan, struct sending *sending)
{
	unsigned open = plan->flows;
	/* Contexts may be there when the first segment comes, or not. */
	uint64_t time_ps =
	    one_in(plan, 3) ? plan->gap_ps : 20000000 + 40 * plan->gap_ps;

	plan->segments = 0;
	while (open > 0) {
		unsigned flow = (unsigned)(nic_plan_draw(plan) % plan->flows);
		uint64_t turn = nic_plan_between(plan, 1, 12);

		for (; turn > 0 && !sending[flow].closed; turn--) {
			add_segment(plan, flow, &sending[flow], time_ps);
			open -= sending[flow].closed;
			time_ps += nic_plan_between(plan, 0, 2 * plan->gap_ps);
		}
		/* A pause lets the software catch up. */
		if (one_in(plan, 8))
			time_ps += 20 * plan->gap_ps;
	}
}

void
nic_plan_make(struct nic_plan *plan, uint64_t seed)
{
	static const uint64_t gaps_ps[] = {300000, 1000000, 3000000, 10000000};
	struct sending sending[NIC_PLAN_FLOWS] = {0};

	plan->seed = seed;
	plan->state = seed;
	plan->gap_ps = gaps_ps[nic_plan_draw(plan) % 4];
	plan->flows = (unsigned)nic_plan_between(plan, 1, NIC_PLAN_FLOWS);
	for (unsigned i = 0; i < plan->flows; i++) {
		struct nic_plan_flow *flow = &plan->flow[i];

		sending[i].cutting = draw_cutting(plan);
		draw_key(plan, flow);
		draw_numbers(plan, flow);
		draw_stream(plan, flow, stream_limit(&sending[i].cutting));
	}
	draw_segments(plan, sending);
	nic_plan_keys(plan);
}

void
nic_plan_print(const struct nic_plan *plan, FILE *out)
{
	fprintf(out, "seed %" PRIu64 ": %u segments\n", plan->seed,
		plan->segments);
	for (unsigned i = 0; i < plan->keys; i++)
		fprintf(out, "  %s=%s\n", plan->key[i].key, plan->key[i].value);
	for (unsigned i = 0; i < plan->flows; i++) {
		const struct nic_plan_flow *flow = &plan->flow[i];

		fprintf(out,
			"  flow %u: suite 0x%04x, IPv%d, %" PRIu32
			" records from number %" PRIu64 ", %" PRIu32
			" bytes from sequence number %" PRIu32 ", %" PRIu32
			" damaged\n",
			i, flow->suite, flow->ipv6 ? 6 : 4, flow->records,
			flow->key.rec_seq, flow->wire_len, flow->first_seq,
			flow->damaged);
	}
}
