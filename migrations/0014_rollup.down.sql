DROP FUNCTION analytics.delegator_at(bigint, text);
DROP VIEW analytics.uptime_month, analytics.delegator_flow, analytics.payout_final, analytics.partner_month_final, analytics.partner_month,
  analytics.validator_month_final, analytics.validator_month, analytics.validator_week_final, analytics.validator_week,
  analytics.validator_day_final, analytics.validator_day, analytics.emptied, ledger.rollup_fault;
CREATE VIEW analytics.validator_day AS
SELECT a.validator_id, date_trunc('day', a.time, 'UTC') AS day, count(*) AS credited_checkpoints, sum(a.own)::numeric(78,0) AS own,
  sum(a.delegators)::numeric(78,0) AS delegators, sum(a.proposer_bonus)::numeric(78,0) AS proposer_bonus,
  sum(a.commission)::numeric(78,0) AS commission, analytics.btt(sum(a.own)) AS own_btt, analytics.btt(sum(a.delegators)) AS delegators_btt,
  analytics.btt(sum(a.commission)) AS commission_btt, max(a.block) <= max(h.final) AS final, max(a.block) AS newest_block
FROM ledger.accrual a JOIN chain.head h ON h.chain_id = a.chain_id GROUP BY 1, 2;
COMMENT ON VIEW analytics.validator_day IS 'What each validator earned per day of UTC, and how often it signed.';
COMMENT ON COLUMN analytics.validator_day.validator_id IS 'Validator id.';
COMMENT ON COLUMN analytics.validator_day.day IS 'Start of the day.';
COMMENT ON COLUMN analytics.validator_day.credited_checkpoints IS 'Checkpoints, main and sync, that credited it.';
COMMENT ON COLUMN analytics.validator_day.own IS 'Credited to the validator, bonus and commission included.';
COMMENT ON COLUMN analytics.validator_day.delegators IS 'Credited to its delegators, after commission.';
COMMENT ON COLUMN analytics.validator_day.proposer_bonus IS 'Of own.';
COMMENT ON COLUMN analytics.validator_day.commission IS 'Of own.';
COMMENT ON COLUMN analytics.validator_day.own_btt IS 'own in BTT.';
COMMENT ON COLUMN analytics.validator_day.delegators_btt IS 'delegators in BTT.';
COMMENT ON COLUMN analytics.validator_day.commission_btt IS 'commission in BTT.';
COMMENT ON COLUMN analytics.validator_day.final IS 'All rows of the period so far are final.';
COMMENT ON COLUMN analytics.validator_day.newest_block IS 'Block of the newest row: a job that remembers it redoes only what changed.';

CREATE VIEW analytics.validator_week AS
SELECT a.validator_id, date_trunc('week', a.time, 'UTC') AS week, count(*) AS credited_checkpoints, sum(a.own)::numeric(78,0) AS own,
  sum(a.delegators)::numeric(78,0) AS delegators, sum(a.proposer_bonus)::numeric(78,0) AS proposer_bonus,
  sum(a.commission)::numeric(78,0) AS commission, analytics.btt(sum(a.own)) AS own_btt, analytics.btt(sum(a.delegators)) AS delegators_btt,
  analytics.btt(sum(a.commission)) AS commission_btt, max(a.block) <= max(h.final) AS final, max(a.block) AS newest_block
