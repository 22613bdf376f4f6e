-- All tables, views and functions after all migrations. Written by schema/dump_tables.sh.

SCHEMA analytics  -- Views and rollups for analysts.

SCHEMA api  -- Views that the HTTP API reads.

SCHEMA bttc  -- Bookkeeping of the program itself.

SCHEMA chain  -- Blocks, logs and transactions as the chains have them, and how far each chain is indexed. Rows above chain.head.indexed are not part of the history yet: the views leave them out.

SCHEMA ledger  -- Exact rewards: reserved for the ledger.

SCHEMA partnership  -- Events of validator partnership contracts in one vocabulary, whatever their own ABI is.

SCHEMA staking  -- Checkpoints and staking events, decoded.

TABLE analytics.kept_delegator WITH (fillfactor=50)  -- Movements of each delegator per month of UTC, validator and kind. Kept by triggers on ledger.delegator_entry.
  chain_id bigint NOT NULL  -- EVM chain id.
  delegator bytea NOT NULL  -- Address.
  validator_id bigint NOT NULL  -- Validator id.
  kind text COLLATE C NOT NULL  -- claim, restake, migration or unstake.
  period timestamp with time zone NOT NULL  -- Start of the month.
  movements bigint NOT NULL  -- How many; 0: a fork took them away.
  amount numeric NOT NULL  -- In the smallest unit.
  newest_block bigint NOT NULL  -- Block of the newest row in it.
  revision bigint NOT NULL  -- Number of its last change, ascending over all rollups.
  changed_at timestamp with time zone NOT NULL  -- When that was.
  CONSTRAINT kept_delegator_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT kept_delegator_pk PRIMARY KEY (chain_id, delegator, validator_id, kind, period)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

TABLE analytics.kept_partner WITH (fillfactor=50)  -- Movements of each partner per month of UTC and partnership. Kept by triggers on ledger.partner_entry.
  chain_id bigint NOT NULL  -- EVM chain id.
  partner bytea NOT NULL  -- Address.
  partnership bytea NOT NULL  -- Contract.
  period timestamp with time zone NOT NULL  -- Start of the month.
  movements bigint NOT NULL  -- How many; 0: a fork took the month away.
  allocated numeric NOT NULL  -- Income credited.
  claimed numeric NOT NULL  -- Paid out.
  deposited numeric NOT NULL  -- Capital paid in.
  restaked_rewards numeric NOT NULL  -- Income that became capital.
  returned numeric NOT NULL  -- Capital paid back.
  newest_block bigint NOT NULL  -- Block of the newest row in it.
  revision bigint NOT NULL  -- Number of its last change, ascending over all rollups.
  changed_at timestamp with time zone NOT NULL  -- When that was.
  CONSTRAINT kept_partner_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT kept_partner_pk PRIMARY KEY (chain_id, partner, partnership, period)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

TABLE analytics.kept_signing WITH (fillfactor=50)  -- How often each validator signed main checkpoints, per month of UTC. Kept by triggers on ledger.checkpoint.
  chain_id bigint NOT NULL  -- EVM chain id.
  validator_id bigint NOT NULL  -- Validator id.
  period timestamp with time zone NOT NULL  -- Start of the month.
  expected bigint NOT NULL  -- Main checkpoints at which its signer was in signers[]; 0: a fork took the month away.
  signed bigint NOT NULL  -- Of them, signed.
  newest_block bigint NOT NULL  -- Block of the newest row in it.
  revision bigint NOT NULL  -- Number of its last change, ascending over all rollups.
  changed_at timestamp with time zone NOT NULL  -- When that was.
  CONSTRAINT kept_signing_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT kept_signing_pk PRIMARY KEY (chain_id, validator_id, period)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

TABLE analytics.kept_validator WITH (fillfactor=50)  -- What each validator earned per day of UTC; weeks and months are sums of days. Kept by triggers on ledger.accrual.
  chain_id bigint NOT NULL  -- EVM chain id.
  validator_id bigint NOT NULL  -- Validator id.
  period timestamp with time zone NOT NULL  -- Start of the day.
  credited_checkpoints bigint NOT NULL  -- Checkpoints, main and sync, that credited it; 0: a fork took the day away.
  own numeric NOT NULL  -- Credited to the validator, bonus and commission included.
  delegators numeric NOT NULL  -- Credited to its delegators, after commission.
  proposer_bonus numeric NOT NULL  -- Of own.
  commission numeric NOT NULL  -- Of own.
  newest_block bigint NOT NULL  -- Block of the newest row in it.
  revision bigint NOT NULL  -- Number of its last change, ascending over all rollups.
  changed_at timestamp with time zone NOT NULL  -- When that was.
  CONSTRAINT kept_validator_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT kept_validator_pk PRIMARY KEY (chain_id, validator_id, period)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

TABLE bttc.migration  -- Schema changes that were applied, in order.
  number integer NOT NULL  -- Number of the step, from 1.
  name text NOT NULL  -- Name of its files in migrations/.
  sha256 text NOT NULL  -- SHA-256 of the text that was run, hex.
  duration_ms bigint NOT NULL  -- How long it took, milliseconds.
  version text NOT NULL  -- Version of the program that ran it.
  applied_at timestamp with time zone NOT NULL  -- When it was run.
  CONSTRAINT migration_pk PRIMARY KEY (number)
  GRANT SELECT TO bttc_writer

TABLE chain.block PARTITION BY LIST (chain_id)  -- Every block, with the header fields that later work needs.
  chain_id bigint NOT NULL  -- EVM chain id.
  number bigint NOT NULL  -- Block number.
  hash bytea NOT NULL  -- Block hash, 32 bytes.
  parent bytea NOT NULL  -- Hash of the block before.
  time timestamp with time zone NOT NULL  -- Block time.
  author bytea  -- Who made the block: recovered from the seal on BTTC, the miner field elsewhere. NULL: nobody (genesis).
  level smallint NOT NULL  -- How far the block was verified: 0 trusted, 1 linked, 2 hashed, 3 bloom, 4 receipts, 5 quorum.
  tx_total integer  -- Transactions in the block without a state-sync one; NULL: not fetched.
  gas_used bigint NOT NULL  -- Gas used.
  difficulty numeric(78,0) NOT NULL  -- Difficulty; on BTTC number of producers minus succession.
  tx_root bytea NOT NULL  -- transactionsRoot of the header.
  receipts_root bytea NOT NULL  -- receiptsRoot of the header.
  fee_sum numeric(78,0)  -- BTTC: sum of LogFeeTransfer amounts in wei, the producer's income; NULL: fee logs not fetched.
  fee_count integer  -- BTTC: number of LogFeeTransfer logs; NULL: not fetched.
  extra bytea NOT NULL  -- extraData of the header.
  agreed_by text COLLATE C  -- Endpoints that said the same of all that is kept of the block, with ", " between them; NULL: its level is not quorum, or nothing of it is kept.
  agreed_digest bytea  -- SHA-256 of what they said (schema/evidence/README.md).
  CONSTRAINT block_pk PRIMARY KEY (chain_id, number)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.chain  -- Chains of the network. Inserting a row makes the partitions of the chain.
  chain_id bigint NOT NULL  -- EVM chain id.
  key text COLLATE C NOT NULL  -- Short name used in paths and options: tron, ethereum, bsc, bttc; recorded networks: root, bttc.
  kind text COLLATE C NOT NULL  -- ethereum, tron or bttc: which header and node rules hold.
  role text COLLATE C NOT NULL  -- staking, mirror or child.
  first_block bigint NOT NULL  -- First block that is indexed.
  required_level smallint NOT NULL  -- Verification level that the network file asks for: 0 trusted, 1 linked, 2 hashed, 3 bloom, 4 receipts, 5 quorum.
  CONSTRAINT chain_first_block_ck CHECK ((first_block >= 0))
  CONSTRAINT chain_id_ck CHECK ((chain_id > 0))
  CONSTRAINT chain_pk PRIMARY KEY (chain_id)
  CONSTRAINT chain_key_uq UNIQUE (key)
  TRIGGER chain_partitions EXECUTES chain.make_partitions
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.contract  -- Contracts that a discovery rule found, each at the log that announced it.
  chain_id bigint NOT NULL  -- EVM chain id.
  address bytea NOT NULL  -- Address, 20 bytes.
  contract text COLLATE C NOT NULL  -- Contract name in the network file.
  rule text COLLATE C NOT NULL  -- Discovery rule in the network file.
  block bigint NOT NULL  -- Block from which it is known.
  log_index integer NOT NULL  -- Log from which it is known.
  validator_id bigint  -- Validator that it belongs to; NULL: the rule does not know.
  CONSTRAINT contract_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT contract_pk PRIMARY KEY (chain_id, block, log_index, address)
  INDEX contract_address_ix ON chain.contract USING btree (chain_id, address)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.coverage WITH (fillfactor=10)  -- Ranges of blocks that a bounded backfill stored above the visible prefix. A range is joined to the prefix when the prefix reaches it, its first parent is the newest block and the contracts known at its start are the same; otherwise it is dropped and read again.
  chain_id bigint NOT NULL  -- EVM chain id.
  from_block bigint NOT NULL  -- First block of the range.
  to_block bigint NOT NULL  -- Last block stored so far; from_block - 1: none yet.
  target bigint NOT NULL  -- Last block that the backfill wants.
  from_parent bytea  -- Parent hash of the first block; NULL while the range is empty.
  to_hash bytea  -- Hash of the last stored block; NULL while the range is empty.
  contracts_at_start bytea NOT NULL  -- SHA-256 over the discovered contracts that were known when the range was begun.
  seq bigint NOT NULL DEFAULT 0  -- Sequence number of the newest record applied to this range.
  CONSTRAINT coverage_hash_ck CHECK ((((to_block < from_block) = (to_hash IS NULL)) AND ((to_hash IS NULL) = (from_parent IS NULL))))
  CONSTRAINT coverage_range_ck CHECK (((to_block >= (from_block - 1)) AND (target >= to_block)))
  CONSTRAINT coverage_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT coverage_pk PRIMARY KEY (chain_id, from_block)
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.dispute  -- Where two nodes of a chain said something else about what no header commits to. Nothing of it is in other tables before two agree.
  chain_id bigint NOT NULL  -- EVM chain id.
  block bigint NOT NULL  -- Block number.
  log_index integer NOT NULL  -- Index of the log; -1: it is about no log.
  what text COLLATE C NOT NULL  -- What the answers differ in: hash, transaction, log, status, state-sync log, hash of a log's block.
  endpoint text NOT NULL  -- Node whose answer was there first (host and port).
  answer text NOT NULL  -- What it said.
  other_endpoint text NOT NULL  -- The other node.
  other_answer text NOT NULL  -- What that one said.
  outcome text NOT NULL  -- As of last_seen: it waits, or a third node decided.
  times bigint NOT NULL DEFAULT 1  -- How often it was seen.
  first_seen timestamp with time zone NOT NULL DEFAULT now()  -- When it was seen first.
  last_seen timestamp with time zone NOT NULL DEFAULT now()  -- When it was seen last.
  CONSTRAINT dispute_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT dispute_pk PRIMARY KEY (chain_id, block, log_index, what)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.evidence WITH (toast_tuple_target=8160)  -- Proofs of the kept logs and transactions of a block, where receiptsRoot and transactionsRoot were rebuilt (level receipts).
  chain_id bigint NOT NULL  -- EVM chain id.
  block bigint NOT NULL  -- Block number.
  header bytea NOT NULL  -- RLP of the block header; its keccak256 is the block hash.
  proof bytea NOT NULL  -- Nodes of the receipts trie and of the transactions trie, each as an RLP string, one after the other.
  CONSTRAINT evidence_pk PRIMARY KEY (chain_id, block)
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.evidence_tx  -- Where the transactions are whose logs have evidence: those of blocks in chain.evidence, and of TRON blocks, whose logs nobody can prove.
  chain_id bigint NOT NULL  -- EVM chain id.
  tx_head bigint NOT NULL  -- First 8 bytes of the transaction hash, as a signed integer (chain.tx_head).
  block bigint NOT NULL  -- Block number.
  CONSTRAINT evidence_tx_pk PRIMARY KEY (chain_id, tx_head, block)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.fork  -- Forks that were followed: a run of undone blocks, from the tip down.
  chain_id bigint NOT NULL  -- EVM chain id.
  fork integer NOT NULL  -- Number of the fork on its chain, from 1.
  common_block bigint NOT NULL  -- Newest block that both branches have.
  common_hash bytea NOT NULL  -- Hash of that block.
  depth integer NOT NULL  -- Number of blocks undone.
  first_seq bigint NOT NULL  -- Sequence number of the first UNDO record.
  last_seq bigint NOT NULL  -- Sequence number of the last UNDO record.
  CONSTRAINT fork_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT fork_pk PRIMARY KEY (chain_id, fork)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.halt  -- Chains that are not written any more until a person has looked. The next writer that can go on removes the row.
  chain_id bigint NOT NULL  -- EVM chain id.
  since timestamp with time zone NOT NULL DEFAULT now()  -- When the writer stopped.
  reason text NOT NULL  -- Why, and what to do.
  CONSTRAINT halt_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT halt_pk PRIMARY KEY (chain_id)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.head WITH (fillfactor=10)  -- Where each chain stands; one row a chain, changed in the transaction that writes the rows.
  chain_id bigint NOT NULL  -- EVM chain id.
  seq bigint NOT NULL DEFAULT 0  -- Sequence number of the newest stream record that is applied; 0: none.
  indexed bigint  -- Newest block of the contiguous canonical prefix. Readers see nothing above it. NULL: no block yet.
  indexed_hash bytea  -- Hash of that block.
  indexed_time timestamp with time zone  -- Time of that block.
  node_head bigint  -- Newest block that the node had, as last heard.
  node_head_time timestamp with time zone  -- Time of that block.
  safe bigint  -- Newest block called safe; may go down with the head. NULL: none.
  final bigint  -- Newest block ever called final; never goes down. NULL: none.
  fork_count integer NOT NULL DEFAULT 0  -- How many forks were followed; number of the newest row of chain.fork.
  changed_at timestamp with time zone NOT NULL DEFAULT now()  -- When this row was last written.
  CONSTRAINT head_indexed_ck CHECK ((((indexed IS NULL) = (indexed_hash IS NULL)) AND ((indexed IS NULL) = (indexed_time IS NULL))))
  CONSTRAINT head_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT head_pk PRIMARY KEY (chain_id)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.level_count WITH (fillfactor=10)  -- How many visible blocks stand at each verification level; kept with every write, forks subtract.
  chain_id bigint NOT NULL  -- EVM chain id.
  level smallint NOT NULL  -- 0 trusted, 1 linked, 2 hashed, 3 bloom, 4 receipts, 5 quorum.
  blocks bigint NOT NULL  -- Number of blocks.
  CONSTRAINT level_count_blocks_ck CHECK ((blocks >= 0))
  CONSTRAINT level_count_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT level_count_pk PRIMARY KEY (chain_id, level)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.log PARTITION BY LIST (chain_id)  -- Every kept log, as the chain has it, with the names that the network file gives it. The secondary indexes stand on the partitions (chain.build_log_indexes) and are absent while a first load runs.
  chain_id bigint NOT NULL  -- EVM chain id.
  block bigint NOT NULL  -- Block number.
  log_index integer NOT NULL  -- Index of the log within the block.
  tx_index integer NOT NULL  -- Index of the transaction within the block.
  state_sync boolean NOT NULL  -- True: log of a BTTC state-sync transaction, which no header commits to.
  tx bytea NOT NULL  -- Transaction hash.
  address bytea NOT NULL  -- Address of the contract that wrote the log, 20 bytes.
  contract text COLLATE C NOT NULL  -- Contract name in the network file (StakingInfo, ValidatorShare, ...).
  event text COLLATE C  -- Event name in the ABI; NULL: an event that no loaded ABI names.
  validator_id bigint  -- Validator that the event names; NULL: none, or an id of 0 or over 63 bits.
  topics bytea NOT NULL  -- Topics one after the other, 0 to 4 times 32 bytes.
  data bytea NOT NULL  -- Log data.
  CONSTRAINT log_pk PRIMARY KEY (chain_id, block, log_index)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.network  -- The one network that this database holds.
  name text NOT NULL  -- Name in the network file.
  revision text NOT NULL  -- First 16 hex digits of the SHA-256 over the network file and its ABIs; changes when an old answer may change.
  only_one boolean NOT NULL DEFAULT true  -- Always true; keeps the table at one row.
  CONSTRAINT network_only_one_ck CHECK (only_one)
  CONSTRAINT network_pk PRIMARY KEY (name)
  CONSTRAINT network_only_one_uq UNIQUE (only_one)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.operation  -- Log of what operators did: migrations, network files, overrides, backfills, other streams, ledgers made anew, chains resumed, checks of the database. Rows are never changed; each is bound to the one before it by a hash.
  id bigint NOT NULL  -- Counts the entries from 1 without gaps.
  at timestamp with time zone NOT NULL  -- When its transaction began.
  actor text NOT NULL  -- Database user who did it.
  kind text COLLATE C NOT NULL  -- migrate_up, migrate_down, network, chain, override, ledger_begun, ledger_redone, backfill, stream, resume or verify.
  detail text NOT NULL  -- What was done, and by which version of the program.
  previous bytea NOT NULL  -- Hash of the entry before; of the first entry 32 zero bytes.
  hash bytea NOT NULL  -- SHA-256 over previous and the entry (chain.operation_hash).
  CONSTRAINT operation_hash_ck CHECK (((length(previous) = 32) AND (length(hash) = 32)))
  CONSTRAINT operation_kind_ck CHECK ((kind ~ '^[a-z][a-z_]*$'::text))
  CONSTRAINT operation_pk PRIMARY KEY (id)
  TRIGGER operation_chain EXECUTES chain.chain_operation
  TRIGGER operation_keep EXECUTES chain.keep_operation
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT SELECT TO bttc_writer

