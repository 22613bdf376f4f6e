"""Plays operations on the model and writes down what the fold has to be told, and what it should answer.

A scenario is parameters and steps; a step is one of
    ("block", [[operation, ...], ...])    a block of transactions
    ("query",)                            compare the whole state
    ("undo", n)                           take back up to n blocks, compare, play them again, compare
    ("branch", [transactions, ...])       blocks of a branch that is orphaned afterwards
"""
import json

from contracts import STRANGER, World
from observe import state_of
from wire import BY_NAME

REPLAY_MAX = 200
RELAYED = "relayed"     # among the expected lines: whoever signed had to be inferred


def no_partnership(address):
    nobody = "0x" + "0" * 40
    numbers = ("phase", "validatorId", "totalReceived", "freeCapital", "stakedCapital", "partnerCount", "tokenBalance")
    return {"address": "0x%040x" % address, "people": {}, "partners": [], "paused": False, "admin": nobody,
            "operator": nobody, "dustPartner": nobody, **{name: "0" for name in numbers}}


def initial_state(parameters):
    sm = parameters["stake_manager"]
    rewards = sm["chain_reward"]
    return json.dumps({
        "block": 0, "blockHash": "0x" + "0" * 64, "kind": "initial",
        "global": {
            "CHAIN_CHECKPOINT_REWARD": {str(c): str(r) for c, r in rewards.items()},
            "currentHeaderBlockId": {"1": "0", "2": "0", "3": "0"}, "validatorStateChanges": {},
            "rewardPerStake": "0", "totalStaked": "0", "currentEpoch": "1",
            "validatorState": {"amount": "0", "stakerCount": "0"}, "totalRewards": "0",
            "totalRewardsLiquidated": "0", "prevBlockInterval": "0",
            "rewardDecreasePerCheckpoint": str(sm["reward_decrease"]),
            "maxRewardedCheckpoints": str(sm["max_rewarded"]), "checkpointRewardDelta": str(sm["reward_delta"]),
            "accountStateRoot": "0x" + "0" * 64, "NFTCounter": str(sm["nft_counter"]), "totalHeimdallFee": "0",
            "checkPointBlockInterval": str(sm["block_interval"]), "proposerBonus": str(sm["proposer_bonus"]),
            "WITHDRAWAL_DELAY": str(sm["withdrawal_delay"]), "dynasty": str(sm["dynasty"]),
            "auctionPeriod": str(sm["auction_period"]), "replacementCoolDown": "0",
            "signerUpdateLimit": str(sm["signer_update_limit"]), "minDeposit": str(sm["min_deposit"]),
            "minHeimdallFee": str(sm["min_heimdall_fee"]), "validatorThreshold": str(sm["validator_threshold"]),
            "delegationEnabled": sm["delegation_enabled"], "nextHeaderBlock": "10000",
            "currentHeaderBlock": "0", "lastChildBlock": "0"},
        "signers": [], "validators": {},
        "partnerships": [no_partnership(a) for a in parameters["partnerships"]],
        "delegators": {}, "signerToValidator": {},
        "tokenBalances": {"0x%040x" % a: str(v) for a, v in parameters["balances"].items()}})


