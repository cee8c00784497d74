/* SPDX-License-Identifier: MIT */
/* What ways to a receiver may say, and what they must. */
#include <string.h>
#include <strings.h>

#include "reader/alert/private.h"
#include "reader/rules/template.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const tls_keys[] = {"ca", "cert", "key", "ca_file",
    "cert_file", "key_file", "server_name", "insecure_skip_verify",
    "min_version", "max_version"};

static void
tls_check(struct kyi_routing_load *load, const struct kyi_tree_node *tls)
{
	if (kyi_tree_is(load->faults, load->tree, tls, KYI_TREE_MAP))
		kyi_tree_keys(load->faults, load->tree, tls, "tls_config",
		    tls_keys, COUNT(tls_keys));
}

static void
http_check(struct kyi_routing_load *load, const struct kyi_tree_node *http)
{
	static const char *const keys[] = {"authorization", "basic_auth",
	    "bearer_token", "bearer_token_file", "oauth2", "proxy_url",
	    "no_proxy", "proxy_from_environment", "proxy_connect_header",
	    "follow_redirects", "enable_http2", "tls_config", "http_headers"};
	const struct kyi_tree_node *oauth;

	if (!kyi_tree_is(load->faults, load->tree, http, KYI_TREE_MAP))
		return;
	kyi_tree_keys(load->faults, load->tree, http, "http_config", keys,
	    COUNT(keys));
	tls_check(load, kyi_tree_get(http, "tls_config"));
	oauth = kyi_tree_get(http, "oauth2");
	if (oauth != NULL)
		kyi_fault_key(load->faults, load->tree, oauth, "oauth2 is not "
		    "one of kymo's ways: use basic_auth or authorization with "
		    "a token from a file");
}

void
kyi_routing_check_global(struct kyi_routing_load *load)
{
	static const char *const keys[] = {"resolve_timeout", "http_config",
	    "smtp_from", "smtp_hello", "smtp_smarthost", "smtp_auth_username",
	    "smtp_auth_password", "smtp_auth_password_file",
	    "smtp_auth_secret", "smtp_auth_secret_file", "smtp_auth_identity",
	    "smtp_require_tls", "smtp_tls_config",
	    "smtp_force_implicit_tls", "slack_api_url", "slack_api_url_file",
	    "slack_app_token", "slack_app_token_file", "slack_app_url",
	    "pagerduty_url", "opsgenie_api_key", "opsgenie_api_key_file",
	    "opsgenie_api_url", "wechat_api_url", "wechat_api_secret",
	    "wechat_api_secret_file", "wechat_api_corp_id",
	    "victorops_api_key", "victorops_api_key_file",
	    "victorops_api_url", "telegram_api_url", "telegram_bot_token",
	    "telegram_bot_token_file", "webex_api_url", "jira_api_url",
	    "rocketchat_api_url", "rocketchat_token",
	    "rocketchat_token_file", "rocketchat_token_id",
	    "rocketchat_token_id_file", "mattermost_webhook_url",
	    "mattermost_webhook_url_file"};
	const struct kyi_tree_node *global = kyi_tree_get(load->tree->root,
	    "global"), *url, *file;
	int64_t ms;
	bool is;

	if (!kyi_tree_is(load->faults, load->tree, global, KYI_TREE_MAP))
		return;
	kyi_tree_keys(load->faults, load->tree, global, "global", keys,
	    COUNT(keys));
	kyi_tree_duration(load->faults, load->tree, kyi_tree_get(global,
	    "resolve_timeout"), &ms);
	kyi_routing_load_bool(load, kyi_tree_get(global, "smtp_require_tls"),
	    &is);
	http_check(load, kyi_tree_get(global, "http_config"));
	tls_check(load, kyi_tree_get(global, "smtp_tls_config"));
	url = kyi_tree_get(global, "slack_api_url");
	file = kyi_tree_get(global, "slack_api_url_file");
	if (url != NULL && file != NULL)
		kyi_fault_key(load->faults, load->tree, file, "slack_api_url "
		    "is there, too: leave one of them out");
}

static void
webhook_check(struct kyi_routing_load *load, const struct kyi_tree_node *node)
{
	static const char *const keys[] = {"send_resolved", "http_config",
	    "url", "url_file", "max_alerts", "timeout", "payload", "kymo"};
	const struct kyi_tree_node *url = kyi_tree_get(node, "url");
	const struct kyi_tree_node *file = kyi_tree_get(node, "url_file");
	const char *text = "";

	kyi_tree_keys(load->faults, load->tree, node, "a webhook", keys,
	    COUNT(keys));
	if (url == NULL && file == NULL)
		kyi_fault(load->faults, load->tree, node, "a webhook needs a "
		    "url, or a url_file that has it");
	else if (url != NULL && file != NULL)
		kyi_fault_key(load->faults, load->tree, file, "url is there, "
		    "too: leave one of them out");
	if (kyi_tree_text(load->faults, load->tree, url, "a URL", &text) &&
	    strncasecmp(text, "http://", 7) != 0 &&
	    strncasecmp(text, "https://", 8) != 0)
		kyi_fault(load->faults, load->tree, url, "a webhook's url "
		    "begins with http:// or https://");
}

/* A text that is a template: whether it is one. Those that it calls are looked
   for when they are there. */
static void
template_check(struct kyi_routing_load *load, const struct kyi_tree_node *node)
{
	struct kyi_template_set *set = kyi_template_set_new(
	    load->routing->arena);
	struct kyi_template_error error;
	const char *text = "";

	if (node == NULL || !kyi_tree_text(load->faults, load->tree, node,
	    "a template", &text))
		return;
	if (set == NULL)
		kyi_fault(load->faults, load->tree, node, "no memory");
	else if (kyi_template_set_add(set, "", text, &error) != 0)
		kyi_fault(load->faults, load->tree, node, "the template, byte "
		    "%zu: %s; mend it, or leave %s out", error.at_bytes + 1,
		    error.error.text, node->key == NULL ? "it" : node->key);
}

