"""The model on a recording's own transactions: it has to succeed, revert and log as the contracts did, and
its state has to be what the contracts' getters said (the recording's oracle).

So the model is held against the real contracts, not only against another program of ours.
"""
import gzip, json, os

from contracts import World
from observe import state_of
from wire import BY_NAME, calldata, keccak

NOT_LOGGED = {BY_NAME["Approval"].topic, keccak(b"Approval(address,address,uint256)").hex()}
SAME_NAME = ("rewardPerStake", "totalStaked", "currentEpoch", "totalRewards", "totalRewardsLiquidated",
             "prevBlockInterval", "rewardDecreasePerCheckpoint", "maxRewardedCheckpoints", "checkpointRewardDelta",
             "NFTCounter", "totalHeimdallFee", "checkPointBlockInterval", "proposerBonus", "WITHDRAWAL_DELAY",
             "dynasty", "auctionPeriod", "replacementCoolDown", "signerUpdateLimit", "minDeposit",
             "minHeimdallFee", "validatorThreshold", "nextHeaderBlock", "currentHeaderBlock")
POSITION = {"shares": "balanceOf", "initalRewardPerShare": "initalRewardPerShare",
            "liquidRewards": "getLiquidRewards", "totalStake": "getTotalStake", "unbondNonce": "unbondNonces"}


def lines(directory, name):
    with gzip.open(os.path.join(directory, name)) as f:
        yield from map(json.loads, f)


class Words:
    """Calldata behind its selector."""

    def __init__(self, data):
        self.data = data

    def __getitem__(self, i):
        return int(self.data[64 * i:64 * i + 64], 16)

    def blob(self, i):
        at = 2 * self[i]
        n = int(self.data[at:at + 64], 16)
        return bytes.fromhex(self.data[at + 64:at + 64 + 2 * n])

    def array(self, i):
        at = self[i] // 32
        return tuple(self[at + 1 + k] for k in range(self[at]))

    def key(self, i):
        """Address of a public key."""
        return int.from_bytes(keccak(self.blob(i))[12:], "big")


def stake_manager_calls(w):
    return {
        "claimFee(uint256,uint256,bytes)": lambda s, a: ("claim_fee", s, a[0] - w.fee_exits.setdefault(s, 0)),
        "confirmAuctionBid(uint256,uint256)": lambda s, a: ("confirm", s, a[0], a[1]),
        "migrateDelegation(uint256,uint256,uint256)": lambda s, a: ("migrate", s, a[0], a[1], a[2]),
        "restake(uint256,uint256,bool)": lambda s, a: ("restake", s, a[0], a[1], bool(a[2])),
        "stakeFor(address,uint256,uint256,bool,bytes)":
            lambda s, a: ("stake", s, a[0], a[1], a[2], bool(a[3]), a.key(4)),
        "startAuction(uint256,uint256,bool,bytes)": lambda s, a: ("bid", s, a[0], a[1], a.key(3), bool(a[2])),
        "topUpForFee(address,uint256)": lambda s, a: ("top_up", s, a[0], a[1]),
        "unstake(uint256)": lambda s, a: ("unstake", s, a[0]),
        "unstakeClaim(uint256)": lambda s, a: ("unstake_claim", s, a[0]),
        "updateCommissionRate(uint256,uint256)": lambda s, a: ("commission", s, a[0], a[1]),
        "updateSigner(uint256,bytes)": lambda s, a: ("signer", s, a[0], a.key(1)),
        "updateValidatorDelegation(bool)": lambda s, a: ("delegation", s, bool(a[0])),
        "withdrawRewards(uint256)": lambda s, a: ("withdraw_rewards", s, a[0]),
    }


GOVERNANCE = {
    "forceUnstake(uint256)": lambda a: ("force_unstake", a[0]),
    "setDelegationEnabled(bool)": lambda a: ("set_delegation", bool(a[0])),
    "updateChainCheckpointReward(uint256,uint256)": lambda a: ("set_chain_reward", a[0], a[1]),
    "updateCheckPointBlockInterval(uint256)": lambda a: ("set_interval", a[0]),
    "updateCheckpointRewardParams(uint256,uint256,uint256)": lambda a: ("set_reward_params", a[0], a[1], a[2]),
    "updateDynastyValue(uint256)": lambda a: ("set_dynasty", a[0]),
    "updateMinAmounts(uint256,uint256)": lambda a: ("set_min_amounts", a[0], a[1]),
    "updateProposerBonus(uint256)": lambda a: ("set_bonus", a[0]),
    "updateSignerUpdateLimit(uint256)": lambda a: ("set_signer_limit", a[0]),
    "updateValidatorThreshold(uint256)": lambda a: ("set_threshold", a[0]),
}

