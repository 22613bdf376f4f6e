"""The API's answers against the database that the real writer filled: lists, filters, forms, forks,
caching, errors. Every JSON answer is validated against schema/api, with nothing undocumented allowed."""
import csv, io, itertools, json, os, re, subprocess

from api_kit import (BIN, CHAIN, ROOT, block_hash, check_schema, fork, indexed_database, serving)
from harness import TMP, psql, run

DSN = indexed_database()


def keys(rows):
    return [(r["chain"], r["block"], r["log_index"]) for r in rows]


def sql_rows(where="true", table="chain.log", order="asc", dsn=DSN, chains=("bttc", "root")):
    """(chain, block, log_index) in list order: time, chain, block, log index."""
    way = "" if order == "asc" else " DESC"
    names = ", ".join(f"'{c}'" for c in chains)
    return [(c, int(b), int(i)) for c, b, i in psql(dsn, f"""
        SELECT c.key, l.block, l.log_index FROM {table} l JOIN chain.chain c USING (chain_id)
        JOIN chain.block b ON b.chain_id = l.chain_id AND b.number = l.block
        JOIN chain.head h ON h.chain_id = l.chain_id
        WHERE l.block <= h.indexed AND c.key IN ({names}) AND ({where})
        ORDER BY b.time{way}, c.key COLLATE "C"{way}, l.block{way}, l.log_index{way}""")]


SLOWEST = "b.time <= (SELECT min(indexed_time) FROM chain.head)"


def test_pages_equal_the_tables():
    with serving(DSN) as s:
        c = s.wait_database()
        for order, limit in itertools.product(("asc", "desc"), (1, 7, 50, 499, 500)):
            for chain in ("root", "bttc", None):
                if limit == 1 and chain != "bttc":
                    continue
                pages = []
                rows = c.walk(f"/v1/events?limit={limit}&order={order}" + (f"&chain={chain}" if chain else ""),
                              "events", pages)
                want = sql_rows("true" if chain else SLOWEST, order=order, chains=(chain,) if chain else ("bttc", "root"))
                assert keys(rows) == want, (order, limit, chain, len(rows), len(want))
                assert all(n == limit for n in pages[:-1]) and pages[-1] <= limit
        assert keys(c.walk("/v1/events?limit=500&chain=root")) == sql_rows(order="desc", chains=("root",))


def test_several_chains_stop_at_the_slowest():
    dsn = indexed_database()
    n = int(psql(dsn, "SELECT number FROM chain.block WHERE chain_id = 199 AND time <= '2024-01-01T03:00:00Z' "
                      "ORDER BY number DESC LIMIT 1")[0][0])
    psql(dsn, f"UPDATE chain.head h SET (indexed, indexed_hash, indexed_time) = (SELECT number, hash, time FROM "
              f"chain.block b WHERE b.chain_id = 199 AND number = {n}) WHERE chain_id = 199")
    with serving(dsn) as s:
        c = s.wait_database()
        want = sql_rows(SLOWEST, dsn=dsn)
        assert 0 < len(want) < len(sql_rows(dsn=dsn))
        for limit in (3, 100):
            assert keys(c.walk(f"/v1/events?order=asc&limit={limit}")) == want
            assert keys(c.walk(f"/v1/events?order=desc&limit={limit}")) == want[::-1]
        # the same from page to page while the slow chain goes on: nothing is missed, nothing repeated
        first = c.json("/v1/events?order=asc&limit=500", "events")
        psql(dsn, "UPDATE chain.head h SET (indexed, indexed_hash, indexed_time) = (SELECT number, hash, time FROM "
                  "chain.block b WHERE b.chain_id = 199 ORDER BY number DESC LIMIT 1) WHERE chain_id = 199")
        rows, cursor = first["data"], first["next"]
        while cursor:
            v = c.json(f"/v1/events?order=asc&limit=500&cursor={cursor}")
            rows, cursor = rows + v["data"], v["next"]
        assert keys(rows) == sql_rows(SLOWEST, dsn=dsn)
        # a chain without any block: nothing can be said about all chains
        psql(dsn, "UPDATE chain.head SET indexed = NULL, indexed_hash = NULL, indexed_time = NULL WHERE chain_id = 199")
        assert c.json("/v1/events", "events")["data"] == []
        assert len(c.walk("/v1/events?chain=root&limit=500")) == len(sql_rows(dsn=dsn, chains=("root",)))


# Rows of BTTC under a final checkpoint whose root is right and which no reset voided.
CHECKPOINTED = """(l.chain_id = 199 AND EXISTS (SELECT FROM staking.checkpoint c JOIN ledger.verdict v USING (chain_id, block, log_index)
  WHERE v.verdict = 'match' AND l.block BETWEEN c.start_block AND c.end_block AND c.block <= (SELECT final FROM chain.head WHERE chain_id = 31337)
  AND NOT EXISTS (SELECT FROM chain.log r WHERE r.chain_id = 31337 AND r.event = 'ResetHeaderBlock' AND (r.block, r.log_index) > (c.block, c.log_index)
    AND ('x' || encode(substring(r.topics FROM 89 FOR 8), 'hex'))::bit(64)::bigint <= c.header_block_id)))"""


