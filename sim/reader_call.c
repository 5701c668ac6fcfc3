/*
 * reader_call.c - a receive call that decrypts, in virtual time.
 *
 * ktls.decrypt_in=reader is the placement of Linux: there is no worker, and
 * recvmsg(2) decrypts record after record into the caller's buffer while room
 * is left.  Data records are joined; a record of another type is returned
 * alone, by a call of its own if data came before it.  Complete records wake
 * the reader (the parser below the socket waits for their last byte), bytes
 * alone do not.
 *
 * reader_task.c takes the steps: the call is entered, then a step to decrypt a
 * record (the engine's begin, crypt and finish, as a worker takes them) and a
 * step to copy its bytes, again and again; all of it is work of the application
 * and can be preempted between any two instants.  The socket's RUNNING token,
 * which elsewhere is a worker's, is held from the complete record that woke the
 * reader until no other one is left.
 *
 * An error is reported by the call that has nothing else to return.  Left out:
 * the backlog of a locked socket (a record that completes during a call can
 * still be joined to it), and decryption into the caller's pages without a
 * copy.
 */
#include "sim/reader_call.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "engine/ktls_rx.h"
#include "sim/reader.h"
#include "sim/reader_task.h"
#include "sim/record.h"
#include "sim/run.h"
#include "sim/worker.h"

enum call_step {
	CALL_CLOSED,
	CALL_ENTER,
	CALL_DECRYPT,
	CALL_COPY,
	CALL_RETURN,
};

struct reader_call {
	enum call_step step;
	sim_time entered_ps;
	uint32_t room;	/* left of the caller's buffer */
	uint32_t ended; /* records whose last byte it has taken */
	bool part;	/* ... and a part of the next one */
	bool taken;	/* there is something to return */
	bool alone;	/* that nothing may follow */
	bool has_job;
	struct ktls_rx_job job;
	struct record_stamp stamp;
};

int
reader_call_attach(struct endpoint *ep)
{
	ep->reader.call = calloc(1, sizeof(*ep->reader.call));
	return ep->reader.call == NULL ? ENOMEM : 0;
}

void
reader_call_detach(struct endpoint *ep)
{
	struct reader_call *call = ep->reader.call;

	if (call != NULL && call->has_job)
		ktls_rx_abandon(&ep->so, &call->job);
	free(call);
	ep->reader.call = NULL;
}

void
reader_call_queue(struct endpoint *ep, sim_time now)
{
	ep->work_pending = true;
	reader_task_wake(ep, now);
}

bool
reader_call_has_work(const struct endpoint *ep)
{
	return ep->reader.call != NULL && ep->work_pending &&
	       ep->reader.mode == READER_RECORDS;
}

bool
reader_call_is_open(const struct endpoint *ep)
{
	return ep->reader.call != NULL && ep->reader.call->step != CALL_CLOSED;
}

bool
reader_call_due(const struct endpoint *ep)
{
	if (ep->reader.call == NULL)
		return false;
	if (ep->reader.call->step != CALL_CLOSED)
		return true;
	return ep->reader.mode == READER_RECORDS &&
	       (ep->work_pending || reader_has_news(ep));
}

/* The record at the head of the plain chain may follow what was taken. */
static bool
head_is_data(const struct endpoint *ep)
{
	uint32_t head = ep->reader.call->ended;

	return stamps_record(&ep->stamps, head)->type == TLS_APPLICATION_DATA;
}

static enum call_step
next_step(const struct endpoint *ep)
{
	const struct reader_call *call = ep->reader.call;

	if (call->room == 0 || call->alone)
		return CALL_RETURN;
	if (ep->so.so_rcv.sb_mb != NULL)
		return call->taken && !head_is_data(ep) ? CALL_RETURN
							: CALL_COPY;
	if (ep->so.so_error == 0 && ep->work_pending)
		return CALL_DECRYPT;
	/* The receive call itself finds an error, the end, or nothing. */
	return call->taken ? CALL_RETURN : CALL_COPY;
}

static sim_time
begin_call(struct endpoint *ep, sim_time now)
{
	*ep->reader.call = (struct reader_call){
	    .step = CALL_ENTER,
	    .entered_ps = now,
	    .room = ep->conn->sim->config.app_read_size_bytes,
	};
	reader_enter(ep);
	return reader_task_call_price(ep, 0, now);
}

static sim_time
begin_decrypt(struct endpoint *ep, sim_time now)
{
	struct reader_call *call = ep->reader.call;
	struct worker *books = ep->worker;
	enum ktls_rx_verdict verdict =
	    record_begin(ep, &call->job, &books->ktls, &call->stamp, now);

	call->has_job = verdict == KTLS_RX_RECORD;
	if (!call->has_job) {
		ep->work_pending = false;
		if (verdict != KTLS_RX_DROPPED)
			endpoint_end_pass(ep, now);
		return 0;
	}
	ktls_rx_crypt(&call->job);
	books->records++;
	return worker_record_price(ep, &call->job, now);
}

static void
done_decrypt(struct endpoint *ep, sim_time now)
{
	struct reader_call *call = ep->reader.call;

	if (!call->has_job)
		return;
	record_finish(ep, &call->job, &ep->worker->ktls, &call->stamp, now);
	call->has_job = false;
	if (ktls_rx_ready(&ep->so))
		return;
	ep->work_pending = false;
	endpoint_end_pass(ep, now);
}

static sim_time
begin_copy(struct endpoint *ep)
{
	struct reader_call *call = ep->reader.call;

	call->alone = ep->so.so_rcv.sb_mb == NULL || !head_is_data(ep);
	reader_take(ep, call->room);
	return price_bytes(ep->host, COST_COPY_BYTE, ep->reader.got.bytes);
}

static void
done_copy(struct endpoint *ep)
{
	struct reader_call *call = ep->reader.call;
	const struct soreceive_result *got = &ep->reader.got;

	if (got->error != 0 || got->eof)
		return;
	call->taken = true;
	call->room -= got->bytes < call->room ? got->bytes : call->room;
	call->part = !reader_got_end(ep);
	call->ended += !call->part;
}

sim_time
reader_call_begin(struct endpoint *ep, sim_time now)
{
	switch (ep->reader.call->step) {
	case CALL_CLOSED:
		return begin_call(ep, now);
	case CALL_DECRYPT:
		return begin_decrypt(ep, now);
	case CALL_COPY:
		return begin_copy(ep);
	case CALL_ENTER:
	case CALL_RETURN:
		break;
	}
	assert(false);
	return 0;
}

bool
reader_call_done(struct endpoint *ep, sim_time now)
{
	struct reader_call *call = ep->reader.call;

	if (call->step == CALL_DECRYPT)
		done_decrypt(ep, now);
	else if (call->step == CALL_COPY)
		done_copy(ep);
	call->step = next_step(ep);
	if (call->step != CALL_RETURN)
		return true;
	call->step = CALL_CLOSED;
	reader_return(ep, call->entered_ps, call->ended, call->part, now);
	return false;
}
