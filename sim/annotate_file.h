/*
 * annotate_file.h - packets put into the order of time and written as pcapng.
 *
 * Order of use: annotate_file_init; { annotate_file_get, fill it,
 * annotate_file_put, annotate_file_write }*; annotate_file_write to the end;
 * annotate_file_fini.
 * The file begins with its first packet: an interface of its link type, then
 * the secrets that are known by then.  There is one interface for all hosts:
 * libpcap takes a second one of raw IP for another link type.  The first error
 * of a write is kept, and what comes behind it is dropped.
 */
#ifndef SIM_ANNOTATE_FILE_H
#define SIM_ANNOTATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/event.h"

struct ktlsim;

enum {
	ANNOTATE_COMMENT_BYTES = 320,
	ANNOTATE_LINKS_MAX = 16,
};

struct annotate_packet {
	sim_time at;	   /* its time in the file */
	uint64_t order;	   /* among those of the same time */
	int link;	   /* DLT number, as of captured frames */
	uint32_t captured; /* of bytes */
	uint32_t wire_len;
	bool has_queue;
	uint32_t queue;
	uint8_t *bytes;
	size_t room;
	size_t comment_len;
	char comment[ANNOTATE_COMMENT_BYTES];
	struct annotate_packet *next; /* that is free */
};

struct annotate_file {
	const struct ktlsim *sim;
	FILE *out;
	int error; /* of the first write that failed, or 0 */
	bool begun;
	int link[ANNOTATE_LINKS_MAX]; /* of its interfaces */
	uint32_t links;
	struct annotate_packet **heap; /* earliest first */
	size_t count, slots;
	uint64_t orders;
	struct annotate_packet *free;
};

/* out is borrowed. */
void annotate_file_init(struct annotate_file *file, const struct ktlsim *sim,
			FILE *out);
void annotate_file_fini(struct annotate_file *file);

/* An empty packet with room for `bytes`.  NULL: no memory. */
struct annotate_packet *annotate_file_get(struct annotate_file *file,
					  size_t bytes);

/* Takes the packet, also with ENOMEM.  Returns 0 or ENOMEM. */
int annotate_file_put(struct annotate_file *file,
		      struct annotate_packet *packet);

/* Write what is due up to a time before which nothing will be put any more. */
void annotate_file_write(struct annotate_file *file, sim_time until);
#endif
