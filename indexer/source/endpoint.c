/*
 * One endpoint: a suspect. What it may be asked (budget, what it refused before), how well it
 * answers, and when it may be asked again.
 *
 * Trouble is of two kinds. An endpoint that says "not so fast" is *limited*: left alone for as long
 * as it names, else with growing pauses. One that does not answer properly for a while is *down*;
 * after each failure it has to prove its chain id again before the next question, since what comes
 * back may be another node. Requests that fail in one incident are one step of the backoff, not one
 * each.
 *
 * Sizes (batch, range of blocks) are halved when refused, down to what the refusal names, and
 * remember what was refused: below that they grow fast, at it only after a long streak of
 * successes.
 */
#include "source/engine.h"

#include "base/clock.h"

#include <curl/curl.h>
#include <limits.h>
#include <stdlib.h>

#define BACKOFF_MIN_MS 25
#define BACKOFF_MAX_MS 15000
#define PAUSE_MAX_MS   600000
#define RATE_PAUSE_MS  250 /* at least, when no time is named */
#define AUTH_PAUSE_MS  30000
#define REVIEW_MS      600000 /* a method that is missing is tried again after this */
#define DOUBT_MS       60000u
#define DOUBT_MAX_MS   3600000u
#define HEAD_LATELY_MS 10000
#define DOWN_AFTER_MS  500
#define DOWN_AFTER     3
#define SLOW_US        2000000
#define HEALTH_FULL    1024
#define PATIENCE_MIN   8 /* answers at the ceiling before more is tried */
#define PATIENCE_MAX   1024

enum shown { SHOWN_OK, SHOWN_SLOW, SHOWN_LIMITED, SHOWN_DOWN, SHOWN_WRONG };
static const char *const shown_names[] = {"ok", "slow", "limited", "down", "wrong-chain"};

/* ---- open and close -------------------------------------------------------------------------- */

static char *part(CURLU *u, CURLUPart what)
{
	char *s = NULL;

	return curl_url_get(u, what, &s, 0) ? NULL : s;
}

static bool is_loopback(const char *host)
{
	return !strcasecmp(host, "localhost") || !strncmp(host, "127.", 4) ||
	       !strcmp(host, "[::1]");
}

static void set_name(struct endpoint *ep, const char *host, const char *port)
{
	unsigned same = 1;
	size_t n;

	snprintf(ep->name, sizeof(ep->name) - 4, "%s%s%s", host, port ? ":" : "", port ? port : "");
	n = strlen(ep->name);
	for (unsigned i = 0; i < ep->index; i++)
		if (!strncmp(ep->s->ep[i]->name, ep->name, n) &&
			(!ep->s->ep[i]->name[n] || ep->s->ep[i]->name[n] == '#'))
			same++;
	if (same > 1)
		snprintf(ep->name + n, sizeof(ep->name) - n, "#%u", same);
}

/* url without its fragment, which becomes a header. Nothing of it may stand in a message. */
static enum err_kind read_url(struct endpoint *ep, const char *url, struct err *e)
{
	const char *frag = strchr(url, '#');
	char *host = NULL, *port = NULL, *scheme = NULL;
	enum err_kind kind = ERR_NONE;
	CURLU *u = curl_url();

	ep->url = strndup(url, frag ? (size_t)(frag - url) : strlen(url));
	if (frag && frag[1]) {
		ep->header = strdup(frag + 1);
		if (!strchr(ep->header, ':') || strpbrk(ep->header, "\r\n"))
			kind = err_set(e, ERR_FATAL, "rpc", 0,
				"endpoint %u: what follows # must be a header, \"Name: value\"",
				ep->index + 1);
	}
	if (!kind && (curl_url_set(u, CURLUPART_URL, ep->url, 0) ||
			     !(scheme = part(u, CURLUPART_SCHEME)) ||
			     !(host = part(u, CURLUPART_HOST)) ||
			     (strcmp(scheme, "http") && strcmp(scheme, "https"))))
		kind = err_set(e, ERR_FATAL, "rpc", 0,
			"endpoint %u: not an http or https URL (\"https://host/path\")",
			ep->index + 1);
	if (!kind) {
		port = part(u, CURLUPART_PORT);
		set_name(ep, host, port);
		ep->loopback = is_loopback(host);
	}
	curl_free(host);
	curl_free(port);
	curl_free(scheme);
	curl_url_cleanup(u);
	return kind;
}

