/* SPDX-License-Identifier: MIT */
/* Regular expressions by PCRE2, where the shape of one needs an engine. */
#include "reader/history/regex.h"

#include <stdlib.h>
#include <string.h>

#include "shm/atomic.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* Some milliseconds at worst; an honest match of a label takes a hundred
   steps. */
#define STEPS_MAX 200000u
#define HEAP_MAX_KIB 8192u
#define OPTIONS (PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOTALL | \
    PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY | \
    PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C)

/* What matching changes, apart from the expression, which many threads use. */
struct use {
	void *spare; /* pcre2_match_data that nobody has */
	uint64_t given_up_cnt;
};

struct kymo_regex {
	struct kyi_shape shape;
	pcre2_code *code; /* NULL: a list of literals too long for PCRE2 */
	pcre2_match_context *limits;
	struct use *use;
};

static pcre2_match_data *
take(const struct kymo_regex *regex)
{
	/* pairs(regex-spare): its last user is done with it. */
	pcre2_match_data *data = kyi_swap_ptr_acquire(&regex->use->spare, NULL);

	if (data != NULL)
		return data;
	return pcre2_match_data_create_from_pattern(regex->code, NULL);
}

static void
give_back(const struct kymo_regex *regex, pcre2_match_data *data)
{
	/* pairs(regex-spare): its last user is done with it. */
	pcre2_match_data_free(kyi_swap_ptr_acq_rel(&regex->use->spare, data));
}

/* The engine's answer; data is the caller's. Machine code has a small stack:
   what does not fit it is asked again of the interpreter. */
static bool
run(const struct kymo_regex *regex, const char *text, pcre2_match_data *data)
{
	size_t len_bytes = strlen(text);
	int found;

	if (data == NULL)
		found = PCRE2_ERROR_NOMEMORY;
	else
		found = pcre2_match(regex->code, (PCRE2_SPTR)text, len_bytes, 0,
		    0, data, regex->limits);
	if (found == PCRE2_ERROR_JIT_STACKLIMIT)
		found = pcre2_match(regex->code, (PCRE2_SPTR)text, len_bytes, 0,
		    PCRE2_NO_JIT, data, regex->limits);
	if (found < 0 && found != PCRE2_ERROR_NOMATCH)
		kyi_add_u64_relaxed(&regex->use->given_up_cnt, 1);
	return found >= 0;
}

bool
kymo_regex_match(const struct kymo_regex *regex, const char *text)
{
	pcre2_match_data *data;
	bool matches;

	if (regex->shape.kind != KYI_SHAPE_OTHER)
		return kyi_shape_match(&regex->shape, text);
	data = take(regex);
	matches = run(regex, text, data);
	give_back(regex, data);
	return matches;
}

uint64_t
kymo_regex_given_up(const struct kymo_regex *regex)
{
	return kyi_load_u64_relaxed(&regex->use->given_up_cnt);
}

/* ---- making ------------------------------------------------------------ */

static int
compile(struct kymo_regex *regex, const char *translated,
    struct kymo_error *error)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	PCRE2_SIZE offset;
	PCRE2_UCHAR why[160];
	int number;

	if (context == NULL)
		return kymo_error_set(error, "out of memory");
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	regex->code = pcre2_compile((PCRE2_SPTR)translated,
	    PCRE2_ZERO_TERMINATED, OPTIONS, &number, &offset, context);
	pcre2_compile_context_free(context);
	if (regex->code == NULL && number == PCRE2_ERROR_PATTERN_TOO_LARGE &&
	    regex->shape.kind == KYI_SHAPE_SET)
		return 0;
	if (regex->code == NULL) {
		pcre2_get_error_message(number, why, sizeof why);
		return kymo_error_set(error, "%s", (const char *)why);
	}
	/* Where no memory may be written and run, the interpreter does. */
	if (regex->shape.kind != KYI_SHAPE_SET)
		pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE);
	return 0;
}

static int
make(struct kymo_regex *regex, const char *text, struct kymo_error *error)
{
	struct kymo_buffer translated = { 0 };
	int result;

	regex->use = calloc(1, sizeof *regex->use);
	regex->limits = pcre2_match_context_create(NULL);
	if (regex->use == NULL || regex->limits == NULL ||
	    kyi_shape_of(text, &regex->shape) != 0)
		return kymo_error_set(error, "out of memory");
	pcre2_set_match_limit(regex->limits, STEPS_MAX);
	pcre2_set_heap_limit(regex->limits, HEAP_MAX_KIB);
	result = kyi_re2_translate(text, &translated, error);
	if (result == 0)
		result = compile(regex,
		    translated.at == NULL ? "" : translated.at, error);
	kymo_buffer_free(&translated);
	return result;
}

