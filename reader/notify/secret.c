/* SPDX-License-Identifier: MIT */
#include "reader/notify/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
file_read(char *text, const char *path, const char *what,
    struct kymo_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t len_bytes = 0;
	ssize_t got = -1;

	if (fd < 0)
		return kymo_error_set(error, "the %s: %s: %s", what, path,
		    strerror(errno));
	while (len_bytes < KYI_SECRET_BYTES_MAX + 1 && (got = read(fd,
	    text + len_bytes, KYI_SECRET_BYTES_MAX + 1 - len_bytes)) > 0)
		len_bytes += (size_t)got;
	if (got < 0)
		kymo_error_set(error, "the %s: %s: %s", what, path,
		    strerror(errno));
	close(fd);
	text[len_bytes] = '\0';
	if (got < 0)
		return -1;
	if (len_bytes > KYI_SECRET_BYTES_MAX || strlen(text) != len_bytes)
		return kymo_error_set(error, "the %s: %s is no text of at most "
		    "%u bytes", what, path, KYI_SECRET_BYTES_MAX);
	return 0;
}

static int
env_read(char *text, const char *name, const char *what,
    struct kymo_error *error)
{
	const char *value = getenv(name);

	if (value == NULL)
		return kymo_error_set(error, "the %s: no variable %s in the "
		    "environment", what, name);
	if (strlen(value) > KYI_SECRET_BYTES_MAX)
		return kymo_error_set(error, "the %s: the variable %s has more "
		    "than %u bytes", what, name, KYI_SECRET_BYTES_MAX);
	strcpy(text, value);
	return 0;
}

/* Nothing of a secret may end a line of a protocol. */
static int
check(char *text, const struct kymo_secret *secret, const char *what,
    struct kymo_error *error)
{
	const char *from = secret->file != NULL ? secret->file : secret->env;
	size_t len_bytes = strlen(text), i;

	while (len_bytes > 0 && strchr(" \t\r\n", text[len_bytes - 1]) != NULL)
		text[--len_bytes] = '\0';
	if (len_bytes == 0)
		return kymo_error_set(error, "the %s: %s is empty", what, from);
	for (i = 0; i < len_bytes; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return kymo_error_set(error, "the %s: %s has a control "
			    "character or a second line", what, from);
	return 0;
}

int
kyi_secret_read(char **text, const struct kymo_secret *secret,
    const char *what, struct kymo_error *error)
{
	int status;

	*text = NULL;
	if (!kyi_secret_is(secret))
		return 0;
	*text = calloc(1, KYI_SECRET_BYTES_MAX + 2);
	if (*text == NULL)
		return kymo_error_set(error, "no memory for the %s", what);
	status = secret->file != NULL ?
	    file_read(*text, secret->file, what, error) :
	    env_read(*text, secret->env, what, error);
	if (status == 0)
		status = check(*text, secret, what, error);
	if (status == 0)
		return 0;
	kyi_secret_wipe(*text);
	*text = NULL;
	return -1;
}

void
kyi_secret_wipe(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}
