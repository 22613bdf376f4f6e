-- Why an operator stated a value, and values that the contracts' own view functions gave.
ALTER TABLE ledger.parameter ADD COLUMN reason text;
COMMENT ON COLUMN ledger.parameter.reason IS 'Of an override: what the operator wrote; of a snapshot: block, its hash, and who was asked. NULL: the chain or the network file says it.';
COMMENT ON COLUMN ledger.parameter.source IS 'network_file, event, call (calldata of a call that logs nothing), override (an operator) or snapshot (eth_call of the contract, put in force by an operator).';
COMMENT ON COLUMN ledger.parameter.tx IS 'Transaction; NULL: an override, a snapshot or the network file.';
COMMENT ON COLUMN ledger.parameter.log_index IS 'Index of the event that says it; NULL: a call, an override, a snapshot or the network file.';
CREATE OR REPLACE VIEW analytics.parameter AS
SELECT p.parameter, p.block, p.time, p.value, p.previous, p.source, chain.hex(p.tx) AS tx, p.log_index, p.reason
FROM ledger.parameter p;
COMMENT ON COLUMN analytics.parameter.source IS 'network_file, event, call, override or snapshot.';
COMMENT ON COLUMN analytics.parameter.tx IS 'Transaction; NULL: an override, a snapshot or the network file.';
COMMENT ON COLUMN analytics.parameter.reason IS 'Of an override or a snapshot: what the operator stated.';
