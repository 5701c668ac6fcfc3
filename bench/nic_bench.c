/*
 * nic_bench.c - what inline TLS costs the simulator, in time and in memory.
 *
 * Simulated segments per second in model mode with nic.tls on, against off, in
 * CPU time: medians of alternating rounds.  And the heap that an installed
 * context takes, found by installing many: the device's context, its places in
 * cache and stack, the driver's state of the flow.  Exit status 1: a bar was
 * missed.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/steady.h"
#include "sim/ktlsim.h"
#include "sim/run.h"

enum {
	ROUNDS = 9,
	SEGMENTS = 200000,
	FLOWS = 20000,
};

#define RATIO_MIN	  0.7
#define CONTEXT_BYTES_MAX 1024

static int
judge(const char *what, double value, double bar, bool at_least)
{
	bool ok = at_least ? value >= bar : value <= bar;

	printf("%-52s %8.2f  bar %s %.2f  %s\n", what, value,
	       at_least ? ">=" : "<=", bar, ok ? "ok" : "MISSED");
	return !ok;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int
bench_speed(void)
{
	double off[ROUNDS], on[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		off[i] = steady_time_per_segment(SEGMENTS, 1, false);
		on[i] = steady_time_per_segment(SEGMENTS, 1, true);
	}
	qsort(off, ROUNDS, sizeof(*off), compare);
	qsort(on, ROUNDS, sizeof(*on), compare);
	printf("time per segment: %.0f ns without, %.0f ns with inline TLS\n",
	       off[ROUNDS / 2] * 1e9, on[ROUNDS / 2] * 1e9);
	return judge("segments per second with nic.tls against without",
		     off[ROUNDS / 2] / on[ROUNDS / 2], RATIO_MIN, true);
}

static void
die(const char *what)
{
	fprintf(stderr, "nic_bench: %s\n", what);
	exit(EXIT_FAILURE);
}

/* FLOWS flows with their keys; returns the heap that they have taken. */
static size_t
heap_of_flows(const char *offload)
{
	static const char *const keys[][2] = {{"crypto.mode", "model"},
					      {"report.app_sha256", "false"},
					      {"cost.firmware_command", "0"}};
	struct ktlsim_config *config = ktlsim_config_create();
	struct ktlsim *sim = NULL;
	struct ktlsim_flow flow = {
	    .size = sizeof(flow),
	    .server = "10.0.0.2:443",
	    .direction = KTLSIM_CLIENT_TO_SERVER,
	    .tls_version = 0x0304,
	    .cipher_suite = 0x1301,
	};
	char client[32];
	size_t before, after;
	int error = config == NULL;

	for (size_t i = 0; error == 0 && i < sizeof(keys) / sizeof(*keys); i++)
		error = ktlsim_config_set(config, keys[i][0], keys[i][1], NULL);
	if (error != 0 ||
	    ktlsim_config_set(config, "nic.tls", offload, NULL) != 0 ||
	    ktlsim_create(&sim, config, NULL) != 0)
		die("cannot set up the simulation");
	ktlsim_config_destroy(config);
	before = mallinfo2().uordblks;
	for (int i = 0; i < FLOWS; i++) {
		snprintf(client, sizeof(client), "10.0.%d.%d:40000",
			 16 + i / 250, 1 + i % 250);
		flow.client = client;
		if (ktlsim_add_flow(sim, &flow, NULL) != 0)
			die("cannot declare a flow");
	}
	if (ktlsim_run_until(sim, KTLSIM_NEVER) != 0)
		die("the run failed");
	if (sim->host[1].nic.has_tls &&
	    sim->host[1].nic.contexts.count != FLOWS)
		die("not every flow has a context");
	after = mallinfo2().uordblks;
	ktlsim_destroy(sim);
	return after - before;
}

static int
bench_memory(void)
{
	double off = (double)heap_of_flows("off") / FLOWS;
	double on = (double)heap_of_flows("on") / FLOWS;

	printf("heap per flow: %.0f bytes without, %.0f with a context\n", off,
	       on);
	return judge("bytes of an installed context", on - off,
		     CONTEXT_BYTES_MAX, false);
}

int
main(void)
{
	int missed = bench_speed();

	missed += bench_memory();
	return missed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
