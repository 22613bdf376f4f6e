/*
 * Folds what the Python model of the staking contracts (this folder) says happened, and prints what
 * the fold makes of it; tests/system/test_model.py compares. Reads lines; words in hexadecimal:
 *
 *   S JSON                       begin with this initial state, in the form of the recordings
 *   B NUMBER TIME                a block (decimal)
 *   T FROM TO STATUS INPUT       its next transaction; INPUT may be -
 *   V ROOT COUNT ADDRESS...      who signed the next checkpoint; ROOT (accountRootHash) may
 *                                be -, or ? when the signatures are nowhere to be seen
 *   D ADDRESS                    the next log announces a ValidatorShare at this address
 *   L ADDRESS TOPIC0 N WORD...   a log: N more topics, then data
 *   E                            fold the block: prints findings and checkpoints, a line ; CHECKSUM
 *   U NUMBER                     take back this block and all above it
 *   Q                            print the state, a line . CHECKSUM
 *
 * A mistake in the input ends it with code 2.
 */
#include "base/hex.h"
#include "decode/decode.h"
#include "lib/posting_book.h"
#include "model/fold_print.h"

#include <stdio.h>
#include <stdlib.h>

#define VOTES_MAX 64

/* A posting, to take it back. */
struct posted_at {
	uint64_t block;
	struct ledger_posting p;
};

struct driver {
	struct network *net;
	const struct chain_conf *chain;
	struct decoder *decoder;
	struct ledger *l;
	struct arena *mem; /* of the block in hand */
	struct block b;
	size_t log_cap, tx_cap, found_cap;
	struct ledger_vote votes[VOTES_MAX];
	size_t vote_count;
	bool in_tx;
	struct moves moves;
	struct posting_book book;
	struct posted_at *posted;
	size_t posted_count, posted_cap;
	char *rest; /* of the line in hand */
	size_t line;
};

static void fail(const struct driver *d, const char *what)
{
	fflush(stdout);
	fprintf(stderr, "fold_model: line %zu: %s\n", d->line, what);
	exit(2);
}

static const char *next_word(struct driver *d)
{
	char *w = strsep(&d->rest, " ");

	if (!w || !*w)
		fail(d, "a word is missing");
	return w;
}

static uint64_t next_number(struct driver *d)
{
	return strtoull(next_word(d), NULL, 10);
}

/* Hexadecimal digits without leading zeros, right-aligned. */
static void hex_right(struct driver *d, uint8_t *out, size_t n, const char *s)
{
	char digits[65];
	size_t len = strlen(s);

	if (len > 2 * n)
		fail(d, "a word is too long");
	memset(digits, '0', 2 * n);
	memcpy(digits + 2 * n - len, s, len);
	if (!hex_decode(out, digits, n))
		fail(d, "not hexadecimal");
}

static struct address next_address(struct driver *d)
{
	struct address a;

	hex_right(d, a.b, sizeof(a.b), next_word(d));
	return a;
}

static struct hash32 next_hash(struct driver *d)
{
	struct hash32 h;

	hex_right(d, h.b, sizeof(h.b), next_word(d));
	return h;
}

static void begin_seed(struct driver *d)
{
	struct err e = {0};

	ledger_free(d->l);
	decoder_free(d->decoder);
	moves_undo(&d->moves, 0);
	d->decoder = decoder_new(d->chain);
	if (ledger_new(&d->l, d->chain, d->rest, &e) != ERR_NONE)
		fail(d, e.msg);
	posting_book_free(&d->book);
	d->posted_count = 0;
	posting_book_open(&d->book, d->l, d->mem);
}

static void check_books(struct driver *d)
{
	if (!posting_book_check(&d->book, d->l))
		fail(d, d->book.trouble);
}

static void add_postings(struct driver *d, const struct ledger_outcome *out)
{
	if (d->posted_count + out->posting_count > d->posted_cap) {
		d->posted_cap = 2 * (d->posted_count + out->posting_count);
		d->posted = realloc(d->posted, d->posted_cap * sizeof(*d->posted));
	}
	for (size_t i = 0; i < out->posting_count; i++)
		d->posted[d->posted_count++] = (struct posted_at){d->b.h.number, out->postings[i]};
	posting_book_add(&d->book, d->l, out->postings, out->posting_count);
	check_books(d);
}

static void undo_postings(struct driver *d, uint64_t from)
{
	for (; d->posted_count && d->posted[d->posted_count - 1].block >= from; d->posted_count--) {
		struct ledger_posting *p = &d->posted[d->posted_count - 1].p;
		struct ledger_account to = p->to;

		p->to = p->from;
		p->from = to;
		posting_book_add(&d->book, d->l, p, 1);
	}
	check_books(d);
}

static void begin_block(struct driver *d)
{
	arena_reset(d->mem);
	d->b = (struct block){.h.number = next_number(d)};
	d->b.h.time = next_number(d);
	d->log_cap = d->tx_cap = d->found_cap = d->vote_count = 0;
	d->in_tx = false;
}

static struct hash32 tx_hash(const struct driver *d)
{
	struct hash32 h = {{0x77}};
	uint64_t n = d->b.h.number * 1000 + d->b.tx_count;

	memcpy(h.b + 8, &n, sizeof(n));
	return h;
}

