/*
 * trace_pcap.h - frames of a pcap or pcapng file, in file order.
 *
 * Order of use: trace_pcap_open; { next }*; close through the ops.
 * Reads pcap and pcapng, micro- and nanoseconds, gzip-compressed too; "-" is
 * standard input, spooled to a temporary file.  Secrets embedded in a pcapng
 * are collected by a first pass, wherever they stand.
 * Rules: simulated time 0 is the first frame; a time stamp earlier than its
 * predecessor's is raised to it and counted; a jump of more than max_gap is cut
 * to max_gap and counted; gaps are divided by speed.  A fraction of a second
 * that is out of range is carried over into the seconds, and counted.  A frame
 * captured longer than its original length is taken at its captured length.
 */
#ifndef TRACES_TRACE_PCAP_H
#define TRACES_TRACE_PCAP_H

#include <stdint.h>

#include "traces/trace.h"

struct trace_pcap;

struct trace_pcap_options {
	uint64_t max_gap_ps; /* 0: no limit */
	uint64_t speed_ppm;  /* 1000000: as captured; 4000000: 4 times */
};

struct trace_pcap_stats {
	uint64_t frames;	    /* read so far */
	uint64_t bytes;		    /* captured bytes read so far */
	uint64_t file_bytes;	    /* size of the file, for progress */
	uint64_t file_offset;	    /* about how much of it was read */
	uint64_t times_raised;	    /* stamps before their predecessor's */
	uint64_t gaps_cut;	    /* jumps over max_gap */
	uint64_t times_invalid;	    /* fraction of a second out of range */
	uint64_t lengths_corrected; /* captured length over original length */
	uint32_t snaplen;	    /* of the file; 0: no frame was cut */
	uint64_t frames_cut;	    /* captured shorter than on the wire */
};

/*
 * Open a capture.  Returns 0, or a positive errno with a sentence in *error:
 * ENOENT and the like, EINVAL for what is not a capture, ENOTSUP for a link
 * type that is not read.
 */
int trace_pcap_open(struct trace_pcap **trace, const char *path,
		    const struct trace_pcap_options *options,
		    struct trace_error *error);

/* The source interface of a trace.  close frees the trace. */
struct trace_source *trace_pcap_source(struct trace_pcap *trace);

/* Embedded key log text (all Decryption Secrets Blocks), len may be 0. */
const char *trace_pcap_secrets(const struct trace_pcap *trace, uint64_t *len);

void trace_pcap_read_stats(const struct trace_pcap *trace,
			   struct trace_pcap_stats *stats);

/*
 * Why next() answers -1: container damage, mixed link types, a malformed
 * secrets block ...; or NULL.  Set once next_time or next found no more frames.
 */
const struct trace_error *trace_pcap_failure(const struct trace_pcap *trace);

/* "ok"; with a failure "truncated" (the file ends early) or "damaged". */
const char *trace_pcap_status(const struct trace_pcap *trace);
#endif
