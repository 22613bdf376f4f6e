#!/usr/bin/env python3
"""Log lines that can repeat: few are written, and those that were not are counted, to the last one."""
import os, re, sys, urllib.error, urllib.request
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *
import api_kit, odd_node

GOLDEN = os.path.join(RECORDINGS, "golden")
BURST = 5


def lines_of(text, msg):
    """(lines written, lines that later lines say were suppressed)"""
    own = [x for x in text.splitlines() if f'msg="{msg}"' in x]
    told = [x for x in text.splitlines() if f'msg="lines like this were suppressed" line="{msg}"' in x]
    return len(own), sum(int(re.search(r" suppressed=(\d+)$", x).group(1)) for x in own + told if " suppressed=" in x)


def metric(port, name):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as r:
        text = r.read().decode()
    return sum(int(float(v)) for v in re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", text, re.M))


def test_requests_that_fail():
    port, n = free_port(), 40
    with started("serve", "--network", "golden", "--database", "host=/nonexistent dbname=x", "--listen",
                 f"127.0.0.1:{port}") as p:
        p.wait_text('msg="started"')
        for _ in range(n):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/events", timeout=20)
                assert False, "answered without a database"
            except urllib.error.HTTPError as e:
                assert e.code == 503
        p.stop()
        written, dropped = lines_of(p.text(), "request not answered")
        assert BURST <= written < n and written + dropped == n, (written, dropped, p.text())
        written, dropped = lines_of(p.text(), "database connection lost")
        assert written >= 1, p.text()


def test_answers_that_are_refused():
    """A node whose headers do not hash to what it says: each is counted, few are told."""
    def lie(q, a):
        if q["method"] == "eth_getBlockByNumber" and a.get("result"):
            a["result"]["stateRoot"] = "0x" + "11" * 32
        return a

    with replay(GOLDEN) as r:
        ask = odd_node.forward(r.url("root"))
        with odd_node.serve(lambda q: lie(q, ask(q))) as url, \
                up("--network", network_file(GOLDEN), "--database", new_database(), "--poll-period", "20ms",
                   "--rpc", f"root={url}") as (p, api):
            refused = wait_for("refusals", lambda: (lambda v: v if v >= 30 else 0)(
                metric(api.port, "bttc_ingest_contradictions_total")))
            p.stop()
            written, dropped = lines_of(p.text(), "answer refused, asking again")
            assert BURST <= written < 20 and written + dropped >= refused, (written, dropped, refused)


def test_endpoint_that_comes_and_goes():
    """Limited and fine again in turn, for each request: that is no two lines a request."""
    turn = itertools.count()

    with replay(GOLDEN) as r:
        ask = odd_node.forward(r.url("root"))

        def moody(q):
            if q["method"] == "eth_getBlockByNumber" and next(turn) % 2:
                return {"jsonrpc": "2.0", "id": q["id"], "error": {"code": -32005, "message": "limit exceeded"}}
            return ask(q)

        with odd_node.serve(moody) as url, \
                up("--network", network_file(GOLDEN), "--database", new_database(), "--poll-period", "20ms",
                   "--rpc-batch", "1", "--rpc", f"root={url}") as (p, api):
            wait_for("many of them", lambda: metric(api.port, "bttc_source_errors_total") >= 25, 90)
            p.stop()
            written, dropped = lines_of(p.text(), "endpoint limits us")
            assert 1 <= written <= 5 * BURST, (written, dropped)


def test_database_that_stays_away():
    directory = os.path.join(TMP, "gate")
    os.mkdir(directory)
    os.chmod(directory, 0o755)
    gate = api_kit.Gate(new_database(), directory)
    with replay(GOLDEN, args=["--head", "500"]) as r, \
            up("--network", network_file(GOLDEN), "--database", gate.dsn, "--rpc", f"root={r.url('root')}") as (p, api):
        api.wait_indexed("root", 500)
        gate.close()
        r.control({"root": {"head": 501}})
        tries = wait_for("tries", lambda: (lambda v: v if v >= 8 else 0)(metric(api.port, "bttc_index_retries_total")))
        p.stop()
        writer = [x for x in p.text().splitlines() if "mod=index" in x]
        written, dropped = lines_of("\n".join(writer), "will try again")
        assert BURST <= written <= written + dropped >= tries, (written, dropped, tries)
        assert written < tries, (written, tries)


run(globals())
