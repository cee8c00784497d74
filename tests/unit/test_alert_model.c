/* SPDX-License-Identifier: MIT */
/* Goal: routes, groups, inhibitions, silences, repeats and ends together are
   what each of them is alone, over any passes and any restarts.
   Method: random configurations and passes; a model that looks at every alert
   for every route at every step and knows no clever thing; both say the same.
   Seeds are fixed. */
#include "tests/testlib/alerts_world.h"

#define ALERTS 12u
#define ROUTES 4u
#define SILENCES 3u
#define STEPS 60u

struct model_route {
	uint32_t label, value; /* takes alerts whose label is that; 3: all */
	bool goes_on, send_resolved;
	bool by[2]; /* group_by */
	bool by_all;
	int64_t wait_s, interval_s, repeat_s;
};

struct model_group {
	bool is, told[ALERTS];
	int64_t flush_s, last_s;
};

struct model {
	struct world world;
	uint64_t seed;
	struct model_route routes[ROUTES];
	uint32_t route_cnt;
	uint32_t source, target; /* values of label 0; equal: label 1 */
	bool inhibits, equal;
	struct {
		uint32_t label, value;
		int64_t from_s, until_s;
	} silences[SILENCES];
	uint32_t silence_cnt;
	bool fires[ALERTS], muted[ALERTS];
	int64_t since_s[ALERTS];
	struct model_group groups[ROUTES][ALERTS + 16];
	int64_t now_s;
	char *lines[ROUTES * (ALERTS + 16)];
	size_t line_cnt;
};

static uint32_t
roll(struct model *model, uint32_t cnt)
{
	model->seed = model->seed * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (uint32_t)(model->seed >> 33) % cnt;
}

/* Labels x and y of an alert: three values and two. */
static uint32_t
label_of(uint32_t alert, uint32_t label)
{
	return label == 0 ? alert % 3 : alert / 3 % 2;
}

/* ---- the configuration ---------------------------------------------------- */

static void
config_roll(struct model *model, struct kymo_buffer *text)
{
	uint32_t i;

	kymo_buffer_str(text, "kymo: {}\nroute:\n  receiver: none\n"
	    "  routes:\n");
	model->route_cnt = 1 + roll(model, ROUTES);
	for (i = 0; i < model->route_cnt; i++) {
		struct model_route *route = &model->routes[i];

		*route = (struct model_route){roll(model, 2), roll(model, 4),
		    roll(model, 2), roll(model, 3) > 0, {roll(model, 2),
		    roll(model, 2)}, roll(model, 4) == 0,
		    roll(model, 2) * 20, 30 + roll(model, 100),
		    50 + roll(model, 400)};
		kymo_buffer_printf(text, "  - {receiver: r%u, continue: %s, "
		    "group_wait: %us, group_interval: %us, repeat_interval: "
		    "%us, group_by: [%s%s%s%s]%s", i, route->goes_on ? "true" :
		    "false", (unsigned)route->wait_s,
		    (unsigned)route->interval_s, (unsigned)route->repeat_s,
		    route->by_all ? "'...'" : "",
		    !route->by_all && route->by[0] ? "x" : "",
		    !route->by_all && route->by[0] && route->by[1] ? ", " : "",
		    !route->by_all && route->by[1] ? "y" : "",
		    route->value == 3 ? "" : ", matchers: ['");
		if (route->value != 3)
			kymo_buffer_printf(text, "%s=v%u']", route->label == 0 ?
			    "x" : "y", route->value);
		kymo_buffer_str(text, "}\n");
	}
	model->inhibits = roll(model, 3) > 0;
	model->source = roll(model, 3);
	model->target = roll(model, 3);
	model->equal = roll(model, 2);
	if (model->inhibits)
		kymo_buffer_printf(text, "inhibit_rules: [{source_matchers: "
		    "[x=v%u], target_matchers: [x=v%u], equal: [%s]}]\n",
		    model->source, model->target, model->equal ? "y" : "");
	kymo_buffer_str(text, "receivers:\n- name: none\n");
	for (i = 0; i < model->route_cnt; i++)
		kymo_buffer_printf(text, "- {name: r%u, webhook_configs: "
		    "[{url: 'http://x', send_resolved: %s}]}\n", i,
		    model->routes[i].send_resolved ? "true" : "false");
}

/* ---- the model ------------------------------------------------------------ */

