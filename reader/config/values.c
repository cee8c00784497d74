/* SPDX-License-Identifier: MIT */
#include "reader/config/values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/nearest.h"

#define PATH_BYTES_MAX 4000u
#define TEXT_BYTES_MAX 4000u
#define MS_NS 1000000u

/* ---- single values ------------------------------------------------------------ */

int
kyi_config_u64(struct kyi_yaml *yaml, uint64_t *to, uint64_t min, uint64_t max)
{
	const char *text = kyi_yaml_text(yaml, "a number");
	char *end;
	unsigned long long n;

	if (text == NULL)
		return -1;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (!kyi_yaml_plain(yaml))
		return kyi_yaml_error(yaml, "expected a number, found the text "
		    "'%s'; leave out the quotes", text);
	if (text[0] < '0' || text[0] > '9' || *end != '\0')
		return kyi_yaml_error(yaml, "expected a number, found '%s'",
		    text);
	if (errno != 0 || n < min || n > max)
		return kyi_yaml_error(yaml, "%s is out of range; from %llu to "
		    "%llu", text, (unsigned long long)min,
		    (unsigned long long)max);
	*to = n;
	return 0;
}

int
kyi_config_number(struct kyi_yaml *yaml, uint32_t *to, uint32_t min,
    uint32_t max)
{
	uint64_t n = 0;

	if (kyi_config_u64(yaml, &n, min, max) != 0)
		return -1;
	*to = (uint32_t)n;
	return 0;
}

/* The scalar by parse, between two that are good. */
static int
ranged(struct kyi_yaml *yaml, uint64_t *to, const char *what, const char *min,
    const char *max,
    int (*parse)(uint64_t *to, const char *text, struct kymo_error *error))
{
	const char *text = kyi_yaml_text(yaml, what);
	struct kymo_error why = { "" };
	uint64_t low = 0, high = UINT64_MAX;

	if (text == NULL)
		return -1;
	if (parse(to, text, &why) != 0)
		return kyi_yaml_error(yaml, "%s", why.text);
	if (parse(&low, min, &why) != 0 || parse(&high, max, &why) != 0 ||
	    *to < low || *to > high)
		return kyi_yaml_error(yaml, "%s is out of range; from %s to %s",
		    text, min, max);
	return 0;
}

int
kyi_config_duration_ns(struct kyi_yaml *yaml, uint64_t *ns, const char *min,
    const char *max)
{
	return ranged(yaml, ns, "a duration, as 1s", min, max,
	    kymo_duration_parse);
}

int
kyi_config_duration_ms(struct kyi_yaml *yaml, uint64_t *ms, const char *min,
    const char *max)
{
	uint64_t ns = 0;

	if (kyi_config_duration_ns(yaml, &ns, min, max) != 0)
		return -1;
	if (ns % MS_NS != 0)
		return kyi_yaml_error(yaml, "%s is not a whole number of "
		    "milliseconds", (char *)yaml->event.data.scalar.value);
	*ms = ns / MS_NS;
	return 0;
}

int
kyi_config_size(struct kyi_yaml *yaml, uint64_t *bytes, const char *min,
    const char *max)
{
	return ranged(yaml, bytes, "a size, as 512MiB", min, max,
	    kymo_size_parse);
}

int
kyi_config_bool(struct kyi_yaml *yaml, bool *to)
{
	const char *text = kyi_yaml_text(yaml, "true or false");

	if (text == NULL)
		return -1;
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return kyi_yaml_error(yaml, "expected true or false, found "
		    "'%.60s'", text);
	if (!kyi_yaml_plain(yaml))
		return kyi_yaml_error(yaml, "expected true or false, found the "
		    "text '%s'; leave out the quotes", text);
	*to = text[0] == 't';
	return 0;
}

int
kyi_config_text(struct kyi_yaml *yaml, char **to, const char *what)
{
	const char *text = kyi_yaml_text(yaml, what);

	if (text == NULL)
		return -1;
	if (text[0] == '\0')
		return kyi_yaml_error(yaml, "expected %s, found an empty text",
		    what);
	if (strlen(text) > TEXT_BYTES_MAX)
		return kyi_yaml_error(yaml, "expected %s, found more than %u "
		    "bytes", what, TEXT_BYTES_MAX);
	free(*to);
	*to = strdup(text);
	return *to == NULL ? kyi_yaml_error(yaml, "out of memory") : 0;
}

static int
path_copy(struct kyi_yaml *yaml, char **to, const char *text)
{
	size_t len_bytes = strlen(text);

	if (text[0] != '/')
		return kyi_yaml_error(yaml, "'%s' is not an absolute path",
		    text);
	if (len_bytes > PATH_BYTES_MAX)
		return kyi_yaml_error(yaml, "a path of more than %u bytes",
		    PATH_BYTES_MAX);
	while (len_bytes > 1 && text[len_bytes - 1] == '/')
		len_bytes--;
	free(*to);
	*to = strndup(text, len_bytes);
	return *to == NULL ? kyi_yaml_error(yaml, "out of memory") : 0;
}

