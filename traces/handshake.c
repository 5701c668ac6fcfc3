/*
 * handshake.c - the TLS library of both ends of a connection, as an automaton.
 *
 * The modelled readers call handshake_read with their unread bytes until KTLS
 * takes over, and handshake_record with what KTLS then decrypts that is not
 * application data.  This file holds the public functions, the search for the
 * beginning of TLS, and the records in the clear up to the border that
 * handshake_tls12.c or handshake_tls13.c finds; handshake_state.h is the map.
 *
 * A direction that needs the other one's hello waits: it consumes nothing until
 * the hello was read or handshake_end says that it will never be.
 * Left out: everything a TLS library does to be secure.  Nothing is verified
 * but the tags of the records that are opened.
 */
#include "traces/handshake.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/tls_record.h"
#include "traces/handshake_state.h"
#include "traces/tls_scan.h"

enum {
	/* A direction that has no TLS in its first bytes has none. */
	PLAIN_MAX = 64 * 1024,
};

struct handshake *
handshake_create(const struct keylog *keylog, struct aead_pool *aead,
		 const struct tls_suite *assumed, enum ktls_suites suites)
{
	struct handshake *hs = calloc(1, sizeof(*hs));

	assert(aead != NULL && assumed != NULL);
	if (hs == NULL)
		return NULL;
	hs->keylog = keylog;
	hs->aead = aead;
	hs->assumed = assumed;
	hs->suites = suites;
	for (int i = 0; i < 2; i++) {
		hs->side[i].timed_from = HANDSHAKE_TIMED_ASSUMED;
		tls_messages_init(&hs->side[i].messages);
	}
	return hs;
}

void
handshake_destroy(struct handshake *hs)
{
	if (hs == NULL)
		return;
	for (int i = 0; i < 2; i++) {
		tls_opener_fini(&hs->side[i].opener);
		tls_messages_fini(&hs->side[i].messages);
	}
	tls_opener_fini(&hs->early);
	free(hs->scratch);
	explicit_bzero(hs, sizeof(*hs));
	free(hs);
}

static enum flow_direction
other(enum flow_direction direction)
{
	return direction == FLOW_CLIENT_TO_SERVER ? FLOW_SERVER_TO_CLIENT
						  : FLOW_CLIENT_TO_SERVER;
}

/* The other direction will not bring the hello that this one waits for. */
static bool
is_lost(const struct handshake *hs, enum flow_direction direction)
{
	const struct handshake_side *side = &hs->side[direction];

	return side->ended || side->phase >= SIDE_INSTALLED;
}

/*
 * One message of the handshake in the clear; its body is known up to `known`.
 */
static void
clear_message(struct handshake *hs, enum flow_direction direction,
	      const struct tls_message *message, size_t known)
{
	struct handshake_side *side = &hs->side[direction];

	if (direction == FLOW_CLIENT_TO_SERVER) {
		/* A random that is not known whole names no secret. */
		if (message->type == TLS_CLIENT_HELLO)
			handshake_client_hello(hs, message);
		return;
	}
	if (message->type == TLS_SERVER_HELLO)
		handshake_server_hello(hs, message, known);
	if (message->type == TLS_SERVER_HELLO_DONE)
		hs->hello_done = true;
	if (hs->info.suite_known && hs->info.version == TLS_1_3)
		side->phase = SIDE_PROTECTED;
}

/*
 * A record of which only the beginning is known: a hello there may still say
 * enough, and what else the record held is passed over.
 */
static void
cut_messages(struct handshake *hs, enum flow_direction direction,
	     const struct handshake_bytes *record,
	     struct handshake_output *output)
{
	enum { HEADERS = TLS_HEADER_BYTES + TLS_MESSAGE_HEADER_BYTES };
	struct handshake_side *side = &hs->side[direction];
	const uint8_t *at = record->bytes + TLS_HEADER_BYTES;
	bool begins = side->messages.head == side->messages.len;
	struct tls_message message;

	tls_messages_fini(&side->messages);
	output->consumed = record->len;
	hs->info.handshake_records[direction]++;
	if (!begins || side->known < HEADERS)
		return;
	message = (struct tls_message){
	    .type = at[0],
	    .body = at + TLS_MESSAGE_HEADER_BYTES,
	    .len = (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3],
	};
	if (message.len <= record->len - HEADERS)
		clear_message(hs, direction, &message, side->known - HEADERS);
}

static int
clear_messages(struct handshake *hs, enum flow_direction direction,
	       const struct handshake_bytes *record,
	       struct handshake_output *output)
{
	struct handshake_side *side = &hs->side[direction];
	struct tls_message message;
	int error = 0;

	if (side->cut && side->known < record->len) {
		cut_messages(hs, direction, record, output);
		return 0;
	}
	if (tls_messages_add(&side->messages, record->bytes + TLS_HEADER_BYTES,
			     record->len - TLS_HEADER_BYTES) != 0)
		return ENOMEM;
	output->consumed = record->len;
	hs->info.handshake_records[direction]++;
	while (error == 0) {
		error = tls_messages_next(&side->messages, &message);
		if (error == 0)
			clear_message(hs, direction, &message, message.len);
	}
	if (error == EMSGSIZE)
		handshake_give_up(hs, direction,
				  "a handshake message over 128 KiB", output);
	return 0;
}

