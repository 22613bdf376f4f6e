DROP INDEX staking.checkpoint_end_ix;
DROP TABLE chain.evidence_tx, chain.orphan_evidence, chain.evidence;
