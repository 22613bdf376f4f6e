-- Partnerships seen from outside, roles that the initial state gives, and who sent what to a partnership.
-- Rows made before lack both; they are made anew at the next start.
DO $$
DECLARE
  id bigint;
BEGIN
  FOR id IN SELECT chain_id FROM ledger.head LOOP
    PERFORM ledger.cut(id, -9223372036854775808);
  END LOOP;
END $$;
DELETE FROM ledger.head;
COMMENT ON COLUMN ledger.partnership.phase IS '0 none, 1 initialized, 2 staked, 3 unstaking, 4 closed, 5 inferred: its events are not known, all follows from transfers and staking events.';
COMMENT ON COLUMN ledger.person.list_order IS 'Place in the contract''s list of partners, ascending; of an inferred partnership: how often it was paid.';
COMMENT ON COLUMN ledger.person.active IS '1: a partner now; of an inferred partnership: paid in, or was paid more than once.';

CREATE TABLE ledger.flow (
  chain_id bigint NOT NULL,
  partnership bytea NOT NULL,
  block bigint NOT NULL,
  created boolean NOT NULL,
  rewards numeric(78,0) NOT NULL,
  principal numeric(78,0) NOT NULL,
  from_manager numeric(78,0) NOT NULL,
  to_manager numeric(78,0) NOT NULL,
  paid_in numeric(78,0) NOT NULL,
  paid_out numeric(78,0) NOT NULL,
  validator_id bigint NOT NULL,
  CONSTRAINT flow_pk PRIMARY KEY (chain_id, partnership, block),
  CONSTRAINT flow_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX flow_created_ix ON ledger.flow (chain_id, partnership) WHERE created;
CREATE INDEX flow_block_ix ON ledger.flow USING brin (block) WITH (autosummarize = on);
COMMENT ON TABLE ledger.flow IS 'Tokens of partnerships as transfers and staking events show them, whatever their own events say; all time, from when the contract was known.';
COMMENT ON COLUMN ledger.flow.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.flow.block IS 'Block at whose end it is so.';
COMMENT ON COLUMN ledger.flow.created IS 'The first row of its key.';
COMMENT ON COLUMN ledger.flow.partnership IS 'Contract, 20 bytes.';
COMMENT ON COLUMN ledger.flow.rewards IS 'Paid by the StakeManager as rewards of a validator or a delegator.';
COMMENT ON COLUMN ledger.flow.principal IS 'Paid by the StakeManager as stake that came back.';
COMMENT ON COLUMN ledger.flow.from_manager IS 'All transfers from the StakeManager.';
COMMENT ON COLUMN ledger.flow.to_manager IS 'All transfers to the StakeManager.';
COMMENT ON COLUMN ledger.flow.paid_in IS 'Transfers from everybody else.';
COMMENT ON COLUMN ledger.flow.paid_out IS 'Transfers to everybody else.';
COMMENT ON COLUMN ledger.flow.validator_id IS 'Validator whose token it got last; 0: none.';
INSERT INTO ledger.derived VALUES ('flow');

ALTER TABLE ledger.role_entry ALTER COLUMN tx DROP NOT NULL, ALTER COLUMN time DROP NOT NULL;
COMMENT ON COLUMN ledger.role_entry.block IS 'Block of the log that caused it; of the initial state: the block before the first one.';
COMMENT ON COLUMN ledger.role_entry.log_index IS 'Index of that log in its block; below 0: the initial state.';
COMMENT ON COLUMN ledger.role_entry.tx IS 'Its transaction; NULL: the initial state.';
COMMENT ON COLUMN ledger.role_entry.time IS 'Time of the block; NULL: the initial state.';

CREATE INDEX tx_recipient_ix ON chain.tx (recipient, block, tx_index);

CREATE FUNCTION ledger.roles_at(id bigint, pact bytea, who bytea, at bigint, place integer) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(r.role, ',' ORDER BY r.role) FROM (SELECT DISTINCT ON (e.role) e.role, e.given FROM ledger.role_entry e
    LEFT JOIN chain.log l ON l.chain_id = e.chain_id AND l.block = e.block AND l.log_index = e.log_index
    WHERE e.chain_id = id AND e.partnership = pact AND e.account = who AND (e.block < at OR (e.block = at AND l.tx_index < place))
    ORDER BY e.role, e.block DESC, e.log_index DESC) r WHERE r.given
$$;
COMMENT ON FUNCTION ledger.roles_at(bigint, bytea, bytea, bigint, integer) IS 'Roles that an account had in a partnership right before a transaction, apart by commas, in order of their names; NULL: none.';

CREATE VIEW analytics.partnership_transaction AS
SELECT b.time, t.block, t.tx_index, chain.hex(t.hash) AS tx, chain.hex(t.recipient) AS partnership, chain.hex(t.sender) AS actor,
  ledger.roles_at(t.chain_id, t.recipient, t.sender, t.block, t.tx_index) AS roles, t.function, t.succeeded, t.block <= h.final AS final
FROM chain.tx t JOIN chain.head h ON h.chain_id = t.chain_id AND t.block <= h.indexed JOIN chain.block b ON b.chain_id = t.chain_id
AND b.number = t.block WHERE t.recipient IN (SELECT p.address FROM ledger.partnership p WHERE p.created AND p.chain_id = t.chain_id);
COMMENT ON VIEW analytics.partnership_transaction IS 'Every transaction sent to a partnership, reverted ones too, with the roles that its sender had right before it.';
COMMENT ON COLUMN analytics.partnership_transaction.time IS 'Time of the block.';
COMMENT ON COLUMN analytics.partnership_transaction.block IS 'Block number.';
COMMENT ON COLUMN analytics.partnership_transaction.tx_index IS 'Index in the block.';
COMMENT ON COLUMN analytics.partnership_transaction.tx IS 'Transaction.';
COMMENT ON COLUMN analytics.partnership_transaction.partnership IS 'Contract.';
COMMENT ON COLUMN analytics.partnership_transaction.actor IS 'Who sent it.';
COMMENT ON COLUMN analytics.partnership_transaction.roles IS 'admin, operator, partner, or the contract''s own roles, apart by commas; NULL: none.';
COMMENT ON COLUMN analytics.partnership_transaction.function IS 'Function called; NULL: not in a loaded ABI.';
COMMENT ON COLUMN analytics.partnership_transaction.succeeded IS 'False: reverted.';
COMMENT ON COLUMN analytics.partnership_transaction.final IS 'The block is final.';

CREATE VIEW analytics.partnership_flow AS
SELECT chain.hex(f.partnership) AS partnership, CASE p.phase WHEN 5 THEN 'inferred' ELSE 'abi' END AS source, nullif(f.validator_id, 0) AS validator_id,
  f.rewards, f.principal, f.from_manager, f.to_manager, f.paid_in, f.paid_out, p.total_received AS said_received,
  (SELECT sum(w.claimed) FROM (SELECT DISTINCT ON (y.account) y.claimed FROM ledger.person y WHERE y.chain_id = f.chain_id
    AND y.partnership = f.partnership ORDER BY y.account, y.block DESC) w)::numeric(78,0) AS said_claimed, f.block AS newest_block
FROM (SELECT DISTINCT ON (y.chain_id, y.partnership) y.* FROM ledger.flow y ORDER BY y.chain_id, y.partnership, y.block DESC) f
CROSS JOIN LATERAL (SELECT y.* FROM ledger.partnership y WHERE y.chain_id = f.chain_id AND y.address = f.partnership ORDER BY y.block DESC LIMIT 1) p;
COMMENT ON VIEW analytics.partnership_flow IS 'Each partnership now: its tokens seen from outside, beside what its own events say. Both are compared in every transaction; a difference is a discrepancy (partnership_flow).';
COMMENT ON COLUMN analytics.partnership_flow.partnership IS 'Contract.';
COMMENT ON COLUMN analytics.partnership_flow.source IS 'abi: its events are known; inferred: they are not.';
COMMENT ON COLUMN analytics.partnership_flow.validator_id IS 'Validator whose token it got last.';
COMMENT ON COLUMN analytics.partnership_flow.rewards IS 'Paid by the StakeManager as rewards.';
COMMENT ON COLUMN analytics.partnership_flow.principal IS 'Paid by the StakeManager as stake that came back.';
COMMENT ON COLUMN analytics.partnership_flow.from_manager IS 'All transfers from the StakeManager.';
COMMENT ON COLUMN analytics.partnership_flow.to_manager IS 'All transfers to the StakeManager.';
COMMENT ON COLUMN analytics.partnership_flow.paid_in IS 'Transfers from everybody else.';
COMMENT ON COLUMN analytics.partnership_flow.paid_out IS 'Transfers to everybody else.';
COMMENT ON COLUMN analytics.partnership_flow.said_received IS 'Rewards received by its events; inferred: as rewards.';
COMMENT ON COLUMN analytics.partnership_flow.said_claimed IS 'Claimed by its events; inferred: as paid_out.';
COMMENT ON COLUMN analytics.partnership_flow.newest_block IS 'Block of the newest change.';
