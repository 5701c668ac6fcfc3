/*
 * reader.c - the application's thread of one socket, and its TLS library.
 *
 * A turn is one receive call (two for a record of the handshake): reader_begin
 * makes it, reader_copy_out hands application bytes on where they were only
 * gathered, and reader_done acts on what was read.  Who makes a reader take its
 * turns is up to the executor.  The modes follow one another:
 *   READER_HANDSHAKE  the TLS library takes records off the plain socket
 *   READER_ENABLE     it installs the keys: setsockopt(TCP_RXTLS_ENABLE)
 *   READER_RECORDS    the application reads one record per call
 * or READER_PLAIN where nothing can be timed, and READER_CLOSED at the end.
 *
 * FreeBSD wakes a blocked reader for every appended segment, readable or not:
 * a call that finds nothing is counted as spurious and sleeps again.  Left out:
 * poll and kqueue, several readers of one socket.
 */
#include "sim/reader.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "engine/ktls_rx.h"
#include "engine/ktls_session.h"
#include "sim/content_hash.h"
#include "sim/offload.h"
#include "sim/pipeline.h"
#include "sim/run.h"
#include "sim/trace_tap.h"

void
endpoint_digest(const struct endpoint *ep, sim_time now, enum stage stage,
		uint64_t offset, uint32_t len)
{
	struct digest *digest = &ep->conn->sim->digest;

	if (!ep->conn->sim->exec->virtual_time)
		return;
	digest_add(digest, now);
	digest_add(digest, (uint64_t)stage << 40 |
			       (uint64_t)ep->conn->flow->id << 1 |
			       (uint64_t)ep->direction);
	digest_add(digest, offset);
	digest_add(digest, len);
}

/* Bytes for the application: hashed, and handed to whoever listens. */
static void
app_bytes(struct endpoint *ep, const uint8_t *bytes, size_t len)
{
	struct ktlsim *sim = ep->conn->sim;

	if (ep->hash != NULL)
		content_hash_update(ep->hash, bytes, len);
	if (sim->data_fn == NULL)
		return;
	sim->exec->enter_user(sim);
	sim->data_fn(sim->data_arg, ep->conn->flow->id,
		     (enum ktlsim_direction)ep->direction, bytes, len);
	sim->exec->leave_user(sim);
}

static void
move_app_bytes(void *arg, const uint8_t *bytes, size_t len)
{
	struct endpoint *ep = arg;

	if (bytes != NULL)
		app_bytes(ep, bytes, len);
}

/* Gather into the reader's scratch; what nobody has reads as zero. */
static void
move_to_scratch(void *arg, const uint8_t *bytes, size_t len)
{
	struct reader *reader = &((struct endpoint *)arg)->reader;
	uint8_t *to = reader->scratch + reader->scratch_bytes;

	assert(reader->scratch_bytes + len <= HANDSHAKE_PEEK_BYTES);
	if (bytes != NULL) {
		memcpy(to, bytes, len);
	} else {
		memset(to, 0, len);
		if (!reader->scratch_cut)
			reader->scratch_known = reader->scratch_bytes;
		reader->scratch_cut = true;
	}
	reader->scratch_bytes += (uint32_t)len;
}

/* Whether and how application bytes leave the socket. */
static soreceive_uiomove *
app_move(const struct endpoint *ep)
{
	if (!ep->real || (ep->hash == NULL && ep->conn->sim->data_fn == NULL))
		return NULL;
	return ep->reader.gather ? move_to_scratch : move_app_bytes;
}

static void
count_call(struct reader *reader, uint32_t bytes)
{
	assert(reader->calls < READER_CALLS_MAX);
	reader->call_bytes[reader->calls++] = bytes;
}

/*
 * A tap that saw one direction only: what this one waits for never comes.  More
 * bytes than a record can have settle it, unless the other direction's are
 * still on their way to its socket.
 */
static bool
peer_was_not_captured(struct endpoint *ep)
{
	const struct reader *reader = &ep->reader;
	const struct endpoint *peer = endpoint_peer(ep);

	return reader->out.consumed == 0 && reader->out.count == 0 &&
	       !reader->out.need_more &&
	       ep->so.so_rcv.sb_ccc >= HANDSHAKE_PEEK_BYTES && !peer->begun &&
	       peer->counts.appended_bytes == 0;
}

