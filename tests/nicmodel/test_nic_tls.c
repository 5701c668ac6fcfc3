/*
 * test_nic_tls.c - inline TLS receive as scenarios that can be read.
 *
 * Unless it says otherwise a scenario has records of 1000 bytes on the wire,
 * record r at stream offsets [1000 r, 1000 r + 1000).  A line is
 *
 *	{PKT, start, end, mark, row, state}	bytes [start, end) arrive
 *
 * with the mark expected (D decrypted, E as on the wire, R the same with a
 * RESYNC indication, F the same with an authentication failure), the row of the
 * transition table, and what a query reads afterwards: ST start, OF offloading,
 * AU the same inside a tag, SE searching, UN unconfirmed with a candidate.  The
 * last string has, for each record, the marks of the packets that brought it.
 *
 * Each is played with bytes and in the model, with TLS 1.2 and 1.3 and both key
 * lengths, and with sequence numbers that wrap.
 */
#include "nicmodel/nic_tls.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/nic_tls_play.h"
#include "tests/support/suite_table.h"
#include "tests/support/tls_seal.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

#define ORDER	NIC_TLS_CASE_IN_ORDER
#define EARLY	NIC_TLS_CASE_EARLY
#define BADHEAD NIC_TLS_CASE_BAD_HEADER
#define BADTAG	NIC_TLS_CASE_TAG_MISMATCH
#define OLD	NIC_TLS_CASE_OLD
#define OVERLAP NIC_TLS_CASE_OVERLAP
#define BEFORE	NIC_TLS_CASE_BEFORE_BOUNDARY
#define INSIDE	NIC_TLS_CASE_HEADER_INSIDE
#define LOST	NIC_TLS_CASE_HEADER_LOST
#define SPLIT	NIC_TLS_CASE_HEADER_SPLIT
#define OVER	NIC_TLS_CASE_NUMBERS_OVER
#define SEARCH	NIC_TLS_CASE_SEARCHING
#define FOUND	NIC_TLS_CASE_CANDIDATE
#define CHAIN	NIC_TLS_CASE_CHAIN
#define BROKEN	NIC_TLS_CASE_CHAIN_BROKEN
#define NONE	0

#define D	NIC_TLS_DECRYPTED
#define E	NIC_TLS_ENCRYPTED
#define R	NIC_TLS_RESYNC
#define F	NIC_TLS_AUTH_FAIL

enum {
	RECORDS = 8,
	RECORD_BYTES = 1000,
	STEPS_MAX = 16,
	KINDS = 4,
};

enum state { ST, OF, AU, SE, UN };

enum step_kind {
	END,
	PKT,	/* bytes [a, b) */
	ANSWER, /* for record a, with its number; b: whether it is taken */
	HINT,	/* the same, of the core-driven protocol */
	FLIP,	/* from now on byte a is sent with the bits of b changed */
	RESET,	/* of the device */
};

struct step {
	enum step_kind kind;
	uint32_t a, b;
	enum nic_tls_verdict mark;
	enum nic_tls_case row;
	enum state state;
};

struct scenario {
	const char *name;
	struct step steps[STEPS_MAX];
	const char *records;
	uint32_t authenticated; /* records whose tag was verified */
	struct nic_tls_params options;
	uint32_t start;	    /* offset given at install */
	uint32_t start_rec; /* and its record */
	uint64_t first;	    /* number of record 0 */
	uint32_t rekey_rec; /* from which on another key is used; 0: none */
	uint32_t plant_at;  /* offset of planted bytes; 0: none */
	uint8_t plant[TLS_HEADER_BYTES];
};

