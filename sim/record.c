/*
 * record.c - one record through a TLS worker: begin and finish, with its stamp.
 *
 * Both executors call these around ktls_rx_crypt: in virtual time with the
 * price of the decryption in between, on threads with the decryption itself.
 * They move the stamp of the record's bytes from the segments to the record,
 * count what came of it and act on the engine's effects.
 */
#include "sim/record.h"

#include <errno.h>
#include <string.h>

#include "engine/effects.h"
#include "sim/pipeline.h"
#include "sim/reader.h"
#include "sim/run.h"

void
record_count_error(struct endpoint *ep, int error)
{
	ep->counts.errors++;
	if (ep->counts.first_error == 0)
		ep->counts.first_error = error;
}

enum ktls_rx_verdict
record_begin(struct endpoint *ep, struct ktls_rx_job *job,
	     struct ktls_rx_counters *counters, struct record_stamp *stamp,
	     sim_time now)
{
	unsigned effects = 0;
	enum ktls_rx_verdict verdict =
	    ktls_rx_begin(&ep->so, job, counters, &effects);

	if (verdict == KTLS_RX_NOMEM)
		run_fail(ep->conn->sim, ENOMEM);
	if (verdict == KTLS_RX_DROPPED)
		record_count_error(ep, ep->so.so_error);
	endpoint_act(ep, effects, now);
	if (verdict != KTLS_RX_RECORD)
		return verdict;
	/* The snap length began to cut behind the handshake. */
	if (ep->real && ktls_rx_forgo(job))
		ep->real = false;
	memset(stamp, 0, sizeof(*stamp));
	stamp->number = job->seqno;
	stamp->offset = ep->tls_offset;
	stamp->wire_bytes = job->wire_len;
	stamps_take(&ep->stamps, stamp);
	stamp->keyed_ps = ep->keyed_ps > stamp->appended_ps
			      ? ep->keyed_ps
			      : stamp->appended_ps;
	stamp->begin_ps = now;
	ep->tls_offset += job->wire_len;
	return verdict;
}

void
record_finish(struct endpoint *ep, struct ktls_rx_job *job,
	      struct ktls_rx_counters *counters, struct record_stamp *stamp,
	      sim_time now)
{
	int error = job->error;
	bool delivered = false;
	unsigned effects;

	stamp->plaintext_bytes = job->plaintext_len;
	stamp->type = job->record_type;
	stamp->decrypted_ps = now;
	effects = ktls_rx_finish(&ep->so, job, counters, &delivered);
	if (delivered) {
		ep->counts.records++;
		if (stamps_push_record(&ep->stamps, stamp) != 0)
			run_fail(ep->conn->sim, ENOMEM);
	} else if (error != 0) {
		record_count_error(ep, error);
	}
	endpoint_act(ep, effects, now);
}

/* A step that may have met the end of the stream inside a record. */
static void
act_at_end(struct endpoint *ep, unsigned (*step)(struct socket *so),
	   sim_time now)
{
	const struct sockbuf *sb = &ep->so.so_rcv;
	uint32_t tlscc = sb->sb_tlscc;
	int before = ep->so.so_error;
	unsigned effects = step(&ep->so);

	/* A header that was refused is counted by endpoint_act. */
	if (before != EMSGSIZE && ep->so.so_error == EMSGSIZE &&
	    (effects & ENGINE_DROP) == 0)
		record_count_error(ep, EMSGSIZE);
	ep->counts.discarded_bytes += tlscc - sb->sb_tlscc;
	endpoint_act(ep, effects, now);
}

void
endpoint_eof(struct endpoint *ep, sim_time now)
{
	act_at_end(ep, socantrcvmore, now);
}

void
endpoint_end_pass(struct endpoint *ep, sim_time now)
{
	act_at_end(ep, ktls_rx_end_pass, now);
}
