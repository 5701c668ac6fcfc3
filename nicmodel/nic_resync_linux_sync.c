/*
 * nic_resync_linux_sync.c - Linux' DRIVER_REQ: the device names the place.
 *
 * For devices that report the candidate with the packet (Mellanox Innova),
 * by the last byte of its header.  The driver keeps the latest request; the
 * record parser compares each header with it, clears it on a match, and gives
 * the device the record's number.  Without a match the request stays.
 *
 * nic_resync_packet is called for the device's message, nic_resync_header for
 * each header; a candidate behind the parser comes too late.
 *
 * One rule is ours: a request that the parser has passed is dropped, since it
 * could match again only where the sequence numbers have wrapped.
 *
 * The device is given the first byte of the header, as with the other
 * protocols, not the last.  Leaves out: an answer that could not be posted is
 * not tried again, the device will ask anew. Source: 04-nic section 1.6 (a).
 */
#include "nicmodel/nic_resync.h"

#include "engine/suite.h"

static struct nic_resync_act
sync_packet(struct nic_resync *r, const struct nic_resync_packet *p)
{
	struct nic_resync_linux_sync *s = &r->u.linux_sync;

	s->request_seq = p->candidate + TLS_HEADER_BYTES - 1;
	s->pending = true;
	return nic_resync_none();
}

static struct nic_resync_act
sync_header(struct nic_resync *r, const struct nic_resync_record *rec)
{
	struct nic_resync_linux_sync *s = &r->u.linux_sync;
	uint32_t last = rec->seq + TLS_HEADER_BYTES - 1;
	int32_t behind = nic_resync_seq_diff(last, s->request_seq);

	if (!s->pending || behind < 0)
		return nic_resync_none();
	s->pending = false;
	if (behind > 0)
		return nic_resync_none();
	nic_resync_count(r, NIC_RESYNC_TLS_DEVICE);
	return (struct nic_resync_act){
	    .kind = NIC_RESYNC_ANSWER,
	    .seq = rec->seq,
	    .rec_seq = rec->rec_seq,
	};
}

const struct nic_resync_ops nic_resync_linux_sync_ops = {
    .name = "linux-sync",
    .packet = sync_packet,
    .header = sync_header,
    .device_scans = true,
};