static struct metric_series *series(const struct endpoint *ep, enum metric_kind kind,
	const char *name, const char *help, const char *label, const char *value)
{
	struct metric_series *m;
	struct buf b;

	buf_init(&b, 4096);
	metric_label(&b, "chain", ep->s->chain->key);
	metric_label(&b, "endpoint", ep->name);
	if (label)
		metric_label(&b, label, value);
	m = metric_get(kind, name, help, b.p);
	buf_free(&b);
	return m;
}

static void open_metrics(struct endpoint *ep)
{
	for (unsigned i = 0; i < M_COUNT; i++)
		ep->m_requests[i] = series(ep, METRIC_COUNTER, "bttc_source_requests_total",
			"JSON-RPC requests sent; members of batches count.", "method",
			method_name(i));
	for (unsigned i = 0; i < RPC_CLASS_COUNT; i++)
		ep->m_errors[i] = series(ep, METRIC_COUNTER, "bttc_source_errors_total",
			"Refused or failed answers, by what they mean.", "class",
			rpc_class_name(i));
	ep->m_retries = series(ep, METRIC_COUNTER, "bttc_source_retries_total",
		"JSON-RPC requests that had to be asked again.", NULL, NULL);
	ep->m_bytes = series(ep, METRIC_COUNTER, "bttc_source_received_bytes_total",
		"Bytes of answers, decompressed.", NULL, NULL);
	ep->m_sent = series(ep, METRIC_COUNTER, "bttc_source_sent_bytes_total",
		"Bytes of questions, without HTTP headers.", NULL, NULL);
	ep->m_seconds = series(ep, METRIC_HISTOGRAM, "bttc_source_request_seconds",
		"Time of one HTTP request.", NULL, NULL);
	ep->m_batch = series(ep, METRIC_SIZES, "bttc_source_batch_requests",
		"JSON-RPC requests in one HTTP request; the count is that of HTTP requests sent.",
		NULL, NULL);
	ep->m_in_flight = series(ep, METRIC_GAUGE, "bttc_source_in_flight_requests",
		"HTTP requests that wait for their answer.", NULL, NULL);
	ep->m_usable = series(ep, METRIC_GAUGE, "bttc_source_endpoint_usable",
		"1; 0 while the endpoint is down or answers for another chain.", NULL, NULL);
	ep->m_doubts = series(ep, METRIC_COUNTER, "bttc_source_doubts_total",
		"Answers that did not hold: others are asked first for a while.", NULL, NULL);
	ep->m_repeats = series(ep, METRIC_COUNTER, "bttc_source_repeated_logs_total",
		"Logs that an answer held more than once.", NULL, NULL);
}

enum err_kind endpoint_open(
	struct endpoint **out, struct source *s, unsigned index, const char *url, struct err *e)
{
	struct endpoint *ep = calloc(1, sizeof(*ep));

	if (!ep)
		abort();
	ep->s = s;
	ep->index = index;
	if (read_url(ep, url, e)) {
		endpoint_close(ep);
		return e->kind;
	}
	backoff_init(&ep->backoff, BACKOFF_MIN_MS, BACKOFF_MAX_MS);
	ep->health = HEALTH_FULL;
	ep->batch = ep->batch_ceiling = (unsigned)s->conf.batch_max;
	ep->span = ep->span_ceiling = (uint64_t)s->conf.logs_range_max;
	ep->span_patience = PATIENCE_MIN;
	ep->tokens_ms = (uint64_t)s->conf.rate_per_s * 1000;
	ep->tokens_at = clock_ms();
	open_metrics(ep);
	metric_set(ep->m_usable, 1);
	*out = ep;
	return ERR_NONE;
}

void endpoint_close(struct endpoint *ep)
{
	if (!ep)
		return;
	free(ep->url);
	free(ep->header);
	free(ep);
}

/* ---- state ----------------------------------------------------------------------------------- */

static void show(struct endpoint *ep)
{
	enum shown x = SHOWN_OK;

	if (ep->state == EP_WRONG_CHAIN)
		x = SHOWN_WRONG;
	else if (ep->trouble == TROUBLE_DOWN)
		x = SHOWN_DOWN;
	else if (ep->trouble == TROUBLE_LIMITED)
		x = SHOWN_LIMITED;
	else if (ep->latency_us > SLOW_US)
		x = SHOWN_SLOW;
	atomic_store_explicit(&ep->shown, x, memory_order_relaxed);
	metric_set(ep->m_usable, x != SHOWN_WRONG && x != SHOWN_DOWN);
}

