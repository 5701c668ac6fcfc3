/*
 * price.c - what a step costs: draws from the configuration's cost table.
 *
 * The only place where a price becomes a number.  A constant is itself; a
 * distribution is drawn by (seed, kind of price, host, count of draws of that
 * kind on that host), so that hosts and kinds shift each other in nothing.
 */
#include "sim/run.h"

sim_time
price(struct host *host, enum cost_id id)
{
	const struct config *config = &host->sim->config;
	const struct variate *cost = &config->cost[id];

	if (cost->kind == VARIATE_CONSTANT)
		return cost->a;
	return variate_draw(cost, rng_u64(config->run_seed, (uint32_t)id,
					  host->index, host->draws[id]++));
}

sim_time
price_bytes(struct host *host, enum cost_id id, uint64_t bytes)
{
	return price(host, id) * bytes;
}
