DROP VIEW ledger.finding;
DROP FUNCTION ledger.uint256(bytea), ledger.undo_child(bigint, bigint);
DROP TABLE ledger.verdict, ledger.producer_day, ledger.join_head;
ALTER TABLE ledger.checkpoint DROP COLUMN leaving;
