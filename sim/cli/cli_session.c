/*
 * cli_session.c - one capture through one simulation.
 *
 * The road of `replay`, `flows` and each run of `run`: open the capture, make
 * the simulation, give it the keys, then for each frame run the events before
 * it and inject it, and at the end run until nothing is left.  The loop makes
 * no system call of its own but a look at the clock every few thousand frames.
 * SIGINT and SIGTERM set a flag that the loop sees before the next frame or
 * event time; a second one ends the program at once.
 */
#include "sim/cli/cli_session.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/cli/cli_keylog.h"
#include "sim/cli/cli_notes.h"
#include "sim/cli/cli_options.h"
#include "sim/config.h"
#include "sim/ktlsim.h"
#include "sim/ktlsim_internal.h"
#include "traces/trace_pcap.h"

enum { FRAMES_PER_LOOK = 4096 }; /* at the clock; a power of two */

static volatile sig_atomic_t signal_seen;

static void
signal_note(int number)
{
	signal_seen = number;
}

static void
signal_install(void)
{
	struct sigaction action = {.sa_handler = signal_note,
				   .sa_flags =
				       (int)(SA_RESETHAND | SA_RESTART)};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* A path that cannot be opened is the user's; what is in the file is not. */
static int
open_status(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case EACCES:
	case EPERM:
	case ELOOP:
	case ENAMETOOLONG:
		return CLI_USAGE;
	default:
		return CLI_FAILED;
	}
}

/* Modelled senders stand in for a capture. */
static int
refuse_capture(const struct cli_session *session)
{
	if (session->options->capture == NULL)
		return CLI_OK;
	cli_message(CLI_ERROR,
		    "traffic.source=window needs no capture; run it as a "
		    "scenario: ktlsim run");
	return CLI_USAGE;
}

static int
open_trace(struct cli_session *session, const struct config *config)
{
	const struct trace_pcap_options options = {
	    .max_gap_ps = config->replay_max_gap_ps,
	    .speed_ppm = config->replay_speed_ppm,
	};
	struct trace_error sentence = {0};
	int error;

	if (config->traffic_source == TRAFFIC_WINDOW)
		return refuse_capture(session);
	error = trace_pcap_open(&session->trace, session->options->capture,
				&options, &sentence);
	if (error != 0) {
		session->trace = NULL;
		cli_message(CLI_ERROR, "%s%s", sentence.text,
			    open_status(error) == CLI_USAGE
				? "; give the path of a pcap or pcapng file"
				: "");
		return open_status(error);
	}
	session->source = trace_pcap_source(session->trace);
	return CLI_OK;
}

static int
open_sim(struct cli_session *session)
{
	struct ktlsim_error sentence = {0};
	int error =
	    ktlsim_create(&session->sim, session->options->config, &sentence);

	if (error == 0)
		return CLI_OK;
	session->sim = NULL;
	cli_message(CLI_ERROR, "%s",
		    sentence.text[0] ? sentence.text : strerror(error));
	return error == EINVAL ? CLI_USAGE : CLI_FAILED;
}

static int
add_keys(struct cli_session *session)
{
	struct ktlsim_error sentence = {0};
	uint64_t len = 0;
	const char *secrets = NULL;
	int error = 0;

	if (session->trace != NULL)
		secrets = trace_pcap_secrets(session->trace, &len);
	if (len > 0)
		error = ktlsim_add_keylog(session->sim, secrets, (size_t)len, 0,
					  &sentence);
	if (error != 0) {
		cli_message(CLI_ERROR, "%s: embedded secrets: %s",
			    session->options->capture, strerror(error));
		return CLI_FAILED;
	}
	if (session->options->keylog == NULL)
		return CLI_OK;
	return cli_keylog_add(session->sim, session->options->keylog);
}

/* What the run is made of, for whoever wants to repeat it. */
static void
tell_config(const struct config *config)
{
	char text[CONFIG_TEXT_MAX];

	for (size_t i = 0; i < config_key_count(); i++) {
		config_get(config, i, text);
		cli_message(CLI_DEBUG, "%s = %s", config_key(i)->name, text);
	}
}

int
cli_session_open(struct cli_session *session, const struct cli_options *options)
{
	const struct config *config = ktlsim_config_view(options->config);
	int status;

	*session = (struct cli_session){.options = options};
	session->time_limit_ps = config->run_time_limit_ps > 0
				     ? config->run_time_limit_ps
				     : KTLSIM_NEVER;
	tell_config(config);
	status = open_sim(session);
	if (status == CLI_OK)
		status = open_trace(session, config);
	if (status == CLI_OK)
		status = add_keys(session);
	return status;
}

