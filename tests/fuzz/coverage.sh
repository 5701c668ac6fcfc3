#!/bin/sh
# coverage.sh - line coverage of each parser, or engine, from its fuzzing corpus.
#
# usage: tests/fuzz/coverage.sh FOLDER NAME...
#
# FOLDER holds replay_NAME built with clang's coverage.  The parser of NAME is
# every .c file of engine/, nicmodel/ or traces/ whose name begins with NAME.  The
# fuzzer `engine` takes the steps of one socket: all of engine/ but TCP, the work
# queue, and tables of names.  Exit status 1 where less than 80 % of a fuzzer's
# lines are covered.
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

sources_of() { # name
	case $1 in
	engine)
		find engine -name '*.c' ! -name 'tcp_*' ! -name 'workq.c' \
			! -name 'suite_table.c' ! -name 'ktls_counters.c' | sort
		;;
	*) ls engine/"$1"*.c nicmodel/"$1"*.c traces/"$1"*.c 2>/dev/null ||
		true ;;
	esac
}

profdata=$(tool llvm-profdata)
cov=$(tool llvm-cov)

for name in "$@"; do
	program=$folder/replay_$name
	sources=$(sources_of "$name")
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
