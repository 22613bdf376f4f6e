"""TRON's form, where no header commits to logs or calldata: two nodes must agree, of three two decide, one alone is
marked so. A node that lies never gets a wrong row in, and its lie is told with both answers."""
import functools, hashlib, random
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


@functools.cache
def below_600():
    """A database indexed to block 595: the contracts that were found by then are known, nothing but forks and lies makes the
    program ask about block 600 twice."""
    dsn = new_database()
    with replay(GOLDEN, args=HONEST) as a, replay(GOLDEN, args=HONEST) as b:
        for r in (a, b):
            r.control({"root": {"head": 595}})
        rc, _, err = index(dsn, [a.url("root"), b.url("root")])
    assert rc == 0, err
    return dsn


def copy_below_600():
    dsn = new_database()
    name, base = (re.search(r"dbname=(\S+)", d).group(1) for d in (dsn, below_600()))
    psql(os.environ["BTTC_TEST_PG"], f"DROP DATABASE {name}")
    psql(os.environ["BTTC_TEST_PG"], f"CREATE DATABASE {name} TEMPLATE {base}")
    return dsn


def levels(dsn):
    return psql(dsn, "SELECT level, count(*) FROM chain.block GROUP BY 1 ORDER BY 1")


def test_two_agree():
    dsn, rows = clean()
    assert levels(dsn) == [["5", str(len(rows["chain.block"]))]], levels(dsn)
    assert psql(dsn, "SELECT count(*) FROM chain.dispute") == [["0"]]