def test_filters_equal_sql():
    address = psql(DSN, "SELECT encode(address, 'hex') FROM chain.log WHERE contract = 'ValidatorShare' LIMIT 1")[0][0]
    mid = psql(DSN, "SELECT to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM chain.block "
                    "WHERE chain_id = 31337 AND number = 250")[0][0]
    cases = [
        ("event=Transfer", "event = 'Transfer'"),
        ("event=Transfer&contract=StakingNFT", "event = 'Transfer' AND contract = 'StakingNFT'"),
        ("event=Transfer&contract=ValidatorShare", "event = 'Transfer' AND contract = 'ValidatorShare'"),
        ("event=NewHeaderBlock&contract=RootChain", "event = 'NewHeaderBlock'"),
        ("event=NewHeaderBlock&contract=StakeManager", "false"),
        ("contract=ValidatorShare", "contract = 'ValidatorShare'"),
        ("contract=ValidatorPartnership", "contract = 'ValidatorPartnership'"),
        ("contract=Registry", "contract = 'Registry'"),
        ("contract=MRC20", "contract = 'MRC20'"),
        ("validator_id=3", "validator_id = 3"),
        ("validator_id=3&event=StakeUpdate", "validator_id = 3 AND event = 'StakeUpdate'"),
        ("validator_id=3&contract=StakingInfo", "validator_id = 3 AND contract = 'StakingInfo'"),
        ("validator_id=0", "false"),
        ("validator_id=9223372036854775807", "false"),
        (f"address=0x{address}", f"address = '\\x{address}'"),
        (f"address=0x{address.upper()}&event=Transfer", f"address = '\\x{address}' AND event = 'Transfer'"),
        (f"address=0x{address}&contract=Token", "false"),
        ("chain=root&from=200&to=300", "l.block BETWEEN 200 AND 300 AND l.chain_id = 31337"),
        ("chain=root&from=389", "l.block >= 389 AND l.chain_id = 31337"),
        ("chain=root&to=0", "false"),
        ("chain=root&to=9223372036854775807", "l.chain_id = 31337"),
        (f"from={mid}", f"b.time >= '{mid}'"),
        (f"to={mid}", f"b.time <= '{mid}'"),
        (f"from={mid}&to={mid}", f"b.time = '{mid}'"),
        (f"chain=bttc&from={mid}&event=Withdraw", f"l.chain_id = 199 AND b.time >= '{mid}' AND event = 'Withdraw'"),
        ("from=1990-01-01T00:00:00Z&to=1990-01-02T00:00:00Z", "false"),
        ("from=2090-01-01T00:00:00Z", "false"),
        ("to=2090-01-01T00:00:00Z", "true"),
        ("finality=safe", "l.block <= h.safe"),
        ("finality=final", f"l.block <= h.final OR {CHECKPOINTED}"),
        ("finality=checkpointed&chain=bttc", CHECKPOINTED),
        ("chain=bttc&finality=pending", "l.chain_id = 199"),
        ("verification=bloom", "b.level >= 3"),
        ("verification=receipts", "b.level >= 4"),
        ("verification=quorum", "b.level >= 5"),
        ("event=Slashed", "false"),
    ]
    with serving(DSN) as s:
        c = s.wait_database()
        for text, where in cases:
            where = where if "chain=" in text else f"({where}) AND {SLOWEST}"
            for order in ("asc", "desc"):
                got = keys(c.walk(f"/v1/events?{text}&order={order}&limit=37", "events"))
                assert got == sql_rows(where, order=order), (text, order, len(got))
        for text, where in [
                ("kind=main", "l.kind = 1"), ("kind=sync", "l.kind = 2"), ("kind=mirror", "false"),
                ("root_chain_id=2", "root_chain_id = 2"), ("root_chain_id=99", "false"),
                ("checkpoint_id=7", "checkpoint_id = 7"), ("checkpoint_id=7&kind=sync", "checkpoint_id = 7 AND l.kind = 2"),
                ("chain=bttc", "false"), ("from=200&to=250", "l.block BETWEEN 200 AND 250"), ("", "true"),
                ("finality=final&order=asc", "l.block <= h.final"), ("chain=root&kind=mirror", "false")]:
            order = "asc" if "asc" in text else "desc"
            got = keys(c.walk(f"/v1/checkpoints?limit=10&{text}", "checkpoints"))
            assert got == sql_rows(where, "staking.checkpoint", order), (text, len(got))
        who = psql(DSN, "SELECT encode(proposer, 'hex'), count(*) FROM staking.checkpoint GROUP BY 1 ORDER BY 2 DESC")[0]
        rows = c.walk(f"/v1/checkpoints?proposer=0x{who[0]}&limit=3")
        assert len(rows) == int(who[1]) and {r["proposer"] for r in rows} == {"0x" + who[0]}