TABLE chain.operation_head  -- The newest entry of chain.operation, written with it.
  id bigint NOT NULL  -- Its number; 0: none.
  hash bytea NOT NULL  -- Its hash.
  only_one boolean NOT NULL DEFAULT true  -- Always true; keeps the table at one row.
  CONSTRAINT operation_head_only_one_ck CHECK (only_one)
  CONSTRAINT operation_head_pk PRIMARY KEY (only_one)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT SELECT TO bttc_writer

TABLE chain.orphan_block  -- Blocks that a fork removed. A block may be here more than once, and canonical again.
  fork integer NOT NULL  -- Fork of chain.fork that removed it.
  chain_id bigint NOT NULL  -- EVM chain id.
  number bigint NOT NULL  -- Block number.
  hash bytea NOT NULL  -- Block hash, 32 bytes.
  parent bytea NOT NULL  -- Hash of the block before.
  time timestamp with time zone NOT NULL  -- Block time.
  author bytea  -- Who made the block: recovered from the seal on BTTC, the miner field elsewhere. NULL: nobody (genesis).
  level smallint NOT NULL  -- How far the block was verified: 0 trusted, 1 linked, 2 hashed, 3 bloom, 4 receipts, 5 quorum.
  tx_total integer  -- Transactions in the block without a state-sync one; NULL: not fetched.
  gas_used bigint NOT NULL  -- Gas used.
  difficulty numeric(78,0) NOT NULL  -- Difficulty; on BTTC number of producers minus succession.
  tx_root bytea NOT NULL  -- transactionsRoot of the header.
  receipts_root bytea NOT NULL  -- receiptsRoot of the header.
  fee_sum numeric(78,0)  -- BTTC: sum of LogFeeTransfer amounts in wei, the producer's income; NULL: fee logs not fetched.
  fee_count integer  -- BTTC: number of LogFeeTransfer logs; NULL: not fetched.
  extra bytea NOT NULL  -- extraData of the header.
  agreed_by text COLLATE C  -- Endpoints that said the same of all that is kept of the block, with ", " between them; NULL: its level is not quorum, or nothing of it is kept.
  agreed_digest bytea  -- SHA-256 of what they said (schema/evidence/README.md).
  CONSTRAINT orphan_block_pk PRIMARY KEY (chain_id, fork, number)
  INDEX orphan_block_hash_ix ON chain.orphan_block USING btree (chain_id, hash)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.orphan_contract  -- Discovered contracts of the blocks that a fork removed.
  fork integer NOT NULL  -- Fork of chain.fork that removed it.
  block_hash bytea NOT NULL  -- Hash of the removed block.
  chain_id bigint NOT NULL  -- EVM chain id.
  address bytea NOT NULL  -- Address, 20 bytes.
  contract text COLLATE C NOT NULL  -- Contract name in the network file.
  rule text COLLATE C NOT NULL  -- Discovery rule in the network file.
  block bigint NOT NULL  -- Block from which it is known.
  log_index integer NOT NULL  -- Log from which it is known.
  validator_id bigint  -- Validator that it belongs to; NULL: the rule does not know.
  CONSTRAINT orphan_contract_pk PRIMARY KEY (chain_id, fork, block, log_index, address)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.orphan_evidence  -- Proofs of the blocks that a fork removed.
  fork integer NOT NULL  -- Fork of chain.fork that removed it.
  block_hash bytea NOT NULL  -- Hash of the removed block.
  chain_id bigint NOT NULL  -- EVM chain id.
  block bigint NOT NULL  -- Block number.
  header bytea NOT NULL  -- RLP of the block header; its keccak256 is the block hash.
  proof bytea NOT NULL  -- Nodes of the receipts trie and of the transactions trie, each as an RLP string, one after the other.
  CONSTRAINT orphan_evidence_pk PRIMARY KEY (chain_id, fork, block)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.orphan_log  -- Logs of the blocks that a fork removed.
  fork integer NOT NULL  -- Fork of chain.fork that removed it.
  block_hash bytea NOT NULL  -- Hash of the removed block.
  chain_id bigint NOT NULL  -- EVM chain id.
  block bigint NOT NULL  -- Block number.
  log_index integer NOT NULL  -- Index of the log within the block.
  tx_index integer NOT NULL  -- Index of the transaction within the block.
  state_sync boolean NOT NULL  -- True: log of a BTTC state-sync transaction, which no header commits to.
  tx bytea NOT NULL  -- Transaction hash.
  address bytea NOT NULL  -- Address of the contract that wrote the log, 20 bytes.
  contract text COLLATE C NOT NULL  -- Contract name in the network file (StakingInfo, ValidatorShare, ...).
  event text COLLATE C  -- Event name in the ABI; NULL: an event that no loaded ABI names.
  validator_id bigint  -- Validator that the event names; NULL: none, or an id of 0 or over 63 bits.
  topics bytea NOT NULL  -- Topics one after the other, 0 to 4 times 32 bytes.
  data bytea NOT NULL  -- Log data.
  CONSTRAINT orphan_log_pk PRIMARY KEY (chain_id, fork, block, log_index)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.orphan_parked  -- Parked logs of the blocks that a fork removed.
  fork integer NOT NULL  -- Fork of chain.fork that removed it.
  block_hash bytea NOT NULL  -- Hash of the removed block.
  chain_id bigint NOT NULL  -- EVM chain id.
  block bigint  -- Block number; NULL: a stream record.
  log_index integer  -- Index of the log; NULL: a transaction or a stream record.
  address bytea  -- Contract address; NULL: a stream record.
  contract text COLLATE C  -- Contract name, where known.
  event text COLLATE C  -- Event or function that it should have been, where known.
  reason text NOT NULL  -- Why it was parked.
  topics bytea  -- Topics of the log; NULL: not a log.
  raw bytea NOT NULL  -- Log data; of a transaction its hash, sender and calldata one after the other; or the whole stream record.
  digest bytea NOT NULL  -- SHA-256 of raw.
  CONSTRAINT orphan_parked_uq UNIQUE NULLS NOT DISTINCT (chain_id, fork, block, log_index, digest)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.orphan_tx  -- Kept transactions of the blocks that a fork removed.
  fork integer NOT NULL  -- Fork of chain.fork that removed it.
  block_hash bytea NOT NULL  -- Hash of the removed block.
  chain_id bigint NOT NULL  -- EVM chain id.
  block bigint NOT NULL  -- Block number.
  tx_index integer NOT NULL  -- Index within the block.
  hash bytea NOT NULL  -- Transaction hash.
  sender bytea NOT NULL  -- Sender.
  recipient bytea  -- Recipient; NULL: contract creation.
  value numeric(78,0) NOT NULL  -- Value in wei (TRON: sun).
  type smallint NOT NULL  -- Transaction type: 0 legacy, 1 access list, 2 dynamic fee, ...
  succeeded boolean  -- Receipt status; NULL: no receipt was fetched.
  contract text COLLATE C  -- Contract name of the recipient in the network file; NULL: none.
  function text COLLATE C  -- Function that the calldata calls; NULL: a selector that no ABI has.
  input bytea NOT NULL  -- Calldata.
  CONSTRAINT orphan_tx_pk PRIMARY KEY (chain_id, fork, block, tx_index)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.parked  -- What could not be understood, kept whole: logs that are malformed for their event, calls or rows that do not fit, and stream records that could not be decoded.
  chain_id bigint NOT NULL  -- EVM chain id.
  block bigint  -- Block number; NULL: a stream record.
  log_index integer  -- Index of the log; NULL: a transaction or a stream record.
  address bytea  -- Contract address; NULL: a stream record.
  contract text COLLATE C  -- Contract name, where known.
  event text COLLATE C  -- Event or function that it should have been, where known.
  reason text NOT NULL  -- Why it was parked.
  topics bytea  -- Topics of the log; NULL: not a log.
  raw bytea NOT NULL  -- Log data; of a transaction its hash, sender and calldata one after the other; or the whole stream record.
  digest bytea NOT NULL  -- SHA-256 of raw.
  CONSTRAINT parked_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT parked_uq UNIQUE NULLS NOT DISTINCT (chain_id, block, log_index, digest)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.position WITH (fillfactor=10)  -- Where reading of the stream goes on; written in the transaction that writes the rows.
  chain_id bigint NOT NULL  -- EVM chain id.
  partition integer NOT NULL  -- Kafka partition; 0 for the stream inside the process.
  next_offset bigint NOT NULL  -- Offset of the next record to read.
  stream_id bytea NOT NULL  -- Id of the stream that the offset is about, 16 bytes; a topic that was made again has another one.
  CONSTRAINT position_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT position_pk PRIMARY KEY (chain_id, partition)
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE chain.tx PARTITION BY LIST (chain_id)  -- Kept transactions: those of logs whose calldata matters, and on the staking chain each one sent to a contract that is accounted for.
  chain_id bigint NOT NULL  -- EVM chain id.
  block bigint NOT NULL  -- Block number.
  tx_index integer NOT NULL  -- Index within the block.
  hash bytea NOT NULL  -- Transaction hash.
  sender bytea NOT NULL  -- Sender.
  recipient bytea  -- Recipient; NULL: contract creation.
  value numeric(78,0) NOT NULL  -- Value in wei (TRON: sun).
  type smallint NOT NULL  -- Transaction type: 0 legacy, 1 access list, 2 dynamic fee, ...
  succeeded boolean  -- Receipt status; NULL: no receipt was fetched.
  contract text COLLATE C  -- Contract name of the recipient in the network file; NULL: none.
  function text COLLATE C  -- Function that the calldata calls; NULL: a selector that no ABI has.
  input bytea NOT NULL  -- Calldata.
  CONSTRAINT tx_pk PRIMARY KEY (chain_id, block, tx_index)
  INDEX tx_recipient_ix ON ONLY chain.tx USING btree (recipient, block, tx_index)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.accrual  -- Growth of the view values of a validator at a checkpoint: differences of exact values.
  chain_id bigint NOT NULL  -- EVM chain id.
  validator_id bigint NOT NULL  -- Validator id.
  block bigint NOT NULL  -- Block of the log that caused it.
  log_index integer NOT NULL  -- Index of that log in its block.
  tx bytea NOT NULL  -- Its transaction.
  time timestamp with time zone NOT NULL  -- Time of the block.
  checkpoint_id bigint NOT NULL  -- Number of the checkpoint.
  root_chain_id smallint NOT NULL  -- 1 TRON, 2 Ethereum, 3 BSC.
  own numeric(78,0) NOT NULL  -- For the validator: its stake's part, commission and bonus.
  delegators numeric(78,0) NOT NULL  -- For its delegators, after commission.
  proposer_bonus numeric(78,0) NOT NULL  -- Of own.
  commission numeric(78,0) NOT NULL  -- Of own.
  CONSTRAINT accrual_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT accrual_pk PRIMARY KEY (chain_id, validator_id, block, log_index)
  INDEX accrual_block_ix ON ledger.accrual USING brin (block) WITH (autosummarize='on')
  TRIGGER kept_validator_gone EXECUTES analytics.keep_validator
  TRIGGER kept_validator_new EXECUTES analytics.keep_validator
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.balance  -- Balances in the staking token.
  chain_id bigint NOT NULL  -- EVM chain id.
  account bytea NOT NULL  -- Account, 20 bytes; zeros: none.
  block bigint NOT NULL  -- Block at whose end it is so.
  created boolean NOT NULL  -- The first row of its key.
  amount numeric(78,0) NOT NULL  -- Amount in the smallest unit.
  CONSTRAINT balance_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT balance_pk PRIMARY KEY (chain_id, account, block)
  INDEX balance_block_ix ON ledger.balance USING brin (block) WITH (autosummarize='on')
  INDEX balance_created_ix ON ledger.balance USING btree (chain_id, account) WHERE created
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.block  -- Blocks that changed the state; equal checksums mean equal states, so that machines can be compared.
  chain_id bigint NOT NULL  -- EVM chain id.
  block bigint NOT NULL  -- Block number.
  hash bytea NOT NULL  -- Block hash; of the initial state: empty.
  checksum bytea NOT NULL  -- Sum over the hashes of all records, 16 bytes.
  level smallint NOT NULL  -- Lowest verification level of all blocks so far that changed the state; of the initial state: 5.
  CONSTRAINT block_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT block_pk PRIMARY KEY (chain_id, block)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.checkpoint  -- What each checkpoint of the staking chain is worth, computed, and who took part.
  chain_id bigint NOT NULL  -- EVM chain id.
  block bigint NOT NULL  -- Block of the log that caused it.
  log_index integer NOT NULL  -- Index of that log in its block.
  tx bytea NOT NULL  -- Its transaction.
  time timestamp with time zone NOT NULL  -- Time of the block.
  checkpoint_id bigint NOT NULL  -- Number of the checkpoint, from 1.
  root_chain_id smallint NOT NULL  -- 1 TRON, 2 Ethereum, 3 BSC.
  epoch bigint NOT NULL  -- Epoch in which it was credited.
  proposer_id bigint  -- Validator that gets the bonus; NULL: the proposer is nobody's signer.
  reward numeric(78,0) NOT NULL  -- Computed reward, bonus included.
  bonus numeric(78,0) NOT NULL  -- The proposer's part of it.
  signed_stake numeric(78,0) NOT NULL  -- Stake of the validators that signed.
  total_stake numeric(78,0) NOT NULL  -- Stake of all validators at that moment.
  signed bigint[] NOT NULL  -- Validators that signed, in the order of the signatures.
  missed bigint[] NOT NULL  -- Validators of signers[] that count as not having signed.
  leaving bigint[] NOT NULL DEFAULT '{}'::bigint[]  -- Validators that signed and were in signers[] no more.
  CONSTRAINT checkpoint_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT checkpoint_pk PRIMARY KEY (chain_id, block, log_index)
  INDEX checkpoint_block_ix ON ledger.checkpoint USING brin (block) WITH (autosummarize='on')
  TRIGGER kept_signing_gone EXECUTES analytics.keep_signing
  TRIGGER kept_signing_new EXECUTES analytics.keep_signing
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.delegator_entry  -- What delegators were paid, reinvested or moved.
  chain_id bigint NOT NULL  -- EVM chain id.
  delegator bytea NOT NULL  -- Address.
  block bigint NOT NULL  -- Block of the log that caused it.
  log_index integer NOT NULL  -- Index of that log in its block.
  tx bytea NOT NULL  -- Its transaction.
  time timestamp with time zone NOT NULL  -- Time of the block.
  kind text COLLATE C NOT NULL  -- claim, restake, migration (stake that left for another validator) or unstake (stake that came back).
  validator_id bigint NOT NULL  -- Validator id.
  amount numeric(78,0) NOT NULL  -- In the smallest unit.
  CONSTRAINT delegator_entry_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT delegator_entry_pk PRIMARY KEY (chain_id, delegator, block, log_index)
  INDEX delegator_entry_block_ix ON ledger.delegator_entry USING brin (block) WITH (autosummarize='on')
  TRIGGER kept_delegator_gone EXECUTES analytics.keep_delegator
  TRIGGER kept_delegator_new EXECUTES analytics.keep_delegator
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.derived  -- Tables that follow from the events of a staking chain; a fork deletes their rows by chain_id and block.
  name text COLLATE C NOT NULL  -- Name of a table of schema ledger, with columns chain_id and block.
  CONSTRAINT derived_pk PRIMARY KEY (name)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.discrepancy  -- Where the chain says something else than the ledger computes.
  chain_id bigint NOT NULL  -- EVM chain id.
  block bigint NOT NULL  -- Block number.
  ordinal integer NOT NULL  -- Counts the findings of the block from 0.
  kind text COLLATE C NOT NULL  -- Which self-check.
  subject text COLLATE C NOT NULL  -- Number (validator, chain, header block or nonce), contract and account that the check is about, apart by spaces.
  expected numeric(78,0) NOT NULL  -- What the ledger computes.
  observed numeric(78,0) NOT NULL  -- What the chain says.
  tx bytea NOT NULL  -- Transaction hash.
  log_index integer  -- Index of the log; NULL: a call.
  resolved boolean NOT NULL DEFAULT false  -- A person has looked at it.
  explanation text  -- Of a checkpoint's reward: a parameter that would explain it if it had this value; NULL: none is known.
  CONSTRAINT discrepancy_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT discrepancy_pk PRIMARY KEY (chain_id, block, ordinal)
  INDEX discrepancy_open_ix ON ledger.discrepancy USING btree (chain_id, block) WHERE ((NOT resolved) AND (kind = ANY (ARRAY['checkpoint_reward'::text, 'checkpoint_signers'::text, 'arithmetic'::text, 'implementation'::text])))
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.epoch  -- validatorStateChanges.
  chain_id bigint NOT NULL  -- EVM chain id.
  epoch bigint NOT NULL  -- Epoch.
  block bigint NOT NULL  -- Block at whose end it is so.
  created boolean NOT NULL  -- The first row of its key.
  amount numeric(78,0) NOT NULL  -- Amount, two's complement.
  staker_count bigint NOT NULL  -- Staker count, two's complement.
  CONSTRAINT epoch_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT epoch_pk PRIMARY KEY (chain_id, epoch, block)
  INDEX epoch_block_ix ON ledger.epoch USING brin (block) WITH (autosummarize='on')
  INDEX epoch_created_ix ON ledger.epoch USING btree (chain_id, epoch) WHERE created
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.flow  -- Tokens of partnerships as transfers and staking events show them, whatever their own events say; all time, from when the contract was known.
  chain_id bigint NOT NULL  -- EVM chain id.
  partnership bytea NOT NULL  -- Contract, 20 bytes.
  block bigint NOT NULL  -- Block at whose end it is so.
  created boolean NOT NULL  -- The first row of its key.
  rewards numeric(78,0) NOT NULL  -- Paid by the StakeManager as rewards of a validator or a delegator.
  principal numeric(78,0) NOT NULL  -- Paid by the StakeManager as stake that came back.
  from_manager numeric(78,0) NOT NULL  -- All transfers from the StakeManager.
  to_manager numeric(78,0) NOT NULL  -- All transfers to the StakeManager.
  paid_in numeric(78,0) NOT NULL  -- Transfers from everybody else.
  paid_out numeric(78,0) NOT NULL  -- Transfers to everybody else.
  validator_id bigint NOT NULL  -- Validator whose token it got last; 0: none.
  CONSTRAINT flow_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT flow_pk PRIMARY KEY (chain_id, partnership, block)
  INDEX flow_block_ix ON ledger.flow USING brin (block) WITH (autosummarize='on')
  INDEX flow_created_ix ON ledger.flow USING btree (chain_id, partnership) WHERE created
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.global  -- Global values of the StakeManager and the RootChain.
  chain_id bigint NOT NULL  -- EVM chain id.
  block bigint NOT NULL  -- Block at whose end it is so.
  created boolean NOT NULL  -- The first row of its key.
  reward_per_stake numeric(78,0) NOT NULL  -- Reward per stake as the contract has it, uint256.
  total_staked numeric(78,0) NOT NULL  -- Total staked as the contract has it, uint256.
  total_rewards numeric(78,0) NOT NULL  -- Total rewards as the contract has it, uint256.
  total_rewards_liquidated numeric(78,0) NOT NULL  -- Total rewards liquidated as the contract has it, uint256.
  total_stake numeric(78,0) NOT NULL  -- Total stake as the contract has it, uint256.
  total_heimdall_fee numeric(78,0) NOT NULL  -- Total heimdall fee as the contract has it, uint256.
  min_deposit numeric(78,0) NOT NULL  -- Min deposit as the contract has it, uint256.
  min_heimdall_fee numeric(78,0) NOT NULL  -- Min heimdall fee as the contract has it, uint256.
  prev_block_interval numeric(78,0) NOT NULL  -- Prev block interval as the contract has it, uint256.
  reward_decrease_per_checkpoint numeric(78,0) NOT NULL  -- Reward decrease per checkpoint as the contract has it, uint256.
  max_rewarded_checkpoints numeric(78,0) NOT NULL  -- Max rewarded checkpoints as the contract has it, uint256.
  checkpoint_reward_delta numeric(78,0) NOT NULL  -- Checkpoint reward delta as the contract has it, uint256.
  checkpoint_block_interval numeric(78,0) NOT NULL  -- Checkpoint block interval as the contract has it, uint256.
  proposer_bonus numeric(78,0) NOT NULL  -- Proposer bonus as the contract has it, uint256.
  withdrawal_delay numeric(78,0) NOT NULL  -- Withdrawal delay as the contract has it, uint256.
  dynasty numeric(78,0) NOT NULL  -- Dynasty as the contract has it, uint256.
  auction_period numeric(78,0) NOT NULL  -- Auction period as the contract has it, uint256.
  replacement_cool_down numeric(78,0) NOT NULL  -- Replacement cool down as the contract has it, uint256.
  signer_update_limit numeric(78,0) NOT NULL  -- Signer update limit as the contract has it, uint256.
  validator_threshold numeric(78,0) NOT NULL  -- Validator threshold as the contract has it, uint256.
  account_state_root bytea NOT NULL  -- Account state root, 32 bytes.
  current_epoch bigint NOT NULL  -- Current epoch.
  staker_count bigint NOT NULL  -- Staker count.
  nft_counter bigint NOT NULL  -- Nft counter.
  next_header_block bigint NOT NULL  -- Next header block.
  delegation_enabled bigint NOT NULL  -- Delegation enabled.
  CONSTRAINT global_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT global_pk PRIMARY KEY (chain_id, block)
  INDEX global_block_ix ON ledger.global USING brin (block) WITH (autosummarize='on')
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.head WITH (fillfactor=10)  -- How far the ledger follows a staking chain; locked by whoever writes ledger rows.
  chain_id bigint NOT NULL  -- EVM chain id.
  block bigint NOT NULL  -- Newest block whose effects are in the tables; one below the first block: only the initial state.
  generation bigint NOT NULL DEFAULT 0  -- Counts the forks that took ledger rows back.
  rules text NOT NULL  -- Revision of the network file and rules by which the rows were made; another one: they are made anew.
  stake_manager bytea  -- Address of the StakeManager, 20 bytes.
  overrides bigint NOT NULL DEFAULT 0  -- Set of overrides (ledger.override_set) that the rows were made with; 0: none.
  CONSTRAINT head_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT head_pk PRIMARY KEY (chain_id)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.header  -- headerBlocks of the RootChain; zero after a reset.
  chain_id bigint NOT NULL  -- EVM chain id.
  header_block_id bigint NOT NULL  -- Header block id.
  block bigint NOT NULL  -- Block at whose end it is so.
  created boolean NOT NULL  -- The first row of its key.
  root bytea NOT NULL  -- Root, 32 bytes.
  start_block bigint NOT NULL  -- Start block.
  end_block bigint NOT NULL  -- End block.
  created_at bigint NOT NULL  -- Created at.
  proposer bytea NOT NULL  -- Proposer, 20 bytes; zeros: none.
  present integer NOT NULL  -- Present.
  CONSTRAINT header_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT header_pk PRIMARY KEY (chain_id, header_block_id, block)
  INDEX header_block_ix ON ledger.header USING brin (block) WITH (autosummarize='on')
  INDEX header_created_ix ON ledger.header USING btree (chain_id, header_block_id) WHERE created
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.join_head WITH (fillfactor=10)  -- How far the blocks of a child chain are counted; locked by whoever counts or takes back.
  chain_id bigint NOT NULL  -- EVM chain id of the child chain.
  block bigint NOT NULL  -- Newest block that is counted.
  CONSTRAINT join_head_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT join_head_pk PRIMARY KEY (chain_id)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.override_set  -- Sets of overrides as an operator gave them; the newest one is in force. Rows are never changed.
  id bigint NOT NULL  -- Counts the sets.
  chain_id bigint NOT NULL  -- EVM chain id.
  body text NOT NULL  -- The file as it was: block, parameter, value and reason, a line each.
  added_at timestamp with time zone NOT NULL DEFAULT now()  -- When it was stored.
  added_by text NOT NULL DEFAULT SESSION_USER  -- Database user that stored it.
  CONSTRAINT override_set_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT override_set_pk PRIMARY KEY (id)
  TRIGGER override_set_keep EXECUTES ledger.keep_override_set
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.parameter  -- Values of the StakeManager that governance sets, each change with its source.
  chain_id bigint NOT NULL  -- EVM chain id.
  block bigint NOT NULL  -- Block from which the value holds; of the network file: the block before the first one.
  ordinal integer NOT NULL  -- Counts the changes of the block from 0.
  log_index integer  -- Index of the event that says it; NULL: a call, an override, a snapshot or the network file.
  tx bytea  -- Transaction; NULL: an override, a snapshot or the network file.
  time timestamp with time zone  -- Time of the block; NULL: the network file.
  parameter text COLLATE C NOT NULL  -- Name as in /v1/staking; checkpoint_reward/1 to 3 by root chain.
  value numeric(78,0) NOT NULL  -- Value from there on.
  previous numeric(78,0)  -- Value before; NULL: the network file.
  source text COLLATE C NOT NULL  -- network_file, event, call (calldata of a call that logs nothing), override (an operator) or snapshot (eth_call of the contract, put in force by an operator).
  reason text  -- Of an override: what the operator wrote; of a snapshot: block, its hash, and who was asked. NULL: the chain or the network file says it.
  CONSTRAINT parameter_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT parameter_pk PRIMARY KEY (chain_id, block, ordinal)
  INDEX parameter_name_ix ON ledger.parameter USING btree (chain_id, parameter, block)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.partner_entry  -- Movements of partners in partnerships, with the terms in force.
  chain_id bigint NOT NULL  -- EVM chain id.
  partner bytea NOT NULL  -- Address.
  block bigint NOT NULL  -- Block of the log that caused it.
  log_index integer NOT NULL  -- Index of that log in its block.
  tx bytea NOT NULL  -- Its transaction.
  time timestamp with time zone NOT NULL  -- Time of the block.
  kind text COLLATE C NOT NULL  -- allocation, payout, contribution or return.
  partnership bytea NOT NULL  -- Contract.
  validator_id bigint  -- Its validator; NULL: none yet.
  amount numeric(78,0) NOT NULL  -- In the smallest unit.
  origin text COLLATE C  -- Of a contribution: deposit or restaked_reward.
  recipient bytea  -- Of a payout: who got the tokens.
  share_bps bigint NOT NULL  -- Share in force, in 1/10000.
  terms_tx bytea  -- Transaction that set the share; NULL: the initial state.
  claimable_after numeric(78,0) NOT NULL  -- Claimable after it.
  claimed_after numeric(78,0) NOT NULL  -- Claimed in all, after it.
  contributed_after numeric(78,0) NOT NULL  -- Contributed capital after it.
  CONSTRAINT partner_entry_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT partner_entry_pk PRIMARY KEY (chain_id, partner, block, log_index)
  INDEX partner_entry_block_ix ON ledger.partner_entry USING brin (block) WITH (autosummarize='on')
  INDEX partner_entry_of_ix ON ledger.partner_entry USING btree (chain_id, partnership, block, log_index)
  INDEX partner_entry_payout_ix ON ledger.partner_entry USING btree (chain_id, block, log_index) WHERE (kind = 'payout'::text)
  INDEX partner_entry_tx_ix ON ledger.partner_entry USING btree (chain_id, tx, log_index) WHERE (kind = 'payout'::text)
  TRIGGER kept_partner_gone EXECUTES analytics.keep_partner
  TRIGGER kept_partner_new EXECUTES analytics.keep_partner
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.partnership  -- Partnership contracts.
  chain_id bigint NOT NULL  -- EVM chain id.
  address bytea NOT NULL  -- Address, 20 bytes; zeros: none.
  block bigint NOT NULL  -- Block at whose end it is so.
  created boolean NOT NULL  -- The first row of its key.
  total_received numeric(78,0) NOT NULL  -- Total received as the contract has it, uint256.
  free_capital numeric(78,0) NOT NULL  -- Free capital as the contract has it, uint256.
  staked_capital numeric(78,0) NOT NULL  -- Staked capital as the contract has it, uint256.
  validator_id bigint NOT NULL  -- Validator id; 0: none.
  next_order bigint NOT NULL  -- Next order.
  admin bytea NOT NULL  -- Admin, 20 bytes; zeros: none.
  operator bytea NOT NULL  -- Operator, 20 bytes; zeros: none.
  dust_partner bytea NOT NULL  -- Dust partner, 20 bytes; zeros: none.
  phase integer NOT NULL  -- 0 none, 1 initialized, 2 staked, 3 unstaking, 4 closed, 5 inferred: its events are not known, all follows from transfers and staking events.
  paused integer NOT NULL  -- Paused.
  partner_count integer NOT NULL  -- Partner count.
  CONSTRAINT partnership_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT partnership_pk PRIMARY KEY (chain_id, address, block)
  INDEX partnership_block_ix ON ledger.partnership USING brin (block) WITH (autosummarize='on')
  INDEX partnership_created_ix ON ledger.partnership USING btree (chain_id, address) WHERE created
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.person  -- Partners and depositors of partnerships, also past ones.
  chain_id bigint NOT NULL  -- EVM chain id.
  partnership bytea NOT NULL  -- Partnership, 20 bytes; zeros: none.
  account bytea NOT NULL  -- Account, 20 bytes; zeros: none.
  block bigint NOT NULL  -- Block at whose end it is so.
  created boolean NOT NULL  -- The first row of its key.
  claimable numeric(78,0) NOT NULL  -- Claimable as the contract has it, uint256.
  claimed numeric(78,0) NOT NULL  -- Claimed as the contract has it, uint256.
  contributed numeric(78,0) NOT NULL  -- Contributed as the contract has it, uint256.
  allocated numeric(78,0) NOT NULL  -- Allocated as the contract has it, uint256.
  restaked numeric(78,0) NOT NULL  -- Restaked as the contract has it, uint256.
  share_bps bigint NOT NULL  -- Share bps.
  list_order bigint NOT NULL  -- Place in the contract's list of partners, ascending; of an inferred partnership: how often it was paid.
  active bigint NOT NULL  -- 1: a partner now; of an inferred partnership: paid in, or was paid more than once.
  terms_tx bytea NOT NULL  -- Transaction that set share_bps, 32 bytes; zeros: the initial state.
  CONSTRAINT person_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT person_pk PRIMARY KEY (chain_id, partnership, account, block)
  INDEX person_block_ix ON ledger.person USING brin (block) WITH (autosummarize='on')
  INDEX person_created_ix ON ledger.person USING btree (chain_id, partnership, account) WHERE created
  INDEX person_of_ix ON ledger.person USING btree (chain_id, account, partnership) WHERE created
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.position  -- Delegators' positions.
  chain_id bigint NOT NULL  -- EVM chain id.
  share_contract bytea NOT NULL  -- Share contract, 20 bytes; zeros: none.
  delegator bytea NOT NULL  -- Delegator, 20 bytes; zeros: none.
  block bigint NOT NULL  -- Block at whose end it is so.
  created boolean NOT NULL  -- The first row of its key.
  shares numeric(78,0) NOT NULL  -- Shares as the contract has it, uint256.
  initial_reward_per_share numeric(78,0) NOT NULL  -- Initial reward per share as the contract has it, uint256.
  validator_id bigint NOT NULL  -- Validator id; 0: none.
  unbond_nonce bigint NOT NULL  -- Unbond nonce.
  CONSTRAINT position_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT position_pk PRIMARY KEY (chain_id, share_contract, delegator, block)
  INDEX position_block_ix ON ledger."position" USING brin (block) WITH (autosummarize='on')
  INDEX position_created_ix ON ledger."position" USING btree (chain_id, share_contract, delegator) WHERE created
  INDEX position_of_ix ON ledger."position" USING btree (chain_id, delegator, share_contract) WHERE created
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.posting  -- Movements of token units between two accounts, except what checkpoints credit to each validator (ledger.accrual).
  chain_id bigint NOT NULL  -- EVM chain id.
  block bigint NOT NULL  -- Block of the log or call that caused it; of an opening: the block before the first one.
  ordinal integer NOT NULL  -- Counts the movements of the block from 0, in the order in which they happened.
  log_index integer  -- Index of that log in its block; NULL: a call or an opening.
  tx bytea  -- Its transaction; NULL: an opening.
  time timestamp with time zone  -- Time of the block; NULL: an opening.
  kind text COLLATE C NOT NULL  -- Why: transfer, credited, settled, claimed, restaked, staked, delegated, allocated, paid, ... (schema/POSTINGS.md).
  debit text COLLATE C NOT NULL  -- Account that the units left.
  credit text COLLATE C NOT NULL  -- Account that they went to.
  amount numeric(78,0) NOT NULL  -- In the smallest unit, above zero.
  CONSTRAINT posting_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT posting_pk PRIMARY KEY (chain_id, block, ordinal)
  INDEX posting_credit_ix ON ledger.posting USING btree (credit, block)
  INDEX posting_debit_ix ON ledger.posting USING btree (debit, block)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.producer_day  -- What each producer of a child chain did, per day of UTC.
  chain_id bigint NOT NULL  -- EVM chain id of the child chain.
  producer bytea NOT NULL  -- Signer address.
  day date NOT NULL  -- Day of UTC.
  blocks bigint NOT NULL  -- Blocks sealed.
  in_turn bigint NOT NULL  -- Of them, sealed in turn.
  missed bigint NOT NULL  -- Blocks at which it was passed over: a block of succession k passes over k producers.
  fees numeric(78,0) NOT NULL  -- Sum of LogFeeTransfer amounts of its blocks.
  CONSTRAINT producer_day_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT producer_day_pk PRIMARY KEY (chain_id, producer, day)
  INDEX producer_day_day_ix ON ledger.producer_day USING btree (chain_id, day)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.role_entry  -- Roles in partnerships that were given or taken.
  chain_id bigint NOT NULL  -- EVM chain id.
  partnership bytea NOT NULL  -- Contract.
  block bigint NOT NULL  -- Block of the log that caused it; of the initial state: the block before the first one.
  log_index integer NOT NULL  -- Index of that log in its block; below 0: the initial state.
  tx bytea  -- Its transaction; NULL: the initial state.
  time timestamp with time zone  -- Time of the block; NULL: the initial state.
  role text COLLATE C NOT NULL  -- admin, operator, partner, or another role of the contract.
  account bytea NOT NULL  -- Who has it.
  given boolean NOT NULL  -- Given, or taken.
  CONSTRAINT role_entry_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT role_entry_pk PRIMARY KEY (chain_id, partnership, block, log_index)
  INDEX role_entry_block_ix ON ledger.role_entry USING brin (block) WITH (autosummarize='on')
  INDEX role_entry_of_ix ON ledger.role_entry USING btree (chain_id, partnership, role, account, block, log_index)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.root_chain  -- CHAIN_CHECKPOINT_REWARD and currentHeaderBlockId.
  chain_id bigint NOT NULL  -- EVM chain id.
  root_chain_id bigint NOT NULL  -- Root chain id.
  block bigint NOT NULL  -- Block at whose end it is so.
  created boolean NOT NULL  -- The first row of its key.
  reward numeric(78,0) NOT NULL  -- Reward as the contract has it, uint256.
  header_id bigint NOT NULL  -- Header id.
  rewarded bigint NOT NULL  -- Rewarded.
  CONSTRAINT root_chain_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT root_chain_pk PRIMARY KEY (chain_id, root_chain_id, block)
  INDEX root_chain_block_ix ON ledger.root_chain USING brin (block) WITH (autosummarize='on')
  INDEX root_chain_created_ix ON ledger.root_chain USING btree (chain_id, root_chain_id) WHERE created
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.share  -- ValidatorShare contracts.
  chain_id bigint NOT NULL  -- EVM chain id.
  contract bytea NOT NULL  -- Contract, 20 bytes; zeros: none.
  block bigint NOT NULL  -- Block at whose end it is so.
  created boolean NOT NULL  -- The first row of its key.
  total_supply numeric(78,0) NOT NULL  -- Total supply as the contract has it, uint256.
  reward_per_share numeric(78,0) NOT NULL  -- Reward per share as the contract has it, uint256.
  active_amount numeric(78,0) NOT NULL  -- Active amount as the contract has it, uint256.
  withdraw_pool numeric(78,0) NOT NULL  -- Withdraw pool as the contract has it, uint256.
  withdraw_shares numeric(78,0) NOT NULL  -- Withdraw shares as the contract has it, uint256.
  validator_id bigint NOT NULL  -- Validator id; 0: none.
  delegation integer NOT NULL  -- Delegation.
  locked integer NOT NULL  -- Locked.
  CONSTRAINT share_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT share_pk PRIMARY KEY (chain_id, contract, block)
  INDEX share_block_ix ON ledger.share USING brin (block) WITH (autosummarize='on')
  INDEX share_created_ix ON ledger.share USING btree (chain_id, contract) WHERE created
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.signer_key  -- signerToValidator.
  chain_id bigint NOT NULL  -- EVM chain id.
  signer bytea NOT NULL  -- Signer, 20 bytes; zeros: none.
  block bigint NOT NULL  -- Block at whose end it is so.
  created boolean NOT NULL  -- The first row of its key.
  validator_id bigint NOT NULL  -- Validator id; 0: none.
  CONSTRAINT signer_key_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT signer_key_pk PRIMARY KEY (chain_id, signer, block)
  INDEX signer_key_block_ix ON ledger.signer_key USING brin (block) WITH (autosummarize='on')
  INDEX signer_key_created_ix ON ledger.signer_key USING btree (chain_id, signer) WHERE created
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.signers  -- signers[] of the StakeManager.
  chain_id bigint NOT NULL  -- EVM chain id.
  block bigint NOT NULL  -- Block at whose end it is so.
  signers bytea NOT NULL  -- Addresses in the order of the contract, 20 bytes each.
  CONSTRAINT signers_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT signers_pk PRIMARY KEY (chain_id, block)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.unbond  -- Unbonds; open while shares is not 0.
  chain_id bigint NOT NULL  -- EVM chain id.
  share_contract bytea NOT NULL  -- Share contract, 20 bytes; zeros: none.
  delegator bytea NOT NULL  -- Delegator, 20 bytes; zeros: none.
  nonce bigint NOT NULL  -- Nonce.
  block bigint NOT NULL  -- Block at whose end it is so.
  created boolean NOT NULL  -- The first row of its key.
  shares numeric(78,0) NOT NULL  -- Shares as the contract has it, uint256.
  withdraw_epoch bigint NOT NULL  -- Withdraw epoch.
  validator_id bigint NOT NULL  -- Validator id; 0: none.
  CONSTRAINT unbond_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT unbond_pk PRIMARY KEY (chain_id, share_contract, delegator, nonce, block)
  INDEX unbond_block_ix ON ledger.unbond USING brin (block) WITH (autosummarize='on')
  INDEX unbond_created_ix ON ledger.unbond USING btree (chain_id, share_contract, delegator, nonce) WHERE created
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.validator  -- validators(id) of the StakeManager, with nonce and NFT owner.
  chain_id bigint NOT NULL  -- EVM chain id.
  id bigint NOT NULL  -- Validator id; -1: validators[2^256-1], where credits to retired signers go.
  block bigint NOT NULL  -- Block at whose end it is so.
  created boolean NOT NULL  -- The first row of its key.
  amount numeric(78,0) NOT NULL  -- Amount in the smallest unit.
  reward numeric(78,0) NOT NULL  -- Reward as the contract has it, uint256.
  delegators_reward numeric(78,0) NOT NULL  -- Delegators reward as the contract has it, uint256.
  delegated_amount numeric(78,0) NOT NULL  -- Delegated amount as the contract has it, uint256.
  initial_reward_per_stake numeric(78,0) NOT NULL  -- Initial reward per stake as the contract has it, uint256.
  commission_rate numeric(78,0) NOT NULL  -- Commission rate as the contract has it, uint256.
  auction_amount numeric(78,0) NOT NULL  -- Auction amount as the contract has it, uint256.
  activation_epoch bigint NOT NULL  -- Activation epoch.
  deactivation_epoch bigint NOT NULL  -- Deactivation epoch.
  jail_epoch bigint NOT NULL  -- Jail epoch.
  last_commission_update bigint NOT NULL  -- Last commission update.
  latest_signer_update_epoch bigint NOT NULL  -- Latest signer update epoch.
  nonce bigint NOT NULL  -- Nonce.
  signer bytea NOT NULL  -- Signer, 20 bytes; zeros: none.
  contract bytea NOT NULL  -- Contract, 20 bytes; zeros: none.
  owner bytea NOT NULL  -- Owner, 20 bytes; zeros: none.
  status integer NOT NULL  -- 0 inactive, 1 active, 2 locked, 3 unstaked.
  CONSTRAINT validator_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT validator_pk PRIMARY KEY (chain_id, id, block)
  INDEX validator_block_ix ON ledger.validator USING brin (block) WITH (autosummarize='on')
  INDEX validator_created_ix ON ledger.validator USING btree (chain_id, id) WHERE created
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.validator_payout  -- What validators were paid or reinvested.
  chain_id bigint NOT NULL  -- EVM chain id.
  validator_id bigint NOT NULL  -- Validator id.
  block bigint NOT NULL  -- Block of the log that caused it.
  log_index integer NOT NULL  -- Index of that log in its block.
  tx bytea NOT NULL  -- Its transaction.
  time timestamp with time zone NOT NULL  -- Time of the block.
  kind text COLLATE C NOT NULL  -- claim, restake (the part that was reward) or principal (stake that came back).
  account bytea NOT NULL  -- Who got it; of a restake: the owner.
  amount numeric(78,0) NOT NULL  -- In the smallest unit.
  CONSTRAINT validator_payout_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT validator_payout_pk PRIMARY KEY (chain_id, validator_id, block, log_index)
  INDEX validator_payout_block_ix ON ledger.validator_payout USING brin (block) WITH (autosummarize='on')
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE ledger.verdict  -- Roots of checkpoints recomputed from the child chain's stored blocks. No row: the blocks are not all there yet.
  chain_id bigint NOT NULL  -- EVM chain id of the chain that logged the checkpoint.
  block bigint NOT NULL  -- Block of the checkpoint's log.
  log_index integer NOT NULL  -- Index of that log in its block.
  start_block bigint NOT NULL  -- First block of the child chain that it covers.
  end_block bigint NOT NULL  -- Last block of the child chain that it covers.
  computed_root bytea  -- Root over those blocks, 32 bytes; NULL with a gap.
  verdict text COLLATE C NOT NULL  -- match, mismatch, gap (the range begins before the first indexed block, or is no range) or unchecked (the checkpoint carries no root).
  CONSTRAINT verdict_ck CHECK ((verdict = ANY (ARRAY['match'::text, 'mismatch'::text, 'gap'::text, 'unchecked'::text])))
  CONSTRAINT verdict_checkpoint_fk FOREIGN KEY (chain_id, block, log_index) REFERENCES staking.checkpoint(chain_id, block, log_index) ON DELETE CASCADE
  CONSTRAINT verdict_pk PRIMARY KEY (chain_id, block, log_index)
  INDEX verdict_end_ix ON ledger.verdict USING btree (end_block)
  INDEX verdict_mismatch_ix ON ledger.verdict USING btree (chain_id, block) WHERE (verdict = 'mismatch'::text)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE partnership.event  -- Events of partnership contracts. Which of the contract's own events is which kind, and which parameter fills which column, stands in the network file.
  chain_id bigint NOT NULL  -- EVM chain id.
  block bigint NOT NULL  -- Block number.
  log_index integer NOT NULL  -- Index of the log within the block.
  tx bytea NOT NULL  -- Transaction hash.
  address bytea NOT NULL  -- Partnership contract.
  kind smallint NOT NULL  -- 1 created, 2 role_granted, 3 role_revoked, 4 partner_added, 5 partner_removed, 6 share_changed, 7 dust_partner, 8 reward_received, 9 allocated, 10 claimed, 11 restaked, 12 capital_in, 13 capital_out, 14 paused, 15 unpaused.
  partner bytea  -- Partner.
  account bytea  -- Account that a role is about, or that acted.
  recipient bytea  -- Who received the tokens.
  operator bytea  -- Operator.
  admin bytea  -- Administrator.
  amount numeric(78,0)  -- Amount in the smallest unit.
  total numeric(78,0)  -- Running total that the event states, in the smallest unit.
  share_bps bigint  -- Share of the partner in basis points.
  old_share_bps bigint  -- Share before the change in basis points.
  validator_id bigint  -- Validator of the partnership.
  role bytea  -- Role id, 32 bytes.
  role_name text COLLATE C  -- admin, operator, partner or user; NULL: a role that the network file does not name.
  CONSTRAINT event_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT event_pk PRIMARY KEY (chain_id, block, log_index)
  INDEX event_address_ix ON partnership.event USING btree (chain_id, address, block, log_index)
  INDEX event_partner_ix ON partnership.event USING btree (chain_id, partner, block, log_index) WHERE (partner IS NOT NULL)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE partnership.orphan_event  -- Partnership events of the blocks that a fork removed.
  fork integer NOT NULL  -- Fork of chain.fork that removed it.
  block_hash bytea NOT NULL  -- Hash of the removed block.
  chain_id bigint NOT NULL  -- EVM chain id.
  block bigint NOT NULL  -- Block number.
  log_index integer NOT NULL  -- Index of the log within the block.
  tx bytea NOT NULL  -- Transaction hash.
  address bytea NOT NULL  -- Partnership contract.
  kind smallint NOT NULL  -- 1 created, 2 role_granted, 3 role_revoked, 4 partner_added, 5 partner_removed, 6 share_changed, 7 dust_partner, 8 reward_received, 9 allocated, 10 claimed, 11 restaked, 12 capital_in, 13 capital_out, 14 paused, 15 unpaused.
  partner bytea  -- Partner.
  account bytea  -- Account that a role is about, or that acted.
  recipient bytea  -- Who received the tokens.
  operator bytea  -- Operator.
  admin bytea  -- Administrator.
  amount numeric(78,0)  -- Amount in the smallest unit.
  total numeric(78,0)  -- Running total that the event states, in the smallest unit.
  share_bps bigint  -- Share of the partner in basis points.
  old_share_bps bigint  -- Share before the change in basis points.
  validator_id bigint  -- Validator of the partnership.
  role bytea  -- Role id, 32 bytes.
  role_name text COLLATE C  -- admin, operator, partner or user; NULL: a role that the network file does not name.
  CONSTRAINT orphan_event_pk PRIMARY KEY (chain_id, fork, block, log_index)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE staking.checkpoint  -- Checkpoints as the root chains logged them (NewHeaderBlock, CheckpointSyncAck), with what the calldata of their transaction adds.
  chain_id bigint NOT NULL  -- EVM chain id of the chain that logged it.
  block bigint NOT NULL  -- Block that logged it.
  log_index integer NOT NULL  -- Index of the log within the block.
  tx bytea NOT NULL  -- Transaction hash.
  kind smallint NOT NULL  -- 1 main (NewHeaderBlock on the staking chain), 2 sync (CheckpointSyncAck), 3 mirror (NewHeaderBlock on another root chain).
  root_chain_id bigint NOT NULL  -- Root chain that the checkpoint is of: 1 TRON, 2 Ethereum, 3 BSC, or what the event says.
  checkpoint_id bigint NOT NULL  -- Number of the checkpoint, 1, 2, 3, ... for each root chain; not times 10000.
  header_block_id bigint  -- headerBlockId of the event (checkpoint_id times 10000); NULL for sync.
  proposer bytea NOT NULL  -- Proposer that the event names.
  start_block bigint NOT NULL  -- First BTTC block covered.
  end_block bigint NOT NULL  -- Last BTTC block covered.
  root bytea  -- Merkle root that the event claims; NULL for sync.
  reward numeric(78,0)  -- reward of the event in the smallest unit (main: distributed in all, proposer bonus included; mirror: a unit count, not paid); NULL for sync.
  submitted_by bytea  -- Sender of the transaction; NULL: its calldata is not this checkpoint (relayed by a contract).
  account_root bytea  -- Account root in the calldata.
  bttc_chain_id bigint  -- BTTC chain id in the calldata.
  call_epoch bigint  -- Epoch in the calldata, where it has one.
  vote_data bytea  -- The bytes that validators signed, as received; NULL: calldata not available.
  signatures bytea  -- Signatures as received, 96 bytes each (r, s, v as words); NULL: calldata not available.
  CONSTRAINT checkpoint_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain(chain_id)
  CONSTRAINT checkpoint_pk PRIMARY KEY (chain_id, block, log_index)
  INDEX checkpoint_end_ix ON staking.checkpoint USING btree (end_block) WHERE (kind = ANY (ARRAY[1, 3]))
  INDEX checkpoint_number_ix ON staking.checkpoint USING btree (chain_id, checkpoint_id, block, log_index)
  INDEX checkpoint_proposer_ix ON staking.checkpoint USING btree (chain_id, proposer, block, log_index)
  INDEX checkpoint_root_ix ON staking.checkpoint USING btree (chain_id, root_chain_id, block, log_index)
  INDEX checkpoint_tx_ix ON staking.checkpoint USING btree (chain_id, tx, log_index)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

