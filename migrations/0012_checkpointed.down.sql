DROP FUNCTION ledger.is_checkpointed(bigint);
