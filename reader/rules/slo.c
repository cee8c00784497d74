/* SPDX-License-Identifier: MIT */
/* An SLO as the rules it stands for: error ratios and events recorded over
   each window, the budget that is left, and alerts of burning it too fast over
   a long and a short window at once (the SRE workbook's multiwindow,
   multi-burn-rate alerts). */
#include <string.h>

#include "reader/rules/duration.h"
#include "reader/rules/load.h"

static const struct burn {
	const char *factor, *long_window, *short_window, *severity;
} burns[] = {
	{ "14.4", "1h", "5m", "page" },
	{ "6", "6h", "30m", "page" },
	{ "3", "1d", "2h", "ticket" },
	{ "1", "3d", "6h", "ticket" },
};
#define BURN_CNT (sizeof(burns) / sizeof(burns[0]))

static const char *const windows[] = { "5m", "30m", "1h", "2h", "6h", "1d",
	"3d" };
#define WINDOW_CNT (sizeof(windows) / sizeof(windows[0]))

#define WINDOW_WORD "$window"

struct slo {
	struct kyi_load *load;
	const struct kyi_tree_node *rule, *node;
	const char *name, *good, *total, *window;
	struct kymo_buffer by; /* " by (a, b)" */
	double budget, min_events;
	struct kymo_buffer text; /* used again and again */
};

/* ---- reading ----------------------------------------------------------------------- */

/* Text with $window put in, at the end of buffer. */
static void
window_put(struct kymo_buffer *out, const char *text, const char *window)
{
	const char *at;

	while ((at = strstr(text, WINDOW_WORD)) != NULL) {
		kymo_buffer_add(out, text, (size_t)(at - text));
		kymo_buffer_str(out, window);
		text = at + strlen(WINDOW_WORD);
	}
	kymo_buffer_str(out, text);
}

static void
side_put(struct slo *slo, const char *text, const char *function,
    const char *window)
{
	if (strstr(text, WINDOW_WORD) != NULL) {
		window_put(&slo->text, text, window);
		return;
	}
	kymo_buffer_printf(&slo->text, "sum%s (%s(%s[%s]))",
	    slo->by.at == NULL ? "" : slo->by.at, function, text, window);
}

/* good and total: a selector, or an expression with $window in it. */
static bool
side_load(struct slo *slo, const char *key, const char **text)
{
	const struct kyi_tree_node *node = kyi_tree_get(slo->node, key);
	struct kyi_load *load = slo->load;
	const struct kymo_query *query;
	struct kymo_query_error error = {.line = 0};
	struct kymo_query *ranged = NULL;

	if (!kyi_tree_text(load->faults, load->tree, node, "an expression",
	    text)) {
		kyi_fault(load->faults, load->tree, slo->node, "an SLO wants "
		    "'%s'", key);
		return false;
	}
	slo->text.len_bytes = 0;
	window_put(&slo->text, *text, "5m");
	query = kyi_load_query(load, node, slo->text.at);
	if (query == NULL)
		return false;
	kymo_query_delete((struct kymo_query *)(uintptr_t)query);
	slo->text.len_bytes = 0;
	side_put(slo, *text, "rate", "5m");
	if (kymo_query_parse(&ranged, slo->text.at, slo->text.len_bytes,
	    &error) != 0) {
		kyi_fault(load->faults, load->tree, node, "'%s' is a selector "
		    "of counters, as requests_total{code=\"200\"}, or an "
		    "expression with [$window] in it", key);
		return false;
	}
	kymo_query_delete(ranged);
	return true;
}

static bool
numbers_load(struct slo *slo)
{
	struct kyi_load *load = slo->load;
	const struct kyi_tree_node *objective = kyi_tree_get(slo->node, "objective");
	const struct kyi_tree_node *window = kyi_tree_get(slo->node, "window");
	const struct kyi_tree_node *events = kyi_tree_get(slo->node, "min_events");
	double percent = 0;
	int64_t ms = 0;

	if (kyi_tree_number(load->faults, load->tree, objective, &percent) &&
	    percent > 0 && percent < 1)
		percent *= 100;
	if (percent <= 0 || percent >= 100) {
		kyi_fault(load->faults, load->tree, objective == NULL ?
		    slo->node : objective, "an SLO wants 'objective', a "
		    "percentage between 0 and 100, as 99.9");
		return false;
	}
	slo->budget = (100 - percent) / 100;
	slo->window = "30d";
	if (kyi_tree_duration(load->faults, load->tree, window, &ms)) {
		if (ms <= 0)
			kyi_fault(load->faults, load->tree, window, "a window "
			    "of some days, as 30d");
		slo->window = window->text;
	}
	if (kyi_tree_number(load->faults, load->tree, events,
	    &slo->min_events) && !(slo->min_events >= 0))
		kyi_fault(load->faults, load->tree, events, "'min_events' is "
		    "how many there must be for an alert");
	return true;
}

