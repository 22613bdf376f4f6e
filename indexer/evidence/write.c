/* Structs to evidence files: the mirror of read.c. */
#include "evidence/evidence.h"

#include <stdio.h>

static const char *const kind_names[] = {
	[HEADER_ETHEREUM] = "ethereum", [HEADER_BTTC] = "bttc", [HEADER_TRON] = "tron"};

static void type_text(struct buf *out, const struct abi_type *t)
{
	switch (t->base) {
	case ABI_UINT: buf_printf(out, "uint%u", t->bits); break;
	case ABI_INT: buf_printf(out, "int%u", t->bits); break;
	case ABI_ADDRESS: buf_str(out, "address"); break;
	case ABI_BOOL: buf_str(out, "bool"); break;
	case ABI_FIXED_BYTES: buf_printf(out, "bytes%u", t->bits / 8); break;
	case ABI_BYTES: buf_str(out, "bytes"); break;
	case ABI_STRING: buf_str(out, "string"); break;
	case ABI_TUPLE: buf_str(out, "tuple"); break;
	}
	for (unsigned i = 0; i < t->dim_count; i++) {
		if (t->dims[i] < 0)
			buf_str(out, "[]");
		else
			buf_printf(out, "[%d]", t->dims[i]);
	}
}

static void write_inputs(struct jw *w, const struct abi_param *p, size_t n, bool indexable)
{
	struct buf type;

	buf_init(&type, 200);
	jw_arr(w);
	for (size_t i = 0; i < n; i++) {
		buf_clear(&type);
		type_text(&type, &p[i].type);
		jw_obj(w);
		jw_key(w, "name");
		jw_str(w, p[i].name);
		jw_key(w, "type");
		jw_strn(w, type.p, type.n);
		if (indexable) {
			jw_key(w, "indexed");
			jw_bool(w, p[i].indexed);
		}
		if (p[i].type.base == ABI_TUPLE) {
			jw_key(w, "components");
			write_inputs(w, p[i].type.fields, p[i].type.field_count, false);
		}
		jw_obj_end(w);
	}
	jw_arr_end(w);
	buf_free(&type);
}

static void write_event(struct jw *w, const struct evidence *ev)
{
	jw_key(w, "event");
	if (!ev->has_event) {
		jw_null(w);
		jw_key(w, "args");
		jw_null(w);
		return;
	}
	jw_obj(w);
	jw_key(w, "name");
	jw_str(w, ev->event.name);
	jw_key(w, "inputs");
	write_inputs(w, ev->event.params, ev->event.param_count, true);
	jw_obj_end(w);
	jw_key(w, "args");
	jw_raw(w, (const char *)ev->args.p, ev->args.n);
}

static void key_hex(struct jw *w, const char *key, const void *p, size_t n)
{
	jw_key(w, key);
	jw_hex(w, p, n);
}

static void key_u64(struct jw *w, const char *key, uint64_t v)
{
	jw_key(w, key);
	jw_u64(w, v);
}

static void key_str(struct jw *w, const char *key, const char *s)
{
	jw_key(w, key);
	jw_str(w, s);
}

static void write_claim(struct jw *w, const struct evidence *ev)
{
	const struct log *l = &ev->log;

	jw_key(w, "claim");
	jw_obj(w);
	key_str(w, "chain", ev->chain);
	key_u64(w, "chain_id", ev->chain_id);
	key_str(w, "kind", kind_names[ev->kind]);
	key_u64(w, "block", ev->block.number);
	key_hex(w, "block_hash", ev->block.hash.b, 32);
	key_u64(w, "time", ev->time);
	key_hex(w, "tx", l->tx_hash.b, 32);
	key_u64(w, "tx_index", l->tx_index);
	key_u64(w, "log_index", l->log_index);
	key_u64(w, "log_position", ev->log_position);
	key_hex(w, "address", l->address.b, 20);
	jw_key(w, "topics");
	jw_arr(w);
	for (unsigned i = 0; i < l->topic_count; i++)
		jw_hex(w, l->topics[i].b, 32);
	jw_arr_end(w);
	key_hex(w, "data", l->data.p, l->data.n);
	write_event(w, ev);
	jw_obj_end(w);
}

static void write_proof(struct jw *w, const char *key, const struct evidence_proof *p)
{
	jw_key(w, key);
	jw_arr(w);
	for (size_t i = 0; i < p->n; i++)
		jw_hex(w, p->nodes[i].p, p->nodes[i].n);
	jw_arr_end(w);
}

static void write_tron(struct jw *w, const struct evidence *ev)
{
	jw_key(w, "tron");
	jw_obj(w);
	jw_key(w, "raw_data");
	if (ev->header.n)
		jw_hex(w, ev->header.p, ev->header.n);
	else
		jw_null(w);
	jw_key(w, "witness_signature");
	if (ev->header.n)
		jw_hex(w, ev->witness_signature.p, ev->witness_signature.n);
	else
		jw_null(w);
	jw_key(w, "endpoints");
	jw_arr(w);
	for (size_t i = 0; i < ev->endpoint_count; i++) {
		jw_obj(w);
		key_str(w, "name", ev->endpoints[i].name);
		key_hex(w, "digest", ev->endpoints[i].digest.b, 32);
		jw_obj_end(w);
	}
	jw_arr_end(w);
	jw_obj_end(w);
}

static void write_whole(struct jw *w, const struct evidence *ev);

static void write_checkpoint(struct jw *w, const struct evidence *ev)
{
	const struct evidence_checkpoint *c = &ev->checkpoint;

	jw_key(w, "checkpoint");
	if (!ev->has_checkpoint) {
		jw_null(w);
		return;
	}
	jw_obj(w);
	key_u64(w, "header_block_id", c->header_block_id);
	key_u64(w, "start", c->start);
	key_u64(w, "end", c->end);
	key_hex(w, "root", c->root.b, 32);
	jw_key(w, "path");
	jw_arr(w);
	for (size_t i = 0; i < c->path_n; i++)
		jw_hex(w, c->path[i].b, 32);
	jw_arr_end(w);
	jw_key(w, "evidence");
	if (c->of)
		write_whole(w, c->of);
	else
		jw_null(w);
	jw_obj_end(w);
}

static void write_whole(struct jw *w, const struct evidence *ev)
{
	jw_obj(w);
	key_str(w, "format", EVIDENCE_FORMAT);
	jw_key(w, "origin");
	jw_obj(w);
	key_str(w, "version", ev->origin.version);
	key_str(w, "network", ev->origin.network);
	key_hex(w, "network_sha256", ev->origin.network_sha256.b, 32);
	key_str(w, "rule_set", ev->origin.rule_set);
	if (ev->origin.git_revision)
		key_str(w, "git_revision", ev->origin.git_revision);
	if (ev->origin.ledger_rules)
		key_str(w, "ledger_rules", ev->origin.ledger_rules);
	if (ev->origin.staking_rules)
		key_str(w, "staking_rules", ev->origin.staking_rules);
	jw_obj_end(w);
	write_claim(w, ev);
	if (ev->kind == HEADER_TRON) {
		write_tron(w, ev);
	} else {
		key_hex(w, "header", ev->header.p, ev->header.n);
		write_proof(w, "receipt_proof", &ev->receipt);
		write_proof(w, "transaction_proof", &ev->tx);
		write_checkpoint(w, ev);
	}
	jw_obj_end(w);
}

void evidence_write(struct buf *out, const struct evidence *ev)
{
	struct jw w;

	jw_init(&w, out);
	write_whole(&w, ev);
}
