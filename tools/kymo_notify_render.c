/* SPDX-License-Identifier: MIT */
/* kymo notify render: what receivers of a routing file would get, unsent. */
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/export/export.h"
#include "tools/kymo_cli.h"
#include "tools/kymo_notify_render.h"
#include "tools/kymod_receivers.h"

#define ID "msg_2KWPBgLlAfxdpx2AI54pPJ85f4"
#define POINT_CNT 61
#define BODY_BYTES_MAX ((size_t)16 << 20)

struct asked {
	const char *path, *receiver, *alerts, *html, *png, *text, *as;
};

/* ---- a message ------------------------------------------------------------------------ */

/* One that is made up, with everything that a message may hold. */
static int
sample_make(struct kymo_buffer *out, struct kymo_error *error)
{
	static const struct kymo_label labels[] = {
	    {"alertname", "QueueIsFull"}, {"service", "shop"},
	    {"severity", "page"}, {"shard", "3"}}, annotations[] = {
	    {"runbook_url", "https://runbooks.example.org/queue"},
	    {"summary", "The queue of shard 3 is nearly full"}};
	static const struct kymo_notify_quantile quantiles[] = {
	    {0.5, 0.012, "took_seconds"}, {0.9, 0.08, "took_seconds"},
	    {0.99, 0.41, "took_seconds"}, {0.999, 1.2, "took_seconds"}};
	static const struct kymo_notify_exemplar exemplars[] = {
	    {"4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 1.21,
	    INT64_C(1767225599000)}};
	static const char *const changes[] = {
	    "errors_total{code=\"503\"}: 0.1/s before, 25/s now"};
	const int64_t at_ms = INT64_C(1767225600000);
	struct kymo_notify_point points[POINT_CNT];
	const struct kymo_notify_detail detail = {.unit = "requests",
	    .points = points, .point_cnt = POINT_CNT, .quantiles = quantiles,
	    .quantile_cnt = 4, .exemplars = exemplars, .exemplar_cnt = 1,
	    .process = "shop: alive since 2025-12-29T08:00:00.000Z (2 days)",
	    .changes = changes, .change_cnt = 1};
	const struct kymo_notify_alert alert = {.firing = true,
	    .labels = labels, .label_cnt = 4, .annotations = annotations,
	    .annotation_cnt = 2, .starts_ms = at_ms - 30000, .value = 480,
	    .threshold = 400, .generator_url = "https://kymo.example.org"
	    "/api/v1/query?query=queue%20%3E%20400"};
	const struct kymo_message message = {.receiver = "sample",
	    .group_key = "{}:{alertname=\"QueueIsFull\"}", .alerts = &alert,
	    .alert_cnt = 1, .group_labels = labels, .group_label_cnt = 1,
	    .external_url = "https://kymo.example.org", .at_ms = at_ms,
	    .detail = &detail};

	for (int i = 0; i < POINT_CNT; i++)
		points[i] = (struct kymo_notify_point){
		    at_ms - (POINT_CNT - 1 - i) * 10000,
		    i < 50 ? 100 + 30 * sin(i / 4.0) : 130 + (i - 50) * 35};
	return kymo_message_json(&message, out, error);
}

static int
message_read(const char *path, struct kymo_buffer *out,
    struct kymo_error *error)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char room[8192];
	size_t got;

	if (!file)
		return kymo_error_set(error, "%.200s: it cannot be read", path);
	while ((got = fread(room, 1, sizeof(room), file)) > 0 &&
	    out->len_bytes < BODY_BYTES_MAX)
		kymo_buffer_add(out, room, got);
	if (file != stdin)
		fclose(file);
	return out->failed || !out->at ? kymo_error_set(error, "%.200s: it is "
	    "empty", path) : 0;
}

/* ---- showing it ------------------------------------------------------------------------- */

static int
file_write(const char *path, const struct kymo_buffer *bytes,
    struct kymo_error *error)
{
	FILE *file = fopen(path, "we");
	bool good;

