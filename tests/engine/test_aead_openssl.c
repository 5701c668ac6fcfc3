/*
 * test_aead_openssl.c - opening and sealing, over bytes and over mbufs.
 *
 * Oracles: the vectors of the GCM submission to NIST (McGrew and Viega), of
 * RFC 8439 section 2.8.2 and of RFC 8448 section 3, and the sealing helper,
 * which shares no code with the engine.  The chains have each piece in
 * storage of its own, so that the sanitizer sees every stray byte.
 */
#include "engine/aead.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mbuf.h"
#include "tests/support/chain.h"
#include "tests/support/crypto_faults.h"
#include "tests/support/hex.h"
#include "tests/support/suite_table.h"
#include "tests/support/tls_seal.h"

#define GCM    TLS_CIPHER_AES_GCM
#define CHACHA TLS_CIPHER_CHACHA20_POLY1305
#define CCM    TLS_CIPHER_AES_CCM

struct vector {
	enum tls_cipher cipher;
	const char *key, *nonce, *aad, *plain, *sealed, *tag;
};

static const char gcm_key_128[] = "feffe9928665731c6d6a8f9467308308";
static const char gcm_key_256[] = "feffe9928665731c6d6a8f9467308308"
				  "feffe9928665731c6d6a8f9467308308";
static const char gcm_nonce[] = "cafebabefacedbaddecaf888";
static const char gcm_aad[] = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
static const char gcm_plain[] =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
static const char zeros_12[] = "000000000000000000000000";
static const char zeros_16[] = "00000000000000000000000000000000";
static const char zeros_32[] =
    "0000000000000000000000000000000000000000000000000000000000000000";

static const struct vector vectors[] = {
    /* GCM cases 1, 2, 4, 13, 14 and 16 */
    {GCM, zeros_16, zeros_12, "", "", "", "58e2fccefa7e3061367f1d57a4e7455a"},
    {GCM, zeros_16, zeros_12, "", zeros_16, "0388dace60b6a392f328c2b971b2fe78",
     "ab6e47d42cec13bdf53a67b21257bddf"},
    {GCM, gcm_key_128, gcm_nonce, gcm_aad, gcm_plain,
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
     "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
     "5bc94fbc3221a5db94fae95ae7121a47"},
    {GCM, zeros_32, zeros_12, "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {GCM, zeros_32, zeros_12, "", zeros_16, "cea7403d4d606b6e074ec5d3baf39d18",
     "d0d1c8a799996bf0265b98b5d48ab919"},
    {GCM, gcm_key_256, gcm_nonce, gcm_aad, gcm_plain,
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
     "76fc6ece0f4e1768cddf8853bb2d551b"},
    /* RFC 8439 section 2.8.2 */
    {CHACHA, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
     "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
     "4c616469657320616e642047656e746c656d656e206f662074686520636c6173"
     "73206f66202739393a204966204920636f756c64206f6666657220796f75206f"
     "6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73"
     "637265656e20776f756c642062652069742e",
     "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
     "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
     "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
     "3ff4def08e4b7a9de576d26586cec64b6116",
     "1ae10b594f09e26a7e902ecbd0600691"},
    /* RFC 8448 section 3: the client's application data, record 0 */
    {GCM, "17422dda596ed5d9acd890e3c63f5051", "5b78923dee08579033e523d9",
     "1703030043",
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
     "202122232425262728292a2b2c2d2e2f303117",
     "a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5"
     "b46b395bd54a9a20441e2b62974e1f5a6292a2",
     "977014bd1e3deae63aeebb21694915e4"},
    /* the same, its closing alert, record 1 */
    {GCM, "17422dda596ed5d9acd890e3c63f5051", "5b78923dee08579033e523d8",
     "1703030013", "010015", "c98727", "60655666b74d7ff1153efd6db6d0b0e3"},
};

enum {
	BYTES_MAX = TLS_SEAL_MAX + 4096,
};

/* A record over flat bytes, as the vectors give it. */
struct flat {
	struct ktls_key key;
	struct aead_record record;
	uint8_t aad[32];
	uint8_t plain[128], sealed[128];
	size_t len;
};

static struct aead_pool *pool;

static void
setup(void)
{
	pool = aead_pool_create(8);
	ck_assert_ptr_nonnull(pool);
}

