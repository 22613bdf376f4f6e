DROP TABLE chain.evidence_tx;
DROP FUNCTION chain.tx_head(bytea);
CREATE TABLE chain.evidence_tx (
  chain_id bigint NOT NULL,
  tx bytea NOT NULL,
  block bigint NOT NULL,
  CONSTRAINT evidence_tx_pk PRIMARY KEY (chain_id, tx, block),
  CONSTRAINT evidence_tx_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX evidence_tx_block_ix ON chain.evidence_tx (chain_id, block);
COMMENT ON TABLE chain.evidence_tx IS 'Where the transactions are whose logs have evidence: those of blocks in chain.evidence, and of TRON blocks, whose logs nobody can prove.';
COMMENT ON COLUMN chain.evidence_tx.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN chain.evidence_tx.tx IS 'Transaction hash.';
COMMENT ON COLUMN chain.evidence_tx.block IS 'Block number.';
GRANT SELECT ON chain.evidence_tx TO bttc_analyst;
INSERT INTO chain.evidence_tx
SELECT DISTINCT l.chain_id, l.tx, l.block FROM chain.log l JOIN chain.chain c ON c.chain_id = l.chain_id
WHERE c.kind = 'tron' OR EXISTS (SELECT FROM chain.evidence e WHERE e.chain_id = l.chain_id AND e.block = l.block);
ALTER TABLE chain.evidence ADD CONSTRAINT evidence_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain;
ALTER TABLE chain.evidence RESET (toast_tuple_target);
CREATE OR REPLACE FUNCTION chain.build_log_indexes(id bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET min_parallel_table_scan_size = '256MB' AS $$
DECLARE
  part text := format('log_%s', id);
  built integer := 0;
  want text[][] := ARRAY[
    ['event', '(event, block, log_index)'],
    ['address', '(address, block, log_index)'],
    ['validator', '(validator_id, block, log_index) WHERE validator_id IS NOT NULL']];
BEGIN
  FOR i IN 1 .. array_length(want, 1) LOOP
    IF to_regclass(format('chain.%I', part || '_' || want[i][1] || '_ix')) IS NULL THEN
      EXECUTE format('CREATE INDEX %I ON chain.%I %s', part || '_' || want[i][1] || '_ix', part, want[i][2]);
      built := built + 1;
    END IF;
  END LOOP;
  RETURN built;
END $$;
CREATE OR REPLACE FUNCTION chain.analyze_all() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET default_statistics_target = 30 AS $$
BEGIN
  ANALYZE (SKIP_LOCKED) chain.block, chain.log, chain.tx; -- another chain may be building its indexes
END $$;
DROP FUNCTION chain.build_log_index(bigint, text), chain.analyze_blocks(), chain.analyze_logs();
