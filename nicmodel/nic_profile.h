/*
 * nic_profile.h - what NICs that are sold can do for TLS, and how much of it.
 *
 * A profile is a row of capabilities and limits, each with where the figure is
 * from; "estimate" where nobody has published one.  Constant data.
 * Source: 04-nic sections 1.1, 1.2, 1.6 and 1.10 through the names below.
 */
#ifndef NICMODEL_NIC_PROFILE_H
#define NICMODEL_NIC_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ktls_key;

enum nic_cap {
	NIC_CAP_TLS12, /* 0 or 1, as all up to IPV6 */
	NIC_CAP_TLS13,
	NIC_CAP_AES128,
	NIC_CAP_AES256,
	NIC_CAP_IPV4,
	NIC_CAP_IPV6,
	NIC_CAP_CONTEXTS,      /* flows at a time */
	NIC_CAP_CACHE,	       /* contexts on the NIC; 0: all of them */
	NIC_CAP_CONTEXT_BYTES, /* of one context */
	NIC_CAP_MEMORY_NS,     /* with a cache of 0: reading one context */
	NIC_CAP_INSTALLS,      /* contexts being set up at a time */
	NIC_CAP_COUNT,
};

struct nic_cell {
	uint32_t value;
	const char *source;
};

struct nic_profile {
	const char *name;
	const char *title;  /* for people */
	const char *resync; /* name of its protocol, see nic_resync_find */
	const char *resync_source;
	struct nic_cell cap[NIC_CAP_COUNT];
};

extern const struct nic_profile nic_profiles[];
extern const size_t nic_profiles_count;

/*
 * NULL where the NIC takes a session with this key on this version of IP, else
 * the reason why not, a few words of constant text.
 */
const char *nic_profile_refuses(const struct nic_profile *profile,
				const struct ktls_key *key, bool ipv6);
#endif
