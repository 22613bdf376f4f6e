/*
 * Any bytes as a record. What record_decode accepts, protobuf-c must accept too and see the same;
 * and encoding the result again must give a record that decodes to the same step.
 */
#include "stream/record.h"

#include "unit/stream/steps.h"

#include "block.pb-c.h"

#define CHAIN 1029

#define MUST(cond)                                                                                 \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                 \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static void same_block(const struct block *b, const Bttc__V1__Block *p)
{
	MUST(p && p->header);
	MUST(p->n_logs == b->log_count && p->n_txs == b->tx_count && p->n_found == b->found_count);
	MUST(p->header->time == b->h.time && p->header->gas_limit == b->h.gas_limit);
	MUST(p->header->extra.len == b->h.extra.n && p->header->has == b->h.has);
	MUST(!memcmp(p->header->state_root.data, b->h.state_root.b, 32));
	for (size_t i = 0; i < b->log_count; i++) {
		const Bttc__V1__Log *l = p->logs[i];

		MUST(same_bytes((struct bytes){l->data.data, l->data.len}, b->logs[i].data));
		MUST(l->topics.len == 32u * b->logs[i].topic_count);
		MUST(!memcmp(l->address.data, b->logs[i].address.b, 20));
		MUST(!memcmp(l->tx_hash.data, b->logs[i].tx_hash.b, 32));
		MUST(l->log_index == b->logs[i].log_index && l->tx_index == b->logs[i].tx_index);
		MUST(l->state_sync == b->logs[i].state_sync);
	}
	for (size_t i = 0; i < b->tx_count; i++) {
		const Bttc__V1__Transaction *t = p->txs[i];

		MUST(same_bytes((struct bytes){t->input.data, t->input.len}, b->txs[i].input));
		MUST(!memcmp(t->hash.data, b->txs[i].hash.b, 32) && t->type == b->txs[i].type);
		MUST(!t->to.len == b->txs[i].creates && t->index == b->txs[i].index);
		MUST((t->maybe_succeeded_case ? t->succeeded : -1) == b->txs[i].status);
	}
	for (size_t i = 0; i < b->found_count; i++) {
		MUST(!strcmp(p->found[i]->contract, b->found[i].contract));
		MUST(!strcmp(p->found[i]->rule, b->found[i].rule));
	}
}

static void same_as_protobuf_c(const struct step *s, const uint8_t *data, size_t size)
{
	Bttc__V1__Step *p = bttc__v1__step__unpack(NULL, size, data);

	MUST(p);
	MUST((int)p->kind == (int)s->kind && p->seq == s->seq && p->number == s->id.number);
	if (s->kind == STEP_HEIGHTS) {
		MUST(p->heights && p->heights->head == s->head);
		MUST(!p->heights->maybe_final_case == !s->has_final);
		MUST(p->heights->after_seq == s->after_seq);
	} else {
		MUST(!memcmp(p->hash.data, s->id.hash.b, 32));
		MUST(!memcmp(p->parent.data, s->parent.b, 32));
	}
	if (s->kind == STEP_NEW)
		same_block(s->block, p->block);
	bttc__v1__step__free_unpacked(p, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *mem = arena_new(1u << 28);
	uint8_t id[16], id2[16];
	struct step s, again;
	struct err e = {0};
	struct buf b;

	buf_init(&b, 2 * RECORD_MAX_BYTES);
	if (record_decode(&s, (struct bytes){data, size}, CHAIN, id, mem, &e)) {
		MUST(e.kind == ERR_REJECT && *e.msg);
	} else {
		same_as_protobuf_c(&s, data, size);
		MUST(!record_encode(&b, &s, CHAIN, id, &e));
		MUST(!record_decode(
			&again, (struct bytes){(uint8_t *)b.p, b.n}, CHAIN, id2, mem, &e));
		MUST(!step_differs(&s, &again) && s.after_seq == again.after_seq);
		MUST(!memcmp(id, id2, 16));
	}
	buf_free(&b);
	arena_free(mem);
	return 0;
}
