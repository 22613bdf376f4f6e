DELETE FROM ledger.derived WHERE name IN ('checkpoint', 'accrual', 'validator_payout', 'delegator_entry', 'partner_entry', 'role_entry');
DROP TABLE ledger.checkpoint, ledger.accrual, ledger.validator_payout, ledger.delegator_entry, ledger.partner_entry, ledger.role_entry;
ALTER TABLE ledger.person DROP COLUMN terms_tx;
