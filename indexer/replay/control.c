/* Time, and what tests do to the nodes. */
#include "replay/control.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FROM       "control"
#define FAULTS_MAX 64

static uint64_t recorded_now(const struct stage *s, uint64_t now_us)
{
	return s->origin +
	       (uint64_t)((unsigned __int128)(now_us - s->zero_us) * s->speed / 1000000);
}

/* A synthetic chain makes a block every period. */
static void grow(struct served *v, uint64_t age_us)
{
	uint64_t head = v->start_head + age_us / v->period_us;
	struct err e;

	if (head > v->node.body->last)
		head = v->node.body->last;
	if (head > v->node.head && node_move(&v->node, head, 0, &e))
		abort();
}

void stage_tick(struct stage *s, uint64_t now_us)
{
	uint64_t now = recorded_now(s, now_us);
	struct err e;

	for (size_t i = 0; i < s->count; i++) {
		struct served *v = &s->nodes[i];

		for (; v->live && v->next < v->life.n && v->life.v[v->next].time <= now; v->next++)
			if (node_move(
				    &v->node, v->life.v[v->next].head, v->life.v[v->next].fork, &e))
				abort(); /* a timeline only names blocks of its body */
		if (v->period_us)
			grow(v, now_us - s->zero_us);
	}
}

static struct served *named(struct stage *s, const char *key, size_t n)
{
	for (size_t i = 0; i < s->count; i++)
		if (strlen(s->nodes[i].key) == n && !memcmp(s->nodes[i].key, key, n))
			return &s->nodes[i];
	return NULL;
}

static bool number(struct jval v, uint64_t *out)
{
	int64_t i;

	if (!json_i64(v, &i) || i < 0)
		return json_hex_u64(v, out);
	*out = (uint64_t)i;
	return true;
}

/* One chain's member; apply false: only look whether it could be done. */
static enum err_kind move(struct served *v, struct jval want, bool apply, struct err *e)
{
	const struct body *body = v->node.body;
	uint64_t head = 0, fork = 0;
	struct jval x;
	bool has_head, has_fork;

	if (json_type(want) != JSON_OBJECT)
		return err_set(
			e, ERR_REJECT, FROM, 0, "%s: {\"head\":N,\"fork\":K} is wanted", v->key);
	has_head = json_get(want, "head", &x);
	if (has_head && !number(x, &head))
		return err_set(e, ERR_REJECT, FROM, 0, "%s: head is no block number", v->key);
	has_fork = json_get(want, "fork", &x);
	if (has_fork && (!number(x, &fork) || fork > body->fork_count))
		return err_set(e, ERR_REJECT, FROM, 0, "%s: fork is a number from 0 to %u", v->key,
			body->fork_count);
	if (!has_head && !has_fork)
		return ERR_NONE;
	if (!has_head)
		head = fork ? body->forks[fork - 1].point + body->forks[fork - 1].count
			    : body->last;
	if (apply) {
		v->live = false;
		v->period_us = 0;
		return node_move(&v->node, head, (unsigned)fork, e);
	}
	return node_can_move(&v->node, head, (unsigned)fork, e);
}

static enum err_kind read_faults(struct jval list, struct fault_set **out, struct err *e)
{
	char *texts[FAULTS_MAX];
	struct jiter it;
	struct jval x;
	const char *t;
	size_t n = 0, len;
	enum err_kind k = ERR_NONE;

	for (json_iter(list, &it); !k && json_next(&it, &x);) {
		if (n == FAULTS_MAX || !json_str(x, &t, &len))
			k = err_set(e, ERR_REJECT, FROM, 0, "faults: at most %d texts are wanted",
				FAULTS_MAX);
		else
			texts[n++] = strndup(t, len);
	}
	if (!k)
		k = fault_set_parse(out, (const char *const *)texts, n, e);
	while (n)
		free(texts[--n]);
	return k;
}

static enum err_kind walk(
	struct stage *s, struct jval root, bool apply, struct fault_set **faults, struct err *e)
{
	struct jiter it;
	struct jval v;
	const char *key;
	size_t n;
	enum err_kind k = ERR_NONE;

