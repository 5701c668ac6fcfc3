/*
 * fuzz_frame.c - frames of all link types, fragments put together, flows found.
 *
 * The input is a row of frames: a byte for the link type (its top bit asks for
 * no checksum), a byte for what the snap length took, two bytes of length, most
 * significant first, and the frame.  Beyond the sanitizers' findings: a payload
 * lies inside its frame, and a flow's direction agrees with its endpoints.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "traces/flow.h"
#include "traces/ipfrag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	HEADER = 4,
	FRAMES_MAX = 64, /* of an input, for speed */
};

static const enum trace_link links[] = {
    TRACE_LINK_NULL,   TRACE_LINK_ETHERNET, TRACE_LINK_PPP,  TRACE_LINK_RAW_12,
    TRACE_LINK_RAW_14, TRACE_LINK_RAW,	    TRACE_LINK_LOOP, TRACE_LINK_SLL,
    TRACE_LINK_IPV4,   TRACE_LINK_IPV6,	    TRACE_LINK_SLL2,
};

static void
check_segment(struct flow_table *table, const struct frame *frame,
	      const uint8_t *bytes, size_t len)
{
	const struct flow_endpoint *sender;
	struct flow_match match;
	int error = flow_lookup(table, frame, &match);

	assert(frame->payload_known <= frame->payload_len);
	assert(frame->payload >= bytes);
	assert(frame->payload + frame->payload_known <= bytes + len);
	assert(frame_wire_bytes(frame, frame->payload_len) >= 84);
	assert(error == 0);
	sender = match.direction == FLOW_CLIENT_TO_SERVER ? &match.flow->client
							  : &match.flow->server;
	assert(sender->port == frame->sport);
	assert(memcmp(sender->address.bytes, frame->src.bytes, 16) == 0);
	(void)sender;
	(void)error;
}

static void
check_frame(struct flow_table *table, struct ipfrag *ipfrag,
	    const struct trace_frame *captured, bool judge)
{
	struct frame_fragment fragment;
	enum frame_verdict verdict;
	const uint8_t *whole;
	struct frame frame;
	uint32_t len;

	verdict = frame_parse(captured, judge, &frame, &fragment);
	if (verdict == FRAME_TCP)
		check_segment(table, &frame, captured->data,
			      captured->captured_len);
	if (verdict != FRAME_FRAGMENT)
		return;
	assert(fragment.data >= captured->data);
	assert(fragment.data + fragment.len <=
	       captured->data + captured->captured_len);
	whole = ipfrag_add(ipfrag, &fragment, &len);
	if (whole != NULL &&
	    frame_parse_tcp(&fragment, whole, len, judge, &frame) == FRAME_TCP)
		check_segment(table, &frame, whole, len);
}

/* One frame, from memory of exactly its size.  Returns its bytes of input. */
static size_t
take_frame(struct flow_table *table, struct ipfrag *ipfrag, const uint8_t *data,
	   size_t size)
{
	size_t len = (size_t)data[2] << 8 | data[3];
	struct trace_frame captured = {
	    .link = links[(data[0] & 0x7f) % (sizeof(links) / sizeof(*links))],
	};
	uint8_t *copy;

	if (len > size - HEADER)
		len = size - HEADER;
	copy = malloc(len + 1);
	assert(copy != NULL);
	memcpy(copy + 1, data + HEADER, len);
	captured.data = copy + 1;
	captured.captured_len = (uint32_t)len;
	captured.wire_len = (uint32_t)len + data[1];
	check_frame(table, ipfrag, &captured, (data[0] & 0x80) == 0);
	free(copy);
	return HEADER + len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct flow_table *table = flow_table_create();
	struct ipfrag *ipfrag = ipfrag_create();

	assert(table != NULL && ipfrag != NULL);
	for (int i = 0; i < FRAMES_MAX && size >= HEADER; i++) {
		size_t taken = take_frame(table, ipfrag, data, size);

		data += taken;
		size -= taken;
	}
	flow_table_destroy(table);
	ipfrag_destroy(ipfrag);
	return 0;
}