size_t source_endpoint_count(const struct source *s)
{
	return s->ep_count;
}

size_t source_endpoints(struct source *s, struct endpoint_info *out, size_t max)
{
	size_t n = s->ep_count < max ? s->ep_count : max;

	for (size_t i = 0; i < n; i++) {
		struct endpoint *ep = s->ep[i];

		memset(&out[i], 0, sizeof(out[i]));
		memcpy(out[i].name, ep->name, sizeof(out[i].name));
		out[i].state = shown_names[atomic_load_explicit(&ep->shown, memory_order_relaxed)];
		out[i].requests = atomic_load_explicit(&ep->requests, memory_order_relaxed);
		out[i].errors = atomic_load_explicit(&ep->errors, memory_order_relaxed);
		out[i].bytes = atomic_load_explicit(&ep->bytes, memory_order_relaxed);
		out[i].latency_ms = atomic_load_explicit(&ep->latency_ms, memory_order_relaxed);
	}
	return n;
}

void endpoint_succeeded(struct endpoint *ep, uint64_t us)
{
	const uint64_t now = clock_ms();

	ep->latency_us = ep->latency_us ? (ep->latency_us * 7 + us) / 8 : us;
	ep->health += (HEALTH_FULL - ep->health + 7) / 8;
	ep->failures = 0;
	if (now >= ep->not_before) {
		if (ep->trouble != TROUBLE_NONE)
			log_info_often("source", "endpoint answers again", ep->name,
				"chain=%s endpoint=%s", ep->s->chain->key, ep->name);
		ep->trouble = TROUBLE_NONE;
		backoff_reset(&ep->backoff);
	}
	atomic_store_explicit(
		&ep->latency_ms, (unsigned)(ep->latency_us / 1000), memory_order_relaxed);
	show(ep);
}

void endpoint_count(struct endpoint *ep, enum rpc_class why)
{
	metric_add(ep->m_errors[why], 1);
	atomic_fetch_add_explicit(&ep->errors, 1, memory_order_relaxed);
}

static void limited(struct endpoint *ep, uint64_t pause, const struct err *e)
{
	if (ep->trouble != TROUBLE_LIMITED)
		log_info_often("source", "endpoint limits us", ep->name,
			"chain=%s endpoint=%s pause_ms=%llu why=%s", ep->s->chain->key, ep->name,
			(unsigned long long)pause, log_quotes(e->msg));
	ep->trouble = TROUBLE_LIMITED;
}

static void failing(struct endpoint *ep, enum rpc_class why, bool fresh, const struct err *e)
{
	const uint64_t now = clock_ms();

	if (!ep->failures)
		ep->failing_ms = now;
	ep->failures += fresh;
	if (ep->state == EP_OK && why != RPC_AUTH)
		ep->state = EP_UNCHECKED;
	if ((ep->failures < DOWN_AFTER || now - ep->failing_ms < DOWN_AFTER_MS) && why != RPC_AUTH)
		return;
	if (ep->trouble != TROUBLE_DOWN)
		log_warn_often("source", "endpoint is down", ep->name,
			"chain=%s endpoint=%s why=%s", ep->s->chain->key, ep->name,
			log_quotes(e->msg));
	ep->trouble = TROUBLE_DOWN;
}

void endpoint_failed(
	struct endpoint *ep, enum rpc_class why, uint64_t retry_after_ms, const struct err *e)
{
	const uint64_t now = clock_ms();
	const bool fresh = now >= ep->not_before; /* else of the same incident */
	uint64_t pause = retry_after_ms;

	endpoint_count(ep, why);
	ep->s->trouble = *e;
	ep->health -= ep->health / 4;
	if (pause > PAUSE_MAX_MS)
		pause = PAUSE_MAX_MS;
	if (why == RPC_AUTH && pause < AUTH_PAUSE_MS)
		pause = AUTH_PAUSE_MS;
	if (!pause && fresh)
		pause = backoff_next_ms(&ep->backoff) + (why == RPC_RATE ? RATE_PAUSE_MS : 0);
	if (now + pause > ep->not_before)
		ep->not_before = now + pause;
	if (why == RPC_RATE)
		limited(ep, pause, e);
	else
		failing(ep, why, fresh, e);
	show(ep);
}

