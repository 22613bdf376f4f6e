/*
 * /v1/events: every kept log with its arguments decoded by the network's ABIs. Rows are stored raw,
 * so an argument is decoded here, when it is served, by the same code that checked it when it was
 * stored.
 *
 * Which index drives a filter: the narrowest first (address, validator), then the event where its
 * name belongs to one contract only, then all addresses of the contract.
 */
#include "api/event_args.h"
#include "api/list.h"
#include "api/route.h"
#include "api/state.h"
#include "chain/base58.h"

#include <stdio.h>
#include <string.h>

enum { ADDRESS = LIST_OWN, CONTRACT, EVENT, TOPICS, DATA, TX_INDEX, KIND, ACTOR, ACTOR_ROLES };

static const char COLUMNS[] = ", x.address, x.contract, x.event, x.topics, x.data, x.tx_index";

static bool any_chain(const struct chain_conf *chain, const struct query *q)
{
	(void)chain;
	(void)q;
	return true;
}

/* -------- which rows -------- */

static void filter(struct list_plan *p, const char *column, const char *type, const char *value)
{
	struct list_filter f = {column, type, value};

	if (!p->drive.column && !p->contract)
		p->drive = f;
	else
		p->filters[p->filter_count++] = f;
}

static bool has_event(const struct contract *c, const char *event)
{
	for (size_t i = 0; i < c->event_count; i++)
		if (!strcmp(c->events[i]->name, event))
			return true;
	return false;
}

/* Only contracts of this name have an event of that name. */
static bool owns_event(const struct network *net, const char *contract, const char *event)
{
	for (size_t i = 0; i < net->chain_count; i++)
		for (size_t j = 0; j < net->chains[i].contract_count; j++) {
			const struct contract *c = &net->chains[i].contracts[j];

			if (strcmp(c->name, contract) && has_event(c, event))
				return false;
		}
	return true;
}

static const char *fixed_addresses(
	const struct network *net, const char *contract, struct arena *mem)
{
	const char *text = "";

	for (size_t i = 0; i < net->chain_count; i++)
		for (size_t j = 0; j < net->chains[i].contract_count; j++) {
			const struct contract *c = &net->chains[i].contracts[j];
			const char *hex;

			if (!c->fixed || strcmp(c->name, contract))
				continue;
			hex = list_bytea(mem, c->address.b, sizeof(c->address.b));
			text = arena_printf(mem, "%s%s\"\\%s\"", text, *text ? "," : "", hex);
		}
	return arena_printf(mem, "{%s}", text);
}

static void plan(const struct call *c, struct list_plan *p)
{
	const struct query *q = &c->q;
	struct arena *mem = p->mem;

	if (q->given & PARAM_BIT(PARAM_ADDRESS))
		filter(p, "address", "bytea", list_bytea(mem, q->address.b, sizeof(q->address.b)));
	if (q->given & PARAM_BIT(PARAM_VALIDATOR_ID))
		filter(p, "validator_id", "int8",
			arena_printf(mem, "%lld", (long long)q->validator_id));
	if (q->contract && !p->drive.column &&
		(!q->event || !owns_event(c->api->net, q->contract, q->event))) {
		p->contract = q->contract;
		p->addresses = fixed_addresses(c->api->net, q->contract, mem);
	}
	if (q->event)
		filter(p, "event", "text", q->event);
	if (q->contract)
		filter(p, "contract", "text", q->contract);
}

/* -------- one row -------- */

static void load_log(struct log *log, const struct list_row *row)
{
	struct bytes topics = pgres_bytes(row->res, row->at, TOPICS);

	*log = (struct log){.data = pgres_bytes(row->res, row->at, DATA)};
	for (size_t i = 0; i < LOG_TOPICS_MAX && (i + 1) * 32 <= topics.n; i++, log->topic_count++)
		memcpy(log->topics[i].b, topics.p + i * 32, 32);
}

static void write_raw(struct jw *w, const struct log *log)
{
	jw_obj(w);
	jw_key(w, "topics");
	jw_arr(w);
	for (size_t i = 0; i < log->topic_count; i++)
		jw_hex(w, log->topics[i].b, 32);
	jw_arr_end(w);
	jw_key(w, "data");
	jw_hex(w, log->data.p, log->data.n);
	jw_obj_end(w);
}