TABLE staking.orphan_checkpoint  -- Checkpoints of the blocks that a fork removed.
  fork integer NOT NULL  -- Fork of chain.fork that removed it.
  block_hash bytea NOT NULL  -- Hash of the removed block.
  chain_id bigint NOT NULL  -- EVM chain id of the chain that logged it.
  block bigint NOT NULL  -- Block that logged it.
  log_index integer NOT NULL  -- Index of the log within the block.
  tx bytea NOT NULL  -- Transaction hash.
  kind smallint NOT NULL  -- 1 main (NewHeaderBlock on the staking chain), 2 sync (CheckpointSyncAck), 3 mirror (NewHeaderBlock on another root chain).
  root_chain_id bigint NOT NULL  -- Root chain that the checkpoint is of: 1 TRON, 2 Ethereum, 3 BSC, or what the event says.
  checkpoint_id bigint NOT NULL  -- Number of the checkpoint, 1, 2, 3, ... for each root chain; not times 10000.
  header_block_id bigint  -- headerBlockId of the event (checkpoint_id times 10000); NULL for sync.
  proposer bytea NOT NULL  -- Proposer that the event names.
  start_block bigint NOT NULL  -- First BTTC block covered.
  end_block bigint NOT NULL  -- Last BTTC block covered.
  root bytea  -- Merkle root that the event claims; NULL for sync.
  reward numeric(78,0)  -- reward of the event in the smallest unit (main: distributed in all, proposer bonus included; mirror: a unit count, not paid); NULL for sync.
  submitted_by bytea  -- Sender of the transaction; NULL: its calldata is not this checkpoint (relayed by a contract).
  account_root bytea  -- Account root in the calldata.
  bttc_chain_id bigint  -- BTTC chain id in the calldata.
  call_epoch bigint  -- Epoch in the calldata, where it has one.
  vote_data bytea  -- The bytes that validators signed, as received; NULL: calldata not available.
  signatures bytea  -- Signatures as received, 96 bytes each (r, s, v as words); NULL: calldata not available.
  CONSTRAINT orphan_checkpoint_pk PRIMARY KEY (chain_id, fork, block, log_index)
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW analytics.checkpoint_lag  -- How far the newest checkpoint of each root chain is behind BTTC; a row for each chain that logs checkpoints and root chain that they are of.
  chain text  -- Key of the chain that logged it.
  root_chain_id bigint  -- Root chain: 1 TRON, 2 Ethereum, 3 BSC.
  checkpoint_id bigint  -- Number of the newest checkpoint.
  covered_block bigint  -- Last BTTC block that it covers.
  final_covered_block bigint  -- Last BTTC block that the newest final checkpoint covers; NULL: none is final.
  child_block bigint  -- Newest stored BTTC block; NULL: BTTC is not indexed.
  lag_blocks bigint  -- BTTC blocks after covered_block; negative: the checkpoint is ahead of what is stored. NULL: BTTC is not indexed.
  lag_seconds bigint  -- Time between covered_block and child_block; NULL: one of them is not stored.
  final_lag_blocks bigint  -- BTTC blocks after final_covered_block.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.commission_month  -- What each validator took of its delegators' rewards as commission, per month of UTC; commission per day and week: validator_day, validator_week.
  validator_id bigint  -- Validator id.
  month timestamp with time zone  -- Start of the month.
  before_commission numeric(78,0)  -- Credited on delegated stake, commission included: delegators + commission.
  commission numeric(78,0)  -- Commission income: credited to the validator, part of its own.
  delegators numeric(78,0)  -- Credited to its delegators, after commission.
  commission_percent numeric  -- 100 * commission / before_commission: what was taken on average. NULL: nothing was credited on delegated stake.
  commission_rate numeric(78,0)  -- Rate in force at the END of newest_block, percent.
  commission_btt numeric  -- commission in BTT.
  delegators_btt numeric  -- delegators in BTT.
  final boolean  -- All rows of the month so far are final.
  newest_block bigint  -- Block of the newest checkpoint that credited it in the month.
  revision bigint  -- Number of the last change of the sums, ascending over all rollups.
  changed_at timestamp with time zone  -- When that was.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.delegation_month  -- What came to and left the stake delegated to each validator, per month of UTC; what delegators were paid: delegator_flow. Sales count when they are made, not when they are paid. Transfers between delegators of one validator are left out.
  validator_id bigint  -- Validator id.
  month timestamp with time zone  -- Start of the month.
  movements bigint  -- How many.
  delegators bigint  -- How many delegators moved something.
  delegated numeric(78,0)  -- Bought with tokens.
  restaked numeric(78,0)  -- Bought with rewards.
  migrated_in numeric(78,0)  -- Came from another validator.
  unbonded numeric(78,0)  -- Sold.
  migrated_out numeric(78,0)  -- Left for another validator.
  net numeric(78,0)  -- delegated + restaked + migrated_in - unbonded - migrated_out: by this much delegated stake grew.
  net_btt numeric  -- net in BTT.
  final boolean  -- All rows of the month so far are final.
  newest_block bigint  -- Block of the newest row.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.delegator_flow  -- What delegators were paid, reinvested or moved, per month and validator.
  delegator text  -- Address.
  validator_id bigint  -- Validator id.
  month timestamp with time zone  -- Start of the month.
  kind text  -- claim, restake, migration or unstake.
  movements bigint  -- How many.
  amount numeric(78,0)  -- In the smallest unit.
  amount_btt numeric  -- In BTT.
  final boolean  -- All rows in it are final.
  newest_block bigint  -- Block of the newest row in it.
  revision bigint  -- Number of the last change, ascending over all rollups: a job that remembers the greatest one redoes only rows above it.
  changed_at timestamp with time zone  -- When that was.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.emptied  -- Rows of rollups that a fork took away: a job that keeps a copy deletes them.
  rollup text  -- View that the row was in.
  period timestamp with time zone  -- Start of the period.
  validator_id bigint  -- Validator id.
  account text  -- Partner or delegator.
  partnership text  -- Contract.
  kind text  -- Kind of movement.
  revision bigint  -- Number of the change that emptied it.
  changed_at timestamp with time zone  -- When that was.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.freshness  -- How far each chain and what follows from it is.
  chain text  -- Key of the chain.
  indexed bigint  -- Newest stored block.
  indexed_time timestamp with time zone  -- Its time.
  node_head bigint  -- Newest block of the node, as last heard.
  safe bigint  -- Newest safe block.
  final bigint  -- Newest final block.
  ledger_block bigint  -- Newest block that the ledger has (staking chain).
  counted_block bigint  -- Newest block whose producer is counted (child chain).
  revision text  -- Network file and rules by which ledger rows were made; another one: all rows were made anew.
  changed_at timestamp with time zone  -- When the chain's head moved last.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.parameter  -- Values that governance sets, each change with its source.
  parameter text  -- Name as in /v1/staking.
  block bigint  -- Block from which the value holds.
  time timestamp with time zone  -- Its time; NULL: the network file.
  value numeric(78,0)  -- Value from there on.
  previous numeric(78,0)  -- Value before; NULL: the network file.
  source text  -- network_file, event, call, override or snapshot.
  tx text  -- Transaction; NULL: an override, a snapshot or the network file.
  log_index integer  -- Index of the event; NULL: there is none.
  reason text  -- Of an override or a snapshot: what the operator stated.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.partner_month  -- Movements of each partner per month of UTC and partnership.
  partner text  -- Address.
  partnership text  -- Contract.
  month timestamp with time zone  -- Start of the month.
  allocated numeric(78,0)  -- Income credited.
  claimed numeric(78,0)  -- Paid out.
  deposited numeric(78,0)  -- Capital paid in.
  restaked_rewards numeric(78,0)  -- Income that became capital.
  returned numeric(78,0)  -- Capital paid back.
  allocated_btt numeric  -- allocated in BTT.
  claimed_btt numeric  -- claimed in BTT.
  deposited_btt numeric  -- deposited in BTT.
  restaked_rewards_btt numeric  -- restaked_rewards in BTT.
  returned_btt numeric  -- returned in BTT.
  final boolean  -- All rows of the month so far are final.
  newest_block bigint  -- Block of the newest row.
  movements bigint  -- How many.
  revision bigint  -- Number of the last change, ascending over all rollups: a job that remembers the greatest one redoes only rows above it.
  changed_at timestamp with time zone  -- When that was.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.partner_month_final  -- As partner_month, of final blocks only: no fork changes them.
  partner text  -- Address.
  partnership text  -- Contract.
  month timestamp with time zone  -- Start of the month.
  allocated numeric(78,0)  -- Income credited.
  claimed numeric(78,0)  -- Paid out.
  deposited numeric(78,0)  -- Capital paid in.
  restaked_rewards numeric(78,0)  -- Income that became capital.
  returned numeric(78,0)  -- Capital paid back.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.partnership_flow  -- Each partnership now: its tokens seen from outside, beside what its own events say. Both are compared in every transaction; a difference is a discrepancy (partnership_flow).
  partnership text  -- Contract.
  source text  -- abi: its events are known; inferred: they are not.
  validator_id bigint  -- Validator whose token it got last.
  rewards numeric(78,0)  -- Paid by the StakeManager as rewards.
  principal numeric(78,0)  -- Paid by the StakeManager as stake that came back.
  from_manager numeric(78,0)  -- All transfers from the StakeManager.
  to_manager numeric(78,0)  -- All transfers to the StakeManager.
  paid_in numeric(78,0)  -- Transfers from everybody else.
  paid_out numeric(78,0)  -- Transfers to everybody else.
  said_received numeric(78,0)  -- Rewards received by its events; inferred: as rewards.
  said_claimed numeric(78,0)  -- Claimed by its events; inferred: as paid_out.
  newest_block bigint  -- Block of the newest change.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.partnership_transaction  -- Every transaction sent to a partnership, reverted ones too, with the roles that its sender had right before it.
  time timestamp with time zone  -- Time of the block.
  block bigint  -- Block number.
  tx_index integer  -- Index in the block.
  tx text  -- Transaction.
  partnership text  -- Contract.
  actor text  -- Who sent it.
  roles text  -- admin, operator, partner, or the contract's own roles, apart by commas; NULL: none.
  function text  -- Function called; NULL: not in a loaded ABI.
  succeeded boolean  -- False: reverted.
  final boolean  -- The block is final.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.payout  -- Every payout to a partner with the terms in force.
  time timestamp with time zone  -- Time of the block.
  block bigint  -- Block number.
  tx text  -- Transaction.
  log_index integer  -- Index of the log.
  partner text  -- Who claimed.
  recipient text  -- Who got the tokens.
  partnership text  -- Contract.
  validator_id bigint  -- Its validator.
  amount numeric(78,0)  -- In the smallest unit.
  amount_btt numeric  -- In BTT.
  share_bps bigint  -- Share in force, in 1/10000.
  terms_tx text  -- Transaction that set the share.
  final boolean  -- The block is final.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.payout_final  -- As payout, of final blocks only: no fork changes them.
  time timestamp with time zone  -- Time of the block.
  block bigint  -- Block number.
  tx text  -- Transaction.
  log_index integer  -- Index of the log.
  partner text  -- Who claimed.
  recipient text  -- Who got the tokens.
  partnership text  -- Contract.
  validator_id bigint  -- Its validator.
  amount numeric(78,0)  -- In the smallest unit.
  amount_btt numeric  -- In BTT.
  share_bps bigint  -- Share in force, in 1/10000.
  terms_tx text  -- Transaction that set the share.
  final boolean  -- The block is final.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.posting  -- Every movement of token units, from the account debit to the account credit. The balance of an account is the sum of its credits less that of its debits; all balances add up to zero.
  block bigint  -- Block of its cause; of an opening: the block before the first one.
  log_index integer  -- Index of the log that caused it; NULL: a call or an opening.
  ordinal integer  -- Order within the block; NULL: credited by the checkpoint at log_index.
  time timestamp with time zone  -- Time of the block; NULL: an opening.
  tx text  -- Transaction; NULL: an opening.
  kind text  -- Why the units moved (schema/POSTINGS.md).
  debit text  -- Account that they left.
  credit text  -- Account that they went to.
  amount numeric(78,0)  -- In the smallest unit.
  amount_btt numeric  -- amount in BTT.
  final boolean  -- Its block is final.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.reward_per_btt_month  -- What each validator and its delegators earned per BTT of stake, per month of UTC: reward / stake, with the stake at the END of the month's newest checkpoint that credited it (as analytics.side_by_side and validator_apr do; stake that came or left within the month weighs as it is then).
  validator_id bigint  -- Validator id.
  month timestamp with time zone  -- Start of the month.
  reward numeric(78,0)  -- own + delegators.
  stake numeric(78,0)  -- own_stake + delegated_stake.
  reward_per_btt numeric  -- reward / stake. NULL without stake.
  own numeric(78,0)  -- Credited to the validator, bonus and commission included.
  own_stake numeric(78,0)  -- The validator's own stake.
  own_per_btt numeric  -- own / own_stake. NULL without stake.
  delegators numeric(78,0)  -- Credited to its delegators, after commission.
  delegated_stake numeric(78,0)  -- Its delegators' stake.
  delegators_per_btt numeric  -- delegators / delegated_stake: what a delegated BTT earned. NULL without delegation.
  reward_btt numeric  -- reward in BTT.
  stake_btt numeric  -- stake in BTT.
  final boolean  -- All rows of the month so far are final.
  newest_block bigint  -- Block at whose END the stake is taken.
  revision bigint  -- Number of the last change of the sums, ascending over all rollups.
  changed_at timestamp with time zone  -- When that was.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.uptime  -- How often each validator signed the main checkpoints that it should have signed.
  validator_id bigint  -- Validator id.
  expected bigint  -- Main checkpoints at which its signer was in signers[].
  signed bigint  -- Of them, signed.
  uptime numeric  -- signed / expected.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.uptime_month  -- How often each validator signed the main checkpoints that it should have signed, per month of UTC.
  validator_id bigint  -- Validator id.
  month timestamp with time zone  -- Start of the month.
  expected bigint  -- Main checkpoints at which its signer was in signers[].
  signed bigint  -- Of them, signed.
  uptime numeric  -- signed / expected.
  final boolean  -- All rows of the month so far are final.
  newest_block bigint  -- Block of the newest row in it.
  revision bigint  -- Number of the last change, ascending over all rollups: a job that remembers the greatest one redoes only rows above it.
  changed_at timestamp with time zone  -- When that was.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.validator_day  -- What each validator earned per day of UTC, and how often it signed.
  validator_id bigint  -- Validator id.
  day timestamp with time zone  -- Start of the day.
  credited_checkpoints bigint  -- Checkpoints, main and sync, that credited it.
  own numeric(78,0)  -- Credited to the validator, bonus and commission included.
  delegators numeric(78,0)  -- Credited to its delegators, after commission.
  proposer_bonus numeric(78,0)  -- Of own.
  commission numeric(78,0)  -- Of own.
  own_btt numeric  -- own in BTT.
  delegators_btt numeric  -- delegators in BTT.
  commission_btt numeric  -- commission in BTT.
  final boolean  -- All rows of the period so far are final.
  newest_block bigint  -- Block of the newest row in it.
  revision bigint  -- Number of the last change, ascending over all rollups: a job that remembers the greatest one redoes only rows above it.
  changed_at timestamp with time zone  -- When that was.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.validator_day_final  -- As validator_day, of final checkpoints only: no fork changes them.
  validator_id bigint  -- Validator id.
  day timestamp with time zone  -- Start of the day.
  own numeric(78,0)  -- Credited to the validator.
  delegators numeric(78,0)  -- Credited to its delegators.
  commission numeric(78,0)  -- Of own.
  credited_checkpoints bigint  -- Final checkpoints, main and sync, that credited it.
  own_btt numeric  -- own in BTT.
  delegators_btt numeric  -- delegators in BTT.
  commission_btt numeric  -- commission in BTT.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.validator_month  -- What each validator earned per month of UTC, and how often it signed.
  validator_id bigint  -- Validator id.
  month timestamp with time zone  -- Start of the month.
  credited_checkpoints bigint  -- Checkpoints, main and sync, that credited it.
  own numeric(78,0)  -- Credited to the validator, bonus and commission included.
  delegators numeric(78,0)  -- Credited to its delegators, after commission.
  proposer_bonus numeric(78,0)  -- Of own.
  commission numeric(78,0)  -- Of own.
  own_btt numeric  -- own in BTT.
  delegators_btt numeric  -- delegators in BTT.
  commission_btt numeric  -- commission in BTT.
  final boolean  -- All rows of the period so far are final.
  newest_block bigint  -- Block of the newest row in it.
  revision bigint  -- Number of the last change, ascending over all rollups: a job that remembers the greatest one redoes only rows above it.
  changed_at timestamp with time zone  -- When that was.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.validator_month_final  -- As validator_month, of final checkpoints only: no fork changes them.
  validator_id bigint  -- Validator id.
  month timestamp with time zone  -- Start of the month.
  own numeric(78,0)  -- Credited to the validator.
  delegators numeric(78,0)  -- Credited to its delegators.
  commission numeric(78,0)  -- Of own.
  credited_checkpoints bigint  -- Final checkpoints, main and sync, that credited it.
  own_btt numeric  -- own in BTT.
  delegators_btt numeric  -- delegators in BTT.
  commission_btt numeric  -- commission in BTT.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.validator_week  -- What each validator earned per week of UTC (weeks begin on Monday), and how often it signed.
  validator_id bigint  -- Validator id.
  week timestamp with time zone  -- Start of the week.
  credited_checkpoints bigint  -- Checkpoints, main and sync, that credited it.
  own numeric(78,0)  -- Credited to the validator, bonus and commission included.
  delegators numeric(78,0)  -- Credited to its delegators, after commission.
  proposer_bonus numeric(78,0)  -- Of own.
  commission numeric(78,0)  -- Of own.
  own_btt numeric  -- own in BTT.
  delegators_btt numeric  -- delegators in BTT.
  commission_btt numeric  -- commission in BTT.
  final boolean  -- All rows of the period so far are final.
  newest_block bigint  -- Block of the newest row in it.
  revision bigint  -- Number of the last change, ascending over all rollups: a job that remembers the greatest one redoes only rows above it.
  changed_at timestamp with time zone  -- When that was.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW analytics.validator_week_final  -- As validator_week, of final checkpoints only: no fork changes them.
  validator_id bigint  -- Validator id.
  week timestamp with time zone  -- Start of the week.
  own numeric(78,0)  -- Credited to the validator.
  delegators numeric(78,0)  -- Credited to its delegators.
  commission numeric(78,0)  -- Of own.
  credited_checkpoints bigint  -- Final checkpoints, main and sync, that credited it.
  own_btt numeric  -- own in BTT.
  delegators_btt numeric  -- delegators in BTT.
  commission_btt numeric  -- commission in BTT.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api

