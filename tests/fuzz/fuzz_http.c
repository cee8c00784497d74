/* SPDX-License-Identifier: MIT */
/* Headers, filters and forms as clients write them: lines of Accept,
   Accept-Encoding, Host, a label filter, a duration, an address, a body and
   what is in it. */
#include <stdlib.h>
#include <string.h>

#include "reader/config/config.h"
#include "reader/export/export.h"
#include "reader/serve/form.h"
#include "reader/serve/gzip.h"
#include "reader/serve/host.h"
#include "reader/serve/param.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

static void
try_form(const char *line)
{
	struct kyi_form form = { .cnt = 0 };
	struct kymo_buffer name = { 0 };
	char *body = strdup(line);
	uint64_t limit;
	int64_t ms;

	if (body == NULL)
		return;
	kyi_form_body(&form, body, strlen(body));
	for (uint32_t i = 0; i < form.cnt; i++) {
		/* A time that was read reads back from what it is told as. */
		if (kyi_param_time(&ms, form.at[i].value) && ms > 0 &&
		    ms < INT64_C(253402300800000)) {
			struct kymo_buffer text = { 0 };
			int64_t again = 0;

			kyi_rfc3339(&text, ms);
			if (text.failed || !kyi_param_time(&again, text.at) ||
			    again != ms)
				abort();
			kymo_buffer_free(&text);
		}
		kyi_param_duration(&ms, form.at[i].value);
		kyi_param_limit(&limit, form.at[i].value);
		kyi_label_unescape(&name, form.at[i].key);
	}
	kymo_buffer_free(&name);
	kyi_form_free(&form);
	free(body);
}

static void
try_line(const struct kyi_host_names *names, char *line)
{
	struct kymo_error error = { "" };
	struct kymo_filter_label label;
	struct kymo_buffer buffer = { 0 };
	struct kymo_listen listen;
	uint64_t ns;

	if (kymo_content_type(kymo_accept(line)) == NULL)
		abort();
	kyi_gzip_wanted(line);
	/* Only numbers and the names that we have are good. */
	if (kyi_host_good(names, line) &&
	    strspn(line, "0123456789.:[]abcdefABCDEF") != strlen(line) &&
	    strncasecmp(line, "localhost", 9) != 0)
		abort();
	if (kymo_duration_parse(&ns, line, &error) != 0 &&
	    error.text[0] == '\0')
		abort();
	if (kymo_listen_parse(&listen, line, &error) == 0 && listen.port == 0)
		abort();
	try_form(line);
	kymo_escape_terminal(&buffer, line);
	kymo_buffer_free(&buffer);
	if (kymo_filter_label_parse(&label, line, &error) == 0) {
		const struct kymo_label value = { label.key, label.value };
		const struct kymo_filter filter = { .labels = &label,
		    .label_cnt = 1 };
		const struct kymo_series series = { .labels = &value,
		    .label_cnt = 1 };

		kymo_filter_series(&filter, &series);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
	static struct kyi_host_names names;
	char *text = malloc(len_bytes + 1), *rest = NULL, *line;

	if (text == NULL)
		return 0;
	if (names.cnt == 0)
		kyi_host_names_make(&names, "", "/nonexistent");
	memcpy(text, bytes, len_bytes);
	text[len_bytes] = '\0';
	for (line = strtok_r(text, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest))
		try_line(&names, line);
	free(text);
	return 0;
}
