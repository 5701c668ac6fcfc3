/*
 * cli_options.c - the options of the commands, from one table.
 *
 * Called by main.c once the command is known.  The table gives getopt_long its
 * arrays and --help its lines.  An option whose name has a dot is a
 * configuration key: --nic.queues=4 means --set nic.queues=4, and such names
 * are found where getopt_long does not know them.  Keys are set while parsing,
 * so a later one goes before an earlier one.
 */
#include "sim/cli/cli_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/config.h"
#include "sim/config_doc.h"
#include "sim/ktlsim.h"

#define CLI_ALL	     (CLI_REPLAY | CLI_FLOWS | CLI_RUN)
#define CLI_SIMULATE (CLI_REPLAY | CLI_RUN)

enum option_id {
	OPTION_KEYLOG = 256, /* above every character */
	OPTION_SET,
	OPTION_JSON,
	OPTION_RECORDS,
	OPTION_PLAINTEXT,
	OPTION_ANNOTATE,
	OPTION_TRACE,
	OPTION_SEED,
	OPTION_EXECUTOR,
	OPTION_LIST_KEYS,
	OPTION_LOG_LEVEL,
	OPTION_PROGRESS,
	OPTION_CONFIGURATION = 'c',
	OPTION_RUNS = 'r',
	OPTION_QUIET = 'q',
	OPTION_VERBOSE = 'v',
	OPTION_HELP = 'h',
	OPTION_VERSION = 'V',
};

struct option_row {
	const char *name;
	enum option_id id;
	int has_argument;  /* as getopt_long has it */
	const char *shown; /* in --help */
	const char *help;
	unsigned commands;
};

