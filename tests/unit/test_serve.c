/* SPDX-License-Identifier: MIT */
/* Goal: what a model publishes is what a client reads; addresses change
   without a gap, or not at all.
   Method: a model with a series of its own, and a client that is a socket.
   (Crowds, slow ones, bad ones: tests/e2e/serve.sh.) */
#include "tests/testlib/testlib.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

#include "reader/serve/serve.h"

/* A port that nobody has: the kernel's choice, given back. */
static uint16_t
free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t bytes = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, bytes), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &bytes),
	    0);
	close(fd);
	return ntohs(address.sin_port);
}

static struct kymo_listen
listen_at(uint16_t port)
{
	struct kymo_listen where = { "127.0.0.1", port };

	return where;
}

/* The whole answer, with its head, in a static buffer; NULL: nobody there. */
static const char *
get(uint16_t port, const char *path)
{
	static char answer[65536];
	struct sockaddr_in address = { .sin_family = AF_INET,
	    .sin_port = htons(port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	size_t len_bytes = 0;
	ssize_t got;
	char request[200];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		return NULL;
	}
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n"
	    "Host: localhost\r\nConnection: close\r\n\r\n", path);
	assert_true(send(fd, request, strlen(request), MSG_NOSIGNAL) > 0);
	while (len_bytes + 1 < sizeof(answer) && (got = recv(fd,
	    answer + len_bytes, sizeof(answer) - 1 - len_bytes, 0)) > 0)
		len_bytes += (size_t)got;
	answer[len_bytes] = '\0';
	close(fd);
	return answer;
}

static uint64_t
now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void
scan(struct kymo_model *model, double value, uint64_t age_ns)
{
	const struct kymo_label label = { "color", "green \"1\"" };
	struct kymo_error error = { "" };

	kymo_model_begin(model, now_ns(CLOCK_REALTIME),
	    now_ns(CLOCK_MONOTONIC) - age_ns);
	kymo_model_ingest(model, "own_things", "Things.", "",
	    KYMO_METRIC_GAUGE, &label, 1, value);
	if (kymo_model_end(model, &error) != 0)
		fail_msg("%s", error.text);
}

struct both {
	struct kymo_model *model;
	struct kymo_serve *serve;
	uint16_t port;
};

static void
begin(struct both *both)
{
	const struct kymo_model_options wish = { .state_path = NULL };
	struct kymo_error error = { "" };
	struct kymo_listen where;

	both->port = free_port();
	where = listen_at(both->port);
	both->model = kymo_model_new(&wish, &error);
	if (both->model == NULL)
		fail_msg("%s", error.text);
	both->serve = kymo_serve_new(&(struct kymo_serve_options){
	    .listen = &where, .listen_cnt = 1, .model = both->model,
	    .stale_ns = 30000000000ull, .version = "1.2.3" }, &error);
	if (both->serve == NULL)
		fail_msg("%s", error.text);
}

static void
end(struct both *both)
{
	kymo_serve_delete(both->serve);
	kymo_model_delete(both->model);
}

static void
test_what_the_model_publishes_is_what_clients_read(void **state)
{
	struct kymo_serve_stats stats;
	struct both both;

	begin(&both);
	assert_non_null(strstr(get(both.port, "/metrics"), " 503 "));
	assert_non_null(strstr(get(both.port, "/-/ready"), " 503 "));
	assert_non_null(strstr(get(both.port, "/-/healthy"), " 200 OK"));
	scan(both.model, 1, 0);
	assert_non_null(strstr(get(both.port, "/metrics"),
	    "# TYPE own_things gauge\n"
	    "own_things{color=\"green \\\"1\\\"\"} 1\n"));
	assert_non_null(strstr(get(both.port, "/-/ready"), " 200 OK"));
	scan(both.model, 2, 0);
	assert_non_null(strstr(get(both.port, "/metrics"), "} 2\n"));
	scan(both.model, 3, 60000000000ull);
	assert_non_null(strstr(get(both.port, "/-/ready"),
	    "\r\n\r\nthe newest scan is 6"));
	assert_non_null(strstr(get(both.port, "/"), "kymod 1.2.3"));
	assert_non_null(strstr(get(both.port, "/nope"), " 404 "));
	kymo_serve_stats(both.serve, &stats);
	assert_int_equal(stats.requests, 9);
	assert_int_equal(stats.scrapes, 2);
	assert_int_equal(stats.refused, 1);
	assert_true(stats.bytes > 100);
	assert_true(stats.scrape_seconds > 0);
	end(&both);
	assert_null(get(both.port, "/-/healthy"));
}

static void
test_addresses_change_together_or_not_at_all(void **state)
{
	struct kymo_listen where[2];
	struct kymo_error error = { "" };
	struct both both, other;

	begin(&both);
	begin(&other);
	where[0] = listen_at(both.port);
	where[1] = listen_at(free_port());
	assert_int_equal(kymo_serve_listen(both.serve, where, 2, &error), 0);
	assert_non_null(get(where[0].port, "/-/healthy"));
	assert_non_null(get(where[1].port, "/-/healthy"));

	/* the second is somebody else's: all stays */
	where[0] = listen_at(free_port());
	where[1] = listen_at(other.port);
	assert_int_equal(kymo_serve_listen(both.serve, where, 2, &error), -1);
	assert_non_null(strstr(error.text, "cannot listen on 127.0.0.1:"));
	assert_non_null(strstr(error.text, "Address already in use"));
	assert_non_null(get(both.port, "/-/healthy"));
	assert_null(get(where[0].port, "/-/healthy"));

	/* one twice is one */
	where[0] = where[1] = listen_at(both.port);
	assert_int_equal(kymo_serve_listen(both.serve, where, 2, &error), 0);
	assert_non_null(get(both.port, "/-/healthy"));
	end(&other);
	end(&both);
}

static void
test_an_address_that_cannot_be_is_said(void **state)
{
	static const struct {
		const char *host, *why;
	} rows[] = {
		{ "192.0.2.1", "cannot listen on 192.0.2.1:9: Cannot assign "
		    "requested address" },
		{ "example.org", "example.org:9 is not a numeric address" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kymo_listen where = listen_at(9);
		struct kymo_serve_options options = { .listen = &where,
		    .listen_cnt = 1 };
		struct kymo_error error = { "" };

		strcpy(where.host, rows[i].host);
		assert_null(kymo_serve_new(&options, &error));
		assert_string_equal(error.text, rows[i].why);
	}
	kymo_serve_delete(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_what_the_model_publishes_is_what_clients_read),
		cmocka_unit_test(test_addresses_change_together_or_not_at_all),
		cmocka_unit_test(test_an_address_that_cannot_be_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
