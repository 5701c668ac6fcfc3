#!/bin/sh
# symbols.sh - the libraries define no global name but ktlsim_*.
#
# usage: tests/lint/symbols.sh libktlsim.a libktlsim.so
set -eu

names() { # nm's arguments
	nm --defined-only "$@" 2>/dev/null |
		awk 'NF == 3 && $2 ~ /^[A-Z]$/ { print $3 }'
}

bad=$( {
	names -g "$1"
	names -D "$2"
} | grep -v '^ktlsim_' | sort -u || true)
if [ -n "$bad" ]; then
	echo "symbols: not ktlsim_*:" "$bad" >&2
	exit 1
fi
names -D "$2" | grep -q '^ktlsim_' || {
	echo "symbols: $2 exports nothing" >&2
	exit 1
}
