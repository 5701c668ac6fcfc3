/*
 * nic_resync.h - how a driver tells a NIC that lost sync where a record begins.
 *
 * The device knows bytes, the software knows records: a resync protocol is the
 * host's side of their talk (04-nic section 1.6).  Each protocol is an
 * automaton without clock or memory of its own: events in, at most one act out.
 * The caller carries the act out with its latencies (work queue, doorbell, work
 * request fetch, write of the progress, completion, interrupt), says how the
 * posting went with nic_resync_posted, and hands the result of a query to
 * nic_resync_query_done.  Answers depend on how far the software has come only
 * because headers and records are reported when the software is there.
 *
 * Order of use: nic_resync_init at install of the context; events in the order
 * in which they happen; nic_resync_fini when the context goes (teardown, device
 * reset, path change, new key), after which completions that are still under
 * way must not be delivered.
 * Ownership: the caller owns struct nic_resync and the counters, which any
 * number of flows may share and which must outlive them.
 * Exclusive access is the caller's duty.  TCP sequence numbers wrap at 2^32,
 * record numbers at 2^64.
 *
 * A protocol of one's own: fill in a struct nic_resync_ops, with a member of
 * the union (or memory behind `own`, taken in init and given back in fini), and
 * pass it to nic_resync_init; a row in nic_resync.c gives it a name for
 * configuration files.
 */
#ifndef NICMODEL_NIC_RESYNC_H
#define NICMODEL_NIC_RESYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nic_resync;

enum {
	NIC_RESYNC_RUNS = 32,	       /* FreeBSD: runs in the history */
	NIC_RESYNC_RUN_RECORDS = 2048, /* FreeBSD: records in one run */
	NIC_RESYNC_LOG = 13,	       /* Linux async: headers in the log */
	NIC_RESYNC_RETRIES = 16,       /* Linux async: of one answer's post */
	NIC_RESYNC_RECORD_MAX = 32767, /* bytes of a record, header included */
};

/*
 * Counters under the names that users know (nic_resync_counter_name).  Those of
 * the first group are counted for every protocol, and
 * REQ_START = REQ_END + REQ_SKIP + queries under way.
 */
enum nic_resync_counter {
	NIC_RESYNC_REQ_PKT,   /* packets with a resync request */
	NIC_RESYNC_REQ_START, /* queries begun */
	NIC_RESYNC_REQ_END,   /* queries that gave a sequence number */
	NIC_RESYNC_REQ_SKIP,  /* queries that did not */
	NIC_RESYNC_RES_OK,    /* answers and hints posted */
	NIC_RESYNC_RES_RETRY, /* posts tried again: queue full */
	NIC_RESYNC_RES_SKIP,  /* answers and hints abandoned */

	NIC_RESYNC_TLS_DEVICE,	/* Linux: answers and hints given to drivers */
	NIC_RESYNC_NH_DELAY,	/* Linux: hints put off, data has piled up */
	NIC_RESYNC_FREEBSD_OK,	/* FreeBSD: queries posted */
	NIC_RESYNC_FREEBSD_ERR, /* FreeBSD: queries not posted: queue full */
	NIC_RESYNC_RX_ERROR,	/* FreeBSD: answers not posted */
	NIC_RESYNC_COUNTERS,
};

struct nic_resync_counters {
	uint64_t n[NIC_RESYNC_COUNTERS];
};

enum nic_resync_act_kind {
	NIC_RESYNC_NONE = 0,
	NIC_RESYNC_QUERY,  /* read the device's progress (GET_PSV) */
	NIC_RESYNC_ANSWER, /* confirm a candidate (static parameters) */
	NIC_RESYNC_HINT,   /* begin at this place, which is still to come */
};

/* seq and rec_seq: a record's header, and its number; QUERY has none. */
struct nic_resync_act {
	enum nic_resync_act_kind kind;
	uint32_t seq;
	uint64_t rec_seq;
};

/*
 * The driver finds a completion that says RESYNC: payload [seq, seq + len), in
 * which the device found `candidate`, the first byte of what looks like a
 * header.  Only devices that tell it have a use for `candidate` (linux-sync;
 * the others must be queried).
 */
struct nic_resync_packet {
	uint32_t seq;
	uint32_t len;
	uint32_t candidate;
};

/* Which of a record's bytes the NIC has marked as decrypted. */
enum nic_resync_marks {
	NIC_RESYNC_ENCRYPTED, /* none */
	NIC_RESYNC_MIXED,
	NIC_RESYNC_DECRYPTED, /* all */
};

/*
 * A record as software sees it.  seq is its first header byte, len its length
 * with header (1 to NIC_RESYNC_RECORD_MAX), rec_seq its number, queued the
 * bytes in the socket behind its end.  `marks` is not looked at where a header
 * is reported.
 */
struct nic_resync_record {
	uint32_t seq;
	uint32_t len;
	uint64_t rec_seq;
	uint32_t queued;
	enum nic_resync_marks marks;
};

/* What a query has read, at the time at which the device wrote it. */
struct nic_resync_progress {
	bool candidate_valid; /* tracker TRACKING and auth NO_OFFLOAD */
	uint32_t candidate;   /* hw_resync_tcp_sn: header guessed */
};

