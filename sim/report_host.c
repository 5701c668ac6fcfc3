/*
 * report_host.c - the text report of one host, from wire to reader.
 *
 * Called by report_text for every host.  Printed in the order in which a reader
 * asks: where does a record's time go, where does that of the slowest go, are
 * CPUs or queues the reason, did every segment arrive.  Lists that may be
 * long (CPUs, work queues) show their busiest entries unless verbose.
 */
#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sim/report_format.h"
#include "sim/report_internal.h"
#include "sim/report_offload.h"
#include "sim/results.h"

enum {
	LIST_MAX = 16, /* CPUs and work queues shown without verbose */
};

static const struct results_latency *
host_stage(const struct results_host *host, enum stage stage)
{
	for (size_t i = 0; i < host->stage_count; i++)
		if (host->stages[i].stage == stage)
			return &host->stages[i].latency;
	return NULL;
}

static void
print_ps(FILE *out, uint64_t ps)
{
	char text[FORMAT_MAX];

	fprintf(out, "  %7s", format_ps(text, ps));
}

/* total_mean_ns 0: the stage is no part of the total, and has no share. */
static void
print_stage(FILE *out, const struct results_stage *stage, double total_mean_ns)
{
	const struct results_latency *latency = &stage->latency;
	char count[FORMAT_MAX], mean[FORMAT_MAX];

	fprintf(out, "  %-10s", stage_name(stage->stage));
	if (total_mean_ns > 0)
		fprintf(out, " %3.0f%%",
			format_share(latency->mean_ns, total_mean_ns));
	else
		fprintf(out, "     ");
	fprintf(out, " %9s %7s", format_count(count, latency->count),
		format_ns(mean, latency->mean_ns));
	print_ps(out, latency->p50_ps);
	print_ps(out, latency->p90_ps);
	print_ps(out, latency->p99_ps);
	print_ps(out, latency->p999_ps);
	print_ps(out, latency->max_ps);
	fputc('\n', out);
}

static bool
stage_is_apart(enum stage stage)
{
	return stage == STAGE_ASSEMBLY || stage == STAGE_HOLD;
}

static void
print_stages(FILE *out, const struct results_host *host)
{
	const struct results_latency *total = host_stage(host, STAGE_TOTAL);

	if (total == NULL || total->count == 0) {
		fprintf(out, "No application on this host read a record.\n");
		return;
	}
	fprintf(out, "%-12s %6s %10s %7s %7s %7s %7s %7s %7s\n", "Stage",
		"share", "records", "mean", "p50", "p90", "p99", "p99.9",
		"max");
	for (size_t i = 0; i < host->stage_count; i++)
		if (!stage_is_apart(host->stages[i].stage))
			print_stage(out, &host->stages[i], total->mean_ns);
	fprintf(out, "Before a record is complete (not in the total)\n");
	for (size_t i = 0; i < host->stage_count; i++)
		if (stage_is_apart(host->stages[i].stage))
			print_stage(out, &host->stages[i], 0);
}

static void
print_slowest(FILE *out, const struct results_host *host)
{
	double total = host->slowest_percent_ns[STAGE_TOTAL];
	char text[FORMAT_MAX], count[48];

	if (host->slowest_count == 0 || total <= 0)
		return;
	fprintf(
	    out, "\nThe slowest 1 %% (%s) took %s on average, spent in\n",
	    format_counted(count, sizeof(count), host->slowest_count, "record"),
	    format_ns(text, total));
	for (int stage = STAGE_NIC; stage < STAGE_TOTAL; stage++) {
		double ns = host->slowest_percent_ns[stage];
		double share = format_share(ns, total);

		if (share < 0.05)
			continue;
		fprintf(out, "  %-10s %5.1f %% %8s",
			stage_name((enum stage)stage), share,
			format_ns(text, ns));
		report_bar(out, share, 40);
		fputc('\n', out);
	}
}

static sim_time
cpu_busy(const struct results_cpu *cpu)
{
	return cpu->irq_ps + cpu->softirq_ps + cpu->worker_ps + cpu->app_ps;
}

static int
compare_busy(const void *left, const void *right)
{
	const struct results_cpu *a = *(const struct results_cpu *const *)left;
	const struct results_cpu *b = *(const struct results_cpu *const *)right;

	if (cpu_busy(a) != cpu_busy(b))
		return cpu_busy(a) > cpu_busy(b) ? -1 : 1;
	return a->id < b->id ? -1 : 1;
}

static int
compare_id(const void *left, const void *right)
{
	const struct results_cpu *a = *(const struct results_cpu *const *)left;
	const struct results_cpu *b = *(const struct results_cpu *const *)right;

	return a->id < b->id ? -1 : 1;
}

