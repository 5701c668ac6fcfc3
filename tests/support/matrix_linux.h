/*
 * matrix_linux.h - the Linux receive call, made of calls of one record each.
 *
 * The tests of Linux's matrix speak of recv(2) and recvmsg(2) as Linux's TLS
 * has them; this is the adaptation (docs/linux-matrix.md).
 * Order of use: linux_init; linux_enable; { linux_send*, linux_recv }*;
 * linux_fini.
 */
#ifndef TESTS_SUPPORT_MATRIX_LINUX_H
#define TESTS_SUPPORT_MATRIX_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/suite.h"
#include "tests/support/matrix_executor.h"

enum {
	LINUX_RECV_MAX = 131072,
	LINUX_DATA = 23,     /* TLS_RECORD_TYPE_DATA */
	LINUX_CONTROL = 100, /* what the tests send as a control record */
};

struct linux_variant {
	const char *name;
	enum tls_version version;
	enum tls_cipher cipher;
	uint8_t key_len;
};

extern const struct linux_variant linux_variants[];
enum { LINUX_VARIANTS = 6 };

struct linux_socket {
	struct matrix_executor x;
	struct ktls_key key; /* the sender's and the receiver's */
	uint64_t seqno;	     /* of the sender's next record */
	uint8_t open_type;   /* of a record that was read in part */
	int err;	     /* errno of the last call that returned -1 */
	struct matrix_read read;
	uint8_t bytes[LINUX_RECV_MAX]; /* what linux_recv got */
};

/* The policy is Linux's, apart from the header check, unless one is given. */
void linux_init(struct linux_socket *s, const struct linux_variant *variant,
		const struct engine_policy *policy);
void linux_fini(struct linux_socket *s);

/* setsockopt(TLS_RX) with the present key; an errno or 0. */
int linux_enable(struct linux_socket *s);

/* The sender's next key, from its own number 0 on. */
void linux_next_key(struct linux_socket *s, uint8_t seed);

/* Seal one record; returns its bytes at wire. */
size_t linux_seal(struct linux_socket *s, uint8_t type, const uint8_t *bytes,
		  size_t len, uint8_t *wire);

/* send(2): records of at most 16384 bytes arrive, and workers run. */
void linux_send(struct linux_socket *s, uint8_t type, const uint8_t *bytes,
		size_t len);

/* The peer's bytes as they are. */
void linux_feed(struct linux_socket *s, const uint8_t *bytes, size_t len);

/*
 * recv(2), or recvmsg(2) with a control buffer where type is not NULL: bytes
 * received, in s->bytes, or -1 with s->err.  flags: SORECEIVE_PEEK, WAITALL and
 * DONTWAIT.  *type gets the record type, or LINUX_DATA.
 */
int linux_recv(struct linux_socket *s, uint32_t len, unsigned flags,
	       uint8_t *type);

/* recvmsg(2) into memory that ends after `valid` bytes. */
int linux_recv_fault(struct linux_socket *s, uint32_t len, uint32_t valid);

/* poll(2): POLLIN. */
bool linux_poll(struct linux_socket *s);
#endif
