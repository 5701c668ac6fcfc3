/*
 * spool.c - a capture as a plain seekable file, whatever it came as.
 *
 * Called by trace_pcap.c when a capture is opened.  A plain regular file is
 * handed on as it is.  Anything else takes one road: bytes are written to an
 * unlinked temporary file, first as they come (pipes), then decompressed if
 * they begin like gzip.  Decompression calls inflate itself rather than zlib's
 * file interface, which drops what a damaged block had already given.
 *
 * Left out: other compressions; a limit on what comes out, other than the room
 * on the file system, which is reported like any failed write.
 */
#include "traces/spool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum {
	PIECE = 65536,
	GZIP_WINDOW = 15 + 16, /* largest window, gzip header and trailer */
	GZIP_MAGIC_0 = 0x1f,
	GZIP_MAGIC_1 = 0x8b,
};

/* A decompression under way. */
struct inflation {
	z_stream zlib;
	FILE *to;
	uint64_t written; /* bytes */
	bool in_member;	  /* a gzip member was begun and not ended */
	bool done;	  /* what follows the last member is not gzip */
	uint8_t in[PIECE];
	uint8_t out[PIECE];
};

static int __attribute__((format(printf, 3, 4)))
fail(struct trace_error *error, int code, const char *format, ...)
{
	va_list args;

	error->code = code;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return code;
}

static int
temporary_open(FILE **stream, struct trace_error *error)
{
	const char *folder = getenv("TMPDIR");
	char path[4096];
	int fd, code;

	if (folder == NULL || folder[0] == '\0')
		folder = "/tmp";
	snprintf(path, sizeof(path), "%s/ktlsim-XXXXXX", folder);
	fd = mkstemp(path);
	if (fd < 0)
		return fail(error, errno,
			    "%s: cannot make a temporary file there: %s; set "
			    "TMPDIR to a folder with room for the capture",
			    folder, strerror(errno));
	unlink(path);
	*stream = fdopen(fd, "w+b");
	if (*stream != NULL)
		return 0;
	code = errno;
	close(fd);
	return fail(error, code, "temporary file: %s", strerror(code));
}

static int
write_failed(struct trace_error *error)
{
	return fail(error, errno != 0 ? errno : EIO,
		    "temporary copy of the capture: %s; set TMPDIR to a folder "
		    "with room for it",
		    strerror(errno));
}

static int
rewind_written(FILE *stream, struct trace_error *error)
{
	if (fflush(stream) != 0 || fseeko(stream, 0, SEEK_SET) != 0)
		return write_failed(error);
	return 0;
}

static int
copy_all(FILE *from, FILE *to, const char *path, struct trace_error *error)
{
	uint8_t piece[PIECE];
	size_t len;

	while ((len = fread(piece, 1, sizeof(piece), from)) > 0)
		if (fwrite(piece, 1, len, to) != len)
			return write_failed(error);
	if (ferror(from))
		return fail(error, errno, "%s: %s", path, strerror(errno));
	return rewind_written(to, error);
}

/* Decompress into out and write it; *result is inflate's. */
static int
inflate_step(struct inflation *inflation, int *result,
	     struct trace_error *error)
{
	z_stream *zlib = &inflation->zlib;
	size_t len;

	zlib->next_out = inflation->out;
	zlib->avail_out = PIECE;
	*result = inflate(zlib, Z_NO_FLUSH);
	len = PIECE - zlib->avail_out;
	if (fwrite(inflation->out, 1, len, inflation->to) != len)
		return write_failed(error);
	inflation->written += len;
	return 0;
}

/*
 * Decompress the piece at zlib's input.  Returns 0, also for damage, which is
 * kept in the spool and ends the work; else an errno.
 */
static int
inflate_piece(struct inflation *inflation, struct spool *spool,
	      struct trace_error *error)
{
	z_stream *zlib = &inflation->zlib;

