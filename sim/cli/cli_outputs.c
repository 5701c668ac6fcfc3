/*
 * cli_outputs.c - the files that a replay writes besides the text report.
 *
 * Called around the run by cli_replay.c and cli_flows.c, and during it by the
 * simulation's callbacks.  A file that is the capture or the key log itself is
 * refused before it is overwritten, and so are two outputs that are one file.
 */
#include "sim/cli/cli_outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/cli/cli.h"
#include "sim/cli/cli_options.h"
#include "sim/cli/cli_plaintext.h"
#include "sim/config.h"
#include "sim/ktlsim.h"
#include "sim/ktlsim_internal.h"

static bool
same_file(const struct stat *file, const char *path)
{
	struct stat other;

	return path != NULL && stat(path, &other) == 0 &&
	       S_ISREG(other.st_mode) && other.st_dev == file->st_dev &&
	       other.st_ino == file->st_ino;
}

/* A file that an option names. */
struct output {
	const char *option, *path;
};

enum { OUTPUTS = 4 };

static void
outputs_list(const struct cli_options *options, struct output list[OUTPUTS])
{
	list[0] = (struct output){"json", options->json};
	list[1] = (struct output){"records", options->records};
	list[2] = (struct output){"annotate", options->annotate};
	list[3] = (struct output){"trace", options->trace};
	for (size_t i = 0; i < OUTPUTS; i++)
		if (list[i].path != NULL && strcmp(list[i].path, "-") == 0)
			list[i].path = NULL;
}

/* One file under whatever names; a device takes what many write. */
static bool
is_one_file(const char *a, const char *b)
{
	struct stat one, other;
	int a_error = stat(a, &one), b_error = stat(b, &other);

	if (a_error != 0 && b_error != 0)
		return strcmp(a, b) == 0;
	return a_error == 0 && b_error == 0 && !S_ISCHR(one.st_mode) &&
	       one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* Standard output is a file, and this option names it, too. */
static bool
is_standard_output(const struct cli_options *options, const char *path)
{
	bool silent = options->quiet && (options->json == NULL ||
					 strcmp(options->json, "-") != 0);
	struct stat file;

	return !silent && fstat(STDOUT_FILENO, &file) == 0 &&
	       S_ISREG(file.st_mode) && same_file(&file, path);
}

/* In the directory of the plaintext, with a name that files have there. */
static bool
is_plaintext(const char *dir, const char *path)
{
	const char *name = strrchr(path, '/');
	char *parent;
	bool inside;

	if (dir == NULL || fnmatch("flow-*-[cs]2[cs].bin",
				   name == NULL ? path : name + 1, 0) != 0)
		return false;
	parent = name == NULL ? strdup(".")
			      : strndup(path, (size_t)(name - path) + 1);
	inside = parent != NULL && is_one_file(parent, dir);
	free(parent);
	return inside;
}

static int
refuse_pair(const char *option, const char *other, const char *path)
{
	cli_message(CLI_ERROR,
		    "--%s %s: %s would be written into the same file; name "
		    "another one",
		    option, path, other);
	return CLI_USAGE;
}

/*
 * No two outputs are one file.  Asked before they are opened, so that a refused
 * run leaves what was there, and again behind it, for names (links, ways round
 * through other folders) of what was not.
 */
static int
check_distinct(const struct cli_options *options)
{
	struct output list[OUTPUTS];
	char other[16];

	outputs_list(options, list);
	for (size_t i = 0; i < OUTPUTS; i++) {
		const char *option = list[i].option, *path = list[i].path;

		if (path == NULL)
			continue;
		if (is_standard_output(options, path))
			return refuse_pair(option, "standard output", path);
		if (is_plaintext(options->plaintext, path))
			return refuse_pair(option, "--plaintext", path);
		for (size_t j = 0; j < i; j++) {
			if (list[j].path == NULL ||
			    !is_one_file(path, list[j].path))
				continue;
			snprintf(other, sizeof(other), "--%s", list[j].option);
			return refuse_pair(option, other, path);
		}
	}
	return CLI_OK;
}

/* Open for writing; EEXIST for a file that the run reads. */
static FILE *
open_output(const struct cli_options *options, const char *path, mode_t mode)
{
	struct stat status;
	FILE *file = NULL;
	int error = 0;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) != 0)
		error = errno;
	else if (same_file(&status, options->capture) ||
		 same_file(&status, options->keylog) ||
		 same_file(&status, options->scenario))
		error = EEXIST;
	else if (S_ISREG(status.st_mode) && ftruncate(fd, 0) != 0)
		error = errno;
	else if ((file = fdopen(fd, "w")) == NULL)
		error = errno;
	if (error != 0)
		close(fd);
	errno = error;
	return file;
}

