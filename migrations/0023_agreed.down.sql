ALTER TABLE chain.orphan_block DROP COLUMN agreed_by, DROP COLUMN agreed_digest;
ALTER TABLE chain.block DROP COLUMN agreed_by, DROP COLUMN agreed_digest;
COMMENT ON COLUMN chain.dispute.what IS 'hash, transaction, log, or the hash of a log''s block.';
