/*
 * nic_resync_freebsd.c - resync as FreeBSD's ifnet TLS receive does it.
 *
 * Two parts in one automaton.  The stack's: after each record that the NIC has
 * not wholly decrypted, ktls tells the driver where it lay (if_snd_tag_modify);
 * after the first one that it has, once more, with length 0: all is well,
 * forget it.  The driver's: it keeps those records as a history of runs of
 * equal length, asks the device for its candidate whenever it learns of a
 * record and no query is outstanding, and confirms a candidate that the history
 * knows as the first byte of a record.
 *
 * So only records that a worker has finished can be confirmed, and a worker
 * that is behind puts the resync off.  A candidate that is not known, and a
 * queue that is full, cost nothing but time: the next record asks again.
 *
 * The history is bounded by 32 runs of 2048 records, which stays below 2^31
 * bytes; the oldest run makes room for a new one.  Sequence and record number
 * must both continue, else the history begins anew: a failed record, which the
 * stack does not report, or a new key must not shift the numbers.
 *
 * Leaves out: the tag's states around install and release.
 * Source: 04-nic section 1.6 (d), 03-engine section 4.4 and 4.5.
 */
#include "nicmodel/nic_resync.h"

enum {
	RUN_COUNT_BITS = 11,
	RUN_COUNT_MASK = NIC_RESYNC_RUN_RECORDS - 1,
};

_Static_assert(NIC_RESYNC_RUN_RECORDS == 1 << RUN_COUNT_BITS,
	       "records of a run, less one, fill their bits");
_Static_assert(
    (int64_t)NIC_RESYNC_RUNS *NIC_RESYNC_RUN_RECORDS *NIC_RESYNC_RECORD_MAX <
	(int64_t)1 << 31,
    "offsets into the history fit 31 bits");

static uint32_t
run_length(uint32_t run)
{
	return run >> RUN_COUNT_BITS;
}

static uint32_t
run_records(uint32_t run)
{
	return (run & RUN_COUNT_MASK) + 1;
}

static uint32_t *
history_run(struct nic_resync_freebsd *h, uint32_t i)
{
	return &h->runs[(h->head + i) % NIC_RESYNC_RUNS];
}

static void
history_drop_oldest(struct nic_resync_freebsd *h)
{
	uint32_t run = *history_run(h, 0);

	h->first_seq += run_length(run) * run_records(run);
	h->first_rec += run_records(run);
	h->head = (uint8_t)((h->head + 1) % NIC_RESYNC_RUNS);
	h->count--;
}

/* Does the record lengthen the newest run? */
static bool
history_extend(struct nic_resync_freebsd *h, uint32_t len)
{
	uint32_t *run;

	if (h->count == 0)
		return false;
	run = history_run(h, h->count - 1U);
	if (run_length(*run) != len ||
	    run_records(*run) == NIC_RESYNC_RUN_RECORDS)
		return false;
	*run += 1;
	return true;
}

static void
history_add(struct nic_resync_freebsd *h, const struct nic_resync_record *rec)
{
	if (rec->seq != h->next_seq || rec->rec_seq != h->next_rec)
		h->count = 0;
	if (h->count == 0) {
		h->first_seq = rec->seq;
		h->first_rec = rec->rec_seq;
	}
	if (!history_extend(h, rec->len)) {
		if (h->count == NIC_RESYNC_RUNS)
			history_drop_oldest(h);
		*history_run(h, h->count++) = rec->len << RUN_COUNT_BITS;
	}
	h->next_seq = rec->seq + rec->len;
	h->next_rec = rec->rec_seq + 1;
}

/*
 * Is `seq` the first byte of a record?  *rec_seq gets its number.  A place in
 * front of the history has an offset of at least 2^31, which is behind it.
 */
static bool
history_find(struct nic_resync_freebsd *h, uint32_t seq, uint64_t *rec_seq)
{
	uint32_t offset = seq - h->first_seq;

	*rec_seq = h->first_rec;
	for (uint32_t i = 0; i < h->count; i++) {
		uint32_t run = *history_run(h, i);
		uint32_t bytes = run_length(run) * run_records(run);

		if (offset < bytes) {
			*rec_seq += offset / run_length(run);
			return offset % run_length(run) == 0;
		}
		offset -= bytes;
		*rec_seq += run_records(run);
	}
	return false;
}

static struct nic_resync_act
freebsd_record(struct nic_resync *r, const struct nic_resync_record *rec)
{
	struct nic_resync_freebsd *h = &r->u.freebsd;

	if (rec->marks == NIC_RESYNC_DECRYPTED) {
		h->count = 0;
		return nic_resync_none();
	}
	history_add(h, rec);
	if (h->pending)
		return nic_resync_none();
	h->pending = true;
	return (struct nic_resync_act){.kind = NIC_RESYNC_QUERY};
}

static struct nic_resync_act
freebsd_query_done(struct nic_resync *r, const struct nic_resync_progress *psv)
{
	struct nic_resync_freebsd *h = &r->u.freebsd;
	struct nic_resync_act act = {
	    .kind = NIC_RESYNC_ANSWER,
	    .seq = psv->candidate,
	};

	h->pending = false;
	if (!psv->candidate_valid ||
	    !history_find(h, psv->candidate, &act.rec_seq))
		return nic_resync_none();
	return act;
}

/* A full queue is never waited for: the next record brings a new query. */
static struct nic_resync_act
freebsd_posted(struct nic_resync *r, const struct nic_resync_act *act, bool ok)
{
	if (act->kind != NIC_RESYNC_QUERY) {
		if (!ok)
			nic_resync_count(r, NIC_RESYNC_RX_ERROR);
		return nic_resync_none();
	}
	nic_resync_count(r,
			 ok ? NIC_RESYNC_FREEBSD_OK : NIC_RESYNC_FREEBSD_ERR);
	if (!ok)
		r->u.freebsd.pending = false;
	return nic_resync_none();
}

const struct nic_resync_ops nic_resync_freebsd_ops = {
    .name = "freebsd",
    .device_scans = true,
    .record = freebsd_record,
    .query_done = freebsd_query_done,
    .posted = freebsd_posted,
};
