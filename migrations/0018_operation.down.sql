DROP FUNCTION chain.operation_fault();
DROP FUNCTION chain.record_operation(text, text);
DROP TABLE chain.operation;
DROP FUNCTION chain.chain_operation();
DROP FUNCTION chain.keep_operation();
DROP FUNCTION chain.operation_hash(bytea, bigint, timestamptz, text, text, text);
DROP TABLE chain.operation_head;
