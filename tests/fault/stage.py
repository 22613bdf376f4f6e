"""Where placements happen: pieces of the recorded chains, each with a database indexed up to its start and one
indexed cleanly to its end; the replayed nodes of a worker; comparing tables."""
import json, os, random, re, subprocess
import harness, lies
from harness import psql

CASES = {  # case: (network's recordings, shape, chain key, directory of the chain's recording, blocks of a piece)
    "golden": (["golden"], "ethereum", "root", ("golden",), 40),
    "root": (["world/root", "world/bttc"], "ethereum", "root", ("world", "root"), 40),
    "bttc": (["world/root", "world/bttc"], "ethereum", "bttc", ("world", "bttc"), 140),
    "tron": (["golden"], "tron", "root", ("golden",), 40),
}
BRIDGE = "0x00000000000000000000000000000000000a0001"  # logs of it come in state-sync transactions only
WORLD_ROOT_HEAD, WORLD_BTTC_HEAD = 389, 700  # of the chain that no lie is about


def directories(case):
    return [os.path.join(harness.RECORDINGS, d) for d in CASES[case][0]]


def network_file(case, **more):
    """The network of a case; more: fields of the chain that are set."""
    rc, out, err = harness.run_cli("network", "from-recording", *directories(case), "--shape", CASES[case][1])
    assert rc == 0, err
    net = json.loads(out)
    chain = next(c for c in net["chains"] if c["key"] == CASES[case][2])
    chain.update(more)
    if case == "bttc":
        chain["contracts"].append({"name": "Bridge", "address": BRIDGE, "abi": []})
        chain["watches"].append({"contract": "Bridge"})
    path = os.path.join(harness.TMP, f"{case}{''.join(sorted(map(str, more.values())))}.json")
    with open(path, "w") as f:
        json.dump(net, f)
    return path, chain


# ---- facts -------------------------------------------------------------------------------------

class Facts:
    """What the suite knows about a piece: which blocks a lie of some need can be about."""

    def __init__(self, case, chain):
        self.case, self.keeps_calls = case, case != "bttc"
        meta = None if case == "bttc" else harness.meta(*CASES[case][3])
        self.wanted = (lambda g: g["address"] == BRIDGE or harness.wanted_bttc(g)) if case == "bttc" else (
            lambda g: harness.wanted_root(meta, g))
        self.addresses = {a for c in chain["contracts"] if c.get("accounted")
                          for a in [c.get("address"), *c.get("addresses", [])] if a}
        self.blocks, self.templates, self.checkpoint_txs, self.checkpoint_inputs = {}, [], set(), []

    def accounted(self, to):
        return self.keeps_calls and to in self.addresses

    def checkpoint_call(self, tx):
        return tx["hash"] in self.checkpoint_txs

    def template_log(self, rng):
        return rng.choice(self.templates)

    def other_header(self, number, rng):
        others = OTHER["golden" if self.case in ("root", "bttc") else "root"]
        return others.get(number) or others[rng.choice(sorted(others))]

    def add(self, b, receipts):
        n, txs = int(b["number"], 16), b["transactions"]
        rs = lies.real(receipts, b)
        kept = [rs[i]["logs"][j] for i, j in lies.logs_that(rs, self.wanted)]
        has = {"any"}
        has |= {"rows"} if kept else {"quiet"} if rs else set()
        for t, r in zip(txs, rs):
            calls = self.accounted(t["to"])
            has |= {"calls"} if calls and len(t["input"]) > 10 else set()
            has |= {"fees"} if any(int(g["address"], 16) == 0x1010 and g["topics"][0] == harness.FEE for g in r["logs"]) else set()
            if calls and any(g["topics"][:1] == [lies.NEW_HEADER_BLOCK] for g in r["logs"]):
                has.add("checkpoint")
                self.checkpoint_txs.add(t["hash"])
                self.checkpoint_inputs.append(t["input"])
        if any(self.wanted(g) for r in receipts[len(rs):] for g in r["logs"]):
            has.add("sync")
        if self.case == "bttc" and n % 64 == 63:
            has.add("sprint end")
        self.templates += kept[:2]
        self.blocks[n] = has

    def kinds(self, low, high):
        """How many kinds of blocks there are from low to three before high."""
        return len(set().union(*(self.blocks.get(n, set()) for n in range(low + 1, high - 2))))

    def that(self, need, low, high):
        want = set(need.replace("sprint end", "sprint_end").split())
        want = {w.replace("_", " ") for w in want} - {"deep"}
        return [n for n in sorted(self.blocks) if low <= n <= high and want <= self.blocks[n]]


OTHER = {}


def load_others():
    for name, path in (("golden", ("golden",)), ("root", ("world", "root"))):
        if name not in OTHER:
            OTHER[name] = {int(b["number"], 16): b for b in harness.lines(*path, "blocks.ndjson.gz")}


# ---- nodes -------------------------------------------------------------------------------------

