/*
 * tls_messages.h - handshake messages out of the records that carry them.
 *
 * Messages may span records and share them.  Order of use: tls_messages_init;
 * { tls_messages_add; { tls_messages_next }* until it finds none }*;
 * tls_messages_fini.  Because everything whole is taken out after each add, no
 * more than one message and one record are ever held.
 */
#ifndef TRACES_TLS_MESSAGES_H
#define TRACES_TLS_MESSAGES_H

#include <stddef.h>
#include <stdint.h>

enum {
	TLS_MESSAGE_HEADER_BYTES = 4,
	TLS_MESSAGE_MAX = 128 * 1024, /* bytes of a body */
};

struct tls_messages {
	uint8_t *bytes;
	size_t capacity;
	size_t head; /* taken out already */
	size_t len;  /* head <= len <= capacity */
};

struct tls_message {
	uint8_t type;	     /* enum tls_message_type, or another */
	const uint8_t *body; /* valid until the next add */
	size_t len;
};

void tls_messages_init(struct tls_messages *messages);

/* Forget the bytes and free the memory; may be added to again. */
void tls_messages_fini(struct tls_messages *messages);

/* Add the bytes of one record.  Returns 0 or ENOMEM (nothing was added). */
int tls_messages_add(struct tls_messages *messages, const uint8_t *bytes,
		     size_t len);

/*
 * Take out the next message.  Returns 0, EAGAIN (none is whole) or EMSGSIZE (it
 * announces more than TLS_MESSAGE_MAX; no message will ever come again).
 */
int tls_messages_next(struct tls_messages *messages,
		      struct tls_message *message);
#endif
