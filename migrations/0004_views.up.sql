-- Views for people: every event as a typed row, within the visible prefix, addresses and hashes as text.
--
-- The views are made from a line a column by chain.make_event_view, so that all have the same first
-- columns, the same rule of visibility and a comment on everything.

-- -------- decoding --------

CREATE FUNCTION chain.word(data bytea, n integer) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN substring(data FROM n * 32 + 1 FOR 32);
COMMENT ON FUNCTION chain.word(bytea, integer) IS 'The n-th 32-byte word of topics or data, from 0.';

CREATE FUNCTION chain.be_u32(data bytea, at integer) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (get_byte(data, at)::bigint * 16777216 + get_byte(data, at + 1) * 65536 + get_byte(data, at + 2) * 256
  + get_byte(data, at + 3))::numeric;
COMMENT ON FUNCTION chain.be_u32(bytea, integer) IS 'Four bytes from offset `at` as an unsigned big-endian number.';

CREATE FUNCTION chain.word_numeric(data bytea, n integer) RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ((((((chain.be_u32(data, n * 32) * 4294967296 + chain.be_u32(data, n * 32 + 4)) * 4294967296
  + chain.be_u32(data, n * 32 + 8)) * 4294967296 + chain.be_u32(data, n * 32 + 12)) * 4294967296
  + chain.be_u32(data, n * 32 + 16)) * 4294967296 + chain.be_u32(data, n * 32 + 20)) * 4294967296
  + chain.be_u32(data, n * 32 + 24)) * 4294967296 + chain.be_u32(data, n * 32 + 28);
COMMENT ON FUNCTION chain.word_numeric(bytea, integer) IS 'The n-th word as an unsigned integer, exact.';

CREATE FUNCTION chain.word_bigint(data bytea, n integer) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN chain.word_numeric(data, n) <= 9223372036854775807 THEN chain.word_numeric(data, n)::bigint END;
COMMENT ON FUNCTION chain.word_bigint(bytea, integer) IS 'The n-th word as a bigint: ids, nonces, epochs, block numbers. NULL when it is over 63 bits.';

CREATE FUNCTION chain.hex(data bytea) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '0x' || encode(data, 'hex');
COMMENT ON FUNCTION chain.hex(bytea) IS 'Lower-case hex with 0x, as the API writes hashes and addresses.';

