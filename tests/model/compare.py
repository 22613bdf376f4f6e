"""Compares what the model expects with what the fold printed, and looks for the smallest scenario that differs."""
import json, os, pprint, re, subprocess, sys, tempfile

from contracts import World
from generate import Generator
from player import RELAYED, Player

# compare.py DRIVER SEED: the smallest scenario of that seed on which model and fold differ.
HERE = os.path.dirname(os.path.abspath(__file__))


def golden_addresses():
    """Of the network that the driver folds as: {contract: 0x...}, and its partnerships."""
    with open(os.path.join(HERE, "..", "..", "schema", "networks", "golden.json")) as f:
        chain = json.load(f)["chains"][0]
    contracts = {c["name"]: c["address"] for c in chain["contracts"] if "address" in c}
    partnerships = next(c["addresses"] for c in chain["contracts"] if c["name"] == "ValidatorPartnership")
    return contracts, [int(a, 16) for a in partnerships]


ADDRESSES, PARTNERSHIPS = golden_addresses()


def fold(driver, players):
    """The driver's output on the input of several players: an iterator over lines, and its exit code."""
    with tempfile.TemporaryFile("w+") as told, tempfile.TemporaryFile("w+") as said:
        for p in players:
            told.write("\n".join(p.lines) + "\n")
        told.flush()
        told.seek(0)
        r = subprocess.run([driver], stdin=told, stdout=said, stderr=subprocess.PIPE, text=True, timeout=600)
        said.seek(0)
        return iter(said.read().split("\n")[:-1]), r.returncode, r.stderr.strip()


def amounts(values, start, end=""):
    """Sum of all values whose name begins and ends so."""
    return sum(int(v) for name, v in values.items()
               if name.startswith(start) and name.endswith(end) and v != "revert")


