"""`snapshot`: the contracts' own values by eth_call against the ledger at the same block; what differs is told by name,
becomes an override that carries its source; nodes that lie, differ, move or can not answer end it with a reason."""
from api_kit import indexed_database, serving
from harness import *
import atexit, odd_node

GOLDEN = os.path.join(RECORDINGS, "golden")
ORACLE = {r["block"]: r for r in lines("golden", "oracle.ndjson.gz")}
WORD = lambda n: "0x" + int(n).to_bytes(32, "big").hex()
SELECTOR = {f: "0x" + odd_node.keccak(f.encode())[:4].hex() for f in (
    "signerUpdateLimit()", "minDeposit()", "delegation()", "signers(uint256)", "NFTCounter()")}


def snapshot(dsn, url, *args, network="golden"):
    rc, out, err = run_cli("snapshot", "--network", network, *[x for u in ([url] if isinstance(url, str) else url)
                                                              for x in ("--rpc", f"root={u}")],
                           *(["--database", dsn] if dsn else []), *args)
    return rc, out, err


def path_of(name):
    return os.path.join(tempfile.mkdtemp(dir=TMP), name)


def changing(url, change):
    """A node in front of url: change(request, answer) -> answer."""
    ask = odd_node.forward(url)
    return odd_node.serve(lambda q: change(q, ask(q)))


def lying(function, value, to=None):
    def change(q, a):
        if q["method"] == "eth_call" and q["params"][0]["data"].startswith(SELECTOR[function]) and to in (None, q["params"][0]["to"]):
            a = dict(jsonrpc="2.0", id=q["id"], result=value)
        return a
    return change


_indexed = []


def indexed():
    """A database with all of golden, and the node that it came from."""
    if not _indexed:
        dsn = new_database()
        index_all("golden", dsn)
        _indexed.append((dsn, Replay(GOLDEN)))
        atexit.register(_indexed[0][1].close)
    return _indexed[0]


def test_the_ledger_is_what_the_contracts_say():
    """Every tenth snapshot of the oracle and all where something special happened: no value differs."""
    dsn, node = indexed()
    blocks = [b for i, b in enumerate(sorted(ORACLE)) if i % 10 == 0 or ORACLE[b]["kind"] == "special"] + [max(ORACLE)]
    assert len(blocks) > 60, len(blocks)
    for b in blocks:
        node.control({"root": {"head": b}})
        rc, out, err = snapshot(dsn, node.url("root"))
        said = re.fullmatch(r"0 of (\d+) values differ at block (\d+)\n", out)
        assert rc == 0 and said and int(said[2]) == b, (b, rc, out, err)
        assert int(said[1]) > 200, out
    node.control({"root": {"head": 1184}})