VIEW chain.mrc20_deposit  -- BTTC: native token came in from a root chain.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  token text  -- Token contract on the root chain.
  from_address text  -- Account.
  amount numeric  -- Amount, smallest unit.
  balance_before numeric  -- Balance before.
  balance_after numeric  -- Balance afterwards.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW chain.mrc20_withdraw  -- BTTC: native token left to a root chain.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  token text  -- Token contract on the root chain.
  from_address text  -- Account.
  amount numeric  -- Amount, smallest unit.
  balance_before numeric  -- Balance before.
  balance_after numeric  -- Balance afterwards.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW chain.mrc20_withdraw_to  -- BTTC: native token left to another account on a root chain.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  from_address text  -- Account.
  to_address text  -- Payee.
  amount numeric  -- Amount, smallest unit.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW chain.orphan  -- Blocks that forks removed, with the block that is canonical at that height now.
  chain text  -- Chain by its key in the network file.
  fork integer  -- Number of the fork on its chain.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  block_hash text  -- Hash of the removed block.
  canonical_hash text  -- Hash of the canonical block at this height now; NULL: the chain is shorter now.
  common_block bigint  -- Newest block that both branches have.
  depth integer  -- How many blocks the fork removed.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW chain.visible_block  -- Blocks of the contiguous canonical prefix.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  block_hash text  -- Block hash.
  parent_hash text  -- Hash of the block before.
  author text  -- Who made the block; NULL: nobody.
  tx_total integer  -- Transactions in the block; NULL: not fetched.
  gas_used bigint  -- Gas used.
  difficulty numeric(78,0)  -- Difficulty.
  fee_sum numeric(78,0)  -- BTTC: fee income of the producer in wei; NULL: not fetched.
  fee_count integer  -- BTTC: transactions that paid a fee; NULL: not fetched.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW chain.visible_contract  -- Contracts that discovery found within the contiguous canonical prefix.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block from which it is known.
  log_index integer  -- Log from which it is known.
  address text  -- Address of the contract.
  contract text  -- Contract name in the network file.
  rule text  -- Discovery rule.
  validator_id bigint  -- Validator.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW chain.visible_log  -- Kept logs of the contiguous canonical prefix, not decoded: the typed views show them by event.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  address text  -- Address of the contract that wrote the log.
  contract text  -- Contract name in the network file.
  event text  -- Event name in the ABI; NULL: none known.
  validator_id bigint  -- Validator.
  topics bytea  -- Topics one after the other, 32 bytes each.
  data bytea  -- Log data.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  state_sync boolean  -- True: log of a BTTC state-sync transaction.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW chain.visible_tx  -- Kept transactions of the contiguous canonical prefix.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  tx_index integer  -- Index of the transaction within the block.
  sender text  -- Sender.
  recipient text  -- Who received it.
  contract text  -- Contract name in the network file.
  function text  -- Function that the calldata calls; NULL: none known.
  succeeded boolean  -- Receipt status; NULL: not fetched.
  value numeric(78,0)  -- Value in the smallest unit of the native coin.
  type smallint  -- Transaction type.
  input bytea  -- Calldata.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW ledger.finding  -- All discrepancies: those of the ledger, and checkpoints whose root is another than their blocks have.
  chain_id bigint  -- EVM chain id.
  block bigint  -- Block number.
  ordinal integer  -- Order within the block.
  kind text  -- Which check.
  subject text  -- What it is about.
  expected numeric  -- What was computed; a root as a number.
  observed numeric  -- What the chain says; a root as a number.
  tx bytea  -- Transaction hash.
  log_index integer  -- Index of the log; NULL: a call.
  resolved boolean  -- Settled by an operator.
  explanation text  -- What would explain it; NULL: nothing that is known.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW ledger.rollup_delegator  -- What analytics.kept_delegator must hold, from all rows: slow.
  chain_id bigint  -- EVM chain id.
  delegator bytea  -- Address.
  validator_id bigint  -- Validator id.
  kind text  -- claim, restake, migration or unstake.
  period timestamp with time zone  -- Start of the month.
  movements bigint  -- How many.
  amount numeric  -- In the smallest unit.
  newest_block bigint  -- Block of the newest row in it.
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW ledger.rollup_fault  -- Kept rollups that are other than all rows make them: none. Slow.
  chain_id bigint  -- EVM chain id.
  rollup text  -- Table.
  block bigint  -- Newest block of the row that is missing, too many or wrong.
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW ledger.rollup_partner  -- What analytics.kept_partner must hold, from all rows: slow.
  chain_id bigint  -- EVM chain id.
  partner bytea  -- Address.
  partnership bytea  -- Contract.
  period timestamp with time zone  -- Start of the month.
  movements bigint  -- How many.
  allocated numeric  -- Income credited.
  claimed numeric  -- Paid out.
  deposited numeric  -- Capital paid in.
  restaked_rewards numeric  -- Income that became capital.
  returned numeric  -- Capital paid back.
  newest_block bigint  -- Block of the newest row in it.
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW ledger.rollup_signing  -- What analytics.kept_signing must hold, from all rows: slow.
  chain_id bigint  -- EVM chain id.
  validator_id bigint  -- Validator id.
  period timestamp with time zone  -- Start of the month.
  expected bigint  -- Main checkpoints at which its signer was in signers[].
  signed bigint  -- Of them, signed.
  newest_block bigint  -- Block of the newest row in it.
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW ledger.rollup_validator  -- What analytics.kept_validator must hold, from all rows: slow.
  chain_id bigint  -- EVM chain id.
  validator_id bigint  -- Validator id.
  period timestamp with time zone  -- Start of the day.
  credited_checkpoints bigint  -- Checkpoints, main and sync, that credited it.
  own numeric  -- Credited to the validator, bonus and commission included.
  delegators numeric  -- Credited to its delegators, after commission.
  proposer_bonus numeric  -- Of own.
  commission numeric  -- Of own.
  newest_block bigint  -- Block of the newest row in it.
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW partnership.allocated  -- A reward was credited to a partner.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  partnership text  -- Partnership contract.
  partner text  -- Partner.
  amount numeric(78,0)  -- Amount in the smallest unit of the token.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW partnership.capital_in  -- A partner paid capital in.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  partnership text  -- Partnership contract.
  partner text  -- Partner.
  amount numeric(78,0)  -- Amount in the smallest unit of the token.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW partnership.capital_out  -- Capital was paid back to a partner.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  partnership text  -- Partnership contract.
  partner text  -- Partner.
  amount numeric(78,0)  -- Amount in the smallest unit of the token.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW partnership.claimed  -- A partner was paid.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  partnership text  -- Partnership contract.
  partner text  -- Partner.
  recipient text  -- Who received it.
  amount numeric(78,0)  -- Amount in the smallest unit of the token.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW partnership.created  -- A partnership staked its validator.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  partnership text  -- Partnership contract.
  validator_id bigint  -- Validator.
  admin text  -- Administrator.
  operator text  -- Operator.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW partnership.dust_partner  -- Another partner gets the remainders of divisions.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  partnership text  -- Partnership contract.
  partner text  -- Partner.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW partnership.history  -- Every event of every partnership contract, in the common vocabulary.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  partnership text  -- Partnership contract.
  kind text  -- What happened; see partnership.event.kind.
  partner text  -- Partner.
  account text  -- Account.
  recipient text  -- Who received it.
  operator text  -- Operator.
  admin text  -- Administrator.
  amount numeric(78,0)  -- Amount in the smallest unit of the token.
  total numeric(78,0)  -- Running total in the smallest unit of the token.
  share_bps bigint  -- Share of the partner in basis points.
  old_share_bps bigint  -- Share before the change in basis points.
  validator_id bigint  -- Validator.
  role text  -- Role id.
  role_name text  -- admin, operator, partner or user; NULL: a role that the network file does not name.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW partnership.partner_added  -- A partner came in.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  partnership text  -- Partnership contract.
  partner text  -- Partner.
  share_bps bigint  -- Share of the partner in basis points.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW partnership.partner_removed  -- A partner went.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  partnership text  -- Partnership contract.
  partner text  -- Partner.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW partnership.paused  -- The partnership was paused.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  partnership text  -- Partnership contract.
  account text  -- Account.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW partnership.restaked  -- Rewards were staked again instead of paid.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  partnership text  -- Partnership contract.
  amount numeric(78,0)  -- Amount in the smallest unit of the token.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW partnership.reward_received  -- The partnership pulled rewards.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  partnership text  -- Partnership contract.
  amount numeric(78,0)  -- Amount in the smallest unit of the token.
  total numeric(78,0)  -- Running total in the smallest unit of the token.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW partnership.role_granted  -- Somebody got a role.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  partnership text  -- Partnership contract.
  account text  -- Account.
  role_name text  -- admin, operator, partner or user; NULL: a role that the network file does not name.
  role text  -- Role id.
  admin text  -- Administrator.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW partnership.role_revoked  -- Somebody lost a role.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  partnership text  -- Partnership contract.
  account text  -- Account.
  role_name text  -- admin, operator, partner or user; NULL: a role that the network file does not name.
  role text  -- Role id.
  admin text  -- Administrator.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW partnership.share_changed  -- A partner's share changed.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  partnership text  -- Partnership contract.
  partner text  -- Partner.
  old_share_bps bigint  -- Share before the change in basis points.
  share_bps bigint  -- Share of the partner in basis points.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW partnership.unpaused  -- The partnership goes on.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  partnership text  -- Partnership contract.
  account text  -- Account.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.chain_reward_update  -- Governance changed the checkpoint reward of a root chain.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  root_chain_id bigint  -- Root chain: 1 TRON, 2 Ethereum, 3 BSC.
  new_reward numeric  -- Reward from now on, smallest unit.
  old_reward numeric  -- Reward before.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.checkpoint_sync_ack  -- A checkpoint of another root chain was reported and paid for.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  proposer text  -- Proposer.
  root_chain_id bigint  -- Root chain: 2 Ethereum, 3 BSC.
  checkpoint_id bigint  -- Number of the checkpoint there.
  start_block bigint  -- First BTTC block covered.
  end_block bigint  -- Last BTTC block covered.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.checkpoints  -- Checkpoints of all root chains.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  kind text  -- main, sync or mirror.
  root_chain_id bigint  -- Root chain of the checkpoint: 1 TRON, 2 Ethereum, 3 BSC.
  checkpoint_id bigint  -- Number of the checkpoint on its root chain.
  header_block_id bigint  -- Header block id (checkpoint_id times 10000); NULL for sync.
  proposer text  -- Proposer.
  start_block bigint  -- First BTTC block covered.
  end_block bigint  -- Last BTTC block covered.
  root text  -- Merkle root over the BTTC blocks; NULL for sync.
  reward numeric(78,0)  -- Reward that the event states, in the smallest unit; NULL for sync.
  submitted_by text  -- Sender of the transaction; NULL: relayed by a contract.
  signature_count integer  -- Signatures in the calldata; NULL: calldata not available.
  call_epoch bigint  -- Epoch in the calldata.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.claim_fee  -- Delivery fee was paid out.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  user text  -- Who was paid.
  fee numeric  -- Amount, smallest unit.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.claim_rewards  -- The reward of a validator was paid to its owner.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  validator_id bigint  -- Validator.
  amount numeric  -- Paid, smallest unit; may be 0.
  total_amount numeric  -- Paid to all validators ever.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.confirm_auction  -- An auction ended.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  new_validator_id bigint  -- Validator that has the slot now.
  old_validator_id bigint  -- Validator that had it; the same: it stays.
  amount numeric  -- Winning amount, smallest unit.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.contract_map_updated  -- The registry names another contract.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  key text  -- Hash of the name.
  previous_contract text  -- Contract before.
  new_contract text  -- Contract from now on.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.delegator_claimed_rewards  -- A delegator was paid rewards, also by the way of another action.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  validator_id bigint  -- Validator.
  user text  -- Delegator.
  rewards numeric  -- Paid, smallest unit.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.delegator_restaked  -- A delegator turned rewards into shares.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  validator_id bigint  -- Validator.
  user text  -- Delegator.
  total_staked numeric  -- Position afterwards, smallest unit (not the difference).
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.delegator_unstake_with_id  -- A delegator took out sold shares.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  validator_id bigint  -- Validator.
  user text  -- Delegator.
  amount numeric  -- Paid, smallest unit.
  nonce bigint  -- Number of the unbond.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.delegator_unstaked  -- A delegator took out sold shares (legacy form), or moved them to another validator (then no token moves).
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  validator_id bigint  -- Validator.
  user text  -- Delegator.
  amount numeric  -- Amount, smallest unit.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.dynasty_value_change  -- Governance changed the dynasty, which is also the withdrawal delay.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  new_dynasty bigint  -- Epochs from now on.
  old_dynasty bigint  -- Epochs before.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.jailed  -- A validator was jailed.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  validator_id bigint  -- Validator.
  exit_epoch bigint  -- Epoch of its exit.
  signer text  -- Signer key.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.mirror_stake_update  -- The stake of a validator changed (mirror chains).
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  validator_id bigint  -- Validator.
  nonce bigint  -- Nonce of the validator.
  new_amount numeric  -- Units afterwards.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.new_chain  -- A root chain was added.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  root_chain_id bigint  -- Root chain.
  activation_height bigint  -- BTTC block from which it is used.
  tx_confirmations bigint  -- Confirmations asked for.
  root_chain_address text  -- RootChain there.
  state_sender_address text  -- StateSender there.
  staking_manager_address text  -- StakeManager there.
  staking_info_address text  -- StakingInfo there.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.new_header_block  -- A checkpoint was submitted.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  proposer text  -- Proposer.
  header_block_id bigint  -- Number of the checkpoint times 10000.
  reward numeric  -- Distributed in all, smallest unit (mirror chains: a unit count, not paid).
  start_block bigint  -- First BTTC block covered.
  end_block bigint  -- Last BTTC block covered.
  root text  -- Merkle root over the BTTC blocks.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.nft_transfer  -- The NFT of a validator changed hands: whoever has it gets the rewards.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  from_address text  -- Owner before; zero: made by staking.
  to_address text  -- Owner from now on; zero: burnt.
  validator_id bigint  -- Validator.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.owner_update  -- A proxy changed its owner; on a new ValidatorShare the announcement of the contract.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  new_owner text  -- Owner from now on.
  old_owner text  -- Owner before.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.ownership_transferred  -- A contract changed its owner.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  previous_owner text  -- Owner before.
  new_owner text  -- Owner from now on.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.proposer_bonus_change  -- Governance changed the bonus of checkpoint proposers.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  new_bonus bigint  -- Percent from now on.
  old_bonus bigint  -- Percent before.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.proxy_updated  -- A proxy has another implementation.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  new_implementation text  -- Implementation from now on.
  old_implementation text  -- Implementation before.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.reset_header_block  -- The owner took checkpoints back.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  proposer text  -- Owner that did it.
  header_block_id bigint  -- Header blocks from this id on are void; it is the next id.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.restaked  -- A validator staked more, from its rewards or from outside.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  validator_id bigint  -- Validator.
  amount numeric  -- Own stake afterwards (not the difference).
  total numeric  -- Total stake as the event states it.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.reward_params  -- Governance changed how the reward of late or long checkpoints is cut.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  reward_decrease_per_checkpoint bigint  -- Percent less for each further interval.
  max_rewarded_checkpoints bigint  -- Most intervals that one checkpoint is paid for.
  checkpoint_reward_delta bigint  -- Tolerance, percent.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.reward_update  -- The checkpoint reward was changed (not used by the present contracts).
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  new_reward numeric  -- Reward from now on.
  old_reward numeric  -- Reward before.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.root_chain_changed  -- StakeManager takes checkpoints from another RootChain.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  previous_root_chain text  -- Contract before.
  new_root_chain text  -- Contract from now on.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.share_burned  -- A delegator sold shares (legacy form), or moved them away.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  validator_id bigint  -- Validator.
  user text  -- Delegator.
  amount numeric  -- Tokens to be paid, smallest unit.
  tokens numeric  -- Shares.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.share_burned_with_id  -- A delegator sold shares.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  validator_id bigint  -- Validator.
  user text  -- Delegator.
  amount numeric  -- Tokens to be paid, smallest unit.
  tokens numeric  -- Shares.
  nonce bigint  -- Number of the unbond.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.share_minted  -- A delegator bought shares.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  validator_id bigint  -- Validator.
  user text  -- Delegator.
  amount numeric  -- Tokens paid, smallest unit.
  tokens numeric  -- Shares.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.share_transfer  -- Shares of a validator moved, were made or burnt; `address` is the share contract.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  from_address text  -- From; zero: made.
  to_address text  -- To; zero: burnt.
  amount numeric  -- Shares.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.signer_change  -- A validator changed its signer key.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  validator_id bigint  -- Validator.
  nonce bigint  -- Nonce of the validator.
  old_signer text  -- Key before.
  new_signer text  -- Key from now on.
  signer_pubkey text  -- Public key, 64 bytes.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.slashed  -- Slashing was reported.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  nonce bigint  -- Slashing nonce.
  amount numeric  -- Amount, smallest unit.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.stake_ack  -- A mirror chain took over a change of a validator.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  validator_id bigint  -- Validator.
  nonce bigint  -- Nonce of the validator.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.stake_update  -- The stake of a validator changed (staking chain).
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  validator_id bigint  -- Validator.
  new_amount numeric  -- Own stake and active delegation afterwards, smallest unit.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.staked  -- A validator staked or won an auction.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  signer text  -- Signer key.
  validator_id bigint  -- Validator.
  nonce bigint  -- Nonce of the validator.
  activation_epoch bigint  -- Epoch from which it is active.
  amount numeric  -- Own stake, smallest unit.
  total numeric  -- Total stake of all validators as the event states it.
  signer_pubkey text  -- Public key, 64 bytes.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.start_auction  -- Somebody bid for the slot of a validator.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  validator_id bigint  -- Validator.
  amount numeric  -- Its stake, smallest unit.
  auction_amount numeric  -- Bid, smallest unit.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.threshold_change  -- Governance changed the greatest number of validators.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  new_threshold bigint  -- Number from now on.
  old_threshold bigint  -- Number before.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.token_transfer  -- The staking token moved.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  from_address text  -- Payer; zero: minted.
  to_address text  -- Payee; zero: burnt.
  amount numeric  -- Amount, smallest unit.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.top_up_fee  -- Delivery fee was paid in.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  user text  -- Whose fee account.
  fee numeric  -- Amount, smallest unit.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.unjailed  -- A validator was released from jail.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  validator_id bigint  -- Validator.
  signer text  -- Signer key.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.unstake_init  -- A validator asked to leave, or was made to.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  user text  -- Owner of the validator's NFT.
  validator_id bigint  -- Validator.
  nonce bigint  -- Nonce of the validator.
  deactivation_epoch bigint  -- Epoch from which it is out.
  amount numeric  -- Own stake, smallest unit.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.unstaked  -- The principal of a validator that left was paid out.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  user text  -- Who was paid.
  validator_id bigint  -- Validator.
  amount numeric  -- Principal, smallest unit.
  total numeric  -- Total stake as the event states it.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

