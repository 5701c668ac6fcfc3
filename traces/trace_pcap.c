/*
 * trace_pcap.c - frames of a pcap or pcapng file, in file order.
 *
 * Called by the driver: open; then next_time and next by turns; close.  The
 * road of a file: spool.c makes it plain and seekable; a first pass collects
 * the secrets of a pcapng; libpcap reads the frames, always at nanoseconds.
 *
 * Whoever asks for the time of the next frame makes it read ahead; libpcap
 * overwrites a frame when it reads another, so a frame lasts until the next
 * call, and nothing is copied here.
 *
 * What is wrong with the container is kept in `failure` and told when the
 * frames before it have been handed out; damage that does not end the frames
 * (an early end of compressed data, a malformed secrets block) waits in
 * `damage` for the end of the file.
 *
 * Left out: choosing among interfaces; libpcap wants one link type and one snap
 * length per file, and the sentence names the interface that differs.
 */
#include "traces/trace_pcap.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "traces/pcapng_blocks.h"
#include "traces/spool.h"

enum {
	STREAM_BUFFER = 1 << 18, /* stays in a level-2 cache */
	FIRST_PASS_PIECE = 1 << 16,
	NSEC_PER_SEC = 1000000000,
	PSEC_PER_NSEC = 1000,
};

#define PSEC_PER_SEC   UINT64_C(1000000000000)
#define SPEED_AS_TAKEN UINT64_C(1000000)
#define TIME_NEVER     UINT64_MAX
#define TIME_LAST      (UINT64_MAX - 1)

/* A captured time, with 0 <= nsec < NSEC_PER_SEC. */
struct stamp {
	int64_t sec;
	int64_t nsec;
};

struct trace_pcap {
	struct trace_source source; /* first: the source is the trace */
	char *path;
	struct trace_pcap_options options;
	pcap_t *pcap; /* owns the stream */
	FILE *stream;
	char *stream_buffer;
	struct pcapng_blocks *blocks; /* NULL: not a pcapng */
	enum trace_link link;

	struct trace_frame ahead; /* read, not yet taken; libpcap's data */
	bool ahead_valid;
	bool ended; /* no frame is left: the end, or `failure` */

	bool time_known;
	struct stamp latest;  /* the latest stamp so far */
	uint64_t captured_ps; /* its time, before speed */

	struct trace_pcap_stats stats;
	struct trace_error damage; /* to be told at the end; code 0: none */
	bool damage_truncated;
	struct trace_error failure; /* code 0: none */
	bool truncated;
};

static int __attribute__((format(printf, 3, 4)))
fail(struct trace_error *error, int code, const char *format, ...)
{
	va_list args;

	error->code = code;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return code;
}

static int
no_memory(const struct trace_pcap *trace, struct trace_error *error)
{
	return fail(error, ENOMEM, "%s: no memory", trace->path);
}

/* "after frame 12", "before the first frame" */
static void
place_text(const struct trace_pcap *trace, char *text, size_t size)
{
	if (trace->stats.frames == 0)
		snprintf(text, size, "before the first frame");
	else
		snprintf(text, size, "after frame %" PRIu64,
			 trace->stats.frames);
}

static const char *
link_name(int link)
{
	const char *name = pcap_datalink_val_to_name(link);

	return name != NULL ? name : "unknown";
}

/* libpcap's message does not say which interface it refuses. */
static void
fail_interface(struct trace_pcap *trace)
{
	const struct pcapng_interface *first, *odd;
	char name[80] = "";

	first = pcapng_blocks_first(trace->blocks);
	odd = pcapng_blocks_odd(trace->blocks);
	if (odd->name[0] != '\0')
		snprintf(name, sizeof(name), " (%s)", odd->name);
	fail(&trace->failure, ENOTSUP,
	     "%s: interface %" PRIu32 "%s of section %" PRIu32
	     " has link type %u (%s) and snap length %" PRIu32
	     ", the first interface %u (%s) and %" PRIu32
	     ": only frames of one link type and snap length can be read "
	     "together; write those of one interface with: tshark -r FILE -Y "
	     "frame.interface_id==%" PRIu32 " -w OUT.pcap -F pcap",
	     trace->path, odd->index, name, odd->section, odd->link,
	     link_name(odd->link), odd->snaplen, first->link,
	     link_name(first->link), first->snaplen, odd->index);
}

