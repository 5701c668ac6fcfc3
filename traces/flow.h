/*
 * flow.h - TCP connections: 4-tuple -> flow, side, initial sequence.
 *
 * Order of use: flow_table_create; { flow_lookup }*; flow_table_destroy.
 * A flow's id is the order of its first segment, from 0.  A SYN with a new
 * sequence number on a known 4-tuple begins a new flow.
 */
#ifndef TRACES_FLOW_H
#define TRACES_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "traces/frame.h"

/* Which way a segment travels. */
enum flow_direction {
	FLOW_CLIENT_TO_SERVER = 0,
	FLOW_SERVER_TO_CLIENT = 1,
};

struct flow_table;

enum {
	FLOW_COUNT_MAX = 1 << 24, /* flow_lookup then answers ENOMEM */
};

struct flow_endpoint {
	struct frame_address address;
	uint16_t port;
};

/* What the table knows of a flow. */
struct flow {
	uint32_t id;
	struct flow_endpoint client; /* sender of the SYN; without one, of the
					ClientHello; else the higher port */
	struct flow_endpoint server;
	bool syn_seen[2];  /* by direction */
	uint32_t isn[2];   /* with syn_seen; a SYN|ACK that differs from an
			      earlier one replaces it until payload was seen */
	uint16_t mss;	   /* smaller MSS of the SYNs; 0: unknown */
	bool timestamps;   /* the SYNs had the timestamp option */
	bool payload_seen; /* the sides are final */
};

struct flow_match {
	struct flow *flow; /* the table's; stable address */
	enum flow_direction direction;
	bool created; /* this segment began the flow */
	bool flipped; /* client and server changed places just
			 now (no payload was seen before) */
};

/* NULL: no memory. */
struct flow_table *flow_table_create(void);
void flow_table_destroy(struct flow_table *table);

/*
 * Find or begin the flow of a segment, and note what its SYN says.  Returns 0
 * or ENOMEM.
 */
int flow_lookup(struct flow_table *table, const struct frame *frame,
		struct flow_match *match);

uint32_t flow_count(const struct flow_table *table);

/* "192.0.2.1:443" or "[2001:db8::1]:443" into text (at least 64 bytes). */
void flow_endpoint_text(const struct flow_endpoint *endpoint, char text[64]);

/* The same backwards.  False where the text is not of that form. */
bool flow_endpoint_parse(const char *text, struct flow_endpoint *endpoint);
#endif
