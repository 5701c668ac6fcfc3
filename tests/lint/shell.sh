#!/bin/sh
# shell.sh - shellcheck finds nothing wrong with the scripts.
set -eu

if ! command -v shellcheck >/dev/null 2>&1; then
	echo "shell: no shellcheck, skipped"
	exit 0
fi
find . -name build -prune -o -name '*.sh' -print0 |
	xargs -0 shellcheck -S warning .ci/run
