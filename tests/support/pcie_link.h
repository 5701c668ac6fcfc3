/*
 * pcie_link.h - a PCIe link for tests: usual sizes, and reads of 600 ns.
 */
#ifndef TESTS_SUPPORT_PCIE_LINK_H
#define TESTS_SUPPORT_PCIE_LINK_H

#include <stdint.h>

#include "nicmodel/nic_pcie.h"

enum { PCIE_LINK_READ_PS = 600000 };

/* MPS 256, MRRS 512, RCB 64, no header split; a rate of 0 is no limit. */
struct nic_pcie_config pcie_link(uint64_t rate_bps);
#endif