static void
by_load(struct slo *slo)
{
	const struct kyi_tree_node *by = kyi_tree_get(slo->node, "by"), *label;
	struct kyi_load *load = slo->load;
	const char *name;

	if (!kyi_tree_is(load->faults, load->tree, by, KYI_TREE_LIST))
		return;
	kymo_buffer_str(&slo->by, " by (");
	for (label = by->first; label != NULL; label = label->next)
		if (kyi_tree_text(load->faults, load->tree, label, "a label",
		    &name)) {
			kymo_buffer_str(&slo->by, name);
			if (label->next != NULL)
				kymo_buffer_str(&slo->by, ", ");
		}
	kymo_buffer_char(&slo->by, ')');
}

/* ---- making rules ------------------------------------------------------------------ */

static void
text_set(struct slo *slo, struct kymo_rule_text *text,
    struct kyi_template **template_, const char *key, const char *value)
{
	struct kyi_template_error error;

	text->key = key;
	text->value = kyi_load_text(slo->load, value);
	if (text->value != NULL && template_ != NULL)
		*template_ = kyi_template_parse(slo->load->rules->arena,
		    text->value, &error);
}

/* The expression is in slo->text. */
static struct kymo_rule *
rule_add(struct slo *slo, const char *name)
{
	struct kymo_rule *rule = kyi_load_add(slo->load, slo->rule->line);

	if (rule == NULL || slo->text.failed)
		return NULL;
	rule->name = kyi_load_text(slo->load, name);
	rule->slo = slo->name;
	rule->expr = kyi_load_text(slo->load, slo->text.at);
	if (rule->name == NULL || rule->expr == NULL)
		return NULL;
	rule->query = kyi_load_query(slo->load, slo->node, rule->expr);
	return rule->query == NULL ? NULL : rule;
}

static void
record_add(struct slo *slo, const char *prefix, const char *window)
{
	struct kymo_buffer name = {0};
	struct kymo_rule_text *label;
	struct kymo_rule *rule;

	kymo_buffer_str(&name, prefix);
	kymo_buffer_str(&name, window);
	rule = name.failed ? NULL : rule_add(slo, name.at);
	kymo_buffer_free(&name);
	if (rule == NULL)
		return;
	label = kyi_load_get(slo->load, sizeof(*label));
	if (label == NULL)
		return;
	text_set(slo, label, NULL, "slo", slo->name);
	rule->labels = label;
	rule->label_cnt = 1;
}

/* 1 - good / total. No good event yet is none, not nothing. */
static void
ratio_put(struct slo *slo, const char *window)
{
	kymo_buffer_str(&slo->text, "1 - (");
	side_put(slo, slo->good, "rate", window);
	kymo_buffer_str(&slo->text, " or 0 * ");
	side_put(slo, slo->total, "rate", window);
	kymo_buffer_str(&slo->text, ") / ");
	side_put(slo, slo->total, "rate", window);
}

static void
records_add(struct slo *slo)
{
	size_t i;

	for (i = 0; i < WINDOW_CNT; i++) {
		slo->text.len_bytes = 0;
		ratio_put(slo, windows[i]);
		record_add(slo, "slo:error_ratio:rate", windows[i]);
	}
	for (i = 0; slo->min_events > 0 && i < BURN_CNT; i++) {
		int64_t ms = 0;

		slo->text.len_bytes = 0;
		side_put(slo, slo->total, "increase", burns[i].long_window);
		kyi_prom_duration_parse(&ms, burns[i].long_window);
		if (strstr(slo->total, WINDOW_WORD) != NULL)
			kymo_buffer_printf(&slo->text, " * %lld",
			    (long long)(ms / 1000));
		record_add(slo, "slo:events:increase", burns[i].long_window);
	}
	slo->text.len_bytes = 0;
	kymo_buffer_str(&slo->text, "1 - (");
	ratio_put(slo, slo->window);
	kymo_buffer_printf(&slo->text, ") / %.10g", slo->budget);
	record_add(slo, "slo:budget_left:ratio", "");
}

static void
selector_put(struct slo *slo, const char *prefix, const char *window)
{
	const char *at;

	kymo_buffer_printf(&slo->text, "%s%s{slo=\"", prefix, window);
	for (at = slo->name; *at != '\0'; at++) {
		if (*at == '"' || *at == '\\')
			kymo_buffer_char(&slo->text, '\\');
		kymo_buffer_char(&slo->text, *at);
	}
	kymo_buffer_str(&slo->text, "\"}");
}

