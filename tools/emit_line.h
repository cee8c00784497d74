/* SPDX-License-Identifier: MIT */
/* The lines that kymo emit reads (kymo(1), "The language of emit"):

     # a comment
     declare KIND NAME [unit U] [exponent N] [..] ["help"]
     NAME[{key="value",..}] += 3      -= 1      = 7.5
     NAME[{..}] observe 0.25          max 12    min 3
     NAME[{..}] is "a text"           info      health ok ["why"] */
#ifndef KYI_EMIT_LINE_H
#define KYI_EMIT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "writer/kymo.h"

#define KYI_EMIT_LINE_BYTES_MAX 65536u

enum kyi_emit_op {
	KYI_EMIT_NOTHING, /* blank, or a comment */
	KYI_EMIT_DECLARE,
	KYI_EMIT_ADD,
	KYI_EMIT_SUB,
	KYI_EMIT_SET,
	KYI_EMIT_OBSERVE,
	KYI_EMIT_MAX,
	KYI_EMIT_MIN,
	KYI_EMIT_IS,
	KYI_EMIT_INFO,
	KYI_EMIT_HEALTH
};

/* A number exactly as written: digits * 10^exponent; value is the nearest
   double. Not exact: more than 19 digits, NaN or infinite. */
struct kyi_emit_number {
	bool negative, exact;
	uint64_t digits;
	int exponent;
	double value;
};

struct kyi_emit_line {
	enum kyi_emit_op op;
	const char *name;
	uint32_t label_cnt;
	const char *keys[KYMO_LABEL_MAX], *values[KYMO_LABEL_MAX];
	struct kyi_emit_number number;
	const char *text; /* IS; HEALTH: the reason or NULL */
	enum kymo_health_state health;
	uint32_t op_col, arg_col; /* from 1, for messages */
	/* DECLARE: what of a kymo_desc was said; lo and hi in the base unit */
	struct kymo_desc desc;
	double lo, hi;
	const char *label_keys[KYMO_LABEL_MAX], *states[KYMO_STATE_MAX];
	bool has_labels;
};

struct kyi_emit_fault {
	uint32_t col; /* from 1, in bytes */
	char text[200];
};

/* kyi_emit_parse reads one line of len_bytes, without its newline. What *line
   points to is put into room, of len_bytes + 1. Returns 0, or -1 and what is
   wrong where. */
int kyi_emit_parse(struct kyi_emit_line *line, const char *text,
    size_t len_bytes, char *room, struct kyi_emit_fault *fault);

int kyi_emit_fault_set(struct kyi_emit_fault *fault, uint32_t col,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* kyi_emit_scaled gives number in units of 10^exponent, rounded to a whole.
   False where it does not fit 63 bits; *whole tells whether nothing was lost. */
bool kyi_emit_scaled(const struct kyi_emit_number *number, int exponent,
    int64_t *n, bool *whole);

/* The word of a kind in a declaration; NULL: none such. */
const char *kyi_emit_kind_word(enum kymo_kind kind);

#endif
