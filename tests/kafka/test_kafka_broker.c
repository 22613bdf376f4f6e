/*
 * Brokers that die, hang, are not there, forget, or want a password: nothing is lost or doubled, a
 * stop is answered in time, and messages name what is wrong.
 */
#include "kafka/kafka_env.h"

/** The broker is killed and started three times while records flow; not one is lost or doubled. */
static void test_broker_killed(void **state)
{
	struct cf *c = *state;
	struct cf_publisher p = {.c = c, .w = ke_writer()};
	struct stream_reader *r = ke_reader(0, &c->read);
	uint64_t until = clock_ms() + 2 * CF_DEADLINE_MS;
	pthread_t t;
	void *failure;
	size_t next = 400;
	int crashes = 0;

	cf_random(c, 2400);
	assert_int_equal(pthread_create(&t, NULL, cf_publish_thread, &p), 0);
	while (!cf_all_read(c)) {
		assert_true(clock_ms() < until);
		cf_poll(c, r, 200, 1 << 20);
		if (c->got > next && crashes < 3) {
			ke_ctl(crashes++ == 1 ? "stop" : "kill");
			ke_ctl("start");
			next += 500;
		}
	}
	assert_int_equal(crashes, 3);
	pthread_join(t, &failure);
	if (failure)
		fail_msg("%s", (char *)failure);
	stream_reader_close(r);
	stream_writer_close(p.w);
	assert_stream(c);
}

static bool hang; /* the broker is stopped in its tracks instead of killed */

static void broker_away(void)
{
	char path[4096], pid[32] = "";
	FILE *f;

	if (!hang) {
		ke_ctl("kill");
		return;
	}
	snprintf(path, sizeof(path), "%s/pid", getenv("BTTC_TEST_KAFKA_DATA"));
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(pid, sizeof(pid), f));
	fclose(f);
	assert_int_equal(kill((pid_t)strtol(pid, NULL, 10), SIGSTOP), 0);
}

static void child_stop_without_broker(struct cf *c)
{
	struct stream_writer *w = ke_writer();
	struct stream_reader *r = ke_reader(0, &c->read);
	struct step_batch b;
	enum err_kind k = ERR_NONE;
	struct err e;
	uint64_t t0;
	pthread_t t;

	cf_new(c, 1, 10);
	if (offer(w, c, 0, &e))
		_exit(1);
	broker_away();
	cf_new(c, 1, 10);
	t0 = clock_ms();
	if (pthread_create(&t, NULL, cf_stop_soon, NULL))
		_exit(2);
	while (!k || k == ERR_AGAIN)
		k = offer(w, c, 1, &e);
	if (k != ERR_STOP)
		_exit(3);
	if (stream_poll(r, 1000, 1000, c->batch_mem, &b, &e) != ERR_STOP)
		_exit(4);
	pthread_join(t, NULL);
	stream_reader_close(r);
	stream_writer_close(w);
	_exit(clock_ms() - t0 < 4500 ? 0 : 5);
}

/** SIGTERM while the broker is away: both ends leave in time. */
static void test_stop_without_broker(void **state)
{
	for (hang = false;; hang = true) {
		int code = cf_in_child(child_stop_without_broker, *state);

		ke_ctl("kill");
		ke_ctl("start");
		assert_int_equal(code, 0);
		if (hang)
			return;
		ke_fresh();
	}
}

/* A broker of our own, for settings that the common one must not have. */
struct own_broker {
	char dir[40], address[64];
	const char *common; /* ke_conf.brokers before */
};