class Nodes:
    """The replayed nodes of one process, started when first needed."""

    def __init__(self):
        self.servers = {}

    def of(self, case):
        key = "world" if case in ("root", "bttc") else case
        if key not in self.servers:
            self.servers[key] = harness.Replay(*directories(case), args=["--shape", CASES[case][1]])
        return self.servers[key]

    def head(self, case, block):
        """Both heads of the world are set, the one that no lie is about to its fixed place."""
        heads = {CASES[case][2]: {"head": block}}
        if case == "root":
            heads["bttc"] = {"head": WORLD_BTTC_HEAD}
        elif case == "bttc":
            heads["root"] = {"head": WORLD_ROOT_HEAD}
        self.of(case).control(heads)

    def close(self):
        for r in self.servers.values():
            r.close()


# ---- tables ------------------------------------------------------------------------------------

def dsn_of(name):
    return re.sub(r"dbname=\S+", f"dbname={name}", os.environ["BTTC_TEST_PG"])


def copy_database(name, template):
    psql(os.environ["BTTC_TEST_PG"], f"CREATE DATABASE {name} TEMPLATE {template}")
    return dsn_of(name)


def drop_database(name):
    psql(os.environ["BTTC_TEST_PG"], f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


class Tables:
    """The columns that two runs must agree on, and digests of them."""

    def __init__(self, dsn):
        cols = psql(dsn, """SELECT n.nspname || '.' || c.relname, a.attname FROM pg_class c JOIN pg_namespace n
            ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
            AND n.nspname IN ('chain', 'staking', 'partnership', 'ledger') ORDER BY 1, a.attnum""")
        self.columns = {}
        for t, c in cols:
            if (t, c) not in harness.VOLATILE and t not in harness.SKIP and "orphan" not in t:
                self.columns.setdefault(t, []).append(c)

    def query(self, table, cut=None):
        """cut: (key of the chain, last stored block, last folded block): only rows of that chain up to there."""
        c = self.columns[table]
        q = f"SELECT ROW({', '.join(c)})::text AS r FROM {table}"
        if not cut:
            return q
        at = "number" if table == "chain.block" else "block"
        if at not in c or "chain_id" not in c or table.endswith("head") or table == "ledger.verdict":
            return None
        return f"{q} WHERE chain_id = (SELECT chain_id FROM chain.chain WHERE key = '{cut[0]}') AND {at} <= " \
               f"{cut[2] if table.startswith('ledger.') else cut[1]}"

    def digests(self, dsn, cut=None):
        each = [(t, self.query(t, cut)) for t in self.columns]
        rows = psql(dsn, " UNION ALL ".join(
            f"SELECT '{t}', count(*)::text, md5(coalesce(string_agg(r, E'\\n' ORDER BY r COLLATE \"C\"), '')) FROM ({q}) x"
            for t, q in each if q))
        return {t: (n, d) for t, n, d in rows}

    def difference(self, a, b, table, cut=None):
        """A line for a person."""
        x, y = ({r[0] for r in psql(d, self.query(table, cut))} for d in (a, b))
        return f"{table}: only here {sorted(x - y)[:2]}, only in the clean run {sorted(y - x)[:2]}"[:900]


# ---- pieces ------------------------------------------------------------------------------------

class Slice:
    def __init__(self, case, low, high, base, clean, network):
        self.case, self.low, self.high, self.base, self.clean, self.network = case, low, high, base, clean, network
        self.key = CASES[case][2]


def until_head(case, network, nodes, dsn):
    rpc = [x for k in (["root", "bttc"] if case in ("root", "bttc") else ["root"]) for x in ("--rpc", f"{k}={nodes.of(case).url(k)}")]
    harness.index_all(network, dsn, *rpc)


class Slices:
    """n pieces (first block, last block] of each case, evenly over the chain, shifted by the seed."""

    def __init__(self, n, seed, cases, **more):
        load_others()
        self.nodes, self.list, self.facts, self.tables, self.names = Nodes(), {}, {}, None, []
        for case in cases:
            network, chain = network_file(case, **more)
            self.facts[case] = Facts(case, chain)
            self.make(case, n, random.Random(f"{seed}/{case}"), network, chain["first_block"])
        self.nodes.close()

    def make(self, case, n, rng, network, first):
        path, size = CASES[case][3], CASES[case][4]
        last = WORLD_ROOT_HEAD if case == "root" else int(harness.meta(*path).get("lastBlock") or 0) or max(
            int(b["number"], 16) for b in harness.lines(*path, "blocks.ndjson.gz"))
        for b, r in zip(harness.lines(*path, "blocks.ndjson.gz"), harness.lines(*path, "receipts.ndjson.gz")):
            self.facts[case].add(b, r["receipts"])
        room = (last - first - size) // n
        prefix, template = f"f{os.getpid()}_{case}", "template0"
        for k in range(n):
            lows = [first + k * room + rng.randrange(max(1, room - size)) + 5 for _ in range(30)]
            low = max(lows, key=lambda at: self.facts[case].kinds(at, at + size))  # the richest: every lie finds a block
            base, clean = f"{prefix}_{k}", f"{prefix}_{k}c"
            for name, at, of in ((base, low, template), (clean, low + size, base)):
                self.nodes.head(case, at)
                until_head(case, network, self.nodes, copy_database(name, of))
                self.names.append(name)
            template = base
            self.list.setdefault(case, []).append(Slice(case, low, low + size, base, clean, network))
        self.tables = self.tables or Tables(dsn_of(f"{prefix}_0"))
        for s in self.list[case]:
            s.digests = self.tables.digests(dsn_of(s.clean))

    def close(self):
        for name in self.names:
            drop_database(name)
