/*
 * nic_matrix.h - one TLS stream through a whole simulation with inline TLS,
 * packet by packet, for tests that say what each of them becomes.
 *
 * Order of use: nic_matrix_open; { nic_matrix_send }*; nic_matrix_finish; look
 * at the fields; nic_matrix_close.
 *
 * The records are sealed (tls_seal.h) and every byte that the application gets
 * is compared with what was sealed.  Costs are those of the profile `unit`: 1
 * us for everything that is fixed; the context is there at 7 us.
 */
#ifndef TESTS_SUPPORT_NIC_MATRIX_H
#define TESTS_SUPPORT_NIC_MATRIX_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/suite.h"
#include "tests/support/sim_driver.h"

enum {
	NIC_MATRIX_RECORDS = 80000,
	NIC_MATRIX_BYTES = 4 * 1024 * 1024,
};

/* The stream: `records` of wire_bytes, header to tag, each. */
struct nic_matrix_stream {
	enum tls_version version;
	uint32_t records;
	uint32_t wire_bytes;
	uint32_t damage; /* offset of a byte that its sender damages; 0: none */
};

/* What became of a packet. */
struct nic_matrix_packet {
	char mark;	   /* D decrypted, E as on the wire, R the same with a
			      resync indication, F with a wrong tag */
	const char *state; /* afterwards: "ST" start, "OF" offloading, "AU" the
			      same inside a tag, "SE" searching, "UN" with a
			      candidate; "--" there is no context */
};

struct nic_matrix {
	struct ktlsim *sim;
	struct ktls_key key;
	struct nic_matrix_stream stream;
	uint32_t plain_bytes; /* of each record */
	uint64_t got_bytes;   /* of the application */
	/* by record: F full, P partial, N not decrypted by the NIC, X refused;
	   NUL-terminated */
	char outcome[NIC_MATRIX_RECORDS + 1];
	uint8_t wire[NIC_MATRIX_BYTES];
	uint8_t got[NIC_MATRIX_BYTES];
};

/* `keys` on top of nic.tls=on, one CPU, one queue; may be NULL. */
void nic_matrix_open(struct nic_matrix *matrix,
		     const struct nic_matrix_stream *stream,
		     const struct sim_key *keys);
void nic_matrix_close(struct nic_matrix *matrix);

/* Bytes [begin, end) of the stream arrive at time_ps. */
struct nic_matrix_packet nic_matrix_send(struct nic_matrix *matrix,
					 uint64_t time_ps, uint32_t begin,
					 uint32_t end);

/*
 * Run to the end: every invariant holds, every record was delivered but those
 * that are damaged, and the application has the bytes that were sealed.
 */
void nic_matrix_finish(struct nic_matrix *matrix);

/* A counter of the host by its name. */
uint64_t nic_matrix_counter(const struct nic_matrix *matrix, const char *name);
#endif
