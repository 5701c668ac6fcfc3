/*
 * mbuf.h - segments and chains: the only currency between the folders.
 *
 * Order of use: mbuf_pool_create; { m_get*, m_from_bytes, m_free* }*;
 * mbuf_pool_destroy, which asserts that every mbuf has come back.
 * Access: a pool belongs to one thread.  Threads that pass mbufs to each other
 * have sibling pools: whoever holds an mbuf frees it into its own pool, which
 * sends it home without a lock.  Mbufs over one cluster are split, freed and
 * asked for m_exclusive under one lock, that of their socket: the count of a
 * cluster needs nothing more.
 * Ownership: an mbuf belongs to whoever holds the pointer; a cluster is counted
 * and may be shared by two mbufs (ktls_rx splits by reference).  Bytes of a
 * shared cluster are written only inside the range of the mbuf that owns them.
 * Mirrors: FreeBSD sys/sys/mbuf.h (docs/fidelity.md lists differences).
 */
#ifndef ENGINE_MBUF_H
#define ENGINE_MBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* FreeBSD's sizes in bytes, which sb_mbcnt charges. */
enum mbuf_size {
	MSIZE = 256,
	MCLBYTES = 2048,
	MJUMPAGESIZE = 4096,
	MJUM9BYTES = 9216,
};

/* m_flags */
#define M_EXT	    0x0001u /* storage is a cluster */
#define M_PKTHDR    0x0002u /* first mbuf of a packet: m_pkthdr is valid */
#define M_EOR	    0x0004u /* last mbuf of a record in the plain chain */
#define M_NOTREADY  0x0008u /* in the TLS chain, or detached from it */
#define M_DECRYPTED 0x0010u /* the NIC has decrypted these bytes */
#define M_UNKNOWN   0x0020u /* bytes that the capture cut off: no storage */
#define M_ROOM	    0x0040u /* the storage behind the bytes is its own too */

enum mbuf_type {
	MT_DATA = 1,
	MT_CONTROL = 14,
};

/* csum_flags: FreeBSD's CSUM_L5_CALC and CSUM_L5_VALID carry the TLS verdict */
#define CSUM_L5_CALC	   0x10u
#define CSUM_L5_VALID	   0x20u
#define CSUM_TLS_MASK	   (CSUM_L5_CALC | CSUM_L5_VALID)
#define CSUM_TLS_DECRYPTED CSUM_L5_CALC
/* Ours: the completion entry asked for a resync.  Merged with no other. */
#define CSUM_TLS_RESYNC CSUM_L5_VALID
/* Ours: what the link has done to a packet, until a NIC takes it. */
#define CSUM_LINK_MASK 0xffffff00u

/* th_flags, as on the wire */
enum tcp_flag {
	TH_FIN = 0x01,
	TH_SYN = 0x02,
	TH_RST = 0x04,
	TH_PUSH = 0x08,
	TH_ACK = 0x10,
	TH_URG = 0x20,
	TH_ECE = 0x40,
	TH_CWR = 0x80,
};

/*
 * th_options: what merging has to know of the options of a segment.  0 means
 * none.  Anything else is a fingerprint of every option byte, so that segments
 * with the same bytes have the same value; it is odd where the options are
 * exactly the aligned timestamp option (RFC 7323 appendix A), else even.
 */
#define TH_OPTIONS_ALIGNED_TS 1u

/* Valid where M_PKTHDR is set.  Times are picoseconds of simulated time. */
struct pkthdr {
	uint64_t rcv_tstmp;  /* arrival of the frame's last bit */
	uint64_t visible_ps; /* the frame is in host memory */
	uint32_t len;	 /* bytes of the whole packet (FreeBSD m_pkthdr.len) */
	uint32_t flowid; /* RSS hash */
	uint32_t csum_flags; /* CSUM_TLS_* */
	uint32_t flow;	     /* the simulator's connection, an index */
	uint32_t wire_bytes; /* on the link, preamble and gap included */
	uint32_t th_seq;     /* host byte order */
	uint32_t th_ack;     /* host byte order */
	uint32_t th_ts;	     /* value of the timestamp option, or 0 */
	uint32_t th_options; /* fingerprint, see above */
	uint16_t th_win;     /* as on the wire, not scaled */
	uint8_t th_flags;    /* enum tcp_flag */
	uint8_t receiver;    /* side of the flow that receives it, 0 or 1 */
};

struct mbuf_cluster; /* counted storage, private to mbuf.c */

struct mbuf {
	struct mbuf *m_next;	     /* next in this chain */
	struct mbuf *m_nextpkt;	     /* next record or packet */
	uint8_t *m_data;	     /* first byte; NULL with M_UNKNOWN */
	struct mbuf_cluster *m_ext;  /* with M_EXT */
	uint32_t m_len;		     /* bytes at m_data */
	uint16_t m_flags;	     /* M_* */
	uint8_t m_type;		     /* enum mbuf_type */
	uint8_t m_home;		     /* pool it comes from, among siblings */
	struct pkthdr m_pkthdr;	     /* with M_PKTHDR */
	_Alignas(8) uint8_t m_dat[]; /* inline storage up to MSIZE */
};

/* Bytes of inline storage. */
#define MLEN (MSIZE - offsetof(struct mbuf, m_dat))

struct mbuf_pool;

struct mbuf_pool_stats {
	uint64_t mbufs;		/* live now, or on their way home */
	uint64_t mbufs_max;	/* most ever live */
	uint64_t clusters;	/* live now, of every size */
	uint64_t storage_bytes; /* slabs obtained from the system */
	uint64_t refused;	/* requests that failed */
};

