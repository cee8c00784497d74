/* SPDX-License-Identifier: MIT */
#include "tools/kymod_faults.h"

#include "tools/kymod.h"

void
kyi_faults_note(void *of, const char *text)
{
	struct kyi_faults *faults = of;

	kyi_log(KYMO_LOG_ERROR, "%s: %s", faults->of, text);
	if (faults->cnt++ == 0)
		kymo_error_set(&faults->first, "%s", text);
}

void
kyi_faults_warn(void *of, const char *text)
{
	const struct kyi_faults *faults = of;

	kyi_log(KYMO_LOG_WARN, "%s: %s", faults->of, text);
}

void
kyi_faults_tell(const struct kyi_faults *faults, struct kymo_error *error)
{
	if (faults->cnt > 1)
		kymo_error_set(error, "%s (and %u more faults, in the log)",
		    faults->first.text, faults->cnt - 1);
	else if (faults->cnt == 1)
		kymo_error_set(error, "%s", faults->first.text);
}
