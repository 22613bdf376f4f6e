-- Decoded events that have a shape of their own: checkpoints, and partnership events in the common
-- vocabulary. Everything else is decoded from chain.log when read.
CREATE SCHEMA staking;
COMMENT ON SCHEMA staking IS 'Checkpoints and staking events, decoded.';
CREATE SCHEMA partnership;
COMMENT ON SCHEMA partnership IS 'Events of validator partnership contracts in one vocabulary, whatever their own ABI is.';
CREATE SCHEMA ledger;
COMMENT ON SCHEMA ledger IS 'Exact rewards: reserved for the ledger.';
CREATE SCHEMA api;
COMMENT ON SCHEMA api IS 'Views that the HTTP API reads.';
CREATE SCHEMA analytics;
COMMENT ON SCHEMA analytics IS 'Views and rollups for analysts.';

CREATE TABLE staking.checkpoint (
  chain_id bigint NOT NULL,
  block bigint NOT NULL,
  log_index integer NOT NULL,
  tx bytea NOT NULL,
  kind smallint NOT NULL,
  root_chain_id bigint NOT NULL,
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
  signatures bytea,
  CONSTRAINT checkpoint_pk PRIMARY KEY (chain_id, block, log_index),
  CONSTRAINT checkpoint_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX checkpoint_tx_ix ON staking.checkpoint (chain_id, tx, log_index);
CREATE INDEX checkpoint_number_ix ON staking.checkpoint (chain_id, checkpoint_id, block, log_index);
CREATE INDEX checkpoint_proposer_ix ON staking.checkpoint (chain_id, proposer, block, log_index);
CREATE INDEX checkpoint_root_ix ON staking.checkpoint (chain_id, root_chain_id, block, log_index);
COMMENT ON TABLE staking.checkpoint IS 'Checkpoints as the root chains logged them (NewHeaderBlock, CheckpointSyncAck), with what the calldata of their transaction adds.';
COMMENT ON COLUMN staking.checkpoint.chain_id IS 'EVM chain id of the chain that logged it.';
COMMENT ON COLUMN staking.checkpoint.block IS 'Block that logged it.';
COMMENT ON COLUMN staking.checkpoint.log_index IS 'Index of the log within the block.';
COMMENT ON COLUMN staking.checkpoint.tx IS 'Transaction hash.';
COMMENT ON COLUMN staking.checkpoint.kind IS '1 main (NewHeaderBlock on the staking chain), 2 sync (CheckpointSyncAck), 3 mirror (NewHeaderBlock on another root chain).';
COMMENT ON COLUMN staking.checkpoint.root_chain_id IS 'Root chain that the checkpoint is of: 1 TRON, 2 Ethereum, 3 BSC, or what the event says.';
COMMENT ON COLUMN staking.checkpoint.checkpoint_id IS 'Number of the checkpoint, 1, 2, 3, ... for each root chain; not times 10000.';
COMMENT ON COLUMN staking.checkpoint.header_block_id IS 'headerBlockId of the event (checkpoint_id times 10000); NULL for sync.';
COMMENT ON COLUMN staking.checkpoint.proposer IS 'Proposer that the event names.';
COMMENT ON COLUMN staking.checkpoint.start_block IS 'First BTTC block covered.';
COMMENT ON COLUMN staking.checkpoint.end_block IS 'Last BTTC block covered.';
COMMENT ON COLUMN staking.checkpoint.root IS 'Merkle root that the event claims; NULL for sync.';
COMMENT ON COLUMN staking.checkpoint.reward IS 'reward of the event in the smallest unit (main: distributed in all, proposer bonus included; mirror: a unit count, not paid); NULL for sync.';
COMMENT ON COLUMN staking.checkpoint.submitted_by IS 'Sender of the transaction; NULL: its calldata is not this checkpoint (relayed by a contract).';
COMMENT ON COLUMN staking.checkpoint.account_root IS 'Account root in the calldata.';
COMMENT ON COLUMN staking.checkpoint.bttc_chain_id IS 'BTTC chain id in the calldata.';
COMMENT ON COLUMN staking.checkpoint.call_epoch IS 'Epoch in the calldata, where it has one.';
COMMENT ON COLUMN staking.checkpoint.vote_data IS 'The bytes that validators signed, as received; NULL: calldata not available.';
COMMENT ON COLUMN staking.checkpoint.signatures IS 'Signatures as received, 96 bytes each (r, s, v as words); NULL: calldata not available.';

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
  share_bps bigint,
  old_share_bps bigint,
  validator_id bigint,
  role bytea,
  role_name text COLLATE "C",
  CONSTRAINT event_pk PRIMARY KEY (chain_id, block, log_index),
  CONSTRAINT event_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX event_address_ix ON partnership.event (chain_id, address, block, log_index);
CREATE INDEX event_partner_ix ON partnership.event (chain_id, partner, block, log_index) WHERE partner IS NOT NULL;
COMMENT ON TABLE partnership.event IS 'Events of partnership contracts. Which of the contract''s own events is which kind, and which parameter fills which column, stands in the network file.';
COMMENT ON COLUMN partnership.event.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN partnership.event.block IS 'Block number.';
COMMENT ON COLUMN partnership.event.log_index IS 'Index of the log within the block.';
COMMENT ON COLUMN partnership.event.tx IS 'Transaction hash.';
COMMENT ON COLUMN partnership.event.address IS 'Partnership contract.';
COMMENT ON COLUMN partnership.event.kind IS '1 created, 2 role_granted, 3 role_revoked, 4 partner_added, 5 partner_removed, 6 share_changed, 7 dust_partner, 8 reward_received, 9 allocated, 10 claimed, 11 restaked, 12 capital_in, 13 capital_out, 14 paused, 15 unpaused.';
COMMENT ON COLUMN partnership.event.partner IS 'Partner.';
COMMENT ON COLUMN partnership.event.account IS 'Account that a role is about, or that acted.';
COMMENT ON COLUMN partnership.event.recipient IS 'Who received the tokens.';
COMMENT ON COLUMN partnership.event.operator IS 'Operator.';
COMMENT ON COLUMN partnership.event.admin IS 'Administrator.';
COMMENT ON COLUMN partnership.event.amount IS 'Amount in the smallest unit.';
COMMENT ON COLUMN partnership.event.total IS 'Running total that the event states, in the smallest unit.';
COMMENT ON COLUMN partnership.event.share_bps IS 'Share of the partner in basis points.';
COMMENT ON COLUMN partnership.event.old_share_bps IS 'Share before the change in basis points.';
COMMENT ON COLUMN partnership.event.validator_id IS 'Validator of the partnership.';
COMMENT ON COLUMN partnership.event.role IS 'Role id, 32 bytes.';
COMMENT ON COLUMN partnership.event.role_name IS 'admin, operator, partner or user; NULL: a role that the network file does not name.';

CREATE TABLE staking.orphan_checkpoint (fork integer NOT NULL, block_hash bytea NOT NULL, LIKE staking.checkpoint,
  CONSTRAINT orphan_checkpoint_pk PRIMARY KEY (chain_id, fork, block, log_index));
COMMENT ON TABLE staking.orphan_checkpoint IS 'Checkpoints of the blocks that a fork removed.';
CREATE TABLE partnership.orphan_event (fork integer NOT NULL, block_hash bytea NOT NULL, LIKE partnership.event,
  CONSTRAINT orphan_event_pk PRIMARY KEY (chain_id, fork, block, log_index));
COMMENT ON TABLE partnership.orphan_event IS 'Partnership events of the blocks that a fork removed.';
SELECT chain.comment_orphan('staking.checkpoint', 'staking.orphan_checkpoint');
SELECT chain.comment_orphan('partnership.event', 'partnership.orphan_event');