void endpoint_wrong_chain(struct endpoint *ep, uint64_t chain_id)
{
	ep->state = EP_WRONG_CHAIN;
	log_error("source", "endpoint answers for another chain and is not used",
		"chain=%s endpoint=%s expected=%llu got=%llu", ep->s->chain->key, ep->name,
		(unsigned long long)ep->s->chain->chain_id, (unsigned long long)chain_id);
	show(ep);
}

/* ---- budget ---------------------------------------------------------------------------------- */

unsigned endpoint_tokens(struct endpoint *ep, uint64_t now)
{
	const uint64_t rate = (uint64_t)ep->s->conf.rate_per_s;

	if (!rate)
		return UINT32_MAX;
	ep->tokens_ms += (now - ep->tokens_at) * rate;
	ep->tokens_at = now;
	if (ep->tokens_ms > rate * 1000)
		ep->tokens_ms = rate * 1000;
	return (unsigned)(ep->tokens_ms / 1000);
}

void endpoint_spend(struct endpoint *ep, unsigned requests)
{
	const uint64_t n = (uint64_t)requests * 1000;

	ep->tokens_ms -= n < ep->tokens_ms ? n : ep->tokens_ms;
	atomic_fetch_add_explicit(&ep->requests, requests, memory_order_relaxed);
}

/* ---- choice ---------------------------------------------------------------------------------- */

static const enum method way_method[RECEIPTS_WAY_COUNT] = {
	[RECEIPTS_BLOCK] = M_RECEIPTS,
	[RECEIPTS_BY_BLOCK] = M_RECEIPTS_BY_BLOCK,
	[RECEIPTS_ONE] = M_RECEIPT,
};

enum method endpoint_receipts_method(const struct endpoint *ep)
{
	const struct dialect *d = ep->s->dialect;

	for (size_t i = 0; i < d->receipts_count; i++)
		if (!(ep->lacks >> way_method[d->receipts[i]] & 1))
			return way_method[d->receipts[i]];
	return M_COUNT;
}

bool endpoint_lacks(const struct endpoint *ep, enum method m, bool any_receipts)
{
	if (any_receipts)
		return endpoint_receipts_method(ep) == M_COUNT;
	return ep->lacks >> m & 1;
}

void endpoint_lack(struct endpoint *ep, enum method m)
{
	ep->lacks |= 1u << m;
	ep->lacks_ms = clock_ms();
	if (ep->said >> m & 1)
		return;
	ep->said |= 1u << m;
	log_info_often("source", "endpoint does not support a method", ep->name,
		"chain=%s endpoint=%s method=%s",
		ep->s->chain->key, ep->name, method_name(m));
}

void endpoint_review(struct endpoint *ep, uint64_t now)
{
	if (ep->lacks && now - ep->lacks_ms > REVIEW_MS)
		ep->lacks = 0;
}

void endpoint_say_once(struct endpoint *ep, const char *what)
{
	if (ep->told == what)
		return;
	ep->told = what;
	log_info("source", what, "chain=%s endpoint=%s", ep->s->chain->key, ep->name);
}

static bool fits(const struct endpoint *ep, const struct need *n)
{
	return ep->state != EP_WRONG_CHAIN && !(n->avoid >> ep->index & 1) &&
	       !endpoint_lacks(ep, n->method, n->any_receipts);
}

enum err_kind endpoint_any(struct source *s, const struct need *n, struct err *e)
{
	size_t wrong = 0, avoided = 0;

	for (size_t i = 0; i < s->ep_count; i++) {
		if (fits(s->ep[i], n))
			return ERR_NONE;
		wrong += s->ep[i]->state == EP_WRONG_CHAIN;
		avoided += n->avoid >> i & 1;
	}
	if (wrong == s->ep_count)
		return err_set(e, ERR_FATAL, "rpc", 0,
			"every endpoint of chain %s answers for another chain, not %llu: check the "
			"endpoints",
			s->chain->key, (unsigned long long)s->chain->chain_id);
	if (avoided)
		return err_set(e, ERR_AGAIN, "rpc", 0,
			"chain %s has no other endpoint for a second opinion: give it one more",
			s->chain->key);
	return err_set(e, ERR_AGAIN, "rpc", 0,
		"no endpoint of chain %s supports %s: give it another endpoint", s->chain->key,
		n->any_receipts ? "a way to read receipts" : method_name(n->method));
}

/* Time of an answer as far as it can be foreseen; lower is better. */
static uint64_t score(const struct endpoint *ep, const struct need *n)
{
	uint64_t x = (ep->latency_us + 500) * (ep->in_flight + 1) * HEALTH_FULL /
		     (ep->health + HEALTH_FULL / 16);

	if (ep == n->last)
		x *= 8;
	if (n->head && ep->head < n->head)
		x *= 4;
	return x;
}

