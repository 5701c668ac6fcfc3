#!/bin/sh
# format.sh - the sources are as clang-format would write them.
set -eu

if ! command -v clang-format >/dev/null 2>&1; then
	echo "format: no clang-format, skipped"
	exit 0
fi
find engine nicmodel traces sim tests bench \
	\( -name '*.c' -o -name '*.h' \) -print0 2>/dev/null |
	xargs -0 clang-format --dry-run -Werror
