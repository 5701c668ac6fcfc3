/*
 * world_reader.c - the receive call against the model: every byte, every end.
 */
#include "tests/property/world_state.h"

#include <errno.h>
#include <string.h>

#include "engine/mbuf.h"

struct copy {
	uint8_t bytes[STREAM_MAX];
	uint32_t len;
};

static struct copy copy;

static void
collect(void *arg, const uint8_t *bytes, size_t len)
{
	struct copy *to = arg;

	MUST(to->len + len <= sizeof(to->bytes));
	if (bytes != NULL)
		memcpy(to->bytes + to->len, bytes, len);
	else
		memset(to->bytes + to->len, 0, len);
	to->len += (uint32_t)len;
}

static void
receive(struct soreceive_msg *msg, struct soreceive_result *result)
{
	copy.len = 0;
	msg->move = collect;
	msg->arg = &copy;
	soreceive_msg(&world.fx.so, msg, result);
	MUST(result->bytes == copy.len);
}

/* No data can be delivered. */
static void
expect_nothing(const struct soreceive_msg *msg,
	       const struct soreceive_result *result)
{
	bool empty = world.fed == 0 && !world.owned;
	bool linux_rekey = world.policy.rekey == ENGINE_REKEY_LINUX;
	bool eof =
	    world.error == 0 && world.ended && (empty || world.unreadable);
	int error = world.error;

	if (error == 0 && !eof)
		error = linux_rekey && world.waits && world.plain.count == 0
			    ? EKEYEXPIRED
			    : EWOULDBLOCK;
	MUST(result->error == error && result->eof == eof);
	MUST(result->bytes == 0 && !result->has_record);
	if ((msg->flags & SORECEIVE_PEEK) == 0 && !world.stuck)
		world.error = 0;
}

/* The first bytes of the stream are read; they may be all of a record. */
static void
consume_stream(uint32_t len)
{
	struct item *item = queue_first(&world.sent);

	world.fed -= len;
	world.made -= len;
	memmove(world.stream, world.stream + len, world.made);
	memmove(world.nic, world.nic + len, world.made);
	item->wire_len -= len;
	item->made -= len;
	item->fed -= len;
	if (item->wire_len == 0)
		queue_take(&world.sent);
}

/* A call with MSG_WAITALL holds the I/O lock until it has what it wants. */
static void
note_wanted(uint32_t wanted)
{
	bool waited = world.wanted > 0;

	world.wanted = wanted;
	if (waited != (wanted > 0))
		world_toggle_lock();
}

/*
 * A TLS library that has no keys yet reads whole records: as far as there is
 * one, or with MSG_WAITALL whatever comes of it.  Otherwise it peeks.
 */
static void
want_record(struct soreceive_msg *msg)
{
	bool all = (msg->flags & SORECEIVE_WAITALL) != 0 && !world.locked &&
		   world.sent.count > 0;

	msg->fault_at = UINT32_MAX;
	if (world.wanted > 0) {
		msg->flags = SORECEIVE_WAITALL;
		msg->resid = world.wanted;
	} else if (all || world_head_complete()) {
		msg->flags =
		    all ? SORECEIVE_WAITALL
			: SORECEIVE_DONTWAIT | (msg->flags & SORECEIVE_PEEK);
		msg->resid = queue_first(&world.sent)->wire_len;
	} else {
		msg->flags = SORECEIVE_DONTWAIT | SORECEIVE_PEEK;
	}
}

/* Ciphertext or handshake, which a TLS library reads before there are keys. */
static void
read_stream(struct soreceive_msg *msg)
{
	struct soreceive_result result;
	bool open = world.error == 0 && !world.ended;
	bool all, waits;

	want_record(msg);
	all = msg->flags == SORECEIVE_WAITALL;
	waits = all && open && world.fed < msg->resid;
	receive(msg, &result);
	if (world.fed == 0 || (waits && world.fed < world.lowat)) {
		expect_nothing(msg, &result);
		note_wanted(open ? world.wanted : 0);
		return;
	}
	MUST(result.error == 0 && !result.has_record && !result.eor);
	MUST(result.waits == waits);
	MUST(copy.len == (msg->resid < world.fed ? msg->resid : world.fed));
	MUST(memcmp(copy.bytes, world.stream, copy.len) == 0);
	if (msg->flags & SORECEIVE_PEEK)
		return;
	consume_stream(copy.len);
	note_wanted(waits ? msg->resid - copy.len : 0);
}

