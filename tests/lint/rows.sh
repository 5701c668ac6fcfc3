#!/bin/sh
# rows.sh - each scenario that docs/nic-tests.md names is in a test.
#
# Names stand in double quotes, and in the tests as the contents of a string.
set -u

cd "$(dirname "$0")/../.." || exit 2
list=$(mktemp)
trap 'rm -f "$list"' EXIT
missing=0
count=0

grep -o '"[^"]*"' docs/nic-tests.md | sort -u >"$list"
while IFS= read -r name; do
	count=$((count + 1))
	grep -rqF -- "$name" tests/nicmodel tests/sim && continue
	echo "docs/nic-tests.md: no test has $name"
	missing=$((missing + 1))
done <"$list"

echo "rows: $count scenarios are named, $missing missing"
[ $missing -eq 0 ] && [ $count -gt 0 ]
