#!/bin/sh
# mutate.sh - each listed change of the program must fail a property.
#
# usage: CC= CFLAGS= LIBS= OBJECTS= RUN= tests/property/mutate.sh BUILD LIST
#
# OBJECTS are those of the property's program in BUILD, or archives of them; RUN
# its arguments, which say how long it looks.  Each mutant of LIST is one line
# of one file changed by sed; its object takes the place of the original one.
# Exit status 1 where one survives, or where a line to change is no longer
# there.
set -eu

build=$1
folder=$build/mutants
caught=0
missed=0

mkdir -p "$folder"

miss() { # name why
	echo "$1: $2" >&2
	missed=$((missed + 1))
}

# An object in front of an archive keeps the archive's from being linked.
build_mutant() { # name original-object
	others=$(printf '%s\n' $OBJECTS | grep -vxF "$2")
	# shellcheck disable=SC2086 # lists of words
	eval "$CC $CFLAGS -w -c -o $folder/$1.o $folder/$1.c" &&
		$CC -o "$folder/$1" "$folder/$1.o" $others $LIBS
}

mutant() { # name file sed-expression
	sed "$3" "$2" >"$folder/$1.c"
	if [ "$(diff "$2" "$folder/$1.c" | grep -c '^<')" != 1 ]; then
		miss "$1" "the line is not in $2 exactly once"
		return
	fi
	if ! build_mutant "$1" "$build/${2%.c}.o"; then
		miss "$1" "cannot be compiled"
		return
	fi
	# shellcheck disable=SC2086 # a list of words
	if "$folder/$1" $RUN >"$folder/$1.log" 2>&1; then
		miss "$1" "survives ($RUN)"
	else
		echo "$1: caught ($(head -n 1 "$folder/$1.log"))"
		caught=$((caught + 1))
	fi
}

# shellcheck source=/dev/null
. "$2"

echo "$caught passed, $missed failed"
[ $missed -eq 0 ]
