/*
 * price.c - what a step costs: draws from the configuration's cost table.
 *
 * The only place where a price becomes a number.  A constant is itself; a
 * distribution is drawn by (seed, kind of price, host, count of draws of that
 * kind on that host), so that hosts and kinds shift each other in nothing.
 */
#include "sim/run.h"

sim_time
price_draw(struct host *host, enum cost_id id)
{
	const struct config *config = &host->sim->config;

	return variate_draw(&config->cost[id],
			    rng_u64(config->run_seed, (uint32_t)id, host->index,
				    host->draws[id]++));
}

sim_time
price_bytes(struct host *host, enum cost_id id, uint64_t bytes)
{
	return price(host, id) * bytes;
}
