DROP TABLE chain.orphan_evidence, chain.evidence;
