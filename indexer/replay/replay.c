/*
 * Puts the parts together: loads the bodies, makes a node of each, routes requests by path. One lock
 * around the nodes: the server's thread holds it while it answers, replay_control() while it changes.
 */
#include "replay/replay.h"

#include "replay/fault.h"
#include "replay/node.h"
#include "replay/rpc.h"
#include "replay/server.h"

#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FROM "replay"

struct replay {
	struct server *server;
	struct rpc *rpc;
	pthread_mutex_t lock;
	struct node *nodes;
	size_t node_count;
	char **keys;
	bool control;
};

static struct node *node_named(struct replay *r, const char *path, size_t n)
{
	for (size_t i = 0; i < r->node_count; i++)
		if (strlen(r->nodes[i].key) + 1 == n && path[0] == '/' &&
			!memcmp(r->nodes[i].key, path + 1, n - 1))
			return &r->nodes[i];
	return NULL;
}

static void refuse(struct reply *out, int status, const char *text)
{
	out->status = status;
	out->content_type = "text/plain";
	buf_str(out->body, text);
}

static void handle(void *user, const struct request *q, struct reply *out)
{
	struct replay *r = user;
	struct rpc_batch batch;
	struct node *n;
	size_t path_len = q->path_len;

	if (path_len > 1 && q->path[path_len - 1] == '/')
		path_len--;
	n = node_named(r, q->path, path_len);
	if (!n || q->method_len != 4 || memcmp(q->method, "POST", 4)) {
		refuse(out, 404, "not found: POST JSON-RPC to /<chain key>\n");
		return;
	}
	pthread_mutex_lock(&r->lock);
	rpc_parse(r->rpc, n, q->body, q->body_len, &batch);
	rpc_answer(r->rpc, n, NULL, &batch, out->body);
	pthread_mutex_unlock(&r->lock);
	if (out->body->bad)
		refuse(out, 500, "answer too large\n");
}

static enum err_kind load_node(struct replay *r, const struct replay_conf *conf,
	const struct replay_chain *c, struct err *e)
{
	struct node *n = &r->nodes[r->node_count];
	struct recording *rec;
	const char *key;
	enum err_kind k = recording_load(&rec, c->dir, c->tron_shape, e);

	if (k)
		return k;
	key = c->key ? c->key : rec->key;
	r->keys[r->node_count] = strdup(key);
	node_init(n, r->keys[r->node_count], body_recorded(rec));
	n->bor_logs = c->bor_logs;
	n->safe_depth = c->safe_depth ? c->safe_depth : conf->safe_depth ? conf->safe_depth : 10;
	n->final_depth = c->final_depth ? c->final_depth : conf->final_depth ? conf->final_depth : 64;
	r->node_count++;
	return ERR_NONE;
}

static enum err_kind place_heads(struct replay *r, const struct replay_conf *conf, struct err *e)
{
	struct node *first = &r->nodes[0];
	const struct rec_fork *f;
	uint64_t head = conf->has_head ? conf->head : first->body->last;

	if (!conf->has_head && !conf->fork)
		return ERR_NONE;
	if (conf->fork > first->body->fork_count)
		return err_set(e, ERR_FATAL, FROM, 0, "--fork %u: %s has %u forks", conf->fork,
			first->key, first->body->fork_count);
	f = conf->fork ? &first->body->forks[conf->fork - 1] : NULL;
	if (f && !conf->has_head)
		head = f->point + f->count;
	if (node_begin(first, head, conf->fork, e)) {
		e->kind = ERR_FATAL;
		return err_wrap(e, "--head");
	}
	return ERR_NONE;
}

enum err_kind replay_start(struct replay **out, const struct replay_conf *conf, struct err *e)
{
	struct replay *r = calloc(1, sizeof(*r));
	enum err_kind k = ERR_NONE;

	if (!r)
		abort();
	pthread_mutex_init(&r->lock, NULL);
	r->nodes = calloc(conf->chain_count + 1, sizeof(*r->nodes));
	r->keys = calloc(conf->chain_count + 1, sizeof(*r->keys));
	if (!r->nodes || !r->keys)
		abort();
	r->rpc = rpc_new();
	r->control = conf->control;
	if (!conf->chain_count)
		k = err_set(e, ERR_FATAL, FROM, 0, "no recording to serve: give --recording DIR");
	for (size_t i = 0; !k && i < conf->chain_count; i++)
		k = load_node(r, conf, &conf->chains[i], e);
	if (!k)
		k = place_heads(r, conf, e);
	if (!k)
		k = server_start(&r->server, conf->listen, handle, r, e);
	if (k) {
		replay_stop(r);
		return k;
	}
	*out = r;
	return ERR_NONE;
}

