/* SPDX-License-Identifier: MIT */
/* Loads a plug-in, calls it in threads that were there before it, unloads it,
   and loads it again: plugin_host PLUGIN ROUNDS. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define THREAD_CNT 3
#define CALL_CNT 1000

static pthread_barrier_t turn;
static void (*call)(int n);
static int round_cnt;

static void *
run(void *argument)
{
	(void)argument;
	for (int i = 0; i < round_cnt; i++) {
		pthread_barrier_wait(&turn); /* it is loaded */
		for (int n = 0; n < CALL_CNT; n++)
			call(n);
		pthread_barrier_wait(&turn); /* nobody is in it */
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t threads[THREAD_CNT];
	void *plugin;
	int i;

	if (argc != 3)
		return 2;
	round_cnt = atoi(argv[2]);
	pthread_barrier_init(&turn, NULL, THREAD_CNT + 1);
	for (i = 0; i < THREAD_CNT; i++)
		pthread_create(&threads[i], NULL, run, NULL);
	for (i = 0; i < round_cnt; i++) {
		plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
		if (plugin == NULL) {
			fprintf(stderr, "%s\n", dlerror());
			return 1;
		}
		*(void **)&call = dlsym(plugin, "plugin_call");
		pthread_barrier_wait(&turn);
		pthread_barrier_wait(&turn);
		dlclose(plugin);
	}
	for (i = 0; i < THREAD_CNT; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
