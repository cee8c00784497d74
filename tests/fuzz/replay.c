/* SPDX-License-Identifier: MIT */
/* A fuzzer's other main: runs it once over each file given, so that seeds and
   what once crashed are tested by every compiler, in every build. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_BYTES_MAX (1024u * 1024u)

int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
main(int argc, char **argv)
{
	uint8_t *data = malloc(INPUT_BYTES_MAX);
	size_t bytes;
	FILE *file;
	int i;

	if (data == NULL)
		return 1;
	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	for (i = 1; i < argc; i++) {
		file = fopen(argv[i], "rb");
		if (file == NULL) {
			perror(argv[i]);
			return 1;
		}
		bytes = fread(data, 1, INPUT_BYTES_MAX, file);
		fclose(file);
		printf("%s: %zu bytes\n", argv[i], bytes);
		fflush(stdout);
		LLVMFuzzerTestOneInput(data, bytes);
	}
	printf("%d inputs, nothing found\n", argc - 1);
	free(data);
	return 0;
}
