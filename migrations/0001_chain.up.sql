-- Chains, blocks, logs and kept transactions; where each chain stands; what forks removed.
--
-- Rows are keyed by (chain_id, block, log_index), never by a number of our own, so that two runs over
-- the same input give equal tables. Readers see block <= chain.head.indexed only. block, log and tx are
-- partitioned by chain: a chain is loaded, indexed or dropped without touching the others.
CREATE SCHEMA chain;
COMMENT ON SCHEMA chain IS 'Blocks, logs and transactions as the chains have them, and how far each chain is indexed. Rows above chain.head.indexed are not part of the history yet: the views leave them out.';

CREATE TABLE chain.network (
  name text NOT NULL,
  revision text NOT NULL,
  only_one boolean NOT NULL DEFAULT true,
  CONSTRAINT network_pk PRIMARY KEY (name),
  CONSTRAINT network_only_one_uq UNIQUE (only_one),
  CONSTRAINT network_only_one_ck CHECK (only_one)
);
COMMENT ON TABLE chain.network IS 'The one network that this database holds.';
COMMENT ON COLUMN chain.network.name IS 'Name in the network file.';
COMMENT ON COLUMN chain.network.revision IS 'First 16 hex digits of the SHA-256 over the network file and its ABIs; changes when an old answer may change.';
COMMENT ON COLUMN chain.network.only_one IS 'Always true; keeps the table at one row.';

CREATE TABLE chain.chain (
  chain_id bigint NOT NULL,
  key text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  role text COLLATE "C" NOT NULL,
  first_block bigint NOT NULL,
  required_level smallint NOT NULL,
  CONSTRAINT chain_pk PRIMARY KEY (chain_id),
  CONSTRAINT chain_key_uq UNIQUE (key),
  CONSTRAINT chain_id_ck CHECK (chain_id > 0),
  CONSTRAINT chain_first_block_ck CHECK (first_block >= 0)
);
COMMENT ON TABLE chain.chain IS 'Chains of the network. Inserting a row makes the partitions of the chain.';
COMMENT ON COLUMN chain.chain.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN chain.chain.key IS 'Short name used in paths and options: tron, ethereum, bsc, bttc; recorded networks: root, bttc.';
COMMENT ON COLUMN chain.chain.kind IS 'ethereum, tron or bttc: which header and node rules hold.';
COMMENT ON COLUMN chain.chain.role IS 'staking, mirror or child.';
COMMENT ON COLUMN chain.chain.first_block IS 'First block that is indexed.';
COMMENT ON COLUMN chain.chain.required_level IS 'Verification level that the network file asks for: 0 trusted, 1 linked, 2 hashed, 3 bloom, 4 receipts, 5 quorum.';

CREATE TABLE chain.head (
  chain_id bigint NOT NULL,
  seq bigint NOT NULL DEFAULT 0,
  indexed bigint,
  indexed_hash bytea,
  indexed_time timestamptz,
  node_head bigint,
  node_head_time timestamptz,
  safe bigint,
  final bigint,
  fork_count integer NOT NULL DEFAULT 0,
  changed_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT head_pk PRIMARY KEY (chain_id),
  CONSTRAINT head_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain,
  CONSTRAINT head_indexed_ck CHECK ((indexed IS NULL) = (indexed_hash IS NULL) AND (indexed IS NULL) = (indexed_time IS NULL))
) WITH (fillfactor = 10);
COMMENT ON TABLE chain.head IS 'Where each chain stands; one row a chain, changed in the transaction that writes the rows.';
COMMENT ON COLUMN chain.head.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN chain.head.seq IS 'Sequence number of the newest stream record that is applied; 0: none.';
COMMENT ON COLUMN chain.head.indexed IS 'Newest block of the contiguous canonical prefix. Readers see nothing above it. NULL: no block yet.';
COMMENT ON COLUMN chain.head.indexed_hash IS 'Hash of that block.';
COMMENT ON COLUMN chain.head.indexed_time IS 'Time of that block.';
COMMENT ON COLUMN chain.head.node_head IS 'Newest block that the node had, as last heard.';
COMMENT ON COLUMN chain.head.node_head_time IS 'Time of that block.';
COMMENT ON COLUMN chain.head.safe IS 'Newest block called safe; may go down with the head. NULL: none.';
COMMENT ON COLUMN chain.head.final IS 'Newest block ever called final; never goes down. NULL: none.';
COMMENT ON COLUMN chain.head.fork_count IS 'How many forks were followed; number of the newest row of chain.fork.';
COMMENT ON COLUMN chain.head.changed_at IS 'When this row was last written.';