static void
teardown(void)
{
	aead_pool_destroy(pool);
}

static void
flat_init(struct flat *f, const struct vector *v)
{
	memset(f, 0, sizeof(*f));
	f->key.cipher = v->cipher;
	f->key.key_len =
	    (uint8_t)hex_decode(v->key, f->key.key, sizeof(f->key.key));
	f->record.key = &f->key;
	f->record.key_id = aead_key_id(pool);
	hex_decode(v->nonce, f->record.nonce, sizeof(f->record.nonce));
	f->record.aad = f->aad;
	f->record.aad_len = hex_decode(v->aad, f->aad, sizeof(f->aad));
	hex_decode(v->tag, f->record.tag, sizeof(f->record.tag));
	f->len = hex_decode(v->plain, f->plain, sizeof(f->plain));
	hex_decode(v->sealed, f->sealed, sizeof(f->sealed));
}

START_TEST(test_aead_opens_the_published_vectors)
{
	uint8_t out[128];
	struct flat f;

	flat_init(&f, &vectors[_i]);
	ck_assert_int_eq(aead_open_bytes(pool, &f.record, f.sealed, f.len, out),
			 0);
	ck_assert_mem_eq(out, f.plain, f.len);
	ck_assert_int_eq(
	    aead_open_bytes(pool, &f.record, f.sealed, f.len, f.sealed), 0);
	ck_assert_mem_eq(f.sealed, f.plain, f.len);
}
END_TEST

START_TEST(test_aead_seals_the_published_vectors)
{
	uint8_t out[128], tag[TLS_TAG_BYTES];
	struct flat f;

	flat_init(&f, &vectors[_i]);
	memcpy(tag, f.record.tag, sizeof(tag));
	memset(f.record.tag, 0, sizeof(tag));
	ck_assert_int_eq(aead_seal_bytes(pool, &f.record, f.plain, f.len, out),
			 0);
	ck_assert_mem_eq(out, f.sealed, f.len);
	ck_assert_mem_eq(f.record.tag, tag, sizeof(tag));
}
END_TEST

START_TEST(test_aead_turns_a_context_round)
{
	uint8_t out[128];
	struct flat f;

	flat_init(&f, &vectors[_i]);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(
		    aead_seal_bytes(pool, &f.record, f.plain, f.len, out), 0);
		ck_assert_mem_eq(out, f.sealed, f.len);
		ck_assert_int_eq(
		    aead_open_bytes(pool, &f.record, f.sealed, f.len, out), 0);
		ck_assert_mem_eq(out, f.plain, f.len);
	}
}
END_TEST

/*
 * A key that opens first keeps the fixed part of its nonce.  Whatever comes in
 * between, a sealing or another fixed part, must not be taken for it.
 */
START_TEST(test_aead_opens_behind_a_sealing_and_behind_another_salt)
{
	uint8_t out[128], again[128], tag[TLS_TAG_BYTES];
	struct flat f;

	flat_init(&f, &vectors[_i]);
	memcpy(tag, f.record.tag, sizeof(tag));
	for (int i = 0; i < 8; i++) {
		const uint8_t salted = (i & 1) != 0 ? 0x80 : 0;

		ck_assert_int_eq(
		    aead_open_bytes(pool, &f.record, f.sealed, f.len, out), 0);
		ck_assert_mem_eq(out, f.plain, f.len);
		f.record.nonce[0] ^= salted;
		ck_assert_int_eq(
		    aead_seal_bytes(pool, &f.record, f.plain, f.len, out), 0);
		ck_assert_int_eq(memcmp(f.record.tag, tag, sizeof(tag)) == 0,
				 salted == 0);
		for (int j = 0; j < (i & 2); j++) {
			ck_assert_int_eq(
			    aead_open_bytes(pool, &f.record, out, f.len, again),
			    0);
			ck_assert_mem_eq(again, f.plain, f.len);
		}
		f.record.nonce[0] ^= salted;
		memcpy(f.record.tag, tag, sizeof(tag));
	}
}
END_TEST

