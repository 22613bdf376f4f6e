/*
 * init_transactions, watched. The client library waits by the wall clock: a clock that is set back while
 * it waits holds the call up for as long, whatever timeout it was given. So the call runs in a thread of
 * its own, which is left behind, with its client, when it does not come back.
 *
 * A client that was left behind may still reach the broker one day and fence the one made after it. That
 * looks like a second writer, and ends like one: nothing is lost, the process has to be started again.
 */
#include "base/clock.h"
#include "base/fault.h"
#include "base/stop.h"
#include "stream/kafka_handle.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define SLICE_MS 200

struct fence {
	struct kafka_handle *h;
	uint64_t patience_ms;
	enum err_kind kind; /* outcome, once done */
	struct err err;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t ended;
	bool done, left_behind;
};

static void fence_free(struct fence *f)
{
	pthread_cond_destroy(&f->ended);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

static bool left_behind(struct fence *f)
{
	bool yes;

	pthread_mutex_lock(&f->lock);
	yes = f->left_behind;
	pthread_mutex_unlock(&f->lock);
	return yes;
}

/* Fences every older writer of this stream and ends what it left open. */
static enum err_kind init_transactions(struct fence *f, struct err *e)
{
	const uint64_t until = clock_ms() + f->patience_ms;
	rd_kafka_error_t *error;

	if (fault_hit("kafka-init-hang")) /* as after a step of the clock */
		while (!left_behind(f))
			clock_sleep_ms(5);
	while (!left_behind(f) && (error = rd_kafka_init_transactions(f->h->rk, SLICE_MS))) {
		const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
		const bool retriable = rd_kafka_error_is_retriable(error);

		rd_kafka_error_destroy(error);
		rd_kafka_poll(f->h->rk, 0);
		if (stop_asked())
			return err_set(e, ERR_STOP, "kafka", 0, "stop asked for");
		if (!retriable || clock_ms() > until)
			return kafka_error(f->h, code, e, "taking over the stream as its writer");
	}
	return ERR_NONE;
}

static void *fence_main(void *arg)
{
	struct fence *f = arg;
	const enum err_kind k = init_transactions(f, &f->err);

	pthread_mutex_lock(&f->lock);
	f->kind = k;
	f->done = true;
	pthread_cond_signal(&f->ended);
	if (!f->left_behind) {
		pthread_mutex_unlock(&f->lock);
		return NULL;
	}
	pthread_mutex_unlock(&f->lock);
	kafka_handle_close(f->h);
	fence_free(f);
	return NULL;
}

/* False: it did not end in time. */
static bool wait_done(struct fence *f, uint64_t ms)
{
	struct timespec t;
	bool done;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += (time_t)(ms / 1000);
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	pthread_mutex_lock(&f->lock);
	while (!f->done && !pthread_cond_timedwait(&f->ended, &f->lock, &t))
		;
	done = f->done;
	pthread_mutex_unlock(&f->lock);
	return done;
}

static struct fence *fence_new(struct kafka_handle *h, unsigned patience_ms)
{
	struct fence *f = calloc(1, sizeof(*f));
	pthread_condattr_t attr;

	if (!f)
		abort();
	f->h = h;
	f->patience_ms = patience_ms;
	pthread_mutex_init(&f->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&f->ended, &attr);
	pthread_condattr_destroy(&attr);
	return f;
}

enum err_kind kafka_fence(struct kafka_handle **h, unsigned patience_ms, bool *hangs, struct err *e)
{
	struct fence *f = fence_new(*h, patience_ms);
	const uint64_t until = clock_ms() + patience_ms + patience_ms / 2;
	enum err_kind k;
	pthread_t thread;
	bool done = false;

	*hangs = false;
	if (pthread_create(&thread, NULL, fence_main, f)) {
		fence_free(f);
		return err_set(e, ERR_FATAL, "kafka", 0, "can not start a thread");
	}
	while (!done && clock_ms() < until && !stop_asked())
		done = wait_done(f, SLICE_MS);
	if (done || wait_done(f, 3 * SLICE_MS)) {
		pthread_join(thread, NULL);
		k = f->kind;
		*e = f->err;
		fence_free(f);
		return k;
	}
	pthread_detach(thread);
	pthread_mutex_lock(&f->lock);
	f->left_behind = true;
	done = f->done;
	pthread_mutex_unlock(&f->lock);
	if (done) { /* at the last moment: it did not see that it was left */
		kafka_handle_close(*h);
		fence_free(f);
	}
	*h = NULL;
	*hangs = true;
	return stop_asked() ? err_set(e, ERR_STOP, "kafka", 0, "stop asked for")
			    : err_set(e, ERR_AGAIN, "kafka", 0,
				      "the Kafka client does not return from taking over the stream");
}
