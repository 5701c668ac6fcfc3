/*
 * reader.h - the application's thread of one socket, and its TLS library.
 *
 * Order of use: reader_init; reader_wake whenever the stack calls sorwakeup();
 * the reader's CPU does the rest.  reader_follow does the same at no cost for a
 * followed direction.
 */
#ifndef SIM_READER_H
#define SIM_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/event.h"
#include "sim/results.h"

struct endpoint;
struct handshake_effect;

void reader_init(struct endpoint *ep);

/* sorwakeup(): wakes a sleeping reader, whether or not there is news. */
void reader_wake(struct endpoint *ep, sim_time now);

/* A followed direction: make receive calls until nothing is left to read. */
void reader_follow(struct endpoint *ep, sim_time now);

/*
 * Enable KTLS at once, without a reader's part in it: for a flow that was
 * declared with its key.  Returns 0, EINVAL, EPROTONOSUPPORT, EOPNOTSUPP,
 * EALREADY or ENOMEM.
 */
int endpoint_install(struct endpoint *ep,
		     const struct handshake_effect *install, sim_time now);

/* One stage event into the run's digest. */
void endpoint_digest(const struct endpoint *ep, sim_time now, enum stage stage,
		     uint64_t offset, uint32_t len);
#endif
