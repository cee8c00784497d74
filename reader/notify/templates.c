/* SPDX-License-Identifier: MIT */
/* Notification templates: files of Alertmanager's kind, and those that such
   files expect to be there. */
#include <stdlib.h>
#include <string.h>

#include "reader/notify/body.h"
#include "reader/rules/template.h"

#define ROOM_BYTES_MAX ((size_t)32 << 20)

struct kymo_templates {
	struct kyi_arena *arena;
	struct kyi_template_set *set;
};

/* Under Alertmanager's names, what is said in its place: subjects are as its
   own are, longer texts are ours. */
static const char ours[] =
    "{{ define \"__alertmanager\" }}kymo{{ end }}"
    "{{ define \"__alertmanagerURL\" }}{{ .ExternalURL }}/#/alerts?receiver="
    "{{ .Receiver | urlquery }}{{ end }}"
    "{{ define \"__subject\" -}}"
    "{{ $rest := .CommonLabels.Remove .GroupLabels.Names -}}"
    "[{{ toUpper .Status }}{{ with .Alerts.Firing }}:{{ len . }}{{ end }}] "
    "{{ join \" \" .GroupLabels.SortedPairs.Values }} "
    "{{ if $rest }}({{ join \" \" $rest.Values }}){{ end }}{{ end }}"
    "{{ define \"__description\" }}{{ end }}"
    "{{ define \"__text_alert_list\" }}{{ range . -}}\n"
    "{{ .Labels.alertname }}\n"
    "{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}\n{{ end }}"
    "{{ range .Annotations.SortedPairs }}{{ .Name }}: {{ .Value }}\n{{ end }}"
    "{{ with .GeneratorURL }}Source: {{ . }}\n{{ end }}{{ end }}{{ end }}"
    "{{ define \"__text_alert_list_markdown\" }}{{ range . -}}\n"
    "*{{ .Labels.alertname }}*\n"
    "{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}\n{{ end }}"
    "{{ range .Annotations.SortedPairs }}{{ .Name }}: {{ .Value }}\n{{ end }}"
    "{{ with .GeneratorURL }}Source: {{ . }}\n{{ end }}{{ end }}{{ end }}"
    "{{ define \"__text_alerts\" }}"
    "{{ with .Alerts.Firing }}Firing:\n{{ template \"__text_alert_list\" . }}"
    "{{ end }}{{ with .Alerts.Resolved }}Resolved:\n"
    "{{ template \"__text_alert_list\" . }}{{ end }}{{ end }}"
    "{{ define \"slack.default.title\" }}{{ template \"__subject\" . }}"
    "{{ end }}"
    "{{ define \"slack.default.username\" }}kymo{{ end }}"
    "{{ define \"slack.default.fallback\" }}{{ template \"__subject\" . }} | "
    "{{ template \"__alertmanagerURL\" . }}{{ end }}"
    "{{ define \"slack.default.titlelink\" }}"
    "{{ template \"__alertmanagerURL\" . }}{{ end }}"
    "{{ define \"slack.default.callbackid\" }}{{ end }}"
    "{{ define \"slack.default.pretext\" }}{{ end }}"
    "{{ define \"slack.default.iconemoji\" }}{{ end }}"
    "{{ define \"slack.default.iconurl\" }}{{ end }}"
    "{{ define \"slack.default.text\" }}{{ end }}"
    "{{ define \"slack.default.footer\" }}{{ end }}"
    "{{ define \"email.default.subject\" }}{{ template \"__subject\" . }}"
    "{{ end }}"
    "{{ define \"email.default.text\" }}{{ template \"__text_alerts\" . }}"
    "{{ end }}"
    "{{ define \"email.default.html\" }}<!DOCTYPE html>\n<html><body>\n"
    "<h2>{{ template \"__subject\" . }}</h2>\n<ul>\n"
    "{{ range .Alerts }}<li><b>{{ .Status }} {{ .Labels.alertname }}</b>"
    "{{ range .Labels.SortedPairs }}<br>{{ .Name }} = {{ .Value }}{{ end }}"
    "{{ range .Annotations.SortedPairs }}<br><i>{{ .Name }}</i>: {{ .Value }}"
    "{{ end }}{{ with .GeneratorURL }}<br><a href=\"{{ . }}\">Source</a>"
    "{{ end }}</li>\n{{ end }}</ul>\n"
    "<p><a href=\"{{ template \"__alertmanagerURL\" . }}\">kymo</a></p>\n"
    "</body></html>\n{{ end }}"
    "{{ define \"pagerduty.default.description\" }}"
    "{{ template \"__subject\" . }}{{ end }}"
    "{{ define \"pagerduty.default.client\" }}kymo{{ end }}"
    "{{ define \"pagerduty.default.clientURL\" }}"
    "{{ template \"__alertmanagerURL\" . }}{{ end }}"
    "{{ define \"pagerduty.default.instances\" }}"
    "{{ template \"__text_alert_list\" . }}{{ end }}"
    "{{ define \"opsgenie.default.message\" }}"
    "{{ template \"__subject\" . }}{{ end }}"
    "{{ define \"opsgenie.default.description\" }}"
    "{{ template \"__text_alerts\" . }}{{ end }}"
    "{{ define \"opsgenie.default.source\" }}"
    "{{ template \"__alertmanagerURL\" . }}{{ end }}"
    "{{ define \"discord.default.title\" }}{{ template \"__subject\" . }}"
    "{{ end }}"
    "{{ define \"discord.default.message\" }}"
    "{{ template \"__text_alerts\" . }}{{ end }}"
    "{{ define \"telegram.default.message\" }}"
    "{{ template \"__text_alerts\" . }}{{ end }}"
    "{{ define \"msteams.default.title\" }}{{ template \"__subject\" . }}"
    "{{ end }}"
    "{{ define \"msteams.default.text\" }}"
    "{{ template \"__text_alerts\" . }}{{ end }}";

