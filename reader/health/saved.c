/* SPDX-License-Identifier: MIT */
/* What recovery counts, as lines of a small file with a checksum at its end:

     kymo-health 1
     NAME ATTEMPTS SUCCESSES SECONDS LAST LEVEL ESCALATED MS,MS,..
     crc32c HEX

   A name has no blank (reader/config/care.c). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/health/private.h"
#include "shm/crc32c.h"

#define HEAD "kymo-health 1\n"
#define FOOT "crc32c "
#define FOOT_BYTES (sizeof(FOOT) - 1 + 9) /* eight digits and a newline */

static void
remedy_save(struct kymo_buffer *out, const struct kyi_component *component)
{
	const struct kyi_remedy *remedy = &component->remedy;
	uint32_t i;

	kymo_buffer_printf(out, "%s %llu %llu %.17g %.17g %u %d ",
	    component->name, (unsigned long long)remedy->attempts,
	    (unsigned long long)remedy->successes, remedy->seconds,
	    isnan(remedy->last_seconds) ? -1 : remedy->last_seconds,
	    remedy->level, remedy->escalated);
	for (i = 0; i < remedy->hour_cnt; i++)
		kymo_buffer_printf(out, "%s%lld", i > 0 ? "," : "",
		    (long long)remedy->hour_ms[i]);
	kymo_buffer_str(out, remedy->hour_cnt > 0 ? "\n" : "-\n");
}

bool
kymo_care_save(struct kymo_care *care, struct kymo_buffer *out)
{
	size_t begin = out->len_bytes;
	uint32_t i;

	if (!care->unsaved)
		return false;
	care->unsaved = false;
	kymo_buffer_str(out, HEAD);
	for (i = 0; i < care->planned_cnt; i++)
		if (care->components[i].remedy.attempts > 0)
			remedy_save(out, &care->components[i]);
	if (!out->failed)
		kymo_buffer_printf(out, FOOT "%08x\n", kyi_crc32c(0,
		    out->at + begin, out->len_bytes - begin));
	return true;
}

/* MS,MS,..: what is no number ends it. */
static void
hours_read(struct kyi_remedy *remedy, const char *text)
{
	char *end;

	remedy->hour_cnt = 0;
	while (remedy->hour_cnt < KYI_CARE_HOUR_MAX) {
		long long ms = strtoll(text, &end, 10);

		if (end == text)
			return;
		remedy->hour_ms[remedy->hour_cnt++] = ms;
		if (*end != ',')
			return;
		text = end + 1;
	}
}

/* One of a component that is no more is left out. */
static void
line_read(struct kymo_care *care, char *line)
{
	struct kyi_remedy read = { .attempts = 0 };
	unsigned long long attempts, successes;
	struct kyi_component *component;
	char *blank = strchr(line, ' ');
	int escalated = 0, used = 0;

	if (blank == NULL)
		return;
	*blank = '\0';
	component = kyi_care_find(care, line);
	if (component == NULL || component->plan == NULL ||
	    sscanf(blank + 1, "%llu %llu %lf %lf %u %d %n", &attempts,
	    &successes, &read.seconds, &read.last_seconds, &read.level,
	    &escalated, &used) != 6)
		return;
	hours_read(&component->remedy, blank + 1 + used);
	component->remedy.attempts = attempts;
	component->remedy.successes = successes;
	component->remedy.seconds = read.seconds;
	component->remedy.last_seconds = read.last_seconds < 0 ? NAN :
	    read.last_seconds;
	component->remedy.level = read.level;
	component->remedy.escalated = escalated != 0;
}

int
kymo_care_restore(struct kymo_care *care, const char *text, size_t len_bytes,
    struct kymo_error *error)
{
	char foot[FOOT_BYTES + 1], *copy, *line, *next;
	size_t body_bytes = len_bytes < FOOT_BYTES ? 0 : len_bytes - FOOT_BYTES;

	if (body_bytes < sizeof(HEAD) - 1 ||
	    memcmp(text, HEAD, sizeof(HEAD) - 1) != 0)
		return kymo_error_set(error, "it does not begin as it should");
	snprintf(foot, sizeof(foot), FOOT "%08x\n",
	    kyi_crc32c(0, text, body_bytes));
	if (memcmp(text + body_bytes, foot, FOOT_BYTES) != 0)
		return kymo_error_set(error, "its checksum is wrong");
	copy = strndup(text, body_bytes);
	if (copy == NULL)
		return kymo_error_set(error, "out of memory");
	for (line = copy + sizeof(HEAD) - 1; *line != '\0'; line = next) {
		size_t line_bytes = strcspn(line, "\n");

		next = line + line_bytes + (line[line_bytes] == '\n');
		line[line_bytes] = '\0';
		line_read(care, line);
	}
	free(copy);
	return 0;
}
