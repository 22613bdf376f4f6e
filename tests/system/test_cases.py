"""Cases of tests/CASES.md that need the whole program: two instances, the seam, odd values, odd answers, TLS."""
import collections, random, subprocess, threading
from harness import *
from odd_node import OddChain, forward, keccak, serve

GOLDEN = os.path.join(RECORDINGS, "golden")
WORLD = os.path.join(RECORDINGS, "world")

_want = {}


def want(network="golden"):
    if network not in _want:
        dsn = new_database()
        index_all(network, dsn)
        _want[network] = tables(dsn)
    return _want[network]


# ---- several processes, one database ------------------------------------------------------------

def test_second_instance_waits_and_takes_over():
    dsn = new_database()
    with replay(GOLDEN, args=["--head", "500"]) as r:
        def start():
            return up("--network", "golden", "--database", dsn, "--rpc", f"root={r.url('root')}", "--poll-period", "30ms")
        with start() as (a, api_a):
            api_a.wait_indexed("root", 500)
            with start() as (b, api_b):
                b.wait_text("waiting for the other process")
                r.control({"root": {"head": 700}})
                api_b.wait_indexed("root", 700)  # read by both, written by the first
                assert psql(dsn, "SELECT count(*) FROM chain.block") == [["592"]]
                a.kill()
                r.control({"root": {"head": 1184}})
                api_b.wait_indexed("root", 1184)
                with start() as (c, _):
                    c.wait_text("waiting for the other process")
                    b.stop()
                    c.stop()
    assert_same_tables(tables(dsn), want(), "after a takeover")


def test_killed_at_the_seam():
    """Backfilled to the head, then live: killed at that moment again and again while blocks arrive."""
    dsn, rnd, head = new_database(), random.Random(7), 600
    rc, _, err = run_cli("backfill", "--network", "golden", "--chain", "root", "--from", 109, "--to", 550, "--database", dsn,
                         "--no-progress")
    assert rc == 0, err
    with replay(GOLDEN, args=["--head", str(head)]) as r:
        args = ["up", "--network", "golden", "--database", dsn, "--rpc", f"root={r.url('root')}", "--listen", "127.0.0.1:0",
                "--no-progress", "--poll-period", "20ms", "--range", "20"]

        def indexed():
            return int(psql(dsn, "SELECT indexed FROM chain.head")[0][0])
        for k in range(10):
            p = Proc(*args)
            try:
                if k % 2:  # right when the last block of the backfill is there
                    wait_for(f"block {head}", lambda: indexed() == head)
                else:
                    p.wait_text('msg="started"')
                head += rnd.randint(1, 9)
                r.control({"root": {"head": head}})
                time.sleep(rnd.uniform(0, 0.05))
            finally:
                p.kill()
            (count, lowest, highest, links), = psql(dsn, """SELECT count(*), min(number), max(number), count(*) FILTER (WHERE
                parent = (SELECT hash FROM chain.block p WHERE p.number = b.number - 1)) FROM chain.block b""")
            assert int(lowest) == 109 and int(count) == int(highest) - 108 == int(links) + 1, (count, lowest, highest, links)
        r.control({"root": {"head": 1184}})
        index_all("golden", dsn, "--rpc", f"root={r.url('root')}")
    assert_same_tables(tables(dsn), want(), "killed at the seam")


# ---- nodes --------------------------------------------------------------------------------------

def test_random_failures_of_a_whole_sync():
    """2 to 5 % of requests and calls of both chains fail, by seed: the same tables."""
    w = want("world")
    for seed in (1, 2):
        faults = [f"{kind}:rate={rate},seed={seed * 10 + i}" for i, (kind, rate) in enumerate(
            [("503", 20 * seed), ("reset", 10), ("truncated", 10), ("nonjson", 10), ("null", 20), ("missing", 20)])]
        dsn = new_database()
        with replay(WORLD, args=[x for f in faults for x in ("--fault", f)]) as r:
            index_all("world", dsn, *[x for c in ("root", "bttc") for x in ("--rpc", f"{c}={r.url(c)}")], "--rpc-batch", "20",
                      "--range", "100")
        assert_same_tables(tables(dsn), w, str(faults))


def through(change, *args, log_level="info"):
    """Golden through a proxy: change(request, answer, count of that method); the run's output."""
    dsn, counts, lock = new_database(), collections.Counter(), threading.Lock()
    with replay(GOLDEN) as r:
        ask = forward(r.url("root"))

        def answer(q):
            with lock:
                counts[q["method"]] += 1
                n = counts[q["method"]]
            a = ask(q)
            return change(q, a, n) or a
        with serve(answer) as url:
            p = index_all("golden", dsn, "--rpc", f"root={url}", "--log-level", log_level, *args)
    assert_same_tables(tables(dsn), want(), str(change))
    return p.text(), counts


