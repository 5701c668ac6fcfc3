/*
 * bulk.c - a bulk TLS 1.3 download as a capture file, made on the spot.
 *
 * Classic pcap with nanoseconds, written record by record, so that the maker
 * itself needs no memory.  Uses the tests' builders for frames and records.
 */
#include "bench/bulk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mbuf.h"
#include "tests/support/packet.h"
#include "tests/support/tls_seal.h"
#include "traces/key_schedule.h"

enum { MSS = 1448, SECRET_BYTES = 32, SUITE = 0x1301 };

struct writer {
	FILE *out;
	uint64_t time_ns;
	uint64_t rate_bps;
	uint32_t seq[2]; /* next sequence number: client, server */
	uint8_t frame[2048];
};

static void
put_u32(FILE *out, uint32_t value)
{
	fwrite(&value, sizeof(value), 1, out);
}

/* One frame from side 0 (client) or 1 (server), and the time it takes. */
static void
put_segment(struct writer *w, int side, uint8_t flags, const uint8_t *bytes,
	    uint32_t len)
{
	struct packet packet;
	size_t size;

	packet_init(&packet);
	if (side == 1)
		packet_reverse(&packet);
	packet.th_seq = w->seq[side];
	packet.th_ack = w->seq[1 - side];
	packet.th_flags = flags;
	packet.timestamp = (flags & TH_SYN) == 0;
	packet.mss = (flags & TH_SYN) != 0 ? MSS + 12 : 0;
	packet.payload = bytes;
	packet.payload_len = len;
	size = packet_build(&packet, w->frame, sizeof(w->frame));
	put_u32(w->out, (uint32_t)(w->time_ns / 1000000000));
	put_u32(w->out, (uint32_t)(w->time_ns % 1000000000));
	put_u32(w->out, (uint32_t)size);
	put_u32(w->out, (uint32_t)size);
	fwrite(w->frame, size, 1, w->out);
	w->seq[side] += len + ((flags & (TH_SYN | TH_FIN)) != 0);
	w->time_ns +=
	    len == 0 ? 1000 : (uint64_t)len * 8000000000 / w->rate_bps;
}

static void
put_bytes(struct writer *w, int side, const uint8_t *bytes, size_t len)
{
	for (size_t off = 0; off < len; off += MSS) {
		size_t piece = len - off < MSS ? len - off : MSS;

		put_segment(w, side, TH_ACK, bytes + off, (uint32_t)piece);
	}
}

static void
put_hellos(struct writer *w, const uint8_t random[TLS_RANDOM_BYTES])
{
	uint8_t client[] = {22, 3, 1,	     0,	 52, 1,	   0,	 0, 48,
			    3,	3, [43] = 0, 0,	 2,  0x13, 0x01, 1, 0,
			    0,	5, 0,	     43, 0,  2,	   1,	 3, 4};
	uint8_t server[] = {22,	  3,	3, 0, 50, 2, 0,	 0, 46, 3, 3, [43] = 0,
			    0x13, 0x01, 0, 0, 6,  0, 43, 0, 2,	3, 4};

	memcpy(client + 11, random, TLS_RANDOM_BYTES);
	client[4] = (uint8_t)(sizeof(client) - 5);
	client[8] = (uint8_t)(sizeof(client) - 9);
	client[49] = (uint8_t)(sizeof(client) - 50);
	memset(server + 11, 0x5a, TLS_RANDOM_BYTES);
	server[4] = (uint8_t)(sizeof(server) - 5);
	server[8] = (uint8_t)(sizeof(server) - 9);
	put_bytes(w, 0, client, sizeof(client));
	put_bytes(w, 1, server, sizeof(server));
}

static int
put_records(struct writer *w, const struct bulk *bulk,
	    const struct ktls_key *key)
{
	size_t held = 0, room = MSS + TLS_SEAL_MAX;
	uint8_t *stream = malloc(room);
	uint8_t *plain = calloc(1, TLS_PLAINTEXT_MAX);
	uint64_t records = bulk->plaintext_bytes / TLS_PLAINTEXT_MAX;

	if (stream == NULL || plain == NULL) {
		free(stream);
		free(plain);
		return ENOMEM;
	}
	for (uint64_t i = 0; i < records; i++) {
		size_t whole;

		memset(plain, (int)(i & 0xff), TLS_PLAINTEXT_MAX);
		held += tls_seal_data(key, i, plain, TLS_PLAINTEXT_MAX,
				      stream + held);
		whole = i + 1 == records ? held : held - held % MSS;
		put_bytes(w, 1, stream, whole);
		memmove(stream, stream + whole, held - whole);
		held -= whole;
	}
	free(stream);
	free(plain);
	return 0;
}

static int
put_keylog(const char *path, const uint8_t *random, const uint8_t *secret)
{
	static const char *const labels[] = {"CLIENT_TRAFFIC_SECRET_0",
					     "SERVER_TRAFFIC_SECRET_0"};
	FILE *out = fopen(path, "w");

	if (out == NULL)
		return errno;
	for (int side = 0; side < 2; side++) {
		fprintf(out, "%s ", labels[side]);
		for (int i = 0; i < TLS_RANDOM_BYTES; i++)
			fprintf(out, "%02x", random[i]);
		fputc(' ', out);
		for (int i = 0; i < SECRET_BYTES; i++)
			fprintf(out, "%02x", secret[i] ^ side);
		fputc('\n', out);
	}
	return fclose(out) == 0 ? 0 : EIO;
}

int
bulk_write(const struct bulk *bulk, const char *capture, const char *keylog)
{
	static const uint32_t file_header[] = {
	    0xa1b23c4d, 0x00040002, 0, 0, 262144, TRACE_LINK_ETHERNET};
	struct writer w = {.rate_bps = bulk->rate_bps, .seq = {1000, 5000}};
	uint8_t random[TLS_RANDOM_BYTES], secret[SECRET_BYTES];
	struct ktls_key key;
	int error;

	memset(random, 0xc1, sizeof(random));
	for (int i = 0; i < SECRET_BYTES; i++)
		secret[i] = (uint8_t)((i * 7) ^ 1);
	error = tls13_record_key(tls_suite_find(SUITE), secret, sizeof(secret),
				 &key);
	for (int i = 0; i < SECRET_BYTES; i++)
		secret[i] ^= 1;
	if (error == 0)
		error = put_keylog(keylog, random, secret);
	if (error != 0)
		return error;
	w.out = fopen(capture, "wb");
	if (w.out == NULL)
		return errno;
	fwrite(file_header, sizeof(file_header), 1, w.out);
	put_segment(&w, 0, TH_SYN, NULL, 0);
	put_segment(&w, 1, TH_SYN | TH_ACK, NULL, 0);
	put_segment(&w, 0, TH_ACK, NULL, 0);
	put_hellos(&w, random);
	error = put_records(&w, bulk, &key);
	put_segment(&w, 1, TH_FIN | TH_ACK, NULL, 0);
	return fclose(w.out) == 0 && error == 0 ? 0 : EIO;
}
