/* Reading a topic back: headers, contracts, streams one behind the other. */
#include "kafka/kafka_env.h"

#define WINDOW 40

/** What the canonical chain of the steps is. */
struct model {
	const struct step *block[CF_MAX_STEPS];
	size_t n;
	uint64_t final;
	bool has_final;
};

static void model_add(struct model *m, const struct cf *c, size_t from)
{
	for (size_t i = from; i < c->n; i++) {
		const struct step *s = &c->steps[i];

		while (s->kind != STEP_HEIGHTS && m->n && m->block[m->n - 1]->id.number >= s->id.number)
			m->n--;
		if (s->kind == STEP_NEW)
			m->block[m->n++] = s;
		if (s->kind != STEP_HEIGHTS)
			continue;
		m->has_final = s->has_final;
		m->final = s->final;
	}
}

/**
 * As a writer that starts reads it. Without the fence the newest transaction may not be visible yet: Kafka
 * answers a commit before it has written the marker to the partition.
 */
static struct kafka_past past_of(struct arena *mem, bool whole)
{
	struct kafka_past p;
	struct err e = {0};

	stream_writer_close(ke_writer());
	if (kafka_past_read(&p, &ke_conf, WINDOW, whole, mem, &e))
		fail_msg("%s", e.msg);
	return p;
}

static void same_recent(const struct kafka_past *p, const struct model *m)
{
	size_t n = m->n < WINDOW ? m->n : WINDOW;

	assert_int_equal(p->recent_count, n);
	for (size_t i = 0; i < n; i++) {
		const struct step *s = m->block[m->n - n + i];

		assert_int_equal(p->recent[i].number, s->id.number);
		assert_memory_equal(&p->recent[i].hash, &s->id.hash, 32);
		assert_memory_equal(&p->recent[i].parent, &s->parent, 32);
		assert_int_equal(p->recent[i].time, s->block->h.time);
	}
	assert_int_equal(p->has_final, m->has_final);
	if (m->has_final)
		assert_int_equal(p->final, m->final);
}

static size_t same_found(const struct kafka_past *p, const struct model *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		for (size_t f = 0; f < m->block[i]->block->found_count; f++, n++) {
			const struct discovery *want = &m->block[i]->block->found[f];

			assert_in_range(n, 0, p->found_count - 1);
			assert_memory_equal(&p->found[n].address, &want->address, 20);
			assert_string_equal(p->found[n].contract, want->contract);
			assert_string_equal(p->found[n].rule, want->rule);
			assert_int_equal(p->found[n].block, m->block[i]->id.number);
			assert_int_equal(p->found[n].log_index, want->log_index);
		}
	assert_int_equal(p->found_count, n);
	return n;
}

static void same_tail(const struct kafka_past *p, const struct stream_tail *t)
{
	assert_int_equal(p->tail.seq, t->seq);
	assert_memory_equal(&p->tail.id.hash, &t->id.hash, 32);
	assert_int_equal(p->tail.id.number, t->id.number);
}

static void test_empty(void **state)
{
	struct cf *c = *state;
	struct kafka_past p = past_of(c->mem, true);
	struct kafka_start s;
	static const uint8_t none[16];

	assert_int_equal(p.tail.seq, 0);
	assert_false(p.has_from || p.has_final || p.recent_count || p.found_count);
	assert_int_equal(kafka_other_stream(&s, &ke_conf, 0, none, NULL), ERR_NONE);
	assert_false(s.found);
}

static void test_one_stream(void **state)
{
	struct cf *c = *state;
	struct model *m = calloc(1, sizeof(*m));
	struct stream_writer *w = ke_writer();
	struct kafka_past p;

	cf_random(c, 900);
	cf_heights(c);
	cf_publish_batches(c, w, 0, 60);
	stream_writer_close(w);
	model_add(m, c, 0);
	assert_in_range(m->n, WINDOW + 1, CF_MAX_STEPS);
	p = past_of(c->mem, true);
	same_tail(&p, &c->tail);
	same_recent(&p, m);
	assert_in_range(same_found(&p, m), 1, SIZE_MAX);
	assert_true(p.has_from);
	assert_int_equal(p.from, m->block[0]->id.number);
	p = past_of(c->mem, false);
	same_tail(&p, &c->tail);
	same_recent(&p, m);
	free(m);
}

/** A second stream from a block in the middle of the first. */
static struct stream_writer *second_stream(struct cf *c, struct block_id parent)
{
	struct stream_writer *w;
	struct stream_tail t;