static void args_cells(struct cells *out, const struct list_row *row)
{
	struct bytes contract = pgres_bytes(row->res, row->at, CONTRACT);
	struct buf *b = &row->api->small;
	const struct abi_event *ev = NULL;
	struct abi_value *values;
	struct log log;
	struct jw w;
	struct err e;

	load_log(&log, row);
	buf_clear(b);
	jw_init(&w, b);
	if (log.topic_count && !pgres_null(row->res, row->at, EVENT))
		ev = event_of_log(row->chain, contract, &log);
	if (ev && !abi_decode_event(ev, &log, row->api->row_mem, &values, &e)) {
		event_args_json(&w, ev, values, row->chain->kind == CHAIN_TRON);
		cell_json(out, "args", b);
		cell_null(out, "raw");
		return;
	}
	cell_null(out, "args");
	write_raw(&w, &log);
	cell_json(out, "raw", b);
}

static bool write_row(struct cells *out, const struct list_row *row)
{
	list_int_cell(out, "tx_index", row, TX_INDEX);
	list_text_cell(out, "contract", row, CONTRACT);
	list_address_cell(out, "address", row, ADDRESS);
	list_text_cell(out, "event", row, EVENT);
	args_cells(out, row);
	return true;
}

static const struct list_kind EVENTS = {
	.table = "chain.log",
	.columns = COLUMNS,
	.has_rows = any_chain,
	.plan = plan,
	.row = write_row,
};

void get_events(struct call *c)
{
	list_answer(c, &EVENTS);
}

/* -------- histories of one validator or partnership -------- */

static bool staking_chain(const struct chain_conf *chain, const struct query *q)
{
	(void)q;
	return chain->role == ROLE_STAKING;
}

static void plan_validator(const struct call *c, struct list_plan *p)
{
	filter(p, "validator_id", "int8", arena_printf(p->mem, "%lld", (long long)c->q.validator_id));
}

static const struct list_kind VALIDATOR_HISTORY = {
	.table = "chain.log",
	.columns = COLUMNS,
	.has_rows = staking_chain,
	.plan = plan_validator,
	.row = write_row,
};

void get_validator_history(struct call *c)
{
	struct state_key k;

	if (!state_id(c, &k))
		return;
	c->q.validator_id = (int64_t)k.n;
	list_answer(c, &VALIDATOR_HISTORY);
}

static void plan_partnership(const struct call *c, struct list_plan *p)
{
	filter(p, "address", "bytea", list_bytea(p->mem, c->q.address.b, sizeof(c->q.address.b)));
}

static bool partnership_row(struct cells *out, const struct list_row *row)
{
	int64_t kind = pgres_null(row->res, row->at, KIND) ? 0 : pgres_i64(row->res, row->at, KIND);

	cell_str(out, "kind",
		kind > 0 && kind < PARTNERSHIP_KIND_COUNT
			? partnership_kind_name((enum partnership_kind)kind)
			: NULL);
	list_address_cell(out, "actor", row, ACTOR);
	list_text_cell(out, "actor_roles", row, ACTOR_ROLES);
	return write_row(out, row);
}

static const struct list_kind PARTNERSHIP_HISTORY = {
	.table = "chain.log",
	.columns = ", x.address, x.contract, x.event, x.topics, x.data, x.tx_index, (SELECT e.kind FROM"
		   " partnership.event e WHERE e.chain_id = x.chain_id AND e.block = x.block AND"
		   " e.log_index = x.log_index), (SELECT t.sender FROM chain.tx t WHERE t.chain_id ="
		   " x.chain_id AND t.block = x.block AND t.tx_index = x.tx_index), (SELECT"
		   " ledger.roles_at(t.chain_id, x.address, t.sender, t.block, t.tx_index) FROM chain.tx t"
		   " WHERE t.chain_id = x.chain_id AND t.block = x.block AND t.tx_index = x.tx_index)",
	.has_rows = staking_chain,
	.plan = plan_partnership,
	.row = partnership_row,
};

void get_partnership_history(struct call *c)
{
	struct state_key k;

	if (!state_address(c, &k))
		return;
	c->q.address = k.a;
	list_answer(c, &PARTNERSHIP_HISTORY);
}
