#!/bin/sh
# counters.sh - docs/counters.md and docs/json.md explain what can be printed.
#
# Each counter and each member of the JSON results has its row, and each row its
# counter or member.
#
# usage: tests/lint/counters.sh [KTLSIM]: the program, or that of the environment
#
# Names are read from the sources, where they stand as literals; a run with much
# of the NIC on shows that none was overlooked.
set -eu

ktlsim=${1:-${KTLSIM:?usage: counters.sh KTLSIM}}
capture=traces/data/tls13-download
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
bad=0

# One statement per line.
statements() { # files
	cat "$@" | tr '\n\t' '  ' | tr ';' '\n'
}

counters_of_source() {
	# "rx%" PRIu32 "_packets" is one name, for each queue N.
	statements sim/collect.c sim/collect_offload.c |
		sed -n 's/.*[^a-z_]collect_counter([^"]*"\(.*\)".*/\1/p' |
		sed 's/%" PRIu32 "/N/; s/".*//' | grep -v %
	sed -n 's/.*\[NIC_PCIE_USE_[A-Z_]*\] = "\([a-z_]*\)".*/pcie_\1_bytes/p' \
		sim/collect_offload.c
	sed -n 's/.*\[NIC_RESYNC_[A-Z_]*\] = "\([A-Za-z_]*\)".*/\1/p' \
		nicmodel/nic_resync.c
	sed -n 's/^[[:blank:]]*{"\([a-z0-9_.]*\)", .*/\1/p' engine/ktls_counters.c
	sed -n 's/^[[:blank:]]*{"\(link_[a-z_]*\)",.*/\1/p' sim/impair.c
}

members_of_source() {
	statements sim/report_*.c |
		sed -n 's/.*[^a-z_]\(json_put[a-z_]*\|put_time\)([^"]*"\([a-z0-9_]*\)".*/\2/p'
	grep -o '\[EPISODE_[A-Z]*\] = "[a-z_]*"' sim/episode.c |
		sed 's/.*"\(.*\)"/\1_ps/'
}

first_cells() { # document
	sed -n 's/^| `\([A-Za-z0-9_.]*\)` |.*/\1/p' "$1"
}

differ() { # document, what, names that must be there, names that are there
	for name in $(comm -23 "$3" "$4"); do
		echo "counters: $1 does not explain the $2 $name" >&2
		bad=1
	done
}

counters_of_source | sort -u >"$dir/counters"
first_cells docs/counters.md | sort -u >"$dir/explained"
differ docs/counters.md counter "$dir/counters" "$dir/explained"
for name in $(comm -13 "$dir/counters" "$dir/explained"); do
	echo "counters: docs/counters.md: there is no counter $name" >&2
	bad=1
done

members_of_source | sort -u >"$dir/members"
grep -o '`[a-z0-9_]*`' docs/json.md | tr -d '`' | sort -u >"$dir/words"
first_cells docs/json.md | sort -u >"$dir/rows"
differ docs/json.md member "$dir/members" "$dir/words"
for name in $(comm -13 "$dir/members" "$dir/rows"); do
	echo "counters: docs/json.md: there is no member $name" >&2
	bad=1
done

"$ktlsim" replay $capture.pcap --keylog $capture.keys -q --json "$dir/json" \
	--nic.tls=on --nic.pcie=gen3x8 --nic.pause=on --link.loss=0.01
awk '/^ *"nic": {/ { inside = 1; next }
	/}/ { inside = 0 }
	inside { print $1 }' "$dir/json" | tr -d '":' |
	sed 's/^\(rx\|ch\)[0-9][0-9]*_/\1N_/' | sort -u >"$dir/printed"
differ docs/counters.md counter "$dir/printed" "$dir/explained"
[ "$(wc -l <"$dir/printed")" -gt 60 ] || {
	echo "counters: the run printed too few" >&2
	bad=1
}
# Keys of the configuration have a dot, stages and scenarios names of their own.
awk '/^ *"[a-z0-9_]*": / { print $1 }' "$dir/json" | tr -d '":' | sort -u |
	comm -23 - "$dir/printed" | grep -vE '^(rx|ch)[0-9]' >"$dir/printed_members"
differ docs/json.md "printed member" "$dir/printed_members" "$dir/words"

echo "counters: $(wc -l <"$dir/counters") counters and" \
	"$(wc -l <"$dir/members") members of results"
exit $bad