int
kymo_regex_new(struct kymo_regex **regex, const char *text,
    struct kymo_error *error)
{
	struct kymo_error why = { "" };

	*regex = calloc(1, sizeof **regex);
	if (*regex == NULL)
		return kymo_error_set(error, "out of memory");
	if (make(*regex, text, &why) == 0)
		return 0;
	kymo_regex_delete(*regex);
	*regex = NULL;
	return kymo_error_set(error, "regular expression '%.100s': %s", text,
	    why.text);
}

void
kymo_regex_delete(struct kymo_regex *regex)
{
	if (regex == NULL)
		return;
	if (regex->use != NULL)
		pcre2_match_data_free(regex->use->spare);
	free(regex->use);
	pcre2_code_free(regex->code);
	pcre2_match_context_free(regex->limits);
	kyi_shape_free(&regex->shape);
	free(regex);
}

/* ---- templates --------------------------------------------------------- */

/* The bytes of the name at $name or ${name}, and *end behind it; 0: none. */
static size_t
reference(const char *at, const char **name, const char **end)
{
	bool braces = at[1] == '{';
	size_t len_bytes;

	*name = at + 1 + braces;
	len_bytes = strspn(*name, "0123456789_abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	if (len_bytes == 0 || (braces && (*name)[len_bytes] != '}'))
		return 0;
	*end = *name + len_bytes + braces;
	return len_bytes;
}

/* A group's number, by number or name; -1: there is none. */
static int
group_of(const struct kymo_regex *regex, const char *name, size_t len_bytes)
{
	char room[64];
	int number;

	if (len_bytes >= sizeof room)
		return -1;
	memcpy(room, name, len_bytes);
	room[len_bytes] = '\0';
	if (strspn(room, "0123456789") == len_bytes) {
		if (len_bytes > 5 || (len_bytes > 1 && room[0] == '0'))
			return -1;
		return atoi(room);
	}
	if (regex->code == NULL)
		return -1;
	number = pcre2_substring_number_from_name(regex->code,
	    (PCRE2_SPTR)room);
	return number > 0 ? number : -1;
}

/* found: pairs of offsets, pair_cnt of them. As Go's Regexp.Expand: a group
   that is not there or has not matched is nothing, a $ alone is itself. */
static void
expand(const struct kymo_regex *regex, const char *text,
    const PCRE2_SIZE *found, uint32_t pair_cnt, const char *at,
    struct kymo_buffer *out)
{
	size_t most_bytes = out->len_bytes + KYMO_LABEL_BYTES_MAX, len_bytes;
	const char *name, *end;
	int number;

	for (; *at != '\0' && !out->failed; at = end) {
		len_bytes = strcspn(at, "$");
		kymo_buffer_add(out, at, len_bytes);
		at += len_bytes;
		end = at;
		if (*at == '\0')
			break;
		end = at + 1 + (at[1] == '$');
		len_bytes = at[1] == '$' ? 0 : reference(at, &name, &end);
		if (len_bytes == 0) {
			kymo_buffer_char(out, '$');
			continue;
		}
		number = group_of(regex, name, len_bytes);
		if (number >= 0 && (uint32_t)number < pair_cnt &&
		    found[2 * number] != PCRE2_UNSET)
			kymo_buffer_add(out, text + found[2 * number],
			    found[2 * number + 1] - found[2 * number]);
		out->failed = out->failed || out->len_bytes > most_bytes;
	}
}

bool
kymo_regex_expand(const struct kymo_regex *regex, const char *text,
    const char *template_text, struct kymo_buffer *out)
{
	PCRE2_SIZE whole[2] = { 0, strlen(text) };
	pcre2_match_data *data;
	bool matches;

	if (regex->code == NULL) {
		matches = kyi_shape_match(&regex->shape, text);
		if (matches)
			expand(regex, text, whole, 1, template_text, out);
		return matches;
	}
	data = take(regex);
	matches = run(regex, text, data);
	if (matches)
		expand(regex, text, pcre2_get_ovector_pointer(data),
		    pcre2_get_ovector_count(data), template_text, out);
	give_back(regex, data);
	return matches;
}