class Checker:
    """Reads what the driver printed about one player."""

    def __init__(self, output, player):
        self.output, self.p = output, player
        self.differences, self.values = [], 0
        self.checksums = {}    # serial: checksum of that state
        self.claimed = [(-1, {})]   # (serial, what only grows), oldest first
        self.reverting = False
        self.inferred, self.lost = 0, False     # relayed checkpoints; after one that told nothing all may differ

    def differ(self, serial, text):
        if len(self.differences) < 12 and not self.lost:
            self.differences.append(f"state {serial}: {text}")

    def expected_of_relayed(self, finding, relayed):
        """Signatures that nobody saw: the fold says from what it knows who signed, or that it does not."""
        if relayed and finding.startswith("checkpoint_inferred "):
            self.inferred += 1
            return True
        if relayed and finding.startswith("checkpoint_signers "):
            self.lost = True
        return self.lost

    def until(self, serial, end, relayed=False):
        lines = []
        for line in self.output:
            if line[0] == end:
                if self.checksums.setdefault(serial, line[2:]) != line[2:]:
                    self.differ(serial, f"checksum {line[2:]}, but {self.checksums[serial]} before an undo")
                return lines
            if line[0] == "!" and not self.expected_of_relayed(line[2:], relayed):
                self.differ(serial, f"finding {line[2:]}")
            elif line[0] == "!":
                continue
            else:
                lines.append(line)
        self.differ(serial, f"the driver ended where a line {end!r} was due")
        return lines

    def block(self, serial, lines):
        relayed = RELAYED in lines
        lines = [line for line in lines if line != RELAYED]
        said = self.until(serial, ";", relayed)
        self.values += 8 * len(lines)
        if said != lines:
            self.differ(serial, f"checkpoints: the model has {lines}, the fold {said}")

    def query(self, serial, state):
        values = dict(line.split(" ", 1) for line in self.until(serial, "."))
        self.values += 0 if self.lost else len(state)
        if values != state:
            for name in {**state, **values}:
                if state.get(name) != values.get(name):
                    self.differ(serial, f"{name}: the model has {state.get(name)}, the fold {values.get(name)}")
        self.reverting = self.reverting or "revert" in values.values()
        self.shares(serial, values)
        self.growing(serial, values)
        self.stakes(serial, values)
        self.partners(serial, values)
        if not self.reverting and "migrate_data" not in self.p.used:
            self.rewards(serial, values)

    # ---- what holds whatever the model thinks, of the fold's values alone ----

    def shares(self, serial, values):
        for name, value in values.items():
            if name.startswith("share.") and name.endswith(".validatorId"):
                share = name.split(".")[1]
                supply = int(values.get(f"share.{share}.totalSupply", 0))
                held = amounts(values, f"position.{share}.", ".balanceOf")
                if supply != held:
                    self.differ(serial, f"supply of {share} is {supply}, balances add up to {held}")

    def growing(self, serial, values):
        now = {name: int(v) for name, v in values.items()
               if name.startswith("sum.") or name in ("totalRewards", "totalRewardsLiquidated")}
        while self.claimed[-1][0] > serial:
            self.claimed.pop()
        for name, before in self.claimed[-1][1].items():
            if now.get(name, 0) < before:
                self.differ(serial, f"{name} fell from {before} to {now.get(name, 0)}")
        self.claimed.append((serial, now))

    def ids(self, values):
        return [name.split(".")[1] for name in values if name.startswith("validator.") and name.endswith(".signer")]

    def stakes(self, serial, values):
        def value(i, name):
            return int(values.get(f"validator.{i}.{name}", 0))

        own = amounts(values, "validator.", ".amount")
        if own != int(values.get("totalStaked", 0)):
            self.differ(serial, f"totalStaked is {values.get('totalStaked')}, own stakes add up to {own}")
        if not self.p.used & {"set_epoch", "force_unstake", "migrate_data"}:
            epoch = int(values["currentEpoch"])
            stake = sum(value(i, "amount") + value(i, "delegatedAmount") for i in self.ids(values)
                        if not 0 < value(i, "deactivationEpoch") <= epoch)
            if stake != int(values.get("totalStake", 0)):
                self.differ(serial, f"validatorState.amount is {values.get('totalStake')}, stakes add up to {stake}")

    def partners(self, serial, values):
        def equal(what, a, b):
            if a != b:
                self.differ(serial, f"{what}: {a} and {b}")

        for name in [n for n in values if n.startswith("partnership.") and n.endswith(".partnerCount")]:
            p = name.split(".")[1]
            person, of = f"person.{p}.", f"partnership.{p}."

            def total(what):
                return amounts(values, person, what)

            equal(f"ratios of {p} in ten thousandths", total(".shareBps"), 10000)
            equal(f"{p}: claimable and claimed, allocated", total(".claimable") + total(".claimed"),
                  total(".allocated"))
            equal(f"{p}: allocated, received", total(".allocated"), int(values.get(of + "totalReceived", 0)))
            equal(f"{p}: paid out, claimed", amounts(values, f"sum.payout.{p}."), total(".claimed"))
            given = amounts(values, f"sum.contribution.{p}.") + amounts(values, f"sum.contribution_income.{p}.")
            equal(f"{p}: given less returned, contributed", given - amounts(values, f"sum.return.{p}."),
                  total(".contributed"))
            capital = int(values.get(of + "freeCapital", 0)) + int(values.get(of + "stakedCapital", 0))
            equal(f"{p}: capital, contributed", capital, total(".contributed"))
            if int(values.get("balance." + p, 0)) < int(values.get(of + "freeCapital", 0)) + total(".claimable"):
                self.differ(serial, f"{p} owes more than it has")

    def rewards(self, serial, values):
        for i in self.ids(values):
            got = (int(values.get(f"validator.{i}.validatorReward", 0)) + amounts(values, f"sum.validator_claim.{i}.")
                   + amounts(values, f"sum.validator_restake.{i}."))
            accrued = amounts(values, f"sum.accrual.{i}.")
            if got != accrued:
                self.differ(serial, f"validator {i} accrued {accrued}, has, claimed and restaked {got}")
            share = values.get(f"validator.{i}.contractAddress")
            got = (amounts(values, f"sum.delegator_claim.{i}.") + amounts(values, f"sum.delegator_restake.{i}.")
                   + amounts(values, f"position.{share}.", ".getLiquidRewards"))
            accrued = amounts(values, f"sum.accrual_delegators.{i}")
            if got > accrued:
                self.differ(serial, f"delegators of {i} accrued {accrued}, have, claimed and reinvested {got}")

    def run(self):
        for serial, what in self.p.expected:
            (self.query if isinstance(what, dict) else self.block)(serial, what)
            if self.differences:
                break
        return self