static int
refuse_path(const char *option, const char *path)
{
	cli_message(CLI_ERROR, "--%s %s: %s; give a path that can be written",
		    option, path,
		    errno == EEXIST ? "this file is read by the same run"
				    : strerror(errno));
	return CLI_USAGE;
}

static int
open_named(const struct cli_options *options, const char *option,
	   const char *path, FILE **file)
{
	*file = open_output(options, path, 0666);
	return *file != NULL ? CLI_OK : refuse_path(option, path);
}

static int
open_records(const struct cli_options *options, FILE **file)
{
	if (strcmp(options->records, "-") != 0)
		return open_named(options, "records", options->records, file);
	cli_message(CLI_ERROR, "--records -: only --json may go to standard "
			       "output; name a file");
	return CLI_USAGE;
}

/* Open for the owner alone, whatever the file's mode was before. */
static FILE *
open_private(const struct cli_options *options, const char *path)
{
	FILE *file = open_output(options, path, 0600);
	struct stat status;
	int error;

	if (file == NULL)
		return NULL;
	/* The mode of a device is not ours to change. */
	if (fstat(fileno(file), &status) == 0 &&
	    (!S_ISREG(status.st_mode) || fchmod(fileno(file), 0600) == 0))
		return file;
	error = errno;
	fclose(file);
	errno = error;
	return NULL;
}

/* What a file of this option discloses. */
static int
open_disclosing(const struct cli_options *options, const char *option,
		const char *path, const char *what, FILE **file)
{
	*file = NULL;
	if (path == NULL)
		return CLI_OK;
	if (strcmp(path, "-") == 0) {
		cli_message(CLI_ERROR,
			    "--%s -: only --json may go to standard output; "
			    "name a file",
			    option);
		return CLI_USAGE;
	}
	if (ktlsim_config_view(options->config)->run_executor ==
	    EXECUTOR_THREADS) {
		cli_message(CLI_ERROR,
			    "--%s %s: only simulated time can be drawn; leave "
			    "out --executor threads",
			    option, path);
		return CLI_USAGE;
	}
	*file = open_private(options, path);
	if (*file == NULL)
		return refuse_path(option, path);
	cli_message(CLI_WARN, "%s discloses %s; it is readable by you alone",
		    path, what);
	return CLI_OK;
}

static int
open_plaintext(struct cli_outputs *outputs, const char *dir)
{
	int error = cli_plaintext_open(&outputs->plaintext, dir);

	if (error != 0) {
		cli_message(CLI_ERROR,
			    "--plaintext %s: %s; give a directory that can be "
			    "written",
			    dir, strerror(error));
		return CLI_USAGE;
	}
	cli_message(CLI_WARN,
		    "the files in %s disclose what the connections carried; "
		    "they are readable by you alone",
		    dir);
	return CLI_OK;
}

static int
open_all(struct cli_outputs *outputs, const struct cli_options *options)
{
	int status = CLI_OK;

	if (options->json != NULL && strcmp(options->json, "-") == 0)
		outputs->json = stdout;
	else if (options->json != NULL)
		status =
		    open_named(options, "json", options->json, &outputs->json);
	if (status == CLI_OK && options->records != NULL)
		status = open_records(options, &outputs->records);
	if (status == CLI_OK && options->plaintext != NULL)
		status = open_plaintext(outputs, options->plaintext);
	if (status == CLI_OK)
		status = open_disclosing(options, "annotate", options->annotate,
					 "packets and their TLS secrets",
					 &outputs->annotate);
	if (status == CLI_OK)
		status = open_disclosing(options, "trace", options->trace,
					 "the size and time of each record",
					 &outputs->trace);
	return status;
}

