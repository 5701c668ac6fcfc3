/*
 * tls_session.c - a whole TLS connection as TCP segments in a capture file,
 * made for tests.
 *
 * The order of turns is that of RFC 5246 section 7.3 and RFC 8446 section 2.
 * Hashes of what was sent are OpenSSL's, computed here.
 */
#include "tests/support/tls_session.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mbuf.h"
#include "sim/results.h"
#include "tests/support/expect.h"
#include "tests/support/tls_seal.h"
#include "traces/key_schedule.h"
#include "traces/tls_hello.h"

enum {
	CERTIFICATE = 11,
	SERVER_KEY_EXCHANGE = 12,
	CERTIFICATE_VERIFY = 15,
	CLIENT_KEY_EXCHANGE = 16,
	KEY_UPDATE = 24,
	MESSAGES_MAX = 4096,
	FIRST_SECOND = 1700000000,
	FRAGMENT_GAP_NS = 100,
};

static struct session_segment *
add_segment(struct tls_session *session, int side, uint8_t flags)
{
	struct session_segment *segment;

	assert(session->count < SESSION_SEGMENTS_MAX);
	segment = &session->segment[session->count++];
	*segment = (struct session_segment){
	    .side = side,
	    .seq = 1 + (uint32_t)session->sent[side],
	    .ack = 1 + (uint32_t)session->sent[1 - side],
	    .flags = flags,
	    .time_ns = session->now_ns,
	};
	session->now_ns += SESSION_GAP_NS;
	return segment;
}

static void
keep_secrets(struct tls_session *session)
{
	talk_secret(&session->talk, KEYLOG_CLIENT_TRAFFIC_SECRET_0,
		    session->secret[TALK_CLIENT]);
	talk_secret(&session->talk, KEYLOG_SERVER_TRAFFIC_SECRET_0,
		    session->secret[TALK_SERVER]);
}

void
session_init(struct tls_session *session, const struct talk_hello *hello)
{
	memset(session, 0, sizeof(*session));
	talk_init(&session->talk, hello);
	for (int side = 0; side < 2; side++) {
		session->plain[side] = malloc(TALK_BYTES_MAX);
		assert(session->plain[side] != NULL);
	}
	keep_secrets(session);
	session_log(session, SESSION_ALL_LABELS);
	session->mss = SESSION_MSS;
	session->now_ns = UINT64_C(1000000000) * FIRST_SECOND;
	add_segment(session, TALK_CLIENT, TH_SYN)->seq = 0;
	add_segment(session, TALK_SERVER, TH_SYN | TH_ACK)->seq = 0;
	add_segment(session, TALK_CLIENT, TH_ACK);
}

void
session_fini(struct tls_session *session)
{
	talk_fini(&session->talk);
	free(session->plain[0]);
	free(session->plain[1]);
}

/* Put the bytes up to `end` into segments. */
static void
send_up_to(struct tls_session *session, int side, size_t end)
{
	while (session->sent[side] < end) {
		size_t len = end - session->sent[side];
		struct session_segment *segment;

		if (len > session->mss)
			len = session->mss;
		segment = add_segment(session, side, TH_ACK);
		segment->len = (uint32_t)len;
		session->sent[side] += len;
	}
}

void
session_send(struct tls_session *session, int side)
{
	const struct talk *talk = &session->talk;

	while (session->aligned && session->sent[side] < talk->len[side]) {
		size_t at = session->sent[side];
		const uint8_t *header = talk->bytes[side] + at;

		send_up_to(session, side,
			   at + TLS_HEADER_BYTES +
			       (size_t)(header[3] << 8 | header[4]));
	}
	send_up_to(session, side, talk->len[side]);
}

void
session_clear(struct tls_session *session, int side, const char *text)
{
	talk_bytes(&session->talk, side, text, strlen(text));
	session_send(session, side);
}

/* The next len application bytes of a side. */
static const uint8_t *
plain_bytes(struct tls_session *session, int side, size_t len)
{
	size_t from = session->plain_len[side];
	uint8_t *bytes = session->plain[side] + from;

	assert(from + len <= TALK_BYTES_MAX);
	for (size_t i = 0; i < len; i++)
		bytes[i] = packet_pattern(
		    (uint32_t)(from + i + 77777 * (unsigned)(side + 1)));
	session->plain_len[side] += len;
	return bytes;
}

