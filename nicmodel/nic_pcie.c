/*
 * nic_pcie.c - the PCIe link between NIC and host: bandwidth and latency.
 *
 * Models two serialised directions of one rate.  A write goes up as TLPs of at
 * most MPS bytes.  A read goes up as requests of at most MRRS bytes, which the
 * host answers one round trip later by completions that it cuts at each read
 * completion boundary.  Every TLP costs its overhead on its direction.  The NIC
 * calls it for whatever it moves; the counters say for what.
 *
 * A transfer may become ready later than `now`, as a packet does that waits for
 * its context.  Its bytes are booked on the link at `now`, and it ends no
 * earlier than its own duration after it is ready.  So it never holds up those
 * that are ready before it, no bandwidth is lost or gained, and the times are
 * exact whenever ready_ps is `now`; otherwise two transfers may overlap.  The
 * completions' direction runs one round trip behind, for the same reason.
 *
 * Leaves out doorbells, flow control credits and tags, TLPs cut by addresses
 * that are not aligned, and data link packets beyond those in the overhead.  A
 * prefetched descriptor takes bandwidth but never delays its packet.
 */
#include "nicmodel/nic_pcie.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define NS UINT64_C(1000)

enum {
	PAYLOAD_MAX = 4096,	    /* of the specification, MPS and MRRS */
	RCB_MIN = 16,		    /* four double words */
	TRANSFER_MAX = 1024 * 1024, /* far above any packet or context */
};

/* Raw rates after encoding; gen3x8 is the measured physical one. */
const struct nic_pcie_preset nic_pcie_presets[] = {
    {"gen3x8", 62960000000},  {"gen3x16", 126000000000},
    {"gen4x8", 126000000000}, {"gen4x16", 252000000000},
    {"gen5x8", 252000000000}, {"gen5x16", 504000000000},
};

const size_t nic_pcie_presets_count =
    sizeof(nic_pcie_presets) / sizeof(nic_pcie_presets[0]);

/* A time on the link's books, and the time that the transfer itself sees. */
struct instant {
	uint64_t booked_ps;
	uint64_t real_ps;
};

uint64_t
nic_pcie_preset_rate(const char *name)
{
	for (size_t i = 0; i < nic_pcie_presets_count; i++)
		if (strcmp(nic_pcie_presets[i].name, name) == 0)
			return nic_pcie_presets[i].rate_bps;
	return 0;
}

struct nic_pcie_config
nic_pcie_default(void)
{
	return (struct nic_pcie_config){
	    .rate_bps = nic_pcie_preset_rate("gen4x16"),
	    .mps = 256,
	    .mrrs = 512,
	    .rcb = 64,
	    .read_ps = 600 * NS,
	    .write_ps = 350 * NS,
	};
}

static bool
is_power_of_two(uint32_t value)
{
	return value > 0 && (value & (value - 1)) == 0;
}

static bool
config_valid(const struct nic_pcie_config *config)
{
	return (config->rate_bps == 0 ||
		config->rate_bps >= LINK_RATE_MIN_BPS) &&
	       is_power_of_two(config->mps) && is_power_of_two(config->mrrs) &&
	       is_power_of_two(config->rcb) && config->mps <= PAYLOAD_MAX &&
	       config->mrrs <= PAYLOAD_MAX && config->rcb >= RCB_MIN &&
	       config->rcb <= config->mps && config->rcb <= config->mrrs;
}

int
nic_pcie_init(struct nic_pcie *pcie, const struct nic_pcie_config *config)
{
	if (!config_valid(config))
		return EINVAL;
	*pcie = (struct nic_pcie){.config = *config};
	link_init(&pcie->up, config->rate_bps);
	link_init(&pcie->down, config->rate_bps);
	return 0;
}

uint64_t
nic_pcie_read_latency(const struct nic_pcie *pcie)
{
	uint64_t latency = pcie->config.read_ps;

	if (pcie->config.read_extra & NIC_PCIE_LLC_MISS)
		latency += 70 * NS;
	if (pcie->config.read_extra & NIC_PCIE_REMOTE_NUMA)
		latency += 100 * NS;
	if (pcie->config.read_extra & NIC_PCIE_IOMMU_MISS)
		latency += 330 * NS;
	return latency;
}

/* How many TLPs of at most `size` bytes, a power of two, carry `bytes`. */
static uint32_t
tlps(uint32_t bytes, uint32_t size)
{
	return (bytes + size - 1) / size;
}

/* Bytes of posted writes that carry `bytes` into one buffer. */
static uint32_t
write_bytes(const struct nic_pcie *pcie, uint32_t bytes)
{
	return bytes + tlps(bytes, pcie->config.mps) * NIC_PCIE_WRITE_TLP;
}

/* Send wire bytes that are ready; returns the instant of their last one. */
static struct instant
send(struct link *link, struct instant ready, uint32_t bytes)
{
	uint64_t busy_ps = link->busy_ps;
	struct instant end = {.booked_ps =
				  link_send(link, ready.booked_ps, bytes)};

	end.real_ps = ready.real_ps + (link->busy_ps - busy_ps);
	if (end.real_ps < end.booked_ps)
		end.real_ps = end.booked_ps;
	return end;
}

