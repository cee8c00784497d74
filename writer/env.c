/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "writer/env.h"

static bool
is_set(const char *name)
{
	const char *value = secure_getenv(name);

	return value != NULL && *value != '\0' && strcmp(value, "0") != 0;
}

void
kyi_env_read(struct kyi_env *env)
{
	const char *value;

	memset(env, 0, sizeof(*env));
	value = secure_getenv("KYMO");
	env->off = value != NULL && strcmp(value, "off") == 0;
	value = secure_getenv("KYMO_CLOCK");
	env->clock_is_os = value != NULL && strcmp(value, "monotonic") == 0;
	env->quiet = is_set("KYMO_QUIET");
	env->allow_disk = is_set("KYMO_ALLOW_DISK");
	value = secure_getenv("KYMO_SERVICE");
	if (value != NULL && *value != '\0')
		kyi_service_clean(env->service, value);
	value = secure_getenv("KYMO_COMPONENTS");
	if (value != NULL)
		kyi_env_components(env, value);
}

/* RATE as 1/n. By hand: strtod() would read it by the locale's rules. */
static bool
rate_parse(const char *at, size_t len_bytes, uint32_t *sample_n)
{
	uint64_t value = 0, unit = 1;
	bool digits = false, point = false;
	size_t i;

	for (i = 0; i < len_bytes; i++) {
		if (at[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (at[i] < '0' || at[i] > '9')
			return false;
		digits = true;
		if (unit >= 1000000000u || value >= 1000000000u)
			continue; /* further digits change nothing */
		value = value * 10 + (uint64_t)(at[i] - '0');
		if (point)
			unit *= 10;
	}
	if (!digits || value == 0 || value > unit)
		return false;
	value = (unit + value / 2) / value;
	*sample_n = value > KYI_SAMPLE_MAX ? KYI_SAMPLE_MAX : (uint32_t)value;
	return true;
}

/* One item, without blanks around it. */
static bool
rule_parse(const char *at, size_t len_bytes, size_t at_off,
    struct kyi_rule *rule)
{
	const char *colon = memchr(at, ':', len_bytes);
	size_t name_bytes = colon == NULL ? len_bytes : (size_t)(colon - at);
	bool off = *at == '-';

	rule->sample_n = off ? 0 : 1;
	if (colon != NULL && (off || !rate_parse(colon + 1,
	    len_bytes - name_bytes - 1, &rule->sample_n)))
		return false;
	at += off;
	name_bytes -= off;
	if (name_bytes == 0 || !(kyi_component_is(at, name_bytes) ||
	    (name_bytes == 1 && *at == '*')))
		return false;
	rule->at_off = (uint16_t)(at_off + off);
	rule->len_bytes = (uint16_t)name_bytes;
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void
item_add(struct kyi_env *env, size_t at_off, size_t end_off)
{
	const char *text = env->components;

	while (at_off < end_off && is_blank(text[at_off]))
		at_off++;
	while (at_off < end_off && is_blank(text[end_off - 1]))
		end_off--;
	if (at_off == end_off)
		return;
	if (env->rule_cnt < KYI_RULE_MAX && rule_parse(text + at_off,
	    end_off - at_off, at_off, &env->rules[env->rule_cnt])) {
		env->rule_cnt++;
		return;
	}
	if (env->malformed_cnt++ == 0) {
		env->malformed_off = (uint16_t)at_off;
		env->malformed_bytes = (uint16_t)(end_off - at_off);
	}
}

void
kyi_env_components(struct kyi_env *env, const char *text)
{
	size_t len_bytes = strnlen(text, KYI_COMPONENTS_BYTES_MAX - 1);
	size_t at_off = 0, i;

	memcpy(env->components, text, len_bytes);
	env->components[len_bytes] = '\0';
	for (i = 0; i <= len_bytes; i++)
		if (i == len_bytes || text[i] == ',') {
			item_add(env, at_off, i);
			at_off = i + 1;
		}
	if (text[len_bytes] != '\0')
		env->malformed_cnt++;
}

uint32_t
kyi_env_sample_n(const struct kyi_env *env, const char *component,
    size_t len_bytes)
{
	uint32_t sample_n = 1, i;
	bool named = false;

	for (i = 0; i < env->rule_cnt; i++) {
		const struct kyi_rule *rule = &env->rules[i];
		const char *name = env->components + rule->at_off;

		if (rule->len_bytes == len_bytes &&
		    memcmp(name, component, len_bytes) == 0) {
			sample_n = rule->sample_n;
			named = true;
		} else if (!named && rule->len_bytes == 1 && *name == '*') {
			sample_n = rule->sample_n;
		}
	}
	return sample_n;
}
