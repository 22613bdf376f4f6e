"""`verify --database`: clean databases fit; each single damage is found, named and told apart."""
from harness import *

WORLD = os.path.join(RECORDINGS, "world")


def verify(dsn, *args, code=0):
    rc, out, err = run_cli("verify", "--database", dsn, *args)
    assert rc == code, (rc, out, err)
    return re.sub(r"^ok      log of \d+ operations, hash 0x[0-9a-f]{64}\n", "", out, flags=re.M)


def copy_of(dsn):
    """A database with the same rows, made by the server."""
    name = f"c{os.getpid()}_{next(copy_of.count)}"
    source = re.search(r"dbname=(\S+)", dsn).group(1)
    psql(os.environ["BTTC_TEST_PG"], f"CREATE DATABASE {name} TEMPLATE {source}")
    return re.sub(r"dbname=\S+", f"dbname={name}", dsn)


copy_of.count = itertools.count(1)

ONE = "(SELECT block FROM {t} WHERE chain_id = {c} ORDER BY block OFFSET 3 LIMIT 1)"
# (statement, table that the finding names, words of it). {c}: the staking chain's id.
DAMAGE = [
    ("DELETE FROM chain.block WHERE chain_id = {c} AND number = 700", "chain.block", "missing"),
    ("UPDATE chain.block SET parent = set_byte(parent, 3, get_byte(parent, 3) # 1) WHERE chain_id = {c} AND number = 701",
     "chain.block", "block 701"),
    ("UPDATE chain.head SET indexed_hash = set_byte(indexed_hash, 0, get_byte(indexed_hash, 0) # 1) WHERE chain_id = {c}",
     "chain.head", "newest stored block"),
    ("UPDATE chain.level_count SET blocks = blocks + 1 WHERE chain_id = {c} AND blocks > 0", "chain.level_count", "are counted"),
    ("UPDATE chain.evidence SET header = set_byte(header, 50, get_byte(header, 50) # 1) WHERE chain_id = {c} AND block = "
     + ONE.replace("{t}", "chain.evidence"), "chain.block", "does not hash to the block's hash"),
    ("UPDATE chain.evidence SET proof = set_byte(proof, 50, get_byte(proof, 50) # 1) WHERE chain_id = {c} AND block = "
     + ONE.replace("{t}", "chain.evidence"), "chain.log", "does not prove"),
    ("DELETE FROM chain.evidence WHERE chain_id = {c} AND block = " + ONE.replace("{t}", "chain.evidence"),
     "chain.evidence", "no proof is stored"),
    ("UPDATE chain.log SET data = set_byte(data, 31, get_byte(data, 31) # 1) WHERE (chain_id, block, log_index) = (SELECT"
     " chain_id, block, log_index FROM chain.log WHERE chain_id = {c} AND length(data) >= 32 ORDER BY block, log_index"
     " OFFSET 40 LIMIT 1)", "chain.log", "does not prove"),
    ("DELETE FROM chain.log WHERE (chain_id, block, log_index) = (SELECT chain_id, block, log_index FROM chain.log WHERE"
     " chain_id = {c} AND event = 'ShareMinted' ORDER BY block, log_index OFFSET 5 LIMIT 1)", "ledger.block", "ledger.head"),
    ("UPDATE chain.tx SET value = value + 1 WHERE (chain_id, block, tx_index) = (SELECT chain_id, block, tx_index FROM"
     " chain.tx WHERE chain_id = {c} ORDER BY block, tx_index OFFSET 9 LIMIT 1)", "chain.tx", "does not prove"),
    ("UPDATE ledger.block SET checksum = set_byte(checksum, 2, get_byte(checksum, 2) # 1) WHERE chain_id = {c} AND block = "
     + ONE.replace("{t}", "ledger.block"), "ledger.block", "ledger.head"),
    ("UPDATE ledger.validator SET reward = reward + 1 WHERE chain_id = {c} AND (id, block) = (SELECT id, block FROM"
     " ledger.validator ORDER BY block, id OFFSET 20 LIMIT 1)", "ledger.validator", "missing or other"),
    ("DELETE FROM ledger.position WHERE ctid = (SELECT ctid FROM ledger.position ORDER BY block LIMIT 1)",
     "ledger.position", "missing or other"),
    ("UPDATE ledger.delegator_entry SET amount = amount + 1 WHERE ctid = (SELECT ctid FROM ledger.delegator_entry WHERE"
     " amount IS NOT NULL ORDER BY block LIMIT 1)", "ledger.delegator_entry", "missing or other"),
    ("UPDATE analytics.kept_validator SET commission = commission + 1 WHERE ctid = (SELECT ctid FROM analytics.kept_validator LIMIT 1)",
     "analytics", "kept_validator"),
    ("DELETE FROM analytics.kept_delegator WHERE ctid = (SELECT ctid FROM analytics.kept_delegator LIMIT 1)", "analytics", "kept_delegator"),
    ("UPDATE ledger.posting SET amount = amount + 1 WHERE (block, ordinal) = (SELECT block, ordinal FROM ledger.posting"
     " WHERE kind = 'transfer' AND credit = 'stake_manager/clearing' ORDER BY block LIMIT 1)", "ledger.posting",
     "the accounts of stake_manager have"),
    ("UPDATE ledger.posting SET debit = 'stake_manager/reserve' WHERE (block, ordinal) = (SELECT block, ordinal FROM"
     " ledger.posting WHERE kind = 'claimed' ORDER BY block LIMIT 1)", "ledger.posting", "missing or other"),
    ("DELETE FROM ledger.head", "ledger.head", "no ledger"),
]


