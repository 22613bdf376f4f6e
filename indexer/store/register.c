/*
 * Ties a database to one network: the name, and for each chain the facts that stored rows depend
 * on. A database that holds another network, or a chain with other facts, is refused before
 * anything is written. Chains that the network file gained are added (a trigger makes their
 * partitions).
 */
#include "store/store.h"

#include "base/log.h"
#include "store/operation.h"
#include "store/pg.h"
#include "store/schema_version.h"

#include <inttypes.h>
#include <string.h>

static const char *kind_name(enum chain_kind k)
{
	switch (k) {
	case CHAIN_ETHEREUM: return "ethereum";
	case CHAIN_TRON: return "tron";
	case CHAIN_BTTC: return "bttc";
	}
	return "?";
}

static const char *role_name(enum chain_role r)
{
	switch (r) {
	case ROLE_STAKING: return "staking";
	case ROLE_MIRROR: return "mirror";
	case ROLE_CHILD: return "child";
	}
	return "?";
}

static enum err_kind register_network(struct pg *pg, const struct network *net, struct err *e)
{
	struct pg_args a = {0};
	char before[65] = "";
	enum err_kind k;

	if ((k = pg_exec(pg, "LOCK TABLE chain.network IN SHARE ROW EXCLUSIVE MODE", e)) ||
		(k = pg_query(pg, "SELECT name, revision FROM chain.network", NULL, e)))
		return k;
	if (pg_count(pg) && strcmp(pg_text(pg, 0, 0, NULL), net->name))
		return err_set(e, ERR_FATAL, "register", 0,
			"the database holds network %.60s, not %s: use another database or data "
			"directory",
			pg_text(pg, 0, 0, NULL), net->name);
	if (pg_count(pg) && !strcmp(pg_text(pg, 0, 1, NULL), net->revision))
		return ERR_NONE;
	if (pg_count(pg)) {
		snprintf(before, sizeof(before), "%s", pg_text(pg, 0, 1, NULL));
		log_info("register", "network file changed", "network=%s before=%s now=%s",
			net->name, log_quotes(before), net->revision);
	}
	pg_arg_text(&a, net->name);
	pg_arg_text(&a, net->revision);
	k = pg_query(pg,
		"INSERT INTO chain.network (name, revision) VALUES ($1, $2) "
		"ON CONFLICT (name) DO UPDATE SET revision = excluded.revision",
		&a, e);
	return k ? k
		 : operation_record(pg, e, "network", "network %s, revision %s, before: %s", net->name,
			   net->revision, *before ? before : "none");
}

static enum err_kind differs(const struct chain_conf *c, const char *what, struct err *e)
{
	return err_set(e, ERR_FATAL, "register", 0,
		"chain %s: the database was made with another %s: restore the network file or use "
		"another database",
		c->key, what);
}

static enum err_kind register_chain(struct pg *pg, const struct chain_conf *c, struct err *e)
{
	struct pg_args find = {0}, a = {0};
	int64_t before = -1;
	enum err_kind k;

	if (c->chain_id > INT64_MAX || c->first_block > INT64_MAX)
		return err_set(e, ERR_FATAL, "register", 0,
			"chain %s: chain id or first block over 63 bits", c->key);
	pg_arg_i64(&find, (int64_t)c->chain_id);
	pg_arg_text(&find, c->key);
	k = pg_query(pg,
		"SELECT chain_id, key, kind, role, first_block, required_level::bigint FROM "
		"chain.chain "
		"WHERE chain_id = $1 OR key = $2",
		&find, e);
	if (k)
		return k;
	if (pg_count(pg)) {
		if (pg_count(pg) > 1 || (uint64_t)pg_i64(pg, 0, 0) != c->chain_id)
			return differs(c, "chain id", e);
		if (strcmp(pg_text(pg, 0, 1, NULL), c->key))
			return differs(c, "key", e);
		if (strcmp(pg_text(pg, 0, 2, NULL), kind_name(c->kind)))
			return differs(c, "kind", e);
		if (strcmp(pg_text(pg, 0, 3, NULL), role_name(c->role)))
			return differs(c, "role", e);
		if ((uint64_t)pg_i64(pg, 0, 4) != c->first_block)
			return differs(c, "first block", e);
		before = pg_i64(pg, 0, 5);
		if (before == (int64_t)c->required)
			return ERR_NONE;
	}
	pg_arg_i64(&a, (int64_t)c->chain_id);
	pg_arg_text(&a, c->key);
	pg_arg_text(&a, kind_name(c->kind));
	pg_arg_text(&a, role_name(c->role));
	pg_arg_i64(&a, (int64_t)c->first_block);
	pg_arg_i64(&a, (int64_t)c->required);
	k = pg_query(pg,
		"INSERT INTO chain.chain (chain_id, key, kind, role, first_block, required_level) "
		"VALUES ($1, $2, $3, $4, $5, $6) "
		"ON CONFLICT (chain_id) DO UPDATE SET required_level = excluded.required_level",
		&a, e);
	return k ? k
		 : operation_record(pg, e, "chain", "chain %s, required level %s, before: %s", c->key,
			   level_name(c->required),
			   before < 0 ? "not there" : level_name((enum level)before));
}

enum err_kind store_register(const char *url, const struct network *net, struct err *e)
{
	struct pg *pg = NULL;
	enum err_kind k;

	if ((k = pg_open(&pg, url, "bttc-indexer", e)))
		return k;
	if ((k = schema_version_check(pg, e)) || (k = pg_exec(pg, "BEGIN", e)) ||
		(k = register_network(pg, net, e)))
		goto out;
	for (size_t i = 0; i < net->chain_count; i++)
		if ((k = register_chain(pg, &net->chains[i], e)))
			goto out;
	k = pg_exec(pg, "COMMIT", e);
out:
	pg_close(pg);
	return k;
}
