/*
 * scenario_file.c - the sections and lines of a scenario file, as written.
 *
 * Called once by scenario.c.  inih splits the lines; here they are numbered,
 * comments behind `#` are taken off, and what inih would pass over in silence
 * is refused: lines that its buffer does not take, sections without a key, a
 * key twice.  An indented line continues the value of the line above it, as
 * with OMNeT++.
 *
 * Left out: `include`, and wildcards in keys.
 */
#include "sim/scenario_file.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/config.h"
#include "sim/config_keys.h"
#include "sim/ktlsim.h"
#include "sim/scenario.h"

enum {
	LINES_MAX = 100000,
	SECTION_MAX = 49, /* bytes that inih keeps of a section's name */
	NAME_MAX_BYTES = SECTION_MAX - 7, /* without "Config " */
};

/* A file being read. */
struct reading {
	struct scenario_file *file;
	FILE *stream;
	unsigned line;
	bool indented; /* the line begins with a blank */
	int code;      /* of the first error, with why */
	unsigned error_line;
	char why[400];
};

static int refuse(struct reading *reading, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Keep the first error.  0, which ends inih's handler as "not good". */
static int
refuse(struct reading *reading, int code, const char *format, ...)
{
	va_list arguments;

	if (reading->code != 0)
		return 0;
	reading->code = code;
	reading->error_line = reading->line;
	va_start(arguments, format);
	vsnprintf(reading->why, sizeof(reading->why), format, arguments);
	va_end(arguments);
	return 0;
}

static int
no_memory(struct reading *reading)
{
	return refuse(reading, ENOMEM, "no memory for the scenario");
}

/* Room for one more element; the array grows in powers of two.  NULL: none. */
static void *
make_room(void *array, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return array;
	return realloc(array, (count == 0 ? 1 : count * 2) * size);
}

size_t
scenario_file_find(const struct scenario_file *file, const char *name)
{
	size_t i = 0;

	while (i < file->section_count &&
	       strcmp(file->section[i].name, name) != 0)
		i++;
	return i;
}

static bool
legal_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= NAME_MAX_BYTES &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len;
}

static int
add_section(struct reading *reading, const char *name)
{
	struct scenario_file *file = reading->file;
	size_t known = scenario_file_find(file, name);
	struct scenario_section *larger;

	if (known < file->section_count)
		return refuse(reading, EINVAL,
			      "[%s%.40s] stands in line %u already",
			      strcmp(name, "General") == 0 ? "" : "Config ",
			      name, file->section[known].line);
	if (file->section_count == SCENARIO_SECTIONS_MAX)
		return refuse(reading, EINVAL, "more than %d sections",
			      SCENARIO_SECTIONS_MAX);
	larger = make_room(file->section, file->section_count,
			   sizeof(*file->section));
	if (larger == NULL)
		return no_memory(reading);
	file->section = larger;
	larger[file->section_count] = (struct scenario_section){
	    .name = strdup(name), .line = reading->line};
	if (larger[file->section_count].name == NULL)
		return no_memory(reading);
	file->section_count++;
	return 1;
}

/* "[General]" or "[Config NAME]"; text begins behind the bracket. */
static int
read_section(struct reading *reading, const char *text)
{
	size_t len = strcspn(text, "]");
	char name[NAME_MAX_BYTES + 2];

	if (text[len] != ']')
		return refuse(reading, EINVAL, "the section lacks its ']'");
	if (len == strlen("General") && strncmp(text, "General", len) == 0)
		return add_section(reading, "General");
	if (strncmp(text, "Config ", 7) != 0)
		return refuse(reading, EINVAL,
			      "[%.*s] is no section; there are [General] and "
			      "[Config NAME]",
			      (int)(len < 40 ? len : 40), text);
	text += 7;
	len -= 7;
	snprintf(name, sizeof(name), "%.*s", (int)len, text);
	if (!legal_name(name) || strcmp(name, "General") == 0)
		return refuse(reading, EINVAL,
			      "'%.50s' is no name of a configuration; it has "
			      "letters, digits, _ and -, %d at most",
			      name, NAME_MAX_BYTES);
	return add_section(reading, name);
}

