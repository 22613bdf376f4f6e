-- Rollups that are kept, not computed: triggers add each new row of the ledger to the periods that it falls in, and
-- take out what a fork takes away, in the transaction that does it. Exact integers: what was added can be taken out.
-- `revision` grows with each change in the order in which changes become visible, so that a job that remembers the
-- greatest one it has read redoes only rows above it. A period that a fork left empty keeps its row with a count of
-- 0, hidden by the views of old but not by analytics.emptied.
CREATE SEQUENCE analytics.revision AS bigint;
COMMENT ON SEQUENCE analytics.revision IS 'Numbers changes of the rollups. Drawn under the lock of ledger.head.';

CREATE TABLE analytics.kept_validator (
  chain_id bigint NOT NULL,
  validator_id bigint NOT NULL,
  period timestamptz NOT NULL,
  credited_checkpoints bigint NOT NULL,
  own numeric NOT NULL,
  delegators numeric NOT NULL,
  proposer_bonus numeric NOT NULL,
  commission numeric NOT NULL,
  newest_block bigint NOT NULL,
  revision bigint NOT NULL,
  changed_at timestamptz NOT NULL,
  CONSTRAINT kept_validator_pk PRIMARY KEY (chain_id, validator_id, period),
  CONSTRAINT kept_validator_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
) WITH (fillfactor = 50);
COMMENT ON TABLE analytics.kept_validator IS 'What each validator earned per day of UTC; weeks and months are sums of days. Kept by triggers on ledger.accrual.';
COMMENT ON COLUMN analytics.kept_validator.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN analytics.kept_validator.validator_id IS 'Validator id.';
COMMENT ON COLUMN analytics.kept_validator.period IS 'Start of the day.';
COMMENT ON COLUMN analytics.kept_validator.credited_checkpoints IS 'Checkpoints, main and sync, that credited it; 0: a fork took the day away.';
COMMENT ON COLUMN analytics.kept_validator.own IS 'Credited to the validator, bonus and commission included.';
COMMENT ON COLUMN analytics.kept_validator.delegators IS 'Credited to its delegators, after commission.';
COMMENT ON COLUMN analytics.kept_validator.proposer_bonus IS 'Of own.';
COMMENT ON COLUMN analytics.kept_validator.commission IS 'Of own.';
COMMENT ON COLUMN analytics.kept_validator.newest_block IS 'Block of the newest row in it.';
COMMENT ON COLUMN analytics.kept_validator.revision IS 'Number of its last change, ascending over all rollups.';
COMMENT ON COLUMN analytics.kept_validator.changed_at IS 'When that was.';

CREATE VIEW ledger.rollup_validator AS
  SELECT x.chain_id, x.validator_id, date_trunc('day', x.time, 'UTC') AS period, count(*) AS credited_checkpoints,
    sum(x.own) AS own, sum(x.delegators) AS delegators, sum(x.proposer_bonus) AS proposer_bonus, sum(x.commission) AS commission,
    max(x.block) AS newest_block
  FROM ledger.accrual x
  GROUP BY 1, 2, 3;
COMMENT ON VIEW ledger.rollup_validator IS 'What analytics.kept_validator must hold, from all rows: slow.';
COMMENT ON COLUMN ledger.rollup_validator.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.rollup_validator.validator_id IS 'Validator id.';
COMMENT ON COLUMN ledger.rollup_validator.period IS 'Start of the day.';
COMMENT ON COLUMN ledger.rollup_validator.credited_checkpoints IS 'Checkpoints, main and sync, that credited it.';
COMMENT ON COLUMN ledger.rollup_validator.own IS 'Credited to the validator, bonus and commission included.';
COMMENT ON COLUMN ledger.rollup_validator.delegators IS 'Credited to its delegators, after commission.';
COMMENT ON COLUMN ledger.rollup_validator.proposer_bonus IS 'Of own.';
COMMENT ON COLUMN ledger.rollup_validator.commission IS 'Of own.';
COMMENT ON COLUMN ledger.rollup_validator.newest_block IS 'Block of the newest row in it.';

CREATE FUNCTION analytics.keep_validator() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO analytics.kept_validator AS k (chain_id, validator_id, period, credited_checkpoints, own, delegators, proposer_bonus, commission, newest_block, revision, changed_at)
    SELECT g.*, r.revision, now() FROM (SELECT nextval('analytics.revision') AS revision) r,
    (SELECT x.chain_id, x.validator_id, date_trunc('day', x.time, 'UTC') AS period, count(*) AS credited_checkpoints,
    sum(x.own) AS own, sum(x.delegators) AS delegators, sum(x.proposer_bonus) AS proposer_bonus, sum(x.commission) AS commission,
    max(x.block) AS newest_block
  FROM fresh x
  GROUP BY 1, 2, 3 ORDER BY 1, 2, 3) g
    ON CONFLICT ON CONSTRAINT kept_validator_pk DO UPDATE SET
      credited_checkpoints = k.credited_checkpoints + excluded.credited_checkpoints, own = k.own + excluded.own, delegators = k.delegators + excluded.delegators, proposer_bonus = k.proposer_bonus + excluded.proposer_bonus, commission = k.commission + excluded.commission,
      newest_block = greatest(excluded.newest_block, CASE WHEN k.credited_checkpoints > 0 THEN k.newest_block END),
      revision = excluded.revision, changed_at = excluded.changed_at;
  ELSE
    -- a fork deletes the newest rows: the newest one left is the first that the walk of the index meets
    UPDATE analytics.kept_validator k SET
      credited_checkpoints = k.credited_checkpoints - g.credited_checkpoints, own = k.own - g.own, delegators = k.delegators - g.delegators, proposer_bonus = k.proposer_bonus - g.proposer_bonus, commission = k.commission - g.commission,
      newest_block = CASE WHEN k.credited_checkpoints = g.credited_checkpoints THEN k.newest_block ELSE
        (SELECT y.block FROM ledger.accrual y WHERE y.chain_id = k.chain_id AND y.validator_id = k.validator_id
        AND y.time >= k.period AND y.time < k.period + interval '1 day' ORDER BY y.block DESC LIMIT 1) END,
      revision = r.revision, changed_at = now()
    FROM (SELECT nextval('analytics.revision') AS revision) r,
    (SELECT x.chain_id, x.validator_id, date_trunc('day', x.time, 'UTC') AS period, count(*) AS credited_checkpoints,
    sum(x.own) AS own, sum(x.delegators) AS delegators, sum(x.proposer_bonus) AS proposer_bonus, sum(x.commission) AS commission,
    max(x.block) AS newest_block
  FROM gone x
  GROUP BY 1, 2, 3) g
    WHERE k.chain_id = g.chain_id AND k.validator_id = g.validator_id AND k.period = g.period;
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION analytics.keep_validator() IS 'Adds new rows of ledger.accrual to analytics.kept_validator, and takes out deleted ones.';
REVOKE EXECUTE ON FUNCTION analytics.keep_validator() FROM PUBLIC;
CREATE TRIGGER kept_validator_new AFTER INSERT ON ledger.accrual REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION analytics.keep_validator();
CREATE TRIGGER kept_validator_gone AFTER DELETE ON ledger.accrual REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION analytics.keep_validator();

