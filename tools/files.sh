#!/bin/sh
# files.sh - check the FILES texts, or write them anew.
#
# usage: tools/files.sh --check | --write
#
# Each folder has a text FILES: one line per file, "name - what it is".  --write
# keeps the lines of files that are there and makes the others from the head
# comment ("name - what it is.").  Corpora and what is not in the repository are
# left out.
set -eu

mode=${1:---check}
bad=0

folders() {
	find . -type d \( -name .git -o -name build -o -name corpus \) -prune \
		-o -type f -print | sed -n 's|^\./\(.*\)/[^/]*$|\1|p' | sort -u
}

files() { # folder
	find "$1" -maxdepth 1 -type f ! -name FILES ! -name '.*' |
		sed 's|.*/||' | LC_ALL=C sort
}

# The head comment's sentence after "name - ", up to its first full stop or to
# the end of the paragraph.
describe() { # folder, file
	awk -v name="$2" '
	NR > 12 { exit }
	{
		line = $0
		sub(/^[ \t]*(\/?\*+|#+|\.\\")[ \t]*/, "", line)
		sub(/[ \t]*\*\/$/, "", line)
	}
	!found && index(line, name " - ") == 1 {
		text = substr(line, length(name) + 4)
		found = 1
		next
	}
	found && line == "" { exit }
	found { text = text " " line }
	END {
		sub(/[.] .*/, "", text)
		sub(/[.:;]$/, "", text)
		print text
	}' "$1/$2"
}

fresh() { # folder
	files "$1" | while read -r file; do
		old=$(grep -F "$file - " "$1/FILES" 2>/dev/null |
			awk -v name="$file - " 'index($0, name) == 1' || true)
		if [ -n "$old" ]; then
			echo "$old"
		else
			echo "$file - $(describe "$1" "$file")"
		fi
	done
}

for folder in $(folders); do
	case $folder in
	.*) continue ;;
	esac
	[ -n "$(files "$folder")" ] || continue
	fresh "$folder" >"$folder/.FILES.new"
	if ! cmp -s "$folder/.FILES.new" "$folder/FILES"; then
		if [ "$mode" = --write ]; then
			cp "$folder/.FILES.new" "$folder/FILES"
		else
			echo "$folder/FILES: run 'make files'" >&2
			diff "$folder/FILES" "$folder/.FILES.new" >&2 || true
			bad=1
		fi
	fi
	if grep -nE ' - $' "$folder/.FILES.new" >&2; then
		echo "$folder/FILES: these need a description" >&2
		bad=1
	fi
	rm "$folder/.FILES.new"
done
exit $bad
