"""The questions of schema/ANALYTICS.md as the analyst's role, each answer computed again from the API."""
from collections import defaultdict
from decimal import Decimal, ROUND_HALF_UP
from harness import *
import calendar

PAGE = os.path.join(ROOT, "schema", "ANALYTICS.md")
DSN = new_database()
index_all("golden", DSN)


def questions():
    return dict((int(n), sql) for n, sql in re.findall(r"^### (\d+)\..*?\n```sql\n(.*?)\n```", open(PAGE).read(), re.S | re.M))


def ask(sql, dsn=DSN):
    return psql(dsn, f"SET ROLE bttc_analyst; {sql}")


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
    return format(value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP), "f")


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
            want = [[d["address"], p["validator_id"], p["shares"], p["stake"], p["exchange_rate"], p["reward"], p["initial_reward_per_share"],
                     sum(int(u["shares"]) for u in p["unbonds"])] for d in api.get(f"/v1/delegators?limit=500&at={at}")["data"] for p in d["positions"]]
            assert ask(f"SELECT * FROM analytics.delegator_at({at})") == text(sorted(want, key=lambda r: (r[0], r[1]))), at
            one = max(want)[0] if want else None
            assert not one or ask(f"SELECT * FROM analytics.delegator_at({at}, '{one}')") == text([r for r in want if r[0] == one]), at
            want = sorted([s["address"], p["address"], p["share_bps"], p["claimable"], p["claimed"], p["contributed"], p["earned"]]
                          for s in api.get(f"/v1/partnerships?limit=500&at={at}")["data"] for p in s["partners"])
            assert ask("SELECT partnership, partner, share_bps, claimable, claimed, contributed, earned FROM"
                       f" analytics.partner_at({at}) ORDER BY 1, 2") == text(want), at


def rollup(view, key):
    """{key: (revision, the rest)}; whether a row is final is no property of the row, it is asked anew each time."""
    rows = psql(DSN_LIVE, f"SELECT array_to_string(ARRAY[{key}], ' '), revision, to_jsonb(x) - 'final' FROM analytics.{view} x")
    return {k: (int(r), rest) for k, r, rest in rows}


VIEWS = {"validator_day": "validator_id::text, day::text", "validator_week": "validator_id::text, week::text",
         "validator_month": "validator_id::text, month::text", "partner_month": "partner, partnership, month::text",
         "delegator_flow": "delegator, validator_id::text, kind, month::text", "uptime_month": "validator_id::text, month::text"}
DSN_LIVE = new_database()


def copy_of(kept, seen):
    """What a job has that took only rows above the newest revision it had seen, and deleted what was emptied; that revision."""
    newest = seen
    for view, key in VIEWS.items():
        for k, (revision, rest) in rollup(view, key).items():
            if revision > seen:
                kept[view, k] = revision, rest
                newest = max(newest, revision)
    gone = psql(DSN_LIVE, "SELECT rollup, concat_ws(' ', validator_id, account, partnership, kind, period), concat_ws(' ', account,"
                f" validator_id, kind, period), revision FROM analytics.emptied WHERE revision > {seen}")
    for view, a, b, revision in gone:
        kept.pop((view, b if view == "delegator_flow" else a), None)
        newest = max(newest, int(revision))
    return newest


def test_rollups_follow_forks_and_tell_what_changed():
    """A job's copy, kept by revision alone, equals the views after every step of every fork; final views never change."""
    d = os.path.join(RECORDINGS, "golden")
    kept, seen = {}, 0
    with replay(d) as r:
        r.control({"root": {"head": 600}})
        with up("--network", network_file(d), "--database", DSN_LIVE, "--rpc", f"root={r.url('root')}", "--poll-period", "30ms") as (p, api):
            def look(block, block_hash=None):
                nonlocal seen
                api.wait_indexed("root", block, block_hash=block_hash)
                assert_rollups(DSN_LIVE)
                before = dict(kept)
                seen = copy_of(kept, seen)
                want = {(v, k): row for v, key in VIEWS.items() for k, row in rollup(v, key).items()}
                wrong = [(k, kept.get(k), want.get(k)) for k in kept.keys() | want.keys() if kept.get(k) != want.get(k)]
                assert not wrong, (block, wrong[:3])
                return sum(before.get(k) == row for k, row in kept.items())
            look(600)
            untouched = 0
            for i, (point, tip, win, f) in enumerate(forks("golden"), 1):
                if tip <= 600:
                    continue
                r.control({"root": {"head": point}})
                look(point)
                r.control({"root": {"head": tip, "fork": i}})
                untouched += look(tip, f["orphaned"][-1]["block"]["hash"])
                r.control({"root": {"head": win}})
                untouched += look(win, f["canonical"][-1]["block"]["hash"])
            assert untouched > 0, "rows that a block does not touch are not written again"
            r.control({"root": {"head": 1184}})
            look(1184)
            p.stop()
    index_all("golden", DSN_LIVE)  # once all is indexed, all is as a first load makes it
    for view in VIEWS:
        of = lambda dsn: sorted(psql(dsn, f"SELECT to_jsonb(x) - 'revision' - 'changed_at' - 'final' FROM analytics.{view} x"))
        assert of(DSN_LIVE) == of(DSN), view


