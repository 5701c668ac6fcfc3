#!/bin/sh
# man.sh - mandoc finds nothing wrong with the manual pages.
#
# Each option that the program's help names, and each group of its keys, stands
# in man/ktlsim.1.
set -eu

ktlsim=${KTLSIM:?names the program}
bad=0
for option in $(for command in replay run flows; do
	"$ktlsim" $command --help
done | sed -nE 's/^  (-[a-z], )?--([a-z-]+).*/\2/p' | sort -u); do
	grep -qE "^\.It.* Fl Fl $option( |\$)" man/ktlsim.1 || {
		echo "man: ktlsim.1 has no --$option" >&2
		bad=1
	}
done
for group in $("$ktlsim" --list-keys=markdown |
	sed -n 's/^## \([a-z]*\)\..*/\1/p' | sort -u); do
	grep -qE "^\.It Cm $group\.\*" man/ktlsim.1 || {
		echo "man: ktlsim.1 has no keys $group.*" >&2
		bad=1
	}
done
[ $bad -eq 0 ] || exit 1

if ! command -v mandoc >/dev/null 2>&1; then
	echo "man: no mandoc, skipped"
	exit 0
fi
set -- man/*.[0-9]
[ -e "$1" ] || {
	echo "man: there are no pages" >&2
	exit 1
}
mandoc -Tlint -W warning "$@"