def test_finality_and_verification_of_rows():
    dsn = indexed_database()
    psql(dsn, "UPDATE chain.head SET safe = 300, final = 250 WHERE chain_id = 31337; "
              "UPDATE chain.head SET safe = 5000, final = 4000 WHERE chain_id = 199; "
              "UPDATE chain.block SET level = 1 WHERE chain_id = 31337 AND number % 2 = 0; "
              "DELETE FROM chain.level_count; INSERT INTO chain.level_count SELECT chain_id, level, count(*) "
              "FROM chain.block GROUP BY 1, 2")
    with serving(dsn) as s:
        c = s.wait_database()
        for r in c.walk("/v1/events?limit=500&chain=root"):
            assert r["finality"] == ("final" if r["block"] <= 250 else "safe" if r["block"] <= 300 else "pending")
            assert (r["verification"] == "linked") == (r["block"] % 2 == 0)
        # BTTC is never final: checkpoints of the staking chain that are cover its rows
        rows = c.walk("/v1/events?limit=500&chain=bttc")
        assert {(r["finality"], r["block"] <= 5000) for r in rows} == {
            ("checkpointed", True), ("safe", True), ("pending", False)}
        under = keys([r for r in rows if r["finality"] == "checkpointed"])
        assert under == sql_rows(CHECKPOINTED, dsn=dsn, order="desc") and under
        assert keys(c.walk("/v1/events?chain=bttc&finality=final&limit=30")) == under
        for text, where in [("finality=final", f"l.chain_id = 31337 AND l.block <= 250 OR {CHECKPOINTED}"),
                            ("finality=safe", "l.block <= h.safe"), ("verification=hashed", "b.level >= 2"),
                            ("verification=linked", "b.level >= 1"), ("verification=hashed&event=Transfer",
                             "b.level >= 2 AND event = 'Transfer'"),
                            ("verification=receipts&contract=ValidatorShare", "b.level >= 4 AND contract = 'ValidatorShare'")]:
            got = keys(c.walk(f"/v1/events?{text}&limit=100&order=asc"))
            assert got == sql_rows(f"({where}) AND {SLOWEST}", dsn=dsn), (text, len(got))
        psql(dsn, "UPDATE chain.head SET safe = NULL, final = NULL")
        assert c.json("/v1/events?chain=root&finality=safe")["data"] == []
        assert {r["finality"] for r in c.json("/v1/events?chain=root&limit=9")["data"]} == {"pending"}


# ---- arguments, decoded a second time ---------------------------------------------------------

def load_abis():
    out = {}
    for name in os.listdir(os.path.join(ROOT, "schema", "abi")):
        with open(os.path.join(ROOT, "schema", "abi", name)) as f:
            abi = json.load(f)
        for e in abi if isinstance(abi, list) else abi["abi"]:
            if e.get("type") == "event":
                out.setdefault((e["name"], sum(i["indexed"] for i in e["inputs"])), []).append(e["inputs"])
    return out


def word_value(t, w):
    if t == "address":
        return "0x" + w[24:]
    if t == "bool":
        return w == "0" * 63 + "1"
    if t.startswith("uint"):
        return str(int(w, 16))
    if t.startswith("int"):
        v = int(w, 16)
        return str(v - (1 << 256) if v >> 255 else v)
    if re.fullmatch(r"bytes\d+", t):
        return "0x" + w[:2 * int(t[5:])]
    raise KeyError(t)


def decode(inputs, topics, data):
    topics, at, out = topics[1:], 0, {}
    for i in inputs:
        if i["indexed"]:
            t = topics.pop(0)
            out[i["name"]] = word_value(i["type"], t) if not re.search(r"\[|^bytes$|^string$", i["type"]) else "0x" + t
            continue
        w = data[at:at + 64]
        at += 64
        if i["type"] in ("bytes", "string"):
            o = int(w, 16) * 2
            n = int(data[o:o + 64], 16) * 2
            raw = data[o + 64:o + 64 + n]
            out[i["name"]] = "0x" + raw if i["type"] == "bytes" else bytes.fromhex(raw).decode()
        elif i["type"].endswith("[]"):
            o = int(w, 16) * 2
            n = int(data[o:o + 64], 16)
            out[i["name"]] = [word_value(i["type"][:-2], data[o + 64 * (k + 1):o + 64 * (k + 2)]) for k in range(n)]
        else:
            out[i["name"]] = word_value(i["type"], w)
    return out


def test_arguments():
    abis = load_abis()
    raw = {}
    for chain, block, index, topics, data in psql(DSN, "SELECT key, block, log_index, encode(topics, 'hex'), "
                                                       "encode(data, 'hex') FROM chain.log JOIN chain.chain USING (chain_id)"):
        raw[chain, int(block), int(index)] = ([topics[i:i + 64] for i in range(0, len(topics), 64)], data)
    seen = set()
    with serving(DSN) as s:
        for r in s.wait_database().walk("/v1/events?limit=500", "events"):
            topics, data = raw[r["chain"], r["block"], r["log_index"]]
            assert r["args"] is not None and r["raw"] is None, r
            forms = abis.get((r["event"], len(topics) - 1), [])
            if r["chain"] == "root":
                assert any(decode(f, topics, data) == r["args"] for f in forms), r
                seen.add(r["event"])
    assert len(seen) > 30, seen


def test_what_cannot_be_decoded_is_shown_raw():
    dsn = indexed_database()
    psql(dsn, "UPDATE chain.log SET event = NULL, topics = '\\x" + "ab" * 32 + "', data = '\\x0102' "
              "WHERE chain_id = 31337 AND (block, log_index) = (SELECT block, log_index FROM chain.log "
              "WHERE chain_id = 31337 ORDER BY 1, 2 LIMIT 1)")
    psql(dsn, "UPDATE chain.log SET topics = '', data = '' WHERE chain_id = 31337 AND (block, log_index) = (SELECT block, "
              "log_index FROM chain.log WHERE chain_id = 31337 ORDER BY 1, 2 LIMIT 1 OFFSET 1)")
    with serving(dsn) as s:
        a, b, *_ = s.wait_database().json("/v1/events?chain=root&order=asc", "events")["data"]
        assert a["event"] is None and a["args"] is None
        assert a["raw"] == {"topics": ["0x" + "ab" * 32], "data": "0x0102"}
        assert b["args"] is None and b["raw"] == {"topics": [], "data": "0x"}


# ---- forms ------------------------------------------------------------------------------------

