/* SPDX-License-Identifier: MIT */
#include "reader/config/yaml_reader.h"

#include <stdio.h>
#include <string.h>


static int
fault_at(struct kyi_yaml *yaml, yaml_mark_t mark, const char *text)
{
	return kymo_error_set(yaml->error, "%s:%zu:%zu: %s", yaml->name,
	    mark.line + 1, mark.column + 1, text);
}

int
kyi_yaml_error(struct kyi_yaml *yaml, const char *format, ...)
{
	char text[sizeof(yaml->error->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return fault_at(yaml, yaml->event.start_mark, text);
}

int
kyi_yaml_error_at(struct kyi_yaml *yaml, struct kymo_config_place place,
    const char *format, ...)
{
	char text[sizeof(yaml->error->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return kymo_error_set(yaml->error, "%s:%u:%u: %s", yaml->name,
	    place.line, place.column, text);
}

struct kymo_config_place
kyi_yaml_place(const struct kyi_yaml *yaml)
{
	return (struct kymo_config_place){
		(uint32_t)yaml->event.start_mark.line + 1,
		(uint32_t)yaml->event.start_mark.column + 1
	};
}

/* What the YAML library says, in one sentence. */
static int
syntax_error(struct kyi_yaml *yaml)
{
	const yaml_parser_t *parser = &yaml->parser;
	char text[300];

	if (parser->error == YAML_READER_ERROR)
		return kymo_error_set(yaml->error, "%s: byte %zu: %s",
		    yaml->name, parser->problem_offset,
		    parser->problem == NULL ? "not UTF-8" : parser->problem);
	snprintf(text, sizeof(text), "%s%s%s",
	    parser->problem == NULL ? "not YAML" : parser->problem,
	    parser->context == NULL ? "" : ", ",
	    parser->context == NULL ? "" : parser->context);
	return fault_at(yaml, parser->problem_mark, text);
}

/* Anchors and tags have no use here, and much misuse. */
static int
refuse(struct kyi_yaml *yaml)
{
	const yaml_event_t *event = &yaml->event;
	const void *anchor = NULL, *tag = NULL;

	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return yaml->anchors ? 0 : kyi_yaml_error(yaml, "aliases are "
		    "not used here; write the value itself");
	case YAML_SCALAR_EVENT:
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
		break;
	default:
		break;
	}
	if (anchor != NULL && !yaml->anchors)
		return kyi_yaml_error(yaml, "anchors are not used here; leave "
		    "out the word with &");
	if (tag != NULL)
		return kyi_yaml_error(yaml, "tags are not used here; leave out "
		    "the word with !");
	return 0;
}

int
kyi_yaml_next(struct kyi_yaml *yaml)
{
	uint32_t event_max = yaml->event_max > 0 ? yaml->event_max :
	    KYI_CONFIG_EVENTS_MAX;

	yaml_event_delete(&yaml->event);
	memset(&yaml->event, 0, sizeof(yaml->event));
	if (!yaml_parser_parse(&yaml->parser, &yaml->event))
		return syntax_error(yaml);
	if (++yaml->event_cnt > event_max)
		return kyi_yaml_error(yaml, "more than %u values; this is no "
		    "configuration", event_max);
	return refuse(yaml);
}

bool
kyi_yaml_plain(const struct kyi_yaml *yaml)
{
	return yaml->event.type == YAML_SCALAR_EVENT &&
	    yaml->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

const char *
kyi_yaml_text(struct kyi_yaml *yaml, const char *what)
{
	const char *text, *found = NULL;

	if (yaml->event.type == YAML_SEQUENCE_START_EVENT)
		found = "a list";
	else if (yaml->event.type == YAML_MAPPING_START_EVENT)
		found = "keys and values";
	else if (yaml->event.type != YAML_SCALAR_EVENT)
		found = "the end";
	if (found != NULL) {
		kyi_yaml_error(yaml, "expected %s, found %s", what, found);
		return NULL;
	}
	text = (const char *)yaml->event.data.scalar.value;
	if (strlen(text) != yaml->event.data.scalar.length) {
		kyi_yaml_error(yaml, "expected %s, found a NUL byte", what);
		return NULL;
	}
	if (kyi_yaml_plain(yaml) && (text[0] == '\0' ||
	    strcmp(text, "~") == 0 || strcmp(text, "null") == 0)) {
		kyi_yaml_error(yaml, "expected %s, found nothing", what);
		return NULL;
	}
	return text;
}