/* What the message itself must say. */
static void
expect_control(const struct item *item, const struct soreceive_msg *msg,
	       const struct soreceive_result *result)
{
	bool room = msg->control_len >= TLS_CONTROL_LEN;

	MUST(result->has_record == (!item->read && room));
	MUST(result->ctrunc == (!item->read && msg->control_len > 0 &&
				msg->control_len < TLS_CONTROL_BYTES));
	if (!result->has_record)
		return;
	MUST(result->record.tls_type == item->type);
	MUST(result->record.tls_vmajor == 3);
	MUST(result->record.tls_vminor == world.wire_minor);
	MUST(result->record.tls_length == item->len);
}

/* n bytes of payload, none of which is 0, but for those that nobody has. */
static bool
payload_read(const struct item *item, uint32_t n)
{
	const uint8_t *flat = world.flat + item->off;

	if (!item->holed)
		return memcmp(copy.bytes, flat + item->taken, n) == 0;
	for (uint32_t i = 0, at = item->taken; i < n; i++, at++) {
		bool hole = item->hole <= at && at < item->hole_end;

		if (copy.bytes[i] != (hole ? 0 : flat[at]))
			return false;
	}
	return true;
}

/* The record's bytes; what was read is taken off the model. */
static void
expect_data(struct item *item, const struct soreceive_msg *msg,
	    const struct soreceive_result *result)
{
	uint32_t n = item->len - item->taken;

	n = n < msg->resid ? n : msg->resid;
	n = n < msg->fault_at ? n : msg->fault_at;
	MUST(result->error == 0 && !result->eof && !result->waits);
	MUST(copy.len == n);
	MUST(payload_read(item, n));
	MUST(result->eor == (n > 0 && item->taken + n == item->len));
	expect_control(item, msg, result);
	if (msg->flags & SORECEIVE_PEEK)
		return;
	item->read = true;
	item->taken += n;
	if (item->taken == item->len)
		queue_take(&world.plain);
}

/* An empty record alone is not worth a call that waits for more. */
static bool
sleeps(const struct item *item, const struct soreceive_msg *msg)
{
	return (msg->flags & SORECEIVE_DONTWAIT) == 0 && item->len == 0 &&
	       TLS_CONTROL_BYTES < msg->resid &&
	       TLS_CONTROL_BYTES < world.lowat && world.plain.count == 1 &&
	       world.error == 0 && !world.ended;
}

static void
read_records(struct soreceive_msg *msg)
{
	struct soreceive_result result;
	struct item *item;
	bool fault;

	receive(msg, &result);
	if (world.plain.count == 0) {
		expect_nothing(msg, &result);
		return;
	}
	item = queue_first(&world.plain);
	fault = msg->fault_at == 0 && msg->resid > 0 && item->len > 0;
	if (sleeps(item, msg))
		MUST(result.error == EWOULDBLOCK && copy.len == 0);
	else if ((msg->flags & SORECEIVE_TLSAPPDATA) != 0 && !item->read &&
		 item->type == TLS_ALERT)
		MUST(result.error == ENXIO && copy.len == 0);
	else if (fault)
		MUST(result.error == EFAULT && copy.len == 0);
	else
		expect_data(item, msg, &result);
}

void
reader_read(const struct op *op)
{
	static const uint32_t controls[] = {0, 10, TLS_CONTROL_LEN};
	uint32_t bits = op->arg[1], more = op->arg[2];
	struct soreceive_msg msg = {
	    .resid = op->arg[0] % 4 == 0 ? op->arg[0] : RX_RECORD_MAX,
	    .fault_at = more == 13   ? 0
			: more == 14 ? 7
				     : UINT32_MAX,
	    .control_len = more < 3 ? controls[more] : TLS_CONTROL_BYTES,
	};

	msg.flags |= (bits & 3) == 3 ? SORECEIVE_PEEK : 0;
	msg.flags |= bits & 4 ? SORECEIVE_DONTWAIT : 0;
	msg.flags |= bits >= 24 ? SORECEIVE_TLSAPPDATA : 0;
	msg.flags |= more == 12 ? SORECEIVE_WAITALL : 0;
	if (world.enabled)
		read_records(&msg);
	else
		read_stream(&msg);
}

void
reader_take_error(void)
{
	MUST(so_take_error(&world.fx.so) == world.error);
	if (!world.stuck)
		world.error = 0;
}
