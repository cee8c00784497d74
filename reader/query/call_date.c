/* SPDX-License-Identifier: MIT */
/* Dates, of the proleptic Gregorian calendar, UTC. */
#include "reader/query/call.h"

#define DAY_S UINT64_C(86400)
/* Days are counted from a first of January, so many years before 1970 that no
   int64 of seconds is earlier: a multiple of 400 years before the year 1, as
   the calendar repeats every 400. */
#define ZERO_YEAR INT64_C(-292277022399)
#define ZERO_TO_1970_S UINT64_C(9223372028715321600)
#define DAYS_400 146097

struct date {
	int64_t year;
	int month, day, day_of_year, days_in_month; /* from 1 */
	int weekday; /* Sunday: 0 */
	int hour, minute;
};

static bool
is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int
month_days(int month, bool leap)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };

	return days[month - 1] + (month == 2 && leap);
}

static struct date
date_of(int64_t unix_s)
{
	uint64_t at_s = (uint64_t)unix_s + ZERO_TO_1970_S;
	uint64_t days = at_s / DAY_S, cycle = days / DAYS_400;
	uint64_t day = days % DAYS_400, year = day / 365;
	struct date date = { .weekday = (int)((days + 1) % 7) };

	/* Years before year in this cycle have 365 days and a leap day each
	   fourth, except of each hundredth. */
	while (year * 365 + year / 4 - year / 100 > day)
		year--;
	day -= year * 365 + year / 4 - year / 100;
	date.year = (int64_t)(cycle * 400 + year) + ZERO_YEAR;
	date.day_of_year = (int)day + 1;
	date.month = 1;
	while ((int)day >= month_days(date.month, is_leap(date.year)))
		day -= (uint64_t)month_days(date.month++, is_leap(date.year));
	date.day = (int)day + 1;
	date.days_in_month = month_days(date.month, is_leap(date.year));
	date.hour = (int)(at_s % DAY_S / 3600);
	date.minute = (int)(at_s % 3600 / 60);
	return date;
}

/* What no int64 holds is the least one, as on most machines. */
static int64_t
whole_seconds(double value)
{
	if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0))
		return INT64_MIN;
	return (int64_t)value;
}

static double
part(enum kyi_function_id id, double unix_s)
{
	struct date date = date_of(whole_seconds(unix_s));

	switch (id) {
	case KYI_FN_DAYS_IN_MONTH:
		return date.days_in_month;
	case KYI_FN_DAY_OF_MONTH:
		return date.day;
	case KYI_FN_DAY_OF_WEEK:
		return date.weekday;
	case KYI_FN_DAY_OF_YEAR:
		return date.day_of_year;
	case KYI_FN_HOUR:
		return date.hour;
	case KYI_FN_MINUTE:
		return date.minute;
	case KYI_FN_MONTH:
		return date.month;
	default:
		return (double)date.year;
	}
}

static int
of_now(struct kyi_call *call, struct kyi_vectors *out)
{
	if (kyi_vectors_new(call->eval, 1, call->steps->cnt, false, false,
	    out) != 0)
		return KYI_EVAL_FAILED;
	out->labels[0] = &kyi_no_labels;
	for (uint32_t step = 0; step < call->steps->cnt; step++)
		out->value[step] = part(call->id,
		    (double)(kyi_step_ms(call->steps, step) / 1000));
	return 0;
}

int
kyi_call_date(struct kyi_call *call, struct kyi_vectors *out)
{
	if (kyi_arg_cnt(call) == 0)
		return of_now(call, out);
	if (kyi_eval_vector(call->eval, kyi_arg(call, 0), call->steps,
	    out) != 0)
		return KYI_EVAL_FAILED;
	kyi_drop_hists(out);
	for (size_t cell = 0; cell < (size_t)out->cnt * out->steps; cell++)
		if (kyi_present(out, cell))
			out->value[cell] = part(call->id, out->value[cell]);
	for (uint32_t row = 0; row < out->cnt; row++)
		out->drop_name[row] = true;
	return kyi_eval_work(call->eval, 30 * (uint64_t)out->cnt * out->steps);
}
