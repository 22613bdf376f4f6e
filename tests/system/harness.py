"""What the system tests share: starting the program as a user would, asking its API, reading its tables.

Standard library only. Environment: BTTC_BIN (the binary), BTTC_TEST_PG (DSN of a throw-away superuser
server, set by tests/run). Every test file is a program: `run(globals())` runs its test_* functions.
"""
import concurrent.futures, contextlib, gzip, http.client, itertools, json, os, re, shutil, signal, socket, subprocess, sys, tempfile
import time, traceback, urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("BTTC_BIN", os.path.join(ROOT, "build", "bttc-indexer"))
# Built with fault points (preset dev), for tests that stop a process at a named place.
FAULT_BIN = os.environ.get("BTTC_FAULT_BIN", os.path.join(ROOT, "build-dev", "bttc-indexer"))
RECORDINGS = os.path.join(ROOT, "tests", "recordings")
SLOW = 6 if "asan" in BIN or "tsan" in BIN else 1  # sanitizers cost time; deadlines stretch, nothing else
# Where another user's server may be started when the tests run as root.
TMP = tempfile.mkdtemp(prefix="bttc-system.", dir="/tmp")
os.chmod(TMP, 0o755)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, check, seconds=60):
    """Poll until check() is true; its value. Fails with `what` after the deadline."""
    end = time.time() + seconds * SLOW
    while True:
        v = check()
        if v:
            return v
        assert time.time() < end, f"waited {seconds * SLOW} s for: {what}"
        time.sleep(0.02)


class Proc:
    """A started program with its output in a file."""

    def __init__(self, *args, env=None, cwd=None, binary=None):
        self.args = [binary or BIN, *map(str, args)]
        self.log = tempfile.NamedTemporaryFile("w+", dir=TMP, suffix=".log", delete=False)
        self.p = subprocess.Popen(self.args, stdout=self.log, stderr=subprocess.STDOUT,
                                  stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})}, cwd=cwd)

    def text(self):
        with open(self.log.name, errors="replace") as f:
            return f.read()

    def wait_text(self, pattern, seconds=30):
        def check():
            m = re.search(pattern, self.text())
            if not m:
                assert self.p.poll() is None, f"{self.args} ended with {self.p.returncode}:\n{self.text()}"
            return m
        return wait_for(f"{pattern!r} from {self.args[1]}:\n{self.text()[-1500:]}", check, seconds)

    def wait(self, seconds=120):
        try:
            return self.p.wait(seconds * SLOW)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.args} still runs after {seconds * SLOW} s:\n{self.text()[-3000:]}")

    def kill(self, sig=signal.SIGKILL):
        if self.p.poll() is None:
            self.p.send_signal(sig)
        return self.p.wait(60 * SLOW)

    def stop(self, limit=5):
        """SIGTERM; must end with 0 within the promised five seconds."""
        t = time.time()
        rc = self.kill(signal.SIGTERM)
        took = time.time() - t
        assert rc == 0, f"{self.args} ended with {rc} after SIGTERM:\n{self.text()[-3000:]}"
        assert took < limit * SLOW, f"{self.args} took {took:.1f} s to stop"
        return took


@contextlib.contextmanager
def started(*args, **kw):
    p = Proc(*args, **kw)
    try:
        yield p
    finally:
        p.kill()


def run_cli(*args, env=None, seconds=60, cwd=None):
    """Run to the end: (exit code, stdout, stderr)."""
    r = subprocess.run([BIN, *map(str, args)], capture_output=True, text=True, timeout=seconds * SLOW,
                       stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})}, cwd=cwd)
    return r.returncode, r.stdout, r.stderr


class Replay:
    """A replay-server with /control. url(key), move(root={"head": N, "fork": K}), faults([...])."""

    def __init__(self, *dirs, args=()):
        a = ["replay-server", "--listen", "127.0.0.1:0", "--control"]
        for d in dirs:
            a += ["--recording", d]
        self.proc = Proc(*a, *args)
        m = self.proc.wait_text(r"http://127\.0\.0\.1:(\d+)/")
        self.port = int(m.group(1))

    def url(self, key):
        return f"http://127.0.0.1:{self.port}/{key}"

    def control(self, body=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        if body is None:
            c.request("GET", "/control")
        else:
            c.request("POST", "/control", json.dumps(body), {"Content-Type": "application/json"})
        r = c.getresponse()
        text = r.read().decode()
        assert r.status == 200, f"control {body}: {r.status} {text}"
        return json.loads(text) if text else None

    def call(self, key, method, *params):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        c.request("POST", f"/{key}", json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                                                 "params": params}), {"Content-Type": "application/json"})
        return json.loads(c.getresponse().read())

    def close(self):
        self.proc.kill()