int
cli_outputs_open(struct cli_outputs *outputs, const struct cli_options *options)
{
	int status = check_distinct(options);

	*outputs = (struct cli_outputs){.options = options};
	if (status == CLI_OK)
		status = open_all(outputs, options);
	return status == CLI_OK ? check_distinct(options) : status;
}

static int
write_failed(const char *name, int error)
{
	cli_message(CLI_ERROR,
		    "%s: %s; it is not complete: make room, or write elsewhere",
		    name, strerror(error));
	return CLI_FAILED;
}

bool
cli_outputs_overwrite(const struct cli_options *options, const char *path)
{
	const char *const written[] = {options->json, options->records,
				       options->annotate, options->trace};
	struct stat file;

	for (size_t i = 0; i < sizeof(written) / sizeof(*written); i++)
		if (written[i] != NULL && stat(written[i], &file) == 0 &&
		    same_file(&file, path))
			return true;
	return false;
}

bool
cli_outputs_are_of_one_run(const struct cli_options *options)
{
	return options->annotate != NULL || options->trace != NULL;
}

bool
cli_outputs_text(const struct cli_outputs *outputs)
{
	return outputs->json != stdout && !outputs->options->quiet;
}

void
cli_outputs_several(struct cli_outputs *outputs)
{
	outputs->several = true;
}

/* The directory of all runs is there: in it, one of this run. */
static int
open_run_dir(struct cli_outputs *outputs)
{
	const char *dir = outputs->options->plaintext;
	size_t size = strlen(dir) + 32;
	int error;

	outputs->run_dir = malloc(size);
	if (outputs->run_dir == NULL)
		return ENOMEM;
	snprintf(outputs->run_dir, size, "%s/run-%04" PRIu64, dir,
		 outputs->run);
	error = cli_plaintext_open(&outputs->plaintext, outputs->run_dir);
	if (error != 0)
		outputs->plaintext = NULL;
	return error;
}

int
cli_outputs_begin(struct cli_outputs *outputs, uint64_t run)
{
	int error;

	outputs->run = run;
	if (outputs->options->plaintext == NULL || !outputs->several)
		return CLI_OK;
	error = cli_outputs_end(outputs);
	if (error != CLI_OK)
		return error;
	error = open_run_dir(outputs);
	return error == 0 ? CLI_OK
			  : write_failed(outputs->options->plaintext, error);
}

static const char *
direction_name(enum ktlsim_direction direction)
{
	return direction == KTLSIM_CLIENT_TO_SERVER ? "client_to_server"
						    : "server_to_client";
}

/* What the NIC did of a record. */
static const char *
marks(const struct ktlsim_record *record)
{
	if (record->marked_bytes == 0)
		return "none";
	return record->marked_bytes < record->wire_bytes ? "partial" : "full";
}

static void
write_record(void *arg, const struct ktlsim_record *record)
{
	const uint64_t boundaries[] = {
	    record->first_arrival_ps, record->assembled_ps,
	    record->arrival_ps,	      record->visible_ps,
	    record->handler_ps,	      record->appended_ps,
	    record->keyed_ps,	      record->begin_ps,
	    record->decrypted_ps,     record->read_begin_ps,
	    record->read_end_ps,
	};
	struct cli_outputs *outputs = arg;
	FILE *out = outputs->records;

	if (outputs->records_error != 0)
		return;
	if (outputs->several)
		fprintf(out, "%" PRIu64 ",", outputs->run);
	fprintf(out,
		"%" PRIu32 ",%s,%" PRIu64 ",%u,%" PRIu32 ",%" PRIu32
		",%" PRIu32,
		record->flow, direction_name(record->direction), record->number,
		record->type, record->wire_bytes, record->plaintext_bytes,
		record->worker);
	for (size_t i = 0; i < sizeof(boundaries) / sizeof(*boundaries); i++)
		fprintf(out, ",%" PRIu64, boundaries[i]);
	fprintf(out, ",%" PRIu32 ",%s\n", record->marked_bytes, marks(record));
	if (ferror(out) != 0)
		outputs->records_error = errno;
}

static void
write_data(void *arg, uint32_t flow, enum ktlsim_direction direction,
	   const uint8_t *bytes, size_t len)
{
	cli_plaintext_write(arg, flow, direction, bytes, len);
}

