/*
 * Jobs for view functions: eth_call, many at once.
 *
 * A revert is an answer, as contracts revert by design (an index beyond the end of a list); what else a node
 * says against a call will be said again, so it ends the job.
 */
#include "source/engine.h"

#include "base/hex.h"

static enum err_kind call_answer(struct call *c, struct endpoint *ep, struct jval v, struct err *e)
{
	struct call_result *r = &c->job->pub.results[c->slot];
	const char *s;
	uint8_t *data;
	size_t n;

	(void)ep;
	if (!json_str(v, &s, &n) || n < 2 || n % 2 || s[0] != '0' || (s[1] != 'x' && s[1] != 'X'))
		return err_set(e, ERR_REJECT, "rpc", 0, "result: expected hex bytes");
	n = (n - 2) / 2;
	data = arena_alloc(c->job->pub.mem, n ? n : 1);
	if (!hex_decode(data, s + 2, n))
		return err_set(e, ERR_REJECT, "rpc", 0, "result: expected hex bytes");
	*r = (struct call_result){.data = {data, n}};
	return ERR_NONE;
}

static bool call_refused(struct call *c, struct endpoint *ep, enum rpc_class why, struct err *e)
{
	if (why == RPC_REVERTED) {
		c->job->pub.results[c->slot] = (struct call_result){.reverted = true};
		c->job->pub.endpoint = ep->name;
		c->job->used |= 1u << ep->index;
		job_done(c);
		return true;
	}
	if (why != RPC_OTHER)
		return false;
	e->kind = ERR_REJECT;
	job_fail(c->job, e);
	return true;
}

static const struct job_kind call_kind = {.name = "call", .answer = call_answer, .refused = call_refused};

struct job *source_calls(
	struct source *s, const struct hash32 *block, const struct view_call *calls, size_t n)
{
	struct job_run *j = job_new(s, &call_kind, false);

	j->pub.results = arena_calloc(j->pub.mem, n ? n : 1, sizeof(*j->pub.results));
	for (size_t i = 0; i < n; i++) {
		struct call *c = job_call(j, M_CALL);

		c->slot = (uint32_t)i;
		c->address = calls[i].to;
		c->data = arena_bytes(j->pub.mem, calls[i].data.p, calls[i].data.n);
		c->by_hash = block != NULL;
		if (block)
			c->hash = *block;
	}
	return &j->pub;
}
