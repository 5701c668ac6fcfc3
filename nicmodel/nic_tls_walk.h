/*
 * nic_tls_walk.h - the inside of a TLS context: one packet, byte by byte.
 *
 * For nic_tls.c only, which decides where in the packet the walk begins.
 */
#ifndef NICMODEL_NIC_TLS_WALK_H
#define NICMODEL_NIC_TLS_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "nicmodel/nic_tls.h"

struct mbuf;

/* A packet under way. */
struct nic_tls_walk {
	uint8_t *text;	      /* the payload in scratch, to be decrypted in
				 place; NULL where nothing can be */
	const uint8_t *piece; /* bytes [piece_start, piece_end) of it */
	uint32_t piece_start, piece_end;
	const struct mbuf *rest; /* mbufs behind the piece */
	uint32_t seq;		 /* of the first byte */
	uint32_t len;
	uint32_t known; /* bytes before the first unknown one, at most len */
	uint32_t off;	/* of the next byte to look at */
	bool placed;	/* the context had its place when the packet came */
	bool mark;	/* nothing so far speaks against the mark */
	bool failed;	/* a tag was wrong */
	bool raised;	/* a candidate was taken from this packet */
	struct nic_tls_result *result;
};

/* From walk->off to the end of the packet.  Sets exp. */
void nic_tls_walk(struct nic_tls *tls, struct nic_tls_walk *walk);

/*
 * The place in the stream is lost: search.  A header was expected at `at`; row
 * says why, unless the place was that of a mere candidate.
 */
void nic_tls_lose(struct nic_tls *tls, struct nic_tls_walk *walk,
		  enum nic_tls_case row, uint32_t at);

/* The record in progress ends, seen or not. */
void nic_tls_record_next(struct nic_tls *tls, struct nic_tls_walk *walk);
#endif
