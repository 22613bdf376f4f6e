-- For analysts: readable views and functions over the ledger. Addresses are hex text, amounts exact in the
-- smallest unit as numeric(78,0), and beside them in BTT for reading (18 decimals). Views are computed when asked:
-- their cost is that of the rows they read.
CREATE FUNCTION analytics.btt(amount numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN round(amount / 1000000000000000000, 6);
COMMENT ON FUNCTION analytics.btt(numeric) IS 'An amount in BTT, rounded to six digits: for reading, not for sums.';

CREATE VIEW analytics.freshness AS
SELECT c.key AS chain, h.indexed, h.indexed_time, h.node_head, h.safe, h.final, l.block AS ledger_block,
  j.block AS counted_block, l.rules AS revision, h.changed_at
FROM chain.chain c LEFT JOIN chain.head h ON h.chain_id = c.chain_id LEFT JOIN ledger.head l ON l.chain_id = c.chain_id
LEFT JOIN ledger.join_head j ON j.chain_id = c.chain_id;
COMMENT ON VIEW analytics.freshness IS 'How far each chain and what follows from it is.';
COMMENT ON COLUMN analytics.freshness.chain IS 'Key of the chain.';
COMMENT ON COLUMN analytics.freshness.indexed IS 'Newest stored block.';
COMMENT ON COLUMN analytics.freshness.indexed_time IS 'Its time.';
COMMENT ON COLUMN analytics.freshness.node_head IS 'Newest block of the node, as last heard.';
COMMENT ON COLUMN analytics.freshness.safe IS 'Newest safe block.';
COMMENT ON COLUMN analytics.freshness.final IS 'Newest final block.';
COMMENT ON COLUMN analytics.freshness.ledger_block IS 'Newest block that the ledger has (staking chain).';
COMMENT ON COLUMN analytics.freshness.counted_block IS 'Newest block whose producer is counted (child chain).';
COMMENT ON COLUMN analytics.freshness.revision IS 'Network file and rules by which ledger rows were made; another one: all rows were made anew.';
COMMENT ON COLUMN analytics.freshness.changed_at IS 'When the chain''s head moved last.';

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

CREATE VIEW analytics.payout AS
SELECT e.time, e.block, chain.hex(e.tx) AS tx, e.log_index, chain.hex(e.partner) AS partner, chain.hex(e.recipient) AS recipient,
  chain.hex(e.partnership) AS partnership, e.validator_id, e.amount, analytics.btt(e.amount) AS amount_btt, e.share_bps,
  chain.hex(e.terms_tx) AS terms_tx, e.block <= h.final AS final
FROM ledger.partner_entry e JOIN chain.head h ON h.chain_id = e.chain_id WHERE e.kind = 'payout';
COMMENT ON VIEW analytics.payout IS 'Every payout to a partner with the terms in force.';
COMMENT ON COLUMN analytics.payout.time IS 'Time of the block.';
COMMENT ON COLUMN analytics.payout.block IS 'Block number.';
COMMENT ON COLUMN analytics.payout.tx IS 'Transaction.';
COMMENT ON COLUMN analytics.payout.log_index IS 'Index of the log.';
COMMENT ON COLUMN analytics.payout.partner IS 'Who claimed.';
COMMENT ON COLUMN analytics.payout.recipient IS 'Who got the tokens.';
COMMENT ON COLUMN analytics.payout.partnership IS 'Contract.';
COMMENT ON COLUMN analytics.payout.validator_id IS 'Its validator.';
COMMENT ON COLUMN analytics.payout.amount IS 'In the smallest unit.';
COMMENT ON COLUMN analytics.payout.amount_btt IS 'In BTT.';
COMMENT ON COLUMN analytics.payout.share_bps IS 'Share in force, in 1/10000.';
COMMENT ON COLUMN analytics.payout.terms_tx IS 'Transaction that set the share.';
COMMENT ON COLUMN analytics.payout.final IS 'The block is final.';

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

CREATE VIEW analytics.uptime AS
SELECT i.id AS validator_id, count(*) AS expected, count(*) FILTER (WHERE i.id = ANY (c.signed)) AS signed,
  round(count(*) FILTER (WHERE i.id = ANY (c.signed))::numeric / count(*), 6) AS uptime
FROM ledger.checkpoint c CROSS JOIN LATERAL (SELECT unnest(c.missed) AS id UNION SELECT s.id FROM unnest(c.signed) AS s(id)
  WHERE NOT s.id = ANY (c.leaving)) i WHERE c.root_chain_id = 1 GROUP BY 1;
COMMENT ON VIEW analytics.uptime IS 'How often each validator signed the main checkpoints that it should have signed.';
COMMENT ON COLUMN analytics.uptime.validator_id IS 'Validator id.';
COMMENT ON COLUMN analytics.uptime.expected IS 'Main checkpoints at which its signer was in signers[].';
COMMENT ON COLUMN analytics.uptime.signed IS 'Of them, signed.';
COMMENT ON COLUMN analytics.uptime.uptime IS 'signed / expected.';

CREATE FUNCTION analytics.validator_at(at bigint) RETURNS TABLE (validator_id bigint, status integer, owner text, signer text,
  own_stake numeric, delegated_stake numeric, commission_rate numeric, reward numeric, delegators_reward numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH chain AS (SELECT chain_id FROM ledger.head LIMIT 1),
  g AS (SELECT x.reward_per_stake FROM ledger.global x, chain c WHERE x.chain_id = c.chain_id AND x.block <= at ORDER BY x.block DESC LIMIT 1),
  v AS (SELECT r.* FROM (SELECT x.chain_id, x.id FROM ledger.validator x, chain c WHERE x.created AND x.chain_id = c.chain_id AND x.id > 0
      AND x.block <= at) k CROSS JOIN LATERAL (SELECT * FROM ledger.validator y WHERE y.chain_id = k.chain_id AND y.id = k.id
      AND y.block <= at ORDER BY y.block DESC LIMIT 1) r),
  -- reward of stake and delegations since the last settlement, split as the contract does: truncating divisions in this order
  p AS (SELECT v.*, CASE WHEN v.deactivation_epoch <> 0 THEN 0 ELSE
      div((g.reward_per_stake - v.initial_reward_per_stake) * (v.amount + v.delegated_amount), 10000000000000000000000000) END AS pending
      FROM v CROSS JOIN g),
  s AS (SELECT p.*, CASE WHEN p.delegated_amount = 0 THEN p.pending ELSE div(p.amount * p.pending, p.amount + p.delegated_amount) END AS stake_part
      FROM p),
  o AS (SELECT s.*, CASE WHEN s.delegated_amount = 0 THEN s.stake_part
      ELSE s.stake_part + div((s.pending - s.stake_part) * s.commission_rate, 100) END AS own_part FROM s)
  SELECT id, status, nullif(chain.hex(owner), '0x0000000000000000000000000000000000000000'),
    nullif(chain.hex(signer), '0x0000000000000000000000000000000000000000'), amount, delegated_amount, commission_rate,
    reward + own_part - 1, delegators_reward + pending - own_part - 1 FROM o ORDER BY id
$$;
COMMENT ON FUNCTION analytics.validator_at(bigint) IS 'All validators at the END of a block, with the contract''s views validatorReward and delegatorsReward; status 0 inactive, 1 active, 2 locked, 3 unstaked. Amounts in the smallest unit.';

CREATE FUNCTION analytics.partner_at(at bigint) RETURNS TABLE (partnership text, partner text, share_bps bigint, active boolean,
  claimable numeric, claimed numeric, contributed numeric, earned numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT chain.hex(r.partnership), chain.hex(r.account), r.share_bps, r.active = 1, r.claimable, r.claimed, r.contributed, r.allocated + r.restaked
  FROM (SELECT x.chain_id, x.partnership, x.account FROM ledger.person x WHERE x.created AND x.block <= at) k
  CROSS JOIN LATERAL (SELECT * FROM ledger.person y WHERE y.chain_id = k.chain_id AND y.partnership = k.partnership AND y.account = k.account
    AND y.block <= at ORDER BY y.block DESC LIMIT 1) r ORDER BY 1, 2
$$;
COMMENT ON FUNCTION analytics.partner_at(bigint) IS 'All partners of all partnerships at the END of a block. Amounts in the smallest unit.';

CREATE FUNCTION analytics.validator_apr(days integer) RETURNS TABLE (validator_id bigint, reward numeric, stake numeric, apr_percent numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH h AS (SELECT max(time) AS now, max(block) AS block FROM ledger.accrual),
  a AS (SELECT x.validator_id, sum(x.own + x.delegators) AS reward FROM ledger.accrual x, h
    WHERE x.time > h.now - make_interval(days => days) GROUP BY 1)
  SELECT v.validator_id, coalesce(a.reward, 0), v.own_stake + v.delegated_stake,
    round(coalesce(a.reward, 0) / nullif(v.own_stake + v.delegated_stake, 0) * 365 / days * 100, 6)
  FROM h CROSS JOIN LATERAL analytics.validator_at(h.block) v LEFT JOIN a ON a.validator_id = v.validator_id ORDER BY 1
$$;
COMMENT ON FUNCTION analytics.validator_apr(integer) IS 'APR realised over the last days before the newest accrual: 100 * (own + delegators credited) / (own + delegated stake at the newest accrual) * 365 / days. NULL without stake.';

CREATE FUNCTION analytics.stake_concentration(at bigint) RETURNS TABLE (validators bigint, total_stake numeric, gini numeric, nakamoto bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH s AS (SELECT own_stake + delegated_stake AS stake FROM analytics.validator_at(at) WHERE status = 1 AND own_stake > 0),
  r AS (SELECT stake, row_number() OVER (ORDER BY stake) AS up, sum(stake) OVER (ORDER BY stake DESC ROWS UNBOUNDED PRECEDING) AS top,
    row_number() OVER (ORDER BY stake DESC) AS down, count(*) OVER () AS n, sum(stake) OVER () AS total FROM s)
  SELECT max(n), max(total), round(sum((2 * up - n - 1) * stake) / (max(n) * max(total)), 6), min(down) FILTER (WHERE 3 * top > total) FROM r
$$;
COMMENT ON FUNCTION analytics.stake_concentration(bigint) IS 'Of active validators at the END of a block: Gini coefficient of total stake, sum((2i - n - 1) * stake_i) / (n * total) with stakes ascending; and how many of the largest hold more than a third together (Nakamoto coefficient: enough to stop checkpoints).';

CREATE FUNCTION analytics.side_by_side(cost_per_validator numeric DEFAULT 0) RETURNS TABLE (kind text, validators bigint, stake numeric,
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
COMMENT ON FUNCTION analytics.side_by_side(numeric) IS 'Validators owned by a partnership now, and the others, side by side over all time: stake now, main checkpoints signed of those expected, reward credited, commission, reward per BTT of stake now, and reward less an operating cost per validator that the reader enters (smallest unit).';
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA analytics FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA analytics TO bttc_analyst, bttc_api;
