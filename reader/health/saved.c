/* SPDX-License-Identifier: MIT */
/* What recovery counts, and the past that components are compared to, as lines of
   a file with a checksum at its end:

     kymo-health 2
     at MS
     r NAME ATTEMPTS SUCCESSES SECONDS LAST LEVEL ESCALATED MS,MS,..
     l NAME OF TREND              how long requests take
     e NAME OF TREND              how many fail
     c NAME OF TREND CHECK        how long a check takes
     crc32c HEX

   A component's name has no blank (reader/config/care.c), that of a check anything:
   it is escaped. OF is a checksum of what is looked at: the past of something else
   is none of it. Version 1 had the lines r alone, without their letter. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/health/private.h"
#include "shm/crc32c.h"

#define HEAD "kymo-health 2\n"
#define HEAD_1 "kymo-health 1\n"
#define HEAD_BYTES (sizeof(HEAD) - 1)
#define FOOT "crc32c "
#define FOOT_BYTES (sizeof(FOOT) - 1 + 9) /* eight digits and a newline */
/* The past is written each so often, and at the end. */
#define KEEP_NS (300 * UINT64_C(1000000000))
/* What was learned before that is no past to be compared to. */
#define PAST_MS_MAX INT64_C(86400000)

/* ---- what is looked at ------------------------------------------------------ */

static uint32_t
crc_of(uint32_t crc, const char *text)
{
	/* With its end: "a" "bc" is not "ab" "c". */
	return text == NULL ? kyi_crc32c(crc, "\1", 1) :
	    kyi_crc32c(crc, text, strlen(text) + 1);
}

static uint32_t
past_of(const struct kymo_degradation *how)
{
	uint32_t crc = crc_of(0, how->latency);

	crc = crc_of(crc, how->errors);
	crc = crc_of(crc, how->requests);
	return crc_of(crc, how->service);
}

static uint32_t
check_of(const struct kymo_check *check)
{
	uint32_t crc = crc_of(0, kymo_check_kind_name(check->kind)), i;

	crc = crc_of(crc, check->what.text);
	for (i = 0; i < check->argv_cnt; i++)
		crc = crc_of(crc, check->argv[i]);
	return crc;
}

/* ---- writing ---------------------------------------------------------------- */

static void
remedy_save(struct kymo_buffer *out, const struct kyi_component *component)
{
	const struct kyi_remedy *remedy = &component->remedy;
	uint32_t i;

	kymo_buffer_printf(out, "r %s %llu %llu %.17g %.17g %u %d ",
	    component->name, (unsigned long long)remedy->attempts,
	    (unsigned long long)remedy->successes, remedy->seconds,
	    isnan(remedy->last_seconds) ? -1 : remedy->last_seconds,
	    remedy->level, remedy->escalated);
	for (i = 0; i < remedy->hour_cnt; i++)
		kymo_buffer_printf(out, "%s%lld", i > 0 ? "," : "",
		    (long long)remedy->hour_ms[i]);
	kymo_buffer_str(out, remedy->hour_cnt > 0 ? "\n" : "-\n");
}

/* Without a newline. */
static void
trend_save(struct kymo_buffer *out, char what, const char *component,
    uint32_t of, const struct kyi_trend *trend)
{
	kymo_buffer_printf(out, "%c %s %08x %.17g %.17g %.17g %.17g %.17g %u %u "
	    "%u %u %d", what, component, of, trend->mean, trend->var,
	    trend->sum, trend->run, trend->shift, trend->run_cnt, trend->cnt,
	    trend->back_cnt, trend->long_cnt, trend->higher);
}

static void
name_save(struct kymo_buffer *out, const char *name)
{
	for (; *name != '\0'; name++)
		if (*name > ' ' && *name < 127 && *name != '%')
			kymo_buffer_char(out, *name);
		else
			kymo_buffer_printf(out, "%%%02x",
			    (unsigned int)(unsigned char)*name);
}

