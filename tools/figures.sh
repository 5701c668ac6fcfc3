#!/bin/sh
# figures.sh - make the tables and plots of docs/nic.md from examples/nic-*.ini.
#
# usage: tools/figures.sh KTLSIM | --text
#
# Some minutes on two cores.  Needs jq and gnuplot.  Writes docs/nic/*.tsv and
# docs/nic/*.svg, puts the tables into docs/nic.md between the lines
# "<!-- table: NAME -->" and "<!-- end -->", and then looks for each bold number
# of the text among those of all tables: one that is in none is an error, one
# that is in another table than it should be is not seen.  --text does the last
# two only, with the tables that are there but for that of the profiles, which
# comes from the source; `make lint` does so.  JOBS=N runs N
# configurations at a time (default: the number of CPUs).
set -eu

ktlsim=${1:?usage: tools/figures.sh KTLSIM | --text}
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
	for config in Delay Hint Backlog Buffer; do
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

# What the NICs can do, from the code that says so.
profiles() {
	awk '
	/\.name = "/ { split($0, part, "\""); name[++count] = part[2] }
	/\[NIC_CAP_[A-Z0-9_]+\] = \{[0-9A-Z]/ {
		split($0, part, /[][{,]|NIC_CAP_/)
		if (!((row = part[3]) in seen))
			order[++rows] = row
		seen[row] = 1
		cell[row, count] = part[5] == "NO_LIMIT" ? "no limit" : part[5]
	}
	END {
		printf "capability"
		for (i = 1; i <= count; i++)
			printf "\t%s", name[i]
		for (r = 1; r <= rows; r++) {
			text = tolower(order[r])
			gsub(/_/, " ", text)
			printf "\n%s", text
			for (i = 1; i <= count; i++)
				printf "\t%s", cell[order[r], i]
		}
		printf "\n"
	}' nicmodel/nic_profile.c
}

write_tables() {
	rm -f docs/nic/*.tsv
	table '' >"$work/names"
	while read -r name; do
		table "$name" >"docs/nic/$name.tsv"
	done <"$work/names"
}

# gnuplot puts its version into what it draws.
draw() {
	gnuplot tools/figures.gp
	for svg in docs/nic/*.svg; do
		sed -i '/<desc>Produced by GNUPLOT/d; s/[ \t]*$//' "$svg"
	done
}

# Tables between their marks.
write_document() {
	awk '
	/^<!-- table: / {
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
	!skip {
		if ($0 !~ /^<!-- table: /)
			print
	}' "$doc" >"$doc.new"
	mv "$doc.new" "$doc"
}

# Each number of the text that stands in bold must be one of a table.
check_text() {
	awk '
	FILENAME != ARGV[ARGC - 1] {
		for (i = 1; i <= NF; i++)
			known[$i] = 1
		next
	}
	/^<!-- table: / { skip = 1 }
	/^<!-- end -->/ { skip = 0 }
	!skip { text = text " " $0 }
	END {
		count = split(text, part, /\*\*/)
		for (i = 2; i <= count; i += 2) {
			words = split(part[i], word, /[^0-9.,]+/)
			for (j = 1; j <= words; j++) {
				gsub(/[.,]$/, "", word[j])
				gsub(/,/, "", word[j])
				if (word[j] == "" || word[j] in known)
					continue
				print ARGV[ARGC - 1] ": " word[j] \
					" is in no table: " part[i] >"/dev/stderr"
				bad = 1
			}
		}
		exit bad
	}' docs/nic/*.tsv "$doc"
}

if [ $# -eq 3 ]; then
	run_one "$2" "$3"
	exit 0
fi
mkdir -p docs/nic
if [ "$ktlsim" != --text ]; then
	run_all
	write_tables
	draw
fi
profiles >docs/nic/profiles.tsv
write_document
check_text
