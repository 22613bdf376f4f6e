/*
 * `export WHAT`: histories and statements as files. A named file appears whole or not at all: rows go to a
 * file beside it, which takes the name at the end.
 */
#include "bin/command.h"
#include "bin/export.h"

#include "base/log.h"
#include "base/stop.h"
#include "base/hex.h"
#include "chain/base58.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct export_conf {
	struct common_conf common; /* first */
	char *network, *database, *format, *output, *account, *as, *from, *to, *month;
	int64_t validator;
	bool final_only;
};

#define AT(f) offsetof(struct export_conf, f)
static const struct opt opts[] = {
	{"network", "NAME|FILE", OPT_STRING, AT(network), NULL, 0, 0, OPT_REQUIRED,
		"Network of the database."},
	{"database", "URL", OPT_STRING, AT(database), NULL, 0, 0, OPT_REQUIRED | OPT_SECRET,
		"postgresql://... or a libpq DSN; reading is enough."},
	{"format", "csv|ndjson", OPT_STRING, AT(format), "csv", 0, 0, 0, "Form of the lines."},
	{"output", "FILE", OPT_STRING, AT(output), "-", 0, 0, 0, "Where to; \"-\": standard output."},
	{"account", "ADDRESS", OPT_STRING, AT(account), NULL, 0, 0, 0,
		"Only this partner or delegator, hex or base58."},
	{"as", "partner|delegator", OPT_STRING, AT(as), NULL, 0, 0, 0,
		"statement: which books of the account, where it has both."},
	{"validator", "ID", OPT_INT, AT(validator), "-1", -1, INT64_MAX, 0, "Only this validator."},
	{"from", "BLOCK|TIME", OPT_STRING, AT(from), NULL, 0, 0, 0, "First block, or time; included."},
	{"to", "BLOCK|TIME", OPT_STRING, AT(to), NULL, 0, 0, 0, "Last block, or time; included."},
	{"month", "YYYY-MM", OPT_STRING, AT(month), NULL, 0, 0, 0,
		"This month of UTC, instead of from and to."},
	{"final-only", NULL, OPT_FLAG, AT(final_only), "false", 0, 0, 0, "Only rows of final blocks."},
	OPT_END,
};

#define ROW_COLUMNS                                                                                \
	{"block", EXPORT_INT, "x.block"}, {"block_hash", EXPORT_HEX, "k.hash"},                    \
		{"time", EXPORT_TIME, "extract(epoch FROM k.time)::bigint"}, {"tx", EXPORT_HEX, "x.tx"}
#define LOG_COLUMNS                                                                                \
	ROW_COLUMNS, {"log_index", EXPORT_INT, "x.log_index::bigint"},                             \
		{"final", EXPORT_BOOL, "(x.block <= coalesce(h.final, -1))::int4::bigint"}
#define PARTNER_COLUMNS                                                                            \
	{"kind", EXPORT_TEXT, "x.kind"}, {"partner", EXPORT_ADDRESS, "x.partner"},                 \
		{"amount", EXPORT_AMOUNT, "x.amount::text"}, {"origin", EXPORT_TEXT, "x.origin"},  \
		{"partnership", EXPORT_ADDRESS, "x.partnership"},                                  \
		{"validator_id", EXPORT_INT, "x.validator_id"},                                    \
		{"recipient", EXPORT_ADDRESS, "x.recipient"},                                      \
		{"share_bps", EXPORT_INT, "x.share_bps"}, {"terms_tx", EXPORT_HEX, "x.terms_tx"},  \
		{"claimable_after", EXPORT_BALANCE, "x.claimable_after::text"},                    \
		{"claimed_after", EXPORT_BALANCE, "x.claimed_after::text"},                        \
	{                                                                                          \
		"contributed_after", EXPORT_BALANCE, "x.contributed_after::text"                   \
	}