static void
ask_tls_library(struct endpoint *ep)
{
	struct reader *reader = &ep->reader;

	if (reader->scratch_cut)
		handshake_cut(ep->conn->handshake, ep->direction,
			      reader->scratch_known);
	if (handshake_read(ep->conn->handshake, ep->direction, reader->scratch,
			   reader->scratch_bytes, &reader->out) != 0)
		run_fail(ep->conn->sim, ENOMEM);
}

/*
 * The TLS library reads one record of the handshake: OpenSSL asks for the
 * header first and for the body then, so it is two calls.
 */
static void
begin_handshake(struct endpoint *ep)
{
	struct reader *reader = &ep->reader;
	struct soreceive_result peeked;

	reader->scratch_cut = false;
	soreceive(&ep->so, HANDSHAKE_PEEK_BYTES, SORECEIVE_PEEK,
		  move_to_scratch, ep, &peeked);
	if (peeked.eof) {
		reader->got = peeked;
		handshake_end(ep->conn->handshake, ep->direction, false);
		return;
	}
	ask_tls_library(ep);
	if (peer_was_not_captured(ep)) {
		handshake_end(ep->conn->handshake, endpoint_peer(ep)->direction,
			      true);
		ask_tls_library(ep);
	}
	reader->scratch_bytes = 0;
	reader->offered = ep->so.so_rcv.sb_ccc;
	ep->counts.early_records += reader->out.early_records;
	ep->counts.app_records += reader->out.early_records;
	ep->counts.app_bytes += reader->out.early_len;
	if (reader->out.early_len > 0)
		app_bytes(ep, reader->out.early_data, reader->out.early_len);
	if (reader->out.consumed == 0) {
		reader->got_nothing = reader->out.count == 0;
		return;
	}
	reader->offered = 0;
	soreceive(&ep->so, (uint32_t)reader->out.consumed, 0, NULL, NULL,
		  &reader->got);
	assert(reader->got.bytes == reader->out.consumed);
	ep->read_offset += reader->out.consumed;
	stamps_forget(&ep->stamps, ep->read_offset);
	count_call(reader, 0);
	count_call(reader, (uint32_t)reader->out.consumed);
}

/* The kind of the record at the head of the plain chain. */
static bool
head_is_control(const struct endpoint *ep)
{
	return ep->stamps.record_count > 0 && ep->real &&
	       stamps_first_record(&ep->stamps)->type != TLS_APPLICATION_DATA;
}

/* The TLS library reads what is no application data, and acts on it later. */
static void
begin_control(struct endpoint *ep)
{
	struct reader *reader = &ep->reader;

	soreceive(&ep->so, HANDSHAKE_PEEK_BYTES, 0, move_to_scratch, ep,
		  &reader->got);
	if (handshake_record(ep->conn->handshake, ep->direction,
			     stamps_first_record(&ep->stamps)->type,
			     reader->scratch, reader->scratch_bytes,
			     &reader->out) != 0)
		run_fail(ep->conn->sim, ENOMEM);
	reader->scratch_bytes = 0;
}

void
reader_take(struct endpoint *ep, uint32_t room)
{
	struct reader *reader = &ep->reader;

	if (head_is_control(ep))
		begin_control(ep);
	else
		soreceive(&ep->so, room, 0, app_move(ep), ep, &reader->got);
	reader->got_nothing = reader->got.error == EWOULDBLOCK ||
			      reader->got.error == EKEYEXPIRED;
}

static void
begin_record(struct endpoint *ep, sim_time now)
{
	struct reader *reader = &ep->reader;

	reader_take(ep, ep->conn->sim->config.app_read_size_bytes);
	if (reader->got_nothing)
		return;
	if (!reader->record_open)
		reader->record_ps = now;
	count_call(reader, reader->got.bytes);
}

static void
begin_plain(struct endpoint *ep)
{
	struct reader *reader = &ep->reader;

	soreceive(&ep->so, ep->conn->sim->config.app_read_size_bytes, 0, NULL,
		  NULL, &reader->got);
	reader->got_nothing = reader->got.error == EWOULDBLOCK;
	ep->read_offset += reader->got.bytes;
	stamps_forget(&ep->stamps, ep->read_offset);
	if (!reader->got_nothing)
		count_call(reader, reader->got.bytes);
}

void
reader_enter(struct endpoint *ep)
{
	struct reader *reader = &ep->reader;

	memset(&reader->got, 0, sizeof(reader->got));
	reader->got_nothing = false;
	reader->scratch_bytes = 0;
	reader->calls = 0;
	reader->out.count = 0;
	reader->step_mode = reader->mode;
}

