"""The API as an HTTP server: methods, limits, pipelines, slow and vanishing clients, garbage, a database
that goes away, streams that a fork cuts, the end of the process."""
import csv, gzip, http.client, io, json, os, random, re, signal, socket, struct, threading, time

from api_kit import Gate, fork, indexed_database, serving
from harness import SLOW, TMP, psql, run, wait_for

DSN = indexed_database()


def dial(port):
    s = socket.create_connection(("127.0.0.1", port), timeout=20 * SLOW)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def read_answers(sock, count):
    """`count` answers from a socket, in order: (status, headers, body)."""
    f = sock.makefile("rb")
    out = []
    for _ in range(count):
        status = int(f.readline().split()[1])
        headers = {}
        while (line := f.readline().strip()):
            k, _, v = line.decode().partition(":")
            headers[k.lower()] = v.strip()
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while (n := int(f.readline(), 16)):
                body += f.read(n)
                f.readline()
            f.readline()
        else:
            body = f.read(int(headers.get("content-length", 0)))
        out.append((status, headers, body))
    return out


def rss(server):
    with open(f"/proc/{server.proc.p.pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) * 1024


def test_methods():
    with serving(DSN) as s:
        c = s.wait_database()
        for path in ("/v1/status", "/v1/events?limit=3", "/v1/events?format=csv", "/v1/checkpoints", "/healthz", "/metrics", "/",
                     "/openapi.json"):
            st, h, body = c.raw(path)
            st2, h2, empty = c.raw(path, method="HEAD")
            assert st == st2 == 200 and empty == b"" and body, path
            assert h["content-type"] == h2["content-type"]
            if "content-length" in h and path != "/metrics":
                assert h["content-length"] == h2["content-length"], path
            assert h["access-control-allow-origin"] == "*" and h["x-content-type-options"] == "nosniff"
            st, h, body = c.raw(path, method="OPTIONS")
            assert st == 204 and body == b"" and h["allow"] == "GET, HEAD, OPTIONS"
            assert h["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
            for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "get"):
                st, h, body = c.raw(path, method=method, body=b"x" if method in ("POST", "PUT") else None)
                assert st == 405 and h["allow"] == "GET, HEAD, OPTIONS", (path, method, st)
                assert h["content-type"] == "application/problem+json" and json.loads(body)["status"] == 405
        assert c.raw("/v1/nothing", method="OPTIONS")[0] == 404
        assert c.raw("/v1/nothing", method="POST", body=b"")[0] == 404


def test_paths_and_limits():
    with serving(DSN) as s:
        c = s.wait_database()
        for path, status in [("/v1", 404), ("/v1/", 404), ("/v1/status/", 404), ("//v1/status", 404), ("/v1/../v1/status", 404),
                             ("/v1/./status", 404), ("/V1/STATUS", 404), ("/favicon.ico", 404), ("/v1/%ff", 400), ("/%", 400),
                             ("/%00", 400), ("/v1/st%61tus", 200), ("/v1%2fstatus", 404), ("/v1/status;x=1", 404),
                             ("/v1/events?" + "x" * 9000, 414), ("/" + "y" * 100000, 414), ("/v1/events?limit=5&" + "&" * 7000, 200)]:
            st, h, body = c.raw(path)
            assert st == status, (path[:60], st, status)
            if st >= 400:
                assert h["content-type"] == "application/problem+json" and json.loads(body)["status"] == st
        # what is no HTTP, and too much of it
        for raw in (b"GARBAGE\r\n\r\n", b"GET\r\n\r\n", b"GET /v1/status HTTP/9.9\r\n\r\n", b"\x00\xff" * 50 + b"\r\n\r\n",
                    b"GET / HTTP/1.1\r\nA: " + b"b" * 500000 + b"\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                    b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n"):
            with dial(s.port) as k:
                answer = b""
                try:
                    k.sendall(raw)
                    while (part := k.recv(65536)):
                        answer += part
                except ConnectionError:
                    pass
                # some get no answer, only the end of the connection; h2o's own 400 is plain text
                assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer[:100]
        with dial(s.port) as k:
            k.sendall(b"POST /v1/status HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n" + b"z" * 20000)
            st, h, body = read_answers(k, 1)[0]
            assert st == 413 and json.loads(body)["status"] == 413, body
        # HTTP/1.0, and no upgrade to HTTP/2
        with dial(s.port) as k:
            k.sendall(b"GET /v1/status HTTP/1.0\r\n\r\n")
            assert read_answers(k, 1)[0][0] == 200 and k.recv(10) == b""
        with dial(s.port) as k:
            k.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                      b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
            assert read_answers(k, 1)[0][0] == 200
        with dial(s.port) as k:
            k.sendall(b"GET http://elsewhere/healthz HTTP/1.1\r\nHost: elsewhere\r\n\r\n")
            assert read_answers(k, 1)[0][0] == 200


def test_gzip():
    with serving(DSN) as s:
        c = s.wait_database()
        for path in ("/v1/events?limit=100", "/v1/events?format=csv", "/v1/events?format=ndjson&chain=root", "/openapi.json", "/"):
            _, plain_h, plain = c.raw(path)
            _, h, body = c.raw(path, {"Accept-Encoding": "gzip"})
            assert "content-encoding" not in plain_h
            assert h["content-encoding"] == "gzip" and gzip.decompress(body) == plain, path
            assert len(body) < len(plain) and "accept-encoding" in h["vary"]
            if "etag" in h:
                assert h["etag"] == plain_h["etag"]
        _, h, body = c.raw("/healthz", {"Accept-Encoding": "gzip"})
        assert "content-encoding" not in h  # small


def test_pipelined_requests():
    with serving(DSN) as s:
        c = s.wait_database()
        paths = ["/v1/events?limit=2", "/healthz", "/v1/nothing", "/v1/events?chain=bttc&limit=500", "/v1/events?bogus=1",
                 "/v1/checkpoints?format=csv", "/v1/status", "/v1/events?event=Transfer&limit=7"] * 8
        want = [(st, b) for st, _, b in (c.raw(p) for p in paths)]
        with dial(s.port) as k:
            k.sendall(b"".join(f"GET {p} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for p in paths))
            got = read_answers(k, len(paths))
        for p, (st, b), (gst, _, gb) in zip(paths, want, got):
            assert st == gst and (b == gb or p == "/healthz"), p
        # a request in two pieces, and one byte at a time
        with dial(s.port) as k:
            for piece in (b"GET /v1/sta", b"tus HTTP/1.1\r\nHo", b"st: x\r\n", b"\r\n"):
                k.sendall(piece)
                time.sleep(0.02)
            assert read_answers(k, 1)[0][0] == 200
            for byte in b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n":
                k.sendall(bytes([byte]))
            assert read_answers(k, 1)[0][0] == 200


def random_url(r):
    words = ["v1", "events", "checkpoints", "status", "root", "bttc", "main", "0x" + "ab" * 32, "..", ".", "", "%2e%2e", "%", "%zz",
             "\u00e9", "{chain}", "a" * 300, "-1", "99999999999999999999", "'", '"', "<script>", "\\", "%00", "%ff", "%c3%a9", "*"]
    names = ["limit", "cursor", "order", "from", "to", "finality", "verification", "chain", "contract", "event", "address",
             "validator_id", "kind", "root_chain_id", "proposer", "checkpoint_id", "format", "rev", "x", "", "%6cimit"]
    values = ["", "1", "500", "0", "-1", "asc", "desc", "root", "bttc", "Transfer", "NewHeaderBlock", "StakeManager", "ValidatorShare",
              "ValidatorPartnership", "9223372036854775807", "18446744073709551616", "2024-01-01T00:00:00Z", "2024-01-01T04:00:00%2B01:00",
              "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "final", "safe", "checkpointed", "bloom", "quorum",
              "main", "sync", "mirror", "csv", "ndjson", "json", "0x" + "00" * 20, "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "%f0%9f%98%80",
              "AQEDAAAAAAAAAYQAAAAQ9ISQstkO3rezyPobtJeEjs7k7QlNTNnsWDerMDyBKyfjf9ZqLXzHzA", "1 OR 1=1", "';DROP TABLE chain.log;--", "NaN",
              "%00", "{}", "[]", "null", "\\x00", "$1"]
    path = r.choice(["/v1/events", "/v1/checkpoints", "/v1/status", "/v1/events", "/" + "/".join(r.choice(words) for _ in range(r.randrange(6)))])
    if r.random() < 0.05:
        path = "/" + "".join(chr(r.randrange(33, 127)) for _ in range(r.randrange(60)))
    query = "&".join(f"{r.choice(names)}={r.choice(values)}" for _ in range(r.randrange(5)))
    if r.random() < 0.1:
        query += "".join(chr(r.randrange(33, 127)) for _ in range(r.randrange(40)))
    return (path + "?" + query).replace(" ", "%20").replace("#", "%23").encode("utf-8", "replace")


def test_garbage_urls():
    seed = int(os.environ.get("BTTC_TEST_SEED", "20240101"))
    print("seed", seed)
    r = random.Random(seed)
    seen = {}
    with serving(DSN) as s:
        s.wait_database()
        for _ in range(20):
            urls = [random_url(r) for _ in range(100)]
            with dial(s.port) as k:
                for u in urls:
                    k.sendall(b"GET " + u + b" HTTP/1.1\r\nHost: x\r\n\r\n")
                    st, h, body = read_answers(k, 1)[0]
                    seen[st] = seen.get(st, 0) + 1
                    assert st in (200, 400, 404, 409, 414), (u, st, body[:200])
                    if st >= 400:
                        v = json.loads(body)
                        assert h["content-type"] == "application/problem+json" and v["status"] == st and v["detail"], u
                    elif h["content-type"] == "application/json":
                        json.loads(body)
    assert seen.get(200, 0) > 50 and seen.get(400, 0) > 50 and seen.get(404, 0) > 50, seen


def test_slow_clients():
    dsn = indexed_database()
    # many rows, so that streams outgrow every socket buffer
    psql(dsn, """INSERT INTO chain.log SELECT chain_id, block, log_index + 1000 * n, tx_index, state_sync, tx, address, contract, event,
                 validator_id, topics, data FROM chain.log, generate_series(1, 20) n WHERE chain_id = 31337 AND event = 'Transfer'""")
    total = int(psql(dsn, "SELECT count(*) FROM chain.log WHERE chain_id = 31337")[0][0])
    with serving(dsn) as s:
        c = s.wait_database()
        _, _, body = c.raw("/v1/events?chain=root&format=csv")
        assert len(body.splitlines()) == total + 1
        before = rss(s)
        # forty clients that ask for everything and read nothing, two hundred that never finish asking
        stuck = []
        for _ in range(40):
            k = dial(s.port)
            k.sendall(b"GET /v1/events?chain=root&format=csv HTTP/1.1\r\nHost: x\r\n\r\n")
            stuck.append(k)
        for _ in range(200):
            k = dial(s.port)
            k.sendall(b"GET /v1/status HTTP/1.1\r\nHost:")
            stuck.append(k)
        time.sleep(1)
        for i in range(100):
            t = time.time()
            assert c.raw("/v1/events?limit=20")[0] == 200
            assert time.time() - t < 2 * SLOW
        assert rss(s) - before < (200 << 20) * SLOW, f"{(rss(s) - before) >> 20} MiB for 40 stuck streams"
        # one of them reads on, slowly at first, and gets everything
        k, rest = stuck[0], b""
        while len(rest) < 100000:
            rest += k.recv(500)
        k.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        while (part := k.recv(1 << 20)):
            rest += part
        assert b"uptime_seconds" in rest[-400:] and rest.count(b"\nroot,") == total
        for k in stuck:
            k.close()
        wait_for("connections to be gone", lambda: int(re.search(
            r"^bttc_api_connections (\d+)", c.raw("/metrics")[2].decode(), re.M).group(1)) <= 1, 30)


def test_clients_that_vanish():
    with serving(DSN) as s:
        c = s.wait_database()
        for i in range(300):
            k = dial(s.port)
            k.sendall(b"GET /v1/events?limit=500&order=asc HTTP/1.1\r\nHost: x\r\n\r\n" * (1 + i % 3))
            if i % 2:  # a reset instead of an orderly end
                k.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if i % 5 == 0:
                k.recv(100)
            k.close()
        for _ in range(20):
            k = dial(s.port)
            k.sendall(b"GET /v1/events?format=csv HTTP/1.1\r\nHost: x\r\n\r\n")
            k.recv(1000)
            k.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            k.close()
        assert len(c.json("/v1/events?limit=500", "events")["data"]) == 500


def test_many_at_once():
    with serving(DSN) as s:
        c = s.wait_database()
        paths = ["/v1/events?limit=50", "/v1/events?chain=root&event=Transfer", "/v1/checkpoints", "/v1/events?contract=ValidatorShare",
                 "/v1/events?chain=bttc&order=asc&limit=9"]
        want = {p: c.raw(p)[2] for p in paths}
        bad = []

        def work(n):
            k = s.client()
            for i in range(60):
                p = paths[(n + i) % len(paths)]
                st, _, b = k.raw(p)
                if st != 200 or b != want[p]:
                    bad.append((p, st))

        threads = [threading.Thread(target=work, args=(n,)) for n in range(24)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert not bad, bad[:3]
        text = c.raw("/metrics")[2].decode()
        n = sum(int(x) for x in re.findall(r'^bttc_api_requests_total\{path="/v1/[^"]*",status="200"\} (\d+)', text, re.M))
        assert n >= 24 * 60, n
        assert re.search(r'^bttc_api_request_seconds_count\{path="/v1/checkpoints"\} \d+', text, re.M), text[:2000]


def test_database_away():
    directory = os.path.join(TMP, "gate")
    os.mkdir(directory)
    os.chmod(directory, 0o755)
    gate = Gate(DSN, directory)
    with serving(gate.dsn, args=("--connections", "3")) as s:
        c = s.wait_database()
        want = c.raw("/v1/events?limit=30")[2]
        # connections that break are opened again; a question in flight is asked again
        for _ in range(10):
            gate.cut()
            st, _, b = c.raw("/v1/events?limit=30")
            assert st == 200 and b == want, (st, b[:200])
        gate.close()
        t = time.time()
        for path in ("/v1/events", "/v1/status", "/v1/checkpoints", "/v1/events?format=csv", "/readyz",
                     "/v1/checkpoints/root/main/0x" + "0" * 64 + "/1") * 3:
            st, h, b = c.raw(path)
            assert st == 503 and int(h["retry-after"]) >= 1, (path, st)
            assert h["content-type"] == "application/problem+json"
            v = json.loads(b)
            assert v["status"] == 503 and "gate" not in v["detail"], v  # nothing of the inside
        assert time.time() - t < 20 * SLOW, "a database that is away is answered quickly"
        c.json("/healthz", "healthz")
        c.problem("/v1/events?limit=0", 400, "limit")
        assert c.raw("/")[0] == 200
        gate.open()
        wait_for("the database to be back", lambda: c.raw("/v1/events?limit=30")[0] == 200, 20)
        assert c.raw("/v1/events?limit=30")[2] == want
        gate.close()


def test_read_only_role():
    """bttc_api suffices for every path, also for what forks removed."""
    dsn = indexed_database()
    psql(dsn, "DO $$ BEGIN CREATE ROLE bttc_test_reader LOGIN PASSWORD 'reader' IN ROLE bttc_api; "
              "EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    with serving(re.sub(r"user=\S+", "user=bttc_test_reader password=reader", dsn)) as s:
        c = s.wait_database()
        cursor = c.json("/v1/events?chain=root&limit=3", "events")["next"]
        assert c.json("/v1/checkpoints?limit=3", "checkpoints")["data"]
        assert c.json("/v1/events?contract=ValidatorShare&limit=3", "events")["data"]
        assert c.raw("/v1/events?format=csv")[0] == 200
        c.json("/readyz", "readyz")
        fork(dsn, "root", 370, "x")
        assert c.json(f"/v1/events?chain=root&limit=3&cursor={cursor}", status=409)["common_block"] == 370


def test_wrong_databases():
    other = indexed_database()
    psql(other, "UPDATE chain.network SET name = 'golden'")
    with serving(other) as s:
        c = s.client()
        c.problem("/v1/status", 503)
        assert "belongs to network golden" in s.proc.text()
    psql(other, "DROP SCHEMA chain CASCADE")
    with serving(other, errors_ok=True) as s:
        s.client().problem("/v1/events", 503)


def test_fork_cuts_a_stream():
    for order in ("asc", "desc"):
        dsn = indexed_database()
        psql(dsn, """INSERT INTO chain.log SELECT chain_id, block, log_index + 1000 * n, tx_index, state_sync, tx, address, contract, event,
                     validator_id, topics, data FROM chain.log, generate_series(1, 40) n WHERE chain_id = 31337 AND event = 'Transfer'""")
        with serving(dsn) as s:
            s.wait_database()

            def ask():
                k = dial(s.port)
                k.sendall(f"GET /v1/events?chain=root&format=ndjson&order={order} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                return k

            def newest(data):
                return max(int(x) for x in re.findall(rb'"block":(\d+)', data))

            k = ask()
            data = k.recv(5000)
            while b'"block":' not in data:
                data += k.recv(5000)
            # below everything that was sent nothing is lost; above, or among it, it is
            fork(dsn, "root", newest(data) - 1 if order == "asc" else newest(data) - 5, "x")
            while (part := k.recv(1 << 20)):
                data += part
            assert not data.endswith(b"0\r\n\r\n"), f"{order}: the stream ended as if it were whole"
            # a new one is whole again
            k = ask()
            data = b""
            while not data.endswith(b"0\r\n\r\n"):
                part = k.recv(1 << 20)
                assert part
                data += part


def test_end_of_the_process():
    dsn = indexed_database()
    psql(dsn, """INSERT INTO chain.log SELECT chain_id, block, log_index + 1000 * n, tx_index, state_sync, tx, address, contract, event,
                 validator_id, topics, data FROM chain.log, generate_series(1, 40) n WHERE chain_id = 31337 AND event = 'Transfer'""")
    with serving(dsn) as s:
        c = s.wait_database()
        held = [dial(s.port) for _ in range(20)]
        for i, k in enumerate(held):
            k.sendall([b"", b"GET /v1/st", b"GET /v1/events?format=csv HTTP/1.1\r\nHost: x\r\n\r\n"][i % 3])
        stop = threading.Event()
        answers = []

        def work():
            k = s.client()
            while not stop.is_set():
                try:
                    answers.append(k.raw("/v1/events?limit=40")[0])
                except (OSError, http.client.HTTPException):
                    return

        threads = [threading.Thread(target=work) for _ in range(4)]
        for t in threads:
            t.start()
        wait_for("some answers", lambda: len(answers) > 50)
        took = s.proc.stop()
        stop.set()
        for t in threads:
            t.join()
        assert set(answers) == {200}, set(answers)
        assert took < 5 * SLOW
    # an address in use is said at once
    with serving(DSN) as s:
        from harness import run_cli
        rc, _, err = run_cli("serve", "--network", "world", "--database", DSN, "--listen", f"127.0.0.1:{s.port}", seconds=20)
        assert rc == 1 and "cannot listen" in err and len(err.strip().splitlines()) <= 2, (rc, err)


def test_start_page():
    with serving(DSN) as s:
        c = s.wait_database()
        st, h, b = c.raw("/")
        policy = h["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        text = b.decode()
        assert "<script>" not in text and "style=" not in text and "http://" not in text and "https://" not in text
        for link in set(re.findall(r'(?:href|src)="([^"]+)"', text)):
            assert c.raw("/" + link)[0] in (200, 503), link
        doc = json.loads(c.raw("/openapi.json")[2])
        for path in doc["paths"]:
            if "{" not in path:
                assert c.raw(path)[0] == 200, path


if __name__ == "__main__":
    run(globals())
