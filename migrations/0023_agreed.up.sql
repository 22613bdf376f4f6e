-- Which nodes agreed on what is kept of a block, and about what.
ALTER TABLE chain.block ADD COLUMN agreed_by text COLLATE "C", ADD COLUMN agreed_digest bytea;
ALTER TABLE chain.orphan_block ADD COLUMN agreed_by text COLLATE "C", ADD COLUMN agreed_digest bytea;
COMMENT ON COLUMN chain.block.agreed_by IS 'Endpoints that said the same of all that is kept of the block, with ", " between them; NULL: its level is not quorum, or nothing of it is kept.';
COMMENT ON COLUMN chain.block.agreed_digest IS 'SHA-256 of what they said (schema/evidence/README.md).';
COMMENT ON COLUMN chain.orphan_block.agreed_by IS 'Endpoints that said the same of all that is kept of the block, with ", " between them; NULL: its level is not quorum, or nothing of it is kept.';
COMMENT ON COLUMN chain.orphan_block.agreed_digest IS 'SHA-256 of what they said (schema/evidence/README.md).';
COMMENT ON COLUMN chain.dispute.what IS 'What the answers differ in: hash, transaction, log, status, state-sync log, hash of a log''s block.';