static const struct export_kind kinds[] = {
	{"payouts", "(SELECT * FROM ledger.partner_entry WHERE kind = 'payout')", "partner", "bytea",
		{LOG_COLUMNS, PARTNER_COLUMNS}},
	{"partner-entries", "ledger.partner_entry", "partner", "bytea", {LOG_COLUMNS, PARTNER_COLUMNS}},
	{"accruals", "ledger.accrual", "validator_id", "bigint",
		{LOG_COLUMNS, {"validator_id", EXPORT_INT, "x.validator_id"},
			{"checkpoint", EXPORT_INT, "x.checkpoint_id"},
			{"checkpoint_chain", EXPORT_INT, "x.root_chain_id::bigint"},
			{"own", EXPORT_AMOUNT, "x.own::text"},
			{"delegators", EXPORT_AMOUNT, "x.delegators::text"},
			{"proposer_bonus", EXPORT_AMOUNT, "x.proposer_bonus::text"},
			{"commission", EXPORT_AMOUNT, "x.commission::text"}}},
	{"validator-payouts", "ledger.validator_payout", "validator_id", "bigint",
		{LOG_COLUMNS, {"validator_id", EXPORT_INT, "x.validator_id"}, {"kind", EXPORT_TEXT, "x.kind"},
			{"amount", EXPORT_AMOUNT, "x.amount::text"},
			{"account", EXPORT_ADDRESS, "x.account"}}},
	{"delegator-entries", "ledger.delegator_entry", "delegator", "bytea",
		{LOG_COLUMNS, {"delegator", EXPORT_ADDRESS, "x.delegator"}, {"kind", EXPORT_TEXT, "x.kind"},
			{"amount", EXPORT_AMOUNT, "x.amount::text"},
			{"validator_id", EXPORT_INT, "x.validator_id"}}},
	{"discrepancies",
		"(SELECT chain_id, block, ordinal AS log_index, tx, kind, subject, expected, observed, resolved,"
		" log_index AS at_log FROM ledger.finding)",
		NULL, NULL,
		{ROW_COLUMNS, {"log_index", EXPORT_INT, "x.at_log::bigint"}, {"kind", EXPORT_TEXT, "x.kind"},
			{"subject", EXPORT_TEXT, "x.subject"},
			{"expected", EXPORT_BALANCE, "x.expected::text"},
			{"observed", EXPORT_BALANCE, "x.observed::text"},
			{"resolved", EXPORT_BOOL, "x.resolved::int4::bigint"}}},
};
#define KIND_COUNT (sizeof(kinds) / sizeof(*kinds))

static enum err_kind bad(const char *name, const char *value, const char *what, struct err *e)
{
	return err_set(e, ERR_FATAL, "export", 0, "option \"%s\": \"%.60s\" %s", name, value, what);
}

/* ---- which rows ---- */

static enum err_kind month_range(
	struct export *x, const char *month, struct export_range *out, struct err *e)
{
	char from[40], to[40], rest;
	int year, m;
	enum err_kind k;

	if (sscanf(month, "%4d-%2d%c", &year, &m, &rest) != 2 || strlen(month) != 7 || m < 1 || m > 12 ||
		year < 1970)
		return bad("month", month, "must be like 2024-01", e);
	snprintf(from, sizeof(from), "%04d-%02d-01T00:00:00Z", year, m);
	snprintf(to, sizeof(to), "%04d-%02d-01T00:00:00Z", m == 12 ? year + 1 : year, m == 12 ? 1 : m + 1);
	k = export_bound(x, "month", from, false, &out->from, e);
	if (!k)
		k = export_bound(x, "month", to, false, &out->to, e);
	out->to--;
	return k;
}

static enum err_kind range_of(
	struct export *x, const struct export_conf *c, struct export_range *out, struct err *e)
{
	enum err_kind k = ERR_NONE;
	const char *from;

	*out = (struct export_range){
		.from = (int64_t)x->chain->first_block, .to = x->head, .final_only = c->final_only};
	if (c->month && (c->from || c->to))
		return bad("month", c->month, "does not go with from and to", e);
	if (c->month)
		k = month_range(x, c->month, out, e);
	if (!k && c->from)
		k = export_bound(x, "from", c->from, false, &out->from, e);
	if (!k && c->to)
		k = export_bound(x, "to", c->to, true, &out->to, e);
	if (k)
		return k;
	from = c->from ? c->from : c->month ? c->month : "";
	if (out->from < (int64_t)x->chain->first_block)
		return bad("from", from, "is before the first block of the network", e);
	if (out->from > out->to + 1 || out->from > x->head + 1)
		return bad("from", from, "is after the end of the range", e);
	return ERR_NONE;
}

/* "\x..", the id, or NULL for all. key_type NULL: the rows are of nobody. */
static enum err_kind key_of(const struct export_conf *c, const char *what, const char *key_type,
	char out[64], const char **key, struct err *e)
{
	const char *why = "is no address";
	struct address a;

	*key = NULL;
	if (c->account && (!key_type || strcmp(key_type, "bytea")))
		return bad("account", c->account, "does not go with these rows", e);
	if (c->validator >= 0 && (!key_type || strcmp(key_type, "bigint")))
		return err_set(e, ERR_FATAL, "export", 0, "option \"validator\" does not go with %s", what);
	if (c->account) {
		if (!address_parse(&a, c->account, strlen(c->account), &why))
			return bad("account", c->account, why, e);
		memcpy(out, "\\x", 2);
		hex_encode(out + 2, a.b, sizeof(a.b));
		out[42] = 0;
		*key = out;
	} else if (c->validator >= 0) {
		snprintf(out, 64, "%lld", (long long)c->validator);
		*key = out;
	}
	return ERR_NONE;
}

static enum err_kind statement(struct export *x, const struct export_conf *c, struct err *e)
{
	enum statement_of of = STATEMENT_VALIDATOR;
	struct export_range range;
	const char *key;
	char text[64];
	enum err_kind k = range_of(x, c, &range, e);