void
session_data(struct tls_session *session, int side, size_t len, size_t padding)
{
	static uint8_t out[TLS_SEAL_MAX + TLS_PLAINTEXT_MAX];
	const struct tls_plain plain = {
	    .type = TLS_APPLICATION_DATA,
	    .bytes = plain_bytes(session, side, len),
	    .len = len,
	    .padding = padding,
	};
	struct talk *talk = &session->talk;

	talk_bytes(talk, side, out,
		   tls_seal(&talk->key[TALK_DATA][side],
			    talk->seqno[TALK_DATA][side]++, &plain, out));
	session->data_records[side]++;
}

static void
early_data(struct tls_session *session, size_t len)
{
	talk_seal(&session->talk, TALK_EARLY, TALK_CLIENT, TLS_APPLICATION_DATA,
		  plain_bytes(session, TALK_CLIENT, len), len);
	session->early_records++;
	session->data_records[TALK_CLIENT]++;
}

static void
seal_message(struct talk *talk, enum talk_epoch epoch, int side, uint8_t type,
	     size_t body_len)
{
	uint8_t message[MESSAGES_MAX];
	size_t len = talk_message(message, type, body_len);

	talk_seal(talk, epoch, side, TLS_HANDSHAKE, message, len);
}

static void
handshake_tls13(struct tls_session *session)
{
	struct talk *talk = &session->talk;
	size_t hash = tls_hash_bytes(talk->suite->prf);
	bool early = talk->hello.early_data;
	uint8_t bytes[MESSAGES_MAX];
	size_t len = talk_client_hello(talk, bytes);

	talk_record(talk, TALK_CLIENT, TLS_HANDSHAKE, bytes, len);
	if (early) {
		talk_change(talk, TALK_CLIENT);
		early_data(session, 300);
		early_data(session, 400);
	}
	session_send(session, TALK_CLIENT);
	len = talk_server_hello(talk, bytes);
	talk_record(talk, TALK_SERVER, TLS_HANDSHAKE, bytes, len);
	talk_change(talk, TALK_SERVER);
	len = talk_extensions(bytes, early);
	talk_seal(talk, TALK_FLIGHT, TALK_SERVER, TLS_HANDSHAKE, bytes, len);
	seal_message(talk, TALK_FLIGHT, TALK_SERVER, CERTIFICATE, 900);
	seal_message(talk, TALK_FLIGHT, TALK_SERVER, CERTIFICATE_VERIFY, 260);
	seal_message(talk, TALK_FLIGHT, TALK_SERVER, TLS_FINISHED, hash);
	session_send(session, TALK_SERVER);
	if (early)
		seal_message(talk, TALK_EARLY, TALK_CLIENT,
			     TLS_END_OF_EARLY_DATA, 0);
	else
		talk_change(talk, TALK_CLIENT);
	seal_message(talk, TALK_FLIGHT, TALK_CLIENT, TLS_FINISHED, hash);
	session_send(session, TALK_CLIENT);
}

static void
handshake_tls12(struct tls_session *session)
{
	struct talk *talk = &session->talk;
	uint8_t bytes[MESSAGES_MAX];
	size_t len = talk_client_hello(talk, bytes);

	talk_record(talk, TALK_CLIENT, TLS_HANDSHAKE, bytes, len);
	session_send(session, TALK_CLIENT);
	len = talk_server_hello(talk, bytes);
	len += talk_message(bytes + len, CERTIFICATE, 900);
	len += talk_message(bytes + len, SERVER_KEY_EXCHANGE, 300);
	len += talk_message(bytes + len, TLS_SERVER_HELLO_DONE, 0);
	talk_record(talk, TALK_SERVER, TLS_HANDSHAKE, bytes, len);
	session_send(session, TALK_SERVER);
	len = talk_message(bytes, CLIENT_KEY_EXCHANGE, 65);
	talk_record(talk, TALK_CLIENT, TLS_HANDSHAKE, bytes, len);
	for (int side = 0; side < 2; side++) {
		talk_change(talk, side);
		seal_message(talk, TALK_DATA, side, TLS_FINISHED, 12);
		session_send(session, side);
	}
}

void
session_handshake(struct tls_session *session)
{
	if (session->talk.suite->tls13)
		handshake_tls13(session);
	else
		handshake_tls12(session);
}