def test_removed_logs_are_never_stored():
    """Whatever answer holds such a log is asked for again; then it holds it no more."""
    asked, bad = collections.Counter(), {}

    def removed(q, a, n):
        key, result = json.dumps([q["method"], q["params"]]), a.get("result")
        asked[key] += 1
        logs = result if q["method"] == "eth_getLogs" else result[-1]["logs"] if q["method"] == "eth_getBlockReceipts" and result else None
        if logs and n % 7 == 1 and key not in bad:
            logs[-1]["removed"] = True
            logs[-1]["data"] += "00" * 32  # would be seen in the tables
            bad[key] = asked[key]
    through(removed, "--range", "60", "--logs-range", "30")
    assert len(bad) > 10 and all(asked[k] > n for k, n in bad.items()), (bad, asked)


def test_receipts_one_by_one_are_said_once():
    def lacks(q, a, n):
        if q["method"] in ("eth_getBlockReceipts", "eth_getTransactionReceiptsByBlock"):
            return dict(jsonrpc="2.0", id=q["id"], error=dict(code=-32601, message="the method is not available"))
    text, counts = through(lacks)
    said = re.findall(r'msg="endpoint does not support a method".*', text)
    assert len([s for s in said if "eth_getBlockReceipts" in s]) == 1 and len(said) <= 2, said
    assert counts["eth_getTransactionReceipt"] > 1000, counts


def test_contradicting_transactions_are_refused():
    """The block hash, number and place that a transaction or a log names must be the block's."""
    bad = []

    def contradict(q, a, n):
        b = a.get("result")
        if q["method"] == "eth_getBlockByNumber" and n % 40 == 0 and b and b["transactions"] and isinstance(b["transactions"][0], dict):
            t = b["transactions"][-1]
            key, value = [("blockHash", b["parentHash"]), ("blockNumber", "0x1"), ("transactionIndex", "0x63")][len(bad) % 3]
            t[key] = value
            bad.append(key)
        if q["method"] == "eth_getBlockReceipts" and n % 20 == 0 and b and b[-1]["logs"]:
            b[-1]["logs"][0]["transactionIndex"] = "0x63"
            bad.append("log")
    through(contradict)
    assert {"blockHash", "blockNumber", "transactionIndex", "log"} <= set(bad), bad


# ---- values -------------------------------------------------------------------------------------

ODD = "0x" + "ad" * 20
UINT_MAX, INT_MIN = 2**256 - 1, -2**255


def odd_data(text, raw, big, small):
    """ABI encoding of (string, bytes, uint256, int256)."""
    def tail(b):
        return len(b).to_bytes(32, "big") + b + b"\0" * (-len(b) % 32)
    one, two = tail(text), tail(raw)
    head = [(128).to_bytes(32, "big"), (128 + len(one)).to_bytes(32, "big"), big.to_bytes(32, "big"),
            (small % 2**256).to_bytes(32, "big")]
    return "0x" + (b"".join(head) + one + two).hex()


def odd_network(chain_id):
    names = [("text", "string"), ("raw", "bytes"), ("big", "uint256"), ("small", "int256")]
    with open(os.path.join(TMP, "odd_abi.json"), "w") as f:
        json.dump([{"type": "event", "name": "Odd", "inputs": [{"name": n, "type": t, "indexed": False} for n, t in names]}], f)
    path = os.path.join(TMP, "odd.json")
    with open(path, "w") as f:
        json.dump({"name": "odd", "chains": [{
            "key": "odd", "kind": "tron", "role": "staking", "chain_id": chain_id, "root_chain_id": 1, "first_block": 1,
            "finality": {"rule": "depth", "safe": 10, "final": 64}, "fork_window": 256, "block_period_ms": 3000,
            "required_level": "trusted", "tx_scan": "full",
            "contracts": [{"name": "Odd", "address": ODD, "abi": ["./odd_abi.json"], "accounted": True}],
            "watches": [{"contract": "Odd"}]}]}, f)
    return path