static void
templates_check(struct kyi_routing_load *load,
    const struct kyi_tree_node *node, const char *const *names, size_t cnt)
{
	size_t i;

	for (i = 0; i < cnt; i++)
		template_check(load, kyi_tree_get(node, names[i]));
}

/* Each of a list of maps, such as fields. */
static void
listed_check(struct kyi_routing_load *load, const struct kyi_tree_node *list,
    const char *const *names, size_t cnt)
{
	const struct kyi_tree_node *node;

	if (!kyi_tree_is(load->faults, load->tree, list, KYI_TREE_LIST))
		return;
	for (node = list->first; node != NULL; node = node->next)
		if (kyi_tree_is(load->faults, load->tree, node, KYI_TREE_MAP))
			templates_check(load, node, names, cnt);
}

/* What is ours under a way's key kymo. */
static void
ours_check(struct kyi_routing_load *load, const struct kyi_tree_node *node,
    bool webhook)
{
	static const char *const keys[] = {"signing_secret_file", "body"};
	const struct kyi_tree_node *ours = kyi_tree_get(node, "kymo");

	if (ours == NULL || !kyi_tree_is(load->faults, load->tree, ours,
	    KYI_TREE_MAP))
		return;
	kyi_tree_keys(load->faults, load->tree, ours, webhook ?
	    "kymo of a webhook" : "kymo of this way, which has none,", keys,
	    webhook ? COUNT(keys) : 0);
	if (webhook)
		template_check(load, kyi_tree_get(ours, "body"));
}

static void
slack_check(struct kyi_routing_load *load, const struct kyi_tree_node *node)
{
	static const char *const keys[] = {"send_resolved", "http_config",
	    "api_url", "api_url_file", "app_token", "app_token_file",
	    "app_url", "channel", "username", "color", "title", "title_link",
	    "pretext", "text", "fields", "short_fields", "footer", "fallback",
	    "callback_id", "icon_emoji", "icon_url", "image_url", "thumb_url",
	    "link_names", "mrkdwn_in", "actions", "timeout", "message_text",
	    "kymo"};
	static const char *const texts[] = {"channel", "username", "color",
	    "title", "title_link", "pretext", "text", "footer", "fallback",
	    "callback_id", "icon_emoji", "icon_url", "image_url", "thumb_url",
	    "message_text"};
	static const char *const fields[] = {"title", "value"};
	static const char *const actions[] = {"type", "text", "url", "style",
	    "name", "value"};
	const struct kyi_tree_node *global = kyi_tree_get(load->tree->root,
	    "global");

	kyi_tree_keys(load->faults, load->tree, node, "Slack", keys,
	    COUNT(keys));
	templates_check(load, node, texts, COUNT(texts));
	listed_check(load, kyi_tree_get(node, "fields"), fields,
	    COUNT(fields));
	listed_check(load, kyi_tree_get(node, "actions"), actions,
	    COUNT(actions));
	if (kyi_tree_get(node, "api_url") == NULL &&
	    kyi_tree_get(node, "api_url_file") == NULL &&
	    (global == NULL || (kyi_tree_get(global, "slack_api_url") == NULL &&
	    kyi_tree_get(global, "slack_api_url_file") == NULL)))
		kyi_fault(load->faults, load->tree, node, "no URL: write "
		    "api_url or api_url_file here, or slack_api_url or "
		    "slack_api_url_file in global");
}

static void
email_check(struct kyi_routing_load *load, const struct kyi_tree_node *node)
{
	static const char *const keys[] = {"send_resolved", "to", "from",
	    "hello", "smarthost", "auth_username", "auth_password",
	    "auth_password_file", "auth_secret", "auth_secret_file",
	    "auth_identity", "require_tls", "tls_config", "headers", "html",
	    "text", "force_implicit_tls", "threading", "kymo"};
	static const char *const needs[][2] = {
	    {"smarthost", "smtp_smarthost"}, {"from", "smtp_from"}};
	const struct kyi_tree_node *global = kyi_tree_get(load->tree->root,
	    "global");
	size_t i;

	kyi_tree_keys(load->faults, load->tree, node, "an email", keys,
	    COUNT(keys));
	template_check(load, kyi_tree_get(node, "html"));
	template_check(load, kyi_tree_get(node, "text"));
	if (kyi_tree_get(node, "to") == NULL)
		kyi_fault(load->faults, load->tree, node, "an email needs an "
		    "address: write to");
	for (i = 0; i < COUNT(needs); i++)
		if (kyi_tree_get(node, needs[i][0]) == NULL && (global == NULL
		    || kyi_tree_get(global, needs[i][1]) == NULL))
			kyi_fault(load->faults, load->tree, node, "no %s: "
			    "write %s here, or %s in global", needs[i][0],
			    needs[i][0], needs[i][1]);
	tls_check(load, kyi_tree_get(node, "tls_config"));
}

void
kyi_routing_check_integration(struct kyi_routing_load *load,
    const struct kymo_integration *integration)
{
	const struct kyi_tree_node *node = integration->private_;

	http_check(load, kyi_tree_get(node, "http_config"));
	ours_check(load, node, integration->kind == KYMO_INTEGRATION_WEBHOOK);
	switch (integration->kind) {
	case KYMO_INTEGRATION_WEBHOOK: webhook_check(load, node); break;
	case KYMO_INTEGRATION_SLACK: slack_check(load, node); break;
	default: email_check(load, node); break;
	}
}
