#!/usr/bin/env python3
"""The fault suite: one lie about one block, told to the real program; what became of it.

    suite.py [--placements N] [--seed S] [--jobs J] [--only I[,I...]] [--fault TEXT] [--case CASE] [--slices N] [-v]

A placement is (fault, chain, block, backfill or live, alone or with an honest second endpoint), all drawn by the seed.
The tables are compared with a clean run's, row by row. Needs BTTC_TEST_PG (tests/fault/long and tests/run set it).
"""
import argparse, collections, multiprocessing, os, random, sys, time, traceback
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "system")]
import harness
import lies
from placement import Placement
from stage import CASES, Slices

SEED, DEFAULT = 20240101, 1000
OPEN = "not provable"
COLUMNS = ["noticed, clean", "noticed, gap shown", "not used, clean", OPEN, "WRONG"]


def options(argv):
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--placements", type=int, default=DEFAULT)
    a.add_argument("--seed", type=int, default=SEED)
    a.add_argument("--jobs", type=int, default=4, help="placements at once")
    a.add_argument("--only", default="", help="numbers of placements, with commas")
    a.add_argument("--fault", default="", help="only faults whose name has this text")
    a.add_argument("--case", default="", help="only this chain: " + ", ".join(CASES))
    a.add_argument("--sample", action="store_true", help="each fault twice: alone and with a second endpoint, once live")
    a.add_argument("--slices", type=int, default=4, help="pieces of each chain")
    a.add_argument("-v", "--verbose", action="store_true", help="a line for every placement, not only for wrong ones")
    return a.parse_args(argv)


class Plan:
    """What placement number i of a seed is; each fault comes once with each (mode, second) before any comes again."""

    def __init__(self, seed, slices, fault="", case=""):
        self.seed, self.slices = seed, slices
        control = lies.Fault("(no lie)", None, tuple(CASES), needs="any")
        self.cards = [(f, mode, second) for f in [control, *lies.FAULTS] if fault in f.name and (not case or case in f.cases)
                      for mode in ("backfill", "live") for second in (False, True)
                      if not (mode == "live" and "deep" in f.needs)]
        self.case = case

    def sample(self):
        """Cards of one (mode, second) for each half: backfill alone and live with two, or the other way round."""
        names = sorted({f.name for f, _, _ in self.cards})
        odd = {n: (names.index(n) + self.seed) % 2 for n in names}
        self.cards = [(f, m, s) for f, m, s in self.cards if "deep" in f.needs or (s == (m == "live")) == bool(odd[f.name])]
        return len(self.cards)

    def at(self, i):
        rng = random.Random(f"{self.seed}/{i}")
        turn, k = divmod(i, len(self.cards))
        cards = self.cards[:]
        random.Random(f"{self.seed}/turn {turn}").shuffle(cards)
        fault, mode, second = cards[k]
        case = self.case or fault.cases[(turn + rng.randrange(len(fault.cases))) % len(fault.cases)]
        return Placement(i, fault, case, mode, second, rng)


def one(i):
    """In a worker process."""
    p = PLAN.at(i)
    start = time.time()
    try:
        p.run(SLICES)
    except Exception:
        p.outcome, p.detail = "WRONG", "the suite itself: " + traceback.format_exc()
    p.seconds = time.time() - start
    return p.result()


def table(results):
    rows, order = collections.defaultdict(collections.Counter), [f.name for f in lies.FAULTS] + ["(no lie)"]
    for r in results:
        rows[r["fault"], r["second"]][r["outcome"]] += 1
    head = "| fault | endpoints | " + " | ".join(COLUMNS) + " |"
    out = [head, "|---|---|" + "---:|" * len(COLUMNS)]
    for name in order:
        for second in (False, True):
            c = rows.get((name, second))
            if c:
                out.append(f"| {name} | {'one' if not second else 'two'} | " + " | ".join(str(c[x] or "") for x in COLUMNS) + " |")
    total = collections.Counter(r["outcome"] for r in results)
    out.append(f"| **all {len(results)}** | | " + " | ".join(f"**{total[x]}**" for x in COLUMNS) + " |")
    return "\n".join(out)


def show(r, args):
    if r["outcome"] == "WRONG" or args.verbose:
        print(f"{r['outcome']:<19} {r['seconds']:5.1f} s  --seed {args.seed} --only {r['i']}: {r['text']}; told {r['told']}\n    {r['detail']}", flush=True)


def run(argv):
    """All placements; their results."""
    global SLICES, PLAN
    args = options(argv)
    begin = time.time()
    SLICES = Slices(args.slices, args.seed, [args.case] if args.case else list(CASES))
    PLAN = Plan(args.seed, SLICES, args.fault, args.case)
    count = PLAN.sample() if args.sample else args.placements
    numbers = [int(x) for x in args.only.split(",")] if args.only else range(count)
    print(f"seed {args.seed}, {len(numbers)} placements, {len(PLAN.cards)} cards; slices ready after {time.time() - begin:.0f} s", flush=True)
    results = []
    with multiprocessing.get_context("fork").Pool(args.jobs) as pool:
        for r in pool.imap_unordered(one, numbers):
            results.append(r)
            show(r, args)
            if len(results) % 100 == 0:
                print(f"... {len(results)} placements, {time.time() - begin:.0f} s", flush=True)
    SLICES.close()
    print(table(results))
    print(f"seed {args.seed}: {len(results)} placements in {time.time() - begin:.0f} s, "
          f"{sum(r['told'] > 0 for r in results)} lies told, {sum(r['outcome'] == 'WRONG' for r in results)} wrong")
    return results


if __name__ == "__main__":
    done = run(sys.argv[1:])
    import shutil
    shutil.rmtree(harness.TMP, ignore_errors=True)
    sys.exit(1 if any(r["outcome"] == "WRONG" for r in done) else 0)
