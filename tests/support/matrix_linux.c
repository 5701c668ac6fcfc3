/*
 * matrix_linux.c - the Linux receive call, made of calls of one record each.
 *
 * Linux's recvmsg joins records of type DATA as far as they are there, never
 * records of another type; without room for a control message a record of
 * another type is EIO and stays; empty DATA records are passed over.  Its
 * errors come behind the data in front of them.  All of that follows here from
 * looking at the head record (MSG_PEEK of no bytes) before it is taken.
 *
 * What cannot be made of single records: MSG_PEEK shows the head record only.
 */
#include "tests/support/matrix_linux.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "tests/support/tls_seal.h"

const struct linux_variant linux_variants[] = {
    {"12_aes_gcm", TLS_1_2, TLS_CIPHER_AES_GCM, 16},
    {"13_aes_gcm", TLS_1_3, TLS_CIPHER_AES_GCM, 16},
    {"12_chacha", TLS_1_2, TLS_CIPHER_CHACHA20_POLY1305, 32},
    {"13_chacha", TLS_1_3, TLS_CIPHER_CHACHA20_POLY1305, 32},
    {"12_aes_gcm_256", TLS_1_2, TLS_CIPHER_AES_GCM, 32},
    {"13_aes_gcm_256", TLS_1_3, TLS_CIPHER_AES_GCM, 32},
};

static const struct engine_policy linux_policy = {
    .on_bad_record = ENGINE_BAD_RECORD_STICKY,
    .rekey = ENGINE_REKEY_LINUX,
};

void
linux_init(struct linux_socket *s, const struct linux_variant *variant,
	   const struct engine_policy *policy)
{
	memset(s, 0, sizeof(*s));
	matrix_virtual_create(&s->x, policy != NULL ? policy : &linux_policy);
	tls_seal_key(&s->key, variant->version, variant->cipher,
		     variant->key_len, 1);
	s->open_type = LINUX_DATA;
}

void
linux_fini(struct linux_socket *s)
{
	s->x.destroy(s->x.self);
}

int
linux_enable(struct linux_socket *s)
{
	const struct ktls_key *key = &s->key;
	struct tls_enable en = {
	    .cipher_key = key->key,
	    .iv = key->iv,
	    .cipher_algorithm = key->cipher == TLS_CIPHER_AES_GCM
				    ? CRYPTO_AES_NIST_GCM_16
				    : CRYPTO_CHACHA20_POLY1305,
	    .cipher_key_len = key->key_len,
	    .iv_len = key->iv_len,
	    .tls_vmajor = 3,
	    .tls_vminor = (uint8_t)key->version,
	};

	for (unsigned i = 0; i < 8; i++)
		en.rec_seq[i] = (uint8_t)(key->rec_seq >> (56 - 8 * i));
	return s->x.enable(s->x.self, &en);
}

void
linux_next_key(struct linux_socket *s, uint8_t seed)
{
	struct ktls_key old = s->key;

	tls_seal_key(&s->key, old.version, old.cipher, old.key_len, seed);
	s->seqno = 0;
}

size_t
linux_seal(struct linux_socket *s, uint8_t type, const uint8_t *bytes,
	   size_t len, uint8_t *wire)
{
	const struct tls_plain plain = {
	    .type = type, .bytes = bytes, .len = len};

	return tls_seal(&s->key, s->seqno++, &plain, wire);
}

void
linux_feed(struct linux_socket *s, const uint8_t *bytes, size_t len)
{
	for (size_t off = 0; off < len; off += 1448)
		s->x.feed(s->x.self, bytes + off,
			  len - off < 1448 ? len - off : 1448, 0);
	s->x.run(s->x.self);
}

void
linux_send(struct linux_socket *s, uint8_t type, const uint8_t *bytes,
	   size_t len)
{
	static uint8_t wire[TLS_SEAL_MAX];
	size_t off = 0;

	do {
		size_t piece = len - off;

		if (piece > TLS_PLAINTEXT_MAX)
			piece = TLS_PLAINTEXT_MAX;
		linux_feed(s, wire,
			   linux_seal(s, type, bytes + off, piece, wire));
		off += piece;
	} while (off < len);
}

