/* SPDX-License-Identifier: MIT */
/* Change points, online: a likelihood ratio of two levels against one, noise
   being autoregressive, over all starts that can be the best; of the values, and
   of their growth from row to row. */
#include "reader/detect/change_private.h"

#include <math.h>
#include <string.h>

#define ROWS_MIN 6u      /* of a series, before anything is said */
#define PART_ROWS_MIN 3u /* of a segment */
#define WAIT_MAX 2u      /* rows until an outlier is believed */
#define MEMORY 1000.0    /* rows, of the noise */
#define FEW 5.0          /* rows that say of correlation: none */
#define CLIP 5.0         /* deviations that a growth counts as, at most */
#define OUTLIER_STEP 0.1   /* deviations, for each outlier.. */
#define OUTLIER_PART 0.003 /* ..beyond so many a row */
/* Long parts are fewer than short ones: they need less to be as rare. */
#define PER_LOG_ROWS 0.75

const struct kyi_change_tuning kyi_change_tuning = {
	.threshold = 18,
	.correlation_max = 0.99,
	.growth_correlation_max = 0.18,
	.outlier = 2.4,
	.square_max = 100,
	.flat = 0.3,
};

struct noise {
	double phi;      /* correlation of a row with the last */
	double variance; /* of the number */
	double shock;    /* variance of what each row adds that is new */
};

/* The best start of a track. */
struct best {
	double gain; /* log likelihood */
	double merit; /* with what the length of the parts is worth */
	uint64_t tried_cnt;
	const struct kymo_change_start *start;
};

/* ---- noise ------------------------------------------------------------------ */

/* Differences hold whatever the level is; a change of it is one of them, and is
   cut. Where most rows are the same those that are not tell the noise. */
static void
square_add(double *sum, double *weight, double difference,
    const struct kyi_change_tuning *tuning)
{
	double square = difference * difference, usual;

	usual = *weight > 3 ? *sum / *weight : 0;
	if (usual > 0 && square > tuning->square_max * usual)
		square = tuning->square_max * usual;
	*sum = *sum * (1 - 1 / MEMORY) + square;
	*weight = *weight * (1 - 1 / MEMORY) +
	    (square == 0 ? tuning->flat : 1);
}

/* Of x[t] = phi x[t-1] + shock the squares of differences over two rows are
   1 + phi times those over one (Chakar and others 2017). */
static struct noise
noise_of(const struct kymo_change_track *track, double phi_max)
{
	struct noise noise = { 0 };
	double one, two;

	if (!(track->square_1 > 0))
		return noise;
	one = track->square_1 / track->weight_1;
	if (track->weight_2 > 0) {
		two = track->square_2 / track->weight_2;
		noise.phi = track->weight_2 / (track->weight_2 + FEW) *
		    (two / one - 1);
		noise.phi = fmin(fmax(noise.phi, -0.5), phi_max);
	}
	noise.variance = one / 2 / (1 - noise.phi);
	noise.shock = one * (1 + noise.phi) / 2;
	return noise;
}

static void
noise_learn(struct kymo_change_track *track, double x,
    const struct kyi_change_tuning *tuning)
{
	if (track->met_cnt > 0)
		square_add(&track->square_1, &track->weight_1, x - track->last,
		    tuning);
	if (track->met_cnt > 1)
		square_add(&track->square_2, &track->weight_2,
		    x - track->last_but_one, tuning);
}

/* ---- two levels against one ----------------------------------------------------- */

/* Of values: by generalised least squares, so that a step in a walk counts as
   the one large shock that it is. With the levels m1, m2 around the segment's
   first value, shocks are (1 - phi) m1 before, m2 - phi m1 at the start,
   (1 - phi) m2 after it; the first row alone has its whole variance. */
static double
gain_of_values(const struct kymo_change_track *track,
    const struct kymo_change_start *start, double phi)
{
	double base = track->begin.own, own = start->own - base;
	double last = start->last - base, end = track->last - base;
	double n1 = (double)(start->row - 1 - track->begin.row);
	double n2 = (double)(track->next_row - 1 - start->row);
	double a = 1 - phi, first = 1 - phi * phi;
	double shocks_1 = start->sum - phi * (start->sum - last);
	double shock = own - phi * last;
	double after = track->sum - start->sum;
	double shocks_2 = after - own - phi * (after - end);
	double a11 = first + n1 * a * a + phi * phi, a22 = 1 + n2 * a * a;
	double b1 = a * shocks_1 - phi * shock, b2 = shock + a * shocks_2;
	double determinant = a11 * a22 - phi * phi;
	double a0 = first + (n1 + n2 + 1) * a * a;
	double b0 = a * (shocks_1 + shock + shocks_2);

	if (!(determinant > 1e-12))
		return 0;
	return (b1 * (a22 * b1 + phi * b2) + b2 * (a11 * b2 + phi * b1)) /
	    determinant / 2 - (a0 > 1e-12 ? b0 * b0 / a0 / 2 : 0);
}

/* Of growths: by their means. */
static double
gain_of_growths(const struct kymo_change_track *track,
    const struct kymo_change_start *start)
{
	double n1 = (double)(start->row - track->begin.row);
	double n2 = (double)(track->next_row - start->row);
	double difference = (track->sum - start->sum) / n2 - start->sum / n1;

	return n1 * n2 / (n1 + n2) * difference * difference / 2;
}

