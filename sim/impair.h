/*
 * impair.h - the link's misbehaviour: what happens to a segment on its way to a
 * host.
 *
 * Order of use, per segment that is for a host whose impair is on:
 * impair_segment; then, as its fate says, impair_copy and impair_flip;
 * impair_take when the NIC takes it, and impair_put if it does not;
 * impair_restore before it is offered again.  Whoever asks (pipeline.c) moves
 * the segment and keeps the books.
 *
 * Every kind of misbehaviour draws from streams of its own, by the number of
 * the segment among those that come to the host for the first time, or of the
 * unit in its flow; segments that are offered again have numbers of their own.
 * So a kind that is switched on changes no other's choice.
 */
#ifndef SIM_IMPAIR_H
#define SIM_IMPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/event.h"

struct config;
struct endpoint;
struct host;
struct mbuf;
struct mbuf_pool;
struct nic;

/* A segment comes from its sender, or the model has lost it before. */
enum impair_pass { IMPAIR_FIRST, IMPAIR_AGAIN, IMPAIR_PASSES };

/* Consecutive segments that the sender handed over in one piece. */
struct impair_unit {
	uint64_t number; /* of the unit in its flow, from 1; 0: none yet */
	uint32_t next_seq;
	uint32_t bytes;
	bool lost;
};

/* What is kept per direction of a flow. */
struct impair_flow {
	struct impair_unit unit[IMPAIR_PASSES];
};

/* Segments; a segment that is lost for two reasons counts once, as the first.
 */
struct impair_counters {
	uint64_t lost;	     /* each by itself */
	uint64_t lost_burst; /* by the Gilbert-Elliott channel */
	uint64_t lost_super; /* with their unit */
	uint64_t reordered;
	uint64_t duplicated;
	uint64_t corrupted; /* and the TCP checksum told */
	uint64_t corrupted_undetected;
};

/* Of one host's link. */
struct impair {
	bool on;		      /* any link.* of these is not 0 */
	bool bad[IMPAIR_PASSES];      /* state of the Gilbert-Elliott channel */
	uint64_t seen[IMPAIR_PASSES]; /* segments */
	struct impair_counters count;
};

enum impair_verdict {
	IMPAIR_ARRIVES,
	IMPAIR_LOST,
	IMPAIR_CHECKSUM, /* it comes, and its TCP checksum is wrong */
};

struct impair_fate {
	enum impair_verdict verdict;
	bool duplicate;	   /* with ARRIVES, as the next ones: a copy follows */
	sim_time delay_ps; /* it starts so much later; the copy does not */
	bool flipped;	   /* `bit` is not as it was sent; in the copy it is */
	uint32_t bit; /* of the payload: 8 * byte + place from the lowest */
};

/* Is there any misbehaviour? */
bool impair_wanted(const struct config *config);
void impair_init(struct impair *impair, const struct config *config);

/* What becomes of a segment for ep, which has a host. */
struct impair_fate impair_segment(struct endpoint *ep, const struct mbuf *m,
				  enum impair_pass pass);

/* A second segment like m, with storage of its own.  NULL: no memory. */
struct mbuf *impair_copy(struct mbuf_pool *pool, const struct mbuf *m);

/*
 * Turn a bit of the payload over and remember it in m; bits that the capture
 * cut off are only remembered.
 */
void impair_flip(struct mbuf *m, uint32_t bit);

/*
 * Before the NIC takes m, whose marks shall not tell what the link has done to
 * it: returns that.  A TLS context without cipher cannot see a wrong byte, and
 * is told of it.
 */
uint32_t impair_take(const struct nic *nic, struct mbuf *m);

/* The NIC has not taken m after all. */
void impair_put(struct mbuf *m, uint32_t taken);

/*
 * m is lost: make it again as its sender sent it.  False where it is a copy,
 * which nobody would send again.
 */
bool impair_restore(struct mbuf *m);

/* Number of a counter's kinds, and their names in reports. */
enum { IMPAIR_COUNTERS = 7 };
const char *impair_counter_name(unsigned index);
uint64_t impair_counter_value(const struct impair *impair, unsigned index);
#endif
