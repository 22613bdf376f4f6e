"""What the tests of the API share: a database filled by the real writer, a server on it, a client that
keeps its connection, the schemas of schema/api made strict, and forks made by SQL."""
import contextlib, copy, hashlib, http.client, json, os, re, threading

import jsonschema

from harness import (BIN, ROOT, SLOW, Proc, index_all, new_database, psql, wait_for)

_base = {}


def indexed_database(network="world"):
    """A database of its own, as a clean run leaves it (indexed once, copied)."""
    if network not in _base:
        _base[network] = new_database()
        index_all(network, _base[network])
    dsn = new_database()
    name, source = (re.search(r"dbname=(\S+)", d).group(1) for d in (dsn, _base[network]))
    base = os.environ["BTTC_TEST_PG"]
    psql(base, f"DROP DATABASE {name}")
    psql(base, f"CREATE DATABASE {name} TEMPLATE {source}")
    return dsn


class Client:
    """HTTP/1.1 with keep-alive. get(): (status, headers, body bytes); json(): parsed, checked."""

    def __init__(self, port):
        self.port, self.conn = port, None

    def raw(self, path, headers=None, method="GET", body=None):
        for attempt in (0, 1):
            try:
                if self.conn is None:
                    self.conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30 * SLOW)
                self.conn.request(method, path, body=body, headers=headers or {})
                r = self.conn.getresponse()
                data = r.read()
                return r.status, {k.lower(): v for k, v in r.getheaders()}, data
            except (http.client.HTTPException, OSError):
                self.conn = None
                if attempt:
                    raise

    def json(self, path, schema=None, status=200, headers=None):
        s, h, b = self.raw(path, headers)
        assert s == status, f"{path}: {s} {b[:300]}"
        v = json.loads(b)
        if s >= 400 and schema is None:
            assert h["content-type"] == "application/problem+json", (path, h)
            schema = "problem"
        if schema:
            check_schema(schema, v, path)
        return v

    def problem(self, path, status, parameter=None):
        v = self.json(path, status=status)
        assert v["status"] == status, v
        assert v.get("parameter") == parameter, f"{path}: parameter {v.get('parameter')!r}, not {parameter!r}"
        return v

    def walk(self, path, schema=None, pages=None):
        """All rows of a list by cursor; each page's size goes into `pages`."""
        rows, cursor = [], None
        sep = "&" if "?" in path else "?"
        while True:
            v = self.json(path + (f"{sep}cursor={cursor}" if cursor else ""), schema)
            rows += v["data"]
            if pages is not None:
                pages.append(len(v["data"]))
            cursor = v["next"]
            if not cursor:
                return rows
            assert v["data"], f"{path}: an empty page with a next one"


class Server:
    def __init__(self, dsn, network="world", args=(), env=None):
        self.dsn = dsn
        self.proc = Proc("serve", "--network", network, "--database", dsn, "--listen", "127.0.0.1:0", *args, env=env)
        self.port = int(self.proc.wait_text(r"api=\"http://127\.0\.0\.1:(\d+)\"").group(1))

    def client(self):
        return Client(self.port)

    def wait_database(self):
        c = self.client()
        wait_for("the server to reach its database", lambda: c.raw("/v1/status")[0] == 200, 30)
        return c


@contextlib.contextmanager
def serving(dsn=None, network="world", args=(), env=None, errors_ok=False):
    """A server on dsn (default: a fresh copy of the indexed network). Must end cleanly and without an
    error line in its log."""
    s = Server(dsn or indexed_database(), network, args, env)
    try:
        yield s
        s.proc.stop()
        text = s.proc.text()
        assert errors_ok or "level=error" not in text, text[-3000:]
        assert "Sanitizer" not in text and "runtime error" not in text, text[-6000:]
    finally:
        s.proc.kill()


# ---- schemas ----------------------------------------------------------------------------------

with open(os.path.join(ROOT, "schema", "api", "openapi.json")) as f:
    OPENAPI = json.load(f)


def _inline(v):
    """References resolved, and objects closed: what no schema names is a mistake here."""
    if isinstance(v, list):
        return [_inline(x) for x in v]
    if not isinstance(v, dict):
        return v
    if "$ref" in v:
        rest = {k: x for k, x in v.items() if k != "$ref"}
        return {**_inline(copy.deepcopy(OPENAPI["components"]["schemas"][v["$ref"].rsplit("/", 1)[1]])), **rest}
    out = {k: _inline(x) for k, x in v.items()}
    if "properties" in out and isinstance(out["properties"], dict):
        out.setdefault("additionalProperties", False)
    return out


_validators = {}


def check_schema(name, value, what=""):
    if name not in _validators:
        with open(os.path.join(ROOT, "schema", "api", name + ".json")) as f:
            ref = json.load(f)["$ref"]
        schema = _inline({"$ref": ref})
        jsonschema.Draft202012Validator.check_schema(schema)
        _validators[name] = jsonschema.Draft202012Validator(schema)
    errors = list(_validators[name].iter_errors(value))
    assert not errors, f"{what} against {name}: {errors[0].json_path}: {errors[0].message[:300]}"


