/* SPDX-License-Identifier: MIT */
/* What detection found about a component's latency and errors makes it degraded: a
   level that rose within the hour, or what was never so high and is still far
   above what it was. Only what is worse counts: a latency that fell is odd, too. */
#include "tools/kymod_worse.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/kymod_health.h"

#define SECOND_NS UINT64_C(1000000000)
/* What changed so long ago is what it is like now. */
#define NEWS_NS (3600 * SECOND_NS)
/* It is said with each look, and holds for a few, or so long. */
#define HOLDS_LOOKS 4u
#define HOLDS_NS (60 * SECOND_NS)
/* Half as many errors again, as health has it. */
#define ERRORS_PERCENT 50u

struct watch {
	char *component, *service; /* NULL: of all */
	char *latency, *errors;    /* NULL: not looked at */
	uint32_t percent;
	bool said; /* that it is degraded */
	struct watch *next;
};

struct kyi_worse {
	pthread_mutex_t lock;
	struct watch *watches;
	pthread_mutex_t telling; /* of health, which may take its time */
	struct kyi_health *health; /* NULL: nobody to tell */
};

/* What is to be said of a component. */
struct word {
	char *component;
	bool is; /* else: no longer */
	char reason[256];
};

/* ---- who ------------------------------------------------------------------------- */

static void
watches_free(struct watch *watches)
{
	while (watches) {
		struct watch *next = watches->next;

		free(watches->component);
		free(watches->service);
		free(watches->latency);
		free(watches->errors);
		free(watches);
		watches = next;
	}
}

static char *
copy(const char *text, bool *failed)
{
	char *made = text ? strdup(text) : NULL;

	*failed |= text && !made;
	return made;
}

static struct watch *
watch_new(const struct kymo_care_plan *plan)
{
	const struct kymo_degradation *how = &plan->degradation;
	struct watch *watch = calloc(1, sizeof(*watch));
	bool failed = false;

	if (!watch)
		return NULL;
	watch->component = copy(plan->component, &failed);
	watch->service = copy(how->service, &failed);
	watch->latency = copy(how->latency, &failed);
	watch->errors = copy(how->errors, &failed);
	watch->percent = how->percent;
	if (!failed)
		return watch;
	watches_free(watch);
	return NULL;
}

void
kyi_worse_take(struct kyi_worse *worse, const struct kymo_config *config)
{
	struct watch *watches = NULL, *before;

	for (uint32_t i = 0; i < config->component_cnt; i++) {
		const struct kymo_care_plan *care = config->components[i].care;
		struct watch *watch;

		if (!care || (!care->degradation.latency &&
		    !care->degradation.errors))
			continue;
		watch = watch_new(care);
		if (!watch)
			continue;
		watch->next = watches;
		watches = watch;
	}
	pthread_mutex_lock(&worse->lock);
	/* Who is degraded stays so until that ends by itself. */
	before = worse->watches;
	worse->watches = watches;
	pthread_mutex_unlock(&worse->lock);
	watches_free(before);
}

/* ---- what -------------------------------------------------------------------------- */

/* A family's name, or a counter's with _total. */
static bool
is_metric(const char *metric, const char *name)
{
	size_t bytes = strlen(name);

	return strncmp(metric, name, bytes) == 0 && (metric[bytes] == '\0' ||
	    strcmp(metric + bytes, "_total") == 0);
}

/* What of the component it is: "latency", "errors"; NULL: not of it. */
static const char *
part_of(const struct watch *watch, const char *metric,
    enum kymo_signal signal, const struct kymo_label *labels, uint32_t cnt)
{
	const char *service = "";

	for (uint32_t i = 0; i < cnt; i++)
		if (strcmp(labels[i].key, "service") == 0)
			service = labels[i].value;
	if (watch->service && strcmp(service, watch->service) != 0)
		return NULL;
	if (watch->latency && is_metric(metric, watch->latency) &&
	    (signal == KYMO_SIGNAL_P50 || signal == KYMO_SIGNAL_P99))
		return "latency";
	if (watch->errors && is_metric(metric, watch->errors) &&
	    signal == KYMO_SIGNAL_RATE)
		return "errors";
	return NULL;
}

