/*
 * nic_tls.h - one flow's device context of inline TLS receive.
 *
 * Order of use: nic_tls_init; { nic_tls_rx, and at any time between packets
 * nic_tls_query, _answer, _hint, _reset }*; nic_tls_fini.
 * Access: one thread.  Pure: no clock, and no allocation after init.  The
 * caller gives it the packets that hit the flow's rule and whose checksums are
 * right, in the order in which they arrive, and decides when queries and
 * answers reach the device.
 * Source: 04-nic sections 1.1, 1.3 to 1.6 and 1.9; docs/model.md has the
 * decisions that hardware manuals do not settle.
 *
 * A mark does not say that a record is authentic: its packets are marked before
 * the tag is seen.  A record all of whose packets are marked is.
 */
#ifndef NICMODEL_NIC_TLS_H
#define NICMODEL_NIC_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/suite.h"
#include "nicmodel/nic_tls_scan.h"

struct aead_stream;
struct mbuf;

enum {
	NIC_TLS_SCRATCH_BYTES = 65536, /* the longest packet's payload */
	NIC_TLS_SCAN_DELAY = TLS_PLAINTEXT_MAX + 29, /* of the kernel's text */
};

/* With the values that drivers read (04-nic section 1.1). */
enum nic_tls_tracker {
	NIC_TLS_START = 0,     /* latching onto a known sequence number */
	NIC_TLS_TRACKING = 1,  /* following the lengths of records */
	NIC_TLS_SEARCHING = 2, /* looking for a header */
};

enum nic_tls_auth {
	NIC_TLS_NO_OFFLOAD = 0,
	NIC_TLS_OFFLOAD = 1,
	NIC_TLS_AUTHENTICATION = 2, /* offload, inside a tag */
};

/* What the completion entry says of a packet. */
enum nic_tls_verdict {
	NIC_TLS_ENCRYPTED, /* as it was on the wire */
	NIC_TLS_DECRYPTED, /* text replaced, CSUM_TLS_DECRYPTED set */
	NIC_TLS_RESYNC,	   /* as on the wire, and a candidate was found */
	NIC_TLS_AUTH_FAIL, /* as on the wire: a tag in it is wrong */
};

/* Which row of the transition table (04-nic section 1.4) applied. */
enum nic_tls_case {
	NIC_TLS_CASE_EMPTY,    /* no payload */
	NIC_TLS_CASE_EARLY,    /* START: all of it before the start */
	NIC_TLS_CASE_IN_ORDER, /* processed */
	NIC_TLS_CASE_BAD_HEADER,
	NIC_TLS_CASE_TAG_MISMATCH,
	NIC_TLS_CASE_OLD,
	NIC_TLS_CASE_OVERLAP,
	NIC_TLS_CASE_BEFORE_BOUNDARY, /* blind until the next record */
	NIC_TLS_CASE_HEADER_INSIDE,   /* the next record begins in here */
	NIC_TLS_CASE_HEADER_LOST,
	NIC_TLS_CASE_HEADER_SPLIT, /* a hole within the five bytes */
	NIC_TLS_CASE_UNKNOWN,	   /* the capture lacks the bytes of a header */
	NIC_TLS_CASE_NUMBERS_OVER, /* record 2^64 - 1 has ended */
	NIC_TLS_CASE_SEARCHING,
	NIC_TLS_CASE_CANDIDATE,	   /* found, and it has survived the packet */
	NIC_TLS_CASE_CHAIN,	   /* unconfirmed: lengths followed */
	NIC_TLS_CASE_CHAIN_BROKEN, /* unconfirmed: candidate dropped */
	NIC_TLS_CASE_COUNT,
};

/* Sums over packets; may be shared by the contexts of one thread. */
struct nic_tls_counters {
	uint64_t cases[NIC_TLS_CASE_COUNT]; /* packets by row */
	uint64_t decrypted_packets;
	uint64_t decrypted_bytes; /* their payload, framing included */
	uint64_t resync_req_pkt;  /* packets with NIC_TLS_RESYNC */
	uint64_t lost_sync;	  /* OFFLOAD or START, then not */
	uint64_t candidates;	  /* headers taken as candidates */
	uint64_t candidates_dropped;
	uint64_t tag_failures;
	uint64_t answers_taken;
	uint64_t answers_refused;
	uint64_t hints_taken;
};

struct nic_tls_params {
	const struct ktls_key *key; /* AES-GCM of TLS 1.2 or 1.3; copied.  In
				       the model kind its bytes are not used */
	uint32_t start_seq;	    /* first byte of the first record */
	uint64_t rec_seq;	    /* number of that record */
	bool real;		    /* decrypt and verify; else state only */
	enum nic_tls_matcher matcher;
	uint32_t scan_delay; /* bytes past the loss before a search begins;
				0: at once; NIC_TLS_SCAN_DELAY */
	bool overlap; /* process the new part of an overlapping packet, which
			 stays unmarked */
	bool aligned; /* mark a packet that begins with a record, behind a
			 hole; else it is unmarked as in row 7 */
	uint8_t *scratch; /* NIC_TLS_SCRATCH_BYTES, lent; contexts may share
			     it.  The model kind needs none */
	struct nic_tls_counters *counters; /* lent, or NULL */
};

