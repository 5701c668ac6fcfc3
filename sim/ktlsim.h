/*
 * ktlsim.h - the public interface: a TLS receive host as a library.
 *
 * Order of use:
 *   ktlsim_config_create; { ktlsim_config_set }*; ktlsim_create;
 *   { ktlsim_add_keylog, ktlsim_add_flow, ktlsim_on_deliver }*;
 *   { ktlsim_inject, ktlsim_next_time, ktlsim_run_until }*;
 *   ktlsim_finish; ktlsim_report_*; ktlsim_destroy; ktlsim_config_destroy.
 *
 * No globals: any number of simulations may live in one process, each used by
 * one thread at a time.  The library never reads the wall clock, prints
 * nothing, and never exits.  Times are picoseconds of simulated time.
 * Functions return 0 or a positive errno; where they take a struct
 * ktlsim_error, it then holds a sentence.
 */
#ifndef KTLSIM_H
#define KTLSIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define KTLSIM_API __attribute__((visibility("default")))
#else
#define KTLSIM_API
#endif

#define KTLSIM_NEVER UINT64_MAX

struct ktlsim;
struct ktlsim_config;

struct ktlsim_error {
	int code;	/* positive errno; 0: no error */
	char text[512]; /* names the place and the cure */
};

/* Directions of a flow; the client is the sender of the ClientHello. */
enum ktlsim_direction {
	KTLSIM_CLIENT_TO_SERVER = 0,
	KTLSIM_SERVER_TO_CLIENT = 1
};

/* A frame that arrives.  size = sizeof(struct ktlsim_frame). */
struct ktlsim_frame {
	size_t size;
	uint64_t time_ps;      /* start of the frame on the link, >= now */
	const uint8_t *data;   /* from the link header on; copied */
	uint32_t captured_len; /* bytes at data */
	uint32_t wire_len;     /* bytes on the wire, >= captured_len */
	int link_type;	       /* libpcap's DLT number */
};

/* Key material for one direction of a flow. size as above. */
struct ktlsim_flow {
	size_t size;
	const char *client; /* "192.0.2.1:49152", "[2001:db8::1]:49152" */
	const char *server;
	enum ktlsim_direction direction;
	uint16_t tls_version;	/* 0x0302 (CBC only), 0x0303 or 0x0304 */
	uint16_t cipher_suite;	/* IANA number */
	const uint8_t *key;	/* NULL: model mode, costs only */
	const uint8_t *iv;	/* 4 bytes (TLS 1.2 GCM, CCM) or 12; not CBC */
	uint64_t rec_seq;	/* number of the first record */
	uint32_t tcp_seq;	/* sequence number of the stream's first byte */
	const uint8_t *mac_key; /* CBC only: 20, 32 or 48 bytes */
};

/* One record that a reader has read to its end.  size is set by the library. */
struct ktlsim_record {
	size_t size;
	uint32_t flow; /* id: order of first segments */
	enum ktlsim_direction direction;
	uint64_t number;     /* TLS record number */
	uint8_t type;	     /* content type, inner for TLS 1.3 */
	uint32_t wire_bytes; /* header to tag */
	uint32_t plaintext_bytes;
	uint32_t worker; /* TLS work queue */
	/* Boundaries of the stages, in order; docs/model.md defines them. */
	uint64_t first_arrival_ps; /* last bit of its first frame */
	uint64_t assembled_ps;	   /* all its bytes had arrived */
	uint64_t arrival_ps;	   /* completing segment's last bit */
	uint64_t visible_ps;	   /* ... in host memory */
	uint64_t handler_ps;	   /* ... its handler was entered */
	uint64_t appended_ps;	   /* in the socket buffer */
	uint64_t keyed_ps;	   /* keys were installed */
	uint64_t begin_ps;	   /* the worker began it */
	uint64_t decrypted_ps;	   /* on the plain chain */
	uint64_t read_begin_ps;	   /* the receive call was entered */
	uint64_t read_end_ps;	   /* its last byte was returned */
	uint32_t marked_bytes;	   /* of wire_bytes, decrypted by the NIC */
};