/* libpcap could not read on. */
static void
fail_container(struct trace_pcap *trace)
{
	const char *message = pcap_geterr(trace->pcap);
	char place[64];

	place_text(trace, place, sizeof(place));
	if (trace->blocks != NULL && strstr(message, "an interface has") &&
	    pcapng_blocks_odd(trace->blocks) != NULL) {
		fail_interface(trace);
		return;
	}
	if (trace->blocks != NULL &&
	    pcapng_blocks_order_changes(trace->blocks)) {
		fail(&trace->failure, ENOTSUP,
		     "%s: %s: a section in another byte order follows, which "
		     "cannot be read (%s); the frames before are used; make it "
		     "one section with: mergecap -w OUT.pcapng FILE",
		     trace->path, place, message);
		return;
	}
	/* Compressed data that ended are the cause, not the effect. */
	trace->truncated = trace->damage.code != 0
			       ? trace->damage_truncated
			       : strstr(message, "truncated") != NULL;
	fail(&trace->failure, EINVAL,
	     "%s: %s: %s%s%s; the frames before are used, the others need %s "
	     "copy of the file",
	     trace->path, place, message, trace->damage.code != 0 ? "; " : "",
	     trace->damage.text,
	     trace->truncated ? "a complete" : "an undamaged");
}

/* The file is at its end; what was found damaged before is due now. */
static void
fail_damage(struct trace_pcap *trace)
{
	char place[64];

	if (trace->damage.code == 0)
		return;
	place_text(trace, place, sizeof(place));
	trace->truncated = trace->damage_truncated;
	fail(&trace->failure, trace->damage.code, "%s: %s (read %s)",
	     trace->path, trace->damage.text, place);
}

static bool
is_earlier(const struct stamp *a, const struct stamp *b)
{
	return a->sec < b->sec || (a->sec == b->sec && a->nsec < b->nsec);
}

/* The time from a to b, which is not earlier; UINT64_MAX: does not fit. */
static uint64_t
stamp_gap(const struct stamp *a, const struct stamp *b)
{
	uint64_t seconds = (uint64_t)b->sec - (uint64_t)a->sec;

	if (seconds >= TIME_LAST / PSEC_PER_SEC)
		return UINT64_MAX;
	return seconds * PSEC_PER_SEC +
	       (uint64_t)(b->nsec - a->nsec) * PSEC_PER_NSEC;
}

/* Bring the trace's clock to a frame's stamp, by the rules of the header. */
static void
clock_advance(struct trace_pcap *trace, const struct stamp *stamp)
{
	uint64_t max = TIME_LAST - trace->captured_ps;
	uint64_t gap;

	if (!trace->time_known) {
		trace->time_known = true;
		trace->latest = *stamp;
		return;
	}
	if (is_earlier(stamp, &trace->latest)) {
		trace->stats.times_raised++;
		return;
	}
	gap = stamp_gap(&trace->latest, stamp);
	if (trace->options.max_gap_ps != 0 && trace->options.max_gap_ps < max)
		max = trace->options.max_gap_ps;
	if (gap > max) {
		gap = max;
		trace->stats.gaps_cut++;
	}
	trace->captured_ps += gap;
	trace->latest = *stamp;
}

/* The clock's time at the trace's speed. */
static uint64_t
clock_read(const struct trace_pcap *trace)
{
	unsigned __int128 time = trace->captured_ps;

	if (trace->options.speed_ppm == SPEED_AS_TAKEN)
		return trace->captured_ps;
	time = time * SPEED_AS_TAKEN / trace->options.speed_ppm;
	return time > TIME_LAST ? TIME_LAST : (uint64_t)time;
}

/*
 * libpcap leaves a fraction of a second as it stands in the file, and makes one
 * of 2^31 and more negative: what it was is lost, and it counts as 0.
 */
static struct stamp
stamp_of(struct trace_pcap *trace, const struct pcap_pkthdr *header)
{
	struct stamp stamp = {header->ts.tv_sec, header->ts.tv_usec};

	if (stamp.nsec < 0 || stamp.nsec >= NSEC_PER_SEC) {
		trace->stats.times_invalid++;
		if (stamp.nsec < 0)
			stamp.nsec = 0;
		stamp.sec += stamp.nsec / NSEC_PER_SEC;
		stamp.nsec %= NSEC_PER_SEC;
	}
	return stamp;
}

static void
ahead_set(struct trace_pcap *trace, const struct pcap_pkthdr *header,
	  const uint8_t *data)
{
	struct stamp stamp = stamp_of(trace, header);

	clock_advance(trace, &stamp);
	trace->ahead = (struct trace_frame){
	    .time_ps = clock_read(trace),
	    .data = data,
	    .captured_len = header->caplen,
	    .wire_len = header->len,
	    .link = trace->link,
	};
	if (header->caplen > header->len) {
		trace->stats.lengths_corrected++;
		trace->ahead.wire_len = header->caplen;
	} else if (header->caplen < header->len) {
		trace->stats.frames_cut++;
	}
	trace->ahead_valid = true;
}