/* Less is better; endpoints whose answers hold have 0. */
static unsigned doubt(const struct endpoint *ep, uint64_t now)
{
	return now < ep->doubted_ms ? ep->doubts : 0;
}

void source_doubt(struct source *s, uint32_t who)
{
	const uint64_t now = clock_ms();

	for (size_t i = 0; i < s->ep_count; i++) {
		struct endpoint *ep = s->ep[i];
		unsigned doublings;

		if (!(who >> i & 1))
			continue;
		if (now >= ep->doubted_ms + DOUBT_MAX_MS)
			ep->doubts = 0;
		doublings = ep->doubts < 8 ? ep->doubts : 8;
		ep->doubts++;
		ep->doubted_ms = now + (DOUBT_MS << doublings < DOUBT_MAX_MS ? DOUBT_MS << doublings
									      : DOUBT_MAX_MS);
		metric_add(ep->m_doubts, 1);
		if (s->ep_count > 1)
			log_warn_often("source", "an answer does not hold, others are asked first",
				ep->name, "chain=%s endpoint=%s", s->chain->key, ep->name);
	}
}

/* Of those that can be used. */
static unsigned least_doubt(const struct source *s, uint64_t now)
{
	unsigned least = UINT_MAX;

	for (size_t i = 0; i < s->ep_count; i++)
		if (s->ep[i]->state == EP_OK && doubt(s->ep[i], now) < least)
			least = doubt(s->ep[i], now);
	return least;
}

bool source_doubted(const struct source *s, uint32_t who)
{
	const uint64_t now = clock_ms();
	const unsigned least = least_doubt(s, now);

	for (size_t i = 0; i < s->ep_count; i++)
		if (who >> i & 1 && doubt(s->ep[i], now) > least)
			return true;
	return false;
}

uint64_t endpoint_head(const struct source *s, uint64_t now)
{
	const unsigned least = least_doubt(s, now);
	uint64_t head = 0;

	for (size_t i = 0; i < s->ep_count; i++) {
		const struct endpoint *ep = s->ep[i];

		if (ep->state == EP_OK && doubt(ep, now) <= least && now - ep->head_ms < HEAD_LATELY_MS &&
			ep->head > head)
			head = ep->head;
	}
	return head;
}

/* It said lately that it has not got that block. */
static bool behind(const struct endpoint *ep, const struct need *n, uint64_t now)
{
	return ep->head < n->head && ep->head_ms && now - ep->head_ms < HEAD_LATELY_MS;
}

/* Who is to be asked rather: whose answers hold, then who has the block. Less is better. */
static uint64_t rank(const struct endpoint *ep, const struct need *n, uint64_t now)
{
	return (uint64_t)doubt(ep, now) * 2 + behind(ep, n, now);
}

static void sooner(uint64_t *wake, uint64_t at)
{
	if (at < *wake)
		*wake = at;
}

struct choice endpoint_pick(struct source *s, const struct need *n, uint64_t now)
{
	struct choice c = {.wake = LATER, .stuck = true};
	uint64_t least = UINT64_MAX;
	uint64_t best = 0;

	for (size_t i = 0; i < s->ep_count; i++) {
		struct endpoint *ep = s->ep[i];
		uint64_t r = rank(ep, n, now), x;

		if (!fits(ep, n))
			continue;
		if (now < ep->not_before) {
			sooner(&c.wake, ep->not_before);
			continue;
		}
		if (ep->state != EP_OK) {
			c.stuck = c.stuck && ep->failures;
			continue; /* its check is under way */
		}
		c.stuck = false;
		if (r > least)
			continue;
		if (r < least) /* rather waited for than the others asked */
			c.ep = NULL;
		least = r;
		if (ep->in_flight >= (uint64_t)s->conf.in_flight)
			continue; /* a transfer will end and wake us */
		if (!endpoint_tokens(ep, now)) {
			sooner(&c.wake, now + 1000 / (uint64_t)s->conf.rate_per_s + 1);
			continue;
		}
		x = score(ep, n);
		if (!c.ep || x < best) {
			c.ep = ep;
			best = x;
		}
	}
	return c;
}

uint32_t source_choose(struct source *s, uint32_t avoid)
{
	const struct need need = {.method = M_BLOCK, .avoid = avoid};
	const struct choice c = endpoint_pick(s, &need, clock_ms());

	return c.ep ? 1u << c.ep->index : 0;
}

