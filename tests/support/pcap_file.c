/*
 * pcap_file.c - pcap and pcapng files, made for tests.
 *
 * Sources: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.  The file is a
 * named temporary one, because the code under test opens paths.  A failure of
 * the file system ends the test by assert.
 */
#include "tests/support/pcap_file.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_SIMPLE = 3,
	BLOCK_ENHANCED = 6,
	BLOCK_SECRETS = 10,
	SNAPLEN_DEFAULT = 262144,
	BODY_MAX = PACKET_BYTES_MAX + 64,
};

/* The body of a block while it is put together. */
struct body {
	uint8_t bytes[BODY_MAX];
	size_t len;
	bool big_endian;
};

static void
number_store(uint8_t *at, uint64_t value, size_t size, bool big_endian)
{
	for (size_t i = 0; i < size; i++) {
		size_t shift = 8 * (big_endian ? size - 1 - i : i);

		at[i] = (uint8_t)(value >> shift);
	}
}

static void
put(struct pcap_file *file, uint64_t value, size_t size)
{
	uint8_t bytes[8];

	number_store(bytes, value, size, file->format.big_endian);
	pcap_file_raw(file, bytes, size);
}

static void
body_number(struct body *body, uint64_t value, size_t size)
{
	assert(body->len + size <= sizeof(body->bytes));
	number_store(body->bytes + body->len, value, size, body->big_endian);
	body->len += size;
}

/* Bytes, padded with zeros to a multiple of 4. */
static void
body_bytes(struct body *body, const void *bytes, size_t len)
{
	assert(body->len + len + 3 <= sizeof(body->bytes));
	if (len > 0)
		memcpy(body->bytes + body->len, bytes, len);
	body->len += len;
	while (body->len % 4 != 0)
		body->bytes[body->len++] = 0;
}

static struct body *
body_create(const struct pcap_file *file)
{
	struct body *body = calloc(1, sizeof(*body));

	assert(body != NULL);
	body->big_endian = file->format.big_endian;
	return body;
}

/* Write the body as a block, and free it. */
static void
body_write(struct pcap_file *file, uint32_t type, struct body *body)
{
	pcapng_file_block(file, type, body->bytes, body->len);
	free(body);
}

static void
file_create(struct pcap_file *file)
{
	int fd;

	strcpy(file->path, "/tmp/ktlsim-test-XXXXXX");
	fd = mkstemp(file->path);
	assert(fd >= 0);
	file->stream = fdopen(fd, "wb");
	assert(file->stream != NULL);
}

void
pcap_file_raw(struct pcap_file *file, const void *bytes, size_t len)
{
	/* An empty body has no address. */
	size_t written = len > 0 ? fwrite(bytes, 1, len, file->stream) : 0;

	assert(written == len);
}

void
pcap_file_begin(struct pcap_file *file, const struct pcap_file_format *format)
{
	file->format = *format;
	file_create(file);
	put(file, format->nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, 4);
	put(file, 2, 2);
	put(file, 4, 2);
	put(file, 0, 8);
	put(file, format->snaplen != 0 ? format->snaplen : SNAPLEN_DEFAULT, 4);
	put(file, format->link, 4);
}

void
pcap_file_add(struct pcap_file *file, const struct pcap_file_packet *packet)
{
	uint64_t fraction = packet->time_ns % 1000000000;

	put(file, packet->time_ns / 1000000000, 4);
	put(file, file->format.nanoseconds ? fraction : fraction / 1000, 4);
	put(file, packet->captured_len, 4);
	put(file,
	    packet->wire_len != 0 ? packet->wire_len : packet->captured_len, 4);
	pcap_file_raw(file, packet->data, packet->captured_len);
}

void
pcap_file_add_packet(struct pcap_file *file, const struct packet *packet,
		     uint64_t time_ns)
{
	uint8_t *bytes = malloc(PACKET_BYTES_MAX);
	struct pcap_file_packet added = {.time_ns = time_ns, .data = bytes};

	assert(bytes != NULL);
	added.captured_len = packet_build(packet, bytes, PACKET_BYTES_MAX);
	if (file->format.link == UINT32_MAX)
		pcapng_file_packet(file, &added);
	else
		pcap_file_add(file, &added);
	free(bytes);
}

