/*
 * nic_profile.c - what NICs that are sold can do for TLS, and how much of it.
 *
 * Read when a simulation is set up (limits) and when a session asks for a
 * context (nic_profile_refuses).  Left out: link speeds and queues, which are
 * keys of their own, and what depends on firmware beyond what is listed.
 */
#include "nicmodel/nic_profile.h"

#include <string.h>

#include "engine/suite.h"

#define ESTIMATE "estimate"
#define MLX5	 "Linux mlx5 en_accel/ktls_rx.c"
#define MLX5EN	 "FreeBSD mlx5_en_hw_tls_rx.c"
#define NFP	 "Linux nfp crypto/tls.c"
#define TLS_RST	 "Linux tls-offload.rst"
#define TLS_DEV	 "Linux net/tls/tls_device.c"
#define KTLS_IFN "FreeBSD uipc_ktls.c"
#define T6_BRIEF "Chelsio T6 product page"
#define ASPLOS21 "believed to be stated in ASPLOS'21"
#define IDEAL	 "no NIC: an upper bound"
#define NO_LIMIT 4194304u /* what the model's tables hold */

const struct nic_profile nic_profiles[] = {
    {
	.name = "connectx-6dx",
	.title = "NVIDIA ConnectX-6 Dx with FreeBSD's driver",
	.resync = "freebsd",
	.resync_source = MLX5EN,
	.cap =
	    {
		[NIC_CAP_TLS12] = {1, MLX5EN},
		[NIC_CAP_TLS13] = {1, MLX5EN},
		[NIC_CAP_AES128] = {1, MLX5EN},
		[NIC_CAP_AES256] = {1, MLX5EN},
		[NIC_CAP_IPV4] = {1, KTLS_IFN " (RXTLS4)"},
		[NIC_CAP_IPV6] = {1, KTLS_IFN " (RXTLS6)"},
		[NIC_CAP_CONTEXTS] = {65536, ESTIMATE
				      ": 2^(log_max_dek - 1), log_max_dek 17"},
		[NIC_CAP_CACHE] = {20000, ASPLOS21 " (4 MiB of 208 bytes)"},
		[NIC_CAP_CONTEXT_BYTES] = {208, ASPLOS21},
		[NIC_CAP_MEMORY_NS] = {0, MLX5EN " (fetched over PCIe)"},
		[NIC_CAP_INSTALLS] = {1, MLX5EN " (one work queue per NIC)"},
	    },
    },
    {
	.name = "connectx-6dx-linux",
	.title = "NVIDIA ConnectX-6 Dx with Linux's driver",
	.resync = "linux-async",
	.resync_source = MLX5,
	.cap =
	    {
		[NIC_CAP_TLS12] = {1, MLX5},
		[NIC_CAP_TLS13] = {0, TLS_DEV " (mainline, version read)"},
		[NIC_CAP_AES128] = {1, MLX5},
		[NIC_CAP_AES256] = {1, MLX5},
		[NIC_CAP_IPV4] = {1, MLX5},
		[NIC_CAP_IPV6] = {1, MLX5},
		[NIC_CAP_CONTEXTS] = {65536, ESTIMATE ": as with FreeBSD"},
		[NIC_CAP_CACHE] = {20000, ASPLOS21 " (4 MiB of 208 bytes)"},
		[NIC_CAP_CONTEXT_BYTES] = {208, ASPLOS21},
		[NIC_CAP_MEMORY_NS] = {0, MLX5 " (fetched over PCIe)"},
		[NIC_CAP_INSTALLS] = {8, ESTIMATE
				      ": callers' own firmware commands"},
	    },
    },
    {
	.name = "agilio",
	.title = "Netronome Agilio (nfp)",
	.resync = "linux-hint",
	.resync_source = TLS_DEV,
	.cap =
	    {
		[NIC_CAP_TLS12] = {1, NFP},
		[NIC_CAP_TLS13] = {0, NFP},
		[NIC_CAP_AES128] = {1, NFP},
		[NIC_CAP_AES256] = {0, NFP},
		[NIC_CAP_IPV4] = {1, NFP},
		[NIC_CAP_IPV6] = {1, NFP},
		[NIC_CAP_CONTEXTS] = {16384, ESTIMATE
				      ": firmware answers ENOSPC when full"},
		[NIC_CAP_CACHE] = {0, ESTIMATE ": contexts in NIC memory"},
		[NIC_CAP_CONTEXT_BYTES] = {208, ESTIMATE},
		[NIC_CAP_MEMORY_NS] = {300, ESTIMATE ": DRAM of the NIC"},
		[NIC_CAP_INSTALLS] = {8, ESTIMATE ": one mailbox message"},
	    },
    },
    {
	.name = "innova",
	.title = "Mellanox Innova (FPGA)",
	.resync = "linux-sync",
	.resync_source = TLS_DEV,
	.cap =
	    {
		[NIC_CAP_TLS12] = {1, TLS_RST},
		[NIC_CAP_TLS13] = {0, TLS_DEV " (mainline, version read)"},
		[NIC_CAP_AES128] = {1, ESTIMATE},
		[NIC_CAP_AES256] = {0, ESTIMATE},
		[NIC_CAP_IPV4] = {1, TLS_RST},
		[NIC_CAP_IPV6] = {1, ESTIMATE},
		[NIC_CAP_CONTEXTS] = {16384, ESTIMATE},
		[NIC_CAP_CACHE] = {0, ESTIMATE ": contexts in FPGA memory"},
		[NIC_CAP_CONTEXT_BYTES] = {208, ESTIMATE},
		[NIC_CAP_MEMORY_NS] = {200, ESTIMATE ": DRAM of the FPGA"},
		[NIC_CAP_INSTALLS] = {1, ESTIMATE ": one command queue"},
	    },
    },
    {
	.name = "t6",
	.title = "a NIC with its keys in its own memory, as Chelsio T6",
	.resync = "freebsd",
	.resync_source = ESTIMATE,
	.cap =
	    {
		[NIC_CAP_TLS12] = {1, T6_BRIEF},
		[NIC_CAP_TLS13] = {0, ESTIMATE},
		[NIC_CAP_AES128] = {1, T6_BRIEF},
		[NIC_CAP_AES256] = {1, T6_BRIEF},
		[NIC_CAP_IPV4] = {1, T6_BRIEF},
		[NIC_CAP_IPV6] = {1, T6_BRIEF},
		[NIC_CAP_CONTEXTS] = {32768, ESTIMATE},
		[NIC_CAP_CACHE] = {0, T6_BRIEF " (keys in adapter memory)"},
		[NIC_CAP_CONTEXT_BYTES] = {208, ESTIMATE},
		[NIC_CAP_MEMORY_NS] = {150, ESTIMATE ": DRAM of the adapter"},
		[NIC_CAP_INSTALLS] = {1, ESTIMATE},
	    },
    },
    {
	.name = "ideal",
	.title = "every GCM session, any number of contexts, none of them far",
	.resync = "freebsd",
	.resync_source = IDEAL,
	.cap =
	    {
		[NIC_CAP_TLS12] = {1, IDEAL},
		[NIC_CAP_TLS13] = {1, IDEAL},
		[NIC_CAP_AES128] = {1, IDEAL},
		[NIC_CAP_AES256] = {1, IDEAL},
		[NIC_CAP_IPV4] = {1, IDEAL},
		[NIC_CAP_IPV6] = {1, IDEAL},
		[NIC_CAP_CONTEXTS] = {NO_LIMIT, IDEAL},
		[NIC_CAP_CACHE] = {0, IDEAL},
		[NIC_CAP_CONTEXT_BYTES] = {208, IDEAL},
		[NIC_CAP_MEMORY_NS] = {0, IDEAL},
		[NIC_CAP_INSTALLS] = {64, IDEAL},
	    },
    },
};

const size_t nic_profiles_count =
    sizeof(nic_profiles) / sizeof(nic_profiles[0]);

static bool
has(const struct nic_profile *profile, enum nic_cap cap)
{
	return profile->cap[cap].value != 0;
}

const char *
nic_profile_refuses(const struct nic_profile *profile,
		    const struct ktls_key *key, bool ipv6)
{
	if (key->cipher != TLS_CIPHER_AES_GCM)
		return "the cipher is not AES-GCM";
	if (!has(profile,
		 key->version == TLS_1_3 ? NIC_CAP_TLS13 : NIC_CAP_TLS12))
		return key->version == TLS_1_3 ? "no TLS 1.3" : "no TLS 1.2";
	if (!has(profile, key->key_len == 32 ? NIC_CAP_AES256 : NIC_CAP_AES128))
		return key->key_len == 32 ? "no AES-256" : "no AES-128";
	if (!has(profile, ipv6 ? NIC_CAP_IPV6 : NIC_CAP_IPV4))
		return ipv6 ? "no IPv6" : "no IPv4";
	return NULL;
}
