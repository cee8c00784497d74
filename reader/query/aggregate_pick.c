/* SPDX-License-Identifier: MIT */
/* Aggregations that pick some of a group's series: topk, bottomk, limitk,
   limit_ratio. */
#include <string.h>

#include "reader/query/aggregate.h"

/* Beyond these a float has no place in an int64. */
#define K_MAX 9223372036854774784.0
#define K_MIN -9223372036854775808.0

struct pick {
	struct kyi_aggregation *of;
	double sign; /* topk 1, bottomk -1: the best have the greatest */
	uint32_t step;
	uint32_t k;
	/* By group: rows picked, a heap with the worst first. All lie in one
	   array, each group's from its first on, with room for all its rows. */
	uint32_t *rows, *first, *cnt, *size;
};

/* ---- the parameter ------------------------------------------------------ */

struct param {
	double min, max;
	bool has_nan;
};

static struct param
look_at_param(const struct kyi_aggregation *of)
{
	struct param param = { INFINITY, -INFINITY, false };

	for (uint32_t step = 0; step < of->in.steps; step++) {
		param.has_nan |= isnan(of->param[step]);
		param.min = fmin(param.min, of->param[step]);
		param.max = fmax(param.max, of->param[step]);
	}
	return param;
}

static void
note_ratio(struct kyi_aggregation *of, double ratio, double cap)
{
	char text[2 * KYI_NUMBER_BYTES + 16], cap_text[KYI_NUMBER_BYTES];

	kyi_number_short(ratio, text);
	kyi_number_short(cap, cap_text);
	strcat(strcat(text, ", capping to "), cap_text);
	kyi_note(of->eval, KYI_NOTE_RATIO, of->node->is.aggregate.param, text,
	    NULL);
}

/* 1: there may be something to pick. */
static int
check_param(struct kyi_aggregation *of)
{
	struct param param = look_at_param(of);
	char text[KYI_NUMBER_BYTES];

	if (of->node->is.aggregate.op == KYI_AGG_LIMIT_RATIO) {
		if (param.max == 0 && param.min == 0)
			return 0;
		if (param.has_nan)
			return kyi_eval_error(of->eval, of->node,
			    "Ratio value is NaN");
		if (param.max > 1)
			note_ratio(of, param.max, 1);
		if (param.min < -1)
			note_ratio(of, param.min, -1);
		return 1;
	}
	if (param.has_nan)
		return kyi_eval_error(of->eval, of->node,
		    "Parameter value is NaN");
	if (param.max < 1)
		return 0;
	kyi_number_short(param.max >= K_MAX ? param.max : param.min, text);
	if (param.min <= K_MIN)
		return kyi_eval_error(of->eval, of->node,
		    "Scalar value %s underflows int64", text);
	if (param.max >= K_MAX)
		return kyi_eval_error(of->eval, of->node,
		    "Scalar value %s overflows int64", text);
	return 1;
}

/* ---- heaps -------------------------------------------------------------- */

static double
value_of(const struct pick *pick, uint32_t row)
{
	return pick->of->in.value[(size_t)row * pick->of->in.steps +
	    pick->step];
}

/* Whether a is worse than b; NaN is worst. */
static bool
worse(const struct pick *pick, uint32_t a, uint32_t b)
{
	double x = pick->sign * value_of(pick, a);
	double y = pick->sign * value_of(pick, b);

	if (isnan(x) || isnan(y))
		return isnan(x) && !isnan(y);
	return x < y;
}

static void
swap(uint32_t *a, uint32_t *b)
{
	uint32_t was = *a;

	*a = *b;
	*b = was;
}

