/*
 * reader.c - the application's thread of one socket, and its TLS library.
 *
 * A step of the CPU is one receive call: reader_begin makes it (the socket
 * gives up its bytes when the call is entered, the price covers the copy), and
 * reader_done acts on what was read.  The modes follow one another:
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
#include <stddef.h>
#include <string.h>

#include "engine/ktls_rx.h"
#include "engine/ktls_session.h"
#include "sim/content_hash.h"
#include "sim/pipeline.h"
#include "sim/run.h"
#include "sim/worker.h"

enum { RNG_PURPOSE_THINK = 1000 }; /* beyond every cost_id */

static struct endpoint *
endpoint_of_task(struct cpu_task *task)
{
	return (struct endpoint *)((char *)task -
				   offsetof(struct endpoint, reader.task));
}

void
endpoint_digest(const struct endpoint *ep, sim_time now, enum stage stage,
		uint64_t offset, uint32_t len)
{
	struct digest *digest = &ep->conn->sim->digest;

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
	if (sim->data_fn != NULL)
		sim->data_fn(sim->data_arg, ep->conn->flow->id,
			     (enum ktlsim_direction)ep->direction, bytes, len);
}

static void
move_app_bytes(void *arg, const uint8_t *bytes, size_t len)
{
	struct endpoint *ep = arg;

	if (ep->real && bytes != NULL)
		app_bytes(ep, bytes, len);
}

/* Gather into the simulation's scratch; what nobody has reads as zero. */
static void
move_to_scratch(void *arg, const uint8_t *bytes, size_t len)
{
	struct endpoint *ep = arg;
	uint8_t *to = ep->conn->sim->scratch + ep->reader.control_bytes;

	assert(ep->reader.control_bytes + len <= HANDSHAKE_PEEK_BYTES);
	if (bytes != NULL)
		memcpy(to, bytes, len);
	else
		memset(to, 0, len);
	ep->reader.control_bytes += (uint32_t)len;
}

static sim_time
call_price(struct endpoint *ep, uint32_t bytes, sim_time now)
{
	struct host *host = ep->host;
	struct ktlsim *sim = ep->conn->sim;
	sim_time cost, hold;

	if (host == NULL)
		return 0;
	cost = price(sim, COST_SYSCALL) + price(sim, COST_RECVMSG);
	hold = price(sim, COST_LOCK_READ);
	cost += lock_acquire(&ep->lock, &host->lock[HOST_LOCK_READ], now + cost,
			     hold) +
		hold;
	return cost + price_bytes(sim, COST_COPY_BYTE, bytes);
}

/*
 * A tap that saw one direction only: what this one waits for never comes.  More
 * bytes than a record can have settle it.
 */
static bool
peer_was_not_captured(struct endpoint *ep)
{
	const struct reader *reader = &ep->reader;

	return reader->out.consumed == 0 && reader->out.count == 0 &&
	       !reader->out.need_more &&
	       ep->so.so_rcv.sb_ccc >= HANDSHAKE_PEEK_BYTES &&
	       endpoint_peer(ep)->counts.appended_bytes == 0;
}

static void
ask_tls_library(struct endpoint *ep)
{
	struct ktlsim *sim = ep->conn->sim;
	struct reader *reader = &ep->reader;

	if (handshake_read(ep->conn->handshake, ep->direction, sim->scratch,
			   reader->control_bytes, &reader->out) != 0)
		run_fail(sim, ENOMEM);
}

/*
 * The TLS library reads one record of the handshake: OpenSSL asks for the
 * header first and for the body then, so it is two calls.
 */
