/* SPDX-License-Identifier: MIT */
/* The key recovery of a component, and what it has in common with checks:
   programs that are started without a shell, addresses, URLs. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "reader/config/keys.h"
#include "reader/config/values.h"

#define ARGV_MAX 64u
#define SYSTEMCTL "/usr/bin/systemctl"

/* ---- programs, addresses, URLs -------------------------------------------- */

struct words {
	char **at;
	uint32_t cnt;
};

static int
word_item(struct kyi_yaml *yaml, void *to)
{
	struct words *words = to;
	const char *text = kyi_yaml_text(yaml, "a word of a command");

	if (text == NULL)
		return -1;
	if (words->cnt == 0 && (text[0] != '/' || text[1] == '\0'))
		return kyi_yaml_error(yaml, "'%.60s' is not the absolute path of "
		    "a program; nothing is looked up, and there is no shell",
		    text);
	/* Words may be empty, but the first. */
	words->at[words->cnt] = strdup(text);
	if (words->at[words->cnt] == NULL)
		return kyi_yaml_error(yaml, "out of memory");
	words->cnt++;
	return 0;
}

int
kyi_config_argv(struct kyi_yaml *yaml, char ***argv, uint32_t *cnt)
{
	struct words words = { calloc(ARGV_MAX + 1, sizeof(char *)), 0 };
	struct kymo_config_place place = kyi_yaml_place(yaml);
	int result;

	if (words.at == NULL)
		return kyi_yaml_error(yaml, "out of memory");
	result = kyi_config_list(yaml, &words, word_item, ARGV_MAX);
	/* The plan's, also if it is wrong. */
	*argv = words.at;
	*cnt = words.cnt;
	if (result == 0 && words.cnt == 0)
		return kyi_yaml_error_at(yaml, place, "no program; write it as "
		    "[/usr/bin/program, word, ..]");
	return result;
}

int
kyi_config_host_port(struct kyi_yaml *yaml, char **to)
{
	const char *colon;
	size_t host_bytes;
	unsigned long port;

	if (kyi_config_text(yaml, to, "HOST:PORT") != 0)
		return -1;
	colon = strrchr(*to, ':');
	host_bytes = colon == NULL ? 0 : (size_t)(colon - *to);
	port = colon == NULL || strlen(colon + 1) > 5 ||
	    colon[1 + strspn(colon + 1, "0123456789")] != '\0' ? 0 :
	    strtoul(colon + 1, NULL, 10);
	if (port == 0 || port > 65535 || host_bytes == 0 || host_bytes > 253 ||
	    strcspn(*to, " \t/?#@\\%\"'") != strlen(*to))
		return kyi_yaml_error(yaml, "'%.60s' is no HOST:PORT, as "
		    "127.0.0.1:5432 or [::1]:5432", *to);
	if (memchr(*to, ':', host_bytes) != NULL &&
	    ((*to)[0] != '[' || colon[-1] != ']'))
		return kyi_yaml_error(yaml, "'%.60s' is not clear; an IPv6 "
		    "address needs brackets, as [::1]:5432", *to);
	return 0;
}

int
kyi_config_url(struct kyi_yaml *yaml, char **to)
{
	const unsigned char *at;

	if (kyi_config_text(yaml, to, "a URL") != 0)
		return -1;
	if ((strncmp(*to, "http://", 7) != 0 || (*to)[7] == '\0') &&
	    (strncmp(*to, "https://", 8) != 0 || (*to)[8] == '\0'))
		return kyi_yaml_error(yaml, "'%.60s' is no URL that begins with "
		    "http:// or https://", *to);
	for (at = (const unsigned char *)*to; *at != '\0'; at++)
		if (*at <= ' ' || *at == 127)
			return kyi_yaml_error(yaml, "a URL has no blanks; write "
			    "%%20 for one");
	return 0;
}

/* ---- actions -------------------------------------------------------------- */

struct acting {
	struct kymo_action *action;
	const struct kymo_care_plan *plan;
	char *service;
	struct kymo_config_place service_place;
};

static int
kind_set(struct kyi_yaml *yaml, struct kymo_action *action,
    enum kymo_action_kind kind)
{
	if (action->kind != KYMO_ACTION_NONE)
		return kyi_yaml_error(yaml, "an action is one thing: a command, "
		    "signal, http or unit; write two");
	action->kind = kind;
	return 0;
}

