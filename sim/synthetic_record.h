/*
 * synthetic_record.h - the TLS records of modelled senders.
 *
 * Order of use: synthetic_maker_init; for each flow synthetic_key,
 * synthetic_key_id; { synthetic_record_make }*; synthetic_maker_fini.
 * Access: one thread.
 *
 * The plaintext of flow f is a pattern, so that whoever receives it can tell
 * every byte: bytes 8k to 8k + 7 are the little-endian 64-bit number
 * (k + 1) * 0x9e3779b97f4a7c15 + f.
 */
#ifndef SIM_SYNTHETIC_RECORD_H
#define SIM_SYNTHETIC_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/suite.h"

struct aead_pool;

struct synthetic_maker {
	enum tls_version version;
	struct ktls_key plain_key; /* the suite's, without material */
	struct tls_framing framing;
	struct aead_pool *aead; /* NULL: headers and zeros only */
	uint64_t seed;
};

/* One record to be made. */
struct synthetic_record {
	uint32_t flow;
	const struct ktls_key *key; /* not used without aead */
	uint64_t key_id;
	uint64_t seqno;
	uint64_t offset; /* of its first byte in the flow's plaintext */
	uint32_t plaintext_bytes;
};

/*
 * An AEAD suite that `suites` takes over.  real: seal, with at most `contexts`
 * keyed contexts.  0 or ENOMEM.
 */
int synthetic_maker_init(struct synthetic_maker *maker, uint16_t suite,
			 enum ktls_suites suites, bool real, uint32_t contexts);
void synthetic_maker_fini(struct synthetic_maker *maker);

/* The key of a flow, which follows from maker->seed. */
void synthetic_key(const struct synthetic_maker *maker, uint32_t flow,
		   struct ktls_key *key);

/* Bytes on the wire of a record, header to tag. */
uint32_t synthetic_record_bytes(const struct synthetic_maker *maker,
				uint32_t plaintext_bytes);

/*
 * Write the record to out (synthetic_record_bytes).  Without aead only what
 * changes from record to record is written, behind the header out must be
 * zero, and stays so.  0 or ENOMEM.
 */
int synthetic_record_make(struct synthetic_maker *maker,
			  const struct synthetic_record *record, uint8_t *out);
#endif