# (user, validator id, words) -> operation
SHARE = {
    "buyVoucher(uint256,uint256)": lambda u, i, a: ("buy", u, i, a[0]),
    "restake()": lambda u, i, a: ("reinvest", u, i),
    "sellVoucher(uint256,uint256)": lambda u, i, a: ("sell_old", u, i, a[0]),
    "sellVoucher_new(uint256,uint256)": lambda u, i, a: ("sell", u, i, a[0]),
    "transfer(address,uint256)": lambda u, i, a: ("share_transfer", u, a[0], i, a[1]),
    "unstakeClaimTokens()": lambda u, i, a: ("redeem_old", u, i),
    "unstakeClaimTokens_new(uint256)": lambda u, i, a: ("redeem", u, i, a[0]),
    "withdrawRewards()": lambda u, i, a: ("claim", u, i),
}

# Who may call it; (sender, partnership, words) -> operation
PARTNERSHIP = {
    "claim(address)": ("", lambda s, p, a: ("p", "claim", p, s, a[0])),
    "deposit(uint256)": ("", lambda s, p, a: ("p", "deposit", p, s, a[0])),
    "initialize(address,address,address[],uint256[])":
        ("", lambda s, p, a: ("p_initialize", p, a[0], a[1], a.array(2), a.array(3), s)),
    "pause()": ("admin", lambda s, p, a: ("p", "pause", p, True)),
    "unpause()": ("admin", lambda s, p, a: ("p", "pause", p, False)),
    "pullRewards()": ("", lambda s, p, a: ("p", "pull", p)),
    "restake(uint256,bool)": ("operator", lambda s, p, a: ("p", "restake", p, a[0], bool(a[1]))),
    "setDustPartner(address)": ("admin", lambda s, p, a: ("p", "set_dust", p, a[0])),
    "setOperator(address)": ("admin", lambda s, p, a: ("p", "set_operator", p, a[0])),
    "setPartners(address[],uint256[])": ("admin", lambda s, p, a: ("p_set_partners", p, a.array(0), a.array(1))),
    "stake(uint256,uint256,bool,bytes)":
        ("operator", lambda s, p, a: ("p", "stake", p, a[0], a[1], bool(a[2]), a.key(3))),
    "transferAdmin(address)": ("admin", lambda s, p, a: ("p", "transfer_admin", p, a[0])),
    "unstake()": ("admin", lambda s, p, a: ("p", "unstake", p)),
    "unstakeClaim()": ("admin", lambda s, p, a: ("p", "unstake_claim", p)),
    "updateCommissionRate(uint256)": ("operator", lambda s, p, a: ("p", "update_commission", p, a[0])),
    "updateSigner(bytes)": ("operator", lambda s, p, a: ("p", "update_signer", p, a.key(0))),
}


def by_selector(calls):
    return {calldata(signature): call for signature, call in calls.items()}


class Recorded(World):
    """With the recording's addresses of share contracts."""
    share_addresses, fee_exits = {}, {}

    def share_address(self, validator_id):
        return self.share_addresses[validator_id]


