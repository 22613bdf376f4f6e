-- The state of the staking contracts: what changed at each block. A row says what a record was from the end
-- of `block` on, until its next row; the state at block N is the newest row at or below N of every key.
-- Rows of the initial state have the block before the first one.
CREATE TABLE ledger.head (
  chain_id bigint NOT NULL,
  block bigint NOT NULL,
  generation bigint NOT NULL DEFAULT 0,
  rules text NOT NULL,
  CONSTRAINT head_pk PRIMARY KEY (chain_id),
  CONSTRAINT head_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
) WITH (fillfactor = 10);
COMMENT ON TABLE ledger.head IS 'How far the ledger follows a staking chain; locked by whoever writes ledger rows.';
COMMENT ON COLUMN ledger.head.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.head.block IS 'Newest block whose effects are in the tables; one below the first block: only the initial state.';
COMMENT ON COLUMN ledger.head.generation IS 'Counts the forks that took ledger rows back.';
COMMENT ON COLUMN ledger.head.rules IS 'Revision of the network file and rules by which the rows were made; another one: they are made anew.';

CREATE TABLE ledger.block (
  chain_id bigint NOT NULL,
  block bigint NOT NULL,
  hash bytea NOT NULL,
  checksum bytea NOT NULL,
  level smallint NOT NULL,
  CONSTRAINT block_pk PRIMARY KEY (chain_id, block),
  CONSTRAINT block_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
COMMENT ON TABLE ledger.block IS 'Blocks that changed the state; equal checksums mean equal states, so that machines can be compared.';
COMMENT ON COLUMN ledger.block.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.block.block IS 'Block number.';
COMMENT ON COLUMN ledger.block.hash IS 'Block hash; of the initial state: empty.';
COMMENT ON COLUMN ledger.block.checksum IS 'Sum over the hashes of all records, 16 bytes.';
COMMENT ON COLUMN ledger.block.level IS 'Lowest verification level of all blocks so far that changed the state; of the initial state: 5.';

CREATE TABLE ledger.signers (
  chain_id bigint NOT NULL,
  block bigint NOT NULL,
  signers bytea NOT NULL,
  CONSTRAINT signers_pk PRIMARY KEY (chain_id, block),
  CONSTRAINT signers_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
COMMENT ON TABLE ledger.signers IS 'signers[] of the StakeManager.';
COMMENT ON COLUMN ledger.signers.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.signers.block IS 'Block at whose end it is so.';
COMMENT ON COLUMN ledger.signers.signers IS 'Addresses in the order of the contract, 20 bytes each.';

CREATE TABLE ledger.discrepancy (
  chain_id bigint NOT NULL,
  block bigint NOT NULL,
  ordinal integer NOT NULL,
  kind text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  expected numeric(78,0) NOT NULL,
  observed numeric(78,0) NOT NULL,
  tx bytea NOT NULL,
  log_index integer,
  resolved boolean NOT NULL DEFAULT false,
  CONSTRAINT discrepancy_pk PRIMARY KEY (chain_id, block, ordinal),
  CONSTRAINT discrepancy_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
COMMENT ON TABLE ledger.discrepancy IS 'Where the chain says something else than the ledger computes.';
COMMENT ON COLUMN ledger.discrepancy.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.discrepancy.block IS 'Block number.';
COMMENT ON COLUMN ledger.discrepancy.ordinal IS 'Counts the findings of the block from 0.';
COMMENT ON COLUMN ledger.discrepancy.kind IS 'Which self-check.';
COMMENT ON COLUMN ledger.discrepancy.subject IS 'Number (validator, chain, header block or nonce), contract and account that the check is about, apart by spaces.';
COMMENT ON COLUMN ledger.discrepancy.expected IS 'What the ledger computes.';
COMMENT ON COLUMN ledger.discrepancy.observed IS 'What the chain says.';
COMMENT ON COLUMN ledger.discrepancy.tx IS 'Transaction hash.';
COMMENT ON COLUMN ledger.discrepancy.log_index IS 'Index of the log; NULL: a call.';
COMMENT ON COLUMN ledger.discrepancy.resolved IS 'A person has looked at it.';

CREATE TABLE ledger.global (
  chain_id bigint NOT NULL,
  block bigint NOT NULL,
  created boolean NOT NULL,
  reward_per_stake numeric(78,0) NOT NULL,
  total_staked numeric(78,0) NOT NULL,
  total_rewards numeric(78,0) NOT NULL,
  total_rewards_liquidated numeric(78,0) NOT NULL,
  total_stake numeric(78,0) NOT NULL,
  total_heimdall_fee numeric(78,0) NOT NULL,
  min_deposit numeric(78,0) NOT NULL,
  min_heimdall_fee numeric(78,0) NOT NULL,
  prev_block_interval numeric(78,0) NOT NULL,
  reward_decrease_per_checkpoint numeric(78,0) NOT NULL,
  max_rewarded_checkpoints numeric(78,0) NOT NULL,
  checkpoint_reward_delta numeric(78,0) NOT NULL,
  checkpoint_block_interval numeric(78,0) NOT NULL,
  proposer_bonus numeric(78,0) NOT NULL,
  withdrawal_delay numeric(78,0) NOT NULL,
  dynasty numeric(78,0) NOT NULL,
  auction_period numeric(78,0) NOT NULL,
  replacement_cool_down numeric(78,0) NOT NULL,
  signer_update_limit numeric(78,0) NOT NULL,
  validator_threshold numeric(78,0) NOT NULL,
  account_state_root bytea NOT NULL,
  current_epoch bigint NOT NULL,
  staker_count bigint NOT NULL,
  nft_counter bigint NOT NULL,
  next_header_block bigint NOT NULL,
  delegation_enabled bigint NOT NULL,
  CONSTRAINT global_pk PRIMARY KEY (chain_id, block),
  CONSTRAINT global_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX global_block_ix ON ledger.global USING brin (block) WITH (autosummarize = on);
COMMENT ON TABLE ledger.global IS 'Global values of the StakeManager and the RootChain.';
COMMENT ON COLUMN ledger.global.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.global.block IS 'Block at whose end it is so.';
COMMENT ON COLUMN ledger.global.created IS 'The first row of its key.';
COMMENT ON COLUMN ledger.global.reward_per_stake IS 'Reward per stake as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.total_staked IS 'Total staked as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.total_rewards IS 'Total rewards as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.total_rewards_liquidated IS 'Total rewards liquidated as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.total_stake IS 'Total stake as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.total_heimdall_fee IS 'Total heimdall fee as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.min_deposit IS 'Min deposit as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.min_heimdall_fee IS 'Min heimdall fee as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.prev_block_interval IS 'Prev block interval as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.reward_decrease_per_checkpoint IS 'Reward decrease per checkpoint as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.max_rewarded_checkpoints IS 'Max rewarded checkpoints as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.checkpoint_reward_delta IS 'Checkpoint reward delta as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.checkpoint_block_interval IS 'Checkpoint block interval as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.proposer_bonus IS 'Proposer bonus as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.withdrawal_delay IS 'Withdrawal delay as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.dynasty IS 'Dynasty as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.auction_period IS 'Auction period as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.replacement_cool_down IS 'Replacement cool down as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.signer_update_limit IS 'Signer update limit as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.validator_threshold IS 'Validator threshold as the contract has it, uint256.';
COMMENT ON COLUMN ledger.global.account_state_root IS 'Account state root, 32 bytes.';
COMMENT ON COLUMN ledger.global.current_epoch IS 'Current epoch.';
COMMENT ON COLUMN ledger.global.staker_count IS 'Staker count.';
COMMENT ON COLUMN ledger.global.nft_counter IS 'Nft counter.';
COMMENT ON COLUMN ledger.global.next_header_block IS 'Next header block.';
COMMENT ON COLUMN ledger.global.delegation_enabled IS 'Delegation enabled.';

CREATE TABLE ledger.validator (
  chain_id bigint NOT NULL,
  id bigint NOT NULL,
  block bigint NOT NULL,
  created boolean NOT NULL,
  amount numeric(78,0) NOT NULL,
  reward numeric(78,0) NOT NULL,
  delegators_reward numeric(78,0) NOT NULL,
  delegated_amount numeric(78,0) NOT NULL,
  initial_reward_per_stake numeric(78,0) NOT NULL,
  commission_rate numeric(78,0) NOT NULL,
  auction_amount numeric(78,0) NOT NULL,
  activation_epoch bigint NOT NULL,
  deactivation_epoch bigint NOT NULL,
  jail_epoch bigint NOT NULL,
  last_commission_update bigint NOT NULL,
  latest_signer_update_epoch bigint NOT NULL,
  nonce bigint NOT NULL,
  signer bytea NOT NULL,
  contract bytea NOT NULL,
  owner bytea NOT NULL,
  status integer NOT NULL,
  CONSTRAINT validator_pk PRIMARY KEY (chain_id, id, block),
  CONSTRAINT validator_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX validator_created_ix ON ledger.validator (chain_id, id) WHERE created;
CREATE INDEX validator_block_ix ON ledger.validator USING brin (block) WITH (autosummarize = on);
COMMENT ON TABLE ledger.validator IS 'validators(id) of the StakeManager, with nonce and NFT owner.';
COMMENT ON COLUMN ledger.validator.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.validator.block IS 'Block at whose end it is so.';
COMMENT ON COLUMN ledger.validator.created IS 'The first row of its key.';
COMMENT ON COLUMN ledger.validator.id IS 'Validator id; -1: validators[2^256-1], where credits to retired signers go.';
COMMENT ON COLUMN ledger.validator.amount IS 'Amount in the smallest unit.';
COMMENT ON COLUMN ledger.validator.reward IS 'Reward as the contract has it, uint256.';
COMMENT ON COLUMN ledger.validator.delegators_reward IS 'Delegators reward as the contract has it, uint256.';
COMMENT ON COLUMN ledger.validator.delegated_amount IS 'Delegated amount as the contract has it, uint256.';
COMMENT ON COLUMN ledger.validator.initial_reward_per_stake IS 'Initial reward per stake as the contract has it, uint256.';
COMMENT ON COLUMN ledger.validator.commission_rate IS 'Commission rate as the contract has it, uint256.';
COMMENT ON COLUMN ledger.validator.auction_amount IS 'Auction amount as the contract has it, uint256.';
COMMENT ON COLUMN ledger.validator.activation_epoch IS 'Activation epoch.';
COMMENT ON COLUMN ledger.validator.deactivation_epoch IS 'Deactivation epoch.';
COMMENT ON COLUMN ledger.validator.jail_epoch IS 'Jail epoch.';
COMMENT ON COLUMN ledger.validator.last_commission_update IS 'Last commission update.';
COMMENT ON COLUMN ledger.validator.latest_signer_update_epoch IS 'Latest signer update epoch.';
COMMENT ON COLUMN ledger.validator.nonce IS 'Nonce.';
COMMENT ON COLUMN ledger.validator.signer IS 'Signer, 20 bytes; zeros: none.';
COMMENT ON COLUMN ledger.validator.contract IS 'Contract, 20 bytes; zeros: none.';
COMMENT ON COLUMN ledger.validator.owner IS 'Owner, 20 bytes; zeros: none.';
COMMENT ON COLUMN ledger.validator.status IS '0 inactive, 1 active, 2 locked, 3 unstaked.';

CREATE TABLE ledger.share (
  chain_id bigint NOT NULL,
  contract bytea NOT NULL,
  block bigint NOT NULL,
  created boolean NOT NULL,
  total_supply numeric(78,0) NOT NULL,
  reward_per_share numeric(78,0) NOT NULL,
  active_amount numeric(78,0) NOT NULL,
  withdraw_pool numeric(78,0) NOT NULL,
  withdraw_shares numeric(78,0) NOT NULL,
  validator_id bigint NOT NULL,
  delegation integer NOT NULL,
  locked integer NOT NULL,
  CONSTRAINT share_pk PRIMARY KEY (chain_id, contract, block),
  CONSTRAINT share_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX share_created_ix ON ledger.share (chain_id, contract) WHERE created;
CREATE INDEX share_block_ix ON ledger.share USING brin (block) WITH (autosummarize = on);
COMMENT ON TABLE ledger.share IS 'ValidatorShare contracts.';
COMMENT ON COLUMN ledger.share.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.share.block IS 'Block at whose end it is so.';
COMMENT ON COLUMN ledger.share.created IS 'The first row of its key.';
COMMENT ON COLUMN ledger.share.contract IS 'Contract, 20 bytes; zeros: none.';
COMMENT ON COLUMN ledger.share.total_supply IS 'Total supply as the contract has it, uint256.';
COMMENT ON COLUMN ledger.share.reward_per_share IS 'Reward per share as the contract has it, uint256.';
COMMENT ON COLUMN ledger.share.active_amount IS 'Active amount as the contract has it, uint256.';
COMMENT ON COLUMN ledger.share.withdraw_pool IS 'Withdraw pool as the contract has it, uint256.';
COMMENT ON COLUMN ledger.share.withdraw_shares IS 'Withdraw shares as the contract has it, uint256.';
COMMENT ON COLUMN ledger.share.validator_id IS 'Validator id; 0: none.';
COMMENT ON COLUMN ledger.share.delegation IS 'Delegation.';
COMMENT ON COLUMN ledger.share.locked IS 'Locked.';

CREATE TABLE ledger.position (
  chain_id bigint NOT NULL,
  share_contract bytea NOT NULL,
  delegator bytea NOT NULL,
  block bigint NOT NULL,
  created boolean NOT NULL,
  shares numeric(78,0) NOT NULL,
  initial_reward_per_share numeric(78,0) NOT NULL,
  validator_id bigint NOT NULL,
  unbond_nonce bigint NOT NULL,
  CONSTRAINT position_pk PRIMARY KEY (chain_id, share_contract, delegator, block),
  CONSTRAINT position_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX position_created_ix ON ledger.position (chain_id, share_contract, delegator) WHERE created;
CREATE INDEX position_of_ix ON ledger.position (chain_id, delegator, share_contract) WHERE created;
CREATE INDEX position_block_ix ON ledger.position USING brin (block) WITH (autosummarize = on);
COMMENT ON TABLE ledger.position IS 'Delegators'' positions.';
COMMENT ON COLUMN ledger.position.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.position.block IS 'Block at whose end it is so.';
COMMENT ON COLUMN ledger.position.created IS 'The first row of its key.';
COMMENT ON COLUMN ledger.position.share_contract IS 'Share contract, 20 bytes; zeros: none.';
COMMENT ON COLUMN ledger.position.delegator IS 'Delegator, 20 bytes; zeros: none.';
COMMENT ON COLUMN ledger.position.shares IS 'Shares as the contract has it, uint256.';
COMMENT ON COLUMN ledger.position.initial_reward_per_share IS 'Initial reward per share as the contract has it, uint256.';
COMMENT ON COLUMN ledger.position.validator_id IS 'Validator id; 0: none.';
COMMENT ON COLUMN ledger.position.unbond_nonce IS 'Unbond nonce.';

CREATE TABLE ledger.unbond (
  chain_id bigint NOT NULL,
  share_contract bytea NOT NULL,
  delegator bytea NOT NULL,
  nonce bigint NOT NULL,
  block bigint NOT NULL,
  created boolean NOT NULL,
  shares numeric(78,0) NOT NULL,
  withdraw_epoch bigint NOT NULL,
  validator_id bigint NOT NULL,
  CONSTRAINT unbond_pk PRIMARY KEY (chain_id, share_contract, delegator, nonce, block),
  CONSTRAINT unbond_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX unbond_created_ix ON ledger.unbond (chain_id, share_contract, delegator, nonce) WHERE created;
CREATE INDEX unbond_block_ix ON ledger.unbond USING brin (block) WITH (autosummarize = on);
COMMENT ON TABLE ledger.unbond IS 'Unbonds; open while shares is not 0.';
COMMENT ON COLUMN ledger.unbond.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.unbond.block IS 'Block at whose end it is so.';
COMMENT ON COLUMN ledger.unbond.created IS 'The first row of its key.';
COMMENT ON COLUMN ledger.unbond.share_contract IS 'Share contract, 20 bytes; zeros: none.';
COMMENT ON COLUMN ledger.unbond.delegator IS 'Delegator, 20 bytes; zeros: none.';
COMMENT ON COLUMN ledger.unbond.nonce IS 'Nonce.';
COMMENT ON COLUMN ledger.unbond.shares IS 'Shares as the contract has it, uint256.';
COMMENT ON COLUMN ledger.unbond.withdraw_epoch IS 'Withdraw epoch.';
COMMENT ON COLUMN ledger.unbond.validator_id IS 'Validator id; 0: none.';

CREATE TABLE ledger.partnership (
  chain_id bigint NOT NULL,
  address bytea NOT NULL,
  block bigint NOT NULL,
  created boolean NOT NULL,
  total_received numeric(78,0) NOT NULL,
  free_capital numeric(78,0) NOT NULL,
  staked_capital numeric(78,0) NOT NULL,
  validator_id bigint NOT NULL,
  next_order bigint NOT NULL,
  admin bytea NOT NULL,
  operator bytea NOT NULL,
  dust_partner bytea NOT NULL,
  phase integer NOT NULL,
  paused integer NOT NULL,
  partner_count integer NOT NULL,
  CONSTRAINT partnership_pk PRIMARY KEY (chain_id, address, block),
  CONSTRAINT partnership_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX partnership_created_ix ON ledger.partnership (chain_id, address) WHERE created;
CREATE INDEX partnership_block_ix ON ledger.partnership USING brin (block) WITH (autosummarize = on);
COMMENT ON TABLE ledger.partnership IS 'Partnership contracts.';
COMMENT ON COLUMN ledger.partnership.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.partnership.block IS 'Block at whose end it is so.';
COMMENT ON COLUMN ledger.partnership.created IS 'The first row of its key.';
COMMENT ON COLUMN ledger.partnership.address IS 'Address, 20 bytes; zeros: none.';
COMMENT ON COLUMN ledger.partnership.total_received IS 'Total received as the contract has it, uint256.';
COMMENT ON COLUMN ledger.partnership.free_capital IS 'Free capital as the contract has it, uint256.';
COMMENT ON COLUMN ledger.partnership.staked_capital IS 'Staked capital as the contract has it, uint256.';
COMMENT ON COLUMN ledger.partnership.validator_id IS 'Validator id; 0: none.';
COMMENT ON COLUMN ledger.partnership.next_order IS 'Next order.';
COMMENT ON COLUMN ledger.partnership.admin IS 'Admin, 20 bytes; zeros: none.';
COMMENT ON COLUMN ledger.partnership.operator IS 'Operator, 20 bytes; zeros: none.';
COMMENT ON COLUMN ledger.partnership.dust_partner IS 'Dust partner, 20 bytes; zeros: none.';
COMMENT ON COLUMN ledger.partnership.phase IS '0 none, 1 initialized, 2 staked, 3 unstaking, 4 closed.';
COMMENT ON COLUMN ledger.partnership.paused IS 'Paused.';
COMMENT ON COLUMN ledger.partnership.partner_count IS 'Partner count.';

CREATE TABLE ledger.person (
  chain_id bigint NOT NULL,
  partnership bytea NOT NULL,
  account bytea NOT NULL,
  block bigint NOT NULL,
  created boolean NOT NULL,
  claimable numeric(78,0) NOT NULL,
  claimed numeric(78,0) NOT NULL,
  contributed numeric(78,0) NOT NULL,
  allocated numeric(78,0) NOT NULL,
  restaked numeric(78,0) NOT NULL,
  share_bps bigint NOT NULL,
  list_order bigint NOT NULL,
  active bigint NOT NULL,
  CONSTRAINT person_pk PRIMARY KEY (chain_id, partnership, account, block),
  CONSTRAINT person_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX person_created_ix ON ledger.person (chain_id, partnership, account) WHERE created;
CREATE INDEX person_of_ix ON ledger.person (chain_id, account, partnership) WHERE created;
CREATE INDEX person_block_ix ON ledger.person USING brin (block) WITH (autosummarize = on);
COMMENT ON TABLE ledger.person IS 'Partners and depositors of partnerships, also past ones.';
COMMENT ON COLUMN ledger.person.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.person.block IS 'Block at whose end it is so.';
COMMENT ON COLUMN ledger.person.created IS 'The first row of its key.';
COMMENT ON COLUMN ledger.person.partnership IS 'Partnership, 20 bytes; zeros: none.';
COMMENT ON COLUMN ledger.person.account IS 'Account, 20 bytes; zeros: none.';
COMMENT ON COLUMN ledger.person.claimable IS 'Claimable as the contract has it, uint256.';
COMMENT ON COLUMN ledger.person.claimed IS 'Claimed as the contract has it, uint256.';
COMMENT ON COLUMN ledger.person.contributed IS 'Contributed as the contract has it, uint256.';
COMMENT ON COLUMN ledger.person.allocated IS 'Allocated as the contract has it, uint256.';
COMMENT ON COLUMN ledger.person.restaked IS 'Restaked as the contract has it, uint256.';
COMMENT ON COLUMN ledger.person.share_bps IS 'Share bps.';
COMMENT ON COLUMN ledger.person.list_order IS 'Place in the contract''s list of partners, ascending.';
COMMENT ON COLUMN ledger.person.active IS 'Active.';

CREATE TABLE ledger.balance (
  chain_id bigint NOT NULL,
  account bytea NOT NULL,
  block bigint NOT NULL,
  created boolean NOT NULL,
  amount numeric(78,0) NOT NULL,
  CONSTRAINT balance_pk PRIMARY KEY (chain_id, account, block),
  CONSTRAINT balance_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX balance_created_ix ON ledger.balance (chain_id, account) WHERE created;
CREATE INDEX balance_block_ix ON ledger.balance USING brin (block) WITH (autosummarize = on);
COMMENT ON TABLE ledger.balance IS 'Balances in the staking token.';
COMMENT ON COLUMN ledger.balance.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.balance.block IS 'Block at whose end it is so.';
COMMENT ON COLUMN ledger.balance.created IS 'The first row of its key.';
COMMENT ON COLUMN ledger.balance.account IS 'Account, 20 bytes; zeros: none.';
COMMENT ON COLUMN ledger.balance.amount IS 'Amount in the smallest unit.';

CREATE TABLE ledger.signer_key (
  chain_id bigint NOT NULL,
  signer bytea NOT NULL,
  block bigint NOT NULL,
  created boolean NOT NULL,
  validator_id bigint NOT NULL,
  CONSTRAINT signer_key_pk PRIMARY KEY (chain_id, signer, block),
  CONSTRAINT signer_key_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX signer_key_created_ix ON ledger.signer_key (chain_id, signer) WHERE created;
CREATE INDEX signer_key_block_ix ON ledger.signer_key USING brin (block) WITH (autosummarize = on);
COMMENT ON TABLE ledger.signer_key IS 'signerToValidator.';
COMMENT ON COLUMN ledger.signer_key.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.signer_key.block IS 'Block at whose end it is so.';
COMMENT ON COLUMN ledger.signer_key.created IS 'The first row of its key.';
COMMENT ON COLUMN ledger.signer_key.signer IS 'Signer, 20 bytes; zeros: none.';
COMMENT ON COLUMN ledger.signer_key.validator_id IS 'Validator id; 0: none.';

CREATE TABLE ledger.header (
  chain_id bigint NOT NULL,
  header_block_id bigint NOT NULL,
  block bigint NOT NULL,
  created boolean NOT NULL,
  root bytea NOT NULL,
  start_block bigint NOT NULL,
  end_block bigint NOT NULL,
  created_at bigint NOT NULL,
  proposer bytea NOT NULL,
  present integer NOT NULL,
  CONSTRAINT header_pk PRIMARY KEY (chain_id, header_block_id, block),
  CONSTRAINT header_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX header_created_ix ON ledger.header (chain_id, header_block_id) WHERE created;
CREATE INDEX header_block_ix ON ledger.header USING brin (block) WITH (autosummarize = on);
COMMENT ON TABLE ledger.header IS 'headerBlocks of the RootChain; zero after a reset.';
COMMENT ON COLUMN ledger.header.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.header.block IS 'Block at whose end it is so.';
COMMENT ON COLUMN ledger.header.created IS 'The first row of its key.';
COMMENT ON COLUMN ledger.header.header_block_id IS 'Header block id.';
COMMENT ON COLUMN ledger.header.root IS 'Root, 32 bytes.';
COMMENT ON COLUMN ledger.header.start_block IS 'Start block.';
COMMENT ON COLUMN ledger.header.end_block IS 'End block.';
COMMENT ON COLUMN ledger.header.created_at IS 'Created at.';
COMMENT ON COLUMN ledger.header.proposer IS 'Proposer, 20 bytes; zeros: none.';
COMMENT ON COLUMN ledger.header.present IS 'Present.';

CREATE TABLE ledger.root_chain (
  chain_id bigint NOT NULL,
  root_chain_id bigint NOT NULL,
  block bigint NOT NULL,
  created boolean NOT NULL,
  reward numeric(78,0) NOT NULL,
  header_id bigint NOT NULL,
  rewarded bigint NOT NULL,
  CONSTRAINT root_chain_pk PRIMARY KEY (chain_id, root_chain_id, block),
  CONSTRAINT root_chain_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX root_chain_created_ix ON ledger.root_chain (chain_id, root_chain_id) WHERE created;
CREATE INDEX root_chain_block_ix ON ledger.root_chain USING brin (block) WITH (autosummarize = on);
COMMENT ON TABLE ledger.root_chain IS 'CHAIN_CHECKPOINT_REWARD and currentHeaderBlockId.';
COMMENT ON COLUMN ledger.root_chain.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.root_chain.block IS 'Block at whose end it is so.';
COMMENT ON COLUMN ledger.root_chain.created IS 'The first row of its key.';
COMMENT ON COLUMN ledger.root_chain.root_chain_id IS 'Root chain id.';
COMMENT ON COLUMN ledger.root_chain.reward IS 'Reward as the contract has it, uint256.';
COMMENT ON COLUMN ledger.root_chain.header_id IS 'Header id.';
COMMENT ON COLUMN ledger.root_chain.rewarded IS 'Rewarded.';

CREATE TABLE ledger.epoch (
  chain_id bigint NOT NULL,
  epoch bigint NOT NULL,
  block bigint NOT NULL,
  created boolean NOT NULL,
  amount numeric(78,0) NOT NULL,
  staker_count bigint NOT NULL,
  CONSTRAINT epoch_pk PRIMARY KEY (chain_id, epoch, block),
  CONSTRAINT epoch_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX epoch_created_ix ON ledger.epoch (chain_id, epoch) WHERE created;
CREATE INDEX epoch_block_ix ON ledger.epoch USING brin (block) WITH (autosummarize = on);
COMMENT ON TABLE ledger.epoch IS 'validatorStateChanges.';
COMMENT ON COLUMN ledger.epoch.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.epoch.block IS 'Block at whose end it is so.';
COMMENT ON COLUMN ledger.epoch.created IS 'The first row of its key.';
COMMENT ON COLUMN ledger.epoch.epoch IS 'Epoch.';
COMMENT ON COLUMN ledger.epoch.amount IS 'Amount, two''s complement.';
COMMENT ON COLUMN ledger.epoch.staker_count IS 'Staker count, two''s complement.';

CREATE TABLE ledger.derived (
  name text COLLATE "C" NOT NULL,
  CONSTRAINT derived_pk PRIMARY KEY (name)
);
COMMENT ON TABLE ledger.derived IS 'Tables that follow from the events of a staking chain; a fork deletes their rows by chain_id and block.';
COMMENT ON COLUMN ledger.derived.name IS 'Name of a table of schema ledger, with columns chain_id and block.';
INSERT INTO ledger.derived VALUES ('block'), ('signers'), ('discrepancy'), ('global'), ('validator'), ('share'), ('position'), ('unbond'), ('partnership'), ('person'), ('balance'), ('signer_key'), ('header'), ('root_chain'), ('epoch');

CREATE FUNCTION ledger.cut(id bigint, from_block bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t text;
BEGIN
  FOR t IN SELECT name FROM ledger.derived ORDER BY name LOOP
    EXECUTE format('DELETE FROM ledger.%I WHERE chain_id = $1 AND block >= $2', t) USING id, from_block;
  END LOOP;
END $$;
COMMENT ON FUNCTION ledger.cut(bigint, bigint) IS 'Deletes all ledger rows of a chain at or above a block. The caller has locked the row of ledger.head.';

CREATE FUNCTION ledger.undo(id bigint, from_block bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- Also when nothing is taken back: whoever folds may be reading the rows that are about to go.
  PERFORM FROM ledger.head WHERE chain_id = id FOR UPDATE;
  UPDATE ledger.head SET block = from_block - 1, generation = generation + 1
    WHERE chain_id = id AND block >= from_block;
  IF FOUND THEN
    PERFORM ledger.cut(id, from_block);
  END IF;
END $$;
COMMENT ON FUNCTION ledger.undo(bigint, bigint) IS 'Takes the ledger of a chain back to below a block that a fork removes.';
GRANT EXECUTE ON FUNCTION ledger.cut(bigint, bigint), ledger.undo(bigint, bigint) TO bttc_writer;
