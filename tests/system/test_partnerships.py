"""Partnerships seen from outside, who sent what to them in which role, and roles that the initial state gives."""
from api_kit import serving
from harness import *

GOLDEN = os.path.join(ROOT, "schema", "networks", "golden.json")
NOBODY = "0x" + "0" * 40


def network(change):
    """golden with changes, as a file."""
    net = json.load(open(GOLDEN))
    net.pop("$schema", None)
    chain = net["chains"][0]
    change(net, chain)
    chain["recording"]["path"] = os.path.join(RECORDINGS, "golden")
    for c in chain["contracts"]:
        c["abi"] = [os.path.join(ROOT, "schema", "abi", a + ".json") for a in c["abi"]]
    for name in {c["mapping"] for c in chain["contracts"] if "mapping" in c}:
        path = os.path.join(ROOT, "schema", "mappings", name + ".json")
        net.setdefault("mappings", {})[name] = {k: v for k, v in json.load(open(path)).items() if k != "note"}
    path = os.path.join(TMP, f"net{next(_files)}.json")
    with open(path, "w") as f:
        json.dump(net, f)
    return path


_files = itertools.count(1)


def whole(api, path):
    return (api.walk if hasattr(api, "walk") else api.all)(path + ("&" if "?" in path else "?") + "limit=500")


def transfers(dsn):
    """Every transfer of the token: (block, log index, from, to, amount)."""
    rows = psql(dsn, "SELECT block, log_index, chain.word_address(topics, 1), chain.word_address(topics, 2), chain.word_numeric(data, 0)"
                     " FROM chain.log WHERE contract = 'Token' AND event = 'Transfer' ORDER BY 1, 2")
    return [(int(b), int(i), f, t, int(a)) for b, i, f, t, a in rows]


