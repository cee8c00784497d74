/* SPDX-License-Identifier: MIT */
/* Goal: what the engine says is what delivery takes, and a message is in the
   outbox if and only if the engine's state says that it was said.
   Method: an outbox whose connection the engine's store uses; a rollback in
   between; and rules over samples, whose alerts go all the way. */
#include <math.h>

#include "tests/testlib/testlib.h"

#include "reader/alert/alerts.h"
#include "reader/notify/notify.h"
#include "tests/testlib/routing.h"
#include "tests/testlib/rules_world.h"

struct both {
	struct kymo_outbox *outbox;
	struct kymo_alerts_store rows;  /* on the outbox' connection */
	struct kymo_alerts_store store; /* with the outbox' transactions */
	struct kymo_routing *routing;
	struct kymo_alerts *alerts;
	bool fail; /* once a message is in */
};

static int
both_begin(void *of, struct kymo_error *error)
{
	return kymo_outbox_begin(((struct both *)of)->outbox, error);
}

static int
both_commit(void *of, struct kymo_error *error)
{
	return kymo_outbox_commit(((struct both *)of)->outbox, error);
}

static void
both_rollback(void *of)
{
	kymo_outbox_rollback(((struct both *)of)->outbox);
}

static int
both_put(void *of, char kind, const char *key, const char *text,
    struct kymo_error *error)
{
	struct both *both = of;

	return both->rows.put(both->rows.of, kind, key, text, error);
}

static int
both_load(void *of, int (*each)(void *to, char kind, const char *key,
    const char *text), void *to, struct kymo_error *error)
{
	struct both *both = of;

	return both->rows.load(both->rows.of, each, to, error);
}

static int
both_notify(void *of, const struct kymo_notice *notice,
    struct kymo_error *error)
{
	struct both *both = of;
	struct kymo_notify_alert alerts[10] = {0};
	struct kymo_message message = {.receiver = notice->to->name,
	    .group_key = notice->group_key, .alerts = alerts,
	    .alert_cnt = notice->alert_cnt,
	    .group_labels = notice->group_labels->at,
	    .group_label_cnt = notice->group_labels->cnt,
	    .at_ms = notice->at_ms};
	uint32_t i;
	int result;

	for (i = 0; i < notice->alert_cnt; i++) {
		const struct kymo_notice_alert *from = &notice->alerts[i];

		alerts[i] = (struct kymo_notify_alert){.firing = from->firing,
		    .labels = from->labels->at, .label_cnt = from->labels->cnt,
		    .annotations = from->annotations,
		    .annotation_cnt = from->annotation_cnt,
		    .starts_ms = from->starts_ms, .ends_ms = from->ends_ms,
		    .value = from->value, .threshold = NAN};
	}
	result = kymo_outbox_add(both->outbox, &message, error);
	if (result == 0 && both->fail)
		return kymo_error_set(error, "no");
	return result == KYMO_OUTBOX_FULL ? KYMO_NOTICE_LATER : result;
}

static void
pass(struct both *both, int64_t at_ms, bool fires, const char *want)
{
	struct kymo_label label = {"alertname", "A"};
	struct kymo_labels *labels = kymo_labels_make(&label, 1);
	struct kymo_rule_text summary = {"summary", "it is slow"};
	struct kymo_alert alert = {.labels = labels, .annotations = &summary,
	    .annotation_cnt = 1, .state = KYMO_ALERT_FIRING, .value = 2,
	    .active_ms = 1000, .fired_ms = 1000};
	struct kymo_error error = {""};
	int result;

	kymo_alerts_begin(both->alerts);
	if (fires)
		assert_int_equal(kymo_alerts_add(both->alerts, &alert), 0);
	result = kymo_alerts_step(both->alerts, at_ms, &error);
	if (want == NULL)
		assert_int_equal(result, -1);
	else if (result < 0)
		fail_msg("%s", error.text);
	free(labels);
}

static int
entry_add(void *to, const struct kymo_outbox_entry *entry)
{
	kymo_buffer_printf(to, "%s %s %s;", entry->receiver, entry->firing ?
	    "firing" : "resolved", strstr(entry->body, "it is slow") != NULL ?
	    "slow" : "?");
	return 0;
}