	ke_conf.new_stream = true;
	w = ke_writer();
	ke_conf.new_stream = false;
	assert_int_equal(stream_tail(w, &t, NULL), ERR_NONE);
	assert_int_equal(t.seq, 0);
	c->tail = (struct stream_tail){.id = parent, .has_id = true};
	return w;
}

static void test_two_streams(void **state)
{
	struct cf *c = *state;
	struct model *m = calloc(1, sizeof(*m));
	struct stream_writer *w = ke_writer();
	struct kafka_start first, second, none;
	struct kafka_past p;
	struct block_id parent;
	size_t n;
	static const uint8_t zero[16];

	cf_random(c, 500);
	cf_publish_batches(c, w, 0, 60);
	model_add(m, c, 0);
	stream_writer_close(w);
	parent = m->block[m->n - 10]->id;
	n = c->n;
	w = second_stream(c, parent);
	for (int i = 0; i < 30; i++)
		cf_new(c, 3, 50);
	cf_undo(c);
	cf_new(c, 3, 50);
	cf_publish_batches(c, w, n, 7);
	stream_writer_close(w);
	model_add(m, c, n);

	p = past_of(c->mem, true);
	same_tail(&p, &c->tail);
	same_recent(&p, m);
	same_found(&p, m);
	assert_int_equal(p.from, m->block[0]->id.number);
	/* A writer that starts again goes on with the second stream. */
	w = ke_writer();
	n = c->n;
	cf_new(c, 3, 50);
	cf_publish(c, w, n);
	stream_writer_close(w);
	stream_writer_close(ke_writer());

	assert_int_equal(kafka_other_stream(&first, &ke_conf, 0, zero, NULL), ERR_NONE);
	assert_true(first.found);
	assert_int_equal(first.offset, 0);
	assert_int_equal(first.step.seq, 1);
	assert_int_equal(kafka_other_stream(&second, &ke_conf, 0, first.stream_id, NULL), ERR_NONE);
	assert_true(second.found);
	assert_int_equal(second.step.kind, STEP_NEW);
	assert_int_equal(second.step.seq, 1);
	assert_int_equal(second.step.id.number, parent.number + 1);
	assert_memory_equal(&second.step.parent, &parent.hash, 32);
	assert_memory_equal(second.stream_id, p.tail.stream_id, 16);
	assert_int_equal(kafka_other_stream(&none, &ke_conf, second.offset, second.stream_id, NULL),
		ERR_NONE);
	assert_false(none.found);
	free(m);
}

/** A stream that does not stand on what is known begins the known stretch anew. */
static void test_hole(void **state)
{
	struct cf *c = *state;
	struct model *m = calloc(1, sizeof(*m));
	struct stream_writer *w = ke_writer();
	struct block_id parent;
	struct kafka_past p;
	size_t n;

	cf_random(c, 100);
	cf_publish(c, w, 0);
	stream_writer_close(w);
	parent = c->tail.id;
	parent.number += 5;
	n = c->n;
	w = second_stream(c, parent);
	for (int i = 0; i < 10; i++)
		cf_new(c, 3, 50);
	cf_publish(c, w, n);
	stream_writer_close(w);
	model_add(m, c, n);
	p = past_of(c->mem, true);
	p.has_final = false; /* the heights are about the first stream */
	same_tail(&p, &c->tail);
	same_recent(&p, m);
	same_found(&p, m);
	assert_int_equal(p.from, parent.number + 1);
	free(m);
}

static void test_partitions_are_refused(void **state)
{
	struct cf *c = *state;
	struct kafka_past p;
	struct err e = {0};

	ke_new_chain();
	ke_conf.partitions = 3;
	stream_writer_close(ke_writer());
	assert_int_equal(kafka_past_read(&p, &ke_conf, WINDOW, true, c->mem, &e), ERR_FATAL);
	assert_non_null(strstr(e.msg, "has 3 partitions"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_empty, cf_setup, cf_teardown),
		cmocka_unit_test_setup_teardown(test_one_stream, cf_setup, cf_teardown),
		cmocka_unit_test_setup_teardown(test_two_streams, cf_setup, cf_teardown),
		cmocka_unit_test_setup_teardown(test_hole, cf_setup, cf_teardown),
		cmocka_unit_test_setup_teardown(test_partitions_are_refused, cf_setup, cf_teardown),
	};

	if (!ke_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
