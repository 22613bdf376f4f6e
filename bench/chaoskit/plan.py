"""What happens in a round, all from its seed: nothing here looks at a clock or a server.

The deck names each kind of trouble in each form of the program once; a run deals it shuffled, again and again,
so 25 rounds meet every card. A round plays its card and some more troubles beside it.
"""
import random
from chaoskit.proxy import CUTS

# up with its own PostgreSQL | up with a PostgreSQL elsewhere | ingest and index with Kafka
PRIVATE, ELSEWHERE, KAFKA = "up --data", "up --database", "ingest, index"

DECK = [
    (PRIVATE, "kill"), (PRIVATE, "kill pg"), (PRIVATE, "kill several"), (PRIVATE, "pause"), (PRIVATE, "fork"),
    (PRIVATE, "disk pg"), (PRIVATE, "clock"), (PRIVATE, "slow node"),
    (ELSEWHERE, "kill pg"), (ELSEWHERE, "cut pg"), (ELSEWHERE, "fork"), (ELSEWHERE, "rival"), (ELSEWHERE, "disk pg"),
    (KAFKA, "kill"), (KAFKA, "kill pg"), (KAFKA, "kill broker"), (KAFKA, "kill several"), (KAFKA, "pause"),
    (KAFKA, "cut broker"), (KAFKA, "cut pg"), (KAFKA, "fork"), (KAFKA, "rival"), (KAFKA, "disk pg"), (KAFKA, "disk broker"),
    (KAFKA, "clock"),
]
# What may come beside a card; "kill broker" and "disk ..." cost seconds and come by their card only.
MORE = {
    PRIVATE: ("kill", "kill pg", "kill several", "pause", "fork", "cut node", "slow node"),
    ELSEWHERE: ("kill", "kill pg", "kill several", "pause", "fork", "cut node", "cut pg", "slow node"),
    KAFKA: ("kill", "kill pg", "pause", "fork", "cut node", "cut pg", "cut broker", "slow node"),
}
# rate: of 1000 requests, calls or logs. A node that does this comes back to the truth.
NODE_FAULTS = (
    "429:rate={},seconds=1", "503:rate={}", "reset:rate={}", "truncated:rate={}", "nonjson:rate={}", "null:rate={}",
    "shuffle:rate={}", "missing:rate={}", "head-back:rate={}", "drop-log:rate={}", "alter-log:rate={}", "duplicate-log:rate={}",
    "forge-log:rate={}", "hang:rate={},seconds=20",
)
CLOCK_STEPS = (-86400 * 400, -86400, -3600, -30, -2, 2, 30, 3600, 86400, 86400 * 400)


DISKS = True  # False: no disk can be filled here, such cards are "kill"


class Step:
    """heads: {chain: (head, fork)} to move to first; then wait for `trigger` and do `actions`."""

    def __init__(self, trigger):
        self.heads, self.trigger, self.actions = {}, trigger, []


