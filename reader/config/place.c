/* SPDX-License-Identifier: MIT */
#include "reader/config/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "control.db"

/* An absolute path from the environment, up to a colon (systemd may list
   more than one directory). */
static const char *
place(const char *variable, int *len_bytes)
{
	const char *path = secure_getenv(variable);

	if (path == NULL || path[0] != '/')
		return NULL;
	*len_bytes = (int)strcspn(path, ":");
	return path;
}

char *
kyi_state_path(void)
{
	const char *path;
	char *made = NULL;
	int len_bytes, done;

	if ((path = place("STATE_DIRECTORY", &len_bytes)) != NULL)
		done = asprintf(&made, "%.*s/" NAME, len_bytes, path);
	else if (geteuid() == 0)
		done = asprintf(&made, "/var/lib/kymo/" NAME);
	else if ((path = place("XDG_STATE_HOME", &len_bytes)) != NULL)
		done = asprintf(&made, "%s/kymo/" NAME, path);
	else if ((path = place("HOME", &len_bytes)) != NULL)
		done = asprintf(&made, "%s/.local/state/kymo/" NAME, path);
	else
		return strdup("");
	return done < 0 ? NULL : made;
}
