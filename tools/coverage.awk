# coverage.awk - figures per folder, and what no test has reached.
#
# usage: awk -f tools/coverage.awk tests/uncovered.txt GCOV
#
# GCOV is what `gcov -b -c -t` prints of all sources.  Lines and branches of
# assertions are left out: their false sides never run.  Of each folder in
# `held`, every place that is not reached must have a row in the first file,
# which says why.  Exit status 1 where one has none, or where a folder in
# `lines_least` is below what is wanted.
BEGIN {
	held["engine"] = held["nicmodel"] = 1
	lines_least["engine"] = lines_least["nicmodel"] = 95
	branches_least["engine"] = branches_least["nicmodel"] = 85
}

# Count the parentheses of an assertion, of which `depth` are open; true where
# this line has a part of one.
function in_assertion(text,    i, c) {
	gsub(/'[()"]'|"([^"\\]|\\.)*"/, "", text)
	if (depth == 0) {
		if (!match(text, /(^|[^_a-z])assert\(/))
			return 0
		text = substr(text, RSTART + RLENGTH)
		depth = 1
	}
	for (i = 1; i <= length(text) && depth > 0; i++) {
		c = substr(text, i, 1)
		depth += (c == "(") - (c == ")")
	}
	return 1
}

function say(text) {
	print text
	bad = 1
}

# The first file: "FILE FUNCTION: SOURCE" lines, then their reason, indented.
FNR == 1 {
	file_number++
}

file_number == 1 && /^[^#\t]/ {
	if (had_reason)
		heads = 0
	had_reason = 0
	head[heads++] = $0
}

file_number == 1 && /^\t/ {
	for (i = 0; i < heads; i++)
		reason[head[i]] = reason[head[i]] $0 "\n"
	had_reason = 1
}

file_number == 1 {
	next
}

/^ *-: +0:Source:/ {
	file = $0
	sub(/.*:Source:/, "", file)
	folder = file
	sub(/\/[^\/]*$/, "", folder)
	ours = file !~ /^\//
	depth = 0
	next
}

!ours || /^ *-: +0:/ {
	next
}

/^function / {
	name = $2
	next
}

/^branch / {
	if (asserted)
		next
	branches[folder]++
	if (/never executed/ || $4 == 0)
		missed[place]++
	else
		taken[folder]++
	next
}

/^ *[^ :]+: *[0-9]+:/ {
	split($0, field, ":")
	text = substr($0, length(field[1]) + length(field[2]) + 3)
	asserted = in_assertion(text)
	if (asserted || field[1] ~ /-$/)
		next
	sub(/^[ \t]+/, "", text)
	place = ++places
	where[place] = file ":" field[2] + 0
	source[place] = name ": " text
	row[place] = file " " source[place]
	home[place] = folder
	lines[folder]++
	if (field[1] ~ /[#=]/)
		dead[place] = 1
	else
		hit[folder]++
}

function figures(folder,    line, branch) {
	line = 100 * hit[folder] / lines[folder]
	branch = 100 * taken[folder] / (branches[folder] + 1e-9)
	printf "%-10s %6d %7.2f %9d %7.2f\n", folder, lines[folder], line,
	    branches[folder], branch
	if (line < lines_least[folder] || branch < branches_least[folder])
		say(folder ": at least " lines_least[folder] " % of lines and " \
		    branches_least[folder] " % of branches are wanted")
}

# The reason of the places before goes in front of a place that has another.
function report(place,    why, what) {
	used[row[place]] = 1
	why = ""
	if (held[home[place]] && row[place] in reason)
		why = reason[row[place]]
	if (why != pending)
		printf "%s", pending
	pending = why
	what = dead[place] ? "never runs" : missed[place] " not taken"
	print where[place] ": " what ": " source[place]
	if (held[home[place]] && why == "")
		say("\tno reason in tests/uncovered.txt")
}

END {
	for (i = 1; i <= places; i++)
		if (dead[i] || missed[i])
			report(i)
	printf "%s", pending
	for (text in reason)
		if (!(text in used))
			print "reached in this run, with a reason: " text
	printf "\n%-10s %6s %7s %9s %7s\n", "folder", "lines", "%",
	    "branches", "%"
	split("engine nicmodel traces sim sim/cli", order, " ")
	for (i = 1; order[i] != ""; i++)
		if (lines[order[i]] > 0)
			figures(order[i])
	exit bad
}
