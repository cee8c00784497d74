/* SPDX-License-Identifier: MIT */
/* A step of detection. Nothing here allocates, locks or fails. */
#include <math.h>
#include <string.h>

#include "reader/detect/private.h"

_Static_assert(sizeof(struct kymo_detect) <= 1024, "a series' share");
_Static_assert(offsetof(struct kymo_detect, born_ns) == KYI_DETECT_HOT_BYTES,
    "what a step touches");
_Static_assert(sizeof(struct kyi_detect_tuning) ==
    KYI_DETECT_TUNING_CNT * sizeof(double), "an array of constants");

/* ---- what was chosen, not tuned -------------------------------------------- */

/* Rows are of five minutes: at a shorter step as much time is asked for. At a
   longer one means span something between as many rows and as much time. */
#define STEP_S 300.0
#define NS_S UINT64_C(1000000000)
#define SLOW_ROWS 576.0   /* two days */
#define WARM_ROWS 144.0   /* half a day, at any step: nothing is said before */
#define WARM_ROWS_MIN 10.0
#define MEMORY_ROWS 4032u /* two weeks, twice */
/* Rows may come seldom by night and often by day, and count as what the step is
   just now: neither age nor memory is much more, or less, than the time that
   passed. */
#define AGE_TIMES 1.25
#define MEMORY_PART 0.8
/* What is forgotten is met anew for ever: age stops counting. */
#define AGE_MEMORIES 4.0
#define ERROR_ROWS 1152.0 /* four days */
#define DAY_ROWS 288u
/* A step is this share of its mean's way to the last one's. */
#define STEP_RATE 0.02
/* Rates are worked out anew when the step is off by so much. */
#define STEP_OFF 0.1
#define STEP_NEARLY_OFF 0.0999
#define PROFILE_RATE 0.1f
#define PROFILE_SURE 8u
/* A profile counts if its error is less than this share of the others'. */
#define PROFILE_BETTER 0.9f
#define YOUNG 0.2
/* Means of a profile are floats: what is beyond is as far as can be. */
#define VALUE_MAX 1e38
/* Of a stuck series: doublings of the longest time that it did not change; said
   after three, six, .. of them, for what grows row by row is its own gate. */
#define STUCK_DOUBLINGS 8.0
#define STUCK_STEP 3.0
#define STUCK_WEIGHT 2.0
/* Twice as far is not twice as odd where tails are heavy. */
#define SQUASH 4.0
#define SIMPLE 0.2

const struct kyi_detect_tuning kyi_detect_tuning = {
	.value = 2.7, .deviation = 0.9, .level = 5.3, .profile = 0.23,
	.age_power = 0.83, .gate_raise = 2.5, .gate_rows = 52,
	.tired_raise = 0.54, .tired_rows = 8400, .fast_rows = 13,
	.parts_known = 6, .budget = 2.8
};

void
kymo_detect_init(struct kymo_detect *detect)
{
	memset(detect, 0, sizeof(*detect));
}

/* ---- time ------------------------------------------------------------------ */

static void
rates(struct kymo_detect *detect, const struct kyi_detect_tuning *tuning)
{
	double ratio = STEP_S / detect->step_s;
	double more = ratio > 1 ? ratio : 1;
	double means = ratio > 1 ? ratio : sqrt(ratio);

	detect->step_known_s = detect->step_s;
	detect->slow_rate = (float)(1 / (SLOW_ROWS * means));
	detect->fast_rate = (float)(1 / fmax(tuning->fast_rows * means, 1));
	detect->error_rate = (float)(1 / (ERROR_ROWS * means));
	detect->gate_keep = (float)(1 - 1 / (tuning->gate_rows * more));
	detect->tired_keep = (float)(1 - 1 / (tuning->tired_rows * more));
	detect->warm_cnt = (float)fmax(WARM_ROWS * ratio, WARM_ROWS_MIN);
	detect->memory_cnt = (float)(MEMORY_ROWS * more);
}