static bool
inhibited(const struct model *model, uint32_t alert)
{
	uint32_t x = label_of(alert, 0), other;

	for (other = 0; model->inhibits && other < ALERTS; other++)
		if (model->fires[other] && x == model->target &&
		    label_of(other, 0) == model->source &&
		    (!model->equal || label_of(other, 1) == label_of(alert, 1))
		    && !(x == model->source &&
		    label_of(other, 0) == model->target))
			return true;
	return false;
}

static bool
silenced(const struct model *model, uint32_t alert)
{
	uint32_t i;

	for (i = 0; i < model->silence_cnt; i++)
		if (model->now_s >= model->silences[i].from_s &&
		    model->now_s < model->silences[i].until_s &&
		    label_of(alert, model->silences[i].label) ==
		    model->silences[i].value)
			return true;
	return false;
}

/* Whether the route has the alert: none before it kept it. */
static bool
routed(const struct model *model, uint32_t route, uint32_t alert)
{
	uint32_t i;

	for (i = 0; i <= route; i++) {
		bool takes = model->routes[i].value == 3 ||
		    label_of(alert, model->routes[i].label) ==
		    model->routes[i].value;

		if (i == route)
			return takes;
		if (takes && !model->routes[i].goes_on)
			return false;
	}
	return false;
}

/* Which group of the route an alert is in. */
static uint32_t
group_of(const struct model_route *route, uint32_t alert)
{
	if (route->by_all)
		return alert;
	return ALERTS + (route->by[0] ? label_of(alert, 0) + 1 : 0) * 3 +
	    (route->by[1] ? label_of(alert, 1) + 1 : 0);
}

static void
line_add(struct model *model, uint32_t route, const char *why,
    struct model_group *group, const bool *in)
{
	struct kymo_buffer line = {0};
	uint32_t i;

	kymo_buffer_printf(&line, "r%u %s:", route, why);
	for (i = 0; i < ALERTS; i++)
		if (in[i] && model->fires[i] && !model->muted[i])
			kymo_buffer_printf(&line, " +a%02u", i);
	for (i = 0; i < ALERTS; i++)
		if (in[i] && !model->fires[i] && group->told[i])
			kymo_buffer_printf(&line, " -a%02u", i);
	model->lines[model->line_cnt++] = line.at;
}

static void
group_step(struct model *model, uint32_t r, struct model_group *group,
    const bool *in)
{
	const struct model_route *route = &model->routes[r];
	bool fresh = false, ends = false, repeat = false, any = false;
	int64_t now_s = model->now_s;
	uint32_t i;

	for (i = 0; i < ALERTS; i++) {
		if (!in[i])
			continue;
		if (model->fires[i] && !group->is) {
			group->is = true;
			group->flush_s = model->since_s[i] + route->wait_s <=
			    now_s ? now_s : now_s + route->wait_s;
		}
		if (!model->fires[i] && group->told[i] &&
		    !route->send_resolved)
			group->told[i] = false;
		ends |= !model->fires[i] && group->told[i];
		if (!model->fires[i] || model->muted[i])
			continue;
		fresh |= !group->told[i];
		repeat |= group->told[i] && now_s >= group->last_s +
		    route->repeat_s;
	}
	fresh = fresh && now_s >= group->flush_s;
	if (group->is && (fresh || ends || repeat)) {
		line_add(model, r, fresh ? "new" : ends ? "resolved" :
		    "repeat", group, in);
		for (i = 0; i < ALERTS; i++)
			group->told[i] = in[i] && model->fires[i] &&
			    (group->told[i] || !model->muted[i]);
		group->last_s = now_s;
		if (fresh)
			group->flush_s = now_s + route->interval_s;
	}
	for (i = 0; i < ALERTS; i++)
		any |= in[i] && (model->fires[i] || group->told[i]);
	if (!any && now_s >= group->flush_s)
		*group = (struct model_group){0};
}

static void
model_step(struct model *model)
{
	uint32_t r, g, i;

	for (i = 0; i < ALERTS; i++)
		model->muted[i] = silenced(model, i) || inhibited(model, i);
	for (r = 0; r < model->route_cnt; r++)
		for (g = 0; g < ALERTS + 16; g++) {
			bool in[ALERTS];

			for (i = 0; i < ALERTS; i++)
				in[i] = routed(model, r, i) &&
				    group_of(&model->routes[r], i) == g;
			group_step(model, r, &model->groups[r][g], in);
		}
}

