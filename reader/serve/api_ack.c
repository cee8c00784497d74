/* SPDX-License-Identifier: MIT */
/* Acknowledgements. Whom the matchers have is found out piece by piece, as of a
   list; what is said of them is kept some hundreds at a time. */
#include <stdlib.h>

#include "reader/serve/api_body.h"
#include "reader/serve/api_look.h"

#define AT_ONCE 200u /* a transaction */

struct acking {
	struct kyi_alerting alerting;
	struct kyi_looking looking;
	const char *by, *comment; /* by NULL: nobody any more */
	int64_t until_ms;
	struct kymo_labels **labels; /* of those that are meant */
	uint32_t cnt, room, next;
	int acked_cnt; /* -1: the answer is why */
};

/* ---- who is meant ------------------------------------------------------ */

static bool
is_firing(void *of, const struct kymo_alert_view *view)
{
	(void)of;
	return view->state == KYMO_ALERT_FIRING;
}

static int
add(void *of, const struct kymo_alert_view *view)
{
	struct acking *acking = of;
	uint32_t room = acking->room == 0 ? 64 : 2 * acking->room;
	struct kymo_labels **more, *labels;

	if (acking->cnt == acking->room) {
		more = reallocarray(acking->labels, room, sizeof(*more));
		if (more == NULL)
			return kymo_error_set(&acking->looking.error,
			    "no memory");
		acking->labels = more;
		acking->room = room;
	}
	labels = kymo_labels_make(view->labels->at, view->labels->cnt);
	if (labels == NULL)
		return kymo_error_set(&acking->looking.error, "no memory");
	acking->labels[acking->cnt++] = labels;
	return 0;
}

/* ---- saying so --------------------------------------------------------- */

static void
some(struct kyi_alerting *alerting)
{
	struct acking *acking = alerting->of;
	uint32_t cnt = acking->cnt - acking->next;
	struct kymo_error error = { "" };
	int acked_cnt;

	if (cnt > AT_ONCE)
		cnt = AT_ONCE;
	acked_cnt = kymo_alerts_ack_these(alerting->with->alerts,
	    acking->labels + acking->next, cnt, acking->by, acking->comment,
	    acking->until_ms, alerting->now_ms, &error);
	acking->next += cnt;
	if (acked_cnt < 0) {
		kyi_api_fail(alerting->api, KYI_API_BAD_DATA, "%s",
		    error.text);
		acking->acked_cnt = -1;
	} else {
		acking->acked_cnt += acked_cnt;
	}
}

/* Also where nobody is meant, so that what is wrong is said. */
static bool
say(struct acking *acking)
{
	acking->alerting.of = acking;
	do {
		if (!kyi_alerting_look(&acking->alerting, some))
			return false;
	} while (acking->acked_cnt >= 0 && acking->next < acking->cnt);
	return acking->acked_cnt >= 0;
}

/* ---- what is asked ----------------------------------------------------- */

/* {"matchers", "by", "comment", "until", "undo"}; false: the answer is what is
   wrong. */
static bool
acking_read(struct acking *acking, struct kyi_api *api,
    const struct kyi_body *body, struct kymo_buffer *matchers)
{
	struct kymo_error error = { "" };
	bool undo;

	if (!kyi_body_matchers(api, body, matchers) ||
	    !kyi_body_text(api, body, "by", &acking->by) ||
	    !kyi_body_text(api, body, "comment", &acking->comment) ||
	    !kyi_body_time(api, body, "until", &acking->until_ms) ||
	    !kyi_body_bool(api, body, "undo", &undo))
		return false;
	if (undo)
		acking->by = NULL;
	acking->alerting.api = api;
	acking->alerting.filters[0] = matchers->failed ? NULL :
	    kymo_matcher_list_new(matchers->at, &error);
	if (acking->alerting.filters[0] == NULL) {
		kyi_api_fail(api, KYI_API_BAD_DATA, "%s", matchers->failed ?
		    "no memory" : error.text);
		return false;
	}
	acking->alerting.filter_cnt = 1;
	acking->looking.alerting = &acking->alerting;
	acking->looking.wanted = is_firing;
	acking->looking.put = add;
	acking->looking.of = acking;
	return true;
}

/* The first look says what time it is. */
static void
until_look(struct kyi_alerting *alerting)
{
	struct acking *acking = alerting->of;

	if (acking->until_ms == 0 || acking->until_ms > alerting->now_ms)
		return;
	kyi_api_fail(alerting->api, KYI_API_BAD_DATA, "\"until\" is over");
	acking->acked_cnt = -1;
}

static void
ack(struct acking *acking, struct kyi_api *api)
{
	acking->alerting.of = acking;
	if (!kyi_alerting_look(&acking->alerting, until_look) ||
	    acking->acked_cnt < 0 || !kyi_looking_run(&acking->looking) ||
	    !say(acking))
		return;
	kyi_api_begin(api);
	kymo_buffer_printf(&api->out, "{\"alerts\":%d}", acking->acked_cnt);
	kyi_api_end(api, NULL, false);
}

void
kyi_api_ack(struct kyi_api *api)
{
	struct kyi_body *body = kyi_body_read(api);
	struct kymo_buffer matchers = { 0 };
	struct acking acking = { .labels = NULL };
	uint32_t i;

	if (body == NULL)
		return;
	if (acking_read(&acking, api, body, &matchers))
		ack(&acking, api);
	for (i = 0; i < acking.cnt; i++)
		free(acking.labels[i]);
	free(acking.labels);
	kyi_alerting_end(&acking.alerting);
	kymo_buffer_free(&matchers);
	kyi_body_free(body);
}
