/*
 * handshake_tls13.c - TLS 1.3: the protected flight, 0-RTT data, KeyUpdate.
 *
 * Called by handshake.c with each whole record behind the ServerHello.  The
 * flight is opened here with the handshake traffic secret, as userland does,
 * until the Finished; KTLS then begins with the application traffic secret and
 * record 0.  Where only that one is known, the flight ends at the first record
 * that opens with it.  Where none is, handshake_infer.c goes by lengths.
 * 0-RTT data is decrypted here too: KTLS is enabled behind it.
 * Left out: exporters, post-handshake authentication (its messages pass).
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "engine/tls_record.h"
#include "traces/handshake_state.h"

enum {
	/* Records on which the application key is tried. */
	TRIES_MAX = 64,
	/* Records of 0-RTT data without the early secret. */
	SKIPPED_MAX = 256,
};

static const enum keylog_label flight_label[2] = {
    KEYLOG_CLIENT_HANDSHAKE_TRAFFIC_SECRET,
    KEYLOG_SERVER_HANDSHAKE_TRAFFIC_SECRET,
};

static const enum keylog_label application_label[2] = {
    KEYLOG_CLIENT_TRAFFIC_SECRET_0,
    KEYLOG_SERVER_TRAFFIC_SECRET_0,
};

static int
key_from_secret(const struct handshake *hs, const uint8_t *secret,
		struct ktls_key *key)
{
	int error = tls13_record_key(hs->suite, secret,
				     tls_hash_bytes(hs->suite->prf), key);

	key->suites = hs->suites;
	return error;
}

static int
opener_from_secret(const struct handshake *hs, const uint8_t *secret,
		   struct tls_opener *opener)
{
	struct ktls_key key = {.version = TLS_1_3};
	int error = key_from_secret(hs, secret, &key);

	if (error == 0)
		tls_opener_init(opener, hs->aead, &key);
	ktls_key_clear(&key);
	return error;
}

/* 0-RTT is the client's, and is opened even where its flight is not. */
static int
begin_early(struct handshake *hs)
{
	size_t len = tls_hash_bytes(hs->suite->prf);
	const uint8_t *secret;
	const char *reason;

	if (!hs->info.early_data_offered || hs->early_done)
		return 0;
	secret = handshake_secret(hs, KEYLOG_CLIENT_EARLY_TRAFFIC_SECRET, len,
				  &reason);
	if (secret == NULL)
		return 0;
	return opener_from_secret(hs, secret, &hs->early);
}

/* Keys are made here, so that lack of memory cannot strike at the border. */
static int
begin_keys(struct handshake *hs, enum flow_direction direction,
	   const uint8_t *flight, const uint8_t *application)
{
	struct handshake_side *side = &hs->side[direction];
	const uint8_t *opening = flight != NULL ? flight : application;
	int error = 0;

	if (application != NULL)
		error = key_from_secret(hs, application, &side->key);
	if (error == 0 && opening != NULL)
		error = opener_from_secret(hs, opening, &side->opener);
	if (error == 0 && direction == FLOW_CLIENT_TO_SERVER)
		error = begin_early(hs);
	if (error == 0)
		return 0;
	tls_opener_fini(&side->opener);
	ktls_key_clear(&side->key);
	return ENOMEM;
}

/* Decide how the end of the flight will be found. */
static int
begin_flight(struct handshake *hs, enum flow_direction direction)
{
	struct handshake_side *side = &hs->side[direction];
	const uint8_t *flight = NULL, *application = NULL;
	const char *reason = hs->refusal, *ignored;
	size_t len = 0;

	if (reason == NULL) {
		len = tls_hash_bytes(hs->suite->prf);
		application = handshake_secret(hs, application_label[direction],
					       len, &reason);
		flight = handshake_secret(hs, flight_label[direction], len,
					  &ignored);
		if (begin_keys(hs, direction, flight, application) != 0)
			return ENOMEM;
	}
	if (hs->early_draft)
		side->flight = FLIGHT_NOT_TAKEN;
	else if (flight != NULL)
		side->flight = FLIGHT_OPENED;
	else
		side->flight =
		    application != NULL ? FLIGHT_TRIED : FLIGHT_INFERRED;
	if (flight != NULL && application == NULL)
		reason = "no application traffic secret";
	side->reason = reason;
	if (application != NULL) {
		memcpy(side->secret, application, len);
		side->secret_len = len;
	}
	return 0;
}

/* The Finished was read: the record behind it is KTLS's first. */
static void
install_application(struct handshake *hs, enum flow_direction direction,
		    struct handshake_output *output)
{
	struct handshake_side *side = &hs->side[direction];