/* How far apart rows are: a mean that a gap does not move much. */
static void
step_learn(struct kymo_detect *detect, const struct kyi_detect_tuning *tuning,
    uint64_t at_ns)
{
	double passed_s;

	if (detect->row_cnt == 0) {
		detect->at_ns = at_ns;
		detect->born_ns = detect->begin_ns = detect->old_begin_ns =
		    at_ns;
		detect->step_s = STEP_S;
		rates(detect, tuning);
		return;
	}
	if (at_ns <= detect->at_ns)
		return;
	passed_s = (double)(at_ns - detect->at_ns) * 1e-9;
	detect->at_ns = at_ns;
	if (detect->row_cnt == 1)
		detect->step_s = passed_s;
	else
		detect->step_s += STEP_RATE *
		    (fmin(passed_s, 4 * detect->step_s) - detect->step_s);
	/* A division for those alone that are near it. */
	if (fabs(detect->step_s - detect->step_known_s) >
	    STEP_NEARLY_OFF * detect->step_known_s &&
	    fabs(detect->step_s / detect->step_known_s - 1) > STEP_OFF)
		rates(detect, tuning);
}

/* ---- what is expected ------------------------------------------------------ */

/* Another half hour, another two hours: what is known of the last goes into its
   table, and what is known of this one comes out. */
static void
part_change(struct kymo_detect_part *now, float *mean, uint8_t *cnt,
    unsigned idx)
{
	mean[now->idx] = now->mean;
	cnt[now->idx] = now->cnt;
	now->mean = mean[idx];
	now->cnt = cnt[idx];
	now->idx = (uint8_t)idx;
}

static double
profile(struct kymo_detect_part *now, double value)
{
	static const float rates[PROFILE_SURE + 1] = {
		1.0f, 1.0f / 2, 1.0f / 3, 1.0f / 4, 1.0f / 5, 1.0f / 6,
		1.0f / 7, 1.0f / 8, 1.0f / 9
	};
	double off = now->cnt ? value - (double)now->mean : 0;
	float rate = rates[now->cnt];

	if (now->cnt < PROFILE_SURE)
		now->cnt++;
	now->mean += (rate < PROFILE_RATE ? PROFILE_RATE : rate) * (float)off;
	if (now->cnt == 1)
		now->mean = (float)value;
	return off;
}

/* log2, to 0.09, without branches or tables. */
static double
rough_log2(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return (double)bits * 0x1p-52 - 1023;
}

static unsigned
day_slot(uint64_t at_ns)
{
	return (unsigned)(at_ns / (1800 * NS_S) % 48);
}

static unsigned
week_slot(uint64_t at_ns)
{
	return (unsigned)(at_ns / (7200 * NS_S) % 84);
}

static void
parts_change(struct kymo_detect *detect)
{
	unsigned day_idx = day_slot(detect->at_ns);
	unsigned week_idx = week_slot(detect->at_ns);

	if (day_idx != detect->day_now.idx)
		part_change(&detect->day_now, detect->day, detect->day_cnt,
		    day_idx);
	if (week_idx != detect->week_now.idx)
		part_change(&detect->week_now, detect->week, detect->week_cnt,
		    week_idx);
}

/* The first rows are means of all that was. */
static double
rate_of(const struct kymo_detect *detect, float rate)
{
	double row_cnt = (double)(detect->row_cnt + 1);

	if (row_cnt * (double)rate > 1 + 1e-9)
		return (double)rate;
	return fmax(1 / row_cnt, (double)rate);
}

static void
features(struct kymo_detect *detect, double value, double *f)
{
	if (detect->row_cnt == 0)
		detect->slow = detect->fast = value;
	parts_change(detect);
	f[KYMO_DETECT_VALUE] = value;
	f[KYMO_DETECT_DEVIATION] = value - detect->slow;
	f[KYMO_DETECT_TIME_OF_DAY] = profile(&detect->day_now, value);
	f[KYMO_DETECT_TIME_OF_WEEK] = profile(&detect->week_now, value);
	detect->slow_error += detect->error_rate *
	    ((float)fabs(f[KYMO_DETECT_DEVIATION]) - detect->slow_error);
	detect->day_error += detect->error_rate *
	    ((float)fabs(f[KYMO_DETECT_TIME_OF_DAY]) - detect->day_error);
	detect->week_error += detect->error_rate *
	    ((float)fabs(f[KYMO_DETECT_TIME_OF_WEEK]) - detect->week_error);
	detect->slow += rate_of(detect, detect->slow_rate) *
	    (value - detect->slow);
	detect->fast += rate_of(detect, detect->fast_rate) *
	    (value - detect->fast);
	f[KYMO_DETECT_LEVEL] = detect->fast;
	f[KYMO_DETECT_TREND] = detect->fast - detect->slow;
}

