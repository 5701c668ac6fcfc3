#!/bin/sh
# mutate.sh - each listed change of the engine must fail the property test.
#
# usage: CC= CFLAGS= LIBS= OBJECTS= tests/property/mutate.sh BUILD
#
# OBJECTS are those of tests/property/run in BUILD.  Each mutant is one line of
# one file changed by sed; its object takes the place of the original one.  It
# must be caught within 100,000 steps.  Exit status 1 where one survives, or
# where a line to change is no longer there.
set -eu

build=$1
folder=$build/mutants
steps=100000
caught=0
missed=0

mkdir -p "$folder"

mutant() { # name file sed-expression
	changed=$folder/$1.c
	sed "$3" "$2" >"$changed"
	if [ "$(diff "$2" "$changed" | grep -c '^<')" != 1 ]; then
		echo "$1: the line is not in $2 exactly once" >&2
		missed=$((missed + 1))
		return
	fi
	original=$build/${2%.c}.o
	others=$(printf '%s\n' $OBJECTS | grep -vxF "$original")
	# shellcheck disable=SC2086 # lists of words
	eval "$CC $CFLAGS -w -c -o $folder/$1.o $changed" &&
		$CC -o "$folder/$1" "$folder/$1.o" $others $LIBS
	if "$folder/$1" --quiet --steps $steps >"$folder/$1.log" 2>&1; then
		echo "$1: survives $steps steps" >&2
		missed=$((missed + 1))
	else
		echo "$1: caught ($(head -n 1 "$folder/$1.log"))"
		caught=$((caught + 1))
	fi
}

mutant seqno-stands-still engine/ktls_rx.c \
	's/= sb->sb_tls_seqno++;/= sb->sb_tls_seqno;/'
mutant flush-not-seen engine/ktls_rx.c \
	's/bool flushed = sb->sb_tlsdcc == 0;/bool flushed = false;/'
mutant shared-storage-written engine/ktls_rx.c \
	's/if (!m_exclusive(\*link) && /if (false \&\& /'
mutant tail-left-behind engine/ktls_rx.c \
	's/sb->sb_mtlstail = rest;/;/'
mutant rekey-not-noticed engine/ktls_rx.c \
	's/job->session->key_pending |= job->rekeys;/;/'
mutant residue-over-reset engine/ktls_rx.c \
	'/sbflush_tls(sb);/{n;s/if (!so->so_dropped)/if (true)/;}'
mutant record-not-ready engine/ktls_rx.c \
	's/m->m_flags &= (uint16_t) *~(M_NOTREADY | M_DECRYPTED | M_ROOM);/;/'
mutant marks-merged engine/sockbuf.c \
	's/((tail->m_flags ^ m->m_flags) & M_DECRYPTED) != 0/false/'
mutant detached-not-disowned engine/sockbuf.c \
	's/	sb->sb_tlsdcc = 0;/	;/'
mutant mark-lost-at-split engine/mbuf.c \
	's/M_NOTREADY | M_DECRYPTED | M_UNKNOWN | M_EXT/M_NOTREADY | M_UNKNOWN | M_EXT/'
mutant end-before-detached engine/soreceive.c \
	's/(sb->sb_tlscc == 0 && sb->sb_tlsdcc == 0)/(sb->sb_tlscc == 0)/'
mutant mixed-not-recrypted engine/ktls_rx_crypt.c \
	's/job->state == KTLS_MBUF_CRYPTO_ST_MIXED &&/false \&\&/'
mutant counter-from-one engine/aead_openssl_ctr.c \
	's/TEXT_COUNTER = 2,/TEXT_COUNTER = 1,/'
mutant zeros-have-a-type engine/ktls_rx_crypt.c \
	's/start, text_len) ? 0 : EBADMSG;/start, text_len) ? 0 : 0;/'
mutant peek-clears-error engine/soreceive.c \
	's/so->so_error != 0 && (msg->flags & SORECEIVE_PEEK) != 0/false/'
mutant unreadable-holds-end engine/soreceive.c \
	's/(sb->sb_flags & SB_TLS_RX_UNREADABLE) != 0);/false);/'
mutant unknown-opened engine/ktls_rx_crypt.c \
	's/error = job->unknown ? EBADMSG : 0;/error = 0;/'
mutant waitall-forgotten engine/soreceive.c \
	's/return (msg->flags & flags) == SORECEIVE_WAITALL &&/return false \&\&/'
mutant growth-forgotten engine/ktls_rx.c \
	's/return (sb->sb_flags & SB_AUTOSIZE) != 0 && most/return false \&\& most/'
mutant rekey-over-old-records engine/ktls_enable.c \
	's/if (!session->key_pending && sb->sb_tlscc > 0)/if (false)/'

echo "$caught passed, $missed failed"
[ $missed -eq 0 ]
