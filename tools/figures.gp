# figures.gp - the plots of docs/nic.md, from the tables in docs/nic.
#
# usage: gnuplot tools/figures.gp, in the folder above docs
#
# The same tables give the same bytes (but for gnuplot's version, which
# figures.sh removes).
set datafile separator "\t"
set datafile missing "-"
set encoding utf8
set style line 1 lc rgb "#0072b2" lw 2 pt 7 ps 0.6
set style line 2 lc rgb "#d55e00" lw 2 pt 5 ps 0.6
set style line 3 lc rgb "#009e73" lw 2 pt 9 ps 0.7
set style line 4 lc rgb "#cc79a7" lw 2 pt 13 ps 0.8
set style line 5 lc rgb "#56b4e9" lw 2 pt 6 ps 0.6 dt (12, 8)
set style line 6 lc rgb "#e69f00" lw 2 pt 4 ps 0.6 dt (12, 8)
set style line 7 lc rgb "#000000" lw 1 pt 6 ps 1.1
set style line 8 lc rgb "#999999" lw 1 dt (4, 6)
set border 3
set tics nomirror out
set grid y lc rgb "#dddddd"
dir = "docs/nic/"
font = "sans-serif,13"
set key tmargin center horizontal samplen 2

# --- 1 ---

set terminal svg size 640,360 font font background "white"
set output dir . "records.svg"
set logscale x 2
set xtics (256, 512, 1024, 2048, 4096, 8192, 16384)
set xrange [256:16384]
set xlabel "bytes in a record"
set ylabel "CPU time, ns per byte"
set yrange [0:*]
table = dir . "records.tsv"
plot table skip 1 using 1:2 with linespoints ls 1 title "software, freebsd-cdn", \
	"" skip 1 using 1:3 with linespoints ls 2 title "NIC, freebsd-cdn", \
	"" skip 1 using 1:4 with linespoints ls 5 title "software, modern-server", \
	"" skip 1 using 1:5 with linespoints ls 6 title "NIC, modern-server"
unset logscale
set xtics auto

set output dir . "lives.svg"
set xlabel "bytes that a connection carries"
set ylabel "decrypted by the NIC, % of bytes"
set yrange [0:100]
set xrange [-0.2:4.2]
table = dir . "lives.tsv"
plot table skip 1 using 0:2:xticlabels(1) with linespoints ls 1 title "a connection every 2 ms", \
	"" skip 1 using 0:3 with linespoints ls 3 title "every 500 us", \
	"" skip 1 using 0:4 with linespoints ls 2 title "every 200 us"
set xrange [*:*]

# --- 2 ---

set terminal svg size 860,400 font font background "white"
set output dir . "loss.svg"
set multiplot layout 1, 2
set xtics 1
set xrange [0:5]
set yrange [0:20]
set ylabel "goodput of one core, Gb/s"
do for [kind in "packet super"] {
	table = dir . "loss-" . kind . ".tsv"
	set title kind eq "packet" ? "single packets are lost" : "super-segments are lost"
	set xlabel kind eq "packet" ? "loss, % of packets" : "loss, % of super-segments"
	plot table skip 1 using 1:5 with linespoints ls 3 title "plain TCP", \
		"" skip 1 using 1:7 with linespoints ls 2 title "NIC", \
		"" skip 1 using 1:6 with linespoints ls 1 title "software"
}
unset multiplot

set terminal svg size 860,400 font font background "white"
set output dir . "shares.svg"
set multiplot layout 1, 2
set yrange [0:100]
set ylabel "% of records"
table = dir . "shares.tsv"
set title "single packets are lost"
set xlabel "loss, % of packets"
plot table skip 1 using 1:2 with linespoints ls 3 title "by the NIC", \
	"" skip 1 using 1:3 with linespoints ls 4 title "by both", \
	"" skip 1 using 1:4 with linespoints ls 1 title "by the host", \
	"" skip 1 using 1:8 with lines ls 8 title "no packet lost"
set title "super-segments are lost"
set xlabel "loss, % of super-segments"
plot table skip 1 using 1:5 with linespoints ls 3 title "by the NIC", \
	"" skip 1 using 1:6 with linespoints ls 4 title "by both", \
	"" skip 1 using 1:7 with linespoints ls 1 title "by the host"
unset multiplot

set terminal svg size 860,400 font font background "white"
set output dir . "breakeven.svg"
set multiplot layout 1, 2
set yrange [0:1.25]
set ylabel "CPU time of NIC / software"
do for [kind in "packet super"] {
	table = dir . "ratio-" . kind . ".tsv"
	set title kind eq "packet" ? "single packets are lost" : "super-segments are lost"
	set xlabel kind eq "packet" ? "loss, % of packets" : "loss, % of super-segments"
	most = kind eq "packet" ? 10 : 40
	set xrange [0:most]
	set xtics most / 4
	plot 1 with lines ls 8 notitle, \
		table skip 1 using 1:2 with linespoints ls 2 title "Linux, E5-2660 v4", \
		"" skip 1 using 1:3 with linespoints ls 1 title "FreeBSD, freebsd-cdn", \
		"" skip 1 using 1:4 with linespoints ls 3 title "FreeBSD, modern-server"
}
unset multiplot
unset title
set xrange [*:*]
set xtics auto

# --- 3 ---

set terminal svg size 640,360 font font background "white"
set output dir . "sizes.svg"
set logscale x 2
set xrange [32:2048]
set yrange [0:60]
set xtics (32, 64, 128, 256, 512, 1024, 2048)
set xlabel "contexts in the cache, of 2048 connections"
set ylabel "% of packets that miss"
table = dir . "sizes.tsv"
plot table skip 1 using 1:3 with linespoints ls 1 title "single packets", \
	"" skip 1 using 1:2 with points ls 7 title "predicted without feedback", \
	"" skip 1 using 1:5 with linespoints ls 2 title "bursts of 64 KiB", \
	"" skip 1 using 1:4 with points ls 7 notitle
unset logscale
set xtics auto
set xrange [*:*]

set output dir . "fetches.svg"
set xlabel "fetches under way at a time, while nearly every packet misses"
set ylabel "goodput, Gb/s"
set yrange [0:100]
set xrange [-0.2:7.2]
table = dir . "fetches.tsv"
plot table skip 1 using 0:2:xticlabels(1) with linespoints ls 1 notitle
set xrange [*:*]

# --- 4 ---

set terminal svg size 640,360 font font background "white"
set output dir . "delay.svg"
set xlabel "time until the device has taken a request"
set ylabel "not decrypted by the NIC, % of bytes"
set yrange [0:105]
set xrange [-0.2:5.2]
table = dir . "delay.tsv"
plot table skip 1 using 0:2:xticlabels(1) with linespoints ls 1 title "freebsd", \
	"" skip 1 using 0:3 with linespoints ls 5 title "linux-async", \
	"" skip 1 using 0:4 with linespoints ls 3 title "linux-sync", \
	"" skip 1 using 0:5 with linespoints ls 2 title "linux-hint"
set xrange [*:*]

set output dir . "backlog.svg"
set xlabel "records per second that the worker has to send"
set ylabel "mean time without offload, ms"
set y2label "not decrypted by the NIC, % of bytes"
set y2tics
set border 11
set logscale y
set yrange [1:100]
set y2range [0:20]
set xtics 50000
table = dir . "backlog.tsv"
plot table skip 1 using 1:5 with linespoints ls 1 title "time without offload", \
	"" skip 1 using 1:6 axes x1y2 with linespoints ls 2 title "not decrypted by the NIC"