FROM ledger.accrual a JOIN chain.head h ON h.chain_id = a.chain_id GROUP BY 1, 2;
COMMENT ON VIEW analytics.validator_week IS 'What each validator earned per week of UTC (weeks begin on Monday), and how often it signed.';
COMMENT ON COLUMN analytics.validator_week.validator_id IS 'Validator id.';
COMMENT ON COLUMN analytics.validator_week.week IS 'Start of the week.';
COMMENT ON COLUMN analytics.validator_week.credited_checkpoints IS 'Checkpoints, main and sync, that credited it.';
COMMENT ON COLUMN analytics.validator_week.own IS 'Credited to the validator, bonus and commission included.';
COMMENT ON COLUMN analytics.validator_week.delegators IS 'Credited to its delegators, after commission.';
COMMENT ON COLUMN analytics.validator_week.proposer_bonus IS 'Of own.';
COMMENT ON COLUMN analytics.validator_week.commission IS 'Of own.';
COMMENT ON COLUMN analytics.validator_week.own_btt IS 'own in BTT.';
COMMENT ON COLUMN analytics.validator_week.delegators_btt IS 'delegators in BTT.';
COMMENT ON COLUMN analytics.validator_week.commission_btt IS 'commission in BTT.';
COMMENT ON COLUMN analytics.validator_week.final IS 'All rows of the period so far are final.';
COMMENT ON COLUMN analytics.validator_week.newest_block IS 'Block of the newest row: a job that remembers it redoes only what changed.';

CREATE VIEW analytics.validator_month AS
SELECT a.validator_id, date_trunc('month', a.time, 'UTC') AS month, count(*) AS credited_checkpoints, sum(a.own)::numeric(78,0) AS own,
  sum(a.delegators)::numeric(78,0) AS delegators, sum(a.proposer_bonus)::numeric(78,0) AS proposer_bonus,
  sum(a.commission)::numeric(78,0) AS commission, analytics.btt(sum(a.own)) AS own_btt, analytics.btt(sum(a.delegators)) AS delegators_btt,
  analytics.btt(sum(a.commission)) AS commission_btt, max(a.block) <= max(h.final) AS final, max(a.block) AS newest_block
FROM ledger.accrual a JOIN chain.head h ON h.chain_id = a.chain_id GROUP BY 1, 2;
COMMENT ON VIEW analytics.validator_month IS 'What each validator earned per month of UTC, and how often it signed.';
COMMENT ON COLUMN analytics.validator_month.validator_id IS 'Validator id.';
COMMENT ON COLUMN analytics.validator_month.month IS 'Start of the month.';
COMMENT ON COLUMN analytics.validator_month.credited_checkpoints IS 'Checkpoints, main and sync, that credited it.';
COMMENT ON COLUMN analytics.validator_month.own IS 'Credited to the validator, bonus and commission included.';
COMMENT ON COLUMN analytics.validator_month.delegators IS 'Credited to its delegators, after commission.';
COMMENT ON COLUMN analytics.validator_month.proposer_bonus IS 'Of own.';
COMMENT ON COLUMN analytics.validator_month.commission IS 'Of own.';
COMMENT ON COLUMN analytics.validator_month.own_btt IS 'own in BTT.';
COMMENT ON COLUMN analytics.validator_month.delegators_btt IS 'delegators in BTT.';
COMMENT ON COLUMN analytics.validator_month.commission_btt IS 'commission in BTT.';
COMMENT ON COLUMN analytics.validator_month.final IS 'All rows of the period so far are final.';
COMMENT ON COLUMN analytics.validator_month.newest_block IS 'Block of the newest row: a job that remembers it redoes only what changed.';

CREATE VIEW analytics.validator_day_final AS
SELECT a.validator_id, date_trunc('day', a.time, 'UTC') AS day, sum(a.own)::numeric(78,0) AS own, sum(a.delegators)::numeric(78,0) AS delegators,
  sum(a.commission)::numeric(78,0) AS commission
FROM ledger.accrual a JOIN chain.head h ON h.chain_id = a.chain_id WHERE a.block <= h.final GROUP BY 1, 2;
COMMENT ON VIEW analytics.validator_day_final IS 'As validator_day, of final checkpoints only.';
COMMENT ON COLUMN analytics.validator_day_final.validator_id IS 'Validator id.';
COMMENT ON COLUMN analytics.validator_day_final.day IS 'Day of UTC.';
COMMENT ON COLUMN analytics.validator_day_final.own IS 'Credited to the validator.';
COMMENT ON COLUMN analytics.validator_day_final.delegators IS 'Credited to its delegators.';
COMMENT ON COLUMN analytics.validator_day_final.commission IS 'Of own.';

