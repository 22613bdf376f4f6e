/*
 * The private server as a process: started, adopted, watched, stopped. Files: cluster.c.
 *
 * The server is a child in a session of its own. It is meant to survive us: after a kill -9 of
 * bttc-indexer the next one finds postmaster.pid, sees that this process really works in DIR/pg,
 * and goes on with it, unless the settings are others now. After a kill -9 of the postmaster its
 * backends may live for a moment; PostgreSQL itself refuses to start until they are gone, so
 * starting is tried again and again. postmaster.pid is removed by us in one case only: its number
 * now belongs to a process that has nothing to do with DIR/pg, and no process at all works there.
 */
#include "store/postgres.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "store/cluster.h"
#include "store/pg.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_MS     50
#define FIRST_MS    60000   /* for a server that starts but never answers */
#define START_TRIES 3       /* a server that dies at once for a reason of its own dies again */
#define RECOVERY_MS 3600000 /* crash recovery may take as long as it takes */
#define STOP_MS     2500
#define WATCH_MS    500

struct postgres {
	struct cluster files;
	char socket_dir[PATH_MAX];
	char url[PATH_MAX + 200], api_url[PATH_MAX + 200];
	pid_t pid;  /* postmaster; 0: none */
	bool child; /* ours to wait for */
	bool ready;
	uint64_t checked_ms, retry_ms;
	struct backoff backoff;
};

static void dsn(char *out, size_t n, const struct postgres *p, const char *user, const char *db)
{
	struct buf b;

	buf_init(&b, PATH_MAX + 200);
	buf_str(&b, "host='");
	for (const char *s = p->socket_dir; *s; s++) {
		if (*s == '\'' || *s == '\\')
			buf_chr(&b, '\\');
		buf_chr(&b, *s);
	}
	buf_printf(&b, "' port=%u user=%s dbname=%s", p->files.port, user, db);
	snprintf(out, n, "%s", b.bad ? "" : b.p);
	buf_free(&b);
}

static void make_urls(struct postgres *p)
{
	dsn(p->url, sizeof(p->url), p, "bttc", "bttc");
	dsn(p->api_url, sizeof(p->api_url), p, "bttc_api", "bttc");
}

/* -------- process -------- */

static bool alive(struct postgres *p)
{
	int status;

	if (!p->pid)
		return false;
	if (p->child && waitpid(p->pid, &status, WNOHANG) == p->pid)
		p->child = false;
	if (cluster_is_server(&p->files, p->pid))
		return true;
	if (p->child && !kill(p->pid, 0)) /* between fork and chdir into its directory */
		return true;
	p->pid = 0;
	p->child = false;
	p->ready = false;
	return false;
}

/* A postmaster.pid of a dead server keeps no socket directory alive. */
static void clean_stale(struct postgres *p)
{
	struct cluster_server s;
	char path[PATH_MAX + 20];

	if (!cluster_server(&p->files, &s) || cluster_is_server(&p->files, s.pid))
		return;
	if (strcmp(s.socket_dir, p->socket_dir))
		cluster_remove_socket_dir(s.socket_dir);
	if (kill(s.pid, 0) || cluster_has_process(&p->files))
		return; /* dead: PostgreSQL finds that out itself, shared memory included */
	snprintf(path, sizeof(path), "%s/postmaster.pid", p->files.pg);
	(void)unlink(path);
}

static enum err_kind launch(struct postgres *p, struct err *e)
{
	char program[PATH_MAX + 16], config[PATH_MAX + 32];
	char *const argv[] = {program, (char *)"-D", p->files.pg, (char *)"-c", config, NULL};
	int fd;
	enum err_kind k;

	clean_stale(p);
	if ((k = cluster_keep_socket_dir(&p->files, p->socket_dir, e)))
		return k;
	snprintf(program, sizeof(program), "%s/postgres", p->files.bin);
	snprintf(config, sizeof(config), "config_file=%s/bttc.conf", p->files.pg);
	fd = cluster_log(&p->files);
	if (fd < 0)
		return err_set(e, ERR_FATAL, "postgres", errno, "%s/server.log: cannot write: %s",
			p->files.pg, strerror(errno));
	k = spawn_server(argv, &p->files.user, fd, &p->pid, e);
	close(fd);
	p->child = !k;
	p->ready = false;
	return k;
}

/* Does it answer? ERR_AGAIN: not yet. */
static enum err_kind probe(struct postgres *p, struct err *e)
{
	char url[sizeof(p->url)];
	struct pg *pg;
	enum err_kind k;

