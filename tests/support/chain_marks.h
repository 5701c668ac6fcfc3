/*
 * chain_marks.h - may these packets have been merged?
 */
#ifndef TESTS_SUPPORT_CHAIN_MARKS_H
#define TESTS_SUPPORT_CHAIN_MARKS_H

#include <stdbool.h>

struct mbuf;

/*
 * True where the packets of a chain, which may be NULL, are of one flow and
 * have one TLS mark, follow each other in its stream, and none of several has a
 * resync indication.
 */
bool chain_marks_agree(const struct mbuf *m);
#endif