VIEW staking.update_commission_rate  -- A validator changed its commission.
  chain text  -- Chain by its key in the network file.
  block bigint  -- Block number.
  time timestamp with time zone  -- Block time.
  tx text  -- Transaction hash.
  log_index integer  -- Index of the log within the block.
  validator_id bigint  -- Validator.
  new_rate bigint  -- Percent from now on.
  old_rate bigint  -- Percent before.
  address text  -- Address of the contract that wrote the log.
  finality text  -- pending, safe or final.
  verification text  -- How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.
  block_hash text  -- Block hash.
  chain_id bigint  -- EVM chain id.
  GRANT SELECT TO bttc_analyst
  GRANT SELECT TO bttc_api
  GRANT DELETE, INSERT, SELECT, UPDATE TO bttc_writer

FUNCTION analytics.account_balance(account text, at bigint) RETURNS numeric STABLE PARALLEL SAFE  -- Balance of an account at the END of a block, in the smallest unit; 0 for an account that nothing was posted to.

FUNCTION analytics.btt(amount numeric) RETURNS numeric IMMUTABLE PARALLEL SAFE  -- An amount in BTT, rounded to six digits: for reading, not for sums.

FUNCTION analytics.delegator_at(at bigint, who text DEFAULT NULL::text) RETURNS TABLE(delegator text, validator_id bigint, shares numeric, stake numeric, exchange_rate numeric, reward numeric, initial_reward_per_share numeric, unbonding numeric) STABLE PARALLEL SAFE  -- Positions of all delegators, or of one, at the END of a block, with the contract's views getTotalStake and getLiquidRewards; unbonding: shares of open unbonds. Amounts in the smallest unit.

