/*
 * pcap_file.h - pcap and pcapng files, made for tests.
 *
 * Written byte by byte from the formats' descriptions, without libpcap, so that
 * either byte order, nanoseconds, several interfaces, secrets, simple packets
 * and nonsense can be had.  Order of use: pcap_file_begin or pcapng_file_begin;
 * adds; pcap_file_end, after which `path` can be opened; pcap_file_remove.
 */
#ifndef TESTS_SUPPORT_PCAP_FILE_H
#define TESTS_SUPPORT_PCAP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/support/packet.h"

struct pcap_file_format {
	bool nanoseconds; /* pcap: else microseconds */
	bool big_endian;
	uint32_t link;	  /* pcap: LINKTYPE number */
	uint32_t snaplen; /* pcap: 0 means 262144 */
};

struct pcap_file {
	FILE *stream;
	char path[64];
	struct pcap_file_format format;
};

/* One packet for either format. */
struct pcap_file_packet {
	uint32_t interface; /* pcapng */
	uint64_t time_ns;   /* since 1970 */
	const uint8_t *data;
	size_t captured_len;
	size_t wire_len; /* 0: captured_len */
};

void pcap_file_begin(struct pcap_file *file,
		     const struct pcap_file_format *format);
void pcap_file_add(struct pcap_file *file,
		   const struct pcap_file_packet *packet);

/* Bytes as they are: malformed headers, garbage. */
void pcap_file_raw(struct pcap_file *file, const void *bytes, size_t len);

/* Build the packet and add it with this time, to pcap or to interface 0. */
void pcap_file_add_packet(struct pcap_file *file, const struct packet *packet,
			  uint64_t time_ns);

void pcap_file_end(struct pcap_file *file);

/* Cut the ended file to its first len bytes. */
void pcap_file_truncate(const struct pcap_file *file, size_t len);

/* Size of the ended file. */
size_t pcap_file_size(const struct pcap_file *file);

/* The ended file's bytes; the caller frees them. */
uint8_t *pcap_file_load(const struct pcap_file *file, size_t *len);

/* Replace the ended file by its gzip-compressed self. */
void pcap_file_compress(const struct pcap_file *file);

void pcap_file_remove(struct pcap_file *file);

/* A section header begins the file; further calls begin further sections. */
void pcapng_file_begin(struct pcap_file *file, bool big_endian);
void pcapng_file_section(struct pcap_file *file, bool big_endian);

/* An interface with nanosecond stamps; name may be NULL. */
void pcapng_file_interface(struct pcap_file *file, uint16_t link,
			   uint32_t snaplen, const char *name);
void pcapng_file_packet(struct pcap_file *file,
			const struct pcap_file_packet *packet);
/* A Simple Packet Block: no time, interface 0. */
void pcapng_file_simple(struct pcap_file *file, const uint8_t *data,
			size_t len);
/* A Decryption Secrets Block of TLS key log text. */
void pcapng_file_secrets(struct pcap_file *file, const char *text);
/* Any block; the body is padded to 4 bytes. */
void pcapng_file_block(struct pcap_file *file, uint32_t type, const void *body,
		       size_t len);
#endif
