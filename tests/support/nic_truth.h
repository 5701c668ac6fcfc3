/*
 * nic_truth.h - the record that a NIC's context takes itself to be in, against
 * the one it is in.
 *
 * Order of use: nic_truth_init; { nic_truth_record }*; then nic_truth_look, as
 * often as anything may have changed.  The test knows where each record of the
 * stream begins, and its number; nothing else is asked.
 */
#ifndef TESTS_SUPPORT_NIC_TRUTH_H
#define TESTS_SUPPORT_NIC_TRUTH_H

#include <stdbool.h>
#include <stdint.h>

struct ktlsim;

enum { NIC_TRUTH_RECORDS = 256, NIC_TRUTH_TEXT = 160 };

struct nic_truth {
	uint32_t first_seq; /* TCP's, of the stream's first byte */
	uint64_t first_rec; /* number of its first record, modulo 2^64 */
	uint32_t records;
	uint32_t start[NIC_TRUTH_RECORDS + 1]; /* offsets; the last: the end */
	bool placed;			       /* at the last look */
	uint32_t places;	    /* times that a context got a place: by its
				       install, by an answer, by a hint */
	char where[NIC_TRUTH_TEXT]; /* the records in progress then: "0 7" */
	char text[NIC_TRUTH_TEXT];  /* what was wrong first, or "" */
};

void nic_truth_init(struct nic_truth *truth, uint32_t first_seq,
		    uint64_t first_rec);

/* The next record has so many bytes on the wire. */
void nic_truth_record(struct nic_truth *truth, uint32_t wire_bytes);

/*
 * The context of what the server of this flow receives, if there is one, and
 * has a place in the stream: it must be a record's start, with that record's
 * length and number.  False from the first time on that it is not.
 */
bool nic_truth_look(struct nic_truth *truth, const struct ktlsim *sim,
		    uint32_t flow);
#endif
