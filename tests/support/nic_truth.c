/*
 * nic_truth.c - the record that a NIC's context takes itself to be in, against
 * the one it is in.
 *
 * Called by the tests of resyncs after every event of a simulation, so that a
 * wrong number is seen before a packet has met it.  An oracle that follows no
 * header: sequence numbers are compared with a list of offsets.
 *
 * Left out: key updates, after which numbers begin anew.
 */
#include "tests/support/nic_truth.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/offload.h"
#include "sim/run.h"

void
nic_truth_init(struct nic_truth *truth, uint32_t first_seq, uint64_t first_rec)
{
	memset(truth, 0, sizeof(*truth));
	truth->first_seq = first_seq;
	truth->first_rec = first_rec;
}

void
nic_truth_record(struct nic_truth *truth, uint32_t wire_bytes)
{
	assert(truth->records < NIC_TRUTH_RECORDS);
	truth->records++;
	truth->start[truth->records] =
	    truth->start[truth->records - 1] + wire_bytes;
}

/* The record that begins at this offset, or UINT32_MAX. */
static uint32_t
record_at(const struct nic_truth *truth, uint32_t offset)
{
	for (uint32_t i = 0; i <= truth->records; i++)
		if (truth->start[i] == offset)
			return i;
	return UINT32_MAX;
}

static void
look_at_place(struct nic_truth *truth, const struct nic_tls *tls, uint32_t at)
{
	const uint64_t number = truth->first_rec + at;

	if (at == UINT32_MAX)
		snprintf(truth->text, sizeof(truth->text),
			 "no record begins at offset %" PRIu32,
			 tls->rec_start - truth->first_seq);
	else if (tls->rec_seq != number)
		snprintf(truth->text, sizeof(truth->text),
			 "record %" PRIu32 " has number %" PRIu64
			 ", and the NIC says %" PRIu64,
			 at, number, tls->rec_seq);
	else if (tls->header_have == TLS_HEADER_BYTES && at < truth->records &&
		 tls->rec_bytes != truth->start[at + 1] - truth->start[at])
		snprintf(truth->text, sizeof(truth->text),
			 "record %" PRIu32 " has not %" PRIu32 " bytes", at,
			 tls->rec_bytes);
}

static const struct nic_tls *
context_of(const struct ktlsim *sim, uint32_t flow)
{
	const struct offload_flow *offload =
	    flow < sim->conn_count ? sim->conn[flow]->endpoint[0].offload
				   : NULL;

	return offload != NULL && offload->context != NULL
		   ? &offload->context->tls
		   : NULL;
}

static void
note_place(struct nic_truth *truth, uint32_t at)
{
	size_t used = strlen(truth->where);

	truth->places++;
	if (used + 12 < sizeof(truth->where))
		sprintf(truth->where + used, "%s%" PRIu32, used > 0 ? " " : "",
			at);
}

bool
nic_truth_look(struct nic_truth *truth, const struct ktlsim *sim, uint32_t flow)
{
	const struct nic_tls *tls = context_of(sim, flow);
	bool fresh = tls != NULL && tls->tracker == NIC_TLS_START;
	bool placed = tls != NULL && (tls->offload || fresh);
	uint32_t at;

	if (truth->text[0] != '\0')
		return false;
	if (placed) {
		at = record_at(truth, tls->rec_start - truth->first_seq);
		look_at_place(truth, tls, at);
		if (!truth->placed)
			note_place(truth, at);
	}
	truth->placed = placed;
	return truth->text[0] == '\0';
}
