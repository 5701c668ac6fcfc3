#!/bin/sh
# figures.sh - make the tables and plots of docs/nic.md from examples/nic-*.ini.
#
# usage: tools/figures.sh KTLSIM
#
# Some minutes on two cores.  Needs jq and gnuplot.  Writes docs/nic/*.tsv and
# docs/nic/*.svg, puts the tables into docs/nic.md between the lines
# "<!-- table NAME -->" and "<!-- end -->", and then looks for each bold number
# of the text in the tables: text and figures cannot drift apart unseen.
# JOBS=N runs N configurations at a time (default: the number of CPUs).
set -eu

ktlsim=${1:?usage: tools/figures.sh KTLSIM}
jobs=${JOBS:-$(nproc)}
doc=docs/nic.md
work=build/figures

# What is run: all runs of these configurations.
plan() {
	for config in OffloadPacket SoftwarePacket TcpPacket OffloadSuper \
		SoftwareSuper TcpSuper BeyondSuper FreeBSDPacket FreeBSDSuper
	do
		echo "nic-loss $config"
	done
	for config in Fetches Connections Sizes; do
		echo "nic-cache $config"
	done
	for config in Records Suites Lives Load; do
		echo "nic-traffic $config"
	done
	for config in Delay Aligned Backlog Buffer; do
		echo "nic-resync $config"
	done
}

# One configuration; results are large, so only the figures are kept.
run_one() { # scenario, configuration
	result=$work/$2.json
	"$ktlsim" run "examples/$1.ini" -c "$2" --quiet --json "$result" \
		>/dev/null 2>"$work/$2.err" || {
		cat "$work/$2.err" >&2
		exit 1
	}
	jq -c -f tools/figures.jq "$result" >"$work/$2.runs"
	rm "$result"
	echo "$1 $2: $(wc -l <"$work/$2.runs") runs"
}

run_all() {
	rm -rf "$work"
	mkdir -p "$work"
	plan | xargs -P "$jobs" -L 1 "$0" "$ktlsim"
	plan | while read -r _ config; do
		jq -c -s --arg config "$config" '{($config): .}' \
			"$work/$config.runs"
	done | jq -c -s add >"$work/all.json"
}

table() { # name, or nothing for the names
	jq -n -r --arg table "$1" --slurpfile all "$work/all.json" \
		-f tools/tables.jq
}

write_tables() {
	mkdir -p docs/nic
	table '' | while read -r name; do
		table "$name" >"docs/nic/$name.tsv"
	done
}

# gnuplot puts its version into what it draws.
draw() {
	gnuplot tools/figures.gp
	for svg in docs/nic/*.svg; do
		sed -i '/<desc>Produced by GNUPLOT/d; s/[ \t]*$//' "$svg"
	done
}

# Tables between their marks; headings are set to wrap at the colon.
write_document() {
	awk '
	/^<!-- table / {
		print
		file = "docs/nic/" $3 ".tsv"
		for (line = 0; (getline text < file) > 0; line++) {
			gsub(/\t/, " | ", text)
			print "| " text " |"
			if (line == 0) {
				gsub(/[^|]+/, "---", text)
				print "|" text "|"
			}
		}
		if (line == 0) {
			print "figures.sh: no table " file >"/dev/stderr"
			exit 1
		}
		close(file)
		skip = 1
	}
	/^<!-- end -->/ { skip = 0 }
	!skip' "$doc" >"$work/document.md"
	cp "$work/document.md" "$doc"
}

# Each number of the text that stands in bold must be one of a table.
check_text() {
	cut -f 1- docs/nic/*.tsv | tr '\t ' '\n\n' | sort -u >"$work/numbers"
	awk '/^<!-- table/ { skip = 1 } /^<!-- end/ { skip = 0 } !skip' "$doc" |
		tr '\n' ' ' | grep -oE '\*\*[^*]+\*\*' |
		grep -oE '[0-9]+([.,][0-9]+)*' | tr -d , | sort -u |
		while read -r number; do
			grep -qxF -- "$number" "$work/numbers" ||
				echo "$doc: $number is in no table" >&2
		done 2>"$work/astray"
	cat "$work/astray" >&2
	[ ! -s "$work/astray" ]
}

if [ $# -eq 3 ]; then
	run_one "$2" "$3"
	exit 0
fi
write_tables; exit 0
write_tables
draw
write_document
check_text
