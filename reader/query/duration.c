/* SPDX-License-Identifier: MIT */
/* Durations: literals, and Prometheus' arithmetic of them (an experiment
   there): 5m + 2 * step(), min_of(..), max_of(..), range(). */
#include <math.h>
#include <string.h>

#include "reader/query/parse.h"

#define SECONDS_MAX 9.2e9 /* what upstream's nanoseconds hold */
#define WHAT "a duration such as 5m"

enum kind { LITERAL, STEP, RANGE, NEGATE, PAREN, MIN_OF, MAX_OF, ARITHMETIC };

struct kyi_duration {
	enum kind kind;
	char sign; /* ARITHMETIC: + - * / % ^ */
	bool is_number; /* LITERAL: 300, not 5m */
	double seconds;
	const struct kyi_duration *left, *right;
	uint32_t from_bytes, to_bytes;
};

static struct kyi_duration *climb(struct kyi_parser *parser, int tight);

/* ---- values -------------------------------------------------------------- */

/* NaN: it is not known yet. */
static double
value(struct kyi_parser *parser, const struct kyi_duration *d)
{
	double left, right;

	if (d->kind == LITERAL)
		return d->seconds;
	if (d->kind == STEP || d->kind == RANGE)
		return parser->bind == NULL ? NAN : (double)(d->kind == STEP ?
		    parser->bind->step_ms : parser->bind->range_ms) / 1000;
	right = value(parser, d->right);
	if (d->kind == PAREN)
		return right;
	if (d->kind == NEGATE)
		return -right;
	left = value(parser, d->left);
	if ((d->sign == '/' || d->sign == '%') && right == 0)
		kyi_parse_fail(parser, d->right->from_bytes,
		    d->right->to_bytes, "a division by zero");
	if (isnan(left) || isnan(right))
		return NAN;
	if (d->kind == MIN_OF)
		return left < right ? left : right;
	if (d->kind == MAX_OF)
		return left > right ? left : right;
	switch (d->sign) {
	case '+':
		return left + right;
	case '-':
		return left - right;
	case '*':
		return left * right;
	case '/':
		return left / right;
	case '%':
		return fmod(left, right);
	default:
		return pow(left, right);
	}
}

/* ---- parsing --------------------------------------------------------------- */

static struct kyi_duration *
new_duration(struct kyi_parser *parser, enum kind kind, uint32_t from_bytes)
{
	struct kyi_duration *made = kyi_arena_get(parser->query->arena,
	    sizeof *made);

	if (made == NULL)
		return kyi_parse_no_memory(parser);
	made->kind = kind;
	made->from_bytes = from_bytes;
	made->to_bytes = parser->token.to_bytes;
	return made;
}

static struct kyi_duration *
literal(struct kyi_parser *parser)
{
	const struct kyi_token *token = &parser->token;
	struct kyi_duration *made = new_duration(parser, LITERAL,
	    token->from_bytes);

	if (made == NULL)
		return NULL;
	if (!(fabs(token->number) <= SECONDS_MAX))
		return kyi_parse_fail(parser, token->from_bytes,
		    token->to_bytes, "a duration of more than 291 years");
	made->is_number = token->kind == KYI_TOKEN_NUMBER;
	made->seconds = token->number;
	kyi_parse_next(parser);
	return made;
}

static struct kyi_duration *
paren(struct kyi_parser *parser)
{
	struct kyi_duration *made = new_duration(parser, PAREN,
	    parser->token.from_bytes);

	if (made == NULL)
		return NULL;
	kyi_parse_next(parser);
	made->right = climb(parser, 1);
	made->to_bytes = parser->token.to_bytes;
	if (made->right == NULL || !kyi_parse_skip(parser, ')', ")"))
		return NULL;
	return made;
}

static struct kyi_duration *
call(struct kyi_parser *parser, enum kind kind)
{
	struct kyi_duration *made = new_duration(parser, kind,
	    parser->token.from_bytes);

	if (made == NULL)
		return NULL;
	kyi_parse_next(parser);
	if (!kyi_parse_skip(parser, '(', "("))
		return NULL;
	if (kind == MIN_OF || kind == MAX_OF) {
		made->left = climb(parser, 1);
		if (made->left == NULL ||
		    !kyi_parse_skip(parser, ',', "a comma"))
			return NULL;
		made->right = climb(parser, 1);
		if (made->right == NULL)
			return NULL;
	}
	made->to_bytes = parser->token.to_bytes;
	return kyi_parse_skip(parser, ')', ")") ? made : NULL;
}

static struct kyi_duration *
operand(struct kyi_parser *parser)
{
	if (parser->token.kind == KYI_TOKEN_NUMBER ||
	    parser->token.kind == KYI_TOKEN_DURATION)
		return literal(parser);
	if (parser->token.kind == '(')
		return paren(parser);
	if (kyi_parse_is_word(parser, "step"))
		return call(parser, STEP);
	if (kyi_parse_is_word(parser, "range"))
		return call(parser, RANGE);
	if (kyi_parse_is_word(parser, "min_of"))
		return call(parser, MIN_OF);
	if (kyi_parse_is_word(parser, "max_of"))
		return call(parser, MAX_OF);
	return kyi_parse_expected(parser, WHAT);
}

