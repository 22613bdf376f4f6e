DROP VIEW analytics.parameter;
DROP FUNCTION ledger.unreconciled_from(bigint);
DROP INDEX ledger.discrepancy_open_ix;
DROP VIEW ledger.finding;
ALTER TABLE ledger.discrepancy DROP COLUMN explanation;
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
DELETE FROM ledger.derived WHERE name = 'parameter';
DROP TABLE ledger.parameter;
ALTER TABLE ledger.head DROP COLUMN overrides;
DROP TABLE ledger.override_set;
DROP FUNCTION ledger.keep_override_set();
