#!/bin/sh
# digest.sh - the digest of a run does not depend on how it was compiled.
#
# usage: tests/digest.sh CAPTURE      (without .pcap; CAPTURE.keys beside it)
#
# Builds the tool with gcc, clang, -O0, -O3 and ASan+UBSan, replays the capture
# and runs modelled senders twice with each, and compares the results but for
# the wall clock's fields.
set -eu

capture=$1
out=build/digest
mkdir -p $out

for variant in release debug clang asan; do
	if [ $variant = clang ] && ! command -v clang >/dev/null 2>&1; then
		echo "digest: clang is missing, its build is skipped"
		continue
	fi
	# shellcheck disable=SC2086 # perhaps empty
	"${MAKE:-make}" --no-print-directory ${PARALLEL:-} VARIANT=$variant all
	for turn in 1 2; do
		{
			"build/$variant/ktlsim" replay "$capture.pcap" \
				--keylog "$capture.keys" -q --json -
			"build/$variant/ktlsim" run examples/workers.ini \
				-c Workers -q --json - --crypto.mode=real
		} |
			tr ',' '\n' | grep -Ev '"(wall_s|events_per_s)"' \
			>$out/$variant.$turn
	done
	for turn in 1 2; do
		if ! cmp -s $out/release.1 $out/$variant.$turn; then
			echo "digest: $variant differs from release:" >&2
			diff $out/release.1 $out/$variant.$turn | head >&2
			exit 1
		fi
	done
	echo "digest: $variant" \
		"$(grep -o '"digest".*' $out/$variant.1 | head -n 1)"
done