TURN, EARLIER = 600, 40 * 86400
_two_months = []


def two_months():
    """Golden as if all below block TURN had been 40 days earlier."""
    if not _two_months:
        dsn = new_database()
        index_all("golden", dsn)
        for t in ("posting", "accrual"):
            psql(dsn, f"UPDATE ledger.{t} SET time = time - interval '{EARLIER} seconds' WHERE block < {TURN}", False)
        psql(dsn, "SELECT analytics.remake()", False)
        _two_months.append(dsn)
    return _two_months[0]


def month_of(block, seconds):
    return time.strftime("%Y-%m-01 00:00:00+00", time.gmtime(seconds - EARLIER if block < TURN else seconds))


def test_commission_and_reward_per_btt():
    """Per validator and month, from the API's accruals, and its state at the block of the month's newest one."""
    dsn = two_months()
    with up("--network", "golden", "--database", dsn) as (_, api):
        w = World(api)
        at, months = {}, defaultdict(list)
        want = {"commission_month": [], "reward_per_btt_month": []}
        for v, rows in w.accruals.items():
            for r in rows:
                months[v, month_of(r["block"], calendar.timegm(time.strptime(r["time"], "%Y-%m-%dT%H:%M:%SZ")))].append(r)
        assert len({m for _, m in months}) == 2
        for (v, month), rows in sorted(months.items()):
            block = max(r["block"] for r in rows)
            if block not in at:
                at[block] = {x["id"]: x for x in api.get(f"/v1/validators?limit=500&at={block}")["data"]}
            x, own, delegators, commission = at[block][v], *(sum(int(r[k]) for r in rows) for k in ("own", "delegators", "commission"))
            own_stake, delegated = int(x["own_stake"]), int(x["delegated_stake"])
            per = lambda a, b, digits=12, by=1: rounded(Decimal(a) / b * by, digits) if b else None
            want["commission_month"].append([v, month, delegators + commission, commission, delegators,
                                             per(commission, delegators + commission, 6, 100), x["commission_rate"], block])
            want["reward_per_btt_month"].append([v, month, own + delegators, own_stake + delegated, per(own + delegators, own_stake + delegated), own,
                                                 own_stake, per(own, own_stake), delegators, delegated, per(delegators, delegated), block])
    got = ask("SELECT validator_id, month, before_commission, commission, delegators, commission_percent, commission_rate, newest_block FROM"
              " analytics.commission_month ORDER BY 1, 2", dsn)
    assert got == text(want["commission_month"]), (got[:2], text(want["commission_month"])[:2])
    assert len({r[5] for r in got}) > 5 and sum(int(r[3]) for r in got) > 0
    got = ask("SELECT validator_id, month, reward, stake, reward_per_btt, own, own_stake, own_per_btt, delegators, delegated_stake,"
              " delegators_per_btt, newest_block FROM analytics.reward_per_btt_month ORDER BY 1, 2", dsn)
    assert got == text(want["reward_per_btt_month"]), [x for x in zip(got, text(want["reward_per_btt_month"])) if x[0] != x[1]][:2]
    assert ask("SELECT sum(commission) = (SELECT sum(commission) FROM ledger.accrual), bool_and(commission_btt = analytics.btt(commission))"
               " FROM analytics.commission_month", dsn) == [["t", "t"]]


