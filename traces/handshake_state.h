/*
 * handshake_state.h - the inside of struct handshake; for handshake*.c only.
 *
 * handshake.c	      the public functions; before TLS, and records in the clear
 * handshake_hello.c  what the two hellos decide
 * handshake_effect.c install, give up, close; alerts; reasons
 * handshake_tls12.c  TLS 1.1 and 1.2: the border at ChangeCipherSpec, and
 *		      renegotiation
 * handshake_tls13.c  the protected flight, 0-RTT, and KeyUpdate
 * handshake_infer.c  the TLS 1.3 border where no secret opens the flight
 *
 * Every function that takes an output may set it; `consumed` counts from the
 * first byte that was offered.  The int-returning ones return 0 or ENOMEM.
 */
#ifndef TRACES_HANDSHAKE_STATE_H
#define TRACES_HANDSHAKE_STATE_H

#include "traces/handshake.h"
#include "traces/key_schedule.h"
#include "traces/keylog.h"
#include "traces/tls_hello.h"
#include "traces/tls_messages.h"
#include "traces/tls_open.h"

enum {
	CLIENT = FLOW_CLIENT_TO_SERVER, /* side[CLIENT]: what it sends */
	SERVER = FLOW_SERVER_TO_CLIENT,
	HANDSHAKE_REASON_BYTES = 128,
};

/* How far one direction has come. */
enum side_phase {
	SIDE_PLAIN,	/* no TLS seen yet */
	SIDE_CLEAR,	/* records of the handshake in the clear */
	SIDE_PROTECTED, /* up to 1.2: behind ChangeCipherSpec; 1.3: in the
			   flight */
	SIDE_INSTALLED, /* KTLS has taken over */
	SIDE_GAVE_UP,
};

/* How the end of a TLS 1.3 flight is found. */
enum side_flight {
	FLIGHT_UNDECIDED,
	FLIGHT_OPENED,	  /* with the handshake traffic secret */
	FLIGHT_TRIED,	  /* with the application key, record by record */
	FLIGHT_INFERRED,  /* from the lengths of the records */
	FLIGHT_NOT_TAKEN, /* an early draft: the border is here */
};

struct handshake_side {
	enum side_phase phase;
	enum side_flight flight;
	enum handshake_timed_from timed_from;
	const char *reason; /* NULL: what handshake_read_info makes of it */
	bool hole;
	bool ended;
	bool border_inferred;
	bool cut; /* the bytes offered are known up to `known` */
	size_t known;
	bool messages_lost; /* one was too long; the rest is not read */
	bool finished;	    /* the Finished was read, or inferred */
	bool coalesced;	    /* FLIGHT_INFERRED: messages share records */
	bool end_of_early;  /* FLIGHT_INFERRED: its length was seen */
	uint8_t minor;	    /* version byte of the latest record header */
	uint32_t flight_records;
	uint32_t full_records;	  /* FLIGHT_INFERRED: not in flight_records */
	uint32_t skipped_records; /* 0-RTT that nothing opened */
	struct tls_messages messages;
	struct tls_opener opener; /* FLIGHT_OPENED or FLIGHT_TRIED */
	struct ktls_key key;	  /* TLS 1.3: what KTLS will be given */
	uint8_t secret[KEYLOG_SECRET_MAX]; /* TLS 1.3 application traffic */
	size_t secret_len;		   /* 0: not known */
};

/* A renegotiation; one at a time. */
struct handshake_again {
	bool hello[2];	 /* by sender: its hello was read */
	bool waiting[2]; /* ChangeCipherSpec was read, no key given yet */
	bool keyed[2];	 /* NEXT_KEY was given */
	uint8_t random[2][TLS_HELLO_RANDOM_BYTES];
	const struct tls_suite *suite;
};

struct handshake {
	const struct keylog *keylog;
	struct aead_pool *aead;
	const struct tls_suite *assumed;
	enum ktls_suites suites;
	struct handshake_side side[2];
	struct handshake_info info; /* but for what handshake_read_info makes */
	uint8_t random[2][TLS_HELLO_RANDOM_BYTES];
	const struct tls_suite *suite; /* NULL: no ServerHello, or not known */
	const char *refusal; /* why KTLS does not take the connection over */
	char refusal_text[HANDSHAKE_REASON_BYTES];
	bool early_draft;     /* a TLS 1.3 draft of another format */
	bool hello_done;      /* ServerHelloDone was read */
	bool failed;	      /* by an alert */
	bool wrong_keys;      /* a flight's secret did not open it */
	bool early_done;      /* no more 0-RTT records come */
	bool extensions_seen; /* EncryptedExtensions */
	bool early_accepted;  /* by them */
	unsigned client_hellos;
	struct tls_opener early; /* client_early_traffic_secret */
	struct handshake_again again;
	uint8_t *scratch; /* one opened record; made on first use */
};

/* A whole record inside the offered bytes. */
struct handshake_bytes {
	const uint8_t *bytes; /* header first */
	size_t len;	      /* 5 + the length field */
};

/* handshake_effect.c */
void handshake_push(struct handshake_output *output,
		    enum handshake_effect_kind kind,
		    enum flow_direction direction, const struct ktls_key *key);
void handshake_install(struct handshake *hs, enum flow_direction direction,
		       const struct ktls_key *key,
		       struct handshake_output *output);
/* As model, or give up where the engine would drop the wire's version. */
void handshake_install_model(struct handshake *hs,
			     enum flow_direction direction, const char *reason,
			     struct handshake_output *output);
void handshake_give_up(struct handshake *hs, enum flow_direction direction,
		       const char *reason, struct handshake_output *output);
void handshake_alert(struct handshake *hs, enum flow_direction direction,
		     const uint8_t *bytes, size_t len,
		     struct handshake_output *output);
uint8_t *handshake_scratch(struct handshake *hs);
/* Free what is of no use once KTLS has taken over. */
void handshake_release(struct handshake *hs);

/* handshake_hello.c */
void handshake_client_hello(struct handshake *hs,
			    const struct tls_message *message);
/* known: bytes of the body that were captured; the others read as zero. */
void handshake_server_hello(struct handshake *hs,
			    const struct tls_message *message, size_t known);
/*
 * The reason where there are secrets, and a record does not open with the keys
 * that they give.  It may be damaged instead: one record cannot tell.
 */
#define HANDSHAKE_NOT_OPENED "wrong keys"

/* A secret of this connection; NULL with the reason why there is none. */
const uint8_t *handshake_secret(const struct handshake *hs,
				enum keylog_label label, size_t len,
				const char **reason);

/* handshake_tls12.c */
int handshake_tls12_border(struct handshake *hs, enum flow_direction direction,
			   const struct handshake_bytes *record,
			   struct handshake_output *output);
int handshake_tls12_message(struct handshake *hs, enum flow_direction direction,
			    const struct tls_message *message,
			    struct handshake_output *output);
int handshake_tls12_change(struct handshake *hs, enum flow_direction direction,
			   struct handshake_output *output);

/* handshake_tls13.c */
int handshake_tls13_record(struct handshake *hs, enum flow_direction direction,
			   const struct handshake_bytes *record,
			   struct handshake_output *output);
int handshake_tls13_update(struct handshake *hs, enum flow_direction direction,
			   struct handshake_output *output);

/* handshake_infer.c: consume one record of the flight. */
void handshake_infer(struct handshake *hs, enum flow_direction direction,
		     const struct handshake_bytes *record,
		     struct handshake_output *output);
#endif
