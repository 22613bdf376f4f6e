#!/usr/bin/env python3
"""/metrics of `up`: what it says equals what the node received and what the tables hold."""
import collections, os, sys, threading
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *
import odd_node

GOLDEN = os.path.join(RECORDINGS, "golden")


def read(api):
    """{series as text: value}"""
    out = {}
    for line in api.raw("/metrics")[2].decode().splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            out[name] = float(value)
    return out


class Counting:
    """answer() that counts the requests by method."""

    def __init__(self, url):
        self.ask, self.n, self.lock = odd_node.forward(url), collections.Counter(), threading.Lock()

    def __call__(self, q):
        with self.lock:
            self.n[q["method"]] += 1
        return self.ask(q)


def test_counts_are_those_of_node_and_tables():
    net, dsn = network_file(GOLDEN), new_database()
    with replay(GOLDEN, args=["--head", "1184"]) as r:
        node = Counting(r.url("root"))
        with odd_node.serve(node) as url, up("--network", net, "--database", dsn, "--rpc", f"root={url}") as (_, api):
            api.wait_indexed("root", 1184)
            at = f'chain="root",endpoint="{url.split("//")[1]}"'

            def settled():
                before = dict(node.n)
                m = read(api)
                asked = {k.split('method="')[1].rstrip('"}'): v for k, v in m.items()
                         if k.startswith("bttc_source_requests_total{" + at)}
                # Between the two looks at the node's count a poll may come in.
                return m if all(before.get(k, 0) <= v <= node.n.get(k, 0) for k, v in asked.items()) and \
                    set(before) <= set(asked) else None

            m = wait_for("requests as the node counts them", settled)
            for method in ("eth_chainId", "eth_getBlockReceipts", "eth_getCode"):
                assert m[f'bttc_source_requests_total{{{at},method="{method}"}}'] == node.n[method] > 0, method
            assert m[f"bttc_source_batch_requests_sum{{{at}}}"] >= sum(node.n.values()) - 2
            assert m[f"bttc_source_endpoint_usable{{{at}}}"] == 1
            assert m[f"bttc_source_received_bytes_total{{{at}}}"] > 100000
            blocks, logs = psql(dsn, "SELECT (SELECT count(*) FROM chain.block), (SELECT count(*) FROM chain.log)")[0]
            for name, value in (('store_rows_total{chain="root",table="chain.block"}', blocks),
                                ('store_rows_total{chain="root",table="chain.log"}', logs),
                                ('store_batch_rows_count{chain="root"}', m['bttc_index_batches_total{chain="root"}']),
                                ('ingest_published_block{chain="root"}', 1184), ('index_block{chain="root"}', 1184),
                                ('ingest_lag_blocks{chain="root"}', 0), ('ingest_lag_seconds{chain="root"}', 0),
                                ('ingest_blocks_total{chain="root"}', blocks), ('ingest_logs_total{chain="root"}', logs),
                                ('stream_queue_records{chain="root"}', 0), ('ingest_forks_total{chain="root"}', 0),
                                ('ingest_fork_depth_max_blocks{chain="root"}', 0)):
                assert m["bttc_" + name] == float(value), (name, m["bttc_" + name], value)
            by_level = dict((k, float(v)) for k, v in psql(
                dsn, "SELECT CASE level WHEN 0 THEN 'trusted' WHEN 1 THEN 'linked' WHEN 2 THEN 'hashed' WHEN 3 THEN 'bloom' "
                     "WHEN 4 THEN 'receipts' ELSE 'quorum' END, blocks FROM chain.level_count WHERE blocks > 0"))
            assert by_level == {k.split('level="')[1].rstrip('"}'): v for k, v in m.items()
                                if k.startswith("bttc_ingest_level_blocks_total{") and v}


run(globals())
