/*
 * ktls_rx.c - from ciphertext in the TLS chain to records in the plain chain.
 *
 * sbappendstream calls ktls_rx_check, which asks for a worker as soon as a
 * complete record waits.  The worker runs begin - crypt - finish per record and
 * end_pass when there is none left (crypt: ktls_rx_crypt.c).  Each step is one
 * hold of FreeBSD's socket-buffer lock (crypt: none), so whatever may happen
 * while the kernel has dropped the lock may happen between two steps here.
 *
 * SB_TLS_RX_RUNNING is the token of the one worker that has the socket.  A
 * detached record belongs to that worker; the socket buffer claims its bytes in
 * sb_tlsdcc, and a flush disowns it by setting that to 0, which finish sees.
 *
 * Storage: crypt decrypts in place, so begin makes sure that no other mbuf
 * holds a byte of the record.  A boundary inside an mbuf is cut with m_split:
 * the two mbufs share the cluster, each keeps to its own range.  Storage that
 * came to be shared in any other way is copied first.  As a detached record is
 * reachable by its worker only, what begin has made sure of stays true.
 *
 * Unlike FreeBSD: begin allocates whatever finish will need, so that only begin
 * can run out of memory; the residue of a stream that cannot go on is freed at
 * once; a session can take a next key; bytes that a capture has cut off count
 * like others, but a header among them makes the stream unreadable.
 * Left out: resync, TOE.
 */
#include "engine/ktls_rx.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "engine/aead.h"
#include "engine/effects.h"
#include "engine/ktls_session.h"
#include "engine/mbuf.h"
#include "engine/socket.h"
#include "engine/tls_record.h"

void
ktls_rx_counters_add(struct ktls_rx_counters *counters,
		     const struct ktls_rx_counters *other)
{
	counters->sw_rx_inqueue += other->sw_rx_inqueue;
	counters->corrupted_records += other->corrupted_records;
	counters->failed_crypto += other->failed_crypto;
	counters->too_large_records += other->too_large_records;
	counters->tls11_cbc_decrypts += other->tls11_cbc_decrypts;
	counters->tls12_gcm_decrypts += other->tls12_gcm_decrypts;
	counters->tls12_gcm_recrypts += other->tls12_gcm_recrypts;
	counters->tls12_chacha20_decrypts += other->tls12_chacha20_decrypts;
	counters->tls13_gcm_decrypts += other->tls13_gcm_decrypts;
	counters->tls13_gcm_recrypts += other->tls13_gcm_recrypts;
	counters->tls13_chacha20_decrypts += other->tls13_chacha20_decrypts;
}

int
ktls_rx_enable(struct socket *so, struct ktls_session *session,
	       uint64_t rec_seq, unsigned *effects)
{
	struct sockbuf *sb = &so->so_rcv;

	if (sb->sb_tls_info != NULL)
		return EALREADY;
	if (so->so_listening)
		return EINVAL;
	if (so->so_io_locked)
		return EWOULDBLOCK;
	sb->sb_tls_seqno = rec_seq;
	sb->sb_tls_info = session;
	sb->sb_flags |= SB_TLS_RX;
	sb_mark_notready(sb);
	*effects = ktls_rx_check(so);
	return 0;
}

/*
 * The pool of contexts is the worker's: it forgets the old key when it takes
 * the next record.  A key that no record was taken under has no context.
 */
static void
retire_key(struct ktls_session *session)
{
	if (session->aead_old_id == 0)
		session->aead_old_id = session->aead_key_id;
	session->aead_key_id = aead_key_id(session->aead);
}

void
ktls_rx_keep_nic_key(struct socket *so, uint64_t bytes)
{
	struct sockbuf *sb = &so->so_rcv;
	struct ktls_session *session = sb->sb_tls_info;

	assert(session->detached == 0 && session->nic_bytes == 0);
	ktls_key_clear(&session->nic_key);
	if (bytes == 0)
		return;
	session->nic_key = session->params;
	session->nic_bytes = bytes;
	session->nic_seqno = sb->sb_tls_seqno;
}

