/* SPDX-License-Identifier: MIT */
/* What an attempt came to. */
#include "reader/notify/send.h"

#include <string.h>

/* What a person, a deployment or time can mend is tried again; what says that
   this very message is no good is not. */
static bool
is_final(long status)
{
	switch (status) {
	case 401: case 403: case 404: case 407: case 408: case 425: case 429:
		return false;
	default:
		return status >= 400 && status < 500;
	}
}

/* SMTP: 5xx of an address or a mail; not of a greeting, a login, or TLS: that
   is the server's trouble, not this mail's. A connection that was lost before
   the last answer leaves a doubt. */
static enum kyi_outcome
mail_outcome(const struct kyi_leg *leg, bool was_read)
{
	/* libcurl's code of MAIL, RCPT and DATA that were refused; of what
	   comes after, the mail was read. */
	bool of_mail = leg->code == CURLE_SEND_ERROR || was_read;

	if (leg->code == CURLE_OK)
		return KYI_OUTCOME_OK;
	return of_mail && leg->status >= 550 && leg->status <= 556 ?
	    KYI_OUTCOME_NEVER : KYI_OUTCOME_AGAIN;
}

static enum kyi_outcome
leg_outcome(const struct kyi_send *send, const struct kyi_leg *leg)
{
	if (leg->smtp)
		return mail_outcome(leg, send->read_bytes > 0);
	/* Who said 2xx has it, whatever became of the connection then. */
	if (leg->status >= 200 && leg->status < 300)
		return KYI_OUTCOME_OK;
	return is_final(leg->status) ? KYI_OUTCOME_NEVER : KYI_OUTCOME_AGAIN;
}

static void
leg_why(const struct kyi_leg *leg, struct kymo_error *why)
{
	const char *hint = "";

	if (leg->refused && leg->status == 0) {
		kymo_error_set(why, "its address is not public; see "
		    "private_ok");
		return;
	}
	if (leg->status == 0 || leg->smtp) {
		kymo_error_set(why, "%s", leg->what[0] != '\0' ? leg->what :
		    curl_easy_strerror(leg->code));
		return;
	}
	if (leg->status >= 300 && leg->status < 400)
		hint = " (redirects are not followed)";
	kymo_error_set(why, "answered %ld%s%s%.*s", leg->status, hint,
	    leg->said_bytes > 0 ? ": " : "",
	    (int)strcspn(leg->said, "\r\n"), leg->said);
}

enum kyi_outcome
kyi_send_outcome(const struct kyi_send *send, struct kymo_error *why,
    int64_t *retry_after_ms, bool *answered)
{
	enum kyi_outcome best = KYI_OUTCOME_NEVER;
	uint32_t i;

	*retry_after_ms = 0;
	*answered = false;
	why->text[0] = '\0';
	for (i = 0; i < send->leg_cnt; i++) {
		const struct kyi_leg *leg = &send->legs[i];
		enum kyi_outcome outcome = leg_outcome(send, leg);

		*answered |= leg->status != 0;
		if (outcome == KYI_OUTCOME_AGAIN &&
		    leg->retry_after_s * 1000 > *retry_after_ms)
			*retry_after_ms = leg->retry_after_s * 1000;
		if (outcome != KYI_OUTCOME_OK)
			leg_why(leg, why);
		if (outcome < best)
			best = outcome;
	}
	return best;
}
