/*
 * reader.h - the application's thread of one socket, and its TLS library.
 *
 * Order of use, in turns that an executor gives to the reader:
 *   reader_begin; reader_copy_out; reader_done; while reader_has_news another.
 * Access: begin and done need the endpoint to themselves, and its peer too
 * where the TLS libraries of both ends meet (reader_meets_peer); copy_out needs
 * the reader alone.  reader_follow takes all turns of a followed direction.
 */
#ifndef SIM_READER_H
#define SIM_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/event.h"
#include "sim/results.h"

struct endpoint;
struct handshake_effect;

/* Make this turn's receive calls, which are entered at `now`. */
void reader_begin(struct endpoint *ep, sim_time now);

/* Hand on the application bytes that were gathered, if any. */
void reader_copy_out(struct endpoint *ep);

/* Act on what was read: the calls return at `now`. */
void reader_done(struct endpoint *ep, sim_time now);

/* There is something that another call would return. */
bool reader_has_news(const struct endpoint *ep);

/* The next of reader_begin and reader_done may touch the peer's socket. */
bool reader_meets_peer(const struct endpoint *ep);

/*
 * The parts of a receive call that decrypts (reader_call.c): enter it; take
 * what one record has, at most `room` bytes, into reader.got; whether that was
 * the record's end; and return from it, having been entered at entered_ps, with
 * the last bytes of `ended` records and with a part of another.
 */
void reader_enter(struct endpoint *ep);
void reader_take(struct endpoint *ep, uint32_t room);
bool reader_got_end(const struct endpoint *ep);
void reader_return(struct endpoint *ep, sim_time entered_ps, uint32_t ended,
		   bool part, sim_time now);

/* A followed direction: make receive calls until nothing is left to read. */
void reader_follow(struct endpoint *ep, sim_time now);

/*
 * Enable KTLS at once, without a reader's part in it: for a flow that was
 * declared with its key.  Returns 0, EINVAL, EPROTONOSUPPORT, EOPNOTSUPP,
 * EALREADY or ENOMEM.
 */
int endpoint_install(struct endpoint *ep,
		     const struct handshake_effect *install, sim_time now);

/* One stage event into the run's digest, in virtual time. */
void endpoint_digest(const struct endpoint *ep, sim_time now, enum stage stage,
		     uint64_t offset, uint32_t len);
#endif
