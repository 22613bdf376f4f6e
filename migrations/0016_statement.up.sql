-- What a delegator's account did, movement by movement: rewards grow with checkpoints, in no event.
CREATE FUNCTION ledger.delegators_reward(v ledger.validator, reward_per_stake numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT v.delegators_reward - 1 + p.pending - CASE WHEN v.delegated_amount = 0 THEN p.pending
    ELSE s.stake_part + div((p.pending - s.stake_part) * v.commission_rate, 100) END
  FROM (SELECT CASE WHEN v.deactivation_epoch <> 0 THEN 0 ELSE div((reward_per_stake - v.initial_reward_per_stake)
      * (v.amount + v.delegated_amount), 10000000000000000000000000) END AS pending) p,
    LATERAL (SELECT CASE WHEN v.delegated_amount = 0 THEN p.pending ELSE div(v.amount * p.pending, v.amount + v.delegated_amount) END AS stake_part) s
$$;
COMMENT ON FUNCTION ledger.delegators_reward(ledger.validator, numeric) IS 'The contract''s view delegatorsReward of a validator at a value of rewardPerStake: truncating divisions in its order.';

CREATE FUNCTION analytics.delegator_moves(who text, from_block bigint, to_block bigint) RETURNS TABLE ("time" timestamptz, block bigint, tx text,
  log_index integer, kind text, validator_id bigint, credit numeric, debit numeric, capital_in numeric, capital_out numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH p AS MATERIALIZED (SELECT x.chain_id, x.share_contract, x.delegator, x.validator_id FROM ledger.position x
      WHERE x.created AND x.chain_id = (SELECT chain_id FROM ledger.head LIMIT 1) AND x.delegator = decode(substr(who, 3), 'hex')),
  -- every block at whose end the reward of a position may be another
  b AS (SELECT p.*, s.block FROM p CROSS JOIN LATERAL (SELECT from_block - 1 AS block
      UNION SELECT y.block FROM ledger.global y WHERE y.chain_id = p.chain_id AND y.block BETWEEN from_block AND to_block
      UNION SELECT y.block FROM ledger.validator y WHERE y.chain_id = p.chain_id AND y.id = p.validator_id AND y.block BETWEEN from_block AND to_block
      UNION SELECT y.block FROM ledger.share y WHERE y.chain_id = p.chain_id AND y.contract = p.share_contract AND y.block BETWEEN from_block AND to_block
      UNION SELECT y.block FROM ledger.position y WHERE y.chain_id = p.chain_id AND y.share_contract = p.share_contract
        AND y.delegator = p.delegator AND y.block BETWEEN from_block AND to_block) s),
  r AS (SELECT b.validator_id, b.share_contract, b.block, coalesce(w.reward, 0) AS reward FROM b LEFT JOIN LATERAL (
      SELECT CASE WHEN q.shares = 0 THEN 0 ELSE div((s.reward_per_share + CASE WHEN s.total_supply = 0 THEN 0 ELSE
        div(ledger.delegators_reward(v, g.reward_per_stake) * 10000000000000000000000000, s.total_supply) END - q.initial_reward_per_share)
        * q.shares, 10000000000000000000000000) END AS reward
      FROM (SELECT y.* FROM ledger.position y WHERE y.chain_id = b.chain_id AND y.share_contract = b.share_contract AND y.delegator = b.delegator
          AND y.block <= b.block ORDER BY y.block DESC LIMIT 1) q,
        LATERAL (SELECT y.* FROM ledger.share y WHERE y.chain_id = b.chain_id AND y.contract = b.share_contract AND y.block <= b.block
          ORDER BY y.block DESC LIMIT 1) s,
        LATERAL (SELECT y FROM ledger.validator y WHERE y.chain_id = b.chain_id AND y.id = b.validator_id AND y.block <= b.block
          ORDER BY y.block DESC LIMIT 1) z(v),
        LATERAL (SELECT y.* FROM ledger.global y WHERE y.chain_id = b.chain_id AND y.block <= b.block ORDER BY y.block DESC LIMIT 1) g) w ON true),
  e AS MATERIALIZED (SELECT x.* FROM ledger.delegator_entry x WHERE x.chain_id = (SELECT chain_id FROM ledger.head LIMIT 1)
      AND x.delegator = decode(substr(who, 3), 'hex') AND x.block BETWEEN from_block AND to_block),
  -- what came of a block: the difference of the rewards at its end and before it, and what was paid out meanwhile
  c AS (SELECT d.validator_id, d.block, sum(d.amount) AS amount FROM (
      SELECT r.validator_id, r.block, r.reward - lag(r.reward) OVER (PARTITION BY r.share_contract ORDER BY r.block) AS amount FROM r
      UNION ALL SELECT e.validator_id, e.block, e.amount FROM e WHERE e.kind IN ('claim', 'restake')) d
      WHERE d.amount <> 0 GROUP BY 1, 2 HAVING sum(d.amount) <> 0),
  l AS MATERIALIZED (SELECT y.block, y.tx, y.log_index, y.event, y.validator_id, chain.word_numeric(y.topics, 3) AS amount FROM chain.log y
      WHERE y.chain_id = (SELECT chain_id FROM ledger.head LIMIT 1) AND y.block BETWEEN from_block AND to_block
      AND y.validator_id IN (SELECT p.validator_id FROM p) AND y.event IN ('ShareMinted', 'ShareBurned', 'ShareBurnedWithId')
      AND substr(y.topics, 77, 20) = decode(substr(who, 3), 'hex')),
  m AS (
    SELECT c.block, a.tx, a.log_index, CASE WHEN a.tx IS NULL THEN 'adjustment' ELSE 'accrual' END AS kind, c.validator_id,
      greatest(c.amount, 0) AS credit, greatest(-c.amount, 0) AS debit, 0 AS capital_in, 0 AS capital_out
      FROM c LEFT JOIN LATERAL (SELECT y.tx, y.log_index FROM ledger.accrual y WHERE y.chain_id = (SELECT chain_id FROM ledger.head LIMIT 1)
        AND y.validator_id = c.validator_id AND y.block = c.block ORDER BY y.log_index LIMIT 1) a ON true
    UNION ALL SELECT e.block, e.tx, e.log_index, e.kind, e.validator_id, 0, CASE WHEN e.kind IN ('claim', 'restake') THEN e.amount ELSE 0 END,
      CASE WHEN e.kind = 'restake' THEN e.amount ELSE 0 END, CASE WHEN e.kind IN ('migration', 'unstake') THEN e.amount ELSE 0 END FROM e
    -- shares bought; those of a restake are in its own row
    UNION ALL SELECT l.block, l.tx, l.log_index, 'stake', l.validator_id, 0, 0, l.amount, 0 FROM l WHERE l.event = 'ShareMinted'
      AND NOT EXISTS (SELECT FROM e WHERE e.kind = 'restake' AND e.block = l.block AND e.tx = l.tx AND e.validator_id = l.validator_id
        AND e.log_index > l.log_index AND e.amount = l.amount AND NOT EXISTS (SELECT FROM l n WHERE n.event = 'ShareMinted' AND n.block = l.block
          AND n.validator_id = l.validator_id AND n.log_index > l.log_index AND n.log_index < e.log_index))
    UNION ALL SELECT l.block, l.tx, l.log_index, 'unbond', l.validator_id, 0, 0, 0, 0 FROM l WHERE l.event <> 'ShareMinted'
      AND NOT EXISTS (SELECT FROM e WHERE e.block = l.block AND e.log_index = l.log_index)
    UNION ALL SELECT y.block, y.tx, y.log_index, 'transfer', p.validator_id, 0, 0,
      CASE WHEN substr(y.topics, 77, 20) = p.delegator THEN chain.word_numeric(y.data, 0) ELSE 0 END,
      CASE WHEN substr(y.topics, 45, 20) = p.delegator THEN chain.word_numeric(y.data, 0) ELSE 0 END
      FROM p JOIN chain.log y ON y.chain_id = p.chain_id AND y.address = p.share_contract AND y.event = 'Transfer'
        AND y.block BETWEEN from_block AND to_block AND p.delegator IN (substr(y.topics, 45, 20), substr(y.topics, 77, 20))
        AND substr(y.topics, 33, 32) <> decode(repeat('00', 32), 'hex') AND substr(y.topics, 65, 32) <> decode(repeat('00', 32), 'hex'))
  SELECT k.time, m.block, chain.hex(m.tx), m.log_index, m.kind, m.validator_id, m.credit, m.debit, m.capital_in, m.capital_out
  FROM m JOIN chain.block k ON k.chain_id = (SELECT chain_id FROM ledger.head LIMIT 1) AND k.number = m.block
  ORDER BY m.block, m.log_index NULLS FIRST, m.kind, m.validator_id
$$;
COMMENT ON FUNCTION analytics.delegator_moves(text, bigint, bigint) IS 'Movements of a delegator in a range of blocks. credit and debit: of the rewards that it is owed (accrual, claim, restake); capital_in and capital_out: of its stake and open unbonds (stake, restake, migration, transfer, unstake). An accrual is what all checkpoints of a block brought; adjustment: a change that no checkpoint made. Each adds up to analytics.delegator_at.';
REVOKE EXECUTE ON FUNCTION ledger.delegators_reward(ledger.validator, numeric), analytics.delegator_moves(text, bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.delegators_reward(ledger.validator, numeric), analytics.delegator_moves(text, bigint, bigint) TO bttc_analyst, bttc_api;
