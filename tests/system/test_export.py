"""`export`: the same rows as the API's lists, sums, statements that meet the contracts' state, files whole or not at all."""
import csv, io
from harness import *

DSN = new_database()
index_all("golden", DSN)


def export(*args, rc=0):
    code, out, err = run_cli("export", *args, "--network", "golden", "--database", DSN)
    assert code == rc, (args, code, err)
    return out if rc == 0 else err


def lines(*args):
    rows = [json.loads(x) for x in export(*args, "--format", "ndjson").splitlines()]
    return rows[:-1], rows[-1]["summary"]


def cells(*args):
    text = export(*args)
    last = text.rstrip().splitlines()[-1]
    assert last.startswith("# "), last
    return list(csv.DictReader(io.StringIO(text[:text.rindex("# ")]))), json.loads(last[2:])["summary"]


def same(got, want):
    """Either side has more about the row; what both have is equal."""
    assert len(got) == len(want), (len(got), len(want))
    for g, w in zip(got, want):
        both = set(g) & set(w)
        assert len(both) >= 8 and {"block", "log_index", "tx", "time"} <= both, both
        assert {k: g[k] for k in both} == {k: w[k] for k in both}, (g, w)


def test_rows_equal_the_api():
    with up("--network", "golden", "--database", DSN) as (_, api):
        def api_rows(path):
            return api.all(path + "?limit=500&order=asc")
        head = api.chain("root")["indexed"]
        got, summary = lines("payouts")
        same(got, api_rows("/v1/payouts"))
        assert got and summary["head"] == head and summary["rows"] == len(got)
        assert int(summary["sums"]["amount"]) == sum(int(r["amount"]) for r in got)
        partner = got[0]["partner"]
        same(lines("partner-entries", "--account", partner)[0], api_rows(f"/v1/partners/{partner}/rewards"))
        got, summary = lines("accruals", "--validator", "1")
        same(got, api_rows("/v1/validators/1/rewards"))
        for k in ("own", "delegators", "proposer_bonus", "commission"):
            assert int(summary["sums"][k]) == sum(int(r[k]) for r in got), k
        same(lines("validator-payouts", "--validator", "2")[0], api_rows("/v1/validators/2/payouts"))
        delegator = lines("delegator-entries")[0][0]["delegator"]
        same(lines("delegator-entries", "--account", delegator)[0], api_rows(f"/v1/delegators/{delegator}/rewards"))
        assert lines("discrepancies")[0] == []
        table, summary = cells("payouts")
        assert [r["amount"] for r in table] == [r["amount"] for r in lines("payouts")[0]] and summary["rows"] == len(table)
        final = int(api.chain("root")["final"])
        assert all(r["block"] <= final for r in lines("payouts", "--final-only")[0])
        part = lines("payouts", "--from", 500, "--to", 900)[0]
        assert part == [r for r in lines("payouts")[0] if 500 <= r["block"] <= 900] and part


def test_statements_meet_the_state():
    with up("--network", "golden", "--database", DSN) as (_, api):
        partners = [p["address"] for p in api.get("/v1/partners?limit=500")["data"]]
        validators = [v["id"] for v in api.get("/v1/validators?limit=500")["data"]]

        def claimable(who, at):
            return sum(int(p["claimable"]) for p in api.get(f"/v1/partners/{who}?at={at}")["partnerships"])

        def contributed(who, at):
            return sum(int(p["contributed"]) for p in api.get(f"/v1/partners/{who}?at={at}")["partnerships"])

        def reward(v, at, key="reward"):
            status, _, body = api.raw(f"/v1/validators/{v}?at={at}")
            return int(json.loads(body)[key]) if status == 200 else 0
        for first, last in ((111, 1184), (400, 800), (801, 802)):
            for who in partners[::2]:
                if not api.get(f"/v1/partners/{who}?at={last}")["partnerships"]:
                    continue
                rows, _ = cells("statement", "--account", who, "--as", "partner", "--from", first, "--to", last)
                assert (rows[0]["kind"], int(rows[0]["balance"])) == ("opening", claimable(who, first - 1)), who
                assert (int(rows[0]["capital"]), int(rows[-1]["capital"])) == (contributed(who, first - 1), contributed(who, last)), who
                assert (rows[-1]["kind"], int(rows[-1]["balance"])) == ("closing", claimable(who, last)), who
                for r in rows[1:-1]:
                    assert int(r["balance"]) == claimable(who, r["block"]) or sum(
                        x["block"] == r["block"] for x in rows) > 1, r
            for v in validators[::3]:
                if api.raw(f"/v1/validators/{v}?at={last}")[0] != 200:
                    continue
                rows, _ = cells("statement", "--validator", v, "--from", first, "--to", last)
                assert int(rows[0]["balance"]) == reward(v, first - 1) and int(rows[-1]["balance"]) == reward(v, last), v
                assert [int(r["capital"]) for r in (rows[0], rows[-1])] == [reward(v, b, "own_stake") for b in (first - 1, last)], v