/*
 * Called for every record read, at its read_end_ps; may inject, must not
 * destroy.
 */
typedef void ktlsim_deliver_fn(void *arg, const struct ktlsim_record *record);

/*
 * Called for each piece of application bytes in stream order; never in model
 * mode, nor for a flow without keys: there are no bytes then.
 */
typedef void ktlsim_data_fn(void *arg, uint32_t flow,
			    enum ktlsim_direction direction,
			    const uint8_t *bytes, size_t len);

KTLSIM_API const char *ktlsim_version(void);

/* NULL: no memory. */
KTLSIM_API struct ktlsim_config *ktlsim_config_create(void);
KTLSIM_API void ktlsim_config_destroy(struct ktlsim_config *config);

/* Set a key from text.  0, ENOENT (unknown key), EINVAL (bad value). */
KTLSIM_API int ktlsim_config_set(struct ktlsim_config *config, const char *key,
				 const char *value, struct ktlsim_error *error);

/*
 * Make a simulation; the configuration is copied.  0, EINVAL (keys that do not
 * go together), ENOMEM.
 */
KTLSIM_API int ktlsim_create(struct ktlsim **sim,
			     const struct ktlsim_config *config,
			     struct ktlsim_error *error);
KTLSIM_API void ktlsim_destroy(struct ktlsim *sim);

/*
 * Add secrets in SSLKEYLOGFILE format.  Text of a higher priority goes before
 * that of a lower.  0 or ENOMEM.
 */
KTLSIM_API int ktlsim_add_keylog(struct ktlsim *sim, const char *text,
				 size_t len, unsigned priority,
				 struct ktlsim_error *error);

/*
 * Declare one direction of a connection whose records begin with its first
 * byte.  0; EINVAL (size, addresses, direction, version, suite, key without
 * IV) or EEXIST (the direction has keys), and nothing has changed then;
 * ENOMEM, after which the flow may be listed without keys.
 */
KTLSIM_API int ktlsim_add_flow(struct ktlsim *sim,
			       const struct ktlsim_flow *flow,
			       struct ktlsim_error *error);

/* data_fn or deliver_fn may be NULL. */
KTLSIM_API void ktlsim_on_deliver(struct ktlsim *sim,
				  ktlsim_deliver_fn *deliver_fn, void *arg);
KTLSIM_API void ktlsim_on_data(struct ktlsim *sim, ktlsim_data_fn *data_fn,
			       void *arg);

/* 0; EINVAL (time before now, size, lengths); ENOMEM. */
KTLSIM_API int ktlsim_inject(struct ktlsim *sim,
			     const struct ktlsim_frame *frame,
			     struct ktlsim_error *error);

/* Time of the next event, or KTLSIM_NEVER.  Pure. */
KTLSIM_API uint64_t ktlsim_next_time(const struct ktlsim *sim);

/* Current time: that of the last event or run_until. */
KTLSIM_API uint64_t ktlsim_now(const struct ktlsim *sim);

/* Run all events with time <= time_ps; now is time_ps afterwards (not with
 * KTLSIM_NEVER, which runs until no event is left).  0 or ENOMEM. */
KTLSIM_API int ktlsim_run_until(struct ktlsim *sim, uint64_t time_ps);

/*
 * Close the books at `now` and check the end-of-run invariants.  0, or EPROTO
 * with the name of the first invariant that does not hold.
 */
KTLSIM_API int ktlsim_finish(struct ktlsim *sim, struct ktlsim_error *error);

/*
 * The result document (schema ktlsim-result-1) as a NUL-terminated string that
 * the caller frees with ktlsim_free.  0; EINVAL (not finished) or ENOMEM, and
 * *text is NULL then.
 */
KTLSIM_API int ktlsim_report_json(const struct ktlsim *sim, char **text);

/* The report for people; as above. */
KTLSIM_API int ktlsim_report_text(const struct ktlsim *sim, char **text);
KTLSIM_API void ktlsim_free(void *memory);

#ifdef __cplusplus
}
#endif
#endif
