/*
 * pcapng_write.c - pcapng files with what libpcap cannot write.
 *
 * Called by whoever has packets to write, in the order that the header names.
 * A block is type, length, body and length again; the length is known before
 * the first byte goes out, so that nothing has to be gathered or gone back to,
 * and the file may be a pipe.
 *
 * Left out: name resolution, statistics, simple packets, options other than
 * those below.
 */
#include "traces/pcapng_write.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
	BLOCK_SECRETS = 10,

	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	SECRETS_TLS = 0x544c534b, /* "TLSK" */

	OPTION_END = 0,
	OPTION_COMMENT = 1,
	OPTION_EPB_FLAGS = 2,
	OPTION_EPB_QUEUE = 6,
	OPTION_IF_NAME = 2,
	OPTION_IF_TSRESOL = 9,
	OPTION_SHB_USERAPPL = 4,

	EPB_INBOUND = 1,
	RESOLUTION_NS = 9, /* 10^-9 s */

	BLOCK_FRAME = 12,  /* type and both lengths */
	OPTION_HEADER = 4, /* code and length; the end is one, too */
};

static uint32_t
padded(size_t len)
{
	return ((uint32_t)len + 3) / 4 * 4;
}

static void
put16(FILE *out, uint32_t value)
{
	putc((int)(value & 0xff), out);
	putc((int)(value >> 8 & 0xff), out);
}

static void
put32(FILE *out, uint32_t value)
{
	put16(out, value);
	put16(out, value >> 16);
}

static void
put_padded(FILE *out, const void *bytes, size_t len)
{
	if (len > 0)
		fwrite(bytes, 1, len, out);
	for (size_t i = len; i < padded(len); i++)
		putc(0, out);
}

/* Bytes of a text that go into its option; 0: it has none. */
static size_t
text_len(const char *text)
{
	return text == NULL ? 0 : strnlen(text, PCAPNG_TEXT_MAX);
}

static uint32_t
text_option_len(const char *text)
{
	size_t len = text_len(text);

	return len == 0 ? 0 : OPTION_HEADER + padded(len);
}

static void
put_text_option(FILE *out, uint32_t code, const char *text)
{
	size_t len = text_len(text);

	if (len == 0)
		return;
	put16(out, code);
	put16(out, (uint32_t)len);
	put_padded(out, text, len);
}

/* A number of `len` bytes, 1 or 4. */
static void
put_number_option(FILE *out, uint32_t code, uint32_t len, uint32_t value)
{
	put16(out, code);
	put16(out, len);
	put32(out, value);
}

static void
begin_block(FILE *out, uint32_t type, uint32_t body_len)
{
	put32(out, type);
	put32(out, body_len + BLOCK_FRAME);
}

static int
end_block(FILE *out, uint32_t body_len)
{
	put32(out, body_len + BLOCK_FRAME);
	if (!ferror(out))
		return 0;
	return errno != 0 ? errno : EIO;
}

int
pcapng_write_section(FILE *out, const char *application, const char *comment)
{
	uint32_t len = 16 + text_option_len(comment) +
		       text_option_len(application) + OPTION_HEADER;

	errno = 0;
	begin_block(out, BLOCK_SECTION, len);
	put32(out, BYTE_ORDER_MAGIC);
	put16(out, 1); /* version 1.0 */
	put16(out, 0);
	put32(out, UINT32_MAX); /* length of the section: not known */
	put32(out, UINT32_MAX);
	put_text_option(out, OPTION_COMMENT, comment);
	put_text_option(out, OPTION_SHB_USERAPPL, application);
	put32(out, OPTION_END);
	return end_block(out, len);
}

int
pcapng_write_interface(FILE *out, uint16_t link, const char *name)
{
	uint32_t len =
	    8 + text_option_len(name) + OPTION_HEADER + 4 + OPTION_HEADER;

	errno = 0;
	begin_block(out, BLOCK_INTERFACE, len);
	put16(out, link);
	put16(out, 0);
	put32(out, 0); /* no snap length */
	put_text_option(out, OPTION_IF_NAME, name);
	put_number_option(out, OPTION_IF_TSRESOL, 1, RESOLUTION_NS);
	put32(out, OPTION_END);
	return end_block(out, len);
}

int
pcapng_write_secrets(FILE *out, const char *text, size_t len)
{
	uint32_t body_len = 8 + padded(len);

	assert(len <= PCAPNG_SECRETS_PIECE);
	errno = 0;
	begin_block(out, BLOCK_SECRETS, body_len);
	put32(out, SECRETS_TLS);
	put32(out, (uint32_t)len);
	put_padded(out, text, len);
	return end_block(out, body_len);
}

int
pcapng_write_packet(FILE *out, const struct pcapng_packet *packet)
{
	uint32_t len = 20 + padded(packet->captured_len) +
		       text_option_len(packet->comment) + OPTION_HEADER + 4 +
		       (packet->has_queue ? OPTION_HEADER + 4 : 0) +
		       OPTION_HEADER;

	errno = 0;
	begin_block(out, BLOCK_PACKET, len);
	put32(out, packet->interface);
	put32(out, (uint32_t)(packet->time_ns >> 32));
	put32(out, (uint32_t)packet->time_ns);
	put32(out, packet->captured_len);
	put32(out, packet->wire_len);
	put_padded(out, packet->data, packet->captured_len);
	put_text_option(out, OPTION_COMMENT, packet->comment);
	put_number_option(out, OPTION_EPB_FLAGS, 4, EPB_INBOUND);
	if (packet->has_queue)
		put_number_option(out, OPTION_EPB_QUEUE, 4, packet->queue);
	put32(out, OPTION_END);
	return end_block(out, len);
}
