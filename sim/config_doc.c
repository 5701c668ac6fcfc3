/*
 * config_doc.c - the table of keys for people: text, and Markdown.
 *
 * Called by the command line.  Everything but the introduction comes from the
 * table, so that docs/configuration.md (which the Markdown form is) cannot
 * fall behind the program; a test compares the two.
 */
#include "sim/config_doc.h"

#include <string.h>

static const char introduction[] =
    "# Configuration keys\n"
    "\n"
    "Printed by `ktlsim --list-keys=markdown`; `make docs/configuration.md`\n"
    "rewrites this file. Do not edit it by hand.\n"
    "\n"
    "A key is set with `--set KEY=VALUE` or `--KEY=VALUE`, in order, the last\n"
    "one wins. Values:\n"
    "\n"
    "- **time**: a number and `ps`, `ns`, `us`, `ms`, `s`, `min`, `h` or `d`,\n"
    "  such as `25us` or `0.16ns`. A unit is required but for `0`. Decimals\n"
    "  are exact: what is not a whole number of picoseconds is refused.\n"
    "- **bytes**: `B` (or no unit), `kB`, `MB`, `GB` (thousands), `KiB`,\n"
    "  `MiB`, `GiB` (1024s), such as `16KiB`.\n"
    "- **rate**: `bps` (or no unit), `kbps`, `Mbps`, `Gbps`, `Tbps`.\n"
    "- **count**: a whole number. **decimal**: at most six places.\n"
    "- **file**: a path; in a scenario, from the folder of the scenario.\n"
    "- **switch**: `on` or `off` (also `true`, `false`, `yes`, `no`, `1`,\n"
    "  `0`).\n"
    "- **distribution**: a time, which is then constant; or `constant(X)`,\n"
    "  `exponential(MEAN)`, `uniform(LEAST, GREATEST)`,\n"
    "  `lognormal(MEDIAN, SIGMA)`, `pareto(SCALE, SHAPE)`, such as\n"
    "  `exponential(10us)`. SIGMA and SHAPE are decimals.\n"
    "\n"
    "For prices (`cost.*`) the default is that of the profile `freebsd-cdn`,\n"
    "and the range is what is plausible on real machines; 0 to 1 s is allowed\n"
    "(0 to 1 us per byte). `cost.profile = FILE` reads prices from an INI\n"
    "file: lines `price = value` with or without `cost.`, without a section "
    "or\n"
    "in `[cost]`, and perhaps first `profile = NAME` for the rest.\n"
    "\n"
    "Settable says whether a real system lets one choose: **tunable** while "
    "it\n"
    "runs, **boot tunable**, **kernel patch**, or **model only**.\n";

const char *
config_settable_name(enum config_settable settable)
{
	switch (settable) {
	case CONFIG_TUNABLE:
		return "tunable";
	case CONFIG_BOOT_TUNABLE:
		return "boot tunable";
	case CONFIG_KERNEL_PATCH:
		return "kernel patch";
	case CONFIG_MODEL_ONLY:
		return "model only";
	}
	return "";
}

/* Length of the name up to its dot. */
static size_t
group_length(const char *name)
{
	return strcspn(name, ".");
}

static bool
group_begins(size_t index)
{
	const char *name = config_key(index)->name;
	size_t length = group_length(name);

	return index == 0 ||
	       strncmp(config_key(index - 1)->name, name, length + 1) != 0;
}

static void
markdown_group(FILE *out, const char *name)
{
	fprintf(out,
		"\n## %.*s.*\n\n"
		"| key | type | default | range | settable | source of the "
		"default | meaning |\n"
		"|---|---|---|---|---|---|---|\n",
		(int)group_length(name), name);
}

static void
markdown_key(FILE *out, const struct config_key_info *info)
{
	fprintf(out, "| `%s` | %s%s%s | `%s` | %s | %s | %s | %s |\n",
		info->name, info->type, info->unit[0] != '\0' ? ", in " : "",
		info->unit, info->default_text, info->range,
		config_settable_name(info->settable), info->source, info->help);
}

static void
text_key(FILE *out, const struct config_key_info *info)
{
	fprintf(out, "%s = %s\n", info->name, info->default_text);
	fprintf(out, "    %s\n", info->help);
	fprintf(out, "    %s%s%s; range: %s\n", info->type,
		info->unit[0] != '\0' ? ", in " : "", info->unit, info->range);
	fprintf(out, "    %s; default from: %s\n",
		config_settable_name(info->settable), info->source);
}

void
config_list_keys(FILE *out, bool markdown)
{
	if (markdown)
		fputs(introduction, out);
	for (size_t i = 0; i < config_key_count(); i++) {
		const struct config_key_info *info = config_key(i);

		if (markdown && group_begins(i))
			markdown_group(out, info->name);
		if (markdown)
			markdown_key(out, info);
		else
			text_key(out, info);
	}
}