/*
 * A pool whose slabs grow up to max_bytes (0: no limit) of system memory.
 * NULL when memory is short.
 */
struct mbuf_pool *mbuf_pool_create(uint64_t max_bytes);

enum { MBUF_SIBLINGS_MAX = 256 };

/*
 * A pool with the same limit for another thread, whose mbufs mix with those of
 * `pool` and of its other siblings.  Made before another thread uses any of
 * them, and destroyed together with `pool`.  NULL: no memory, or there are
 * MBUF_SIBLINGS_MAX.
 */
struct mbuf_pool *mbuf_pool_create_sibling(struct mbuf_pool *pool);

/*
 * Asserts that no mbuf is live.  Destroys the siblings too, so that no other
 * thread may use them any more.  NULL is allowed.
 */
void mbuf_pool_destroy(struct mbuf_pool *pool);

void mbuf_pool_read_stats(const struct mbuf_pool *pool,
			  struct mbuf_pool_stats *stats);

/*
 * Fault injection: the nth request from now on (1 = the next) fails once; 0
 * takes the order back.
 */
void mbuf_pool_fail_after(struct mbuf_pool *pool, uint64_t nth);

/* An empty mbuf with inline storage, M_PKTHDR clear.  NULL: no memory. */
struct mbuf *m_get(struct mbuf_pool *pool, enum mbuf_type type);

/* The same with a cluster of `size` (MCLBYTES, MJUMPAGESIZE, MJUM9BYTES). */
struct mbuf *m_getjcl(struct mbuf_pool *pool, enum mbuf_type type,
		      enum mbuf_size size);

/*
 * A packet (M_PKTHDR, header zeroed but for len) that holds a copy of
 * known_len bytes followed by unknown_len bytes that nobody has (M_UNKNOWN
 * mbufs without storage).  The bytes go into the smallest storage that takes
 * them; more than a 9 KiB cluster makes a chain.  Both lengths 0 gives one
 * empty mbuf.  NULL: no memory, nothing leaked.
 */
struct mbuf *m_from_bytes(struct mbuf_pool *pool, const uint8_t *bytes,
			  uint32_t known_len, uint32_t unknown_len);

/* Free one mbuf and return its m_next. */
struct mbuf *m_free(struct mbuf_pool *pool, struct mbuf *m);

/* Free a chain along m_next.  NULL is allowed. */
void m_freem(struct mbuf_pool *pool, struct mbuf *m);

/* Sum of m_len along m_next. */
uint32_t m_length(const struct mbuf *m);

/* Last mbuf along m_next.  m is not NULL. */
struct mbuf *m_last(struct mbuf *m);

/*
 * Copy len bytes from offset off of the chain to dst.  Returns false, with dst
 * in part written, where the range holds M_UNKNOWN bytes or ends too early.
 */
bool m_copydata(const struct mbuf *m, uint32_t off, uint32_t len, uint8_t *dst);

/*
 * A second mbuf over bytes [off, m_len) of m: it shares m's cluster, or copies
 * inline bytes, and keeps the type, M_NOTREADY, M_DECRYPTED and M_UNKNOWN.  m
 * itself is not shortened.  NULL: no memory.
 */
struct mbuf *m_split_ref(struct mbuf_pool *pool, const struct mbuf *m,
			 uint32_t off);

/*
 * Cut m at off: m keeps the first off bytes and ends its chain; the mbuf that
 * is returned holds the others and what followed m.  Unlike after m_split_ref,
 * the two are known to hold disjoint bytes of a shared cluster, so that
 * m_exclusive stays true of both.  NULL: no memory, m is unchanged.
 */
struct mbuf *m_split(struct mbuf_pool *pool, struct mbuf *m, uint32_t off);

/*
 * Put a copy of m with storage of its own in m's place: it takes over m's
 * chain links, type and marks, and m is freed.  Not for M_UNKNOWN, nor for
 * more than MJUM9BYTES.  NULL: no memory, m is unchanged.
 */
struct mbuf *m_unshare(struct mbuf_pool *pool, struct mbuf *m);

/*
 * True where no other mbuf holds any byte of m's range, so that the range (and
 * nothing around it) may be written.  May be false without need: it relies on
 * how the cluster came to be shared, not on a search.
 */
bool m_exclusive(const struct mbuf *m);

/* True where the storage is this mbuf's alone and may be written. */
bool m_writable(const struct mbuf *m);

/* What a row of mbufs is like, as one look at each tells. */
struct m_survey {
	struct mbuf *last; /* with the last byte of the row */
	uint32_t end;	   /* bytes of `last` that are in it, at least 1 */
	uint32_t charge;   /* sum of m_charge, `last` as a whole */
	uint16_t any_of;   /* m_flags */
	bool exclusive;	   /* m_exclusive but for M_UNKNOWN bytes */
};

/*
 * Look over the first len >= 1 bytes of a chain, which has as many.  Sets
 * M_ROOM in each mbuf that is m_writable, and so may use what lies behind its
 * bytes; m_split hands the mark on to the mbuf that is then the last in the
 * storage.  Under the lock of the mbufs over one cluster, like m_exclusive; the
 * mark itself holds without it.
 */
void m_survey(struct mbuf *m, uint32_t len, struct m_survey *survey);

/* Bytes of storage behind the mbuf's last byte; 0 without M_ROOM. */
uint32_t m_room(const struct mbuf *m);

/* Bytes of storage behind the mbuf's last byte; 0 unless m_writable. */
uint32_t m_trailingspace(const struct mbuf *m);

/* Socket-buffer charge of one mbuf: MSIZE plus the cluster's size. */
uint32_t m_charge(const struct mbuf *m);
#endif