static bool
change_says(const struct watch *watch, const struct kymo_changed *changed,
    uint64_t now_ns, char *reason, size_t bytes)
{
	const char *part = part_of(watch, changed->metric, changed->signal,
	    changed->labels, changed->label_cnt);
	const struct kymo_change_point *point = &changed->point;
	unsigned minute = (unsigned)(point->at_ns / (60 * SECOND_NS) % 1440);
	uint32_t percent;

	/* What still goes up is found anew. */
	if (!part || now_ns - changed->found_ns > NEWS_NS)
		return false;
	percent = strcmp(part, "errors") == 0 ? ERRORS_PERCENT :
	    watch->percent;
	if (!(point->after > point->before) || point->after <
	    point->before * (1 + percent / 100.0))
		return false;
	snprintf(reason, bytes, "%s %s: level %.4g -> %.4g since %02u:%02u UTC",
	    part, kymo_signal_name(changed->signal), point->before,
	    point->after, minute / 60, minute % 60);
	return true;
}

/* Still: it is more than half of the way up. */
static bool
anomaly_says(const struct watch *watch, const struct kymo_anomaly *anomaly,
    char *reason, size_t bytes)
{
	const char *part = part_of(watch, anomaly->metric, anomaly->signal,
	    anomaly->labels, anomaly->label_cnt);

	if (!part || !(anomaly->score >= 1) ||
	    !(anomaly->value > anomaly->usual) ||
	    !(anomaly->now - anomaly->usual >=
	    (anomaly->value - anomaly->usual) / 2))
		return false;
	snprintf(reason, bytes, "%s %s: %s (%.4g, before %.4g to %.4g)", part,
	    kymo_signal_name(anomaly->signal), anomaly->reason, anomaly->now,
	    anomaly->low, anomaly->high);
	return true;
}

bool
kyi_worse_reason(const struct kyi_worse *worse, const char *component,
    const struct kymo_anomalies *found, char *reason, size_t bytes)
{
	const struct watch *watch = worse->watches;

	while (watch && strcmp(watch->component, component) != 0)
		watch = watch->next;
	for (uint32_t i = 0; watch && i < found->change_cnt; i++)
		if (change_says(watch, &found->changes[i], found->at_ns, reason,
		    bytes))
			return true;
	for (uint32_t i = 0; watch && i < found->cnt; i++)
		if (anomaly_says(watch, &found->at[i], reason, bytes))
			return true;
	return false;
}

/* ---- told ---------------------------------------------------------------------------- */

static struct word *
words_make(struct kyi_worse *worse, const struct kymo_anomalies *found,
    uint32_t *cnt)
{
	struct word *words;

	*cnt = 0;
	for (struct watch *watch = worse->watches; watch; watch = watch->next)
		++*cnt;
	words = calloc(*cnt + 1u, sizeof(words[0]));
	*cnt = 0;
	for (struct watch *watch = worse->watches; words && watch;
	    watch = watch->next) {
		struct word *word = &words[*cnt];

		word->is = kyi_worse_reason(worse, watch->component, found,
		    word->reason, sizeof(word->reason));
		if (word->is || watch->said)
			word->component = strdup(watch->component);
		/* What there is no memory for is said in the next look. */
		if (!word->component)
			continue;
		watch->said = word->is;
		++*cnt;
	}
	return words;
}

void
kyi_worse_tell(struct kyi_worse *worse, const struct kymo_anomalies *found,
    uint64_t look_ns)
{
	uint64_t holds_ns = HOLDS_LOOKS * look_ns;
	uint64_t until_ns = kyi_monotonic_ns() + (holds_ns > HOLDS_NS ?
	    holds_ns : HOLDS_NS);
	struct word *words = NULL;
	uint32_t cnt = 0;

	pthread_mutex_lock(&worse->telling);
	if (worse->health) {
		/* A reload does not wait for what is said. */
		pthread_mutex_lock(&worse->lock);
		words = words_make(worse, found, &cnt);
		pthread_mutex_unlock(&worse->lock);
	}
	for (uint32_t i = 0; i < cnt; i++) {
		(void)kyi_health_degraded(worse->health, words[i].component,
		    words[i].is ? words[i].reason : NULL, until_ns);
		free(words[i].component);
	}
	free(words);
	pthread_mutex_unlock(&worse->telling);
}

void
kyi_worse_health(struct kyi_worse *worse, struct kyi_health *health)
{
	pthread_mutex_lock(&worse->telling);
	worse->health = health;
	pthread_mutex_unlock(&worse->telling);
}

struct kyi_worse *
kyi_worse_new(void)
{
	struct kyi_worse *worse = calloc(1, sizeof(*worse));

	if (worse)
		pthread_mutex_init(&worse->lock, NULL);
	if (worse)
		pthread_mutex_init(&worse->telling, NULL);
	return worse;
}

void
kyi_worse_delete(struct kyi_worse *worse)
{
	if (!worse)
		return;
	watches_free(worse->watches);
	pthread_mutex_destroy(&worse->lock);
	pthread_mutex_destroy(&worse->telling);
	free(worse);
}
