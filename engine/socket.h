/*
 * socket.h - a receiving socket: buffer, error slot, readers' side, lifetime.
 *
 * Order of use: so_init (one reference, the owner's); { sbappendstream,
 * ktls_rx_*, soreceive, socantrcvmore }*; so_close or so_shutdown at any time;
 * so_rele of every reference, the last of which destroys.
 * Access: every function needs its socket to itself; the caller arranges it.
 * Mirrors: FreeBSD sys/kern/uipc_socket.c soreceive_generic(), sopoll_generic()
 * filt_soread(), sorflush(), sofree(), sorele().
 */
#ifndef ENGINE_SOCKET_H
#define ENGINE_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/policy.h"
#include "engine/sockbuf.h"

struct socket {
	struct sockbuf so_rcv;
	const struct engine_policy *so_policy; /* lent; never NULL */
	struct socket *so_ktls_rx_next;	       /* link of the one work queue */
	int so_error;			       /* reported once, then cleared */
	uint32_t so_count;    /* references: owner, queued worker */
	bool so_dropped;      /* ktls_drop() has reset it */
	bool so_listening;    /* listen(2) was called */
	bool so_io_locked;    /* SOCK_IO_RECV: a reader is between the
				 parts of one call */
	bool so_flush_wanted; /* so_shutdown waits for that reader */
};

/* struct tls_get_record: the control message of a decrypted record. */
struct tls_get_record {
	uint8_t tls_type; /* inner type for TLS 1.3 */
	uint8_t tls_vmajor;
	uint8_t tls_vminor;  /* from the wire: 3 for TLS 1.3 */
	uint8_t tls_padding; /* zero */
	uint16_t tls_length; /* plaintext bytes; host order in this model */
};

enum {
	/*
	 * Bytes of a control mbuf: CMSG_SPACE(sizeof(struct tls_get_record)) on
	 * LP64.  They count in sb_ccc, so decrypting a record changes it by
	 * 24 - overhead.
	 */
	TLS_CONTROL_BYTES = 24,
	/* Of them the message itself: CMSG_LEN(). */
	TLS_CONTROL_LEN = 22,
};

enum soreceive_flag {
	SORECEIVE_PEEK = 0x1,	    /* MSG_PEEK: nothing is removed */
	SORECEIVE_WAITALL = 0x2,    /* MSG_WAITALL: see `waits` */
	SORECEIVE_DONTWAIT = 0x4,   /* MSG_DONTWAIT: SO_RCVLOWAT is ignored */
	SORECEIVE_TLSAPPDATA = 0x8, /* MSG_TLSAPPDATA: ENXIO for an alert */
};

/* Where received bytes go: called per piece, in order.  May be NULL. */
typedef void soreceive_uiomove(void *arg, const uint8_t *bytes, size_t len);

/* One call of recvmsg(2). */
struct soreceive_msg {
	uint32_t resid;	      /* bytes of the data buffer */
	uint32_t fault_at;    /* bytes of it in front of memory that cannot be
				 written; UINT32_MAX: all can */
	uint32_t control_len; /* bytes of the control buffer; 0: none */
	unsigned flags;	      /* enum soreceive_flag */
	soreceive_uiomove *move;
	void *arg; /* of move */
};

struct soreceive_result {
	int error;	 /* EWOULDBLOCK: nothing to deliver yet */
	uint32_t bytes;	 /* data bytes returned */
	bool eof;	 /* end of stream: 0 bytes, no record */
	bool has_record; /* `record` holds a control message */
	bool eor;	 /* MSG_EOR: the record ended here */
	bool ctrunc;	 /* MSG_CTRUNC: the control buffer was too small */
	bool waits;	 /* MSG_WAITALL: the call would sleep for the rest */
	struct tls_get_record record;
};

/* What EVFILT_READ tells. */
struct so_kevent {
	int64_t data; /* payload bytes, control messages left out */
	bool eof;     /* EV_EOF */
	int fflags;   /* with EV_EOF: so_error */
};

/* hiwat in bytes.  One reference; the policy is FreeBSD's. */
void so_init(struct socket *so, struct mbuf_pool *pool, uint32_t hiwat);

/* One more reference; a work queue takes its own (workq_put). */
void so_hold(struct socket *so);

/*
 * Give up a reference.  The last one flushes and drops the session (FreeBSD
 * sofree(), sbdestroy()); true is returned then, and the memory of the socket
 * is its owner's to free.  A record that is detached has a worker, whose own
 * reference must be held until it has been finished.
 */
