-- Histories: what moved at each log. The state says only what it adds up to.
-- Rows made before lack the terms; they are made anew at the next start.
DO $$
DECLARE
  id bigint;
BEGIN
  FOR id IN SELECT chain_id FROM ledger.head LOOP
    PERFORM ledger.cut(id, -9223372036854775808);
  END LOOP;
END $$;
DELETE FROM ledger.head;
ALTER TABLE ledger.person ADD COLUMN terms_tx bytea NOT NULL;
COMMENT ON COLUMN ledger.person.terms_tx IS 'Transaction that set share_bps, 32 bytes; zeros: the initial state.';

CREATE TABLE ledger.checkpoint (
  chain_id bigint NOT NULL,
  block bigint NOT NULL,
  log_index integer NOT NULL,
  tx bytea NOT NULL,
  time timestamptz NOT NULL,
  checkpoint_id bigint NOT NULL,
  root_chain_id smallint NOT NULL,
  epoch bigint NOT NULL,
  proposer_id bigint,
  reward numeric(78,0) NOT NULL,
  bonus numeric(78,0) NOT NULL,
  signed_stake numeric(78,0) NOT NULL,
  total_stake numeric(78,0) NOT NULL,
  signed bigint[] NOT NULL,
  missed bigint[] NOT NULL,
  CONSTRAINT checkpoint_pk PRIMARY KEY (chain_id, block, log_index),
  CONSTRAINT checkpoint_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX checkpoint_block_ix ON ledger.checkpoint USING brin (block) WITH (autosummarize = on);
COMMENT ON TABLE ledger.checkpoint IS 'What each checkpoint of the staking chain is worth, computed, and who took part.';
COMMENT ON COLUMN ledger.checkpoint.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.checkpoint.block IS 'Block of the log that caused it.';
COMMENT ON COLUMN ledger.checkpoint.log_index IS 'Index of that log in its block.';
COMMENT ON COLUMN ledger.checkpoint.tx IS 'Its transaction.';
COMMENT ON COLUMN ledger.checkpoint.time IS 'Time of the block.';
COMMENT ON COLUMN ledger.checkpoint.checkpoint_id IS 'Number of the checkpoint, from 1.';
COMMENT ON COLUMN ledger.checkpoint.root_chain_id IS '1 TRON, 2 Ethereum, 3 BSC.';
COMMENT ON COLUMN ledger.checkpoint.epoch IS 'Epoch in which it was credited.';
COMMENT ON COLUMN ledger.checkpoint.proposer_id IS 'Validator that gets the bonus; NULL: the proposer is nobody''s signer.';
COMMENT ON COLUMN ledger.checkpoint.reward IS 'Computed reward, bonus included.';
COMMENT ON COLUMN ledger.checkpoint.bonus IS 'The proposer''s part of it.';
COMMENT ON COLUMN ledger.checkpoint.signed_stake IS 'Stake of the validators that signed.';
COMMENT ON COLUMN ledger.checkpoint.total_stake IS 'Stake of all validators at that moment.';
COMMENT ON COLUMN ledger.checkpoint.signed IS 'Validators that signed, in the order of the signatures.';
COMMENT ON COLUMN ledger.checkpoint.missed IS 'Validators of signers[] that count as not having signed.';

CREATE TABLE ledger.accrual (
  chain_id bigint NOT NULL,
  validator_id bigint NOT NULL,
  block bigint NOT NULL,
  log_index integer NOT NULL,
  tx bytea NOT NULL,
  time timestamptz NOT NULL,
  checkpoint_id bigint NOT NULL,
  root_chain_id smallint NOT NULL,
  own numeric(78,0) NOT NULL,
  delegators numeric(78,0) NOT NULL,
  proposer_bonus numeric(78,0) NOT NULL,
  commission numeric(78,0) NOT NULL,
  CONSTRAINT accrual_pk PRIMARY KEY (chain_id, validator_id, block, log_index),
  CONSTRAINT accrual_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX accrual_block_ix ON ledger.accrual USING brin (block) WITH (autosummarize = on);
COMMENT ON TABLE ledger.accrual IS 'Growth of the view values of a validator at a checkpoint: differences of exact values.';
COMMENT ON COLUMN ledger.accrual.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.accrual.validator_id IS 'Validator id.';
COMMENT ON COLUMN ledger.accrual.block IS 'Block of the log that caused it.';
COMMENT ON COLUMN ledger.accrual.log_index IS 'Index of that log in its block.';
COMMENT ON COLUMN ledger.accrual.tx IS 'Its transaction.';
COMMENT ON COLUMN ledger.accrual.time IS 'Time of the block.';
COMMENT ON COLUMN ledger.accrual.checkpoint_id IS 'Number of the checkpoint.';
COMMENT ON COLUMN ledger.accrual.root_chain_id IS '1 TRON, 2 Ethereum, 3 BSC.';
COMMENT ON COLUMN ledger.accrual.own IS 'For the validator: its stake''s part, commission and bonus.';
COMMENT ON COLUMN ledger.accrual.delegators IS 'For its delegators, after commission.';
COMMENT ON COLUMN ledger.accrual.proposer_bonus IS 'Of own.';
COMMENT ON COLUMN ledger.accrual.commission IS 'Of own.';

CREATE TABLE ledger.validator_payout (
  chain_id bigint NOT NULL,
  validator_id bigint NOT NULL,
  block bigint NOT NULL,
  log_index integer NOT NULL,
  tx bytea NOT NULL,
  time timestamptz NOT NULL,
  kind text COLLATE "C" NOT NULL,
  account bytea NOT NULL,
  amount numeric(78,0) NOT NULL,
  CONSTRAINT validator_payout_pk PRIMARY KEY (chain_id, validator_id, block, log_index),
  CONSTRAINT validator_payout_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX validator_payout_block_ix ON ledger.validator_payout USING brin (block) WITH (autosummarize = on);
COMMENT ON TABLE ledger.validator_payout IS 'What validators were paid or reinvested.';
COMMENT ON COLUMN ledger.validator_payout.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.validator_payout.validator_id IS 'Validator id.';
COMMENT ON COLUMN ledger.validator_payout.block IS 'Block of the log that caused it.';
COMMENT ON COLUMN ledger.validator_payout.log_index IS 'Index of that log in its block.';
COMMENT ON COLUMN ledger.validator_payout.tx IS 'Its transaction.';
COMMENT ON COLUMN ledger.validator_payout.time IS 'Time of the block.';
COMMENT ON COLUMN ledger.validator_payout.kind IS 'claim, restake (the part that was reward) or principal (stake that came back).';
COMMENT ON COLUMN ledger.validator_payout.account IS 'Who got it; of a restake: the owner.';
COMMENT ON COLUMN ledger.validator_payout.amount IS 'In the smallest unit.';

CREATE TABLE ledger.delegator_entry (
  chain_id bigint NOT NULL,
  delegator bytea NOT NULL,
  block bigint NOT NULL,
  log_index integer NOT NULL,
  tx bytea NOT NULL,
  time timestamptz NOT NULL,
  kind text COLLATE "C" NOT NULL,
  validator_id bigint NOT NULL,
  amount numeric(78,0) NOT NULL,
  CONSTRAINT delegator_entry_pk PRIMARY KEY (chain_id, delegator, block, log_index),
  CONSTRAINT delegator_entry_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX delegator_entry_block_ix ON ledger.delegator_entry USING brin (block) WITH (autosummarize = on);
COMMENT ON TABLE ledger.delegator_entry IS 'What delegators were paid, reinvested or moved.';
COMMENT ON COLUMN ledger.delegator_entry.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.delegator_entry.delegator IS 'Address.';
COMMENT ON COLUMN ledger.delegator_entry.block IS 'Block of the log that caused it.';
COMMENT ON COLUMN ledger.delegator_entry.log_index IS 'Index of that log in its block.';
COMMENT ON COLUMN ledger.delegator_entry.tx IS 'Its transaction.';
COMMENT ON COLUMN ledger.delegator_entry.time IS 'Time of the block.';
COMMENT ON COLUMN ledger.delegator_entry.kind IS 'claim, restake, migration (stake that left for another validator) or unstake (stake that came back).';
COMMENT ON COLUMN ledger.delegator_entry.validator_id IS 'Validator id.';
COMMENT ON COLUMN ledger.delegator_entry.amount IS 'In the smallest unit.';

CREATE TABLE ledger.partner_entry (
  chain_id bigint NOT NULL,
  partner bytea NOT NULL,
  block bigint NOT NULL,
  log_index integer NOT NULL,
  tx bytea NOT NULL,
  time timestamptz NOT NULL,
  kind text COLLATE "C" NOT NULL,
  partnership bytea NOT NULL,
  validator_id bigint,
  amount numeric(78,0) NOT NULL,
  origin text COLLATE "C",
  recipient bytea,
  share_bps bigint NOT NULL,
  terms_tx bytea,
  claimable_after numeric(78,0) NOT NULL,
  claimed_after numeric(78,0) NOT NULL,
  contributed_after numeric(78,0) NOT NULL,
  CONSTRAINT partner_entry_pk PRIMARY KEY (chain_id, partner, block, log_index),
  CONSTRAINT partner_entry_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX partner_entry_block_ix ON ledger.partner_entry USING brin (block) WITH (autosummarize = on);
CREATE INDEX partner_entry_payout_ix ON ledger.partner_entry (chain_id, block, log_index) WHERE kind = 'payout';
CREATE INDEX partner_entry_of_ix ON ledger.partner_entry (chain_id, partnership, block, log_index);
COMMENT ON TABLE ledger.partner_entry IS 'Movements of partners in partnerships, with the terms in force.';
COMMENT ON COLUMN ledger.partner_entry.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.partner_entry.partner IS 'Address.';
COMMENT ON COLUMN ledger.partner_entry.block IS 'Block of the log that caused it.';
COMMENT ON COLUMN ledger.partner_entry.log_index IS 'Index of that log in its block.';
COMMENT ON COLUMN ledger.partner_entry.tx IS 'Its transaction.';
COMMENT ON COLUMN ledger.partner_entry.time IS 'Time of the block.';
COMMENT ON COLUMN ledger.partner_entry.kind IS 'allocation, payout, contribution or return.';
COMMENT ON COLUMN ledger.partner_entry.partnership IS 'Contract.';
COMMENT ON COLUMN ledger.partner_entry.validator_id IS 'Its validator; NULL: none yet.';
COMMENT ON COLUMN ledger.partner_entry.amount IS 'In the smallest unit.';
COMMENT ON COLUMN ledger.partner_entry.origin IS 'Of a contribution: deposit or restaked_reward.';
COMMENT ON COLUMN ledger.partner_entry.recipient IS 'Of a payout: who got the tokens.';
COMMENT ON COLUMN ledger.partner_entry.share_bps IS 'Share in force, in 1/10000.';
COMMENT ON COLUMN ledger.partner_entry.terms_tx IS 'Transaction that set the share; NULL: the initial state.';
COMMENT ON COLUMN ledger.partner_entry.claimable_after IS 'Claimable after it.';
COMMENT ON COLUMN ledger.partner_entry.claimed_after IS 'Claimed in all, after it.';
COMMENT ON COLUMN ledger.partner_entry.contributed_after IS 'Contributed capital after it.';

CREATE TABLE ledger.role_entry (
  chain_id bigint NOT NULL,
  partnership bytea NOT NULL,
  block bigint NOT NULL,
  log_index integer NOT NULL,
  tx bytea NOT NULL,
  time timestamptz NOT NULL,
  role text COLLATE "C" NOT NULL,
  account bytea NOT NULL,
  given boolean NOT NULL,
  CONSTRAINT role_entry_pk PRIMARY KEY (chain_id, partnership, block, log_index),
  CONSTRAINT role_entry_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX role_entry_block_ix ON ledger.role_entry USING brin (block) WITH (autosummarize = on);
CREATE INDEX role_entry_of_ix ON ledger.role_entry (chain_id, partnership, role, account, block, log_index);
COMMENT ON TABLE ledger.role_entry IS 'Roles in partnerships that were given or taken.';
COMMENT ON COLUMN ledger.role_entry.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN ledger.role_entry.partnership IS 'Contract.';
COMMENT ON COLUMN ledger.role_entry.block IS 'Block of the log that caused it.';
COMMENT ON COLUMN ledger.role_entry.log_index IS 'Index of that log in its block.';
COMMENT ON COLUMN ledger.role_entry.tx IS 'Its transaction.';
COMMENT ON COLUMN ledger.role_entry.time IS 'Time of the block.';
COMMENT ON COLUMN ledger.role_entry.role IS 'admin, operator, partner, or another role of the contract.';
COMMENT ON COLUMN ledger.role_entry.account IS 'Who has it.';
COMMENT ON COLUMN ledger.role_entry.given IS 'Given, or taken.';

INSERT INTO ledger.derived VALUES ('checkpoint'), ('accrual'), ('validator_payout'), ('delegator_entry'), ('partner_entry'), ('role_entry');
