DROP VIEW analytics.commission_month, analytics.reward_per_btt_month, analytics.delegation_month;
DROP VIEW analytics.parameter;
ALTER TABLE ledger.parameter DROP COLUMN reason;
COMMENT ON COLUMN ledger.parameter.source IS 'network_file, event, call (calldata of a call that logs nothing) or override (an operator).';
COMMENT ON COLUMN ledger.parameter.tx IS 'Transaction; NULL: an override or the network file.';
COMMENT ON COLUMN ledger.parameter.log_index IS 'Index of the event that says it; NULL: a call, an override or the network file.';
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