class Replay:
    def __init__(self, directory):
        self.directory = directory
        with open(os.path.join(directory, "meta.json")) as f:
            meta = json.load(f)
        first, self.bttc_chain_id = meta["initialState"], meta["bttcChainId"]
        contracts = {name[0].upper() + name[1:]: int(a, 16) for name, a in meta["contracts"].items()
                     if isinstance(a, str)}
        self.names = {a: name for name, a in contracts.items()}
        self.checkpoints = {c["tx"]: c for c in lines(directory, "checkpoints.ndjson.gz")}
        self.partnerships = [int(p["address"], 16) for p in first["partnerships"]]
        balances = {int(a, 16): int(v) for a, v in first["tokenBalances"].items()}
        balances[contracts["StakeManager"]] = int(first["global"]["stakeManagerTokenBalance"])
        self.w = Recorded(contracts, {"stake_manager": self.parameters(first["global"]), "balances": balances,
                                      "partnerships": self.partnerships})
        self.w.fee_exits = {}
        self.w.share_addresses = {int(i): int(a, 16) for i, a in meta["validatorShares"].items()}
        self.shares = {a: i for i, a in self.w.share_addresses.items()}
        self.manager, self.share = by_selector(stake_manager_calls(self.w)), by_selector(SHARE)
        self.governance, self.partnership = by_selector(GOVERNANCE), by_selector(PARTNERSHIP)
        self.transactions = self.logs = self.values = 0

    def parameters(self, g):
        rewards = {int(c): int(r) for c, r in g["CHAIN_CHECKPOINT_REWARD"].items()}
        numbers = {"block_interval": "checkPointBlockInterval", "proposer_bonus": "proposerBonus",
                   "withdrawal_delay": "WITHDRAWAL_DELAY", "dynasty": "dynasty", "auction_period": "auctionPeriod",
                   "replacement_cool_down": "replacementCoolDown", "signer_update_limit": "signerUpdateLimit",
                   "min_deposit": "minDeposit", "min_heimdall_fee": "minHeimdallFee", "nft_counter": "NFTCounter",
                   "validator_threshold": "validatorThreshold", "reward_decrease": "rewardDecreasePerCheckpoint",
                   "max_rewarded": "maxRewardedCheckpoints", "reward_delta": "checkpointRewardDelta"}
        return {"chain_reward": rewards, "delegation_enabled": g["delegationEnabled"],
                **{ours: int(g[theirs]) for ours, theirs in numbers.items()}}

    # ---- transactions ----

    def checkpoint(self, c, a):
        # A signature with a high s gives the zero address.
        recovered = tuple(int(s, 16) if s.startswith("0x") else 0 for s in c["signers"])
        proposer, start, blocks = int(c["proposer"], 16), c["start"], c["end"] - c["start"] + 1
        if c["kind"] == "sync":
            if c["checkpointId"] != self.w.sm.sync_ids[c["chainId"]] + 1:
                return None
            return "sync", c["chainId"], proposer, blocks, recovered, start
        data = [int.from_bytes(a.blob(0)[32 * i:32 * i + 32], "big") for i in range(6)]
        last = self.w.root_chain.headers[self.w.next_header - 10000]
        if start != (last[2] + 1 if last else 0) or data[5] != self.bttc_chain_id:
            return None
        return "checkpoint", proposer, blocks, recovered, data[4], data[3]

    def operation(self, t):
        """None: only what reverts, or what the model has no part in."""
        sender, to = int(t["from"], 16), int(t["to"], 16)
        selector, a = t["input"][2:10], Words(t["input"][10:])
        if t["hash"] in self.checkpoints:
            return self.checkpoint(self.checkpoints[t["hash"]], a)
        name = self.names.get(to)
        if name == "StakeManager":
            return self.manager[selector](sender, a)
        if name == "Governance":
            return self.governance[a.blob(1)[:4].hex()](Words(a.blob(1)[4:].hex()))
        if name == "RootChain":
            assert selector == calldata("setNextHeaderBlock(uint256)")
            return "reset_header", a[0], sender
        if name == "StakingNFT":
            return "nft", a[0], a[1], a[2]
        if name == "Token":
            return ("pay", sender, a[0], a[1]) if selector == calldata("transfer(address,uint256)") else None
        if to in self.shares:
            return self.share[selector](sender, self.shares[to], a)
        role, call = self.partnership[selector]
        if role and getattr(self.w.partnerships[to], role) != sender:
            return None
        return call(sender, to, a)

    def transaction(self, t, receipt):
        w = self.w
        w.logs, w.votes = [], []
        operation = self.operation(t)
        ok = operation is not None and w.call(operation)
        approval = t["input"].startswith("0x" + calldata("approve(address,uint256)"))
        said = [(int(g["address"], 16), [x[2:] for x in g["topics"]], g["data"][2:]) for g in receipt["logs"]
                if g["topics"][0][2:] not in NOT_LOGGED]
        where = f"block {int(receipt['blockNumber'], 16)} transaction {t['hash']} {operation}"
        assert approval or ok == (receipt["status"] == "0x1"), f"{where}: the model says {ok}, {w.reason}"
        made = [g for g in map(self.log, w.logs) if g[1][0] not in NOT_LOGGED]
        assert [self.plain(g) for g in said] == [self.plain(g) for g in made], f"{where}:\n{said}\n{made}"
        if ok and operation[0] == "claim_fee":
            w.fee_exits[operation[1]] += operation[2]
        self.transactions += 1
        self.logs += len(made)

    def log(self, logged):
        name, at, args = logged
        e = BY_NAME[name]
        topics, data = e.words(args)
        at = self.w.addresses[e.contract] if at is None else at
        return at, [e.topic] + ["%064x" % x for x in topics], "".join("%064x" % x for x in data)

    def plain(self, log):
        """The model has an address in place of a public key: the last two words of these."""
        at, topics, data = log
        keyed = topics[0] in (BY_NAME["Staked"].topic, BY_NAME["SignerChange"].topic)
        return at, topics, data[:-128] if keyed else data

    # ---- the oracle ----

    def oracle(self, record):
        state = state_of(self.w)
        for name, expected in expectations(record, self.w):
            if isinstance(expected, bool):
                expected = str(int(expected))
            got = state.get(name, "0")
            assert got == expected, f"block {record['block']}: {name}: the contracts had {expected}, the model {got}"
            self.values += 1

    def run(self):
        oracle = lines(self.directory, "oracle.ndjson.gz")
        due = next(oracle, None)
        for block, receipts in zip(lines(self.directory, "blocks.ndjson.gz"),
                                   lines(self.directory, "receipts.ndjson.gz")):
            number, self.w.time = int(block["number"], 16), int(block["timestamp"], 16)
            self.w.journal.clear()
            for t, receipt in zip(block["transactions"], receipts["receipts"]):
                self.transaction(t, receipt)
            while due and due["block"] == number:
                self.oracle(due)
                due = next(oracle, None)
        assert due is None, f"no block {due['block']}"
        return self


