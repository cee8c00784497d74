/* SPDX-License-Identifier: MIT */
/* libcurl's multi interface behind one epoll descriptor and one deadline. */
#ifndef KYI_WIRE_H
#define KYI_WIRE_H

#include <curl/curl.h>

#include "reader/error.h"

struct kyi_wire {
	CURLM *multi;
	int epoll_fd;
	int64_t timer_ms; /* CLOCK_MONOTONIC; -1: none */
	/* An easy handle is through; it is out of the multi already. */
	void (*done)(void *of, CURL *easy, CURLcode code);
	void *of;
};

KYMO_MUST_CHECK int kyi_wire_init(struct kyi_wire *wire,
    struct kymo_error *error);
void kyi_wire_end(struct kyi_wire *wire);
KYMO_MUST_CHECK int kyi_wire_add(struct kyi_wire *wire, CURL *easy);
void kyi_wire_remove(struct kyi_wire *wire, CURL *easy);
/* Does what can be done now, and calls done. */
void kyi_wire_step(struct kyi_wire *wire);
/* In how many milliseconds it wants to be stepped; INT64_MAX: not by time. */
int64_t kyi_wire_wait_ms(const struct kyi_wire *wire);

#endif