void
session_key_update(struct tls_session *session, int side)
{
	static const uint8_t message[] = {KEY_UPDATE, 0, 0, 1, 0};
	struct talk *talk = &session->talk;
	size_t len = tls_hash_bytes(talk->suite->prf);
	int error;

	talk_seal(talk, TALK_DATA, side, TLS_HANDSHAKE, message,
		  sizeof(message));
	error = tls13_next_secret(talk->suite, session->secret[side], len);
	assert(error == 0);
	error = tls13_record_key(talk->suite, session->secret[side], len,
				 &talk->key[TALK_DATA][side]);
	assert(error == 0);
	talk->seqno[TALK_DATA][side] = 0;
}

static void
seal_change(struct talk *talk, int side)
{
	talk_seal(talk, TALK_DATA, side, TLS_CHANGE_CIPHER_SPEC, "\001", 1);
}

void
session_renegotiate(struct tls_session *session)
{
	struct talk *talk = &session->talk;
	uint8_t bytes[MESSAGES_MAX];
	size_t len;

	talk->hello.round++;
	len = talk_client_hello(talk, bytes);
	talk_seal(talk, TALK_DATA, TALK_CLIENT, TLS_HANDSHAKE, bytes, len);
	session_send(session, TALK_CLIENT);
	len = talk_server_hello(talk, bytes);
	len += talk_message(bytes + len, CERTIFICATE, 900);
	len += talk_message(bytes + len, TLS_SERVER_HELLO_DONE, 0);
	talk_seal(talk, TALK_DATA, TALK_SERVER, TLS_HANDSHAKE, bytes, len);
	session_send(session, TALK_SERVER);
	seal_message(talk, TALK_DATA, TALK_CLIENT, CLIENT_KEY_EXCHANGE, 65);
	seal_change(talk, TALK_CLIENT);
	seal_change(talk, TALK_SERVER);
	talk_again(talk, talk->hello.round);
	for (int side = 0; side < 2; side++) {
		seal_message(talk, TALK_DATA, side, TLS_FINISHED, 12);
		session_send(session, side);
	}
	talk_log_text(talk, SESSION_ALL_LABELS, 0,
		      session->keylog + strlen(session->keylog));
}

void
session_close(struct tls_session *session)
{
	static const uint8_t close_notify[2] = {1, 0};

	for (int side = 0; side < 2; side++) {
		talk_seal(&session->talk, TALK_DATA, side, TLS_ALERT,
			  close_notify, sizeof(close_notify));
		session_send(session, side);
		add_segment(session, side, TH_FIN | TH_ACK);
	}
}

void
session_log(struct tls_session *session, unsigned labels)
{
	talk_log_text(&session->talk, labels, 0, session->keylog);
}

struct session_segment *
session_repeat(struct tls_session *session, unsigned from, unsigned to)
{
	struct session_segment copy = session->segment[from];

	assert(session->count < SESSION_SEGMENTS_MAX && to <= session->count);
	memmove(&session->segment[to + 1], &session->segment[to],
		(session->count - to) * sizeof(copy));
	if (to > 0)
		copy.time_ns = session->segment[to - 1].time_ns;
	session->segment[to] = copy;
	session->count++;
	return &session->segment[to];
}

void
session_swap(struct tls_session *session, unsigned a, unsigned b)
{
	struct session_segment held = session->segment[a];
	uint64_t time_ns = held.time_ns;

	assert(a < session->count && b < session->count);
	held.time_ns = session->segment[b].time_ns;
	session->segment[a] = session->segment[b];
	session->segment[a].time_ns = time_ns;
	session->segment[b] = held;
}

unsigned
session_find(const struct tls_session *session, int side, unsigned nth)
{
	for (unsigned i = 0; i < session->count; i++)
		if (session->segment[i].side == side &&
		    session->segment[i].len > 0 && nth-- == 0)
			return i;
	assert(false);
	return 0;
}

void
session_shape_init(struct session_shape *shape)
{
	*shape = (struct session_shape){
	    .isn = {1000, 5000},
	    .mss_option = SESSION_MSS + 12,
	};
	packet_init(&shape->packet);
}

static void
make_packet(const struct tls_session *session,
	    const struct session_shape *shape,
	    const struct session_segment *segment, struct packet *packet)
{
	int side = segment->side;

	*packet = shape->packet;
	if (side == TALK_SERVER)
		packet_reverse(packet);
	packet->th_seq = shape->isn[side] + segment->seq;
	packet->th_ack = shape->isn[1 - side] + segment->ack;
	packet->th_flags = segment->flags;
	packet->checksum = segment->checksum;
	packet->mss = (segment->flags & TH_SYN) != 0 ? shape->mss_option : 0;
	packet->payload_len = segment->len;
	if (segment->len > 0)
		packet->payload = session->talk.bytes[side] + segment->seq - 1;
}

