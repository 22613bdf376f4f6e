/*
 * The private PostgreSQL: made, stopped, adopted, brought back; files that lie. Runs as root (then
 * the server is another user's) and as anybody else. Needs no BTTC_TEST_PG.
 */
#include "pg/pg_kit.h"

#include "store/postgres.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char base[200];

static char *dir(const char *name)
{
	static char out[4][1000];
	static unsigned at;
	char *o = out[at++ % 4];

	snprintf(o, sizeof(out[0]), "%s/%s", base, name);
	return o;
}

static struct postgres *start(const char *data, const char *listen)
{
	struct postgres_conf conf = {.data_dir = data, .sql_listen = listen};
	struct postgres *p = NULL;
	struct err e;

	ASSERT_OK(postgres_start(&p, &conf, &e), e);
	return p;
}

static void refused(const char *data, const char *listen, const char *text)
{
	struct postgres_conf conf = {.data_dir = data, .sql_listen = listen};
	struct postgres *p = NULL;
	struct err e;

	assert_int_equal(postgres_start(&p, &conf, &e), ERR_FATAL);
	if (!strstr(e.msg, text))
		fail_msg("\"%s\" does not say \"%s\"", e.msg, text);
}

static pid_t postmaster(const char *data)
{
	char path[1200];
	int pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/pg/postmaster.pid", data);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	fclose(f);
	return pid;
}

static void query(const char *url, const char *sql, const char *want)
{
	PGconn *c = pg_connect(url);

	assert_string_equal(pg_value(c, sql), want);
	PQfinish(c);
}

static void test_life(void **state)
{
	const char *data = dir("it's a \"long\" name with spaces/and a sub-directory that nobody "
			       "would ever want to "
			       "type by hand but that some tool might make/data");
	struct postgres *p;
	char socket_dir[300], url[1000];
	pid_t pid;

	(void)state;
	p = start(data, NULL);
	snprintf(url, sizeof(url), "%s", postgres_url(p));
	query(url, "SELECT current_database() || ' ' || current_user", "bttc bttc");
	query(postgres_api_url(p), "SELECT current_user", "bttc_api");
	query(url, "SHOW fsync", "on");
	query(url, "SHOW synchronous_commit", "on");
	query(url, "SHOW listen_addresses", "");
	query(url, "SHOW server_encoding", "UTF8");
	query(url, "CREATE TABLE public.t AS SELECT 7 AS a", "");
	assert_int_equal(sscanf(url, "host='%299[^']'", socket_dir), 1);
	assert_true(strlen(socket_dir) < 90);
	pid = postmaster(data);
	assert_true(pid > 0);
	if (!geteuid()) {
		struct stat st;
		char proc[50];

		snprintf(proc, sizeof(proc), "/proc/%d", (int)pid);
		assert_int_equal(stat(proc, &st), 0);
		assert_int_not_equal(st.st_uid, 0);
	}
	refused(data, NULL, "in use");
	postgres_stop(p);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(access(socket_dir, F_OK), -1);
	p = start(data, NULL);
	query(postgres_url(p), "SELECT a FROM public.t", "7");
	postgres_stop(p);
}

static void wait_back(struct postgres *p)
{
	struct err e;

	for (int i = 0; i < 600; i++) {
		if (postgres_watch(p, &e) == ERR_NONE)
			return;
		usleep(50000);
	}
	fail_msg("not back within 30 s: %s", e.msg);
}

static void test_killed(void **state)
{
	const char *data = dir("killed");
	struct postgres *p = start(data, NULL);
	char url[1000];
	PGconn *c;
	pid_t pid;

	(void)state;
	snprintf(url, sizeof(url), "%s", postgres_url(p));
	query(url, "CREATE TABLE public.t AS SELECT 8 AS a", "");
	for (int round = 0; round < 3; round++) {
		pid = postmaster(data);
		c = pg_connect(url); /* a backend that outlives its postmaster for a moment */
		assert_int_equal(kill(pid, SIGKILL), 0);
		while (postmaster(data) == pid) { /* the watch notices and starts another */
			struct err e;

			if (postgres_watch(p, &e) == ERR_FATAL)
				fail_msg("%s", e.msg);
			usleep(20000);
		}
		PQfinish(c);
		wait_back(p);
		query(url, "SELECT a FROM public.t", "8"); /* by the same address */
	}
	postgres_stop(p);
}

