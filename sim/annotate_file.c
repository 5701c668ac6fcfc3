/*
 * annotate_file.c - packets put into the order of time and written as pcapng.
 *
 * Called by annotate.c.  A packet is known when the NIC takes it and belongs
 * into the file where it becomes visible, which may be behind packets that the
 * NIC takes later; a heap holds what is not due yet.  That is bounded by the
 * descriptors of the host's rings.
 *
 * The link type is known with the first frame only, so nothing is written
 * before.  A run without a frame gives a file of an interface and secrets.
 */
#include "sim/annotate_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/run.h"
#include "traces/keylog.h"
#include "traces/pcapng_write.h"

enum { SLOTS_MIN = 256, LINKTYPE_RAW = 101, PS_PER_NS = 1000 };

void
annotate_file_init(struct annotate_file *file, const struct ktlsim *sim,
		   FILE *out)
{
	*file = (struct annotate_file){.sim = sim, .out = out};
}

static void
packet_free(struct annotate_packet *packet)
{
	free(packet->bytes);
	free(packet);
}

void
annotate_file_fini(struct annotate_file *file)
{
	for (size_t i = 0; i < file->count; i++)
		packet_free(file->heap[i]);
	while (file->free != NULL) {
		struct annotate_packet *packet = file->free;

		file->free = packet->next;
		packet_free(packet);
	}
	free(file->heap);
	file->heap = NULL;
	file->count = file->slots = 0;
}

static void
put_free(struct annotate_file *file, struct annotate_packet *packet)
{
	packet->next = file->free;
	file->free = packet;
}

struct annotate_packet *
annotate_file_get(struct annotate_file *file, size_t bytes)
{
	struct annotate_packet *packet = file->free;
	uint8_t *grown;

	if (packet == NULL)
		packet = calloc(1, sizeof(*packet));
	else
		file->free = packet->next;
	if (packet == NULL)
		return NULL;
	if (bytes > packet->room) {
		grown = realloc(packet->bytes, bytes);
		if (grown == NULL) {
			put_free(file, packet);
			return NULL;
		}
		packet->bytes = grown;
		packet->room = bytes;
	}
	packet->comment_len = 0;
	packet->comment[0] = '\0';
	packet->has_queue = false;
	return packet;
}

static bool
is_before(const struct annotate_packet *a, const struct annotate_packet *b)
{
	return a->at < b->at || (a->at == b->at && a->order < b->order);
}

int
annotate_file_put(struct annotate_file *file, struct annotate_packet *packet)
{
	size_t at = file->count;

	if (file->count == file->slots) {
		size_t slots = file->slots > 0 ? 2 * file->slots : SLOTS_MIN;
		struct annotate_packet **heap =
		    realloc(file->heap, slots * sizeof(*heap));

		if (heap == NULL) {
			put_free(file, packet);
			return ENOMEM;
		}
		file->heap = heap;
		file->slots = slots;
	}
	packet->order = file->orders++;
	file->count++;
	while (at > 0 && is_before(packet, file->heap[(at - 1) / 2])) {
		file->heap[at] = file->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	file->heap[at] = packet;
	return 0;
}

/* The earliest packet; there is one. */
static struct annotate_packet *
take_first(struct annotate_file *file)
{
	struct annotate_packet *first = file->heap[0];
	struct annotate_packet *last = file->heap[--file->count];
	size_t at = 0, child = 1;

	while (child < file->count) {
		if (child + 1 < file->count &&
		    is_before(file->heap[child + 1], file->heap[child]))
			child++;
		if (!is_before(file->heap[child], last))
			break;
		file->heap[at] = file->heap[child];
		at = child;
		child = 2 * at + 1;
	}
	file->heap[at] = last;
	return first;
}

static void
keep_error(struct annotate_file *file, int error)
{
	if (file->error == 0)
		file->error = error;
}

/* libpcap's numbers for raw IP are the machine's, the file's are not. */
static uint16_t
linktype_of(int link)
{
	return link == TRACE_LINK_RAW_12 || link == TRACE_LINK_RAW_14
		   ? LINKTYPE_RAW
		   : (uint16_t)link;
}

/* The interface of packets with this link type. */
static uint32_t
interface_of(struct annotate_file *file, int link)
{
	uint32_t i = 0;

	while (i < file->links && file->link[i] != link)
		i++;
	if (i < file->links)
		return i;
	/* A file that nobody can read as one: there are not that many. */
	if (i == ANNOTATE_LINKS_MAX)
		return i - 1;
	keep_error(file, pcapng_write_interface(file->out, linktype_of(link),
						"ktlsim"));
	file->link[file->links++] = link;
	return i;
}

/* All secrets that were given, the captures' own included. */
static void
write_secrets(struct annotate_file *file)
{
	char text[PCAPNG_SECRETS_PIECE];
	const struct keylog *keylog = file->sim->keylog;
	char line[KEYLOG_LINE_MAX];
	size_t len = 0, more;

	for (size_t i = 0;
	     keylog != NULL && (more = keylog_line(keylog, i, line)) > 0; i++) {
		if (len + more > sizeof(text)) {
			keep_error(file,
				   pcapng_write_secrets(file->out, text, len));
			len = 0;
		}
		memcpy(text + len, line, more);
		len += more;
	}
	if (len > 0)
		keep_error(file, pcapng_write_secrets(file->out, text, len));
	explicit_bzero(text, sizeof(text));
	explicit_bzero(line, sizeof(line));
}

static void
begin(struct annotate_file *file, int link)
{
	if (file->begun)
		return;
	file->begun = true;
	keep_error(file, pcapng_write_section(
			     file->out, "ktlsim " KTLSIM_VERSION,
			     "What the simulated hosts received, by the time "
			     "at which it was in their memory; dropped frames "
			     "by the time of the drop.  Holds the secrets of "
			     "its connections."));
	(void)interface_of(file, link);
	write_secrets(file);
}

static void
write_packet(struct annotate_file *file, const struct annotate_packet *packet)
{
	struct pcapng_packet out = {
	    .time_ns = packet->at / PS_PER_NS,
	    .data = packet->bytes,
	    .captured_len = packet->captured,
	    .wire_len = packet->wire_len,
	    .has_queue = packet->has_queue,
	    .queue = packet->queue,
	    .comment = packet->comment,
	};

	begin(file, packet->link);
	out.interface = interface_of(file, packet->link);
	keep_error(file, pcapng_write_packet(file->out, &out));
}

void
annotate_file_write(struct annotate_file *file, sim_time until)
{
	while (file->count > 0 && file->heap[0]->at <= until) {
		struct annotate_packet *packet = take_first(file);

		if (file->error == 0)
			write_packet(file, packet);
		put_free(file, packet);
	}
	if (until == SIM_TIME_NEVER) {
		begin(file, TRACE_LINK_ETHERNET);
		if (fflush(file->out) != 0)
			keep_error(file, errno);
	}
}
