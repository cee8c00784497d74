/* SPDX-License-Identifier: MIT */
/* reader/history/regex.c: the spare memory of an expression goes from thread to
   thread, and is one thread's at a time. PCRE2 makes the expression; the memory
   of a match is the model's. */
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "reader/history/samples.h"
#include "tests/model/explore.h"
#include "tests/model/models.h"

pcre2_match_data *__wrap_pcre2_match_data_create_from_pattern_8(
    const pcre2_code *code, pcre2_general_context *context);
void __wrap_pcre2_match_data_free_8(pcre2_match_data *data);
int __wrap_pcre2_match_8(const pcre2_code *code, PCRE2_SPTR text,
    PCRE2_SIZE bytes, PCRE2_SIZE from, uint32_t options,
    pcre2_match_data *data, pcre2_match_context *context);

static struct kymo_regex *regex;

pcre2_match_data *
__wrap_pcre2_match_data_create_from_pattern_8(const pcre2_code *code,
    pcre2_general_context *context)
{
	(void)code;
	(void)context;
	return malloc(sizeof(uint64_t));
}

void
__wrap_pcre2_match_data_free_8(pcre2_match_data *data)
{
	free(data);
}

int
__wrap_pcre2_match_8(const pcre2_code *code, PCRE2_SPTR text, PCRE2_SIZE bytes,
    PCRE2_SIZE from, uint32_t options, pcre2_match_data *data,
    pcre2_match_context *context)
{
	uint64_t *own = (void *)data;

	(void)code;
	(void)from;
	(void)options;
	(void)context;
	*own = bytes;
	return text[0] == 'a' && *own == bytes ? 1 : PCRE2_ERROR_NOMATCH;
}

static void
regex_setup(void)
{
	struct kymo_error error;

	if (kymo_regex_new(&regex, "a.*b.*c", &error) != 0)
		abort();
}

static void
regex_match(void)
{
	model_assert(kymo_regex_match(regex, "abc"), "no match");
	model_assert(!kymo_regex_match(regex, "b"), "a match");
}

static void
regex_check(void)
{
	model_assert(kymo_regex_given_up(regex) == 0, "a match was given up");
}

const struct model model_regex = {
	.name = "regex",
	.setup = regex_setup,
	.thread = { regex_match, regex_match },
	.check = regex_check,
	.departures = 3,
	.runs = 4000,
	.walks = 500,
};
