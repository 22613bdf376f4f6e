/* Lines that repeat: few are written, all are counted, also from several threads. */
#include "lib/check.h"

#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int saved = -1, file = -1;
static char text[1 << 20];

static int capture(void **state)
{
	char path[] = "/tmp/test_log.XXXXXX";

	(void)state;
	file = mkstemp(path);
	unlink(path);
	saved = dup(STDERR_FILENO);
	return dup2(file, STDERR_FILENO) < 0;
}

static int release(void **state)
{
	(void)state;
	dup2(saved, STDERR_FILENO);
	close(saved);
	return close(file);
}

static void read_back(void)
{
	ssize_t n = pread(file, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = 0;
	assert_int_equal(ftruncate(file, 0), 0);
	assert_int_equal(lseek(file, 0, SEEK_SET), 0);
}

static unsigned lines_with(const char *part)
{
	unsigned n = 0;

	for (const char *p = text; (p = strstr(p, part)); p++)
		n++;
	return n;
}

static unsigned suppressed(void)
{
	unsigned n = 0;

	for (const char *p = text; (p = strstr(p, " suppressed=")); p++)
		n += (unsigned)strtoul(p + 12, NULL, 10);
	return n;
}

static void each_subject_has_its_own_limit(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		log_warn_often("test", "it failed", "a", "chain=a try=%d", i);
	for (int i = 0; i < 7; i++)
		log_warn_often("test", "it failed", "b", "chain=b try=%d", i);
	log_warn_often("other", "it failed", "a", "y=%d", 1);
	log_warn_often("test", "something else", NULL, "x=%d", 1);
	log_tick(false); /* no window is over */
	read_back();
	assert_int_equal(lines_with("msg=\"it failed\" chain=a"), LOG_BURST);
	assert_int_equal(lines_with("msg=\"it failed\" chain=b"), LOG_BURST);
	assert_int_equal(lines_with("msg=\"something else\" x=1\n"), 1);
	assert_int_equal(lines_with("mod=other msg=\"it failed\" y=1\n"), 1);
	assert_int_equal(lines_with("suppressed"), 0);
	log_tick(true);
	read_back();
	assert_int_equal(lines_with("level=warn mod=test msg=\"lines like this were suppressed\" "
				    "line=\"it failed\" about=\"a\" suppressed=15\n"), 1);
	assert_int_equal(lines_with("about=\"b\" suppressed=2\n"), 1);
	assert_int_equal(lines_with("\n"), 2);
	log_tick(true); /* told once */
	read_back();
	assert_string_equal(text, "");
}

static void *shout(void *arg)
{
	for (int i = 0; i < 1000; i++)
		log_info_often("test", "many at once", arg, "i=%d", i);
	return NULL;
}

static void threads_lose_no_count(void **state)
{
	pthread_t t[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, shout, (void *)(i % 2 ? "odd" : "even")), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	log_tick(true);
	read_back();
	assert_int_equal(lines_with("msg=\"many at once\"") + suppressed(), 4000);
	assert_in_range(lines_with("msg=\"many at once\""), 2 * LOG_BURST, 100);
}

/* More subjects than the table has room for: the rest shares one limit, and nothing is lost. */
static void a_full_table_still_counts(void **state)
{
	char who[20];

	(void)state;
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 400; i++) {
			snprintf(who, sizeof(who), "subject %d", i);
			log_warn_often("test", "full", who, "i=%d", i);
		}
	log_tick(true);
	read_back();
	assert_int_equal(lines_with("msg=\"full\"") + suppressed(), 800);
	assert_true(suppressed() > 0);
}

static void below_the_level_nothing_is_counted(void **state)
{
	(void)state;
	log_set_level(LOG_ERROR);
	for (int i = 0; i < 20; i++)
		log_warn_often("test", "quiet", NULL, "i=%d", i);
	log_set_level(LOG_INFO);
	log_tick(true);
	read_back();
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_subject_has_its_own_limit, capture, release),
		cmocka_unit_test_setup_teardown(threads_lose_no_count, capture, release),
		cmocka_unit_test_setup_teardown(below_the_level_nothing_is_counted, capture, release),
		cmocka_unit_test_setup_teardown(a_full_table_still_counts, capture, release),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
