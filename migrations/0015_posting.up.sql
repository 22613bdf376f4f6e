-- Double entry: every movement of token units, from which account to which. What a checkpoint credits to each
-- validator is in ledger.accrual already and is not stored a second time: analytics.posting has both.
CREATE TABLE ledger.posting (
  chain_id bigint NOT NULL,
  block bigint NOT NULL,
  ordinal integer NOT NULL,
  log_index integer,
  tx bytea,
  time timestamptz,
  kind text COLLATE "C" NOT NULL,
  debit text COLLATE "C" NOT NULL,
  credit text COLLATE "C" NOT NULL,
  amount numeric(78,0) NOT NULL,
  CONSTRAINT posting_pk PRIMARY KEY (chain_id, block, ordinal),
  CONSTRAINT posting_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX posting_debit_ix ON ledger.posting (debit, block);
CREATE INDEX posting_credit_ix ON ledger.posting (credit, block);
COMMENT ON TABLE ledger.posting IS 'Movements of token units between two accounts, except what checkpoints credit to each validator (ledger.accrual).';
COMMENT ON COLUMN ledger.posting.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.posting.block IS 'Block of the log or call that caused it; of an opening: the block before the first one.';
COMMENT ON COLUMN ledger.posting.ordinal IS 'Counts the movements of the block from 0, in the order in which they happened.';
COMMENT ON COLUMN ledger.posting.log_index IS 'Index of that log in its block; NULL: a call or an opening.';
COMMENT ON COLUMN ledger.posting.tx IS 'Its transaction; NULL: an opening.';
COMMENT ON COLUMN ledger.posting.time IS 'Time of the block; NULL: an opening.';
COMMENT ON COLUMN ledger.posting.kind IS 'Why: transfer, credited, settled, claimed, restaked, staked, delegated, allocated, paid, ... (schema/POSTINGS.md).';
COMMENT ON COLUMN ledger.posting.debit IS 'Account that the units left.';
COMMENT ON COLUMN ledger.posting.credit IS 'Account that they went to.';
COMMENT ON COLUMN ledger.posting.amount IS 'In the smallest unit, above zero.';
INSERT INTO ledger.derived VALUES ('posting');
ALTER TABLE ledger.head ADD COLUMN stake_manager bytea;
COMMENT ON COLUMN ledger.head.stake_manager IS 'Address of the StakeManager, 20 bytes.';

CREATE VIEW analytics.posting AS
SELECT p.block, p.log_index, p.ordinal, p.time, chain.hex(p.tx) AS tx, p.kind, p.debit, p.credit, p.amount,
  analytics.btt(p.amount) AS amount_btt, coalesce(p.block <= h.final, false) AS final
FROM ledger.posting p JOIN chain.head h ON h.chain_id = p.chain_id
UNION ALL
SELECT a.block, a.log_index, NULL, a.time, chain.hex(a.tx), x.kind, 'stake_manager/reserve', x.credit, x.amount,
  analytics.btt(x.amount), coalesce(a.block <= h.final, false)
FROM ledger.accrual a JOIN chain.head h ON h.chain_id = a.chain_id CROSS JOIN LATERAL (VALUES
  ('credited', 'stake_manager/accrued/' || a.validator_id, (a.own - a.proposer_bonus - a.commission)::numeric(78,0)),
  ('commission', 'stake_manager/accrued/' || a.validator_id, a.commission),
  ('credited', 'stake_manager/delegators_accrued/' || a.validator_id, a.delegators)) AS x (kind, credit, amount)
WHERE x.amount > 0;
COMMENT ON VIEW analytics.posting IS 'Every movement of token units, from the account debit to the account credit. The balance of an account is the sum of its credits less that of its debits; all balances add up to zero.';
COMMENT ON COLUMN analytics.posting.block IS 'Block of its cause; of an opening: the block before the first one.';
COMMENT ON COLUMN analytics.posting.log_index IS 'Index of the log that caused it; NULL: a call or an opening.';
COMMENT ON COLUMN analytics.posting.ordinal IS 'Order within the block; NULL: credited by the checkpoint at log_index.';
COMMENT ON COLUMN analytics.posting.time IS 'Time of the block; NULL: an opening.';
COMMENT ON COLUMN analytics.posting.tx IS 'Transaction; NULL: an opening.';
COMMENT ON COLUMN analytics.posting.kind IS 'Why the units moved (schema/POSTINGS.md).';
COMMENT ON COLUMN analytics.posting.debit IS 'Account that they left.';
COMMENT ON COLUMN analytics.posting.credit IS 'Account that they went to.';
COMMENT ON COLUMN analytics.posting.amount IS 'In the smallest unit.';
COMMENT ON COLUMN analytics.posting.amount_btt IS 'amount in BTT.';
COMMENT ON COLUMN analytics.posting.final IS 'Its block is final.';

CREATE FUNCTION analytics.account_balance(account text, at bigint) RETURNS numeric
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
SELECT (coalesce((SELECT sum(amount) FROM ledger.posting WHERE credit = account AND block <= at), 0)
  - coalesce((SELECT sum(amount) FROM ledger.posting WHERE debit = account AND block <= at), 0)
  + CASE
      WHEN account ~ '^stake_manager/accrued/[0-9]{1,18}$' THEN coalesce((SELECT sum(own - proposer_bonus) FROM ledger.accrual
        WHERE validator_id = split_part(account, '/', 3)::bigint AND block <= at), 0)
      WHEN account ~ '^stake_manager/delegators_accrued/[0-9]{1,18}$' THEN coalesce((SELECT sum(delegators) FROM ledger.accrual
        WHERE validator_id = split_part(account, '/', 3)::bigint AND block <= at), 0)
      WHEN account = 'stake_manager/reserve' THEN -coalesce((SELECT sum(own - proposer_bonus + delegators) FROM ledger.accrual
        WHERE block <= at), 0)
      ELSE 0 END)::numeric(78,0)
$$;
COMMENT ON FUNCTION analytics.account_balance(text, bigint) IS 'Balance of an account at the END of a block, in the smallest unit; 0 for an account that nothing was posted to.';

CREATE FUNCTION analytics.trial_balance(at bigint) RETURNS TABLE (holder text, account text, accounts bigint, balance numeric)
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
WITH leg AS (
  SELECT debit AS name, -sum(amount) AS units FROM ledger.posting WHERE block <= at GROUP BY 1
  UNION ALL SELECT credit, sum(amount) FROM ledger.posting WHERE block <= at GROUP BY 1
  UNION ALL SELECT 'stake_manager/accrued/' || validator_id, sum(own - proposer_bonus) FROM ledger.accrual WHERE block <= at GROUP BY 1
  UNION ALL SELECT 'stake_manager/delegators_accrued/' || validator_id, sum(delegators) FROM ledger.accrual WHERE block <= at GROUP BY 1
  UNION ALL SELECT 'stake_manager/reserve', -coalesce(sum(own - proposer_bonus + delegators), 0) FROM ledger.accrual WHERE block <= at
), named AS (SELECT name, sum(units) AS units FROM leg GROUP BY 1)
SELECT CASE split_part(name, '/', 1) WHEN 'stake_manager' THEN 'stake_manager'
    WHEN 'partnership' THEN 'partnership/' || split_part(name, '/', 2) END,
  CASE split_part(name, '/', 1) WHEN 'stake_manager' THEN split_part(name, '/', 2)
    WHEN 'partnership' THEN split_part(name, '/', 3) ELSE split_part(name, '/', 1) END,
  count(*) FILTER (WHERE units <> 0), sum(units)::numeric(78,0)
FROM named GROUP BY 1, 2 ORDER BY 1 NULLS LAST, 2
$$;
COMMENT ON FUNCTION analytics.trial_balance(bigint) IS 'Balances of all accounts at the END of a block, added up per holder and sort of account: balance adds up to zero. holder: whose token balance the accounts are parts of; NULL: other wallets, and claims on capital. accounts: how many are not empty.';

CREATE FUNCTION analytics.holder_balance(at bigint) RETURNS TABLE (holder text, in_accounts numeric, tokens numeric)
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
SELECT t.holder, sum(t.balance)::numeric(78,0), coalesce((SELECT b.amount FROM ledger.balance b
    WHERE b.account = CASE WHEN t.holder = 'stake_manager' THEN (SELECT h.stake_manager FROM ledger.head h LIMIT 1)
      ELSE decode(substr(split_part(t.holder, '/', 2), 3), 'hex') END
    AND b.block <= at ORDER BY b.block DESC LIMIT 1), 0)::numeric(78,0)
FROM analytics.trial_balance(at) t WHERE t.holder IS NOT NULL GROUP BY t.holder ORDER BY 1
$$;
COMMENT ON FUNCTION analytics.holder_balance(bigint) IS 'Of the StakeManager and each partnership at the END of a block: the sum of its accounts, and the tokens that the token''s own transfers left it. They are equal, except where transfers before the holder was known were not watched.';
REVOKE EXECUTE ON FUNCTION analytics.account_balance(text, bigint), analytics.trial_balance(bigint), analytics.holder_balance(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION analytics.account_balance(text, bigint), analytics.trial_balance(bigint), analytics.holder_balance(bigint) TO bttc_analyst, bttc_api, bttc_writer;
