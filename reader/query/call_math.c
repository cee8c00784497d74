/* SPDX-License-Identifier: MIT */
/* Functions of one number, and clamp and round. */
#include "reader/query/call.h"

typedef double (*math_fn)(double);

static double
degrees(double value)
{
	return value * 180 / M_PI;
}

static double
radians(double value)
{
	return value * M_PI / 180;
}

static double
sign(double value)
{
	if (value < 0)
		return -1;
	return value > 0 ? 1 : value;
}

static const math_fn functions[KYI_FN_CNT] = {
	[KYI_FN_ABS] = fabs,
	[KYI_FN_ACOS] = acos,
	[KYI_FN_ACOSH] = acosh,
	[KYI_FN_ASIN] = asin,
	[KYI_FN_ASINH] = asinh,
	[KYI_FN_ATAN] = atan,
	[KYI_FN_ATANH] = atanh,
	[KYI_FN_CEIL] = ceil,
	[KYI_FN_COS] = cos,
	[KYI_FN_COSH] = cosh,
	[KYI_FN_DEG] = degrees,
	[KYI_FN_EXP] = exp,
	[KYI_FN_FLOOR] = floor,
	[KYI_FN_LN] = log,
	[KYI_FN_LOG10] = log10,
	[KYI_FN_LOG2] = log2,
	[KYI_FN_RAD] = radians,
	[KYI_FN_SGN] = sign,
	[KYI_FN_SIN] = sin,
	[KYI_FN_SINH] = sinh,
	[KYI_FN_SQRT] = sqrt,
	[KYI_FN_TAN] = tan,
	[KYI_FN_TANH] = tanh,
};

int
kyi_call_math(struct kyi_call *call, struct kyi_vectors *out)
{
	math_fn function = functions[call->id];
	size_t cells;

	if (kyi_eval_vector(call->eval, kyi_arg(call, 0), call->steps,
	    out) != 0)
		return KYI_EVAL_FAILED;
	kyi_drop_hists(out);
	cells = (size_t)out->cnt * out->steps;
	for (size_t cell = 0; cell < cells; cell++)
		if (kyi_present(out, cell))
			out->value[cell] = function(out->value[cell]);
	for (uint32_t row = 0; row < out->cnt; row++)
		out->drop_name[row] = true;
	return kyi_eval_work(call->eval, 20 * cells);
}

/* ---- functions of a number and of scalars ------------------------------- */

/* Go's math.Min and math.Max: NaN if either is. */
static double
clamped(double value, double min, double max)
{
	if (isnan(value) || isnan(min) || isnan(max))
		return NAN;
	value = value < max ? value : max;
	return value > min ? value : min;
}

/* Ties go up. Divided by the inverse, which loses less. */
static double
rounded(double value, double to)
{
	double inverse = 1.0 / to;

	return floor(value * inverse + 0.5) / inverse;
}

struct limits { /* by step */
	double *min, *max, *to;
};

static int
get_limits(struct kyi_call *call, struct limits *limits)
{
	double **into[2] = { &limits->min, &limits->max };

	*limits = (struct limits){ NULL, NULL, NULL };
	if (call->id == KYI_FN_CLAMP_MAX)
		into[0] = &limits->max;
	if (call->id == KYI_FN_ROUND)
		into[0] = &limits->to;
	for (uint32_t i = 1; i < kyi_arg_cnt(call); i++)
		if (kyi_eval_scalar(call->eval, kyi_arg(call, i), call->steps,
		    into[i - 1]) != 0)
			return KYI_EVAL_FAILED;
	return 0;
}

static double
limited(const struct kyi_call *call, const struct limits *limits,
    uint32_t step, double value)
{
	double min, max;

	if (call->id == KYI_FN_ROUND)
		return rounded(value, limits->to == NULL ? 1 :
		    limits->to[step]);
	min = limits->min == NULL ? -INFINITY : limits->min[step];
	max = limits->max == NULL ? INFINITY : limits->max[step];
	return max < min ? kyi_absent() : clamped(value, min, max);
}

int
kyi_call_clamp(struct kyi_call *call, struct kyi_vectors *out)
{
	struct limits limits;

	if (kyi_eval_vector(call->eval, kyi_arg(call, 0), call->steps,
	    out) != 0 || get_limits(call, &limits) != 0)
		return KYI_EVAL_FAILED;
	kyi_drop_hists(out);
	for (uint32_t row = 0; row < out->cnt; row++) {
		size_t cell = (size_t)row * out->steps;

		out->drop_name[row] = true;
		for (uint32_t step = 0; step < out->steps; step++, cell++)
			if (kyi_present(out, cell))
				out->value[cell] = limited(call, &limits, step,
				    out->value[cell]);
	}
	kyi_vectors_squeeze(out);
	return kyi_eval_work(call->eval, 8 * (uint64_t)out->cnt * out->steps);
}
