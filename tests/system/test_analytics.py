"""The questions of schema/ANALYTICS.md as the analyst's role, each answer computed again from the API."""
from collections import defaultdict
from decimal import Decimal, ROUND_HALF_UP
from harness import *

PAGE = os.path.join(ROOT, "schema", "ANALYTICS.md")
DSN = new_database()
index_all("golden", DSN)


def questions():
    return dict((int(n), sql) for n, sql in re.findall(r"^### (\d+)\..*?\n```sql\n(.*?)\n```", open(PAGE).read(), re.S | re.M))


def ask(sql):
    return psql(DSN, f"SET ROLE bttc_analyst; {sql}")


class World:
    """What the API says, read once."""

    def __init__(self, api):
        self.api = api
        self.validators = api.get("/v1/validators?limit=500")["data"]
        self.accruals = {v["id"]: self.rows(f"/v1/validators/{v['id']}/rewards") for v in self.validators}
        self.partners = [p["address"] for p in api.get("/v1/partners?limit=500")["data"]]
        self.entries = {p: self.rows(f"/v1/partners/{p}/rewards") for p in self.partners}
        self.delegators = [d["address"] for d in api.get("/v1/delegators?limit=500")["data"]]
        self.owners = {p["address"] for p in api.get("/v1/partnerships?limit=500")["data"]}

    def rows(self, path):
        return self.api.all(path + ("&" if "?" in path else "?") + "limit=500")

    def sum(self, validator, key):
        return sum(int(r[key]) for r in self.accruals[validator])

    def stake(self, v):
        return int(v["own_stake"]) + int(v["delegated_stake"])


def text(rows):
    return [["" if c is None else str(c) for c in r] for r in rows]


def rounded(value, digits):
    return str(value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def q1(w):
    days = defaultdict(lambda: [0, 0, 0])
    for r in w.accruals[2]:
        for i, k in enumerate(("own", "delegators", "commission")):
            days[r["time"][:10]][i] += int(r[k])
    return [[d + " 00:00:00+00", *v] for d, v in sorted(days.items())]


def q2(w):
    best = sorted(((w.sum(v, "own"), v) for v in w.accruals if w.accruals[v]), key=lambda x: (-x[0], x[1]))
    return [[v, own] for own, v in best[:5]]


def q3(w):
    return [[v, w.sum(v, "commission")] for v in sorted(w.accruals) if w.sum(v, "commission") > 0]


def q4(w):
    out = []
    for p in sorted(w.partners):
        s = defaultdict(int)
        for r in w.entries[p]:
            s[r["kind"]] += int(r["amount"])
        if w.entries[p]:
            out.append([p, s["payout"], s["allocation"] - s["payout"]])
    return out


def q5(w):
    rows = [r for r in w.rows("/v1/payouts?order=asc") if r["recipient"] != r["partner"]]
    assert rows, "the recording has claims to others"
    return [[r["tx"], r["log_index"], r["partner"], r["recipient"], r["amount"]] for r in rows]


def q6(w):
    return [[v["id"], v["reward"], v["delegators_reward"]] for v in w.api.get("/v1/validators?limit=500&at=700")["data"]]


def q7(w):
    return sorted([s["address"], p["address"], p["share_bps"], p["claimable"]]
                  for s in w.api.get("/v1/partnerships?limit=500&at=700")["data"] for p in s["partners"] if p["active"])


def q8(w):
    stakes = sorted(w.stake(v) for v in w.validators if v["status"] == "active" and int(v["own_stake"]))
    n, total, top = len(stakes), sum(stakes), 0
    gini = Decimal(sum((2 * i - n - 1) * s for i, s in enumerate(stakes, 1))) / (n * total)
    for nakamoto, s in enumerate(reversed(stakes), 1):
        top += s
        if 3 * top > total:
            break
    return [[n, total, rounded(gini, 6), nakamoto]]


def q9(w):
    out = []
    for v in w.validators:
        p = w.api.get(f"/v1/validators/{v['id']}/performance")
        leaving = int(psql(DSN, f"SELECT count(*) FROM ledger.checkpoint WHERE root_chain_id = 1 AND {v['id']} = ANY (leaving)")[0][0])
        out.append([v["id"], p["checkpoints_expected"], p["checkpoints_signed"] - leaving])
    return out


def q10(w):
    out = []
    for kind in ("independent", "partnership"):
        mine = [v for v in w.validators if (v["owner"] in w.owners) == (kind == "partnership")]
        reward = sum(w.sum(v["id"], "own") + w.sum(v["id"], "delegators") for v in mine)
        out.append([kind, len(mine), sum(map(w.stake, mine)), reward, reward - len(mine) * 10**24])
    return out


def q11(w):
    kinds = defaultdict(lambda: [0, 0])
    for d in w.delegators:
        for r in w.rows(f"/v1/delegators/{d}/rewards"):
            kinds[r["kind"]][0] += 1
            kinds[r["kind"]][1] += int(r["amount"])
    return [[k, *v] for k, v in sorted(kinds.items())]


def q12(w):
    at = max(r["block"] for rows in w.accruals.values() for r in rows)
    out = []
    for v in w.api.get(f"/v1/validators?limit=500&at={at}")["data"]:
        reward, stake = w.sum(v["id"], "own") + w.sum(v["id"], "delegators"), w.stake(v)
        apr = rounded(Decimal(reward) / stake * 365 / 30 * 100, 6) if stake else None
        out.append([v["id"], reward, stake, apr])
    return out


def test_twelve_questions():
    asked = questions()
    assert sorted(asked) == list(range(1, 13)), sorted(asked)
    with up("--network", "golden", "--database", DSN) as (_, api):
        w = World(api)
        for n, sql in asked.items():
            want, got = text(globals()[f"q{n}"](w)), ask(sql)
            assert got and got == want, f"question {n}:\n{got[:4]}\n{want[:4]}"


def test_state_functions_at_many_blocks():
    with up("--network", "golden", "--database", DSN) as (_, api):
        for at in range(110, 1185, 83):
            want = [[v["id"], v["own_stake"], v["reward"], v["delegators_reward"]]
                    for v in api.get(f"/v1/validators?limit=500&at={at}")["data"]]
            assert ask(f"SELECT validator_id, own_stake, reward, delegators_reward FROM analytics.validator_at({at})") == text(want), at
            want = sorted([s["address"], p["address"], p["share_bps"], p["claimable"], p["claimed"], p["contributed"], p["earned"]]
                          for s in api.get(f"/v1/partnerships?limit=500&at={at}")["data"] for p in s["partners"])
            assert ask("SELECT partnership, partner, share_bps, claimable, claimed, contributed, earned FROM"
                       f" analytics.partner_at({at}) ORDER BY 1, 2") == text(want), at


def refused(sql):
    try:
        ask(sql)
    except Exception as e:
        return str(e)
    return ""


def test_the_role_reads_only():
    for sql in ("SELECT * FROM chain.position", "DELETE FROM ledger.accrual", "UPDATE ledger.head SET block = 1",
                "SELECT ledger.undo(31337, 1)", "CREATE TABLE analytics.x (a int)"):
        assert "ermission denied" in refused(sql) or "read-only" in refused(sql), sql
    undocumented = psql(DSN, "SELECT c.relname, a.attname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN"
                             " pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 WHERE n.nspname = 'analytics' AND"
                             " col_description(c.oid, a.attnum) IS NULL")
    assert not undocumented, undocumented


run(globals())
