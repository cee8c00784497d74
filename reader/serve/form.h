/* SPDX-License-Identifier: MIT */
/* What a request says besides its path: key=value&.., of the body and of the
   address, as application/x-www-form-urlencoded. */
#ifndef KYI_SERVE_FORM_H
#define KYI_SERVE_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KYI_FORM_MAX 4096u /* pairs of one request */

struct kyi_form_pair {
	const char *key, *value;
	char *own; /* memory of both; NULL: in the body */
};

/* Zeros are an empty one. */
struct kyi_form {
	struct kyi_form_pair *at;
	uint32_t cnt, room;
	const char *wrong; /* why the form cannot be used; NULL: it can */
};

/* kyi_form_body takes the pairs of a body, decoded in place: it ends in NUL and
   must stay as long as the form. */
void kyi_form_body(struct kyi_form *form, char *body, size_t len_bytes);
/* One pair that is decoded already; copied. */
void kyi_form_add(struct kyi_form *form, const char *key, size_t key_bytes,
    const char *value, size_t value_bytes);
void kyi_form_free(struct kyi_form *form);

/* The first value of key; "": there is none. */
const char *kyi_form_get(const struct kyi_form *form, const char *key);
/* The next value of key from *i on, and *i behind it; NULL: no more. */
const char *kyi_form_next(const struct kyi_form *form, const char *key,
    uint32_t *i);

#endif
