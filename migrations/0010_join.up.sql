-- BTTC's blocks joined to the staking chain: what producers did, and what checkpoints' roots are worth.
ALTER TABLE ledger.checkpoint ADD COLUMN leaving bigint[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN ledger.checkpoint.leaving IS 'Validators that signed and were in signers[] no more.';

CREATE TABLE ledger.join_head (
  chain_id bigint NOT NULL,
  block bigint NOT NULL,
  CONSTRAINT join_head_pk PRIMARY KEY (chain_id),
  CONSTRAINT join_head_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
) WITH (fillfactor = 10);
COMMENT ON TABLE ledger.join_head IS 'How far the blocks of a child chain are counted; locked by whoever counts or takes back.';
COMMENT ON COLUMN ledger.join_head.chain_id IS 'EVM chain id of the child chain.';
COMMENT ON COLUMN ledger.join_head.block IS 'Newest block that is counted.';

CREATE TABLE ledger.producer_day (
  chain_id bigint NOT NULL,
  producer bytea NOT NULL,
  day date NOT NULL,
  blocks bigint NOT NULL,
  in_turn bigint NOT NULL,
  missed bigint NOT NULL,
  fees numeric(78,0) NOT NULL,
  CONSTRAINT producer_day_pk PRIMARY KEY (chain_id, producer, day),
  CONSTRAINT producer_day_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX producer_day_day_ix ON ledger.producer_day (chain_id, day);
COMMENT ON TABLE ledger.producer_day IS 'What each producer of a child chain did, per day of UTC.';
COMMENT ON COLUMN ledger.producer_day.chain_id IS 'EVM chain id of the child chain.';
COMMENT ON COLUMN ledger.producer_day.producer IS 'Signer address.';
COMMENT ON COLUMN ledger.producer_day.day IS 'Day of UTC.';
COMMENT ON COLUMN ledger.producer_day.blocks IS 'Blocks sealed.';
COMMENT ON COLUMN ledger.producer_day.in_turn IS 'Of them, sealed in turn.';
COMMENT ON COLUMN ledger.producer_day.missed IS 'Blocks at which it was passed over: a block of succession k passes over k producers.';
COMMENT ON COLUMN ledger.producer_day.fees IS 'Sum of LogFeeTransfer amounts of its blocks.';

CREATE TABLE ledger.verdict (
  chain_id bigint NOT NULL,
  block bigint NOT NULL,
  log_index integer NOT NULL,
  start_block bigint NOT NULL,
  end_block bigint NOT NULL,
  computed_root bytea,
  verdict text COLLATE "C" NOT NULL,
  CONSTRAINT verdict_pk PRIMARY KEY (chain_id, block, log_index),
  CONSTRAINT verdict_checkpoint_fk FOREIGN KEY (chain_id, block, log_index) REFERENCES staking.checkpoint ON DELETE CASCADE,
  CONSTRAINT verdict_ck CHECK (verdict IN ('match', 'mismatch', 'gap', 'unchecked'))
);
CREATE INDEX verdict_end_ix ON ledger.verdict (end_block);
CREATE INDEX verdict_mismatch_ix ON ledger.verdict (chain_id, block) WHERE verdict = 'mismatch';
COMMENT ON TABLE ledger.verdict IS 'Roots of checkpoints recomputed from the child chain''s stored blocks. No row: the blocks are not all there yet.';
COMMENT ON COLUMN ledger.verdict.chain_id IS 'EVM chain id of the chain that logged the checkpoint.';
COMMENT ON COLUMN ledger.verdict.block IS 'Block of the checkpoint''s log.';
COMMENT ON COLUMN ledger.verdict.log_index IS 'Index of that log in its block.';
COMMENT ON COLUMN ledger.verdict.start_block IS 'First block of the child chain that it covers.';
COMMENT ON COLUMN ledger.verdict.end_block IS 'Last block of the child chain that it covers.';
COMMENT ON COLUMN ledger.verdict.computed_root IS 'Root over those blocks, 32 bytes; NULL with a gap.';
COMMENT ON COLUMN ledger.verdict.verdict IS 'match, mismatch, gap (the range begins before the first indexed block, or is no range) or unchecked (the checkpoint carries no root).';

CREATE FUNCTION ledger.undo_child(id bigint, from_block bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  at timestamptz;
BEGIN
  PERFORM FROM ledger.join_head WHERE chain_id = id FOR UPDATE;
  DELETE FROM ledger.verdict WHERE end_block >= from_block;
  IF NOT EXISTS (SELECT FROM ledger.join_head WHERE chain_id = id AND block >= from_block) THEN
    RETURN;
  END IF;
  -- Counters of the block's day can not be taken back one by one: that day is counted again.
  SELECT date_trunc('day', b.time, 'UTC') INTO at FROM chain.block b WHERE b.chain_id = id AND b.number = from_block;
  DELETE FROM ledger.producer_day WHERE chain_id = id AND day >= (at AT TIME ZONE 'UTC')::date;
  UPDATE ledger.join_head SET block = coalesce((SELECT b.number FROM chain.block b WHERE b.chain_id = id
    AND b.number < from_block AND b.time < at ORDER BY b.number DESC LIMIT 1),
    (SELECT c.first_block - 1 FROM chain.chain c WHERE c.chain_id = id)) WHERE chain_id = id;
END $$;
COMMENT ON FUNCTION ledger.undo_child(bigint, bigint) IS 'Takes verdicts and counters back to below a block of the child chain that a fork removes.';
GRANT EXECUTE ON FUNCTION ledger.undo_child(bigint, bigint) TO bttc_writer;

CREATE FUNCTION ledger.uint256(b bytea) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(sum(get_byte(b, i) * (256::numeric ^ (length(b) - 1 - i))), 0)::numeric(78,0)
  FROM generate_series(0, length(b) - 1) AS i
$$;
COMMENT ON FUNCTION ledger.uint256(bytea) IS 'Bytes as a big-endian number, for roots where amounts stand.';

CREATE VIEW ledger.finding AS
SELECT chain_id, block, ordinal, kind, subject, expected, observed, tx, log_index, resolved FROM ledger.discrepancy
UNION ALL
SELECT v.chain_id, v.block, 1000000 + v.log_index, 'checkpoint_root', c.checkpoint_id::text, ledger.uint256(v.computed_root),
  ledger.uint256(c.root), c.tx, v.log_index, false
FROM ledger.verdict v JOIN staking.checkpoint c ON c.chain_id = v.chain_id AND c.block = v.block AND c.log_index = v.log_index
WHERE v.verdict = 'mismatch';
COMMENT ON VIEW ledger.finding IS 'All discrepancies: those of the ledger, and checkpoints whose root is another than their blocks have.';
COMMENT ON COLUMN ledger.finding.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.finding.block IS 'Block number.';
COMMENT ON COLUMN ledger.finding.ordinal IS 'Order within the block.';
COMMENT ON COLUMN ledger.finding.kind IS 'Which check.';
COMMENT ON COLUMN ledger.finding.subject IS 'What it is about.';
COMMENT ON COLUMN ledger.finding.expected IS 'What was computed; a root as a number.';
COMMENT ON COLUMN ledger.finding.observed IS 'What the chain says; a root as a number.';
COMMENT ON COLUMN ledger.finding.tx IS 'Transaction hash.';
COMMENT ON COLUMN ledger.finding.log_index IS 'Index of the log; NULL: a call.';
COMMENT ON COLUMN ledger.finding.resolved IS 'Settled by an operator.';
