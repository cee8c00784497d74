/* SPDX-License-Identifier: MIT */
/* Numbers for people: humanize and its kin, to Prometheus' letter. */
#include "reader/rules/template_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SMALL_STEP 1000.0

static int
number_result(struct kyi_template_run *run, double d, const char *suffix,
    struct kyi_tv *result)
{
	struct kymo_buffer text = {0};

	kyi_go_float(&text, d, 'g', 4);
	kymo_buffer_str(&text, suffix);
	return kyi_tv_take(run, &text, result);
}

/* Divides by step until it is below it; the prefix, two letters or one each. */
static const char *
scale_down(double *d, double step, const char *const *prefixes)
{
	const char *prefix = "";

	for (; *prefixes != NULL && fabs(*d) >= step; prefixes++) {
		prefix = *prefixes;
		*d /= step;
	}
	return prefix;
}

static const char *
scale_up(double *d)
{
	static const char *const prefixes[] = { "m", "u", "n", "p", "f", "a",
		"z", "y" };
	const char *prefix = "";
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]) &&
	    fabs(*d) < 1; i++) {
		prefix = prefixes[i];
		*d *= SMALL_STEP;
	}
	return prefix;
}

KYI_TEMPLATE_CALL(humanize)
{
	static const char *const prefixes[] = { "k", "M", "G", "T", "P", "E",
		"Z", "Y", NULL };
	double d = args[0].d;
	const char *prefix = "";

	(void)cnt;
	if (d != 0 && isfinite(d))
		prefix = fabs(d) >= 1 ? scale_down(&d, SMALL_STEP, prefixes) :
		    scale_up(&d);
	return number_result(run, d, prefix, result);
}

KYI_TEMPLATE_CALL(humanize1024)
{
	static const char *const prefixes[] = { "ki", "Mi", "Gi", "Ti", "Pi",
		"Ei", "Zi", "Yi", NULL };
	double d = args[0].d;
	const char *prefix = "";

	(void)cnt;
	if (fabs(d) > 1 && isfinite(d))
		prefix = scale_down(&d, 1024, prefixes);
	return number_result(run, d, prefix, result);
}

KYI_TEMPLATE_CALL(humanize_duration)
{
	struct kymo_buffer text = {0};
	double d = args[0].d, size = fabs(d);
	char suffix[8];
	long long s;

	(void)cnt;
	if (!isfinite(d) || size < 1) {
		snprintf(suffix, sizeof(suffix), "%s%s",
		    isfinite(d) && d != 0 ? scale_up(&d) : "",
		    isfinite(d) ? "s" : "");
		return number_result(run, d, suffix, result);
	}
	s = size >= 9.2e18 ? INT64_MAX : (long long)size;
	if (d < 0)
		kymo_buffer_char(&text, '-');
	if (s < 60) {
		kyi_go_float(&text, size, 'g', 4);
		kymo_buffer_char(&text, 's');
		return kyi_tv_take(run, &text, result);
	}
	if (s >= 86400)
		kymo_buffer_printf(&text, "%lldd ", s / 86400);
	if (s >= 3600)
		kymo_buffer_printf(&text, "%lldh ", s / 3600 % 24);
	kymo_buffer_printf(&text, "%lldm %llds", s / 60 % 60, s % 60);
	return kyi_tv_take(run, &text, result);
}

KYI_TEMPLATE_CALL(humanize_percentage)
{
	(void)cnt;
	return number_result(run, args[0].d * 100, "%", result);
}

/* As Go prints a time in UTC, to the millisecond. */
KYI_TEMPLATE_CALL(humanize_timestamp)
{
	struct kymo_buffer text = {0};
	double d = args[0].d;
	char fraction[8];
	struct tm tm;
	time_t s;
	int64_t ms;
	size_t len_bytes;

	(void)cnt;
	if (!isfinite(d))
		return number_result(run, d, "", result);
	if (fabs(d) >= 9223372036.854775807) {
		kyi_go_float(&text, d, 'g', -1);
		kyi_template_fail(run, "%s cannot be represented as a "
		    "nanoseconds timestamp since it overflows int64",
		    text.failed ? "it" : text.at);
		kymo_buffer_free(&text);
		return -1;
	}
	ms = (int64_t)(d * 1e9) / 1000000;
	s = (time_t)(ms / 1000);
	ms %= 1000;
	if (ms < 0) {
		ms += 1000;
		s--;
	}
	if (gmtime_r(&s, &tm) == NULL)
		return kyi_template_fail(run, "no such time");
	snprintf(fraction, sizeof(fraction), ".%03d", (int)ms);
	len_bytes = strlen(fraction);
	while (fraction[len_bytes - 1] == '0')
		fraction[--len_bytes] = '\0';
	kymo_buffer_printf(&text, "%04d-%02d-%02d %02d:%02d:%02d%s +0000 UTC",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, ms == 0 ? "" : fraction);
	return kyi_tv_take(run, &text, result);
}