unsigned replay_port(const struct replay *r)
{
	return server_port(r->server);
}

enum err_kind replay_control(struct replay *r, const char *json, struct err *e)
{
	(void)r;
	(void)json;
	return err_set(e, ERR_REJECT, FROM, 0, "not there yet");
}

void replay_stop(struct replay *r)
{
	if (!r)
		return;
	server_stop(r->server);
	for (size_t i = 0; i < r->node_count; i++) {
		node_free(&r->nodes[i]);
		free(r->keys[i]);
	}
	free(r->nodes);
	free(r->keys);
	rpc_free(r->rpc);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* ---- what to serve ----------------------------------------------------------------------------- */

static bool has_meta(const char *dir)
{
	char path[4096];

	return snprintf(path, sizeof(path), "%s/meta.json", dir) < (int)sizeof(path) &&
		!access(path, R_OK);
}

/* "bttc" when meta.json names bor, else "root"; cheap, the recording is read in full later. */
static const char *key_of(const char *dir)
{
	char path[4096], text[4096];
	const char *key = "root";
	FILE *f;
	size_t n, keep = 0;

	snprintf(path, sizeof(path), "%s/meta.json", dir);
	f = fopen(path, "r");
	if (!f)
		return key;
	while ((n = fread(text + keep, 1, sizeof(text) - keep, f)) > 0) {
		n += keep;
		if (memmem(text, n, "\"validatorContract\"", 19))
			key = "bttc";
		keep = n < 32 ? n : 32;
		memmove(text, text + n - keep, keep);
	}
	fclose(f);
	return key;
}

static enum err_kind add(struct replay_chain **chains, size_t *n, const char *key, const char *dir,
	bool tron, struct err *e)
{
	struct replay_chain *c;

	for (size_t i = 0; i < *n; i++)
		if (!strcmp((*chains)[i].key, key))
			return err_set(e, ERR_FATAL, FROM, 0,
				"%s: chain \"%s\" is served from %s already; give KEY=DIR", dir, key,
				(*chains)[i].dir);
	*chains = realloc(*chains, (*n + 1) * sizeof(**chains));
	if (!*chains)
		abort();
	c = &(*chains)[(*n)++];
	*c = (struct replay_chain){
		.key = strdup(key), .dir = strdup(dir), .tron_shape = tron};
	return ERR_NONE;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	/* "root" before "bttc": the staking chain is the first chain, to which --head applies */
	return strcmp((*b)->d_name, (*a)->d_name);
}

static enum err_kind add_children(struct replay_chain **chains, size_t *n, const char *dir, bool tron,
	struct err *e)
{
	struct dirent **names;
	int count = scandir(dir, &names, NULL, by_name);
	size_t before = *n;
	enum err_kind k = ERR_NONE;

	for (int i = 0; i < count; i++) {
		char path[4096];

		if (!k && names[i]->d_name[0] != '.' &&
			snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name) <
				(int)sizeof(path) &&
			has_meta(path))
			k = add(chains, n, key_of(path), path, tron, e);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
	if (!k && *n == before)
		return err_set(e, ERR_FATAL, FROM, 0,
			"%s: no recording there (no meta.json in it or one level below)", dir);
	return k;
}

enum err_kind replay_chains_add(struct replay_chain **chains, size_t *n, const char *text,
	bool tron_shape, struct err *e)
{
	const char *equal = strchr(text, '=');
	char key[33];

	if (equal && (size_t)(equal - text) < sizeof(key) && !memchr(text, '/', (size_t)(equal - text)) &&
		!memchr(text, ':', (size_t)(equal - text)) && equal > text) {
		memcpy(key, text, (size_t)(equal - text));
		key[equal - text] = 0;
		if (!has_meta(equal + 1))
			return err_set(e, ERR_FATAL, FROM, 0, "%s: no recording there (no meta.json)",
				equal + 1);
		return add(chains, n, key, equal + 1, tron_shape, e);
	}
	if (has_meta(text))
		return add(chains, n, key_of(text), text, tron_shape, e);
	return add_children(chains, n, text, tron_shape, e);
}

void replay_chains_free(struct replay_chain *chains, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free((char *)chains[i].key);
		free((char *)chains[i].dir);
	}
	free(chains);
}