@contextlib.contextmanager
def replay(*dirs, args=()):
    r = Replay(*dirs, args=args)
    try:
        yield r
    finally:
        r.close()


# ---- PostgreSQL -------------------------------------------------------------------------------

def psql(dsn, sql, tuples=True):
    """Rows as lists of text ('' for NULL)."""
    r = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-A", "-t", "-F", "\x1f", "-c", sql],
                       capture_output=True, text=True, timeout=120)
    assert r.returncode == 0, f"{sql}: {r.stderr}"
    return [line.split("\x1f") for line in r.stdout.splitlines()] if tuples else r.stdout


_count = itertools.count(1)


def new_database():
    """An empty database on the throw-away server; its DSN."""
    base = os.environ["BTTC_TEST_PG"]
    name = f"t{os.getpid()}_{next(_count)}"
    psql(base, f"CREATE DATABASE {name}")
    return re.sub(r"dbname=\S+", f"dbname={name}", base)


# Columns that may differ between two runs that did the same work.
VOLATILE = {("chain.head", c) for c in ("stream_id", "changed_at", "node_head", "node_head_time", "seq", "fork_count")} | {
    ("chain.parked", "id"), ("chain.block", "agreed_by"), ("chain.parked", "parked_at"), ("ledger.head", "generation")}
SKIP = {"chain.position", "chain.fork", "chain.stream", "chain.halt", "chain.operation", "chain.operation_head", "chain.dispute"}


def assert_rollups(dsn):
    """The kept rollups of schema analytics are what all rows of the ledger make them."""
    wrong = psql(dsn, "SELECT rollup, count(*), min(block) FROM ledger.rollup_fault GROUP BY 1")
    assert not wrong, wrong


def tables(dsn, orphans=False):
    """{table: sorted rows as text} of everything that the indexer wrote, for comparing two runs."""
    assert_rollups(dsn)
    out = {}
    cols = psql(dsn, """SELECT n.nspname || '.' || c.relname, a.attname
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND n.nspname IN ('chain', 'staking', 'partnership', 'ledger') ORDER BY 1, a.attnum""")
    by_table = {}
    for t, c in cols:
        if (t, c) not in VOLATILE and t not in SKIP and (orphans or "orphan" not in t):
            by_table.setdefault(t, []).append(c)
    for t, names in by_table.items():
        rows = psql(dsn, f"SELECT {', '.join(names)} FROM {t}", tuples=False).splitlines()
        out[t] = sorted(rows)
    return out


def assert_same_tables(a, b, what=""):
    assert a.keys() == b.keys(), f"{what}: {a.keys() ^ b.keys()}"
    for t in a:
        if a[t] != b[t]:
            only_a, only_b = set(a[t]) - set(b[t]), set(b[t]) - set(a[t])
            raise AssertionError(f"{what}: {t} differs: {len(a[t])} and {len(b[t])} rows; only in the first "
                                 f"{sorted(only_a)[:3]}; only in the second {sorted(only_b)[:3]}")


def kill_if_there(pid):
    """kill -9 of a process that may have ended by itself meanwhile; None is none."""
    if pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


# ---- API --------------------------------------------------------------------------------------

class Api:
    def __init__(self, port):
        self.port = port

    def raw(self, path, headers=None, method="GET"):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30 * SLOW)
        c.request(method, path, headers=headers or {})
        r = c.getresponse()
        return r.status, dict(r.getheaders()), r.read()

    def get(self, path):
        s, _, b = self.raw(path)
        assert s == 200, f"{path}: {s} {b[:300]}"
        return json.loads(b)

    def all(self, path):
        rows, cursor = [], None
        while True:
            sep = "&" if "?" in path else "?"
            b = self.get(path + (f"{sep}cursor={urllib.parse.quote(cursor, safe='')}" if cursor else ""))
            rows += b["data"]
            cursor = b["next"]
            if not cursor:
                return rows

    def chain(self, key):
        return next(c for c in self.get("/v1/status")["chains"] if c["chain"] == key)

    def wait_indexed(self, key, block, seconds=60, block_hash=None):
        def check():
            try:
                c = self.chain(key)
                return c["indexed"] == block and block_hash in (None, c["indexed_hash"])
            except (OSError, http.client.HTTPException):
                return False
        wait_for(f"chain {key} indexed to {block}", check, seconds)


@contextlib.contextmanager
def up(*args, until_head=False, **kw):
    """`up` with an API on a free port; yields (Proc, Api)."""
    port = free_port()
    p = Proc("up", *args, "--listen", f"127.0.0.1:{port}", "--no-progress", **kw)
    try:
        p.wait_text(r'msg="started"')
        yield p, Api(port)
    finally:
        p.kill()


