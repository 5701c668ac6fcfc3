/*
 * steady.h - an endless stream of equal segments, without a file.
 */
#ifndef BENCH_STEADY_H
#define BENCH_STEADY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Seconds of CPU time per segment for `segments` segments of 1448 bytes
 * through the public interface, eleven to a record, in model mode; the mean of
 * `times` runs; with inline TLS in the NIC, or without.
 */
double steady_time_per_segment(uint64_t segments, unsigned times, bool offload);
#endif
