/*
 * socket.h - a receiving socket: buffer, error slot, readers' side.
 *
 * Order of use: so_init; { sbappendstream, ktls_rx_*, soreceive,
 * socantrcvmore }*; so_close at most once; so_fini when so_count is 0.
 * Access: every function needs its socket to itself; the caller arranges it.
 * Mirrors: FreeBSD sys/kern/uipc_socket.c soreceive_generic(), sofree().
 */
#ifndef ENGINE_SOCKET_H
#define ENGINE_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/sockbuf.h"

struct socket {
	struct sockbuf so_rcv;
	struct socket *so_ktls_rx_next; /* link of the one work queue */
	int so_error;			/* reported once, then cleared */
	uint32_t so_count;		/* references: owner, queued worker */
	bool so_dropped;		/* ktls_drop() has reset it */
};

/* struct tls_get_record: the control message of a decrypted record. */
struct tls_get_record {
	uint8_t tls_type; /* inner type for TLS 1.3 */
	uint8_t tls_vmajor;
	uint8_t tls_vminor;  /* from the wire: 3 for TLS 1.3 */
	uint8_t tls_padding; /* zero */
	uint16_t tls_length; /* plaintext bytes; host order in this model */
};

/*
 * Bytes of a control mbuf: CMSG_SPACE(sizeof(struct tls_get_record)) on LP64.
 * They count in sb_ccc, so decrypting a record changes it by 24 - overhead.
 */
enum { TLS_CONTROL_BYTES = 24 };

enum soreceive_flag {
	SORECEIVE_PEEK = 0x1, /* MSG_PEEK: nothing is removed */
};

/* Where received bytes go: called per piece, in order.  May be NULL. */
typedef void soreceive_uiomove(void *arg, const uint8_t *bytes, size_t len);

struct soreceive_result {
	int error;	 /* EWOULDBLOCK: nothing to deliver yet */
	uint32_t bytes;	 /* data bytes returned */
	bool eof;	 /* end of stream: 0 bytes, no record */
	bool has_record; /* `record` holds a control message */
	bool eor;	 /* MSG_EOR: the record ended here */
	struct tls_get_record record;
};

void so_init(struct socket *so, struct mbuf_pool *pool, uint32_t hiwat);

/* Flush and free; so_count must be 0 and no record detached. */
void so_fini(struct socket *so);

/*
 * One receive call of at most resid bytes, never blocking (it says
 * EWOULDBLOCK where FreeBSD would sleep): the control message of the head
 * record if it has not been delivered, then data up to resid or the record's
 * end.  On a plain socket, up to resid bytes of the stream.  M_UNKNOWN bytes
 * are counted and passed to move with bytes == NULL.
 */
void soreceive(struct socket *so, uint32_t resid, unsigned flags,
	       soreceive_uiomove *move, void *arg,
	       struct soreceive_result *result);

/* Poll: data, end of stream or an error waits (03-engine 2.11). */
bool soreadable(const struct socket *so);

/*
 * FIN: no more data will come (FreeBSD socantrcvmore).  Returns effects; a
 * partial record in the TLS chain sets so_error = EMSGSIZE once no worker can
 * complete it, and the residue is discarded (rule R7).
 */
unsigned socantrcvmore(struct socket *so);

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