static void
outbox_is(struct both *both, const char *want)
{
	struct kymo_buffer out = {0};
	struct kymo_error error = {""};

	kymo_buffer_str(&out, "");
	assert_int_equal(kymo_outbox_list(both->outbox, false, 0, entry_add,
	    &out, &error), 0);
	assert_string_equal(out.at, want);
	kymo_buffer_free(&out);
}

static void
both_open(struct both *both, const char *path)
{
	static const char config[] = "kymo: {}\nroute: {receiver: team}\n"
	    "receivers: [{name: team, webhook_configs: [{url: 'http://a'}]}]\n";
	struct kymo_outbox_options outbox = {.path = path};
	struct kymo_alerts_options options = {.store = &both->store,
	    .notify = both_notify, .of = both};
	struct kymo_error error = {""};

	memset(both, 0, sizeof(*both));
	if (kymo_outbox_open(&both->outbox, &outbox, &error) != 0 ||
	    kymo_alerts_store_on(&both->rows, kymo_outbox_db(both->outbox),
	    &error) != 0)
		fail_msg("%s", error.text);
	both->store = (struct kymo_alerts_store){both, both_begin, both_commit,
	    both_rollback, both_put, both_load};
	both->routing = routing_of(config);
	options.routing = both->routing;
	assert_int_equal(kymo_alerts_new(&both->alerts, &options, &error), 0);
}

static void
both_close(struct both *both)
{
	kymo_alerts_delete(both->alerts);
	kymo_routing_delete(both->routing);
	kymo_alerts_store_close(&both->rows);
	kymo_outbox_close(both->outbox);
}

static void
test_a_message_is_there_when_the_state_says_so(void **state)
{
	char path[PATH_MAX];
	struct both both;

	snprintf(path, sizeof(path), "%s/state", testlib_dir());
	both_open(&both, path);
	both.fail = true;
	pass(&both, 1000, true, NULL);
	outbox_is(&both, "");
	both.fail = false;
	pass(&both, 1001, true, "");
	outbox_is(&both, "team firing slow;");
	both_close(&both);
	both_open(&both, path);
	pass(&both, 1002, true, "");
	outbox_is(&both, "team firing slow;");
	both.fail = true;
	pass(&both, 1003, false, NULL);
	outbox_is(&both, "team firing slow;");
	both_close(&both);
	both_open(&both, path);
	pass(&both, 1004, false, "");
	pass(&both, 1005, false, "");
	outbox_is(&both, "team firing slow;team resolved slow;");
	both_close(&both);
}

static void
rules_step(struct world *world, struct both *both, int64_t at_ms)
{
	struct kymo_error error = {""};

	world_at(world, at_ms);
	assert_int_equal(kymo_alerts_pass(both->alerts, world->engine), 0);
	if (kymo_alerts_step(both->alerts, at_ms, &error) < 0)
		fail_msg("%s", error.text);
}

static void
test_a_rule_that_fires_is_a_message_in_the_same_step(void **state)
{
	static struct world world;
	char path[PATH_MAX];
	struct both both;

	snprintf(path, sizeof(path), "%s/state", testlib_dir());
	both_open(&both, path);
	world_begin(&world, "groups: [{name: g, rules: [{alert: Slow, "
	    "expr: x > 1, for: 1m, annotations: {summary: it is slow}}]}]\n");
	world_put(&world, "__name__=x,job=a", 60000, 2);
	rules_step(&world, &both, 60000);
	outbox_is(&both, "");
	rules_step(&world, &both, 120000);
	outbox_is(&both, "team firing slow;");
	world_put(&world, "__name__=x,job=a", 180000, 0);
	rules_step(&world, &both, 180000);
	rules_step(&world, &both, 240000);
	outbox_is(&both, "team firing slow;team resolved slow;");
	world_end(&world);
	both_close(&both);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_a_message_is_there_when_the_state_says_so,
		    testlib_setup, testlib_teardown),
		cmocka_unit_test_setup_teardown(
		    test_a_rule_that_fires_is_a_message_in_the_same_step,
		    testlib_setup, testlib_teardown),
	};

	return testlib_run("alert_outbox", tests,
	    sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
