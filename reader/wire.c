/* SPDX-License-Identifier: MIT */
#include "reader/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 32

static int64_t
monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
socket_changed(CURL *easy, curl_socket_t fd, int what, void *of, void *socket)
{
	struct kyi_wire *wire = of;
	struct epoll_event event = { .data.fd = fd };

	(void)easy;
	(void)socket;
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(wire->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		event.events |= EPOLLIN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		event.events |= EPOLLOUT;
	if (epoll_ctl(wire->epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0)
		return 0;
	return epoll_ctl(wire->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 :
	    -1;
}

static int
timer_changed(CURLM *multi, long wait_ms, void *of)
{
	struct kyi_wire *wire = of;

	(void)multi;
	wire->timer_ms = wait_ms < 0 ? -1 : monotonic_ms() + wait_ms;
	return 0;
}

int
kyi_wire_init(struct kyi_wire *wire, struct kymo_error *error)
{
	wire->timer_ms = -1;
	wire->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (wire->epoll_fd < 0)
		return kymo_error_set(error, "epoll_create1: %s",
		    strerror(errno));
	wire->multi = curl_multi_init();
	if (wire->multi == NULL ||
	    curl_multi_setopt(wire->multi, CURLMOPT_SOCKETFUNCTION,
	    socket_changed) != CURLM_OK ||
	    curl_multi_setopt(wire->multi, CURLMOPT_SOCKETDATA, wire) !=
	    CURLM_OK ||
	    curl_multi_setopt(wire->multi, CURLMOPT_TIMERFUNCTION,
	    timer_changed) != CURLM_OK ||
	    curl_multi_setopt(wire->multi, CURLMOPT_TIMERDATA, wire) !=
	    CURLM_OK)
		return kymo_error_set(error, "no memory for libcurl");
	return 0;
}

void
kyi_wire_end(struct kyi_wire *wire)
{
	if (wire->multi != NULL)
		curl_multi_cleanup(wire->multi);
	if (wire->epoll_fd >= 0)
		close(wire->epoll_fd);
}

int
kyi_wire_add(struct kyi_wire *wire, CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Else a look-up of a name that hangs would be waited for when it is
	   given up, by everybody. */
	if (curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) != CURLE_OK)
		return -1;
#endif
	return curl_multi_add_handle(wire->multi, easy) == CURLM_OK ? 0 : -1;
}

void
kyi_wire_remove(struct kyi_wire *wire, CURL *easy)
{
	curl_multi_remove_handle(wire->multi, easy);
}

static void
sockets_step(struct kyi_wire *wire)
{
	struct epoll_event events[EVENTS_MAX];
	int cnt = epoll_wait(wire->epoll_fd, events, EVENTS_MAX, 0), i,
	    running;

	for (i = 0; i < cnt; i++) {
		int mask = 0;

		if (events[i].events & EPOLLIN)
			mask |= CURL_CSELECT_IN;
		if (events[i].events & EPOLLOUT)
			mask |= CURL_CSELECT_OUT;
		if (events[i].events & (EPOLLERR | EPOLLHUP))
			mask |= CURL_CSELECT_ERR;
		curl_multi_socket_action(wire->multi, events[i].data.fd, mask,
		    &running);
	}
}

void
kyi_wire_step(struct kyi_wire *wire)
{
	const CURLMsg *message;
	int left, running;

	sockets_step(wire);
	if (wire->timer_ms >= 0 && monotonic_ms() >= wire->timer_ms) {
		wire->timer_ms = -1;
		curl_multi_socket_action(wire->multi, CURL_SOCKET_TIMEOUT, 0,
		    &running);
	}
	while ((message = curl_multi_info_read(wire->multi, &left)) != NULL) {
		CURL *easy = message->easy_handle;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_multi_remove_handle(wire->multi, easy);
		wire->done(wire->of, easy, code);
	}
}

int64_t
kyi_wire_wait_ms(const struct kyi_wire *wire)
{
	int64_t wait_ms;

	if (wire->timer_ms < 0)
		return INT64_MAX;
	wait_ms = wire->timer_ms - monotonic_ms();
	return wait_ms < 0 ? 0 : wait_ms;
}
