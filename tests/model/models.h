/* SPDX-License-Identifier: MIT */
/* All models, cheap ones first. */
#ifndef MODEL_MODELS_H
#define MODEL_MODELS_H

#include "tests/model/explore.h"

#define MODELS(X)                                                             \
	X(ring) X(early) X(private_region) X(first) X(series) X(gauge)        \
	X(full) X(fixed) X(log) X(text) X(hist0) X(publish) X(publish_end)    \
	X(clock_turn) X(clock_look) X(clock_rate) X(slot) X(block) X(grow)    \
	X(birth) X(text_read) X(span) X(health) X(recent_run)                 \
	X(recent_column) X(recent_first) X(recent_full) X(recent_hists)       \
	X(recent_chunk) X(regex) X(feed_first) X(feed_back) X(feed_takeover)  \
	X(feed_sweep) X(feed_grow) X(feed_poor) X(feed_poor_hists)            \
	X(store_column) X(store_gone) X(store_gone_hists) X(store_back)       \
	X(store_three) X(fork_series) X(fork_resource) X(window0)

#define MODEL_EXTERN(name) extern const struct model model_##name;
MODELS(MODEL_EXTERN)

#endif
