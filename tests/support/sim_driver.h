/*
 * sim_driver.h - a simulation under test: keys, senders, records out.
 *
 * Order of use:
 *   sim_driver_create; { sim_sender_open }*;
 *   { sim_sender_record, sim_send, sim_driver_run_until }*;
 *   sim_driver_finish; look at driver.record and sim_driver_host;
 *   sim_driver_destroy.
 *
 * A sender is one direction of a connection: a stream of bytes, here a row of
 * TLS records in clear headers and zeros, of which any piece can be sent at
 * any time, in any order, as often as a test likes.  Times are picoseconds.
 * Whatever fails that a test does not ask for fails the test.
 */
#ifndef TESTS_SUPPORT_SIM_DRIVER_H
#define TESTS_SUPPORT_SIM_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include "sim/ktlsim.h"
#include "tests/support/packet.h"

struct results_host;

enum {
	SIM_STREAM_BYTES = 128 * 1024,
	/*
	 * Client ports whose RSS hash is 0, 1, 2, 3 modulo 4 (test_worker.c
	 * proves it): they choose receive queue and TLS worker.
	 */
	SIM_PORT_0 = 40001,
	SIM_PORT_1 = 40000,
	SIM_PORT_2 = 40009,
	SIM_PORT_3 = 40008,
};

/* One line of a configuration; a table of them ends with {NULL, NULL}. */
struct sim_key {
	const char *key;
	const char *value;
};

struct sim_driver {
	struct ktlsim *sim;
	struct ktlsim_record *record; /* as they were delivered */
	size_t records;
	size_t slots;
};

/* The sending end of one direction. */
struct sim_sender {
	struct sim_driver *driver;
	struct packet packet; /* addresses, ports, flags of its segments */
	uint32_t first_seq;   /* sequence number of the stream's first byte */
	uint32_t written;     /* bytes in `stream` */
	uint8_t stream[SIM_STREAM_BYTES];
};

/*
 * A simulation with the keys of `keys` on top of: cost.profile=unit,
 * crypto.mode=model, replay.receiver=server, link.rate=0,
 * nic.moderation=off, report.app_sha256=off.  keys may be NULL.
 */
void sim_driver_create(struct sim_driver *driver, const struct sim_key *keys);
void sim_driver_destroy(struct sim_driver *driver);

void sim_driver_run_until(struct sim_driver *driver, uint64_t time_ps);

/* Run until no event is left, and close the books: every invariant holds. */
void sim_driver_finish(struct sim_driver *driver);

/* Host `index` of a finished simulation. */
const struct results_host *sim_driver_host(struct sim_driver *driver,
					   unsigned index);

/* Order the records by flow and number instead of by delivery. */
void sim_driver_sort(struct sim_driver *driver);

/*
 * SIM_EXPECT(&driver, begin_ps, 9000000, 12000000): what the field (a number of
 * 64 bits) of all records delivered so far is, in their order.
 */
#define SIM_EXPECT(driver, field, ...)                             \
	sim_driver_expect(                                         \
	    driver, #field, offsetof(struct ktlsim_record, field), \
	    (const uint64_t[]){__VA_ARGS__},                       \
	    sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

void sim_driver_expect(const struct sim_driver *driver, const char *field,
		       size_t offset, const uint64_t *values, size_t count);

/* A counter of the host's NIC or TLS by its ethtool or sysctl name. */
uint64_t sim_driver_counter(struct sim_driver *driver, const char *name);

/*
 * Connection from 10.0.0.1:`port` to 10.0.0.2:443; the client sends, TLS 1.3
 * with AES-128-GCM, declared without a key: costs only.
 */
void sim_sender_open(struct sim_sender *sender, struct sim_driver *driver,
		     uint16_t port);

/* The same without telling the simulation of it. */
void sim_sender_init(struct sim_sender *sender, struct sim_driver *driver,
		     uint16_t port);

/* What ktlsim_add_flow is told of it; addresses are in static storage. */
struct ktlsim_flow sim_sender_flow(const struct sim_sender *sender);

/*
 * Write a record of wire_bytes, header to tag, at the end of the stream: 21
 * bytes of it are header and tag, the others are charged.  Returns its offset.
 */
uint32_t sim_sender_record(struct sim_sender *sender, uint32_t wire_bytes);

/* Write any bytes at the end of the stream.  Returns their offset. */
uint32_t sim_sender_bytes(struct sim_sender *sender, const void *bytes,
			  size_t len);

/* Bytes [offset, offset + len) of the stream as one frame on the link. */
void sim_send(struct sim_sender *sender, uint64_t time_ps, uint32_t offset,
	      uint32_t len);

/* sim_sender_record, and all of it in one frame. */
void sim_send_record(struct sim_sender *sender, uint64_t time_ps,
		     uint32_t wire_bytes);

/* A segment without payload and with these flags behind what was written. */
void sim_send_flags(struct sim_sender *sender, uint64_t time_ps, uint8_t flags);
#endif
