/* SPDX-License-Identifier: MIT */
/* kymo emit: metrics of scripts. It reads lines and keeps a region for them. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "reader/export/export.h"
#include "tools/emit_families.h"
#include "tools/kymo_cli.h"

struct input {
	char bytes[KYI_EMIT_LINE_BYTES_MAX + 1];
	char room[KYI_EMIT_LINE_BYTES_MAX + 1];
	size_t len_bytes;
	uint64_t line_number;
	bool too_long; /* the rest of this line is skipped */
	uint64_t wrong_cnt;
	int signal_fd;
};

static void
complain(struct input *input, const struct kyi_emit_fault *fault)
{
	struct kymo_buffer text = {0};

	input->wrong_cnt++;
	kymo_escape_terminal(&text, fault->text);
	kyi_must(text.at);
	fprintf(stderr, "stdin:%llu:%u: %s\n",
	    (unsigned long long)input->line_number, fault->col, text.at);
	kymo_buffer_free(&text);
}

static void
line_take(struct input *input, const char *text, size_t len_bytes)
{
	struct kyi_emit_line line;
	struct kyi_emit_fault fault;

	input->line_number++;
	if (kyi_emit_parse(&line, text, len_bytes, input->room, &fault) != 0 ||
	    kyi_emit_apply(&line, &fault) != 0)
		complain(input, &fault);
}

/* All whole lines of what was read; at the end also the one without newline. */
static void
lines_take(struct input *input, bool at_end)
{
	char *from = input->bytes, *end = from + input->len_bytes, *newline;
	struct kyi_emit_fault fault;

	while ((newline = memchr(from, '\n', (size_t)(end - from)))) {
		if (!input->too_long)
			line_take(input, from, (size_t)(newline - from));
		input->too_long = false;
		from = newline + 1;
	}
	if (at_end && from < end && !input->too_long)
		line_take(input, from, (size_t)(end - from));
	input->len_bytes = (size_t)(end - from);
	if (input->len_bytes == KYI_EMIT_LINE_BYTES_MAX) {
		if (!input->too_long) {
			input->line_number++;
			kyi_emit_fault_set(&fault, 1, "a line of more than %u "
			    "bytes", KYI_EMIT_LINE_BYTES_MAX - 1);
			complain(input, &fault);
		}
		input->too_long = true;
		input->len_bytes = 0;
	}
	memmove(input->bytes, from, input->len_bytes);
}

/* One read. Returns 1 to go on, 0 at the end or on a signal, -1 on trouble. */
static int
input_step(struct input *input)
{
	struct pollfd fds[2] = {
		{.fd = STDIN_FILENO, .events = POLLIN},
		{.fd = input->signal_fd, .events = POLLIN}
	};
	ssize_t got;

	if (poll(fds, 2, -1) < 0)
		return errno == EINTR ? 1 : -1;
	if (fds[1].revents)
		return 0;
	got = read(STDIN_FILENO, input->bytes + input->len_bytes,
	    KYI_EMIT_LINE_BYTES_MAX - input->len_bytes);
	if (got < 0)
		return errno == EINTR || errno == EAGAIN ? 1 : -1;
	input->len_bytes += (size_t)got;
	lines_take(input, got == 0);
	return got > 0;
}

/* Signals end it as the end of the input does: the region then says "exited",
   which is what happened. */
static int
signals_take(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int
region_make(const char *service, const char *dir)
{
	struct kymo_options options = {
		.size_bytes = sizeof(options), .service = service, .dir = dir
	};
	struct kymo_status status = {.size_bytes = sizeof(status)};

	if (kymo_init_with(&options) == 0)
		return KYI_EXIT_OK;
	kymo_status(&status);
	return kyi_trouble("nobody can read what emit would count: %s",
	    status.why);
}

static int
emit_lines(bool keep)
{
	struct input *input = kyi_must(calloc(1, sizeof(*input)));
	struct pollfd wait = {.events = POLLIN};
	int step, status = KYI_EXIT_OK;

	input->signal_fd = signals_take();
	while ((step = input_step(input)) > 0)
		;
	if (step < 0)
		status = kyi_trouble("cannot read stdin: %s", strerror(errno));
	else if (input->wrong_cnt)
		status = KYI_EXIT_NO;
	wait.fd = input->signal_fd;
	while (keep && poll(&wait, 1, -1) <= 0)
		;
	close(input->signal_fd);
	kyi_emit_families_free();
	free(input);
	return status;
}

static int
emit(int argc, char **argv)
{
	static const struct option options[] = {
		{"service", required_argument, NULL, 's'},
		{"dir", required_argument, NULL, 'd'},
		{"keep", no_argument, NULL, 'k'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0}
	};
	const char *service = NULL, *dir = NULL;
	bool keep = false;
	int option, status;

	while ((option = getopt_long(argc, argv, ":s:d:kh", options, NULL)) != -1)
		switch (option) {
		case 's': service = optarg; break;
		case 'd': dir = optarg; break;
		case 'k': keep = true; break;
		case 'h': return kyi_help(&kyi_verb_emit);
		default:
			return kyi_option_wrong(&kyi_verb_emit, argv, option);
		}
	if (optind < argc)
		return kyi_usage(&kyi_verb_emit,
		    "'%s' is one too many: the lines come from stdin",
		    argv[optind]);
	if (!service || !*service)
		return kyi_usage(&kyi_verb_emit,
		    "--service NAME says whose metrics these are");
	status = region_make(service, dir);
	return status == KYI_EXIT_OK ? emit_lines(keep) : status;
}

const struct kyi_verb kyi_verb_emit = {
	"emit", "keeps metrics for a script, read from stdin", emit,
	"usage: kymo emit --service NAME [--dir DIR] [--keep]\n"
	"\n"
	"Reads lines from stdin and keeps a region for them, until the end of input.\n"
	"The operator says what kind of metric it is:\n"
	"\n"
	"  jobs_total{queue=\"mail\"} += 3     a counter (a name in _total)\n"
	"  in_flight += 1                    goes up and down; -= too\n"
	"  depth = 7.5                       a gauge: a reading\n"
	"  took_seconds observe 0.25         a histogram\n"
	"  longest_seconds max 12            the largest of late; min: the smallest\n"
	"  phase is \"copying\"                a text\n"
	"  build{version=\"1.2\"} info         labels that are the value\n"
	"  disk health degraded \"90 % full\"  ok, starting, degraded, failing, unknown\n"
	"  declare counter sent_bytes_total unit bytes labels to \"Bytes sent\"\n"
	"\n"
	"Empty lines and # comments are skipped. A line that is wrong is told on stderr\n"
	"as stdin:LINE:COL, and the next is read. man kymo has the whole language.\n"
	"\n"
	"  -s, --service NAME  whose metrics these are\n"
	"  -d, --dir DIR       the region's directory (the usual: see kymo ls --help)\n"
	"  -k, --keep          stay after the end of input, until killed\n"
	"  -h, --help          this\n"
	"\n"
	"Exit: 0 all lines were good; 1 some were not; 2 usage; 3 there is no region.\n"
	"\n"
	"  echo 'backups_total += 1' | kymo emit --service backup\n"
	"  mkfifo pipe; kymo emit --service build < pipe & exec 3> pipe\n"
	"  echo 'steps_total{step=\"link\"} += 1' >&3\n"
};
