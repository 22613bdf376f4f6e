-- Chains, blocks, logs and kept transactions; positions; what a fork removed.
CREATE SCHEMA chain;
CREATE SCHEMA staking;
CREATE SCHEMA partnership;
CREATE SCHEMA ledger;
CREATE SCHEMA api;
CREATE SCHEMA analytics;

CREATE TABLE chain.network (
  name text PRIMARY KEY,
  revision text NOT NULL,
  only_one boolean NOT NULL DEFAULT true UNIQUE CHECK (only_one)
);

CREATE TABLE chain.chain (
  chain_id bigint PRIMARY KEY,
  key text NOT NULL UNIQUE,
  kind text NOT NULL,
  role text NOT NULL,
  first_block bigint NOT NULL,
  required_level smallint NOT NULL
);

-- Where each chain stands; one row a chain, updated in the transaction of every batch.
CREATE TABLE chain.head (
  chain_id bigint PRIMARY KEY REFERENCES chain.chain,
  stream_id bytea,
  seq bigint NOT NULL DEFAULT 0,
  indexed bigint,                -- newest block of the canonical prefix; readers see nothing above
  indexed_hash bytea,
  indexed_time timestamptz,
  node_head bigint,
  node_head_time timestamptz,
  safe bigint,
  final bigint,
  fork_count bigint NOT NULL DEFAULT 0,
  changed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE chain.position (
  chain_id bigint NOT NULL REFERENCES chain.chain,
  partition integer NOT NULL,
  next_offset bigint NOT NULL,
  PRIMARY KEY (chain_id, partition)
);

-- Blocks that are stored, as closed intervals; the one that holds first_block is the visible prefix.
CREATE TABLE chain.coverage (
  chain_id bigint NOT NULL REFERENCES chain.chain,
  from_block bigint NOT NULL,
  to_block bigint NOT NULL,
  from_parent bytea NOT NULL,
  to_hash bytea NOT NULL,
  contracts_at_start bytea NOT NULL, -- sha256 over the discovered contracts known when it was begun
  PRIMARY KEY (chain_id, from_block)
);

CREATE TABLE chain.level_count (
  chain_id bigint NOT NULL REFERENCES chain.chain,
  level smallint NOT NULL,
  blocks bigint NOT NULL,
  PRIMARY KEY (chain_id, level)
);

CREATE TABLE chain.block (
  chain_id bigint NOT NULL,
  number bigint NOT NULL,
  hash bytea NOT NULL,
  parent bytea NOT NULL,
  time timestamptz NOT NULL,
  author bytea,
  level smallint NOT NULL,
  tx_total integer,
  gas_used bigint NOT NULL,
  difficulty numeric(78,0) NOT NULL,
  tx_root bytea NOT NULL,
  receipts_root bytea NOT NULL,
  fee_sum numeric(78,0),
  fee_count integer,
  extra bytea NOT NULL,
  PRIMARY KEY (chain_id, number)
);

CREATE TABLE chain.log (
  chain_id bigint NOT NULL,
  block bigint NOT NULL,
  log_index integer NOT NULL,
  tx_index integer NOT NULL,
  state_sync boolean NOT NULL,
  tx bytea NOT NULL,
  address bytea NOT NULL,
  contract text COLLATE "C" NOT NULL,
  event text COLLATE "C",        -- NULL: an event that no ABI names
  validator_id bigint,
  topics bytea NOT NULL,         -- 0 to 4 times 32 bytes
  data bytea NOT NULL,
  PRIMARY KEY (chain_id, block, log_index)
);
CREATE INDEX log_event_ix ON chain.log (chain_id, event, block, log_index);
CREATE INDEX log_validator_ix ON chain.log (chain_id, validator_id, block, log_index) WHERE validator_id IS NOT NULL;
CREATE INDEX log_address_ix ON chain.log (chain_id, address, block, log_index);

CREATE TABLE chain.tx (
  chain_id bigint NOT NULL,
  block bigint NOT NULL,
  tx_index integer NOT NULL,
  hash bytea NOT NULL,
  sender bytea NOT NULL,
  recipient bytea,
  value numeric(78,0) NOT NULL,
  type smallint NOT NULL,
  succeeded boolean,
  contract text COLLATE "C",
  function text COLLATE "C",     -- name, NULL: a selector that no ABI has
  input bytea NOT NULL,
  PRIMARY KEY (chain_id, block, tx_index)
);

-- Contracts that discovery found.
CREATE TABLE chain.contract (
  chain_id bigint NOT NULL,
  address bytea NOT NULL,
  contract text COLLATE "C" NOT NULL,
  rule text NOT NULL,
  block bigint NOT NULL,
  log_index integer NOT NULL,
  validator_id bigint,
  PRIMARY KEY (chain_id, address)
);

-- A log that is malformed for its event, or a record that could not be decoded.
CREATE TABLE chain.parked (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  chain_id bigint NOT NULL,
  block bigint,
  log_index integer,
  address bytea,
  contract text,
  event text,
  reason text NOT NULL,
  raw bytea NOT NULL,
  UNIQUE (chain_id, block, log_index)
);

CREATE TABLE staking.checkpoint (
  chain_id bigint NOT NULL,
  block bigint NOT NULL,
  log_index integer NOT NULL,
  tx bytea NOT NULL,
  kind smallint NOT NULL,        -- 1 main, 2 sync, 3 mirror
  root_chain_id smallint NOT NULL,
  checkpoint_id bigint NOT NULL,
  header_block_id bigint,
  proposer bytea NOT NULL,
  start_block bigint NOT NULL,
  end_block bigint NOT NULL,
  root bytea,
  reward numeric(78,0),
  submitted_by bytea,
  account_root bytea,
  bttc_chain_id bigint,
  call_epoch bigint,
  vote_data bytea,
  signatures bytea,              -- 96 bytes each
  PRIMARY KEY (chain_id, block, log_index)
);

CREATE TABLE partnership.event (
  chain_id bigint NOT NULL,
  block bigint NOT NULL,
  log_index integer NOT NULL,
  tx bytea NOT NULL,
  address bytea NOT NULL,
  kind smallint NOT NULL,
  partner bytea,
  account bytea,
  recipient bytea,
  operator bytea,
  admin bytea,
  amount numeric(78,0),
  total numeric(78,0),
  share_bps integer,
  old_share_bps integer,
  validator_id bigint,
  role bytea,
  role_name text,
  PRIMARY KEY (chain_id, block, log_index)
);
CREATE INDEX event_address_ix ON partnership.event (chain_id, address, block, log_index);
CREATE INDEX event_partner_ix ON partnership.event (chain_id, partner, block, log_index) WHERE partner IS NOT NULL;

-- What forks removed: the same rows with the fork's number (per chain, from 1).
CREATE TABLE chain.fork (
  chain_id bigint NOT NULL,
  fork integer NOT NULL,
  common_block bigint NOT NULL,
  common_hash bytea NOT NULL,
  depth integer NOT NULL,
  PRIMARY KEY (chain_id, fork)
);
CREATE TABLE chain.orphan_block (LIKE chain.block, fork integer NOT NULL, PRIMARY KEY (chain_id, hash));
CREATE TABLE chain.orphan_log (LIKE chain.log, fork integer NOT NULL, block_hash bytea NOT NULL, PRIMARY KEY (chain_id, block_hash, log_index));
CREATE TABLE chain.orphan_tx (LIKE chain.tx, fork integer NOT NULL, block_hash bytea NOT NULL, PRIMARY KEY (chain_id, block_hash, tx_index));
