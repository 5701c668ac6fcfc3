#!/bin/sh
# install-deps.sh - install the Debian packages that are missing, and only them.
#
# usage: tools/install-deps.sh [-n] run|check|ci|figures
#
# Needs root or sudo when something is missing; touches nothing otherwise.  With
# -n it installs nothing and only says what is missing.
set -eu

ask=
if [ "${1:-}" = -n ]; then
	ask=yes
	shift
fi
goal=${1:-run}
missing=

# What is missing, and the way out of it.
give_up() { # reason
	echo "ktlsim: $1.  Missing Debian packages:$missing" >&2
	echo "ktlsim: have root install them: apt-get install$missing" >&2
	exit 1
}

need() { # packages...
	for package in "$@"; do
		missing="$missing $package"
	done
}

need_command() { # command package...
	command -v "$1" >/dev/null 2>&1 && return
	shift
	need "$@"
}

need_library() { # pkg-config name, header, package
	if command -v pkg-config >/dev/null 2>&1; then
		pkg-config --exists "$1" || need "$3"
	elif ! [ -e "/usr/include/$2" ]; then
		need "$3"
	fi
}

need_command cc gcc
[ -e /usr/include/stdio.h ] || need libc6-dev
need_command pkg-config pkg-config
need_library libcrypto openssl/evp.h libssl-dev
need_library libpcap pcap/pcap.h libpcap-dev
need_library jansson jansson.h libjansson-dev
need_library inih ini.h libinih-dev
need_library zlib zlib.h zlib1g-dev
case $goal in
run) ;;
check | ci)
	need_library check check.h check
	need_command c++ g++
	;;
figures)
	need_command gnuplot gnuplot-nox
	need_command jq jq
	;;
*)
	echo "usage: $0 run|check|ci|figures" >&2
	exit 2
	;;
esac
if [ "$goal" = ci ]; then
	need_command clang clang
	need_command clang-format clang-format
	need_command ctags universal-ctags
	need_command mandoc mandoc
	need_command shellcheck shellcheck
	need_command llvm-profdata llvm
	find /usr/lib/llvm-* -name 'libclang_rt.fuzzer-*.a' 2>/dev/null |
		grep -q . || need libclang-rt-dev
fi

[ -n "$missing" ] || exit 0

[ -z "$ask" ] || give_up "cannot build this yet"
if ! command -v apt-get >/dev/null 2>&1; then
	give_up "there is no apt-get here to install with"
fi
sudo=
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null 2>&1; then
		give_up "not root, and there is no sudo"
	fi
	sudo=sudo
fi
echo "Installing:$missing" >&2
# shellcheck disable=SC2086 # a list of words
if ! $sudo apt-get -q update >&2 ||
	! $sudo env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y --no-install-recommends install $missing >&2; then
	give_up "apt-get failed (its messages are above)"
fi