static sim_time
begin_handshake(struct endpoint *ep, sim_time now)
{
	struct reader *reader = &ep->reader;
	struct soreceive_result peeked;
	sim_time header_price;

	reader->control_bytes = 0;
	soreceive(&ep->so, HANDSHAKE_PEEK_BYTES, SORECEIVE_PEEK,
		  move_to_scratch, ep, &peeked);
	if (peeked.eof) {
		reader->got = peeked;
		handshake_end(ep->conn->handshake, ep->direction, false);
		return 0;
	}
	ask_tls_library(ep);
	if (peer_was_not_captured(ep)) {
		handshake_end(ep->conn->handshake, endpoint_peer(ep)->direction,
			      true);
		ask_tls_library(ep);
	}
	reader->offered = ep->so.so_rcv.sb_ccc;
	ep->counts.early_records += reader->out.early_records;
	ep->counts.app_records += reader->out.early_records;
	ep->counts.app_bytes += reader->out.early_len;
	if (reader->out.early_len > 0)
		app_bytes(ep, reader->out.early_data, reader->out.early_len);
	if (reader->out.consumed == 0) {
		reader->got_nothing = reader->out.count == 0;
		return 0;
	}
	reader->offered = 0;
	soreceive(&ep->so, (uint32_t)reader->out.consumed, 0, NULL, NULL,
		  &reader->got);
	assert(reader->got.bytes == reader->out.consumed);
	ep->read_offset += reader->out.consumed;
	stamps_forget(&ep->stamps, ep->read_offset);
	header_price = call_price(ep, 0, now);
	return header_price + call_price(ep, (uint32_t)reader->out.consumed,
					 now + header_price);
}

/* The kind of the record at the head of the plain chain. */
static bool
head_is_control(const struct endpoint *ep)
{
	return ep->stamps.record_count > 0 && ep->real &&
	       stamps_first_record(&ep->stamps)->type != TLS_APPLICATION_DATA;
}

static sim_time
begin_record(struct endpoint *ep, sim_time now)
{
	struct reader *reader = &ep->reader;
	struct ktlsim *sim = ep->conn->sim;

	if (head_is_control(ep)) {
		reader->control_bytes = 0;
		soreceive(&ep->so, HANDSHAKE_PEEK_BYTES, 0, move_to_scratch, ep,
			  &reader->got);
		if (handshake_record(ep->conn->handshake, ep->direction,
				     stamps_first_record(&ep->stamps)->type,
				     sim->scratch, reader->control_bytes,
				     &reader->out) != 0)
			run_fail(sim, ENOMEM);
	} else {
		soreceive(&ep->so, sim->config.app_read_size_bytes, 0,
			  move_app_bytes, ep, &reader->got);
	}
	if (reader->got.error == EWOULDBLOCK) {
		reader->got_nothing = true;
		return 0;
	}
	if (!reader->record_open)
		reader->record_ps = now;
	return call_price(ep, reader->got.bytes, now);
}

static sim_time
begin_plain(struct endpoint *ep, sim_time now)
{
	struct reader *reader = &ep->reader;

	soreceive(&ep->so, ep->conn->sim->config.app_read_size_bytes, 0, NULL,
		  NULL, &reader->got);
	reader->got_nothing = reader->got.error == EWOULDBLOCK;
	ep->read_offset += reader->got.bytes;
	stamps_forget(&ep->stamps, ep->read_offset);
	return reader->got_nothing ? 0 : call_price(ep, reader->got.bytes, now);
}

static sim_time
reader_begin(struct cpu_task *task, sim_time now)
{
	struct endpoint *ep = endpoint_of_task(task);
	struct reader *reader = &ep->reader;

	memset(&reader->got, 0, sizeof(reader->got));
	reader->got_nothing = false;
	reader->out.count = 0;
	reader->call_ps = now;
	switch (reader->mode) {
	case READER_HANDSHAKE:
		return begin_handshake(ep, now);
	case READER_ENABLE:
		return ep->host == NULL
			   ? 0
			   : price(ep->conn->sim, COST_SYSCALL) +
				 price(ep->conn->sim, COST_KTLS_ENABLE);
	case READER_RECORDS:
		return begin_record(ep, now);
	case READER_PLAIN:
		return begin_plain(ep, now);
	case READER_CLOSED:
		break;
	}
	reader->got_nothing = true;
	return 0;
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
	struct ktlsim *sim = ep->conn->sim;
	enum ktls_crypto crypto = install_crypto(ep, install);
	uint32_t workers = ep->host != NULL ? ep->host->workers : 1;
	struct ktls_session *session;
	unsigned effects = 0;
	int error;

	error = ktls_session_create(&session, &install->key, crypto, sim->aead,
				    ep->flowid % workers);
	if (error != 0)
		return error;
	if (ep->host != NULL)
		ep->worker = &ep->host->worker[session->wq_index];
	ep->tls_offset = ep->read_offset;
	ep->keyed = true;
	ep->real = crypto == KTLS_CRYPTO_REAL;
	ep->keyed_ps = now;
	ep->reader.mode = READER_RECORDS;
	error =
	    ktls_rx_enable(&ep->so, session, install->key.rec_seq, &effects);
	assert(error == 0);
	endpoint_act(ep, effects, now);
	return 0;
}

