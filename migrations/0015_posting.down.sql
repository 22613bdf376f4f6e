DROP FUNCTION analytics.holder_balance(bigint);
DROP FUNCTION analytics.trial_balance(bigint);
DROP FUNCTION analytics.account_balance(text, bigint);
DROP VIEW analytics.posting;
DELETE FROM ledger.derived WHERE name = 'posting';
DROP TABLE ledger.posting;
ALTER TABLE ledger.head DROP COLUMN stake_manager;