def test_in_trons_form_the_newest_block_is_asked_for():
    net = network_file("--shape", "tron", GOLDEN)
    dsn, asked = new_database(), []
    with replay(GOLDEN, args=["--shape", "tron"]) as node:
        index_all(net, dsn, "--rpc", f"root={node.url('root')}")

        def watch(q, a):
            if q["method"] == "eth_call":
                asked.append(q["params"][1])
            return a
        with changing(node.url("root"), watch) as url:
            rc, out, err = snapshot(dsn, url, network=net)
        assert rc == 0 and out.startswith("0 of "), (out, err)
        assert set(asked) == {"latest"} and len(asked) > 200, set(map(str, asked))

        calls = [0]  # a block comes in after every 150th call: no snapshot is of one block

        def moving(q, a):
            calls[0] += q["method"] == "eth_call"
            if q["method"] == "eth_getBlockByNumber":
                a["result"]["number"] = hex(10**6 + calls[0] // 150)
                a["result"]["hash"] = "0x" + (10**6 + calls[0] // 150).to_bytes(8, "big").hex() + a["result"]["hash"][18:]
            return a
        with changing(node.url("root"), moving) as url:
            rc, out, err = snapshot(None, url, network=net)
        assert rc == 1 and "new blocks came during each of 10 snapshots" in err, (out, err)


def test_a_value_that_differs_becomes_an_override_with_its_source():
    dsn, last = new_database(), max(b for b in ORACLE if b <= 1000)
    with replay(GOLDEN, args=["--head", str(last)]) as node:
        index_all("golden", dsn, "--rpc", f"root={node.url('root')}")
        kept = path_of("kept.txt")
        with open(kept, "w") as f:
            f.write("109 signer_update_limit 100 as it was deployed\n")
        assert run_cli("override", kept, "--database", dsn)[0] == 0
        index_all("golden", dsn, "--rpc", f"root={node.url('root')}")
        ledger = psql(dsn, "SELECT value, source, block FROM ledger.parameter WHERE parameter = 'signer_update_limit' ORDER BY"
                           " block DESC, ordinal DESC LIMIT 1")[0]
        with changing(node.url("root"), lying("signerUpdateLimit()", WORD(77))) as url:
            out = path_of("overrides.txt")
            rc, text, err = snapshot(dsn, url, "--output", out)
            assert rc == 1, (text, err)
            assert f"signer_update_limit: the ledger has {ledger[0]} ({ledger[1]} of block {ledger[2]}), the contract 77\n" in text
            assert re.search(rf"^1 of \d+ values differ at block {last}$", text, re.M), text
            h = ORACLE[last]["blockHash"]
            at = url.split("//")[1]
            reason = f"snapshot of block {last} {h} by eth_call at {at}"
            body = open(out).read()
            assert body == f"109 signer_update_limit 100 as it was deployed\n{last + 1} signer_update_limit 77 {reason}\n", body
            rc, text, err = run_cli("override", out, "--database", dsn)
            assert rc == 0 and "2 overrides" in text, (text, err)
            node.control({"root": {"head": 1184}})
            index_all("golden", dsn, "--rpc", f"root={node.url('root')}")
            rc, text, err = snapshot(dsn, url)
            assert rc == 0, (text, err)
        rows = psql(dsn, "SELECT value, source, reason, block FROM ledger.parameter WHERE parameter = 'signer_update_limit' AND block"
                         f" > {last}")
        assert len(rows) == 1 and rows[0][:3] == ["77", "snapshot", reason] and int(rows[0][3]) > last, rows
        with serving(dsn, "golden") as server:
            api = server.wait_database()
            said = [r for r in api.json("/v1/parameters", "parameters")["data"] if r["parameter"] == "signer_update_limit"]
            assert (said[-1]["source"], said[-1]["reason"], said[-1]["value"]) == ("snapshot", reason, "77"), said
            assert said[0]["reason"] is None and "as it was deployed" in [r["reason"] for r in said]
            assert api.json(f"/v1/staking?at={last}")["signer_update_limit"] == int(ledger[0])
            assert api.json("/v1/staking")["signer_update_limit"] == 77
        assert run_cli("verify", "--database", dsn, "--network", "golden")[0] == 0

        # a block that this chain does not have, or not yet; a reason that is none
        for reason, words in ((f"snapshot of block {last} 0x{'12' * 32} by eth_call at x", "is not this chain's: take it again"),
                              (f"snapshot of block 5000 {h} by eth_call at x", "is not in the database (yet)"),
                              ("snapshot of block seven", "is no snapshot's: after"),
                              (f"snapshot of block {last} {h}", "is no snapshot's: after")):
            with open(kept, "w") as f:
                f.write(f"1100 dynasty 50 {reason}\n")
            rc, _, err = run_cli("override", kept, "--database", dsn)
            assert rc == 1 and words in err, (reason, err)


def test_what_is_no_parameter_is_told_by_name():
    dsn, node = indexed()
    share = meta("golden")["validatorShares"]["2"]
    file = path_of("overrides.txt")
    with changing(node.url("root"), lying("delegation()", WORD(0), share)) as url:
        rc, out, err = snapshot(dsn, url, "--output", file)
    assert rc == 1 and f"share/{share}/delegation: the ledger has 1, the contract 0\n" in out, (out, err)
    assert "an override can not put right" in out and not os.path.exists(file) and "is not written" in err
    first = ORACLE[1184]["signers"][0]

    def swapped(q, a):
        return lying("signers(uint256)", WORD(int(first, 16) + 1))(q, a) if q["params"][:1] and isinstance(
            q["params"][0], dict) and q["params"][0].get("data", "").endswith("00" * 32) else a
    with changing(node.url("root"), swapped) as url:
        rc, out, err = snapshot(dsn, url)
    assert rc == 1 and out.startswith(f"signers: the ledger has {first} "), (out, err)


def test_without_a_database_all_parameters_are_written():
    dsn, node = indexed()
    file, state = path_of("overrides.txt"), path_of("state.json")
    rc, out, err = snapshot(None, node.url("root"), "--output", file, "--state", state)
    assert rc == 0, (out, err)
    g = ORACLE[1184]["global"]
    got = {l.split()[1]: l.split()[2] for l in open(file) if not l.startswith("#")}
    assert len(got) == 17 and got["proposer_bonus"] == g["proposerBonus"] and got["delegation_enabled"] == "1"
    assert [got[f"checkpoint_reward/{c}"] for c in "123"] == [g["CHAIN_CHECKPOINT_REWARD"][c] for c in "123"]
    assert {l.split()[0] for l in open(file) if not l.startswith("#")} == {"1185"}
    said = json.load(open(state))
    for key, value in said["global"].items():
        assert value == g[key], key
    assert said["signers"] == ORACLE[1184]["signers"]
    for i, v in said["validators"].items():
        for key, value in v.items():
            want = ORACLE[1184]["validators"][i][key]
            assert value == want or all(want[k] == x for k, x in value.items()), (i, key)
    copy = indexed_database("golden")
    rc, out, err = run_cli("override", file, "--database", copy)
    assert rc == 0 and "of 17 overrides is in force" in out, (out, err)


def test_the_ledger_is_behind_or_on_another_branch():
    point, tip, _, _ = next(f for f in forks("golden") if any(b in ORACLE for b in range(f[0] + 1, f[1] + 1)))
    dsn, at = new_database(), max(b for b in range(point + 1, tip + 1) if b in ORACLE)
    n = 1 + [f[0] for f in forks("golden")].index(point)
    with replay(GOLDEN, args=["--fork", str(n)]) as node:
        index_all("golden", dsn, "--rpc", f"root={node.url('root')}")
        node.control({"root": {"head": at}})
        rc, out, err = snapshot(dsn, node.url("root"), "--wait", "1s")
        assert rc == 1 and f"the database has another block {at}" in err, (out, err)
        node.control({"root": {"head": 1184}})
        rc, out, err = snapshot(dsn, node.url("root"), "--wait", "0")
        assert rc == 1 and f"the ledger is at block {tip}, before 1184" in err, (out, err)
        index_all("golden", dsn, "--rpc", f"root={node.url('root')}")
        rc, out, err = snapshot(dsn, node.url("root"))
        assert rc == 0, (out, err)


def test_nodes_must_agree():
    dsn, node = indexed()
    real = node.url("root")
    file = path_of("overrides.txt")
    with replay(GOLDEN) as second, changing(real, lying("minDeposit()", WORD(5))) as liar:
        rc, out, err = snapshot(None, [real, second.url("root")], "--output", file)
        assert rc == 0, (out, err)
        a, b = (u.split("//")[1].split("/")[0] for u in (real, second.url("root")))
        assert f"by eth_call at {a}, {b}\n" in open(file).read()
        os.remove(file)
        rc, out, err = snapshot(dsn, [real, liar], "--output", file)
        assert rc == 1 and f"min_deposit: {a} says {ORACLE[1184]['global']['minDeposit']}, " in out and " says 5\n" in out, (out, err)
        assert "do not agree on 1 values of block 1184: nothing was compared or written" in err and not os.path.exists(file)


def test_nodes_that_can_not_answer():
    dsn, node = indexed()
    real = node.url("root")

    def answers(reply):
        def change(q, a):
            return dict(jsonrpc="2.0", id=q["id"], **reply(q)) if q["method"] == "eth_call" else a
        return change

    def by_number_only(q, a):  # does not know EIP-1898
        if q["method"] == "eth_call" and isinstance(q["params"][1], dict):
            return dict(jsonrpc="2.0", id=q["id"], error=dict(code=-32602, message="invalid argument 1: not a block number"))
        return a

    with changing(real, by_number_only) as url:
        rc, out, err = snapshot(dsn, url)
        assert rc == 0 and out.startswith("0 of "), (out, err)
    for what, words in ((dict(error=dict(code=-32601, message="the method eth_call does not exist/is not available")),
                         "no endpoint of chain root supports eth_call"),
                        (dict(error=dict(code=3, message="execution reverted")), "StakeManager.rewardPerStake reverts"),
                        (dict(result="0x"), f"StakeManager at {meta('golden')['contracts']['stakeManager']} returned nothing"),
                        (dict(result="0x1234"), "the data is too short"),
                        (dict(error=dict(code=-32000, message="missing trie node 12ab")), "missing trie node 12ab")):
        with changing(real, answers(lambda q: what)) as url:
            rc, out, err = snapshot(dsn, url)
        assert rc == 1 and words in err, (words, out, err)
    with changing(real, lambda q, a: dict(a, result="0x1") if q["method"] == "eth_chainId" else a) as url:
        rc, out, err = snapshot(dsn, url)
    assert rc == 1 and "answers for another chain" in err, (out, err)
    node.control({"root": {"head": 1183}})
    assert 1183 not in ORACLE
    rc, out, err = snapshot(dsn, real)
    node.control({"root": {"head": 1184}})
    assert rc == 1 and "no state of block 1183" in err, (out, err)
    empty = new_database()
    rc, out, err = run_cli("migrate", "up", "--database", empty)
    assert rc == 0, err
    rc, out, err = snapshot(empty, real)
    assert rc == 1 and "there is no ledger of chain root" in err, (out, err)
    rc, out, err = snapshot(dsn, real, network=network_file(GOLDEN))
    assert rc == 1 and "another network file" in err, (out, err)


run(globals())
