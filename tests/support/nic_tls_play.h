/*
 * nic_tls_play.h - packets of a known stream into a TLS context, checked.
 *
 * After each packet: a marked one has the bytes of the plain image, any other
 * those it was sent with.  Kept: for each byte of the stream, the mark of the
 * copy that arrived first, as a receiver keeps it.
 */
#ifndef TESTS_SUPPORT_NIC_TLS_PLAY_H
#define TESTS_SUPPORT_NIC_TLS_PLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "nicmodel/nic_tls.h"
#include "tests/support/tls_image.h"

struct mbuf_pool;

enum { PLAY_PATTERN_MAX = 4096 };

struct nic_tls_play {
	struct mbuf_pool *pool;
	struct nic_tls tls;
	struct nic_tls_counters counters;
	struct tls_image image;
	struct ktls_key key;
	uint32_t base;	  /* sequence number of offset 0 */
	uint32_t snap;	  /* bytes of a packet that are known; 0: all */
	bool chains;	  /* packets of two mbufs */
	uint32_t packets; /* so far */
	uint32_t rekeyed; /* offset from which on records have another key */
	uint32_t authenticated;
	uint8_t flip[TLS_IMAGE_BYTES];	  /* what is wrong on the wire now */
	char mark[TLS_IMAGE_BYTES];	  /* 'D', 'E', or 0: not arrived */
	uint32_t packet[TLS_IMAGE_BYTES]; /* that brought the byte */
	bool bad[TLS_IMAGE_BYTES];	  /* and it was wrong */
};

/* The tests' one play, with a pool and without a context. */
struct nic_tls_play *play_create(void);
void play_destroy(struct nic_tls_play *play);

/* A key of this version and length, and an empty image from record `first`. */
void play_image(struct nic_tls_play *play, enum tls_version version,
		uint8_t key_len, uint64_t first);

/*
 * Bytes [start, end) of the stream as one packet.  Fails the test where the
 * bytes are not right afterwards.
 */
struct nic_tls_result play_packet(struct nic_tls_play *play, uint32_t start,
				  uint32_t end);

/* An answer for record i with its true number. */
bool play_answer(struct nic_tls_play *play, uint32_t record);

/*
 * The marks of each record's packets as "DDE ED": a letter for each packet that
 * brought bytes of it, '.' for bytes that are missing; up to the last byte that
 * has come.
 */
const char *play_pattern(const struct nic_tls_play *play);

/* No record that is all marked has a wrong byte. */
void play_check_full(const struct nic_tls_play *play);
#endif
