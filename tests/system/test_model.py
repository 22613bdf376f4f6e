"""The ledger's fold against an independent model of the contracts (tests/model), on random operations by seed;
and the model against the recorded contracts.

BTTC_MODEL_SEEDS: how many seeds (1500). BTTC_TEST_SEED: the first of them (1).
"""
import collections, multiprocessing, os, sys, time

from harness import BIN, RECORDINGS, ROOT, SLOW, run

sys.path.insert(0, os.path.join(ROOT, "tests", "model"))
import compare, mutants, recorded
from contracts import World
from partnership import CALLS

DRIVER = os.path.join(os.path.dirname(BIN), "tests", "fold_model")
FIRST = int(os.environ.get("BTTC_TEST_SEED", 1))
COUNT = int(os.environ.get("BTTC_MODEL_SEEDS", 1500 // SLOW))
BATCH = 50


def batch(task):
    """(differing seeds, counts, names of operations that succeeded) of some seeds."""
    first, count, world = task
    players = [compare.run_seed(seed, world).player for seed in range(first, first + count)]
    checked = compare.check(DRIVER, players)
    counts = collections.Counter(operations=sum(p.done for p in players), values=sum(c.values for c in checked),
                                 inferred=sum(c.inferred for c in checked), lost=sum(c.lost for c in checked))
    return ([first + i for i, c in enumerate(checked) if c.differences], counts,
            set().union(*(p.used for p in players)))


def test_model_equals_recorded_contracts():
    for name in ("golden", os.path.join("world", "root")):
        r = recorded.Replay(os.path.join(RECORDINGS, name)).run()
        print(f"{name}: {r.transactions} transactions, {r.logs} logs and {r.values} values of the contracts equal")
        assert r.transactions > 500 and r.logs > 2000 and r.values > 100000


def test_fold_equals_model():
    begun = time.time()
    tasks = [(seed, min(BATCH, FIRST + COUNT - seed), World) for seed in range(FIRST, FIRST + COUNT, BATCH)]
    differing, n, used = [], collections.Counter(), set()
    with multiprocessing.Pool() as pool:
        for seeds, counts, names in pool.imap(batch, tasks):
            differing += seeds
            n += counts
            used |= names
    print(f"{COUNT} seeds from {FIRST}: {n['operations']} operations, {n['values']} values compared in "
          f"{time.time() - begun:.0f} s, {len(differing)} seeds differ; signers of {n['inferred']} relayed "
          f"checkpoints were inferred, {n['lost']} seeds ended at one that tells nothing")
    assert not differing, f"{differing[:20]}\n{compare.explain(DRIVER, differing[0])}"
    every = {name[3:] for name in dir(World) if name.startswith("do_")} - {"p"} | {"p_" + name for name in CALLS}
    missing = every - used
    assert COUNT < 500 or not missing, f"operations that never succeeded: {missing}"
    assert COUNT < 500 or n["inferred"] > 100, n


def notice(mutant):
    for first in range(FIRST, FIRST + 300, 20):
        differing = batch((first, 20, mutant))[0]
        if differing:
            return differing[0]
    return None


def test_each_wrong_rule_is_noticed():
    for mutant in mutants.MUTANTS:
        assert notice(mutant) is not None, f"{mutant.__name__}: nothing differs in 300 seeds from {FIRST}"


def test_a_difference_is_explained_by_few_operations():
    rounded = mutants.MUTANTS[0]
    seed = notice(rounded)
    text = compare.explain(DRIVER, seed, rounded)
    print(text)
    assert f"seed {seed}:" in text and ("the model has" in text or "finding" in text), text
    operations = text.split("smallest scenario")[1].count("('")
    assert 2 <= operations < 40 and "('buy'" in text, f"{operations}:\n{text}"


if __name__ == "__main__":
    run(globals())
