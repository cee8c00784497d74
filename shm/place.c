/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shm/place.h"

static uint32_t place_add(struct kyi_place *places, uint32_t cnt, bool create,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A path that does not fit is no place: half of one would be another's. */
static uint32_t
place_add(struct kyi_place *places, uint32_t cnt, bool create,
    const char *format, ...)
{
	va_list args;
	int len_bytes;

	va_start(args, format);
	len_bytes = vsnprintf(places[cnt].path, sizeof(places[cnt].path),
	    format, args);
	va_end(args);
	if (len_bytes <= 0 || (size_t)len_bytes >= sizeof(places[cnt].path))
		return cnt;
	places[cnt].create = create;
	return cnt + 1;
}

uint32_t
kyi_places(struct kyi_place places[KYI_PLACE_MAX], const char *dir)
{
	const char *runtime;
	uint32_t cnt = 0;

	if (dir == NULL || *dir == '\0')
		dir = secure_getenv("KYMO_DIR");
	if (dir != NULL && *dir != '\0')
		return place_add(places, cnt, true, "%s", dir);

	cnt = place_add(places, cnt, false, "/run/kymo");
	/* The specification wants it absolute, and others ignored.
	   https://specifications.freedesktop.org/basedir-spec/latest/ */
	runtime = secure_getenv("XDG_RUNTIME_DIR");
	if (runtime != NULL && *runtime == '/')
		cnt = place_add(places, cnt, true, "%s/kymo", runtime);
	return place_add(places, cnt, true, "/dev/shm/kymo-%u",
	    (unsigned)geteuid());
}
