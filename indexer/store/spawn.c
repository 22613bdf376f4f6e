/*
 * fork and exec with the group and user changed in between, so that no setpriv, su or runuser is
 * needed. Children get /dev/null as stdin, a fixed environment, default signal handling, and no
 * file descriptor of ours beyond the three.
 */
#include "store/spawn.h"

#include "base/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_NO_USER 125
#define EXIT_NO_EXEC 126
#define FD_LIMIT     4096

static char *const child_env[] = {
	"PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin", "LC_ALL=C", "TZ=UTC", NULL};

static bool become(const struct spawn_user *u)
{
	return !u->change || (!setgroups(0, NULL) && !setgid(u->gid) && !setuid(u->uid));
}

/* In the child: never returns. Async-signal-safe only. */
static void child(char *const argv[], const struct spawn_user *u, int out_fd, bool own_session)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	sigset_t none;
	int null_fd = open("/dev/null", O_RDWR);

	if (own_session)
		(void)setsid();
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (int s = 1; s < 32; s++)
		(void)sigaction(s, &dfl, NULL);
	if (dup2(null_fd, 0) < 0 || dup2(out_fd, 1) < 0 || dup2(out_fd, 2) < 0)
		_exit(EXIT_NO_EXEC);
	for (int fd = 3; fd < FD_LIMIT; fd++)
		close(fd);
	if (!become(u))
		_exit(EXIT_NO_USER);
	if (chdir("/"))
		_exit(EXIT_NO_EXEC);
	execve(argv[0], argv, child_env);
	_exit(EXIT_NO_EXEC);
}

/* The first line that PostgreSQL's programs call an error, from that word on; else the last line. What
 * they say after the error is about cleaning up. */
static const char *cause(struct buf *b)
{
	static const char *const words[] = {"PANIC:", "FATAL:", "error:"};
	char *first = NULL, *p;

	while (b->n && (b->p[b->n - 1] == '\n' || b->p[b->n - 1] == ' '))
		b->p[--b->n] = 0;
	if (!b->n)
		return "no message";
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		p = strstr(b->p, words[i]);
		if (p && (!first || p < first))
			first = p;
	}
	if (first) {
		first[strcspn(first, "\n")] = 0;
		return first;
	}
	p = strrchr(b->p, '\n');
	return p ? p + 1 : b->p;
}

static enum err_kind exit_code(
	char *const argv[], const struct spawn_user *u, int status, struct buf *out, struct err *e)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);

	if (!code)
		return ERR_NONE;
	if (code == EXIT_NO_USER)
		return err_set(e, ERR_FATAL, "spawn", code,
			"cannot run %s as user %s: changing the user is not allowed here", argv[0],
			u->name);
	if (code == EXIT_NO_EXEC)
		return err_set(e, ERR_FATAL, "spawn", code, "cannot execute %s", argv[0]);
	return err_set(e, ERR_FATAL, "spawn", code, "%s failed (%d): %.250s", argv[0], code,
		cause(out));
}

/* Read until the end of the pipe; a stop ends the child. */
static bool read_all(int fd, pid_t pid, struct buf *out)
{
	bool stopped = false;
	char chunk[4096];
	ssize_t n;

	do {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		if (stop_asked() && !stopped) {
			stopped = true;
			kill(pid, SIGTERM);
		}
		n = 1;
		if (poll(&p, 1, 100) <= 0)
			continue;
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0 && out->n + (size_t)n <= out->max)
			buf_add(out, chunk, (size_t)n);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return stopped;
}

enum err_kind spawn_run(
	char *const argv[], const struct spawn_user *user, struct buf *out, struct err *e)
{
	int fd[2], status;
	bool stopped;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC))
		return err_set(e, ERR_FATAL, "spawn", errno, "pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0) {
		int code = errno;

		close(fd[0]);
		close(fd[1]);
		return err_set(e, ERR_FATAL, "spawn", code, "fork: %s", strerror(code));
	}
	if (!pid)
		child(argv, user, fd[1], false);
	close(fd[1]);
	stopped = read_all(fd[0], pid, out);
	close(fd[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (stopped)
		return err_set(e, ERR_STOP, "spawn", 0, "stopped");
	return exit_code(argv, user, status, out, e);
}

enum err_kind spawn_server(
	char *const argv[], const struct spawn_user *user, int log_fd, pid_t *pid, struct err *e)
{
	pid_t p = fork();

	if (p < 0)
		return err_set(e, ERR_AGAIN, "spawn", errno, "fork: %s", strerror(errno));
	if (!p)
		child(argv, user, log_fd, true);
	*pid = p;
	return ERR_NONE;
}

bool spawn_may_enter(const char *path, const struct spawn_user *user, char *blocked, size_t n)
{
	char part[4096];
	size_t len = strlen(path);
	int status;
	pid_t pid;

	for (size_t i = 1; i <= len && len < sizeof(part); i++) {
		if (path[i] != '/' && path[i])
			continue;
		memcpy(part, path, i);
		part[i] = 0;
		pid = fork();
		if (!pid)
			_exit(!become(user) || chdir(part) ? 1 : 0);
		if (pid < 0 || waitpid(pid, &status, 0) < 0 || status) {
			snprintf(blocked, n, "%s", part);
			return false;
		}
	}
	return true;
}