def number(x):
    return x if isinstance(x, int) else int(x, 0)


def forks(*path):
    out = []
    for f in gz(*path, "reorg.json.gz"):
        tip = max(number(b["block"]["number"]) for b in f["orphaned"])
        win = max(number(b["block"]["number"]) for b in f["canonical"])
        out.append((number(f["forkPoint"]), tip, win, f))
    return out


def network_file(*dirs):
    rc, out, err = run_cli("network", "from-recording", *dirs)
    assert rc == 0, err
    path = os.path.join(TMP, os.path.basename(dirs[0]) + ".json")
    with open(path, "w") as f:
        f.write(out)
    return path


def index_all(network, dsn, *args):
    """`up --until-head` into a database; must succeed."""
    p = Proc("up", "--network", network, "--database", dsn, "--listen", "127.0.0.1:0", "--until-head",
             "--no-progress", *args)
    rc = p.wait()
    assert rc == 0, f"up --until-head: {rc}\n{p.text()[-3000:]}"
    return p


def together(f, items, at_once=5):
    """f(item) for all items, some at a time (they mostly wait); the first failure is raised."""
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for done in [pool.submit(f, i) for i in items]:
            done.result()


# ---- recordings -------------------------------------------------------------------------------

def lines(*path):
    with gzip.open(os.path.join(RECORDINGS, *path), "rt") as f:
        for line in f:
            if line.strip():
                yield json.loads(line)


def gz(*path):
    with gzip.open(os.path.join(RECORDINGS, *path), "rt") as f:
        return json.load(f)


def meta(*path):
    with open(os.path.join(RECORDINGS, *path, "meta.json")) as f:
        return json.load(f)


FEE = "0x4dfe1bbbcf077ddc3e01291eea2d5c70c2b422b415d95645b9adcfd678cb1d63"
APPROVAL = "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"
MRC20 = {"0x4e2ca0515ed1aef1395f66b5303bb5d6f1bf9d61a353fa53f73f8ac9973fa9f6",
         "0xebff2602b3f468259e1e99f613fed6691f3a6526effe6ef3e768ba7ae7a36c4f",
         "0x67b714876402c93362735688659e2283b4a37fb21bab24bc759ca759ae851fd8"}


def wanted_root(m, log):
    """Is a log of a staking recording watched? Counted from meta.json, not from our network files."""
    if not hasattr(wanted_root, "cache") or wanted_root.cache[0] is not m:
        c = {v.lower() for k, v in m["contracts"].items() if isinstance(v, str)}
        c |= {v.lower() for v in m["contracts"]["partnerships"]} | {v.lower() for v in m["validatorShares"].values()}
        wanted_root.cache = (m, c, m["contracts"]["token"].lower())
    _, addresses, token = wanted_root.cache
    return log["address"] in addresses and not (log["address"] == token and log["topics"][:1] == [APPROVAL])


def wanted_bttc(log):
    a = int(log["address"], 16)
    return a in (0x1000, 0x1001) or (a == 0x1010 and log["topics"] and log["topics"][0] in MRC20)


def log_key(g):
    return (int(g["blockNumber"], 16), int(g["logIndex"], 16), g["transactionHash"], g["address"],
            "".join(t[2:] for t in g["topics"]), g["data"][2:])


def recorded_logs(*path):
    """The watched logs of a recording's canonical chain, as sorted keys."""
    bttc = path[-1] == "bttc"
    m = None if bttc else meta(*path)
    out = []
    for b in lines(*path, "receipts.ndjson.gz"):
        for r in b["receipts"]:
            for g in r["logs"]:
                if wanted_bttc(g) if bttc else wanted_root(m, g):
                    out.append(log_key(g))
    return sorted(out)


def stored_logs(dsn, key):
    rows = psql(dsn, f"""SELECT block, log_index, encode(tx, 'hex'), encode(address, 'hex'), encode(topics, 'hex'),
        encode(data, 'hex') FROM chain.log JOIN chain.chain USING (chain_id) WHERE key = '{key}'""")
    return sorted((int(b), int(i), "0x" + t, "0x" + a, tp, d) for b, i, t, a, tp, d in rows)


def run(names):
    """Run every test_* function of a file; a line each; exit 1 when one failed."""
    only = sys.argv[1:]
    failed = 0
    for name, f in list(names.items()):
        if not name.startswith("test_") or not callable(f) or (only and name not in only):
            continue
        t = time.time()
        try:
            f()
            print(f"ok   {name} {time.time() - t:.1f} s", flush=True)
        except Exception:
            failed += 1
            print(f"FAIL {name} {time.time() - t:.1f} s", flush=True)
            traceback.print_exc()
    shutil.rmtree(TMP, ignore_errors=True)
    sys.exit(1 if failed else 0)