/* A protocol; every callback but `name` may be NULL. */
struct nic_resync_ops {
	const char *name;  /* value of nic.resync */
	bool device_scans; /* the device looks for headers by itself */
	int (*init)(struct nic_resync *r); /* ENOMEM, or 0 */
	void (*fini)(struct nic_resync *r);
	struct nic_resync_act (*packet)(struct nic_resync *r,
					const struct nic_resync_packet *p);
	struct nic_resync_act (*header)(struct nic_resync *r,
					const struct nic_resync_record *rec);
	struct nic_resync_act (*record)(struct nic_resync *r,
					const struct nic_resync_record *rec);
	struct nic_resync_act (*query_done)(
	    struct nic_resync *r, const struct nic_resync_progress *psv);
	struct nic_resync_act (*posted)(struct nic_resync *r,
					const struct nic_resync_act *act,
					bool ok);
};

/*
 * History of contiguous records as runs of equal length, oldest first from
 * runs[head]; a run is length << 11 | (records - 1).
 */
struct nic_resync_freebsd {
	uint64_t first_rec; /* number of the oldest record */
	uint64_t next_rec;  /* number of the record that would continue it */
	uint32_t first_seq; /* sequence numbers of the same two */
	uint32_t next_seq;
	uint32_t runs[NIC_RESYNC_RUNS];
	uint8_t head;
	uint8_t count; /* runs in use; 0: no history */
	bool pending;  /* a query is outstanding */
};

enum nic_resync_request {
	NIC_RESYNC_REQUEST_NONE = 0,
	NIC_RESYNC_REQUEST_ASYNC, /* the device's sequence is not known yet */
	NIC_RESYNC_REQUEST_KNOWN, /* wait for a header at request_seq */
};

struct nic_resync_linux_async {
	uint64_t first_rec;   /* number of the first header counted */
	uint32_t request_seq; /* packet's first byte; KNOWN: the candidate */
	uint32_t request_len;
	uint32_t log[NIC_RESYNC_LOG]; /* the first headers counted */
	uint16_t delta;		      /* headers counted */
	uint8_t log_len;
	uint8_t request;      /* enum nic_resync_request */
	uint8_t retries_left; /* of the latest answer */
	bool work_queued;     /* the query's work item has not run */
};

struct nic_resync_linux_hint {
	uint64_t failed; /* unmarked records since the last marked one */
	uint64_t target; /* act when `failed` exceeds this */
	bool reset;	 /* a mark was seen: start afresh */
	bool do_now;	 /* the next header may act */
};

struct nic_resync_linux_sync {
	uint32_t request_seq; /* last byte of the header that was found */
	bool pending;
};

struct nic_resync {
	const struct nic_resync_ops *ops;
	struct nic_resync_counters *counters;
	uint32_t queries; /* returned as acts, neither done nor given up */
	union {
		struct nic_resync_freebsd freebsd;
		struct nic_resync_linux_async linux_async;
		struct nic_resync_linux_hint linux_hint;
		struct nic_resync_linux_sync linux_sync;
		void *own;
	} u;
};

extern const struct nic_resync_ops nic_resync_freebsd_ops;
extern const struct nic_resync_ops nic_resync_linux_async_ops;
extern const struct nic_resync_ops nic_resync_linux_hint_ops;
extern const struct nic_resync_ops nic_resync_linux_sync_ops;

/* The protocol of that name, or NULL. */
const struct nic_resync_ops *nic_resync_find(const char *name);

/* The i-th protocol that has a name, or NULL behind the last. */
const struct nic_resync_ops *nic_resync_at(size_t i);

/* "rx_tls_resync_req_pkt", ..., "TlsRxDeviceResync", "rx_resync_ok", ... */
const char *nic_resync_counter_name(enum nic_resync_counter counter);

/* Returns 0 or what ops->init returns (ENOMEM), with nothing left behind. */
int nic_resync_init(struct nic_resync *r, const struct nic_resync_ops *ops,
		    struct nic_resync_counters *counters);

void nic_resync_fini(struct nic_resync *r);

/* The driver sees a RESYNC verdict (NAPI; FreeBSD does not look at it). */
struct nic_resync_act nic_resync_packet(struct nic_resync *r,
					const struct nic_resync_packet *p);

/* The parser has reached a record's header, and knows its length. */
struct nic_resync_act nic_resync_header(struct nic_resync *r,
					const struct nic_resync_record *rec);

/*
 * Software has finished a record, with success (FreeBSD: it is appended; one
 * whose decryption failed is not reported).
 */
struct nic_resync_act nic_resync_record(struct nic_resync *r,
					const struct nic_resync_record *rec);

/* The completion of a query that was posted with success. */
struct nic_resync_act nic_resync_query_done(
    struct nic_resync *r, const struct nic_resync_progress *psv);

/*
 * The act was posted to the internal queue (ok), or found it full.  To be
 * called once for each act returned, this one's included: an act returned here
 * is to be tried again when the queue is next looked at.
 */
struct nic_resync_act nic_resync_posted(struct nic_resync *r,
					const struct nic_resync_act *act,
					bool ok);

/* For protocols: count, and make acts. */
void nic_resync_count(struct nic_resync *r, enum nic_resync_counter counter);

static inline struct nic_resync_act
nic_resync_none(void)
{
	return (struct nic_resync_act){.kind = NIC_RESYNC_NONE};
}

/* a - b of sequence numbers, in [-2^31, 2^31). */
static inline int32_t
nic_resync_seq_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}
#endif
