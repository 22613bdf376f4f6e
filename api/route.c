/*
 * The paths. A handler is called for GET and HEAD; OPTIONS, other methods, unknown paths and
 * parameters are answered before it.
 */
#include "api/route.h"

#include <string.h>

#define LIST_PARAMS                                                                                \
	(PARAM_BIT(PARAM_LIMIT) | PARAM_BIT(PARAM_CURSOR) | PARAM_BIT(PARAM_ORDER) |               \
		PARAM_BIT(PARAM_FROM) | PARAM_BIT(PARAM_TO) | PARAM_BIT(PARAM_FINALITY) |          \
		PARAM_BIT(PARAM_VERIFICATION) | PARAM_BIT(PARAM_CHAIN) | PARAM_BIT(PARAM_FORMAT) | \
		PARAM_BIT(PARAM_REV))

/* Rows of the staking chain alone. */
#define ROW_PARAMS (LIST_PARAMS & ~PARAM_BIT(PARAM_CHAIN))
#define STATE_PARAMS (PARAM_BIT(PARAM_AT) | PARAM_BIT(PARAM_REV))
#define STATES_PARAMS                                                                              \
	(STATE_PARAMS | PARAM_BIT(PARAM_LIMIT) | PARAM_BIT(PARAM_CURSOR) | PARAM_BIT(PARAM_ORDER) | \
		PARAM_BIT(PARAM_FORMAT))

const struct route ROUTES[] = {
	{"/v1/status", get_status, PARAM_BIT(PARAM_REV), "status"},
	{"/v1/events", get_events,
		LIST_PARAMS | PARAM_BIT(PARAM_CONTRACT) | PARAM_BIT(PARAM_EVENT) |
			PARAM_BIT(PARAM_ADDRESS) | PARAM_BIT(PARAM_VALIDATOR_ID),
		"events"},
	{"/v1/checkpoints", get_checkpoints,
		LIST_PARAMS | PARAM_BIT(PARAM_KIND) | PARAM_BIT(PARAM_ROOT_CHAIN_ID) |
			PARAM_BIT(PARAM_PROPOSER) | PARAM_BIT(PARAM_CHECKPOINT_ID),
		"checkpoints"},
	{"/v1/checkpoints/{chain}/{kind}/{tx}/{log_index}", get_checkpoint, PARAM_BIT(PARAM_REV),
		"checkpoint"},
	{"/v1/evidence/{chain}/{tx}/{log_index}", get_evidence, PARAM_BIT(PARAM_REV), "evidence"},
	{"/v1/staking", get_staking, STATE_PARAMS, "staking"},
	{"/v1/validators", get_validators, STATES_PARAMS, "validators"},
	{"/v1/validators/{id}", get_validator, STATE_PARAMS, "validator"},
	{"/v1/delegators", get_delegators, STATES_PARAMS, "delegators"},
	{"/v1/delegators/{address}", get_delegator, STATE_PARAMS, "delegator"},
	{"/v1/partnerships", get_partnerships, STATES_PARAMS, "partnerships"},
	{"/v1/partnerships/{address}", get_partnership, STATE_PARAMS, "partnership"},
	{"/v1/partners", get_partners, STATES_PARAMS, "partners"},
	{"/v1/partners/{address}", get_partner, STATE_PARAMS, "partner"},
	{"/v1/validators/{id}/rewards", get_validator_rewards, ROW_PARAMS | PARAM_BIT(PARAM_INTERVAL),
		"validator_rewards"},
	{"/v1/validators/{id}/performance", get_performance,
		PARAM_BIT(PARAM_INTERVAL) | PARAM_BIT(PARAM_LIMIT) | PARAM_BIT(PARAM_CURSOR) |
			PARAM_BIT(PARAM_FORMAT) | PARAM_BIT(PARAM_REV),
		"performance"},
	{"/v1/validators/{id}/payouts", get_validator_payouts, ROW_PARAMS, "validator_payouts"},
	{"/v1/validators/{id}/history", get_validator_history, ROW_PARAMS, "events"},
	{"/v1/delegators/{address}/rewards", get_delegator_rewards, ROW_PARAMS, "delegator_rewards"},
	{"/v1/partnerships/{address}/history", get_partnership_history, ROW_PARAMS,
		"partnership_history"},
	{"/v1/partnerships/{address}/roles", get_roles, ROW_PARAMS, "roles"},
	{"/v1/partnerships/{address}/transactions", get_partnership_transactions, ROW_PARAMS,
		"partnership_transactions"},
	{"/v1/partners/{address}/rewards", get_partner_rewards, ROW_PARAMS | PARAM_BIT(PARAM_INTERVAL),
		"partner_rewards"},
	{"/v1/partners/{address}/payouts", get_partner_payouts, ROW_PARAMS, "payouts"},
	{"/v1/payouts", get_payouts, ROW_PARAMS, "payouts"},
	{"/v1/audit/{chain}/{tx}/{log_index}", get_audit, PARAM_BIT(PARAM_REV), "audit"},
	{"/v1/parameters", get_parameters, PARAM_BIT(PARAM_REV), "parameters"},
	{"/v1/discrepancies", get_discrepancies, LIST_PARAMS, "discrepancies"},
	{"/healthz", get_healthz, 0, "healthz"},
	{"/readyz", get_readyz, 0, "readyz"},
	{"/metrics", get_metrics, 0, NULL},
	{"/openapi.json", get_openapi, 0, NULL},
	{"/", get_page, 0, NULL},
	{"/page.js", get_page_script, 0, NULL},
	{"/page.css", get_page_style, 0, NULL},
};
const size_t ROUTE_COUNT = sizeof(ROUTES) / sizeof(ROUTES[0]);

