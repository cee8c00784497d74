/* SPDX-License-Identifier: MIT */
/* Change points, online: a likelihood ratio of two levels against one, noise
   being autoregressive, over all starts that can be the best; of the values, and
   of their growth from row to row. */
#include "reader/detect/change_private.h"

#include <math.h>
#include <string.h>

#define ROWS_MIN 6u      /* of a series, before anything is said */
#define PART_ROWS_MIN 3u /* of a segment.. */
#define SURE_ROWS_MIN 2u /* ..that comes, where noise is well known */
#define WAIT_MAX 2u      /* rows until an outlier is believed */
#define TAIL_ROWS 1000.0 /* rows after which noise is well known */
#define REACH_ROWS 300.0 /* rows after which the reach to the level grows */
#define CLIP 5.0         /* deviations that a growth counts as, at most */
#define PER_LOG_ROWS 0.65
#define ROUNDING 1e-12   /* of a level: what is less beside it is nothing */

const struct kyi_change_tuning kyi_change_tuning = {
	.threshold = 18,
	.correlation_max = 0.99,
	.growth_correlation_max = 0.18,
	.outlier = 2.6,
	.square_max = 100,
	.flat = 0.3,
};

/* The best start of a track. */
struct best {
	double gain; /* log likelihood */
	double merit; /* with what the length of the parts is worth */
	uint64_t tried_cnt;
	const struct kymo_change_start *start;
};

/* What a search is in. */
struct searched {
	const struct kymo_change_track *track;
	struct kymo_change *met; /* what chance does; not of growths */
	double phi, per_unit; /* 1 / the variance that gains are told in */
	double one;           /* what one level gains */
	double shorter_max;   /* what the shorter part is worth at most */
};

/* ---- two levels against one ----------------------------------------------------- */

/* Of values: by generalised least squares, so that a step in a walk counts as
   the one large shock that it is. With the levels m1, m2 around the segment's
   first value, shocks are (1 - phi) m1 before, m2 - phi m1 at the start,
   (1 - phi) m2 after it; the first row alone has its whole variance. */
static double
gain_of_values(const struct searched *in, const struct kymo_change_start *start)
{
	const struct kymo_change_track *track = in->track;
	double base = track->begin.own, own = start->own - base;
	double last = start->last - base, end = track->last - base;
	double n1 = (double)(start->row - 1 - track->begin.row);
	double n2 = (double)(track->next_row - 1 - start->row);
	double phi = in->phi, a = 1 - phi;
	double shocks_1 = start->sum - phi * (start->sum - last);
	double shock = own - phi * last;
	double after = track->sum - start->sum;
	double shocks_2 = after - own - phi * (after - end);
	double a11 = 1 + n1 * a * a, a22 = 1 + n2 * a * a;
	double b1 = a * shocks_1 - phi * shock, b2 = shock + a * shocks_2;
	double determinant = a11 * a22 - phi * phi;

	if (!(determinant > 1e-12))
		return 0;
	return (b1 * (a22 * b1 + phi * b2) + b2 * (a11 * b2 + phi * b1)) /
	    determinant / 2 - in->one;
}

/* ..and of one level for all, which no start has a say in. */
static double
gain_of_one(const struct kymo_change_track *track, double phi)
{
	double a = 1 - phi, end = track->last - track->begin.own;
	double rows = (double)(track->next_row - 1 - track->begin.row);
	double a0 = 1 - phi * phi + rows * a * a;
	double b0 = a * (track->sum - phi * (track->sum - end));

	return a0 > 1e-12 ? b0 * b0 / a0 / 2 : 0;
}

/* Of growths: by their means. */
static double
gain_of_growths(const struct kymo_change_track *track,
    const struct kymo_change_start *start)
{
	double n1 = (double)(start->row - track->begin.row);
	double n2 = (double)(track->next_row - start->row);
	double difference = n1 * (track->sum - start->sum) - n2 * start->sum;

	return difference * difference / (n1 * n2 * (n1 + n2) * 2);
}

/* Long parts are fewer than short ones: they need less to be as rare. */
static double
worth_of(double rows, double phi)
{
	rows *= (1 - phi) / (1 + phi);
	return rows > 1 ? PER_LOG_ROWS * log(rows) : 0;
}

/* Two rows are enough where it is known how rare they are. */
static bool
long_enough(const struct searched *in, uint64_t n1, uint64_t n2)
{
	return n1 >= PART_ROWS_MIN && (n2 >= PART_ROWS_MIN ||
	    (n2 >= SURE_ROWS_MIN && in->met &&
	    in->track->known.one_cnt >= TAIL_ROWS));
}

static void
consider(struct best *best, const struct searched *in,
    const struct kymo_change_start *start)
{
	uint64_t n1 = start->row - in->track->begin.row;
	uint64_t n2 = in->track->next_row - start->row;
	double gain, merit;

	if (!long_enough(in, n1, n2))
		return;
	gain = in->per_unit * (in->met ? gain_of_values(in, start) :
	    gain_of_growths(in->track, start));
	if (in->met && !kyi_change_chance_met(in->met, n2, gain))
		return;
	/* A log costs more than the rest: only where it can matter. */
	if (gain + in->shorter_max <= best->merit)
		return;
	merit = gain + worth_of((double)(n1 < n2 ? n1 : n2), in->phi);
	if (merit > best->merit) {
		best->merit = merit;
		best->gain = gain;
		best->start = start;
	}
}

