#!/bin/sh
# coverage.sh - line and branch coverage per folder, from gcov's data.
#
# usage: tools/coverage.sh BUILD
#
# BUILD is the folder of a `make VARIANT=cov` build whose tests have run.
# Branches of assertions count as branches: their false sides never run.
set -eu

build=$1
find "$build/engine" "$build/nicmodel" "$build/traces" "$build/sim" \
	-name '*.gcda' 2>/dev/null | while read -r data; do
	gcov -n -b "$data" 2>/dev/null
done | awk '
	# Only sources of the tree itself; headers of the system are absolute.
	/^File / {
		split($0, quote, "\047")
		file = quote[2]
		folder = file
		sub(/\/[^\/]*$/, "", folder)
		ours = file !~ /^\// && file ~ /\.c$/
	}
	/^Lines executed/ && ours {
		split($0, f, /[:% ]+/)
		lines[folder] += f[5]; hit[folder] += f[3] * f[5] / 100
	}
	/^Taken at least once/ && ours {
		split($0, f, /[:% ]+/)
		branches[folder] += f[7]; taken[folder] += f[5] * f[7] / 100
		ours = 0
	}
	END {
		printf "%-12s %8s %7s %9s %7s\n", "folder", "lines", "%",
		       "branches", "%"
		for (folder in lines)
			printf "%-12s %8d %7.1f %9d %7.1f\n", folder,
			       lines[folder],
			       100 * hit[folder] / lines[folder],
			       branches[folder],
			       100 * taken[folder] / (branches[folder] + 1e-9)
	}'