bool route_alone(const struct route *r)
{
	return r->get == get_healthz || r->get == get_readyz || r->get == get_metrics;
}

#define SEGMENTS_MAX 8

/* Number of segments of "/a/b"; SEGMENTS_MAX + 1 when there are more. */
static size_t split(struct text path, struct text out[SEGMENTS_MAX])
{
	const char *at = path.p, *end = path.p + path.n;
	size_t n = 0;

	while (at < end) {
		const char *slash = memchr(at + 1, '/', (size_t)(end - at - 1));
		const char *stop = slash ? slash : end;

		if (n == SEGMENTS_MAX)
			return SEGMENTS_MAX + 1;
		out[n++] = (struct text){at + 1, (size_t)(stop - at - 1)};
		at = stop;
	}
	return n;
}

static bool same(struct text a, struct text b)
{
	return a.n == b.n && !memcmp(a.p, b.p, a.n);
}

static bool match(const struct route *r, const struct text *segments, size_t n,
	struct text args[CALL_ARGS_MAX])
{
	struct text pattern[SEGMENTS_MAX];
	size_t used = 0;

	if (split((struct text){r->pattern, strlen(r->pattern)}, pattern) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (pattern[i].n && pattern[i].p[0] == '{' && used < CALL_ARGS_MAX)
			args[used++] = segments[i];
		else if (!same(pattern[i], segments[i]))
			return false;
	}
	return true;
}

const struct route *route_find(
	struct text raw, struct arena *mem, struct text args[CALL_ARGS_MAX], bool *bad)
{
	struct text segments[SEGMENTS_MAX];
	size_t n;

	*bad = false;
	if (!raw.n || raw.p[0] != '/')
		return NULL;
	n = split(raw, segments);
	for (size_t i = 0; i < n && i < SEGMENTS_MAX; i++)
		if (!text_decode(segments[i], mem, &segments[i])) {
			*bad = true;
			return NULL;
		}
	if (n > SEGMENTS_MAX)
		return NULL;
	for (size_t i = 0; i < ROUTE_COUNT; i++)
		if (match(&ROUTES[i], segments, n, args))
			return &ROUTES[i];
	return NULL;
}
