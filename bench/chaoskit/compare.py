"""Two databases row by row, and what must hold inside one. Tables come from the catalog, so one that is added
later is compared too; what is left out stands here with its reason."""
import subprocess

# Tables that two runs over the same chain may fill differently.
LEFT_OUT = {
    "bttc.migration": "when and how long: the steps themselves are in the schema that is compared",
    "chain.position": "offsets of the stream that this run read",
    "chain.stream": "the stream that this run read",
    "chain.operation": "says when",
    "chain.operation_head": "as chain.operation",
    "chain.fork": "which forks were seen depends on the moment; checked against the orphan tables instead",
}
# Columns likewise.
LEFT_OUT_COLUMNS = {
    ("chain.head", "seq"): "counts the blocks that were undone too",
    ("chain.head", "fork_count"): "as chain.fork",
    ("chain.head", "stream_id"): "as chain.position",
    ("chain.head", "changed_at"): "wall clock",
    ("chain.head", "node_head"): "as last heard before the end",
    ("chain.head", "node_head_time"): "as last heard before the end",
    ("ledger.head", "generation"): "counts the forks that were seen",
    ("chain.parked", "id"): "a counter",
    ("chain.parked", "parked_at"): "wall clock",
}
TABLES = """SELECT n.nspname || '.' || c.relname, a.attname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition
   AND n.nspname !~ '^(pg_|information_schema|analytics)' AND c.relname NOT IN ('operation', 'operation_head', 'dispute', 'override_set') ORDER BY 1, a.attnum"""
SCHEMA = """SELECT pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid AND i.indisready THEN ''
    ELSE ' NOT VALID' END FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname !~ '^(pg_|information_schema)'
UNION ALL SELECT n.nspname || '.' || coalesce((SELECT relname FROM pg_class WHERE oid = conrelid), '') || ' ' || conname || ' ' || pg_get_constraintdef(k.oid) || k.convalidated
  FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE n.nspname !~ '^(pg_|information_schema)'"""
# Each counts what is wrong; 0 is right.
INVARIANTS = {
    "every block up to the indexed one is there once": """SELECT count(*) FROM chain.head h JOIN chain.chain USING (chain_id)
        WHERE h.indexed IS NOT NULL AND h.indexed - first_block + 1 <> (SELECT count(*) FROM chain.block b
        WHERE b.chain_id = h.chain_id AND b.number BETWEEN first_block AND h.indexed)""",
    "no block is above the indexed one": """SELECT count(*) FROM chain.block b JOIN chain.head h USING (chain_id)
        WHERE b.number > h.indexed AND NOT EXISTS (SELECT FROM chain.coverage c WHERE c.chain_id = b.chain_id
        AND b.number BETWEEN c.from_block AND c.to_block)""",
    "the indexed hash is the block's": """SELECT count(*) FROM chain.head h LEFT JOIN chain.block b
        ON b.chain_id = h.chain_id AND b.number = h.indexed WHERE h.indexed_hash IS DISTINCT FROM b.hash""",
    "every block names the one below": """SELECT count(*) FROM chain.block b JOIN chain.block p
        ON p.chain_id = b.chain_id AND p.number = b.number - 1 WHERE p.hash <> b.parent""",
    "levels are counted": """SELECT count(*) FROM (SELECT chain_id, level, count(*) n FROM chain.block GROUP BY 1, 2) b
        FULL JOIN (SELECT * FROM chain.level_count WHERE blocks <> 0) l USING (chain_id, level) WHERE b.n IS DISTINCT FROM l.blocks""",
    "forks are counted": """SELECT count(*) FROM chain.head h WHERE fork_count <> (SELECT count(*) FROM chain.fork f
        WHERE f.chain_id = h.chain_id) OR fork_count <> coalesce((SELECT max(fork) FROM chain.fork f WHERE f.chain_id = h.chain_id), 0)""",
    "a fork's depth is the blocks that it removed": """SELECT count(*) FROM chain.fork f WHERE depth <>
        (SELECT count(*) FROM chain.orphan_block o WHERE o.chain_id = f.chain_id AND o.fork = f.fork)""",
    "records are counted": """SELECT count(*) FROM chain.head h JOIN chain.chain c USING (chain_id)
        WHERE seq <> (SELECT count(*) FROM chain.block b WHERE b.chain_id = h.chain_id)
        + 2 * (SELECT count(*) FROM chain.orphan_block o WHERE o.chain_id = h.chain_id)""",
}


# What follows the blocks: indexes of a first load; where there is a ledger, it, producers' counters and verdicts.
LATE = """SELECT coalesce(sum(chain.missing_log_indexes(h.chain_id)), 0) = 0
  AND count(*) FILTER (WHERE c.role = 'staking' AND l.block < h.indexed) = 0
  AND count(*) FILTER (WHERE c.role = 'child' AND j.block < h.indexed) = 0
  AND NOT EXISTS (SELECT FROM ledger.join_head, staking.checkpoint k WHERE k.end_block <= (SELECT max(b.indexed) FROM chain.head b
    JOIN chain.chain a USING (chain_id) WHERE a.role = 'child') AND NOT EXISTS (SELECT FROM ledger.verdict v
    WHERE (v.chain_id, v.block, v.log_index) = (k.chain_id, k.block, k.log_index)))
  FROM chain.head h JOIN chain.chain c USING (chain_id) LEFT JOIN ledger.head l USING (chain_id)
  LEFT JOIN ledger.join_head j USING (chain_id)"""