FUNCTION analytics.delegator_moves(who text, from_block bigint, to_block bigint) RETURNS TABLE("time" timestamp with time zone, block bigint, tx text, log_index integer, kind text, validator_id bigint, credit numeric, debit numeric, capital_in numeric, capital_out numeric) STABLE PARALLEL SAFE  -- Movements of a delegator in a range of blocks. credit and debit: of the rewards that it is owed (accrual, claim, restake); capital_in and capital_out: of its stake and open unbonds (stake, restake, migration, transfer, unstake). An accrual is what all checkpoints of a block brought; adjustment: a change that no checkpoint made. Each adds up to analytics.delegator_at.

FUNCTION analytics.holder_balance(at bigint) RETURNS TABLE(holder text, in_accounts numeric, tokens numeric) STABLE PARALLEL SAFE  -- Of the StakeManager and each partnership at the END of a block: the sum of its accounts, and the tokens that the token's own transfers left it. They are equal, except where transfers before the holder was known were not watched.

FUNCTION analytics.keep_delegator() RETURNS trigger SECURITY DEFINER  -- Adds new rows of ledger.delegator_entry to analytics.kept_delegator, and takes out deleted ones.

FUNCTION analytics.keep_partner() RETURNS trigger SECURITY DEFINER  -- Adds new rows of ledger.partner_entry to analytics.kept_partner, and takes out deleted ones.

