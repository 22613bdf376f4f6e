"""Nodes for the system tests that a recording can not play: a proxy in front of one that changes what it
says, over TLS if wanted, and a small made-up TRON-like chain. Standard library only."""
import contextlib, hashlib, http.client, http.server, json, ssl, threading, urllib.parse


class Server:
    """answer(request) -> response, for every JSON-RPC request of a batch or alone (whole: for a batch at once);
    url is where it listens."""

    def __init__(self, answer, tls=None, whole=False):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16

            def do_POST(self):
                q = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                a = [answer(x) for x in q] if isinstance(q, list) and not whole else answer(q)
                body = json.dumps(a).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Threads(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_):  # clients that go away
                pass

        self.http = Threads(("127.0.0.1", 0), Handler)
        if tls:
            ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            ctx.load_cert_chain(*tls)
            self.http.socket = ctx.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()


@contextlib.contextmanager
def serve(answer, tls=None):
    s = Server(answer, tls)
    try:
        yield s.url
    finally:
        s.close()


def forward(url):
    """answer() of the node at url."""
    at, local = urllib.parse.urlsplit(url), threading.local()

    def ask(q):
        if not hasattr(local, "c"):
            local.c = http.client.HTTPConnection(at.hostname, at.port, timeout=60)
        local.c.request("POST", at.path or "/", json.dumps(q), {"Content-Type": "application/json"})
        return json.loads(local.c.getresponse().read())
    return ask


def keccak(data):
    """Keccak-256 (not SHA-3), for topics of made-up events."""
    mask, state = (1 << 64) - 1, [[0] * 5 for _ in range(5)]

    def turn(v, n):
        return ((v << n) | (v >> (64 - n))) & mask if n else v

    def permute(a):
        r = 1
        for _ in range(24):
            c = [a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4] for x in range(5)]
            d = [c[x - 1] ^ turn(c[(x + 1) % 5], 1) for x in range(5)]
            a = [[a[x][y] ^ d[x] for y in range(5)] for x in range(5)]
            x, y, current = 1, 0, a[1][0]
            for t in range(24):
                x, y = y, (2 * x + 3 * y) % 5
                current, a[x][y] = a[x][y], turn(current, (t + 1) * (t + 2) // 2 % 64)
            for y in range(5):
                row = [a[x][y] for x in range(5)]
                for x in range(5):
                    a[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5])
            for j in range(7):
                r = ((r << 1) ^ ((r >> 7) * 0x71)) & 0xff
                if r & 2:
                    a[0][0] ^= 1 << ((1 << j) - 1)
        return a

    pad = bytearray(data) + b"\x01" + b"\x00" * (135 - len(data) % 136)
    pad[-1] |= 0x80
    for at in range(0, len(pad), 136):
        for i in range(17):
            state[i % 5][i // 5] ^= int.from_bytes(pad[at + 8 * i:at + 8 * i + 8], "little")
        state = permute(state)
    return b"".join(state[i % 5][i // 5].to_bytes(8, "little") for i in range(4))


def h32(*what):
    return hashlib.sha256(repr(what).encode()).digest()


class OddChain:
    """Blocks 1..last in TRON's form; txs = {block: [dict(to=..., logs=[(topics, data)], ...)]}."""

    def __init__(self, chain_id, address, last, txs):
        self.chain_id, self.address, self.last, self.txs = chain_id, address, last, txs

    def block_hash(self, n):
        return "0x" + n.to_bytes(8, "big").hex() + h32("block", n)[8:].hex()

    def tx_hash(self, n, i):
        return "0x" + h32("tx", n, i).hex()

    def block(self, n, full):
        if not 1 <= n <= self.last:
            return None
        zero = "0x" + "00" * 32
        txs = [dict(hash=self.tx_hash(n, i), blockHash=self.block_hash(n), blockNumber=hex(n), transactionIndex=hex(i),
                    to=t["to"], input=t.get("input", "0x"), value="0x0", gas="0x1", gasPrice="0x1", nonce="0x0", type="0x0",
                    v="0x1b", r="0x1", s="0x1", **{"from": "0x" + "0f" * 20}) for i, t in enumerate(self.txs.get(n, []))]
        return dict(hash=self.block_hash(n), parentHash=self.block_hash(n - 1), number=hex(n), timestamp=hex(1700000000 + 3 * n),
                    sha3Uncles=zero, miner="0x" + "00" * 20, stateRoot="0x", transactionsRoot=zero, receiptsRoot=zero,
                    logsBloom="0x" + "00" * 256, difficulty="0x0", gasLimit="0x1", gasUsed="0x1", extraData="0x",
                    mixHash=zero, nonce="0x0000000000000000", transactions=txs if full else [t["hash"] for t in txs])

    def receipts(self, n):
        out, index = [], 0
        for i, t in enumerate(self.txs.get(n, [])):
            place = dict(blockHash=self.block_hash(n), blockNumber=hex(n), transactionHash=self.tx_hash(n, i), transactionIndex=hex(i))
            logs = []
            for topics, data in t.get("logs", []):
                logs.append(dict(place, address=self.address, topics=topics, data=data, logIndex=hex(index), removed=False))
                index += 1
            end = {"root": t["root"]} if "root" in t else {"status": "0x1"}
            made = None if t["to"] else "0x" + "cc" * 20
            out.append(dict(place, to=t["to"], contractAddress=made, gasUsed="0x1", cumulativeGasUsed=hex(i + 1), type="0x0",
                            effectiveGasPrice="0x1", logsBloom="0x" + "00" * 256, logs=logs, **end, **{"from": "0x" + "0f" * 20}))
        return out

    def number(self, text):
        if len(text) == 66:
            return int(text[2:18], 16)
        return {"latest": self.last, "finalized": self.last}.get(text) or int(text, 16)

    def logs(self, q):
        a, b = (q["blockHash"],) * 2 if "blockHash" in q else (q["fromBlock"], q["toBlock"])
        addresses = q.get("address", [self.address])
        if self.address not in (addresses if isinstance(addresses, list) else [addresses]):
            return []
        return [g for n in range(self.number(a), self.number(b) + 1) for r in self.receipts(n) for g in r["logs"]]

    def answer(self, q):
        m, p = q["method"], q.get("params", [])
        known = {"eth_chainId": lambda: hex(self.chain_id), "eth_blockNumber": lambda: hex(self.last),
                 "eth_getBlockByNumber": lambda: self.block(self.number(p[0]), p[1]),
                 "eth_getBlockByHash": lambda: self.block(self.number(p[0]), p[1]),
                 "eth_getBlockReceipts": lambda: self.receipts(self.number(p[0])), "eth_getLogs": lambda: self.logs(p[0])}
        if m not in known:
            return dict(jsonrpc="2.0", id=q["id"], error=dict(code=-32601, message="method not found"))
        return dict(jsonrpc="2.0", id=q["id"], result=known[m]())