static void
alert_texts(struct slo *slo, struct kymo_rule *rule, const struct burn *burn)
{
	struct kyi_rule_private *private_ =
	    (struct kyi_rule_private *)(uintptr_t)rule->private_;
	const struct kymo_rule_text *own;
	struct kyi_template **templates = NULL;
	struct kymo_rule_text *labels;
	struct kymo_buffer text = {0};
	uint32_t own_cnt, cnt = 0, i;
	bool severe = kyi_tree_get(kyi_tree_get(slo->rule, "labels"),
	    "severity") == NULL;

	kyi_load_texts(slo->load, kyi_tree_get(slo->rule, "labels"), "label",
	    &own, &own_cnt, &templates);
	kyi_load_texts(slo->load, kyi_tree_get(slo->rule, "annotations"),
	    "annotation", &rule->annotations, &rule->annotation_cnt,
	    &private_->annotations);
	labels = kyi_load_get(slo->load, (own_cnt + 2) * sizeof(*labels));
	private_->labels = kyi_load_get(slo->load, (own_cnt + 2) *
	    sizeof(private_->labels[0]));
	if (labels == NULL || private_->labels == NULL)
		return;
	for (i = 0; i < own_cnt; i++, cnt++) {
		labels[cnt] = own[i];
		private_->labels[cnt] = templates[i];
	}
	text_set(slo, &labels[cnt], &private_->labels[cnt], "burn_rate",
	    burn->factor);
	cnt++;
	if (severe) {
		text_set(slo, &labels[cnt], &private_->labels[cnt],
		    "severity", burn->severity);
		cnt++;
	}
	rule->labels = labels;
	rule->label_cnt = cnt;
	if (rule->annotation_cnt > 0)
		return;
	labels = kyi_load_get(slo->load, sizeof(*labels));
	private_->annotations = kyi_load_get(slo->load,
	    sizeof(private_->annotations[0]));
	kymo_buffer_printf(&text, "{{ $labels.slo }}: over %s its error budget "
	    "went %s times as fast as lasts for %s", burn->long_window,
	    burn->factor, slo->window);
	if (labels != NULL && private_->annotations != NULL && !text.failed) {
		text_set(slo, labels, &private_->annotations[0], "summary",
		    text.at);
		rule->annotations = labels;
		rule->annotation_cnt = 1;
	}
	kymo_buffer_free(&text);
}

static void
alert_add(struct slo *slo, const struct burn *burn)
{
	struct kymo_rule *rule;

	slo->text.len_bytes = 0;
	selector_put(slo, "slo:error_ratio:rate", burn->long_window);
	kymo_buffer_printf(&slo->text, " > %s * %.10g and ", burn->factor,
	    slo->budget);
	selector_put(slo, "slo:error_ratio:rate", burn->short_window);
	kymo_buffer_printf(&slo->text, " > %s * %.10g", burn->factor,
	    slo->budget);
	if (slo->min_events > 0) {
		kymo_buffer_str(&slo->text, " and ");
		selector_put(slo, "slo:events:increase", burn->long_window);
		kymo_buffer_printf(&slo->text, " >= %.10g", slo->min_events);
	}
	rule = rule_add(slo, slo->name);
	if (rule == NULL)
		return;
	rule->is_alert = true;
	alert_texts(slo, rule, burn);
}

void
kyi_load_slo(struct kyi_load *load, const struct kyi_tree_node *rule,
    const struct kyi_tree_node *node)
{
	static const char *const keys[] = { "good", "total", "objective",
		"window", "min_events", "by" };
	static const char *const beside[] = { "alert", "slo", "labels",
		"annotations" };
	struct slo slo = {.load = load, .rule = rule, .node = node};
	uint32_t fault_cnt = load->faults->cnt;
	bool good, total, numbers;
	size_t i;

	if (!kyi_tree_is(load->faults, load->tree, node, KYI_TREE_MAP))
		return;
	kyi_tree_keys(load->faults, load->tree, node, "an SLO", keys,
	    sizeof(keys) / sizeof(keys[0]));
	kyi_tree_keys(load->faults, load->tree, rule, "a rule with slo",
	    beside, sizeof(beside) / sizeof(beside[0]));
	if (!kyi_tree_text(load->faults, load->tree,
	    kyi_tree_get(rule, "alert"), "a name", &slo.name))
		kyi_fault(load->faults, load->tree, rule, "an SLO wants "
		    "'alert', its name");
	by_load(&slo);
	good = side_load(&slo, "good", &slo.good);
	total = side_load(&slo, "total", &slo.total);
	numbers = numbers_load(&slo);
	if (good && total && numbers && fault_cnt == load->faults->cnt) {
		records_add(&slo);
		for (i = 0; i < BURN_CNT; i++)
			alert_add(&slo, &burns[i]);
	}
	kymo_buffer_free(&slo.text);
	kymo_buffer_free(&slo.by);
}
