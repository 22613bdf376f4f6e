-- How far each root chain's checkpoints are behind BTTC.
CREATE VIEW analytics.checkpoint_lag AS
WITH RECURSIVE k AS (
  (SELECT c.chain_id, c.root_chain_id FROM staking.checkpoint c ORDER BY c.chain_id, c.root_chain_id LIMIT 1)
  UNION ALL
  SELECT n.chain_id, n.root_chain_id FROM k CROSS JOIN LATERAL (SELECT c.chain_id, c.root_chain_id FROM staking.checkpoint c
    WHERE (c.chain_id, c.root_chain_id) > (k.chain_id, k.root_chain_id) ORDER BY c.chain_id, c.root_chain_id LIMIT 1) n)
SELECT t.key AS chain, k.root_chain_id, s.checkpoint_id, s.end_block AS covered_block, f.end_block AS final_covered_block,
  b.indexed AS child_block, b.indexed - s.end_block AS lag_blocks,
  extract(epoch FROM b.indexed_time - e.time)::bigint AS lag_seconds, b.indexed - f.end_block AS final_lag_blocks
FROM k JOIN chain.chain t ON t.chain_id = k.chain_id JOIN chain.head h ON h.chain_id = k.chain_id
CROSS JOIN LATERAL (SELECT c.checkpoint_id, c.end_block FROM staking.checkpoint c WHERE c.chain_id = k.chain_id
  AND c.root_chain_id = k.root_chain_id AND c.block <= h.indexed ORDER BY c.block DESC, c.log_index DESC LIMIT 1) s
LEFT JOIN LATERAL (SELECT c.end_block FROM staking.checkpoint c WHERE c.chain_id = k.chain_id
  AND c.root_chain_id = k.root_chain_id AND c.block <= h.final ORDER BY c.block DESC, c.log_index DESC LIMIT 1) f ON true
LEFT JOIN (chain.chain y JOIN chain.head b ON b.chain_id = y.chain_id) ON y.role = 'child'
LEFT JOIN chain.block e ON e.chain_id = b.chain_id AND e.number = s.end_block;
COMMENT ON VIEW analytics.checkpoint_lag IS 'How far the newest checkpoint of each root chain is behind BTTC; a row for each chain that logs checkpoints and root chain that they are of.';
COMMENT ON COLUMN analytics.checkpoint_lag.chain IS 'Key of the chain that logged it.';
COMMENT ON COLUMN analytics.checkpoint_lag.root_chain_id IS 'Root chain: 1 TRON, 2 Ethereum, 3 BSC.';
COMMENT ON COLUMN analytics.checkpoint_lag.checkpoint_id IS 'Number of the newest checkpoint.';
COMMENT ON COLUMN analytics.checkpoint_lag.covered_block IS 'Last BTTC block that it covers.';
COMMENT ON COLUMN analytics.checkpoint_lag.final_covered_block IS 'Last BTTC block that the newest final checkpoint covers; NULL: none is final.';
COMMENT ON COLUMN analytics.checkpoint_lag.child_block IS 'Newest stored BTTC block; NULL: BTTC is not indexed.';
COMMENT ON COLUMN analytics.checkpoint_lag.lag_blocks IS 'BTTC blocks after covered_block; negative: the checkpoint is ahead of what is stored. NULL: BTTC is not indexed.';
COMMENT ON COLUMN analytics.checkpoint_lag.lag_seconds IS 'Time between covered_block and child_block; NULL: one of them is not stored.';
COMMENT ON COLUMN analytics.checkpoint_lag.final_lag_blocks IS 'BTTC blocks after final_covered_block.';
