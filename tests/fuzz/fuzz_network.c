/*
 * Network files, ABIs and mappings from any bytes. What begins with "[" is taken as an ABI, with "m"
 * as a mapping (without the m), everything else as a network file. The loader must refuse or accept,
 * and say where; an accepted file can be walked.
 */
#include "network/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file in memory with these bytes; path is how to open it. */
static int memory_file(char path[64], const void *data, size_t n)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, n) != (ssize_t)n)
		abort();
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

static void walk(const struct network *n)
{
	for (size_t i = 0; i < n->chain_count; i++) {
		const struct chain_conf *c = &n->chains[i];

		if (network_chain(n, c->key) != c)
			abort();
		for (size_t k = 0; k < c->contract_count; k++)
			if (!network_contract(c, c->contracts[k].name))
				abort();
		for (size_t k = 0; k < c->watch_count; k++)
			if (c->watches[k].contract < c->contracts ||
				c->watches[k].contract >= c->contracts + c->contract_count)
				abort();
	}
}

static void load(const char *path)
{
	struct network *n = NULL;
	struct err e = {0};

	if (network_load(&n, path, &e) == ERR_NONE) {
		walk(n);
		network_free(n);
	} else if (e.kind != ERR_FATAL || !e.msg[0] || n) {
		abort();
	}
}

/* A network file of one contract with this ABI and, when given, this mapping. */
static void load_with(const char *abi, const char *mapping)
{
	char text[2000], path[64];
	int n, fd;

	n = snprintf(text, sizeof(text),
		"{\"name\":\"f\",\"chains\":[{\"key\":\"root\",\"kind\":\"ethereum\",\"role\":\"staking\","
		"\"chain_id\":1,\"root_chain_id\":1,\"first_block\":0,\"finality\":{\"rule\":\"depth\","
		"\"safe\":1,\"final\":2},\"block_period_ms\":1,\"required_level\":\"bloom\","
		"\"tx_scan\":\"none\",\"contracts\":[{\"name\":\"C\",\"template\":true,\"abi\":[\"%s\"]"
		"%s%s%s}],\"watches\":[{\"contract\":\"C\"}]}]}",
		abi, mapping ? ",\"mapping\":\"" : "", mapping ? mapping : "", mapping ? "\"" : "");
	fd = memory_file(path, text, (size_t)n);
	load(path);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool mapping = size && data[0] == 'm', abi = size && data[0] == '[';
	char path[64];
	int fd;

	setenv("BTTC_SCHEMA_DIR", SCHEMA_DIR, 0);
	fd = memory_file(path, data + mapping, size - mapping);
	if (mapping)
		load_with("ValidatorPartnership", path);
	else if (abi)
		load_with(path, NULL);
	else
		load(path);
	close(fd);
	return 0;
}