CREATE TABLE chain.position (
  chain_id bigint NOT NULL,
  partition integer NOT NULL,
  next_offset bigint NOT NULL,
  stream_id bytea NOT NULL,
  CONSTRAINT position_pk PRIMARY KEY (chain_id, partition),
  CONSTRAINT position_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
) WITH (fillfactor = 10);
COMMENT ON TABLE chain.position IS 'Where reading of the stream goes on; written in the transaction that writes the rows.';
COMMENT ON COLUMN chain.position.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN chain.position.partition IS 'Kafka partition; 0 for the stream inside the process.';
COMMENT ON COLUMN chain.position.next_offset IS 'Offset of the next record to read.';
COMMENT ON COLUMN chain.position.stream_id IS 'Id of the stream that the offset is about, 16 bytes; a topic that was made again has another one.';

CREATE TABLE chain.coverage (
  chain_id bigint NOT NULL,
  from_block bigint NOT NULL,
  to_block bigint NOT NULL,
  target bigint NOT NULL,
  from_parent bytea,
  to_hash bytea,
  contracts_at_start bytea NOT NULL,
  seq bigint NOT NULL DEFAULT 0,
  CONSTRAINT coverage_pk PRIMARY KEY (chain_id, from_block),
  CONSTRAINT coverage_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain,
  CONSTRAINT coverage_range_ck CHECK (to_block >= from_block - 1 AND target >= to_block),
  CONSTRAINT coverage_hash_ck CHECK ((to_block < from_block) = (to_hash IS NULL) AND (to_hash IS NULL) = (from_parent IS NULL))
) WITH (fillfactor = 10);
COMMENT ON TABLE chain.coverage IS 'Ranges of blocks that a bounded backfill stored above the visible prefix. A range is joined to the prefix when the prefix reaches it, its first parent is the newest block and the contracts known at its start are the same; otherwise it is dropped and read again.';
COMMENT ON COLUMN chain.coverage.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN chain.coverage.from_block IS 'First block of the range.';
COMMENT ON COLUMN chain.coverage.to_block IS 'Last block stored so far; from_block - 1: none yet.';
COMMENT ON COLUMN chain.coverage.target IS 'Last block that the backfill wants.';
COMMENT ON COLUMN chain.coverage.from_parent IS 'Parent hash of the first block; NULL while the range is empty.';
COMMENT ON COLUMN chain.coverage.to_hash IS 'Hash of the last stored block; NULL while the range is empty.';
COMMENT ON COLUMN chain.coverage.contracts_at_start IS 'SHA-256 over the discovered contracts that were known when the range was begun.';
COMMENT ON COLUMN chain.coverage.seq IS 'Sequence number of the newest record applied to this range.';

