/*
 * report_offload.c - what inline TLS has done, for people and in JSON.
 *
 * Called by report_host.c and report_json.c with what collect_offload.c has
 * gathered.  The timeline of a flow are the changes of its phase as they
 * happened, up to nic.tls_timeline of them.
 */
#include "sim/report_offload.h"

#include <inttypes.h>
#include <string.h>

#include "sim/json_out.h"
#include "sim/report_format.h"
#include "sim/results.h"

static void
print_split_line(FILE *out, const char *name, uint64_t records, uint64_t bytes,
		 const struct results_split *split)
{
	uint64_t all =
	    split->records_full + split->records_partial + split->records_none;
	char count[FORMAT_MAX], size[FORMAT_MAX];

	fprintf(out, "%-19s %14s %7.2f %% %18s bytes\n", name,
		format_count(count, records),
		format_share((double)records, (double)all),
		format_count(size, bytes));
}

void
report_split_text(FILE *out, const char *margin,
		  const struct results_split *split)
{
	fputs(margin, out);
	print_split_line(out, "records by the NIC", split->records_full,
			 split->bytes_full, split);
	fputs(margin, out);
	print_split_line(out, "by both (mixed)", split->records_partial,
			 split->bytes_partial, split);
	fputs(margin, out);
	print_split_line(out, "by the host", split->records_none,
			 split->bytes_none, split);
}

/* What became of those that are not over. */
static void
losses_rest(char *text, size_t size, const struct report_losses *losses)
{
	uint64_t open = losses->episodes - losses->closed - losses->again;
	char again[FORMAT_MAX], count[FORMAT_MAX];

	text[0] = '\0';
	if (losses->again > 0)
		snprintf(text, size, "; %s lost again before that",
			 format_count(again, losses->again));
	if (open > 0)
		snprintf(text + strlen(text), size - strlen(text),
			 "; %s open at the end", format_count(count, open));
}

void
report_losses_text(FILE *out, const char *margin,
		   const struct report_losses *losses)
{
	char count[48], over[FORMAT_MAX], mean[FORMAT_MAX], most[FORMAT_MAX];
	char rest[128], times[96] = "", text[384];

	if (losses->episodes == 0) {
		fprintf(out, "%sSync was never lost.\n", margin);
		return;
	}
	if (losses->closed > 0)
		snprintf(times, sizeof(times), " (mean %s, longest %s)",
			 format_ns(mean, losses->mean_ns),
			 format_ps(most, losses->max_ps));
	losses_rest(rest, sizeof(rest), losses);
	snprintf(
	    text, sizeof(text), "Sync was lost in %s: %s over%s%s.",
	    format_counted(count, sizeof(count), losses->episodes, "episode"),
	    format_count(over, losses->closed), times, rest);
	report_wrapped(out, margin, margin, text);
}

/* A host none of whose flows had a context lost nothing. */
static void
print_losses(FILE *out, const struct results_host *host)
{
	const struct report_losses losses = {
	    .episodes = host->episodes,
	    .closed = host->episodes_closed,
	    .again = host->episodes_again,
	    .mean_ns = host->episode_mean_ns,
	    .max_ps = host->episode_max_ps,
	};

	if (host->tls_contexts > 0)
		report_losses_text(out, "  ", &losses);
}

static void
print_refusals(FILE *out, const struct results_host *host)
{
	char count[48], text[192];

	for (size_t i = 0; i < host->refusal_count; i++) {
		snprintf(text, sizeof(text), "%s without a context: %s.",
			 format_counted(count, sizeof(count),
					host->refusals[i].flows, "flow"),
			 host->refusals[i].reason);
		report_wrapped(out, "  ", "    ", text);
	}
}

/*
 * Sizes from where half of the packets hit to where only first ones miss.  A
 * single context leaves nothing to ask.
 */
static void
print_curve(FILE *out, const struct results_host *host)
{
	const struct results_cache_size *curve = host->cache_curve;
	size_t count = host->cache_curve_count;
	bool begun = false;

	if (count < 2 || host->cache_accesses == 0)
		return;
	fprintf(out, "  Contexts cached, and packets that miss (without "
		     "feedback):\n   ");
	for (size_t i = 0; i < count; i++) {
		double share = format_share((double)curve[i].misses,
					    (double)host->cache_accesses);

		begun = begun || share < 50 || i + 1 == count;
		if (begun)
			fprintf(out, " %" PRIu32 ": %.2f %%%s",
				curve[i].entries, share,
				i + 1 < count ? "," : "");
		if (begun && share <= 0)
			break;
	}
	fputc('\n', out);
}

void
report_offload_text(FILE *out, const struct results_host *host)
{
	char text[160];

	snprintf(text, sizeof(text), "Inline TLS: %s, resync %s",
		 host->tls_profile, host->tls_resync);
	fputc('\n', out);
	report_wrapped(out, "", "  ", text);
	report_split_text(out, "  ", &host->split);
	print_refusals(out, host);
	print_losses(out, host);
	print_curve(out, host);
}

void
report_offload_put_split(struct json_out *out, json_t *object,
			 const struct results_split *split)
{
	json_put_count(out, object, "records_full", split->records_full);
	json_put_count(out, object, "records_partial", split->records_partial);
	json_put_count(out, object, "records_none", split->records_none);
	json_put_count(out, object, "bytes_full", split->bytes_full);
	json_put_count(out, object, "bytes_partial", split->bytes_partial);
	json_put_count(out, object, "bytes_none", split->bytes_none);
	json_put_count(out, object, "bytes_marked", split->bytes_marked);
}

