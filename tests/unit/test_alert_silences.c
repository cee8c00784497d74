/* SPDX-License-Identifier: MIT */
/* Goal: of many silences the first that has an alert is the one, however it is
   found; and as they begin and end.
   Method: silences of all kinds of matchers, some of them over or not begun, and
   what each alert says at each of some times, beside a look at them one by one. */
#include "tests/testlib/alerts_world.h"
#include "tests/testlib/testlib.h"

#define SILENCES 400
#define ALERTS 120

struct said {
	char id[KYMO_SILENCE_ID_BYTES], matchers[100];
	int64_t from_ms, until_ms;
};
static struct said said[SILENCES];
static struct world world;

static void
silences_say(void)
{
	struct kymo_error error = {""};

	for (int n = 0; n < SILENCES; n++) {
		struct said *one = &said[n];
		struct kymo_silence silence = {.id = "", .author = "ann"};

		one->from_ms = 1000000 + n % 5 * 10000;
		one->until_ms = one->from_ms + 1 + n % 11 * 4000;
		switch (n % 7) {
#define SHAPE(k, text) case k: snprintf(one->matchers, \
	sizeof(one->matchers), text, n % 13, n % 3); break
		SHAPE(0, "alertname=A%d,x!=\"%d\"");
		SHAPE(1, "i=~\"%d|7%d\"");
		SHAPE(2, "i!=\"%d\",alertname=\"A%d\"");
		SHAPE(3, "j=%d,alertname=~\"A.*%d\"");
		SHAPE(4, "i=\"%d\",j=\"%d\"");
		SHAPE(5, "alertname!~\"A.*%d\",j=\"%d\"");
		default:
		SHAPE(6, "none=\"\",j=\"%d\",i=~\".*%d\"");
		}
		silence.matchers = one->matchers;
		silence.from_ms = one->from_ms;
		silence.until_ms = one->until_ms;
		if (kymo_alerts_silence(world.alerts, &silence, one->id,
		    &error) != 0)
			fail_msg("%s: %s", one->matchers, error.text);
	}
}

/* Some end before their time, some are others from now on. */
static void
silences_change(void)
{
	struct kymo_error error = {""};

	for (int n = 0; n < SILENCES; n += 9) {
		struct kymo_silence silence = {.id = said[n].id,
		    .author = "ben", .matchers = said[n].matchers,
		    .from_ms = 1, .until_ms = 2000000};
		char id[KYMO_SILENCE_ID_BYTES];

		if (n % 2 == 0) {
			if (kymo_alerts_silence_end(world.alerts, said[n].id,
			    1018000, &error) == 0)
				said[n].until_ms = 0;
			continue;
		}
		said[n].from_ms = 1;
		said[n].until_ms = 2000000;
		snprintf(said[n].matchers, sizeof(said[n].matchers),
		    "alertname=A%d,i=~\".*%d\"", n % 17, n % 10);
		assert_int_equal(kymo_alerts_silence(world.alerts, &silence,
		    id, &error), 0);
		assert_string_equal(id, said[n].id);
	}
}

/* Of all, one by one. */
static const char *
first_of(const struct kymo_labels *labels, int64_t now_ms)
{
	struct kymo_error error = {""};

	for (int n = 0; n < SILENCES; n++) {
		struct kymo_matcher_list *list;
		const struct kymo_matcher *at;
		uint32_t cnt;
		bool has;

		if (now_ms < said[n].from_ms || now_ms >= said[n].until_ms)
			continue;
		list = kymo_matcher_list_new(said[n].matchers, &error);
		assert_non_null(list);
		at = kymo_matcher_list_at(list, &cnt);
		has = kymo_matchers_match(at, cnt, labels);
		kymo_matcher_list_delete(list);
		if (has)
			return said[n].id;
	}
	return "";
}

static int64_t now_ms;
static int muted_cnt;

static int
look(void *to, const struct kymo_alert_view *view)
{
	const char *want = first_of(view->labels, now_ms);

	if (strcmp(view->silence, want) != 0)
		fail_msg("at %d alert %s i=%s j=%s: silence %s, not %s",
		    (int)now_ms, kymo_labels_get(view->labels, "alertname"),
		    kymo_labels_get(view->labels, "i"),
		    kymo_labels_get(view->labels, "j"), view->silence, want);
	muted_cnt += *want != '\0';
	return 0;
}

static void
test_the_first_silence_that_has_an_alert_is_told(void **state)
{
	char text[ALERTS * 32] = "", *at = text;
	struct kymo_error error = {""};

	world_begin(&world, "route: {receiver: team}\n"
	    "receivers: [{name: team}]\n", NULL);
	for (int i = 0; i < ALERTS; i++)
		at += snprintf(at, 32, "%sA%d,i=%d,j=%d", i > 0 ? " " : "",
		    i % 17, i % 80, i / 17);
	world_pass(&world, 999, text);
	silences_say();
	for (int64_t now_s = 1000; now_s < 1091; now_s += 9) {
		now_ms = now_s * 1000;
		if (now_s == 1018)
			silences_change();
		world_pass(&world, now_s, now_s % 2 == 0 ? text : NULL);
		assert_int_equal(kymo_alerts_list(world.alerts, NULL, now_ms,
		    look, NULL, &error), 0);
	}
	/* Some of each. */
	assert_true(muted_cnt > 100 && muted_cnt < 10 * ALERTS - 100);
	world_end(&world);
}

static void
test_those_that_ask_for_no_label_are_few(void **state)
{
	struct kymo_silence silence = {.id = "", .author = "ann",
	    .matchers = "a=~\"b+\"", .from_ms = 1, .until_ms = 2000000};
	char id[KYMO_SILENCE_ID_BYTES];
	struct kymo_error error = {""};

	world_begin(&world, "route: {receiver: team}\n"
	    "receivers: [{name: team}]\n", NULL);
	for (int i = 0; i < 500; i++)
		assert_int_equal(kymo_alerts_silence(world.alerts, &silence,
		    id, &error), 0);
	assert_int_equal(kymo_alerts_silence(world.alerts, &silence, id,
	    &error), -1);
	assert_non_null(strstr(error.text, "say one, as alertname="));
	silence.matchers = "a=~\"b+\",c=\"d\"";
	assert_int_equal(kymo_alerts_silence(world.alerts, &silence, id,
	    &error), 0);
	world_end(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_the_first_silence_that_has_an_alert_is_told),
		cmocka_unit_test(test_those_that_ask_for_no_label_are_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
