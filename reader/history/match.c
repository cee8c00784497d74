/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "reader/history/samples.h"

bool
kymo_matcher_match(const struct kymo_matcher *matcher, const char *value)
{
	switch (matcher->match) {
	case KYMO_MATCH_EQUAL:
		return strcmp(matcher->value, value) == 0;
	case KYMO_MATCH_NOT_EQUAL:
		return strcmp(matcher->value, value) != 0;
	case KYMO_MATCH_REGEX:
		return kymo_regex_match(matcher->regex, value);
	case KYMO_MATCH_NOT_REGEX:
		return !kymo_regex_match(matcher->regex, value);
	}
	return false;
}

bool
kymo_matchers_match(const struct kymo_matcher *matchers, uint32_t cnt,
    const struct kymo_labels *labels)
{
	for (uint32_t i = 0; i < cnt; i++)
		if (!kymo_matcher_match(&matchers[i],
		    kymo_labels_get(labels, matchers[i].key)))
			return false;
	return true;
}
