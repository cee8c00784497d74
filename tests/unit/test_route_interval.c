/* SPDX-License-Identifier: MIT */
/* Goal: a time is in an interval when a calendar and a clock on the wall say
   so, in each zone, in summer and in winter, and in years that no list has.
   Method: rows; and every zone against the C library's own clock, at times
   from 1902 to 2200. */
#include <time.h>

#include "tests/testlib/routing.h"

#include "reader/alert/private.h"

static struct kymo_routing *
interval_of(const char *times)
{
	char text[1000];

	snprintf(text, sizeof(text), "route: {receiver: r}\n"
	    "receivers: [{name: r}]\n"
	    "time_intervals: [{name: t, time_intervals: [%s]}]\n", times);
	return routing_of(text);
}

/* "2027-03-28 01:30", of UTC. */
static int64_t
at_ms(const char *text)
{
	struct tm tm = {0};

	assert_non_null(strptime(text, "%Y-%m-%d %H:%M", &tm));
	return (int64_t)timegm(&tm) * 1000;
}

static void
test_a_time_is_in_an_interval_as_calendars_show_it(void **state)
{
	static const struct {
		const char *times, *at;
		int is;
	} rows[] = {
		{"", "2027-01-01 00:00", 0},
		{"{}", "2027-01-01 00:00", 1},
		{"{times: [{start_time: '09:00', end_time: '17:00'}]}",
		    "2027-01-01 09:00", 1},
		{"{times: [{start_time: '09:00', end_time: '17:00'}]}",
		    "2027-01-01 08:59", 0},
		{"{times: [{start_time: '09:00', end_time: '17:00'}]}",
		    "2027-01-01 17:00", 0},
		{"{times: [{start_time: '22:00', end_time: '24:00'}, "
		    "{start_time: '00:00', end_time: '06:00'}]}",
		    "2027-01-01 23:59", 1},
		/* A Friday, a Sunday. */
		{"{weekdays: ['monday:friday']}", "2027-01-01 12:00", 1},
		{"{weekdays: ['monday:friday']}", "2027-01-03 12:00", 0},
		{"{weekdays: [Sunday]}", "2027-01-03 12:00", 1},
		{"{days_of_month: ['-1']}", "2028-02-29 12:00", 1},
		{"{days_of_month: ['-1']}", "2028-02-28 12:00", 0},
		{"{days_of_month: ['-1']}", "2100-02-28 12:00", 1},
		{"{days_of_month: ['5:-3']}", "2027-04-28 12:00", 1},
		{"{days_of_month: ['5:-3']}", "2027-04-29 12:00", 0},
		{"{days_of_month: ['31']}", "2027-04-30 12:00", 0},
		{"{months: ['march:may', '12']}", "2027-12-31 23:59", 1},
		{"{months: ['march:may', '12']}", "2027-02-28 23:59", 0},
		{"{years: ['2020:2027']}", "2027-12-31 23:59", 1},
		{"{years: ['2020:2027']}", "2028-01-01 00:00", 0},
		/* One of the two. */
		{"{years: ['2020']}, {months: ['1']}", "2027-01-31 00:00", 1},
		/* All of its kinds. */
		{"{years: ['2020'], months: ['1']}", "2027-01-31 00:00", 0},
		/* UTC+1, and +2 from the last Sunday of March, 01:00 UTC. */
		{"{location: Europe/Berlin, times: [{start_time: '09:00', "
		    "end_time: '10:00'}]}", "2027-03-27 08:00", 1},
		{"{location: Europe/Berlin, times: [{start_time: '09:00', "
		    "end_time: '10:00'}]}", "2027-03-28 08:00", 0},
		{"{location: Europe/Berlin, times: [{start_time: '09:00', "
		    "end_time: '10:00'}]}", "2027-03-28 07:00", 1},
		{"{location: Asia/Kolkata, weekdays: [saturday]}",
		    "2027-01-01 18:29", 0},
		{"{location: Asia/Kolkata, weekdays: [saturday]}",
		    "2027-01-01 18:30", 1},
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_routing *routing = interval_of(rows[i].times);

		if (kymo_routing_interval(routing, "t", at_ms(rows[i].at)) !=
		    rows[i].is)
			fail_msg("%s at %s", rows[i].times, rows[i].at);
		assert_int_equal(kymo_routing_interval(routing, "none", 0), -1);
		kymo_routing_delete(routing);
	}
}

