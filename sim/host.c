/*
 * host.c - one simulated host: NIC, CPUs, queues' handlers, TLS workers.
 *
 * Sets the parts up from the configuration and takes them down again; what they
 * do is in pipeline.c, rx_driver.c and worker.c.
 */
#include "sim/host.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/offload.h"
#include "sim/run.h"
#include "sim/worker.h"

static uint64_t
read_price(void *arg)
{
	return host_pcie_read(arg);
}

sim_time
host_pcie_read(struct host *host)
{
	return price(host, COST_PCIE_READ) +
	       host->sim->config.nic_pcie_extra_ps;
}

static struct nic_pcie_config
pcie_config(struct host *host)
{
	const struct config *config = &host->sim->config;
	struct nic_pcie_config pcie = {
	    .mps = config->nic_pcie_mps_bytes,
	    .mrrs = config->nic_pcie_mrrs_bytes,
	    .rcb = config->nic_pcie_rcb_bytes,
	    .header_bytes = config->nic_header_split_bytes,
	    .read_price = read_price,
	    .read_arg = host,
	};

	assert(config->nic_pcie <= nic_pcie_presets_count);
	if (config->nic_pcie > 0)
		pcie.rate_bps = nic_pcie_presets[config->nic_pcie - 1].rate_bps;
	return pcie;
}

static int
host_init_nic(struct host *host, const struct config *config)
{
	bool off = config->nic_moderation == MODERATION_OFF;
	/* What was captured on the host has found a descriptor. */
	bool on_host = config->replay_capture_point == CAPTURE_HOST;
	struct nic_config nic = {
	    .queues = config->nic_queues,
	    .ring_slots = on_host ? UINT32_MAX : config->nic_ring_slots,
	    .rate_bps = config->link_rate_bps,
	    .moderation_time_ps = off ? 0 : config->nic_moderation_time_ps,
	    .moderation_frames = off ? 0 : config->nic_moderation_frames,
	    .rss_table_size = config->nic_rss_table_size,
	    .pcie = pcie_config(host),
	};

	nic.tls = offload_limits(config, &nic.contexts);
	memcpy(nic.rss_key, config->nic_rss_key, sizeof(nic.rss_key));
	return nic_init(&host->nic, &nic, host->sim->pool);
}

static sim_time
switch_price(void *arg)
{
	return price(arg, COST_CONTEXT_SWITCH);
}

/*
 * A step begins on one of `busy` CPUs: of what caches and memory do in its time
 * the others have a share of (busy - 1) / busy, and make it so much longer.
 */
static sim_time
contended_price(void *arg, sim_time price)
{
	const struct host *host = arg;
	unsigned __int128 extra = price;
	unsigned busy = 0;

	for (uint32_t i = 0; i < host->cpus; i++)
		busy += host->cpu[i].running != NULL;
	assert(busy > 0);
	extra *= host->sim->config.host_contention_ppm;
	extra = extra * (busy - 1) / ((uint64_t)busy * 1000000);
	return price + (sim_time)extra;
}

static void
host_init_cpu(struct host *host, uint32_t id)
{
	struct cpu *cpu = &host->cpu[id];

	cpu_init(cpu, id, host->sim->events, 0);
	cpu_draw_switches(cpu, switch_price, host);
	if (host->sim->config.host_contention_ppm > 0)
		cpu_slow_steps(cpu, contended_price, host);
	softirq_init(&host->softirq[id], host, cpu);
}

int
host_init(struct host *host, struct ktlsim *sim, const char *name)
{
	const struct config *config = &sim->config;
	int error;

	memset(host, 0, sizeof(*host));
	host->sim = sim;
	host->index = (uint32_t)(host - sim->host);
	snprintf(host->name, sizeof(host->name), "%s", name);
	stage_stats_init(&host->books.stages);
	impair_init(&host->impair, config);
	port_init(&host->port, host);
	error = host_init_nic(host, config);
	if (error == 0)
		error = offload_create(host);
	if (error != 0) {
		host_fini(host);
		return error;
	}
	host->cpu = calloc(config->host_cpus, sizeof(*host->cpu));
	host->softirq = calloc(config->host_cpus, sizeof(*host->softirq));
	host->driver = calloc(config->nic_queues, sizeof(*host->driver));
	host->worker = calloc(config->ktls_workers, sizeof(*host->worker));
	if (host->cpu == NULL || host->softirq == NULL ||
	    host->driver == NULL || host->worker == NULL) {
		host_fini(host);
		return ENOMEM;
	}
	for (; host->cpus < config->host_cpus; host->cpus++)
		host_init_cpu(host, host->cpus);
	for (uint32_t i = 0; i < config->nic_queues; i++)
		rx_driver_init(&host->driver[i], host, i);
	for (; host->workers < config->ktls_workers; host->workers++)
		worker_init(&host->worker[host->workers], host, host->workers);
	return 0;
}

void
host_fini(struct host *host)
{
	for (uint32_t i = 0; i < host->workers; i++)
		worker_fini(&host->worker[i]);
	for (uint32_t i = 0; i < host->cpus; i++)
		cpu_fini(&host->cpu[i]);
	for (uint32_t i = 0; host->cpus > 0 && i < host->nic.queues; i++)
		rx_driver_fini(&host->driver[i]);
	free(host->worker);
	free(host->driver);
	free(host->softirq);
	free(host->cpu);
	stage_stats_fini(&host->books.stages);
	port_fini(&host->port);
	offload_destroy(host);
	nic_fini(&host->nic);
	memset(host, 0, sizeof(*host));
}

bool
host_is_captured(const struct host *host)
{
	return host->sim->config.replay_capture_point == CAPTURE_HOST;
}

void
host_settle(struct host *host, sim_time now)
{
	for (uint32_t i = 0; i < host->cpus; i++)
		cpu_settle(&host->cpu[i], now);
	for (uint32_t i = 0; i < host->workers; i++)
		host->worker[i].busy_ps = host->worker[i].task.busy_ps;
}