def csv_value(v):
    return "" if v is None else "true" if v is True else "false" if v is False else v if isinstance(v, str) else \
        json.dumps(v, separators=(",", ":"), ensure_ascii=False) if isinstance(v, (dict, list)) else str(v)


def test_csv_and_ndjson_are_the_same_rows():
    with serving(DSN) as s:
        c = s.wait_database()
        for path in ("/v1/events?order=asc", "/v1/events?chain=root&order=desc", "/v1/checkpoints",
                     "/v1/events?event=Transfer&contract=StakingNFT", "/v1/events?event=Slashed",
                     "/v1/checkpoints?chain=bttc"):
            sep = "&" if "?" in path else "?"
            rows = c.walk(f"{path}{sep}limit=500")
            st, h, body = c.raw(f"{path}{sep}format=csv")
            assert st == 200 and h["content-type"].startswith("text/csv"), h
            text = body.decode()
            assert text.count("\r\n") == len(rows) + 1 and text.endswith("\r\n")
            table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
            names, lines = table[0], table[1:]
            assert len(lines) == len(rows)
            for line, r in zip(lines, rows):
                got = dict(zip(names, line))
                for k in names:
                    assert got[k] == csv_value(r.get(k)), (k, got[k], r.get(k))
                assert set(r) <= set(names)
            st, h, body = c.raw(f"{path}{sep}format=ndjson&limit=1")  # streams have no limit
            assert st == 200 and h["content-type"] == "application/x-ndjson"
            assert [json.loads(x) for x in body.decode().splitlines()] == rows
        # a stream goes on from a cursor too
        cursor = c.json("/v1/events?chain=root&limit=10")["next"]
        st, _, body = c.raw(f"/v1/events?chain=root&format=ndjson&cursor={cursor}")
        assert len(body.splitlines()) == len(sql_rows(chains=("root",))) - 10


def test_accept():
    with serving(DSN) as s:
        c = s.wait_database()
        for accept, kind in [("text/csv", "text/csv"), ("application/x-ndjson", "application/x-ndjson"),
                             ("application/json", "application/json"), ("*/*", "application/json"), ("image/png", "application/json"),
                             ("text/csv;q=0.5, application/json", "application/json"),
                             ("text/csv; q=0.9, application/json;q=0.8", "text/csv"),
                             ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
                             ("TEXT/CSV", "text/csv"), ("text/csv;q=0, application/json;q=0.1", "application/json"), ("", "application/json")]:
            _, h, _ = c.raw("/v1/checkpoints", {"Accept": accept})
            assert h["content-type"].startswith(kind), (accept, h["content-type"])
            assert "accept" in h["vary"]
        _, h, _ = c.raw("/v1/checkpoints?format=json", {"Accept": "text/csv"})
        assert h["content-type"] == "application/json"
        _, h, b = c.raw("/v1/status", {"Accept": "text/csv"})
        assert h["content-type"] == "application/json"


def test_tron_addresses():
    dsn = indexed_database()
    with open(os.path.join(ROOT, "schema", "networks", "world.json")) as f:
        net = json.load(f)
    net["chains"][0].update(kind="tron", required_level="linked")
    path = os.path.join(TMP, "tronworld.json")
    for chain in net["chains"]:
        chain["recording"]["shape"] = "tron" if chain["key"] == "root" else "ethereum"
        chain["recording"]["path"] = os.path.join(ROOT, "tests", "recordings", "world", "root" if chain["key"] == "root" else "bttc")
    with open(path, "w") as f:
        json.dump(net, f)
    env = {"BTTC_SCHEMA_DIR": os.path.join(ROOT, "schema")}
    with serving(dsn, path, env=env) as s:
        c = s.wait_database()
        rows = c.walk("/v1/events?chain=root&limit=500", "events")
        for r in rows:
            assert base58_hex(r["address_base58"]) == r["address"], r
            for k, v in r["args"].items():
                if k + "_base58" in r["args"]:
                    assert base58_hex(r["args"][k + "_base58"]) == v
        assert sum(k.endswith("_base58") for r in rows for k in r["args"]) > 1000
        for r in c.walk("/v1/checkpoints?limit=500", "checkpoints"):
            assert base58_hex(r["proposer_base58"]) == r["proposer"]
        a = rows[0]
        assert c.json(f"/v1/events?address={a['address_base58']}&limit=500")["data"] == \
            c.json(f"/v1/events?address={a['address']}&limit=500")["data"]
        assert all("address_base58" not in r for r in c.json("/v1/events?chain=bttc")["data"])


def base58_hex(text):
    n = 0
    for ch in text:
        n = n * 58 + "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".index(ch)
    raw = n.to_bytes(25, "big")
    assert raw[0] == 0x41
    return "0x" + raw[1:21].hex()


# ---- one checkpoint, resets -------------------------------------------------------------------

