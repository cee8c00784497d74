/* SPDX-License-Identifier: MIT */
/* YAML, event by event: no tree is built, so nothing can grow. Tags and second
   documents are refused where they stand, and so are anchors and aliases where
   whoever reads does not ask for them. */
#ifndef KYI_CONFIG_YAML_READER_H
#define KYI_CONFIG_YAML_READER_H

#include <stdarg.h>
#include <yaml.h>

#include "reader/config/config.h"

#define KYI_CONFIG_EVENTS_MAX 100000u

struct kyi_yaml {
	const char *name; /* the path, for messages */
	yaml_parser_t parser;
	yaml_event_t event; /* the one that is looked at */
	uint32_t event_cnt, event_max; /* max 0: KYI_CONFIG_EVENTS_MAX */
	bool anchors; /* anchors and aliases are let through */
	struct kymo_error *error;
	struct kyi_config_places *places; /* of a configuration's reader */
};

/* kyi_yaml_next looks at the next event; -1 with the error set where there is
   none, or one of a kind that is refused. */
KYMO_MUST_CHECK int kyi_yaml_next(struct kyi_yaml *yaml);

/* "name:line:col: " and the text, for the event that is looked at. */
int kyi_yaml_error(struct kyi_yaml *yaml, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same of a place that was looked at before; and the place that is. */
int kyi_yaml_error_at(struct kyi_yaml *yaml, struct kymo_config_place place,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
struct kymo_config_place kyi_yaml_place(const struct kyi_yaml *yaml);

/* The text of the scalar that is looked at; what it should be ("a duration")
   is for the error, which also says what is there instead. NULL: an error. A
   null (nothing, ~) is an error, too. */
const char *kyi_yaml_text(struct kyi_yaml *yaml, const char *what);

/* Whether this is a plain scalar, not a quoted one. */
bool kyi_yaml_plain(const struct kyi_yaml *yaml);

#endif