/* A sign before a literal is part of it. inner reads what the sign is of. */
static struct kyi_duration *
sign(struct kyi_parser *parser, bool is_offset)
{
	struct kyi_token token = parser->token;
	struct kyi_duration *made, *inner;

	kyi_parse_next(parser);
	inner = is_offset ? operand(parser) : climb(parser, 3);
	if (inner == NULL)
		return NULL;
	if (inner->kind == LITERAL && token.kind == '-')
		inner->seconds = -inner->seconds;
	if (inner->kind == LITERAL || token.kind == '+') {
		inner->from_bytes = token.from_bytes;
		return inner;
	}
	made = new_duration(parser, NEGATE, token.from_bytes);
	if (made == NULL)
		return NULL;
	made->right = inner;
	made->to_bytes = inner->to_bytes;
	return made;
}

static struct kyi_duration *
prefix(struct kyi_parser *parser)
{
	struct kyi_duration *made;

	if (++parser->nested_cnt > KYI_NESTED_MAX)
		return kyi_parse_fail(parser, parser->token.from_bytes,
		    parser->token.to_bytes, "nested more than %u deep",
		    KYI_NESTED_MAX);
	if (parser->token.kind == '-' || parser->token.kind == '+')
		made = sign(parser, false);
	else
		made = operand(parser);
	parser->nested_cnt--;
	return made;
}

/* As expressions: 1 for + and -, 2 for * / %, 3 for ^, which goes from the
   right. */
static struct kyi_duration *
climb(struct kyi_parser *parser, int tight)
{
	uint32_t nested_cnt = parser->nested_cnt;
	struct kyi_duration *left = prefix(parser), *made;

	while (left != NULL) {
		int c = parser->token.kind;
		int mine = c == '+' || c == '-' ? 1 : c == '^' ? 3 :
		    c == '*' || c == '/' || c == '%' ? 2 : 0;

		if (mine == 0 || mine < tight)
			break;
		made = new_duration(parser, ARITHMETIC, left->from_bytes);
		if (made == NULL)
			return NULL;
		kyi_parse_next(parser);
		parser->nested_cnt++; /* in a row is as deep to walk */
		made->sign = (char)c;
		made->left = left;
		made->right = climb(parser, c == '^' ? mine : mine + 1);
		if (made->right == NULL)
			return NULL;
		made->to_bytes = made->right->to_bytes;
		left = made;
	}
	parser->nested_cnt = nested_cnt;
	return left;
}

/* ---- what it comes to ------------------------------------------------------ */

static bool
whole_ms(struct kyi_parser *parser, bool is_offset,
    const struct kyi_duration *d, int64_t *ms)
{
	bool is_literal = d->kind == LITERAL;
	double seconds = value(parser, d);

	*ms = 0;
	if (parser->failed)
		return false;
	if (fabs(seconds) > SECONDS_MAX)
		return kyi_parse_fail(parser, d->from_bytes, d->to_bytes,
		    "a duration of more than 291 years") != NULL;
	/* A literal is rounded to nanoseconds, then cut, as upstream does. */
	if (!isnan(seconds))
		*ms = is_literal ? (int64_t)llround(seconds * 1e9) / 1000000 :
		    (int64_t)(seconds * 1000);
	if (is_offset ? !isnan(seconds) : *ms > 0)
		return true;
	if (is_literal || parser->bind != NULL)
		return kyi_parse_fail(parser, d->from_bytes, d->to_bytes,
		    "a duration in brackets is at least 1ms") != NULL;
	*ms = 0;
	parser->query->unbound = true;
	return true;
}

bool
kyi_parse_duration(struct kyi_parser *parser, bool is_offset, int64_t *ms,
    const struct kyi_duration **expr)
{
	int kind = parser->token.kind;
	const struct kyi_duration *made, *core;

	/* Behind offset arithmetic is of durations only in parentheses:
	   foo offset 5m - 2 is (foo offset 5m) - 2. */
	if (!is_offset)
		made = climb(parser, 1);
	else if (kind == '-' || kind == '+')
		made = sign(parser, true);
	else if (kind == KYI_TOKEN_END || kind == KYI_TOKEN_BAD)
		made = kyi_parse_expected(parser, WHAT " behind offset");
	else
		made = operand(parser);
	if (made == NULL || parser->failed)
		return false;
	for (core = made; core->kind == PAREN; core = core->right)
		;
	*expr = core->kind == LITERAL ? NULL : made;
	return whole_ms(parser, is_offset, core->kind == LITERAL ? core : made,
	    ms);
}

/* ---- printing -------------------------------------------------------------- */

static void
print_literal(const struct kyi_duration *d, struct kymo_buffer *out)
{
	if (d->seconds < 0)
		kymo_buffer_char(out, '-');
	if (d->is_number)
		kymo_buffer_double(out, fabs(d->seconds));
	else
		kyi_duration_write(out,
		    (int64_t)llround(fabs(d->seconds) * 1000));
}

void
kyi_duration_print(const struct kyi_duration *d, struct kymo_buffer *out)
{
	static const char *const before[] = { [STEP] = "step(",
		[RANGE] = "range(", [NEGATE] = "-", [PAREN] = "(",
		[MIN_OF] = "min_of(", [MAX_OF] = "max_of(" };

	if (d->kind == LITERAL) {
		print_literal(d, out);
		return;
	}
	if (d->kind != ARITHMETIC)
		kymo_buffer_str(out, before[d->kind]);
	if (d->left != NULL) {
		kyi_duration_print(d->left, out);
		if (d->kind == ARITHMETIC)
			kymo_buffer_printf(out, " %c ", d->sign);
		else
			kymo_buffer_str(out, ", ");
	}
	if (d->right != NULL)
		kyi_duration_print(d->right, out);
	if (d->kind != ARITHMETIC && d->kind != NEGATE)
		kymo_buffer_char(out, ')');
}