def test_checkpoints():
    cols = "block, log_index, tx, kind, root_chain_id, checkpoint_id, header_block_id, proposer, start_block, " \
           "end_block, root, reward, submitted_by"
    kinds = {"1": "main", "2": "sync", "3": "mirror"}
    want = {(int(r[0]), int(r[1])): r for r in psql(DSN, f"SELECT {cols} FROM staking.checkpoint")}
    resets = [(int(b), int(i), int(t, 16)) for b, i, t in psql(DSN, "SELECT block, log_index, encode(substring(topics FROM 65 "
              "FOR 32), 'hex') FROM chain.log WHERE event = 'ResetHeaderBlock'")]
    assert resets

    def void(r):
        return r["header_block_id"] is not None and any(
            (b, i) > (r["block"], r["log_index"]) and v <= r["header_block_id"] for b, i, v in resets)

    with serving(DSN) as s:
        c = s.wait_database()
        rows = c.walk("/v1/checkpoints?limit=20", "checkpoints")
        assert len(rows) == len(want) and {r["reset"] for r in rows} == {True, False}
        for r in rows:
            w = want[r["block"], r["log_index"]]
            got = [r["block"], r["log_index"], r["tx"], r["kind"], r["root_chain_id"], r["checkpoint_id"],
                   r["header_block_id"], r["proposer"], r["start"], r["end"], r["root"], r["reward"]]
            exp = [w[0], w[1], "0" + w[2][1:], kinds[w[3]], w[4], w[5], w[6], "0" + w[7][1:], w[8], w[9],
                   "0" + w[10][1:] if w[10] else "", w[11]]
            assert ["" if x is None else str(x) for x in got] == exp, (got, exp)
            assert r["verdict"] in ("match", "mismatch", "unchecked") and r["reset"] == void(r), r
            one = c.json(f"/v1/checkpoints/root/{r['kind']}/{r['tx']}/{r['log_index']}", "checkpoint")
            assert one["submitted_by"] == ("0" + w[12][1:] if w[12] else None)
            assert one["signers"] and one["epoch"] is not None and one["signed_stake"] <= one["total_stake"], one
            assert {k: one[k] for k in r} == r
        r = rows[0]
        other = "sync" if r["kind"] == "main" else "main"
        for path, status, parameter in [
                (f"/v1/checkpoints/root/{other}/{r['tx']}/{r['log_index']}", 404, None),
                (f"/v1/checkpoints/bttc/{r['kind']}/{r['tx']}/{r['log_index']}", 404, None),
                (f"/v1/checkpoints/root/{r['kind']}/{r['tx']}/{r['log_index'] + 1000}", 404, None),
                (f"/v1/checkpoints/root/{r['kind']}/0x{'0' * 64}/{r['log_index']}", 404, None),
                (f"/v1/checkpoints/nochain/{r['kind']}/{r['tx']}/{r['log_index']}", 404, None),
                (f"/v1/checkpoints/root/other/{r['tx']}/{r['log_index']}", 404, None),
                (f"/v1/checkpoints/root/{r['kind']}/{r['tx'][:-1]}/{r['log_index']}", 400, "tx"),
                (f"/v1/checkpoints/root/{r['kind']}/{r['tx'][2:]}/{r['log_index']}", 400, "tx"),
                (f"/v1/checkpoints/root/{r['kind']}/{r['tx']}/-1", 400, "log_index"),
                (f"/v1/checkpoints/root/{r['kind']}/{r['tx']}/99999999999", 400, "log_index"),
                (f"/v1/checkpoints/root/{r['kind']}/{r['tx']}/{r['log_index']}?limit=1", 400, "limit")]:
            c.problem(path, status, parameter)
        upper = "0x" + r["tx"][2:].upper()
        assert c.json(f"/v1/checkpoints/root/{r['kind']}/{upper}/{r['log_index']}")["tx"] == r["tx"]


def test_rows_above_the_prefix_are_not_visible():
    dsn = indexed_database()
    psql(dsn, "UPDATE chain.head h SET (indexed, indexed_hash, indexed_time) = (SELECT number, hash, time FROM chain.block b "
              "WHERE b.chain_id = 31337 AND number = 300) WHERE chain_id = 31337")
    with serving(dsn) as s:
        c = s.wait_database()
        for path in ("/v1/events?chain=root", "/v1/events?chain=root&event=Transfer", "/v1/events?chain=root&contract=ValidatorShare",
                     "/v1/events?chain=root&validator_id=3", "/v1/checkpoints", "/v1/events?chain=root&from=200&to=389"):
            rows = c.walk(path + ("&" if "?" in path else "?") + "limit=100")
            assert rows and max(r["block"] for r in rows) <= 300, path
        hidden = psql(dsn, "SELECT encode(tx, 'hex'), log_index FROM staking.checkpoint WHERE block > 300 AND kind = 1")[0]
        c.problem(f"/v1/checkpoints/root/main/0x{hidden[0]}/{hidden[1]}", 404)
        reset = int(psql(dsn, "SELECT max(block) FROM chain.log WHERE event = 'ResetHeaderBlock'")[0][0])
        psql(dsn, f"UPDATE chain.head h SET (indexed, indexed_hash, indexed_time) = (SELECT number, hash, time FROM chain.block b "
                  f"WHERE b.chain_id = 31337 AND number = {reset - 1}) WHERE chain_id = 31337")
        assert {r["reset"] for r in c.walk("/v1/checkpoints?limit=100")} == {False}


# ---- forks ------------------------------------------------------------------------------------

