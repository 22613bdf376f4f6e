#include "ingest/dispute.h"

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