def digest(dsn, block):
    """As schema/evidence/README.md defines it, from the stored rows."""
    number = lambda v, n: int(v).to_bytes(n, "big")
    out = b"bttc-agreed/1" + number(block, 8)
    out += bytes.fromhex(psql(dsn, f"SELECT encode(hash, 'hex') FROM chain.block WHERE number = {block}")[0][0])
    logs = psql(dsn, f"""SELECT encode(tx, 'hex'), tx_index, log_index, encode(address, 'hex'), encode(topics, 'hex'), encode(data, 'hex')
        FROM chain.log WHERE block = {block} ORDER BY log_index""")
    out += number(len(logs), 4)
    for tx, at, index, address, topics, data in logs:
        out += bytes.fromhex(tx) + number(at, 4) + number(index, 4) + bytes.fromhex(address) + number(len(topics) // 64, 1)
        out += bytes.fromhex(topics) + number(len(data) // 2, 4) + bytes.fromhex(data)
    txs = psql(dsn, f"""SELECT encode(hash, 'hex'), tx_index, encode(sender, 'hex'), coalesce(encode(recipient, 'hex'), ''), value,
        coalesce(succeeded::int::text, '255'), encode(input, 'hex') FROM chain.tx WHERE block = {block} ORDER BY tx_index""")
    out += number(len(txs), 4)
    for tx, at, sender, to, value, status, data in txs:
        out += bytes.fromhex(tx) + number(at, 4) + bytes.fromhex(sender) + number(not to, 1) + bytes.fromhex(to or "00" * 20)
        out += number(value, 32) + number(status, 1) + number(len(data) // 2, 4) + bytes.fromhex(data)
    return hashlib.sha256(out).hexdigest()


def test_who_agreed_is_named():
    """Each block of which something is kept has both names and the digest; evidence of its logs says so."""
    dsn, _ = clean()
    rows = psql(dsn, "SELECT number, agreed_by, encode(agreed_digest, 'hex') FROM chain.block WHERE agreed_by IS NOT NULL ORDER BY number")
    kept = psql(dsn, "SELECT block FROM chain.log UNION SELECT block FROM chain.tx ORDER BY 1")
    assert [r[0] for r in rows] == [k for k, in kept] and len(rows) > 100
    for block, names, value in random.Random(5).sample(rows, 25):
        a, b = names.split(", ")
        assert a != b and a.startswith("127.0.0.1:") and b.startswith("127.0.0.1:"), names
        assert value == digest(dsn, block), block
    block, names, value = rows[len(rows) // 2]
    tx, index = psql(dsn, f"SELECT '0x' || encode(tx, 'hex'), log_index FROM chain.log WHERE block = {block} ORDER BY log_index LIMIT 1")[0]
    with serving(dsn, NET) as server:
        api = server.wait_database()
        file = api.json(f"/v1/evidence/root/{tx}/{index}")
        assert file["tron"]["endpoints"] == [{"name": n, "digest": "0x" + value} for n in names.split(", ")], file["tron"]
    path = os.path.join(TMP, "agreed.json")
    with open(path, "w") as f:
        json.dump(file, f)
    rc, out, err = run_cli("verify", path)
    assert rc == 0 and names.split(", ")[0] in out and "FAILED" not in out, (out, err)


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


@functools.cache
def hash_600():
    return psql(clean()[0], "SELECT '0x' || encode(hash, 'hex') FROM chain.block WHERE number = 600")[0][0]


def about_600(q):
    """Is it a question for the logs or the receipts of block 600? Then its method."""
    m, p = q.get("method"), q.get("params")
    if m == "eth_getLogs" and "blockHash" in p[0]:
        hit = p[0]["blockHash"] == hash_600()
    elif m == "eth_getLogs":
        hit = int(p[0]["fromBlock"], 16) <= 600 <= int(p[0]["toBlock"], 16)
    else:
        hit = m == "eth_getBlockReceipts" and p[0] in (hash_600(), hex(600))
    return m if hit else None


@contextlib.contextmanager
def in_turn(*nodes):
    """Endpoints that answer each kind of question about block 600 one after the other: one is busy until the one before
    it has answered. So who is first, second and third does not hang on time. nodes: answer functions. Yields urls."""
    said = [set() for _ in nodes]

    def proxy(i):
        def answer(q):
            m = about_600(q)
            if m and i and m not in said[i - 1]:
                return dict(jsonrpc="2.0", id=q["id"], error=dict(code=-32603, message="service unavailable"))
            a = nodes[i](q)
            if m:
                said[i].add(m)
            return a
        return answer

    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(odd_node.serve(proxy(i))) for i in range(len(nodes))]


def without_logs(answer):
    """The node leaves out all logs of block 600, wherever it is asked."""
    def lie(q):
        a = answer(q)
        if q.get("method") == "eth_getLogs" and isinstance(a.get("result"), list):
            a["result"] = [g for g in a["result"] if int(g["blockNumber"], 16) != 600]
        if q.get("method") == "eth_getBlockReceipts" and a.get("result"):
            a["result"] = [dict(r, logs=[]) if int(r["blockNumber"], 16) == 600 else r for r in a["result"]]
        return a
    return lie


def other_status(answer):
    """The node says of each transaction of block 600 that it ended the other way; its logs stay as they are."""
    def lie(q):
        a = answer(q)
        if q.get("method") == "eth_getBlockReceipts" and a.get("result"):
            a["result"] = [dict(r, status=hex(1 - int(r["status"], 16))) if int(r["blockNumber"], 16) == 600 else r
                           for r in a["result"]]
        return a
    return lie


def host(url):
    return url.split("/")[2]


def of_three(nodes, what):
    """A run with three endpoints that are asked in that order: what was told, their names, the log. The tables are those of
    the clean run, whatever was said."""
    _, want = clean()
    dsn = copy_below_600()
    with in_turn(*nodes) as rpc:
        rc, _, err = index(dsn, rpc, "--range", "40")
    assert rc == 0, err
    assert_same_tables(tables(dsn), want, what)
    assert [l for l, _ in levels(dsn)] == ["5"], levels(dsn)
    told = psql(dsn, "SELECT block, what, outcome, answer <> other_answer, endpoint, other_endpoint FROM chain.dispute")
    return told, [host(u) for u in rpc], err


def test_of_three_two_decide():
    def second(name):
        with replay(GOLDEN, args=[*HONEST, "--fault", LIES[name]]) as bad, replay(GOLDEN, args=HONEST) as good:
            honest = odd_node.forward(good.url("root"))
            told, names, err = of_three([honest, odd_node.forward(bad.url("root")), honest], name)
        if name == "forge":  # two logs with one number: no third one is needed
            assert told == [] and f"endpoint={names[1]}" in err and "does not hold" in err, (told, err)
        else:
            assert told == [["600", "log", "a third endpoint says as the first", "t", *names[:2]]], (name, told)

    def first(_):
        with replay(GOLDEN, args=HONEST) as good:
            honest = odd_node.forward(good.url("root"))
            told, names, err = of_three([without_logs(honest), honest, honest], "first")
        assert [r[:2] for r in told] == [["600", "log"]], told  # the liar may be asked again while another one is busy
        assert f'block=600 about="log" first={names[0]} second={names[1]} outcome="a third endpoint says as the second"' \
            in err, err

    def any_place(name):
        with replay(GOLDEN, args=[*HONEST, "--fault", LIES[name]]) as bad, replay(GOLDEN, args=HONEST) as good:
            honest = odd_node.forward(good.url("root"))
            told, _, _ = of_three([odd_node.forward(bad.url("root")), honest, honest], name)
        assert all(r[:2] == ["600", "log"] and r[2].startswith("a third endpoint says as") and r[3] == "t" for r in told), told

    below_600()
    together(lambda x: x[0](x[1]), [(second, n) for n in LIES] + [(first, "")] + [(any_place, n) for n in ("alter", "forge")], 3)


def test_of_three_two_decide_about_a_status():
    def one(at):
        with replay(GOLDEN, args=HONEST) as good:
            nodes = [odd_node.forward(good.url("root"))] * 3
            nodes[at] = other_status(nodes[0])
            told, names, err = of_three(nodes, f"status, {at}")
        as_whom = "second" if at == 0 else "first"
        assert [r[:2] for r in told] == [["600", "status"]], told
        assert f'block=600 about="status" first={names[0]} second={names[1]} outcome="a third endpoint says as the {as_whom}"' \
            in err, err

    below_600()
    together(one, [0, 1], 2)


def two_that_differ(make_lie, what):
    """Two endpoints, one lies about block 600: all before it is there, it waits; it goes on once the liar tells the truth."""
    _, want = clean()
    dsn = new_database()
    with replay(GOLDEN, args=HONEST) as good:
        answer, lies = odd_node.forward(good.url("root")), [True]
        lie = make_lie(answer)

        def maybe(q):
            return lie(q) if lies[0] else answer(q)

        with odd_node.serve(maybe) as bad, up("--network", NET, "--database", dsn, "--rpc", f"root={good.url('root')}",
                                              "--rpc", f"root={bad}", "--range", "60") as (p, api):
            wait_for("the dispute", lambda: psql(dsn, "SELECT what, outcome, answer <> other_answer FROM chain.dispute "
                                                      "WHERE block = 600") == [[what, "waits", "t"]], 120)
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
    assert [l for l, _ in levels(dsn)] == ["5"], levels(dsn)


def test_two_that_differ_wait_and_go_on_when_the_liar_is_gone():
    two_that_differ(without_logs, "log")


def test_two_that_differ_about_a_status_wait():
    two_that_differ(other_status, "status")


def test_without_receipts_no_opinion():
    """The second endpoint gives no receipts: it contradicts nothing, but blocks whose receipts were used are not agreed on."""
    _, want = clean()
    dsn = new_database()
    with replay(GOLDEN, args=HONEST) as good:
        answer = odd_node.forward(good.url("root"))

        def poor(q):
            if "Receipt" in q.get("method", ""):
                return dict(jsonrpc="2.0", id=q["id"], error=dict(code=-32601, message="method not found"))
            return answer(q)

        with odd_node.serve(poor) as other:
            rc, _, err = index(dsn, [good.url("root"), other])
    assert rc == 0, err
    assert psql(dsn, "SELECT count(*) FROM chain.dispute") == [["0"]]
    got = dict(levels(dsn))
    assert set(got) == {"1", "5"} and int(got["5"]) > 100, got
    assert psql(dsn, "SELECT count(*) FROM chain.tx t JOIN chain.block b ON b.chain_id = t.chain_id AND b.number = t.block "
                     "WHERE b.level = 5") == [["0"]]
    same = {t: rows for t, rows in tables(dsn).items() if t in ("chain.log", "chain.tx", "ledger.validator")}
    assert_same_tables(same, {t: want[t] for t in same}, "without receipts")



run(globals())