CREATE VIEW analytics.partner_month AS
SELECT chain.hex(e.partner) AS partner, chain.hex(e.partnership) AS partnership, date_trunc('month', e.time, 'UTC') AS month,
  coalesce(sum(e.amount) FILTER (WHERE e.kind = 'allocation'), 0)::numeric(78,0) AS allocated,
  coalesce(sum(e.amount) FILTER (WHERE e.kind = 'payout'), 0)::numeric(78,0) AS claimed,
  coalesce(sum(e.amount) FILTER (WHERE e.kind = 'contribution' AND e.origin = 'deposit'), 0)::numeric(78,0) AS deposited,
  coalesce(sum(e.amount) FILTER (WHERE e.kind = 'contribution' AND e.origin = 'restaked_reward'), 0)::numeric(78,0) AS restaked_rewards,
  coalesce(sum(e.amount) FILTER (WHERE e.kind = 'return'), 0)::numeric(78,0) AS returned,
  analytics.btt(coalesce(sum(e.amount) FILTER (WHERE e.kind = 'payout'), 0)) AS claimed_btt,
  max(e.block) <= max(h.final) AS final, max(e.block) AS newest_block
FROM ledger.partner_entry e JOIN chain.head h ON h.chain_id = e.chain_id GROUP BY 1, 2, 3;
COMMENT ON VIEW analytics.partner_month IS 'Movements of each partner per month of UTC and partnership.';
COMMENT ON COLUMN analytics.partner_month.partner IS 'Address.';
COMMENT ON COLUMN analytics.partner_month.partnership IS 'Contract.';
COMMENT ON COLUMN analytics.partner_month.month IS 'Start of the month.';
COMMENT ON COLUMN analytics.partner_month.allocated IS 'Income credited.';
COMMENT ON COLUMN analytics.partner_month.claimed IS 'Paid out.';
COMMENT ON COLUMN analytics.partner_month.deposited IS 'Capital paid in.';
COMMENT ON COLUMN analytics.partner_month.restaked_rewards IS 'Income that became capital.';
COMMENT ON COLUMN analytics.partner_month.returned IS 'Capital paid back.';
COMMENT ON COLUMN analytics.partner_month.claimed_btt IS 'claimed in BTT.';
COMMENT ON COLUMN analytics.partner_month.final IS 'All rows of the month so far are final.';
COMMENT ON COLUMN analytics.partner_month.newest_block IS 'Block of the newest row.';

CREATE VIEW analytics.delegator_flow AS
SELECT chain.hex(e.delegator) AS delegator, e.validator_id, date_trunc('month', e.time, 'UTC') AS month, e.kind, count(*) AS movements,
  sum(e.amount)::numeric(78,0) AS amount, analytics.btt(sum(e.amount)) AS amount_btt
FROM ledger.delegator_entry e GROUP BY 1, 2, 3, 4;
COMMENT ON VIEW analytics.delegator_flow IS 'What delegators were paid, reinvested or moved, per month and validator.';
COMMENT ON COLUMN analytics.delegator_flow.delegator IS 'Address.';
COMMENT ON COLUMN analytics.delegator_flow.validator_id IS 'Validator id.';
COMMENT ON COLUMN analytics.delegator_flow.month IS 'Start of the month.';
COMMENT ON COLUMN analytics.delegator_flow.kind IS 'claim, restake, migration or unstake.';
COMMENT ON COLUMN analytics.delegator_flow.movements IS 'How many.';
COMMENT ON COLUMN analytics.delegator_flow.amount IS 'In the smallest unit.';
COMMENT ON COLUMN analytics.delegator_flow.amount_btt IS 'In BTT.';

CREATE OR REPLACE VIEW analytics.uptime AS
SELECT i.id AS validator_id, count(*) AS expected, count(*) FILTER (WHERE i.id = ANY (c.signed)) AS signed,
  round(count(*) FILTER (WHERE i.id = ANY (c.signed))::numeric / count(*), 6) AS uptime
