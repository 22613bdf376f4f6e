DROP FUNCTION ledger.undo(bigint, bigint);
DROP FUNCTION ledger.cut(bigint, bigint);
DROP TABLE ledger.derived, ledger.head, ledger.block, ledger.signers, ledger.discrepancy,
  ledger.global, ledger.validator, ledger.share, ledger.position, ledger.unbond, ledger.partnership, ledger.person, ledger.balance, ledger.signer_key, ledger.header, ledger.root_chain, ledger.epoch;
