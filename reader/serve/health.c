/* SPDX-License-Identifier: MIT */
#include "reader/serve/health.h"

#include <math.h>
#include <string.h>

#include "reader/export/json.h"
#include "reader/serve/param.h"

struct telling {
	struct kymo_buffer *out;
	const char *component; /* NULL: all */
	uint32_t cnt;
	enum kymo_condition worst;
};

/* failing > degraded > unknown > starting > ok, as components have it. */
static int
rank_of(enum kymo_condition state)
{
	static const int ranks[] = {
		[KYMO_IS_OK] = 0, [KYMO_IS_STARTING] = 1, [KYMO_IS_UNKNOWN] = 2,
		[KYMO_IS_DEGRADED] = 3, [KYMO_IS_FAILING] = 4,
	};

	return ranks[state];
}

static void
put_u64(struct kymo_buffer *out, const char *key, uint64_t n)
{
	kyi_json_key(out, key);
	kymo_buffer_u64(out, n);
}

/* Where it is known. */
static void
put_double(struct kymo_buffer *out, const char *key, double value)
{
	if (isnan(value))
		return;
	kyi_json_key(out, key);
	kyi_json_double(out, value);
}

static void
put_check(struct kymo_buffer *out, const struct kymo_care_check *check)
{
	/* Not what is looked at: a URL may have a password in it. */
	kymo_buffer_char(out, '{');
	kyi_json_member_str(out, "check", check->name);
	kyi_json_member_str(out, "kind", kymo_check_kind_name(check->kind));
	kyi_json_member_str(out, "state", kymo_condition_name(check->state));
	if (check->reason[0] != '\0')
		kyi_json_member_str(out, "reason", check->reason);
	put_u64(out, "good", check->good_cnt);
	put_u64(out, "bad", check->bad_cnt);
	put_u64(out, "unknown", check->unknown_cnt);
	put_double(out, "seconds", check->seconds);
	put_double(out, "certificate_days", check->certificate_days);
	kymo_buffer_char(out, '}');
}

static void
put_recovery(struct kymo_buffer *out, const struct kymo_care_status *status)
{
	static const char *const names[] = {
		[KYMO_REMEDY_NONE] = "idle", [KYMO_REMEDY_WAITING] = "waiting",
		[KYMO_REMEDY_ACTING] = "acting",
		[KYMO_REMEDY_VERIFYING] = "verifying",
	};

	kyi_json_key(out, "recovery");
	kymo_buffer_char(out, '{');
	kyi_json_member_str(out, "state", names[status->remedy]);
	put_u64(out, "attempts", status->attempts);
	put_u64(out, "successes", status->successes);
	put_double(out, "seconds", status->recover_seconds);
	put_double(out, "last_seconds", status->last_recover_seconds);
	kyi_json_key(out, "failed");
	kymo_buffer_str(out, status->escalated ? "true" : "false");
	if (status->remedy_note[0] != '\0')
		kyi_json_member_str(out, "note", status->remedy_note);
	kymo_buffer_char(out, '}');
}

static void
put_lists(struct kymo_buffer *out, const struct kymo_care_status *status)
{
	uint32_t i;

	kyi_json_key(out, "depends_on");
	kymo_buffer_char(out, '[');
	for (i = 0; i < status->depends_on_cnt; i++) {
		if (i > 0)
			kymo_buffer_char(out, ',');
		kyi_json_string(out, status->depends_on[i]);
	}
	kymo_buffer_char(out, ']');
	kyi_json_key(out, "checks");
	kymo_buffer_char(out, '[');
	for (i = 0; i < status->check_cnt; i++) {
		if (i > 0)
			kymo_buffer_char(out, ',');
		put_check(out, &status->checks[i]);
	}
	kymo_buffer_char(out, ']');
}

static int
put_component(void *to, const struct kymo_care_status *status)
{
	struct telling *telling = to;
	struct kymo_buffer *out = telling->out;

	if (telling->component != NULL &&
	    strcmp(telling->component, status->component) != 0)
		return 0;
	if (telling->cnt == 0 ||
	    rank_of(status->state) > rank_of(telling->worst))
		telling->worst = status->state;
	if (telling->cnt++ > 0)
		kymo_buffer_str(out, ",\n");
	kymo_buffer_char(out, '{');
	kyi_json_member_str(out, "component", status->component);
	kyi_json_member_str(out, "state", kymo_condition_name(status->state));
	if (status->reason[0] != '\0')
		kyi_json_member_str(out, "reason", status->reason);
	kyi_json_key(out, "since");
	kymo_buffer_char(out, '"');
	kyi_rfc3339(out, status->since_ms);
	kymo_buffer_char(out, '"');
	if (status->root != NULL)
		kyi_json_member_str(out, "root", status->root);
	kyi_json_key(out, "reported");
	kymo_buffer_str(out, status->reported ? "true" : "false");
	if (status->refused[0] != '\0')
		kyi_json_member_str(out, "refused", status->refused);
	put_lists(out, status);
	if (status->may_recover)
		put_recovery(out, status);
	kymo_buffer_char(out, '}');
	return out->failed ? -1 : 0;
}

unsigned
kyi_health_put(struct kymo_buffer *out,
    int (*health)(void *of, int (*each)(void *to,
    const struct kymo_care_status *status), void *to), void *of,
    const char *component)
{
	struct telling telling = { out, component, 0, KYMO_IS_OK };

	kymo_buffer_str(out, "{\"components\":[\n");
	if (health(of, put_component, &telling) != 0)
		out->failed = true;
	kymo_buffer_str(out, "]");
	kyi_json_key(out, "state");
	kymo_buffer_printf(out, "\"%s\"}\n", component != NULL &&
	    telling.cnt == 0 ? "unknown" : kymo_condition_name(telling.worst));
	if (component != NULL && telling.cnt == 0)
		return 404;
	return telling.worst == KYMO_IS_FAILING || (component != NULL &&
	    telling.worst == KYMO_IS_STARTING) ? 503 : 200;
}