	if (side->secret_len == 0)
		handshake_install_model(hs, direction, side->reason, output);
	else
		handshake_install(hs, direction, &side->key, output);
	ktls_key_clear(&side->key);
}

static void
flight_message(struct handshake *hs, enum flow_direction direction,
	       const struct tls_message *message)
{
	if (message->type == TLS_FINISHED)
		hs->side[direction].finished = true;
	if (message->type != TLS_ENCRYPTED_EXTENSIONS ||
	    direction != FLOW_SERVER_TO_CLIENT)
		return;
	hs->extensions_seen = true;
	hs->early_accepted =
	    tls_early_data_accepted(message->body, message->len);
}

/* One decrypted record of the flight. */
static int
flight_plaintext(struct handshake *hs, enum flow_direction direction,
		 const struct tls_plaintext *plaintext,
		 struct handshake_output *output)
{
	struct handshake_side *side = &hs->side[direction];
	struct tls_message message;
	int error = 0;

	if (plaintext->type == TLS_ALERT)
		handshake_alert(hs, direction, hs->scratch, plaintext->len,
				output);
	if (plaintext->type != TLS_HANDSHAKE)
		return 0;
	if (tls_messages_add(&side->messages, hs->scratch, plaintext->len) != 0)
		return ENOMEM;
	while (!side->finished && error == 0) {
		error = tls_messages_next(&side->messages, &message);
		if (error == 0)
			flight_message(hs, direction, &message);
	}
	if (error == EMSGSIZE)
		handshake_give_up(hs, direction,
				  "a handshake message over 128 KiB", output);
	else if (side->finished)
		install_application(hs, direction, output);
	return 0;
}

/* May this record still be 0-RTT data? */
static bool
may_be_early(const struct handshake *hs, enum flow_direction direction)
{
	return direction == FLOW_CLIENT_TO_SERVER &&
	       hs->info.early_data_offered && !hs->early_done;
}

/*
 * The flight's key did not open a record.  Rejected or unreadable 0-RTT data
 * is passed over; anything else shows that the secrets are wrong, or that the
 * record was damaged on its way in spite of its TCP checksum.
 */
static void
flight_not_opened(struct handshake *hs, enum flow_direction direction,
		  const struct handshake_bytes *record,
		  struct handshake_output *output)
{
	struct handshake_side *side = &hs->side[direction];

	if (may_be_early(hs, direction) && !hs->wrong_keys &&
	    side->skipped_records < SKIPPED_MAX) {
		side->skipped_records++;
		output->consumed = record->len;
		return;
	}
	hs->wrong_keys = true;
	side->flight = FLIGHT_INFERRED;
	side->reason = HANDSHAKE_NOT_OPENED;
	handshake_infer(hs, direction, record, output);
}

static int
read_opened(struct handshake *hs, enum flow_direction direction,
	    const struct handshake_bytes *record,
	    struct handshake_output *output)
{
	struct handshake_side *side = &hs->side[direction];
	struct tls_plaintext plaintext;
	int error = tls_open(&side->opener, record->bytes, record->len,
			     hs->scratch, &plaintext);

	if (error == EBADMSG) {
		flight_not_opened(hs, direction, record, output);
		return 0;
	}
	if (error != 0)
		return error;
	error = flight_plaintext(hs, direction, &plaintext, output);
	if (error != 0) {
		side->opener.key.rec_seq--;
		return error;
	}
	if (direction == FLOW_CLIENT_TO_SERVER)
		hs->early_done = true;
	side->flight_records++;
	hs->info.handshake_records[direction]++;
	output->consumed = record->len;
	return 0;
}

/* Is this the first record under the application key? */
static int
read_tried(struct handshake *hs, enum flow_direction direction,
	   const struct handshake_bytes *record,
	   struct handshake_output *output)
{
	struct handshake_side *side = &hs->side[direction];
	struct tls_plaintext plaintext;
	int error = tls_open(&side->opener, record->bytes, record->len,
			     hs->scratch, &plaintext);

	side->border_inferred = true;
	if (error == 0) {
		install_application(hs, direction, output);
		return 0;
	}
	if (error != EBADMSG)
		return error;
	side->flight_records++;
	hs->info.handshake_records[direction]++;
	output->consumed = record->len;
	if (side->flight_records == TRIES_MAX)
		handshake_install_model(hs, direction, HANDSHAKE_NOT_OPENED,
					output);
	return 0;
}

