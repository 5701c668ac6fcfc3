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
 * completions' direction is booked at once, for the same reason, and what a
 * read waits there comes on top of its round trip.
 *
 * Leaves out doorbells, the driver's work requests, flow control credits and
 * tags, TLPs cut by addresses that are not aligned, and data link packets
 * beyond those in the overhead.  A prefetched descriptor takes bandwidth but
 * never delays its packet.  Until a write is visible takes what the caller's
 * prices say.
 */
#include "nicmodel/nic_pcie.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>

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

static uint64_t
read_latency(const struct nic_pcie *pcie)
{
	const struct nic_pcie_config *config = &pcie->config;

	return config->read_price != NULL ? config->read_price(config->read_arg)
					  : 0;
}

/* How many TLPs of at most `size` bytes, a power of two, carry `bytes`. */
static uint32_t
tlps(uint32_t bytes, uint32_t size)
{
	return (bytes + size - 1) / size;
}

/*
 * Send wire bytes that are ready; returns the instant of their last one.  The
 * books of the link run `behind_ps` behind what happens.
 */
static struct instant
send(struct link *link, struct instant ready, uint32_t bytes,
     uint64_t behind_ps)
{
	uint64_t busy_ps = link->busy_ps;
	struct instant end = {.booked_ps =
				  link_send(link, ready.booked_ps, bytes)};

	end.real_ps = ready.real_ps + (link->busy_ps - busy_ps);
	if (end.real_ps < end.booked_ps + behind_ps)
		end.real_ps = end.booked_ps + behind_ps;
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
	uint32_t wire_bytes =
	    bytes + tlps(bytes, pcie->config.mps) * NIC_PCIE_WRITE_TLP;

	count->up_bytes += wire_bytes;
	return send(&pcie->up, ready, wire_bytes, 0);
}

uint64_t
nic_pcie_write(struct nic_pcie *pcie, uint64_t now, uint64_t ready_ps,
	       enum nic_pcie_use use, uint32_t bytes)
{
	struct instant ready = {now, ready_ps};

	assert(ready_ps >= now);
	return write_one(pcie, ready, use, bytes).real_ps;
}

uint64_t
nic_pcie_read(struct nic_pcie *pcie, uint64_t now, uint64_t ready_ps,
	      enum nic_pcie_use use, uint32_t bytes)
{
	const struct nic_pcie_config *config = &pcie->config;
	struct nic_pcie_count *count = count_transfer(pcie, use, bytes);
	uint64_t latency = read_latency(pcie);
	struct instant request = {now, ready_ps};
	struct instant end = request;

	assert(ready_ps >= now);
	while (bytes > 0) {
		uint32_t part = bytes < config->mrrs ? bytes : config->mrrs;
		uint32_t wire_bytes =
		    part + tlps(part, config->rcb) * NIC_PCIE_COMPLETION_TLP;
		struct instant answer;

		request = send(&pcie->up, request, NIC_PCIE_READ_TLP, 0);
		answer = request;
		answer.real_ps += latency;
		if (answer.real_ps < end.real_ps)
			answer.real_ps = end.real_ps;
		end = send(&pcie->down, answer, wire_bytes, latency);
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

	count->down_bytes += wire_bytes;
	send(&pcie->down, ready, wire_bytes, 0);
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
	return at.real_ps;
}

uint64_t
nic_pcie_msix(struct nic_pcie *pcie, uint64_t now, uint64_t ready_ps)
{
	return nic_pcie_write(pcie, now, ready_ps, NIC_PCIE_USE_MSIX,
			      NIC_PCIE_MSIX);
}