class Plan:
    def __init__(self, seed, number, chains_of):
        """chains_of: {network: {chain: (first, last, [(fork point, tip, block at which the other branch has won)])}}"""
        r = self.rnd = random.Random(f"{seed}/{number}")
        self.seed, self.number = seed, number
        deck = list(DECK)
        random.Random(f"{seed}/deck/{(number - 1) // len(DECK)}").shuffle(deck)
        self.mode, self.card = deck[(number - 1) % len(DECK)]
        if not DISKS and self.card.startswith("disk"):
            self.card = "kill"
        kinds = [self.card] + [r.choice(MORE[self.mode]) for _ in range(r.choice((0, 1, 1, 2)))]
        forks = kinds.count("fork")
        self.network = r.choice([n for n, c in chains_of.items() if forks <= max(len(x[2]) for x in c.values())])
        self.chains = chains_of[self.network]
        # Small ranges and late answers: there is work for long enough that a fault can fall into it.
        self.range = r.choice((7, 20, 60, 200) if self.mode != KAFKA else (60, 200, 500))  # Kafka: a transaction each
        self.late_ms = r.choice((0, 0, 2, 10))
        self.window = r.choice((1, 2, 4))
        self.batch = r.choice((10, 50, 100))
        self.clock = "clock" in kinds
        self.steps = []
        r.shuffle(kinds)
        self._steps(kinds)

    def _steps(self, kinds):
        r = self.rnd
        for kind in kinds:
            # A moment after the work is there: so many requests to the node, or so many milliseconds.
            trigger = ("requests", r.randrange(1, 40)) if self.steps and r.random() < 0.6 else ("ms", r.randrange(0, 700))
            self.steps.append(Step(trigger))
        self._heads([i for i, k in enumerate(kinds) if k == "fork"])
        for s, kind in zip(self.steps, kinds):
            if kind != "fork":
                s.actions.append(self._action(kind))

    def _heads(self, fork_steps):
        """Heads rise from step to step; a fork step goes to a fork's tip. The rest is left for after the last step."""
        r = self.rnd
        forked = max(self.chains, key=lambda c: (len(self.chains[c][2]) >= len(fork_steps), r.random())) if fork_steps else None
        for chain, (first, last, forks) in self.chains.items():
            n = len(self.steps)
            if chain != forked:
                heads = sorted(r.randrange(first + (last - first) // 8, first + (last - first) * 9 // 10) for _ in range(n))
                for s, h in zip(self.steps, heads):
                    s.heads[chain] = (h, 0)
                continue
            chosen = sorted(r.sample(range(len(forks)), len(fork_steps)))
            low = first + 1
            for i, s in enumerate(self.steps):
                left = [f for f, at in zip(chosen, fork_steps) if at >= i]
                if i in fork_steps:
                    point, tip, won = forks[chosen[fork_steps.index(i)]]
                    s.heads[chain] = (tip, chosen[fork_steps.index(i)] + 1)
                    s.actions.append(("fork", dict(chain=chain, fork=chosen[fork_steps.index(i)] + 1, point=point, tip=tip, won=won,
                                                   seen=r.random() < 0.75, flips=r.choice((0, 0, 0, 1, 2)))))
                    low = won
                else:
                    high = forks[left[0]][0] if left else (low + last) // 2
                    low = r.randrange(low, max(low + 1, high))
                    s.heads[chain] = (low, 0)

    def _action(self, kind):
        r = self.rnd
        a = dict(seconds=round(r.uniform(0.2, 1.5), 2), seed=r.random())
        if kind in ("kill", "rival"):
            a["down"] = round(r.choice((0, 0, r.uniform(0, 1))), 2)
            a["times"] = r.choice((1, 1, 2, 3)) if kind == "kill" else 1
        elif kind == "kill pg":
            a["how"] = r.choice(("postmaster", "all processes", "a backend", "a backend"))
            a["down"] = round(r.choice((0, r.uniform(0, 1.5))), 2)
        elif kind in ("kill broker", "kill several"):
            a["down"] = round(r.uniform(0, 1), 2)
        elif kind == "pause":
            a["seconds"] = round(r.uniform(0.3, 3.0), 2)
        elif kind.startswith("cut"):
            a["how"] = r.choice(CUTS)
            a["times"] = r.choice((1, 1, 3)) if a["how"] in ("reset", "truncate", "lose-answer") else 1
        elif kind.startswith("disk"):
            a["leave"] = r.choice((0, 0, 1 << 16, 1 << 18))
        elif kind == "clock":
            a["steps"] = [r.choice(CLOCK_STEPS) for _ in range(r.choice((1, 2, 3)))]
        elif kind == "slow node":
            a["faults"] = [f"{f.format(r.choice((20, 80, 200)))},seed={r.randrange(1, 1000)}" for f in r.sample(NODE_FAULTS, r.choice((1, 2, 3)))]
            a["seconds"] = round(r.uniform(0.5, 2.0), 2)
        return kind, a

    def describe(self):
        out = []
        for s in self.steps:
            where = ", ".join(f"{c} to {h}{f' of fork {f}' if f else ''}" for c, (h, f) in s.heads.items())
            for kind, a in s.actions:
                told = ", ".join(f"{k} {v}" for k, v in a.items() if k not in ("seed", "chain", "point"))
                out.append(f"{where}; after {s.trigger[1]} {s.trigger[0]}: {kind} ({told})")
        return out
