/*
 * pcapng_write.h - pcapng files with what libpcap cannot write: secrets,
 * comments, queues.
 *
 * Order of use: pcapng_write_section; then pcapng_write_interface,
 * pcapng_write_secrets and pcapng_write_packet, where an interface comes before
 * its packets and secrets before what they open.  Interfaces count from 0.
 * Every number is little-endian on every machine, so that the same calls make
 * the same file.
 * Each returns 0, or the positive errno of a write that failed.
 * Source: draft-ietf-opsawg-pcapng, sections 3.5, 4.1, 4.2, 4.3 and 4.7.
 */
#ifndef TRACES_PCAPNG_WRITE_H
#define TRACES_PCAPNG_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	PCAPNG_TEXT_MAX = 4096,	      /* bytes of a comment or name; the rest
					 is left out */
	PCAPNG_SECRETS_PIECE = 16384, /* bytes of secrets in one block */
};

struct pcapng_packet {
	uint32_t interface;
	uint64_t time_ns;
	const uint8_t *data;
	uint32_t captured_len;
	uint32_t wire_len;
	bool has_queue; /* of the interface, that it was received on */
	uint32_t queue;
	const char *comment; /* UTF-8, or NULL */
};

/* The program that writes, and a comment on the whole file or NULL. */
int pcapng_write_section(FILE *out, const char *application,
			 const char *comment);

/* link: LINKTYPE number.  Times of its packets are nanoseconds. */
int pcapng_write_interface(FILE *out, uint16_t link, const char *name);

/* Lines of a TLS key log; at most PCAPNG_SECRETS_PIECE bytes. */
int pcapng_write_secrets(FILE *out, const char *text, size_t len);

int pcapng_write_packet(FILE *out, const struct pcapng_packet *packet);
#endif
