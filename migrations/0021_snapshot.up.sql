-- Why an operator stated a value, and values that the contracts' own view functions gave; views per validator and month.
ALTER TABLE ledger.parameter ADD COLUMN reason text;
COMMENT ON COLUMN ledger.parameter.reason IS 'Of an override: what the operator wrote; of a snapshot: block, its hash, and who was asked. NULL: the chain or the network file says it.';
COMMENT ON COLUMN ledger.parameter.source IS 'network_file, event, call (calldata of a call that logs nothing), override (an operator) or snapshot (eth_call of the contract, put in force by an operator).';
COMMENT ON COLUMN ledger.parameter.tx IS 'Transaction; NULL: an override, a snapshot or the network file.';
COMMENT ON COLUMN ledger.parameter.log_index IS 'Index of the event that says it; NULL: a call, an override, a snapshot or the network file.';
CREATE OR REPLACE VIEW analytics.parameter AS
SELECT p.parameter, p.block, p.time, p.value, p.previous, p.source, chain.hex(p.tx) AS tx, p.log_index, p.reason
FROM ledger.parameter p;
COMMENT ON COLUMN analytics.parameter.source IS 'network_file, event, call, override or snapshot.';
COMMENT ON COLUMN analytics.parameter.tx IS 'Transaction; NULL: an override, a snapshot or the network file.';
COMMENT ON COLUMN analytics.parameter.reason IS 'Of an override or a snapshot: what the operator stated.';

-- Commission, reward per BTT and the flow of delegations, per validator and month.
CREATE VIEW analytics.commission_month AS
SELECT m.validator_id, m.month, (m.delegators + m.commission)::numeric(78,0) AS before_commission, m.commission, m.delegators,
  round(m.commission / nullif(m.delegators + m.commission, 0) * 100, 6) AS commission_percent, v.commission_rate, m.commission_btt,
  m.delegators_btt, m.final, m.newest_block, m.revision, m.changed_at
FROM analytics.validator_month m JOIN ledger.head h ON true CROSS JOIN LATERAL (SELECT y.commission_rate FROM ledger.validator y
  WHERE y.chain_id = h.chain_id AND y.id = m.validator_id AND y.block <= m.newest_block ORDER BY y.block DESC LIMIT 1) v;
COMMENT ON VIEW analytics.commission_month IS 'What each validator took of its delegators'' rewards as commission, per month of UTC; commission per day and week: validator_day, validator_week.';
COMMENT ON COLUMN analytics.commission_month.validator_id IS 'Validator id.';
COMMENT ON COLUMN analytics.commission_month.month IS 'Start of the month.';
COMMENT ON COLUMN analytics.commission_month.before_commission IS 'Credited on delegated stake, commission included: delegators + commission.';
COMMENT ON COLUMN analytics.commission_month.commission IS 'Commission income: credited to the validator, part of its own.';
COMMENT ON COLUMN analytics.commission_month.delegators IS 'Credited to its delegators, after commission.';
COMMENT ON COLUMN analytics.commission_month.commission_percent IS '100 * commission / before_commission: what was taken on average. NULL: nothing was credited on delegated stake.';
COMMENT ON COLUMN analytics.commission_month.commission_rate IS 'Rate in force at the END of newest_block, percent.';
COMMENT ON COLUMN analytics.commission_month.commission_btt IS 'commission in BTT.';
COMMENT ON COLUMN analytics.commission_month.delegators_btt IS 'delegators in BTT.';
COMMENT ON COLUMN analytics.commission_month.final IS 'All rows of the month so far are final.';
COMMENT ON COLUMN analytics.commission_month.newest_block IS 'Block of the newest checkpoint that credited it in the month.';
COMMENT ON COLUMN analytics.commission_month.revision IS 'Number of the last change of the sums, ascending over all rollups.';
COMMENT ON COLUMN analytics.commission_month.changed_at IS 'When that was.';

