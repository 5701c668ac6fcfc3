/*
 * handshake_infer.c - the TLS 1.3 border from the lengths of records alone.
 *
 * Called by handshake_tls13.c where no secret opens the flight.  A Finished
 * that has a record to itself has a length that little else has (4 + hash + 1 +
 * tag), so the record of that length ends the flight.  Stacks that put several
 * messages into one record show it by a first record too long for
 * EncryptedExtensions, and end with a record that is not full.
 * Only the direction's own records count: what the other direction has come to
 * depends on the model's timing.  The result may be off by a few records;
 * info.border_inferred says so.
 */
#include "engine/tls_record.h"
#include "traces/handshake_state.h"

enum {
	/*
	 * Messages of the longest flights, from EncryptedExtensions or from
	 * Certificate to Finished, and so the most records.  Full ones, parts
	 * of a long certificate chain, are not counted.
	 */
	SERVER_FLIGHT_MAX = 5,
	CLIENT_FLIGHT_MAX = 3,
	EARLY_FLIGHT_MAX = 64, /* with 0-RTT data in front */
	FULL_RECORDS_MAX = 64,
	/* EncryptedExtensions with every usual extension are shorter. */
	EXTENSIONS_RECORD_MAX = 256,
	/* EncryptedExtensions with nothing in them. */
	EXTENSIONS_LEAST = TLS_MESSAGE_HEADER_BYTES + 2,
};

/* What a record adds to its plaintext: the inner type, and the tag. */
static size_t
record_overhead(const struct handshake *hs)
{
	if (hs->suite != NULL && hs->suite->cipher == TLS_CIPHER_AES_CCM_8)
		return 1 + 8;
	return 1 + TLS_TAG_BYTES;
}

static size_t
finished_bytes(const struct handshake *hs)
{
	enum tls_hash hash =
	    hs->suite != NULL ? hs->suite->prf : TLS_HASH_SHA256;

	return TLS_MESSAGE_HEADER_BYTES + tls_hash_bytes(hash);
}

/*
 * length: plaintext of a record of the server's flight, just consumed; first:
 * it is the flight's first.
 */
static bool
ends_server_flight(const struct handshake *hs, struct handshake_side *side,
		   size_t length, bool first)
{
	size_t finished = finished_bytes(hs);

	if (length == finished)
		return true;
	/* A resumed session has nothing between the two. */
	if (first && hs->info.resumed)
		return length >= EXTENSIONS_LEAST + finished;
	if (first)
		side->coalesced = length > EXTENSIONS_RECORD_MAX;
	if (side->coalesced && length < TLS_PLAINTEXT_MAX)
		return true;
	return side->flight_records >= SERVER_FLIGHT_MAX;
}

static bool
ends_client_flight(const struct handshake *hs, struct handshake_side *side,
		   size_t length)
{
	bool early = hs->info.early_data_offered && !hs->early_done;

	if (length == finished_bytes(hs))
		return true;
	if (early && !side->end_of_early) {
		/* EndOfEarlyData has no body. */
		if (length == TLS_MESSAGE_HEADER_BYTES) {
			side->end_of_early = true;
			side->flight_records = 0;
		}
		return side->flight_records >= EARLY_FLIGHT_MAX;
	}
	return side->flight_records >= CLIENT_FLIGHT_MAX;
}

void
handshake_infer(struct handshake *hs, enum flow_direction direction,
		const struct handshake_bytes *record,
		struct handshake_output *output)
{
	struct handshake_side *side = &hs->side[direction];
	size_t overhead = TLS_HEADER_BYTES + record_overhead(hs);
	size_t length = record->len > overhead ? record->len - overhead : 0;
	bool first = side->flight_records + side->full_records == 0;

	side->border_inferred = true;
	hs->info.handshake_records[direction]++;
	output->consumed = record->len;
	if (length >= TLS_PLAINTEXT_MAX &&
	    side->full_records < FULL_RECORDS_MAX)
		side->full_records++;
	else
		side->flight_records++;
	if (direction == FLOW_CLIENT_TO_SERVER)
		side->finished = ends_client_flight(hs, side, length);
	else
		side->finished = ends_server_flight(hs, side, length, first);
	if (side->finished)
		handshake_install_model(hs, direction, side->reason, output);
}
