/*
 * tls_record.c - decode and judge the five bytes in front of a TLS record.
 *
 * The worker's side (ktls_rx_begin) parses and checks; whoever looks for
 * records in a stream without a session asks tls_record_plausible.
 *
 * Mirrors the header checks of FreeBSD ktls_decrypt().  The least length of a
 * suite is not judged here: as in FreeBSD, a header that is too short for its
 * own explicit IV drops the connection, while a record that is merely too
 * short for its tag fails alone, in ktls_rx_crypt.
 */
#include "engine/tls_record.h"

#include <errno.h>

enum {
	TLS_MAJOR = 3,
	TLS_HEARTBEAT = 24, /* greatest content type registered */
};

void
tls_record_parse(const uint8_t bytes[TLS_HEADER_BYTES],
		 struct tls_record_header *header)
{
	header->type = bytes[0];
	header->vmajor = bytes[1];
	header->vminor = bytes[2];
	header->length = (uint16_t)(bytes[3] << 8 | bytes[4]);
}

int
tls_record_check(const struct tls_record_header *header,
		 enum tls_version version, const struct tls_framing *framing)
{
	/* TLS 1.3 says 1.2 on the wire (RFC 8446 section 5.1). */
	enum tls_version wire = version == TLS_1_3 ? TLS_1_2 : version;

	if (header->vmajor != TLS_MAJOR ||
	    header->vminor != ((unsigned)wire & 0xff))
		return EINVAL;
	if (version == TLS_1_3 && header->type != TLS_APPLICATION_DATA)
		return EINVAL;
	if (header->length < framing->explicit_iv ||
	    header->length > framing->max_length)
		return EMSGSIZE;
	return 0;
}

bool
tls_record_plausible(const uint8_t bytes[TLS_HEADER_BYTES])
{
	struct tls_record_header header;

	tls_record_parse(bytes, &header);
	return header.type >= TLS_CHANGE_CIPHER_SPEC &&
	       header.type <= TLS_HEARTBEAT && header.vmajor == TLS_MAJOR &&
	       header.vminor <= 4 && header.length >= 1 &&
	       header.length <= TLS_PLAINTEXT_MAX + TLS_EXPANSION_MAX;
}
