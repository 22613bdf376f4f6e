/*
 * What is common to Ethereum and BSC nodes, and the choice of a dialect. The differences of TRON
 * and BTTC stand in dialect_tron.c and dialect_bttc.c, nowhere else.
 */
#include "source/dialect.h"

static const enum receipts_way ways[] = {RECEIPTS_BLOCK, RECEIPTS_BY_BLOCK, RECEIPTS_ONE};

static const struct dialect ethereum = {
	.kind = CHAIN_ETHEREUM,
	.receipts = ways,
	.receipts_count = sizeof(ways) / sizeof(ways[0]),
	.addresses_max = 1000,
	.topics_max = 1000,
	.tag_safe = true,
	.tag_final = true,
};

const struct dialect *dialect_of(enum chain_kind kind)
{
	switch (kind) {
	case CHAIN_TRON: return &dialect_tron;
	case CHAIN_BTTC: return &dialect_bttc;
	case CHAIN_ETHEREUM: break;
	}
	return &ethereum;
}