CREATE TABLE analytics.kept_partner (
  chain_id bigint NOT NULL,
  partner bytea NOT NULL,
  partnership bytea NOT NULL,
  period timestamptz NOT NULL,
  movements bigint NOT NULL,
  allocated numeric NOT NULL,
  claimed numeric NOT NULL,
  deposited numeric NOT NULL,
  restaked_rewards numeric NOT NULL,
  returned numeric NOT NULL,
  newest_block bigint NOT NULL,
  revision bigint NOT NULL,
  changed_at timestamptz NOT NULL,
  CONSTRAINT kept_partner_pk PRIMARY KEY (chain_id, partner, partnership, period),
  CONSTRAINT kept_partner_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
) WITH (fillfactor = 50);
COMMENT ON TABLE analytics.kept_partner IS 'Movements of each partner per month of UTC and partnership. Kept by triggers on ledger.partner_entry.';
COMMENT ON COLUMN analytics.kept_partner.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN analytics.kept_partner.partner IS 'Address.';
COMMENT ON COLUMN analytics.kept_partner.partnership IS 'Contract.';
COMMENT ON COLUMN analytics.kept_partner.period IS 'Start of the month.';
COMMENT ON COLUMN analytics.kept_partner.movements IS 'How many; 0: a fork took the month away.';
COMMENT ON COLUMN analytics.kept_partner.allocated IS 'Income credited.';
COMMENT ON COLUMN analytics.kept_partner.claimed IS 'Paid out.';
COMMENT ON COLUMN analytics.kept_partner.deposited IS 'Capital paid in.';
COMMENT ON COLUMN analytics.kept_partner.restaked_rewards IS 'Income that became capital.';
COMMENT ON COLUMN analytics.kept_partner.returned IS 'Capital paid back.';
COMMENT ON COLUMN analytics.kept_partner.newest_block IS 'Block of the newest row in it.';
COMMENT ON COLUMN analytics.kept_partner.revision IS 'Number of its last change, ascending over all rollups.';
COMMENT ON COLUMN analytics.kept_partner.changed_at IS 'When that was.';

CREATE VIEW ledger.rollup_partner AS
  SELECT x.chain_id, x.partner, x.partnership, date_trunc('month', x.time, 'UTC') AS period, count(*) AS movements,
    coalesce(sum(x.amount) FILTER (WHERE x.kind = 'allocation'), 0) AS allocated, coalesce(sum(x.amount) FILTER (WHERE x.kind = 'payout'), 0) AS claimed, coalesce(sum(x.amount) FILTER (WHERE x.kind = 'contribution' AND x.origin = 'deposit'), 0) AS deposited, coalesce(sum(x.amount) FILTER (WHERE x.kind = 'contribution' AND x.origin = 'restaked_reward'), 0) AS restaked_rewards, coalesce(sum(x.amount) FILTER (WHERE x.kind = 'return'), 0) AS returned,
    max(x.block) AS newest_block
  FROM ledger.partner_entry x
  GROUP BY 1, 2, 3, 4;
COMMENT ON VIEW ledger.rollup_partner IS 'What analytics.kept_partner must hold, from all rows: slow.';
COMMENT ON COLUMN ledger.rollup_partner.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.rollup_partner.partner IS 'Address.';
COMMENT ON COLUMN ledger.rollup_partner.partnership IS 'Contract.';
COMMENT ON COLUMN ledger.rollup_partner.period IS 'Start of the month.';
COMMENT ON COLUMN ledger.rollup_partner.movements IS 'How many.';
COMMENT ON COLUMN ledger.rollup_partner.allocated IS 'Income credited.';
COMMENT ON COLUMN ledger.rollup_partner.claimed IS 'Paid out.';
COMMENT ON COLUMN ledger.rollup_partner.deposited IS 'Capital paid in.';
COMMENT ON COLUMN ledger.rollup_partner.restaked_rewards IS 'Income that became capital.';
COMMENT ON COLUMN ledger.rollup_partner.returned IS 'Capital paid back.';
COMMENT ON COLUMN ledger.rollup_partner.newest_block IS 'Block of the newest row in it.';

CREATE FUNCTION analytics.keep_partner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO analytics.kept_partner AS k (chain_id, partner, partnership, period, movements, allocated, claimed, deposited, restaked_rewards, returned, newest_block, revision, changed_at)
    SELECT g.*, r.revision, now() FROM (SELECT nextval('analytics.revision') AS revision) r,
    (SELECT x.chain_id, x.partner, x.partnership, date_trunc('month', x.time, 'UTC') AS period, count(*) AS movements,
    coalesce(sum(x.amount) FILTER (WHERE x.kind = 'allocation'), 0) AS allocated, coalesce(sum(x.amount) FILTER (WHERE x.kind = 'payout'), 0) AS claimed, coalesce(sum(x.amount) FILTER (WHERE x.kind = 'contribution' AND x.origin = 'deposit'), 0) AS deposited, coalesce(sum(x.amount) FILTER (WHERE x.kind = 'contribution' AND x.origin = 'restaked_reward'), 0) AS restaked_rewards, coalesce(sum(x.amount) FILTER (WHERE x.kind = 'return'), 0) AS returned,
    max(x.block) AS newest_block
  FROM fresh x
  GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4) g
    ON CONFLICT ON CONSTRAINT kept_partner_pk DO UPDATE SET
      movements = k.movements + excluded.movements, allocated = k.allocated + excluded.allocated, claimed = k.claimed + excluded.claimed, deposited = k.deposited + excluded.deposited, restaked_rewards = k.restaked_rewards + excluded.restaked_rewards, returned = k.returned + excluded.returned,
      newest_block = greatest(excluded.newest_block, CASE WHEN k.movements > 0 THEN k.newest_block END),
      revision = excluded.revision, changed_at = excluded.changed_at;
  ELSE
    -- a fork deletes the newest rows: the newest one left is the first that the walk of the index meets
    UPDATE analytics.kept_partner k SET
      movements = k.movements - g.movements, allocated = k.allocated - g.allocated, claimed = k.claimed - g.claimed, deposited = k.deposited - g.deposited, restaked_rewards = k.restaked_rewards - g.restaked_rewards, returned = k.returned - g.returned,
      newest_block = CASE WHEN k.movements = g.movements THEN k.newest_block ELSE
        (SELECT y.block FROM ledger.partner_entry y WHERE y.chain_id = k.chain_id AND y.partner = k.partner AND y.partnership = k.partnership
        AND y.time >= k.period AND y.time < k.period + interval '1 month' ORDER BY y.block DESC LIMIT 1) END,
      revision = r.revision, changed_at = now()
    FROM (SELECT nextval('analytics.revision') AS revision) r,
    (SELECT x.chain_id, x.partner, x.partnership, date_trunc('month', x.time, 'UTC') AS period, count(*) AS movements,
    coalesce(sum(x.amount) FILTER (WHERE x.kind = 'allocation'), 0) AS allocated, coalesce(sum(x.amount) FILTER (WHERE x.kind = 'payout'), 0) AS claimed, coalesce(sum(x.amount) FILTER (WHERE x.kind = 'contribution' AND x.origin = 'deposit'), 0) AS deposited, coalesce(sum(x.amount) FILTER (WHERE x.kind = 'contribution' AND x.origin = 'restaked_reward'), 0) AS restaked_rewards, coalesce(sum(x.amount) FILTER (WHERE x.kind = 'return'), 0) AS returned,
    max(x.block) AS newest_block
  FROM gone x
  GROUP BY 1, 2, 3, 4) g
    WHERE k.chain_id = g.chain_id AND k.partner = g.partner AND k.partnership = g.partnership AND k.period = g.period;
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION analytics.keep_partner() IS 'Adds new rows of ledger.partner_entry to analytics.kept_partner, and takes out deleted ones.';
REVOKE EXECUTE ON FUNCTION analytics.keep_partner() FROM PUBLIC;
CREATE TRIGGER kept_partner_new AFTER INSERT ON ledger.partner_entry REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION analytics.keep_partner();
CREATE TRIGGER kept_partner_gone AFTER DELETE ON ledger.partner_entry REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION analytics.keep_partner();

