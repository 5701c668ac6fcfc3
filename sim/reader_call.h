/*
 * reader_call.h - a receive call that decrypts, in virtual time.
 *
 * With ktls.decrypt_in=reader.  Order of use, by the reader's task: where
 * reader_call_due, { reader_call_begin; reader_call_done }* as steps of its CPU
 * until reader_call_done says that the call has returned.
 */
#ifndef SIM_READER_CALL_H
#define SIM_READER_CALL_H

#include <stdbool.h>

#include "sim/event.h"

struct endpoint;

/* Give the reader of an endpoint that has a host its calls.  0 or ENOMEM. */
int reader_call_attach(struct endpoint *ep);

/* Legal without attach. */
void reader_call_detach(struct endpoint *ep);

/* A complete record waits: wake the reader, who will decrypt it. */
void reader_call_queue(struct endpoint *ep, sim_time now);

/* A record waits to be decrypted by the next call. */
bool reader_call_has_work(const struct endpoint *ep);

/* A call is under way. */
bool reader_call_is_open(const struct endpoint *ep);

/* A call is under way, or the next turn of the reader is one. */
bool reader_call_due(const struct endpoint *ep);

/* The next step of a call, which is entered with the first one; its price. */
sim_time reader_call_begin(struct endpoint *ep, sim_time now);

/* The step is over.  True: another one follows.  False: the call returned. */
bool reader_call_done(struct endpoint *ep, sim_time now);
#endif