static int
command(struct kyi_yaml *yaml, void *to)
{
	struct kymo_action *action = ((struct acting *)to)->action;

	return kind_set(yaml, action, KYMO_ACTION_COMMAND) != 0 ? -1 :
	    kyi_config_argv(yaml, &action->argv, &action->argv_cnt);
}

static int
signal_key(struct kyi_yaml *yaml, void *to)
{
	static const struct { const char *name; int number; } signals[] = {
		{ "TERM", SIGTERM }, { "HUP", SIGHUP }, { "INT", SIGINT },
		{ "QUIT", SIGQUIT }, { "ABRT", SIGABRT }, { "KILL", SIGKILL },
		{ "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "CONT", SIGCONT },
	};
	struct kymo_action *action = ((struct acting *)to)->action;
	const char *text = kyi_yaml_text(yaml, "a signal, as TERM");
	size_t i;

	if (text == NULL || kind_set(yaml, action, KYMO_ACTION_SIGNAL) != 0)
		return -1;
	if (strncmp(text, "SIG", 3) == 0)
		text += 3;
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (strcmp(text, signals[i].name) == 0)
			action->signal = signals[i].number;
	return action->signal != 0 ? 0 : kyi_yaml_error(yaml, "no signal "
	    "'%.60s'; there are TERM, HUP, INT, QUIT, ABRT, KILL, USR1, USR2, "
	    "CONT", text);
}

static int
service(struct kyi_yaml *yaml, void *to)
{
	struct acting *acting = to;

	acting->service_place = kyi_yaml_place(yaml);
	return kyi_config_text(yaml, &acting->service, "a service");
}

static int
http(struct kyi_yaml *yaml, void *to)
{
	struct kymo_action *action = ((struct acting *)to)->action;

	return kind_set(yaml, action, KYMO_ACTION_HTTP) != 0 ? -1 :
	    kyi_config_url(yaml, &action->what);
}

static int
unit(struct kyi_yaml *yaml, void *to)
{
	static const char *const first[] = { SYSTEMCTL, "restart", "--" };
	struct kymo_action *action = ((struct acting *)to)->action;

	if (kind_set(yaml, action, KYMO_ACTION_UNIT) != 0 ||
	    kyi_config_text(yaml, &action->what, "a unit, as web.service") != 0)
		return -1;
	if (strchr(action->what, '.') == NULL || strlen(action->what) > 255 ||
	    action->what[strspn(action->what, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.\\@-")] != '\0')
		return kyi_yaml_error(yaml, "'%.60s' is no unit of systemd, as "
		    "web.service", action->what);
	action->argv = calloc(5, sizeof(char *));
	if (action->argv == NULL)
		return kyi_yaml_error(yaml, "out of memory");
	for (action->argv_cnt = 0; action->argv_cnt < 4; action->argv_cnt++) {
		const char *word = action->argv_cnt < 3 ?
		    first[action->argv_cnt] : action->what;

		action->argv[action->argv_cnt] = strdup(word);
		if (action->argv[action->argv_cnt] == NULL)
			return kyi_yaml_error(yaml, "out of memory");
	}
	return 0;
}

/* The processes of which service: the component's own name, if nobody says. */
static int
service_settle(struct kyi_yaml *yaml, struct acting *acting)
{
	struct kymo_action *action = acting->action;

	if (action->kind != KYMO_ACTION_SIGNAL) {
		free(acting->service);
		return acting->service_place.line == 0 ? 0 :
		    kyi_yaml_error_at(yaml, acting->service_place, "service is "
		    "for a signal");
	}
	action->what = acting->service != NULL ? acting->service :
	    strdup(acting->plan->component);
	return action->what != NULL ? 0 : kyi_yaml_error(yaml, "out of memory");
}

static int
action_item(struct kyi_yaml *yaml, void *to)
{
	static const struct kyi_config_key keys[] = {
		{ "command", command, false },
		{ "signal", signal_key, false },
		{ "service", service, false },
		{ "http", http, false },
		{ "unit", unit, false },
	};
	struct kymo_care_plan *plan = to;
	struct kymo_recovery *recovery = &plan->recovery;
	struct kymo_config_place place = kyi_yaml_place(yaml);
	struct acting acting = { .plan = plan };
	struct kymo_action *array = kyi_config_longer(yaml, recovery->actions,
	    recovery->action_cnt, sizeof(array[0]));
	int result;

	if (array == NULL)
		return -1;
	recovery->actions = array;
	acting.action = &array[recovery->action_cnt++];
	result = kyi_config_mapping(yaml, &acting, keys,
	    sizeof(keys) / sizeof(keys[0]), "{signal: TERM}");
	if (result != 0) {
		free(acting.service);
		return -1;
	}
	if (service_settle(yaml, &acting) != 0)
		return -1;
	return acting.action->kind != KYMO_ACTION_NONE ? 0 :
	    kyi_yaml_error_at(yaml, place, "what is to be done? There are "
	    "command, signal, http, unit");
}

/* ---- recovery ------------------------------------------------------------- */

static int
actions(struct kyi_yaml *yaml, void *to)
{
	return kyi_config_list(yaml, to, action_item, KYMO_ACTION_MAX);
}

static int
when(struct kyi_yaml *yaml, void *to)
{
	struct kymo_recovery *recovery = &((struct kymo_care_plan *)to)->recovery;
	const char *text = kyi_yaml_text(yaml, "failing or degraded");

	if (text == NULL)
		return -1;
	recovery->when_degraded = strcmp(text, "degraded") == 0;
	if (!recovery->when_degraded && strcmp(text, "failing") != 0)
		return kyi_yaml_error(yaml, "when is failing, or degraded (and "
		    "failing), not '%.60s'", text);
	return 0;
}

static int
after(struct kyi_yaml *yaml, void *to)
{
	return kyi_config_duration_ms(yaml,
	    &((struct kymo_care_plan *)to)->recovery.after_ms, "0s", "1d");
}

static int
timeout(struct kyi_yaml *yaml, void *to)
{
	return kyi_config_duration_ms(yaml,
	    &((struct kymo_care_plan *)to)->recovery.timeout_ms, "50ms", "1h");
}

static int
verify(struct kyi_yaml *yaml, void *to)
{
	struct kymo_recovery *recovery = &((struct kymo_care_plan *)to)->recovery;

	recovery->verify_place = kyi_yaml_place(yaml);
	return kyi_config_duration_ms(yaml, &recovery->verify_ms, "50ms", "1h");
}

static int
backoff(struct kyi_yaml *yaml, void *to)
{
	return kyi_config_duration_ms(yaml,
	    &((struct kymo_care_plan *)to)->recovery.backoff_ms, "50ms", "1d");
}

static int
backoff_max(struct kyi_yaml *yaml, void *to)
{
	return kyi_config_duration_ms(yaml,
	    &((struct kymo_care_plan *)to)->recovery.backoff_max_ms, "50ms",
	    "1d");
}

static int
per_hour(struct kyi_yaml *yaml, void *to)
{
	return kyi_config_number(yaml,
	    &((struct kymo_care_plan *)to)->recovery.per_hour, 1, 60);
}

static void
defaults_set(struct kymo_recovery *recovery)
{
	if (recovery->timeout_ms == 0)
		recovery->timeout_ms = 30000;
	if (recovery->verify_ms == 0)
		recovery->verify_ms = 60000;
	if (recovery->backoff_ms == 0)
		recovery->backoff_ms = 10000;
	if (recovery->backoff_max_ms == 0)
		recovery->backoff_max_ms = recovery->backoff_ms < 600000 ?
		    600000 : recovery->backoff_ms;
	if (recovery->per_hour == 0)
		recovery->per_hour = 5;
}

int
kyi_config_recovery(struct kyi_yaml *yaml, void *to)
{
	static const struct kyi_config_key keys[] = {
		{ "actions", actions, false },
		{ "when", when, false },
		{ "after", after, false },
		{ "timeout", timeout, false },
		{ "verify", verify, false },
		{ "backoff", backoff, false },
		{ "backoff_max", backoff_max, false },
		{ "per_hour", per_hour, false },
	};
	struct kymo_care_plan *plan = kyi_config_care_of(yaml, to);
	struct kymo_config_place place = kyi_yaml_place(yaml);

	if (plan == NULL || kyi_config_mapping(yaml, plan, keys,
	    sizeof(keys) / sizeof(keys[0]),
	    "{actions: [{unit: web.service}]}") != 0)
		return -1;
	plan->recovery.place = place;
	if (plan->recovery.action_cnt == 0)
		return kyi_yaml_error_at(yaml, place, "what is to be done? "
		    "actions says it, as [{unit: web.service}]");
	defaults_set(&plan->recovery);
	if (plan->recovery.backoff_max_ms < plan->recovery.backoff_ms)
		return kyi_yaml_error_at(yaml, place, "backoff_max is less than "
		    "backoff");
	return 0;
}
