#!/bin/sh
# docs.sh - what the documents quote of the program, written anew or checked.
#
# usage: tools/docs.sh --check | --write KTLSIM
#
# Quoted are the keys (docs/configuration.md), the picture of
# docs/latency-stages.svg, the report in README.md (the first block between lines
# of three back-quotes), and in docs/validation.md, between lines
# "<!-- table: NAME -->" and "<!-- end -->", the tables of tools/validation.sh.
set -eu

mode=${1:?usage: tools/docs.sh --check | --write KTLSIM}
ktlsim=${2:?usage: tools/docs.sh --check | --write KTLSIM}
capture=traces/data/tls13-download
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
bad=0

put() { # document, what it must be
	cmp -s "$1" "$2" && return
	if [ "$mode" = --write ]; then
		cp "$2" "$1"
	else
		echo "$1 quotes another version: run 'make docs'" >&2
		diff "$1" "$2" | head -n 10 >&2 || true
		bad=1
	fi
}

# What the README shows: the head, one host's stages, and the flows.
excerpt() {
	awk '
	/^(Input|Run|Digest) / { print }
	/^-- (Host client|[0-9]+ flow)/ { shown = 1; print "" }
	/^Goodput/ && shown { print "..."; shown = 0 }
	shown' | cat -s
}

"$ktlsim" --list-keys=markdown >"$dir/configuration.md"
"$ktlsim" replay $capture.pcap --keylog $capture.keys \
	--records "$dir/records.csv" >"$dir/report"
awk -f tools/latency-stages.awk "$dir/records.csv" >"$dir/latency-stages.svg"
excerpt <"$dir/report" >"$dir/excerpt"
awk -v excerpt="$dir/excerpt" '
/^```/ { fence++ }
/^```/ && fence == 1 {
	print
	while ((getline line < excerpt) > 0)
		print line
}
fence != 1' README.md >"$dir/README.md"

for table in records flows; do
	tools/validation.sh "$ktlsim" $table >"$dir/$table"
done
awk -v dir="$dir" '
/^<!-- end -->$/ { table = 0 }
!table
/^<!-- table: [a-z]+ -->$/ {
	table = 1
	while ((getline line < (dir "/" $3)) > 0)
		print line
}' docs/validation.md >"$dir/validation.md"

put docs/configuration.md "$dir/configuration.md"
put docs/latency-stages.svg "$dir/latency-stages.svg"
put docs/validation.md "$dir/validation.md"
put README.md "$dir/README.md"
exit $bad
