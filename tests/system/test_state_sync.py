"""BTTC's state-sync logs, which no header commits to: another endpoint is asked for them. Of three two decide; an endpoint
that can not say is no opinion and holds nothing up. Two that differ, and logs that are left out: tests/fault."""
import threading
from harness import *
import odd_node

BTTC, ROOT_CHAIN = os.path.join(RECORDINGS, "world", "bttc"), os.path.join(RECORDINGS, "world", "root")
BRIDGE = "0x00000000000000000000000000000000000a0001"
AT, FROM, TO = 1280, 1270, 1300  # a sprint start with logs of the bridge


def network():
    path = os.path.join(TMP, "sync.json")
    rc, out, err = run_cli("network", "from-recording", ROOT_CHAIN, BTTC)
    assert rc == 0, err
    net = json.loads(out)
    chain = next(c for c in net["chains"] if c["key"] == "bttc")
    chain["contracts"].append({"name": "Bridge", "address": BRIDGE, "abi": []})
    chain["watches"].append({"contract": "Bridge"})
    with open(path, "w") as f:
        json.dump(net, f)
    return path


NET = network()


def index(urls):
    """A backfill of the blocks around AT: its tables, what was told, the log."""
    dsn = new_database()
    rc, _, err = run_cli("backfill", "--network", NET, "--chain", "bttc", "--from", FROM, "--to", TO, "--database", dsn,
                         "--no-progress", *[x for u in urls for x in ("--rpc", f"bttc={u}")])
    assert rc == 0, err
    told = psql(dsn, "SELECT block, what, outcome, endpoint, other_endpoint, answer <> other_answer FROM chain.dispute")
    return tables(dsn), told, err


_clean = []


def clean(node):
    if not _clean:
        _clean.append(index([node.url("bttc")])[0])
        assert any(BRIDGE[2:] in r for r in _clean[0]["chain.log"]), "no state-sync log is kept"
    return _clean[0]


def other_data(answer):
    """The node changes the logs of the bridge in block AT, wherever it is asked."""
    def change(g):
        hit = g["address"] == BRIDGE and int(g["blockNumber"], 16) == AT
        return dict(g, data=g["data"][:-1] + ("0" if g["data"][-1] != "0" else "1")) if hit else g

    def lie(q):
        a = answer(q)
        if q["method"] in ("eth_getBorBlockLogs", "eth_getLogs") and a.get("result"):
            a["result"] = [change(g) for g in a["result"]]
        if q["method"] == "eth_getTransactionReceiptsByBlock" and a.get("result"):
            a["result"] = [dict(r, logs=[change(g) for g in r["logs"]]) for r in a["result"]]
        return a
    return lie


def is_block(q):
    return q["method"] == "eth_getBlockByNumber" and q["params"][0].startswith("0x")


def is_sync(q):
    f = q["params"][0] if q["method"] == "eth_getBorBlockLogs" else None
    return f is not None and int(f["fromBlock"], 16) <= AT <= int(f["toBlock"], 16)


def busy(q):
    return dict(jsonrpc="2.0", id=q["id"], error=dict(code=-32603, message="service unavailable"))


def after(answer, event, what):
    """Busy for those questions until the event."""
    return lambda q: answer(q) if event.is_set() or not what(q) else busy(q)


def says(answer, event, what):
    """Sets the event with the first of those answers."""
    def ask(q):
        a = answer(q)
        if what(q):
            event.set()
        return a
    return ask


def run_nodes(nodes, want, what):
    with contextlib.ExitStack() as stack:
        urls = [stack.enter_context(odd_node.serve(n)) for n in nodes]
        rows, told, err = index(urls)
    assert_same_tables(rows, want, what)
    return [r[:3] + r[5:] for r in told], [u.split("/")[2] for u in urls], err


def test_of_three_two_decide():
    with replay(ROOT_CHAIN, BTTC) as node:
        want, honest = clean(node), odd_node.forward(node.url("bttc"))
        first = threading.Event()  # who lists the block is the one whose logs are the unit's own
        liar = says(other_data(honest), first, is_block)
        told, names, err = run_nodes([liar] + [after(honest, first, is_block)] * 2, want, "the liar is the first")
        assert [r[:2] for r in told] == [[str(AT), "state-sync log"]], told
        assert f'about="state-sync log" first={names[0]} ' in err and "a third endpoint says as the second" in err, err

        first, second = threading.Event(), threading.Event()
        liar = says(after(other_data(honest), first, is_block), second, is_sync)
        nodes = [says(honest, first, is_block), liar, after(after(honest, first, is_block), second, is_sync)]
        told, names, err = run_nodes(nodes, want, "the liar is the second")
        assert [r[:2] + r[3:] for r in told] == [[str(AT), "state-sync log", "t"]], told
        assert told[0][2].startswith("a third endpoint says as the"), told
        doubted = set(re.findall(r'an answer does not hold, others are asked first" chain=bttc endpoint=(\S+)', err))
        assert doubted == {names[1]}, (doubted, names)


def test_no_opinion_holds_nothing_up():
    with replay(ROOT_CHAIN, BTTC) as node:
        want, honest = clean(node), odd_node.forward(node.url("bttc"))
        asked = []

        def poor(q):
            if q["method"] in ("eth_getBorBlockLogs", "eth_getLogs") or "Receipt" in q["method"]:
                return dict(jsonrpc="2.0", id=q["id"], error=dict(code=-32601, message="method not found"))
            return honest(q)

        def mute(q):
            if is_sync(q):
                asked.append(1)
                return busy(q)
            return honest(q)

        for other, what in ((poor, "lacks the methods"), (mute, "is always busy")):
            told, _, err = run_nodes([honest, other], want, what)
            assert told == [] and "do not agree" not in err, (what, told, err)
        assert asked, "the busy one was never asked"


run(globals())