CREATE TABLE chain.level_count (
  chain_id bigint NOT NULL,
  level smallint NOT NULL,
  blocks bigint NOT NULL,
  CONSTRAINT level_count_pk PRIMARY KEY (chain_id, level),
  CONSTRAINT level_count_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain,
  CONSTRAINT level_count_blocks_ck CHECK (blocks >= 0)
) WITH (fillfactor = 10);
COMMENT ON TABLE chain.level_count IS 'How many visible blocks stand at each verification level; kept with every write, forks subtract.';
COMMENT ON COLUMN chain.level_count.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN chain.level_count.level IS '0 trusted, 1 linked, 2 hashed, 3 bloom, 4 receipts, 5 quorum.';
COMMENT ON COLUMN chain.level_count.blocks IS 'Number of blocks.';

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
  CONSTRAINT block_pk PRIMARY KEY (chain_id, number)
) PARTITION BY LIST (chain_id);
COMMENT ON TABLE chain.block IS 'Every block, with the header fields that later work needs.';
COMMENT ON COLUMN chain.block.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN chain.block.number IS 'Block number.';
COMMENT ON COLUMN chain.block.hash IS 'Block hash, 32 bytes.';
COMMENT ON COLUMN chain.block.parent IS 'Hash of the block before.';
COMMENT ON COLUMN chain.block.time IS 'Block time.';
COMMENT ON COLUMN chain.block.author IS 'Who made the block: recovered from the seal on BTTC, the miner field elsewhere. NULL: nobody (genesis).';
COMMENT ON COLUMN chain.block.level IS 'How far the block was verified: 0 trusted, 1 linked, 2 hashed, 3 bloom, 4 receipts, 5 quorum.';
COMMENT ON COLUMN chain.block.tx_total IS 'Transactions in the block without a state-sync one; NULL: not fetched.';
COMMENT ON COLUMN chain.block.gas_used IS 'Gas used.';
COMMENT ON COLUMN chain.block.difficulty IS 'Difficulty; on BTTC number of producers minus succession.';
COMMENT ON COLUMN chain.block.tx_root IS 'transactionsRoot of the header.';
COMMENT ON COLUMN chain.block.receipts_root IS 'receiptsRoot of the header.';
COMMENT ON COLUMN chain.block.fee_sum IS 'BTTC: sum of LogFeeTransfer amounts in wei, the producer''s income; NULL: fee logs not fetched.';
COMMENT ON COLUMN chain.block.fee_count IS 'BTTC: number of LogFeeTransfer logs; NULL: not fetched.';
COMMENT ON COLUMN chain.block.extra IS 'extraData of the header.';

CREATE TABLE chain.log (
  chain_id bigint NOT NULL,
  block bigint NOT NULL,
  log_index integer NOT NULL,
  tx_index integer NOT NULL,
  state_sync boolean NOT NULL,
  tx bytea NOT NULL,
  address bytea NOT NULL,
  contract text COLLATE "C" NOT NULL,
  event text COLLATE "C",
  validator_id bigint,
  topics bytea NOT NULL,
  data bytea NOT NULL,
  CONSTRAINT log_pk PRIMARY KEY (chain_id, block, log_index)
) PARTITION BY LIST (chain_id);
COMMENT ON TABLE chain.log IS 'Every kept log, as the chain has it, with the names that the network file gives it. The secondary indexes stand on the partitions (chain.build_log_indexes) and are absent while a first load runs.';
COMMENT ON COLUMN chain.log.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN chain.log.block IS 'Block number.';
COMMENT ON COLUMN chain.log.log_index IS 'Index of the log within the block.';
COMMENT ON COLUMN chain.log.tx_index IS 'Index of the transaction within the block.';
COMMENT ON COLUMN chain.log.state_sync IS 'True: log of a BTTC state-sync transaction, which no header commits to.';
COMMENT ON COLUMN chain.log.tx IS 'Transaction hash.';
COMMENT ON COLUMN chain.log.address IS 'Address of the contract that wrote the log, 20 bytes.';
COMMENT ON COLUMN chain.log.contract IS 'Contract name in the network file (StakingInfo, ValidatorShare, ...).';
COMMENT ON COLUMN chain.log.event IS 'Event name in the ABI; NULL: an event that no loaded ABI names.';
COMMENT ON COLUMN chain.log.validator_id IS 'Validator that the event names; NULL: none, or an id of 0 or over 63 bits.';
COMMENT ON COLUMN chain.log.topics IS 'Topics one after the other, 0 to 4 times 32 bytes.';
COMMENT ON COLUMN chain.log.data IS 'Log data.';

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
  function text COLLATE "C",
  input bytea NOT NULL,
  CONSTRAINT tx_pk PRIMARY KEY (chain_id, block, tx_index)
) PARTITION BY LIST (chain_id);
COMMENT ON TABLE chain.tx IS 'Kept transactions: those of logs whose calldata matters, and on the staking chain each one sent to a contract that is accounted for.';
COMMENT ON COLUMN chain.tx.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN chain.tx.block IS 'Block number.';
COMMENT ON COLUMN chain.tx.tx_index IS 'Index within the block.';
COMMENT ON COLUMN chain.tx.hash IS 'Transaction hash.';
COMMENT ON COLUMN chain.tx.sender IS 'Sender.';
COMMENT ON COLUMN chain.tx.recipient IS 'Recipient; NULL: contract creation.';
COMMENT ON COLUMN chain.tx.value IS 'Value in wei (TRON: sun).';
COMMENT ON COLUMN chain.tx.type IS 'Transaction type: 0 legacy, 1 access list, 2 dynamic fee, ...';
COMMENT ON COLUMN chain.tx.succeeded IS 'Receipt status; NULL: no receipt was fetched.';
COMMENT ON COLUMN chain.tx.contract IS 'Contract name of the recipient in the network file; NULL: none.';
COMMENT ON COLUMN chain.tx.function IS 'Function that the calldata calls; NULL: a selector that no ABI has.';
COMMENT ON COLUMN chain.tx.input IS 'Calldata.';