/*
 * A record whose meaning depends on the ServerHello, which was not read.
 * Returns false where it is to be read as the connection's version says.
 */
static bool
without_server_hello(struct handshake *hs, enum flow_direction direction,
		     const struct handshake_bytes *record,
		     struct handshake_output *output)
{
	if (hs->info.suite_known)
		return false;
	/* 0-RTT data that a HelloRetryRequest has turned down. */
	if (hs->info.hello_retry && hs->client_hellos == 1)
		output->consumed = record->len;
	else if (direction == FLOW_SERVER_TO_CLIENT ||
		 is_lost(hs, FLOW_SERVER_TO_CLIENT))
		handshake_install_model(hs, direction, "no ServerHello",
					output);
	return true;
}

static int
read_change(struct handshake *hs, enum flow_direction direction,
	    const struct handshake_bytes *record,
	    struct handshake_output *output)
{
	/* Only TLS 1.3 retries a hello, and there this record says nothing. */
	bool says_nothing = hs->info.version == TLS_1_3 || hs->info.hello_retry;

	if (!says_nothing &&
	    without_server_hello(hs, direction, record, output))
		return 0;
	output->consumed = record->len;
	if (says_nothing)
		return 0;
	hs->side[direction].phase = SIDE_PROTECTED;
	if (direction == FLOW_SERVER_TO_CLIENT)
		hs->info.resumed = !hs->hello_done;
	return 0;
}

static int
read_clear(struct handshake *hs, enum flow_direction direction,
	   const struct handshake_bytes *record,
	   struct handshake_output *output)
{
	switch (record->bytes[0]) {
	case TLS_HANDSHAKE:
		return clear_messages(hs, direction, record, output);
	case TLS_CHANGE_CIPHER_SPEC:
		return read_change(hs, direction, record, output);
	case TLS_ALERT:
		output->consumed = record->len;
		handshake_alert(hs, direction, record->bytes + TLS_HEADER_BYTES,
				record->len - TLS_HEADER_BYTES, output);
		return 0;
	case TLS_APPLICATION_DATA:
		break;
	default:
		output->consumed = record->len; /* heartbeat */
		return 0;
	}
	if (without_server_hello(hs, direction, record, output))
		return 0;
	if (hs->info.version != TLS_1_3) {
		handshake_install_model(hs, direction, "no ChangeCipherSpec",
					output);
		return 0;
	}
	hs->side[direction].phase = SIDE_PROTECTED;
	return handshake_tls13_record(hs, direction, record, output);
}

/* One whole record, or the beginning of one. */
static int
read_record(struct handshake *hs, enum flow_direction direction,
	    const uint8_t *bytes, size_t len, struct handshake_output *output)
{
	struct handshake_side *side = &hs->side[direction];
	struct handshake_bytes record = {bytes, 0};
	bool tls12_border;

	output->need_more = len < TLS_HEADER_BYTES;
	if (output->need_more)
		return 0;
	if (side->cut && side->known < TLS_HEADER_BYTES) {
		handshake_give_up(hs, direction,
				  "the snap length cut off a record's header",
				  output);
		return 0;
	}
	side->minor = bytes[2];
	tls12_border =
	    side->phase == SIDE_PROTECTED && hs->info.version != TLS_1_3;
	if (tls_record_plausible(bytes)) {
		record.len =
		    TLS_HEADER_BYTES + ((size_t)bytes[3] << 8 | bytes[4]);
		output->need_more = len < record.len;
		if (output->need_more)
			return 0;
	} else if (!tls12_border) {
		handshake_give_up(hs, direction, "a malformed record", output);
		return 0;
	}
	if (tls12_border)
		return handshake_tls12_border(hs, direction, &record, output);
	if (side->phase == SIDE_PROTECTED)
		return handshake_tls13_record(hs, direction, &record, output);
	return read_clear(hs, direction, &record, output);
}

/* TLS begins at the first byte offered. */
static int
begin_tls(struct handshake *hs, enum flow_direction direction,
	  const uint8_t *bytes, size_t len, struct handshake_output *output)
{
	if (direction == FLOW_SERVER_TO_CLIENT && !hs->info.client_hello_seen &&
	    !is_lost(hs, FLOW_CLIENT_TO_SERVER))
		return 0;
	hs->side[direction].phase = SIDE_CLEAR;
	return read_record(hs, direction, bytes, len, output);
}