FROM ledger.checkpoint c CROSS JOIN LATERAL (SELECT unnest(c.missed) AS id UNION SELECT s.id FROM unnest(c.signed) AS s(id)
  WHERE NOT s.id = ANY (c.leaving)) i WHERE c.root_chain_id = 1 GROUP BY 1;

CREATE OR REPLACE FUNCTION analytics.validator_apr(days integer) RETURNS TABLE (validator_id bigint, reward numeric, stake numeric, apr_percent numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH h AS (SELECT max(time) AS now, max(block) AS block FROM ledger.accrual),
  a AS (SELECT x.validator_id, sum(x.own + x.delegators) AS reward FROM ledger.accrual x, h
    WHERE x.time > h.now - make_interval(days => days) GROUP BY 1)
  SELECT v.validator_id, coalesce(a.reward, 0), v.own_stake + v.delegated_stake,
    round(coalesce(a.reward, 0) / nullif(v.own_stake + v.delegated_stake, 0) * 365 / days * 100, 6)
  FROM h CROSS JOIN LATERAL analytics.validator_at(h.block) v LEFT JOIN a ON a.validator_id = v.validator_id ORDER BY 1
$$;

CREATE OR REPLACE FUNCTION analytics.side_by_side(cost_per_validator numeric DEFAULT 0) RETURNS TABLE (kind text, validators bigint, stake numeric,
  expected numeric, signed numeric, uptime numeric, reward numeric, commission numeric, reward_per_btt numeric, net_of_cost numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH h AS (SELECT max(block) AS block FROM ledger.head),
  v AS (SELECT x.*, CASE WHEN EXISTS (SELECT FROM ledger.partnership p WHERE chain.hex(p.address) = x.owner) THEN 'partnership' ELSE 'independent' END AS kind
    FROM h CROSS JOIN LATERAL analytics.validator_at(h.block) x),
  a AS (SELECT validator_id, sum(own + delegators) AS reward, sum(commission) AS commission FROM ledger.accrual GROUP BY 1)
  SELECT v.kind, count(*), sum(v.own_stake + v.delegated_stake), coalesce(sum(u.expected), 0), coalesce(sum(u.signed), 0),
    round(sum(u.signed)::numeric / nullif(sum(u.expected), 0), 6), coalesce(sum(a.reward), 0), coalesce(sum(a.commission), 0),
    round(coalesce(sum(a.reward), 0) / nullif(sum(v.own_stake + v.delegated_stake), 0), 12), coalesce(sum(a.reward), 0) - count(*) * cost_per_validator
  FROM v LEFT JOIN analytics.uptime u ON u.validator_id = v.validator_id LEFT JOIN a ON a.validator_id = v.validator_id GROUP BY 1 ORDER BY 1
$$;

DROP TRIGGER kept_validator_new ON ledger.accrual;
DROP TRIGGER kept_validator_gone ON ledger.accrual;
DROP FUNCTION analytics.keep_validator();
DROP VIEW ledger.rollup_validator;
DROP TABLE analytics.kept_validator;
DROP TRIGGER kept_partner_new ON ledger.partner_entry;
DROP TRIGGER kept_partner_gone ON ledger.partner_entry;
DROP FUNCTION analytics.keep_partner();
DROP VIEW ledger.rollup_partner;
DROP TABLE analytics.kept_partner;
DROP TRIGGER kept_delegator_new ON ledger.delegator_entry;
DROP TRIGGER kept_delegator_gone ON ledger.delegator_entry;
DROP FUNCTION analytics.keep_delegator();
DROP VIEW ledger.rollup_delegator;
DROP TABLE analytics.kept_delegator;
DROP TRIGGER kept_signing_new ON ledger.checkpoint;
DROP TRIGGER kept_signing_gone ON ledger.checkpoint;
DROP FUNCTION analytics.keep_signing();
DROP VIEW ledger.rollup_signing;
DROP TABLE analytics.kept_signing;
DROP FUNCTION analytics.remake();
DROP SEQUENCE analytics.revision;
