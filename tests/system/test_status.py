#!/usr/bin/env python3
"""`status` on one screen: what is slow or stuck, and what to do; its exit code."""
import os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *

GOLDEN = os.path.join(RECORDINGS, "golden")


def live_network():
    """The recording's network as if it were a real one: its end is not expected."""
    with open(network_file(GOLDEN)) as f:
        net = json.load(f)
    for c in net["chains"]:
        c.pop("recording", None)
    path = os.path.join(TMP, "live.json")
    with open(path, "w") as f:
        json.dump(net, f)
    return path


def status(api):
    return run_cli("status", "--url", f"http://127.0.0.1:{api.port}")


def test_dead_node():
    with replay(GOLDEN, args=["--head", "500"]) as r, \
            up("--network", live_network(), "--database", new_database(), "--lag-limit", "3s", "--rpc",
               f"root={r.url('root')}") as (_, api):
        api.wait_indexed("root", 500)
        c = wait_for("ready", lambda: (lambda c: c if c["ready"] else None)(api.chain("root")))
        assert c["changed_at"] and c["endpoints"][0]["state"] == "ok"
        r.close()
        rc, out, err = wait_for("the node is seen to be down", lambda: (lambda s: s if ": down, " in s[1] and "STUCK" in s[1]
                                                                         else None)(status(api)), 60)
        assert rc == 1 and not err, err
        at = re.search(rf"endpoint 127\.0\.0\.1:{r.port}: down, \d+ requests, (\d+) errors, \d+ ms: (.*)", out)
        assert int(at.group(1)) > 0 and "give another one with --rpc" in at.group(2), out
        assert re.search(r"STUCK: nothing new since \d{4}-\d\d-\d\dT[\d:]+Z: .*--metrics-listen", out), out
        assert api.chain("root")["quiet"] is True


def test_recorded_end_is_no_trouble():
    """A recording does not go on: nothing new is no alarm there."""
    dsn, port = new_database(), free_port()
    index_all("golden", dsn)
    psql(dsn, "UPDATE chain.head SET changed_at = now() - interval '1 day'")
    with started("serve", "--network", "golden", "--database", dsn, "--listen", f"127.0.0.1:{port}") as p:
        p.wait_text('msg="started"')
        api = Api(port)
        wait_for("the database", lambda: api.raw("/readyz")[0] == 200)
        assert api.chain("root")["quiet"] is False and api.chain("root")["note"] is None
        rc, out, err = status(api)
        assert (rc, err) == (0, "") and out.rstrip().endswith("ready") and "STUCK" not in out, out + err


def test_a_second_process_waits():
    dsn = new_database()
    with replay(GOLDEN, args=["--head", "300"]) as r:
        args = ("--network", network_file(GOLDEN), "--database", dsn, "--rpc", f"root={r.url('root')}")
        with up(*args) as (_, first):
            first.wait_indexed("root", 300)
            with up(*args) as (_, second):
                rc, out, _ = wait_for("it says that it waits", lambda: (lambda s: s if "can not be written" in s[1] else None)(
                    status(second)))
                assert rc == 1 and "when the process that has the chain ends" in out, out


run(globals())