static void
past_save(struct kymo_buffer *out, const struct kyi_component *component)
{
	const struct kyi_past *past = &component->past;
	uint32_t of = past_of(&component->plan->degradation), i;

	if (past->latency.cnt > 0) {
		trend_save(out, 'l', component->name, of, &past->latency);
		kymo_buffer_char(out, '\n');
	}
	if (past->errors.cnt > 0) {
		trend_save(out, 'e', component->name, of, &past->errors);
		kymo_buffer_char(out, '\n');
	}
	for (i = 0; i < component->plan->check_cnt; i++) {
		const struct kyi_check *check = &component->checks[i];

		if (check->trend.cnt == 0)
			continue;
		trend_save(out, 'c', component->name, check_of(check->plan),
		    &check->trend);
		kymo_buffer_char(out, ' ');
		name_save(out, check->plan->name);
		kymo_buffer_char(out, '\n');
	}
}

void
kymo_care_keep(struct kymo_care *care)
{
	care->unsaved = care->unsaved || care->learned;
}

bool
kymo_care_save(struct kymo_care *care, struct kymo_buffer *out)
{
	size_t begin = out->len_bytes;
	uint32_t i;

	if (care->kept_ns == 0)
		care->kept_ns = care->now_ns;
	if (care->now_ns - care->kept_ns >= KEEP_NS)
		kymo_care_keep(care);
	if (!care->unsaved)
		return false;
	care->unsaved = care->learned = false;
	care->kept_ns = care->now_ns;
	kymo_buffer_printf(out, HEAD "at %lld\n", (long long)care->now_ms);
	for (i = 0; i < care->planned_cnt; i++) {
		if (care->components[i].remedy.attempts > 0)
			remedy_save(out, &care->components[i]);
		past_save(out, &care->components[i]);
	}
	if (!out->failed)
		kymo_buffer_printf(out, FOOT "%08x\n", kyi_crc32c(0,
		    out->at + begin, out->len_bytes - begin));
	/* Without memory it is still to be done. */
	care->unsaved = out->failed;
	return true;
}

/* ---- reading ---------------------------------------------------------------- */

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

/* What follows a name. */
static void
remedy_read(struct kyi_remedy *remedy, const char *text)
{
	struct kyi_remedy read = { .attempts = 0 };
	unsigned long long attempts, successes;
	int escalated = 0, used = 0;

	if (sscanf(text, "%llu %llu %lf %lf %u %d %n", &attempts, &successes,
	    &read.seconds, &read.last_seconds, &read.level, &escalated,
	    &used) != 6 || used == 0 || !isfinite(read.seconds) ||
	    read.seconds < 0 || !isfinite(read.last_seconds) ||
	    successes > attempts)
		return;
	hours_read(remedy, text + used);
	remedy->attempts = attempts;
	remedy->successes = successes;
	remedy->seconds = read.seconds;
	remedy->last_seconds = read.last_seconds < 0 ? NAN : read.last_seconds;
	remedy->level = read.level;
	remedy->escalated = escalated != 0;
}

/* OF TREND, of which of is looked at; NULL: it is not that, or not sound. */
static const char *
trend_read(struct kyi_trend *trend, uint32_t of, const char *text)
{
	struct kyi_trend read = { .cnt = 0 };
	int higher = 0, used = 0;
	unsigned int was = 0;

	if (sscanf(text, "%8x %lf %lf %lf %lf %lf %u %u %u %u %d%n", &was,
	    &read.mean, &read.var, &read.sum, &read.run, &read.shift,
	    &read.run_cnt, &read.cnt, &read.back_cnt, &read.long_cnt, &higher,
	    &used) != 11 || was != of)
		return NULL;
	read.higher = higher != 0;
	if (!kyi_trend_is_sound(&read))
		return NULL;
	*trend = read;
	return text + used;
}

