/* SPDX-License-Identifier: MIT */
/* Functions of templates that compare. */
#include "reader/rules/template_private.h"

#include <string.h>

/* Go compares an int with a float only after a conversion that templates do
   not have. */
static int
comparable(struct kyi_template_run *run, const struct kyi_tv *a,
    const struct kyi_tv *b)
{
	if ((a->kind != TV_BOOL && a->kind != TV_INT && a->kind != TV_FLOAT &&
	    a->kind != TV_STR && a->kind != TV_DURATION) ||
	    (b->kind != TV_BOOL && b->kind != TV_INT && b->kind != TV_FLOAT &&
	    b->kind != TV_STR && b->kind != TV_DURATION))
		return kyi_template_fail(run, "invalid type for comparison");
	if (a->kind + b->kind == TV_INT + TV_DURATION)
		return 0;
	if (a->kind != b->kind)
		return kyi_template_fail(run,
		    "incompatible types for comparison%s",
		    a->kind + b->kind == TV_INT + TV_FLOAT ?
		    " (write 10.0, not 10, to compare with a float)" : "");
	return 0;
}

static bool
equal(const struct kyi_tv *a, const struct kyi_tv *b)
{
	switch (a->kind) {
	case TV_BOOL: return a->flag == b->flag;
	case TV_DURATION:
	case TV_INT: return a->n == b->n;
	case TV_FLOAT: return a->d == b->d;
	default: return strcmp(a->str, b->str) == 0;
	}
}

static bool
less(const struct kyi_tv *a, const struct kyi_tv *b)
{
	switch (a->kind) {
	case TV_DURATION:
	case TV_INT: return a->n < b->n;
	case TV_FLOAT: return a->d < b->d;
	default: return strcmp(a->str, b->str) < 0;
	}
}

static int
result_flag(struct kyi_tv *result, bool flag)
{
	*result = (struct kyi_tv){.kind = TV_BOOL, .flag = flag};
	return 0;
}

KYI_TEMPLATE_CALL(eq)
{
	bool any = false;
	uint32_t i;

	for (i = 1; i < cnt; i++) {
		if (comparable(run, &args[0], &args[i]) != 0)
			return -1;
		any = any || equal(&args[0], &args[i]);
	}
	return result_flag(result, any);
}

KYI_TEMPLATE_CALL(ne)
{
	if (kyi_tf_eq(run, args, cnt, result) != 0)
		return -1;
	return result_flag(result, !result->flag);
}

/* lt, le, gt, ge: which answers are true of less, equal, more. */
static int
order(struct kyi_template_run *run, const struct kyi_tv *args, bool if_less,
    bool if_equal, bool if_more, struct kyi_tv *result)
{
	if (comparable(run, &args[0], &args[1]) != 0)
		return -1;
	if (args[0].kind == TV_BOOL)
		return kyi_template_fail(run, "invalid type for comparison");
	return result_flag(result, (if_less && less(&args[0], &args[1])) ||
	    (if_equal && equal(&args[0], &args[1])) ||
	    (if_more && less(&args[1], &args[0])));
}

KYI_TEMPLATE_CALL(lt)
{
	(void)cnt;
	return order(run, args, true, false, false, result);
}

KYI_TEMPLATE_CALL(le)
{
	(void)cnt;
	return order(run, args, true, true, false, result);
}

KYI_TEMPLATE_CALL(gt)
{
	(void)cnt;
	return order(run, args, false, false, true, result);
}

KYI_TEMPLATE_CALL(ge)
{
	(void)cnt;
	return order(run, args, false, true, true, result);
}

KYI_TEMPLATE_CALL(not)
{
	(void)run, (void)cnt;
	return result_flag(result, !kyi_tv_true(&args[0]));
}
