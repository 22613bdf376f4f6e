/* Clock text forms, backoff bounds, log limiter, metrics text. */
#include "lib/check.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"

static void test_rfc3339(void **state)
{
	char t[32];
	int64_t v;
	uint64_t s = rnd_seed("rfc3339");

	(void)state;
	clock_rfc3339(t, 1704067200);
	assert_string_equal(t, "2024-01-01T00:00:00Z");
	assert_int_equal(clock_parse_rfc3339(&v, "2024-02-29T12:00:00.5+02:00", 27), 0);
	assert_int_equal(v, 1709200800);
	for (int i = 0; i < 10000; i++) {
		int64_t want = (int64_t)(rnd(&s) % 253402300799ull);

		clock_rfc3339(t, want);
		assert_int_equal(clock_parse_rfc3339(&v, t, strlen(t)), 0);
		assert_int_equal(v, want);
	}
	static const char *const bad[] = {"", "2024-01-01", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z",
		"2024-01-01T24:00:00Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00Zx", "2024-01-01T00:00:00.Z",
		"2024-01-01T00:00:00+2:00", " 2024-01-01T00:00:00Z"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(clock_parse_rfc3339(&v, bad[i], strlen(bad[i])), -1);
}

static void test_backoff(void **state)
{
	struct backoff b;
	unsigned limit = 100;

	(void)state;
	backoff_init(&b, 100, 5000);
	for (int i = 0; i < 20; i++) {
		unsigned ms = backoff_next_ms(&b);

		assert_in_range(ms, 100, limit);
		limit = limit * 2 > 5000 ? 5000 : limit * 2;
	}
	backoff_reset(&b);
	assert_int_equal(backoff_next_ms(&b), 100);
}

static void test_limit(void **state)
{
	struct log_limit l = {0};
	unsigned lost;

	(void)state;
	assert_true(log_limit_pass(&l, 2, 1000000, &lost));
	assert_true(log_limit_pass(&l, 2, 1000000, &lost));
	assert_false(log_limit_pass(&l, 2, 1000000, &lost));
	assert_false(log_limit_pass(&l, 2, 1000000, &lost));
	assert_true(log_limit_pass(&l, 2, 0, &lost));
	assert_int_equal(lost, 2);
	assert_string_equal(log_quote("a\"b\n\\", 5), "\"a\\\"b \\\\\"");
}

static void test_metrics(void **state)
{
	struct buf b, l;
	struct metric_series *m;

	(void)state;
	buf_init(&b, 1 << 20);
	buf_init(&l, 1000);
	metric_label(&l, "chain", "ro\"ot");
	metric_label(&l, "m", "x");
	m = metric_get(METRIC_COUNTER, "bttc_test_total", "A test.", l.p);
	metric_add(m, 3);
	assert_ptr_equal(m, metric_get(METRIC_COUNTER, "bttc_test_total", "A test.", l.p));
	metric_observe_us(metric_get(METRIC_HISTOGRAM, "bttc_h_seconds", "H.", NULL), 1500);
	m = metric_get(METRIC_SIZES, "bttc_s_rows", "S.", NULL);
	metric_observe_size(m, 2);
	metric_observe_size(m, 3000000);
	assert_int_equal(metric_value(m), 2);
	assert_int_equal(metric_sum(m), 3000002);
	m = metric_get(METRIC_GAUGE, "bttc_g_blocks", "G.", NULL);
	metric_max(m, 7);
	metric_max(m, 3);
	assert_int_equal(metric_value(m), 7);
	metric_format(&b);
	assert_non_null(strstr(b.p, "# TYPE bttc_test_total counter\nbttc_test_total{chain=\"ro\\\"ot\",m=\"x\"} 3\n"));
	assert_non_null(strstr(b.p, "bttc_h_seconds_bucket{le=\"0.001\"} 0\nbttc_h_seconds_bucket{le=\"0.002\"} 1\n"));
	assert_non_null(strstr(b.p, "bttc_h_seconds_sum{} 0.001500\nbttc_h_seconds_count{} 1\n"));
	assert_non_null(strstr(b.p, "# TYPE bttc_s_rows histogram\nbttc_s_rows_bucket{le=\"1\"} 0\n"
				    "bttc_s_rows_bucket{le=\"2\"} 1\n"));
	assert_non_null(strstr(b.p, "bttc_s_rows_bucket{le=\"1000000\"} 1\nbttc_s_rows_bucket{le=\"+Inf\"} 2\n"
				    "bttc_s_rows_sum{} 3000002\nbttc_s_rows_count{} 2\n"));
	assert_non_null(strstr(b.p, "process_resident_memory_bytes "));
	buf_free(&b);
	buf_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc3339),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_metrics),
	};

	return cmocka_run_group_tests_name("time", tests, NULL, NULL);
}
