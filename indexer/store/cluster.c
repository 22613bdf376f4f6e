/*
 * The data directory of the private PostgreSQL.
 *
 * Who may connect: the socket lies in a directory of mode 0700 that belongs to the server's user,
 * so only that user (and root) gets to it; inside it everybody is trusted, because whoever gets
 * there could read the files as well. TCP exists only with --sql-listen, only for role
 * bttc_analyst, and only with its password (SCRAM).
 *
 * Started by root, the server runs as the owner of DIR/pg, for a new one as user postgres, else
 * nobody.
 */
#include "store/cluster.h"

#include "base/clock.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOCKET_PATH_MAX 100 /* sun_path has 108 bytes */
#define LOG_MAX         (16 << 20)
#define PASSWORD_CHARS  32

static enum err_kind fail(struct err *e, const char *path, const char *what)
{
	return err_set(
		e, ERR_FATAL, "postgres", errno, "%s: cannot %s: %s", path, what, strerror(errno));
}

static void path_in(char out[PATH_MAX], const char *dir, const char *name)
{
	if ((size_t)snprintf(out, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
		out[0] = 0; /* opening it fails and says so */
}

/* Whole small file into out, NUL-terminated; false when it cannot be read. */
static bool read_file(const char *path, char *out, size_t n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t r;

	if (fd < 0)
		return false;
	while (have < n - 1 && (r = read(fd, out + have, n - 1 - have)) > 0)
		have += (size_t)r;
	out[have] = 0;
	close(fd);
	return true;
}

/* Replace a file as a whole; owned by the server's user when `theirs`. */
static enum err_kind write_file(
	const struct cluster *c, const char *path, const char *text, bool theirs, struct err *e)
{
	char tmp[PATH_MAX];
	size_t len = strlen(text);
	int fd;

	snprintf(tmp, sizeof(tmp), "%.*s.new", PATH_MAX - 8, path);
	(void)unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail(e, tmp, "write");
	if (write(fd, text, len) != (ssize_t)len ||
		(theirs && c->user.change && fchown(fd, c->user.uid, c->user.gid)) || fsync(fd) ||
		close(fd) || rename(tmp, path))
		return fail(e, path, "write");
	return ERR_NONE;
}

/* -------- directory and lock -------- */

static enum err_kind make_dirs(const char *path, struct err *e)
{
	char part[PATH_MAX];
	size_t n = strlen(path);

	if (!n || n >= sizeof(part))
		return err_set(e, ERR_FATAL, "postgres", 0,
			"--data: a directory name of 1 to %d bytes", PATH_MAX - 1);
	for (size_t i = 1; i <= n; i++) {
		if (path[i] && path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = 0;
		/* root's own files are 0600; the server's user has to pass through */
		if (mkdir(part, geteuid() ? 0700 : 0711) && errno != EEXIST)
			return fail(e, part, "make the directory");
	}
	return ERR_NONE;
}

static enum err_kind lock_dir(struct cluster *c, struct err *e)
{
	char path[PATH_MAX], pid[32];
	int n;

	path_in(path, c->dir, "lock");
	c->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (c->lock_fd < 0)
		return fail(e, path, "open");
	if (flock(c->lock_fd, LOCK_EX | LOCK_NB)) {
		ssize_t r = pread(c->lock_fd, pid, sizeof(pid) - 1, 0);

		pid[r > 0 ? r : 0] = 0;
		return err_set(e, ERR_FATAL, "postgres", 0,
			"%s is in use by another bttc-indexer (process %d): stop it, or use "
			"another directory",
			c->dir, (int)strtol(pid, NULL, 10));
	}
	n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(c->lock_fd, 0) || pwrite(c->lock_fd, pid, (size_t)n, 0) != n)
		return fail(e, path, "write");
	return ERR_NONE;
}

static enum err_kind find_user(struct cluster *c, struct err *e)
{
	static const char *const names[] = {"postgres", "nobody"};
	struct passwd *p = NULL;
	struct stat st;
	bool exists = !stat(c->pg, &st);

	if (geteuid()) {
		if (exists && st.st_uid != geteuid())
			return err_set(e, ERR_FATAL, "postgres", 0,
				"%s belongs to another user (id %u): run as that user or as root, "
				"or use "
				"another directory",
				c->pg, (unsigned)st.st_uid);
		return ERR_NONE;
	}
	if (exists && st.st_uid)
		p = getpwuid(st.st_uid);
	for (size_t i = 0; !p && !(exists && st.st_uid) && i < 2; i++)
		p = getpwnam(names[i]);
	if (exists && st.st_uid) {
		c->user.uid = st.st_uid;
		c->user.gid = st.st_gid;
	} else if (p) {
		c->user.uid = p->pw_uid;
		c->user.gid = p->pw_gid;
	} else {
		return err_set(e, ERR_FATAL, "postgres", 0,
			"PostgreSQL does not run as root, and there is neither a user postgres nor "
			"nobody: "
			"run bttc-indexer as another user");
	}
	c->user.change = true;
	snprintf(c->user.name, sizeof(c->user.name), "%s", p ? p->pw_name : "of the directory");
	return ERR_NONE;
}

static enum err_kind check_reach(const struct cluster *c, struct err *e)
{
	char blocked[PATH_MAX];

	if (!c->user.change || spawn_may_enter(c->dir, &c->user, blocked, sizeof(blocked)))
		return ERR_NONE;
	return err_set(e, ERR_FATAL, "postgres", 0,
		"PostgreSQL runs as user %s, who may not enter %s: use another --data directory, "
		"or allow "
		"it with: chmod o+x '%s'",
		c->user.name, blocked, blocked);
}

/* -------- programs -------- */

static unsigned major_of(const char *bin)
{
	struct spawn_user self = {0};
	char path[PATH_MAX];
	char *const argv[] = {path, (char *)"--version", NULL};
	unsigned major = 0;
	struct buf out;
	struct err ignored;
	const char *p;

	path_in(path, bin, "initdb");
	if (access(path, X_OK))
		return 0;
	path_in(path, bin, "postgres");
	if (access(path, X_OK))
		return 0;
	buf_init(&out, 4096);
	if (!spawn_run(argv, &self, &out, &ignored) && (p = strstr(out.p, "PostgreSQL) ")))
		major = (unsigned)strtoul(p + 12, NULL, 10);
	buf_free(&out);
	return major;
}

struct finder {
	unsigned want; /* 0: the newest */
	unsigned best;
	char bin[PATH_MAX];
	char seen[200]; /* majors met, for the message */
};

static void consider(struct finder *f, const char *bin)
{
	unsigned major = major_of(bin);
	char text[16];

	if (!major)
		return;
	snprintf(text, sizeof(text), " %u", major);
	if (!strstr(f->seen, text) && strlen(f->seen) + strlen(text) < sizeof(f->seen))
		memcpy(f->seen + strlen(f->seen), text, strlen(text) + 1);
	if (f->want ? major != f->want || f->best : major <= f->best)
		return;
	f->best = major;
	snprintf(f->bin, sizeof(f->bin), "%s", bin);
}

static void consider_pg_config(struct finder *f)
{
	struct spawn_user self = {0};
	char *const argv[] = {(char *)"/usr/bin/pg_config", (char *)"--bindir", NULL};
	struct err ignored;
	struct buf out;

	buf_init(&out, PATH_MAX);
	if (!spawn_run(argv, &self, &out, &ignored) && out.n) {
		out.p[strcspn(out.p, "\n")] = 0;
		consider(f, out.p);
	}
	buf_free(&out);
}

static void consider_path(struct finder *f)
{
	const char *p = getenv("PATH");
	char dir[PATH_MAX];

	while (p && *p) {
		size_t n = strcspn(p, ":");

		if (n && n < sizeof(dir)) {
			memcpy(dir, p, n);
			dir[n] = 0;
			consider(f, dir);
		}
		p += n + (p[n] == ':');
	}
}

static enum err_kind find_programs(struct cluster *c, struct err *e)
{
	struct finder f = {0};
	char path[PATH_MAX], version[32];
	struct stat st;
	glob_t g;

	path_in(path, c->pg, "PG_VERSION");
	if (read_file(path, version, sizeof(version)))
		f.want = (unsigned)strtoul(version, NULL, 10);
	else if (!stat(c->pg, &st))
		return err_set(e, ERR_FATAL, "postgres", 0,
			"%s is there but is no PostgreSQL data directory (no PG_VERSION): use "
			"another --data "
			"directory",
			c->pg);
	if (!glob("/usr/lib/postgresql/*/bin", 0, NULL, &g)) {
		for (size_t i = 0; i < g.gl_pathc; i++)
			consider(&f, g.gl_pathv[i]);
		globfree(&g);
	}
	if (!f.best)
		consider_pg_config(&f);
	if (!f.best)
		consider_path(&f);
	if (f.best) {
		memcpy(c->bin, f.bin, sizeof(c->bin));
		return ERR_NONE;
	}
	if (f.want && f.seen[0])
		return err_set(e, ERR_FATAL, "postgres", 0,
			"%s was made by PostgreSQL version %u, and here is only version%s: install "
			"postgresql-%u, or use another --data directory",
			c->pg, f.want, f.seen, f.want);
	return err_set(e, ERR_FATAL, "postgres", 0,
		"no PostgreSQL server found (pg_config, /usr/lib/postgresql, PATH): install the "
		"package "
		"postgresql, or give --database URL");
}

/* -------- initdb -------- */

#define LEFTOVER_TRIES   100
#define LEFTOVER_WAIT_MS 100

/* False: something of it is still there. */
static bool remove_tree(const char *path)
{
	struct spawn_user self = {0};
	char *const argv[] = {(char *)"/bin/rm", (char *)"-rf", (char *)"--", (char *)path, NULL};
	struct err ignored;
	enum err_kind k;
	struct buf out;

	buf_init(&out, 4096);
	k = spawn_run(argv, &self, &out, &ignored);
	buf_free(&out);
	return !k;
}

/* An initdb whose parent was killed goes on writing for a moment, and ends when its directory is gone. */
static void remove_leftover(const char *path)
{
	for (unsigned i = 0; i < LEFTOVER_TRIES && !remove_tree(path); i++)
		clock_sleep_ms(LEFTOVER_WAIT_MS);
}

/* Into a directory next to it, renamed when whole: an initdb that was killed leaves nothing behind.
 */
static enum err_kind make_cluster(const struct cluster *c, struct err *e)
{
	char initdb[PATH_MAX], fresh[PATH_MAX];
	char *const argv[] = {initdb, (char *)"-D", fresh, (char *)"-U", (char *)"bttc",
		(char *)"-A", (char *)"trust", (char *)"-E", (char *)"UTF8", (char *)"--no-locale",
		(char *)"-k", NULL};
	struct stat st;
	enum err_kind k;
	struct buf out;

	if (!stat(c->pg, &st))
		return ERR_NONE;
	path_in(initdb, c->bin, "initdb");
	path_in(fresh, c->dir, "pg.new");
	remove_leftover(fresh);
	if (mkdir(fresh, 0700) || (c->user.change && chown(fresh, c->user.uid, c->user.gid)))
		return fail(e, fresh, "make the directory");
	log_info("postgres", "making a database", "dir=%s", log_quotes(c->pg));
	buf_init(&out, 65536);
	k = spawn_run(argv, &c->user, &out, e);
	buf_free(&out);
	if (!k && rename(fresh, c->pg))
		k = fail(e, c->pg, "rename");
	return k;
}

static enum err_kind parse_listen(struct cluster *c, const char *listen, struct err *e)
{
	const char *colon = listen ? strrchr(listen, ':') : NULL;
	size_t n;
	char *end;
	unsigned long port;

	c->port = 5432;
	if (!listen)
		return ERR_NONE;
	n = colon ? (size_t)(colon - listen) : 0;
	port = colon ? strtoul(colon + 1, &end, 10) : 0;
	if (!n || n >= sizeof(c->listen_host) || !colon[1] || *end || port < 1 || port > 65535 ||
		strpbrk(listen, "'\"\\, \n"))
		return err_set(e, ERR_FATAL, "postgres", 0,
			"--sql-listen \"%.100s\": HOST:PORT with a port of 1 to 65535 is wanted",
			listen);
	if (listen[0] == '[' && listen[n - 1] == ']') { /* IPv6 */
		listen++;
		n -= 2;
	}
	memcpy(c->listen_host, listen, n);
	c->listen_host[n] = 0;
	c->port = (unsigned)port;
	return ERR_NONE;
}

/* DIR/pg may be a link to another disk; processes are recognised by the real path. */
static enum err_kind resolve_pg(struct cluster *c, struct err *e)
{
	char real[PATH_MAX];

	if (!realpath(c->pg, real))
		return fail(e, c->pg, "find");
	memcpy(c->pg, real, sizeof(c->pg));
	return ERR_NONE;
}

enum err_kind cluster_open(
	struct cluster *c, const char *data_dir, const char *sql_listen, struct err *e)
{
	enum err_kind k;

	*c = (struct cluster){.lock_fd = -1};
	if ((k = parse_listen(c, sql_listen, e)) || (k = make_dirs(data_dir, e)))
		return k;
	if (!realpath(data_dir, c->dir))
		return fail(e, data_dir, "find");
	path_in(c->pg, c->dir, "pg");
	if ((k = lock_dir(c, e)) || (k = find_user(c, e)) || (k = check_reach(c, e)) ||
		(k = find_programs(c, e)) || (k = make_cluster(c, e)) || (k = resolve_pg(c, e)))
		cluster_close(c);
	return k;
}

void cluster_close(struct cluster *c)
{
	if (c->lock_fd >= 0)
		close(c->lock_fd);
	c->lock_fd = -1;
}

/* -------- processes -------- */

bool cluster_is_server(const struct cluster *c, pid_t pid)
{
	char link[64], cwd[PATH_MAX];
	ssize_t n;

	if (pid <= 0)
		return false;
	snprintf(link, sizeof(link), "/proc/%d/cwd", (int)pid);
	n = readlink(link, cwd, sizeof(cwd) - 1);
	if (n <= 0)
		return false;
	cwd[n] = 0;
	return !strcmp(cwd, c->pg);
}

bool cluster_has_process(const struct cluster *c)
{
	DIR *d = opendir("/proc");
	struct dirent *ent;
	bool found = false;

	while (d && !found && (ent = readdir(d)))
		found = ent->d_name[0] >= '1' && ent->d_name[0] <= '9' &&
			cluster_is_server(c, (pid_t)strtol(ent->d_name, NULL, 10));
	if (d)
		closedir(d);
	return found;
}

bool cluster_server(const struct cluster *c, struct cluster_server *out)
{
	char path[PATH_MAX], text[8192], *line = text;

	*out = (struct cluster_server){0};
	path_in(path, c->pg, "postmaster.pid");
	if (!read_file(path, text, sizeof(text)))
		return false;
	for (int i = 1; line && i <= 8;
		i++) { /* lines: src/include/utils/pidfile.h of PostgreSQL */
		char *next = strchr(line, '\n');

		if (next)
			*next++ = 0;
		if (i == 1)
			out->pid = (pid_t)strtol(line, NULL, 10);
		if (i == 4)
			out->port = (unsigned)strtoul(line, NULL, 10);
		if (i == 5)
			snprintf(out->socket_dir, sizeof(out->socket_dir), "%.*s", PATH_MAX - 1,
				line);
		if (i == 8)
			out->stopping = !strncmp(line, "stopping", 8);
		line = next;
	}
	return out->pid > 0;
}

/* -------- socket directory -------- */

static bool try_socket_dir(const struct cluster *c, const char *base, char *out, size_t n)
{
	char path[SOCKET_PATH_MAX];

	if (!base || base[0] != '/' ||
		(size_t)snprintf(path, sizeof(path), "%s/bttc-XXXXXX", base) +
				sizeof("/.s.PGSQL.65535") >
			sizeof(path) ||
		(size_t)snprintf(out, n, "%s", path) >= n || !mkdtemp(out))
		return false;
	if (!c->user.change || !chown(out, c->user.uid, c->user.gid))
		return true;
	rmdir(out);
	return false;
}

enum err_kind cluster_socket_dir(const struct cluster *c, char *out, size_t n, struct err *e)
{
	if (!c->user.change && try_socket_dir(c, getenv("XDG_RUNTIME_DIR"), out, n))
		return ERR_NONE;
	if (try_socket_dir(c, "/tmp", out, n))
		return ERR_NONE;
	return fail(e, "/tmp/bttc-XXXXXX", "make the directory");
}

enum err_kind cluster_keep_socket_dir(const struct cluster *c, const char *dir, struct err *e)
{
	if (!mkdir(dir, 0700))
		return c->user.change && chown(dir, c->user.uid, c->user.gid)
			       ? fail(e, dir, "change the owner of")
			       : ERR_NONE;
	return errno == EEXIST ? ERR_NONE : fail(e, dir, "make the directory");
}

void cluster_remove_socket_dir(const char *dir)
{
	const char *name = strrchr(dir, '/');
	char path[PATH_MAX];
	struct dirent *ent;
	DIR *d;

	if (!name || strncmp(name, "/bttc-", 6) || !(d = opendir(dir)))
		return;
	while ((ent = readdir(d)))
		if (!strncmp(ent->d_name, ".s.PGSQL.", 9)) {
			path_in(path, dir, ent->d_name);
			(void)unlink(path);
		}
	closedir(d);
	(void)rmdir(dir);
}

/* -------- configuration -------- */

static void add_quoted(struct buf *b, const char *s)
{
	buf_chr(b, '\'');
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			buf_chr(b, *s);
		buf_chr(b, *s);
	}
	buf_chr(b, '\'');
}

static unsigned shared_buffers_mb(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	uint64_t mb = pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size >> 20 : 1024;

	return mb >= 4096 ? 256 : mb >= 1536 ? 128 : 64;
}

static void settings(struct buf *b, const struct cluster *c, const char *socket_dir)
{
	char text[PATH_MAX + 8];

	buf_str(b, "# Written by bttc-indexer at each start. Your own settings: local.conf, read "
		   "last.\n"
		   "data_directory = ");
	add_quoted(b, c->pg);
	buf_str(b, "\nhba_file = ");
	path_in(text, c->pg, "bttc_hba.conf");
	add_quoted(b, text);
	buf_str(b, "\nunix_socket_directories = ");
	snprintf(text, sizeof(text), "\"%s\"", socket_dir);
	add_quoted(b, text);
	buf_str(b, "\nunix_socket_permissions = 0700\nlisten_addresses = ");
	add_quoted(b, c->listen_host);
	buf_printf(b, "\nport = %u\nshared_buffers = %uMB\n", c->port, shared_buffers_mb());
	buf_str(b, "max_connections = 60\n"
		   "cluster_name = 'bttc-indexer'\n"
		   "password_encryption = 'scram-sha-256'\n"
		   "timezone = 'UTC'\nlog_timezone = 'UTC'\nlc_messages = 'C'\n"
		   "fsync = on\nsynchronous_commit = on\nfull_page_writes = on\n"
		   /* No replica reads this server: index builds and rewrites need no WAL. */
		   "wal_level = minimal\nmax_wal_senders = 0\nmax_logical_replication_workers = "
		   "0\n"
		   "max_wal_size = 2GB\nmin_wal_size = 256MB\n"
		   "checkpoint_timeout = 15min\ncheckpoint_completion_target = 0.9\n"
		   "work_mem = 16MB\nmaintenance_work_mem = 128MB\n"
		   "max_parallel_maintenance_workers = 1\nmax_parallel_workers_per_gather = 1\n"
		   "jit = off\nrandom_page_cost = 1.1\n"
		   "logging_collector = off\nlog_min_messages = warning\nlog_checkpoints = off\n"
		   "log_line_prefix = '%m [%p] %q%u '\n"
		   "include_if_exists = 'local.conf'\n");
}

static void host_rules(struct buf *b, const struct cluster *c)
{
	buf_str(b,
		"# Written by bttc-indexer at each start. The socket's directory has mode 0700.\n"
		"local all all trust\n");
	if (c->listen_host[0])
		buf_str(b, "host bttc bttc_analyst 0.0.0.0/0 scram-sha-256\n"
			   "host bttc bttc_analyst ::/0 scram-sha-256\n");
}

static enum err_kind write_if_new(
	const struct cluster *c, const char *name, const char *text, bool *changed, struct err *e)
{
	char path[PATH_MAX], old[16384];

	path_in(path, c->pg, name);
	if (read_file(path, old, sizeof(old)) && !strcmp(old, text))
		return ERR_NONE;
	*changed = true;
	return write_file(c, path, text, true, e);
}

enum err_kind cluster_configure(
	const struct cluster *c, const char *socket_dir, bool *changed, struct err *e)
{
	enum err_kind k;
	struct buf b;

	*changed = false;
	buf_init(&b, 16384);
	settings(&b, c, socket_dir);
	k = write_if_new(c, "bttc.conf", b.p, changed, e);
	buf_clear(&b);
	host_rules(&b, c);
	if (!k)
		k = write_if_new(c, "bttc_hba.conf", b.p, changed, e);
	buf_free(&b);
	return k;
}

enum err_kind cluster_password(const struct cluster *c, char *out, size_t n, struct err *e)
{
	static const char letters[33] = "abcdefghijkmnpqrstuvwxyz23456789";
	uint8_t random[PASSWORD_CHARS];
	char path[PATH_MAX], text[PASSWORD_CHARS + 2];
	enum err_kind k;

	path_in(path, c->dir, "analyst.password");
	if (read_file(path, out, n)) {
		out[strcspn(out, "\r\n")] = 0;
		if (out[0])
			return ERR_NONE;
	}
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return fail(e, path, "get random bytes");
	for (int i = 0; i < PASSWORD_CHARS; i++)
		text[i] = letters[random[i] % 32];
	text[PASSWORD_CHARS] = '\n';
	text[PASSWORD_CHARS + 1] = 0;
	if ((k = write_file(c, path, text, false, e)))
		return k;
	snprintf(out, n, "%.*s", PASSWORD_CHARS, text);
	return ERR_NONE;
}

/* -------- log -------- */

int cluster_log(const struct cluster *c)
{
	char path[PATH_MAX];
	struct stat st;
	int fd;

	path_in(path, c->pg, "server.log");
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && !fstat(fd, &st) && st.st_size > LOG_MAX && ftruncate(fd, 0))
		log_debug("postgres", "log not cut", "errno=%d", errno);
	if (fd >= 0 && c->user.change && fchown(fd, c->user.uid, c->user.gid))
		log_debug("postgres", "log keeps its owner", "errno=%d", errno);
	return fd;
}

void cluster_log_tail(const struct cluster *c, char *out, size_t n)
{
	char path[PATH_MAX], text[4097];
	struct stat st;
	ssize_t have;
	int fd;

	out[0] = 0;
	path_in(path, c->pg, "server.log");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &st))
		st.st_size = 0;
	have = pread(fd, text, sizeof(text) - 1, st.st_size > 4096 ? st.st_size - 4096 : 0);
	close(fd);
	text[have > 0 ? have : 0] = 0;
	for (char *line = text, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		if (strstr(line, "FATAL:") || strstr(line, "PANIC:"))
			snprintf(out, n, "%s", line);
	}
}
