-- What proves the rows of a block, for evidence files.
CREATE TABLE chain.evidence (
  chain_id bigint NOT NULL,
  block bigint NOT NULL,
  header bytea NOT NULL,
  proof bytea NOT NULL,
  CONSTRAINT evidence_pk PRIMARY KEY (chain_id, block),
  CONSTRAINT evidence_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
-- Hashes do not compress.
ALTER TABLE chain.evidence ALTER COLUMN proof SET STORAGE EXTERNAL;
COMMENT ON TABLE chain.evidence IS 'Proofs of the kept logs and transactions of a block, where receiptsRoot and transactionsRoot were rebuilt (level receipts).';
COMMENT ON COLUMN chain.evidence.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN chain.evidence.block IS 'Block number.';
COMMENT ON COLUMN chain.evidence.header IS 'RLP of the block header; its keccak256 is the block hash.';
COMMENT ON COLUMN chain.evidence.proof IS 'Nodes of the receipts trie and of the transactions trie, each as an RLP string, one after the other.';

CREATE TABLE chain.orphan_evidence (fork integer NOT NULL, block_hash bytea NOT NULL, LIKE chain.evidence,
  CONSTRAINT orphan_evidence_pk PRIMARY KEY (chain_id, fork, block));
COMMENT ON TABLE chain.orphan_evidence IS 'Proofs of the blocks that a fork removed.';
SELECT chain.comment_orphan('chain.evidence', 'chain.orphan_evidence');
CREATE TABLE chain.evidence_tx (
  chain_id bigint NOT NULL,
  tx bytea NOT NULL,
  block bigint NOT NULL,
  CONSTRAINT evidence_tx_pk PRIMARY KEY (chain_id, tx, block),
  CONSTRAINT evidence_tx_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX evidence_tx_block_ix ON chain.evidence_tx (chain_id, block);
COMMENT ON TABLE chain.evidence_tx IS 'Where the transactions are whose logs have evidence: those of blocks in chain.evidence, and of TRON blocks, whose logs nobody can prove.';
COMMENT ON COLUMN chain.evidence_tx.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN chain.evidence_tx.tx IS 'Transaction hash.';
COMMENT ON COLUMN chain.evidence_tx.block IS 'Block number.';
CREATE INDEX checkpoint_end_ix ON staking.checkpoint (end_block) WHERE kind IN (1, 3);
GRANT SELECT ON chain.evidence_tx, chain.orphan_evidence TO bttc_analyst;
