/* SPDX-License-Identifier: MIT */
/* Time intervals: hours, days, months, as Alertmanager writes them. */
#include <string.h>
#include <strings.h>

#include "reader/alert/private.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DAY_S 86400

/* ---- what a calendar shows ----------------------------------------------- */

struct shown {
	int32_t minute, weekday, day, month, year, month_days;
};

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static bool
leap(int32_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static void
show(int64_t local_s, struct shown *shown)
{
	static const uint8_t month_days[] = {31, 28, 31, 30, 31, 30, 31, 31,
	    30, 31, 30, 31};
	int64_t days = floor_div(local_s, DAY_S), era, of_era, year, of_year;
	int32_t month;

	shown->minute = (int32_t)((local_s - days * DAY_S) / 60);
	shown->weekday = (int32_t)(((days + 4) % 7 + 7) % 7);
	/* Eras of 400 years that begin on the first of March. */
	days += 719468;
	era = floor_div(days, 146097);
	of_era = days - era * 146097;
	year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	of_year = of_era - (365 * year + year / 4 - year / 100);
	month = (int32_t)((5 * of_year + 2) / 153);
	shown->day = (int32_t)(of_year - (153 * month + 2) / 5 + 1);
	shown->month = month < 10 ? month + 3 : month - 9;
	shown->year = (int32_t)(year + era * 400 + (shown->month <= 2));
	shown->month_days = month_days[shown->month - 1] +
	    (shown->month == 2 && leap(shown->year));
}

static bool
one_has(const struct kyi_routing_range *range, int32_t n)
{
	if (range == NULL)
		return true;
	for (; range != NULL; range = range->next)
		if (n >= range->first && n <= range->last)
			return true;
	return false;
}

/* Negative days count from the month's end. */
static bool
days_have(const struct kyi_routing_range *range, const struct shown *shown)
{
	if (range == NULL)
		return true;
	for (; range != NULL; range = range->next) {
		int32_t first = range->first, last = range->last;

		first += first < 0 ? shown->month_days + 1 : 0;
		last += last < 0 ? shown->month_days + 1 : 0;
		if (shown->day >= first && shown->day <= last)
			return true;
	}
	return false;
}

static bool
minutes_have(const struct kyi_routing_range *range, int32_t minute)
{
	if (range == NULL)
		return true;
	for (; range != NULL; range = range->next)
		if (minute >= range->first && minute < range->last)
			return true;
	return false;
}

bool
kyi_routing_times_have(const struct kyi_routing_times *times, int64_t at_ms)
{
	int64_t at_s = floor_div(at_ms, 1000);
	struct shown shown;

	for (; times != NULL; times = times->next) {
		show(at_s + (times->zone == NULL ? 0 :
		    kyi_zone_offset_s(times->zone, at_s)), &shown);
		if (minutes_have(times->minutes, shown.minute) &&
		    one_has(times->weekdays, shown.weekday) &&
		    days_have(times->days, &shown) &&
		    one_has(times->months, shown.month) &&
		    one_has(times->years, shown.year))
			return true;
	}
	return false;
}

const struct kyi_routing_interval *
kyi_routing_interval_find(const struct kymo_routing *routing, const char *name)
{
	const struct kyi_routing_interval *interval;

	for (interval = routing->intervals; interval != NULL;
	    interval = interval->next)
		if (strcmp(interval->name, name) == 0)
			return interval;
	return NULL;
}

int
kymo_routing_interval(const struct kymo_routing *routing, const char *name,
    int64_t at_ms)
{
	const struct kyi_routing_interval *interval =
	    kyi_routing_interval_find(routing, name);

	return interval == NULL ? -1 :
	    kyi_routing_times_have(interval->times, at_ms);
}

/* ---- from a file --------------------------------------------------------- */

/* What may stand at either side of a colon. */
struct unit {
	const char *what; /* "a weekday, as monday" */
	const char *const *names; /* of first, first + 1 .. */
	size_t name_cnt;
	int32_t first, min, max; /* min > max: no numbers */
};

static bool
number_of(const struct unit *unit, const char *text, size_t len_bytes,
    int32_t *n)
{
	bool minus = len_bytes > 0 && text[0] == '-';
	size_t i = minus;
	int32_t value = 0;

	for (; i < len_bytes && text[i] >= '0' && text[i] <= '9' &&
	    value < 100000; i++)
		value = value * 10 + (text[i] - '0');
	if (i == minus || i < len_bytes || (minus && unit->min >= 0))
		return false;
	*n = minus ? -value : value;
	return *n >= unit->min && *n <= unit->max && (*n != 0 || unit->min > 0);
}

static bool
side_of(const struct unit *unit, const char *text, size_t len_bytes, int32_t *n)
{
	size_t i;

	for (i = 0; i < unit->name_cnt; i++)
		if (strlen(unit->names[i]) == len_bytes &&
		    strncasecmp(unit->names[i], text, len_bytes) == 0) {
			*n = unit->first + (int32_t)i;
			return true;
		}
	return unit->min <= unit->max && number_of(unit, text, len_bytes, n);
}

static void
ranges_load(struct kyi_routing_load *load, const struct kyi_tree_node *list,
    const struct unit *unit, struct kyi_routing_range **last)
{
	const struct kyi_tree_node *node;
	const char *text;

	if (!kyi_tree_is(load->faults, load->tree, list, KYI_TREE_LIST))
		return;
	for (node = list->first; node != NULL; node = node->next) {
		struct kyi_routing_range *range =
		    kyi_routing_get(load, 1, sizeof(*range));
		size_t first_bytes;
		int32_t first, end;

		if (range == NULL || !kyi_tree_text(load->faults, load->tree,
		    node, unit->what, &text))
			continue;
		first_bytes = strcspn(text, ":");
		if (!side_of(unit, text, first_bytes, &range->first) ||
		    (text[first_bytes] == ':' && !side_of(unit,
		    text + first_bytes + 1, strlen(text + first_bytes + 1),
		    &range->last))) {
			kyi_fault(load->faults, load->tree, node, "expected "
			    "%s, found '%.60s'", unit->what, text);
			continue;
		}
		if (text[first_bytes] == '\0')
			range->last = range->first;
		first = range->first < 0 ? 30 + range->first : range->first;
		end = range->last < 0 ? 30 + range->last : range->last;
		if (first > end || (range->first < 0 && range->last > 0))
			kyi_fault(load->faults, load->tree, node, "'%.60s' "
			    "ends before it begins; write two of them", text);
		*last = range;
		last = &range->next;
	}
}

static bool
clock_load(struct kyi_routing_load *load, const struct kyi_tree_node *map,
    const char *key, int32_t *minute)
{
	const struct kyi_tree_node *node = kyi_tree_get(map, key);
	const char *text;
	int32_t hours, minutes;

	if (node == NULL || node->kind == KYI_TREE_NULL) {
		kyi_fault(load->faults, load->tree, node == NULL ? map : node,
		    "no %s: both start_time and end_time are needed", key);
		return false;
	}
	if (!kyi_tree_text(load->faults, load->tree, node, "a time, as "
	    "\"08:30\"", &text))
		return false;
	if (strlen(text) == 5 && strspn(text, "0123456789") == 2 &&
	    text[2] == ':' && strspn(text + 3, "0123456789") == 2) {
		hours = (text[0] - '0') * 10 + (text[1] - '0');
		minutes = (text[3] - '0') * 10 + (text[4] - '0');
		*minute = hours * 60 + minutes;
		if (minutes < 60 && *minute <= 24 * 60)
			return true;
	}
	kyi_fault(load->faults, load->tree, node, "'%.60s' is no time from "
	    "00:00 to 24:00", text);
	return false;
}

static void
minutes_load(struct kyi_routing_load *load, const struct kyi_tree_node *list,
    struct kyi_routing_range **last)
{
	static const char *const keys[] = {"start_time", "end_time"};
	const struct kyi_tree_node *node;

	if (!kyi_tree_is(load->faults, load->tree, list, KYI_TREE_LIST))
		return;
	for (node = list->first; node != NULL; node = node->next) {
		struct kyi_routing_range *range =
		    kyi_routing_get(load, 1, sizeof(*range));

		if (range == NULL || !kyi_tree_is(load->faults, load->tree,
		    node, KYI_TREE_MAP))
			continue;
		kyi_tree_keys(load->faults, load->tree, node, "a time", keys,
		    COUNT(keys));
		if (!clock_load(load, node, "start_time", &range->first) ||
		    !clock_load(load, node, "end_time", &range->last))
			continue;
		if (range->first >= range->last)
			kyi_fault(load->faults, load->tree, node, "it ends "
			    "before it begins; write two, one to \"24:00\" and "
			    "one from \"00:00\"");
		*last = range;
		last = &range->next;
	}
}

static void
zone_load(struct kyi_routing_load *load, const struct kyi_tree_node *node,
    const struct kyi_zone **zone)
{
	struct kymo_error error = {""};
	struct kyi_zone *made;
	const char *name;

	if (!kyi_tree_text(load->faults, load->tree, node, "a time zone, as "
	    "Europe/Berlin", &name) || strcmp(name, "UTC") == 0)
		return;
	made = kyi_zone_new(name, &error);
	if (made == NULL) {
		kyi_fault(load->faults, load->tree, node, "%s", error.text);
		return;
	}
	*kyi_zone_next(made) = load->routing->zones;
	load->routing->zones = made;
	*zone = made;
}

static const char *const weekday_names[] = {"sunday", "monday", "tuesday",
    "wednesday", "thursday", "friday", "saturday"};
static const char *const month_names[] = {"january", "february", "march",
    "april", "may", "june", "july", "august", "september", "october",
    "november", "december"};
static const struct unit weekday = {"a weekday, as monday or monday:friday",
    weekday_names, COUNT(weekday_names), 0, 1, 0};
static const struct unit month = {"a month, as may, 5 or may:august",
    month_names, COUNT(month_names), 1, 1, 12};
static const struct unit day = {"a day of the month, as 1:5 or -3:-1 (from its "
    "end)", NULL, 0, 0, -31, 31};
static const struct unit year = {"a year, as 2027 or 2027:2030", NULL, 0, 0, 1,
    9999};

struct kyi_routing_times *
kyi_routing_load_times(struct kyi_routing_load *load,
    const struct kyi_tree_node *list)
{
	static const char *const keys[] = {"times", "weekdays",
	    "days_of_month", "months", "years", "location"};
	struct kyi_routing_times *first = NULL, **last = &first, *times;
	const struct kyi_tree_node *node;

	if (!kyi_tree_is(load->faults, load->tree, list, KYI_TREE_LIST))
		return NULL;
	for (node = list->first; node != NULL; node = node->next) {
		times = kyi_routing_get(load, 1, sizeof(*times));
		if (times == NULL)
			break;
		*last = times;
		last = &times->next;
		if (!kyi_tree_is(load->faults, load->tree, node, KYI_TREE_MAP))
			continue;
		kyi_tree_keys(load->faults, load->tree, node, "a time interval",
		    keys, COUNT(keys));
		minutes_load(load, kyi_tree_get(node, "times"),
		    &times->minutes);
		ranges_load(load, kyi_tree_get(node, "weekdays"), &weekday,
		    &times->weekdays);
		ranges_load(load, kyi_tree_get(node, "days_of_month"), &day,
		    &times->days);
		ranges_load(load, kyi_tree_get(node, "months"), &month,
		    &times->months);
		ranges_load(load, kyi_tree_get(node, "years"), &year,
		    &times->years);
		zone_load(load, kyi_tree_get(node, "location"), &times->zone);
	}
	return first;
}

static struct kyi_routing_interval *
interval_load(struct kyi_routing_load *load, const struct kyi_tree_node *node)
{
	static const char *const keys[] = {"name", "time_intervals"};
	const struct kyi_tree_node *name = kyi_tree_get(node, "name");
	struct kyi_routing_interval *interval =
	    kyi_routing_get(load, 1, sizeof(*interval));

	if (interval == NULL)
		return NULL;
	interval->name = "";
	kyi_tree_keys(load->faults, load->tree, node, "a named time interval",
	    keys, COUNT(keys));
	kyi_tree_text(load->faults, load->tree, name, "a name",
	    &interval->name);
	if (interval->name[0] == '\0')
		kyi_fault(load->faults, load->tree, name == NULL ? node : name,
		    "a time interval needs a name");
	else if (kyi_routing_interval_find(load->routing, interval->name) !=
	    NULL)
		kyi_fault(load->faults, load->tree, name, "time interval "
		    "'%.60s' is here already: give one another name",
		    interval->name);
	interval->times = kyi_routing_load_times(load, kyi_tree_get(node,
	    "time_intervals"));
	return interval;
}

void
kyi_routing_load_intervals(struct kyi_routing_load *load)
{
	static const char *const lists[] = {"mute_time_intervals",
	    "time_intervals"};
	struct kyi_routing_interval **last = &load->routing->intervals;
	const struct kyi_tree_node *list, *node;
	size_t i;

	for (i = 0; i < COUNT(lists); i++) {
		list = kyi_tree_get(load->tree->root, lists[i]);
		if (!kyi_tree_is(load->faults, load->tree, list, KYI_TREE_LIST))
			continue;
		for (node = list->first; node != NULL; node = node->next) {
			if (!kyi_tree_is(load->faults, load->tree, node,
			    KYI_TREE_MAP)) {
				if (node->kind == KYI_TREE_NULL)
					kyi_fault(load->faults, load->tree,
					    node, "a time interval needs a "
					    "name");
				continue;
			}
			*last = interval_load(load, node);
			if (*last == NULL)
				return;
			last = &(*last)->next;
		}
	}
}
