-- When a block of the child chain is checkpointed.
CREATE FUNCTION ledger.is_checkpointed(at bigint) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM ledger.verdict v JOIN chain.head h ON h.chain_id = v.chain_id JOIN staking.checkpoint c
    ON c.chain_id = v.chain_id AND c.block = v.block AND c.log_index = v.log_index
    WHERE v.verdict = 'match' AND v.end_block BETWEEN at AND at + 32767 AND v.start_block <= at AND v.block <= h.final
    AND NOT EXISTS (SELECT FROM chain.log l WHERE l.chain_id = v.chain_id AND l.event = 'ResetHeaderBlock'
      AND (l.block, l.log_index) > (v.block, v.log_index) AND l.block <= h.indexed
      AND chain.word_numeric(l.topics, 2) <= c.header_block_id))
$$;
COMMENT ON FUNCTION ledger.is_checkpointed(bigint) IS 'Does a final checkpoint whose root was recomputed and is right cover this block of the child chain, and did no ResetHeaderBlock void it?';