static void
sift_up(const struct pick *pick, uint32_t *heap, uint32_t at)
{
	while (at > 0 && worse(pick, heap[at], heap[(at - 1) / 2])) {
		swap(&heap[at], &heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
}

static void
sift_down(const struct pick *pick, uint32_t *heap, uint32_t cnt, uint32_t at)
{
	for (;;) {
		uint32_t least = at, child = 2 * at + 1;

		if (child < cnt && worse(pick, heap[child], heap[least]))
			least = child;
		child++;
		if (child < cnt && worse(pick, heap[child], heap[least]))
			least = child;
		if (least == at)
			return;
		swap(&heap[at], &heap[least]);
		at = least;
	}
}

/* Turns the heap into a list, the best first. */
static void
sort_heap(const struct pick *pick, uint32_t *heap, uint32_t cnt)
{
	while (cnt > 1) {
		swap(&heap[0], &heap[--cnt]);
		sift_down(pick, heap, cnt, 0);
	}
}

/* ---- a step ------------------------------------------------------------- */

static bool
in_ratio(const struct kymo_labels *labels, double ratio)
{
	double at = (double)labels->hash / 18446744073709551616.0;

	return ratio >= 0 ? at < ratio : at >= 1 + ratio;
}

static void
offer(struct pick *pick, uint32_t row)
{
	struct kyi_aggregation *of = pick->of;
	enum kyi_agg op = of->node->is.aggregate.op;
	uint32_t group = of->groups.group[row];
	uint32_t *heap = pick->rows + pick->first[group];
	uint32_t *cnt = &pick->cnt[group];
	size_t cell = (size_t)row * of->in.steps + pick->step;

	if (op == KYI_AGG_LIMIT_RATIO) {
		if (in_ratio(of->in.labels[row], of->param[pick->step]))
			heap[(*cnt)++] = row;
		return;
	}
	if (op == KYI_AGG_LIMITK) {
		if (*cnt < pick->k)
			heap[(*cnt)++] = row;
		return;
	}
	if (kyi_hist_at(&of->in, cell) != NULL) {
		kyi_note_ignored(of, of->node);
	} else if (*cnt < pick->k) {
		heap[*cnt] = row;
		sift_up(pick, heap, (*cnt)++);
	} else if (worse(pick, heap[0], row)) {
		heap[0] = row;
		sift_down(pick, heap, *cnt, 0);
	}
}

static void
pick_step(struct pick *pick)
{
	struct kyi_aggregation *of = pick->of;
	double param = of->param[pick->step];

	memset(pick->cnt, 0, of->groups.cnt * sizeof *pick->cnt);
	if (of->node->is.aggregate.op != KYI_AGG_LIMIT_RATIO) {
		if (!(param >= 1))
			return;
		pick->k = param >= of->in.cnt ? of->in.cnt : (uint32_t)param;
	} else if (param == 0) {
		return;
	}
	for (uint32_t row = 0; row < of->in.cnt; row++)
		if (kyi_present(&of->in, (size_t)row * of->in.steps +
		    pick->step))
			offer(pick, row);
	if (of->node->is.aggregate.op == KYI_AGG_TOPK ||
	    of->node->is.aggregate.op == KYI_AGG_BOTTOMK)
		for (uint32_t group = 0; group < of->groups.cnt; group++)
			sort_heap(pick, pick->rows + pick->first[group],
			    pick->cnt[group]);
}

/* ---- the result --------------------------------------------------------- */

/* Of one instant: in the order picked. */
static int
take_rows(struct pick *pick, struct kyi_vectors *out)
{
	struct kyi_vectors *in = &pick->of->in;

	if (kyi_vectors_new(pick->of->eval, in->cnt, 1, in->hist != NULL,
	    false, out) != 0)
		return KYI_EVAL_FAILED;
	out->cnt = 0;
	out->one_name = in->one_name;
	for (uint32_t group = 0; group < pick->of->groups.cnt; group++)
		for (uint32_t i = 0; i < pick->cnt[group]; i++) {
			uint32_t row = pick->rows[pick->first[group] + i];

			out->labels[out->cnt] = in->labels[row];
			out->drop_name[out->cnt] = in->drop_name[row];
			if (in->hist != NULL)
				out->hist[out->cnt] = in->hist[row];
			out->value[out->cnt++] = in->value[row];
		}
	return 0;
}

/* Of a range: the cells picked stay, the others go. */
static void
keep_cells(struct pick *pick, bool *keep)
{
	struct kyi_vectors *in = &pick->of->in;

	memset(keep, 0, in->cnt);
	for (uint32_t group = 0; group < pick->of->groups.cnt; group++)
		for (uint32_t i = 0; i < pick->cnt[group]; i++)
			keep[pick->rows[pick->first[group] + i]] = true;
	for (uint32_t row = 0; row < in->cnt; row++) {
		size_t cell = (size_t)row * in->steps + pick->step;

		if (keep[row])
			continue;
		in->value[cell] = kyi_absent();
		if (in->hist != NULL)
			in->hist[cell] = NULL;
	}
}

static int
pick_new(struct kyi_aggregation *of, struct pick *pick, bool **keep)
{
	struct kyi_arena *arena = of->eval->arena;
	uint32_t at = 0;

	*pick = (struct pick){ .of = of, .sign =
	    of->node->is.aggregate.op == KYI_AGG_BOTTOMK ? -1 : 1 };
	pick->rows = kyi_arena_array(arena, of->in.cnt, sizeof *pick->rows);
	pick->first = kyi_arena_array(arena, of->groups.cnt,
	    sizeof *pick->first);
	pick->cnt = kyi_arena_array(arena, of->groups.cnt, sizeof *pick->cnt);
	pick->size = kyi_arena_get(arena, of->groups.cnt * sizeof *pick->size);
	*keep = kyi_arena_array(arena, of->in.cnt, sizeof **keep);
	if (pick->rows == NULL || pick->first == NULL || pick->cnt == NULL ||
	    pick->size == NULL || *keep == NULL)
		return kyi_eval_no_memory(of->eval);
	for (uint32_t row = 0; row < of->in.cnt; row++)
		pick->size[of->groups.group[row]]++;
	for (uint32_t group = 0; group < of->groups.cnt; group++) {
		pick->first[group] = at;
		at += pick->size[group];
	}
	return 0;
}

int
kyi_aggregate_pick(struct kyi_aggregation *of, struct kyi_vectors *out)
{
	int some = check_param(of);
	struct pick pick;
	bool *keep;

	if (some <= 0) {
		*out = (struct kyi_vectors){ .steps = of->in.steps };
		return some;
	}
	if (pick_new(of, &pick, &keep) != 0)
		return KYI_EVAL_FAILED;
	for (; pick.step < of->in.steps; pick.step++) {
		pick_step(&pick);
		if (of->in.steps == 1)
			return take_rows(&pick, out);
		keep_cells(&pick, keep);
		if (kyi_eval_work(of->eval, 20 * (uint64_t)of->in.cnt) != 0)
			return KYI_EVAL_FAILED;
	}
	*out = of->in;
	kyi_vectors_squeeze(out);
	return 0;
}
