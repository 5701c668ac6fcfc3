#!/bin/sh
# walk.sh - each `file : function` of docs/architecture.md exists, and each test
# that docs/model.md (by file), docs/fidelity.md, docs/validation.md and
# docs/linux-matrix.md (by name) name.
set -eu

bad=0
pairs=$(grep -o '`[a-z0-9_/]*\.c : [a-z0-9_]*`' docs/architecture.md |
	tr -d '`' | sed 's/ : / /' | tr ' ' ':' | sort -u)
[ -n "$pairs" ] || {
	echo "walk: docs/architecture.md has no rows" >&2
	exit 1
}
for pair in $pairs; do
	file=${pair%%:*}
	function=${pair##*:}
	if ! grep -qE "^$function\(" "$file" 2>/dev/null; then
		echo "walk: docs/architecture.md: $file has no $function()" >&2
		bad=1
	fi
done
for test in $(grep -oE 'test_[a-z0-9_]+' docs/model.md | sort -u); do
	set -- tests/*/"$test".c
	if ! [ -e "$1" ]; then
		echo "walk: docs/model.md: there is no $test" >&2
		bad=1
	fi
done
for document in docs/fidelity.md docs/validation.md docs/linux-matrix.md; do
	for test in $(grep -oE '`test_[a-z0-9_]+`' $document | tr -d '`' |
		sort -u); do
		if ! grep -rqwE "START_TEST\($test\)" tests; then
			echo "walk: $document: there is no $test" >&2
			bad=1
		fi
	done
done
exit $bad