static void
test_zones_are_those_of_the_c_library(void **state)
{
	static const char *const zones[] = {"Europe/Berlin",
	    "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe",
	    "Asia/Kolkata", "Africa/Casablanca", "America/Nuuk",
	    "Europe/Dublin", "Pacific/Chatham", "Asia/Tehran", "Etc/UTC",
	    "Asia/Gaza"};
	struct kymo_error error = {""};
	const char *before = getenv("TZ");
	uint32_t tried = 0;
	size_t i;

	for (i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		struct kyi_zone *zone = kyi_zone_new(zones[i], &error);
		int64_t at_s;

		if (zone == NULL) {
			print_message("%s\n", error.text);
			continue;
		}
		setenv("TZ", zones[i], 1);
		tzset();
		/* Steps that are no multiple of a day. */
		for (at_s = -2145916800; at_s < 7258118400; at_s += 654321) {
			time_t at = (time_t)at_s;
			struct tm tm;

			localtime_r(&at, &tm);
			if (kyi_zone_offset_s(zone, at_s) != tm.tm_gmtoff)
				fail_msg("%s at %lld: %d, not %ld", zones[i],
				    (long long)at_s, kyi_zone_offset_s(zone,
				    at_s), tm.tm_gmtoff);
			tried++;
		}
		kyi_zone_delete(zone);
	}
	if (before == NULL)
		unsetenv("TZ");
	else
		setenv("TZ", before, 1);
	tzset();
	assert_true(tried > 0);
}

static void
test_what_is_no_zone_is_refused(void **state)
{
	static const char *const names[] = {"", "../etc/passwd", "/etc/passwd",
	    "Mars/Base", "a b"};
	static const unsigned char head[44] = "TZif2";
	struct kymo_error error;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		error.text[0] = '\0';
		assert_null(kyi_zone_new(names[i], &error));
		assert_string_not_equal(error.text, "");
	}
	assert_null(kyi_zone_parse(head, sizeof(head), &error));
	assert_null(kyi_zone_parse(head, 3, &error));
}

/* Each byte of a sound file made another, and each shorter one: refused or
   not, nothing is read that is not there (the sanitizers' word). */
static void
test_a_harmed_zone_file_harms_nobody(void **state)
{
	unsigned char bytes[8192];
	FILE *file = fopen("/usr/share/zoneinfo/Europe/Berlin", "re");
	size_t len_bytes, i;
	struct kymo_error error;

	if (file == NULL)
		skip();
	len_bytes = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	for (i = 0; i < len_bytes; i++) {
		unsigned char *copy = malloc(i + 1);
		struct kyi_zone *zone;

		bytes[i] ^= 0xff;
		zone = kyi_zone_parse(bytes, len_bytes, &error);
		bytes[i] ^= 0xff;
		if (zone != NULL)
			kyi_zone_offset_s(zone, 1800000000);
		kyi_zone_delete(zone);
		assert_non_null(copy);
		memcpy(copy, bytes, i);
		zone = kyi_zone_parse(copy, i, &error);
		if (zone != NULL)
			kyi_zone_offset_s(zone, 4000000000);
		kyi_zone_delete(zone);
		free(copy);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_time_is_in_an_interval_as_calendars_show_it),
		cmocka_unit_test(test_zones_are_those_of_the_c_library),
		cmocka_unit_test(test_what_is_no_zone_is_refused),
		cmocka_unit_test(test_a_harmed_zone_file_harms_nobody),
	};

	return testlib_run("route_interval", tests,
	    sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
