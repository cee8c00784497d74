/* SPDX-License-Identifier: MIT */
/* The engine, inside: alerts, groups of them, silences. */
#ifndef KYI_ALERT_STATE_H
#define KYI_ALERT_STATE_H

#include "reader/alert/alerts.h"
#include "reader/alert/private.h"

#define KYI_DECISIONS_MAX 32u
/* Resolved alerts are remembered so long, and so many of them. */
#define KYI_RESOLVED_MS (60 * 60000)
#define KYI_RESOLVED_MAX 10000u
#define KYI_ALERTS_MAX 200000u
#define KYI_SILENCES_MAX 10000u
#define KYI_SILENCES_LOOSE_MAX 500u /* without a=b */
#define KYI_SILENCE_KEEP_MS (5LL * 24 * 3600000)
#define KYI_TARGETS_MAX 64u /* bits of told */
#define KYI_LATER_MS 1000

struct kyi_decision {
	int64_t at_ms;
	char *text;
};

struct kyi_silence {
	char *id, *matchers_text, *author, *comment;
	int64_t from_ms, until_ms, updated_ms;
	/* A routing of its own, for arena and regexes. */
	struct kymo_routing room;
	struct kyi_routing_matchers matchers;
	bool dirty;
	struct kyi_silence *next;
	/* silence_find.c */
	uint32_t order;
	bool on;
	uint64_t begun_gen; /* when it got on */
	struct kyi_silence *place_next;
};

/* Where an alert is a member. */
struct kyi_in {
	struct kyi_group *group;
	uint32_t member;
};

struct kyi_alerted {
	struct kymo_labels *labels;
	struct kymo_label *annotations; /* one allocation, with the texts */
	uint32_t annotation_cnt;
	enum kymo_alert_state state;
	int64_t active_ms, starts_ms, ends_ms;
	double value;
	uint64_t pass; /* the last that had it */
	enum kymo_alert_state seen; /* of that pass, and since when */
	int64_t seen_ms;
	bool rule_inhibited;
	enum kymo_muted_by muted;
	const void *muted_of; /* the silence or the alert; to be compared */
	const struct kyi_silence *silence; /* of silence_gen */
	uint64_t silence_gen;
	const struct kyi_alerted *inhibitor;
	uint32_t inhibit_line;
	const struct kyi_alerted *cause; /* what its component depends on */
	const struct kyi_routing_maintenance *window;
	int64_t changes_ms[KYI_CHANGES_MAX]; /* a ring: it fired, or ended */
	uint32_t change_cnt;
	bool flapping;  /* counts as firing until it was quiet */
	bool is_switch; /* a dead man's switch of ours, not of a pass */
	char *ack_who, *ack_comment;
	int64_t ack_ms, ack_until_ms;
	struct kyi_decision decisions[KYI_DECISIONS_MAX];
	uint32_t decision_cnt; /* of all; the ring has the last */
	struct kyi_in *groups; /* member_cnt, by their keys */
	uint32_t member_cnt, group_room;
	bool dirty, grouped; /* grouped: has its groups since it fires */
	struct kyi_alerted *next; /* of the same bucket */
};

struct kyi_member {
	struct kyi_alerted *alert;
	uint64_t told; /* a bit for each target that heard it fires */
	bool current;  /* its routes lead here; else only its end is said */
};

struct kyi_target {
	const struct kymo_integration *to;
	int64_t last_ms; /* of a notice; 0: never */
	bool is_main; /* of the route's receiver, not of an escalation */
};

struct kyi_group {
	const struct kyi_routing_node *node; /* NULL: of a route that is gone */
	char *key;
	struct kymo_labels *labels;
	struct kyi_member *members;
	uint32_t member_cnt, member_room;
	struct kyi_target targets[KYI_TARGETS_MAX + 1]; /* one to spare */
	uint32_t target_cnt;
	int64_t flush_ms; /* what is new may be said from then on */
	/* Steps of an escalation that were taken, and when the next is due;
	   0: none has begun. */
	uint32_t step_cnt;
	int64_t step_ms;
	const char *held; /* by which time interval; NULL: not */
	bool dirty;
	struct kyi_group *next;
};