static void
print_cpu(FILE *out, const char *label, const struct results_cpu *cpu)
{
	double whole = (double)(cpu_busy(cpu) + cpu->idle_ps);
	char switches[FORMAT_MAX];

	fprintf(out, "  %-6s %6.2f %% %6.2f %% %6.2f %% %6.2f %% %6.2f %% %9s",
		label, format_share((double)cpu->irq_ps, whole),
		format_share((double)cpu->softirq_ps, whole),
		format_share((double)cpu->worker_ps, whole),
		format_share((double)cpu->app_ps, whole),
		format_share((double)cpu->idle_ps, whole),
		format_count(switches, cpu->context_switches));
	report_bar(out, format_share((double)cpu_busy(cpu), whole), 15);
	fputc('\n', out);
}

static struct results_cpu
cpu_sum(const struct results_host *host)
{
	struct results_cpu sum = {0};

	for (size_t i = 0; i < host->cpu_count; i++) {
		const struct results_cpu *cpu = &host->cpus[i];

		sum.irq_ps += cpu->irq_ps;
		sum.softirq_ps += cpu->softirq_ps;
		sum.worker_ps += cpu->worker_ps;
		sum.app_ps += cpu->app_ps;
		sum.idle_ps += cpu->idle_ps;
		sum.context_switches += cpu->context_switches;
	}
	return sum;
}

static void
print_cpus(FILE *out, const struct results_host *host, bool verbose)
{
	const struct results_cpu *order[HOST_CPUS_MAX];
	struct results_cpu sum = cpu_sum(host);
	size_t shown = host->cpu_count;

	if (host->cpu_count == 0)
		return;
	assert(host->cpu_count <= HOST_CPUS_MAX);
	for (size_t i = 0; i < host->cpu_count; i++)
		order[i] = &host->cpus[i];
	if (!verbose && shown > LIST_MAX) {
		shown = LIST_MAX;
		qsort(order, host->cpu_count, sizeof(order[0]), compare_busy);
		qsort(order, shown, sizeof(order[0]), compare_id);
	}
	fprintf(out, "\n%-8s %8s %8s %8s %8s %8s %9s busy\n", "CPU", "irq",
		"softirq", "worker", "app", "idle", "switches");
	for (size_t i = 0; i < shown; i++) {
		char label[FORMAT_MAX];

		snprintf(label, sizeof(label), "%u", order[i]->id);
		print_cpu(out, label, order[i]);
	}
	if (shown < host->cpu_count)
		fprintf(out, "  ... and %zu less busy ones (-v lists all)\n",
			host->cpu_count - shown);
	if (host->cpu_count > 1)
		print_cpu(out, "all", &sum);
}

static void
print_workqueue(FILE *out, const struct results_workqueue *queue)
{
	char enqueued[FORMAT_MAX], depth[FORMAT_MAX];
	char mean[FORMAT_MAX], p99[FORMAT_MAX];

	fprintf(out, "  %-12u %10s %11.3f %10s %10s %10s %6.2f %%\n", queue->id,
		format_count(enqueued, queue->enqueued), queue->mean_depth,
		format_count(depth, queue->max_depth),
		format_ns(mean, queue->mean_wait_ns),
		format_ps(p99, queue->p99_wait_ps), 100 * queue->utilization);
}

/* Records that the workers encrypted first; nothing where none was sent. */
static void
print_transmit(FILE *out, const struct results_host *host, bool verbose)
{
	char enqueued[FORMAT_MAX], served[FORMAT_MAX], mean[FORMAT_MAX];
	size_t shown = 0, used = 0;

	for (size_t i = 0; i < host->workqueue_count; i++) {
		const struct results_workqueue *queue = &host->workqueues[i];

		if (queue->tx_enqueued == 0)
			continue;
		if (used++ == 0)
			fprintf(out, "\n%-14s %10s %11s %10s %10s\n",
				"Transmit work", "records in", "encrypted", "",
				"mean wait");
		if (!verbose && shown == LIST_MAX)
			continue;
		shown++;
		fprintf(out, "  %-12u %10s %11s %10s %10s\n", queue->id,
			format_count(enqueued, queue->tx_enqueued),
			format_count(served, queue->tx_served), "",
			format_ns(mean, queue->tx_mean_wait_ns));
	}
	if (shown < used)
		fprintf(out, "  ... and %zu more (-v lists all)\n",
			used - shown);
}

/* Not where no record came, or where receive calls decrypt. */
static bool
queues_were_used(const struct results_host *host)
{
	for (size_t i = 0; i < host->workqueue_count; i++)
		if (host->workqueues[i].enqueued > 0)
			return true;
	return false;
}

static void
print_workqueues(FILE *out, const struct results_host *host, bool verbose)
{
	size_t shown = 0, unused = 0;

	if (!queues_were_used(host))
		return;
	fprintf(out, "\n%-14s %10s %11s %10s %10s %10s %8s\n", "Work queue",
		"sockets in", "mean depth", "max depth", "mean wait",
		"p99 wait", "busy");
	for (size_t i = 0; i < host->workqueue_count; i++) {
		if (host->workqueues[i].enqueued == 0) {
			unused++;
		} else if (verbose || shown < LIST_MAX) {
			print_workqueue(out, &host->workqueues[i]);
			shown++;
		}
	}
	if (shown + unused < host->workqueue_count)
		fprintf(out, "  ... and %zu more (-v lists all)\n",
			host->workqueue_count - unused - shown);
	if (unused > 0)
		fprintf(out, "  %zu of %zu never used\n", unused,
			host->workqueue_count);
}

