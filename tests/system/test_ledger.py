"""The ledger against the contracts' own answers: whole, while forks are canonical, after kills, on every shape."""
from harness import *
import csv, io, random
import oracle_check

GOLDEN = os.path.join(RECORDINGS, "golden")
WORLD = os.path.join(RECORDINGS, "world", "root")
LISTS = {"validators": "id", "delegators": "address", "partnerships": "address", "partners": "address"}


def oracle(path):
    return list(oracle_check.lines(os.path.join(path, "oracle.ndjson.gz")))


def check(api, records, floor):
    """Compare all values of these records; at least `floor` must have been compared."""
    asked, t = oracle_check.Api(f"http://127.0.0.1:{api.port}"), oracle_check.Tally(20)
    for o in records:
        oracle_check.check_record(asked, o, t)
    assert not t.bad, f"{t.bad} of {t.compared} values differ"
    assert t.compared >= floor, t.compared
    return t.compared


def serve(net, dsn):
    return up("--network", net, "--database", dsn)


def no_discrepancies(dsn):
    rows = psql(dsn, "SELECT block, kind, subject, expected, observed FROM ledger.discrepancy ORDER BY block LIMIT 5")
    assert not rows, rows


def test_golden_at_every_snapshot():
    dsn = new_database()
    index_all("golden", dsn)
    with serve("golden", dsn) as (_, api):
        got = check(api, oracle(GOLDEN), 400000)
        print(f"{got} values", end=" ")
        assert api.get("/v1/status")["discrepancies_open"] == 0
    no_discrepancies(dsn)


def test_world_at_every_snapshot():
    net, dsn = network_file(WORLD), new_database()
    index_all(net, dsn)
    with serve(net, dsn) as (_, api):
        check(api, oracle(WORLD), 1000)
    no_discrepancies(dsn)


def test_tron_shape():
    """The same amounts where the node speaks TRON's dialect, and base58 siblings."""
    rc, text, err = run_cli("network", "from-recording", "--shape", "tron", GOLDEN)
    assert rc == 0, err
    net, dsn = os.path.join(TMP, "tron-shape.json"), new_database()
    with open(net, "w") as f:
        f.write(text)
    index_all(net, dsn)
    with serve(net, dsn) as (_, api):
        records = oracle(GOLDEN)
        check_values_only(api, records[::60] + records[-1:])
        v = api.get("/v1/validators/1")
        assert v["signer_base58"].startswith("T") and len(v["signer_base58"]) == 34, v
        assert len(api.get("/v1/staking")["signers_base58"]) == len(api.get("/v1/staking")["signers"])


def check_values_only(api, records):
    """Hashes of blocks are others in that dialect."""
    for o in records:
        o["blockHash"] = api.get(f"/v1/staking?at={o['block']}")["at"]["hash"]
    check(api, records, 5000)


def test_forks_live():
    """While an orphaned branch is canonical the answers are its oracle's, afterwards those of the winner."""
    net, dsn = network_file(GOLDEN), new_database()
    index_clean = new_database()
    index_all(net, index_clean)
    with replay(GOLDEN) as r:
        all_forks = forks("golden")
        r.control({"root": {"head": all_forks[0][0]}})
        with up("--network", net, "--database", dsn, "--rpc", f"root={r.url('root')}", "--poll-period", "30ms") as (p, api):
            compared = 0
            for i, (point, tip, win, f) in enumerate(all_forks, 1):
                r.control({"root": {"head": point}})
                api.wait_indexed("root", point)
                r.control({"root": {"head": tip, "fork": i}})
                api.wait_indexed("root", tip, block_hash=f["orphaned"][-1]["block"]["hash"])
                compared += check(api, f["orphanedOracle"], 1)
                r.control({"root": {"head": win}})
                api.wait_indexed("root", win, block_hash=f["canonical"][-1]["block"]["hash"])
                compared += check(api, f["canonicalOracle"], 1)
            print(f"{len(all_forks)} forks, {compared} values", end=" ")
            r.control({"root": {"head": 1184}})
            api.wait_indexed("root", 1184)
            p.stop()
    assert_same_tables(tables(dsn), tables(index_clean), "after all forks")
    no_discrepancies(dsn)


def test_killed_anywhere():
    """kill -9 again and again: the rows are those of a clean run."""
    clean, dsn = new_database(), new_database()
    index_all("golden", clean)
    rng = random.Random(20261126)
    with replay(GOLDEN, args=["--speed", "0"]) as r:
        for _ in range(12):
            p = Proc("up", "--network", "golden", "--database", dsn, "--rpc", f"root={r.url('root')}", "--listen",
                     "127.0.0.1:0", "--no-progress")
            time.sleep(rng.uniform(0.05, 0.5))
            p.kill()
        index_all("golden", dsn, "--rpc", f"root={r.url('root')}")
    assert_same_tables(tables(dsn), tables(clean), "after kills")