/* `key =` or a section behind blanks: no one means to continue a value so. */
static bool
looks_like_its_own(const struct reading *reading, const char *line)
{
	const struct scenario_file *file = reading->file;
	const char *p = line + strspn(line, " \t");
	size_t len = strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789_.");
	const char *value, *open;

	if (file->entry_count == 0)
		return false;
	if (*p == '[')
		return true;
	value = file->entry[file->entry_count - 1].value;
	open = strrchr(value, '{');
	if (open != NULL && strchr(open, '}') == NULL)
		return false;
	return len > 0 && p[len + strspn(p + len, " \t")] == '=';
}

/* A section counts where it begins, also without a key behind it. */
static bool
take_section(struct reading *reading, const char *line)
{
	if (reading->line == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0)
		line += 3;
	return line[0] != '[' || read_section(reading, line + 1) != 0;
}

static char *
end_reading(struct reading *reading, int code, const char *why)
{
	(void)refuse(reading, code, "%s", why);
	return NULL;
}

/* inih calls for each line.  Its buffer has INI_MAX_LINE bytes. */
static char *
read_line(char *line, int size, void *stream)
{
	struct reading *reading = stream;
	size_t len;

	if (reading->code != 0)
		return NULL;
	reading->line++;
	if (fgets(line, size, reading->stream) == NULL)
		return NULL;
	len = strlen(line);
	if (reading->line > LINES_MAX)
		return end_reading(reading, EINVAL, "too many lines");
	if (len + 1 == (size_t)size && line[len - 1] != '\n')
		return end_reading(reading, EINVAL,
				   "the line is too long; go on in another "
				   "one that begins with a blank");
	reading->indented = isblank((unsigned char)line[0]) != 0 &&
			    line[strspn(line, " \t\r\n")] != '\0';
	if (reading->indented && looks_like_its_own(reading, line))
		return end_reading(reading, EINVAL,
				   "the line begins with a blank, so it would "
				   "continue the value above; take the blank "
				   "away");
	return take_section(reading, line) ? line : NULL;
}

/* Cut off `# comment` outside of quotes, and the blanks before it. */
static void
cut_comment(char *value)
{
	bool quoted = false;
	char *p = value;

	for (; *p != '\0' && (quoted || *p != '#'); p++)
		if (*p == '"')
			quoted = !quoted;
	while (p > value && isspace((unsigned char)p[-1]))
		p--;
	*p = '\0';
}

/* What an OMNeT++ user would write for one of our keys. */
static const char *
native_key(const char *name)
{
	static const char *const known[][2] = {
	    {"sim-time-limit", "run.time_limit"},
	    {"seed-set", "run.seed"},
	    {"network", "traffic.source"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i][0], name) == 0)
			return known[i][1];
	return config_nearest(name);
}

static bool
is_key(const char *name)
{
	for (size_t i = 0; i < config_key_count(); i++)
		if (strcmp(config_key(i)->name, name) == 0)
			return true;
	return false;
}

static int
refuse_key(struct reading *reading, const char *name)
{
	const char *near = native_key(name);

	if (near == NULL)
		return refuse(reading, EINVAL,
			      "there is no key '%.60s'; --list-keys lists them",
			      name);
	return refuse(reading, EINVAL,
		      "there is no key '%.60s'; did you mean '%s'?", name,
		      near);
}

static int
set_extends(struct reading *reading, const char *value)
{
	struct scenario_section *section =
	    &reading->file->section[reading->file->section_count - 1];

	if (strcmp(section->name, "General") == 0)
		return refuse(reading, EINVAL,
			      "[General] extends nothing: every other section "
			      "extends it");
	if (section->extends != NULL)
		return refuse(reading, EINVAL,
			      "extends stands in line %u already",
			      section->extends_line);
	section->extends = strdup(value);
	section->extends_line = reading->line;
	return section->extends != NULL ? 1 : no_memory(reading);
}

/* The line of a key in the section that is being read, or 0. */
static unsigned
line_of_key(const struct scenario_file *file, const char *key)
{
	size_t section = file->section_count - 1;

	for (size_t i = file->entry_count; i-- > 0;) {
		if (file->entry[i].section != section)
			return 0;
		if (strcmp(file->entry[i].key, key) == 0)
			return file->entry[i].line;
	}
	return 0;
}