	if (!k && (c->account != NULL) == (c->validator >= 0))
		return err_set(e, ERR_FATAL, "export", 0,
			"a statement is of one account: give either \"account\" or \"validator\"");
	if (!k)
		k = key_of(c, "statement", c->account ? "bytea" : "bigint", text, &key, e);
	if (!k && c->as)
		of = !strcmp(c->as, "partner") ? STATEMENT_PARTNER : STATEMENT_DELEGATOR;
	else if (!k && c->account)
		k = export_account_kind(x, key, &of, e);
	return k ? k : export_statement(x, of, key, &range, e);
}

static enum err_kind rows(struct export *x, const struct export_conf *c, const char *what, struct err *e)
{
	const struct export_kind *kind = NULL;
	struct export_range range;
	const char *key;
	char text[64];
	enum err_kind k;

	for (size_t i = 0; i < KIND_COUNT; i++)
		if (!strcmp(kinds[i].name, what))
			kind = &kinds[i];
	if ((k = range_of(x, c, &range, e)) || (k = key_of(c, what, kind->key_type, text, &key, e)))
		return k;
	return export_rows(x, kind, key, &range, e);
}

/* ---- the file ---- */

static enum err_kind open_output(const char *path, char temp[4200], FILE **out, struct err *e)
{
	*temp = 0;
	*out = stdout;
	if (!strcmp(path, "-"))
		return ERR_NONE;
	snprintf(temp, 4200, "%.4100s.part.%d", path, (int)getpid());
	*out = fopen(temp, "w");
	return *out ? ERR_NONE
		    : err_set(e, ERR_FATAL, "export", errno, "%s: %s", temp, strerror(errno));
}

static enum err_kind close_output(
	enum err_kind k, const char *path, const char *temp, FILE *out, struct err *e)
{
	bool failed = fflush(out) || (*temp && fsync(fileno(out)));
	int code = errno;

	if (*temp && fclose(out) && !failed) {
		failed = true;
		code = errno;
	}
	if (!k && !failed && *temp && rename(temp, path)) {
		failed = true;
		code = errno;
	}
	if ((k || failed) && *temp)
		unlink(temp);
	return k || !failed ? k
			    : err_set(e, ERR_FATAL, "export", code, "%s: %s", path, strerror(code));
}

static enum err_kind run(const struct export_conf *c, const char *what, struct err *e)
{
	struct network *net = NULL;
	struct export x = {.format = !strcmp(c->format, "csv") ? FORMAT_CSV : FORMAT_NDJSON};
	char temp[4200];
	enum err_kind k = network_load(&net, c->network, e);

	if (k)
		return k;
	x.net = net;
	x.chain = network_staking(net);
	if (!x.chain) {
		k = err_set(e, ERR_FATAL, "export", 0, "network %s has no staking contracts", net->name);
	} else if (!(k = open_output(c->output, temp, &x.out, e))) {
		k = export_begin(&x, c->database, e);
		if (!k)
			k = !strcmp(what, "statement") ? statement(&x, c, e) : rows(&x, c, what, e);
		k = close_output(k, c->output, temp, x.out, e);
		export_end(&x);
	}
	network_free(net);
	return k;
}

static bool is_kind(const char *what)
{
	bool known = !strcmp(what, "statement");

	for (size_t i = 0; i < KIND_COUNT; i++)
		known |= !strcmp(kinds[i].name, what);
	return known;
}

static int checked(const struct export_conf *c, const char *const *rest, size_t n)
{
	struct err e;
	enum err_kind k;

	if (n != 1 || !is_kind(rest[0]))
		return command_usage("export",
			"give one of payouts, partner-entries, accruals, validator-payouts, delegator-entries,"
			" discrepancies, statement",
			n ? rest[0] : NULL, NULL);
	if (strcmp(c->format, "csv") && strcmp(c->format, "ndjson"))
		return command_usage("export", "option \"format\" must be csv or ndjson", c->format, NULL);
	if (c->as && (!c->account || strcmp(rest[0], "statement") ||
			     (strcmp(c->as, "partner") && strcmp(c->as, "delegator"))))
		return command_usage("export",
			"option \"as\" must be partner or delegator, of the account of a statement", c->as, NULL);
	if (c->common.check_config)
		return EXIT_OK;
	if ((k = stop_install(&e)) || (k = run(c, rest[0], &e)))
		return command_fail("export", EXIT_FAILED, &e);
	return EXIT_OK;
}

int cmd_export(int argc, char **argv)
{
	static const struct opt *const tables[] = {opts, NULL};
	struct export_conf c = {0};
	const char *const *rest;
	struct opt_set *set = NULL;
	size_t n;
	int rc = command_options(&set, "export",
		"payouts|partner-entries|accruals|validator-payouts|delegator-entries|discrepancies|statement"
		" --network NAME|FILE --database URL [OPTIONS]",
		tables, &c, argc, argv, &rest, &n);

	if (rc < 0)
		rc = checked(&c, rest, n);
	opt_free(set);
	return rc;
}
