/* SPDX-License-Identifier: MIT */
/* Answers of the API as JSON, piece by piece: of a large one no tree is made.
   Every text goes through kyi_json_string, which is jansson's. */
#ifndef KYI_SERVE_PUT_H
#define KYI_SERVE_PUT_H

#include "reader/export/json.h"
#include "reader/query/query.h"

/* As Prometheus' API has numbers: in quotes, the fewest digits that read back,
   in plain notation but for what is below 1e-6 or from 1e21 on. */
void kyi_put_number(struct kymo_buffer *out, double value);
/* As alerts have them: 1e+00. */
void kyi_put_exponent(struct kymo_buffer *out, double value);
/* Seconds since 1970, to the millisecond. */
void kyi_put_time(struct kymo_buffer *out, int64_t ms);
/* Seconds of a duration. */
void kyi_put_seconds(struct kymo_buffer *out, double seconds);
void kyi_put_labels(struct kymo_buffer *out, const struct kymo_labels *labels);
/* "resultType":..,"result":.. of the first limit series (0: of all); false:
   it got longer than bytes_max. */
bool kyi_put_result(struct kymo_buffer *out, const struct kymo_result *result,
    uint64_t limit, size_t bytes_max);
/* ,"warnings":[..],"infos":[..] where there are any; cut: of series, by a
   limit; more: a further warning, or "". */
void kyi_put_notes(struct kymo_buffer *out, const struct kymo_result *result,
    bool cut, const char *more);

#endif
