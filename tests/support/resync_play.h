/*
 * resync_play.h - a stream with false record headers, into a simulation whose
 * NIC loses its place, and every number that it finds again checked.
 *
 * Order of use: resync_variant_make; resync_play; look at `driver` and `truth`;
 * resync_play_fini.  There is one play at a time, in static storage.
 *
 * A scenario has records of 1000 bytes, record r at stream offset 1000 r.
 * Times are microseconds, and everything that is fixed costs one (profile
 * `unit`).
 */
#ifndef TESTS_SUPPORT_RESYNC_PLAY_H
#define TESTS_SUPPORT_RESYNC_PLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/support/nic_truth.h"
#include "tests/support/sim_driver.h"

enum {
	RESYNC_RECORD = 1000, /* bytes */
	RESYNC_RECORDS = 12,
	RESYNC_SENDS = 16,
	RESYNC_LATE = 4,
	RESYNC_PLANTS = 12,
	RESYNC_BASES = 28,
};

/* A segment: bytes [offset, offset + len) of the stream, at time_us. */
struct resync_send {
	uint32_t time_us;
	uint32_t offset, len;
};

/*
 * Five bytes of the payload that look like a header: `next` is where the record
 * ends that it pretends.
 */
struct resync_plant {
	uint32_t offset;
	uint32_t next;
	uint8_t type;
};

struct resync_scenario {
	const char *name;
	const char *resync;  /* nic.resync */
	const char *matcher; /* nic.tls_matcher; NULL: strict */
	struct sim_key extra;
	bool tls12_only;
	uint64_t first_rec; /* 0: any, of which none is 2^64 - 1 */
	uint32_t damaged;   /* a record whose tag is wrong; 0: none */
	struct resync_plant plant[RESYNC_PLANTS];
	struct resync_send send[RESYNC_SENDS];
	struct resync_send late[RESYNC_LATE]; /* on top of a time that the
						 caller chooses */
	/* By record that is delivered: F full, P partial, N none. */
	const char *marks;
	/* Records in progress when the context got its place: at install, and
	   whenever it was found again. */
	const char *places;
	uint64_t refused; /* answers that the device did not take */
};

/* How a scenario is played; the outcome does not depend on it. */
struct resync_variant {
	const char *resync; /* where it is not the scenario's, it does */
	bool tls13;
	bool real;	    /* crypto.mode */
	uint32_t first_seq; /* TCP's, of the stream's first byte */
	uint64_t first_rec; /* number of the first record */
};

struct resync_play {
	struct sim_driver driver;
	struct nic_truth truth;
	char name[192]; /* scenario and variant, for messages */
};

extern struct resync_play resync_play;

/*
 * Base 0 is far from any end; the other ones below RESYNC_BASES put the wrap of
 * the sequence numbers into each part of the stream, and the record numbers
 * below 2^64 - 1 or across 2^32.
 */
struct resync_variant resync_variant_make(const struct resync_scenario *s,
					  const char *resync, uint32_t base);

/*
 * Play it, the late segments from late_us on.  Fails the test where the context
 * takes a wrong record number at any time, where the plaintext is not what was
 * sealed, or where a record is missing that nobody damaged.
 */
void resync_play_run(const struct resync_scenario *s,
		     const struct resync_variant *v, uint32_t late_us);
void resync_play_fini(void);
#endif
