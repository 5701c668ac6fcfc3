/*
 * annotate.c - a pcapng of what the hosts received, with a comment on each
 * packet.
 *
 * In travel order:
 *   annotate_frame    ingress.c has a captured frame
 *   annotate_segment  what stands around a segment's payload is kept
 *   annotate_wire     the last bit is there: headers and payload, as they are
 *   annotate_nic      the verdict makes the comment, and the time of visibility
 *                     the place in the file
 * The payload comes from the segment itself, so that what the link did to it
 * shows.  A frame that was not cut keeps every byte, padding included; one
 * whose checksum is wrong or that is a fragment is written as it came.  A
 * segment that nothing is kept for (of a modelled sender, or a copy that the
 * link made) gets headers of its own, behind the link header of the last
 * captured frame of its IP version.
 *
 * Left out: frames that the model passes over (no TCP, malformed, cut in a
 * header), and what becomes of a segment in the host.
 */
#include "sim/annotate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mbuf.h"
#include "sim/annotate_file.h"
#include "sim/offload.h"
#include "sim/run.h"
#include "sim/wire.h"
#include "sim/wire_keep.h"

struct annotate {
	struct ktlsim *sim;
	struct annotate_file file;
	struct wire_keep keep;
	struct wire_link link[2]; /* by IP version: 4, 6 */
	int link_type;		  /* of the last captured frame */
	const struct ktlsim_frame *raw;
	struct annotate_packet *current; /* between _wire and _nic, or NULL */
	const struct mbuf *segment;	 /* likewise; not to be looked into */
};

int
annotate_create(struct annotate **created, struct ktlsim *sim, FILE *out)
{
	struct annotate *annotate = calloc(1, sizeof(*annotate));

	*created = NULL;
	if (annotate == NULL || wire_keep_init(&annotate->keep) != 0) {
		free(annotate);
		return ENOMEM;
	}
	annotate->sim = sim;
	annotate->link_type = TRACE_LINK_ETHERNET;
	wire_link_ethernet(&annotate->link[0], 4);
	wire_link_ethernet(&annotate->link[1], 6);
	annotate_file_init(&annotate->file, sim, out);
	*created = annotate;
	return 0;
}

void
annotate_destroy(struct annotate *annotate)
{
	if (annotate == NULL)
		return;
	wire_keep_fini(&annotate->keep);
	annotate_file_fini(&annotate->file);
	free(annotate);
}