bool
ktls_rx_nic_drained(const struct socket *so)
{
	const struct ktls_session *session = so->so_rcv.sb_tls_info;

	return session->nic_bytes == 0 && session->detached == 0;
}

int
ktls_rx_next_key(struct socket *so, const struct ktls_key *key,
		 unsigned *effects)
{
	struct sockbuf *sb = &so->so_rcv;
	struct ktls_session *session = sb->sb_tls_info;

	assert(session != NULL);
	if (session->detached > 0)
		return EBUSY;
	if (key->version != session->params.version ||
	    key->cipher != session->params.cipher ||
	    key->mac != session->params.mac || ktls_key_check(key) != 0)
		return EINVAL;
	if (session->crypto == KTLS_CRYPTO_REAL)
		retire_key(session);
	ktls_key_clear(&session->params);
	session->params = *key;
	session->key_pending = false;
	sb->sb_tls_seqno = key->rec_seq;
	*effects = ktls_rx_check(so);
	return 0;
}

/* What stands at the head of the TLS chain. */
enum head_state {
	HEAD_PARTIAL,	 /* a header or a body that is not complete */
	HEAD_COMPLETE,	 /* as many bytes as the header claims */
	HEAD_UNREADABLE, /* the header lies in unknown bytes */
};

/* The header at the head of the TLS chain, where all of it is there. */
static bool
read_header(const struct sockbuf *sb, struct tls_record_header *header)
{
	uint8_t bytes[TLS_HEADER_BYTES];

	if (sb->sb_tlscc < TLS_HEADER_BYTES ||
	    !m_copydata(sb->sb_mtls, 0, TLS_HEADER_BYTES, bytes))
		return false;
	tls_record_parse(bytes, header);
	return true;
}

static enum head_state
head_of(const struct sockbuf *sb)
{
	struct tls_record_header header;

	if (sb->sb_tlscc < TLS_HEADER_BYTES)
		return HEAD_PARTIAL;
	if (!read_header(sb, &header))
		return HEAD_UNREADABLE;
	return sb->sb_tlscc < (uint32_t)TLS_HEADER_BYTES + header.length
		   ? HEAD_PARTIAL
		   : HEAD_COMPLETE;
}

/*
 * The stream has ended inside a record: report it, and discard the residue, so
 * that the read after the error sees the end.  A reset keeps its own error.
 */
static unsigned
end_in_record(struct socket *so)
{
	struct sockbuf *sb = &so->so_rcv;

	if ((sb->sb_state & SBS_CANTRCVMORE) == 0 || sb->sb_tlscc == 0)
		return 0;
	sbflush_tls(sb);
	if (!so->so_dropped)
		so->so_error = EMSGSIZE;
	return ENGINE_WAKE_READER;
}

/*
 * An unreadable head goes to a worker once, whose begin tells the driver; after
 * that the socket is quiet, and its reader sees a plain end of the stream: the
 * capture lacks the bytes, not the stream.
 */
static unsigned
check_unreadable(struct socket *so)
{
	struct sockbuf *sb = &so->so_rcv;

	if ((sb->sb_flags & SB_TLS_RX_UNREADABLE) == 0) {
		sb->sb_flags |= SB_TLS_RX_RUNNING;
		return ENGINE_QUEUE_WORK;
	}
	return sb->sb_state & SBS_CANTRCVMORE ? ENGINE_WAKE_READER : 0;
}

/* Bytes that the buffer can hold at most, now or after it has grown. */
static uint32_t
buffer_limit(const struct socket *so)
{
	const struct sockbuf *sb = &so->so_rcv;
	uint32_t most = so->so_policy->recvbuf_max;

	return (sb->sb_flags & SB_AUTOSIZE) != 0 && most > sb->sb_hiwat
		   ? most
		   : sb->sb_hiwat;
}

/*
 * What the policy has against the record at the head as soon as its header is
 * there: an error, with *count the counter that the driver is to raise; or 0.
 */
