/* SPDX-License-Identifier: MIT */
#include "tools/kymo_when.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader/config/config.h"
#include "tools/kymo_cli.h"

double
kyi_now_s(void)
{
	return (double)kyi_realtime_ns() / 1e9;
}

/* 2023-11-14T22:13:20Z, or with a zone as +01:00. */
static bool
date_read(double *at_s, const char *text)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (!end)
		return false;
	*at_s = 0;
	if (*end == '.') {
		*at_s = strtod(end, NULL);
		end += 1 + strspn(end + 1, "0123456789");
	}
	*at_s += (double)timegm(&tm);
	if (strcmp(end, "Z") != 0) {
		end = strptime(end, "%z", &tm);
		if (!end || *end)
			return false;
		*at_s -= (double)tm.tm_gmtoff;
	}
	return true;
}

bool
kyi_when_read(double *at_s, const char *text)
{
	char *end;
	uint64_t ns;

	if (strcmp(text, "now") == 0) {
		*at_s = kyi_now_s();
		return true;
	}
	*at_s = strtod(text, &end);
	if (end != text && !*end)
		return isfinite(*at_s);
	if (kymo_duration_parse(&ns, text, NULL) == 0) {
		*at_s = kyi_now_s() - (double)ns / 1e9;
		return true;
	}
	return date_read(at_s, text);
}

bool
kyi_step_read(double *step_s, const char *text)
{
	char *end;
	uint64_t ns;

	*step_s = strtod(text, &end);
	if (end != text && !*end)
		return isfinite(*step_s) && *step_s > 0;
	if (kymo_duration_parse(&ns, text, NULL) != 0)
		return false;
	*step_s = (double)ns / 1e9;
	return *step_s > 0;
}

double
kyi_step_choose(double span_s, uint32_t points)
{
	static const double steps[] = {1, 2, 5, 10, 15, 30, 60, 120, 300, 600,
		900, 1800, 3600, 7200, 21600, 43200, 86400};
	double least_s = span_s / points;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i] >= least_s)
			return steps[i];
	return ceil(least_s / 86400) * 86400;
}