	dsn(url, sizeof(url), p, "bttc", "postgres");
	k = pg_open(&pg, url, "bttc-indexer", e);
	if (!k)
		pg_close(pg);
	return k;
}

static enum err_kind died(struct postgres *p, struct err *e)
{
	char line[300];

	cluster_log_tail(&p->files, line, sizeof(line));
	return err_set(e, ERR_FATAL, "postgres", 0,
		"PostgreSQL ended while it started: %s (all of it: "
		"%s/server.log)",
		line[0] ? line : "no reason in its log", p->files.pg);
}

static enum err_kind wait_ready(struct postgres *p, struct err *e)
{
	uint64_t start = clock_ms(), told = start;
	enum err_kind k;

	for (;;) {
		bool lives = alive(p);

		k = probe(p, e);
		if (k != ERR_AGAIN)
			return k;
		if (!lives)
			return died(p, e);
		if (clock_ms() - start > RECOVERY_MS)
			return err_set(e, ERR_FATAL, "postgres", 0,
				"PostgreSQL does not get ready: see "
				"%s/server.log",
				p->files.pg);
		if (clock_ms() - told > 10000) {
			told = clock_ms();
			log_info(
				"postgres", "waiting for the server", "err=%s", log_quotes(e->msg));
		}
		if (stop_wait_ms(POLL_MS))
			return err_set(e, ERR_STOP, "postgres", 0, "stopped");
	}
}

/*
 * Start until it is up; leftovers of a killed server (its backends) get some time to go, and a
 * server that was killed while it started is started again.
 */
static enum err_kind start_and_wait(struct postgres *p, struct err *e)
{
	uint64_t start = clock_ms();
	unsigned tries = 0;
	enum err_kind k;

	do {
		if ((k = launch(p, e)))
			return k;
		k = wait_ready(p, e);
		if (k != ERR_FATAL || (++tries >= START_TRIES && !cluster_has_process(&p->files)))
			break;
	} while (clock_ms() - start < FIRST_MS && !stop_wait_ms(200));
	p->ready = !k;
	return k;
}

/* -------- adoption -------- */

static void wait_gone(struct postgres *p, unsigned ms)
{
	uint64_t start = clock_ms();

	while (alive(p) && clock_ms() - start < ms)
		clock_sleep_ms(POLL_MS / 2);
}

/* A server that somebody left running in this directory. *adopted false: there is none any more. */
static enum err_kind adopt(struct postgres *p, bool *adopted, struct err *e)
{
	struct cluster_server s;
	bool changed;
	enum err_kind k;

	*adopted = false;
	if (!cluster_server(&p->files, &s) || !cluster_is_server(&p->files, s.pid))
		return ERR_NONE;
	p->pid = s.pid;
	snprintf(p->socket_dir, sizeof(p->socket_dir), "%s", s.socket_dir);
	if ((k = cluster_configure(&p->files, p->socket_dir, &changed, e)))
		return k;
	if (!s.stopping && !changed && s.port == p->files.port) {
		k = wait_ready(p, e);
		*adopted = p->ready = !k;
		if (!k)
			log_info("postgres", "server was still running, going on with it", "pid=%d",
				(int)p->pid);
		return k == ERR_FATAL && !alive(p) ? ERR_NONE : k;
	}
	if (!s.stopping)
		kill(p->pid, SIGINT);
	wait_gone(p, FIRST_MS);
	if (p->pid)
		return err_set(e, ERR_FATAL, "postgres", 0,
			"the PostgreSQL server that runs in %s (process %d) does not stop",
			p->files.pg, (int)p->pid);
	cluster_remove_socket_dir(p->socket_dir);
	return ERR_NONE;
}

/* -------- roles and database -------- */

static enum err_kind make_role(struct pg *pg, const char *name, struct err *e)
{
	struct pg_args a = {0};
	char sql[100];
	enum err_kind k;

	pg_arg_text(&a, name);
	if ((k = pg_query(pg, "SELECT FROM pg_roles WHERE rolname = $1", &a, e)))
		return k;
	snprintf(sql, sizeof(sql), "%s ROLE %s LOGIN", pg_count(pg) ? "ALTER" : "CREATE", name);
	return pg_exec(pg, sql, e);
}

static enum err_kind set_password(struct postgres *p, struct pg *pg, struct err *e)
{
	char password[100], sql[200], file[PATH_MAX + 20];
	enum err_kind k = cluster_password(&p->files, password, sizeof(password), e);