static int
judge_arrival(const struct socket *so, unsigned *count)
{
	const struct sockbuf *sb = &so->so_rcv;
	const struct ktls_session *session = sb->sb_tls_info;
	struct tls_record_header header;
	uint32_t wire_len;
	int error = 0;

	if (so->so_dropped || !read_header(sb, &header))
		return 0;
	wire_len = (uint32_t)TLS_HEADER_BYTES + header.length;
	*count = ENGINE_COUNT_CORRUPTED;
	if (so->so_policy->header_check == ENGINE_HEADER_ARRIVAL)
		error = tls_record_check(&header, session->params.version,
					 &session->framing);
	if (error != 0 || !so->so_policy->window_enforced)
		return error;
	*count = ENGINE_COUNT_TOO_LARGE;
	return sb->sb_tlscc < wire_len && wire_len > buffer_limit(so) ? EMSGSIZE
								      : 0;
}

/*
 * Reset the connection for the record at the head.  What is queued goes first,
 * so that nothing finds it again.
 */
static unsigned
refuse_head(struct socket *so, int error)
{
	sbflush_tls(&so->so_rcv);
	return so_drop(so, error);
}

unsigned
ktls_rx_check(struct socket *so)
{
	struct sockbuf *sb = &so->so_rcv;
	const struct engine_policy *policy = so->so_policy;
	enum head_state state;
	unsigned count;
	int error;

	assert((sb->sb_flags & SB_TLS_RX) != 0);
	if (sb->sb_flags & SB_TLS_RX_STUCK)
		return 0;
	if (policy->header_check == ENGINE_HEADER_ARRIVAL ||
	    policy->window_enforced) {
		error = judge_arrival(so, &count);
		if (error != 0)
			return count | refuse_head(so, error);
	}
	if (sb->sb_flags & SB_TLS_RX_RUNNING)
		return 0;
	state = head_of(sb);
	if (state == HEAD_PARTIAL)
		return end_in_record(so);
	if (sb->sb_tls_info->key_pending)
		return 0;
	if (state == HEAD_UNREADABLE)
		return check_unreadable(so);
	sb->sb_flags |= SB_TLS_RX_RUNNING;
	return ENGINE_QUEUE_WORK;
}

static bool
replace_by_copy(struct sockbuf *sb, struct mbuf **link)
{
	uint32_t charge = m_charge(*link);
	bool is_tail = *link == sb->sb_mtlstail;
	struct mbuf *copy = m_unshare(sb->sb_pool, *link);

	if (copy == NULL)
		return false;
	*link = copy;
	if (is_tail)
		sb->sb_mtlstail = copy;
	sb->sb_mbcnt = sb->sb_mbcnt - charge + m_charge(copy);
	return true;
}

/*
 * Give the first len bytes of the TLS chain storage that nobody else holds a
 * byte of.  Returns false without memory; copies made until then stay, they
 * change nothing but the charge.
 */
static bool
own_storage(struct sockbuf *sb, uint32_t len)
{
	struct mbuf **link = &sb->sb_mtls;

	for (uint32_t seen = 0; seen < len; link = &(*link)->m_next) {
		seen += (*link)->m_len;
		if ((*link)->m_flags & M_UNKNOWN)
			continue;
		if (!m_exclusive(*link) && !replace_by_copy(sb, link))
			return false;
	}
	return true;
}

/* Look at the record at the head; to be decrypted it needs its own storage. */
static bool
survey_record(struct sockbuf *sb, uint32_t len, bool real,
	      struct m_survey *survey)
{
	m_survey(sb->sb_mtls, len, survey);
	if (!real || survey->exclusive)
		return true;
	if (!own_storage(sb, len))
		return false;
	m_survey(sb->sb_mtls, len, survey);
	return true;
}

/*
 * Move the first len bytes of the TLS chain out of the socket buffer, which
 * goes on claiming them (FreeBSD ktls_detach_record).  NULL: no memory to
 * split with, nothing has changed.
 */