	for (;;) {
		int result;

		if (!inflation->in_member) {
			if (zlib->avail_in == 0)
				return 0;
			inflation->done = zlib->next_in[0] != GZIP_MAGIC_0;
			if (inflation->done)
				return 0;
			inflation->in_member = true;
		}
		if (inflate_step(inflation, &result, error) != 0)
			return error->code;
		switch (result) {
		case Z_OK:
			break;
		case Z_BUF_ERROR: /* wants more input */
			return 0;
		case Z_STREAM_END:
			inflateReset(zlib);
			inflation->in_member = false;
			break;
		case Z_MEM_ERROR:
			return fail(error, ENOMEM, "gzip: no memory");
		default:
			inflation->done = true;
			fail(&spool->damage, EINVAL,
			     "the gzip data are damaged after %" PRIu64
			     " decompressed bytes (%s)",
			     inflation->written,
			     zlib->msg != NULL ? zlib->msg : "zlib");
			return 0;
		}
	}
}

static int
inflate_all(struct inflation *inflation, FILE *from, const char *path,
	    struct spool *spool, struct trace_error *error)
{
	size_t len;

	while (!inflation->done &&
	       (len = fread(inflation->in, 1, PIECE, from)) > 0) {
		inflation->zlib.next_in = inflation->in;
		inflation->zlib.avail_in = (unsigned)len;
		if (inflate_piece(inflation, spool, error) != 0)
			return error->code;
	}
	if (ferror(from))
		return fail(error, errno, "%s: %s", path, strerror(errno));
	if (!inflation->done && inflation->in_member) {
		spool->truncated = true;
		fail(&spool->damage, EINVAL,
		     "the gzip data end early, after %" PRIu64
		     " decompressed bytes",
		     inflation->written);
	}
	return rewind_written(inflation->to, error);
}

static int
decompress(FILE *from, FILE *to, const char *path, struct spool *spool,
	   struct trace_error *error)
{
	struct inflation *inflation = calloc(1, sizeof(*inflation));

	if (inflation == NULL ||
	    inflateInit2(&inflation->zlib, GZIP_WINDOW) != Z_OK) {
		free(inflation);
		return fail(error, ENOMEM, "%s: no memory", path);
	}
	inflation->to = to;
	inflate_all(inflation, from, path, spool, error);
	inflateEnd(&inflation->zlib);
	free(inflation);
	return error->code;
}

/* Replace the stream by a temporary copy, made by `decompress` or as it is. */
static int
stream_replace(struct spool *spool, const char *path, bool compressed,
	       struct trace_error *error)
{
	FILE *to;

	if (temporary_open(&to, error) != 0)
		return error->code;
	if (compressed)
		decompress(spool->stream, to, path, spool, error);
	else
		copy_all(spool->stream, to, path, error);
	if (error->code != 0) {
		fclose(to);
		return error->code;
	}
	if (spool->stream != stdin)
		fclose(spool->stream);
	spool->stream = to;
	return 0;
}

/* Looks at the file itself, so that the stream has read nothing yet. */
static bool
is_gzip(FILE *stream)
{
	uint8_t magic[2] = {0, 0};

	return pread(fileno(stream), magic, sizeof(magic), 0) ==
		   (ssize_t)sizeof(magic) &&
	       magic[0] == GZIP_MAGIC_0 && magic[1] == GZIP_MAGIC_1;
}

static int
spool_prepare(struct spool *spool, const char *path, struct trace_error *error)
{
	struct stat status;

	if (fstat(fileno(spool->stream), &status) != 0)
		return fail(error, errno, "%s: %s", path, strerror(errno));
	if (S_ISDIR(status.st_mode))
		return fail(error, EISDIR, "%s: is a folder, not a capture",
			    path);
	if ((spool->stream == stdin || !S_ISREG(status.st_mode)) &&
	    stream_replace(spool, path, false, error) != 0)
		return error->code;
	if (is_gzip(spool->stream))
		return stream_replace(spool, path, true, error);
	return 0;
}

int
spool_open(struct spool *spool, const char *path, struct trace_error *error)
{
	bool standard_input = strcmp(path, "-") == 0;

	*spool = (struct spool){0};
	*error = (struct trace_error){0};
	spool->stream = standard_input ? stdin : fopen(path, "rb");
	if (spool->stream == NULL)
		return fail(error, errno, "%s: %s", path, strerror(errno));
	if (spool_prepare(spool, path, error) == 0)
		return 0;
	if (spool->stream != stdin)
		fclose(spool->stream);
	spool->stream = NULL;
	return error->code;
}
