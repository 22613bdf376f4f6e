/*
 * Network files made from recordings: for golden and world the result means the same as the shipped
 * files; TRON's form changes what it must and nothing else; what is no recording is refused.
 */
#include "lib/check.h"

#include "base/buf.h"
#include "base/hex.h"
#include "chain/keccak.h"
#include "network/network.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static char dir[64];

static void in_dir(char path[300], const char *name)
{
	snprintf(path, 300, "%s/%s", dir, name);
}

static void write_file(const char *name, const char *text, bool gzip)
{
	char path[300];
	gzFile z;
	FILE *f;

	in_dir(path, name);
	if (gzip) {
		z = gzopen(path, "wb");
		assert_non_null(z);
		assert_int_equal(gzwrite(z, text, (unsigned)strlen(text)), (int)strlen(text));
		assert_int_equal(gzclose(z), Z_OK);
		return;
	}
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

/* The file that is printed for these directories, loaded. */
static struct network *made(const char *const *dirs, size_t n, bool tron)
{
	struct network *net = NULL;
	struct err e = {0};
	char path[300];
	FILE *f;

	in_dir(path, "made.json");
	f = fopen(path, "w");
	assert_non_null(f);
	if (network_from_recording(dirs, n, tron, f, &e) != ERR_NONE)
		fail_msg("from_recording: %s", e.msg);
	assert_int_equal(fclose(f), 0);
	if (network_load(&net, path, &e) != ERR_NONE)
		fail_msg("made.json: %s", e.msg);
	return net;
}

static struct network *shipped(const char *name)
{
	struct network *n = NULL;
	struct err e = {0};

	if (network_load(&n, name, &e) != ERR_NONE)
		fail_msg("%s: %s", name, e.msg);
	return n;
}

static void same_contract(const struct contract *a, const struct contract *b)
{
	assert_string_equal(a->name, b->name);
	assert_true(address_eq(&a->address, &b->address));
	assert_int_equal(a->fixed, b->fixed);
	assert_int_equal(a->accounted, b->accounted);
	assert_int_equal(a->from_block, b->from_block);
	assert_int_equal(a->event_count, b->event_count);
	assert_int_equal(a->function_count, b->function_count);
	for (size_t i = 0; i < a->event_count; i++) {
		assert_string_equal(a->events[i]->signature, b->events[i]->signature);
		assert_int_equal(a->events[i]->validator_param, b->events[i]->validator_param);
	}
	assert_int_equal(!a->mapping, !b->mapping);
	if (a->mapping)
		assert_int_equal(a->mapping->event_count, b->mapping->event_count);
}

static void same_watch(const struct watch *a, const struct watch *b)
{
	assert_string_equal(a->contract->name, b->contract->name);
	assert_true(address_eq(&a->contract->address, &b->contract->address));
	assert_int_equal(a->accounted_from_to, b->accounted_from_to);
	assert_int_equal(a->sum_only, b->sum_only);
	for (unsigned i = 0; i < LOG_TOPICS_MAX; i++) {
		assert_int_equal(a->topic_count[i], b->topic_count[i]);
		for (size_t k = 0; k < a->topic_count[i]; k++)
			assert_true(hash_eq(&a->topics[i][k], &b->topics[i][k]));
	}
}

static void same_rule(const struct discovery_rule *a, const struct discovery_rule *b)
{
	assert_string_equal(a->name, b->name);
	assert_int_equal(a->kind, b->kind);
	assert_string_equal(a->trigger_contract->name, b->trigger_contract->name);
	assert_true(hash_eq(&a->trigger_topic0, &b->trigger_topic0));
	assert_true(hash_eq(&a->announce_topic0, &b->announce_topic0));
	assert_true(address_eq(&a->new_owner, &b->new_owner));
	assert_true(address_eq(&a->old_owner, &b->old_owner));
	assert_int_equal(a->has_old_owner, b->has_old_owner);
	assert_string_equal(a->finds->name, b->finds->name);
	assert_false(a->finds->fixed);
}

/* Everything but what TRON's form changes. */
static void same_rest(const struct chain_conf *a, const struct chain_conf *b)
{
	assert_string_equal(a->key, b->key);
	assert_int_equal(a->chain_id, b->chain_id);
	assert_int_equal(a->role, b->role);
	assert_int_equal(a->root_chain_id, b->root_chain_id);
	assert_string_equal(a->recording, b->recording);
	assert_int_equal(a->endpoint_count, b->endpoint_count);
	assert_int_equal(a->first_block, b->first_block);
	assert_int_equal(a->has_parent_hash, b->has_parent_hash);
	assert_int_equal(a->finality, b->finality);
	assert_int_equal(a->safe_depth, b->safe_depth);
	assert_int_equal(a->final_depth, b->final_depth);
	assert_int_equal(a->fork_window, b->fork_window);
	assert_int_equal(a->block_period_ms, b->block_period_ms);
	assert_int_equal(a->tx_scan, b->tx_scan);
	assert_int_equal(a->contract_count, b->contract_count);
	assert_int_equal(a->watch_count, b->watch_count);
	assert_int_equal(a->rule_count, b->rule_count);
	for (size_t i = 0; i < a->contract_count; i++)
		same_contract(&a->contracts[i], &b->contracts[i]);
	for (size_t i = 0; i < a->watch_count; i++)
		same_watch(&a->watches[i], &b->watches[i]);
	for (size_t i = 0; i < a->rule_count; i++)
		same_rule(&a->rules[i], &b->rules[i]);
}

static void same_chain(const struct chain_conf *a, const struct chain_conf *b)
{
	same_rest(a, b);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->recording_tron_shape, b->recording_tron_shape);
	assert_true(hash_eq(&a->parent_hash, &b->parent_hash));
	assert_int_equal(a->has_first_hash, b->has_first_hash);
	assert_true(hash_eq(&a->first_hash, &b->first_hash));
	assert_int_equal(a->required, b->required);
}