	if (k)
		return k;
	if (strspn(password, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") !=
		strlen(password))
		return err_set(e, ERR_FATAL, "postgres", 0,
			"%s/analyst.password: only letters, digits, '-', '_' and '.' are allowed",
			p->files.dir);
	snprintf(sql, sizeof(sql), "ALTER ROLE bttc_analyst PASSWORD '%s'", password);
	if ((k = pg_exec(pg, sql, e)))
		return k;
	snprintf(file, sizeof(file), "%s/analyst.password", p->files.dir);
	log_info("postgres", "listening for analysts",
		"host=%s port=%u database=bttc user=bttc_analyst password_file=%s",
		p->files.listen_host, p->files.port, log_quotes(file));
	return ERR_NONE;
}

static enum err_kind prepare(struct postgres *p, struct err *e)
{
	char url[sizeof(p->url)];
	struct pg *pg;
	enum err_kind k;

	dsn(url, sizeof(url), p, "bttc", "postgres");
	if ((k = pg_open(&pg, url, "bttc-indexer", e)))
		return k;
	if ((k = make_role(pg, "bttc_api", e)) || (k = make_role(pg, "bttc_analyst", e)) ||
		(p->files.listen_host[0] && (k = set_password(p, pg, e))) ||
		(k = pg_query(pg, "SELECT FROM pg_database WHERE datname = 'bttc'", NULL, e)))
		goto out;
	if (!pg_count(pg))
		k = pg_exec(pg, "CREATE DATABASE bttc", e);
out:
	pg_close(pg);
	return k;
}

/* -------- public -------- */

enum err_kind postgres_start(struct postgres **out, const struct postgres_conf *conf, struct err *e)
{
	struct postgres *p = calloc(1, sizeof(*p));
	bool adopted, changed;
	enum err_kind k;

	if (!p)
		abort();
	backoff_init(&p->backoff, 100, 5000);
	if ((k = cluster_open(&p->files, conf->data_dir, conf->sql_listen, e)))
		goto out;
	if ((k = adopt(p, &adopted, e)))
		goto out;
	if (!adopted &&
		((k = cluster_socket_dir(&p->files, p->socket_dir, sizeof(p->socket_dir), e)) ||
			(k = cluster_configure(&p->files, p->socket_dir, &changed, e)) ||
			(k = start_and_wait(p, e))))
		goto out;
	make_urls(p);
	for (unsigned i = 0; (k = prepare(p, e)) == ERR_AGAIN && i < START_TRIES; i++)
		if (!alive(p) && (k = start_and_wait(p, e)))
			break;
out:
	if (k) {
		postgres_stop(p);
		return k;
	}
	*out = p;
	return ERR_NONE;
}

const char *postgres_url(const struct postgres *p)
{
	return p->url;
}

const char *postgres_api_url(const struct postgres *p)
{
	return p->api_url;
}

enum err_kind postgres_watch(struct postgres *p, struct err *e)
{
	uint64_t now = clock_ms();
	enum err_kind k;

	if (p->ready && now - p->checked_ms < WATCH_MS)
		return ERR_NONE;
	p->checked_ms = now;
	if (alive(p)) {
		if (p->ready)
			return ERR_NONE;
		if ((k = probe(p, e)))
			return k == ERR_FATAL ? ERR_AGAIN : k;
		p->ready = true;
		backoff_reset(&p->backoff);
		log_info_often("postgres", "server is back", NULL, "pid=%d", (int)p->pid);
		return ERR_NONE;
	}
	if (now < p->retry_ms)
		return err_set(e, ERR_AGAIN, "postgres", 0, "PostgreSQL is down");
	if (!p->backoff.attempts)
		log_warn_often("postgres", "server died, starting it again", NULL, "dir=%s",
			log_quotes(p->files.pg));
	p->retry_ms = now + backoff_next_ms(&p->backoff);
	if (launch(p, e) == ERR_FATAL)
		return ERR_FATAL;
	return err_set(e, ERR_AGAIN, "postgres", 0, "PostgreSQL is starting");
}

void postgres_stop(struct postgres *p)
{
	if (!p)
		return;
	if (alive(p)) {
		/* Fast: open transactions are rolled back, and all is written. A server that is still
		   recovering may take long to come to where it sees that; it has nothing to write that
		   the next start does not find in its log again. */
		kill(p->pid, p->ready ? SIGINT : SIGQUIT);
		wait_gone(p, STOP_MS);
	}
	if (p->pid)
		log_info("postgres", "server is still writing, it ends by itself", "pid=%d",
			(int)p->pid);
	else if (p->socket_dir[0])
		cluster_remove_socket_dir(p->socket_dir);
	cluster_close(&p->files);
	free(p);
}
