/*
 * Counters of ingest. The interesting ones in operation: contradictions (a node's answers do not
 * fit together or do not fit the block header), bloom_missing (a node left logs out; they were
 * taken from receipts), bloom_denied (a node gave logs that the header excludes), again (nodes did
 * not answer). Each contradiction is also a log line, limited.
 */
#include "ingest/tally.h"

#include "base/buf.h"

static struct metric_series *get(
	const struct buf *labels, enum metric_kind kind, const char *name, const char *help)
{
	return metric_get(kind, name, help, labels->p);
}

void tally_init(struct tally *t, const char *chain_key)
{
	struct buf l;

	buf_init(&l, 512);
	metric_label(&l, "chain", chain_key);
	*t = (struct tally){.chain = chain_key};
	t->blocks = get(&l, METRIC_COUNTER, "bttc_ingest_blocks_total", "Blocks published");
	t->undone = get(&l, METRIC_COUNTER, "bttc_ingest_undone_blocks_total",
		"Blocks undone because of forks");
	t->logs = get(&l, METRIC_COUNTER, "bttc_ingest_logs_total", "Logs published");
	t->txs =
		get(&l, METRIC_COUNTER, "bttc_ingest_transactions_total", "Transactions published");
	t->found = get(&l, METRIC_COUNTER, "bttc_ingest_discoveries_total",
		"Contracts found by discovery rules");
	t->forks = get(&l, METRIC_COUNTER, "bttc_ingest_forks_total", "Forks followed");
	t->fork_depth = get(&l, METRIC_GAUGE, "bttc_ingest_fork_depth_blocks",
		"Blocks undone by the newest fork");
	t->fork_depth_max = get(&l, METRIC_GAUGE, "bttc_ingest_fork_depth_max_blocks",
		"Most blocks undone by one fork since the process started");
	t->polls = get(
		&l, METRIC_COUNTER, "bttc_ingest_polls_total", "Questions for the newest block");
	t->again = get(&l, METRIC_COUNTER, "bttc_ingest_again_total",
		"Questions that no node answered in time");
	t->disputes = get(&l, METRIC_COUNTER, "bttc_ingest_disputes_total",
		"Differences between endpoints about what no header commits to; each again while it lasts.");
	t->contradictions = get(&l, METRIC_COUNTER, "bttc_ingest_contradictions_total",
		"Answers refused because they do not fit together or do not fit the header");
	t->receipts = get(&l, METRIC_COUNTER, "bttc_ingest_receipt_blocks_total",
		"Blocks whose receipts were fetched");
	t->bloom_denied = get(&l, METRIC_COUNTER, "bttc_ingest_bloom_denied_total",
		"Answers with a log outside the header's bloom");
	t->bloom_missing = get(&l, METRIC_COUNTER, "bttc_ingest_bloom_missing_logs_total",
		"Logs that a node left out and that were taken from receipts");
	t->bloom_false = get(&l, METRIC_COUNTER, "bttc_ingest_bloom_false_total",
		"Blocks whose bloom promised a watched log by chance");
	t->unproven = get(&l, METRIC_COUNTER, "bttc_ingest_unproven_blocks_total",
		"Blocks with a type of transaction that can not be encoded");
	t->bad_sender = get(&l, METRIC_COUNTER, "bttc_ingest_bad_senders_total",
		"Kept transactions whose sender is not the account that signed");
	t->range =
		get(&l, METRIC_GAUGE, "bttc_ingest_range_blocks", "Blocks in a unit of fetching");
	t->window =
		get(&l, METRIC_GAUGE, "bttc_ingest_window_units", "Units of fetching in flight");
	t->batch = get(&l, METRIC_SIZES, "bttc_ingest_batch_blocks",
		"Blocks handed to the stream at once");
	t->lag_blocks = get(&l, METRIC_GAUGE, "bttc_ingest_lag_blocks",
		"Newest block of the node minus the newest published one");
	t->lag_seconds = get(&l, METRIC_GAUGE, "bttc_ingest_lag_seconds",
		"Time of the node's newest block minus that of the newest published one");
	t->head = get(&l, METRIC_GAUGE, "bttc_ingest_head_block", "Newest block of the node");
	t->published =
		get(&l, METRIC_GAUGE, "bttc_ingest_published_block", "Newest published block");
	t->stalled =
		get(&l, METRIC_GAUGE, "bttc_ingest_stalled", "1 while the head does not advance");
	for (int i = 0; i <= LEVEL_QUORUM; i++) {
		struct buf ll;

		buf_init(&ll, 512);
		metric_label(&ll, "chain", chain_key);
		metric_label(&ll, "level", level_name((enum level)i));
		t->level[i] = get(&ll, METRIC_COUNTER, "bttc_ingest_level_blocks_total",
			"Blocks published, by verification level");
		buf_free(&ll);
	}
	buf_free(&l);
}

void tally_trouble(struct tally *t, const struct err *e)
{
	bool again = e->kind == ERR_AGAIN;

	metric_add(again ? t->again : t->contradictions, 1);
	log_warn_often("ingest", again ? "no answer, asking again" : "answer refused, asking again",
		t->chain, "chain=%s error=%s", t->chain, log_quotes(e->msg));
}