	for (json_iter(root, &it); !k && json_next_member(&it, &key, &n, &v);) {
		struct served *node = named(s, key, n);

		if (node)
			k = move(node, v, apply, e);
		else if (n != 6 || memcmp(key, "faults", 6) || json_type(v) != JSON_ARRAY)
			k = err_set(e, ERR_REJECT, FROM, 0,
				"\"%.*s\" is no chain served here, nor \"faults\":[...]",
				(int)(n < 40 ? n : 40), key);
		else if (!apply && !*faults)
			k = read_faults(v, faults, e);
	}
	return k;
}

enum err_kind stage_control(struct stage *s, const char *json, size_t n, struct err *e)
{
	struct fault_set *faults = NULL;
	struct jval root;
	enum err_kind k = json_parse(s->parser, json, n, &root, e);

	if (!k && json_type(root) != JSON_OBJECT)
		k = err_set(e, ERR_REJECT, FROM, 0, "an object is wanted");
	if (!k)
		k = walk(s, root, false, &faults, e);
	if (!k)
		k = walk(s, root, true, NULL, e);
	if (k) {
		fault_set_free(faults);
		return k;
	}
	if (faults) {
		fault_set_free(s->faults);
		s->faults = faults;
	}
	return ERR_NONE;
}

/* ---- showing ---------------------------------------------------------------------------- */

static void show_forks(struct jw *w, const struct body *b)
{
	jw_key(w, "forks");
	jw_arr(w);
	for (uint32_t i = 0; i < b->fork_count; i++) {
		jw_obj(w);
		jw_key(w, "point");
		jw_u64(w, b->forks[i].point);
		jw_key(w, "tip");
		jw_u64(w, b->forks[i].point + b->forks[i].count);
		jw_key(w, "won_at");
		jw_u64(w, b->forks[i].won_at);
		jw_obj_end(w);
	}
	jw_arr_end(w);
}

static void show_node(struct jw *w, const struct served *v)
{
	static const char *const kinds[] = {"ethereum", "tron", "bttc"};
	const struct node *n = &v->node;

	jw_key(w, v->key);
	jw_obj(w);
	jw_key(w, "kind");
	jw_str(w, kinds[n->body->kind]);
	jw_key(w, "first");
	jw_u64(w, n->body->first);
	jw_key(w, "last");
	jw_u64(w, n->body->last);
	jw_key(w, "head");
	jw_u64(w, n->head);
	jw_key(w, "fork");
	jw_u64(w, n->fork);
	jw_key(w, "live");
	jw_bool(w, v->live);
	if (v->period_us) {
		/* block start_head + i can be read from zero_wall_us + i * period_us on */
		jw_key(w, "start_head");
		jw_u64(w, v->start_head);
		jw_key(w, "period_us");
		jw_u64(w, v->period_us);
	}
	show_forks(w, n->body);
	jw_key(w, "http");
	jw_u64(w, n->bodies);
	jw_key(w, "calls");
	jw_obj(w);
	for (size_t i = 0; i < NODE_CALLS; i++)
		if (n->calls[i]) {
			jw_key(w, i < rpc_method_count ? rpc_methods[i].name : "unknown");
			jw_u64(w, n->calls[i]);
		}
	jw_obj_end(w);
	jw_obj_end(w);
}

void stage_show(const struct stage *s, uint64_t now_us, struct buf *out)
{
	struct jw w;

	jw_init(&w, out);
	jw_obj(&w);
	jw_key(&w, "time");
	jw_u64(&w, recorded_now(s, now_us));
	jw_key(&w, "zero_wall_us");
	jw_u64(&w, s->zero_wall_us);
	jw_key(&w, "speed");
	jw_u64(&w, s->speed);
	jw_key(&w, "chains");
	jw_obj(&w);
	for (size_t i = 0; i < s->count; i++)
		show_node(&w, &s->nodes[i]);
	jw_obj_end(&w);
	jw_key(&w, "faults");
	jw_arr(&w);
	for (size_t i = 0; i < fault_set_count(s->faults); i++) {
		uint64_t hits;

		jw_obj(&w);
		jw_key(&w, "fault");
		jw_str(&w, fault_set_text(s->faults, i, &hits));
		jw_key(&w, "hits");
		jw_u64(&w, hits);
		jw_obj_end(&w);
	}
	jw_arr_end(&w);
	jw_obj_end(&w);
}
