/* SPDX-License-Identifier: MIT */
/* Where ordered operations stand in the sources, and leaving an order out. */
#include <string.h>

#include "tests/model/memory.h"

#define SITE_MAX 512u

const char *model_site = "";
const char *model_weak;
bool model_weak_met;

static const char *met[SITE_MAX];
static uint32_t met_cnt;
static const char *site_last = "";

const char *
model_site_last(void)
{
	return site_last;
}

static void
note_site(void)
{
	uint32_t i;

	for (i = 0; i < met_cnt; i++)
		if (met[i] == model_site || strcmp(met[i], model_site) == 0)
			return;
	if (met_cnt < SITE_MAX)
		met[met_cnt++] = model_site;
}

void
model_sites(void (*with)(const char *site))
{
	uint32_t i;

	for (i = 0; i < met_cnt; i++)
		with(met[i]);
}

/* Is this the site that model_site names? One is "path:line", with ":acquire"
   or ":release" after it where half of it is meant. */
static bool
is_site(const char *weak, size_t weak_bytes)
{
	size_t site_bytes = strlen(model_site);

	return site_bytes >= weak_bytes && strncmp(model_site + site_bytes -
	    weak_bytes, weak, weak_bytes) == 0 && (site_bytes == weak_bytes ||
	    model_site[site_bytes - weak_bytes - 1] == '/');
}

/* The order, or what a weakened site leaves of it. */
static int
weakened(int order)
{
	const char *weak = model_weak, *colon, *next;

	for (; *weak != '\0'; weak = next) {
		size_t bytes = strcspn(weak, "+");

		next = weak + bytes + (weak[bytes] == '+');
		colon = strchr(weak, ':');
		bytes = (size_t)(colon - weak) + 1 + strspn(colon + 1,
		    "0123456789");
		if (!is_site(weak, bytes))
			continue;
		model_weak_met = true;
		if (strncmp(weak + bytes, ":acquire", 8) == 0)
			return __ATOMIC_RELEASE;
		if (strncmp(weak + bytes, ":release", 8) == 0)
			return __ATOMIC_ACQUIRE;
		return __ATOMIC_RELAXED;
	}
	return order;
}

int
model_order(int order)
{
	if (order == __ATOMIC_RELAXED || *model_site == '\0')
		return order;
	note_site();
	if (model_weak != NULL)
		order = weakened(order);
	/* What comes next without a site of its own is not here. */
	site_last = model_site;
	model_site = "";
	return order;
}