CREATE TABLE chain.contract (
  chain_id bigint NOT NULL,
  address bytea NOT NULL,
  contract text COLLATE "C" NOT NULL,
  rule text COLLATE "C" NOT NULL,
  block bigint NOT NULL,
  log_index integer NOT NULL,
  validator_id bigint,
  CONSTRAINT contract_pk PRIMARY KEY (chain_id, block, log_index, address),
  CONSTRAINT contract_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
CREATE INDEX contract_address_ix ON chain.contract (chain_id, address);
COMMENT ON TABLE chain.contract IS 'Contracts that a discovery rule found, each at the log that announced it.';
COMMENT ON COLUMN chain.contract.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN chain.contract.address IS 'Address, 20 bytes.';
COMMENT ON COLUMN chain.contract.contract IS 'Contract name in the network file.';
COMMENT ON COLUMN chain.contract.rule IS 'Discovery rule in the network file.';
COMMENT ON COLUMN chain.contract.block IS 'Block from which it is known.';
COMMENT ON COLUMN chain.contract.log_index IS 'Log from which it is known.';
COMMENT ON COLUMN chain.contract.validator_id IS 'Validator that it belongs to; NULL: the rule does not know.';

CREATE TABLE chain.parked (
  chain_id bigint NOT NULL,
  block bigint,
  log_index integer,
  address bytea,
  contract text COLLATE "C",
  event text COLLATE "C",
  reason text NOT NULL,
  topics bytea,
  raw bytea NOT NULL,
  digest bytea NOT NULL,
  CONSTRAINT parked_uq UNIQUE NULLS NOT DISTINCT (chain_id, block, log_index, digest),
  CONSTRAINT parked_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
COMMENT ON TABLE chain.parked IS 'What could not be understood, kept whole: logs that are malformed for their event, calls or rows that do not fit, and stream records that could not be decoded.';
COMMENT ON COLUMN chain.parked.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN chain.parked.block IS 'Block number; NULL: a stream record.';
COMMENT ON COLUMN chain.parked.log_index IS 'Index of the log; NULL: a transaction or a stream record.';
COMMENT ON COLUMN chain.parked.address IS 'Contract address; NULL: a stream record.';
COMMENT ON COLUMN chain.parked.contract IS 'Contract name, where known.';
COMMENT ON COLUMN chain.parked.event IS 'Event or function that it should have been, where known.';
COMMENT ON COLUMN chain.parked.reason IS 'Why it was parked.';
COMMENT ON COLUMN chain.parked.topics IS 'Topics of the log; NULL: not a log.';
COMMENT ON COLUMN chain.parked.raw IS 'Log data; of a transaction its hash, sender and calldata one after the other; or the whole stream record.';
COMMENT ON COLUMN chain.parked.digest IS 'SHA-256 of raw.';

CREATE TABLE chain.fork (
  chain_id bigint NOT NULL,
  fork integer NOT NULL,
  common_block bigint NOT NULL,
  common_hash bytea NOT NULL,
  depth integer NOT NULL,
  first_seq bigint NOT NULL,
  last_seq bigint NOT NULL,
  CONSTRAINT fork_pk PRIMARY KEY (chain_id, fork),
  CONSTRAINT fork_chain_fk FOREIGN KEY (chain_id) REFERENCES chain.chain
);
COMMENT ON TABLE chain.fork IS 'Forks that were followed: a run of undone blocks, from the tip down.';
COMMENT ON COLUMN chain.fork.chain_id IS 'EVM chain id.';
COMMENT ON COLUMN chain.fork.fork IS 'Number of the fork on its chain, from 1.';
COMMENT ON COLUMN chain.fork.common_block IS 'Newest block that both branches have.';
COMMENT ON COLUMN chain.fork.common_hash IS 'Hash of that block.';
COMMENT ON COLUMN chain.fork.depth IS 'Number of blocks undone.';
COMMENT ON COLUMN chain.fork.first_seq IS 'Sequence number of the first UNDO record.';
COMMENT ON COLUMN chain.fork.last_seq IS 'Sequence number of the last UNDO record.';

-- What forks removed: which fork it was, then the same rows (so that a column added to both at the end
-- keeps `SELECT fork, block_hash, log.*` right).
CREATE TABLE chain.orphan_block (fork integer NOT NULL, LIKE chain.block,
  CONSTRAINT orphan_block_pk PRIMARY KEY (chain_id, fork, number));
CREATE INDEX orphan_block_hash_ix ON chain.orphan_block (chain_id, hash);
CREATE TABLE chain.orphan_log (fork integer NOT NULL, block_hash bytea NOT NULL, LIKE chain.log,
  CONSTRAINT orphan_log_pk PRIMARY KEY (chain_id, fork, block, log_index));
CREATE TABLE chain.orphan_tx (fork integer NOT NULL, block_hash bytea NOT NULL, LIKE chain.tx,
  CONSTRAINT orphan_tx_pk PRIMARY KEY (chain_id, fork, block, tx_index));
CREATE TABLE chain.orphan_contract (fork integer NOT NULL, block_hash bytea NOT NULL, LIKE chain.contract,
  CONSTRAINT orphan_contract_pk PRIMARY KEY (chain_id, fork, block, log_index, address));
CREATE TABLE chain.orphan_parked (fork integer NOT NULL, block_hash bytea NOT NULL, LIKE chain.parked,
  CONSTRAINT orphan_parked_uq UNIQUE NULLS NOT DISTINCT (chain_id, fork, block, log_index, digest));
COMMENT ON TABLE chain.orphan_block IS 'Blocks that a fork removed. A block may be here more than once, and canonical again.';
COMMENT ON TABLE chain.orphan_log IS 'Logs of the blocks that a fork removed.';
COMMENT ON TABLE chain.orphan_tx IS 'Kept transactions of the blocks that a fork removed.';
COMMENT ON TABLE chain.orphan_contract IS 'Discovered contracts of the blocks that a fork removed.';
COMMENT ON TABLE chain.orphan_parked IS 'Parked logs of the blocks that a fork removed.';

-- Copies the column comments of a table to its orphan table, and says what the added columns are.
CREATE FUNCTION chain.comment_orphan(canonical regclass, orphan regclass) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  c record;
BEGIN
  FOR c IN SELECT a.attname, col_description(canonical, a.attnum) AS text
           FROM pg_attribute a WHERE a.attrelid = canonical AND a.attnum > 0 AND NOT a.attisdropped
  LOOP
    EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', orphan, c.attname, c.text);
  END LOOP;
  EXECUTE format('COMMENT ON COLUMN %s.fork IS %L', orphan, 'Fork of chain.fork that removed it.');
  IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = orphan AND attname = 'block_hash') THEN
    EXECUTE format('COMMENT ON COLUMN %s.block_hash IS %L', orphan, 'Hash of the removed block.');
  END IF;
END $$;
COMMENT ON FUNCTION chain.comment_orphan(regclass, regclass) IS 'For migrations: gives an orphan table the column comments of the table it mirrors.';
SELECT chain.comment_orphan('chain.block', 'chain.orphan_block');
SELECT chain.comment_orphan('chain.log', 'chain.orphan_log');
SELECT chain.comment_orphan('chain.tx', 'chain.orphan_tx');
SELECT chain.comment_orphan('chain.contract', 'chain.orphan_contract');
SELECT chain.comment_orphan('chain.parked', 'chain.orphan_parked');

CREATE FUNCTION chain.build_log_indexes(id bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET min_parallel_table_scan_size = '256MB' AS $$
DECLARE
  part text := format('log_%s', id);
  built integer := 0;
  want text[][] := ARRAY[
    ['event', '(event, block, log_index)'],
    ['address', '(address, block, log_index)'],
    ['validator', '(validator_id, block, log_index) WHERE validator_id IS NOT NULL']];
BEGIN
  FOR i IN 1 .. array_length(want, 1) LOOP
    IF to_regclass(format('chain.%I', part || '_' || want[i][1] || '_ix')) IS NULL THEN
      EXECUTE format('CREATE INDEX %I ON chain.%I %s', part || '_' || want[i][1] || '_ix', part, want[i][2]);
      built := built + 1;
    END IF;
  END LOOP;
  RETURN built;
END $$;
COMMENT ON FUNCTION chain.build_log_indexes(bigint) IS 'Builds the secondary indexes of a chain''s logs that are missing; returns how many.';

CREATE FUNCTION chain.missing_log_indexes(id bigint) RETURNS integer
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT 3 - count(*)::integer FROM pg_index
  WHERE indrelid = format('chain.%I', format('log_%s', id))::regclass AND NOT indisprimary AND indisvalid
$$;
COMMENT ON FUNCTION chain.missing_log_indexes(bigint) IS 'How many secondary indexes of a chain''s logs are not there.';

CREATE FUNCTION chain.analyze_all() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET default_statistics_target = 30 AS $$
BEGIN
  ANALYZE (SKIP_LOCKED) chain.block, chain.log, chain.tx; -- another chain may be building its indexes
END $$;
COMMENT ON FUNCTION chain.analyze_all() IS 'Refreshes the planner''s statistics after a first load, those of partitions included; autovacuum never looks at a partitioned table as a whole.';

CREATE FUNCTION chain.drop_log_indexes(id bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  dropped integer := 0;
  name text;
BEGIN
  FOR name IN SELECT indexrelid::regclass::text FROM pg_index
              WHERE indrelid = format('chain.%I', format('log_%s', id))::regclass AND NOT indisprimary
  LOOP
    EXECUTE 'DROP INDEX ' || name;
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END $$;
COMMENT ON FUNCTION chain.drop_log_indexes(bigint) IS 'Drops the secondary indexes of a chain''s logs before a first load; returns how many.';

CREATE FUNCTION chain.make_partitions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  parent text;
BEGIN
  FOREACH parent IN ARRAY ARRAY['block', 'log', 'tx'] LOOP
    EXECUTE format('CREATE TABLE chain.%I PARTITION OF chain.%I FOR VALUES IN (%s)',
      format('%s_%s', parent, NEW.chain_id), parent, NEW.chain_id);
    EXECUTE format('COMMENT ON TABLE chain.%I IS %L',
      format('%s_%s', parent, NEW.chain_id), format('chain.%s of chain %s', parent, NEW.key));
  END LOOP;
  PERFORM chain.build_log_indexes(NEW.chain_id);
  INSERT INTO chain.head (chain_id) VALUES (NEW.chain_id);
  RETURN NEW;
END $$;
COMMENT ON FUNCTION chain.make_partitions() IS 'Trigger of chain.chain: a new chain gets its partitions, their indexes and its row in chain.head.';
CREATE TRIGGER chain_partitions AFTER INSERT ON chain.chain
  FOR EACH ROW EXECUTE FUNCTION chain.make_partitions();