FUNCTION analytics.keep_signing() RETURNS trigger SECURITY DEFINER  -- Adds new rows of ledger.checkpoint to analytics.kept_signing, and takes out deleted ones.

FUNCTION analytics.keep_validator() RETURNS trigger SECURITY DEFINER  -- Adds new rows of ledger.accrual to analytics.kept_validator, and takes out deleted ones.

FUNCTION analytics.partner_at(at bigint) RETURNS TABLE(partnership text, partner text, share_bps bigint, active boolean, claimable numeric, claimed numeric, contributed numeric, earned numeric) STABLE PARALLEL SAFE  -- All partners of all partnerships at the END of a block. Amounts in the smallest unit.

FUNCTION analytics.remake() RETURNS void  -- Makes the kept rollups anew from all rows of the ledger. For their owner.

FUNCTION analytics.side_by_side(cost_per_validator numeric DEFAULT 0) RETURNS TABLE(kind text, validators bigint, stake numeric, expected numeric, signed numeric, uptime numeric, reward numeric, commission numeric, reward_per_btt numeric, net_of_cost numeric) STABLE PARALLEL SAFE  -- Validators owned by a partnership now, and the others, side by side over all time: stake now, main checkpoints signed of those expected, reward credited, commission, reward per BTT of stake now, and reward less an operating cost per validator that the reader enters (smallest unit).

