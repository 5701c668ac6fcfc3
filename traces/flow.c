/*
 * flow.c - TCP connections: 4-tuple -> flow, side, initial sequence.
 *
 * Called by the driver once per TCP segment, in file order, before the segment
 * is given to a host.  An open-addressed table maps the 4-tuple, whichever way
 * round, to the newest flow on it; the last flow found is tried first, since
 * segments come in trains.  Flows lie in chunks that never move, so their
 * addresses hold until the table goes.
 *
 * Who is the client is decided by the strongest sign so far: a SYN's sender; a
 * SYN|ACK's receiver; the sender of a ClientHello or receiver of a ServerHello
 * at the head of the first payload; the higher port.  The first payload makes
 * the decision final, because bytes then belong to a side.
 *
 * Left out: ageing.  A flow lives as long as the table, since its results are
 * reported at the end of the run; FLOW_COUNT_MAX bounds their number.  A
 * delayed segment of an older connection on the same 4-tuple counts to the
 * newest.
 */
#include "traces/flow.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mbuf.h"

enum {
	CHUNK_FLOWS = 64,
	SLOTS_FIRST = 256, /* a power of two */

	TLS_HANDSHAKE = 22,
	TLS_CLIENT_HELLO = 1,
	TLS_SERVER_HELLO = 2,
};

struct chunk {
	struct chunk *next;
	struct flow flows[CHUNK_FLOWS];
};

struct slot {
	struct flow *flow; /* the newest of its 4-tuple; NULL: free */
	uint64_t hash;
};

struct flow_table {
	struct slot *slots;
	size_t slot_count; /* a power of two, at most half of it used */
	size_t slots_used;
	struct chunk *chunks; /* the newest first */
	uint32_t count;
	struct flow *last; /* found by the previous lookup */
};

/* MurmurHash3's finaliser: every input bit reaches every output bit. */
static uint64_t
mix(uint64_t value)
{
	value ^= value >> 33;
	value *= UINT64_C(0xff51afd7ed558ccd);
	value ^= value >> 33;
	value *= UINT64_C(0xc4ceb9fe1a85ec53);
	return value ^ value >> 33;
}

static uint64_t
endpoint_hash(const struct frame_address *address, uint16_t port)
{
	uint64_t words[2];

	memcpy(words, address->bytes, sizeof(words));
	return mix(mix(words[0] ^ port) + words[1] + address->family);
}

/* The same for both directions. */
static uint64_t
frame_hash(const struct frame *frame)
{
	return mix(endpoint_hash(&frame->src, frame->sport) +
		   endpoint_hash(&frame->dst, frame->dport));
}

static bool
endpoint_is(const struct flow_endpoint *endpoint,
	    const struct frame_address *address, uint16_t port)
{
	return endpoint->port == port &&
	       endpoint->address.family == address->family &&
	       memcmp(endpoint->address.bytes, address->bytes,
		      sizeof(address->bytes)) == 0;
}

/* Is the frame of this flow's 4-tuple, and which way does it go? */
static bool
flow_matches(const struct flow *flow, const struct frame *frame,
	     enum flow_direction *direction)
{
	if (endpoint_is(&flow->client, &frame->src, frame->sport) &&
	    endpoint_is(&flow->server, &frame->dst, frame->dport)) {
		*direction = FLOW_CLIENT_TO_SERVER;
		return true;
	}
	if (endpoint_is(&flow->server, &frame->src, frame->sport) &&
	    endpoint_is(&flow->client, &frame->dst, frame->dport)) {
		*direction = FLOW_SERVER_TO_CLIENT;
		return true;
	}
	return false;
}

/* The slot of the frame's 4-tuple, or the free one where it belongs. */
static struct slot *
slot_find(const struct flow_table *table, const struct frame *frame,
	  uint64_t hash, enum flow_direction *direction)
{
	size_t mask = table->slot_count - 1;
	size_t at = (size_t)hash & mask;

	/* Ends: half of the slots are free. */
	for (;; at = (at + 1) & mask) {
		struct slot *slot = &table->slots[at];

		if (slot->flow == NULL)
			return slot;
		if (slot->hash == hash &&
		    flow_matches(slot->flow, frame, direction))
			return slot;
	}
}

