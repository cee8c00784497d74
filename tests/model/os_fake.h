/* SPDX-License-Identifier: MIT */
#ifndef MODEL_OS_FAKE_H
#define MODEL_OS_FAKE_H

#include <stdbool.h>
#include <stdint.h>

/* The files that are there now are there at the begin of each run. */
void model_files_mark(void);
void model_files_reset(void);
/* Time, which stands but for this many ns, and where there is a counter of
   ticks for each look at it; and whether there is one. */
uint64_t model_time_ns(uint64_t passed_ns);
extern bool model_has_ticks;
/* In a setup: no directory for regions; how many calls find room for pages. */
extern bool model_no_directory;
extern uint32_t model_populate_cnt;
/* 1 + the thread that finds no memory; 0: none. */
extern uint32_t model_poor_thread;
/* The thread that is a vfork child; 0: none is. */
extern uint32_t model_vfork_thread;
void model_threads_mark(void);
void model_threads_reset(void);
/* A file's descriptor by its name, -1: it has none yet; and what it is. */
struct stat;
int model_file_named(const char *path);
int model_file_stat(int fd, struct stat *file);
/* The end of this thread, as the C library tells of it. */
void model_thread_ends(void);

#endif