def test_golden_and_each_damage():
    dsn = new_database()
    index_all("golden", dsn)
    before = tables(dsn)
    assert verify(dsn, "--full") == "ok      chain root\n"
    out = verify(dsn, "--sample", "20", "--seed", "5")
    assert out == "a sample of 20 blocks a chain, seed 5\nok      chain root\n", out
    assert_same_tables(tables(dsn), before, "after reading")
    chain = psql(dsn, "SELECT chain_id FROM chain.chain")[0][0]

    def one(damage):
        statement, table, words = damage
        broken = copy_of(dsn)
        changed = psql(broken, f"WITH x AS ({statement.replace('{c}', chain)} RETURNING 1) SELECT count(*) FROM x")
        assert int(changed[0][0]) >= 1, statement
        out = verify(broken, "--full", code=1)
        hits = [x for x in out.splitlines() if x.startswith("FAILED") and f"{table}: " in x and words in x]
        assert hits and "ok " not in out, (statement, out)

    together(one, DAMAGE, 3)


# Decoded rows: (statement, table, what the only finding says).
PICK = "(SELECT chain_id, block, {k} FROM {t} WHERE chain_id = {c} AND {w} ORDER BY block, {k} OFFSET 7 LIMIT 1)"


def at(table, key="log_index", where="true"):
    return f"(chain_id, block, {key}) = " + PICK.replace("{t}", table).replace("{k}", key).replace("{w}", where)


