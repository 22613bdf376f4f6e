"""The ledger against the contracts' own answers: whole, while forks are canonical, after kills, on every shape."""
from harness import *
import csv, io, random
import oracle_check

GOLDEN = os.path.join(RECORDINGS, "golden")
WORLD = os.path.join(RECORDINGS, "world", "root")
BTTC = os.path.join(RECORDINGS, "world", "bttc")
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


def check_all(api, path, floor):
    """As oracle_check.py: all snapshots, lists and sums."""
    asked, t = oracle_check.Api(f"http://127.0.0.1:{api.port}"), oracle_check.Tally(20)
    records = oracle(path)
    if SLOW > 1:  # sanitizers look at the code, the plain build at every value
        records, floor = records[::8] + records[-1:], floor // 10
    for o in records:
        oracle_check.check_record(asked, o, t)
    oracle_check.check_lists(asked, path, t, "root")
    oracle_check.check_sums(asked, records[-1], t)
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
        got = check_all(api, GOLDEN, 400000)
        print(f"{got} values", end=" ")
        assert api.get("/v1/status")["discrepancies_open"] == 0
        metrics = api.raw("/metrics")[2].decode()
        assert 'bttc_ledger_block{chain="root"} 1184' in metrics
        assert 'bttc_ledger_discrepancies_total{chain="root"} 0' in metrics
    no_discrepancies(dsn)


def test_world_at_every_snapshot():
    net, dsn = network_file(WORLD), new_database()
    index_all(net, dsn)
    with serve(net, dsn) as (_, api):
        check_all(api, WORLD, 50000)
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


ROWS = ["validators/1/rewards", "validators/1/payouts", "validators/1/history", "payouts", "discrepancies"]


def whole(api, path):
    return api.all(path + ("&" if "?" in path else "?") + "limit=500")


