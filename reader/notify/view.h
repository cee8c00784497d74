/* SPDX-License-Identifier: MIT */
/* What a stored message says, piece by piece, for whoever shows it to people.
   Texts are as they were stored: whoever shows them escapes them. */
#ifndef KYI_NOTIFY_VIEW_H
#define KYI_NOTIFY_VIEW_H

#include <stdbool.h>

#include <jansson.h>

#include "reader/buffer.h"

/* [FIRING:2] Slow (shop), without line breaks. */
void kyi_view_title(struct kymo_buffer *out, const json_t *message);

/* Calls each for what one needs at 3 a.m., the first thing first. */
void kyi_view_facts(const json_t *message,
    void (*each)(void *to, const char *name, const char *text), void *to);

/* The same for links: runbook, source, kymo. Only http and https, without
   spaces, quotes or controls, of at most 2,000 bytes. */
void kyi_view_links(const json_t *message,
    void (*each)(void *to, const char *name, const char *url), void *to);
bool kyi_view_link_is(const char *url);

/* An alert in a line: firing Slow{path="/a"}, value 2.5. */
void kyi_view_alert(struct kymo_buffer *out, const json_t *alert);

/* The points' course by blocks of eight heights: the highest of each
   column, " " for a gap; at most width characters. */
void kyi_view_sparkline(struct kymo_buffer *out, const json_t *points,
    size_t width);

/* kyi_view_point: the time and value of a point; NaN: a gap. */
double kyi_view_point(const json_t *points, size_t i, double *at_ms);

#endif
