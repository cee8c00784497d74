/* SPDX-License-Identifier: MIT */
/* anomalyReason and anomalyMembers: what detection has to say of the series, or of
   the incident, that has these labels; nothing where it is not there. */
#include "reader/rules/template_private.h"

static int
tell(struct kyi_template_run *run, const struct kyi_tv *arg, bool members,
    struct kyi_tv *result)
{
	struct kymo_buffer text = {0};

	if (arg->kind != TV_LABELS)
		return kyi_template_fail(run, "wrong type for value; expected "
		    "map[string]string, as $labels; got %s", kyi_tv_type(arg));
	kymo_buffer_str(&text, "");
	if (run->data->anomaly != NULL && arg->labels != NULL)
		run->data->anomaly(run->data->anomaly_of, arg->labels->at,
		    arg->labels->cnt, members, &text);
	return kyi_tv_take(run, &text, result);
}

KYI_TEMPLATE_CALL(anomaly_reason)
{
	(void)cnt;
	return tell(run, &args[0], false, result);
}

KYI_TEMPLATE_CALL(anomaly_members)
{
	(void)cnt;
	return tell(run, &args[0], true, result);
}