def test_rows_that_were_changed_are_noticed():
    """State is read from the tables at a start: a changed row does not fit the stored checksum."""
    dsn = new_database()
    index_all("golden", dsn)
    psql(dsn, "UPDATE ledger.validator SET reward = reward + 1 WHERE (id, block) = (SELECT id, max(block) FROM"
              " ledger.validator WHERE id = 3 GROUP BY id)")
    # A start that has nothing to fold need not read the state; a later block makes it.
    psql(dsn, "UPDATE ledger.head SET block = block - 1")
    psql(dsn, "DELETE FROM ledger.block WHERE block = 1184")
    rc, _, err = run_cli("up", "--network", "golden", "--database", dsn, "--listen", "127.0.0.1:0", "--until-head",
                         "--no-progress")
    assert rc == 1 and "checksum" in err and "ledger.head" in err, (rc, err)
    psql(dsn, "DELETE FROM ledger.head")
    index_all("golden", dsn)
    clean = new_database()
    index_all("golden", clean)
    assert_same_tables(tables(dsn), tables(clean), "made anew")


def test_lists_page_by_page():
    dsn = new_database()
    index_all("golden", dsn)
    with serve("golden", dsn) as (_, api):
        for name, key in LISTS.items():
            for at in ("&at=700", ""):
                whole = api.get(f"/v1/{name}?limit=500{at}")
                assert whole["next"] is None and len(whole["data"]) > 1, (name, len(whole["data"]))
                keys = [x[key] for x in whole["data"]]
                assert keys == sorted(set(keys)), (name, keys)
                paged, cursor = [], ""
                while True:
                    page = api.get(f"/v1/{name}?limit=2{at}{cursor}")
                    assert len(page["data"]) <= 2 and page["at"] == whole["at"]
                    paged += page["data"]
                    if not page["next"]:
                        break
                    cursor = "&cursor=" + page["next"]
                assert paged == whole["data"], name
                down = api.get(f"/v1/{name}?limit=500&order=desc{at}")
                assert down["data"] == whole["data"][::-1], name
                for row in whole["data"]:
                    alone = api.get(f"/v1/{name}/{row[key]}?{at[1:]}")
                    assert {k: alone[k] for k in row} == row, (name, row[key])
                text = api.raw(f"/v1/{name}?format=ndjson{at}")[2].decode()
                assert [json.loads(x) for x in text.splitlines()] == whole["data"], name
                table = list(csv.reader(io.StringIO(api.raw(f"/v1/{name}?format=csv{at}")[2].decode())))
                assert len(table) == len(keys) + 1 and [r[0] for r in table[1:]] == [str(k) for k in keys], name
                assert all(len(r) == len(table[0]) for r in table), name


def test_cursor_of_an_orphaned_state():
    net, dsn = network_file(GOLDEN), new_database()
    point, tip, win, f = forks("golden")[3]
    with replay(GOLDEN, args=["--head", str(tip), "--fork", "4"]) as r:
        with up("--network", net, "--database", dsn, "--rpc", f"root={r.url('root')}", "--poll-period", "30ms") as (_, api):
            api.wait_indexed("root", tip, block_hash=f["orphaned"][-1]["block"]["hash"])
            page = api.get("/v1/validators?limit=2")
            low = api.get(f"/v1/validators?limit=2&at={point}")
            r.control({"root": {"head": win}})
            api.wait_indexed("root", win, block_hash=f["canonical"][-1]["block"]["hash"])
            status, _, body = api.raw(f"/v1/validators?limit=2&cursor={page['next']}")
            assert status == 409 and json.loads(body)["common_block"] == point, (status, body)
            assert api.get(f"/v1/validators?limit=2&at={point}&cursor={low['next']}")["at"] == low["at"]


def test_limits_of_at():
    dsn = new_database()
    index_all("golden", dsn)
    with serve("golden", dsn) as (_, api):
        for path in ("/v1/staking", "/v1/validators", "/v1/validators/1", "/v1/delegators/0x" + 40 * "1"):
            status, _, body = api.raw(path + "?at=1185")
            assert status == 404 and json.loads(body)["indexed_block"] == 1184, body
            assert api.raw(path + "?at=0")[0] == 404
            assert api.raw(path + "?at=x")[0] == 400
        assert api.get("/v1/delegators/0x" + 40 * "1")["positions"] == []
        assert api.get("/v1/partners/0x" + 40 * "1")["partnerships"] == []
        assert api.raw("/v1/partnerships/0x" + 40 * "1")[0] == 404
        assert api.raw("/v1/validators/999")[0] == 404
        assert api.raw("/v1/validators/0")[0] == 404
        first = int(psql(dsn, "SELECT first_block FROM chain.chain")[0][0])
        start = api.get(f"/v1/staking?at={first - 1}")
        assert start["at"]["block"] == first - 1 and start["at"]["finality"] == "final"
        assert api.raw(f"/v1/staking?at={first - 2}")[0] == 404
        _, headers, _ = api.raw(f"/v1/staking?at=700&rev={start['revision']}")
        assert "immutable" in {k.lower(): v for k, v in headers.items()}["cache-control"], headers


run(globals())