/* Make room for one more 4-tuple. */
static int
slots_reserve(struct flow_table *table)
{
	size_t count = table->slot_count * 2;
	struct slot *slots;

	if (table->slots_used < table->slot_count / 2)
		return 0;
	slots = calloc(count, sizeof(*slots));
	if (slots == NULL)
		return ENOMEM;
	for (size_t i = 0; i < table->slot_count; i++) {
		size_t at = (size_t)table->slots[i].hash & (count - 1);

		if (table->slots[i].flow == NULL)
			continue;
		while (slots[at].flow != NULL)
			at = (at + 1) & (count - 1);
		slots[at] = table->slots[i];
	}
	free(table->slots);
	table->slots = slots;
	table->slot_count = count;
	return 0;
}

static struct flow *
flow_alloc(struct flow_table *table)
{
	uint32_t index = table->count % CHUNK_FLOWS;

	if (table->count == FLOW_COUNT_MAX)
		return NULL;
	if (index == 0) {
		struct chunk *chunk = calloc(1, sizeof(*chunk));

		if (chunk == NULL)
			return NULL;
		chunk->next = table->chunks;
		table->chunks = chunk;
	}
	return &table->chunks->flows[index];
}

static bool
is_syn(const struct frame *frame)
{
	return (frame->th_flags & (TH_SYN | TH_ACK)) == TH_SYN;
}

static bool
is_syn_ack(const struct frame *frame)
{
	return (frame->th_flags & (TH_SYN | TH_ACK)) == (TH_SYN | TH_ACK);
}

/* Does the payload begin with a handshake record that holds this message? */
static bool
is_hello(const struct frame *frame, uint8_t message)
{
	const uint8_t *payload = frame->payload;

	return frame->payload_known >= 6 && payload[0] == TLS_HANDSHAKE &&
	       payload[1] == 3 && payload[5] == message;
}

/*
 * Does this segment show its sender to be the client?  `otherwise` is the
 * answer of a segment that shows nothing.
 */
static bool
sender_is_client(const struct frame *frame, bool otherwise)
{
	if (is_syn(frame))
		return true;
	if (is_syn_ack(frame))
		return false;
	if (is_hello(frame, TLS_CLIENT_HELLO))
		return true;
	if (is_hello(frame, TLS_SERVER_HELLO))
		return false;
	return otherwise;
}

/* A SYN that cannot be of the connection known: the 4-tuple is used again. */
static bool
begins_anew(const struct flow *flow, enum flow_direction direction,
	    const struct frame *frame)
{
	if (!is_syn(frame))
		return false;
	if (flow->syn_seen[direction])
		return flow->isn[direction] != frame->th_seq;
	return flow->payload_seen;
}

static void
flow_begin(struct flow *flow, uint32_t id, const struct frame *frame,
	   enum flow_direction *direction)
{
	struct flow_endpoint src = {frame->src, frame->sport};
	struct flow_endpoint dst = {frame->dst, frame->dport};
	bool from_client =
	    sender_is_client(frame, frame->sport >= frame->dport);

	*flow = (struct flow){
	    .id = id,
	    .client = from_client ? src : dst,
	    .server = from_client ? dst : src,
	};
	*direction =
	    from_client ? FLOW_CLIENT_TO_SERVER : FLOW_SERVER_TO_CLIENT;
}

/* Let the sides change places if this segment shows that they must. */
static bool
flow_flip(struct flow *flow, const struct frame *frame,
	  enum flow_direction *direction)
{
	bool from_client = *direction == FLOW_CLIENT_TO_SERVER;
	struct flow_endpoint client = flow->client;

	if (flow->payload_seen || flow->syn_seen[0] || flow->syn_seen[1] ||
	    sender_is_client(frame, from_client) == from_client)
		return false;
	flow->client = flow->server;
	flow->server = client;
	*direction =
	    from_client ? FLOW_SERVER_TO_CLIENT : FLOW_CLIENT_TO_SERVER;
	return true;
}

/*
 * Note what the segment says.  A SYN|ACK with another number than the known
 * replaces it until payload was seen: so does a server that answers each SYN
 * with a fresh cookie.
 */
