"""TRON's form, where no header commits to logs or calldata: two nodes must agree, of three two decide, one alone is
marked so. A node that lies never gets a wrong row in, and its lie is told with both answers."""
from api_kit import serving
from harness import *
import odd_node

GOLDEN = os.path.join(RECORDINGS, "golden")


def tron_network(level="quorum"):
    path = os.path.join(TMP, f"quorum-{level}.json")
    rc, out, err = run_cli("network", "from-recording", "--shape", "tron", GOLDEN)
    assert rc == 0, err
    net = json.loads(out)
    net["chains"][0]["required_level"] = level
    with open(path, "w") as f:
        json.dump(net, f)
    return path


NET = tron_network()
HONEST = ["--shape", "tron"]
# A lie about one block each; `missing` and `forged` need no more than the fault server.
LIES = {"drop": "drop-log:at=600,count=1000000", "alter": "alter-log:at=600,count=1000000",
        "forge": "forge-log:at=600,count=1000000"}


def index(dsn, urls, *args):
    return run_cli("up", "--network", NET, "--database", dsn, "--listen", "127.0.0.1:0", "--until-head", "--no-progress",
                   *[x for u in urls for x in ("--rpc", f"root={u}")], *args, seconds=240)


_clean = []


def clean():
    if not _clean:
        dsn = new_database()
        with replay(GOLDEN, args=HONEST) as a, replay(GOLDEN, args=HONEST) as b:
            rc, _, err = index(dsn, [a.url("root"), b.url("root")])
        assert rc == 0, err
        _clean.append((dsn, tables(dsn)))
    return _clean[0]


def levels(dsn):
    return psql(dsn, "SELECT level, count(*) FROM chain.block GROUP BY 1 ORDER BY 1")


def test_two_agree():
    dsn, rows = clean()
    assert levels(dsn) == [["5", str(len(rows["chain.block"]))]], levels(dsn)
    assert psql(dsn, "SELECT count(*) FROM chain.dispute") == [["0"]]


def test_one_alone_is_marked():
    dsn = new_database()
    with replay(GOLDEN, args=HONEST) as a:
        rc, _, err = index(dsn, [a.url("root")])
    assert rc == 0, err
    assert [l for l, _ in levels(dsn)] == ["1"]
    with serving(dsn, NET) as server:
        api = server.wait_database()
        s, _, body = api.raw("/readyz")
        assert s == 503 and b"below the required verification level" in body, body
        assert {r["verification"] for r in api.json("/v1/events?chain=root&limit=50")["data"]} == {"linked"}
        assert api.json("/v1/events?chain=root&verification=quorum")["data"] == []


def lying(name):
    return replay(GOLDEN, args=[*HONEST, "--fault", LIES[name]])


def test_of_three_two_decide():
    _, want = clean()

    def one(name):
        dsn = new_database()
        with lying(name) as bad, replay(GOLDEN, args=HONEST) as a, replay(GOLDEN, args=HONEST) as b:
            rc, _, err = index(dsn, [bad.url("root"), a.url("root"), b.url("root")], "--range", "40")
        assert rc == 0, err
        assert_same_tables(tables(dsn), want, name)
        assert [l for l, _ in levels(dsn)] == ["5"], levels(dsn)
        told = psql(dsn, "SELECT block, what, outcome, answer <> other_answer FROM chain.dispute")
        assert all(r[0] == "600" and r[1] == "log" and r[2].startswith("a third endpoint says as") and r[3] == "t"
                   for r in told), told
        seen.extend(told)

    seen = []
    together(one, list(LIES), 3)
    assert seen, "no lie was ever asked for"


def test_two_that_differ_wait_and_go_on_when_the_liar_is_gone():
    _, want = clean()
    dsn = new_database()
    with replay(GOLDEN, args=HONEST) as good:
        answer, lies = odd_node.forward(good.url("root")), [True]

        def maybe(q):
            a = answer(q)
            if lies[0] and q.get("method") == "eth_getLogs" and isinstance(a.get("result"), list):
                a["result"] = [g for g in a["result"] if int(g["blockNumber"], 16) != 600]
            if lies[0] and q.get("method") == "eth_getBlockReceipts" and a.get("result"):
                a["result"] = [dict(r, logs=[]) if int(r["blockNumber"], 16) == 600 else r for r in a["result"]]
            return a

        with odd_node.serve(maybe) as bad, up("--network", NET, "--database", dsn, "--rpc", f"root={good.url('root')}",
                                              "--rpc", f"root={bad}", "--range", "60") as (p, api):
            wait_for("the dispute", lambda: psql(dsn, "SELECT count(*) FROM chain.dispute WHERE block = 600") == [["1"]], 120)
            wait_for("all blocks before it", lambda: psql(dsn, "SELECT indexed FROM chain.head") == [["599"]], 120)
            status = lambda: next(c for c in api.get("/v1/status")["chains"] if c["chain"] == "root")
            wait_for("the ledger to follow", lambda: status()["indexed"] == 599, 120)
            s = status()
            assert s["disputed_block"] == 600 and s["indexed"] == 599 and not s["ready"] and "do not agree" in s["unready"], s
            rc, out, _ = run_cli("status", "--url", f"http://127.0.0.1:{api.port}")
            assert rc != 0 and "do not agree" in out and "chain.dispute" in out, out
            assert psql(dsn, "SELECT max(block) FROM chain.log") == [["599"]] or \
                int(psql(dsn, "SELECT max(block) FROM chain.log")[0][0]) < 600
            lies[0] = False
            wait_for("the rest", lambda: len(tables(dsn)["chain.block"]) == len(want["chain.block"]), 120)
            wait_for("nothing open", lambda: status()["disputed_block"] is None and status()["indexed"] == s["head"], 120)
    assert_same_tables(tables(dsn), want, "after the liar told the truth")


run(globals())
