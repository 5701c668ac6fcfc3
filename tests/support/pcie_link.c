/*
 * pcie_link.c - a PCIe link for tests: usual sizes, and reads of 600 ns.
 */
#include "tests/support/pcie_link.h"

static uint64_t
read_price(void *arg)
{
	(void)arg;
	return PCIE_LINK_READ_PS;
}

struct nic_pcie_config
pcie_link(uint64_t rate_bps)
{
	return (struct nic_pcie_config){
	    .rate_bps = rate_bps,
	    .mps = 256,
	    .mrrs = 512,
	    .rcb = 64,
	    .read_price = read_price,
	};
}
