/* SPDX-License-Identifier: MIT */
/* Which services depend on which: as components of the same names are said to, for
   detection. */
#include "tools/kymod.h"

#include <stdlib.h>
#include <string.h>

struct kyi_dependency {
	char *service, *other;
	bool is_seen; /* by the question that is asked */
	struct kyi_dependency *next;
};

void
kyi_dependencies_free(struct kyi_dependency *dependencies)
{
	while (dependencies) {
		struct kyi_dependency *next = dependencies->next;

		free(dependencies->service);
		free(dependencies->other);
		free(dependencies);
		dependencies = next;
	}
}

static struct kyi_dependency *
add(struct kyi_dependency *dependencies, const char *service,
    const char *other)
{
	struct kyi_dependency *more = calloc(1, sizeof(*more));

	if (!more)
		return dependencies;
	more->service = strdup(service);
	more->other = strdup(other);
	more->next = dependencies;
	if (more->service && more->other)
		return more;
	more->next = NULL;
	kyi_dependencies_free(more);
	return dependencies;
}

struct kyi_dependency *
kyi_dependencies_of(const struct kymo_config *config)
{
	struct kyi_dependency *dependencies = NULL;

	for (uint32_t i = 0; i < config->component_cnt; i++) {
		const struct kymo_care_plan *care = config->components[i].care;

		for (uint32_t k = 0; care && k < care->depends_on_cnt; k++)
			dependencies = add(dependencies,
			    config->components[i].name.text,
			    care->depends_on[k].text);
	}
	return dependencies;
}

static bool
reach(struct kyi_dependency *dependencies, const char *service,
    const char *other)
{
	for (struct kyi_dependency *at = dependencies; at; at = at->next) {
		if (at->is_seen || strcmp(at->service, service) != 0)
			continue;
		at->is_seen = true;
		if (strcmp(at->other, other) == 0 ||
		    reach(dependencies, at->other, other))
			return true;
	}
	return false;
}

bool
kyi_dependencies_reach(struct kyi_dependency *dependencies,
    const char *service, const char *other)
{
	for (struct kyi_dependency *at = dependencies; at; at = at->next)
		at->is_seen = false;
	return reach(dependencies, service, other);
}
