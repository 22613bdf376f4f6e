"""A parameter that the chain does not show: the reward's check names it, what follows is unreconciled, an operator's
override puts it right from its block on; mistakes in the file leave the old set in force."""
from api_kit import serving
from harness import *

CHAIN = "SELECT chain_id FROM ledger.head"


def network(change):
    """A golden network whose initial state is `change`d; returns its path."""
    path = os.path.join(ROOT, "schema", "networks", "golden.json")
    net = json.load(open(path))
    net["chains"][0]["recording"]["path"] = os.path.join(RECORDINGS, "golden")
    change(net["initial_state"]["global"])
    out = os.path.join(tempfile.mkdtemp(), "golden.json")
    with open(out, "w") as f:
        json.dump(net, f)
    return out


def override(dsn, text, code=0):
    path = os.path.join(tempfile.mkdtemp(), "overrides.txt")
    with open(path, "w") as f:
        f.write(text)
    rc, out, err = run_cli("override", path, "--database", dsn)
    assert rc == code, (rc, out, err)
    return out + err.replace(path, "overrides.txt")


LEDGER = ["checkpoint", "accrual", "validator_payout", "delegator_entry", "partner_entry", "posting", "block", "validator",
          "position", "discrepancy"]


def rows(dsn, table, above):
    return psql(dsn, f"SELECT to_jsonb(t) - 'time' FROM ledger.{table} t WHERE block > {above} ORDER BY 1")


def test_wrong_interval_is_explained_and_put_right():
    clean = new_database()
    index_all("golden", clean)
    right = psql(clean, "SELECT value FROM ledger.parameter WHERE parameter = 'checkpoint_block_interval' ORDER BY block, ordinal")
    assert len(right) > 1, "the recording changes the interval"
    net = network(lambda g: g.update(checkPointBlockInterval=str(3 * int(right[0][0]))))
    dsn = new_database()
    index_all(net, dsn)
    found = psql(dsn, "SELECT block, explanation FROM ledger.discrepancy WHERE kind = 'checkpoint_reward' ORDER BY block")
    assert found and found[0][1] == "checkpoint_block_interval = " + right[0][0], found[:3]
    first = int(found[0][0])
    with serving(dsn, net) as server:
        api = server.wait_database()
        assert api.json(f"/v1/staking?at={first - 1}")["at"]["reconciled"] is True
        old = api.json("/v1/staking")
        assert old["at"]["reconciled"] is False and old["at"]["unreconciled_from"] == first
        row = api.json("/v1/discrepancies?order=asc")["data"][0]
        assert (row["block"], row["explanation"]) == (first, found[0][1])
        accruals = api.json("/v1/validators/2/rewards?order=asc&limit=500")["data"]
        assert {a["reconciled"] for a in accruals if a["block"] < first} <= {True}
        assert {a["reconciled"] for a in accruals if a["block"] >= first} == {False}
        rc, out, _ = run_cli("status", "--url", f"http://127.0.0.1:{server.port}")
        assert rc != 0 and "/v1/discrepancies" in out and f"block {first}" in out, out
    begin = json.load(open(net))["chains"][0]["first_block"]
    assert "in force" in override(dsn, f"# {begin} is where it begins\n{begin} checkpoint_block_interval {right[0][0]} was set at deployment\n")
    index_all(net, dsn)
    for t in LEDGER:
        assert rows(dsn, t, begin) == rows(clean, t, begin), t
    assert psql(dsn, "SELECT source, value FROM ledger.parameter WHERE parameter = 'checkpoint_block_interval' AND block >= "
                     f"{begin} ORDER BY block, ordinal LIMIT 1") == [["override", right[0][0]]]
    with serving(dsn, net) as server:
        new = server.wait_database().json("/v1/staking")
        assert new["at"]["reconciled"] is True and new["revision"] != old["revision"]
    rc, out, err = run_cli("verify", "--database", dsn, "--network", net)
    assert rc == 0, (out, err)


def test_wrong_chain_reward_is_explained():
    right = None

    def change(g):
        nonlocal right
        right = g["CHAIN_CHECKPOINT_REWARD"]["1"]
        g["CHAIN_CHECKPOINT_REWARD"]["1"] = str(int(right) + 123456 * 10**18)

    dsn = new_database()
    index_all(network(change), dsn)
    found = psql(dsn, "SELECT explanation FROM ledger.discrepancy WHERE kind = 'checkpoint_reward' ORDER BY block LIMIT 1")
    assert found == [["checkpoint_reward/1 = " + right]], found