CREATE VIEW analytics.reward_per_btt_month AS
SELECT m.validator_id, m.month, (m.own + m.delegators)::numeric(78,0) AS reward, (v.amount + v.delegated_amount)::numeric(78,0) AS stake,
  round((m.own + m.delegators) / nullif(v.amount + v.delegated_amount, 0), 12) AS reward_per_btt,
  m.own, v.amount AS own_stake, round(m.own / nullif(v.amount, 0), 12) AS own_per_btt,
  m.delegators, v.delegated_amount AS delegated_stake, round(m.delegators / nullif(v.delegated_amount, 0), 12) AS delegators_per_btt,
  analytics.btt(m.own + m.delegators) AS reward_btt, analytics.btt(v.amount + v.delegated_amount) AS stake_btt,
  m.final, m.newest_block, m.revision, m.changed_at
FROM analytics.validator_month m JOIN ledger.head h ON true CROSS JOIN LATERAL (SELECT y.amount, y.delegated_amount FROM ledger.validator y
  WHERE y.chain_id = h.chain_id AND y.id = m.validator_id AND y.block <= m.newest_block ORDER BY y.block DESC LIMIT 1) v;
COMMENT ON VIEW analytics.reward_per_btt_month IS 'What each validator and its delegators earned per BTT of stake, per month of UTC: reward / stake, with the stake at the END of the month''s newest checkpoint that credited it (as analytics.side_by_side and validator_apr do; stake that came or left within the month weighs as it is then).';
COMMENT ON COLUMN analytics.reward_per_btt_month.validator_id IS 'Validator id.';
COMMENT ON COLUMN analytics.reward_per_btt_month.month IS 'Start of the month.';
COMMENT ON COLUMN analytics.reward_per_btt_month.reward IS 'own + delegators.';
COMMENT ON COLUMN analytics.reward_per_btt_month.stake IS 'own_stake + delegated_stake.';
COMMENT ON COLUMN analytics.reward_per_btt_month.reward_per_btt IS 'reward / stake. NULL without stake.';
COMMENT ON COLUMN analytics.reward_per_btt_month.own IS 'Credited to the validator, bonus and commission included.';
COMMENT ON COLUMN analytics.reward_per_btt_month.own_stake IS 'The validator''s own stake.';
COMMENT ON COLUMN analytics.reward_per_btt_month.own_per_btt IS 'own / own_stake. NULL without stake.';
COMMENT ON COLUMN analytics.reward_per_btt_month.delegators IS 'Credited to its delegators, after commission.';
COMMENT ON COLUMN analytics.reward_per_btt_month.delegated_stake IS 'Its delegators'' stake.';
COMMENT ON COLUMN analytics.reward_per_btt_month.delegators_per_btt IS 'delegators / delegated_stake: what a delegated BTT earned. NULL without delegation.';
COMMENT ON COLUMN analytics.reward_per_btt_month.reward_btt IS 'reward in BTT.';
COMMENT ON COLUMN analytics.reward_per_btt_month.stake_btt IS 'stake in BTT.';
COMMENT ON COLUMN analytics.reward_per_btt_month.final IS 'All rows of the month so far are final.';
COMMENT ON COLUMN analytics.reward_per_btt_month.newest_block IS 'Block at whose END the stake is taken.';
COMMENT ON COLUMN analytics.reward_per_btt_month.revision IS 'Number of the last change of the sums, ascending over all rollups.';
COMMENT ON COLUMN analytics.reward_per_btt_month.changed_at IS 'When that was.';