CREATE TABLE analytics.kept_delegator (
  chain_id bigint NOT NULL,
  delegator bytea NOT NULL,
  validator_id bigint NOT NULL,
  kind text COLLATE "C" NOT NULL,
  period timestamptz NOT NULL,
  movements bigint NOT NULL,
  amount numeric NOT NULL,
  newest_block bigint NOT NULL,
  revision bigint NOT NULL,
  changed_at timestamptz NOT NULL,
  CONSTRAINT kept_delegator_pk PRIMARY KEY (chain_id, delegator, validator_id, kind, period),
  CONSTRAINT kept_delegator_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
) WITH (fillfactor = 50);
COMMENT ON TABLE analytics.kept_delegator IS 'Movements of each delegator per month of UTC, validator and kind. Kept by triggers on ledger.delegator_entry.';
COMMENT ON COLUMN analytics.kept_delegator.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN analytics.kept_delegator.delegator IS 'Address.';
COMMENT ON COLUMN analytics.kept_delegator.validator_id IS 'Validator id.';
COMMENT ON COLUMN analytics.kept_delegator.kind IS 'claim, restake, migration or unstake.';
COMMENT ON COLUMN analytics.kept_delegator.period IS 'Start of the month.';
COMMENT ON COLUMN analytics.kept_delegator.movements IS 'How many; 0: a fork took them away.';
COMMENT ON COLUMN analytics.kept_delegator.amount IS 'In the smallest unit.';
COMMENT ON COLUMN analytics.kept_delegator.newest_block IS 'Block of the newest row in it.';
COMMENT ON COLUMN analytics.kept_delegator.revision IS 'Number of its last change, ascending over all rollups.';
COMMENT ON COLUMN analytics.kept_delegator.changed_at IS 'When that was.';

CREATE VIEW ledger.rollup_delegator AS
  SELECT x.chain_id, x.delegator, x.validator_id, x.kind, date_trunc('month', x.time, 'UTC') AS period, count(*) AS movements,
    sum(x.amount) AS amount,
    max(x.block) AS newest_block
  FROM ledger.delegator_entry x
  GROUP BY 1, 2, 3, 4, 5;
COMMENT ON VIEW ledger.rollup_delegator IS 'What analytics.kept_delegator must hold, from all rows: slow.';
COMMENT ON COLUMN ledger.rollup_delegator.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.rollup_delegator.delegator IS 'Address.';
COMMENT ON COLUMN ledger.rollup_delegator.validator_id IS 'Validator id.';
COMMENT ON COLUMN ledger.rollup_delegator.kind IS 'claim, restake, migration or unstake.';
COMMENT ON COLUMN ledger.rollup_delegator.period IS 'Start of the month.';
COMMENT ON COLUMN ledger.rollup_delegator.movements IS 'How many.';
COMMENT ON COLUMN ledger.rollup_delegator.amount IS 'In the smallest unit.';
COMMENT ON COLUMN ledger.rollup_delegator.newest_block IS 'Block of the newest row in it.';

CREATE FUNCTION analytics.keep_delegator() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO analytics.kept_delegator AS k (chain_id, delegator, validator_id, kind, period, movements, amount, newest_block, revision, changed_at)
    SELECT g.*, r.revision, now() FROM (SELECT nextval('analytics.revision') AS revision) r,
    (SELECT x.chain_id, x.delegator, x.validator_id, x.kind, date_trunc('month', x.time, 'UTC') AS period, count(*) AS movements,
    sum(x.amount) AS amount,
    max(x.block) AS newest_block
  FROM fresh x
  GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5) g
    ON CONFLICT ON CONSTRAINT kept_delegator_pk DO UPDATE SET
      movements = k.movements + excluded.movements, amount = k.amount + excluded.amount,
      newest_block = greatest(excluded.newest_block, CASE WHEN k.movements > 0 THEN k.newest_block END),
      revision = excluded.revision, changed_at = excluded.changed_at;
  ELSE
    -- a fork deletes the newest rows: the newest one left is the first that the walk of the index meets
    UPDATE analytics.kept_delegator k SET
      movements = k.movements - g.movements, amount = k.amount - g.amount,
      newest_block = CASE WHEN k.movements = g.movements THEN k.newest_block ELSE
        (SELECT y.block FROM ledger.delegator_entry y WHERE y.chain_id = k.chain_id AND y.delegator = k.delegator AND y.validator_id = k.validator_id AND y.kind = k.kind
        AND y.time >= k.period AND y.time < k.period + interval '1 month' ORDER BY y.block DESC LIMIT 1) END,
      revision = r.revision, changed_at = now()
    FROM (SELECT nextval('analytics.revision') AS revision) r,
    (SELECT x.chain_id, x.delegator, x.validator_id, x.kind, date_trunc('month', x.time, 'UTC') AS period, count(*) AS movements,
    sum(x.amount) AS amount,
    max(x.block) AS newest_block
  FROM gone x
  GROUP BY 1, 2, 3, 4, 5) g
    WHERE k.chain_id = g.chain_id AND k.delegator = g.delegator AND k.validator_id = g.validator_id AND k.kind = g.kind AND k.period = g.period;
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION analytics.keep_delegator() IS 'Adds new rows of ledger.delegator_entry to analytics.kept_delegator, and takes out deleted ones.';
REVOKE EXECUTE ON FUNCTION analytics.keep_delegator() FROM PUBLIC;
CREATE TRIGGER kept_delegator_new AFTER INSERT ON ledger.delegator_entry REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION analytics.keep_delegator();
CREATE TRIGGER kept_delegator_gone AFTER DELETE ON ledger.delegator_entry REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION analytics.keep_delegator();

CREATE TABLE analytics.kept_signing (
  chain_id bigint NOT NULL,
  validator_id bigint NOT NULL,
  period timestamptz NOT NULL,
  expected bigint NOT NULL,
  signed bigint NOT NULL,
  newest_block bigint NOT NULL,
  revision bigint NOT NULL,
  changed_at timestamptz NOT NULL,
  CONSTRAINT kept_signing_pk PRIMARY KEY (chain_id, validator_id, period),
  CONSTRAINT kept_signing_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
) WITH (fillfactor = 50);
COMMENT ON TABLE analytics.kept_signing IS 'How often each validator signed main checkpoints, per month of UTC. Kept by triggers on ledger.checkpoint.';
COMMENT ON COLUMN analytics.kept_signing.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN analytics.kept_signing.validator_id IS 'Validator id.';
COMMENT ON COLUMN analytics.kept_signing.period IS 'Start of the month.';
COMMENT ON COLUMN analytics.kept_signing.expected IS 'Main checkpoints at which its signer was in signers[]; 0: a fork took the month away.';
COMMENT ON COLUMN analytics.kept_signing.signed IS 'Of them, signed.';
COMMENT ON COLUMN analytics.kept_signing.newest_block IS 'Block of the newest row in it.';
COMMENT ON COLUMN analytics.kept_signing.revision IS 'Number of its last change, ascending over all rollups.';
COMMENT ON COLUMN analytics.kept_signing.changed_at IS 'When that was.';

CREATE VIEW ledger.rollup_signing AS
  SELECT x.chain_id, i.id AS validator_id, date_trunc('month', x.time, 'UTC') AS period, count(*) AS expected,
    count(*) FILTER (WHERE i.id = ANY (x.signed)) AS signed,
    max(x.block) AS newest_block
  FROM ledger.checkpoint x CROSS JOIN LATERAL (SELECT unnest(x.missed) AS id UNION SELECT s.id FROM unnest(x.signed) AS s(id) WHERE NOT s.id = ANY (x.leaving)) i WHERE x.root_chain_id = 1
  GROUP BY 1, 2, 3;