void
reader_begin(struct endpoint *ep, sim_time now)
{
	struct reader *reader = &ep->reader;

	reader_enter(ep);
	switch (reader->mode) {
	case READER_HANDSHAKE:
		begin_handshake(ep);
		return;
	case READER_ENABLE:
		return;
	case READER_RECORDS:
		begin_record(ep, now);
		return;
	case READER_PLAIN:
		begin_plain(ep);
		return;
	case READER_CLOSED:
		break;
	}
	reader->got_nothing = true;
}

void
reader_copy_out(struct endpoint *ep)
{
	struct reader *reader = &ep->reader;

	if (reader->scratch_bytes > 0)
		app_bytes(ep, reader->scratch, reader->scratch_bytes);
	reader->scratch_bytes = 0;
}

static enum ktls_crypto
install_crypto(const struct endpoint *ep,
	       const struct handshake_effect *install)
{
	if (install->assumed)
		return KTLS_CRYPTO_ASSUMED;
	if (install->model || ep->conn->cut ||
	    ep->conn->sim->config.crypto_mode == CRYPTO_MODEL)
		return KTLS_CRYPTO_MODEL;
	return KTLS_CRYPTO_REAL;
}

int
endpoint_install(struct endpoint *ep, const struct handshake_effect *install,
		 sim_time now)
{
	enum ktls_crypto crypto = install_crypto(ep, install);
	uint32_t index = ep->host != NULL ? ep->flowid % ep->host->workers : 0;
	struct worker *worker =
	    ep->host != NULL ? &ep->host->worker[index] : NULL;
	struct ktls_session *session;
	unsigned effects = 0;
	int error;

	error = ktls_session_create(
	    &session, &install->key, crypto,
	    worker != NULL ? worker->aead : ep->conn->aead, index);
	if (error != 0)
		return error;
	ep->worker = worker;
	ep->tls_offset = ep->read_offset;
	ep->keyed = true;
	ep->real = crypto == KTLS_CRYPTO_REAL;
	ep->keyed_ps = now;
	ep->reader.mode = READER_RECORDS;
	error =
	    ktls_rx_enable(&ep->so, session, install->key.rec_seq, &effects);
	assert(error == 0);
	endpoint_act(ep, effects, now);
	return offload_install(ep, now);
}

/* setsockopt() has brought the next key: records go on behind the boundary. */
static void
next_key(struct endpoint *ep, const struct ktls_key *key, sim_time now)
{
	unsigned effects = 0;

	offload_next_key(ep, now);
	if (ktls_rx_next_key(&ep->so, key, &effects) == 0)
		ep->keyed_ps = now;
	else
		ep->counts.errors++;
	endpoint_act(ep, effects, now);
}

/* The TLS library of this end will make its setsockopt call next. */
static void
reader_enable(struct endpoint *ep, const struct handshake_effect *install)
{
	if (ep->keyed != (install->kind == HANDSHAKE_NEXT_KEY))
		return;
	ep->reader.install = *install;
	ep->reader.mode = READER_ENABLE;
}

static void
wake(struct endpoint *ep, sim_time now)
{
	ep->conn->sim->exec->wake_reader(ep, now);
}

static void
act_on_effect(struct endpoint *from, const struct handshake_effect *effect,
	      sim_time now)
{
	struct endpoint *ep = &from->conn->endpoint[effect->direction];

	switch (effect->kind) {
	case HANDSHAKE_INSTALL:
	case HANDSHAKE_NEXT_KEY:
		reader_enable(ep, effect);
		if (ep != from)
			wake(ep, now);
		break;
	case HANDSHAKE_CLOSE:
		break;
	case HANDSHAKE_GIVE_UP:
		ep->reader.mode = READER_PLAIN;
		break;
	}
}

bool
reader_meets_peer(const struct endpoint *ep)
{
	const struct conn *conn = ep->conn;

	return ep->reader.mode == READER_HANDSHAKE ||
	       ep->reader.out.count > 0 ||
	       conn->endpoint[1 - (int)ep->direction].reader.mode ==
		   READER_HANDSHAKE;
}

static void
act_on_output(struct endpoint *ep, sim_time now)
{
	struct handshake_output *out = &ep->reader.out;
	struct endpoint *peer = endpoint_peer(ep);

	for (unsigned i = 0; i < out->count; i++)
		act_on_effect(ep, &out->effect[i], now);
	/* What the other end waits for may have been in here. */
	if (peer->reader.mode == READER_HANDSHAKE &&
	    peer->so.so_rcv.sb_acc > 0) {
		peer->reader.offered = 0;
		wake(peer, now);
	}
}