/* Bytes in front of TLS, or of a capture that began in the middle of it. */
static int
read_plain(struct handshake *hs, enum flow_direction direction,
	   const uint8_t *bytes, size_t len, struct handshake_output *output)
{
	struct tls_scan scan =
	    tls_scan(bytes, len,
		     direction == FLOW_CLIENT_TO_SERVER ? TLS_CLIENT_HELLO
							: TLS_SERVER_HELLO,
		     HANDSHAKE_PEEK_BYTES);

	if (scan.offset == 0 && scan.kind == TLS_SCAN_HELLO)
		return begin_tls(hs, direction, bytes, len, output);
	output->consumed = scan.offset;
	hs->info.plaintext_bytes[direction] += scan.offset;
	if (scan.kind == TLS_SCAN_CHAIN) {
		hs->side[direction].minor = bytes[scan.offset + 2];
		handshake_install_model(hs, direction, "no ServerHello",
					output);
	} else if (scan.kind == TLS_SCAN_NOTHING) {
		output->need_more = true;
		if (hs->info.plaintext_bytes[direction] >= PLAIN_MAX)
			handshake_give_up(hs, direction, "not TLS", output);
	}
	return 0;
}

int
handshake_read(struct handshake *hs, enum flow_direction direction,
	       const uint8_t *bytes, size_t len,
	       struct handshake_output *output)
{
	int error = 0;

	memset(output, 0, sizeof(*output));
	if (len == 0) {
		output->need_more = true;
		return 0;
	}
	switch (hs->side[direction].phase) {
	case SIDE_PLAIN:
		error = read_plain(hs, direction, bytes, len, output);
		break;
	case SIDE_CLEAR:
	case SIDE_PROTECTED:
		error = read_record(hs, direction, bytes, len, output);
		break;
	case SIDE_INSTALLED:
		break;
	case SIDE_GAVE_UP:
		output->consumed = len;
		break;
	}
	hs->side[direction].cut = false;
	if (output->count > 0 && error == 0)
		handshake_release(hs);
	assert(output->consumed <= len);
	return error;
}

void
handshake_cut(struct handshake *hs, enum flow_direction direction, size_t known)
{
	hs->side[direction].cut = true;
	hs->side[direction].known = known;
}

static int
record_messages(struct handshake *hs, enum flow_direction direction,
		const uint8_t *bytes, size_t len,
		struct handshake_output *output)
{
	struct handshake_side *side = &hs->side[direction];
	struct tls_message message;
	int error;

	if (side->messages_lost)
		return 0;
	error = tls_messages_add(&side->messages, bytes, len);
	while (error == 0) {
		error = tls_messages_next(&side->messages, &message);
		if (error != 0)
			break;
		if (hs->info.version != TLS_1_3)
			error = handshake_tls12_message(hs, direction, &message,
							output);
		else if (message.type == TLS_KEY_UPDATE)
			error = handshake_tls13_update(hs, direction, output);
	}
	side->messages_lost = error == EMSGSIZE;
	return error == ENOMEM ? ENOMEM : 0;
}

int
handshake_record(struct handshake *hs, enum flow_direction direction,
		 uint8_t type, const uint8_t *bytes, size_t len,
		 struct handshake_output *output)
{
	memset(output, 0, sizeof(*output));
	output->consumed = len;
	if (hs->side[direction].phase != SIDE_INSTALLED ||
	    hs->side[direction].timed_from != HANDSHAKE_TIMED_KEYS)
		return 0;
	switch (type) {
	case TLS_HANDSHAKE:
		return record_messages(hs, direction, bytes, len, output);
	case TLS_ALERT:
		handshake_alert(hs, direction, bytes, len, output);
		return 0;
	case TLS_CHANGE_CIPHER_SPEC:
		if (hs->info.version == TLS_1_3)
			return 0;
		return handshake_tls12_change(hs, direction, output);
	default:
		return 0;
	}
}

void
handshake_end(struct handshake *hs, enum flow_direction direction, bool hole)
{
	hs->side[direction].ended = true;
	hs->side[direction].hole = hole;
}

/* Why a direction that was never decided has no keys. */
static const char *
unfinished_reason(const struct handshake *hs, enum flow_direction direction)
{
	const struct handshake_side *side = &hs->side[direction];

	if (side->hole)
		return "a hole that never fills";
	if (hs->failed)
		return "handshake failed (alert)";
	if (side->reason != NULL)
		return side->reason;
	if (side->flight == FLIGHT_TRIED && side->flight_records > 0)
		return "no record opens with the application key";
	if (hs->info.client_hello_seen && hs->info.suite_known)
		return "handshake not finished";
	if (hs->side[other(direction)].hole)
		return "a hole that never fills";
	if (hs->info.client_hello_seen)
		return "no ServerHello";
	if (hs->info.plaintext_bytes[direction] > 0)
		return "not TLS";
	return "no ClientHello";
}

void
handshake_read_info(const struct handshake *hs, struct handshake_info *info)
{
	*info = hs->info;
	for (int i = 0; i < 2; i++) {
		const struct handshake_side *side = &hs->side[i];

		info->timed_from[i] = side->timed_from;
		info->border_inferred[i] = side->border_inferred;
		info->reason[i] = side->reason;
		if (side->phase < SIDE_INSTALLED)
			info->reason[i] =
			    unfinished_reason(hs, (enum flow_direction)i);
	}
}