COMMENT ON VIEW ledger.rollup_signing IS 'What analytics.kept_signing must hold, from all rows: slow.';
COMMENT ON COLUMN ledger.rollup_signing.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.rollup_signing.validator_id IS 'Validator id.';
COMMENT ON COLUMN ledger.rollup_signing.period IS 'Start of the month.';
COMMENT ON COLUMN ledger.rollup_signing.expected IS 'Main checkpoints at which its signer was in signers[].';
COMMENT ON COLUMN ledger.rollup_signing.signed IS 'Of them, signed.';
COMMENT ON COLUMN ledger.rollup_signing.newest_block IS 'Block of the newest row in it.';

CREATE FUNCTION analytics.keep_signing() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO analytics.kept_signing AS k (chain_id, validator_id, period, expected, signed, newest_block, revision, changed_at)
    SELECT g.*, r.revision, now() FROM (SELECT nextval('analytics.revision') AS revision) r,
    (SELECT x.chain_id, i.id AS validator_id, date_trunc('month', x.time, 'UTC') AS period, count(*) AS expected,
    count(*) FILTER (WHERE i.id = ANY (x.signed)) AS signed,
    max(x.block) AS newest_block
  FROM fresh x CROSS JOIN LATERAL (SELECT unnest(x.missed) AS id UNION SELECT s.id FROM unnest(x.signed) AS s(id) WHERE NOT s.id = ANY (x.leaving)) i WHERE x.root_chain_id = 1
  GROUP BY 1, 2, 3 ORDER BY 1, 2, 3) g
    ON CONFLICT ON CONSTRAINT kept_signing_pk DO UPDATE SET
      expected = k.expected + excluded.expected, signed = k.signed + excluded.signed,
      newest_block = greatest(excluded.newest_block, CASE WHEN k.expected > 0 THEN k.newest_block END),
      revision = excluded.revision, changed_at = excluded.changed_at;
  ELSE
    -- a fork deletes the newest rows: the newest one left is the first that the walk of the index meets
    UPDATE analytics.kept_signing k SET
      expected = k.expected - g.expected, signed = k.signed - g.signed,
      newest_block = CASE WHEN k.expected = g.expected THEN k.newest_block ELSE
        (SELECT y.block FROM ledger.checkpoint y WHERE y.chain_id = k.chain_id AND y.root_chain_id = 1 AND (k.validator_id = ANY (y.missed) OR (k.validator_id = ANY (y.signed) AND NOT k.validator_id = ANY (y.leaving)))
        AND y.time >= k.period AND y.time < k.period + interval '1 month' ORDER BY y.block DESC LIMIT 1) END,
      revision = r.revision, changed_at = now()
    FROM (SELECT nextval('analytics.revision') AS revision) r,
    (SELECT x.chain_id, i.id AS validator_id, date_trunc('month', x.time, 'UTC') AS period, count(*) AS expected,
    count(*) FILTER (WHERE i.id = ANY (x.signed)) AS signed,
    max(x.block) AS newest_block
  FROM gone x CROSS JOIN LATERAL (SELECT unnest(x.missed) AS id UNION SELECT s.id FROM unnest(x.signed) AS s(id) WHERE NOT s.id = ANY (x.leaving)) i WHERE x.root_chain_id = 1
  GROUP BY 1, 2, 3) g
    WHERE k.chain_id = g.chain_id AND k.validator_id = g.validator_id AND k.period = g.period;
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION analytics.keep_signing() IS 'Adds new rows of ledger.checkpoint to analytics.kept_signing, and takes out deleted ones.';
REVOKE EXECUTE ON FUNCTION analytics.keep_signing() FROM PUBLIC;
CREATE TRIGGER kept_signing_new AFTER INSERT ON ledger.checkpoint REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION analytics.keep_signing();
CREATE TRIGGER kept_signing_gone AFTER DELETE ON ledger.checkpoint REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION analytics.keep_signing();

CREATE FUNCTION analytics.remake() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  r bigint;
BEGIN
  PERFORM FROM ledger.head FOR UPDATE;
  r := nextval('analytics.revision');
  UPDATE analytics.kept_validator SET credited_checkpoints = 0, own = 0, delegators = 0, proposer_bonus = 0, commission = 0, revision = r, changed_at = now();
  INSERT INTO analytics.kept_validator (chain_id, validator_id, period, credited_checkpoints, own, delegators, proposer_bonus, commission, newest_block, revision, changed_at) SELECT v.*, r, now() FROM ledger.rollup_validator v
    ON CONFLICT ON CONSTRAINT kept_validator_pk DO UPDATE SET credited_checkpoints = excluded.credited_checkpoints, own = excluded.own, delegators = excluded.delegators, proposer_bonus = excluded.proposer_bonus, commission = excluded.commission, newest_block = excluded.newest_block;
  UPDATE analytics.kept_partner SET movements = 0, allocated = 0, claimed = 0, deposited = 0, restaked_rewards = 0, returned = 0, revision = r, changed_at = now();
  INSERT INTO analytics.kept_partner (chain_id, partner, partnership, period, movements, allocated, claimed, deposited, restaked_rewards, returned, newest_block, revision, changed_at) SELECT v.*, r, now() FROM ledger.rollup_partner v
    ON CONFLICT ON CONSTRAINT kept_partner_pk DO UPDATE SET movements = excluded.movements, allocated = excluded.allocated, claimed = excluded.claimed, deposited = excluded.deposited, restaked_rewards = excluded.restaked_rewards, returned = excluded.returned, newest_block = excluded.newest_block;
  UPDATE analytics.kept_delegator SET movements = 0, amount = 0, revision = r, changed_at = now();
  INSERT INTO analytics.kept_delegator (chain_id, delegator, validator_id, kind, period, movements, amount, newest_block, revision, changed_at) SELECT v.*, r, now() FROM ledger.rollup_delegator v
    ON CONFLICT ON CONSTRAINT kept_delegator_pk DO UPDATE SET movements = excluded.movements, amount = excluded.amount, newest_block = excluded.newest_block;
  UPDATE analytics.kept_signing SET expected = 0, signed = 0, revision = r, changed_at = now();
  INSERT INTO analytics.kept_signing (chain_id, validator_id, period, expected, signed, newest_block, revision, changed_at) SELECT v.*, r, now() FROM ledger.rollup_signing v
    ON CONFLICT ON CONSTRAINT kept_signing_pk DO UPDATE SET expected = excluded.expected, signed = excluded.signed, newest_block = excluded.newest_block;
END $$;
COMMENT ON FUNCTION analytics.remake() IS 'Makes the kept rollups anew from all rows of the ledger. For their owner.';
REVOKE EXECUTE ON FUNCTION analytics.remake() FROM PUBLIC;
SELECT analytics.remake();

CREATE VIEW ledger.rollup_fault AS
SELECT x.chain_id, 'analytics.kept_validator'::text AS rollup, x.newest_block AS block FROM
  ((SELECT chain_id, validator_id, period, credited_checkpoints, own, delegators, proposer_bonus, commission, newest_block FROM analytics.kept_validator WHERE credited_checkpoints <> 0 EXCEPT ALL SELECT chain_id, validator_id, period, credited_checkpoints, own, delegators, proposer_bonus, commission, newest_block FROM ledger.rollup_validator)
  UNION ALL (SELECT chain_id, validator_id, period, credited_checkpoints, own, delegators, proposer_bonus, commission, newest_block FROM ledger.rollup_validator EXCEPT ALL SELECT chain_id, validator_id, period, credited_checkpoints, own, delegators, proposer_bonus, commission, newest_block FROM analytics.kept_validator WHERE credited_checkpoints <> 0)) x
