/*
 * ktls_counters.h - the counters of KTLS receive under their sysctl names.
 *
 * Pure.  Names are relative to kern.ipc.tls.stats, but for the gauges sw.* of
 * kern.ipc.tls, and too_large_records, which FreeBSD does not have.
 */
#ifndef ENGINE_KTLS_COUNTERS_H
#define ENGINE_KTLS_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

struct ktls_rx_counters;
struct ktls_session_stats;

struct ktls_counter {
	const char *name;
	uint64_t value;
};

enum { KTLS_COUNTERS_MAX = 24 };

/* Every counter in a fixed order; returns their number. */
size_t ktls_counters_list(const struct ktls_rx_counters *rx,
			  const struct ktls_session_stats *sessions,
			  struct ktls_counter list[KTLS_COUNTERS_MAX]);
#endif