static const struct scenario scenarios[] = {
    /* --- section 1.4, OFFLOAD, row by row ----------------------------- */
    {.name = "in order",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 400, 800, D, ORDER, OF},
	       {PKT, 800, 1200, D, ORDER, OF},
	       {PKT, 1200, 3600, D, ORDER, OF}},
     .records = "DDD DD D D",
     .authenticated = 3},
    {.name = "a packet that ends inside the tag",
     .steps = {{PKT, 0, 984, D, ORDER, OF},
	       {PKT, 984, 990, D, ORDER, AU},
	       {PKT, 990, 999, D, ORDER, AU},
	       {PKT, 999, 1400, D, ORDER, OF}},
     .records = "DDDD D",
     .authenticated = 1},
    {.name = "a record that ends with its packet",
     .steps = {{PKT, 0, 1000, D, ORDER, OF},
	       {PKT, 1000, 1500, D, ORDER, OF},
	       {PKT, 1500, 2000, D, ORDER, OF},
	       {PKT, 2000, 2005, D, ORDER, OF},
	       {PKT, 2005, 3000, D, ORDER, OF}},
     .records = "D DD DD",
     .authenticated = 3},
    {.name = "bad header: type",
     .steps = {{.kind = FLIP, .a = 1000, .b = 0x80},
	       {PKT, 0, 800, D, ORDER, OF},
	       {PKT, 800, 1200, E, BADHEAD, SE},
	       {PKT, 1200, 1900, E, SEARCH, SE},
	       {PKT, 1900, 2500, R, FOUND, UN}},
     .records = "DE EEE E",
     .authenticated = 1},
    {.name = "bad header: major version",
     .steps = {{.kind = FLIP, .a = 1001, .b = 0x01},
	       {PKT, 0, 800, D, ORDER, OF},
	       {PKT, 800, 1200, E, BADHEAD, SE}},
     .records = "DE E",
     .authenticated = 1},
    {.name = "bad header: minor version, in the next packet",
     .steps = {{.kind = FLIP, .a = 1002, .b = 0x02},
	       {PKT, 0, 1001, D, ORDER, OF},
	       {PKT, 1001, 1200, E, BADHEAD, SE}},
     .records = "D DE",
     .authenticated = 1},
    {.name = "bad header: too long, and the next one in the same packet",
     .steps = {{.kind = FLIP, .a = 1003, .b = 0x80},
	       {PKT, 0, 800, D, ORDER, OF},
	       {PKT, 800, 2200, R, BADHEAD, UN},
	       {ANSWER, 2, 1, 0, NONE, OF},
	       {PKT, 2200, 3200, E, INSIDE, OF},
	       {PKT, 3200, 4200, D, ORDER, OF}},
     .records = "DE E EE ED D",
     .authenticated = 2},
    {.name = "bad header: shorter than a nonce and a tag",
     .steps = {{.kind = FLIP, .a = 1003, .b = 0x03},
	       {.kind = FLIP, .a = 1004, .b = 0xef},
	       {PKT, 0, 800, D, ORDER, OF},
	       {PKT, 800, 1200, E, BADHEAD, SE}},
     .records = "DE E",
     .authenticated = 1},
    {.name = "bad header: another one begins at its second byte",
     .steps = {{.kind = FLIP, .a = 1000, .b = 0x74}, /* 99, 23, 3, 3, 1, ... */
	       {.kind = FLIP, .a = 1001, .b = 0x14},
	       {.kind = FLIP, .a = 1004, .b = 0xe2},
	       {PKT, 0, 800, D, ORDER, OF},
	       {PKT, 800, 1010, R, BADHEAD, UN}},
     .records = "DE E",
     .authenticated = 1},
    {.name = "tag mismatch: the text, in a packet marked before",
     .steps = {{.kind = FLIP, .a = 300, .b = 0x10},
	       {PKT, 0, 400, D, ORDER, OF},
	       {PKT, 400, 800, D, ORDER, OF},
	       {PKT, 800, 1200, F, BADTAG, SE},
	       {PKT, 1200, 1900, E, CHAIN, SE},
	       {PKT, 1900, 2500, R, FOUND, UN},
	       {ANSWER, 2, 1, 0, NONE, OF},
	       {PKT, 2500, 3300, E, INSIDE, OF},
	       {PKT, 3300, 4300, D, ORDER, OF}},
     .records = "DDE EEE EE ED D",
     .authenticated = 1},
    {.name = "tag mismatch: the tag itself; lengths are followed on",
     .steps = {{.kind = FLIP, .a = 999, .b = 0x01},
	       {PKT, 0, 400, D, ORDER, OF},
	       {PKT, 400, 2200, F, BADTAG, SE},
	       {PKT, 2600, 2800, E, CHAIN, SE},
	       {PKT, 2900, 3100, R, FOUND, UN}},
     .records = "DE E E.E.E E"},
    {.name = "tag mismatch: a nonce or the text's first bytes, whole record",
     .steps = {{.kind = FLIP, .a = 1012, .b = 0x40},
	       {PKT, 0, 1000, D, ORDER, OF},
	       {PKT, 1000, 2000, F, BADTAG, SE},
	       {PKT, 2000, 2500, R, FOUND, UN},
	       {ANSWER, 2, 1, 0, NONE, OF},
	       {PKT, 2500, 3000, E, BEFORE, OF},
	       {PKT, 3000, 4000, D, ORDER, OF}},
     .records = "D E EE D",
     .authenticated = 2},
    {.name = "tag mismatch, then the chain breaks in the same packet",
     .steps = {{.kind = FLIP, .a = 500, .b = 0x01},
	       {.kind = FLIP, .a = 1001, .b = 0x04},
	       {PKT, 0, 2200, F, BADTAG, SE},
	       {PKT, 2200, 3200, R, FOUND, UN}},
     .records = "E E EE E"},
    {.name = "tag mismatch, and half of the next header in the same packet",
     .steps = {{.kind = FLIP, .a = 300, .b = 0x10},
	       {PKT, 0, 1003, F, BADTAG, SE},
	       {PKT, 1003, 1900, E, CHAIN, SE},
	       {PKT, 1900, 2500, R, FOUND, UN}},
     .records = "E EEE E"},
    {.name = "old: duplicates of one packet and of several",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 0, 400, E, OLD, OF},
	       {PKT, 400, 800, D, ORDER, OF},
	       {PKT, 200, 800, E, OLD, OF},
	       {PKT, 0, 100, E, OLD, OF},
	       {PKT, 800, 1200, D, ORDER, OF}},
     .records = "DDD D",
     .authenticated = 1},
    {.name = "overlap is unmarked, and the next packet looks like a gap",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 200, 600, E, OVERLAP, OF},
	       {PKT, 600, 1200, E, INSIDE, OF},
	       {PKT, 1200, 2200, D, ORDER, OF}},
     .records = "DEE ED D",
     .authenticated = 1},
    {.name = "overlap: the new part is processed where that is chosen",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 200, 600, E, OVERLAP, OF},
	       {PKT, 600, 1200, D, ORDER, OF},
	       {PKT, 1100, 2200, E, OVERLAP, OF},
	       {PKT, 2200, 3200, D, ORDER, OF}},
     .records = "DED DE ED D",
     .authenticated = 3,
     .options = {.overlap = true}},
    {.name = "gap before the boundary: blind until it, no resync",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 600, 700, E, BEFORE, OF},
	       {PKT, 700, 800, E, BEFORE, OF},
	       {PKT, 850, 950, E, BEFORE, OF},
	       {PKT, 400, 600, E, OLD, OF},
	       {PKT, 950, 1300, E, INSIDE, OF},
	       {PKT, 1300, 2100, D, ORDER, OF},
	       {PKT, 800, 850, E, OLD, OF},
	       {PKT, 2100, 3000, D, ORDER, OF}},
     .records = "DEEEEEE ED DD",
     .authenticated = 2},
    {.name = "gap up to the packet that ends with the record",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 700, 1000, E, BEFORE, OF},
	       {PKT, 1000, 1400, D, ORDER, OF},
	       {PKT, 1400, 2400, D, ORDER, OF}},
     .records = "D.E DD D",
     .authenticated = 1},
    {.name = "gap up to a packet that begins with a record",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 1000, 1400, E, INSIDE, OF},
	       {PKT, 1400, 2400, D, ORDER, OF}},
     .records = "D. ED D",
     .authenticated = 1},
    {.name = "the same where such packets are marked",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 1000, 1400, D, INSIDE, OF},
	       {PKT, 1500, 2400, E, INSIDE, OF}},
     .records = "D. D.E E",
     .options = {.aligned = true}},
    {.name = "header inside the packet behind the hole",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 800, 1200, E, INSIDE, OF},
	       {PKT, 1200, 1600, D, ORDER, OF},
	       {PKT, 1600, 2000, D, ORDER, OF},
	       {PKT, 400, 800, E, OLD, OF}},
     .records = "DEE EDD",
     .authenticated = 1},
    {.name = "two of the header's bytes inside, three in the next packet",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 600, 1002, E, INSIDE, OF},
	       {PKT, 1002, 1400, D, ORDER, OF},
	       {PKT, 1400, 2400, D, ORDER, OF}},
     .records = "D.E EDD D",
     .authenticated = 1},
    {.name = "two headers in the packet behind the hole",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 800, 2200, E, INSIDE, OF},
	       {PKT, 2200, 3200, D, ORDER, OF}},
     .records = "D.E E ED D",
     .authenticated = 2},
    {.name = "header lost: resync, from first candidate to full records",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 1200, 1600, E, LOST, SE},
	       {PKT, 1600, 2100, R, FOUND, UN},
	       {PKT, 2100, 2600, E, CHAIN, UN},
	       {PKT, 2600, 3100, E, CHAIN, UN},
	       {ANSWER, 2, 1, 0, NONE, OF},
	       {PKT, 3100, 3600, E, BEFORE, OF},
	       {PKT, 3600, 4100, E, INSIDE, OF},
	       {PKT, 4100, 4600, D, ORDER, OF},
	       {PKT, 400, 1200, E, OLD, OF},
	       {PKT, 4600, 6000, D, ORDER, OF}},
     .records = "DE EEE EEE EEE EDD D",
     .authenticated = 2},
    {.name = "header lost between two records",
     .steps = {{PKT, 0, 1000, D, ORDER, OF}, {PKT, 1100, 1600, E, LOST, SE}},
     .records = "D .E",
     .authenticated = 1},
    {.name = "header split: a hole within its bytes",
     .steps = {{PKT, 0, 1002, D, ORDER, OF},
	       {PKT, 1004, 1400, E, SPLIT, SE},
	       {PKT, 1400, 2005, R, FOUND, UN}},
     .records = "D D.EE E",
     .authenticated = 1},

    /* --- section 1.5 --------------------------------------------------- */
    {.name = "one mid-record packet lost: two mixed records, no resync",
     .steps = {{PKT, 0, 250, D, ORDER, OF},
	       {PKT, 500, 750, E, BEFORE, OF},
	       {PKT, 750, 1050, E, INSIDE, OF},
	       {PKT, 250, 500, E, OLD, OF},
	       {PKT, 1050, 1550, D, ORDER, OF},
	       {PKT, 1550, 2050, D, ORDER, OF},
	       {PKT, 2050, 3050, D, ORDER, OF}},
     .records = "DEEE EDD DD D",
     .authenticated = 2},
    {.name = "two adjacent packets swapped inside a record",
     .steps = {{PKT, 0, 300, D, ORDER, OF},
	       {PKT, 600, 900, E, BEFORE, OF},
	       {PKT, 300, 600, E, OLD, OF},
	       {PKT, 900, 1200, E, INSIDE, OF},
	       {PKT, 1200, 2200, D, ORDER, OF}},
     .records = "DEEE ED D",
     .authenticated = 1},
    {.name = "two adjacent packets swapped at a boundary",
     .steps = {{PKT, 0, 600, D, ORDER, OF},
	       {PKT, 900, 1200, E, INSIDE, OF},
	       {PKT, 600, 900, E, OLD, OF},
	       {PKT, 1200, 2200, D, ORDER, OF}},
     .records = "DEE ED D",
     .authenticated = 1},
    {.name = "swapped, and the header was in the first one",
     .steps = {{PKT, 0, 900, D, ORDER, OF},
	       {PKT, 1200, 1500, E, LOST, SE},
	       {PKT, 900, 1200, R, FOUND, UN},
	       {PKT, 1500, 1800, E, CHAIN, UN},
	       {ANSWER, 1, 1, 0, NONE, OF},
	       {PKT, 1800, 2100, E, INSIDE, OF},
	       {PKT, 2100, 3100, D, ORDER, OF}},
     .records = "DE EEEE ED D",
     .authenticated = 1},
    {.name = "a retransmission fills the hole: never marked",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 800, 1200, E, INSIDE, OF},
	       {PKT, 400, 800, E, OLD, OF},
	       {PKT, 400, 800, E, OLD, OF},
	       {PKT, 1200, 2200, D, ORDER, OF}},
     .records = "DEE ED D",
     .authenticated = 1},
    {.name = "a burst longer than a record is lost",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 3400, 3800, E, LOST, SE},
	       {PKT, 3800, 4200, R, FOUND, UN},
	       {ANSWER, 4, 1, 0, NONE, OF},
	       {PKT, 4200, 5000, E, BEFORE, OF},
	       {PKT, 5000, 6000, D, ORDER, OF}},
     .records = "D. . . .EE EE D",
     .authenticated = 1},

    /* --- the patterns that XLIO sees from hardware --------------------- */
    {.name = "EDDD and its tag is verified, then EDEE, EEEE, EDDD, DDEE",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 900, 1300, E, INSIDE, OF}, /* EDDD of record 1 */
	       {PKT, 1300, 1600, D, ORDER, OF},
	       {PKT, 1600, 1900, D, ORDER, OF},
	       {PKT, 1900, 2000, D, ORDER, OF},
	       {PKT, 2000, 2250, D, ORDER, OF}, /* DDEE of record 2 */
	       {PKT, 2250, 2500, D, ORDER, OF},
	       {PKT, 2600, 2750, E, BEFORE, OF},
	       {PKT, 2750, 3250, E, INSIDE, OF}, /* EDEE of record 3 */
	       {PKT, 3250, 3500, D, ORDER, OF},
	       {PKT, 3600, 3750, E, BEFORE, OF},
	       {PKT, 3750, 4000, E, BEFORE, OF}},
     .records = "D.E EDDD DD.EE ED.EE",
     .authenticated = 1},
    {.name = "EEEE: a record that is passed while searching",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 1100, 1300, E, LOST, SE},
	       {PKT, 1300, 2000, E, SEARCH, SE},
	       {PKT, 2000, 2250, R, FOUND, UN},
	       {PKT, 2250, 2500, E, CHAIN, UN},
	       {PKT, 2500, 2750, E, CHAIN, UN},
	       {PKT, 2750, 3000, E, CHAIN, UN}},
     .records = "D. .EE EEEE"},
    {.name = "EDDF: a wrong byte in the part that was passed through",
     .steps = {{.kind = FLIP, .a = 1100, .b = 0x20},
	       {PKT, 0, 400, D, ORDER, OF},
	       {PKT, 900, 1300, E, INSIDE, OF},
	       {PKT, 1300, 1600, D, ORDER, OF},
	       {PKT, 1600, 1900, D, ORDER, OF},
	       {PKT, 1900, 2000, F, BADTAG, SE}},
     .records = "D.E EDDE"},
    {.name = "a wrong byte in a record that is not verified",
     .steps = {{.kind = FLIP, .a = 700, .b = 0x20},
	       {PKT, 0, 400, D, ORDER, OF},
	       {PKT, 500, 1300, E, INSIDE, OF},
	       {PKT, 1300, 2000, D, ORDER, OF}},
     .records = "D.E ED",
     .authenticated = 1},

    /* --- section 1.4, SEARCHING, unconfirmed, answers ------------------ */
    {.name = "the header found lies across two packets",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 1200, 2003, E, LOST, SE},
	       {PKT, 2003, 2500, R, FOUND, UN},
	       {ANSWER, 2, 1, 0, NONE, OF},
	       {PKT, 2500, 3500, E, INSIDE, OF},
	       {PKT, 3500, 4500, D, ORDER, OF}},
     .records = "D. .E EEE ED D",
     .authenticated = 1},
    {.name = "half a header is forgotten across a hole",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 1200, 2003, E, LOST, SE},
	       {PKT, 1500, 1600, E, SEARCH, SE},
	       {PKT, 2003, 2500, E, SEARCH, SE},
	       {PKT, 2500, 3500, R, FOUND, UN}},
     .records = "D. .E EEE E"},
    {.name = "a search waits until more than a record has passed",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 1200, 2200, E, LOST, SE},
	       {PKT, 2200, 3200, E, SEARCH, SE},
	       {PKT, 3200, 4200, R, FOUND, UN},
	       {PKT, 5200, 5500, E, BROKEN, SE},
	       {PKT, 5500, 6200, R, FOUND, UN}},
     .records = "D. .E EE EE E. .EE E",
     .options = {.scan_delay = 2500}},
    {.name = "unconfirmed: holes and duplicates as in a record in progress",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 1200, 2200, R, LOST, UN},
	       {PKT, 2500, 2700, E, CHAIN, UN},
	       {PKT, 2200, 2500, E, OLD, UN},
	       {PKT, 2600, 2900, E, OVERLAP, UN},
	       {PKT, 2900, 3300, E, CHAIN, UN},
	       {ANSWER, 2, 1, 0, NONE, OF},
	       {PKT, 3300, 4300, E, INSIDE, OF},
	       {PKT, 4300, 5300, D, ORDER, OF}},
     .records = "D. .E EEEEE EE ED D",
     .authenticated = 1},
    {.name = "unconfirmed: a header is lost, the old answer is refused",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 1200, 2200, R, LOST, UN},
	       {PKT, 3200, 3400, E, BROKEN, SE},
	       {ANSWER, 2, 0, 0, NONE, SE},
	       {PKT, 3400, 4100, R, FOUND, UN},
	       {ANSWER, 2, 0, 0, NONE, UN},
	       {ANSWER, 3, 0, 0, NONE, UN},
	       {ANSWER, 4, 1, 0, NONE, OF},
	       {ANSWER, 4, 0, 0, NONE, OF}},
     .records = "D. .E E. .EE E"},
    {.name = "unconfirmed: a bad header breaks the chain",
     .steps = {{.kind = FLIP, .a = 3002, .b = 0x07},
	       {PKT, 0, 400, D, ORDER, OF},
	       {PKT, 1200, 2200, R, LOST, UN},
	       {PKT, 2200, 3200, E, BROKEN, SE},
	       {PKT, 3200, 4200, R, FOUND, UN}},
     .records = "D. .E EE EE E"},
    {.name = "the answer comes between two records",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 1200, 2200, R, LOST, UN},
	       {PKT, 2200, 4000, E, CHAIN, UN},
	       {ANSWER, 2, 1, 0, NONE, OF},
	       {PKT, 4000, 5000, D, ORDER, OF}},
     .records = "D. .E EE E D",
     .authenticated = 1},
    {.name = "the answer comes within a header",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 1200, 2200, R, LOST, UN},
	       {PKT, 2200, 3003, E, CHAIN, UN},
	       {ANSWER, 2, 1, 0, NONE, OF},
	       {PKT, 3003, 5000, D, ORDER, OF}},
     .records = "D. .E EE ED D",
     .authenticated = 2},
    {.name = "a candidate inside application data dies by its chain",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 1200, 1600, R, LOST, UN},
	       {ANSWER, 1, 0, 0, NONE, UN},
	       {PKT, 1600, 1900, E, BROKEN, SE},
	       {ANSWER, 1, 0, 0, NONE, SE},
	       {PKT, 1900, 2300, R, FOUND, UN},
	       {ANSWER, 2, 1, 0, NONE, OF}},
     .records = "D. .EEE E",
     .plant_at = 1500,
     .plant = {23, 3, 3, 0, 200}},
    {.name = "a false candidate dies in the packet that has the true one",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 1200, 2300, R, LOST, UN},
	       {ANSWER, 2, 1, 0, NONE, OF}},
     .records = "D. .E E",
     .plant_at = 1500,
     .plant = {22, 3, 3, 0, 100}},
    {.name = "strict: version bytes alone are no header",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 1200, 1600, E, LOST, SE},
	       {PKT, 1600, 2300, R, FOUND, UN},
	       {ANSWER, 2, 1, 0, NONE, OF}},
     .records = "D. .EE E",
     .plant_at = 1500,
     .plant = {99, 3, 3, 0xff, 0xff}},
    {.name = "loose: they are, and 64 KiB are followed in vain",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 1200, 1600, R, LOST, UN},
	       {PKT, 1600, 2300, E, CHAIN, UN},
	       {ANSWER, 2, 0, 0, NONE, UN},
	       {PKT, 2300, 8000, E, CHAIN, UN}},
     .records = "D. .EE EE E E E E E",
     .options = {.matcher = NIC_TLS_LOOSE},
     .plant_at = 1500,
     .plant = {99, 3, 3, 0xff, 0xff}},
    {.name = "loose: a record of no length",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 1200, 1600, E, LOST, SE},
	       {PKT, 1600, 2300, R, FOUND, UN},
	       {ANSWER, 2, 1, 0, NONE, OF}},
     .records = "D. .EE E",
     .options = {.matcher = NIC_TLS_LOOSE},
     .plant_at = 1500,
     .plant = {99, 3, 3, 0, 0}},
    {.name = "what was marked once is not processed a second time",
     .steps = {{PKT, 0, 1500, D, ORDER, OF},
	       {PKT, 3500, 3600, E, LOST, SE},
	       {PKT, 900, 1100, R, FOUND, UN},
	       {ANSWER, 1, 1, 0, NONE, OF},
	       {PKT, 1100, 1900, E, BEFORE, OF},
	       {PKT, 1900, 2400, E, INSIDE, OF},
	       {PKT, 2400, 3500, D, ORDER, OF}},
     .records = "D DEE ED DE",
     .authenticated = 2},
    {.name = "nor is a record that begins in front of what was marked",
     .steps = {{PKT, 0, 2500, D, ORDER, OF},
	       {PKT, 4500, 4600, E, LOST, SE},
	       {PKT, 900, 1100, R, FOUND, UN},
	       {ANSWER, 1, 1, 0, NONE, OF},
	       {PKT, 1100, 2700, E, INSIDE, OF},
	       {PKT, 2700, 3500, E, INSIDE, OF},
	       {PKT, 3500, 4500, D, ORDER, OF}},
     .records = "D D DEE ED DE",
     .authenticated = 3},

    /* --- install, core-driven protocol, reset, keys, numbers ----------- */
    {.name = "install ahead of the stream",
     .steps = {{PKT, 0, 400, E, EARLY, ST},
	       {PKT, 400, 1000, E, EARLY, ST},
	       {PKT, 1000, 1400, D, ORDER, OF}},
     .records = "EE D",
     .start = 1000,
     .start_rec = 1},
    {.name = "install ahead, inside a packet",
     .steps = {{PKT, 0, 400, E, EARLY, ST},
	       {PKT, 400, 1400, E, INSIDE, OF},
	       {PKT, 1400, 2400, D, ORDER, OF}},
     .records = "EE ED D",
     .authenticated = 1,
     .start = 1000,
     .start_rec = 1},
    {.name = "install with data already queued: resync at once",
     .steps = {{PKT, 1400, 1700, E, LOST, SE},
	       {PKT, 1700, 2400, R, FOUND, UN},
	       {ANSWER, 2, 1, 0, NONE, OF},
	       {PKT, 2400, 3400, E, INSIDE, OF},
	       {PKT, 3400, 4400, D, ORDER, OF}},
     .records = ". .EE EE ED D",
     .authenticated = 1},
    {.name = "core-driven: no search; it starts exactly where it is told",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {HINT, 2, 0, 0, NONE, OF},
	       {PKT, 1200, 2400, E, LOST, SE},
	       {PKT, 2400, 2700, E, SEARCH, SE},
	       {HINT, 5, 1, 0, NONE, ST},
	       {HINT, 4, 1, 0, NONE, ST},
	       {PKT, 2700, 3700, E, EARLY, ST},
	       {PKT, 3700, 4300, E, INSIDE, OF},
	       {PKT, 4300, 5300, D, ORDER, OF}},
     .records = "D. .E EEE EE ED D",
     .authenticated = 1,
     .options = {.matcher = NIC_TLS_NONE}},
    {.name = "core-driven: a hint that comes too late",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {PKT, 1200, 2400, E, LOST, SE},
	       {HINT, 2, 1, 0, NONE, ST},
	       {PKT, 2400, 2700, E, LOST, SE},
	       {HINT, 3, 1, 0, NONE, ST},
	       {PKT, 3000, 3400, D, ORDER, OF}},
     .records = "D. .E EE. D",
     .options = {.matcher = NIC_TLS_NONE}},
    {.name = "core-driven: a wrong tag waits for a hint as well",
     .steps = {{.kind = FLIP, .a = 500, .b = 0x80},
	       {PKT, 0, 1400, F, BADTAG, SE},
	       {PKT, 1400, 2400, E, SEARCH, SE},
	       {HINT, 3, 1, 0, NONE, ST},
	       {PKT, 2400, 3000, E, EARLY, ST},
	       {PKT, 3000, 4000, D, ORDER, OF}},
     .records = "E EE EE D",
     .authenticated = 1,
     .options = {.matcher = NIC_TLS_NONE}},
    {.name = "device reset inside a record",
     .steps = {{PKT, 0, 400, D, ORDER, OF},
	       {RESET, 0, 0, 0, NONE, SE},
	       {PKT, 400, 800, E, SEARCH, SE},
	       {PKT, 800, 1400, R, FOUND, UN},
	       {RESET, 0, 0, 0, NONE, SE},
	       {ANSWER, 1, 0, 0, NONE, SE},
	       {PKT, 1400, 2400, R, FOUND, UN},
	       {ANSWER, 2, 1, 0, NONE, OF},
	       {PKT, 2400, 3400, E, INSIDE, OF},
	       {PKT, 3400, 4400, D, ORDER, OF}},
     .records = "DEE EE EE ED D",
     .authenticated = 1},
    {.name = "device reset inside a header",
     .steps = {{PKT, 0, 1003, D, ORDER, OF},
	       {RESET, 0, 0, 0, NONE, SE},
	       {PKT, 1003, 1800, E, SEARCH, SE}},
     .records = "D DE",
     .authenticated = 1},
    {.name = "KeyUpdate, the old key kept: each new record fails its tag",
     .steps = {{PKT, 0, 1400, D, ORDER, OF},
	       {PKT, 1400, 2300, D, ORDER, OF},
	       {PKT, 2300, 2800, D, ORDER, OF},
	       {PKT, 2800, 3200, F, BADTAG, SE},
	       {PKT, 3200, 4200, R, FOUND, UN},
	       {ANSWER, 4, 1, 0, NONE, OF},
	       {PKT, 4200, 5200, E, INSIDE, OF},
	       {PKT, 5200, 5800, D, ORDER, OF},
	       {PKT, 5800, 6200, F, BADTAG, SE}},
     .records = "D DD DDE EE EE EDE E",
     .authenticated = 2,
     .rekey_rec = 2},
    {.name = "record number 2^64 - 1 is the last one",
     .steps = {{PKT, 0, 600, D, ORDER, OF},
	       {PKT, 600, 1600, D, ORDER, OF},
	       {PKT, 1600, 2400, R, OVER, UN}},
     .records = "DD DE E",
     .authenticated = 2,
     .first = UINT64_MAX - 1},
    {.name = "record number 2^64 - 1 ends in a hole",
     .steps = {{PKT, 0, 600, D, ORDER, OF},
	       {PKT, 800, 900, E, BEFORE, OF},
	       {PKT, 950, 1000, E, OVER, SE},
	       {PKT, 1000, 1300, R, FOUND, UN}},
     .records = "D.E.E E",
     .first = UINT64_MAX},
    {.name = "no answer takes a number past 2^64 - 1",
     .steps = {{RESET, 0, 0, 0, NONE, SE},
	       {PKT, 900, 1600, R, FOUND, UN},
	       {PKT, 1600, 2600, E, CHAIN, UN},
	       {ANSWER, 1, 0, 0, NONE, UN}},
     .records = ".E EE E",
     .first = UINT64_MAX - 1},
};

