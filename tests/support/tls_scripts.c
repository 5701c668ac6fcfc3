/*
 * tls_scripts.c - who sends what, in which order, in a TLS handshake.
 *
 * Used by the tests of the handshake and by its fuzz corpus.  RFC 5246 section
 * 7.3 and RFC 8446 section 2 are the scripts.
 */
#include "tests/support/tls_scripts.h"

#include "traces/tls_hello.h"

enum {
	CERTIFICATE = 11,
	SERVER_KEY_EXCHANGE = 12,
	CERTIFICATE_VERIFY = 15,
	CLIENT_KEY_EXCHANGE = 16,
	FLIGHT_MAX = 4096,
};

/* Handshake messages in the clear; split: in two records at an odd place. */
static void
send_clear(struct talk *talk, int direction, const uint8_t *bytes, size_t len,
	   unsigned flags)
{
	size_t cut = (flags & SCRIPT_SPLIT) != 0 ? len / 3 + 7 : 0;

	if (cut > 0)
		talk_record(talk, direction, TLS_HANDSHAKE, bytes, cut);
	talk_record(talk, direction, TLS_HANDSHAKE, bytes + cut, len - cut);
}

void
script_hellos(struct talk *talk, unsigned flags)
{
	uint8_t hello[256];
	size_t len = talk_client_hello(talk, hello);

	send_clear(talk, TALK_CLIENT, hello, len, flags);
	len = talk_server_hello(talk, hello);
	send_clear(talk, TALK_SERVER, hello, len, flags);
}

static void
tls12_finish(struct talk *talk, int direction)
{
	uint8_t finished[16];
	size_t len = talk_message(finished, TLS_FINISHED, 12);

	talk_change(talk, direction);
	talk_mark(talk, direction);
	talk_seal(talk, TALK_DATA, direction, TLS_HANDSHAKE, finished, len);
}

static void
tls12_exchange(struct talk *talk, unsigned flags)
{
	uint8_t flight[FLIGHT_MAX];
	size_t len = talk_message(flight, CERTIFICATE, 900);

	len += talk_message(flight + len, SERVER_KEY_EXCHANGE, 300);
	len += talk_message(flight + len, TLS_SERVER_HELLO_DONE, 0);
	send_clear(talk, TALK_SERVER, flight, len, flags);
	len = talk_message(flight, CLIENT_KEY_EXCHANGE, 65);
	send_clear(talk, TALK_CLIENT, flight, len, flags);
}

void
script_tls12(struct talk *talk, unsigned flags)
{
	bool abbreviated = (flags & SCRIPT_ABBREVIATED) != 0;

	script_hellos(talk, flags);
	if (!abbreviated)
		tls12_exchange(talk, flags);
	tls12_finish(talk, abbreviated ? TALK_SERVER : TALK_CLIENT);
	tls12_finish(talk, abbreviated ? TALK_CLIENT : TALK_SERVER);
	talk_data(talk, TALK_DATA, TALK_CLIENT, 100);
	talk_data(talk, TALK_DATA, TALK_SERVER, 5000);
}

/* One message per record, or all in one; split: cut at 100 bytes. */
static void
send_flight(struct talk *talk, int direction, const uint8_t *flight, size_t len,
	    unsigned flags)
{
	for (size_t at = 0; at < len;) {
		size_t step =
		    4 + (size_t)(flight[at + 2] << 8 | flight[at + 3]);

		if ((flags & SCRIPT_COALESCED) != 0)
			step = len;
		if ((flags & SCRIPT_SPLIT) != 0 && step > 100) {
			talk_seal(talk, TALK_FLIGHT, direction, TLS_HANDSHAKE,
				  flight + at, 100);
			talk_seal(talk, TALK_FLIGHT, direction, TLS_HANDSHAKE,
				  flight + at + 100, step - 100);
		} else {
			talk_seal(talk, TALK_FLIGHT, direction, TLS_HANDSHAKE,
				  flight + at, step);
		}
		at += step;
	}
}

static void
server_flight(struct talk *talk, unsigned flags)
{
	size_t hash = tls_hash_bytes(talk->suite->prf), len;
	bool accept =
	    talk->hello.early_data && (flags & SCRIPT_EARLY_REJECTED) == 0;
	uint8_t flight[FLIGHT_MAX];

	len = talk_extensions(flight, accept);
	if (!talk->hello.pre_shared_key) {
		len += talk_message(flight + len, CERTIFICATE, 900);
		len += talk_message(flight + len, CERTIFICATE_VERIFY, 260);
	}
	len += talk_message(flight + len, TLS_FINISHED, hash);
	send_flight(talk, TALK_SERVER, flight, len, flags);
	talk_mark(talk, TALK_SERVER);
}

static void
client_flight(struct talk *talk, unsigned flags)
{
	size_t hash = tls_hash_bytes(talk->suite->prf), len = 0;
	uint8_t flight[FLIGHT_MAX];

	if ((flags & SCRIPT_CERTIFICATE) != 0) {
		len += talk_message(flight + len, CERTIFICATE, 700);
		len += talk_message(flight + len, CERTIFICATE_VERIFY, 260);
	}
	len += talk_message(flight + len, TLS_FINISHED, hash);
	send_flight(talk, TALK_CLIENT, flight, len, flags);
	talk_mark(talk, TALK_CLIENT);
}

static void
early_data(struct talk *talk)
{
	talk_change(talk, TALK_CLIENT);
	talk_data(talk, TALK_EARLY, TALK_CLIENT, 300);
	talk_data(talk, TALK_EARLY, TALK_CLIENT, 400);
}

static void
tls13_rest(struct talk *talk, unsigned flags)
{
	uint8_t message[64];
	size_t len;

	talk_change(talk, TALK_SERVER);
	server_flight(talk, flags);
	if (talk->hello.early_data && (flags & SCRIPT_EARLY_REJECTED) == 0) {
		len = talk_message(message, TLS_END_OF_EARLY_DATA, 0);
		talk_seal(talk, TALK_EARLY, TALK_CLIENT, TLS_HANDSHAKE, message,
			  len);
	}
	if (!talk->hello.early_data)
		talk_change(talk, TALK_CLIENT);
	client_flight(talk, flags);
	if ((flags & SCRIPT_NO_DATA) != 0)
		return;
	talk_data(talk, TALK_DATA, TALK_CLIENT, 100);
	talk_data(talk, TALK_DATA, TALK_SERVER, 5000);
	talk_data(talk, TALK_DATA, TALK_SERVER, 0);
}

void
script_tls13(struct talk *talk, unsigned flags)
{
	script_hellos(talk, flags);
	if (talk->hello.early_data)
		early_data(talk);
	tls13_rest(talk, flags);
}

void
script_retry(struct talk *talk, unsigned flags)
{
	bool early = talk->hello.early_data;

	talk->hello.retry = true;
	script_hellos(talk, 0);
	talk_change(talk, TALK_SERVER);
	if (early)
		early_data(talk);
	talk->hello.retry = false;
	talk->hello.early_data = false;
	script_hellos(talk, 0);
	tls13_rest(talk, flags);
}

void
script_starttls(struct talk *talk, unsigned flags)
{
	static const char banner[] = "220 mail.example ESMTP\r\n"
				     "250 STARTTLS\r\n220 go\r\n\026\003";
	static const char commands[] = "EHLO client\r\nSTARTTLS\r\n";

	talk_bytes(talk, TALK_SERVER, banner, sizeof(banner) - 1);
	talk_bytes(talk, TALK_CLIENT, commands, sizeof(commands) - 1);
	script_tls13(talk, flags);
}