def test_inferred_beside_what_events_say():
    """The recorded contracts with no word of their events known: stake and balances as by events, rewards and payments as transferred."""
    def unknown(net, chain):
        for c in chain["contracts"]:
            if c.get("mapping"):
                c.update(abi=[], mapping="inferred")
    known, dsn = new_database(), new_database()
    net = network(unknown)
    index_all("golden", known)
    index_all(net, dsn)
    with up("--network", "golden", "--database", known) as (_, a), up("--network", net, "--database", dsn) as (_, b):
        manager = psql(known, "SELECT chain.hex(stake_manager) FROM ledger.head")[0][0]
        moved = transfers(known)
        for at in list(range(112, 1185, 97)) + [1184]:
            said, seen = (api.get(f"/v1/partnerships?limit=500&at={at}")["data"] for api in (a, b))
            assert [s["address"] for s in said] == [s["address"] for s in seen] and len(said) == 3
            for s, i in zip(said, seen):
                p = s["address"]
                assert (s["source"], i["source"], i["phase"], i["free_capital"], i["admin"]) == ("abi", "inferred", None, None, None)
                assert (i["token_balance"], i["validator_id"]) == (s["token_balance"], s["validator_id"])
                assert s["staked_capital"] == i["staked_capital"], (at, s, i)
                assert int(i["total_received"]) >= int(s["total_received"]), (at, p)
                for who in i["partners"]:
                    paid = [x[4] for x in moved if x[0] <= at and x[2] == p and x[3] == who["address"]]
                    gave = [x[4] for x in moved if x[0] <= at and x[3] == p and x[2] == who["address"]]
                    assert (int(who["claimed"]), int(who["contributed"])) == (sum(paid), sum(gave)), (at, who)
                    assert who["active"] == (bool(gave) or len(paid) > 1) and who["claimable"] is None
                out = sum(x[4] for x in moved if x[0] <= at and x[2] == p and x[3] != manager)
                assert out == sum(int(w["claimed"]) for w in i["partners"])
                for who in i["partners"]:
                    assert who["share_bps"] == (int(who["claimed"]) * 10000 // out if out else None)
                assert out == sum(int(r["amount"]) for w in s["partners"] for r in whole(a, f"/v1/partners/{w['address']}/rewards?to={at}")
                                  if r["kind"] in ("payout", "return") and r["partnership"] == p)
        one = next(w["address"] for s in seen for w in s["partners"] if w["active"])
        mine = b.get(f"/v1/partners/{one}")["partnerships"]
        assert mine and all(m["share_bps"] is None and m["allocated"] is None and m["accrued"] is None for m in mine)
        assert {r["kind"] for r in whole(b, f"/v1/partners/{one}/rewards")} <= {"contribution", "payout"}
        assert b.get("/v1/status")["discrepancies_open"] == 0 and a.get("/v1/status")["discrepancies_open"] == 0
    for d, source in ((known, "abi"), (dsn, "inferred")):
        rows = psql(d, "SELECT partnership, source, rewards, principal, from_manager, to_manager, paid_in, paid_out FROM analytics.partnership_flow ORDER BY 1")
        assert len(rows) == 3
        for p, kind, rewards, principal, from_manager, to_manager, paid_in, paid_out in rows:
            assert kind == source
            sums = [sum(x[4] for x in moved if x[i] == p and (x[5 - i] == manager) == m) for i, m in ((3, True), (2, True), (3, False), (2, False))]
            assert [int(v) for v in (from_manager, to_manager, paid_in, paid_out)] == sums, p
            assert int(rewards) + int(principal) <= int(from_manager)
    assert psql(known, "SELECT partnership, rewards, paid_out FROM analytics.partnership_flow ORDER BY 1") == psql(
        dsn, "SELECT partnership, rewards, paid_out FROM analytics.partnership_flow ORDER BY 1")


def audit_inferred(api, dsn, ships):
    """Every payout of inferred partnerships: its audit adds up, to tokens and rewards as the logs have them. How many."""
    manager = psql(dsn, "SELECT chain.hex(stake_manager) FROM ledger.head")[0][0]
    moved = transfers(dsn)
    claims = psql(dsn, "SELECT chain.hex(account), block, log_index, amount, validator_id FROM ledger.validator_payout WHERE kind = 'claim' AND amount > 0")
    claims += psql(dsn, "SELECT chain.hex(delegator), block, log_index, amount, validator_id FROM ledger.delegator_entry WHERE kind = 'claim'")
    done, others = 0, 0
    for p in whole(api, "/v1/payouts"):
        if p["partnership"] not in ships:
            continue
        a = api.json(p["audit"], "audit")
        c, ship = a["causes"], p["partnership"]
        assert {k: a["payout"][k] for k in a["payout"]} == {k: p[k] for k in a["payout"]}
        assert c["inferred"] is True and c["since_block"] < p["block"]
        mine = [x for x in moved if c["since_block"] < x[0] <= p["block"]]
        total = lambda keep: sum(x[4] for x in mine if keep(x))
        came, put = total(lambda x: x[3] == ship and x[2] == manager), total(lambda x: x[2] == ship and x[3] == manager)
        n = {k: int(v) for k, v in c.items() if isinstance(v, str)}
        assert n["rewards"] + n["principal"] + n["other_from_staking"] == came and n["to_staking"] == put, (p, c)
        assert n["paid_in"] == total(lambda x: x[3] == ship and x[2] != manager)
        assert n["paid"] == total(lambda x: x[2] == ship and x[3] == p["partner"]) >= int(p["amount"])
        assert n["paid_to_others"] == total(lambda x: x[2] == ship and x[3] not in (manager, p["partner"]))
        before = sum(x[4] * ((x[3] == ship) - (x[2] == ship)) for x in moved if x[0] <= c["since_block"])
        assert n["balance_before"] == before, (p, c)
        assert n["balance_after"] == before + came + n["paid_in"] - put - n["paid"] - n["paid_to_others"]
        got = [[ship, str(r["block"]), str(r["log_index"]), r["amount"], str(r["validator_id"])] for r in c["received"]]
        assert got == sorted((x for x in claims if x[0] == ship and c["since_block"] < int(x[1]) <= p["block"]), key=lambda x: (int(x[1]), int(x[2])))
        assert sum(int(r["amount"]) for r in c["received"]) == n["rewards"], (p, c)
        for r in c["received"]:
            if r["kind"] == "validator" and r["accruals"]["rewards"]:
                rows = whole(api, r["accruals"]["rewards"])
                assert sum(int(x["own"]) for x in rows) == int(r["accruals"]["own"]) == int(r["amount"]), r
            assert r["evidence"].endswith(f"/{r['tx']}/{r['log_index']}")
        done += 1
        others += n["paid_to_others"] > 0
    return done, others


def test_audit_of_inferred_payouts():
    def unknown(net, chain):
        for c in chain["contracts"]:
            if c.get("mapping"):
                c.update(abi=[], mapping="inferred")
    known, net, dsn = new_database(), network(unknown), new_database()
    index_all("golden", known)
    index_all(net, dsn)
    with serving(known, "golden") as server:
        api = server.wait_database()
        payouts = whole(api, "/v1/payouts")
        assert all(api.json(p["audit"], "audit")["causes"]["inferred"] is False for p in payouts)
        ships = {p["partnership"] for p in payouts}
    with serving(dsn, net) as server:
        api = server.wait_database()
        seen = whole(api, "/v1/payouts")
        assert {(p["tx"], p["recipient"], p["amount"]) for p in payouts} <= {(p["tx"], p["recipient"], p["amount"]) for p in seen}
        done, others = audit_inferred(api, dsn, ships)
        assert done == len(seen) >= len(payouts) and others > 0, (done, len(seen), len(payouts))
        api.json(payouts[0]["audit"], status=404)  # of an event that nobody knows


def test_an_owner_that_forwards():
    """A validator's owner that is a plain wallet, named in the network file: whom it pays are its partners."""
    plain = new_database()
    index_all("golden", plain)
    ships = {p for p, in psql(plain, "SELECT DISTINCT chain.hex(address) FROM ledger.partnership")}
    owner, validator = next((o, v) for o, v in psql(plain, "SELECT chain.hex(owner), id FROM ledger.validator WHERE id > 0 ORDER BY block DESC, id")
                            if o not in ships and o != NOBODY)

    def named(net, chain):
        chain["contracts"].append({"name": "Forwarder", "address": owner, "abi": [], "accounted": True, "mapping": "inferred"})
    net, dsn = network(named), new_database()
    index_all(net, dsn)
    with up("--network", net, "--database", dsn) as (_, api):
        row = api.get(f"/v1/partnerships/{owner}")
        assert row["source"] == "inferred" and row["validator_id"] is not None, row
        received = psql(dsn, "SELECT coalesce(sum(amount), 0) FROM ledger.validator_payout WHERE kind = 'claim' AND chain.hex(account) = '" + owner + "'")
        assert int(row["total_received"]) >= int(received[0][0])
        paid = {}
        manager = psql(dsn, "SELECT chain.hex(stake_manager) FROM ledger.head")[0][0]
        for _, _, f, t, amount in transfers(dsn):
            if f == owner and t != manager:
                paid[t] = paid.get(t, 0) + amount
        assert {w["address"]: int(w["claimed"]) for w in row["partners"] if w["claimed"] != "0"} == {t: a for t, a in paid.items() if a}
        assert api.get("/v1/status")["discrepancies_open"] == 0
    with serving(dsn, net) as server:
        api = server.wait_database()
        assert audit_inferred(api, dsn, {owner})[0] == sum(p["partnership"] == owner for p in whole(api, "/v1/payouts")) == sum(
            f == owner and t != manager for _, _, f, t, _ in transfers(dsn))


def test_who_sent_what_in_which_role():
    dsn = new_database()
    index_all("golden", dsn)
    sent, meant = {}, json.loads(gzip.open(os.path.join(RECORDINGS, "golden", "txkinds.json.gz")).read())
    for line in gzip.open(os.path.join(RECORDINGS, "golden", "blocks.ndjson.gz")):
        b = json.loads(line)
        for t in b.get("block", b)["transactions"]:
            sent[t["hash"]] = t
    with up("--network", "golden", "--database", dsn) as (_, api):
        reverted = named = strangers = 0
        for ship in api.get("/v1/partnerships?limit=500")["data"]:
            p = ship["address"]
            rows = whole(api, f"/v1/partnerships/{p}/transactions?order=asc")
            assert [r["tx"] for r in rows if r["called"] == p] == [h for h, t in sent.items() if t["to"] == p], p
            roles = whole(api, f"/v1/partnerships/{p}/roles?order=asc")
            order = {r["tx"]: (r["block"], r["tx_index"]) for r in rows}
            for r in rows:
                assert r["actor"] == sent[r["tx"]]["from"] and r["value"] == str(int(sent[r["tx"]]["value"], 16)), r
                here = (r["block"], r["tx_index"])
                before = lambda block, tx: tx is None or (order[tx] if tx in order else (block, 0)) < here
                held = {x["role"] for x in roles if x["account"] == r["actor"] and before(x["from_block"], x["from_tx"])
                        and not (x["to_tx"] and before(x["to_block"], x["to_tx"]))}
                assert (r["roles"] or "").split(",") == (sorted(held) or [""]), (r, held)
                reverted += not r["succeeded"]
                named += r["roles"] is not None
                strangers += r["roles"] is None
            assert api.all(f"/v1/partnerships/{p}/transactions?limit=3&order=asc") == rows
            history = whole(api, f"/v1/partnerships/{p}/history?order=asc")
            by_tx = {r["tx"]: r["roles"] for r in rows}
            assert history and all(h["actor_roles"] == by_tx[h["tx"]] for h in history)
            got = psql(dsn, f"SELECT tx, coalesce(roles, '') FROM analytics.partnership_transaction WHERE partnership = '{p}' ORDER BY block, tx_index")
            assert got == [[r["tx"], r["roles"] or ""] for r in rows if r["called"] == p]
        assert named > 50 and strangers > 0 and reverted > 0, (named, strangers, reverted)
        assert any(meant[h].startswith("p") for h in meant)


def test_roles_of_the_initial_state():
    """Nobody's event gave them: they are in the timeline from the block before the first one, and end like others."""
    admin, operator, partners = ("0x" + c * 40 for c in "abc"), None, ["0x" + "e" * 40, "0x" + "f" * 40]
    admin, operator, *_ = admin

    def given(net, chain):
        p = net["initial_state"]["partnerships"][0]
        p.update(admin=admin, operator=operator, partners=partners, phase="1")
        p["people"] = {x: {"shareBps": "5000", "claimable": "0", "claimed": "0", "contributed": "0"} for x in partners}
    net, dsn = network(given), new_database()
    index_all(net, dsn)
    first = int(psql(dsn, "SELECT first_block FROM chain.chain")[0][0])
    with up("--network", net, "--database", dsn) as (_, api):
        ship = json.load(open(GOLDEN))["initial_state"]["partnerships"][0]["address"]
        rows = whole(api, f"/v1/partnerships/{ship}/roles?order=asc")
        initial = [r for r in rows if r["from_tx"] is None]
        assert rows[:4] == initial and [(r["role"], r["account"]) for r in initial] == [
            ("admin", admin), ("operator", operator), ("partner", partners[0]), ("partner", partners[1])], initial
        assert all((r["from_block"], r["block"], r["log_index"], r["tx"]) == (first - 1, first, None, None) for r in initial)
        assert api.all(f"/v1/partnerships/{ship}/roles?limit=1&order=asc") == rows
        assert api.all(f"/v1/partnerships/{ship}/roles?limit=1") == rows[::-1]
        assert all(r["from_tx"] for r in rows[4:])
        assert psql(dsn, f"SELECT ledger.roles_at(chain_id, chain.bytes('{ship}'), chain.bytes('{admin}'), {first}, 0) FROM chain.chain") == [["admin"]]
    rc, out, err = run_cli("verify", "--database", dsn, "--network", net, "--full")
    assert rc == 0, (out, err)


run(globals())
