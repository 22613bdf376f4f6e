#ifndef API_ROUTE_H
#define API_ROUTE_H

#include "api/call.h"

/** One path of the API. The table is the truth that schema/api/openapi.json is checked against. */
struct route {
	const char *pattern; /* "/v1/events", "/v1/checkpoints/{chain}/..." */
	void (*get)(struct call *c);
	unsigned params;    /* PARAM_BITs */
	const char *schema; /* file in schema/api without .json; NULL: no JSON answer */
};

extern const struct route ROUTES[];
extern const size_t ROUTE_COUNT;

/**
 * The route of a raw path (before '?'), with its arguments decoded into args. NULL: no such path.
 * *bad is set when a segment is no valid percent-encoded UTF-8.
 */
const struct route *route_find(
	struct text raw, struct arena *mem, struct text args[CALL_ARGS_MAX], bool *bad);

/** It answers without a database. */
bool route_alone(const struct route *r);

/* Handlers: get_*.c */
void get_status(struct call *c);
void get_healthz(struct call *c);
void get_readyz(struct call *c);
void get_metrics(struct call *c);
void get_events(struct call *c);
void get_checkpoints(struct call *c);
void get_checkpoint(struct call *c);
void get_evidence(struct call *c);
void get_staking(struct call *c);
void get_validators(struct call *c);
void get_validator(struct call *c);
void get_delegators(struct call *c);
void get_delegator(struct call *c);
void get_partnerships(struct call *c);
void get_partnership(struct call *c);
void get_partners(struct call *c);
void get_partner(struct call *c);
void get_validator_rewards(struct call *c);
void get_validator_payouts(struct call *c);
void get_validator_history(struct call *c);
void get_delegator_rewards(struct call *c);
void get_partnership_history(struct call *c);
void get_performance(struct call *c);
void get_roles(struct call *c);
void get_partnership_transactions(struct call *c);
void get_partner_rewards(struct call *c);
void get_partner_payouts(struct call *c);
void get_audit(struct call *c);
void get_payouts(struct call *c);
void get_discrepancies(struct call *c);
void get_parameters(struct call *c);
void get_openapi(struct call *c);
void get_page(struct call *c);
void get_page_script(struct call *c);
void get_page_style(struct call *c);

#endif