def test_odd_values_and_blocks():
    """Ends of ranges, NUL, quotes, backslash, broken UTF-8; 55 empty blocks; five transactions in one; a contract's
    creation; a receipt with a state root and no status."""
    topic = "0x" + keccak(b"Odd(string,bytes,uint256,int256)").hex()
    values = [
        (b"plain", b"", 0, 0),
        (b"", b"\x00\xff", UINT_MAX, INT_MIN),
        (b"a\x00b", b"\x00" * 33, UINT_MAX, -1),
        (b"it's \"quoted\" \\ back\\\\slash, \\N \\. $1 ; -- \t\r\n", b"'\"\\", 1, 2**255 - 1),
        ("\u20ac \U0001f600 \u2028".encode(), b"\xde\xad", 10**77, -10**76),
        (b"broken \xff\xfe utf-8 \xed\xa0\x80", b"x" * 1000, 2**64, -2**63),
    ]
    logs = [([topic], odd_data(*v)) for v in values]
    txs = {1: [dict(to=ODD, logs=[logs[0]])],
           57: [dict(to=ODD, logs=[g]) for g in logs[:5]],  # after 55 empty blocks
           58: [dict(to=None, input="0x6001", logs=[logs[5]])],
           59: [dict(to=ODD, root="0x" + "77" * 32, logs=[logs[1]])],
           60: [dict(to=ODD)]}
    node, dsn = OddChain(7001, ODD, 60, txs), new_database()
    net = odd_network(7001)
    where = [(1, 0)] + [(57, i) for i in range(5)] + [(58, 5), (59, 1)]
    where = [(b, values[i]) for b, i in where]
    with serve(node.answer) as url:
        index_all(net, dsn, "--rpc", f"odd={url}")
        with up("--network", net, "--database", dsn, "--rpc", f"odd={url}") as (p, api):
            api.wait_indexed("odd", 60)
            rows = api.all("/v1/events?order=asc&limit=3")
            s, _, csv = api.raw("/v1/events?order=asc", {"Accept": "text/csv"})
            assert s == 200 and len(csv) > 500
            p.stop()
    assert psql(dsn, "SELECT count(*), count(time), min(number), max(number) FROM chain.block") == [["60", "60", "1", "60"]]
    stored = psql(dsn, "SELECT block, encode(data, 'hex') FROM chain.log ORDER BY block, log_index")
    assert stored == [[str(b), odd_data(*v)[2:]] for b, v in where]
    assert [r["block"] for r in rows] == [b for b, _ in where]
    for r, (_, (text, raw, big, small)) in zip(rows, where):
        assert r["args"] is not None, r
        assert r["args"]["big"] == str(big) and r["args"]["small"] == str(small), r
        assert r["args"]["raw"] == "0x" + raw.hex(), r
        try:
            assert r["args"]["text"] == text.decode(), r
        except UnicodeDecodeError:  # no text: must be shown in a way that can be told from text, or replaced
            assert r["args"]["text"] == text.decode(errors="replace") or r["args"]["text"] == "0x" + text.hex(), r
    got = psql(dsn, "SELECT block, tx_index, coalesce(succeeded::text, 'unknown') FROM chain.tx ORDER BY 1, 2")
    assert got == [["1", "0", "true"]] + [["57", str(i), "true"] for i in range(5)] + [["59", "0", "unknown"], ["60", "0", "true"]], got


def test_hostile_names_are_refused():
    """Names of a network file end in SQL, labels and paths: only plain ones pass, nothing is touched before."""
    good = json.load(open(odd_network(7002)))
    hostile = ["x'; DROP SCHEMA chain CASCADE; --", 'a"b', "../../etc/passwd", "a\u0000b", "", "x" * 200, "sp ace", "b\\c", "\u20ac"]
    dsn = new_database()
    for place in ("name", "key", "contract"):
        for text in hostile:
            doc = json.loads(json.dumps(good))
            if place == "name":
                doc["name"] = text
            elif place == "key":
                doc["chains"][0]["key"] = text
            else:
                doc["chains"][0]["contracts"][0]["name"] = doc["chains"][0]["watches"][0]["contract"] = text
            path = os.path.join(TMP, "hostile.json")
            with open(path, "w") as f:
                json.dump(doc, f)
            rc, _, err = run_cli("up", "--network", path, "--database", dsn, "--rpc", "odd=http://127.0.0.1:1", "--listen",
                                 "127.0.0.1:0", "--until-head", "--no-progress")
            assert rc in (1, 2) and "hostile.json" in err and len(err.strip().splitlines()) == 1, (place, text, rc, err)
    assert psql(dsn, "SELECT count(*) FROM pg_namespace WHERE nspname = 'chain'") == [["0"]]


# ---- TLS ----------------------------------------------------------------------------------------

def certificate(name, subject):
    cert, key = os.path.join(TMP, name + ".crt"), os.path.join(TMP, name + ".key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=" + name, "-addext", "subjectAltName=" + subject, "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return cert, key


NO_AUTHORITIES = {"CURL_CA_BUNDLE": "", "SSL_CERT_FILE": ""}  # empty: those of the system


def test_https():
    """A certificate is accepted from a known authority and for that host only."""
    right, other = certificate("right", "IP:127.0.0.1"), certificate("other", "DNS:node.example")
    with replay(GOLDEN) as r:
        ask = forward(r.url("root"))
        for tls, ca in ((right, ""), (right, other[0]), (other, other[0])):  # unknown, another's, of another host
            dsn = new_database()
            with serve(ask, tls) as url, up("--network", "golden", "--database", dsn, "--rpc", f"root={url}", "--rpc-timeout", "1s",
                                            env=dict(NO_AUTHORITIES, SSL_CERT_FILE=ca)) as (p, _):
                p.wait_text("(?i)certificate")
                p.stop()
            assert psql(dsn, "SELECT count(*) FROM chain.block") == [["0"]]
        for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE"):
            dsn = new_database()
            with serve(ask, right) as url:
                p = Proc("up", "--network", "golden", "--database", dsn, "--rpc", f"root={url}", "--listen", "127.0.0.1:0",
                         "--until-head", "--no-progress", env=dict(NO_AUTHORITIES, **{name: right[0]}))
                assert p.wait() == 0, p.text()[-2000:]
            assert_same_tables(tables(dsn), want(), f"over TLS, {name}")


run(globals())