static void
flow_note(struct flow *flow, const struct frame *frame,
	  enum flow_direction direction)
{
	if ((frame->th_flags & TH_SYN) != 0 &&
	    (!flow->payload_seen || !flow->syn_seen[direction])) {
		bool first = !flow->syn_seen[0] && !flow->syn_seen[1];

		flow->timestamps =
		    frame->has_timestamp && (first || flow->timestamps);
		if (frame->mss != 0 &&
		    (flow->mss == 0 || frame->mss < flow->mss))
			flow->mss = frame->mss;
		flow->syn_seen[direction] = true;
		flow->isn[direction] = frame->th_seq;
	}
	if (frame->payload_len > 0)
		flow->payload_seen = true;
}

/* Begin a flow in a slot, which is free or holds an older one. */
static int
flow_create(struct flow_table *table, const struct frame *frame,
	    struct flow_match *match)
{
	uint64_t hash = frame_hash(frame);
	enum flow_direction ignored;
	struct slot *slot;
	struct flow *flow;

	if (slots_reserve(table) != 0)
		return ENOMEM;
	flow = flow_alloc(table);
	if (flow == NULL)
		return ENOMEM;
	slot = slot_find(table, frame, hash, &ignored);
	if (slot->flow == NULL)
		table->slots_used++;
	flow_begin(flow, table->count, frame, &match->direction);
	*slot = (struct slot){.flow = flow, .hash = hash};
	table->count++;
	match->flow = flow;
	match->created = true;
	match->flipped = false;
	return 0;
}

int
flow_lookup(struct flow_table *table, const struct frame *frame,
	    struct flow_match *match)
{
	struct flow *flow = table->last;
	int error;

	if (flow == NULL || !flow_matches(flow, frame, &match->direction))
		flow = slot_find(table, frame, frame_hash(frame),
				 &match->direction)
			   ->flow;
	if (flow == NULL || begins_anew(flow, match->direction, frame)) {
		error = flow_create(table, frame, match);
		if (error != 0)
			return error;
	} else {
		match->flow = flow;
		match->created = false;
		match->flipped = flow_flip(flow, frame, &match->direction);
	}
	flow_note(match->flow, frame, match->direction);
	table->last = match->flow;
	return 0;
}

uint32_t
flow_count(const struct flow_table *table)
{
	return table->count;
}

struct flow_table *
flow_table_create(void)
{
	struct flow_table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return NULL;
	table->slot_count = SLOTS_FIRST;
	table->slots = calloc(table->slot_count, sizeof(*table->slots));
	if (table->slots == NULL) {
		free(table);
		return NULL;
	}
	return table;
}

void
flow_table_destroy(struct flow_table *table)
{
	if (table == NULL)
		return;
	while (table->chunks != NULL) {
		struct chunk *chunk = table->chunks;

		table->chunks = chunk->next;
		free(chunk);
	}
	free(table->slots);
	free(table);
}

void
flow_endpoint_text(const struct flow_endpoint *endpoint, char text[64])
{
	bool v4 = endpoint->address.family == 4;
	char address[INET6_ADDRSTRLEN] = "?";

	inet_ntop(v4 ? AF_INET : AF_INET6, endpoint->address.bytes, address,
		  sizeof(address));
	snprintf(text, 64, v4 ? "%s:%u" : "[%s]:%u", address,
		 (unsigned)endpoint->port);
}

/* The digits of a port at `text`, to its end. */
static bool
parse_port(const char *text, uint16_t *port)
{
	unsigned value = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (unsigned)(*text - '0');
		if (value > UINT16_MAX)
			return false;
	}
	*port = (uint16_t)value;
	return true;
}

bool
flow_endpoint_parse(const char *text, struct flow_endpoint *endpoint)
{
	bool v6 = text[0] == '[';
	const char *end = strrchr(text, ':');
	char address[INET6_ADDRSTRLEN];
	size_t len;

	memset(endpoint, 0, sizeof(*endpoint));
	if (end == NULL || end - text < (v6 ? 3 : 1) ||
	    !parse_port(end + 1, &endpoint->port))
		return false;
	if (v6 && end[-1] != ']')
		return false;
	len = (size_t)(end - text) - (v6 ? 2 : 0);
	if (len >= sizeof(address))
		return false;
	memcpy(address, text + v6, len);
	address[len] = '\0';
	endpoint->address.family = v6 ? 6 : 4;
	return inet_pton(v6 ? AF_INET6 : AF_INET, address,
			 endpoint->address.bytes) == 1;
}