static struct mbuf *
detach_record(struct sockbuf *sb, uint32_t len, const struct m_survey *survey)
{
	struct mbuf *record = sb->sb_mtls;
	struct mbuf *last = survey->last;
	struct mbuf *rest;

	if (survey->end < last->m_len) {
		rest = m_split(sb->sb_pool, last, survey->end);
		if (rest == NULL)
			return NULL;
		sb->sb_mbcnt += m_charge(rest);
		if (sb->sb_mtlstail == last)
			sb->sb_mtlstail = rest;
	} else {
		rest = last->m_next;
		last->m_next = NULL;
		if (rest == NULL)
			sb->sb_mtlstail = NULL;
	}
	sb->sb_mtls = rest;
	sb->sb_tlscc -= len;
	sb->sb_tlsdcc = len;
	sb->sb_mbcnt -= survey->charge;
	return record;
}

/* Whose marks a record has, where the NIC has kept an old key for a while. */
static void
take_nic_key(struct ktls_session *session, struct ktls_rx_job *job)
{
	job->nic_rekeyed = session->nic_bytes > 0;
	if (!job->nic_rekeyed)
		return;
	job->nic_seqno = session->nic_seqno++;
	session->nic_bytes -= session->nic_bytes < job->wire_len
				  ? session->nic_bytes
				  : job->wire_len;
}

/* Detach the complete record at the head into a job; all or nothing. */
static enum ktls_rx_verdict
take_record(struct sockbuf *sb, struct ktls_rx_job *job, uint32_t wire_len)
{
	struct ktls_session *session = sb->sb_tls_info;
	bool real = session->crypto == KTLS_CRYPTO_REAL;
	uint32_t iv_len = session->framing.explicit_iv;
	struct mbuf *control = m_get(sb->sb_pool, MT_CONTROL);
	struct mbuf *record = NULL;
	struct m_survey survey;

	if (control != NULL && survey_record(sb, wire_len, real, &survey))
		record = detach_record(sb, wire_len, &survey);
	if (record == NULL) {
		m_freem(sb->sb_pool, control);
		return KTLS_RX_NOMEM;
	}
	job->record = record;
	job->last = survey.last;
	job->control = control;
	job->session = session;
	job->seqno = sb->sb_tls_seqno++;
	job->wire_len = wire_len;
	job->exclusive = real;
	job->marked = (survey.any_of & M_DECRYPTED) != 0;
	job->unknown = (survey.any_of & M_UNKNOWN) != 0;
	job->retired_id = session->aead_old_id;
	session->aead_old_id = 0;
	take_nic_key(session, job);
	/* An explicit IV that is not known stays zero: crypt refuses it. */
	(void)m_copydata(record, TLS_HEADER_BYTES, iv_len,
			 job->header + TLS_HEADER_BYTES);
	session->detached++;
	return KTLS_RX_RECORD;
}

/*
 * True where a worker judges a header with so much of its record there.  In
 * FreeBSD that takes hlen bytes, though a record below hlen is judged when it
 * is complete (R6).
 */
static bool
header_due(const struct socket *so, uint32_t wire_len)
{
	const struct sockbuf *sb = &so->so_rcv;

	return so->so_policy->header_check == ENGINE_HEADER_ARRIVAL ||
	       sb->sb_tlscc >= sb->sb_tls_info->framing.hlen ||
	       sb->sb_tlscc >= wire_len;
}

enum ktls_rx_verdict
ktls_rx_begin(struct socket *so, struct ktls_rx_job *job,
	      struct ktls_rx_counters *counters, unsigned *effects)
{
	struct sockbuf *sb = &so->so_rcv;
	const struct ktls_session *session = sb->sb_tls_info;
	struct tls_record_header header;
	uint32_t wire_len;
	int error;