	if (!file)
		return kymo_error_set(error, "%.200s: it cannot be written",
		    path);
	good = fwrite(bytes->at, 1, bytes->len_bytes, file) ==
	    bytes->len_bytes;
	good = fclose(file) == 0 && good;
	return good ? 0 : kymo_error_set(error, "%.200s: it cannot be written",
	    path);
}

/* html and png of a mail, into files. */
static int
pieces_write(const struct asked *asked, const struct kymo_receiver *receiver,
    const char *body, struct kymo_error *error)
{
	const char *paths[] = {asked->html, asked->png};
	static const enum kymo_render what[] = {KYMO_RENDER_HTML,
	    KYMO_RENDER_PNG};
	int status = 0;

	for (int i = 0; i < 2 && status == 0; i++) {
		struct kymo_buffer piece = {0};

		if (!paths[i])
			continue;
		status = kymo_notify_render(receiver, body, ID, what[i],
		    &piece, error);
		if (status == 0 && piece.len_bytes == 0)
			status = kymo_error_set(error, "this message has no "
			    "chart: it has no points");
		if (status == 0)
			status = file_write(paths[i], &piece, error);
		kymo_buffer_free(&piece);
	}
	return status;
}

static const char *
kind_name(enum kymo_receiver_kind kind)
{
	return kind == KYMO_RECEIVER_EMAIL ? "mail" :
	    kind == KYMO_RECEIVER_SLACK ? "Slack" : "webhook";
}

/* As it is, but for a terminal, which would obey what others wrote into it. */
static void
text_show(const struct kymo_buffer *text)
{
	const char *at = text->at;
	struct kymo_buffer safe = {0};

	if (!isatty(STDOUT_FILENO)) {
		fwrite(text->at, 1, text->len_bytes, stdout);
		return;
	}
	while (at && *at) {
		size_t bytes = strcspn(at, "\n");
		char *line = strndup(at, bytes);

		if (line)
			kymo_escape_terminal(&safe, line);
		free(line);
		at += bytes;
		if (*at == '\n') {
			kymo_buffer_char(&safe, '\n');
			at++;
		}
	}
	if (!safe.failed && safe.at)
		fwrite(safe.at, 1, safe.len_bytes, stdout);
	kymo_buffer_free(&safe);
}

static int
receiver_show(const struct asked *asked, const struct kymo_receiver *receiver,
    const char *body, struct kymo_error *error)
{
	bool mail = receiver->kind == KYMO_RECEIVER_EMAIL;
	struct kymo_buffer text = {0}, name = {0};
	int status = kymo_notify_render(receiver, body, ID, KYMO_RENDER_SENT,
	    &text, error);

	if (status == 0 && mail) {
		/* What is sent is for programs; its text is for people. */
		text.len_bytes = 0;
		status = kymo_notify_render(receiver, body, ID,
		    KYMO_RENDER_TEXT, &text, error);
	}
	if (status == 0 && mail && (asked->html || asked->png))
		status = pieces_write(asked, receiver, body, error);
	if (status == 0) {
		kymo_escape_terminal(&name, receiver->name);
		printf("# %s (%s)\n", name.failed ? "" : name.at,
		    kind_name(receiver->kind));
		text_show(&text);
		if (!mail)
			putchar('\n');
	}
	kymo_buffer_free(&text);
	kymo_buffer_free(&name);
	return status;
}

static bool
is_asked(const struct asked *asked, const char *name)
{
	size_t bytes;

	if (!asked->receiver)
		return true;
	bytes = strlen(asked->receiver);
	return strncmp(name, asked->receiver, bytes) == 0 &&
	    (name[bytes] == '\0' || name[bytes] == '/');
}

/* ---- the routing ------------------------------------------------------------------------- */

static void
fault_say(void *of, const char *text)
{
	struct kymo_buffer line = {0};

	(void)of;
	kymo_escape_terminal(&line, text);
	if (!line.failed)
		fprintf(stderr, "%s\n", line.at);
	kymo_buffer_free(&line);
}

