/*
 * A consumer in another language, made of stock parts (schema/records/consume.py: kcat, protoc,
 * Python's protobuf), rebuilds from the topics alone the table of events that was published.
 */
#include "base/buf.h"

#include "kafka/kafka_env.h"

#define EVENTS_MAX (64u << 20)

/** The canonical blocks after all steps. */
static size_t canonical(const struct cf *c, const struct step **chain)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (c->steps[i].kind == STEP_NEW)
			chain[n++] = &c->steps[i];
		else if (c->steps[i].kind == STEP_UNDO)
			n--;
	}
	return n;
}

static void write_hex(struct buf *b, const char *key, const void *p, size_t n)
{
	buf_printf(b, ",\"%s\":\"0x", key);
	buf_hex(b, p, n);
	buf_chr(b, '"');
}

static void write_event(struct buf *b, const struct step *s, const struct log *l)
{
	buf_printf(b, "{\"chain_id\":%u,\"block\":%" PRIu64, CF_CHAIN, s->id.number);
	write_hex(b, "block_hash", s->id.hash.b, 32);
	buf_printf(b, ",\"time\":%" PRIu64, s->block->h.time);
	write_hex(b, "tx", l->tx_hash.b, 32);
	buf_printf(b, ",\"tx_index\":%u,\"log_index\":%u", l->tx_index, l->log_index);
	write_hex(b, "address", l->address.b, 20);
	buf_str(b, ",\"topics\":[");
	for (unsigned i = 0; i < l->topic_count; i++) {
		buf_str(b, i ? ",\"0x" : "\"0x");
		buf_hex(b, l->topics[i].b, 32);
		buf_chr(b, '"');
	}
	buf_chr(b, ']');
	write_hex(b, "data", l->data.p, l->data.n);
	buf_printf(b, ",\"level\":%d}\n", (int)s->block->level);
}

/** What the program prints. */
static void run_consumer(struct buf *out, const char *more)
{
	char command[1024], part[65536];
	size_t n;
	FILE *p;

	snprintf(command, sizeof(command), "'%s/records/consume.py' --brokers %s --chain %s %s",
		SCHEMA_DIR, ke_conf.brokers, ke_chain, more);
	p = popen(command, "r");
	assert_non_null(p);
	while ((n = fread(part, 1, sizeof(part), p)))
		assert_true(buf_add(out, part, n));
	assert_int_equal(pclose(p), 0);
}

static void assert_same_events(struct cf *c)
{
	static const struct step *chain[CF_MAX_STEPS];
	size_t n = canonical(c, chain), events = 0;
	struct buf want, got;

	buf_init(&want, EVENTS_MAX);
	buf_init(&got, EVENTS_MAX);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < chain[i]->block->log_count; k++, events++)
			write_event(&want, chain[i], &chain[i]->block->logs[k]);
	assert_true(events > 100);
	run_consumer(&got, "");
	assert_int_equal(got.n, want.n);
	assert_memory_equal(got.p, want.p, want.n);
	buf_free(&want);
	buf_free(&got);
}

static void test_events(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w = ke_writer();

	cf_random(c, 700);
	cf_publish_batches(c, w, 0, 60);
	stream_writer_close(w);
	assert_same_events(c);
}

/** Four partitions, and forks across their borders. */
static void test_events_of_partitions(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w;

	ke_new_chain();
	ke_conf.partitions = 4;
	w = ke_writer();
	for (int i = 0; i < 3300; i++) {
		cf_new(c, 1, 20);
		if (c->tail.id.number > 100 && c->tail.id.number % 1024 == 2 &&
			rng_below(&c->rng, 2))
			for (unsigned k = 0; k < 1 + rng_below(&c->rng, 6); k++)
				cf_undo(c);
		if (c->n > CF_MAX_STEPS - 20)
			break;
	}
	cf_publish_batches(c, w, 0, 900);
	stream_writer_close(w);
	assert_same_events(c);
}

static void test_heights(void **state)
{
	struct cf *c = *state;
	struct stream_writer *w = ke_writer();
	const struct step *h = &c->last_heights;
	char safe[32] = "null", final[32] = "null", want[256];
	struct buf got;

	for (int i = 0; i < 6; i++) {
		cf_new(c, 1, 10);
		cf_heights(c);
		cf_publish(c, w, c->n - 2);
	}
	stream_writer_close(w);
	if (h->has_safe)
		snprintf(safe, sizeof(safe), "%" PRIu64, h->safe);
	if (h->has_final)
		snprintf(final, sizeof(final), "%" PRIu64, h->final);
	snprintf(want, sizeof(want),
		"{\"head\": %" PRIu64 ", \"safe\": %s, \"final\": %s, \"after_seq\": %" PRIu64
		"}\n",
		h->head, safe, final, h->after_seq);
	buf_init(&got, 10000);
	run_consumer(&got, "--heights");
	assert_string_equal(got.p, want);
	buf_free(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_events, cf_setup, cf_teardown),
		cmocka_unit_test_setup_teardown(test_events_of_partitions, cf_setup, cf_teardown),
		cmocka_unit_test_setup_teardown(test_heights, cf_setup, cf_teardown),
	};

	if (!ke_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