/* "NAME:LINE:COLUMN: what"; name NULL: without. */
static int
place_set(const char *name, const char *text,
    const struct kyi_template_error *wrong, struct kymo_error *error)
{
	size_t line = 1, column = 1, i;

	for (i = 0; i < wrong->at_bytes && text[i] != '\0'; i++) {
		column++;
		if (text[i] == '\n') {
			line++;
			column = 1;
		}
	}
	return kymo_error_set(error, "%.150s%s%zu:%zu: %s",
	    name == NULL ? "" : name, name == NULL ? "" : ":", line, column,
	    wrong->error.text);
}

int
kymo_templates_new(struct kymo_templates **result, struct kymo_error *error)
{
	struct kymo_templates *templates = calloc(1, sizeof(*templates));
	struct kyi_template_error wrong = {.at_bytes = 0};

	*result = NULL;
	if (templates != NULL)
		templates->arena = kyi_arena_new(ROOM_BYTES_MAX);
	if (templates != NULL && templates->arena != NULL)
		templates->set = kyi_template_set_new(templates->arena);
	if (templates == NULL || templates->set == NULL) {
		kymo_templates_delete(templates);
		return kymo_error_set(error, "no memory for templates");
	}
	if (kyi_template_set_add(templates->set, "kymo", ours, &wrong) != 0) {
		kymo_templates_delete(templates);
		return place_set("kymo", ours, &wrong, error);
	}
	*result = templates;
	return 0;
}

void
kymo_templates_delete(struct kymo_templates *templates)
{
	if (templates == NULL)
		return;
	kyi_arena_delete(templates->arena);
	free(templates);
}

int
kymo_templates_add(struct kymo_templates *templates, const char *name,
    const char *text, struct kymo_error *error)
{
	struct kyi_template_error wrong = {.at_bytes = 0};
	char *kept = kyi_arena_text(templates->arena, text, strlen(text));
	char *called = kyi_arena_text(templates->arena, name, strlen(name));

	if (kept == NULL || called == NULL)
		return kymo_error_set(error, "%.200s: no memory, or too much "
		    "of templates", name);
	return kyi_template_set_add(templates->set, called, kept,
	    &wrong) == 0 ? 0 : place_set(name, text, &wrong, error);
}

int
kymo_templates_check(const struct kymo_templates *templates,
    struct kymo_error *error)
{
	struct kyi_template_error wrong = {.at_bytes = 0};
	const char *of = NULL, *text = "";

	if (kyi_template_set_check(templates->set, &of, &text, &wrong) == 0)
		return 0;
	return place_set(of, text, &wrong, error);
}

int
kymo_templates_try(const struct kymo_templates *templates, const char *text,
    enum kymo_template_as as, struct kymo_error *error)
{
	return kyi_template_try(templates, text, as, error);
}

int
kymo_templates_expand(const struct kymo_templates *templates,
    const char *text, enum kymo_template_as as, const char *body,
    struct kymo_buffer *out, struct kymo_error *error)
{
	json_error_t wrong;
	json_t *message = json_loads(body, 0, &wrong);
	int status;

	if (message == NULL)
		return kymo_error_set(error, "%d:%d: %.150s", wrong.line,
		    wrong.column, wrong.text);
	status = kyi_template_make(templates, text, as, message, out, error);
	json_decref(message);
	return status;
}

struct kyi_template *
kyi_templates_parse(const struct kymo_templates *templates,
    struct kyi_arena *arena, const char *text, struct kymo_error *error)
{
	struct kyi_template_error wrong = {.at_bytes = 0};
	struct kyi_template *parsed = kyi_template_parse_with(arena,
	    templates == NULL ? NULL : templates->set, text, &wrong);

	if (parsed == NULL)
		place_set(NULL, text, &wrong, error);
	return parsed;
}