static void
read_ahead(struct trace_pcap *trace)
{
	struct pcap_pkthdr *header;
	const uint8_t *data;
	int result;

	trace->ahead_valid = false;
	result = pcap_next_ex(trace->pcap, &header, &data);
	if (result == PCAP_ERROR_BREAK)
		fail_damage(trace);
	else if (result != 1)
		fail_container(trace);
	else
		ahead_set(trace, header, data);
}

static struct trace_pcap *
trace_of(struct trace_source *source)
{
	return (struct trace_pcap *)source;
}

/* The next frame is in `ahead`; false at the end or after a failure. */
static bool
have_ahead(struct trace_pcap *trace)
{
	if (!trace->ahead_valid && !trace->ended)
		read_ahead(trace);
	trace->ended = !trace->ahead_valid;
	return trace->ahead_valid;
}

static uint64_t
pcap_source_next_time(struct trace_source *source)
{
	struct trace_pcap *trace = trace_of(source);

	return have_ahead(trace) ? trace->ahead.time_ps : TIME_NEVER;
}

static int
pcap_source_next(struct trace_source *source, struct trace_frame *frame)
{
	struct trace_pcap *trace = trace_of(source);

	if (!have_ahead(trace))
		return trace->failure.code != 0 ? -1 : 0;
	*frame = trace->ahead;
	trace->ahead_valid = false;
	trace->stats.frames++;
	trace->stats.bytes += frame->captured_len;
	return 1;
}

/* A capture is open-loop: what the receiver does changes nothing. */
static void
pcap_source_feedback(struct trace_source *source, uint64_t now_ps,
		     uint32_t flow, uint64_t acked_bytes, uint64_t window_bytes,
		     uint64_t lost_bytes)
{
	(void)source;
	(void)now_ps;
	(void)flow;
	(void)acked_bytes;
	(void)window_bytes;
	(void)lost_bytes;
}

static void
trace_free(struct trace_pcap *trace)
{
	if (trace->pcap != NULL)
		pcap_close(trace->pcap);
	else if (trace->stream != NULL)
		fclose(trace->stream);
	pcapng_blocks_destroy(trace->blocks);
	free(trace->stream_buffer);
	free(trace->path);
	free(trace);
}

static void
pcap_source_close(struct trace_source *source)
{
	trace_free((struct trace_pcap *)source);
}

static const struct trace_source_ops pcap_source_ops = {
    .next_time = pcap_source_next_time,
    .next = pcap_source_next,
    .feedback = pcap_source_feedback,
    .close = pcap_source_close,
};

/* Feed the whole file to the first pass, past the stream's own buffer. */
static int
first_pass(struct trace_pcap *trace, struct trace_error *error)
{
	struct trace_error place = {0};
	uint8_t *piece = malloc(FIRST_PASS_PIECE);
	off_t offset = 0;
	ssize_t len = 1;

	if (piece == NULL)
		return no_memory(trace, error);
	while (len > 0 && place.code == 0) {
		len = pread(fileno(trace->stream), piece, FIRST_PASS_PIECE,
			    offset);
		if (len <= 0)
			break;
		offset += len;
		pcapng_blocks_feed(trace->blocks, piece, (size_t)len, &place);
	}
	free(piece);
	if (len < 0)
		return fail(error, errno, "%s: %s", trace->path,
			    strerror(errno));
	if (place.code == ENOMEM)
		return no_memory(trace, error);
	/* The frames do not suffer from it: tell it behind them. */
	if (place.code != 0 && trace->damage.code == 0)
		trace->damage = place;
	return 0;
}

/* Size and kind of the plain file. */
static int
file_examine(struct trace_pcap *trace, struct trace_error *error)
{
	static const uint8_t section[4] = {0x0a, 0x0d, 0x0d, 0x0a};
	uint8_t magic[4] = {0};
	struct stat status;

	if (fstat(fileno(trace->stream), &status) != 0 ||
	    pread(fileno(trace->stream), magic, sizeof(magic), 0) < 0)
		return fail(error, errno, "%s: %s", trace->path,
			    strerror(errno));
	if (status.st_size == 0)
		return fail(error, EINVAL,
			    "%s: the file is empty, not a capture%s%s",
			    trace->path, trace->damage.code != 0 ? ": " : "",
			    trace->damage.text);
	trace->stats.file_bytes = (uint64_t)status.st_size;
	if (memcmp(magic, section, sizeof(magic)) != 0)
		return 0;
	trace->blocks = pcapng_blocks_create();
	if (trace->blocks == NULL)
		return no_memory(trace, error);
	return first_pass(trace, error);
}

