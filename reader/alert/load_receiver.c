/* SPDX-License-Identifier: MIT */
/* Receivers, and the ways to them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/alert/private.h"

static const char *const kinds[] = {
	[KYMO_INTEGRATION_WEBHOOK] = "webhook",
	[KYMO_INTEGRATION_SLACK] = "slack",
	[KYMO_INTEGRATION_EMAIL] = "email",
};
#define KIND_CNT (sizeof(kinds) / sizeof(kinds[0]))

static const struct kyi_tree_node *
configs_of(const struct kyi_tree_node *receiver, size_t kind)
{
	char key[32];

	snprintf(key, sizeof(key), "%s_configs", kinds[kind]);
	return kyi_tree_get(receiver, key);
}

static uint32_t
count(const struct kyi_tree_node *list)
{
	const struct kyi_tree_node *node;
	uint32_t cnt = 0;

	if (list == NULL || list->kind != KYI_TREE_LIST)
		return 0;
	for (node = list->first; node != NULL; node = node->next)
		cnt++;
	return cnt;
}

static uint32_t
ways(const struct kyi_tree_node *receiver)
{
	uint32_t cnt = 0;
	size_t kind;

	for (kind = 0; kind < KIND_CNT; kind++)
		cnt += count(configs_of(receiver, kind));
	return cnt;
}

static void
integration_load(struct kyi_routing_load *load,
    struct kyi_routing_receiver *receiver, const struct kyi_tree_node *node,
    enum kymo_integration_kind kind, const char *name)
{
	struct kymo_routing *routing = load->routing;
	struct kymo_integration *way =
	    &routing->integrations[routing->integration_cnt++];

	*way = (struct kymo_integration){.receiver = receiver->name,
	    .name = kyi_arena_text(routing->arena, name, strlen(name)),
	    .kind = kind, .line = node->line, .private_ = node,
	    .send_resolved = kind == KYMO_INTEGRATION_WEBHOOK};
	receiver->integration_cnt++;
	if (way->name == NULL)
		way->name = receiver->name;
	if (!kyi_tree_is(load->faults, load->tree, node, KYI_TREE_MAP)) {
		if (node->kind == KYI_TREE_NULL)
			kyi_fault(load->faults, load->tree, node, "expected "
			    "keys and values, found nothing");
		return;
	}
	kyi_routing_load_bool(load, kyi_tree_get(node, "send_resolved"),
	    &way->send_resolved);
	kyi_routing_check_integration(load, way);
}

static void
integrations_load(struct kyi_routing_load *load,
    struct kyi_routing_receiver *receiver, const struct kyi_tree_node *node)
{
	uint32_t way_cnt = ways(node), i;
	const struct kyi_tree_node *list, *way;
	char name[400];
	size_t kind;

	receiver->integrations =
	    &load->routing->integrations[load->routing->integration_cnt];
	for (kind = 0; kind < KIND_CNT; kind++) {
		list = configs_of(node, kind);
		if (!kyi_tree_is(load->faults, load->tree, list, KYI_TREE_LIST))
			continue;
		for (way = list->first, i = 0; way != NULL; way = way->next) {
			if (way_cnt == 1)
				snprintf(name, sizeof(name), "%s",
				    receiver->name);
			else
				snprintf(name, sizeof(name), "%s/%s/%u",
				    receiver->name, kinds[kind], i++);
			integration_load(load, receiver, way,
			    (enum kymo_integration_kind)kind, name);
		}
	}
}

/* What Alertmanager can and we cannot. */
static void
foreign_say(struct kyi_routing_load *load, const struct kyi_tree_node *receiver)
{
	static const char *const foreign[] = {"discord", "incidentio", "jira",
	    "mattermost", "msteams", "msteamsv2", "opsgenie", "pagerduty",
	    "pushover", "rocketchat", "sns", "telegram", "victorops", "webex",
	    "wechat"};
	const struct kyi_tree_node *node;
	size_t i, len_bytes;

	for (node = receiver->first; node != NULL; node = node->next)
		for (i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
			len_bytes = strlen(foreign[i]);
			if (strncmp(node->key, foreign[i], len_bytes) == 0 &&
			    strcmp(node->key + len_bytes, "_configs") == 0)
				kyi_fault_key(load->faults, load->tree, node,
				    "%s is not one of kymo's ways: write "
				    "webhook_configs with kymo: {body: ..} "
				    "(docs/notifications.md, Bodies for "
				    "others, has some), or have an "
				    "Alertmanager send it", node->key);
		}
}

static void
receiver_keys(struct kyi_routing_load *load, const struct kyi_tree_node *node)
{
	static const char *const keys[] = {"name", "webhook_configs",
	    "slack_configs", "email_configs", "discord_configs",
	    "incidentio_configs", "jira_configs", "mattermost_configs",
	    "msteams_configs", "msteamsv2_configs", "opsgenie_configs",
	    "pagerduty_configs", "pushover_configs", "rocketchat_configs",
	    "sns_configs", "telegram_configs", "victorops_configs",
	    "webex_configs", "wechat_configs"};

	kyi_tree_keys(load->faults, load->tree, node, "a receiver", keys,
	    sizeof(keys) / sizeof(keys[0]));
	foreign_say(load, node);
}