/* Does what a cause compares with predict better than what is simpler? */
static bool
counts(const struct kymo_detect *detect, unsigned cause)
{
	double days = (double)detect->row_cnt * (double)detect->error_rate *
	    ERROR_ROWS / DAY_ROWS;

	switch (cause) {
	case KYMO_DETECT_TIME_OF_DAY:
		return days >= 2 && detect->day_error <
		    PROFILE_BETTER * detect->slow_error;
	case KYMO_DETECT_TIME_OF_WEEK:
		return days >= 9 && detect->week_error <
		    PROFILE_BETTER * fminf(detect->day_error,
		    detect->slow_error);
	default:
		return true;
	}
}

/* How many times STUCK_STEP doublings longer than ever before. */
static double
stuck_steps(const struct kymo_detect *detect, uint32_t same_cnt)
{
	if (same_cnt <= detect->same_cnt_max)
		return 0;
	return floor(rough_log2(((double)same_cnt + 1) /
	    ((double)detect->same_cnt_max + 1)) / STUCK_STEP);
}

/* A series that stops changing: said in the row that makes a step full. */
static double
stuck(struct kymo_detect *detect, double value)
{
	double steps;

	if (detect->row_cnt && value == detect->value) {
		detect->same_cnt += detect->same_cnt < UINT32_MAX;
	} else {
		if (detect->same_cnt > detect->same_cnt_max)
			detect->same_cnt_max = detect->same_cnt;
		detect->same_cnt = 0;
		detect->since_ns = detect->at_ns;
	}
	detect->value = value;
	/* What never changed is not stuck. */
	if (detect->same_cnt == 0 || detect->same_cnt + 1 >= detect->row_cnt)
		return 0;
	steps = stuck_steps(detect, detect->same_cnt);
	if (steps <= stuck_steps(detect, detect->same_cnt - 1))
		return 0;
	return steps * STUCK_STEP / STUCK_DOUBLINGS;
}

/* ---- how unlike ------------------------------------------------------------ */

/* All that is met by chance grows rarer with time: what is new grows odder. */
static double
age_weight(const struct kymo_detect *detect,
    const struct kyi_detect_tuning *tuning)
{
	double age = fmin((double)detect->row_cnt,
	    AGE_MEMORIES * (double)detect->memory_cnt) /
	    (double)detect->warm_cnt;
	double passed = (double)(detect->at_ns - detect->born_ns) * 1e-9 /
	    (WARM_ROWS * STEP_S);

	age = fmin(age, AGE_TIMES * passed);

	if (age < 1)
		return YOUNG * pow(age * age, tuning->age_power);
	return pow(age, tuning->age_power);
}

static double
weight(const struct kyi_detect_tuning *tuning, unsigned cause)
{
	switch (cause) {
	case KYMO_DETECT_VALUE: return tuning->value;
	case KYMO_DETECT_DEVIATION: return tuning->deviation;
	case KYMO_DETECT_LEVEL: return tuning->level;
	case KYMO_DETECT_TREND: return tuning->deviation;
	case KYMO_DETECT_STUCK: return STUCK_WEIGHT;
	default: return tuning->profile;
	}
}

/* What is odd for more than one reason is told by the simplest: its value, if
   that has a good share of it. */
static void
lead(struct kymo_detect_result *result, double value_odd,
    enum kymo_detect_side value_side, double most)
{
	if (value_odd > 0 && value_odd >= SIMPLE * most) {
		result->cause = KYMO_DETECT_VALUE;
		result->side = value_side;
	}
}