/* postmaster.pid of a dead server whose number a foreign process has now. */
static void test_stale_pid_file(void **state)
{
	const char *data = dir("stale");
	struct postgres *p = start(data, NULL);
	char path[1200], text[2000];
	struct stat st;
	ssize_t n;
	pid_t other;
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/pg/postmaster.pid", data);
	fd = open(path, O_RDONLY);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = 0;
	close(fd);
	postgres_stop(p);
	snprintf(path, sizeof(path), "%s/pg", data);
	assert_int_equal(stat(path, &st), 0);
	other = fork();
	if (!other) {
		if (!geteuid() && setuid(st.st_uid))
			_exit(1);
		pause();
		_exit(0);
	}
	snprintf(path, sizeof(path), "%s/pg/postmaster.pid", data);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dprintf(fd, "%d%s", (int)other, strchr(text, '\n'));
	if (!geteuid())
		assert_int_equal(fchown(fd, st.st_uid, st.st_gid), 0);
	close(fd);
	p = start(data, NULL);
	assert_int_not_equal(postmaster(data), other);
	query(postgres_url(p), "SELECT 1", "1");
	postgres_stop(p);
	assert_int_equal(kill(other, 0), 0); /* it was left alone */
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
}

/* A process that is killed leaves the server; the next one goes on with it, or restarts it with
 * TCP. */
static void test_adopted(void **state)
{
	const char *data = dir("adopted");
	struct postgres *p;
	char url[1000];
	pid_t first, child;
	int status;

	(void)state;
	child = fork();
	if (!child) {
		p = start(data, NULL);
		query(postgres_url(p), "CREATE TABLE public.t AS SELECT 9 AS a", "");
		kill(getpid(), SIGKILL);
	}
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status));
	first = postmaster(data);
	assert_int_equal(kill(first, 0), 0);
	p = start(data, NULL);
	assert_int_equal(postmaster(data), first);
	snprintf(url, sizeof(url), "%s", postgres_url(p));
	query(url, "SELECT a FROM public.t", "9");
	postgres_stop(p);
	assert_int_equal(
		postmaster(data), 0); /* not our child: it may stay a zombie of somebody else */
}

static unsigned free_port(void)
{
	return 20000 + (unsigned)(getpid() * 7) % 30000;
}

static void test_analyst(void **state)
{
	const char *data = dir("analyst");
	char listen[60], url[1000], password[100], path[1200];
	struct postgres *p;
	struct stat st;
	PGconn *c;
	FILE *f;

	(void)state;
	snprintf(listen, sizeof(listen), "127.0.0.1:%u", free_port());
	p = start(data, listen);
	snprintf(path, sizeof(path), "%s/analyst.password", data);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	f = fopen(path, "r");
	assert_non_null(fgets(password, sizeof(password), f));
	fclose(f);
	password[strcspn(password, "\n")] = 0;
	assert_int_equal(strlen(password), 32);
	snprintf(url, sizeof(url),
		"host=127.0.0.1 port=%u dbname=bttc user=bttc_analyst password=%s", free_port(),
		password);
	query(url, "SELECT current_user", "bttc_analyst");
	snprintf(url, sizeof(url),
		"host=127.0.0.1 port=%u dbname=bttc user=bttc_analyst password=wrong", free_port());
	c = PQconnectdb(url);
	assert_int_equal(PQstatus(c), CONNECTION_BAD);
	PQfinish(c);
	snprintf(url, sizeof(url), "host=127.0.0.1 port=%u dbname=bttc user=bttc password=%s",
		free_port(), password);
	c = PQconnectdb(url); /* nobody else by TCP */
	assert_int_equal(PQstatus(c), CONNECTION_BAD);
	assert_non_null(strstr(PQerrorMessage(c), "pg_hba"));
	PQfinish(c);
	postgres_stop(p);
	f = fopen(path, "w");
	fputs("x'; DROP ROLE bttc_api; --\n", f);
	fclose(f);
	refused(data, listen, "analyst.password");
	assert_int_equal(postmaster(data), 0); /* nothing is left running */
}

static void test_refused(void **state)
{
	const char *data = dir("refused");
	char path[1200];
	struct postgres *p;
	FILE *f;

	(void)state;
	refused(data, "5432", "--sql-listen");
	refused(data, "localhost:0", "--sql-listen");
	refused(data, "localhost:70000", "--sql-listen");
	refused(data, "x' y:5432", "--sql-listen");
	refused("", NULL, "--data");
	p = start(data, NULL);
	postgres_stop(p);
	snprintf(path, sizeof(path), "%s/pg/PG_VERSION", data);
	f = fopen(path, "w");
	fputs("9\n", f);
	fclose(f);
	refused(data, NULL, "version 9");
	assert_int_equal(unlink(path), 0);
	refused(data, NULL, "PG_VERSION");
}

static int make_base(void **state)
{
	(void)state;
	snprintf(base, sizeof(base), "/tmp/bttc-test-server-%d", (int)getpid());
	return mkdir(base, 0755);
}

static int remove_base(void **state)
{
	char command[300];
	FILE *f;

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", base);
	f = popen(command, "r");
	return f ? pclose(f) : 1;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_stale_pid_file),
		cmocka_unit_test(test_adopted),
		cmocka_unit_test(test_analyst),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, make_base, remove_base);
}