static int
receivers_show(const struct asked *asked, const struct kyi_receivers *receivers,
    const char *body, struct kymo_error *error)
{
	uint32_t shown_cnt = 0;

	for (uint32_t i = 0; i < receivers->cnt; i++) {
		struct kymo_error why = {""};

		if (!is_asked(asked, receivers->at[i].name))
			continue;
		shown_cnt++;
		if (receiver_show(asked, &receivers->at[i], body, &why) != 0)
			return kymo_error_set(error, "%.200s: %.300s",
			    receivers->at[i].name, why.text);
	}
	return shown_cnt > 0 ? 0 : kymo_error_set(error, "%.200s: no such "
	    "receiver; kymo routes check tells which there are", asked->receiver ?
	    asked->receiver : asked->path);
}

/* What a template of one's own makes of it, with the file's. */
static int
text_render(const struct asked *asked, const struct kymo_routing *routing,
    const struct kymo_routing_faults *faults, const char *body,
    struct kymo_error *error)
{
	static const char *const names[] = {[KYMO_TEMPLATE_TEXT] = "text",
	    [KYMO_TEMPLATE_SLACK] = "slack", [KYMO_TEMPLATE_HTML] = "html",
	    [KYMO_TEMPLATE_JSON] = "json"};
	struct kymo_templates *templates = NULL;
	struct kymo_buffer text = {0};
	int status, as = 0;

	while (as < 4 && asked->as && strcmp(names[as], asked->as) != 0)
		as++;
	if (as == 4)
		return kymo_error_set(error, "--as is text, slack, html or "
		    "json");
	status = kyi_receivers_templates(&templates, routing, asked->path,
	    faults, error);
	if (status == 0)
		status = kymo_templates_expand(templates, asked->text,
		    (enum kymo_template_as)as, body, &text, error);
	if (status == 0 && text.at)
		text_show(&text);
	kymo_buffer_free(&text);
	kymo_templates_delete(templates);
	return status;
}

static int
render(const struct asked *asked, struct kymo_error *error)
{
	const struct kymo_routing_faults faults = {fault_say, fault_say, NULL};
	struct kyi_receivers receivers = {0};
	struct kymo_routing *routing = NULL;
	struct kymo_buffer body = {0};
	int status = kymo_routing_load(&routing, asked->path, &faults);

	if (status != 0)
		return kymo_error_set(error, "%.200s is not sound",
		    asked->path);
	status = asked->alerts ? message_read(asked->alerts, &body, error) :
	    sample_make(&body, error);
	if (status == 0 && asked->text)
		status = text_render(asked, routing, &faults, body.at, error);
	else if (status == 0)
		status = kyi_receivers_make(&receivers, routing, asked->path,
		    &faults, error);
	if (status == 0 && !asked->text)
		status = receivers_show(asked, &receivers, body.at, error);
	kymo_buffer_free(&body);
	kyi_receivers_free(&receivers);
	kymo_routing_delete(routing);
	return status;
}

int
kyi_notify_render(int argc, char **argv)
{
	static const struct option options[] = {
		{"receiver", required_argument, NULL, 'r'},
		{"alerts", required_argument, NULL, 'a'},
		{"html", required_argument, NULL, 'h'},
		{"png", required_argument, NULL, 'p'},
		{"template", required_argument, NULL, 't'},
		{"as", required_argument, NULL, 'A'},
		{NULL, 0, NULL, 0}
	};
	struct asked asked = {0};
	struct kymo_error error = {""};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 'r': asked.receiver = optarg; break;
		case 'a': asked.alerts = optarg; break;
		case 'h': asked.html = optarg; break;
		case 'p': asked.png = optarg; break;
		case 't': asked.text = optarg; break;
		case 'A': asked.as = optarg; break;
		default: return KYI_EXIT_USAGE;
		}
	if (optind + 1 != argc) {
		fprintf(stderr, "kymo notify render: name one routing file\n");
		return KYI_EXIT_USAGE;
	}
	asked.path = argv[optind];
	if (render(&asked, &error) == 0)
		return KYI_EXIT_OK;
	fault_say(NULL, error.text);
	return KYI_EXIT_NO;
}
