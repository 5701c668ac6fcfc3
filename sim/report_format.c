/*
 * report_format.c - numbers and sentences as people read them.
 *
 * Called by the text reports.  No locale, no state.
 */
#include "sim/report_format.h"

#include <stdbool.h>
#include <string.h>

/* A value in units[0] with three digits, in the unit that fits. */
static const char *
format_scaled(char text[FORMAT_MAX], double value, const char *const *units,
	      size_t count)
{
	size_t unit = 0;
	int digits;

	/* 999.5 prints as 1000, which the next unit says better. */
	while (value >= 999.5 && unit < count - 1) {
		value /= 1000;
		unit++;
	}
	digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	if (value <= 0)
		snprintf(text, FORMAT_MAX, "0");
	else if (unit == 0)
		snprintf(text, FORMAT_MAX, "%.0f %s", value, units[0]);
	else
		snprintf(text, FORMAT_MAX, "%.*f %s", digits, value,
			 units[unit]);
	return text;
}

const char *
format_ns(char text[FORMAT_MAX], double ns)
{
	static const char *const units[] = {"ps", "ns", "us", "ms", "s"};

	return format_scaled(text, ns * 1000, units, 5);
}

const char *
format_gbps(char text[FORMAT_MAX], double gbps)
{
	static const char *const units[] = {"b/s", "kb/s", "Mb/s", "Gb/s",
					    "Tb/s"};

	return format_scaled(text, gbps * 1e9, units, 5);
}

const char *
format_ps(char text[FORMAT_MAX], uint64_t ps)
{
	return format_ns(text, (double)ps / 1000);
}

const char *
format_count(char text[FORMAT_MAX], uint64_t count)
{
	char digits[FORMAT_MAX];
	int len =
	    snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);
	char *out = text;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
	return text;
}

const char *
format_counted(char *text, size_t size, uint64_t count, const char *unit)
{
	char number[FORMAT_MAX];

	snprintf(text, size, "%s %s%s", format_count(number, count), unit,
		 count == 1 ? "" : "s");
	return text;
}

double
format_share(double part, double whole)
{
	return whole > 0 ? 100 * part / whole : 0;
}

void
report_bar(FILE *out, double percent, int width)
{
	int cells = (int)(percent * width / 100 + 0.5);

	if (cells > 0)
		fputc(' ', out);
	for (int i = 0; i < cells && i < width; i++)
		fputc('#', out);
}

/* Length of the next word at most `room` long; longer words are broken. */
static size_t
word_length(const char *text, size_t room)
{
	size_t len = strcspn(text, " \n");

	return len > room ? room : len;
}

static void
print_word(FILE *out, const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)word[i];

		fputc(c < 0x20 || c == 0x7f ? '?' : c, out);
	}
}

void
report_wrapped(FILE *out, const char *first, const char *rest, const char *text)
{
	size_t indent = strlen(rest);
	size_t column = strlen(first);
	bool fresh = true; /* no word on this line yet */

	fputs(first, out);
	while (*(text += strspn(text, " \n")) != '\0') {
		size_t len = word_length(text, REPORT_COLUMNS - indent);

		if (column + !fresh + len > REPORT_COLUMNS && !fresh) {
			fprintf(out, "\n%s", rest);
			column = indent;
			fresh = true;
		}
		if (!fresh)
			fputc(' ', out);
		print_word(out, text, len);
		column += len + !fresh;
		text += len;
		fresh = false;
	}
	fputc('\n', out);
}

void
report_rule(FILE *out, const char *title)
{
	int dashes = REPORT_COLUMNS - 4 - (int)strlen(title);

	fprintf(out, "\n-- %s ", title);
	for (int i = 0; i < dashes; i++)
		fputc('-', out);
	fputc('\n', out);
}