static void begin_tx(struct driver *d)
{
	struct tx *t;
	const char *input;
	uint8_t *p;
	size_t n;

	arena_grow(d->mem, &d->b.txs, &d->tx_cap, d->b.tx_count + 1, sizeof(*t));
	t = &d->b.txs[d->b.tx_count];
	*t = (struct tx){.index = (uint32_t)d->b.tx_count};
	t->from = next_address(d);
	t->to = next_address(d);
	t->status = (int8_t)next_number(d);
	input = next_word(d);
	d->b.tx_count++;
	t->hash = tx_hash(d);
	d->in_tx = true;
	if (!strcmp(input, "-"))
		return;
	n = strlen(input) / 2;
	p = arena_alloc(d->mem, n);
	if (!hex_decode(p, input, n))
		fail(d, "not hexadecimal");
	t->input = (struct bytes){p, n};
}

static void add_vote(struct driver *d)
{
	const char *root = next_word(d);
	struct ledger_vote *v = &d->votes[d->vote_count];

	if (d->vote_count++ == VOTES_MAX)
		fail(d, "too many checkpoints in a block");
	*v = (struct ledger_vote){.known = strcmp(root, "?") != 0};
	v->has_account_root = v->known && strcmp(root, "-") != 0;
	if (v->has_account_root)
		hex_right(d, v->account_root.b, sizeof(v->account_root.b), root);
	v->count = next_number(d);
	v->signers = arena_calloc(d->mem, v->count + 1, sizeof(*v->signers));
	for (size_t i = 0; i < v->count; i++)
		v->signers[i] = next_address(d);
}

static void add_share(struct driver *d)
{
	struct discovery *f;

	arena_grow(d->mem, &d->b.found, &d->found_cap, d->b.found_count + 1, sizeof(*f));
	f = &d->b.found[d->b.found_count++];
	*f = (struct discovery){.contract = "ValidatorShare",
		.rule = "validator_share",
		.block = d->b.h.number,
		.log_index = (uint32_t)d->b.log_count};
	f->address = next_address(d);
}

static void add_log(struct driver *d)
{
	struct hash32 words[16];
	struct log *g;
	size_t n = 0;

	if (!d->in_tx)
		fail(d, "a log of no transaction");
	arena_grow(d->mem, &d->b.logs, &d->log_cap, d->b.log_count + 1, sizeof(*g));
	g = &d->b.logs[d->b.log_count];
	*g = (struct log){.tx_index = (uint32_t)d->b.tx_count - 1,
		.tx_hash = d->b.txs[d->b.tx_count - 1].hash,
		.log_index = (uint32_t)d->b.log_count};
	d->b.log_count++;
	g->address = next_address(d);
	g->topics[0] = next_hash(d);
	g->topic_count = (uint8_t)(1 + next_number(d));
	if (g->topic_count > LOG_TOPICS_MAX)
		fail(d, "too many topics");
	for (unsigned i = 1; i < g->topic_count; i++)
		g->topics[i] = next_hash(d);
	for (; d->rest; n++) {
		if (n == 16)
			fail(d, "too much data");
		words[n] = next_hash(d);
	}
	g->data = (struct bytes){arena_dup(d->mem, words, 32 * n), 32 * n};
}

static void end_block(struct driver *d)
{
	struct ledger_votes votes = {.v = d->votes, .count = d->vote_count};
	struct ledger_input in = {.block = &d->b, .votes = d->vote_count ? &votes : NULL};
	struct ledger_outcome out;
	struct decoded decoded;
	struct err e = {0};

	decode_block(d->decoder, &d->b, d->mem, &decoded);
	if (decoded.parked_count)
		fail(d, decoded.parked[0].reason);
	if (decoded.unknown_events || decoded.checkpoint_count != d->vote_count)
		fail(d, "an event that is not known, or a checkpoint without V");
	in.decoded = &decoded;
	if (ledger_apply(d->l, &in, d->mem, &out, &e) != ERR_NONE)
		fail(d, e.msg);
	moves_add(&d->moves, d->b.h.number, &out);
	add_postings(d, &out);
	print_outcome(d->l, &out);
}

static void undo(struct driver *d)
{
	uint64_t from = next_number(d);
	struct err e = {0};

	if (ledger_undo(d->l, from, &e) != ERR_NONE)
		fail(d, e.msg);
	decoder_undo(d->decoder, from);
	moves_undo(&d->moves, from);
	undo_postings(d, from);
}

static void run_line(struct driver *d, char *line)
{
	char what = *line;

	d->rest = line[0] && line[1] ? line + 2 : NULL;
	if (what == 'S')
		begin_seed(d);
	else if (!d->l)
		fail(d, "S comes first");
	else if (what == 'L')
		add_log(d);
	else if (what == 'T')
		begin_tx(d);
	else if (what == 'V')
		add_vote(d);
	else if (what == 'D')
		add_share(d);
	else if (what == 'B')
		begin_block(d);
	else if (what == 'E')
		end_block(d);
	else if (what == 'U')
		undo(d);
	else if (what == 'Q')
		print_state(d->l, &d->moves);
	else
		fail(d, "what is this?");
}

int main(void)
{
	struct driver d = {.mem = arena_new(256 << 20)};
	struct err e = {0};
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	if (network_load(&d.net, "golden", &e) != ERR_NONE)
		fail(&d, e.msg);
	d.chain = network_chain(d.net, "root");
	while ((n = getline(&line, &size, stdin)) > 0) {
		d.line++;
		if (line[n - 1] == '\n')
			line[n - 1] = 0;
		run_line(&d, line);
	}
	free(line);
	free(d.moves.v);
	free(d.posted);
	posting_book_free(&d.book);
	ledger_free(d.l);
	decoder_free(d.decoder);
	arena_free(d.mem);
	network_free(d.net);
	return fflush(stdout) || ferror(stdout) ? 1 : 0;
}
