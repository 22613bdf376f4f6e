-- One payout is found by its transaction (/v1/audit).
CREATE INDEX partner_entry_tx_ix ON ledger.partner_entry (chain_id, tx, log_index) WHERE kind = 'payout';
