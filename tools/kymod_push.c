/* SPDX-License-Identifier: MIT */
#include "tools/kymod_push.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/kymod_faults.h"

#define NAME "alerting.alertmanagers"

/* ---- the engine's store: kinds in capitals ----------------------------------------- */

static int
store_begin(void *of, struct kymo_error *error)
{
	const struct kymo_alerts_store *under = ((struct kyi_push *)of)->under;

	return under->begin(under->of, error);
}

static int
store_commit(void *of, struct kymo_error *error)
{
	const struct kymo_alerts_store *under = ((struct kyi_push *)of)->under;

	return under->commit(under->of, error);
}

static void
store_rollback(void *of)
{
	const struct kymo_alerts_store *under = ((struct kyi_push *)of)->under;

	under->rollback(under->of);
}

static int
store_put(void *of, char kind, const char *key, const char *text,
    struct kymo_error *error)
{
	const struct kymo_alerts_store *under = ((struct kyi_push *)of)->under;

	return under->put(under->of, (char)toupper((unsigned char)kind), key,
	    text, error);
}

struct loading {
	int (*each)(void *to, char kind, const char *key, const char *text);
	void *to;
};

static int
row_load(void *to, char kind, const char *key, const char *text)
{
	const struct loading *loading = to;

	/* Those of routes' engine, which leaves ours alone. */
	if (islower((unsigned char)kind))
		return 0;
	return loading->each(loading->to, (char)tolower((unsigned char)kind),
	    key, text);
}

static int
store_load(void *of, int (*each)(void *to, char kind, const char *key,
    const char *text), void *to, struct kymo_error *error)
{
	const struct kymo_alerts_store *under = ((struct kyi_push *)of)->under;
	struct loading loading = {each, to};

	return under->load(under->of, row_load, &loading, error);
}

/* ---- receivers ------------------------------------------------------------------------ */

/* A routing in which each alert is alone, and is said at once. */
static int
routing_make(struct kyi_push *push, uint32_t way_cnt, struct kymo_error *error)
{
	struct kyi_faults faults = {.of = "alerting"};
	const struct kymo_routing_faults noted = {kyi_faults_note,
	    kyi_faults_warn, &faults};
	struct kymo_buffer text = {0};
	int result = -1;

	kymo_buffer_str(&text, "kymo: {}\n"
	    "route: {receiver: " NAME ", group_by: ['...'],\n"
	    "  group_interval: 1s, repeat_interval: 8760h}\n"
	    "receivers:\n- name: " NAME "\n  webhook_configs:\n");
	for (uint32_t i = 0; i < way_cnt; i++)
		kymo_buffer_str(&text, "  - {url: 'http://alertmanager'}\n");
	if (!text.failed)
		result = kymo_routing_parse(&push->routing, NAME, text.at,
		    text.len_bytes, &noted);
	kymo_buffer_free(&text);
	return result == 0 ? 0 : kymo_error_set(error,
	    "no memory for Alertmanagers");
}

/* The configuration may be gone before we are. */
static const char *
copy(struct kyi_receivers *receivers, const char *text)
{
	return text ? kyi_receivers_keep(receivers, strdup(text)) : NULL;
}

static const char *const *
urls_copy(struct kyi_receivers *receivers,
    const struct kymo_config_alertmanager *from)
{
	const char **urls = kyi_receivers_keep(receivers,
	    calloc(from->url_cnt + 1u, sizeof(*urls)));

	for (uint32_t i = 0; urls && i < from->url_cnt; i++)
		urls[i] = copy(receivers, from->urls[i]);
	return urls;
}

static struct kymo_secret
secret(struct kyi_receivers *receivers, const char *text, const char *path)
{
	struct kymo_secret secret = {copy(receivers, path), NULL};

	if (text)
		secret.file = kyi_receivers_memory_file(receivers, text);
	return secret;
}

static void
receiver_make(struct kyi_receivers *receivers, struct kymo_receiver *to,
    const struct kymo_config_alertmanager *from, const char *name)
{
	*to = (struct kymo_receiver){
		.name = name, .kind = KYMO_RECEIVER_ALERTMANAGER,
		.urls = urls_copy(receivers, from),
		.url_cnt = from->url_cnt, .user = copy(receivers, from->user),
		.password = secret(receivers, from->password,
		    from->password_file),
		.bearer = secret(receivers, from->bearer, from->bearer_file),
		.ca_file = copy(receivers, from->ca_file),
		.cert_file = copy(receivers, from->cert_file),
		.key_file = copy(receivers, from->key_file),
		.proxy = copy(receivers, from->proxy),
		/* Whoever writes the file says where to. */
		.private_ok = true,
		.timeout_ms = (int64_t)from->timeout_ms
	};
}

static int
external_make(struct kyi_push *push, const struct kymo_config *config,
    struct kymo_error *error)
{
	struct kymo_label *labels = calloc(config->external_label_cnt + 1u,
	    sizeof(*labels));

	for (uint32_t i = 0; labels && i < config->external_label_cnt; i++)
		labels[i] = (struct kymo_label){config->external_labels[i].key,
			config->external_labels[i].value};
	if (labels)
		push->external = kymo_labels_make(labels,
		    config->external_label_cnt);
	free(labels);
	return push->external ? 0 : kymo_error_set(error, "out of memory");
}

int
kyi_push_load(struct kyi_push **push, struct kyi_receivers *receivers,
    const struct kymo_config *config, struct kymo_error *error)
{
	const struct kymo_integration *ways;
	struct kymo_receiver *more;
	uint32_t cnt = config->alertmanager_cnt;

	*push = NULL;
	if (cnt == 0)
		return 0;
	*push = calloc(1, sizeof(**push));
	if (!*push)
		return kymo_error_set(error, "out of memory");
	if (routing_make(*push, cnt, error) != 0 ||
	    external_make(*push, config, error) != 0)
		return -1;
	ways = kymo_routing_integrations((*push)->routing, &cnt);
	more = reallocarray(receivers->at, receivers->cnt + cnt,
	    sizeof(more[0]));
	if (!more)
		return kymo_error_set(error, "out of memory");
	receivers->at = more;
	for (uint32_t i = 0; i < cnt; i++)
		receiver_make(receivers, &more[receivers->cnt++],
		    &config->alertmanagers[i], ways[i].name);
	return receivers->failed ? kymo_error_set(error,
	    "no memory for receivers") : 0;
}

int
kyi_push_begin(struct kyi_push *push, const struct kymo_alerts_store *under,
    int (*notify)(void *of, const struct kymo_notice *notice,
    struct kymo_error *error), void *of, struct kymo_error *error)
{
	struct kymo_alerts_options options = {.routing = push->routing,
	    .store = &push->store, .notify = notify, .of = of};

	push->under = under;
	push->store = (struct kymo_alerts_store){push, store_begin,
	    store_commit, store_rollback, store_put, store_load};
	return kymo_alerts_new(&push->alerts, &options, error);
}

void
kyi_push_free(struct kyi_push *push)
{
	if (!push)
		return;
	kymo_alerts_delete(push->alerts);
	kymo_routing_delete(push->routing);
	free(push->external);
	free(push);
}