/* Tell whoever listens about a record that was read to its end. */
static void
record_report(const struct endpoint *ep, const struct record_stamp *r,
	      sim_time now)
{
	struct ktlsim *sim = ep->conn->sim;
	struct ktlsim_record record = {
	    .size = sizeof(record),
	    .flow = ep->conn->flow->id,
	    .direction = (enum ktlsim_direction)ep->direction,
	    .number = r->number,
	    .type = r->type,
	    .wire_bytes = r->wire_bytes,
	    .plaintext_bytes = r->plaintext_bytes,
	    .worker = ep->worker != NULL ? ep->worker->id : 0,
	    .first_arrival_ps = r->first_arrival_ps,
	    .assembled_ps = r->assembled_ps,
	    .arrival_ps = r->arrival_ps,
	    .visible_ps = r->visible_ps,
	    .handler_ps = r->handler_ps,
	    .appended_ps = r->appended_ps,
	    .keyed_ps = r->keyed_ps,
	    .begin_ps = r->begin_ps,
	    .decrypted_ps = r->decrypted_ps,
	    .read_begin_ps = ep->reader.record_ps,
	    .read_end_ps = now,
	    .marked_bytes = r->marked_bytes,
	};

	sim->exec->enter_user(sim);
	sim->deliver_fn(sim->deliver_arg, &record);
	sim->exec->leave_user(sim);
}

/*
 * A session without keys waits behind a ChangeCipherSpec as one with keys does,
 * and goes on when its TLS library has read it.
 */
static void
model_next_key(struct endpoint *ep)
{
	struct handshake_effect next = {
	    .kind = HANDSHAKE_NEXT_KEY,
	    .direction = ep->direction,
	    .key = ep->so.so_rcv.sb_tls_info->params,
	};

	next.key.rec_seq = 0;
	reader_enable(ep, &next);
	ktls_key_clear(&next.key);
}

/* Every boundary that the record has passed, into the run's digest. */
static void
record_digest(const struct endpoint *ep, const struct record_stamp *r,
	      sim_time now)
{
	const sim_time boundary[] = {
	    [STAGE_ASSEMBLY] = r->first_arrival_ps,
	    [STAGE_HOLD] = r->assembled_ps,
	    [STAGE_NIC] = r->arrival_ps,
	    [STAGE_MODERATION] = r->visible_ps,
	    [STAGE_SOFTIRQ] = r->handler_ps,
	    [STAGE_KEY_WAIT] = r->appended_ps,
	    [STAGE_QUEUE] = r->keyed_ps,
	    [STAGE_DECRYPT] = r->begin_ps,
	    [STAGE_WAKE] = r->decrypted_ps,
	    [STAGE_READ] = ep->reader.record_ps,
	    [STAGE_TOTAL] = now,
	};

	for (int i = 0; i < STAGE_COUNT; i++)
		endpoint_digest(ep, boundary[i], (enum stage)i, r->offset,
				r->wire_bytes);
}

/*
 * The record's last byte has been returned.  A call that decrypted it itself
 * was entered before that, and is at the record from then on.
 */
static void
record_read(struct endpoint *ep, sim_time now)
{
	const struct record_stamp *r = stamps_first_record(&ep->stamps);
	struct reader_books *books = ep->reader.books;
	struct ktlsim *sim = ep->conn->sim;
	sim_time times[STAGE_COUNT];

	if (ep->reader.record_ps < r->decrypted_ps)
		ep->reader.record_ps = r->decrypted_ps;
	if (r->type == TLS_APPLICATION_DATA) {
		ep->counts.app_records++;
		ep->counts.app_bytes += r->plaintext_bytes;
		if (books != NULL)
			books->app_bytes += r->plaintext_bytes;
	} else if (r->type == TLS_HANDSHAKE) {
		ep->counts.handshake_records++;
	} else if (r->type == TLS_ALERT) {
		ep->counts.alerts++;
	}
	record_digest(ep, r, now);
	if (books != NULL) {
		stage_times(r, ep->reader.record_ps, now, times);
		if (stage_stats_add(&books->stages, times) != 0 ||
		    hist_add(&ep->latency, times[STAGE_TOTAL]) != 0)
			run_fail(sim, ENOMEM);
	}
	if (sim->tap != NULL && books != NULL)
		trace_tap_record(sim->tap, ep, r, ep->reader.record_ps, now);
	if (sim->deliver_fn != NULL)
		record_report(ep, r, now);
	if (!ep->real && r->type == TLS_CHANGE_CIPHER_SPEC)
		model_next_key(ep);
	stamps_pop_record(&ep->stamps);
	ep->reader.record_open = false;
}

