-- Chains that have to wait for a person, said where every process can read it.
CREATE TABLE chain.halt (
  chain_id bigint NOT NULL,
  since timestamptz NOT NULL DEFAULT now(),
  reason text NOT NULL,
  CONSTRAINT halt_pk PRIMARY KEY (chain_id),
  CONSTRAINT halt_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
COMMENT ON TABLE chain.halt IS 'Chains that are not written any more until a person has looked. The next writer that can go on removes the row.';
COMMENT ON COLUMN chain.halt.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN chain.halt.since IS 'When the writer stopped.';
COMMENT ON COLUMN chain.halt.reason IS 'Why, and what to do.';
GRANT SELECT ON chain.halt TO bttc_analyst;