class Unreadable(Exception):
    """The database could not be asked: down, or in recovery."""


def idle(dsn):
    """Has all that follows from stored blocks been done? False also when nobody can say."""
    try:
        return ask(dsn, LATE, 5) == [["t"]]
    except Unreadable:
        return False


def ask(dsn, sql, seconds=60):
    """Rows as lists of text."""
    try:
        r = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-F", "\x1f", "-d", f"{dsn} connect_timeout=5", "-c", sql],
                           capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Unreadable(f"no answer in {seconds} s") from None
    if r.returncode:
        raise Unreadable(r.stderr.strip() or f"psql ended with {r.returncode}")
    return [line.split("\x1f") for line in r.stdout.splitlines()]


def script(dsn, queries):
    """{name: SELECT} to {name: sorted rows as text}, in one session and one snapshot."""
    mark = "\x1e"
    text = ["BEGIN ISOLATION LEVEL REPEATABLE READ;", "SET LOCAL search_path = pg_catalog;"]
    for i, q in enumerate(queries.values()):
        text += [f"\\echo '{mark}{i}'", f"COPY ({q}) TO STDOUT;"]
    r = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", f"{dsn} connect_timeout=5"], input="\n".join(text),
                       capture_output=True, text=True, timeout=120)
    if r.returncode:
        raise Unreadable(r.stderr.strip())
    parts = [p.split("\n")[1:-1] for p in r.stdout.split(mark)[1:]]
    assert len(parts) == len(queries), f"{len(queries)} questions, {len(parts)} answers"
    return dict(zip(queries, map(sorted, parts)))


def columns(dsn):
    out = {}
    for t, c in ask(dsn, TABLES):
        if t not in LEFT_OUT and (t, c) not in LEFT_OUT_COLUMNS:
            out.setdefault(t, []).append(c)
    return out


def is_orphan(table):
    return table.split(".")[1].startswith("orphan_")


class Content:
    """What a database holds: tables of the canonical chain, schema, orphaned rows by table and block hash."""

    def __init__(self, dsn, forks=False):
        cols = columns(dsn)
        q = {t: f"SELECT {', '.join(c)} FROM {t}" for t, c in cols.items() if not is_orphan(t)}
        q["schema"] = SCHEMA
        for t, c in cols.items():
            if not is_orphan(t):
                continue
            block_hash = "block_hash" if "block_hash" in c else "hash"
            own = [x for x in c if x not in ("fork", "block_hash")]
            q[t] = f"SELECT DISTINCT encode({block_hash}, 'hex'), {', '.join(own)} FROM {t}"
            base = t.replace(".orphan_", ".")
            if forks and base in cols:  # a canonical block may be undone too, and come again
                at = "number" if "number" in own else "block"
                q[f"{t} canonical"] = (f"SELECT encode(k.hash, 'hex'), {', '.join('x.' + y for y in own)} FROM {base} x "
                                       f"JOIN chain.block k ON k.chain_id = x.chain_id AND k.number = x.{at}")
        self.tables, self.orphans = {}, {}
        for name, rows in script(dsn, q).items():
            if is_orphan(name) if "." in name else False:
                by_hash = self.orphans.setdefault(name.split(" ")[0], {})
                for row in rows:
                    by_hash.setdefault(row[:64], set()).add(row)
            else:
                self.tables[name] = rows

    def rows(self):
        return sum(len(r) for r in self.tables.values())


def differences(got, want):
    """Lines that say what differs, tables and schema; empty: nothing does."""
    out = []
    for t in sorted(got.tables.keys() | want.tables.keys()):
        a, b = got.tables.get(t), want.tables.get(t)
        if a is None or b is None:
            out.append(f"{t}: only in the {'clean run' if a is None else 'tested run'}")
        elif a != b:
            more, less = set(a) - set(b), set(b) - set(a)
            twice = len(a) - len(set(a))
            out.append(f"{t}: {len(a)} rows, clean {len(b)}; {len(less)} lost, {len(more)} not in the clean run, {twice} doubled")
            out += [f"    lost      {r[:300]}" for r in sorted(less)[:3]] + [f"    not clean {r[:300]}" for r in sorted(more)[:3]]
    return out


def orphan_differences(got, want):
    """Orphaned rows against those that a scripted run of each fork left: every removed block is whole and true."""
    out = []
    blocks = got.orphans.get("chain.orphan_block", {})
    for t, by_hash in got.orphans.items():
        known = want.orphans.get(t, {})
        for h in by_hash.keys() | (blocks.keys() & known.keys()):
            if by_hash.get(h, set()) != known.get(h, set()):
                out.append(f"{t}: block {h}: {len(by_hash.get(h, ()))} rows, clean {len(known.get(h, ()))}")
    return out


def broken(dsn):
    return [f"not true: {name} ({rows[0]} wrong)" for name, rows in script(dsn, INVARIANTS).items() if rows != ["0"]]