static struct nic_pcie_count *
count_transfer(struct nic_pcie *pcie, enum nic_pcie_use use, uint32_t bytes)
{
	assert(use < NIC_PCIE_USES);
	assert(bytes > 0 && bytes <= TRANSFER_MAX);
	pcie->count[use].transfers++;
	pcie->count[use].payload_bytes += bytes;
	return &pcie->count[use];
}

static struct instant
write_one(struct nic_pcie *pcie, struct instant ready, enum nic_pcie_use use,
	  uint32_t bytes)
{
	struct nic_pcie_count *count = count_transfer(pcie, use, bytes);
	uint32_t wire_bytes = write_bytes(pcie, bytes);

	count->up_bytes += wire_bytes;
	return send(&pcie->up, ready, wire_bytes);
}

uint64_t
nic_pcie_write(struct nic_pcie *pcie, uint64_t now, uint64_t ready_ps,
	       enum nic_pcie_use use, uint32_t bytes)
{
	struct instant ready = {now, ready_ps};

	assert(ready_ps >= now);
	return write_one(pcie, ready, use, bytes).real_ps +
	       pcie->config.write_ps;
}

uint64_t
nic_pcie_read(struct nic_pcie *pcie, uint64_t now, uint64_t ready_ps,
	      enum nic_pcie_use use, uint32_t bytes)
{
	const struct nic_pcie_config *config = &pcie->config;
	struct nic_pcie_count *count = count_transfer(pcie, use, bytes);
	uint64_t latency = nic_pcie_read_latency(pcie);
	struct instant request = {now, ready_ps};
	struct instant end = request;

	assert(ready_ps >= now);
	while (bytes > 0) {
		uint32_t part = bytes < config->mrrs ? bytes : config->mrrs;
		uint32_t wire_bytes =
		    part + tlps(part, config->rcb) * NIC_PCIE_COMPLETION_TLP;
		struct instant answer;

		request = send(&pcie->up, request, NIC_PCIE_READ_TLP);
		answer.booked_ps = request.booked_ps + latency;
		answer.real_ps = request.real_ps + latency;
		if (answer.real_ps < end.real_ps)
			answer.real_ps = end.real_ps;
		end = send(&pcie->down, answer, wire_bytes);
		count->up_bytes += NIC_PCIE_READ_TLP;
		count->down_bytes += wire_bytes;
		bytes -= part;
	}
	return end.real_ps;
}

/* Whether a packet is cut into a header and a payload buffer. */
static bool
is_split(const struct nic_pcie *pcie, uint32_t len)
{
	return pcie->config.header_bytes > 0 && len > pcie->config.header_bytes;
}

/*
 * Descriptors are read in batches long before they are needed: their request
 * is shared by many packets, and only the completion's bytes are left.
 */
static void
prefetch_descriptors(struct nic_pcie *pcie, uint64_t now, uint32_t descriptors)
{
	struct nic_pcie_count *count = count_transfer(
	    pcie, NIC_PCIE_USE_DESCRIPTOR, descriptors * NIC_PCIE_DESCRIPTOR);
	uint32_t wire_bytes =
	    descriptors * (NIC_PCIE_DESCRIPTOR + NIC_PCIE_COMPLETION_TLP);
	struct instant ready = {now, now};

	ready.booked_ps += nic_pcie_read_latency(pcie);
	count->down_bytes += wire_bytes;
	send(&pcie->down, ready, wire_bytes);
}

uint64_t
nic_pcie_packet(struct nic_pcie *pcie, uint64_t now, uint64_t ready_ps,
		uint32_t len)
{
	bool split = is_split(pcie, len);
	struct instant at = {now, ready_ps};

	assert(ready_ps >= now);
	prefetch_descriptors(pcie, now, split ? 2 : 1);
	if (split) {
		uint32_t header_bytes = pcie->config.header_bytes;

		at = write_one(pcie, at, NIC_PCIE_USE_PACKET, header_bytes);
		len -= header_bytes;
	}
	at = write_one(pcie, at, NIC_PCIE_USE_PACKET, len);
	at = write_one(pcie, at, NIC_PCIE_USE_CQE, NIC_PCIE_CQE);
	return at.real_ps + pcie->config.write_ps;
}

uint64_t
nic_pcie_msix(struct nic_pcie *pcie, uint64_t now)
{
	return nic_pcie_write(pcie, now, now, NIC_PCIE_USE_MSIX, NIC_PCIE_MSIX);
}

uint64_t
nic_pcie_batch_bytes(const struct nic_pcie *pcie, uint32_t len,
		     uint32_t packets)
{
	uint64_t bytes = write_bytes(pcie, NIC_PCIE_CQE) + NIC_PCIE_DESCRIPTOR +
			 NIC_PCIE_COMPLETION_TLP;

	if (is_split(pcie, len)) {
		bytes += write_bytes(pcie, pcie->config.header_bytes) +
			 NIC_PCIE_DESCRIPTOR + NIC_PCIE_COMPLETION_TLP;
		len -= pcie->config.header_bytes;
	}
	bytes += write_bytes(pcie, len);
	return bytes * packets + write_bytes(pcie, NIC_PCIE_MSIX);
}
