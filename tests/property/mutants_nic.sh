# mutants_nic.sh - changes of NIC, driver and link that tests/property/nic_run
# must catch.
#
# Read by mutate.sh: name, file, the one line that changes.  What only moves
# time or counters (steering, the context cache, moderation) delivers the right
# bytes all the same: other tests hold it.
# shellcheck shell=sh

mutant tag-not-checked nicmodel/nic_tls_walk.c \
	's/error = aead_stream_finish(tls->stream, tls->tag);/error = 0;/'
mutant hole-not-seen nicmodel/nic_tls.c \
	's/	if (hole > 0) {/	if (false) {/'
mutant old-taken-for-new nicmodel/nic_tls.c \
	's/if (ahead(walk->seq + walk->len, tls->exp) <= 0) {$/if (false) {/;51,280s/if (false) {/if (ahead(walk->seq + walk->len, tls->exp) <= 0) {/'
mutant overlap-marked nicmodel/nic_tls.c \
	's/		if (!tls->overlap)/		walk->mark = true; if (!tls->overlap)/'
mutant hole-forgotten nicmodel/nic_tls.c \
	'/case NIC_TLS_CASE/!s/^	tls->whole = false;$/	;/;60,225s/^	;$/	tls->whole = false;/;260,$s/^	;$/	tls->whole = false;/'
mutant answer-without-count nicmodel/nic_tls.c \
	's/tls->rec_seq = rec_seq + tls->passed;/tls->rec_seq = rec_seq;/'
mutant any-candidate-confirmed nicmodel/nic_tls.c \
	's/tls->candidate_valid && seq == tls->candidate &&/tls->candidate_valid \&\&/'
mutant number-stands-still nicmodel/nic_tls_walk.c \
	's/^		tls->rec_seq++;/		;/'
mutant counter-of-passed-stands-still nicmodel/nic_tls_walk.c \
	's/^	tls->passed++;/	;/'
mutant drop-keeps-plaintext nicmodel/nic_context.c \
	's/		restore(m, set->saved);/		;/'
mutant marks-merged-in-lro nicmodel/nic_lro.c \
	's/mark_of(held) == mark_of(hdr))/true)/'
mutant marks-merged-in-gro nicmodel/nic_gro.c \
	's/hdr->csum_flags == first->csum_flags &&//'
mutant marks-merged-in-ring nicmodel/nic_rxq.c \
	's/next->csum_flags == head->csum_flags &&//'
mutant freebsd-counts-from-one nicmodel/nic_resync_freebsd.c \
	's/^		h->first_rec = rec->rec_seq;/		h->first_rec = rec->rec_seq + 1;/'
mutant freebsd-inside-a-run nicmodel/nic_resync_freebsd.c \
	's/\*rec_seq += offset \/ run_length(run);/;/'
mutant async-off-by-one nicmodel/nic_resync_linux_async.c \
	's/= a->first_rec + i;/= a->first_rec + i + 1;/'
mutant hint-names-this-record nicmodel/nic_resync_linux_hint.c \
	's/.rec_seq = rec->rec_seq + 1,/.rec_seq = rec->rec_seq,/'
mutant sync-names-the-next nicmodel/nic_resync_linux_sync.c \
	's/.rec_seq = rec->rec_seq,/.rec_seq = rec->rec_seq + 1,/'
mutant install-from-zero sim/offload.c \
	'/nic_tls_params params/,/};/s/sb->sb_tls_seqno,/0,/'
mutant record-told-wrongly sim/offload.c \
	'/nic_resync_record){/,/};/s/sb->sb_tls_seqno,/sb->sb_tls_seqno + 1,/'
mutant processed-told-wrongly sim/offload.c \
	's/.rec_seq = record->seqno,/.rec_seq = record->seqno + 1,/'
mutant copy-lacks-a-byte sim/impair.c \
	's/known ? from->m_len : 0/known ? from->m_len - 1 : 0/'
mutant refused-segment-forgets-damage sim/pipeline.c \
	's/		impair_put(m, link);/		;/'
