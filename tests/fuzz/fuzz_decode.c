/*
 * Logs and calldata of any shape against the staking chain's contracts. The quick form check of decode
 * must agree with the full ABI decoder: a log is an event row exactly when abi_decode_event() takes it
 * (checkpoints with numbers out of range apart, which are parked).
 *
 * Input: contract, event, number of topics (low bits; high bit: topic 0 as given), block shape; then
 * three topics, two bytes of data length, data, and the rest is calldata.
 */
#include "decode/decode.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct network *net;
static const struct chain_conf *chain;
static struct decoder *dec;
static struct arena *mem;

static void open_all(void)
{
	struct err e;

	setenv("BTTC_SCHEMA_DIR", SCHEMA_DIR, 0);
	if (net)
		return;
	if (network_load(&net, "golden", &e) != ERR_NONE)
		abort();
	chain = &net->chains[0];
	dec = decoder_new(chain);
	mem = arena_new(1u << 24);
}

static void take(const uint8_t **data, size_t *size, void *out, size_t n)
{
	size_t have = *size < n ? *size : n;

	memset(out, 0, n);
	memcpy(out, *data, have);
	*data += have;
	*size -= have;
}

/* The full decoder's word on the log, for the event that its topics name. */
static void check_event(const struct log *l, const struct abi_event *ev, const struct decoded *out)
{
	struct abi_value *values;
	bool fits = abi_decode_event(ev, l, mem, &values, NULL) == ERR_NONE;

	if (out->parked_count > 1 || out->event_count > 1 ||
		out->parked_count + out->event_count != 1)
		abort();
	if (!out->event_count && out->parked[0].event && fits && !out->checkpoint_count &&
		strcmp(ev->name, "NewHeaderBlock") && strcmp(ev->name, "CheckpointSyncAck"))
		abort();
	if (out->event_count && out->events[0].event) {
		if (out->events[0].event != ev || !fits)
			abort();
	}
}

static void check_calls(const struct decoded *out, struct bytes input)
{
	for (size_t i = 0; i < out->checkpoint_count; i++) {
		const struct checkpoint_row *c = &out->checkpoints[i];

		if (!c->has_call)
			continue;
		if (c->signatures.n != 96 * c->signature_count || c->signatures.p < input.p ||
			c->signatures.p + c->signatures.n > input.p + input.n ||
			c->vote_data.p < input.p ||
			c->vote_data.p + c->vote_data.n > input.p + input.n)
			abort();
	}
	for (size_t i = 0; i < out->call_count; i++) {
		const struct call_row *c = &out->calls[i];

		if (c->inner_input.n && (c->inner_input.p < input.p ||
			c->inner_input.p + c->inner_input.n > input.p + input.n))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct contract *c;
	const struct abi_event *ev = NULL;
	uint8_t head[4], length[2];
	struct decoded out;
	struct block b = {.log_count = 1, .tx_count = 1};
	struct log l = {0};
	struct tx tx = {.status = 1};

	open_all();
	arena_reset(mem);
	take(&data, &size, head, sizeof(head));
	c = &chain->contracts[head[0] % chain->contract_count];
	l.address = c->address;
	l.topic_count = head[2] % 5;
	for (unsigned i = 1; i < LOG_TOPICS_MAX; i++)
		take(&data, &size, l.topics[i].b, 32);
	if (c->event_count && !(head[2] & 0x80)) {
		ev = c->events[head[1] % c->event_count];
		l.topics[0] = ev->topic0;
		if (!(head[2] & 0x40))
			l.topic_count = (uint8_t)(1 + ev->indexed_count);
	}
	take(&data, &size, length, sizeof(length));
	l.data.n = (size_t)(length[0] << 8 | length[1]);
	if (l.data.n > size)
		l.data.n = size;
	l.data = arena_bytes(mem, data, l.data.n);
	tx.to = chain->contracts[head[3] % chain->contract_count].address;
	tx.input = arena_bytes(mem, data + l.data.n, size - l.data.n);
	b.logs = &l;
	b.txs = &tx;
	decode_block(dec, &b, mem, &out);
	check_calls(&out, tx.input);
	if (ev && l.topic_count == 1 + ev->indexed_count && c->fixed)
		check_event(&l, ev, &out);
	return 0;
}