/* ---- both ----------------------------------------------------------------- */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
compare(struct model *model, const char *said)
{
	struct kymo_buffer mine = {0}, theirs = {0};
	char *copy = strdup(said), *at, *rest = NULL, *parts[400];
	size_t cnt = 0, i;

	for (at = strtok_r(copy, ";", &rest); at != NULL && cnt < 400;
	    at = strtok_r(NULL, ";", &rest))
		parts[cnt++] = at + (*at == ' ');
	qsort(parts, cnt, sizeof(parts[0]), by_text);
	qsort(model->lines, model->line_cnt, sizeof(model->lines[0]), by_text);
	kymo_buffer_str(&mine, "");
	kymo_buffer_str(&theirs, "");
	for (i = 0; i < cnt; i++)
		kymo_buffer_printf(&mine, "%s\n", parts[i]);
	for (i = 0; i < model->line_cnt; i++) {
		kymo_buffer_printf(&theirs, "%s\n", model->lines[i]);
		free(model->lines[i]);
	}
	model->line_cnt = 0;
	if (strcmp(mine.at, theirs.at) != 0)
		fail_msg("at %lld:\n%snot\n%s", (long long)model->now_s,
		    mine.at, theirs.at);
	kymo_buffer_free(&mine);
	kymo_buffer_free(&theirs);
	free(copy);
}

static void
silence_roll(struct model *model)
{
	uint32_t label = roll(model, 2), value = roll(model, 3);
	int64_t from_s = model->now_s + roll(model, 30);
	int64_t until_s = from_s + 1 + roll(model, 200);
	struct kymo_error error = {""};
	char matchers[32], id[KYMO_SILENCE_ID_BYTES];
	struct kymo_silence silence = {.matchers = matchers,
	    .from_ms = from_s * 1000, .until_ms = until_s * 1000};

	if (model->silence_cnt == SILENCES)
		return;
	snprintf(matchers, sizeof(matchers), "%s=v%u", label == 0 ? "x" : "y",
	    value);
	model->silences[model->silence_cnt].label = label;
	model->silences[model->silence_cnt].value = value;
	model->silences[model->silence_cnt].from_s = from_s;
	model->silences[model->silence_cnt++].until_s = until_s;
	assert_int_equal(kymo_alerts_silence(model->world.alerts, &silence, id,
	    &error), 0);
}

static void
step(struct model *model, bool pass)
{
	struct kymo_buffer text = {0};
	uint32_t i;

	kymo_buffer_str(&text, "");
	for (i = 0; pass && i < ALERTS; i++) {
		if (roll(model, 4) == 0) {
			model->fires[i] = !model->fires[i];
			model->since_s[i] = model->now_s;
		}
		if (model->fires[i])
			kymo_buffer_printf(&text, "a%02u,x=v%u,y=v%u ", i,
			    label_of(i, 0), label_of(i, 1));
	}
	model_step(model);
	compare(model, world_pass(&model->world, model->now_s, pass ? text.at :
	    NULL));
	kymo_buffer_free(&text);
}

static void
run(uint64_t seed, const char *path)
{
	struct model *model = calloc(1, sizeof(*model));
	struct kymo_buffer config = {0};
	uint32_t i;

	assert_non_null(model);
	model->seed = seed;
	config_roll(model, &config);
	world_begin(&model->world, config.at, path);
	model->now_s = 1000;
	for (i = 0; i < STEPS; i++) {
		model->now_s += 1 + roll(model, 60);
		if (roll(model, 12) == 0)
			silence_roll(model);
		if (path != NULL && roll(model, 8) == 0)
			world_again(&model->world);
		step(model, roll(model, 5) > 0);
	}
	world_end(&model->world);
	kymo_buffer_free(&config);
	free(model);
}

static void
test_the_engine_says_what_a_naive_model_says(void **state)
{
	uint64_t seed;

	for (seed = 1; seed <= 300; seed++)
		run(seed, NULL);
}

static void
test_restarts_at_any_step_change_nothing(void **state)
{
	char path[PATH_MAX];
	uint64_t seed;

	for (seed = 1001; seed <= 1040; seed++) {
		snprintf(path, sizeof(path), "%s/state-%u", testlib_dir(),
		    (unsigned)seed);
		run(seed, path);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_engine_says_what_a_naive_model_says),
		cmocka_unit_test_setup_teardown(
		    test_restarts_at_any_step_change_nothing, testlib_setup,
		    testlib_teardown),
	};

	return testlib_run("alert_model", tests,
	    sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
