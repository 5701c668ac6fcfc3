/*
 * cli_summary.c - several runs in one table.
 *
 * Called by cli_run.c after each run and at the end: what one looks for first
 * when a parameter varies stands in one line per run and host that has read
 * records, behind it the variables.
 */
#include "sim/cli/cli_summary.h"

#include <inttypes.h>
#include <stdlib.h>

#include "sim/report_format.h"
#include "sim/results.h"

static void
write_line(FILE *out, const struct results *results,
	   const struct results_host *host)
{
	const struct results_latency *total =
	    &host->stages[STAGE_TOTAL].latency;
	const struct results_scenario *scenario = results->scenario;
	char count[FORMAT_MAX], p50[FORMAT_MAX], p99[FORMAT_MAX];

	fprintf(out, "%5" PRIu64 "  %-6.6s %8.3f %6.2f %11s %8s %8s ",
		scenario->run, host->name, host->goodput_gbps, host->cores_busy,
		format_count(count, total->count),
		format_ps(p50, total->p50_ps), format_ps(p99, total->p99_ps));
	for (size_t i = 0; i < scenario->variable_count; i++)
		fprintf(out, " %s=%s", scenario->variables[i].name,
			scenario->variables[i].value);
}

/* Takes over the line. */
static void
keep_line(struct cli_summary *summary, char *line)
{
	char **larger =
	    realloc(summary->line, (summary->count + 1) * sizeof(*larger));

	if (larger == NULL) {
		free(line);
		return;
	}
	summary->line = larger;
	summary->line[summary->count++] = line;
}

void
cli_summary_add(struct cli_summary *summary, const struct results *results)
{
	for (size_t i = 0; i < results->host_count; i++) {
		char *line = NULL;
		size_t size;
		FILE *out;

		if (results->hosts[i].stages[STAGE_TOTAL].latency.count == 0)
			continue;
		out = open_memstream(&line, &size);
		if (out == NULL)
			return;
		write_line(out, results, &results->hosts[i]);
		if (fclose(out) == 0)
			keep_line(summary, line);
	}
}

void
cli_summary_print(FILE *out, const struct cli_summary *summary)
{
	if (summary->count == 0)
		return;
	report_rule(out, "All runs");
	fprintf(out, "  run  host       Gb/s  cores     records      p50      "
		     "p99  variables\n");
	for (size_t i = 0; i < summary->count; i++)
		fprintf(out, "%s\n", summary->line[i]);
}

void
cli_summary_fini(struct cli_summary *summary)
{
	for (size_t i = 0; i < summary->count; i++)
		free(summary->line[i]);
	free(summary->line);
	*summary = (struct cli_summary){0};
}