/*
 * One context.  Sequence numbers are modulo 2^32.  The record in progress is
 * the one whose first byte is rec_start; between two records it is the next
 * one, of which nothing has been seen.
 */
struct nic_tls {
	struct ktls_key *key; /* NULL in the model kind, as stream */
	struct tls_framing framing;
	struct nic_tls_scan scan;
	struct aead_stream *stream; /* NULL in the model kind */
	uint8_t *scratch;
	struct nic_tls_counters *counters;
	enum nic_tls_tracker tracker;
	bool offload; /* auth is not NO_OFFLOAD */
	bool overlap;
	bool aligned;
	bool candidate_valid; /* implies TRACKING and not offload */
	bool whole;	      /* every byte of the record in progress so far
				 went through the cipher; implies
				 header_have == 5 */
	bool scan_waits;      /* SEARCHING: nothing before scan_from */
	bool floor_valid;
	uint8_t header_have; /* bytes of it seen, 0..5 */
	uint8_t header[TLS_HEADER_BYTES];
	uint8_t explicit_iv[8];
	uint8_t tag[TLS_TAG_BYTES];
	uint32_t exp;	    /* next expected sequence number */
	uint32_t rec_start; /* of the record in progress */
	uint32_t rec_bytes; /* header included; with header_have == 5 */
	uint64_t rec_seq;   /* its number, with offload or START */
	uint32_t candidate;
	uint64_t passed; /* records ended since the candidate's start: the
			    record in progress is N + passed */
	uint32_t scan_delay;
	uint32_t scan_from;
	uint32_t marked_end; /* end of the last packet marked */
	uint32_t floor;	     /* no record before it is processed again */
	uint32_t spoiled;    /* nic_tls_spoil: first byte ... */
	uint32_t spoiled_len;
	bool spoiled_record; /* the record in progress has such a byte */
};

/* What became of one packet. */
struct nic_tls_result {
	enum nic_tls_verdict verdict;
	enum nic_tls_case row;
	uint32_t candidate;	/* with NIC_TLS_RESYNC */
	uint32_t records;	/* whose last byte was passed while tracking */
	uint32_t authenticated; /* of them, whose tag was right */
};

/* What GET_PSV reads. */
struct nic_tls_progress {
	enum nic_tls_tracker tracker; /* TRACKING with NO_OFFLOAD: there is a
					 candidate */
	enum nic_tls_auth auth;
	uint32_t hw_resync_tcp_sn; /* the candidate */
	uint32_t next_record_tcp_sn;
};

/*
 * Install a context.  Returns 0, EOPNOTSUPP (not AES-GCM of TLS 1.2 or 1.3),
 * EINVAL (ktls_key_check refuses the key) or ENOMEM.  Nothing is held after an
 * error.
 */
int nic_tls_init(struct nic_tls *tls, const struct nic_tls_params *params);

/* Wipes the key. */
void nic_tls_fini(struct nic_tls *tls);

/*
 * One packet: m has M_PKTHDR with th_seq, and its chain is the payload.  What
 * follows the first M_UNKNOWN byte counts as unknown.  Sets CSUM_TLS_* in
 * m_pkthdr.csum_flags, and with NIC_TLS_DECRYPTED replaces the text in place:
 * the bytes must be m's alone (m_exclusive).  Otherwise no byte changes.
 */
void nic_tls_rx(struct nic_tls *tls, struct mbuf *m,
		struct nic_tls_result *result);

/*
 * For the model kind: of the packet that comes next, bytes [seq, seq + len) are
 * wrong, or are sealed with another key.  A record that is processed and has
 * any of them will fail its tag.  Ignored in the real kind.
 */
void nic_tls_spoil(struct nic_tls *tls, uint32_t seq, uint32_t len);

void nic_tls_query(const struct nic_tls *tls,
		   struct nic_tls_progress *progress);

/*
 * New static parameters: the record that begins at seq has number rec_seq.
 * Taken only where seq is the present candidate and no number passes 2^64 - 1;
 * returns whether it was.
 */
bool nic_tls_answer(struct nic_tls *tls, uint32_t seq, uint64_t rec_seq);

/*
 * The core-driven protocol: start at seq, with this record.  Refused, with
 * false, while the context offloads.
 */
bool nic_tls_hint(struct nic_tls *tls, uint32_t seq, uint64_t rec_seq);

/*
 * The device was reset and the driver has put the keys back: it searches from
 * the next packet on.
 */
void nic_tls_reset(struct nic_tls *tls);

/*
 * A candidate that nobody has answered is given up: the search goes on with the
 * next byte.  Returns false where there is none.
 */
bool nic_tls_rescan(struct nic_tls *tls);

/* The row's name in reports and tests, as "header inside". */
const char *nic_tls_case_name(enum nic_tls_case row);
#endif
