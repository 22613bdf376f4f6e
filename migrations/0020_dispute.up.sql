-- What nodes of a chain say differently about something that no header commits to (TRON), with both answers.
CREATE TABLE chain.dispute (
  chain_id bigint NOT NULL,
  block bigint NOT NULL,
  log_index integer NOT NULL,
  what text COLLATE "C" NOT NULL,
  endpoint text NOT NULL,
  answer text NOT NULL,
  other_endpoint text NOT NULL,
  other_answer text NOT NULL,
  outcome text NOT NULL,
  times bigint NOT NULL DEFAULT 1,
  first_seen timestamptz NOT NULL DEFAULT now(),
  last_seen timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT dispute_pk PRIMARY KEY (chain_id, block, log_index, what),
  CONSTRAINT dispute_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
COMMENT ON TABLE chain.dispute IS 'Where two nodes of a chain said something else about what no header commits to. Nothing of it is in other tables before two agree.';
COMMENT ON COLUMN chain.dispute.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN chain.dispute.block IS 'Block number.';
COMMENT ON COLUMN chain.dispute.log_index IS 'Index of the log; -1: it is about no log.';
COMMENT ON COLUMN chain.dispute.what IS 'hash, transaction, log, or the hash of a log''s block.';
COMMENT ON COLUMN chain.dispute.endpoint IS 'Node whose answer was there first (host and port).';
COMMENT ON COLUMN chain.dispute.answer IS 'What it said.';
COMMENT ON COLUMN chain.dispute.other_endpoint IS 'The other node.';
COMMENT ON COLUMN chain.dispute.other_answer IS 'What that one said.';
COMMENT ON COLUMN chain.dispute.outcome IS 'As of last_seen: it waits, or a third node decided.';
COMMENT ON COLUMN chain.dispute.times IS 'How often it was seen.';
COMMENT ON COLUMN chain.dispute.first_seen IS 'When it was seen first.';
COMMENT ON COLUMN chain.dispute.last_seen IS 'When it was seen last.';
GRANT SELECT ON chain.dispute TO bttc_analyst;