void
pcap_file_end(struct pcap_file *file)
{
	int result = fclose(file->stream);

	assert(result == 0);
	file->stream = NULL;
}

void
pcap_file_truncate(const struct pcap_file *file, size_t len)
{
	int result = truncate(file->path, (off_t)len);

	assert(result == 0);
}

uint8_t *
pcap_file_load(const struct pcap_file *file, size_t *len)
{
	FILE *stream = fopen(file->path, "rb");
	uint8_t *bytes;

	assert(stream != NULL);
	fseek(stream, 0, SEEK_END);
	*len = (size_t)ftell(stream);
	rewind(stream);
	bytes = malloc(*len + 1);
	assert(bytes != NULL);
	*len = fread(bytes, 1, *len, stream);
	fclose(stream);
	return bytes;
}

size_t
pcap_file_size(const struct pcap_file *file)
{
	size_t len;

	free(pcap_file_load(file, &len));
	return len;
}

void
pcap_file_compress(const struct pcap_file *file)
{
	size_t len;
	uint8_t *bytes = pcap_file_load(file, &len);
	gzFile stream = gzopen(file->path, "wb");
	int written = gzwrite(stream, bytes, (unsigned)len);

	assert((size_t)written == len);
	gzclose(stream);
	free(bytes);
}

void
pcap_file_remove(struct pcap_file *file)
{
	if (file->stream != NULL)
		pcap_file_end(file);
	unlink(file->path);
}

void
pcapng_file_block(struct pcap_file *file, uint32_t type, const void *body,
		  size_t len)
{
	static const uint8_t zeros[3];
	size_t padding = (4 - len % 4) % 4;

	put(file, type, 4);
	put(file, len + padding + 12, 4);
	pcap_file_raw(file, body, len);
	pcap_file_raw(file, zeros, padding);
	put(file, len + padding + 12, 4);
}

void
pcapng_file_section(struct pcap_file *file, bool big_endian)
{
	struct body *body;

	file->format.big_endian = big_endian;
	body = body_create(file);
	body_number(body, 0x1a2b3c4d, 4);
	body_number(body, 1, 2);
	body_number(body, 0, 2);
	body_number(body, UINT64_MAX, 8);
	body_write(file, BLOCK_SECTION, body);
}

void
pcapng_file_begin(struct pcap_file *file, bool big_endian)
{
	file->format = (struct pcap_file_format){.link = UINT32_MAX};
	file_create(file);
	pcapng_file_section(file, big_endian);
}

void
pcapng_file_interface(struct pcap_file *file, uint16_t link, uint32_t snaplen,
		      const char *name)
{
	struct body *body = body_create(file);

	body_number(body, link, 2);
	body_number(body, 0, 2);
	body_number(body, snaplen, 4);
	if (name != NULL) {
		body_number(body, 2, 2); /* if_name */
		body_number(body, strlen(name), 2);
		body_bytes(body, name, strlen(name));
	}
	body_number(body, 9, 2); /* if_tsresol */
	body_number(body, 1, 2);
	body_bytes(body, "\x09", 1);
	body_number(body, 0, 4);
	body_write(file, BLOCK_INTERFACE, body);
}

void
pcapng_file_packet(struct pcap_file *file,
		   const struct pcap_file_packet *packet)
{
	struct body *body = body_create(file);

	body_number(body, packet->interface, 4);
	body_number(body, packet->time_ns >> 32, 4);
	body_number(body, packet->time_ns & 0xffffffff, 4);
	body_number(body, packet->captured_len, 4);
	body_number(
	    body,
	    packet->wire_len != 0 ? packet->wire_len : packet->captured_len, 4);
	body_bytes(body, packet->data, packet->captured_len);
	body_write(file, BLOCK_ENHANCED, body);
}

void
pcapng_file_simple(struct pcap_file *file, const uint8_t *data, size_t len)
{
	struct body *body = body_create(file);

	body_number(body, len, 4);
	body_bytes(body, data, len);
	body_write(file, BLOCK_SIMPLE, body);
}

void
pcapng_file_secrets(struct pcap_file *file, const char *text)
{
	struct body *body = body_create(file);

	body_number(body, 0x544c534b, 4); /* "TLSK" */
	body_number(body, strlen(text), 4);
	body_bytes(body, text, strlen(text));
	body_write(file, BLOCK_SECRETS, body);
}
