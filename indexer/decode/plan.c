/*
 * How one event of one contract is read, worked out once.
 *
 * Nearly all events have scalar parameters only. For them the log's form is a data length and a few
 * bytes that must be zero (an address in a word has twelve in front), so that a log is accepted
 * without building values. A plan never accepts what abi_decode_event() would refuse; what it does
 * not accept, or events with bytes, strings, arrays and tuples, is decided by that function. The
 * values that rows need (validator id, checkpoint and partnership fields) stand at fixed places.
 */
#include "decode/decoder.h"

static bool is_dynamic(const struct abi_type *t)
{
	for (unsigned i = 0; i < t->dim_count; i++)
		if (t->dims[i] < 0)
			return true;
	if (t->base == ABI_TUPLE)
		for (size_t i = 0; i < t->field_count; i++)
			if (is_dynamic(&t->fields[i].type))
				return true;
	return t->base == ABI_BYTES || t->base == ABI_STRING;
}

/* Words that a parameter takes in the head of the data. */
static size_t head_words(const struct abi_type *t)
{
	size_t n = 1;

	if (is_dynamic(t))
		return 1;
	if (t->base == ABI_TUPLE) {
		n = 0;
		for (size_t i = 0; i < t->field_count; i++)
			n += head_words(&t->fields[i].type);
	}
	for (unsigned i = 0; i < t->dim_count; i++)
		n *= (size_t)t->dims[i];
	return n;
}

struct place plan_place_of(const struct abi_event *ev, size_t param)
{
	size_t word = 0;
	int topic = 1;

	for (size_t i = 0; i < param; i++) {
		if (ev->params[i].indexed)
			topic++;
		else
			word += head_words(&ev->params[i].type);
	}
	if (ev->params[param].indexed)
		return (struct place){.topic = true, .at = topic};
	return (struct place){.at = (int)word};
}

struct place plan_place(const struct abi_event *ev, const char *name, enum abi_base base)
{
	for (size_t i = 0; i < ev->param_count; i++) {
		const struct abi_param *p = &ev->params[i];

		if (!strcmp(p->name, name) && p->type.base == base && !p->type.dim_count)
			return plan_place_of(ev, i);
	}
	return (struct place){.at = -1};
}

const uint8_t *plan_word(const struct log *l, struct place at)
{
	static const uint8_t zero[32];

	if (at.topic)
		return at.at < l->topic_count ? l->topics[at.at].b : zero;
	if (at.at < 0 || l->data.n / 32 <= (size_t)at.at)
		return zero;
	return l->data.p + 32 * (size_t)at.at;
}

/* The check of one scalar; false when this form needs the full decoder. */
static bool add_check(struct plan *p, const struct abi_type *t, struct place at)
{
	struct word_check c = {.place = at};

	if (t->dim_count || p->check_count == CHECKS_MAX)
		return false;
	switch (t->base) {
	case ABI_UINT: c.lead = (uint8_t)(32 - t->bits / 8); break;
	case ABI_ADDRESS: c.lead = 12; break;
	case ABI_FIXED_BYTES: c.tail = (uint8_t)(32 - t->bits / 8); break;
	case ABI_BOOL:
		c.lead = 31;
		c.boolean = true;
		break;
	case ABI_INT:
		if (t->bits != 256)
			return false;
		break;
	case ABI_BYTES:
	case ABI_STRING:
	case ABI_TUPLE: return false;
	}
	if (c.lead || c.tail)
		p->checks[p->check_count++] = c;
	return true;
}

static void make_checks(struct plan *p)
{
	const struct abi_event *ev = p->event;

	p->simple = true;
	for (size_t i = 0; i < ev->param_count; i++) {
		if (!add_check(p, &ev->params[i].type, plan_place_of(ev, i)))
			p->simple = false;
		if (!ev->params[i].indexed)
			p->data_size += 32;
	}
}

static void make_checkpoint(struct plan *p, const struct chain_conf *chain)
{
	static const struct {
		const char *name;
		enum abi_base base;
	} main_fields[CF_COUNT] =
		{
			[CF_PROPOSER] = {"proposer", ABI_ADDRESS},
			[CF_START] = {"start", ABI_UINT},
			[CF_END] = {"end", ABI_UINT},
			[CF_ID] = {"headerBlockId", ABI_UINT},
			[CF_REWARD] = {"reward", ABI_UINT},
			[CF_ROOT] = {"root", ABI_FIXED_BYTES},
		},
	  sync_fields[CF_COUNT] =
		  {
			  [CF_PROPOSER] = {"proposer", ABI_ADDRESS},
			  [CF_START] = {"start", ABI_UINT},
			  [CF_END] = {"end", ABI_UINT},
			  [CF_ID] = {"checkpointId", ABI_UINT},
			  [CF_CHAIN] = {"chainId", ABI_UINT},
		  },
	  *fields;

	if (!strcmp(p->event->name, "NewHeaderBlock"))
		p->checkpoint = chain->role == ROLE_MIRROR ? CHECKPOINT_MIRROR : CHECKPOINT_MAIN;
	else if (!strcmp(p->event->name, "CheckpointSyncAck"))
		p->checkpoint = CHECKPOINT_SYNC;
	else
		return;
	fields = p->checkpoint == CHECKPOINT_SYNC ? sync_fields : main_fields;
	for (unsigned i = 0; i < CF_COUNT; i++) {
		p->checkpoint_at[i].at = -1;
		if (!fields[i].name)
			continue;
		p->checkpoint_at[i] = plan_place(p->event, fields[i].name, fields[i].base);
		if (p->checkpoint_at[i].at < 0)
			p->checkpoint = 0;
	}
}

void plan_make(struct plan *p, const struct chain_conf *chain, const struct contract *c,
	const struct abi_event *ev)
{
	p->event = ev;
	p->topics = ev->indexed_count + 1;
	p->validator.at = -1;
	if (ev->validator_param >= 0)
		p->validator = plan_place_of(ev, (size_t)ev->validator_param);
	p->mapping = c->mapping;
	for (size_t i = 0; c->mapping && i < c->mapping->event_count; i++)
		if (c->mapping->events[i].event == ev)
			p->map = &c->mapping->events[i];
	make_checks(p);
	make_checkpoint(p, chain);
}

bool plan_fits(const struct plan *p, const struct log *l)
{
	static const uint8_t zero[32];

	if (!p->simple || l->data.n != p->data_size)
		return false;
	for (unsigned i = 0; i < p->check_count; i++) {
		const struct word_check *c = &p->checks[i];
		const uint8_t *w = c->place.topic ? l->topics[c->place.at].b
						  : l->data.p + 32 * (size_t)c->place.at;

		if (memcmp(w, zero, c->lead) || memcmp(w + 32 - c->tail, zero, c->tail) ||
			(c->boolean && w[31] > 1))
			return false;
	}
	return true;
}
