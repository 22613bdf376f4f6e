#ifndef KAFKA_ENV_H
#define KAFKA_ENV_H

/*
 * The broker that the tests run against, from the environment:
 *   BTTC_TEST_KAFKA       host:port of a broker for tests
 *   BTTC_TEST_KAFKA_CTL   deploy/kafka-local, to kill and start it again
 *   BTTC_TEST_KAFKA_DATA  its data directory
 * Every test works on topics of its own, which stay behind: the broker is thrown away.
 */
#include "stream/kafka.h"

#include "unit/stream/conformance.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <time.h>

static char ke_chain[64];
static struct kafka_conf ke_conf = {.chain_key = ke_chain, .chain_id = CF_CHAIN};

/** Topics that nobody has used. */
static inline void ke_new_chain(void)
{
	static unsigned n;

	snprintf(ke_chain, sizeof(ke_chain), "t%ld-%ld-%u", (long)getpid(), (long)time(NULL), n++);
}

static inline struct stream_writer *ke_writer(void)
{
	uint64_t until = clock_ms() + CF_DEADLINE_MS;
	struct stream_writer *w = NULL;
	struct err e = {0};
	enum err_kind k;

	while ((k = kafka_writer_open(&w, &ke_conf, &e)) == ERR_AGAIN && clock_ms() < until)
		clock_sleep_ms(100);
	if (k)
		fail_msg("writer: %s: %s", err_kind_name(k), e.msg);
	return w;
}

static inline struct stream_reader *ke_reader_of(
	int32_t partition, int64_t next_offset, const struct stream_tail *expect)
{
	uint64_t until = clock_ms() + CF_DEADLINE_MS;
	struct stream_reader *r = NULL;
	struct err e = {0};
	enum err_kind k;

	while ((k = kafka_reader_open(&r, &ke_conf, partition, next_offset, expect, &e)) ==
			ERR_AGAIN &&
		clock_ms() < until)
		clock_sleep_ms(100);
	if (k)
		fail_msg("reader: %s: %s", err_kind_name(k), e.msg);
	return r;
}

static inline struct stream_reader *ke_reader(int64_t next_offset, const struct stream_tail *expect)
{
	return ke_reader_of(0, next_offset, expect);
}

/** The topics are there, empty. */
static inline void ke_fresh(void)
{
	ke_conf.partitions = 0;
	ke_conf.props = NULL;
	ke_new_chain();
	stream_writer_close(ke_writer());
}

static inline void ke_done(void)
{
}

static const struct cf_body ke_body = {ke_fresh, ke_writer, ke_reader, ke_done};

/** Run deploy/kafka-local COMMAND on the test's broker. */
static inline void ke_ctl(const char *command)
{
	const char *ctl = getenv("BTTC_TEST_KAFKA_CTL"), *data = getenv("BTTC_TEST_KAFKA_DATA");
	int status;
	pid_t pid;

	if (!ctl || !data)
		fail_msg("BTTC_TEST_KAFKA_CTL and BTTC_TEST_KAFKA_DATA are not set");
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		execl(ctl, ctl, command, "--data", data, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static inline enum err_kind offer(
	struct stream_writer *w, const struct cf *c, size_t from, struct err *e)
{
	*e = (struct err){0};
	return stream_publish(w, c->steps + from, c->n - from, e);
}

static inline void assert_says(const struct err *e, const char *want)
{
	if (!strstr(e->msg, want))
		fail_msg("\"%s\" does not hold \"%s\"", e->msg, want);
}

/** Everything from the start, exactly. */
static inline void assert_stream(struct cf *c)
{
	struct stream_reader *r;

	c->got = 0;
	c->has_heights = false;
	c->read = (struct stream_tail){0};
	r = ke_reader(0, &c->read);
	cf_read_all(c, r, 1 << 20);
	cf_poll(c, r, 300, 1 << 20); /* and nothing behind it */
	stream_reader_close(r);
}

static inline bool ke_init(void)
{
	ke_conf.brokers = getenv("BTTC_TEST_KAFKA");
	if (!ke_conf.brokers)
		fprintf(stderr,
			"BTTC_TEST_KAFKA=host:port is not set: tests/run kafka starts a broker\n");
	cf_body = &ke_body;
	cmocka_set_test_filter(getenv("BTTC_TEST_ONLY")); /* a pattern like "*pause*" */
	return ke_conf.brokers;
}

#endif
