/*
 * trace_out.c - a file of trace events that Chrome and Perfetto read.
 *
 * Called by trace_tap.c.  Times are microseconds with six decimals, so that
 * every picosecond is there; a viewer that cuts them to nanoseconds keeps
 * slices apart that were.  Texts that need escapes go through jansson.
 *
 * Left out: stacks, flow arrows, samples.
 */
#include "sim/trace_out.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>

#include "sim/json_out.h"

#define PS_PER_US UINT64_C(1000000)

void
trace_out_init(struct trace_out *trace, FILE *out)
{
	*trace = (struct trace_out){.out = out};
	errno = 0;
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", out);
}

static bool
is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' ||
		    (unsigned char)*text >= 0x7f || *text == '"' ||
		    *text == '\\')
			return false;
	return true;
}

static void
put_text(struct trace_out *trace, const char *text)
{
	json_t *value;

	if (is_plain(text)) {
		fprintf(trace->out, "\"%s\"", text);
		return;
	}
	value = json_text(text);
	if (value == NULL ||
	    json_dumpf(value, trace->out,
		       JSON_ENCODE_ANY | JSON_ENSURE_ASCII) != 0)
		trace->error = errno != 0 ? errno : ENOMEM;
	json_decref(value);
}

static void
put_time(struct trace_out *trace, const char *name, sim_time ps)
{
	fprintf(trace->out, ",\"%s\":%" PRIu64 ".%06" PRIu64, name,
		ps / PS_PER_US, ps % PS_PER_US);
}

/* A number over 2^63 - 1 becomes a text, as in the results. */
static void
put_value(struct trace_out *trace, uint64_t value)
{
	const char *quote = value > INT64_MAX ? "\"" : "";

	fprintf(trace->out, "%s%" PRIu64 "%s", quote, value, quote);
}

static void
put_args(struct trace_out *trace, const struct trace_arg *arg)
{
	const char *mark = ",\"args\":{";

	if (arg->name == NULL)
		return;
	for (int i = 0; i < TRACE_ARGS && arg[i].name != NULL; i++) {
		fprintf(trace->out, "%s\"%s\":", mark, arg[i].name);
		if (arg[i].text != NULL)
			put_text(trace, arg[i].text);
		else
			put_value(trace, arg[i].value);
		mark = ",";
	}
	putc('}', trace->out);
}

static bool
is_async(enum trace_phase phase)
{
	return phase == TRACE_ASYNC_BEGIN || phase == TRACE_ASYNC_END;
}

void
trace_out_event(struct trace_out *trace, const struct trace_event *event)
{
	FILE *out = trace->out;

	if (trace->error != 0)
		return;
	errno = 0;
	fprintf(out,
		"%s\n{\"ph\":\"%c\",\"name\":", trace->events++ == 0 ? "" : ",",
		(int)event->phase);
	put_text(trace, event->name);
	if (event->category != NULL)
		fprintf(out, ",\"cat\":\"%s\"", event->category);
	fprintf(out, ",\"pid\":%" PRIu32, event->pid);
	if (event->tid > 0)
		fprintf(out, ",\"tid\":%" PRIu32, event->tid);
	if (is_async(event->phase))
		fprintf(out, ",\"id\":\"0x%" PRIx64 "\"", event->id);
	put_time(trace, "ts", event->at);
	if (event->phase == TRACE_SLICE)
		put_time(trace, "dur", event->length);
	put_args(trace, event->arg);
	putc('}', out);
	if (ferror(out) && trace->error == 0)
		trace->error = errno != 0 ? errno : EIO;
}

int
trace_out_end(struct trace_out *trace)
{
	if (trace->error != 0)
		return trace->error;
	errno = 0;
	fputs("\n]}\n", trace->out);
	if (fflush(trace->out) != 0 || ferror(trace->out))
		trace->error = errno != 0 ? errno : EIO;
	return trace->error;
}
