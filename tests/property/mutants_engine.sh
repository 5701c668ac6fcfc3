# mutants_engine.sh - changes of the engine that tests/property/run must catch.
#
# Read by mutate.sh: name, file, the one line that changes.
# shellcheck shell=sh

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
