#!/bin/sh
# man.sh - mandoc finds nothing wrong with the manual pages.
set -eu

if ! command -v mandoc >/dev/null 2>&1; then
	echo "man: no mandoc, skipped"
	exit 0
fi
set -- man/*.[0-9]
[ -e "$1" ] || {
	echo "man: there are no pages" >&2
	exit 1
}
mandoc -Tlint -W warning "$@"