static struct nic_tls_play *play;

static void
setup(void)
{
	play = play_create();
}

static void
teardown(void)
{
	play_destroy(play);
}

static void
make_image(const struct scenario *s)
{
	static struct ktls_key other;

	for (uint32_t i = 0; i < RECORDS; i++) {
		if (s->rekey_rec > 0 && i == s->rekey_rec) {
			tls_seal_key(&other, play->key.version,
				     TLS_CIPHER_AES_GCM, play->key.key_len, 99);
			play->image.key = &other;
			play->rekeyed = i * RECORD_BYTES;
		}
		tls_image_add(&play->image, RECORD_BYTES);
		if (s->plant_at > 0 && i == s->plant_at / RECORD_BYTES)
			tls_image_plant(&play->image,
					s->plant_at % RECORD_BYTES, s->plant,
					sizeof(s->plant));
	}
}

/* kind: bit 0 TLS 1.3 with a long key, bit 1 the model. */
static void
install(const struct scenario *s, int kind)
{
	struct nic_tls_params params = s->options;
	int error;

	if ((kind & 1) != 0)
		play_image(play, TLS_1_3, 32, s->first);
	else
		play_image(play, TLS_1_2, 16, s->first);
	make_image(s);
	play->base = UINT32_MAX - 700 * (uint32_t)kind;
	play->chains = kind == 1 || kind == 2;
	params.key = &play->key;
	params.counters = &play->counters;
	params.real = (kind & 2) == 0;
	params.scratch = params.real ? play->tls.scratch : NULL;
	params.start_seq = play->base + s->start;
	params.rec_seq = s->first + s->start_rec;
	error = nic_tls_init(&play->tls, &params);
	ck_assert_int_eq(error, 0);
}

