#ifndef BIN_KAFKA_OPTS_H
#define BIN_KAFKA_OPTS_H

#include "base/opt.h"
#include "network/network.h"
#include "stream/kafka.h"

/** What `ingest` and `index` are told about Kafka. */
struct kafka_opts {
	char *brokers, *topic_prefix;
	struct opt_list set; /* KEY=VALUE of librdkafka */
};

/** Rows of an option table; field: the struct kafka_opts in the command's config struct. */
#define KAFKA_OPTS(type, field)                                                                     \
	{"brokers", "HOST:PORT[,...]", OPT_STRING, offsetof(type, field.brokers), NULL, 0, 0,       \
		OPT_REQUIRED, "Kafka brokers to begin with."},                                      \
	{"topic-prefix", "NAME", OPT_STRING, offsetof(type, field.topic_prefix), "bttc", 0, 0, 0,   \
		"Topics are NAME.blocks.CHAIN and NAME.final.CHAIN."},                              \
	{"kafka-set", "KEY=VALUE", OPT_LIST, offsetof(type, field.set), NULL, 0, 0, OPT_SECRET,     \
		"A setting of librdkafka, for TLS and SASL; best in a --config file."}

/**
 * Settings for a chain's topics. Texts are those of o and cc; *props is allocated, to be freed with
 * free() when the configuration is not used any more.
 */
void kafka_opts_conf(struct kafka_conf *out, const struct kafka_opts *o, const struct chain_conf *cc,
	const char ***props);

#endif
