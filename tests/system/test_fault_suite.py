"""A fixed sample of the fault suite (tests/fault): each fault twice, and that the suite can fail."""
import random, sys, os
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fault"))
from harness import *
import lies, suite
from placement import Placement
from stage import Slices


def placed(case, name, slices, sabotage=None, says="receipts logs"):
    """One placement, in this process."""
    fault = next((f for f in lies.FAULTS if f.name == name), lies.Fault("(no lie)", None, (case,), needs="rows"))
    p = Placement(0, fault, case, "backfill", False, random.Random(1))
    p.sabotage = sabotage
    p.run(slices)
    return p


def test_sample():
    done = suite.run(["--sample", "--slices", "1", "--jobs", "2"])
    wrong = [r["text"] + ": " + r["detail"] for r in done if r["outcome"] == "WRONG"]
    assert not wrong, "\n".join(wrong)
    assert {r["fault"] for r in done} == {f.name for f in lies.FAULTS} | {"(no lie)"}
    assert {(r["mode"], r["second"]) for r in done} == {(m, s) for m in ("backfill", "live") for s in (False, True)}
    for f in lies.FAULTS:
        for r in done:
            if r["fault"] == f.name and f.committed:
                assert r["told"] and r["outcome"].startswith("noticed"), f"{r['text']}: {r['outcome']} {r['detail']}"


def test_a_wrong_row_is_found():
    slices = Slices(1, 1, ["golden"])
    try:
        assert placed("golden", None, slices).outcome == "not used, clean"
        for sql in ("UPDATE chain.log SET data = data || '\\x00' WHERE (block, log_index) = (SELECT max(block), min(log_index) "
                    "FROM chain.log WHERE block = (SELECT max(block) FROM chain.log))",
                    "DELETE FROM chain.log WHERE (block, log_index) = (SELECT block, log_index FROM chain.log ORDER BY 1, 2 LIMIT 1)",
                    "UPDATE ledger.validator SET reward = reward + 1 WHERE (id, block) = (SELECT id, block FROM ledger.validator LIMIT 1)"):
            p = placed("golden", None, slices, sabotage=sql)
            assert p.outcome == "WRONG" and "only here" in p.detail, (sql, p.outcome, p.detail)
    finally:
        slices.close()


def test_weak_verification_is_found():
    """Where the network file asks for less than the headers can prove, lies get through, and the suite says so."""
    slices = Slices(1, 1, ["golden"], required_level="hashed", tx_scan="none")
    try:
        for name in ("data changed", "log dropped"):
            p = placed("golden", name, slices)
            assert p.told and p.outcome == "WRONG" and "only here" in p.detail, (name, p.told, p.outcome, p.detail)
    finally:
        slices.close()


run(globals())
