"""From recordings to rows and the API: exactly the recorded events, whatever the way."""
import subprocess
from harness import *

GOLDEN = os.path.join(RECORDINGS, "golden")
WORLD = os.path.join(RECORDINGS, "world")

# Counts of tests/recordings/golden/README.md; token Approvals are not watched.
GOLDEN_COUNTS = dict(
    Transfer=2669, OwnerUpdate=13, OwnershipTransferred=13, NewHeaderBlock=440, CheckpointSyncAck=209,
    ResetHeaderBlock=2, Staked=14, UnstakeInit=4, Unstaked=3, SignerChange=16, Restaked=116, StakeUpdate=1010,
    ClaimRewards=228, TopUpFee=62, ClaimFee=1, StartAuction=2, ConfirmAuction=1, ShareMinted=647, ShareBurned=133,
    ShareBurnedWithId=114, DelegatorClaimedRewards=651, DelegatorRestaked=161, DelegatorUnstaked=110,
    DelegatorUnstakeWithId=61, UpdateCommissionRate=40, ThresholdChange=2, DynastyValueChange=1,
    ProposerBonusChange=4, ChainRewardUpdate=4, RewardParams=4, PartnershipCreated=3, PartnerAdded=20,
    PartnerRemoved=3, PartnerShareChanged=19, DustPartnerChanged=6, RewardsReceived=106, RewardAllocated=517,
    RewardClaimed=83, RewardsRestaked=14, StakeDeposited=122, StakeReturned=5, RoleGranted=30, RoleRevoked=7,
    Paused=2, Unpaused=2)


def check_logs(dsn, key, *path):
    want, got = recorded_logs(*path), stored_logs(dsn, key)
    assert len(want) == len(set(want))
    assert got == want, (f"{path}: {len(got)} stored, {len(want)} recorded; missing "
                         f"{sorted(set(want) - set(got))[:3]}; surplus {sorted(set(got) - set(want))[:3]}")


_clean = {}


def clean(network):
    """Tables of an undisturbed run, made once."""
    if network not in _clean:
        dsn = new_database()
        index_all(network, dsn)
        _clean[network] = (dsn, tables(dsn))
    return _clean[network]


def test_golden_has_exactly_the_recorded_events():
    dsn, _ = clean("golden")
    check_logs(dsn, "root", "golden")
    got = {e: int(n) for e, n in psql(dsn, "SELECT event, count(*) FROM chain.log GROUP BY 1")}
    assert got == GOLDEN_COUNTS, {k: (got.get(k), GOLDEN_COUNTS.get(k)) for k in got.keys() | GOLDEN_COUNTS.keys()
                                  if got.get(k) != GOLDEN_COUNTS.get(k)}
    assert psql(dsn, "SELECT count(*) FROM chain.parked") == [["0"]]
    # the 13 ValidatorShare proxies stand in no file
    found = {a: int(v) for a, v in psql(dsn, "SELECT '0x' || encode(address, 'hex'), validator_id FROM chain.contract")}
    assert found == {a.lower(): int(v) for v, a in meta("golden")["validatorShares"].items()}


def test_golden_keeps_silent_transactions():
    """Every successful transaction to an accounted contract, log or no log, with its calldata."""
    dsn, _ = clean("golden")
    m = meta("golden")
    accounted = {m["contracts"][k] for k in ("stakeManager", "stakingInfo", "governance", "rootChain", "registry")}
    accounted |= set(m["contracts"]["partnerships"])
    status = {r["transactionHash"]: r["status"] for b in lines("golden", "receipts.ndjson.gz") for r in b["receipts"]}
    want = {}
    for b in lines("golden", "blocks.ndjson.gz"):
        for t in b["transactions"]:
            to = (t["to"] or "").lower()
            ok = status[t["hash"]] == "0x1"
            if to in accounted and (ok or to in m["contracts"]["partnerships"]):
                want[t["hash"]] = (to, t["from"], t["input"], ok)
    rows = psql(dsn, """SELECT encode(hash,'hex'), encode(recipient,'hex'), encode(sender,'hex'), encode(input,'hex'),
        succeeded FROM chain.tx""")
    got = {"0x" + h: ("0x" + r, "0x" + s, "0x" + i, ok == "t") for h, r, s, i, ok in rows}
    missing = set(want) - set(got)
    assert not missing, f"{len(missing)} transactions missing, e.g. {sorted(missing)[:3]}"
    for h, w in want.items():
        assert got[h] == w, (h, got[h][:3], w[:3])
    functions = {f for (f,) in psql(dsn, "SELECT DISTINCT function FROM chain.tx WHERE function IS NOT NULL")}
    assert {"submitCheckpoint", "submitCheckpointSync", "update", "updateValidatorDelegation", "pullRewards"} <= functions


