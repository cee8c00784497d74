/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shm/atomic.h"
#include "writer/process.h"
#include "writer/say.h"

#define LINE_BYTES_MAX 400u /* below PIPE_BUF: one line in one piece */
#define NAME_BYTES_SAID_MAX 120u

static const struct {
	const char *before, *after;
} words[] = {
#define MISTAKE_WORDS(name, before, after) { before, after },
	KYI_MISTAKES(MISTAKE_WORDS)
#undef MISTAKE_WORDS
};

KYI_STATIC_ASSERT(KYI_SAY_CNT <= 64, "a bit a mistake");

/* What stderr was in the beginning. */
static struct {
	bool known;
	dev_t dev;
	ino_t ino;
} first;

void
kyi_say_start(void)
{
	struct stat st;

	if (fstat(STDERR_FILENO, &st) != 0)
		return;
	first.known = true;
	first.dev = st.st_dev;
	first.ino = st.st_ino;
}

/* A program that closed stderr may have its database there now. */
static bool
is_stderr(void)
{
	struct stat st;

	if (!first.known || fstat(STDERR_FILENO, &st) != 0)
		return false;
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return true;
	return st.st_dev == first.dev && st.st_ino == first.ino;
}

static bool
can_write(void)
{
	struct pollfd pollfd = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&pollfd, 1, 0) == 1 && (pollfd.revents & POLLOUT) != 0;
}

/* Writes a line; the SIGPIPE of a reader that went away stays here, and the
   SIGXFSZ of a file that may not grow (ulimit -f). */
static void
write_line(const char *line, size_t len_bytes)
{
	const struct timespec now = { 0, 0 };
	sigset_t ours, mask, pending;
	int signal_nr, try_cnt = 0;

	sigemptyset(&ours);
	sigaddset(&ours, SIGPIPE);
	sigaddset(&ours, SIGXFSZ);
	if (pthread_sigmask(SIG_BLOCK, &ours, &mask) != 0)
		return;
	sigemptyset(&pending);
	sigpending(&pending);
	if (write(STDERR_FILENO, line, len_bytes) < 0 &&
	    (errno == EPIPE || errno == EFBIG)) {
		signal_nr = errno == EPIPE ? SIGPIPE : SIGXFSZ;
		sigemptyset(&ours);
		sigaddset(&ours, signal_nr);
		if (sigismember(&pending, signal_nr) != 1)
			while (sigtimedwait(&ours, NULL, &now) < 0 &&
			    errno == EINTR && ++try_cnt < 100)
				;
	}
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

/* Control bytes could be for the terminal. */
static size_t
append(char *line, size_t at, const char *text, size_t len_bytes_max)
{
	size_t i;

	for (i = 0; text[i] != '\0' && i < len_bytes_max &&
	    at < LINE_BYTES_MAX - 2; i++) {
		unsigned char c = (unsigned char)text[i];

		line[at++] = c < ' ' || c == 0x7f ? '?' : (char)c;
	}
	return at;
}

void
kyi_say(enum kyi_mistake mistake, const char *name)
{
	const uint64_t bit = 1ull << mistake;
	int errno_before = errno, cancel;
	char line[LINE_BYTES_MAX];
	size_t at = 0;

	if ((kyi_load_u64_relaxed(&kyi_registry.said) & bit) != 0 ||
	    (kyi_or_u64_relaxed(&kyi_registry.said, bit) & bit) != 0 ||
	    kyi_registry.env.quiet)
		return;
	at = append(line, at, "kymo: ", SIZE_MAX);
	at = append(line, at, words[mistake].before, SIZE_MAX);
	if (name != NULL)
		at = append(line, at, name, mistake == KYI_SAY_NO_REGION ?
		    SIZE_MAX : NAME_BYTES_SAID_MAX);
	at = append(line, at, words[mistake].after, SIZE_MAX);
	line[at++] = '\n';
	/* write and poll are points of cancellation. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (is_stderr() && can_write())
		write_line(line, at);
	pthread_setcancelstate(cancel, NULL);
	errno = errno_before;
}

void
kyi_bad(enum kyi_mistake mistake, const char *name)
{
	kyi_count(KYI_ERR_BADCALL, 1);
	kyi_say(mistake, name);
}

void
kyi_say_text(enum kyi_mistake mistake, struct kyi_text text)
{
	char name[NAME_BYTES_SAID_MAX + 1];
	size_t len_bytes = text.len_bytes < sizeof(name) ? text.len_bytes :
	    sizeof(name) - 1;

	memcpy(name, text.at, len_bytes);
	name[len_bytes] = '\0';
	kyi_say(mistake, name);
}

void
kyi_bad_text(enum kyi_mistake mistake, struct kyi_text text)
{
	kyi_count(KYI_ERR_BADCALL, 1);
	kyi_say_text(mistake, text);
}