static void
print_progress(struct cli_session *session)
{
	struct trace_pcap_stats stats = {0};
	struct cli_progress_state state;

	if (session->trace != NULL)
		trace_pcap_read_stats(session->trace, &stats);
	state = (struct cli_progress_state){
	    .frames = ktlsim_frames(session->sim),
	    .file_offset = stats.file_offset,
	    .file_bytes = stats.file_bytes,
	    .time_ps = ktlsim_now(session->sim),
	};
	cli_progress_update(&session->progress, &state);
}

static void
show_progress(struct cli_session *session)
{
	if (cli_progress_due(&session->progress))
		print_progress(session);
}

static int
run_failed(int error, const char *sentence)
{
	cli_message(CLI_ERROR, "the run failed: %s",
		    sentence[0] != '\0' ? sentence : strerror(error));
	return CLI_FAILED;
}

static int
run_frame(struct cli_session *session, const struct trace_frame *frame)
{
	const struct ktlsim_frame injected = {
	    .size = sizeof(injected),
	    .time_ps = frame->time_ps,
	    .data = frame->data,
	    .captured_len = frame->captured_len,
	    .wire_len = frame->wire_len,
	    .link_type = (int)frame->link,
	};
	struct ktlsim_error sentence;
	int error = ktlsim_run_until(session->sim, frame->time_ps);

	sentence.text[0] = '\0';
	if (error == 0)
		error = ktlsim_inject(session->sim, &injected, &sentence);
	if (error != 0)
		return run_failed(error, sentence.text);
	session->frames++;
	return CLI_OK;
}

static int
run_frames(struct cli_session *session)
{
	struct trace_source *source = session->source;
	struct trace_frame frame;
	int status = CLI_OK;
	int more = 1;

	while (source != NULL && status == CLI_OK && signal_seen == 0) {
		more = source->ops->next(source, &frame);
		if (more <= 0)
			break;
		if (frame.time_ps > session->time_limit_ps) {
			session->limited = true;
			break;
		}
		status = run_frame(session, &frame);
		if (session->frames % FRAMES_PER_LOOK == 0)
			show_progress(session);
	}
	session->damaged = more < 0;
	return status;
}

/* Run what the last frame left behind, one event time after the other. */
static int
run_rest(struct cli_session *session)
{
	struct ktlsim *sim = session->sim;
	uint64_t limit = session->time_limit_ps;
	uint64_t next = ktlsim_next_time(sim);
	uint64_t steps = 0;
	int error = 0;

	while (error == 0 && signal_seen == 0 && next != KTLSIM_NEVER &&
	       next <= limit) {
		error = ktlsim_run_until(sim, next);
		next = ktlsim_next_time(sim);
		if (++steps % FRAMES_PER_LOOK == 0)
			show_progress(session);
	}
	if (next != KTLSIM_NEVER && next > limit)
		session->limited = true;
	if (error == 0 && session->limited && signal_seen == 0)
		error = ktlsim_run_until(sim, limit);
	return error == 0 ? CLI_OK : run_failed(error, "");
}

int
cli_session_run(struct cli_session *session)
{
	enum cli_progress_mode mode = session->options->progress;
	uint64_t begun_ns = cli_clock_ns();
	int status;

	if (mode == CLI_PROGRESS_AUTO && session->options->quiet)
		mode = CLI_PROGRESS_NEVER;
	signal_install();
	cli_progress_begin(&session->progress, mode);
	status = run_frames(session);
	if (status == CLI_OK)
		status = run_rest(session);
	if (mode == CLI_PROGRESS_ALWAYS)
		print_progress(session);
	cli_progress_end(&session->progress);
	session->interrupted = signal_seen != 0;
	session->frames = ktlsim_frames(session->sim);
	session->wall_ns = cli_clock_ns() - begun_ns;
	return status;
}

int
cli_session_finish(struct cli_session *session)
{
	struct ktlsim_error sentence = {0};
	bool partial = session->interrupted || session->limited;
	int status = cli_notes_input(session);
	int error;

	ktlsim_set_input(
	    session->sim,
	    session->trace != NULL ? trace_pcap_status(session->trace) : "ok",
	    session->frames, (double)session->wall_ns / 1e9, partial);
	error = ktlsim_finish(session->sim, &sentence);
	if (error != 0 && error != EPROTO)
		return run_failed(error, sentence.text);
	if (error == EPROTO) {
		cli_message(CLI_ERROR,
			    "an invariant does not hold, so the numbers cannot "
			    "be trusted: %s",
			    sentence.text);
		status = CLI_FAILED;
	}
	cli_notes_warn(session);
	return status;
}

void
cli_session_close(struct cli_session *session)
{
	ktlsim_destroy(session->sim);
	if (session->source != NULL)
		session->source->ops->close(session->source);
	session->sim = NULL;
	session->source = NULL;
	session->trace = NULL;
}
