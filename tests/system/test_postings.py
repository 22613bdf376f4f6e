"""Double entry as the analyst sees it: the trial balance, holders against the token's own transfers read from the
recording, accounts against the API, at several blocks."""
from api_kit import serving
from harness import *

TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
DSN = new_database()
index_all("golden", DSN)
NETWORK = json.load(open(os.path.join(ROOT, "schema", "networks", "golden.json")))


def ask(sql):
    return psql(DSN, f"SET ROLE bttc_analyst; {sql}")


HEAD = int(ask("SELECT max(block) FROM analytics.posting")[0][0])
BLOCKS = [108, 117, 300, 437, 504, 700, 863, HEAD]


def contract(name):
    chain = next(c for c in NETWORK["chains"] if c["key"] == "root")
    return next(c["address"] for c in chain["contracts"] if c["name"] == name).lower()


def transfers():
    """(block, from, to, amount) of the token, from the recording itself."""
    token = contract("Token")
    for b in lines("golden", "receipts.ndjson.gz"):
        for g in (g for r in b["receipts"] for g in r["logs"]):
            if g["address"] == token and g["topics"][0] == TRANSFER:
                yield int(g["blockNumber"], 16), "0x" + g["topics"][1][26:], "0x" + g["topics"][2][26:], int(g["data"], 16)


def test_trial_balance_is_zero():
    for block in BLOCKS:
        rows = ask(f"SELECT sum(balance), count(*) FROM analytics.trial_balance({block})")
        assert rows[0][0] == "0" and int(rows[0][1]) >= 3, (block, rows)
    assert ask("SELECT count(*) FROM analytics.trial_balance(%d) WHERE account = 'clearing' AND balance <> 0" % HEAD) == [["0"]]
    assert ask("SELECT count(*) FROM analytics.posting WHERE kind = 'unexplained' OR amount <= 0 OR debit = credit") == [["0"]]


def test_holders_have_what_the_tokens_transfers_left_them():
    manager = contract("StakeManager")
    opening = {a: int(v) for a, v in NETWORK["initial_state"]["tokenBalances"].items()}
    opening[manager] = int(NETWORK["initial_state"]["global"]["stakeManagerTokenBalance"])
    moved = list(transfers())
    assert len(moved) > 1000
    checked = 0
    for block in BLOCKS:
        balance = dict(opening)
        for b, a, to, amount in moved:
            if b <= block:
                balance[a] = balance.get(a, 0) - amount
                balance[to] = balance.get(to, 0) + amount
        for holder, accounts, tokens in ask(f"SELECT * FROM analytics.holder_balance({block})"):
            address = manager if holder == "stake_manager" else holder.split("/")[1]
            assert int(accounts) == int(tokens) == balance.get(address, 0), (block, holder, accounts, tokens)
            checked += 1
        wallets = ask("SELECT w, analytics.account_balance(w, %d) FROM (SELECT DISTINCT credit AS w FROM analytics.posting WHERE"
                      " credit LIKE 'wallet/%%' AND block <= %d) x" % (block, block))
        assert len(wallets) > 5
        for name, units in wallets:
            assert int(units) == balance.get(name.split("/")[1], 0), (block, name)
    assert checked > 3 * len(BLOCKS)


def test_accounts_are_what_the_api_says():
    with serving(DSN, "golden") as server:
        api = server.wait_database()
        for block in (300, 700, HEAD):
            for v in api.json(f"/v1/validators?limit=500&at={block}")["data"]:
                i = v["id"]
                got = ask("SELECT " + ", ".join(f"analytics.account_balance('stake_manager/{a}/{i}', {block})" for a in
                                                ("stake", "accrued", "reward", "delegators_accrued", "delegators_reward")))[0]
                stake, accrued, reward, d_accrued, d_reward = map(int, got)
                assert stake == int(v["own_stake"]), (block, i)
                assert accrued + reward == int(v["reward"]), (block, i)
                assert d_accrued + d_reward == int(v["delegators_reward"]), (block, i)
            for p in api.json(f"/v1/partnerships?limit=500&at={block}")["data"]:
                free = ask(f"SELECT analytics.account_balance('partnership/{p['address']}/free_capital', {block})")
                assert free == [[p["free_capital"]]]
                for w in p["partners"]:
                    got = ask(f"SELECT analytics.account_balance('partnership/{p['address']}/claimable/{w['address']}', {block}),"
                              f" analytics.account_balance('contributed/{p['address']}/{w['address']}', {block})")
                    assert got == [[w["claimable"], w["contributed"]]], (block, p["address"], w)


def test_income_and_principal_never_share_an_account():
    """Whatever is paid as reward was credited by a checkpoint; stake that comes back is no income."""
    assert ask("SELECT DISTINCT split_part(debit, '/', 2) FROM analytics.posting WHERE kind = 'claimed' ORDER BY 1") == \
        [["reward"], ["share_reward"]]
    assert ask("SELECT DISTINCT split_part(debit, '/', 2) FROM analytics.posting WHERE kind IN ('unstaked', 'withdrawn',"
               " 'migrated') AND debit LIKE 'stake_manager/%' AND debit NOT LIKE '%/clearing' ORDER BY 1") == \
        [["delegation"], ["stake"], ["unbonding"]]
    assert ask("SELECT DISTINCT split_part(debit, '/', 2) FROM analytics.posting WHERE credit ~ '/(accrued|delegators_accrued)/'"
               " ORDER BY 1") == [["reserve"]]


def test_the_pages_questions():
    page = open(os.path.join(ROOT, "schema", "POSTINGS.md")).read()
    queries = [q for block in re.findall(r"```sql\n(.*?)```", page, re.S) for q in block.split(";") if q.strip()]
    assert len(queries) == 3
    answers = [ask(q) for q in queries]
    with serving(DSN, "golden") as server:
        assert answers[0] == [[server.wait_database().json("/v1/validators/5?at=700")["reward"]]]
    assert len(answers[1]) > 20 and {a[1] for a in answers[1]} > {"settled", "claimed"}
    assert {r[1] for r in answers[2]} > {"stake", "delegation", "reserve", "accrued"}
    kinds = {k for line in re.findall(r"^\| (`[^|]+) \|", page.split("## Kinds")[1], re.M) for k in re.findall(r"`(\w+)`", line)}
    used = {r[0] for r in ask("SELECT DISTINCT kind FROM analytics.posting")}
    assert used <= kinds | {"opening"}, used - kinds


run(globals())
