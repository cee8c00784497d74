/* SPDX-License-Identifier: MIT */
#include "tools/kymo_cli.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <getopt.h>

int
kyi_usage(const struct kyi_verb *verb, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "kymo %s: ", verb->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "; see kymo %s --help\n", verb->name);
	return KYI_EXIT_USAGE;
}

int
kyi_option_wrong(const struct kyi_verb *verb, char **argv, int option)
{
	const char *text = argv[optind - 1];
	char letter[3] = {'-', (char)optopt, '\0'};

	/* A letter in the middle of -abc has not moved optind. */
	if (strncmp(text, "--", 2) != 0 && optopt)
		text = letter;
	if (option == ':')
		return kyi_usage(verb, "%s wants a value", text);
	return kyi_usage(verb, "no option %s", text);
}

int
kyi_help(const struct kyi_verb *verb)
{
	fputs(verb->help, stdout);
	return kyi_output_end(KYI_EXIT_OK);
}

int
kyi_trouble(const char *format, ...)
{
	va_list args;

	fputs("kymo: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return KYI_EXIT_TROUBLE;
}

void *
kyi_must(void *memory)
{
	if (!memory)
		exit(kyi_trouble("out of memory"));
	return memory;
}

void
kyi_list_add(struct kyi_list *list, const char *text)
{
	list->at = kyi_must(reallocarray(list->at, list->cnt + 1u,
		sizeof(list->at[0])));
	list->at[list->cnt++] = text;
}

int
kyi_output(struct kymo_buffer *buffer)
{
	int status = KYI_EXIT_OK;

	if (buffer->failed)
		status = kyi_trouble("out of memory");
	else if (buffer->len_bytes)
		fwrite(buffer->at, 1, buffer->len_bytes, stdout);
	kymo_buffer_free(buffer);
	memset(buffer, 0, sizeof(*buffer));
	return status;
}

int
kyi_output_end(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (errno == EPIPE)
		return status;
	return kyi_trouble("cannot write: %s", strerror(errno));
}

uint32_t
kyi_terminal_columns(void)
{
	const char *text = getenv("COLUMNS");
	struct winsize size;
	long columns = text ? strtol(text, NULL, 10) : 0;

	if (columns >= 20 && columns <= 10000)
		return (uint32_t)columns;
	if (isatty(STDOUT_FILENO) &&
	    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		return size.ws_col;
	return 0;
}

void
kyi_cli_json_string(struct kymo_buffer *buffer, const char *text)
{
	kymo_buffer_char(buffer, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			kymo_buffer_char(buffer, '\\');
		if (c < 0x20 || c == 0x7f)
			kymo_buffer_printf(buffer, "\\u%04x", c);
		else
			kymo_buffer_char(buffer, (char)c);
	}
	kymo_buffer_char(buffer, '"');
}