static void
begin_records(struct cli_outputs *outputs)
{
	if (outputs->records_begun)
		return;
	outputs->records_begun = true;
	fprintf(outputs->records,
		"%sflow,direction,number,type,wire_bytes,plaintext_bytes,"
		"worker,first_arrival_ps,assembled_ps,arrival_ps,"
		"visible_ps,handler_ps,appended_ps,keyed_ps,begin_ps,"
		"decrypted_ps,read_begin_ps,read_end_ps,"
		"marked_bytes,nic_marks\n",
		outputs->several ? "run," : "");
}

/* One simulation writes these files. */
static int
attach_disclosing(struct cli_outputs *outputs, struct ktlsim *sim)
{
	int error = 0;

	if (outputs->annotate != NULL)
		error = ktlsim_annotate_to(sim, outputs->annotate);
	if (error == 0 && outputs->trace != NULL)
		error = ktlsim_trace_to(sim, outputs->trace);
	outputs->sim = sim;
	if (error == 0)
		return CLI_OK;
	cli_message(CLI_ERROR, "--annotate or --trace: %s", strerror(error));
	return CLI_FAILED;
}

int
cli_outputs_attach(struct cli_outputs *outputs, struct ktlsim *sim)
{
	if (outputs->records != NULL) {
		begin_records(outputs);
		ktlsim_on_deliver(sim, write_record, outputs);
	}
	if (outputs->plaintext != NULL)
		ktlsim_on_data(sim, write_data, outputs->plaintext);
	return attach_disclosing(outputs, sim);
}

int
cli_outputs_report(struct cli_outputs *outputs, const struct results *results,
		   int (*print_json)(FILE *, const struct results *),
		   void (*print_text)(FILE *, const struct results *))
{
	bool replaced = outputs->json == stdout;
	int status = CLI_OK;
	int error = 0;

	if (outputs->sim != NULL) {
		outputs->annotate_error = ktlsim_annotate_error(outputs->sim);
		outputs->trace_error = ktlsim_trace_error(outputs->sim);
	}
	if (cli_outputs_text(outputs))
		print_text(stdout, results);
	if (outputs->json != NULL && outputs->several)
		fputs(outputs->documents++ == 0 ? "[\n" : ",\n", outputs->json);
	if (outputs->json != NULL)
		error = print_json(outputs->json, results);
	if (error != 0) {
		status = write_failed(replaced ? "standard output"
					       : outputs->options->json,
				      error);
		if (!replaced)
			fclose(outputs->json);
		outputs->json = NULL;
	}
	if (fflush(stdout) != 0 && !(replaced && error != 0))
		status = write_failed("standard output", errno);
	return status;
}

/* error is that of a write before, or 0. */
static int
close_named(FILE *file, const char *name, int error)
{
	if (file == NULL || file == stdout)
		return CLI_OK;
	if (fclose(file) != 0 && error == 0)
		error = errno;
	return error == 0 ? CLI_OK : write_failed(name, error);
}

int
cli_outputs_end(struct cli_outputs *outputs)
{
	int error = 0;

	if (outputs->plaintext != NULL)
		error = cli_plaintext_close(outputs->plaintext);
	free(outputs->run_dir);
	outputs->plaintext = NULL;
	outputs->run_dir = NULL;
	return error == 0 ? CLI_OK
			  : write_failed(outputs->options->plaintext, error);
}

/* An array of no documents is one, too. */
static void
close_array(struct cli_outputs *outputs)
{
	if (outputs->json == NULL || !outputs->several)
		return;
	fputs(outputs->documents == 0 ? "[]\n" : "]\n", outputs->json);
	if (outputs->json == stdout)
		fflush(stdout);
}

int
cli_outputs_close(struct cli_outputs *outputs)
{
	const struct cli_options *options = outputs->options;
	int status;

	close_array(outputs);
	status = close_named(outputs->json, options->json, 0);
	status =
	    cli_worse(status, close_named(outputs->records, options->records,
					  outputs->records_error));
	status =
	    cli_worse(status, close_named(outputs->annotate, options->annotate,
					  outputs->annotate_error));
	status = cli_worse(status, close_named(outputs->trace, options->trace,
					       outputs->trace_error));
	status = cli_worse(status, cli_outputs_end(outputs));
	*outputs = (struct cli_outputs){.options = options};
	return status;
}
