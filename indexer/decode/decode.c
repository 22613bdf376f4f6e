/*
 * A block's kept logs and transactions as typed rows.
 *
 * Every log ends up in exactly one place: an event row (decoded, or raw when the contract is known
 * and the event is not), or a parked row when it claims to be a known event and does not have its
 * form. One bad log never costs its block. Checkpoints and partnership events give a second row
 * beside the event row.
 */
#include "decode/decoder.h"

#include <stdio.h>

static void park(struct arena *mem, struct decoded *out, size_t *cap, const struct event_row *row,
	const char *reason)
{
	struct parked_row *p;

	arena_grow(mem, &out->parked, cap, out->parked_count + 1, sizeof(*p));
	p = &out->parked[out->parked_count++];
	*p = (struct parked_row){.log = row->log,
		.contract = row->contract,
		.event = row->event ? row->event->name : NULL};
	snprintf(p->reason, sizeof(p->reason), "%s", reason);
}

/* The form of a log that names a known event; reason is filled when it is wrong. */
static bool check_form(
	const struct plan *p, const struct log *l, struct arena *mem, char reason[200])
{
	struct abi_value *values;
	struct err e;

	if (plan_fits(p, l) || abi_decode_event(p->event, l, mem, &values, &e) == ERR_NONE)
		return true;
	snprintf(reason, 200, "%.199s", e.msg);
	return false;
}

static void set_validator(const struct plan *p, struct event_row *row)
{
	if (p->validator.at < 0)
		return;
	row->has_validator = word_u63(plan_word(row->log, p->validator), &row->validator_id) &&
			     row->validator_id;
}

struct pass {
	struct decoder *d;
	struct arena *mem;
	struct decoded *out;
	size_t parked_cap, checkpoint_cap, partnership_cap;
};

/* Rows beside the event row; false when the log has to be parked. */
static bool add_special(struct pass *s, const struct plan *p, const struct log *l, char reason[200])
{
	struct decoded *out = s->out;
	struct checkpoint_row c;
	const char *why;

	if (p->checkpoint) {
		if (!checkpoint_read(s->d, p, l, &c, &why)) {
			snprintf(reason, 200, "%s", why);
			return false;
		}
		arena_grow(s->mem, &out->checkpoints, &s->checkpoint_cap, out->checkpoint_count + 1,
			sizeof(c));
		out->checkpoints[out->checkpoint_count++] = c;
	}
	if (p->map) {
		arena_grow(s->mem, &out->partnership, &s->partnership_cap,
			out->partnership_count + 1, sizeof(*out->partnership));
		partnership_read(p, l, &out->partnership[out->partnership_count++]);
	}
	return true;
}

static void decode_log(struct pass *s, const struct log *l)
{
	const struct known *known = decoder_find(s->d, &l->address);
	struct event_row row = {.log = l, .contract = known ? known->contract : NULL};
	const struct plan *p = NULL, *other = NULL;
	char reason[200];

	if (known)
		p = decoder_plan(s->d, known->group, l, &other);
	if (!p && other) {
		row.event = other->event;
		snprintf(reason, sizeof(reason), "the log has %u topics, the event has %u",
			l->topic_count, other->topics);
		park(s->mem, s->out, &s->parked_cap, &row, reason);
		return;
	}
	if (p) {
		row.event = p->event;
		if (!check_form(p, l, s->mem, reason) || !add_special(s, p, l, reason)) {
			park(s->mem, s->out, &s->parked_cap, &row, reason);
			return;
		}
		set_validator(p, &row);
	} else {
		s->out->unknown_events++;
	}
	s->out->events[s->out->event_count++] = row;
}

void decode_block(struct decoder *d, const struct block *b, struct arena *mem, struct decoded *out)
{
	struct pass s = {.d = d, .mem = mem, .out = out};

	*out = (struct decoded){0};
	for (size_t i = 0; i < b->found_count; i++)
		decoder_found(d, &b->found[i]);
	out->events = arena_alloc(mem, b->log_count * sizeof(*out->events));
	for (size_t i = 0; i < b->log_count; i++)
		decode_log(&s, &b->logs[i]);
	checkpoint_calls(d, b, out);
	out->calls = arena_alloc(mem, b->tx_count * sizeof(*out->calls));
	for (size_t i = 0; i < b->tx_count; i++)
		call_read(d, &b->txs[i], &out->calls[out->call_count++]);
}
