#!/bin/sh
# format.sh - the sources are as clang-format would write them.
set -eu

if ! command -v clang-format >/dev/null 2>&1; then
	echo "format: no clang-format, skipped"
	exit 0
fi
bad=$(find engine nicmodel traces sim tests bench \
	\( -name '*.c' -o -name '*.h' \) -print0 2>/dev/null |
	xargs -0 clang-format --dry-run -Werror 2>&1 |
	sed -n 's/^\([^:]*\):[0-9]*:[0-9]*: error.*/\1/p' | sort | uniq -c)
[ -z "$bad" ] || {
	echo "format: run 'make format'; places per file:" >&2
	echo "$bad" >&2
	exit 1
}