static void
print_locks(FILE *out, const struct results_host *host)
{
	bool any = false;

	for (size_t i = 0; i < host->lock_count; i++)
		any = any || host->locks[i].acquisitions > 0;
	if (!any)
		return;
	fprintf(out, "\n%-24s %14s %12s %8s %12s\n", "Lock", "acquisitions",
		"contended", "", "mean wait");
	for (size_t i = 0; i < host->lock_count; i++) {
		const struct results_lock *lock = &host->locks[i];
		char acquired[FORMAT_MAX], contended[FORMAT_MAX];
		char wait[FORMAT_MAX];

		fprintf(out, "  %-22s %14s %12s %6.2f %% %12s\n", lock->name,
			format_count(acquired, lock->acquisitions),
			format_count(contended, lock->contended),
			format_share((double)lock->contended,
				     (double)lock->acquisitions),
			format_ns(wait, lock->mean_wait_ns));
	}
}

/* "rx3_packets": of one queue, where "rx_packets" is their sum. */
static bool
is_of_queue(const char *name)
{
	size_t letters = strcspn(name, "0123456789_.");

	return isdigit((unsigned char)name[letters]) != 0;
}

static void
print_counters(FILE *out, const struct results_host *host, bool verbose)
{
	bool any = false;

	for (size_t i = 0; i < host->counter_count; i++) {
		const struct results_counter *counter = &host->counters[i];
		char value[FORMAT_MAX];

		if (counter->value == 0 ||
		    (!verbose && is_of_queue(counter->name)))
			continue;
		if (!any)
			fprintf(out, "\nCounters (those not 0%s)\n",
				verbose ? "" : "; -v adds those of each queue");
		any = true;
		fprintf(out, "  %-40s %20s\n", counter->name,
			format_count(value, counter->value));
	}
}

static void
print_dropped(FILE *out, const struct results_conservation *books)
{
	const struct {
		const char *name;
		uint64_t count;
	} causes[] = {
	    {"ring full", books->dropped_ring},
	    {"lost on the link", books->dropped_link},
	    {"wrong checksum", books->dropped_checksum},
	    {"duplicate", books->dropped_duplicate},
	    {"old", books->dropped_old},
	    {"after close", books->dropped_past_close},
	    {"reassembly full", books->dropped_reassembly},
	};
	char text[FORMAT_MAX];

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (causes[i].count > 0)
			fprintf(out, "  %16s dropped: %s\n",
				format_count(text, causes[i].count),
				causes[i].name);
}

static void
print_conservation(FILE *out, const struct results_host *host)
{
	const struct results_conservation *books = &host->conservation;
	char text[FORMAT_MAX];

	fprintf(out, "\nSegments, all accounted for: %s\n",
		books->balanced ? "yes" : "NO");
	fprintf(out, "  %16s in\n", format_count(text, books->segments_in));
	fprintf(out, "  %16s accepted by TCP\n",
		format_count(text, books->delivered));
	print_dropped(out, books);
	if (books->queued > 0)
		fprintf(out, "  %16s still queued at the end\n",
			format_count(text, books->queued));
}

static void
print_totals(FILE *out, const struct results_host *host)
{
	char a[FORMAT_MAX], b[FORMAT_MAX], c[FORMAT_MAX];

	fprintf(out, "\nGoodput      %s on %.3f busy cores (%s per core)\n",
		format_gbps(a, host->goodput_gbps), host->cores_busy,
		format_gbps(b, host->gbps_per_core));
	fprintf(out,
		"TLS records  %s processed by the host, %s by the NIC, %s by "
		"both\n",
		format_count(a, host->split.records_none),
		format_count(b, host->split.records_full),
		format_count(c, host->split.records_partial));
	fprintf(out, "Wake-ups     %s of readers useful, %s spurious\n",
		format_count(a, host->wakeups_useful),
		format_count(b, host->wakeups_spurious));
}

void
report_host_text(FILE *out, const struct results_host *host, bool verbose)
{
	char title[80];

	snprintf(title, sizeof(title), "Host %s", host->name);
	report_rule(out, title);
	if (host->conservation.segments_in == 0 && !verbose) {
		fprintf(out, "No segment came to this host.\n");
		return;
	}
	print_stages(out, host);
	print_slowest(out, host);
	print_totals(out, host);
	if (host->has_tls)
		report_offload_text(out, host);
	print_cpus(out, host, verbose);
	print_workqueues(out, host, verbose);
	print_transmit(out, host, verbose);
	print_locks(out, host);
	print_counters(out, host, verbose);
	print_conservation(out, host);
}
