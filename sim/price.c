/*
 * price.c - what a step costs: draws from the configuration's cost table.
 *
 * The only place where a price becomes a number.  A constant is itself; a
 * distribution is drawn by (seed, kind of price, count of draws of that kind),
 * so that adding draws of one kind shifts no other.
 */
#include "sim/run.h"

sim_time
price(struct ktlsim *sim, enum cost_id id)
{
	const struct variate *cost = &sim->config.cost[id];

	if (cost->kind == VARIATE_CONSTANT)
		return cost->a;
	return variate_draw(cost, rng_u64(sim->config.run_seed, (uint32_t)id, 0,
					  sim->draws[id]++));
}

sim_time
price_bytes(struct ktlsim *sim, enum cost_id id, uint64_t bytes)
{
	return price(sim, id) * bytes;
}
