DROP INDEX ledger.partner_entry_tx_ix;