def test_delegation_flow():
    """Against the recording's own logs: ShareMinted and what is sold, migrations by adjacency (protocol.md 6.5)."""
    topic = {"mint": "0xc9afff0972d33d68c8d330fe0ebd0e9f54491ad8c59ae17330a9206f280f0865",
             "burn": "0x7e86625aa6e668407f095af342e0cc237809c4c5086b4d665a0067de122980a9",
             "sell": "0x502f5a6697a92e602c626b931a4a771fef4360eb9cece7bf906f10c5cec96aaa",
             "left": "0x770c7c7d8e20347e5080e2ac70e8519793bedaff621f044396fd8d6d052c4aa8",
             "restaked": "0x0f9ccdda16b467e719059c85ebd8383fcb7f8ffa5576629fe3b842836e04dad1"}
    name = {v: k for k, v in topic.items()}
    times = {number(b["number"]): number(b["timestamp"]) for b in lines("golden", "blocks.ndjson.gz")}
    dsn = two_months()
    want = defaultdict(lambda: defaultdict(int))
    for r in lines("golden", "receipts.ndjson.gz"):
        month = month_of(number(r["blockNumber"]), times[number(r["blockNumber"])])
        for receipt in r["receipts"]:
            logs = [(name[l["topics"][0]], l) for l in receipt["logs"] if l["topics"] and l["topics"][0] in name]
            migrating = None
            for i, (kind, l) in enumerate(logs):
                v, who, amount = int(l["topics"][1], 16), l["topics"][2], int(l["topics"][3], 16) if kind in ("mint", "burn", "sell") else 0
                row = want[v, month]
                after = logs[i + 1] if i + 1 < len(logs) else (None, None)
                if kind == "burn" and after[0] == "left" and number(after[1]["logIndex"]) == number(l["logIndex"]) + 2:
                    row["migrated_out"] += amount
                    migrating = who
                elif kind in ("burn", "sell"):
                    row["unbonded"] += amount
                elif kind == "mint" and migrating == who:
                    row["migrated_in"] += amount
                    migrating = None
                elif kind == "mint":  # a restake says so in the same transaction, after it
                    again = any(k == "restaked" and x["topics"][1:3] == l["topics"][1:3] for k, x in logs[i + 1:i + 3])
                    row["restaked" if again else "delegated"] += amount
    kinds = ["delegated", "restaked", "migrated_in", "unbonded", "migrated_out"]
    want = [[v, m, *(row[k] for k in kinds)] for (v, m), row in sorted(want.items()) if any(row.values())]
    got = ask(f"SELECT validator_id, month, {', '.join(kinds)} FROM analytics.delegation_month ORDER BY 1, 2", dsn)
    assert got == text(want), [x for x in zip(got, text(want)) if x[0] != x[1]][:3]
    assert len({m for _, m, *_ in got}) == 2
    assert all(any(int(r[2 + i]) for r in got) for i in range(5)), "all kinds occur"
    assert ask("SELECT sum(migrated_in) - sum(migrated_out) FROM analytics.delegation_month", dsn) == [["0"]]
    # what came less what left is what is there
    assert ask("SELECT d.validator_id, sum(d.net) FROM analytics.delegation_month d GROUP BY 1 ORDER BY 1", dsn) == ask(
        "SELECT validator_id, delegated_stake FROM ledger.head h CROSS JOIN LATERAL analytics.validator_at(h.block) WHERE validator_id IN"
        " (SELECT validator_id FROM analytics.delegation_month) ORDER BY 1", dsn)


def test_final_views():
    final = int(psql(DSN, "SELECT final FROM chain.head")[0][0])
    for unit in ("day", "week", "month"):
        want = psql(DSN, f"SELECT validator_id, date_trunc('{unit}', time, 'UTC'), sum(own), sum(delegators), sum(commission), count(*)"
                         f" FROM ledger.accrual WHERE block <= {final} GROUP BY 1, 2 ORDER BY 1, 2")
        got = ask(f"SELECT validator_id, {unit}, own, delegators, commission, credited_checkpoints FROM analytics.validator_{unit}_final ORDER BY 1, 2")
        assert got == want and got, unit
        want = psql(DSN, f"SELECT validator_id, date_trunc('{unit}', time, 'UTC'), sum(own), sum(proposer_bonus), sum(commission), count(*), max(block)"
                         " FROM ledger.accrual GROUP BY 1, 2 ORDER BY 1, 2")
        got = ask(f"SELECT validator_id, {unit}, own, proposer_bonus, commission, credited_checkpoints, newest_block FROM"
                  f" analytics.validator_{unit} ORDER BY 1, 2")
        assert got == want and got, unit
    for view in ("payout", "partner_month"):
        assert ask(f"SELECT count(*) FROM analytics.{view}_final") != [["0"]], view
    assert ask("SELECT count(*) FROM analytics.payout_final WHERE NOT final") == [["0"]]