def test_cursor_of_an_orphaned_block():
    dsn = indexed_database()
    with serving(dsn) as s:
        c = s.wait_database()
        asc = {}  # cursor that ends at a block, oldest first
        cur = None
        while True:
            v = c.json("/v1/events?chain=root&order=asc&limit=1" + (f"&cursor={cur}" if cur else ""))
            cur = v["next"]
            if not cur:
                break
            asc[v["data"][0]["block"]] = cur
        blocks = sorted(asc)
        deep, low, top = [b for b in blocks if b > 370][0], [b for b in blocks if b < 350][-1], blocks[-1]
        both = c.json("/v1/events?limit=40")["next"]
        checkpoints = c.json("/v1/checkpoints?limit=1")["next"]
        fork(dsn, "root", 360, "b")
        # orphaned: refused, and told where it is still good
        for b in (deep, top):
            v = c.json(f"/v1/events?chain=root&order=asc&limit=1&cursor={asc[b]}", status=409)
            assert v["common_block"] == 360 and v["chain"] == "root" and v["parameter"] == "cursor", v
        for path in (f"/v1/events?limit=40&cursor={both}", f"/v1/checkpoints?limit=1&cursor={checkpoints}",
                     f"/v1/events?chain=root&order=asc&format=csv&cursor={asc[top]}"):
            assert c.json(path, status=409)["common_block"] == 360
        # below the fork: goes on
        v = c.json(f"/v1/events?chain=root&order=asc&limit=500&cursor={asc[low]}", "events")
        assert keys(v["data"]) == [k for k in sql_rows(dsn=dsn, chains=("root",)) if k[1] > low]
        # a deeper fork moves the common block of the first branch down
        fork(dsn, "root", 355, "c")
        assert c.json(f"/v1/events?chain=root&order=asc&limit=1&cursor={asc[top]}", status=409)["common_block"] == 355
        # half of the first branch comes back
        psql(dsn, "BEGIN; UPDATE chain.block b SET hash = o.hash, parent = o.parent FROM chain.orphan_block o WHERE o.chain_id = "
                  "b.chain_id AND o.number = b.number AND o.fork = 1 AND b.chain_id = 31337 AND b.number <= 365; "
                  "UPDATE chain.block b SET hash = o.hash FROM (SELECT number, decode(md5(hash::text) || md5(number::text), 'hex') AS "
                  "hash FROM chain.block WHERE chain_id = 31337 AND number > 365) o WHERE b.chain_id = 31337 AND b.number = o.number; COMMIT")
        # blocks 356..360 of the first branch were orphaned by the second fork
        psql(dsn, "UPDATE chain.block b SET hash = o.hash, parent = o.parent FROM chain.orphan_block o WHERE o.chain_id = "
                  "b.chain_id AND o.number = b.number AND o.fork = 2 AND b.chain_id = 31337 AND b.number BETWEEN 356 AND 360")
        assert c.json(f"/v1/events?chain=root&order=asc&limit=1&cursor={asc[top]}", status=409)["common_block"] == 365
        # a block that nobody knows
        psql(dsn, "DELETE FROM chain.orphan_block")
        c.problem(f"/v1/events?chain=root&order=asc&limit=1&cursor={asc[top]}", 400, "cursor")
        # the head goes below a cursor that is not orphaned as such: not known among visible blocks
        v = c.json("/v1/events?chain=root&order=asc&limit=1&cursor=" + asc[low], "events")
        assert block_hash(dsn, "root", 350) and v["data"]


def test_cursor_belongs_to_its_list():
    with serving(DSN) as s:
        c = s.wait_database()
        for path in ("/v1/events?chain=root&event=Transfer&order=asc", "/v1/checkpoints?kind=main"):
            cur = c.json(path + "&limit=3", "events" if "events" in path else "checkpoints")["next"]
            assert len(c.json(f"{path}&limit=9&cursor={cur}")["data"]) == 9
            same = path.replace("event=Transfer&order=asc", "order=asc&event=%54ransfer")
            assert c.json(f"{same}&cursor={cur}")["data"]
            others = ["/v1/events?chain=root&event=Transfer", "/v1/events?chain=root&order=asc",
                      "/v1/events?event=Transfer&order=asc", "/v1/checkpoints", "/v1/checkpoints?kind=sync",
                      "/v1/events?chain=root&event=Transfer&order=asc&finality=safe",
                      "/v1/events?chain=root&event=Transfer&order=asc&to=388",
                      "/v1/events?chain=root&event=Transfer&order=asc&contract=Token"]
            for other in others:
                if other != path:
                    c.problem(f"{other}{'&' if '?' in other else '?'}cursor={cur}", 400, "cursor")
            for wrong in (cur[:-1], cur + "A", "B" + cur[1:], "x", "~", cur[::-1]):
                c.problem(f"{path}&cursor={wrong}", 400, "cursor")


# ---- caching ----------------------------------------------------------------------------------