static const struct option_row rows[] = {
    {"keylog", OPTION_KEYLOG, required_argument, "--keylog FILE",
     "TLS secrets as SSLKEYLOGFILE; go before embedded ones",
     CLI_REPLAY | CLI_FLOWS},
    {"config", OPTION_CONFIGURATION, required_argument, "-c, --config NAME",
     "run [Config NAME]; without it [General]", CLI_RUN},
    {"runs", OPTION_RUNS, required_argument, "-r, --runs RUNS",
     "which runs, such as 0..3,7; without it all", CLI_RUN},
    {"set", OPTION_SET, required_argument, "--set KEY=VALUE",
     "set a configuration key; --KEY=VALUE does, too", CLI_ALL},
    {"json", OPTION_JSON, required_argument, "--json FILE",
     "write the result as JSON; - replaces the text report", CLI_ALL},
    {"records", OPTION_RECORDS, required_argument, "--records FILE",
     "write a CSV file with one row per record", CLI_SIMULATE},
    {"plaintext", OPTION_PLAINTEXT, required_argument, "--plaintext DIR",
     "write the decrypted bytes of each flow to files", CLI_SIMULATE},
    {"annotate", OPTION_ANNOTATE, required_argument, "--annotate FILE",
     "write a pcapng of what the hosts received, with comments", CLI_SIMULATE},
    {"trace", OPTION_TRACE, required_argument, "--trace FILE",
     "write a trace of CPUs, queues and records for Perfetto", CLI_SIMULATE},
    {"seed", OPTION_SEED, required_argument, "--seed N",
     "the same as --set run.seed=N", CLI_SIMULATE},
    {"executor", OPTION_EXECUTOR, required_argument, "--executor NAME",
     "virtual (default) or threads; --set run.executor=NAME", CLI_ALL},
    {"list-keys", OPTION_LIST_KEYS, optional_argument, "--list-keys[=markdown]",
     "list every configuration key, and end", CLI_ALL},
    {"quiet", OPTION_QUIET, no_argument, "-q, --quiet",
     "print errors only: no text report, no warnings", CLI_ALL},
    {"verbose", OPTION_VERBOSE, no_argument, "-v, --verbose",
     "report every flow and CPU; say what is being done", CLI_ALL},
    {"log-level", OPTION_LOG_LEVEL, required_argument, "--log-level LEVEL",
     "error, warn (default), info or debug", CLI_ALL},
    {"progress", OPTION_PROGRESS, required_argument, "--progress WHEN",
     "auto (default: on a terminal, after 1 s), always, never", CLI_ALL},
    {"help", OPTION_HELP, no_argument, "-h, --help", "print this, and end",
     CLI_ALL},
    {"version", OPTION_VERSION, no_argument, "-V, --version",
     "print the version, and end", CLI_ALL},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* A parse under way. */
struct parse {
	const struct cli_command *command;
	struct cli_options *options;
	struct option longs[ROWS + 1];
	const char *names[ROWS];
	size_t count;
	bool level_given;
};

static void
print_help(const struct cli_command *command)
{
	printf("usage: ktlsim %s %s\n\n%s.\n\n", command->name,
	       command->synopsis, command->summary);
	for (size_t i = 0; i < ROWS; i++)
		if ((rows[i].commands & command->bit) != 0)
			printf("  %-22s %s\n", rows[i].shown, rows[i].help);
	printf(
	    "\n%s"
	    "Exit status: 0 done; 1 the capture could not be read to its "
	    "end, the run\n"
	    "failed, or was interrupted; 2 usage.  man ktlsim tells more.\n",
	    command->bit == CLI_RUN
		? "SCENARIO.ini has the sections [General] and [Config NAME]; "
		  "several runs make\nan array of the JSON documents.\n"
		: "CAPTURE is a pcap or pcapng file, gzip-compressed too, or "
		  "- for standard input.\n");
}

static int
usage_error(const struct parse *parse)
{
	fprintf(stderr, "Try 'ktlsim %s --help'.\n", parse->command->name);
	return CLI_USAGE;
}

/* The place of a word in a list; -1 after a message that suggests one. */
static int
choose(const char *option, const char *word, const char *const *words,
       size_t count)
{
	const char *near = config_nearest_word(word, words, count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(word, words[i]) == 0)
			return (int)i;
	cli_message(CLI_ERROR, "--%s: there is no '%.60s'%s%s%s", option, word,
		    near != NULL ? "; did you mean '" : "; --help lists them",
		    near != NULL ? near : "", near != NULL ? "'?" : "");
	return -1;
}

static int
set_key(const struct parse *parse, const char *key, const char *value)
{
	struct cli_options *options = parse->options;
	struct cli_setting *setting =
	    &options->settings[options->setting_count];
	struct ktlsim_error error;

	if (ktlsim_config_set(options->config, key, value, &error) != 0) {
		cli_message(CLI_ERROR, "%s", error.text);
		return CLI_USAGE;
	}
	*setting = (struct cli_setting){.key = strdup(key), .value = value};
	if (setting->key == NULL) {
		cli_message(CLI_ERROR, "%s", strerror(ENOMEM));
		return CLI_FAILED;
	}
	options->setting_count++;
	return CLI_GO_ON;
}

/* text is "KEY=VALUE", the argument of --set or what follows the dashes. */
static int
set_pair(const struct parse *parse, const char *text)
{
	size_t len = strcspn(text, "=");
	char key[CONFIG_TEXT_MAX];

	if (text[len] == '\0') {
		cli_message(CLI_ERROR,
			    "'%.60s' lacks a value: write "
			    "KEY=VALUE, such as nic.queues=4",
			    text);
		return usage_error(parse);
	}
	if (len >= sizeof(key)) {
		cli_message(CLI_ERROR, "there is no key '%.60s...'", text);
		return CLI_USAGE;
	}
	memcpy(key, text, len);
	key[len] = '\0';
	return set_key(parse, key, text + len + 1);
}

static int
set_level(struct parse *parse, const char *word)
{
	static const char *const words[] = {"error", "warn", "info", "debug"};
	int level = choose("log-level", word, words, 4);

	if (level < 0)
		return usage_error(parse);
	cli_level_set((enum cli_level)level);
	parse->level_given = true;
	return CLI_GO_ON;
}

static int
set_progress(const struct parse *parse, const char *word)
{
	static const char *const words[] = {"auto", "always", "never"};
	int mode = choose("progress", word, words, 3);

	if (mode < 0)
		return usage_error(parse);
	parse->options->progress = (enum cli_progress_mode)mode;
	return CLI_GO_ON;
}

static int
list_keys(const struct parse *parse, const char *form)
{
	static const char *const words[] = {"markdown"};

	if (form != NULL && choose("list-keys", form, words, 1) < 0)
		return usage_error(parse);
	config_list_keys(stdout, form != NULL);
	return CLI_OK;
}

/* What --speed may stand for: the key replay.speed rather than --seed. */
static const char *
nearest_option(const struct parse *parse, const char *word)
{
	const char *key = config_nearest(word);
	const char *name;

	if (key != NULL && strcmp(strchr(key, '.') + 1, word) == 0)
		return key;
	name = config_nearest_word(word, parse->names, parse->count);
	return name != NULL ? name : key;
}

/* An option that getopt_long does not know, as typed. */
static int
unknown_option(const struct parse *parse, const char *typed)
{
	size_t len = strcspn(typed + 2, "=");
	char word[64];
	const char *near;

	snprintf(word, sizeof(word), "%.*s", (int)len, typed + 2);
	if (strchr(word, '.') != NULL)
		return set_pair(parse, typed + 2);
	near = nearest_option(parse, word);
	if (near == NULL)
		cli_message(CLI_ERROR, "there is no option '--%s'", word);
	else
		cli_message(CLI_ERROR,
			    "there is no option '--%s'; did you mean '--%s'?",
			    word, near);
	return usage_error(parse);
}

static int
bad_option(const struct parse *parse, char **argv)
{
	const char *typed = argv[optind - 1];

	if (optopt == 0)
		return unknown_option(parse, typed);
	if (optopt > 255 || strncmp(typed, "--", 2) == 0)
		cli_message(CLI_ERROR, "'%.60s': the option takes no value",
			    typed);
	else
		cli_message(CLI_ERROR, "there is no option '-%c'", optopt);
	return usage_error(parse);
}

static int
take_option(struct parse *parse, int id, char **argv)
{
	struct cli_options *options = parse->options;

	switch (id) {
	case OPTION_KEYLOG:
		options->keylog = optarg;
		return CLI_GO_ON;
	case OPTION_SET:
		return set_pair(parse, optarg);
	case OPTION_JSON:
		options->json = optarg;
		return CLI_GO_ON;
	case OPTION_RECORDS:
		options->records = optarg;
		return CLI_GO_ON;
	case OPTION_PLAINTEXT:
		options->plaintext = optarg;
		return CLI_GO_ON;
	case OPTION_ANNOTATE:
		options->annotate = optarg;
		return CLI_GO_ON;
	case OPTION_TRACE:
		options->trace = optarg;
		return CLI_GO_ON;
	case OPTION_CONFIGURATION:
		options->configuration = optarg;
		return CLI_GO_ON;
	case OPTION_RUNS:
		options->runs = optarg;
		return CLI_GO_ON;
	case OPTION_SEED:
		return set_key(parse, "run.seed", optarg);
	case OPTION_EXECUTOR:
		return set_key(parse, "run.executor", optarg);
	case OPTION_LIST_KEYS:
		return list_keys(parse, optarg);
	case OPTION_LOG_LEVEL:
		return set_level(parse, optarg);
	case OPTION_PROGRESS:
		return set_progress(parse, optarg);
	case OPTION_QUIET:
		options->quiet = true;
		return CLI_GO_ON;
	case OPTION_VERBOSE:
		options->verbose = true;
		return CLI_GO_ON;
	case OPTION_HELP:
		print_help(parse->command);
		return CLI_OK;
	case OPTION_VERSION:
		printf("ktlsim %s\n", ktlsim_version());
		return CLI_OK;
	case ':':
		cli_message(CLI_ERROR, "'%.60s' lacks its value",
			    argv[optind - 1]);
		return usage_error(parse);
	default:
		return bad_option(parse, argv);
	}
}

/* What is left after the options must be the one input. */
static int
take_input(struct parse *parse, int argc, char **argv)
{
	struct cli_options *options = parse->options;
	bool run = parse->command->bit == CLI_RUN;
	const char *what = run ? "scenario" : "capture";

	if (argc - optind == 1) {
		if (run)
			options->scenario = argv[optind];
		else
			options->capture = argv[optind];
		return CLI_GO_ON;
	}
	if (argc - optind == 0)
		cli_message(CLI_ERROR, "%s: which %s? Give %s",
			    parse->command->name, what,
			    run ? "an INI file"
				: "a pcap or pcapng file, or - for standard "
				  "input");
	else
		cli_message(
		    CLI_ERROR, "%s: one %s at a time, not '%.60s' and '%.60s'",
		    parse->command->name, what, argv[optind], argv[optind + 1]);
	return usage_error(parse);
}

static void
parse_init(struct parse *parse, const struct cli_command *command,
	   struct cli_options *options)
{
	*parse = (struct parse){.command = command, .options = options};
	for (size_t i = 0; i < ROWS; i++) {
		if ((rows[i].commands & command->bit) == 0)
			continue;
		parse->longs[parse->count] = (struct option){
		    rows[i].name, rows[i].has_argument, NULL, (int)rows[i].id};
		parse->names[parse->count++] = rows[i].name;
	}
}

int
cli_options_parse(const struct cli_command *command, int argc, char **argv,
		  struct cli_options *options)
{
	struct parse parse;
	const char *shorts;
	int id;

	*options = (struct cli_options){
	    .config = ktlsim_config_create(),
	    .settings = calloc((size_t)argc, sizeof(*options->settings))};
	if (options->config == NULL || options->settings == NULL) {
		cli_message(CLI_ERROR, "%s", strerror(ENOMEM));
		return CLI_FAILED;
	}
	parse_init(&parse, command, options);
	opterr = 0;
	optind = 1;
	shorts = command->bit == CLI_RUN ? ":qvhVc:r:" : ":qvhV";
	while ((id = getopt_long(argc, argv, shorts, parse.longs, NULL)) !=
	       -1) {
		int status = take_option(&parse, id, argv);

		if (status != CLI_GO_ON)
			return status;
	}
	if (!parse.level_given && options->quiet)
		cli_level_set(CLI_ERROR);
	else if (!parse.level_given && options->verbose)
		cli_level_set(CLI_INFO);
	return take_input(&parse, argc, argv);
}

void
cli_options_fini(struct cli_options *options)
{
	ktlsim_config_destroy(options->config);
	for (size_t i = 0; i < options->setting_count; i++)
		free(options->settings[i].key);
	free(options->settings);
	options->config = NULL;
	options->settings = NULL;
	options->setting_count = 0;
}