static void say(struct annotate_packet *packet, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Add to the comment. */
static void
say(struct annotate_packet *packet, const char *format, ...)
{
	size_t room = sizeof(packet->comment) - packet->comment_len;
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(packet->comment + packet->comment_len, room, format,
			arguments);
	va_end(arguments);
	if (len > 0)
		packet->comment_len +=
		    (size_t)len < room ? (size_t)len : room - 1;
}

static void
say_flow(struct annotate_packet *packet, const struct endpoint *ep)
{
	say(packet, "flow %" PRIu32 " to %s", ep->conn->flow->id,
	    ep->direction == FLOW_CLIENT_TO_SERVER ? "server" : "client");
}

/* The packet is complete: into the file with it, when its time has come. */
static void
put(struct annotate *annotate, struct annotate_packet *packet, sim_time at)
{
	packet->at = at;
	if (annotate_file_put(&annotate->file, packet) != 0)
		run_fail(annotate->sim, ENOMEM);
	annotate_file_write(&annotate->file, annotate->sim->now);
}

/* --- what is captured --- */

void
annotate_frame(struct annotate *annotate, const struct ktlsim_frame *input)
{
	annotate->raw = input;
	if (input != NULL)
		annotate->link_type = input->link_type;
}

/* The frame's payload lies in it, and not in a reassembled packet. */
static bool
payload_is_in(const struct ktlsim_frame *raw, const struct frame *frame)
{
	uintptr_t begin = (uintptr_t)raw->data;
	uintptr_t at = (uintptr_t)frame->payload;

	return at >= begin && at <= begin + raw->captured_len;
}

static void
note_link(struct annotate *annotate, const struct frame *frame,
	  uint32_t head_len)
{
	struct wire_link *link = &annotate->link[frame->src.family == 6];
	uint32_t len = wire_link_len(frame, head_len);

	if (len > WIRE_LINK_MAX)
		return;
	link->len = len;
	memcpy(link->bytes, annotate->raw->data, len);
}

/* Keep the first head_len bytes of the frame and the last tail_len. */
static struct wire_kept *
keep_bytes(struct annotate *annotate, const struct mbuf *m, uint32_t head_len,
	   uint32_t tail_len)
{
	const struct ktlsim_frame *raw = annotate->raw;
	struct wire_kept *kept =
	    wire_keep_add(&annotate->keep, m, (size_t)head_len + tail_len + 1);

	if (kept == NULL) {
		run_fail(annotate->sim, ENOMEM);
		return NULL;
	}
	kept->head_len = head_len;
	kept->tail_len = tail_len;
	kept->wire_len = raw->wire_len;
	memcpy(kept->bytes, raw->data, head_len);
	memcpy(kept->bytes + head_len, raw->data + raw->captured_len - tail_len,
	       tail_len);
	return kept;
}

/* The last fragment stands for the packet that it made whole. */
static void
keep_fragment(struct annotate *annotate, const struct mbuf *m, uint32_t off)
{
	struct wire_kept *kept =
	    keep_bytes(annotate, m, annotate->raw->captured_len, 0);

	if (kept == NULL)
		return;
	kept->whole = true;
	kept->silent = off > 0;
}

/* One of the pieces that the frame is cut into. */
static void
keep_piece(struct annotate *annotate, const struct mbuf *m,
	   const struct frame *frame, uint32_t off)
{
	uint32_t head_len = (uint32_t)(frame->payload - annotate->raw->data);
	struct wire_kept *kept = keep_bytes(annotate, m, head_len, 0);

	if (kept == NULL)
		return;
	kept->wire_len = head_len + m->m_pkthdr.len;
	wire_cut_headers(kept->bytes, head_len, frame, m, frame->payload + off);
}

void
annotate_segment(struct annotate *annotate, const struct mbuf *m,
		 const struct frame *frame, uint32_t off)
{
	const struct ktlsim_frame *raw = annotate->raw;
	uint32_t head_len, behind;

	if (raw == NULL)
		return;
	if (!payload_is_in(raw, frame)) {
		keep_fragment(annotate, m, off);
		return;
	}
	head_len = (uint32_t)(frame->payload - raw->data);
	note_link(annotate, frame, head_len);
	if (m->m_pkthdr.len < frame->payload_len) {
		keep_piece(annotate, m, frame, off);
		return;
	}
	behind = raw->captured_len - head_len - frame->payload_known;
	(void)keep_bytes(annotate, m, head_len, behind);
}

/* A packet of the whole frame at hand; NULL: no memory. */
static struct annotate_packet *
packet_of_frame(struct annotate *annotate)
{
	const struct ktlsim_frame *raw = annotate->raw;
	struct annotate_packet *packet =
	    annotate_file_get(&annotate->file, raw->captured_len);

	if (packet == NULL) {
		run_fail(annotate->sim, ENOMEM);
		return NULL;
	}
	if (raw->captured_len > 0)
		memcpy(packet->bytes, raw->data, raw->captured_len);
	packet->captured = raw->captured_len;
	packet->wire_len = raw->wire_len;
	packet->link = raw->link_type;
	return packet;
}

void
annotate_fragment(struct annotate *annotate)
{
	struct annotate_packet *packet = packet_of_frame(annotate);

	if (packet == NULL)
		return;
	say(packet, "IP fragment: its packet is taken when it is whole");
	put(annotate, packet, annotate->raw->time_ps);
}

void
annotate_refused(struct annotate *annotate, const struct endpoint *ep)
{
	struct annotate_packet *packet;

	if (annotate->raw == NULL)
		return;
	packet = packet_of_frame(annotate);
	if (packet == NULL)
		return;
	say_flow(packet, ep);
	say(packet, "; dropped: its TCP checksum is wrong");
	put(annotate, packet, annotate->raw->time_ps);
}

/* --- what arrives --- */

/* Copy the known bytes of a chain; returns how many there are. */
static uint32_t
copy_payload(const struct mbuf *m, uint8_t *to)
{
	uint32_t len = 0;

	for (; m != NULL && (m->m_flags & M_UNKNOWN) == 0; m = m->m_next) {
		memcpy(to + len, m->m_data, m->m_len);
		len += m->m_len;
	}
	return len;
}

/* Headers that were kept, the payload, what stood behind it. */
static void
fill_kept(struct annotate_packet *packet, const struct wire_kept *kept,
	  const struct mbuf *m)
{
	uint32_t len = kept->head_len;

	memcpy(packet->bytes, kept->bytes, len);
	if (!kept->whole)
		len += copy_payload(m, packet->bytes + len);
	memcpy(packet->bytes + len, kept->bytes + kept->head_len,
	       kept->tail_len);
	packet->captured = len + kept->tail_len;
	packet->wire_len = kept->wire_len;
}

/* Headers that are made up, and the payload. */
static void
fill_made(struct annotate_packet *packet, const struct wire_link *link,
	  const struct flow *flow, const struct mbuf *m)
{
	uint8_t *ip = packet->bytes + link->len;
	uint32_t headers = wire_headers_len(flow);
	uint32_t known = copy_payload(m, ip + headers);

	memcpy(packet->bytes, link->bytes, link->len);
	(void)wire_make_headers(ip, flow, m, known);
	packet->captured = link->len + headers + known;
	packet->wire_len = link->len + headers + m->m_pkthdr.len;
}

/* The segment as it is on the wire now; NULL: no memory, or not its own. */
static struct annotate_packet *
packet_of_segment(struct annotate *annotate, const struct endpoint *ep,
		  const struct mbuf *m)
{
	struct wire_kept *kept = wire_keep_find(&annotate->keep, m);
	const struct flow *flow = ep->conn->flow;
	size_t around = kept != NULL ? (size_t)kept->head_len + kept->tail_len
				     : WIRE_LINK_MAX + WIRE_HEADERS_MAX;
	struct annotate_packet *packet;

	if (kept != NULL && kept->silent)
		return NULL;
	packet =
	    annotate_file_get(&annotate->file, around + m->m_pkthdr.len + 1);
	if (packet == NULL) {
		run_fail(annotate->sim, ENOMEM);
		return NULL;
	}
	if (kept != NULL)
		fill_kept(packet, kept, m);
	else
		fill_made(packet,
			  &annotate->link[flow->client.address.family == 6],
			  flow, m);
	packet->link = annotate->link_type;
	say_flow(packet, ep);
	if (kept != NULL && kept->offers++ > 0)
		say(packet, "; offered again");
	return packet;
}

void
annotate_wire(struct annotate *annotate, const struct endpoint *ep,
	      const struct mbuf *m)
{
	annotate->current = packet_of_segment(annotate, ep, m);
	annotate->segment = m;
}

static void
say_verdict(struct annotate_packet *packet, const struct endpoint *ep,
	    const struct nic_context_result *tls)
{
	static const char *const verdicts[] = {
	    [NIC_TLS_ENCRYPTED] = "ENCRYPTED",
	    [NIC_TLS_DECRYPTED] = "DECRYPTED",
	    [NIC_TLS_RESYNC] = "RESYNC",
	    [NIC_TLS_AUTH_FAIL] = "AUTH_FAIL",
	};

	if (ep->host->offload == NULL)
		return;
	if (tls->context != NULL)
		say(packet, "; %s (%s)", verdicts[tls->tls.verdict],
		    nic_tls_case_name(tls->tls.row));
	else
		say(packet, "; ENCRYPTED (no context)");
	say(packet, "; offload: %s", offload_phase_name(ep->offload));
}

void
annotate_nic(struct annotate *annotate, const struct endpoint *ep,
	     const struct nic_rx_result *rx, sim_time now)
{
	struct annotate_packet *packet = annotate->current;

	if (!rx->dropped)
		wire_keep_drop(&annotate->keep, annotate->segment);
	annotate->current = NULL;
	if (packet == NULL)
		return;
	packet->has_queue = true;
	packet->queue = rx->queue;
	if (rx->tls.context != NULL)
		say(packet, "; queue %" PRIu32 " by flow rule", rx->queue);
	else
		say(packet, "; queue %" PRIu32 " by RSS hash 0x%08" PRIx32,
		    rx->queue, ep->flowid);
	say_verdict(packet, ep, &rx->tls);
	if (rx->dropped)
		say(packet, "; dropped: the queue has no free descriptor");
	put(annotate, packet, rx->dropped ? now : rx->visible_ps);
}

void
annotate_lost(struct annotate *annotate, const struct endpoint *ep,
	      const struct mbuf *m, const char *reason, sim_time now)
{
	struct annotate_packet *packet = packet_of_segment(annotate, ep, m);

	if (packet == NULL)
		return;
	say(packet, "; dropped: %s", reason);
	put(annotate, packet, now);
}

void
annotate_followed(struct annotate *annotate, const struct endpoint *ep,
		  const struct mbuf *m, sim_time now)
{
	struct annotate_packet *packet = packet_of_segment(annotate, ep, m);

	wire_keep_drop(&annotate->keep, m);
	if (packet == NULL)
		return;
	say(packet, "; no host is simulated for it");
	put(annotate, packet, now);
}

int
annotate_finish(struct annotate *annotate)
{
	annotate_file_write(&annotate->file, SIM_TIME_NEVER);
	return annotate->file.error;
}

int
annotate_error(const struct annotate *annotate)
{
	return annotate->file.error;
}