static int
link_take(struct trace_pcap *trace, struct trace_error *error)
{
	int link = pcap_datalink(trace->pcap);

	switch (link) {
	case TRACE_LINK_NULL:
	case TRACE_LINK_ETHERNET:
	case TRACE_LINK_PPP:
	case TRACE_LINK_RAW_12:
	case TRACE_LINK_RAW_14:
	case TRACE_LINK_RAW:
	case TRACE_LINK_LOOP:
	case TRACE_LINK_SLL:
	case TRACE_LINK_IPV4:
	case TRACE_LINK_IPV6:
	case TRACE_LINK_SLL2:
		trace->link = (enum trace_link)link;
		return 0;
	default:
		return fail(error, ENOTSUP,
			    "%s: link type %d (%s) is not supported; supported "
			    "are Ethernet, Linux cooked (SLL, SLL2), BSD null "
			    "and loop, raw IP and PPP: capture again on an "
			    "interface of such a type",
			    trace->path, link, link_name(link));
	}
}

/* Hand the stream to libpcap, and read up to the first frame. */
static int
frames_begin(struct trace_pcap *trace, struct trace_error *error)
{
	char message[PCAP_ERRBUF_SIZE] = "";

	setvbuf(trace->stream, trace->stream_buffer, _IOFBF, STREAM_BUFFER);
	trace->pcap = pcap_fopen_offline_with_tstamp_precision(
	    trace->stream, PCAP_TSTAMP_PRECISION_NANO, message);
	if (trace->pcap == NULL)
		return fail(error, EINVAL,
			    "%s: not a capture that can be read: %s; pcap and "
			    "pcapng files are expected, gzip-compressed or "
			    "not; a key log is given by --keylog",
			    trace->path, message);
	if (link_take(trace, error) != 0)
		return error->code;
	(void)have_ahead(trace);
	return 0;
}

static int
trace_begin(struct trace_pcap *trace, const char *path,
	    struct trace_error *error)
{
	struct spool spool;

	trace->path = strdup(strcmp(path, "-") == 0 ? "standard input" : path);
	trace->stream_buffer = malloc(STREAM_BUFFER);
	if (trace->path == NULL || trace->stream_buffer == NULL)
		return fail(error, ENOMEM, "%s: no memory", path);
	if (spool_open(&spool, path, error) != 0)
		return error->code;
	trace->stream = spool.stream;
	trace->damage = spool.damage;
	trace->damage_truncated = spool.truncated;
	if (file_examine(trace, error) != 0)
		return error->code;
	return frames_begin(trace, error);
}

int
trace_pcap_open(struct trace_pcap **trace, const char *path,
		const struct trace_pcap_options *options,
		struct trace_error *error)
{
	struct trace_pcap *made = calloc(1, sizeof(*made));

	assert(options->speed_ppm > 0);
	*trace = NULL;
	*error = (struct trace_error){0};
	if (made == NULL)
		return fail(error, ENOMEM, "%s: no memory", path);
	made->source.ops = &pcap_source_ops;
	made->options = *options;
	if (trace_begin(made, path, error) != 0) {
		trace_free(made);
		return error->code;
	}
	*trace = made;
	return 0;
}

struct trace_source *
trace_pcap_source(struct trace_pcap *trace)
{
	return &trace->source;
}

const char *
trace_pcap_secrets(const struct trace_pcap *trace, uint64_t *len)
{
	const char *text = "";
	size_t size = 0;

	if (trace->blocks != NULL)
		text = pcapng_blocks_secrets(trace->blocks, &size);
	*len = size;
	return text;
}

void
trace_pcap_read_stats(const struct trace_pcap *trace,
		      struct trace_pcap_stats *stats)
{
	off_t offset = ftello(trace->stream);

	*stats = trace->stats;
	stats->file_offset = offset > 0 ? (uint64_t)offset : 0;
	if (stats->frames_cut > 0)
		stats->snaplen = (uint32_t)pcap_snapshot(trace->pcap);
}

const struct trace_error *
trace_pcap_failure(const struct trace_pcap *trace)
{
	return trace->failure.code != 0 ? &trace->failure : NULL;
}

const char *
trace_pcap_status(const struct trace_pcap *trace)
{
	if (trace->failure.code == 0)
		return "ok";
	return trace->truncated ? "truncated" : "damaged";
}