static double
oddest(struct kymo_detect *detect, const struct kyi_detect_tuning *tuning,
    const double *f, struct kymo_detect_result *result)
{
	double most = 0, value_odd = 0, odd;
	enum kymo_detect_side side = KYMO_DETECT_BETWEEN, value_side = side;

	for (unsigned i = 0; i < KYMO_DETECT_STUCK; i++) {
		double far;

		if (kyi_seen_known(&detect->seen[i], f[i]))
			continue;
		far = kyi_seen_add(&detect->seen[i], f[i], tuning->parts_known,
		    &side);
		if (!(far > 0) || !counts(detect, i))
			continue;
		odd = log1p(far * SQUASH) / SQUASH * weight(tuning, i);
		if (i == KYMO_DETECT_VALUE) {
			value_odd = odd;
			value_side = side;
		}
		if (odd > most) {
			most = odd;
			result->cause = (enum kymo_detect_cause)i;
			result->side = side;
		}
	}
	odd = f[KYMO_DETECT_STUCK] * weight(tuning, KYMO_DETECT_STUCK);
	if (odd > most) {
		most = odd;
		result->cause = KYMO_DETECT_STUCK;
	}
	lead(result, value_odd, value_side, most);
	return most;
}

static void
memory_age(struct kymo_detect *detect)
{
	detect->seen_cnt += 1;
	if (detect->seen_cnt < detect->memory_cnt ||
	    (double)(detect->at_ns - detect->begin_ns) * 1e-9 <
	    MEMORY_PART * MEMORY_ROWS * STEP_S)
		return;
	detect->seen_cnt = 0;
	detect->old_begin_ns = detect->begin_ns;
	detect->begin_ns = detect->at_ns;
	for (unsigned i = 0; i < KYMO_DETECT_STUCK; i++)
		kyi_seen_age(&detect->seen[i]);
}

/* Only what is clearly worse than the last alarm is another, and after many
   alarms one means less. */
static void
judge(struct kymo_detect *detect, const struct kyi_detect_tuning *tuning,
    double odd, struct kymo_detect_result *result)
{
	detect->gate *= (double)detect->gate_keep;
	detect->tired *= (double)detect->tired_keep;
	if (!(odd > 0))
		return;
	odd *= age_weight(detect, tuning);
	odd /= (1 + tuning->tired_raise * detect->tired) * tuning->budget;
	result->raw = odd;
	if (odd <= detect->gate)
		return;
	result->score = odd;
	detect->gate = odd * tuning->gate_raise;
	detect->tired += odd * tuning->budget > 0.5;
}

struct kymo_detect_result
kyi_detect_step(struct kymo_detect *detect,
    const struct kyi_detect_tuning *tuning, uint64_t at_ns, double value)
{
	struct kymo_detect_result result = { .cause = KYMO_DETECT_NOTHING };
	double f[KYMO_DETECT_CAUSE_CNT];

	if (!isfinite(value))
		return result;
	value = fmax(-VALUE_MAX, fmin(value, VALUE_MAX));
	step_learn(detect, tuning, at_ns);
	features(detect, value, f);
	f[KYMO_DETECT_STUCK] = stuck(detect, value);
	memory_age(detect);
	judge(detect, tuning, oddest(detect, tuning, f, &result), &result);
	detect->row_cnt++;
	result.at_ns = detect->at_ns;
	result.seen_ns = result.cause == KYMO_DETECT_STUCK ? detect->since_ns :
	    detect->at_ns - detect->old_begin_ns;
	result.level = detect->fast;
	result.usual = detect->slow;
	return result;
}

void
kymo_detect_soon(const struct kymo_detect *detect)
{
	const char *head = (const char *)detect;

	for (size_t at = 0; at < KYI_DETECT_HOT_BYTES; at += 64)
		__builtin_prefetch(head + at, 1);
	__builtin_prefetch(head + KYI_DETECT_HOT_BYTES - 1, 1);
}

struct kymo_detect_result
kymo_detect_step(struct kymo_detect *detect, uint64_t at_ns, double value)
{
	return kyi_detect_step(detect, &kyi_detect_tuning, at_ns, value);
}
