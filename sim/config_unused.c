/*
 * config_unused.c - keys that were set and have no effect beside the others.
 *
 * Called for the notes of a report.  A key counts as set where it is not at its
 * default.  Left out: what a capture has none of, and the keys of executors
 * (config.c refuses those).
 */
#include "sim/config_unused.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "nicmodel/nic_profile.h"
#include "nicmodel/nic_resync.h"
#include "sim/config.h"
#include "sim/offload.h"

enum { KEYS_MAX = 20 };

struct unused_row {
	bool (*holds)(const struct config *config);
	const char *keys[KEYS_MAX]; /* up to NULL */
	const char *reason;
};

static bool
moderation_chooses(const struct config *config)
{
	return config->nic_moderation != MODERATION_STATIC;
}

static bool
moderation_is_off(const struct config *config)
{
	return config->nic_moderation == MODERATION_OFF;
}

static bool
pause_is_off(const struct config *config)
{
	return !config->nic_pause;
}

static bool
tls_is_off(const struct config *config)
{
	return !config->nic_tls;
}

static bool
pcie_is_idle(const struct config *config)
{
	return !config->nic_tls && config->nic_pcie == 0;
}

/* Without TLS in the NIC nothing is said of its details: one row does. */
static bool
contexts_are_fetched(const struct config *config)
{
	struct nic_contexts_config limits;

	return offload_limits(config, &limits) && limits.cache.entries > 0;
}

static bool
contexts_are_there(const struct config *config)
{
	struct nic_contexts_config limits;

	return offload_limits(config, &limits) && limits.cache.entries == 0;
}

static bool
nothing_is_searched(const struct config *config)
{
	const struct nic_profile *profile = &nic_profiles[config->nic_profile];
	const struct nic_resync_ops *ops =
	    config->nic_resync > 0 ? nic_resync_at(config->nic_resync - 1)
				   : nic_resync_find(profile->resync);

	return config->nic_tls && !ops->device_scans;
}

static bool
channel_stays_good(const struct config *config)
{
	return config->link_ge_p_ppm == 0;
}

static bool
units_are_not_lost(const struct config *config)
{
	return config->link_super_loss_ppm == 0;
}

static bool
nothing_is_delayed(const struct config *config)
{
	return config->link_reorder_ppm == 0;
}

static bool
nothing_is_corrupted(const struct config *config)
{
	return config->link_corrupt_ppm == 0;
}

static const struct unused_row rows[] = {
    {moderation_chooses,
     {"nic.moderation_time", "nic.moderation_frames"},
     "nic.moderation is not static"},
    {moderation_is_off, {"nic.moderation_mode"}, "nic.moderation is off"},
    {pause_is_off,
     {"nic.port_buffer", "nic.pause_xoff", "nic.pause_xon"},
     "nic.pause is off"},
    {pcie_is_idle,
     {"nic.pcie_mps", "nic.pcie_mrrs", "nic.pcie_rcb", "nic.pcie_extra",
      "nic.header_split"},
     "nic.pcie and nic.tls are off"},
    {tls_is_off,
     {"nic.profile", "nic.resync", "nic.tls_contexts", "nic.tls_cache",
      "nic.tls_fetches", "nic.tls_head_of_line", "nic.tls_memory",
      "nic.tls_matcher", "nic.tls_scan_delay", "nic.tls_rescan",
      "nic.tls_overlap", "nic.tls_aligned", "nic.tls_queue",
      "nic.tls_reset_every", "nic.tls_path_change_every", "nic.tls_episodes",
      "nic.tls_timeline", "nic.tls_stack"},
     "nic.tls is off"},
    {contexts_are_fetched,
     {"nic.tls_memory"},
     "contexts are in the host's memory (nic.profile, nic.tls_cache)"},
    {contexts_are_there,
     {"nic.tls_fetches"},
     "all contexts are in the NIC's memory (nic.profile, nic.tls_cache)"},
    {nothing_is_searched,
     {"nic.tls_matcher", "nic.tls_scan_delay", "nic.tls_rescan"},
     "the NIC searches for nothing (nic.profile, nic.resync)"},
    {channel_stays_good, {"link.ge_r", "link.ge_loss_bad"}, "link.ge_p is 0"},
    {units_are_not_lost, {"link.super_size"}, "link.super_loss is 0"},
    {nothing_is_delayed, {"link.reorder_delay"}, "link.reorder is 0"},
    {nothing_is_corrupted, {"link.corrupt_undetected"}, "link.corrupt is 0"},
};

size_t
config_unused_rows(void)
{
	return sizeof(rows) / sizeof(rows[0]);
}

/* Whether a key of that name has another value than its default. */
static bool
key_is_set(const struct config *config, const struct config *defaults,
	   const char *name)
{
	char is[CONFIG_TEXT_MAX], was[CONFIG_TEXT_MAX];
	size_t i = 0;

	while (i < config_key_count() && strcmp(config_key(i)->name, name) != 0)
		i++;
	assert(i < config_key_count());
	config_get(config, i, is);
	config_get(defaults, i, was);
	return strcmp(is, was) != 0;
}

static void
append(char *text, size_t size, const char *word)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s", word);
}

bool
config_unused(const struct config *config, size_t row, char *text, size_t size)
{
	const struct unused_row *r = &rows[row];
	struct config defaults;
	bool any = false;

	text[0] = '\0';
	if (!r->holds(config))
		return false;
	config_init(&defaults);
	for (int i = 0; i < KEYS_MAX && r->keys[i] != NULL; i++) {
		if (!key_is_set(config, &defaults, r->keys[i]))
			continue;
		append(text, size, any ? ", " : "");
		append(text, size, r->keys[i]);
		any = true;
	}
	append(text, size, ": no effect, as ");
	append(text, size, r->reason);
	return any;
}