static void test_golden(void **state)
{
	const char *d = TEST_DIR "/recordings/golden";
	struct network *a = made(&d, 1, false), *b = shipped("golden");

	(void)state;
	assert_string_equal(a->name, "golden");
	assert_int_equal(a->chain_count, 1);
	same_chain(&a->chains[0], &b->chains[0]);
	assert_string_equal(a->initial_state, b->initial_state);
	network_free(a);
	network_free(b);
}

static void test_world(void **state)
{
	const char *whole = TEST_DIR "/recordings/world";
	const char *parts[] = {TEST_DIR "/recordings/world/root", TEST_DIR "/recordings/world/bttc"};
	struct network *a = made(&whole, 1, false), *b = shipped("world"), *c = made(parts, 2, false);

	(void)state;
	assert_int_equal(a->chain_count, 2);
	assert_int_equal(c->chain_count, 2);
	for (size_t i = 0; i < 2; i++) {
		same_chain(&a->chains[i], &b->chains[i]);
		same_chain(&c->chains[i], &b->chains[i]);
	}
	assert_string_equal(a->initial_state, b->initial_state);
	network_free(a);
	network_free(b);
	network_free(c);
}

static void test_tron(void **state)
{
	const char *d = TEST_DIR "/recordings/world";
	struct network *a = made(&d, 1, true), *b = shipped("world");
	const struct chain_conf *c = network_chain(a, "root");
	struct hash32 want;

	(void)state;
	same_rest(c, network_chain(b, "root"));
	same_chain(network_chain(a, "bttc"), network_chain(b, "bttc"));
	assert_int_equal(c->kind, CHAIN_TRON);
	assert_true(c->recording_tron_shape);
	assert_int_equal(c->required, LEVEL_LINKED);
	/* block 110: its number, then the end of sha256 of the recorded hash */
	sha256(&want, network_chain(b, "root")->parent_hash.b, 32);
	memset(want.b, 0, 8);
	want.b[7] = 110;
	assert_true(hash_eq(&c->parent_hash, &want));
	network_free(a);
	network_free(b);
}

static void assert_refused(const char *const *dirs, size_t n, const char *text)
{
	struct err e = {0};
	char path[300];
	struct stat st;
	FILE *f;

	in_dir(path, "made.json");
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(network_from_recording(dirs, n, false, f, &e), ERR_FATAL);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
	if (!strstr(e.msg, text))
		fail_msg("said: %s\n  not: %s", e.msg, text);
}