static void
consider(struct best *best, const struct kymo_change_track *track,
    const struct kymo_change_start *start, struct noise noise, bool growths)
{
	uint64_t n1 = start->row - track->begin.row;
	uint64_t n2 = track->next_row - start->row, least = n1 < n2 ? n1 : n2;
	double unit = growths ?
	    noise.variance * (1 + noise.phi) / (1 - noise.phi) : noise.shock;
	double gain, rows;

	if (least < PART_ROWS_MIN)
		return;
	gain = (growths ? gain_of_growths(track, start) :
	    gain_of_values(track, start, noise.phi)) / unit;
	rows = (double)least * (1 - noise.phi) / (1 + noise.phi);
	rows = rows > 1 ? rows : 1;
	/* A log costs more than the rest: only where it can matter. log x < x. */
	if (gain + PER_LOG_ROWS * rows <= best->merit)
		return;
	rows = gain + PER_LOG_ROWS * log(rows);
	if (rows > best->merit) {
		best->merit = rows;
		best->gain = gain;
		best->start = start;
	}
}

static struct best
best_of(const struct kymo_change_track *track, double phi_max, bool growths,
    const struct kyi_change_tuning *tuning)
{
	struct noise noise = noise_of(track, phi_max);
	struct best best = { .merit = tuning->threshold };

	if (!(noise.shock > 0))
		return best;
	for (uint32_t i = 0; i < track->latest_cnt; i++)
		consider(&best, track, &track->latest[i], noise, growths);
	for (int side = 0; side < 2; side++)
		for (uint32_t i = 0; i < track->corner_cnt[side]; i++)
			consider(&best, track, &track->corners[side][i], noise,
			    growths);
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

	noise_learn(&change->value, value, tuning);
	take_in(&change->value, change->row_cnt, at_ns, value);
	if (!first) {
		noise_learn(growth, x, tuning);
		rows = (double)(growth->next_row - growth->begin.row);
		if (growth->met_cnt > 0 && rows >= ROWS_MIN / 2) {
			middle = growth->begin.own + growth->sum / rows;
			reach = CLIP * sqrt(noise_of(growth,
				tuning->growth_correlation_max).variance);
			if (reach > 0)
				x = fmin(fmax(x, middle - reach), middle + reach);
		}
		take_in(growth, change->row_cnt, at_ns, x);
	}
	change->row_cnt++;
}

/* An outlier is a row that the next ones do not stand by: it is then drawn over
   with a line. Returns false as long as that is open. */
static bool
settle(struct kymo_change *change, const struct kyi_change_tuning *tuning,
    uint64_t at_ns, double value)
{
	const struct kymo_change_track *track = &change->value;
	double last = track->last, reach;
	uint32_t cnt = change->wait_cnt;
	bool far = false;

	if (change->row_cnt + cnt + 1 >= ROWS_MIN) {
		reach = (tuning->outlier + change->outlier_more) *
		    sqrt(track->weight_1 > 0 ?
		    track->square_1 / track->weight_1 : 0);
		far = fabs(value - last) > reach;
	}
	if (far && cnt < WAIT_MAX) {
		change->waiting[cnt].at_ns = at_ns;
		change->waiting[cnt].value = value;
		change->wait_cnt++;
		return false;
	}
	for (uint32_t i = 0; i < cnt; i++)
		take_row(change, tuning, change->waiting[i].at_ns, far ?
		    change->waiting[i].value :
		    last + (value - last) * (i + 1) / (cnt + 1));
	/* What is out of reach and alone so often is noise. */
	change->outlier_more += cnt > 0 && !far ? OUTLIER_STEP : 0;
	change->outlier_more = fmax(change->outlier_more -
	    OUTLIER_STEP * OUTLIER_PART, 0);
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

bool
kyi_change_step(struct kymo_change *change,
    const struct kyi_change_tuning *tuning, uint64_t at_ns, double value,
    struct kymo_change_point *point)
{
	struct best level, slope;
	const struct kymo_change_start *start;
	bool growths;

	if (!isfinite(value) || !settle(change, tuning, at_ns, value) ||
	    change->row_cnt < ROWS_MIN)
		return false;
	level = best_of(&change->value, tuning->correlation_max, false,
	    tuning);
	slope = best_of(&change->growth, tuning->growth_correlation_max, true,
	    tuning);
	if (!level.start && !slope.start)
		return false;
	growths = slope.merit > level.merit;
	tell(point, growths ? &change->growth : &change->value,
	    growths ? &slope : &level, growths, at_ns);
	if (!growths && fabs(point->after - point->before) <
	    change->least * fabs(point->before))
		return false;
	start = start_at(growths ? &change->value : &change->growth, point->row);
	if (start)
		kyi_starts_cut(growths ? &change->value : &change->growth, start);
	kyi_starts_cut(growths ? &change->growth : &change->value,
	    growths ? slope.start : level.start);
	return true;
}

bool
kymo_change_step(struct kymo_change *change, uint64_t at_ns, double value,
    struct kymo_change_point *point)
{
	return kyi_change_step(change, &kyi_change_tuning, at_ns, value, point);
}