CREATE FUNCTION chain.word_hash(data bytea, n integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '0x' || encode(substring(data FROM n * 32 + 1 FOR 32), 'hex');
COMMENT ON FUNCTION chain.word_hash(bytea, integer) IS 'The n-th word as hex text.';

CREATE FUNCTION chain.word_address(data bytea, n integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '0x' || encode(substring(data FROM n * 32 + 13 FOR 20), 'hex');
COMMENT ON FUNCTION chain.word_address(bytea, integer) IS 'The n-th word as an address.';

CREATE FUNCTION chain.word_bytes(data bytea, n integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN '0x' || encode(substring(data FROM chain.word_bigint(data, n)::integer + 33
  FOR chain.word_bigint(substring(data FROM chain.word_bigint(data, n)::integer + 1 FOR 32), 0)::integer), 'hex');
COMMENT ON FUNCTION chain.word_bytes(bytea, integer) IS 'The dynamic bytes that the n-th word points to, as hex text.';

CREATE FUNCTION chain.bytes(hex text) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN decode(CASE WHEN left(hex, 2) IN ('0x', '0X') THEN substr(hex, 3) ELSE hex END, 'hex');
COMMENT ON FUNCTION chain.bytes(text) IS 'Hex text, with or without 0x, as bytes: for WHERE address = chain.bytes(''0x...'').';

CREATE FUNCTION chain.tron_address(address bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog AS $$
DECLARE
  letters constant text := '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
  raw bytea := '\x41'::bytea || address;
  v numeric := 0;
  digits text := '';
BEGIN
  IF octet_length(address) <> 20 THEN
    RAISE EXCEPTION 'an address has 20 bytes, not %', octet_length(address);
  END IF;
  raw := raw || substring(sha256(sha256(raw)) FROM 1 FOR 4);
  FOR i IN 0 .. octet_length(raw) - 1 LOOP
    v := v * 256 + get_byte(raw, i);
  END LOOP;
  WHILE v > 0 LOOP
    digits := substr(letters, mod(v, 58)::integer + 1, 1) || digits;
    v := div(v, 58);
  END LOOP;
  RETURN digits;
END $$;
COMMENT ON FUNCTION chain.tron_address(bytea) IS 'The base58check form of an address (T...), as TRON wallets show it.';

CREATE FUNCTION chain.level_name(level smallint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (ARRAY['trusted', 'linked', 'hashed', 'bloom', 'receipts', 'quorum'])[level + 1];
COMMENT ON FUNCTION chain.level_name(smallint) IS 'Name of a verification level.';

CREATE FUNCTION chain.finality(block bigint, safe bigint, final bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN block <= final THEN 'final' WHEN block <= safe THEN 'safe' ELSE 'pending' END;
COMMENT ON FUNCTION chain.finality(bigint, bigint, bigint) IS 'pending, safe or final, by the heights of chain.head.';

CREATE FUNCTION partnership.kind_name(kind smallint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (ARRAY['created', 'role_granted', 'role_revoked', 'partner_added', 'partner_removed', 'share_changed',
  'dust_partner', 'reward_received', 'allocated', 'claimed', 'restaked', 'capital_in', 'capital_out', 'paused',
  'unpaused'])[kind];
COMMENT ON FUNCTION partnership.kind_name(smallint) IS 'Name of a kind of partnership.event.';

-- -------- what is visible --------

CREATE VIEW chain.visible_block AS
SELECT c.key AS chain, b.number AS block, b.time, chain.hex(b.hash) AS block_hash, chain.hex(b.parent) AS parent_hash,
  chain.hex(b.author) AS author, b.tx_total, b.gas_used, b.difficulty, b.fee_sum, b.fee_count,
  chain.finality(b.number, h.safe, h.final) AS finality, chain.level_name(b.level) AS verification, b.chain_id
FROM chain.block b JOIN chain.head h ON h.chain_id = b.chain_id AND b.number <= h.indexed
  JOIN chain.chain c ON c.chain_id = b.chain_id;
COMMENT ON VIEW chain.visible_block IS 'Blocks of the contiguous canonical prefix.';

CREATE VIEW chain.visible_log AS
SELECT c.key AS chain, l.block, b.time, chain.hex(l.tx) AS tx, l.log_index, chain.hex(l.address) AS address, l.contract,
  l.event, l.validator_id, l.topics, l.data, chain.finality(l.block, h.safe, h.final) AS finality,
  chain.level_name(b.level) AS verification, chain.hex(b.hash) AS block_hash, l.state_sync, l.chain_id
FROM chain.log l JOIN chain.head h ON h.chain_id = l.chain_id AND l.block <= h.indexed
  JOIN chain.block b ON b.chain_id = l.chain_id AND b.number = l.block
  JOIN chain.chain c ON c.chain_id = l.chain_id;
COMMENT ON VIEW chain.visible_log IS 'Kept logs of the contiguous canonical prefix, not decoded: the typed views show them by event.';

CREATE VIEW chain.visible_tx AS
SELECT c.key AS chain, t.block, b.time, chain.hex(t.hash) AS tx, t.tx_index, chain.hex(t.sender) AS sender,
  chain.hex(t.recipient) AS recipient, t.contract, t.function, t.succeeded, t.value, t.type, t.input,
  chain.finality(t.block, h.safe, h.final) AS finality, chain.level_name(b.level) AS verification,
  chain.hex(b.hash) AS block_hash, t.chain_id
FROM chain.tx t JOIN chain.head h ON h.chain_id = t.chain_id AND t.block <= h.indexed
  JOIN chain.block b ON b.chain_id = t.chain_id AND b.number = t.block
  JOIN chain.chain c ON c.chain_id = t.chain_id;
COMMENT ON VIEW chain.visible_tx IS 'Kept transactions of the contiguous canonical prefix.';

CREATE VIEW chain.visible_contract AS
SELECT c.key AS chain, d.block, d.log_index, chain.hex(d.address) AS address, d.contract, d.rule, d.validator_id, d.chain_id
FROM chain.contract d JOIN chain.head h ON h.chain_id = d.chain_id AND d.block <= h.indexed
  JOIN chain.chain c ON c.chain_id = d.chain_id;
COMMENT ON VIEW chain.visible_contract IS 'Contracts that discovery found within the contiguous canonical prefix.';

CREATE VIEW chain.orphan AS
SELECT c.key AS chain, o.fork, o.number AS block, o.time, chain.hex(o.hash) AS block_hash, chain.hex(b.hash) AS canonical_hash,
  f.common_block, f.depth, o.chain_id
FROM chain.orphan_block o JOIN chain.fork f ON f.chain_id = o.chain_id AND f.fork = o.fork
  JOIN chain.chain c ON c.chain_id = o.chain_id JOIN chain.head h ON h.chain_id = o.chain_id
  LEFT JOIN chain.block b ON b.chain_id = o.chain_id AND b.number = o.number AND b.number <= h.indexed;
COMMENT ON VIEW chain.orphan IS 'Blocks that forks removed, with the block that is canonical at that height now.';

CREATE VIEW staking.checkpoints AS
SELECT c.key AS chain, p.block, b.time, chain.hex(p.tx) AS tx, p.log_index,
  (ARRAY['main', 'sync', 'mirror'])[p.kind] AS kind, p.root_chain_id, p.checkpoint_id, p.header_block_id,
  chain.hex(p.proposer) AS proposer, p.start_block, p.end_block, chain.hex(p.root) AS root, p.reward,
  chain.hex(p.submitted_by) AS submitted_by, octet_length(p.signatures) / 96 AS signature_count, p.call_epoch,
  chain.finality(p.block, h.safe, h.final) AS finality, chain.level_name(b.level) AS verification, p.chain_id
FROM staking.checkpoint p JOIN chain.head h ON h.chain_id = p.chain_id AND p.block <= h.indexed
  JOIN chain.block b ON b.chain_id = p.chain_id AND b.number = p.block
  JOIN chain.chain c ON c.chain_id = p.chain_id;
COMMENT ON VIEW staking.checkpoints IS 'Checkpoints of all root chains.';

CREATE VIEW partnership.history AS
SELECT c.key AS chain, p.block, b.time, chain.hex(p.tx) AS tx, p.log_index, chain.hex(p.address) AS partnership,
  partnership.kind_name(p.kind) AS kind, chain.hex(p.partner) AS partner, chain.hex(p.account) AS account,
  chain.hex(p.recipient) AS recipient, chain.hex(p.operator) AS operator, chain.hex(p.admin) AS admin, p.amount, p.total,
  p.share_bps, p.old_share_bps, p.validator_id, chain.hex(p.role) AS role, p.role_name,
  chain.finality(p.block, h.safe, h.final) AS finality, chain.level_name(b.level) AS verification, p.chain_id
FROM partnership.event p JOIN chain.head h ON h.chain_id = p.chain_id AND p.block <= h.indexed
  JOIN chain.block b ON b.chain_id = p.chain_id AND b.number = p.block
  JOIN chain.chain c ON c.chain_id = p.chain_id;
COMMENT ON VIEW partnership.history IS 'Every event of every partnership contract, in the common vocabulary.';

-- -------- comments on columns that mean the same everywhere --------

CREATE FUNCTION chain.comment_columns(view regclass, VARIADIC own text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  common constant jsonb := '{
    "chain": "Chain by its key in the network file.",
    "chain_id": "EVM chain id.",
    "block": "Block number.",
    "block_hash": "Block hash.",
    "parent_hash": "Hash of the block before.",
    "time": "Block time.",
    "tx": "Transaction hash.",
    "tx_index": "Index of the transaction within the block.",
    "log_index": "Index of the log within the block.",
    "address": "Address of the contract that wrote the log.",
    "contract": "Contract name in the network file.",
    "event": "Event name in the ABI; NULL: none known.",
    "finality": "pending, safe or final.",
    "verification": "How far the block was verified: trusted, linked, hashed, bloom, receipts or quorum.",
    "validator_id": "Validator.",
    "partnership": "Partnership contract.",
    "kind": "Kind of row.",
    "partner": "Partner.",
    "account": "Account.",
    "recipient": "Who received it.",
    "operator": "Operator.",
    "admin": "Administrator.",
    "amount": "Amount in the smallest unit of the token.",
    "total": "Running total in the smallest unit of the token.",
    "share_bps": "Share of the partner in basis points.",
    "old_share_bps": "Share before the change in basis points.",
    "role": "Role id.",
    "role_name": "admin, operator, partner or user; NULL: a role that the network file does not name.",
    "author": "Who made the block; NULL: nobody.",
    "tx_total": "Transactions in the block; NULL: not fetched.",
    "gas_used": "Gas used.",
    "difficulty": "Difficulty.",
    "fee_sum": "BTTC: fee income of the producer in wei; NULL: not fetched.",
    "fee_count": "BTTC: transactions that paid a fee; NULL: not fetched.",
    "topics": "Topics one after the other, 32 bytes each.",
    "data": "Log data.",
    "state_sync": "True: log of a BTTC state-sync transaction.",
    "sender": "Sender.",
    "function": "Function that the calldata calls; NULL: none known.",
    "succeeded": "Receipt status; NULL: not fetched.",
    "value": "Value in the smallest unit of the native coin.",
    "type": "Transaction type.",
    "input": "Calldata.",
    "rule": "Discovery rule.",
    "fork": "Number of the fork on its chain.",
    "canonical_hash": "Hash of the canonical block at this height now; NULL: the chain is shorter now.",
    "common_block": "Newest block that both branches have.",
    "depth": "How many blocks the fork removed.",
    "root_chain_id": "Root chain of the checkpoint: 1 TRON, 2 Ethereum, 3 BSC.",
    "checkpoint_id": "Number of the checkpoint on its root chain.",
    "header_block_id": "Header block id (checkpoint_id times 10000); NULL for sync.",
    "proposer": "Proposer.",
    "start_block": "First BTTC block covered.",
    "end_block": "Last BTTC block covered.",
    "root": "Merkle root over the BTTC blocks; NULL for sync.",
    "reward": "Reward that the event states, in the smallest unit; NULL for sync.",
    "submitted_by": "Sender of the transaction; NULL: relayed by a contract.",
    "signature_count": "Signatures in the calldata; NULL: calldata not available.",
    "call_epoch": "Epoch in the calldata."
  }';
  c record;
  text text;
BEGIN
  FOR c IN SELECT attname FROM pg_attribute WHERE attrelid = view AND attnum > 0 AND NOT attisdropped LOOP
    text := coalesce((SELECT substr(o, strpos(o, ':') + 1) FROM unnest(own) o WHERE split_part(o, ':', 1) = c.attname),
      common ->> c.attname::text);
    IF text IS NULL THEN
      RAISE EXCEPTION 'no comment for column %.%', view, c.attname;
    END IF;
    EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', view, c.attname, text);
  END LOOP;
END $$;
COMMENT ON FUNCTION chain.comment_columns(regclass, text[]) IS 'For migrations: comments the columns of a view; "column:text" overrides the usual text.';
SELECT chain.comment_columns('chain.visible_block');
SELECT chain.comment_columns('chain.visible_log');
SELECT chain.comment_columns('chain.visible_tx');
SELECT chain.comment_columns('chain.visible_contract', 'block:Block from which it is known.', 'log_index:Log from which it is known.', 'address:Address of the contract.');
SELECT chain.comment_columns('chain.orphan', 'block_hash:Hash of the removed block.');
SELECT chain.comment_columns('staking.checkpoints', 'kind:main, sync or mirror.');
SELECT chain.comment_columns('partnership.history', 'kind:What happened; see partnership.event.kind.');

-- -------- events --------

-- A view of one event. topic0 says which layout it is; contract NULL: any. A column is "name place comment":
-- place t1..t3 (topic) or d0.. (data word) and a type: u numeric, n bigint, a address, h hash, b dynamic bytes.
CREATE FUNCTION chain.make_event_view(view text, event text, topic0 text, contract text, about text,
  VARIADIC cols text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  col text;
  part text[];
  source text;
  list text := '';
  own text[] := '{}';
BEGIN
  FOREACH col IN ARRAY cols LOOP
    part := regexp_match(col, '^(\w+) ([td])(\d+)([unahb]) (.+)$');
    source := CASE part[2] WHEN 't' THEN 'l.topics' ELSE 'l.data' END;
    list := list || format(', chain.%s(%s, %s) AS %I',
      CASE part[4] WHEN 'u' THEN 'word_numeric' WHEN 'n' THEN 'word_bigint' WHEN 'a' THEN 'word_address'
        WHEN 'h' THEN 'word_hash' ELSE 'word_bytes' END, source, part[3], part[1]);
    own := own || (part[1] || ':' || part[5]);
  END LOOP;
  EXECUTE format('CREATE VIEW %s AS SELECT c.key AS chain, l.block, b.time, chain.hex(l.tx) AS tx, l.log_index%s,'
    ' chain.hex(l.address) AS address, chain.finality(l.block, h.safe, h.final) AS finality,'
    ' chain.level_name(b.level) AS verification, chain.hex(b.hash) AS block_hash, l.chain_id FROM chain.log l'
    ' JOIN chain.head h ON h.chain_id = l.chain_id AND l.block <= h.indexed'
    ' JOIN chain.block b ON b.chain_id = l.chain_id AND b.number = l.block'
    ' JOIN chain.chain c ON c.chain_id = l.chain_id'
    ' WHERE l.event = %L AND substring(l.topics FROM 1 FOR 32) = %L%s',
    view, list, event, ('\x' || topic0)::bytea,
    CASE WHEN contract IS NULL THEN '' ELSE format(' AND l.contract = %L', contract) END);
  EXECUTE format('COMMENT ON VIEW %s IS %L', view, about);
  PERFORM chain.comment_columns(view::regclass, VARIADIC own);
END $$;
COMMENT ON FUNCTION chain.make_event_view(text, text, text, text, text, text[]) IS 'For migrations: makes the view of one event with its comments.';

SELECT chain.make_event_view('staking.staked', 'Staked', '68c13e4125b983d7e2d6114246f443e567ec6c4ee5b4d4a7ef6100b1402bfd84', NULL,
  'A validator staked or won an auction.',
  'signer t1a Signer key.', 'validator_id t2n Validator.', 'nonce d0n Nonce of the validator.',
  'activation_epoch t3n Epoch from which it is active.', 'amount d1u Own stake, smallest unit.',
  'total d2u Total stake of all validators as the event states it.', 'signer_pubkey d3b Public key, 64 bytes.');
SELECT chain.make_event_view('staking.unstaked', 'Unstaked', '204fccf0d92ed8d48f204adb39b2e81e92bad0dedb93f5716ca9478cfb57de00', NULL,
  'The principal of a validator that left was paid out.',
  'user t1a Who was paid.', 'validator_id t2n Validator.', 'amount d0u Principal, smallest unit.', 'total d1u Total stake as the event states it.');
SELECT chain.make_event_view('staking.unstake_init', 'UnstakeInit', '69b288bb79cd5386c9fe0af060f650e823bcdfa96a44cdc07f862db060f57120', NULL,
  'A validator asked to leave, or was made to.',
  'user t1a Owner of the validator''s NFT.', 'validator_id t2n Validator.', 'nonce d0n Nonce of the validator.',
  'deactivation_epoch d1n Epoch from which it is out.', 'amount t3u Own stake, smallest unit.');
SELECT chain.make_event_view('staking.signer_change', 'SignerChange', '086044c0612a8c965d4cccd907f0d588e40ad68438bd4c1274cac60f4c3a9d1f', NULL,
  'A validator changed its signer key.',
  'validator_id t1n Validator.', 'nonce d0n Nonce of the validator.', 'old_signer t2a Key before.', 'new_signer t3a Key from now on.',
  'signer_pubkey d1b Public key, 64 bytes.');
SELECT chain.make_event_view('staking.restaked', 'Restaked', '09b24121f82c610c13909ec63bd0843468819a45f6eda5838c3a80568c2046a8', NULL,
  'A validator staked more, from its rewards or from outside.',
  'validator_id t1n Validator.', 'amount d0u Own stake afterwards (not the difference).', 'total d1u Total stake as the event states it.');
SELECT chain.make_event_view('staking.jailed', 'Jailed', 'f6566d8fbe8f23227826ba3da2ecc1ec48698c5be051a829965e3358fd5b9658', NULL,
  'A validator was jailed.', 'validator_id t1n Validator.', 'exit_epoch t2n Epoch of its exit.', 'signer t3a Signer key.');
SELECT chain.make_event_view('staking.unjailed', 'UnJailed', 'd3cb87a9c75a0d21336afc0f79f7e398f06748db5ce1815af01d315c7c135c0b', NULL,
  'A validator was released from jail.', 'validator_id t1n Validator.', 'signer t2a Signer key.');
SELECT chain.make_event_view('staking.slashed', 'Slashed', '4f5f38ee30b01a960b4dfdcd520a3ca59c1a664a32dcfe5418ca79b0de6b7236', NULL,
  'Slashing was reported.', 'nonce t1n Slashing nonce.', 'amount t2u Amount, smallest unit.');
SELECT chain.make_event_view('staking.threshold_change', 'ThresholdChange', '5d16a900896e1160c2033bc940e6b072d3dc3b6a996fefb9b3b9b9678841824c', NULL,
  'Governance changed the greatest number of validators.', 'new_threshold d0n Number from now on.', 'old_threshold d1n Number before.');
SELECT chain.make_event_view('staking.dynasty_value_change', 'DynastyValueChange', '9444bfcfa6aed72a15da73de1220dcc07d7864119c44abfec0037bbcacefda98', NULL,
  'Governance changed the dynasty, which is also the withdrawal delay.', 'new_dynasty d0n Epochs from now on.', 'old_dynasty d1n Epochs before.');
SELECT chain.make_event_view('staking.proposer_bonus_change', 'ProposerBonusChange', '4a501a9c4d5cce5c32415945bbc8973764f31b844e3e8fd4c15f51f315ac8792', NULL,
  'Governance changed the bonus of checkpoint proposers.', 'new_bonus d0n Percent from now on.', 'old_bonus d1n Percent before.');
SELECT chain.make_event_view('staking.reward_update', 'RewardUpdate', 'f67f33e8589d3ea0356303c0f9a8e764873692159f777ff79e4fc523d389dfcd', NULL,
  'The checkpoint reward was changed (not used by the present contracts).', 'new_reward d0u Reward from now on.', 'old_reward d1u Reward before.');
SELECT chain.make_event_view('staking.chain_reward_update', 'ChainRewardUpdate', '44f86fce952d78a38177b943b035b297d88811e9da648db6112c4fb7d14f3d03', NULL,
  'Governance changed the checkpoint reward of a root chain.',
  'root_chain_id d0n Root chain: 1 TRON, 2 Ethereum, 3 BSC.', 'new_reward d1u Reward from now on, smallest unit.', 'old_reward d2u Reward before.');
SELECT chain.make_event_view('staking.stake_update', 'StakeUpdate', '8a9fd81e4de0eb5b1f4055c5b30b562c02c95613ea0c5259c23033a90d1de4b4', NULL,
  'The stake of a validator changed (staking chain).', 'validator_id t1n Validator.', 'new_amount t2u Own stake and active delegation afterwards, smallest unit.');
SELECT chain.make_event_view('staking.mirror_stake_update', 'StakeUpdate', '35af9eea1f0e7b300b0a14fae90139a072470e44daa3f14b5069bebbc1265bda', NULL,
  'The stake of a validator changed (mirror chains).', 'validator_id t1n Validator.', 'nonce t2n Nonce of the validator.', 'new_amount t3u Units afterwards.');
SELECT chain.make_event_view('staking.stake_ack', 'StakeAck', '4643d2836f85923259a5a998fcadf64a50de43237434716feec3b19ff1d1329b', NULL,
  'A mirror chain took over a change of a validator.', 'validator_id t1n Validator.', 'nonce t2n Nonce of the validator.');
SELECT chain.make_event_view('staking.claim_rewards', 'ClaimRewards', '41e5e4590cfcde2f03ee9281c54d03acad8adffb83f8310d66b894532470ba35', NULL,
  'The reward of a validator was paid to its owner.', 'validator_id t1n Validator.', 'amount t2u Paid, smallest unit; may be 0.',
  'total_amount t3u Paid to all validators ever.');
SELECT chain.make_event_view('staking.start_auction', 'StartAuction', '683d0f47c7fa11331f4e9563b3f5a7fdc3d3c5b75c600357a91d991f5a13a437', NULL,
  'Somebody bid for the slot of a validator.', 'validator_id t1n Validator.', 'amount t2u Its stake, smallest unit.', 'auction_amount t3u Bid, smallest unit.');
SELECT chain.make_event_view('staking.confirm_auction', 'ConfirmAuction', '1002381ecf76700f6f0ab4c90b9f523e39df7b0482b71ec63cf62cf854120470', NULL,
  'An auction ended.', 'new_validator_id t1n Validator that has the slot now.', 'old_validator_id t2n Validator that had it; the same: it stays.',
  'amount t3u Winning amount, smallest unit.');
SELECT chain.make_event_view('staking.top_up_fee', 'TopUpFee', '2c3bb5458e3dd671c31974c4ca8e8ebc2cdd892ae8602374d9a6f789b00c6b94', NULL,
  'Delivery fee was paid in.', 'user t1a Whose fee account.', 'fee t2u Amount, smallest unit.');
SELECT chain.make_event_view('staking.claim_fee', 'ClaimFee', 'f40b9ca28516abde647ef8ed0e7b155e16347eb4d8dd6eb29989ed2c0c3d27e8', NULL,
  'Delivery fee was paid out.', 'user t1a Who was paid.', 'fee t2u Amount, smallest unit.');
SELECT chain.make_event_view('staking.share_minted', 'ShareMinted', 'c9afff0972d33d68c8d330fe0ebd0e9f54491ad8c59ae17330a9206f280f0865', NULL,
  'A delegator bought shares.', 'validator_id t1n Validator.', 'user t2a Delegator.', 'amount t3u Tokens paid, smallest unit.', 'tokens d0u Shares.');
SELECT chain.make_event_view('staking.share_burned', 'ShareBurned', '7e86625aa6e668407f095af342e0cc237809c4c5086b4d665a0067de122980a9', NULL,
  'A delegator sold shares (legacy form), or moved them away.', 'validator_id t1n Validator.', 'user t2a Delegator.', 'amount t3u Tokens to be paid, smallest unit.', 'tokens d0u Shares.');
SELECT chain.make_event_view('staking.share_burned_with_id', 'ShareBurnedWithId', '502f5a6697a92e602c626b931a4a771fef4360eb9cece7bf906f10c5cec96aaa', NULL,
  'A delegator sold shares.', 'validator_id t1n Validator.', 'user t2a Delegator.', 'amount t3u Tokens to be paid, smallest unit.', 'tokens d0u Shares.', 'nonce d1n Number of the unbond.');
SELECT chain.make_event_view('staking.delegator_claimed_rewards', 'DelegatorClaimedRewards', '31d1715032654fde9867c0f095aecce1113049e30b9f4ecbaa6954ed6c63b8df', NULL,
  'A delegator was paid rewards, also by the way of another action.', 'validator_id t1n Validator.', 'user t2a Delegator.', 'rewards t3u Paid, smallest unit.');
SELECT chain.make_event_view('staking.delegator_restaked', 'DelegatorRestaked', '0f9ccdda16b467e719059c85ebd8383fcb7f8ffa5576629fe3b842836e04dad1', NULL,
  'A delegator turned rewards into shares.', 'validator_id t1n Validator.', 'user t2a Delegator.', 'total_staked t3u Position afterwards, smallest unit (not the difference).');
SELECT chain.make_event_view('staking.delegator_unstaked', 'DelegatorUnstaked', '770c7c7d8e20347e5080e2ac70e8519793bedaff621f044396fd8d6d052c4aa8', NULL,
  'A delegator took out sold shares (legacy form), or moved them to another validator (then no token moves).',
  'validator_id t1n Validator.', 'user t2a Delegator.', 'amount d0u Amount, smallest unit.');
SELECT chain.make_event_view('staking.delegator_unstake_with_id', 'DelegatorUnstakeWithId', '7beb9bef91040fcf7607c78d4fc668370a9036788d7e6f202a4a2db5b0c28c80', NULL,
  'A delegator took out sold shares.', 'validator_id t1n Validator.', 'user t2a Delegator.', 'amount d0u Paid, smallest unit.', 'nonce d1n Number of the unbond.');
SELECT chain.make_event_view('staking.update_commission_rate', 'UpdateCommissionRate', '7d5da5ece9d43013d62ab966f4704ca376b92be29ca6fbb958154baf1c0dc17e', NULL,
  'A validator changed its commission.', 'validator_id t1n Validator.', 'new_rate t2n Percent from now on.', 'old_rate t3n Percent before.');
SELECT chain.make_event_view('staking.reward_params', 'RewardParams', '801c2d11f1d1780f228c2a497cf5eae033694c8eb057d636044683def26e03ec', NULL,
  'Governance changed how the reward of late or long checkpoints is cut.',
  'reward_decrease_per_checkpoint d0n Percent less for each further interval.', 'max_rewarded_checkpoints d1n Most intervals that one checkpoint is paid for.',
  'checkpoint_reward_delta d2n Tolerance, percent.');
SELECT chain.make_event_view('staking.checkpoint_sync_ack', 'CheckpointSyncAck', 'dfdf269144f74a4d5a4487dae4ae7d89a0764033568a9003b6746591fdbb696c', NULL,
  'A checkpoint of another root chain was reported and paid for.', 'proposer t1a Proposer.', 'root_chain_id t2n Root chain: 2 Ethereum, 3 BSC.',
  'checkpoint_id t3n Number of the checkpoint there.', 'start_block d0n First BTTC block covered.', 'end_block d1n Last BTTC block covered.');
SELECT chain.make_event_view('staking.new_header_block', 'NewHeaderBlock', 'ba5de06d22af2685c6c7765f60067f7d2b08c2d29f53cdf14d67f6d1c9bfb527', NULL,
  'A checkpoint was submitted.', 'proposer t1a Proposer.', 'header_block_id t2n Number of the checkpoint times 10000.',
  'reward t3u Distributed in all, smallest unit (mirror chains: a unit count, not paid).',
  'start_block d0n First BTTC block covered.', 'end_block d1n Last BTTC block covered.', 'root d2h Merkle root over the BTTC blocks.');
SELECT chain.make_event_view('staking.reset_header_block', 'ResetHeaderBlock', 'ca1d8316287f938830e225956a7bb10fd5a1a1506dd2eb3a476751a488117205', NULL,
  'The owner took checkpoints back.', 'proposer t1a Owner that did it.', 'header_block_id t2n Header blocks from this id on are void; it is the next id.');
SELECT chain.make_event_view('staking.new_chain', 'NewChain', '46d8e11a9f6eb349dbb840ef59be3b9f104a0ec5ef156698d105d99a2a33c00c', NULL,
  'A root chain was added.', 'root_chain_id t1n Root chain.', 'activation_height d0n BTTC block from which it is used.', 'tx_confirmations d1n Confirmations asked for.',
  'root_chain_address d2a RootChain there.', 'state_sender_address d3a StateSender there.', 'staking_manager_address d4a StakeManager there.',
  'staking_info_address d5a StakingInfo there.');
SELECT chain.make_event_view('staking.root_chain_changed', 'RootChainChanged', '211c9015fc81c0dbd45bd99f0f29fc1c143bfd53442d5ffd722bbbef7a887fe9', NULL,
  'StakeManager takes checkpoints from another RootChain.', 'previous_root_chain t1a Contract before.', 'new_root_chain t2a Contract from now on.');
SELECT chain.make_event_view('staking.nft_transfer', 'Transfer', 'ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef', 'StakingNFT',
  'The NFT of a validator changed hands: whoever has it gets the rewards.', 'from_address t1a Owner before; zero: made by staking.',
  'to_address t2a Owner from now on; zero: burnt.', 'validator_id t3n Validator.');
SELECT chain.make_event_view('staking.token_transfer', 'Transfer', 'ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef', 'Token',
  'The staking token moved.', 'from_address t1a Payer; zero: minted.', 'to_address t2a Payee; zero: burnt.', 'amount d0u Amount, smallest unit.');
SELECT chain.make_event_view('staking.share_transfer', 'Transfer', 'ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef', 'ValidatorShare',
  'Shares of a validator moved, were made or burnt; `address` is the share contract.', 'from_address t1a From; zero: made.', 'to_address t2a To; zero: burnt.', 'amount d0u Shares.');
SELECT chain.make_event_view('staking.owner_update', 'OwnerUpdate', '343765429aea5a34b3ff6a3785a98a5abb2597aca87bfbb58632c173d585373a', NULL,
  'A proxy changed its owner; on a new ValidatorShare the announcement of the contract.', 'new_owner d0a Owner from now on.', 'old_owner d1a Owner before.');
SELECT chain.make_event_view('staking.proxy_updated', 'ProxyUpdated', 'd32d24edea94f55e932d9a008afc425a8561462d1b1f57bc6e508e9a6b9509e1', NULL,
  'A proxy has another implementation.', 'new_implementation t1a Implementation from now on.', 'old_implementation t2a Implementation before.');
SELECT chain.make_event_view('staking.contract_map_updated', 'ContractMapUpdated', 'ffb8cfd9cecbede837eec100fb8e17560ea22bf018e065366ee5e2ff5e0bd10c', NULL,
  'The registry names another contract.', 'key t1h Hash of the name.', 'previous_contract t2a Contract before.', 'new_contract t3a Contract from now on.');
SELECT chain.make_event_view('staking.ownership_transferred', 'OwnershipTransferred', '8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0', NULL,
  'A contract changed its owner.', 'previous_owner t1a Owner before.', 'new_owner t2a Owner from now on.');

SELECT chain.make_event_view('chain.mrc20_deposit', 'Deposit', '4e2ca0515ed1aef1395f66b5303bb5d6f1bf9d61a353fa53f73f8ac9973fa9f6', NULL,
  'BTTC: native token came in from a root chain.', 'token t1a Token contract on the root chain.', 'from_address t2a Account.',
  'amount d0u Amount, smallest unit.', 'balance_before d1u Balance before.', 'balance_after d2u Balance afterwards.');
SELECT chain.make_event_view('chain.mrc20_withdraw', 'Withdraw', 'ebff2602b3f468259e1e99f613fed6691f3a6526effe6ef3e768ba7ae7a36c4f', NULL,
  'BTTC: native token left to a root chain.', 'token t1a Token contract on the root chain.', 'from_address t2a Account.',
  'amount d0u Amount, smallest unit.', 'balance_before d1u Balance before.', 'balance_after d2u Balance afterwards.');
SELECT chain.make_event_view('chain.mrc20_withdraw_to', 'WithdrawTo', '67b714876402c93362735688659e2283b4a37fb21bab24bc759ca759ae851fd8', NULL,
  'BTTC: native token left to another account on a root chain.', 'from_address t1a Account.', 'to_address t2a Payee.',
  'amount d0u Amount, smallest unit.');

-- -------- partnership events by kind --------

CREATE FUNCTION partnership.make_kind_view(kind text, about text, VARIADIC cols text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  list text;
BEGIN
  SELECT string_agg(format('%I', c), ', ' ORDER BY n) INTO list FROM unnest(cols) WITH ORDINALITY u (c, n);
  EXECUTE format('CREATE VIEW partnership.%I AS SELECT c.key AS chain, p.block, b.time, chain.hex(p.tx) AS tx, p.log_index,'
    ' chain.hex(p.address) AS partnership, %s, chain.finality(p.block, h.safe, h.final) AS finality,'
    ' chain.level_name(b.level) AS verification, p.chain_id FROM partnership.event p'
    ' JOIN chain.head h ON h.chain_id = p.chain_id AND p.block <= h.indexed'
    ' JOIN chain.block b ON b.chain_id = p.chain_id AND b.number = p.block'
    ' JOIN chain.chain c ON c.chain_id = p.chain_id WHERE p.kind = %s',
    kind,
    (SELECT string_agg(CASE WHEN c IN ('partner', 'account', 'recipient', 'operator', 'admin', 'role')
       THEN format('chain.hex(p.%I) AS %I', c, c) ELSE format('p.%I', c) END, ', ' ORDER BY n)
     FROM unnest(cols) WITH ORDINALITY u (c, n)),
    (SELECT i FROM generate_series(1, 15) i WHERE partnership.kind_name(i::smallint) = kind));
  EXECUTE format('COMMENT ON VIEW partnership.%I IS %L', kind, about);
  PERFORM chain.comment_columns(format('partnership.%I', kind)::regclass);
END $$;
COMMENT ON FUNCTION partnership.make_kind_view(text, text, text[]) IS 'For migrations: makes the view of one kind of partnership event.';
SELECT partnership.make_kind_view('created', 'A partnership staked its validator.', 'validator_id', 'admin', 'operator');
SELECT partnership.make_kind_view('role_granted', 'Somebody got a role.', 'account', 'role_name', 'role', 'admin');
SELECT partnership.make_kind_view('role_revoked', 'Somebody lost a role.', 'account', 'role_name', 'role', 'admin');
SELECT partnership.make_kind_view('partner_added', 'A partner came in.', 'partner', 'share_bps');
SELECT partnership.make_kind_view('partner_removed', 'A partner went.', 'partner');
SELECT partnership.make_kind_view('share_changed', 'A partner''s share changed.', 'partner', 'old_share_bps', 'share_bps');
SELECT partnership.make_kind_view('dust_partner', 'Another partner gets the remainders of divisions.', 'partner');
SELECT partnership.make_kind_view('reward_received', 'The partnership pulled rewards.', 'amount', 'total');
SELECT partnership.make_kind_view('allocated', 'A reward was credited to a partner.', 'partner', 'amount');
SELECT partnership.make_kind_view('claimed', 'A partner was paid.', 'partner', 'recipient', 'amount');
SELECT partnership.make_kind_view('restaked', 'Rewards were staked again instead of paid.', 'amount');
SELECT partnership.make_kind_view('capital_in', 'A partner paid capital in.', 'partner', 'amount');
SELECT partnership.make_kind_view('capital_out', 'Capital was paid back to a partner.', 'partner', 'amount');
SELECT partnership.make_kind_view('paused', 'The partnership was paused.', 'account');
SELECT partnership.make_kind_view('unpaused', 'The partnership goes on.', 'account');

REVOKE EXECUTE ON FUNCTION chain.comment_columns(regclass, text[]), chain.make_event_view(text, text, text, text, text, text[]),
  partnership.make_kind_view(text, text, text[]) FROM PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA chain, staking, partnership TO bttc_api, bttc_analyst;
REVOKE SELECT ON chain.position, chain.coverage FROM bttc_analyst;