static json_t *
json_curve(struct json_out *out, const struct results_host *host)
{
	json_t *curve = json_array();

	for (size_t i = 0; i < host->cache_curve_count; i++) {
		json_t *point = json_object();

		json_put_count(out, point, "entries",
			       host->cache_curve[i].entries);
		json_put_count(out, point, "misses",
			       host->cache_curve[i].misses);
		json_append(out, curve, point);
	}
	return curve;
}

static json_t *
json_refusals(struct json_out *out, const struct results_host *host)
{
	json_t *refusals = json_array();

	for (size_t i = 0; i < host->refusal_count; i++) {
		json_t *refusal = json_object();

		json_put_text(out, refusal, "reason", host->refusals[i].reason);
		json_put_count(out, refusal, "flows", host->refusals[i].flows);
		json_append(out, refusals, refusal);
	}
	return refusals;
}

void
report_offload_put_host(struct json_out *out, json_t *tls,
			const struct results_host *host)
{
	json_t *cache = json_object();

	json_put_text(out, tls, "profile", host->tls_profile);
	json_put_text(out, tls, "resync", host->tls_resync);
	json_put(out, tls, "without_context", json_refusals(out, host));
	json_put_count(out, tls, "episodes", host->episodes);
	json_put_count(out, tls, "episodes_closed", host->episodes_closed);
	json_put_count(out, tls, "episodes_lost_again", host->episodes_again);
	json_put_real(out, tls, "episode_mean_ns", host->episode_mean_ns);
	json_put_ns(out, tls, "episode_max_ns", host->episode_max_ps);
	json_put_count(out, cache, "entries", host->cache_entries);
	json_put_count(out, cache, "accesses", host->cache_accesses);
	json_put(out, cache, "misses_without_feedback", json_curve(out, host));
	json_put(out, tls, "cache", cache);
}

/* A time that may not have come: null then. */
static void
put_time(struct json_out *out, json_t *object, const char *key, sim_time time)
{
	json_put(out, object, key,
		 time == SIM_TIME_NEVER ? json_null() : json_count(time));
}

static json_t *
json_episode(struct json_out *out, const struct episode *episode)
{
	json_t *object = json_object();
	char key[32];

	json_put_text(out, object, "cause", episode->cause);
	json_put_text(out, object, "end", episode_end_name(episode));
	for (int i = 0; i < EPISODE_STEPS; i++) {
		snprintf(key, sizeof(key), "%s_ps",
			 episode_step_name((enum episode_step)i));
		put_time(out, object, key, episode->at[i]);
	}
	json_put_count(out, object, "records_partial",
		       episode->records_partial);
	json_put_count(out, object, "records_none", episode->records_none);
	json_put_count(out, object, "bytes", episode->bytes);
	return object;
}

static json_t *
json_timeline(struct json_out *out, const struct results_offload *offload)
{
	json_t *timeline = json_array();

	for (size_t i = 0; i < offload->phase_count; i++) {
		const struct phase *phase = &offload->phases[i];
		json_t *entry = json_object();

		json_put_count(out, entry, "time_ps", phase->at);
		json_put_text(out, entry, "state", phase->name);
		if (phase->cause != NULL)
			json_put_text(out, entry, "cause", phase->cause);
		json_append(out, timeline, entry);
	}
	return timeline;
}

static void
put_times(struct json_out *out, json_t *object,
	  const struct results_offload *offload)
{
	put_time(out, object, "asked_ps", offload->asked_ps);
	put_time(out, object, "active_ps", offload->active_ps);
	put_time(out, object, "first_full_ps", offload->first_full_ps);
	put_time(out, object, "time_to_offload_ps",
		 offload->first_full_ps == SIM_TIME_NEVER
		     ? SIM_TIME_NEVER
		     : offload->first_full_ps - offload->connect_ps);
}

json_t *
report_offload_direction(struct json_out *out,
			 const struct results_offload *offload)
{
	const struct results_split *split = &offload->split;
	json_t *object = json_object();
	json_t *episodes = json_array();

	json_put_text(out, object, "state", offload->state);
	if (offload->reason != NULL)
		json_put_text(out, object, "reason", offload->reason);
	put_times(out, object, offload);
	json_put_count(out, object, "installs", offload->installs);
	json_put_count(out, object, "device_resets", offload->resets);
	json_put_count(out, object, "path_changes", offload->path_changes);
	json_put_count(out, object, "key_updates", offload->rekeys);
	report_offload_put_split(out, object, split);
	json_put_count(out, object, "bytes_never_offloaded",
		       split->bytes_full + split->bytes_partial +
			   split->bytes_none - split->bytes_marked);
	json_put(out, object, "timeline", json_timeline(out, offload));
	json_put_count(out, object, "timeline_left_out",
		       offload->phases_left_out);
	json_put_count(out, object, "episode_count", offload->episodes);
	json_put_count(out, object, "episodes_closed",
		       offload->episodes_closed);
	json_put_count(out, object, "episodes_lost_again",
		       offload->episodes_again);
	json_put_ns(out, object, "episode_max_ns", offload->episode_max_ps);
	json_put_real(out, object, "episode_mean_ns", offload->episode_mean_ns);
	for (size_t i = 0; i < offload->listed_count; i++)
		json_append(out, episodes,
			    json_episode(out, &offload->listed[i]));
	json_put(out, object, "episodes", episodes);
	return object;
}