struct kymo_alerts {
	struct kymo_alerts_options options;
	struct kyi_alerted **alerts; /* buckets: the first bits of hashes */
	uint32_t bucket_cnt, bucket_shift, alert_cnt;
	struct kyi_group **groups;
	uint32_t group_bucket_cnt, group_cnt;
	struct kyi_silence *silences;
	uint32_t silence_cnt;
	uint64_t silence_next, silence_gen;
	bool silence_next_dirty;
	int64_t silence_turn_ms; /* when one begins or ends next */
	/* Those that are on, of a generation, by labels that they ask for. */
	struct kyi_silence_place {
		struct kyi_silence *first;
		uint32_t cnt;
	} *silence_places;
	uint64_t silence_places_gen;
	uint64_t silence_end_gen; /* when one ended last, or was changed */
#define KYI_SILENCE_PLACES 16384u /* and one for those that ask for none */
	uint64_t pass;
	bool passing, reload;
	bool touched; /* somebody said something: step, whatever the time */
	uint32_t firing_cnt;
	uint64_t left_out_cnt;
	int64_t now_ms, next_ms;
	int notice_cnt;
	int64_t *switch_ms; /* when each switch saw its alert last; 0: never */
	/* When a route that is held back is told again, by its number: it is
	   long to find out. From that time on, and as of from_ms. */
	struct kyi_open {
		const struct kyi_routing_node *node;
		int64_t from_ms, open_ms;
	} *opens;
#define KYI_OPENS 256u
	struct kymo_error *error;
	/* Rows that are to be forgotten with the next commit. */
	struct kyi_gone {
		char kind, *key;
		struct kyi_gone *next;
	} *gone;
};

/* ---- table.c -------------------------------------------------------------- */

/* -1: no memory. */
int kyi_alerts_table_new(struct kymo_alerts *alerts);
struct kyi_alerted *kyi_alerted_find(const struct kymo_alerts *alerts,
    const struct kymo_labels *labels);
/* Takes labels over; NULL: no memory, and they are freed. */
struct kyi_alerted *kyi_alerted_new(struct kymo_alerts *alerts,
    struct kymo_labels *labels);
int kyi_alerted_annotate(struct kyi_alerted *alert,
    const struct kymo_label *annotations, uint32_t cnt);
void kyi_alerted_delete(struct kyi_alerted *alert);
void kyi_alerts_forget(struct kymo_alerts *alerts);
/* The row is to be forgotten. */
void kyi_alerts_gone(struct kymo_alerts *alerts, char kind, const char *key);
/* Sooner than what was next until now. */
static inline void
kyi_alerts_at(struct kymo_alerts *alerts, int64_t at_ms)
{
	if (at_ms < alerts->next_ms)
		alerts->next_ms = at_ms;
}

/* Whether it fires, or flaps and so counts as if it did. */
static inline bool
kyi_fires(const struct kyi_alerted *alert)
{
	return alert->state == KYMO_ALERT_FIRING || alert->flapping;
}

/* ---- alerts.c ------------------------------------------------------------- */

/* What a pass made of an alert; seen and seen_ms say what it is now. */
void kyi_alert_become(struct kymo_alerts *alerts, struct kyi_alerted *alert,
    enum kymo_alert_state seen, int64_t at_ms);

/* ---- flap.c --------------------------------------------------------------- */

/* It fired, or ended, now. */
void kyi_alert_changed(struct kymo_alerts *alerts, struct kyi_alerted *alert);
/* Whether it was quiet for long enough. */
void kyi_alert_quiet(struct kymo_alerts *alerts, struct kyi_alerted *alert);
/* Dead man's switches, after a pass. -1: no memory. */
int kyi_switches_find(struct kymo_alerts *alerts);
int kyi_switches_turn(struct kymo_alerts *alerts);

/* ---- depend.c ------------------------------------------------------------- */

/* Alerts of components while what they depend on is down; -1: no memory. */
int kyi_alerts_depend(struct kymo_alerts *alerts);
/* Maintenance windows. */
void kyi_alerts_maintain(struct kymo_alerts *alerts);

/* ---- why.c ---------------------------------------------------------------- */