static struct best
best_of(const struct kymo_change_track *track, struct kymo_change *met,
    double phi_max, double threshold)
{
	struct kyi_change_noise noise = kyi_change_noise_of(track, phi_max);
	struct searched in = { .track = track, .met = met, .phi = noise.phi };
	struct best best = { .merit = threshold };

	if (!(noise.shock > 0))
		return best;
	in.per_unit = 1 / (met ? noise.shock : noise.variance *
	    (1 + noise.phi) / (1 - noise.phi));
	in.one = met ? gain_of_one(track, noise.phi) : 0;
	in.shorter_max = worth_of((double)(track->next_row -
		track->begin.row) / 2, noise.phi);
	for (uint32_t i = 0; i < track->latest_cnt; i++)
		consider(&best, &in, &track->latest[i]);
	for (int side = 0; side < 2; side++)
		for (uint32_t i = 0; i < track->corner_cnt[side]; i++)
			consider(&best, &in, &track->corners[side][i]);
	return best;
}

/* ---- rows ------------------------------------------------------------------------ */

static void
take_in(struct kymo_change_track *track, uint64_t row, uint64_t at_ns, double x)
{
	struct kymo_change_start start = { .row = row, .at_ns = at_ns,
	    .sum = track->sum, .last = track->last, .own = x };

	if (track->met_cnt == 0) {
		track->begin = start;
		track->begin.sum = 0;
		track->sum = 0;
	} else {
		kyi_starts_add(track, &start);
		track->sum += x - track->begin.own;
	}
	track->last_but_one = track->last;
	track->last = x;
	track->next_row = row + 1;
	track->met_cnt++;
}

static void
take_row(struct kymo_change *change, const struct kyi_change_tuning *tuning,
    uint64_t at_ns, double value)
{
	struct kymo_change_track *growth = &change->growth;
	double x = value - change->value.last, rows, middle, reach;
	bool first = change->value.met_cnt == 0;

	kyi_change_noise_learn(&change->value, value, tuning);
	take_in(&change->value, change->row_cnt, at_ns, value);
	if (!first) {
		kyi_change_noise_learn(growth, x, tuning);
		rows = (double)(growth->next_row - growth->begin.row);
		if (growth->met_cnt > 0 && rows >= ROWS_MIN / 2) {
			middle = growth->begin.own + growth->sum / rows;
			reach = CLIP * sqrt(kyi_change_noise_of(growth,
				tuning->growth_correlation_max).variance);
			if (reach > 0)
				x = fmin(fmax(x, middle - reach), middle + reach);
		}
		take_in(growth, change->row_cnt, at_ns, x);
	}
	change->row_cnt++;
}

static double
level_of(const struct kymo_change_track *track)
{
	return track->begin.own + track->sum /
	    (double)(track->next_row - track->begin.row);
}

/* Out of reach of the last row and of the level; either alone would cut noise where
   it is widest, and noise would seem to be less. Of many rows more are far from
   the level by chance: that reach grows, so that they stay as few. */
static bool
is_far(const struct kymo_change_track *track,
    const struct kyi_change_tuning *tuning, double value)
{
	const struct kymo_change_squares *known = &track->known;
	double square = known->one_cnt > 0 ? known->one / known->one_cnt : 0;
	double reach = tuning->outlier * tuning->outlier;
	double off = value - track->last;

	if (!(off * off > reach * square))
		return false;
	off = value - level_of(track);
	if (known->one_cnt > REACH_ROWS)
		reach += 2 * log(known->one_cnt / REACH_ROWS);
	return off * off > reach * square / 2;
}

/* An outlier is a row that the next ones do not stand by, by being as far, or,
   where noise is well known, by being nearer to it than to the row before it: it
   is then drawn over with a line. Returns false as long as that is open. */
static bool
settle(struct kymo_change *change, const struct kyi_change_tuning *tuning,
    uint64_t at_ns, double value)
{
	const struct kymo_change_track *track = &change->value;
	uint32_t cnt = change->wait_cnt;
	double last = track->last;
	bool far = change->row_cnt + cnt + 1 >= ROWS_MIN &&
	    is_far(track, tuning, value);

	if (far && cnt < WAIT_MAX) {
		change->waiting[cnt].at_ns = at_ns;
		change->waiting[cnt].value = value;
		change->wait_cnt++;
		return false;
	}
	if (cnt > 0 && track->known.one_cnt >= TAIL_ROWS)
		far |= fabs(value - change->waiting[cnt - 1].value) <
		    fabs(value - last);
	for (uint32_t i = 0; i < cnt; i++)
		take_row(change, tuning, change->waiting[i].at_ns, far ?
		    change->waiting[i].value :
		    last + (value - last) * (i + 1) / (cnt + 1));
	change->wait_cnt = 0;
	take_row(change, tuning, at_ns, value);
	return true;
}