UNION ALL
SELECT x.chain_id, 'analytics.kept_partner'::text AS rollup, x.newest_block AS block FROM
  ((SELECT chain_id, partner, partnership, period, movements, allocated, claimed, deposited, restaked_rewards, returned, newest_block FROM analytics.kept_partner WHERE movements <> 0 EXCEPT ALL SELECT chain_id, partner, partnership, period, movements, allocated, claimed, deposited, restaked_rewards, returned, newest_block FROM ledger.rollup_partner)
  UNION ALL (SELECT chain_id, partner, partnership, period, movements, allocated, claimed, deposited, restaked_rewards, returned, newest_block FROM ledger.rollup_partner EXCEPT ALL SELECT chain_id, partner, partnership, period, movements, allocated, claimed, deposited, restaked_rewards, returned, newest_block FROM analytics.kept_partner WHERE movements <> 0)) x
UNION ALL
SELECT x.chain_id, 'analytics.kept_delegator'::text AS rollup, x.newest_block AS block FROM
  ((SELECT chain_id, delegator, validator_id, kind, period, movements, amount, newest_block FROM analytics.kept_delegator WHERE movements <> 0 EXCEPT ALL SELECT chain_id, delegator, validator_id, kind, period, movements, amount, newest_block FROM ledger.rollup_delegator)
  UNION ALL (SELECT chain_id, delegator, validator_id, kind, period, movements, amount, newest_block FROM ledger.rollup_delegator EXCEPT ALL SELECT chain_id, delegator, validator_id, kind, period, movements, amount, newest_block FROM analytics.kept_delegator WHERE movements <> 0)) x
UNION ALL
SELECT x.chain_id, 'analytics.kept_signing'::text AS rollup, x.newest_block AS block FROM
  ((SELECT chain_id, validator_id, period, expected, signed, newest_block FROM analytics.kept_signing WHERE expected <> 0 EXCEPT ALL SELECT chain_id, validator_id, period, expected, signed, newest_block FROM ledger.rollup_signing)
  UNION ALL (SELECT chain_id, validator_id, period, expected, signed, newest_block FROM ledger.rollup_signing EXCEPT ALL SELECT chain_id, validator_id, period, expected, signed, newest_block FROM analytics.kept_signing WHERE expected <> 0)) x;
COMMENT ON VIEW ledger.rollup_fault IS 'Kept rollups that are other than all rows make them: none. Slow.';
COMMENT ON COLUMN ledger.rollup_fault.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.rollup_fault.rollup IS 'Table.';
COMMENT ON COLUMN ledger.rollup_fault.block IS 'Newest block of the row that is missing, too many or wrong.';
REVOKE SELECT ON ledger.rollup_validator, ledger.rollup_partner, ledger.rollup_delegator, ledger.rollup_signing, ledger.rollup_fault FROM bttc_analyst;

CREATE VIEW analytics.emptied AS
SELECT 'validator_' || u.unit AS rollup, date_trunc(u.unit, k.period, 'UTC') AS period, k.validator_id, NULL::text AS account, NULL::text AS partnership,
  NULL::text AS kind, max(k.revision) AS revision, max(k.changed_at) AS changed_at
  FROM analytics.kept_validator k CROSS JOIN (VALUES ('day'), ('week'), ('month')) u(unit) GROUP BY 1, 2, 3 HAVING sum(k.credited_checkpoints) = 0
UNION ALL SELECT 'partner_month', period, NULL, chain.hex(partner), chain.hex(partnership), NULL, revision, changed_at
  FROM analytics.kept_partner WHERE movements = 0
UNION ALL SELECT 'delegator_flow', period, validator_id, chain.hex(delegator), NULL, kind, revision, changed_at
  FROM analytics.kept_delegator WHERE movements = 0
UNION ALL SELECT 'uptime_month', period, validator_id, NULL, NULL, NULL, revision, changed_at
  FROM analytics.kept_signing WHERE expected = 0;
COMMENT ON VIEW analytics.emptied IS 'Rows of rollups that a fork took away: a job that keeps a copy deletes them.';
COMMENT ON COLUMN analytics.emptied.rollup IS 'View that the row was in.';
COMMENT ON COLUMN analytics.emptied.period IS 'Start of the period.';
COMMENT ON COLUMN analytics.emptied.validator_id IS 'Validator id.';
COMMENT ON COLUMN analytics.emptied.account IS 'Partner or delegator.';
COMMENT ON COLUMN analytics.emptied.partnership IS 'Contract.';
COMMENT ON COLUMN analytics.emptied.kind IS 'Kind of movement.';
COMMENT ON COLUMN analytics.emptied.revision IS 'Number of the change that emptied it.';
COMMENT ON COLUMN analytics.emptied.changed_at IS 'When that was.';

DROP VIEW analytics.validator_day_final, analytics.validator_day, analytics.validator_week, analytics.validator_month,
  analytics.partner_month, analytics.delegator_flow;
CREATE VIEW analytics.validator_day AS
SELECT k.validator_id, k.period AS day, k.credited_checkpoints, k.own::numeric(78,0) AS own, k.delegators::numeric(78,0) AS delegators,
  k.proposer_bonus::numeric(78,0) AS proposer_bonus, k.commission::numeric(78,0) AS commission, analytics.btt(k.own) AS own_btt,
  analytics.btt(k.delegators) AS delegators_btt, analytics.btt(k.commission) AS commission_btt, k.newest_block <= h.final AS final,
  k.newest_block, k.revision, k.changed_at
FROM analytics.kept_validator k JOIN chain.head h ON h.chain_id = k.chain_id WHERE k.credited_checkpoints > 0;
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
COMMENT ON COLUMN analytics.validator_day.newest_block IS 'Block of the newest row in it.';
COMMENT ON COLUMN analytics.validator_day.revision IS 'Number of the last change, ascending over all rollups: a job that remembers the greatest one redoes only rows above it.';
COMMENT ON COLUMN analytics.validator_day.changed_at IS 'When that was.';

CREATE VIEW analytics.validator_day_final AS
SELECT d.validator_id, d.day, sum(d.own)::numeric(78,0) AS own, sum(d.delegators)::numeric(78,0) AS delegators, sum(d.commission)::numeric(78,0) AS commission,
  sum(d.n)::bigint AS credited_checkpoints, analytics.btt(sum(d.own)) AS own_btt, analytics.btt(sum(d.delegators)) AS delegators_btt,
  analytics.btt(sum(d.commission)) AS commission_btt
FROM (SELECT k.validator_id, date_trunc('day', k.period, 'UTC') AS day, k.own, k.delegators, k.commission, k.credited_checkpoints AS n
    FROM analytics.kept_validator k
  UNION ALL SELECT a.validator_id, date_trunc('day', a.time, 'UTC'), -a.own AS own, -a.delegators AS delegators, -a.commission AS commission, -1 AS n
    FROM chain.head h JOIN ledger.accrual a ON a.chain_id = h.chain_id AND a.block > h.final) d
