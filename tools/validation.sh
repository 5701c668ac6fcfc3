#!/bin/sh
# validation.sh - published and simulated throughput, as tables of a document.
#
# usage: tools/validation.sh KTLSIM records | flows
#
# Runs the scenario of that name in examples/validation and prints its table in
# Markdown.  The published figures stand here, with their sources in
# docs/validation.md, where `make docs` puts the tables.
set -eu

ktlsim=${1:?usage: tools/validation.sh KTLSIM records | flows}
table=${2:?usage: tools/validation.sh KTLSIM records | flows}
scenario=examples/validation/$table.ini

# The last table of the report: configuration, variables, Gb/s and busy cores.
runs() { # configuration
	"$ktlsim" run "$scenario" -c "$1" | awk -v name="$1" '
	/^-- All runs/ { all = 1 }
	all && $2 == "server" {
		line = name " " $3 " " $4
		for (i = 5; i <= NF; i++)
			if ($i ~ /=/)
				line = line " " $i
		print line
	}'
}

# Cycles of 0.5 ns: 2 KiB at 4 Gb/s on a core are 8192.
records() {
	{
		runs Records
		runs NoCipher
	} | awk '
	BEGIN {
		split("7925 11493 19695 36314", total)
		split("4274 6353 11481 21922", cipher)
		split("3651 5139 8214 14392", other)
		print "| record | total, published | simulated | residual " \
		    "| decryption, published | simulated | residual " \
		    "| the rest, published | simulated | residual |"
		print "|---|---|---|---|---|---|---|---|---|---|"
	}
	function cell(published, simulated) {
		return sprintf(" %d | %.0f | %+.1f %% |", published, simulated,
		    100 * (simulated / published - 1))
	}
	{
		sub(/record=/, "", $4)
		cycles = $4 * 1024 * 8 * 2 * $3 / $2
	}
	$1 == "Records" { size[++n] = $4; sum[n] = cycles }
	$1 == "NoCipher" { rest[++m] = cycles }
	END {
		for (i = 1; i <= n; i++)
			print "| " size[i] " KiB |" cell(total[i], sum[i]) \
			    cell(cipher[i], sum[i] - rest[i]) \
			    cell(other[i], rest[i])
	}'
}

flows() {
	{
		runs Alone
		runs Contended
	} | awk '
	BEGIN {
		split("7.26 18.50 24.70 64.30 50.30 92.90", gbps)
		split("1 1 4 4 8 8", count)
		split("software NIC software NIC software NIC", who)
		split("fitted,fitted,contention fitted,predicted,predicted," \
		    "predicted: line rate", role, ",")
		print "| connections | decrypted by | published Gb/s " \
		    "| without contention | residual " \
		    "| with contention | residual | |"
		print "|---|---|---|---|---|---|---|---|"
	}
	function cell(published, simulated) {
		return sprintf(" %.2f | %+.1f %% |", simulated,
		    100 * (simulated / published - 1))
	}
	$1 == "Alone" { alone[++n] = $2 }
	$1 == "Contended" { contended[++m] = $2 }
	END {
		for (i = 1; i <= n; i++)
			print "| " count[i] " | " who[i] " | " gbps[i] " |" \
			    cell(gbps[i], alone[i]) \
			    cell(gbps[i], contended[i]) " " role[i] " |"
	}'
}

case $table in
records | flows) $table ;;
*)
	echo "validation.sh: there is no table '$table'" >&2
	exit 2
	;;
esac