/* One call of the engine. */
static const struct soreceive_result *
receive(struct linux_socket *s, uint32_t resid, uint32_t fault_at,
	unsigned flags)
{
	const struct soreceive_msg msg = {
	    .resid = resid,
	    .fault_at = fault_at,
	    .control_len = TLS_CONTROL_BYTES,
	    .flags = flags,
	};

	s->x.run(s->x.self);
	s->x.receive(s->x.self, &msg, &s->read);
	return &s->read.result;
}

/* The type of the head record; false where there is none. */
static bool
head_type(struct linux_socket *s, uint8_t *type)
{
	const struct soreceive_result *got =
	    receive(s, 0, UINT32_MAX, SORECEIVE_PEEK | SORECEIVE_DONTWAIT);

	s->err = got->error == EWOULDBLOCK ? EAGAIN : got->error;
	if (got->error != 0 || got->eof)
		return false;
	*type = got->has_record ? got->record.tls_type : s->open_type;
	return true;
}

/* Take up to len bytes of the head record; its type is known. */
static uint32_t
take(struct linux_socket *s, uint32_t off, uint32_t len, uint8_t type)
{
	const struct soreceive_result *got =
	    receive(s, len, UINT32_MAX, SORECEIVE_DONTWAIT);

	assert(got->error == 0 && off + got->bytes <= sizeof(s->bytes));
	memcpy(s->bytes + off, s->read.bytes, got->bytes);
	s->open_type = got->eor || got->bytes == 0 ? LINUX_DATA : type;
	return got->bytes;
}

/* An empty DATA record is nothing to show. */
static bool
skip_empty_data(struct linux_socket *s, uint8_t *type)
{
	while (head_type(s, type)) {
		const struct soreceive_result *got = receive(
		    s, 1, UINT32_MAX, SORECEIVE_PEEK | SORECEIVE_DONTWAIT);

		if (*type != LINUX_DATA || got->bytes > 0)
			return true;
		take(s, 0, 1, *type);
	}
	return false;
}

static int
peek(struct linux_socket *s, uint32_t len, uint8_t *type)
{
	const struct soreceive_result *got;
	uint8_t head;

	if (!skip_empty_data(s, &head))
		return s->err != 0 ? -1 : 0;
	if (head != LINUX_DATA && type == NULL) {
		s->err = EIO;
		return -1;
	}
	if (type != NULL)
		*type = head;
	if (len > MATRIX_READ_MAX)
		len = MATRIX_READ_MAX;
	got = receive(s, len, UINT32_MAX, SORECEIVE_PEEK | SORECEIVE_DONTWAIT);
	memcpy(s->bytes, s->read.bytes, got->bytes);
	return (int)got->bytes;
}

/* There is no record: the end, or an error, which is taken. */
static int
take_nothing(struct linux_socket *s)
{
	const struct soreceive_result *got =
	    receive(s, 1, UINT32_MAX, SORECEIVE_DONTWAIT);

	assert(got->bytes == 0 && !got->has_record);
	return got->eof ? 0 : -1;
}

int
linux_recv(struct linux_socket *s, uint32_t len, unsigned flags, uint8_t *type)
{
	bool seen = false; /* a record, perhaps an empty one */
	uint32_t copied = 0;
	uint8_t head;

	if (flags & SORECEIVE_PEEK)
		return peek(s, len, type);
	if (type != NULL)
		*type = LINUX_DATA;
	while (copied < len) {
		uint32_t most = len - copied < MATRIX_READ_MAX
				    ? len - copied
				    : MATRIX_READ_MAX;

		if (!head_type(s, &head))
			return copied > 0 ? (int)copied : take_nothing(s);
		if (head != LINUX_DATA && seen)
			break;
		if (head != LINUX_DATA && type == NULL) {
			s->err = EIO;
			return -1;
		}
		seen = true;
		copied += take(s, copied, most, head);
		if (head != LINUX_DATA) {
			*type = head;
			break;
		}
	}
	return (int)copied;
}

int
linux_recv_fault(struct linux_socket *s, uint32_t len, uint32_t valid)
{
	const struct soreceive_result *got =
	    receive(s, len, valid, SORECEIVE_DONTWAIT);

	s->err = got->error;
	memcpy(s->bytes, s->read.bytes, got->bytes);
	return got->error != 0 ? -1 : (int)got->bytes;
}

bool
linux_poll(struct linux_socket *s)
{
	s->x.run(s->x.self);
	return s->x.poll(s->x.self);
}