def test_histories_in_all_forms():
    """Pages, order, CSV and NDJSON hold the same rows; times and blocks bound them."""
    dsn = new_database()
    index_all("golden", dsn)
    with serve("golden", dsn) as (_, api):
        partner = whole(api, "/v1/payouts")[0]["partner"]
        ship = api.get("/v1/partnerships")["data"][0]["address"]
        delegators = [d for d in api.get("/v1/delegators?limit=500")["data"]]
        delegator = next(d["address"] for d in delegators if whole(api, f"/v1/delegators/{d['address']}/rewards"))
        paths = ROWS + [f"partners/{partner}/rewards", f"partners/{partner}/payouts", f"partnerships/{ship}/history",
                        f"partnerships/{ship}/roles", f"delegators/{delegator}/rewards"]
        for path in paths:
            rows = whole(api, f"/v1/{path}")
            assert rows or path == "discrepancies", path
            assert api.all(f"/v1/{path}?limit=3") == rows, path
            assert whole(api, f"/v1/{path}?order=asc") == rows[::-1], path
            text = api.raw(f"/v1/{path}?format=ndjson")[2].decode()
            assert [json.loads(x) for x in text.splitlines()] == rows, path
            table = list(csv.reader(io.StringIO(api.raw(f"/v1/{path}?format=csv")[2].decode())))
            assert len(table) == len(rows) + 1 and all(len(r) == len(table[0]) for r in table), path
            middle = rows[len(rows) // 2]["block"] if rows else 700
            assert whole(api, f"/v1/{path}?to={middle}") == [r for r in rows if r["block"] <= middle], path
            assert whole(api, f"/v1/{path}?from={middle}") == [r for r in rows if r["block"] >= middle], path
        assert len(whole(api, "/v1/payouts")) == sum(
            len(whole(api, f"/v1/partners/{p['address']}/payouts")) for p in api.get("/v1/partners?limit=500")["data"])


def test_periods_add_up():
    dsn = new_database()
    index_all("golden", dsn)
    with serve("golden", dsn) as (_, api):
        partner = whole(api, "/v1/payouts")[0]["partner"]
        rows = whole(api, f"/v1/partners/{partner}/rewards")
        sums = {k: sum(int(r["amount"]) for r in rows if r["kind"] == k) for k in ("allocation", "payout")}
        accruals = whole(api, "/v1/validators/1/rewards")
        assert accruals and sums["payout"] > 0
        for interval in ("day", "week", "month", "year"):
            periods = whole(api, f"/v1/partners/{partner}/rewards?interval={interval}")
            assert sum(int(p["allocated"]) for p in periods) == sums["allocation"], interval
            assert sum(int(p["claimed"]) for p in periods) == sums["payout"], interval
            periods = whole(api, f"/v1/validators/1/rewards?interval={interval}")
            assert api.all(f"/v1/validators/1/rewards?interval={interval}&limit=1") == periods
            for key in ("own", "delegators", "proposer_bonus", "commission"):
                assert sum(int(p[key]) for p in periods) == sum(int(r[key]) for r in accruals), (interval, key)
            for p in periods:
                assert p["period_start"] < p["period_end"]
        assert api.raw("/v1/validators/1/rewards?interval=hour")[0] == 400
        assert api.raw("/v1/validators/1/rewards?interval=day&order=asc")[0] == 400


def test_terms_and_roles():
    """A partner's rows name the share in force and who set it; roles have a beginning and an end."""
    dsn = new_database()
    index_all("golden", dsn)
    with serve("golden", dsn) as (_, api):
        for ship in api.get("/v1/partnerships?limit=500")["data"]:
            address = ship["address"]
            held = [r for r in whole(api, f"/v1/partnerships/{address}/roles") if r["to_block"] is None]
            admins = {r["account"] for r in held if r["role"] == "admin"}
            assert ship["admin"] in admins or not admins, (address, admins)
            partners = {r["account"] for r in held if r["role"] == "partner"}
            assert partners == {p["address"] for p in ship["partners"] if p["active"]}, address
        changes = psql(dsn, "SELECT '0x'||encode(tx,'hex'), '0x'||encode(partner,'hex'), share_bps FROM partnership.event"
                            " WHERE share_bps IS NOT NULL AND partner IS NOT NULL")
        set_by = {(tx, who): bps for tx, who, bps in changes}
        named = 0
        for p in api.get("/v1/partners?limit=500")["data"]:
            for r in whole(api, f"/v1/partners/{p['address']}/rewards"):
                if r["kind"] == "allocation" and r["share_bps"]:
                    assert str(r["share_bps"]) == set_by[(r["terms_tx"], p["address"])], r
                    named += 1
        assert named > 10, named


def test_signers_of_checkpoints():
    """Who signed, as the recording's author meant it, and the reward that the contract stated."""
    recorded = oracle_check.lines(os.path.join(GOLDEN, "checkpoints.ndjson.gz"))
    meant = {c["tx"]: c for c in recorded if not c["expectFail"] and "note" not in c}
    dsn = new_database()
    index_all("golden", dsn)
    with serve("golden", dsn) as (_, api):
        rows = [r for r in whole(api, "/v1/checkpoints") if r["tx"] in meant]
        assert len(rows) > 400, len(rows)
        for r in rows:
            assert r["kind"] == "sync" or r["reward"] == r["reward_computed"], r
        for r in rows[::7]:
            one = api.get(f"/v1/checkpoints/root/{r['kind']}/{r['tx']}/{r['log_index']}")
            signed = [x["address"] for x in one["signers"]]
            assert set(signed) <= set(meant[r["tx"]]["signers"]), r
            assert not {x["address"] for x in one["non_signers"]} & set(signed), r
            stakes = [api.get(f"/v1/validators/{x['validator_id']}?at={r['block'] - 1}") for x in one["signers"]]
            if int(r["total_stake"]) == int(api.get(f"/v1/staking?at={r['block'] - 1}")["total_stake"]):
                assert sum(int(v["total_stake"]) for v in stakes) == int(r["signed_stake"]), r


def world_network():
    rc, text, err = run_cli("network", "from-recording", WORLD, BTTC)
    assert rc == 0, err
    path = os.path.join(TMP, "two-chains.json")
    with open(path, "w") as f:
        f.write(text)
    return path


def recorded_performance():
    """Per signer from the node's own answers: blocks, in turn, times passed over, fees."""
    sets = {}
    for o in oracle_check.lines(os.path.join(BTTC, "oracle.ndjson.gz")):
        if o.get("validatorSet"):
            sets[o["setHash"]] = sorted(v["signer"].lower() for v in o["validatorSet"])
    out = {}
    for o in oracle_check.lines(os.path.join(BTTC, "oracle.ndjson.gz")):
        if not o.get("author") or o["number"] == 0:
            continue
        ring, k = sets[o["setHash"]], int(o["succession"])
        at = ring.index(o["proposer"].lower())
        mine = out.setdefault(o["author"].lower(), [0, 0, 0])
        mine[0] += 1
        mine[1] += bool(o["inTurn"])
        for j in range(k):
            out.setdefault(ring[(at + j) % len(ring)], [0, 0, 0])[2] += 1
    return out


def test_performance_and_roots():
    """Producers' counters as the node tells them; of all roots exactly the one that was made wrong is flagged."""
    net, dsn = world_network(), new_database()
    index_all(net, dsn)
    want = recorded_performance()
    assert sum(w[0] for w in want.values()) > 7000
    rows = psql(dsn, "SELECT '0x' || encode(producer, 'hex'), sum(blocks), sum(in_turn), sum(missed) FROM"
                     " ledger.producer_day GROUP BY 1")
    assert {r[0]: [int(x) for x in r[1:]] for r in rows} == want
    wrong = meta("world", "root")["world"]["wrongRoot"]
    with serve(net, dsn) as (_, api):
        checkpoints = whole(api, "/v1/checkpoints")
        flagged = [c for c in checkpoints if c["verdict"] == "mismatch"]
        assert len(flagged) == 1 and (flagged[0]["start"], flagged[0]["end"]) == (3977, 4064), (flagged, wrong)
        assert all(c["verdict"] == ("match" if c["kind"] == "main" else "unchecked") for c in checkpoints
                   if c not in flagged)
        assert all(c["computed_root"] == c["root"] for c in checkpoints if c["verdict"] == "match")
        found = whole(api, "/v1/discrepancies")
        assert [d["kind"] for d in found] == ["checkpoint_root"] and found[0]["tx"] == flagged[0]["tx"]
        assert int(flagged[0]["root"], 16) == int(found[0]["observed"])
        assert api.get("/v1/status")["discrepancies_open"] == 1
        final = api.chain("root")["final"]
        good = [(c["start"], c["end"]) for c in checkpoints if c["verdict"] == "match" and not c["reset"] and c["block"] <= final]
        events = whole(api, "/v1/events?chain=bttc")
        covered = [e for e in events if any(a <= e["block"] <= b for a, b in good)]
        assert covered and len(covered) < len(events)
        assert [e for e in events if e["finality"] == "checkpointed"] == covered
        assert not any(3977 <= e["block"] <= 4064 for e in covered)
        assert whole(api, "/v1/events?chain=bttc&finality=checkpointed") == covered
        assert {e["finality"] for e in events} <= {"pending", "safe", "checkpointed"}
        keys = {}
        for key, v in psql(dsn, "SELECT DISTINCT '0x' || encode(signer, 'hex'), validator_id FROM ledger.signer_key WHERE validator_id > 0"):
            keys.setdefault(int(v), set()).add(key)
        for v in api.get("/v1/validators?limit=500")["data"]:
            got = api.get(f"/v1/validators/{v['id']}/performance")
            total = [sum(want.get(k, [0, 0, 0])[i] for k in keys.get(v["id"], ())) for i in range(3)]
            assert [got["blocks_proposed"], got["in_turn"], got["missed_turns"]] == total, (v["id"], got, total)
            assert got["out_of_turn"] == got["blocks_proposed"] - got["in_turn"]
            assert got["checkpoints_signed"] <= sum(c["kind"] == "main" for c in checkpoints)
            days = api.get(f"/v1/validators/{v['id']}/performance?interval=day")["data"]
            for name in ("blocks_proposed", "missed_turns", "checkpoints_expected", "sync_signed"):
                assert sum(d[name] for d in days) == got[name], (v["id"], name)
        fees = sum(int(api.get(f"/v1/validators/{i}/performance")["fee_income"]) for i in keys)
        assert fees == int(psql(dsn, "SELECT sum(fee_sum) FROM chain.block WHERE chain_id = 199")[0][0])


def test_bttc_forks_take_counters_back():
    net, dsn, clean = world_network(), new_database(), new_database()
    with replay(WORLD, BTTC) as r:
        rpc = [x for k in ("root", "bttc") for x in ("--rpc", f"{k}={r.url(k)}")]
        index_all(net, clean, *rpc)
        all_forks = forks("world", "bttc")
        r.control({"bttc": {"head": all_forks[0][0]}})
        with up("--network", net, "--database", dsn, *rpc, "--poll-period", "30ms") as (p, api):
            api.wait_indexed("root", 389)

            def counted(to):
                wait_for(f"counted to {to}", lambda: psql(dsn, "SELECT block FROM ledger.join_head") == [[str(to)]])
            for i, (point, tip, win, f) in enumerate(all_forks, 1):
                r.control({"bttc": {"head": tip, "fork": i}})
                api.wait_indexed("bttc", tip, block_hash=f["orphaned"][-1]["block"]["hash"])
                counted(tip)
                r.control({"bttc": {"head": win}})
                api.wait_indexed("bttc", win, block_hash=f["canonical"][-1]["block"]["hash"])
                counted(win)
            r.control({"bttc": {"head": 7778}})
            api.wait_indexed("bttc", 7778)
            counted(7778)
            wait_for("all roots", lambda: psql(dsn, "SELECT count(*) FROM ledger.verdict") ==
                     psql(clean, "SELECT count(*) FROM ledger.verdict"))
            p.stop()
    assert_same_tables(tables(dsn), tables(clean), "after BTTC's forks")


def test_audit_of_every_payout():
    """Each level adds up to the next one, or names what is left over."""
    for net, path in (("golden", GOLDEN), (network_file(WORLD), WORLD)):
        dsn, dust = new_database(), 0
        index_all(net, dsn)
        with serve(net, dsn) as (_, api):
            payouts = whole(api, "/v1/payouts")
            assert len(payouts) > 10
            for p in payouts:
                a = api.get(p["audit"])
                c = a["causes"]
                assert {k: a["payout"][k] for k in a["payout"]} == {k: p[k] for k in a["payout"]}
                assert int(c["allocated"]) == sum(int(x["amount"]) for x in c["allocations"])
                assert int(c["allocated"]) + int(c["brought_forward"]) == int(p["amount"]) + int(c["left_over"]), p
                for x in c["allocations"]:
                    reward, claim = x["reward"], x["reward"]["claim"]
                    assert int(x["floor"]) == int(reward["amount"]) * x["share_bps"] // 10000
                    assert int(x["floor"]) + int(x["dust"]) == int(x["amount"]) and int(x["dust"]) >= 0, x
                    dust += int(x["dust"])
                    assert claim["amount"] == reward["amount"] == claim["accruals"]["own"], x
                    rows = whole(api, claim["accruals"]["rewards"]) if claim["accruals"]["rewards"] else []
                    assert sum(int(r["own"]) for r in rows) == int(claim["amount"]), x
            assert dust > 0, "the dust partner got something"
            assert api.raw(payouts[0]["audit"][:-1] + "99999")[0] == 404
            assert api.raw("/v1/audit/root/0x12/1")[0] == 400


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