FUNCTION analytics.stake_concentration(at bigint) RETURNS TABLE(validators bigint, total_stake numeric, gini numeric, nakamoto bigint) STABLE PARALLEL SAFE  -- Of active validators at the END of a block: Gini coefficient of total stake, sum((2i - n - 1) * stake_i) / (n * total) with stakes ascending; and how many of the largest hold more than a third together (Nakamoto coefficient: enough to stop checkpoints).

FUNCTION analytics.trial_balance(at bigint) RETURNS TABLE(holder text, account text, accounts bigint, balance numeric) STABLE PARALLEL SAFE  -- Balances of all accounts at the END of a block, added up per holder and sort of account: balance adds up to zero. holder: whose token balance the accounts are parts of; NULL: other wallets, and claims on capital. accounts: how many are not empty.

FUNCTION analytics.validator_apr(days integer) RETURNS TABLE(validator_id bigint, reward numeric, stake numeric, apr_percent numeric) STABLE PARALLEL SAFE  -- APR realised over the last days before the newest accrual: 100 * (own + delegators credited) / (own + delegated stake at the newest accrual) * 365 / days. NULL without stake.

FUNCTION analytics.validator_at(at bigint) RETURNS TABLE(validator_id bigint, status integer, owner text, signer text, own_stake numeric, delegated_stake numeric, commission_rate numeric, reward numeric, delegators_reward numeric) STABLE PARALLEL SAFE  -- All validators at the END of a block, with the contract's views validatorReward and delegatorsReward; status 0 inactive, 1 active, 2 locked, 3 unstaked. Amounts in the smallest unit.

FUNCTION chain.analyze_all() RETURNS void SECURITY DEFINER  -- Refreshes the planner's statistics after a first load, those of partitions included; autovacuum never looks at a partitioned table as a whole.

FUNCTION chain.analyze_blocks() RETURNS void SECURITY DEFINER  -- Statistics of blocks and transactions, of the columns that plans look at.

FUNCTION chain.analyze_logs() RETURNS void SECURITY DEFINER  -- Statistics of logs, of the columns that plans look at. Skips a chain whose indexes are being built.

FUNCTION chain.be_u32(data bytea, at integer) RETURNS numeric IMMUTABLE PARALLEL SAFE  -- Four bytes from offset `at` as an unsigned big-endian number.

FUNCTION chain.build_log_index(id bigint, kind text) RETURNS boolean SECURITY DEFINER  -- Builds one secondary index (event, address or validator) of a chain's logs when it is missing; returns whether it was. Two may be built at once by two connections.

FUNCTION chain.build_log_indexes(id bigint) RETURNS integer SECURITY DEFINER  -- Builds the secondary indexes of a chain's logs that are missing; returns how many.

FUNCTION chain.bytes(hex text) RETURNS bytea IMMUTABLE PARALLEL SAFE  -- Hex text, with or without 0x, as bytes: for WHERE address = chain.bytes('0x...').

FUNCTION chain.chain_operation() RETURNS trigger SECURITY DEFINER  -- Trigger of chain.operation: everything but kind and detail is set here, one entry at a time.

FUNCTION chain.comment_columns(view regclass, VARIADIC own text[] DEFAULT '{}'::text[]) RETURNS void  -- For migrations: comments the columns of a view; "column:text" overrides the usual text.

FUNCTION chain.comment_orphan(canonical regclass, orphan regclass) RETURNS void  -- For migrations: gives an orphan table the column comments of the table it mirrors.

FUNCTION chain.drop_log_indexes(id bigint) RETURNS integer SECURITY DEFINER  -- Drops the secondary indexes of a chain's logs before a first load; returns how many.

FUNCTION chain.finality(block bigint, safe bigint, final bigint) RETURNS text IMMUTABLE PARALLEL SAFE  -- pending, safe or final, by the heights of chain.head.

FUNCTION chain.hex(data bytea) RETURNS text IMMUTABLE PARALLEL SAFE  -- Lower-case hex with 0x, as the API writes hashes and addresses.

FUNCTION chain.keep_operation() RETURNS trigger  -- Refuses to change or delete entries of chain.operation.

FUNCTION chain.level_name(level smallint) RETURNS text IMMUTABLE PARALLEL SAFE  -- Name of a verification level.

FUNCTION chain.make_event_view(view text, event text, topic0 text, contract text, about text, VARIADIC cols text[]) RETURNS void  -- For migrations: makes the view of one event with its comments.

FUNCTION chain.make_partitions() RETURNS trigger SECURITY DEFINER  -- Trigger of chain.chain: a new chain gets its partitions, their indexes and its row in chain.head.

FUNCTION chain.missing_log_indexes(id bigint) RETURNS integer STABLE  -- How many secondary indexes of a chain's logs are not there.

FUNCTION chain.operation_fault() RETURNS TABLE(operation bigint, fault text) STABLE  -- Entries of chain.operation that were changed, or before which some are missing; no row: the log is whole.

FUNCTION chain.operation_hash(previous bytea, id bigint, at timestamp with time zone, actor text, kind text, detail text) RETURNS bytea IMMUTABLE PARALLEL SAFE  -- Hash of an entry of chain.operation: SHA-256 over the 32 bytes of previous, then as UTF-8, with blanks between: id, microseconds since 1970, and actor, kind and detail, each as its length in bytes, a colon and the text.

FUNCTION chain.record_operation(kind text, detail text) RETURNS bigint SECURITY DEFINER  -- Adds an entry to chain.operation in the caller's transaction; returns its number. Others wait with theirs until it ends.

FUNCTION chain.tron_address(address bytea) RETURNS text IMMUTABLE PARALLEL SAFE  -- The base58check form of an address (T...), as TRON wallets show it.

FUNCTION chain.tx_head(tx bytea) RETURNS bigint IMMUTABLE PARALLEL SAFE  -- First 8 bytes of a hash as a signed integer, for chain.evidence_tx.

FUNCTION chain.word(data bytea, n integer) RETURNS bytea IMMUTABLE PARALLEL SAFE  -- The n-th 32-byte word of topics or data, from 0.

FUNCTION chain.word_address(data bytea, n integer) RETURNS text IMMUTABLE PARALLEL SAFE  -- The n-th word as an address.

FUNCTION chain.word_bigint(data bytea, n integer) RETURNS bigint IMMUTABLE PARALLEL SAFE  -- The n-th word as a bigint: ids, nonces, epochs, block numbers. NULL when it is over 63 bits.

FUNCTION chain.word_bytes(data bytea, n integer) RETURNS text IMMUTABLE PARALLEL SAFE  -- The dynamic bytes that the n-th word points to, as hex text.

FUNCTION chain.word_hash(data bytea, n integer) RETURNS text IMMUTABLE PARALLEL SAFE  -- The n-th word as hex text.

FUNCTION chain.word_numeric(data bytea, n integer) RETURNS numeric IMMUTABLE PARALLEL SAFE  -- The n-th word as an unsigned integer, exact.

FUNCTION ledger.cut(id bigint, from_block bigint) RETURNS void  -- Deletes all ledger rows of a chain at or above a block. The caller has locked the row of ledger.head.

FUNCTION ledger.delegators_reward(v ledger.validator, reward_per_stake numeric) RETURNS numeric IMMUTABLE PARALLEL SAFE  -- The contract's view delegatorsReward of a validator at a value of rewardPerStake: truncating divisions in its order.

FUNCTION ledger.is_checkpointed(at bigint) RETURNS boolean STABLE PARALLEL SAFE  -- Does a final checkpoint whose root was recomputed and is right cover this block of the child chain, and did no ResetHeaderBlock void it?

FUNCTION ledger.keep_override_set() RETURNS trigger  -- Refuses to change or delete sets of overrides.

FUNCTION ledger.roles_at(id bigint, pact bytea, who bytea, at bigint, place integer) RETURNS text STABLE PARALLEL SAFE  -- Roles that an account had in a partnership right before a transaction, apart by commas, in order of their names; NULL: none.

FUNCTION ledger.uint256(b bytea) RETURNS numeric IMMUTABLE PARALLEL SAFE  -- Bytes as a big-endian number, for roots where amounts stand.

FUNCTION ledger.undo(id bigint, from_block bigint) RETURNS void  -- Takes the ledger of a chain back to below a block that a fork removes.

FUNCTION ledger.undo_child(id bigint, from_block bigint) RETURNS void  -- Takes verdicts and counters back to below a block of the child chain that a fork removes.

FUNCTION ledger.unreconciled_from(id bigint) RETURNS bigint STABLE PARALLEL SAFE  -- First block whose computed rewards the chain contradicts or does not let compute; from it on amounts are unreconciled. NULL: none.

FUNCTION partnership.kind_name(kind smallint) RETURNS text IMMUTABLE PARALLEL SAFE  -- Name of a kind of partnership.event.

FUNCTION partnership.make_kind_view(kind text, about text, VARIADIC cols text[]) RETURNS void  -- For migrations: makes the view of one kind of partnership event.
