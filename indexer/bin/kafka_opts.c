/* Options about Kafka, as the stream takes them. */
#include "bin/kafka_opts.h"

#include <stdlib.h>
#include <string.h>

void kafka_opts_conf(struct kafka_conf *out, const struct kafka_opts *o, const struct chain_conf *cc,
	const char ***props)
{
	*props = calloc(o->set.n + 1, sizeof(**props));
	if (!*props)
		abort();
	for (size_t i = 0; i < o->set.n; i++)
		(*props)[i] = o->set.v[i];
	*out = (struct kafka_conf){.brokers = o->brokers,
		.chain_key = cc->key,
		.chain_id = cc->chain_id,
		.partitions = 1,
		.props = *props,
		.topic_prefix = o->topic_prefix};
}
