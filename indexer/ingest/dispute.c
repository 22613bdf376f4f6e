#include "ingest/dispute.h"

#include "base/hex.h"

#include <inttypes.h>

void dispute_tell(const struct ingest_conf *conf, struct tally *tally, const struct ingest_dispute *d)
{
	if (conf->dispute)
		conf->dispute(conf->dispute_arg, d);
	metric_add(tally->disputes, 1);
	log_warn_often("ingest", "two endpoints do not agree", tally->chain,
		"chain=%s block=%" PRIu64 " about=%s first=%s second=%s outcome=%s", tally->chain, d->block,
		log_quotes(d->what), d->endpoints[0], d->endpoints[1], log_quotes(d->outcome));
}

void dispute_say_hex(struct buf *out, const char *name, const void *p, size_t n)
{
	buf_printf(out, "%s%s 0x", out->n ? ", " : "", name);
	buf_hex(out, p, n < 1024 ? n : 1024);
	if (n > 1024)
		buf_printf(out, "... (%zu bytes)", n);
}

void dispute_say_log(struct buf *out, const struct log *g)
{
	if (!g) {
		buf_str(out, "there is no such log");
		return;
	}
	dispute_say_hex(out, "tx", g->tx_hash.b, sizeof(g->tx_hash.b));
	dispute_say_hex(out, "address", g->address.b, sizeof(g->address.b));
	for (unsigned i = 0; i < g->topic_count; i++)
		dispute_say_hex(out, "topic", g->topics[i].b, sizeof(g->topics[i].b));
	dispute_say_hex(out, "data", g->data.p, g->data.n);
}
