/*
 * A node's view of a chain. The head only moves by node_move(); everything a node has had once
 * stays readable by hash, as real nodes keep it.
 */
#include "replay/node.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void node_init(struct node *n, const char *key, struct body *body)
{
	*n = (struct node){
		.key = key,
		.body = body,
		.head = body->last,
		.seen = body->last,
		.safe_depth = 10,
		.final_depth = 64,
		.seen_fork = calloc(body->fork_count + 1u, sizeof(*n->seen_fork)),
	};
	if (!n->seen_fork)
		abort();
	for (uint32_t i = 0; i < body->fork_count; i++)
		n->seen_fork[i] = body->forks[i].point + body->forks[i].count;
}

void node_free(struct node *n)
{
	free(n->seen_fork);
	body_free(n->body);
	*n = (struct node){0};
}

enum err_kind node_can_move(const struct node *n, uint64_t head, unsigned fork, struct err *e)
{
	const struct rec_fork *f = fork ? &n->body->forks[fork - 1] : NULL;

	if (fork > n->body->fork_count)
		return err_set(e, ERR_REJECT, "replay", 0, "%s has %u forks; there is no fork %u",
			n->key, n->body->fork_count, fork);
	if (f && head > f->point + f->count)
		return err_set(e, ERR_REJECT, "replay", 0,
			"head %" PRIu64 ": fork %u of %s ends at block %" PRIu64, head, fork,
			n->key, f->point + f->count);
	if (head < n->body->first || (!f && head > n->body->last))
		return err_set(e, ERR_REJECT, "replay", 0,
			"head %" PRIu64 ": %s has blocks %" PRIu64 " to %" PRIu64, head, n->key,
			n->body->first, n->body->last);
	return ERR_NONE;
}

enum err_kind node_move(struct node *n, uint64_t head, unsigned fork, struct err *e)
{
	enum err_kind k = node_can_move(n, head, fork, e);
	const struct rec_fork *f;

	if (k)
		return k;
	n->head = head;
	n->fork = fork;
	f = fork ? &n->body->forks[fork - 1] : NULL;
	if (f && head > f->point) {
		if (head > n->seen_fork[fork - 1])
			n->seen_fork[fork - 1] = head;
		head = f->point;
	}
	if (head > n->seen)
		n->seen = head;
	return ERR_NONE;
}

enum err_kind node_begin(struct node *n, uint64_t head, unsigned fork, struct err *e)
{
	n->seen = 0;
	for (uint32_t i = 0; i < n->body->fork_count; i++) {
		const struct rec_fork *f = &n->body->forks[i];

		n->seen_fork[i] = !fork && f->won_at <= head ? f->point + f->count : 0;
	}
	return node_move(n, head, fork, e);
}

uint64_t node_head(const struct node *n)
{
	uint64_t room = n->head - n->body->first;

	return n->head - (n->lag < room ? n->lag : room);
}

bool node_at(const struct node *n, uint64_t number, struct body_block *out)
{
	return number <= node_head(n) && n->body->ops->at(n->body, n->fork, number, out);
}

/* On the branch that the node follows, head or not. */
static bool on_branch(const struct node *n, const struct body_block *k)
{
	const struct rec_fork *f = n->fork ? &n->body->forks[n->fork - 1] : NULL;

	return k->fork ? k->fork == n->fork : !f || k->number <= f->point;
}

bool node_by_hash(const struct node *n, const struct hash32 *hash, struct body_block *out)
{
	if (!n->body->ops->by_hash(n->body, hash, out))
		return false;
	if (on_branch(n, out) && out->number <= node_head(n))
		return true;
	return out->number <= (out->fork ? n->seen_fork[out->fork - 1] : n->seen);
}

bool node_tx(const struct node *n, const struct hash32 *hash, struct body_block *out, uint32_t *tx)
{
	size_t cursor = SIZE_MAX;

	while (n->body->ops->by_tx(n->body, hash, &cursor, out, tx))
		if (on_branch(n, out) && out->number <= node_head(n))
			return true;
	return false;
}

bool node_orphan_state_sync(const struct node *n, const struct hash32 *hash, uint64_t *number)
{
	struct body_block k;
	uint32_t tx;
	size_t cursor = SIZE_MAX;

	while (n->body->ops->by_tx(n->body, hash, &cursor, &k, &tx))
		if (n->body->ops->is_state_sync(n->body, &k, tx)) {
			*number = k.number;
			return true;
		}
	return false;
}
