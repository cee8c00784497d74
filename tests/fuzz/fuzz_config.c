/* SPDX-License-Identifier: MIT */
/* Any text is a configuration or an error that says why, never both. */
#include <stdlib.h>

#include "reader/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
	struct kymo_error error = { "" };
	struct kymo_config *config;
	int result = kymo_config_parse(&config, "x", (const char *)bytes,
	    len_bytes, &error);

	if ((result == 0) != (config != NULL) ||
	    (result == 0) != (error.text[0] == '\0'))
		abort();
	kymo_config_free(config);
	return 0;
}