def address(text):
    return "0" if text is None or int(text, 16) == 0 else text[2:]


def expectations(record, w):
    """(name as observe.py has it, value) of an oracle record."""
    g = record["global"]
    for name in SAME_NAME:
        yield name, g[name]
    yield "delegationEnabled", g["delegationEnabled"]
    yield "totalStake", g["validatorState"]["amount"]
    yield "stakerCount", g["validatorState"]["stakerCount"]
    yield "accountStateRoot", str(int(g["accountStateRoot"], 16))
    yield "balance.%040x" % w.sm.address, g["stakeManagerTokenBalance"]
    yield "validator.max.reward", g["sinkValidatorMaxReward"]
    for c, reward in g["CHAIN_CHECKPOINT_REWARD"].items():
        yield f"chain.{c}.reward", reward
    for c, header in g["currentHeaderBlockId"].items():
        yield f"chain.{c}.currentHeaderBlockId", header
    yield "signers", ",".join(a[2:] for a in record["signers"])
    for i, v in record["validators"].items():
        yield from of_validator(i, v)
    for p in record["partnerships"]:
        yield from of_partnership(p)
    for user, positions in record.get("delegators", {}).items():
        for i, position in positions.items():
            share = "%040x" % w.sm.validator(int(i)).contract
            yield from of_position(f"{share}.{user[2:]}.", position)
    for a, amount in record.get("tokenBalances", {}).items():
        yield "balance." + a[2:], amount
    for a, i in record.get("signerToValidator", {}).items():
        yield "key." + a[2:], "max" if int(i) == 2**256 - 1 else i
    h = record.get("headerBlock")
    if h and h["id"] != "0":
        for name in ("start", "end", "createdAt"):
            yield f"header.{h['id']}.{name}", h[name]
        yield f"header.{h['id']}.root", str(int(h["root"], 16))


def of_validator(i, v):
    of = f"validator.{i}."
    for name, value in v.items():
        if name == "share":
            for key, x in value.items():
                yield f"share.{v['contractAddress'][2:]}.{key}", x
        elif name in ("signer", "contractAddress", "owner"):
            yield of + name, address(value)
        elif value is None:
            # Nothing was ever stored: observe.py leaves it out.
            if any(x not in (None, False, "0") and "Address" not in k and k != "signer" for k, x in v.items()):
                yield of + name, "revert"
        else:
            yield of + name, value


def of_partnership(p):
    of = f"partnership.{p['address'][2:]}."
    for name in ("phase", "paused", "validatorId", "totalReceived", "freeCapital", "stakedCapital", "partnerCount"):
        yield of + name, p[name]
    for name in ("admin", "operator", "dustPartner"):
        yield of + name, address(p[name])
    yield of + "partners", ",".join(a[2:] for a in p["partners"]) or "0"
    yield "balance." + p["address"][2:], p["tokenBalance"]
    for a, person in p["people"].items():
        for name, value in person.items():
            yield f"person.{p['address'][2:]}.{a[2:]}.{name}", value


def of_position(of, position):
    for name, ours in POSITION.items():
        yield f"position.{of}{ours}", position[name]
    unbonds = {"0": position["unbond"], **position.get("unbondsNew", {})}
    for nonce, u in unbonds.items():
        yield f"unbond.{of}{nonce}.shares", u["shares"]
        yield f"unbond.{of}{nonce}.withdrawEpoch", u["withdrawEpoch"]