def test_months_end_where_they_end():
    """Rows around the turns of days, weeks, months and the year, put in and taken out one block at a time."""
    dsn = new_database()
    index_all("world", dsn)
    assert_rollups(dsn)
    before = psql(dsn, "SELECT period, validator_id, credited_checkpoints, own FROM analytics.kept_validator ORDER BY 1, 2")
    (first,), = psql(dsn, "SELECT min(block) FROM ledger.accrual")
    times = ["2023-12-24T23:59:59Z", "2023-12-25T00:00:00Z", "2023-12-30T23:59:59Z", "2023-12-31T00:00:00Z", "2023-12-31T23:59:59Z"]
    for i, t in enumerate(times):
        psql(dsn, f"INSERT INTO ledger.accrual SELECT chain_id, validator_id, block - 5 + {i}, log_index, tx, '{t}', checkpoint_id, root_chain_id, own,"
                  f" delegators, proposer_bonus, commission FROM ledger.accrual WHERE block = {first}", False)
        assert_rollups(dsn)
    for unit, want in (("week", ["2023-12-18", "2023-12-25", "2024-01-01"]), ("month", ["2023-12-01", "2024-01-01"]),
                       ("day", ["2023-12-24", "2023-12-25", "2023-12-30", "2023-12-31", "2024-01-01"])):
        got = psql(dsn, f"SELECT DISTINCT ({unit} AT TIME ZONE 'UTC')::date FROM analytics.validator_{unit} ORDER BY 1")
        assert [d for d, in got] == want, (unit, got)
    # what is wrong is found: one unit too much in one row is one row too many and one too few
    psql(dsn, "UPDATE analytics.kept_validator SET own = own + 1 WHERE (validator_id, period) = (SELECT validator_id, period FROM"
              " analytics.kept_validator WHERE credited_checkpoints > 0 ORDER BY 1, 2 LIMIT 1)", False)
    assert [r for r, in psql(dsn, "SELECT rollup FROM ledger.rollup_fault")] == ["analytics.kept_validator"] * 2
    psql(dsn, "DELETE FROM analytics.kept_signing; UPDATE analytics.kept_partner SET movements = 7; SELECT analytics.remake()", False)
    assert_rollups(dsn)
    for i in (4, 3, 2, 1, 0):
        psql(dsn, f"DELETE FROM ledger.accrual WHERE block = {first} - 5 + {i}", False)
        assert_rollups(dsn)
    assert psql(dsn, "SELECT period, validator_id, credited_checkpoints, own FROM analytics.kept_validator WHERE credited_checkpoints > 0"
                     " ORDER BY 1, 2") == before
    assert psql(dsn, "SELECT DISTINCT rollup FROM analytics.emptied ORDER BY 1") == [["validator_day"], ["validator_month"], ["validator_week"]]


def refused(sql):
    try:
        ask(sql)
    except Exception as e:
        return str(e)
    return ""


def test_the_role_reads_only():
    for sql in ("SELECT * FROM chain.position", "DELETE FROM ledger.accrual", "UPDATE ledger.head SET block = 1",
                "SELECT ledger.undo(31337, 1)", "UPDATE analytics.kept_validator SET own = 0", "SELECT nextval('analytics.revision')",
                "SELECT * FROM chain.coverage", "SELECT * FROM bttc.migration", "CREATE TABLE analytics.x (a int)"):
        assert "ermission denied" in refused(sql) or "read-only" in refused(sql), sql
    timeout, = psql(DSN, "SELECT s FROM pg_db_role_setting d JOIN pg_roles r ON r.oid = d.setrole, unnest(d.setconfig) s WHERE r.rolname ="
                         " 'bttc_analyst' AND s LIKE 'statement_timeout=%'")
    assert timeout == ["statement_timeout=5min"], timeout
    undocumented = psql(DSN, "SELECT c.relname, a.attname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN"
                             " pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 WHERE n.nspname = 'analytics' AND"
                             " c.relkind IN ('r', 'v') AND"
                             " col_description(c.oid, a.attnum) IS NULL")
    assert not undocumented, undocumented


run(globals())
