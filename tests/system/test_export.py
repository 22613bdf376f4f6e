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

        def reward(v, at):
            status, _, body = api.raw(f"/v1/validators/{v}?at={at}")
            return int(json.loads(body)["reward"]) if status == 200 else 0
        for first, last in ((111, 1184), (400, 800), (801, 802)):
            for who in partners[::2]:
                if not api.get(f"/v1/partners/{who}?at={last}")["partnerships"]:
                    continue
                rows, _ = cells("statement", "--account", who, "--from", first, "--to", last)
                assert (rows[0]["kind"], int(rows[0]["balance"])) == ("opening", claimable(who, first - 1)), who
                assert (rows[-1]["kind"], int(rows[-1]["balance"])) == ("closing", claimable(who, last)), who
                for r in rows[1:-1]:
                    assert int(r["balance"]) == claimable(who, r["block"]) or sum(
                        x["block"] == r["block"] for x in rows) > 1, r
            for v in validators[::3]:
                if api.raw(f"/v1/validators/{v}?at={last}")[0] != 200:
                    continue
                rows, _ = cells("statement", "--validator", v, "--from", first, "--to", last)
                assert int(rows[0]["balance"]) == reward(v, first - 1) and int(rows[-1]["balance"]) == reward(v, last), v


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
                           (("statement", "--validator", 999), "validator", 1), (("discrepancies", "--validator", 1), "validator", 1)):
        assert word in export(*args, rc=rc), args


run(globals())