	assert((sb->sb_flags & SB_TLS_RX_RUNNING) != 0);
	assert(sb->sb_tlsdcc == 0 && session->detached == 0);
	*effects = 0;
	*job = (struct ktls_rx_job){0};
	if (sb->sb_flags & SB_TLS_RX_STUCK)
		return KTLS_RX_DRY;
	if (session->key_pending)
		return KTLS_RX_WAITKEY;
	if (sb->sb_tlscc < TLS_HEADER_BYTES)
		return KTLS_RX_DRY;
	if (!m_copydata(sb->sb_mtls, 0, TLS_HEADER_BYTES, job->header)) {
		sb->sb_flags |= SB_TLS_RX_UNREADABLE;
		return KTLS_RX_UNREADABLE;
	}
	tls_record_parse(job->header, &header);
	wire_len = (uint32_t)TLS_HEADER_BYTES + header.length;
	if (!header_due(so, wire_len))
		return KTLS_RX_DRY;
	error = tls_record_check(&header, session->params.version,
				 &session->framing);
	if (error != 0) {
		counters->corrupted_records++;
		/* RUNNING stays set for ever: the stream is out of step. */
		*effects = refuse_head(so, error);
		return KTLS_RX_DROPPED;
	}
	if (sb->sb_tlscc < wire_len)
		return KTLS_RX_DRY;
	return take_record(sb, job, wire_len);
}

bool
ktls_rx_ready(const struct socket *so)
{
	const struct sockbuf *sb = &so->so_rcv;
	const struct ktls_session *session = sb->sb_tls_info;
	struct tls_record_header header;

	if (sb->sb_flags & SB_TLS_RX_STUCK)
		return false;
	if (session->key_pending || head_of(sb) != HEAD_PARTIAL)
		return true;
	return read_header(sb, &header) && header_due(so, UINT32_MAX) &&
	       tls_record_check(&header, session->params.version,
				&session->framing) != 0;
}

uint32_t
ktls_rx_head_bytes(const struct socket *so)
{
	const struct sockbuf *sb = &so->so_rcv;
	const struct ktls_session *session = sb->sb_tls_info;
	struct tls_record_header header;

	if (session->key_pending || !read_header(sb, &header) ||
	    tls_record_check(&header, session->params.version,
			     &session->framing) != 0)
		return 0;
	return (uint32_t)TLS_HEADER_BYTES + header.length;
}

static void
count_decrypt(const struct ktls_rx_job *job, struct ktls_rx_counters *counters)
{
	const struct ktls_key *params = &job->session->params;
	bool gcm = params->cipher == TLS_CIPHER_AES_GCM;
	bool chacha20 = params->cipher == TLS_CIPHER_CHACHA20_POLY1305;
	bool mixed = gcm && job->state == KTLS_MBUF_CRYPTO_ST_MIXED;

	if (job->error == EMSGSIZE ||
	    job->state == KTLS_MBUF_CRYPTO_ST_DECRYPTED)
		return;
	counters->tls11_cbc_decrypts += params->cipher == TLS_CIPHER_AES_CBC;
	if (params->version == TLS_1_3) {
		counters->tls13_gcm_decrypts += gcm;
		counters->tls13_gcm_recrypts += mixed;
		counters->tls13_chacha20_decrypts += chacha20;
	} else {
		counters->tls12_gcm_decrypts += gcm;
		counters->tls12_gcm_recrypts += mixed;
		counters->tls12_chacha20_decrypts += chacha20;
	}
}

/* Free the first len bytes of a chain; returns what is left of it. */
static struct mbuf *
trim_front(struct mbuf_pool *pool, struct mbuf *m, uint32_t len)
{
	while (m != NULL && m->m_len <= len) {
		len -= m->m_len;
		m = m_free(pool, m);
	}
	if (m != NULL && len > 0) {
		if (m->m_data != NULL)
			m->m_data += len;
		m->m_len -= len;
	}
	return m;
}

/*
 * Cut a record down to its plaintext, ready for the plain chain.  NULL where
 * there is none: an empty record has its control message only.
 */
static struct mbuf *
trim_to_plaintext(struct mbuf_pool *pool, const struct ktls_rx_job *job)
{
	struct mbuf *data = job->record;
	struct mbuf *m;
	uint32_t left = job->plaintext_len;

	if (left == 0) {
		m_freem(pool, data);
		return NULL;
	}
	data = trim_front(pool, data, job->session->framing.hlen);
	for (m = data;; m = m->m_next) {
		m->m_flags &= (uint16_t) ~(M_NOTREADY | M_DECRYPTED | M_ROOM);
		if (left <= m->m_len)
			break;
		left -= m->m_len;
	}
	m->m_len = left;
	m_freem(pool, m->m_next);
	m->m_next = NULL;
	return data;
}

