/*
 * wire.c - headers of segments as they stood on the wire, for --annotate.
 *
 * Called by annotate.c, for pieces when a frame is cut and for made frames when
 * they have arrived.  A piece keeps the options and the identification of the
 * frame that it was cut from, as a capture of TCP segmentation in hardware
 * shows it but for the identification, which a real NIC counts up.
 *
 * Left out: IP options and extension headers of made frames, and TCP options.
 */
#include "sim/wire.h"

#include <string.h>

#include "engine/mbuf.h"
#include "traces/flow.h"
#include "traces/frame.h"
#include "traces/inet_sum.h"

enum {
	ETHERNET_BYTES = 14,
	IPV4_BYTES = 20,
	IPV6_BYTES = 40,
	TCP_BYTES = 20,
	TCP_CHECKSUM = 16, /* offset in its header */
	IPV4_CHECKSUM = 10,
	PROTOCOL_TCP = 6,
	HOPS = 64,
};

static void
put16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static void
put32(uint8_t *to, uint32_t value)
{
	put16(to, value >> 16);
	put16(to + 2, value);
}

static uint32_t
address_bytes(const struct frame_address *address)
{
	return address->family == 6 ? 16 : 4;
}

void
wire_link_ethernet(struct wire_link *link, uint8_t family)
{
	static const uint8_t stations[12] = {2, 0, 0, 0, 0, 2,
					     2, 0, 0, 0, 0, 1};

	link->len = ETHERNET_BYTES;
	memcpy(link->bytes, stations, sizeof(stations));
	put16(link->bytes + 12, family == 6 ? 0x86dd : 0x0800);
}

uint32_t
wire_link_len(const struct frame *frame, uint32_t head_len)
{
	return head_len - (frame->ip_bytes - frame->payload_len);
}

static void
sum_ipv4(uint8_t *ip)
{
	uint32_t len = (ip[0] & 15u) * 4;

	put16(ip + IPV4_CHECKSUM, 0);
	put16(ip + IPV4_CHECKSUM, (uint16_t)~inet_sum(ip, len));
}

/* The checksum of tcp_len bytes at tcp, pseudo-header included. */
static void
sum_tcp(uint8_t *tcp, uint32_t header_len, const uint8_t *payload, uint32_t len,
	uint16_t addresses)
{
	uint16_t sum = inet_sum_add(addresses, PROTOCOL_TCP);

	sum = inet_sum_add(sum, (header_len + len) >> 16);
	sum = inet_sum_add(sum, (header_len + len) & 0xffff);
	put16(tcp + TCP_CHECKSUM, 0);
	sum = inet_sum_add(sum, inet_sum(tcp, header_len));
	sum = inet_sum_add(sum, inet_sum(payload, len));
	put16(tcp + TCP_CHECKSUM, (uint16_t)~sum);
}

static uint16_t
sum_addresses(const struct frame_address *src, const struct frame_address *dst)
{
	return inet_sum_add(inet_sum(src->bytes, address_bytes(src)),
			    inet_sum(dst->bytes, address_bytes(dst)));
}

/* Bytes of a segment that are there. */
static bool
is_known(const struct mbuf *m)
{
	for (; m != NULL; m = m->m_next)
		if ((m->m_flags & M_UNKNOWN) != 0)
			return false;
	return true;
}

void
wire_cut_headers(uint8_t *head, uint32_t head_len, const struct frame *frame,
		 const struct mbuf *m, const uint8_t *payload)
{
	uint8_t *ip = head + wire_link_len(frame, head_len);
	uint8_t *tcp = head + head_len - frame->th_off;
	uint32_t ip_len =
	    frame->ip_bytes - frame->payload_len + m->m_pkthdr.len;

	if (frame->src.family == 6) {
		put16(ip + 4, ip_len - IPV6_BYTES);
	} else {
		put16(ip + 2, ip_len);
		sum_ipv4(ip);
	}
	put32(tcp + 4, m->m_pkthdr.th_seq);
	tcp[13] = m->m_pkthdr.th_flags;
	if (is_known(m))
		sum_tcp(tcp, frame->th_off, payload, m->m_pkthdr.len,
			sum_addresses(&frame->src, &frame->dst));
}

uint32_t
wire_headers_len(const struct flow *flow)
{
	return (flow->client.address.family == 6 ? IPV6_BYTES : IPV4_BYTES) +
	       TCP_BYTES;
}

static uint32_t
make_ip(uint8_t *ip, const struct frame_address *src,
	const struct frame_address *dst, uint32_t tcp_len)
{
	uint32_t bytes = address_bytes(src);

	memset(ip, 0, IPV6_BYTES);
	if (src->family == 6) {
		ip[0] = 0x60;
		put16(ip + 4, tcp_len);
		ip[6] = PROTOCOL_TCP;
		ip[7] = HOPS;
		memcpy(ip + 8, src->bytes, bytes);
		memcpy(ip + 8 + bytes, dst->bytes, bytes);
		return IPV6_BYTES;
	}
	ip[0] = 0x45;
	put16(ip + 2, IPV4_BYTES + tcp_len);
	ip[6] = 0x40; /* do not fragment */
	ip[8] = HOPS;
	ip[9] = PROTOCOL_TCP;
	memcpy(ip + 12, src->bytes, bytes);
	memcpy(ip + 12 + bytes, dst->bytes, bytes);
	sum_ipv4(ip);
	return IPV4_BYTES;
}

uint32_t
wire_make_headers(uint8_t *to, const struct flow *flow, const struct mbuf *m,
		  uint32_t known)
{
	const struct pkthdr *hdr = &m->m_pkthdr;
	bool to_server = hdr->receiver == FLOW_CLIENT_TO_SERVER;
	const struct flow_endpoint *src =
	    to_server ? &flow->client : &flow->server;
	const struct flow_endpoint *dst =
	    to_server ? &flow->server : &flow->client;
	uint32_t ip_len =
	    make_ip(to, &src->address, &dst->address, TCP_BYTES + hdr->len);
	uint8_t *tcp = to + ip_len;

	memset(tcp, 0, TCP_BYTES);
	put16(tcp, src->port);
	put16(tcp + 2, dst->port);
	put32(tcp + 4, hdr->th_seq);
	put32(tcp + 8, hdr->th_ack);
	tcp[12] = TCP_BYTES / 4 << 4;
	tcp[13] = hdr->th_flags;
	put16(tcp + 14, hdr->th_win);
	if (known == hdr->len)
		sum_tcp(tcp, TCP_BYTES, tcp + TCP_BYTES, known,
			sum_addresses(&src->address, &dst->address));
	return ip_len + TCP_BYTES;
}