GROUP BY 1, 2 HAVING sum(d.n) > 0;
COMMENT ON VIEW analytics.validator_day_final IS 'As validator_day, of final checkpoints only: no fork changes them.';
COMMENT ON COLUMN analytics.validator_day_final.validator_id IS 'Validator id.';
COMMENT ON COLUMN analytics.validator_day_final.day IS 'Start of the day.';
COMMENT ON COLUMN analytics.validator_day_final.own IS 'Credited to the validator.';
COMMENT ON COLUMN analytics.validator_day_final.delegators IS 'Credited to its delegators.';
COMMENT ON COLUMN analytics.validator_day_final.commission IS 'Of own.';
COMMENT ON COLUMN analytics.validator_day_final.credited_checkpoints IS 'Final checkpoints, main and sync, that credited it.';
COMMENT ON COLUMN analytics.validator_day_final.own_btt IS 'own in BTT.';
COMMENT ON COLUMN analytics.validator_day_final.delegators_btt IS 'delegators in BTT.';
COMMENT ON COLUMN analytics.validator_day_final.commission_btt IS 'commission in BTT.';

CREATE VIEW analytics.validator_week AS
SELECT k.validator_id, date_trunc('week', k.period, 'UTC') AS week, sum(k.credited_checkpoints)::bigint AS credited_checkpoints,
  sum(k.own)::numeric(78,0) AS own, sum(k.delegators)::numeric(78,0) AS delegators, sum(k.proposer_bonus)::numeric(78,0) AS proposer_bonus,
  sum(k.commission)::numeric(78,0) AS commission, analytics.btt(sum(k.own)) AS own_btt, analytics.btt(sum(k.delegators)) AS delegators_btt,
  analytics.btt(sum(k.commission)) AS commission_btt, max(k.newest_block) FILTER (WHERE k.credited_checkpoints > 0) <= max(h.final) AS final,
  max(k.newest_block) FILTER (WHERE k.credited_checkpoints > 0) AS newest_block, max(k.revision) AS revision, max(k.changed_at) AS changed_at
FROM analytics.kept_validator k JOIN chain.head h ON h.chain_id = k.chain_id GROUP BY 1, 2 HAVING sum(k.credited_checkpoints) > 0;
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
COMMENT ON COLUMN analytics.validator_week.newest_block IS 'Block of the newest row in it.';
COMMENT ON COLUMN analytics.validator_week.revision IS 'Number of the last change, ascending over all rollups: a job that remembers the greatest one redoes only rows above it.';
COMMENT ON COLUMN analytics.validator_week.changed_at IS 'When that was.';

CREATE VIEW analytics.validator_week_final AS
SELECT d.validator_id, d.week, sum(d.own)::numeric(78,0) AS own, sum(d.delegators)::numeric(78,0) AS delegators, sum(d.commission)::numeric(78,0) AS commission,
  sum(d.n)::bigint AS credited_checkpoints, analytics.btt(sum(d.own)) AS own_btt, analytics.btt(sum(d.delegators)) AS delegators_btt,
  analytics.btt(sum(d.commission)) AS commission_btt
FROM (SELECT k.validator_id, date_trunc('week', k.period, 'UTC') AS week, k.own, k.delegators, k.commission, k.credited_checkpoints AS n
    FROM analytics.kept_validator k
  UNION ALL SELECT a.validator_id, date_trunc('week', a.time, 'UTC'), -a.own AS own, -a.delegators AS delegators, -a.commission AS commission, -1 AS n
    FROM chain.head h JOIN ledger.accrual a ON a.chain_id = h.chain_id AND a.block > h.final) d
GROUP BY 1, 2 HAVING sum(d.n) > 0;
COMMENT ON VIEW analytics.validator_week_final IS 'As validator_week, of final checkpoints only: no fork changes them.';
COMMENT ON COLUMN analytics.validator_week_final.validator_id IS 'Validator id.';
COMMENT ON COLUMN analytics.validator_week_final.week IS 'Start of the week.';
COMMENT ON COLUMN analytics.validator_week_final.own IS 'Credited to the validator.';
COMMENT ON COLUMN analytics.validator_week_final.delegators IS 'Credited to its delegators.';
COMMENT ON COLUMN analytics.validator_week_final.commission IS 'Of own.';
COMMENT ON COLUMN analytics.validator_week_final.credited_checkpoints IS 'Final checkpoints, main and sync, that credited it.';
COMMENT ON COLUMN analytics.validator_week_final.own_btt IS 'own in BTT.';
COMMENT ON COLUMN analytics.validator_week_final.delegators_btt IS 'delegators in BTT.';
COMMENT ON COLUMN analytics.validator_week_final.commission_btt IS 'commission in BTT.';

CREATE VIEW analytics.validator_month AS
SELECT k.validator_id, date_trunc('month', k.period, 'UTC') AS month, sum(k.credited_checkpoints)::bigint AS credited_checkpoints,
  sum(k.own)::numeric(78,0) AS own, sum(k.delegators)::numeric(78,0) AS delegators, sum(k.proposer_bonus)::numeric(78,0) AS proposer_bonus,
  sum(k.commission)::numeric(78,0) AS commission, analytics.btt(sum(k.own)) AS own_btt, analytics.btt(sum(k.delegators)) AS delegators_btt,
  analytics.btt(sum(k.commission)) AS commission_btt, max(k.newest_block) FILTER (WHERE k.credited_checkpoints > 0) <= max(h.final) AS final,
  max(k.newest_block) FILTER (WHERE k.credited_checkpoints > 0) AS newest_block, max(k.revision) AS revision, max(k.changed_at) AS changed_at
FROM analytics.kept_validator k JOIN chain.head h ON h.chain_id = k.chain_id GROUP BY 1, 2 HAVING sum(k.credited_checkpoints) > 0;
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
COMMENT ON COLUMN analytics.validator_month.newest_block IS 'Block of the newest row in it.';
COMMENT ON COLUMN analytics.validator_month.revision IS 'Number of the last change, ascending over all rollups: a job that remembers the greatest one redoes only rows above it.';
COMMENT ON COLUMN analytics.validator_month.changed_at IS 'When that was.';

CREATE VIEW analytics.validator_month_final AS
SELECT d.validator_id, d.month, sum(d.own)::numeric(78,0) AS own, sum(d.delegators)::numeric(78,0) AS delegators, sum(d.commission)::numeric(78,0) AS commission,
  sum(d.n)::bigint AS credited_checkpoints, analytics.btt(sum(d.own)) AS own_btt, analytics.btt(sum(d.delegators)) AS delegators_btt,
  analytics.btt(sum(d.commission)) AS commission_btt
FROM (SELECT k.validator_id, date_trunc('month', k.period, 'UTC') AS month, k.own, k.delegators, k.commission, k.credited_checkpoints AS n
    FROM analytics.kept_validator k
  UNION ALL SELECT a.validator_id, date_trunc('month', a.time, 'UTC'), -a.own AS own, -a.delegators AS delegators, -a.commission AS commission, -1 AS n
    FROM chain.head h JOIN ledger.accrual a ON a.chain_id = h.chain_id AND a.block > h.final) d
GROUP BY 1, 2 HAVING sum(d.n) > 0;
COMMENT ON VIEW analytics.validator_month_final IS 'As validator_month, of final checkpoints only: no fork changes them.';
COMMENT ON COLUMN analytics.validator_month_final.validator_id IS 'Validator id.';
COMMENT ON COLUMN analytics.validator_month_final.month IS 'Start of the month.';
COMMENT ON COLUMN analytics.validator_month_final.own IS 'Credited to the validator.';
COMMENT ON COLUMN analytics.validator_month_final.delegators IS 'Credited to its delegators.';
COMMENT ON COLUMN analytics.validator_month_final.commission IS 'Of own.';
COMMENT ON COLUMN analytics.validator_month_final.credited_checkpoints IS 'Final checkpoints, main and sync, that credited it.';
COMMENT ON COLUMN analytics.validator_month_final.own_btt IS 'own in BTT.';
COMMENT ON COLUMN analytics.validator_month_final.delegators_btt IS 'delegators in BTT.';
COMMENT ON COLUMN analytics.validator_month_final.commission_btt IS 'commission in BTT.';

