/*
 * Puts the parts together: loads the bodies, makes a node of each, routes requests by path. One lock
 * around the nodes: the server's thread holds it while it answers, replay_control() while it changes.
 */
#include "replay/replay.h"

#include "replay/fault.h"
#include "replay/node.h"
#include "replay/rpc.h"
#include "replay/server.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

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