/* The TLS library of this end will make its setsockopt call next. */
static void
reader_enable(struct endpoint *ep, const struct handshake_effect *install)
{
	if (ep->keyed)
		return;
	ep->reader.install = *install;
	ep->reader.mode = READER_ENABLE;
}

static void
reader_think_over(void *object, uint64_t argument, sim_time now)
{
	struct endpoint *ep = object;

	(void)argument;
	ep->reader.thinking = false;
	if (ep->reader.task.state == CPU_TASK_SLEEPING)
		cpu_wake(ep->reader.task.cpu, &ep->reader.task, now, 0);
}

/* Sleep for a time that is the application's own.  False: it does not. */
static bool
reader_pause(struct endpoint *ep, sim_time now, sim_time pause)
{
	if (pause == 0 || ep->host == NULL)
		return false;
	ep->reader.thinking = true;
	run_event(ep->conn->sim, now + pause, EVENT_INTERNAL, reader_think_over,
		  ep, 0);
	return true;
}

static void
act_on_effect(struct endpoint *from, const struct handshake_effect *effect,
	      sim_time now)
{
	struct endpoint *ep = &from->conn->endpoint[effect->direction];
	unsigned effects = 0;

	switch (effect->kind) {
	case HANDSHAKE_INSTALL:
		reader_enable(ep, effect);
		if (ep != from)
			reader_wake(ep, now);
		break;
	case HANDSHAKE_NEXT_KEY:
		if (ktls_rx_next_key(&ep->so, &effect->key, &effects) == 0)
			ep->keyed_ps = now;
		else
			ep->counts.errors++;
		endpoint_act(ep, effects, now);
		break;
	case HANDSHAKE_CLOSE:
		break;
	case HANDSHAKE_GIVE_UP:
		ep->reader.mode = READER_PLAIN;
		break;
	}
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
		reader_wake(peer, now);
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
	};

	sim->deliver_fn(sim->deliver_arg, &record);
}

/*
 * A session without keys waits behind a ChangeCipherSpec as one with keys does,
 * and goes on when its TLS library has read it.
 */
static void
model_next_key(struct endpoint *ep, sim_time now)
{
	struct ktls_key key = ep->so.so_rcv.sb_tls_info->params;
	unsigned effects = 0;

	key.rec_seq = 0;
	if (ktls_rx_next_key(&ep->so, &key, &effects) == 0)
		ep->keyed_ps = now;
	ktls_key_clear(&key);
	endpoint_act(ep, effects, now);
}

/* The record's last byte has been returned. */
static void
record_read(struct endpoint *ep, sim_time now)
{
	const struct record_stamp *r = stamps_first_record(&ep->stamps);
	struct ktlsim *sim = ep->conn->sim;
	sim_time times[STAGE_COUNT];

	if (r->type == TLS_APPLICATION_DATA) {
		ep->counts.app_records++;
		ep->counts.app_bytes += r->plaintext_bytes;
		if (ep->host != NULL)
			ep->host->app_bytes += r->plaintext_bytes;
	} else if (r->type == TLS_HANDSHAKE) {
		ep->counts.handshake_records++;
	} else if (r->type == TLS_ALERT) {
		ep->counts.alerts++;
	}
	endpoint_digest(ep, now, STAGE_READ, r->offset, r->plaintext_bytes);
	if (ep->host != NULL) {
		stage_times(r, ep->reader.record_ps, now, times);
		if (stage_stats_add(&ep->host->stages, times) != 0 ||
		    hist_add(&ep->latency, times[STAGE_TOTAL]) != 0)
			run_fail(sim, ENOMEM);
	}
	if (sim->deliver_fn != NULL)
		record_report(ep, r, now);
	if (!ep->real && r->type == TLS_CHANGE_CIPHER_SPEC)
		model_next_key(ep, now);
	stamps_pop_record(&ep->stamps);
	ep->reader.record_open = false;
}

