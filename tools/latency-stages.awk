# latency-stages.awk - draw each record's latency by stage, as an SVG picture.
#
# usage: awk -f tools/latency-stages.awk RECORDS.csv > PICTURE.svg
#
# The input is what --records writes; drawn is what the first client receives.
# `make docs` makes the picture from the bundled capture; the same input gives
# the same bytes.
BEGIN {
	FS = ","
	stages = split("nic moderation softirq key_wait queue decrypt wake " \
	    "read", stage, " ")
	split("#999999 #e69f00 #f0e442 #000000 #d55e00 #0072b2 #56b4e9 " \
	    "#009e73", color, " ")
	split("arrival_ps visible_ps handler_ps appended_ps keyed_ps " \
	    "begin_ps decrypted_ps read_begin_ps read_end_ps", border, " ")
	left = 56
	top = 44
	width = 520
	height = 260
	legend = left + width + 24
}

NR == 1 {
	for (i = 1; i <= NF; i++)
		column[$i] = i
	next
}

$column["flow"] == 0 && $column["direction"] == "server_to_client" {
	count++
	total = 0
	for (i = 1; i <= stages; i++) {
		us = ($column[border[i + 1]] - $column[border[i]]) / 1e6
		bar[count, i] = us
		sum[i] += us
		total += us
	}
	if (total > most)
		most = total
}

function y_of(us) {
	return top + height - us * height / limit
}

function text(x, y, anchor, words) {
	printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n",
	    x, y, anchor, words
}

function draw_axes(  us) {
	for (us = 0; us <= limit; us += 10) {
		printf "<path d=\"M%d %.1fh%d\" stroke=\"#ddd\"/>\n", left,
		    y_of(us), width
		text(left - 6, y_of(us) + 4, "end", us)
	}
	text(left - 40, top - 14, "start", "Latency of a record in &#181;s, " \
	    "from its last segment's arrival until it is read")
	text(left + width / 2, top + height + 34, "middle",
	    "Records of the download, in order")
}

function draw_record(n,  i, low, high) {
	low = 0
	for (i = 1; i <= stages; i++) {
		high = low + bar[n, i]
		if (high > low)
			printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" " \
			    "height=\"%.1f\" fill=\"%s\"/>\n",
			    left + (n - 0.9) * width / count, y_of(high),
			    0.8 * width / count, y_of(low) - y_of(high),
			    color[i]
		low = high
	}
	if (n == 1 || n % 5 == 0)
		text(left + (n - 0.5) * width / count, top + height + 16,
		    "middle", n)
}

function draw_legend(  i, y) {
	text(legend, top + 4, "start", "Stage")
	text(legend + 148, top + 4, "end", "mean")
	for (i = stages; i >= 1; i--) {
		y = top + 24 + (stages - i) * 22
		printf "<rect x=\"%d\" y=\"%d\" width=\"12\" height=\"12\" " \
		    "fill=\"%s\"/>\n", legend, y - 10, color[i]
		text(legend + 18, y, "start", stage[i])
		text(legend + 148, y, "end",
		    sprintf("%.1f &#181;s", sum[i] / count))
	}
}

END {
	if (count == 0) {
		print "latency-stages: no record" > "/dev/stderr"
		exit 1
	}
	limit = 10 * int(most / 10 + 1)
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" " \
	    "height=\"350\" font-family=\"sans-serif\" font-size=\"12\">"
	print "<title>Latency of each record by stage</title>"
	print "<rect width=\"760\" height=\"350\" fill=\"#fff\"/>"
	draw_axes()
	for (n = 1; n <= count; n++)
		draw_record(n)
	draw_legend()
	print "</svg>"
}