/* Add one frame, cut to the snap length, in the file's format. */
static void
add_frame(const struct session_shape *shape, struct pcap_file *file,
	  const struct pcap_file_packet *whole)
{
	struct pcap_file_packet frame = *whole;

	frame.wire_len = frame.captured_len;
	if (shape->snaplen != 0 && frame.captured_len > shape->snaplen)
		frame.captured_len = shape->snaplen;
	if (shape->simple)
		pcapng_file_simple(file, frame.data, frame.captured_len);
	else if (file->format.link == UINT32_MAX)
		pcapng_file_packet(file, &frame);
	else
		pcap_file_add(file, &frame);
}

static void
add_fragments(const struct session_shape *shape, struct pcap_file *file,
	      const struct packet *packet, uint64_t time_ns)
{
	uint32_t len = (uint32_t)packet_segment_len(packet);
	uint32_t count = (len + shape->fragment - 1) / shape->fragment;
	uint8_t bytes[4096];
	struct pcap_file_packet frame = {.time_ns = time_ns, .data = bytes};

	for (uint32_t i = 0; i < count; i++) {
		uint32_t at =
		    (shape->last_first ? count - 1 - i : i) * shape->fragment;
		uint32_t piece = len - at;

		if (piece > shape->fragment)
			piece = shape->fragment;
		frame.captured_len = packet_build_fragment(
		    packet, at, piece, bytes, sizeof(bytes));
		add_frame(shape, file, &frame);
		frame.time_ns += FRAGMENT_GAP_NS;
	}
}

void
session_write(const struct tls_session *session,
	      const struct session_shape *shape, struct pcap_file *file)
{
	static uint8_t bytes[PACKET_BYTES_MAX];

	for (unsigned i = 0; i < session->count; i++) {
		const struct session_segment *segment = &session->segment[i];
		struct pcap_file_packet frame = {.time_ns = segment->time_ns,
						 .data = bytes};
		struct packet packet;

		if (segment->lost)
			continue;
		make_packet(session, shape, segment, &packet);
		packet.ip_id += i;
		if (shape->fragment > 0 && segment->len > 0) {
			add_fragments(shape, file, &packet, segment->time_ns);
			continue;
		}
		frame.captured_len =
		    packet_build(&packet, bytes, sizeof(bytes));
		add_frame(shape, file, &frame);
	}
}

void
session_capture(const struct tls_session *session,
		const struct session_shape *shape, struct pcap_file *file)
{
	const struct pcap_file_format format = {
	    .nanoseconds = true,
	    .link = (uint32_t)shape->packet.link,
	    .snaplen = shape->snaplen,
	};

	pcap_file_begin(file, &format);
	session_write(session, shape, file);
	pcap_file_end(file);
}

static void
hash_text(const uint8_t *bytes, size_t len, char text[65])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	int done;

	text[0] = '\0';
	if (len == 0)
		return;
	done = EVP_Digest(bytes, len, digest, NULL, EVP_sha256(), NULL);
	assert(done == 1);
	(void)done;
	for (int i = 0; i < 32; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
}

void
session_expect_part(const struct tls_session *session,
		    const struct results_flow *flow, int side, size_t len,
		    uint64_t records)
{
	const struct results_direction *dir = &flow->direction[side];
	char sha256[65];

	expect_count("app_bytes", dir->app_bytes, len);
	expect_count("app_records", dir->app_records, records);
	hash_text(session->plain[side], len, sha256);
	expect_text("app_sha256", dir->app_sha256, sha256);
}

void
session_expect(const struct tls_session *session,
	       const struct results_flow *flow)
{
	expect_text("keys", flow->keys, "found");
	expect_text("timed_from", flow->timed_from, "keys");
	for (int side = 0; side < 2; side++) {
		session_expect_part(session, flow, side,
				    session->plain_len[side],
				    session->data_records[side]);
		expect_count("errors", flow->direction[side].errors, 0);
		expect_count("holes", flow->direction[side].holes, 0);
	}
	expect_count("early_records", flow->direction[0].early_records,
		     session->early_records);
}