# ---- forks by SQL -----------------------------------------------------------------------------

CHAIN = {"root": 31337, "bttc": 199}


def block_hash(dsn, chain, number):
    return "0x" + psql(dsn, f"SELECT encode(hash, 'hex') FROM chain.block WHERE chain_id = {CHAIN[chain]} "
                            f"AND number = {number}")[0][0]


def fake_hash(chain, number, branch):
    return hashlib.sha256(f"{chain}/{number}/{branch}".encode()).hexdigest()


def fork(dsn, chain, common, branch, logs_from=None):
    """Replace the blocks above `common` by as many of another branch, as the writer does, in one
    transaction. logs_from: a branch name whose rows (taken from the orphan tables) come back."""
    cid = CHAIN[chain]
    blocks = psql(dsn, f"SELECT number FROM chain.block WHERE chain_id = {cid} AND number > {common} ORDER BY 1")
    parent = block_hash(dsn, chain, common)[2:]
    new, old = [], parent
    for (n,) in blocks:
        h = fake_hash(chain, n, branch)
        new.append(f"({n}, '\\x{h}'::bytea, '\\x{old}'::bytea)")
        old = h
    psql(dsn, f"""BEGIN;
      INSERT INTO chain.fork (chain_id, fork, common_block, common_hash, depth, first_seq, last_seq)
        SELECT chain_id, fork_count + 1, {common}, '\\x{parent}', {len(blocks)}, 1, 1 FROM chain.head WHERE chain_id = {cid};
      INSERT INTO chain.orphan_block SELECT h.fork_count + 1, b.* FROM chain.block b JOIN chain.head h USING (chain_id)
        WHERE b.chain_id = {cid} AND number > {common};
      INSERT INTO chain.orphan_log SELECT h.fork_count + 1, b.hash, l.* FROM chain.log l JOIN chain.head h USING (chain_id)
        JOIN chain.block b ON b.chain_id = l.chain_id AND b.number = l.block WHERE l.chain_id = {cid} AND l.block > {common};
      CREATE TEMP TABLE keep ON COMMIT DROP AS SELECT * FROM chain.block WHERE chain_id = {cid} AND number > {common};
      DELETE FROM chain.log WHERE chain_id = {cid} AND block > {common};
      DELETE FROM staking.checkpoint WHERE chain_id = {cid} AND block > {common};
      DELETE FROM chain.block WHERE chain_id = {cid} AND number > {common};
      UPDATE keep SET hash = v.h, parent = v.p FROM (VALUES {', '.join(new)}) v(n, h, p) WHERE number = v.n;
      INSERT INTO chain.block SELECT * FROM keep;
      UPDATE chain.head SET fork_count = fork_count + 1,
        indexed_hash = (SELECT hash FROM chain.block b WHERE b.chain_id = {cid} AND b.number = indexed) WHERE chain_id = {cid};
      COMMIT""")


# ---- a database that goes away ----------------------------------------------------------------

class Gate:
    """A unix socket before the database server's; close() cuts all connections and refuses new ones."""

    def __init__(self, dsn, directory):
        import socket
        host = re.search(r"host=(\S+)", dsn).group(1)
        port = (re.search(r"port=(\d+)", dsn) or [0, "5432"])[1]
        self.socket, self.target = socket, (f"{host}/.s.PGSQL.{port}" if host.startswith("/") else (host, int(port)))
        self.path = os.path.join(directory, f".s.PGSQL.{port}")
        self.dsn = re.sub(r"host=\S+", f"host={directory}", dsn)
        self.pairs, self.listener = [], None
        self.open()

    def open(self):
        self.listener = self.socket.socket(self.socket.AF_UNIX)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o777)
        self.listener.listen(64)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                a, _ = listener.accept()
            except OSError:
                return
            unix = isinstance(self.target, str)
            b = self.socket.socket(self.socket.AF_UNIX if unix else self.socket.AF_INET)
            b.connect(self.target)
            self.pairs += [a, b]
            for x, y in ((a, b), (b, a)):
                threading.Thread(target=self._copy, args=(x, y), daemon=True).start()

    def _copy(self, x, y):
        try:
            while data := x.recv(65536):
                y.sendall(data)
        except OSError:
            pass
        for s in (x, y):
            with contextlib.suppress(OSError):
                s.shutdown(self.socket.SHUT_RDWR)

    def cut(self):
        """Drop what is connected; new connections are taken."""
        for s in self.pairs:
            with contextlib.suppress(OSError):
                s.shutdown(self.socket.SHUT_RDWR)
        self.pairs = []

    def close(self):
        os.unlink(self.path)
        self.listener.shutdown(self.socket.SHUT_RDWR)
        self.listener.close()
        self.cut()