def check(driver, players):
    """A Checker that has run for each player."""
    output, code, stderr = fold(driver, players)
    results = []
    for p in players:
        c = Checker(output, p).run()
        if c.differences and len(players) > 1:
            # Where one goes wrong the rest of the output is not aligned any more: each alone.
            return [check(driver, [q])[0] for q in players]
        results.append(c)
    if code:
        results[-1].differences.append(f"the driver ended with {code}: {stderr}")
    return results


def play(parameters, steps, world=World):
    p = Player(ADDRESSES, parameters, world)
    p.play(steps)
    return p


# ---- the smallest scenario ----

def smaller(steps):
    """Scenarios with something left out, the largest cuts first."""
    size = max(1, len(steps) // 2)
    while True:
        for at in range(0, len(steps), size):
            yield steps[:at] + steps[at + size:]
        if size == 1:
            break
        size //= 2
    for i, (what, *args) in enumerate(steps):
        if what == "block":
            for cut in fewer(args[0]):
                yield steps[:i] + [("block", cut)] + steps[i + 1:]
        elif what == "branch":
            for j, transactions in enumerate(args[0]):
                for cut in [None, *fewer(transactions)]:
                    blocks = args[0][:j] + ([] if cut is None else [cut]) + args[0][j + 1:]
                    yield steps[:i] + [("branch", blocks)] + steps[i + 1:]


def fewer(transactions):
    for j, operations in enumerate(transactions):
        yield transactions[:j] + transactions[j + 1:]
        for k in range(len(operations)):
            if len(operations) > 1:
                yield transactions[:j] + [operations[:k] + operations[k + 1:]] + transactions[j + 1:]


def kind_of(difference):
    """What it is about, without the numbers."""
    return re.sub(r"[0-9a-f]{16,}|[0-9]+", "", difference.split(": the model has")[0])


def minimise(driver, parameters, steps, world=World, tries=3000):
    """(steps, differences) of a scenario from which nothing can be left out without that difference going."""
    def differences(candidate):
        found = check(driver, [play(parameters, candidate + [("query",)], world)])[0].differences
        return found if found and kind in (None, kind_of(found[0])) else []

    kind = None
    best = differences(steps)
    if not best:
        return steps, best
    kind = kind_of(best[0])
    again = True
    while again and tries > 0:
        again = False
        for candidate in smaller(steps):
            tries -= 1
            found = differences(candidate)
            if found:
                steps, best, again = candidate, found, True
                break
            if tries <= 0:
                break
    return steps, best


def run_seed(seed, world=World):
    g = Generator(seed, ADDRESSES, PARTNERSHIPS, lambda addresses, parameters: Player(addresses, parameters, world))
    g.run()
    return g


def explain(driver, seed, world=World):
    """Text about a seed on which both differ; empty when they agree."""
    g = run_seed(seed, world)
    first = check(driver, [g.player])[0].differences
    if not first:
        return ""
    steps, found = minimise(driver, g.parameters, g.steps, world)
    return "\n".join([f"seed {seed}:", *first[:3], "smallest scenario that still differs:",
                      pprint.pformat(g.parameters, width=110), *map(repr, steps), *found[:3]])


if __name__ == "__main__":
    print(explain(sys.argv[1], int(sys.argv[2])) or "no difference")
