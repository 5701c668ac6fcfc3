/*
 * rng.h - counter-based random numbers and variates without libm.
 *
 * A number is a pure function of (seed, purpose, entity, counter): no state per
 * flow, and adding a stream shifts no other.  Philox4x32-10 (Salmon et al.,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 * Variates use integer arithmetic only, so that every machine and every
 * optimisation level draws the same.
 */
#ifndef SIM_RNG_H
#define SIM_RNG_H

#include <stdint.h>

/* 64 uniform bits. */
uint64_t rng_u64(uint64_t seed, uint32_t purpose, uint32_t entity,
		 uint64_t counter);

/* Philox4x32-10 itself, for the published vectors. */
void rng_philox4x32(const uint32_t counter[4], const uint32_t key[2],
		    uint32_t out[4]);

/* -ln(u) in 32.32 fixed point for u = (bits + 1/2) / 2^64; error < 2^-30. */
uint64_t rng_exponential_q32(uint64_t bits);

/* 2^x and log2(x) in fixed point, table-tested; see rng.c. */
uint64_t rng_exp2_q32(int64_t x_q32);
int64_t rng_log2_q32(uint64_t x_q32);

/* Standard normal in signed 32.32 fixed point (inverse CDF of 64 bits). */
int64_t rng_normal_q32(uint64_t bits);

enum variate_kind {
	VARIATE_CONSTANT,    /* a */
	VARIATE_EXPONENTIAL, /* mean a */
	VARIATE_UNIFORM,     /* from a to b, both included */
	VARIATE_LOGNORMAL,   /* median a, sigma b in millionths */
	VARIATE_PARETO,	     /* scale a, shape b in millionths (> 1000000) */
};

/* A distribution over integers, usually picoseconds. */
struct variate {
	enum variate_kind kind;
	uint64_t a;
	uint64_t b;
};

/* Draw one value from 64 uniform bits; saturates at 2^62. */
uint64_t variate_draw(const struct variate *variate, uint64_t bits);
#endif