static int
add_entry(struct reading *reading, const char *key, const char *value)
{
	struct scenario_file *file = reading->file;
	unsigned line = line_of_key(file, key);
	struct scenario_entry entry = {.line = reading->line,
				       .section = file->section_count - 1};
	struct scenario_entry *larger;

	if (line != 0)
		return refuse(reading, EINVAL,
			      "%s is set in line %u of the same section", key,
			      line);
	if (file->entry_count == SCENARIO_ENTRIES_MAX)
		return refuse(reading, EINVAL, "more than %d keys",
			      SCENARIO_ENTRIES_MAX);
	larger =
	    make_room(file->entry, file->entry_count, sizeof(*file->entry));
	if (larger == NULL)
		return no_memory(reading);
	file->entry = larger;
	entry.key = strdup(key);
	entry.value = strdup(value);
	larger[file->entry_count++] = entry;
	return entry.key != NULL && entry.value != NULL ? 1
							: no_memory(reading);
}

/* An indented line goes on with the value above. */
static int
continue_entry(struct reading *reading, const char *text)
{
	struct scenario_file *file = reading->file;
	struct scenario_entry *entry;
	size_t len;
	char *longer;

	if (file->entry_count == 0)
		return refuse(reading, EINVAL, "there is nothing to continue");
	entry = &file->entry[file->entry_count - 1];
	len = strlen(entry->value);
	if (len + strlen(text) + 2 > SCENARIO_TEXT_MAX)
		return refuse(reading, EINVAL, "a value of more than %d bytes",
			      SCENARIO_TEXT_MAX - 1);
	longer = malloc(len + strlen(text) + 2);
	if (longer == NULL)
		return no_memory(reading);
	memcpy(longer, entry->value, len);
	longer[len] = ' ';
	strcpy(longer + len + 1, text);
	free(entry->value);
	entry->value = longer;
	return 1;
}

/* inih's handler: 1, or 0 for a bad line. */
static int
read_pair(void *user, const char *section, const char *name, const char *value)
{
	struct reading *reading = user;
	struct scenario_file *file = reading->file;
	char text[SCENARIO_TEXT_MAX];

	if (reading->code != 0)
		return 0;
	if (section[0] == '\0')
		return refuse(reading, EINVAL,
			      "a key before the first section; begin with "
			      "[General]");
	snprintf(text, sizeof(text), "%s", value);
	cut_comment(text);
	if (reading->indented && file->entry_count > 0 &&
	    strcmp(name, file->entry[file->entry_count - 1].key) == 0)
		return continue_entry(reading, text);
	if (strcmp(name, "extends") == 0)
		return set_extends(reading, text);
	if (strcmp(name, "description") == 0)
		return 1;
	if (!is_key(name))
		return refuse_key(reading, name);
	return add_entry(reading, name, text);
}

void
scenario_file_free(struct scenario_file *file)
{
	for (size_t i = 0; i < file->section_count; i++) {
		free(file->section[i].name);
		free(file->section[i].extends);
	}
	for (size_t i = 0; i < file->entry_count; i++) {
		free(file->entry[i].key);
		free(file->entry[i].value);
	}
	free(file->section);
	free(file->entry);
	*file = (struct scenario_file){0};
}

/* Turn what was found wrong, if anything, into a sentence. */
static int
end_of_file(struct reading *reading, int line, struct ktlsim_error *error)
{
	const char *path = reading->file->path;

	if (reading->code != 0)
		return config_fail(error, reading->code, "%s:%u: %s", path,
				   reading->error_line, reading->why);
	if (ferror(reading->stream))
		return config_fail(error, EIO, "%s: %s", path,
				   strerror(errno != 0 ? errno : EIO));
	if (line > 0)
		return config_fail(error, EINVAL,
				   "%s:%d: not a line of the form `key = "
				   "value` or `[Config NAME]`",
				   path, line);
	if (line != 0)
		return config_fail(error, ENOMEM, "%s: no memory", path);
	return 0;
}

int
scenario_file_read(struct scenario_file *file, const char *path,
		   struct ktlsim_error *error)
{
	struct reading reading = {.file = file, .stream = fopen(path, "r")};
	int code, line;

	*file = (struct scenario_file){.path = path};
	if (reading.stream == NULL) {
		code = errno;
		return config_fail(error, code,
				   "%s: %s; give the path of a scenario file",
				   path, strerror(code));
	}
	line = ini_parse_stream(read_line, &reading, read_pair, &reading);
	code = end_of_file(&reading, line, error);
	fclose(reading.stream);
	if (code != 0)
		scenario_file_free(file);
	return code;
}
