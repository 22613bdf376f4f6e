/* Runs a fuzz target over the files of its corpus, so that the corpus is an ordinary test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *dir, const char *name)
{
	char path[4096];
	uint8_t *data;
	FILE *f;
	long n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (!f || fseek(f, 0, SEEK_END) || (n = ftell(f)) < 0) {
		perror(path);
		exit(1);
	}
	rewind(f);
	data = malloc((size_t)n + 1);
	if (!data || fread(data, 1, (size_t)n, f) != (size_t)n) {
		perror(path);
		exit(1);
	}
	LLVMFuzzerTestOneInput(data, (size_t)n);
	free(data);
	fclose(f);
	return 1;
}

int main(int argc, char **argv)
{
	struct dirent *d;
	int count = 0;
	DIR *dir;

	if (argc != 2 || !(dir = opendir(argv[1]))) {
		fprintf(stderr, "usage: %s CORPUS_DIR (must exist)\n", argv[0]);
		return 1;
	}
	while ((d = readdir(dir)))
		if (d->d_name[0] != '.')
			count += run_file(argv[1], d->d_name);
	closedir(dir);
	printf("%d inputs replayed\n", count);
	return count ? 0 : 1;
}