static void test_refused(void **state)
{
	const char *d = dir;
	const char *twice[] = {TEST_DIR "/recordings/golden", TEST_DIR "/recordings/world"};

	(void)state;
	assert_refused(NULL, 0, "at least one directory");
	assert_refused(twice, 2, "second staking chain");
	assert_refused(&d, 1, "is no recording");
	write_file("meta.json", "{\"chainId\": 5}", false);
	assert_refused(&d, 1, "neither contracts.stakeManager");
	write_file("meta.json", "{\"chainId\": 5,", false);
	assert_refused(&d, 1, "meta.json:1: ");
	write_file("meta.json", "{\"chainId\": 5, \"chainConfig\": {}}", false);
	assert_refused(&d, 1, "blocks.ndjson.gz: can not be opened");
	write_file("blocks.ndjson.gz", "", true);
	assert_refused(&d, 1, "first line is no JSON value");
	write_file("blocks.ndjson.gz", "{\"number\": \"0x\"}\n", true);
	assert_refused(&d, 1, "has no number");
	write_file("blocks.ndjson.gz", "{\"number\": \"0x1\", \"hash\": \"0x12\"}\n", true);
	assert_refused(&d, 1, "no hash and parentHash");
	write_file("blocks.ndjson.gz", "not gzip, not json", false);
	assert_refused(&d, 1, "first line is no JSON value");
}

#define HASH(c) "0x" c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c

/* A recording whose meta.json names fewer contracts: what speaks of the others is left out. */
static void test_partial(void **state)
{
	const char *d = dir;
	struct network *n;
	const struct chain_conf *c;

	(void)state;
	write_file("blocks.ndjson.gz",
		"{\"number\": \"0x10\", \"hash\": \"" HASH("ab") "\", \"parentHash\": \"" HASH("cd") "\"}\n"
		"rest", true);
	write_file("meta.json",
		"{\"chainId\": 5, \"firstBlock\": 16, \"contracts\": {"
		"\"stakeManager\": \"0x00000000000000000000000000000000000000a1\","
		"\"stakingInfo\": \"0x00000000000000000000000000000000000000a2\"}}", false);
	n = made(&d, 1, false);
	c = network_chain(n, "root");
	assert_int_equal(c->chain_id, 5);
	assert_int_equal(c->first_block, 16);
	assert_int_equal(c->parent_hash.b[0], 0xcd);
	assert_non_null(network_contract(c, "StakeManager"));
	assert_null(network_contract(c, "RootChain"));
	assert_null(network_contract(c, "StakingNFT"));
	assert_non_null(network_template(c, "ValidatorShare"));
	assert_int_equal(c->watch_count, 4);
	assert_int_equal(c->rule_count, 1); /* the other speaks of a contract that is not known */
	assert_int_equal(c->rules[0].kind, DISCOVER_OWNER_UPDATE);
	assert_false(c->rules[0].has_old_owner);
	assert_null(n->initial_state);
	network_free(n);
	write_file("meta.json",
		"{\"chainId\": 5, \"firstBlock\": 17, \"contracts\": {"
		"\"stakeManager\": \"0x00000000000000000000000000000000000000a1\"}}", false);
	assert_refused(&d, 1, "firstBlock is not the first block");
	write_file("meta.json", "{\"chainConfig\": {}}", false);
	assert_refused(&d, 1, "no integer chainId");
	write_file("meta.json",
		"{\"chainConfig\": {}, \"chainId\": 6, \"genesisHash\": \"" HASH("00") "\"}", false);
	n = made(&d, 1, false);
	c = network_chain(n, "bttc");
	assert_int_equal(c->chain_id, 6);
	assert_int_equal(c->first_block, 16);
	assert_true(c->has_first_hash && c->has_parent_hash);
	assert_int_equal(c->first_hash.b[0], 0xab);
	network_free(n);
}

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/bttc-rec a.XXXXXX"); /* a path with a space */
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {"made.json", "meta.json", "blocks.ndjson.gz"};
	char path[300];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		in_dir(path, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden), cmocka_unit_test(test_world),
		cmocka_unit_test(test_tron), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_partial)};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
