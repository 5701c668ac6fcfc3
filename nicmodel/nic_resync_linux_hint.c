/*
 * nic_resync_linux_hint.c - Linux' CORE_NEXT_HINT: the stack decides when.
 *
 * For devices that do not search (Netronome).  The stack counts records that
 * came wholly unmarked.  After more than 2, 4, 8, ..., 128 of them, and then
 * after every further 128, it tells the device where the next record begins,
 * and the device must begin exactly there: a hint that comes when those bytes
 * have already passed is lost, and nobody says so.  The counts are of records
 * since the last mark, the first of them included.
 *
 * nic_resync_record is called when a record has been decrypted or handed over.
 * If nothing lies behind it, the place is still to come, and the hint goes out.
 * Else the parser is to give it at the next header, but only where that record
 * is the last in the socket; while data piles up it is put off.
 *
 * Leaves out: a full queue has no retry, the next target is one.
 * Source: 04-nic section 1.6 (b).
 */
#include "nicmodel/nic_resync.h"

enum {
	TARGET_FIRST = 2,
	TARGET_STEP = 128, /* doubled up to here, then added */
};

static int
hint_init(struct nic_resync *r)
{
	r->u.linux_hint.reset = true;
	return 0;
}

/* The record behind `rec` is where the device should begin. */
static struct nic_resync_act
hint_next(struct nic_resync *r, const struct nic_resync_record *rec)
{
	nic_resync_count(r, NIC_RESYNC_TLS_DEVICE);
	return (struct nic_resync_act){
	    .kind = NIC_RESYNC_HINT,
	    .seq = rec->seq + rec->len,
	    .rec_seq = rec->rec_seq + 1,
	};
}

/* One more record came unmarked: has the target been exceeded? */
static bool
count_failed(struct nic_resync_linux_hint *h)
{
	if (h->reset) {
		h->reset = false;
		h->failed = 1;
		h->target = TARGET_FIRST;
		return false;
	}
	if (++h->failed <= h->target)
		return false;
	h->target += h->target < TARGET_STEP ? h->target : TARGET_STEP;
	return true;
}

static struct nic_resync_act
hint_record(struct nic_resync *r, const struct nic_resync_record *rec)
{
	struct nic_resync_linux_hint *h = &r->u.linux_hint;

	if (rec->marks != NIC_RESYNC_ENCRYPTED) {
		h->reset = true;
		return nic_resync_none();
	}
	if (h->do_now || !count_failed(h))
		return nic_resync_none();
	if (rec->queued == 0)
		return hint_next(r, rec);
	h->do_now = true;
	return nic_resync_none();
}

static struct nic_resync_act
hint_header(struct nic_resync *r, const struct nic_resync_record *rec)
{
	struct nic_resync_linux_hint *h = &r->u.linux_hint;

	if (!h->do_now)
		return nic_resync_none();
	if (rec->queued > 0) {
		nic_resync_count(r, NIC_RESYNC_NH_DELAY);
		return nic_resync_none();
	}
	h->do_now = false;
	return hint_next(r, rec);
}

const struct nic_resync_ops nic_resync_linux_hint_ops = {
    .name = "linux-hint",
    .init = hint_init,
    .header = hint_header,
    .record = hint_record,
};
