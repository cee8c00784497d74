/* SPDX-License-Identifier: MIT */
/* What the library tells people: one line on stderr, once for each kind of
   mistake in a process and its children, unless KYMO_QUIET=1. By write(2), so
   that it can be called wherever a record can; it neither blocks nor raises
   SIGPIPE nor touches errno. */
#ifndef KYI_SAY_H
#define KYI_SAY_H

#include <stdint.h>

#include "shm/ref.h"

/* Mistakes: an identifier, and what is said: "kymo: ", the first text, the
   name of what it is about, the second text. */
#define KYI_MISTAKES(X)                                                       \
	X(NO_REGION, "nobody can read this process' metrics: ", "")           \
	X(NO_MEMORY, "no memory for metrics; nothing is counted", "")         \
	X(FULL, "no room for ", ": the region, its tmpfs or the memory "      \
		"cgroup is full")                                             \
	X(SLOTS, "more threads than slots (", "); the rest share one that "   \
		"is slower: kymo_init_with, thread_cnt_max")                  \
	X(CARDINALITY, "too many label sets in ", "; further ones are "       \
		"counted together (kymo_overflow)")                           \
	X(COMPONENTS, "KYMO_COMPONENTS: cannot read '", "' (-NAME, NAME or "  \
		"NAME:RATE, 0 < RATE <= 1)")                                  \
	X(SERVICE, "kymo_init: the service has another name already: ", "")   \
	X(LATE, "kymo_init_with: the region is there already; options have "  \
		"no effect on ", "")                                          \
	X(SIZE, "size_bytes of ", " is not set to its sizeof")                \
	X(KIND, "unknown kind of family ", "")                                \
	X(NAME, "not a metric name, [a-zA-Z_][a-zA-Z0-9_]* of at most 200: '",\
		"'")                                                          \
	X(COMPONENT, "not a component, [a-zA-Z0-9_.-]* of at most 200: '",    \
		"'")                                                          \
	X(UNIT, "not a unit, or not one that the kind can have: family ", "") \
	X(LABEL, "a label key is no label name, is there twice or is "        \
		"taken: family ", "")                                         \
	X(STATE, "states are missing, too many or there twice: family ", "")  \
	X(RANGE, "exponent, scale, lo, hi or aggregation is outside its "     \
		"bounds: family ", "")                                        \
	X(CONFLICT, "registered before with another description: family ", "")\
	X(FAMILY, "a series of a family that was never registered", "")       \
	X(OTHER_KIND, "a series of another kind than its family ", "")        \
	X(VALUES, "another number of label values than keys: family ", "")    \
	X(LONG, "a text is too long and was cut: '", "'")                     \
	X(UNSET, "a record through a handle that was never registered", "")   \
	X(VALUE, "a value that its kind cannot have (negative, NaN, too "     \
		"large)", "")                                                 \
	X(STATE_IDX, "a state that its set does not have", "")                \
	X(HEALTH, "not a health state", "")                                   \
	X(SPAN, "a span ended twice, by another thread, or before one "       \
		"inside it", "")                                              \
	X(SPAN_NAME, "a span's name is missing or longer than 200: '", "'")   \
	X(SPAN_STATUS, "a span ended with a status that is not one of "       \
		"kymo_span_status", "")                                       \
	X(FORMAT, "a log's format has a conversion that is not kept: '", "'") \
	X(SEVERITY, "a log's severity is not one of kymo_severity: '", "'")   \
	X(RESOURCE, "a resource attribute without a key", "")

enum kyi_mistake {
#define KYI_MISTAKE_ENUM(name, before, after) KYI_SAY_##name,
	KYI_MISTAKES(KYI_MISTAKE_ENUM)
#undef KYI_MISTAKE_ENUM
	KYI_SAY_CNT
};

/* kyi_say_start remembers what stderr is: what another file takes its place
   later is not written to. */
void kyi_say_start(void);

/* kyi_say says mistake about name, NULL: none; the first time. */
void kyi_say(enum kyi_mistake mistake, const char *name);

/* kyi_bad counts a bad call and says which. */
void kyi_bad(enum kyi_mistake mistake, const char *name);

/* The same about texts that do not end in NUL. */
void kyi_say_text(enum kyi_mistake mistake, struct kyi_text text);
void kyi_bad_text(enum kyi_mistake mistake, struct kyi_text text);

#endif
