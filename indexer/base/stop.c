/* The request to end, as a flag for loops and a pipe for poll(2). */
#include "base/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static _Atomic int asked;
static int fds[2] = {-1, -1};
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_pipe(void)
{
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK))
		fds[0] = fds[1] = -1;
}

void stop_request(void)
{
	int saved = errno;

	if (!atomic_exchange(&asked, 1) && fds[1] >= 0 && write(fds[1], "x", 1) < 0)
		asked = 1;
	errno = saved;
}

static void on_signal(int sig)
{
	(void)sig;
	stop_request();
}

enum err_kind stop_install(struct err *e)
{
	struct sigaction sa = {.sa_handler = on_signal};

	pthread_once(&once, make_pipe);
	if (fds[0] < 0)
		return err_set(e, ERR_FATAL, "stop", errno, "pipe: %s", strerror(errno));
	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGINT, &sa, NULL) || sigaction(SIGTERM, &sa, NULL))
		return err_set(e, ERR_FATAL, "stop", errno, "sigaction: %s", strerror(errno));
	signal(SIGPIPE, SIG_IGN);
	return ERR_NONE;
}

bool stop_asked(void)
{
	return atomic_load_explicit(&asked, memory_order_relaxed);
}

int stop_fd(void)
{
	pthread_once(&once, make_pipe);
	return fds[0];
}

bool stop_wait_ms(unsigned ms)
{
	struct pollfd p = {.fd = stop_fd(), .events = POLLIN};

	if (!stop_asked())
		(void)poll(&p, p.fd >= 0, (int)ms);
	return stop_asked();
}