static void
reader_close(struct endpoint *ep)
{
	ep->reader.mode = READER_CLOSED;
	offload_close(ep);
}

/* The call ended in an error or at the end of the stream. */
static bool
call_failed(struct endpoint *ep)
{
	struct reader *reader = &ep->reader;
	const struct soreceive_result *got = &reader->got;

	/* An error that stays is the end for an application. */
	if (got->eof ||
	    (got->error != 0 &&
	     ep->conn->sim->policy.on_bad_record == ENGINE_BAD_RECORD_STICKY))
		reader_close(ep);
	return got->eof || got->error != 0;
}

bool
reader_got_end(const struct endpoint *ep)
{
	const struct soreceive_result *got = &ep->reader.got;

	return got->eor || (got->has_record && got->record.tls_length == 0);
}

static void
done_record(struct endpoint *ep, sim_time now)
{
	if (call_failed(ep))
		return;
	ep->reader.record_open = true;
	if (reader_got_end(ep))
		record_read(ep, now);
	act_on_output(ep, now);
}

bool
reader_has_news(const struct endpoint *ep)
{
	const struct sockbuf *sb = &ep->so.so_rcv;
	bool eof =
	    (sb->sb_state & SBS_CANTRCVMORE) != 0 &&
	    (sb->sb_ccc == 0 || (sb->sb_flags & SB_TLS_RX_UNREADABLE) != 0);

	switch (ep->reader.mode) {
	case READER_HANDSHAKE:
		return sb->sb_ccc > ep->reader.offered || eof;
	case READER_ENABLE:
		return true;
	case READER_RECORDS:
	case READER_PLAIN:
		return sb->sb_acc > 0 || ep->so.so_error != 0 || eof;
	case READER_CLOSED:
		break;
	}
	return false;
}

static void
done_enable(struct endpoint *ep, sim_time now)
{
	int error;

	if (ep->reader.install.kind == HANDSHAKE_NEXT_KEY) {
		ep->reader.mode = READER_RECORDS;
		next_key(ep, &ep->reader.install.key, now);
		error = 0;
	} else {
		error = endpoint_install(ep, &ep->reader.install, now);
	}
	if (error == ENOMEM)
		run_fail(ep->conn->sim, ENOMEM);
	if (error != 0)
		ep->reader.mode = READER_PLAIN;
	ktls_key_clear(&ep->reader.install.key);
}

static void
count_wakeup(struct reader *reader)
{
	if (!reader->woken || reader->books == NULL)
		return;
	reader->woken = false;
	if (reader->got_nothing)
		reader->books->wakeups_spurious++;
	else
		reader->books->wakeups_useful++;
}

void
reader_done(struct endpoint *ep, sim_time now)
{
	struct reader *reader = &ep->reader;
	enum reader_mode mode = reader->step_mode;

	count_wakeup(reader);
	if (mode == READER_ENABLE)
		done_enable(ep, now);
	else if (reader->got_nothing)
		return;
	else if (mode == READER_RECORDS)
		done_record(ep, now);
	else if (reader->got.eof)
		reader_close(ep);
	else if (mode == READER_HANDSHAKE)
		act_on_output(ep, now);
}

void
reader_return(struct endpoint *ep, sim_time entered_ps, uint32_t ended,
	      bool part, sim_time now)
{
	struct reader *reader = &ep->reader;

	count_wakeup(reader);
	if (reader->got_nothing || call_failed(ep))
		return;
	for (uint32_t i = 0; i < ended; i++) {
		if (!reader->record_open)
			reader->record_ps = entered_ps;
		record_read(ep, now);
	}
	if (part && !reader->record_open) {
		reader->record_ps = entered_ps;
		reader->record_open = true;
	}
	act_on_output(ep, now);
}

void
reader_follow(struct endpoint *ep, sim_time now)
{
	while (reader_has_news(ep)) {
		reader_begin(ep, now);
		reader_copy_out(ep);
		reader_done(ep, now);
	}
}
