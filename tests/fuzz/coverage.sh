#!/bin/sh
# coverage.sh - line coverage of each parser from its fuzzing corpus.
#
# usage: tests/fuzz/coverage.sh FOLDER NAME...
#
# FOLDER holds replay_NAME built with clang's coverage.  The parser of NAME is
# every .c file of engine/, nicmodel/ or traces/ whose name begins with NAME.
# Exit status 1
# where one has less than 80 % of its lines covered.
set -eu

folder=$1
shift
least=80
failed=0

tool() { # name
	for candidate in "$1" "$1-14" "$1-15" "$1-16"; do
		command -v "$candidate" && return
	done
	echo "$1 is missing: tools/install-deps.sh ci installs it" >&2
	return 1
}

profdata=$(tool llvm-profdata)
cov=$(tool llvm-cov)

for name in "$@"; do
	program=$folder/replay_$name
	sources=$(ls engine/"$name"*.c nicmodel/"$name"*.c traces/"$name"*.c \
		2>/dev/null || true)
	if [ -z "$sources" ]; then
		echo "$name: no $name*.c in engine/, nicmodel/ or traces/" >&2
		failed=1
		continue
	fi
	LLVM_PROFILE_FILE=$program.profraw "$program" >/dev/null
	"$profdata" merge -o "$program.profdata" "$program.profraw"
	# shellcheck disable=SC2086 # a list of files
	percent=$("$cov" export -format=lcov "$program" \
		-instr-profile="$program.profdata" $sources |
		awk -F: '/^LF:/ { all += $2 } /^LH:/ { hit += $2 }
			END { printf "%.1f", all ? 100 * hit / all : 0 }')
	# shellcheck disable=SC2086 # a list of files
	echo "$name: $percent % of lines of" $sources
	if awk "BEGIN { exit !($percent < $least) }"; then
		echo "$name: at least $least % are wanted" >&2
		failed=1
	fi
done
exit $failed