static struct kyi_routing_receiver *
receiver_load(struct kyi_routing_load *load, const struct kyi_tree_node *node)
{
	struct kyi_routing_receiver *receiver;
	const struct kyi_routing_receiver *same;
	const struct kyi_tree_node *name = kyi_tree_get(node, "name");

	receiver = kyi_routing_get(load, 1, sizeof(*receiver));
	if (receiver == NULL)
		return NULL;
	receiver->name = "";
	receiver->line = node->line;
	kyi_tree_text(load->faults, load->tree, name, "a name",
	    &receiver->name);
	if (receiver->name[0] == '\0')
		kyi_fault(load->faults, load->tree, name == NULL ? node : name,
		    "a receiver needs a name: write name: ops");
	else if (strlen(receiver->name) > 200)
		kyi_fault(load->faults, load->tree, name, "a name of more than "
		    "200 bytes");
	same = kyi_routing_receiver_find(load->routing, receiver->name);
	if (same != NULL && receiver->name[0] != '\0')
		kyi_fault(load->faults, load->tree, name, "receiver '%.60s' is "
		    "here already, in line %u: give one another name, or put "
		    "their ways together", receiver->name, same->line);
	receiver_keys(load, node);
	integrations_load(load, receiver, node);
	return receiver;
}

void
kyi_routing_load_receivers(struct kyi_routing_load *load)
{
	const struct kyi_tree_node *list = kyi_tree_get(load->tree->root,
	    "receivers"), *node;
	struct kyi_routing_receiver **last = &load->routing->receivers;
	uint32_t cnt = 0;

	if (!kyi_tree_is(load->faults, load->tree, list, KYI_TREE_LIST))
		return;
	for (node = list->first; node != NULL; node = node->next)
		cnt += ways(node);
	load->routing->integrations = kyi_routing_get(load, cnt,
	    sizeof(*load->routing->integrations));
	if (load->routing->integrations == NULL)
		return;
	for (node = list->first; node != NULL; node = node->next) {
		if (!kyi_tree_is(load->faults, load->tree, node, KYI_TREE_MAP)) {
			if (node->kind == KYI_TREE_NULL)
				kyi_fault(load->faults, load->tree, node,
				    "a receiver needs a name: write name: ops");
			continue;
		}
		*last = receiver_load(load, node);
		if (*last == NULL)
			return;
		last = &(*last)->next;
	}
}

const struct kyi_routing_receiver *
kyi_routing_receiver_find(const struct kymo_routing *routing, const char *name)
{
	const struct kyi_routing_receiver *receiver;

	for (receiver = routing->receivers; receiver != NULL;
	    receiver = receiver->next)
		if (strcmp(receiver->name, name) == 0)
			return receiver;
	return NULL;
}

/* ---- for whoever sends --------------------------------------------------- */

const struct kymo_integration *
kymo_routing_integrations(const struct kymo_routing *routing, uint32_t *cnt)
{
	*cnt = routing->integration_cnt;
	return routing->integrations;
}

/* A list's element by its number, a map's value by its key. */
static const struct kyi_tree_node *
child(const struct kyi_tree_node *node, const char *name, size_t name_bytes)
{
	const struct kyi_tree_node *at;
	unsigned long idx = 0;

	if (node->kind == KYI_TREE_LIST) {
		if (name_bytes == 0 || name_bytes > 6 ||
		    strspn(name, "0123456789") < name_bytes)
			return NULL;
		idx = strtoul(name, NULL, 10);
		for (at = node->first; at != NULL && idx > 0; at = at->next)
			idx--;
		return at;
	}
	if (node->kind != KYI_TREE_MAP)
		return NULL;
	for (at = node->first; at != NULL; at = at->next)
		if (strlen(at->key) == name_bytes &&
		    memcmp(at->key, name, name_bytes) == 0)
			return at;
	return NULL;
}

const struct kyi_tree_node *
kyi_routing_path(const struct kyi_tree_node *node, const char *path)
{
	size_t name_bytes;

	while (node != NULL && *path != '\0') {
		name_bytes = strcspn(path, ".");
		node = child(node, path, name_bytes);
		path += name_bytes;
		path += *path == '.';
	}
	return node;
}

static const char *
text_at(const struct kyi_tree_node *node, const char *path)
{
	node = kyi_routing_path(node, path);
	return node != NULL && node->kind == KYI_TREE_TEXT ? node->text : NULL;
}

const char *
kymo_integration_get(const struct kymo_integration *integration,
    const char *path)
{
	return text_at(integration->private_, path);
}

void
kymo_integration_place(const struct kymo_integration *integration,
    const char *path, uint32_t *line, uint32_t *column)
{
	const struct kyi_tree_node *way = integration->private_;
	const struct kyi_tree_node *node = kyi_routing_path(way, path);
	bool key = node != NULL && node != way && node->key != NULL;

	if (node == NULL)
		node = way;
	*line = key ? node->key_line : node->line;
	*column = key ? node->key_column : node->column;
}

int
kymo_integration_each(const struct kymo_integration *integration,
    const char *path, int (*each)(void *to, const char *key,
    const char *text), void *to)
{
	const struct kyi_tree_node *node = kyi_routing_path(
	    integration->private_, path);
	int result = 0;

	if (node == NULL || (node->kind != KYI_TREE_MAP &&
	    node->kind != KYI_TREE_LIST))
		return 0;
	for (node = node->first; node != NULL && result == 0;
	    node = node->next)
		result = each(to, node->key == NULL ? "" : node->key,
		    node->kind == KYI_TREE_TEXT ? node->text : NULL);
	return result;
}

int
kymo_routing_templates(const struct kymo_routing *routing,
    int (*each)(void *to, const char *pattern, uint32_t line, uint32_t column),
    void *to)
{
	const struct kyi_tree_node *list = kyi_tree_get(routing->tree->root,
	    "templates"), *node;
	int result = 0;

	for (node = list == NULL ? NULL : list->first; node != NULL &&
	    result == 0; node = node->next)
		result = each(to, node->text, node->line, node->column);
	return result;
}

const char *
kymo_routing_global(const struct kymo_routing *routing, const char *path)
{
	return text_at(kyi_tree_get(routing->tree->root, "global"), path);
}
