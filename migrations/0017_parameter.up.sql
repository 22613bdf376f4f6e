-- Parameters that governance sets, each change with its source; an operator's word about what the chain does not show; and
-- what would explain a reward that is another than computed.
CREATE TABLE ledger.override_set (
  id bigint GENERATED ALWAYS AS IDENTITY,
  chain_id bigint NOT NULL,
  body text NOT NULL,
  added_at timestamptz NOT NULL DEFAULT now(),
  added_by text NOT NULL DEFAULT session_user,
  CONSTRAINT override_set_pk PRIMARY KEY (id),
  CONSTRAINT override_set_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
COMMENT ON TABLE ledger.override_set IS 'Sets of overrides as an operator gave them; the newest one is in force. Rows are never changed.';
COMMENT ON COLUMN ledger.override_set.id IS 'Counts the sets.';
COMMENT ON COLUMN ledger.override_set.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.override_set.body IS 'The file as it was: block, parameter, value and reason, a line each.';
COMMENT ON COLUMN ledger.override_set.added_at IS 'When it was stored.';
COMMENT ON COLUMN ledger.override_set.added_by IS 'Database user that stored it.';
CREATE FUNCTION ledger.keep_override_set() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'ledger.override_set only grows: store a new set instead';
END $$;
COMMENT ON FUNCTION ledger.keep_override_set() IS 'Refuses to change or delete sets of overrides.';
CREATE TRIGGER override_set_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.override_set
  FOR EACH STATEMENT EXECUTE FUNCTION ledger.keep_override_set();
ALTER TABLE ledger.head ADD COLUMN overrides bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN ledger.head.overrides IS 'Set of overrides (ledger.override_set) that the rows were made with; 0: none.';

CREATE TABLE ledger.parameter (
  chain_id bigint NOT NULL,
  block bigint NOT NULL,
  ordinal integer NOT NULL,
  log_index integer,
  tx bytea,
  time timestamptz,
  parameter text COLLATE "C" NOT NULL,
  value numeric(78,0) NOT NULL,
  previous numeric(78,0),
  source text COLLATE "C" NOT NULL,
  CONSTRAINT parameter_pk PRIMARY KEY (chain_id, block, ordinal),
  CONSTRAINT parameter_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX parameter_name_ix ON ledger.parameter (chain_id, parameter, block);
COMMENT ON TABLE ledger.parameter IS 'Values of the StakeManager that governance sets, each change with its source.';
COMMENT ON COLUMN ledger.parameter.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.parameter.block IS 'Block from which the value holds; of the network file: the block before the first one.';
COMMENT ON COLUMN ledger.parameter.ordinal IS 'Counts the changes of the block from 0.';
COMMENT ON COLUMN ledger.parameter.log_index IS 'Index of the event that says it; NULL: a call, an override or the network file.';
COMMENT ON COLUMN ledger.parameter.tx IS 'Transaction; NULL: an override or the network file.';
COMMENT ON COLUMN ledger.parameter.time IS 'Time of the block; NULL: the network file.';
COMMENT ON COLUMN ledger.parameter.parameter IS 'Name as in /v1/staking; checkpoint_reward/1 to 3 by root chain.';
COMMENT ON COLUMN ledger.parameter.value IS 'Value from there on.';
COMMENT ON COLUMN ledger.parameter.previous IS 'Value before; NULL: the network file.';
COMMENT ON COLUMN ledger.parameter.source IS 'network_file, event, call (calldata of a call that logs nothing) or override (an operator).';
INSERT INTO ledger.derived VALUES ('parameter');

ALTER TABLE ledger.discrepancy ADD COLUMN explanation text;
COMMENT ON COLUMN ledger.discrepancy.explanation IS 'Of a checkpoint''s reward: a parameter that would explain it if it had this value; NULL: none is known.';
CREATE OR REPLACE VIEW ledger.finding AS
SELECT chain_id, block, ordinal, kind, subject, expected, observed, tx, log_index, resolved, explanation FROM ledger.discrepancy
UNION ALL
SELECT v.chain_id, v.block, 1000000 + v.log_index, 'checkpoint_root', c.checkpoint_id::text, ledger.uint256(v.computed_root),
  ledger.uint256(c.root), c.tx, v.log_index, false, NULL
FROM ledger.verdict v JOIN staking.checkpoint c ON c.chain_id = v.chain_id AND c.block = v.block AND c.log_index = v.log_index
WHERE v.verdict = 'mismatch';
COMMENT ON COLUMN ledger.finding.explanation IS 'What would explain it; NULL: nothing that is known.';
-- Amounts computed from here on may be wrong until a person has looked.
CREATE INDEX discrepancy_open_ix ON ledger.discrepancy (chain_id, block)
  WHERE NOT resolved AND kind IN ('checkpoint_reward', 'checkpoint_signers', 'arithmetic', 'implementation');
CREATE FUNCTION ledger.unreconciled_from(id bigint) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
SELECT min(block) FROM ledger.discrepancy
WHERE chain_id = id AND NOT resolved AND kind IN ('checkpoint_reward', 'checkpoint_signers', 'arithmetic', 'implementation')
$$;
COMMENT ON FUNCTION ledger.unreconciled_from(bigint) IS 'First block whose computed rewards the chain contradicts or does not let compute; from it on amounts are unreconciled. NULL: none.';
GRANT EXECUTE ON FUNCTION ledger.unreconciled_from(bigint) TO bttc_api, bttc_analyst, bttc_writer;

CREATE VIEW analytics.parameter AS
SELECT p.parameter, p.block, p.time, p.value, p.previous, p.source, chain.hex(p.tx) AS tx, p.log_index
FROM ledger.parameter p;
COMMENT ON VIEW analytics.parameter IS 'Values that governance sets, each change with its source.';
COMMENT ON COLUMN analytics.parameter.parameter IS 'Name as in /v1/staking.';
COMMENT ON COLUMN analytics.parameter.block IS 'Block from which the value holds.';
COMMENT ON COLUMN analytics.parameter.time IS 'Its time; NULL: the network file.';
COMMENT ON COLUMN analytics.parameter.value IS 'Value from there on.';
COMMENT ON COLUMN analytics.parameter.previous IS 'Value before; NULL: the network file.';
COMMENT ON COLUMN analytics.parameter.source IS 'network_file, event, call or override.';
COMMENT ON COLUMN analytics.parameter.tx IS 'Transaction; NULL: an override or the network file.';
COMMENT ON COLUMN analytics.parameter.log_index IS 'Index of the event; NULL: there is none.';
