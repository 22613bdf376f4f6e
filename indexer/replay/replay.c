/*
 * Puts the parts together: loads the bodies, makes a node of each, routes requests by path. One
 * lock around the stage: the server's thread holds it while it answers, replay_control() while it
 * changes.
 */
#include "replay/replay.h"

#include "base/clock.h"
#include "replay/control.h"
#include "replay/rpc.h"
#include "replay/server.h"
#include "replay/synthetic.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FROM        "replay"
#define CONTROL_MAX (1u << 20)

struct replay {
	struct server *server;
	struct rpc *rpc;
	pthread_mutex_t lock;
	struct stage stage;
	bool control;
};

/* ---- answering -------------------------------------------------------------------------- */

static void refuse(struct reply *out, int status, const char *text)
{
	buf_clear(out->body);
	out->status = status;
	out->way = REPLY_WHOLE;
	out->content_type = "text/plain";
	buf_str(out->body, text);
}

/* Faults of HTTP. False: the answer is made already. */
static bool meet_faults(
	struct replay *r, const struct node *n, const struct rpc_batch *b, struct reply *out)
{
	uint64_t seconds = 0;

	switch (fault_on_request(r->stage.faults, n, b, &seconds)) {
	case FAULT_NONE: return true;
	case FAULT_429:
		out->status = 429;
		out->retry_after = (unsigned)seconds;
		buf_str(out->body, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":429,"
				   "\"message\":\"too "
				   "many requests\"}}");
		return false;
	case FAULT_503: refuse(out, 503, "service unavailable\n"); return false;
	case FAULT_NONJSON:
		buf_str(out->body, "{\"Error\": \"class java.lang.Exception : the node has a lack "
				   "of computing "
				   "resources\"}");
		return false;
	case FAULT_RESET: out->way = REPLY_RESET; return true;
	case FAULT_TRUNCATED: out->way = REPLY_TRUNCATED; return true;
	case FAULT_HANG: out->delay_ms = (unsigned)seconds * 1000; return true;
	}
	return true;
}

static void answer_rpc(struct replay *r, struct node *n, const struct request *q, struct reply *out)
{
	struct rpc_batch batch;

	rpc_parse(r->rpc, n, q->body, q->body_len, &batch);
	n->lag = 0;
	n->lag = fault_on_head(r->stage.faults, n, &batch, clock_ms());
	if (meet_faults(r, n, &batch, out))
		rpc_answer(r->rpc, n, r->stage.faults, &batch, out->body);
	if (out->body->bad)
		refuse(out, 500, "answer too large\n");
}

static void answer_control(struct replay *r, const struct request *q, bool post, struct reply *out)
{
	struct err e = {0};

	if (post && stage_control(&r->stage, q->body, q->body_len, &e)) {
		refuse(out, 400, e.msg);
		buf_chr(out->body, '\n');
		return;
	}
	stage_show(&r->stage, clock_us(), out->body);
}

static bool is(const char *p, size_t n, const char *text)
{
	return n == strlen(text) && !memcmp(p, text, n);
}

static void route(struct replay *r, const struct request *q, struct reply *out)
{
	const char *path = q->path + 1;
	size_t n = q->path_len ? q->path_len - 1 : 0;
	bool post = is(q->method, q->method_len, "POST");

	if (n && path[n - 1] == '/')
		n--;
	if (r->control && is(path, n, "control") && (post || is(q->method, q->method_len, "GET"))) {
		answer_control(r, q, post, out);
		return;
	}
	for (size_t i = 0; post && i < r->stage.count; i++)
		if (is(path, n, r->stage.nodes[i].key)) {
			answer_rpc(r, &r->stage.nodes[i].node, q, out);
			return;
		}
	refuse(out, 404, "not found: POST JSON-RPC to /<chain key>\n");
}

static void handle(void *user, const struct request *q, struct reply *out)
{
	struct replay *r = user;

	pthread_mutex_lock(&r->lock);
	stage_tick(&r->stage, clock_us());
	route(r, q, out);
	pthread_mutex_unlock(&r->lock);
}

/* ---- starting --------------------------------------------------------------------------- */

static uint64_t depth(uint64_t chain, uint64_t conf, uint64_t usual)
{
	return chain ? chain : conf ? conf : usual;
}

static enum err_kind load_node(struct stage *s, const struct replay_conf *conf,
	const struct replay_chain *c, struct err *e)
{
	struct served *v = &s->nodes[s->count];
	struct synthetic_live live = {0};
	struct recording *rec;
	struct body *body;
	enum err_kind k;

	if (synthetic_is(c->dir)) {
		k = synthetic_make(&body, c->dir, &live, e);
	} else {
		k = recording_load(&rec, c->dir, c->tron_shape, e);
		if (!k)
			body = body_recorded(rec);
	}
	if (k)
		return k;
	v->key = strdup(c->key ? c->key : body->key);
	node_init(&v->node, v->key, body);
	if (live.period_us || live.head) {
		v->start_head = live.head;
		v->period_us = live.period_us;
		k = node_begin(&v->node, live.head, 0, e);
	}
	v->node.bor_logs = c->bor_logs;
	v->node.safe_depth = depth(c->safe_depth, conf->safe_depth, 10);
	v->node.final_depth = depth(c->final_depth, conf->final_depth, 64);
	s->count++;
	return k;
}

