/*
 * report_flow.c - the flows, in the report for people and in `ktlsim flows`.
 *
 * A flow is one paragraph: who with whom, what was negotiated, which keys were
 * found or why not, and each direction that carried something.  What went
 * wrong stands in lines of its own.  Verbose, each direction is followed by
 * what a NIC did of it (report_context.c).
 */
#include <inttypes.h>
#include <string.h>

#include "sim/report.h"
#include "sim/report_format.h"
#include "sim/report_internal.h"
#include "sim/report_offload.h"
#include "sim/results.h"

enum {
	FLOWS_MAX = 20, /* shown in the report without verbose */
};

static void
print_head(FILE *out, const struct results_flow *flow)
{
	size_t width = strlen(flow->client) + strlen(flow->server);

	fprintf(out, "%5" PRIu32 "  %s", flow->id, flow->client);
	/* Two long IPv6 addresses do not fit one line. */
	fprintf(out, width > 66 ? "\n    -> %s\n" : " -> %s\n", flow->server);
}

static void
print_changes(FILE *out, const struct results_flow *flow)
{
	char updates[48], again[48];

	if (flow->key_updates + flow->renegotiations == 0)
		return;
	fprintf(out, "       %s, %s\n",
		format_counted(updates, sizeof(updates), flow->key_updates,
			       "key update"),
		format_counted(again, sizeof(again), flow->renegotiations,
			       "renegotiation"));
}

static void
print_keys(FILE *out, const struct results_flow *flow)
{
	const char *timed;
	char text[384];
	int len;

	if (flow->tls_version[0] == '\0')
		len = snprintf(text, sizeof(text), "no TLS handshake seen; ");
	else
		len = snprintf(text, sizeof(text), "TLS %s, %s; ",
			       flow->tls_version,
			       flow->cipher_suite[0] ? flow->cipher_suite
						     : "suite unknown");
	timed = strcmp(flow->timed_from, "keys") == 0 ? "" : flow->timed_from;
	snprintf(text + len, sizeof(text) - (size_t)len, "keys%s %s%s%s%s",
		 strcmp(flow->keys, "found") == 0 ? "" : ":", flow->keys,
		 timed[0] ? "; timed from " : "", timed,
		 flow->border_inferred ? " (border of handshake and data "
					 "inferred)"
				       : "");
	report_wrapped(out, "       ", "       ", text);
	print_changes(out, flow);
}

static void
print_hole(FILE *out, const char *name, const struct results_hole *hole)
{
	char offset[FORMAT_MAX], behind[FORMAT_MAX], text[256];

	snprintf(text, sizeof(text),
		 "hole %s at stream offset %s: %s bytes wait behind it%s", name,
		 format_count(offset, hole->offset),
		 format_count(behind, hole->bytes_behind),
		 hole->acked ? "; the receiver acknowledged past it, so the "
			       "capture lost it"
			     : "");
	report_wrapped(out, "       ! ", "         ", text);
}

/* Without keys no record is decrypted, which is no trouble. */
static void
print_trouble(FILE *out, const char *name, const struct results_direction *dir,
	      bool has_keys)
{
	char text[FORMAT_MAX], line[192];

	if (dir->errors > 0) {
		snprintf(line, sizeof(line), "errors %s: %s, the first %s",
			 name, format_count(text, dir->errors),
			 dir->error[0] ? dir->error : "of unknown cause");
		report_wrapped(out, "       ! ", "         ", line);
	}
	if (dir->undecrypted_records > 0 && has_keys)
		fprintf(out, "       ! %s records %s were not decrypted\n",
			format_count(text, dir->undecrypted_records), name);
	if (dir->window_exceeded_bytes > 0)
		fprintf(out, "       ! %s bytes %s beyond the window\n",
			format_count(text, dir->window_exceeded_bytes), name);
	if (dir->holes > 0)
		print_hole(out, name, &dir->hole);
}

static void
print_direction(FILE *out, const char *name,
		const struct results_direction *dir, bool has_keys,
		bool verbose)
{
	char records[FORMAT_MAX], bytes[FORMAT_MAX];
	char p50[FORMAT_MAX], p99[FORMAT_MAX];

	if (dir->records + dir->app_records > 0) {
		fprintf(out, "       %s %9s records %13s bytes", name,
			format_count(records, dir->records),
			format_count(bytes, dir->app_bytes));
		if (dir->latency.count > 0)
			fprintf(out, "  p50 %7s  p99 %7s",
				format_ps(p50, dir->latency.p50_ps),
				format_ps(p99, dir->latency.p99_ps));
		fputc('\n', out);
	}
	print_trouble(out, name, dir, has_keys);
	if (verbose && dir->offload.present)
		report_context_text(out, &dir->offload);
}

static void
print_flow(FILE *out, const struct results_flow *flow, bool verbose)
{
	bool has_keys = strcmp(flow->keys, "found") == 0;

	print_head(out, flow);
	print_keys(out, flow);
	print_direction(out, "to server", &flow->direction[0], has_keys,
			verbose);
	print_direction(out, "to client", &flow->direction[1], has_keys,
			verbose);
}

void
report_flow_section(FILE *out, const struct results *results, bool verbose)
{
	size_t shown = results->flow_count;
	char title[64], count[48];

	if (!verbose && shown > FLOWS_MAX)
		shown = FLOWS_MAX;
	snprintf(
	    title, sizeof(title), "%s",
	    format_counted(count, sizeof(count), results->flow_count, "flow"));
	report_rule(out, title);
	if (results->flow_count == 0)
		fprintf(out, "There is no TCP flow in the input.\n");
	for (size_t i = 0; i < shown; i++)
		print_flow(out, &results->flows[i], verbose);
	if (shown < results->flow_count)
		fprintf(out, "  ... and %zu more (-v lists all)\n",
			results->flow_count - shown);
}

static void
print_volume(FILE *out, const struct results_flow *flow)
{
	char packets[2][FORMAT_MAX], bytes[2][FORMAT_MAX];

	for (int i = 0; i < 2; i++) {
		format_count(packets[i], flow->direction[i].segments);
		format_count(bytes[i], flow->direction[i].wire_bytes);
	}
	fprintf(out,
		"       to server %s segments, %s bytes; to client %s, %s\n",
		packets[0], bytes[0], packets[1], bytes[1]);
}

void
report_flows_text(FILE *out, const struct results *results)
{
	for (size_t i = 0; i < results->flow_count; i++) {
		print_head(out, &results->flows[i]);
		print_keys(out, &results->flows[i]);
		print_volume(out, &results->flows[i]);
	}
	if (results->flow_count == 0)
		fprintf(out, "There is no TCP flow in the input.\n");
}