int
kyi_config_path(struct kyi_yaml *yaml, char **to)
{
	const char *text = kyi_yaml_text(yaml, "the path of a directory");

	return text == NULL ? -1 : path_copy(yaml, to, text);
}

int
kyi_config_path_or_memory(struct kyi_yaml *yaml, char **to)
{
	const char *text = kyi_yaml_text(yaml, "a path, or memory");

	if (text == NULL)
		return -1;
	if (strcmp(text, "memory") != 0)
		return path_copy(yaml, to, text);
	free(*to);
	*to = strdup("");
	return *to == NULL ? kyi_yaml_error(yaml, "out of memory") : 0;
}

/* ---- lists ---------------------------------------------------------------------- */

int
kyi_config_list(struct kyi_yaml *yaml, void *to, kyi_config_read *item,
    uint32_t max)
{
	uint32_t cnt = 0;

	if (yaml->event.type != YAML_SEQUENCE_START_EVENT)
		return item(yaml, to);
	for (;;) {
		if (kyi_yaml_next(yaml) != 0)
			return -1;
		if (yaml->event.type == YAML_SEQUENCE_END_EVENT)
			return 0;
		if (cnt++ == max)
			return kyi_yaml_error(yaml, "more than %u in this list",
			    max);
		if (item(yaml, to) != 0)
			return -1;
	}
}

void *
kyi_config_longer(struct kyi_yaml *yaml, void *array, uint32_t cnt,
    size_t bytes)
{
	char *at = realloc(array, (cnt + 1) * bytes);

	if (at == NULL) {
		kyi_yaml_error(yaml, "out of memory");
		return NULL;
	}
	memset(at + cnt * bytes, 0, bytes);
	return at;
}

int
kyi_config_text_add(struct kyi_yaml *yaml, char ***texts, uint32_t *cnt,
    const char *what)
{
	char **array = kyi_config_longer(yaml, *texts, *cnt, sizeof(array[0]));

	if (array == NULL)
		return -1;
	*texts = array;
	if (kyi_config_text(yaml, &array[*cnt], what) != 0)
		return -1;
	(*cnt)++;
	return 0;
}

/* ---- keys ------------------------------------------------------------------------ */

#define KEY_MAX 32u

static int
unknown_key(struct kyi_yaml *yaml, const char *text,
    const struct kyi_config_key *keys, size_t key_cnt)
{
	const char *names[KEY_MAX], *nearest;
	char all[320] = "";
	size_t i, used = 0;

	if (strcmp(text, "<<") == 0)
		return kyi_yaml_error(yaml, "merge keys are not used here; "
		    "write the values themselves");
	for (i = 0; i < key_cnt; i++) {
		names[i] = keys[i].name;
		if (!keys[i].old && used < sizeof(all))
			used += (size_t)snprintf(all + used,
			    sizeof(all) - used, "%s%s", used == 0 ? "" : ", ",
			    keys[i].name);
	}
	nearest = kyi_nearest(text, names, key_cnt);
	if (nearest != NULL)
		return kyi_yaml_error(yaml, "unknown key '%.60s'; did you mean "
		    "'%s'?", text, nearest);
	return kyi_yaml_error(yaml, "unknown key '%.60s'; there are %s", text,
	    all);
}

static int
is_mapping(struct kyi_yaml *yaml, const char *example)
{
	if (yaml->event.type == YAML_MAPPING_START_EVENT)
		return 0;
	return kyi_yaml_error(yaml, "expected keys and values, as %s", example);
}

int
kyi_config_mapping(struct kyi_yaml *yaml, void *to,
    const struct kyi_config_key *keys, size_t key_cnt, const char *example)
{
	uint32_t seen = 0;
	const char *text;
	size_t i;

	if (is_mapping(yaml, example) != 0)
		return -1;
	for (;;) {
		if (kyi_yaml_next(yaml) != 0)
			return -1;
		if (yaml->event.type == YAML_MAPPING_END_EVENT)
			return 0;
		text = kyi_yaml_text(yaml, "a key");
		if (text == NULL)
			return -1;
		for (i = 0; i < key_cnt; i++)
			if (strcmp(text, keys[i].name) == 0)
				break;
		if (i == key_cnt)
			return unknown_key(yaml, text, keys, key_cnt);
		if (seen >> i & 1)
			return kyi_yaml_error(yaml, "'%s' is there twice",
			    text);
		seen |= 1u << i;
		if (kyi_yaml_next(yaml) != 0 || keys[i].read(yaml, to) != 0)
			return -1;
	}
}

int
kyi_config_free_mapping(struct kyi_yaml *yaml, void *to, kyi_config_read *item,
    uint32_t max, const char *example)
{
	uint32_t cnt = 0;

	if (is_mapping(yaml, example) != 0)
		return -1;
	for (;;) {
		if (kyi_yaml_next(yaml) != 0)
			return -1;
		if (yaml->event.type == YAML_MAPPING_END_EVENT)
			return 0;
		if (cnt++ == max)
			return kyi_yaml_error(yaml, "more than %u of these",
			    max);
		if (item(yaml, to) != 0)
			return -1;
	}
}