DECODED = [
    ("UPDATE chain.log SET event = 'Transfer2' WHERE " + at("chain.log", where="event = 'Transfer'"), "chain.log", "make: event"),
    ("UPDATE chain.log SET event = NULL WHERE " + at("chain.log", where="event = 'ShareMinted'"), "chain.log", "make: event"),
    ("UPDATE chain.log SET contract = 'Token' WHERE " + at("chain.log", where="contract = 'StakingInfo'"), "chain.log", "make: contract"),
    ("UPDATE chain.log SET validator_id = validator_id + 1 WHERE " + at("chain.log", where="validator_id = 2"), "chain.log",
     "make: validator_id"),
    ("UPDATE chain.tx SET function = 'none' WHERE " + at("chain.tx", "tx_index", "function IS NOT NULL"), "chain.tx", "make: function"),
    ("UPDATE staking.checkpoint SET signatures = set_byte(signatures, 70, get_byte(signatures, 70) # 1) WHERE "
     + at("staking.checkpoint"), "staking.checkpoint", "make: signatures"),
    ("UPDATE staking.checkpoint SET end_block = end_block + 1, proposer = set_byte(proposer, 0, get_byte(proposer, 0) # 1) WHERE "
     + at("staking.checkpoint"), "staking.checkpoint", "make: proposer, end_block"),
    ("UPDATE partnership.event SET amount = amount + 1 WHERE " + at("partnership.event", where="amount > 0"), "partnership.event",
     "make: amount"),
    ("DELETE FROM partnership.event WHERE " + at("partnership.event"), "partnership.event", "a row is missing"),
    ("INSERT INTO partnership.event SELECT chain_id, block, log_index + 100000, tx, address, kind, partner, account, recipient, operator,"
     " admin, amount, total, share_bps, old_share_bps, validator_id, role, role_name FROM partnership.event WHERE "
     + at("partnership.event"), "partnership.event", "a row is there"),
    ("UPDATE chain.tx SET sender = set_byte(sender, 9, get_byte(sender, 9) # 1) WHERE " + at("chain.tx", "tx_index", "function IS NOT NULL"),
     "chain.tx", "does not prove"),
]


def test_decoded_rows():
    dsn = new_database()
    index_all("golden", dsn)
    chain = psql(dsn, "SELECT chain_id FROM chain.chain")[0][0]

    def one(damage):
        statement, table, words = damage
        broken = copy_of(dsn)
        place = psql(broken, f"WITH x AS ({statement.replace('{c}', chain)} RETURNING block) SELECT block FROM x")
        assert len(place) == 1, statement
        found = [x for x in verify(broken, "--full", code=1).splitlines() if x.startswith("FAILED")]
        decoded = [x for x in found if f", block {place[0][0]}, {table}: " in x and words in x]
        assert len(decoded) == 1, (statement, found)
        # Of a sender the ledger's roles and of a checkpoint's call its statistics may speak too; nobody else does.
        others = [x for x in found if x not in decoded and ", ledger." not in x]
        assert not others, (statement, others)

    together(one, DECODED, 3)


# What only the owner of the tables can do to the log of operations: (statement, words of the finding).
TAMPER = [
    ("UPDATE chain.operation SET detail = detail || '.' WHERE id = 3", "entry 3: was changed"),
    ("UPDATE chain.operation SET actor = 'nobody' WHERE id = 2", "entry 2: was changed"),
    ("UPDATE chain.operation SET at = at + interval '1 microsecond' WHERE id = 1", "entry 1: was changed"),
    ("UPDATE chain.operation SET kind = 'resume', hash = chain.operation_hash(previous, id, at, actor, 'resume', detail)"
     " WHERE id = 2", "entry 3: does not follow"),
    ("DELETE FROM chain.operation WHERE id = 2", "entry 3: missing before it: entry 2"),
    ("DELETE FROM chain.operation WHERE id IN (1, 2)", "entry 3: missing before it: entries 1 to 2"),
    ("DELETE FROM chain.operation WHERE id = (SELECT id FROM chain.operation_head)", "is the newest that was written, and is missing"),
    ("DELETE FROM chain.operation", "is the newest that was written, and is missing"),
    ("DELETE FROM chain.operation_head", "the row of chain.operation_head is missing"),
]


def entries(dsn):
    return psql(dsn, "SELECT id, kind, detail FROM chain.operation ORDER BY id")


def refused(dsn, statement, words):
    p = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement, dsn], capture_output=True, text=True)
    assert p.returncode and words in p.stderr, (statement, p)