def test_only_what_it_changes_is_redone():
    """From a block in the middle: what was before it stays as it was, rows and all; without it everything is as at first."""
    dsn = new_database()
    index_all("golden", dsn)
    before = {t: rows(dsn, t, 0) for t in LEDGER}
    kept = psql(dsn, "SELECT ctid, xmin FROM ledger.checkpoint WHERE block < 600 ORDER BY 1")
    override(dsn, "600 proposer_bonus 37 as a test\n600 checkpoint_reward/2 5000 as a test\n")
    index_all("golden", dsn)
    assert psql(dsn, "SELECT ctid, xmin FROM ledger.checkpoint WHERE block < 600 ORDER BY 1") == kept
    assert rows(dsn, "checkpoint", 0) != before["checkpoint"]
    said = psql(dsn, "SELECT parameter, value, source FROM ledger.parameter WHERE source = 'override' ORDER BY ordinal")
    assert said == [["proposer_bonus", "37", "override"], ["checkpoint_reward/2", "5000", "override"]]
    bonus = psql(dsn, "SELECT bool_and(bonus = div(reward * 37, 100)) FROM ledger.checkpoint WHERE block BETWEEN 600 AND 640")
    assert bonus == [["t"]]
    with serving(dsn, "golden") as server:
        said = [r for r in server.wait_database().json("/v1/parameters", "parameters")["data"] if r["parameter"] == "proposer_bonus"]
        assert any(r["source"] == "override" and r["value"] == "37" and r["tx"] is None for r in said), said
        assert said[0]["source"] == "network_file" and said[0]["previous"] is None and said[0]["block"] == 108
        assert {r["source"] for r in said} == {"network_file", "event", "override"} and said == sorted(said, key=lambda r: r["block"])
    override(dsn, "# none any more\n")
    index_all("golden", dsn)
    for t in LEDGER:
        assert rows(dsn, t, 0) == before[t], t
    assert psql(dsn, "SELECT count(*) FROM ledger.override_set") == [["2"]]


def test_mistakes_name_file_line_and_field():
    dsn = new_database()
    index_all("golden", dsn)
    override(dsn, "600 proposer_bonus 10 the same as before\n")
    for text, words in [
        ("6oo proposer_bonus 10 x", 'overrides.txt:1: block "6oo" is no block number'),
        ("\n5 proposer_bonus 10 x", "overrides.txt:2: block \"5\" is below the chain's first block, 109"),
        ("600 proposer_bonsu 10 x", 'parameter "proposer_bonsu" is not known; the nearest one is "proposer_bonus"'),
        ("600 checkpoint_reward/0 10 x", 'parameter "checkpoint_reward/0" is not known'),
        ("600 proposer_bonus 1e3 x", 'value "1e3" is no whole number'),
        ("600 proposer_bonus -1 x", 'value "-1" is no whole number'),
        ("600 proposer_bonus", "value is missing"),
        ("600 proposer_bonus 10", "reason is missing"),
        ("600", "parameter is missing"),
        ("600 delegation_enabled 2 x", 'value "2" is more than this parameter can be'),
        ("600 proposer_bonus 1%s x" % ("0" * 78), "is no whole number"),
        ("600 dynasty 5 x\n# c\n600 dynasty 6 y", "overrides.txt:3: parameter has a value from this block on already"),
    ]:
        assert words in override(dsn, text, code=1), (text, override(dsn, text, code=1))
    assert psql(dsn, "SELECT count(*) FROM ledger.override_set") == [["1"]]
    rc, out, _ = run_cli("override", "--show", "--database", dsn)
    assert rc == 0 and "600 proposer_bonus 10 the same as before" in out
    rc, _, err = run_cli("override", "/does/not/exist", "--database", dsn)
    assert rc == 1 and "/does/not/exist" in err
    for sql in ("DELETE FROM ledger.override_set", "UPDATE ledger.override_set SET body = ''"):
        try:
            psql(dsn, sql)
        except AssertionError as e:
            assert "only grows" in str(e), e
        else:
            raise AssertionError(sql)


run(globals())
