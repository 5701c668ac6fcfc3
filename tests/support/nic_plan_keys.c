/*
 * nic_plan_keys.c - the keys of the model that a seed draws.
 *
 * Called by nic_plan_make.  What goes wrong (loss, reordering, resets ...) is
 * on or off by itself, so that seeds have every combination; times are
 * multiples of the gap between two segments, so that all of it happens within a
 * run.
 */
#include "tests/support/nic_plan_keys.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "nicmodel/nic_resync.h"
#include "tests/support/nic_plan.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static void put(struct nic_plan *plan, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
put(struct nic_plan *plan, const char *key, const char *format, ...)
{
	struct nic_plan_key *line = &plan->key[plan->keys++];
	va_list arguments;

	assert(plan->keys <= NIC_PLAN_KEYS);
	line->key = key;
	va_start(arguments, format);
	vsnprintf(line->value, sizeof(line->value), format, arguments);
	va_end(arguments);
}

/* A key whose value is one of a few. */
struct choice {
	const char *key;
	const char *value[6]; /* up to NULL */
};

static void
put_choices(struct nic_plan *plan, const struct choice *choices, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t values = 0;

		while (values < 6 && choices[i].value[values] != NULL)
			values++;
		put(plan, choices[i].key, "%s",
		    choices[i].value[nic_plan_draw(plan) % values]);
	}
}

/* With probability 1 / n: so many gaps, at least a microsecond. */
static void
put_gaps(struct nic_plan *plan, const char *key, unsigned n, uint64_t least,
	 uint64_t most)
{
	uint64_t ns = plan->gap_ps / 1000 * nic_plan_between(plan, least, most);

	if (nic_plan_draw(plan) % n == 0)
		put(plan, key, "%" PRIu64 "ns", ns < 1000 ? 1000 : ns);
}

/* With probability 1 / n: a probability of at most `most` thousandths. */
static void
put_share(struct nic_plan *plan, const char *key, unsigned n, uint64_t most)
{
	uint64_t few = nic_plan_draw(plan) % 3 > 0 ? 8 : 1;
	uint64_t share = nic_plan_between(plan, 1, 1 + most / few);

	if (nic_plan_draw(plan) % n == 0)
		put(plan, key, "%d.%03d", (int)(share / 1000),
		    (int)(share % 1000));
}

/*
 * Few descriptors, or few contexts in the NIC, but not both: segments are sent
 * again at a fixed pace, and those that find no descriptor would keep the
 * fetches of contexts busy for ever.
 */
static void
put_narrows(struct nic_plan *plan)
{
	static const char *const rings[] = {"64", "8"};
	bool wide = nic_plan_draw(plan) % 4 > 0;

	put(plan, "nic.ring", "%s", wide ? "1024" : rings[plan->seed % 2]);
	put(plan, "nic.tls_cache", "%" PRIu64,
	    wide ? nic_plan_between(plan, 1, plan->flows) : plan->flows);
	if (wide && nic_plan_draw(plan) % 2 == 0)
		put(plan, "nic.tls_fetches", "1");
}

/* A link without a rate cannot be paused. */
static void
put_rate(struct nic_plan *plan)
{
	static const char *const rates[] = {"0", "100Gbps", "10Gbps"};
	uint64_t rate = nic_plan_draw(plan) % ROWS(rates);

	put(plan, "link.rate", "%s", rates[rate]);
	if (rate > 0 && nic_plan_draw(plan) % 4 == 0)
		put(plan, "nic.pause", "on");
}

static void
put_host(struct nic_plan *plan)
{
	static const struct choice choices[] = {
	    {"cost.profile", {"unit", "freebsd-cdn", "modern-server"}},
	    {"host.cpus", {"1", "2", "4"}},
	    {"nic.queues", {"1", "2", "0"}},
	    {"ktls.workers", {"1", "2", "0"}},
	    {"ktls.decrypt_in", {"worker", "worker", "reader"}},
	    {"ktls.budget", {"0", "0", "1", "4"}},
	    {"app.read_size", {"16KiB", "1000B", "64KiB", "256KiB"}},
	    {"nic.moderation", {"static", "off", "adaptive"}},
	    {"nic.merge", {"off", "ring", "lro", "gro"}},
	    {"nic.merge_max", {"64KiB", "64KiB", "4000B"}},
	    {"nic.poll_weight", {"0", "0", "1", "8"}},
	    {"nic.pcie", {"off", "gen3x8", "gen4x16"}},
	};

	put_choices(plan, choices, ROWS(choices));
	put_rate(plan);
	put_narrows(plan);
	put_gaps(plan, "app.think_time", 4, 1, 10);
	put_gaps(plan, "nic.moderation_time", 2, 1, 10);
}

static void
put_nic(struct nic_plan *plan)
{
	static const struct choice choices[] = {
	    {"nic.tls_matcher", {"strict", "loose"}},
	    {"nic.tls_overlap", {"off", "on"}},
	    {"nic.tls_head_of_line", {"off", "off", "on"}},
	    {"nic.tls_scan_delay", {"0", "0", "0", "2000B", "16413B"}},
	    {"nic.tls_queue", {"64", "64", "2", "1"}},
	};

	plan->protocol = (unsigned)(nic_plan_draw(plan) % 4);
	put(plan, "nic.profile", "ideal");
	put(plan, "nic.resync", "%s", nic_resync_at(plan->protocol)->name);
	put_choices(plan, choices, ROWS(choices));
	if (nic_plan_draw(plan) % 4 == 0)
		put(plan, "nic.tls_contexts", "%" PRIu64,
		    nic_plan_between(plan, 1, plan->flows));
	put_gaps(plan, "nic.tls_reset_every", 3, 30, 300);
	put_gaps(plan, "nic.tls_path_change_every", 3, 30, 300);
	put_gaps(plan, "cost.firmware_command", 1, 0, 20);
	put_gaps(plan, "cost.resync_dispatch", 2, 0, 20);
}

static void
put_link(struct nic_plan *plan)
{
	uint64_t delay_ns = plan->gap_ps / 1000;

	put_gaps(plan, "replay.resend_after", 1, 30, 300);
	put_share(plan, "link.loss", 2, 80);
	put_share(plan, "link.ge_p", 4, 50);
	put_share(plan, "link.super_loss", 4, 150);
	put(plan, "link.super_size", "%" PRIu64 "B",
	    nic_plan_between(plan, 1000, 65536));
	put_share(plan, "link.reorder", 2, 150);
	put(plan, "link.reorder_delay", "uniform(%" PRIu64 "ns, %" PRIu64 "ns)",
	    delay_ns, delay_ns * nic_plan_between(plan, 1, 30));
	put_share(plan, "link.duplicate", 2, 150);
	put_share(plan, "link.corrupt", 3, 60);
	plan->undetected = nic_plan_draw(plan) % 8 == 0;
	if (plan->undetected)
		put(plan, "link.corrupt_undetected", "0.5");
}

void
nic_plan_keys(struct nic_plan *plan)
{
	plan->keys = 0;
	put(plan, "run.seed", "%" PRIu64, plan->seed);
	put(plan, "replay.receiver", "server");
	put(plan, "report.app_sha256", "off");
	put_host(plan);
	put_nic(plan);
	put_link(plan);
}