static enum state
state_now(void)
{
	struct nic_tls_progress progress;

	nic_tls_query(&play->tls, &progress);
	if (progress.auth == NIC_TLS_AUTHENTICATION)
		return AU;
	if (progress.auth == NIC_TLS_OFFLOAD)
		return OF;
	if (progress.tracker == NIC_TLS_START)
		return ST;
	return progress.tracker == NIC_TLS_SEARCHING ? SE : UN;
}

static void
packet_step(const struct step *step, const char *where)
{
	struct nic_tls_result result = play_packet(play, step->a, step->b);

	ck_assert_msg(result.verdict == step->mark, "%s: mark %d", where,
		      result.verdict);
	ck_assert_msg(result.row == step->row, "%s: row %s", where,
		      nic_tls_case_name(result.row));
}

static void
run_step(const struct step *step, const char *where)
{
	const struct tls_image *image = &play->image;
	bool taken = step->b != 0;

	switch (step->kind) {
	case PKT:
		packet_step(step, where);
		break;
	case ANSWER:
		taken = play_answer(play, step->a);
		break;
	case HINT:
		taken =
		    nic_tls_hint(&play->tls, play->base + image->start[step->a],
				 image->first + step->a);
		break;
	case FLIP:
		play->flip[step->a] ^= (uint8_t)step->b;
		return;
	case RESET:
		nic_tls_reset(&play->tls);
		break;
	case END:
		break;
	}
	ck_assert_msg(step->kind == PKT || taken == (step->b != 0), "%s: taken",
		      where);
	ck_assert_msg(state_now() == step->state, "%s: state %d", where,
		      state_now());
}

START_TEST(test_nic_tls_follows_the_table)
{
	const struct scenario *s = &scenarios[_i / KINDS];
	char where[160];

	install(s, _i % KINDS);
	for (int i = 0; i < STEPS_MAX && s->steps[i].kind != END; i++) {
		snprintf(where, sizeof(where), "%s, kind %d, step %d", s->name,
			 _i % KINDS, i + 1);
		run_step(&s->steps[i], where);
	}
	ck_assert_msg(strcmp(play_pattern(play), s->records) == 0,
		      "%s: records %s", s->name, play_pattern(play));
	ck_assert_msg(play->authenticated == s->authenticated,
		      "%s: %u authenticated", s->name, play->authenticated);
	play_check_full(play);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_tls_suite(void);

Suite *
nic_tls_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_tls_follows_the_table, COUNT(scenarios) * KINDS),
	};

	return suite_create_table("nic_tls", tests, (size_t)COUNT(tests), setup,
				  teardown, 20);
}
