/* SPDX-License-Identifier: MIT */
/* What the verbs of kymo share: their list, exits, options that repeat, the
   regions that there are, and how these are told to people. */
#ifndef KYI_CLI_H
#define KYI_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "reader/buffer.h"
#include "reader/region/region.h"
#include "reader/region/watch.h"

/* Exit codes, as the manual page has them. */
enum kyi_exit {
	KYI_EXIT_OK = 0,
	KYI_EXIT_NO = 1,      /* something is wrong in what was looked at, or
	                         nothing matched */
	KYI_EXIT_USAGE = 2,
	KYI_EXIT_TROUBLE = 3  /* could not be done: no memory, no permission */
};

struct kyi_verb {
	const char *name, *what; /* what it does, for kymo help */
	int (*run)(int argc, char **argv);
	const char *help;
};

extern const struct kyi_verb kyi_verb_ls, kyi_verb_dump, kyi_verb_check,
    kyi_verb_emit, kyi_verb_query, kyi_verb_rules,
    kyi_verb_routes, kyi_verb_detect, kyi_verb_alerts, kyi_verb_silence,
    kyi_verb_notify, kyi_verb_anomalies, kyi_verb_health,
    kyi_verb_record, kyi_verb_diff, kyi_verb_bench;

/* kyi_usage says what is wrong with the command line, and where help is. */
int kyi_usage(const struct kyi_verb *verb, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* kyi_option_wrong: getopt_long has just returned ':' or '?'. */
int kyi_option_wrong(const struct kyi_verb *verb, char **argv, int option);
int kyi_help(const struct kyi_verb *verb);
int kyi_trouble(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Texts of an option that may repeat. Ends the program without memory. */
struct kyi_list {
	const char **at;
	uint32_t cnt;
};
void kyi_list_add(struct kyi_list *list, const char *text);
void *kyi_must(void *memory);

/* kyi_output writes all of buffer to stdout and frees it. Returns an exit
   code: a full disk is trouble, a closed pipe (kymo dump | head) is not. */
int kyi_output(struct kymo_buffer *buffer);
/* kyi_output_end: what stdout still holds; exit code, or status if all is well. */
int kyi_output_end(int status);

/* Columns of the terminal, or of COLUMNS; 0: no limit. */
uint32_t kyi_terminal_columns(void);

/* ---- regions --------------------------------------------------------------- */

/* All regions that can be read, scanned once. Any user's: kymo shows, as ps
   does; it does not judge. */
struct kyi_regions {
	struct kymo_watch *watch;
	struct kymo_region **at; /* by service; the living first; then the newest */
	uint32_t cnt;
	uint32_t refused_cnt;
};

/* kyi_regions_find opens and scans. It tells on stderr what it could not read
   if loud. Returns an exit code. */
int kyi_regions_find(struct kyi_regions *regions, const struct kyi_list *dirs,
    unsigned parts, bool loud);
void kyi_regions_free(struct kyi_regions *regions);

uint64_t kyi_realtime_ns(void);
uint64_t kyi_monotonic_ns(void);

/* kyi_state: "alive", "exited 5m ago", "died 5m ago", or, where nobody saw it,
   "died within 5m": it gave its last sign then. kyi_age: how long it lives or
   lived, as far as known. */
void kyi_state(struct kymo_buffer *buffer, const struct kymo_region_info *info,
    uint64_t now_ns);
void kyi_age(struct kymo_buffer *buffer, const struct kymo_region_info *info,
    uint64_t now_ns);
/* kyi_losses: "3 label sets, 1 event"; nothing if nothing was lost. */
void kyi_losses(struct kymo_buffer *buffer,
    const struct kymo_region_losses *losses);

/* A JSON string with its quotes. text is valid UTF-8. */
void kyi_cli_json_string(struct kymo_buffer *buffer, const char *text);
/* The members that tell which region a line is about: "service":..,"pid":..,
   "instance":.. */
void kyi_json_region(struct kymo_buffer *buffer,
    const struct kymo_region_info *info);

#endif
