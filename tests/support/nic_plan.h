/*
 * nic_plan.h - what a seed says: keys of the model, TLS streams, and when which
 * bytes of them are sent.
 *
 * Order of use: nic_plan_make for a seed; read.  A plan is large: it lives in
 * static storage and is made again and again.  The same seed gives the same
 * plan on every machine.
 */
#ifndef TESTS_SUPPORT_NIC_PLAN_H
#define TESTS_SUPPORT_NIC_PLAN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/suite.h"

enum {
	NIC_PLAN_FLOWS = 4,
	NIC_PLAN_RECORDS = 200,	    /* of a flow */
	NIC_PLAN_SEGMENTS = 200,    /* of a flow */
	NIC_PLAN_BYTES = 48 * 1024, /* of plaintext of a flow */
	NIC_PLAN_WIRE = NIC_PLAN_BYTES + NIC_PLAN_RECORDS * 64,
	NIC_PLAN_KEYS = 64,
	NIC_PLAN_TEXT = 48,
};

struct nic_plan_key {
	const char *key;
	char value[NIC_PLAN_TEXT];
};

struct nic_plan_record {
	uint32_t plain_at, plain_len; /* in the flow's plaintext */
	uint32_t wire_at, wire_len;   /* in its stream */
	bool damaged;		      /* by its sender: the tag is wrong */
};

struct nic_plan_flow {
	struct ktls_key key;
	uint16_t suite; /* IANA number */
	bool ipv6;
	uint32_t first_seq; /* TCP's, of the stream's first byte */
	uint32_t records;
	uint32_t damaged;
	uint32_t plain_len, wire_len;
	struct nic_plan_record record[NIC_PLAN_RECORDS];
	uint8_t plain[NIC_PLAN_BYTES];
	uint8_t wire[NIC_PLAN_WIRE];
};

struct nic_plan_segment {
	uint64_t time_ps;
	uint32_t flow;
	uint32_t at, len; /* in the flow's stream; len 0: its FIN */
};

struct nic_plan {
	uint64_t seed;
	uint64_t state;	   /* of the plan's own random numbers */
	uint64_t gap_ps;   /* between segments, about; other times follow */
	bool undetected;   /* links damage bytes behind the checksum's back */
	unsigned protocol; /* of resync: index of nic_resync_at */
	unsigned keys, flows, segments;
	struct nic_plan_key key[NIC_PLAN_KEYS];
	struct nic_plan_flow flow[NIC_PLAN_FLOWS];
	struct nic_plan_segment
	    segment[NIC_PLAN_FLOWS * (NIC_PLAN_SEGMENTS + 1)];
};

void nic_plan_make(struct nic_plan *plan, uint64_t seed);

/* For people: keys, and what the flows are. */
void nic_plan_print(const struct nic_plan *plan, FILE *out);

/* 64 random bits, and a number in least .. most. */
uint64_t nic_plan_draw(struct nic_plan *plan);
uint64_t nic_plan_between(struct nic_plan *plan, uint64_t least, uint64_t most);
#endif
