/*
 * nic_resync_linux_async.c - Linux' DRIVER_REQ_ASYNC: query while headers pass.
 *
 * The device marks the packet in which it found a candidate; the driver asks
 * for the candidate's sequence number, and until that is known the record
 * parser goes on and must not lose the place.  So it counts the headers from
 * the packet's first byte on, and logs the first 13 that lie in the packet or
 * right behind it.  When the number comes, the next header compares it: with
 * the log, and then with itself.
 *
 * nic_resync_packet starts a request, or starts it over where one is under way
 * (a work item that has not run yet serves both); the QUERY act is that work
 * item; nic_resync_posted is its end; nic_resync_query_done, and then each
 * nic_resync_header, may lead to the answer.
 *
 * A query that found the queue full, or a device that has lost the candidate,
 * leads nowhere until the device asks anew.  An answer that found the queue
 * full is tried again, at most NIC_RESYNC_RETRIES times, and not once the
 * device has asked anew.
 *
 * Two rules are ours.  A candidate that the parser has passed is dropped, since
 * it could match again only where the sequence numbers have wrapped.  And the
 * log holds only while record numbers go up by one per header counted.
 *
 * Leaves out: the reference counts and locks of the driver.
 * Source: 04-nic section 1.6 (c).
 */
#include "nicmodel/nic_resync.h"

static struct nic_resync_act
async_packet(struct nic_resync *r, const struct nic_resync_packet *p)
{
	struct nic_resync_linux_async *a = &r->u.linux_async;
	bool waiting = a->work_queued;

	a->request = NIC_RESYNC_REQUEST_ASYNC;
	a->request_seq = p->seq;
	a->request_len = p->len;
	a->log_len = 0;
	a->delta = 0;
	a->retries_left = 0;
	a->work_queued = true;
	if (waiting)
		return nic_resync_none();
	return (struct nic_resync_act){.kind = NIC_RESYNC_QUERY};
}

/* The candidate is not known yet: count this header. */
static void
log_header(struct nic_resync_linux_async *a,
	   const struct nic_resync_record *rec)
{
	int32_t behind = nic_resync_seq_diff(rec->seq, a->request_seq);

	if (behind < 0)
		return;
	if (a->delta == UINT16_MAX) {
		a->request = NIC_RESYNC_REQUEST_NONE;
		return;
	}
	if (a->delta == 0)
		a->first_rec = rec->rec_seq;
	if ((uint32_t)behind <= a->request_len && a->log_len < NIC_RESYNC_LOG)
		a->log[a->log_len++] = rec->seq;
	a->delta++;
}

/*
 * Is the candidate in the log?  *rec_seq gets its number: the i-th header
 * logged is the i-th counted.  This header is the first that was not, or the
 * log is void: it serves for one comparison.
 */
static bool
log_find(const struct nic_resync_linux_async *a,
	 const struct nic_resync_record *rec, uint64_t *rec_seq)
{
	if (rec->rec_seq != a->first_rec + a->delta)
		return false;
	for (uint32_t i = 0; i < a->log_len; i++) {
		if (a->log[i] == a->request_seq) {
			*rec_seq = a->first_rec + i;
			return true;
		}
	}
	return false;
}

static struct nic_resync_act
async_answer(struct nic_resync *r, uint64_t rec_seq)
{
	struct nic_resync_linux_async *a = &r->u.linux_async;

	a->request = NIC_RESYNC_REQUEST_NONE;
	a->retries_left = NIC_RESYNC_RETRIES;
	nic_resync_count(r, NIC_RESYNC_TLS_DEVICE);
	return (struct nic_resync_act){
	    .kind = NIC_RESYNC_ANSWER,
	    .seq = a->request_seq,
	    .rec_seq = rec_seq,
	};
}

/* The candidate is known, and the parser has come to this header. */
static struct nic_resync_act
compare_header(struct nic_resync *r, const struct nic_resync_record *rec)
{
	struct nic_resync_linux_async *a = &r->u.linux_async;
	int32_t behind = nic_resync_seq_diff(rec->seq, a->request_seq);
	uint64_t rec_seq;

	if (log_find(a, rec, &rec_seq))
		return async_answer(r, rec_seq);
	if (behind == 0)
		return async_answer(r, rec->rec_seq);
	if (behind > 0)
		a->request = NIC_RESYNC_REQUEST_NONE;
	return nic_resync_none();
}

static struct nic_resync_act
async_header(struct nic_resync *r, const struct nic_resync_record *rec)
{
	struct nic_resync_linux_async *a = &r->u.linux_async;

	if (a->request == NIC_RESYNC_REQUEST_KNOWN)
		return compare_header(r, rec);
	if (a->request == NIC_RESYNC_REQUEST_ASYNC)
		log_header(a, rec);
	return nic_resync_none();
}

static struct nic_resync_act
async_query_done(struct nic_resync *r, const struct nic_resync_progress *psv)
{
	struct nic_resync_linux_async *a = &r->u.linux_async;

	if (psv->candidate_valid) {
		a->request = NIC_RESYNC_REQUEST_KNOWN;
		a->request_seq = psv->candidate;
	}
	return nic_resync_none();
}

static struct nic_resync_act
async_posted(struct nic_resync *r, const struct nic_resync_act *act, bool ok)
{
	struct nic_resync_linux_async *a = &r->u.linux_async;

	if (act->kind == NIC_RESYNC_QUERY) {
		a->work_queued = false;
		return nic_resync_none();
	}
	if (ok || a->retries_left == 0)
		return nic_resync_none();
	a->retries_left--;
	return *act;
}

const struct nic_resync_ops nic_resync_linux_async_ops = {
    .name = "linux-async",
    .device_scans = true,
    .packet = async_packet,
    .header = async_header,
    .query_done = async_query_done,
    .posted = async_posted,
};
