"""The recorded partnership contract (tests/recordings/golden/README.md): several people run one validator."""
from evm import Mapping, Struct, add, require, sub
from wire import keccak

NONE, INITIALIZED, STAKED, UNSTAKING, CLOSED = range(5)
# What do_p of World passes on; setPartners and initialize are operations of their own.
CALLS = ("deposit", "stake", "restake", "pull", "claim", "unstake", "unstake_claim", "set_dust", "set_operator",
         "transfer_admin", "pause", "update_commission", "update_signer")
WHOLE = 10000           # TOTAL_BPS
ADMIN_ROLE = 0
OPERATOR_ROLE = int.from_bytes(keccak(b"OPERATOR_ROLE"), "big")
PARTNER_ROLE = int.from_bytes(keccak(b"PARTNER_ROLE"), "big")


class Partnership(Struct):
    def __init__(self, world, address):
        j = world.journal
        super().__init__(j, world=world, address=address, phase=NONE, paused=False, admin=0, operator=0,
                         validator_id=0, total_received=0, free_capital=0, staked_capital=0, dust_partner=0,
                         partners=(), depositors=(), share_bps=Mapping(j), claimable=Mapping(j),
                         claimed=Mapping(j), contributed=Mapping(j), allocated=Mapping(j), restaked=Mapping(j))

    def emit(self, name, *args):
        self.world.emit(name, *args, at=self.address)

    def book(self, what, person, amount):
        if amount:
            self.world.books[what, self.address, person] += amount

    def in_phase(self, *phases):
        require(self.phase in phases, "wrong phase")
        require(not self.paused, "Pausable: paused")

    # ---- roles and terms ----

    def add_partner(self, partner, bps, sender):
        require(bps > 0 and partner != 0 and self.share_bps[partner] == 0, "bad partner")
        self.share_bps[partner] = bps
        self.emit("PartnerAdded", partner, bps)
        self.emit("RoleGranted", PARTNER_ROLE, partner, sender)

    def initialize(self, sender, admin, operator, partners, bps):
        require(self.phase == NONE and partners and sum(bps) == WHOLE, "bad terms")
        self.emit("RoleGranted", ADMIN_ROLE, admin, sender)
        self.emit("RoleGranted", OPERATOR_ROLE, operator, sender)
        self.admin, self.operator, self.phase = admin, operator, INITIALIZED
        for partner, share in zip(partners, bps):
            self.add_partner(partner, share, sender)
        self.partners = tuple(partners)
        self.change_dust(partners[0])

    def change_dust(self, partner):
        self.emit("DustPartnerChanged", self.dust_partner, partner)
        self.dust_partner = partner

    def set_partners(self, partners, bps):
        self.in_phase(INITIALIZED, STAKED, UNSTAKING)
        require(partners and sum(bps) == WHOLE and len(set(partners)) == len(partners), "bad terms")
        if self.phase != INITIALIZED:
            self.pull()
        for partner in self.partners:
            if partner not in partners:
                self.emit("PartnerShareChanged", partner, self.share_bps[partner], 0)
                self.share_bps[partner] = 0
                self.emit("PartnerRemoved", partner)
                self.emit("RoleRevoked", PARTNER_ROLE, partner, self.admin)
        for partner, share in zip(partners, bps):
            if self.share_bps[partner] == 0:
                self.add_partner(partner, share, self.admin)
            elif self.share_bps[partner] != share:
                self.emit("PartnerShareChanged", partner, self.share_bps[partner], share)
                self.share_bps[partner] = share
        self.partners = tuple(partners)
        if self.dust_partner not in partners:
            self.change_dust(partners[0])

    def set_dust(self, partner):
        self.in_phase(INITIALIZED, STAKED, UNSTAKING)
        require(partner in self.partners, "no partner")
        self.change_dust(partner)

    def set_operator(self, operator):
        self.in_phase(INITIALIZED, STAKED, UNSTAKING, CLOSED)
        self.emit("RoleRevoked", OPERATOR_ROLE, self.operator, self.admin)
        self.emit("RoleGranted", OPERATOR_ROLE, operator, self.admin)
        self.operator = operator

    def transfer_admin(self, admin):
        require(self.phase != NONE and admin != self.admin, "not yet, or the same")
        self.emit("RoleGranted", ADMIN_ROLE, admin, self.admin)
        self.emit("RoleRevoked", ADMIN_ROLE, self.admin, self.admin)
        self.admin = admin

    def pause(self, on):
        require(self.paused != on and self.phase != NONE, "as it is")
        self.emit("Paused" if on else "Unpaused", self.admin)
        self.paused = on

    # ---- capital ----

    def deposited(self, person, amount):
        self.contributed[person] = add(self.contributed[person], amount)
        if person not in self.depositors:
            self.depositors += (person,)
        self.emit("StakeDeposited", person, amount)

    def deposit(self, person, amount):
        self.in_phase(INITIALIZED, STAKED)
        require(self.share_bps[person] > 0 and amount > 0, "no partner or no amount")
        self.world.token.pull(person, self.address, amount)
        self.free_capital = add(self.free_capital, amount)
        self.deposited(person, amount)
        self.book("contribution", person, amount)

    def stake(self, amount, fee, delegation, signer):
        self.in_phase(INITIALIZED)
        self.free_capital = sub(self.free_capital, amount)
        self.staked_capital = add(self.staked_capital, amount)
        sm, token = self.world.sm, self.world.token
        token.pull(self.operator, self.address, fee)
        token.approve(self.address, sm.address, amount + fee)
        sm.stake_for(self.address, self.address, amount, fee, delegation, signer)
        self.validator_id = sm.owned[self.address]
        self.phase = STAKED
        self.emit("PartnershipCreated", self.validator_id, self.admin, self.operator)

    def restake(self, amount, stake_rewards):
        self.in_phase(STAKED)
        sm = self.world.sm
        self.free_capital = sub(self.free_capital, amount)
        self.world.token.approve(self.address, sm.address, amount)
        before = sm.validator(self.validator_id).amount
        sm.restake(self.address, self.validator_id, amount, stake_rewards)
        increase = sm.validator(self.validator_id).amount - before
        self.staked_capital = add(self.staked_capital, increase)
        rewards = increase - amount
        if rewards == 0:
            return
        self.emit("RewardsRestaked", rewards)
        parts = [(p, rewards * self.share_bps[p] // WHOLE) for p in self.partners]
        parts.append((self.dust_person(), rewards - sum(part for _, part in parts)))
        for person, part in parts:
            if part:
                self.deposited(person, part)
                self.restaked[person] += part
                self.book("contribution_income", person, part)

    # ---- rewards ----

    def dust_person(self):
        return self.dust_partner

    def allocate(self, amount):
        self.total_received = add(self.total_received, amount)
        self.emit("RewardsReceived", amount, self.total_received)
        parts = {p: amount * self.share_bps[p] // WHOLE for p in self.partners}
        parts[self.dust_person()] += amount - sum(parts.values())
        for person, part in parts.items():
            if part:
                self.claimable[person] += part
                self.allocated[person] += part
                self.emit("RewardAllocated", person, part)
                self.book("allocation", person, part)

    def received(self, action):
        """Allocate what an action brings in beside principal."""
        liquidated = self.world.sm.total_liquidated
        action(self.address, self.validator_id)
        self.allocate(self.world.sm.total_liquidated - liquidated)

    def pull(self):
        self.in_phase(STAKED, UNSTAKING)
        self.received(self.world.sm.withdraw_rewards)

    def claim(self, person, recipient):
        self.in_phase(INITIALIZED, STAKED, UNSTAKING, CLOSED)
        amount = self.claimable[person]
        require(amount > 0, "nothing to claim")
        self.claimable[person] = 0
        self.claimed[person] += amount
        self.world.token.transfer(self.address, recipient, amount)
        self.emit("RewardClaimed", person, recipient, amount)
        self.book("payout", person, amount)

    def unstake(self):
        self.in_phase(STAKED)
        self.received(self.world.sm.unstake)
        self.phase = UNSTAKING

    def unstake_claim(self):
        self.in_phase(UNSTAKING)
        self.received(self.world.sm.unstake_claim)
        self.phase = CLOSED
        for person in self.depositors:
            amount = self.contributed[person]
            if amount == 0:
                continue
            self.contributed[person] = 0
            self.world.token.transfer(self.address, person, amount)
            self.emit("StakeReturned", person, amount)
            self.book("return", person, amount)
        self.free_capital = self.staked_capital = 0

    def update_commission(self, rate):
        self.in_phase(STAKED)
        self.world.sm.update_commission(self.address, self.validator_id, rate)

    def update_signer(self, signer):
        self.in_phase(STAKED)
        self.world.sm.update_signer(self.address, self.validator_id, signer)
