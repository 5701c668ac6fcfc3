/*
 * cli_plaintext.h - decrypted application bytes, one file per direction.
 *
 * DIR/flow-0001-c2s.bin holds the client's bytes of the first flow.  Files are
 * readable by their owner only; older ones are overwritten.  A direction
 * without bytes gets no file.
 */
#ifndef SIM_CLI_CLI_PLAINTEXT_H
#define SIM_CLI_CLI_PLAINTEXT_H

#include <stddef.h>
#include <stdint.h>

struct cli_plaintext;

/*
 * Make the directory (mode 0700) where it is missing.  dir is borrowed.
 * Returns 0 or a positive errno.
 */
int cli_plaintext_open(struct cli_plaintext **plaintext, const char *dir);

/* Append to a flow's file; direction 1 is server to client. */
void cli_plaintext_write(struct cli_plaintext *plaintext, uint32_t flow,
			 unsigned direction, const uint8_t *bytes, size_t len);

/* Returns the first error of any write, a positive errno, or 0. */
int cli_plaintext_close(struct cli_plaintext *plaintext);
#endif
