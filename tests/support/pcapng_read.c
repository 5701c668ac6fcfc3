/*
 * pcapng_read.c - a little-endian pcapng taken apart, for tests.
 *
 * Goes from block to block and asserts that lengths agree, that padding is
 * zero, that options end, and that an interface comes before its packets and
 * secrets before the first packet.
 */
#include "tests/support/pcapng_read.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PACKETS_MAX = 100000 };

/* The body of a block, or what is left of it. */
struct span {
	const uint8_t *at;
	size_t len;
};

static uint16_t
get16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t
get32(const uint8_t *at)
{
	return get16(at) | (uint32_t)get16(at + 2) << 16;
}

/* Take len bytes and their padding off the span. */
static const uint8_t *
take(struct span *span, size_t len)
{
	const uint8_t *at = span->at;
	size_t size = (len + 3) / 4 * 4;

	ck_assert_uint_ge(span->len, size);
	for (size_t i = len; i < size; i++)
		ck_assert_uint_eq(at[i], 0);
	span->at += size;
	span->len -= size;
	return at;
}

struct option {
	uint16_t code;
	uint16_t len;
	const uint8_t *value;
};

/* The next option; false behind the last, where nothing may follow. */
static bool
take_option(struct span *span, struct option *option)
{
	const uint8_t *header = take(span, 4);

	option->code = get16(header);
	option->len = get16(header + 2);
	if (option->code == 0) {
		ck_assert_uint_eq(option->len, 0);
		ck_assert_uint_eq(span->len, 0);
		return false;
	}
	option->value = take(span, option->len);
	return true;
}

static void
copy_text(char *to, size_t size, const struct option *option)
{
	ck_assert_uint_lt(option->len, size);
	memcpy(to, option->value, option->len);
	to[option->len] = '\0';
}

static void
read_section(struct pcapng_read *file, struct span body)
{
	const uint8_t *fixed = take(&body, 16);
	struct option option;

	ck_assert_uint_eq(get32(fixed), 0x1a2b3c4d);
	ck_assert_uint_eq(get32(fixed + 4), 1);
	while (take_option(&body, &option)) {
		if (option.code == 1)
			copy_text(file->comment, sizeof(file->comment),
				  &option);
		if (option.code == 4)
			copy_text(file->application, sizeof(file->application),
				  &option);
	}
}

static void
read_interface(struct pcapng_read *file, struct span body)
{
	const uint8_t *fixed = take(&body, 8);
	struct option option;
	bool nanoseconds = false;

	if (file->interfaces++ == 0)
		file->link = get16(fixed);
	while (take_option(&body, &option))
		if (option.code == 9)
			nanoseconds = option.len == 1 && option.value[0] == 9;
	ck_assert(nanoseconds);
}

static void
read_secrets(struct pcapng_read *file, struct span body)
{
	const uint8_t *fixed = take(&body, 8);
	uint32_t len = get32(fixed + 4);

	ck_assert_uint_eq(get32(fixed), 0x544c534b);
	ck_assert_uint_eq(file->count, 0);
	file->secrets = realloc(file->secrets, file->secrets_len + len + 1);
	ck_assert_ptr_nonnull(file->secrets);
	memcpy(file->secrets + file->secrets_len, take(&body, len), len);
	ck_assert_uint_eq(body.len, 0);
	file->secrets_len += len;
	file->secrets[file->secrets_len] = '\0';
	file->secrets_blocks++;
}

static void
read_packet(struct pcapng_read *file, struct span body)
{
	struct pcapng_read_packet *packet = &file->packet[file->count++];
	const uint8_t *fixed = take(&body, 20);
	struct option option;

	ck_assert_uint_le(file->count, PACKETS_MAX);
	packet->interface = get32(fixed);
	ck_assert_uint_lt(packet->interface, file->interfaces);
	packet->time_ns = (uint64_t)get32(fixed + 4) << 32 | get32(fixed + 8);
	packet->captured_len = get32(fixed + 12);
	packet->wire_len = get32(fixed + 16);
	packet->data = take(&body, packet->captured_len);
	while (take_option(&body, &option)) {
		if (option.code == 1)
			copy_text(packet->comment, sizeof(packet->comment),
				  &option);
		if (option.code != 6)
			continue;
		packet->has_queue = true;
		packet->queue = get32(option.value);
	}
}

static void
read_block(struct pcapng_read *file, uint32_t type, struct span body)
{
	switch (type) {
	case 0x0a0d0d0a:
		read_section(file, body);
		return;
	case 1:
		read_interface(file, body);
		return;
	case 6:
		read_packet(file, body);
		return;
	case 10:
		read_secrets(file, body);
		return;
	default:
		ck_abort_msg("block of type %u", type);
	}
}

static void
load_bytes(struct pcapng_read *file, const char *path)
{
	FILE *stream = fopen(path, "rb");
	long size;

	ck_assert_ptr_nonnull(stream);
	ck_assert_int_eq(fseek(stream, 0, SEEK_END), 0);
	size = ftell(stream);
	ck_assert_int_ge(size, 0);
	rewind(stream);
	file->len = (size_t)size;
	file->bytes = malloc(file->len + 1);
	ck_assert_ptr_nonnull(file->bytes);
	ck_assert_uint_eq(fread(file->bytes, 1, file->len, stream), file->len);
	fclose(stream);
}

void
pcapng_read_load(struct pcapng_read *file, const char *path)
{
	struct span rest;

	memset(file, 0, sizeof(*file));
	load_bytes(file, path);
	file->packet = calloc(PACKETS_MAX, sizeof(*file->packet));
	ck_assert_ptr_nonnull(file->packet);
	rest = (struct span){file->bytes, file->len};
	while (rest.len > 0) {
		uint32_t type, len;

		ck_assert_uint_ge(rest.len, 12);
		type = get32(rest.at);
		len = get32(rest.at + 4);
		ck_assert_uint_eq(len % 4, 0);
		ck_assert(len >= 12 && len <= rest.len);
		ck_assert_uint_eq(get32(rest.at + len - 4), len);
		read_block(file, type, (struct span){rest.at + 8, len - 12});
		rest.at += len;
		rest.len -= len;
	}
}

void
pcapng_read_fini(struct pcapng_read *file)
{
	free(file->bytes);
	free(file->secrets);
	free(file->packet);
	memset(file, 0, sizeof(*file));
}

size_t
pcapng_read_count(const struct pcapng_read *file, const char *text)
{
	size_t count = 0;

	for (size_t i = 0; i < file->count; i++)
		count += strstr(file->packet[i].comment, text) != NULL;
	return count;
}
