"""Events and calls as words: what a log or calldata of the staking contracts consists of.

Signatures are those of the fact sheet's section 2; `*` marks an indexed parameter. Standard library only.
"""

EVENTS = """
RootChain NewHeaderBlock(address*,uint256*,uint256*,uint256,uint256,bytes32)
RootChain ResetHeaderBlock(address*,uint256*)
StakingInfo Staked(address*,uint256*,uint256,uint256*,uint256,uint256,bytes)
StakingInfo Unstaked(address*,uint256*,uint256,uint256)
StakingInfo UnstakeInit(address*,uint256*,uint256,uint256,uint256*)
StakingInfo SignerChange(uint256*,uint256,address*,address*,bytes)
StakingInfo Restaked(uint256*,uint256,uint256)
StakingInfo Slashed(uint256*,uint256*)
StakingInfo ThresholdChange(uint256,uint256)
StakingInfo DynastyValueChange(uint256,uint256)
StakingInfo ProposerBonusChange(uint256,uint256)
StakingInfo ChainRewardUpdate(uint256,uint256,uint256)
StakingInfo StakeUpdate(uint256*,uint256*)
StakingInfo ClaimRewards(uint256*,uint256*,uint256*)
StakingInfo StartAuction(uint256*,uint256*,uint256*)
StakingInfo ConfirmAuction(uint256*,uint256*,uint256*)
StakingInfo TopUpFee(address*,uint256*)
StakingInfo ClaimFee(address*,uint256*)
StakingInfo ShareMinted(uint256*,address*,uint256*,uint256)
StakingInfo ShareBurned(uint256*,address*,uint256*,uint256)
StakingInfo DelegatorClaimedRewards(uint256*,address*,uint256*)
StakingInfo DelegatorRestaked(uint256*,address*,uint256*)
StakingInfo DelegatorUnstaked(uint256*,address*,uint256)
StakingInfo CheckpointSyncAck(address*,uint256*,uint256*,uint256,uint256)
EventsHub ShareBurnedWithId(uint256*,address*,uint256*,uint256,uint256)
EventsHub DelegatorUnstakeWithId(uint256*,address*,uint256,uint256)
EventsHub RewardParams(uint256,uint256,uint256)
EventsHub UpdateCommissionRate(uint256*,uint256*,uint256*)
Token Transfer(address*,address*,uint256)
Token Approval(address*,address*,uint256)
ValidatorShare OwnerUpdate(address,address)
ValidatorShare OwnershipTransferred(address*,address*)
StakingNFT NFTTransfer(address*,address*,uint256*)
ValidatorPartnership DustPartnerChanged(address*,address*)
ValidatorPartnership PartnerAdded(address*,uint256)
ValidatorPartnership PartnerRemoved(address*)
ValidatorPartnership PartnerShareChanged(address*,uint256,uint256)
ValidatorPartnership PartnershipCreated(uint256*,address*,address*)
ValidatorPartnership Paused(address)
ValidatorPartnership RewardAllocated(address*,uint256)
ValidatorPartnership RewardClaimed(address*,address*,uint256)
ValidatorPartnership RewardsReceived(uint256,uint256)
ValidatorPartnership RewardsRestaked(uint256)
ValidatorPartnership RoleGranted(bytes32*,address*,address*)
ValidatorPartnership RoleRevoked(bytes32*,address*,address*)
ValidatorPartnership StakeDeposited(address*,uint256)
ValidatorPartnership StakeReturned(address*,uint256)
ValidatorPartnership Unpaused(address)
"""

ROUNDS = (1, 0x8082, 0x800000000000808a, 0x8000000080008000, 0x808b, 0x80000001, 0x8000000080008081,
          0x8000000000008009, 0x8a, 0x88, 0x80008009, 0x8000000a, 0x8000808b, 0x800000000000008b,
          0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x800a,
          0x800000008000000a, 0x8000000080008081, 0x8000000000008080, 0x80000001, 0x8000000080008008)
TURNS = ((0, 36, 3, 41, 18), (1, 44, 10, 45, 2), (62, 6, 43, 15, 61), (28, 55, 25, 21, 56), (27, 20, 39, 8, 14))
LOW64 = 2**64 - 1


def keccak(data):
    """Keccak-256 of at most one block (135 bytes)."""
    assert len(data) < 136
    block = data + b"\x01" + bytes(134 - len(data)) + b"\x80" if len(data) < 135 else data + b"\x81"
    a = [[int.from_bytes(block[8 * (x + 5 * y):8 * (x + 5 * y) + 8], "little") if x + 5 * y < 17 else 0
          for y in range(5)] for x in range(5)]
    for constant in ROUNDS:
        c = [a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4] for x in range(5)]
        d = [c[x - 1] ^ (c[(x + 1) % 5] << 1 & LOW64 | c[(x + 1) % 5] >> 63) for x in range(5)]
        b = [[0] * 5 for _ in range(5)]
        for x in range(5):
            for y in range(5):
                v, n = a[x][y] ^ d[x], TURNS[x][y]
                b[y][(2 * x + 3 * y) % 5] = v << n & LOW64 | v >> 64 - n
        a = [[b[x][y] ^ ~b[(x + 1) % 5][y] & b[(x + 2) % 5][y] for y in range(5)] for x in range(5)]
        a[0][0] ^= constant
    return b"".join(a[i][0].to_bytes(8, "little") for i in range(4))


class Event:
    """Where it comes from, its topic and which parameters are topics."""

    def __init__(self, line):
        self.contract, text = line.split()
        self.name, rest = text.rstrip(")").split("(")
        params = rest.split(",")
        self.indexed = [p.endswith("*") for p in params]
        self.ends_in_bytes = params[-1] == "bytes"
        signature = f"{self.name}({rest.replace('*', '')})".replace("NFTTransfer", "Transfer")
        self.topic = keccak(signature.encode()).hex()

    def words(self, args):
        """(topics after the first, data words)"""
        topics = [a for a, i in zip(args, self.indexed) if i]
        data = [a for a, i in zip(args, self.indexed) if not i]
        if self.ends_in_bytes:
            key = data.pop()
            data += [32 * (len(data) + 1), 64, key >> 256, key & (2**256 - 1)]
        return topics, data


BY_NAME = {e.name: e for e in map(Event, EVENTS.split("\n")[1:-1])}
SELECTORS = {}


def calldata(signature, *args):
    """Hexadecimal; a list is a dynamic array of words."""
    if signature not in SELECTORS:
        SELECTORS[signature] = keccak(signature.encode())[:4].hex()
    head, tail = [], []
    for a in args:
        if isinstance(a, (list, tuple)):
            head.append(32 * (len(args) + len(tail)))
            tail += [len(a), *a]
        else:
            head.append(a)
    return SELECTORS[signature] + "".join("%064x" % w for w in head + tail)


def governance_call(target, inner):
    """Governance.update(target, inner) of calldata without 0x."""
    size = len(inner) // 2
    padded = inner + "0" * (-len(inner) % 64)
    return "02a688ed" + "%064x%064x%064x" % (target, 64, size) + padded