CREATE VIEW analytics.partner_month AS
SELECT chain.hex(k.partner) AS partner, chain.hex(k.partnership) AS partnership, k.period AS month,
  k.allocated::numeric(78,0) AS allocated, k.claimed::numeric(78,0) AS claimed, k.deposited::numeric(78,0) AS deposited, k.restaked_rewards::numeric(78,0) AS restaked_rewards, k.returned::numeric(78,0) AS returned,
  analytics.btt(k.allocated) AS allocated_btt, analytics.btt(k.claimed) AS claimed_btt, analytics.btt(k.deposited) AS deposited_btt, analytics.btt(k.restaked_rewards) AS restaked_rewards_btt, analytics.btt(k.returned) AS returned_btt,
  k.newest_block <= h.final AS final, k.newest_block, k.movements, k.revision, k.changed_at
FROM analytics.kept_partner k JOIN chain.head h ON h.chain_id = k.chain_id WHERE k.movements > 0;
COMMENT ON VIEW analytics.partner_month IS 'Movements of each partner per month of UTC and partnership.';
COMMENT ON COLUMN analytics.partner_month.partner IS 'Address.';
COMMENT ON COLUMN analytics.partner_month.partnership IS 'Contract.';
COMMENT ON COLUMN analytics.partner_month.month IS 'Start of the month.';
COMMENT ON COLUMN analytics.partner_month.allocated IS 'Income credited.';
COMMENT ON COLUMN analytics.partner_month.claimed IS 'Paid out.';
COMMENT ON COLUMN analytics.partner_month.deposited IS 'Capital paid in.';
COMMENT ON COLUMN analytics.partner_month.restaked_rewards IS 'Income that became capital.';
COMMENT ON COLUMN analytics.partner_month.returned IS 'Capital paid back.';
COMMENT ON COLUMN analytics.partner_month.allocated_btt IS 'allocated in BTT.';
COMMENT ON COLUMN analytics.partner_month.claimed_btt IS 'claimed in BTT.';
COMMENT ON COLUMN analytics.partner_month.deposited_btt IS 'deposited in BTT.';
COMMENT ON COLUMN analytics.partner_month.restaked_rewards_btt IS 'restaked_rewards in BTT.';
COMMENT ON COLUMN analytics.partner_month.returned_btt IS 'returned in BTT.';
COMMENT ON COLUMN analytics.partner_month.final IS 'All rows of the month so far are final.';
COMMENT ON COLUMN analytics.partner_month.newest_block IS 'Block of the newest row.';
COMMENT ON COLUMN analytics.partner_month.movements IS 'How many.';
COMMENT ON COLUMN analytics.partner_month.revision IS 'Number of the last change, ascending over all rollups: a job that remembers the greatest one redoes only rows above it.';
COMMENT ON COLUMN analytics.partner_month.changed_at IS 'When that was.';

CREATE VIEW analytics.partner_month_final AS
SELECT chain.hex(x.partner) AS partner, chain.hex(x.partnership) AS partnership, date_trunc('month', x.time, 'UTC') AS month,
  coalesce(sum(x.amount) FILTER (WHERE x.kind = 'allocation'), 0)::numeric(78,0) AS allocated,
  coalesce(sum(x.amount) FILTER (WHERE x.kind = 'payout'), 0)::numeric(78,0) AS claimed,
  coalesce(sum(x.amount) FILTER (WHERE x.kind = 'contribution' AND x.origin = 'deposit'), 0)::numeric(78,0) AS deposited,
  coalesce(sum(x.amount) FILTER (WHERE x.kind = 'contribution' AND x.origin = 'restaked_reward'), 0)::numeric(78,0) AS restaked_rewards,
  coalesce(sum(x.amount) FILTER (WHERE x.kind = 'return'), 0)::numeric(78,0) AS returned
FROM ledger.partner_entry x JOIN chain.head h ON h.chain_id = x.chain_id WHERE x.block <= h.final GROUP BY 1, 2, 3;
COMMENT ON VIEW analytics.partner_month_final IS 'As partner_month, of final blocks only: no fork changes them.';
COMMENT ON COLUMN analytics.partner_month_final.partner IS 'Address.';
COMMENT ON COLUMN analytics.partner_month_final.partnership IS 'Contract.';
COMMENT ON COLUMN analytics.partner_month_final.month IS 'Start of the month.';
COMMENT ON COLUMN analytics.partner_month_final.allocated IS 'Income credited.';
COMMENT ON COLUMN analytics.partner_month_final.claimed IS 'Paid out.';
COMMENT ON COLUMN analytics.partner_month_final.deposited IS 'Capital paid in.';
COMMENT ON COLUMN analytics.partner_month_final.restaked_rewards IS 'Income that became capital.';
COMMENT ON COLUMN analytics.partner_month_final.returned IS 'Capital paid back.';

CREATE VIEW analytics.payout_final AS SELECT * FROM analytics.payout WHERE final;
COMMENT ON VIEW analytics.payout_final IS 'As payout, of final blocks only: no fork changes them.';
COMMENT ON COLUMN analytics.payout_final.time IS 'Time of the block.';
COMMENT ON COLUMN analytics.payout_final.block IS 'Block number.';
COMMENT ON COLUMN analytics.payout_final.tx IS 'Transaction.';
COMMENT ON COLUMN analytics.payout_final.log_index IS 'Index of the log.';
COMMENT ON COLUMN analytics.payout_final.partner IS 'Who claimed.';
COMMENT ON COLUMN analytics.payout_final.recipient IS 'Who got the tokens.';
COMMENT ON COLUMN analytics.payout_final.partnership IS 'Contract.';
COMMENT ON COLUMN analytics.payout_final.validator_id IS 'Its validator.';
COMMENT ON COLUMN analytics.payout_final.amount IS 'In the smallest unit.';
COMMENT ON COLUMN analytics.payout_final.amount_btt IS 'In BTT.';
COMMENT ON COLUMN analytics.payout_final.share_bps IS 'Share in force, in 1/10000.';
COMMENT ON COLUMN analytics.payout_final.terms_tx IS 'Transaction that set the share.';
COMMENT ON COLUMN analytics.payout_final.final IS 'The block is final.';

CREATE VIEW analytics.delegator_flow AS
SELECT chain.hex(k.delegator) AS delegator, k.validator_id, k.period AS month, k.kind, k.movements, k.amount::numeric(78,0) AS amount,
  analytics.btt(k.amount) AS amount_btt, k.newest_block <= h.final AS final, k.newest_block, k.revision, k.changed_at
FROM analytics.kept_delegator k JOIN chain.head h ON h.chain_id = k.chain_id WHERE k.movements > 0;
COMMENT ON VIEW analytics.delegator_flow IS 'What delegators were paid, reinvested or moved, per month and validator.';
COMMENT ON COLUMN analytics.delegator_flow.delegator IS 'Address.';
COMMENT ON COLUMN analytics.delegator_flow.validator_id IS 'Validator id.';
COMMENT ON COLUMN analytics.delegator_flow.month IS 'Start of the month.';
COMMENT ON COLUMN analytics.delegator_flow.kind IS 'claim, restake, migration or unstake.';
COMMENT ON COLUMN analytics.delegator_flow.movements IS 'How many.';
COMMENT ON COLUMN analytics.delegator_flow.amount IS 'In the smallest unit.';
COMMENT ON COLUMN analytics.delegator_flow.amount_btt IS 'In BTT.';
COMMENT ON COLUMN analytics.delegator_flow.final IS 'All rows in it are final.';
COMMENT ON COLUMN analytics.delegator_flow.newest_block IS 'Block of the newest row in it.';
COMMENT ON COLUMN analytics.delegator_flow.revision IS 'Number of the last change, ascending over all rollups: a job that remembers the greatest one redoes only rows above it.';
COMMENT ON COLUMN analytics.delegator_flow.changed_at IS 'When that was.';

