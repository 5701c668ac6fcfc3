/*
 * results.c - names and memory of what a run has found.
 *
 * struct results is plain data: collect.c fills it at the end of a run, and the
 * reports read it.  Only the names of the stages and the release of its arrays
 * live here.
 */
#include "sim/results.h"

#include <assert.h>
#include <stdlib.h>

static const char *const stage_names[] = {
    [STAGE_ASSEMBLY] = "assembly", [STAGE_HOLD] = "hold",
    [STAGE_NIC] = "nic",	   [STAGE_MODERATION] = "moderation",
    [STAGE_SOFTIRQ] = "softirq",   [STAGE_KEY_WAIT] = "key_wait",
    [STAGE_QUEUE] = "queue",	   [STAGE_DECRYPT] = "decrypt",
    [STAGE_WAKE] = "wake",	   [STAGE_READ] = "read",
    [STAGE_TOTAL] = "total",
};
static_assert(sizeof(stage_names) / sizeof(stage_names[0]) == STAGE_COUNT,
	      "every stage has a name");

const char *
stage_name(enum stage stage)
{
	assert((unsigned)stage < STAGE_COUNT);
	return stage_names[stage];
}

static void
host_fini(struct results_host *host)
{
	free(host->counters);
	free(host->cpus);
	free(host->workqueues);
	free(host->cache_curve);
}

static void
offload_fini(struct results_offload *offload)
{
	free(offload->listed);
	free(offload->phases);
}

void
results_fini(struct results *results)
{
	for (size_t i = 0; i < results->host_count; i++)
		host_fini(&results->hosts[i]);
	for (size_t i = 0; i < results->flow_count; i++)
		for (int d = 0; d < 2; d++)
			offload_fini(&results->flows[i].direction[d].offload);
	free(results->hosts);
	free(results->flows);
	free(results->notes);
	free(results->failures);
	results->hosts = NULL;
	results->flows = NULL;
	results->notes = NULL;
	results->failures = NULL;
	results->host_count = 0;
	results->flow_count = 0;
	results->note_count = 0;
	results->failure_count = 0;
}