/* ---- sizes ----------------------------------------------------------------------------------- */

void endpoint_batch_refused(struct endpoint *ep, unsigned asked, const struct err *e)
{
	endpoint_count(ep, RPC_BATCH);
	if (asked > ep->batch)
		return; /* refused already, by an answer to a request sent before */
	ep->batch_ceiling = asked > 1 ? asked - 1 : 1;
	ep->batch = asked / 2 ? asked / 2 : 1;
	ep->batch_streak = 0;
	log_info_often("source", "endpoint refuses batches of this size", ep->name,
		"chain=%s endpoint=%s asked=%u next=%u why=%s", ep->s->chain->key, ep->name, asked,
		ep->batch, log_quotes(e->msg));
}

void endpoint_batch_taken(struct endpoint *ep, unsigned n)
{
	if (n < ep->batch || ep->batch >= ep->batch_ceiling)
		return;
	if (++ep->batch_streak < 4)
		return;
	ep->batch_streak = 0;
	ep->batch += ep->batch / 2 + 1;
	if (ep->batch > ep->batch_ceiling)
		ep->batch = ep->batch_ceiling;
}

void endpoint_span_refused(struct endpoint *ep, uint64_t asked, uint64_t hint)
{
	if (asked > ep->span)
		return;
	if (ep->span_patience < PATIENCE_MAX)
		ep->span_patience *= 2;
	ep->span_ceiling = asked > 1 ? asked - 1 : 1;
	if (hint && hint < asked)
		ep->span = ep->span_ceiling = hint;
	else
		ep->span = asked / 2 ? asked / 2 : 1;
	ep->span_streak = 0;
	log_debug("source", "range of eth_getLogs shrinks",
		"chain=%s endpoint=%s asked=%llu next=%llu", ep->s->chain->key, ep->name,
		(unsigned long long)asked, (unsigned long long)ep->span);
}

void endpoint_span_taken(struct endpoint *ep, uint64_t width)
{
	const uint64_t max = (uint64_t)ep->s->conf.logs_range_max;

	if (width < ep->span)
		return;
	ep->span_streak++;
	if (width > ep->span_known) {
		ep->span_known = width;
		ep->span_patience = PATIENCE_MIN;
	}
	if (ep->span < ep->span_ceiling) {
		ep->span += ep->span / 2 + 1;
		if (ep->span > ep->span_ceiling)
			ep->span = ep->span_ceiling;
		ep->span_streak = 0;
	} else if (ep->span_streak >= ep->span_patience && ep->span_ceiling < max) {
		ep->span_known = ep->span_ceiling;
		ep->span_ceiling = ep->span_ceiling * 2 < max ? ep->span_ceiling * 2 : max;
		ep->span_streak = 0;
	}
}

uint64_t source_logs_span(const struct source *s)
{
	uint64_t span = 0;

	for (size_t i = 0; i < s->ep_count; i++)
		if (s->ep[i]->state != EP_WRONG_CHAIN && s->ep[i]->span > span)
			span = s->ep[i]->span;
	return span ? span : 1;
}

void endpoint_saw_head(struct endpoint *ep, uint64_t head, bool exact)
{
	if (!exact && head <= ep->head)
		return;
	ep->head = head;
	ep->head_ms = clock_ms();
}

uint64_t source_head_seen(const struct source *s)
{
	uint64_t head = 0;

	for (size_t i = 0; i < s->ep_count; i++)
		if (s->ep[i]->state != EP_WRONG_CHAIN && s->ep[i]->head > head)
			head = s->ep[i]->head;
	return head;
}

/* Headers alone have a cost of their own, under the method that never gives more. */
static enum method cost_slot(const struct call *c)
{
	return c->method == M_BLOCK && !c->full ? M_TAG : c->method;
}

void endpoint_weigh(struct endpoint *ep, const struct call *c, uint64_t blocks, uint64_t bytes)
{
	const uint64_t x = bytes / (blocks ? blocks : 1) + 1;
	uint64_t *cost = &ep->cost[cost_slot(c)];

	/* up at once, down slowly: a dense stretch of the chain must not be met with a wide range
	 */
	*cost = x > *cost ? x : (*cost * 7 + x) / 8;
}

uint64_t endpoint_cost(const struct endpoint *ep, const struct call *c)
{
	return ep->cost[cost_slot(c)];
}
