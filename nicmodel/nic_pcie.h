/*
 * nic_pcie.h - the PCIe link between NIC and host: bandwidth and latency.
 *
 * One link is shared by packets, completions, descriptors, interrupts and
 * contexts.  Each direction is serialised on its own.
 *
 * Order of use: nic_pcie_init; { nic_pcie_write, _read, _packet, _msix }*.
 * Access: one thread; `now` never decreases from call to call.  Times are
 * picoseconds.  Source: 04-nic sections 2.6 and 2.7.
 */
#ifndef NICMODEL_NIC_PCIE_H
#define NICMODEL_NIC_PCIE_H

#include <stddef.h>
#include <stdint.h>

#include "nicmodel/link.h"

/* Bytes of one TLP around its payload, framing and link layer included. */
enum {
	NIC_PCIE_WRITE_TLP = 24,      /* MemWr, 64-bit address */
	NIC_PCIE_READ_TLP = 24,	      /* MemRd: the request, no payload */
	NIC_PCIE_COMPLETION_TLP = 20, /* CplD */
};

/* Payload of one transfer, in bytes. */
enum {
	NIC_PCIE_CQE = 64,	  /* completion entry, written per packet */
	NIC_PCIE_DESCRIPTOR = 16, /* receive descriptor, read per buffer */
	NIC_PCIE_MSIX = 4,	  /* interrupt message, written */
};

/* What a transfer is for. */
enum nic_pcie_use {
	NIC_PCIE_USE_PACKET,
	NIC_PCIE_USE_CQE,
	NIC_PCIE_USE_DESCRIPTOR,
	NIC_PCIE_USE_CTX_FETCH,
	NIC_PCIE_USE_CTX_WRITEBACK,
	NIC_PCIE_USE_MSIX,
	NIC_PCIE_USES
};

/*
 * The round trip of a read, serialisation apart: asked once for each read, in
 * the order of the reads.
 */
typedef uint64_t nic_pcie_read_price(void *arg);

struct nic_pcie_config {
	uint64_t rate_bps;     /* per direction after encoding; 0: unlimited */
	uint32_t mps;	       /* largest payload of a write TLP: 256 */
	uint32_t mrrs;	       /* largest read request: 512 */
	uint32_t rcb;	       /* the host cuts completions there: 64 */
	uint32_t header_bytes; /* header/data split; 0: none */
	nic_pcie_read_price *read_price; /* NULL: reads have no latency */
	void *read_arg;			 /* of read_price; lent */
};

struct nic_pcie_count {
	uint64_t transfers;
	uint64_t payload_bytes;
	uint64_t up_bytes;   /* from the NIC, TLP overhead included */
	uint64_t down_bytes; /* to the NIC, TLP overhead included */
};

struct nic_pcie {
	struct nic_pcie_config config;
	struct link up;	  /* NIC to host: writes and read requests */
	struct link down; /* host to NIC: completions of reads */
	struct nic_pcie_count count[NIC_PCIE_USES];
};

/* A link by name: gen3x8 ... gen5x16, in the order of the key nic.pcie. */
struct nic_pcie_preset {
	const char *name;
	uint64_t rate_bps;
};

extern const struct nic_pcie_preset nic_pcie_presets[];
extern const size_t nic_pcie_presets_count;

/*
 * Returns 0, or EINVAL where the rate is neither 0 nor LINK_RATE_MIN_BPS or
 * more, or where not 4096 >= mps >= rcb, 4096 >= mrrs >= rcb >= 16, all of them
 * powers of two.
 */
int nic_pcie_init(struct nic_pcie *pcie, const struct nic_pcie_config *config)
    __attribute__((warn_unused_result));

/*
 * The NIC posts a write of `bytes` (> 0) that is ready at ready_ps >= now.
 * Returns when its last byte is on the link; whoever wants to know when it is
 * visible adds the price of that.
 */
uint64_t nic_pcie_write(struct nic_pcie *pcie, uint64_t now, uint64_t ready_ps,
			enum nic_pcie_use use, uint32_t bytes);

/*
 * The NIC reads `bytes` (> 0) and sends the first request at ready_ps >= now.
 * Returns when the last completion has come.
 */
uint64_t nic_pcie_read(struct nic_pcie *pcie, uint64_t now, uint64_t ready_ps,
		       enum nic_pcie_use use, uint32_t bytes);

/*
 * All that one received packet of `len` bytes (> 0, no FCS) moves: the packet,
 * its completion entry and its share of prefetched descriptors.  Returns when
 * the completion entry is on the link.
 */
uint64_t nic_pcie_packet(struct nic_pcie *pcie, uint64_t now, uint64_t ready_ps,
			 uint32_t len);

/*
 * An interrupt is raised at ready_ps >= now.  Returns when its message is on
 * the link.
 */
uint64_t nic_pcie_msix(struct nic_pcie *pcie, uint64_t now, uint64_t ready_ps);
#endif
