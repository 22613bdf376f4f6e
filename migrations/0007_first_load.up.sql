-- Cheaper first loads: indexes of logs one at a time, so that two connections build them side by side;
-- statistics of the columns that plans look at; evidence rows inline and without a lookup for each row.
CREATE FUNCTION chain.build_log_index(id bigint, kind text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET min_parallel_table_scan_size = '256MB' AS $$
DECLARE
  part text := format('log_%s', id);
  columns text := CASE kind
    WHEN 'event' THEN '(event, block, log_index)'
    WHEN 'address' THEN '(address, block, log_index)'
    WHEN 'validator' THEN '(validator_id, block, log_index) WHERE validator_id IS NOT NULL' END;
BEGIN
  IF columns IS NULL THEN
    RAISE EXCEPTION 'chain.log has no index %', kind;
  END IF;
  IF to_regclass(format('chain.%I', part || '_' || kind || '_ix')) IS NOT NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE INDEX %I ON chain.%I %s', part || '_' || kind || '_ix', part, columns);
  RETURN true;
END $$;
COMMENT ON FUNCTION chain.build_log_index(bigint, text) IS 'Builds one secondary index (event, address or validator) of a chain''s logs when it is missing; returns whether it was. Two may be built at once by two connections.';

CREATE OR REPLACE FUNCTION chain.build_log_indexes(id bigint) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT count(*) FILTER (WHERE chain.build_log_index(id, kind))::integer
  FROM unnest(ARRAY['event', 'address', 'validator']) AS kind
$$;

CREATE FUNCTION chain.analyze_blocks() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET default_statistics_target = 30 AS $$
BEGIN
  ANALYZE (SKIP_LOCKED) chain.block (chain_id, number, time, author, level),
    chain.tx (chain_id, block, tx_index, sender, recipient, contract, function);
END $$;
COMMENT ON FUNCTION chain.analyze_blocks() IS 'Statistics of blocks and transactions, of the columns that plans look at.';

CREATE FUNCTION chain.analyze_logs() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET default_statistics_target = 30 AS $$
BEGIN
  ANALYZE (SKIP_LOCKED) chain.log (chain_id, block, log_index, contract, event, address, validator_id);
END $$;
COMMENT ON FUNCTION chain.analyze_logs() IS 'Statistics of logs, of the columns that plans look at. Skips a chain whose indexes are being built.';

CREATE OR REPLACE FUNCTION chain.analyze_all() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT chain.analyze_blocks();
  SELECT chain.analyze_logs();
$$;

REVOKE EXECUTE ON FUNCTION chain.build_log_index(bigint, text), chain.analyze_blocks(), chain.analyze_logs() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION chain.build_log_index(bigint, text), chain.analyze_blocks(), chain.analyze_logs() TO bttc_writer;

-- Rows up to a page stay in the table instead of going to a TOAST table in pieces.
ALTER TABLE chain.evidence SET (toast_tuple_target = 8160);
ALTER TABLE chain.evidence DROP CONSTRAINT evidence_chain_fk;
DROP TABLE chain.evidence_tx;
CREATE TABLE chain.evidence_tx (
  chain_id bigint NOT NULL,
  tx_head bigint NOT NULL,
  block bigint NOT NULL,
  CONSTRAINT evidence_tx_pk PRIMARY KEY (chain_id, tx_head, block)
);
COMMENT ON TABLE chain.evidence_tx IS 'Where the transactions are whose logs have evidence: those of blocks in chain.evidence, and of TRON blocks, whose logs nobody can prove.';
COMMENT ON COLUMN chain.evidence_tx.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN chain.evidence_tx.tx_head IS 'First 8 bytes of the transaction hash, as a signed integer (chain.tx_head).';
COMMENT ON COLUMN chain.evidence_tx.block IS 'Block number.';
GRANT SELECT ON chain.evidence_tx TO bttc_analyst;

CREATE FUNCTION chain.tx_head(tx bytea) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT ('x' || encode(substring(tx FROM 1 FOR 8), 'hex'))::bit(64)::bigint
$$;
COMMENT ON FUNCTION chain.tx_head(bytea) IS 'First 8 bytes of a hash as a signed integer, for chain.evidence_tx.';

-- What is stored already has lost its lookups: fill them again.
INSERT INTO chain.evidence_tx
SELECT DISTINCT l.chain_id, chain.tx_head(l.tx), l.block FROM chain.log l JOIN chain.chain c ON c.chain_id = l.chain_id
WHERE c.kind = 'tron' OR EXISTS (SELECT FROM chain.evidence e WHERE e.chain_id = l.chain_id AND e.block = l.block);