bool so_rele(struct socket *so);

/* Give up the owner's reference, which must be the last one. */
void so_fini(struct socket *so);

/*
 * One receive call of at most resid bytes, never blocking (it says
 * EWOULDBLOCK where FreeBSD would sleep), with room for a control message: the
 * control message of the head record if it has not been delivered, then data
 * up to resid or the record's end.  On a plain socket, up to resid bytes of
 * the stream.  M_UNKNOWN bytes are counted and passed to move with bytes ==
 * NULL.
 */
void soreceive(struct socket *so, uint32_t resid, unsigned flags,
	       soreceive_uiomove *move, void *arg,
	       struct soreceive_result *result);

/*
 * The same with everything recvmsg(2) can say.
 *
 * Control buffer: where there is none, the message is freed silently; one below
 * TLS_CONTROL_BYTES is MSG_CTRUNC, and below TLS_CONTROL_LEN it holds no
 * complete message.
 * MSG_WAITALL: a record's end ends the call.  On a plain stream, `waits` says
 * that FreeBSD would have slept for the other bytes: the caller holds the I/O
 * lock meanwhile (so_io_lock) and calls again for them.
 * MSG_TLSAPPDATA: ENXIO where the head record is an alert; nothing is removed.
 * Errors: of the queue's errors and ends, in order: what can be delivered is;
 * then so_error, once (MSG_PEEK leaves it); then the end of the stream, held
 * back by undecrypted bytes; then EKEYEXPIRED (ENGINE_REKEY_LINUX) while the
 * next key is missing; then EWOULDBLOCK.  EFAULT: not one byte could be
 * written; nothing is removed, here and behind fault_at.
 */
void soreceive_msg(struct socket *so, const struct soreceive_msg *msg,
		   struct soreceive_result *result);

/*
 * SOCK_IO_RECV, the lock of a reader whose one call takes several steps.  False
 * where another reader has it (FreeBSD sleeps).  Key install and so_shutdown
 * wait for it.
 */
bool so_io_lock(struct socket *so);
void so_io_unlock(struct socket *so);

/* Poll: data, end of stream or an error waits (03-engine 2.11). */
bool soreadable(const struct socket *so);

/*
 * EVFILT_READ: whether the event is active, and what it says.  note_lowat: of
 * NOTE_LOWAT, in bytes of payload; 0: SO_RCVLOWAT, which counts control
 * messages too.  At the end of the stream it fires at once, also while records
 * are still being decrypted.
 */
bool so_kqread(const struct socket *so, uint32_t note_lowat,
	       struct so_kevent *kev);

/* getsockopt(SO_ERROR): report so_error as a read would. */
int so_take_error(struct socket *so);

/* setsockopt(SO_RCVLOWAT): EINVAL below 1; at most sb_hiwat is taken. */
int so_set_rcvlowat(struct socket *so, int64_t bytes);

/*
 * setsockopt(SO_RCVBUF): a fixed size, which ends autosizing.  EINVAL below 1,
 * ENOBUFS above what kern.ipc.maxsockbuf allows.
 */
int so_set_rcvbuf(struct socket *so, int64_t bytes);

/* listen(2): EINVAL on a socket with KTLS receive. */
int so_listen(struct socket *so);

/*
 * FIN: no more data will come (FreeBSD socantrcvmore).  Returns effects; a
 * partial record in the TLS chain sets so_error = EMSGSIZE once no worker can
 * complete it, and the residue is discarded (rule R7).
 */
unsigned socantrcvmore(struct socket *so);

/*
 * shutdown(SHUT_RD), FreeBSD sorflush: the end of the stream, then a flush, and
 * no room for more.  The flush waits for a reader that holds the I/O lock.
 * Returns effects.
 */
unsigned so_shutdown(struct socket *so);

/* Close: CANTRCVMORE, flush.  A detached record is left to its worker. */
void so_close(struct socket *so);

/*
 * ktls_drop(): reset the connection with an error.  Returns effects.  Records
 * that are complete may still be decrypted by a worker that has the socket.  A
 * second drop only sets so_error anew.
 */
unsigned so_drop(struct socket *so, int error);

/* Write a control message into an empty mbuf with inline storage. */
void so_control_write(struct mbuf *m, const struct tls_get_record *record);
#endif
