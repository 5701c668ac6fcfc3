/*
 * tls_messages.c - one buffer per direction that joins handshake messages.
 *
 * Called by the handshake automaton for each record of type handshake, in the
 * clear or decrypted.  Grows by doubling up to one message and one record, and
 * moves what is left to the front before it grows.  Left out: any judgement of
 * types or order.
 */
#include "traces/tls_messages.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
tls_messages_init(struct tls_messages *messages)
{
	memset(messages, 0, sizeof(*messages));
}

void
tls_messages_fini(struct tls_messages *messages)
{
	free(messages->bytes);
	tls_messages_init(messages);
}

static int
reserve(struct tls_messages *messages, size_t need)
{
	size_t capacity = messages->capacity > 0 ? messages->capacity : 512;
	uint8_t *bytes;

	if (need <= messages->capacity)
		return 0;
	while (capacity < need)
		capacity *= 2;
	bytes = realloc(messages->bytes, capacity);
	if (bytes == NULL)
		return ENOMEM;
	messages->bytes = bytes;
	messages->capacity = capacity;
	return 0;
}

int
tls_messages_add(struct tls_messages *messages, const uint8_t *bytes,
		 size_t len)
{
	size_t left = messages->len - messages->head;

	assert(messages->head <= messages->len);
	if (messages->head > 0)
		memmove(messages->bytes, messages->bytes + messages->head,
			left);
	messages->head = 0;
	messages->len = left;
	if (len == 0)
		return 0;
	if (reserve(messages, left + len) != 0)
		return ENOMEM;
	memcpy(messages->bytes + left, bytes, len);
	messages->len += len;
	return 0;
}

int
tls_messages_next(struct tls_messages *messages, struct tls_message *message)
{
	size_t left = messages->len - messages->head, len;
	const uint8_t *header;

	if (left < TLS_MESSAGE_HEADER_BYTES)
		return EAGAIN;
	header = messages->bytes + messages->head;
	len = (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
	if (len > TLS_MESSAGE_MAX)
		return EMSGSIZE;
	if (left - TLS_MESSAGE_HEADER_BYTES < len)
		return EAGAIN;
	message->type = header[0];
	message->body = header + TLS_MESSAGE_HEADER_BYTES;
	message->len = len;
	messages->head += TLS_MESSAGE_HEADER_BYTES + len;
	return 0;
}