def test_etag_and_revision():
    dsn = indexed_database()
    with serving(dsn) as s:
        c = s.wait_database()
        rev = c.json("/v1/status", "status")["revision"]
        one = psql(dsn, "SELECT encode(tx, 'hex'), log_index FROM staking.checkpoint WHERE kind = 1 ORDER BY block LIMIT 1")[0]
        paths = ["/v1/status", "/v1/events?limit=5", "/v1/events?chain=root&limit=5", "/v1/checkpoints",
                 f"/v1/checkpoints/root/main/0x{one[0]}/{one[1]}", "/v1/events?chain=root&format=csv", "/", "/openapi.json"]
        tags = {}
        for p in paths:
            st, h, b = c.raw(p)
            assert st == 200 and re.fullmatch(r'W/"[0-9a-f]{32}"', h["etag"]), (p, h)
            assert h["cache-control"] == "no-cache", (p, h)
            assert h.get("revision", rev) == rev
            tags[p] = h["etag"]
            for given in (h["etag"], h["etag"][2:], f'"x", {h["etag"]}', "*", f'W/"0", W/"1",{h["etag"]} '):
                st, h2, b = c.raw(p, {"If-None-Match": given})
                assert st == 304 and b == b"" and h2["etag"] == h["etag"], (p, given, st)
            assert c.raw(p, {"If-None-Match": '"nope"'})[0] == 200
        assert len(set(tags.values())) == len(tags)
        # the answer changes with the chain
        psql(dsn, "UPDATE chain.head SET safe = safe + 1 WHERE chain_id = 31337")
        for p in paths[:3]:
            assert c.raw(p, {"If-None-Match": tags[p]})[0] == 200, p
        # immutable: only with rev, only when wholly final
        def cache(p):
            st, h, _ = c.raw(p)
            assert st == 200, (p, st)
            return h["cache-control"]
        final = int(psql(dsn, "SELECT final FROM chain.head WHERE chain_id = 31337")[0][0])
        immutable = "public, immutable, max-age=31536000"
        for q, want in [("order=asc&limit=5", True), (f"to={final}", True), (f"to={final + 1}", False), ("limit=5", False),
                        (f"order=asc&from={final}&to={final + 1}&limit=500", False), (f"from={final - 9}&to={final}&order=asc", True),
                        ("finality=final", False), (f"order=asc&from={final + 1}&limit=2", False)]:
            p = f"/v1/events?chain=root&{q}"
            assert cache(p) == "no-cache"
            assert cache(f"{p}&rev={rev}") == (immutable if want else "no-cache"), (q, want)
        cur = c.json(f"/v1/events?chain=root&to={final}&limit=5")["next"]
        assert cache(f"/v1/events?chain=root&to={final}&limit=5&cursor={cur}&rev={rev}") == immutable
        assert cache(f"/v1/events?chain=bttc&order=asc&limit=5&rev={rev}") == "no-cache"
        assert cache(f"/v1/events?order=asc&limit=5&rev={rev}") == "no-cache"
        assert cache(f"/v1/checkpoints/root/main/0x{one[0]}/{one[1]}?rev={rev}") == immutable
        pending = psql(dsn, "SELECT encode(tx, 'hex'), log_index FROM staking.checkpoint WHERE kind = 1 ORDER BY block DESC LIMIT 1")[0]
        assert cache(f"/v1/checkpoints/root/main/0x{pending[0]}/{pending[1]}?rev={rev}") == "no-cache"
        # an outdated revision
        for p in ("/v1/status?", "/v1/events?", "/v1/checkpoints?", f"/v1/checkpoints/root/main/0x{one[0]}/{one[1]}?"):
            v = c.problem(f"{p}rev=0123456789abcdef", 404, "rev")
            assert v["revision"] == rev
        # a reset makes old checkpoints change: no cache may keep them until it is final, then the revision is another
        psql(dsn, "INSERT INTO chain.log SELECT chain_id, 388, 9999, 0, false, tx, address, contract, event, NULL, "
                  "substring(topics FROM 1 FOR 64) || decode(lpad('2710', 64, '0'), 'hex'), data FROM chain.log "
                  "WHERE event = 'ResetHeaderBlock' LIMIT 1")
        assert c.json("/v1/status")["revision"] == rev
        p = f"/v1/checkpoints/root/main/0x{one[0]}/{one[1]}"
        assert c.json(p)["reset"] is True and cache(f"{p}?rev={rev}") == "no-cache"
        assert cache(f"/v1/checkpoints?chain=root&to=150&rev={rev}") == "no-cache"
        psql(dsn, "UPDATE chain.head SET final = 389, safe = 389 WHERE chain_id = 31337")
        now = c.json("/v1/status")["revision"]
        assert now != rev
        assert c.problem(f"{p}?rev={rev}", 404, "rev")["revision"] == now
        assert cache(f"{p}?rev={now}") == immutable and c.json(p)["reset"] is True


# ---- errors -----------------------------------------------------------------------------------

def test_refused_parameters():
    cases = [("bogus=1", "bogus"), ("Limit=5", "Limit"), ("limit=0", "limit"), ("limit=501", "limit"), ("limit=x", "limit"),
             ("limit=", "limit"), ("limit=5&limit=5", "limit"), ("order=up", "order"), ("chain=nope", "chain"),
             ("from=-1", "from"), ("to=now", "to"), ("from=2024-13-01T00:00:00Z", "from"), ("chain=root&from=9&to=8", "from"),
             ("from=5", "chain"), ("to=5", "chain"), ("finality=sure", "finality"), ("verification=x", "verification"),
             ("contract=Nope", "contract"), ("event=Nope", "event"), ("address=0x12", "address"),
             ("address=0xA614f803B6FD780986A42c78Ec9c7f77e6DeD13c", "address"), ("address=TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u", "address"),
             ("validator_id=-1", "validator_id"), ("validator_id=1.0", "validator_id"), ("format=xml", "format"),
             ("cursor=abc", "cursor"), ("cursor=", "cursor"), ("kind=main", "kind"), ("at=5", "at"), ("limit=%zz", "limit"),
             ("chain=%ff%fe", "chain"), ("chain=ro%00ot", "chain"), ("%ff=1", None), ("limit=1%", "limit")]
    with serving(DSN) as s:
        c = s.wait_database()
        for text, parameter in cases:
            c.problem("/v1/events?" + text, 400, parameter)
        for text, parameter in [("event=Transfer", "event"), ("kind=x", "kind"), ("root_chain_id=0", "root_chain_id"),
                                ("proposer=0x", "proposer"), ("checkpoint_id=x", "checkpoint_id")]:
            c.problem("/v1/checkpoints?" + text, 400, parameter)
        c.problem("/v1/status?x", 400, "x")
        c.problem("/healthz?x=1", 400, "x")
        assert c.json("/v1/events?event=Slashed", "events")["data"] == []  # an ABI has it, no row does
        assert c.json("/v1/checkpoints?from=1&to=2", "checkpoints")["data"] == []  # one chain only: none needed


