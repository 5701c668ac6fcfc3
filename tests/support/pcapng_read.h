/*
 * pcapng_read.h - a little-endian pcapng taken apart, with what libpcap leaves
 * out, for tests.
 *
 * Read from the format's description and apart from the writer: comments,
 * queues and secrets.  Order of use: pcapng_read_load; look at the fields;
 * pcapng_read_fini.  Whatever breaks the format fails an assertion.
 */
#ifndef TESTS_SUPPORT_PCAPNG_READ_H
#define TESTS_SUPPORT_PCAPNG_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pcapng_read_packet {
	uint64_t time_ns;
	uint32_t interface;
	uint32_t captured_len, wire_len;
	const uint8_t *data;
	bool has_queue;
	uint32_t queue;
	char comment[512]; /* "": none */
};

struct pcapng_read {
	uint8_t *bytes; /* of the whole file */
	size_t len;
	char application[64];
	char comment[512]; /* of the section */
	uint16_t link;	   /* of the first interface */
	size_t interfaces;
	size_t secrets_blocks;
	size_t secrets_len;
	char *secrets; /* all of them, NUL-terminated */
	size_t count;
	struct pcapng_read_packet *packet;
};

void pcapng_read_load(struct pcapng_read *file, const char *path);
void pcapng_read_fini(struct pcapng_read *file);

/* Packets whose comment contains the text. */
size_t pcapng_read_count(const struct pcapng_read *file, const char *text);
#endif
