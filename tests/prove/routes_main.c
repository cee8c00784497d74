/* SPDX-License-Identifier: MIT */
/* routes_main FILE: for each line of stdin, a set of labels with tabs between
   them (key=value), the receivers that its routes have. Prints "refused" and
   ends with 1 where the file cannot be used; what is wrong goes to stderr. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/alert/routing.h"

#define LABELS_MAX 50u

static void
fault(void *of, const char *text)
{
	(void)of;
	fprintf(stderr, "%s\n", text);
}

static int
each(void *to, const struct kymo_route *route)
{
	bool *first = to;

	printf("%s%s", *first ? "" : ",", route->receiver);
	*first = false;
	return 0;
}

static struct kymo_labels *
labels_of(char *line)
{
	struct kymo_label labels[LABELS_MAX];
	uint32_t cnt = 0;
	char *key, *value;

	for (key = strtok(line, "\t\n"); key != NULL && cnt < LABELS_MAX;
	    key = strtok(NULL, "\t\n")) {
		value = strchr(key, '=');
		if (value == NULL)
			exit(2);
		*value = '\0';
		labels[cnt++] = (struct kymo_label){key, value + 1};
	}
	return kymo_labels_make(labels, cnt);
}

int
main(int argc, char **argv)
{
	struct kymo_routing_faults faults = {fault, NULL, NULL};
	struct kymo_routing *routing;
	char line[4096];

	if (argc != 2 || kymo_routing_load(&routing, argv[1], &faults) != 0) {
		printf("refused\n");
		return 1;
	}
	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct kymo_labels *labels = labels_of(line);
		bool first = true;

		if (labels == NULL)
			return 2;
		kymo_routing_routes(routing, labels, each, &first);
		printf("\n");
		free(labels);
	}
	kymo_routing_delete(routing);
	return 0;
}