START_TEST(test_aead_refuses_every_flipped_bit)
{
	struct flat f;
	uint8_t out[128];

	flat_init(&f, &vectors[_i]);
	for (size_t bit = 0; bit < 8 * TLS_TAG_BYTES; bit++) {
		f.record.tag[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ck_assert_int_eq(
		    aead_open_bytes(pool, &f.record, f.sealed, f.len, out),
		    EBADMSG);
		f.record.tag[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t i = 0; i < f.len + f.record.aad_len; i++) {
		uint8_t *at = i < f.len ? &f.sealed[i] : &f.aad[i - f.len];

		*at ^= 0x80;
		ck_assert_int_eq(
		    aead_open_bytes(pool, &f.record, f.sealed, f.len, out),
		    EBADMSG);
		*at ^= 0x80;
	}
	ck_assert_int_eq(aead_open_bytes(pool, &f.record, f.sealed, f.len, out),
			 0);
}
END_TEST

struct key_kind {
	enum tls_version version;
	enum tls_cipher cipher;
	uint8_t key_len;
};

static const struct key_kind kinds[] = {
    {TLS_1_2, GCM, 16}, {TLS_1_2, GCM, 32},    {TLS_1_3, GCM, 16},
    {TLS_1_3, GCM, 32}, {TLS_1_2, CHACHA, 32}, {TLS_1_3, CHACHA, 32},
    {TLS_1_2, CCM, 16}, {TLS_1_3, CCM, 16},
};

/* A record on the wire, and what is needed to open it. */
struct wire {
	struct ktls_key key;
	struct tls_framing framing;
	struct aead_record record;
	uint8_t aad[13];
	uint8_t plain[TLS_PLAINTEXT_MAX];
	uint8_t bytes[BYTES_MAX];
	size_t plain_len;
	size_t len;	 /* of the record */
	size_t body_len; /* ciphertext without header and tag */
};

static void
wire_seal(struct wire *w, const struct key_kind *kind, size_t len,
	  uint64_t *seed)
{
	uint64_t seqno = chain_random(seed);

	tls_seal_key(&w->key, kind->version, kind->cipher, kind->key_len,
		     (uint8_t)chain_random(seed));
	ck_assert(tls_framing_of(kind->version, kind->cipher, TLS_HASH_NONE,
				 &w->framing));
	for (size_t i = 0; i < len; i++)
		w->plain[i] = (uint8_t)chain_random(seed);
	w->plain_len = len;
	w->len = tls_seal_data(&w->key, seqno, w->plain, len, w->bytes);
	w->body_len = w->len - w->framing.hlen - TLS_TAG_BYTES;
	w->record.key = &w->key;
	w->record.key_id = aead_key_id(pool);
	w->record.aad = w->aad;
	w->record.aad_len =
	    tls_aad(&w->key, seqno, w->bytes, (uint16_t)len, w->aad);
	tls_nonce(&w->key, seqno, w->bytes + TLS_HEADER_BYTES, w->record.nonce);
	memcpy(w->record.tag, w->bytes + w->len - TLS_TAG_BYTES, TLS_TAG_BYTES);
}

/* Open the record at `before` bytes into a chain of random pieces. */
static void
wire_check_chain(const struct wire *w, size_t before, size_t piece_max,
		 uint64_t *seed)
{
	static uint8_t flat[BYTES_MAX], want[BYTES_MAX];
	size_t total = before + w->len + 5;
	uint32_t off = (uint32_t)(before + w->framing.hlen);
	struct mbuf *m;

	memset(want, 0x5a, total);
	memcpy(want + before, w->bytes, w->len);
	m = chain_make(want, total, piece_max, seed);
	ck_assert_int_eq(
	    aead_open(pool, &w->record, m, off, (uint32_t)w->body_len), 0);
	memcpy(want + off, w->plain, w->plain_len);
	if (w->key.version == TLS_1_3)
		want[off + w->plain_len] = TLS_APPLICATION_DATA;
	chain_read(m, flat);
	ck_assert_msg(memcmp(flat, want, total) == 0,
		      "%zu bytes at %zu in pieces of %zu", w->body_len, before,
		      piece_max);
	chain_free(m);
}

START_TEST(test_aead_open_gives_the_same_over_any_chain)
{
	static const size_t pieces[] = {1, 3, 17, 64, 100, 1448, 9216, 40000};
	static const size_t lens[] = {0,  1,  15, 16,	17,
				      63, 64, 65, 1000, 16384};
	static struct wire w;
	uint64_t seed = (uint64_t)_i;

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		wire_seal(&w, &kinds[_i], lens[i], &seed);
		for (size_t k = 0; k < sizeof(pieces) / sizeof(pieces[0]); k++)
			wire_check_chain(&w, chain_below(&seed, 50), pieces[k],
					 &seed);
	}
	for (int i = 0; i < 50; i++) {
		wire_seal(&w, &kinds[_i],
			  chain_below(&seed, TLS_PLAINTEXT_MAX + 1), &seed);
		wire_check_chain(&w, chain_below(&seed, 4000),
				 1 + chain_below(&seed, 3000), &seed);
	}
}
END_TEST

/* The record in mbufs of a pool, in pieces of these lengths over and over. */
static struct mbuf *
pieces_make(struct mbuf_pool *mbufs, const struct wire *w,
	    const uint16_t lens[4])
{
	struct mbuf *head = NULL, **link = &head;
	size_t at = 0;

	for (size_t i = 0; at < w->len; i++) {
		uint32_t len = lens[i % 4];

		if (len > w->len - at)
			len = (uint32_t)(w->len - at);
		*link = m_from_bytes(mbufs, w->bytes + at, len, 0);
		ck_assert_ptr_nonnull(*link);
		link = &(*link)->m_next;
		at += len;
	}
	return head;
}

static void
pieces_check(struct mbuf *m, const struct wire *w)
{
	static uint8_t out[BYTES_MAX];
	uint32_t hlen = w->framing.hlen;

	ck_assert_int_eq(
	    aead_open(pool, &w->record, m, hlen, (uint32_t)w->body_len), 0);
	ck_assert(m_copydata(m, 0, (uint32_t)w->len, out));
	ck_assert_mem_eq(out, w->bytes, hlen);
	ck_assert_mem_eq(out + hlen, w->plain, w->plain_len);
	ck_assert_mem_eq(out + w->len - TLS_TAG_BYTES, w->record.tag,
			 TLS_TAG_BYTES);
}

/* Lengths around those of a stride, of inline storage and of a cluster. */
START_TEST(test_aead_open_gives_the_same_where_there_is_room)
{
	static const uint16_t lens[][4] = {
	    {1448, 1448, 1448, 1448}, {1443, 96, 95, 97},
	    {1952, 1953, 1951, 1440}, {2047, 2048, 1999, 1},
	    {10, 100, 1448, 90},      {152, 56, 57, 1448},
	    {4096, 4000, 4001, 4090}, {9216, 9120, 9121, 1448},
	};
	struct mbuf_pool *mbufs = mbuf_pool_create(0);
	static struct wire w;
	uint64_t seed = 31 + (uint64_t)_i;
	struct m_survey survey;

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		for (int marked = 0; marked < 2; marked++) {
			struct mbuf *m;

			wire_seal(&w, &kinds[_i],
				  12000 + chain_below(&seed, 4000), &seed);
			m = pieces_make(mbufs, &w, lens[i]);
			if (marked)
				m_survey(m, (uint32_t)w.len, &survey);
			pieces_check(m, &w);
			m_freem(mbufs, m);
		}
	mbuf_pool_destroy(mbufs);
}
END_TEST

START_TEST(test_aead_open_leaves_what_lies_behind_a_piece_alone)
{
	static const uint16_t lens[4] = {1000, 1448, 1448, 1448};
	struct mbuf_pool *mbufs = mbuf_pool_create(0);
	static struct wire w;
	uint64_t seed = 77;
	struct m_survey survey;
	struct mbuf *m, *rest, *behind;
	uint8_t pattern[300], out[300];

	memset(pattern, 0xa5, sizeof(pattern));
	wire_seal(&w, &kinds[_i], 5000, &seed);
	m = pieces_make(mbufs, &w, lens);
	/* The first piece's cluster holds bytes of somebody else behind it. */
	memcpy(m->m_data + m->m_len, pattern, sizeof(pattern));
	m->m_len += (uint32_t)sizeof(pattern);
	rest = m->m_next;
	m->m_next = NULL;
	m_survey(m, m->m_len, &survey);
	behind = m_split(mbufs, m, 1000);
	m->m_next = rest;
	m_survey(m, (uint32_t)w.len, &survey);
	pieces_check(m, &w);
	ck_assert(m_copydata(behind, 0, sizeof(out), out));
	ck_assert_mem_eq(out, pattern, sizeof(out));
	m_freem(mbufs, m);
	m_freem(mbufs, behind);
	mbuf_pool_destroy(mbufs);
}
END_TEST

START_TEST(test_aead_open_refuses_a_bad_byte_anywhere_in_a_chain)
{
	static struct wire w;
	uint64_t seed = 100 + (uint64_t)_i;

	wire_seal(&w, &kinds[_i], 200, &seed);
	for (size_t at = 0; at < w.body_len; at++) {
		struct mbuf *m;

		w.bytes[w.framing.hlen + at] ^= 1;
		m = chain_make(w.bytes, w.len, 40, &seed);
		ck_assert_int_eq(aead_open(pool, &w.record, m, w.framing.hlen,
					   (uint32_t)w.body_len),
				 EBADMSG);
		chain_free(m);
		w.bytes[w.framing.hlen + at] ^= 1;
	}
	wire_check_chain(&w, 0, 40, &seed);
}
END_TEST

START_TEST(test_aead_open_refuses_bytes_that_nobody_has)
{
	static struct wire w;
	uint64_t seed = 1;
	struct mbuf *m, *hole;

	wire_seal(&w, &kinds[_i], 300, &seed);
	m = chain_piece(w.bytes, 150);
	hole = m->m_next = chain_piece(w.bytes, 0);
	hole->m_next = chain_piece(w.bytes + 151, w.len - 151);
	free(hole->m_data);
	hole->m_data = NULL;
	hole->m_flags = M_UNKNOWN;
	hole->m_len = 1;
	ck_assert_int_eq(
	    aead_open(pool, &w.record, m, w.framing.hlen, (uint32_t)w.body_len),
	    EBADMSG);
	ck_assert_mem_eq(m->m_data, w.bytes, 150);
	chain_free(m);
}
END_TEST

/* A record without text, whose range begins where the chain ends. */
START_TEST(test_aead_open_of_no_bytes_verifies_behind_the_chain)
{
	const size_t plain_len = kinds[_i].version == TLS_1_3 ? 1 : 0;
	static struct wire w;
	uint64_t seed = 3;
	struct mbuf *m;
	uint32_t off;

	wire_seal(&w, &kinds[_i], 0, &seed);
	ck_assert_uint_eq(w.body_len, plain_len);
	off = w.framing.hlen;
	m = chain_make(w.bytes, off + plain_len, 4, &seed);
	ck_assert_int_eq(
	    aead_open(pool, &w.record, m, off, (uint32_t)plain_len), 0);
	w.record.tag[3] ^= 1;
	ck_assert_int_eq(
	    aead_open(pool, &w.record, m, off, (uint32_t)plain_len), EBADMSG);
	chain_free(m);
}
END_TEST

START_TEST(test_aead_open_minds_only_the_holes_in_its_range)
{
	static struct wire w;
	uint64_t seed = 2;
	struct mbuf hole = {.m_flags = M_UNKNOWN, .m_len = 9}, *m;
	uint32_t off;

	wire_seal(&w, &kinds[_i], 300, &seed);
	off = 9u + w.framing.hlen;
	hole.m_next = m = chain_piece(w.bytes, w.len - TLS_TAG_BYTES);
	m->m_next = calloc(1, sizeof(*m));
	ck_assert_ptr_nonnull(m->m_next);
	m->m_next->m_flags = M_UNKNOWN;
	m->m_next->m_len = TLS_TAG_BYTES;
	ck_assert_int_eq(
	    aead_open(pool, &w.record, &hole, off, (uint32_t)w.body_len), 0);
	ck_assert_mem_eq(m->m_data + w.framing.hlen, w.plain, w.plain_len);
	chain_free(m);
}
END_TEST

START_TEST(test_aead_pool_serves_more_keys_than_contexts)
{
	enum {
		KEYS = 29,
		ROUNDS = 4000,
	};
	static struct wire w[KEYS];
	static uint8_t out[BYTES_MAX];
	uint64_t seed = 7;

	aead_pool_destroy(pool);
	pool = aead_pool_create((unsigned)_i + 1);
	for (size_t i = 0; i < KEYS; i++)
		wire_seal(&w[i], &kinds[i % 6], 1 + i, &seed);
	for (int i = 0; i < ROUNDS; i++) {
		size_t spread = i % 100 < 50 ? 3 : KEYS;
		const struct wire *one = &w[chain_below(&seed, spread)];

		if (chain_below(&seed, 10) == 0)
			aead_pool_forget(pool, one->record.key_id);
		ck_assert_int_eq(aead_open_bytes(pool, &one->record,
						 one->bytes + one->framing.hlen,
						 one->body_len, out),
				 0);
		ck_assert_mem_eq(out, one->plain, one->plain_len);
	}
}
END_TEST

START_TEST(test_aead_pool_keys_a_context_once_until_forgotten)
{
	static struct wire old, new;
	static uint8_t out[BYTES_MAX];
	uint64_t seed = 3;

	wire_seal(&old, &kinds[_i], 100, &seed);
	wire_seal(&new, &kinds[_i], 100, &seed);
	new.record.key_id = old.record.key_id;
	ck_assert_int_eq(aead_open_bytes(pool, &old.record,
					 old.bytes + old.framing.hlen,
					 old.body_len, out),
			 0);
	ck_assert_int_eq(aead_open_bytes(pool, &new.record,
					 new.bytes + new.framing.hlen,
					 new.body_len, out),
			 EBADMSG);
	aead_pool_forget(pool, old.record.key_id);
	aead_pool_forget(pool, old.record.key_id);
	ck_assert_int_eq(aead_open_bytes(pool, &new.record,
					 new.bytes + new.framing.hlen,
					 new.body_len, out),
			 0);
	ck_assert_mem_eq(out, new.plain, 100);
}
END_TEST

START_TEST(test_aead_pool_evicts_the_key_longest_out_of_use)
{
	enum {
		CONTEXTS = 8,
	};
	static struct wire w[CONTEXTS + 1];
	static uint8_t out[BYTES_MAX];
	uint64_t seed = 11;

	/* Keys 0 .. 7, then 0 again: key 1 is the one to go for key 8. */
	for (size_t i = 0; i <= CONTEXTS; i++)
		wire_seal(&w[i], &kinds[2], 10, &seed);
	for (size_t i = 0; i <= CONTEXTS + 1; i++) {
		size_t k = i < CONTEXTS ? i : (i - CONTEXTS) * CONTEXTS;
		const struct wire *one = &w[k];

		ck_assert_int_eq(aead_open_bytes(pool, &one->record,
						 one->bytes + one->framing.hlen,
						 one->body_len, out),
				 0);
	}
	/* A spoilt key shows who has to be keyed again. */
	w[0].key.key[0] ^= 1;
	w[1].key.key[0] ^= 1;
	ck_assert_int_eq(aead_open_bytes(pool, &w[0].record,
					 w[0].bytes + w[0].framing.hlen,
					 w[0].body_len, out),
			 0);
	ck_assert_int_eq(aead_open_bytes(pool, &w[1].record,
					 w[1].bytes + w[1].framing.hlen,
					 w[1].body_len, out),
			 EBADMSG);
}
END_TEST

struct refused_row {
	enum tls_cipher cipher;
	uint8_t key_len;
};

static const struct refused_row refused[] = {
    {TLS_CIPHER_AES_CBC, 16},	{TLS_CIPHER_AES_CCM, 32},
    {TLS_CIPHER_AES_CCM_8, 16}, {TLS_CIPHER_OTHER, 0},
    {TLS_CIPHER_AES_GCM, 24},	{TLS_CIPHER_CHACHA20_POLY1305, 16},
};

START_TEST(test_aead_refuses_ciphers_that_it_has_not)
{
	uint8_t bytes[16] = {0};
	struct flat f;
	struct mbuf *m;

	flat_init(&f, &vectors[2]);
	f.key.cipher = refused[_i].cipher;
	f.key.key_len = refused[_i].key_len;
	ck_assert_int_eq(aead_open_bytes(pool, &f.record, bytes, 16, bytes),
			 EOPNOTSUPP);
	ck_assert_int_eq(aead_seal_bytes(pool, &f.record, bytes, 16, bytes),
			 EOPNOTSUPP);
	m = chain_piece(bytes, 16);
	ck_assert_int_eq(aead_open(pool, &f.record, m, 0, 16), EOPNOTSUPP);
	chain_free(m);
}
END_TEST

START_TEST(test_aead_key_ids_are_new_and_never_zero)
{
	uint64_t last = 0;

	for (int i = 0; i < 1000; i++) {
		uint64_t id = aead_key_id(pool);

		ck_assert_uint_gt(id, last);
		last = id;
	}
	aead_pool_destroy(NULL);
}
END_TEST

START_TEST(test_aead_survives_every_lack_of_memory)
{
	struct flat f;
	uint8_t out[128];
	unsigned lacked = 0;
	bool hit = true;

	for (uint64_t nth = 1; hit; nth++) {
		int error;

		flat_init(&f, &vectors[_i]);
		crypto_faults_after(nth);
		error = aead_open_bytes(pool, &f.record, f.sealed, f.len, out);
		hit = crypto_faults_hit();
		crypto_faults_after(0);
		ck_assert_msg(error == 0 || error == ENOMEM,
			      "request %ju: error %d", (uintmax_t)nth, error);
		ck_assert_int_eq(
		    aead_open_bytes(pool, &f.record, f.sealed, f.len, out), 0);
		ck_assert_mem_eq(out, f.plain, f.len);
		lacked += error == ENOMEM;
		ck_assert_uint_lt(nth, 1000);
	}
	ck_assert_uint_gt(lacked, 0);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *aead_openssl_suite(void);

Suite *
aead_openssl_suite(void)
{
	const struct suite_test tests[] = {
	    {"opens_the_published_vectors",
	     test_aead_opens_the_published_vectors, ROWS(vectors)},
	    {"seals_the_published_vectors",
	     test_aead_seals_the_published_vectors, ROWS(vectors)},
	    {"turns_a_context_round", test_aead_turns_a_context_round,
	     ROWS(vectors)},
	    {"opens_behind_a_sealing_and_behind_another_salt",
	     test_aead_opens_behind_a_sealing_and_behind_another_salt,
	     ROWS(vectors)},
	    {"refuses_every_flipped_bit", test_aead_refuses_every_flipped_bit,
	     ROWS(vectors)},
	    {"open_gives_the_same_over_any_chain",
	     test_aead_open_gives_the_same_over_any_chain, ROWS(kinds)},
	    {"open_gives_the_same_where_there_is_room",
	     test_aead_open_gives_the_same_where_there_is_room, ROWS(kinds)},
	    {"open_leaves_what_lies_behind_a_piece_alone",
	     test_aead_open_leaves_what_lies_behind_a_piece_alone, ROWS(kinds)},
	    {"open_refuses_a_bad_byte_anywhere_in_a_chain",
	     test_aead_open_refuses_a_bad_byte_anywhere_in_a_chain,
	     ROWS(kinds)},
	    {"open_refuses_bytes_that_nobody_has",
	     test_aead_open_refuses_bytes_that_nobody_has, ROWS(kinds)},
	    {"open_of_no_bytes_verifies_behind_the_chain",
	     test_aead_open_of_no_bytes_verifies_behind_the_chain, ROWS(kinds)},
	    {"open_minds_only_the_holes_in_its_range",
	     test_aead_open_minds_only_the_holes_in_its_range, ROWS(kinds)},
	    {"pool_serves_more_keys_than_contexts",
	     test_aead_pool_serves_more_keys_than_contexts, 6},
	    {"pool_keys_a_context_once_until_forgotten",
	     test_aead_pool_keys_a_context_once_until_forgotten, ROWS(kinds)},
	    {"pool_evicts_the_key_longest_out_of_use",
	     test_aead_pool_evicts_the_key_longest_out_of_use, 0},
	    {"refuses_ciphers_that_it_has_not",
	     test_aead_refuses_ciphers_that_it_has_not, ROWS(refused)},
	    {"key_ids_are_new_and_never_zero",
	     test_aead_key_ids_are_new_and_never_zero, 0},
	    {"survives_every_lack_of_memory",
	     test_aead_survives_every_lack_of_memory, ROWS(vectors)},
	};

	crypto_faults_install();
	return suite_create_table("aead_openssl", tests, ROWS(tests), setup,
				  teardown, 0);
}