static void
done_record(struct endpoint *ep, sim_time now)
{
	struct reader *reader = &ep->reader;
	const struct soreceive_result *got = &reader->got;

	if (got->error != 0)
		return;
	if (got->eof) {
		reader->mode = READER_CLOSED;
		return;
	}
	reader->record_open = true;
	if (got->eor || (got->has_record && got->record.tls_length == 0))
		record_read(ep, now);
	act_on_output(ep, now);
}

/* There is something that another call would return. */
static bool
reader_has_news(const struct endpoint *ep)
{
	const struct sockbuf *sb = &ep->so.so_rcv;
	bool eof = (sb->sb_state & SBS_CANTRCVMORE) != 0 && sb->sb_ccc == 0;

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

static bool
done_enable(struct endpoint *ep, sim_time now)
{
	int error = endpoint_install(ep, &ep->reader.install, now);

	if (error == ENOMEM)
		run_fail(ep->conn->sim, ENOMEM);
	if (error != 0)
		ep->reader.mode = READER_PLAIN;
	ktls_key_clear(&ep->reader.install.key);
	return reader_has_news(ep);
}

static void
count_wakeup(struct endpoint *ep)
{
	struct reader *reader = &ep->reader;

	if (!reader->woken || ep->host == NULL)
		return;
	reader->woken = false;
	if (reader->got_nothing)
		ep->host->wakeups_spurious++;
	else
		ep->host->wakeups_useful++;
}

static bool
reader_done(struct cpu_task *task, sim_time now)
{
	struct endpoint *ep = endpoint_of_task(task);
	struct reader *reader = &ep->reader;
	struct ktlsim *sim = ep->conn->sim;
	enum reader_mode mode = reader->mode;
	sim_time pause = 0;

	count_wakeup(ep);
	if (mode == READER_ENABLE)
		return done_enable(ep, now);
	if (reader->got_nothing)
		return reader_has_news(ep);
	if (mode == READER_RECORDS)
		done_record(ep, now);
	else if (reader->got.eof)
		reader->mode = READER_CLOSED;
	else if (mode == READER_HANDSHAKE)
		act_on_output(ep, now);
	if (reader->mode == READER_ENABLE)
		pause = sim->config.app_enable_delay_ps;
	else if (mode == READER_RECORDS)
		pause = variate_draw(
		    &sim->config.app_think_time,
		    rng_u64(sim->config.run_seed, RNG_PURPOSE_THINK,
			    ep->conn->flow->id, sim->think_draws++));
	if (reader_pause(ep, now, pause))
		return false;
	return reader_has_news(ep);
}

void
reader_init(struct endpoint *ep)
{
	struct reader *reader = &ep->reader;
	struct host *host = ep->host;

	reader->mode = READER_HANDSHAKE;
	reader->task = (struct cpu_task){
	    .class = CPU_APP, .begin = reader_begin, .done = reader_done};
	if (host != NULL)
		reader->task.cpu = &host->cpu[ep->conn->flow->id % host->cpus];
}

void
reader_wake(struct endpoint *ep, sim_time now)
{
	struct reader *reader = &ep->reader;

	if (ep->host == NULL) {
		ep->read_pending = true;
		if (!ep->following)
			endpoint_follow(ep, now);
		return;
	}
	if (reader->mode == READER_CLOSED || reader->thinking ||
	    reader->task.state != CPU_TASK_SLEEPING)
		return;
	reader->woken = true;
	cpu_wake(reader->task.cpu, &reader->task, now,
		 price(ep->conn->sim, COST_READER_WAKEUP));
}

void
reader_follow(struct endpoint *ep, sim_time now)
{
	bool more = reader_has_news(ep);

	while (more) {
		reader_begin(&ep->reader.task, now);
		more = reader_done(&ep->reader.task, now);
	}
}