class Player:
    """`lines` is the driver's input; `expected` what it should print: of a block (its serial, lines), of a
    query (the serial of the newest block, {name: value}). A serial names a state: blocks that are played
    again have the same one.
    """

    def __init__(self, addresses, parameters, world=World):
        self.world = world({k: int(v, 16) for k, v in addresses.items()}, parameters)
        self.addresses = {k: v[2:] for k, v in addresses.items()}
        self.lines = ["S " + initial_state(parameters)]
        self.expected = []
        self.blocks = []       # canonical: (number, journal mark before it, transactions, lines, expected)
        self.number, self.serial = 1000, 0
        self.done, self.used = 0, set()   # operations tried; names of those that succeeded

    # ---- one block ----

    def begin(self):
        self.number += 1 + self.number % 3 // 2
        self.world.time = 1_600_000_000 + 3 * self.number
        self.mark, self.checkpoints = len(self.world.journal), self.world.counters["checkpoint"]
        self.relayed = False
        self.in_hand = [f"B {self.number} {self.world.time}"]
        self.transactions = []

    def transaction(self):
        self.close_transaction()
        self.operations, self.succeeded = [], 0
        self.transactions.append(self.operations)
        self.world.logs, self.world.votes, self.world.calldata = [], [], None

    def close_transaction(self):
        w = self.world
        if not self.transactions or self.operations is None:
            return
        sender, to, data = w.calldata or (STRANGER, 0x77, "-")
        self.in_hand.append(f"T {sender:x} {to:x} {1 if self.succeeded else 0} {data}")
        for root, recovered in w.votes:
            if recovered is None:
                self.in_hand.append("V ? 0")
                self.relayed = True
                continue
            root = "-" if root is None else "%x" % root
            self.in_hand.append(" ".join(["V", root, str(len(recovered)), *("%x" % a for a in recovered)]))
        for name, at, args in w.logs:
            e = BY_NAME[name]
            topics, data = e.words(args)
            if name == "OwnerUpdate":
                self.in_hand.append(f"D {at:x}")
            at = self.addresses[e.contract] if at is None else "%x" % at
            self.in_hand.append(f"L {at} {e.topic} {len(topics)}" + "".join(" %x" % x for x in topics + data))
        self.operations = None

    def operate(self, operation):
        """What reverts leaves nothing in the transaction."""
        self.operations.append(operation)
        ok = self.world.call(operation)
        self.succeeded += ok
        self.done += 1
        if ok:
            self.used.add(operation[0] if operation[0] != "p" else "p_" + operation[1])

    def end(self):
        self.close_transaction()
        w = self.world
        self.in_hand.append("E")
        said = [f"checkpoint {w.books['checkpoint', i]}"
                for i in range(self.checkpoints + 1, w.counters["checkpoint"] + 1)]
        if self.relayed:
            said.append(RELAYED)
        self.serial += 1
        self.blocks.append((self.number, self.mark, self.transactions, self.in_hand, (self.serial, said)))
        self.give(self.blocks[-1])

    def give(self, block):
        self.lines += block[3]
        self.expected.append(block[4])

    # ---- steps ----

    def block(self, transactions):
        self.begin()
        for operations in transactions:
            self.transaction()
            for operation in operations:
                self.operate(operation)
        self.end()

    def query(self):
        self.lines.append("Q")
        serial = self.blocks[-1][4][0] if self.blocks else 0
        self.expected.append((serial, state_of(self.world)))

    def back(self, count):
        """Take back `count` blocks on both sides; they are returned."""
        taken = self.blocks[len(self.blocks) - count:]
        del self.blocks[len(self.blocks) - count:]
        self.lines.append(f"U {taken[0][0]}")
        self.world.journal.rollback(taken[0][1])
        return taken

    def undo(self, count):
        count = min(count, len(self.blocks), REPLAY_MAX)
        if not count:
            return
        self.query()
        before = self.expected[-1]
        tip = self.number
        taken = self.back(count)
        self.query()
        for block in taken:
            self.replay(block)
        self.number = tip
        self.query()
        assert self.expected[-1] == before, "the model itself is not the same after an undo"

    def replay(self, block):
        number, mark, transactions, lines, said = block
        w = self.world
        w.time = 1_600_000_000 + 3 * number
        self.blocks.append((number, len(w.journal), transactions, lines, said))
        self.give(block)
        for operations in transactions:
            w.logs, w.votes = [], []
            for operation in operations:
                w.call(operation)

    def branch(self, blocks):
        tip = self.number
        for transactions in blocks:
            self.block(transactions)
        self.end_branch(tip, len(blocks))

    def end_branch(self, tip, count):
        if count:
            self.query()
            self.back(count)
            self.query()
        self.number = tip

    def play(self, steps):
        for what, *args in steps:
            getattr(self, what)(*args)
