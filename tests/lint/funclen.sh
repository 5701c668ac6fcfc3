#!/bin/sh
# funclen.sh - functions over 70 lines and files over 800.
#
# Relies on the style: a function's name, its opening and its closing brace
# stand in the first column.  A longer function says why, in a comment in it
# that begins "Over 70 lines:".  Prints the distribution.
set -eu

find engine nicmodel traces sim tests bench -name '*.c' 2>/dev/null | sort |
	xargs awk '
	function close_file() {
		if (file != "" && lines > 800) {
			printf "%s: %d lines\n", file, lines
			bad = 1
		}
	}
	FNR == 1 { close_file(); file = FILENAME; name = ""; inside = 0 }
	{ lines = FNR }
	/^[a-zA-Z_][a-zA-Z0-9_]*\(/ && !inside { name = $0; start = FNR }
	/^{/ && name != "" { inside = 1; excused = 0 }
	inside && /Over 70 lines:/ { excused = 1 }
	/^}/ && inside {
		length_ = FNR - start + 1
		count[length_]++
		all++
		if (length_ > 70 && !excused) {
			sub(/\(.*/, "", name)
			printf "%s:%d: %s has %d lines\n", FILENAME, start,
			       name, length_
			bad = 1
		}
		inside = 0
		name = ""
	}
	END {
		close_file()
		for (n = 1; seen < all; n++) {
			seen += count[n]
			if (!median && seen * 2 >= all)
				median = n
			if (!p90 && seen * 10 >= all * 9)
				p90 = n
		}
		printf "funclen: %d functions, median %d lines, p90 %d, " \
		       "longest %d\n", all, median, p90, n - 1
		exit bad
	}'