/* Keeps a decision; the same twice in a row is one. */
void kyi_decide(struct kymo_alerts *alerts, struct kyi_alerted *alert,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
/* "{a="b", c="d"}", "2027-01-01T00:00:00Z" */
void kyi_alert_labels_put(struct kymo_buffer *out,
    const struct kymo_labels *labels);
void kyi_alert_time_put(struct kymo_buffer *out, int64_t at_ms);
void kyi_muted_put(const struct kymo_alerts *alerts,
    const struct kyi_alerted *alert, struct kymo_buffer *out);
/* What is known of it at once. */
struct kymo_alert_view kyi_alerted_view(const struct kyi_alerted *alert);

/* ---- next.c --------------------------------------------------------------- */

/* What comes next of an alert; texts are in room. */
struct kyi_nexts {
	struct kymo_alert_next *at;
	size_t *text_at;
	uint32_t cnt, room_cnt;
	struct kymo_buffer room;
	bool failed; /* no memory */
};
void kyi_nexts_find(struct kyi_nexts *nexts, const struct kymo_alerts *alerts,
    const struct kyi_alerted *alert, int64_t now_ms);
void kyi_nexts_free(struct kyi_nexts *nexts);

/* ---- mute.c --------------------------------------------------------------- */

/* Who is muted by what, of all alerts at once; -1: no memory. */
int kyi_alerts_mute(struct kymo_alerts *alerts);

/* ---- silence.c ------------------------------------------------------------ */

/* Those that began or ended; old ones are forgotten. */
void kyi_silences_turn(struct kymo_alerts *alerts);
struct kyi_silence *kyi_silence_new(const struct kymo_silence *from,
    struct kymo_error *error);
void kyi_silence_delete(struct kyi_silence *silence);
/* Matchers of a text in a room of their own. */
bool kyi_alert_matchers(struct kymo_routing *room, const char *text,
    struct kyi_routing_matchers *matchers, struct kymo_error *error);
void kyi_alert_room_free(struct kymo_routing *room);

/* ---- silence_find.c ------------------------------------------------------- */

/* The first silence that has it now; NULL: none. */
const struct kyi_silence *kyi_silence_of(struct kymo_alerts *alerts,
    struct kyi_alerted *alert);
/* Whether it asks for a label by =, and so is found by that. */
bool kyi_silence_asks(const struct kyi_silence *silence);

/* ---- group.c -------------------------------------------------------------- */

/* Puts a firing alert into the groups of its routes; -1: no memory. */
int kyi_alert_group(struct kymo_alerts *alerts, struct kyi_alerted *alert);
struct kyi_group *kyi_group_find(const struct kymo_alerts *alerts,
    const char *key);
struct kyi_group *kyi_group_new(struct kymo_alerts *alerts, const char *key,
    const struct kyi_routing_node *node, struct kymo_labels *labels);
struct kyi_member *kyi_group_member(struct kyi_group *group,
    struct kyi_alerted *alert);
/* NULL: it is not in it. */
struct kyi_in *kyi_group_in(const struct kyi_alerted *alert,
    const struct kyi_group *group);
/* The last one comes in its place. */
void kyi_group_leave(struct kyi_group *group, uint32_t member);
/* The target's index; KYI_TARGETS_MAX: there is no room. */
uint32_t kyi_group_target(struct kyi_group *group,
    const struct kymo_integration *to);
void kyi_group_delete(struct kyi_group *group);
/* Those with nobody in them, whose wait is over, are forgotten. */
void kyi_groups_sweep(struct kymo_alerts *alerts);

/* ---- send.c --------------------------------------------------------------- */

/* The interval that holds a route back at a time; NULL: none. */
const char *kyi_held_by(const struct kyi_routing_node *node, int64_t at_ms);
/* Says of a group what is due; -1: whoever takes notices failed. */
int kyi_group_send(struct kymo_alerts *alerts, struct kyi_group *group);

/* One notice, for one target. */
struct kyi_due {
	bool fresh, resolved, repeat, escalated;
	bool always; /* of an escalation: acknowledged alerts, too */
	uint64_t bit;
	uint32_t idx;
};
/* 0: taken; KYMO_NOTICE_LATER; -1. */
int kyi_notice_send(struct kymo_alerts *alerts, struct kyi_group *group,
    const struct kyi_due *due);
/* Whether a notice would say of a member that it fires. */
bool kyi_said_now(const struct kyi_group *group,
    const struct kyi_member *member, const struct kyi_due *due);

/* ---- escalate.c ----------------------------------------------------------- */

/* After a clock that was set back: see kyi_group_send. */
void kyi_group_escalate_look(const struct kymo_alerts *alerts,
    struct kyi_group *group);
/* The first message of a group went out: steps begin. */
void kyi_group_escalate_begin(struct kymo_alerts *alerts,
    struct kyi_group *group);
/* Takes the step that is due; -1 as kyi_group_send. */
int kyi_group_escalate(struct kymo_alerts *alerts, struct kyi_group *group);

/* ---- saved.c -------------------------------------------------------------- */

int kyi_alerts_save(struct kymo_alerts *alerts, struct kymo_error *error);
/* In a transaction of its own. */
int kyi_alerts_save_now(struct kymo_alerts *alerts, struct kymo_error *error);
int kyi_alerts_load(struct kymo_alerts *alerts, struct kymo_error *error);
char *kyi_alert_labels_key(const struct kymo_labels *labels);

#endif