/*
 * What a record leaves behind it, by policy: in Linux, nothing is decrypted
 * behind one that fails, nor behind the last record number that there is.
 */
static unsigned
report_record(struct socket *so, const struct ktls_rx_job *job)
{
	bool sticky = so->so_policy->on_bad_record == ENGINE_BAD_RECORD_STICKY;
	bool last = sticky && job->seqno == UINT64_MAX;

	if (job->error == 0 && !last)
		return 0;
	so->so_error = job->error != 0 ? job->error : EBADMSG;
	if (sticky)
		so->so_rcv.sb_flags |= SB_TLS_RX_STUCK;
	return ENGINE_WAKE_READER;
}

/*
 * After a record that was delivered, the NIC's driver hears of it where the NIC
 * has not decrypted it, and once when the NIC has resumed (FreeBSD
 * ktls_resync_ifnet).
 */
static unsigned
report_sync(struct sockbuf *sb, const struct ktls_rx_job *job)
{
	bool lost = job->state != KTLS_MBUF_CRYPTO_ST_DECRYPTED;
	bool was_lost = (sb->sb_flags & SB_TLS_RX_RESYNC) != 0;

	if (!job->session->ifnet || (!lost && !was_lost))
		return 0;
	if (lost)
		sb->sb_flags |= SB_TLS_RX_RESYNC;
	else
		sb->sb_flags &= ~SB_TLS_RX_RESYNC;
	return ENGINE_RX_RESYNC;
}

/* Append a good record to the plain chain. */
static void
deliver(struct sockbuf *sb, struct ktls_rx_job *job)
{
	const struct tls_get_record record = {
	    .tls_type = job->record_type,
	    .tls_vmajor = job->header[1],
	    .tls_vminor = job->header[2],
	    .tls_length = (uint16_t)job->plaintext_len,
	};

	so_control_write(job->control, &record);
	sbappendcontrol(sb, job->control, trim_to_plaintext(sb->sb_pool, job));
}

unsigned
ktls_rx_finish(struct socket *so, struct ktls_rx_job *job,
	       struct ktls_rx_counters *counters, bool *delivered)
{
	struct sockbuf *sb = &so->so_rcv;
	bool flushed = sb->sb_tlsdcc == 0;
	unsigned effects = 0;

	count_decrypt(job, counters);
	counters->failed_crypto += job->error != 0;
	/* The peer has changed its key whether or not the record is read. */
	job->session->key_pending |= job->rekeys;
	job->session->detached--;
	sb->sb_ccc -= sb->sb_tlsdcc;
	sb->sb_tlsdcc = 0;
	*delivered = !flushed && job->error == 0;
	if (*delivered) {
		effects = report_sync(sb, job);
		deliver(sb, job);
	} else {
		m_freem(sb->sb_pool, job->record);
		m_freem(sb->sb_pool, job->control);
	}
	if (!flushed)
		effects |= report_record(so, job);
	*job = (struct ktls_rx_job){0};
	return effects;
}

void
ktls_rx_abandon(struct socket *so, struct ktls_rx_job *job)
{
	struct sockbuf *sb = &so->so_rcv;

	if (job->record == NULL)
		return;
	job->session->detached--;
	sb->sb_ccc -= sb->sb_tlsdcc;
	sb->sb_tlsdcc = 0;
	m_freem(sb->sb_pool, job->record);
	m_freem(sb->sb_pool, job->control);
	*job = (struct ktls_rx_job){0};
}

unsigned
ktls_rx_end_pass(struct socket *so)
{
	struct sockbuf *sb = &so->so_rcv;

	assert((sb->sb_flags & SB_TLS_RX_RUNNING) != 0);
	assert(sb->sb_tlsdcc == 0);
	sb->sb_flags &= ~SB_TLS_RX_RUNNING;
	return ENGINE_WAKE_READER | ktls_rx_check(so);
}
