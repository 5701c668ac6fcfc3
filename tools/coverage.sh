#!/bin/sh
# coverage.sh - line and branch coverage per folder, and what is not reached.
#
# usage: tools/coverage.sh BUILD
#
# BUILD is the folder of a `make VARIANT=cov` build whose tests have run.  A file
# that no test has touched counts as well.  What tools/coverage.awk has to say
# of each place is left in BUILD/uncovered; printed are the places of engine/ and
# nicmodel/, with the reasons that tests/uncovered.txt has for them, and the
# figures.
set -eu

build=$1
list=$build/uncovered
notes=

for source in engine/*.c nicmodel/*.c traces/*.c sim/*.c sim/cli/*.c; do
	note=$build/${source%.c}.gcno
	if ! [ -e "$note" ]; then
		echo "$source: not built for coverage; run make cov" >&2
		exit 1
	fi
	notes="$notes $note"
done

# shellcheck disable=SC2086 # a list of files
"${GCOV:-gcov}" -b -c -t $notes 2>"$list.errors" >"$build/lines.gcov" || {
	cat "$list.errors" >&2
	exit 1
}
status=0
awk -f tools/coverage.awk tests/uncovered.txt "$build/lines.gcov" >"$list" ||
	status=1
grep -v -E '^(traces|sim)/[^ ]+:[0-9]+: ' "$list"
echo "The places of the other folders are in $list"
exit $status