def delegator(api, who, at):
    """(rewards owed, stake and open unbonds)"""
    of = api.get(f"/v1/delegators/{who}?at={at}")["positions"]
    return sum(int(p["reward"]) for p in of), sum(int(p["stake"]) + sum(int(u["shares"]) for u in p["unbonds"]) for p in of)


def test_statements_of_delegators():
    """Every delegator of golden: opening, every movement and closing as the API has the state at those blocks."""
    with up("--network", "golden", "--database", DSN) as (_, api):
        everybody = [d["address"] for d in api.get("/v1/delegators?limit=500")["data"]]
        kinds, looked = set(), 0

        def one(who):
            nonlocal looked
            for first, last in ((111, 1184), (500, 700)):
                rows, summary = cells("statement", "--account", who, "--as", "delegator", "--from", first, "--to", last)
                assert [r["kind"] for r in (rows[0], rows[-1])] == ["opening", "closing"] and summary["rows"] == len(rows) - 2
                for r, at in ((rows[0], first - 1), (rows[-1], last)):
                    assert (int(r["balance"]), int(r["capital"])) == delegator(api, who, at), (who, at)
                ends = [a for a, b in zip(rows[1:-1], rows[2:]) if a["block"] != b["block"]]
                for r in ends[:: max(1, len(ends) // 10)]:
                    assert (int(r["balance"]), int(r["capital"])) == delegator(api, who, r["block"]), (who, r)
                    looked += 1
                kinds.update(r["kind"] for r in rows)
                paid = api.all(f"/v1/delegators/{who}/rewards?limit=500&from={first}&to={last}")
                for kind, column in (("claim", "debit"), ("restake", "debit"), ("unstake", "capital_out"), ("migration", "capital_out")):
                    assert sorted((r["block"], r["log_index"], r["amount"]) for r in paid if r["kind"] == kind) == sorted(
                        (int(r["block"]), int(r["log_index"]), r[column]) for r in rows if r["kind"] == kind), (who, kind)
                assert not [r for r in rows if r["kind"] == "adjustment"], who
        together(one, everybody, 3)
        assert kinds >= {"accrual", "claim", "restake", "stake", "unbond", "unstake", "migration", "transfer"}, kinds
        assert looked > 10 * len(everybody), looked
        both = set(everybody) & {p["address"] for p in api.get("/v1/partners?limit=500")["data"]}
        only = [d for d in everybody if d not in both]
        assert cells("statement", "--account", only[0]) == cells("statement", "--account", only[0], "--as", "delegator")
        for who in both:
            assert "option \"as\"" in export("statement", "--account", who, rc=1)


def test_months_of_a_statement():
    """A recording over the turn of the year: each month opens with what the one before closed with, as the API has it at that block."""
    dsn, net = new_database(), "world"
    index_all(net, dsn)

    def statement(*args):
        code, out, err = run_cli("export", "statement", *args, "--network", net, "--database", dsn)
        if code == 1 and "of that name at block" in err:
            return None
        assert code == 0, (args, err)
        return list(csv.DictReader(io.StringIO(out[:out.rindex("# ")])))
    with up("--network", net, "--database", dsn) as (_, api):
        turn = int(psql(dsn, "SELECT max(b.number) FROM chain.block b JOIN chain.chain c USING (chain_id) WHERE c.key = 'root' AND"
                             " b.time < '2024-01-01Z'")[0][0])
        first = int(psql(dsn, "SELECT min(b.number) FROM chain.block b JOIN chain.chain c USING (chain_id) WHERE c.key = 'root'")[0][0])
        assert first <= turn < 389, turn
        accounts = [("--validator", v["id"]) for v in api.get("/v1/validators?limit=500")["data"]]
        accounts += [("--account", d["address"], "--as", "delegator") for d in api.get("/v1/delegators?limit=500")["data"]]
        accounts += [("--account", d["address"], "--as", "partner") for d in api.get("/v1/partners?limit=500")["data"]]
        for account in accounts:
            rows = statement(*account)
            edges = [(r["kind"], int(r["block"])) for r in rows if r["kind"] in ("opening", "closing")]
            assert edges == [("opening", first - 1), ("closing", turn), ("opening", turn), ("closing", 389)], (account, edges)
            at = [i for i, r in enumerate(rows) if int(r["block"]) == turn and r["kind"] in ("opening", "closing")]
            assert at[1] == at[0] + 1 and all(int(r["block"]) <= turn for r in rows[:at[0]])
            assert all(int(r["block"]) > turn for r in rows[at[1] + 1:])
            for month, part in (("2023-12", rows[:at[0] + 1]), ("2024-01", rows[at[1]:])):
                alone = statement(*account, "--month", month)
                for a, b in zip(alone or [], part):
                    assert a == b, (account, month, a, b)
                assert alone == part or alone is None and [r["balance"] for r in part] == ["0", "0"], (account, month)
            if account[-1] == "delegator":
                assert (int(rows[at[0]]["balance"]), int(rows[at[0]]["capital"])) == delegator(api, account[1], turn), account
            if account[0] == "--validator":
                status, _, body = api.raw(f"/v1/validators/{account[1]}?at={turn}")
                v = json.loads(body) if status == 200 else {"reward": 0, "own_stake": 0}
                assert (int(rows[at[0]]["balance"]), int(rows[at[0]]["capital"])) == (int(v["reward"]), int(v["own_stake"])), account
        assert any(r["kind"] == "accrual" for r in statement("--validator", 1)), "there is something to add up"


def test_months_and_times():
    whole, _ = cells("statement", "--validator", 1)
    month, _ = cells("statement", "--validator", 1, "--month", "2024-01")
    assert month[1:] == whole[1:]
    empty, summary = cells("statement", "--validator", 1, "--month", "2024-02")
    assert [r["kind"] for r in empty] == ["opening", "closing"] and summary["rows"] == 0
    assert empty[0]["balance"] == empty[1]["balance"] == whole[-1]["balance"]
    noon = lines("accruals", "--from", "2024-01-01T12:00:00Z")[0]
    assert noon and all(r["time"] >= "2024-01-01T12:00:00Z" for r in noon)
    before = lines("accruals", "--to", "2024-01-01T11:59:59Z")[0]
    assert len(noon) + len(before) == len(lines("accruals")[0])


def test_files_are_whole_or_not_there():
    path = os.path.join(TMP, "payouts.csv")
    export("payouts", "--output", path)
    assert open(path).read().endswith("}}\r\n") or open(path).read().rstrip().endswith("}}")
    before = open(path).read()
    err = export("payouts", "--output", path, "--from", 99999, rc=1)
    assert "from" in err and open(path).read() == before
    assert [f for f in os.listdir(TMP) if ".part." in f] == []
    assert "No such file" in export("payouts", "--output", "/nowhere/at/all.csv", rc=1)


def test_mistakes_are_named():
    for args, word, rc in ((("payouts", "--account", "0x12"), "account", 1), (("accruals", "--account", "0x" + "1" * 40), "account", 1),
                           (("payouts", "--month", "2024-13"), "month", 1), (("payouts", "--month", "2024-01", "--from", 3), "month", 1),
                           (("payouts", "--from", "yesterday"), "from", 1), (("statement",), "account", 1), (("nonsense",), "nonsense", 2),
                           (("payouts", "--format", "xml"), "format", 2), (("payouts", "--from", 1), "from", 1),
                           (("statement", "--validator", 999), "validator", 1), (("statement", "--validator", 1, "--as", "partner"), "as", 2),
                           (("statement", "--account", "0x" + "1" * 40, "--as", "delegator"), "no delegator", 1), (("payouts", "--as", "partner"), "as", 2), (("discrepancies", "--validator", 1), "validator", 1)):
        assert word in export(*args, rc=rc), args


run(globals())
