"""A proxy in front of a node that tells one lie (lies.Lie) about one block, in every answer that the block is in."""
import copy, http.client, json, threading, time, urllib.parse
from odd_node import Server

LISTS = ("eth_getBlockReceipts", "eth_getTransactionReceiptsByBlock")
LOGS = ("eth_getLogs", "eth_getBorBlockLogs")


def matches(log, f):
    a = f.get("address")
    if a and log["address"] not in ([a] if isinstance(a, str) else a):
        return False
    for i, t in enumerate(f.get("topics") or []):
        if t is not None and (i >= len(log["topics"]) or log["topics"][i] not in ([t] if isinstance(t, str) else t)):
            return False
    return True


class Node:
    """Passes batches on; `late`: seconds that each answer takes, `ready`: until it is set the answer is 503-like."""

    def __init__(self, url, late=0.0, ready=None):
        self.at, self.local = urllib.parse.urlsplit(url), threading.local()
        self.late, self.ready = late, ready
        self.server = Server(self.answer, whole=True)
        self.url = self.server.url

    def close(self):
        self.server.close()

    def ask(self, q):
        if not hasattr(self.local, "c"):
            self.local.c = http.client.HTTPConnection(self.at.hostname, self.at.port, timeout=60)
        self.local.c.request("POST", self.at.path or "/", json.dumps(q), {"Content-Type": "application/json"})
        return json.loads(self.local.c.getresponse().read())

    def answer(self, q):
        if self.ready and not self.ready.is_set():
            bad = dict(code=-32603, message="service unavailable")
            out = [dict(jsonrpc="2.0", id=x["id"], error=bad) for x in (q if isinstance(q, list) else [q])]
            return out if isinstance(q, list) else out[0]
        if self.late:
            time.sleep(self.late)
        return self.ask(q)


class Liar(Node):
    def __init__(self, url, lie, **kw):
        self.lie, self.stale, self.mended = lie, False, False
        self.told, self.told_event = 0, threading.Event()
        self.told_logs = 0  # in an answer about logs
        self.receipts = self.lied_receipts(lie.receipts)
        super().__init__(url, **kw)

    # ---- the lie in each form ----

    def lied_receipts(self, rs):
        rs = self.lie.on_receipts(copy.deepcopy(rs))
        for r in rs:
            for x in [r, *r["logs"]]:
                x["blockHash"] = self.lie.fake or x["blockHash"]
        return rs

    def lied_block(self, b):
        b = copy.deepcopy(b)
        if any(isinstance(t, str) for t in b["transactions"]):  # hashes only: from the full one
            full = self.lied_block(self.lie.block)
            b = dict(full, transactions=[t["hash"] for t in full["transactions"]])
            return b
        self.lie.on_block(b)
        if self.lie.fake:
            b["hash"] = self.lie.fake
            for t in b["transactions"]:
                t["blockHash"] = self.lie.fake
        return b

    def lied_logs(self, logs, f, sync):
        other = [g for g in logs if int(g["blockNumber"], 16) != self.lie.n]
        mine = [copy.deepcopy(g) for g in logs if int(g["blockNumber"], 16) == self.lie.n]
        if "blockHash" in f:
            asked = f["blockHash"] == self.lie.hash
        else:
            asked = int(f["fromBlock"], 16) <= self.lie.n <= int(f["toBlock"], 16)
        if "logs" in self.lie.says and asked:
            zero = {t["hash"] for t in self.lie.block["transactions"] if int(t["from"], 16) == 0}
            mine = [copy.deepcopy(g) for r in self.receipts for g in r["logs"]
                    if matches(g, f) and (g["transactionHash"] in zero) == sync]
        for g in mine:
            g["blockHash"] = self.lie.fake or g["blockHash"]
        at = sum(int(g["blockNumber"], 16) < self.lie.n for g in other)
        return other[:at] + mine + other[at:]

    def change(self, q, honest):
        m, n = q["method"], self.lie.n
        if honest is None:
            return None
        if m in ("eth_getBlockByNumber", "eth_getBlockByHash"):
            return self.lied_block(honest) if int(honest["number"], 16) == n else honest
        if m in LISTS:
            if "receipts" not in self.lie.says or not honest or int(honest[0]["blockNumber"], 16) != n:
                return honest
            return self.lied_receipts(honest)
        if m == "eth_getTransactionReceipt":
            if "receipts" not in self.lie.says or int(honest["blockNumber"], 16) != n:
                return honest
            return next((copy.deepcopy(r) for r in self.receipts if r["transactionHash"] == honest["transactionHash"]), None)
        if m in LOGS:
            return self.lied_logs(honest, q["params"][0], m != "eth_getLogs")
        return honest

    # ---- requests ----

    def clamp(self, q):
        """A node that stays at the block: nothing above it exists. None: the answer is null or []."""
        m, p = q["method"], q.get("params", [])
        if m in ("eth_getBlockByNumber", "eth_getBlockReceipts") and p[0].startswith("0x") and len(p[0]) < 60:
            return q if int(p[0], 16) <= self.lie.n else None
        if m == "eth_getBlockByNumber" and p[0] == "latest":
            return dict(q, params=[hex(self.lie.n), *p[1:]])
        if m in LOGS and "fromBlock" in p[0]:
            if int(p[0]["fromBlock"], 16) > self.lie.n:
                return None
            return dict(q, params=[dict(p[0], toBlock=hex(min(self.lie.n, int(p[0]["toBlock"], 16))))])
        return q

    def answer(self, body):
        if self.mended:
            return super().answer(body)
        if self.ready and not self.ready.is_set():
            return super().answer(body)
        qs = body if isinstance(body, list) else [body]
        ask = json.loads(json.dumps(qs).replace(self.lie.fake, self.lie.hash)) if self.lie.fake else qs
        if self.stale:
            ask = [self.clamp(q) for q in ask]
        got = {}
        if any(ask):
            for a in super().answer([q for q in ask if q]):
                got[a["id"]] = a
        out = []
        for q, x in zip(qs, ask):
            a = got.get(q["id"], dict(jsonrpc="2.0", id=q["id"], result=[] if q["method"] in LOGS else None))
            if x and "result" in a:
                honest = a["result"]
                if x["method"] == "eth_blockNumber" and self.stale:
                    honest = hex(min(self.lie.n, int(honest, 16)))
                a = dict(a, result=self.change(x, honest))
                if a["result"] != honest:
                    self.told += 1
                    self.told_logs += x["method"] in LOGS
                    self.told_event.set()
            out.append(a)
        return out if isinstance(body, list) else out[0]