-- A migration burns shares at one validator and mints them at another: what is minted next for that delegator in the
-- transaction came from there. Postings say the same as the logs, and are found by the account's name.
CREATE VIEW analytics.delegation_month AS
WITH moved AS (
  SELECT p.chain_id, p.block, p.time, split_part(p.credit, '/', 3) AS contract, split_part(p.credit, '/', 4) AS delegator, p.amount,
    CASE WHEN p.kind = 'restaked' THEN 'restaked' WHEN EXISTS (SELECT FROM ledger.posting o WHERE o.chain_id = p.chain_id AND o.block = p.block
      AND o.ordinal < p.ordinal AND o.tx = p.tx AND o.kind = 'migrated' AND split_part(o.debit, '/', 4) = split_part(p.credit, '/', 4)
      AND NOT EXISTS (SELECT FROM ledger.posting n WHERE n.chain_id = o.chain_id AND n.block = o.block AND n.ordinal > o.ordinal
        AND n.ordinal < p.ordinal AND n.tx = o.tx AND n.kind = 'delegated' AND split_part(n.credit, '/', 4) = split_part(o.debit, '/', 4)))
      THEN 'migrated_in' ELSE 'delegated' END AS kind
  FROM ledger.posting p WHERE p.credit >= 'stake_manager/delegation/' AND p.credit < 'stake_manager/delegation0' AND p.kind IN ('delegated', 'restaked')
  UNION ALL
  SELECT p.chain_id, p.block, p.time, split_part(p.debit, '/', 3), split_part(p.debit, '/', 4), p.amount,
    CASE p.kind WHEN 'unbonded' THEN 'unbonded' ELSE 'migrated_out' END
  FROM ledger.posting p WHERE p.debit >= 'stake_manager/delegation/' AND p.debit < 'stake_manager/delegation0' AND p.kind IN ('unbonded', 'migrated'))
SELECT s.validator_id, date_trunc('month', m.time, 'UTC') AS month, count(*) AS movements, count(DISTINCT m.delegator) AS delegators,
  coalesce(sum(m.amount) FILTER (WHERE m.kind = 'delegated'), 0)::numeric(78,0) AS delegated,
  coalesce(sum(m.amount) FILTER (WHERE m.kind = 'restaked'), 0)::numeric(78,0) AS restaked,
  coalesce(sum(m.amount) FILTER (WHERE m.kind = 'migrated_in'), 0)::numeric(78,0) AS migrated_in,
  coalesce(sum(m.amount) FILTER (WHERE m.kind = 'unbonded'), 0)::numeric(78,0) AS unbonded,
  coalesce(sum(m.amount) FILTER (WHERE m.kind = 'migrated_out'), 0)::numeric(78,0) AS migrated_out,
  sum(CASE WHEN m.kind IN ('unbonded', 'migrated_out') THEN -m.amount ELSE m.amount END)::numeric(78,0) AS net,
  analytics.btt(sum(CASE WHEN m.kind IN ('unbonded', 'migrated_out') THEN -m.amount ELSE m.amount END)) AS net_btt,
  max(m.block) <= max(h.final) AS final, max(m.block) AS newest_block
FROM moved m JOIN chain.head h ON h.chain_id = m.chain_id CROSS JOIN LATERAL (SELECT y.validator_id FROM ledger.share y
  WHERE y.chain_id = m.chain_id AND y.contract = decode(substr(m.contract, 3), 'hex') ORDER BY y.block DESC LIMIT 1) s
GROUP BY 1, 2;
COMMENT ON VIEW analytics.delegation_month IS 'What came to and left the stake delegated to each validator, per month of UTC; what delegators were paid: delegator_flow. Sales count when they are made, not when they are paid. Transfers between delegators of one validator are left out.';
COMMENT ON COLUMN analytics.delegation_month.validator_id IS 'Validator id.';
COMMENT ON COLUMN analytics.delegation_month.month IS 'Start of the month.';
COMMENT ON COLUMN analytics.delegation_month.movements IS 'How many.';
COMMENT ON COLUMN analytics.delegation_month.delegators IS 'How many delegators moved something.';
COMMENT ON COLUMN analytics.delegation_month.delegated IS 'Bought with tokens.';
COMMENT ON COLUMN analytics.delegation_month.restaked IS 'Bought with rewards.';
COMMENT ON COLUMN analytics.delegation_month.migrated_in IS 'Came from another validator.';
COMMENT ON COLUMN analytics.delegation_month.unbonded IS 'Sold.';
COMMENT ON COLUMN analytics.delegation_month.migrated_out IS 'Left for another validator.';
COMMENT ON COLUMN analytics.delegation_month.net IS 'delegated + restaked + migrated_in - unbonded - migrated_out: by this much delegated stake grew.';
COMMENT ON COLUMN analytics.delegation_month.net_btt IS 'net in BTT.';
COMMENT ON COLUMN analytics.delegation_month.final IS 'All rows of the month so far are final.';
COMMENT ON COLUMN analytics.delegation_month.newest_block IS 'Block of the newest row.';