/* ---- a change ---------------------------------------------------------------------- */

/* A second, where rows have times; else a row. */
static double
slope_unit(const struct kymo_change_start *from, uint64_t to_row, uint64_t to_ns)
{
	double rows = (double)(to_row - from->row);

	return to_ns > from->at_ns && rows > 0 ?
	    (double)(to_ns - from->at_ns) / 1e9 / rows : 1;
}

static void
tell(struct kymo_change_point *point, const struct kymo_change_track *track,
    const struct best *best, bool growths, uint64_t now_ns)
{
	const struct kymo_change_start *start = best->start;
	double n1 = (double)(start->row - track->begin.row);
	double n2 = (double)(track->next_row - start->row);
	double seconds = growths ? slope_unit(&track->begin,
	    track->next_row - 1, now_ns) : 1;
	double chance = erfc(sqrt(best->gain)) * (n1 + n2);

	point->kind = growths ? KYMO_CHANGE_SLOPE : KYMO_CHANGE_LEVEL;
	point->row = start->row;
	point->at_ns = start->at_ns;
	point->before = (track->begin.own + start->sum / n1) / seconds;
	point->after = (track->begin.own + (track->sum - start->sum) / n2) /
	    seconds;
	/* What is left of sums that are the same is none. */
	if (fabs(point->after) < ROUNDING * fabs(point->before))
		point->after = 0;
	if (fabs(point->before) < ROUNDING * fabs(point->after))
		point->before = 0;
	point->confidence = chance < 1 ? 1 - chance : 0;
}

/* The start of a track where the other one changed: if it is not kept any more
   the segment begins a little later there. */
static const struct kymo_change_start *
start_at(const struct kymo_change_track *track, uint64_t row)
{
	const struct kymo_change_start *found = NULL;

	for (uint32_t i = 0; i < track->latest_cnt; i++)
		if (track->latest[i].row >= row)
			return &track->latest[i];
	for (int side = 0; side < 2; side++)
		for (uint32_t i = 0; i < track->corner_cnt[side]; i++)
			if (track->corners[side][i].row <= row && (!found ||
				track->corners[side][i].row > found->row))
				found = &track->corners[side][i];
	return found ? found : track->latest_cnt ? &track->latest[0] : NULL;
}

void
kymo_change_init(struct kymo_change *change, double least)
{
	memset(change, 0, sizeof(*change));
	change->least = least;
}

/* Has it changed, by the rows that were taken in? */
static bool
search(struct kymo_change *change, const struct kyi_change_tuning *tuning,
    uint64_t at_ns, struct kymo_change_point *point)
{
	struct kymo_change_track *value = &change->value;
	struct kymo_change_track *growth = &change->growth;
	struct best level, slope;
	const struct kymo_change_start *start;
	bool growths;

	kyi_change_chance_settle(change);
	level = best_of(value, change, tuning->correlation_max,
	    tuning->threshold);
	slope = best_of(growth, NULL, tuning->growth_correlation_max,
	    tuning->threshold);
	if (!level.start && !slope.start)
		return false;
	growths = slope.merit > level.merit;
	tell(point, growths ? growth : value, growths ? &slope : &level, growths,
	    at_ns);
	if (!growths && fabs(point->after - point->before) <
	    change->least * fabs(point->before))
		return false;
	if (!growths)
		kyi_change_chance_told(change, point->row - value->begin.row,
		    level.gain);
	start = start_at(growths ? value : growth, point->row);
	if (start)
		kyi_starts_cut(growths ? value : growth, start);
	kyi_starts_cut(growths ? growth : value,
	    growths ? slope.start : level.start);
	return true;
}

/* Rows that wait may tell it by themselves, if there are two: then they are taken
   in as they are. */
static bool
told_by_those_that_wait(struct kymo_change *change,
    const struct kyi_change_tuning *tuning, uint64_t at_ns,
    struct kymo_change_point *point)
{
	struct kymo_change as_if;
	struct kymo_change_point told;

	if (change->wait_cnt < SURE_ROWS_MIN ||
	    change->value.known.one_cnt < TAIL_ROWS)
		return false;
	as_if = *change;
	as_if.wait_cnt = 0;
	for (uint32_t i = 0; i < change->wait_cnt; i++)
		take_row(&as_if, tuning, change->waiting[i].at_ns,
		    change->waiting[i].value);
	if (!search(&as_if, tuning, at_ns, &told) ||
	    told.row < change->row_cnt)
		return false;
	*change = as_if;
	*point = told;
	return true;
}

bool
kyi_change_step(struct kymo_change *change,
    const struct kyi_change_tuning *tuning, uint64_t at_ns, double value,
    struct kymo_change_point *point)
{
	if (!isfinite(value))
		return false;
	if (!settle(change, tuning, at_ns, value))
		return told_by_those_that_wait(change, tuning, at_ns, point);
	return change->row_cnt >= ROWS_MIN &&
	    search(change, tuning, at_ns, point);
}

bool
kymo_change_step(struct kymo_change *change, uint64_t at_ns, double value,
    struct kymo_change_point *point)
{
	return kyi_change_step(change, &kyi_change_tuning, at_ns, value, point);
}