/* Take one opened 0-RTT record. */
static void
early_plaintext(struct handshake *hs, const struct tls_plaintext *plaintext,
		struct handshake_output *output)
{
	if (plaintext->type == TLS_HANDSHAKE && plaintext->len > 0 &&
	    hs->scratch[0] == TLS_END_OF_EARLY_DATA) {
		hs->early_done = true;
		hs->info.handshake_records[CLIENT]++;
	}
	/* What the server turned down never reached its application. */
	if (plaintext->type != TLS_APPLICATION_DATA ||
	    (hs->extensions_seen && !hs->early_accepted))
		return;
	output->early_data = hs->scratch;
	output->early_len = plaintext->len;
	output->early_records = 1;
}

/*
 * Whether the server took the 0-RTT data, and whether the key log is of this
 * connection at all, is known only from the server's flight.  Returns true
 * where that may be readable but has not been read yet.
 */
static bool
extensions_pending(const struct handshake *hs)
{
	const struct handshake_side *server = &hs->side[SERVER];

	return !hs->extensions_seen && !server->ended && !hs->failed &&
	       server->phase == SIDE_PROTECTED &&
	       (server->flight == FLIGHT_UNDECIDED ||
		server->flight == FLIGHT_OPENED);
}

/* EAGAIN: the record is for the flight's own key. */
static int
read_early(struct handshake *hs, const struct handshake_bytes *record,
	   struct handshake_output *output)
{
	struct tls_plaintext plaintext;
	int error;

	if (extensions_pending(hs))
		return 0;
	if (hs->early.pool == NULL)
		return EAGAIN;
	error = tls_open(&hs->early, record->bytes, record->len, hs->scratch,
			 &plaintext);
	if (error == EBADMSG)
		return EAGAIN;
	if (error != 0)
		return error;
	output->consumed = record->len;
	early_plaintext(hs, &plaintext, output);
	return 0;
}

static int
read_protected(struct handshake *hs, enum flow_direction direction,
	       const struct handshake_bytes *record,
	       struct handshake_output *output)
{
	int error = EAGAIN;

	if (handshake_scratch(hs) == NULL)
		return ENOMEM;
	if (may_be_early(hs, direction))
		error = read_early(hs, record, output);
	if (error != EAGAIN)
		return error;
	switch (hs->side[direction].flight) {
	case FLIGHT_OPENED:
		return read_opened(hs, direction, record, output);
	case FLIGHT_TRIED:
		return read_tried(hs, direction, record, output);
	case FLIGHT_INFERRED:
		handshake_infer(hs, direction, record, output);
		return 0;
	case FLIGHT_NOT_TAKEN:
		handshake_install_model(hs, direction, hs->refusal, output);
		return 0;
	case FLIGHT_UNDECIDED:
		break;
	}
	assert(false); /* begin_flight has decided it */
	return 0;
}

int
handshake_tls13_record(struct handshake *hs, enum flow_direction direction,
		       const struct handshake_bytes *record,
		       struct handshake_output *output)
{
	if (hs->side[direction].flight == FLIGHT_UNDECIDED &&
	    begin_flight(hs, direction) != 0)
		return ENOMEM;
	if (record->bytes[0] == TLS_APPLICATION_DATA)
		return read_protected(hs, direction, record, output);
	/*
	 * ChangeCipherSpec is there for middleboxes (RFC 8446 appendix D.4); an
	 * alert in the clear comes from a peer that has no keys.
	 */
	output->consumed = record->len;
	if (record->bytes[0] == TLS_ALERT)
		handshake_alert(hs, direction, record->bytes + TLS_HEADER_BYTES,
				record->len - TLS_HEADER_BYTES, output);
	return 0;
}

int
handshake_tls13_update(struct handshake *hs, enum flow_direction direction,
		       struct handshake_output *output)
{
	struct handshake_side *side = &hs->side[direction];
	struct ktls_key key = {.version = TLS_1_3};
	uint8_t next[KEYLOG_SECRET_MAX];
	int error;

	if (side->secret_len == 0)
		return 0;
	memcpy(next, side->secret, side->secret_len);
	error = tls13_next_secret(hs->suite, next, side->secret_len);
	if (error == 0)
		error = key_from_secret(hs, next, &key);
	if (error == 0) {
		memcpy(side->secret, next, side->secret_len);
		hs->info.key_updates[direction]++;
		handshake_push(output, HANDSHAKE_NEXT_KEY, direction, &key);
	}
	explicit_bzero(next, sizeof(next));
	ktls_key_clear(&key);
	return error;
}