def test_operations():
    dsn = new_database()
    index_all("golden", dsn)
    begun = entries(dsn)  # a line for each migration since they are logged
    kinds = [k for k, _ in itertools.groupby(x[1] for x in begun)]
    assert kinds == ["migrate_up", "network", "chain", "ledger_begun"], entries(dsn)
    assert "; bttc-indexer " in entries(dsn)[1][2], entries(dsn)
    with open(os.path.join(tempfile.mkdtemp(), "set"), "w") as f:
        first = psql(dsn, "SELECT first_block + 40 FROM chain.chain")[0][0]
        f.write(f"{first} proposer_bonus 11 by order\n")
    assert run_cli("override", f.name, "--database", dsn)[0] == 0
    index_all("golden", dsn)
    verify(dsn, "--full")
    assert verify(dsn, "--sample", "5", "--seed", "1") is not None
    said = entries(dsn)[len(begun):]
    assert [x[1] for x in said] == ["override", "ledger_redone", "verify", "verify"], said
    assert said[1][2].startswith("chain root, overrides 1, from block " + first), said
    assert said[2][2].startswith("all blocks of each chain: 0 findings"), said
    assert said[3][2].startswith("a sample of 5 blocks of each chain: 0 findings"), said
    for statement in ("UPDATE chain.operation SET detail = ''", "DELETE FROM chain.operation", "TRUNCATE chain.operation"):
        refused(dsn, statement, "chain.operation only grows")
    for statement in ("INSERT INTO chain.operation (kind, detail) VALUES ('verify', '')", "UPDATE chain.operation_head SET id = 9"):
        refused(dsn, "SET ROLE bttc_writer; " + statement, "permission denied")
    assert [x[0] for x in entries(dsn)] == [str(i) for i in range(1, len(begun) + 5)]

    def one(tamper):
        statement, words = tamper
        broken = copy_of(dsn)
        psql(broken, "ALTER TABLE chain.operation DISABLE TRIGGER operation_keep")
        psql(broken, statement)
        psql(broken, "ALTER TABLE chain.operation ENABLE TRIGGER operation_keep")
        rc, out, err = run_cli("verify", "--database", broken, "--sample", "1", "--seed", "1")
        assert rc == 1, (rc, out, err)
        assert "FAILED  chain.operation, entry" in out and words in out and "ok      log" not in out, (statement, out)

    together(one, TAMPER, 3)


def test_operations_at_once():
    """Many writers, some of which take their transaction back: one chain, no gap."""
    dsn = new_database()
    assert run_cli("migrate", "up", "--database", dsn)[0] == 0
    before = len(entries(dsn))

    def writer(w):
        for i in range(10):
            psql(dsn, f"BEGIN; SELECT chain.record_operation('verify', '{w}.{i}'); {'ROLLBACK' if i % 3 == 0 else 'COMMIT'}")

    together(writer, range(6), 6)
    assert len(entries(dsn)) == before + 6 * 6
    assert not psql(dsn, "SELECT * FROM chain.operation_fault()")


def test_world_fits():
    net, dsn = network_file(WORLD), new_database()
    index_all(net, dsn)
    assert verify(dsn, "--network", net, "--full") == "ok      chain root\nok      chain bttc\n"
    assert verify(dsn, "--network", net, "--full", "--chain", "bttc") == "ok      chain bttc\n"
    psql(dsn, "UPDATE chain.block SET receipts_root = sha256('x') WHERE (chain_id, number) = (SELECT e.chain_id, e.block FROM"
              " chain.evidence e JOIN chain.chain c USING (chain_id) WHERE c.key = 'bttc' ORDER BY block LIMIT 1)")
    out = verify(dsn, "--network", net, "--full", code=1)
    assert "ok      chain root" in out and "FAILED  chain bttc, block" in out and "its header says" in out, out


def test_could_not_check():
    dsn = new_database()
    rc, _, err = run_cli("verify", "--database", dsn)
    assert rc == 2 and err, (rc, err)
    rc, _, err = run_cli("verify", "--database", "host=127.0.0.1 port=1 dbname=x")
    assert rc == 2 and err, (rc, err)
    rc, _, err = run_cli("verify", "--database", dsn, "a.json")
    assert rc == 2 and "exclude each other" in err, (rc, err)


run(globals())