static void own_broker_start(struct own_broker *b, const char *settings)
{
	const char *ctl = getenv("BTTC_TEST_KAFKA_CTL");
	char command[9000];
	FILE *p;

	assert_non_null(ctl);
	snprintf(b->dir, sizeof(b->dir), "/tmp/kafka-own-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(command, sizeof(command), "'%s' start --data %s %s", ctl, b->dir, settings);
	p = popen(command, "r");
	assert_non_null(p);
	assert_non_null(fgets(b->address, sizeof(b->address), p));
	assert_int_equal(pclose(p), 0);
	b->address[strcspn(b->address, "\n")] = 0;
	b->common = ke_conf.brokers;
	ke_conf.brokers = b->address;
}

static void own_broker_end(struct own_broker *b)
{
	char command[9000];
	FILE *p;

	ke_conf.brokers = b->common;
	snprintf(command, sizeof(command), "'%s' kill --data %s && rm -r %s",
		getenv("BTTC_TEST_KAFKA_CTL"), b->dir, b->dir);
	p = popen(command, "r");
	assert_non_null(p);
	assert_int_equal(pclose(p), 0);
}

/** Idle for so long that the broker has forgotten the writer. */
static void test_expired_writer(void **state)
{
	struct cf *c = *state;
	struct own_broker b;
	struct stream_writer *w;

	own_broker_start(&b, "--set transactional.id.expiration.ms=1500 --set "
			     "transaction.remove.expired.transaction.cleanup.interval.ms=500");
	ke_fresh();
	w = ke_writer();
	cf_random(c, 20);
	cf_publish(c, w, 0);
	clock_sleep_ms(5000); /* idle: there is nothing to see from outside */
	cf_random(c, 20);
	cf_publish(c, w, 20);
	stream_writer_close(w);
	assert_stream(c);
	own_broker_end(&b);
}

/** A cluster that wants a name and a password: settings are passed through, mistakes are named. */
static void test_sasl(void **state)
{
	static const char *const right[] = {"security.protocol=SASL_PLAINTEXT",
		"sasl.mechanism=PLAIN", "sasl.username=bttc", "sasl.password=hunter2", NULL};
	static const char *const wrong[] = {"security.protocol=SASL_PLAINTEXT",
		"sasl.mechanism=PLAIN", "sasl.username=bttc", "sasl.password=hunter3", NULL};
	struct cf *c = *state;
	struct stream_tail none = {0};
	struct stream_writer *w;
	struct stream_reader *r;
	struct err e = {0};
	struct own_broker b;

	own_broker_start(&b,
		"--set "
		"listener.security.protocol.map=PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT "
		"--set inter.broker.listener.name=PLAINTEXT --set sasl.enabled.mechanisms=PLAIN "
		"--set sasl.mechanism.inter.broker.protocol=PLAIN "
		"--set 'listener.name.plaintext.plain.sasl.jaas.config=org.apache.kafka.common."
		"security.plain.PlainLoginModule required username=\"own\" password=\"own-secret\" "
		"user_own=\"own-secret\" user_bttc=\"hunter2\";'");
	ke_new_chain();
	ke_conf.props = wrong;
	assert_int_equal(kafka_writer_open(&w, &ke_conf, &e), ERR_FATAL);
	assert_says(&e, "uthentication");
	assert_null(strstr(e.msg, "hunter"));
	assert_int_equal(kafka_reader_open(&r, &ke_conf, 0, 0, &none, &e), ERR_FATAL);
	assert_says(&e, "uthentication");
	ke_conf.props = NULL;
	assert_int_equal(kafka_writer_open(&w, &ke_conf, &e), ERR_AGAIN);
	ke_conf.props = right;
	w = ke_writer();
	cf_random(c, 50);
	cf_publish(c, w, 0);
	stream_writer_close(w);
	assert_stream(c);
	ke_conf.props = NULL;
	own_broker_end(&b);
}

static void test_no_broker(void **state)
{
	struct kafka_conf c = ke_conf;
	struct stream_tail none = {0};
	struct stream_writer *w;
	struct stream_reader *r;
	struct err e = {0};
	uint64_t t0 = clock_ms();

	(void)state;
	c.brokers = "127.0.0.1:1";
	assert_int_equal(kafka_writer_open(&w, &c, &e), ERR_AGAIN);
	assert_says(&e, "127.0.0.1:1");
	assert_int_equal(kafka_reader_open(&r, &c, 0, 0, &none, &e), ERR_AGAIN);
	assert_says(&e, "127.0.0.1:1");
	assert_in_range(clock_ms() - t0, 0, 40000);
}

#define T(name) cmocka_unit_test_setup_teardown(test_##name, cf_setup, cf_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(no_broker),
		T(expired_writer),
		T(sasl),
		T(stop_without_broker),
		T(broker_killed),
	};

	if (!ke_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