def test_world_both_chains():
    dsn, _ = clean("world")
    check_logs(dsn, "root", "world", "root")
    check_logs(dsn, "bttc", "world", "bttc")
    oracle = {int(o["number"]) if isinstance(o.get("number"), int) else int(str(o.get("number", o.get("block"))), 0):
              o for o in lines("world", "bttc", "oracle.ndjson.gz")}
    fees, count = {}, {}
    for b in lines("world", "bttc", "receipts.ndjson.gz"):
        n = b["blockNumber"]
        for r in b["receipts"]:
            for g in r["logs"]:
                if g["topics"][:1] == [FEE] and int(g["address"], 16) == 0x1010:
                    fees[n] = fees.get(n, 0) + int(g["data"][2:66], 16)
                    count[n] = count.get(n, 0) + 1
    rows = psql(dsn, """SELECT number, encode(hash,'hex'), encode(author,'hex'), fee_sum, fee_count, tx_total, level
        FROM chain.block JOIN chain.chain USING (chain_id) WHERE key = 'bttc' ORDER BY number""")
    blocks = list(lines("world", "bttc", "blocks.ndjson.gz"))
    assert len(rows) == len(blocks)
    for row, b in zip(rows, blocks):
        n = int(row[0])
        assert row[1] == b["hash"][2:] and n == int(b["number"], 16)
        if n:
            assert "0x" + row[2] == oracle[n]["author"].lower(), n
        assert int(row[3] or 0) == fees.get(n, 0), (n, row[3], fees.get(n))
        assert int(row[4] or 0) == count.get(n, 0), n
        assert int(row[6]) >= 2, (n, row)


def test_checkpoints_carry_calldata():
    dsn, _ = clean("world")
    m = meta("world", "root")
    rows = psql(dsn, "SELECT kind, count(*), count(signatures), count(submitted_by) FROM staking.checkpoint GROUP BY 1 ORDER BY 1")
    assert rows == [["1", "66", "66", "66"], ["2", "37", "37", "37"]], rows
    generated = {c["tx"]: c for c in lines("world", "root", "checkpoints.ndjson.gz")}
    for tx, start, end, n in psql(dsn, "SELECT '0x' || encode(tx,'hex'), start_block, end_block, length(signatures) / 96 FROM staking.checkpoint"):
        g = generated[tx]
        assert (int(start), int(end), int(n)) == (int(g["start"]), int(g["end"]), len(g["signers"])), (tx, g)


def test_any_way_gives_the_same_tables():
    _, want = clean("golden")
    for args in (["--range", "1", "--window", "8"], ["--range", "7", "--logs-range", "3", "--rpc-batch", "1"],
                 ["--range", "5000", "--window", "1"]):
        dsn = new_database()
        index_all("golden", dsn, *args)
        assert_same_tables(tables(dsn), want, str(args))


def backfill(dsn, a, b, network="golden", chain="root"):
    rc, _, err = run_cli("backfill", "--network", network, "--chain", chain, "--from", a, "--to", b, "--database", dsn,
                         "--no-progress")
    assert rc == 0, err


def test_backfilled_ranges_in_any_order():
    _, want = clean("golden")
    for order in ([(109, 500), (501, 1184)], [(600, 900), (109, 300), (901, 1184), (301, 599)]):
        dsn = new_database()
        for a, b in order:
            backfill(dsn, a, b)
        index_all("golden", dsn)
        assert_same_tables(tables(dsn), want, f"backfill {order}")


def test_stopped_and_continued():
    _, want = clean("golden")
    dsn = new_database()
    with replay(GOLDEN, args=["--head", "400"]) as r:
        for head in (400, 401, 777, 1184):
            r.control({"root": {"head": head}})
            index_all("golden", dsn, "--rpc", f"root={r.url('root')}")
    assert_same_tables(tables(dsn), want)


def test_tron_shape():
    """Golden as a TRON node answers: same logs, transactions and checkpoints, other block ids, level linked."""
    path = os.path.join(TMP, "tron.json")
    rc, out, err = run_cli("network", "from-recording", "--shape", "tron", GOLDEN)
    assert rc == 0, err
    with open(path, "w") as f:
        f.write(out)
    dsn = new_database()
    index_all(path, dsn)
    check_logs(dsn, "root", "golden")
    assert psql(dsn, "SELECT DISTINCT level FROM chain.block") == [["1"]]
    (number, h), = psql(dsn, "SELECT number, encode(hash,'hex') FROM chain.block ORDER BY number DESC LIMIT 1")
    assert h.startswith(f"{int(number):016x}"), (number, h)
    with up("--network", path, "--database", dsn) as (_, api):
        api.wait_indexed("root", 1184)
        row = api.get("/v1/checkpoints?limit=1")["data"][0]
        assert row["proposer"].startswith("0x") and row["proposer_base58"].startswith("T")


def test_from_recording_is_enough():
    """A network file made from meta.json alone gives the same rows as the shipped one."""
    path = os.path.join(TMP, "made.json")
    rc, out, err = run_cli("network", "from-recording", GOLDEN)
    assert rc == 0, err
    with open(path, "w") as f:
        f.write(out)
    dsn = new_database()
    index_all(path, dsn)
    check_logs(dsn, "root", "golden")


def test_oracle_lists():
    dsn, _ = clean("golden")
    with up("--network", "golden", "--database", dsn) as (_, api):
        api.wait_indexed("root", 1184)
        r = subprocess.run([sys.executable, os.path.join(ROOT, "tests", "system", "oracle_check.py"), "--api",
                            f"http://127.0.0.1:{api.port}", "--recording", GOLDEN, "--only", "lists"],
                           capture_output=True, text=True, timeout=600)
        assert r.returncode == 0, r.stdout[-3000:] + r.stderr[-2000:]


run(globals())
