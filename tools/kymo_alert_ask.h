/* SPDX-License-Identifier: MIT */
/* What the verbs about alerts share: asking a running kymod, and telling people
   of times and labels. */
#ifndef KYI_ALERT_ASK_H
#define KYI_ALERT_ASK_H

#include <jansson.h>

#include "reader/buffer.h"
#include "tools/kymo_cli.h"

/* A path with what is asked: "?key=value&..". */
void kyi_ask_param(struct kymo_buffer *path, const char *key,
    const char *value);
/* filter= for each argument that is left: a matcher, or an alert's name. */
void kyi_ask_filters(struct kymo_buffer *path, int argc, char **argv);
/* The same as a list of Alertmanager's matchers; NULL: what is wrong was
   said. */
json_t *kyi_ask_matchers(int argc, char **argv);

struct kyi_ask_answer {
	struct kymo_buffer body;
	json_t *json;
};
/* kyi_saved_ask asks what kymod saved last, where it does not run: path is as for
   GET. An exit code, and what body is, as a server would have it; -1: nothing was
   saved that can be read. */
int kyi_saved_ask(const char *path, struct kymo_buffer *body, long *status);

/* kyi_ask asks: method GET, POST (what: its body; taken over) or DELETE. path is
   freed. Returns an exit code; what went wrong is said. */
int kyi_ask(struct kyi_ask_answer *answer, const char *url,
    const char *method, struct kymo_buffer *path, json_t *what);
void kyi_ask_free(struct kyi_ask_answer *answer);
/* The body as it is, a line. An exit code. */
int kyi_ask_print(struct kyi_ask_answer *answer);
/* data of an answer in Prometheus' frame. */
json_t *kyi_ask_data(const struct kyi_ask_answer *answer);

/* Who asks: a name for authors. */
const char *kyi_ask_user(void);

/* "" where it is not there. */
const char *kyi_json_str(const json_t *json, const char *key);
/* Milliseconds of an RFC 3339 text; 0: none. */
int64_t kyi_json_time_ms(const json_t *json, const char *key);
int64_t kyi_json_int(const json_t *json, const char *key);

int64_t kyi_now_ms(void);
/* RFC 3339, as a JSON text. */
json_t *kyi_json_of_time(int64_t at_ms);
/* "16:02:03", with the day where that is not today. */
void kyi_put_clock(struct kymo_buffer *out, int64_t at_ms, int64_t now_ms);
/* "2m10s" */
void kyi_put_span(struct kymo_buffer *out, int64_t ms);
/* "in 2m10s", "2m10s ago", "now" */
void kyi_put_from_now(struct kymo_buffer *out, int64_t at_ms, int64_t now_ms);
/* {a="b", c="d"} of an object, without alertname; "" where nothing is left. */
void kyi_put_labels_json(struct kymo_buffer *out, const json_t *labels);
/* A time that is to come: a duration from now, or a time; for options. */
bool kyi_later_read(int64_t *at_ms, const char *text);

/* Rows of texts in columns that are as wide as what is in them; the last is
   not padded. A row of which only the first text is there goes over all. */
#define KYI_COLUMN_MAX 8u
struct kyi_rows {
	struct kyi_row_texts {
		struct kymo_buffer at[KYI_COLUMN_MAX];
		bool whole;
	} *at;
	uint32_t cnt, column_cnt;
};
/* A new row; its buffers are to be filled. */
struct kymo_buffer *kyi_rows_add(struct kyi_rows *rows, bool whole);
/* Puts and frees them. */
void kyi_rows_put(struct kymo_buffer *out, struct kyi_rows *rows);
void kyi_rows_free(struct kyi_rows *rows);
void kyi_rows_head(struct kyi_rows *rows, const char *const *names,
    uint32_t cnt);

#endif