CREATE OR REPLACE VIEW analytics.uptime AS
SELECT k.validator_id, sum(k.expected)::bigint AS expected, sum(k.signed)::bigint AS signed, round(sum(k.signed) / sum(k.expected), 6) AS uptime
FROM analytics.kept_signing k WHERE k.expected > 0 GROUP BY 1;

CREATE VIEW analytics.uptime_month AS
SELECT k.validator_id, k.period AS month, k.expected, k.signed, round(k.signed::numeric / k.expected, 6) AS uptime,
  k.newest_block <= h.final AS final, k.newest_block, k.revision, k.changed_at
FROM analytics.kept_signing k JOIN chain.head h ON h.chain_id = k.chain_id WHERE k.expected > 0;
COMMENT ON VIEW analytics.uptime_month IS 'How often each validator signed the main checkpoints that it should have signed, per month of UTC.';
COMMENT ON COLUMN analytics.uptime_month.validator_id IS 'Validator id.';
COMMENT ON COLUMN analytics.uptime_month.month IS 'Start of the month.';
COMMENT ON COLUMN analytics.uptime_month.expected IS 'Main checkpoints at which its signer was in signers[].';
COMMENT ON COLUMN analytics.uptime_month.signed IS 'Of them, signed.';
COMMENT ON COLUMN analytics.uptime_month.uptime IS 'signed / expected.';
COMMENT ON COLUMN analytics.uptime_month.final IS 'All rows of the month so far are final.';
COMMENT ON COLUMN analytics.uptime_month.newest_block IS 'Block of the newest row in it.';
COMMENT ON COLUMN analytics.uptime_month.revision IS 'Number of the last change, ascending over all rollups: a job that remembers the greatest one redoes only rows above it.';
COMMENT ON COLUMN analytics.uptime_month.changed_at IS 'When that was.';

CREATE OR REPLACE FUNCTION analytics.validator_apr(days integer) RETURNS TABLE (validator_id bigint, reward numeric, stake numeric, apr_percent numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH h AS (SELECT c.chain_id, c.time AS now, c.block FROM ledger.checkpoint c JOIN ledger.head l ON l.chain_id = c.chain_id
    WHERE EXISTS (SELECT FROM ledger.accrual x WHERE x.chain_id = c.chain_id AND x.block = c.block) ORDER BY c.block DESC LIMIT 1),
  -- whole days from the rollup, and of the first one what lies within
  a AS (SELECT d.validator_id, sum(d.reward) AS reward FROM (
      SELECT k.validator_id, k.own + k.delegators AS reward FROM analytics.kept_validator k, h WHERE k.chain_id = h.chain_id
        AND k.period > h.now - make_interval(days => days)
      UNION ALL SELECT x.validator_id, x.own + x.delegators FROM h JOIN ledger.accrual x ON x.chain_id = h.chain_id
        AND x.time > h.now - make_interval(days => days)
        AND x.time < date_trunc('day', h.now - make_interval(days => days), 'UTC') + interval '1 day'
        AND x.block BETWEEN (SELECT min(c.block) FROM ledger.checkpoint c WHERE c.chain_id = h.chain_id AND c.time > h.now - make_interval(days => days))
        AND (SELECT max(c.block) FROM ledger.checkpoint c WHERE c.chain_id = h.chain_id AND c.time < date_trunc('day', h.now - make_interval(days => days), 'UTC') + interval '1 day')) d GROUP BY 1)
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
  a AS (SELECT validator_id, sum(own + delegators) AS reward, sum(commission) AS commission FROM analytics.kept_validator GROUP BY 1)
  SELECT v.kind, count(*), sum(v.own_stake + v.delegated_stake), coalesce(sum(u.expected), 0), coalesce(sum(u.signed), 0),
    round(sum(u.signed)::numeric / nullif(sum(u.expected), 0), 6), coalesce(sum(a.reward), 0), coalesce(sum(a.commission), 0),
    round(coalesce(sum(a.reward), 0) / nullif(sum(v.own_stake + v.delegated_stake), 0), 12), coalesce(sum(a.reward), 0) - count(*) * cost_per_validator
  FROM v LEFT JOIN analytics.uptime u ON u.validator_id = v.validator_id LEFT JOIN a ON a.validator_id = v.validator_id GROUP BY 1 ORDER BY 1
$$;

CREATE FUNCTION analytics.delegator_at(at bigint, who text DEFAULT NULL) RETURNS TABLE (delegator text, validator_id bigint, shares numeric,
  stake numeric, exchange_rate numeric, reward numeric, initial_reward_per_share numeric, unbonding numeric)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  WITH k AS (SELECT x.chain_id, x.share_contract, x.delegator FROM ledger.position x WHERE x.created AND x.block <= at
      AND x.chain_id = (SELECT chain_id FROM ledger.head LIMIT 1) AND (who IS NULL OR x.delegator = decode(substr(who, 3), 'hex'))),
  p AS (SELECT r.* FROM k CROSS JOIN LATERAL (SELECT * FROM ledger.position y WHERE y.chain_id = k.chain_id AND y.share_contract = k.share_contract
      AND y.delegator = k.delegator AND y.block <= at ORDER BY y.block DESC LIMIT 1) r),
  c AS (SELECT r.*, CASE WHEN r.validator_id < 8 THEN 100 ELSE 100000000000000000000000000000 END AS unit FROM (SELECT DISTINCT p.chain_id,
      p.share_contract FROM p) d CROSS JOIN LATERAL (SELECT * FROM ledger.share y WHERE y.chain_id = d.chain_id AND y.contract = d.share_contract
      AND y.block <= at ORDER BY y.block DESC LIMIT 1) r),
  -- getRewardPerShare and exchangeRate as the contract computes them: truncating divisions in this order
  s AS (SELECT c.contract, c.unit, CASE WHEN c.total_supply = 0 THEN c.unit ELSE div(v.delegated_stake * c.unit, c.total_supply) END AS rate,
      c.reward_per_share + CASE WHEN c.total_supply = 0 THEN 0 ELSE div(v.delegators_reward * 10000000000000000000000000, c.total_supply) END AS per_share
      FROM c JOIN analytics.validator_at(at) v ON v.validator_id = c.validator_id)
  SELECT chain.hex(p.delegator), p.validator_id, p.shares, div(p.shares * s.rate, s.unit), s.rate,
    CASE WHEN p.shares = 0 THEN 0 ELSE div((s.per_share - p.initial_reward_per_share) * p.shares, 10000000000000000000000000) END, p.initial_reward_per_share,
    coalesce((SELECT sum(u.shares) FROM (SELECT DISTINCT ON (y.nonce) y.shares FROM ledger.unbond y WHERE y.chain_id = p.chain_id
      AND y.share_contract = p.share_contract AND y.delegator = p.delegator AND y.block <= at ORDER BY y.nonce, y.block DESC) u), 0)
  FROM p JOIN s ON s.contract = p.share_contract ORDER BY 1, 2
$$;
COMMENT ON FUNCTION analytics.delegator_at(bigint, text) IS 'Positions of all delegators, or of one, at the END of a block, with the contract''s views getTotalStake and getLiquidRewards; unbonding: shares of open unbonds. Amounts in the smallest unit.';
REVOKE EXECUTE ON FUNCTION analytics.delegator_at(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION analytics.delegator_at(bigint, text) TO bttc_analyst, bttc_api;
