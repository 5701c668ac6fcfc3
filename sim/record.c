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
#include "sim/offload.h"
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

/* In mid-pass FreeBSD wakes nobody; by policy, a worker does now and then. */
static unsigned
wake_in_pass(struct endpoint *ep)
{
	uint32_t every = ep->conn->sim->config.ktls_wake_every;

	if (every == 0 || ++ep->unwoken < every)
		return 0;
	ep->unwoken = 0;
	return ENGINE_WAKE_READER;
}

void
record_finish(struct endpoint *ep, struct ktls_rx_job *job,
	      struct ktls_rx_counters *counters, struct record_stamp *stamp,
	      sim_time now)
{
	struct offload_record record = {
	    .offset = stamp->offset,
	    .seqno = job->seqno,
	    .wire_bytes = job->wire_len,
	    .marked_bytes = job->marked_len,
	    .marks = job->state,
	};
	int error = job->error;
	unsigned effects;

	stamp->plaintext_bytes = job->plaintext_len;
	stamp->marked_bytes = job->marked_len;
	stamp->type = job->record_type;
	stamp->decrypted_ps = now;
	effects = ktls_rx_finish(&ep->so, job, counters, &record.delivered);
	record.reported = (effects & ENGINE_RX_RESYNC) != 0;
	effects &= ~(unsigned)ENGINE_RX_RESYNC;
	if (record.delivered) {
		ep->counts.records++;
		effects |= wake_in_pass(ep);
		if (stamps_push_record(&ep->stamps, stamp) != 0)
			run_fail(ep->conn->sim, ENOMEM);
	} else if (error != 0) {
		record_count_error(ep, error);
	}
	offload_record(ep, &record, now);
	offload_header(ep, now);
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
	ep->unwoken = 0;
	act_at_end(ep, ktls_rx_end_pass, now);
}
