/*
 * scenario_file.h - the sections and lines of a scenario file, as written.
 *
 * Private to sim/scenario*.c.  Order of use: scenario_file_read;
 * scenario_file_free.
 */
#ifndef SIM_SCENARIO_FILE_H
#define SIM_SCENARIO_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct ktlsim_error;

/* [General] or [Config NAME]. */
struct scenario_section {
	char *name; /* "General", or NAME */
	unsigned line;
	char *extends; /* as written, or NULL */
	unsigned extends_line;
};

/* key = value, of one section. */
struct scenario_entry {
	unsigned line;
	size_t section;
	char *key;
	char *value; /* without its comment; lists as written */
};

struct scenario_file {
	const char *path; /* borrowed */
	struct scenario_section *section;
	size_t section_count;
	struct scenario_entry *entry; /* in the order of the file */
	size_t entry_count;
};

/*
 * Read a whole file, and check what needs no choice of a configuration: the
 * form of its lines, the names of sections and keys.  0, EINVAL, ENOMEM, or
 * the errno of reading; nothing is held then.
 */
int scenario_file_read(struct scenario_file *file, const char *path,
		       struct ktlsim_error *error);
void scenario_file_free(struct scenario_file *file);

/* The place of [Config name] (or of General), or section_count. */
size_t scenario_file_find(const struct scenario_file *file, const char *name);
#endif
