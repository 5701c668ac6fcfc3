/*
 * nic_plant.c - false record headers in the streams of a nic_plan.
 *
 * Called by test_resync_storm.c.  Plaintext and ciphertext of a byte differ by
 * the key stream, so that any ciphertext can be had: a record is sealed anew
 * with the plaintext that gives it.  That is what a peer who knows the key
 * could send; everyone else meets such bytes by chance.
 *
 * Chains are laid from the front of a stream to its end, one behind the other
 * and across each other.  A context that follows one which runs into a true
 * header is lost until that breaks, so flows have many of them or few.
 */
#include "tests/support/nic_plant.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "tests/support/nic_plan.h"
#include "tests/support/tls_seal.h"

/* One flow, and what its ciphertext is to be. */
static struct field {
	struct nic_plan *plan;
	struct nic_plan_flow *flow;
	uint32_t planted;
	uint32_t apart; /* bytes between two chains, about */
	uint32_t most;	/* headers of a chain */
	bool taken[NIC_PLAN_WIRE];
	uint8_t want[NIC_PLAN_WIRE];
} field;

static uint32_t
below(uint32_t limit)
{
	return (uint32_t)(nic_plan_draw(field.plan) % limit);
}

static uint32_t
header_bytes(void)
{
	return TLS_HEADER_BYTES + (field.flow->key.version == TLS_1_3 ? 0 : 8);
}

/* The record that byte `at` of the stream is in. */
static uint32_t
record_of(uint32_t at)
{
	uint32_t i = 0;

	while (i + 1 < field.flow->records &&
	       field.flow->record[i + 1].wire_at <= at)
		i++;
	return i;
}

/* A header fits there: all of it is text of one record, and not in use. */
static bool
fits(uint32_t at)
{
	const struct nic_plan_record *record =
	    &field.flow->record[record_of(at)];
	const uint32_t text = record->wire_at + header_bytes();

	if (record->damaged || at < text ||
	    at + TLS_HEADER_BYTES > text + record->plain_len)
		return false;
	for (uint32_t i = 0; i < TLS_HEADER_BYTES; i++)
		if (field.taken[at + i])
			return false;
	return true;
}

static void
put_header(uint32_t at, uint32_t next)
{
	const uint32_t length = next - at - TLS_HEADER_BYTES;
	const uint8_t header[TLS_HEADER_BYTES] = {
	    (uint8_t)(TLS_CHANGE_CIPHER_SPEC + below(4)), 3, 3,
	    (uint8_t)(length >> 8), (uint8_t)length};

	memcpy(field.want + at, header, sizeof(header));
	memset(field.taken + at, true, sizeof(header));
	field.planted++;
}

/* Where a record that pretends to begin at `at` shall end. */
static uint32_t
draw_next(uint32_t at)
{
	const uint32_t record = record_of(at);
	const uint32_t least = at + TLS_HEADER_BYTES + 24;
	uint32_t next;

	switch (below(4)) {
	case 0: /* as long as the record that it is in */
		next = at + field.flow->record[record].wire_len;
		break;
	case 1: /* to a true header */
		next = field.flow->record[record].wire_at +
		       field.flow->record[record].wire_len;
		break;
	case 2:
		next = least + below(4000);
		break;
	default:
		next = least + below(300);
		break;
	}
	return next >= least && next - at <= TLS_PLAINTEXT_MAX ? next : least;
}

static void
plant_chain(uint32_t at)
{
	uint32_t left = 1 + below(field.most);

	while (left-- > 0 && at < field.flow->wire_len && fits(at)) {
		uint32_t next = draw_next(at);

		put_header(at, next);
		at = next;
	}
}

/* The ciphertext that is wanted, by the plaintext that gives it. */
static void
seal_again(uint32_t number)
{
	struct nic_plan_flow *flow = field.flow;
	const struct nic_plan_record *record = &flow->record[number];
	const uint32_t tls13 = flow->key.version == TLS_1_3;
	struct tls_plain plain = {
	    .type = TLS_APPLICATION_DATA,
	    .bytes = flow->plain + record->plain_at,
	    .len = record->plain_len,
	    .padding = record->wire_len - header_bytes() - record->plain_len -
		       TLS_TAG_BYTES - tls13,
	};
	const uint32_t text = record->wire_at + header_bytes();
	size_t sealed;

	for (uint32_t i = 0; i < record->plain_len; i++)
		if (field.taken[text + i])
			flow->plain[record->plain_at + i] ^=
			    (uint8_t)(flow->wire[text + i] ^
				      field.want[text + i]);
	sealed = tls_seal(&flow->key, flow->key.rec_seq + number, &plain,
			  flow->wire + record->wire_at);
	assert(sealed == record->wire_len);
	(void)sealed;
}

static void
plant_flow(struct nic_plan_flow *flow)
{
	static const uint32_t aparts[] = {150, 600, 3000};

	field.flow = flow;
	field.apart = aparts[below(3)];
	field.most = below(2) == 0 ? 3 : 40;
	memset(field.taken, 0, sizeof(field.taken));
	for (uint32_t at = below(field.apart); at < flow->wire_len;
	     at += 1 + below(2 * field.apart))
		plant_chain(at);
	for (uint32_t i = 0; i < flow->records; i++)
		if (!flow->record[i].damaged)
			seal_again(i);
	for (uint32_t at = 0; at < flow->wire_len; at++)
		assert(!field.taken[at] || flow->wire[at] == field.want[at]);
}

uint32_t
nic_plant(struct nic_plan *plan)
{
	field.plan = plan;
	field.planted = 0;
	for (unsigned i = 0; i < plan->flows; i++)
		plant_flow(&plan->flow[i]);
	assert(plan->keys < NIC_PLAN_KEYS);
	plan->key[plan->keys++] =
	    (struct nic_plan_key){"link.corrupt_undetected", "0"};
	return field.planted;
}