/* The escaped name is that of check. */
static bool
is_name(const struct kyi_check *check, const char *text)
{
	struct kymo_buffer name = {0};
	bool is;

	name_save(&name, check->plan->name);
	is = !name.failed && name.len_bytes > 0 &&
	    strlen(text) == name.len_bytes &&
	    memcmp(text, name.at, name.len_bytes) == 0;
	kymo_buffer_free(&name);
	return is;
}

static void
check_read(struct kyi_component *component, const char *text)
{
	const char *name = strrchr(text, ' ');
	struct kyi_trend trend;
	uint32_t i;

	for (i = 0; name != NULL && i < component->plan->check_cnt; i++) {
		struct kyi_check *check = &component->checks[i];

		if (is_name(check, name + 1) && trend_read(&trend,
		    check_of(check->plan), text) == name)
			check->trend = trend;
	}
}

/* LETTER NAME ..; one of a component that is no more is left out. */
static void
line_read(struct kymo_care *care, char *line, bool is_recent)
{
	struct kyi_component *component;
	char *blank = strlen(line) < 2 || line[1] != ' ' ? NULL :
	    strchr(line + 2, ' ');
	uint32_t of;

	if (blank == NULL)
		return;
	*blank = '\0';
	component = kyi_care_find(care, line + 2);
	if (component == NULL || component->plan == NULL)
		return;
	of = past_of(&component->plan->degradation);
	if (line[0] == 'r')
		remedy_read(&component->remedy, blank + 1);
	else if (!is_recent)
		return;
	else if (line[0] == 'l')
		(void)trend_read(&component->past.latency, of, blank + 1);
	else if (line[0] == 'e')
		(void)trend_read(&component->past.errors, of, blank + 1);
	else if (line[0] == 'c')
		check_read(component, blank + 1);
}

/* As a line of today. */
static void
line_read_1(struct kymo_care *care, const char *line)
{
	char *now = NULL;

	if (asprintf(&now, "r %s", line) >= 0)
		line_read(care, now, false);
	free(now);
}

static void
lines_read(struct kymo_care *care, char *text, bool is_1, int64_t now_ms)
{
	bool is_recent = false;
	char *line, *next;
	long long at_ms;

	for (line = text; *line != '\0'; line = next) {
		size_t line_bytes = strcspn(line, "\n");

		next = line + line_bytes + (line[line_bytes] == '\n');
		line[line_bytes] = '\0';
		if (is_1)
			line_read_1(care, line);
		else if (sscanf(line, "at %lld", &at_ms) == 1)
			is_recent = at_ms > now_ms - PAST_MS_MAX &&
			    at_ms < now_ms + PAST_MS_MAX;
		else
			line_read(care, line, is_recent);
	}
}

int
kymo_care_restore(struct kymo_care *care, const char *text, size_t len_bytes,
    int64_t now_ms, struct kymo_error *error)
{
	char foot[FOOT_BYTES + 1], *copy;
	size_t body_bytes = len_bytes < FOOT_BYTES ? 0 : len_bytes - FOOT_BYTES;
	bool is_1;

	if (body_bytes < HEAD_BYTES ||
	    (memcmp(text, HEAD, HEAD_BYTES) != 0 &&
	    memcmp(text, HEAD_1, HEAD_BYTES) != 0))
		return kymo_error_set(error, "it does not begin as it should");
	is_1 = memcmp(text, HEAD_1, HEAD_BYTES) == 0;
	snprintf(foot, sizeof(foot), FOOT "%08x\n",
	    kyi_crc32c(0, text, body_bytes));
	if (memcmp(text + body_bytes, foot, FOOT_BYTES) != 0)
		return kymo_error_set(error, "its checksum is wrong");
	copy = strndup(text, body_bytes);
	if (copy == NULL)
		return kymo_error_set(error, "out of memory");
	if (strlen(copy) >= HEAD_BYTES)
		lines_read(care, copy + HEAD_BYTES, is_1, now_ms);
	free(copy);
	return 0;
}