/* Put a chain where it was at a recorded time; what comes after is next. */
static enum err_kind place_at(struct served *v, uint64_t time, struct err *e)
{
	size_t at = timeline_at(&v->life, time);

	v->next = at + 1;
	return node_begin(&v->node, v->life.v[at].head, v->life.v[at].fork, e);
}

/* The first chain's place by --head and --fork; *time is the recorded time there. */
static enum err_kind place_first(
	struct served *v, const struct replay_conf *conf, uint64_t *time, struct err *e)
{
	const struct body *b = v->node.body;
	const struct rec_fork *f =
		conf->fork && conf->fork <= b->fork_count ? &b->forks[conf->fork - 1] : NULL;
	uint64_t head = conf->has_head ? conf->head : f ? f->point + f->count : b->first;
	struct body_block k;
	size_t at;

	if (node_begin(&v->node, head, conf->fork, e))
		return ERR_REJECT;
	b->ops->at(b, conf->fork, head, &k);
	*time = k.time;
	if (timeline_find(&v->life, head, conf->fork, &at)) {
		*time = v->life.v[at].time;
		v->next = at + 1;
		return ERR_NONE;
	}
	/* a block that was replaced before it could be the head: go on where the branch goes on */
	for (v->next = 0; v->next < v->life.n; v->next++)
		if (!v->life.v[v->next].fork && v->life.v[v->next].head > head)
			break;
	return ERR_NONE;
}

static enum err_kind place(struct stage *s, const struct replay_conf *conf, struct err *e)
{
	bool named = conf->has_head || conf->fork;
	enum err_kind k = ERR_NONE;

	if (!named && !conf->speed)
		return ERR_NONE;
	for (size_t i = 0; i < s->count; i++) {
		struct served *v = &s->nodes[i];

		timeline_build(&v->life, v->node.body);
		if (!i || v->life.v[0].time < s->origin)
			s->origin = v->life.v[0].time;
	}
	if (named)
		k = place_first(&s->nodes[0], conf, &s->origin, e);
	for (size_t i = named; !k && i < s->count; i++)
		k = place_at(&s->nodes[i], s->origin, e);
	if (k) {
		e->kind = ERR_FATAL;
		return err_wrap(e, "--head, --fork");
	}
	s->speed = (uint64_t)conf->speed;
	for (size_t i = 0; i < s->count; i++)
		s->nodes[i].live = conf->speed > 0;
	return ERR_NONE;
}

enum err_kind replay_start(struct replay **out, const struct replay_conf *conf, struct err *e)
{
	struct replay *r = calloc(1, sizeof(*r));
	struct stage *s = &r->stage;
	struct timespec wall;
	enum err_kind k;

	if (!r)
		abort();
	pthread_mutex_init(&r->lock, NULL);
	s->nodes = calloc(conf->chain_count + 1, sizeof(*s->nodes));
	if (!s->nodes)
		abort();
	s->parser = json_parser_new(CONTROL_MAX);
	r->rpc = rpc_new();
	r->control = conf->control;
	k = fault_set_parse(&s->faults, conf->faults, conf->fault_count, e);
	if (k)
		e->kind = k = ERR_FATAL;
	if (!k && !conf->chain_count)
		k = err_set(e, ERR_FATAL, FROM, 0, "no recording to serve: give --recording DIR");
	for (size_t i = 0; !k && i < conf->chain_count; i++)
		k = load_node(s, conf, &conf->chains[i], e);
	if (!k)
		k = place(s, conf, e);
	s->zero_us = clock_us();
	clock_gettime(CLOCK_REALTIME, &wall);
	s->zero_wall_us = (uint64_t)wall.tv_sec * 1000000 + (uint64_t)wall.tv_nsec / 1000;
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
	enum err_kind k;

	pthread_mutex_lock(&r->lock);
	k = stage_control(&r->stage, json, strlen(json), e);
	pthread_mutex_unlock(&r->lock);
	return k;
}

void replay_fault_help(FILE *to)
{
	fault_help(to);
}

void replay_stop(struct replay *r)
{
	struct stage *s;

	if (!r)
		return;
	s = &r->stage;
	server_stop(r->server);
	for (size_t i = 0; i < s->count; i++) {
		node_free(&s->nodes[i].node);
		timeline_free(&s->nodes[i].life);
		free(s->nodes[i].key);
	}
	free(s->nodes);
	fault_set_free(s->faults);
	json_parser_free(s->parser);
	rpc_free(r->rpc);
	pthread_mutex_destroy(&r->lock);
	free(r);
}