# ---- status -----------------------------------------------------------------------------------

def check_lag(dsn, lag):
    """Against the tables, row by row: each root chain's newest checkpoint, and the newest final one."""
    number = lambda x: None if x == "" else int(x)
    heads = {k: (int(i), number(f)) for k, i, f in psql(dsn, "SELECT key, indexed, final FROM chain.chain JOIN chain.head USING (chain_id)")}
    rows = [(k, int(r), int(b), int(n), int(e)) for k, r, b, n, e in psql(
        dsn, "SELECT key, root_chain_id, block, checkpoint_id, end_block FROM staking.checkpoint JOIN chain.chain USING (chain_id) "
             "ORDER BY block, log_index")]
    times = {int(n): int(t) for n, t in psql(dsn, "SELECT number, extract(epoch FROM time)::bigint FROM chain.block "
                                                  "JOIN chain.chain USING (chain_id) WHERE key = 'bttc'")}
    want, child = [], heads["bttc"][0]
    for key in sorted({r[:2] for r in rows}):
        mine = [r for r in rows if r[:2] == key]
        final = [r[4] for r in mine if heads[key[0]][1] is not None and r[2] <= heads[key[0]][1]]
        want.append({"chain": key[0], "root_chain_id": key[1], "checkpoint_id": mine[-1][3], "covered_block": mine[-1][4],
                     "final_covered_block": final[-1] if final else None, "child_block": child, "lag_blocks": child - mine[-1][4],
                     "lag_seconds": times[child] - times[mine[-1][4]] if mine[-1][4] in times else None,
                     "final_lag_blocks": child - final[-1] if final else None})
    assert lag == want and len(want) > 0, (lag, want)


def test_status_and_readiness():
    dsn = indexed_database()
    with serving(dsn) as s:
        c = s.wait_database()
        v = c.json("/v1/status", "status")
        assert v["network"] == "world" and v["parked"] == 0 and v["ready"] is True and v["discrepancies_open"] == 1
        assert [x["chain"] for x in v["chains"]] == ["root", "bttc"]
        for x in v["chains"]:
            head = psql(dsn, f"SELECT node_head, indexed, safe, coalesce(final::text, ''), encode(indexed_hash, 'hex') FROM "
                             f"chain.head WHERE chain_id = {CHAIN[x['chain']]}")[0]
            assert [str(x[k]) if x[k] is not None else "" for k in ("head", "indexed", "safe", "final")] == head[:4]
            assert x["indexed_hash"] == "0x" + head[4] and x["lag_seconds"] == 0 and x["endpoints"] == []
            assert sum(x["verification"].values()) == int(psql(dsn, f"SELECT count(*) FROM chain.block WHERE chain_id = "
                                                                    f"{CHAIN[x['chain']]}")[0][0])
        assert v["rules"]["staking"] == "stake-2022-03" and v["rules"]["ledger"] >= 7
        assert [[str(v["operations"]["count"]), v["operations"]["hash"]]] == \
            psql(dsn, "SELECT max(id), '0x' || encode((array_agg(hash ORDER BY id DESC))[1], 'hex') FROM chain.operation")
        revision = subprocess.run([BIN, "--version"], capture_output=True, text=True).stdout
        assert f"({v['git_revision']})" in revision if v["git_revision"] else "(" not in revision
        check_lag(dsn, v["checkpoint_lag"])
        assert c.json("/readyz", "readyz") == {"ready": True, "chain": None, "reason": None}
        assert c.json("/healthz", "healthz")["status"] == "ok"

        def unready(sql, chain, word):
            psql(dsn, sql)
            v = c.json("/readyz", "readyz", status=503)
            assert v["chain"] == chain and word in v["reason"], v
            st = c.json("/v1/status", "status")
            assert st["ready"] is False and [x["ready"] for x in st["chains"] if x["chain"] == chain] == [False]

        unready("UPDATE chain.head SET node_head_time = indexed_time + interval '1 hour', node_head = indexed + 9 "
                "WHERE chain_id = 199", "bttc", "lags")
        assert c.json("/v1/status")["chains"][1]["lag_seconds"] == 3600
        unready("UPDATE chain.head SET node_head_time = NULL WHERE chain_id = 199", "bttc", "head")
        psql(dsn, "UPDATE chain.head SET node_head_time = indexed_time - interval '1 hour' WHERE chain_id = 199")
        assert c.json("/v1/status")["chains"][1]["lag_seconds"] == 0  # a node behind us is no lag
        unready("INSERT INTO chain.level_count VALUES (31337, 1, 1)", "root", "level")
        psql(dsn, "UPDATE chain.level_count SET blocks = 0 WHERE level = 1")
        assert c.json("/readyz", "readyz")["ready"] is True
        unready("UPDATE chain.head SET indexed = NULL, indexed_hash = NULL, indexed_time = NULL WHERE chain_id = 31337", "root", "indexed")
        assert c.json("/v1/status", "status")["chains"][0]["indexed"] is None
        psql(dsn, "INSERT INTO chain.parked (chain_id, reason, raw, digest) VALUES (31337, 'x', '', '')")
        assert c.json("/v1/status", "status")["parked"] == 1


if __name__ == "__main__":
    run(globals())
